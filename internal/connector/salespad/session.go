package salespad

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/rest"
	"crosswalk/internal/token"
)

// Login is the SalesPad user a connection works as. It should be a user of its own: whoever else logs in with it ends our
// session (1014).
type Login struct{ User, Password string }

// String keeps the password out of logs.
func (Login) String() string { return "[secret]" }

// GoString keeps it out of %#v.
func (Login) GoString() string { return "[secret]" }

// ParseLogin reads a credential as it is handed over: user:password. The user's name has no colon, the password may. Its error
// never quotes it.
func ParseLogin(key string) (Login, error) {
	user, password, ok := strings.Cut(strings.TrimRight(key, "\r\n"), ":")
	if !ok || user == "" || password == "" {
		return Login{}, errors.New("salespad: write the credential as user:password")
	}
	return Login{User: user, Password: password}, nil
}

// who tells one log-in from another without being one.
func (l Login) who() string {
	sum := sha256.Sum256([]byte("salespad session\x00" + l.User + "\x00" + l.Password))
	return hex.EncodeToString(sum[:8])
}

// Sessions keeps the one session that all workers of a connection share (fact sheet 2). It is kept outside the process, so
// that another worker or a restart takes no second seat; a log-in happens under the lock of all processes, after a look
// whether somebody else has just done it. Make it with NewSessions; it is safe for concurrent use.
//
// There is no storm: a log-in that was refused for good is not tried again with the same password for ten minutes (a
// domain locks accounts that fail too often), no free seat stops everybody for a minute, and of log-ins that succeed there are
// three in five minutes at most, since a session that is gone again at once is being taken by somebody else.
type Sessions struct {
	SessionsConfig
	turn  chan struct{} // held by whoever looks at or renews the session; a channel, so that waiting ends with ctx
	asked atomic.Int64  // log-ins that ended, for callers that waited through one

	// below: only while holding turn
	now    kept
	loaded bool
	failed error
}

// SessionsConfig is what Sessions needs. All but Locker are required.
type SessionsConfig struct {
	Client *rest.Client // without Tokens; its base is the SalesPad server
	// Login gives the user to work as. It is asked with every call, so that a user who was exchanged or taken away is not worked
	// as any longer: it should answer from memory, no older than a person waits.
	Login func(ctx context.Context) (Login, error)
	// Anew is Login read from where it is kept: it is asked under the lock, before a log-in. nil: Login.
	Anew   func(ctx context.Context) (Login, error)
	Keeper token.Keeper // Load gives nothing where nothing is kept yet
	Locker token.Locker // nil where one process alone works
	Seat   bool         // no licence for a permanent session: one that takes a seat and dies after 15 idle minutes
}

// String keeps the credential out of logs.
func (SessionsConfig) String() string { return "salespad sessions" }

// GoString keeps it out of %#v.
func (SessionsConfig) GoString() string { return "salespad sessions" }

// NewSessions makes the keeper of a connection's session. It makes no call.
func NewSessions(c SessionsConfig) (*Sessions, error) {
	switch {
	case c.Client == nil || c.Login == nil || c.Keeper == nil:
		return nil, errors.New("salespad: client, login and keeper of the session are required")
	case c.Client.Tokens != nil:
		return nil, errors.New("salespad: the client must have no tokens: the session is the credential")
	}
	s := &Sessions{SessionsConfig: c, turn: make(chan struct{}, 1)}
	s.turn <- struct{}{}
	return s, nil
}

// kept is the session as it is stored.
type kept struct {
	Version int         `json:"v"`
	Session string      `json:"session,omitempty"`
	Who     string      `json:"who,omitempty"`
	Logins  []time.Time `json:"logins,omitempty"` // of the last minutes
	Held    *hold       `json:"held,omitempty"`
	Grants  grants      `json:"grants,omitzero"`
}

// hold is why nobody logs in until a time.
type hold struct {
	Fault connector.Fault `json:"fault"`
	Code  string          `json:"code"`
	Until time.Time       `json:"until"`
	Who   string          `json:"who,omitempty"` // of the log-in that was refused; another one may try
}

const (
	deadFor    = 10 * time.Minute // how long a refused log-in is believed
	seatPause  = time.Minute      // how long all stay away when no seat is free
	loginsIn   = 5 * time.Minute
	maxLogins  = 3
	keptFormat = 1
)

// Session gives the session to use. Its errors are *connector.Error.
func (s *Sessions) Session(ctx context.Context) (string, error) {
	return s.current(ctx, func(k kept) bool { return k.Session != "" })
}

// Again gives another session than the stale one, which SalesPad refused.
func (s *Sessions) Again(ctx context.Context, stale string) (string, error) {
	return s.current(ctx, func(k kept) bool { return k.Session != "" && k.Session != stale })
}

func (s *Sessions) current(ctx context.Context, good func(kept) bool) (string, error) {
	const op = "log in"
	before := s.asked.Load()
	login, err := s.Login(ctx)
	if err != nil {
		return "", unanswered(op, err)
	}
	select {
	case <-s.turn:
	case <-ctx.Done():
		return "", unanswered(op, ctx.Err())
	}
	defer func() { s.turn <- struct{}{} }()
	if s.loaded && s.now.Who == login.who() && good(s.now) {
		return s.now.Session, nil
	}
	err = s.failed
	if err == nil || s.asked.Load() == before { // nobody tried while we waited
		err = s.renew(ctx, op, login, good)
	}
	if err != nil {
		return "", err
	}
	return s.now.Session, nil
}

// renew logs in under the lock of all processes, after looking whether another one did so.
func (s *Sessions) renew(ctx context.Context, op string, login Login, good func(kept) bool) error {
	if err := s.load(ctx, op, login); err != nil || good(s.now) {
		return err
	}
	if s.Locker != nil {
		unlock, err := s.Locker.Lock(ctx)
		if err != nil {
			return &connector.Error{Fault: connector.Locked, Op: op, Code: "another worker logs in", After: 2 * time.Second}
		}
		defer unlock()
	}
	if s.Anew != nil {
		var err error
		if login, err = s.Anew(ctx); err != nil {
			return unanswered(op, err)
		}
	}
	if s.Anew != nil || s.Locker != nil { // whoever held the lock may have done it, or exchanged the user
		if err := s.load(ctx, op, login); err != nil || good(s.now) {
			return err
		}
	}
	if held := s.now.held(op, login.who()); held != nil {
		return held
	}
	err := s.logIn(ctx, op, login)
	if ctx.Err() == nil { // a caller who gave up says nothing about the system to those who waited
		s.failed = err
		s.asked.Add(1)
	}
	return err
}

// load reads what is kept. A session of another log-in is none: the user was changed.
func (s *Sessions) load(ctx context.Context, op string, l Login) error {
	raw, err := s.Keeper.Load(ctx)
	if err != nil {
		return &connector.Error{Fault: connector.Unavailable, Op: op, Code: "the kept session could not be read"}
	}
	var k kept
	if json.Unmarshal(raw, &k) != nil || k.Version != keptFormat || k.Session != "" && !guid().MatchString(k.Session) {
		k = kept{Version: keptFormat}
	}
	if k.Who != l.who() {
		k.Session = ""
	}
	s.now, s.loaded = k, true
	return nil
}

// held gives why nobody may log in now, nil when somebody may.
func (k *kept) held(op, who string) error {
	now := time.Now()
	if h := k.Held; h != nil && now.Before(h.Until) && (h.Who == "" || h.Who == who) {
		e := &connector.Error{Fault: h.Fault, Op: op, Code: h.Code}
		if h.Fault.Transient() {
			e.After = h.Until.Sub(now)
		}
		return e
	}
	k.Logins = slices.DeleteFunc(k.Logins, func(at time.Time) bool { return now.Sub(at) >= loginsIn || at.After(now) })
	if len(k.Logins) < maxLogins {
		return nil
	}
	return &stolenError{after: k.Logins[0].Add(loginsIn).Sub(now)}
}

// stolenError says that sessions are lost as fast as we log in.
type stolenError struct{ after time.Duration }

func (e *stolenError) Error() string { return "sessions end as soon as they begin" }

// guid is the form of a session.
var guid = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[0-9A-Fa-f]{8}-([0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}$`)
})

// opened is SalesPad's answer to a log-in, as far as it is used.
type opened struct {
	SessionID          string
	NeedsPasswordReset bool
	wireGrants
}

func (s *Sessions) logIn(ctx context.Context, op string, l Login) error {
	path := "/api/Session/Permanent"
	if s.Seat {
		path = "/api/Session"
	}
	basic := base64.StdEncoding.EncodeToString([]byte(l.User + ":" + l.Password))
	a, err := s.Client.Do(ctx, rest.Request{Path: path, Route: path, Bucket: BucketCalls, Header: http.Header{"Authorization": {"Basic " + basic}}})
	if err != nil {
		return unanswered(op, err)
	}
	if !a.OK() {
		return s.refusedLogin(ctx, refused(op, nil, a), l)
	}
	var got opened
	if json.Unmarshal(a.Body, &got) != nil || !guid().MatchString(got.SessionID) {
		return nonsense(op, a)
	}
	now := time.Now()
	s.now = kept{Version: keptFormat, Session: got.SessionID, Who: l.who(), Logins: append(s.now.Logins, now), Grants: got.grants()}
	s.now.Grants.Reset = got.NeedsPasswordReset
	return s.save(ctx, op)
}

// refusedLogin remembers a refusal, so that neither this process nor another asks again before it makes sense.
func (s *Sessions) refusedLogin(ctx context.Context, e *connector.Error, l Login) error {
	h := &hold{Fault: e.Fault, Code: e.Code, Until: time.Now().Add(deadFor), Who: l.who()}
	switch {
	case e.Code == codeNoSeats || e.Code == codeElsewhere || e.Code == codeNotFound:
		h.Fault, h.Until, h.Who = connector.Throttled, time.Now().Add(seatPause), ""
		e.Fault, e.After = connector.Throttled, seatPause
	case e.Fault != connector.Unauthorized && e.Fault != connector.Forbidden:
		return e
	}
	s.now.Session, s.now.Held = "", h
	return errors.Join(e, s.save(ctx, e.Op))
}

func (s *Sessions) save(ctx context.Context, op string) error {
	raw, err := json.Marshal(s.now)
	if err == nil {
		err = s.Keeper.Save(ctx, raw)
	}
	if err != nil { // unkept it would be a second seat for the next worker
		s.now.Session = ""
		return &connector.Error{Fault: connector.Unavailable, Op: op, Code: "the session could not be kept"}
	}
	return nil
}

// rights gives what the last log-in told of our user's rights; empty when it told nothing.
func (s *Sessions) rights(ctx context.Context) (grants, error) {
	if _, err := s.Session(ctx); err != nil {
		return grants{}, err
	}
	select {
	case <-s.turn:
	case <-ctx.Done():
		return grants{}, unanswered("read rights", ctx.Err())
	}
	defer func() { s.turn <- struct{}{} }()
	return s.now.Grants, nil
}
