package salesforcetest

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"
)

// Transport calls a handler in the caller's goroutine, without a network: for
// tests in testing/synctest, where sockets would block real time. A cut
// connection becomes io.ErrUnexpectedEOF; a caller that gives up gets its
// context's error.
type Transport struct{ Handler http.Handler }

// Transport gives a RoundTripper that answers every host with this org.
func (s *Sim) Transport() http.RoundTripper { return Transport{s} }

// RoundTrip implements http.RoundTripper.
func (t Transport) RoundTrip(r *http.Request) (resp *http.Response, err error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	in := r.Clone(r.Context())
	if in.Body == nil {
		in.Body = http.NoBody
	}
	defer in.Body.Close()
	in.RequestURI = r.URL.RequestURI()
	in.Host = r.URL.Host
	w := &heard{header: http.Header{}}
	if cut := w.run(t.Handler, in); cut {
		if err := r.Context().Err(); err != nil {
			return nil, err
		}
		if !w.wrote {
			return nil, io.ErrUnexpectedEOF
		}
	}
	return w.response(r), nil
}

type heard struct {
	header http.Header
	status int
	body   bytes.Buffer
	wrote  bool
	cut    bool
}

// run calls the handler; true means that it broke the connection off.
func (w *heard) run(h http.Handler, r *http.Request) (cut bool) {
	defer func() {
		if v := recover(); v != nil {
			if err, ok := v.(error); !ok || !errors.Is(err, http.ErrAbortHandler) {
				panic(v)
			}
			cut, w.cut = true, true
		}
	}()
	h.ServeHTTP(w, r)
	return false
}

func (w *heard) Header() http.Header { return w.header }

func (w *heard) WriteHeader(status int) {
	if !w.wrote {
		w.status, w.wrote = status, true
		w.header = w.header.Clone()
	}
}

func (w *heard) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(b)
}

func (w *heard) response(r *http.Request) *http.Response {
	w.WriteHeader(http.StatusOK)
	var body io.Reader = &w.body
	length := int64(w.body.Len())
	if w.cut {
		body = io.MultiReader(body, broken{})
		if n, err := strconv.ParseInt(w.header.Get("Content-Length"), 10, 64); err == nil {
			length = n
		}
	}
	if w.header.Get("Date") == "" { // as a server of package net/http adds it
		w.header.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	}
	return &http.Response{StatusCode: w.status, Status: strconv.Itoa(w.status) + " " + http.StatusText(w.status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: w.header, Body: io.NopCloser(body), ContentLength: length, Request: r}
}

// broken is the end of a body whose connection was cut.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
