package web

import (
	"slices"
	"time"

	"crosswalk/internal/engine"
	"crosswalk/internal/link"
	"crosswalk/internal/mapping"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
)

// The shapes of answers. They are the API's own, so that the engine may change inside without anybody's script noticing.

// Mapping is a mapping and how it stands.
type Mapping struct {
	Name     string         `json:"name"`
	Status   mapping.Status `json:"status"`
	Latest   int            `json:"latest"`            // newest version applied
	Running  int            `json:"running,omitempty"` // version that writes
	Actor    string         `json:"actor,omitempty"`   // of the last change
	At       *time.Time     `json:"at,omitempty"`
	Paused   *time.Time     `json:"paused_since,omitempty"`
	Pilot    []record.Ref   `json:"pilot,omitempty"`
	Trial    int            `json:"trial,omitempty"` // newer version that is in pilot beside the running one
	Approver string         `json:"approver,omitempty"`
	Single   bool           `json:"single,omitempty"`             // approved under approval: single
	Restored int            `json:"stopped_by_restore,omitempty"` // paused: the epoch of the restore from backup that stopped it
	YAML     string         `json:"yaml,omitempty"`               // of the newest version; in answers about one mapping
}

func mappingOf(h engine.Head) Mapping {
	return Mapping{Name: h.Name, Status: h.Status, Latest: h.Latest, Running: h.Running, Actor: h.Actor, At: moment(h.At), Paused: moment(h.Since),
		Pilot: h.Pilot, Trial: h.Trial, Approver: h.Approver, Single: h.Single, Restored: h.Restored}
}

// mark is the ETag of an answer about one mapping, for If-Match.
func (m Mapping) mark() string { return etag(m.Latest) }

// moment leaves out times that never were.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// Version is one applied text.
type Version struct {
	Version int       `json:"version"`
	Actor   string    `json:"actor"`
	At      time.Time `json:"at"`
	YAML    string    `json:"yaml"`
	// Rules says of every field of this version who wins, in HubSpot's words where it has them; of a single version only.
	Rules []Rule `json:"rules,omitempty"`
}

// Rule says of one field of a mapping who wins.
type Rule struct {
	A    []string `json:"a,omitempty"`
	B    string   `json:"b,omitempty"`
	Wins string   `json:"wins"`
	Made string   `json:"made"` // how the value is made
}

// Applied is what apply answers for a document: the version, and what each name in it turned out to be.
type Applied struct {
	Mapping
	Changed  bool         `json:"changed"` // false: this text was the newest version already
	Resolved []Resolution `json:"resolved"`
}

// Resolution is one name in a document and what it stands for in the account.
type Resolution struct {
	Line  int    `json:"line"`
	Field string `json:"field"`
	Name  string `json:"name"`
	ID    string `json:"id"`
	Label string `json:"label,omitempty"`
}

// Moved is what pilot, live, pause and resume answer. Waiting of resume is what waited for this mapping.
type Moved struct {
	Mapping
	Run     *Run       `json:"run,omitempty"`           // of pilot
	Stopped *time.Time `json:"stopped_since,omitempty"` // of resume: by a pause or the brake
	Waiting int        `json:"waiting"`                 // tasks that wait in the deployment, parked or queued
}

// Plan is a saved preview. Totals are net, by currency, in whole minor units.
type Plan struct {
	ID       string            `json:"id"`
	Mapping  string            `json:"mapping"`
	Run      string            `json:"run"`
	Actor    string            `json:"actor"`
	At       time.Time         `json:"at"`
	Complete bool              `json:"complete"`
	Rows     int               `json:"rows"`
	Needed   int               `json:"needed"`
	Kinds    map[string]int    `json:"kinds"`
	Reasons  map[string]int    `json:"reasons"`
	Totals   map[string]string `json:"totals"`
	Digest   string            `json:"digest,omitempty"`
	Approver string            `json:"approver,omitempty"`
	Approved *time.Time        `json:"approved,omitempty"`
	Single   bool              `json:"single,omitempty"`
	RanAs    string            `json:"ran_as,omitempty"`
	Part     bool              `json:"part,omitempty"`     // of named records only
	Versions map[string]int    `json:"versions,omitempty"` // of the mappings that it was decided with
	Undoes   string            `json:"undoes,omitempty"`   // of an undo: the run that is undone
	Set      []string          `json:"set,omitempty"`      // of a whole set: its mappings, in the order in which they are carried out
	Writes   map[string]int    `json:"writes,omitempty"`   // records that are made or changed, by connection
	SetsOff  []SetOff          `json:"sets_off,omitempty"` // what the records that it makes set off at two CRMs
}

// SetOff is what records that are made in an object set off there: flows, triggers, rules, workflows.
type SetOff struct {
	Connection string   `json:"connection"`
	Object     string   `json:"object"`
	Creates    int      `json:"creates"`
	What       []string `json:"what"`
}

func planOf(p engine.SavedPlan) Plan {
	return Plan{ID: p.ID, Mapping: p.Mapping, Run: p.Run, Actor: p.Actor, At: p.At, Complete: p.Complete, Rows: p.Rows, Needed: p.Needed, Kinds: there(p.Kinds),
		Reasons: there(p.Reasons), Totals: there(p.Totals), Digest: p.Digest, Approver: p.Approver, Approved: moment(p.Approved), Single: p.Single, RanAs: p.RanAs, Part: p.Part, Versions: p.Versions, Undoes: p.Undoes,
		Set: p.Set, Writes: p.Writes, SetsOff: setsOffOf(p.SetsOff)}
}

func setsOffOf(list []engine.SetOff) []SetOff {
	var out []SetOff
	for _, s := range list {
		out = append(out, SetOff(s))
	}
	return out
}

// there is a map that is written as {} when it holds nothing, never as null.
func there[V any](m map[string]V) map[string]V {
	if m == nil {
		return map[string]V{}
	}
	return m
}

// Row is one record of a plan: what would be done with it, and every field with its rule.
type Row struct {
	Ref      record.Ref `json:"ref"`
	Mapping  string     `json:"mapping"`
	Version  int        `json:"version"`
	Needed   bool       `json:"needed,omitempty"`
	Kind     plan.Kind  `json:"kind"`
	Target   string     `json:"target,omitempty"`
	Category string     `json:"category,omitempty"`
	Reason   string     `json:"reason,omitempty"`
	Net      string     `json:"net,omitempty"` // minor units
	Currency string     `json:"currency,omitempty"`
	Fields   []Field    `json:"fields,omitempty"`
	Lines    []Line     `json:"lines,omitempty"`
	Digest   string     `json:"digest"`
}

// Field is what happens to one field and by which rule.
type Field struct {
	Field  string       `json:"field"`
	From   []string     `json:"from,omitempty"`
	Action plan.Action  `json:"action"`
	Rule   string       `json:"rule"`
	Old    record.Value `json:"old"`
	New    record.Value `json:"new"`
	// Conflict: both sides had changed. Lost is then the value that lost.
	Conflict bool          `json:"conflict,omitempty"`
	Lost     *record.Value `json:"lost,omitempty"`
}

// fieldOf gives a decision about one field.
func fieldOf(d plan.FieldDecision) Field {
	f := Field{Field: d.Field, From: d.From, Action: d.Action, Rule: d.Rule, Old: d.Old, New: d.New, Conflict: d.Conflict}
	switch {
	case d.Conflict && d.Lost:
		f.Lost = &d.New
	case d.Conflict && d.Action == plan.WriteIt:
		f.Lost = &d.Old
	}
	return f
}

// Line is what happens to one line of a document.
type Line struct {
	Source string                  `json:"source"`
	Target string                  `json:"target,omitempty"`
	Op     string                  `json:"op"`
	Net    string                  `json:"net,omitempty"`
	Note   string                  `json:"note,omitempty"`
	Fields map[string]record.Value `json:"fields,omitempty"`
}

func rowOf(r engine.PlanRow) Row {
	out := Row{Ref: r.Ref, Mapping: r.Mapping, Version: r.Version, Needed: r.Needed, Kind: r.Kind, Net: r.Net, Currency: r.Money, Digest: r.Digest,
		Fields: fieldsOf(r.Fields, ""), Lines: linesOf(r.Lines)}
	if !r.Target.IsZero() {
		out.Target = r.Target.String()
	}
	out.Category, out.Reason = reasonOf(r.Reason)
	return out
}

func reasonOf(r *link.Reason) (category, text string) {
	if r == nil {
		return "", ""
	}
	return r.Category, r.Text
}

// fieldsOf gives the decisions about fields; only those about one when it is named.
func fieldsOf(decisions []plan.FieldDecision, only string) []Field {
	var out []Field
	for _, d := range decisions {
		if only == "" || d.Field == only || slices.Contains(d.From, only) {
			out = append(out, fieldOf(d))
		}
	}
	return out
}

func linesOf(decisions []plan.LineDecision) []Line {
	var out []Line
	for _, d := range decisions {
		out = append(out, Line{d.SourceID, d.TargetID, d.Op, d.Net, d.Note, d.Fields})
	}
	return out
}

// Rows is a part of a plan; Next is where the following part begins, 0 when this was the last.
type Rows struct {
	Rows []Row `json:"rows"`
	Next int   `json:"next,omitempty"`
}

// Run is a run with its progress. Total is -1 while the source has not said how many records there are.
type Run struct {
	ID          string        `json:"id"`
	Kind        string        `json:"kind"` // full, named, plan, preview, reconcile, undo_preview, undo
	Mapping     string        `json:"mapping"`
	Plan        string        `json:"plan,omitempty"`
	Actor       string        `json:"actor"`
	Status      string        `json:"status"` // listing, working, held, done, failed
	At          time.Time     `json:"at"`
	Ended       *time.Time    `json:"ended,omitempty"`
	Done        int           `json:"done"`
	Listed      int           `json:"listed"`
	Total       int           `json:"total"`
	Rate        float64       `json:"rate"`                   // records a second since it began
	SecondsLeft int           `json:"seconds_left,omitempty"` // at that rate; 0 when it cannot be told
	CallsLeft   []Allowance   `json:"calls_left,omitempty"`
	Counts      engine.Counts `json:"counts"`
	Refused     []record.Ref  `json:"refused,omitempty"` // rows of a plan that no longer fit
	Error       string        `json:"error,omitempty"`
	Undoes      string        `json:"undoes,omitempty"` // of undo and undo_preview: the run that is undone
	// Phases of a set's plan: what each mapping came to before the next one began.
	Phases    []engine.Phase `json:"phases,omitempty"`
	StopAfter string         `json:"stop_after,omitempty"` // the mapping behind which it is held, or will be
}

// Waits tells whether the run stands behind a phase, as it was asked to.
func (r Run) Waits() bool { return r.Status == "held" && r.StopAfter != "" }

// Over tells whether nothing more will come of the run.
func (r Run) Over() bool { return r.Status == "done" || r.Status == "failed" }

func runOf(r engine.Run, now time.Time) Run {
	out := Run{ID: r.ID, Kind: r.Kind, Mapping: r.Mapping, Plan: r.Plan, Actor: r.Actor, Status: r.Status, At: r.At, Ended: moment(r.Ended), Done: r.Done,
		Listed: r.Listed, Total: r.Expected, Counts: r.Counts, Refused: r.Refused, Error: r.Error, Undoes: r.Undoes, Phases: r.Phases, StopAfter: r.StopAfter}
	until := now
	if out.Ended != nil {
		until = r.Ended
	}
	if took := until.Sub(r.At).Seconds(); took > 0 {
		out.Rate = float64(r.Done) / took
	}
	if out.Rate > 0 && !out.Over() && out.Total > r.Done {
		out.SecondsLeft = max(1, int(float64(out.Total-r.Done)/out.Rate))
	}
	return out
}

// SyncError is something a person must mend or decide. Text carries ids and field names, never names or addresses.
type SyncError struct {
	Category string    `json:"category"`
	Mapping  string    `json:"mapping,omitempty"`
	Ref      string    `json:"ref,omitempty"`
	URL      string    `json:"url,omitempty"` // of the record in its system
	Target   string    `json:"target,omitempty"`
	Text     string    `json:"text"`
	Message  string    `json:"message"` // the whole sentence: mapping, record with its page, text, and what happens next
	First    time.Time `json:"first"`
	Last     time.Time `json:"last"`
	Count    int       `json:"count"`
}

// Group counts the errors of one category and the records they touch.
type Group struct {
	Category string `json:"category"`
	Errors   int    `json:"errors"`
	Records  int    `json:"records"`
}

// Failures is what errors answers. Next is where the following part of the errors begins, 0 when this was the last.
type Failures struct {
	Groups []Group     `json:"groups"` // of all of them
	Errors []SyncError `json:"errors"` // a part of them
	Next   int         `json:"next,omitempty"`
}

// Why is what is known of one record in one place (slot): where it stands and the decisions about it, newest first.
type Why struct {
	Ref       string      `json:"ref"`
	URL       string      `json:"url,omitempty"`
	State     link.State  `json:"state"`
	Target    string      `json:"target,omitempty"`
	TargetURL string      `json:"target_url,omitempty"`
	Mapping   string      `json:"mapping,omitempty"`
	Version   int         `json:"version,omitempty"`
	Category  string      `json:"category,omitempty"` // of what stands in its way
	Reason    string      `json:"reason,omitempty"`
	MadeBy    *Made       `json:"made_by,omitempty"`
	Origin    *Origin     `json:"origin,omitempty"` // of a document
	Rules     []FieldRule `json:"rules,omitempty"`  // of the field that was asked for; none: no rule names it
	Net       string      `json:"net,omitempty"`    // minor units
	Currency  string      `json:"currency,omitempty"`
	Stopped   string      `json:"stopped,omitempty"` // why nothing is written at all
	Decisions []Decision  `json:"decisions"`
	Outcomes  []Outcome   `json:"outcomes,omitempty"`
	Waits     []WaitsFor  `json:"waits,omitempty"` // what is parked for it
}

// Made says who made a document.
type Made struct {
	Mapping  string    `json:"mapping"`
	Version  int       `json:"version"`
	Approver string    `json:"approver,omitempty"`
	Single   bool      `json:"single,omitempty"` // approved under approval: single
	Run      string    `json:"run,omitempty"`
	At       time.Time `json:"at"`
}

// Decision is one entry of the audit trail.
type Decision struct {
	At       time.Time `json:"at"`
	Kind     plan.Kind `json:"kind"`
	Mapping  string    `json:"mapping"`
	Version  int       `json:"version"`
	Cause    string    `json:"cause"`
	Run      string    `json:"run,omitempty"`
	Actor    string    `json:"actor,omitempty"`
	Category string    `json:"category,omitempty"`
	Reason   string    `json:"reason,omitempty"`
	Net      string    `json:"net,omitempty"`
	Currency string    `json:"currency,omitempty"`
	Fields   []Field   `json:"fields,omitempty"`
	Lines    []Line    `json:"lines,omitempty"`
	Values   string    `json:"values,omitempty"` // expired or erased: what was decided is kept, the values are gone
	// Looks are what the match rules found, in the order in which they were tried, where this decision followed from that.
	Looks []MatchLook `json:"looks,omitempty"`
}

// MatchLook is what one match rule found: names of fields and ids of records, never values.
type MatchLook struct {
	Mapping string   `json:"mapping"`
	Rule    string   `json:"rule"` // email = Email, case_insensitive
	Hits    int      `json:"hits,omitempty"`
	Of      []string `json:"of,omitempty"`  // three of them at most, by id
	Saw     string   `json:"saw,omitempty"` // blank: the record has no value for it; many: more have it than are told apart; claim: another record is just being carried over with it
}

// Outcome is how an intended write ended.
type Outcome struct {
	Target string `json:"target,omitempty"`
	Status string `json:"status"`
	Note   string `json:"note,omitempty"`
}

// Status is one screen.
type Status struct {
	At          time.Time       `json:"at"`
	Approval    string          `json:"approval"`
	Connections []Connection    `json:"connections"`
	Mappings    []MappingStatus `json:"mappings"`
	Lanes       map[string]Lane `json:"lanes"`
	Parked      int             `json:"parked"`
	Idle        bool            `json:"idle"` // nothing waits, is under way, or wakes within ?idle_within= seconds
	Runs        []Run           `json:"runs"`
	Refused     map[string]int  `json:"webhooks_refused"`
	CallsLeft   []Allowance     `json:"calls_left,omitempty"`
	Contacts    []Contact       `json:"contacts"`           // how each connection stands
	Waits       []Waits         `json:"waits"`              // what parked tasks wait for
	Restored    *Rebuild        `json:"restored,omitempty"` // the table was restored from a backup, and nothing is written
}

// MappingStatus is a mapping with what is linked and what is open.
type MappingStatus struct {
	Mapping
	Linked int            `json:"linked"`
	Open   map[string]int `json:"open"` // sync errors by category
	Brake  bool           `json:"brake,omitempty"`
	// Held counts the errors that need a person; LagSeconds is the age of the oldest change that may not have been looked at.
	Held        int        `json:"held,omitempty"`
	LastSuccess *time.Time `json:"last_success,omitempty"`
	FeedRead    *time.Time `json:"feed_read,omitempty"`
	LagSeconds  int        `json:"lag_seconds,omitempty"`
}

// Lane is how much waits and is worked in one lane of the queue.
type Lane struct {
	Waiting int `json:"waiting"`
	InWork  int `json:"in_work"`
}

// Preset is a document to copy.
type Preset struct {
	Name        string `json:"name"`
	Title       string `json:"title"`
	Description string `json:"description,omitempty"`
	YAML        string `json:"yaml,omitempty"`
}

// ObjectFields is what fields answers.
type ObjectFields struct {
	Connection string        `json:"connection"`
	Object     string        `json:"object"`
	Label      string        `json:"label"`
	Fields     []ObjectField `json:"fields"`
	Sample     *Sample       `json:"sample,omitempty"`
}

// Sample says which records a fill rate was taken from.
type Sample struct {
	Records int        `json:"records"`         // read
	Total   int        `json:"total"`           // there are, changed since then; -1 when the system does not say
	Since   *time.Time `json:"since,omitempty"` // the sample is of records changed since; all records when missing
}

// ObjectField is one field as the account has it.
type ObjectField struct {
	Name       string   `json:"name"`
	Label      string   `json:"label"`
	Type       string   `json:"type"`
	Required   bool     `json:"required,omitempty"`
	ReadOnly   bool     `json:"read_only,omitempty"`
	CreateOnly bool     `json:"create_only,omitempty"`
	Unique     bool     `json:"unique,omitempty"`
	MaxLength  int      `json:"max_length,omitempty"`
	References string   `json:"references,omitempty"`
	Options    []Option `json:"options,omitempty"`
	Filled     *int     `json:"filled,omitempty"` // records of the sample in which it holds something
}

// Option is one value that a field may have.
type Option struct {
	Value string `json:"value"`
	Label string `json:"label"`
}
