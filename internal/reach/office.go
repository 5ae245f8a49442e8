package reach

import (
	"context"
	"crypto/subtle"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Office is the mail of one connection within the product's process, where one process does all the work. The product's end is its Mail;
// the agent's end is its handler, which Call speaks to. Make it with NewOffice.
type Office struct {
	keys     func(ctx context.Context) ([]Key, error)
	requests shelf
	answers  shelf
}

// NewOffice makes an office whose agent knows one of the keys.
func NewOffice(keys func(ctx context.Context) ([]Key, error)) *Office {
	return &Office{keys: keys, requests: newShelf(), answers: newShelf()}
}

// shelf is a short list of letters that somebody waits for.
type shelf struct{ letters chan []byte }

// shelfRoom is how many letters wait at most: far more than are under way.
const shelfRoom = 256

func newShelf() shelf { return shelf{make(chan []byte, shelfRoom)} }

var errFull = errors.New("too many letters wait; is the agent running?")

// put leaves a letter; those whose time is past make room.
func (s shelf) put(letter []byte) error {
	for range shelfRoom {
		select {
		case s.letters <- letter:
			return nil
		default:
		}
		select {
		case old := <-s.letters:
			c, err := read(old)
			if err == nil && c.timely(time.Now()) == nil {
				select {
				case s.letters <- old:
				default: // somebody was quicker; its request is unknown to who waits for it, as after any loss
				}
				return errFull
			}
		default:
		}
	}
	return errFull
}

// get waits for a letter that is still worth something.
func (s shelf) get(ctx context.Context) ([]byte, bool) {
	for {
		select {
		case letter := <-s.letters:
			if c, err := read(letter); err == nil && c.timely(time.Now()) == nil {
				return letter, true
			}
		case <-ctx.Done():
			return nil, false
		}
	}
}

// waitAtMost is how long who finds nothing waits.
const waitAtMost = 20 * time.Second

// Send is Mail's: it leaves a request for the agent.
func (o *Office) Send(_ context.Context, letter []byte) error {
	if err := o.requests.put(letter); err != nil {
		return &UnsentError{err}
	}
	return nil
}

// Receive is Mail's: it waits for an answer.
func (o *Office) Receive(ctx context.Context) ([]Letter, error) {
	ctx, cancel := context.WithTimeout(ctx, waitAtMost)
	defer cancel()
	if letter, ok := o.answers.get(ctx); ok {
		return []Letter{{Body: letter, Tries: 1}}, nil
	}
	return nil, nil
}

// Done is Mail's; a letter that was taken is gone.
func (o *Office) Done(context.Context, Letter) error { return nil }

// Back is Mail's: nobody else waits, so that the letter is dropped.
func (o *Office) Back(context.Context, Letter) error { return nil }

// Parts of the addresses below where an office is served.
const (
	requestsPath = "/requests"
	answersPath  = "/answers"
)

// ServeHTTP is the agent's end: GET .../requests waits for one (204: none), POST .../answers leaves one.
func (o *Office) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !o.known(r) {
		http.Error(w, "this is not the agent's key", http.StatusUnauthorized)
		return
	}
	switch {
	case r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, requestsPath):
		ctx, cancel := context.WithTimeout(r.Context(), waitAtMost)
		defer cancel()
		letter, ok := o.requests.get(ctx)
		if !ok {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(letter) // an agent that is gone has not begun it: the request is not answered in time
	case r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, answersPath):
		letter, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxLetter))
		if err != nil {
			http.Error(w, "the answer is too large, or was cut off", http.StatusRequestEntityTooLarge)
			return
		}
		if err := o.answers.put(letter); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		w.WriteHeader(http.StatusAccepted)
	default:
		http.Error(w, "there are requests to get and answers to post", http.StatusNotFound)
	}
}

// known tells whether a caller has one of the keys.
func (o *Office) known(r *http.Request) bool {
	shown, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	keys, err := o.keys(r.Context())
	if !ok || err != nil {
		return false
	}
	found := 0
	for _, k := range keys {
		found |= subtle.ConstantTimeCompare([]byte(shown), []byte(k.Pass()))
	}
	return found == 1
}

// Offices serves several connections' offices, each below its name.
type Offices struct {
	mu  sync.Mutex
	all map[string]*Office
}

// Add gives a connection its office.
func (o *Offices) Add(connection string, office *Office) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.all == nil {
		o.all = map[string]*Office{}
	}
	o.all[connection] = office
}

// ServeHTTP serves /agent/CONNECTION/...
func (o *Offices) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	connection, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/agent/"), "/")
	o.mu.Lock()
	office := o.all[connection]
	o.mu.Unlock()
	if office == nil {
		http.Error(w, "no connection of this name is reached through an agent", http.StatusNotFound)
		return
	}
	office.ServeHTTP(w, r)
}
