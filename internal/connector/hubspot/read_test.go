package hubspot_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/connector/hubspot"
	"crosswalk/internal/connector/hubspot/hubspottest"
	"crosswalk/internal/record"
	"crosswalk/internal/rest"
)

func deal(sim *hubspottest.Sim, name string) string {
	return must(sim.User().Create("deals", map[string]string{"dealname": name, "dealstage": "appointmentscheduled", "pipeline": "default"}))
}

func relatedIDs(r *record.Record, object string) (ids []string, primary string) {
	for _, a := range r.RelatedTo(object) {
		ids = append(ids, a.Ref.ID)
		if a.Primary {
			primary = a.Ref.ID
		}
	}
	return ids, primary
}

func TestAssociations(t *testing.T) {
	for _, version := range []string{hubspot.Version202609, hubspot.Version202603, hubspot.VersionLegacy} {
		t.Run(version, func(t *testing.T) {
			sim := hubspottest.New(hubspottest.Config{})
			u := sim.User()
			d, lone, c1, c2 := deal(sim, "Sample"), deal(sim, "Lone"), company(sim, 1), company(sim, 2)
			for _, id := range []string{c1, c2} {
				if err := u.Associate("deals", d, "companies", id); err != nil {
					t.Fatal(err)
				}
			}
			var lines []string
			for range 620 { // more than one page of 500
				l := must(u.Create("line_items", map[string]string{"name": "Line"}))
				if err := u.Associate("line_items", l, "deals", d); err != nil {
					t.Fatal(err)
				}
				lines = append(lines, l)
			}
			c := connected(sim, func(c *hubspot.Config, _ *rest.Config) { c.Version = version })
			got, err := c.Read(t.Context(), connector.ReadRequest{Object: "deals", IDs: []string{d, lone}, Fields: []string{"dealname", "associations.companies", "primary.company"}, With: []string{"companies", "line_items"}})
			if err != nil {
				t.Fatal(err)
			}
			r := got[0].Record
			companies, primary := relatedIDs(r, "companies")
			if !slices.Equal(companies, []string{c1, c2}) || primary != c1 || r.Field("primary.company").Text() != c1 || !slices.Equal(r.Field("associations.companies").List(), []string{c1, c2}) {
				t.Errorf("companies %v, primary %s, field %s", companies, primary, r.Field("primary.company").Text())
			}
			if got, _ := relatedIDs(r, "line_items"); !slices.Equal(got, lines) {
				t.Errorf("%d lines, want %d", len(got), len(lines))
			}
			if v := got[1].Record.Field("associations.companies"); v.Kind() != record.List || !v.Blank() || got[1].Record.Field("primary.company").Kind() != record.Null || len(got[1].Record.Related) != 0 {
				t.Errorf("a deal without company: %v %v", v.Kind(), got[1].Record.Related)
			}
			if err := u.WithoutPrimary("deals", d); err != nil {
				t.Fatal(err)
			}
			one := readOne(t, c, connector.ReadRequest{Object: "deals", IDs: []string{d}, Fields: []string{"associations.company"}})
			if got := one.Record.Field("associations.company").List(); !slices.Equal(got, []string{c1, c2}) {
				t.Errorf("two companies, none primary: %v", got)
			}
		})
	}
}

// An answer that leaves out a record's associations is not "none".
func TestAssociationsLeftOutAreNotNone(t *testing.T) {
	sim := hubspottest.New(hubspottest.Config{})
	d := deal(sim, "Sample")
	if err := sim.User().Associate("deals", d, "companies", company(sim, 1)); err != nil {
		t.Fatal(err)
	}
	c := connected(sim)
	request := connector.ReadRequest{Object: "deals", IDs: []string{d}, With: []string{"companies"}}
	sim.FailOnce("associations", hubspottest.Fault{Drop: 1})
	if got := readOne(t, c, request); len(got.Record.Related) != 1 {
		t.Errorf("once left out: %+v", got)
	}
	sim.FailNext("associations", 2, hubspottest.Fault{Drop: 1})
	if got, err := c.Read(t.Context(), request); err == nil && got[0].State != record.Unanswered {
		t.Errorf("always left out: %s", got[0].State)
	}
}

func TestMergedRecordsAndTheirOldIDs(t *testing.T) {
	for _, follows := range []bool{false, true} {
		sim := hubspottest.New(hubspottest.Config{Quirks: hubspottest.Quirks{BatchReadMerged: follows}})
		a, b, x := company(sim, 1), company(sim, 2), company(sim, 3)
		merged := must(sim.User().Merge("companies", a, b))
		last := must(sim.User().Merge("companies", merged, x)) // a chain
		got, err := connected(sim).Read(t.Context(), connector.ReadRequest{Object: "companies", IDs: []string{a, b, x, merged, last}, Fields: []string{"name"}})
		if err != nil {
			t.Fatal(err)
		}
		for i, r := range got[:4] {
			if r.State != record.Moved || r.To != ref("companies", last) || r.Record.Ref != r.To {
				t.Errorf("old id %d: %s %s", i, r.State, r.To)
			}
		}
		if got[4].State != record.Found {
			t.Errorf("the new id is %s", got[4].State)
		}
	}
}

// Gone is said by HubSpot, in either of its ways, and never by a stranger's 404.
func TestMissingPages(t *testing.T) {
	for name, c := range map[string]struct {
		fault hubspottest.Fault
		want  record.State
	}{
		"a proxy's 404":    {hubspottest.Fault{Status: 404, Body: "<html>404 page not found</html>"}, record.Unanswered},
		"an empty 404":     {hubspottest.Fault{Status: 404, Body: " "}, record.Unanswered},
		"a JSON 404":       {hubspottest.Fault{Status: 404, Body: `{"status":"error","message":"resource not found"}`}, record.Gone},
		"no right":         {hubspottest.Fault{Status: 403, Body: `{"status":"error","category":"MISSING_PERMISSIONS"}`}, record.NoRight},
		"an internal 500":  {hubspottest.Fault{Status: 500}, record.Unanswered},
		"refused as wrong": {hubspottest.Fault{Status: 400, Body: `{"status":"error","category":"VALIDATION_ERROR"}`}, record.Unanswered},
	} {
		sim := hubspottest.New(hubspottest.Config{})
		live, gone := company(sim, 1), company(sim, 2)
		if err := sim.User().Archive("companies", gone); err != nil {
			t.Fatal(err)
		}
		sim.FailOnce("GET /crm/objects", c.fault)
		got, err := connected(sim).Read(t.Context(), connector.ReadRequest{Object: "companies", IDs: []string{live, gone}, Fields: []string{"name"}})
		if err != nil || got[0].State != record.Found || got[1].State != c.want {
			t.Errorf("%s: %v %v, want %s", name, got, err, c.want)
		}
		if (got[1].State == record.Unanswered || got[1].State == record.NoRight) && connector.FaultOf(got[1].Err) == "" {
			t.Errorf("%s: no reason: %v", name, got[1].Err)
		}
	}
	sim := hubspottest.New(hubspottest.Config{Quirks: hubspottest.Quirks{NotFoundHTML: true}}) // recorded in 2024
	gone := company(sim, 1)
	if err := sim.User().Archive("companies", gone); err != nil {
		t.Fatal(err)
	}
	if got := readOne(t, connected(sim), connector.ReadRequest{Object: "companies", IDs: []string{gone}}); got.State != record.Gone {
		t.Errorf("HubSpot's HTML 404: %s", got.State)
	}
}

func TestMissingScopesNameTheScope(t *testing.T) {
	sim := hubspottest.New(hubspottest.Config{})
	id := company(sim, 1)
	sim.SetScopes(hubspottest.AppID, "oauth")
	_, err := connected(sim).Read(t.Context(), connector.ReadRequest{Object: "companies", IDs: []string{id}})
	if connector.FaultOf(err) != connector.Forbidden || !strings.Contains(err.Error(), "crm.objects.companies.read") || !strings.Contains(err.Error(), "correlation id ") {
		t.Errorf("got %v", err)
	}
}

// T1: won is the stage's metadata, in any pipeline.
func TestTables(t *testing.T) {
	sim := hubspottest.New(hubspottest.Config{Currency: "EUR", AdditionalCurrencies: []string{"USD", "JPY"}, TimeZone: "Europe/Copenhagen"})
	c := connected(sim)
	stages := must(c.Table(t.Context(), "stages"))
	pipelines, won := map[string]bool{}, 0
	for _, r := range stages.Rows {
		pipelines[r.Attrs["pipeline"]] = true
		if r.Attrs["won"] == "true" {
			won++
			if r.Attrs["closed"] != "true" || r.Attrs["pipeline_label"] == "" {
				t.Errorf("won stage %+v", r)
			}
		}
		if r.Key == "closedlost" && (r.Attrs["won"] != "false" || r.Attrs["closed"] != "true") || r.Key == "contractsent" && r.Attrs["closed"] != "false" {
			t.Errorf("stage %+v", r)
		}
	}
	if got := must(c.Table(t.Context(), "pipelines")); len(got.Rows) != len(pipelines) || won != len(pipelines) {
		t.Errorf("%d pipelines, %d with stages, %d won stages", len(got.Rows), len(pipelines), won)
	}
	for i := range 230 {
		sim.AddOwner(hubspottest.Owner{Email: fmt.Sprintf("Owner%d@portal.example", i), Archived: i%3 == 0})
	}
	owners := must(c.Table(t.Context(), "owners"))
	archived := 0
	for _, r := range owners.Rows {
		if r.Attrs["archived"] == "true" {
			archived++
		}
		if r.Attrs["email"] != strings.ToLower(r.Attrs["email"]) {
			t.Errorf("owner %s", r.Key)
		}
	}
	all, gone := 0, 0
	for _, o := range sim.Owners() {
		all++
		if o.Archived {
			gone++
		}
	}
	if len(owners.Rows) != all || archived != gone || all < 230 {
		t.Errorf("%d owners, %d archived; want %d, %d", len(owners.Rows), archived, all, gone)
	}
	want := []connector.Row{{Key: "EUR", Label: "EUR", Attrs: map[string]string{"home": "true"}}, {Key: "USD", Label: "USD", Attrs: map[string]string{"home": "false"}}, {Key: "JPY", Label: "JPY", Attrs: map[string]string{"home": "false"}}}
	if got := must(c.Table(t.Context(), "currencies")); fmt.Sprint(got.Rows) != fmt.Sprint(want) {
		t.Errorf("currencies %v", got.Rows)
	}
	a := must(c.Account(t.Context()))
	if a.ID != fmt.Sprint(sim.PortalID()) || a.Currency != "EUR" || a.TimeZone != "Europe/Copenhagen" {
		t.Errorf("account %+v", a)
	}
	if got := c.URL(ref("deals", "12")); got != "https://app.hubspot.com/contacts/"+a.ID+"/record/0-3/12" {
		t.Errorf("url %s", got)
	}
}

func TestDescribe(t *testing.T) {
	sim := hubspottest.New(hubspottest.Config{})
	c := connected(sim)
	provisioned(t, c, "deals")
	o := must(c.Describe(t.Context(), "deals"))
	fields := map[string]connector.Field{}
	for _, f := range o.Fields {
		fields[f.Name] = f
	}
	for name, want := range map[string]connector.Field{
		"dealname":                {Type: "text", Required: true},
		"amount":                  {Type: "number"},
		"closedate":               {Type: "datetime"},
		"dealstage":               {Type: "enum", Required: true, References: "stages"},
		"hubspot_owner_id":        {Type: "enum", References: "owners"},
		"hs_is_closed_won":        {Type: "bool", ReadOnly: true},
		"crosswalk_key":           {Type: "text", Unique: true},
		"associations.companies":  {Type: "list", References: "companies"},
		"primary.companies":       {Type: "ref", References: "companies"},
		"associations.contacts":   {Type: "list", References: "contacts"},
		"hs_object_id":            {ReadOnly: true},
		"associations.line_items": {Type: "list", References: "line_items"},
	} {
		got, ok := fields[name]
		if !ok || got.Required != want.Required || got.ReadOnly != want.ReadOnly || got.Unique != want.Unique || got.References != want.References || want.Type != "" && got.Type != want.Type {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
	if len(fields["dealtype"].Options) == 0 {
		t.Error("dealtype has no options")
	}
}

// The connector over a true socket, with gzip, redirects and cut connections in play.
func TestOverTCP(t *testing.T) {
	sim := hubspottest.New(hubspottest.Config{})
	server := httptest.NewServer(sim)
	defer server.Close()
	c := connected(sim, func(_ *hubspot.Config, r *rest.Config) { r.Base, r.Transport = server.URL, http.DefaultTransport })
	id := company(sim, 1)
	if got := readOne(t, c, connector.ReadRequest{Object: "companies", IDs: []string{id}, Fields: []string{"name"}}); got.State != record.Found || got.Record.Field("name").Text() != "Sample 1" {
		t.Errorf("%+v", got)
	}
	sim.FailOnce("batch/update", hubspottest.CommittedThenCut())
	o := c.Write(t.Context(), []connector.Write{{Op: connector.OpUpdate, Object: "companies", ID: id, Fields: map[string]record.Value{"name": record.Of("Cut")}}})[0]
	if o.Status != connector.Unknown {
		t.Errorf("a cut write is %s %v", o.Status, o.Err)
	}
	p := must(c.Changes(t.Context(), connector.FeedRequest{Object: "companies", Fields: []string{"name"}}))
	if len(p.Records) != 1 || p.Records[0].Field("name").Text() != "Cut" || p.Total != 1 {
		t.Errorf("%+v", p)
	}
}

// A 429 that names no policy is still obeyed, and the day's limit waits for the account's midnight.
func TestRateLimitsAreObeyed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // begins 2000-01-01T00:00Z, which is 16:00 in Los Angeles
		sim := hubspottest.New(hubspottest.Config{TimeZone: "America/Los_Angeles"})
		id := company(sim, 1)
		c := connected(sim)
		must(c.Account(t.Context()))
		for name, f := range map[string]struct {
			match, body string
			want        connector.Fault
			after       time.Duration
		}{
			"burst":          {"batch/read", hubspottest.TooMany("").Body, connector.Throttled, 10 * time.Second},
			"recorded shape": {"search", `{"status":"error","message":"You have reached your secondly limit.","category":"RATE_LIMITS"}`, connector.Throttled, time.Second},
			"daily":          {"batch/read", `{"status":"error","message":"You have reached your daily limit.","errorType":"RATE_LIMIT","policyName":"DAILY"}`, connector.OutOfQuota, 8 * time.Hour},
			"not JSON":       {"batch/read", `slow down`, connector.Throttled, 10 * time.Second},
		} {
			sim.FailOnce(f.match, hubspottest.Fault{Status: 429, Body: f.body})
			var err error
			if f.match == "search" {
				_, err = c.Changes(t.Context(), connector.FeedRequest{Object: "companies"})
			} else {
				_, err = c.Read(t.Context(), connector.ReadRequest{Object: "companies", IDs: []string{id}})
			}
			var e *connector.Error
			if !asConnectorError(err, &e) || e.Fault != f.want || e.After != f.after {
				t.Errorf("%s: %v, want %s after %v", name, err, f.want, f.after)
			}
		}
	})
}

// The recorded exchanges of section 13, as errors: fields and ids are named, values are not.
func TestRecordedErrors(t *testing.T) {
	const canary = "see.mann@example.com"
	for _, c := range []struct {
		name   string
		status int
		body   string
		want   string
	}{
		{"bad property", 400, `{"status":"error","message":"Property values were not valid: [{\"isValid\":false,\"message\":\"` + canary + ` was not a valid long. Portal 62515, object type 0-47\",\"error\":\"INVALID_LONG\",\"name\":\"hs_meeting_start_time\"}]","correlationId":"8e61f948-f5f6-46b5-8c94-f17c4644fe52","category":"VALIDATION_ERROR"}`,
			"read companies: invalid: HTTP 400 VALIDATION_ERROR: hs_meeting_start_time: correlation id 8e61f948-f5f6-46b5-8c94-f17c4644fe52"},
		{"no category", 400, `{"status":"error","message":"Unable to infer object type from: ` + canary + `"}`, "read companies: invalid: HTTP 400"},
		{"conflict", 409, `{"status":"error","message":"Contact already exists. Existing ID: 123, ` + canary + `","category":"CONFLICT"}`, "read companies: clash: HTTP 409 CONFLICT"},
		{"migrating", 477, `{}`, "read companies: unavailable: HTTP 477: retry in 1m0s"},
		{"gateway", 502, `<html>` + canary, "read companies: unavailable: HTTP 502"},
		{"locked", 423, `{"category":"LOCKED"}`, "read companies: locked: HTTP 423 LOCKED: retry in 2s"},
		{"required by the portal", 400, `{"category":"VALIDATION_ERROR","message":"x","errors":[{"message":"` + canary + `","code":"MISSING_REQUIRED_PROPERTY","context":{"propertyName":["lead_source"]}}]}`,
			"read companies: invalid: HTTP 400 VALIDATION_ERROR MISSING_REQUIRED_PROPERTY: lead_source"},
		{"hostile names", 400, `{"category":"` + canary + `","subCategory":"a b","errors":[{"code":"x y","context":{"propertyName":["` + canary + `","Not A Name"]}}]}`, "read companies: invalid: HTTP 400"},
	} {
		synctest.Test(t, func(t *testing.T) {
			sim := hubspottest.New(hubspottest.Config{})
			id := company(sim, 1)
			sim.FailNext("batch/read", 5, hubspottest.Fault{Status: c.status, Body: c.body, Header: http.Header{"X-Hubspot-Correlation-Id": {canary}}})
			_, err := connected(sim).Read(t.Context(), connector.ReadRequest{Object: "companies", IDs: []string{id}})
			if err == nil || strings.Contains(err.Error(), canary) || strings.TrimSuffix(err.Error(), ": ") != c.want && !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("%s: %v\nwant %s", c.name, err, c.want)
			}
		})
	}
}

func asConnectorError(err error, e **connector.Error) bool {
	got, ok := err.(*connector.Error)
	*e = got
	return ok
}

// Values HubSpot may send in other JSON types keep every digit.
func TestRawValues(t *testing.T) {
	sim := hubspottest.New(hubspottest.Config{})
	id := company(sim, 1)
	sim.FailOnce("batch/read", hubspottest.Fault{Mangle: func(status int, body []byte) (int, []byte) {
		var answer map[string]any
		if err := json.Unmarshal(body, &answer); err != nil {
			t.Fatal(err)
		}
		row := answer["results"].([]any)[0].(map[string]any)
		row["properties"] = map[string]any{"a": json.Number("9007199254740993"), "b": true, "c": nil, "d": "", "e": []int{1, 2}, "hs_lastmodifieddate": "2026-09-01T10:00:00.123Z"}
		return status, must(json.Marshal(answer))
	}})
	got := readOne(t, connected(sim), connector.ReadRequest{Object: "companies", IDs: []string{id}, Fields: []string{"a", "b", "c", "d", "e", "f"}}).Record
	for name, want := range map[string]record.Value{"a": record.Of("9007199254740993"), "b": record.Of("true"), "c": record.Empty(), "d": record.Of(""), "e": record.Of("[1,2]"), "f": {}} {
		if !got.Field(name).Equal(want) {
			t.Errorf("%s: kind %d %q", name, got.Field(name).Kind(), got.Field(name).Text())
		}
	}
	if want := time.Date(2026, 9, 1, 10, 0, 0, 123e6, time.UTC); !got.Modified.Equal(want) {
		t.Errorf("modified %v", got.Modified)
	}
}

// A mass delete costs two calls a hundred, not a hundred 404s; a merged record among them is still followed.
func TestManyDeletedAreSeenInTheBin(t *testing.T) {
	sim := hubspottest.New(hubspottest.Config{})
	var ids []string
	for i := range 60 {
		ids = append(ids, company(sim, i))
	}
	for _, id := range ids[:50] {
		if err := sim.User().Archive("companies", id); err != nil {
			t.Fatal(err)
		}
	}
	merged := must(sim.User().Merge("companies", ids[58], ids[59]))
	sim.ResetCalls()
	got := must(connected(sim).Read(t.Context(), connector.ReadRequest{Object: "companies", IDs: append(ids, "12"), Fields: []string{"name"}}))
	states := map[record.State]int{}
	for _, r := range got {
		states[r.State]++
	}
	if states[record.Gone] != 51 || states[record.Found] != 8 || states[record.Moved] != 2 || got[59].To.ID != merged {
		t.Errorf("%v", states)
	}
	if n := sim.Calls()["total"]; n != 5 {
		t.Errorf("%d calls, want 2 batches and 3 singles", n)
	}
}

func TestLimitsAndWhatIsLeft(t *testing.T) {
	if l := hubspot.Limits(true, "enterprise"); l[0].Calls != 110 || l[0].Daily != 0 || l[1].Within != l[0].Bucket {
		t.Errorf("%+v", l)
	}
	for text, want := range map[string]int{"248628": 248628, "0": 0, "": -1, "x": -1, "-1": -1} {
		n, ok := hubspot.DailyLeft(rest.Answer{Header: http.Header{"X-Hubspot-Ratelimit-Daily-Remaining": {text}}})
		if ok != (want >= 0) || ok && n != want {
			t.Errorf("%q: %d %v", text, n, ok)
		}
	}
}

func TestBadSettingsAreNamed(t *testing.T) {
	client := rest.New(rest.Config{Base: base})
	for want, c := range map[string]hubspot.Config{
		"connection name": {Client: client}, "2025-09": {Connection: "crm", Client: client, Version: "2025-09"},
		"search page 201": {Connection: "crm", Client: client, SearchPage: 201}, "batch -1": {Connection: "crm", Client: client, Batch: -1},
	} {
		if _, err := hubspot.New(c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	c := connected(hubspottest.New(hubspottest.Config{}))
	if text := fmt.Sprintf("%v %+v %#v", c, c, c); strings.Contains(text, hubspottest.ClientSecret) || strings.Contains(text, hubspottest.PrivateToken) {
		t.Error("a connector prints its secrets")
	}
}
