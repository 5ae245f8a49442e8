package trigger

import (
	"context"
	"encoding/json"
	"errors"

	"crosswalk/internal/connector"
)

// Event runs accept for an event of EventBridge, as it was put on the bus. An error has it delivered again; one that is
// refused would be refused again, so it is noted and not delivered again.
func Event(accept func(ctx context.Context, event []byte) (int, error), refused func(*connector.RefusedError)) func(context.Context, json.RawMessage) error {
	return func(ctx context.Context, event json.RawMessage) error {
		_, err := accept(ctx, event)
		var no *connector.RefusedError
		if errors.As(err, &no) {
			refused(no)
			return nil
		}
		return err
	}
}
