// Package record holds what every other package talks about: a value, a record as one system gave it,
// and the address of a record. It knows no system, no mapping and no I/O; start with Value, then Record.
package record

import (
	"fmt"
	"net/url"
	"strings"
	"time"
)

// Ref is the address of a record: which connection, which kind of record by the system's own name, and
// the system's id for it. It is written hubspot:deals/9876543210.
type Ref struct {
	Connection string `json:"connection"`
	Object     string `json:"object"`
	ID         string `json:"id"`
}

// String writes the ref as a person types it; the id is escaped, so that a compound or hostile key stays one part.
func (r Ref) String() string {
	if r == (Ref{}) {
		return ""
	}
	return r.Connection + ":" + r.Object + "/" + url.PathEscape(r.ID)
}

// IsZero tells whether the ref names nothing.
func (r Ref) IsZero() bool { return r == Ref{} }

// MarshalText and UnmarshalText let a Ref be a JSON string and a map key.
func (r Ref) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads what MarshalText writes; "" is the zero Ref.
func (r *Ref) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*r = Ref{}
		return nil
	}
	got, err := ParseRef(string(b))
	if err == nil {
		*r = got
	}
	return err
}

// ParseRef reads connection:object/id.
func ParseRef(s string) (Ref, error) {
	connection, rest, ok := strings.Cut(s, ":")
	object, id, ok2 := strings.Cut(rest, "/")
	if !ok || !ok2 || connection == "" || object == "" || id == "" {
		return Ref{}, fmt.Errorf("record address %q: write it as connection:object/id, for example hubspot:deals/9876543210", s)
	}
	id, err := url.PathUnescape(id)
	if err != nil {
		return Ref{}, fmt.Errorf("record address %q: the id has a bad %% escape", s)
	}
	return Ref{Connection: connection, Object: object, ID: id}, nil
}

// Record is one record as it was read. Fields are flat: a nested field has a dotted name
// (billingAddress.country, customProperties.crosswalk_key). A field that was not asked for is not in the map.
type Record struct {
	Ref      Ref              `json:"ref"`
	Fields   map[string]Value `json:"fields"`
	Modified time.Time        `json:"modified,omitzero"` // the system's own last-modified stamp; zero where it has none
	Created  time.Time        `json:"created,omitzero"`
	Own      bool             `json:"own,omitempty"`      // created by our own credential, as far as the system tells
	Archived bool             `json:"archived,omitempty"` // archived, inactive or in the bin: exists, but is not to be used
	Was      []Ref            `json:"was,omitempty"`      // addresses of records that were merged into this one, or, asked for, became it
	Related  []Related        `json:"related,omitempty"`  // associations that were asked for
	Children []Record         `json:"children,omitempty"` // records that live inside this one (lines of a document)
}

// Related is one association of a record, by the other end's object name.
type Related struct {
	Ref     Ref      `json:"ref"`
	Primary bool     `json:"primary,omitempty"`
	Labels  []string `json:"labels,omitempty"`
}

// Field gives a field's value; Absent when the record does not carry it. A nil record has no fields.
func (r *Record) Field(name string) Value {
	if r == nil {
		return Value{}
	}
	return r.Fields[name]
}

// RelatedTo gives the associations to one object, in the order read.
func (r *Record) RelatedTo(object string) []Related {
	if r == nil {
		return nil
	}
	var out []Related
	for _, a := range r.Related {
		if a.Ref.Object == object {
			out = append(out, a)
		}
	}
	return out
}

// State is what a read learnt about one ref (B6). Missing from a batch answer is none of these: a
// connector asks singly before it says Gone.
type State string

const (
	Found      State = "found"
	Moved      State = "moved"      // merged or converted: To says where
	Gone       State = "gone"       // deleted or never there
	NoRight    State = "unreadable" // exists or not, our credential may not see it
	Unanswered State = "unanswered" // the system failed to say; Err says why; try later
)

// Read is the answer for one ref that was asked for.
type Read struct {
	Ref    Ref
	State  State
	Record *Record // when Found, and when Moved the record at its new address
	To     Ref     // when Moved
	Err    error   // when Unanswered or NoRight
}
