// Package plan decides. It takes facts (both records, the records they need, reference tables, the link, the clock) and
// returns what should be written and why, field by field. It is pure: no I/O, no clock, no randomness. Preview, pilot,
// approval, live run and "why was this not synced?" are all this one function, so none of them can disagree.
// Start with Facts, then Decide; a document's rules are in document.go and lines.go.
package plan

import (
	"time"

	"crosswalk/internal/link"
	"crosswalk/internal/mapping"
	"crosswalk/internal/record"
)

// Facts are all that a decision rests on.
type Facts struct {
	Mapping *mapping.Mapping
	Tools   Tools
	Now     time.Time
	Account Account // of a
	// Tables are reference tables by "a/stages", "b/entities".
	Tables map[string]Table
	Source *record.Record
	Target *record.Record // nil unless linked or found by a match
	Link   link.Link
	Lines  []record.Record // line records of a document's source, in any order
	// Related holds the records named by the mapping's "with", by that name.
	Related map[string][]record.Record
	// Counterparts tells how far each referenced record is: by mapping name and source ref.
	Counterparts map[Need]Counterpart
	// Scripts are results of the mapping's expressions for this record, by their text.
	Scripts map[string]ScriptResult
	// SourceObjects gives, by mapping name, the object at a that a "through" or a line's product points to; TargetObjects that at b.
	SourceObjects, TargetObjects map[string]string
	// KindOf gives the object that an id at a names by itself, "" where it does not tell (or nobody knows); nil: no id does.
	KindOf func(id string) string
	// History tells when a person last changed a field, where a vendor keeps that and both sides changed it (A11).
	History map[HistoryOf]time.Time
	// Linked are associated records of the target that have a counterpart: an association to another one is not ours to take away.
	Linked map[record.Ref]bool
	// Lacking are fields that the mapping reads and a's account does not show (any more); nil for none.
	Lacking *mapping.Lacking
	// WonSince, a day, takes the place of the mapping's since when a person's run says so.
	WonSince string
	// Needed is set when a document needs this record's counterpart.
	Needed bool
	// Wanted is set when another mapping of the place would make this record's counterpart, and the rules of this one found it: its own
	// filter says what it makes.
	Wanted bool
	// Before is, on the way home, what was agreed on when the record was taken up, before it was decided what goes the other way.
	Before map[string]link.Pair
	// Named is set when a person's run named this record: the start date does not hold it back (A2).
	Named bool
}

// Account is what a decision needs to know of a's account.
type Account struct{ Currency, TimeZone string }

// Table is a reference table by key.
type Table map[string]Row

// Row of a reference table.
type Row struct {
	Label string
	Attrs map[string]string
}

// Tools are the pure helpers a decision uses. Transform runs a pipe of package transform over the inputs; Canonical gives
// the comparison form of a text, "" for no key; Digest is keyed, so that a stored digest tells nothing.
type Tools interface {
	Transform(pipe string, inputs []string, env Env) (string, error)
	Canonical(compare, text string) string
	Digest(text string) string
}

// Env is what a transform may know of the account it works for.
type Env struct{ TimeZone, Currency string }

// ScriptResult is one expression's value for one record.
type ScriptResult struct {
	Value any // nil, bool, string, []any, map[string]any; numbers as decimal text
	Err   error
}

// Need names a record that must have a counterpart before this one can be written.
type Need struct {
	Mapping string
	Ref     record.Ref
}

// Counterpart of a needed record in its mapping.
type Counterpart struct {
	State  CounterpartState
	ID     string
	Reason *link.Reason   // of Stuck
	Record *record.Record // the counterpart itself, when it was read
}

// CounterpartState is how far a needed record is.
type CounterpartState string

const (
	Ready   CounterpartState = "ready"   // linked: ID can be used
	Waiting CounterpartState = "waiting" // being created, or not yet looked at
	Stuck   CounterpartState = "stuck"   // held or excluded: Reason says why; waiting would be for ever (B12)
)

// Kind of a decision.
type Kind string

const (
	Create  Kind = "create"
	Update  Kind = "update"  // linked, fields or lines differ
	Adopt   Kind = "link"    // link to an existing record; Fields may be empty
	Settle  Kind = "settle"  // nothing to write, the agreed values move
	Nothing Kind = "nothing" // nothing to write or remember
	Skip    Kind = "skip"    // not wanted, for a reason
	Hold    Kind = "hold"    // a person must mend or decide
	Wait    Kind = "wait"    // a needed record must come first
	Archive Kind = "archive" // its counterpart was deleted, and it is archived too
)

// Decision is what should be done with one record and why.
type Decision struct {
	Kind   Kind
	Reason *link.Reason // of Skip and Hold; of an Update or Nothing a standing complaint (a posted document that no longer fits)
	Fields []FieldDecision
	Write  map[string]record.Value // fields of b to write
	Agreed map[string]link.Pair    // pairs as they are once the write has succeeded
	Needs  []Need                  // of Wait
	Later  []Need                  // optional references that are left out until these are linked
	Barred []Need                  // likewise, of a list: of records that are left out on purpose, until that changes
	Object string                  // kind of record at b
	Home   bool                    // of a mapping that works both ways: something is left to the other way
	Pends  bool                    // when the other way has carried its change, something of this way is still to come
	Again  time.Time               // something is left alone that can be told then: the pair is looked at once more
	// Of documents:
	Lines   []LineDecision
	Net     string // total in minor units
	Money   string // currency
	Archive bool   // the draft is to be archived (lost deals, when the mapping says so)
}

// FieldDecision says what happens to one field of b and by which rule.
type FieldDecision struct {
	Field  string   // of b
	From   []string // fields of a
	Action Action
	Rule   string       // in words that name the mapping's setting
	Old    record.Value // at b, as read
	New    record.Value // wanted
	// Conflict: both sides had changed. Lost: this way's value lost, and the other way writes its own over it.
	Conflict bool `json:",omitempty"`
	Lost     bool `json:",omitempty"`
}

// Action on a field.
type Action string

const (
	WriteIt Action = "write"
	KeepIt  Action = "keep"
	SameAs  Action = "same"
)

// LineDecision is one line of a document.
type LineDecision struct {
	SourceID string // id of a's line, link.DefaultLine for the deal's own
	TargetID string // of a line that is there already
	Op       string // add, change, remove, same
	Fields   map[string]record.Value
	Digest   string
	Note     string // what was done to the price, if anything
	Net      string // minor units
}

func hold(category, text string, fields ...string) Decision {
	return Decision{Kind: Hold, Reason: &link.Reason{Category: category, Text: text, Fields: fields}}
}

func skip(category, text string, fields ...string) Decision {
	return Decision{Kind: Skip, Reason: &link.Reason{Category: category, Text: text, Fields: fields}}
}
