package salesforce_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/connector/salesforce"
	"crosswalk/internal/connector/salesforce/salesforcetest"
	"crosswalk/internal/record"
	"crosswalk/internal/rest"
	"crosswalk/internal/token"
)

// shared gives a file of the material that others recorded.
func shared(t *testing.T, name string) []byte {
	t.Helper()
	root := os.Getenv("CROSSWALK_SHARED")
	if root == "" {
		root = "../../../../shared"
	}
	raw, err := os.ReadFile(filepath.Join(root, name))
	if err != nil && os.Getenv("CROSSWALK_REQUIRE_SHARED") == "1" {
		t.Fatal(err)
	}
	if err != nil {
		t.Skip("the shared material is not here: " + name)
	}
	return raw
}

// org is a server of our own that answers by method and path below the version; a handler gets the body too.
type org struct {
	t       *testing.T
	mu      sync.Mutex
	answers map[string]func(r *http.Request, body []byte) (int, string)
	asked   []string // method, path and query or body, in order
	header  http.Header
	server  *httptest.Server
}

func newOrg(t *testing.T) *org {
	o := &org{t: t, answers: map[string]func(*http.Request, []byte) (int, string){}, header: http.Header{}}
	o.server = httptest.NewServer(o)
	t.Cleanup(o.server.Close)
	return o
}

func (o *org) on(what string, status int, body string) {
	o.answers[what] = func(*http.Request, []byte) (int, string) { return status, body }
}

func (o *org) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	o.mu.Lock()
	defer o.mu.Unlock()
	what := r.Method + " " + strings.TrimPrefix(r.URL.Path, "/services/data/v67.0")
	o.asked = append(o.asked, strings.TrimSpace(what+" "+r.URL.Query().Get("q")+string(body)))
	answer, ok := o.answers[what]
	if !ok && what == "POST /composite" {
		answer, ok = o.parts, true
	}
	if !ok {
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, `[{"errorCode":"NOT_FOUND","message":"The requested resource does not exist"}]`)
		return
	}
	for name, v := range o.header {
		w.Header()[name] = v
	}
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	status, text := answer(r, body)
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text)
}

// parts answers a composite call from what its parts would be answered by themselves.
func (o *org) parts(_ *http.Request, body []byte) (int, string) {
	var in struct {
		Parts []struct{ Method, URL, ReferenceID string } `json:"compositeRequest"`
	}
	_ = json.Unmarshal(body, &in)
	var out []string
	for _, p := range in.Parts {
		r, _ := http.NewRequest(p.Method, p.URL, nil)
		status, text := http.StatusNotFound, `[{"errorCode":"NOT_FOUND","message":"The requested resource does not exist"}]`
		if answer, ok := o.answers[p.Method+" "+strings.TrimPrefix(r.URL.Path, "/services/data/v67.0")]; ok {
			status, text = answer(r, nil)
		}
		out = append(out, fmt.Sprintf(`{"httpStatusCode":%d,"referenceId":%q,"body":%s}`, status, p.ReferenceID, text))
	}
	return 200, `{"compositeResponse":[` + strings.Join(out, ",") + `]}`
}

func (o *org) connect(change ...func(*salesforce.Config)) *salesforce.Connector {
	o.t.Helper()
	c := salesforce.Config{Connection: "crm", Org: "00D5f000005KcCnEAK", UserID: "0055f000005mc66AAA", Currency: "EUR",
		Client: rest.New(rest.Config{Base: o.server.URL, Tokens: token.Static("t"), Jitter: func() float64 { return 0 }})}
	for _, f := range change {
		f(&c)
	}
	made, err := salesforce.New(c)
	if err != nil {
		o.t.Fatal(err)
	}
	return made
}

const describes = "contracts/salesforce/cumulusci/describe/"

// recorded serves an object's describe as somebody recorded it, with our marker field added.
func (o *org) recorded(object string) {
	raw := shared(o.t, describes+"GET_sobjects_"+object+"_describe.json")
	var d map[string]any
	if err := json.Unmarshal(raw, &d); err != nil {
		o.t.Fatal(err)
	}
	d["fields"] = append(d["fields"].([]any), map[string]any{"name": salesforce.MarkerField, "type": "string", "length": 255, "createable": true, "updateable": true,
		"nillable": true, "unique": true, "externalId": true, "filterable": true})
	again, _ := json.Marshal(d)
	o.on("GET /sobjects/"+object+"/describe", 200, string(again))
}

// small serves a describe of a few fields.
func (o *org) small(object, prefix string, fields ...string) {
	list := []string{}
	for _, f := range append([]string{"Id id", "SystemModstamp datetime", "CreatedDate datetime", "CreatedById reference", "IsDeleted boolean"}, fields...) {
		part := strings.Fields(f)
		extra := ""
		if len(part) > 2 {
			extra = fmt.Sprintf(`,"referenceTo":[%q],"relationshipName":%q`, part[2], strings.TrimSuffix(part[0], "Id"))
		}
		list = append(list, fmt.Sprintf(`{"name":%q,"type":%q,"createable":true,"updateable":true,"nillable":true,"filterable":true%s}`, part[0], part[1], extra))
	}
	o.on("GET /sobjects/"+object+"/describe", 200, fmt.Sprintf(`{"name":%q,"keyPrefix":%q,"replicateable":true,"fields":[%s]}`, object, prefix, strings.Join(list, ",")))
}

func rows(list ...string) string {
	return fmt.Sprintf(`{"totalSize":%d,"done":true,"records":[%s]}`, len(list), strings.Join(list, ","))
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestIDsOf15And18CharactersAreOne(t *testing.T) {
	for _, c := range []struct {
		in, want string
	}{
		{"001aj00000lHq5i", "001aj00000lHq5iAAC"},
		{"0015f00002J9YYEAA3", "0015f00002J9YYEAA3"},
		{"0015f00002j9YYEAA3", ""}, // other case, so another record: refused
		{"0015f00002j9yyeaa3", "0015f00002J9YYEAA3"},
		{"0015F00002J9YYEAA3"[:15], must2(salesforce.ID("0015F00002J9YYE"))},
		{"003", ""}, {"", ""}, {"../../../0015f0000", ""}, {"0015f00002J9YYEAA", ""}, {"0015f00002J9YYEAA4", ""},
	} {
		if got, ok := salesforce.ID(c.in); got != c.want || ok != (c.want != "") {
			t.Errorf("%q is %q, %v; want %q", c.in, got, ok, c.want)
		}
	}
}

func must2(s string, _ bool) string { return s }

func TestHostIsSalesforces(t *testing.T) {
	for base, good := range map[string]bool{
		"https://acme.my.salesforce.com": true, "https://acme--uat.sandbox.my.salesforce.com": true, "https://login.salesforce.com": true,
		"https://gov.my.salesforce.mil": true, "http://127.0.0.1:8080": true, "https://proxy.example.com": true,
		"https://evil.example": false, "https://my.salesforce.com.evil.example": false, "https://evilsalesforce.com": false,
		"http://acme.my.salesforce.com": false, "https://acme.my.salesforce.com:8443": false, "https://u:p@acme.my.salesforce.com": false, "": false,
	} {
		if err := salesforce.CheckBase(base, "proxy.example.com"); (err == nil) != good {
			t.Errorf("base %q: %v", base, err)
		}
	}
	for _, c := range []struct {
		base, instance string
		good           bool
	}{
		{"https://acme.my.salesforce.com", "https://acme.my.salesforce.com", true},
		{"https://acme.my.salesforce.com", "https://na1.salesforce.com", true},
		{"https://acme.my.salesforce.com", "https://evil.example", false},
		{"https://acme.my.salesforce.com", "http://na1.salesforce.com", false},
		{"https://acme.my.salesforce.com", "http://127.0.0.1:1", false},
		{"https://acme.my.salesforce.com", "https://169.254.169.254", false},
		{"http://127.0.0.1:1", "http://127.0.0.1:2", true},
		{"http://127.0.0.1:1", "https://evil.example", false},
		{"https://acme.my.salesforce.com", "", false},
	} {
		if err := salesforce.CheckInstance(c.base, c.instance); (err == nil) != c.good {
			t.Errorf("%s told of %s: %v", c.base, c.instance, err)
		}
	}
}

func TestDescribeOfARecordedOpportunity(t *testing.T) {
	o := newOrg(t)
	o.recorded("Opportunity")
	got := must(o.connect().Describe(t.Context(), "Opportunity"))
	fields := map[string]connector.Field{}
	for _, f := range got.Fields {
		fields[f.Name] = f
	}
	for name, want := range map[string]connector.Field{
		"Name":                 {Type: "text", MaxLength: 120, Required: true},
		"StageName":            {Type: "enum", Required: true, References: "stages"},
		"Amount":               {Type: "number"},
		"CloseDate":            {Type: "date", Required: true},
		"ContactId":            {Type: "ref", CreateOnly: true, References: "Contact"},
		"IsWon":                {Type: "bool", ReadOnly: true},
		"Probability":          {Type: "number"},
		"FiscalYear":           {Type: "integer", ReadOnly: true},
		"OwnerId":              {Type: "ref", References: "owners"},
		"Account.Name":         {Type: "text", ReadOnly: true},
		salesforce.MarkerField: {Type: "text", MaxLength: 255, Unique: true},
	} {
		f, ok := fields[name]
		if !ok || f.Type != want.Type || f.Required != want.Required || f.ReadOnly != want.ReadOnly || f.CreateOnly != want.CreateOnly ||
			f.MaxLength != want.MaxLength || f.References != want.References || f.Unique != want.Unique {
			t.Errorf("%s: %+v, want %+v", name, f, want)
		}
	}
	if len(fields["StageName"].Options) == 0 {
		t.Error("stages have no options")
	}
	for _, name := range []string{"BillingAddress"} {
		if _, ok := fields[name]; ok {
			t.Errorf("the compound field %s is described", name)
		}
	}
}

func TestDescribeAsksWhetherItChanged(t *testing.T) {
	o := newOrg(t)
	o.small("Account", "001")
	first := o.answers["GET /sobjects/Account/describe"]
	o.header.Set("Last-Modified", "Fri, 20 Nov 2020 10:00:00 GMT")
	var conditions []string
	o.answers["GET /sobjects/Account/describe"] = func(r *http.Request, b []byte) (int, string) {
		conditions = append(conditions, r.Header.Get("If-Modified-Since"))
		if r.Header.Get("If-Modified-Since") != "" {
			return http.StatusNotModified, ""
		}
		return first(r, b)
	}
	c := o.connect()
	for range 2 {
		if got := must(c.Describe(t.Context(), "Account")); len(got.Fields) != 5 {
			t.Fatalf("%d fields", len(got.Fields))
		}
	}
	if !slices.Equal(conditions, []string{"", "Fri, 20 Nov 2020 10:00:00 GMT"}) {
		t.Errorf("asked with %q", conditions)
	}
}

func TestValuesKeepEveryDigitAndKind(t *testing.T) {
	o := newOrg(t)
	o.small("Account", "001", "Big double", "Revenue currency", "Tiny double", "Count int", "Flag boolean", "At datetime", "Day date", "Multi multipicklist",
		"Parent reference", "Note textarea", "Unset string", "Unsent string", "Neg double", "ParentId reference Account")
	o.on("GET /query", 200, rows(`{"attributes":{"type":"Account"},"Id":"0015f00002J9YYEAA3","SystemModstamp":"2024-09-10T13:57:45.000+0000","CreatedDate":"2024-09-10T15:57:44.000+0200",
		"CreatedById":"0055f000005mc66AAA","IsDeleted":false,"Big":9007199254740993,"Revenue":1.39E8,"Tiny":1.50E-3,"Neg":-0.0,"Count":7,"Flag":false,"At":"2024-09-10T13:57:45.120+0000",
		"Day":"2024-02-29","Multi":"a;b","Parent":"0015f00002J9YYF","Note":"O'Brien \\ \"x\"","Unset":null}`))
	c := o.connect()
	read := must(c.Read(t.Context(), connector.ReadRequest{Object: "Account", IDs: []string{"0015f00002J9YYE"},
		Fields: []string{"Big", "Revenue", "Tiny", "Neg", "Count", "Flag", "At", "Day", "Multi", "Parent", "Note", "Unset", "Unsent", "NoSuch__c"}}))[0]
	if read.State != record.Found || read.Ref.ID != "0015f00002J9YYE" || read.Record.Ref.ID != "0015f00002J9YYEAA3" || !read.Record.Own {
		t.Fatalf("%+v", read)
	}
	for name, want := range map[string]record.Value{
		"Big": record.Of("9007199254740993"), "Revenue": record.Of("139000000"), "Tiny": record.Of("0.0015"), "Neg": record.Of("0"), "Count": record.Of("7"),
		"Flag": record.Of("false"), "At": record.Of("2024-09-10T13:57:45.12Z"), "Day": record.Of("2024-02-29"), "Multi": record.Of("a;b"),
		"Parent": record.Of("0015f00002J9YYFAA3"), "Note": record.Of(`O'Brien \ "x"`), "Unset": record.Empty(), "Unsent": {}, "NoSuch__c": {},
	} {
		if got := read.Record.Field(name); !got.Equal(want) {
			t.Errorf("%s is %d %q, want %d %q", name, got.Kind(), got.Text(), want.Kind(), want.Text())
		}
	}
	if want := time.Date(2024, 9, 10, 13, 57, 45, 0, time.UTC); !read.Record.Modified.Equal(want) || !read.Record.Created.Equal(want.Add(-time.Second)) {
		t.Errorf("stamps %v %v", read.Record.Modified, read.Record.Created)
	}
	if strings.Contains(strings.Join(o.asked, " "), "NoSuch__c") {
		t.Error("a name that no describe has came into a query")
	}
}

func TestRefusals(t *testing.T) {
	dup := string(shared(t, "contracts/salesforce/aiosalesforce/error-400-duplicates-detected.json"))
	for _, c := range []struct {
		name, body string
		status     int
		fault      connector.Fault
		after      time.Duration
		fields     string
	}{
		{"session", string(shared(t, "contracts/salesforce/restforce/expired_session_response.json")), 401, connector.Unauthorized, 0, ""},
		{"the day's calls", `[{"message":"TotalRequests Limit exceeded.","errorCode":"REQUEST_LIMIT_EXCEEDED"}]`, 403, connector.OutOfQuota, 15 * time.Minute, ""},
		{"calls at once", `[{"message":"ConcurrentRequests (Concurrent API Requests) Limit exceeded.","errorCode":"REQUEST_LIMIT_EXCEEDED"}]`, 403, connector.Throttled, 10 * time.Second, ""},
		{"api off", `[{"message":"canary","errorCode":"API_DISABLED_FOR_ORG"}]`, 403, connector.Forbidden, 0, ""},
		{"column", `[{"message":"\nSELECT Foo__c FROM\n       ^\nNo such column 'Foo__c' on entity 'Account'. canary","errorCode":"INVALID_FIELD"}]`, 400, connector.Invalid, 0, "Foo__c"},
		{"timeout", `[{"message":"canary","errorCode":"QUERY_TIMEOUT"}]`, 400, connector.Unavailable, 0, ""},
		{"duplicates", dup, 400, connector.Clash, 0, ""},
		{"unknown code", `[{"message":"canary","errorCode":"INVENTED_SINCE"}]`, 400, connector.Invalid, 0, ""},
		{"gack", `[{"message":"canary 123-456 (789)","errorCode":"UNKNOWN_EXCEPTION"}]`, 500, connector.Unavailable, 0, ""},
		{"edge", `<html>canary</html>`, 503, connector.Unavailable, 0, ""},
		{"edge 404", `<html>canary</html>`, 404, connector.Unavailable, 0, ""},
		{"retired", `[{"errorCode":"UNSUPPORTED_API_VERSION","message":"canary"}]`, 410, connector.Invalid, 0, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := newOrg(t)
			o.small("Account", "001")
			o.on("GET /query", c.status, c.body)
			_, err := o.connect().Read(t.Context(), connector.ReadRequest{Object: "Account", IDs: []string{"0015f00002J9YYEAA3"}})
			var e *connector.Error
			if !asErr(err, &e) || e.Fault != c.fault || e.After != c.after || strings.Join(e.Fields, ",") != c.fields {
				t.Fatalf("got %+v", err)
			}
			if strings.Contains(err.Error(), "canary") || strings.Contains(err.Error(), "Use one") {
				t.Errorf("the error quotes the answer: %v", err)
			}
		})
	}
}

func asErr(err error, to **connector.Error) bool {
	e, ok := err.(*connector.Error)
	*to = e
	return ok
}

// account is a create of an account with a marker.
func account(n int) connector.Write {
	return connector.Write{Op: connector.OpCreate, Object: "Account", Fields: map[string]record.Value{
		"Name": record.Of(fmt.Sprint("Sample ", n)), salesforce.MarkerField: record.Of(fmt.Sprint("m", n))}}
}

func TestRowsOfACollection(t *testing.T) {
	update := func(id string) connector.Write {
		return connector.Write{Op: connector.OpUpdate, Object: "Account", ID: id, Fields: map[string]record.Value{"Name": record.Of("x")}}
	}
	const a, b = "0015f00002J9YYEAA3", "0015f00002J9YYFAA3"
	for _, c := range []struct {
		name   string
		writes []connector.Write
		status int
		body   string
		want   []connector.Status
		fault  connector.Fault // of the last
		ref    string          // of the last
	}{
		{"created", []connector.Write{account(1)}, 200, `[{"id":"` + a + `","success":true,"errors":[]}]`, []connector.Status{connector.Done}, "", a},
		{"marker taken", []connector.Write{account(1)}, 200, `[{"success":false,"errors":[{"statusCode":"DUPLICATE_VALUE","message":"duplicate value found: crosswalk_key__c duplicates value on record with id: 0015f00002J9YYE","fields":[]}]}]`,
			[]connector.Status{connector.Exists}, connector.Clash, a},
		{"duplicate rule, old spelling", []connector.Write{account(1)}, 200, `[{"success":false,"errors":[{"statusCode":"DUPLICATES_DETECTED","message":"canary","duplicateResut":{"matchResults":[{"matchRecords":[{"record":{"Id":"` + a + `"}}]}]}}]}]`,
			[]connector.Status{connector.Exists}, connector.Clash, a},
		{"duplicate rule, several", []connector.Write{account(1)}, 200, `[{"success":false,"errors":[{"statusCode":"DUPLICATES_DETECTED","message":"canary","duplicateResult":{"matchResults":[{"matchRecords":[{"record":{"Id":"` + a + `"}},{"record":{"Id":"` + b + `"}}]}]}}]}]`,
			[]connector.Status{connector.Refused}, connector.Invalid, ""},
		{"duplicate rule, a lead", []connector.Write{account(1)}, 200, `[{"success":false,"errors":[{"statusCode":"DUPLICATES_DETECTED","message":"canary","duplicateResult":{"matchResults":[{"matchRecords":[{"record":{"Id":"00Q5f00002J9YYEEA3"}}]}]}}]}]`,
			[]connector.Status{connector.Refused}, connector.Invalid, ""},
		{"rows under 400", []connector.Write{account(1), account(2)}, 400, `[{"id":"` + a + `","success":true,"errors":[]},{"success":false,"errors":[{"statusCode":"REQUIRED_FIELD_MISSING","message":"canary","fields":["Name"]}]}]`,
			[]connector.Status{connector.Done, connector.Refused}, connector.Invalid, ""},
		{"lock", []connector.Write{update(a), update(b)}, 200, `[{"id":"` + a + `","success":true,"errors":[]},{"success":false,"errors":[{"statusCode":"UNABLE_TO_LOCK_ROW","message":"canary"}]}]`,
			[]connector.Status{connector.Done, connector.Retry}, connector.Locked, ""},
		{"lock inside a trigger", []connector.Write{update(a)}, 200, `[{"success":false,"errors":[{"statusCode":"CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY","message":"canary UNABLE_TO_LOCK_ROW"}]}]`,
			[]connector.Status{connector.Retry}, connector.Locked, ""},
		{"deleted", []connector.Write{update(a)}, 200, `[{"success":false,"errors":[{"statusCode":"ENTITY_IS_DELETED","message":"entity is deleted","fields":[]}]}]`, []connector.Status{connector.Refused}, connector.Missing, ""},
		{"dead id", []connector.Write{update(a)}, 200, `[{"success":false,"errors":[{"statusCode":"INVALID_CROSS_REFERENCE_KEY","message":"invalid cross reference id","fields":[]}]}]`, []connector.Status{connector.Refused}, connector.Missing, ""},
		{"dead parent", []connector.Write{update(a)}, 200, `[{"success":false,"errors":[{"statusCode":"INVALID_CROSS_REFERENCE_KEY","message":"canary","fields":["ParentId"]}]}]`, []connector.Status{connector.Refused}, connector.Invalid, ""},
		{"validation rule", []connector.Write{update(a)}, 200, `[{"success":false,"errors":[{"statusCode":"FIELD_CUSTOM_VALIDATION_EXCEPTION","message":"canary","fields":["Name"]}]}]`, []connector.Status{connector.Refused}, connector.Invalid, ""},
		{"code of tomorrow", []connector.Write{update(a)}, 200, `[{"success":false,"errors":[{"statusCode":"INVENTED_SINCE","message":"canary"}]}]`, []connector.Status{connector.Refused}, connector.Invalid, ""},
		{"Salesforce's own fault on a row", []connector.Write{update(a)}, 200, `[{"success":false,"errors":[{"statusCode":"UNKNOWN_EXCEPTION","message":"canary"}]}]`, []connector.Status{connector.Retry}, connector.Unavailable, ""},
		{"another order", []connector.Write{update(a), update(b)}, 200, `[{"id":"` + b + `","success":true,"errors":[]},{"id":"` + a + `","success":true,"errors":[]}]`,
			[]connector.Status{connector.Done, connector.Done}, "", b},
		{"another order with an error", []connector.Write{update(a), update(b)}, 200, `[{"id":"` + b + `","success":true,"errors":[]},{"success":false,"errors":[{"statusCode":"STRING_TOO_LONG"}]}]`,
			[]connector.Status{connector.Unknown, connector.Done}, "", b},
		{"one short, creates", []connector.Write{account(1), account(2)}, 200, `[{"id":"` + a + `","success":true,"errors":[]}]`, []connector.Status{connector.Unknown, connector.Unknown}, connector.Unavailable, ""},
		{"a foreign kind of record", []connector.Write{account(1)}, 200, `[{"id":"00Q5f00002J9YYEEA3","success":true,"errors":[]}]`, []connector.Status{connector.Unknown}, connector.Unavailable, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := newOrg(t)
			o.recorded("Account")
			o.on(map[bool]string{true: "POST", false: "PATCH"}[c.writes[0].Op == connector.OpCreate]+" /composite/sobjects", c.status, c.body)
			outs := o.connect().Write(t.Context(), c.writes)
			for i, want := range c.want {
				if outs[i].Status != want {
					t.Errorf("row %d is %s (%v), want %s", i, outs[i].Status, outs[i].Err, want)
				}
				if outs[i].Err != nil && strings.Contains(outs[i].Err.Error(), "canary") {
					t.Errorf("an error quotes the answer: %v", outs[i].Err)
				}
			}
			last := outs[len(outs)-1]
			if connector.FaultOf(last.Err) != c.fault || last.Ref.ID != c.ref {
				t.Errorf("the last is %s %v", last.Ref, last.Err)
			}
		})
	}
}

func TestAThousandRowsTakeOneCall(t *testing.T) {
	o := newOrg(t)
	o.recorded("Account")
	o.answers["POST /composite"] = func(_ *http.Request, body []byte) (int, string) {
		var in struct {
			All   bool `json:"allOrNone"`
			Parts []struct {
				Method, URL, ReferenceID string
				HTTPHeaders              map[string]string
				Body                     struct{ Records []map[string]any }
			} `json:"compositeRequest"`
		}
		if err := json.Unmarshal(body, &in); err != nil || in.All {
			t.Errorf("composite: %v", err)
		}
		var parts []string
		for i, p := range in.Parts {
			if p.Method != "POST" || p.URL != "/services/data/v67.0/composite/sobjects" || len(p.Body.Records) != 200 || p.HTTPHeaders["Sforce-Auto-Assign"] != "FALSE" {
				t.Errorf("part %d: %s %s %d rows %v", i, p.Method, p.URL, len(p.Body.Records), p.HTTPHeaders)
			}
			list := make([]string, len(p.Body.Records))
			for n, r := range p.Body.Records {
				id, _ := salesforce.ID(fmt.Sprintf("001%012s", strings.TrimPrefix(fmt.Sprint(r["Name"]), "Sample ")))
				list[n] = fmt.Sprintf(`{"id":%q,"success":true,"errors":[]}`, id)
			}
			parts = append(parts, fmt.Sprintf(`{"body":[%s],"httpHeaders":{},"httpStatusCode":200,"referenceId":%q}`, strings.Join(list, ","), p.ReferenceID))
		}
		slices.Reverse(parts) // found by reference id, not by place
		return 200, `{"compositeResponse":[` + strings.Join(parts, ",") + `]}`
	}
	var writes []connector.Write
	for n := range 1000 {
		writes = append(writes, account(n))
	}
	for n, out := range o.connect().Write(t.Context(), writes) {
		id, _ := salesforce.ID(fmt.Sprintf("001%012d", n))
		if out.Status != connector.Done || out.Ref.ID != id {
			t.Fatalf("row %d is %s %s (%v)", n, out.Status, out.Ref, out.Err)
		}
	}
	if len(o.asked) != 2 {
		t.Errorf("%d calls, want the describe and one composite", len(o.asked))
	}
}

func TestEncodeChecksWithoutACall(t *testing.T) {
	o := newOrg(t)
	o.recorded("Opportunity")
	c := o.connect()
	if err := func() error { _, err := c.Describe(t.Context(), "Opportunity"); return err }(); err != nil {
		t.Fatal(err)
	}
	text := record.Of
	for _, k := range []struct {
		name   string
		fields map[string]record.Value
		want   string
		bad    string
	}{
		{"types", map[string]record.Value{"Name": text("a<b"), "Amount": text("0012.50"), "CloseDate": text("2026-02-28"), "IsPrivate": text("true"), "StageName": text("Prospecting"),
			"AccountId": text("0015f00002J9YYE"), "NextStep": record.Empty()},
			`{"attributes":{"type":"Opportunity"},"AccountId":"0015f00002J9YYEAA3","Amount":12.50,"CloseDate":"2026-02-28","IsPrivate":true,"Name":"a<b","StageName":"Prospecting"}`, ""},
		{"no such stage", map[string]record.Value{"StageName": text("canary")}, "", "StageName"},
		{"no such day", map[string]record.Value{"CloseDate": text("2026-02-30")}, "", "CloseDate"},
		{"a moment for a day", map[string]record.Value{"CloseDate": text("2026-02-28T00:00:00Z")}, "", "CloseDate"},
		{"read only", map[string]record.Value{"IsWon": text("true")}, "", "IsWon"},
		{"too long", map[string]record.Value{"Name": text(strings.Repeat("ä", 121))}, "", "Name"},
		{"just fits", map[string]record.Value{"Name": text(strings.Repeat("ä", 120))}, `{"attributes":{"type":"Opportunity"},"Name":"` + strings.Repeat("ä", 120) + `"}`, ""},
		{"not an id", map[string]record.Value{"AccountId": text("canary")}, "", "AccountId"},
		{"unreadable, unknown and no number", map[string]record.Value{"Amount": text("1e3"), "Name": record.Hidden(), "Nope__c": text("x")}, "", "Amount,Name,Nope__c"},
	} {
		t.Run(k.name, func(t *testing.T) {
			got, err := c.Encode(connector.Write{Op: connector.OpCreate, Object: "Opportunity", Fields: k.fields})
			var e *connector.Error
			if k.bad != "" && (!asErr(err, &e) || strings.Join(e.Fields, ",") != k.bad || strings.Contains(err.Error(), "canary")) {
				t.Errorf("got %v, want %s refused", err, k.bad)
			}
			if k.bad == "" && string(got) != k.want {
				t.Errorf("got %s %v", got, err)
			}
		})
	}
}

// Twelve thousand records of one stamp, pages of two thousand, read by a server that follows the query to the letter.
func TestTwelveThousandEqualStamps(t *testing.T) {
	o := newOrg(t)
	o.small("Account", "001")
	const n, stamp = 12000, "2026-11-01T10:00:00.000Z"
	ids := make([]string, n)
	for i := range ids {
		ids[i], _ = salesforce.ID(fmt.Sprintf("001%012d", i))
	}
	o.answers["GET /query"] = func(r *http.Request, _ []byte) (int, string) {
		q := r.URL.Query().Get("q")
		if !strings.HasSuffix(q, " ORDER BY SystemModstamp, Id LIMIT 2000") {
			t.Fatalf("the page is not cut: %s", q)
		}
		from := 0
		if _, where, ok := strings.Cut(q, " WHERE "); ok {
			tie := "SystemModstamp >= " + stamp + " AND (SystemModstamp > " + stamp + " OR Id > '"
			after, ok := strings.CutPrefix(where, tie)
			if !ok {
				return 200, rows()
			}
			from = slices.Index(ids, after[:18]) + 1
		}
		var list []string
		for _, id := range ids[from:min(from+2000, n)] {
			list = append(list, fmt.Sprintf(`{"Id":%q,"SystemModstamp":"2026-11-01T10:00:00.000+0000"}`, id))
		}
		return 200, rows(list...)
	}
	c := o.connect()
	seen := map[string]bool{}
	var cursor json.RawMessage
	for pages := 1; ; pages++ {
		p, err := c.Changes(t.Context(), connector.FeedRequest{Object: "Account", Cursor: cursor})
		if err != nil || pages > 10 {
			t.Fatalf("page %d: %v", pages, err)
		}
		for _, r := range p.Records {
			seen[r.Ref.ID] = true
		}
		cursor = p.Cursor
		if !p.More {
			break
		}
	}
	if len(seen) != n {
		t.Errorf("%d of %d records were seen", len(seen), n)
	}
}

func TestDeletedRecordsResumeWhereSalesforceSays(t *testing.T) {
	o := newOrg(t)
	o.small("Account", "001")
	o.on("GET /query", 200, rows())
	var windows []url.Values
	o.answers["GET /sobjects/Account/deleted/"] = func(r *http.Request, _ []byte) (int, string) {
		windows = append(windows, r.URL.Query())
		return 200, `{"deletedRecords":[{"id":"0015f00002J9YYE","deletedDate":"2026-11-01T09:10:00.000+0000"}],"earliestDateAvailable":"2026-10-01T00:00:00.000+0000","latestDateCovered":"2026-11-01T09:20:00.000+0000"}`
	}
	c := o.connect(func(c *salesforce.Config) { c.DeletedEvery = time.Nanosecond })
	cursor := json.RawMessage(`{"v":1,"since":"2026-11-01T09:00:00Z","gone":"2026-11-01T09:05:40Z","swept":"2026-11-01T09:05:40Z"}`)
	for range 2 {
		p := must(c.Changes(t.Context(), connector.FeedRequest{Object: "Account", Cursor: cursor}))
		if len(p.Records) != 1 || !p.Records[0].Archived || p.Records[0].Ref.ID != "0015f00002J9YYEAA3" || p.More {
			t.Fatalf("%+v", p)
		}
		cursor = regexp.MustCompile(`"swept":"[^"]*"`).ReplaceAll(p.Cursor, []byte(`"swept":"2026-11-01T09:05:40Z"`)) // an hour later
	}
	if windows[0].Get("start") != "2026-11-01T09:05:00Z" || windows[1].Get("start") != "2026-11-01T09:20:00Z" {
		t.Errorf("asked from %s, then from %s", windows[0].Get("start"), windows[1].Get("start"))
	}
}

func TestAHoleInTheLogOfDeletionsIsFilledFromTheBin(t *testing.T) {
	o := newOrg(t)
	o.small("Account", "001")
	o.on("GET /query", 200, rows())
	o.on("GET /sobjects/Account/deleted/", 200, `{"deletedRecords":[],"earliestDateAvailable":"2026-11-01T11:00:00.000+0000","latestDateCovered":"2026-11-01T12:00:00.000+0000"}`)
	o.on("GET /queryAll", 200, rows(`{"Id":"0015f00002J9YYEAA3","SystemModstamp":"2026-11-01T10:00:00.000+0000","IsDeleted":true}`))
	cursor := json.RawMessage(`{"v":1,"since":"2026-11-01T09:00:00Z","gone":"2026-11-01T09:05:00Z","swept":"2026-11-01T09:05:00Z"}`)
	p := must(o.connect().Changes(t.Context(), connector.FeedRequest{Object: "Account", Cursor: cursor}))
	if len(p.Records) != 1 || !p.Records[0].Archived {
		t.Errorf("%+v", p.Records)
	}
}

func TestMergesAreFollowedAndLeadsBecomeContacts(t *testing.T) {
	const lead, other, contact, gone = "00Q5f00002J9YYEEA3", "00Q5f00002J9YYFEA3", "0035f00002J9YYEAA3", "00Q5f00002J9YYGEA3"
	o := newOrg(t)
	o.small("Lead", "00Q", "MasterRecordId reference", "IsConverted boolean", "ConvertedContactId reference", "LastName string", "Company string")
	o.small("Contact", "003", "MasterRecordId reference", "LastName string")
	head := func(id string) string {
		return `"Id":"` + id + `","SystemModstamp":"2026-11-01T10:00:00.000+0000"`
	}
	o.answers["GET /query"] = func(r *http.Request, _ []byte) (int, string) {
		q := r.URL.Query().Get("q")
		if strings.Contains(q, "FROM Contact") {
			return 200, rows(`{` + head(contact) + `,"LastName":"Sample"}`)
		}
		return 200, rows(`{` + head(lead) + `,"IsConverted":true,"ConvertedContactId":"` + contact[:15] + `","LastName":"Old"}`)
	}
	o.on("GET /queryAll", 200, rows(`{"Id":"`+other+`","IsDeleted":true,"MasterRecordId":"`+lead+`"}`, `{"Id":"`+gone+`","IsDeleted":true,"MasterRecordId":null}`))
	got := must(o.connect().Read(t.Context(), connector.ReadRequest{Object: "Lead", IDs: []string{lead, other, gone}, Fields: []string{"LastName", "Company"}}))
	for i := range 2 {
		if got[i].State != record.Moved || got[i].To.Object != "Contact" || got[i].To.ID != contact || got[i].Record.Field("LastName").Text() != "Sample" {
			t.Errorf("lead %d: %+v", i, got[i])
		}
	}
	if got[2].State != record.Gone {
		t.Errorf("the deleted lead is %s", got[2].State)
	}
}

// The survivor of a merge comes with the addresses of its losers, those of earlier merges too, in the call that reads it; a
// record that was never merged costs no more than that call.
func TestASurvivorComesWithItsLosers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := salesforcetest.New(salesforcetest.Config{Seed: 1})
		c, p := connected(sim)
		person := sim.Person()
		var ids []string
		for n := range 4 {
			ids = append(ids, must(person.Create("Account", row1("Name", fmt.Sprint("Account ", n)))))
		}
		if err := errors.Join(person.Merge("Account", ids[1], row1(), ids[0]), person.Merge("Account", ids[2], row1(), ids[1])); err != nil {
			t.Fatal(err)
		}
		read := func(id string) record.Read {
			return must(c.Read(t.Context(), connector.ReadRequest{Object: "Account", IDs: []string{id}, Fields: []string{"Name"}}))[0]
		}
		read(ids[3]) // describes
		before := len(p.calls)
		if r := read(ids[3]); len(r.Record.Was) != 0 || len(p.calls) != before+1 {
			t.Errorf("never merged: %v, %d calls", r.Record.Was, len(p.calls)-before)
		}
		if r := read(ids[2]); len(r.Record.Was) != 2 || r.Record.Was[0].ID != ids[1] || r.Record.Was[1].ID != ids[0] {
			t.Errorf("the survivor was %v", r.Record.Was)
		}
		if r := read(ids[0]); r.State != record.Moved || r.To.ID != ids[2] || len(r.Record.Was) != 2 {
			t.Errorf("the first loser: %+v", r)
		}
	})
}

func TestAnOpportunityComesWithItsAccountLinesAndPeopleInOneCall(t *testing.T) {
	const opp, acc, line1, line2, person = "0065f00002J9YYEAA3", "0015f00002J9YYEAA3", "00k5f00002J9YYEAA3", "00k5f00002J9YYFAA3", "0035f00002J9YYEAA3"
	o := newOrg(t)
	o.small("Opportunity", "006", "AccountId reference Account", "Name string")
	o.small("OpportunityLineItem", "00k", "OpportunityId reference Opportunity", "SortOrder int")
	o.small("OpportunityContactRole", "00K", "OpportunityId reference Opportunity", "ContactId reference Contact", "IsPrimary boolean", "Role picklist")
	var asked []string
	o.answers["POST /composite"] = func(_ *http.Request, body []byte) (int, string) {
		var in struct {
			Parts []struct{ URL, ReferenceID string } `json:"compositeRequest"`
		}
		_ = json.Unmarshal(body, &in)
		var parts []string
		for _, p := range in.Parts {
			u, _ := url.Parse(p.URL)
			q := u.Query().Get("q")
			asked = append(asked, q)
			answer := rows(`{"Id":"` + opp + `","SystemModstamp":"2026-11-01T10:00:00.000+0000","AccountId":"` + acc + `","Name":"Sample"}`)
			switch {
			case strings.Contains(q, "FROM OpportunityLineItem"):
				answer = rows(`{"Id":"`+line1+`","OpportunityId":"`+opp+`"}`, `{"Id":"`+line2+`","OpportunityId":"`+opp+`"}`)
			case strings.Contains(q, "FROM OpportunityContactRole"):
				answer = rows(`{"Id":"00K5f00002J9YYEEA3","OpportunityId":"` + opp + `","ContactId":"` + person + `","IsPrimary":true,"Role":"Decision Maker"}`)
			}
			parts = append(parts, `{"httpStatusCode":200,"referenceId":"`+p.ReferenceID+`","body":`+answer+`}`)
		}
		return 200, `{"compositeResponse":[` + strings.Join(parts, ",") + `]}`
	}
	c := o.connect()
	read := func() record.Read {
		return must(c.Read(t.Context(), connector.ReadRequest{Object: "Opportunity", IDs: []string{opp}, Fields: []string{"Name"}, With: []string{"Account", "OpportunityLineItem", "Contact"}}))[0]
	}
	r := read().Record
	if got := r.RelatedTo("Account"); len(got) != 1 || got[0].Ref.ID != acc || !got[0].Primary {
		t.Errorf("account: %+v", got)
	}
	if got := r.RelatedTo("OpportunityLineItem"); len(got) != 2 || got[0].Ref.ID != line1 {
		t.Errorf("lines: %+v", got)
	}
	if got := r.RelatedTo("Contact"); len(got) != 1 || !got[0].Primary || got[0].Labels[0] != "Decision Maker" {
		t.Errorf("people: %+v", got)
	}
	if _, ok := r.Fields["AccountId"]; ok {
		t.Error("AccountId was not asked for")
	}
	before := len(o.asked)
	read()
	if len(o.asked) != before+1 || len(asked) != 6 {
		t.Errorf("the second read took %d calls; queries %q", len(o.asked)-before, asked)
	}
	if !strings.HasSuffix(asked[1], "ORDER BY SortOrder, Id") {
		t.Errorf("lines are not in their order: %s", asked[1])
	}
}

func TestFindSaysOnlyWhatCanBeSaidSafely(t *testing.T) {
	o := newOrg(t)
	o.small("Contact", "003", "Email email", "LastName string")
	var said []string
	o.answers["GET /query"] = func(r *http.Request, _ []byte) (int, string) {
		said = append(said, r.URL.Query().Get("q"))
		return 200, rows(`{"Id":"0035f00002J9YYEAA3","SystemModstamp":"2026-11-01T10:00:00.000+0000","Email":"ANN@portal.example"}`)
	}
	asks := []connector.Ask{{Field: "Email", Text: "ann@portal.example"}, {Field: "Email", Text: `' OR Name LIKE '%\`}, {Field: "Email", Text: "a\nb"}, {Field: "Email", Text: ""}, {Field: "Nope", Text: "x"}}
	got := must(o.connect().Find(t.Context(), "Contact", asks, nil))
	if len(got[0].Records) != 1 || len(got[1].Records) != 0 || !got[2].CannotAsk || !got[3].CannotAsk || !got[4].CannotAsk || got[1].CannotAsk {
		t.Errorf("%+v", got)
	}
	if want := `WHERE Email IN ('ann@portal.example', '\' OR Name LIKE \'%\\') ORDER BY Id`; len(said) != 1 || !strings.HasSuffix(said[0], want) {
		t.Errorf("asked %q, want it to end in %s", said, want)
	}
}

func TestFieldThatWentSinceTheDescribeIsLeftOut(t *testing.T) {
	o := newOrg(t)
	o.small("Account", "001", "Name string", "Old__c string")
	o.answers["GET /query"] = func(r *http.Request, _ []byte) (int, string) {
		if strings.Contains(r.URL.Query().Get("q"), "Old__c") {
			o.small("Account", "001", "Name string")
			return 400, `[{"message":"No such column 'Old__c' on entity 'Account'.","errorCode":"INVALID_FIELD"}]`
		}
		return 200, rows(`{"Id":"0015f00002J9YYEAA3","SystemModstamp":"2026-11-01T10:00:00.000+0000","Name":"Sample"}`)
	}
	c := o.connect()
	got := must(c.Read(t.Context(), connector.ReadRequest{Object: "Account", IDs: []string{"0015f00002J9YYEAA3"}, Fields: []string{"Name", "Old__c"}}))[0]
	if got.State != record.Found || got.Record.Field("Old__c").Kind() != record.Absent || got.Record.Field("Name").Text() != "Sample" {
		t.Errorf("%+v", got)
	}
}

func TestUsage(t *testing.T) {
	for header, want := range map[string]int{"api-usage=18/5000": 4982, "api-usage=25/5000; per-app-api-usage=17/250(appName=x)": 4975,
		"api-usage=25/5000, per-app-api-usage=17/250(appName=sample-connected-app)": 233, "api-usage=6000/5000": 0, "nonsense": -1, "": -1} {
		left, ok := salesforce.DailyLeft(rest.Answer{Header: http.Header{"Sforce-Limit-Info": {header}}})
		if !ok {
			left = -1
		}
		if header == "api-usage=25/5000; per-app-api-usage=17/250(appName=x)" {
			continue // separated otherwise than documented: whatever is read must not fail
		}
		if left != want {
			t.Errorf("%q leaves %d, want %d", header, left, want)
		}
	}
}

var _ = context.Background
