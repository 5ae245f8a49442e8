package app

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"crosswalk/internal/connector/salesforce/salesforcetest"
	"crosswalk/internal/engine"
)

// TestB10_UndoOfACreateWhoseAnswerWasLost: an account that was made of a company, and whose answer was lost, belongs to what its run
// made: the undo lists it, knows it by its mark, and archives it; what people made under the same name it leaves alone.
func TestB10_UndoOfACreateWhoseAnswerWasLost(t *testing.T) {
	pair(t, pairWorld(pairAccounts), func(w *world) {
		hour, left := w.nextHour(), 1
		w.Salesforce.SetFault(func(r *http.Request, _ []byte) *salesforcetest.Fault {
			if left == 0 || r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, "/composite/sobjects") {
				return nil
			}
			left--
			return &salesforcetest.Fault{After: true, Cut: true}
		})
		w.hub("companies", "name", "Lost and found", "domain", "lost.example")
		w.advance(40 * time.Minute)
		w.nextHour()
		made := w.inSf("Account", "Name", "Lost and found")
		lost := false
		for _, line := range w.audit(engine.AuditQuery{}) {
			for _, o := range line.Outcomes {
				lost = lost || strings.EqualFold(o.Status, "unknown")
			}
		}
		if !lost {
			t.Fatalf("no answer was lost: %v %+v", w.Salesforce.Calls(), w.audit(engine.AuditQuery{}))
		}
		p, rows := w.undoOf(hour, true)
		row := rows[sfRef("Account", made.ID)]
		if p.Kinds["archive_made"] != 1 || row.Kind != "archive_made" {
			t.Fatalf("%v %+v", p.Kinds, rows)
		}
		w.undo(p)
		if n := len(w.sfAll("Account")); n != 0 {
			t.Errorf("%d accounts are there", n)
		}
	})
}
