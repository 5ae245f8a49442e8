package app

import (
	"strings"
	"testing"
)

func TestWhoIsTold(t *testing.T) {
	const base = "connections: { light: { system: light } }\n"
	for _, c := range []struct{ text, problem string }{
		{"tell: [ops@example.com]\nacceptance: 2\nmappings: { deals-to-invoices: { tell: [finance@customer.example], acceptance: 0 } }\n", ""},
		{"tell: [ops]\n", "tell[0]"},
		{"tell: [\"a@b.example, c@d.example\"]\n", "tell[0]"},
		{"mappings: { invoices: { tell: [x@y.example, nobody] } }\n", "mappings.invoices.tell[1]"},
		{"acceptance: 3\n", "acceptance: 3; write 0, 1 or 2"},
		{"mappings: { invoices: { acceptance: -1 } }\n", "mappings.invoices.acceptance"},
		{"mappings: { invoices: { aproval: single } }\n", "aproval"},
	} {
		cfg, err := ParseConfig([]byte(c.text + base))
		switch {
		case c.problem == "" && err != nil:
			t.Errorf("%q: %v", c.text, err)
		case c.problem != "" && (err == nil || !strings.Contains(err.Error(), c.problem)):
			t.Errorf("%q: %v, want %s", c.text, err, c.problem)
		case c.problem == "":
			if r := cfg.rules()["deals-to-invoices"]; len(r.Tell) != 1 || r.Acceptance == nil || *r.Acceptance != 0 {
				t.Errorf("%+v", r)
			}
		}
	}
	if _, err := ParseConfig([]byte("connections: { light: { system: light, expires: next year } }\n")); err == nil || !strings.Contains(err.Error(), "connections.light.expires") {
		t.Errorf("%v", err)
	}
	cfg, err := ParseConfig([]byte("connections: { light: { system: light, expires: 2027-01-31 } }\n"))
	if err != nil || cfg.expires()["light"].Format("2006-01-02") != "2027-01-31" {
		t.Errorf("%v, %v", cfg.expires(), err)
	}
}
