package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// An initial load of a set may be looked at between its phases: it stops behind the one that is named, once its records and what they refer
// to were counted, and whoever looked has it go on. What was not carried out yet stays as it was approved, and is compared with its records
// again when it is.

// stopsAfter refuses a phase that a plan does not have, or that is over: begun are those that are.
func (p SavedPlan) stopsAfter(phase string, begun int) error {
	n := slices.Index(p.Set, phase)
	switch {
	case phase == "":
		return nil
	case len(p.Set) == 0:
		return &RefusedError{"plan " + p.ID + " is of one mapping and has no phases", "run it without a phase"}
	case n < 0:
		return &RefusedError{fmt.Sprintf("%s is no phase of plan %s", phase, p.ID), "name one of " + strings.Join(p.Set[:len(p.Set)-1], ", ")}
	case n == len(p.Set)-1:
		return &RefusedError{phase + " is the last phase of plan " + p.ID + ": there is nothing behind it", "run it without a phase"}
	case n < begun:
		return &RefusedError{"the phase " + phase + " of plan " + p.ID + " is over", "name a later one, or none"}
	}
	return nil
}

// stopsHere tells whether a run has come to the end of the phase behind which it stops.
func (r Run) stopsHere() bool {
	return r.StopAfter != "" && r.Step > 0 && r.Step < len(r.Set) && r.Set[r.Step-1] == r.StopAfter
}

// countedPages are the pages of phases that are over; those beyond are of the one that is under way.
func (r Run) countedPages() int {
	n := 0
	for _, p := range r.Phases {
		n += p.Pages
	}
	return n
}

// GoOnWithPlan has the run of a set's plan go on that stopped behind a phase, to its end or to a later phase.
func (e *Engine) GoOnWithPlan(ctx context.Context, id, phase, actor string) (Run, error) {
	if err := e.refuseRestored(ctx); err != nil {
		return Run{}, err
	}
	p, err := getItem[SavedPlan](ctx, e.Table, planKey(id))
	switch {
	case err != nil:
		return Run{}, err
	case p.Rev == 0:
		return Run{}, &NotFoundError{"plan", id}
	case p.Value.RanAs == "":
		return Run{}, &RefusedError{"plan " + id + " has not begun", "crosswalk run --plan " + id}
	}
	before, err := getItem[Run](ctx, e.Table, runKey(p.Value.RanAs))
	if err != nil {
		return Run{}, err
	}
	if err := p.Value.stopsAfter(phase, before.Value.Step); err != nil {
		return Run{}, err
	}
	if err := e.planFits(ctx, p.Value); err != nil {
		return Run{}, err
	}
	went := false
	r, err := change(ctx, e, runKey(p.Value.RanAs), func(r *Run, exists bool) bool {
		went = exists && r.Status == runHeld && r.stopsHere()
		if went {
			r.Status, r.StopAfter = "listing", phase
		}
		return went
	})
	switch {
	case err != nil:
		return r, err
	case !went:
		return r, &RefusedError{"run " + p.Value.RanAs + " of plan " + id + " does not stand behind a phase", "look at it: crosswalk runs " + p.Value.RanAs}
	}
	return r, e.decidedOf(ctx, p.Value, Decision{Kind: DecidedRunPlan, Plan: id, Digest: p.Value.Digest, Run: r.ID, Actor: actor, Note: "went on behind " + before.Value.StopAfter})
}
