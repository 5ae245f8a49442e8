package app

import (
	"net/http"
	"testing"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/connector/salespad/salespadtest"
	"crosswalk/internal/engine"
	"crosswalk/internal/engine/lane"
)

// TestPagesOfARunAreListedOnce: workers that finish one page of a run while the next one is read do not have it read and worked again.
func TestPagesOfARunAreListedOnce(t *testing.T) {
	const all = 700
	documents := padPresets(t, "hubspot-salespad", []string{"items"})
	virtual(t, setup{SalesPad: &salespadtest.Config{}, Documents: documents, Quiet: true}, func(w *world) {
		_, err := w.Connectors["hubspot"].(connector.Provisioner).Provision(w.t.Context(), "products", true)
		w.ok(err)
		w.ok(w.SalesPad.LoadItems(all))
		time.Sleep(72 * time.Hour)
		w.settleRun(w.run(engine.Run{Kind: "full", Mapping: "items", Actor: "editor"}).ID)
		if n := len(w.alive("products")); n != all {
			t.Fatalf("%d products%s", n, w.story())
		}
		time.Sleep(24 * time.Hour)
		asked, finished, busy := map[string]int{}, 0, false
		w.SalesPad.SetFault(func(r *http.Request, _ []byte) *salespadtest.Fault {
			if busy || r.Method != http.MethodGet || r.URL.Path != "/api/ItemMaster" {
				return nil
			}
			asked[r.URL.RawQuery]++
			busy = true
			n, err := w.Engine.Receive(w.t.Context(), lane.Bulk, 10)
			w.ok(err)
			finished, busy = finished+n, false
			return nil
		})
		w.HubSpot.ResetCalls()
		again := w.run(engine.Run{Kind: "full", Mapping: "items", Actor: "editor"})
		w.settleRun(again.ID)
		if again = w.runOf(again.ID); again.Done != all || again.Listed != all || again.Counts.Writes() != 0 || finished == 0 {
			t.Errorf("%d pages were finished while another one was read: %+v", finished, again)
		}
		for query, n := range asked {
			if n != 1 {
				t.Errorf("%d times: %s", n, query)
			}
		}
		if n := w.HubSpot.Calls()["POST /crm/objects/products/batch/read"]; n > len(asked) {
			t.Errorf("%d reads of products for %d pages of items: %v", n, len(asked), w.HubSpot.Calls())
		}
	})
}
