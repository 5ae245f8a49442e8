package token_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
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

	"crypto"

	"crosswalk/internal/token"
)

// mint is a vendor that hands out a1, a2 ... after a tenth of a second, each for an hour.
type mint struct {
	mu    sync.Mutex
	calls int
	fail  error
}

func (m *mint) mint(ctx context.Context) (string, time.Time, error) {
	select {
	case <-time.After(100 * time.Millisecond):
	case <-ctx.Done():
		return "", time.Time{}, &token.RefreshError{Err: ctx.Err()}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.calls++
	if m.fail != nil {
		return "", time.Time{}, m.fail
	}
	return fmt.Sprintf("a%d", m.calls), time.Now().Add(time.Hour), nil
}

func TestFiftyCallersShareOneMinting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &mint{}
		source := token.NewMinted(m.mint)
		for round, ask := range []func() (string, error){
			func() (string, error) { return source.Token(context.Background()) },
			func() (string, error) { return source.Renew(context.Background(), "a1") },
		} {
			var group sync.WaitGroup
			for range 50 {
				group.Go(func() {
					if got, err := ask(); err != nil || got != fmt.Sprintf("a%d", round+1) {
						t.Errorf("%q, %v", got, err)
					}
				})
			}
			group.Wait()
			if m.calls != round+1 {
				t.Errorf("%d mintings", m.calls)
			}
		}
		time.Sleep(56 * time.Minute)
		if got, err := source.Token(t.Context()); err != nil || got != "a3" {
			t.Errorf("near the end %q, %v", got, err)
		}
	})
}

func TestFiftyCallersShareOneFailedMinting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &mint{fail: &token.RefreshError{Status: 503}}
		source := token.NewMinted(m.mint)
		var group sync.WaitGroup
		for range 50 {
			group.Go(func() {
				if _, err := source.Token(context.Background()); err == nil {
					t.Error("no error")
				}
			})
		}
		group.Wait()
		if m.calls != 1 {
			t.Errorf("%d mintings", m.calls)
		}
		m.fail = nil
		if got, err := source.Token(t.Context()); err != nil || got != "a2" {
			t.Errorf("afterwards %q, %v", got, err)
		}
	})
}

func TestDeadGrantIsNotHammered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &mint{fail: &token.DeadError{Code: "invalid_grant"}}
		source := token.NewMinted(m.mint)
		for range 20 {
			_, err := source.Token(t.Context())
			var dead *token.DeadError
			if !errors.As(err, &dead) {
				t.Fatalf("got %v", err)
			}
		}
		if m.calls != 1 {
			t.Errorf("a dead grant was asked for %d times", m.calls)
		}
		time.Sleep(11 * time.Minute)
		m.fail = nil
		if got, err := source.Token(t.Context()); err != nil || got != "a2" {
			t.Errorf("after the administrator mended it: %q, %v", got, err)
		}
	})
}

func TestTokenWhoseEndNobodyNamesIsUsedUntilRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		source := token.NewMinted(func(context.Context) (string, time.Time, error) { n++; return fmt.Sprint("a", n), time.Time{}, nil })
		_, _ = source.Token(t.Context())
		time.Sleep(72 * time.Hour)
		if got, err := source.Token(t.Context()); err != nil || got != "a1" {
			t.Errorf("%q, %v", got, err)
		}
		if got, err := source.Renew(t.Context(), "a1"); err != nil || got != "a2" {
			t.Errorf("refused, it became %q, %v", got, err)
		}
	})
}

func TestEarlyFailureIsBorneUntilExpiry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &mint{}
		source := token.NewMinted(m.mint)
		_, _ = source.Token(t.Context())
		m.fail = &token.RefreshError{Status: 500}
		time.Sleep(57 * time.Minute)
		if got, err := source.Token(t.Context()); err != nil || got != "a1" {
			t.Errorf("%q, %v", got, err)
		}
		time.Sleep(4 * time.Minute)
		if _, err := source.Token(t.Context()); err == nil {
			t.Error("an expired token was given")
		}
	})
}

func keyPEM(t *testing.T, bits int) ([]byte, *rsa.PrivateKey) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw}), key
}

func TestJWTSignsForTheUser(t *testing.T) {
	raw, key := keyPEM(t, 2048)
	var sent url.Values
	g := token.Grant{URL: "https://acme.my.salesforce.com/services/oauth2/token", Transport: trip(func(r *http.Request) (*http.Response, error) {
		body, _ := io.ReadAll(r.Body)
		sent, _ = url.ParseQuery(string(body))
		return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(`{"access_token":"a","instance_url":"https://acme.my.salesforce.com","token_type":"Bearer"}`))}, nil
	})}
	j, err := token.NewJWT(token.JWT{Grant: g, ClientID: "app", Username: "sync@acme.example", Audience: "https://acme.my.salesforce.com"}, raw)
	if err != nil {
		t.Fatal(err)
	}
	access, expiry, err := j.Mint(t.Context())
	if err != nil || access != "a" || !expiry.IsZero() {
		t.Fatalf("%q %v %v", access, expiry, err)
	}
	parts := strings.Split(sent.Get("assertion"), ".")
	if len(parts) != 3 || sent.Get("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer" || len(sent) != 2 {
		t.Fatalf("sent %v", sent)
	}
	signature, _ := base64.RawURLEncoding.DecodeString(parts[2])
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if rsa.VerifyPKCS1v15(&key.PublicKey, crypto.SHA256, sum[:], signature) != nil {
		t.Error("the signature does not hold")
	}
	var claims struct {
		Iss, Sub, Aud string
		Exp           int64
	}
	text, _ := base64.RawURLEncoding.DecodeString(parts[1])
	if json.Unmarshal(text, &claims) != nil || claims.Iss != "app" || claims.Sub != "sync@acme.example" || claims.Aud != "https://acme.my.salesforce.com" ||
		time.Until(time.Unix(claims.Exp, 0)) > 3*time.Minute {
		t.Errorf("claims %s", text)
	}
	if text := fmt.Sprintf("%v %+v %#v", j, j, j); strings.Contains(text, key.D.String()) {
		t.Error("the key is printed")
	}
}

func TestKeysThatSalesforceRefuses(t *testing.T) {
	curve, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	der, _ := x509.MarshalPKCS8PrivateKey(curve)
	short, _ := keyPEM(t, 1024)
	for name, raw := range map[string][]byte{"elliptic": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), "short": short, "nonsense": []byte("canary")} {
		if _, err := token.NewJWT(token.JWT{ClientID: "a", Username: "b", Audience: "c"}, raw); err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestGrantsSortRefusals(t *testing.T) {
	for _, c := range []struct {
		name   string
		status int
		body   string
		dead   bool
		good   bool
	}{
		{"user not approved", 400, `{"error":"invalid_grant","error_description":"canary"}`, true, false},
		{"wrong app", 400, `{"error":"invalid_client_id","error_description":"canary"}`, true, false},
		{"app not there", 400, `{"error":"app_not_found"}`, true, false},
		{"too many logins", 400, `{"error":"login_rate_exceeded"}`, false, false},
		{"throttled", 429, `canary`, false, false},
		{"down", 503, `<html>canary`, false, false},
		{"nonsense", 200, `canary`, false, false},
		{"another instance", 200, `{"access_token":"canary","instance_url":"https://evil.example"}`, false, false},
		{"good", 200, `{"access_token":"a","instance_url":"https://acme.my.salesforce.com"}`, false, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := token.ClientCredentials{ClientID: "id", ClientSecret: "s", Grant: token.Grant{URL: "https://acme.my.salesforce.com/services/oauth2/token",
				Accept: func(instance string) error {
					if instance != "https://acme.my.salesforce.com" {
						return errors.New("not ours")
					}
					return nil
				},
				Transport: trip(func(*http.Request) (*http.Response, error) {
					return &http.Response{StatusCode: c.status, Body: io.NopCloser(strings.NewReader(c.body))}, nil
				})}}
			_, _, err := g.Mint(t.Context())
			var dead *token.DeadError
			if errors.As(err, &dead) != c.dead || (err == nil) != c.good {
				t.Fatalf("got %v", err)
			}
			if err != nil && strings.Contains(err.Error(), "canary") {
				t.Errorf("the error quotes the answer: %v", err)
			}
		})
	}
}
