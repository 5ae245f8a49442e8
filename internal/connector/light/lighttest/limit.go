package lighttest

import (
	"net/http"
	"strconv"
	"time"
)

const (
	perMinute = 300
	perDay    = 100_000
)

// window counts calls until its end.
type window struct {
	end  time.Time
	used int
}

func (w *window) take(now, end time.Time) int {
	if !now.Before(w.end) {
		w.end, w.used = end, 0
	}
	w.used++
	return w.used
}

// limit counts one call against its key's minute and the organisation's day, and sets the headers Light sends. A
// minute begins with the first call after the last one ended.
func (s *Sim) limit(key string, now time.Time, header http.Header) *failure {
	if !s.cfg.Limits {
		return nil
	}
	w := s.minutes[key]
	if w == nil {
		w = &window{}
		s.minutes[key] = w
	}
	used := w.take(now, now.Add(time.Minute))
	limit, end := perMinute, w.end
	midnight := now.UTC().Truncate(24 * time.Hour).Add(24 * time.Hour)
	if day := s.day.take(now, midnight); day > perDay {
		limit, used, end = perDay, day, s.day.end
	}
	reset := ceilSeconds(end)
	header.Set("X-RateLimit-Limit", strconv.Itoa(limit))
	header.Set("X-RateLimit-Remaining", strconv.Itoa(max(0, limit-used)))
	header.Set("X-RateLimit-Reset", strconv.FormatInt(reset, 10))
	if used <= limit {
		return nil
	}
	header.Set("Retry-After", strconv.FormatInt(max(1, reset-now.Unix()), 10))
	return gateway(http.StatusTooManyRequests, "TOO_MANY_REQUESTS", "Rate limit exceeded")
}

// ceilSeconds rounds up, so that a caller who waits until then is past the end.
func ceilSeconds(t time.Time) int64 { return t.Add(time.Second - 1).Unix() }
