package app

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"crosswalk/internal/connector/hubspot/hubspottest"
	"crosswalk/internal/connector/light/lighttest"
	"crosswalk/internal/engine"
	"crosswalk/internal/engine/lane"
	"crosswalk/internal/mapping"
	"crosswalk/internal/record"
)

// S19, T26: a person is erased everywhere on our side, documents keep ids and amounts, and sync brings nothing back.

// canaries marks every field of a person: no text of ours may hold one where it has no business to be.
type canaries struct {
	t    *testing.T
	all  []string
	tail int
}

// put gives a text that stands nowhere else, fit for a field of that kind.
func (c *canaries) put(kind string) string {
	c.tail++
	mark := fmt.Sprintf("zanzibar%03dquokka", c.tail)
	c.all = append(c.all, mark)
	switch kind {
	case "email":
		return mark + "@person.example"
	case "domain":
		return mark + ".example"
	}
	return "Canary " + mark
}

// in lists the canaries that stand in a text.
func (c *canaries) in(text string) []string {
	var out []string
	lower := strings.ToLower(text)
	for _, mark := range c.all {
		if strings.Contains(lower, mark) {
			out = append(out, mark)
		}
	}
	return out
}

// opened is an item's content in the clear: pages are compressed, kept bodies are in base64.
func opened(data []byte) string {
	if z, err := gzip.NewReader(bytes.NewReader(data)); err == nil {
		if plain, err := io.ReadAll(z); err == nil {
			return string(plain)
		}
	}
	var kept struct{ Body []byte }
	if json.Unmarshal(data, &kept) == nil {
		return string(data) + string(kept.Body)
	}
	return string(data)
}

// stored lists where canaries stand in the store and the queue.
func (w *world) stored(c *canaries) []string {
	w.t.Helper()
	var out []string
	for _, item := range w.store.Snapshot().Items() {
		if !item.Expires.IsZero() && item.Expires.Before(time.Now()) {
			continue
		}
		if found := c.in(item.PK + " " + item.SK + " " + item.Token + " " + opened(item.Data)); len(found) > 0 {
			out = append(out, fmt.Sprintf("%s / %s: %v", item.PK, item.SK, found))
		}
	}
	for _, l := range []lane.Lane{lane.Live, lane.Bulk} {
		got, err := w.lanes.Receive(w.t.Context(), l, 1000, time.Nanosecond)
		w.ok(err)
		dead, err := w.lanes.Dead(w.t.Context(), l, 1000)
		w.ok(err)
		for _, d := range append(got, dead...) {
			if found := c.in(string(d.Body)); len(found) > 0 {
				out = append(out, fmt.Sprintf("queue %s: %v", l, found))
			}
		}
	}
	return out
}

// person is a company whose every field says who it is, with an invoice, a contract, a held deal and a changed draft.
type person struct {
	company                   string
	invoice, contract, held   string // deals
	email                     string
	invoiceName, contractName string
}

func newPerson(w *world, c *canaries) person {
	w.t.Helper()
	p := person{email: c.put("email"), invoiceName: c.put(""), contractName: c.put("")}
	p.company = w.company(c.put(""), "billing_email", p.email, "domain", c.put("domain"), "address", c.put(""), "address2", c.put(""), "city", c.put(""), "zip", c.put(""), "state", c.put(""))
	item := func(pairs ...string) map[string]string { return line("", append(pairs, "name", c.put(""))...) }
	p.invoice = w.deal(p.invoiceName, p.company, "100", item("quantity", "1", "price", "100"))
	p.contract = w.deal(p.contractName, p.company, "50", item("quantity", "1", "price", "50", "recurringbillingfrequency", "monthly"))
	p.held = w.deal(c.put(""), p.company, "70", item("quantity", "1", "price", "60"))
	w.win(p.invoice, p.contract, p.held)
	w.invoice(p.invoiceName)
	w.contract(p.contractName)
	w.wantHeld(dealRef(p.held), "amounts_differ")
	w.set("deals", p.invoice, "closedate", time.Now().Add(-24*time.Hour).UTC().Format(time.RFC3339)) // an update of the draft
	w.set("companies", p.company, "city", c.put(""))
	w.settle()
	_, err := w.Engine.RunMapping(w.t.Context(), engine.Run{Kind: "preview", Mapping: "deals-to-invoices", Actor: "editor"}, []record.Ref{dealRef(p.held), dealRef(p.invoice)})
	w.ok(err)
	w.later()
	return p
}

// logged keeps what is logged, at every level.
func logged(w *bytes.Buffer) func(*engine.Config) {
	return func(c *engine.Config) {
		c.Log = slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
}

func (w *world) erase(subject string) engine.Erasure {
	w.t.Helper()
	out, err := w.Engine.Erase(w.t.Context(), subject, "officer", "", false)
	w.ok(err)
	return out
}

// fullRun looks at everything again.
func (w *world) fullRun() {
	w.t.Helper()
	heads, err := w.Engine.Heads(w.t.Context())
	w.ok(err)
	for _, h := range heads {
		r, err := w.Engine.RunMapping(w.t.Context(), engine.Run{Kind: "full", Mapping: h.Name, Actor: "editor"}, nil)
		w.ok(err)
		w.settleRun(r.ID)
	}
}

func TestErasePerson(t *testing.T) {
	for _, by := range []string{"record", "counterpart", "address"} {
		t.Run(by, func(t *testing.T) {
			var log bytes.Buffer
			virtual(t, setup{Presets: billsAll, Config: logged(&log)}, func(w *world) {
				t := w.t
				c := &canaries{t: t}
				p := newPerson(w, c)
				before := w.stored(c)
				if len(before) < 5 {
					t.Fatalf("the canaries are in %d places only: %v", len(before), before)
				}
				invoice, contract := w.invoice(p.invoiceName), w.contract(p.contractName)
				customers := len(w.Light.Customers())
				customer := w.why(companyRef(p.company)).Link.B

				subject := map[string]string{"record": companyRef(p.company).String(), "counterpart": customer.String(), "address": p.email}[by]
				dry, err := w.Engine.Erase(t.Context(), subject, "officer", "", true)
				w.ok(err)
				if after := w.stored(c); len(after) != len(before) {
					t.Fatalf("a rehearsal changed something: %v", after)
				}
				out := w.erase(subject)
				if out.Entries == 0 || out.Rows == 0 || out.Digests == 0 || out.MatchKeys == 0 || out.Bodies == 0 || len(out.Documents) != 2 || out.Pending != 0 {
					t.Errorf("what went: %+v", out)
				}
				if dry.Entries != out.Entries || dry.Rows != out.Rows || dry.Digests != out.Digests || dry.MatchKeys != out.MatchKeys || dry.Bodies != out.Bodies {
					t.Errorf("the rehearsal said %+v, done was %+v", dry, out)
				}
				if left := w.stored(c); len(left) > 0 {
					t.Fatalf("left after erasing: %v", left)
				}
				for _, text := range []string{fmt.Sprint(out), fmt.Sprint(dry)} {
					if found := c.in(text); len(found) > 0 {
						t.Errorf("the answer names %v", found)
					}
				}

				// Ids and amounts of the documents are there, and why tells of them.
				for deal, want := range map[string]struct{ id, net string }{p.invoice: {invoice.ID, "10000"}, p.contract: {contract.ID, "5000"}} {
					x := w.why(dealRef(deal))
					if x.Link.B.ID != want.id || x.Link.Net != want.net || x.Link.Money != "USD" {
						t.Errorf("deal %s: %s of %s %s, want %s of %s USD", deal, x.Link.B, x.Link.Net, x.Link.Money, want.id, want.net)
					}
					last := x.Entries[len(x.Entries)-1]
					if last.Values != engine.Erased || last.Net != want.net || len(last.Fields) == 0 || last.Fields[0].Rule == "" {
						t.Errorf("deal %s: the trail says %+v", deal, last)
					}
				}

				// Sync brings nothing back: by full runs, by signals, over a day, at either side.
				writes := w.writes()
				w.fullRun()
				w.set("companies", p.company, "phone", "1")
				w.set("deals", p.held, "description", "1")
				w.advance(25 * time.Hour)
				w.fullRun()
				if left := w.stored(c); len(left) > 0 {
					t.Errorf("brought back: %v", left)
				}
				if found := c.in(log.String()); len(found) > 0 {
					t.Errorf("logged: %v", found)
				}
				if n := w.writes(); n != writes || len(w.Light.Customers()) != customers {
					t.Errorf("%d writes at Light after erasing", n-writes)
				}
				if now := w.invoice(p.invoiceName); now.ID != invoice.ID || now.State != lighttest.Draft || now.Net() != 10000 {
					t.Errorf("the invoice became %+v", now)
				}
				if by == "address" {
					w.wantNoError(companyRef(p.company))
					return
				}
				w.wantSkipped(companyRef(p.company), "erased")
				other := w.company("Another Ltd")
				if _, err := w.Engine.Link(t.Context(), engine.Pair{A: companyRef(other), B: customer}, "editor", ""); err == nil || !strings.Contains(err.Error(), "erased") {
					t.Errorf("linking what was erased: %v", err)
				}
				for _, deal := range []string{p.invoice, p.contract} { // nothing to mend: no sync error
					w.wantNoError(dealRef(deal))
				}
				if e := w.wantHeld(dealRef(p.held), "parent_held"); !strings.Contains(e.Text, "erased") {
					t.Errorf("the held deal says %s", e.Text)
				}
			})
		})
	}
}

// An address is taken out of records that go on; one that nobody knows leaves its tombstone all the same.
func TestErasedAddressStaysOut(t *testing.T) {
	virtual(t, setup{Presets: billsAll}, func(w *world) {
		t := w.t
		c := &canaries{t: t}
		address := c.put("email")
		w.erase("  " + strings.ToUpper(address) + " ")
		company := w.company("Newcomer Ltd", "billing_email", address)
		deal := w.deal("Deal of "+address, company, "10")
		w.win(deal)
		w.later()
		if left := w.stored(c); len(left) > 0 {
			t.Errorf("stored: %v", left)
		}
		customers := w.customers("Newcomer Ltd")
		if len(customers) != 1 || customers[0].Email != "" {
			t.Fatalf("customers %+v, want one without the address", customers)
		}
		if invoices := w.Light.Invoices(); len(invoices) != 1 || invoices[0].Net() != 1000 || len(c.in(fmt.Sprint(invoices))) > 0 {
			t.Fatalf("invoices %+v, want one of 1000 without the address", invoices)
		}
	})
}

// HubSpot's word that a person was deleted for good erases by itself, whether or not contacts are synced.
func TestPrivacyDeletion(t *testing.T) {
	virtual(t, setup{Presets: billsAll}, func(w *world) {
		t := w.t
		w.HubSpot.SetWebhook(hubspottest.AppID, hookURL, append(subscriptions(), hubspottest.Subscription{EventType: "contact.privacyDeletion"}, hubspottest.Subscription{EventType: "contact.deletion"})...)
		contact := w.create("contacts", kv("email", "somebody@person.example"))
		w.settle()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://api.hubapi.com/crm/objects/2026-09/contacts/gdpr-delete", strings.NewReader(`{"objectId":"`+contact+`"}`))
		w.ok(err)
		r.Header.Set("Authorization", "Bearer "+hubspottest.PrivateToken)
		r.Header.Set("Content-Type", "application/json")
		answer, err := w.HubSpot.Transport().RoundTrip(r)
		w.ok(err)
		if answer.StatusCode/100 != 2 {
			t.Fatal(answer.Status)
		}
		w.later()
		marks := 0
		for _, item := range w.store.Snapshot().Items() {
			if item.PK == "X" {
				marks++
			}
			if item.PK == "A" && strings.Contains(string(item.Data), `"erase"`) && !strings.Contains(string(item.Data), `"actor":"hubspot"`) {
				t.Errorf("the decision says %s", item.Data)
			}
		}
		if marks != 1 {
			t.Errorf("%d tombstones, want one", marks)
		}
	})
}

// What a worker has under way when somebody is erased is taken by a later sweep.
func TestEraseWhileUnderWay(t *testing.T) {
	virtual(t, setup{Presets: billsAll}, func(w *world) {
		t := w.t
		c := &canaries{t: t}
		company := w.company(c.put(""), "billing_email", c.put("email"))
		deal := w.deal("Plain deal", company, "10")
		w.Light.SetFault(lighttest.FailAfterCommit("POST /v1/customers", lighttest.Fault{Status: 504})) // made, and the answer lost
		w.win(deal)
		out := w.erase(companyRef(company).String())
		if out.Pending == 0 {
			t.Fatalf("nothing was under way: %+v; %s", out, w.story())
		}
		w.advance(24 * time.Hour)
		if left := w.stored(c); len(left) > 0 {
			t.Errorf("left after a day: %v", left)
		}
		w.wantSkipped(companyRef(company), "erased")
	})
}

// Values expire on their own; what was done stays to be read.
func TestRetention(t *testing.T) {
	virtual(t, setup{Presets: billsAll}, func(w *world) {
		t := w.t
		c := &canaries{t: t}
		p := newPerson(w, c)
		heads, err := w.Engine.Heads(t.Context())
		w.ok(err)
		for _, h := range heads { // so that time may pass quickly
			w.status(h.Name, mapping.Paused)
		}
		run := w.runs()[0].ID
		time.Sleep(89 * 24 * time.Hour)
		if len(w.stored(c)) == 0 || w.why(dealRef(p.invoice)).Entries[0].Values != engine.Shown {
			t.Error("values are gone before 90 days")
		}
		time.Sleep(2 * 24 * time.Hour)
		for _, at := range w.stored(c) {
			if !strings.HasPrefix(at, "D#") { // the bytes of a document are kept with it
				t.Errorf("values are there after 90 days: %s", at)
			}
		}
		for _, ref := range []record.Ref{dealRef(p.invoice), companyRef(p.company)} {
			e := w.why(ref).Entries
			if len(e) == 0 || e[len(e)-1].Values != engine.Expired || e[len(e)-1].Fields[0].Rule == "" || len(e[len(e)-1].Digests) == 0 {
				t.Errorf("%s: after 90 days the trail says %+v", ref, e)
			}
		}
		if _, err := w.Engine.GetRun(t.Context(), run); err == nil {
			t.Error("a run is there after 90 days")
		}
		time.Sleep(400 * 24 * time.Hour)
		if n := len(w.why(companyRef(p.company)).Entries); n != 0 {
			t.Errorf("%d entries about a company after 400 days", n)
		}
		x := w.why(dealRef(p.invoice))
		if len(x.Entries) == 0 || x.Link.State != "linked" || len(x.Outcomes) == 0 {
			t.Errorf("a document's trail is gone: %+v", x)
		}
		versions, err := w.Engine.Versions(t.Context(), "deals-to-invoices")
		w.ok(err)
		if len(versions) != 1 {
			t.Errorf("%d versions of the mapping are left, want 1", len(versions))
		}
	})
}

func (w *world) runs() []engine.Run {
	w.t.Helper()
	list, err := w.Engine.Runs(w.t.Context())
	w.ok(err)
	return list
}
