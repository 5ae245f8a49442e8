package app

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"crosswalk/internal/connector/light/lighttest"
)

// billed makes a world with one billed deal of two lines.
func (w *world) billed(name string) (deal string, lines []string) {
	w.t.Helper()
	co, p := w.billable()
	deal = w.deal(name, co, "40", line(p, "quantity", "1", "name", "One"), line(p, "quantity", "3", "name", "Two"))
	w.win(deal)
	w.wantInvoice(name, "USD", 4000)
	w.later()
	return deal, w.at("deals", deal).Associations["line_items"]
}

// Amended: a draft is updated, header and lines: changed, added, removed.
func TestT4_DraftIsAmendedWithItsLines(t *testing.T) {
	virtual(t, setup{}, func(w *world) {
		d, lines := w.billed("Deal")
		before := w.invoice("Deal")
		p := w.at("line_items", lines[0]).Properties["hs_product_id"]
		w.set("line_items", lines[0], "quantity", "5")
		w.ok(w.HubSpot.User().Archive("line_items", lines[1]))
		w.line(d, line(p, "quantity", "2", "name", "Three"))
		w.set("deals", d, "amount", "70", "closedate", "2026-09-15T22:00:00Z")
		w.later()
		after := w.wantInvoice("Deal", "USD", 7000)
		got := map[string]string{}
		for _, l := range after.Lines {
			got[string(l.ProductNameOverwrite)] = string(l.Quantity)
		}
		if after.ID != before.ID || len(after.Lines) != 2 || got["One"] != "5" || got["Three"] != "2" || after.InvoiceDate != "2026-09-15" {
			w.t.Errorf("%v %s", got, after.InvoiceDate)
		}
		w.wantNoError(dealRef(d))
	})
}

// T4: the answer to an added line is lost: the line that is there is adopted, not added twice.
func TestT4_AddedLineIsAdoptedAfterALostAnswer(t *testing.T) {
	virtual(t, setup{}, func(w *world) {
		d, lines := w.billed("Deal")
		p := w.at("line_items", lines[0]).Properties["hs_product_id"]
		w.Light.SetFault(lighttest.FailAfterCommit("POST /v1/invoice-receivables/{invoiceReceivableId}/lines", lighttest.Fault{Cut: true}))
		w.line(d, line(p, "quantity", "2", "name", "Three"))
		w.set("deals", d, "amount", "60")
		w.later()
		if i := w.wantInvoice("Deal", "USD", 6000); len(i.Lines) != 3 {
			w.t.Errorf("%d lines, want 3", len(i.Lines))
		}
		w.wantNoError(dealRef(d))
	})
}

// A line that a person changed in the draft alone stays as that person left it; the rest follows the deal.
func TestT4_PersonsLineInTheDraftStays(t *testing.T) {
	virtual(t, setup{Presets: []string{"amounts: hold ", "amounts: lines "}}, func(w *world) {
		d, lines := w.billed("Deal")
		id := w.invoice("Deal").ID
		w.ok(w.Light.EditInvoice(id, func(i *lighttest.Invoice) {
			for n := range i.Lines {
				if i.Lines[n].ProductNameOverwrite == "One" {
					i.Lines[n].ProductNameOverwrite = "One, by finance"
				}
			}
		}))
		w.set("line_items", lines[1], "quantity", "4")
		w.set("deals", d, "amount", "50")
		w.later()
		names := map[string]string{}
		for _, l := range w.invoice("Deal").Lines {
			names[string(l.ProductNameOverwrite)] = string(l.Quantity)
		}
		if names["One, by finance"] != "1" || names["Two"] != "4" || len(names) != 2 {
			w.t.Errorf("%v", names)
		}
	})
}

// An open, paid or active document is never touched; always one sync error that names deal and document.
func TestPostedDocumentIsNeverTouched(t *testing.T) {
	for _, state := range []string{lighttest.Open, lighttest.Paid, lighttest.Reversed} {
		for _, what := range []string{"amended", "lost", "reopened", "deleted"} {
			t.Run(state+" "+what, func(t *testing.T) {
				virtual(t, setup{Presets: []string{"lost: keep", "lost: archive"}}, func(w *world) {
					d, lines := w.billed("Deal")
					id := w.invoice("Deal").ID
					w.ok(w.Light.OpenInvoice(id))
					if state == lighttest.Paid {
						w.ok(w.Light.PayInvoice(id))
					}
					if state == lighttest.Reversed {
						w.ok(w.Light.ReverseInvoice(id))
					}
					before := w.invoice("Deal")
					w.Light.ResetCalls()
					category := "no_longer_won"
					switch what {
					case "amended":
						w.set("line_items", lines[0], "quantity", "5")
						w.set("deals", d, "amount", "80")
						category = "posted_differs"
					case "lost":
						w.lose(d)
					case "reopened":
						w.ok(w.HubSpot.User().Reopen(d))
					case "deleted":
						w.ok(w.HubSpot.User().Archive("deals", d))
					}
					w.advance(2 * time.Hour)
					e := w.wantHeld(dealRef(d), category)
					if !strings.Contains(e.Text, d) || e.Target.ID != id || !strings.Contains(e.Text, id) {
						w.t.Errorf("it does not name deal and document: %+v", e)
					}
					if after := w.invoice("Deal"); after.UpdatedAt != before.UpdatedAt || w.writes() != 0 {
						w.t.Errorf("touched: %d writes", w.writes())
					}
					if what == "amended" || what == "deleted" {
						return
					}
					w.win(d) // again
					w.later()
					w.wantNoError(dealRef(d))
					if w.writes() != 0 {
						w.t.Errorf("%d writes after it was won again", w.writes())
					}
					w.invoice("Deal")
				})
			})
		}
	}
}

// T5: lost, re-opened or deleted: a draft is kept and reported, or archived if the mapping says so; never a second
// document when the deal is won again.
func TestT5_DraftOfALostDeal(t *testing.T) {
	for _, word := range []string{"keep", "archive"} {
		for _, what := range []string{"lost", "reopened", "deleted"} {
			t.Run(word+" "+what, func(t *testing.T) {
				var replace []string
				if word == "archive" {
					replace = []string{"lost: keep", "lost: archive"}
				}
				virtual(t, setup{Presets: replace}, func(w *world) {
					d, _ := w.billed("Deal")
					id := w.invoice("Deal").ID
					switch what {
					case "lost":
						w.lose(d)
					case "reopened":
						w.ok(w.HubSpot.User().Reopen(d))
					case "deleted":
						w.ok(w.HubSpot.User().Archive("deals", d))
					}
					w.later()
					want := lighttest.Draft
					if word == "archive" {
						want = lighttest.Archived
					}
					if got := w.invoice("Deal").State; got != want {
						w.t.Fatalf("the draft is %s, want %s; %s", got, want, w.story())
					}
					if e := w.wantHeld(dealRef(d), "no_longer_won"); e.Target.ID != id || !strings.Contains(e.Text, d) || !strings.Contains(e.Text, id) {
						w.t.Errorf("%+v", e)
					}
					if what == "deleted" {
						w.ok(w.HubSpot.User().Restore("deals", d))
					}
					w.win(d)
					w.later()
					w.invoice("Deal") // the one and only
					if word == "keep" {
						w.wantNoError(dealRef(d))
						w.wantInvoice("Deal", "USD", 4000)
					} else {
						w.wantHeld(dealRef(d), "target_archived")
					}
				})
			})
		}
	}
}

// T5: a clone is a new deal with its own document once it wins.
func TestT5_CloneIsANewDeal(t *testing.T) {
	virtual(t, setup{}, func(w *world) {
		d, lines := w.billed("Deal")
		properties := w.at("deals", d).Properties
		co := w.at("deals", d).PrimaryCompany
		clone := w.deal("Deal", co, properties["amount"])
		for _, id := range lines {
			l := w.at("line_items", id).Properties
			w.line(clone, line(l["hs_product_id"], "quantity", l["quantity"], "name", l["name"]))
		}
		w.win(clone)
		if n := len(w.invoices("Deal")); n != 2 {
			w.t.Fatalf("%d invoices, want one for each", n)
		}
	})
}

// T5: merged deals, of which one has a document: the survivor has it, and no second one is made.
func TestT5_MergedDealKeepsTheOneDocument(t *testing.T) {
	for _, signal := range []string{"webhook", "poll"} {
		t.Run(signal, func(t *testing.T) {
			virtual(t, setup{Quiet: signal == "poll"}, func(w *world) {
				co, p := w.billable()
				d := w.deal("Deal", co, "10", line(p, "quantity", "1"))
				w.win(d)
				w.later()
				id := w.invoice("Deal").ID
				other := w.deal("Deal", co, "10", line(p, "quantity", "1"))
				w.later()
				merged, err := w.HubSpot.User().Merge("deals", d, other)
				w.ok(err)
				w.set("deals", merged, "amount", "20") // it has both lines now
				w.advance(time.Hour)
				if got := w.invoice("Deal"); got.ID != id || got.State != lighttest.Draft {
					w.t.Fatalf("%+v", got)
				}
				if x := w.why(dealRef(merged)); x.Link.B.ID != id {
					w.t.Errorf("why %s: %+v", merged, x.Link)
				}
			})
		})
	}
}

// T5: merged deals that both have a document are held, and both documents stay.
func TestT5_MergedDealsWithTwoDocumentsAreHeld(t *testing.T) {
	virtual(t, setup{}, func(w *world) {
		co, p := w.billable()
		d, e := w.deal("One", co, "10", line(p, "quantity", "1")), w.deal("Two", co, "20", line(p, "quantity", "2"))
		w.win(d, e)
		one, two := w.invoice("One"), w.invoice("Two")
		w.later()
		merged, err := w.HubSpot.User().Merge("deals", d, e)
		w.ok(err)
		w.advance(time.Hour)
		twice := w.errors("merged_twice")
		if len(twice) != 2 { // the deal that is gone, and the one that goes on
			w.t.Fatalf("%+v; %s", twice, w.story())
		}
		for _, x := range twice {
			if !strings.Contains(x.Text, one.ID) || !strings.Contains(x.Text, two.ID) || !strings.Contains(x.Text, merged) && x.Ref != dealRef(merged) {
				w.t.Errorf("%+v", x)
			}
		}
		writes := w.writes()
		w.set("deals", merged, "dealname", "Both", "amount", "30")
		w.later()
		if n := w.writes() - writes; n != 0 {
			w.t.Errorf("%d writes at Light; the survivor's draft follows it though it is held", n)
		}
		for _, i := range []lighttest.Invoice{one, two} {
			if now, ok := w.Light.Invoice(i.ID); !ok || now.State != lighttest.Draft {
				w.t.Errorf("%s is %s", i.ID, now.State)
			}
		}
		if n := len(w.Light.Invoices()); n != 2 {
			w.t.Errorf("%d invoices", n)
		}
		// Finance archives the one whose deal is gone: the other follows its deal again.
		kept, gone := w.why(dealRef(merged)).Link.B.ID, one.ID
		if kept == one.ID {
			gone = two.ID
		}
		w.ok(w.Light.EditInvoice(gone, func(i *lighttest.Invoice) { i.State = lighttest.Archived }))
		for _, x := range twice {
			w.retry(x.Ref)
		}
		w.later()
		if left := w.errors("merged_twice"); len(left) != 0 {
			w.t.Fatalf("still held: %+v", left)
		}
		if i, _ := w.Light.Invoice(kept); string(i.Description) != "Both" {
			w.t.Errorf("the draft that stays does not follow its deal: %+v; %s", i, w.story())
		}
	})
}

// A line begins to recur after the invoice was made: no contract beside it, one sync error.
func TestKindIsFrozenByTheDocument(t *testing.T) {
	virtual(t, setup{}, func(w *world) {
		d, lines := w.billed("Deal")
		w.set("line_items", lines[0], "recurringbillingfrequency", "monthly")
		w.set("deals", d, "amount", "41")
		w.later()
		w.wantHeld(dealRef(d), "kind_changed")
		w.invoice("Deal")
	})
}

// Another net total than the plan's is a sync error and is never opened; mended and retried it goes on.
func TestReadBackTotalMustAgree(t *testing.T) {
	virtual(t, setup{Presets: []string{"after: []                              # what follows by itself: open,", "after: [open]  # "}}, func(w *world) {
		co, p := w.billable()
		tampering := true
		w.Light.SetFault(func(r *http.Request, _ []byte) *lighttest.Fault {
			if list := w.Light.Invoices(); tampering && r.Method == http.MethodGet && len(list) == 1 && strings.Contains(r.URL.Path, list[0].ID) {
				w.ok(w.Light.EditInvoice(list[0].ID, func(i *lighttest.Invoice) { i.Lines[0].Quantity = "2" }))
			}
			return nil
		})
		d := w.deal("Deal", co, "10", line(p, "quantity", "1"))
		w.win(d)
		w.advance(time.Hour)
		w.wantHeld(dealRef(d), "amount_wrong")
		if i := w.invoice("Deal"); i.State != lighttest.Draft {
			w.t.Fatalf("it is %s", i.State)
		}
		tampering = false
		w.ok(w.Light.EditInvoice(w.invoice("Deal").ID, func(i *lighttest.Invoice) { i.Lines[0].Quantity = "1" }))
		w.retry(dealRef(d))
		w.later()
		if i := w.invoice("Deal"); i.State != lighttest.Open {
			w.t.Fatalf("mended and retried, it is %s; %s", i.State, w.story())
		}
		w.wantNoError(dealRef(d))
	})
}
