package connector

import (
	"context"
	"time"

	"crosswalk/internal/record"
)

// Historian is a connector whose system keeps who changed a field when, and tells (hubspot.md: propertiesWithHistory). It is asked
// only when both sides of a field were changed (A11), or a value may be a late write of ours (A4).
type Historian interface {
	// History gives the changes of fields of one record, by field, newest first, as many as the system keeps. A field it keeps
	// nothing about is not in the answer. The error is for a call that failed; a record that is gone has no history.
	History(ctx context.Context, object, id string, fields []string) (map[string][]FieldChange, error)
}

// FieldChange is one value a field took.
type FieldChange struct {
	At    time.Time
	Value record.Value
	Ours  bool // by our own credential
}
