package web

import (
	"context"
	"net/http"
	"time"

	"crosswalk/internal/engine"
)

// Rebuilder reads back, after a restore from backup, what was made since.
type Rebuilder interface {
	StartRebuild(ctx context.Context, actor, note string) (engine.Rebuild, error)
	Rebuilding(ctx context.Context) (engine.RebuildState, error)
	RebuildRows(ctx context.Context, epoch, from, most int) ([]engine.RebuildRow, int, error)
}

// The states of a rebuild.
const (
	RebuildNone    = "none"    // the table was never restored, as far as its epoch says
	RebuildAwaited = "awaited" // nothing is written, and nobody asked for the rebuild yet
	RebuildRuns    = "running"
	RebuildDone    = "done"
)

// Rebuild is how the table stands after a restore from backup, and what was read back. Counts are of records; while it runs
// they are so far.
type Rebuild struct {
	State    string       `json:"state"` // none, awaited, running, done
	Epoch    int          `json:"epoch"`
	From     int          `json:"from,omitempty"`        // epoch of the backup
	Restored *time.Time   `json:"restored_at,omitempty"` // when the raised epoch was first seen
	Phase    string       `json:"phase,omitempty"`       // wait, marks, sources, links, strays, done
	Goes     *time.Time   `json:"goes_on_at,omitempty"`  // it waits until then
	Actor    string       `json:"actor,omitempty"`
	Reason   string       `json:"reason,omitempty"`
	At       *time.Time   `json:"at,omitempty"`
	Ended    *time.Time   `json:"ended,omitempty"`
	Error    string       `json:"error,omitempty"`  // why it does not go on right now
	Read     int          `json:"read"`             // at the systems that are written to
	Marked   int          `json:"marked"`           // of these, with our mark
	Looked   int          `json:"looked"`           // records that something is made of
	Adopted  int          `json:"adopted"`          // linked to what had been made for them
	Differs  int          `json:"differs"`          // of these, documents that come to something else than their record today
	Held     int          `json:"held"`             // several bear a record's mark
	Open     int          `json:"open"`             // found, and not linked yet
	Others   int          `json:"others"`           // linked as of the backup, and another one was made since
	EMails   int          `json:"emails"`           // documents whose e-mail may or may not have been sent
	Strays   int          `json:"strays"`           // marked, and nothing is linked to them
	Resume   []string     `json:"resume,omitempty"` // mappings that wait to be resumed
	Rows     []RebuildRow `json:"rows,omitempty"`   // a part of the report
	Next     int          `json:"next,omitempty"`   // where the following part begins, 0 when this was the last
}

// RebuildRow is one record of the report.
type RebuildRow struct {
	What    string `json:"what"` // adopted, held, open, other, email, stray
	Ref     string `json:"ref,omitempty"`
	URL     string `json:"url,omitempty"`
	Target  string `json:"target,omitempty"`
	Address string `json:"target_url,omitempty"`
	Mapping string `json:"mapping,omitempty"`
	Differs bool   `json:"differs,omitempty"`
	EMail   bool   `json:"email,omitempty"`
	Text    string `json:"text,omitempty"`
}

// Look tells whether a person must look at something before mappings are resumed.
func (r Rebuild) Look() bool { return r.Differs+r.Held+r.Open+r.Others+r.EMails+r.Strays > 0 }

func rebuildOf(s engine.RebuildState) Rebuild {
	out := Rebuild{State: RebuildNone, Epoch: s.Epoch}
	if r := s.Restored; r != nil {
		out.State, out.From, out.Restored = RebuildAwaited, r.From, moment(r.At)
	}
	r := s.Rebuild
	if r == nil {
		return out
	}
	out.State = RebuildRuns
	if s.Restored == nil {
		out.State = RebuildDone
	}
	out.Phase, out.Actor, out.Reason, out.At, out.Ended, out.Error, out.Goes = r.Phase, r.Actor, r.Note, moment(r.At), moment(r.Ended), r.Error, moment(r.Next)
	out.Read, out.Marked, out.Looked, out.Adopted, out.Differs = r.Read, r.Marked, r.Looked, r.Adopted, r.Differs
	out.Held, out.Open, out.Others, out.EMails, out.Strays, out.Resume = r.Held, r.Open, r.Others, r.EMails, r.Strays, r.Stopped
	return out
}

// rebuild has what was made since the backup read back; asked again while it runs it says how far it is.
func (a *api) rebuild(r *http.Request) (any, error) {
	var body reasonBody
	if err := read(r, &body); err != nil {
		return nil, err
	}
	if _, err := a.Engine.StartRebuild(r.Context(), actorOf(r.Context()), body.Reason); err != nil {
		return nil, err
	}
	s, err := a.Engine.Rebuilding(r.Context())
	return rebuildOf(s), err
}

// rebuilding tells how the table stands, and with ?limit= a part of the report.
func (a *api) rebuilding(r *http.Request) (any, error) {
	from, err := queryNumber(r, "from", 0, 1<<30)
	if err != nil {
		return nil, err
	}
	limit, err := queryNumber(r, "limit", 0, maxRows)
	if err != nil {
		return nil, err
	}
	s, err := a.Engine.Rebuilding(r.Context())
	if err != nil {
		return nil, err
	}
	out := rebuildOf(s)
	if limit == 0 || s.Rebuild == nil {
		return out, nil
	}
	rows, all, err := a.Engine.RebuildRows(r.Context(), s.Rebuild.Epoch, from, limit)
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		one := RebuildRow{What: row.What, Mapping: row.Mapping, Differs: row.Differs, EMail: row.EMail, Text: row.Text}
		if !row.Ref.IsZero() {
			one.Ref, one.URL = row.Ref.String(), a.url(row.Ref)
		}
		if !row.Target.IsZero() {
			one.Target, one.Address = row.Target.String(), a.url(row.Target)
		}
		out.Rows = append(out.Rows, one)
	}
	if from+len(rows) < all {
		out.Next = from + len(rows)
	}
	return out, nil
}
