package web_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"crosswalk/internal/web"
)

func TestWhoIsLetIn(t *testing.T) {
	as := func(authorization string) func(*http.Request) {
		return func(r *http.Request) {
			r.Header.Set("Authorization", authorization)
			if authorization == "" {
				r.Header.Del("Authorization")
			}
		}
	}
	from := func(address string) func(*http.Request) { return func(r *http.Request) { r.RemoteAddr = address } }
	under := func(host string) func(*http.Request) { return func(r *http.Request) { r.Host = host } }
	header := func(name string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, "203.0.113.9") }
	}
	for _, c := range []struct {
		name   string
		change func(*http.Request)
		status int
		remote int // with Remote set
	}{
		{"a token", as("Bearer " + editorToken), 200, 200},
		{"another's token", as("Bearer " + financeToken), 200, 200},
		{"no token", as(""), 401, 401},
		{"empty token", as("Bearer "), 401, 401},
		{"unknown token", as("Bearer " + editorToken + "x"), 401, 401},
		{"begin of a token", as("Bearer " + editorToken[:10]), 401, 401},
		{"a name is no token", as("Bearer editor"), 401, 401},
		{"another scheme", as("Basic " + editorToken), 401, 401},
		{"this machine, v6", from("[::1]:40000"), 200, 200},
		{"another machine", from("203.0.113.9:40000"), 403, 200},
		{"a page led here", under("crosswalk.example:8710"), 403, 200},
		{"by name", under("localhost:8710"), 200, 200},
		{"behind a proxy", header("X-Forwarded-For"), 403, 200},
		{"behind another", header("Forwarded"), 403, 200},
	} {
		t.Run(c.name, func(t *testing.T) {
			for remote, want := range map[bool]int{false: c.status, true: c.remote} {
				s := newStation(t, remote)
				if status, _ := s.ask(t, "GET", "/mappings", "", c.change); status != want {
					t.Errorf("remote %v: answered %d, want %d", remote, status, want)
				}
			}
		})
	}
}

func TestTheNameIsTheActor(t *testing.T) {
	s := newStation(t, false)
	s.ask(t, "POST", "/plans/p1/approve", "", func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+financeToken) })
	if want := `approve p1 "" by finance`; s.lastAsked() != want {
		t.Errorf("asked %q, want %q", s.lastAsked(), want)
	}
}

// TestLooseTokenFile: a file that others can read lets nobody in, and the log says what to do.
func TestLooseTokenFile(t *testing.T) {
	s := newStation(t, false)
	chmod(t, s.tokens, 0o644)
	status, _ := s.ask(t, "GET", "/mappings", "")
	if status != 500 || !strings.Contains(s.log.String(), "chmod 600") || strings.Contains(s.log.String(), editorToken) {
		t.Errorf("answered %d; the log says %s", status, s.log)
	}
}

func TestPanicHasAnID(t *testing.T) {
	s := newStation(t, false)
	s.panics = true
	status, answer := s.ask(t, "GET", "/mappings", "")
	if status != 500 || answer["id"] != "id-1" || strings.Contains(fmt.Sprint(answer), "seeded") {
		t.Errorf("%d %v", status, answer)
	}
	if log := s.log.String(); !strings.Contains(log, "id=id-1") || !strings.Contains(log, "guard.go") || strings.Contains(log, "seeded") {
		t.Errorf("the log must say where, and no value of what was panicked with: %s", log)
	}
}

// TestInsideStaysInside: an error that nobody foresaw is told by id alone; the log has its text.
func TestInsideStaysInside(t *testing.T) {
	s := newStation(t, false)
	s.problem = fmt.Errorf("store: item 17 does not read")
	status, answer := s.ask(t, "POST", "/mappings", "mapping: x\n")
	if status != 500 || answer["id"] != "id-1" || strings.Contains(fmt.Sprint(answer), "item 17") {
		t.Errorf("%d %v", status, answer)
	}
	if !strings.Contains(s.log.String(), "item 17") {
		t.Errorf("the log lost it: %s", s.log)
	}
}

// TestOutOfTime: a call that a function has no time for says so, and what to do.
func TestOutOfTime(t *testing.T) {
	s := newStation(t, false)
	s.problem = fmt.Errorf("describe: %w", context.DeadlineExceeded)
	status, answer := s.ask(t, "POST", "/mappings", "mapping: x\n")
	if status != 504 || !strings.Contains(fmt.Sprint(answer["title"]), "longer than one call may") || answer["command"] != "crosswalk status" {
		t.Errorf("%d %v", status, answer)
	}
}

// TestLogLine: the route, who and how it ended; nothing of what was asked for.
func TestLogLine(t *testing.T) {
	s := newStation(t, false)
	s.ask(t, "GET", "/why?ref=hubspot:deals/9876543210&field=netTerms", "")
	line := s.log.String()
	for _, want := range []string{"method=GET", "route=/api/v1/why", "status=200", "actor=editor"} {
		if !strings.Contains(line, want) {
			t.Errorf("the line lacks %s: %s", want, line)
		}
	}
	for _, never := range []string{"9876543210", "netTerms", editorToken} {
		if strings.Contains(line, never) {
			t.Errorf("the line has %s: %s", never, line)
		}
	}
}

func TestTokenFile(t *testing.T) {
	for _, c := range []struct{ name, text, complaint string }{
		{"good", "# people\n\nanna abcdefghijklmnop\nfinance.lead qrstuvwxyz0123456\n", ""},
		{"empty", "", ""},
		{"no name", "abcdefghijklmnopqrstuvwxyz\n", "line 1"},
		{"three words", "ok abcdefghijklmnop\na b abcdefghijklmnop\n", "line 2"},
		{"short token", "anna abc\n", "at least 16"},
		{"bad name", "an/na abcdefghijklmnop\n", "line 1"},
		{"twice", "anna abcdefghijklmnop\nanna qrstuvwxyz0123456\n", "twice"},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := web.TokenFile{Path: filepath.Join(t.TempDir(), "token")}
			if err := os.WriteFile(file.Path, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := file.Tokens()
			switch {
			case c.complaint == "" && err != nil:
				t.Error(err)
			case c.complaint != "" && (err == nil || !strings.Contains(err.Error(), c.complaint)):
				t.Errorf("error %v, want one with %q", err, c.complaint)
			case err != nil && strings.Contains(err.Error(), "abcdefghijklmnop"):
				t.Errorf("the error tells a token: %v", err)
			}
		})
	}
}

// TestEnsure makes a file that nobody else can read, and never touches one that is there.
func TestEnsure(t *testing.T) {
	file := web.TokenFile{Path: filepath.Join(t.TempDir(), "token")}
	for _, token := range []string{"first-token-0123456", "second-token-012345"} {
		if err := file.Ensure(web.Token{Name: "operator", Token: token}); err != nil {
			t.Fatal(err)
		}
	}
	info, err := os.Stat(file.Path)
	if err != nil {
		t.Fatal(err)
	}
	all, err := file.Tokens()
	if err != nil || len(all) != 1 || all[0].Token != "first-token-0123456" || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v, mode %o", all, err, info.Mode().Perm())
	}
	if err := (web.TokenFile{Path: filepath.Join(t.TempDir(), "t")}).Ensure(web.Token{Name: "a b", Token: "first-token-0123456"}); err == nil {
		t.Error("a name of two words was written")
	}
}
