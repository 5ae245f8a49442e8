package hubspottest_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"crosswalk/internal/connector/hubspot/hubspottest"
)

func create(t *testing.T, s *hubspottest.Sim, objectType string, kv ...string) string {
	t.Helper()
	p := map[string]string{}
	for i := 0; i+1 < len(kv); i += 2 {
		p[kv[i]] = kv[i+1]
	}
	id, err := s.User().Create(objectType, p)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func prop(s *hubspottest.Sim, objectType, id, name string) string {
	r, _ := s.Record(objectType, id)
	return r.Properties[name]
}

// TestVersions: one core behind every prefix (section 1), nothing behind others.
func TestVersions(t *testing.T) {
	s := hubspottest.New(hubspottest.Config{})
	id := create(t, s, "deals", "dealname", "D", "dealstage", "qualifiedtobuy")
	for path, want := range map[string]int{
		"/crm/v3/objects/deals/" + id:                             200,
		"/crm/v3/objects/0-3/" + id:                               200,
		"/crm/objects/2026-03/deal/" + id:                         200,
		"/crm/objects/2026-09/0-3/" + id:                          200,
		"/crm/v4/objects/deals/" + id:                             404,
		"/crm/objects/2027-03-beta/deals/" + id:                   404,
		"/crm/objects/2025-09/deals/" + id:                        404,
		"/crm/objects/deals/" + id:                                404,
		"/crm/v4/objects/deals/" + id + "/associations/companies": 200,
		"/crm/objects/2026-09/deals/" + id + "/associations/0-2":  200,
		"/crm/v3/objects/deals/" + id + "/associations/companies": 404,
		"/crm/v4/associations/deals/companies/labels":             200,
		"/crm/associations/v4/deals/companies/labels":             200,
		"/crm/associations/2026-09/deals/companies/labels":        200,
		"/crm/pipelines/2026-09/deals":                            200,
		"/crm/v3/pipelines/0-3":                                   200,
		"/crm/owners/2026-03":                                     200,
		"/crm/v3/owners":                                          200,
		"/crm/properties/2026-09/line_items":                      200,
		"/account-info/v3/details":                                200,
		"/account-info/2026-09/api-usage/daily/private-apps":      200,
		"/account-info/details":                                   404,
		"/crm/v3/lists":                                           404,
	} {
		resp := send(t, s, hubspottest.PrivateToken, "GET", path, "")
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("GET %s: %d, want %d", path, resp.StatusCode, want)
		}
	}
}

// TestStrict: what the portal refuses, and with which words.
func TestStrict(t *testing.T) {
	s := hubspottest.New(hubspottest.Config{})
	contact := create(t, s, "contacts", "email", "a@example.com")
	deal := create(t, s, "deals", "dealname", "D", "dealstage", "qualifiedtobuy")
	other := create(t, s, "deals", "dealname", "E", "dealstage", "qualifiedtobuy")
	item := create(t, s, "line_items", "name", "L", "quantity", "1", "price", "2")
	ok(t, s.User().Associate("line_items", item, "deals", deal))
	company := create(t, s, "companies", "name", "C")
	hundred := strings.TrimSuffix(strings.Repeat(`{"id":"1"},`, 101), ",")
	for _, c := range []struct {
		name, method, path, body string
		status                   int
		contains                 string
	}{
		{"unknown query parameter", "GET", "/crm/objects/2026-09/deals?limitt=3", "", 400, "limitt"},
		{"unknown body key", "POST", "/crm/objects/2026-09/contacts", `{"properties":{"email":"b@example.com"},"association":[]}`, 400, "association"},
		{"broken JSON", "POST", "/crm/objects/2026-09/contacts", `{"properties":`, 400, "Invalid input JSON on line 1, column"},
		{"no body", "POST", "/crm/objects/2026-09/contacts", ``, 400, "Invalid input JSON"},
		{"unknown property", "POST", "/crm/v3/objects/contacts", `{"properties":{"email":"b@example.com","nope":"1"}}`, 400, "PROPERTY_DOESNT_EXIST"},
		{"calculated property", "PATCH", "/crm/v3/objects/line_items/" + item, `{"properties":{"amount":"1"}}`, 400, "READ_ONLY_VALUE"},
		{"bad e-mail", "POST", "/crm/v3/objects/contacts", `{"properties":{"email":"b at example"}}`, 400, "INVALID_EMAIL"},
		{"bad number", "PATCH", "/crm/v3/objects/deals/" + deal, `{"properties":{"amount":"1,000"}}`, 400, "INVALID_INTEGER"},
		{"bad option", "POST", "/crm/v3/objects/companies", `{"properties":{"name":"x","industry":"Software"}}`, 400, "INVALID_OPTION"},
		{"label instead of value", "POST", "/crm/v3/objects/companies", `{"properties":{"name":"x","type":"Partner"}}`, 400, "INVALID_OPTION"},
		{"bad moment", "PATCH", "/crm/v3/objects/deals/" + deal, `{"properties":{"closedate":"soon"}}`, 400, "INVALID_LONG"},
		{"non-midnight date", "PATCH", "/crm/v3/objects/line_items/" + item, `{"properties":{"hs_recurring_billing_start_date":"1767225601000"}}`, 400, "INVALID_DATE"},
		{"unknown owner", "PATCH", "/crm/v3/objects/deals/" + deal, `{"properties":{"hubspot_owner_id":"1"}}`, 400, "Owner 1 does not exist"},
		{"foreign currency", "PATCH", "/crm/v3/objects/deals/" + deal, `{"properties":{"deal_currency_code":"CHF"}}`, 400, "INVALID_OPTION"},
		{"no stage", "POST", "/crm/v3/objects/deals", `{"properties":{"dealname":"x"}}`, 400, "MISSING_REQUIRED_PROPERTY"},
		{"stage of another pipeline", "POST", "/crm/v3/objects/deals", `{"properties":{"dealname":"x","dealstage":"1180444"}}`, 400, "dealstage"},
		{"pipeline without its stage", "PATCH", "/crm/v3/objects/deals/" + deal, `{"properties":{"pipeline":"771200"}}`, 400, "dealstage"},
		{"contact without any name", "POST", "/crm/v3/objects/contacts", `{"properties":{"phone":"1"}}`, 400, "MISSING_REQUIRED_PROPERTY"},
		{"unknown type", "GET", "/crm/v3/objects/butterflies", "", 400, "Unable to infer object type from: butterflies"},
		{"non-numeric id", "GET", "/crm/v3/objects/deals/abc", "", 404, "OBJECT_NOT_FOUND"},
		{"missing id", "GET", "/crm/v3/objects/deals/1", "", 404, "resource not found"},
		{"idProperty that is not unique", "GET", "/crm/v3/objects/companies/x?idProperty=domain", "", 400, "domain"},
		{"page size", "GET", "/crm/v3/objects/deals?limit=101", "", 400, "limit"},
		{"list cursor", "GET", "/crm/v3/objects/deals?after=xyz", "", 400, "after"},
		{"101 in a batch", "POST", "/crm/v3/objects/deals/batch/read", `{"inputs":[` + hundred + `],"properties":[]}`, 400, "100"},
		{"one id twice", "POST", "/crm/v3/objects/deals/batch/read", `{"inputs":[{"id":"5"},{"id":"5"}],"properties":[]}`, 400, "Duplicate IDs found in batch input: [5]. IDs must be unique"},
		{"batch update by e-mail", "POST", "/crm/v3/objects/contacts/batch/update", `{"inputs":[{"id":"a@example.com","idProperty":"email","properties":{}}]}`, 400, "non-unique 0-1 property"},
		{"upsert by domain", "POST", "/crm/v3/objects/companies/batch/upsert", `{"inputs":[{"id":"x.example","idProperty":"domain","properties":{}}]}`, 400, "non-unique 0-2 property"},
		{"association the wrong way round", "PUT", "/crm/v4/objects/deals/" + deal + "/associations/companies/" + company, `[{"associationCategory":"HUBSPOT_DEFINED","associationTypeId":342}]`, 400, "invalid from object type"},
		{"association of the wrong category", "PUT", "/crm/v4/objects/deals/" + deal + "/associations/companies/" + company, `[{"associationCategory":"USER_DEFINED","associationTypeId":341}]`, 400, "USER_DEFINED"},
		{"association with nothing", "PUT", "/crm/v4/objects/deals/" + deal + "/associations/default/companies/1", ``, 400, "crm.associations.INVALID_IDENTIFIER"},
		{"association with itself", "PUT", "/crm/v4/objects/deals/" + deal + "/associations/default/deals/" + deal, ``, 400, "itself"},
		{"a second deal for a line", "PUT", "/crm/v4/objects/line_items/" + item + "/associations/default/deals/" + other, ``, 400, "already belongs"},
		{"search cursor of a list", "POST", "/crm/v3/objects/deals/search", `{"after":"9100000059a"}`, 400, "Cannot deserialize value of type"},
		{"search beyond 10,000", "POST", "/crm/v3/objects/deals/search", `{"after":"9901","limit":100}`, 400, "10000"},
		{"search by nothing known", "POST", "/crm/v3/objects/deals/search", `{"filterGroups":[{"filters":[{"propertyName":"nope","operator":"EQ","value":"1"}]}]}`, 400, "nope"},
		{"search body too long", "POST", "/crm/v3/objects/deals/search", `{"query":"` + strings.Repeat("x", 3000) + `"}`, 400, "3000"},
		{"seven filters", "POST", "/crm/v3/objects/deals/search", `{"filterGroups":[{"filters":[` + strings.TrimSuffix(strings.Repeat(`{"propertyName":"amount","operator":"GT","value":"1"},`, 7), ",") + `]}]}`, 400, "filter"},
		{"two sort rules", "POST", "/crm/v3/objects/deals/search", `{"sorts":["amount","closedate"]}`, 400, "sort"},
		{"merge of line items", "POST", "/crm/v3/objects/line_items/merge", `{"primaryObjectId":"1","objectIdToMerge":"2"}`, 405, ""},
		{"merge with itself", "POST", "/crm/v3/objects/contacts/merge", fmt.Sprintf(`{"primaryObjectId":%q,"objectIdToMerge":%q}`, contact, contact), 400, "itself"},
		{"negative price", "POST", "/crm/v3/objects/line_items", `{"properties":{"price":"-1"}}`, 400, "price"},
		{"write to owners", "POST", "/crm/v3/owners", `{}`, 405, ""},
		{"property clash", "POST", "/crm/v3/properties/deals", `{"name":"amount","label":"A","type":"number","fieldType":"number","groupName":"dealinformation"}`, 409, "PROPERTY_WITH_NAME_EXISTS"},
		{"property name", "POST", "/crm/v3/properties/deals", `{"name":"Amount","label":"A","type":"number","fieldType":"number","groupName":"dealinformation"}`, 400, "INVALID_PROPERTY_NAME"},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := len(s.Records("contacts")) + len(s.Records("deals")) + len(s.Records("companies")) + len(s.Records("line_items"))
			status, body := call(t, s, c.method, c.path, c.body)
			if status != c.status || !strings.Contains(fmt.Sprint(body), c.contains) {
				t.Errorf("%d %v, want %d with %q", status, body, c.status, c.contains)
			}
			if after := len(s.Records("contacts")) + len(s.Records("deals")) + len(s.Records("companies")) + len(s.Records("line_items")); after != before {
				t.Errorf("a refused call made %d records", after-before)
			}
		})
	}
	r, err := http.NewRequest("POST", "https://api.hubapi.com/crm/v3/objects/contacts", strings.NewReader(`{"properties":{"email":"x@example.com"}}`))
	ok(t, err)
	r.Header.Set("Authorization", "Bearer "+hubspottest.PrivateToken)
	r.Header.Set("Content-Type", "text/plain")
	resp, err := s.Transport().RoundTrip(r)
	ok(t, err)
	if resp.StatusCode != 415 {
		t.Errorf("text/plain: %d, want 415", resp.StatusCode)
	}
}

// TestLineAmounts: expected values worked out by hand.
func TestLineAmounts(t *testing.T) {
	for _, c := range []struct {
		set    hubspottest.Quirks
		props  string
		amount any
	}{
		{props: `"quantity":"3","price":"0.335"`, amount: "1.005"},
		{props: `"quantity":"1000","price":"0.335"`, amount: "335"},
		{props: `"quantity":"7.25","price":"150"`, amount: "1087.5"},
		{props: `"quantity":"8","price":"150","discount":"12.50"`, amount: "1100"},
		{set: hubspottest.Quirks{DiscountPerLine: true}, props: `"quantity":"8","price":"150","discount":"12.50"`, amount: "1187.5"},
		{props: `"quantity":"10","price":"199.99","hs_discount_percentage":"10"`, amount: "1799.91"},
		{props: `"quantity":"3","price":"9.99","hs_discount_percentage":"33"`, amount: "20.0799"},
		{set: hubspottest.Quirks{RoundLineAmounts: true}, props: `"quantity":"3","price":"9.99","hs_discount_percentage":"33"`, amount: "20.08"},
		{props: `"quantity":"1","price":"99999999999999999.99"`, amount: "99999999999999999.99"},
		{props: `"quantity":"2"`, amount: nil},
	} {
		s := hubspottest.New(hubspottest.Config{Quirks: c.set})
		status, body := call(t, s, "POST", "/crm/objects/2026-09/line_items", `{"properties":{`+c.props+`}}`)
		if got := dig(body, "properties", "amount"); status != 201 || got != c.amount {
			t.Errorf("%s: %d amount %v, want %v", c.props, status, got, c.amount)
		}
	}
}

// TestProducts: a line copies its product once; prices in other currencies are
// separate; the deal's amount is nobody's business but the writer's.
func TestProducts(t *testing.T) {
	s := hubspottest.New(hubspottest.Config{})
	p := create(t, s, "products", "name", "Sensor", "price", "199.99", "hs_price_eur", "189.50", "hs_sku", "S-1")
	deal := create(t, s, "deals", "dealname", "D", "dealstage", "qualifiedtobuy", "amount", "10")
	post := func(more string) map[string]any {
		_, body := call(t, s, "POST", "/crm/objects/2026-09/line_items", `{"properties":{"quantity":"2","hs_product_id":"`+p+`"`+more+`},"associations":[{"to":{"id":"`+deal+`"},"types":[{"associationCategory":"HUBSPOT_DEFINED","associationTypeId":20}]}]}`)
		return body
	}
	usd, eur, gbp, own := post(""), post(`,"hs_line_item_currency_code":"EUR"`), post(`,"hs_line_item_currency_code":"GBP"`), post(`,"price":"1","name":"Other"`)
	for name, c := range map[string][2]any{
		"usd": {dig(usd, "properties", "price"), "199.99"}, "sku": {dig(usd, "properties", "hs_sku"), "S-1"}, "name": {dig(usd, "properties", "name"), "Sensor"},
		"eur": {dig(eur, "properties", "price"), "189.50"}, "gbp": {dig(gbp, "properties", "price"), nil}, "own price": {dig(own, "properties", "price"), "1"}, "own name": {dig(own, "properties", "name"), "Other"},
	} {
		if c[0] != c[1] {
			t.Errorf("%s: %v, want %v", name, c[0], c[1])
		}
	}
	ok(t, s.User().Set("products", p, map[string]string{"price": "5"}))
	if got := prop(s, "line_items", dig(usd, "id").(string), "price"); got != "199.99" {
		t.Errorf("a later product edit reached the line: %s", got)
	}
	if got := prop(s, "deals", deal, "amount"); got != "10" {
		t.Errorf("deal amount %s was recomputed", got)
	}
	if got := prop(s, "deals", deal, "hs_num_of_associated_line_items"); got != "4" {
		t.Errorf("hs_num_of_associated_line_items %s, want 4", got)
	}
}

// TestWon: entering a won stage of any pipeline, with history, and T1's lag.
func TestWon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := hubspottest.New(hubspottest.Config{CalculatedLag: 3 * time.Second})
		company := create(t, s, "companies", "name", "C")
		id := create(t, s, "deals", "dealname", "D", "pipeline", hubspottest.SecondPipeline, "dealstage", hubspottest.SecondOpenStage, "amount", "5")
		ok(t, s.User().Associate("deals", id, "companies", company))
		time.Sleep(time.Minute)
		ok(t, s.User().Win(id))
		if got := prop(s, "deals", id, "hs_is_closed_won"); got != "false" {
			t.Errorf("hs_is_closed_won does not trail: %q", got)
		}
		if got := prop(s, "deals", id, "closedate"); got != "2000-01-01T00:01:00Z" {
			t.Errorf("closedate %q", got)
		}
		before := prop(s, "deals", id, "hs_lastmodifieddate")
		time.Sleep(3 * time.Second)
		if got := prop(s, "deals", id, "hs_is_closed_won"); got != "true" {
			t.Errorf("hs_is_closed_won %q after the lag", got)
		}
		if prop(s, "deals", id, "hs_lastmodifieddate") <= before {
			t.Error("the late calculation did not move last-modified")
		}
		_, body := call(t, s, "GET", "/crm/objects/2026-09/deals/"+id+"?propertiesWithHistory=dealstage&properties=hs_v2_date_entered_"+hubspottest.SecondWonStage+",hs_deal_stage_probability", "")
		if got := dig(body, "propertiesWithHistory", "dealstage", 0, "value"); got != hubspottest.SecondWonStage {
			t.Errorf("newest in history: %v", got)
		}
		if got := dig(body, "propertiesWithHistory", "dealstage", 1, "value"); got != hubspottest.SecondOpenStage {
			t.Errorf("oldest in history: %v", got)
		}
		if got := dig(body, "propertiesWithHistory", "dealstage", 0, "sourceType"); got != "CRM_UI" {
			t.Errorf("history source: %v", got)
		}
		if got := dig(body, "properties", "hs_v2_date_entered_"+hubspottest.SecondWonStage); got != "2000-01-01T00:01:00.000Z" {
			t.Errorf("entered %v", got)
		}
		if got := prop(s, "companies", company, "lifecyclestage"); got != "customer" {
			t.Errorf("company stage %q", got)
		}
		ok(t, s.User().Reopen(id))
		ok(t, s.User().Set("deals", id, map[string]string{"pipeline": "default", "dealstage": "appointmentscheduled"}))
		time.Sleep(time.Minute)
		if got := prop(s, "deals", id, "hs_deal_stage_probability"); got != "0.200000000000000011102230246251565404236316680908203125" {
			t.Errorf("probability %s", got)
		}
	})
}

// TestSearchLagAndStaleReads: what a lagging reader may and may not see.
func TestSearchLagAndStaleReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := hubspottest.New(hubspottest.Config{Seed: 3, SearchLag: 10 * time.Second, StaleRead: 2 * time.Second})
		find := func(name string) (total string, results int) {
			_, body := call(t, s, "POST", "/crm/objects/2026-09/companies/search", `{"filterGroups":[{"filters":[{"propertyName":"name","operator":"EQ","value":"`+name+`"}]}],"properties":["name"]}`)
			list, _ := dig(body, "results").([]any)
			return fmt.Sprint(dig(body, "total")), len(list)
		}
		want := func(when, name, total string, results int) {
			t.Helper()
			if gotTotal, got := find(name); gotTotal != total || got != results {
				t.Errorf("%s: %s: total %s, %d results; want %s, %d", when, name, gotTotal, got, total, results)
			}
		}
		id := create(t, s, "companies", "name", "old")
		want("at once", "old", "0", 0)
		time.Sleep(4 * time.Second)
		want("before half the lag", "old", "0", 0)
		time.Sleep(6 * time.Second)
		want("after the lag", "old", "1", 1)
		ok(t, s.User().Set("companies", id, map[string]string{"name": "new"}))
		want("matches by the old value", "old", "1", 1)
		want("not yet by the new one", "new", "0", 0)
		stale, fresh := 0, 0
		for range 200 {
			_, body := call(t, s, "GET", "/crm/objects/2026-09/companies/"+id+"?properties=name", "")
			switch dig(body, "properties", "name") {
			case "old":
				stale++
			case "new":
				fresh++
			}
		}
		if stale < 30 || stale > 90 || stale+fresh != 200 {
			t.Errorf("%d stale and %d fresh of 200 reads", stale, fresh)
		}
		time.Sleep(10 * time.Second)
		want("after the lag", "new", "1", 1)
		_, body := call(t, s, "GET", "/crm/objects/2026-09/companies/"+id+"?properties=name", "")
		if dig(body, "properties", "name") != "new" {
			t.Error("a read is stale after StaleRead")
		}
		ok(t, s.User().Archive("companies", id))
		want("archived, still counted", "new", "1", 0)
		time.Sleep(10 * time.Second)
		want("archived, forgotten", "new", "0", 0)
	})
}

// TestSearchWindow pages to 10,000 and not beyond, without loss among equal times.
func TestSearchWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := hubspottest.New(hubspottest.Config{})
		for i := range 10_050 {
			create(t, s, "products", "name", fmt.Sprint("P", i))
		}
		seen := map[string]bool{}
		after := "0"
		for {
			status, body := call(t, s, "POST", "/crm/objects/2026-09/products/search", `{"limit":200,"after":"`+after+`","sorts":[{"propertyName":"hs_lastmodifieddate","direction":"ASCENDING"}]}`)
			if status != 200 {
				break
			}
			list, _ := dig(body, "results").([]any)
			for _, r := range list {
				seen[dig(r, "id").(string)] = true
			}
			if fmt.Sprint(dig(body, "total")) != "10050" {
				t.Fatalf("total %v", dig(body, "total"))
			}
			after = fmt.Sprint(dig(body, "paging", "next", "after"))
		}
		if after != "10000" || len(seen) != 10_000 {
			t.Errorf("paged to %s, %d different records", after, len(seen))
		}
	})
}

// TestMerge: a new id, aliases, moved associations, no place in lists, events.
func TestMerge(t *testing.T) {
	s := hubspottest.New(hubspottest.Config{})
	u := s.User()
	one, two := create(t, s, "contacts", "email", "one@example.com", "city", "Here"), create(t, s, "contacts", "email", "two@example.com", "city", "There", "phone", "5")
	company := create(t, s, "companies", "name", "C")
	ok(t, u.Associate("contacts", two, "companies", company))
	s.SetWebhook(hubspottest.AppID, "https://hook.example/h", hubspottest.Subscription{EventType: "contact.merge"}, hubspottest.Subscription{EventType: "contact.deletion"})
	id, err := u.Merge("contacts", one, two)
	ok(t, err)
	for _, old := range []string{one, two} {
		status, body := call(t, s, "GET", "/crm/objects/2026-09/contacts/"+old+"?properties=city,phone,email,hs_merged_object_ids&associations=companies", "")
		if status != 200 || dig(body, "id") != id || dig(body, "properties", "city") != "Here" || dig(body, "properties", "phone") != "5" || dig(body, "associations", "companies", "results", 0, "id") != company {
			t.Errorf("alias %s: %d %v", old, status, body)
		}
		status, body = call(t, s, "POST", "/crm/objects/2026-09/contacts/batch/read", `{"inputs":[{"id":"`+old+`"}],"properties":[]}`)
		if status != 207 || dig(body, "errors", 0, "category") != "OBJECT_NOT_FOUND" {
			t.Errorf("batch read of a merged id: %d %v", status, body)
		}
		if status, _ = call(t, s, "PATCH", "/crm/objects/2026-09/contacts/"+old, `{"properties":{"lastname":"X"}}`); status != 200 {
			t.Errorf("PATCH of a merged id: %d", status)
		}
	}
	_, list := call(t, s, "GET", "/crm/objects/2026-09/contacts", "")
	if n := len(dig(list, "results").([]any)); n != 1 {
		t.Errorf("%d contacts in the list, want 1", n)
	}
	if status, body := call(t, s, "POST", "/crm/v3/objects/contacts", `{"properties":{"email":"TWO@example.com"}}`); status != 409 || dig(body, "message") != "Contact already exists. Existing ID: "+id {
		t.Errorf("the second address does not count: %d %v", status, body)
	}
	var types []string
	deliver(t, s, func(e map[string]any) { types = append(types, fmt.Sprint(e["subscriptionType"], e["newObjectId"])) })
	if len(types) != 1 || types[0] != "contact.merge"+id {
		t.Errorf("events %v", types)
	}
}

// TestWriteRules: portal-configured requirements and date warnings on 2026-09 only.
func TestWriteRules(t *testing.T) {
	s := hubspottest.New(hubspottest.Config{})
	s.RequireOnCreate("companies", "domain")
	s.RequireWhen("deals", "closed_lost_reason", "dealstage", "closedlost")
	deal := create(t, s, "deals", "dealname", "D", "dealstage", "qualifiedtobuy")
	item := create(t, s, "line_items", "name", "L")
	for _, c := range []struct {
		method, path, body string
		status             int
		contains           string
	}{
		{"POST", "/crm/v3/objects/companies", `{"properties":{"name":"x"}}`, 201, ""},
		{"POST", "/crm/objects/2026-03/companies", `{"properties":{"name":"x"}}`, 201, ""},
		{"POST", "/crm/objects/2026-09/companies", `{"properties":{"name":"x"}}`, 400, "MISSING_REQUIRED_PROPERTY"},
		{"POST", "/crm/objects/2026-09/companies", `{"properties":{"name":"x","domain":"x.example"}}`, 201, ""},
		{"PATCH", "/crm/objects/2026-09/deals/" + deal, `{"properties":{"dealstage":"closedlost"}}`, 400, "MISSING_CONDITIONAL_REQUIRED_PROPERTY"},
		{"PATCH", "/crm/objects/2026-03/deals/" + deal, `{"properties":{"dealstage":"closedlost"}}`, 200, ""},
		{"PATCH", "/crm/objects/2026-03/line_items/" + item, `{"properties":{"hs_recurring_billing_start_date":"2026-06-01T10:00:00Z"}}`, 400, "INVALID_DATE"},
		{"PATCH", "/crm/objects/2026-09/line_items/" + item, `{"properties":{"hs_recurring_billing_start_date":"2026-06-01T10:00:00Z"}}`, 200, "PROPERTY_VALUE_NORMALIZED"},
	} {
		status, body := call(t, s, c.method, c.path, c.body)
		if status != c.status || !strings.Contains(fmt.Sprint(body), c.contains) {
			t.Errorf("%s %s %s: %d %v", c.method, c.path, c.body, status, body)
		}
	}
	if got := prop(s, "line_items", item, "hs_recurring_billing_start_date"); got != "2026-06-01" {
		t.Errorf("normalised to %q", got)
	}
}

// TestSameSeed: the same calls give the same answers, another seed other ones.
func TestSameSeed(t *testing.T) {
	transcript := func(seed uint64) string {
		var out strings.Builder
		synctest.Test(t, func(t *testing.T) {
			s := hubspottest.New(hubspottest.Config{Seed: seed, SearchLag: time.Second, StaleRead: time.Second, Webhooks: hubspottest.WebhookConfig{MaxDelay: time.Second, DuplicatePercent: 30}})
			s.Sample()
			s.SetWebhook(hubspottest.AppID, "https://hook.example/h", hubspottest.Subscription{EventType: "deal.creation"})
			for i := range 20 {
				_, body := call(t, s, "POST", "/crm/objects/2026-09/deals", fmt.Sprintf(`{"properties":{"dealname":"D%d","dealstage":"closedwon"}}`, i))
				_, again := call(t, s, "GET", "/crm/objects/2026-09/deals/"+dig(body, "id").(string), "")
				_, found := call(t, s, "POST", "/crm/objects/2026-09/deals/search", `{"limit":100}`)
				fmt.Fprintln(&out, body, again, found)
				time.Sleep(100 * time.Millisecond)
			}
			time.Sleep(time.Second)
			deliver(t, s, func(e map[string]any) { fmt.Fprintln(&out, e) })
		})
		return out.String()
	}
	a := transcript(1)
	if a != transcript(1) {
		t.Error("two portals of one seed differ")
	}
	if a == transcript(2) {
		t.Error("two seeds give the same")
	}
}

// TestBatches: 207 rules, shuffled results, trace ids.
func TestBatches(t *testing.T) {
	s := hubspottest.New(hubspottest.Config{Seed: 5})
	a, b := create(t, s, "contacts", "email", "a@example.com"), create(t, s, "contacts", "email", "b@example.com")
	var inputs, ids []string
	for i := range 20 {
		inputs = append(inputs, fmt.Sprintf(`{"properties":{"email":"n%d@example.com"}}`, i))
	}
	status, body := call(t, s, "POST", "/crm/objects/2026-09/contacts/batch/create", `{"inputs":[`+strings.Join(inputs, ",")+`]}`)
	for _, r := range dig(body, "results").([]any) {
		ids = append(ids, dig(r, "properties", "email").(string))
	}
	if status != 201 || len(ids) != 20 || slices.IsSorted(ids) || ids[0] == "n0@example.com" && ids[1] == "n1@example.com" {
		t.Errorf("%d results in input order? %v", status, ids)
	}
	n := len(s.Records("contacts"))
	status, body = call(t, s, "POST", "/crm/objects/2026-09/contacts/batch/create", `{"inputs":[{"properties":{"email":"fine@example.com"}},{"properties":{"email":"a@example.com"}}]}`)
	if status != 409 || len(s.Records("contacts")) != n {
		t.Errorf("without trace ids one conflict must refuse all: %d %v", status, body)
	}
	status, body = call(t, s, "POST", "/crm/objects/2026-09/contacts/batch/create", `{"inputs":[{"objectWriteTraceId":"x","properties":{"email":"fine@example.com"}},{"objectWriteTraceId":"y","properties":{"email":"a@example.com"}},{"objectWriteTraceId":"z","properties":{"nope":"1"}}]}`)
	if status != 207 || len(s.Records("contacts")) != n+1 || fmt.Sprint(dig(body, "numErrors")) != "2" || dig(body, "errors", 0, "context", "existingId", 0) != a || dig(body, "results", 0, "objectWriteTraceId") != "x" {
		t.Errorf("with trace ids: %d %v", status, body)
	}
	status, body = call(t, s, "POST", "/crm/objects/2026-09/contacts/batch/update", `{"inputs":[{"id":"`+a+`","properties":{"city":"X"}},{"id":"77","properties":{"city":"X"}},{"id":"`+b+`","properties":{"city":"X"}}]}`)
	if status != 207 || len(dig(body, "results").([]any)) != 2 || dig(body, "errors", 0, "context", "ids", 0) != "77" || prop(s, "contacts", b, "city") != "X" {
		t.Errorf("a missing row: %d %v", status, body)
	}
	status, body = call(t, s, "POST", "/crm/objects/2026-09/contacts/batch/upsert", `{"inputs":[{"id":"a@example.com","idProperty":"email","properties":{"city":"Y"}},{"id":"new@example.com","idProperty":"email","properties":{"city":"Y"}}]}`)
	if status != 200 || len(dig(body, "results").([]any)) != 2 || prop(s, "contacts", a, "city") != "Y" {
		t.Errorf("upsert: %d %v", status, body)
	}
	status, _ = call(t, s, "POST", "/crm/objects/2026-09/contacts/batch/archive", `{"inputs":[{"id":"`+a+`"},{"id":"99"}]}`)
	if r, _ := s.Record("contacts", a); status != 204 || !r.Archived {
		t.Errorf("archive: %d", status)
	}
}
