// Package embedded is the lane.Queue of the laptop and of the simulation: held in memory, and written
// through to a bbolt file when opened with one. What the messages say is then in the file alone, so that what
// is queued of a run of hundreds of thousands of records does not lie in memory until it is worked. What Send
// has answered is on disk, and so is every receive, release and ack that was answered; kill -9 loses none of
// it. A killed worker's messages come back when their visibility ends (or at once, Options.Reclaim), with the
// receives they had. What a kill can take is only a call that had not been answered: a message received but
// not handed over comes back with that receive counted.
//
// Start with Open or NewMemory. Wait blocks until there is something to receive. A Chooser makes the queue
// as unruly as SQS may be.
package embedded

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"crosswalk/internal/engine/lane"
	"crosswalk/internal/queue"
	"crosswalk/internal/store/boltfile"
)

// DeadVisibility is how long a dead letter is hidden once Dead has given it and nobody acknowledged it.
const DeadVisibility = time.Minute

// ErrClosed is the answer of every call after Close.
var ErrClosed = errors.New("queue: closed")

// Options are the choices of Open and NewMemory. The zero value keeps to lane.Queue's letter.
type Options struct {
	// Choose decides what a Receive delivers; nil: what has been visible for longest, each once.
	Choose Chooser
	// Reclaim makes messages that were in work visible at once when a file is opened, rather than when their
	// visibility ends. That is safe where workers live in the process that owns the file, as it is on a
	// laptop: the file could not be opened if they were still alive.
	Reclaim bool
}

// Pick is one delivery of a Receive: of the visible message at Index, which stays visible if Unhidden is set,
// so that another worker may get it at the same time.
type Pick struct {
	Index    int
	Unhidden bool
}

// Chooser decides what a Receive of at most max delivers, of n visible messages in the order in which they
// would be delivered. It may leave some out (late), change the order, and pick one more than once (doubled).
// Picks out of range, or beyond max, are left out. It is called under the queue's lock: it must not call the queue.
type Chooser func(l lane.Lane, n, max int) []Pick

// Queue is safe for concurrent use. It starts no goroutine. Its clock is time.Now.
type Queue struct {
	file *boltfile.File // nil: memory only
	opts Options

	mu       sync.Mutex
	messages map[uint64]*message // all that exist, dead ones too
	lanes    map[lane.Lane]*piles
	lastID   uint64
	lastGen  uint64
	closed   bool
}

type piles struct {
	alive, dead pile
	waiters     []chan struct{} // each made by the Wait that waits on it
}

// NewMemory gives an empty queue that forgets everything when it is dropped.
func NewMemory(opts Options) *Queue {
	return &Queue{opts: opts, messages: map[uint64]*message{},
		lanes: map[lane.Lane]*piles{lane.Live: {}, lane.Bulk: {}}}
}

// begin checks what every call checks, and leaves the queue locked if all is well.
func (q *Queue) begin(ctx context.Context, l lane.Lane) (*piles, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := queue.CheckLane(l); err != nil {
		return nil, err
	}
	q.mu.Lock()
	if q.closed {
		q.mu.Unlock()
		return nil, ErrClosed
	}
	return q.lanes[l], nil
}

// Send is lane.Queue's.
func (q *Queue) Send(ctx context.Context, l lane.Lane, messages []lane.Message) []error {
	errs := make([]error, len(messages))
	var places []int
	for i, m := range messages {
		if errs[i] = queue.CheckMessage(m); errs[i] == nil {
			places = append(places, i)
		}
	}
	if _, err := q.begin(ctx, l); err != nil {
		return fill(errs, err)
	}
	now := time.Now()
	var made []*message
	for _, i := range places {
		q.lastID++
		made = append(made, &message{id: q.lastID, lane: l, body: bytes.Clone(messages[i].Body),
			sent: now, visible: now.Add(messages[i].Delay)})
	}
	q.mu.Unlock()
	// On disk first: what a worker receives must not be something that a crash makes never sent.
	if err := q.saveNew(made); err != nil {
		for _, i := range places {
			errs[i] = err
		}
		return errs
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, m := range made {
		q.messages[m.id] = m
		q.lanes[l].alive.add(m)
	}
	if len(made) > 0 {
		q.lanes[l].wake()
	}
	return errs
}

// Receive is lane.Queue's. When the disk fails, what it would have given stays hidden for the visibility.
func (q *Queue) Receive(ctx context.Context, l lane.Lane, max int, visibility time.Duration) ([]lane.Delivery, error) {
	if err := errors.Join(queue.CheckMax(max), queue.CheckVisibility(visibility)); err != nil {
		return nil, err
	}
	p, err := q.begin(ctx, l)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	changed := p.bury(now)
	var got []lane.Delivery
	if q.opts.Choose == nil {
		for len(got) < max && p.alive.due(now) != nil {
			m := p.alive.due(now)
			got = append(got, q.deliver(m, now.Add(visibility)))
			p.alive.move(m, m.goodFor)
			changed = append(changed, m.id)
			changed = append(changed, p.bury(now)...)
		}
	} else {
		var picked []uint64
		got, picked = q.receiveChosen(p, l, max, now, visibility)
		changed = append(changed, picked...)
	}
	q.mu.Unlock()
	if err := q.save(changed); err != nil {
		return nil, err
	}
	return q.withBodies(l, got)
}

// bury moves messages from the top of the living to the dead while they have had all their receives, and
// gives their ids.
func (p *piles) bury(now time.Time) (ids []uint64) {
	for m := p.alive.due(now); m != nil && m.exhausted(); m = p.alive.due(now) {
		p.kill(m, now)
		ids = append(ids, m.id)
	}
	return ids
}

func (p *piles) kill(m *message, now time.Time) {
	p.alive.remove(m)
	m.dead, m.gen, m.visible = true, 0, now
	p.dead.add(m)
}

// deliver counts the receive and makes a receipt that is good until then.
func (q *Queue) deliver(m *message, until time.Time) lane.Delivery {
	m.receives++
	return q.handOut(m, until)
}

func (q *Queue) handOut(m *message, until time.Time) lane.Delivery {
	q.lastGen++
	m.gen, m.goodFor = q.lastGen, until
	return lane.Delivery{Body: bytes.Clone(m.body), Receipt: m.receipt(), Receives: m.receives, Sent: m.sent}
}

func (q *Queue) receiveChosen(p *piles, l lane.Lane, max int, now time.Time, visibility time.Duration) (got []lane.Delivery, changed []uint64) {
	visible, buried := p.sift(now)
	changed = buried
	for _, pick := range q.opts.Choose(l, len(visible), max) {
		if pick.Index < 0 || pick.Index >= len(visible) || len(got) == max {
			continue
		}
		m := visible[pick.Index]
		if m.exhausted() {
			continue // doubled once too often
		}
		got = append(got, q.deliver(m, now.Add(visibility)))
		changed = append(changed, m.id)
		if !pick.Unhidden {
			p.alive.move(m, m.goodFor)
		}
	}
	return got, changed
}

// sift gives all visible messages in the order of delivery, once it has buried those that had all their receives.
func (p *piles) sift(now time.Time) (visible []*message, buried []uint64) {
	for _, m := range p.alive {
		if !now.Before(m.visible) {
			visible = append(visible, m)
		}
	}
	slices.SortFunc(visible, func(a, b *message) int {
		return cmp.Or(a.visible.Compare(b.visible), cmp.Compare(a.id, b.id))
	})
	visible = slices.DeleteFunc(visible, func(m *message) bool {
		if m.exhausted() {
			p.kill(m, now)
			buried = append(buried, m.id)
		}
		return m.dead
	})
	return visible, buried
}

// Ack is lane.Queue's.
func (q *Queue) Ack(ctx context.Context, l lane.Lane, receipts []string) []error {
	return q.withReceipts(ctx, l, receipts, false, q.drop)
}

// AckDead is lane.Queue's.
func (q *Queue) AckDead(ctx context.Context, l lane.Lane, receipts []string) []error {
	return q.withReceipts(ctx, l, receipts, true, q.drop)
}

func (q *Queue) drop(p *piles, m *message, _ time.Time) {
	if m.dead {
		p.dead.remove(m)
	} else {
		p.alive.remove(m)
	}
	delete(q.messages, m.id)
}

// Release is lane.Queue's. A receipt that is no longer good is not an error, as with Ack.
func (q *Queue) Release(ctx context.Context, l lane.Lane, receipts []string, delay time.Duration) []error {
	if err := queue.CheckRelease(delay); err != nil {
		return fill(make([]error, len(receipts)), err)
	}
	return q.withReceipts(ctx, l, receipts, false, func(p *piles, m *message, now time.Time) {
		m.gen = 0
		p.alive.move(m, now.Add(delay))
		p.wake()
	})
}

// withReceipts carries out one thing for each message whose receipt is still good, and saves what became of them.
func (q *Queue) withReceipts(ctx context.Context, l lane.Lane, receipts []string, dead bool, do func(*piles, *message, time.Time)) []error {
	errs := make([]error, len(receipts))
	p, err := q.begin(ctx, l)
	if err != nil {
		return fill(errs, err)
	}
	now := time.Now()
	var changed []uint64
	var places []int
	for i, receipt := range receipts {
		id, gen, err := parseReceipt(l, receipt)
		if err != nil {
			errs[i] = err
			continue
		}
		m := q.messages[id]
		if m == nil || m.dead != dead || !m.good(gen, now) {
			continue
		}
		do(p, m, now)
		changed, places = append(changed, id), append(places, i)
	}
	q.mu.Unlock()
	if err := q.save(changed); err != nil {
		for _, i := range places {
			errs[i] = err
		}
	}
	return errs
}

// Dead is lane.Queue's. What is not acknowledged within DeadVisibility is given again.
func (q *Queue) Dead(ctx context.Context, l lane.Lane, max int) ([]lane.Delivery, error) {
	if err := queue.CheckMax(max); err != nil {
		return nil, err
	}
	p, err := q.begin(ctx, l)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	var got []lane.Delivery
	for m := p.dead.due(now); m != nil && len(got) < max; m = p.dead.due(now) {
		got = append(got, q.handOut(m, now.Add(DeadVisibility)))
		p.dead.move(m, m.goodFor) // not saved: after a restart a dead letter is there to be taken
	}
	q.mu.Unlock()
	return q.withBodies(l, got)
}

// Counts is lane.Queue's, exact here.
func (q *Queue) Counts(ctx context.Context, l lane.Lane) (lane.Counts, error) {
	p, err := q.begin(ctx, l)
	if err != nil {
		return lane.Counts{}, err
	}
	defer q.mu.Unlock()
	now := time.Now()
	c := lane.Counts{Dead: len(p.dead)}
	for _, m := range p.alive {
		if m.inWork(now) {
			c.InWork++
		} else {
			c.Waiting++
		}
	}
	return c, nil
}

// Close lets waiting Waits end with ErrClosed and gives up the file.
func (q *Queue) Close() error {
	q.mu.Lock()
	q.closed = true
	for _, p := range q.lanes {
		p.wake()
	}
	q.mu.Unlock()
	if q.file == nil {
		return nil
	}
	return q.file.Close()
}

func fill(errs []error, err error) []error {
	for i := range errs {
		errs[i] = err
	}
	return errs
}
