package simulation

import (
	"fmt"
	"strings"
	"time"
)

// total adds up runs.
type total struct {
	seeds, effects, ambiguous int
	quiet                     int
	sources                   map[string]int // seeds by CRM
	outcome                   Outcome
	hits                      map[string]int
	failed                    []Report
}

func newTotal() *total { return &total{hits: map[string]int{}, sources: map[string]int{}} }

func (t *total) add(r Report) {
	t.seeds++
	t.sources[r.Source]++
	t.effects += r.Effects
	t.ambiguous += r.Ambiguous
	if r.Quiet {
		t.quiet++
	}
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
	fmt.Fprintf(&b, "%d seeds (%d of HubSpot, %d of Salesforce, %d of both, %d of SalesPad) in %.1f seconds, %d effects, %d won deals, %d invoices, %d contracts, %d customers, %d held\n", t.seeds, t.sources[hubspotSource], t.sources[salesforceSource], t.sources[pairSource], t.sources[padSource], took.Seconds(), t.effects, t.outcome.Won, t.outcome.Invoices, t.outcome.Contracts, t.outcome.Customers, t.outcome.Held)
	fmt.Fprintf(&b, "%d creates of unknown outcome, of which %d held as uncertain; %d seeds failed\n", t.ambiguous, t.outcome.Uncertain, len(t.failed))
	fmt.Fprintf(&b, "after %d seeds thirty quiet days followed\n", t.quiet)
	for _, list := range []struct {
		head string
		of   func(class string) bool
	}{
		{"faults injected", func(class string) bool { return !isBranch(class) && !isPeople(class) }},
		{"what people and automations did", isPeople},
		{"conflict branches", isBranch},
	} {
		fmt.Fprintf(&b, "%s:\n", list.head)
		for _, class := range sorted(t.hits) {
			if list.of(class) {
				fmt.Fprintf(&b, "  %7d  %s\n", t.hits[class], strings.TrimPrefix(class, branchMark))
			}
		}
	}
	return b.String()
}

func isBranch(class string) bool { return strings.HasPrefix(class, branchMark) }

func isPeople(class string) bool {
	return strings.HasPrefix(class, "people at ") || strings.HasPrefix(class, "automation: ")
}

// classes is every class that a run must have met, with the CRM without which it cannot; "" is either.
func classes() map[string]string {
	out := map[string]string{}
	of := func(source string, names ...string) {
		for _, name := range names {
			out[name] = source
		}
	}
	of("",
		"store error before the effect", "store error after the effect", "store call repeated by its client",
		"queue error before the effect", "queue error after the effect", "messages out of order", "message held back", "message to two workers at once", "message delivered again",
		"worker killed before an effect", "worker killed after an effect", "worker frozen and thawed",
		"Light read while copies are stale", "Light list within its lag",
		"people at Light: customer archived", "people at Light: draft edited", "people at Light: draft opened", "people at Light: customer entered by hand")
	of(hubspotSource, "webhook lost", "webhook doubled", "webhook late", "search within its lag", "HubSpot read while copies are stale", "HubSpot read before calculated values",
		"people at HubSpot: deals merged", "people at HubSpot: deal archived")
	of(salesforceSource, "roads: poll only", "roads: outbound messages", "roads: change events", "roads: all", "message lost", "message doubled", "message late",
		"event lost", "event doubled", "event late", "gap event", "gap event with a wildcard", "overflow event", "transaction of some minutes", "Salesforce read before the last commit is seen",
		"people at Salesforce: deal deleted", "people at Salesforce: deal undeleted", "people at Salesforce: deals changed together")
	of(pairSource, "people at Salesforce: records merged", "people at Salesforce: lead converted", "people at Salesforce: record deleted", "people at Salesforce: record undeleted",
		"people at Salesforce: addresses swapped", "people at Salesforce: old value set back", "people at HubSpot: records merged", "people at HubSpot: record archived",
		"people at HubSpot: old value set back", "people at HubSpot: record made", "people at HubSpot: record restored", "people at HubSpot: chain of merges",
		"people at Salesforce: chain of merges", "people at Crosswalk: records come by import", "people at Crosswalk: a mapping is paused and goes on", "people at Crosswalk: a newer version is taken into use", "automation: phones rewritten at Salesforce", "automation: workflow rewrites at HubSpot")
	of(padSource, padClasses()...)
	for source, vendor := range map[string]string{hubspotSource: "HubSpot", salesforceSource: "Salesforce"} {
		for _, what := range []string{"stage flaps won, lost, won", "amount edited", "line changed", "line added", "line removed", "company renamed", "deal cloned", "companies merged"} {
			of(source, "people at "+vendor+": "+what)
		}
	}
	for _, f := range vendorFaults() {
		of(f.source, f.name)
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

// fewestPairs is how many seeds with both CRMs must have gone every branch, fewestPads how many with SalesPad: those of 500 mixed seeds.
const (
	fewestPairs = 500
	fewestPads  = 60
)

// weak lists the classes that were hardly met.
func (t *total) weak() []string {
	var out []string
	by := classes()
	for _, class := range sorted(by) {
		seeds := t.seeds - t.sources[pairSource] - t.sources[padSource] // these have no Light
		if source := by[class]; source != "" {
			seeds = t.sources[source]
		}
		if t.hits[class] < fewest(seeds) {
			out = append(out, fmt.Sprintf("%q was met %d times in %d seeds", class, t.hits[class], seeds))
		}
	}
	if pairs := t.sources[pairSource]; pairs >= fewestPairs {
		for _, name := range branches {
			if n := t.hits[branchMark+name]; n < max(1, pairs/500) {
				out = append(out, fmt.Sprintf("the branch %q was met %d times in %d seeds of both CRMs", name, n, pairs))
			}
		}
	}
	if pads := t.sources[padSource]; pads >= fewestPads {
		for _, name := range padBranches {
			if n := t.hits[branchMark+name]; n < max(1, pads/500) {
				out = append(out, fmt.Sprintf("the branch %q was met %d times in %d seeds of SalesPad", name, n, pads))
			}
		}
	}
	if t.outcome.Uncertain > 1+t.ambiguous/100 {
		out = append(out, fmt.Sprintf("%d records held as uncertain for %d creates of unknown outcome", t.outcome.Uncertain, t.ambiguous))
	}
	return out
}
