package connector

import (
	"context"
	"time"
)

// EventReceiver is a connector whose system's changes come over an event bus that knows who put them there, rather than as
// calls that anybody could make.
type EventReceiver interface {
	// ReceiveEvent turns one event, as the bus delivers it, into signals. Of objects in overflow it says which and when.
	// *RefusedError for an event of another account (reason account) or one that cannot be read; nothing else can fail,
	// since nothing is asked of the system.
	ReceiveEvent(ctx context.Context, event []byte) ([]Signal, []Overflow, error)
}

// Overflow is a change of an object that touched more records than the system tells one by one: it must be looked for.
type Overflow struct {
	Object string
	At     time.Time // when it was committed, by the system's clock; zero where that is not said
}
