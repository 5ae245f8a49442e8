package hubspot

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/record"
	"crosswalk/internal/rest"
)

// maxHistory is how many records one read with history may ask for: the highest number anybody was seen to get (fact
// sheet 4: history lowers the maximum).
const maxHistory = 50

// wireHistory is a record with the past of its properties.
type wireHistory struct {
	ID      scalar                  `json:"id"`
	History map[string][]wireChange `json:"propertiesWithHistory"`
}

type wireChange struct {
	Value  scalar    `json:"value"`
	At     time.Time `json:"timestamp"`
	Source string    `json:"sourceType"`
	By     scalar    `json:"sourceId"`
}

// History gives what HubSpot keeps of a record's properties: about twenty values each, newest first. Ours is a change
// whose source is the integration with our app's id; without Config.AppID none is, and another credential of the same
// app cannot be told from ours. Associations have no history.
func (c *Connector) History(ctx context.Context, object, id string, fields []string) (map[string][]connector.FieldChange, error) {
	all, err := c.Histories(ctx, object, []string{id}, fields)
	if err != nil || all[id] != nil {
		return all[id], err
	}
	return c.aliasHistory(ctx, object, id, fields)
}

// Histories gives the history of many records, 50 a call. A record that a batch does not know (gone, or merged away) is
// not in the answer; History follows merges.
func (c *Connector) Histories(ctx context.Context, object string, ids, fields []string) (map[string]map[string][]connector.FieldChange, error) {
	op := "history of " + object
	k, err := c.resolve(ctx, op, object)
	if err != nil {
		return nil, err
	}
	names := historic(fields)
	out := map[string]map[string][]connector.FieldChange{}
	asked := slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return !validID(id) })
	slices.Sort(asked)
	if len(names) == 0 {
		return out, nil
	}
	for _, chunk := range c.chunks(slices.Compact(asked), min(c.Batch, maxHistory)) {
		in := batchRead{Properties: []string{k.modified}, History: names}
		for _, id := range chunk {
			in.Inputs = append(in.Inputs, batchInput{id})
		}
		var answer struct {
			Results []wireHistory `json:"results"`
			Errors  []wireError   `json:"errors"`
		}
		route := c.paths.objects + "/batch/read"
		_, err := c.call(ctx, op, rest.Request{Method: http.MethodPost, Path: fill(route, "{type}", k.segment()), Route: route, Body: mustJSON(in), Safe: true}, &answer)
		if err != nil {
			return nil, err
		}
		if answer.Results == nil && len(answer.Errors) == 0 {
			return nil, &connector.Error{Fault: connector.Unavailable, Op: op, Code: "no list in the answer"}
		}
		for _, w := range answer.Results {
			out[w.ID.text] = c.changes(w, names)
		}
	}
	return out, nil
}

// aliasHistory asks by the only path that follows merges (fact sheet 4). A record that is gone has no history.
func (c *Connector) aliasHistory(ctx context.Context, object, id string, fields []string) (map[string][]connector.FieldChange, error) {
	op := "history of " + object
	names := historic(fields)
	if !validID(id) || len(names) == 0 {
		return nil, nil
	}
	k, err := c.resolve(ctx, op, object)
	if err != nil {
		return nil, err
	}
	route := c.paths.objects + "/{id}"
	query := url.Values{"properties": {k.modified}}
	long := len(strings.Join(names, ",")) > maxQuery
	if !long {
		query.Set("propertiesWithHistory", strings.Join(names, ","))
	}
	var raw json.RawMessage
	_, err = c.call(ctx, op, rest.Request{Path: fill(route, "{type}", k.segment(), "{id}", id), Route: route, Query: query, Safe: true}, &raw)
	if connector.FaultOf(err) == connector.Missing {
		return nil, nil
	}
	var w wireHistory
	if err == nil && (json.Unmarshal(raw, &w) != nil || !validID(w.ID.text)) {
		err = &connector.Error{Fault: connector.Unavailable, Op: op, Code: "malformed answer"}
	}
	if err != nil {
		return nil, err
	}
	if long && w.ID.text != id {
		all, err := c.Histories(ctx, object, []string{w.ID.text}, fields)
		return all[w.ID.text], err
	}
	return c.changes(w, names), nil
}

// historic leaves out what has no history.
func historic(fields []string) []string {
	var out []string
	for _, f := range fields {
		if propertyForm().MatchString(f) && !slices.Contains(out, f) {
			out = append(out, f)
		}
	}
	return out
}

func (c *Connector) changes(w wireHistory, names []string) map[string][]connector.FieldChange {
	out := map[string][]connector.FieldChange{}
	for _, name := range names {
		var list []connector.FieldChange
		for _, v := range w.History[name] {
			value := v.Value.value()
			if value.Kind() == record.Absent {
				value = record.Empty()
			}
			list = append(list, connector.FieldChange{At: v.At.UTC(), Value: value, Ours: c.AppID != "" && v.Source == "INTEGRATION" && v.By.text == c.AppID})
		}
		slices.SortStableFunc(list, func(a, b connector.FieldChange) int { return b.At.Compare(a.At) })
		if len(list) > 0 {
			out[name] = list
		}
	}
	return out
}
