package token

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"
)

// Endpoint trades a refresh token for a new pair.
type Endpoint interface {
	// Refresh gives a *DeadError when the token is refused for good and a *RefreshError for all else.
	Refresh(ctx context.Context, refresh string) (Pair, error)
}

// Form is an OAuth 2.0 token endpoint that takes everything in a form body, as HubSpot (hubspot.md 2), Light (light.md 1)
// and Salesforce (salesforce.md 3) do. An answer without a refresh token leaves the old one in force.
type Form struct {
	URL          string
	RevokeURL    string // "": the vendor publishes none
	UntilRefused bool   // answers name no lifetime (Salesforce): a token is used until it is refused with 401
	ClientID     string
	ClientSecret string
	Transport    http.RoundTripper // nil: http.DefaultTransport
	Deadline     time.Duration     // 0: 30 s
}

// String keeps the client secret out of logs.
func (f Form) String() string { return "token endpoint " + f.URL }

// GoString keeps the client secret out of %#v.
func (f Form) GoString() string { return f.String() }

// Refresh posts grant_type=refresh_token.
func (f Form) Refresh(ctx context.Context, refresh string) (Pair, error) {
	return f.trade(ctx, refresh, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}})
}

// Exchange trades the code of a callback for the first pair; verifier may be "" where PKCE is not used.
func (f Form) Exchange(ctx context.Context, code, redirect, verifier string) (Pair, error) {
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {redirect}}
	if verifier != "" {
		form.Set("code_verifier", verifier)
	}
	return f.trade(ctx, "", form)
}

// Revoke ends a refresh token at the vendor (hubspot.md 2, salesforce.md 3.6). A vendor that answers 4xx knows no such token
// (any more), which is what was wanted. Without a RevokeURL it does nothing.
func (f Form) Revoke(ctx context.Context, refresh string) error {
	if f.RevokeURL == "" || refresh == "" {
		return nil
	}
	status, body, err := f.post(ctx, f.RevokeURL, url.Values{"token": {refresh}, "token_type_hint": {"refresh_token"}, "client_id": {f.ClientID}, "client_secret": {f.ClientSecret}})
	if err != nil {
		return &RefreshError{Doing: revoking, Status: err.Status, Err: err.Err}
	}
	if status/100 == 2 || status/100 == 4 && status != http.StatusTooManyRequests && status != http.StatusRequestTimeout {
		return nil
	}
	var a answer
	_ = json.Unmarshal(body, &a) // a body that is no JSON names no code
	return &RefreshError{Doing: revoking, Status: status, Code: a.code()}
}

// answer is the union of what vendors say, good or bad.
type answer struct {
	Type         string   `json:"type"` // Light says INVALID_GRANT here
	AccessToken  string   `json:"access_token"`
	RefreshToken string   `json:"refresh_token"`
	ExpiresIn    float64  `json:"expires_in"`
	Scopes       []string `json:"scopes"` // HubSpot
	Scope        string   `json:"scope"`  // RFC 6749, Salesforce: separated by spaces
	Status       string   `json:"status"` // HubSpot: BAD_REFRESH_TOKEN
	Error        string   `json:"error"`  // RFC 6749: invalid_grant
}

func (f Form) trade(ctx context.Context, old string, form url.Values) (Pair, error) {
	form.Set("client_id", f.ClientID)
	form.Set("client_secret", f.ClientSecret)
	began := time.Now()
	status, body, failed := f.post(ctx, f.URL, form)
	if failed != nil {
		return Pair{}, failed
	}
	var a answer
	broken := json.Unmarshal(body, &a)
	switch {
	case status/100 != 2:
		return Pair{}, refusal(status, a)
	case broken != nil || a.AccessToken == "" || !(a.ExpiresIn > 0) && !f.UntilRefused:
		return Pair{}, &RefreshError{Status: status, Err: errors.New("the answer is not a token pair")}
	}
	if a.RefreshToken == "" {
		a.RefreshToken = old
	}
	p := Pair{Access: a.AccessToken, Refresh: a.RefreshToken, Scopes: a.Scopes}
	if p.Scopes == nil {
		p.Scopes = strings.Fields(a.Scope)
	}
	if p.UntilRefused = !(a.ExpiresIn > 0); !p.UntilRefused {
		p.Expiry = began.Add(time.Duration(min(a.ExpiresIn, 10*365*24*3600) * float64(time.Second)))
	}
	return p, nil
}

const maxAnswer = 1 << 20

func (f Form) post(ctx context.Context, to string, form url.Values) (int, []byte, *RefreshError) {
	deadline := f.Deadline
	if deadline <= 0 {
		deadline = 30 * time.Second
	}
	ctx, cancel := context.WithTimeout(ctx, deadline)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to, strings.NewReader(form.Encode()))
	if err != nil {
		return 0, nil, &RefreshError{Err: errors.New("the token address is not a URL")}
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	transport := f.Transport
	if transport == nil {
		transport = http.DefaultTransport
	}
	res, err := transport.RoundTrip(req)
	if err != nil {
		return 0, nil, &RefreshError{Err: errors.New("no answer")}
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return 0, nil, &RefreshError{Status: res.StatusCode, Err: errors.New("the answer was cut short")}
	}
	return res.StatusCode, body, nil
}

// code is the vendor's own word, when it is one.
func (a answer) code() string {
	code := a.Status
	if code == "" || code == "error" {
		code = a.Error
	}
	if code == "" {
		code = a.Type
	}
	if !codeWord().MatchString(code) {
		return ""
	}
	return code
}

var codeWord = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z_]{1,40}$`) })

// refusal tells a dead refresh token from a passing fault or a wrong client secret, both of which leave it alive.
func refusal(status int, a answer) error {
	code := a.code()
	if status/100 == 4 && (a.Error == "invalid_grant" || a.Type == "INVALID_GRANT" || a.Status == "BAD_REFRESH_TOKEN" || a.Status == "BAD_HUB") {
		return &DeadError{Code: code}
	}
	return &RefreshError{Status: status, Code: code}
}
