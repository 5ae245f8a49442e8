package salesforcetest

import (
	"slices"
	"time"
)

// view is the record's state as this reader sees it, nil if it sees no record:
// a commit may be visible only some time after its stamp (section 9), and a
// fault may read what was before.
func (s *Sim) view(r *record, stale bool) *state {
	if r.visibleAt.IsZero() {
		return &r.state
	}
	until := r.visibleAt
	if stale {
		until = until.Add(s.cfg.StaleRead)
	}
	if time.Now().Before(until) {
		if r.late {
			return nil
		}
		return r.prev
	}
	return &r.state
}

// settle forgets versions that no reader sees any more.
func (s *Sim) settle() {
	if len(s.hidden) == 0 {
		return
	}
	now := time.Now()
	s.hidden = slices.DeleteFunc(s.hidden, func(r *record) bool {
		if now.Before(r.visibleAt.Add(s.cfg.StaleRead)) {
			return false
		}
		r.prev, r.late, r.visibleAt = nil, false, time.Time{}
		return true
	})
}

// hold locks the records of some effects for a while, as a long transaction does.
func (s *Sim) hold(effects []Effect, d time.Duration) []*record {
	var held []*record
	for _, e := range effects {
		if r := s.records[e.ID[:15]]; r != nil {
			r.locked = time.Now().Add(d)
			held = append(held, r)
		}
	}
	return held
}

func (s *Sim) release(held []*record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range held {
		r.locked = time.Time{}
	}
}

// Lock holds a record for a while: writes to it, and to children that must lock
// it, answer UNABLE_TO_LOCK_ROW (at once instead of after the vendor's 10 s).
func (s *Sim) Lock(id string, d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.record(id); r != nil {
		r.locked = time.Now().Add(d)
	}
}

// record finds a row by a 15- or 18-character id, deleted ones too.
func (s *Sim) record(id string) *record {
	full, ok := ID18(id)
	if !ok {
		return nil
	}
	return s.records[full[:15]]
}
