package embedded

import (
	"container/heap"
	"fmt"
	"strconv"
	"strings"
	"time"

	"crosswalk/internal/engine/lane"
	"crosswalk/internal/queue"
)

// A message lies in exactly one pile of its lane: alive or dead.
type message struct {
	id       uint64 // grows with each message sent
	lane     lane.Lane
	body     []byte // never changed; of a queue in a file nil from when it is there (withBodies)
	sent     time.Time
	visible  time.Time // from then on it may be received
	receives int
	gen      uint64    // of the last delivery, the only one whose receipt may be good; 0: none
	goodFor  time.Time // until then it is
	dead     bool
	at       int // its place in the pile
}

func (m *message) inWork(now time.Time) bool { return m.gen != 0 && now.Before(m.visible) }

func (m *message) exhausted() bool { return m.receives >= lane.MaxReceives }

// good tells whether the receipt of that delivery still counts.
func (m *message) good(gen uint64, now time.Time) bool {
	return gen != 0 && m.gen == gen && now.Before(m.goodFor)
}

func (m *message) receipt() string { return fmt.Sprintf("%s.%d.%d", m.lane, m.id, m.gen) }

// parseReceipt takes apart what receipt has made. Another lane's, or anything else, is the caller's mistake.
func parseReceipt(l lane.Lane, receipt string) (id, gen uint64, err error) {
	bad := fmt.Errorf("%w: the receipt is not one of lane %q; pass on what Receive gave", queue.ErrRefused, l)
	rest, ok := strings.CutPrefix(receipt, string(l)+".")
	idText, genText, ok2 := strings.Cut(rest, ".")
	if !ok || !ok2 {
		return 0, 0, bad
	}
	if id, err = strconv.ParseUint(idText, 10, 64); err != nil {
		return 0, 0, bad
	}
	if gen, err = strconv.ParseUint(genText, 10, 64); err != nil {
		return 0, 0, bad
	}
	return id, gen, nil
}

// A pile is a heap of messages, the one that has been visible for longest on top, then the one sent first.
// What is hidden lies in it too, below all that is visible: its time is still to come. A message that comes
// back is thus behind those that waited meanwhile, and one that always fails does not stand before others.
type pile []*message

func (p pile) Len() int { return len(p) }
func (p pile) Less(i, j int) bool {
	if !p[i].visible.Equal(p[j].visible) {
		return p[i].visible.Before(p[j].visible)
	}
	return p[i].id < p[j].id
}
func (p pile) Swap(i, j int) {
	p[i], p[j] = p[j], p[i]
	p[i].at, p[j].at = i, j
}
func (p *pile) Push(m any) {
	m.(*message).at = len(*p)
	*p = append(*p, m.(*message))
}
func (p *pile) Pop() any {
	last := len(*p) - 1
	m := (*p)[last]
	(*p)[last] = nil
	*p = (*p)[:last]
	return m
}

func (p *pile) add(m *message)    { heap.Push(p, m) }
func (p *pile) remove(m *message) { heap.Remove(p, m.at) }

// move gives m another time to become visible.
func (p *pile) move(m *message, visible time.Time) {
	m.visible = visible
	heap.Fix(p, m.at)
}

// due gives the top if it is visible.
func (p pile) due(now time.Time) *message {
	if len(p) == 0 || now.Before(p[0].visible) {
		return nil
	}
	return p[0]
}
