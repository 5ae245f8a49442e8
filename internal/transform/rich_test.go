package transform_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

func TestHTMLToText(t *testing.T) {
	for in, want := range map[string]string{
		"<p>Hello <b>all</b>,</p><p>second</p>":                      "Hello all,\n\nsecond",
		"<div>one</div><div>two</div>":                               "one\ntwo",
		"one<br>two<br/>three<BR />four":                             "one\ntwo\nthree\nfour",
		"one<br><br><br><br>two":                                     "one\n\ntwo",
		"  a \n  b\t<i>c</i> d  ":                                    "a b c d",
		"<ul><li>first</li><li>second</li></ul>after":                "- first\n- second\nafter",
		"<p>&lt;tag&gt; &amp; &quot;quotes&quot; &#8364; &euro;</p>": `<tag> & "quotes" € €`,
		"&amp;lt;":              "&lt;",
		"<p>a&nbsp;&nbsp;b</p>": "a  b",
		"<style>p { color: red }</style><script>alert('<p>')</script>x":   "x",
		"<!-- a comment <b> -->seen":                                      "seen",
		`<a href="https://example.com/a?b=1&amp;c=2">the page</a>.`:       "the page (https://example.com/a?b=1&c=2).",
		`<a href="https://example.com/">https://example.com</a>`:          "https://example.com",
		`<a href="javascript:alert(1)">x</a>`:                             "x",
		`<a title="a > b" href='http://example.com'>y</a>`:                "y (http://example.com)",
		"<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>": "a b\nc",
		"plain\ntext\n\n\n\nlines ":                                       "plain\ntext\n\nlines",
		"1 < 2 and 3 > 2":                                                 "1 < 2 and 3 > 2",
		"I <3 you <info@example.com>":                                     "I <3 you <info@example.com>",
		"unclosed <b never ends":                                          "unclosed <b never ends",
		"<p>unclosed <b never ends":                                       "unclosed <b never ends",
		"<style>never closed":                                             "",
		"a<o:p></o:p>b":                                                   "ab",
		"<p></p><p> </p>":                                                 "",
		"<h1>Title</h1>text":                                              "Title\n\ntext",
		"x\x00\x07y":                                                      "xy",
	} {
		if got, err := parse(t, "html_to_text").Apply([]string{in}, nil); err != nil || got.Text != want {
			t.Errorf("%q -> %q, %v; want %q", in, got.Text, err, want)
		}
	}
	for in, want := range map[string]string{
		"a < b & c > d\nnext": "a &lt; b &amp; c &gt; d<br>next", "a  b": "a &nbsp;b", " x": "&nbsp;x", "a\r\nb\n\n\nc\n": "a<br>b<br><br>c", "<script>": "&lt;script&gt;",
	} {
		if got, err := parse(t, "text_to_html").Apply([]string{in}, nil); err != nil || got.Text != want {
			t.Errorf("%q -> %q, %v; want %q", in, got.Text, err, want)
		}
	}
}

func TestListsAndSpans(t *testing.T) {
	for _, c := range []struct {
		call string
		in   []string
		want string // "" is an error
	}{
		{"list", []string{"b; a;b;;"}, "a;b"}, {"list", []string{"b", "a;b"}, "a;b"}, {`list(", ", ";")`, []string{"x, y"}, "x;y"},
		{`list_values({"Red": "r", "Blue": "b"})`, []string{"blue;Red;red"}, "b;r"}, {`list_values({"Red": "r"})`, []string{"Green"}, ""},
		{`list_values({"Red": "r"}, others="keep")`, []string{"Red;Green"}, "Green;r"}, {`list_values({"Red": "r"}, others="drop")`, []string{"Red;Green"}, "r"},
		{`duration("ms", "s")`, []string{"90499"}, "90"}, {`duration("s", "ms")`, []string{"91"}, "91000"}, {`duration("min", "ms")`, []string{"30"}, "1800000"}, {`duration("ms", "min")`, []string{"90000"}, "2"},
		{`duration("ms", "s")`, []string{"soon"}, ""}, {`duration("h", "min")`, []string{"0.5"}, "30"},
		{"percent", []string{"0.35"}, "35"}, {"percent", []string{"1"}, "100"}, {"percent", []string{"0.005"}, "0.5"}, {"fraction", []string{"35"}, "0.35"}, {"fraction", []string{"12.5"}, "0.125"}, {"fraction", []string{"35 %"}, "0.35"}, {"fraction", []string{"x"}, ""},
		{"midnight", []string{"2026-01-31"}, "2026-01-31T00:00:00Z"}, {`midnight(to="ms")`, []string{"2026-01-01"}, "1767225600000"}, {`midnight("America/New_York")`, []string{"2026-01-01T02:00:00Z"}, "2025-12-31T00:00:00Z"},
		{`midnight("Asia/Tokyo")`, []string{"2026-01-31"}, "2026-01-31T00:00:00Z"}, {"midnight", []string{"yesterday"}, ""},
		{"minutes_between", []string{"2026-01-31T09:00:00.000+0000", "2026-01-31T09:30:29Z"}, "30"}, {"minutes_between", []string{"2026-01-31T23:30:00-05:00", "2026-02-01T05:00:00Z"}, "30"},
		{"plus_minutes", []string{"2026-01-31T23:45:00Z", "30"}, "2026-02-01T00:15:00Z"}, {"plus_minutes", []string{"2026-01-31T23:45:00Z", "1e18"}, ""},
		{"email", []string{"INFO+news@Example.com "}, "info+news@example.com"}, {"email", []string{"mailto:info@example.com"}, "info@example.com"}, {"email", []string{"a@example.com; b@example.com"}, ""}, {"email", []string{"Sales"}, ""},
	} {
		got, err := parse(t, c.call).Apply(c.in, nil)
		if got.Text != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%s of %q = %q, %v; want %q", c.call, c.in, got.Text, err, c.want)
		}
	}
	for _, bad := range []string{`duration("ms")`, `duration("ms", "years")`, `midnight("Mars/Olympus")`, `midnight(to="days")`, `list("")`, `list_values({"a": "b"}, others="maybe")`, `country_name(as="oracle")`, `country_code("alpha4")`, `state_code("US, DE")`} {
		if _, err := set.Parse(bad); err == nil {
			t.Errorf("%s was taken", bad)
		}
	}
}

// pairs are what a mapping writes under transform and back.
var pairs = []struct {
	transform, back string
	make            func(r *rand.Rand) string
}{
	{"html_to_text", "text_to_html", htmlOf}, {"text_to_html", "html_to_text", wordsOf}, {"text_to_html", "html_to_text", htmlOf},
	{`list(";", ",")`, `list(",", ";")`, wordsOf}, {"list", "list", wordsOf},
	{`list_values({"a": "1", "b": "2"}, others="keep")`, `list_values({"1": "a", "2": "b"}, others="keep")`, wordsOf},
	{"bool", "bool", truthOf}, {`bool_words("Yes", "No")`, "bool", truthOf}, {`bool_words("Active", "Inactive")`, `bool("Active", "Inactive")`, truthOf}, {`bool("Active", "Inactive")`, `bool_words("Active", "Inactive")`, truthOf},
	{"midnight", "date", daysOf}, {"date", "midnight", daysOf}, {`midnight("Europe/Berlin", to="ms")`, "date", daysOf}, {"date", `datetime(to="ms")`, daysOf}, {"datetime", "datetime", daysOf},
	{`duration("ms", "s")`, `duration("s", "ms")`, numbersOf}, {`duration("s", "ms")`, `duration("ms", "s")`, wholeOf}, {`duration("min", "ms")`, `duration("ms", "min")`, wholeOf}, {`duration("ms", "min")`, `duration("min", "ms")`, numbersOf},
	{"percent", "fraction", numbersOf}, {"fraction", "percent", numbersOf},
	{"country_name", "country_code", placesOf}, {"country_code", "country_name", placesOf}, {`country_name(as="salesforce")`, "country_name", placesOf}, {`one_of("USA", "UK", "Mexico", like="country")`, "country_code", placesOf},
	{`state_name("US, MX")`, `state_code("US, MX")`, placesOf}, {`state_code("MX, US", as="salesforce")`, `state_name("MX, US")`, placesOf},
	{"email", "lowercase", wordsOf},
}

// TestC4_ThereAndBack: a value carried over, home, over and home again changes nothing more than the first time there and
// home (invariant C4): both sides are settled after one round. 100,000 values at most.
func TestC4_ThereAndBack(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 6))
	for _, p := range pairs {
		forth, back := parse(t, p.transform), parse(t, p.back)
		carried := 0
		for range 3000 {
			x := p.make(r)
			far, err := forth.Apply([]string{x}, nil)
			checkError(t, p.transform, x, err)
			if err != nil {
				continue
			}
			carried++
			near, err := back.Apply([]string{far.Text}, nil)
			if err != nil {
				t.Fatalf("%s: %q -> %q, which cannot go home by %s: %v", p.transform, x, far.Text, p.back, err)
			}
			again, err := forth.Apply([]string{near.Text}, nil)
			if err != nil || again.Text != far.Text {
				t.Fatalf("%s: %q -> %q, home by %s %q, over again %q, %v", p.transform, x, far.Text, p.back, near.Text, again.Text, err)
			}
			home, err := back.Apply([]string{again.Text}, nil)
			if err != nil || home.Text != near.Text {
				t.Fatalf("%s: %q never settles", p.transform, x)
			}
		}
		if carried < 300 {
			t.Errorf("%s: only %d values could be carried", p.transform, carried)
		}
	}
}

func pick(r *rand.Rand, from ...string) string { return from[r.IntN(len(from))] }

func some(r *rand.Rand, from ...string) string {
	var out strings.Builder
	for range r.IntN(12) {
		out.WriteString(pick(r, from...))
	}
	return out.String()
}

func htmlOf(r *rand.Rand) string {
	return some(r, "<p>", "</p>", "<br>", "<b>", "</b>", "text", "two words", " ", "  ", "\n", "&amp;", "&lt;b&gt;", "&nbsp;", "&#10;", "&#x2028;", "<li>", "</ul>", "<", ">", "&", ";", "\"", "<a href='https://example.com/x'>", "</a>", "<td>",
		"<!--", "-->", "<script>", "</script>", "<div title=\"a>b\">", "\t", "\r", "é", "\u00a0", "\u2003", "<3", "nbsp")
}

func wordsOf(r *rand.Rand) string {
	if r.IntN(3) == 0 {
		return some(r, "info", "A", "b") + "@" + pick(r, "Example.com", "example.org")
	}
	return some(r, "a", "b", "1", "2", ";", ",", " ", "  ", "\n", "\r\n", "Red", "<", "&lt;", "&", "\u00a0", "\t")
}

func truthOf(r *rand.Rand) string {
	return pick(r, "true", "FALSE", "Yes", "no", "1", "0", " on ", "off", "maybe", "")
}

func daysOf(r *rand.Rand) string {
	day := fmt.Sprintf("%04d-%02d-%02d", 1900+r.IntN(200), 1+r.IntN(12), 1+r.IntN(28))
	switch r.IntN(4) {
	case 0:
		return day
	case 1:
		return fmt.Sprintf("%sT%02d:%02d:%02d.%03d+0000", day, r.IntN(24), r.IntN(60), r.IntN(60), r.IntN(1000))
	case 2:
		return fmt.Sprintf("%sT%02d:%02d:%02d-05:00", day, r.IntN(24), r.IntN(60), r.IntN(60))
	}
	return fmt.Sprint(r.Int64N(4_000_000_000_000))
}

func numbersOf(r *rand.Rand) string {
	return pick(r, fmt.Sprint(r.Int64N(10_000_000)), fmt.Sprint(-r.IntN(100_000)), fmt.Sprintf("%.3f", r.Float64()*100), fmt.Sprintf("%d.5", r.IntN(100)), fmt.Sprint(r.IntN(101)), "1e3", "")
}

// wholeOf: a coarse unit is kept in whole ones.
func wholeOf(r *rand.Rand) string { return fmt.Sprint(r.Int64N(10_000_000) - 5_000_000) }

func placesOf(r *rand.Rand) string {
	return pick(r, "US", "usa", "United States", "Mexico", "MX", "UK", "Great Britain", "Texas", "TX", "Calif.", "Jalisco", "JA", "Oaxaca", "CO", "MO", "Colorado", "D.F.", "Nuevo Leon", "NL", "AG", "Nowhere", "", "Korea, Republic of", "Vietnam")
}
