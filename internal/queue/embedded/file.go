package embedded

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"go.etcd.io/bbolt"

	"crosswalk/internal/engine/lane"
	"crosswalk/internal/queue"
	"crosswalk/internal/store/boltfile"
)

// The layout: both buckets have the message's id (8 bytes) as key. They are two so that a receive need not write
// the body again.
//
//	body   sent in Unix nanoseconds (varint), length of lane (uvarint), lane, body
//	state  visible in Unix nanoseconds (varint), receives (uvarint), flags (1 byte)
var bodyBucket, stateBucket = []byte("body"), []byte("state")

const (
	flagDead   = 1 << 0
	flagInWork = 1 << 1
)

const layout = "queue 1"

var errDamaged = errors.New("queue: a message cannot be read: the data file is damaged; restore it from a backup")

// Open opens the queue in the file at path, or makes it with mode 0600 in a folder that exists. A file that
// another process has open is refused within a second (boltfile.ErrHeld).
func Open(path string, opts Options) (*Queue, error) {
	file, err := boltfile.Open(path, layout)
	if err != nil {
		return nil, fmt.Errorf("queue: %w", err)
	}
	q := NewMemory(opts)
	q.file = file
	if err := q.load(time.Now()); err != nil {
		return nil, errors.Join(fmt.Errorf("queue: open %s: %w", path, err), file.Close())
	}
	return q, nil
}

func (q *Queue) load(now time.Time) error {
	if err := q.file.Write(makeBuckets); err != nil {
		return err
	}
	return q.file.View(func(tx *bbolt.Tx) error {
		states := tx.Bucket(stateBucket)
		return tx.Bucket(bodyBucket).ForEach(func(k, body []byte) error {
			m, _, err := decode(k, body, states.Get(k))
			if err != nil {
				return err
			}
			return q.restore(m, now)
		})
	})
}

// restore puts a message from the file in its place. Its old receipt is good no more.
func (q *Queue) restore(m *message, now time.Time) error {
	p := q.lanes[m.lane]
	if p == nil {
		return errDamaged
	}
	inWork := m.gen != 0
	m.gen = 0
	if inWork && q.opts.Reclaim {
		m.visible = m.sent
	}
	// A clock set back since must not hide a message for longer than any visibility lasts.
	if latest := now.Add(queue.MaxVisibility); m.visible.After(latest) {
		m.visible = latest
	}
	m.visible = now.Add(m.visible.Sub(now)) // on this process's monotonic clock, as all times it is compared with
	q.messages[m.id] = m
	q.lastID = max(q.lastID, m.id)
	switch {
	case m.dead:
		p.dead.add(m)
	default:
		p.alive.add(m)
		if inWork && now.Before(m.visible) {
			q.lastGen++
			m.gen = q.lastGen // counts as in work until its visibility ends; nobody has that receipt
		}
	}
	return nil
}

func makeBuckets(tx *bbolt.Tx) (changed bool, err error) {
	for _, name := range [][]byte{bodyBucket, stateBucket} {
		if tx.Bucket(name) != nil {
			continue
		}
		if _, err := tx.CreateBucket(name); err != nil {
			return false, err
		}
		changed = true
	}
	return changed, nil
}

// saveNew writes messages that are not in memory yet.
func (q *Queue) saveNew(made []*message) error {
	if q.file == nil || len(made) == 0 {
		return nil
	}
	err := q.file.Write(func(tx *bbolt.Tx) (bool, error) {
		bodies, states := tx.Bucket(bodyBucket), tx.Bucket(stateBucket)
		for _, m := range made {
			if err := bodies.Put(key(m.id), encodeBody(m)); err != nil {
				return false, err
			}
			if err := states.Put(key(m.id), encodeState(m)); err != nil {
				return false, err
			}
		}
		return true, nil
	})
	if err != nil {
		return named(err)
	}
	for _, m := range made {
		m.body = nil
	}
	return nil
}

// withBodies gives deliveries what their messages say, which a queue in a file does not hold in memory. One that is gone meanwhile was
// acknowledged by somebody who had it before: it is left out.
func (q *Queue) withBodies(l lane.Lane, got []lane.Delivery) ([]lane.Delivery, error) {
	if q.file == nil || len(got) == 0 {
		return got, nil
	}
	out := make([]lane.Delivery, 0, len(got))
	err := q.file.View(func(tx *bbolt.Tx) error {
		bodies, states := tx.Bucket(bodyBucket), tx.Bucket(stateBucket)
		for _, d := range got {
			id, _, err := parseReceipt(l, d.Receipt)
			if err != nil {
				return err
			}
			kept := bodies.Get(key(id))
			if kept == nil {
				continue
			}
			_, body, err := decode(key(id), kept, states.Get(key(id)))
			if err != nil {
				return err
			}
			d.Body = bytes.Clone(body)
			out = append(out, d)
		}
		return nil
	})
	if err != nil {
		return nil, namedAs("read", err)
	}
	return out, nil
}

// save makes the file agree with memory for these messages. It reads them only when its turn to write has come,
// so that whatever the order in which callers get to write, the file ends as memory is.
func (q *Queue) save(ids []uint64) error {
	if q.file == nil || len(ids) == 0 {
		return nil
	}
	err := q.file.Write(func(tx *bbolt.Tx) (bool, error) {
		bodies, states := tx.Bucket(bodyBucket), tx.Bucket(stateBucket)
		for i, state := range q.states(ids) {
			if state != nil {
				if err := states.Put(key(ids[i]), state); err != nil {
					return false, err
				}
				continue
			}
			if err := errors.Join(bodies.Delete(key(ids[i])), states.Delete(key(ids[i]))); err != nil {
				return false, err
			}
		}
		return true, nil
	})
	return named(err)
}

// states gives each message's state as it is now, nil for one that is gone.
func (q *Queue) states(ids []uint64) [][]byte {
	q.mu.Lock()
	defer q.mu.Unlock()
	states := make([][]byte, len(ids))
	for i, id := range ids {
		if m := q.messages[id]; m != nil {
			states[i] = encodeState(m)
		}
	}
	return states
}

func named(err error) error { return namedAs("write", err) }

func namedAs(what string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, boltfile.ErrClosed):
		return ErrClosed
	}
	return fmt.Errorf("queue: %s: %w", what, err)
}

func key(id uint64) []byte { return binary.BigEndian.AppendUint64(nil, id) }

func encodeBody(m *message) []byte {
	b := binary.AppendVarint(make([]byte, 0, 24+len(m.body)), m.sent.UnixNano())
	b = binary.AppendUvarint(b, uint64(len(m.lane)))
	b = append(b, m.lane...)
	return append(b, m.body...)
}

func encodeState(m *message) []byte {
	b := binary.AppendVarint(make([]byte, 0, 16), m.visible.UnixNano())
	b = binary.AppendUvarint(b, uint64(m.receives))
	flags := byte(0)
	if m.dead {
		flags |= flagDead
	}
	if m.gen != 0 && !m.dead {
		flags |= flagInWork
	}
	return append(b, flags)
}

// decode gives the message, and what it says as a part of kept; gen is 1 where it was in work.
func decode(k, kept, state []byte) (m *message, body []byte, err error) {
	r := reader{kept}
	m = &message{sent: time.Unix(0, r.varint())}
	m.lane = lane.Lane(r.take(r.uvarint()))
	s := reader{state}
	m.visible = time.Unix(0, s.varint())
	m.receives = int(s.uvarint())
	flags := s.take(1)
	if len(k) != 8 || r.rest == nil || len(flags) != 1 {
		return nil, nil, errDamaged
	}
	m.id = binary.BigEndian.Uint64(k)
	m.dead = flags[0]&flagDead != 0
	if flags[0]&flagInWork != 0 {
		m.gen = 1
	}
	return m, r.rest, nil
}

// A reader takes values off the front; rest is nil once something was not there.
type reader struct{ rest []byte }

func (r *reader) varint() int64 {
	v, n := binary.Varint(r.rest)
	r.skip(n)
	return v
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.rest)
	r.skip(n)
	return v
}

func (r *reader) skip(n int) {
	if n <= 0 {
		r.rest = nil
		return
	}
	r.rest = r.rest[n:]
}

func (r *reader) take(n uint64) []byte {
	if n > uint64(len(r.rest)) {
		r.rest = nil
		return nil
	}
	taken := r.rest[:n]
	r.rest = r.rest[n:]
	return taken
}
