package app

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"crosswalk/internal/connector/light/lighttest"
	"crosswalk/internal/engine"
	"crosswalk/internal/engine/table"
	"crosswalk/internal/mapping"
	"crosswalk/internal/record"
	"crosswalk/internal/store/memory"
)

// T6, Q15: after a restore from backup links and intentions made since are gone. Nothing is written before what was made has
// been read back by its marks; then every won deal has exactly one document again, and no e-mail goes out twice.

// dated is a setup whose table carries an epoch. Light forgets keys of creates at once: what it would answer to one that is
// sent again must not be what keeps documents single.
func dated(s setup) setup {
	s.Light.IdempotencyRetention = time.Second
	before := s.Config
	s.Config = func(c *engine.Config) {
		c.Epoch = 1
		if before != nil {
			before(c)
		}
	}
	return s
}

// restore puts an older table back and starts a new process on it, with the epoch raised.
func (w *world) restore(s memory.Snapshot, epoch int) {
	w.t.Helper()
	w.store.Restore(s)
	w.config.Epoch = epoch
	w.reborn()
}

// reborn is a new process, as the program starts one.
func (w *world) reborn() {
	w.t.Helper()
	w.restart()
	w.ok(w.Engine.TakeEpoch(w.t.Context()))
}

// rebuild reads back what was made and lets it come to its end.
func (w *world) rebuild() engine.Rebuild {
	w.t.Helper()
	_, err := w.Engine.StartRebuild(w.t.Context(), "editor", "the disk died")
	w.ok(err)
	return w.rebuilt()
}

func (w *world) rebuilt() engine.Rebuild {
	w.t.Helper()
	for range 240 {
		s, err := w.Engine.Rebuilding(w.t.Context())
		w.ok(err)
		if s.Restored == nil && s.Rebuild != nil && s.Rebuild.Phase == engine.PhaseDone {
			return *s.Rebuild
		}
		w.advance(30 * time.Second)
	}
	s, _ := w.Engine.Rebuilding(w.t.Context())
	w.t.Fatalf("the rebuild does not end: %+v", s.Rebuild)
	return engine.Rebuild{}
}

func (w *world) resumeAll() {
	w.t.Helper()
	heads, err := w.Engine.Heads(w.t.Context())
	w.ok(err)
	for _, h := range heads {
		if h.Status == mapping.Paused {
			_, err := w.Engine.Resume(w.t.Context(), h.Name, "editor", "read the report")
			w.ok(err)
		}
	}
}

func (w *world) rows(epoch int, what string) []engine.RebuildRow {
	w.t.Helper()
	all, _, err := w.Engine.RebuildRows(w.t.Context(), epoch, 0, 1000)
	w.ok(err)
	return slices.DeleteFunc(all, func(r engine.RebuildRow) bool { return r.What != what })
}

// oneEach wants exactly one document for each deal by its name, and one customer for each name.
func (w *world) oneEach(deals, customers []string) {
	w.t.Helper()
	for _, name := range deals {
		if n := len(w.invoices(name)) + len(w.contracts(name)); n != 1 {
			w.t.Errorf("%s has %d documents, want one; %s", name, n, w.story())
		}
	}
	for _, name := range customers {
		if n := len(w.customers(name)); n != 1 {
			w.t.Errorf("%s is %d customers, want one", name, n)
		}
	}
}

// refusedWith wants a refusal whose fix names the command.
func refusedWith(t *testing.T, what string, err error, command string) {
	t.Helper()
	var refused *engine.RefusedError
	if !errors.As(err, &refused) || !strings.Contains(refused.Fix, command) {
		t.Errorf("%s: %v, want a refusal that says %s", what, err, command)
	}
}

// dayAfter is a day of work after the backup: what was there changes, new things are made.
type dayAfter struct {
	company, product, oldDeal, edited, unlinked string
	snapshot                                    memory.Snapshot
	deals, customers                            []string
}

func (w *world) dayAfterBackup() *dayAfter {
	w.t.Helper()
	d := &dayAfter{}
	d.company, d.product = w.billable()
	w.set("companies", d.company, "billing_email", "ap@nordlys.example")
	d.oldDeal = w.deal("Old", d.company, "10", line(d.product, "quantity", "1"))
	d.edited = w.deal("Edited", d.company, "10", line(d.product, "quantity", "1"))
	d.unlinked = w.deal("Unlinked", d.company, "10", line(d.product, "quantity", "1"))
	w.win(d.oldDeal, d.edited, d.unlinked)
	w.later()
	// a create under way when the backup is made: the claim is in it, the document is made after it
	claimed := w.deal("Claimed", d.company, "10", line(d.product, "quantity", "1"))
	w.Light.SetFault(lighttest.FailOnce(createInvoice, lighttest.Fault{Cut: true}))
	w.win(claimed)
	w.wantNoDocument("Claimed")
	d.snapshot = w.store.Snapshot()

	w.advance(time.Hour)
	w.invoice("Claimed")
	second := w.company("Aurora", "vat_number", "DK87654326", "billing_email", "ap@aurora.example")
	third := w.company("Boreal", "domain", "boreal.example", "billing_email", "ap@boreal.example")
	late := w.product("Late", "25")
	w.later()
	w.win(w.deal("New", second, "20", line(d.product, "quantity", "2")), w.deal("Late", third, "25", line(late, "quantity", "1")),
		w.deal("Second", d.company, "10", line(d.product, "quantity", "1")), w.deal("Posted", second, "30", line(d.product, "quantity", "3")),
		w.deal("Contract", second, "10", line(d.product, "quantity", "1", "recurringbillingfrequency", "monthly")))
	w.later()
	w.set("companies", d.company, "city", "Odense")
	w.set("deals", d.edited, "dealname", "Edited twice")
	_, err := w.Engine.Unlink(w.t.Context(), engine.Pair{A: dealRef(d.unlinked)}, "editor", "by hand from now on", false)
	w.ok(err)
	w.advance(20 * time.Hour)
	if i := w.invoice("Posted"); i.State == lighttest.Draft {
		w.ok(w.Light.OpenInvoice(i.ID))
	}
	w.later()
	edited := "Edited twice"
	if len(w.Light.Emails()) > 0 { // it had left draft, and is not touched any more
		edited = "Edited"
	}
	d.deals = []string{"Old", edited, "Unlinked", "Claimed", "New", "Late", "Second", "Posted", "Contract"}
	d.customers = []string{"Nordlys", "Aurora", "Boreal"}
	w.oneEach(d.deals, d.customers)
	return d
}

func TestT6_RestoreDoublesNothing(t *testing.T) {
	for name, presets := range map[string][]string{"drafts": nil, "opened and e-mailed": afterWords("open, send_email", email)} {
		t.Run(name, func(t *testing.T) {
			virtual(t, dated(setup{Presets: presets}), func(w *world) {
				w.ok(w.Engine.TakeEpoch(w.t.Context()))
				d := w.dayAfterBackup()
				mails, documents := len(w.Light.Emails()), w.Light.Counts()
				before := w.Light.Invoices()
				w.restore(d.snapshot, 2)
				w.Light.ResetCalls()

				// nothing is written before the rebuild, whatever happens
				w.win(w.deal("While stopped", d.company, "10", line(d.product, "quantity", "1")))
				w.set("companies", d.company, "city", "Esbjerg")
				w.advance(6 * time.Hour)
				if n := w.writes(); n != 0 {
					w.t.Fatalf("%d writes before the rebuild: %v", n, w.Light.Calls())
				}
				s, err := w.Engine.Status(w.t.Context())
				w.ok(err)
				if s.Restored == nil || s.Restored.From != 1 || s.Restored.Epoch != 2 {
					w.t.Fatalf("status: %+v", s.Restored)
				}
				for _, m := range s.Mappings {
					if m.Head.Status != mapping.Paused || m.Head.Restored != 2 || m.Head.Since.After(opening.Add(3*time.Hour)) {
						w.t.Errorf("%s is %s, restored %d, since %s", m.Head.Name, m.Head.Status, m.Head.Restored, m.Head.Since)
					}
				}
				if x := w.why(dealRef(d.oldDeal)); !strings.Contains(x.Stopped, "epoch 1, now 2") || !strings.Contains(x.Stopped, "crosswalk rebuild") {
					w.t.Errorf("why: %q", x.Stopped)
				}
				ctx, at := w.t.Context(), "deals-to-invoices"
				_, err = w.Engine.GoLive(ctx, at, 0, true, "editor", "")
				refusedWith(w.t, "live", err, "crosswalk rebuild")
				_, err = w.Engine.Resume(ctx, at, "editor", "")
				refusedWith(w.t, "resume", err, "crosswalk rebuild")
				_, err = w.Engine.RunMapping(ctx, engine.Run{Kind: "full", Mapping: at, Actor: "editor"}, nil)
				refusedWith(w.t, "run", err, "crosswalk rebuild")
				_, _, err = w.Engine.StartPilot(ctx, at, 0, []record.Ref{dealRef(d.oldDeal)}, "editor", "")
				refusedWith(w.t, "pilot", err, "crosswalk rebuild")
				_, err = w.Engine.RunPlan(ctx, "p1", "editor")
				refusedWith(w.t, "run --plan", err, "crosswalk rebuild")
				_, err = w.Engine.Retry(ctx, dealRef(d.oldDeal), "", "editor")
				refusedWith(w.t, "retry", err, "crosswalk rebuild")

				// the rebuild reads
				r := w.rebuild()
				if n := w.writes(); n != 0 {
					w.t.Fatalf("%d writes in the rebuild: %v", n, w.Light.Calls())
				}
				// Claimed, New, Late, Second, Posted, Contract; Aurora, Boreal; the product Late
				if r.Adopted != 9 || r.Held != 0 || r.Open != 0 || r.Strays != 0 || len(r.Stopped) != 4 || r.Actor != "editor" {
					w.t.Errorf("%+v\n%+v", r, w.rows(2, engine.RowOpen))
				}
				for name, head := range w.heads() {
					if head.Status != mapping.Paused {
						w.t.Errorf("%s is %s before a person resumed it", name, head.Status)
					}
				}
				w.advance(2 * time.Hour)
				if n := w.writes(); n != 0 {
					w.t.Fatalf("%d writes before a person resumed: %v", n, w.Light.Calls())
				}

				w.resumeAll()
				w.advance(3 * time.Hour)
				w.oneEach(append(d.deals, "While stopped"), d.customers)
				got := w.Light.Counts()
				documents.Invoices++ // While stopped
				if got.Invoices != documents.Invoices || got.Contracts != documents.Contracts || got.Customers != documents.Customers || got.Products != documents.Products {
					w.t.Errorf("%+v, want %+v", got, documents)
				}
				for _, i := range before { // what was there stays as it was
					now, _ := w.Light.Invoice(i.ID)
					if now.State != i.State || now.Net() != i.Net() || len(now.Lines) != len(i.Lines) {
						w.t.Errorf("%s: %s of %d, was %s of %d", i.Description, now.State, now.Net(), i.State, i.Net())
					}
				}
				if c := w.customers("Nordlys"); len(c) == 1 && string(c[0].BillingAddress.City) != "Odense" && string(c[0].BillingAddress.City) != "Esbjerg" {
					w.t.Errorf("Nordlys is in %s", c[0].BillingAddress.City)
				}
				want := mails
				if presets != nil {
					want++ // of While stopped
					if r.EMails != 5 {
						w.t.Errorf("%d e-mails reported, want 5", r.EMails)
					}
				}
				if n := len(w.Light.Emails()); n != want {
					w.t.Errorf("%d e-mails, want %d", n, want)
				}
				x := w.why(w.dealNamed("New"))
				if len(x.Entries) == 0 || !slices.ContainsFunc(x.Entries, func(e engine.Entry) bool { return e.Cause == "rebuild" && e.Actor == "editor" }) {
					w.t.Errorf("why does not tell of the rebuild: %+v", x.Entries)
				}
				history, err := w.Engine.History(ctx, at)
				w.ok(err)
				if !slices.ContainsFunc(history, func(h engine.Happening) bool {
					return h.What == "rebuild" && h.Actor == "editor" && h.Note == "the disk died"
				}) {
					w.t.Errorf("history does not tell of the rebuild: %+v", history)
				}
				// life goes on as it was
				w.set("deals", d.oldDeal, "dealname", "Old, renamed")
				w.later()
				if presets == nil {
					w.oneEach([]string{"Old, renamed"}, nil)
				}
			})
		})
	}
}

func (w *world) heads() map[string]engine.Head {
	w.t.Helper()
	list, err := w.Engine.Heads(w.t.Context())
	w.ok(err)
	out := map[string]engine.Head{}
	for _, h := range list {
		out[h.Name] = h
	}
	return out
}

func (w *world) dealNamed(name string) record.Ref {
	w.t.Helper()
	for _, r := range w.HubSpot.Records("deals") {
		if r.Properties["dealname"] == name {
			return dealRef(r.ID)
		}
	}
	w.t.Fatalf("no deal %s", name)
	return record.Ref{}
}

// A crash at every put of a rebuild, in every phase: the next process goes on, and the report is the same.
func TestT6_RebuildSurvivesCrashes(t *testing.T) {
	left, dead := -1, false
	wrap := func(inner table.Table) table.Table {
		down := func(context.Context, memory.Call) error {
			if dead {
				return errors.New("the process is dead")
			}
			return nil
		}
		return &memory.Faulty{Inner: inner, Before: down, After: func(_ context.Context, c memory.Call, answer error) error {
			if c.Op == memory.OpPut && left > 0 {
				if left--; left == 0 {
					dead = true
				}
			}
			return answer
		}}
	}
	virtual(t, dated(setup{Table: wrap, Presets: afterWords("open, send_email", email)}), func(w *world) {
		w.ok(w.Engine.TakeEpoch(w.t.Context()))
		d := w.dayAfterBackup()
		w.Light.ResetCalls()
		puts := 1 << 20
		left = puts
		w.restore(d.snapshot, 2)
		smooth := w.rebuild()
		puts -= left
		left = -1
		rows, _, err := w.Engine.RebuildRows(w.t.Context(), 2, 0, 1000)
		w.ok(err)
		want := w.linked()
		if smooth.Adopted != 9 || smooth.EMails != 5 || puts < 500 {
			w.t.Fatalf("%d puts, %+v", puts, smooth)
		}
		for k := 1; k < puts; k++ {
			if k > 40 && k <= 150 && k%2 != 0 || k > 150 && k%37 != 0 { // what comes then is the search for strays, a partition at a time
				continue
			}
			left = k
			w.store.Restore(d.snapshot)
			w.config.Epoch = 2
			w.restart()
			if err := w.Engine.TakeEpoch(w.t.Context()); err == nil {
				if _, err := w.Engine.StartRebuild(w.t.Context(), "editor", "the disk died"); err == nil {
					for n := 0; !dead && n < 60; n++ {
						time.Sleep(30 * time.Second)
						w.Engine.Poll(w.t.Context())
					}
				}
			}
			if !dead {
				w.t.Fatalf("put %d: no crash", k)
			}
			left, dead = -1, false
			w.reborn()
			again := w.rebuild()
			got, _, err := w.Engine.RebuildRows(w.t.Context(), 2, 0, 1000)
			w.ok(err)
			if again.Adopted != smooth.Adopted || again.EMails != smooth.EMails || again.Held+again.Open+again.Strays+again.Others != 0 || !slices.Equal(got, rows) || !slices.Equal(w.linked(), want) {
				w.t.Fatalf("put %d of %d: %+v\n%+v\nlinks %v\nwant %v", k, puts, again, got, w.linked(), want)
			}
		}
		if n := w.writes(); n != 0 {
			w.t.Fatalf("%d writes", n)
		}
		mails := len(w.Light.Emails())
		w.resumeAll()
		w.advance(3 * time.Hour)
		w.oneEach(d.deals, d.customers)
		if n := len(w.Light.Emails()); n != mails {
			w.t.Errorf("%d e-mails, want %d", n, mails)
		}
	})
}

// linked lists who is linked to what, with what is still to be done.
func (w *world) linked() []string {
	w.t.Helper()
	var out []string
	page, err := w.Engine.Links(w.t.Context(), engine.LinkQuery{Limit: engine.MaxLinks})
	w.ok(err)
	for _, l := range page.Links {
		text := l.A.String() + " " + string(l.State) + " " + l.B.String() + " " + l.Net
		for _, t := range l.Todo {
			text += " " + t.Do
		}
		out = append(out, text)
	}
	slices.Sort(out)
	return out
}

// An epoch that is not the table's: smaller is refused and names both; without any, a used table counts as of epoch 1.
func TestT6_Epoch(t *testing.T) {
	virtual(t, setup{Config: func(c *engine.Config) { c.Epoch = 3 }, Draft: true}, func(w *world) {
		take := func(epoch int) error {
			w.config.Epoch = epoch
			w.restart()
			return w.Engine.TakeEpoch(w.t.Context())
		}
		state := func() engine.RebuildState {
			s, err := w.Engine.Rebuilding(w.t.Context())
			w.ok(err)
			return s
		}
		if w.ok(take(1)); state().Epoch != 1 || state().Restored != nil {
			w.t.Fatalf("a used table of before: %+v", state())
		}
		_, err := w.Engine.StartRebuild(w.t.Context(), "editor", "")
		refusedWith(w.t, "rebuild of what was not restored", err, "epoch")
		if w.ok(take(3)); state().Restored == nil || state().Restored.From != 1 || state().Epoch != 3 {
			w.t.Fatalf("%+v", state())
		}
		var older *engine.EpochError
		if err := take(2); !errors.As(err, &older) || !strings.Contains(err.Error(), "says 2") || !strings.Contains(err.Error(), "carries 3") {
			w.t.Errorf("%v", err)
		}
		if w.ok(take(3)); state().Restored == nil {
			t.Error("started again it goes on as if nothing had been")
		}
		w.store.Restore(memory.New().Snapshot())
		if w.ok(take(2)); state().Restored != nil || state().Epoch != 2 {
			w.t.Errorf("a new table: %+v", state())
		}
		w.apply(presetsWith(w.t)...)
		w.store.Restore(withoutEpoch(w.store.Snapshot()))
		if w.ok(take(2)); state().Restored == nil || state().Restored.From != 1 {
			w.t.Errorf("a used table without an epoch, restored: %+v", state())
		}
	})
}

// withoutEpoch is what a version before epochs kept.
func withoutEpoch(s memory.Snapshot) memory.Snapshot {
	out := memory.New()
	for _, i := range s.Items() {
		if i.PK != "Y" {
			out.Put(context.Background(), []table.Put{{Key: i.Key, Data: i.Data, Token: i.Token, Expires: i.Expires}})
		}
	}
	return out.Snapshot()
}

// Without the epoch raised nothing can know that the table is an older one: this is what it is for.
func TestT6_WithoutTheEpochRaised(t *testing.T) {
	virtual(t, dated(setup{}), func(w *world) {
		w.ok(w.Engine.TakeEpoch(w.t.Context()))
		co, p := w.billable()
		s := w.store.Snapshot()
		w.win(w.deal("Deal", co, "10", line(p, "quantity", "1", "recurringbillingfrequency", "monthly")))
		w.later()
		w.contract("Deal")
		w.restore(s, 1)
		w.later()
		if n := len(w.contracts("Deal")); n != 2 {
			w.t.Skipf("%d contracts: a restore without a raised epoch is noticed otherwise", n)
		}
	})
}

// A person's work in the systems after the backup stays: a line changed in the draft, a customer's name; a deal that was
// changed while everything was stopped is listed as different, and nothing is written over.
func TestT6_AdoptedAsFound(t *testing.T) {
	virtual(t, dated(setup{Presets: []string{"amounts: hold ", "amounts: lines "}}), func(w *world) {
		w.ok(w.Engine.TakeEpoch(w.t.Context()))
		_, p := w.billable()
		s := w.store.Snapshot()
		w.later()
		other := w.company("Aurora", "vat_number", "DK87654326")
		w.win(w.deal("By finance", other, "10", line(p, "quantity", "1", "name", "One")), w.deal("By sales", other, "10", line(p, "quantity", "1")), w.deal("Same", other, "10", line(p, "quantity", "1")))
		w.later()
		id := w.invoice("By finance").ID
		w.ok(w.Light.EditInvoice(id, func(i *lighttest.Invoice) { i.Lines[0].ProductNameOverwrite = "One, by finance"; i.PONumber = "4711" }))
		w.ok(w.Light.EditCustomer(w.customers("Aurora")[0].ID, func(c *lighttest.Customer) { c.Name = "Aurora ApS" }))
		w.restore(s, 2)
		sales := w.dealNamed("By sales").ID
		w.set("line_items", w.at("deals", sales).Associations["line_items"][0], "quantity", "4")
		r := w.rebuild()
		if r.Adopted != 4 || r.Differs != 2 {
			w.t.Errorf("%+v %+v", r, w.rows(2, engine.RowAdopted))
		}
		w.Light.ResetCalls()
		w.resumeAll()
		w.advance(2 * time.Hour)
		if i := w.wantInvoice("By finance", "USD", 1000); string(i.Lines[0].ProductNameOverwrite) != "One, by finance" || string(i.PONumber) != "4711" {
			w.t.Errorf("%+v", i.Lines)
		}
		w.wantInvoice("By sales", "USD", 1000)
		w.wantInvoice("Same", "USD", 1000)
		if len(w.customers("Aurora ApS")) != 1 || w.writes() != 0 {
			w.t.Errorf("%d writes: %v", w.writes(), w.Light.Calls())
		}
		w.set("line_items", w.at("deals", sales).Associations["line_items"][0], "quantity", "5") // from here on it follows
		w.later()
		w.wantInvoice("By sales", "USD", 5000)
		w.wantNoError(dealRef(sales))
	})
}

// What a person took apart before the backup stays apart; what was made anew after it is listed where the backup has an older
// counterpart linked, and adopted where it has none.
func TestT6_TakenApart(t *testing.T) {
	virtual(t, dated(setup{}), func(w *world) {
		w.ok(w.Engine.TakeEpoch(w.t.Context()))
		co, p := w.billable()
		apart, again, relinked := w.deal("Apart", co, "10", line(p, "quantity", "1")), w.deal("Again", co, "10", line(p, "quantity", "1")), w.deal("Relinked", co, "10", line(p, "quantity", "1"))
		w.win(apart, again, relinked)
		w.later()
		unlink := func(id string, rematch bool) {
			_, err := w.Engine.Unlink(w.t.Context(), engine.Pair{A: dealRef(id)}, "editor", "made twice", rematch)
			w.ok(err)
			w.settle()
		}
		unlink(apart, false)
		unlink(again, false)
		s := w.store.Snapshot()
		w.advance(time.Hour)
		w.retry(dealRef(again)) // generation 1, the backup knows that it comes
		unlink(relinked, true)  // generation 1, the backup has generation 0 linked
		w.later()
		if len(w.invoices("Again")) != 2 || len(w.invoices("Relinked")) != 2 {
			w.t.Fatalf("%d, %d; %s", len(w.invoices("Again")), len(w.invoices("Relinked")), w.story())
		}
		w.restore(s, 2)
		r := w.rebuild()
		others := w.rows(2, engine.RowOther)
		if r.Adopted != 1 || len(others) != 1 || others[0].Ref != dealRef(relinked) || others[0].Target == w.why(dealRef(relinked)).Link.B {
			w.t.Errorf("%+v %+v", r, others)
		}
		w.resumeAll()
		w.advance(2 * time.Hour)
		w.wantHeld(dealRef(apart), "unlinked")
		if l := w.why(dealRef(again)).Link; l.State != "linked" || l.Unlinked() {
			w.t.Errorf("%+v", l)
		}
		if len(w.invoices("Apart")) != 1 || len(w.invoices("Again")) != 2 || len(w.invoices("Relinked")) != 2 {
			w.t.Errorf("%d, %d, %d", len(w.invoices("Apart")), len(w.invoices("Again")), len(w.invoices("Relinked")))
		}
	})
}

// Several records with one mark are a person's question; a marked record that nothing is linked to is listed.
func TestT6_SeveralAndStrays(t *testing.T) {
	virtual(t, dated(setup{}), func(w *world) {
		w.ok(w.Engine.TakeEpoch(w.t.Context()))
		co, p := w.billable()
		s := w.store.Snapshot()
		w.later()
		one, gone := w.deal("One", co, "10", line(p, "quantity", "1")), w.deal("Gone", co, "10", line(p, "quantity", "1"))
		w.win(one, gone, w.deal("Other", co, "10", line(p, "quantity", "1")))
		w.later()
		marker := w.invoice("One").Reference
		w.ok(w.Light.EditInvoice(w.invoice("Other").ID, func(i *lighttest.Invoice) { i.Reference = marker })) // a copy, as a restored Light might have
		w.ok(w.HubSpot.User().Archive("deals", gone))
		w.restore(s, 2)
		r := w.rebuild()
		strays := w.rows(2, engine.RowStray)
		if r.Held != 1 || !slices.ContainsFunc(strays, func(r engine.RebuildRow) bool { return r.Target.ID == w.invoice("Gone").ID }) {
			w.t.Errorf("%+v %+v", r, strays)
		}
		if e := w.wantHeld(dealRef(one), "duplicate_marker"); e.Mapping == "" {
			w.t.Errorf("%+v", e)
		}
		if n := len(w.why(dealRef(one)).Link.Reason.Candidates); n != 2 {
			w.t.Errorf("%d candidates", n)
		}
		w.resumeAll()
		w.advance(2 * time.Hour)
		w.wantHeld(dealRef(one), "duplicate_marker")
		w.invoice("One")
		w.ok(w.HubSpot.User().Restore("deals", gone)) // out of the recycle bin, where no list showed it
		w.advance(2 * time.Hour)
		w.invoice("Gone")
		if l := w.why(dealRef(gone)).Link; l.State != "linked" {
			w.t.Errorf("%s; %s", l.State, w.story())
		}
	})
}

// A deal that was billed after the backup and then merged into another: the surviving one has its document.
func TestT6_MergedSince(t *testing.T) {
	virtual(t, dated(setup{}), func(w *world) {
		w.ok(w.Engine.TakeEpoch(w.t.Context()))
		co, p := w.billable()
		s := w.store.Snapshot()
		w.later()
		loser, winner := w.deal("Deal", co, "10", line(p, "quantity", "1")), w.deal("Deal", co, "10", line(p, "quantity", "1"))
		w.win(loser)
		w.later()
		w.invoice("Deal")
		into, err := w.HubSpot.User().Merge("deals", winner, loser)
		w.ok(err)
		w.set("deals", into, "amount", "10")
		w.later()
		w.restore(s, 2)
		r := w.rebuild()
		w.resumeAll()
		w.ok(w.HubSpot.User().Win(into))
		w.advance(2 * time.Hour)
		if n := len(w.Light.Invoices()); n != 1 || r.Strays != 0 {
			w.t.Errorf("%d invoices; %+v; %s", n, r, w.story())
		}
	})
}

// An e-mail that stood to be sent when the backup was made has been sent since: it is struck, and reported.
func TestT6_EMailThatStoodToBeSent(t *testing.T) {
	virtual(t, dated(setup{Light: lighttest.Config{OpenDelay: 10 * time.Minute}, Presets: afterWords("open, send_email", email)}), func(w *world) {
		w.ok(w.Engine.TakeEpoch(w.t.Context()))
		co, p := w.billable()
		w.set("companies", co, "billing_email", "ap@nordlys.example")
		d := w.deal("Deal", co, "10", line(p, "quantity", "1"))
		w.win(d)
		s := w.store.Snapshot() // it is being opened
		w.advance(time.Hour)
		if n := len(w.Light.Emails()); n != 1 {
			w.t.Fatalf("%d e-mails", n)
		}
		w.restore(s, 2)
		r := w.rebuild()
		if rows := w.rows(2, engine.RowEMail); r.EMails != 1 || len(rows) != 1 || rows[0].Ref != dealRef(d) {
			w.t.Errorf("%+v %+v", r, rows)
		}
		w.resumeAll()
		w.advance(24 * time.Hour)
		if n := len(w.Light.Emails()); n != 1 {
			w.t.Errorf("%d e-mails", n)
		}
		w.wantHeld(dealRef(d), "email_unsure")
		w.retry(dealRef(d))
		w.later()
		w.wantNoError(dealRef(d))
		if n := len(w.Light.Emails()); n != 1 {
			w.t.Errorf("%d e-mails after retry", n)
		}
	})
}

// Operations are told at once, and until the last mapping goes on.
func TestT6_OperationsAreTold(t *testing.T) {
	box := &mailbox{}
	virtual(t, dated(setup{Config: func(c *engine.Config) { c.Teller = box }}), func(w *world) {
		w.ok(w.Engine.TakeEpoch(w.t.Context()))
		w.billable()
		s := w.store.Snapshot()
		w.advance(24 * time.Hour)
		box.take()
		w.restore(s, 2)
		w.advance(soon)
		box.told(w.t, "operations first: stop restored 1")
		w.rebuild()
		w.advance(2 * time.Hour)
		box.take()
		w.resumeAll()
		w.advance(2 * time.Hour)
		if got := box.take(); len(got) != 1 || !strings.Contains(got[0], "over: stop restored") {
			w.t.Errorf("%q", got)
		}
	})
}

// While a mapping is paused, what waits for it in the table goes on waiting, and goes on with it: a deal that waits for its
// company is billed although neither changed since.
func TestPausedTasksWait(t *testing.T) {
	virtual(t, setup{}, func(w *world) {
		co := w.company("Nordlys", "vat_number", "DK12345674")
		p := w.product("Thing", "10")
		w.later()
		w.Light.SetFault(lighttest.FailTimes(1<<20, "POST /v1/invoice-receivables", lighttest.Fault{Status: 503}))
		w.win(w.deal("Deal", co, "10", line(p, "quantity", "1")))
		w.advance(3 * time.Hour) // longer than what is read again after a pause
		for name := range w.heads() {
			_, err := w.Engine.Pause(w.t.Context(), name, "editor", "")
			w.ok(err)
		}
		w.Light.SetFault(nil)
		w.advance(24 * time.Hour)
		w.wantNoDocument("Deal")
		w.resumeAll()
		w.later()
		w.wantInvoice("Deal", "USD", 1000)
	})
}
