package engine

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/engine/lane"
	"crosswalk/internal/record"
)

// MaxRequest is the largest request a system may send us.
const MaxRequest = 1 << 20

// Accept takes what a system calls us with: it verifies it over the raw body, names the records it is about, queues them
// durably, and returns. Nothing is read or written at any system. Who calls this: the webhook route; an error other than
// *connector.RefusedError means "not queued, send it again".
func (e *Engine) Accept(ctx context.Context, connection string, r *http.Request, url string, body []byte) (int, error) {
	receiver, ok := e.Connections[connection].(connector.Receiver)
	if !ok {
		return 0, &connector.RefusedError{Reason: "account", Detail: fmt.Sprintf("no connection %q takes webhooks", connection)}
	}
	if len(body) > MaxRequest {
		return 0, &connector.RefusedError{Reason: "too_large", Detail: "the body is larger than 1 MiB"}
	}
	signals, err := receiver.Receive(r, url, body, time.Now())
	if err != nil {
		return 0, err
	}
	return e.signalled(ctx, connection, "webhook", signals)
}

// signalled queues what signals are about, as far as a mapping watches it.
func (e *Engine) signalled(ctx context.Context, connection, cause string, signals []connector.Signal) (int, error) {
	watched, err := e.watched(ctx)
	if err != nil {
		return 0, err
	}
	var live, bulk []Task
	seen := map[record.Ref]bool{}
	for _, s := range signals {
		if s.Kind == connector.Erased { // whether or not a mapping watches it
			live = append(live, Task{Ref: s.Ref, Cause: causeErase, Actor: connection})
			continue
		}
		if seen[s.Ref] || !watched[watchKey(s.Ref.Connection, s.Ref.Object)] {
			continue
		}
		seen[s.Ref] = true
		t := Task{Ref: s.Ref, Cause: cause}
		if s.Bulk {
			bulk = append(bulk, t)
		} else {
			live = append(live, t)
		}
		if !s.To.IsZero() && !seen[s.To] {
			seen[s.To] = true
			live = append(live, Task{Ref: s.To, Cause: cause})
		}
	}
	return len(live) + len(bulk), errors.Join(e.Enqueue(ctx, lane.Live, live), e.Enqueue(ctx, lane.Bulk, bulk))
}

func watchKey(connection, object string) string { return connection + "/" + object }

// watched tells which objects any working mapping watches.
func (e *Engine) watched(ctx context.Context) (map[string]bool, error) {
	set, err := e.bound(ctx)
	if err != nil {
		return nil, err
	}
	out := map[string]bool{}
	for _, a := range set.byName {
		if !a.works(true) {
			continue
		}
		for _, way := range a.ways() {
			out[watchKey(way.ConnA, way.A.Object)] = true
			for _, object := range way.watches() {
				out[watchKey(way.ConnA, object)] = true
			}
		}
	}
	return out, nil
}
