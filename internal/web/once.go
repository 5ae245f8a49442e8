package web

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"crosswalk/internal/engine"
)

// Onces remembers requests that their callers named with a key.
type Onces interface {
	BeginOnce(ctx context.Context, actor, key, digest string) (engine.Once, bool, error)
	EndOnce(ctx context.Context, actor, key string, once engine.Once) error
}

// Headers of requests.
const (
	onceHeader  = "Idempotency-Key" // on any POST: the same request with the same key is done once, and answered alike
	matchHeader = "If-Match"        // on what changes a mapping: only while this is its newest version
)

const maxOnceKey = 200

// once carries a request out, or gives the answer that it had before.
func (a *api) once(rt route, r *http.Request) (any, error) {
	key := r.Header.Get(onceHeader)
	if key == "" || r.Method != http.MethodPost {
		return rt.do(a, r)
	}
	if len(key) > maxOnceKey {
		return nil, badRequest(onceHeader, "the key is too long", fmt.Sprintf("send at most %d characters, a UUID for example", maxOnceKey))
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	ctx, actor := r.Context(), actorOf(r.Context())
	sum := sha256.Sum256(append([]byte(r.Method+" "+r.URL.RequestURI()+"\n"), body...))
	before, known, err := a.Engine.BeginOnce(ctx, actor, key, hex.EncodeToString(sum[:]))
	if err != nil || known {
		return before.Answer, err
	}
	answer, err := rt.do(a, r)
	kept := engine.Once{Digest: hex.EncodeToString(sum[:])}
	if err == nil {
		if kept.Answer, err = json.Marshal(answer); err != nil {
			return nil, err
		}
		kept.Status = rt.status
	}
	// The answer is kept even when the caller has gone: it may ask again.
	return answer, errors.Join(err, a.Engine.EndOnce(context.WithoutCancel(ctx), actor, key, kept))
}

// etag marks a mapping's newest version.
func etag(version int) string { return strconv.Quote(strconv.Itoa(version)) }

// matches refuses a change of a mapping that has moved on since the caller looked at it.
func (a *api) matches(r *http.Request, name string) error {
	wanted := strings.TrimSpace(r.Header.Get(matchHeader))
	if wanted == "" || wanted == "*" || name == "" {
		return nil
	}
	head, err := a.head(r.Context(), name)
	if err != nil || wanted == etag(head.Latest) {
		return err
	}
	p := problem(http.StatusPreconditionFailed, "changed", "the mapping is not as it was when you looked")
	p.Field, p.Detail = matchHeader, fmt.Sprintf("the newest version of %s is %d", name, head.Latest)
	p.Fix = "look at what was changed, then do it again"
	p.Command = "crosswalk export " + name
	return p
}
