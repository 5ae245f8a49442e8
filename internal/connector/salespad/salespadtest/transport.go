package salespadtest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// Transport gives an http.RoundTripper that calls the simulator in the caller's own goroutine: no socket, so time in
// testing/synctest moves on while a request waits. A cut connection is an error, a truncated body ends in
// io.ErrUnexpectedEOF, and a caller whose context ends gets the context's error, as over a wire. Unlike a wire, the
// effect of a request and the caller's giving up never overlap.
func (s *Sim) Transport() http.RoundTripper { return transport{s} }

type transport struct{ sim *Sim }

// errCut is what a caller sees of a connection that was closed before an answer.
var errCut = errors.New("connection reset by peer")

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	in := r.Clone(r.Context())
	if in.Body == nil {
		in.Body = http.NoBody
	}
	defer in.Body.Close()
	if in.Host == "" {
		in.Host = in.URL.Host
	}
	in.RequestURI = in.URL.RequestURI()
	w := &recorder{header: http.Header{}}
	cut := t.serve(w, in)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	if cut && !w.flushed {
		return nil, fmt.Errorf("read tcp: %w", errCut)
	}
	return w.response(r, cut), nil
}

// serve runs the handler; cut tells that it closed the connection.
func (t transport) serve(w *recorder, r *http.Request) (cut bool) {
	defer func() {
		if p := recover(); p != nil {
			if p != http.ErrAbortHandler {
				panic(p)
			}
			cut = true
		}
	}()
	t.sim.ServeHTTP(w, r)
	return false
}

// recorder is the http.ResponseWriter of the in-process transport.
type recorder struct {
	header  http.Header
	status  int
	body    bytes.Buffer
	flushed bool
}

func (w *recorder) Header() http.Header { return w.header }

func (w *recorder) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
}

func (w *recorder) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(b)
}

func (w *recorder) Flush() { w.flushed = true }

func (w *recorder) response(r *http.Request, cut bool) *http.Response {
	body := io.Reader(&w.body)
	if cut {
		body = io.MultiReader(body, broken{})
	}
	return &http.Response{
		Status: fmt.Sprintf("%d %s", w.status, http.StatusText(w.status)), StatusCode: w.status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: w.header.Clone(), Body: io.NopCloser(body), ContentLength: -1, Request: r,
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
