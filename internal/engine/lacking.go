package engine

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"crosswalk/internal/engine/table"
	"crosswalk/internal/mapping"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
)

// What accounts have changes under mappings that run: a field is deleted or renamed, gets another type, loses a value of its
// list, is hidden from our credential. A read that lacks a wanted field is the first sign; besides, every mapping that runs is
// held against its accounts every holdEvery. Either way there is one sync error for the mapping, which names the fields; what
// is made of them is left alone (plan.Facts.Lacking), the rest goes on, and nothing is cleared. Once they are back, the feeds
// are read again from when they went: nobody edits a record because a permission came back.

// holdEvery is how often a mapping that runs is held against its accounts without a sign.
const holdEvery = 6 * time.Hour

// lackCache keeps what was found, by mapping and version.
type lackCache struct {
	mu     sync.Mutex
	kept   map[string]keptLack
	looked map[string]time.Time // when a mapping is to be looked at next, as far as this process knows
	next   time.Time            // when this process sees what is due
}

type keptLack struct {
	at      time.Time
	lacking *mapping.Lacking
	judged  map[string]bool // fields that a read lacked and the account has all the same: no sign of anything
}

// findLacking notices fields that reads lack, for the mappings of the items, and finds out whether they are gone.
func (e *Engine) findLacking(ctx context.Context, b *batch, items []*item) {
	signs := map[*Active]map[string]bool{}
	for _, i := range items {
		for _, a := range i.group {
			if signs[a] == nil {
				signs[a] = map[string]bool{}
			}
			noteAbsent(signs[a], a, i)
		}
	}
	for a, seen := range signs {
		lacking, err := e.lackingNow(ctx, a, seen, !b.preview)
		if err != nil {
			for _, i := range items {
				if slices.Contains(i.group, a) {
					e.fail(ctx, []*item{i}, a.ConnA, err)
				}
			}
			continue
		}
		for _, i := range items {
			if slices.Contains(i.group, a) && !lacking.None() {
				if i.lacking == nil {
					i.lacking = map[string]*mapping.Lacking{}
				}
				i.lacking[a.Name] = lacking
			}
		}
	}
}

// noteAbsent notes wanted fields that were not in the answers: "not said" is neither empty nor unreadable. Fields of parents
// are left out: where there is no parent there is nothing to say.
func noteAbsent(into map[string]bool, a *Active, i *item) {
	look := func(prefix string, r *record.Record, names []string) {
		for _, name := range names {
			if !strings.Contains(name, ".") && r.Field(name).Kind() == record.Absent {
				into[prefix+name] = true
			}
		}
	}
	if i.source != nil && !i.source.Archived {
		look("", i.source, a.wantedA)
	}
	for n := range i.lines {
		look("lines/", &i.lines[n], a.wantLine)
	}
	for name, list := range i.related {
		for n := range list {
			look(name+"/", &list[n], a.related[name])
		}
	}
}

// lackingNow gives what is lacking. Without a new sign that is nothing; with one the account is asked, and every TablesFor while
// something is lacking.
func (e *Engine) lackingNow(ctx context.Context, a *Active, signs map[string]bool, tell bool) (*mapping.Lacking, error) {
	id := a.Name + "#" + a.ConnA + "#" + strings.Join(a.wantedA, ",")
	e.lacks.mu.Lock()
	kept, ok := e.lacks.kept[id]
	e.lacks.mu.Unlock()
	if ok && !kept.lacking.None() && time.Since(kept.at) < e.TablesFor {
		return kept.lacking, nil
	}
	news := ok && !kept.lacking.None()
	for sign := range signs {
		news = news || !ok || !kept.judged[sign] || time.Since(kept.at) >= holdEvery
	}
	if !news {
		return nil, nil
	}
	lacking, err := e.lacksOf(ctx, a)
	if err != nil {
		return nil, err
	}
	e.lacks.mu.Lock()
	if e.lacks.kept == nil {
		e.lacks.kept = map[string]keptLack{}
	}
	e.lacks.kept[id] = keptLack{at: time.Now(), lacking: lacking, judged: signs}
	e.lacks.mu.Unlock()
	if lacking.None() || !tell || a.Head.Running == 0 {
		return lacking, nil
	}
	return lacking, e.openError(ctx, plan.FieldsChanged, a.Name, record.Ref{}, record.Ref{}, lackText(a, lacking.Names(a.Mapping)))
}

func lackText(a *Active, names []string) string {
	return a.ConnA + " does not show " + strings.Join(names, ", ") + " any more. What is made of it is left as it is, and nothing is cleared. Give our credential the right to it, bring it back, or apply a changed mapping"
}

// lacksOf asks a's account.
func (e *Engine) lacksOf(ctx context.Context, a *Active) (*mapping.Lacking, error) {
	objects := []string{a.A.Object}
	for _, with := range a.With {
		objects = append(objects, with.Object)
	}
	if a.Children != nil {
		objects = append(objects, a.Children.A)
	}
	s, err := e.schema(ctx, a.ConnA, objects, nil)
	if err != nil {
		return nil, &fromConnection{a.ConnA, err}
	}
	if err := e.currencies(ctx, a.Mapping, &s); err != nil {
		return nil, &fromConnection{a.ConnA, err}
	}
	return mapping.Lacks(a.Mapping, s), nil
}

// heldAgainst is when a mapping is held against its accounts next.
type heldAgainst struct {
	Next time.Time `json:"next"`
}

func lookKey(name string) table.Key { return table.Key{PK: "C#look", SK: name} }

// lookAtAccounts holds the mappings that run against their accounts, each every holdEvery, sooner while something is wrong.
func (e *Engine) lookAtAccounts(ctx context.Context) error {
	if !e.lookTime() {
		return nil
	}
	set, err := e.bound(ctx)
	if err != nil {
		return err
	}
	if err := e.lookAtOpen(ctx, set); err != nil {
		return err
	}
	for _, name := range set.names {
		a := set.byName[name]
		if !a.works(true) {
			continue
		}
		due, err := e.lookDue(ctx, name)
		if err != nil {
			return err
		}
		if !due {
			continue
		}
		if err := e.lookAt(ctx, a); err != nil {
			e.Log.Info("a mapping could not be held against its accounts", "mapping", name, "error", err)
		}
	}
	return nil
}

// lookTime tells, every TablesFor, that it is time to see what is due.
func (e *Engine) lookTime() bool {
	e.lacks.mu.Lock()
	defer e.lacks.mu.Unlock()
	if time.Now().Before(e.lacks.next) {
		return false
	}
	e.lacks.next = time.Now().Add(e.TablesFor)
	return true
}

// lookDue takes the turn of a mapping, when it has come. A mapping that was just taken live was held against its accounts then.
func (e *Engine) lookDue(ctx context.Context, name string) (bool, error) {
	e.lacks.mu.Lock()
	next, known := e.lacks.looked[name]
	e.lacks.mu.Unlock()
	if known && time.Now().Before(next) {
		return false, nil
	}
	due := false
	kept, err := change(ctx, e, lookKey(name), func(l *heldAgainst, exists bool) bool {
		due = exists && !time.Now().Before(l.Next)
		if exists && !due {
			return false
		}
		l.Next = time.Now().Add(holdEvery)
		return true
	})
	if err != nil {
		return false, err
	}
	e.lookAgainAt(name, kept.Next)
	return due, nil
}

func (e *Engine) lookAgainAt(name string, next time.Time) {
	e.lacks.mu.Lock()
	defer e.lacks.mu.Unlock()
	if e.lacks.looked == nil {
		e.lacks.looked = map[string]time.Time{}
	}
	e.lacks.looked[name] = next
}

// lookAt opens, renews or closes the mapping's error.
func (e *Engine) lookAt(ctx context.Context, a *Active) error {
	problems, _, err := e.validate(ctx, a.Mapping)
	if err != nil {
		return err
	}
	open, err := getItem[SyncError](ctx, e.Table, errorKey(plan.FieldsChanged, a.Name, record.Ref{}))
	if err != nil {
		return err
	}
	if len(problems) == 0 {
		if open.Rev == 0 {
			return nil
		}
		return e.fieldsBack(ctx, a, open.Value.First)
	}
	var said []string
	for _, p := range problems {
		said = append(said, p.Field+": "+p.Message)
	}
	text := "what its accounts have is not what the mapping says any more: " + strings.Join(said, "; ") + ". Nothing is cleared for it. Bring it back, give our credential the right to it, or apply a changed mapping"
	return e.openError(ctx, plan.FieldsChanged, a.Name, record.Ref{}, record.Ref{}, text)
}

// fieldsBack ends the error, lets go on what waited, and has the feeds read again from when it began.
func (e *Engine) fieldsBack(ctx context.Context, a *Active, since time.Time) error {
	e.lacks.mu.Lock()
	e.lacks.kept = nil
	e.lacks.mu.Unlock()
	if err := e.rewind(ctx, a, since); err != nil {
		return err
	}
	if err := e.closeError(ctx, plan.FieldsChanged, a.Name, record.Ref{}); err != nil {
		return err
	}
	return e.wake(ctx, "fields/"+a.Name)
}

// lookAtOpen looks again at mappings with an open error: a person may have mended it.
func (e *Engine) lookAtOpen(ctx context.Context, set *mappingSet) error {
	var open []SyncError
	if err := list(ctx, e.Table, "E", plan.FieldsChanged+"#", func(_ table.Key, s SyncError) bool { open = append(open, s); return true }); err != nil {
		return err
	}
	for _, s := range open {
		a := set.byName[s.Mapping]
		if a == nil {
			continue
		}
		if err := e.lookAt(ctx, a); err != nil {
			e.Log.Info("a mapping could not be held against its accounts", "mapping", a.Name, "error", err)
		}
	}
	return nil
}
