package web

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"strings"
	"sync"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/engine"
)

// Accepter queues what a vendor tells us, durably, before it returns; see engine.Accept.
type Accepter interface {
	Accept(ctx context.Context, connection string, r *http.Request, url string, body []byte) (int, error)
}

// WebhookDeps is what the webhook routes need.
type WebhookDeps struct {
	Accept Accepter
	// Ack gives what a connection's system wants to read when its message was taken; an empty body where any 200 will do. May
	// be nil: any 200 will do for all.
	Ack func(connection string) (contentType string, body []byte)
	// Public is the address that vendors were told to call, without the path: signatures are made over it.
	Public  string
	Refused *Refusals
	NewID   func() string // names a fault in answer and log
	Log     *slog.Logger
}

// acceptWithin keeps the answer well inside the five seconds that HubSpot gives; after it the vendor is told to send again.
const acceptWithin = 3 * time.Second

// Webhooks takes POST /webhooks/{connection}, and /webhooks/{connection}/{secret} of systems that sign nothing and are known
// by the address they call. 200 means queued durably; 401 forged, stale or of another account; 400 not what the vendor sends;
// 413 over 1 MiB; 500 could not be queued. Vendors send again after anything but 200, and a second delivery changes nothing
// but timing. The log carries the route and never the secret.
func Webhooks(d WebhookDeps) http.Handler {
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	mux := http.NewServeMux()
	for _, route := range []string{"/webhooks/{connection}", "/webhooks/{connection}/{secret}"} {
		mux.HandleFunc("POST "+route, func(w http.ResponseWriter, r *http.Request) {
			note(r.Context()).route = route
			d.answer(w, r.PathValue("connection"), d.take(w, r))
		})
	}
	return logged(d.Log, d.NewID, mux)
}

// answer says to the vendor what became of its message. A system that reads more than the status takes every answer without
// its own words for a failure, and sends again.
func (d WebhookDeps) answer(w http.ResponseWriter, connection string, status int) {
	if status != http.StatusOK || d.Ack == nil {
		w.WriteHeader(status)
		return
	}
	contentType, body := d.Ack(connection)
	if len(body) > 0 {
		w.Header().Set("Content-Type", contentType)
	}
	w.WriteHeader(status)
	_, _ = w.Write(body) // it was queued all the same; a vendor that did not hear it sends again
}

func (d WebhookDeps) take(w http.ResponseWriter, r *http.Request) int {
	ctx, cancel := context.WithTimeout(r.Context(), acceptWithin)
	defer cancel()
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, engine.MaxRequest))
	if err == nil {
		_, err = d.Accept.Accept(ctx, r.PathValue("connection"), r, strings.TrimRight(d.Public, "/")+r.URL.RequestURI(), body)
	}
	var (
		refused  *connector.RefusedError
		tooLarge *http.MaxBytesError
	)
	switch {
	case err == nil:
		return http.StatusOK
	case errors.As(err, &tooLarge):
		refused = &connector.RefusedError{Reason: "too_large"}
	case !errors.As(err, &refused):
		n := note(ctx)
		n.err, n.id = err, d.NewID()
		return http.StatusInternalServerError
	}
	d.Refused.Add(refused.Reason)
	return refusedStatus(refused.Reason)
}

func refusedStatus(reason string) int {
	switch reason {
	case "malformed":
		return http.StatusBadRequest
	case "too_large":
		return http.StatusRequestEntityTooLarge
	}
	return http.StatusUnauthorized // signature, stale, account: it is not said which
}

// Refusals counts webhooks that were not let in, by reason, since the program started. The zero value is ready; it is safe
// for concurrent use, and a nil one counts nothing.
type Refusals struct {
	mu     sync.Mutex
	counts map[string]int
}

// Add counts one.
func (r *Refusals) Add(reason string) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.counts == nil {
		r.counts = map[string]int{}
	}
	r.counts[reason]++
}

// Counts gives all counts by reason.
func (r *Refusals) Counts() map[string]int {
	if r == nil {
		return map[string]int{}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.counts == nil {
		return map[string]int{}
	}
	return maps.Clone(r.counts)
}
