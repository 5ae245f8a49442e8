package plan

import (
	"crosswalk/internal/link"
	"crosswalk/internal/mapping"
)

// In a mapping that works both ways a value that cannot be carried (no country of the list, a value that the value map does not name, one
// that the system refused) stops its field, not its record: the field, and the group it is in, stay as they are on both sides, and the
// record has one standing complaint that names them. A field that is required stops the record, as everywhere.

// leftRule is the rule of a field whose group is left alone.
const leftRule = "left alone with its group"

// leaveOne turns what would hold the record for one field into a field that is left alone.
func leaveOne(f *Facts, w wanted) wanted {
	if f.Mapping.Document != nil || !f.Mapping.Turned && !f.Mapping.TwoWay() {
		return w
	}
	if w.stop == nil && w.value.Known() && !w.value.Blank() && f.refused(w) {
		w.stop = &link.Reason{Category: RefusedCall, Fields: inputs(w.field),
			Text: f.Mapping.B.Connection + " refused the value of " + w.field.B + ", and it was left out. Correct it, or add it there and say crosswalk retry"}
	}
	if w.stop == nil || w.field.Required || f.Target == nil && w.field.Other != nil && w.field.Other.Required {
		return w
	}
	switch w.stop.Category {
	case BadValue, UnmappedValue, UnknownLabel, RefusedCall:
		return wanted{field: w.field, raw: w.raw, rule: "left alone: " + w.stop.Category, left: w.stop}
	}
	return w
}

// refused tells whether the other system refused this very value.
func (f *Facts) refused(w wanted) bool {
	was, ok := f.Link.Refused[RefusedKey(f.Mapping, w.field)]
	return ok && was == f.targetDigest(w, w.value)
}

// RefusedKey names a field of the side that is written in Link.Refused.
func RefusedKey(m *mapping.Mapping, field mapping.Field) string {
	return m.B.Connection + "/" + field.Key()
}

// leftOut gives the complaint about the first field that is left alone.
func leftOut(want []wanted) *link.Reason {
	for _, w := range want {
		if w.left != nil {
			return w.left
		}
	}
	return nil
}
