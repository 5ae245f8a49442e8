package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"crosswalk/internal/connector/hubspot/hubspottest"
	"crosswalk/internal/engine"
	"crosswalk/internal/engine/table"
)

// Telling people: the first of an event at once, then a digest an hour at most, one notice when it is over; nothing personal.

// mailbox is an engine.Teller that keeps what it was sent, as its readers got it.
type mailbox struct {
	mu   sync.Mutex
	all  []engine.Message
	down int // so many sendings fail
}

func (m *mailbox) Tell(_ context.Context, message engine.Message) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.down > 0 {
		m.down--
		return errors.New("the post is closed")
	}
	m.all = append(m.all, message)
	return nil
}

// take gives what came since the last take, as "audience kind: what is open; over: what ended".
func (m *mailbox) take() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []string
	for _, message := range m.all {
		out = append(out, inShort(message))
	}
	m.all = nil
	return out
}

func inShort(m engine.Message) string {
	var open, over []string
	for _, t := range m.Topics {
		text := fmt.Sprintf("%s %s %d", t.Event, t.Category, t.Count)
		if t.Fresh != t.Count {
			text += fmt.Sprintf(" (%d new)", t.Fresh)
		}
		open = append(open, text)
	}
	for _, t := range m.Over {
		over = append(over, t.Event+" "+t.Category)
	}
	out := m.Audience + " " + m.Kind + ": " + strings.Join(open, ", ")
	if len(over) > 0 {
		out += "; over: " + strings.Join(over, ", ")
	}
	return strings.ReplaceAll(strings.TrimSpace(out), ": ;", ":;")
}

// told wants exactly these messages since the last look.
func (m *mailbox) told(t *testing.T, want ...string) {
	t.Helper()
	got := m.take()
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Fatalf("told\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

const soon = 15 * time.Second // a look for news comes at least so often

// heard makes a setup whose messages go to a box: operations without addresses, finance for invoices.
func heard(box *mailbox) func(*engine.Config) {
	return func(c *engine.Config) {
		c.Teller = box
		c.Rules = map[string]engine.Rule{invoicing: {Tell: []string{"finance@customer.example"}}}
	}
}

// orphan wins a deal without a company, which is held.
func (w *world) orphan(name, product string) string {
	w.t.Helper()
	d := w.deal(name, "", "10", line(product, "quantity", "1"))
	w.win(d)
	return d
}

// adopt mends it.
func (w *world) adopt(deal, company string) {
	w.t.Helper()
	w.ok(w.HubSpot.User().Associate("deals", deal, "companies", company))
	w.retry(dealRef(deal))
}

func TestToldOnceThenByTheHour(t *testing.T) {
	box := &mailbox{}
	virtual(t, setup{Config: heard(box)}, func(w *world) {
		co, p := w.billable()
		w.advance(time.Minute)
		box.told(t)
		first := w.orphan("First", p)
		w.advance(soon)
		box.told(t, "operations first: held no_company 1", "business first: held no_company 1")
		w.advance(10 * time.Minute)
		second, third := w.orphan("Second", p), w.orphan("Third", p)
		w.advance(10 * time.Minute)
		box.told(t) // it is known that there is something
		w.advance(45 * time.Minute)
		box.told(t, "operations digest: held no_company 3 (2 new)", "business digest: held no_company 3 (2 new)")
		w.advance(5 * time.Hour)
		box.told(t) // nothing changed
		w.adopt(first, co)
		w.advance(soon)
		box.told(t, "operations digest: held no_company 2 (0 new)", "business digest: held no_company 2 (0 new)")
		w.adopt(second, co)
		w.adopt(third, co)
		w.advance(soon)
		box.told(t, "operations over:; over: held no_company", "business over:; over: held no_company")
		w.advance(5 * time.Hour)
		box.told(t)
	})
}

// What comes and goes makes two messages an hour at most, and none is lost: the digest has what stands then.
func TestToldOfWhatFlaps(t *testing.T) {
	box := &mailbox{}
	virtual(t, setup{Config: func(c *engine.Config) { c.Teller = box }}, func(w *world) {
		co, p := w.billable()
		n := 0
		for end := time.Now().Add(3 * time.Hour); time.Now().Before(end); n++ {
			d := w.orphan(fmt.Sprintf("Deal %d", n), p)
			w.advance(3 * time.Minute)
			w.adopt(d, co)
			w.advance(3 * time.Minute)
		}
		if got := len(box.take()); got < 2 || got > 8 {
			t.Errorf("%d messages in three hours of %d held deals that came and went, want 2 an hour at most", got, n)
		}
	})
}

// Each event begins at once, whatever else is open; a second process and a restart tell nothing twice.
func TestToldByWhomever(t *testing.T) {
	box := &mailbox{}
	virtual(t, setup{Config: heard(box), Presets: []string{"lost: keep", "lost: keep\n  brake: 1"}}, func(w *world) {
		co, p := w.billable()
		w.orphan("Held", p)
		w.advance(soon)
		box.told(t, "operations first: held no_company 1", "business first: held no_company 1")
		other := w.App.Engine
		w.restart()
		w.ok(other.Poll(w.t.Context()))
		w.win(w.deal("One", co, "10", line(p, "quantity", "1")), w.deal("Two", co, "10", line(p, "quantity", "1")))
		w.advance(soon)
		w.ok(other.Poll(w.t.Context()))
		w.restart()
		w.advance(soon)
		box.told(t, "operations first: stop brake 1, held no_company 1 (0 new)", "business first: stop brake 1, held no_company 1 (0 new)")
		_, err := w.Engine.Resume(w.t.Context(), invoicing, "editor", "")
		w.ok(err)
		w.advance(soon)
		box.told(t, "operations over: held no_company 1 (0 new); over: stop brake", "business over: held no_company 1 (0 new); over: stop brake")
	})
}

// A message that could not be sent is sent again; one that was sent and not remembered comes again under its own id.
func TestToldThoughTheDayIsBad(t *testing.T) {
	box, cut := &mailbox{down: 3}, &cutPuts{}
	virtual(t, setup{Config: func(c *engine.Config) { c.Teller = box }, Table: cut.around}, func(w *world) {
		_, p := w.billable()
		w.orphan("Held", p)
		w.advance(10 * time.Minute)
		box.told(t, "operations first: held no_company 1")

		w.advance(2 * time.Hour)
		w.orphan("Held too", p)
		sent := func() int { box.mu.Lock(); defer box.mu.Unlock(); return len(box.all) }
		cut.after(table.Key{PK: "T#told", SK: "operations"}, func() bool { return sent() > 0 })
		w.advance(10 * time.Minute)
		box.mu.Lock()
		ids := map[string]bool{}
		for _, m := range box.all {
			ids[m.ID] = true
		}
		n := len(box.all)
		box.mu.Unlock()
		if n != 2 || len(ids) != 1 {
			t.Errorf("%d sendings of %d messages, want one message that came twice with one id", n, len(ids))
		}
		box.take()
		w.advance(3 * time.Hour)
		box.told(t)
	})
}

// A dead credential: both audiences hear of it, and when it works again what waited goes on at once.
func TestToldOfALostConnection(t *testing.T) {
	box := &mailbox{}
	virtual(t, setup{Config: heard(box)}, func(w *world) {
		co, p := w.billable()
		w.later()
		w.Light.RevokeKey()
		d := w.deal("Deal", co, "10", line(p, "quantity", "1"))
		w.win(d)
		w.advance(soon)
		box.told(t, "operations first: connection disconnected 1", "business first: connection disconnected 1")
		w.advance(3 * time.Hour)
		box.told(t)
		w.Light.RestoreKey()
		w.advance(90 * time.Second)
		box.told(t, "operations over:; over: connection disconnected", "business over:; over: connection disconnected")
		w.wantInvoice("Deal", "USD", 1000)

		w.HubSpot.Revoke(hubspottest.PrivateToken) // nothing is won: the poller finds out
		w.advance(5 * time.Minute)
		box.told(t, "operations first: connection disconnected 1", "business first: connection disconnected 1")
	})
}

// A connection that nobody uses is asked once an hour.
func TestToldOfAQuietConnection(t *testing.T) {
	box := &mailbox{}
	virtual(t, setup{Draft: true, Config: func(c *engine.Config) {
		c.Teller = box
		c.Expires = map[string]time.Time{"hubspot": opening.Add(20 * 24 * time.Hour)}
	}}, func(w *world) {
		w.later()
		w.Light.RevokeKey()
		w.advance(70 * time.Minute)
		box.told(t, "operations first: connection disconnected 1")
		w.Light.RestoreKey()
		w.advance(2 * time.Minute)
		box.told(t, "operations over:; over: connection disconnected")
		w.advance(7 * 24 * time.Hour)
		box.told(t, "operations first: connection expires_soon 1")
		w.config.Expires["hubspot"] = opening.Add(400 * 24 * time.Hour) // a new one was put in
		w.restart()
		w.advance(time.Minute)
		box.told(t, "operations over:; over: connection expires_soon")
	})
}

// Approvals that wait, and deals that a start date stops.
func TestToldOfApprovalsAndStarts(t *testing.T) {
	box := &mailbox{}
	virtual(t, setup{Config: func(c *engine.Config) { heard(box)(c); c.Single = false }}, func(w *world) {
		ctx := w.t.Context()
		co, p := w.billable()
		d := w.old("Won long ago", co, p, "2019-05-05")
		w.set("deals", d, "dealname", "Won long ago, renamed") // a signal about it
		w.later()
		box.told(t, "operations first: stop before_since 1", "business first: stop before_since 1")
		w.advance(26 * time.Hour)
		box.told(t) // it stays as it is: that it is over would be no news

		w.edited("editor", "static: 30 ", "static: 45 ")
		e := w.deal("Trial", co, "10", line(p, "quantity", "1"))
		w.pilotOf(invoicing, "editor", e)
		w.win(e)
		plan := w.previewAll(invoicing, "editor")
		_, err := w.Engine.Submit(ctx, invoicing, 2, "editor", "")
		w.ok(err)
		_, err = w.Engine.Submit(ctx, invoicing, 2, "editor", "again")
		w.ok(err)
		w.advance(soon)
		box.told(t, "operations first: approval waiting_approval 1", "business first: approval waiting_approval 1")
		_, err = w.Engine.SubmitPlan(ctx, plan.ID, "editor", "")
		w.ok(err)
		w.advance(2 * time.Hour)
		box.told(t, "operations digest: approval waiting_approval 2 (1 new)", "business digest: approval waiting_approval 2 (1 new)")
		_, err = w.Engine.ApproveMapping(ctx, invoicing, 2, "finance", "")
		w.ok(err)
		_, err = w.Engine.Approve(ctx, plan.ID, plan.Digest, "finance")
		w.ok(err)
		w.advance(soon)
		box.told(t, "operations over:; over: approval waiting_approval", "business over:; over: approval waiting_approval")
	})
}

// Nothing personal goes into a message: not a name, an address, an amount, a deal's name or who did something.
func TestMessagesHaveNothingPersonal(t *testing.T) {
	box := &mailbox{}
	canaries := []string{"Zyxwanda", "zyxwanda", "87654", "876.54", "person-of-interest"}
	virtual(t, setup{Config: heard(box), HubSpot: hubspottest.Config{AdditionalCurrencies: []string{"SEK"}}}, func(w *world) {
		co := w.company("Zyxwanda Holding", "domain", "zyxwanda.example", "billing_email", "anna@zyxwanda.example", "vat_number", "DK-zyxwanda")
		p := w.product("Zyxwanda thing", "876.54")
		for n, d := range []string{
			w.deal("Zyxwanda without company", "", "876.54", line(p, "quantity", "1")),
			w.deal("Zyxwanda differs", co, "900", line(p, "quantity", "1")),
			w.deal("Zyxwanda in another currency", co, "876.54", line(p, "quantity", "1", "hs_line_item_currency_code", "SEK")),
			w.deal("Zyxwanda with a bad number", co, "876.54", line(p, "quantity", "1", "discount", "87654")),
		} {
			if n == 3 {
				w.Light.RevokeKey()
			}
			w.win(d)
		}
		w.old("Zyxwanda of before", co, p, "2019-05-05")
		w.advance(10 * time.Minute)
		w.Light.RestoreKey()
		_, err := w.Engine.Submit(w.t.Context(), invoicing, 0, "person-of-interest", "zyxwanda wants it")
		w.ok(err)
		w.advance(3 * time.Hour)
		told, err := w.Engine.TellTest(w.t.Context())
		w.ok(err)
		if len(told) != 2 {
			t.Errorf("%d audiences, want operations and finance", len(told))
		}
		categories := map[string]bool{}
		for _, m := range box.all {
			raw, err := json.Marshal(m)
			w.ok(err)
			for _, c := range canaries {
				if strings.Contains(string(raw), c) || strings.Contains(m.Text(), c) {
					t.Errorf("a message has %q:\n%s\n%s", c, raw, m.Text())
				}
			}
			for _, topic := range m.Topics {
				categories[topic.Category] = true
				if topic.Command == "" || len(topic.Names) > 5 {
					t.Errorf("topic %+v", topic)
				}
			}
		}
		if len(categories) < 5 {
			t.Errorf("only %v were told of: the test looks at too little", categories)
		}
	})
}

// after makes one put of a key fail once a condition holds.
func (c *cutPuts) after(key table.Key, when func() bool) { c.key, c.left, c.when = key, 1, when }
