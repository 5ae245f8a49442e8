package simulation

import (
	"fmt"
	"strings"
	"time"
)

// total adds up runs.
type total struct {
	seeds, effects, ambiguous int
	outcome                   Outcome
	hits                      map[string]int
	failed                    []Report
}

func newTotal() *total { return &total{hits: map[string]int{}} }

func (t *total) add(r Report) {
	t.seeds++
	t.effects += r.Effects
	t.ambiguous += r.Ambiguous
	for class, n := range r.Hits {
		t.hits[class] += n
	}
	o, d := &t.outcome, r.Outcome
	o.Won, o.Invoices, o.Contracts, o.Customers, o.Held, o.Uncertain = o.Won+d.Won, o.Invoices+d.Invoices, o.Contracts+d.Contracts, o.Customers+d.Customers, o.Held+d.Held, o.Uncertain+d.Uncertain
	if len(r.Problems) > 0 {
		t.failed = append(t.failed, r)
	}
}

func (t *total) text(took time.Duration) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d seeds in %.1f seconds, %d effects, %d won deals, %d invoices, %d contracts, %d customers, %d held\n", t.seeds, took.Seconds(), t.effects, t.outcome.Won, t.outcome.Invoices, t.outcome.Contracts, t.outcome.Customers, t.outcome.Held)
	fmt.Fprintf(&b, "%d creates of unknown outcome, of which %d held as uncertain; %d seeds failed\nfaults injected:\n", t.ambiguous, t.outcome.Uncertain, len(t.failed))
	for _, class := range sorted(t.hits) {
		fmt.Fprintf(&b, "  %7d  %s\n", t.hits[class], class)
	}
	return b.String()
}

// classes is every class that a run must have met.
func classes() []string {
	out := []string{
		"store error before the effect", "store error after the effect", "store call repeated by its client",
		"queue error before the effect", "queue error after the effect", "messages out of order", "message held back", "message to two workers at once", "message delivered again",
		"webhook lost", "webhook doubled", "webhook late",
		"worker killed before an effect", "worker killed after an effect", "worker frozen and thawed",
		"search within its lag", "HubSpot read while copies are stale", "HubSpot read before calculated values", "Light read while copies are stale", "Light list within its lag",
		"people at HubSpot: stage flaps won, lost, won", "people at HubSpot: amount edited", "people at HubSpot: line changed", "people at HubSpot: line added", "people at HubSpot: line removed",
		"people at HubSpot: company renamed", "people at HubSpot: deal cloned", "people at HubSpot: companies merged", "people at HubSpot: deals merged", "people at HubSpot: deal archived",
		"people at Light: customer archived", "people at Light: draft edited", "people at Light: draft opened", "people at Light: customer entered by hand",
	}
	for _, f := range vendorFaults() {
		out = append(out, f.name)
	}
	return out
}

// fewest is how often a class must be met in a number of seeds: 100 times in 10,000, and at least once where that many can
// be expected.
func fewest(seeds int) int {
	if seeds < 100 {
		return 0
	}
	return max(1, seeds/100)
}

// weak lists the classes that were hardly met.
func (t *total) weak() []string {
	var out []string
	for _, class := range classes() {
		if t.hits[class] < fewest(t.seeds) {
			out = append(out, fmt.Sprintf("%q was met %d times in %d seeds", class, t.hits[class], t.seeds))
		}
	}
	if t.outcome.Uncertain > 1+t.ambiguous/100 {
		out = append(out, fmt.Sprintf("%d deals held as uncertain for %d creates of unknown outcome", t.outcome.Uncertain, t.ambiguous))
	}
	return out
}
