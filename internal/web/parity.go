package web

import (
	"net/http"
	"time"

	"crosswalk/internal/engine"
)

// PairDifference is one difference between the sides of a mapping without documents: a field of a linked pair, a record without a
// counterpart, a counterpart that is gone, or one that is taken. It names records and fields and shows no value.
type PairDifference struct {
	Ref        string    `json:"ref"`
	URL        string    `json:"url,omitempty"`
	Other      string    `json:"other,omitempty"`
	OtherURL   string    `json:"other_url,omitempty"`
	Kind       string    `json:"kind"`                  // field, missing, gone, twin
	Field      string    `json:"field,omitempty"`       // of ref
	OtherField string    `json:"other_field,omitempty"` // of other
	Cause      string    `json:"cause"`                 // crosswalk help parity, crosswalk help errors
	Rule       string    `json:"rule,omitempty"`
	Text       string    `json:"text"`
	First      time.Time `json:"first"` // when a report first found it
	New        bool      `json:"new,omitempty"`
}

// PairDifferences is a part of them; Next is where the following part begins, 0 when this was the last.
type PairDifferences struct {
	Differences []PairDifference `json:"differences"`
	Next        int              `json:"next,omitempty"`
}

// maxPlace bounds a place in a report: it is a page and a row, and no count.
const maxPlace = 1 << 46

func (a *api) pairDifferences(r *http.Request) (any, error) {
	from, err := queryNumber(r, "from", 0, maxPlace)
	if err != nil {
		return nil, err
	}
	limit, err := queryNumber(r, "limit", 200, maxRows)
	if err == nil && limit == 0 {
		err = badRequest("limit", "nothing would be answered", "write 1 to 500")
	}
	if err != nil {
		return nil, err
	}
	id := r.PathValue("id")
	if _, err := a.Engine.Reconciliation(r.Context(), id); err != nil {
		return nil, err
	}
	rows, next, err := a.Engine.PairDifferences(r.Context(), id, from, limit)
	out := PairDifferences{Differences: []PairDifference{}, Next: next}
	for _, d := range rows {
		out.Differences = append(out.Differences, a.pairDifferenceOf(d))
	}
	return out, err
}

func (a *api) pairDifferenceOf(d engine.PairDifference) PairDifference {
	return PairDifference{Ref: d.Ref.String(), URL: a.url(d.Ref), Other: d.Other.String(), OtherURL: a.url(d.Other), Kind: d.Kind, Field: d.Field, OtherField: d.There,
		Cause: d.Cause, Rule: d.Rule, Text: d.Text, First: d.First, New: d.New}
}
