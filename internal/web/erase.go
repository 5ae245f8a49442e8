package web

import (
	"context"
	"net/http"
	"strings"
	"time"

	"crosswalk/internal/engine"
	"crosswalk/internal/record"
)

// Eraser removes a person everywhere on our side.
type Eraser interface {
	Erase(ctx context.Context, subject, actor, note string, dry bool) (engine.Erasure, error)
}

// eraseBody is a body and never a part of an address: addresses are logged on the way.
type eraseBody struct {
	Subject string `json:"subject" needed:"yes" doc:"an e-mail address, or the address of a record: connection:object/id"`
	Reason  string `json:"reason" doc:"kept with the decision; no names"`
	DryRun  bool   `json:"dry_run" doc:"say what would go, and change nothing"`
}

// Erasure is what went, by counts and ids; it never names what was erased. Nothing was erased at any system.
type Erasure struct {
	ID        string         `json:"id"`
	At        time.Time      `json:"at"`
	Of        string         `json:"of"`                   // a record's address, or "an e-mail address"
	Gone      []RecordAt     `json:"gone"`                 // records that are never synced again; look at each in its own system
	Stripped  []RecordAt     `json:"stripped"`             // records that go on without the address
	Documents []KeptDocument `json:"documents"`            // keep their ids and amounts
	Removed   []Removed      `json:"removed"`              // how much of what
	Pending   int            `json:"pending"`              // links that are being written right now; taken by the next sweep
	Again     *time.Time     `json:"next_sweep,omitempty"` // when it is looked for again
	Warnings  []string       `json:"warnings,omitempty"`
	DryRun    bool           `json:"dry_run,omitempty"`
}

// RecordAt is a record's address with the page where its own system shows it.
type RecordAt struct {
	Ref string `json:"ref"`
	URL string `json:"url,omitempty"`
}

// KeptDocument is a document that stays by its ids and amount; net is in whole minor units.
type KeptDocument struct {
	Ref      string `json:"ref"`
	Document string `json:"document"`
	Net      string `json:"net,omitempty"`
	Currency string `json:"currency,omitempty"`
}

// Removed counts one kind of what was kept about the person.
type Removed struct {
	What  string `json:"what"`
	Count int    `json:"count"`
}

func (a *api) erase(r *http.Request) (any, error) {
	var body eraseBody
	if err := read(r, &body); err != nil {
		return nil, err
	}
	if _, err := record.ParseRef(strings.TrimSpace(body.Subject)); err != nil && !engine.IsAddress(body.Subject) {
		return nil, badRequest("subject", "this is neither an e-mail address nor the address of a record", "write name@host, or connection:object/id")
	}
	out, err := a.Engine.Erase(r.Context(), body.Subject, actorOf(r.Context()), body.Reason, body.DryRun)
	if err != nil {
		return nil, err
	}
	return a.erasureOf(out), nil
}

func (a *api) erasureOf(e engine.Erasure) Erasure {
	out := Erasure{ID: e.ID, At: e.At, Of: e.Of, Gone: []RecordAt{}, Stripped: []RecordAt{}, Documents: []KeptDocument{}, Removed: []Removed{}, Pending: e.Pending,
		Again: moment(e.Again), Warnings: e.Warnings, DryRun: e.Dry}
	for _, ref := range e.Gone {
		out.Gone = append(out.Gone, RecordAt{ref.String(), a.url(ref)})
	}
	for _, ref := range e.Stripped {
		out.Stripped = append(out.Stripped, RecordAt{ref.String(), a.url(ref)})
	}
	for _, d := range e.Documents {
		out.Documents = append(out.Documents, KeptDocument{d.Ref.String(), d.Document.String(), d.Net, d.Currency})
	}
	for _, r := range []Removed{
		{"entries of the audit trail, their values", e.Entries}, {"rows of previews, their values", e.Rows}, {"agreed values, as digests", e.Digests},
		{"match keys", e.MatchKeys}, {"kept requests of documents, their bytes", e.Bodies}, {"sync errors", e.Errors}, {"waiting tasks", e.Parked},
		{"notes of people", e.Decisions},
	} {
		if r.Count > 0 {
			out.Removed = append(out.Removed, r)
		}
	}
	return out
}
