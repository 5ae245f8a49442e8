package salesforcetest

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// receiver is an endpoint that keeps what it gets and answers what it is told.
type receiver struct {
	bodies [][]byte
	times  []time.Time
	answer func() *http.Response
}

func (r *receiver) RoundTrip(q *http.Request) (*http.Response, error) {
	raw, err := io.ReadAll(q.Body)
	if err != nil {
		return nil, err
	}
	r.bodies, r.times = append(r.bodies, raw), append(r.times, time.Now())
	return r.answer(), nil
}

func says(status int, kind, body string) func() *http.Response {
	return func() *http.Response {
		return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {kind}}, Body: io.NopCloser(strings.NewReader(body))}
	}
}

const ackTrue = `<?xml version="1.0" encoding="UTF-8"?><e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><notificationsResponse xmlns="http://soap.sforce.com/2005/09/outbound"><Ack>true</Ack></notificationsResponse></e:Body></e:Envelope>`

// outline is the order of a document's elements, by name space and name.
func outline(t *testing.T, doc []byte) []string {
	t.Helper()
	var out []string
	d := xml.NewDecoder(bytes.NewReader(bytes.TrimPrefix(doc, []byte("\xef\xbb\xbf"))))
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatalf("%v in %s", err, doc)
		}
		if e, isStart := tok.(xml.StartElement); isStart {
			out = append(out, e.Name.Space+" "+e.Name.Local)
		}
	}
}

func TestOutboundMessageIsAsRecorded(t *testing.T) {
	recorded := outline(t, recordedFile(t, "contracts/salesforce/aspnet-webhooks/outbound-message/OutboundMessage1.xml"))
	synctest.Test(t, func(t *testing.T) {
		s := New(Config{Seed: 4})
		lead := s.object("Lead")
		var fields, want []string
		last := 0
		for i, e := range recorded { // the first notification, without what our Lead does not have or has no value for
			space, name, _ := strings.Cut(e, " ")
			if name == "Notification" && i > last && last > 0 {
				break
			}
			if name == "Notification" {
				last = i
			}
			if strings.HasPrefix(space, "urn:") && name != "Id" {
				if lead.field(name) == nil || strings.HasPrefix(name, "Last") && name != "LastName" && !strings.HasPrefix(name, "LastModified") || name == "PhotoUrl" || name == "CleanStatus" || name == "IsUnreadByOwner" {
					continue
				}
				fields = append(fields, name)
			}
			want = append(want, e)
		}
		action, err := s.AddOutboundMessage(OutboundMessage{Object: "Lead", URL: "https://hooks.example.com/x", Fields: append(fields, "Email")})
		if err != nil {
			t.Fatal(err)
		}
		id := makeRecord(t, s, "Lead", `{"City": "Redmond", "Company": "R & D <1>", "Country": "USA", "Description": "Some notes", "FirstName": "H", "Industry": "Technology", "LastName": "N", "LeadSource": "Web", "PostalCode": "98052", "Salutation": "Mr.", "State": "WA", "Street": "One Way", "Title": "Architect"}`)
		r := &receiver{answer: says(200, "text/xml; charset=utf-8", string(recordedFile(t, "contracts/salesforce/aspnet-webhooks/outbound-message/NotificationResponse.xml")))}
		if n := s.DeliverDue(t.Context(), r); n != 1 {
			t.Fatalf("%d messages", n)
		}
		if got := outline(t, r.bodies[0]); !slices.Equal(got, want) {
			t.Errorf("elements\n%v\nrecorded\n%v", got, want)
		}
		body := string(r.bodies[0])
		for _, part := range []string{"<OrganizationId>" + s.OrgID() + "</OrganizationId>", "<ActionId>" + action + "</ActionId>", `<SessionId xsi:nil="true"/>`, "<sf:Id>" + id + "</sf:Id>", "R &amp; D &lt;1&gt;", `xsi:type="sf:Lead"`, "<Id>04l", ".000Z</sf:CreatedDate>"} {
			if !strings.Contains(body, part) {
				t.Errorf("no %s in %s", part, body)
			}
		}
		if n := s.DeliverDue(t.Context(), r); n != 0 {
			t.Error("what was acknowledged comes no more")
		}
	})
}

func TestOutboundRetries(t *testing.T) {
	fault := func(t *testing.T) string {
		return string(recordedFile(t, "contracts/salesforce/aspnet-webhooks/outbound-message/FaultResponse.xml"))
	}
	for name, answer := range map[string]func() *http.Response{
		"server error":   says(500, "text/xml", ackTrue),
		"bare 200":       says(200, "text/plain", "ok"),
		"json":           says(200, "application/json", `{"Ack": true}`),
		"ack false":      says(200, "text/xml", strings.Replace(ackTrue, "true", "false", 1)),
		"soap fault":     says(200, "text/xml", fault(t)),
		"redirect":       says(302, "text/xml", ackTrue),
		"other xml":      says(200, "text/xml", `<Ack>true</Ack>`),
		"ack in no body": says(200, "text/xml", `<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"/>`),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := New(Config{Seed: 5})
				if _, err := s.AddOutboundMessage(OutboundMessage{Object: "Account", URL: "https://hooks.example.com/x", Fields: []string{"Name", "Phone"}}); err != nil {
					t.Fatal(err)
				}
				id := makeRecord(t, s, "Account", `{"Name": "A"}`)
				r := &receiver{answer: answer}
				s.DeliverDue(t.Context(), r)
				send(t, s, http.MethodPatch, "/sobjects/Account/"+id, `{"Name": "B"}`)
				start := time.Now()
				for {
					at, more := s.NextDelivery()
					if !more {
						break
					}
					time.Sleep(time.Until(at))
					s.DeliverDue(t.Context(), r)
				}
				if n := len(r.times); n < 15 || n > 80 {
					t.Errorf("%d tries in a day", n)
				}
				for i := 1; i < len(r.times); i++ {
					if gap := r.times[i].Sub(r.times[i-1]); gap > 2*time.Hour {
						t.Errorf("a pause of %v", gap)
					}
				}
				if d := r.times[len(r.times)-1].Sub(start); d > 24*time.Hour || d < 20*time.Hour {
					t.Errorf("the last try came after %v", d)
				}
				if s.Lost() != 2 {
					t.Errorf("%d lost, want both", s.Lost())
				}
				if strings.Contains(string(r.bodies[1]), "<sf:Name>A<") {
					t.Error("values are those of the time of sending")
				}
			})
		})
	}
}

func TestOutboundBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Config{Seed: 6})
		if _, err := s.AddOutboundMessage(OutboundMessage{Object: "Account", URL: "https://hooks.example.com/x", Fields: []string{"Name"}, SkipUsers: []string{s.PersonID()}}); err != nil {
			t.Fatal(err)
		}
		s.SetOutbound(OutboundConfig{DuplicatePercent: 100})
		var first string
		for range 60 {
			first = makeRecord(t, s, "Account", `{"Name": "A"}`)
		}
		send(t, s, http.MethodDelete, "/sobjects/Account/"+first, "")
		r := &receiver{answer: says(200, "text/xml", ackTrue)}
		if n := s.DeliverDue(t.Context(), r); n != 2 {
			t.Fatalf("120 notifications make 2 messages, not %d", n)
		}
		ids := map[string]int{}
		empty := 0
		for _, b := range r.bodies {
			for part := range strings.SplitSeq(string(b), "<Notification>") {
				if _, rest, found := strings.Cut(part, "<Id>"); found {
					id, _, _ := strings.Cut(rest, "<")
					ids[id]++
					if !strings.Contains(part, "sf:Name") {
						empty++
					}
				}
			}
		}
		if len(ids) != 60 || empty != 2 {
			t.Errorf("%d different notifications, %d without data", len(ids), empty)
		}
	})
	s := New(Config{})
	for _, m := range []OutboundMessage{{Object: "Nothing", URL: "https://x.example"}, {Object: "Account", URL: "https://x.example", Fields: []string{"Nothing"}}, {Object: "Account", URL: "https://x.example:81"}, {Object: "Account", URL: "ftp://x.example"}} {
		if _, err := s.AddOutboundMessage(m); err == nil {
			t.Errorf("%+v was taken", m)
		}
	}
}

// TestRun lets the loop work for a day of the virtual clock.
func TestRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Config{Seed: 7})
		if _, err := s.AddOutboundMessage(OutboundMessage{Object: "Account", URL: "https://hooks.example.com/x"}); err != nil {
			t.Fatal(err)
		}
		events := 0
		s.StartRelay(RelayConfig{Objects: []string{"Account"}, MaxDelay: time.Minute}, func([]byte) { events++ })
		start, refuse, accept := time.Now(), says(503, "text/plain", ""), says(200, "text/xml", ackTrue)
		r := &receiver{answer: func() *http.Response {
			if time.Since(start) < time.Hour {
				return refuse()
			}
			return accept()
		}}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); s.Run(ctx, r) }()
		makeRecord(t, s, "Account", `{"Name": "A"}`)
		id := ingestJob(t, s, `{"object": "Account", "operation": "insert"}`, "Name\nB\n")
		time.Sleep(3 * time.Hour)
		stop()
		<-done
		if s.jobState(id) != jobCompleted || events != 2 || s.Lost() != 0 {
			t.Errorf("job %s, %d events, %d lost", s.jobState(id), events, s.Lost())
		}
		if _, more := s.NextDelivery(); more {
			t.Error("everything is delivered")
		}
	})
}

// jobState reads a job's state without moving it on.
func (s *Sim) jobState(id string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.job(id, false).state
}
