package simulation

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"crosswalk/internal/engine"
	"crosswalk/internal/engine/lane"
	"crosswalk/internal/record"
)

// Report is what one run came to.
type Report struct {
	Source    string // the CRM
	Seed      uint64
	Trail     string // the same for the same seed
	Hits      map[string]int
	Effects   int
	Problems  []Problem
	Outcome   Outcome
	Ambiguous int
	Quiet     bool // thirty quiet days followed
	Log       string
}

// Problem is a broken promise: its id in the invariants, and what was seen.
type Problem struct{ Check, Text string }

func (p Problem) String() string { return p.Check + ": " + p.Text }

// StandardRates is the chaos of a standard run.
var StandardRates = Rates{Vendor: 250, Store: 40, Queue: 60, Unruly: 2000, Webhook: 2500, Kill: 14, Freeze: 4, Kills: 6, Freezes: 2}

// Run is one seed from start to verdict. Call it in a bubble of its own.
func Run(o Options, shared *Shared) (report Report) {
	if o.Rates == (Rates{}) {
		o.Rates = StandardRates
	}
	if o.Workers == 0 {
		o.Workers = 2 + int(o.Seed%2)
	}
	if o.Source == "" {
		o.Source = sourceOf(o.Seed)
	}
	s := New(o, shared)
	switch o.Source {
	case pairSource:
		return s.runPair()
	case padSource:
		return s.runPad()
	}
	ctx := context.Background()
	dice := rand.New(rand.NewPCG(o.Seed, 5))
	s.emptyTown()
	s.crm.found(func(low, high int) int { return low + dice.IntN(high-low+1) })
	if _, err := s.deploy(ctx); err != nil {
		return Report{Seed: o.Seed, Problems: []Problem{{"set up", err.Error()}}}
	}
	chaosFor := time.Duration(12+dice.IntN(10)) * time.Minute
	s.storm(chaosFor)
	problems := s.settle(ctx)
	checked, outcome := s.Check(ctx)
	problems = append(problems, checked...)
	report = Report{Source: o.Source, Seed: o.Seed, Trail: s.Trail(), Hits: s.Hits(), Effects: s.steps, Problems: problems, Outcome: outcome, Ambiguous: s.Ambiguous}
	if s.Log != nil {
		report.Log = s.Log.String()
	}
	return report
}

// sourceOf is the world of a seed: two of every five have both CRMs, three of every 25 have HubSpot and SalesPad, of the others every third has
// Salesforce.
func sourceOf(seed uint64) string {
	if n := seed % 5; n == 2 || n == 4 {
		return pairSource
	}
	if n := seed % 25; n == 6 || n == 13 || n == 20 {
		return padSource
	}
	return billedOf(seed)
}

// billedOf is the CRM of a seed whose deals are billed.
func billedOf(seed uint64) string {
	if seed%3 == 0 {
		return salesforceSource
	}
	return hubspotSource
}

// source is the CRM of this run.
func (s *Sim) source() string {
	if s.Salesforce != nil {
		return salesforceSource
	}
	return hubspotSource
}

// storm is chaos for a while, then the same processes without faults until frozen ones have thawed.
func (s *Sim) storm(d time.Duration) {
	s.set(true, true)
	for n := range s.Workers {
		s.spawn(fmt.Sprintf("worker%d", n), slotWorker+n, 0, s.work)
	}
	s.spawn("poller", slotPoller, 0, s.poll)
	s.spawn("sender", slotSender, 0, s.send)
	end := time.Now().Add(d)
	for _, person := range []struct {
		name string
		slot int
		live func(*actor, time.Time)
	}{{"sales", slotSales, s.sales}, {"finance", slotFinance, s.finance}} {
		switch {
		case s.pair != nil:
			person.live = map[int]func(*actor, time.Time){slotSales: s.pair.atOrg, slotFinance: s.pair.atPortal}[person.slot]
		case s.pad != nil:
			person.live = map[int]func(*actor, time.Time){slotSales: s.pad.atPortal, slotFinance: s.pad.atSalesPad}[person.slot]
		}
		a := s.newActor(person.name, person.slot, 0)
		s.wg.Go(func() { person.live(a, end) })
	}
	if s.pair != nil || s.pad != nil {
		a := s.newActor("editor", slotEditor, 0)
		s.wg.Go(func() {
			if s.pad != nil {
				s.pad.atDesk(a, end)
				return
			}
			s.pair.atDesk(a, end)
		})
	}
	operator := s.newActor("operator", slotOperator, 1)
	operator.pause(d)
	s.set(false, true)
	operator.pause(3 * time.Minute)
	s.set(false, false)
	s.wg.Wait()
}

// calmFor bounds how long calm may take to bring everything to rest: a claim, its looks and every pause are minutes.
const calmFor = 8 * time.Hour

// quietFor is how long calm lasts though nothing waits: until the slowest backstop has looked at what happened last. Salesforce
// is asked for deletions every 15 minutes, with a cycle of the feed.
func (s *Sim) quietFor() time.Duration {
	switch {
	case s.Salesforce != nil:
		return 20 * time.Minute
	case s.SalesPad != nil:
		return 15 * time.Minute
	}
	return 12 * time.Minute
}

// soon is how far ahead waiting tasks are waited for. Of a pair, what is held because another record has its value is a person's
// question, and is tried again of itself a day later: that is not waited for.
func (s *Sim) soon() time.Duration {
	if s.pair != nil || s.pad != nil {
		return 20 * time.Hour
	}
	return 30 * time.Hour
}

// settle works in peace, one process alone, until nothing waits and every feed has seen what the lags hid; then everything
// once more, which must write nothing (C10).
func (s *Sim) settle(ctx context.Context) []Problem {
	a := s.newActor("calm", slotWorker, 1000)
	e := s.engine(a)
	began := time.Now()
	for {
		s.deliver(ctx, a, e)
		if err := s.drain(ctx, e); err != nil {
			return []Problem{{"C10 convergence", err.Error()}}
		}
		idle, err := e.Idle(ctx, s.soon())
		if err != nil {
			return []Problem{{"C10 convergence", err.Error()}}
		}
		if idle && time.Since(began) > s.quietFor() {
			break
		}
		if s.pad != nil && time.Since(began) > linesAnswered {
			if err := s.pad.answerLines(ctx, e); err != nil {
				return []Problem{{"C10 convergence", err.Error()}}
			}
		}
		if time.Since(began) > calmFor {
			return []Problem{{"C10 convergence", "it does not come to rest: " + s.waiting(ctx, e)}}
		}
		a.pause(3 * time.Minute)
	}
	if s.pair != nil {
		return s.pair.onceMore(ctx, a, e)
	}
	if s.pad != nil {
		return s.pad.onceMore(ctx, a, e)
	}
	return append(s.Settled(ctx), s.onceMore(ctx, a, e)...)
}

// drain polls once and works until nothing is visible.
func (s *Sim) drain(ctx context.Context, e *engine.Engine) error {
	if err := e.Poll(ctx); err != nil {
		return fmt.Errorf("poll in calm: %w", err)
	}
	for range 500 {
		n := 0
		for _, l := range []lane.Lane{lane.Live, lane.Bulk} {
			got, err := e.Receive(ctx, l, 50)
			if err != nil {
				return fmt.Errorf("receive in calm: %w", err)
			}
			n += got
		}
		if n == 0 {
			return nil
		}
	}
	return errors.New("the queue does not run empty")
}

func (s *Sim) waiting(ctx context.Context, e *engine.Engine) string {
	status, err := e.Status(ctx)
	if err != nil {
		return err.Error()
	}
	text := fmt.Sprintf("lanes %v, %d parked, runs %v", status.Lanes, status.Parked, status.Runs)
	for _, item := range s.Store.Snapshot().Items() {
		if item.PK == "W" {
			text += "\n        " + string(item.Data)
		}
	}
	return text
}

// onceMore looks at every record of every mapping again, until nothing is written: at once, unless a company that nothing
// needed finds a customer that a person entered after it was last looked at, and others find it through that one: by the domain that the
// first filled in, a company that was held for a likeness of names; and with it the won deals that were held for that company have their
// documents, a cycle later (C10 gives three).
func (s *Sim) onceMore(ctx context.Context, a *actor, e *engine.Engine) []Problem {
	if err := s.retryHeld(ctx, a, e); err != nil {
		return []Problem{{"C10 convergence", err.Error()}}
	}
	found := false // the cycle before filled in a customer that a person entered
	for n := range 4 {
		before, home, documents := len(s.Writes), s.crm.writes(), s.billedByHand()
		if err := s.everything(ctx, a, e); err != nil {
			return []Problem{{"C10 convergence", err.Error()}}
		}
		writes := s.Writes[before:]
		for range s.crm.writes() - home {
			writes = append(writes, "a write at "+s.crm.vendor())
		}
		if len(writes) == 0 {
			return nil
		}
		adopted := slices.ContainsFunc(writes, s.adopts)
		if n == 3 || !adopted && !(found && s.billedByHand() > documents) {
			return []Problem{{"C10 convergence", fmt.Sprintf("further cycle %d over everything made %d writes: %s", n+1, len(writes), writes[0])}}
		}
		found = adopted
	}
	return nil
}

// billedByHand counts the documents of customers that persons entered.
func (s *Sim) billedByHand() int {
	n := 0
	for _, v := range s.Light.Invoices() {
		if _, byHand := s.town.byHand[string(v.CustomerID)]; byHand {
			n++
		}
	}
	for _, v := range s.Light.Contracts() {
		if _, byHand := s.town.byHand[string(v.CustomerID)]; byHand {
			n++
		}
	}
	return n
}

// adopts tells whether a write changed a customer that a person entered.
func (s *Sim) adopts(write string) bool {
	id, isCustomer := strings.CutPrefix(write, "PATCH /v1/customers/")
	_, byHand := s.town.byHand[id]
	return isCustomer && byHand
}

// everything runs every mapping over all its records.
func (s *Sim) everything(ctx context.Context, a *actor, e *engine.Engine) error {
	heads, err := e.Heads(ctx)
	if err != nil {
		return err
	}
	for _, h := range heads {
		if h.Name == "document-lines" {
			continue // they are run with their documents
		}
		if _, err := e.RunMapping(ctx, engine.Run{Kind: "full", Mapping: h.Name, Actor: "editor"}, nil); err != nil {
			return err
		}
	}
	return s.rest(ctx, a, e)
}

// rest works until nothing waits.
func (s *Sim) rest(ctx context.Context, a *actor, e *engine.Engine) error {
	for range 40 {
		if err := s.drain(ctx, e); err != nil {
			return err
		}
		if idle, err := e.Idle(ctx, s.soon()); err != nil || idle {
			return err
		}
		a.pause(time.Minute)
	}
	return errors.New("it does not come to rest again: " + s.waiting(ctx, e))
}

// retryHeld is what a person does who went through the sync errors: what was held is looked at again, since people at Light
// mended some of it without anybody being told. What may exist unseen in billing stays a person's.
func (s *Sim) retryHeld(ctx context.Context, a *actor, e *engine.Engine) error {
	errs, err := e.Errors(ctx, "")
	if err != nil {
		return err
	}
	again := map[string]bool{}
	for _, x := range errs {
		if x.Category != "uncertain" && x.Category != "duplicate_marker" {
			again[x.Category] = true
		}
		if x.Category == "forward_unsure" && s.pad != nil { // somebody looked, and has it forwarded
			s.pad.asked[x.Ref.ID]++
		}
	}
	for _, category := range sorted(again) {
		if _, err := e.Retry(ctx, record.Ref{}, category, "editor"); err != nil {
			return err
		}
	}
	return s.rest(ctx, a, e)
}
