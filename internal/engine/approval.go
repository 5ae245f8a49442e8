package engine

import (
	"context"
	"fmt"
	"slices"
	"time"

	"crosswalk/internal/engine/table"
)

// Submit asks for approval of a mapping's newest version and tells those who may give it. version names the one the caller
// means; 0 is the newest. Asking twice asks once.
func (e *Engine) Submit(ctx context.Context, name string, version int, actor, note string) (Standing, error) {
	h, err := e.newest(ctx, name, version)
	if err != nil {
		return Standing{}, err
	}
	version, asked := h.Latest, false
	var refused error
	s, err := e.changeStanding(ctx, name, version, func(s *Standing) bool {
		asked, refused = false, nil
		if s.Approver != "" {
			refused = &RefusedError{fmt.Sprintf("version %d of %s is approved already, by %s", version, name, s.Approver), "take it live: crosswalk live " + name}
			return false
		}
		if s.Submitter != "" {
			return false
		}
		s.Submitter, s.Submitted, asked = actor, time.Now(), true
		return true
	})
	if err != nil || refused != nil {
		return s, firstError([]error{refused, err})
	}
	if asked {
		if err := e.decided(ctx, Decision{Kind: DecidedSubmit, Mapping: name, Version: version, Actor: actor, Note: note}); err != nil {
			return s, err
		}
	}
	return s, e.Raise(ctx, Concern{Event: EventApproval, Mapping: name, Category: waitingApproval, Name: fmt.Sprintf("%s version %d", name, version),
		Command: fmt.Sprintf("crosswalk approve %s --version %d", name, version)})
}

const waitingApproval = "waiting_approval"

// ApproveMapping puts a person's name under one version of a mapping. version is the one that the person looked at; 0 is the
// one that was submitted. Refused when a newer one was applied since, when the approver is its editor (unless approval is
// single), and before there is a preview and a pilot to judge a document mapping by.
func (e *Engine) ApproveMapping(ctx context.Context, name string, version int, actor, note string) (Standing, error) {
	h, err := e.head(ctx, name)
	if err != nil {
		return Standing{}, err
	}
	if version == 0 {
		if version, err = e.submitted(ctx, h); err != nil {
			return Standing{}, err
		}
	}
	if version != h.Latest {
		return Standing{}, &ChangedError{name, version, h.Latest}
	}
	v, err := e.version(ctx, name, version)
	if err != nil {
		return Standing{}, err
	}
	if v.Actor == actor && !e.Single {
		return Standing{}, &RefusedError{fmt.Sprintf("%s is the last editor of %s (version %d) and cannot approve it", actor, name, version),
			"ask somebody else: crosswalk submit " + name}
	}
	if err := e.judged(ctx, name); err != nil {
		return Standing{}, err
	}
	fresh := false
	s, err := e.changeStanding(ctx, name, version, func(s *Standing) bool {
		if fresh = !e.approved(v, *s); !fresh {
			return false // it counts already; a second name changes nothing
		}
		s.Approver, s.Approved, s.Single = actor, time.Now(), e.Single
		return true
	})
	if err != nil {
		return s, err
	}
	if fresh {
		if err := e.decided(ctx, Decision{Kind: DecidedApprove, Mapping: name, Version: version, Actor: actor, Note: note, Single: s.Single}); err != nil {
			return s, err
		}
	}
	return s, e.dropAsks(ctx, name)
}

// judged refuses an approval of what nobody could have judged yet.
func (e *Engine) judged(ctx context.Context, name string) error {
	s, gates, err := e.Gates(ctx, name)
	if err != nil {
		return err
	}
	missing := slices.DeleteFunc(gates, func(g Gate) bool { return g.Passed || g.Name != "preview" && g.Name != "pilot" })
	if len(missing) > 0 {
		return &RefusedError{fmt.Sprintf("version %d of %s cannot be judged yet: %s", s.Version, name, missing[0].State), missing[0].Command}
	}
	return nil
}

// submitted is the version whose approval was asked for last; of a team of one, the newest when nobody asked.
func (e *Engine) submitted(ctx context.Context, h Head) (int, error) {
	last := 0
	err := list(ctx, e.Table, standingKey(h.Name, 0).PK, "standing#", func(_ table.Key, s Standing) bool {
		if s.Submitter != "" {
			last = s.Version
		}
		return true
	})
	if err == nil && last == 0 && e.Single {
		last = h.Latest
	}
	if err == nil && last == 0 {
		err = &RefusedError{fmt.Sprintf("nobody asked for an approval of %s, so that it is not clear which version you looked at", h.Name),
			fmt.Sprintf("name it: crosswalk approve %s --version %d", h.Name, h.Latest)}
	}
	return last, err
}

// dropAsks takes back every request to approve a version of a mapping: the newest is approved, or the request is too old.
func (e *Engine) dropAsks(ctx context.Context, name string) error {
	return e.lowerAll(ctx, EventApproval, name, func(c Concern) bool { return c.Plan == "" })
}

// SubmitPlan asks for approval of a saved plan and tells those who may give it.
func (e *Engine) SubmitPlan(ctx context.Context, id, actor, note string) (SavedPlan, error) {
	p, err := e.Plan(ctx, id)
	switch {
	case err != nil:
		return p, err
	case !p.Complete:
		return p, &NotFoundError{"complete plan", id}
	case p.Approver != "":
		return p, &RefusedError{"plan " + id + " is approved already, by " + p.Approver, "run it: crosswalk run --plan " + id}
	}
	if err := e.decidedOf(ctx, p, Decision{Kind: DecidedSubmit, Plan: id, Digest: p.Digest, Actor: actor, Note: note}); err != nil {
		return p, err
	}
	return p, e.Raise(ctx, Concern{Event: EventApproval, Mapping: p.Mapping, Category: waitingApproval, Plan: id, Name: "plan " + id,
		Command: fmt.Sprintf("crosswalk approve %s --digest %s", id, p.Digest)})
}

// Approve puts a person's name under a saved plan, by its digest. Whoever made the plan cannot, unless approval is single.
func (e *Engine) Approve(ctx context.Context, id, digest, actor string) (SavedPlan, error) {
	var refused error
	p, err := change(ctx, e, planKey(id), func(p *SavedPlan, exists bool) bool {
		refused = nil
		switch {
		case !exists || !p.Complete:
			refused = &NotFoundError{"complete plan", id}
		case digest != "" && digest != p.Digest:
			refused = &RefusedError{fmt.Sprintf("the plan's digest is %s, not %s", p.Digest, digest), "look at plan " + id + " again"}
		case e.planApproved(*p):
			refused = &RefusedError{"plan " + id + " is approved already, by " + p.Approver, "run it: crosswalk run --plan " + id}
		case p.Actor == actor && !e.Single:
			refused = &RefusedError{"the one who made a plan cannot approve it", "ask somebody else, or set approval: single in the configuration of a team of one"}
		default:
			p.Approver, p.Approved, p.Single = actor, time.Now(), e.Single
			return true
		}
		return false
	})
	if err != nil || refused != nil {
		return p, firstError([]error{refused, err})
	}
	if err := e.decidedOf(ctx, p, Decision{Kind: DecidedApprove, Plan: id, Digest: p.Digest, Actor: actor, Single: p.Single}); err != nil {
		return p, err
	}
	return p, e.lowerAll(ctx, EventApproval, p.Mapping, func(c Concern) bool { return c.Plan == id })
}

// planApproved tells whether a plan's approval counts: as a team of one's does no longer once a second person is asked for.
func (e *Engine) planApproved(p SavedPlan) bool {
	return p.Approver != "" && (e.Single || p.Approver != p.Actor)
}

// RunPlan carries an approved plan out, once: exactly its rows. The plan is marked with its run before the run begins; killed
// in between, asking again begins that very run.
func (e *Engine) RunPlan(ctx context.Context, id, actor string) (Run, error) {
	return e.RunPlanUntil(ctx, id, "", actor)
}

// RunPlanUntil does so, and stops behind one phase of a set's plan; "" is none.
func (e *Engine) RunPlanUntil(ctx context.Context, id, phase, actor string) (Run, error) {
	if err := e.refuseRestored(ctx); err != nil {
		return Run{}, err
	}
	p, err := getItem[SavedPlan](ctx, e.Table, planKey(id))
	switch {
	case err != nil:
		return Run{}, err
	case p.Rev == 0 || !p.Value.Complete:
		return Run{}, &NotFoundError{"complete plan", id}
	case !e.planApproved(p.Value):
		return Run{}, &RefusedError{"plan " + id + " is not approved", "crosswalk approve " + id}
	}
	if err := e.planFits(ctx, p.Value); err != nil {
		return Run{}, err
	}
	v := p.Value
	if err := v.stopsAfter(phase, 0); err != nil {
		return Run{}, err
	}
	if v.RanAs == "" {
		v.RanAs, v.RanAt = e.runID(), time.Now()
		if err := e.putOne(ctx, planKey(id), v, table.IfRev(p.Rev)); err != nil {
			if lost(err) {
				return Run{}, &RefusedError{"plan " + id + " was approved or carried out by somebody else at the same moment", "look at it: crosswalk runs"}
			}
			return Run{}, err
		}
	} else if began, err := getItem[Run](ctx, e.Table, runKey(v.RanAs)); err != nil || began.Rev != 0 || time.Since(v.RanAt) > beginsWithin {
		return Run{}, firstError([]error{err, &RefusedError{"plan " + id + " was carried out by run " + v.RanAs, "make a new preview for what has come since"}})
	}
	if err := e.letWrite(ctx, v, actor); err != nil {
		return Run{}, err
	}
	kind := "plan"
	if v.Undoes != "" {
		kind = undoRun
	}
	r, err := e.StartRun(ctx, Run{ID: v.RanAs, Kind: kind, Mapping: v.Mapping, Plan: id, Actor: actor, Undoes: v.Undoes, Archives: v.Archives,
		Set: v.Set, StopAfter: phase, Pilot: len(v.Set) > 0}, nil)
	if err != nil {
		return r, err
	}
	return r, e.decidedOf(ctx, v, Decision{Kind: DecidedRunPlan, Plan: id, Digest: v.Digest, Run: r.ID, Actor: actor})
}

// beginsWithin is how long after it was marked a plan's run may still begin; a run of longer ago is no longer kept.
const beginsWithin = 24 * time.Hour

// approverOf is who answers for a document: of the plan that is carried out, else of the mapping's version.
func (e *Engine) approverOf(i *item) (string, bool) {
	if i.task.Plan != "" {
		e.plans.mu.Lock()
		defer e.plans.mu.Unlock()
		if p := e.plans.open[i.task.Plan]; p != nil {
			return p.head.Approver, p.head.Single
		}
	}
	if i.m.Head.Approved != i.m.Version {
		return "", false // a pilot of a version that nobody approved yet
	}
	return i.m.Head.Approver, i.m.Head.Single
}

// decidedOf keeps a decision about a plan in the history of each of its mappings.
func (e *Engine) decidedOf(ctx context.Context, p SavedPlan, d Decision) error {
	for _, name := range p.mappings() {
		d.Mapping, d.Version = name, p.Versions[name]
		if err := e.decided(ctx, d); err != nil {
			return err
		}
	}
	return nil
}
