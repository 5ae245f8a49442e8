package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"crosswalk/internal/connector"
)

// AcceptEvent takes one event of a bus that a system puts its changes on: the records it is about are queued durably, as by
// Accept. What changed in such numbers that the event does not say which is found by reading the object's feed once more.
// Nothing is read or written at any system. Who calls this: the change function; an error other than
// *connector.RefusedError means "not queued, send it again", and a second delivery changes nothing but timing.
func (e *Engine) AcceptEvent(ctx context.Context, connection string, event []byte) (int, error) {
	receiver, ok := e.Connections[connection].(connector.EventReceiver)
	if !ok {
		return 0, &connector.RefusedError{Reason: "account", Detail: fmt.Sprintf("no connection %q takes events", connection)}
	}
	signals, overflows, err := receiver.ReceiveEvent(ctx, event)
	if err != nil {
		return 0, err
	}
	n, err := e.signalled(ctx, connection, "event", signals)
	for _, o := range overflows {
		err = errors.Join(err, e.beginAgain(ctx, connection, o))
	}
	return n, err
}

// beginAgain has an object's feed begin anew at a time from which on nothing can be missing: the earlier of when the change
// was committed and when the feed was last read to its end. It begins firstReach before that like every feed, since what a
// long transaction wrote bears stamps from before its commit. That costs one call for each page of what changed since, and
// no message for what is as it was agreed; comparing the whole object would cost all its pages and find no more, for every
// change moves the stamp the feed reads by, and the deletions are asked for from the same time.
func (e *Engine) beginAgain(ctx context.Context, connection string, o connector.Overflow) error {
	at := o.At
	if at.IsZero() || at.After(time.Now()) {
		at = time.Now()
	}
	_, err := change(ctx, e, feedKey(connection, o.Object), func(f *feed, exists bool) bool {
		if !exists || f.covers(at) {
			return false // its first cycle will read all there is, or an event of the same change was here before
		}
		switch {
		case f.ReadAt.IsZero(): // in the middle of its first cycle, which then begins anew
			f.restart()
		case f.ReadAt.Before(at):
			f.again(f.ReadAt)
		default:
			f.again(at)
		}
		f.Overflow = at
		return true
	})
	return err
}

// covers tells whether the feed has begun anew for a change that was committed then.
func (f *feed) covers(at time.Time) bool {
	return !f.Overflow.IsZero() && at.Equal(f.Overflow)
}
