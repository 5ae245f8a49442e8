package salesforce

import (
	"bytes"
	"context"
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

// Traits: a create carries our marker in a unique field, so that Salesforce itself refuses a second one and names the
// first (DUPLICATE_VALUE with its id). That is safer than an upsert by the marker, which would write the values of the
// first try over what somebody changed since. A query sees a record as soon as it was committed.
func (c *Connector) Traits(object string) connector.Traits {
	if !slices.Contains(c.Objects(), object) {
		return connector.Traits{}
	}
	return connector.Traits{MarkerField: MarkerField, Keyed: true, StrongLook: true, Settle: c.Settle, Deadline: c.Client.Deadline, Rows: maxCollection * maxCollections}
}

// Encode gives the row that a create sends inside its collection: attributes first, then the fields by name, so that the
// same write always gives the same bytes (A6). It makes no call once the object was described; the first one in a process
// describes it, and the object that an association goes through.
func (c *Connector) Encode(w connector.Write) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), c.Client.Deadline)
	defer cancel()
	return c.encode(ctx, w)
}

func (c *Connector) encode(ctx context.Context, w connector.Write) ([]byte, error) {
	op := string(w.Op) + " " + w.Object
	object, err := c.object(op, w.Object)
	if err != nil {
		return nil, err
	}
	if len(w.Children) > 0 {
		return nil, &connector.Error{Fault: connector.Invalid, Op: op, Code: "Salesforce takes no children inline: create them as records of their own"}
	}
	s, err := c.schema(ctx, op, object)
	if err != nil {
		return nil, err
	}
	body, bad, err := c.encodeRow(ctx, op, s, w)
	if err == nil && len(bad) > 0 && len(c.recheck(ctx, op, object, bad)) > 0 {
		if s, err = c.schema(ctx, op, object); err != nil {
			return nil, err
		}
		body, bad, err = c.encodeRow(ctx, op, s, w)
	}
	if err != nil {
		return nil, err
	}
	if len(bad) > 0 {
		return nil, &connector.Error{Fault: connector.Invalid, Op: op, Code: "bad value or field", Fields: bad}
	}
	return body, nil
}

// encodeRow encodes what of a write goes into its own row.
func (c *Connector) encodeRow(ctx context.Context, op string, s *schema, w connector.Write) (body []byte, bad []string, err error) {
	own, _, wrong, err := c.part(ctx, op, s, w)
	if err != nil {
		return nil, nil, err
	}
	w.Fields = own
	body, bad = encodeFields(s, w)
	bad = append(bad, wrong...)
	slices.Sort(bad)
	return body, bad, nil
}

// recheckAge is how old a describe must be for a refused value to be checked against a newer one: an administrator may
// just have made the field or the picklist value.
const recheckAge = time.Minute

// recheck describes the object again when its describe is not fresh, and gives the fields it is worth trying again for.
func (c *Connector) recheck(ctx context.Context, op, object string, bad []string) []string {
	old := c.described(object)
	fresh, err := c.describe(ctx, op, object, recheckAge)
	if err != nil || old != nil && fresh.modified == old.modified && fresh.modified != "" {
		return nil
	}
	if old != nil && fresh.at.Equal(old.at) {
		return nil
	}
	return bad
}

// encodeFields writes the JSON of a row, and names the fields that cannot be written, without their values.
func encodeFields(s *schema, w connector.Write) (body []byte, bad []string) {
	out := append([]byte(`{"attributes":{"type":`), mustJSON(s.Name)...)
	out = append(out, '}')
	if w.Op == connector.OpUpdate {
		out = append(append(out, `,"id":`...), mustJSON(w.ID)...)
	}
	for _, name := range slices.Sorted(maps.Keys(w.Fields)) {
		v := w.Fields[name]
		if v.Kind() == record.Absent {
			continue
		}
		p, ok := s.field(name)
		var raw []byte
		if ok = ok && v.Known() && p.writable(w.Op); ok {
			raw, ok = p.encode(v)
		}
		if ok && slices.Contains([]string{"picklist"}, p.Type) && kindOf(s.Name).closed == name {
			ok = p.offers(v)
		}
		if !ok {
			bad = append(bad, name)
			continue
		}
		if string(raw) == "null" && w.Op == connector.OpCreate {
			continue
		}
		out = append(append(append(append(out, ','), mustJSON(name)...), ':'), raw...)
	}
	return append(out, '}'), bad
}

func (p property) writable(op connector.Op) bool {
	if op == connector.OpCreate {
		return p.Createable
	}
	return p.Updateable
}

// offers tells whether a picklist has the value among its active ones.
func (p property) offers(v record.Value) bool {
	if v.Blank() {
		return true
	}
	for _, o := range p.Values {
		if o.Active && o.Value == v.Text() {
			return true
		}
	}
	return len(p.Values) == 0
}

var (
	numberForm  = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^-?\d{1,30}(\.\d{1,30})?$`) })
	integerForm = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^-?\d{1,30}$`) })
	timeForm    = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^\d\d:\d\d:\d\d(\.\d{1,3})?Z$`) })
)

var null = []byte("null")

// encode gives a value its JSON, by the field's type. Blank clears: Salesforce keeps no empty text (fact sheet 4).
func (p property) encode(v record.Value) ([]byte, bool) {
	text := v.Text()
	if v.Blank() {
		return null, p.Type != "boolean" && (p.Nillable || p.Createable || p.Updateable)
	}
	if !utf8.ValidString(text) {
		return nil, false
	}
	switch p.Type {
	case "boolean":
		return []byte(text), text == "true" || text == "false"
	case "int", "long":
		return []byte(trimZeros(text)), integerForm().MatchString(text)
	case "double", "currency", "percent":
		return []byte(trimZeros(text)), numberForm().MatchString(text)
	case "date":
		_, err := time.Parse(time.DateOnly, text)
		return mustJSON(text), err == nil
	case "datetime":
		t, err := parseStamp(text)
		return mustJSON(t.UTC().Format("2006-01-02T15:04:05.000Z")), err == nil
	case "time":
		return mustJSON(text), timeForm().MatchString(text)
	case "reference", "id":
		id, ok := ID(text)
		return mustJSON(id), ok
	}
	return mustJSON(text), p.Length == 0 || utf8.RuneCountInString(text) <= p.Length
}

// trimZeros takes leading zeros from a number, which JSON does not allow.
func trimZeros(text string) string {
	digits, negative := strings.CutPrefix(text, "-")
	digits = strings.TrimLeft(digits, "0")
	if digits == "" || digits[0] == '.' {
		digits = "0" + digits
	}
	if negative {
		return "-" + digits
	}
	return digits
}

// keptRow reads what a kept body says of itself.
type keptRow struct {
	Attributes struct {
		Type string `json:"type"`
	} `json:"attributes"`
	Marker string `json:"crosswalk_key__c"`
}

func parseKept(body []byte, object string) (keptRow, bool) {
	var kept keptRow
	d := json.NewDecoder(bytes.NewReader(body))
	return kept, d.Decode(&kept) == nil && kept.Attributes.Type == object
}
