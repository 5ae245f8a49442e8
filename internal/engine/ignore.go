package engine

import (
	"context"
	"fmt"
	"slices"
	"time"

	"crosswalk/internal/engine/lane"
	"crosswalk/internal/link"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
)

// Ignore sets a record of a's side aside: whatever happens to it, it is skipped until Unignore. A record that is linked
// keeps its link, so that documents may still refer to its counterpart, but neither side is written any more. One answer
// for each place the record has; ref may also be the counterpart of a linked record.
func (e *Engine) Ignore(ctx context.Context, ref record.Ref, mapping, actor, reason string) ([]PairResult, error) {
	spots, err := e.spotsOf(ctx, ref, mapping)
	if err != nil {
		return nil, err
	}
	now, why := time.Now(), cleanReason(reason)
	text := actor + " said that it is not to be looked at"
	if why != "" {
		text += ": " + why
	}
	var out []PairResult
	for _, s := range spots {
		i, l := s.item, &s.item.link
		r := PairResult{A: l.A, B: l.B, Mapping: i.m.Name, Status: PairIgnored}
		switch {
		case l.Ignored != nil:
			r.Status, r.Why = PairAlready, "it is ignored, as "+l.Ignored.Actor+" said"
			if err := e.afterIgnore(ctx, i); err != nil {
				return out, err
			}
			out = append(out, r)
			continue
		case l.State == link.Claimed:
			return out, &RefusedError{"a record is just being made for " + l.A.String(), "wait for its end: crosswalk why " + l.A.String()}
		case l.State == link.MovedTo:
			return out, &RefusedError{fmt.Sprintf("%s was merged into %s", l.A, l.To), "crosswalk ignore " + l.To.String()}
		case l.Intent != nil && l.Intent.Until.After(now):
			return out, &RefusedError{l.B.String() + " is just being written", "try again in a few minutes"}
		}
		l.Ignored = &link.Ignored{Actor: actor, At: now, Why: why, State: l.State, Reason: l.Reason}
		if l.State != link.Linked && l.State != link.Alias {
			l.State = link.Tombstone
		}
		if err := e.putByHand(ctx, i, plan.SetAside, actor, &link.Reason{Category: plan.Ignored, Text: text}); err != nil {
			return out, err
		}
		if err := e.afterIgnore(ctx, i); err != nil {
			return out, err
		}
		out = append(out, r)
	}
	return out, nil
}

// Unignore puts a record back to how it stood and has it looked at. What a person had to decide then, a person has to
// decide now.
func (e *Engine) Unignore(ctx context.Context, ref record.Ref, mapping, actor, reason string) ([]PairResult, error) {
	spots, err := e.spotsOf(ctx, ref, mapping)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	var out []PairResult
	for _, s := range spots {
		i, l := s.item, &s.item.link
		r := PairResult{A: l.A, B: l.B, Mapping: i.m.Name, Status: PairRestored}
		if l.Ignored == nil {
			r.Status, r.Why = PairAlready, "nobody ignores it"
		} else if err := e.takeBack(ctx, i, actor, cleanReason(reason), now); err != nil {
			return out, err
		}
		if err := e.Enqueue(ctx, lane.Live, []Task{{Ref: i.ref, Cause: "unignore", Actor: actor}}); err != nil {
			return out, err
		}
		out = append(out, r)
	}
	return out, nil
}

func (e *Engine) takeBack(ctx context.Context, i *item, actor, why string, now time.Time) error {
	d := handDecision{Kind: "unignore", Mapping: i.m.Name, Version: i.m.Version, Actor: actor, At: now, Note: why, Ref: i.ref, Target: i.link.B}
	if err := e.decideByHand(ctx, d); err != nil {
		return err
	}
	before := i.link.Ignored
	i.link.State, i.link.Ignored = before.State, nil
	if err := e.putByHand(ctx, i, plan.TakenBack, actor, before.Reason); err != nil {
		return err
	}
	return e.noteError(ctx, i)
}

// spotsOf is places for a record that must have one.
func (e *Engine) spotsOf(ctx context.Context, ref record.Ref, mapping string) ([]spot, error) {
	set, err := e.bound(ctx)
	if err != nil {
		return nil, err
	}
	if mapping != "" && set.byName[mapping] == nil {
		return nil, &NotFoundError{"mapping", mapping}
	}
	spots, err := e.places(ctx, set, ref, mapping)
	spots = slices.DeleteFunc(spots, func(s spot) bool { return !s.own && s.item.link.B != ref })
	if err == nil && len(spots) == 0 {
		err = &RefusedError{fmt.Sprintf("no mapping reads %s, and nothing is linked to it", ref), "name the record at the side that the mapping reads"}
	}
	return spots, err
}

// putByHand stores a link that a person changed, with its entry in the trail. The reason stays nil where there is none.
func (e *Engine) putByHand(ctx context.Context, i *item, kind plan.Kind, actor string, reason *link.Reason) error {
	b := &batch{audit: e.newAuditBatch(time.Now(), "")}
	i.task = Task{Ref: i.ref, Cause: "by hand", Actor: actor}
	i.link.Reason = reason
	i.decision = plan.Decision{Kind: kind, Object: i.link.B.Object, Reason: reason}
	if i.link.Mapping == "" {
		i.link.Mapping, i.link.Version = i.m.Name, i.m.Version
	}
	if reason != nil && reason.At.IsZero() {
		reason.At = time.Now()
	}
	e.record(b, i)
	if err := e.flush(ctx, b.audit); err != nil {
		return err
	}
	err := e.putItem(ctx, i)
	if lost(err) {
		return &RefusedError{i.ref.String() + " was worked on in this very moment", "try again"}
	}
	i.rev++
	return err
}

// afterIgnore keeps the decision and closes the sync error.
func (e *Engine) afterIgnore(ctx context.Context, i *item) error {
	g := i.link.Ignored
	d := handDecision{Kind: "ignore", Mapping: i.m.Name, Version: i.m.Version, Actor: g.Actor, At: g.At, Note: g.Why, Ref: i.ref, Target: i.link.B}
	if err := e.decideByHand(ctx, d); err != nil {
		return err
	}
	return e.noteError(ctx, i)
}
