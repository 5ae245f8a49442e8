package app

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"crosswalk/internal/connector/light/lighttest"
	"crosswalk/internal/connector/salesforce/salesforcetest"
	"crosswalk/internal/engine"
	"crosswalk/internal/mapping"
)

// nameRule is the last rule of both presets that match: with it every repeated name is shown to a person.
const nameRule = "  # the same name alone is shown to a person and never linked by itself\n  - { a: Name, b: name, compare: name, on_hit: hold }\n"

// TestTenThousandAccounts: 10,000 accounts of 201 names, loaded by Salesforce's own API, become 10,000 customers by a run
// that somebody approved; running it again writes nothing.
func TestTenThousandAccounts(t *testing.T) {
	const all = 10_000
	rows := treeRecords(t)
	s := setup{Draft: true, Salesforce: &salesforcetest.Config{}, Presets: []string{nameRule, "", "create: needed ", "create: always "},
		Org: func(org *salesforcetest.Sim) { loadTree(t, org, rows) }}
	virtual(t, s, func(w *world) {
		if n := w.Salesforce.Count("Account"); n != all {
			t.Fatalf("%d accounts were loaded, want %d", n, all)
		}
		time.Sleep(24 * time.Hour) // all of it lies before going live: nothing comes by a feed
		const name = "accounts-to-customers"
		p := w.previewAll(name, "editor")
		if p.Kinds["create"] != all {
			t.Fatalf("the plan creates %d: %v", p.Kinds["create"], p.Kinds)
		}
		_, err := w.Engine.Approve(t.Context(), p.ID, p.Digest, "editor")
		w.ok(err)
		w.status(name, mapping.Live)
		w.Light.SetFault(func(r *http.Request, _ []byte) *lighttest.Fault {
			if r.Method == http.MethodPost {
				time.Sleep(20 * time.Millisecond) // so that not all of them are the latest changes at Light
			}
			return nil
		})
		r, err := w.Engine.RunPlan(t.Context(), p.ID, "editor")
		w.ok(err)
		w.settleRun(r.ID)
		if r = w.runOf(r.ID); r.Counts.Created != all || r.Counts.Failed+r.Counts.Refused+r.Counts.Held != 0 {
			t.Errorf("%+v; %s", r.Counts, w.story())
		}
		names := map[string]int{}
		for _, c := range w.Light.Customers() {
			names[c.Name]++
		}
		if len(w.Light.Customers()) != all || len(names) != 201 {
			t.Errorf("%d customers of %d names", len(w.Light.Customers()), len(names))
		}
		before := w.writes()
		again := w.run(engine.Run{Kind: "full", Mapping: name, Actor: "editor"})
		w.settleRun(again.ID)
		if again = w.runOf(again.ID); w.writes() != before || again.Counts.Writes() != 0 || again.Done != all {
			t.Errorf("running it again wrote %d: %+v", w.writes()-before, again)
		}
		w.advance(time.Hour)
		if w.writes() != before || len(w.errors("")) != 0 {
			t.Errorf("%d writes later on; %s", w.writes()-before, w.story())
		}
	})
}

// treeRecords reads the sample tree, as a plugin for test data exports it.
func treeRecords(t *testing.T) []map[string]any {
	t.Helper()
	root := os.Getenv("CROSSWALK_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared")
	}
	raw, err := os.ReadFile(filepath.Join(root, "data", "crm", "salesforce_tree", "moreThan200", "Account.json"))
	if err != nil {
		if os.Getenv("CROSSWALK_REQUIRE_SHARED") == "1" {
			t.Fatal(err)
		}
		t.Skip("no shared data: ", err)
	}
	var tree struct {
		Records []map[string]any `json:"records"`
	}
	if err := json.Unmarshal(raw, &tree); err != nil {
		t.Fatal(err)
	}
	return tree.Records
}

// loadTree sends the records in collections of 200, as a person of the org.
func loadTree(t *testing.T, org *salesforcetest.Sim, rows []map[string]any) {
	t.Helper()
	org.AddToken("a-person", org.PersonID())
	for part := range slices.Chunk(rows, 200) {
		for _, row := range part {
			row["attributes"] = map[string]string{"type": "Account"}
		}
		body, err := json.Marshal(map[string]any{"allOrNone": true, "records": part})
		if err != nil {
			t.Fatal(err)
		}
		r, err := http.NewRequest(http.MethodPost, "https://crosswalk.my.salesforce.com/services/data/v67.0/composite/sobjects", bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer a-person")
		r.Header.Set("Content-Type", "application/json")
		a, err := inOrg{org}.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		if answer, _ := io.ReadAll(a.Body); a.StatusCode != http.StatusOK || bytes.Contains(answer, []byte(`"success":false`)) {
			t.Fatalf("%d %.300s", a.StatusCode, answer)
		}
	}
}
