package engine

import (
	"context"
	"sync"
	"time"

	"crosswalk/internal/engine/table"
	"crosswalk/internal/mapping"
)

// What a person decided. The empty kind is a change of status, as the first versions of this program kept it.
const (
	DecidedStatus  = ""        // Status says which
	DecidedSubmit  = "submit"  // asked for approval
	DecidedApprove = "approve" // of a mapping's version, or of a plan
	DecidedAccept  = "accept"  // one tester's result in a round of acceptance
	DecidedRunPlan = "run_plan"
	DecidedRebuild = "rebuild" // of a table that was restored from a backup
)

// Decision is one thing that a person decided about a mapping or a plan: who, when, about which version. Decisions are kept
// for ever. Fields that do not belong to the kind are empty.
type Decision struct {
	Kind    string         `json:"kind,omitempty"`
	Mapping string         `json:"mapping"`
	Version int            `json:"version"`
	Status  mapping.Status `json:"status,omitempty"`
	Plan    string         `json:"plan,omitempty"`
	Digest  string         `json:"digest,omitempty"`
	Actor   string         `json:"actor"`
	At      time.Time      `json:"at"`
	Note    string         `json:"note,omitempty"`
	Single  bool           `json:"single,omitempty"` // approved under approval: single
	Round   int            `json:"round,omitempty"`
	Tester  string         `json:"tester,omitempty"`
	Result  string         `json:"result,omitempty"` // of accept: pass, fail
	Run     string         `json:"run,omitempty"`
}

// deciding gives each decision of a process a time of its own, so that they are listed in the order in which they were made
// even where a clock is coarse.
type deciding struct {
	mu   sync.Mutex
	last time.Time
}

func (d *deciding) next() time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := time.Now()
	if !now.After(d.last) {
		now = d.last.Add(time.Nanosecond)
	}
	d.last = now
	return now
}

// decided keeps a decision. Two of the same instant and mapping are told apart by a token, so that none replaces another.
func (e *Engine) decided(ctx context.Context, d Decision) error {
	d.At = e.deciding.next()
	key := decisionKey(d.At.UTC().Format("2006-01-02T15:04:05.000000000Z") + "#" + d.Mapping + "#" + e.token())
	return e.putOne(ctx, key, d, table.IfAbsent())
}

// Decisions lists what people decided about a mapping, oldest first; "" is all mappings.
func (e *Engine) Decisions(ctx context.Context, mapping string) ([]Decision, error) {
	var out []Decision
	err := list(ctx, e.Table, decisionKey("").PK, "", func(_ table.Key, d Decision) bool {
		if mapping == "" || d.Mapping == mapping {
			out = append(out, d)
		}
		return true
	})
	return out, err
}
