package connector

import "context"

// Need is what mappings ask of one object: to be read, and perhaps written, and which fields they name.
type Need struct {
	Object string
	Write  bool     // records are created or changed there
	Marker bool     // records are created there: the marker field is needed (A5)
	Watch  bool     // a change of a record should be told at once
	Reads  []string // fields that are read, sorted
	Writes []string // fields that are written, sorted
}

// Refusal is one right that a credential lacks: what it may not do, and what to grant, by the system's own name.
type Refusal struct {
	What  string // read companies, write companies
	Grant string // the scope, role or permission; "" when the system does not name it
}

// Rights is a connector that can say what its credential may do with an object, without writing a record.
type Rights interface {
	// Lacks tries what a need asks for and gives what was refused, nothing when all is allowed. The error is for not having
	// been able to ask.
	Lacks(ctx context.Context, n Need) ([]Refusal, error)
}

// ConsentRefusal explains one code with which a vendor refuses a consent or the trade of its code. In the sentences
// {connection} and {redirect} stand for the connection's name and the redirect address.
type ConsentRefusal struct {
	Code  string
	What  string // what was refused
	Who   string // who can grant it
	Again string // how to try again; "" is: open a new link
}
