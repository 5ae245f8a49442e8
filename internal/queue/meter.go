package queue

import (
	"context"
	"sync"
	"time"

	"crosswalk/internal/engine/lane"
)

// Figures are what a Meter counted. Requests are SQS's as billed: calls carry at most ten messages and
// 256 KiB, every 64 KiB of payload begun counts as a request of its own, an empty receive counts as one.
type Figures struct {
	Sends, Receives, Acks, Releases, Deads, CountCalls int64 // calls of the queue
	Sent, Received, Acked, Released, TakenDead         int64 // messages they carried
	EmptyReceives                                      int64
	Failed                                             int64 // calls (of sends, acks, releases: messages) that ended in an error
	Requests                                           int64
}

const (
	batchMessages = 10
	batchBytes    = 256 << 10
	chunkBytes    = 64 << 10
)

// Meter is a lane.Queue that counts what passes through it. Safe for concurrent use.
type Meter struct {
	inner lane.Queue
	mu    sync.Mutex
	sum   Figures
}

// NewMeter gives a meter at zero around q.
func NewMeter(q lane.Queue) *Meter { return &Meter{inner: q} }

// Figures gives what was counted since the start or the last Reset.
func (m *Meter) Figures() Figures {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.sum
}

// Reset sets all to zero and gives what had been counted.
func (m *Meter) Reset() Figures {
	m.mu.Lock()
	defer m.mu.Unlock()
	before := m.sum
	m.sum = Figures{}
	return before
}

func (m *Meter) count(add func(*Figures)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	add(&m.sum)
}

// Send counts what was accepted.
func (m *Meter) Send(ctx context.Context, l lane.Lane, messages []lane.Message) []error {
	errs := m.inner.Send(ctx, l, messages)
	m.count(func(f *Figures) {
		f.Sends++
		var sizes []int
		for i, err := range errs {
			if err != nil {
				f.Failed++
				continue
			}
			sizes = append(sizes, len(messages[i].Body))
		}
		f.Sent += int64(len(sizes))
		f.Requests += payloadRequests(sizes)
	})
	return errs
}

// Receive counts what was given, and an empty answer as one request.
func (m *Meter) Receive(ctx context.Context, l lane.Lane, max int, visibility time.Duration) ([]lane.Delivery, error) {
	got, err := m.inner.Receive(ctx, l, max, visibility)
	m.count(func(f *Figures) {
		f.Receives++
		f.Received += int64(len(got))
		f.addReceive(got, err)
	})
	return got, err
}

// Dead counts as a receive from the dead letters' own queue.
func (m *Meter) Dead(ctx context.Context, l lane.Lane, max int) ([]lane.Delivery, error) {
	got, err := m.inner.Dead(ctx, l, max)
	m.count(func(f *Figures) {
		f.Deads++
		f.TakenDead += int64(len(got))
		f.addReceive(got, err)
	})
	return got, err
}

func (f *Figures) addReceive(got []lane.Delivery, err error) {
	if err != nil {
		f.Failed++
		return
	}
	if len(got) == 0 {
		f.EmptyReceives++
		f.Requests++
		return
	}
	sizes := make([]int, len(got))
	for i, d := range got {
		sizes[i] = len(d.Body)
	}
	f.Requests += payloadRequests(sizes)
}

// Ack counts a request per ten.
func (m *Meter) Ack(ctx context.Context, l lane.Lane, receipts []string) []error {
	errs := m.inner.Ack(ctx, l, receipts)
	m.count(func(f *Figures) { f.Acks++; f.Acked += f.addReceipts(errs) })
	return errs
}

// AckDead counts a request per ten.
func (m *Meter) AckDead(ctx context.Context, l lane.Lane, receipts []string) []error {
	errs := m.inner.AckDead(ctx, l, receipts)
	m.count(func(f *Figures) { f.Acks++; f.Acked += f.addReceipts(errs) })
	return errs
}

// Release counts a request per ten.
func (m *Meter) Release(ctx context.Context, l lane.Lane, receipts []string, delay time.Duration) []error {
	errs := m.inner.Release(ctx, l, receipts, delay)
	m.count(func(f *Figures) { f.Releases++; f.Released += f.addReceipts(errs) })
	return errs
}

func (f *Figures) addReceipts(errs []error) (done int64) {
	for _, err := range errs {
		if err != nil {
			f.Failed++
			continue
		}
		done++
	}
	f.Requests += (done + batchMessages - 1) / batchMessages
	return done
}

// Counts counts two requests: the attributes of the queue and of its dead letters.
func (m *Meter) Counts(ctx context.Context, l lane.Lane) (lane.Counts, error) {
	c, err := m.inner.Counts(ctx, l)
	m.count(func(f *Figures) {
		f.CountCalls++
		if err != nil {
			f.Failed++
			return
		}
		f.Requests += 2
	})
	return c, err
}

// payloadRequests packs messages into calls in the order given and counts each call's 64 KiB chunks.
func payloadRequests(sizes []int) (requests int64) {
	n, bytes := 0, 0
	flush := func() {
		if n > 0 {
			requests += int64(max(1, (bytes+chunkBytes-1)/chunkBytes))
		}
		n, bytes = 0, 0
	}
	for _, size := range sizes {
		if n == batchMessages || bytes+size > batchBytes {
			flush()
		}
		n, bytes = n+1, bytes+size
	}
	flush()
	return requests
}
