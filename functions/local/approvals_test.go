package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"crosswalk/internal/app/laptop"
	"crosswalk/internal/web"
)

// TestTwoPeopleGoLive: editor and finance, from a file to live billing; each step that one of them may not take is refused with
// the command that somebody may.
func TestTwoPeopleGoLive(t *testing.T) {
	w := newWorld(t, "two")
	w.must(append([]string{"apply"}, w.files()...)...)
	refused := func(says string, args ...string) {
		t.Helper()
		if status, out, errs := w.x(args...); status != exitLook || !strings.Contains(errs, says) {
			t.Errorf("crosswalk %s: status %d, want %d and %q\n%s%s", strings.Join(args, " "), status, exitLook, says, out, errs)
		}
	}
	finance := func(args ...string) string {
		t.Helper()
		status, out, errs := w.as("finance", args...)
		if status != exitDone {
			t.Fatalf("finance: crosswalk %s: status %d\n%s%s", strings.Join(args, " "), status, out, errs)
		}
		return out
	}
	refused("nobody approved it: crosswalk approve companies-to-customers --version 1", "live", "companies-to-customers")
	refused("editor is the last editor", "approve", "companies-to-customers", "--version", "1")
	for _, name := range []string{"companies-to-customers", "products-to-products"} {
		w.must("submit", name, "--reason", "first version")
		finance("approve", name)
	}
	w.must("live", "companies-to-customers", "products-to-products")
	w.must("pilot", "deals-to-invoices", w.deal("eur"))
	if status, _, errs := w.as("finance", "approve", "deals-to-invoices", "--version", "1"); status != exitLook || !strings.Contains(errs, "crosswalk preview deals-to-invoices --save") {
		t.Errorf("approved unseen: status %d, %s", status, errs)
	}
	w.must("preview", "deals-to-invoices", "--save")
	has(t, w.must("submit", "deals-to-invoices"), "crosswalk approve deals-to-invoices --version 1")
	changed := strings.Replace(presetNamed(t, "deals-to-invoices"), "static: 30 ", "static: 45 ", 1)
	w.must("apply", w.file("invoices.yaml", changed))
	if status, _, errs := w.as("finance", "approve", "deals-to-invoices"); status != exitLook || !strings.Contains(errs, "version 1") || !strings.Contains(errs, "version 2") {
		t.Errorf("a version that was edited meanwhile: status %d, %s", status, errs)
	}
	w.must("preview", "deals-to-invoices", "--save")
	w.must("pilot", "deals-to-invoices", w.deal("usd"))
	w.must("submit", "deals-to-invoices")
	has(t, finance("approve", "deals-to-invoices", "--reason", "45 days are agreed"), "version 2 of deals-to-invoices, approved by finance\n")
	has(t, w.must("live", "deals-to-invoices"), "is live with version 2")
	var s web.Standing
	if err := json.Unmarshal([]byte(w.must("standing", "deals-to-invoices", "--json")), &s); err != nil || !s.Ready || s.Approver != "finance" || s.Single {
		t.Errorf("%v, %+v", err, s)
	}
	has(t, w.must("accept", "deals-to-invoices", "--round", "1", "--tester", "revenue lead", "--result", "pass", "--note", "ten deals"), "round 1: pass, by revenue lead")
	if status, _, errs := w.x("accept", "deals-to-invoices", "--round", "1", "--tester", "x", "--result", "well"); status != exitUsage || !strings.Contains(errs, "pass or fail") {
		t.Errorf("status %d, %s", status, errs)
	}
	for _, args := range [][]string{{"pause"}, {"pause", "deals-to-invoices", "--all"}, {"approve", "deals-to-invoices", "--digest", "d"}, {"approve", "p20260101-000000-abcdef", "--version", "1"}} {
		if status, _, errs := w.x(args...); status != exitUsage {
			t.Errorf("%v: status %d, %s", args, status, errs)
		}
	}
	has(t, w.must("notify", "--test"), "operations: no address; the file and the terminal have it")
	if told, err := os.ReadFile(laptop.MessagesPath(w.product.Config)); err != nil || !strings.Contains(string(told), `"kind":"test"`) {
		t.Errorf("%v: %s", err, told)
	}
}

func presetNamed(t *testing.T, name string) string {
	t.Helper()
	for _, text := range presetTexts() {
		if strings.Contains(text, "mapping: "+name+"\n") {
			return text
		}
	}
	t.Fatalf("there is no preset %s", name)
	return ""
}

// TestTokens: people come and go in one file that nobody else can read; what is added or taken away counts at once.
func TestTokens(t *testing.T) {
	w := newWorld(t, "two")
	path := filepath.Join(w.data, "token")
	if out := w.must("token", "list"); out != "editor\nfinance\n" {
		t.Errorf("%q", out)
	}
	out := w.must("token", "add", "revenue.lead")
	tokens, err := web.TokenFile{Path: path}.Tokens()
	if err != nil || len(tokens) != 3 || len(tokens[2].Token) < 32 || strings.Contains(out, tokens[2].Token) {
		t.Fatalf("%v, %d tokens, said %q", err, len(tokens), out)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if status, _, errs := w.as("revenue.lead", "status"); status != exitDone {
		t.Errorf("status %d, %s", status, errs)
	}
	for _, args := range [][]string{{"token", "add", "finance"}, {"token", "add", "two words"}, {"token", "remove", "nobody"}, {"token", "add"}} {
		if status, _, errs := w.x(args...); status != exitUsage {
			t.Errorf("%v: status %d, %s", args, status, errs)
		}
	}
	gone := tokens[1].Token
	w.must("token", "remove", "finance")
	if _, err := get[web.Status](t.Context(), newClient("http://"+w.product.address, gone), "/status"); err == nil {
		t.Error("a token that was taken away still opens")
	}
	w.must("token", "remove", "revenue.lead")
	if status, _, errs := w.x("token", "remove", "editor"); status != exitUsage || !strings.Contains(errs, "last who can use") {
		t.Errorf("nobody is left: status %d, %s", status, errs)
	}
	data, err := os.ReadFile(path)
	if err != nil || !strings.HasPrefix(string(data), "# who may use the operator API") {
		t.Errorf("the comment is gone: %v, %q", err, data)
	}
	entries, err := os.ReadDir(w.data)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".token-") {
			t.Errorf("%s was left behind", e.Name())
		}
	}
}
