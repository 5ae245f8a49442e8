package web

import (
	"fmt"
	"net/http"
	"strings"

	"crosswalk/internal/connector"
	"crosswalk/internal/engine"
)

// page is what a person sees after a consent: what happened, and what to do about it. Everything in it is text.
type page struct {
	Status int
	Title  string
	Facts  []fact
}

// fact is one line of a page; Command is something to paste.
type fact struct{ Name, Text, Command string }

// pageText is the whole of a page: no script, no style, no link, nothing that is fetched.
const pageText = `<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>{{.Title}} - Crosswalk</title></head>
<body>
<h1>{{.Title}}</h1>
<dl>
{{range .Facts}}<dt><strong>{{.Name}}</strong></dt>
<dd><p>{{.Text}}{{with .Command}} <code>{{.}}</code>{{end}}</p></dd>
{{end}}</dl>
<p>You can close this window.</p>
</body>
</html>
`

// pageHeaders of every answer: nothing is fetched, framed, kept or told to the next page.
func pageHeaders(h http.Header) {
	h.Set("Content-Security-Policy", "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
}

func (o *oauth) show(w http.ResponseWriter, p *page) {
	pageHeaders(w.Header())
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(p.Status)
	_ = o.page.Execute(w, p) // the browser went away: nobody is left to tell
}

// again is how a person comes by a new link.
func again(connection string) fact {
	return fact{Name: "To try again", Text: "Open a new link:", Command: "crosswalk connect " + connection}
}

// missing says nothing about what there is: without a ticket there is no such page.
func missing() *page {
	return &page{Status: http.StatusNotFound, Title: "There is nothing here", Facts: []fact{
		{Name: "What it may be", Text: "A link to connect is good once and for ten minutes. This one was used, is too old, or never was one."},
		{Name: "To try again", Text: "Ask for a new link:", Command: "crosswalk connect CONNECTION"}}}
}

func old(way engine.Way) *page {
	return &page{Status: http.StatusBadRequest, Title: "This consent is over", Facts: []fact{
		{Name: "What was refused", Text: "The answer belongs to no consent that is under way: it came a second time, or more than ten minutes after the link was opened."},
		{Name: "What was changed", Text: "Nothing."}, again(way.Connection)}}
}

func elsewhere(way engine.Way) *page {
	return &page{Status: http.StatusForbidden, Title: "This is another browser", Facts: []fact{
		{Name: "What was refused", Text: "The consent was begun in another browser, or this one keeps no cookies. Begin and end it in the same browser."},
		{Name: "What was changed", Text: "Nothing."}, again(way.Connection)}}
}

func denied(way engine.Way, g *engine.GrantError) *page {
	return &page{Status: http.StatusForbidden, Title: "Not connected: " + way.Connection, Facts: []fact{
		{Name: "What was refused", Text: g.What}, {Name: "Who can grant it", Text: g.Who}, {Name: "How to try again", Text: g.Again},
		{Name: "The system's word for it", Text: g.Code}, {Name: "What was changed", Text: "Nothing."}}}
}

// stranger shows both ids; the new grant was revoked, as far as the system lets us (T18).
func stranger(way engine.Way, o *engine.OtherAccountError) *page {
	wants := fact{Name: "Bound to", Text: o.Bound}
	if o.Configured {
		wants = fact{Name: "The configuration says", Text: o.Bound}
	}
	return &page{Status: http.StatusConflict, Title: "Another account: " + way.Connection + " is not changed", Facts: []fact{
		{Name: "You agreed for account", Text: o.Opens}, wants,
		{Name: "What was refused", Text: "A connection stays with its account: links of the one would join strangers of the other. The new grant was given back."},
		{Name: "To connect the right account", Text: "Sign in there, then open a new link:", Command: "crosswalk connect " + way.Connection},
		{Name: "To connect the other account", Text: "Name it as another connection in the configuration. Only while nothing is kept of the first one:", Command: "crosswalk connect " + way.Connection + " --replace"}}}
}

func impossible(way engine.Way, r *engine.RefusedError) *page {
	return &page{Status: http.StatusConflict, Title: "Not connected: " + way.Connection, Facts: []fact{
		{Name: "What was refused", Text: r.Why}, {Name: "What to do", Text: r.Fix}, {Name: "What was changed", Text: "Nothing."}}}
}

func unanswered(way engine.Way, e *connector.Error) *page {
	p := &page{Status: http.StatusBadGateway, Title: "Not connected: " + way.Connection, Facts: []fact{
		{Name: "What was refused", Text: "The system gave a grant and then did not say which account it opens: " + e.Error()},
		{Name: "Who can grant it", Text: "An administrator of the account, if a right is named; else it passes."},
		{Name: "What was changed", Text: "Nothing; the grant was given back."}, again(way.Connection)}}
	return p
}

func broken(way engine.Way, id string) *page {
	return &page{Status: http.StatusInternalServerError, Title: "Something failed inside", Facts: []fact{
		{Name: "Where to look", Text: fmt.Sprintf("The log has it under %s.", id)}, again(way.Connection)}}
}

func joined(o engine.Opened) *page {
	p := &page{Status: http.StatusOK, Title: "Connected: " + o.Connection, Facts: []fact{{Name: "Account", Text: o.Account}}}
	if o.Label != "" {
		p.Facts = append(p.Facts, fact{Name: "Its name", Text: o.Label})
	}
	if o.First {
		p.Facts = append(p.Facts, fact{Name: "From now on", Text: "This connection is bound to this account."})
	}
	if len(o.Missing) > 0 {
		p.Facts = append(p.Facts, fact{Name: "Not granted", Text: strings.Join(o.Missing, ", ") + ". Mappings that need it are held; give it to the app and connect again."})
	}
	p.Facts = append(p.Facts, fact{Name: "Next", Text: "See what it may do:", Command: "crosswalk check"})
	return p
}
