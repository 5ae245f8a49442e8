package app

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/connector/hubspot/hubspottest"
	"crosswalk/internal/connector/light/lighttest"
	"crosswalk/internal/engine"
	"crosswalk/internal/engine/lane"
	"crosswalk/internal/mapping"
)

// post sends a body to the webhook as HubSpot would, signed with a secret at a moment.
func (w *world) post(body []byte, secret string, at time.Time) (int, error) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, hookURL, bytes.NewReader(body))
	w.ok(err)
	stamp := strconv.FormatInt(at.UnixMilli(), 10)
	r.Header.Set("X-HubSpot-Request-Timestamp", stamp)
	r.Header.Set("X-HubSpot-Signature-v3", hubspottest.SignatureV3(secret, http.MethodPost, hookURL, body, stamp))
	return w.Engine.Accept(w.t.Context(), "hubspot", r, hookURL, body)
}

func (w *world) events(n int, deal string) []byte {
	w.t.Helper()
	var list []map[string]any
	for i := range n {
		id := deal
		if id == "" {
			id = fmt.Sprint(9101000000 + i)
		}
		number, err := strconv.ParseInt(id, 10, 64)
		w.ok(err)
		list = append(list, map[string]any{"eventId": i, "portalId": 62515, "appId": hubspottest.AppID, "subscriptionType": "deal.propertyChange", "propertyName": "dealstage",
			"propertyValue": "closedwon", "objectId": number, "occurredAt": time.Now().UnixMilli(), "attemptNumber": 0, "changeSource": "CRM_UI"})
	}
	body, err := json.Marshal(list)
	w.ok(err)
	return body
}

func (w *world) waiting() int {
	w.t.Helper()
	n := 0
	for _, l := range []lane.Lane{lane.Live, lane.Bulk} {
		c, err := w.lanes.Counts(w.t.Context(), l)
		w.ok(err)
		n += c.Waiting + c.InWork
	}
	return n
}

// Malformed, oversized or forged webhooks: refused by name, nothing enqueued.
func TestRefusedWebhooksEnqueueNothing(t *testing.T) {
	virtual(t, setup{}, func(w *world) {
		w.later()
		good := w.events(1, "9101000001")
		for _, c := range []struct {
			name, reason, secret string
			body                 []byte
			at                   time.Time
		}{
			{"forged", "signature", "another secret", good, time.Now()},
			{"replayed after six minutes", "stale", hubspottest.ClientSecret, good, time.Now().Add(-6 * time.Minute)},
			{"from the future", "stale", hubspottest.ClientSecret, good, time.Now().Add(6 * time.Minute)},
			{"not JSON", "malformed", hubspottest.ClientSecret, []byte("deal won!"), time.Now()},
			{"no list", "malformed", hubspottest.ClientSecret, []byte(`{"objectId":1}`), time.Now()},
			{"101 events", "malformed", hubspottest.ClientSecret, w.events(101, ""), time.Now()},
			{"over a megabyte", "too_large", hubspottest.ClientSecret, append(bytes.Repeat([]byte(" "), 1<<20), good...), time.Now()},
			{"another portal", "account", hubspottest.ClientSecret, bytes.ReplaceAll(good, []byte("62515"), []byte("62516")), time.Now()},
		} {
			_, err := w.post(c.body, c.secret, c.at)
			var refused *connector.RefusedError
			if !errors.As(err, &refused) || refused.Reason != c.reason {
				w.t.Errorf("%s: %v, want refused as %s", c.name, err, c.reason)
			}
			if n := w.waiting(); n != 0 {
				w.t.Errorf("%s: %d messages wait", c.name, n)
			}
		}
		altered := bytes.Replace(good, []byte("closedwon"), []byte("closedwin"), 1)
		r, _ := http.NewRequestWithContext(w.t.Context(), http.MethodPost, hookURL, bytes.NewReader(altered))
		stamp := strconv.FormatInt(time.Now().UnixMilli(), 10)
		r.Header.Set("X-HubSpot-Request-Timestamp", stamp)
		r.Header.Set("X-HubSpot-Signature-v3", hubspottest.SignatureV3(hubspottest.ClientSecret, http.MethodPost, hookURL, good, stamp))
		if _, err := w.Engine.Accept(w.t.Context(), "hubspot", r, hookURL, altered); err == nil {
			w.t.Error("a body that is not the signed one was let in")
		}
	})
}

// Up to 100 events a request, answered without a call to any system: durable in the queue, and no more.
func TestHundredEventsAreEnqueuedWithoutACall(t *testing.T) {
	virtual(t, setup{}, func(w *world) {
		w.later()
		w.HubSpot.ResetCalls()
		w.Light.ResetCalls()
		n, err := w.post(w.events(100, ""), hubspottest.ClientSecret, time.Now())
		if err != nil || n != 100 || w.waiting() != 100 {
			w.t.Fatalf("%d tasks, %d waiting, %v", n, w.waiting(), err)
		}
		if c := w.HubSpot.Calls()["total"] + w.Light.Calls()["total"]; c != 0 {
			w.t.Errorf("%d calls before the answer", c)
		}
		// a hundred events about one deal are one task
		if n, err = w.post(w.events(100, "9101000001"), hubspottest.ClientSecret, time.Now()); err != nil || n != 1 {
			w.t.Errorf("%d tasks, %v", n, err)
		}
	})
}

// A webhook is taken while HubSpot's own API is down, for hours.
func TestWebhookIsTakenWhileHubSpotIsDown(t *testing.T) {
	virtual(t, setup{}, func(w *world) {
		co, p := w.billable()
		d := w.deal("Deal", co, "10", line(p, "quantity", "1"))
		w.later()
		w.HubSpot.SetFault(func(*http.Request, []byte) *hubspottest.Fault { f := hubspottest.Unavailable(503); return &f })
		w.advance(3 * time.Hour)
		w.ok(w.HubSpot.User().Win(d))
		if n := w.HubSpot.DeliverDue(w.t.Context(), door{w}); n == 0 {
			w.t.Fatal("nothing was delivered")
		}
		if _, due := w.HubSpot.NextDelivery(); due {
			w.t.Fatal("it was not taken")
		}
		w.advance(time.Hour)
		if _, err := w.Engine.Status(w.t.Context()); err != nil {
			w.t.Errorf("status needs HubSpot: %v", err)
		}
		if _, err := w.Engine.Why(w.t.Context(), dealRef(d)); err != nil {
			w.t.Errorf("why needs HubSpot: %v", err)
		}
		w.HubSpot.SetFault(nil)
		w.later()
		w.wantInvoice("Deal", "USD", 1000)
	})
}

// Feeds are polled: a lost webhook is found, for deals and for their lines, within two polls.
func TestLostWebhookIsFoundByThePoll(t *testing.T) {
	virtual(t, setup{}, func(w *world) {
		w.HubSpot.SetDelivery(func(hubspottest.Event) hubspottest.Treatment { return hubspottest.Treatment{Drop: true} })
		co, p := w.billable()
		d := w.deal("Deal", co, "10", line(p, "quantity", "1"))
		w.ok(w.HubSpot.User().Win(d))
		w.advance(2 * time.Minute)
		w.wantInvoice("Deal", "USD", 1000)
		w.set("line_items", w.at("deals", d).Associations["line_items"][0], "name", "Another name")
		w.advance(3 * time.Minute)
		if got := w.invoice("Deal").Lines[0].ProductNameOverwrite; got != "Another name" {
			w.t.Errorf("the line is still called %q", got)
		}
		if w.HubSpot.Lost() == 0 {
			w.t.Error("no webhook was lost")
		}
	})
}

// A poll finds what search shows late: the index lags a minute, and the deal is billed all the same.
func TestLostWebhookAndLateIndex(t *testing.T) {
	virtual(t, setup{Quiet: true, HubSpot: hubspottest.Config{SearchLag: 90 * time.Second}}, func(w *world) {
		co, p := w.billable()
		for n := range 5 {
			d := w.deal(fmt.Sprintf("Deal %d", n), co, "10", line(p, "quantity", "1"))
			w.ok(w.HubSpot.User().Win(d))
			w.advance(37 * time.Second)
		}
		w.advance(10 * time.Minute)
		for n := range 5 {
			w.wantInvoice(fmt.Sprintf("Deal %d", n), "USD", 1000)
		}
	})
}

// Doubled, shuffled and late webhooks change only when things happen.
func TestDoubledAndLateWebhooks(t *testing.T) {
	virtual(t, setup{HubSpot: hubspottest.Config{Webhooks: hubspottest.WebhookConfig{DuplicatePercent: 100, MaxDelay: 2 * time.Minute}}}, func(w *world) {
		co, p := w.billable()
		w.HubSpot.SetDelivery(func(hubspottest.Event) hubspottest.Treatment { return hubspottest.Treatment{Copies: 3} })
		var deals []string
		for n := range 10 {
			deals = append(deals, w.deal(fmt.Sprintf("Deal %d", n), co, "10", line(p, "quantity", "1")))
		}
		w.win(deals...)
		w.later()
		for n := range 10 {
			w.wantInvoice(fmt.Sprintf("Deal %d", n), "USD", 1000)
		}
		if n := w.Light.Calls()["POST /v1/invoice-receivables"]; n != 10 {
			w.t.Errorf("%d invoice calls for 10 deals", n)
		}
	})
}

// By hand: one record, one mapping; and the run's progress is exact, also for another process.
func TestRunByHandAndItsProgress(t *testing.T) {
	virtual(t, setup{Quiet: true, Draft: true}, func(w *world) {
		co, p := w.company("Nordlys"), w.product("Thing", "10")
		for n := range 30 {
			w.old(fmt.Sprintf("Deal %02d", n), co, p, "2026-03-01")
		}
		w.goLiveLater()
		r, err := w.Engine.RunMapping(w.t.Context(), engine.Run{Kind: "full", Mapping: "deals-to-invoices", Actor: "editor"}, nil)
		w.ok(err)
		w.settle()
		other, err := engine.New(w.config)
		w.ok(err)
		got, err := other.GetRun(w.t.Context(), r.ID)
		if err != nil || got.Status != "done" || got.Listed != 30 || got.Done != 30 || got.Counts.Created != 30 || got.Expected != 30 {
			w.t.Fatalf("%+v %v", got, err)
		}
		again := w.run(engine.Run{Kind: "full", Mapping: "deals-to-invoices", Actor: "editor"})
		if again.Done != 30 || again.Counts.Writes() != 0 {
			w.t.Errorf("a second run: %+v", again.Counts)
		}
		if _, err := w.Engine.RunMapping(w.t.Context(), engine.Run{Kind: "named", Mapping: "deals-to-invoices", Actor: "editor"}, nil); err != nil {
			w.t.Log(err)
		}
		if _, err := w.Engine.RunMapping(w.t.Context(), engine.Run{Kind: "named", Mapping: "nothing", Actor: "editor"}, nil); err == nil {
			w.t.Error("a run of no mapping was started")
		}
	})
}

// Light's own CRM integration, seen in the last 30 days, refuses going live unless the operator states that it is off.
func TestNativeIntegrationRefusesGoingLive(t *testing.T) {
	virtual(t, setup{Draft: true}, func(w *world) {
		c := w.Light.CreateCustomer(lighttest.Customer{Name: "Synced"})
		for _, k := range []struct {
			days    int
			source  string
			refused bool
		}{{29, "HUBSPOT", true}, {29, "SALESFORCE", true}, {31, "HUBSPOT", false}, {1, "STRIPE", false}} {
			w.ok(w.Light.SetCustomerSource(c.ID, k.source, "1", time.Now().AddDate(0, 0, -k.days)))
			err := w.Engine.MayGoLive(w.t.Context(), "deals-to-invoices", false)
			if (err != nil) != k.refused {
				w.t.Errorf("%s %d days ago: %v", k.source, k.days, err)
			}
			if k.refused && (!strings.Contains(err.Error(), c.ID) || !strings.Contains(err.Error(), "--native-off")) {
				w.t.Errorf("it does not say what and how: %v", err)
			}
			if err := w.Engine.MayGoLive(w.t.Context(), "deals-to-invoices", true); err != nil {
				w.t.Errorf("stated as off, and still: %v", err)
			}
		}
	})
}

// A mapping that names a missing property is refused on apply, with line, field and the nearest name; nothing is stored.
func TestMissingPropertyIsRefusedOnApply(t *testing.T) {
	virtual(t, setup{Draft: true}, func(w *world) {
		before, err := w.Engine.Heads(w.t.Context())
		w.ok(err)
		for _, c := range [][]string{
			{"{ a: dealname, b: description }", "{ a: dealnam, b: description }", "dealname"},
			{"{ a: dealname, b: description }", "{ a: dealname, b: descripton }", "description"},
			{"static: DE01", "static: DE02", "DE01"},
			{"entered_on: \"hs_v2_date_entered_{stage}\"", "entered_on: \"hs_v2_date_enterd_{stage}\"", "hs_v2_date_enter"},
			{"since: 2026-01-01", "", "since"},
			{"  - { b: companyEntityId, static: DE01, table: entities }\n", "", "companyEntityId"},
		} {
			var documents [][]byte
			for _, d := range presetsWith(w.t, c[0], c[1]) {
				documents = append(documents, []byte(d))
			}
			_, err := w.Engine.ApplyAll(w.t.Context(), documents, "editor")
			var problems mapping.Problems
			if !errors.As(err, &problems) || !strings.Contains(err.Error(), c[2]) || !strings.Contains(err.Error(), "line ") {
				w.t.Errorf("%q: %v, want a complaint with its line that names %s", c[1], err, c[2])
			}
		}
		after, err := w.Engine.Heads(w.t.Context())
		w.ok(err)
		for n := range after {
			if after[n].Latest != before[n].Latest {
				w.t.Errorf("%s: version %d was stored", after[n].Name, after[n].Latest)
			}
		}
	})
}
