package salesforcetest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// overflowID is the record id of a GAP_OVERFLOW event.
const overflowID = "000000000000000AAA"

// capture is one change event before it is written.
type capture struct {
	object  *object
	kind    string // changeType
	ids     []string
	fields  []string // changed field names, without system fields
	payload pairs    // body fields
	changed []string // changedFields
	nulled  []string // nulledFields
}

func (e *capture) gap() bool { return strings.HasPrefix(e.kind, "GAP_") }

// asGap keeps the header only.
func (e *capture) asGap(wildcard bool) *capture {
	g := &capture{object: e.object, kind: "GAP_" + e.kind, ids: e.ids}
	if wildcard {
		g.ids = []string{e.object.KeyPrefix + "*"}
	}
	return g
}

func (e *capture) overflow() *capture {
	return &capture{object: e.object, kind: "GAP_OVERFLOW", ids: []string{overflowID}}
}

var changeTypes = map[ChangeKind]string{Create: "CREATE", Update: "UPDATE", Delete: "DELETE", Undelete: "UNDELETE", MergedAway: "DELETE"}

// mergeChanges makes the events of a transaction: the selected entities only, and
// one event for records of one object to which the same happened (section 17.2).
// Changes of formula fields alone make none.
func (s *Sim) mergeChanges(c Commit) []*capture {
	var out []*capture
	same := map[string]*capture{}
	for _, ch := range c.Changes {
		e := s.capture(c, ch)
		if e == nil {
			continue
		}
		key := e.key()
		if first := same[key]; first != nil {
			first.ids = append(first.ids, ch.ID)
			continue
		}
		same[key] = e
		out = append(out, e)
	}
	return out
}

// key is equal for events that can be one.
func (e *capture) key() string {
	return string(appendJSON(nil, pairs{{"kind", e.object.Name + e.kind}, {"changed", e.changed}, {"body", e.payload}}))
}

// capture makes the event of one change, nil if there is none.
func (s *Sim) capture(c Commit, ch Change) *capture {
	o := s.object(ch.Object)
	r := s.records[ch.ID[:15]]
	if o == nil || r == nil || !slices.ContainsFunc(s.extra.relay.cfg.Objects, func(n string) bool { return strings.EqualFold(n, o.Name) }) {
		return nil
	}
	e := &capture{object: o, kind: changeTypes[ch.Kind], ids: []string{ch.ID}}
	var body []*Field
	switch ch.Kind {
	case Create, Undelete:
		for _, f := range o.fields {
			if captured(o, f) && r.get(f) != nil {
				body = append(body, f)
			}
		}
		e.fields = ch.Fields
	case Update:
		body = s.changed(c, ch, r, e)
		if len(e.fields) == 0 {
			return nil
		}
	}
	for _, name := range s.extra.relay.cfg.Enriched[o.Name] {
		if f := o.field(name); f != nil && !slices.Contains(body, f) {
			body = append(body, f)
		}
	}
	for _, f := range body {
		e.put(f, r.get(f))
	}
	return e
}

// changed lists the fields of an update. LastModifiedDate is always there, and
// LastModifiedById when it is somebody else than last time.
func (s *Sim) changed(c Commit, ch Change, r *record, e *capture) (body []*Field) {
	for _, f := range r.o.fields { // in the object's order, as recorded
		if slices.Contains(ch.Fields, f.Name) && captured(r.o, f) {
			body = append(body, f)
			e.fields = append(e.fields, f.Name)
		}
	}
	last, known := s.extra.relay.lastBy[ch.ID]
	if !known {
		last = r.createdBy
	}
	var system []*Field
	if r.modified.Equal(c.When) {
		system = append(system, r.o.must("LastModifiedDate"))
	}
	if last != c.User && r.modifiedBy == c.User {
		system = append(system, r.o.must("LastModifiedById"))
	}
	body = append(system, body...)
	for _, f := range body {
		name := eventName(f)
		e.changed = append(e.changed, name)
		if r.get(f) == nil {
			e.nulled = append(e.nulled, name)
		}
	}
	return body
}

// captured says whether change events carry a field. The header has the id, the
// event itself says what a deletion is, and formulas are not captured.
func captured(o *object, f *Field) bool {
	switch f.sys {
	case sysID, sysIsDeleted, sysSystemModstamp:
		return false
	}
	return !f.Calculated && f.Type != "address" && f.Name != "LastViewedDate" && f.Name != "LastReferencedDate" && f.Name != "LastActivityDate" && !composedName(o, f)
}

// composedName is the Name of a person, which is made of its parts.
func composedName(o *object, f *Field) bool {
	return f.Name == "Name" && !f.Createable && o.field("LastName") != nil
}

// eventName is a field's name in an event: parts of a compound are dotted.
func eventName(f *Field) string {
	if outer, inner := compoundPart(f); outer != "" {
		return outer + "." + inner
	}
	return f.Name
}

// compoundPart takes BillingCity apart into BillingAddress and City, FirstName
// into Name and FirstName.
func compoundPart(f *Field) (outer, inner string) {
	switch {
	case f.Compound == "" || f.Compound == f.Name:
		return "", ""
	case f.Compound == "Name":
		return "Name", f.Name
	}
	return f.Compound, strings.TrimPrefix(f.Name, strings.TrimSuffix(f.Compound, "Address"))
}

// put adds a value to the body. A part of a compound that became null is named in
// changedFields but absent here (recorded); a plain field is there as null
// (inferred).
func (e *capture) put(f *Field, v any) {
	outer, inner := compoundPart(f)
	if outer == "" {
		e.payload.add(f.Name, eventValue(f, v))
		return
	}
	if v == nil {
		return
	}
	for i := range e.payload {
		if e.payload[i].key == outer {
			nested := e.payload[i].value.(pairs) // only this function puts compounds in
			nested.add(inner, eventValue(f, v))
			e.payload[i].value = nested
			return
		}
	}
	e.payload.add(outer, pairs{{inner, eventValue(f, v)}})
}

// eventValue writes datetimes with Z; everything else is as in REST.
func eventValue(f *Field, v any) any {
	text, isText := v.(string)
	if f.Type != "datetime" || !isText {
		return v
	}
	return zulu(text)
}

// zulu turns REST's +0000 into Z.
func zulu(stamp string) string { return strings.TrimSuffix(stamp, "+0000") + "Z" }

// eventType is the API name of an entity's change event.
func eventType(entity string) string {
	if bare, custom := strings.CutSuffix(entity, "__c"); custom {
		return bare + "__ChangeEvent"
	}
	return entity + "ChangeEvent"
}

// envelope writes an event as EventBridge hands it over: the event is in
// detail.payload. schemaId and id beside it are what such events are commonly
// described to have (inferred).
func (s *Sim) envelope(c Commit, e *capture, number int) []byte {
	r := &s.extra.relay
	header := pairs{
		{"entityName", e.object.Name}, {"recordIds", e.ids}, {"changeType", e.kind}, {"changeOrigin", c.Origin}, {"transactionKey", c.Key},
		{"sequenceNumber", number}, {"commitTimestamp", c.When.UnixMilli()}, {"commitNumber", c.Number}, {"commitUser", c.User},
		{"nulledFields", list(e.nulled)}, {"diffFields", []string{}}, {"changedFields", list(e.changed)},
	}
	payload := append(pairs{{"ChangeEventHeader", header}}, e.payload...)
	return appendJSON(nil, pairs{
		{"version", "0"}, {"id", r.uuid()}, {"detail-type", eventType(e.object.Name)}, {"source", s.relaySource()}, {"account", r.cfg.Account},
		{"time", time.Now().UTC().Format("2006-01-02T15:04:05Z")}, {"region", r.cfg.Region}, {"resources", []string{}},
		{"detail", pairs{{"schemaId", schemaID(e.object.Name)}, {"payload", payload}, {"id", r.uuid()}}},
	})
}

// appendJSON writes what an event is made of. A load of 100,000 records makes as
// many events: nested MarshalJSON would compact each of them once per level.
func appendJSON(b []byte, v any) []byte {
	switch v := v.(type) {
	case pairs:
		b = append(b, '{')
		for i, p := range v {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(appendJSON(b, p.key), ':')
			b = appendJSON(b, p.value)
		}
		return append(b, '}')
	case []string:
		b = append(b, '[')
		for i, text := range v {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendJSON(b, text)
		}
		return append(b, ']')
	case int:
		return strconv.AppendInt(b, int64(v), 10)
	case int64:
		return strconv.AppendInt(b, v, 10)
	case json.Number:
		return append(b, v...)
	}
	raw, err := marshal(v)
	if err != nil {
		panic(fmt.Sprintf("salesforcetest: change event does not marshal: %v", err))
	}
	return append(b, raw...)
}

// list is never null.
func list(v []string) []string {
	if v == nil {
		return []string{}
	}
	return v
}

// schemaID stands for the fingerprint of an entity's event schema.
func schemaID(entity string) string {
	sum := uint64(14695981039346656037)
	for _, c := range []byte(entity) {
		sum = (sum ^ uint64(c)) * 1099511628211
	}
	return fmt.Sprintf("%016x", sum)
}
