package script_test

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"crosswalk/internal/money"
	"crosswalk/internal/script"
)

func compile(t testing.TB, text string, mode script.Mode, params ...string) script.Program {
	t.Helper()
	p, err := script.Compile(text, mode, params)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return p
}

var deal = map[string]any{
	"dealname": "Blue Harbour renewal", "amount": "1200.50", "quantity": int64(3), "empty": nil, "blank": "", "domain": "https://www.example.com/", "email": "sales@example.com",
	"active": "true", "stages": []string{"a", "b"}, "type": "renewal",
	"source":  map[string]any{"dealname": "Blue Harbour renewal", "amount": "1200.50", "hs_is_closed_won": "true", "x y": "odd"},
	"with_":   map[string]any{"roles": []any{map[string]any{"won": true}, map[string]any{"won": false}}, "company": map[string]any{"name": "Blue Harbour"}},
	"lists":   []string{"Sales ready"},
	"nothing": nil,
}

func params() []string {
	var names []string
	for name := range deal {
		names = append(names, name)
	}
	return names
}

func run(t testing.TB, runner script.Runner, p script.Program, args map[string]any) script.Result {
	t.Helper()
	res, err := runner.Run(context.Background(), []script.Call{{Program: p, Args: args}})
	if err != nil || len(res) != 1 {
		t.Fatal(res, err)
	}
	return res[0]
}

var expressions = []struct {
	text string
	want any
}{
	{`dealname`, "Blue Harbour renewal"}, {`empty`, nil}, {`source.amount`, "1200.50"}, {`source["x y"]`, "odd"}, {`source.missing`, nil}, {`source["missing"] == None`, true},
	{`with.company.name`, "Blue Harbour"}, {`with_.company.city`, nil}, {`"with" + " # with"`, "with # with"}, {`any([r.won for r in with.roles])`, true}, {`all([r.won for r in with.roles])`, false}, {`len(with.roles)`, int64(2)},
	{`decimal(amount) > 1200`, true}, {`decimal(amount) == 1200.5`, true}, {`1000 < decimal(amount)`, true}, {`0.1 + 0.2 == 0.3`, true}, {`decimal(amount) * quantity`, money.MustDecimal("3601.5")},
	{`round(10 / 3, 2)`, money.MustDecimal("3.33")}, {`10 / 4 == 2.5`, true}, {`7 // 2`, int64(3)}, {`-decimal("1.5")`, money.MustDecimal("-1.5")}, {`decimal(empty, 0) < 1`, true}, {`decimal("", None)`, nil}, {`2.50`, money.MustDecimal("2.5")},
	{`minor_units(amount, "EUR")`, int64(120050)}, {`minor_units("12345", "JPY")`, int64(12345)}, {`minor_units("0.335", "USD")`, int64(34)}, {`minor_units(empty, "EUR")`, nil}, {`minor_units(blank, "EUR")`, nil},
	{`price("7.321", "BHD")`, "BHD:7321"}, {`[price(p, c) for p in ["1.5"] for c in [empty or "EUR"]]`, []any{"EUR:150"}},
	{`max(decimal("1.5"), decimal("2"))`, money.MustDecimal("2")}, {`1 - 0.9`, money.MustDecimal("0.1")}, {`float("1.1") + 2`, money.MustDecimal("3.1")}, {`decimal(2) in [decimal("2.0")]`, true},
	{`valid_email(email)`, true}, {`valid_email(empty)`, false}, {`domain(domain)`, "example.com"}, {`domain`, "https://www.example.com/"}, {`type`, "renewal"}, {`type("x")`, "string"}, {`free_mail("a@gmail.com")`, true},
	{`lower(dealname)`, "blue harbour renewal"}, {`upper(empty)`, nil}, {`trim("  x ")`, "x"}, {`contains(dealname, "Harbour")`, true}, {`contains(empty, "x")`, false}, {`contains(stages, "b")`, true}, {`starts_with(dealname, "Blue")`, true}, {`ends_with(empty, "x")`, false},
	{`blank(empty) and blank(blank) and blank("  ") and not blank(dealname)`, true}, {`is_true(active)`, true}, {`is_true(empty)`, false}, {`is_true("No")`, false},
	{`"b" in stages and "z" not in stages and "x" not in empty`, true}, {`"dealname" in source and "missing" not in source`, true}, {`in_list("Sales ready")`, true}, {`in_list("Other")`, false},
	{`"%s: %d" % (dealname, quantity)`, "Blue Harbour renewal: 3"}, {`{"a": [1, (2, 3)], "b": {"c": None}}`, map[string]any{"a": []any{int64(1), []any{int64(2), int64(3)}}, "b": map[string]any{"c": nil}}},
	{`source if quantity > 5 else "few"`, "few"}, {`[k for k in source]`, []any{"amount", "dealname", "hs_is_closed_won", "x y"}}, {`skip("not ours")`, script.Verdict{Action: script.Skip, Reason: "not ours"}},
	{`dealname ==
	   "Blue Harbour renewal"  # several lines
	 `, true},
	{`sorted(stages, key=lambda s: s, reverse=True)`, []any{"b", "a"}}, {`9223372036854775807 + 1`, money.MustDecimal("9223372036854775808")}, {`empty == None and empty != "x"`, true},
	{`quantity == None`, false}, {`print("x")`, nil}, {`dealname[0:4] + "!"`, "Blue!"}, {`"a" * 3`, "aaa"}, {`[1] + [2]`, []any{int64(1), int64(2)}},
}

var blocks = []struct {
	text string
	want any
}{
	{"if decimal(amount) > 1000:\n  return {\"name\": dealname + \" (large)\"}\nreturn None", map[string]any{"name": "Blue Harbour renewal (large)"}},
	{"dealname = dealname.strip()\namount = decimal(amount) * 2\namount += 1\nreturn amount", money.MustDecimal("2402")},
	{"# nothing to do", nil},
	{"total = 0\nfor r in with.roles:\n  if r.won:\n    total += 1\nreturn total", int64(1)},
	{"def twice(x):\n  return x * 2\nreturn twice(quantity)", int64(6)},
	{"d = {}\nd[\"n\"] = 1\nd[\"n\"] += 2\nd[\"l\"] = [1]\nd[\"l\"] += [2]\nreturn d", map[string]any{"n": int64(3), "l": []any{int64(1), int64(2)}}},
	{"if blank(empty):\n  return hold(\"no value\")", script.Verdict{Action: script.Hold, Reason: "no value"}},
	{"x, y = 1, 2\nreturn x + y", int64(3)},
}

func checkLanguage(t *testing.T, runner script.Runner) {
	var calls []script.Call
	var names []string
	var want []any
	for _, c := range expressions {
		calls, names, want = append(calls, script.Call{Program: compile(t, c.text, script.Expr, params()...), Args: deal}), append(names, c.text), append(want, c.want)
	}
	for _, c := range blocks {
		calls, names, want = append(calls, script.Call{Program: compile(t, c.text, script.Block, params()...), Args: deal}), append(names, c.text), append(want, c.want)
	}
	results, err := runner.Run(context.Background(), calls)
	if err != nil || len(results) != len(calls) {
		t.Fatal(len(results), err)
	}
	for i, res := range results {
		if res.Err != nil || !same(res.Value, want[i]) {
			t.Errorf("%s = %#v, %v; want %#v", names[i], res.Value, res.Err, want[i])
		}
	}
}

func same(a, b any) bool {
	x, okX := a.(money.Decimal)
	y, okY := b.(money.Decimal)
	if okX && okY {
		return x.Equal(y)
	}
	return reflect.DeepEqual(a, b)
}

func TestLanguage(t *testing.T) { checkLanguage(t, script.NewInProcess()) }

func TestCompileErrors(t *testing.T) {
	for _, c := range []struct {
		text  string
		mode  script.Mode
		line  int
		parts []string
	}{
		{"dealnam == 1", script.Expr, 1, []string{`nothing is called "dealnam"`, `did you mean "dealname"?`}},
		{"x = 1\nreturn amont", script.Block, 2, []string{`did you mean "amount"?`}},
		{"a +", script.Expr, 0, []string{"got"}},
		{"x = 1\nif x\n  return 2", script.Block, 3, []string{"got newline"}},
		{`load("x", "y")`, script.Block, 1, []string{"load is not available"}},
		{"while True:\n  pass", script.Block, 1, []string{"while"}},
		{"", script.Expr, 0, []string{"empty"}},
		{" \n", script.Block, 0, []string{"empty"}},
		{strings.Repeat("x", 20_000), script.Expr, 0, []string{"longer than"}},
		{strings.Repeat("(", 100) + "1" + strings.Repeat(")", 100), script.Expr, 1, []string{"nested"}},
		{strings.Repeat("not ", 1000) + "x", script.Expr, 1, []string{"nesting"}},
		{"a\xff", script.Expr, 0, []string{"UTF-8"}},
		{"open('x')", script.Expr, 1, []string{`nothing is called "open"`}},
		{"set([1])", script.Expr, 1, []string{"set"}},
		{"fn.add(1, 2)", script.Expr, 1, []string{`nothing is called "fn"`}},
		{"[1,2,3)", script.Expr, 1, []string{"got"}},
	} {
		_, err := script.Compile(c.text, c.mode, params())
		var e *script.Error
		if !errors.As(err, &e) || e.Kind != script.Syntax || (c.line > 0 && e.Line != c.line) {
			t.Errorf("%.40q: %v, want a syntax error on line %d", c.text, err, c.line)
			continue
		}
		for _, part := range c.parts {
			if !strings.Contains(e.Message, part) {
				t.Errorf("%.40q: %v lacks %q", c.text, err, part)
			}
		}
	}
}

var failures = []struct {
	text  string
	mode  script.Mode
	kind  script.Kind
	line  int
	part  string
	never string
}{
	{text: `amount > 1000`, kind: script.Runtime, line: 1, part: "decimal(...)"},
	{text: `amount == 1000`, kind: script.Runtime, line: 1, part: "decimal(...)"},
	{text: `active == True`, kind: script.Runtime, line: 1, part: "is_true(...)"},
	{text: `empty < 5`, kind: script.Runtime, line: 1, part: "test for None first"},
	{text: `decimal(empty)`, kind: script.Runtime, line: 1, part: "decimal(x, 0)"},
	{text: `decimal(dealname)`, kind: script.Runtime, line: 1, part: "not a decimal number", never: "Harbour"},
	{text: `int(dealname)`, kind: script.Runtime, line: 1, never: "Harbour"},
	{text: `{"a": 1}[dealname]`, kind: script.Runtime, line: 1, never: "Harbour"},
	{text: `1 / 0`, kind: script.Runtime, line: 1, part: "division by zero"},
	{text: `dealname + 1`, kind: script.Runtime, line: 1, part: "cannot add a text and a number", never: "Harbour"},
	{text: "x = 1\nreturn x.y", mode: script.Block, kind: script.Runtime, line: 2},
	{text: "def f(x):\n  return 1 // x\nreturn f(0)", mode: script.Block, kind: script.Runtime, line: 2},
	{text: `fail("no budget")`, kind: script.Failed, line: 1, part: "no budget"},
	{text: "def f():\n  return f()\nreturn f()", mode: script.Block, kind: script.Runtime, part: "recursively"},
	{text: "n = 0\nfor i in range(10000000):\n  n += 1\nreturn n", mode: script.Block, kind: script.Steps, part: "200000 steps"},
	{text: `"a" * (1 << 29)`, kind: script.Limit, part: "grew beyond"},
	{text: `[0] * (1 << 26)`, kind: script.Limit, part: "grew beyond"},
	{text: "x = 3\nfor i in range(26):\n  x = x * x\nreturn x", mode: script.Block, kind: script.Limit, line: 3, part: "4096 bits"},
	{text: "x = 3.5\nfor i in range(26):\n  x *= x\nreturn x", mode: script.Block, kind: script.Limit, line: 3, part: "1000 digits"},
	{text: "x = [0]\nfor i in range(40):\n  x = x + x\nreturn 1", mode: script.Block, kind: script.Limit, line: 3},
	{text: "x = 'ab'\nfor i in range(40):\n  x += x\nreturn 1", mode: script.Block, kind: script.Limit, line: 3},
	{text: "x = 1\nfor i in range(40):\n  x = x << 500\nreturn 1", mode: script.Block, kind: script.Limit, line: 3},
	{text: "x = [0]\nfor i in range(40):\n  x = [x, x]\nreturn x", mode: script.Block, kind: script.Limit, part: "result"},
	{text: `["ab" * 1000] * 1000`, kind: script.Limit, part: "result is larger"},
	{text: `len`, kind: script.Runtime, part: "no value"},
	{text: `{1: 2}`, kind: script.Runtime, part: "key that is no text"},
	{text: `hold("")`, kind: script.Runtime, part: "says why"},
	{text: "stages.append(1)\nreturn 1", mode: script.Block, kind: script.Runtime, part: "frozen"},
	{text: "source[\"a\"] = 1\nreturn 1", mode: script.Block, kind: script.Runtime},
}

func checkFailures(t *testing.T, runner script.Runner) {
	var calls []script.Call
	for _, c := range failures {
		mode := c.mode
		if mode == "" {
			mode = script.Expr
		}
		calls = append(calls, script.Call{Program: compile(t, c.text, mode, params()...), Args: deal})
	}
	results, err := runner.Run(context.Background(), calls)
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range failures {
		var e *script.Error
		if !errors.As(results[i].Err, &e) {
			t.Errorf("%q = %v, %v; want an error", c.text, results[i].Value, results[i].Err)
			continue
		}
		if e.Kind != c.kind || !strings.Contains(e.Message, c.part) || (c.line > 0 && e.Line != c.line) || (c.never != "" && strings.Contains(e.Error(), c.never)) {
			t.Errorf("%q: %s, kind %s; want kind %s on line %d with %q", c.text, e, e.Kind, c.kind, c.line, c.part)
		}
	}
}

func TestFailures(t *testing.T) { checkFailures(t, script.NewInProcess()) }

func TestNames(t *testing.T) {
	p := compile(t, `decimal(amount) > 5 and in_list("x") and source.dealname == "y" and contains(lower(domain(domain)), "z")`, script.Expr, params()...)
	if got, want := p.Names(), []string{"amount", "domain", "lists", "source"}; !reflect.DeepEqual(got, want) {
		t.Errorf("names %q, want %q", got, want)
	}
	if again := compile(t, `dealname`, script.Expr, params()...); again.ID() == p.ID() || again.IsZero() || !(script.Program{}).IsZero() {
		t.Error("programs are not told apart")
	}
}

func TestArgumentsOfOddTypes(t *testing.T) {
	p := compile(t, "dealname", script.Expr, "dealname")
	for _, v := range []any{1.5, struct{}{}, []int{1}} {
		var e *script.Error
		if res := run(t, script.NewInProcess(), p, map[string]any{"dealname": v}); !errors.As(res.Err, &e) || e.Kind != script.Input {
			t.Errorf("%T: %v, %v", v, res.Value, res.Err)
		}
	}
}

// FuzzCompile: compiling happens in the worker itself, so no source may take long or fail in a way of its own. What
// compiles is run in a child, where any script may run.
func FuzzCompile(f *testing.F) {
	for _, c := range expressions {
		f.Add(c.text, true)
	}
	for _, c := range blocks {
		f.Add(c.text, false)
	}
	child := newChild(f)
	f.Fuzz(func(t *testing.T, text string, expr bool) {
		mode := script.Block
		if expr {
			mode = script.Expr
		}
		start := time.Now()
		p, err := script.Compile(text, mode, params())
		if took := time.Since(start); took > time.Second {
			t.Fatalf("%q takes %s to compile", text, took)
		}
		var e *script.Error
		if err != nil {
			if !errors.As(err, &e) || e.Kind != script.Syntax {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		if res := run(t, child, p, deal); errors.As(res.Err, &e) && e.Kind == script.Crash {
			t.Fatalf("%q: %v", text, e)
		}
	})
}
