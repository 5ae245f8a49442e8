package simulation

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"crosswalk/internal/connector/hubspot/hubspottest"
	"crosswalk/internal/connector/light/lighttest"
	"crosswalk/internal/connector/salesforce/salesforcetest"
)

// wire is one process's connection to one vendor: it gates every request, lets it meet a fault, and calls the simulator in
// the same goroutine.
type wire struct {
	a      *actor
	system string // hubspot, salesforce, light, salespad
	inner  http.RoundTripper
}

type faultKey struct{}

// later carries a request out by itself, after a while.
func (w *wire) later(r *http.Request, d time.Duration) {
	held := r.Clone(context.WithoutCancel(r.Context()))
	courier := w.a.s.newActor("courier", slotCourier, 0)
	w.a.s.wg.Go(func() {
		courier.pause(d)
		w.a.s.note(courier, "carries out "+held.URL.Path)
		if answer, err := w.inner.RoundTrip(held); err == nil {
			answer.Body.Close()
		}
	})
}

// RoundTrip implements http.RoundTripper.
func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	label := w.system + " " + r.Method + " " + r.URL.RequestURI()
	body := []byte{}
	if w.system != hubspotSource && r.Method != http.MethodGet {
		if r.Body != nil {
			var err error
			if body, err = io.ReadAll(r.Body); err != nil {
				return nil, err
			}
			r.Body = io.NopCloser(bytes.NewReader(body))
		}
		label += " " + string(body)
	}
	if err := w.a.enter(r.Context(), label, 10*time.Millisecond, 200*time.Millisecond); err != nil {
		return nil, err
	}
	c := call{system: w.system, method: r.Method, path: r.URL.Path, body: string(body)}
	w.a.s.countLags(c)
	f := w.a.s.vendorFault(w.a, c)
	if f != nil {
		w.a.s.hit(f.name)
		w.a.s.note(w.a, "fault "+f.name)
		if c.creates() && f.ambiguous {
			w.a.s.tally(func(s *Sim) { s.Ambiguous++ })
		}
	}
	if w.a.s.pad != nil && w.system == salespadSystem {
		w.a.s.pad.watchCall(w.a, r, f)
	}
	if f != nil && f.lateBy > 0 {
		w.later(r, f.lateBy)
		w.a.leave(label)
		return nil, io.ErrUnexpectedEOF
	}
	if f != nil && f.err != nil {
		w.a.leave(label)
		return nil, f.err
	}
	if f != nil && f.before != nil {
		f.before(w.a.s)
	}
	answer, err := w.inner.RoundTrip(r.WithContext(context.WithValue(r.Context(), faultKey{}, f)))
	if err == nil && c.system != salesforceSource && c.writes() && answer.StatusCode < 300 { // of Salesforce the org's journal tells
		w.a.s.tally(func(s *Sim) { s.Writes = append(s.Writes, c.method+" "+c.path) })
	}
	if err == nil && w.a.s.Log != nil && (c.writes() || answer.StatusCode > 299) {
		w.tell(answer)
	}
	w.a.leave(label)
	if f != nil && f.slow > 0 {
		if lateErr := w.a.late(r.Context(), w.a.between(f.slow/4, f.slow)); lateErr != nil {
			return nil, lateErr
		}
	}
	return answer, err
}

// tell writes an answer into the run's text, for a person who looks into a seed.
func (w *wire) tell(answer *http.Response) {
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		body = []byte(err.Error())
	}
	answer.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body), broken{err}))
	(&locked{w.a.s}).Write(fmt.Appendf(nil, "    answers %d %.600s\n", answer.StatusCode, body))
}

// broken ends a body as it ended before it was looked at.
type broken struct{ err error }

func (b broken) Read([]byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	return 0, io.EOF
}

// call is what a fault may look at.
type call struct {
	system, method, path string
	body                 string // of Salesforce's composite calls, which are all a POST
}

func (c call) batch() bool { return c.system == "hubspot" && strings.Contains(c.path, "/batch/") }

func (c call) search() bool { return c.system == "hubspot" && strings.HasSuffix(c.path, "/search") }

// writes tells whether the call changes something at the vendor.
func (c call) writes() bool {
	switch {
	case c.system == hubspotSource:
		return c.method != http.MethodGet && !c.search() && !strings.HasSuffix(c.path, "/batch/read")
	case c.system == salesforceSource && strings.HasSuffix(c.path, "/composite"):
		return strings.Contains(c.body, `"method":"PATCH"`) || strings.Contains(c.body, `"method":"POST"`)
	}
	return c.method != http.MethodGet
}

// creates tells whether the call makes a record, rather than changing one.
func (c call) creates() bool {
	switch c.path {
	case "/v1/customers", "/v1/products", "/v1/invoice-receivables", "/v1/contracts", "/api/Customer", "/api/CustomerAddr", "/api/Prospect", "/api/ProspectContact":
		return c.method == http.MethodPost
	}
	return false
}

// hubspotHook, salesforceHook and lightHook hand the fault chosen by the wire to the simulator.
func hubspotHook(r *http.Request, _ []byte) *hubspottest.Fault {
	if f, _ := r.Context().Value(faultKey{}).(*fault); f != nil {
		return f.hubspot
	}
	return nil
}

func salesforceHook(r *http.Request, _ []byte) *salesforcetest.Fault {
	if f, _ := r.Context().Value(faultKey{}).(*fault); f != nil {
		return f.salesforce
	}
	return nil
}

func lightHook(r *http.Request, _ []byte) *lighttest.Fault {
	if f, _ := r.Context().Value(faultKey{}).(*fault); f != nil {
		return f.light
	}
	return nil
}
