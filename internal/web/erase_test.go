package web_test

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestErase(t *testing.T) {
	const who = "somebody@person.example"
	for _, c := range []struct {
		name, body string
		status     int
		asked      string
		answer     string
	}{
		{"an address", `{"subject":"` + who + `","reason":"asked by letter"}`, 200, "erase by editor (asked by letter) false", `"removed":[{"count":3,"what":"entries of the audit trail, their values"}]`},
		{"documents stay", `{"subject":"hubspot:companies/7"}`, 200, "", `"currency":"EUR","document":"light:invoice-receivables/i1","net":"10000"`},
		{"where to look", `{"subject":"hubspot:companies/7"}`, 200, "", `"url":"https://crm.example/7"`},
		{"a rehearsal", `{"subject":"` + who + `","dry_run":true}`, 200, "erase by editor () true", `"dry_run":true`},
		{"nobody", `{}`, 400, "", `"field":"subject"`},
		{"no address", `{"subject":"Somebody"}`, 400, "", `write name@host, or connection:object/id`},
		{"a typing mistake", `{"subjekt":"` + who + `"}`, 400, "", `"field":"subjekt"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStation(t, false)
			status, answer := s.ask(t, "POST", "/erasures", c.body)
			raw, err := json.Marshal(answer)
			if err != nil {
				t.Fatal(err)
			}
			if status != c.status || !strings.Contains(string(raw), c.answer) {
				t.Errorf("answered %d %s\nwant %d with %s", status, raw, c.status, c.answer)
			}
			if c.asked != "" && s.lastAsked() != c.asked {
				t.Errorf("the engine was asked %q, want last %q", s.asked, c.asked)
			}
			if strings.Contains(string(raw), "somebody") {
				t.Errorf("the answer names who was erased: %s", raw)
			}
		})
	}
}
