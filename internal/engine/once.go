package engine

import (
	"context"
	"encoding/json"
	"time"

	"crosswalk/internal/engine/table"
)

// OnceFor is how long a request is known by its key: a caller that lost an answer asks again within minutes.
const OnceFor = 24 * time.Hour

// Once is what became of a request that its caller named with a key, so that sending it twice does it once.
type Once struct {
	Digest string          `json:"digest"` // of the request
	At     time.Time       `json:"at"`
	Status int             `json:"status,omitempty"` // 0: it has begun, and nothing is known of its end
	Answer json.RawMessage `json:"answer,omitempty"`
}

func (e *Engine) onceKey(actor, key string) table.Key {
	return table.Key{PK: "O#" + e.mac(16, "once", actor, key), SK: "once"}
}

// BeginOnce notes that a request begins. known is true when it was answered before: then its answer is given and nothing
// must be done. A key that belongs to another request, or to one that began and did not end, is refused: doing it a second
// time could do it twice.
func (e *Engine) BeginOnce(ctx context.Context, actor, key, digest string) (once Once, known bool, err error) {
	at := e.onceKey(actor, key)
	digest = e.mac(16, "once", digest) // keyed: a request may name a person
	now := time.Now()
	err = e.Table.Put(ctx, []table.Put{expiring(put(at, Once{Digest: digest, At: now}, e.token(), table.IfAbsent()), now.Add(OnceFor))})[0]
	if err == nil || !lost(err) {
		return once, false, err
	}
	got, err := getItem[Once](ctx, e.Table, at)
	switch {
	case err != nil:
		return once, false, err
	case got.Rev == 0:
		return once, false, &RefusedError{"the request of this Idempotency-Key was given up a moment ago", "send it again"}
	case got.Value.Digest != digest:
		return once, false, &RefusedError{"this Idempotency-Key was used for another request", "take a new key for each request, and the same one only to send a request again"}
	case got.Value.Status == 0:
		return once, false, &RefusedError{"the request of this Idempotency-Key began and its end is not known", "look whether it did its work: crosswalk runs"}
	case got.Value.Answer == nil:
		return once, false, &RefusedError{"the request of this Idempotency-Key was done, and its answer was too long to be kept", "look what it did: crosswalk status"}
	}
	return got.Value, true, nil
}

// EndOnce keeps the answer of a request that BeginOnce let through. One that failed is forgotten, so that its caller may
// mend what stood in the way and send it again.
func (e *Engine) EndOnce(ctx context.Context, actor, key string, once Once) error {
	at := e.onceKey(actor, key)
	if once.Status == 0 {
		return e.Table.Put(ctx, []table.Put{{Key: at, Delete: true}})[0]
	}
	once.At, once.Digest = time.Now(), e.mac(16, "once", once.Digest)
	if len(once.Answer) > table.MaxItem/2 {
		once.Answer = nil
	}
	return e.Table.Put(ctx, []table.Put{expiring(put(at, once, e.token(), table.Condition{}), once.At.Add(OnceFor))})[0]
}
