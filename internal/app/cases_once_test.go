package app

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"crosswalk/internal/engine"
)

// TestOnce: a request with a key is begun once; what is known of its end is told for a day, what is not known is never
// done a second time, and what failed may be tried again.
func TestOnce(t *testing.T) {
	virtual(t, setup{Draft: true}, func(w *world) {
		begin := func(actor, key, digest string) (engine.Once, bool, error) {
			return w.Engine.BeginOnce(t.Context(), actor, key, digest)
		}
		fresh := func(actor, key, digest string) {
			t.Helper()
			if _, known, err := begin(actor, key, digest); known || err != nil {
				t.Errorf("%s %s %s: known %v, %v; want a fresh start", actor, key, digest, known, err)
			}
		}
		refused := func(actor, key, digest string) {
			t.Helper()
			var r *engine.RefusedError
			if _, known, err := begin(actor, key, digest); known || !errors.As(err, &r) || r.Fix == "" {
				t.Errorf("%s %s %s: known %v, %v; want refused with what to do", actor, key, digest, known, err)
			}
		}
		fresh("editor", "k", "d")
		refused("editor", "k", "d") // killed in between: nobody knows what it did
		fresh("finance", "k", "d")  // somebody else's key is another key
		w.ok(w.Engine.EndOnce(t.Context(), "editor", "k", engine.Once{Digest: "d", Status: 202, Answer: json.RawMessage(`{"id":"r1"}`)}))
		if o, known, err := begin("editor", "k", "d"); !known || err != nil || o.Status != 202 || string(o.Answer) != `{"id":"r1"}` {
			t.Errorf("%+v, known %v, %v", o, known, err)
		}
		refused("editor", "k", "another request")
		w.ok(w.Engine.EndOnce(t.Context(), "finance", "k", engine.Once{Digest: "d"})) // it failed
		fresh("finance", "k", "mended")
		fresh("editor", "long", "d")
		w.ok(w.Engine.EndOnce(t.Context(), "editor", "long", engine.Once{Digest: "d", Status: 200, Answer: json.RawMessage(`"` + strings.Repeat("x", 300_000) + `"`)}))
		refused("editor", "long", "d") // it was done, and cannot be answered again
		w.advance(engine.OnceFor)
		fresh("editor", "k", "another request")
	})
}
