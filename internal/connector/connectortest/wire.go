package connectortest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Wire is the transport a subject gives its connector: it hands each request to the simulated vendor in the same
// process, keeps what was sent, and plays the faults that are armed. Token calls pass untouched and uncounted.
type Wire struct {
	Vendor    http.Handler
	Token     func(*http.Request) bool                             // is this a call for a token?
	Writing   func(Call) bool                                      // does this call write?
	Throttled func(after time.Duration) (int, http.Header, []byte) // the vendor's own; nil: 429 with Retry-After in seconds
	Rows      []string                                             // names of the list that holds a batch's rows; "" means the answer is the list

	mu     sync.Mutex
	armed  []*Fault
	calls  []Call
	landed int
}

// Call is one request as it was sent.
type Call struct {
	Method, Path string
	Query        string
	Header       http.Header
	Body         []byte
}

// Fault is one bad thing to do to the next calls that fit.
type Fault struct {
	Kind   FaultKind
	Times  int           // how many calls; 0 means 1
	Writes bool          // only calls that write
	Reads  bool          // only calls that do not
	After  time.Duration // Throttle: how long to stay away; 0: the vendor does not say
	Status int           // Answer
	Body   []byte        // Answer
	Field  string        // Omit, Rewrite: a name at any depth of the answer
	Value  string        // Rewrite: JSON; Unlisted: an id
	Skip   int           // let this many fitting calls pass first
}

// FaultKind names what goes wrong.
type FaultKind string

const (
	Throttle      FaultKind = "throttle"       // refused by the rate limit, nothing done
	Down          FaultKind = "down"           // 503 from a proxy, nothing done
	NoConnection  FaultKind = "no connection"  // nothing sent
	CommitTimeout FaultKind = "commit timeout" // done at the vendor, the answer never came
	CommitDown    FaultKind = "commit 504"     // done at the vendor, a proxy answers 504
	Hang          FaultKind = "hang"           // no answer until the caller gives up, nothing done
	Page          FaultKind = "html"           // 200 with an HTML page
	Malformed     FaultKind = "malformed"      // the answer is not JSON
	Truncated     FaultKind = "truncated"      // the answer stops half way
	WrongShape    FaultKind = "wrong shape"    // the answer is JSON of another shape
	Short         FaultKind = "short"          // a batch's last row is missing
	Reordered     FaultKind = "reordered"      // a batch's rows in reverse
	Foreign       FaultKind = "foreign"        // a batch's last row bears an id nobody asked for
	Unlisted      FaultKind = "unlisted"       // the row with the id Value is not in lists yet
	Omit          FaultKind = "omit"           // a field is not in the answer
	Rewrite       FaultKind = "rewrite"        // a field has another value in the answer
	Answer        FaultKind = "answer"         // Status and Body instead of asking the vendor
)

// ForeignID is the id a Foreign row bears.
const ForeignID = "9007199254740993"

// Arm adds faults; each takes the next calls that fit it.
func (w *Wire) Arm(faults ...Fault) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, f := range faults {
		f.Times = max(f.Times, 1)
		w.armed = append(w.armed, &f)
	}
}

// Calls gives what was sent since the last Forget.
func (w *Wire) Calls() []Call {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.calls)
}

// Forget empties Calls and disarms what has not happened.
func (w *Wire) Forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls, w.armed = nil, nil
}

// RoundTrip sends one request through the armed fault, if any.
func (w *Wire) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
		r.Body.Close()
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	if w.Token != nil && w.Token(r) {
		return w.ask(r, body), nil
	}
	f := w.take(Call{r.Method, r.URL.EscapedPath(), r.URL.RawQuery, r.Header.Clone(), body})
	if f == nil {
		return w.answered(r, w.ask(r, body))
	}
	return w.play(r, body, f)
}

// answered plays a caller who gave up while the vendor was still at work.
func (w *Wire) answered(r *http.Request, a *http.Response) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return a, nil
}

func (w *Wire) take(c Call) *Fault {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls = append(w.calls, c)
	writes := w.Writing != nil && w.Writing(c)
	for i, f := range w.armed {
		if f.Writes && !writes || f.Reads && writes {
			continue
		}
		if f.Skip > 0 {
			f.Skip--
			continue
		}
		if f.Times--; f.Times == 0 {
			w.armed = slices.Delete(w.armed, i, i+1)
		}
		return f
	}
	return nil
}

func (w *Wire) ask(r *http.Request, body []byte) *http.Response {
	in := r.Clone(r.Context())
	in.Body = io.NopCloser(bytes.NewReader(body))
	in.ContentLength = int64(len(body))
	in.RequestURI = r.URL.RequestURI()
	in.RemoteAddr = "192.0.2.1:1"
	if in.Host == "" {
		in.Host = r.URL.Host
	}
	out := httptest.NewRecorder()
	w.Vendor.ServeHTTP(out, in)
	answer := out.Result()
	if answer.Header.Get("Date") == "" {
		answer.Header.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	}
	answer.Request = r
	return answer
}

const htmlPage = "<!DOCTYPE html><html><head><title>Sign in</title></head><body>" + Canary + "</body></html>"

func (w *Wire) play(r *http.Request, body []byte, f *Fault) (*http.Response, error) {
	switch f.Kind {
	case Throttle:
		status, header, text := w.throttled(f.After)
		return made(r, status, header, text), nil
	case Down:
		return made(r, 503, http.Header{"Content-Type": {"text/html"}}, []byte(htmlPage)), nil
	case NoConnection:
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
	case CommitTimeout:
		w.ask(r, body)
		return nil, &net.OpError{Op: "read", Net: "tcp", Err: timeout{}}
	case CommitDown:
		w.ask(r, body)
		return made(r, 504, http.Header{"Content-Type": {"text/html"}}, []byte(htmlPage)), nil
	case Hang:
		<-r.Context().Done()
		return nil, r.Context().Err()
	case Page:
		w.ask(r, body)
		return made(r, 200, http.Header{"Content-Type": {"text/html"}}, []byte(htmlPage)), nil
	case WrongShape:
		w.ask(r, body)
		return jsonAnswer(r, 200, []byte(`["`+Canary+`",7]`)), nil
	case Answer:
		return jsonAnswer(r, f.Status, f.Body), nil
	}
	real := w.ask(r, body)
	text, err := io.ReadAll(real.Body)
	if err != nil {
		return nil, err
	}
	return made(r, real.StatusCode, real.Header, w.spoil(f, text)), nil
}

type timeout struct{}

func (timeout) Error() string   { return "i/o timeout" }
func (timeout) Timeout() bool   { return true }
func (timeout) Temporary() bool { return true }

func (w *Wire) throttled(after time.Duration) (int, http.Header, []byte) {
	if w.Throttled != nil {
		return w.Throttled(after)
	}
	h := http.Header{"Content-Type": {"application/json"}}
	if after > 0 {
		h.Set("Retry-After", strconv.Itoa(int(after/time.Second)))
	}
	return http.StatusTooManyRequests, h, []byte(`{"message":"too many requests"}`)
}

// spoil changes a true answer.
func (w *Wire) spoil(f *Fault, text []byte) []byte {
	switch f.Kind {
	case Malformed:
		return append([]byte("{\"records\":[{]}\x00\xff"), text...)
	case Truncated:
		return text[:len(text)/2]
	case Omit, Rewrite:
		return edit(text, func(m map[string]json.RawMessage) {
			if _, there := m[f.Field]; there && f.Kind == Omit {
				delete(m, f.Field)
			} else if there {
				m[f.Field] = json.RawMessage(f.Value)
			}
		})
	}
	return w.rows(f, text)
}

// rows changes the list of rows in a batch's answer.
func (w *Wire) rows(f *Fault, text []byte) []byte {
	if slices.Contains(w.Rows, "") {
		var list []json.RawMessage
		if json.Unmarshal(text, &list) == nil {
			return encoded(shuffle(f, list))
		}
	}
	return edit(text, func(m map[string]json.RawMessage) {
		for _, name := range w.Rows {
			var list []json.RawMessage
			if raw, ok := m[name]; ok && json.Unmarshal(raw, &list) == nil {
				m[name] = encoded(shuffle(f, list))
			}
		}
	})
}

func shuffle(f *Fault, list []json.RawMessage) []json.RawMessage {
	if len(list) == 0 {
		return list
	}
	last := len(list) - 1
	switch f.Kind {
	case Unlisted:
		return slices.DeleteFunc(list, func(row json.RawMessage) bool {
			var r struct{ ID string }
			return json.Unmarshal(row, &r) == nil && r.ID == f.Value
		})
	case Short:
		return list[:last]
	case Reordered:
		slices.Reverse(list)
	case Foreign:
		list[last] = edit(list[last], func(m map[string]json.RawMessage) {
			for _, id := range []string{"id", "Id"} {
				if _, ok := m[id]; ok {
					m[id] = json.RawMessage(`"` + ForeignID + `"`)
				}
			}
		})
	}
	return list
}

// edit applies change to every object in a JSON text, innermost last; what is not JSON stays as it is. Numbers keep
// their digits.
func edit(text []byte, change func(map[string]json.RawMessage)) []byte {
	trimmed := bytes.TrimSpace(text)
	if len(trimmed) == 0 {
		return text
	}
	switch trimmed[0] {
	case '{':
		var m map[string]json.RawMessage
		if json.Unmarshal(trimmed, &m) != nil {
			return text
		}
		for name, raw := range m {
			m[name] = edit(raw, change)
		}
		change(m)
		return encoded(m)
	case '[':
		var list []json.RawMessage
		if json.Unmarshal(trimmed, &list) != nil {
			return text
		}
		for i, raw := range list {
			list[i] = edit(raw, change)
		}
		return encoded(list)
	}
	return text
}

func encoded(v any) []byte {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic("connectortest: a JSON value that was just read cannot be written: " + err.Error())
	}
	return bytes.TrimSpace(out.Bytes())
}

func jsonAnswer(r *http.Request, status int, body []byte) *http.Response {
	return made(r, status, http.Header{"Content-Type": {"application/json;charset=UTF-8"}}, body)
}

func made(r *http.Request, status int, header http.Header, body []byte) *http.Response {
	header = header.Clone()
	header.Del("Content-Length")
	if header.Get("Date") == "" {
		header.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	}
	return &http.Response{StatusCode: status, Status: strconv.Itoa(status) + " " + http.StatusText(status), Proto: "HTTP/1.1",
		ProtoMajor: 1, ProtoMinor: 1, Header: header, Body: io.NopCloser(strings.NewReader(string(body))), ContentLength: int64(len(body)), Request: r}
}
