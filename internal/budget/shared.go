package budget

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"
)

// Shelf is small state under compare-and-set; store/shelf is one.
type Shelf interface {
	Swap(ctx context.Context, key string, f func(old []byte) (next []byte, ok bool)) error
}

// Shared is the Gate of one connection for all workers of a deployment (B11). They share one item: when the next call may go,
// and how many went today. A worker takes up to twenty slots at a time, one write of the table; those that it does not use are
// lost to the pace and given back to the day. It is safe for concurrent use.
//
// Clocks: no worker's clock is compared with another's to pace calls. The connection has a time of its own, which each worker
// carries on by how long its own clock says it is since it last read or wrote it; who comes anew begins where the last one
// wrote, which is late, never early. See pace for what that costs. Days are by clocks: those may be apart by guardClocks, around
// a day's end calls count in both.
type Shared struct {
	shelf    Shelf
	key      string
	patience time.Duration
	share    keptShare
	turn     chan struct{} // held by whoever asks the shelf
	now      func() time.Time

	mu       sync.Mutex // never held while the shelf is asked
	members  map[string]*member
	clock    clock
	zone     string
	untold   bool // the zone, to the others
	news     news
	standing []Standing
	Counter  // of what this process let through
}

// member is a bucket, as this worker has it.
type member struct {
	rule
	pace  pace
	live  bank
	bulk  bank
	total int       // calls ever let through, as last read
	until time.Time // blocked
}

// bank holds slots that were granted and not used yet, and how many are asked for next: as many as are used.
type bank struct {
	slots []slot
	ask   int
	used  int       // of the last grant
	quiet time.Time // there will be no slots before: no caller of this worker need ask
}

// news is what this worker has to say with the next swap.
type news struct {
	back  map[string]int // calls that were counted and not made
	words map[string]word
	block map[string]time.Time
}

type word struct {
	seen  Seen
	at    time.Time
	total int
}

const (
	guardClocks = 15 * time.Second // clocks apart, and slots that are used some seconds after they were counted
	blockWithin = 3 * time.Second  // how long telling the others may take
)

// NewShared makes the gate of a connection; key names its item on the shelf. now is the worker's clock, nil is time.Now.
func NewShared(shelf Shelf, key string, now func() time.Time, buckets ...Bucket) (*Shared, error) {
	if err := check(buckets); err != nil {
		return nil, err
	}
	if now == nil {
		now = time.Now
	}
	s := &Shared{shelf: shelf, key: key, patience: Patience, now: now, turn: make(chan struct{}, 1), members: map[string]*member{}}
	all, err := paces(buckets)
	if err != nil {
		return nil, err
	}
	for _, b := range buckets {
		s.members[b.Name] = &member{rule: rule{Bucket: b, guard: guardClocks}, pace: all[b.Name], live: bank{ask: 1}, bulk: bank{ask: 1}}
	}
	s.news = newNews()
	return s, nil
}

func newNews() news {
	return news{back: map[string]int{}, words: map[string]word{}, block: map[string]time.Time{}}
}

// SetPatience changes how long a call is held before it gets a *WaitError; call it before first use.
func (s *Shared) SetPatience(d time.Duration) { s.patience = d }

// SetShares says where the share is read that a person sets; without it the share is the default.
func (s *Shared) SetShares(from Shares) { s.share.set(from) }

// SetZone says in which zone the account's days are. Workers that do not know it take it from those that do.
func (s *Shared) SetZone(zone *time.Location) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.setZone(zone)
	s.untold = true
}

// Zoned tells whether this worker or another one knows the zone.
func (s *Shared) Zoned() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.zone != ""
}

func (s *Shared) setZone(zone *time.Location) {
	s.zone = zone.String()
	for _, m := range s.members {
		m.Zone = zone
	}
}

// Enter waits for room for n calls in the bucket and the one it is within, and counts them. It gives a *WaitError when room
// comes later than the patience allows, ctx's error when that ends first, and the shelf's.
func (s *Shared) Enter(ctx context.Context, bucket string, n int) error {
	if _, ok := s.members[bucket]; !ok {
		return fmt.Errorf("budget: no bucket %q is configured", bucket)
	}
	share := s.share.get(ctx)
	bulk := Of(ctx).Bulk
	last := s.now().Add(s.patience)
	for tries := 0; ; tries++ {
		got, wait, err := s.slot(ctx, bucket, n, bulk, share)
		if err != nil {
			return err
		}
		if got == nil {
			if until := s.now().Add(wait); until.After(last) {
				return &WaitError{Bucket: bucket, Until: until}
			}
			if err := sleep(ctx, wait+spread(s.members[bucket].pace.interval<<min(tries, 10), bulk)); err != nil {
				return err
			}
			continue
		}
		used, err := s.use(ctx, bucket, n, *got, last)
		if err != nil || used {
			return err
		}
	}
}

// use waits until a slot is due; false means that it was lost meanwhile, and another is to be taken.
func (s *Shared) use(ctx context.Context, bucket string, n int, got taken, last time.Time) (bool, error) {
	if got.due.After(last) {
		s.giveBack(bucket, n, got)
		return false, &WaitError{Bucket: bucket, Until: got.due}
	}
	if err := sleep(ctx, got.due.Sub(s.now())); err != nil {
		s.lose(bucket, n)
		return false, err
	}
	now := s.now()
	if now.After(got.until) || now.Round(0).After(got.until.Round(0)) || s.blocked(bucket, now) {
		s.lose(bucket, n)
		return false, nil
	}
	s.count(Of(ctx), n)
	return true, nil
}

// taken is a slot in this worker's own time, and the bank that it came from.
type taken struct {
	due, until time.Time
	slot       slot
	bulk       bool
}

// slot takes one from the bank, or fills the bank. Without one it says after how long to ask again. A live call may use what was
// granted to bulk work, not the other way round.
func (s *Shared) slot(ctx context.Context, bucket string, n int, bulk bool, share Share) (*taken, time.Duration, error) {
	if got := s.banked(bucket, n, bulk); got != nil {
		return got, 0, nil
	}
	if wait := s.quiet(bucket, bulk); wait > 0 {
		return nil, wait, nil
	}
	select {
	case s.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, 0, ctx.Err()
	}
	defer func() { <-s.turn }()
	if got := s.banked(bucket, n, bulk); got != nil { // whoever had the turn filled it
		return got, 0, nil
	}
	return s.refill(ctx, bucket, n, bulk, share)
}

func (s *Shared) banked(bucket string, n int, bulk bool) *taken {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, now := s.members[bucket], s.now()
	s.expire(m, now)
	if n != 1 || m.until.After(now) {
		return nil
	}
	if !bulk {
		if got := s.pop(&m.live, now, false); got != nil {
			return got
		}
	}
	return s.pop(&m.bulk, now, true)
}

func (s *Shared) pop(b *bank, now time.Time, bulk bool) *taken {
	if len(b.slots) == 0 {
		return nil
	}
	first := b.slots[0]
	b.slots = b.slots[1:]
	b.used++
	return s.here(first, now, bulk)
}

// here puts a slot into this worker's own time.
func (s *Shared) here(x slot, now time.Time, bulk bool) *taken {
	at := func(t int64) time.Time { return s.clock.at.Add(time.Duration(t - s.clock.view)) }
	return &taken{due: at(x.due), until: at(x.until), slot: x, bulk: bulk}
}

// expire loses slots whose time is over.
func (s *Shared) expire(m *member, now time.Time) {
	for _, b := range []*bank{&m.live, &m.bulk} {
		kept := slices.DeleteFunc(b.slots, func(x slot) bool {
			until := s.here(x, now, false).until
			return now.After(until) || now.Round(0).After(until.Round(0)) // a process that was frozen: its clocks disagree
		})
		if lost := len(b.slots) - len(kept); lost > 0 {
			s.news.back[m.Name] += lost
			b.ask = max(b.used, 1)
		}
		b.slots = kept
	}
}

// lose gives n calls back to the day that were counted and not made.
func (s *Shared) lose(bucket string, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.news.back[bucket] += n
}

// giveBack puts a slot into the bank again, for a call that can wait longer.
func (s *Shared) giveBack(bucket string, n int, got taken) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.members[bucket]
	if n != 1 {
		s.news.back[bucket] += n
		return
	}
	b := m.bank(got.bulk)
	b.slots = append(b.slots, got.slot)
	slices.SortFunc(b.slots, func(x, y slot) int { return int(x.due - y.due) })
}

func (s *Shared) blocked(bucket string, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.both(bucket) {
		if m.until.After(now) {
			return true
		}
	}
	return false
}

// both gives a bucket and the one it is within.
func (s *Shared) both(bucket string) []*member {
	m := s.members[bucket]
	if m.Within == "" {
		return []*member{m}
	}
	return []*member{m, s.members[m.Within]}
}

// refill asks the shelf for slots, with the turn held. The first is the caller's.
func (s *Shared) refill(ctx context.Context, bucket string, n int, bulk bool, share Share) (*taken, time.Duration, error) {
	var slots []slot
	var wait time.Duration
	var refused error
	err := s.swap(ctx, func(now time.Time, view int64, k *board) bool {
		slots, wait, refused = nil, 0, nil
		var c chain
		most := s.asks(bucket, n, bulk)
		for _, m := range s.both(bucket) {
			m.share = share
			b := k.bucket(m.Name)
			if until := time.UnixMilli(b.Blocked); until.After(now) {
				refused = &WaitError{Bucket: bucket, Until: until, Daily: b.Daily}
				return false
			}
			left := b.Day.left(m.rule, now, bulk)
			if left < n {
				refused = &WaitError{Bucket: bucket, Until: b.Day.resumes(m.rule, now), Daily: true}
				return false
			}
			most = min(most, left/n)
			c = append(c, link{m, b})
		}
		if slots, wait = c.grant(view, n, most, bulk); len(slots) == 0 {
			return false
		}
		for _, l := range c {
			l.state.Day.count(l.rule, now, n*len(slots))
		}
		return true
	})
	var blocked *WaitError
	if errors.As(refused, &blocked) && !blocked.Daily && blocked.Until.Sub(s.now()) <= s.patience {
		return nil, max(blocked.Until.Sub(s.now()), time.Millisecond), nil
	}
	switch {
	case err != nil:
		return nil, 0, &SharedError{err}
	case refused != nil:
		return nil, 0, refused
	case len(slots) == 0:
		s.hush(bucket, bulk, wait)
		return nil, max(wait, time.Millisecond), nil
	}
	return s.bankRest(bucket, n, bulk, slots), 0, nil
}

// quiet is how long it is no use to ask the shelf, as another caller of this worker has just found.
func (s *Shared) quiet(bucket string, bulk bool) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.members[bucket].bank(bulk).quiet.Sub(s.now())
}

func (s *Shared) hush(bucket string, bulk bool, wait time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.members[bucket].bank(bulk).quiet = s.now().Add(wait)
}

func (m *member) bank(bulk bool) *bank {
	if bulk {
		return &m.bulk
	}
	return &m.live
}

// asks is how many slots the next grant asks for: twice as many as the last, if those were all used.
func (s *Shared) asks(bucket string, n int, bulk bool) int {
	if n != 1 {
		return 1
	}
	m := s.members[bucket]
	return min(m.bank(bulk).ask, m.pace.most)
}

func (s *Shared) bankRest(bucket string, n int, bulk bool, slots []slot) *taken {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	m := s.members[bucket]
	b := m.bank(bulk)
	if n == 1 {
		b.slots = append(b.slots, slots[1:]...)
		b.used = 1
		b.ask = min(2*b.ask, m.pace.most)
	}
	return s.here(slots[0], now, bulk)
}

// swap changes the shared item: what this worker has to say goes with whatever f does, and is said even where f does nothing, if
// that is urgent.
func (s *Shared) swap(ctx context.Context, f func(now time.Time, view int64, k *board) bool) error {
	s.mu.Lock()
	said := s.news
	s.news = newNews()
	s.mu.Unlock()
	written := false
	var failed error
	err := s.shelf.Swap(ctx, s.key, func(old []byte) ([]byte, bool) {
		s.mu.Lock()
		defer s.mu.Unlock()
		k, err := readBoard(old)
		if failed, written = err, false; err != nil {
			return nil, false
		}
		now := s.now()
		view := s.clock.read(now, k)
		s.hear(k)
		s.say(k, now, said)
		written = f(now, view, k) || said.urgent()
		s.learn(k, now)
		s.clock = clock{view, now} // where it leapt, slots in the banks are over: they stay in the connection's time
		k.Stamp = view
		return k.bytes(), written
	})
	if err == nil && written {
		s.mu.Lock()
		s.untold = false
		s.mu.Unlock()
	}
	if err = errors.Join(err, failed); err != nil {
		said.back = nil // it may have been said: taken back twice, calls would be missing from the day
	}
	if err != nil || !written {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.news.merge(said)
	}
	return err
}

// say puts this worker's news into the item.
func (s *Shared) say(k *board, now time.Time, said news) {
	if s.zone != "" {
		k.Zone = s.zone
	}
	for name, n := range said.back {
		for _, m := range s.both(name) {
			k.bucket(m.Name).Day.count(m.rule, now, -n)
		}
	}
	for name, w := range said.words {
		k.bucket(name).Day.hear(s.members[name].rule, w.at, w.seen, w.total)
	}
	for name, until := range said.block {
		b := k.bucket(name)
		if ms := until.UnixMilli(); ms > b.Blocked {
			b.Blocked, b.Daily = ms, until.Sub(now) > time.Hour
		}
	}
}

// hear takes over what other workers know.
func (s *Shared) hear(k *board) {
	if s.zone != "" || k.Zone == "" {
		return
	}
	if zone, err := time.LoadLocation(k.Zone); err == nil {
		s.setZone(zone)
	}
}

// learn notes how the buckets stand.
func (s *Shared) learn(k *board, now time.Time) {
	s.standing = nil
	for _, name := range slices.Sorted(maps.Keys(s.members)) {
		m, b := s.members[name], k.bucket(name)
		m.total, m.until = b.Day.Total, latest(m.until, time.UnixMilli(b.Blocked))
		s.standing = append(s.standing, b.Day.standing(m.rule, now, m.until))
	}
}

// urgent news is written even where nothing else is: a block, and the vendor's word that little is left.
func (n *news) urgent() bool {
	for _, w := range n.words {
		if w.seen.Used >= w.seen.Limit-w.seen.Limit/20 {
			return true
		}
	}
	return len(n.block) > 0
}

func (n *news) merge(older news) {
	for name, calls := range older.back {
		n.back[name] += calls
	}
	for name, w := range older.words {
		if _, ok := n.words[name]; !ok {
			n.words[name] = w
		}
	}
	for name, until := range older.block {
		n.block[name] = latest(n.block[name], until)
	}
}

// Observe takes the vendor's word on a bucket's day; the other workers hear it with the next grant or Refresh. An unknown bucket is
// nobody's.
func (s *Shared) Observe(bucket string, seen Seen) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, ok := s.members[bucket]
	if !ok || seen.Limit <= 0 {
		return
	}
	unused := len(m.live.slots) + len(m.bulk.slots)
	s.news.words[bucket] = word{seen, s.now(), m.total - unused}
	if seen.Used >= seen.Limit { // nothing is left: neither for what was granted already
		s.news.back[bucket] += unused
		m.live.slots, m.bulk.slots = nil, nil
	}
}

// Block closes a bucket until then, for all workers, after the vendor said so. A block is never shortened. An unknown bucket is
// nobody's and ignored.
func (s *Shared) Block(bucket string, until time.Time) {
	s.mu.Lock()
	m, ok := s.members[bucket]
	if !ok || !until.After(m.until) {
		s.mu.Unlock()
		return
	}
	m.until = until
	s.news.block[bucket] = until
	s.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), blockWithin)
	defer cancel()
	_ = s.swap(ctx, func(time.Time, int64, *board) bool { return false }) // what could not be said is said with the next grant
}

// Refresh looks up what the other workers and people did, and tells them what this one has to say: calls that were counted and
// not made, and the vendor's word. It writes only if there is any.
func (s *Shared) Refresh(ctx context.Context) error {
	err := s.share.refresh(ctx)
	share := s.share.get(ctx)
	s.mu.Lock()
	anything := len(s.news.back)+len(s.news.words) > 0 || s.untold
	s.mu.Unlock()
	return errors.Join(err, s.swap(ctx, func(time.Time, int64, *board) bool {
		for _, m := range s.members {
			m.share = share
		}
		return anything
	}))
}

// Standings gives every bucket, by name, as of the last call that was let through here, or of Refresh.
func (s *Shared) Standings() []Standing {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.standing == nil {
		k, _ := readBoard(nil) // nothing was read yet: nothing was spent as far as is known
		s.learn(k, s.now())
	}
	return slices.Clone(s.standing)
}

// SharedError means that the shared slots could not be asked for; nothing was let through.
type SharedError struct{ Err error }

func (e *SharedError) Error() string {
	return "the API budget's shared slots cannot be read or written"
}

func (e *SharedError) Unwrap() error { return e.Err }

// PlainText says that the text quotes nothing.
func (e *SharedError) PlainText() bool { return true }

// How far those who wait are spread, a read of the table each: bulk work asks less often the longer it waits, live work does not.
const (
	bulkSpread = 2 * time.Second
	liveSpread = 300 * time.Millisecond
)

// spread is a pause at random, up to d, so that those who wait do not come at once.
func spread(d time.Duration, bulk bool) time.Duration {
	most := liveSpread
	if bulk {
		most = bulkSpread
	}
	var b [8]byte
	rand.Read(b[:]) // never fails (crypto/rand)
	return time.Duration(binary.LittleEndian.Uint64(b[:]) % uint64(min(d, most)+1))
}
