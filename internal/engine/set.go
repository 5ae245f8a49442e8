package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"crosswalk/internal/engine/lane"
	"crosswalk/internal/engine/table"
	"crosswalk/internal/link"
	"crosswalk/internal/mapping"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
)

// Several mappings are one set when records of one refer to records of another: contacts to their accounts, deals to both. A set is
// previewed as one plan, in the order of its references; the plan is approved by one digest, and carried out mapping by mapping: what
// is referred to is linked and counted before what refers to it begins.

// Phase is what one mapping of a set came to when its plan was carried out.
type Phase struct {
	Mapping string    `json:"mapping"`
	Ended   time.Time `json:"ended"`
	Rows    int       `json:"rows"`   // records that the plan writes or links by it
	Linked  int       `json:"linked"` // of these, those that have a counterpart now
	Counts  Counts    `json:"counts"`
	// Relations are references of these records to others (a contact's account, the people of a deal) that stand at both sides alike;
	// Lacking are those that do not.
	Relations int `json:"relations"`
	Lacking   int `json:"lacking,omitempty"`
	Waiting   int `json:"waiting,omitempty"` // references to records that are held or excluded
	Pages     int `json:"pages,omitempty"`
}

// errUnderWay is no fault: a step of a run has nothing to do before tasks that were sent have ended.
var errUnderWay = errors.New("its tasks are under way")

// current is the mapping that a run is about, of a set the one that is under way.
func (r Run) current() string {
	if len(r.Set) > 0 {
		return r.Set[min(r.Step, len(r.Set)-1)]
	}
	return r.Mapping
}

// mappings are all that a run is about.
func (r Run) mappings() []string {
	if len(r.Set) > 0 {
		return r.Set
	}
	return []string{r.Mapping}
}

func (p SavedPlan) mappings() []string {
	if len(p.Set) > 0 {
		return p.Set
	}
	return []string{p.Mapping}
}

func distinctRefs(refs []record.Ref) []record.Ref {
	seen := make(map[record.Ref]bool, len(refs))
	return slices.DeleteFunc(refs, func(r record.Ref) bool {
		was := seen[r]
		seen[r] = true
		return was
	})
}

// PreviewSet starts a preview of several mappings as one plan; none are all that make no documents. Whatever order they are named
// in, those that others refer to come first.
func (e *Engine) PreviewSet(ctx context.Context, names []string, actor string) (Run, error) {
	if err := e.refuseRestored(ctx); err != nil {
		return Run{}, err
	}
	set, err := e.newestMappings(ctx)
	if err != nil {
		return Run{}, err
	}
	if len(names) == 0 {
		for _, name := range set.names {
			if set.byName[name].Document == nil && set.writtenWith(name) == "" {
				names = append(names, name)
			}
		}
	}
	for _, name := range names {
		a := set.byName[name]
		if a == nil {
			return Run{}, &NotFoundError{"mapping", name}
		}
		if a.Document != nil {
			return Run{}, &RefusedError{name + " makes documents, which are previewed by themselves", "leave it out of the set: crosswalk preview " + name}
		}
	}
	for _, name := range names { // lines are rows of what they are written with (at_source.lines)
		if slices.Contains(names, set.writtenWith(name)) {
			continue
		}
		if err := set.refuseLines(name, "name that one: crosswalk preview --set "); err != nil {
			return Run{}, err
		}
	}
	names = slices.DeleteFunc(slices.Clone(names), func(name string) bool { return set.writtenWith(name) != "" })
	ordered := set.inOrder(names)
	if len(ordered) == 0 {
		return Run{}, &RefusedError{"there is no mapping to preview", "apply one: crosswalk apply FILE"}
	}
	return e.StartRun(ctx, Run{Kind: "preview", Mapping: strings.Join(ordered, ", "), Set: ordered, Actor: actor}, nil)
}

// inOrder puts mappings behind those that their fields go through; of one rank those whose slot another one yields to first, then by name.
// Mappings that refer to each other stay in the order of their names.
func (s *mappingSet) inOrder(names []string) []string {
	names = distinct(names)
	var out []string
	placed := map[string]bool{}
	waits := func(name string) bool {
		a := s.byName[name]
		for _, m := range []*Active{a, a.home} {
			if m == nil {
				continue
			}
			for _, f := range m.Fields {
				for _, through := range f.Throughs() {
					if through != name && slices.Contains(names, through) && !placed[through] {
						return true
					}
				}
			}
			for _, to := range m.YieldsTo {
				if slices.Contains(names, to) && !placed[to] {
					return true
				}
			}
		}
		return false
	}
	for len(out) < len(names) {
		next := slices.IndexFunc(names, func(n string) bool { return !placed[n] && !waits(n) })
		if next < 0 { // a circle
			next = slices.IndexFunc(names, func(n string) bool { return !placed[n] })
		}
		placed[names[next]] = true
		out = append(out, names[next])
	}
	return out
}

// stepSetPlan carries a set's plan out, one mapping at a time: it sends what was listed, and lists the next mapping when every page
// of the one before has ended. Killed anywhere, what was listed is sent again.
func (e *Engine) stepSetPlan(ctx context.Context, r Run, rev int64) error {
	if r.Queued < r.Pages {
		return e.sendSetPages(ctx, r)
	}
	if len(r.Full) < r.Pages {
		return errUnderWay
	}
	if r.Pages > r.countedPages() {
		p, err := e.endPhase(ctx, r)
		if err != nil {
			return err
		}
		r.Phases = append(r.Phases, p)
		r.Step++
	}
	for ; r.Step < len(r.Set) && !r.stopsHere(); r.Step++ {
		refs, err := e.setRefs(ctx, r)
		if err != nil {
			return err
		}
		if len(refs) == 0 {
			r.Phases = append(r.Phases, Phase{Mapping: r.current(), Ended: time.Now()})
			continue
		}
		for start := 0; start < len(refs); start += runPageSize {
			part := refs[start:min(start+runPageSize, len(refs))]
			page := runPage{Refs: part, Bits: make([]bool, len(part))} // one that is there already has bits that tell of work
			if err := e.putOne(ctx, runPageKey(r.ID, r.Pages), page, table.IfAbsent()); err != nil && !lost(err) {
				return err
			}
			r.Pages++
			r.Listed += len(part)
		}
		break
	}
	switch {
	case r.Step == len(r.Set):
		r.Status, r.Expected = "working", r.Listed
	case r.stopsHere():
		r.Status = runHeld
	}
	if err := e.putOne(ctx, runKey(r.ID), r, table.IfRev(rev)); err != nil || r.Status == runHeld {
		if lost(err) {
			return nil
		}
		return err
	}
	if r.Status == "working" {
		return e.finishRun(ctx, &r)
	}
	return e.sendSetPages(ctx, r)
}

// sendSetPages sends the tasks of pages that were listed.
func (e *Engine) sendSetPages(ctx context.Context, r Run) error {
	for n := r.Queued; n < r.Pages; n++ {
		page, err := getItem[runPage](ctx, e.Table, runPageKey(r.ID, n))
		if err != nil {
			return err
		}
		if err := e.Enqueue(ctx, lane.Bulk, e.runTasks(r, n, page.Value.Refs, false)); err != nil {
			return err
		}
	}
	_, err := change(ctx, e, runKey(r.ID), func(now *Run, exists bool) bool {
		if !exists || now.Queued >= r.Pages {
			return false
		}
		now.Queued = r.Pages
		return true
	})
	return err
}

// setRefs are the records that a set's plan writes by the mapping under way.
func (e *Engine) setRefs(ctx context.Context, r Run) ([]record.Ref, error) {
	var refs []record.Ref
	err := e.eachRow(ctx, r.Plan, func(row PlanRow) bool {
		if row.writes() && r.phaseOf(row.Mapping) == r.Step {
			refs = append(refs, row.started())
		}
		return true
	})
	return distinctRefs(refs), err
}

// phaseOf is when a mapping of a set has its turn; one beside the set, that shares a slot with it, is carried out last.
func (r Run) phaseOf(name string) int {
	if n := slices.Index(r.Set, name); n >= 0 {
		return n
	}
	return len(r.Set) - 1
}

// endPhase counts what a mapping of a set came to: its records that have a counterpart, and whether what they refer to stands at both
// sides. It looks at them once more as a preview does, and writes nothing.
func (e *Engine) endPhase(ctx context.Context, r Run) (Phase, error) {
	p := Phase{Mapping: r.current(), Ended: time.Now()}
	set, err := e.mappings(ctx)
	if err != nil {
		return p, err
	}
	first := 0
	for _, before := range r.Phases {
		first += before.Pages
	}
	for n := first; n < r.Pages; n++ {
		page, err := getItem[runPage](ctx, e.Table, runPageKey(r.ID, n))
		if err != nil {
			return p, err
		}
		p.Pages++
		p.Rows += len(page.Value.Refs)
		p.Counts.add(page.Value.Counts)
		tasks := e.runTasks(Run{Kind: "preview", Set: r.Set, Step: r.Step, ID: r.ID, Pilot: r.Pilot}, n, page.Value.Refs, false)
		b := &batch{set: set, audit: e.newAuditBatch(time.Now(), r.ID), chosen: map[string]*item{}, preview: true}
		if err := decidable(e.workTasks(ctx, b, tasks)); err != nil {
			return p, err
		}
		p.count(b)
	}
	return p, nil
}

// count adds the records of a page.
func (p *Phase) count(b *batch) {
	for _, i := range b.all {
		if i.m == nil || i.needed {
			continue
		}
		if !i.twin && i.link.State == link.Linked {
			p.Linked++
		}
		through := map[string]bool{}
		for _, f := range i.m.Fields {
			through[f.B] = f.Through != ""
		}
		for _, f := range i.decision.Fields {
			switch {
			case !through[f.Field]:
			case f.Action == plan.WriteIt:
				p.Lacking++
			case !i.twin && !f.New.Blank():
				p.Relations++
			}
		}
		if !i.twin {
			p.Waiting += len(i.decision.Later)
		}
	}
}

// planFits refuses a plan whose mappings do not run, or run another version than the plan was made with: every row would be refused.
// Mappings that were never live are let write the plan, and nothing else, once they pass what going live asks for.
func (e *Engine) planFits(ctx context.Context, p SavedPlan) error {
	if p.Undoes != "" {
		return nil // an undo is for a mapping that is paused as well, whatever version runs
	}
	for _, name := range p.mappings() {
		h, err := e.head(ctx, name)
		if err != nil {
			return err
		}
		made := p.Versions[name] // 0 of plans that older programs made
		if len(p.Set) > 0 && neverLive(h) {
			if made != h.Latest {
				return &RefusedError{fmt.Sprintf("plan %s was made with version %d of %s, and version %d was applied since", p.ID, made, name, h.Latest), "make a new preview: crosswalk preview --all --save"}
			}
			if err := e.mayFirstWrite(ctx, name, made); err != nil {
				return err
			}
			continue
		}
		switch {
		case !(&Active{Head: h}).works(false):
			return &RefusedError{h.Name + " is " + string(h.Status), "crosswalk live " + h.Name}
		case made != 0 && made != h.Running:
			return &RefusedError{fmt.Sprintf("plan %s was made with version %d of %s, and version %d runs", p.ID, made, h.Name, h.Running), "make a new preview: crosswalk preview " + h.Name + " --save"}
		}
	}
	return nil
}

func neverLive(h Head) bool { return h.Status == mapping.Draft || h.Status == mapping.Pilot }

// mayFirstWrite is what a mapping must pass before it goes live.
func (e *Engine) mayFirstWrite(ctx context.Context, name string, version int) error {
	if _, err := e.mayGoLive(ctx, name, version); err != nil {
		return err
	}
	if err := e.MayGoLive(ctx, name, false); err != nil {
		return err
	}
	return e.mayRun(ctx, name, version)
}

// letWrite puts the mappings of a set that were never live into pilot, for the records of their plan: its tasks alone write by them
// until they go live.
func (e *Engine) letWrite(ctx context.Context, p SavedPlan, actor string) error {
	for _, name := range p.Set {
		version, moved := p.Versions[name], false
		h, err := change(ctx, e, mappingHeadKey(name), func(h *Head, exists bool) bool {
			if moved = exists && neverLive(*h) && h.Latest == version && (h.Status != mapping.Pilot || h.Running != version || h.Planned.IsZero()); !moved {
				return false
			}
			h.Status, h.Running, h.Actor, h.Planned = mapping.Pilot, version, actor, time.Now()
			return true
		})
		if err != nil {
			return err
		}
		if moved {
			if err := e.decided(ctx, Decision{Mapping: name, Version: h.Running, Status: mapping.Pilot, Actor: actor, Note: "for the rows of plan " + p.ID}); err != nil {
				return err
			}
		}
	}
	return nil
}
