package app

import (
	"net/http"
	"strings"
	"testing"

	"crosswalk/internal/connector/salespad/salespadtest"
	"crosswalk/internal/engine"
	"crosswalk/internal/engine/lane"
	"crosswalk/internal/record"
)

// TestOneAuditOfTwoWorkers (SP-185): when a worker has looked for a document's audit, found none and is about to note it, another one
// works the same document. It finds none either, and one of them notes it.
func TestOneAuditOfTwoWorkers(t *testing.T) {
	exporting(t, setup{}, nil, func(w *world, _ string) {
		w.SalesPad.Must("ItemMaster", salespadtest.Fields{"Item_Number": "RARE", "Item_Description": "No longer sold", "Inactive": "true"})
		key := w.padDocument("ORDER", "ORD82", "EXPORT", "BLADE 1 10", "RARE 2 5")
		met := false
		w.SalesPad.SetFault(func(r *http.Request, _ []byte) *salespadtest.Fault {
			if met || r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, "/Audit") {
				return nil
			}
			met = true
			w.ok(w.Engine.Enqueue(w.t.Context(), lane.Live, []engine.Task{{Ref: record.Ref{Connection: "salespad", Object: "sales-documents", ID: key}, Cause: "poll"}}))
			_, err := w.Engine.Receive(w.t.Context(), lane.Live, 20)
			w.ok(err)
			return nil
		})
		w.later()
		w.later()
		if got := w.audits(key); !met || len(got) != 1 || w.queueOf(key) != "READY TO SHIP" || w.forwards(key) != 1 {
			t.Errorf("audits %q, in %s%s", got, w.queueOf(key), w.story())
		}
		w.padQuiet()
	})
}
