package app

import (
	"slices"
	"testing"
	"time"

	"crosswalk/internal/budget"
	"crosswalk/internal/engine"
	"crosswalk/internal/link"
	"crosswalk/internal/mapping"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
)

// audit reads the whole trail of a time, in small parts.
func (w *world) audit(q engine.AuditQuery) []engine.AuditLine {
	w.t.Helper()
	var out []engine.AuditLine
	q.Most = 3
	for parts := 0; ; parts++ {
		lines, next, err := w.Engine.Audit(w.t.Context(), q)
		w.ok(err)
		out = append(out, lines...)
		if next == "" {
			return out
		}
		if q.After = next; parts > 1000 {
			w.t.Fatal("the trail does not end")
		}
	}
}

// The audit trail is read back by time and by record: each write once, with rule, values, run and actor, whatever hours and
// runs it lies in.
func TestAuditIsReadBack(t *testing.T) {
	virtual(t, setup{Presets: billsAll}, func(w *world) {
		company := w.company("Trail")
		began := time.Now()
		first := w.deal("First", company, "100")
		w.win(first)
		w.advance(3 * time.Hour)
		second := w.deal("Second", company, "200")
		third := w.deal("Third", "", "300")
		w.win(second, third)
		w.advance(time.Hour)
		run := w.runNamed("deals-to-invoices", dealRef(third))
		w.set("deals", second, "dealname", "Second, renamed")
		w.advance(time.Hour)
		all := w.audit(engine.AuditQuery{})
		of := func(lines []engine.AuditLine, ref record.Ref, kind plan.Kind) []engine.AuditLine {
			return slices.DeleteFunc(slices.Clone(lines), func(l engine.AuditLine) bool { return l.Ref != ref || l.Kind != kind })
		}
		for _, d := range []string{first, second} {
			made := of(all, dealRef(d), plan.Create)
			if len(made) != 1 || len(made[0].Fields) == 0 || made[0].Fields[0].Rule == "" || len(made[0].Outcomes) == 0 || made[0].Outcomes[0].Status != "done" || made[0].Version != 1 {
				t.Errorf("deal %s: %+v", d, made)
			}
		}
		if changed := of(all, dealRef(second), plan.Update); len(changed) != 1 {
			t.Errorf("the renamed deal: %+v", changed)
		} else if f := changed[0].Fields[slices.IndexFunc(changed[0].Fields, func(f plan.FieldDecision) bool { return f.Field == "description" })]; f.Old.Text() != "Second" || f.New.Text() != "Second, renamed" {
			t.Errorf("old and new are %q and %q", f.Old.Text(), f.New.Text())
		}
		held := of(all, dealRef(third), plan.Hold)
		if len(held) == 0 || held[0].Reason == nil || held[0].Reason.Category != plan.NoCompany {
			t.Errorf("the held deal: %+v", held)
		}
		_ = run
		seen := map[string]int{}
		for _, l := range all {
			seen[l.Ref.String()+l.At.String()+string(l.Kind)]++
		}
		for id, n := range seen {
			if n != 1 {
				t.Errorf("%s is told %d times", id, n)
			}
		}
		early := w.audit(engine.AuditQuery{From: began, To: began.Add(time.Hour)})
		late := w.audit(engine.AuditQuery{From: began.Add(time.Hour)})
		before := w.audit(engine.AuditQuery{To: began})
		if len(early)+len(late)+len(before) != len(all) || len(of(early, dealRef(first), plan.Create)) != 1 || len(of(late, dealRef(first), plan.Create)) != 0 {
			t.Errorf("%d before, %d early, %d late of %d", len(before), len(early), len(late), len(all))
		}
		document := w.why(dealRef(second)).Link.B
		one := w.audit(engine.AuditQuery{Ref: document})
		if len(of(one, dealRef(second), plan.Create)) != 1 || slices.ContainsFunc(one, func(l engine.AuditLine) bool { return l.Ref != dealRef(second) }) {
			t.Errorf("of the document alone: %+v", one)
		}
	})
}

// A mapping's history has its texts, changes of status, approvals and runs, each with who and when, newest first.
func TestHistoryOfAMapping(t *testing.T) {
	virtual(t, setup{Presets: billsAll}, func(w *world) {
		deal := w.deal("History", w.company("History"), "100")
		w.win(deal)
		w.advance(time.Minute)
		w.runNamed("deals-to-invoices", dealRef(deal))
		w.advance(time.Minute)
		w.status("deals-to-invoices", mapping.Paused)
		list, err := w.Engine.History(w.t.Context(), "deals-to-invoices")
		w.ok(err)
		var what []string
		for n, h := range list {
			what = append(what, h.What)
			if h.Actor == "" || h.At.IsZero() {
				t.Errorf("nobody did it, or never: %+v", h)
			}
			if n > 0 && h.At.After(list[n-1].At) {
				t.Errorf("not newest first: %+v", list)
			}
		}
		if want := []string{"paused", "run", "live", "applied"}; !slices.Equal(slices.Compact(what), want) {
			t.Errorf("%v, want %v", what, want)
		}
		if _, err := w.Engine.History(w.t.Context(), "nothing"); err == nil {
			t.Error("a mapping that is not there has a history")
		}
	})
}

// why of a document names deal, rule, mapping version, run, and who approved.
func TestWhyOfADocument(t *testing.T) {
	virtual(t, setup{Presets: billsAll}, func(w *world) {
		deal := w.deal("Origin", w.company("Origin"), "100")
		w.ok(w.HubSpot.User().Win(deal))
		w.status("deals-to-invoices", mapping.Paused)
		w.settle()
		w.status("deals-to-invoices", mapping.Live)
		r, err := w.Engine.RunMapping(w.t.Context(), engine.Run{Kind: "preview", Mapping: "deals-to-invoices", Actor: "editor"}, []record.Ref{dealRef(deal)})
		w.ok(err)
		_, err = w.Engine.Approve(w.t.Context(), r.Plan, "", "finance")
		w.ok(err)
		ran, err := w.Engine.RunPlan(w.t.Context(), r.Plan, "operator")
		w.ok(err)
		w.settleRun(ran.ID)
		l := w.why(dealRef(deal)).Link
		if l.State != link.Linked {
			t.Fatalf("%+v %s", l, w.story())
		}
		m := w.why(l.B).Made
		if m == nil || m.Deal != dealRef(deal) || m.Mapping != "deals-to-invoices" || m.Version != 1 || m.Rule == "" || m.At.IsZero() {
			t.Fatalf("%+v", m)
		}
		if m.Run == ran.ID && (m.Approver != "finance" || m.StartedBy != "operator" || m.Plan != r.Plan || !m.Single) {
			t.Errorf("%+v", m)
		}
		rules, err := w.Engine.FieldRules(w.t.Context(), l, "closedate")
		w.ok(err)
		if len(rules) != 1 || rules[0].Field != "invoiceDate" {
			t.Errorf("rules of closedate: %+v", rules)
		}
	})
}

// status says who answers, what lags, what is held and what parked tasks wait for, and when they go on.
func TestStatusOnOneScreen(t *testing.T) {
	virtual(t, setup{Presets: billsAll, Config: func(c *engine.Config) { c.FeedEvery = 10 * time.Minute }}, func(w *world) {
		company := w.company("Screen")
		w.win(w.deal("Held", "", "100"), w.deal("Good", company, "100"))
		w.advance(7 * time.Minute)
		w.ok(w.Engine.NoteUsage(w.t.Context(), engine.Counted{Contacts: []engine.Contact{{Connection: "light", LastSuccess: time.Now()}, {Connection: "hubspot", LastSuccess: time.Now().Add(-time.Minute), Dead: time.Now()}}}))
		s, err := w.Engine.Status(w.t.Context())
		w.ok(err)
		for _, m := range s.Mappings {
			if m.Head.Name != "deals-to-invoices" {
				continue
			}
			if m.Held != 1 || m.LastSuccess.IsZero() || m.Lag <= 0 || m.Lag > 11*time.Minute || m.FeedRead.IsZero() {
				t.Errorf("%+v", m)
			}
		}
		if len(s.Connections) != 2 || s.Connections[0].Dead.IsZero() || !s.Connections[1].Dead.IsZero() || s.Connections[1].LastSuccess.IsZero() {
			t.Errorf("%+v", s.Connections)
		}
		n := 0
		for _, g := range s.Waits {
			n += g.Count
			if g.Next.IsZero() || g.For == "" {
				t.Errorf("%+v", g)
			}
		}
		if n != s.Parked {
			t.Errorf("%d wait in groups, %d are parked", n, s.Parked)
		}
	})
}

// Calls are counted to mapping and cause, limits or not; the tallies outlive the process and go after a day.
func TestUsageOutlivesARestart(t *testing.T) {
	virtual(t, setup{Presets: billsAll}, func(w *world) {
		hour := time.Now()
		note := func(calls int, cause string) {
			w.ok(w.Engine.NoteUsage(w.t.Context(), engine.Counted{Calls: []engine.CallUse{{Connection: "light", Mapping: "deals-to-invoices", Cause: cause, Hour: time.Now(), Calls: calls}}}))
		}
		note(3, "webhook")
		note(4, "webhook")
		w.restart()
		time.Sleep(2 * time.Hour)
		note(5, "webhook")
		note(1, "run")
		want := []engine.CallUse{{Connection: "light", Mapping: "deals-to-invoices", Cause: "webhook", Calls: 12}, {Connection: "light", Mapping: "deals-to-invoices", Cause: "run", Calls: 1}}
		if got, err := w.Engine.Usage(w.t.Context()); err != nil || !slices.Equal(got, want) {
			t.Errorf("%+v %v", got, err)
		}
		time.Sleep(time.Until(hour.Add(25 * time.Hour)))
		want[0].Calls = 5
		if got, err := w.Engine.Usage(w.t.Context()); err != nil || !slices.Equal(got, want) {
			t.Errorf("a day later: %+v %v", got, err)
		}
	})
}

// Every call of live work carries its mapping and cause; what a full run does is bulk.
func TestCallsAreLabelled(t *testing.T) {
	calls := map[budget.Label]int{}
	virtual(t, setup{Presets: billsAll, Config: func(c *engine.Config) {
		c.Label = labelled
		for name, conn := range c.Connections {
			c.Connections[name] = ear{conn, calls}
		}
	}}, func(w *world) {
		deal := w.deal("Labelled", w.company("Labelled"), "100")
		w.win(deal)
		w.invoice("Labelled")
		for _, name := range []string{"deals-to-invoices", "companies-to-customers", ""} { // "": the feeds, which mappings share
			if calls[budget.Label{Mapping: name, Cause: "poll"}]+calls[budget.Label{Mapping: name, Cause: "webhook"}] == 0 {
				t.Errorf("no call for %q: %v", name, calls)
			}
		}
		for l := range calls {
			if l.Bulk {
				t.Errorf("live work was bulk: %+v", l)
			}
		}
		clear(calls)
		w.run(engine.Run{Kind: "full", Mapping: "deals-to-invoices", Actor: "editor"})
		if calls[budget.Label{Mapping: "deals-to-invoices", Cause: "run", Bulk: true}] == 0 {
			t.Errorf("no bulk call: %v", calls)
		}
		clear(calls)
		w.reconcile("2026-09")
		if calls[budget.Label{Mapping: "deals-to-invoices", Cause: "reconcile", Bulk: true}] == 0 || len(calls) > 2 {
			t.Errorf("of the month end: %v", calls)
		}
	})
}
