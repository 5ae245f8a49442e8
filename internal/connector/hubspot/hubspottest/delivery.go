package hubspottest

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// maxEvents is the most events of one webhook request.
const maxEvents = 100

// outbox holds messages that are not delivered yet.
type outbox struct {
	messages []*delivery
	hook     func(Event) Treatment
	lost     int
	sent     int
}

// delivery is one message for one app.
type delivery struct {
	app     int64
	event   Event
	attempt int
	due     time.Time
	treated bool
}

// Treatment is what happens to one event before its first delivery.
type Treatment struct {
	Drop   bool          // never delivered
	Copies int           // delivered so many times more
	Delay  time.Duration // later than due
}

// SetDelivery installs a hook that may drop, copy or delay events; nil removes it.
func (s *Sim) SetDelivery(hook func(Event) Treatment) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.outbox.hook = hook
}

func (s *Sim) enqueue(app int64, m Event) {
	d := &delivery{app: app, event: m, due: time.Now()}
	if most := s.cfg.Webhooks.MaxDelay; most > 0 {
		d.due = d.due.Add(time.Duration(s.rng.Int64N(int64(most))))
	}
	copies := 0
	if s.rng.IntN(100) < s.cfg.Webhooks.DuplicatePercent {
		copies = 1
	}
	if s.outbox.hook != nil {
		t := s.outbox.hook(maps.Clone(m))
		if t.Drop {
			s.outbox.lost++
			return
		}
		copies += t.Copies
		d.due = d.due.Add(t.Delay)
	}
	s.outbox.messages = append(s.outbox.messages, d)
	for range copies {
		c := *d
		c.event = maps.Clone(m)
		s.outbox.messages = append(s.outbox.messages, &c)
	}
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// NextDelivery says when the next delivery, or an automation that may cause one, is due, false when there is none.
func (s *Sim) NextDelivery() (time.Time, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var next []time.Time
	for _, d := range s.outbox.messages {
		next = append(next, d.due)
	}
	for _, e := range s.errands {
		next = append(next, e.due)
	}
	if len(next) == 0 {
		return time.Time{}, false
	}
	return slices.MinFunc(next, time.Time.Compare), true
}

// Lost counts events that will never arrive: dropped by the hook, or given up
// after the last retry.
func (s *Sim) Lost() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.outbox.lost
}

// outgoing is one webhook request ready to be sent.
type outgoing struct {
	target, secret string
	messages       []*delivery
	body           []byte
}

// DeliverDue sends everything that is due now, one request after the other, and
// gives the number of requests sent. rt nil is http.DefaultTransport. An answer
// other than 2xx, or none within the deadline, makes the events come again later
// with a higher attemptNumber (section 3, "Delivery").
func (s *Sim) DeliverDue(ctx context.Context, rt http.RoundTripper) (n int) {
	if rt == nil {
		rt = http.DefaultTransport
	}
	for _, r := range s.takeDue() {
		ok := s.post(ctx, rt, r)
		s.settleDelivery(r, ok)
		n++
	}
	return n
}

// takeDue removes the due messages from the outbox, shuffled and grouped by app
// into requests of 1 to 100 events.
func (s *Sim) takeDue() []outgoing {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle() // what automations did by now has events too
	now := time.Now()
	due := map[int64][]*delivery{}
	var left []*delivery
	for _, d := range s.outbox.messages {
		if d.due.After(now) {
			left = append(left, d)
		} else {
			due[d.app] = append(due[d.app], d)
		}
	}
	s.outbox.messages = left
	var out []outgoing
	for _, app := range slices.Sorted(maps.Keys(due)) {
		list := due[app]
		s.rng.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
		for len(list) > 0 {
			n := min(len(list), 1+s.rng.IntN(maxEvents))
			out = append(out, s.pack(app, list[:n]))
			list = list[n:]
		}
	}
	return out
}

func (s *Sim) pack(app int64, list []*delivery) outgoing {
	events := make([]Event, len(list))
	for i, d := range list {
		d.event["attemptNumber"] = d.attempt
		events[i] = d.event
	}
	body, err := json.Marshal(events)
	if err != nil {
		panic(err) // scalars always marshal
	}
	return outgoing{target: s.settingsOf(app).target, secret: s.apps[app].secret, messages: list, body: body}
}

func (s *Sim) post(ctx context.Context, rt http.RoundTripper, r outgoing) bool {
	if r.target == "" {
		return true // switched off since: nobody to tell
	}
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Webhooks.Deadline)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.target, bytes.NewReader(r.body))
	if err != nil {
		return false
	}
	sign(req.Header, r.secret, http.MethodPost, r.target, r.body, time.Now())
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "HubSpot Connect 2.0 (http://dev.hubspot.com/) (namespace: webhooks-nio-http-client)")
	resp, err := rt.RoundTrip(req)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<20)); err != nil {
		return false
	}
	return resp.StatusCode/100 == 2
}

// sign adds the v1 and v3 signature headers (section 3, "Signatures").
func sign(h http.Header, secret, method, uri string, body []byte, now time.Time) {
	stamp := strconv.FormatInt(now.UnixMilli(), 10)
	h.Set("X-HubSpot-Signature", SignatureV1(secret, body))
	h.Set("X-HubSpot-Signature-Version", "v1")
	h.Set("X-HubSpot-Request-Timestamp", stamp)
	h.Set("X-HubSpot-Signature-v3", SignatureV3(secret, method, uri, body, stamp))
}

// SignatureV1 is hex(SHA-256(secret + body)).
func SignatureV1(secret string, body []byte) string {
	sum := sha256.Sum256(append([]byte(secret), body...))
	return hex.EncodeToString(sum[:])
}

// SignatureV2 is hex(SHA-256(secret + METHOD + URI + body)): workflow webhooks.
func SignatureV2(secret, method, uri string, body []byte) string {
	sum := sha256.Sum256(append([]byte(secret+method+uri), body...))
	return hex.EncodeToString(sum[:])
}

// SignatureV3 is base64(HMAC-SHA256(secret, METHOD + URI + body + timestamp)),
// the timestamp being milliseconds as text.
func SignatureV3(secret, method, uri string, body []byte, timestamp string) string {
	m := hmac.New(sha256.New, []byte(secret))
	m.Write([]byte(method + uri))
	m.Write(body)
	m.Write([]byte(timestamp))
	return base64.StdEncoding.EncodeToString(m.Sum(nil))
}

// spacing is the middle of the wait before each retry, in minutes. Ten of them,
// each stretched by up to 5 %, stay within 24 hours.
var spacing = []int{1, 3, 8, 20, 45, 90, 150, 240, 330, 440}

// settleDelivery schedules the retry of what was not taken; every event gets its
// own spacing, so that a failed batch is grouped anew.
func (s *Sim) settleDelivery(r outgoing, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.outbox.sent++
	if ok {
		return
	}
	for _, d := range r.messages {
		if d.attempt >= s.cfg.Webhooks.Retries {
			s.outbox.lost++
			continue
		}
		minutes := spacing[min(d.attempt, len(spacing)-1)]
		d.attempt++
		d.due = time.Now().Add(time.Duration(minutes) * time.Minute * time.Duration(70+s.rng.IntN(36)) / 100)
		s.outbox.messages = append(s.outbox.messages, d)
	}
}

// Run delivers until ctx ends, for the stand-alone server. It is a plain loop
// with one timer; start it in a goroutine of your own.
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
		case <-s.wake:
		}
		t.Stop()
	}
}
