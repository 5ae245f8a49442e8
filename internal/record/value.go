package record

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
)

// Kind tells the five things a field can be. Four of them look like "nothing" and must never be
// taken for each other (invariant C15): a property that was not sent is not an empty one.
type Kind uint8

const (
	Absent     Kind = iota // not asked for, or the system said nothing about it
	Null                   // the system said: no value
	Text                   // a value; "" is a value that somebody set
	List                   // several values, in the system's order
	Unreadable             // there may be a value, our credential may not see it
)

// Value is one field's value as text, the form in which every vendor's value can be compared and
// kept: numbers as plain decimals, booleans as true/false, dates as YYYY-MM-DD, instants as RFC 3339.
// The zero Value is Absent. Values are immutable.
type Value struct {
	kind Kind
	text string
	list []string
}

// Of gives a text value.
func Of(text string) Value { return Value{kind: Text, text: text} }

// Empty gives the value of a field that its system says is empty.
func Empty() Value { return Value{kind: Null} }

// Hidden gives the value of a field that may not be read.
func Hidden() Value { return Value{kind: Unreadable} }

// Many gives a list value; the slice is copied.
func Many(texts ...string) Value { return Value{kind: List, list: slices.Clone(texts)} }

// Kind tells which of the five this is.
func (v Value) Kind() Kind { return v.kind }

// Text gives the text of a Text value, the parts of a List joined with ";", and "" for all others.
func (v Value) Text() string {
	if v.kind == List {
		return strings.Join(v.list, ";")
	}
	return v.text
}

// List gives the parts of a List, a Text as its only part, and nil for all others.
func (v Value) List() []string {
	switch v.kind {
	case List:
		return slices.Clone(v.list)
	case Text:
		return []string{v.text}
	}
	return nil
}

// Blank tells whether a person would see nothing: absent, null, "", or a list of nothing. It is false
// for an unreadable value, which may hold anything.
func (v Value) Blank() bool {
	switch v.kind {
	case Text:
		return v.text == ""
	case List:
		return len(v.list) == 0
	case Unreadable:
		return false
	}
	return true
}

// Known tells whether the system told us the value (null counts, absent and unreadable do not).
func (v Value) Known() bool { return v.kind == Null || v.kind == Text || v.kind == List }

// Equal compares kind and content.
func (v Value) Equal(w Value) bool {
	return v.kind == w.kind && v.text == w.text && slices.Equal(v.list, w.list)
}

// Same compares as a person would: two blanks are the same, and so are a one-part list and its text.
func (v Value) Same(w Value) bool {
	if !v.comparable() || !w.comparable() {
		return false
	}
	if v.Blank() || w.Blank() {
		return v.Blank() && w.Blank()
	}
	return slices.Equal(v.List(), w.List())
}

func (v Value) comparable() bool { return v.kind != Unreadable }

var unreadableJSON = []byte(`{"unreadable":true}`)

// MarshalJSON writes null, "text", ["parts"] or {"unreadable":true}; an absent value must be left out
// by its container and is written as null.
func (v Value) MarshalJSON() ([]byte, error) {
	switch v.kind {
	case Text:
		return json.Marshal(v.text)
	case List:
		return json.Marshal(v.list)
	case Unreadable:
		return unreadableJSON, nil
	}
	return []byte("null"), nil
}

// UnmarshalJSON reads what MarshalJSON writes.
func (v *Value) UnmarshalJSON(b []byte) error {
	switch {
	case string(b) == "null":
		*v = Empty()
		return nil
	case len(b) > 0 && b[0] == '"':
		v.kind = Text
		return json.Unmarshal(b, &v.text)
	case len(b) > 0 && b[0] == '[':
		v.kind = List
		return json.Unmarshal(b, &v.list)
	case string(b) == string(unreadableJSON):
		*v = Hidden()
		return nil
	}
	return errors.New(`record value: want null, "text", ["list"] or {"unreadable":true}`)
}
