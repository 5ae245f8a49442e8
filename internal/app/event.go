package app

import (
	"context"
	"errors"
	"maps"
	"slices"

	"crosswalk/internal/connector"
)

// AcceptEvent takes an event of a bus that systems put their changes on, for every connection that is bound to the account it
// comes from: only a connector can tell. *connector.RefusedError with reason account where none is, which no second delivery
// changes; any other error means that it was not queued and must come again.
func (a *App) AcceptEvent(ctx context.Context, event []byte) (tasks int, err error) {
	refused := error(&connector.RefusedError{Reason: "account", Detail: "no connection is bound to the account that the event comes from"})
	taken := false
	for _, name := range slices.Sorted(maps.Keys(a.Connectors)) {
		if _, ok := a.Connectors[name].(connector.EventReceiver); !ok {
			continue
		}
		n, err := a.Engine.AcceptEvent(ctx, name, event)
		var no *connector.RefusedError
		switch {
		case errors.As(err, &no) && no.Reason == "account":
			continue
		case errors.As(err, &no):
			refused = err // it cannot be read: another connection cannot either
			continue
		case err != nil:
			return tasks, err
		}
		taken = true
		tasks += n
	}
	if taken {
		return tasks, nil
	}
	return 0, refused
}
