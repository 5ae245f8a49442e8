package salesforcetest

import (
	"strings"
	"time"
)

// Import makes n records as one bulk import does: all bear one SystemModstamp, and SystemModstamp is all that tells them apart from
// older ones. It gives their ids in order. No rule and no event, as with [Sim.Load].
func (s *Sim) Import(object string, n int, at time.Time, row func(i int) map[string]any) ([]string, error) {
	rows := make([]map[string]any, n)
	for i := range rows {
		values := map[string]any{"SystemModstamp": at.UTC().Format(time.RFC3339)}
		for name, v := range row(i) {
			values[name] = v
		}
		rows[i] = values
	}
	return s.Load(object, rows)
}

// Restamp moves the SystemModstamp of records without changing anything, as a mass update by a job does: they look changed, all in
// the same second.
func (s *Sim) Restamp(object string, ids []string, at time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range ids {
		r, e := s.row(object, id)
		if e != nil {
			return e
		}
		r.stamp = at.UTC().Truncate(time.Second)
		r.o.touch(r)
	}
	return nil
}

// FormatPhones is a before-trigger for [Sim.AddTrigger]: it writes North American numbers as (555) 010-0199, whatever was sent, in
// every phone field that is written, as orgs do whose people want them so. What is written is not what is read.
func FormatPhones(v Saving) map[string]any {
	out := map[string]any{}
	for name, value := range v.New {
		text, isText := value.(string)
		if !isText || !strings.HasSuffix(name, "Phone") || v.Old != nil && v.Old[name] == value {
			continue
		}
		digits := strings.Map(func(c rune) rune {
			if c < '0' || c > '9' {
				return -1
			}
			return c
		}, text)
		if digits = strings.TrimPrefix(digits, "1"); len(digits) == 10 {
			out[name] = "(" + digits[:3] + ") " + digits[3:6] + "-" + digits[6:]
		}
	}
	return out
}
