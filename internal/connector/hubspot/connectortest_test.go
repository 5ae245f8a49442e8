package hubspot_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/connector/connectortest"
	"crosswalk/internal/connector/hubspot"
	"crosswalk/internal/connector/hubspot/hubspottest"
	"crosswalk/internal/record"
	"crosswalk/internal/rest"
	"crosswalk/internal/token"
)

// TestAcceptance holds the connector to the contract against the simulated portal, one kind after the other.
func TestAcceptance(t *testing.T) {
	all := subject(hubspot.Version202609)
	connectortest.Run(t, all)
	for _, version := range []string{hubspot.Version202603, hubspot.VersionLegacy} {
		t.Run(version, func(t *testing.T) {
			s := subject(version)
			s.Kinds = s.Kinds[2:3]
			connectortest.Run(t, s)
		})
	}
}

func subject(version string) connectortest.Subject {
	return connectortest.Subject{
		System: "hubspot", Connection: "crm", Lag: 45 * time.Second,
		Open: func(t *testing.T, o connectortest.Options) *connectortest.World { return open(t, o, version) },
		Kinds: []connectortest.Kind{
			testKind("contacts", "jobtitle", "hs_lead_status", "num_associated_deals", "email", func(n int) string { return fmt.Sprintf("n%d@portal.example", n) }),
			testKind("companies", "description", "industry", "numberofemployees", "name", numbered),
			testKind("deals", "description", "dealtype", "amount", "dealname", numbered),
			testKind("products", "description", "recurringbillingfrequency", "price", "name", numbered),
			testKind("line_items", "description", "recurringbillingfrequency", "quantity", "name", numbered),
			testKind("tasks", "hs_task_body", "hs_task_priority", "", "hs_task_subject", numbered),
			testKind("calls", "hs_call_body", "hs_call_direction", "hs_call_duration", "hs_call_title", numbered),
			testKind("machine", "remark", "", "", "serial", numbered),
		},
		Refusal: func(message string) (int, []byte) {
			body, err := json.Marshal(map[string]string{"status": "error", "message": message, "category": "VALIDATION_ERROR", "correlationId": "00000000-0000-4000-8000-000000000400"})
			if err != nil {
				panic(err)
			}
			return http.StatusBadRequest, body
		},
		Lacks: map[connectortest.Ability]string{
			connectortest.Stamps: "the simulated portal stamps by its clock; equal stamps come of themselves in virtual time, different ones are tried in feed_test.go",
			connectortest.Window: "HubSpot's window of 10,000 is fixed; the case at full size passes it",
			connectortest.Keyed:  "HubSpot takes no idempotency key; a unique marker property makes creates safe",
		},
		Hostile: []string{"0", "-1", "01", "9223372036854775808", "1e3"},
	}
}

func numbered(n int) string { return fmt.Sprintf("Sample %d", n) }

func testKind(object, text, enum, integer, name string, named func(int) string) connectortest.Kind {
	k := connectortest.Kind{Object: object, Fields: []string{name}, Text: text, Enum: enum, Integer: integer, Page: 200, Batch: 100, Lacks: map[connectortest.Ability]string{}}
	k.Create = func(_ *connectortest.World, n int, s string) connector.Write {
		fields := map[string]record.Value{name: record.Of("c" + named(n)), text: record.Of(s)}
		if object == "deals" {
			fields["dealstage"], fields["pipeline"] = record.Of("appointmentscheduled"), record.Of("default")
		}
		if object == "tasks" || object == "calls" {
			fields["hs_timestamp"] = record.Of("2026-05-04T10:00:00Z")
		}
		return connector.Write{Fields: fields}
	}
	if enum == "" {
		k.Lacks[connectortest.Enums] = "the sample object has none"
	}
	if integer == "" {
		k.Lacks[connectortest.Integers] = "the object has none that can be written"
	}
	if !slices.Contains([]string{"contacts", "companies", "deals"}, object) {
		k.Lacks[connectortest.Merging] = "HubSpot merges contacts, companies and deals only"
	}
	return k
}

// memory keeps one token pair.
type memory struct {
	mu  sync.Mutex
	raw []byte
}

func (m *memory) Load(context.Context) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.raw, nil
}

func (m *memory) Save(_ context.Context, raw []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.raw = raw
	return nil
}

// portal is the simulator with a door that hides single records, as a seat without rights meets them.
type portal struct {
	sim    *hubspottest.Sim
	hidden []string
}

func (p *portal) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if strings.HasSuffix(r.URL.Path, "/batch/read") && len(p.hidden) > 0 {
		body = p.without(body)
	}
	if id := r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]; r.Method == http.MethodGet && slices.Contains(p.hidden, id) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.Write([]byte(`{"status":"error","message":"You do not have permission to view this record","category":"MISSING_PERMISSIONS"}`))
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	p.sim.ServeHTTP(w, r)
}

func (p *portal) without(body []byte) []byte {
	var in map[string]json.RawMessage
	var rows []struct {
		ID string `json:"id"`
	}
	if json.Unmarshal(body, &in) != nil || json.Unmarshal(in["inputs"], &rows) != nil {
		return body
	}
	rows = slices.DeleteFunc(rows, func(row struct {
		ID string `json:"id"`
	}) bool {
		return slices.Contains(p.hidden, row.ID)
	})
	in["inputs"], _ = json.Marshal(rows)
	out, err := json.Marshal(in)
	if err != nil {
		return body
	}
	return out
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

const base = "https://api.hubapi.com"

// open makes a portal, installs the app by OAuth and connects.
func open(t *testing.T, o connectortest.Options, version string) *connectortest.World {
	cfg := hubspottest.Config{Seed: 7}
	if o.Lag > 0 {
		cfg.SearchLag = o.Lag
	}
	sim := hubspottest.New(cfg)
	machine := must(sim.User().DefineObject(hubspottest.CustomObject{Name: "machine", Singular: "Machine", Plural: "Machines", Primary: "serial", Associated: []string{"companies", "contacts"}}))
	if err := sim.User().Define(machine, "remark", "string", "textarea"); err != nil {
		t.Fatal(err)
	}
	full := func(object string) string {
		if object == "machine" {
			return machine
		}
		return object
	}
	p := &portal{sim: sim}
	wire := &connectortest.Wire{
		Vendor: p, Rows: []string{"results"},
		Token: func(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/oauth/") },
		Writing: func(c connectortest.Call) bool {
			return c.Method != http.MethodGet && !strings.HasSuffix(c.Path, "/search") && !strings.HasSuffix(c.Path, "/batch/read")
		},
		Throttled: func(after time.Duration) (int, http.Header, []byte) {
			h := http.Header{"Content-Type": {"application/json"}}
			if after > 0 {
				h.Set("Retry-After", strconv.Itoa(int(after/time.Second)))
			}
			return http.StatusTooManyRequests, h, []byte(hubspottest.TooMany("").Body)
		},
	}
	form := token.Form{URL: base + "/oauth/2026-09/token", ClientID: hubspottest.ClientID, ClientSecret: hubspottest.ClientSecret, Transport: wire}
	pair := must(form.Exchange(t.Context(), sim.Authorize(hubspottest.RedirectURL, hubspottest.AllScopes...), hubspottest.RedirectURL, ""))
	kept := &memory{raw: must(pair.Bytes())}
	tokens := token.New(kept, form, nil)
	connect := func() connector.Connector {
		return must(hubspot.New(hubspot.Config{Connection: "crm", Version: version, AppID: fmt.Sprint(hubspottest.AppID), Portal: fmt.Sprint(sim.PortalID()),
			Client: rest.New(rest.Config{Base: base, Transport: wire, Tokens: tokens})}))
	}
	c := connect()
	for _, object := range []string{"contacts", "companies", "deals", "products", "line_items", "tasks", "calls", "machine"} {
		if got := must(c.(connector.Provisioner).Provision(t.Context(), object, true)); !got.Ready {
			t.Fatalf("marker of %s: %+v", object, got)
		}
	}
	wire.Forget()
	renewals := func() int { return sim.Calls()["POST /oauth/token"] }
	textOf := map[string]string{"contacts": "jobtitle", "companies": "description", "deals": "description", "products": "description", "line_items": "description",
		"tasks": "hs_task_body", "calls": "hs_call_body", "machine": "remark"}
	user := sim.User()
	return &connectortest.World{
		Connector: c, Again: connect, Wire: wire, Renewals: renewals,
		Add: func(object string, n int, _ func(int) time.Time) []string {
			ids := make([]string, n)
			made := len(sim.Records(full(object)))
			for i := range n {
				ids[i] = must(user.Create(full(object), sampleProperties(object, textOf[object], made+i)))
			}
			return ids
		},
		Change: func(object, id, text string) {
			if err := user.Set(full(object), id, map[string]string{textOf[object]: text}); err != nil {
				panic(err)
			}
		},
		Delete: func(object, id string) {
			if err := user.Archive(full(object), id); err != nil {
				panic(err)
			}
		},
		Hide:   func(_, id string) { p.hidden = append(p.hidden, id) },
		Merge:  func(object, winner, loser string) string { return must(user.Merge(object, winner, loser)) },
		Expire: sim.ExpireTokens,
		Revoke: func() { sim.Uninstall(hubspottest.AppID) },
		Marked: func(object, marker string) int { return len(sim.Find(full(object), hubspot.MarkerField, marker)) },
	}
}

func sampleProperties(object, text string, n int) map[string]string {
	p := map[string]string{text: connectortest.Canary + " initial"}
	switch object {
	case "contacts":
		p["email"] = fmt.Sprintf("n%d@portal.example", n)
	case "deals":
		p["dealname"], p["dealstage"], p["pipeline"] = numbered(n), "appointmentscheduled", "default"
	case "tasks":
		p["hs_task_subject"], p["hs_timestamp"] = numbered(n), "2026-05-04T10:00:00Z"
	case "calls":
		p["hs_call_title"], p["hs_timestamp"] = numbered(n), "2026-05-04T10:00:00Z"
	case "machine":
		p["serial"] = numbered(n)
	default:
		p["name"] = numbered(n)
	}
	return p
}
