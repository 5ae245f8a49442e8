package app

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"crosswalk/internal/connector/hubspot/hubspottest"
	"crosswalk/internal/connector/light/lighttest"
	"crosswalk/internal/engine"
	"crosswalk/internal/engine/lane"
	"crosswalk/internal/engine/table"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
	"crosswalk/internal/store/memory"
)

// A deal without a company, with two, in a currency its product has no price in, with a negative or huge amount, with
// names full of separators and emoji: a held record of a named category, the rest of the batch done.
func TestBadDealsAreHeldByNameAndTheRestIsDone(t *testing.T) {
	virtual(t, setup{}, func(w *world) {
		co, p := w.billable()
		other := w.company("Harbor")
		odd := w.company(`Smith, Jones | Partners: "R&D" 🚀`)
		sensor := w.product("Sensor: 1,5 | α", "10")
		w.later()
		one := line(p, "quantity", "1")
		type bad struct{ id, category string }
		var all []bad
		add := func(category, id string) { all = append(all, bad{id, category}) }
		add("no_company", w.deal("No company", "", "10", one))
		two := w.deal("Two companies", co, "10", one)
		w.ok(w.HubSpot.User().Associate("deals", two, "companies", other))
		w.ok(w.HubSpot.User().WithoutPrimary("deals", two))
		add("several_companies", two)
		gbp := w.deal("Pounds", co, "", one)
		w.set("deals", gbp, "deal_currency_code", "GBP")
		for _, l := range w.at("deals", gbp).Associations["line_items"] {
			w.set("line_items", l, "price", "", "hs_line_item_currency_code", "GBP")
		}
		add("no_price_in_currency", gbp)
		add("negative_amount", w.deal("Negative", co, "-10"))
		add("amount_too_large", w.deal("Huge", co, "99999999999999999.99"))
		add("zero_amount", w.deal("Zero", co, "0", line(p, "quantity", "1", "price", "0")))
		add("amounts_differ", w.deal("Differs", co, "11", one))
		add("no_amount", w.deal("Nothing", co, ""))
		add("no_product", w.deal("No lines", co, "10"))
		add("no_product", w.deal("Free line", co, "10", line("", "name", "Free", "quantity", "1", "price", "10")))
		add("bad_discount", w.deal("Discount", co, "", line(p, "quantity", "1", "discount", "11")))
		add("unknown_frequency", w.deal("Weekly", co, "10", line(p, "quantity", "1", "recurringbillingfrequency", "weekly")))
		add("currency_mismatch", w.deal("Mixed", co, "10", line(p, "quantity", "1", "hs_line_item_currency_code", "EUR")))
		undated := w.deal("Undated", co, "10", one)
		w.set("deals", undated, "closedate", "")
		good := w.deal("Good", co, "10", one)
		strange := w.deal("Rollout 🚀, phase 1 | EMEA: \"go\"", odd, "20", line(sensor, "quantity", "2", "name", "One, two | 1:1 ✅"))
		var ids []string
		for _, b := range all {
			ids = append(ids, b.id)
		}
		w.win(append(ids, good, strange)...)
		w.later()
		for _, b := range all {
			w.wantHeld(dealRef(b.id), b.category)
		}
		w.wantInvoice("Good", "USD", 1000)
		i := w.wantInvoice("Rollout 🚀, phase 1 | EMEA: \"go\"", "USD", 2000)
		if i.Lines[0].ProductNameOverwrite != "One, two | 1:1 ✅" || len(w.customers(`Smith, Jones | Partners: "R&D" 🚀`)) != 1 {
			w.t.Errorf("%+v", i.Lines[0])
		}
		if n := len(w.Light.Invoices()); n != 2 {
			w.t.Errorf("%d invoices", n)
		}
	})
}

// A deal without lines, and a line without a product, use the default product with the deal's or the line's own name.
func TestDefaultProductCarriesTheName(t *testing.T) {
	virtual(t, setup{Presets: billsAll}, func(w *world) {
		co, p := w.billable()
		w.win(w.deal("Retainer", co, "2500"), w.deal("Workshop", co, "990", line("", "name", "On site", "quantity", "1", "price", "980"), line(p, "quantity", "1")))
		a, b := w.wantInvoice("Retainer", "USD", 250000), w.wantInvoice("Workshop", "USD", 99000)
		var service string
		for _, l := range w.Light.Products() {
			if l.Name == "Services" {
				service = l.ID
			}
		}
		if a.Lines[0].ProductID != service || a.Lines[0].ProductNameOverwrite != "Retainer" || b.Lines[0].ProductID != service || b.Lines[0].ProductNameOverwrite != "On site" || b.Lines[1].ProductID == service {
			w.t.Errorf("%+v %+v", a.Lines, b.Lines)
		}
	})
}

// A held deal that is mended is billed without anybody asking.
func TestMendedDealIsBilled(t *testing.T) {
	virtual(t, setup{}, func(w *world) {
		co, p := w.billable()
		d := w.deal("Deal", "", "11", line(p, "quantity", "1"))
		w.win(d)
		w.wantHeld(dealRef(d), "no_company")
		w.ok(w.HubSpot.User().Associate("deals", d, "companies", co))
		w.later()
		w.wantHeld(dealRef(d), "amounts_differ")
		w.set("deals", d, "amount", "10")
		w.later()
		w.wantInvoice("Deal", "USD", 1000)
		w.wantNoError(dealRef(d))
	})
}

// Vendor down or out of quota for hours: tasks wait without using up retries and finish afterwards.
func TestVendorDownForHours(t *testing.T) {
	for _, who := range []string{"light", "hubspot"} {
		for name, status := range map[string]int{"down": 503, "gateway": 502, "out of quota": 429, "revoked": 401} {
			t.Run(who+" "+name, func(t *testing.T) {
				virtual(t, setup{}, func(w *world) {
					co, p := w.billable()
					var deals []string
					for n := range 12 {
						deals = append(deals, w.deal(fmt.Sprintf("Deal %d", n), co, "10", line(p, "quantity", "1")))
					}
					w.later()
					if who == "light" {
						w.Light.SetFault(func(*http.Request, []byte) *lighttest.Fault { return &lighttest.Fault{Status: status} })
					} else {
						w.HubSpot.SetFault(func(*http.Request, []byte) *hubspottest.Fault { return &hubspottest.Fault{Status: status} })
					}
					for _, d := range deals {
						w.ok(w.HubSpot.User().Win(d))
					}
					w.advance(6 * time.Hour)
					if len(w.Light.Invoices()) != 0 {
						w.t.Fatal("the case is not what it says")
					}
					for _, l := range []lane.Lane{lane.Live, lane.Bulk} {
						if c, err := w.lanes.Counts(w.t.Context(), l); err != nil || c.Dead != 0 {
							w.t.Errorf("%s: %+v %v", l, c, err)
						}
					}
					if e := w.errors("poison"); len(e) != 0 {
						w.t.Errorf("dead letters: %v", e)
					}
					w.Light.SetFault(nil)
					w.HubSpot.SetFault(nil)
					w.advance(30 * time.Minute)
					for n := range 12 {
						w.wantInvoice(fmt.Sprintf("Deal %d", n), "USD", 1000)
					}
					if story := w.story(); story != "" {
						w.t.Errorf("left behind: %s", story)
					}
				})
			})
		}
	}
}

// Both vendors' own limits on, and ours kept to them: nobody is refused much, and all is done.
func TestThrottled(t *testing.T) {
	virtual(t, setup{Limits: true, HubSpot: hubspottest.Config{Limits: true, Quirks: hubspottest.Quirks{RetryAfter: true}}, Light: lighttest.Config{Limits: true}}, func(w *world) {
		p := w.product("Thing", "10")
		w.advance(2 * time.Minute)
		var deals []string
		for n := range 45 {
			co := w.company(fmt.Sprintf("Company %d", n), "domain", fmt.Sprintf("c%d.example", n))
			deals = append(deals, w.deal(fmt.Sprintf("Deal %d", n), co, "10", line(p, "quantity", "1")))
		}
		w.Light.SetFault(lighttest.FailTimes(5, "", lighttest.Throttled(30)))
		w.win(deals...)
		w.advance(time.Hour)
		for n := range 45 {
			w.wantInvoice(fmt.Sprintf("Deal %d", n), "USD", 1000)
		}
		if n := w.HubSpot.Refused(); n > 5 {
			w.t.Errorf("HubSpot refused %d calls", n)
		}
	})
}

// poisoned are tools that fail badly on one text.
type poisoned struct{ plan.Tools }

func (p poisoned) Transform(pipe string, inputs []string, env plan.Env) (string, error) {
	if strings.Contains(strings.Join(inputs, " "), "2026-09-13") {
		panic("a mistake nobody thought of")
	}
	return p.Tools.Transform(pipe, inputs, env)
}

// A poison record never blocks the others: it becomes a sync error of its own after its tries.
func TestPoisonRecordIsIsolated(t *testing.T) {
	virtual(t, setup{Config: func(c *engine.Config) { c.Tools = poisoned{c.Tools} }}, func(w *world) {
		co, p := w.billable()
		var deals []string
		for n := range 9 {
			deals = append(deals, w.deal(fmt.Sprintf("Deal %d", n), co, "10", line(p, "quantity", "1")))
		}
		w.set("deals", deals[4], "dealstage", hubspottest.WonStage, "closedate", "2026-09-13T12:00:00Z")
		w.win(append(deals[:4:4], deals[5:]...)...)
		for n := range 9 {
			if n != 4 {
				w.wantInvoice(fmt.Sprintf("Deal %d", n), "USD", 1000)
			}
		}
		w.advance(3 * time.Hour)
		var poison []engine.SyncError
		for _, e := range w.errors("poison") {
			if e.Ref == dealRef(deals[4]) {
				poison = append(poison, e)
			}
		}
		for _, e := range w.errors("") { // its line's task went the same way
			if e.Category != "poison" || e.Ref != dealRef(deals[4]) && e.Ref.Object != "line_items" {
				w.t.Fatalf("%s", w.story())
			}
		}
		if len(poison) != 1 {
			w.t.Fatalf("%s", w.story())
		}
		w.set("deals", deals[4], "closedate", "2026-09-14T12:00:00Z")
		w.later()
		w.wantInvoice("Deal 4", "USD", 1000)
		w.wantNoError(dealRef(deals[4]))
		_, err := w.Engine.Retry(w.t.Context(), record.Ref{}, "poison", "editor")
		w.ok(err)
		w.later()
		if s := w.story(); s != "" {
			w.t.Errorf("left behind: %s", s)
		}
	})
}

// A record that our credential may not read is held by that name; the others of its batch are done.
func TestB6_UnreadableAndGone(t *testing.T) {
	virtual(t, setup{}, func(w *world) {
		co, p := w.billable()
		d, gone := w.deal("Deal", co, "10", line(p, "quantity", "1")), w.deal("Gone", co, "10", line(p, "quantity", "1"))
		w.ok(w.HubSpot.User().Win(gone))
		w.ok(w.HubSpot.User().Archive("deals", gone))
		w.win(d)
		w.later()
		w.wantInvoice("Deal", "USD", 1000)
		w.wantNoDocument("Gone")
		w.wantNoError(dealRef(gone))
		w.HubSpot.SetScopes(hubspottest.AppID, "crm.objects.companies.read", "crm.objects.products.read", "crm.objects.line_items.read", "crm.schemas.deals.read")
		e := w.deal("No right", co, "10", line(p, "quantity", "1"))
		w.win(e)
		w.later()
		w.wantHeld(dealRef(e), "no_rights")
		w.HubSpot.SetScopes(hubspottest.AppID, hubspottest.AllScopes...)
		w.retry(dealRef(e))
		w.later()
		w.wantInvoice("No right", "USD", 1000)
		w.wantNoError(dealRef(e))
	})
}

// B6: merged companies: the link moves with the survivor, whose changes then follow; nothing is created again.
func TestB6_MergedCompanyKeepsItsCustomer(t *testing.T) {
	virtual(t, setup{}, func(w *world) {
		p := w.product("Thing", "10")
		one, two := w.company("Nordlys", "domain", "nordlys.example"), w.company("Nordlys Energi")
		w.win(w.deal("First", one, "10", line(p, "quantity", "1")))
		id := w.invoice("First").CustomerID
		w.later()
		merged, err := w.HubSpot.User().Merge("companies", one, two)
		w.ok(err)
		w.later()
		w.set("companies", merged, "city", "Odense", "address", "Torvet 1")
		w.win(w.deal("Second", merged, "20", line(p, "quantity", "2")))
		w.later()
		if got := w.wantInvoice("Second", "USD", 2000).CustomerID; got != id || len(w.Light.Customers()) != 1 {
			w.t.Fatalf("billed to %s, first %s, %d customers; %s", got, id, len(w.Light.Customers()), w.story())
		}
		if c := w.Light.Customers()[0]; c.BillingAddress == nil || c.BillingAddress.City != "Odense" {
			w.t.Errorf("the survivor's change did not follow: %+v; %s", c.BillingAddress, w.story())
		}
	})
}

// B1: two lanes: a live deal does not wait behind an initial load, and what waits uses up no receive.
func TestB1_LiveBeforeBulk(t *testing.T) {
	virtual(t, setup{Draft: true}, func(w *world) {
		co, p := w.company("Nordlys"), w.product("Thing", "10")
		for n := range 45 {
			w.old(fmt.Sprintf("Old %02d", n), co, p, "2026-03-01")
		}
		w.goLiveLater()
		_, err := w.Engine.RunMapping(w.t.Context(), engine.Run{Kind: "full", Mapping: "deals-to-invoices", Actor: "editor"}, nil)
		w.ok(err)
		w.ok(w.Engine.Poll(w.t.Context()))
		if c, _ := w.lanes.Counts(w.t.Context(), lane.Bulk); c.Waiting == 0 {
			w.t.Fatal("the load is not in the bulk lane")
		}
		d := w.deal("Live", co, "10", line(p, "quantity", "1"))
		w.ok(w.HubSpot.User().Win(d))
		w.HubSpot.DeliverDue(w.t.Context(), door{w})
		for range 3 {
			_, err = w.Engine.Receive(w.t.Context(), lane.Live, 100)
			w.ok(err)
		}
		w.wantInvoice("Live", "USD", 1000)
		if n := len(w.Light.Invoices()); n != 1 {
			w.t.Errorf("%d invoices, and bulk was not worked", n)
		}
	})
}

// B5: a run is pages with one bit a record: killed in the middle and worked twice, its count stays exact.
func TestB5_RunIsExactUnderKillsAndRedelivery(t *testing.T) {
	virtual(t, setup{Draft: true}, func(w *world) {
		co, p := w.company("Nordlys"), w.product("Thing", "10")
		for n := range 45 {
			w.old(fmt.Sprintf("Deal %02d", n), co, p, "2026-03-01")
		}
		w.goLiveLater()
		r, err := w.Engine.RunMapping(w.t.Context(), engine.Run{Kind: "full", Mapping: "deals-to-invoices", Actor: "editor"}, nil)
		w.ok(err)
		w.ok(w.Engine.Poll(w.t.Context()))
		// the worker dies in the middle of the batch: Light hangs, and the process with it
		ctx, kill := context.WithCancel(w.t.Context())
		calls := 0
		w.Light.SetFault(func(r *http.Request, _ []byte) *lighttest.Fault {
			if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/invoice-receivables") {
				if calls++; calls == 20 {
					kill()
				}
			}
			return nil
		})
		if _, err := w.Engine.Receive(ctx, lane.Bulk, 1); err != nil {
			w.t.Log(err)
		}
		w.Light.SetFault(nil)
		w.restart()
		w.advance(2 * time.Hour)
		got := w.runOf(r.ID)
		if got.Status != "done" || got.Done != 45 || got.Listed != 45 || len(w.Light.Invoices()) != 45 {
			w.t.Fatalf("%s %d of %d, %d invoices; %s", got.Status, got.Done, got.Listed, len(w.Light.Invoices()), w.story())
		}
		for n := range 45 {
			w.wantInvoice(fmt.Sprintf("Deal %02d", n), "USD", 1000)
		}
	})
}

// B8: updates outside an approved run are under the brake too: more than max(1,000, 5 %) in an hour stops and asks.
func TestB8_MassUpdateStopsAndAsks(t *testing.T) {
	if testing.Short() {
		t.Skip("a thousand companies")
	}
	virtual(t, setup{Quiet: true, Presets: []string{"  create: needed           # only as what a won deal needs; write always to copy every company", "  create: always"}}, func(w *world) {
		const all = 1010
		var ids []string
		for n := range all {
			ids = append(ids, w.company(fmt.Sprintf("Company %d", n), "domain", fmt.Sprintf("c%d.example", n)))
		}
		w.advance(10 * time.Minute)
		if n := len(w.Light.Customers()); n != 1000 || len(w.errors("brake")) != 1 {
			w.t.Fatalf("%d customers, %d questions", n, len(w.errors("brake")))
		}
		w.status("companies-to-customers", "live")
		w.advance(90 * time.Minute)
		if n := len(w.Light.Customers()); n != all {
			w.t.Fatalf("%d customers after the answer", n)
		}
		for _, id := range ids {
			w.set("companies", id, "city", "Odense")
		}
		w.Light.ResetCalls()
		w.advance(20 * time.Minute)
		if n := w.Light.Calls()["PATCH /v1/customers/{customerId}"]; n != 1000 || len(w.errors("brake")) != 1 {
			w.t.Fatalf("%d updates, %d questions; %v", n, len(w.errors("brake")), w.Light.Calls())
		}
		w.status("companies-to-customers", "live")
		w.later()
		if n := w.Light.Calls()["PATCH /v1/customers/{customerId}"]; n != all || len(w.errors("brake")) != 0 {
			w.t.Errorf("%d updates after the answer", n)
		}
	})
}

// B12: an optional reference is left out and patched when the parent links; a required one that is excluded ends the
// child as held with that reason, not as waiting for ever.
func TestB12_ExcludedParentHoldsTheDeal(t *testing.T) {
	virtual(t, setup{Presets: []string{"  create: needed           # only as what a won deal needs; write always to copy every company", "  create: { when: needed, filter: 'country != \"Norway\"' }"}}, func(w *world) {
		co, p := w.company("Fjord", "country", "Norway"), w.product("Thing", "10")
		d := w.deal("Deal", co, "10", line(p, "quantity", "1"))
		w.win(d)
		w.later()
		if e := w.wantHeld(dealRef(d), "parent_held"); !strings.Contains(e.Text, "filtered") || !strings.Contains(e.Text, co) {
			w.t.Errorf("%s", e.Text)
		}
		w.wantNoError(companyRef(co))
		w.set("companies", co, "country", "Denmark")
		w.later()
		w.wantInvoice("Deal", "USD", 1000)
	})
}

func TestB12_OptionalParentIsPatchedLater(t *testing.T) {
	virtual(t, setup{Presets: []string{"through: companies-to-customers, required: true", "through: companies-to-customers"}}, func(w *world) {
		w.Light.CreateCustomer(lighttest.Customer{Name: "Nordlys", VATNumber: "DK12345674"})
		co, p := w.company("Nordlys"), w.product("Thing", "10")
		d := w.deal("Deal", co, "10", line(p, "quantity", "1"))
		w.win(d)
		if i := w.wantInvoice("Deal", "USD", 1000); i.CustomerID != "" {
			w.t.Fatalf("billed to %s", i.CustomerID)
		}
		w.set("companies", co, "vat_number", "DK12345674")
		w.later()
		if i := w.wantInvoice("Deal", "USD", 1000); string(i.CustomerID) != w.Light.Customers()[0].ID {
			w.t.Errorf("not patched: %q; %s", i.CustomerID, w.story())
		}
	})
}

// T24: store calls take batches: a batch of deals costs a bounded number of store calls, not one for each record.
func TestT24_StoreCallsAreBatches(t *testing.T) {
	counted := &counter{}
	virtual(t, setup{Table: func(t table.Table) table.Table { counted.Table = t; return counted }}, func(w *world) {
		co, p := w.billable()
		var deals []string
		for n := range 40 {
			deals = append(deals, w.deal(fmt.Sprintf("Deal %d", n), co, "10", line(p, "quantity", "1")))
		}
		w.later()
		var tasks []engine.Task
		for _, d := range deals {
			w.ok(w.HubSpot.User().Win(d))
			tasks = append(tasks, engine.Task{Ref: dealRef(d), Cause: "test"})
		}
		counted.reset()
		w.Engine.Work(w.t.Context(), tasks)
		if n := len(w.Light.Invoices()); n != 40 {
			w.t.Fatalf("%d invoices", n)
		}
		// the link of each is put twice (claim, linked as it read back), its pointer and its body once: 4 x 40 puts
		if counted.puts < 160 || counted.putCalls > 60 || counted.gets > 200 {
			w.t.Errorf("%d puts in %d calls, %d gets", counted.puts, counted.putCalls, counted.gets)
		}
		w.t.Logf("%d puts in %d calls, %d gets, for 40 documents", counted.puts, counted.putCalls, counted.gets)
	})
}

// counter counts the calls of a table.
type counter struct {
	table.Table
	gets, puts, putCalls int
}

func (c *counter) reset() { c.gets, c.puts, c.putCalls = 0, 0, 0 }

func (c *counter) Get(ctx context.Context, keys []table.Key) (map[table.Key]table.Item, error) {
	c.gets++
	return c.Table.Get(ctx, keys)
}

func (c *counter) Put(ctx context.Context, puts []table.Put) []error {
	c.putCalls++
	c.puts += len(puts)
	return c.Table.Put(ctx, puts)
}

// T13: a write that went through though its answer was lost is not another's: the same token is read back as success.
func TestT13_OwnTokenIsSuccess(t *testing.T) {
	lost, hit := false, 0
	virtual(t, setup{Table: func(inner table.Table) table.Table {
		return &memory.Faulty{Inner: inner, After: func(_ context.Context, c memory.Call, answer error) error {
			if lost && c.Op == memory.OpPut && strings.HasPrefix(c.Put.PK, "L#document") && answer == nil && hit < 3 {
				hit++
				return fmt.Errorf("the store's answer was lost")
			}
			return answer
		}}
	}}, func(w *world) {
		co, p := w.billable()
		lost = true
		w.ok(w.HubSpot.User().Win(w.deal("Deal", co, "10", line(p, "quantity", "1"))))
		w.advance(time.Hour)
		w.wantInvoice("Deal", "USD", 1000)
		if hit != 3 || w.story() != "" {
			w.t.Errorf("hit %d times; %s", hit, w.story())
		}
	})
}
