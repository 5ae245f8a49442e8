package connector

import (
	"context"

	"crosswalk/internal/record"
)

// What no feed shows is asked for in sweeps, each at a cadence of its own: deletions, where the system keeps them out of its feed and
// a webhook may be lost, and associations, whose changes move no record's stamp. A connector has those of these interfaces that its
// system needs; one whose feed shows it has none.

// Deleter is a connector whose feed does not show deletions.
type Deleter interface {
	// Deleted tells which of these records are deleted and can still be restored; in any order. Records that were merged into others,
	// that were erased for good or that our credential may not see are not among them.
	Deleted(ctx context.Context, object string, ids []string) ([]string, error)
}

// Associated is a connector whose records' associations can be asked for without the records.
type Associated interface {
	// Undated gives those of the association fields (see AssociationField) that change without a new stamp on the record.
	Undated(object string, fields []string) []string
	// Associated gives the value of association fields by record id and field, exactly as Read gives them. A record without any
	// association has empty values; one that does not exist may be left out, or have empty values too.
	Associated(ctx context.Context, object string, fields, ids []string) (map[string]map[string]record.Value, error)
}

// Joiner is a connector whose associations may be records of their own, with a feed of their own.
type Joiner interface {
	// JoinedBy names the object between two others (OpportunityContactRole between Opportunity and Contact), "" where there is none.
	// Its records name both in Related.
	JoinedBy(object, to string) string
}
