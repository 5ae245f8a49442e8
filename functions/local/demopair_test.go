package main

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"
)

// TestDemoPair plays the demonstration of two CRMs in a small world: 60 firms, 120 people, 30 deals, 12 times of activities. What its
// last line must say is worked out here from what demopairworld.go says of each number, and from nothing that Crosswalk says.
func TestDemoPair(t *testing.T) {
	if testing.Short() {
		t.Skip("it plays for half a minute")
	}
	var out, errs bytes.Buffer
	c := &cli{out: &out, err: &errs}
	p, stop, err := c.startPair(t.Context(), pairSize{firms: 60, people: 120, deals: 30, activities: 12}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	err = p.playAll(t.Context())
	if stopped := stop(); err != nil || stopped != nil {
		t.Fatalf("%v, %v\n%s%s", err, stopped, out.String(), errs.String())
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	var got pairResult
	decode := json.NewDecoder(strings.NewReader(lines[len(lines)-1]))
	decode.DisallowUnknownFields()
	if err := decode.Decode(&got); err != nil {
		t.Fatalf("the last line: %v: %s", err, lines[len(lines)-1])
	}

	// At HubSpot: 12 firms that stand at Salesforce alone, and its sole trader; 24 contacts and 10 leads that HubSpot has not (12 less the
	// two of which it has); 10 deals; 3 calls, of the 6 those of people who were entered once; 11 tasks, since the one of such a person
	// without a deal waits.
	const atHubSpot = 12 + 1 + 24 + 10 + 10 + 3 + 11
	// At Salesforce: 12 firms and a sole trader, 12 customers, 6 leads of those whom marketing
	// has qualified, 10 deals, and of 6 tasks, 4 calls and 4 notes those of people who were
	// entered once: 3 each.
	const atSalesforce = 12 + 1 + 12 + 6 + 10 + 3 + 3 + 3
	// Pairs: 36 firms in both less 5 that were entered twice, 26 made, then one of a converted lead, one that was merged, and two new
	// ones. 60 people less 3, 2 leads, 34 and 18 made, one merged, two new. 10 deals, 20 made, one converted. 6 calls, 3 notes, 14 tasks,
	// and a call and two tasks of the contact that was merged.
	const linked = 31 + 26 + 4 + 57 + 2 + 34 + 18 + 3 + 10 + 20 + 1 + 6 + 3 + 14 + 3
	// Each of 3 firms with two companies, 2 with two accounts, 3 people with two contacts: three records.
	const held = 8 * 3
	for what, n := range map[string][2]int{
		"created": {got.Created, atHubSpot + atSalesforce}, "linked": {got.Linked, linked}, "held": {got.Held, held}, "conflicts": {got.Conflicts, 4}, "echoes": {got.Echoes, 0}, "caught_up": {got.CaughtUp, 0},
		"differences": {got.Differences, 0}, "writes_made": {got.WritesMade, got.WritesPlanned}, "created and updated": {got.Created + got.Updated, got.WritesMade},
		"undone and kept": {got.Undone + got.Kept, got.WritesMade},
	} {
		if n[0] != n[1] {
			t.Errorf("%s is %d, want %d", what, n[0], n[1])
		}
	}
	if got.Updated == 0 || got.Undone == 0 || got.Named == 0 || got.Calls["hubspot"] == 0 || got.Calls["salesforce"] == 0 || len(got.Calls) != 2 {
		t.Errorf("%+v", got)
	}
	if t.Failed() {
		t.Logf("%s", out.String())
	}
}
