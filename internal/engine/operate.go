package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"crosswalk/internal/engine/lane"
	"crosswalk/internal/engine/table"
	"crosswalk/internal/link"
	"crosswalk/internal/mapping"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
)

// NotFoundError names something a person asked for that is not there.
type NotFoundError struct{ What, Name string }

func (e *NotFoundError) Error() string { return fmt.Sprintf("there is no %s %s", e.What, e.Name) }

// RefusedError is a request of a person that cannot be carried out as things stand; Fix says what to do.
type RefusedError struct{ Why, Fix string }

func (e *RefusedError) Error() string { return e.Why + "; " + e.Fix }

// Apply is ApplyAll for one document.
func (e *Engine) Apply(ctx context.Context, yaml []byte, actor string) (Head, error) {
	out, err := e.ApplyAll(ctx, [][]byte{yaml}, actor)
	if err != nil {
		return Head{}, err
	}
	return out[0].Head, nil
}

// store keeps a checked document as its mapping's next version. base is the version that the editor changed; 0 is whatever
// is there.
func (e *Engine) store(ctx context.Context, name string, yaml []byte, base int, actor string) (Head, error) {
	got, err := getItem[Head](ctx, e.Table, mappingHeadKey(name))
	if err != nil {
		return Head{}, err
	}
	h := got.Value
	if h.Latest > 0 {
		last, err := getItem[Version](ctx, e.Table, mappingKey(name, h.Latest))
		if err != nil {
			return h, err
		}
		if last.Value.YAML == string(yaml) {
			return h, nil
		}
	}
	if base != 0 && base != h.Latest {
		return h, &ChangedError{name, base, h.Latest}
	}
	v := Version{Name: name, Version: h.Latest + 1, YAML: string(yaml), Actor: actor, At: time.Now()}
	if err := e.putOne(ctx, mappingKey(name, v.Version), v, table.IfAbsent()); err != nil {
		if !lost(err) {
			return h, err
		}
		if err := e.finishStore(ctx, name, v.Version); err != nil {
			return h, err
		}
		return h, &RefusedError{"somebody else applied " + name + " at the same moment", "look at what they changed, then apply again: crosswalk export " + name}
	}
	return e.takeVersion(ctx, v)
}

// takeVersion makes a stored version the newest. It changes nothing that runs.
func (e *Engine) takeVersion(ctx context.Context, v Version) (Head, error) {
	return change(ctx, e, mappingHeadKey(v.Name), func(h *Head, _ bool) bool {
		if h.Latest >= v.Version {
			return false
		}
		h.Name, h.Latest, h.Actor = v.Name, v.Version, v.Actor
		if h.Status == "" {
			h.Status, h.At = mapping.Draft, time.Now()
		}
		return true
	})
}

// storeTakes is how long another's apply may be between its version and its head; one that began longer ago was killed there.
const storeTakes = time.Minute

// finishStore does the second half of an apply that was killed in the middle.
func (e *Engine) finishStore(ctx context.Context, name string, version int) error {
	v, err := e.version(ctx, name, version)
	if err != nil || time.Since(v.At) < storeTakes {
		return err
	}
	_, err = e.takeVersion(ctx, v)
	return err
}

// Heads lists the mappings.
func (e *Engine) Heads(ctx context.Context) ([]Head, error) {
	var out []Head
	err := list(ctx, e.Table, "M", "", func(_ table.Key, h Head) bool { out = append(out, h); return true })
	return out, err
}

// Versions lists what was ever applied under a mapping's name, oldest first.
func (e *Engine) Versions(ctx context.Context, name string) ([]Version, error) {
	var out []Version
	err := list(ctx, e.Table, mappingKey(name, 0).PK, "v#", func(_ table.Key, v Version) bool { out = append(out, v); return true })
	return out, err
}

// LatestMapping gives the newest version of a mapping, compiled, with its ends bound.
func (e *Engine) LatestMapping(ctx context.Context, name string) (*Active, error) {
	got, err := getItem[Head](ctx, e.Table, mappingHeadKey(name))
	if err != nil {
		return nil, err
	}
	if got.Rev == 0 {
		return nil, &NotFoundError{"mapping", name}
	}
	return e.activate(ctx, got.Value, got.Value.Latest)
}

// SetStatus moves a mapping draft -> pilot -> live -> paused and notes who did it, with no gate in between: people go by
// lifecycle.go. Pilot and live take the latest version into use; from paused, live goes on with the version that ran.
func (e *Engine) SetStatus(ctx context.Context, name string, to mapping.Status, pilot []record.Ref, actor, note string) (Head, error) {
	if err := e.refuseRestored(ctx); err != nil && to != mapping.Paused {
		return Head{}, err
	}
	if err := e.mayBecome(ctx, name, to); err != nil {
		return Head{}, err
	}
	var refused error
	var pausedSince time.Time
	h, err := change(ctx, e, mappingHeadKey(name), func(h *Head, exists bool) bool {
		if !exists {
			refused = &NotFoundError{"mapping", name}
			return false
		}
		if refused = allowedStatus(*h, to); refused != nil {
			return false
		}
		if to == mapping.Pilot || to == mapping.Live && h.Status != mapping.Paused {
			h.Running = h.Latest
		}
		if to == mapping.Pilot {
			h.Pilot = pilot
		}
		pausedSince = time.Time{}
		if to == mapping.Paused {
			h.Since = time.Now()
		}
		if to == mapping.Live && h.Status == mapping.Paused {
			pausedSince, h.Since = h.Since, time.Time{}
		}
		if to == mapping.Live && h.Status != mapping.Paused {
			h.At = time.Now()
		}
		h.Status, h.Actor, h.Restored = to, actor, 0
		return true
	})
	if err != nil || refused != nil {
		return h, errors.Join(refused, err)
	}
	if err := e.decided(ctx, Decision{Mapping: name, Version: h.Running, Status: to, Actor: actor, Note: note}); err != nil {
		return h, err
	}
	if to == mapping.Live {
		a, err := e.bind(ctx, h, h.Running)
		if err != nil {
			return h, err
		}
		if err := e.releaseBrake(ctx, a); err != nil {
			return h, err
		}
		if !pausedSince.IsZero() {
			if err := e.rewind(ctx, a, pausedSince); err != nil {
				return h, err
			}
		}
		if err := e.reachBack(ctx, a); err != nil {
			return h, err
		}
		return h, errors.Join(e.wake(ctx, "mapping/"+name), e.wake(ctx, "slot/"+a.Slot))
	}
	return h, nil
}

func allowedStatus(h Head, to mapping.Status) error {
	switch {
	case to == mapping.Paused && h.Status != mapping.Live && h.Status != mapping.Pilot:
		return &RefusedError{fmt.Sprintf("%s is %s and does not run", h.Name, h.Status), "only a mapping that is live or in pilot can be paused"}
	case to == mapping.Draft:
		return &RefusedError{"a mapping does not go back to draft", "pause it, or apply a new version"}
	}
	return nil
}

// Plan reads a saved plan's head.
func (e *Engine) Plan(ctx context.Context, id string) (SavedPlan, error) {
	p, err := getItem[SavedPlan](ctx, e.Table, planKey(id))
	if err == nil && p.Rev == 0 {
		err = &NotFoundError{"plan", id}
	}
	return p.Value, err
}

// PlanRows gives rows of a plan, from an offset.
func (e *Engine) PlanRows(ctx context.Context, id string, from, most int) ([]PlanRow, error) {
	head, err := e.Plan(ctx, id)
	if err != nil {
		return nil, err
	}
	n, after := 0, ""
	for page, rows := range head.PageRows {
		if n+rows > from {
			break
		}
		n, after = n+rows, planPageKey(id, page).SK
	}
	var out []PlanRow
	err = e.eachPage(ctx, id, after, func(_ string, rows []PlanRow) bool {
		for _, r := range rows {
			if n >= from && len(out) < most {
				out = append(out, r)
			}
			n++
		}
		return len(out) < most
	})
	return out, err
}

// RunMapping starts a run of one mapping: of named records, or of everything its source holds.
func (e *Engine) RunMapping(ctx context.Context, r Run, refs []record.Ref) (Run, error) {
	if err := e.refuseRestored(ctx); err != nil {
		return r, err
	}
	a, err := e.LatestMapping(ctx, r.Mapping)
	if err != nil {
		return r, err
	}
	if r.Kind != "preview" && !a.works(r.Pilot) && !(r.Pilot && a.Head.Trial != 0) {
		return r, &RefusedError{a.Name + " is " + string(a.Head.Status), "only a mapping that is live, or in pilot for its named records, writes"}
	}
	if err := e.ownRefs(a, refs); err != nil {
		return r, err
	}
	if err := e.refuseLines(ctx, a.Name); err != nil {
		return r, err
	}
	return e.StartRun(ctx, r, refs)
}

// Retry brings records back to be looked at: one, or all of a category.
func (e *Engine) Retry(ctx context.Context, ref record.Ref, category, actor string) (int, error) {
	if err := e.refuseRestored(ctx); err != nil {
		return 0, err
	}
	var tasks []Task
	if !ref.IsZero() {
		tasks = append(tasks, Task{Ref: ref, Cause: "retry", Actor: actor})
	} else {
		errs, err := e.Errors(ctx, category)
		if err != nil {
			return 0, err
		}
		for _, s := range errs {
			if !s.Ref.IsZero() {
				tasks = append(tasks, Task{Ref: s.Ref, Cause: "retry", Actor: actor})
			}
		}
	}
	for _, t := range tasks {
		for _, s := range []string{plan.Poison, plan.Overwritten} {
			if err := e.closeError(ctx, s, t.Mapping, t.Ref); err != nil {
				return 0, err
			}
		}
	}
	return len(tasks), e.Enqueue(ctx, lane.Live, tasks)
}

// Errors lists open sync errors, of one category or all.
func (e *Engine) Errors(ctx context.Context, category string) ([]SyncError, error) {
	var out []SyncError
	prefix := ""
	if category != "" {
		prefix = category + "#"
	}
	set, err := e.bound(ctx)
	if err != nil {
		return nil, err
	}
	err = list(ctx, e.Table, "E", prefix, func(_ table.Key, s SyncError) bool {
		m := set.byName[s.Mapping]
		s.Document = m != nil && m.Document != nil
		out = append(out, s)
		return true
	})
	return out, err
}

// Explanation answers "why": what is known of a record, newest decision first.
type Explanation struct {
	Ref      record.Ref     `json:"ref"`
	Slot     string         `json:"slot"`
	Link     link.Link      `json:"link"`
	Entries  []Entry        `json:"entries"`
	Outcomes []EntryOutcome `json:"outcomes,omitempty"`
	URL      string         `json:"url,omitempty"`
	Target   string         `json:"targetURL,omitempty"`
	Made     *Provenance    `json:"made,omitempty"`    // of a document
	Stopped  string         `json:"stopped,omitempty"` // why nothing is written to it, whatever it says of itself
}

// maxHistory is how many decisions why goes back.
const maxHistory = 20

// Why explains a record of either side from the store alone.
func (e *Engine) Why(ctx context.Context, ref record.Ref) ([]Explanation, error) {
	set, err := e.bound(ctx)
	if err != nil {
		return nil, err
	}
	var keys []table.Key
	slots := map[table.Key]string{}
	own := map[table.Key]link.Link{} // of records of b that are not linked
	for _, name := range set.names {
		a := set.byName[name]
		var key table.Key
		switch {
		case a.ConnA == ref.Connection && a.A.Object == ref.Object:
			key = e.linkKey(a.Slot, ref)
		case a.ConnB == ref.Connection:
			s, err := getItem[seat](ctx, e.Table, e.pointerKey(a.Slot, ref))
			if err != nil {
				return nil, err
			}
			switch {
			case s.Rev == 0:
				continue
			case s.Value.pointer.A.IsZero():
				key = e.pointerKey(a.Slot, ref)
				own[key] = s.Value.own
			default:
				key = e.linkKey(a.Slot, s.Value.pointer.A)
			}
		default:
			continue
		}
		if slots[key] == "" {
			slots[key] = a.Slot
			keys = append(keys, key)
		}
	}
	links, err := getItems[link.Link](ctx, e.Table, slices.DeleteFunc(slices.Clone(keys), func(k table.Key) bool { _, ok := own[k]; return ok }))
	if err != nil {
		return nil, err
	}
	restored, err := e.standstill(ctx)
	if err != nil {
		return nil, err
	}
	var out []Explanation
	for _, key := range keys {
		l, ok := links[key]
		if mine, is := own[key]; is {
			l, ok = stored[link.Link]{Value: mine}, true
		}
		if !ok {
			continue
		}
		x := Explanation{Ref: l.Value.A, Slot: slots[key], Link: l.Value}
		if c, ok := e.Connections[l.Value.A.Connection]; ok {
			x.URL = c.URL(l.Value.A)
		}
		if c, ok := e.Connections[l.Value.B.Connection]; ok {
			x.Target = c.URL(l.Value.B)
		}
		if x.Entries, x.Outcomes, err = e.history(ctx, l.Value.A, l.Value.Page); err != nil {
			return nil, err
		}
		if x.Made, err = e.provenance(ctx, l.Value); err != nil {
			return nil, err
		}
		x.Stopped = restored.stops()
		out = append(out, x)
	}
	return out, nil
}

// MappingStatus is one line of the status screen.
type MappingStatus struct {
	Head   Head           `json:"head"`
	Linked int            `json:"linked"`
	Open   map[string]int `json:"open"` // open sync errors by category
	Brake  bool           `json:"brake,omitempty"`
	// Held counts the open errors that need a person. Lag is as old as the oldest change that may not have been looked at.
	Held        int           `json:"held,omitempty"`
	LastSuccess time.Time     `json:"lastSuccess,omitzero"`
	FeedRead    time.Time     `json:"feedRead,omitzero"`
	Lag         time.Duration `json:"lag,omitempty"`
}

// Status is one screen: mappings, what waits, what is open.
type Status struct {
	At          time.Time                 `json:"at"`
	Mappings    []MappingStatus           `json:"mappings"`
	Lanes       map[lane.Lane]lane.Counts `json:"lanes"`
	Parked      int                       `json:"parked"`
	Waits       []ParkedGroup             `json:"waits,omitempty"` // what parked tasks wait for
	Runs        []Run                     `json:"runs,omitempty"`  // under way
	Connections []ConnectionStatus        `json:"connections,omitempty"`
	Restored    *Restored                 `json:"restored,omitempty"` // nothing is written
}

// Status reads the store and the queue; it calls no system.
func (e *Engine) Status(ctx context.Context) (Status, error) {
	s := Status{At: time.Now(), Lanes: map[lane.Lane]lane.Counts{}}
	set, err := e.bound(ctx)
	if err != nil {
		return s, err
	}
	errs, err := e.Errors(ctx, "")
	if err != nil {
		return s, err
	}
	for _, name := range set.names {
		a := set.byName[name]
		m := MappingStatus{Head: a.Head, Open: map[string]int{}}
		t, err := getItem[tally](ctx, e.Table, tallyKey(a.Slot))
		if err != nil {
			return s, err
		}
		h, err := getItem[hourly](ctx, e.Table, brakeKey(a.Slot, time.Now()))
		if err != nil {
			return s, err
		}
		u, err := getItem[hourly](ctx, e.Table, brakeKey(a.Slot+string(updating), time.Now()))
		if err != nil {
			return s, err
		}
		m.Linked, m.Brake = t.Value.Linked, h.Value.Tripped || u.Value.Tripped
		for _, x := range errs {
			if x.Mapping == name {
				m.Open[x.Category]++
			}
		}
		s.Mappings = append(s.Mappings, m)
	}
	for _, l := range []lane.Lane{lane.Live, lane.Bulk} {
		if s.Lanes[l], err = e.Queue.Counts(ctx, l); err != nil {
			return s, err
		}
	}
	if err := e.fillStatus(ctx, &s, set); err != nil {
		return s, err
	}
	if s.Restored, err = e.standstill(ctx); err != nil {
		return s, err
	}
	runs, err := e.Runs(ctx)
	for _, r := range runs {
		if r.underWay() {
			s.Runs = append(s.Runs, r)
		}
	}
	return s, err
}

// Idle tells whether nothing waits, is under way or will wake within the given time: for demos and tests.
func (e *Engine) Idle(ctx context.Context, within time.Duration) (bool, error) {
	for _, l := range []lane.Lane{lane.Live, lane.Bulk} {
		c, err := e.Queue.Counts(ctx, l)
		if err != nil || c.Waiting+c.InWork > 0 {
			return false, err
		}
	}
	soon := false
	err := list(ctx, e.Table, "W", "", func(_ table.Key, p parked) bool {
		soon = p.Due.Before(time.Now().Add(within))
		return false
	})
	if err != nil || soon {
		return false, err
	}
	if due, err := e.deletesDue(ctx, within); err != nil || due {
		return false, err
	}
	runs, err := e.Runs(ctx)
	return !slices.ContainsFunc(runs, Run.underWay), err
}
