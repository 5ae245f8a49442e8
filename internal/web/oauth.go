package web

import (
	"context"
	"crypto/subtle"
	"errors"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/engine"
)

// OAuthDeps is what the pages of connecting need. They are for anybody's browser: what lets somebody in is a ticket, and then
// the state together with the cookie that the same browser was given.
type OAuthDeps struct {
	Desk    Consenter
	Tickets Tickets
	Public  string // where browsers reach this deployment, without a path: redirect addresses begin with it
	NewID   func() string
	Log     *slog.Logger
}

// redeemWithin bounds the trade of a code and the question for its account: an API gateway gives thirty seconds.
const redeemWithin = 25 * time.Second

// OAuth serves GET /oauth/{connection}/start, which sends a browser with a ticket to the system's consent page, and
// GET /oauth/{connection}/callback, where the system sends it back. The path's name is the connection's, or its system's where
// that has one connection only. Nothing of a query is ever logged or shown.
func OAuth(d OAuthDeps) http.Handler {
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	// Made here and not with the package: functions that show no page then do without the template machine (T9).
	o := &oauth{OAuthDeps: d, page: template.Must(template.New("page").Parse(pageText))}
	mux := http.NewServeMux()
	for path, serve := range map[string]func(http.ResponseWriter, *http.Request) *page{"/oauth/{connection}/start": o.start, "/oauth/{connection}/callback": o.callback} {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
			note(r.Context()).route = path
			if r.Method == http.MethodHead { // somebody looks at a link before a person opens it
				o.show(w, missing())
				return
			}
			if p := serve(w, r); p != nil {
				o.show(w, p)
			}
		})
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { o.show(w, missing()) })
	return logged(d.Log, d.NewID, mux)
}

type oauth struct {
	OAuthDeps
	page *template.Template
}

// start burns the ticket, remembers the consent and sends the browser to the system. nil means that it was sent away.
func (o *oauth) start(w http.ResponseWriter, r *http.Request) *page {
	way, ok := o.Desk.Named(r.PathValue("connection"))
	if !ok || !way.Consent {
		return missing()
	}
	var t ticket
	ok, err := o.Tickets.burn(r.Context(), kindTicket, r.URL.Query().Get("ticket"), &t)
	if err != nil {
		return o.fault(r, way, err)
	}
	if !ok || t.Connection != way.Connection {
		return missing()
	}
	note(r.Context()).actor = t.Actor
	address, cookie, err := o.leave(r.Context(), t)
	if err != nil {
		return o.outcome(r, way, err)
	}
	http.SetCookie(w, cookie)
	pageHeaders(w.Header())
	w.Header().Set("Location", address)
	w.WriteHeader(http.StatusFound)
	return nil
}

// leave keeps the consent under its state and gives the system's address and the browser's cookie.
func (o *oauth) leave(ctx context.Context, t ticket) (string, *http.Cookie, error) {
	var secrets [3]string
	for n := range secrets {
		var err error
		if secrets[n], err = o.Tickets.secretText(); err != nil {
			return "", nil, err
		}
	}
	state, browser, verifier := secrets[0], secrets[1], secrets[2]
	redirect := strings.TrimRight(o.Public, "/") + callbackPath(t.Connection)
	asked, err := o.Desk.Consent(ctx, t.Connection, engine.ConsentAsk{State: state, Redirect: redirect, Challenge: digest(verifier)})
	if err != nil {
		return "", nil, err
	}
	kept := consent{ticket: t, Cookie: digest(browser), Client: asked.Client, Redirect: redirect, Verifier: verifier}
	if err := o.Tickets.putAs(ctx, kindConsent, state, time.Now().Add(ticketFor), kept); err != nil {
		return "", nil, err
	}
	return asked.Address, o.cookie(state, browser, int(ticketFor/time.Second)), nil
}

// callbackPath is where a system sends people back to; apps are registered with exactly this.
func callbackPath(connection string) string {
	return "/oauth/" + url.PathEscape(connection) + "/callback"
}

// cookie is one of its own for each consent, so that two that are under way in one browser do not disturb each other.
func (o *oauth) cookie(state, value string, seconds int) *http.Cookie {
	return &http.Cookie{Name: "crosswalk_" + digest(state)[:10], Value: value, Path: "/oauth", MaxAge: seconds,
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: strings.HasPrefix(o.Public, "https://")}
}

// callback burns the state before it looks at anything else, and then lets in only the browser that was sent away.
func (o *oauth) callback(w http.ResponseWriter, r *http.Request) *page {
	way, ok := o.Desk.Named(r.PathValue("connection"))
	if !ok || !way.Consent {
		return missing()
	}
	q := r.URL.Query()
	var c consent
	ok, err := o.Tickets.burn(r.Context(), kindConsent, q.Get("state"), &c)
	if err != nil {
		return o.fault(r, way, err)
	}
	if !ok || c.Connection != way.Connection {
		return old(way)
	}
	note(r.Context()).actor = c.Actor
	mine := o.cookie(q.Get("state"), "", -1)
	http.SetCookie(w, mine) // it has done its work
	kept, err := r.Cookie(mine.Name)
	if err != nil || subtle.ConstantTimeCompare([]byte(digest(kept.Value)), []byte(c.Cookie)) != 1 {
		return elsewhere(way)
	}
	if q.Has("error") || q.Get("code") == "" {
		code := q.Get("error")
		if code == "" {
			code = "invalid_request"
		}
		return o.outcome(r, way, o.Desk.Refused(way.Connection, c.Redirect, code))
	}
	ctx, cancel := context.WithTimeout(r.Context(), redeemWithin)
	defer cancel()
	opened, err := o.Desk.Redeem(ctx, way.Connection, engine.Code{Client: c.Client, Code: q.Get("code"), Redirect: c.Redirect, Verifier: c.Verifier, Replace: c.Replace, Actor: c.Actor})
	if err != nil {
		return o.outcome(r, way, err)
	}
	return joined(opened)
}

// outcome is the page of an error. What is a fault of ours goes to the log.
func (o *oauth) outcome(r *http.Request, way engine.Way, err error) *page {
	var (
		grant   *engine.GrantError
		other   *engine.OtherAccountError
		refused *engine.RefusedError
		vendor  *connector.Error
	)
	switch {
	case errors.As(err, &grant):
		note(r.Context()).err = grant
		return denied(way, grant)
	case errors.As(err, &other):
		note(r.Context()).err = other
		return stranger(way, other)
	case errors.As(err, &refused):
		return impossible(way, refused)
	case errors.As(err, &vendor):
		note(r.Context()).err = vendor
		return unanswered(way, vendor)
	}
	return o.fault(r, way, err)
}

func (o *oauth) fault(r *http.Request, way engine.Way, err error) *page {
	n := note(r.Context())
	n.err, n.id = err, o.NewID()
	return broken(way, n.id)
}
