package connector

import (
	"context"
	"time"
)

// Prober is a connector whose system is not the same at every customer: it asks what this installation has (salespad.md 9).
type Prober interface {
	// Probe asks each resource that the connector would use for one row. The error is for not having been able to ask.
	Probe(ctx context.Context) ([]Probed, error)
}

// Probed is one resource, and whether this installation has it.
type Probed struct {
	Resource   string   // by the system's own name
	For        []string // objects that need it, and reference tables as "table NAME"
	Confidence string   // how sure we are that installations have it: confirmed, partial, inferred
	There      bool
	Fix        string // "" where there is nothing to do
}

// Rivaled is a connector whose system has an integration of its own with the other one, which must be off before ours writes.
type Rivaled interface {
	Rival(ctx context.Context, since time.Time) (Rival, error)
}

// Rival is what such an integration left behind.
type Rival struct {
	Name     string   // what people call it
	Count    int      // what it did since
	Examples []string // a few of them, without what is in the records
	Unseen   bool     // nobody can see it here: a person has to say that it is off
	Off      string   // how to switch it off
}
