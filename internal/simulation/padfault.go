package simulation

import (
	"net/http"
	"time"

	"crosswalk/internal/connector/salespad/salespadtest"
)

// salespadHook hands the fault chosen by the wire to the simulator.
func salespadHook(r *http.Request, _ []byte) *salespadtest.Fault {
	if f, _ := r.Context().Value(faultKey{}).(*fault); f != nil {
		return f.salespad
	}
	return nil
}

// atSalesPad is what a class of fault looks like there; nil where the class is another vendor's.
func atSalesPad(name string) *salespadtest.Fault {
	var f salespadtest.Fault
	switch name {
	case "done, then 504", "done, then 504 (write)":
		f = salespadtest.Fault{AfterCommit: true, Status: http.StatusGatewayTimeout}
	case "done, then cut", "done, then cut (write)":
		f = salespadtest.LostAnswer()
	case "truncated body":
		f = salespadtest.Fault{AfterCommit: true, Truncate: true}
	case "HTML answer":
		f = salespadtest.Fault{AfterCommit: true, Status: http.StatusOK}
	case "malformed JSON":
		f = salespadtest.Fault{AfterCommit: true, Malformed: true}
	case "429 with Retry-After":
		f = salespadtest.Fault{Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"7"}}}
	case "429 without Retry-After":
		f = salespadtest.Fault{Status: http.StatusTooManyRequests}
	case "500 without effect":
		f = salespadtest.HTML(http.StatusInternalServerError)
	case "503 without effect":
		f = salespadtest.HTML(http.StatusServiceUnavailable)
	case "401 once":
		f = salespadtest.Failed(http.StatusUnauthorized, 1010, "Session Not Found")
	default:
		return nil
	}
	return &f
}

// salespadFaults are SalesPad's own: no other vendor has them.
func salespadFaults() []fault {
	var out []fault
	at := func(c call) bool { return c.system == salespadSystem }
	own := func(name string, weight int, fits func(call) bool, ambiguous bool, f salespadtest.Fault) {
		out = append(out, fault{name: name, weight: weight, fits: fits, ambiguous: ambiguous, salespad: &f, source: padSource})
	}
	first := func(name string, weight int, happens func(*Sim)) {
		out = append(out, fault{name: name, weight: weight, fits: at, before: happens, source: padSource})
	}
	writes := func(c call) bool { return at(c) && c.writes() }
	own("SalesPad: IIS page instead of an answer", 15, at, true, salespadtest.HTML(http.StatusBadGateway))
	own("SalesPad: empty body", 15, at, true, salespadtest.Empty())
	own("SalesPad: done, then an empty body", 40, writes, true, salespadtest.Fault{AfterCommit: true, Empty: true})
	general := salespadtest.Failed(http.StatusInternalServerError, 1000, "Object reference not set to an instance of an object.")
	own("SalesPad: general exception without effect", 15, writes, true, general)
	general.AfterCommit = true
	own("SalesPad: general exception after the effect", 20, writes, true, general)
	own("SalesPad: made, and not answered", 600, func(c call) bool { return at(c) && c.creates() }, true, salespadtest.LostAnswer())
	own("SalesPad: an address is refused", 150, func(c call) bool {
		return c.method == http.MethodPost && (c.path == "/api/CustomerAddr" || c.path == "/api/ProspectContact")
	}, false,
		salespadtest.Failed(http.StatusUnprocessableEntity, 3010, "A script said no."))
	own("SalesPad: a delete is not answered", 200, func(c call) bool { return at(c) && c.method == http.MethodDelete }, true, salespadtest.LostAnswer())
	first("SalesPad: session taken by another log-in", 12, func(s *Sim) { s.SalesPad.Steal(salespadtest.UserName) })
	first("SalesPad: sessions forgotten", 8, func(s *Sim) { s.SalesPad.ForgetSessions() })
	first("SalesPad: server down", 4, func(s *Sim) { s.SalesPad.Down(time.Now(), time.Now().Add(90*time.Second)) })
	first("SalesPad: application stopped", 4, func(s *Sim) { s.SalesPad.Stopped(time.Now(), time.Now().Add(time.Minute)) })
	return out
}
