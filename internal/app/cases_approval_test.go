package app

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"crosswalk/internal/connector/hubspot/hubspottest"
	"crosswalk/internal/engine"
	"crosswalk/internal/engine/lane"
	"crosswalk/internal/engine/table"
	"crosswalk/internal/mapping"
	"crosswalk/internal/record"
)

// Four eyes: versions, gates, approvals, acceptance, and what people may not do (LI-33..LI-38, PB-117..PB-120).

const invoicing = "deals-to-invoices"

// twoPeople asks for a second person.
func twoPeople(c *engine.Config) { c.Single = false }

// refused wants an error that says all of these.
func (w *world) refused(err error, says ...string) {
	w.t.Helper()
	if err == nil {
		w.t.Fatalf("it was not refused, want a word of %q", says)
	}
	for _, s := range says {
		if !strings.Contains(err.Error(), s) {
			w.t.Fatalf("refused with %q, want %q in it", err, s)
		}
	}
}

// missing names the gates that a mapping's newest version did not pass, and wants a command with each.
func (w *world) missing(name string) string {
	w.t.Helper()
	_, gates, err := w.Engine.Gates(w.t.Context(), name)
	w.ok(err)
	var out []string
	for _, g := range gates {
		if g.Passed {
			continue
		}
		if !strings.HasPrefix(g.Command, "crosswalk ") {
			w.t.Errorf("gate %s: no command that passes it: %q", g.Name, g.Command)
		}
		out = append(out, g.Name)
	}
	return strings.Join(out, " ")
}

// previewAll previews a mapping whole and gives the plan.
func (w *world) previewAll(name, actor string) engine.SavedPlan {
	w.t.Helper()
	r, err := w.Engine.RunMapping(w.t.Context(), engine.Run{Kind: "preview", Mapping: name, Actor: actor}, nil)
	w.ok(err)
	w.settle()
	p, err := w.Engine.Plan(w.t.Context(), r.Plan)
	w.ok(err)
	return p
}

func (w *world) pilotOf(name, actor string, deals ...string) engine.Run {
	w.t.Helper()
	for _, d := range deals {
		_, r, err := w.Engine.StartPilot(w.t.Context(), name, 0, refsOf(d), actor, "")
		w.ok(err)
		w.settle()
		return w.runOf(r.ID)
	}
	return engine.Run{}
}

// partsLive takes customers and products live, as a team of one may without asking.
func (w *world) partsLive() {
	w.t.Helper()
	w.status("companies-to-customers", mapping.Live)
	w.status("products-to-products", mapping.Live)
}

// edited applies a mapping's preset with a text changed, as somebody.
func (w *world) edited(actor string, pairs ...string) engine.Head {
	w.t.Helper()
	for _, document := range presetsWith(w.t, pairs...) {
		if strings.Contains(document, "mapping: "+invoicing+"\n") {
			h, err := w.Engine.Apply(w.t.Context(), []byte(document), actor)
			w.ok(err)
			return h
		}
	}
	w.t.Fatal("no such preset")
	return engine.Head{}
}

func TestFourEyes(t *testing.T) {
	virtual(t, setup{Draft: true, Config: twoPeople}, func(w *world) {
		ctx := w.t.Context()
		co, p := w.billable()
		d := w.deal("First", co, "10", line(p, "quantity", "1"))
		w.win(d)

		// a mapping without documents needs an approval only
		if got := w.missing("companies-to-customers"); got != "approval" {
			w.t.Fatalf("companies: missing %q", got)
		}
		_, err := w.Engine.GoLive(ctx, "companies-to-customers", 0, false, "editor", "")
		var gates *engine.GatesError
		if !errors.As(err, &gates) || len(gates.Missing) != 1 {
			w.t.Fatalf("went live unapproved: %v", err)
		}
		_, err = w.Engine.ApproveMapping(ctx, "companies-to-customers", 1, "editor", "")
		w.refused(err, "editor is the last editor of companies-to-customers (version 1)", "crosswalk submit companies-to-customers")
		_, err = w.Engine.ApproveMapping(ctx, "companies-to-customers", 0, "finance", "")
		w.refused(err, "not clear which version", "crosswalk approve companies-to-customers --version 1")
		for _, name := range []string{"companies-to-customers", "products-to-products"} {
			_, err = w.Engine.Submit(ctx, name, 0, "editor", "")
			w.ok(err)
			_, err = w.Engine.ApproveMapping(ctx, name, 0, "finance", "")
			w.ok(err)
			_, err = w.Engine.GoLive(ctx, name, 0, false, "editor", "")
			w.ok(err)
		}

		// one with documents is shown first
		if got := w.missing(invoicing); got != "preview pilot approval" {
			w.t.Fatalf("missing %q", got)
		}
		_, err = w.Engine.ApproveMapping(ctx, invoicing, 1, "finance", "")
		w.refused(err, "no complete preview of it", "crosswalk preview deals-to-invoices --save")
		_, err = w.Engine.RunMapping(ctx, engine.Run{Kind: "preview", Mapping: invoicing, Actor: "editor"}, refsOf(d))
		w.ok(err)
		w.settle()
		if got := w.missing(invoicing); got != "preview pilot approval" {
			w.t.Fatalf("a preview of one deal was taken for one of all: missing %q", got)
		}
		w.pilotOf(invoicing, "editor", d)
		w.wantInvoice("First", "USD", 1000)
		w.previewAll(invoicing, "editor")
		if got := w.missing(invoicing); got != "approval" {
			w.t.Fatalf("missing %q", got)
		}

		// edited meanwhile: nothing of the old version counts for the new one
		_, err = w.Engine.Submit(ctx, invoicing, 1, "editor", "")
		w.ok(err)
		if h := w.edited("colleague", "static: 30 ", "static: 45 "); h.Latest != 2 {
			w.t.Fatalf("%+v", h)
		}
		for _, version := range []int{0, 1} { // the one that was submitted, and by its number
			_, err = w.Engine.ApproveMapping(ctx, invoicing, version, "finance", "")
			var changed *engine.ChangedError
			if !errors.As(err, &changed) || changed.Asked != 1 || changed.Newest != 2 {
				w.t.Fatalf("approved a version that was edited meanwhile: %v", err)
			}
		}
		if got := w.missing(invoicing); got != "preview pilot approval" {
			w.t.Fatalf("version 2: missing %q", got)
		}
		e := w.deal("Second", co, "10", line(p, "quantity", "1"))
		w.win(e)
		w.pilotOf(invoicing, "colleague", e)
		w.previewAll(invoicing, "colleague")
		_, err = w.Engine.ApproveMapping(ctx, invoicing, 2, "colleague", "")
		w.refused(err, "colleague is the last editor")
		_, err = w.Engine.ApproveMapping(ctx, invoicing, 2, "editor", "looked at ten rows") // not the editor of this version
		w.ok(err)
		h, err := w.Engine.GoLive(ctx, invoicing, 2, false, "colleague", "")
		w.ok(err)
		if h.Running != 2 || h.Approver != "editor" || h.Single {
			w.t.Errorf("%+v", h)
		}

		// what is decided stands for ever, and a document names who approved its rule
		f := w.deal("Third", co, "10", line(p, "quantity", "1"))
		w.win(f)
		if made := w.why(dealRef(f)).Link.Made; made == nil || made.Approver != "editor" || made.Version != 2 || made.Single {
			w.t.Errorf("made by %+v", made)
		}
		var kinds []string
		decisions, err := w.Engine.Decisions(ctx, invoicing)
		w.ok(err)
		for _, d := range decisions {
			kinds = append(kinds, d.Kind+string(d.Status)+" "+d.Actor)
		}
		if got := strings.Join(kinds, ", "); got != "pilot editor, submit editor, pilot colleague, approve editor, live colleague" {
			w.t.Errorf("decisions: %s", got)
		}
	})
}

// A team of one may approve its own work; every approval says so, and it counts no longer when a second person is asked for.
func TestApprovalOfOne(t *testing.T) {
	virtual(t, setup{Draft: true}, func(w *world) {
		ctx := w.t.Context()
		co, p := w.billable()
		d := w.deal("First", co, "10", line(p, "quantity", "1"))
		w.win(d)
		w.partsLive()
		_, err := w.Engine.GoLive(ctx, invoicing, 0, false, "editor", "")
		w.refused(err, "no complete preview", "no record of a pilot", "nobody approved it")
		w.pilotOf(invoicing, "editor", d)
		plan := w.previewAll(invoicing, "editor")
		s, err := w.Engine.ApproveMapping(ctx, invoicing, 0, "editor", "")
		w.ok(err)
		plan, err = w.Engine.Approve(ctx, plan.ID, plan.Digest, "editor")
		w.ok(err)
		if !s.Single || !plan.Single {
			w.t.Errorf("approvals of one that do not say so: %+v, %+v", s, plan)
		}
		decisions, err := w.Engine.Decisions(ctx, invoicing)
		w.ok(err)
		for _, d := range decisions {
			if d.Kind == engine.DecidedApprove && !d.Single {
				w.t.Errorf("the history does not say so: %+v", d)
			}
		}
		w.config.Single = false
		w.restart()
		if got := w.missing(invoicing); got != "approval" {
			w.t.Errorf("missing %q, want the approval of somebody else", got)
		}
		if _, err := w.Engine.RunPlan(ctx, plan.ID, "editor"); err == nil {
			w.t.Error("a plan ran that nobody else approved")
		}
		_, err = w.Engine.ApproveMapping(ctx, invoicing, 1, "finance", "")
		w.ok(err)
		if got := w.missing(invoicing); got != "" {
			w.t.Errorf("missing %q", got)
		}
		w.config.Single = true
		w.restart()
		_, err = w.Engine.GoLive(ctx, invoicing, 0, false, "editor", "")
		w.ok(err)
	})
}

// A pilot that ended with a hold, or that found nothing to do, shows nothing.
func TestPilotMustEndWell(t *testing.T) {
	virtual(t, setup{Draft: true}, func(w *world) {
		w.partsLive()
		co, p := w.billable()
		held, open, good := w.deal("No company", "", "10", line(p, "quantity", "1")), w.deal("Open", co, "10", line(p, "quantity", "1")), w.deal("Good", co, "10", line(p, "quantity", "1"))
		w.win(held)
		w.pilotOf(invoicing, "editor", held)
		w.pilotOf(invoicing, "editor", open)
		if got := w.missing(invoicing); got != "preview pilot approval" {
			w.t.Fatalf("missing %q after a held and an open deal", got)
		}
		w.win(good)
		_, _, err := w.Engine.StartPilot(w.t.Context(), invoicing, 0, refsOf("999999999"), "editor", "")
		w.ok(err) // there is no such deal: it shows nothing either
		w.settle()
		w.pilotOf(invoicing, "editor", good)
		if got := w.missing(invoicing); got != "preview approval" {
			w.t.Fatalf("missing %q", got)
		}
		_, _, err = w.Engine.StartPilot(w.t.Context(), invoicing, 0, []record.Ref{companyRef(co)}, "editor", "")
		w.refused(err, "is not a record of deals-to-invoices", "hubspot:deals/ID")
	})
}

// An edit is a draft version; the pilot of it works the records that were named, and the running version everything else.
func TestPilotBesideTheRunningVersion(t *testing.T) {
	virtual(t, setup{}, func(w *world) {
		ctx := w.t.Context()
		co, p := w.billable()
		w.edited("editor", "static: 30 ", "static: 45 ")
		named, other := w.deal("Named", co, "10", line(p, "quantity", "1")), w.deal("Other", co, "10", line(p, "quantity", "1"))
		before := w.deal("Before", co, "10", line(p, "quantity", "1"))
		w.win(before)
		if got := *w.invoice("Before").NetTerms; got != 30 {
			t.Fatalf("an edit ran before anybody said so: net terms %d", got)
		}
		w.pilotOf(invoicing, "editor", named)
		w.win(named, other)
		h, err := w.Engine.Heads(ctx)
		w.ok(err)
		for _, h := range h {
			if h.Name == invoicing && (h.Status != mapping.Live || h.Running != 1 || h.Trial != 2) {
				t.Fatalf("%+v", h)
			}
		}
		if a, b := *w.invoice("Named").NetTerms, *w.invoice("Other").NetTerms; a != 45 || b != 30 {
			t.Errorf("net terms: %d in the pilot, want 45; %d beside it, want 30", a, b)
		}
		if x, y := w.why(dealRef(named)).Link.Made.Version, w.why(dealRef(other)).Link.Made.Version; x != 2 || y != 1 {
			t.Errorf("made by versions %d and %d, want 2 and 1", x, y)
		}
		if got := w.missing(invoicing); got != "preview approval" {
			t.Errorf("missing %q: the named deal was won and billed by version 2", got)
		}
		plan := w.previewAll(invoicing, "editor")
		if plan.Versions[invoicing] != 2 {
			t.Errorf("the preview is of %v, want version 2", plan.Versions)
		}
		_, err = w.Engine.Approve(ctx, plan.ID, "", "editor")
		w.ok(err)
		_, err = w.Engine.RunPlan(ctx, plan.ID, "editor")
		w.refused(err, "was made with version 2", "version 1 runs")
		_, err = w.Engine.ApproveMapping(ctx, invoicing, 2, "editor", "")
		w.ok(err)
		head, err := w.Engine.GoLive(ctx, invoicing, 2, false, "editor", "")
		w.ok(err)
		if head.Running != 2 || head.Trial != 0 || len(head.Pilot) != 0 {
			t.Errorf("%+v", head)
		}
		last := w.deal("Last", co, "10", line(p, "quantity", "1"))
		w.win(last)
		if got := *w.invoice("Last").NetTerms; got != 45 {
			t.Errorf("net terms %d after going live", got)
		}
		_, _, err = w.Engine.StartPilot(ctx, invoicing, 0, refsOf(last), "editor", "")
		w.refused(err, "version 2 of deals-to-invoices is live already")
	})
}

// A pause is no way round a gate: a pilot that was paused goes on as a pilot, and a newer version is not taken in passing.
func TestPauseAndResume(t *testing.T) {
	virtual(t, setup{Draft: true}, func(w *world) {
		ctx := w.t.Context()
		w.partsLive()
		co, p := w.billable()
		d := w.deal("Piloted", co, "10", line(p, "quantity", "1"))
		w.pilotOf(invoicing, "editor", d)
		_, err := w.Engine.Pause(ctx, invoicing, "editor", "")
		w.ok(err)
		r, err := w.Engine.Resume(ctx, invoicing, "editor", "")
		w.ok(err)
		if r.Head.Status != mapping.Pilot {
			t.Fatalf("a pilot that was paused is %s", r.Head.Status)
		}
		w.win(d)
		w.previewAll(invoicing, "editor")
		_, err = w.Engine.ApproveMapping(ctx, invoicing, 1, "editor", "")
		w.ok(err)
		_, err = w.Engine.GoLive(ctx, invoicing, 1, false, "editor", "")
		w.ok(err)

		paused, err := w.Engine.PauseAll(ctx, "editor", "month end")
		w.ok(err)
		if len(paused) != 3 { // contracts were never live
			t.Errorf("%d mappings paused, want 3", len(paused))
		}
		began := time.Now()
		_, err = w.Engine.Pause(ctx, invoicing, "somebody", "")
		w.ok(err) // twice is once
		w.win(w.deal("While paused", co, "10", line(p, "quantity", "1")))
		w.edited("editor", "static: 30 ", "static: 45 ")
		w.advance(3 * time.Hour)
		w.wantNoDocument("While paused")
		for _, h := range paused {
			r, err := w.Engine.Resume(ctx, h.Name, "editor", "")
			w.ok(err)
			if r.Head.Status != mapping.Live || r.Head.Running != 1 || r.Since.After(began) || r.Since.IsZero() {
				t.Errorf("%s goes on as %+v, since %s", h.Name, r.Head, r.Since)
			}
		}
		w.later()
		w.wantInvoice("While paused", "USD", 1000)
		if got := *w.invoice("While paused").NetTerms; got != 30 {
			t.Errorf("a newer version was taken into use in passing: net terms %d", got)
		}
	})
}

// Resume says how many tasks the brake stopped and since when, and lets exactly these go.
func TestResumeSaysHowMuchWaits(t *testing.T) {
	virtual(t, setup{Presets: []string{"lost: keep", "lost: keep\n  brake: 2"}}, func(w *world) {
		co, p := w.billable()
		var deals []string
		for _, name := range []string{"One", "Two", "Three", "Four", "Five"} {
			deals = append(deals, w.deal(name, co, "10", line(p, "quantity", "1")))
		}
		stopped := time.Now()
		w.win(deals...)
		if n := len(w.Light.Invoices()); n != 2 {
			t.Fatalf("%d invoices, want the brake's 2", n)
		}
		w.advance(30 * time.Minute)
		r, err := w.Engine.Resume(w.t.Context(), invoicing, "editor", "")
		w.ok(err)
		if r.Waiting != 3 || r.Since.Sub(stopped) > time.Minute {
			t.Errorf("%d wait since %s, want 3 since %s", r.Waiting, r.Since, stopped)
		}
		w.settle()
		if n := len(w.Light.Invoices()); n != 5 {
			t.Errorf("%d invoices, want 5", n)
		}
	})
}

// Two rounds of acceptance, each with tester and result: both must pass, for the very version that goes live.
func TestAcceptance(t *testing.T) {
	one := 1
	rounds := func(c *engine.Config) {
		c.Acceptance = 2
		c.Rules = map[string]engine.Rule{"products-to-products": {Acceptance: &one}, "companies-to-customers": {Acceptance: new(int)}}
	}
	virtual(t, setup{Draft: true, Config: rounds}, func(w *world) {
		ctx := w.t.Context()
		sign := func(round int, tester, result string) error {
			_, err := w.Engine.Sign(ctx, engine.SignOff{Mapping: invoicing, Round: round, Tester: tester, Result: result}, "editor")
			return err
		}
		for name, want := range map[string]string{"companies-to-customers": "", "products-to-products": "acceptance_1", invoicing: "preview pilot acceptance_1 acceptance_2 approval"} {
			if got := w.missing(name); got != want {
				t.Errorf("%s: missing %q, want %q", name, got, want)
			}
		}
		w.refused(sign(2, "agent", engine.Passed), "round 1 of version 1 of deals-to-invoices did not pass yet")
		w.refused(sign(3, "agent", engine.Passed), "no round 3")
		w.refused(sign(1, "agent", "maybe"), "pass or --result fail")
		w.refused(sign(1, " ", engine.Passed), "--tester")
		w.ok(sign(1, "revenue lead", engine.Passed))
		w.ok(sign(1, "finance lead", engine.Failed))
		if got := w.missing(invoicing); !strings.Contains(got, "acceptance_1") {
			t.Errorf("one head of department failed it, and it passed: missing %q", got)
		}
		w.refused(sign(2, "agent", engine.Passed), "did not pass yet")
		w.ok(sign(1, "finance lead", engine.Passed)) // looked again
		w.ok(sign(2, "agent", engine.Passed))
		if got := w.missing(invoicing); got != "preview pilot approval" {
			t.Errorf("missing %q", got)
		}
		decisions, err := w.Engine.Decisions(ctx, invoicing)
		w.ok(err)
		var got []string
		for _, d := range decisions {
			got = append(got, d.Tester+" "+d.Result)
		}
		if want := "revenue lead pass, finance lead fail, finance lead pass, agent pass"; strings.Join(got, ", ") != want {
			t.Errorf("the history has %q, want %q", got, want)
		}
		w.edited("editor", "static: 30 ", "static: 45 ")
		if got := w.missing(invoicing); got != "preview pilot acceptance_1 acceptance_2 approval" {
			t.Errorf("a new version was accepted before anybody saw it: missing %q", got)
		}
	})
}

// Two people apply at once: one of them is told, and no text is lost without a word. An apply that was killed between its
// version and the head is finished by the next one.
func TestTwoPeopleApply(t *testing.T) {
	cut := &cutPuts{}
	virtual(t, setup{Draft: true, Table: cut.around}, func(w *world) {
		ctx := w.t.Context()
		texts := map[string][]byte{}
		for _, terms := range []string{"45", "60", "90"} {
			for _, d := range presetsWith(t, "static: 30 ", "static: "+terms+" ") {
				if strings.Contains(d, "mapping: "+invoicing+"\n") {
					texts[terms] = []byte(d)
				}
			}
		}
		_, err := w.Engine.ApplyOver(ctx, [][]byte{texts["45"]}, 1, "editor")
		w.ok(err)
		_, err = w.Engine.ApplyOver(ctx, [][]byte{texts["60"]}, 1, "colleague")
		var changed *engine.ChangedError
		if !errors.As(err, &changed) || changed.Newest != 2 {
			t.Fatalf("applied over a version that it did not know: %v", err)
		}
		cut.at(table.Key{PK: "M", SK: invoicing}, 1) // killed after the version, before the head
		if _, err := w.Engine.Apply(ctx, texts["60"], "colleague"); err == nil {
			t.Fatal("the store failed, and nobody was told")
		}
		_, err = w.Engine.Apply(ctx, texts["90"], "editor")
		w.refused(err, "somebody else applied deals-to-invoices at the same moment")
		w.advance(2 * time.Minute)
		_, err = w.Engine.Apply(ctx, texts["90"], "editor")
		w.refused(err, "at the same moment") // theirs is there now: look at it first
		h, err := w.Engine.Apply(ctx, texts["90"], "editor")
		w.ok(err)
		versions, err := w.Engine.Versions(ctx, invoicing)
		w.ok(err)
		if h.Latest != 4 || len(versions) != 4 || versions[2].Actor != "colleague" || versions[2].YAML != string(texts["60"]) {
			t.Errorf("%+v, %d versions", h, len(versions))
		}
	})
}

// A plan is carried out once: not twice by two people, and not never by one who was killed.
func TestPlanOnce(t *testing.T) {
	cut := &cutPuts{}
	virtual(t, setup{Table: cut.around}, func(w *world) {
		ctx := w.t.Context()
		co, p := w.billable()
		for _, name := range []string{"One", "Two"} {
			w.old(name, co, p, "2026-03-01")
		}
		plan := w.previewAll(invoicing, "editor")
		_, err := w.Engine.Approve(ctx, plan.ID, plan.Digest, "editor")
		w.ok(err)
		cut.at(table.Key{PK: "R"}, 1) // killed after the plan was marked, before its run began
		if _, err := w.Engine.RunPlan(ctx, plan.ID, "editor"); err == nil {
			t.Fatal("the store failed, and nobody was told")
		}
		r, err := w.Engine.RunPlan(ctx, plan.ID, "editor")
		w.ok(err)
		if marked, err := w.Engine.Plan(ctx, plan.ID); err != nil || marked.RanAs != r.ID {
			t.Errorf("marked %q, ran as %q, %v", marked.RanAs, r.ID, err)
		}
		_, err = w.Engine.RunPlan(ctx, plan.ID, "colleague")
		w.refused(err, "was carried out by run "+r.ID)
		w.settleRun(r.ID)
		if n := len(w.Light.Invoices()); n != 2 {
			t.Errorf("%d invoices, want 2", n)
		}
		w.advance(100 * 24 * time.Hour) // its run is no longer kept
		_, err = w.Engine.RunPlan(ctx, plan.ID, "colleague")
		w.refused(err, "was carried out by run "+r.ID)
	})
}

// TestPlanGoesOnThoughItsPagesWereNotQueued: a plan whose run was listed when the queue failed, or its worker died, is carried out all the same.
func TestPlanGoesOnThoughItsPagesWereNotQueued(t *testing.T) {
	queue := &deafQueue{to: lane.Bulk}
	virtual(t, setup{Draft: true, Config: func(c *engine.Config) { queue.Queue, c.Queue = c.Queue, queue }}, func(w *world) {
		ctx := w.t.Context()
		co, p := w.billable()
		w.old("One", co, p, "2026-03-01")
		w.goLiveLater()
		plan := w.previewAll(invoicing, "editor")
		_, err := w.Engine.Approve(ctx, plan.ID, plan.Digest, "editor")
		w.ok(err)
		r, err := w.Engine.RunPlan(ctx, plan.ID, "editor")
		w.ok(err)
		queue.deaf = true
		for range 3 {
			if _, err = w.Engine.StepRuns(ctx); err != nil {
				break
			}
		}
		if err == nil || len(w.Light.Invoices()) != 0 {
			t.Fatalf("the queue took nothing, and nobody was told: %+v", w.runOf(r.ID))
		}
		if idle, err := w.Engine.Idle(ctx, 0); err != nil || idle {
			t.Errorf("a run that is not queued yet is under way: idle %v, %v", idle, err)
		}
		queue.deaf = false
		w.restart()
		w.settleRun(r.ID)
		if n := len(w.Light.Invoices()); n != 1 {
			t.Errorf("%d invoices, want 1: %+v", n, w.runOf(r.ID))
		}
	})
}

// TestNamedRunGoesOnThoughItWasNotQueued: a run of one deal was stored when the queue failed. Whoever asked for it is told, and it is done by
// itself as soon as the queue takes it.
func TestNamedRunGoesOnThoughItWasNotQueued(t *testing.T) {
	queue := &deafQueue{to: lane.Live}
	virtual(t, setup{Draft: true, Config: func(c *engine.Config) { queue.Queue, c.Queue = c.Queue, queue }}, func(w *world) {
		co, p := w.billable()
		deal := w.old("One", co, p, "2026-03-01")
		w.goLiveLater()
		queue.deaf = true
		r, err := w.Engine.RunMapping(w.t.Context(), engine.Run{Kind: "named", Mapping: invoicing, Actor: "editor"}, []record.Ref{dealRef(deal)})
		if err == nil || len(w.Light.Invoices()) != 0 {
			t.Fatalf("the queue took nothing, and nobody was told: %+v", w.runOf(r.ID))
		}
		if idle, err := w.Engine.Idle(w.t.Context(), 0); err != nil || idle {
			t.Errorf("a run that is not queued yet is under way: idle %v, %v", idle, err)
		}
		queue.deaf = false
		w.restart()
		w.advance(2 * time.Minute)
		w.settleRun(r.ID)
		if n, r := len(w.Light.Invoices()), w.runOf(r.ID); n != 1 || r.Status != "done" || r.Done != 1 {
			t.Errorf("%d invoices, want 1: %+v", n, r)
		}
	})
}

// TestNamedPreviewThatFails: whoever asks for a preview of one deal while HubSpot does not answer is told so, and its run has failed: nothing
// carries it on.
func TestNamedPreviewThatFails(t *testing.T) {
	virtual(t, setup{Draft: true}, func(w *world) {
		co, p := w.billable()
		deal := w.old("One", co, p, "2026-03-01")
		w.HubSpot.SetFault(func(r *http.Request, _ []byte) *hubspottest.Fault {
			if !strings.HasSuffix(r.URL.Path, "/deals/batch/read") {
				return nil
			}
			return &hubspottest.Fault{Status: http.StatusInternalServerError}
		})
		r, err := w.Engine.RunMapping(w.t.Context(), engine.Run{Kind: "preview", Mapping: invoicing, Actor: "editor"}, []record.Ref{dealRef(deal)})
		if err == nil {
			t.Fatal("HubSpot did not answer, and nobody was told")
		}
		if r := w.runOf(r.ID); r.Status != "failed" || r.Error == "" || r.Ended.IsZero() {
			t.Errorf("the run is %+v", r)
		}
	})
}

// deafQueue is a queue that takes nothing on one lane while it is deaf.
type deafQueue struct {
	lane.Queue
	to   lane.Lane
	deaf bool
}

func (q *deafQueue) Send(ctx context.Context, to lane.Lane, messages []lane.Message) []error {
	if !q.deaf || to != q.to {
		return q.Queue.Send(ctx, to, messages)
	}
	return slices.Repeat([]error{errors.New("the queue does not answer")}, len(messages))
}

// cutPuts makes a store fail the next puts of a key (of a whole partition without a sort key).
type cutPuts struct {
	table.Table
	key  table.Key
	left int
	when func() bool // nil: at once
}

func (c *cutPuts) around(t table.Table) table.Table {
	c.Table = t
	return c
}

func (c *cutPuts) at(key table.Key, times int) { c.key, c.left, c.when = key, times, nil }

func (c *cutPuts) Put(ctx context.Context, puts []table.Put) []error {
	for _, p := range puts {
		if c.left > 0 && p.PK == c.key.PK && (c.key.SK == "" || p.SK == c.key.SK) && (c.when == nil || c.when()) {
			c.left--
			errs := make([]error, len(puts))
			for n := range errs {
				errs[n] = errors.New("the store is away")
			}
			return errs
		}
	}
	return c.Table.Put(ctx, puts)
}

func refsOf(deals ...string) []record.Ref {
	var out []record.Ref
	for _, d := range deals {
		out = append(out, dealRef(d))
	}
	return out
}
