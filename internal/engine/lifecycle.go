package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"crosswalk/internal/engine/table"
	"crosswalk/internal/mapping"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
)

// The ways of a mapping from draft to live and back, as people ask for them. SetStatus does the same without any gate: the
// simulation, the bench and tests use it, and nothing that a person can reach does (package house holds that).

// StartPilot tries a mapping's newest version on named records and what they need. Of a mapping that is live the running
// version goes on for everything else; refs join those of earlier pilots.
func (e *Engine) StartPilot(ctx context.Context, name string, version int, refs []record.Ref, actor, note string) (Head, Run, error) {
	if err := e.refuseRestored(ctx); err != nil {
		return Head{}, Run{}, err
	}
	h, err := e.newest(ctx, name, version)
	if err != nil {
		return h, Run{}, err
	}
	if h.Status == mapping.Live && h.Running == h.Latest {
		return h, Run{}, &RefusedError{fmt.Sprintf("version %d of %s is live already: there is nothing to try out", h.Latest, name), "to look at records by name: crosswalk run " + name + " REF"}
	}
	a, err := e.bind(ctx, h, h.Latest)
	if err != nil {
		return h, Run{}, err
	}
	if err := e.ownRefs(a, refs); err != nil {
		return h, Run{}, err
	}
	if err := e.mayRun(ctx, name, h.Latest); err != nil {
		return h, Run{}, err
	}
	tried := h.Latest
	var refused error
	h, err = change(ctx, e, mappingHeadKey(name), func(h *Head, exists bool) bool {
		if refused = nil; !exists || h.Latest != tried {
			refused = &ChangedError{name, tried, h.Latest}
			return false
		}
		if h.Status == mapping.Live || h.Status == mapping.Paused {
			h.Trial = tried
		} else {
			h.Running, h.Status = tried, mapping.Pilot
		}
		for _, ref := range refs {
			if !slices.Contains(h.Pilot, ref) {
				h.Pilot = append(h.Pilot, ref)
			}
		}
		h.Actor = actor
		return true
	})
	if err != nil || refused != nil {
		return h, Run{}, firstError([]error{refused, err})
	}
	if err := e.decided(ctx, Decision{Mapping: name, Version: tried, Status: mapping.Pilot, Actor: actor, Note: note}); err != nil {
		return h, Run{}, err
	}
	run, err := e.RunMapping(ctx, Run{Kind: "named", Mapping: name, Pilot: true, Actor: actor}, refs)
	return h, run, err
}

// GoLive takes the newest version of a mapping into use once every gate is passed. version is the one the caller means; 0 is
// the newest. A version that is live already stays so. It does not answer the brake: that is what Resume is for.
func (e *Engine) GoLive(ctx context.Context, name string, version int, nativeOff bool, actor, note string) (Head, error) {
	if err := e.refuseRestored(ctx); err != nil {
		return Head{}, err
	}
	h, err := e.newest(ctx, name, version)
	if err != nil {
		return h, err
	}
	version = h.Latest
	if h.Status == mapping.Live && h.Running == version {
		return h, nil
	}
	s, err := e.mayGoLive(ctx, name, version)
	if err != nil {
		return h, err
	}
	if err := e.MayGoLive(ctx, name, nativeOff); err != nil {
		return h, err
	}
	if err := e.mayRun(ctx, name, version); err != nil {
		return h, err
	}
	var refused error
	var paused time.Time
	h, err = change(ctx, e, mappingHeadKey(name), func(h *Head, exists bool) bool {
		refused, paused = nil, time.Time{}
		if !exists || h.Latest != version {
			refused = &ChangedError{name, version, h.Latest}
			return false
		}
		switch {
		case h.Status == mapping.Paused:
			paused = h.Since
		default:
			h.At, paused = time.Now(), h.Planned // what changed while its first plan was carried out is read again
		}
		h.Planned = time.Time{}
		h.Status, h.Running, h.Trial, h.Pilot, h.Since, h.Was, h.Actor = mapping.Live, version, 0, nil, time.Time{}, "", actor
		h.Restored = 0
		h.Approved, h.Approver, h.Single = 0, "", false
		if s.Approver != "" {
			h.Approved, h.Approver, h.Single = version, s.Approver, s.Single
		}
		return true
	})
	if err != nil || refused != nil {
		return h, firstError([]error{refused, err})
	}
	if err := e.decided(ctx, Decision{Mapping: name, Version: version, Status: mapping.Live, Actor: actor, Note: note}); err != nil {
		return h, err
	}
	a, err := e.bind(ctx, h, h.Running)
	if err != nil {
		return h, err
	}
	if !paused.IsZero() {
		if err := e.rewind(ctx, a, paused); err != nil {
			return h, err
		}
	}
	if err := e.reachBack(ctx, a); err != nil {
		return h, err
	}
	return h, errors.Join(e.wake(ctx, "mapping/"+name), e.wake(ctx, "slot/"+a.Slot), e.tellResumed(ctx))
}

// Pause stops a mapping writing, its pilot too. One that is paused stays so.
func (e *Engine) Pause(ctx context.Context, name, actor, note string) (Head, error) {
	var refused error
	changed := false
	h, err := change(ctx, e, mappingHeadKey(name), func(h *Head, exists bool) bool {
		changed, refused = false, nil
		switch {
		case !exists:
			refused = &NotFoundError{"mapping", name}
		case h.Status == mapping.Paused && h.Trial == 0:
		case h.Status == mapping.Draft:
			refused = &RefusedError{name + " is draft and does not run", "only a mapping that is live or in pilot can be paused"}
		default:
			if h.Status != mapping.Paused {
				h.Was, h.Since = h.Status, time.Now()
			}
			h.Status, h.Trial, h.Actor, changed = mapping.Paused, 0, actor, true
		}
		return changed
	})
	if err != nil || refused != nil || !changed {
		return h, firstError([]error{refused, err})
	}
	return h, e.decided(ctx, Decision{Mapping: name, Version: h.Running, Status: mapping.Paused, Actor: actor, Note: note})
}

// PauseAll pauses every mapping that runs and gives those that it paused.
func (e *Engine) PauseAll(ctx context.Context, actor, note string) ([]Head, error) {
	heads, err := e.Heads(ctx)
	if err != nil {
		return nil, err
	}
	var out []Head
	var errs []error
	for _, h := range heads {
		if h.Status != mapping.Live && h.Status != mapping.Pilot {
			continue
		}
		paused, err := e.Pause(ctx, h.Name, actor, note) // one that fails must not keep the others running
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", h.Name, err))
			continue
		}
		out = append(out, paused)
	}
	return out, errors.Join(errs...)
}

// Resumed is how a mapping goes on: how much waited for it, and since when.
type Resumed struct {
	Head    Head
	Waiting int       // records that were parked for it
	Since   time.Time // when it was paused or the brake stopped it; zero when neither did
}

// Resume goes on after a pause or the brake, with the version that ran: a newer one is taken into use by GoLive, never in
// passing. What changed during a pause is read again.
func (e *Engine) Resume(ctx context.Context, name, actor, note string) (Resumed, error) {
	if err := e.refuseRestored(ctx); err != nil {
		return Resumed{}, err
	}
	h, err := e.head(ctx, name)
	if err != nil {
		return Resumed{Head: h}, err
	}
	if h.Status == mapping.Draft {
		return Resumed{Head: h}, &RefusedError{fmt.Sprintf("%s is draft and was never paused", name), "crosswalk live " + name}
	}
	a, err := e.bind(ctx, h, h.Running)
	if err != nil {
		return Resumed{Head: h}, err
	}
	out := Resumed{Head: h}
	if out.Waiting, out.Since, err = e.waitingFor(ctx, a); err != nil {
		return out, err
	}
	if h.rests() {
		if err := e.mayRun(ctx, name, h.Running); err != nil {
			return out, err
		}
	}
	if !out.Since.IsZero() {
		if out.Head, err = e.unpause(ctx, name, actor, note); err != nil {
			return out, err
		}
	}
	if err := e.releaseBrake(ctx, a); err != nil {
		return out, err
	}
	if !h.Since.IsZero() {
		if err := e.rewind(ctx, a, h.Since); err != nil {
			return out, err
		}
	}
	return out, errors.Join(e.wake(ctx, "mapping/"+name), e.wake(ctx, "slot/"+a.Slot), e.tellResumed(ctx))
}

// unpause puts a paused mapping back to what it was, and keeps who said so, after the brake too.
func (e *Engine) unpause(ctx context.Context, name, actor, note string) (Head, error) {
	h, err := change(ctx, e, mappingHeadKey(name), func(h *Head, _ bool) bool {
		if h.Status != mapping.Paused {
			return false
		}
		h.Status, h.Since = mapping.Live, time.Time{}
		if h.Was == mapping.Pilot {
			h.Status = mapping.Pilot
		}
		h.Was, h.Restored, h.Actor = "", 0, actor
		return true
	})
	if err != nil {
		return h, err
	}
	return h, e.decided(ctx, Decision{Mapping: name, Version: h.Running, Status: h.Status, Actor: actor, Note: note})
}

// waitingFor counts the records that are parked until a mapping goes on, and says since when it does not: zero when it does.
// A change of a line waits beside its deal and is not counted again.
func (e *Engine) waitingFor(ctx context.Context, a *Active) (int, time.Time, error) {
	own, others, since := map[record.Ref]bool{}, map[record.Ref]bool{}, a.Head.Since
	for _, on := range []string{brakeOn(a.Slot), "mapping/" + a.Name, "slot/" + a.Slot} {
		if err := list(ctx, e.Table, waitingKey(on, "").PK, "", func(_ table.Key, p parked) bool {
			if p.Task.Ref.Object == a.A.Object {
				own[p.Task.Ref] = true
			} else {
				others[p.Task.Ref] = true
			}
			return true
		}); err != nil {
			return 0, since, err
		}
	}
	n := len(own)
	if n == 0 {
		n = len(others)
	}
	held, err := e.heldDeletes(ctx, a.Slot)
	if err != nil {
		return n, since, err
	}
	n += held
	set, err := e.bound(ctx)
	if err != nil {
		return n, since, err
	}
	waves, err := e.heldWaves(ctx, set.inSlot(a.Slot))
	if err != nil {
		return n, since, err
	}
	for _, r := range waves {
		for _, name := range set.inSlot(a.Slot) {
			n += r.Stopped[name]
		}
	}
	stopped, err := getItem[SyncError](ctx, e.Table, errorKey(plan.Brake, a.Name, record.Ref{}))
	if err == nil && stopped.Rev != 0 && (since.IsZero() || stopped.Value.First.Before(since)) {
		since = stopped.Value.First
	}
	return n, since, err
}

// ownRefs refuses records that are not of a mapping's source; of one that works both ways, that are of neither side.
func (e *Engine) ownRefs(a *Active, refs []record.Ref) error {
	for _, ref := range refs {
		if a.from(ref) != nil {
			continue
		}
		if a.home != nil {
			return &RefusedError{fmt.Sprintf("%s is not a record of %s", ref, a.Name), fmt.Sprintf("name records as %s:%s/ID or %s:%s/ID", a.ConnA, a.A.Object, a.ConnB, a.B.Object)}
		}
		if ref.Connection != a.ConnA || ref.Object != a.A.Object {
			return &RefusedError{fmt.Sprintf("%s is not a record of %s", ref, a.Name), fmt.Sprintf("name records as %s:%s/ID", a.ConnA, a.A.Object)}
		}
	}
	return nil
}
