package app

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"crosswalk/internal/budget"
	"crosswalk/internal/engine"
	"crosswalk/internal/rest"
)

// meter is what one connection's calls pass through: the limiter where calls are limited, else a counter; and it sees when
// the system last answered, and when it refuses our credential.
type meter struct {
	limiter budget.Gate // nil: limits are off
	counter counting

	mu      sync.Mutex
	contact engine.Contact
	told    engine.Contact
	looked  time.Time // when the budget was refreshed
	asked   time.Time // when the account was asked for its zone
}

// counting is a gate that counts what passes it.
type counting interface {
	rest.Gate
	Drain() []budget.HourUse
	Return(uses []budget.HourUse)
}

func newMeter(connection string, limiter budget.Gate) *meter {
	m := &meter{limiter: limiter, counter: limiter, contact: engine.Contact{Connection: connection}}
	if limiter == nil {
		m.counter = &budget.Counter{}
	}
	return m
}

// gate is where calls are let through.
func (m *meter) gate() rest.Gate { return ofRuns{m.counter} }

// ofRuns counts calls to the run that they are made for, too.
type ofRuns struct{ counting }

func (g ofRuns) Enter(ctx context.Context, bucket string, calls int) error {
	err := g.counting.Enter(ctx, bucket, calls)
	if err == nil {
		engine.CountCalls(ctx, calls)
	}
	return err
}

// Block is the limiter's; what is only counted is not stopped.
func (g ofRuns) Block(bucket string, until time.Time) {
	if b, ok := g.counting.(rest.Blocker); ok {
		b.Block(bucket, until)
	}
}

// looks tells whether it is time to refresh the budget.
func (m *meter) looks(now time.Time) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if now.Sub(m.looked) < lookEvery {
		return false
	}
	m.looked = now
	return true
}

// asks tells whether it is time to ask the account for its zone.
func (m *meter) asks(now time.Time) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if now.Sub(m.asked) < askEvery {
		return false
	}
	m.asked = now
	return true
}

// answered notes what came back for one try; status 0 is no answer.
func (m *meter) answered(status int) {
	now := time.Now()
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case status == http.StatusUnauthorized:
		if m.contact.Dead.IsZero() {
			m.contact.Dead = now
		}
	case status >= 200 && status < 300:
		m.contact.LastSuccess, m.contact.Dead = now, time.Time{}
	}
}

// news is what changed about the contact since it was last told; a success every minute is enough to know.
func (m *meter) news() []engine.Contact {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.contact.Dead.Equal(m.told.Dead) && m.contact.LastSuccess.Sub(m.told.LastSuccess) < tellEvery {
		return nil
	}
	m.told = m.contact
	return []engine.Contact{m.contact}
}

// labelled marks calls for the budget: whose they are, and whether they are bulk work.
func labelled(ctx context.Context, mapping, cause string, bulk bool) context.Context {
	return budget.With(ctx, budget.Label{Mapping: mapping, Cause: cause, Bulk: bulk})
}

// tellEvery is how often a success is worth telling.
const tellEvery = time.Minute

// SaveUsage puts what was counted into the store, where a restart finds it. Who calls this: a loop, whoever shows usage, and
// Close. Counts that cannot be stored are kept for the next time.
func (a *App) SaveUsage(ctx context.Context) error {
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(a.meters)) {
		m := a.meters[name]
		hours := m.counter.Drain()
		counted := engine.Counted{Contacts: m.news()}
		for _, u := range hours {
			counted.Calls = append(counted.Calls, engine.CallUse{Connection: name, Mapping: u.Mapping, Cause: u.Cause, Hour: u.Hour, Calls: u.Calls})
		}
		if err := a.Engine.NoteUsage(ctx, counted); err != nil {
			m.counter.Return(hours)
			errs = append(errs, err)
		}
	}
	return errors.Join(append(errs, a.refreshBudgets(ctx))...)
}

// rhythms are how often a month can be reconciled by itself.
var rhythms = []string{engine.Daily, engine.Monthly}

func knownRhythm(word string) bool { return slices.Contains(rhythms, word) }
