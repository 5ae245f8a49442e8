package salesforce_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/connector/connectortest"
	"crosswalk/internal/connector/salesforce"
	"crosswalk/internal/connector/salesforce/salesforcetest"
	"crosswalk/internal/record"
	"crosswalk/internal/rest"
	"crosswalk/internal/token"
)

// TestAcceptance holds the connector to the contract against the simulated org, one kind after the other. Pages and
// batches are kept small, so that "three pages" is hundreds of records; TestPagesOfTwoThousand tries the real size.
func TestAcceptance(t *testing.T) {
	connectortest.Run(t, connectortest.Subject{
		System: "salesforce", Connection: "crm", Lag: 4 * time.Minute, Open: openOrg,
		Kinds: []connectortest.Kind{
			kindOf("Account", "Description", "Industry", "NumberOfEmployees", "Name", nil),
			kindOf("Contact", "Description", "LeadSource", "", "LastName", nil),
			kindOf("Lead", "Description", "LeadSource", "NumberOfEmployees", "LastName", map[string]string{"Company": "Sample"}),
			kindOf("Opportunity", "Description", "Type", "FiscalYear", "Name", map[string]string{"StageName": "Prospecting", "CloseDate": "2000-06-30"}),
			kindOf("Product2", "Description", "Family", "", "Name", nil),
			kindOf("Task", "Description", "Priority", "CallDurationInSeconds", "Subject", nil),
			kindOf("Project__c", "Description__c", "", "", "Name", nil),
		},
		Refusal: func(message string) (int, []byte) {
			body, err := json.Marshal([]map[string]any{{"message": message, "errorCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "fields": []string{}}})
			if err != nil {
				panic(err)
			}
			return http.StatusBadRequest, body
		},
		Lacks: map[connectortest.Ability]string{
			connectortest.Window:     "queries have no result window: pages are cut by stamp and id",
			connectortest.Reordering: "rows of creates are answered by position alone (fact sheet 7.1); updates in another order are tried in unit_test.go",
		},
		Hostile: []string{"001", "0015f00002J9YYEAA4", "0015f00002J9YYE' OR Id != '", "000000000000000AAA"},
	})
}

func kindOf(object, text, enum, integer, name string, required map[string]string) connectortest.Kind {
	k := connectortest.Kind{Object: object, Fields: []string{name}, Text: text, Enum: enum, Integer: integer, Page: 500, Batch: 200, Lacks: map[connectortest.Ability]string{}}
	k.Create = func(_ *connectortest.World, n int, s string) connector.Write {
		fields := map[string]record.Value{name: record.Of(fmt.Sprintf("Created %d", n)), text: record.Of(s)}
		for f, v := range required {
			fields[f] = record.Of(v)
		}
		return connector.Write{Fields: fields}
	}
	if integer == "" {
		k.Lacks[connectortest.Integers] = "the object has no whole number among its standard fields"
	}
	if enum == "" {
		k.Lacks[connectortest.Enums] = "the custom object has no picklist"
	}
	if !slices.Contains([]string{"Account", "Contact", "Lead"}, object) {
		k.Lacks[connectortest.Merging] = "Salesforce merges accounts, contacts, leads and cases only"
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

// door is the org with single records hidden, as sharing hides them: queries leave them out, their own address is refused.
type door struct {
	sim    *salesforcetest.Sim
	hidden []string
}

func (d *door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if len(d.hidden) == 0 {
		d.sim.ServeHTTP(w, r)
		return
	}
	if id := r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]; slices.Contains(d.hidden, id) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.Write([]byte(`[{"errorCode":"INSUFFICIENT_ACCESS_OR_READONLY","message":"insufficient access rights on object id"}]`))
		return
	}
	kept := httptest.NewRecorder()
	d.sim.ServeHTTP(kept, r)
	for name, v := range kept.Header() {
		w.Header()[name] = v
	}
	w.Header().Del("Content-Length")
	w.WriteHeader(kept.Code)
	_, _ = w.Write(d.without(kept.Body.Bytes()))
}

func (d *door) without(body []byte) []byte {
	var together struct {
		Parts []map[string]json.RawMessage `json:"compositeResponse"`
	}
	if json.Unmarshal(body, &together) == nil && together.Parts != nil {
		for _, p := range together.Parts {
			p["body"] = d.without(p["body"])
		}
		out, err := json.Marshal(together)
		if err != nil {
			panic(err)
		}
		return out
	}
	var m map[string]json.RawMessage
	var rows []map[string]json.RawMessage
	if json.Unmarshal(body, &m) != nil || json.Unmarshal(m["records"], &rows) != nil {
		return body
	}
	rows = slices.DeleteFunc(rows, func(r map[string]json.RawMessage) bool {
		return slices.ContainsFunc(d.hidden, func(id string) bool { return string(r["Id"]) == strconv.Quote(id) })
	})
	m["records"], _ = json.Marshal(rows)
	out, err := json.Marshal(m)
	if err != nil {
		return body
	}
	return out
}

const orgBase = "https://crosswalk.my.salesforce.com"

// writing tells the calls that write: a composite of queries is a POST that does not.
func writing(c connectortest.Call) bool {
	return c.Method != http.MethodGet && !(strings.HasSuffix(c.Path, "/composite") && bytes.Contains(c.Body, []byte(`{"method":"GET"`)))
}

// openOrg makes an org with our marker fields, connects by the web-server flow's tokens as the integration user, and lets
// a person work in it.
func openOrg(t *testing.T, o connectortest.Options) *connectortest.World {
	sim := salesforcetest.New(salesforcetest.Config{Seed: 7, VisibleAfter: o.Lag})
	sim.AddObject(salesforcetest.Object{Name: "Project__c", Fields: []salesforcetest.Field{salesforcetest.Text("Description__c", 255)}})
	for _, object := range []string{"Account", "Contact", "Lead", "Opportunity", "Product2", "Task", "Project__c"} {
		sim.AddField(object, salesforcetest.ExternalID(salesforce.MarkerField, 255))
		sim.ChangeField(object, salesforce.MarkerField, func(f *salesforcetest.Field) { f.Unique, f.CaseSensitive = true, true })
	}
	d := &door{sim: sim}
	renewals := 0
	wire := &connectortest.Wire{
		Vendor: d, Rows: []string{"", "records", "body"}, Writing: writing,
		Token: func(r *http.Request) bool {
			if strings.HasSuffix(r.URL.Path, "/oauth2/token") {
				renewals++
				return true
			}
			return false
		},
		Throttled: func(after time.Duration) (int, http.Header, []byte) {
			h := http.Header{"Content-Type": {"application/json;charset=UTF-8"}}
			if after > 0 { // Salesforce does not say; a proxy before it may
				h.Set("Retry-After", strconv.Itoa(int(after/time.Second)))
			}
			return http.StatusForbidden, h, []byte(`[{"message":"ConcurrentRequests (Concurrent API Requests) Limit exceeded.","errorCode":"REQUEST_LIMIT_EXCEEDED"}]`)
		},
	}
	user, _ := sim.Get("User", sim.IntegrationUserID())
	access, refresh, err := sim.OAuth().Grant(salesforcetest.ClientID, user.Text("Username"))
	if err != nil {
		t.Fatal(err)
	}
	kept := &memory{raw: must(token.Pair{Access: access, Refresh: refresh, UntilRefused: true}.Bytes())}
	form := token.Form{URL: orgBase + "/services/oauth2/token", ClientID: salesforcetest.ClientID, ClientSecret: salesforcetest.ClientSecret, Transport: wire, UntilRefused: true}
	tokens := token.New(kept, form, nil)
	connect := func() connector.Connector {
		return must(salesforce.New(salesforce.Config{Connection: "crm", Org: sim.OrgID(), Currency: "USD", Page: 500, Batch: 200, UserID: sim.IntegrationUserID(), Custom: []string{"Project__c"},
			Client: rest.New(rest.Config{Base: orgBase, Transport: wire, Tokens: tokens})}))
	}
	person := sim.Person()
	return &connectortest.World{
		Connector: connect(), Again: connect, Wire: wire, Renewals: func() int { return renewals },
		Add: func(object string, n int, stamp func(int) time.Time) []string {
			rows := make([]map[string]any, n)
			made := sim.Count(object)
			for i := range rows {
				rows[i] = sampleRow(object, made+i)
				if stamp != nil {
					rows[i]["SystemModstamp"] = stamp(i).UTC().Format(time.RFC3339)
				}
			}
			return must(sim.Load(object, rows))
		},
		Change: func(object, id, text string) {
			if err := person.Update(object, id, map[string]any{textOf(object): text}); err != nil {
				panic(err)
			}
		},
		Delete: func(object, id string) {
			if err := person.Delete(object, id); err != nil {
				panic(err)
			}
		},
		Hide: func(_, id string) { d.hidden = append(d.hidden, id) },
		Merge: func(object, winner, loser string) string {
			if err := person.Merge(object, winner, map[string]any{}, loser); err != nil {
				panic(err)
			}
			return winner
		},
		Expire: sim.ExpireSessions,
		Revoke: func() {
			sim.OAuth().RevokeApprovals(salesforcetest.ClientID)
			sim.ExpireSessions()
		},
		Marked: func(object, marker string) int { return len(sim.Find(object, salesforce.MarkerField, marker)) },
	}
}

// textOf is the free text of an object.
func textOf(object string) string {
	if strings.HasSuffix(object, "__c") {
		return "Description__c"
	}
	return "Description"
}

func sampleRow(object string, n int) map[string]any {
	row := map[string]any{textOf(object): connectortest.Canary + " initial"}
	switch object {
	case "Contact":
		row["LastName"] = fmt.Sprintf("Sample %d", n)
	case "Lead":
		row["LastName"], row["Company"] = fmt.Sprintf("Sample %d", n), "Sample"
	case "Opportunity":
		row["Name"], row["StageName"], row["CloseDate"] = fmt.Sprintf("Sample %d", n), "Prospecting", "2000-06-30"
	case "Task":
		row["Subject"] = fmt.Sprintf("Sample %d", n)
	default:
		row["Name"] = fmt.Sprintf("Sample %d", n)
	}
	return row
}
