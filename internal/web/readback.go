package web

import (
	"context"
	"net/http"
	"time"

	"crosswalk/internal/engine"
	"crosswalk/internal/link"
	"crosswalk/internal/plan"
)

// Readback is what is remembered of who did what, and what it cost.
type Readback interface {
	History(ctx context.Context, mapping string) ([]engine.Happening, error)
	Audit(ctx context.Context, q engine.AuditQuery) (lines []engine.AuditLine, next string, err error)
	Usage(ctx context.Context) ([]engine.CallUse, error)
	FieldRules(ctx context.Context, l link.Link, field string) ([]engine.FieldRule, error)
}

// Happening is one thing that befell a mapping.
type Happening struct {
	At      time.Time `json:"at"`
	What    string    `json:"what"` // applied, pilot, live, paused, submit, approve, accept, run_plan, run
	Version int       `json:"version,omitempty"`
	Actor   string    `json:"actor"`
	Note    string    `json:"note,omitempty"`
	Text    string    `json:"text,omitempty"`
	Plan    string    `json:"plan,omitempty"`
	Run     string    `json:"run,omitempty"`
	Single  bool      `json:"single,omitempty"`
}

func (a *api) history(r *http.Request) (any, error) {
	all, err := a.Engine.History(r.Context(), r.PathValue("name"))
	if err != nil {
		return nil, err
	}
	from, limit, err := part(r, maxRows)
	if err != nil {
		return nil, err
	}
	out := History{Happenings: []Happening{}}
	for n := min(from, len(all)); n < len(all); n++ {
		if len(out.Happenings) == limit {
			out.Next = n
			break
		}
		out.Happenings = append(out.Happenings, Happening(all[n]))
	}
	return out, nil
}

// History is what happened to a mapping, newest first. Next is where the following part begins, 0 when this was the last.
type History struct {
	Happenings []Happening `json:"history"`
	Next       int         `json:"next,omitempty"`
}

// AuditEntry is one decision about one record: by which rule, with old and new value, in which run and for whom, and how its
// writes ended. Values tells when values are no longer there: expired or erased.
type AuditEntry struct {
	At       time.Time `json:"at"`
	Ref      string    `json:"ref"`
	Target   string    `json:"target,omitempty"`
	Mapping  string    `json:"mapping"`
	Version  int       `json:"version"`
	Kind     plan.Kind `json:"kind"`
	Cause    string    `json:"cause"`
	Run      string    `json:"run,omitempty"`
	Actor    string    `json:"actor,omitempty"`
	Category string    `json:"category,omitempty"`
	Reason   string    `json:"reason,omitempty"`
	Net      string    `json:"net,omitempty"`
	Currency string    `json:"currency,omitempty"`
	Fields   []Field   `json:"fields,omitempty"`
	Lines    []Line    `json:"lines,omitempty"`
	Values   string    `json:"values,omitempty"`
	Outcomes []Outcome `json:"outcomes,omitempty"`
}

// Audit is a part of the trail; Next is ?after= of the following part, missing when this was the last. A part may be empty
// and still have a next one.
type Audit struct {
	Entries []AuditEntry `json:"entries"`
	Next    string       `json:"next,omitempty"`
}

func (a *api) audit(r *http.Request) (any, error) {
	query := r.URL.Query()
	q := engine.AuditQuery{After: query.Get("after")}
	var err error
	if q.From, err = momentIn("from", query.Get("from")); err != nil {
		return nil, err
	}
	if q.To, err = momentIn("to", query.Get("to")); err != nil {
		return nil, err
	}
	if text := query.Get("ref"); text != "" {
		if q.Ref, err = refIn("ref", text); err != nil {
			return nil, err
		}
	}
	if q.Most, err = queryNumber(r, "limit", 200, maxRows); err != nil {
		return nil, err
	}
	lines, next, err := a.Engine.Audit(r.Context(), q)
	if err != nil {
		return nil, err
	}
	out := Audit{Entries: []AuditEntry{}, Next: next}
	for _, l := range lines {
		out.Entries = append(out.Entries, auditEntryOf(l))
	}
	return out, nil
}

// momentIn reads a day (its beginning, UTC) or a moment; "" is no bound.
func momentIn(field, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, form := range []string{time.RFC3339, time.DateOnly} {
		if at, err := time.Parse(form, text); err == nil {
			return at, nil
		}
	}
	return time.Time{}, badRequest(field, "this is neither a day nor a moment", "write 2026-11-01 or 2026-11-01T09:00:00Z")
}

func auditEntryOf(l engine.AuditLine) AuditEntry {
	out := AuditEntry{At: l.At, Ref: l.Ref.String(), Target: l.Target.String(), Mapping: l.Mapping, Version: l.Version, Kind: l.Kind, Cause: l.Cause, Run: l.Run, Actor: l.Actor,
		Net: l.Net, Currency: l.Money, Fields: fieldsOf(l.Fields, ""), Lines: linesOf(l.Lines), Values: string(l.Values)}
	out.Category, out.Reason = reasonOf(l.Reason)
	for _, o := range l.Outcomes {
		out.Outcomes = append(out.Outcomes, Outcome{Target: o.Target.String(), Status: o.Status, Note: o.Note})
	}
	return out
}

// Use is how many calls were made to a connection in the last 24 hours for one mapping and cause. An empty mapping is a feed
// that mappings share, or none; an empty cause is a person who asked.
type Use struct {
	Connection string `json:"connection"`
	Mapping    string `json:"mapping,omitempty"`
	Cause      string `json:"cause,omitempty"`
	Calls      int    `json:"calls"`
}

// Usage is what the last 24 hours cost, and what is left.
type Usage struct {
	Uses      []Use       `json:"usage"`
	CallsLeft []Allowance `json:"calls_left,omitempty"`
}

func (a *api) usage(r *http.Request) (any, error) {
	if a.SaveUsage != nil { // what this process counted since it last told
		if err := a.SaveUsage(r.Context()); err != nil {
			return nil, err
		}
	}
	uses, err := a.Engine.Usage(r.Context())
	if err != nil {
		return nil, err
	}
	out := Usage{Uses: []Use{}, CallsLeft: a.callsLeft()}
	for _, u := range uses {
		out.Uses = append(out.Uses, Use{u.Connection, u.Mapping, u.Cause, u.Calls})
	}
	return out, nil
}

// Origin says of a document which deal it bills, by which rule, and who let it.
type Origin struct {
	Deal      string     `json:"deal"`
	DealURL   string     `json:"deal_url,omitempty"`
	Rule      string     `json:"rule"`
	Mapping   string     `json:"mapping"`
	Version   int        `json:"version"`
	Approver  string     `json:"approver,omitempty"`
	Approved  *time.Time `json:"approved,omitempty"`
	Single    bool       `json:"single,omitempty"` // approved under approval: single
	Run       string     `json:"run,omitempty"`
	RunKind   string     `json:"run_kind,omitempty"`
	StartedBy string     `json:"started_by,omitempty"`
	Plan      string     `json:"plan,omitempty"`
}

// FieldRule is the mapping's rule for a field.
type FieldRule struct {
	Field string   `json:"field"` // of the target
	From  []string `json:"from,omitempty"`
	Rule  string   `json:"rule"`
	Wins  string   `json:"wins,omitempty"` // who wins: Prefer Salesforce unless blank, Two-way ...
}

// explainMore adds to why where a document came from, and for a named field which rule fills it.
func (a *api) explainMore(ctx context.Context, w *Why, x engine.Explanation, field string) error {
	if m := x.Made; m != nil {
		w.Origin = &Origin{Deal: m.Deal.String(), DealURL: a.url(m.Deal), Rule: m.Rule, Mapping: m.Mapping, Version: m.Version, Approver: m.Approver, Approved: moment(m.Approved),
			Single: m.Single, Run: m.Run, RunKind: m.RunKind, StartedBy: m.StartedBy, Plan: m.Plan}
	}
	if field == "" {
		return nil
	}
	rules, err := a.Engine.FieldRules(ctx, x.Link, field)
	for _, rule := range rules {
		w.Rules = append(w.Rules, FieldRule(rule))
	}
	return err
}

// Contact is how a connection stands as far as is known without asking it.
type Contact struct {
	Name        string     `json:"name"`
	Account     string     `json:"account,omitempty"`
	LastSuccess *time.Time `json:"last_success,omitempty"`
	Dead        *time.Time `json:"dead,omitempty"`    // since when the system refuses our credential
	Waiting     int        `json:"waiting,omitempty"` // tasks that wait for it
}

// Waits is how many parked tasks wait for the same kind of thing, and when the first goes on by itself.
type Waits struct {
	For   string    `json:"for"` // time, needed record, brake, connection, mapping
	Name  string    `json:"name,omitempty"`
	Count int       `json:"count"`
	Next  time.Time `json:"next"`
}

// statusMore adds contacts and what parked tasks wait for.
func statusMore(out *Status, s engine.Status) {
	out.Contacts, out.Waits = []Contact{}, []Waits{}
	if s.Restored != nil {
		stands := rebuildOf(engine.RebuildState{Epoch: s.Restored.Epoch, Restored: s.Restored, Rebuild: s.Restored.Rebuild})
		out.Restored = &stands
	}
	for _, c := range s.Connections {
		out.Contacts = append(out.Contacts, Contact{c.Name, c.Account, moment(c.LastSuccess), moment(c.Dead), c.Waiting})
	}
	for _, w := range s.Waits {
		out.Waits = append(out.Waits, Waits(w))
	}
	for n, m := range s.Mappings {
		to := &out.Mappings[n]
		to.Held, to.LastSuccess, to.FeedRead, to.LagSeconds = m.Held, moment(m.LastSuccess), moment(m.FeedRead), int(m.Lag.Seconds())
	}
}
