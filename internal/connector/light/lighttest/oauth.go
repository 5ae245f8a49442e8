package lighttest

import (
	"net/http"
	"net/url"
	"strings"
	"time"
)

// grant is what a code or token stands for.
type grant struct {
	redirect string
	until    time.Time
}

// codeLife is how long an authorization code may be exchanged.
const codeLife = 10 * time.Minute

// ExpireTokens ends every OAuth access token now. Refresh tokens stay good.
func (s *Sim) ExpireTokens() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.access)
}

// RevokeGrant ends every OAuth access and refresh token, as a person does who disconnects the application in Light.
func (s *Sim) RevokeGrant() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.access)
	clear(s.refresh)
}

// RefuseConsent has the person at the consent page refuse, or agree again. Light does not publish how a refusal comes back:
// as RFC 6749 has it (?).
func (s *Sim) RefuseConsent(refuse bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuses = refuse
}

// Grants counts the refresh tokens that are alive.
func (s *Sim) Grants() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.refresh)
}

// authorize consents at once, unless RefuseConsent says otherwise, and sends the browser back with a code.
func (s *Sim) authorize(c *call) (any, *failure) {
	q := c.request.URL.Query()
	for _, name := range []string{"client_id", "redirect_uri"} {
		if q.Get(name) == "" {
			return nil, gateway(http.StatusBadRequest, "MISSING_PARAMETER", "Missing required parameter: "+name)
		}
	}
	if q.Get("client_id") != OAuthClientID {
		return nil, gateway(http.StatusBadRequest, "INVALID_CLIENT", "Unknown client")
	}
	back, err := url.Parse(q.Get("redirect_uri"))
	if err != nil || !back.IsAbs() {
		return nil, gateway(http.StatusBadRequest, "INVALID_PARAMETER", "redirect_uri is not registered")
	}
	if s.refuses {
		query := back.Query()
		query.Set("error", "access_denied")
		query.Set("state", q.Get("state"))
		back.RawQuery = query.Encode()
		return reply{status: http.StatusFound, header: http.Header{"Location": {back.String()}}}, nil
	}
	code := s.newSecret("code")
	s.codes[code] = grant{q.Get("redirect_uri"), c.now.Add(codeLife)}
	query := back.Query()
	query.Set("code", code)
	if q.Has("state") {
		query.Set("state", q.Get("state"))
	}
	back.RawQuery = query.Encode()
	return reply{status: http.StatusFound, header: http.Header{"Location": {back.String()}}}, nil
}

// oauthToken is the answer of POST /oauth/token.
type oauthToken struct {
	AccessToken  string `json:"access_token"`
	RefreshToken string `json:"refresh_token"`
	ExpiresIn    int64  `json:"expires_in"`
	TokenType    string `json:"token_type"`
}

// token exchanges a code, or a refresh token, which dies in the exchange.
func (s *Sim) token(c *call) (any, *failure) {
	media, _, _ := strings.Cut(c.request.Header.Get("Content-Type"), ";")
	if !strings.EqualFold(strings.TrimSpace(media), "application/x-www-form-urlencoded") {
		return nil, gateway(http.StatusUnsupportedMediaType, "UNSUPPORTED_MEDIA_TYPE", "HTTP 415 Unsupported Media Type")
	}
	form, err := url.ParseQuery(string(c.body))
	if err != nil {
		return nil, gateway(http.StatusBadRequest, "INVALID_PARAMETER", "the form is malformed")
	}
	if form.Get("client_id") != OAuthClientID || form.Get("client_secret") != OAuthClientSecret {
		return nil, gateway(http.StatusUnauthorized, "INVALID_CLIENT", "Client authentication failed")
	}
	switch form.Get("grant_type") {
	case "authorization_code":
		g, ok := s.codes[form.Get("code")]
		delete(s.codes, form.Get("code"))
		if !ok || c.now.After(g.until) || g.redirect != form.Get("redirect_uri") {
			return nil, gateway(http.StatusBadRequest, "INVALID_GRANT", "The authorization code is invalid or expired")
		}
	case "refresh_token":
		if _, ok := s.refresh[form.Get("refresh_token")]; !ok {
			return nil, gateway(http.StatusBadRequest, "INVALID_GRANT", "The refresh token is invalid or was already used")
		}
		delete(s.refresh, form.Get("refresh_token"))
	default:
		return nil, gateway(http.StatusBadRequest, "UNSUPPORTED_GRANT_TYPE", "grant_type must be authorization_code or refresh_token")
	}
	pair := oauthToken{s.newSecret("access"), s.newSecret("refresh"), int64(s.cfg.TokenTTL / time.Second), "Bearer"}
	s.access[pair.AccessToken] = grant{until: c.now.Add(s.cfg.TokenTTL)}
	s.refresh[pair.RefreshToken] = grant{}
	return pair, nil
}

// Tokens connects an application without the browser's way: an access and a refresh token as the exchange gives them.
func (s *Sim) Tokens() (access, refresh string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	access, refresh = s.newSecret("access"), s.newSecret("refresh")
	s.access[access] = grant{until: time.Now().Add(s.cfg.TokenTTL)}
	s.refresh[refresh] = grant{}
	return access, refresh
}
