package engine

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"sync"

	"crosswalk/internal/plan"
	"crosswalk/internal/record"
)

// planRun is a saved plan ready to be carried out. A plan of a large catalogue has a row for every record of it, so that no more than the
// digests are kept, in a few bytes a row.
type planRun struct {
	head SavedPlan
	rows map[planMark]plannedRow // nil: they were let go, and are read again when they are asked for
}

// planMark stands for a longer text: a row's slot and ref, or its digest. No two texts have the same.
type planMark [16]byte

func markOf(text string) planMark {
	sum := sha256.Sum256([]byte(text))
	return planMark(sum[:])
}

type plannedRow struct {
	digest planMark
	left   bool // the plan leaves it alone
}

func placeOf(slot string, ref record.Ref) planMark { return markOf(slot + "#" + ref.String()) }

// allows tells whether a row is what was approved, to the last field.
func (p *planRun) allows(r PlanRow) bool {
	planned, ok := p.rows[placeOf(r.Slot, r.Ref)]
	return ok && planned.digest == markOf(r.Digest)
}

// row tells whether a record is in the plan in a slot, and whether the plan leaves it alone.
func (p *planRun) row(slot string, ref record.Ref) (planned, left bool) {
	r, planned := p.rows[placeOf(slot, ref)]
	return planned, r.left
}

// openPlans is how many plans have their rows in memory: whoever carries plans out carries one out, seldom two at once.
const openPlans = 3

// planCache keeps opened plans; a complete plan never changes.
type planCache struct {
	mu     sync.Mutex
	open   map[string]*planRun
	recent []string // of open, those with their rows, the one last asked for at the end
}

func (c *planCache) get(id string) *planRun {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.open[id]
	if p == nil || p.rows == nil {
		return nil
	}
	c.touch(id)
	return p
}

// touch makes a plan the one last asked for, and lets go of the rows of one that was not for long. Who works by it keeps it until he is done.
func (c *planCache) touch(id string) {
	c.recent = append(slices.DeleteFunc(c.recent, func(have string) bool { return have == id }), id)
	if len(c.recent) > openPlans {
		c.open[c.recent[0]] = &planRun{head: c.open[c.recent[0]].head}
		c.recent = c.recent[1:]
	}
}

// put keeps a plan that was read, and gives the one to work by: workers that begin a run together read its plan together, and each
// would hold rows of its own until its batch is done.
func (c *planCache) put(id string, p *planRun) *planRun {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open == nil {
		c.open = map[string]*planRun{}
	}
	if kept := c.open[id]; kept == nil || kept.rows == nil {
		c.open[id] = p
	}
	c.touch(id)
	return c.open[id]
}

func (e *Engine) openPlan(ctx context.Context, id string) (*planRun, error) {
	if p := e.plans.get(id); p != nil {
		return p, nil
	}
	head, err := getItem[SavedPlan](ctx, e.Table, planKey(id))
	if err != nil {
		return nil, err
	}
	if head.Rev == 0 || head.Value.Approver == "" {
		return nil, fmt.Errorf("plan %s is not approved", id)
	}
	p := &planRun{head: head.Value, rows: make(map[planMark]plannedRow, head.Value.Rows+head.Value.Needed)}
	err = e.eachRow(ctx, id, func(r PlanRow) bool {
		p.rows[placeOf(r.Slot, r.Ref)] = plannedRow{digest: markOf(r.Digest), left: r.Kind == plan.Hold || r.Kind == plan.Skip}
		return true
	})
	if err != nil {
		return nil, err
	}
	return e.plans.put(id, p), nil
}
