package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/connector/salesforce/salesforcetest"
	"crosswalk/internal/engine"
	"crosswalk/internal/web"
)

// The roads on which a change of Salesforce comes: polling, outbound messages, change events. A case plays the same days
// (busyDays) with some of them open, and what stands at Light in the end must be the same.

// roads is how changes come in a case.
type roads struct {
	messages, events bool
	poll             time.Duration // how often feeds are read; 0: every minute
	lost             string        // messages, events or polling: for the second day
	outbound         salesforcetest.OutboundConfig
	relay            salesforcetest.RelayConfig
	treat            func(salesforcetest.ChangeEvent) salesforcetest.RelayTreatment
	replay           bool // the relay recovers with EARLIEST: everything once more
	soon             bool // a won opportunity has its invoice two minutes later
}

// ways are a world's roads once they are open.
type ways struct {
	hook       func(*http.Request) *httptest.ResponseRecorder // the webhook route
	turnedAway *web.Refusals
	pollDown   bool // the poll function does not run
}

const sfHookSecret = "0123456789abcdef-hook"

// openRoads sets the roads up as an administrator does, on both sides. What arrives goes the product's own way: the webhook
// route, and AcceptEvent.
func (w *world) openRoads(r roads) {
	w.t.Helper()
	raw, err := json.Marshal(Credential{Key: sfToken, WebhookSecret: []string{sfHookSecret}})
	w.ok(err)
	w.ok(w.secrets.Put(w.t.Context(), "salesforce", raw))
	w.turnedAway = &web.Refusals{}
	hooks := w.App.Webhooks(w.turnedAway)
	w.hook = func(r *http.Request) *httptest.ResponseRecorder {
		out := httptest.NewRecorder()
		hooks.ServeHTTP(out, r)
		return out
	}
	time.Sleep(2 * time.Minute) // the secret is taken up
	if r.messages {
		for _, object := range []string{"Account", "Opportunity", "OpportunityLineItem", "Product2"} {
			_, err := w.Salesforce.AddOutboundMessage(salesforcetest.OutboundMessage{Object: object, URL: w.PublicURL + "/webhooks/salesforce/" + sfHookSecret})
			w.ok(err)
		}
		w.Salesforce.SetOutbound(r.outbound)
	}
	if r.events {
		r.relay.Objects = []string{"Account", "Opportunity", "OpportunityLineItem", "Product2"}
		w.Salesforce.StartRelay(r.relay, func(event []byte) {
			_, err := w.App.AcceptEvent(w.t.Context(), event)
			w.ok(err)
		})
		w.Salesforce.SetRelay(r.treat)
	}
}

// loseRoad closes a road for a while, or opens it again.
func (w *world) loseRoad(r roads, closed bool) {
	switch r.lost {
	case "messages":
		w.Salesforce.TreatOutbound(func(string, string) salesforcetest.OutboundTreatment {
			return salesforcetest.OutboundTreatment{Drop: closed}
		})
	case "events":
		w.Salesforce.SetRelay(func(salesforcetest.ChangeEvent) salesforcetest.RelayTreatment {
			return salesforcetest.RelayTreatment{Drop: closed}
		})
	case "polling":
		w.pollDown = closed
	}
}

// sfDoor is the product's webhook route behind the org's sender.
type sfDoor struct{ w *world }

func (d sfDoor) RoundTrip(r *http.Request) (*http.Response, error) {
	in := r.Clone(r.Context())
	in.RequestURI = r.URL.RequestURI()
	answer := d.w.hook(in).Result()
	answer.Request = r
	return answer, nil
}

// sfDeliver sends what is due on the org's roads.
func (w *world) sfDeliver(ctx context.Context) int {
	if w.Salesforce == nil || w.hook == nil {
		return 0
	}
	return w.Salesforce.DeliverDue(ctx, sfDoor{w})
}

// busyDays is three days of people's work at Salesforce; the second one is the day on which a road may be closed.
func (w *world) busyDays(r roads) {
	w.t.Helper()
	p := w.Salesforce.Person()
	nord := w.sfAccount("Nordlys Energi A/S", "Website", "nordlys.example")
	havn := w.sfAccount("Havn og Kran", "Website", "havn.example")
	twin := w.sfAccount("Havn & Kran", "Website", "havnogkran.example")
	_, sensor := w.sfProduct("Sensor unit", "199.99")
	late, latePrice := w.sfProduct("Gateway", "80")
	first := w.sfDeal("First", nord, nil, sfLine(sensor, "10", "179.99"))
	lost := w.sfDeal("Lost again", nord, nil, sfLine(sensor, "1", "100"))
	gone := w.sfDeal("Gone and back", havn, nil, sfLine(sensor, "2", "100"))
	flat := w.sfDeal("Without lines", havn, "250")
	merged := w.sfDeal("Of the twin", twin, nil, sfLine(sensor, "3", "100"))
	together := []string{w.sfDeal("Together 1", nord, nil, sfLine(sensor, "1", "10")), w.sfDeal("Together 2", nord, nil, sfLine(sensor, "1", "20"))}
	w.polled()
	for _, id := range []string{first, lost, gone, merged} {
		w.ok(p.Win(id))
	}
	w.advance(2 * time.Minute)
	if r.soon {
		w.wantInvoice("First", "USD", 179990)
		w.wantInvoice("Of the twin", "USD", 30000)
	}
	w.days(24 * time.Hour)

	w.loseRoad(r, true)
	second := w.sfDeal("On the second day", havn, nil, sfLine(latePrice, "4", "75.5"))
	w.ok(p.Win(second))
	w.sfSet("OpportunityLineItem", w.sfItems(first)[0], "Quantity", "12")
	w.sfSet("Opportunity", first, "Name", "First, renamed")
	w.sfSet("Account", nord, "Name", "Nordlys Energi AS")
	w.sfSet("PricebookEntry", latePrice, "UnitPrice", "88")
	w.sfSet("Product2", late, "Name", "Gateway, second edition")
	w.ok(p.Lose(lost))
	w.ok(p.Delete("Opportunity", gone))
	w.ok(p.Merge("Account", havn, values(), twin))
	w.ok(p.UpdateMany("Opportunity", together, values("StageName", "Closed Won")))
	w.sfCreate("OpportunityLineItem", values("OpportunityId", merged, "PricebookEntryId", sensor, "Quantity", "1", "UnitPrice", "5"))
	w.days(12 * time.Hour)
	w.ok(p.Undelete("Opportunity", gone))
	w.ok(p.Win(flat))
	w.ok(p.Lose(flat))
	w.ok(p.Win(flat))
	w.days(12 * time.Hour)

	w.loseRoad(r, false)
	third := w.sfDeal("On the third day", nord, nil, sfLine(sensor, "1", "1"))
	w.ok(p.Win(third))
	w.days(24 * time.Hour)
	if r.replay {
		w.Salesforce.ReplayRelay()
	}
	w.days(25 * time.Hour)
}

// days lets long times pass in steps of a quarter of an hour, for nobody waits for anything meanwhile.
func (w *world) days(d time.Duration) {
	w.t.Helper()
	for end := time.Now().Add(d); time.Now().Before(end); {
		time.Sleep(15 * time.Minute)
		for n := 0; w.step(w.t.Context()); n++ {
			if n > 500 {
				w.t.Fatal("it does not come to rest")
			}
		}
	}
}

func (w *world) sfItems(opportunity string) []string {
	var out []string
	for _, r := range w.Salesforce.Find("OpportunityLineItem", "OpportunityId", opportunity) {
		out = append(out, r.ID)
	}
	return out
}

// end is what stands at Light and what people are told, without ids and times.
func (w *world) end() string {
	w.t.Helper()
	customers := map[string]string{}
	var out []string
	for _, c := range w.Light.Customers() {
		customers[c.ID] = c.Name
		out = append(out, fmt.Sprintf("customer %s %s %s", c.Name, c.Domain, c.Status))
	}
	for _, v := range w.Light.Invoices() {
		out = append(out, fmt.Sprintf("invoice %s: %d %s in %d lines for %s, %s", v.Description, v.Net(), v.Currency, len(v.Lines), customers[string(v.CustomerID)], v.State))
	}
	for _, p := range w.Light.Products() {
		out = append(out, fmt.Sprintf("product %s %v", p.Name, p.Pricings))
	}
	for _, e := range w.errors("") {
		name := ""
		if r, ok := w.Salesforce.Get(e.Ref.Object, e.Ref.ID); ok {
			name = r.Text("Name")
		}
		out = append(out, fmt.Sprintf("told: %s of %s %s", e.Category, e.Ref.Object, name))
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}

// TestLosingARoadLosesNothing: each road alone, each lost for a day, everything doubled and out of order, everything told as a
// gap: the same documents, customers, products and complaints, and nothing is written any more.
func TestLosingARoadLosesNothing(t *testing.T) {
	asGap := func(salesforcetest.ChangeEvent) salesforcetest.RelayTreatment {
		return salesforcetest.RelayTreatment{Gap: true}
	}
	wild := func(salesforcetest.ChangeEvent) salesforcetest.RelayTreatment {
		return salesforcetest.RelayTreatment{Gap: true, Wildcard: true}
	}
	mess := roads{messages: true, events: true, replay: true,
		outbound: salesforcetest.OutboundConfig{MaxDelay: 20 * time.Minute, DuplicatePercent: 100, Empty: true},
		relay:    salesforcetest.RelayConfig{MaxDelay: 20 * time.Minute, DuplicatePercent: 100}}
	ends := map[string]string{}
	for _, c := range []struct {
		name string
		roads
	}{
		{"polling alone", roads{soon: true}},
		{"messages, and one poll a day", roads{messages: true, poll: 23 * time.Hour, soon: true}},
		{"events, and one poll a day", roads{events: true, poll: 23 * time.Hour, soon: true}},
		{"all", roads{messages: true, events: true, soon: true}},
		{"messages lost for a day", roads{messages: true, poll: 23 * time.Hour, lost: "messages", soon: true}},
		{"events lost for a day", roads{events: true, poll: 23 * time.Hour, lost: "events", soon: true}},
		{"polling lost for a day", roads{messages: true, events: true, lost: "polling", soon: true}},
		{"polling alone, lost for a day", roads{lost: "polling", soon: true}},
		{"all doubled and out of order, and the relay sends everything again", mess},
		{"gap events", roads{events: true, poll: 23 * time.Hour, treat: asGap, soon: true}},
		{"gap events without ids", roads{events: true, poll: 23 * time.Hour, treat: wild, soon: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := anOrg()
			s.Presets = []string{"default_product: ~", "default_product: Services"}
			s.Config = func(config *engine.Config) { config.FeedEvery = max(c.poll, time.Minute) }
			virtual(t, s, func(w *world) {
				w.openRoads(c.roads)
				w.busyDays(c.roads)
				ends[c.name] = w.end()
				if want := ends["polling alone"]; ends[c.name] != want && want != "" {
					t.Errorf("it ends as\n%s\n\nand by polling alone as\n%s", ends[c.name], want)
				}
				for _, line := range []string{"invoice First, renamed: 215988 USD in 1 lines for Nordlys Energi AS, DRAFT", "invoice Of the twin: 30500 USD in 2 lines",
					"invoice Gone and back: 20000 USD", "invoice Without lines: 25000 USD", "invoice On the second day: 30200 USD", "invoice On the third day: 100 USD",
					"invoice Together 1: 1000 USD", "invoice Together 2: 2000 USD", "told: no_longer_won of Opportunity Lost again", "product Gateway, second edition [{USD 8800"} {
					if !strings.Contains(ends[c.name], line) {
						t.Errorf("there is no %q in\n%s", line, ends[c.name])
					}
				}
				if n := len(w.Light.Invoices()); n != 9 {
					t.Errorf("%d invoices", n)
				}
				before := w.writes()
				heads, err := w.Engine.Heads(w.t.Context())
				w.ok(err)
				for _, h := range heads {
					_, err := w.Engine.RunMapping(w.t.Context(), engine.Run{Kind: "full", Mapping: h.Name, Actor: "editor"}, nil)
					w.ok(err)
				}
				w.later()
				if n := w.writes() - before; n != 0 {
					t.Errorf("a second look at everything wrote %d times", n)
				}
				if c := w.turnedAway.Counts(); len(c) != 0 {
					t.Errorf("refused: %v", c)
				}
			})
		})
	}
}

// TestOverflowIsLookedFor: a transaction that runs for longer than feeds reach back, and whose event says nothing but that it
// was large: what it changed and what it deleted are found all the same. Without the event nobody could know before the next
// comparison.
func TestOverflowIsLookedFor(t *testing.T) {
	const long = 50 * time.Minute
	for _, told := range []bool{true, false} {
		virtual(t, anOrg(), func(w *world) {
			w.openRoads(roads{events: true, treat: func(e salesforcetest.ChangeEvent) salesforcetest.RelayTreatment {
				return salesforcetest.RelayTreatment{Overflow: true, Delay: long + time.Second, Drop: !told}
			}})
			account := w.sfAccount("Nordlys Energi A/S", "Website", "nordlys.example")
			_, sensor := w.sfProduct("Sensor unit", "199.99")
			deal, other := w.sfDeal("Large", account, nil, sfLine(sensor, "1", "100")), w.sfDeal("Deleted", account, nil, sfLine(sensor, "1", "50"))
			w.ok(w.Salesforce.Person().Win(other))
			w.advance(2 * time.Hour)
			w.wantInvoice("Deleted", "USD", 5000)
			slow := w.Salesforce.Person().Late(long)
			w.ok(slow.Win(deal))
			w.ok(slow.Delete("Opportunity", other))
			w.advance(3 * time.Hour)
			if n := len(w.invoices("Large")); told && n != 1 || !told && n != 0 {
				t.Errorf("told %v: %d invoices; %s", told, n, w.story())
			}
			if told {
				w.wantInvoice("Large", "USD", 10000)
			}
		})
	}
}

// TestForgedMessages: what does not come from the org is refused and counted, and does nothing; what cannot be queued is sent
// again.
func TestForgedMessages(t *testing.T) {
	virtual(t, anOrg(), func(w *world) {
		w.openRoads(roads{})
		account := w.sfAccount("Nordlys Energi A/S")
		w.polled()
		good := fmt.Sprintf(`<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body><notifications xmlns="http://soap.sforce.com/2005/09/outbound"><OrganizationId>%s</OrganizationId><ActionId>04k5f000000TN1eAAG</ActionId><SessionId xsi:nil="true"/><EnterpriseUrl>https://x.example</EnterpriseUrl><PartnerUrl>https://x.example</PartnerUrl><Notification><Id>04l5f000000TN1eAAG</Id><sObject xsi:type="sf:Account" xmlns:sf="urn:sobject.enterprise.soap.sforce.com"><sf:Id>%s</sf:Id></sObject></Notification></notifications></soapenv:Body></soapenv:Envelope>`, w.Salesforce.OrgID(), account)
		address := "/webhooks/salesforce/" + sfHookSecret
		for _, c := range []struct {
			name, path, body string
			status           int
			reason           string
		}{
			{"true", address, good, 200, ""},
			{"another secret", "/webhooks/salesforce/0123456789abcdef-hoot", good, 401, "signature"},
			{"no secret", "/webhooks/salesforce", good, 401, "signature"},
			{"the access token for a secret", "/webhooks/salesforce/" + sfToken, good, 401, "signature"},
			{"another org", address, strings.ReplaceAll(good, w.Salesforce.OrgID(), "00D000000000001AAA"), 401, "account"},
			{"a document type", address, strings.Replace(good, "<soapenv:Envelope", `<!DOCTYPE x [<!ENTITY e SYSTEM "http://169.254.169.254/">]><soapenv:Envelope`, 1), 400, "malformed"},
			{"too large", address, good + strings.Repeat(" ", 1<<20), 413, "too_large"},
			{"not XML", address, `{"a":1}`, 400, "malformed"},
			{"another connection", "/webhooks/light/" + sfHookSecret, good, 401, "account"},
		} {
			before, counted := w.waiting(), w.turnedAway.Counts()[c.reason]
			out := w.hook(httptest.NewRequest(http.MethodPost, w.PublicURL+c.path, bytes.NewReader([]byte(c.body))))
			if out.Code != c.status {
				t.Errorf("%s: answered %d, want %d", c.name, out.Code, c.status)
			}
			if acked := strings.Contains(out.Body.String(), "<Ack>true</Ack>"); acked != (c.status == 200) {
				t.Errorf("%s: acknowledged %v", c.name, acked)
			}
			if n := w.waiting() - before; (n > 0) != (c.status == 200) {
				t.Errorf("%s: %d tasks", c.name, n)
			}
			if n := w.turnedAway.Counts()[c.reason] - counted; c.reason != "" && n != 1 {
				t.Errorf("%s: counted %d times as %s", c.name, n, c.reason)
			}
		}
	})
}

// TestEventsOfAnotherOrg: an event goes to the connection that is bound to the org it comes from, and to no other.
func TestEventsOfAnotherOrg(t *testing.T) {
	virtual(t, anOrg(), func(w *world) {
		var events [][]byte
		w.Salesforce.StartRelay(salesforcetest.RelayConfig{Objects: []string{"Account"}}, func(e []byte) { events = append(events, e) })
		w.openRoads(roads{})
		w.sfAccount("Nordlys Energi A/S")
		w.Salesforce.DeliverDue(w.t.Context(), sfDoor{w})
		if len(events) != 1 {
			t.Fatalf("%d events", len(events))
		}
		for _, c := range []struct {
			name, event, reason string
			tasks               int
		}{
			{"ours", string(events[0]), "", 1},
			{"another org's", strings.ReplaceAll(string(events[0]), w.Salesforce.OrgID(), "00D000000000001AAA"), "account", 0},
			{"of a source that is not Salesforce", strings.ReplaceAll(string(events[0]), "aws.partner/salesforce.com", "aws.partner/other.example"), "account", 0},
			{"no event", `{"detail":1}`, "malformed", 0},
			{"nothing", ``, "malformed", 0},
		} {
			before := w.waiting()
			n, err := w.App.AcceptEvent(w.t.Context(), []byte(c.event))
			var refused *connector.RefusedError
			if errors.As(err, &refused); err != nil && refused == nil || refused != nil && refused.Reason != c.reason || refused == nil && c.reason != "" {
				t.Errorf("%s: %v, want %q", c.name, err, c.reason)
			}
			if n != c.tasks || w.waiting()-before != c.tasks {
				t.Errorf("%s: %d tasks, %d waiting", c.name, n, w.waiting()-before)
			}
		}
	})
}
