package web

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"crosswalk/internal/engine"
	"crosswalk/internal/record"
)

// Checker looks at what stands in the way before the first write.
type Checker interface {
	Preflight(ctx context.Context, ask engine.PreflightAsk) (engine.Preflight, error)
	Duplicates(ctx context.Context, ask engine.DuplicateAsk) (engine.DuplicatePage, error)
}

// Severities of a finding, as engine.Preflight says them.
const (
	Fine    = "ok"
	Warning = "warn"
	Stops   = "stop" // cannot go live like this
)

// Finding is one line of the preflight report. Severity is ok, warn or stop (cannot go live like this).
type Finding struct {
	Finding  string `json:"finding"`
	Where    string `json:"where"`
	Records  int    `json:"records"`
	Owner    string `json:"owner,omitempty"` // who can mend it
	Fix      string `json:"fix,omitempty"`
	Severity string `json:"severity"`
}

// Report is what check answers. Ready is false when anything stops. The rest is there for mappings between two CRMs: numbers
// and ids, never a value of a record.
type Report struct {
	Findings []Finding      `json:"findings"`
	Ready    bool           `json:"ready"`
	Sides    []CheckedSide  `json:"sides"`
	Loads    []FirstLoad    `json:"loads"`
	Missing  []MissingField `json:"missing"` // fields that mappings name and accounts lack, or hide
}

// CheckedSide is one end of a mapping as its records are. Total is -1 where the system does not tell.
type CheckedSide struct {
	Mapping    string            `json:"mapping"`
	Connection string            `json:"connection"`
	Object     string            `json:"object"`
	Total      int               `json:"total"`
	Sampled    int               `json:"sampled"`
	Whole      bool              `json:"whole"`                   // these are all there are
	Since      *time.Time        `json:"changed_since,omitempty"` // the sample is of those changed since then; missing: of the feed's beginning
	Cut        bool              `json:"cut,omitempty"`           // time ran out before the sample was full
	Fields     []FilledField     `json:"fields"`
	Duplicates []DuplicateFields `json:"duplicates"`
}

// FilledField is in how many of the sampled records a mapped field holds something.
type FilledField struct {
	Field   string `json:"field"`
	Filled  int    `json:"filled"`
	Percent int    `json:"percent"`
}

// DuplicateFields is what one match rule finds: groups of records that it takes for one. Refs are some of them.
type DuplicateFields struct {
	Rule    string       `json:"rule"`
	Groups  int          `json:"groups"`
	Records int          `json:"records"`
	Refs    []record.Ref `json:"refs"`
}

// FirstLoad is what a first load of one direction comes to; Creates is at most so many unless Exact, -1 where nothing is known.
type FirstLoad struct {
	Mapping string   `json:"mapping"`
	To      string   `json:"to"`
	Object  string   `json:"object"`
	Source  int      `json:"source"`
	Creates int      `json:"creates"`
	Matched int      `json:"matched"` // of the sampled records, how many find one
	Exact   bool     `json:"exact"`
	MB      int      `json:"storage_mb"`
	Calls   int      `json:"calls"`
	SetsOff []string `json:"sets_off"`
}

// MissingField is a field to be made at an account, as its counterpart's values need it.
type MissingField struct {
	Connection string   `json:"connection"`
	System     string   `json:"system,omitempty"`
	Object     string   `json:"object"`
	Name       string   `json:"name"`
	Label      string   `json:"label"`
	Type       string   `json:"type"`
	MaxLength  int      `json:"max_length,omitempty"`
	Options    []Option `json:"options,omitempty"`
	Mapping    string   `json:"mapping"`
}

// checkBody may be empty: everything that is applied, with samples, and marker fields made where an API can.
type checkBody struct {
	Mapping   string   `json:"mapping" doc:"only this one"`
	Documents []string `json:"documents" doc:"texts of mappings that are looked at in place of those applied; nothing is stored or made"`
	Sample    *int     `json:"sample" doc:"how many records are read of each object of two CRMs, at most 1000; 0: none"`
	Dry       bool     `json:"dry" doc:"make no marker field either"`
}

// check is the preflight report: it asks both systems, makes the marker fields that an API can make, and writes no record.
func (a *api) check(r *http.Request) (any, error) {
	var body checkBody
	if err := read(r, &body); err != nil {
		return nil, err
	}
	ask := engine.PreflightAsk{Mapping: body.Mapping, Make: !body.Dry}
	if body.Sample != nil {
		if *body.Sample < 0 || *body.Sample > engine.MaxSample {
			return nil, badRequest("sample", "this is no number of records that can be read", fmt.Sprintf("write 0 to %d", engine.MaxSample))
		}
		if ask.Sample = *body.Sample; ask.Sample == 0 {
			ask.Sample = -1
		}
	}
	for _, text := range body.Documents {
		ask.Documents = append(ask.Documents, []byte(text))
	}
	got, err := a.Engine.Preflight(r.Context(), ask)
	if err != nil {
		return nil, err
	}
	return a.report(got), nil
}

func (a *api) report(got engine.Preflight) Report {
	out := Report{Findings: []Finding{}, Sides: []CheckedSide{}, Loads: []FirstLoad{}, Missing: []MissingField{}}
	for _, f := range append(got.Findings, a.affordable(got.Loads)...) {
		out.Findings = append(out.Findings, Finding{Finding: f.Finding, Where: f.Where, Records: f.Records, Owner: f.Owner, Fix: f.Fix, Severity: f.Severity})
	}
	for _, s := range got.Sides {
		side := CheckedSide{Mapping: s.Mapping, Connection: s.Connection, Object: s.Object, Total: s.Total, Sampled: s.Sampled, Whole: s.Whole, Since: moment(s.Since), Cut: s.Cut, Fields: []FilledField{}, Duplicates: []DuplicateFields{}}
		for _, f := range s.Fields {
			side.Fields = append(side.Fields, FilledField(f))
		}
		for _, d := range s.Duplicates {
			side.Duplicates = append(side.Duplicates, DuplicateFields{Rule: d.Rule, Groups: d.Groups, Records: d.Records, Refs: append([]record.Ref{}, d.Refs...)})
		}
		out.Sides = append(out.Sides, side)
	}
	for _, l := range got.Loads {
		l.SetsOff = append([]string{}, l.SetsOff...)
		out.Loads = append(out.Loads, FirstLoad(l))
	}
	for _, m := range got.Missing {
		field := MissingField{Connection: m.Connection, System: a.Settings.Connections[m.Connection].System, Object: m.Object, Name: m.Name, Label: m.Label, Type: m.Type, MaxLength: m.MaxLength, Mapping: m.Mapping}
		for _, option := range m.Options {
			field.Options = append(field.Options, Option(option))
		}
		out.Missing = append(out.Missing, field)
	}
	out.Ready = !slices.ContainsFunc(out.Findings, func(f Finding) bool { return f.Severity == Stops })
	return out
}

// affordable holds the calls of all first loads against what a connection has left today.
func (a *api) affordable(loads []engine.Load) []engine.Finding {
	var out []engine.Finding
	for _, left := range a.callsLeft() {
		needed := 0
		for _, l := range loads {
			if l.To == left.Connection {
				needed += l.Calls
			}
		}
		if left.LeftToday >= 0 && needed > left.LeftToday {
			out = append(out, engine.Finding{Severity: Warning, Where: left.Connection, Owner: "the engineer", Finding: fmt.Sprintf("first loads take about %d calls and %d are left today", needed, left.LeftToday),
				Fix: "load object by object, or over several days: a run goes on by itself when there are calls again; crosswalk budget"})
		}
	}
	return out
}

// Duplicates is a part of what the match rules find on one side or both. A group whose records lie in several parts is given
// again, longer. Next goes on; it is missing at the end.
type Duplicates struct {
	Groups []DuplicateGroup `json:"groups"`
	Read   int              `json:"read"` // records that this part read
	Next   string           `json:"next,omitempty"`
}

// DuplicateGroup is records of one object that a match rule takes for one. More: there are still others.
type DuplicateGroup struct {
	Rule string       `json:"rule"`
	Refs []record.Ref `json:"refs"`
	URLs []string     `json:"urls"`
	More bool         `json:"more"`
}

// duplicates reads on through both sides' records, keeps their match keys, and names the records that share one.
func (a *api) duplicates(r *http.Request) (any, error) {
	q := r.URL.Query()
	got, err := a.Engine.Duplicates(r.Context(), engine.DuplicateAsk{Mapping: r.PathValue("name"), Side: q.Get("side"), After: q.Get("after")})
	if err != nil {
		return nil, err
	}
	out := Duplicates{Groups: []DuplicateGroup{}, Read: got.Read, Next: got.Next}
	for _, g := range got.Groups {
		group := DuplicateGroup{Rule: g.Rule, Refs: g.Refs, URLs: []string{}, More: g.More}
		for _, ref := range g.Refs {
			if c, ok := a.Connections[ref.Connection]; ok {
				group.URLs = append(group.URLs, c.URL(ref))
			}
		}
		out.Groups = append(out.Groups, group)
	}
	return out, nil
}
