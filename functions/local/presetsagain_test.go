package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestPresetsAgain (SP-20): a set is copied a second time for another hub: its documents have names of their own, refer to each other by
// them, lead to the other role, and yield to the first ones; one of them alone is the same.
func TestPresetsAgain(t *testing.T) {
	w := newWorld(t, "single")
	folder, file := filepath.Join(w.data, "second"), filepath.Join(w.data, "alone.yaml")
	has(t, w.must("presets", "copy", "hubspot-salespad", folder, "--suffix", "two", "--role", "crm=second"), "7 documents", "customers-two.yaml")
	w.must("presets", "copy", "hubspot-salespad/addresses", file, "--suffix", "two", "--role", "crm=second")
	inSet, err := os.ReadFile(filepath.Join(folder, "addresses-two.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	alone, err := os.ReadFile(file)
	if err != nil || string(alone) != string(inSet) {
		t.Errorf("%v: one alone differs from that of the set:\n%s", err, alone)
	}
	has(t, string(alone), "mapping: addresses-two\n", "a: { connection: second, object: contacts }", "b: { connection: salespad, object: customer-addresses }", "yields_to: [ addresses ]", "# when_theirs: make",
		"through: customers-two", "(two)\n")
	for _, args := range [][]string{
		{"presets", "copy", "hubspot-salespad", folder + "3", "--suffix", "two"},
		{"presets", "copy", "hubspot-salespad", folder + "3", "--role", "crm=second"},
		{"presets", "copy", "hubspot-salespad", folder + "3", "--suffix", "Two!", "--role", "crm=second"},
		{"presets", "copy", "hubspot-salespad/no-such", file + "3", "--suffix", "two", "--role", "crm=second"},
		{"presets", "copy", "hubspot-salespad", folder + "3", "--suffix", "two", "--role", "hub=second"},
	} {
		if status, _, errs := w.x(args...); status != exitUsage || strings.TrimSpace(errs) == "" {
			t.Errorf("%v: status %d, %q", args, status, errs)
		}
	}
}
