package main

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestUndoByCommand: a run that made customers of every company is shown undone, approved by its digest and undone by the commands
// that each step prints; what it made is archived only when that is asked for.
func TestUndoByCommand(t *testing.T) {
	w := newWorld(t, "single")
	var always string
	for _, path := range w.files() {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "mapping: companies-to-customers") {
			always = w.file("customers.yaml", strings.Replace(string(text), "create: needed ", "create: always ", 1))
		}
	}
	w.must("apply", always)
	w.must("live", "companies-to-customers")
	w.idle()
	before := len(w.vendors.light.Customers())
	_, out, _ := w.x("run", "companies-to-customers") // some of the sample's are held
	run := regexp.MustCompile(`run (\S+) done`).FindStringSubmatch(out)
	if run == nil {
		t.Fatal(out)
	}
	w.idle()
	made := len(w.vendors.light.Customers()) - before
	t.Logf("%d made", made)
	out = w.must("undo", run[1])
	if !strings.Contains(out, "undo of "+run[1]) || strings.Contains(out, "archive_made") {
		t.Error(out)
	}
	out = w.must("undo", run[1], "--archive-created", "--all")
	plan := regexp.MustCompile(`crosswalk approve (\S+) --digest (\S+)`).FindStringSubmatch(out)
	if made == 0 || plan == nil {
		t.Fatalf("%d were made\n%s", made, out)
	}
	if status, _, errs := w.x("run", "--plan", plan[1]); status == exitDone {
		t.Errorf("it ran before it was approved: %s", errs)
	}
	w.must("approve", plan[1], "--digest", plan[2])
	w.must("run", "--plan", plan[1])
	archived := 0
	for _, c := range w.vendors.light.Customers() {
		if c.Status == "ARCHIVED" {
			archived++
		}
	}
	if archived < made {
		t.Errorf("%d customers are archived, the run made %d", archived, made)
	}
	if out := w.must("undo", run[1], "--archive-created"); !strings.Contains(out, "there is nothing to carry out") {
		t.Error(out)
	}
	status, _, errs := w.x("undo", "20990101-000000-abcdef")
	if status != exitFailed || !strings.Contains(errs, "there is no run") {
		t.Errorf("status %d: %s", status, errs)
	}
}
