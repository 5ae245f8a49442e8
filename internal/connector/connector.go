// Package connector is the contract between the engine and one account in one system. A connector knows its
// system and nothing of mappings; it speaks in batches of any length and splits them by the vendor's limits;
// it answers every ref and every row with an outcome of its own and never guesses. connectortest is the
// acceptance suite; specimen is a commented connector to copy. Start with Connector, then Writer.
package connector

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"crosswalk/internal/record"
)

// Connector reads one account. Refs it returns carry the connection name it was built with.
type Connector interface {
	// Account tells which account the credential opens; also the connection test.
	Account(ctx context.Context) (Account, error)
	// Objects lists the kinds of record it knows, by the system's own plural names.
	Objects() []string
	// Describe gives an object's fields as they are now in this account.
	Describe(ctx context.Context, object string) (Object, error)
	// Read answers each id asked for, in the order asked, by a strongly consistent path. The error is for a
	// call that failed as a whole before anything was learnt.
	Read(ctx context.Context, r ReadRequest) ([]record.Read, error)
	// Changes gives one page of records changed since the cursor, oldest change first, never skipping one of
	// many with equal stamps, nor any beyond the vendor's result window. It may repeat records.
	Changes(ctx context.Context, r FeedRequest) (Page, error)
	// Table gives a reference table whole (stages, owners, entities ...); Tables lists their names.
	Table(ctx context.Context, name string) (Table, error)
	Tables() []string
	// URL gives the address of the record in the vendor's own pages, or "".
	URL(ref record.Ref) string
}

// Account identifies what a connection is bound to at first connect (T18).
type Account struct {
	ID         string // portal id, org id, company id, server
	Name       string
	Production bool
	Currency   string // ISO 4217, the account's own
	TimeZone   string // IANA, the account's own
	Currencies []string
}

// Object is a kind of record as one account defines it.
type Object struct {
	Name, Label string
	Fields      []Field
}

// Field of an object. Nested fields have dotted names.
type Field struct {
	Name, Label string
	Type        string // text, number, integer, bool, date, datetime, enum, multi, ref, list
	Required    bool   // for a create
	ReadOnly    bool   // never writable
	CreateOnly  bool   // writable on create alone
	Unique      bool
	Options     []Option // of enum and multi
	MaxLength   int      // characters, 0 = not known
	References  string   // object a ref points to
}

// Option is one allowed value of an enum.
type Option struct{ Value, Label string }

// ReadRequest asks for records by id. Fields are the union all mappings need; With names the associated
// objects whose refs should come along in Record.Related.
type ReadRequest struct {
	Object string
	IDs    []string
	Fields []string
	With   []string
	Before []string // other objects whose records become one of this object (a lead becomes a contact): Was names them too
}

// FeedRequest asks for the next page of changes. A nil Cursor starts at From (zero: everything there is).
type FeedRequest struct {
	Object string
	Cursor json.RawMessage // only the connector understands it
	From   time.Time
	Fields []string
}

// Page of changes. When More is false the caller waits for its next cycle and goes on from Cursor, which
// then already reaches back by the system's lag, so that a record which became visible late is found.
// Total is how many are left from this cursor on, this page included, where the system tells; else -1.
type Page struct {
	Records []record.Record
	Cursor  json.RawMessage
	More    bool
	Total   int
	// Unsure, where the system's stamps are coarse, is the stamp from which on a later change may bear the same one as this page
	// shows: such records are given again, and are no repetition. Zero: every change has a stamp of its own.
	Unsure time.Time
}

// Table is reference data: small, read whole, kept with its age.
type Table struct {
	Name string
	Rows []Row
}

// Row of a reference table. Key is what records hold; Label is what people see; Attrs are plain facts such as
// won=true, closed=true, pipeline=..., email=..., code=....
type Row struct {
	Key, Label string
	Attrs      map[string]string
}

// Finder is a connector that can be asked strongly for records by a field's value.
type Finder interface {
	// Find answers each ask with every record that may have that value: a superset is fine (the caller compares
	// canonical forms), a subset is not. An ask that cannot be put to the vendor safely has CannotAsk set.
	Find(ctx context.Context, object string, asks []Ask, fields []string) ([]Answer, error)
	// Findable lists the fields of an object that Find takes.
	Findable(object string) []string
}

// Ask for records whose Field has this Text (the raw value, not a canonical key).
type Ask struct{ Field, Text string }

// Answer to one Ask.
type Answer struct {
	Records   []record.Record
	CannotAsk bool
}

// Looker is a connector that can look for a record by the marker its create carried (protocols.md, take over).
type Looker interface {
	// Look finds records of the object bearing the marker, created no earlier than Since less ten minutes.
	Look(ctx context.Context, r LookRequest) ([]record.Record, error)
}

// LookRequest names the marker and what narrows the search: fields of the intended record (customerId ...).
type LookRequest struct {
	Object string
	Marker string
	Since  time.Time
	Hints  map[string]record.Value
	Fields []string
}

// Provisioner is a connector that can make sure marker fields exist (crosswalk check). It says what it did or
// who must do it.
type Provisioner interface {
	Provision(ctx context.Context, object string, create bool) (Provision, error)
}

// Provision of a marker field: Ready, or what a person must do.
type Provision struct {
	Field string
	Ready bool
	Made  bool
	Fix   string
}

// Receiver is a connector whose system calls us.
type Receiver interface {
	// Receive verifies a request over its raw body and turns it into signals; nothing is trusted before the
	// signature holds. url is the full public address the system was told to call, as it called it. Errors:
	// *RefusedError for forged, stale or malformed requests.
	Receive(r *http.Request, url string, body []byte, now time.Time) ([]Signal, error)
}

// RefusedError is a request from outside that was not let in. Reason is one of a closed set, for counting:
// signature, stale, malformed, too_large, account.
type RefusedError struct{ Reason, Detail string }

func (e *RefusedError) Error() string { return "webhook refused: " + e.Reason + ": " + e.Detail }

// Signal says where to look, never what to write.
type Signal struct {
	Ref     record.Ref
	Kind    SignalKind
	To      record.Ref // of a merge: the surviving record
	Account string     // as the body claims it
	Bulk    bool       // an import or the like: many at once, not urgent
	Own     bool       // the system says our own credential caused it: a hint only
}

// SignalKind is what happened, as far as the system says.
type SignalKind string

const (
	Changed SignalKind = "changed"
	Created SignalKind = "created"
	Deleted SignalKind = "deleted"
	Merged  SignalKind = "merged"
	Erased  SignalKind = "erased" // deleted for good, on a person's request: nothing of it may be kept anywhere
)
