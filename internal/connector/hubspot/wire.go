package hubspot

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/record"
)

// scalar is an id or a value that comes as text or as a number; digits are kept as sent.
type scalar struct {
	text string
	null bool
	sent bool
}

// UnmarshalJSON takes any JSON value; a nested one is kept as its own text.
func (s *scalar) UnmarshalJSON(b []byte) error {
	s.sent = true
	switch {
	case string(b) == "null":
		s.null = true
		return nil
	case b[0] == '"':
		return json.Unmarshal(b, &s.text)
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, b); err != nil {
		return err
	}
	s.text = compact.String()
	return nil
}

func (s scalar) value() record.Value {
	switch {
	case !s.sent:
		return record.Value{}
	case s.null:
		return record.Empty()
	}
	return record.Of(s.text)
}

// wireRecord is a record as every object call shows it (fact sheet 4).
type wireRecord struct {
	ID         scalar            `json:"id"`
	Properties map[string]scalar `json:"properties"`
	CreatedAt  time.Time         `json:"createdAt"`
	UpdatedAt  time.Time         `json:"updatedAt"`
	Archived   bool              `json:"archived"`
	TraceID    scalar            `json:"objectWriteTraceId"`
}

type paging struct {
	Next *struct {
		After scalar `json:"after"`
	} `json:"next"`
}

// batchAnswer is what every batch call answers, whole or in part (207).
type batchAnswer struct {
	Results   []wireRecord `json:"results"`
	Errors    []wireError  `json:"errors"`
	NumErrors int          `json:"numErrors"`
	Paging    paging       `json:"paging"`
	Total     *int         `json:"total"`
}

var errShape = errors.New("the answer has another shape")

// decode reads one JSON value. A batch or a record without its list or id is refused: an empty struct would look
// like an empty answer.
func decode(body []byte, out any) error {
	if err := json.Unmarshal(body, out); err != nil {
		return errShape
	}
	switch v := out.(type) {
	case *batchAnswer:
		if v.Results == nil && len(v.Errors) == 0 {
			return errShape
		}
	case *wireRecord:
		if !validID(v.ID.text) {
			return errShape
		}
	}
	return nil
}

// needed is what we ask for beside what the caller wants: stamps and origin.
func (k kind) needed() []string {
	names := []string{k.modified, "hs_object_source", "hs_object_source_id"}
	if k.merges() {
		names = append(names, mergedIDs)
	}
	return names
}

// properties gives the property names of a request: wanted ones without associations, and those we need ourselves.
func (k kind) properties(wanted []string) []string {
	names := map[string]bool{}
	for _, f := range wanted {
		if _, _, is := connector.AssociationField(f); !is && f != "" {
			names[f] = true
		}
	}
	for _, f := range k.needed() {
		names[f] = true
	}
	return slices.Sorted(maps.Keys(names))
}

// record turns HubSpot's form into ours, with the wanted fields only. A property that was asked for and is not in
// the answer is not defined in this account: it stays absent.
func (c *Connector) record(k kind, w wireRecord, wanted []string) *record.Record {
	r := &record.Record{Ref: c.ref(k, w.ID.text), Fields: map[string]record.Value{}, Created: w.CreatedAt.UTC(), Archived: w.Archived}
	for _, f := range wanted {
		if v := w.Properties[f].value(); v.Kind() != record.Absent {
			r.Fields[f] = v
		}
	}
	r.Modified = w.stamp(k)
	if k.merges() {
		for id := range strings.SplitSeq(w.Properties[mergedIDs].text, ";") {
			if validID(id) && id != w.ID.text {
				r.Was = append(r.Was, c.ref(k, id))
			}
		}
	}
	r.Own = c.AppID != "" && w.Properties["hs_object_source"].text == "INTEGRATION" && w.Properties["hs_object_source_id"].text == c.AppID
	return r
}

// stamp is the last-modified property; the record's updatedAt only where the property was not sent.
func (w wireRecord) stamp(k kind) time.Time {
	if t, err := time.Parse(time.RFC3339Nano, w.Properties[k.modified].text); err == nil {
		return t.UTC()
	}
	return w.UpdatedAt.UTC()
}
