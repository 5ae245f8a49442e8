package app

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"crosswalk/internal/connector/hubspot/hubspottest"
	"crosswalk/internal/connector/light/lighttest"
	"crosswalk/internal/engine"
	"crosswalk/internal/engine/table"
	"crosswalk/internal/web"
)

// S7: unique marks in every credential and personal field, the whole flow with faults at debug level, and then everything
// that was logged, told or kept is searched.

// mayHold tells whether values of records have their place in an item: beside pages of the trail, in previews, and in the
// kept bytes of documents. All of these expire, or go with an erasing.
func mayHold(key table.Key) bool {
	return strings.HasPrefix(key.PK, "J#") && strings.HasSuffix(key.SK, "#values") || strings.HasPrefix(key.PK, "N#") || strings.HasPrefix(key.PK, "D#")
}

// leaky are mapping texts that try to carry values out: a hook and an expression that say names.
var leaky = append([]string{
	"fields:\n  - { a: name, b: name, required: true }\n  - { a: domain, b: domain }",
	"hooks:\n  a_to_b:\n    before_create: |\n      if source[\"city\"] == \"hold me\":\n        return {\"hold\": \"ask \" + source[\"name\"].upper() + \" at \" + source[\"billing_email\"]}\n      if source[\"city\"] == \"fail me\":\n        fail(\"no \" + source[\"name\"])\n      return None\nfields:\n  - { a: name, b: name, required: true }\n  - { a: domain, b: domain }",
}, billsAll...)

func TestNothingLeaks(t *testing.T) {
	var log bytes.Buffer
	told := &overheard{}
	virtual(t, setup{Presets: leaky, Config: func(c *engine.Config) { logged(&log)(c); c.Teller = told }}, func(w *world) {
		t := w.t
		c := &canaries{t: t}
		secrets := &canaries{t: t, all: []string{strings.ToLower(hubspottest.PrivateToken), strings.ToLower(hubspottest.ClientSecret), strings.ToLower(lighttest.APIKey)}}
		company := func(pairs ...string) string {
			base := []string{"billing_email", c.put("email"), "domain", c.put("domain"), "address", c.put(""), "zip", c.put(""), "state", c.put("")}
			return w.company(c.put(""), append(base, pairs...)...)
		}
		item := func(pairs ...string) map[string]string {
			return line("", append([]string{"name", c.put("")}, pairs...)...)
		}
		deal := func(company, amount string, lines ...map[string]string) string {
			return w.deal(c.put(""), company, amount, lines...)
		}

		faults := trouble(&atomic.Int64{})
		w.HubSpot.SetFault(func(r *http.Request, _ []byte) *hubspottest.Fault { return faults.hubspot() })
		w.Light.SetFault(func(r *http.Request, _ []byte) *lighttest.Fault { return faults.light() })
		good := company()
		for _, d := range []string{
			deal(good, "100", item("quantity", "1", "price", "100")),
			deal(good, "50", item("quantity", "1", "price", "50", "recurringbillingfrequency", "monthly")),
			deal(good, "70", item("quantity", "1", "price", "60")),                                      // amounts differ
			deal(good, "10", item("quantity", "1", "price", "10", "hs_line_item_currency_code", "EUR")), // another currency
			deal(good, "-5"), // negative
			deal(company("country", c.put("")), "20"),       // no such country
			deal(company("vat_number", c.put("")), "20"),    // perhaps no VAT number for Light
			deal(company("city", "hold me"), "20"),          // a hook that says names
			deal(company("city", "fail me"), "20"),          // one that fails with names
			deal(company("billing_email", c.put("")), "20"), // no address: Light refuses it, quoting it
			deal("", "20"), // no company
		} {
			w.ok(w.HubSpot.User().Win(d))
		}
		w.advance(20 * time.Minute)
		faults.on.Store(-1)
		w.HubSpot.SetFault(nil)
		w.Light.SetFault(nil)
		w.later()
		w.fullRun()
		w.set("companies", good, "city", c.put(""), "phone", c.put(""))
		w.later()

		r, err := w.Engine.StartReconcile(t.Context(), "deals-to-invoices", opening.Format("2006-01"), "officer")
		w.ok(err)
		w.settleRun(r.ID)

		open := w.errors("")
		for _, want := range []string{"amounts_differ", "currency_mismatch", "negative_amount", "bad_value", "held_by_hook", "script_failed", "no_company"} {
			if !slices.ContainsFunc(open, func(s engine.SyncError) bool { return s.Category == want }) {
				t.Errorf("no sync error %s; %s", want, w.story())
			}
		}
		for _, s := range open {
			if found := append(c.in(s.Text), secrets.in(s.Text)...); len(found) > 0 {
				t.Errorf("sync error %s of %s names %v: %s", s.Category, s.Ref, found, s.Text)
			}
		}
		places := 0
		for _, stored := range w.store.Snapshot().Items() {
			text := stored.PK + " " + stored.SK + " " + stored.Token + " " + opened(stored.Data)
			if found := secrets.in(text); len(found) > 0 {
				t.Errorf("%s / %s has the secret %v", stored.PK, stored.SK, found)
			}
			found := c.in(text)
			if len(found) > 0 && !mayHold(stored.Key) {
				t.Errorf("%s / %s names %v", stored.PK, stored.SK, found)
			}
			if len(found) > 0 {
				places++
				if strings.HasPrefix(stored.PK, "J#") && stored.Expires.IsZero() {
					t.Errorf("%s / %s has values and no end", stored.PK, stored.SK)
				}
			}
		}
		if places == 0 {
			t.Error("no value is kept anywhere: nothing was proved")
		}
		if log.Len() < 1000 {
			t.Errorf("only %d bytes were logged", log.Len())
		}
		if found := append(c.in(log.String()), secrets.in(log.String())...); len(found) > 0 {
			t.Errorf("the log names %v", found)
		}

		if len(told.texts) == 0 {
			t.Error("nobody was told anything")
		}
		for _, text := range told.texts {
			if found := append(c.in(text), secrets.in(text)...); len(found) > 0 {
				t.Errorf("a message names %v: %s", found, text)
			}
		}

		// What the operator API says of errors and of the whole has no values either, and why keeps credentials to itself.
		for _, path := range []string{"/errors", "/status", "/runs", "/settings", "/news", "/usage"} {
			text := w.asked(path)
			if found := append(c.in(text), secrets.in(text)...); len(found) > 0 {
				t.Errorf("%s answers with %v", path, found)
			}
		}
		if text := w.asked("/why?ref=" + companyRef(good).String()); len(secrets.in(text)) > 0 || len(c.in(text)) == 0 {
			t.Errorf("why shows the secrets %v and %d values of the record", secrets.in(text), len(c.in(text)))
		}
	})
}

// asked is what the operator API answers.
func (w *world) asked(path string) string {
	w.t.Helper()
	h := web.Operator(web.Deps{Engine: w.Engine, Connections: w.Connectors, Roles: w.Config.Roles, Identity: everybody{}, Approval: "single", NewID: func() string { return "1" }, Log: slog.New(slog.DiscardHandler)})
	r := httptest.NewRequest(http.MethodGet, "http://127.0.0.1"+web.Prefix+path, nil)
	r.RemoteAddr = "127.0.0.1:1"
	r.Header.Set("Authorization", "Bearer x")
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, r)
	if answer.Code != http.StatusOK && answer.Code != http.StatusNotFound {
		w.t.Fatalf("%s: %d %s", path, answer.Code, answer.Body)
	}
	return answer.Body.String()
}

// overheard keeps what people are told.
type overheard struct{ texts []string }

func (h *overheard) Tell(_ context.Context, m engine.Message) error {
	h.texts = append(h.texts, m.Text())
	return nil
}

// everybody lets anybody in.
type everybody struct{}

func (everybody) Who(string) (string, error) { return "officer", nil }

// misfortune is a stream of faults, one call in five, of every kind.
type misfortune struct{ on *atomic.Int64 }

func trouble(n *atomic.Int64) misfortune { return misfortune{n} }

func (m misfortune) hubspot() *hubspottest.Fault {
	n := m.on.Add(1)
	if n < 0 || n%5 != 0 {
		return nil
	}
	kinds := []hubspottest.Fault{hubspottest.TooMany("1"), hubspottest.Unavailable(503), hubspottest.CommittedThen504(), hubspottest.CommittedThenCut(), hubspottest.HTML(), hubspottest.MalformedJSON(), hubspottest.Locked()}
	f := kinds[int(n/5)%len(kinds)]
	return &f
}

func (m misfortune) light() *lighttest.Fault {
	n := m.on.Add(1)
	if n < 0 || n%5 != 0 {
		return nil
	}
	kinds := []lighttest.Fault{lighttest.Throttled(1), {Status: 503}, {Status: 504, AfterCommit: true}, {Cut: true, AfterCommit: true}, lighttest.HTML(502), {Malformed: true}, {Truncate: true, AfterCommit: true}}
	f := kinds[int(n/5)%len(kinds)]
	return &f
}
