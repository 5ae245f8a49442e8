package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"crosswalk/internal/web"
)

// apiOnly are calls without a command, each with the reason.
var apiOnly = map[string]string{}

// TestEveryCallHasACommand: whatever the API can do, the command line can, by a command (and flag) that is there.
func TestEveryCallHasACommand(t *testing.T) {
	root := (&cli{}).root()
	for _, r := range web.Routes() {
		name := r.Method + " " + r.Path
		if why, ok := apiOnly[name]; ok {
			if why == "" || r.Command != "" {
				t.Errorf("%s is said to have no command: why %q, command %q", name, why, r.Command)
			}
			continue
		}
		var words, flags []string
		for _, word := range strings.Fields(r.Command) {
			if flag, ok := strings.CutPrefix(word, "--"); ok {
				flags = append(flags, flag)
			} else {
				words = append(words, word)
			}
		}
		cmd, rest, err := root.Find(words)
		if err != nil || len(rest) > 0 || cmd == root {
			t.Errorf("%s: there is no command %q", name, r.Command)
			continue
		}
		for _, flag := range flags {
			if cmd.Flags().Lookup(flag) == nil {
				t.Errorf("%s: the command %s has no flag --%s", name, cmd.Name(), flag)
			}
		}
	}
}

// TestOpenAPICommand prints what the API serves, with nothing running.
func TestOpenAPICommand(t *testing.T) {
	status, out, errs := command(t, "openapi")
	if status != exitDone || !bytes.Equal([]byte(out), web.OpenAPI()) {
		t.Errorf("status %d, %d bytes: %s", status, len(out), errs)
	}
}

// TestCompletion: every shell that cobra knows gets its script, with nothing running.
func TestCompletion(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		if status, out, errs := command(t, "completion", shell); status != exitDone || !strings.Contains(out, "crosswalk") {
			t.Errorf("%s: status %d, %s", shell, status, errs)
		}
	}
	if status, out, _ := command(t, "__complete", "pau"); status != exitDone || !strings.Contains(out, "pause") {
		t.Errorf("status %d, completes pau with %q", status, out)
	}
}

// TestCopyChangeExport: a preset becomes a file, is changed and applied; every version comes back to the letter.
func TestCopyChangeExport(t *testing.T) {
	w := newWorld(t, "single")
	path := filepath.Join(w.data, "companies.yaml")
	has(t, w.must("presets", "list"), "hubspot-light/companies-to-customers")
	has(t, w.must("presets", "copy", "companies-to-customers", path), "crosswalk apply "+path)
	if status, _, errs := w.x("presets", "copy", "companies-to-customers", path); status != exitUsage || !strings.Contains(errs, "--force") {
		t.Errorf("written over without a word: status %d, %s", status, errs)
	}
	w.must("presets", "copy", "companies-to-customers", path, "--force")
	first, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if shown := w.must("presets", "show", "companies-to-customers"); shown != string(first) {
		t.Error("show and copy give different texts")
	}
	w.must("apply", path)
	second := string(first) + "# changed by a person, with äöü and trailing blanks  \n"
	w.must("apply", w.file("companies.yaml", second))
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"export", "companies-to-customers"}, second},
		{[]string{"export", "companies-to-customers", "--version", "1"}, string(first)},
		{[]string{"export", "companies-to-customers", "--version", "2"}, second},
	} {
		if got := w.must(c.args...); got != c.want {
			t.Errorf("%v gave %d bytes, want %d", c.args, len(got), len(c.want))
		}
	}
	out := filepath.Join(w.data, "exported.yaml")
	w.must("export", "companies-to-customers", "--file", out)
	has(t, w.must("apply", out), "no change, version 2")
	if status, _, errs := w.x("apply", w.file("companies.yaml", string(first)), "--over", "1"); status != exitLook || !strings.Contains(errs, "crosswalk export companies-to-customers") && !strings.Contains(errs, "version 2") {
		t.Errorf("applied over a version that is not the newest: status %d, %s", status, errs)
	}
	has(t, w.must("apply", w.file("companies.yaml", string(first)), "--over", "2"), "version 3 stored")
	if status, _, _ := w.x("apply", out, out, "--over", "3"); status != exitUsage {
		t.Errorf("--over for two files: status %d", status)
	}
	if status, _, errs := w.x("export", "companies-to-customers", "--version", "4"); status != exitFailed || !strings.Contains(errs, "versions 1 to 3") {
		t.Errorf("status %d: %s", status, errs)
	}
}

// TestWholeSetIsCopied: one command writes every document of a set to a folder; export --rules says who wins for every field.
func TestWholeSetIsCopied(t *testing.T) {
	w := newWorld(t, "single")
	for set, documents := range map[string]int{"hubspot-salesforce/hybrid": 10, "salesforce-centric": 10, "hubspot-centric": 10, "hubspot-light": 4, "hubspot-salespad/link": 4} {
		folder := filepath.Join(w.data, "sets", set)
		has(t, w.must("presets", "copy", set, folder), fmt.Sprint(documents, " documents"))
		files, err := os.ReadDir(folder)
		if err != nil || len(files) != documents {
			t.Errorf("%s: %d files, want %d: %v", set, len(files), documents, err)
		}
		if status, _, errs := w.x("presets", "copy", set, folder); status != exitUsage || !strings.Contains(errs, "--force") {
			t.Errorf("%s: written over without a word: status %d, %s", set, status, errs)
		}
		w.must("presets", "copy", set, folder, "--force")
	}
	accounts, err := os.ReadFile(filepath.Join(w.data, "sets", "salesforce-centric", "accounts.yaml"))
	if err != nil || !strings.Contains(string(accounts), "rule: Always use Salesforce") {
		t.Errorf("no text of the set's own: %v", err)
	}
	has(t, w.must("presets"), "hubspot-salesforce/hubspot-centric, hubspot-salesforce/hybrid, hubspot-salesforce/salesforce-centric")
	w.must("apply", filepath.Join(w.data, "sets", "hubspot-light", "companies-to-customers.yaml"))
	has(t, w.must("export", "companies-to-customers", "--rules"), "WHO WINS", "HubSpot to Light")
	if status, _, _ := w.x("presets", "copy", "no-such-thing", w.data); status != exitFailed {
		t.Errorf("a set that is not there: status %d", status)
	}
}

// TestFieldsAreCounted: label, name, type, options and how often a field is filled, with the size of the sample.
func TestFieldsAreCounted(t *testing.T) {
	w := newWorld(t, "single")
	out := w.must("fields", "crm", "deals")
	has(t, out, "LABEL", "dealname", "closedate", "required", "100 %", "newbusiness, existingbusiness", "FILLED is of a sample of 30 deals")
	if strings.Contains(w.must("fields", "crm", "deals", "--sample", "0"), "%") {
		t.Error("a sample of nothing has a fill rate")
	}
	var o web.ObjectFields
	if err := json.Unmarshal([]byte(w.must("fields", "crm", "companies", "--sample", "5", "--json")), &o); err != nil || o.Sample == nil || o.Sample.Records != 5 {
		t.Fatalf("%v: %+v", err, o.Sample)
	}
	for _, f := range o.Fields {
		if f.Filled == nil || *f.Filled > 5 {
			t.Errorf("%s is filled in %v of 5", f.Name, f.Filled)
		}
	}
	if status, _, errs := w.x("fields", "crm", "deals", "--sample", "501"); status != exitUsage {
		t.Errorf("status %d: %s", status, errs)
	}
	for _, object := range []string{"customers", "products", "invoice-receivables", "contracts"} {
		has(t, w.must("fields", "billing", object), "NAME", "FILLED")
	}
}

// TestConnectionsAndSettings: every account says who it is, and one that does not answer is a person's to look at.
func TestConnectionsAndSettings(t *testing.T) {
	w := newWorld(t, "two")
	has(t, w.must("connections"), "hubspot", "62515", "Europe/Berlin", "crm", "ok", "light", "billing")
	settings := w.must("settings")
	has(t, settings, "approval", "two", "told of everything", "retention of", "role crm", "hubspot at "+w.vendors.hubspotURL)
	if strings.Contains(settings, "token") || strings.Contains(settings, "pat-") {
		t.Errorf("settings tell a credential:\n%s", settings)
	}
	w.vendors.close()
	status, out, errs := w.x("connections")
	if status != exitLook || !strings.Contains(out, "failing") || !strings.Contains(out, "crosswalk connect hubspot") {
		t.Errorf("status %d\n%s%s", status, out, errs)
	}
}

// TestTablesAsCSV: what is handed round opens in a spreadsheet, with the same rows, and carries no formula.
func TestTablesAsCSV(t *testing.T) {
	w := newWorld(t, "single")
	w.must(append([]string{"apply"}, w.files()...)...)
	path := filepath.Join(w.data, "check.csv")
	has(t, w.must("check", "--csv", path), "rows are in "+path)
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil || len(rows) < 4 || strings.Join(rows[0], ",") != "SEVERITY,WHERE,FINDING,RECORDS,WHO,WHAT TO DO" {
		t.Errorf("%v: %q", err, rows)
	}
	w.goLive()
	if status, _, errs := w.x("run", "deals-to-invoices", w.deal("no-company")); status != exitLook {
		t.Fatalf("status %d: %s", status, errs)
	}
	_, newest, _ := strings.Cut(w.must("runs"), "\n")
	held := strings.Fields(newest)[0]
	for _, args := range [][]string{{"runs", held}, {"runs", held, "--json"}} { // who looks at a run later is told the same
		if status, out, errs := w.x(args...); status != exitLook {
			t.Errorf("crosswalk %q of a run that held a record: status %d, want %d\n%s%s", args, status, exitLook, out, errs)
		}
	}
	w.must("runs", held, "--once")
	rows, err = csv.NewReader(strings.NewReader(w.must("errors", "--csv", "-"))).ReadAll()
	if err != nil || len(rows) != 2 || rows[1][0] != "no_company" || rows[1][2] != w.deal("no-company") || !strings.Contains(rows[1][9], "Associate a company") {
		t.Errorf("%v: %q", err, rows)
	}
	rows, err = csv.NewReader(strings.NewReader(w.must("preview", "deals-to-invoices", "--csv", "-"))).ReadAll()
	if err != nil || len(rows) < 31 || rows[0][0] != "RECORD" {
		t.Fatalf("%v: %d rows, %q", err, len(rows), rows)
	}
	for _, row := range rows[1:] {
		if row[0] == w.deal("jpy") && (row[2] != "create" || row[5] != "89400" || row[6] != "JPY") {
			t.Errorf("a row of a plan: %q", row)
		}
	}
}

// TestStopped: a command that is told to stop while it waits says where the work goes on, and ends as failed.
func TestStopped(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out, errs bytes.Buffer
	c := &cli{out: &out, err: &errs}
	_, err := c.follow(ctx, newClient("http://127.0.0.1:1", "x"), web.Run{ID: "r1", Status: "working"})
	if err == nil || !strings.Contains(err.Error(), "crosswalk runs r1") || statusOf(err) != exitFailed {
		t.Errorf("%v", err)
	}
}
