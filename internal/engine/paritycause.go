package engine

import (
	"context"
	"fmt"
	"slices"
	"time"

	"crosswalk/internal/link"
	"crosswalk/internal/mapping"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
)

// explain names the cause of a field's difference: the rule by which it stays, else what keeps the way that would carry it from
// doing so.
func (p *parity) explain(ctx context.Context, d *PairDifference, i *item, w plan.FieldParity) error {
	d.Rule = w.Rule
	switch {
	case w.Reason != nil:
		d.Cause, d.Text = w.Reason.Category, w.Reason.Text
		return nil
	case w.Cause != "":
		d.Cause, d.Text = w.Cause, fmt.Sprintf("%s by rule: %s", d.differs(), w.Rule)
		return p.complained(d, i, w)
	}
	r, err := p.stands(ctx, i, w.To, true)
	if err != nil {
		return err
	}
	d.Cause, d.Text = r.Category, fmt.Sprintf("%s (%s), and it is not carried: %s", d.differs(), w.Rule, r.Text)
	return nil
}

// complained puts the standing complaint about a field before the rule that it was settled by: what a vendor ignored or refused.
func (p *parity) complained(d *PairDifference, i *item, w plan.FieldParity) error {
	r := i.link.Reason
	if r == nil || plan.Harmless(r.Category) || w.Cause != plan.SettledApart {
		return nil
	}
	if len(r.Fields) == 0 || slices.Contains(r.Fields, d.Field) || slices.Contains(r.Fields, d.There) {
		d.Cause, d.Text = r.Category, r.Text
	}
	return nil
}

// stands says why what the plan would do now is not done yet. field is the one that would be written, "" for a whole record.
func (p *parity) stands(ctx context.Context, i *item, field string, linked bool) (*link.Reason, error) {
	l := &i.link
	if l.Ignored != nil {
		return &link.Reason{Category: plan.Ignored, Text: "a person set it aside; crosswalk unignore takes that back"}, nil
	}
	if l.Intent != nil && l.Intent.Until.After(time.Now()) || l.State == link.Claimed {
		return &link.Reason{Category: plan.Waits, Text: "it is being written just now"}, nil
	}
	if linked {
		f, err := p.facts(ctx, p.b, i, i.m)
		if err != nil {
			return nil, err
		}
		if r := plan.Excluded(f); r != nil {
			return r, nil
		}
		if !i.m.AToB.Update {
			return &link.Reason{Category: plan.UpdateOff, Text: i.m.Name + " does not update records of " + i.m.ConnB}, nil
		}
	}
	switch k := i.decision.Kind; {
	case (k == plan.Hold || k == plan.Skip) && i.decision.Reason != nil:
		return i.decision.Reason, nil
	case k == plan.Wait && len(i.decision.Needs) > 0:
		return &link.Reason{Category: plan.ReferenceOut, Text: "it waits for the counterpart of " + i.decision.Needs[0].Ref.String()}, nil
	case l.Reason != nil && !plan.Harmless(l.Reason.Category):
		return l.Reason, nil
	case p.b.dead[i.ref] || i.link.B != (record.Ref{}) && p.b.dead[i.link.B]:
		return &link.Reason{Category: plan.Poison, Text: "working it failed again and again: crosswalk errors"}, nil
	}
	if r, err := p.halted(ctx, i); r != nil || err != nil {
		return r, err
	}
	if _, writes := i.decision.Write[field]; linked && !writes && i.m.Hooks.BeforeUpdate != "" {
		return &link.Reason{Category: plan.ByHook, Text: "before_update of " + i.m.Name + " takes it out"}, nil
	}
	if time.Since(p.lastMoved(i)) < p.cycles() {
		return &link.Reason{Category: plan.Waits, Text: "it changed a moment ago and is looked at in the next cycles"}, nil
	}
	return &link.Reason{Category: plan.Unexplained, Text: fmt.Sprintf("nothing stands in its way, and nothing has carried it; work it with: crosswalk run %s %s", i.m.Name, i.ref)}, nil
}

// halted tells what keeps the whole mapping from writing.
func (p *parity) halted(ctx context.Context, i *item) (*link.Reason, error) {
	stopped, err := getItem[SyncError](ctx, p.Table, errorKey(plan.Brake, p.of.Name, record.Ref{}))
	if err != nil {
		return nil, err
	}
	h := p.of.Head
	switch {
	case stopped.Rev != 0:
		return &link.Reason{Category: plan.Brake, Text: fmt.Sprintf("the brake stopped %s; look at what waits, then: crosswalk resume %s", h.Name, h.Name)}, nil
	case h.Status == mapping.Paused:
		return &link.Reason{Category: plan.PausedNow, Text: h.Name + " is paused; crosswalk live " + h.Name + " lets it go on"}, nil
	case !p.of.works(slices.Contains(h.Pilot, i.ref) || slices.Contains(h.Pilot, i.link.B)):
		return &link.Reason{Category: plan.NotLive, Text: fmt.Sprintf("%s is %s; it writes once it is live", h.Name, h.Status)}, nil
	}
	return nil, nil
}

// rests adds to a text that the mapping does nothing just now.
func (p *parity) rests() string {
	if p.of.Head.Status == mapping.Live {
		return ""
	}
	return fmt.Sprintf(" (%s is %s)", p.of.Name, p.of.Head.Status)
}

// lastMoved is when the record that would be carried changed, or the mapping began to write, whichever came later.
func (p *parity) lastMoved(i *item) time.Time {
	at := p.of.Head.At
	if i.source != nil {
		at = laterOf(at, i.source.Modified)
	}
	return at
}

// cycles is how long a change may be on its way: two cycles of the mapping, and no less than justNow.
func (p *parity) cycles() time.Duration {
	every := p.of.Schedule
	if every == 0 {
		every = p.FeedEvery
	}
	return max(justNow, 2*every)
}

// differs names the fields of a difference: what the mapping works out itself stands on one side alone.
func (d *PairDifference) differs() string {
	switch {
	case d.Field == "":
		return d.There + " is not what the mapping makes of it"
	case d.There == "":
		return d.Field + " is not what the mapping makes of it"
	}
	return d.Field + " and " + d.There + " differ"
}
