package lighttest

import (
	"crypto/sha256"
	"net/http"
	"time"
)

// remembered is the first answer given under an idempotency key.
type remembered struct {
	request [sha256.Size]byte // method, path and body
	status  int
	body    []byte
	until   time.Time
}

// once runs an operation at most once per X-Idempotency-Key where Light has that header, and runs it every time where
// Light has not: there the header is one more header nobody reads. header holds what this very answer must carry.
func (s *Sim) once(c *call, header http.Header, do func() answer) answer {
	key := c.request.Header.Get("X-Idempotency-Key")
	if !c.route.idempotent || key == "" {
		return do()
	}
	request := sha256.Sum256([]byte(c.request.Method + " " + c.request.URL.Path + "\n" + string(c.body)))
	if first, ok := s.remembered[key]; ok && c.now.Before(first.until) {
		if first.request != request {
			return finish(header, nil, conflict("X-Idempotency-Key was used with another request"))
		}
		header.Set("Content-Type", mediaJSON)
		return answer{first.status, header, first.body}
	}
	ans := do()
	s.remembered[key] = remembered{request, ans.status, ans.body, c.now.Add(s.cfg.IdempotencyRetention)}
	return ans
}
