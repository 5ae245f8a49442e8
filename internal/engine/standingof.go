package engine

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"crosswalk/internal/engine/table"
	"crosswalk/internal/mapping"
	"crosswalk/internal/plan"
)

// ConnectionStatus is how a connection stands as far as the store knows: nothing is asked.
type ConnectionStatus struct {
	Name        string    `json:"name"`
	Account     string    `json:"account,omitempty"`
	LastSuccess time.Time `json:"lastSuccess,omitzero"`
	Dead        time.Time `json:"dead,omitzero"`     // since when the system refuses our credential
	Waiting     int       `json:"waiting,omitempty"` // tasks that wait for it to be connected again
}

// ParkedGroup is how many tasks wait for the same kind of thing, and when the first of them goes on by itself.
type ParkedGroup struct {
	For   string    `json:"for"`            // time, needed record, brake, connection, mapping
	Name  string    `json:"name,omitempty"` // of the connection, mapping or place
	Count int       `json:"count"`
	Next  time.Time `json:"next"`
}

// fillStatus adds to a status what is read from parked tasks, feeds and what was counted.
func (e *Engine) fillStatus(ctx context.Context, s *Status, set *mappingSet) error {
	groups := map[[2]string]*ParkedGroup{}
	err := list(ctx, e.Table, "W", "", func(_ table.Key, p parked) bool {
		s.Parked++
		id := waitsFor(p.On)
		g := groups[id]
		if g == nil {
			g = &ParkedGroup{For: id[0], Name: id[1], Next: p.Due}
			groups[id] = g
		}
		g.Count++
		return true
	})
	if err != nil {
		return err
	}
	for _, g := range groups {
		s.Waits = append(s.Waits, *g)
	}
	slices.SortFunc(s.Waits, func(a, b ParkedGroup) int {
		return cmp.Or(a.Next.Compare(b.Next), strings.Compare(a.For+a.Name, b.For+b.Name))
	})
	for _, name := range sortedNames(e.Connections) {
		c, err := e.ConnectionStatus(ctx, name)
		if err != nil {
			return err
		}
		if g := groups[[2]string{"connection", name}]; g != nil {
			c.Waiting = g.Count
		}
		s.Connections = append(s.Connections, c)
	}
	for n := range s.Mappings {
		if err := e.fillMapping(ctx, &s.Mappings[n], set.byName[s.Mappings[n].Head.Name], s.At); err != nil {
			return err
		}
	}
	return nil
}

// waitsFor sorts what a task waits for into kinds.
func waitsFor(on string) [2]string {
	kind, name, _ := strings.Cut(on, "/")
	switch {
	case on == "":
		return [2]string{"time", ""}
	case kind == "brake" || kind == "connection" || kind == "mapping" || kind == "budget":
		return [2]string{kind, name}
	case kind == "slot":
		return [2]string{"mapping", name}
	}
	return [2]string{"needed record", ""}
}

// ConnectionStatus is what is known of one connection, from the store alone.
func (e *Engine) ConnectionStatus(ctx context.Context, name string) (ConnectionStatus, error) {
	bound, err := getItem[boundAccount](ctx, e.Table, connectionKey(name))
	if err != nil {
		return ConnectionStatus{}, err
	}
	contact, err := getItem[Contact](ctx, e.Table, contactOf(name))
	return ConnectionStatus{Name: name, Account: bound.Value.Account, LastSuccess: contact.Value.LastSuccess, Dead: contact.Value.Dead}, err
}

// fillMapping adds when a mapping last worked something to its end, how many of its records are held, and its lag: the age of
// the oldest change that may not have been looked at, which is that of the least recent reading of its feeds.
func (e *Engine) fillMapping(ctx context.Context, m *MappingStatus, a *Active, now time.Time) error {
	success, err := getItem[time.Time](ctx, e.Table, latelyOf(m.Head.Name))
	if err != nil {
		return err
	}
	m.LastSuccess = success.Value
	for category, n := range m.Open {
		if !plan.Harmless(category) {
			m.Held += n
		}
	}
	if !a.works(true) || a.Head.Status == mapping.Paused {
		return nil
	}
	oldest := now
	for _, object := range append([]string{a.A.Object}, a.watches()...) {
		f, err := getItem[feedTimes](ctx, e.Table, feedKey(a.ConnA, object))
		if err != nil {
			return err
		}
		at := f.Value.ReadAt
		if at.IsZero() {
			at = a.Head.At // never read to its end since it went live
		}
		if at.Before(oldest) {
			oldest = at
		}
	}
	m.FeedRead = oldest
	m.Lag = max(0, now.Sub(oldest))
	return nil
}

// feedTimes is the part of a feed's state that a status needs.
type feedTimes struct {
	ReadAt time.Time `json:"readAt,omitzero"`
}
