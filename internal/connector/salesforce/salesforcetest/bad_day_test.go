package salesforcetest

import (
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestFaults lets one call each go wrong and checks what the caller sees and what
// the org did.
func TestFaults(t *testing.T) {
	for _, c := range []struct {
		name    string
		fault   Fault
		status  int // 0: the connection breaks
		body    string
		header  string // name: value
		effects int
	}{
		{"throttled", Throttled(), 403, `"TotalRequests Limit exceeded."`, "", 0},
		{"concurrent", Concurrent(), 403, "ConcurrentRequests", "", 0},
		{"unavailable", Unavailable(), 503, "SERVER_UNAVAILABLE", "", 0},
		{"expired", Expired(), 401, `[{"message":"Session expired or invalid","errorCode":"INVALID_SESSION_ID"}]`, "", 0},
		{"locked", RowLocked(), 400, "UNABLE_TO_LOCK_ROW", "", 0},
		{"edge", Fault{Status: 502}, 502, "<html>", "Content-Type: text/html;charset=UTF-8", 0},
		{"retry after", Fault{Status: 503, Header: http.Header{"Retry-After": {"7"}}}, 503, "<html>", "Retry-After: 7", 0},
		{"text", Fault{Status: 420, Body: "routing unavailable"}, 420, "routing unavailable", "Content-Type: text/plain;charset=UTF-8", 0},
		{"lost before", Fault{Cut: true}, 0, "", "", 0},
		{"lost after", CommittedThenLost(), 0, "", "", 1},
		{"500 after", Fault{After: true, Status: 500, Code: "UNKNOWN_EXCEPTION", Message: "An unexpected error occurred. ErrorId: 1-1"}, 500, "UNKNOWN_EXCEPTION", "", 1},
		{"html after", Fault{HTML: true}, 201, "<html>", "Content-Type: text/html;charset=UTF-8", 1},
		{"cut body", Fault{Truncate: 5}, 0, "", "", 1},
		{"mangled", Fault{Mangle: func(status int, _ []byte) (int, []byte) { return status, []byte(`{"id":`) }}, 201, `{"id":`, "", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := New(Config{})
			s.AddToken("test", "")
			s.Fail(c.fault.At("POST /sobjects/{object}"))
			server := httptest.NewServer(s)
			defer server.Close()
			create := func() (int, string, http.Header) {
				q, _ := http.NewRequest(http.MethodPost, server.URL+"/services/data/v67.0/sobjects/Account", strings.NewReader(`{"Name":"A"}`))
				q.Header.Set("Authorization", "Bearer test")
				q.Header.Set("Content-Type", "application/json")
				a, err := server.Client().Do(q)
				if err != nil {
					return 0, "", nil
				}
				defer a.Body.Close()
				raw, err := io.ReadAll(a.Body)
				if err != nil {
					return 0, "", nil
				}
				return a.StatusCode, string(raw), a.Header
			}
			status, body, header := create()
			if status != c.status || !strings.Contains(body, c.body) {
				t.Errorf("answer %d %s", status, body)
			}
			if k, v, found := strings.Cut(c.header, ": "); found && header.Get(k) != v {
				t.Errorf("%s is %q", k, header.Get(k))
			}
			if n := len(s.Log()); n != c.effects {
				t.Errorf("%d effects", n)
			}
			if status, body, _ := create(); status != 201 {
				t.Errorf("the next call: %d %s", status, body)
			}
		})
	}
}

func TestFaultMatching(t *testing.T) {
	s := New(Config{})
	s.Fail(Fault{Match: "GET /query", Skip: 1, Times: 2, Status: 503})
	got := ""
	for range 4 {
		status, _ := send(t, s, http.MethodGet, soql("SELECT Id FROM Account"), "")
		got += fmt.Sprint(status, " ")
	}
	if got != "200 503 503 200 " {
		t.Errorf("skip 1, times 2: %s", got)
	}
	s.SetFault(func(r *http.Request, body []byte) *Fault {
		if strings.Contains(string(body), "bad") {
			f := RowLocked()
			return &f
		}
		return nil
	})
	expect(t, s, "POST", "/sobjects/Account", `{"Name":"bad"}`, 400, "UNABLE_TO_LOCK_ROW", "")
	makeRecord(t, s, "Account", `{"Name":"good"}`)
	s.ClearFaults()
	makeRecord(t, s, "Account", `{"Name":"bad"}`)
}

// TestSlowCalls checks delays, held locks, the limit of long calls and stale reads
// in virtual time.
func TestSlowCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Config{Limits: true, StaleRead: time.Minute})
		id := makeRecord(t, s, "Account", `{"Name":"Old"}`)
		s.Fail(Fault{Match: "PATCH", DelayAnswer: time.Minute, Hold: true})
		done := make(chan int)
		go func() {
			status, _ := send(t, s, http.MethodPatch, "/sobjects/Account/"+id, `{"Name":"Slow"}`)
			done <- status
		}()
		time.Sleep(10 * time.Second)
		expect(t, s, "PATCH", "/sobjects/Account/"+id, `{"Name":"Quick"}`, 400, "UNABLE_TO_LOCK_ROW", "")
		s.Fail(Fault{Match: "GET", Stale: true})
		if _, raw := send(t, s, http.MethodGet, "/sobjects/Account/"+id+"?fields=Name", ""); !strings.Contains(raw, "Old") {
			t.Errorf("a stale read during the slow call: %s", raw)
		}
		s.SetLongCalls(24)
		time.Sleep(11 * time.Second) // the slow call makes it 25 now
		expect(t, s, "GET", "/limits", "", 403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests")
		s.SetLongCalls(0)
		if status := <-done; status != 204 {
			t.Errorf("the slow call: %d", status)
		}
		time.Sleep(time.Hour)
		if status, raw := send(t, s, "PATCH", "/sobjects/Account/"+id, `{"Name":"New"}`); status != 204 {
			t.Errorf("after the lock: %d %s", status, raw)
		}
		s.Fail(Fault{Match: "GET /sobjects", Stale: true})
		if _, raw := send(t, s, http.MethodGet, "/sobjects/Account/"+id+"?fields=Name", ""); !strings.Contains(raw, "Slow") {
			t.Errorf("a stale read: %s", raw)
		}
		if _, raw := send(t, s, http.MethodGet, "/sobjects/Account/"+id+"?fields=Name", ""); !strings.Contains(raw, "New") {
			t.Errorf("a plain read: %s", raw)
		}
		s.Fail(Fault{Match: "GET", Delay: time.Hour})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/services/data", nil)
		func() {
			defer func() {
				if recover() != http.ErrAbortHandler {
					t.Error("a caller who gives up is answered")
				}
			}()
			s.ServeHTTP(httptest.NewRecorder(), r)
		}()
	})
}

func TestDailyLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Config{Limits: true, DailyRequests: 10})
		for range 9 {
			ask(t, s, "SELECT Id FROM Account")
		}
		w := answerOf(s, http.MethodGet, "/limits", "")
		if got := w.Header().Get("Sforce-Limit-Info"); got != "api-usage=10/10" || !strings.Contains(w.Body.String(), `"DailyApiRequests":{"Max":10,"Remaining":0}`) {
			t.Errorf("%s %s", got, w.Body)
		}
		expect(t, s, http.MethodGet, "/limits", "", 403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
		time.Sleep(24*time.Hour + time.Minute)
		if status, raw := send(t, s, http.MethodGet, "/limits", ""); status != 200 {
			t.Errorf("a day later: %d %s", status, raw)
		}
	})
}

func TestRequestSizes(t *testing.T) {
	s := New(Config{})
	long := strings.Repeat("x", 17_000)
	if status, _ := send(t, s, http.MethodGet, soql("SELECT Id FROM Account WHERE Name = '"+long+"'"), ""); status != http.StatusRequestURITooLong {
		t.Errorf("a long URI: %d", status)
	}
	if status, _ := send(t, s, http.MethodGet, "/limits", "", "X-Long", long); status != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("a long header: %d", status)
	}
	body := `{"compositeRequest":[{"method":"GET","referenceId":"q","url":"/services/data/v67.0/query?q=SELECT Id FROM Account WHERE Name IN ('` + strings.Repeat("x','", 6000) + `')"}]}`
	if status, raw := send(t, s, http.MethodPost, "/composite", body); status != 200 || !strings.Contains(raw, `"httpStatusCode":200`) {
		t.Errorf("the same query in a composite: %d %.300s", status, raw)
	}
}

// TestCompression sends and takes gzip (section 4).
func TestCompression(t *testing.T) {
	s := New(Config{})
	var packed strings.Builder
	z := gzip.NewWriter(&packed)
	fmt.Fprint(z, `{"Name":"Packed"}`)
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if status, raw := send(t, s, http.MethodPost, "/sobjects/Account", packed.String(), "Content-Encoding", "gzip"); status != 201 {
		t.Fatalf("%d %s", status, raw)
	}
	w := answerOf(s, http.MethodGet, "/sobjects/Account/describe", "", "Accept-Encoding", "gzip")
	if w.Header().Get("Content-Encoding") != "gzip" {
		t.Fatal("a long answer is not packed")
	}
	in, err := gzip.NewReader(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	if raw, err := io.ReadAll(in); err != nil || !strings.Contains(string(raw), `"name":"Account"`) {
		t.Errorf("%v %.100s", err, raw)
	}
}
