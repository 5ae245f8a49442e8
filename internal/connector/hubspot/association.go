package hubspot

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"crosswalk/internal/connector"
	"crosswalk/internal/record"
	"crosswalk/internal/rest"
)

// hasAssociations tells whether any of the fields stands for associations.
func hasAssociations(fields []string) bool {
	return slices.ContainsFunc(fields, func(f string) bool { _, _, is := connector.AssociationField(f); return is })
}

// wanted is one kind of associated record that a read asks for, and the fields to fill from it.
type wanted struct {
	to           kind
	all, primary []string
}

// wantedLinks gives the kinds whose associations are asked for, each once, by With or as fields.
func (c *Connector) wantedLinks(ctx context.Context, op string, with, fields []string) ([]wanted, error) {
	var out []wanted
	at := func(object string) (*wanted, error) {
		to, err := c.other(ctx, op, object)
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(out, func(w wanted) bool { return w.to.name == to.name })
		if i < 0 {
			i = len(out)
			out = append(out, wanted{to: to})
		}
		return &out[i], nil
	}
	for _, object := range with {
		if _, err := at(object); err != nil {
			return nil, err
		}
	}
	for _, f := range fields {
		object, primary, is := connector.AssociationField(f)
		if !is {
			continue
		}
		w, err := at(object)
		if err != nil {
			return nil, err
		}
		if primary {
			w.primary = append(w.primary, f)
		} else {
			w.all = append(w.all, f)
		}
	}
	return out, nil
}

// other is end, resolved for calls; the error names the end.
func (c *Connector) other(ctx context.Context, op, object string) (kind, error) {
	k, err := c.end(op, object)
	if err == nil && k.typeID == "" {
		k, err = c.resolve(ctx, op, object)
	}
	if err != nil {
		e := *asError(err)
		e.Fields = []string{connector.AllOf + object}
		return kind{}, &e
	}
	return k, nil
}

// relate reads the associations of the records and puts them into Related and into fields: associations.contacts is every
// id in order, primary.companies the one marked primary, or the only one.
func (c *Connector) relate(ctx context.Context, op string, k kind, records []*record.Record, with, fields []string) error {
	links, err := c.wantedLinks(ctx, op, with, fields)
	if err != nil {
		return err
	}
	ids := make([]string, 0, len(records))
	for _, r := range records {
		ids = append(ids, r.Ref.ID)
	}
	slices.Sort(ids) // the same calls whatever the order of a map
	ids = slices.Compact(ids)
	for _, w := range links {
		found, err := c.associations(ctx, op, k, w.to, ids)
		if err != nil {
			return err
		}
		for _, r := range records {
			of := related(found[r.Ref.ID])
			r.Related = append(r.Related, of...)
			for _, f := range w.all {
				r.Fields[f] = allOf(of)
			}
			for _, f := range w.primary {
				r.Fields[f] = primaryOf(of)
			}
		}
	}
	return nil
}

// Associations gives the records of another object that each of these is associated with, 1,000 ids a call and none
// for the records themselves: for sweeps, since HubSpot does not date an association's change (fact sheet 4). An id
// without any is not in the answer; that one does not exist cannot be told from it.
func (c *Connector) Associations(ctx context.Context, object, to string, ids []string) (map[string][]record.Related, error) {
	op := "associations of " + object
	k, err := c.resolve(ctx, op, object)
	if err != nil {
		return nil, err
	}
	end, err := c.other(ctx, op, to)
	if err != nil {
		return nil, err
	}
	asked := slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return !validID(id) })
	slices.Sort(asked)
	found, err := c.associations(ctx, op, k, end, slices.Compact(asked))
	if err != nil {
		return nil, err
	}
	out := map[string][]record.Related{}
	for id, list := range found {
		out[id] = related(list)
	}
	return out, nil
}

// byID orders ids as numbers, which they are.
func byID(a, b string) int {
	return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
}

func allOf(links []record.Related) record.Value {
	var ids []string
	for _, l := range links {
		ids = append(ids, l.Ref.ID)
	}
	slices.SortFunc(ids, byID)
	return record.Many(slices.Compact(ids)...)
}

func primaryOf(links []record.Related) record.Value {
	for _, l := range links {
		if l.Primary {
			return record.Of(l.Ref.ID)
		}
	}
	if len(links) == 1 {
		return record.Of(links[0].Ref.ID)
	}
	return record.Empty()
}

// association is one as HubSpot has it, with its types.
type association struct {
	record.Related
	types []linkType
}

func related(list []association) []record.Related {
	var out []record.Related
	for _, a := range list {
		out = append(out, a.Related)
	}
	return out
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
func (c *Connector) associations(ctx context.Context, op string, from, to kind, ids []string) (map[string][]association, error) {
	out := map[string][]association{}
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
func (c *Connector) linkPage(ctx context.Context, op string, from, to kind, page []linkInput, out map[string][]association, said map[string]bool) ([]linkInput, error) {
	body, err := json.Marshal(map[string]any{"inputs": page})
	if err != nil {
		return nil, &connector.Error{Fault: connector.Invalid, Op: op, Code: "request does not encode"}
	}
	var answer linkAnswer
	route := c.paths.associations + "/batch/read"
	if _, err := c.call(ctx, op, rest.Request{Method: http.MethodPost, Path: fill(route, "{from}", from.segment(), "{to}", to.segment()), Route: route,
		Bucket: BucketAssociations, Body: body, Safe: true}, &answer); err != nil {
		return nil, err
	}
	var more []linkInput
	for _, row := range answer.Results {
		id := row.From.ID.text
		said[id] = true
		for _, t := range row.To {
			link := association{Related: record.Related{Ref: c.ref(to, t.ID.text)}}
			for _, typ := range t.Types {
				link.types = append(link.types, linkType{typ.Category, typ.TypeID})
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
