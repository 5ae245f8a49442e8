package simulation

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/connector/hubspot/hubspottest"
	"crosswalk/internal/connector/salespad/salespadtest"
	"crosswalk/internal/engine"
	"crosswalk/internal/record"
)

// PadFlow is one way between HubSpot and SalesPad whose every effect is a crash point: what is there before, what then happens, and what
// an outsider must find in the end.
type PadFlow struct {
	Name    string
	presets map[string][]byte                     // of hubspot-salespad, by name
	set     func(d *padDesk)                      // before the mappings go live
	before  func(d *padDesk)                      // nil, or what happens after that and comes to rest in peace
	act     func(d *padDesk)                      // what the workers that are killed work on
	refuses func(c call) bool                     // what SalesPad refuses for good in this flow; nil: nothing
	quiet   time.Duration                         // how long nothing must happen in the end; 0: 10 min. Deletes wait for 10 min to be released together (B8)
	check   func(d *padDesk, ctx context.Context) // what must have come of it
}

// padDesk is the table at which the people of a flow sit, and from which an outsider looks.
type padDesk struct {
	s        *Sim
	e        *engine.Engine // of the outsider
	flow     PadFlow
	company  string
	people   map[string]string // contact ids by last name
	document string            // key
	prospect string
	customer string
	run      string
	log      int // effects at SalesPad before the flow began
	sent     int // writes of the flow so far
	lost     Lost
	problems []Problem
	mended   bool // what was refused is refused no longer
}

func (d *padDesk) fail(check, format string, args ...any) {
	d.problems = append(d.problems, Problem{check, fmt.Sprintf(format, args...)})
}

func (d *padDesk) hs() hubspottest.Actor { return d.s.HubSpot.User() }

// Lost is a write whose answer is lost after it took effect: the n-th of the flow, counted from 1; 0 none.
type Lost int

// PadFlows lists the flows of SalesPad's own integration that write more than once: import, export, conversion.
func PadFlows() []PadFlow {
	all := map[string][]byte{}
	for n, y := range padDocuments() {
		all[padOrder[n]] = []byte(y)
	}
	some := func(names ...string) map[string][]byte {
		out := map[string][]byte{}
		for _, name := range names {
			out[name] = all[name]
		}
		return out
	}
	people := some("customers", "addresses")
	export := some("customers", "addresses", "items", "documents", "document-lines")
	both := some("customers", "prospects", "addresses", "prospect-contacts")
	return []PadFlow{
		{Name: "SalesPad: import of a company with three contacts", presets: people, act: (*padDesk).enterCompany, check: (*padDesk).imported},
		{Name: "SalesPad: import, an address refused", presets: people, act: (*padDesk).enterCompany, refuses: refusesAccounts, check: (*padDesk).takenBack},
		{Name: "SalesPad: deal export", presets: export, set: (*padDesk).stock, act: (*padDesk).enterOrder, check: (*padDesk).exported},
		{Name: "SalesPad: deal export again", presets: export, set: (*padDesk).stock, before: (*padDesk).enterOrder, act: (*padDesk).exportAgain, quiet: 25 * time.Minute, check: (*padDesk).exportedAgain},
		{Name: "SalesPad: prospect becomes a customer", presets: both, before: (*padDesk).enterProspect, act: (*padDesk).convert, check: (*padDesk).converted},
	}
}

// flowPeople are the contacts of the company that is imported.
var flowPeople = []string{"Accounts", "Purchasing", "Reception"}

const flowCompany, flowDomain = "Nordlys", "nordlys.example"

func (d *padDesk) enterCompany() {
	d.company = must(d.hs().Create("companies", props{"name": flowCompany, "domain": flowDomain, "type": "PARTNER"}))
	d.enterPeople(flowPeople...)
}

func (d *padDesk) enterPeople(names ...string) {
	d.people = map[string]string{}
	for _, name := range names {
		id := must(d.hs().Create("contacts", props{"lastname": name, "email": strings.ToLower(name) + "@" + flowDomain}))
		do(d.hs().Associate("contacts", id, "companies", d.company))
		d.people[name] = id
	}
}

// refusesAccounts: a script of SalesPad's refuses one of the three addresses, whenever it is sent.
func refusesAccounts(c call) bool {
	return c.system == salespadSystem && c.method == http.MethodPost && strings.HasSuffix(c.path, "/CustomerAddr") && strings.Contains(c.body, "Accounts")
}

// stock enters what a document refers to: a customer whose company is there, and items, one of which is no product.
func (d *padDesk) stock() {
	pad := d.s.SalesPad
	pad.Must("Customer", salespadtest.Fields{"Customer_Num": "ALPHA", "Customer_Name": "Alpha Ltd", "Email_To": "ap@alpha.example"})
	for _, item := range []string{"BLADE", "TOWER"} {
		pad.Must("ItemMaster", salespadtest.Fields{"Item_Number": item, "Item_Description": item + ", as the item says", "List_Price": "80"})
	}
	pad.Must("ItemMaster", salespadtest.Fields{"Item_Number": "RARE", "Item_Description": "No longer sold", "Inactive": "true"})
	d.company = must(d.hs().Create("companies", props{"name": "Alpha Ltd", "domain": "alpha.example"}))
}

func (d *padDesk) enterOrder() {
	pad := d.s.SalesPad
	r := pad.Must("SalesDocument", salespadtest.Fields{"Sales_Doc_Type": "ORDER", "Sales_Doc_ID": "STDORD", "Sales_Doc_Num": "ORD77", "Customer_Num": "ALPHA", "Sales_Batch": "EXPORT", "Doc_Date": "2026-06-12T00:00:00.000"})
	d.document = r.Key
	for n, l := range []string{"BLADE 1 10", "TOWER 2 50.25", "RARE 3 5", "BLADE 4 11.5", "TOWER 5 0.1"} {
		d.enterLine(n+1, l)
	}
}

func (d *padDesk) enterLine(n int, text string) {
	part := strings.Fields(text)
	d.s.SalesPad.Must("SalesLineItem", salespadtest.Fields{"Sales_Doc_Type": "ORDER", "Sales_Doc_Num": "ORD77", "Line_Num": fmt.Sprint(n * 16384), "Component_Seq_Num": "0",
		"Item_Number": part[0], "Item_Description": part[0] + " of line " + fmt.Sprint(n), "Quantity": part[1], "Unit_Price": part[2]})
}

// exportAgain changes a line, takes one off and adds one, puts the document back into its queue, and has it exported by the command.
func (d *padDesk) exportAgain() {
	pad := d.s.SalesPad
	do(pad.Update("SalesLineItem", d.document+"|16384|0", salespadtest.Fields{"Quantity": "7"}))
	do(pad.Delete("SalesLineItem", d.document+"|32768|0"))
	d.enterLine(6, "TOWER 2 60")
	do(pad.MoveTo("ORDER", "ORD77", "EXPORT"))
	r, err := d.e.RunMapping(context.Background(), engine.Run{Kind: "named", Mapping: "documents", Actor: "editor"}, []record.Ref{atPad("sales-documents", d.document)})
	do(err)
	d.run = r.ID
}

func atPad(object, id string) record.Ref {
	return record.Ref{Connection: salespadSystem, Object: object, ID: id}
}

func atHub(object, id string) record.Ref {
	return record.Ref{Connection: "hubspot", Object: object, ID: id}
}

func (d *padDesk) enterProspect() {
	d.company = must(d.hs().Create("companies", props{"name": flowCompany, "domain": flowDomain, "type": "PROSPECT"}))
	d.enterPeople("Accounts", "Purchasing")
}

func (d *padDesk) convert() {
	all := d.s.SalesPad.All("Prospect")
	if len(all) != 1 {
		d.fail("set up", "%d prospects before the conversion", len(all))
		return
	}
	d.prospect = all[0].Key
	d.customer = must(d.s.SalesPad.Convert(d.prospect, "NEWNUM")).CustomerNum
}

// RunPadCrash carries a flow out with workers that are killed one after the other at the given moments, or with one write whose answer
// is lost; then a new one works in peace, and the outsider looks. wrote is how many writes the flow sent. Call it in a bubble of its own.
func RunPadCrash(f PadFlow, kills []Kill, lost Lost, o Options, shared *Shared) (out Crash, wrote int) {
	ctx := context.Background()
	o.Seed, o.Lags, o.Source = max(o.Seed, 2), &lags{search: 30 * time.Second}, padSource // of an odd seed HubSpot may make companies by itself
	d := newDesk(f, o, shared)
	s := d.s
	if err := d.live(ctx); err != nil {
		d.fail("set up", "%v", err)
	} else {
		d.peace()
		if f.before != nil {
			f.before(d)
			d.peace()
		}
		d.log, d.sent, d.lost = len(s.SalesPad.Log()), 0, lost
		f.act(d)
		d.pastLags()
		for n, k := range kills {
			a := s.life(k, n+1)
			out.Effects, out.Labels = append(out.Effects, a.effects), append(out.Labels, a.last)
		}
		d.rest(ctx, max(f.quiet, 10*time.Minute))
		wrote = d.sent
		f.check(d, ctx)
	}
	out.Report = Report{Source: padSource, Seed: s.Seed, Trail: s.Trail(), Problems: d.problems, Hits: s.Hits()}
	if s.Log != nil {
		out.Log = s.Log.String()
	}
	return out, wrote
}

// newDesk founds the world of a flow.
func newDesk(f PadFlow, o Options, shared *Shared) *padDesk {
	d := &padDesk{s: New(o, shared), flow: f}
	d.s.foundPad()
	d.s.Fault = d.befalls
	d.e = d.s.engine(d.s.newActor("operator", slotOperator, 0))
	if f.set != nil {
		f.set(d)
	}
	return d
}

// befalls has SalesPad refuse what it refuses, and loses the answer that is to be lost.
func (d *padDesk) befalls(c call) *fault {
	if !c.writes() {
		return nil
	}
	if d.flow.refuses != nil && !d.mended && d.flow.refuses(c) {
		f := salespadtest.Failed(http.StatusUnprocessableEntity, 3010, "a script said no")
		return &fault{name: "SalesPad refuses an address", salespad: &f}
	}
	if d.sent++; d.lost != 0 && int(d.lost) == d.sent {
		f, h := salespadtest.LostAnswer(), hubspottest.CommittedThenCut()
		return &fault{name: "done, then cut", ambiguous: true, salespad: &f, hubspot: &h}
	}
	return nil
}

// live makes the marker fields, applies the presets of the flow and takes them live.
func (d *padDesk) live(ctx context.Context) error {
	for _, object := range []string{"companies", "contacts", "products", "deals", "line_items"} {
		if _, err := d.e.Connections["hubspot"].(connector.Provisioner).Provision(ctx, object, true); err != nil {
			return err
		}
	}
	var documents [][]byte
	var order []string
	for _, name := range padOrder {
		if y := d.flow.presets[name]; y != nil {
			documents, order = append(documents, y), append(order, name)
		}
	}
	return takeSetLive(ctx, d.e, documents, order)
}

// pastLags lets time pass until every feed is due and shows what was done.
func (d *padDesk) pastLags() { d.s.newActor("operator", slotOperator, 1).pause(6 * time.Minute) }

// peace is a worker that nobody kills, until everything is at rest.
func (d *padDesk) peace() {
	d.pastLags()
	d.s.life(Kill{}, 0)
}

// rest works in peace until nothing waits, and for a while at the least, so that feeds have had time to show everything (C10).
func (d *padDesk) rest(ctx context.Context, atLeast time.Duration) {
	a := d.s.newActor("calm", slotWorker, 1000)
	e := d.s.engine(a)
	for began := time.Now(); ; a.pause(5 * time.Minute) {
		if err := d.s.drain(ctx, e); err != nil {
			d.fail("C10 convergence", "%v", err)
			return
		}
		idle, err := e.Idle(ctx, 20*time.Hour)
		switch {
		case err != nil:
			d.fail("C10 convergence", "%v", err)
			return
		case idle && time.Since(began) >= atLeast:
			return
		case time.Since(began) > calmFor:
			d.fail("C10 convergence", "it does not come to rest: %s", d.s.waiting(ctx, e))
			return
		}
	}
}
