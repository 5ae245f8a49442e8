package hubspot

import (
	"encoding/json"
	"strconv"
)

type filter struct {
	Property string   `json:"propertyName"`
	Operator string   `json:"operator"`
	Value    string   `json:"value,omitempty"`
	Values   []string `json:"values,omitempty"`
}

type filterGroup struct {
	Filters []filter `json:"filters"`
}

type search struct {
	Groups     []filterGroup `json:"filterGroups"`
	Sorts      []sortRule    `json:"sorts"`
	Properties []string      `json:"properties"`
	Limit      int           `json:"limit"`
	After      string        `json:"after,omitempty"` // an offset, as text
}

type sortRule struct {
	Property  string `json:"propertyName"`
	Direction string `json:"direction"`
}

// searchBody makes the request. When the property names do not fit HubSpot's 3,000 characters, inline is false and
// the fields are read by batch afterwards.
func searchBody(k kind, at cursor, fields []string, limit int) (body []byte, inline bool) {
	q := search{Groups: at.groups(k), Sorts: []sortRule{{k.modified, "ASCENDING"}}, Properties: k.properties(fields), Limit: limit}
	if at.Tie != "" {
		q.Sorts[0].Property = "hs_object_id"
	}
	if at.Offset > 0 {
		q.After, q.Limit = strconv.Itoa(at.Offset), min(limit, maxWindow-at.Offset)
	}
	body = mustJSON(q)
	if len(body) <= maxSearchBody {
		return body, true
	}
	q.Properties = k.needed()
	return mustJSON(q), false
}

// groups are OR-ed, the filters in each AND-ed.
func (at cursor) groups(k kind) []filterGroup {
	since := strconv.FormatInt(at.Since, 10)
	switch {
	case at.Tie != "":
		return []filterGroup{{[]filter{{Property: k.modified, Operator: "EQ", Value: since}, {Property: "hs_object_id", Operator: "GT", Value: at.Tie}}}}
	case at.All:
		return []filterGroup{}
	case len(at.Seen) == 0:
		return []filterGroup{{[]filter{{Property: k.modified, Operator: "GTE", Value: since}}}}
	}
	return []filterGroup{
		{[]filter{{Property: k.modified, Operator: "GT", Value: since}}},
		{[]filter{{Property: k.modified, Operator: "EQ", Value: since}, {Property: "hs_object_id", Operator: "NOT_IN", Values: at.Seen}}},
	}
}

// mustJSON encodes values of plain strings and numbers, which cannot fail.
func mustJSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic("hubspot: a search does not encode: " + err.Error())
	}
	return b
}
