package main

import (
	"encoding/json"
	"strings"
	"testing"

	"crosswalk/internal/web"
)

// TestEraseByCommand: a customer is billed, rehearsed, erased; the document stays, and why says that the values are gone.
func TestEraseByCommand(t *testing.T) {
	w := newWorld(t, "single")
	w.must(append([]string{"apply"}, w.files()...)...)
	w.goLive()
	w.idle()
	deal := w.deal("eur")
	var why struct{ Why []web.Why }
	parse := func(out string, into any) {
		t.Helper()
		if err := json.Unmarshal([]byte(out), into); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	parse(w.must("why", deal, "--json"), &why)
	document, net := why.Why[0].Target, why.Why[0].Net
	var list web.Links
	parse(w.must("links", "--mapping", "companies-to-customers", "--json"), &list)
	if len(list.Links) == 0 || document == "" {
		t.Fatalf("nothing was billed: %+v %+v", why, list)
	}
	company := ""
	for _, l := range list.Links {
		if out := w.must("erase", l.Ref, "--dry-run"); strings.Contains(out, document) {
			company = l.Ref
		}
	}
	if company == "" {
		t.Fatal("no company leads to the document")
	}
	parse(w.must("why", deal, "--json"), &why)
	if why.Why[0].Decisions[0].Values != "" {
		t.Fatal("a rehearsal erased something")
	}
	out := w.must("erase", company, "--reason", "asked by letter")
	for _, want := range []string{"entries of the audit trail, their values", company, "never synced again", document, "nothing was erased in any system", "once more within a day"} {
		if !strings.Contains(out, want) {
			t.Errorf("erase does not say %q:\n%s", want, out)
		}
	}
	parse(w.must("why", deal, "--json"), &why)
	if x := why.Why[0]; x.Target != document || x.Net != net || x.Decisions[len(x.Decisions)-1].Values != "erased" {
		t.Errorf("afterwards why says %+v", x)
	}
	if out := w.must("why", deal); !strings.Contains(out, "(values erased)") {
		t.Errorf("why does not say that values were erased:\n%s", out)
	}
	if out := w.must("erase", "nobody@person.example"); !strings.Contains(out, "nothing is kept of an e-mail address") || strings.Contains(out, "nobody") {
		t.Errorf("an unknown address:\n%s", out)
	}
	for _, c := range []struct {
		subject string
		status  int
	}{{"Somebody", exitUsage}, {"other:companies/1", exitFailed}, {"-", exitUsage}} {
		if status, out, errs := w.x("erase", c.subject); status != c.status {
			t.Errorf("erase %s: status %d, want %d: %s%s", c.subject, status, c.status, out, errs)
		}
	}
}
