package token

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Grant is what the two grants without a person share: a form to a token endpoint that answers an access token, without
// a refresh token and, of some vendors, without its lifetime (Salesforce fact sheet 3.4, 3.5).
type Grant struct {
	URL       string
	Life      time.Duration // taken where the answer names none; 0: the token is used until it is refused
	Transport http.RoundTripper
	Deadline  time.Duration
	// Accept is asked, when set, whether the instance that the answer names may be used, before the token is.
	Accept func(instance string) error
}

type granted struct {
	answer
	Instance string `json:"instance_url"`
}

// passingCodes are refusals that may pass by themselves; any other refusal of a grant stays until a person mends it.
var passingCodes = []string{"", "server_error", "temporarily_unavailable", "slow_down", "rate_limit_exceeded", "login_rate_exceeded", "unknown_error"}

func (g Grant) ask(ctx context.Context, form url.Values) (string, time.Time, error) {
	began := time.Now()
	status, body, failed := Form{Transport: g.Transport, Deadline: g.Deadline}.post(ctx, g.URL, form)
	if failed != nil {
		return "", time.Time{}, failed
	}
	var got granted
	broken := json.Unmarshal(body, &got)
	if status/100 != 2 {
		code := strings.ToLower(got.Error)
		if !codeWord().MatchString(code) {
			code = ""
		}
		if status/100 == 4 && status != http.StatusTooManyRequests && !slices.Contains(passingCodes, code) {
			return "", time.Time{}, &DeadError{Code: code}
		}
		return "", time.Time{}, &RefreshError{Status: status, Code: code}
	}
	if broken != nil || got.AccessToken == "" {
		return "", time.Time{}, &RefreshError{Status: status, Err: errors.New("the answer is not a token")}
	}
	if g.Accept != nil && got.Instance != "" {
		if err := g.Accept(got.Instance); err != nil {
			return "", time.Time{}, &RefreshError{Status: status, Err: err}
		}
	}
	life := g.Life
	if got.ExpiresIn > 0 {
		life = time.Duration(min(got.ExpiresIn, 365*24*3600) * float64(time.Second))
	}
	if life <= 0 {
		return got.AccessToken, time.Time{}, nil
	}
	return got.AccessToken, began.Add(life), nil
}
