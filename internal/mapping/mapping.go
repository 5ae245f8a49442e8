// Package mapping is the document that tells Crosswalk what to do: two ends, how records find each other, which
// field goes where by which rule, and for won deals what kind of document is made. It is read from YAML (Parse),
// checked against itself (Check), against its neighbours (CheckSet) and against what the two accounts really have
// (Validate), and never changed after that. Every complaint names line and field and says what to write instead.
// A new use case is a new document; nothing here knows HTTP or a vendor. Start with Mapping, then Field; the YAML keys
// are explained in internal/help/mapping.md, and presets/ holds documents to copy.
package mapping

import (
	"regexp"
	"slices"
	"sync"
	"time"
)

// Mapping is one document, as written by a person, with every default filled in.
type Mapping struct {
	Name      string // letters, digits and dashes; unique in a deployment
	Slot      string // the place a record has for its counterpart: account, product, document, person ...
	A, B      End
	With      []With // related records that fields, filters and lines need
	Since     *Day   // of documents: won before this day is never billed by itself (A2)
	Document  *Document
	Match     []MatchRule
	Via       []Via      // records are found through their related records, where no rule of Match finds one
	Together  []Together // related records that a create takes along
	MatchOwn  bool       // what this mapping would create is not looked for by the other mappings of its place
	Unmatched string     // skip | hold: a record without a match where nothing is created
	WhenTaken string     // alias | hold: a second record for a taken place
	AToB      Direction
	BToA      Direction // of a mapping that works both ways: what may be written at a
	Conflict  string    // default winner: a | b | newest | fill | furthest | hold
	Tie       string    // a | b: who wins "newest" where nobody can tell which change came later; "" = a
	Delete    Deletes   // what becomes of a record whose counterpart was deleted
	First     string    // what linking does where both sides have a value: fill | a | b | hold ("" = fill)
	Fields    []Field   // those that go from a to b, whether they go home too or not
	Homeward  []Field   // those that go home only, as written: A names the one field of a; B, Value or Static gives the value
	Children  *Children // of documents: the lines
	ProtectA  []string  // fields of a that are never written
	ProtectB  []string  // likewise of b
	Hooks     Hooks
	After     []string      // open | publish | send_email | einvoice | write_back, or lines | audit | forward (AtSource); each looks before it acts
	Email     *Email        // what send_email says; nil without that word
	WriteBack []Field       // fields of a that write_back fills: value may use target
	AtSource  *AtSource     // of a mapping that makes no billing documents: what After does at a; nil = nothing
	Watch     []Watch       // other objects whose changes mean this record
	Schedule  time.Duration // how often the feed of a is read; 0 = the deployment's default, Never = not by itself
	YieldsTo  []string      // mappings that may write the same fields; this one then leaves their linked records alone (B13)
	Theirs    string        // when_theirs: link | make: whether something is made of a record that one of YieldsTo has linked; "" = link
	Mirror    *Mirror       // of documents: how the same deal in another CRM is known; nil = it is not looked for
	Source    []byte        // the YAML as given
	Positions Positions     // where things stand in Source, by path: "fields[3].transform"
	Turned    bool          // this is the way home of a mapping that works both ways: see Turn
	home      *Mapping
}

// Deletes says what becomes of a record when its counterpart was deleted or archived, for each side: keep | unlink | archive.
type Deletes struct{ A, B string }

// End is one side. Connection is a role (crm, billing) that the deployment binds to a connection.
type End struct{ Connection, Object string }

// Day is a calendar day without zone, YYYY-MM-DD.
type Day struct{ Year, Month, Day int }

// With names a related record: company: { object: companies, pick: primary }. Pick is primary (the association
// marked so, or the only one; two without a primary is a held record), or all. Fields lists what to read of it
// beyond what expressions name.
type With struct {
	Name, Object, Pick string
	Fields             []string
	Optional           bool
	Line               int
}

// MatchRule is one way for records to find each other. Rules are tried in order; the first with a hit decides.
// A's inputs run through Transform and then both sides are compared in the canonical form of Compare
// (transform.Comparisons: exact, case_insensitive, phone, domain, name, vat). OnHit hold means that a hit by this
// rule alone is shown to a person and never linked by itself.
type MatchRule struct {
	A         []string // fields of a; "id" is the record's own id
	B         string
	Transform string
	Compare   string
	OnHit     string // link | hold
	Optional  bool   // passed over in an account that does not have the field
	Line      int
}

// Via is a match rule that goes through related records: { a: associations.contacts, through: addresses }. A record of a that no rule
// finds a counterpart for has the one that its related records of that name belong to: those records' own counterparts, linked or
// found by the rules of the mapping Through, belong to a record of b by that mapping's field that goes through this one's slot.
// Counterparts of several records of b are shown to a person. OnHit as in MatchRule.
type Via struct {
	With    string // name in with
	Through string // mapping of the related records
	OnHit   string // link | hold
	Line    int
	Path    string // match[3]
}

// Mirror says where a deal may stand a second time: as which object of another CRM, and which field names the one in the
// other. A deal that is linked with its counterpart there by any mapping is known without a field. The counterpart's
// document is this deal's too (internal/engine/mirror.go).
type Mirror struct {
	End
	A     string // field of a that holds the id of the record there; "" = none
	Field string // field of the object there that holds this record's id; "" = none
	Line  int
}

// Direction says what may be written at the far side.
type Direction struct {
	Create CreateRule
	Update bool
}

// CreateRule: When is never, always, or needed (only as what a document needs); Filter is a Starlark expression,
// "" for all. A record that the filter excludes is skipped with that reason, whether linked or not; with OnlyNew it is asked of
// records without a counterpart alone.
type CreateRule struct {
	When    string
	Filter  string
	OnlyNew bool
	Line    int
}

// Field is one rule: what goes where. Exactly one of A, Value or Static gives the value; several inputs without a
// transform are joined with a space. Of WriteBack the direction is turned round: A names the one field that is filled at
// a, and exactly one of B (a field of the document), Value or Static gives the value. See Input for what A may name.
type Field struct {
	A           []string // inputs of a
	B           string   // field of b
	Transform   string   // calls of package transform, piped with |
	Value       string   // Starlark expression
	Static      *string
	Values      map[string]string // value map; a value not in it is a held record unless Else is set
	Else        *string
	Default     *string  // when the value is blank
	Through     string   // the value is a ref to a record of that mapping: its counterpart's id is written
	Also        []string // further mappings of Through, in order: of the one that carries the record. They need not be there
	Table       string   // the value is the label or code of a row of b's reference table: its key is written
	By          string   // of Table: the value is the key of a row of a's table of that name; the row of b's with the same By is meant (email)
	Required    bool     // blank holds the record (of Through: the parent must be linked first)
	Any         bool     // of Through: of all such fields that are filled at least one must be linked first, else the record is left out
	Conflict    string   // winner for this field; "" = the mapping's
	First       string
	Blank       string // keep | clear: what a blank source does to a filled target; default keep
	Drift       string // keep | restore: what an edit at the target alone leads to; default keep
	CreateOnly  bool
	Group       string            // decided, written and settled together
	Direction   string            // both | a_to_b | b_to_a; "" = both where the mapping works both ways and the field can, else a_to_b
	Back        string            // transform on the way home; "" = as it is
	BackValues  map[string]string // value map on the way home; nil = Values turned round
	BackElse    *string
	BackDefault *string  // when the value is blank on the way home
	OnlyBlank   string   // a | b: this side is written only where it is blank; "" = neither
	Order       []string // of conflict furthest: b's values from the first stage to the last; what is behind is never written over what is ahead
	As          string   // key of the agreed pair where that is not B: of a field that is turned round
	Other       *Field   // the same field on the other way; nil = it goes one way only
	Line        int
	Path        string // of the entry it comes from: "fields[3]", "lines.fields[0]", "write_back[1]"
}

// Throughs are the mappings that a reference goes through, nil for any other field.
func (f Field) Throughs() []string {
	if f.Through == "" {
		return nil
	}
	return append([]string{f.Through}, f.Also...)
}

// Key names the field's agreed pair on the link; stable under reordering of the document.
func (f Field) Key() string {
	if f.As != "" {
		return f.As
	}
	return f.B
}

// Hooks are Starlark blocks. BeforeCreate and BeforeUpdate get source, target, fields (what would be written) and
// return a dict of changed fields, or hold("why") / skip("why"). AfterLink gets source and target, once for each pair whichever
// side it was found or made from, and returns a dict of fields to write back at a. AfterUpdate gets them after each update that was
// written, and returns a dict of fields to write at the record that the update came from.
type Hooks struct {
	BeforeCreate, BeforeUpdate, AfterUpdate, AfterLink string
	BackCreate, BackUpdate, BackAfter                  string // before_create, before_update and after_update of b_to_a
	Line                                               int
}

// Email is what the e-mail with an opened document says. Subject and Message may name fields of the document in braces,
// {invoiceNumber}; it goes to whom the customer's record in billing names.
type Email struct {
	Subject, ReplyTo, Message string
	Line                      int
}

// Names lists the fields of the document that the e-mail names.
func (e *Email) Names() []string {
	if e == nil {
		return nil
	}
	var out []string
	for _, hit := range braces().FindAllStringSubmatch(e.Subject+" "+e.Message, -1) {
		if !slices.Contains(out, hit[1]) {
			out = append(out, hit[1])
		}
	}
	return out
}

// Fill puts the document's values in the place of the names in braces; field gives them.
func (e *Email) Fill(text string, field func(name string) string) string {
	return braces().ReplaceAllStringFunc(text, func(hit string) string { return field(hit[1 : len(hit)-1]) })
}

var braces = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\{([A-Za-z][A-Za-z0-9_.]*)\}`) })

// Watch turns a change of another object into tasks for the records it belongs to, by association.
type Watch struct {
	Object string
	Line   int
}

// Document makes a mapping one that bills: slot document, one claim per deal shared by all mappings of the slot.
type Document struct {
	Kind           string // invoice | contract
	Recurring      string // no: only when no line recurs; yes: only when one does; any
	Stage          string // field of a holding the stage; won by the metadata of table Stages (T1)
	Stages         string // reference table of a's connection: attrs won, closed
	ClosedOn       string // field of a with the close date or instant
	EnteredOn      string // field, or pattern with {stage}: when the deal entered its stage; "" = none
	Name           string // field of a with the deal's own name, for a line made of the deal itself; "" = none
	Amount         string // field of a with the deal's own total
	Currency       string // field of a; blank falls back to the account's currency
	Amounts        string // lines | deal | hold
	Prices         string // net | gross
	DiscountPer    string // unit | line: what a discount amount is taken from
	DefaultProduct string // b's product by name for deals without lines and lines without a product; "" = held
	Products       string // the mapping through which products are linked
	Lost           string // keep | archive: what happens to a draft when the deal is no longer won
	Brake          int    // documents an hour outside an approved run; 0 = max(50, 2 %)
	Line           int
}

// Children are the lines of a document: an object of a, and the roles that billing needs, each with the field names
// of both sides.
type Children struct {
	A, B            string // object of a (line_items); name of b's inline list (lines)
	Product         Role   // through Document.Products
	Quantity        Role
	Price           Role // decimal major units at a, minor units at b
	DiscountAmount  Role // a only: folded into the price
	DiscountPercent Role // a only
	Name            Role
	Recurrence      Role // value map from a's frequency to b's; a blank one, and those of Once, are one-time
	Currency        Role // a only: must equal the deal's
	Position        Role // a only: order of lines
	Fields          []Field
	Line            int
}

// Role is a field of a line on each side. Or is the field that is taken where A is blank (of a name); Once are values of a that
// mean "billed once", as a blank does (of a recurrence).
type Role struct {
	A, B   string
	Or     string
	Values map[string]string
	Once   []string
	Line   int
}

// Status of a mapping; only pilot and live ever write.
type Status string

const (
	Draft  Status = "draft"
	Pilot  Status = "pilot"
	Live   Status = "live"
	Paused Status = "paused"
)
