package salespad_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/connector/salespad"
	"crosswalk/internal/record"
	"crosswalk/internal/rest"
)

// The tests of this file speak to answers written from the fact sheet, without the simulator.

const (
	firstSession  = "7a1b8c2d-0000-4000-8000-000000000001"
	secondSession = "7a1b8c2d-0000-4000-8000-000000000002"
)

// sheet answers as a test says; it counts log-ins and keeps what was asked.
type sheet struct {
	mu     sync.Mutex
	logins int
	login  func(n int) (int, string)
	answer func(r *http.Request, session string) (int, string)
	asked  []*http.Request
}

func envelope(status string, code int, message string) string {
	return fmt.Sprintf(`{"StatusCode":%q,"ErrorCode":%d,"ErrorCodeMessage":"x","Messages":[%q]}`, status, code, message)
}

func opened(session string) string {
	return `{"SessionID":"` + session + `","SystemGroup":{"Security_Group":"API","Is_External_Group":false},"APIObjectPermissions":[],"NeedsPasswordReset":false}`
}

func (s *sheet) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	w := httptest.NewRecorder()
	s.mu.Lock()
	defer s.mu.Unlock()
	status, body := 200, ""
	if isLogin(r) {
		s.logins++
		status, body = 200, opened([]string{firstSession, secondSession}[min(s.logins, 2)-1])
		if s.login != nil {
			status, body = s.login(s.logins)
		}
	} else {
		s.asked = append(s.asked, r)
		status, body = s.answer(r, r.Header.Get("Session-ID"))
	}
	w.Header().Set("Date", time.Now().UTC().Format(http.TimeFormat))
	w.WriteHeader(status)
	fmt.Fprint(w, body)
	out := w.Result()
	out.Request = r
	return out, nil
}

// filters gives the $filter of each request, as it was meant.
func (s *sheet) filters(t *testing.T) []string {
	t.Helper()
	var out []string
	for _, r := range s.asked {
		q, err := url.ParseQuery(r.URL.RawQuery)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, q.Get("$filter"))
	}
	return out
}

// worker is a connector as one process has it, with the kept session of all.
func (s *sheet) worker(t *testing.T, kept *memory, password string) *salespad.Connector {
	t.Helper()
	client := rest.New(rest.Config{Base: "http://localhost:5501", Transport: s})
	sessions, err := salespad.NewSessions(salespad.SessionsConfig{Client: client, Keeper: kept, Locker: &lock{},
		Login: func(context.Context) (salespad.Login, error) {
			return salespad.Login{User: "integration", Password: password}, nil
		}})
	if err != nil {
		t.Fatal(err)
	}
	c, err := salespad.New(salespad.Config{Connection: "erp", Client: client, Sessions: sessions, Currency: "USD"})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

type lock struct{ held atomic.Int32 }

func (l *lock) Lock(context.Context) (func(), error) {
	if l.held.Add(1) > 1 {
		return nil, errors.New("held")
	}
	return func() { l.held.Add(-1) }, nil
}

// padded is a customer as a GET shows it (fact sheet 5).
const padded = `{"Items":[{"Customer_Num":"001624         ","Customer_Name":"O'Brien & Søn                                                    ","Customer_Class":"               ",
 "Inactive":false,"Balance":1234.50000,"Customer_Credit_Limit":1E+3,"Last_Pay_Date":"1900-01-01T00:00:00.000","First_Invoice_Date":"2019-03-04T00:00:00","Created_On":"2020-05-19T00:00:00.000",
 "Email_To":null,"DEX_ROW_TS":"2020-05-19T04:47:31.107","UserFieldNames":["xCrosswalkKey","xRating","xRenewal","xKeyAccount"],"UserFieldData":["  ",4.5,"2027-01-31T00:00:00.000",true],"Notifications":[]}],"Count":1}`

func TestValuesAsTheSheetShowsThem(t *testing.T) {
	s := &sheet{answer: func(*http.Request, string) (int, string) { return 200, padded }}
	c := s.worker(t, &memory{}, "x")
	got, err := c.Read(t.Context(), connector.ReadRequest{Object: "customers", IDs: []string{"001624"}, Fields: []string{"Customer_Num", "Customer_Name", "Customer_Class", "Inactive",
		"Balance", "Customer_Credit_Limit", "Last_Pay_Date", "First_Invoice_Date", "Created_On", "Email_To", "Note", "DEX_ROW_TS",
		"UserFields.xCrosswalkKey", "UserFields.xRating", "UserFields.xRenewal", "UserFields.xKeyAccount", "UserFields.xNone"}})
	if err != nil || got[0].State != record.Found {
		t.Fatalf("%v %v", got, err)
	}
	r := got[0].Record
	for name, want := range map[string]record.Value{
		"Customer_Num": record.Of("001624"), "Customer_Name": record.Of("O'Brien & Søn"), "Customer_Class": record.Empty(), "Inactive": record.Of("false"),
		"Balance": record.Of("1234.5"), "Customer_Credit_Limit": record.Of("1000"), "Last_Pay_Date": record.Empty(), "First_Invoice_Date": record.Of("2019-03-04"),
		"Created_On": record.Of("2020-05-19"), "Email_To": record.Empty(), "Note": {}, "DEX_ROW_TS": record.Of("2020-05-19T04:47:31.107Z"),
		"UserFields.xCrosswalkKey": record.Empty(), "UserFields.xRating": record.Of("4.5"), "UserFields.xRenewal": record.Of("2027-01-31"),
		"UserFields.xKeyAccount": record.Of("true"), "UserFields.xNone": {},
	} {
		if v := r.Field(name); !v.Equal(want) {
			t.Errorf("%s is kind %d %q, want kind %d %q", name, v.Kind(), v.Text(), want.Kind(), want.Text())
		}
	}
	if want := time.Date(2020, 5, 19, 4, 47, 31, 107e6, time.UTC); !r.Modified.Equal(want) {
		t.Errorf("modified %v, want %v", r.Modified, want)
	}
}

// TestFiltersAreBuiltFromLiterals: what comes from outside stays inside its quotes.
func TestFiltersAreBuiltFromLiterals(t *testing.T) {
	s := &sheet{answer: func(*http.Request, string) (int, string) { return 200, `{"Items":[],"Count":0}` }}
	c := s.worker(t, &memory{}, "x")
	if _, err := c.Read(t.Context(), connector.ReadRequest{Object: "customer-addresses", IDs: []string{"O'B/1|A' or 'x' eq 'x", "日本|SHIP TO 2", "A%7CB|C%25"}}); err != nil {
		t.Fatal(err)
	}
	want := "(Customer_Num eq 'O''B/1' and Address_Code eq 'A'' or ''x'' eq ''x' or Customer_Num eq '日本' and Address_Code eq 'SHIP TO 2' or Customer_Num eq 'A|B' and Address_Code eq 'C%')"
	if got := s.filters(t)[0]; got != want {
		t.Errorf("the filter is\n%s\nwant\n%s", got, want)
	}
	for _, r := range s.asked {
		if strings.Contains(r.URL.Path, "'") || strings.Contains(r.URL.Path, "B/1") {
			t.Errorf("a key that cannot stand in a path stands in %s", r.URL.Path)
		}
	}
	s.asked = nil
	if _, err := c.Find(t.Context(), "customers", []connector.Ask{{Field: "Customer_Name", Text: "O'Brien ' or 1 eq 1 or 'a"}}, nil); err != nil {
		t.Fatal(err)
	}
	if got := s.filters(t)[0]; got != "Customer_Name eq 'O''Brien '' or 1 eq 1 or ''a'" {
		t.Errorf("the filter is %s", got)
	}
}

// TestOneSessionForAll: several processes share one log-in; one that finds the session gone renews it for all.
func TestOneSessionForAll(t *testing.T) {
	good := firstSession
	s := &sheet{}
	s.answer = func(_ *http.Request, session string) (int, string) {
		if session != good {
			return 401, envelope("Unauthorized", 1014, "logged in elsewhere")
		}
		return 200, envelope("OK", 0, "Session is active")
	}
	kept := &memory{}
	workers := []*salespad.Connector{s.worker(t, kept, "x"), s.worker(t, kept, "x"), s.worker(t, kept, "x")}
	for _, w := range workers {
		if _, err := w.Account(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if s.logins != 1 {
		t.Fatalf("%d log-ins for three workers, want 1", s.logins)
	}
	good = secondSession // somebody took it: the next log-in gives the second
	for _, w := range workers {
		if _, err := w.Account(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if s.logins != 2 {
		t.Errorf("%d log-ins after one loss, want 2", s.logins)
	}
	auth := s.asked[0].Header.Get("Authorization")
	if auth != "" {
		t.Error("the password went with a call that is not a log-in")
	}
	if strings.Contains(string(kept.raw), "integration") || strings.Contains(string(kept.raw), base64.StdEncoding.EncodeToString([]byte("x"))) {
		t.Errorf("the kept session tells the credential: %s", kept.raw)
	}
}

// TestNoStorm: a session that is taken again and again is fought over three times in five minutes and no more.
func TestNoStorm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &sheet{answer: func(*http.Request, string) (int, string) {
			return 401, envelope("Unauthorized", 1014, "logged in elsewhere")
		}}
		c := s.worker(t, &memory{}, "x")
		for range 40 {
			_, err := c.Account(t.Context())
			if f := connector.FaultOf(err); f != connector.Throttled {
				t.Fatalf("%v, want throttled: the account is not dead", err)
			}
		}
		if s.logins != 3 {
			t.Errorf("%d log-ins, want 3", s.logins)
		}
		time.Sleep(5 * time.Minute)
		_, _ = c.Account(t.Context())
		if s.logins < 4 || s.logins > 6 {
			t.Errorf("%d log-ins after a rest, want a few more", s.logins)
		}
	})
}

// TestRefusedLoginsAreNotRepeated: a domain locks accounts that fail too often.
func TestRefusedLoginsAreNotRepeated(t *testing.T) {
	for _, c := range []struct {
		status, code int
		want         connector.Fault
		rest         time.Duration
	}{
		{401, 1005, connector.Unauthorized, 10 * time.Minute}, {401, 1025, connector.Unauthorized, 10 * time.Minute},
		{403, 1002, connector.Forbidden, 10 * time.Minute}, {403, 1020, connector.Throttled, time.Minute},
	} {
		t.Run(fmt.Sprint(c.code), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &sheet{answer: func(*http.Request, string) (int, string) { return 200, envelope("OK", 0, "") }}
				s.login = func(int) (int, string) { return c.status, envelope("x", c.code, "no") }
				kept := &memory{}
				for range 10 {
					_, err := s.worker(t, kept, "old").Account(t.Context())
					if connector.FaultOf(err) != c.want {
						t.Fatalf("%v, want %s", err, c.want)
					}
				}
				if s.logins != 1 {
					t.Errorf("%d log-ins by ten workers, want 1", s.logins)
				}
				if c.want == connector.Unauthorized {
					_, _ = s.worker(t, kept, "new").Account(t.Context())
					if s.logins != 2 {
						t.Error("a new password was not tried at once")
					}
				}
				s.login = nil
				time.Sleep(c.rest)
				if _, err := s.worker(t, kept, "old").Account(t.Context()); err != nil {
					t.Errorf("after the rest: %v", err)
				}
			})
		})
	}
}

// TestWhatIISAnswers: the faults of fact sheet 7, of a read and of a create.
func TestWhatIISAnswers(t *testing.T) {
	const html = "<!DOCTYPE html><html><head><title>IIS 10.0 Detailed Error</title></head></html>"
	for _, c := range []struct {
		name         string
		status       int
		body         string
		read, create connector.Fault
		outcome      connector.Status
	}{
		{"general exception", 500, envelope("InternalServerError", 1000, "Object reference"), connector.Unavailable, connector.Unavailable, connector.Unknown},
		{"HTML 500", 500, html, connector.Unavailable, connector.Unavailable, connector.Unknown},
		{"HTML 404", 404, html, connector.Unavailable, connector.Unavailable, connector.Unknown},
		{"HTML 200", 200, html, connector.Unavailable, connector.Unavailable, connector.Unknown},
		{"empty", 200, "", connector.Unavailable, connector.Unavailable, connector.Unknown},
		{"no right", 403, envelope("Forbidden", 2001, "No permission"), connector.Forbidden, connector.Forbidden, connector.Refused},
		{"customer filter", 403, envelope("Forbidden", 2004, "x"), connector.Forbidden, connector.Forbidden, connector.Refused},
		{"unreadable", 400, envelope("BadRequest", 3001, "x"), connector.Invalid, connector.Invalid, connector.Refused},
		{"missing field", 400, envelope("BadRequest", 3005, "Customer_Name is required"), connector.Invalid, connector.Invalid, connector.Refused},
		{"a rule", 422, envelope("UnprocessableEntity", 3010, "x"), connector.Invalid, connector.Invalid, connector.Refused},
		{"no such list", 404, envelope("NotFound", 3010, "x"), connector.Forbidden, connector.Forbidden, connector.Refused},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &sheet{answer: func(*http.Request, string) (int, string) { return c.status, c.body }}
			w := s.worker(t, &memory{}, "x")
			_, err := w.Changes(t.Context(), connector.FeedRequest{Object: "customers"})
			if f := connector.FaultOf(err); f != c.read {
				t.Errorf("a feed: %v, want %s", err, c.read)
			}
			o := w.Write(t.Context(), []connector.Write{{Op: connector.OpCreate, Object: "customers", Fields: map[string]record.Value{"Customer_Name": record.Of("A")}}})[0]
			if o.Status != c.outcome || connector.FaultOf(o.Err) != c.create {
				t.Errorf("a create: %s %v, want %s %s", o.Status, o.Err, c.outcome, c.create)
			}
			var e *connector.Error
			if c.name == "missing field" && (!errors.As(o.Err, &e) || len(e.Fields) != 1 || e.Fields[0] != "Customer_Name") {
				t.Errorf("%v does not name the field", o.Err)
			}
		})
	}
}

func TestEncode(t *testing.T) {
	c := (&sheet{}).worker(t, &memory{}, "x")
	long := strings.Repeat("é", 31)
	for _, k := range []struct {
		name, object string
		fields       map[string]record.Value
		want         string // JSON, or the fields that are refused
	}{
		{"in order, user fields as two arrays", "customers", map[string]record.Value{"Customer_Name": record.Of("Søn & Co"), "Inactive": record.Of("true"), "Comment_1": record.Empty(),
			"Customer_Credit_Limit": record.Of("0010.50"), "UserFields.xCrosswalkKey": record.Of("xw-1")},
			`{"Customer_Credit_Limit":10.50,"Customer_Name":"Søn & Co","Inactive":true,"UserFieldNames":["xCrosswalkKey"],"UserFieldData":["xw-1"]}`},
		{"over the width, by name", "customers", map[string]record.Value{"Customer_Name": record.Of("A"), "Comment_1": record.Of(long)}, "Comment_1"},
		{"at the width, in characters", "customers", map[string]record.Value{"Customer_Name": record.Of("A"), "Comment_1": record.Of(long[:60])}, `{"Comment_1":"` + long[:60] + `","Customer_Name":"A"}`},
		{"required", "customers", map[string]record.Value{"Short_Name": record.Of("A")}, "Customer_Name"},
		{"read only and unknown", "customers", map[string]record.Value{"Customer_Name": record.Of("A"), "Balance": record.Of("1"), "Nope": record.Of("1")}, "Balance Nope"},
		{"a code is made of the marker", "customer-addresses", map[string]record.Value{"Customer_Num": record.Of("001624"), "UserFields.xCrosswalkKey": record.Of("xw-1")},
			`{"Address_Code":"XWZMFJ753FFFD4E","Customer_Num":"001624","UserFieldNames":["xCrosswalkKey"],"UserFieldData":["xw-1"]}`},
		{"a code of the mapping's stays", "customer-addresses", map[string]record.Value{"Customer_Num": record.Of("001624"), "Address_Code": record.Of("MAIN")}, `{"Address_Code":"MAIN","Customer_Num":"001624"}`},
		{"no code and nothing to make it of", "customer-addresses", map[string]record.Value{"Customer_Num": record.Of("001624")}, "Address_Code"},
		{"dates", "sales-documents", map[string]record.Value{"Sales_Doc_Type": record.Of("ORDER"), "Sales_Doc_ID": record.Of("STDORD"), "Customer_Num": record.Of("1"), "Doc_Date": record.Of("2026-11-20")},
			`{"Customer_Num":"1","Doc_Date":"2026-11-20T00:00:00","Sales_Doc_ID":"STDORD","Sales_Doc_Type":"ORDER"}`},
		{"an enum", "sales-documents", map[string]record.Value{"Sales_Doc_Type": record.Of("SLIP"), "Sales_Doc_ID": record.Of("STDORD"), "Customer_Num": record.Of("1")}, "Sales_Doc_Type"},
	} {
		t.Run(k.name, func(t *testing.T) {
			got, err := c.Encode(connector.Write{Op: connector.OpCreate, Object: k.object, Fields: k.fields})
			var e *connector.Error
			switch {
			case strings.HasPrefix(k.want, "{") && (err != nil || string(got) != k.want):
				t.Errorf("got %s %v\nwant %s", got, err, k.want)
			case !strings.HasPrefix(k.want, "{") && (!errors.As(err, &e) || strings.Join(e.Fields, " ") != k.want):
				t.Errorf("got %s %v, want %s refused", got, err, k.want)
			case err == nil && !json.Valid(got):
				t.Errorf("no JSON: %s", got)
			}
		})
	}
}

func TestLogin(t *testing.T) {
	got, err := salespad.ParseLogin("DOMAIN\\crosswalk:a:b\n")
	if err != nil || got.User != "DOMAIN\\crosswalk" || got.Password != "a:b" {
		t.Errorf("%q %q %v", got.User, got.Password, err)
	}
	for _, bad := range []string{"", "account1", ":s3cret", "account1:"} {
		if _, err := salespad.ParseLogin(bad); err == nil || strings.Contains(err.Error(), "account1") || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if text := fmt.Sprintf("%v %+v %#v", got, got, &got); strings.Contains(text, "a:b") {
		t.Errorf("a log shows the password: %s", text)
	}
}
