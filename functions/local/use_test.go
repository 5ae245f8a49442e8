package main

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestExitStatus: 2 is wrong use and nothing else, 1 failed, 3 a person must look.
func TestExitStatus(t *testing.T) {
	w := newWorld(t, "single")
	noFile := filepath.Join(t.TempDir(), "none")
	bad := w.file("bad.yaml", strings.Replace(presetTexts()[0], "b: domain }", "b: domian }", 1))
	notYAML := w.file("not.yaml", "a: [\n")
	for _, c := range []struct {
		args   []string
		status int
		says   string // on standard error
	}{
		{[]string{"frobnicate"}, exitUsage, "unknown command"},
		{[]string{"status", "--frobnicate"}, exitUsage, "unknown flag"},
		{[]string{"status", "more"}, exitUsage, "unknown command"},
		{[]string{"apply"}, exitUsage, "requires at least 1 arg"},
		{[]string{"apply", noFile}, exitUsage, "no such file"},
		{[]string{"apply", bad}, exitFailed, "domian"},
		{[]string{"apply", notYAML}, exitFailed, "line"},
		{[]string{"pilot", "deals-to-invoices"}, exitUsage, "requires at least 2"},
		{[]string{"preview", "none"}, exitFailed, "there is no mapping none"},
		{[]string{"preview", "none", "deals/1"}, exitUsage, "refs[0]"},
		{[]string{"run"}, exitUsage, "--plan"},
		{[]string{"run", "x", "--plan", "p"}, exitUsage, "takes nothing else"},
		{[]string{"run", "--plan", "none"}, exitFailed, "there is no complete plan none"},
		{[]string{"run", "x", "--won-since", "soon"}, exitUsage, "YYYY-MM-DD"},
		{[]string{"runs", "none"}, exitFailed, "there is no run none"},
		{[]string{"why", "hubspot:deals/1"}, exitFailed, "nothing is known"},
		{[]string{"why", "deal 1"}, exitUsage, "connection:object/id"},
		{[]string{"errors", "nothing"}, exitUsage, "no such category"},
		{[]string{"errors", "--explain", "nothing"}, exitUsage, "no category"},
		{[]string{"help", "nothing"}, exitUsage, "no page or command"},
		{[]string{"live", "none"}, exitFailed, "there is no mapping none"},
		{[]string{"resume", "none"}, exitFailed, "there is no mapping none"},
		{[]string{"up"}, exitUsage, "--config"},
		{[]string{"up", "--config", noFile}, exitUsage, "no such file"},
		{[]string{"simulate", "--empty", "--sample"}, exitUsage, "choose"},
		{[]string{"demo", "--source", "netsuite"}, exitUsage, "hubspot or salesforce"},
		{[]string{"status"}, exitDone, ""},
		{[]string{"check"}, exitDone, ""},
	} {
		status, out, errs := w.x(c.args...)
		if status != c.status || !strings.Contains(errs, c.says) {
			t.Errorf("crosswalk %s: status %d, want %d, saying %q\n%s%s", strings.Join(c.args, " "), status, c.status, c.says, out, errs)
		}
	}
}

func TestWhoAndWhere(t *testing.T) {
	w := newWorld(t, "single")
	token := filepath.Join(w.data, "token")
	for _, c := range []struct {
		name   string
		args   []string
		status int
		says   string
	}{
		{"no token file", []string{"--token-file", token + "x"}, exitUsage, "--token-file"},
		{"nobody of that name", []string{"--token-file", token, "--as", "anna"}, exitUsage, `no token for "anna"`},
		{"nothing listens", []string{"--token-file", token, "--api", "http://127.0.0.1:1"}, exitFailed, "is it running"},
		{"not the product", []string{"--token-file", token, "--api", w.vendors.lightURL}, exitFailed, "no operator API"},
		{"a foreign token", []string{"--token-file", w.file("foreign", "editor 0123456789abcdefghij\n"), "--api", "http://" + w.product.address}, exitFailed, "token"},
	} {
		status, _, errs := command(t, append(c.args, "status")...)
		if status != c.status || !strings.Contains(errs, c.says) {
			t.Errorf("%s: status %d, want %d, saying %q: %s", c.name, status, c.status, c.says, errs)
		}
		if strings.Contains(errs, "0123456789") {
			t.Errorf("%s: tells a token: %s", c.name, errs)
		}
	}
}

func TestHelpPages(t *testing.T) {
	for _, topic := range []string{"money", "words", "errors", "mapping", "hubspot", "light"} {
		if status, out, errs := command(t, "help", topic); status != exitDone || !strings.HasPrefix(out, "# ") {
			t.Errorf("help %s: status %d: %.80s%s", topic, status, out, errs)
		}
	}
	if status, out, _ := command(t, "help", "run"); status != exitDone || !strings.Contains(out, "--won-since") {
		t.Errorf("help run: status %d: %s", status, out)
	}
}

// TestTerminal: what comes from outside cannot steer a terminal.
func TestTerminal(t *testing.T) {
	if got := plain("a\x1b[2Jb\nc\u202ed"); got != "a [2Jb c d" {
		t.Errorf("%q", got)
	}
}

func TestAmount(t *testing.T) {
	for _, c := range []struct{ minor, currency, want string }{
		{"4215", "EUR", "42.15 EUR"}, {"4215", "JPY", "4215 JPY"}, {"4215", "BHD", "4.215 BHD"}, {"-5", "USD", "-0.05 USD"}, {"0", "EUR", "0.00 EUR"},
		{"9999999999999999999", "USD", "99999999999999999.99 USD"}, {"", "", ""}, {"12", "XXX", "12 XXX"},
	} {
		if got := amount(c.minor, c.currency); got != c.want {
			t.Errorf("%s %s is %q, want %q", c.minor, c.currency, got, c.want)
		}
	}
}
