package engine

import (
	"context"
	"fmt"
	"slices"
	"time"

	"crosswalk/internal/engine/table"
	"crosswalk/internal/record"
)

// BudgetSetting is how much of a connection's day a person lets be spent: so many calls, or so many percent of what the vendor
// allows. The zero BudgetSetting is nobody's: the program's default.
type BudgetSetting struct {
	PerDay  int       `json:"perDay,omitempty"`
	Percent int       `json:"percent,omitempty"`
	Actor   string    `json:"actor,omitempty"`
	At      time.Time `json:"at,omitzero"`
	Note    string    `json:"note,omitempty"`
}

// DecidedBudget is the kind of decision by which a person sets a connection's budget.
const DecidedBudget = "budget"

// budgetKey keeps the setting beside the connection: one item, read by each worker twice a minute.
func budgetKey(connection string) table.Key { return table.Key{PK: "C#budget", SK: connection} }

// Budget gives what a person set for a connection.
func (e *Engine) Budget(ctx context.Context, connection string) (BudgetSetting, error) {
	got, err := getItem[BudgetSetting](ctx, e.Table, budgetKey(connection))
	return got.Value, err
}

// SetBudget sets a connection's budget. It is kept as a decision of that person first, for ever, and then in force; workers take
// it up within a minute. What is parked because the day was used up is looked at again then.
func (e *Engine) SetBudget(ctx context.Context, connection string, s BudgetSetting) (BudgetSetting, error) {
	if _, ok := e.Connections[connection]; !ok {
		return s, &NotFoundError{What: "connection", Name: connection}
	}
	if s.PerDay < 0 || s.Percent < 0 || s.Percent > 100 || (s.PerDay > 0) == (s.Percent > 0) {
		return s, &RefusedError{"a budget is a number of calls a day above 0, or a percentage from 1 to 100", "write --per-day 50000 or --per-day 80%"}
	}
	s.At = time.Now()
	text := fmt.Sprintf("%s: %d%% of the day", connection, s.Percent)
	if s.PerDay > 0 {
		text = fmt.Sprintf("%s: %d calls a day", connection, s.PerDay)
	}
	if s.Note != "" {
		text += ": " + s.Note
	}
	if err := e.decided(ctx, Decision{Kind: DecidedBudget, Actor: s.Actor, Note: text}); err != nil {
		return s, err
	}
	if err := e.putOne(ctx, budgetKey(connection), s, table.Condition{}); err != nil {
		return s, err
	}
	return s, e.wake(ctx, waitsForBudget(connection))
}

// waitsForBudget is what a task waits for whose connection has no calls left today. Its time wakes it as well.
func waitsForBudget(connection string) string { return "budget/" + connection }

// Waiting is a task that is parked: when it goes on by itself, what wakes it sooner, and why it waits.
type Waiting struct {
	Mapping string
	Until   time.Time
	For     string // time, needed record, brake, connection, mapping
	Name    string // of the connection or mapping
	Reason  string
}

// Waiting lists what is parked for a record, soonest first. Tasks are kept by what they are about, so these are looked up by all
// that there can be: of any mapping that watches it, outside of runs and in those under way.
func (e *Engine) Waiting(ctx context.Context, ref record.Ref) ([]Waiting, error) {
	set, err := e.bound(ctx)
	if err != nil {
		return nil, err
	}
	runs, err := e.Runs(ctx)
	if err != nil {
		return nil, err
	}
	under := []Run{{}}
	for _, r := range runs {
		if r.underWay() {
			under = append(under, r)
		}
	}
	var keys []table.Key
	for _, name := range append([]string{""}, set.names...) {
		for _, r := range under {
			keys = append(keys, parkedTaskKey(e.taskID(Task{Ref: ref, Mapping: name, Run: r.ID, Plan: r.Plan})))
		}
	}
	found, err := getItems[parked](ctx, e.Table, keys)
	if err != nil {
		return nil, err
	}
	var out []Waiting
	for _, key := range unique(keys) {
		if p, ok := found[key]; ok {
			what := waitsFor(p.Value.On)
			out = append(out, Waiting{Mapping: p.Value.Task.Mapping, Until: p.Value.Due, For: what[0], Name: what[1], Reason: p.Value.Reason})
		}
	}
	slices.SortStableFunc(out, func(a, b Waiting) int { return a.Until.Compare(b.Until) })
	return out, nil
}
