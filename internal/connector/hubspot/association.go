package hubspot

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"crosswalk/internal/connector"
	"crosswalk/internal/record"
	"crosswalk/internal/rest"
)

// wantedKinds gives the kinds whose associations are asked for, each once.
func wantedKinds(with, fields []string) []kind {
	var out []kind
	add := func(k kind) {
		if !slices.Contains(out, k) {
			out = append(out, k)
		}
	}
	for _, name := range with {
		if k, ok := kindNamed(name); ok {
			add(k)
		}
	}
	for _, f := range fields {
		if k, ok := associated(f); ok {
			add(k)
		}
	}
	return out
}

// relate reads the associations of the records and puts them into Related and into fields like
// associations.company, whose value is the primary's id, else the only one's, else all ids.
func (c *Connector) relate(ctx context.Context, op string, k kind, records []*record.Record, with, fields []string) error {
	ids := make([]string, 0, len(records))
	for _, r := range records {
		ids = append(ids, r.Ref.ID)
	}
	slices.Sort(ids) // the same calls whatever the order of a map
	ids = slices.Compact(ids)
	for _, name := range with {
		if _, ok := kindNamed(name); !ok {
			return &connector.Error{Fault: connector.Invalid, Op: op, Code: "no such associated object"}
		}
	}
	for _, to := range wantedKinds(with, fields) {
		links, err := c.associations(ctx, op, k, to, ids)
		if err != nil {
			return err
		}
		for _, r := range records {
			r.Related = append(r.Related, links[r.Ref.ID]...)
			if f := "associations." + to.singular; slices.Contains(fields, f) {
				r.Fields[f] = linkValue(links[r.Ref.ID])
			}
		}
	}
	return nil
}

func linkValue(links []record.Related) record.Value {
	var ids []string
	for _, l := range links {
		if l.Primary {
			return record.Of(l.Ref.ID)
		}
		ids = append(ids, l.Ref.ID)
	}
	switch len(ids) {
	case 0:
		return record.Empty()
	case 1:
		return record.Of(ids[0])
	}
	return record.Many(ids...)
}

// linkInput asks for one record's associations, from a page on.
type linkInput struct {
	ID    string `json:"id"`
	After string `json:"after,omitempty"`
}

type linkAnswer struct {
	Results []struct {
		From struct {
			ID scalar `json:"id"`
		} `json:"from"`
		To []struct {
			ID    scalar `json:"toObjectId"` // number in examples, text in the specification
			Types []struct {
				Category string `json:"category"`
				TypeID   int    `json:"typeId"`
				Label    string `json:"label"`
			} `json:"associationTypes"`
		} `json:"to"`
		Paging paging `json:"paging"`
	} `json:"results"`
	Errors []wireError `json:"errors"`
}

// associations gives the associations of each id with one kind. An id that is not in the answer is asked again once
// and then fails the call: zero associations are said, never assumed.
func (c *Connector) associations(ctx context.Context, op string, from, to kind, ids []string) (map[string][]record.Related, error) {
	out := map[string][]record.Related{}
	said := map[string]bool{}
	var todo []linkInput
	for _, id := range ids {
		todo = append(todo, linkInput{ID: id})
	}
	again := map[string]bool{}
	for len(todo) > 0 {
		n := min(len(todo), c.AssociationPage)
		page := todo[:n]
		more, err := c.linkPage(ctx, op, from, to, page, out, said)
		if err != nil {
			return nil, err
		}
		todo = append(todo[n:], more...)
		for _, in := range page {
			if said[in.ID] {
				continue
			}
			if again[in.ID] {
				return nil, &connector.Error{Fault: connector.Unavailable, Op: op, Code: "associations left out of the answer"}
			}
			again[in.ID] = true
			todo = append(todo, in)
		}
	}
	return out, nil
}

// linkPage makes one call and gives the inputs of the pages that follow.
func (c *Connector) linkPage(ctx context.Context, op string, from, to kind, page []linkInput, out map[string][]record.Related, said map[string]bool) ([]linkInput, error) {
	body, err := json.Marshal(map[string]any{"inputs": page})
	if err != nil {
		return nil, &connector.Error{Fault: connector.Invalid, Op: op, Code: "request does not encode"}
	}
	var answer linkAnswer
	route := c.paths.associations + "/batch/read"
	if _, err := c.call(ctx, op, rest.Request{Method: http.MethodPost, Path: fill(route, "{from}", from.name, "{to}", to.name), Route: route,
		Bucket: BucketAssociations, Body: body, Safe: true}, &answer); err != nil {
		return nil, err
	}
	var more []linkInput
	for _, row := range answer.Results {
		id := row.From.ID.text
		said[id] = true
		for _, t := range row.To {
			link := record.Related{Ref: c.ref(to, t.ID.text)}
			for _, typ := range t.Types {
				if typ.Category == "HUBSPOT_DEFINED" && typ.TypeID != 0 && typ.TypeID == joints[pair{from.name, to.name}].primary {
					link.Primary = true
				}
				if typ.Label != "" {
					link.Labels = append(link.Labels, typ.Label)
				}
			}
			out[id] = append(out[id], link)
		}
		if row.Paging.Next != nil && row.Paging.Next.After.text != "" {
			more = append(more, linkInput{ID: id, After: row.Paging.Next.After.text})
		}
	}
	return more, noneSaid(op, answer.Errors, said)
}

// noneSaid notes the ids that the answer says have no associations: an error item in HubSpot's eyes, zero in ours.
func noneSaid(op string, errs []wireError, said map[string]bool) error {
	for _, w := range errs {
		if !strings.Contains(w.SubCategory, "NO_ASSOCIATIONS_FOUND") {
			return w.fault(op)
		}
		for _, id := range w.Context["fromObjectId"] {
			said[id] = true
		}
	}
	return nil
}
