package token_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"crosswalk/internal/token"
)

// vendor is a token endpoint that rotates: the refresh token before last is dead.
type vendor struct {
	mu      sync.Mutex
	refresh string
	calls   int
	n       int
	fail    func(call int) error // before anything is done
}

func (v *vendor) Refresh(ctx context.Context, refresh string) (token.Pair, error) {
	select {
	case <-time.After(100 * time.Millisecond):
	case <-ctx.Done():
		return token.Pair{}, &token.RefreshError{Err: ctx.Err()}
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.calls++
	if v.fail != nil {
		if err := v.fail(v.calls); err != nil {
			return token.Pair{}, err
		}
	}
	if refresh != v.refresh {
		return token.Pair{}, &token.DeadError{Code: "invalid_grant"}
	}
	v.n++
	v.refresh = fmt.Sprintf("r%d", v.n)
	return token.Pair{Access: fmt.Sprintf("a%d", v.n), Refresh: v.refresh, Expiry: time.Now().Add(30 * time.Minute)}, nil
}

// keeper is a disk that can fail.
type keeper struct {
	mu    sync.Mutex
	raw   []byte
	fail  error
	saves int
}

func (k *keeper) Load(context.Context) ([]byte, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.raw, nil
}

func (k *keeper) Save(_ context.Context, raw []byte) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.fail != nil {
		return k.fail
	}
	k.saves++
	k.raw = raw
	return nil
}

func start(t *testing.T, life time.Duration) (*token.OAuth, *vendor, *keeper) {
	t.Helper()
	raw, err := token.Pair{Access: "a0", Refresh: "r0", Expiry: time.Now().Add(life)}.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	v, k := &vendor{refresh: "r0"}, &keeper{raw: raw}
	return token.New(k, v, nil), v, k
}

func (k *keeper) pair(t *testing.T) token.Pair {
	t.Helper()
	p, err := token.ParsePair(k.raw)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestFiftyCallersShareOneRefresh(t *testing.T) {
	for name, ask := range map[string]func(*token.OAuth) (string, error){
		"expired": func(o *token.OAuth) (string, error) { return o.Token(context.Background()) },
		"refused": func(o *token.OAuth) (string, error) { return o.Renew(context.Background(), "a0") },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o, v, k := start(t, time.Minute)
				var group sync.WaitGroup
				for range 50 {
					group.Go(func() {
						if got, err := ask(o); err != nil || got != "a1" {
							t.Errorf("%q, %v", got, err)
						}
					})
				}
				group.Wait()
				if v.calls != 1 || k.saves != 1 || k.pair(t).Refresh != "r1" {
					t.Errorf("%d refreshes, %d saves", v.calls, k.saves)
				}
			})
		})
	}
}

func TestFiftyCallersShareOneFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, v, _ := start(t, -time.Minute)
		v.fail = func(int) error { return &token.RefreshError{Status: 500} }
		var group sync.WaitGroup
		for range 50 {
			group.Go(func() {
				if _, err := o.Token(context.Background()); err == nil {
					t.Error("no error")
				}
			})
		}
		group.Wait()
		if v.calls != 1 {
			t.Errorf("%d refreshes", v.calls)
		}
		v.fail = nil
		if got, err := o.Token(t.Context()); err != nil || got != "a1" {
			t.Errorf("afterwards %q, %v", got, err)
		}
	})
}

func TestCallerWhoGivesUpDoesNotSpoilTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, _, _ := start(t, -time.Minute)
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		go func() { _, _ = o.Token(ctx) }()
		synctest.Wait()
		if got, err := o.Token(t.Context()); err != nil || got != "a1" {
			t.Errorf("%q, %v", got, err)
		}
	})
}

func TestRefreshesFiveMinutesEarlyAndBearsAFailureUntilExpiry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, v, _ := start(t, 10*time.Minute)
		ask := func(want string) {
			t.Helper()
			if got, err := o.Token(t.Context()); err != nil || got != want {
				t.Errorf("%q, %v, want %q", got, err, want)
			}
		}
		ask("a0")
		time.Sleep(6 * time.Minute)
		v.fail = func(int) error { return &token.RefreshError{Status: 503} }
		ask("a0")
		time.Sleep(5 * time.Minute)
		if _, err := o.Token(t.Context()); err == nil {
			t.Error("an expired token was given")
		}
		v.fail = nil
		ask("a1")
	})
}

func TestRotatedPairIsStoredBeforeUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, v, k := start(t, -time.Minute)
		k.fail = errors.New("disk full")
		if got, err := o.Token(t.Context()); err == nil {
			t.Fatalf("%q was used before it was stored", got)
		}
		k.fail = nil
		if got, err := o.Token(t.Context()); err != nil || got != "a1" || v.calls != 1 {
			t.Errorf("%q, %v after %d refreshes: the pair in hand must be saved, not asked for again", got, err, v.calls)
		}
	})
}

// Q13: killed between the vendor's rotation and our save, the next start must ask for a reconnect, once.
func TestCrashBetweenRefreshAndSave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, v, k := start(t, -time.Minute)
		k.fail = errors.New("killed")
		_, _ = o.Token(t.Context())
		k.fail = nil
		for range 3 { // three restarts
			again := token.New(k, v, nil)
			_, err := again.Token(t.Context())
			var dead *token.DeadError
			if !errors.As(err, &dead) {
				t.Fatalf("got %v", err)
			}
		}
		if v.calls != 2 {
			t.Errorf("%d calls, want the lost one and the refused one", v.calls)
		}
		// a person reconnects: the running source takes the new pair without a restart
		k.raw, _ = token.Pair{Access: "new", Refresh: "r1", Expiry: time.Now().Add(time.Hour)}.Bytes()
		if got, err := o.Renew(t.Context(), "a0"); err != nil || got == "a0" {
			t.Errorf("%q, %v", got, err)
		}
		late := token.New(k, v, nil)
		if got, err := late.Token(t.Context()); err != nil || got == "" {
			t.Errorf("%q, %v", got, err)
		}
	})
}

func TestAnotherProcessMayHaveRenewed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, v, k := start(t, -time.Minute)
		other := token.New(k, v, nil)
		_, _ = o.Token(t.Context()) // o has a1 in memory and store
		if _, err := other.Renew(t.Context(), "a1"); err != nil {
			t.Fatal(err) // other made a2; r1 is dead now
		}
		if got, err := o.Renew(t.Context(), "a1"); err != nil || got != "a2" || v.calls != 2 {
			t.Errorf("%q, %v after %d refreshes", got, err, v.calls)
		}
	})
}

type trip func(*http.Request) (*http.Response, error)

func (t trip) RoundTrip(r *http.Request) (*http.Response, error) { return t(r) }

func TestFormSortsRefusals(t *testing.T) {
	for _, c := range []struct {
		name   string
		status int
		body   string
		dead   bool
		good   bool
	}{
		{"rfc", 400, `{"error":"invalid_grant","error_description":"canary"}`, true, false},
		{"hubspot", 400, `{"status":"BAD_REFRESH_TOKEN","message":"canary"}`, true, false},
		{"wrong client secret", 400, `{"status":"BAD_CLIENT_SECRET","error":"invalid_client"}`, false, false},
		{"server fault", 500, `<html>canary`, false, false},
		{"server fault that names a grant", 503, `{"error":"invalid_grant"}`, false, false},
		{"nonsense", 200, `canary`, false, false},
		{"no lifetime", 200, `{"access_token":"canary","expires_in":0}`, false, false},
		{"good, refresh token kept", 200, `{"access_token":"a","expires_in":1800}`, false, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			var sent url.Values
			f := token.Form{URL: "https://auth.example.com/token", ClientID: "id", ClientSecret: "s", Transport: trip(func(r *http.Request) (*http.Response, error) {
				raw, _ := io.ReadAll(r.Body)
				sent, _ = url.ParseQuery(string(raw))
				return &http.Response{StatusCode: c.status, Body: io.NopCloser(strings.NewReader(c.body))}, nil
			})}
			p, err := f.Refresh(t.Context(), "old")
			var dead *token.DeadError
			if errors.As(err, &dead) != c.dead || (err == nil) != c.good {
				t.Fatalf("got %v", err)
			}
			if err != nil && strings.Contains(err.Error(), "canary") {
				t.Errorf("error quotes the answer: %v", err)
			}
			if c.good && (p.Refresh != "old" || time.Until(p.Expiry) > 30*time.Minute) {
				t.Errorf("pair kept wrongly")
			}
			if sent.Get("refresh_token") != "old" || sent.Get("grant_type") != "refresh_token" || sent.Get("client_secret") != "s" {
				t.Errorf("form lacks something")
			}
		})
	}
}

func TestNothingPrintsSecrets(t *testing.T) {
	for _, v := range []any{token.Static("canary"), token.Pair{Access: "canary", Refresh: "canary"}, token.Form{ClientSecret: "canary"}} {
		if text := fmt.Sprintf("%v %+v %#v %s", v, v, v, v); strings.Contains(text, "canary") {
			t.Error(text)
		}
	}
}

// TestUntilRefused: a vendor that names no lifetime (salesforce.md 3.2) is asked for another token when it refuses one, and
// not before.
func TestUntilRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := token.Form{URL: "https://my.example.com/token", UntilRefused: true, Transport: trip(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(`{"access_token":"a0","refresh_token":"r0","scope":"api refresh_token"}`))}, nil
		})}
		first, err := f.Exchange(t.Context(), "code", "https://crosswalk.example/callback", "verifier")
		if err != nil || !first.UntilRefused || strings.Join(first.Scopes, " ") != "api refresh_token" {
			t.Fatalf("%v, until refused %v, scopes %v", err, first.UntilRefused, first.Scopes)
		}
		raw, err := first.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		v, k := &vendor{refresh: "r0"}, &keeper{raw: raw}
		o := token.New(k, v, nil)
		time.Sleep(30 * 24 * time.Hour)
		if got, err := o.Token(t.Context()); err != nil || got != "a0" || v.calls != 0 {
			t.Errorf("%q, %v after %d refreshes", got, err, v.calls)
		}
		if got, err := o.Renew(t.Context(), "a0"); err != nil || got != "a1" || v.calls != 1 {
			t.Errorf("%q, %v after %d refreshes", got, err, v.calls)
		}
	})
}

// TestRevoke: what is revoked already is no fault, what the vendor could not do is one, and neither quotes anything.
func TestRevoke(t *testing.T) {
	for _, c := range []struct {
		status int
		body   string
		want   string
	}{
		{204, "", ""}, {200, "{}", ""}, {400, `{"error":"invalid_token","error_description":"canary"}`, ""},
		{503, "canary", "revoking the token failed: HTTP 503"}, {429, `{"error":"slow_down"}`, "revoking the token failed: HTTP 429 slow_down"}, {0, "", "revoking the token failed: no answer"},
	} {
		var sent url.Values
		f := token.Form{RevokeURL: "https://auth.example.com/revoke", ClientID: "id", ClientSecret: "s", Transport: trip(func(r *http.Request) (*http.Response, error) {
			raw, _ := io.ReadAll(r.Body)
			sent, _ = url.ParseQuery(string(raw))
			if c.status == 0 {
				return nil, errors.New("canary")
			}
			return &http.Response{StatusCode: c.status, Body: io.NopCloser(strings.NewReader(c.body))}, nil
		})}
		err := f.Revoke(t.Context(), "r0")
		if got := fmt.Sprint(err); err == nil && c.want != "" || err != nil && got != c.want {
			t.Errorf("%d: %v, want %q", c.status, err, c.want)
		}
		if sent.Get("token") != "r0" || sent.Get("token_type_hint") != "refresh_token" || sent.Get("client_id") != "id" || sent.Get("client_secret") != "s" {
			t.Errorf("%d: the form lacks something", c.status)
		}
	}
	if err := (token.Form{}).Revoke(t.Context(), "r0"); err != nil {
		t.Errorf("a vendor without a revoke: %v", err)
	}
}
