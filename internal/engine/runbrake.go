package engine

import (
	"context"
	"fmt"
	"time"

	"crosswalk/internal/engine/lane"
	"crosswalk/internal/engine/table"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
)

// A first load that was approved by its preview and then turns out larger than that stops before its first write and asks (B8). So its
// pages are counted before any of them is queued; what is within the bounds is queued then, page by page.

// The bounds of a first load: this many records more than its approved preview showed.
const (
	brakeFirstLoad        = 100
	brakeFirstLoadPercent = 2
	sendPages             = 50 // of a counted run, in one step
)

// runHeld is the status of a run that was counted and waits for an answer; sending that of one whose counted pages are being queued.
const (
	runHeld    = "held"
	runSending = "sending"
)

// foreseen gives how many records the approved preview of a first load showed; false where this run is no such load.
func (e *Engine) foreseen(ctx context.Context, r Run, a *Active) (int, bool, error) {
	if r.Kind != "full" || len(r.Set) > 0 || r.Pilot || a.Head.Status != "live" {
		return 0, false, nil
	}
	got, err := getItem[Standing](ctx, e.Table, standingKey(a.Name, a.Version))
	if err != nil || got.Value.Preview == "" {
		return 0, false, err
	}
	saved, err := getItem[SavedPlan](ctx, e.Table, planKey(got.Value.Preview))
	if err != nil || saved.Rev == 0 || saved.Value.Approver == "" && got.Value.Approver == "" {
		return 0, false, err
	}
	preview, err := getItem[Run](ctx, e.Table, runKey(saved.Value.Run))
	if err != nil || preview.Rev == 0 || preview.Value.Listed == 0 {
		return 0, false, err
	}
	first := true
	err = list(ctx, e.Table, runsPK, "", func(_ table.Key, other Run) bool {
		first = first && !(other.ID != r.ID && other.Mapping == r.Mapping && other.Status == "done" && (other.Kind == "full" || other.Kind == "plan"))
		return first
	})
	return preview.Value.Listed, first, err
}

// counted ends the listing of a run whose pages were counted before they are queued: it goes on, or asks.
func (e *Engine) counted(ctx context.Context, r *Run) error {
	limit := r.Foreseen + max(brakeFirstLoad, r.Foreseen*brakeFirstLoadPercent/100)
	if r.Listed <= limit {
		r.Status = runSending
		return nil
	}
	r.Status = runHeld
	r.Error = fmt.Sprintf("its approved preview showed %d records, and there are %d now, which is more than the brake allows (%d). Nothing of it was written. Preview and approve anew; or, if all of them are meant: crosswalk resume %s", r.Foreseen, r.Listed, limit, r.Mapping)
	return e.openError(ctx, plan.Brake, r.Mapping, record.Ref{}, record.Ref{}, "run "+r.ID+": "+r.Error)
}

// stepSending queues more pages of a counted run, of a plan's, or of named records, for which somebody waits. Killed before that is
// remembered, the same pages are queued again: their tasks run twice, their bits are set once.
func (e *Engine) stepSending(ctx context.Context, before stored[Run]) error {
	r, where := before.Value, lane.Bulk
	if r.Named {
		where = lane.Live
	}
	for n := 0; n < sendPages && r.SentPages < r.Pages; n++ {
		page, err := getItem[runPage](ctx, e.Table, runPageKey(r.ID, r.SentPages))
		if err != nil {
			return err
		}
		if err := e.Enqueue(ctx, where, e.runTasks(r, r.SentPages, page.Value.Refs, r.Named)); err != nil {
			return err
		}
		r.SentPages++
	}
	if r.SentPages == r.Pages {
		r.Status, r.Expected = "working", r.Listed
	}
	if err := e.putStep(ctx, before, &r); err != nil {
		if lost(err) {
			return nil // somebody else took this step; the next one goes on from what is stored
		}
		return err
	}
	return e.finishRun(ctx, &r)
}

// releaseRuns lets counted runs of a slot's mappings go on that a person was asked about.
func (e *Engine) releaseRuns(ctx context.Context, names []string) error {
	var held []Run
	if err := list(ctx, e.Table, runsPK, "", func(_ table.Key, r Run) bool {
		for _, name := range names {
			if r.Kind != kindWave && r.Status == runHeld && r.Mapping == name {
				held = append(held, r)
			}
		}
		return true
	}); err != nil {
		return err
	}
	for _, r := range held {
		if _, err := change(ctx, e, runKey(r.ID), func(r *Run, _ bool) bool {
			if r.Status != runHeld {
				return false
			}
			r.Status, r.Error, r.At = runSending, "", time.Now()
			return true
		}); err != nil {
			return err
		}
	}
	return nil
}

// inSlot names the mappings of a slot.
func (s *mappingSet) inSlot(slot string) []string {
	var out []string
	for _, name := range s.names {
		if s.byName[name].Slot == slot {
			out = append(out, name)
		}
	}
	return out
}
