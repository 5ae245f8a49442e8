package app

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"crosswalk/internal/connector/hubspot/hubspottest"
	"crosswalk/internal/engine"
	"crosswalk/internal/mapping"
	"crosswalk/internal/record"
)

// billable makes one company and one product that every deal of a case may use.
func (w *world) billable() (company, product string) {
	w.t.Helper()
	company, product = w.company("Nordlys", "vat_number", "DK12345674"), w.product("Thing", "10")
	w.later()
	return company, product
}

// goLiveLater goes live when what was made so far is the initial load's and nobody else's.
func (w *world) goLiveLater() {
	w.t.Helper()
	w.advance(3 * time.Hour)
	w.live()
}

// old makes a won deal that was closed on a day of the past.
func (w *world) old(name, company, product, day string) string {
	w.t.Helper()
	d := w.deal(name, company, "10", line(product, "quantity", "1"))
	w.set("deals", d, "dealstage", hubspottest.WonStage, "closedate", day+"T10:00:00Z")
	return d
}

// A2: deals won before since are never billed by a signal, a poll or a full run, only by a run that names them or says
// since when; why says so.
func TestA2_HistoryIsNotBilled(t *testing.T) {
	virtual(t, setup{Presets: []string{"since: 2026-01-01", "since: 2026-06-01"}}, func(w *world) {
		co, p := w.billable()
		day := w.old("Just before", co, p, "2026-05-31")
		first := w.old("First day", co, p, "2026-06-01")
		named := w.old("Named", co, p, "2025-03-01")
		sinceApril := w.old("April", co, p, "2026-04-30")
		w.later()
		w.wantSkipped(dealRef(day), "before_since")
		w.wantInvoice("First day", "USD", 1000)
		if r := w.why(dealRef(day)).Link.Reason; !strings.Contains(r.Text, "2026-05-31") || !strings.Contains(r.Text, "2026-06-01") || !strings.Contains(r.Text, "hubspot:deals/"+day) {
			w.t.Errorf("why says %q", r.Text)
		}
		w.run(engine.Run{Kind: "full", Mapping: "deals-to-invoices", Actor: "editor"})
		w.wantNoDocument("Just before")
		w.runNamed("deals-to-invoices", dealRef(named))
		w.wantInvoice("Named", "USD", 1000)
		w.run(engine.Run{Kind: "full", Mapping: "deals-to-invoices", Actor: "editor", WonSince: "2026-04-01"})
		w.wantInvoice("April", "USD", 1000)
		w.wantInvoice("Just before", "USD", 1000)
		w.wantNoError(dealRef(sinceApril))
		_ = first
	})
}

// A2: entry into the won stage counts as well as the close date, whichever is earlier: moving the close date of an old
// deal does not bill it.
func TestA2_EntryIntoTheWonStageCounts(t *testing.T) {
	virtual(t, setup{Draft: true, Presets: []string{"since: 2026-01-01", "since: 2026-09-02"}}, func(w *world) {
		co, p := w.company("Nordlys"), w.product("Thing", "10")
		d := w.deal("Old", co, "10", line(p, "quantity", "1"))
		w.ok(w.HubSpot.User().Win(d)) // on 1 September
		w.live()
		w.advance(48 * time.Hour)
		w.set("deals", d, "closedate", "2026-09-20T10:00:00Z")
		w.later()
		w.wantSkipped(dealRef(d), "before_since")
		w.wantNoDocument("Old")
	})
}

// A2: a pipeline edit that makes a stage a won one bills no old deal.
func TestA2_AStageThatBecomesWon(t *testing.T) {
	virtual(t, setup{}, func(w *world) {
		co, p := w.billable()
		d := w.deal("Old", co, "10", line(p, "quantity", "1"))
		w.set("deals", d, "closedate", "2025-03-01T10:00:00Z")
		w.later()
		w.wantSkipped(dealRef(d), "not_won")
		w.stage(hubspottest.OpenStage, "1.0", true)
		w.advance(time.Hour)
		w.set("deals", d, "dealname", "Old deal")
		w.later()
		w.wantSkipped(dealRef(d), "before_since")
	})
}

// A2: the brake: of 60 deals won in one hour 50 are billed and 10 wait, one question is asked, and resume lets them go on.
func TestA2_TheFiftyFirstDocumentStopsAndAsks(t *testing.T) {
	virtual(t, setup{}, func(w *world) {
		co, p := w.billable()
		var deals []string
		for n := range 60 {
			deals = append(deals, w.deal(fmt.Sprintf("Deal %02d", n), co, "10", line(p, "quantity", "1")))
		}
		w.win(deals...)
		if n := len(w.Light.Invoices()); n != 50 {
			w.t.Fatalf("%d invoices before anybody answered, want 50", n)
		}
		if list := w.errors("brake"); len(list) != 1 || list[0].Mapping != "deals-to-invoices" {
			w.t.Fatalf("the question: %+v", list)
		}
		w.advance(45 * time.Minute) // nothing moves by itself
		if n := len(w.Light.Invoices()); n != 50 {
			w.t.Fatalf("%d invoices, and nobody answered", n)
		}
		w.status("deals-to-invoices", mapping.Live) // crosswalk resume
		w.later()
		for n := range 60 {
			w.wantInvoice(fmt.Sprintf("Deal %02d", n), "USD", 1000)
		}
		if len(w.errors("brake")) != 0 {
			w.t.Error("the question is still open")
		}
	})
}

// A2: an initial load is stopped by the brake too, and its count grows with what is linked only beyond 2,500.
func TestA2_AnInitialLoadIsStoppedToo(t *testing.T) {
	virtual(t, setup{Draft: true}, func(w *world) {
		co, p := w.company("Nordlys"), w.product("Thing", "10")
		for n := range 53 {
			w.old(fmt.Sprintf("Deal %02d", n), co, p, "2026-03-01")
		}
		w.goLiveLater()
		r, err := w.Engine.RunMapping(w.t.Context(), engine.Run{Kind: "full", Mapping: "deals-to-invoices", Actor: "editor"}, nil)
		w.ok(err)
		w.later()
		if n := len(w.Light.Invoices()); n != 50 || len(w.errors("brake")) != 1 {
			w.t.Fatalf("%d invoices, %d questions", n, len(w.errors("brake")))
		}
		if got := w.runOf(r.ID); got.Status != "working" || got.Done != 50 || got.Listed != 53 {
			w.t.Errorf("%s, %d of %d", got.Status, got.Done, got.Listed)
		}
		w.status("deals-to-invoices", mapping.Live)
		w.settle()
		if got := w.runOf(r.ID); got.Status != "done" || got.Done != 53 || got.Counts.Created != 53 || len(w.Light.Invoices()) != 53 {
			w.t.Errorf("%+v, %d invoices", got, len(w.Light.Invoices()))
		}
	})
}

// Approved is preview, approve, run: the brake leaves it alone, the writes made are the rows planned, a plan cannot run
// twice, and a row that has changed since is refused and listed.
func TestApprovedPlanWritesExactlyItsRows(t *testing.T) {
	virtual(t, setup{Draft: true}, func(w *world) {
		co, p := w.company("Nordlys"), w.product("Thing", "10")
		var deals []string
		for n := range 60 {
			deals = append(deals, w.old(fmt.Sprintf("Deal %02d", n), co, p, "2026-03-01"))
		}
		w.goLiveLater()
		preview, err := w.Engine.RunMapping(w.t.Context(), engine.Run{Kind: "preview", Mapping: "deals-to-invoices", Actor: "editor"}, nil)
		w.ok(err)
		before := w.writes()
		w.settle()
		if w.writes() != before {
			w.t.Fatal("a preview wrote")
		}
		plan, err := w.Engine.Plan(w.t.Context(), preview.Plan)
		w.ok(err)
		if plan.Rows != 60 || plan.Kinds["create"] != 60+plan.Needed || plan.Totals["USD"] != "60000" {
			w.t.Fatalf("%+v", plan)
		}
		if _, err := w.Engine.RunPlan(w.t.Context(), plan.ID, "editor"); err == nil {
			w.t.Fatal("a plan that nobody approved was run")
		}
		if _, err := w.Engine.Approve(w.t.Context(), plan.ID, "another digest", "boss"); err == nil {
			w.t.Fatal("approved under another digest")
		}
		_, err = w.Engine.Approve(w.t.Context(), plan.ID, plan.Digest, "boss")
		w.ok(err)
		// since the preview: one deal changed its amount and line, one was lost, one changed so that it would be held
		changed, lost, held := deals[3], deals[4], deals[5]
		w.HubSpot.SetDelivery(func(hubspottest.Event) hubspottest.Treatment { return hubspottest.Treatment{Drop: true} })
		w.set("deals", changed, "dealname", "Deal 03, second thoughts")
		w.set("deals", lost, "dealstage", hubspottest.LostStage)
		w.set("deals", held, "amount", "12")
		w.Light.ResetCalls()
		r, err := w.Engine.RunPlan(w.t.Context(), plan.ID, "editor")
		w.ok(err)
		w.settleRun(r.ID)
		got := w.runOf(r.ID)
		if got.Status != "done" || got.Counts.Created != 57 || len(w.Light.Invoices()) != 57 || len(w.errors("brake")) != 0 {
			w.t.Fatalf("%+v, %d invoices", got, len(w.Light.Invoices()))
		}
		want := map[record.Ref]bool{dealRef(changed): true, dealRef(lost): true, dealRef(held): true}
		for _, ref := range got.Refused {
			delete(want, ref)
		}
		if len(want) != 0 || len(got.Refused) != 3 || got.Counts.Refused != 3 {
			w.t.Errorf("refused %v (%d), missing %v", got.Refused, got.Counts.Refused, want)
		}
		if calls := w.Light.Calls()["POST /v1/invoice-receivables"]; calls != 57 {
			w.t.Errorf("%d invoice calls for 57 rows", calls)
		}
		if _, err := w.Engine.RunPlan(w.t.Context(), plan.ID, "editor"); err == nil {
			w.t.Error("the plan ran twice")
		}
		if n := len(w.Light.Invoices()); n != 57 {
			w.t.Errorf("%d invoices", n)
		}
	})
}

// The live run makes exactly the writes that the preview shows, customers and products too, field by field.
func TestPreviewShowsWhatTheRunWrites(t *testing.T) {
	virtual(t, setup{Draft: true, HubSpot: hubspottest.Config{}, Presets: billsAll}, func(w *world) {
		for n := range 5 {
			co := w.company(fmt.Sprintf("Company %d", n), "domain", fmt.Sprintf("company%d.example", n), "billing_email", fmt.Sprintf("ap@company%d.example", n))
			w.old(fmt.Sprintf("Deal %d", n), co, w.product(fmt.Sprintf("Product %d", n), "10"), "2026-03-01")
		}
		w.goLiveLater()
		preview, err := w.Engine.RunMapping(w.t.Context(), engine.Run{Kind: "preview", Mapping: "deals-to-invoices", Actor: "editor"}, nil)
		w.ok(err)
		w.settle()
		rows, err := w.Engine.PlanRows(w.t.Context(), preview.Plan, 0, 100)
		w.ok(err)
		creates := map[string]int{}
		for _, r := range rows {
			if r.Kind == "create" {
				creates[r.Object]++
			}
		}
		if creates["invoice-receivables"] != 5 || creates["customers"] != 5 || creates["products"] > 5 {
			w.t.Fatalf("%v", creates)
		}
		plan, err := w.Engine.Plan(w.t.Context(), preview.Plan)
		w.ok(err)
		_, err = w.Engine.Approve(w.t.Context(), plan.ID, plan.Digest, "boss")
		w.ok(err)
		r, err := w.Engine.RunPlan(w.t.Context(), plan.ID, "editor")
		w.ok(err)
		w.settleRun(r.ID)
		for n := range 5 {
			w.wantInvoice(fmt.Sprintf("Deal %d", n), "USD", 1000)
		}
		c := w.Light.Calls()
		if c["POST /v1/customers"] != 5 || c["POST /v1/invoice-receivables"] != 5 || c["POST /v1/products"] != 5 {
			w.t.Errorf("%v", c)
		}
		if got := w.runOf(r.ID); len(got.Refused) != 0 || got.Counts.Created != 5 {
			w.t.Errorf("%+v", got)
		}
	})
}

// T7: a pilot covers the records it names and what their documents need; customers and products come along only if their
// mappings are in pilot or live.
func TestT7_PilotNamesADeal(t *testing.T) {
	virtual(t, setup{Draft: true}, func(w *world) {
		co, other, p := w.company("Nordlys"), w.company("Harbor"), w.product("Thing", "10")
		d, e := w.deal("Named", co, "10", line(p, "quantity", "1")), w.deal("Not named", other, "10", line(p, "quantity", "1"))
		w.status("deals-to-invoices", mapping.Pilot, dealRef(d))
		w.win(d, e)
		w.wantNoDocument("Named") // its company has no mapping that may write
		w.wantHeld(dealRef(d), "parent_held")
		if n := len(w.Light.Customers()); n != 0 {
			w.t.Fatalf("%d customers made by a draft mapping", n)
		}
		w.status("companies-to-customers", mapping.Pilot)
		w.status("products-to-products", mapping.Pilot)
		w.runNamed("deals-to-invoices", dealRef(d))
		w.wantInvoice("Named", "USD", 1000)
		w.wantNoDocument("Not named")
		if len(w.customers("Nordlys")) != 1 || len(w.Light.Customers()) != 1 {
			w.t.Errorf("customers: %+v", w.Light.Customers())
		}
		// the pilot's deal goes on: an amendment of a line follows
		lines := w.at("deals", d).Associations["line_items"]
		w.set("line_items", lines[0], "quantity", "2")
		w.set("deals", d, "amount", "20")
		w.later()
		w.wantInvoice("Named", "USD", 2000)
		w.wantNoDocument("Not named")
	})
}

// Only pilot and live ever write: a draft and a paused mapping do nothing, and what was won meanwhile is billed on resume.
func TestOnlyPilotAndLiveWrite(t *testing.T) {
	virtual(t, setup{Draft: true}, func(w *world) {
		co, p := w.company("Nordlys"), w.product("Thing", "10")
		d := w.deal("Deal", co, "10", line(p, "quantity", "1"))
		w.win(d)
		w.later()
		if n := w.writes(); n != 0 {
			w.t.Fatalf("%d writes by drafts", n)
		}
		w.live()
		w.status("deals-to-invoices", mapping.Paused)
		e := w.deal("While paused", co, "10", line(p, "quantity", "1"))
		w.win(e)
		w.later()
		w.wantNoDocument("While paused")
		w.advance(3 * time.Hour)
		w.status("deals-to-invoices", mapping.Live)
		w.later()
		w.wantInvoice("While paused", "USD", 1000)
	})
}

// T1: won by the stage's metadata as read: in a pipeline whose won stage is a number, and while hs_is_closed_won still
// says false.
func TestT1_WonByTheStageItself(t *testing.T) {
	virtual(t, setup{HubSpot: hubspottest.Config{CalculatedLag: time.Hour}}, func(w *world) {
		co, p := w.billable()
		d := w.deal("Renewal", co, "10", line(p, "quantity", "1"))
		w.set("deals", d, "pipeline", hubspottest.SecondPipeline, "dealstage", hubspottest.SecondOpenStage)
		w.later()
		w.wantSkipped(dealRef(d), "not_won")
		w.win(d)
		if got := w.at("deals", d).Properties; got["hs_is_closed_won"] == "true" || got["dealstage"] != hubspottest.SecondWonStage {
			w.t.Fatalf("the case is not what it says: %v", got)
		}
		w.wantInvoice("Renewal", "USD", 1000)
	})
}

// Exactly one document: a contract when any line recurs, else an invoice.
func TestContractWhenAnyLineRecurs(t *testing.T) {
	virtual(t, setup{}, func(w *world) {
		co, p := w.billable()
		d := w.deal("Platform", co, "999", line(p, "quantity", "1"), line(p, "quantity", "2", "recurringbillingfrequency", "monthly", "hs_recurring_billing_start_date", "2026-10-01"))
		w.win(d)
		c := w.contract("Platform")
		got := map[string]string{}
		for _, l := range c.Lines {
			got[l.BillingRecurrence] = string(l.Quantity)
		}
		if c.State != "CREATED" || len(c.Lines) != 2 || got["ONE_TIME"] != "1" || got["MONTHLY"] != "2" || c.AreLinesWithTax {
			w.t.Errorf("%+v", c)
		}
	})
}
