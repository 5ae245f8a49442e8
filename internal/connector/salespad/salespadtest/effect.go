package salespadtest

import (
	"slices"
	"time"
)

// Effect is one thing that happened to a record, through the API or by a person. Requests that were refused, and reads,
// have none.
type Effect struct {
	At       time.Time
	By       string // the account, or Person
	Did      string // create, update, delete, convert, forward, transfer, move, void, post
	Resource string
	Key      string
	Fields   []string // the fields written, sorted
}

// Person is who Effect.By names for what people do in SalesPad's own screens.
const Person = "person"

// Log gives every effect since New or ClearLog, in order.
func (s *Sim) Log() []Effect {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.effects)
}

// ClearLog forgets the effects so far.
func (s *Sim) ClearLog() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.effects = nil
}

func (s *Sim) log(c *call, did string, k *kind, r *row, d *draft) {
	s.logged(c.who.Name, did, k, r, d, c.now)
}

func (s *Sim) logged(by, did string, k *kind, r *row, d *draft, now time.Time) {
	e := Effect{At: now, By: by, Did: did, Resource: k.name, Key: r.id}
	if d != nil {
		e.Fields = append(sorted(d.vals), sorted(d.user)...)
		slices.Sort(e.Fields)
	}
	s.effects = append(s.effects, e)
}
