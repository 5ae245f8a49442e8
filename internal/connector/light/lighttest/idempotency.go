package lighttest

import (
	"crypto/sha256"
	"time"
)

// remembered is the first answer given under an idempotency key.
type remembered struct {
	request [sha256.Size]byte // method, path and body
	answer  answer
	until   time.Time
}

// once runs an operation at most once per X-Idempotency-Key where Light has that header, and runs it every time where
// Light has not: there the header is one more header nobody reads.
func (s *Sim) once(c *call, do func() answer) answer {
	key := c.request.Header.Get("X-Idempotency-Key")
	if !c.route.idempotent || key == "" {
		return do()
	}
	request := sha256.Sum256([]byte(c.request.Method + " " + c.request.URL.Path + "\n" + string(c.body)))
	if first, ok := s.remembered[key]; ok && c.now.Before(first.until) {
		if first.request != request {
			bad := conflict("X-Idempotency-Key was used with another request")
			return finish(first.answer.header.Clone(), nil, bad)
		}
		return answer{first.answer.status, first.answer.header.Clone(), first.answer.body}
	}
	ans := do()
	s.remembered[key] = remembered{request, answer{ans.status, ans.header.Clone(), ans.body}, c.now.Add(s.cfg.IdempotencyRetention)}
	return ans
}
