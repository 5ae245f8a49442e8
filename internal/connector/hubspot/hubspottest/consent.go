package hubspottest

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Consent is what the person at the consent page does. The zero value agrees.
type Consent int

const (
	Agrees        Consent = iota
	Refuses               // back to the redirect address with error=access_denied (section 2)
	MayNotInstall         // HubSpot's own page says so, and nobody comes back (?)
)

// SetConsent decides for everybody who comes to the consent page from now on.
func (s *Sim) SetConsent(c Consent) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.consent = c
}

// registration is what an OAuth app of a project has in its app-hsmeta.json.
type registration struct {
	redirects          []string
	required, optional []string
}

// RegisterApp gives Crosswalk's app the auth part of its project file. The consent page then wants the redirect address
// exactly and both sets of scopes exactly (section 2, redirect rule and scope rule). Without it any app of this simulator
// may ask for anything.
func (s *Sim) RegisterApp(redirects, required, optional []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.registered = &registration{slices.Clone(redirects), sortedSet(required), sortedSet(optional)}
}

// Grants counts the refresh tokens of Crosswalk's app that are alive.
func (s *Sim) Grants() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, c := range s.credentials {
		if c.kind == oauthRefresh && !c.dead && c.app.id == AppID {
			n++
		}
	}
	return n
}

func sortedSet(names []string) []string {
	out := slices.Clone(names)
	slices.Sort(out)
	return slices.Compact(out)
}

// unregistered says what about a consent's address is not as the app was registered; "" when all is.
func (r *registration) unregistered(v url.Values) string {
	switch {
	case r == nil:
		return ""
	case !slices.Contains(r.redirects, v.Get("redirect_uri")):
		return "redirect_uri is not one of the app's redirectUrls"
	case !slices.Equal(sortedSet(strings.Fields(v.Get("scope"))), r.required):
		return "scope is not the app's set of required scopes"
	case !slices.Equal(sortedSet(strings.Fields(v.Get("optional_scope"))), r.optional):
		return "optional_scope is not the app's set of optional scopes"
	}
	return ""
}

// sendBack answers with a redirect to the app.
func sendBack(to *url.URL, state string, pairs ...string) answer {
	back := to.Query()
	for n := 0; n+1 < len(pairs); n += 2 {
		back.Set(pairs[n], pairs[n+1])
	}
	if state != "" {
		back.Set("state", state)
	}
	to.RawQuery = back.Encode()
	return answer{status: http.StatusFound, header: http.Header{"Location": {to.String()}}}
}
