package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"crosswalk/internal/engine/table"
)

// Teller hands a message to its readers. A message that was sent and whose sending was not remembered comes again with
// the same ID: whoever can should then pass it over.
type Teller interface {
	Tell(ctx context.Context, m Message) error
}

// The two audiences.
const (
	Operations = "operations" // who runs the deployment: everything
	Business   = "business"   // the addresses of one mapping: what concerns it
)

// The kinds of message.
const (
	FirstNews = "first"  // of an event that was not open: at once
	Digest    = "digest" // what changed since: at most one an hour
	AllOver   = "over"   // an event is over: at once
	TestNews  = "test"
)

// Message tells one audience how things stand: every open topic, and what ended since the message before. It has counts,
// categories, refs, vendors' links and commands, never a name, an address or an amount of a record.
type Message struct {
	ID       string    `json:"id"`
	At       time.Time `json:"at"`
	Kind     string    `json:"kind"`
	Audience string    `json:"audience"`
	Mapping  string    `json:"mapping,omitempty"` // of business
	To       []string  `json:"to,omitempty"`      // addresses of the configuration; operations may have none
	Topics   []Topic   `json:"topics,omitempty"`
	Over     []Topic   `json:"over,omitempty"`
}

// Rule is what the deployment's configuration says of one mapping.
type Rule struct {
	Tell       []string // business addresses
	Acceptance *int     // rounds of acceptance before it goes live; nil: as the deployment says
}

// told is what an audience knows.
type told struct {
	At     time.Time            `json:"at,omitzero"` // of the last message
	Events map[string]toldEvent `json:"events,omitempty"`
	Outbox *Message             `json:"outbox,omitempty"` // to be sent, or being sent since Sending
	Since  time.Time            `json:"sending,omitzero"`
}

type toldEvent struct {
	Open   bool           `json:"open,omitempty"`
	At     time.Time      `json:"at"`
	Topics map[string]int `json:"topics,omitempty"` // counts, by mapping # category # connection
	Ended  map[string]int `json:"ended,omitempty"`  // of one that is over: what it was about
}

func toldKey(audience, mapping string) table.Key {
	return table.Key{PK: "T#told", SK: strings.TrimSuffix(audience+"#"+mapping, "#")}
}

const (
	digestEvery = time.Hour
	lookEvery   = 5 * time.Second // for news; and a millisecond more for each thing that is open
	sendTakes   = time.Minute     // a sending that began longer ago was cut off, and is done again
)

// telling is when this process looks for news again.
type telling struct {
	mu   sync.Mutex
	next time.Time
}

// due says whether it is time to look.
func (t *telling) due(now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if now.Before(t.next) {
		return false
	}
	t.next = now.Add(lookEvery)
	return true
}

func (t *telling) after(next time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.next = next
}

// TellNews looks at what is open and tells each audience what it does not know yet: the first of an event at once, then one
// digest an hour, and one notice when it is over. What was told is kept before it is sent, so that neither a restart nor a
// second process repeats or loses it. Who calls this: Poll. A retry sends what was not sent.
func (e *Engine) TellNews(ctx context.Context) error {
	now := time.Now()
	if e.Teller == nil || !e.telling.due(now) {
		return nil
	}
	watchErr := e.watchConnections(ctx, now)
	topics, n, err := e.topics(ctx)
	if err != nil {
		return errors.Join(watchErr, err)
	}
	e.telling.after(now.Add(lookEvery + time.Duration(n)*time.Millisecond))
	errs := []error{watchErr, e.tellAudience(ctx, now, Message{Audience: Operations, To: e.Operators}, topics)}
	for _, name := range sortedNames(e.Rules) {
		if to := e.Rules[name].Tell; len(to) > 0 {
			mine, err := e.topicsOf(ctx, name, topics)
			errs = append(errs, err, e.tellAudience(ctx, now, Message{Audience: Business, Mapping: name, To: to}, mine))
		}
	}
	return errors.Join(errs...)
}

// topicsOf picks what concerns one mapping: what is its own or of a mapping that shares its place (a deal that is held before
// anybody knows whether it is an invoice or a contract is both's), and the connections it uses.
func (e *Engine) topicsOf(ctx context.Context, name string, all []*Topic) ([]*Topic, error) {
	h, err := e.head(ctx, name)
	var missing *NotFoundError
	if errors.As(err, &missing) {
		return nil, nil // not applied yet
	}
	if err != nil {
		return nil, err
	}
	a, err := e.bind(ctx, h, running(h))
	if err != nil {
		return nil, err
	}
	set, err := e.bound(ctx)
	if err != nil {
		return nil, err
	}
	var out []*Topic
	for _, t := range all {
		other := set.byName[t.Mapping]
		mine := other != nil && other.Slot == a.Slot
		if mine || t.connection != "" && (t.connection == a.ConnA || t.connection == a.ConnB) {
			out = append(out, t)
		}
	}
	return out, nil
}

func (e *Engine) tellAudience(ctx context.Context, now time.Time, m Message, topics []*Topic) error {
	key := toldKey(m.Audience, m.Mapping)
	got, err := getItem[told](ctx, e.Table, key)
	if err != nil {
		return err
	}
	state, rev := got.Value, got.Rev
	switch {
	case state.Outbox != nil && now.Sub(state.Since) < sendTakes:
		return nil // another process is sending it
	case state.Outbox == nil:
		if !state.advance(now, &m, topics) {
			if !state.closed(got.Value) {
				return nil
			}
			return e.keepTold(ctx, key, state, rev)
		}
		m.ID, m.At = e.token(), now
		state.Outbox = &m
	}
	state.Since = now
	if err := e.putOne(ctx, key, state, table.IfRev(rev)); err != nil {
		if lost(err) {
			return nil // another process tells it
		}
		return err
	}
	if err := e.Teller.Tell(ctx, *state.Outbox); err != nil {
		return fmt.Errorf("a message could not be sent and is sent again: %w", err)
	}
	state.Outbox, state.Since = nil, time.Time{}
	return e.keepTold(ctx, key, state, rev+1)
}

func (e *Engine) keepTold(ctx context.Context, key table.Key, state told, rev int64) error {
	if err := e.putOne(ctx, key, state, table.IfRev(rev)); err != nil && !lost(err) {
		return err
	}
	return nil
}

// closed tells whether an event ended without a word.
func (s told) closed(before told) bool {
	for _, event := range events {
		if s.Events[event].Open != before.Events[event].Open {
			return true
		}
	}
	return false
}

// advance compares what stands with what was told, fills in the message if one is due, and says whether it is.
func (s *told) advance(now time.Time, m *Message, topics []*Topic) bool {
	next := map[string]toldEvent{}
	first, changed := false, false
	for _, event := range events {
		was := s.Events[event]
		is := toldEvent{Open: false, At: now, Topics: map[string]int{}}
		fresh := 0
		for _, t := range topics {
			if t.Event != event {
				continue
			}
			shown := t.seen(was.At)
			m.Topics = append(m.Topics, shown)
			is.Open = true
			is.Topics[t.Mapping+"#"+t.Category+"#"+t.connection] = shown.Count
			fresh += shown.Fresh
		}
		switch {
		case is.Open && !was.Open && (now.Sub(was.At) >= digestEvery || was.newTo(is)):
			first = true
		case is.Open && (!was.Open || fresh > 0 || !maps.Equal(is.Topics, was.Topics)):
			changed = true
		case !is.Open && was.Open:
			m.Over = append(m.Over, ended(event, was)...)
			is.Ended = was.Topics
		case !is.Open:
			is = was
		}
		if !is.At.IsZero() {
			next[event] = is
		}
	}
	switch {
	case first:
		m.Kind = FirstNews
	case len(m.Over) > 0:
		m.Kind = AllOver
	case changed && now.Sub(s.At) >= digestEvery:
		m.Kind = Digest
	default:
		s.silence(next)
		return false
	}
	s.At, s.Events = now, next
	return true
}

// newTo tells whether an event that begins again is about something else than when it was over: only what comes and goes
// waits for its hour.
func (t toldEvent) newTo(is toldEvent) bool {
	for id := range is.Topics {
		if _, ok := t.Ended[id]; !ok {
			return true
		}
	}
	return false
}

// silence closes events that ended without being worth a word, and leaves the rest as it was told.
func (s *told) silence(next map[string]toldEvent) {
	kept := maps.Clone(s.Events)
	for event, was := range kept {
		if was.Open && !next[event].Open {
			was.Open, was.Topics, was.Ended = false, nil, was.Topics
			kept[event] = was
		}
	}
	s.Events = kept
}

// ended lists what an event was about; what passes by itself is no news when it is gone.
func ended(event string, was toldEvent) []Topic {
	var out []Topic
	for _, id := range slices.Sorted(maps.Keys(was.Topics)) {
		parts := strings.SplitN(id, "#", 3)
		if passing(parts[1]) {
			continue
		}
		t := Topic{Event: event, Mapping: parts[0], Category: parts[1]}
		if parts[2] != "" {
			t.Names = []string{parts[2]}
		}
		out = append(out, t)
	}
	return out
}

// Text is a message as a person reads it.
func (m Message) Text() string {
	var b strings.Builder
	if m.Kind == TestNews {
		fmt.Fprintf(&b, "crosswalk: this is a test: messages reach %s\n", m.audience())
		return b.String()
	}
	counts := map[string]int{}
	for _, t := range m.Topics {
		counts[t.Event] += t.Count
	}
	var parts []string
	for _, event := range events {
		if counts[event] > 0 {
			parts = append(parts, fmt.Sprintf("%s %d", event, counts[event]))
		}
	}
	if len(parts) == 0 {
		parts = []string{"nothing is open any more"}
	}
	fmt.Fprintf(&b, "crosswalk: for %s: %s\n", m.audience(), strings.Join(parts, ", "))
	for _, t := range m.Over {
		fmt.Fprintf(&b, "  over: %s\n", t.title())
	}
	for _, t := range m.Topics {
		fmt.Fprintf(&b, "  %s: %d", t.title(), t.Count)
		if t.Fresh > 0 && t.Fresh < t.Count {
			fmt.Fprintf(&b, ", %d of them new", t.Fresh)
		}
		fmt.Fprintf(&b, "; see: %s\n", t.Command)
		for n, name := range t.Names {
			b.WriteString("    " + name)
			if n < len(t.Links) {
				b.WriteString(" " + t.Links[n])
			}
			b.WriteString("\n")
		}
		if more := t.Count - len(t.Names); more > 0 && len(t.Names) > 0 {
			fmt.Fprintf(&b, "    and %d more\n", more)
		}
	}
	return b.String()
}

func (m Message) audience() string {
	if m.Mapping != "" {
		return "the business of " + m.Mapping
	}
	return m.Audience
}

func (t Topic) title() string {
	parts := []string{t.Event}
	if t.Mapping != "" {
		parts = append(parts, t.Mapping)
	}
	parts = append(parts, t.Category)
	if t.Count == 0 && len(t.Names) > 0 {
		parts = append(parts, t.Names...)
	}
	return strings.Join(parts, ": ")
}

// TellTest sends a test message to every audience at once and gives what was sent.
func (e *Engine) TellTest(ctx context.Context) ([]Message, error) {
	if e.Teller == nil {
		return nil, &RefusedError{"nobody is told of anything in this deployment", "name addresses in the configuration: tell: [ops@example.com]"}
	}
	all := []Message{{Audience: Operations, To: e.Operators}}
	for _, name := range sortedNames(e.Rules) {
		if to := e.Rules[name].Tell; len(to) > 0 {
			all = append(all, Message{Audience: Business, Mapping: name, To: to})
		}
	}
	var errs []error
	for n := range all {
		all[n].ID, all[n].At, all[n].Kind = e.token(), time.Now(), TestNews
		errs = append(errs, e.Teller.Tell(ctx, all[n]))
	}
	return all, errors.Join(errs...)
}

// News is what one audience would be told of now.
func (e *Engine) News(ctx context.Context) ([]Topic, error) {
	topics, _, err := e.topics(ctx)
	out := make([]Topic, 0, len(topics))
	for _, t := range topics {
		out = append(out, t.seen(time.Time{}))
	}
	return out, err
}
