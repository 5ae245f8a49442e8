package app

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"crosswalk/internal/connector/hubspot/hubspottest"
	"crosswalk/internal/connector/light/lighttest"
	"crosswalk/internal/engine"
	"crosswalk/internal/engine/lane"
	"crosswalk/internal/engine/table"
	"crosswalk/internal/store/memory"
)

const createInvoice = "POST /v1/invoice-receivables"

// A3: a stale page is no change back: HubSpot serves the version before last, and Light never goes back to it.
func TestA3_StaleReadIsNoRevert(t *testing.T) {
	virtual(t, setup{}, func(w *world) {
		co, p := w.company("Version 1", "domain", "nordlys.example"), w.product("Thing", "10")
		w.win(w.deal("Deal", co, "10", line(p, "quantity", "1")))
		w.later()
		var old []byte
		remember := true
		w.HubSpot.SetFault(func(r *http.Request, _ []byte) *hubspottest.Fault {
			if !strings.HasSuffix(r.URL.Path, "/companies/batch/read") {
				return nil
			}
			return &hubspottest.Fault{Mangle: func(status int, body []byte) (int, []byte) {
				if remember {
					old = bytes.Clone(body)
					return status, body
				}
				return status, old // a replica that has not caught up
			}}
		})
		w.set("companies", co, "name", "Version 2")
		w.later()
		if len(old) == 0 || len(w.customers("Version 2")) != 1 {
			w.t.Fatalf("the case is not what it says; %s", w.story())
		}
		w.HubSpot.SetFault(nil)
		w.set("companies", co, "name", "Version 3")
		w.later()
		remember = false
		w.HubSpot.SetFault(func(r *http.Request, _ []byte) *hubspottest.Fault {
			if !strings.HasSuffix(r.URL.Path, "/companies/batch/read") {
				return nil
			}
			return &hubspottest.Fault{Mangle: func(status int, _ []byte) (int, []byte) { return status, old }}
		})
		w.Light.ResetCalls()
		w.ok(w.Engine.Enqueue(w.t.Context(), lane.Live, []engine.Task{{Ref: companyRef(co), Cause: "webhook"}}))
		w.advance(12 * time.Second) // the replica is read three times at most before it is believed
		if len(w.customers("Version 3")) != 1 || w.writes() != 0 {
			w.t.Fatalf("%d writes, the customer is %s", w.writes(), w.Light.Customers()[0].Name)
		}
		w.HubSpot.SetFault(nil)
		w.later()
		if len(w.customers("Version 3")) != 1 {
			w.t.Errorf("the customer is %s", w.Light.Customers()[0].Name)
		}
	})
}

// A4: a worker that is frozen between its intention and its call sends nothing when it thaws.
func TestA4_FrozenWorkerSendsNothing(t *testing.T) {
	var freeze func(ctx context.Context, c memory.Call)
	virtual(t, setup{Table: func(inner table.Table) table.Table {
		return &memory.Faulty{Inner: inner, After: func(ctx context.Context, c memory.Call, answer error) error {
			if freeze != nil {
				freeze(ctx, c)
			}
			return answer
		}}
	}}, func(w *world) {
		co, p := w.billable()
		d := w.deal("Deal", co, "10", line(p, "quantity", "1"))
		w.later()
		frozen := false
		freeze = func(_ context.Context, c memory.Call) {
			if !frozen && c.Op == memory.OpPut && strings.HasPrefix(c.Put.PK, "L#document") && bytes.Contains(c.Put.Data, []byte(`"claimed"`)) {
				frozen = true
				time.Sleep(40 * time.Minute) // its claim has long been taken over by then
			}
		}
		w.ok(w.HubSpot.User().Win(d))
		w.HubSpot.DeliverDue(w.t.Context(), door{w})
		one, err := engine.New(w.config)
		w.ok(err)
		done := make(chan struct{})
		go func() {
			defer close(done)
			one.Receive(w.t.Context(), lane.Live, 10)
		}()
		time.Sleep(time.Second)
		if !frozen {
			w.t.Fatal("nobody froze")
		}
		w.advance(30 * time.Minute) // the second worker: the message comes back, the claim runs out
		w.wantInvoice("Deal", "USD", 1000)
		calls := w.Light.Calls()[createInvoice]
		<-done
		w.later()
		w.wantInvoice("Deal", "USD", 1000)
		if n := w.Light.Calls()[createInvoice]; n != calls {
			w.t.Errorf("the thawed worker sent %d more", n-calls)
		}
	})
}

// A5: everything we create carries our marker, so that it is never taken for somebody's and can be found again.
func TestA5_CreatesCarryTheMarker(t *testing.T) {
	virtual(t, setup{}, func(w *world) {
		co, p := w.billable()
		w.win(w.deal("Invoice", co, "10", line(p, "quantity", "1")), w.deal("Contract", co, "10", line(p, "quantity", "1", "recurringbillingfrequency", "monthly")))
		markers := map[string]string{"invoice": string(w.invoice("Invoice").Reference), "contract": w.contract("Contract").CustomProperties.Get(lighttest.MarkerGroup),
			"customer": w.Light.Customers()[0].CustomProperties.Get(lighttest.MarkerGroup)}
		for _, l := range w.Light.Products() {
			if l.Name == "Thing" {
				markers["product"] = l.CustomProperties.Get(lighttest.MarkerGroup)
			}
		}
		seen := map[string]bool{}
		for what, m := range markers {
			if !engine.IsMarker(m) || seen[m] {
				w.t.Errorf("%s: %q is no marker of its own", what, m)
			}
			seen[m] = true
		}
	})
}

// A5: where Light has no field for the marker, check says who must make it.
func TestA5_CheckNamesTheMissingMarkerField(t *testing.T) {
	virtual(t, setup{}, func(w *world) {
		w.Light.RemoveGroup(lighttest.MarkerGroup)
		fresh := newConnector(w, "light")
		w.Connectors["light"] = fresh
		w.restart()
		findings, err := w.Engine.Check(w.t.Context(), false)
		w.ok(err)
		stops := map[string]bool{}
		for _, f := range findings {
			if f.Severity == "stop" && strings.Contains(f.Finding, "marker") {
				stops[f.Where] = true
				if !strings.Contains(f.Fix, lighttest.MarkerGroup) || f.Owner == "" {
					w.t.Errorf("%+v", f)
				}
			}
		}
		if !stops["light/customers"] || !stops["light/contracts"] || stops["light/invoice-receivables"] {
			w.t.Errorf("%v", stops)
		}
	})
}

// A6: the answer is lost, the deal is edited, renamed and grows a line: the same key, one document, which then follows.
func TestA6_LostAnswerAndAnEditInBetween(t *testing.T) {
	for _, kind := range []string{"invoice", "contract"} {
		for name, fault := range map[string]lighttest.Fault{"cut after the effect": {Cut: true, AfterCommit: true}, "gateway timeout after the effect": {Status: 504, AfterCommit: true}, "cut before it": {Cut: true}} {
			t.Run(kind+" "+name, func(t *testing.T) {
				virtual(t, setup{Presets: []string{"amounts: hold ", "amounts: lines "}}, func(w *world) {
					co, p := w.billable()
					l := line(p, "quantity", "1")
					route := createInvoice
					if kind == "contract" {
						l["recurringbillingfrequency"], route = "monthly", "POST /v1/contracts"
					}
					d := w.deal("Deal", co, "10", l)
					w.Light.SetFault(lighttest.FailOnce(route, fault))
					w.win(d)
					w.set("deals", d, "dealname", "Deal, edited")
					w.line(d, line(p, "quantity", "2"))
					w.advance(time.Hour)
					if kind == "contract" {
						if c := w.contract("Deal, edited"); len(c.Lines) != 2 || len(w.Light.Contracts()) != 1 {
							w.t.Fatalf("%d contracts, %d lines; %s", len(w.Light.Contracts()), len(c.Lines), w.story())
						}
					} else if w.wantInvoice("Deal, edited", "USD", 3000); len(w.Light.Invoices()) != 1 {
						w.t.Fatalf("%d invoices", len(w.Light.Invoices()))
					}
					w.wantNoError(dealRef(d))
				})
			})
		}
	}
}

// A6: a one-time deal's answer is lost and a recurring line is added meanwhile: the kind is frozen, one document.
func TestA6_KindIsFrozenByTheClaim(t *testing.T) {
	virtual(t, setup{}, func(w *world) {
		co, p := w.billable()
		d := w.deal("Deal", co, "", line(p, "quantity", "1"))
		w.Light.SetFault(lighttest.FailAfterCommit(createInvoice, lighttest.Fault{Cut: true}))
		w.win(d)
		w.line(d, line(p, "quantity", "1", "recurringbillingfrequency", "monthly"))
		w.advance(time.Hour)
		w.invoice("Deal")
		w.wantHeld(dealRef(d), "kind_changed")
		if n := len(w.Light.Contracts()); n != 0 {
			w.t.Errorf("%d contracts beside the invoice", n)
		}
	})
}

// A6: a definite refusal raises the attempt: the mended deal is billed under another key, and Light takes it.
func TestA6_RefusedThenMended(t *testing.T) {
	virtual(t, setup{}, func(w *world) {
		co, p := w.billable()
		w.ok(w.Light.RequireProperty("sales_rep", true))
		w.Light.SetFault(lighttest.FailOnce(createInvoice, lighttest.Fault{Status: 422, Body: `{"name":"UnprocessableContentException","type":"UNPROCESSABLE_CONTENT","errors":[{"type":"X","message":"no","path":["customerId"],"context":{}}]}`}))
		d := w.deal("Deal", co, "10", line(p, "quantity", "1"))
		w.win(d)
		w.wantHeld(dealRef(d), "refused")
		w.wantNoDocument("Deal")
		w.retry(dealRef(d))
		w.later()
		w.wantInvoice("Deal", "USD", 1000)
		w.wantNoError(dealRef(d))
	})
}

// A7: values that are changed on the way are settled as they are: nothing flows for ever.
func TestA7_TransformedValuesDoNotFlowForEver(t *testing.T) {
	virtual(t, setup{Presets: []string{"  - { a: domain, b: domain }", "  - { a: domain, b: domain }\n  - { a: phone, b: description, transform: 'truncate(5)' }"}}, func(w *world) {
		co, p := w.company("Nordlys", "vat_number", " dk12345674 ", "billing_email", "AP@Nordlys.example", "phone", "(415) 555-0132", "domain", "Nordlys.example"), w.product("Thing", "10")
		w.win(w.deal("Deal", co, "10", line(p, "quantity", "1")))
		w.later()
		if c := w.Light.Customers()[0]; c.VATNumber != "DK12345674" || c.Email != "ap@nordlys.example" || c.Description != "(415)" {
			w.t.Fatalf("%+v", c)
		}
		w.Light.ResetCalls()
		for range 3 {
			w.run(engine.Run{Kind: "full", Mapping: "companies-to-customers", Actor: "editor"})
			w.run(engine.Run{Kind: "full", Mapping: "deals-to-invoices", Actor: "editor"})
			w.later()
		}
		if n := w.writes(); n != 0 {
			w.t.Errorf("%d writes though nothing changed", n)
		}
	})
}

// A9: a field of a related record is a fact of the plan: the company's city stands on the invoice.
func TestA9_RelatedRecordsAreFacts(t *testing.T) {
	virtual(t, setup{Presets: []string{"  # - { a: po_number, b: poNumber }    # if you keep the customer's order number as a property of your own", "  - { a: company.city, b: poNumber }"}}, func(w *world) {
		co, p := w.billable()
		w.win(w.deal("Deal", co, "10", line(p, "quantity", "1")))
		if i := w.wantInvoice("Deal", "USD", 1000); i.PONumber != "Aarhus" {
			w.t.Errorf("%q", i.PONumber)
		}
	})
}

// A10: an address is one group: edited in part at both sides it is never mixed.
func TestA10_AddressIsNeverMixed(t *testing.T) {
	virtual(t, setup{}, func(w *world) {
		co, p := w.company("Nordlys", "state", "Ontario", "city", "Toronto", "country", "Canada"), w.product("Thing", "10")
		w.win(w.deal("Deal", co, "10", line(p, "quantity", "1")))
		w.later()
		id := w.Light.Customers()[0].ID
		w.ok(w.Light.EditCustomer(id, func(c *lighttest.Customer) {
			a := *c.BillingAddress
			a.State, a.City = "Quebec", "Montreal"
			c.BillingAddress = &a
		}))
		w.set("companies", co, "country", "United States", "city", "Austin")
		w.later()
		if a := w.Light.Customers()[0].BillingAddress; a.Country != "CA" || a.State != "Quebec" || a.City != "Montreal" {
			w.t.Errorf("a mixed address: %+v", a)
		}
	})
}

// A12: the agreed values on the link are keyed digests: the store holds nobody's name outside the audit trail, the
// unchanged record costs no put, and an update costs two.
func TestA12_LinkHoldsDigestsAndUpdatesAreTwoPuts(t *testing.T) {
	counted := &counter{}
	virtual(t, setup{Table: func(t table.Table) table.Table { counted.Table = t; return counted }}, func(w *world) {
		co, p := w.company("Nordlys Energi", "domain", "nordlys.example", "billing_email", "ap@nordlys.example"), w.product("Thing", "10")
		w.win(w.deal("Deal", co, "10", line(p, "quantity", "1")))
		w.later()
		for _, item := range w.store.Snapshot().Items() {
			kind, _, _ := strings.Cut(item.PK, "#")
			if kind == "J" || kind == "D" || kind == "M" || kind == "F" {
				continue // audit trail and bodies hold values and are compressed or the exact bytes sent; mappings hold none of a record
			}
			for _, secret := range []string{"Nordlys", "nordlys.example"} {
				if bytes.Contains(item.Data, []byte(secret)) || strings.Contains(item.SK, secret) {
					w.t.Errorf("%s / %s holds %s", item.PK, item.SK, secret)
				}
			}
		}
		w.Engine.Work(w.t.Context(), []engine.Task{{Ref: companyRef(co), Cause: "test"}}) // what was written is read back once
		counted.reset()
		w.Engine.Work(w.t.Context(), []engine.Task{{Ref: companyRef(co), Cause: "test"}})
		if counted.puts != 0 {
			w.t.Errorf("%d puts for a company that did not change", counted.puts)
		}
		w.HubSpot.SetDelivery(func(hubspottest.Event) hubspottest.Treatment { return hubspottest.Treatment{Drop: true} })
		w.set("companies", co, "name", "Nordlys")
		counted.reset()
		w.Engine.Work(w.t.Context(), []engine.Task{{Ref: companyRef(co), Cause: "test"}})
		// intention and outcome on the link; the audit page, its values, its outcome; the error that may be over
		if len(w.customers("Nordlys")) != 1 || counted.puts > 6 {
			w.t.Errorf("%d puts for an update", counted.puts)
		}
	})
}

// A13: an edit inside the window between our read and our write: fields that we do not write are never overwritten, and
// a draft that somebody edited in the window keeps that edit.
func TestA13_EditInsideTheWindow(t *testing.T) {
	virtual(t, setup{}, func(w *world) {
		co, p := w.company("Nordlys", "domain", "nordlys.example"), w.product("Thing", "10")
		w.win(w.deal("Deal", co, "10", line(p, "quantity", "1")))
		w.later()
		id := w.Light.Customers()[0].ID
		hit := false
		w.Light.SetFault(func(r *http.Request, _ []byte) *lighttest.Fault {
			if r.Method == http.MethodPatch && !hit {
				hit = true
				w.ok(w.Light.EditCustomer(id, func(c *lighttest.Customer) { c.Email, c.Domain = "finance@nordlys.example", "energi.example" }))
			}
			return nil
		})
		w.set("companies", co, "name", "Nordlys Energi")
		w.later()
		if c := w.Light.Customers()[0]; !hit || c.Name != "Nordlys Energi" || c.Email != "finance@nordlys.example" || c.Domain != "energi.example" {
			w.t.Errorf("hit %v: %+v", hit, c)
		}
	})
}

// The claim outlives everything that happens to its deal: lost, deleted or merged while the answer is unknown, the document
// that was made is found and reported, and winning again makes no second one.
func TestA6_DealIsLostWhileTheAnswerIsUnknown(t *testing.T) {
	for _, kind := range []string{"invoice", "contract"} {
		for _, what := range []string{"lost", "deleted", "merged"} {
			t.Run(kind+" "+what, func(t *testing.T) {
				virtual(t, setup{}, func(w *world) {
					co, p := w.billable()
					l, route := line(p, "quantity", "1"), createInvoice
					if kind == "contract" {
						l["recurringbillingfrequency"], route = "monthly", "POST /v1/contracts"
					}
					d := w.deal("Deal", co, "10", l)
					other := w.deal("Deal", co, "")
					w.later()
					w.Light.SetFault(lighttest.FailAfterCommit(route, lighttest.Fault{Cut: true}))
					w.win(d)
					switch what {
					case "lost":
						w.lose(d)
					case "deleted":
						w.ok(w.HubSpot.User().Archive("deals", d))
					case "merged":
						merged, err := w.HubSpot.User().Merge("deals", d, other)
						w.ok(err)
						d = merged
					}
					w.advance(2 * time.Hour)
					if n := len(w.invoices("Deal")) + len(w.contracts("Deal")); n != 1 {
						w.t.Fatalf("%d documents; %s", n, w.story())
					}
					if what != "merged" {
						w.wantHeld(dealRef(d), "no_longer_won")
					}
					if what == "deleted" {
						w.ok(w.HubSpot.User().Restore("deals", d))
					}
					w.advance(48 * time.Hour) // beyond the life of Light's idempotency keys
					w.win(d)
					w.advance(time.Hour)
					if n := len(w.invoices("Deal")) + len(w.contracts("Deal")); n != 1 {
						w.t.Fatalf("%d documents after it was won again; %s", n, w.story())
					}
					w.wantNoError(dealRef(d))
				})
			})
		}
	}
}

// T22: the engine starts goroutines through one function only, which a simulation makes a sequence, and the same seed
// gives the same audit trail.
func TestT22_OneFunctionStartsGoroutines(t *testing.T) {
	files, err := filepath.Glob("../engine/*.go")
	if err != nil || len(files) < 10 {
		t.Fatal(len(files), err)
	}
	starts := regexp.MustCompile(`(?m)^\s*go (func|[a-zA-Z_.]+\()|\bwg\.Go\(`)
	for _, f := range files {
		if strings.HasSuffix(f, "_test.go") {
			continue
		}
		source, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, hit := range starts.FindAllString(string(source), -1) {
			if filepath.Base(f) != "engine.go" || !strings.Contains(hit, "wg.Go") {
				t.Errorf("%s starts a goroutine: %s", f, hit)
			}
		}
	}
}

func TestT22_SameSeedSameTrail(t *testing.T) {
	var first string
	for n := range 2 {
		virtual(t, setup{Presets: billsAll}, func(w *world) {
			co, p := w.billable()
			var deals []string
			for n := range 12 {
				deals = append(deals, w.deal(fmt.Sprintf("Deal %d", n), co, "10", line(p, "quantity", "1")))
			}
			w.Light.SetFault(lighttest.FailTimes(2, createInvoice, lighttest.Fault{Cut: true, AfterCommit: true}))
			w.win(deals...)
			w.advance(time.Hour)
			var trail strings.Builder
			for _, item := range w.store.Snapshot().Items() {
				if strings.HasPrefix(item.PK, "J#") {
					fmt.Fprintf(&trail, "%s %s %x\n", item.PK, item.SK, item.Data)
				}
			}
			if n == 0 {
				first = trail.String()
			} else if trail.String() != first {
				w.t.Errorf("two runs of one seed leave two audit trails, of %d and %d characters", len(first), trail.Len())
			}
		})
	}
}

// Contracts have no idempotency key: an answer that is lost twice ends as a person's question, never as a second contract
// sent blindly, and what was made is found.
func TestUnkeyedCreateIsNeverSentBlindly(t *testing.T) {
	virtual(t, setup{}, func(w *world) {
		co, p := w.billable()
		d := w.deal("Deal", co, "10", line(p, "quantity", "1", "recurringbillingfrequency", "monthly"))
		w.Light.SetFault(lighttest.FailTimes(2, "POST /v1/contracts", lighttest.Fault{Cut: true}))
		w.win(d)
		w.advance(3 * time.Hour)
		if n := w.Light.Calls()["POST /v1/contracts"]; n != 2 {
			w.t.Errorf("sent %d times, want 2", n)
		}
		w.wantHeld(dealRef(d), "uncertain")
		if len(w.contracts("Deal")) != 0 {
			w.t.Fatal("the case is not what it says")
		}
		w.retry(dealRef(d))
		w.advance(time.Hour)
		w.contract("Deal")
		w.wantNoError(dealRef(d))
	})
}
