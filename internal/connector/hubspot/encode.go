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
// exists is refused and answered as Exists with that record's id. An object that takes no property with unique values has no
// MarkerField, and an unknown outcome of its creates must be held: those named in Config.Unmarked, and those for which
// Provision or Describe found so in this process.
func (c *Connector) Traits(object string) connector.Traits {
	if _, err := c.kind("traits", object); err != nil {
		return connector.Traits{}
	}
	t := connector.Traits{Settle: c.Settle, Deadline: c.Client.Deadline, Rows: maxBatch}
	if object != Submissions && c.markable(object) {
		t.MarkerField, t.StrongLook = MarkerField, true
	}
	return t
}

// markable tells whether the object's records can bear the marker, as far as is known.
func (c *Connector) markable(object string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.bare[object] && !slices.Contains(c.Unmarked, object)
}

// unmarkable notes what was learnt about an object's marker.
func (c *Connector) unmarkable(object string, bare bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.bare[object] = bare
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
	row := createRow{Properties: properties, Associations: inline(k, links), TraceID: traceID(w.Key)}
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
		if _, _, is := connector.AssociationField(name); is {
			var ok bool
			if links, ok = c.linkField(op, k, name, v, links); !ok {
				bad = append(bad, name)
			}
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
