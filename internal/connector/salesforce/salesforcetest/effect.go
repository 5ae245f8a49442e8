package salesforcetest

import (
	"time"
)

// Effect is one line of the journal that checkers read: who did what to which
// record, by which call. Values are those after the change.
type Effect struct {
	Change
	Commit int64
	When   time.Time
	User   string // 18-character id
	Client string // of Sforce-Call-Options
	Call   string // "POST /composite/sobjects", "" for people and automations
}

func (s *Sim) log(c Commit) {
	for _, ch := range c.Changes {
		s.effects = append(s.effects, Effect{Change: ch, Commit: c.Number, When: c.When, User: c.User, Client: c.Client, Call: c.Call})
	}
}

// Log gives every effect so far, in order. Load and Sample leave none.
func (s *Sim) Log() []Effect {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Effect(nil), s.effects...)
}

// ResetLog forgets the effects so far.
func (s *Sim) ResetLog() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.effects = nil
}
