package connector

import (
	"context"
	"time"

	"crosswalk/internal/record"
)

// Writer is a connector that writes.
type Writer interface {
	// Traits tells how creates on the object can be made safe.
	Traits(object string) Traits
	// Encode gives the exact bytes a create would send, to be kept with the intention before the call (A6).
	// It is deterministic and validates the fields, without any call.
	Encode(w Write) ([]byte, error)
	// Write carries out each write and answers one outcome each, in order. An answer the vendor did not
	// attribute to a row is Unknown for that row, never success.
	Write(ctx context.Context, writes []Write) []Outcome
}

// Traits of an object's creates and actions.
type Traits struct {
	MarkerField string        // field that carries our marker; "" means unknown outcomes must be held
	Keyed       bool          // a create that is sent again makes no second record: it takes an idempotency key, or its marker is unique
	Replays     bool          // and is answered with what the first one made, which may be of an older decision
	StrongLook  bool          // Look sees every record older than Settle
	Settle      time.Duration // how long after a create the vendor may still hide it
	Deadline    time.Duration // how long a request may run on at the vendor after we gave up
	Rows        int           // how many rows one call of a create or an update takes; 0 is one
	Actions     []string      // open, publish, archive, send_email, einvoice ...
}

// Op is what a write does.
type Op string

const (
	OpCreate  Op = "create"
	OpUpdate  Op = "update"
	OpArchive Op = "archive"
	OpAct     Op = "act" // a named action of the system: open an invoice, publish a contract
	OpDelete  Op = "delete"
)

// Write is one write. Fields hold canonical text; the connector gives each the vendor's type.
type Write struct {
	Op       Op
	Object   string // for a line of a document: "invoice-receivables/lines"
	ID       string // of the record, for all but creates; of a create: it made this record before, and goes on with the Children that are missing
	Parent   string // id of the document a line belongs to
	Fields   map[string]record.Value
	Children []map[string]record.Value // lines, inline with the create of a document, in order
	Base     *record.Record            // the target as read, for fields the vendor replaces as a whole
	Action   string                    // for OpAct
	Key      string                    // idempotency key; the same for every try of the same intention
	Body     []byte                    // exact bytes from Encode; sent verbatim when set (creates only)
}

// Status is how a write ended.
type Status string

const (
	Done    Status = "done"
	Refused Status = "refused" // the vendor said no, definitely and for good as things stand; nothing was written
	Retry   Status = "retry"   // nothing was written; the same may succeed later (throttled, locked, not sent)
	Unknown Status = "unknown" // it may or may not have been written
	Exists  Status = "exists"  // refused because the record is there already: Ref names it
	Pending Status = "pending" // accepted; Handle asks again later (B7)
)

// Outcome of one write.
type Outcome struct {
	Status Status
	Ref    record.Ref     // the record written or found
	Record *record.Record // as the answer shows it, when it does
	Handle string
	Stamp  time.Time // the system's modified stamp after the write; else a lower bound of it (A3); zero if not known
	Err    error     // *Error for Refused, Retry, Unknown
	// Children, of a create that brought some and is done, are what they became, in order; nil where the system does not tell. A zero one
	// was not made: only a create that went on (Write.ID) leaves one out.
	Children []record.Ref
}
