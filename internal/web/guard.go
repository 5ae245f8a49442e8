package web

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"runtime/debug"
	"strings"
	"time"
)

// maxBody bounds a request to the operator API: a mapping is at most 256 KiB, and a list of refs needs little more.
const maxBody = 1 << 20

type actorKey struct{}

// actorOf is who is asking.
func actorOf(ctx context.Context) string {
	name, _ := ctx.Value(actorKey{}).(string)
	return name
}

// who is asking: by principal where something before the API authenticates, else by token; "" is nobody.
func (d Deps) who(r *http.Request) (string, error) {
	if d.Principal != nil {
		return d.Principal(r), nil
	}
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok || token == "" {
		return "", nil
	}
	return d.Identity.Who(token)
}

// authenticated lets in whom who knows.
func authenticated(who func(*http.Request) (string, error), next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, err := who(r)
		if err != nil {
			note(r.Context()).err = err
			p := problem(http.StatusInternalServerError, "internal", "the token file cannot be used")
			p.Fix = "look at the log of crosswalk up"
			writeProblem(w, p)
			return
		}
		if name == "" {
			w.Header().Set("WWW-Authenticate", `Bearer realm="crosswalk"`)
			p := problem(http.StatusUnauthorized, "unauthorized", "no token, or one that nobody has")
			p.Fix = "send a token of the token file: Authorization: Bearer TOKEN; the command line takes it with --token-file, and signs with AWS credentials where --api is a deployment"
			writeProblem(w, p)
			return
		}
		note(r.Context()).actor = name
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), actorKey{}, name)))
	})
}

// local refuses callers from other machines, those that a proxy on this one speaks for, and pages of a browser that were
// led here under another name.
func local(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		forwarded := r.Header.Get("Forwarded") != "" || r.Header.Get("X-Forwarded-For") != ""
		if !loopback(r.RemoteAddr) || !loopback(r.Host) || forwarded {
			p := problem(http.StatusForbidden, "local-only", "the operator API answers on this machine only")
			p.Fix = "call it at 127.0.0.1"
			writeProblem(w, p)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		host = address
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// capped bounds bodies.
func capped(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		next.ServeHTTP(w, r)
	})
}

// notes are what handlers leave for the one log line of a request.
type notes struct {
	actor, route, id string
	err              error
}

type notesKey struct{}

func note(ctx context.Context) *notes {
	if n, ok := ctx.Value(notesKey{}).(*notes); ok {
		return n
	}
	return &notes{}
}

// logged writes one line a request: the route, never the path's ids, the query or the body; and turns a panic into a 500
// with an id that the log names too.
func logged(log *slog.Logger, newID func() string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		started := time.Now()
		n := &notes{}
		seen := &statusWriter{ResponseWriter: w}
		defer func() {
			if p := recover(); p != nil {
				if p == http.ErrAbortHandler { //nolint:errorlint // the value itself is panicked with
					panic(p)
				}
				n.id = newID()
				log.Error("panic in a request", "id", n.id, "panic", panicText(p), "stack", string(debug.Stack()))
				if seen.status == 0 {
					answer := problemOf(fmt.Errorf("panic"))
					answer.ID = n.id
					writeProblem(seen, answer)
				}
			}
			level := slog.LevelInfo
			if seen.status >= http.StatusInternalServerError {
				level = slog.LevelError
			}
			fields := []slog.Attr{slog.String("method", r.Method), slog.String("route", n.route), slog.Int("status", seen.status),
				slog.Int64("ms", time.Since(started).Milliseconds())}
			if n.actor != "" {
				fields = append(fields, slog.String("actor", n.actor))
			}
			if n.id != "" {
				fields = append(fields, slog.String("id", n.id))
			}
			if n.err != nil {
				fields = append(fields, slog.String("error", n.err.Error()))
			}
			log.LogAttrs(r.Context(), level, "request", fields...)
		}()
		next.ServeHTTP(seen, r.WithContext(context.WithValue(r.Context(), notesKey{}, n)))
	})
}

// panicText is what may be logged of a panic: the runtime's own words, of anything else its kind. A value may stand in it.
func panicText(p any) string {
	if err, ok := p.(runtime.Error); ok {
		return err.Error()
	}
	return fmt.Sprintf("%T", p)
}

type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}
