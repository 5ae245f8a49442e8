package mapping

import (
	"fmt"
	"maps"
	"strings"
)

// TwoWay tells whether anything may be written at a too.
func (m *Mapping) TwoWay() bool {
	return m.BToA.Update || m.BToA.Create.When == "always" || m.BToA.Create.When == "needed"
}

// Turn gives the mapping as it is seen from b: its ends are swapped, and its fields are those that go home. Link, slot and the
// keys of agreed pairs are the same both ways, so that one link serves both; each field that goes both ways knows its Other.
// It is nil for a mapping that goes one way.
func (m *Mapping) Turn() *Mapping {
	if m.home == nil || m.home.A == m.B && m.home.B == m.A {
		return m.home
	}
	t := *m.home // of a copy whose roles were bound to connections since
	t.A, t.B = m.B, m.A
	return &t
}

// turn makes what Turn gives; Parse does so once, when every field's Direction is filled in.
func (m *Mapping) turn() *Mapping {
	if !m.TwoWay() {
		return nil
	}
	t := *m
	t.Turned = true
	t.A, t.B = m.B, m.A
	t.AToB, t.BToA = m.BToA, m.AToB
	t.Conflict, t.First, t.Tie = swapped(m.Conflict), swapped(m.First), swapped(m.Tie)
	if m.Tie == "" {
		t.Tie = "b"
	}
	t.Delete = Deletes{A: m.Delete.B, B: m.Delete.A}
	t.ProtectA, t.ProtectB = m.ProtectB, m.ProtectA
	t.Hooks = Hooks{BeforeCreate: m.Hooks.BackCreate, BeforeUpdate: m.Hooks.BackUpdate, AfterUpdate: m.Hooks.BackAfter, Line: m.Hooks.Line}
	t.After, t.Email, t.WriteBack, t.Document, t.Children, t.Mirror, t.AtSource, t.Since = nil, nil, nil, nil, nil, nil, nil, nil
	t.With, t.Watch, t.Together, t.Unmatched = nil, nil, nil, "skip" // rules that go through related records (Via) find b's by the mapping they go through
	t.Match = nil
	for _, r := range m.Match {
		if back, ok := r.turned(); ok {
			t.Match = append(t.Match, back)
		}
	}
	t.Fields, t.Homeward = nil, nil
	for i := range m.Fields {
		f := &m.Fields[i]
		if f.Direction != "both" || len(f.A) != 1 {
			continue
		}
		back := f.turned()
		back.Other, f.Other = f, &back
		t.Fields = append(t.Fields, back)
	}
	for _, f := range m.Homeward {
		if len(f.A) == 1 {
			t.Fields = append(t.Fields, f.turned())
		}
	}
	for i := range t.Fields { // the copies in the slice are those that are used
		if other := t.Fields[i].Other; other != nil {
			other.Other = &t.Fields[i]
		}
	}
	return &t
}

// turned gives the rule as b's records are matched by: b's field against a's. A field of b that holds the id of a's record
// (salesforcecontactid) has B "id": the record of a is named by it, and is asked for by its id.
func (r MatchRule) turned() (MatchRule, bool) {
	if len(r.A) != 1 || r.Transform != "" || r.B == "" {
		return MatchRule{}, false // only a knows how to make it
	}
	return MatchRule{A: []string{r.B}, B: r.A[0], Compare: r.Compare, OnHit: r.OnHit, Optional: r.Optional, Line: r.Line}, true
}

// Turns tells whether a field can go home too: one input of a that is a field of its own, and no value that the mapping itself makes.
func (f Field) Turns() bool { return f.staysAt() == "" }

// staysAt says why a field cannot go home, "" where it can.
func (f Field) staysAt() string {
	switch {
	case f.Value != "":
		return "an expression has no way back"
	case f.Static != nil:
		return "a fixed text has no way back"
	case len(f.A) != 1:
		return "several fields of a cannot be made of one of b"
	case f.A[0] == "id":
		return "a record's own id is never written"
	case f.Table != "" && f.By == "":
		return "a name that is looked up in a table has no way back; by: says what rows of both tables have in common"
	case strings.Contains(plainAssociation(f.A[0]), "."):
		return f.A[0] + " is a field of another record"
	}
	return ""
}

// plainAssociation takes the mark of an association off a field's name.
func plainAssociation(name string) string {
	for _, mark := range []string{allOf, primaryOf} {
		if rest, ok := strings.CutPrefix(name, mark); ok {
			return rest
		}
	}
	return name
}

// Associations are fields by these names (package connector): associations.OBJECT all of them, primary.OBJECT the main one.
const (
	allOf     = "associations."
	primaryOf = "primary."
)

// Association gives the object that a field's name associates, "" for any other field.
func Association(name string) string {
	if plain := plainAssociation(name); plain != name {
		return plain
	}
	return ""
}

// turned gives the field of the way home.
func (f Field) turned() Field {
	t := f
	t.A, t.B, t.As = []string{f.B}, f.A[0], f.B
	t.Transform, t.Back = f.Back, f.Transform
	t.Values, t.BackValues, t.Else, t.BackElse = f.homeward(), maps.Clone(f.Values), f.BackElse, f.Else
	t.Default, t.BackDefault = f.BackDefault, f.Default
	if f.Direction != "b_to_a" {
		t.Required = false // what b needs, a need not have
	}
	if f.B == "" { // the mapping makes a's value itself
		t.A, t.As = nil, "a/"+f.A[0]
	}
	t.Conflict, t.First, t.OnlyBlank = swapped(f.Conflict), swapped(f.First), swapped(f.OnlyBlank)
	return t
}

// homeward is the value map on the way home.
func (f Field) homeward() map[string]string {
	if f.BackValues != nil {
		return maps.Clone(f.BackValues)
	}
	if f.Values == nil {
		return nil
	}
	out := make(map[string]string, len(f.Values))
	for a, b := range f.Values {
		if was, ok := out[b]; !ok || a < was { // Validate asks for back_values where several become one
			out[b] = a
		}
	}
	return out
}

// swapped gives the word for the other side; every other word stays.
func swapped(word string) string {
	switch word {
	case "a":
		return "b"
	case "b":
		return "a"
	}
	return word
}

// Salt is what a two-way field's value at a goes through; it is part of the digest of a's side, so that a rule that was edited
// counts as a change at a. "" for a field that is carried as it is.
func (f Field) Salt() string {
	forward := f
	if f.As != "" && f.Other != nil {
		forward = *f.Other
	}
	if forward.Transform == "" && forward.Back == "" && forward.Values == nil {
		return ""
	}
	return forward.Transform + "\x00" + forward.Back + "\x00" + fmt.Sprint(forward.Values) // maps print in order of their keys
}
