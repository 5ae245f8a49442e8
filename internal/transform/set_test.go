package transform_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"crosswalk/internal/transform"
	"crosswalk/internal/transform/phone"
)

var set = transform.Builtin(phone.Funcs())

// shared gives the path of a file of the shared test data, or skips the test.
func shared(t testing.TB, path string) string {
	t.Helper()
	root := os.Getenv("CROSSWALK_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared")
	}
	path = filepath.Join(root, "data", path)
	if _, err := os.Stat(path); err != nil {
		if os.Getenv("CROSSWALK_REQUIRE_SHARED") == "1" {
			t.Fatal(err)
		}
		t.Skip("the shared test data is not here: ", err)
	}
	return path
}

func parse(t testing.TB, text string) transform.Call {
	t.Helper()
	call, err := set.Parse(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return call
}

// tables is a small reference table.
type tables map[string]map[string]string

func (t tables) Lookup(table, key string) (string, bool) { v, ok := t[table][key]; return v, ok }

var owners = tables{"owners": {"ann@example.com": "1001", "bo@example.com": "1002"}, "owner_emails": {"1001": "ann@example.com", "1002": "bo@example.com"}}

// TestExamples runs the example of every transform and comparison, as the help pages print it.
func TestExamples(t *testing.T) {
	texts := regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)
	for _, name := range append(set.Names(), set.ComparisonNames()...) {
		spec, ok := set.Describe(name)
		if !ok || spec.Doc == "" || spec.Example == "" {
			t.Errorf("%s lacks a description or an example", name)
			continue
		}
		colon := strings.LastIndex(spec.Example[:strings.Index(spec.Example, " -> ")], `: "`)
		if comma := regexp.MustCompile(`^[^:]*\([^)]*\): |^[a-z_]+: `).FindString(spec.Example); comma != "" {
			colon = len(comma) - 2
		}
		call, rest := spec.Example[:colon], spec.Example[colon+2:]
		before, after, _ := strings.Cut(rest, " -> ")
		var in []string
		for _, q := range texts.FindAllString(before, -1) {
			in = append(in, unquote(t, q))
		}
		want := unquote(t, after)
		if c, err := set.Comparison(call); err == nil {
			if got := c.Key(in[0]); got != want {
				t.Errorf("%s gives %q", spec.Example, got)
			}
			continue
		}
		got, err := parse(t, call).Apply(in, owners)
		if err != nil || got.Text != want {
			t.Errorf("%s gives %q, %v", spec.Example, got.Text, err)
		}
	}
}

func unquote(t *testing.T, q string) string {
	t.Helper()
	s, err := strconv.Unquote(q)
	if err != nil {
		t.Fatalf("%s: %v", q, err)
	}
	return s
}

// TestC4_Stability: whatever comes in, the canonical form of a canonical form is that form, a tidying transform
// applied twice is the transform applied once, and our own write read back is no change (invariant C4, hard case A7).
func TestC4_Stability(t *testing.T) {
	calls := []string{
		"lowercase", "uppercase", "title", "trim", "collapse_space", "nfc", "digits_only", `replace("a", "aa")`, `prefix("HS-")`, `suffix(".x")`,
		"truncate(5)", "truncate(1)", "trim | truncate(7)", "truncate(7) | collapse_space | lowercase", "uppercase | nfc | truncate(3)", "title | nfc", "nfc | title | trim",
		`join(" ")`, `join(" ", cut="last")`, `split(" ", -1)`, `template("<{0}>")`, `default("x")`, `static("s")`, "first_of",
		`minor_units("EUR", round=true)`, `from_minor_units("BHD")`, "decimal(2)", "decimal(3, pad=true)", "currency_code", "bool", `bool_words("Yes", "No")`,
		`date("Europe/Berlin")`, `date(from="DD.MM.YYYY", to="MM/DD/YYYY")`, `datetime("Asia/Tokyo")`, `datetime(to="ms")`,
		`country_code(unknown="keep")`, "country_name", `state_code("US")`, `state_name("CA", unknown="blank")`,
		"extract_domain", `email_domain(unknown="keep")`, "not_free_mail", `values({"a": "1", "b": "1", "c": "2"})`, `values({"a": "b", "b": "a"}, else="z")`,
		`lookup("owners", back="owner_emails")`, `phone_e164("US")`, "phone_e164", `phone_e164("IT", strict=true)`, `trim | phone_e164("DE") | truncate(12)`,
		`country_code("alpha3")`, `country_name(as="salesforce")`, `state_code("US, CA")`, `state_code("MX", as="salesforce")`, `state_name("CN, IN, IE", as="salesforce")`,
		`one_of("USA", "UK", "Germany", like="country")`, `one_of({"11": "Beijing", "CA": "California"}, like="state", country="US, CN")`, `one_of("A_B", "a")`, "email",
		"html_to_text", "text_to_html", "list", `list(",", "; ")`, `list_values({"a": "b", "b": "a"}, others="keep")`, `list_values({"a": "1", "b": "1"}, others="drop", separator=",")`,
		`duration("ms", "s")`, `duration("min", "ms")`, `duration("h", "d")`, "midnight", `midnight("Europe/Berlin", to="ms")`, "percent", "fraction", "minutes_between", "plus_minutes",
	}
	samples := samples(t)
	for _, text := range calls {
		call := parse(t, text)
		if again := parse(t, call.String()); again.String() != call.String() {
			t.Errorf("%s is written %s and reads as %s", text, call, again)
		}
		for i, s := range samples {
			if i > 600 && i%8 > 0 && strings.HasPrefix(text, "country_") {
				continue // each error looks for the nearest name of a country
			}
			res, err := call.Apply([]string{s}, owners)
			checkError(t, text, s, err)
			if err == nil && call.Way() == transform.AsIs {
				again, err := call.Apply([]string{res.Text}, owners)
				if err != nil || again.Text != res.Text {
					t.Fatalf("%s: %q -> %q -> %q, %v", text, s, res.Text, again.Text, err)
				}
			}
			c := call.Canonical(s, 1, owners)
			if again := call.Canonical(c, 1, owners); again != c {
				t.Fatalf("%s: canonical %q -> %q -> %q", text, s, c, again)
			}
			if err != nil || call.Way() == transform.OneWay {
				continue
			}
			if canonical := call.Canonical(res.Text, 1, owners); call.Canonical(canonical, 1, owners) != canonical {
				t.Fatalf("%s: wrote %q, which reads as %q and then as another", text, res.Text, canonical)
			}
			near, err := call.Home(res.Text, 1, owners)
			if err != nil {
				continue
			}
			back, err := call.Apply(near, owners)
			if err != nil || call.Canonical(back.Text, 1, owners) != call.Canonical(res.Text, 1, owners) {
				t.Fatalf("%s: %q -> %q, home %q, again %q, %v: the field would never settle", text, s, res.Text, near, back.Text, err)
			}
		}
	}
}

// TestComparisonKeysAreStable: the key of a key is that key, for every comparison and sample.
func TestComparisonKeysAreStable(t *testing.T) {
	for _, name := range []string{"exact", "case_insensitive", "name", "company", "email", "vat", "domain", `phone("US")`, "phone"} {
		c, err := set.Comparison(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range samples(t) {
			if key := c.Key(s); c.Key(key) != key {
				t.Fatalf("%s: %q -> %q -> %q", name, s, key, c.Key(key))
			}
		}
	}
}

// TestS16_LongInputs: no transform takes long over a long text (invariant S16).
func TestS16_LongInputs(t *testing.T) {
	long := []string{strings.Repeat("a", 64<<10), strings.Repeat("1", 64<<10), strings.Repeat("a.", 32<<10), strings.Repeat(" ", 64<<10), strings.Repeat("@", 64<<10), strings.Repeat("\u0301", 32<<10), "+" + strings.Repeat("4 1", 20<<10), strings.Repeat("é🇩", 10<<10),
		strings.Repeat("<a b=\"'", 8<<10), strings.Repeat("<!--", 16<<10), strings.Repeat("<script>", 8<<10), strings.Repeat("<a href=x>", 6<<10), strings.Repeat("&#x", 20<<10), strings.Repeat("a;", 32<<10), strings.Repeat("<li>", 16<<10) + ">"}
	calls := map[string]func(string) error{}
	for _, name := range set.Names() {
		spec, _ := set.Describe(name)
		call := parse(t, regexp.MustCompile(`^[a-z_0-9]+(\((?:"[^"]*"|[^)"])*\))?`).FindString(spec.Example))
		calls[name] = func(s string) error { _, err := call.Apply([]string{s}, owners); return err }
	}
	for _, name := range set.ComparisonNames() {
		c, err := set.Comparison(name)
		if err != nil {
			t.Fatal(err)
		}
		calls[name] = func(s string) error { c.Key(s); return nil }
	}
	for name, call := range calls {
		for _, s := range long {
			start := time.Now()
			checkError(t, name, s, call(s))
			if took := time.Since(start); took > 250*time.Millisecond { // 5 ms, and room for a busy machine and the race detector
				t.Errorf("%s takes %s for 64 KB of %.4q", name, took, s)
			}
		}
	}
}

func checkError(t *testing.T, call, in string, err error) {
	t.Helper()
	var te *transform.Error
	switch {
	case err == nil:
	case !errors.As(err, &te) || te.Transform == "" || te.Reason == "" || te.Fix == "":
		t.Fatalf("%s of %q: %#v is no complete transform.Error", call, in, err)
	case len(in) > 8 && strings.Contains(err.Error(), in):
		t.Fatalf("%s: the error repeats the value: %v", call, err)
	}
}

// samples are naughty strings, real names, and seeded random texts.
func samples(t testing.TB) []string {
	text, err := os.ReadFile(shared(t, "edge/blns.json"))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	out = append(out, "a", "b", "A ", "TX", "texas", "Québec", "DE", "deutschland", "U.S.A.", "1e3", "-0.125", "1234.50", "yes", "NO", "2026-02-29", "2024-02-29",
		"2026-01-02T03:04:05.678+0000", "2026-01-02T03:04:05+14:00", "1767322445678", "31.12.2025", "12/31/2025", "0", "(415) 555-0132", "+14155550132 ext. 12", "+39 06 698 12345",
		"1-800-FLOWERS", "030 123/456", "ann@example.com", "1001", "Mary Ann Lee", "HS-HS-1", ".x.x", "ﬁ ﬃ İ ı ẞ ß ŉ ǰ ΐ ς Σ", "e\u0301", "\u0345\u0391", "a\xffb", "\xf0\x9f")
	r := rand.New(rand.NewPCG(7, 8))
	alphabets := []string{"0123456789+-() .x/", "abcABC .-'&@", "äÖßİıŉǆǅΣςﬃ①Ａｶﾞe\u0301\u0308\u0345", "👩🏽\u200d🔬🇩🇪🇺\u1100\u1161\u11a8\r\n \u00a0\u2003", "0123456789.eE-", "2026-01T:Z+ 3"}
	for range 3000 {
		letters := []rune(alphabets[r.IntN(len(alphabets))])
		var b strings.Builder
		for range 1 + r.IntN(16) {
			b.WriteRune(letters[r.IntN(len(letters))])
		}
		out = append(out, b.String())
	}
	for range 1000 {
		out = append(out, string(rune(r.IntN(utf8.MaxRune)))+string(rune(r.IntN(0x3000))))
	}
	return out
}

// TestEveryRuneIsStable sends every character through the transforms of letters.
func TestEveryRuneIsStable(t *testing.T) {
	if testing.Short() {
		t.Skip("1.1 million characters")
	}
	for _, text := range []string{"lowercase", "uppercase", "title", "nfc"} {
		call := parse(t, text)
		for r := rune(1); r <= 0x2FFFF; r++ {
			once, _ := call.Apply([]string{"x" + string(r) + "y"}, nil)
			if twice, _ := call.Apply([]string{once.Text}, nil); twice.Text != once.Text {
				t.Errorf("%s: %U gives %+q, then %+q", text, r, once.Text, twice.Text)
			}
		}
	}
	for _, name := range []string{"name", "company", "case_insensitive", "vat"} {
		c, _ := set.Comparison(name)
		for r := rune(1); r <= 0x2FFFF; r++ {
			if name == "company" && r > 0x3400 && r%16 > 0 {
				continue // it is name, folded again
			}
			key := c.Key("x" + string(r) + "y")
			if again := c.Key(key); again != key {
				t.Errorf("%s: %U gives %+q, then %+q", name, r, key, again)
			}
		}
	}
}

func TestParseErrors(t *testing.T) {
	for text, parts := range map[string][]string{
		"phone_e146":                         {`"phone_e146"`, `did you mean "phone_e164"?`},
		"lower":                              {`did you mean "lowercase"?`},
		"trim |":                             {"expected the name of a transform"},
		"trim trim":                          {"expected | or the end"},
		`truncate("x")`:                      {"truncate", "length must be a whole number", "truncate(length)"},
		"truncate":                           {"argument length is missing"},
		"truncate(0)":                        {"must be 1 or more"},
		`truncate(1, 2)`:                     {"too many arguments"},
		`phone_e164(contry="US")`:            {`no argument "contry"`, `did you mean "country"?`},
		`phone_e164("US", country="DE")`:     {"given twice"},
		`phone_e164("Atlantis")`:             {"must be a country"},
		`phone_e164("US", strict=maybe)`:     {"must be true or false"},
		`date("Mars/Olympus")`:               {`no time zone is called "Mars/Olympus"`},
		`date(from="DD.MM.YY")`:              {"YYYY, MM and DD"},
		`date(to="YYYY-MM-DD hh")`:           {"and has others"[4:]},
		`minor_units("EURO")`:                {"ISO 4217"},
		`state_code("DE")`:                   {"states are known for"},
		`country_code(unknown="guess")`:      {"must be error, keep or blank"},
		`template("{0")`:                     {"never closed"},
		`template("{x}")`:                    {"must be a number"},
		`values({"a": "1", "a": "2"})`:       {"twice"},
		`values({"a" "1"})`:                  {"expected :"},
		`values("a")`:                        {"must be a map"},
		`split("")`:                          {"part is missing"},
		`replace("", "x")`:                   {"must not be blank"},
		`trim("`:                             {"never closed"},
		`bool_words("Yes", "yes")`:           {"the same"},
		`join(",", cut="middle")`:            {"first or last"},
		strings.Repeat("trim | ", 50_000):    {"longer than"},
		"\x00":                               {"expected the name"},
		`date(from="DD.MM.YYYY", zone=Local`: {"expected , or )"},
	} {
		_, err := set.Parse(text)
		var te *transform.Error
		if !errors.As(err, &te) {
			t.Errorf("%.40s: %v is no transform.Error", text, err)
			continue
		}
		for _, part := range parts {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%.40s: %v lacks %q", text, err, part)
			}
		}
	}
	if _, err := set.Comparison("nam"); err == nil || !strings.Contains(err.Error(), `did you mean "name"?`) {
		t.Errorf("comparison: %v", err)
	}
}

func TestExtra(t *testing.T) {
	plain := transform.Builtin(nil)
	call, err := plain.Parse(`phone_e164("US")`)
	if err != nil {
		t.Fatalf("a program without phone data must still read mappings: %v", err)
	}
	if res, err := call.Apply([]string{"(415) 555-0132"}, nil); err == nil {
		t.Errorf("a transform that is not linked in gave %q", res.Text)
	}
	own := transform.Builtin(map[string]transform.Func{"shout": func(u *transform.Use, in []string) (string, error) {
		return strings.ToUpper(in[0]) + strings.Join(u.Free(), ""), nil
	}})
	call, err = own.Parse(`trim | shout("!", "!")`)
	if err != nil || call.Way() != transform.OneWay {
		t.Fatal(call, err)
	}
	if res, err := call.Apply([]string{" hey "}, nil); err != nil || res.Text != "HEY!!" {
		t.Errorf("got %q, %v", res.Text, err)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"trim", `values({"a": "b"}, else=c)`, `date("UTC", to="DD.MM.YYYY") | truncate(3)`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		call, err := set.Parse(s)
		if err != nil {
			return
		}
		again, err := set.Parse(call.String())
		if err != nil || again.String() != call.String() {
			t.Fatalf("%q is written %q: %v", s, call, err)
		}
	})
}

func BenchmarkApply(b *testing.B) {
	for _, c := range []struct{ call, in string }{
		{"trim | lowercase", " Ann@Example.com "}, {`phone_e164("US")`, "(415) 555-0132"}, {"extract_domain", "https://www.example.co.uk/x"}, {"country_code", "Germany"}, {`date("Europe/Berlin")`, "2026-01-02T03:04:05Z"},
	} {
		call := parse(b, c.call)
		b.Run(fmt.Sprint(c.call), func(b *testing.B) {
			for b.Loop() {
				if _, err := call.Apply([]string{c.in}, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
