// Package specimentest is the simulator of the invented system "specimen": one account of things, spoken to in
// JSON over HTTP. It uses the standard library only and shares no code with the connector, so that a
// misunderstanding on one side is seen on the other. Start with New; the routes are in route.go.
package specimentest

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Config of a simulated account.
type Config struct {
	Lag time.Duration // lists show a change after a delay of up to this, different for each record
}

// Sim is one account held in memory. It is an http.Handler and safe for concurrent use; it takes the time from
// time.Now only, so that it runs inside testing/synctest.
type Sim struct {
	cfg Config

	mu       sync.Mutex
	things   []*thing
	keys     map[string]kept // by idempotency key of a create
	access   string          // the one good access token
	refresh  string          // "" when the grant was revoked
	renewals int
	made     int
}

// thing is one record. Fields hold JSON as it was written, so that every digit stays.
type thing struct {
	id       string
	fields   map[string]json.RawMessage
	created  time.Time
	modified time.Time
	hidden   bool
	gone     bool
	into     string // where a merge sent it
}

type kept struct {
	body string
	id   string
}

// New makes an account without things.
func New(cfg Config) *Sim {
	return &Sim{cfg: cfg, keys: map[string]kept{}, access: "access-0", refresh: "refresh-0"}
}

// Tokens gives the first access and refresh token.
func (s *Sim) Tokens() (access, refresh string) { return "access-0", "refresh-0" }

// Add makes a thing as somebody else, with a modified stamp of its own.
func (s *Sim) Add(fields map[string]any, modified time.Time) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.insert(modified)
	set(t, fields)
	return t.id
}

// Set changes fields of a thing as somebody else.
func (s *Sim) Set(id string, fields map[string]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.find(id)
	set(t, fields)
	t.modified = s.stamp(t.modified)
}

func set(t *thing, fields map[string]any) {
	for name, v := range fields {
		raw, err := json.Marshal(v)
		if err != nil {
			panic("specimentest: " + err.Error())
		}
		t.fields[name] = raw
	}
}

// Delete, Hide and Merge are what other people do.
func (s *Sim) Delete(id string) { s.mu.Lock(); defer s.mu.Unlock(); s.find(id).gone = true }

// Hide takes the right to see a thing from the connector's credential.
func (s *Sim) Hide(id string) { s.mu.Lock(); defer s.mu.Unlock(); s.find(id).hidden = true }

// Merge ends the loser; its id leads to the winner from now on.
func (s *Sim) Merge(winner, loser string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.find(loser).into = winner
	w := s.find(winner)
	w.modified = s.stamp(w.modified)
	return winner
}

// Expire kills the access token, Revoke the grant as well.
func (s *Sim) Expire() { s.mu.Lock(); defer s.mu.Unlock(); s.access = "" }

// Revoke kills the grant.
func (s *Sim) Revoke() { s.mu.Lock(); defer s.mu.Unlock(); s.access, s.refresh = "", "" }

// Renewals counts the tokens that were renewed.
func (s *Sim) Renewals() int { s.mu.Lock(); defer s.mu.Unlock(); return s.renewals }

// Count counts the things whose field has this text.
func (s *Sim) Count(field, text string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.having(field, text))
}

func (s *Sim) having(field, text string) []*thing {
	want, err := json.Marshal(text)
	if err != nil {
		panic("specimentest: " + err.Error())
	}
	var out []*thing
	for _, t := range s.things {
		var got string
		if json.Unmarshal(t.fields[field], &got) == nil && t.live() && string(want) == quoted(got) {
			out = append(out, t)
		}
	}
	return out
}

func quoted(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic("specimentest: " + err.Error())
	}
	return string(b)
}

func (t *thing) live() bool { return !t.gone && t.into == "" && !t.hidden }

func (s *Sim) insert(modified time.Time) *thing {
	s.made++
	t := &thing{id: fmt.Sprintf("T%06d", s.made), fields: map[string]json.RawMessage{}, created: modified, modified: modified}
	s.things = append(s.things, t)
	return t
}

func (s *Sim) find(id string) *thing {
	i, ok := slices.BinarySearchFunc(s.things, id, func(t *thing, id string) int {
		switch {
		case t.id < id:
			return -1
		case t.id > id:
			return 1
		}
		return 0
	})
	if !ok {
		return nil
	}
	return s.things[i]
}

// stamp gives the stamp of a change now: never the same one twice for a thing.
func (s *Sim) stamp(last time.Time) time.Time {
	now := time.Now().UTC().Truncate(time.Millisecond)
	if !now.After(last) {
		return last.Add(time.Millisecond)
	}
	return now
}

// listed tells whether lists show the thing's last change yet.
func (s *Sim) listed(t *thing) bool {
	if !t.live() {
		return false
	}
	if s.cfg.Lag <= 0 {
		return true
	}
	h := fnv.New32a()
	fmt.Fprintf(h, "%s %d", t.id, t.modified.UnixMilli())
	delay := time.Duration(h.Sum32()%1000) * s.cfg.Lag / 1000
	return time.Since(t.modified) >= delay
}

func (t *thing) json() map[string]any {
	out := map[string]any{"id": t.id, "created": t.created.UTC().Format(stampLayout), "modified": t.modified.UTC().Format(stampLayout)}
	for _, f := range fieldNames {
		out[f] = json.RawMessage("null")
		if raw, ok := t.fields[f]; ok {
			out[f] = raw
		}
	}
	return out
}

const stampLayout = "2006-01-02T15:04:05.000Z"

var fieldNames = []string{"name", "note", "colour", "size", "mark"}

// ServeHTTP answers one request.
func (s *Sim) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	status, body := s.route(r)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(body); err != nil {
		panic(http.ErrAbortHandler)
	}
}
