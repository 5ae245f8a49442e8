package simulation

import (
	"net"
	"net/http"
	"slices"
	"syscall"
	"time"

	"crosswalk/internal/connector/hubspot/hubspottest"
	"crosswalk/internal/connector/light/lighttest"
	"crosswalk/internal/connector/salesforce/salesforcetest"
	"crosswalk/internal/connector/salespad/salespadtest"
)

// Rates say how often chaos strikes, in 10,000 effects of the kind; the zero Rates are calm.
type Rates struct {
	Vendor  int // a vendor call meets a fault
	Store   int // a store call does
	Queue   int // a queue call does
	Unruly  int // a receive is late, doubled or out of order
	Webhook int // an event is lost, doubled or late
	Kill    int
	Freeze  int
	Kills   int // at most so many in a run
	Freezes int
}

// fault is a bad moment for one vendor call.
type fault struct {
	name      string
	weight    int
	fits      func(call) bool
	ambiguous bool          // the caller cannot know whether it took effect
	err       error         // instead of the call
	slow      time.Duration // the answer takes up to so long
	lateBy    time.Duration // the sender learns nothing, and it is carried out so much later (something between held it)
	hubspot   *hubspottest.Fault
	light     *lighttest.Fault

	salesforce *salesforcetest.Fault
	salespad   *salespadtest.Fault
	before     func(*Sim) // happens at the vendor just before the call arrives
	source     string     // the CRM without which it cannot be met; "" is either
}

// vendorFaults is every class of fault that a call to a vendor can meet.
func vendorFaults() []fault {
	var out []fault
	add := func(name string, weight int, fits func(call) bool, ambiguous bool, h hubspottest.Fault, l lighttest.Fault) {
		out = append(out, fault{name: name, weight: weight, fits: fits, ambiguous: ambiguous, hubspot: &h, light: &l, salesforce: atSalesforce(name), salespad: atSalesPad(name)})
	}
	always := func(call) bool { return true }
	notSalesforce := func(c call) bool { return c.system != "salesforce" }
	onSalesforce := func(c call) bool { return c.system == "salesforce" }
	onHubSpot := func(c call) bool { return c.system == "hubspot" }
	onLight := func(c call) bool { return c.system == "light" }
	out = append(out,
		fault{name: "connection refused", weight: 10, fits: always, err: &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}},
		fault{name: "reset before it was sent", weight: 10, fits: always, ambiguous: true, err: &net.OpError{Op: "write", Err: syscall.ECONNRESET}},
		fault{name: "slow answer", weight: 10, fits: always, ambiguous: true, slow: 100 * time.Second},
	)
	add("done, then 504", 10, always, true, hubspottest.CommittedThen504(), lighttest.Fault{AfterCommit: true, Status: http.StatusGatewayTimeout})
	add("done, then 504 (write)", 60, call.writes, true, hubspottest.CommittedThen504(), lighttest.Fault{AfterCommit: true, Status: http.StatusGatewayTimeout})
	add("done, then cut", 10, always, true, hubspottest.CommittedThenCut(), lighttest.Fault{AfterCommit: true, Cut: true})
	add("done, then cut (write)", 60, call.writes, true, hubspottest.CommittedThenCut(), lighttest.Fault{AfterCommit: true, Cut: true})
	add("truncated body", 10, always, true, hubspottest.Fault{Truncate: 20}, lighttest.Fault{AfterCommit: true, Truncate: true})
	add("HTML answer", 10, always, true, hubspottest.HTML(), lighttest.Fault{AfterCommit: true, Status: http.StatusOK, Body: "<html>We will be right back</html>"})
	add("malformed JSON", 10, always, true, hubspottest.MalformedJSON(), lighttest.Fault{AfterCommit: true, Malformed: true})
	add("429 with Retry-After", 8, notSalesforce, false, hubspottest.TooMany("7"), lighttest.Throttled(7))
	add("429 without Retry-After", 8, notSalesforce, false, hubspottest.TooMany(""), lighttest.Fault{Status: http.StatusTooManyRequests})
	add("423 locked", 6, onHubSpot, false, hubspottest.Locked(), lighttest.Fault{})
	add("477 migrating", 6, onHubSpot, false, hubspottest.Migrating("30"), lighttest.Fault{})
	add("500 without effect", 8, always, true, hubspottest.Unavailable(http.StatusInternalServerError), lighttest.Fault{Status: http.StatusInternalServerError})
	add("503 without effect", 8, always, true, hubspottest.Unavailable(http.StatusServiceUnavailable), lighttest.Fault{Status: http.StatusServiceUnavailable})
	add("401 once", 4, always, false, hubspottest.Unauthorized(), lighttest.Fault{Status: http.StatusUnauthorized})
	add("short batch answer", 30, call.batch, false, hubspottest.Fault{Drop: 1}, lighttest.Fault{})
	add("reordered batch answer", 30, call.batch, false, hubspottest.Fault{Shuffle: true}, lighttest.Fault{})
	add("gateway page instead of an answer", 4, onLight, true, hubspottest.Fault{}, lighttest.HTML(http.StatusBadGateway))
	for n := range out {
		if slices.Contains([]string{"423 locked", "477 migrating", "short batch answer", "reordered batch answer"}, out[n].name) {
			out[n].source = hubspotSource
		}
	}
	own := func(name string, weight int, fits func(call) bool, f salesforcetest.Fault) {
		out = append(out, fault{name: name, weight: weight, fits: fits, salesforce: &f, source: salesforceSource})
	}
	own("Salesforce: an old copy is read", 40, func(c call) bool { return onSalesforce(c) && !c.writes() }, salesforcetest.Fault{Stale: true})
	own("Salesforce: the day's calls are used up", 3, onSalesforce, salesforcetest.Throttled())
	own("Salesforce: too many long calls", 6, onSalesforce, salesforcetest.Concurrent())
	own("Salesforce: UNABLE_TO_LOCK_ROW", 60, func(c call) bool { return onSalesforce(c) && c.writes() }, salesforcetest.Fault{Row: func(int) (string, string) {
		return "UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record"
	}})
	return append(out, salespadFaults()...)
}

// atSalesforce is what a class of fault looks like there; nil where the class is another vendor's.
func atSalesforce(name string) *salesforcetest.Fault {
	switch name {
	case "done, then 504", "done, then 504 (write)":
		return &salesforcetest.Fault{After: true, Status: http.StatusGatewayTimeout}
	case "done, then cut", "done, then cut (write)":
		return &salesforcetest.Fault{After: true, Cut: true}
	case "truncated body":
		return &salesforcetest.Fault{Truncate: 20}
	case "HTML answer":
		return &salesforcetest.Fault{HTML: true}
	case "malformed JSON":
		return &salesforcetest.Fault{Mangle: func(status int, _ []byte) (int, []byte) { return status, []byte(`{"records":[{"attributes`) }}
	case "500 without effect":
		return &salesforcetest.Fault{Status: http.StatusInternalServerError}
	case "503 without effect":
		f := salesforcetest.Unavailable()
		return &f
	case "401 once":
		f := salesforcetest.Expired()
		return &f
	}
	return nil
}

// vendorFault draws whether this call meets a fault, and which.
func (s *Sim) vendorFault(a *actor, c call) *fault {
	if s.Fault != nil {
		if f := s.Fault(c); f != nil {
			return f
		}
	}
	rate := s.Rates.Vendor
	if c.writes() {
		rate *= 3 // the interesting calls are few
	}
	if c.system == salespadSystem && c.creates() {
		rate *= 3 // these have no key, and there are few of them
	}
	if !s.chaos() || !a.chance(rate) {
		return nil
	}
	total := 0
	for n := range s.faultList {
		if s.faultList[n].fits(c) {
			total += s.faultList[n].weight
		}
	}
	at := a.dice.IntN(total)
	for n := range s.faultList {
		f := &s.faultList[n]
		if !f.fits(c) {
			continue
		}
		if at -= f.weight; at < 0 {
			return f
		}
	}
	return nil
}

// countLags counts calls that fall into a lag of the vendor's, so that a run without any is seen to be weak.
func (s *Sim) countLags(c call) {
	if !s.chaos() {
		return
	}
	s.mu.Lock()
	edited, made := time.Since(s.edited), time.Since(s.made)
	s.mu.Unlock()
	switch {
	case c.search() && edited < s.lags.search:
		s.hit("search within its lag")
	case c.system == "hubspot" && !c.writes() && edited < s.lags.stale:
		s.hit("HubSpot read while copies are stale")
	case c.system == "salesforce" && !c.writes() && edited < s.lags.calculated:
		s.hit("Salesforce read before the last commit is seen")
	case c.system == "light" && !c.writes() && made < s.lags.lightStale:
		s.hit("Light read while copies are stale")
	case c.system == "light" && !c.writes() && made < s.lags.list:
		s.hit("Light list within its lag")
	}
	if c.system == hubspotSource && edited < s.lags.calculated {
		s.hit("HubSpot read before calculated values")
	}
	if c.system == "light" && c.writes() {
		s.mu.Lock()
		s.made = time.Now()
		s.mu.Unlock()
	}
}
