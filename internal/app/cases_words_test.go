package app

import (
	"slices"
	"strings"
	"testing"
	"time"

	"crosswalk/internal/connector/light/lighttest"
)

// afterWords puts words, and what they need, into the invoice preset.
func afterWords(words, more string) []string {
	return []string{"after: []                              # what follows by itself: open, send_email, einvoice, write_back; nothing\n", "after: [" + words + "]\n" + more + "\n"}
}

const email = `email: { subject: "Invoice {invoiceNumber}", reply_to: ar@example.com }`

// Opening, publishing, e-mailing and e-invoicing are four separate words, all absent from the presets: nothing follows.
func TestNothingFollowsADraftByItself(t *testing.T) {
	virtual(t, setup{}, func(w *world) {
		co, p := w.billable()
		w.win(w.deal("Invoice", co, "10", line(p, "quantity", "1")), w.deal("Contract", co, "10", line(p, "quantity", "1", "recurringbillingfrequency", "monthly")))
		w.advance(24 * time.Hour)
		w.wantInvoice("Invoice", "USD", 1000)
		if c := w.contract("Contract"); c.State != lighttest.Created {
			w.t.Errorf("the contract is %s", c.State)
		}
		if len(w.Light.Emails()) != 0 {
			w.t.Error("an e-mail was sent")
		}
	})
}

// B7: opening outlives the call: it is asked about again, and what follows waits for it.
func TestB7_OpenThenEmail(t *testing.T) {
	virtual(t, setup{Light: lighttest.Config{OpenDelay: 3 * time.Minute}, Presets: afterWords("open, send_email", email)}, func(w *world) {
		co, p := w.billable()
		w.win(w.deal("Deal", co, "10", line(p, "quantity", "1")))
		c := w.Light.Customers()[0]
		w.ok(w.Light.EditCustomer(c.ID, func(c *lighttest.Customer) {
			c.Email = "ap@nordlys.example"
			c.CCEmails = []string{"copy@nordlys.example"}
		}))
		if i := w.invoice("Deal"); i.State != lighttest.OpenInProgress || len(w.Light.Emails()) != 0 {
			w.t.Fatalf("%s with %d e-mails", i.State, len(w.Light.Emails()))
		}
		w.restart() // a new process knows it from the link
		w.later()
		i := w.invoice("Deal")
		mails := w.Light.Emails()
		if i.State != lighttest.Open || len(mails) != 1 {
			w.t.Fatalf("%s with %d e-mails; %s", i.State, len(mails), w.story())
		}
		if m := mails[0]; m.InvoiceID != i.ID || m.Subject != "Invoice "+string(i.InvoiceNumber) || m.ReplyTo != "ar@example.com" || !slices.Equal(m.Recipients, []string{"ap@nordlys.example"}) || !slices.Equal(m.CC, []string{"copy@nordlys.example"}) {
			w.t.Errorf("%+v", m)
		}
		if n := w.Light.Calls()["POST /v1/invoice-receivables/{invoiceReceivableId}/open"]; n != 1 {
			w.t.Errorf("%d calls to open", n)
		}
	})
}

// The customer's recipients come before its e-mail; without any nothing is sent, and mended and retried it is.
func TestEmailGoesToTheCustomersRecipients(t *testing.T) {
	virtual(t, setup{Presets: afterWords("open, send_email", email)}, func(w *world) {
		co, p := w.billable()
		d := w.deal("Deal", co, "10", line(p, "quantity", "1"))
		w.win(d)
		w.later()
		w.wantHeld(dealRef(d), "email_unsure")
		if len(w.Light.Emails()) != 0 || w.invoice("Deal").State != lighttest.Open {
			w.t.Fatal("sent to nobody")
		}
		w.ok(w.Light.EditCustomer(w.Light.Customers()[0].ID, func(c *lighttest.Customer) {
			c.Email, c.RecipientEmails = "office@nordlys.example", []string{"ap1@nordlys.example", "ap2@nordlys.example"}
		}))
		w.retry(dealRef(d))
		w.later()
		if m := w.Light.Emails(); len(m) != 1 || !slices.Equal(m[0].Recipients, []string{"ap1@nordlys.example", "ap2@nordlys.example"}) {
			w.t.Fatalf("%+v; %s", m, w.story())
		}
		w.wantNoError(dealRef(d))
		w.retry(dealRef(d))
		if n := len(w.Light.Emails()); n != 1 {
			w.t.Errorf("%d e-mails", n)
		}
	})
}

// What sends something to people is done at most once: an answer that is lost is shown, and never asked again.
func TestEmailIsSentAtMostOnce(t *testing.T) {
	virtual(t, setup{Presets: afterWords("open, send_email", email)}, func(w *world) {
		co, p := w.billable()
		w.set("companies", co, "billing_email", "ap@nordlys.example")
		w.Light.SetFault(lighttest.FailAfterCommit("POST /v1/invoice-receivables/{invoiceReceivableId}/send-email", lighttest.Fault{Cut: true}))
		d := w.deal("Deal", co, "10", line(p, "quantity", "1"))
		w.win(d)
		w.later()
		w.wantHeld(dealRef(d), "email_unsure")
		w.retry(dealRef(d))
		w.advance(24 * time.Hour)
		if n := len(w.Light.Emails()); n != 1 {
			w.t.Fatalf("%d e-mails", n)
		}
	})
}

// An opening that fails leaves the draft, one sync error, and no e-mail; mended and retried, all of it follows.
func TestFailedOpeningSendsNothing(t *testing.T) {
	virtual(t, setup{Light: lighttest.Config{OpenDelay: time.Minute}, Presets: afterWords("open, send_email", email)}, func(w *world) {
		co, p := w.billable()
		w.set("companies", co, "billing_email", "ap@nordlys.example")
		w.Light.SetFault(lighttest.FailOnce("POST /v1/invoice-receivables/{invoiceReceivableId}/open", lighttest.Fault{FailOpen: "no bank account"}))
		d := w.deal("Deal", co, "10", line(p, "quantity", "1"))
		w.win(d)
		w.advance(2 * time.Hour)
		w.wantInvoice("Deal", "USD", 1000)
		w.wantHeld(dealRef(d), "open_failed")
		if len(w.Light.Emails()) != 0 || w.Light.Calls()["POST /v1/invoice-receivables/{invoiceReceivableId}/open"] != 1 {
			w.t.Fatalf("%d e-mails, %v", len(w.Light.Emails()), w.Light.Calls())
		}
		w.retry(dealRef(d))
		w.later()
		if i := w.invoice("Deal"); i.State != lighttest.Open || len(w.Light.Emails()) != 1 {
			w.t.Fatalf("%s, %d e-mails; %s", i.State, len(w.Light.Emails()), w.story())
		}
		w.wantNoError(dealRef(d))
	})
}

// An e-invoice is submitted while opening, in one call.
func TestEInvoiceIsSubmittedByTheOpening(t *testing.T) {
	virtual(t, setup{Presets: afterWords("open, einvoice", "")}, func(w *world) {
		co, p := w.billable()
		d := w.deal("Deal", co, "10", line(p, "quantity", "1"))
		w.win(d)
		w.later()
		// Light opens no e-invoice for a customer without an e-invoice address
		w.wantHeld(dealRef(d), "open_failed")
		w.wantInvoice("Deal", "USD", 1000)
		w.ok(w.Light.EditCustomer(w.Light.Customers()[0].ID, func(c *lighttest.Customer) { c.EinvoiceAddress, c.EinvoiceNetwork = "0088:1", "PEPPOL" }))
		w.retry(dealRef(d))
		w.later()
		if i := w.invoice("Deal"); i.State != lighttest.Open {
			w.t.Fatalf("%s; %s", i.State, w.story())
		}
		w.wantNoError(dealRef(d))
	})
}

// A contract is published only where the mapping says so.
func TestPublishFollowsWhereAsked(t *testing.T) {
	virtual(t, setup{Presets: []string{"after: []                              # what follows by itself: publish,", "after: [publish]  #"}}, func(w *world) {
		co, p := w.billable()
		w.win(w.deal("Contract", co, "10", line(p, "quantity", "1", "recurringbillingfrequency", "monthly")))
		w.later()
		if c := w.contracts("Contract"); len(c) != 1 || c[0].State != lighttest.Active { // Light bills it by itself from now on
			w.t.Errorf("%+v", c)
		}
	})
}

// write_back fills the deal after the words before it: the number of the opened invoice, its id, an expression.
func TestWriteBackTellsTheDeal(t *testing.T) {
	back := "write_back:\n  - { a: invoice_number, b: invoiceNumber }\n  - { a: invoice_id, b: id }\n  - { a: invoice_state, value: 'target.state.lower()' }"
	virtual(t, setup{Presets: afterWords("open, write_back", back), HubSpotFields: []string{"deals/invoice_number", "deals/invoice_id", "deals/invoice_state"}}, func(w *world) {
		co, p := w.billable()
		d := w.deal("Deal", co, "10", line(p, "quantity", "1"))
		w.win(d)
		w.later()
		i, got := w.invoice("Deal"), w.at("deals", d).Properties
		if got["invoice_number"] != string(i.InvoiceNumber) || i.InvoiceNumber == "" || got["invoice_id"] != i.ID || got["invoice_state"] != "open" {
			w.t.Errorf("%v %v %v for %s %s; %s", got["invoice_number"], got["invoice_id"], got["invoice_state"], i.InvoiceNumber, i.State, w.story())
		}
		w.Light.ResetCalls()
		w.HubSpot.ResetCalls()
		w.advance(time.Hour) // the echo of our own write is no change
		for route := range w.HubSpot.Calls() {
			if strings.Contains(route, "update") {
				w.t.Errorf("written again: %s", route)
			}
		}
		if w.writes() != 0 {
			w.t.Errorf("%d writes", w.writes())
		}
	})
}

// T12: follow-ups are a list inside the link: a worker killed right after the document was linked loses none.
func TestT12_FollowUpsSurviveAKill(t *testing.T) {
	virtual(t, setup{Presets: afterWords("open, send_email", email)}, func(w *world) {
		co, p := w.billable()
		w.set("companies", co, "billing_email", "ap@nordlys.example")
		w.later()
		w.Light.SetFault(lighttest.FailTimes(3, "POST /v1/invoice-receivables/{invoiceReceivableId}/open", lighttest.Fault{Status: 503}))
		d := w.deal("Deal", co, "10", line(p, "quantity", "1"))
		w.win(d)
		if todo := w.why(dealRef(d)).Link.Todo; len(todo) == 0 {
			w.t.Fatalf("nothing is to be done, and the invoice is %s", w.invoice("Deal").State)
		}
		w.restart()
		w.later()
		if i := w.invoice("Deal"); i.State != lighttest.Open || len(w.Light.Emails()) != 1 {
			w.t.Fatalf("%s, %d e-mails; %s", i.State, len(w.Light.Emails()), w.story())
		}
	})
}

// The hook after_link runs once when two records are linked, created or found, and its dict is written at the source.
func TestAfterLinkTellsTheSource(t *testing.T) {
	hook := "hooks:\n  after_link: |\n    return {'billing_id': target.id, 'billing_name': target.name.upper()}\n\nfirst: fill "
	virtual(t, setup{Presets: []string{"first: fill ", hook}, HubSpotFields: []string{"companies/billing_id", "companies/billing_name", "products/billing_id", "products/billing_name"}}, func(w *world) {
		found := w.Light.CreateCustomer(lighttest.Customer{Name: "Harbor Ltd", VATNumber: "DK12345674"})
		one, two, p := w.company("Nordlys"), w.company("Harbor", "vat_number", "DK12345674"), w.product("Thing", "10")
		w.win(w.deal("One", one, "10", line(p, "quantity", "1")), w.deal("Two", two, "10", line(p, "quantity", "1")))
		w.later()
		a, b := w.at("companies", one).Properties, w.at("companies", two).Properties
		if a["billing_id"] != string(w.wantInvoice("One", "USD", 1000).CustomerID) || a["billing_name"] != "NORDLYS" || b["billing_id"] != found.ID || b["billing_name"] != "HARBOR LTD" {
			w.t.Errorf("%v %v; %s", a["billing_id"], b["billing_id"], w.story())
		}
		w.set("companies", one, "billing_name", "changed by hand")
		w.later()
		if got := w.at("companies", one).Properties["billing_name"]; got != "changed by hand" {
			w.t.Errorf("it ran again: %s", got)
		}
	})
}
