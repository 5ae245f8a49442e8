package web

import (
	"net/http"
	"slices"
	"strings"

	"crosswalk/internal/engine"
	"crosswalk/internal/help"
	"crosswalk/internal/record"
)

func (a *api) errors(r *http.Request) (any, error) {
	category := r.URL.Query().Get("category")
	if err := knownCategory(category); err != nil {
		return nil, err
	}
	all, err := a.Engine.Errors(r.Context(), category)
	if err != nil {
		return nil, err
	}
	from, limit, err := part(r, maxRows)
	if err != nil {
		return nil, err
	}
	out := Failures{Groups: groups(all), Errors: []SyncError{}}
	all = all[min(from, len(all)):]
	if len(all) > limit {
		all, out.Next = all[:limit], from+limit
	}
	for _, one := range all {
		s := SyncError{Category: one.Category, Mapping: one.Mapping, Text: one.Text, First: one.First, Last: one.Last, Count: one.Count}
		if !one.Ref.IsZero() {
			s.Ref, s.URL = one.Ref.String(), a.url(one.Ref)
		}
		if !one.Target.IsZero() {
			s.Target = one.Target.String()
		}
		s.Message = sentence(one, s.URL)
		out.Errors = append(out.Errors, s)
	}
	return out, nil
}

func knownCategory(category string) error {
	if _, ok := help.Error(category); category != "" && !ok {
		p := badRequest("category", "there is no such category", "crosswalk errors lists those that are open")
		p.Command = "crosswalk help errors"
		return p
	}
	return nil
}

func (a *api) url(ref record.Ref) string {
	if c, ok := a.Connections[ref.Connection]; ok {
		return c.URL(ref)
	}
	return ""
}

// groups counts by category, most errors first.
func groups(all []engine.SyncError) []Group {
	records := map[string]map[record.Ref]bool{}
	counts := map[string]int{}
	for _, one := range all {
		if records[one.Category] == nil {
			records[one.Category] = map[record.Ref]bool{}
		}
		counts[one.Category]++
		if !one.Ref.IsZero() {
			records[one.Category][one.Ref] = true
		}
	}
	out := []Group{}
	for category, n := range counts {
		out = append(out, Group{category, n, len(records[category])})
	}
	slices.SortFunc(out, func(x, y Group) int {
		if x.Errors != y.Errors {
			return y.Errors - x.Errors
		}
		return strings.Compare(x.Category, y.Category)
	})
	return out
}

// retryBody names one of the two.
type retryBody struct {
	Ref      string `json:"ref"`
	Category string `json:"category"`
}

func (a *api) retry(r *http.Request) (any, error) {
	var body retryBody
	if err := read(r, &body); err != nil {
		return nil, err
	}
	if (body.Ref == "") == (body.Category == "") {
		return nil, badRequest("ref", "retry takes a record or a category", "give one of the two")
	}
	if err := knownCategory(body.Category); err != nil {
		return nil, err
	}
	var ref record.Ref
	if body.Ref != "" {
		var err error
		if ref, err = refIn("ref", body.Ref); err != nil {
			return nil, err
		}
		if _, ok := a.Connections[ref.Connection]; !ok {
			return nil, &engine.NotFoundError{What: "connection", Name: ref.Connection}
		}
	}
	n, err := a.Engine.Retry(r.Context(), ref, body.Category, actorOf(r.Context()))
	return retried{n}, err
}
