package salesforcetest

import (
	"bytes"
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Figures of section 17.1.
const (
	maxNotifications = 100
	outboundDeadline = 60 * time.Second
	outboundLife     = 24 * time.Hour
	outboundPause    = 2 * time.Hour   // longest wait between two tries
	outboundFirst    = 5 * time.Second // first wait; it doubles (inferred)
)

// OutboundMessage is a workflow action: every create and update of one object
// sends the chosen fields as SOAP to a URL.
type OutboundMessage struct {
	Object  string
	URL     string
	Fields  []string // besides Id, which is always sent
	Session string   // SessionId of messages; empty since February 2026

	SkipUsers []string          // ids of users whose changes send nothing: "Send Outbound Messages" is off in their profile
	When      func(Change) bool // rule criteria; nil is every create and update
}

// OutboundConfig shapes how messages leave the org.
type OutboundConfig struct {
	MaxDelay         time.Duration // a notification is due up to this long after its change (seeded); 0 = at once
	DuplicatePercent int           // share of notifications that are delivered twice
	Empty            bool          // every message that is sent is preceded by one without notifications, as recorded
}

// OutboundTreatment is what happens to one notification before its first delivery.
type OutboundTreatment struct {
	Drop   bool
	Copies int
	Delay  time.Duration
}

// outbound is the org's queue of notifications.
type outbound struct {
	cfg     OutboundConfig
	rng     *rand.Rand
	actions []*action
	queue   []*notification
	treat   func(object, id string) OutboundTreatment
	counter int
	lost    int
}

// action is a registered message.
type action struct {
	OutboundMessage
	id     string // 04k...
	object *object
	fields []*Field // by name
}

// notification is one record's message on its way.
type notification struct {
	action *action
	id     string // 04l...
	record string
	made   time.Time
	due    time.Time
	tries  int
}

// addOutbound prepares the queue.
func (s *Sim) addOutbound() {
	s.extra.outbound.rng = rand.New(rand.NewPCG(s.cfg.Seed, 0x6f7574))
}

// AddOutboundMessage switches an outbound message on and gives its action id. An
// unknown object or field, or a URL on a port that Salesforce does not call
// (allowed are 80, 443 and 1024 to 66535), is an error.
func (s *Sim) AddOutboundMessage(m OutboundMessage) (actionID string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.object(m.Object)
	if o == nil {
		return "", fmt.Errorf("salesforcetest: outbound message: there is no object %q", m.Object)
	}
	a := &action{OutboundMessage: m, object: o}
	for _, name := range m.Fields {
		f := o.field(name)
		if f == nil {
			return "", fmt.Errorf("salesforcetest: outbound message: %s has no field %q", o.Name, name)
		}
		if f.sys != sysID {
			a.fields = append(a.fields, f)
		}
	}
	slices.SortFunc(a.fields, func(x, y *Field) int { return strings.Compare(x.Name, y.Name) })
	if err := mayCall(m.URL); err != nil {
		return "", err
	}
	a.id = s.outboundID("04k")
	s.extra.outbound.actions = append(s.extra.outbound.actions, a)
	return a.id, nil
}

func mayCall(to string) error {
	u, err := url.Parse(to)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return fmt.Errorf("salesforcetest: outbound message: the URL must begin with http:// or https:// and name a host")
	}
	if p := u.Port(); p != "" {
		if n, err := strconv.Atoi(p); err != nil || n != 80 && n != 443 && (n < 1024 || n > 66535) {
			return fmt.Errorf("salesforcetest: outbound message: port %s is not called: use 80, 443 or 1024 to 66535", p)
		}
	}
	return nil
}

// RemoveOutboundMessage switches a message off; what is queued for it is dropped.
func (s *Sim) RemoveOutboundMessage(actionID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := &s.extra.outbound
	out.actions = slices.DeleteFunc(out.actions, func(a *action) bool { return a.id == actionID })
	out.queue = slices.DeleteFunc(out.queue, func(n *notification) bool { return n.action.id == actionID })
}

// SetOutbound says how messages travel from now on.
func (s *Sim) SetOutbound(cfg OutboundConfig) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.extra.outbound.cfg = cfg
}

// TreatOutbound installs a hook that may drop, copy or delay notifications; nil
// removes it. It runs with the org locked and must not use it.
func (s *Sim) TreatOutbound(treat func(object, id string) OutboundTreatment) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.extra.outbound.treat = treat
}

// Lost counts messages that will never arrive: notifications dropped by the hook
// or after 24 hours, change events dropped by the hook or after 72.
func (s *Sim) Lost() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.extra.outbound.lost + s.extra.relay.lost
}

// outboundID counts on its own, so that record ids do not depend on who listens.
func (s *Sim) outboundID(prefix string) string {
	out := &s.extra.outbound
	out.counter++
	id := prefix + s.pod + fmt.Sprintf("%09d", out.counter)
	return id + checksum(id)
}

// notify is told of every transaction, with the org locked.
func (s *Sim) notify(c Commit) {
	out := &s.extra.outbound
	for _, a := range out.actions {
		for _, ch := range c.Changes {
			if ch.Object != a.object.Name || ch.Kind != Create && ch.Kind != Update || slices.ContainsFunc(a.SkipUsers, func(id string) bool { return sameID(id, c.User) }) || a.When != nil && !a.When(ch) {
				continue
			}
			s.enqueue(a, ch)
		}
	}
}

func (s *Sim) enqueue(a *action, ch Change) {
	out := &s.extra.outbound
	now := time.Now()
	n := &notification{action: a, id: s.outboundID("04l"), record: ch.ID, made: now, due: now}
	if out.cfg.MaxDelay > 0 {
		n.due = n.due.Add(time.Duration(out.rng.Int64N(int64(out.cfg.MaxDelay))))
	}
	copies := 1
	if out.rng.IntN(100) < out.cfg.DuplicatePercent {
		copies++
	}
	if out.treat != nil {
		t := out.treat(ch.Object, ch.ID)
		if t.Drop {
			out.lost++
			return
		}
		copies += t.Copies
		n.due = n.due.Add(t.Delay)
	}
	for range copies {
		one := *n
		out.queue = append(out.queue, &one)
	}
	s.poke()
}

// soapMessage is one request ready to be sent.
type soapMessage struct {
	action        *action
	notifications []*notification
	body          []byte
}

// takeMessages removes the due notifications from the queue, shuffled and grouped
// by action into messages of 1 to 100. Field values are those of now, not of the
// change (section 17.1).
func (s *Sim) takeMessages(now time.Time) (msgs []soapMessage) {
	out := &s.extra.outbound
	due := map[*action][]*notification{}
	var left []*notification
	for _, n := range out.queue {
		if n.due.After(now) {
			left = append(left, n)
		} else {
			due[n.action] = append(due[n.action], n)
		}
	}
	out.queue = left
	for _, a := range out.actions {
		list := due[a]
		out.rng.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
		if len(list) > 0 && out.cfg.Empty {
			msgs = append(msgs, soapMessage{action: a, body: emptyMessage()})
		}
		for len(list) > 0 {
			n := min(len(list), maxNotifications)
			msgs = append(msgs, soapMessage{action: a, notifications: list[:n], body: s.soap(a, list[:n])})
			list = list[n:]
		}
	}
	return msgs
}

// post sends a message; true means that the receiver has taken it: 200 with Ack
// true in an envelope, within a minute. Redirects are not followed.
func (m soapMessage) post(ctx context.Context, rt http.RoundTripper) bool {
	ctx, cancel := context.WithTimeout(ctx, outboundDeadline)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, m.action.URL, bytes.NewReader(m.body))
	if err != nil {
		return false
	}
	r.Header.Set("Content-Type", "text/xml; charset=utf-8")
	r.Header.Set("SOAPAction", `""`)
	r.Header.Set("User-Agent", "Jakarta Commons-HttpClient/3.1") // (inferred)
	resp, err := rt.RoundTrip(r)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	return err == nil && resp.StatusCode == http.StatusOK && strings.HasPrefix(resp.Header.Get("Content-Type"), "text/xml") && acknowledged(body)
}

// acknowledged reads the receiver's envelope.
func acknowledged(body []byte) bool {
	var e struct {
		XMLName xml.Name `xml:"http://schemas.xmlsoap.org/soap/envelope/ Envelope"`
		Body    struct {
			Response struct {
				Ack string `xml:"http://soap.sforce.com/2005/09/outbound Ack"`
			} `xml:"http://soap.sforce.com/2005/09/outbound notificationsResponse"`
		} `xml:"http://schemas.xmlsoap.org/soap/envelope/ Body"`
	}
	if err := xml.Unmarshal(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")), &e); err != nil {
		return false
	}
	ack := strings.TrimSpace(e.Body.Response.Ack)
	return ack == "true" || ack == "1"
}

// settleMessage schedules the retry of what was not taken: the wait doubles up to
// two hours, and a day after the change the notification is dropped. Each gets
// its own spacing, so that a failed message is grouped anew.
func (s *Sim) settleMessage(m soapMessage, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := &s.extra.outbound
	if ok || !slices.Contains(out.actions, m.action) {
		return
	}
	for _, n := range m.notifications {
		wait := outboundPause
		if n.tries < 11 {
			wait = min(outboundPause, outboundFirst<<n.tries)
		}
		n.tries++
		n.due = time.Now().Add(wait * time.Duration(75+out.rng.IntN(26)) / 100)
		if n.due.Sub(n.made) > outboundLife {
			out.lost++
			continue
		}
		out.queue = append(out.queue, n)
	}
}

// poke wakes Run.
func (s *Sim) poke() {
	select {
	case s.extra.wake <- struct{}{}:
	default:
	}
}

// DeliverDue sends everything that is due now, one after the other, and gives the
// number of SOAP requests and change events sent; Bulk jobs move on too. rt nil is
// http.DefaultTransport.
func (s *Sim) DeliverDue(ctx context.Context, rt http.RoundTripper) (sent int) {
	if rt == nil {
		rt = http.DefaultTransport
	}
	s.mu.Lock()
	s.advanceJobs()
	now := time.Now()
	messages, events, deliver := s.takeMessages(now), s.extra.relay.takeEvents(now), s.extra.relay.deliver
	s.mu.Unlock()
	for _, m := range messages {
		s.settleMessage(m, m.post(ctx, rt))
		sent++
	}
	for _, e := range events {
		deliver(e)
		sent++
	}
	return sent
}

// NextDelivery says when the next message, change event or step of a Bulk job is
// due, false when there is none.
func (s *Sim) NextDelivery() (at time.Time, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at, ok = s.extra.relay.next()
	earlier := func(t time.Time) {
		if !ok || t.Before(at) {
			at, ok = t, true
		}
	}
	for _, n := range s.extra.outbound.queue {
		earlier(n.due)
	}
	if t, busy := s.nextJobStep(); busy {
		earlier(t)
	}
	return at, ok
}

// Run delivers until ctx ends. It is a plain loop with one timer; start it in a
// goroutine of your own.
func (s *Sim) Run(ctx context.Context, rt http.RoundTripper) {
	for ctx.Err() == nil {
		s.DeliverDue(ctx, rt)
		wait := time.Hour
		if at, ok := s.NextDelivery(); ok {
			wait = max(0, time.Until(at))
		}
		t := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-t.C:
		case <-s.extra.wake:
		}
		t.Stop()
	}
}
