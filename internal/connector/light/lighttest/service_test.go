package lighttest_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"crosswalk/internal/connector/light/lighttest"
)

func TestCredentials(t *testing.T) {
	s := lighttest.New(lighttest.Config{})
	c := newClient(t, s)
	access, _ := s.Tokens()
	cases := []struct {
		name, header string
		read, write  int
	}{
		{"key", "Basic " + lighttest.APIKey, 200, 200},
		{"another key", "Basic " + lighttest.OtherAPIKey, 200, 200},
		{"reading key", "Basic " + lighttest.ReadOnlyAPIKey, 200, 403},
		{"OAuth token", "Bearer " + access, 200, 200},
		{"none", "", 401, 401},
		{"base64 of user and password", basicAuth(lighttest.APIKey, ""), 401, 401},
		{"key as a bearer", "Bearer " + lighttest.APIKey, 401, 401},
		{"token as a key", "Basic " + access, 401, 401},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			c := *c
			c.t, c.auth = t, tc.header
			c.do(tc.read, "GET", "/v1/companies/current", nil)
			out := c.do(tc.write, "POST", "/v1/customers", object{"name": "A"})
			if tc.write == 401 && (out.body["type"] != "UNAUTHORIZED" || out.body["message"] != "Credentials are required to access this resource") {
				t.Errorf("body %s", out.raw)
			}
			if tc.write == 403 && out.body["type"] != "FORBIDDEN" {
				t.Errorf("body %s", out.raw)
			}
		})
	}
	s.RevokeKey()
	c.do(401, "GET", "/v1/entities", nil)
	s.RestoreKey()
	c.do(200, "GET", "/v1/entities", nil)
}

func basicAuth(user, password string) string {
	r := httptest.NewRequest("GET", "/", nil)
	r.SetBasicAuth(user, password)
	return r.Header.Get("Authorization")
}

func TestRefreshTokensRotate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := lighttest.New(lighttest.Config{TokenTTL: 10 * time.Minute})
		c := newClient(t, s)
		access, first := s.Tokens()
		c.auth = "Bearer " + access
		c.get("/v1/entities")
		time.Sleep(10 * time.Minute)
		c.do(401, "GET", "/v1/entities", nil)
		pair := c.token(200, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {first}})
		if num(pair["expires_in"]) != 600 || pair["token_type"] != "Bearer" {
			t.Errorf("token answer %v", pair)
		}
		if got := c.token(400, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {first}}); got["type"] != "INVALID_GRANT" {
			t.Errorf("used refresh token: %v", got)
		}
		c.auth = "Bearer " + pair["access_token"].(string)
		c.get("/v1/entities")
		s.ExpireTokens()
		c.do(401, "GET", "/v1/entities", nil)
		c.token(200, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {pair["refresh_token"].(string)}})
		if got := c.do(400, "GET", "/oauth/authorize?client_id="+lighttest.OAuthClientID, nil); got.body["type"] != "MISSING_PARAMETER" {
			t.Errorf("authorize without redirect: %s", got.raw)
		}
	})
}

func TestIdempotencyKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := lighttest.New(lighttest.Config{})
		c := newClient(t, s)
		create := func(status int, name string) result {
			t.Helper()
			return c.do(status, "POST", "/v1/customers", object{"name": name}, "X-Idempotency-Key", "k1")
		}
		first := create(200, "A")
		time.Sleep(24*time.Hour - time.Second)
		if again := create(200, "A"); again.body["id"] != first.body["id"] || s.Counts().Customers != 1 {
			t.Error("the same key and body made another customer")
		}
		if got := create(409, "B"); got.body["type"] != "CONFLICT" {
			t.Errorf("other body: %s", got.raw)
		}
		time.Sleep(2 * time.Second)
		if create(200, "A"); s.Counts().Customers != 2 {
			t.Error("the key is remembered beyond its time")
		}
		// Refusals are replayed too, even when what was wrong has been mended.
		group, _ := property(t, s, "headcount", "")
		bad := object{"name": "C", "customProperties": []object{{"groupId": group, "inlineValues": []string{"many"}}}}
		c.do(422, "POST", "/v1/customers", bad, "X-Idempotency-Key", "k2")
		c.do(422, "POST", "/v1/customers", bad, "X-Idempotency-Key", "k2")
		// Elsewhere the header protects nothing.
		body := object{"companyEntityId": entity(t, s, "DE01")}
		c.do(200, "POST", "/v1/contracts", body, "X-Idempotency-Key", "k3")
		c.do(200, "POST", "/v1/contracts", body, "X-Idempotency-Key", "k3")
		if s.Counts().Contracts != 2 {
			t.Error("Light has no idempotency for contracts")
		}
	})
}

func TestLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := lighttest.New(lighttest.Config{Limits: true})
		c := newClient(t, s)
		time.Sleep(100 * time.Millisecond)
		for i := range 300 {
			got := c.do(200, "GET", "/v1/entities", nil)
			if want := strconv.Itoa(299 - i); got.header.Get("X-RateLimit-Remaining") != want || got.header.Get("X-RateLimit-Limit") != "300" {
				t.Fatalf("call %d: headers %v", i, got.header)
			}
		}
		over := c.do(429, "GET", "/v1/entities", nil)
		wait, err := strconv.Atoi(over.header.Get("Retry-After"))
		if err != nil || wait < 1 || wait > 61 {
			t.Fatalf("Retry-After %q", over.header.Get("Retry-After"))
		}
		other := *c
		other.auth = "Basic " + lighttest.OtherAPIKey
		other.do(200, "GET", "/v1/entities", nil)
		time.Sleep(time.Duration(wait) * time.Second)
		c.do(200, "GET", "/v1/entities", nil)
	})
}

func TestDailyLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := lighttest.New(lighttest.Config{Limits: true})
		c := newClient(t, s)
		for range 100_000 / 300 {
			for range 300 {
				c.do(200, "GET", "/v1/companies/current", nil)
			}
			time.Sleep(time.Minute)
		}
		for range 100 {
			c.do(200, "GET", "/v1/companies/current", nil)
		}
		c.auth = "Basic " + lighttest.OtherAPIKey // the day is the organisation's, not the key's
		over := c.do(429, "GET", "/v1/companies/current", nil)
		reset, _ := strconv.ParseInt(over.header.Get("X-RateLimit-Reset"), 10, 64)
		if at := time.Unix(reset, 0).UTC(); at.Hour() != 0 || at.Minute() != 0 || at.Day() != time.Now().UTC().Day()+1 {
			t.Errorf("reset at %s", at)
		}
		time.Sleep(time.Until(time.Unix(reset, 0)))
		c.do(200, "GET", "/v1/companies/current", nil)
	})
}

func TestFaults(t *testing.T) {
	const create = "POST /v1/customers"
	late := errors.New("late")
	cases := []struct {
		name   string
		hook   func(*http.Request, []byte) *lighttest.Fault
		status int
		fails  error // instead of a status: what the caller gets
		kept   int   // customers afterwards
	}{
		{"throttled", lighttest.FailOnce(create, lighttest.Throttled(7)), 429, nil, 0},
		{"gateway down", lighttest.FailOnce(create, lighttest.Fault{Status: 503}), 503, nil, 0},
		{"a page of HTML", lighttest.FailOnce(create, lighttest.HTML(502)), 502, nil, 0},
		{"redirect", lighttest.FailOnce(create, lighttest.Redirect("https://eu.light.example/v1/customers")), 307, nil, 0},
		{"cut before", lighttest.FailOnce(create, lighttest.Fault{Cut: true}), 0, io.EOF, 0},
		{"committed, then 504", lighttest.FailAfterCommit(create, lighttest.Fault{Status: 504}), 504, nil, 1},
		{"committed, then cut", lighttest.FailAfterCommit(create, lighttest.Fault{Cut: true}), 0, io.EOF, 1},
		{"committed, half an answer", lighttest.FailAfterCommit(create, lighttest.Fault{Truncate: true}), 0, io.ErrUnexpectedEOF, 1},
		{"not JSON", lighttest.FailAfterCommit(create, lighttest.Fault{Malformed: true}), 200, io.ErrUnexpectedEOF, 1},
		{"slow, the caller gives up", lighttest.FailOnce(create, lighttest.Fault{Delay: time.Hour}), 0, late, 0},
		{"committed, the caller gives up", lighttest.FailAfterCommit(create, lighttest.Fault{Delay: time.Hour}), 0, late, 1},
		{"another route", lighttest.FailOnce("POST /v1/products", lighttest.Fault{Status: 500}), 200, nil, 1},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := lighttest.New(lighttest.Config{})
				c := newClient(t, s)
				s.SetFault(tc.hook)
				c.http.Timeout = 30 * time.Second
				out, err := c.try("POST", "/v1/customers", object{"name": "A"})
				switch {
				case tc.fails == nil && (err != nil || out.status != tc.status):
					t.Errorf("status %d, error %v", out.status, err)
				case tc.fails == late && !errors.Is(err, context.DeadlineExceeded):
					t.Errorf("error %v", err)
				case tc.fails != nil && err == nil:
					t.Errorf("no error: %d %s", out.status, out.raw)
				}
				if got := s.Counts().Customers; got != tc.kept {
					t.Errorf("%d customers kept, want %d", got, tc.kept)
				}
				c.customer("B") // the fault comes once
				if calls := s.Calls(); calls[create] != 2 || calls["total"] != 2 || s.CallsBy(lighttest.OtherAPIKey) != 0 {
					t.Errorf("calls %v", calls)
				}
			})
		})
	}
}

// The same faults over a real socket.
func TestFaultsOverTheWire(t *testing.T) {
	s := lighttest.New(lighttest.Config{})
	server := httptest.NewServer(s)
	defer server.Close()
	get := func() error {
		r, err := http.NewRequest("GET", server.URL+"/v1/entities", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Basic "+lighttest.APIKey)
		r.Close = true
		resp, err := server.Client().Do(r)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		_, err = io.ReadAll(resp.Body)
		return err
	}
	if err := get(); err != nil {
		t.Fatal(err)
	}
	s.SetFault(lighttest.FailTimes(2, "", lighttest.Fault{Cut: true})) // Go's transport repeats a GET once by itself
	if err := get(); err == nil {
		t.Error("a cut connection gave an answer")
	}
	s.SetFault(lighttest.FailAfterCommit("", lighttest.Fault{Truncate: true}))
	if err := get(); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("half an answer: %v", err)
	}
}

func TestSameSeedSameAnswers(t *testing.T) {
	run := func(seed uint64) (out []string) {
		synctest.Test(t, func(t *testing.T) {
			s := lighttest.New(lighttest.Config{Seed: seed, StaleRead: time.Minute})
			s.Sample()
			c := newClient(t, s)
			id := c.customer("A")
			c.do(200, "PATCH", "/v1/customers/"+id, object{"name": "B"})
			for range 20 {
				out = append(out, string(c.do(200, "GET", "/v1/customers?limit=3&cursor=0&sort=updatedAt:desc", nil).raw))
			}
		})
		return out
	}
	if !reflect.DeepEqual(run(1), run(1)) {
		t.Error("one seed, two stories")
	}
	if reflect.DeepEqual(run(1), run(2)) {
		t.Error("two seeds, one story")
	}
}

func TestManyAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := lighttest.New(lighttest.Config{StaleRead: time.Second, OpenDelay: time.Second})
		c := newClient(t, s)
		product, de := c.product("P", 100), entity(t, s, "DE01")
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for range 20 {
					id := c.customer("A")
					inv := c.id("/v1/invoice-receivables", object{"companyEntityId": de, "customerId": id, "lines": []object{{"productId": product}}})
					c.post("/v1/invoice-receivables/"+inv+"/open", nil)
					c.get("/v1/invoice-receivables?limit=5&cursor=0")
					s.Invoices()
				}
			})
		}
		wg.Wait()
		time.Sleep(time.Second)
		numbers := map[lighttest.Text]bool{}
		for _, inv := range s.Invoices() {
			numbers[inv.InvoiceNumber] = true
		}
		if len(numbers) != 160 || numbers[""] {
			t.Errorf("%d different numbers for 160 invoices", len(numbers))
		}
	})
}
