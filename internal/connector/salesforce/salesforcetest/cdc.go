package salesforcetest

import (
	"encoding/hex"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// busLife is how long the event bus keeps events (section 17.2).
const busLife = 72 * time.Hour

// maxEvent is the size from which on an event cannot be published as such and
// becomes a gap (section 17.2, inferred).
const maxEvent = 1 << 20

// RelayConfig sets up Change Data Capture and the Event Relay that takes its
// events to Amazon EventBridge (section 17.4).
type RelayConfig struct {
	Objects  []string            // selected entities: "Account", "Foo__c"
	Enriched map[string][]string // object -> fields that every event of it carries, changed or not

	Channel string // 18-character id of the channel, default 0YL5f000000CabWGAS
	Account string // AWS account of the envelope, default 123456789012
	Region  string // default eu-central-1

	MaxDelay         time.Duration // an event is due up to this long after its commit (seeded); 0 = at once
	DuplicatePercent int           // share of events that are delivered twice
	OverflowAt       int           // changes of one transaction, each field counting, from which on events overflow; default 100000
}

// RelayTreatment is what happens to one change event on its way.
type RelayTreatment struct {
	Drop     bool          // never delivered: a relay that recovers with LATEST loses events
	Copies   int           // delivered so many times more
	Delay    time.Duration // later than due
	Gap      bool          // sent as GAP_CREATE, GAP_UPDATE, ...: header only
	Wildcard bool          // with Gap: the record ids shrink to a wildcard such as 001*
	Overflow bool          // sent as GAP_OVERFLOW of its entity
}

// ChangeEvent tells a treatment what an event is about.
type ChangeEvent struct {
	Entity string
	Type   string // CREATE, UPDATE, DELETE, UNDELETE or a GAP_ of them
	IDs    []string
	Origin string // changeOrigin
	User   string // commitUser
	When   time.Time
}

// relay is the state of change data capture.
type relay struct {
	on      bool
	cfg     RelayConfig
	rng     *rand.Rand
	deliver func(event []byte)
	treat   func(ChangeEvent) RelayTreatment
	paused  bool
	queue   []*relayed
	bus     []*relayed // the last 72 hours, for EARLIEST
	lastBy  map[string]string
	lost    int
}

// relayed is one event with the time at which it is due.
type relayed struct {
	body []byte
	made time.Time
	due  time.Time
}

// StartRelay turns change data capture on for changes from now on. deliver gets
// each event in EventBridge's envelope, at least once and possibly out of order,
// from [Sim.DeliverDue] or [Sim.Run], with the org unlocked.
func (s *Sim) StartRelay(cfg RelayConfig, deliver func(event []byte)) {
	setDefault(&cfg.Channel, "0YL5f000000CabWGAS")
	setDefault(&cfg.Account, "123456789012")
	setDefault(&cfg.Region, "eu-central-1")
	setDefault(&cfg.OverflowAt, 100_000)
	s.mu.Lock()
	defer s.mu.Unlock()
	r := &s.extra.relay
	r.on, r.cfg, r.deliver = true, cfg, deliver
	if r.rng == nil {
		r.rng, r.lastBy = rand.New(rand.NewPCG(s.cfg.Seed, 0x636463)), map[string]string{}
	}
}

// SetRelay installs a hook that may drop, copy, delay or degrade change events;
// nil removes it. It runs with the org locked and must not use it.
func (s *Sim) SetRelay(treat func(ChangeEvent) RelayTreatment) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.extra.relay.treat = treat
}

// PauseRelay sets the relay's state to PAUSE (true) or RUN (false). Events wait
// up to 72 hours.
func (s *Sim) PauseRelay(paused bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.extra.relay.paused = paused
	s.poke()
}

// ReplayRelay sends every event of the last 72 hours again, as a relay does that
// recovers with ReplayRecovery EARLIEST (section 17.4).
func (s *Sim) ReplayRelay() {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := &s.extra.relay
	r.trim(time.Now())
	for _, e := range r.bus {
		r.queue = append(r.queue, &relayed{body: e.body, made: e.made, due: time.Now()})
	}
	s.poke()
}

// RelaySource is the partner event source: source of the envelopes and name of
// the event bus.
func (s *Sim) RelaySource() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.relaySource()
}

func (s *Sim) relaySource() string {
	return "aws.partner/salesforce.com/" + s.orgID + "/" + s.extra.relay.cfg.Channel
}

// captureChanges is told of every transaction, with the org locked.
func (s *Sim) captureChanges(c Commit) {
	r := &s.extra.relay
	if !r.on {
		return
	}
	number, spent := 1, 0
	overflowed := map[string]bool{}
	for _, e := range s.mergeChanges(c) {
		cost := len(e.ids) * max(1, len(e.fields))
		if spent += cost; spent > r.cfg.OverflowAt {
			if !overflowed[e.object.Name] {
				overflowed[e.object.Name] = true
				s.publish(c, e.overflow(), 1)
			}
			continue
		}
		s.publish(c, e, number)
		number++
	}
	for _, ch := range c.Changes {
		r.lastBy[ch.ID] = c.User
	}
}

// publish applies the treatment and puts an event on the bus.
func (s *Sim) publish(c Commit, e *capture, number int) {
	r := &s.extra.relay
	var t RelayTreatment
	if r.treat != nil {
		t = r.treat(ChangeEvent{Entity: e.object.Name, Type: e.kind, IDs: slices.Clone(e.ids), Origin: c.Origin, User: c.User, When: c.When})
	}
	switch {
	case t.Overflow:
		e, number = e.overflow(), 1
	case t.Gap && !e.gap():
		e, number = e.asGap(t.Wildcard), 1
	}
	body := s.envelope(c, e, number)
	if len(body) > maxEvent && !e.gap() {
		body = s.envelope(c, e.asGap(false), 1)
	}
	if t.Drop {
		r.lost++
		return
	}
	one := &relayed{body: body, made: time.Now(), due: time.Now().Add(t.Delay)}
	if r.cfg.MaxDelay > 0 {
		one.due = one.due.Add(time.Duration(r.rng.Int64N(int64(r.cfg.MaxDelay))))
	}
	r.bus = append(r.bus, one)
	r.trim(one.made)
	copies := 1 + t.Copies
	if r.rng.IntN(100) < r.cfg.DuplicatePercent {
		copies++
	}
	for range copies {
		r.queue = append(r.queue, one)
	}
	s.poke()
}

func (e *relayed) old(now time.Time) bool { return now.Sub(e.made) > busLife }

// trim forgets what the bus no longer keeps; it is in order of age.
func (r *relay) trim(now time.Time) {
	n := 0
	for n < len(r.bus) && r.bus[n].old(now) {
		n++
	}
	r.bus = r.bus[n:]
}

// takeEvents removes what is due from the queue, shuffled.
func (r *relay) takeEvents(now time.Time) (out [][]byte) {
	if !r.on || r.paused {
		return nil
	}
	var left []*relayed
	for _, e := range r.queue {
		switch {
		case e.old(now):
			r.lost++
		case e.due.After(now):
			left = append(left, e)
		default:
			out = append(out, e.body)
		}
	}
	r.queue = left
	r.rng.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

// next is when the next event is due.
func (r *relay) next() (at time.Time, ok bool) {
	if !r.on || r.paused {
		return at, false
	}
	for _, e := range r.queue {
		if !ok || e.due.Before(at) {
			at, ok = e.due, true
		}
	}
	return at, ok
}

// uuid draws an envelope's id without touching the org's own draws.
func (r *relay) uuid() string {
	var b [16]byte
	for i := range b {
		b[i] = byte(r.rng.Uint32())
	}
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	h := hex.EncodeToString(b[:])
	return strings.Join([]string{h[:8], h[8:12], h[12:16], h[16:20], h[20:]}, "-")
}
