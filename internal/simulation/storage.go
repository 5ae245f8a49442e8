package simulation

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"crosswalk/internal/engine/lane"
	"crosswalk/internal/engine/table"
	"crosswalk/internal/queue/embedded"
	"crosswalk/internal/store"
)

var errStore = errors.New("simulated: the store does not answer")
var errQueue = errors.New("simulated: the queue does not answer")

const (
	storeLow, storeHigh = 500 * time.Microsecond, 5 * time.Millisecond
	queueLow, queueHigh = time.Millisecond, 15 * time.Millisecond
)

// vault is one process's view of the store: every get, query and single put is an effect of its own.
type vault struct {
	a     *actor
	inner table.Table
}

// struck draws what befalls a call: an error before it, an error after it, or the call made twice (an SDK that retries its
// own success, T13).
type struck int

const (
	unharmed struck = iota
	before
	after
	twice
)

func (a *actor) strike(rate int, what string, kinds int) struck {
	if !a.s.chaos() || !a.chance(rate) {
		return unharmed
	}
	k := struck(1 + a.dice.IntN(kinds))
	a.s.hit(what + []string{"", " error before the effect", " error after the effect", " call repeated by its client"}[k])
	return k
}

// Get is table.Table's.
func (v *vault) Get(ctx context.Context, keys []table.Key) (map[table.Key]table.Item, error) {
	names := make([]string, len(keys))
	for n, k := range keys {
		names[n] = k.PK + " / " + k.SK
	}
	slices.Sort(names)
	label := "get " + strings.Join(names, ", ")
	if err := v.a.enter(ctx, label, storeLow, storeHigh); err != nil {
		return nil, err
	}
	if v.a.strike(v.a.s.Rates.Store, "store", 1) != unharmed {
		v.a.leave(label)
		return nil, errStore
	}
	items, err := v.inner.Get(ctx, keys)
	v.a.leave(label)
	return items, err
}

// Put is table.Table's.
func (v *vault) Put(ctx context.Context, puts []table.Put) []error {
	errs := store.CheckPuts(puts)
	for n := range puts {
		if errs[n] == nil {
			errs[n] = v.put(ctx, puts[n])
		}
	}
	return errs
}

func (v *vault) put(ctx context.Context, p table.Put) error {
	label := "put " + p.PK + " / " + p.SK + " " + digest(p.Data)
	if p.Delete {
		label = "delete " + p.PK + " / " + p.SK
	}
	if err := v.a.enter(ctx, label, storeLow, storeHigh); err != nil {
		return err
	}
	how := v.a.strike(v.a.s.Rates.Store, "store", 3)
	if how == before {
		v.a.leave(label)
		return errStore
	}
	err := v.inner.Put(ctx, []table.Put{p})[0]
	if how == twice && p.If != (table.Condition{}) {
		err = v.inner.Put(ctx, []table.Put{p})[0]
	}
	v.a.leave(label)
	if how == after {
		return errStore
	}
	return err
}

// Query is table.Table's.
func (v *vault) Query(ctx context.Context, q table.Query) ([]table.Item, bool, error) {
	label := "query " + q.PK + " / " + q.Prefix + " after " + q.After
	if err := v.a.enter(ctx, label, storeLow, storeHigh); err != nil {
		return nil, false, err
	}
	if v.a.strike(v.a.s.Rates.Store, "store", 1) != unharmed {
		v.a.leave(label)
		return nil, false, errStore
	}
	items, more, err := v.inner.Query(ctx, q)
	v.a.leave(label)
	return items, more, err
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:6])
}

// mailbox is one process's view of the queue: every message is an effect of its own.
type mailbox struct {
	a     *actor
	inner lane.Queue
}

// do passes one effect on the queue through the gate.
func (m *mailbox) do(ctx context.Context, label string, effect func() error) error {
	if err := m.a.enter(ctx, label, queueLow, queueHigh); err != nil {
		return err
	}
	how := m.a.strike(m.a.s.Rates.Queue, "queue", 2)
	if how == before {
		m.a.leave(label)
		return errQueue
	}
	err := effect()
	m.a.leave(label)
	if how == after {
		return errQueue
	}
	return err
}

// Send is lane.Queue's.
func (m *mailbox) Send(ctx context.Context, l lane.Lane, messages []lane.Message) []error {
	errs := make([]error, len(messages))
	for n := range messages {
		errs[n] = m.do(ctx, fmt.Sprintf("send %s %s", l, digest(messages[n].Body)), func() error {
			return m.inner.Send(ctx, l, messages[n:n+1])[0]
		})
	}
	return errs
}

// Receive is lane.Queue's. An empty receive is no effect worth a crash point.
func (m *mailbox) Receive(ctx context.Context, l lane.Lane, most int, visibility time.Duration) (got []lane.Delivery, err error) {
	if c, countErr := m.inner.Counts(ctx, l); countErr == nil && c.Waiting == 0 && c.InWork == 0 {
		return nil, nil
	}
	err = m.do(ctx, "receive "+string(l), func() error {
		got, err = m.inner.Receive(ctx, l, most, visibility)
		return err
	})
	for _, d := range got {
		if d.Receives > 1 {
			m.a.s.hit("message delivered again")
		}
	}
	if err != nil {
		return nil, err
	}
	return got, nil
}

// Ack is lane.Queue's.
func (m *mailbox) Ack(ctx context.Context, l lane.Lane, receipts []string) []error {
	return m.each(ctx, "ack "+string(l), receipts, func(one []string) []error { return m.inner.Ack(ctx, l, one) })
}

// Release is lane.Queue's.
func (m *mailbox) Release(ctx context.Context, l lane.Lane, receipts []string, delay time.Duration) []error {
	return m.each(ctx, "release "+string(l), receipts, func(one []string) []error { return m.inner.Release(ctx, l, one, delay) })
}

// Dead is lane.Queue's.
func (m *mailbox) Dead(ctx context.Context, l lane.Lane, most int) (got []lane.Delivery, err error) {
	if c, countErr := m.inner.Counts(ctx, l); countErr == nil && c.Dead == 0 {
		return nil, nil
	}
	err = m.do(ctx, "dead "+string(l), func() error {
		got, err = m.inner.Dead(ctx, l, most)
		return err
	})
	return got, err
}

// AckDead is lane.Queue's.
func (m *mailbox) AckDead(ctx context.Context, l lane.Lane, receipts []string) []error {
	return m.each(ctx, "ackdead "+string(l), receipts, func(one []string) []error { return m.inner.AckDead(ctx, l, one) })
}

// Counts is lane.Queue's.
func (m *mailbox) Counts(ctx context.Context, l lane.Lane) (lane.Counts, error) {
	return m.inner.Counts(ctx, l)
}

func (m *mailbox) each(ctx context.Context, label string, receipts []string, effect func([]string) []error) []error {
	errs := make([]error, len(receipts))
	for n := range receipts {
		errs[n] = m.do(ctx, label+" "+receipts[n], func() error { return effect(receipts[n : n+1])[0] })
	}
	return errs
}

// choose makes the queue unruly: late, out of order, and the same message to two workers at once.
func (s *Sim) choose(l lane.Lane, n, most int) []embedded.Pick {
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	dice := s.queueDice
	unruly := s.chaos() && dice.IntN(10_000) < s.Rates.Unruly
	if unruly {
		dice.Shuffle(n, func(i, j int) { order[i], order[j] = order[j], order[i] })
		s.hit("messages out of order")
	}
	var picks []embedded.Pick
	for _, i := range order {
		if len(picks) >= most {
			break
		}
		p := embedded.Pick{Index: i}
		if unruly {
			switch dice.IntN(4) {
			case 0:
				s.hit("message held back")
				continue
			case 1:
				p.Unhidden = true
				s.hit("message to two workers at once")
			}
		}
		picks = append(picks, p)
	}
	return picks
}
