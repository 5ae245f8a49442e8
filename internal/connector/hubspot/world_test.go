package hubspot_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/connector/hubspot"
	"crosswalk/internal/connector/hubspot/hubspottest"
	"crosswalk/internal/record"
	"crosswalk/internal/rest"
	"crosswalk/internal/token"
)

// connected gives a connector on a portal by its private app token, in this process.
func connected(sim *hubspottest.Sim, change ...func(*hubspot.Config, *rest.Config)) *hubspot.Connector {
	r := rest.Config{Base: base, Transport: sim.Transport(), Tokens: token.Static(hubspottest.PrivateToken)}
	c := hubspot.Config{Connection: "crm", AppID: fmt.Sprint(hubspottest.AppID), Portal: fmt.Sprint(sim.PortalID()), Secrets: []string{hubspottest.ClientSecret}}
	for _, f := range change {
		f(&c, &r)
	}
	c.Client = rest.New(r)
	return must(hubspot.New(c))
}

func provisioned(t *testing.T, c *hubspot.Connector, objects ...string) {
	t.Helper()
	for _, o := range objects {
		if p, err := c.Provision(t.Context(), o, true); err != nil || !p.Ready {
			t.Fatalf("provision %s: %+v %v", o, p, err)
		}
	}
}

func ref(object, id string) record.Ref {
	return record.Ref{Connection: "crm", Object: object, ID: id}
}

func readOne(t *testing.T, c *hubspot.Connector, r connector.ReadRequest) record.Read {
	t.Helper()
	got, err := c.Read(t.Context(), r)
	if err != nil || len(got) != 1 {
		t.Fatalf("read: %v, %v", got, err)
	}
	return got[0]
}

// tap keeps the requests that pass.
type tap struct {
	next  http.RoundTripper
	calls []*http.Request
	sizes []int64
	after func(*http.Request)
}

func (p *tap) RoundTrip(r *http.Request) (*http.Response, error) {
	p.calls, p.sizes = append(p.calls, r), append(p.sizes, r.ContentLength)
	a, err := p.next.RoundTrip(r)
	if p.after != nil {
		p.after(r)
	}
	return a, err
}

func tapped(p **tap) func(*hubspot.Config, *rest.Config) {
	return func(_ *hubspot.Config, r *rest.Config) {
		*p = &tap{next: r.Transport}
		r.Transport = *p
	}
}

// drain reads a feed to the end of its cycle.
func drain(t *testing.T, c *hubspot.Connector, object string, cursor json.RawMessage, fields ...string) ([]record.Record, json.RawMessage, int) {
	t.Helper()
	var all []record.Record
	for pages := 1; pages < 2000; pages++ {
		p, err := c.Changes(t.Context(), connector.FeedRequest{Object: object, Cursor: cursor, Fields: fields})
		if err != nil {
			t.Fatalf("changes: %v", err)
		}
		all, cursor = append(all, p.Records...), p.Cursor
		if !p.More {
			return all, cursor, pages
		}
	}
	t.Fatal("the feed has no end")
	return nil, nil, 0
}

func company(sim *hubspottest.Sim, n int) string {
	return must(sim.User().Create("companies", map[string]string{"name": fmt.Sprintf("Sample %d", n)}))
}

const hour = time.Hour

func readAll(r *http.Request) ([]byte, error) { return io.ReadAll(r.Body) }

// refuseBatchWith refuses every batch that holds a row, as HubSpot does where it knows no partial success.
func refuseBatchWith(id string) func(*http.Request, []byte) *hubspottest.Fault {
	return func(r *http.Request, body []byte) *hubspottest.Fault {
		if r.Method != http.MethodPost || !bytes.Contains(body, []byte(`"`+id+`"`)) {
			return nil
		}
		return &hubspottest.Fault{Status: 400, Body: `{"status":"error","message":"one of these is bad","category":"VALIDATION_ERROR"}`}
	}
}
