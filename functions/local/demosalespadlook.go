package main

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"crosswalk/internal/connector/hubspot/hubspottest"
	"crosswalk/internal/connector/salespad/salespadtest"
	"crosswalk/internal/web"
)

// The outsider of HubSpot and SalesPad: what stands in both systems, and who wrote it.

// padObjects are the objects of HubSpot that this pair writes.
var padObjects = []string{"companies", "contacts", "products", "deals", "line_items"}

// padWrites counts what was written: SalesPad's effects that are not a person's, and HubSpot's calls that write records.
func (w *padWorld) padWrites() int { return len(w.ours("")) + w.hubWrites() }

// hubWrites counts the calls that write records, whatever came of them.
func (w *padWorld) hubWrites() (n int) {
	for call, times := range w.hubspot.Calls() {
		method, path, _ := strings.Cut(call, " ")
		reads := method == "GET" || !strings.Contains(path, "/crm/") || strings.HasSuffix(path, "/search") || strings.HasSuffix(path, "/read") || strings.Contains(path, "/properties")
		if !reads {
			n += times
		}
	}
	return n
}

// ours are the effects at SalesPad that are Crosswalk's: of one kind, or all of them for "".
func (w *padWorld) ours(did string, resources ...string) []salespadtest.Effect {
	return slices.DeleteFunc(w.salespad.Log(), func(e salespadtest.Effect) bool {
		return e.By == salespadtest.Person || did != "" && e.Did != did || len(resources) > 0 && !slices.Contains(resources, e.Resource)
	})
}

// stamps are when each record of HubSpot was last changed, by object and id.
func (w *padWorld) stamps() map[string]time.Time {
	out := map[string]time.Time{}
	for _, object := range padObjects {
		for _, r := range w.hubspot.Records(object) {
			if !r.Archived && r.MergedInto == "" {
				out[object+"/"+r.ID] = r.UpdatedAt
			}
		}
	}
	return out
}

// moved are the records of HubSpot that were made or changed since, with the objects given, or all.
func (w *padWorld) moved(since map[string]time.Time, objects ...string) (out []string) {
	for ref, at := range w.stamps() {
		object, _, _ := strings.Cut(ref, "/")
		if was, there := since[ref]; (len(objects) == 0 || slices.Contains(objects, object)) && (!there || !was.Equal(at)) {
			out = append(out, ref)
		}
	}
	slices.Sort(out)
	return out
}

// made are the records of HubSpot that were not there before.
func (w *padWorld) made(before map[string]time.Time, object string) (out []hubspottest.Record) {
	for _, r := range w.hubspot.Records(object) {
		if _, there := before[object+"/"+r.ID]; !there && !r.Archived && r.MergedInto == "" {
			out = append(out, r)
		}
	}
	return out
}

// joined are what Crosswalk has linked: by id at HubSpot the record of SalesPad as object/id, of companies or of contacts.
func (p *padRun) joined(ctx context.Context, object string) (map[string]string, error) {
	out := map[string]string{}
	for after := ""; ; {
		page, err := get[web.Links](ctx, p.api, "/links", "state", "linked", "limit", "500", "after", after)
		if err != nil {
			return nil, err
		}
		for _, l := range page.Links {
			if id, ok := strings.CutPrefix(l.Ref, "hubspot:"+object+"/"); ok {
				to, err := url.PathUnescape(strings.TrimPrefix(l.Target, "salespad:")) // a key of two parts has a bar between them
				if err != nil {
					return nil, err
				}
				out[id] = to
			}
		}
		if after = page.Next; after == "" {
			return out, nil
		}
	}
}

// reviewed are the companies and contacts that wait for a person.
func (p *padRun) reviewed(ctx context.Context) (map[string]bool, error) {
	list, err := padJSON[web.Reviews](ctx, p, "reviews")
	out := map[string]bool{}
	for _, r := range list.Reviews {
		out[strings.TrimPrefix(r.Ref, "hubspot:")] = true
	}
	return out, err
}

// wants says in which fields a record is not as it must be; "" for none.
func wants(what string, got map[string]string, pairs ...string) string {
	var odd []string
	for n := 0; n+1 < len(pairs); n += 2 {
		if is := got[pairs[n]]; is != pairs[n+1] {
			odd = append(odd, fmt.Sprintf("%s is %q, want %q", pairs[n], is, pairs[n+1]))
		}
	}
	if len(odd) == 0 {
		return ""
	}
	return what + ": " + strings.Join(odd, ", ")
}

// gather leaves out the empty ones.
func gather(odd ...string) []string {
	return slices.DeleteFunc(odd, func(s string) bool { return s == "" })
}

// only gives the record of a resource that has a value in a field, and says what is there when it is not one.
func (w *padWorld) only(resource, field, value string) (salespadtest.Record, string) {
	var found []salespadtest.Record
	for _, r := range w.salespad.All(resource) {
		if r.Fields[field] == value {
			found = append(found, r)
		}
	}
	if len(found) != 1 {
		return salespadtest.Record{}, fmt.Sprintf("%d of %s at SalesPad have %s %q, want one", len(found), resource, field, value)
	}
	return found[0], ""
}

// onlyHub is only for HubSpot.
func (w *padWorld) onlyHub(object, property, value string) (hubspottest.Record, string) {
	found := w.hubspot.Find(object, property, value)
	if len(found) != 1 {
		return hubspottest.Record{}, fmt.Sprintf("%d %s at HubSpot have %s %q, want one", len(found), object, property, value)
	}
	return found[0], ""
}
