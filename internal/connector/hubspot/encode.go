package hubspot

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"crosswalk/internal/connector"
	"crosswalk/internal/record"
)

// Traits: creates are made safe by the unique marker property. A second create with the marker of a record that
// exists is refused and answered as Exists with that record's id.
func (c *Connector) Traits(object string) connector.Traits {
	if _, ok := kindBy(func(k kind) bool { return k.name == object }); !ok {
		return connector.Traits{}
	}
	deadline := c.Client.Deadline
	return connector.Traits{MarkerField: MarkerField, StrongLook: true, Settle: c.Settle, Deadline: deadline}
}

// createRow is one input of batch/create; maps encode in key order, so that the bytes are the same every time.
type createRow struct {
	Properties   map[string]string `json:"properties"`
	Associations []linkRow         `json:"associations,omitempty"`
	TraceID      string            `json:"objectWriteTraceId,omitempty"`
}

type linkRow struct {
	To    batchInput `json:"to"`
	Types []linkType `json:"types"`
}

type linkType struct {
	Category string `json:"associationCategory"`
	TypeID   int    `json:"associationTypeId"`
}

// updateRow is one input of batch/update.
type updateRow struct {
	ID         string            `json:"id"`
	Properties map[string]string `json:"properties"`
	TraceID    string            `json:"objectWriteTraceId"`
}

// Encode gives the row that a create sends inside its batch.
func (c *Connector) Encode(w connector.Write) ([]byte, error) {
	op := "create " + w.Object
	k, err := c.kind(op, w.Object)
	if err != nil {
		return nil, err
	}
	if len(w.Children) > 0 {
		return nil, &connector.Error{Fault: connector.Invalid, Op: op, Code: "HubSpot takes no children inline: create them as records of their own"}
	}
	properties, links, err := c.split(op, k, w)
	if err != nil {
		return nil, err
	}
	row := createRow{Properties: properties, TraceID: traceID(w.Key)}
	for _, l := range links {
		for _, id := range l.ids {
			row.Associations = append(row.Associations, linkRow{To: batchInput{id}, Types: []linkType{{"HUBSPOT_DEFINED", l.joint.plain}}})
		}
	}
	return encoded(row)
}

// encoded is JSON without HTML escapes, which would only make bodies longer.
func encoded(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, &connector.Error{Fault: connector.Invalid, Op: "encode", Code: "values do not encode"}
	}
	return bytes.TrimSpace(b.Bytes()), nil
}

// traceID marks a row within its batch; a hash, so that a key of any length and content will do.
func traceID(key string) string {
	if key == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:12])
}

// linkWrite is an association field that a write sets.
type linkWrite struct {
	field string
	to    kind
	joint joint
	ids   []string
}

// split checks the fields of a write and sorts them into properties and associations. The error names every bad
// field and quotes no value.
func (c *Connector) split(op string, k kind, w connector.Write) (map[string]string, []linkWrite, error) {
	properties := map[string]string{}
	var links []linkWrite
	var bad []string
	for _, name := range slices.Sorted(maps.Keys(w.Fields)) {
		v := w.Fields[name]
		if v.Kind() == record.Absent {
			continue
		}
		if to, is := associated(name); is {
			j, known := joints[pair{k.name, to.name}]
			if !known || !v.Known() || slices.ContainsFunc(v.List(), func(id string) bool { return !validID(id) }) {
				bad = append(bad, name)
				continue
			}
			links = append(links, linkWrite{name, to, j, v.List()})
			continue
		}
		if !v.Known() || !propertyForm().MatchString(name) || isSystem(name, k) || !c.fits(k, name, v) {
			bad = append(bad, name)
			continue
		}
		if v.Kind() != record.Null || w.Op != connector.OpCreate {
			properties[name] = v.Text() // "" clears; JSON null would be ignored (fact sheet 4)
		}
	}
	if len(bad) > 0 {
		return nil, nil, &connector.Error{Fault: connector.Invalid, Op: op, Code: "bad value or field", Fields: bad}
	}
	return properties, links, nil
}

var (
	numberForm = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^-?\d{1,30}(\.\d{1,30})?$`) })
	instant    = []string{time.RFC3339Nano, time.DateOnly}
)

// fits checks a value as far as it can be known without a call: by the definitions that Describe last saw.
func (c *Connector) fits(k kind, name string, v record.Value) bool {
	text := v.Text()
	if !utf8.ValidString(text) || utf8.RuneCountInString(text) > maxText {
		return false
	}
	c.mu.Lock()
	p := c.fields[k.name][name]
	c.mu.Unlock()
	if text == "" {
		return true
	}
	switch p.Type {
	case "number":
		return numberForm().MatchString(text)
	case "bool":
		return text == "true" || text == "false"
	case "date", "datetime":
		return slices.ContainsFunc(instant, func(form string) bool { _, err := time.Parse(form, text); return err == nil })
	case "enumeration":
		return p.FieldType == "checkbox" || !strings.Contains(text, ";")
	}
	return true
}
