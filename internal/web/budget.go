package web

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"crosswalk/internal/engine"
	"crosswalk/internal/record"
)

// Budgeter keeps how much of a connection's day may be spent, and tells what waits for a record.
type Budgeter interface {
	Budget(ctx context.Context, connection string) (engine.BudgetSetting, error)
	SetBudget(ctx context.Context, connection string, s engine.BudgetSetting) (engine.BudgetSetting, error)
	Waiting(ctx context.Context, ref record.Ref) ([]engine.Waiting, error)
}

// Budget is what a connection may spend and has spent: by each of the vendor's limits, and for what in the last 24 hours.
type Budget struct {
	Connection string         `json:"connection"`
	Limited    bool           `json:"limited"`          // false: the configuration says limits: off, calls are counted only
	PerDay     int            `json:"per_day,omitzero"` // what a person set: calls a day,
	Percent    int            `json:"percent,omitzero"` // or percent of the vendor's day; both missing: the default
	SetBy      string         `json:"set_by,omitempty"`
	SetAt      *time.Time     `json:"set_at,omitempty"`
	Note       string         `json:"note,omitempty"`
	Buckets    []BudgetBucket `json:"buckets"`
	Uses       []Use          `json:"usage"`
}

// BudgetBucket is one limit of the vendor. Calls are of its day.
type BudgetBucket struct {
	Bucket  string     `json:"bucket"`
	Limit   int        `json:"limit"`             // what the vendor allows a day, by its own word or else as published; 0: no daily limit
	Share   string     `json:"share"`             // in force: 80%, or calls
	PerDay  int        `json:"per_day"`           // calls that the share allows; 0: no daily limit
	Used    int        `json:"used"`              // by our count
	Word    *int       `json:"word,omitempty"`    // of all programs, by the vendor's word
	WordAt  *time.Time `json:"word_at,omitempty"` // when it said so
	Left    *int       `json:"left,omitempty"`    // for live work; missing: no daily limit
	Day     string     `json:"day"`               // whose day: a time zone, or any 24 hours
	Out     bool       `json:"out"`               // nothing is called before Resumes
	Resumes *time.Time `json:"resumes,omitempty"` // when there is more again
	Blocked *time.Time `json:"blocked,omitempty"` // the vendor told us to wait until then
}

// ConnectionBudget is how the limits of one connection stand; none where limits are off.
type ConnectionBudget struct {
	Connection string
	Limited    bool
	Buckets    []BudgetBucket
}

// WaitsFor is a task that is parked for a record.
type WaitsFor struct {
	Mapping string    `json:"mapping,omitempty"` // "": whichever watch it
	Until   time.Time `json:"until"`             // when it goes on by itself
	For     string    `json:"for"`               // what wakes it sooner: needed record, brake, connection, mapping; time: nothing does
	Name    string    `json:"name,omitempty"`    // of the connection or mapping
	Reason  string    `json:"reason,omitempty"`
}

// budgetBody sets a share: one of the two.
type budgetBody struct {
	PerDay  int    `json:"per_day" doc:"calls a day"`
	Percent int    `json:"percent" doc:"percent of what the vendor allows a day, 1 to 100"`
	Note    string `json:"note" doc:"why, for whoever reads it later"`
}

func (a *api) budgets(r *http.Request) (any, error) {
	out := []Budget{}
	standing, err := a.standings(r.Context())
	if err != nil {
		return nil, err
	}
	uses, err := a.uses(r.Context())
	if err != nil {
		return nil, err
	}
	for _, s := range standing {
		b, err := a.budgetOf(r.Context(), s, uses)
		if err != nil {
			return nil, err
		}
		out = append(out, b)
	}
	return map[string][]Budget{"budgets": out}, nil
}

func (a *api) setBudget(r *http.Request) (any, error) {
	var body budgetBody
	if err := read(r, &body); err != nil {
		return nil, err
	}
	name := a.connection(r.PathValue("connection"))
	standing, err := a.standings(r.Context())
	if err != nil {
		return nil, err
	}
	n := slices.IndexFunc(standing, func(s ConnectionBudget) bool { return s.Connection == name })
	if n < 0 {
		return nil, &engine.NotFoundError{What: "connection", Name: name}
	}
	if err := body.check(standing[n]); err != nil {
		return nil, err
	}
	set := engine.BudgetSetting{PerDay: body.PerDay, Percent: body.Percent, Note: body.Note, Actor: actorOf(r.Context())}
	if _, err := a.Engine.SetBudget(r.Context(), name, set); err != nil {
		return nil, err
	}
	if standing, err = a.standings(r.Context()); err != nil { // with the new share
		return nil, err
	}
	uses, err := a.uses(r.Context())
	if err != nil {
		return nil, err
	}
	return a.budgetOf(r.Context(), standing[n], uses)
}

// check refuses what is no share, and more calls than the vendor allows on any of its limits.
func (b budgetBody) check(s ConnectionBudget) error {
	switch {
	case b.PerDay < 0 || b.PerDay > 0 && b.Percent != 0 || b.PerDay == 0 && b.Percent == 0:
		return badRequest("per_day", "a budget is a number of calls a day, above 0, or a percentage", "write crosswalk budget "+s.Connection+" --per-day 50000, or --per-day 80%")
	case b.Percent < 0 || b.Percent > 100:
		return badRequest("percent", "a percentage is from 1 to 100", "write crosswalk budget "+s.Connection+" --per-day 80%")
	}
	most := 0
	for _, one := range s.Buckets {
		most = max(most, one.Limit)
	}
	if most > 0 && b.PerDay > most {
		return badRequest("per_day", "that is more than the vendor allows a day", "write at most 100%")
	}
	return nil
}

// standings asks how every connection's limits stand now.
func (a *api) standings(ctx context.Context) ([]ConnectionBudget, error) {
	if a.Budgets == nil {
		return nil, nil
	}
	return a.Budgets(ctx)
}

// uses are the calls of the last 24 hours, those of this process included.
func (a *api) uses(ctx context.Context) ([]engine.CallUse, error) {
	if a.SaveUsage != nil {
		if err := a.SaveUsage(ctx); err != nil {
			return nil, err
		}
	}
	return a.Engine.Usage(ctx)
}

func (a *api) budgetOf(ctx context.Context, s ConnectionBudget, uses []engine.CallUse) (Budget, error) {
	set, err := a.Engine.Budget(ctx, s.Connection)
	b := Budget{Connection: s.Connection, Limited: s.Limited, PerDay: set.PerDay, Percent: set.Percent, SetBy: set.Actor, SetAt: moment(set.At), Note: set.Note,
		Buckets: append([]BudgetBucket{}, s.Buckets...), Uses: []Use{}}
	for _, u := range uses {
		if u.Connection == s.Connection {
			b.Uses = append(b.Uses, Use{u.Connection, u.Mapping, u.Cause, u.Calls})
		}
	}
	return b, err
}

// waits lists what is parked for a record.
func (a *api) waits(ctx context.Context, ref record.Ref) ([]WaitsFor, error) {
	all, err := a.Engine.Waiting(ctx, ref)
	var out []WaitsFor
	for _, w := range all {
		out = append(out, WaitsFor{w.Mapping, w.Until, w.For, w.Name, strings.TrimSpace(w.Reason)})
	}
	return out, err
}
