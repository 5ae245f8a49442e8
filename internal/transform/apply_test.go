package transform_test

import (
	"slices"
	"strings"
	"testing"

	"crosswalk/internal/record"
	"crosswalk/internal/transform"
)

func TestApply(t *testing.T) {
	for _, c := range []struct {
		call string
		in   []string
		want string
	}{
		{"", []string{"x"}, "x"},
		{"trim | lowercase | truncate(3)", []string{"  ABCDEF"}, "abc"},
		{"trim|truncate(5)", []string{"abcd  x"}, "abcd"},
		{`join(" ")`, []string{"Blue", "", "Harbour"}, "Blue Harbour"},
		{`join(" ")`, []string{"", ""}, ""},
		{`join(", ") | uppercase`, []string{"a", "b"}, "A, B"},
		{"first_of", []string{"", "", "c"}, "c"},
		{`first_of | default("none")`, []string{"", ""}, "none"},
		{`template("{1}-{0} {{x}}")`, []string{"a", "b"}, "b-a {x}"},
		{`template("{0}")`, []string{""}, ""},
		{`split(";", 2)`, []string{"a; b ;c"}, "b"},
		{`split(";", 9)`, []string{"a"}, ""},
		{`split(";", -1)`, []string{"a;b;c"}, "c"},
		{`static("")`, []string{"x"}, ""},
		{"minor_units", []string{"7.321", "bhd"}, "7321"},
		{`minor_units("JPY")`, []string{"12345"}, "12345"},
		{`minor_units("EUR", round=true)`, []string{"0.005"}, "1"},
		{`from_minor_units("GBP")`, []string{"4210"}, "42.1"},
		{`from_minor_units("GBP") | decimal(2, pad=true)`, []string{"4210"}, "42.10"},
		{"decimal(1)", []string{"-0.25"}, "-0.3"},
		{"decimal", []string{" 1.50 "}, "1.5"},
		{`date`, []string{"2026-01-31"}, "2026-01-31"},
		{`date("Asia/Tokyo")`, []string{"2026-01-31"}, "2026-01-31"},
		{`date("Asia/Tokyo")`, []string{"2026-01-31T20:00:00Z"}, "2026-02-01"},
		{`date("America/New_York")`, []string{"1767225600000"}, "2026-01-01"}, // midnight UTC: a HubSpot date
		{`date("America/New_York")`, []string{"1767225600001"}, "2025-12-31"},
		{`date("UTC", from="DD.MM.YYYY")`, []string{"31.12.2025"}, "2025-12-31"},
		{`date(to="MM/DD/YYYY")`, []string{"2025-12-31"}, "12/31/2025"},
		{`date("Europe/Berlin")`, []string{"2026-03-29T00:30:00.000+0000"}, "2026-03-29"}, // the night the clocks change
		{`datetime("Europe/Berlin")`, []string{"2026-07-01"}, "2026-06-30T22:00:00Z"},
		{`datetime(to="ms")`, []string{"2026-01-01T00:00:00.123Z"}, "1767225600123"},
		{`values({"Open": "NEW"}, else="OTHER")`, []string{"x"}, "OTHER"},
		{`values({"a": "1", "A": "2"})`, []string{"A"}, "2"},
		{`values({"x": "1"}, unknown="keep")`, []string{"y"}, "y"},
		{`lookup("owners", unknown="blank")`, []string{"nobody@example.com"}, ""},
		{`email_domain`, []string{"a@BÜCHER.example"}, "xn--bcher-kva.example"},
		{"bool", []string{"ON"}, "true"},
		{`bool_words("Ja", "Nein")`, []string{"no"}, "Nein"},
	} {
		if got, err := parse(t, c.call).Apply(c.in, owners); err != nil || got.Text != c.want {
			t.Errorf("%s of %q = %q, %v; want %q", c.call, c.in, got.Text, err, c.want)
		}
	}
}

func TestApplyErrors(t *testing.T) {
	for _, c := range []struct {
		call string
		in   []string
		part string
	}{
		{"", []string{"a", "b"}, "join, first_of or template"},
		{"lowercase", []string{"a", "b"}, "1 inputs at most"},
		{`template("{2}")`, []string{"a"}, "{2} has no input"},
		{`minor_units("EUR")`, []string{"0.005"}, "round=true"},
		{`minor_units("EUR")`, []string{"1,50"}, "thousands separators"},
		{"minor_units", []string{"1"}, "second input"},
		{`from_minor_units("EUR")`, []string{"1.5"}, "whole number of minor units"},
		{"date", []string{"31.12.2025"}, "from="},
		{"date", []string{"1767225600"}, "epoch milliseconds"}, // seconds
		{"date", []string{"20251231"}, "neither a date"},
		{"date", []string{"2026-02-29"}, "neither a date"},
		{"bool", []string{"maybe"}, "value map"},
		{"currency_code", []string{"$"}, "ISO 4217"},
		{`values({"a": "b"})`, []string{"c"}, "not in the value map"},
		{`lookup("owners")`, []string{"nobody@example.com"}, `table "owners" has no such entry`},
		{"extract_domain", []string{"n/a"}, "no registrable domain"},
	} {
		got, err := parse(t, c.call).Apply(c.in, owners)
		if err == nil || !strings.Contains(err.Error(), c.part) {
			t.Errorf("%s of %q = %q, %v; want an error with %q", c.call, c.in, got.Text, err, c.part)
		}
	}
}

func TestHome(t *testing.T) {
	for _, c := range []struct {
		call, value string
		n           int
		want        []string
	}{
		{"lowercase", "x", 1, []string{"x"}},
		{`join(" ")`, "Mary Ann Lee", 2, []string{"Mary", "Ann Lee"}},
		{`join(" ", cut="last")`, "Mary Ann Lee", 2, []string{"Mary Ann", "Lee"}},
		{`join(" ", cut="last")`, "Lee", 2, []string{"Lee", ""}},
		{`join(", ") | trim`, "a, b, c, d", 3, []string{"a", "b", "c, d"}},
		{`values({"Open - Not Contacted": "NEW", "Open": "NEW"})`, "NEW", 1, []string{"Open - Not Contacted"}},
		{`minor_units("BHD")`, "7321", 1, []string{"7.321"}},
		{`from_minor_units("JPY")`, "12345", 1, []string{"12345"}},
		{"country_name", "Germany", 1, []string{"DE"}},
		{`state_name("US")`, "Texas", 1, []string{"TX"}},
		{`lookup("owners", back="owner_emails")`, "1002", 1, []string{"bo@example.com"}},
		{`date(from="DD.MM.YYYY", to="MM/DD/YYYY")`, "12/31/2025", 1, []string{"31.12.2025"}},
		{`bool_words("Active", "Gone")`, "active", 1, []string{"true"}},
		{`prefix("A-") | suffix("-Z")`, "A-1-Z", 1, []string{"1"}},
		{`join(" ")`, "", 2, []string{"", ""}},
	} {
		got, err := parse(t, c.call).Home(c.value, c.n, owners)
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s home of %q = %q, %v; want %q", c.call, c.value, got, err, c.want)
		}
	}
	for _, call := range []string{"first_of", `static("x")`, `trim | template("{0}")`, `replace("a", "b")`, `lookup("owners")`, "minor_units"} {
		if got, err := parse(t, call).Home("x", 1, owners); err == nil || !strings.Contains(err.Error(), "goes one way") {
			t.Errorf("%s home = %q, %v", call, got, err)
		}
	}
}

// TestTruncate: cuts fall between what a person sees as characters, and never exceed the limit.
func TestTruncate(t *testing.T) {
	for _, c := range []struct {
		in    string
		limit string
		want  string
	}{
		{"abc", "3", "abc"}, {"abcd", "3", "abc"}, {"ab cd", "3", "ab"},
		{"ae\u0301x", "2", "a"}, {"e\u0301x", "1", "e"}, // the first may be torn, since something must be
		{"x👩🏽\u200d🔬y", "3", "x"}, {"x👩🏽\u200d🔬y", "5", "x👩🏽\u200d🔬"},
		{"🇩🇪🇫🇷", "3", "🇩🇪"}, {"a🇩🇪🇫🇷", "4", "a🇩🇪"}, {"한\u1100\u1161\u11a8", "2", "한"},
	} {
		res, err := parse(t, "truncate("+c.limit+")").Apply([]string{c.in}, nil)
		if err != nil || res.Text != c.want {
			t.Errorf("%q to %s = %q, %v; want %q", c.in, c.limit, res.Text, err, c.want)
		}
		if (res.Note != "") != (res.Text != c.in) {
			t.Errorf("%q to %s: note %q", c.in, c.limit, res.Note)
		}
	}
}

// TestC15_KindsOfNothing: absent, null, blank, list and unreadable are told apart (invariant C15).
func TestC15_KindsOfNothing(t *testing.T) {
	for _, c := range []struct {
		call string
		in   []record.Value
		want record.Value
	}{
		{"lowercase", []record.Value{record.Of("A")}, record.Of("a")},
		{"lowercase", []record.Value{{}}, record.Value{}},
		{"lowercase", []record.Value{record.Empty()}, record.Empty()},
		{"lowercase", []record.Value{record.Of("")}, record.Empty()},
		{"lowercase", []record.Value{record.Hidden()}, record.Hidden()},
		{`join(" ")`, []record.Value{record.Of("a"), record.Hidden()}, record.Hidden()},
		{`join(" ")`, []record.Value{record.Of("a"), {}}, record.Of("a")},
		{`default("x")`, []record.Value{{}}, record.Of("x")},
		{`default("x")`, []record.Value{record.Hidden()}, record.Hidden()},
		{"lowercase", []record.Value{record.Many("A", "B")}, record.Many("a", "b")},
		{`join(";")`, []record.Value{record.Many("A", "B")}, record.Of("A;B")},
		{"not_free_mail", []record.Value{record.Of("gmail.com")}, record.Empty()},
		{`static("s")`, nil, record.Of("s")},
	} {
		got, _, err := parse(t, c.call).ApplyValues(c.in, nil)
		if err != nil || !got.Equal(c.want) {
			t.Errorf("%s of %v = %v, %v; want %v", c.call, c.in, got, err, c.want)
		}
	}
}

func TestComparisons(t *testing.T) {
	for _, c := range []struct{ compare, a, b string }{
		{"name", "ACME-Trading, Ltd.", "Acme trading  LTD"}, {"name", "A.B.C.", "abc"}, {"name", "O’Neill & Co", "o'neill & co"}, {"name", "ＡＣＭＥ", "acme"}, {"name", "Straße", "STRASSE"},
		{"case_insensitive", " Ann@Example.com", "ann@example.COM "}, {"vat", "de 123.456-789", "DE123456789"}, {"exact", "e\u0301", "é"},
		{`phone("US")`, "(415) 555-0132", "+1 415 555 0132"}, {"domain", "https://www.Example.com/", "sales@eu.example.com"},
		{"company", "Acme, Inc.", "ACME"}, {"company", "The Acme Trading Company", "acme trading"}, {"company", "Müller & Söhne GmbH & Co. KG", "Muller und Söhne"[:6] + " and Sohne"}, {"company", "Cementos S.A. de C.V.", "Cementos SA de CV"},
		{"company", "Société Générale S. A.", "Societe Generale"}, {"company", "Novak s.r.o.", "Novak"}, {"company", "Kowalski Sp. z o.o.", "Kowalski"}, {"company", "Maersk A/S", "maersk"}, {"company", "トヨタ株式会社", "トヨタ"}, {"company", "株式会社トヨタ", "トヨタ"}, {"company", "㈱トヨタ", "トヨタ 株"},
		{"company", "ООО Ромашка", "ромашка"}, {"company", "Acme Pty Ltd", "Acme Pty. Limited"}, {"company", "Acme Pvt. Ltd.", "acme"}, {"company", "Ford Motor Co", "Ford Motor Company"}, {"company", "The The Ltd", "the"},
		{"email", "Info@Example.com", " info@example.COM"}, {"email", "Sales <info@example.com>", "info@example.com"}, {"email", "info@bücher.example", "info@xn--bcher-kva.example"},
	} {
		cmp, err := set.Comparison(c.compare)
		if err != nil {
			t.Fatal(err)
		}
		if a, b := cmp.Key(c.a), cmp.Key(c.b); a != b || a == "" {
			t.Errorf("%s: %q and %q have keys %q and %q", c.compare, c.a, c.b, a, b)
		}
	}
	for _, c := range []struct{ compare, a, b string }{
		{"name", "Acme Ltd", "Acme"}, {"name", "Müller", "Muller"}, {"name", "A & B", "A B"}, {"exact", "Acme", "acme"}, {"exact", "Acme", "Acme "},
		{`phone("US")`, "(415) 555-0132", "(415) 555-0132 x7"}, {"vat", "DE1", "DE2"},
		{"company", "Acme Trading", "Acme Holding"}, {"company", "Ltd", "Inc"}, {"company", "Acme Group", "Acme"}, {"company", "Northern Light", "Light"}, {"email", "info+news@example.com", "info@example.com"}, {"email", "info@example.com", "info@eu.example.com"},
	} {
		cmp, _ := set.Comparison(c.compare)
		if a, b := cmp.Key(c.a), cmp.Key(c.b); a == b {
			t.Errorf("%s: %q and %q share the key %q", c.compare, c.a, c.b, a)
		}
	}
	for compare, values := range map[string][]string{"name": {"", " ", "--", "."}, "company": {"", " ", "--"}, "email": {"", "info", "a@b@example.com", "a@example.com, b@example.com"}, "exact": {"", "  "}, "vat": {" - "}, "phone": {"(415) 555-0132", "n/a"}, "domain": {"", "gmail.com"}} {
		cmp, _ := set.Comparison(compare)
		for _, v := range values {
			if key := cmp.Key(v); key != "" {
				t.Errorf("%s gives %q the key %q", compare, v, key)
			}
		}
	}
}

func TestValuesCall(t *testing.T) {
	other := "X"
	call, err := set.Values([]transform.Pair{{From: "a", To: "1"}, {From: "b", To: "2"}}, &other)
	if err != nil {
		t.Fatal(err)
	}
	if res, err := parse(t, "trim").Then(call).Apply([]string{" b "}, nil); err != nil || res.Text != "2" {
		t.Errorf("%q, %v", res.Text, err)
	}
	if call.String() != `values({"a": "1", "b": "2"}, else="X")` && call.String() != `values({"a": "1", "b": "2"}, "X")` {
		t.Error(call)
	}
}
