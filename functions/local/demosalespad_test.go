package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"strings"
	"testing"
)

// TestDemoSalesPad plays the demonstration on a small world. What the last line must say is reckoned here from the sizes alone: how many of everything were
// put into both systems.
func TestDemoSalesPad(t *testing.T) {
	if testing.Short() {
		t.Skip("plays both systems in real time, for half a minute")
	}
	var out bytes.Buffer
	var log io.Writer = io.Discard
	if os.Getenv("CASES_LOG") != "" {
		log = os.Stderr
	}
	size := padSize{direct: 40, viaContact: 3, ambiguous: 6, partners: 3, hopefuls: 2, vendors: 1, joiners: 2, dealers: 3, retailers: 1, asleep: 1, desks: 2,
		edits: 3, converted: 1, items: 12, stocked: 4, retired: 2, documents: 5, unknown: 2}
	err := (&cli{in: strings.NewReader(""), out: &out, err: io.Discard}).playPad(t.Context(), demoOptions{log: log}, size)
	t.Log(out.String())
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	var got map[string]any
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &got); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]float64{
		"linked": 43, "linked_through_contacts": 3, "review": 6, "wrong": 0,
		"imported": 17, // five firms with two contacts each, and two contacts of linked ones
		"exported": 8,  // three dealers with a contact each, and two contacts of linked ones
		"updated":  9,  // three customers, three prospects, three addresses
		"products": 10, "unchanged_writes": 0,
		"deals": 5, "forwarded": 5, "audits": 2, "deals_doubled": 0,
	} {
		if got[name] != want {
			t.Errorf("%s is %v, want %v", name, got[name], want)
		}
	}
}
