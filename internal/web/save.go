package web

import (
	"context"
	"net/http"

	"crosswalk/internal/engine"
	"crosswalk/internal/record"
)

// Saver gives what a mapping may write over, part by part, for a file that the operator keeps.
type Saver interface {
	SavePart(ctx context.Context, name, after string) (engine.SavedPart, error)
	Saved(ctx context.Context, name, receipt, file, actor, note string) (int, error)
	WaiveSave(ctx context.Context, name, actor, note string) error
}

// SavedPart is a part of the pairs of a mapping. Next is the after of the following part; the last part has a receipt instead.
type SavedPart struct {
	Columns []string    `json:"columns"` // a.FIELD, b.FIELD
	Pairs   []SavedPair `json:"pairs"`
	Count   int         `json:"count"` // until now
	Next    string      `json:"next,omitempty"`
	Receipt string      `json:"receipt,omitempty"`
}

// SavedPair is a record beside its counterpart, with its values in the order of the columns.
type SavedPair struct {
	A      record.Ref     `json:"a"`
	B      record.Ref     `json:"b"`
	How    string         `json:"how"` // linked, would be linked
	Values []record.Value `json:"values"`
}

func (a *api) savePart(r *http.Request) (any, error) {
	part, err := a.Engine.SavePart(r.Context(), r.PathValue("name"), r.URL.Query().Get("after"))
	if err != nil {
		return nil, err
	}
	out := SavedPart{Columns: append([]string{}, part.Columns...), Pairs: []SavedPair{}, Count: part.Count, Next: part.Next, Receipt: part.Receipt}
	for _, p := range part.Pairs {
		out.Pairs = append(out.Pairs, SavedPair{p.A, p.B, p.How, append([]record.Value{}, p.Values...)})
	}
	return out, nil
}

// savedBody is the end of a file that was saved.
type savedBody struct {
	Receipt string `json:"receipt" needed:"yes" doc:"of the last part"`
	File    string `json:"file" doc:"which file it is: its SHA-256"`
	Reason  string `json:"reason" doc:"kept with the decision"`
}

// Saved says what was recorded.
type Saved struct {
	Pairs int `json:"pairs"`
}

func (a *api) saved(r *http.Request) (any, error) {
	var body savedBody
	if err := read(r, &body); err != nil {
		return nil, err
	}
	if body.Receipt == "" {
		return nil, badRequest("receipt", "the end of a file is known by its receipt", "send that of the last part")
	}
	n, err := a.Engine.Saved(r.Context(), r.PathValue("name"), body.Receipt, body.File, actorOf(r.Context()), body.Reason)
	if err != nil {
		return nil, err
	}
	return Saved{n}, nil
}
