package web_test

import (
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"crosswalk/internal/engine"
)

// TestSentTwice: a request with a key is done once, whoever lost the answer; another key, person or request is another.
func TestSentTwice(t *testing.T) {
	s := newStation(t, false)
	started := func() int {
		n := 0
		for _, a := range s.asked {
			if strings.HasPrefix(a, "run full") {
				n++
			}
		}
		return n
	}
	key := func(key, token string) func(*http.Request) {
		return func(r *http.Request) {
			r.Header.Set("Idempotency-Key", key)
			r.Header.Set("Authorization", "Bearer "+token)
		}
	}
	const body = `{"mapping":"invoices"}`
	status, first := s.ask(t, "POST", "/runs", body, key("k1", editorToken))
	again, second := s.ask(t, "POST", "/runs", body, key("k1", editorToken))
	if status != 202 || again != 202 || !reflect.DeepEqual(first, second) || started() != 1 {
		t.Errorf("%d %v\n%d %v\nstarted %d, want once", status, first, again, second, started())
	}
	s.ask(t, "POST", "/runs", body, key("k2", editorToken))
	s.ask(t, "POST", "/runs", body, key("k1", financeToken))
	s.ask(t, "POST", "/runs", body)
	if started() != 4 {
		t.Errorf("started %d, want 4", started())
	}
	if status, answer := s.ask(t, "POST", "/runs", `{"mapping":"contracts"}`, key("k1", editorToken)); status != 409 || started() != 4 {
		t.Errorf("a key for another request: %d %v", status, answer)
	}
	if status, _ := s.ask(t, "POST", "/runs", body, key(strings.Repeat("k", 201), editorToken)); status != 400 {
		t.Errorf("a key without end: %d", status)
	}
}

// TestFailedAndSentAgain: what was refused is tried anew with the same key.
func TestFailedAndSentAgain(t *testing.T) {
	s := newStation(t, false)
	withKey := func(r *http.Request) { r.Header.Set("Idempotency-Key", "k1") }
	s.problem = &engine.RefusedError{Why: "plan p1 is not approved", Fix: "crosswalk approve p1"}
	if status, _ := s.ask(t, "POST", "/runs", `{"plan":"p1"}`, withKey); status != 409 {
		t.Errorf("answered %d", status)
	}
	s.problem = nil
	if status, _ := s.ask(t, "POST", "/runs", `{"plan":"p1"}`, withKey); status != 202 {
		t.Errorf("answered %d", status)
	}
}

// TestOnlyAsItWasSeen: a change that names the version its caller saw is refused once there is a newer one.
func TestOnlyAsItWasSeen(t *testing.T) {
	s := newStation(t, false)
	for _, c := range []struct {
		match  string
		status int
	}{{`"2"`, 200}, {`*`, 200}, {``, 200}, {`"1"`, 412}, {`"3"`, 412}, {`2`, 412}} {
		s.asked = nil
		status, answer := s.ask(t, "POST", "/mappings/invoices/live", "", func(r *http.Request) { r.Header.Set("If-Match", c.match) })
		went := slices.ContainsFunc(s.asked, func(a string) bool { return strings.Contains(a, "to live") })
		if status != c.status || went != (status == 200) {
			t.Errorf("If-Match %s: answered %d, want %d; went live: %v", c.match, status, c.status, went)
		}
		if status == 412 && !strings.Contains(fmt.Sprint(answer), "the newest version of invoices is 2") {
			t.Errorf("%v", answer)
		}
	}
}
