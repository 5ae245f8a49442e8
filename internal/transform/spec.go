package transform

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A Func computes one text from its inputs, which are never all blank unless the Spec says TakesBlank. It must not
// keep or change the slice. An error it returns is an *Error (see Use.Fail) and holds no part of the inputs, which
// may be private.
type Func func(u *Use, in []string) (string, error)

// Way says what happens to a value that was changed at the far side of a transform.
type Way int

const (
	// OneWay: nothing sensible can be computed; the mapping needs a `back` of its own or goes one way.
	OneWay Way = iota
	// AsIs: the value goes home unchanged. The transform only tidies: applying it twice is applying it once, and both
	// sides compare equal when their tidy forms do.
	AsIs
	// Inverse: Home computes the value for the near side.
	Inverse
)

func (w Way) String() string { return [...]string{"one way", "as it is", "inverse"}[w] }

// What a call does with an input that its transform cannot handle: the argument `unknown`.
const (
	UnknownError = "error" // an *Error: the field is held
	UnknownKeep  = "keep"  // the input as it is
	UnknownBlank = "blank" // no value
)

// A Param is one argument of a transform.
type Param struct {
	Name     string
	Kind     Kind
	Required bool
	Default  string // as written in a mapping; for the help page
	Doc      string
}

// Kind is what an argument must be.
type Kind int

const (
	Text Kind = iota
	Number
	Flag  // true or false
	Pairs // { "from": "to", ... }
)

func (k Kind) String() string {
	return [...]string{"text", "whole number", "true or false", `map { "from": "to" }`}[k]
}

// A Spec describes one transform or comparison: for parsing, for running, for the help pages.
type Spec struct {
	Name    string
	Doc     string // one or two sentences for users
	Example string // a call, what goes in and what comes out; checked by a test
	Params  []Param
	Inputs  int  // how many inputs it takes at most; 0 is any number
	Way     Way  // unless WayOf says otherwise
	Fails   bool // Run can fail, so the call takes the argument `unknown`
	Unknown string
	// Unknown is the default of the argument `unknown`; "" means UnknownError.

	TakesBlank bool // Run is asked even if all inputs are blank; otherwise blank in is blank out
	Free       bool // takes any arguments by position (transforms added by a program)

	Run     Func
	Prepare func(a Args) (any, error) // checks the arguments when the mapping is read; Use.Prepared carries the result
	WayOf   func(a Args) Way
	Home    func(u *Use, value string, n int) ([]string, error) // for Inverse; n is the number of near fields
}

// Args are the arguments of one call, by name, already checked against the Params.
type Args struct {
	named map[string]string
	pairs []Pair
	free  []string
}

// A Pair is one entry of a map argument, in the order written.
type Pair struct{ From, To string }

// Get gives an argument's text and whether it was given.
func (a Args) Get(name string) (string, bool) { v, ok := a.named[name]; return v, ok }

// Text gives an argument's text, or otherwise.
func (a Args) Text(name, otherwise string) string {
	if v, ok := a.named[name]; ok {
		return v
	}
	return otherwise
}

// Flag gives a true-or-false argument, false when it was not given.
func (a Args) Flag(name string) bool { return a.named[name] == "true" }

// Number gives a whole-number argument, or otherwise.
func (a Args) Number(name string, otherwise int) int {
	if n, err := strconv.Atoi(a.named[name]); err == nil {
		return n
	}
	return otherwise
}

// Pairs gives the map argument in the order written.
func (a Args) Pairs() []Pair { return a.pairs }

// Free gives the arguments of a transform that takes any.
func (a Args) Free() []string { return a.free }

// Use is what a Func knows besides its inputs.
type Use struct {
	Args
	Prepared any
	spec     *Spec
	tables   Tables
	note     string
}

// Note records something a person should be able to read in `why` or a preview, such as a text having been cut. It
// must not repeat the value.
func (u *Use) Note(format string, args ...any) {
	if u.note != "" {
		u.note += "; "
	}
	u.note += fmt.Sprintf(format, args...)
}

// Fail makes the error of this call. Neither text may hold any part of an input.
func (u *Use) Fail(reason, fix string) error {
	return &Error{Transform: u.spec.Name, Reason: reason, Fix: fix}
}

// Tables gives rows of a connection's reference tables (owners, stages, ...): they are facts of the plan, with an age,
// and are therefore handed in with every call.
type Tables interface {
	// Lookup gives what the table holds for a key; a key is compared as the table's owner sees fit.
	Lookup(table, key string) (value string, ok bool)
}

// Error says which transform could not be applied or read, why, and what the user can do. It never holds a value of a
// record.
type Error struct{ Transform, Reason, Fix string }

func (e *Error) Error() string {
	text := e.Reason
	if e.Transform != "" {
		text = "transform " + e.Transform + ": " + text
	}
	if e.Fix != "" {
		text += "; " + e.Fix
	}
	return text
}

// param finds a parameter by name; `unknown` is one of every transform that can fail.
func (s *Spec) param(name string) (Param, bool) {
	if name == unknownParam.Name && s.Fails {
		return unknownParam, true
	}
	i := slices.IndexFunc(s.Params, func(p Param) bool { return p.Name == name })
	if i < 0 {
		return Param{}, false
	}
	return s.Params[i], true
}

var unknownParam = Param{Name: "unknown", Kind: Text, Default: UnknownError, Doc: "what becomes of a value that cannot be transformed: error (the field is held), keep (as it is) or blank"}

// Usage writes the call with its parameters, optional ones in brackets: truncate(length).
func (s *Spec) Usage() string {
	var parts []string
	if s.Free && len(s.Params) > 0 {
		parts = append(parts, "[value, ...]")
	}
	for _, p := range s.Params {
		if p.Required {
			parts = append(parts, p.Name)
		} else {
			parts = append(parts, "["+p.Name+"]")
		}
	}
	if s.Fails {
		parts = append(parts, "["+unknownParam.Name+"]")
	}
	if len(parts) == 0 {
		return s.Name
	}
	return s.Name + "(" + strings.Join(parts, ", ") + ")"
}
