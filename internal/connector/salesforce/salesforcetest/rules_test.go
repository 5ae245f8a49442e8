package salesforcetest

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestWritesAreRefused walks the refusals of section 13 and 15: the code, a part
// of the text, and that nothing was written.
func TestWritesAreRefused(t *testing.T) {
	s := New(Config{})
	s.AddField("Account", ExternalID("Ext__c", 20))
	s.AddField("Account", Multipicklist("Colours__c", true, "red", "blue"))
	s.AddField("Account", Number("Score__c", 18, 2))
	acc := makeRecord(t, s, "Account", `{"Name":"A","Ext__c":"x1"}`)
	gone := makeRecord(t, s, "Account", `{"Name":"Gone"}`)
	if err := s.Person().Delete("Account", gone); err != nil {
		t.Fatal(err)
	}
	lead := makeRecord(t, s, "Lead", `{"LastName":"L","Company":"C"}`)
	if _, err := s.Person().Convert(lead, Conversion{}); err != nil {
		t.Fatal(err)
	}
	idle := s.AddUser("Idle Role", "idle@crosswalk.example")
	if err := s.Person().Update("User", idle, map[string]any{"IsActive": false}); err != nil {
		t.Fatal(err)
	}
	s.ResetLog()
	for _, c := range []struct {
		method, path, body, code, message string
		status                            int
	}{
		{"POST", "/sobjects/Contact", `{"FirstName":"Only"}`, "REQUIRED_FIELD_MISSING", "Required fields are missing: [LastName]", 400},
		{"POST", "/sobjects/Opportunity", `{}`, "REQUIRED_FIELD_MISSING", "[Name, StageName, CloseDate]", 400},
		{"PATCH", "/sobjects/Account/" + acc, `{"Name":""}`, "REQUIRED_FIELD_MISSING", "[Name]", 400},
		{"PATCH", "/sobjects/Account/" + acc, `{"Name":null}`, "REQUIRED_FIELD_MISSING", "[Name]", 400},
		{"POST", "/sobjects/Account", `{"Name":"` + strings.Repeat("é", 256) + `"}`, "STRING_TOO_LONG", "(max length=255)", 400},
		{"POST", "/sobjects/Contact", `{"LastName":"L","Email":"nobody"}`, "INVALID_EMAIL_ADDRESS", "Email: invalid email address: nobody", 400},
		{"POST", "/sobjects/Account", `{"Name":"A","AnnualRevenue":1e18}`, "NUMBER_OUTSIDE_VALID_RANGE", "value outside of valid range", 400},
		{"POST", "/sobjects/Account", `{"Name":"A","NumberOfEmployees":1.5}`, "JSON_PARSER_ERROR", "Cannot deserialize instance of int from VALUE_NUMBER_FLOAT value 1.5", 400},
		{"POST", "/sobjects/Contact", `{"LastName":"L","Birthdate":"tomorrow"}`, "JSON_PARSER_ERROR", "Cannot deserialize instance of date from VALUE_STRING value tomorrow", 400},
		{"POST", "/sobjects/Contact", `{"LastName":"L","Birthdate":"2026-02-30"}`, "JSON_PARSER_ERROR", "date", 400},
		{"POST", "/sobjects/Account", `{"Name":7}`, "JSON_PARSER_ERROR", "instance of string from VALUE_NUMBER_INT value 7", 400},
		{"POST", "/sobjects/Account", `{"Name":"A","Ext__c":"X1"}`, "DUPLICATE_VALUE", "Ext__c duplicates value on record with id: " + acc, 400},
		{"POST", "/sobjects/Account", `{"Name":"A","Colours__c":"red;green"}`, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "bad value for restricted picklist field: green", 400},
		{"POST", "/sobjects/Account", `{"Name":"A","CleanStatus":"Odd"}`, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "Odd", 400},
		{"POST", "/sobjects/Account", `{"Name":"A","Nope":1}`, "INVALID_FIELD", "No such column 'Nope' on sobject of type Account", 400},
		{"PATCH", "/sobjects/Account/" + acc, `{"MasterRecordId":"` + gone + `"}`, "INVALID_FIELD_FOR_INSERT_UPDATE", "Unable to create/update fields: MasterRecordId.", 400},
		{"PATCH", "/sobjects/Account/" + acc, `{"Id":"` + acc + `"}`, "INVALID_FIELD", "Id field should not be specified", 400},
		{"POST", "/sobjects/Contact", `{"LastName":"L","AccountId":"nonsense"}`, "MALFORMED_ID", "Account ID: id value of incorrect type: nonsense", 400},
		{"POST", "/sobjects/Contact", `{"LastName":"L","AccountId":"` + s.PersonID() + `"}`, "MALFORMED_ID", "id value of incorrect type", 400},
		{"POST", "/sobjects/Contact", `{"LastName":"L","AccountId":"001000000000001AAA"}`, "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", 400},
		{"POST", "/sobjects/Contact", `{"LastName":"L","AccountId":"` + gone + `"}`, "ENTITY_IS_DELETED", "entity is deleted", 404},
		{"POST", "/sobjects/Account", `{"Name":"A","OwnerId":"` + idle + `"}`, "INACTIVE_OWNER_OR_USER", "inactive user", 400},
		{"PATCH", "/sobjects/Account/" + gone, `{"Name":"B"}`, "ENTITY_IS_DELETED", "entity is deleted", 404},
		{"GET", "/sobjects/Account/" + gone, ``, "ENTITY_IS_DELETED", "entity is deleted", 404},
		{"DELETE", "/sobjects/Account/" + gone, ``, "ENTITY_IS_DELETED", "entity is deleted", 404},
		{"PATCH", "/sobjects/Lead/" + lead, `{"Company":"D"}`, "CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead", 400},
		{"POST", "/sobjects/Account", `{"Name":"A"`, "JSON_PARSER_ERROR", "at [line:1", 400},
		{"POST", "/sobjects/Account", ``, "JSON_PARSER_ERROR", "No content to map due to end-of-input", 400},
		{"POST", "/sobjects/Account", `{"Name":"A","CurrencyIsoCode":"USD"}`, "INVALID_FIELD", "No such column 'CurrencyIsoCode'", 400},
		{"POST", "/sobjects/Contact", `{"LastName":"L","Account":{"Ext__c":"none"}}`, "INVALID_FIELD", "Foreign key external ID: none not found for field Ext__c in entity Account", 400},
		{"POST", "/sobjects/Task", `{"WhoId":"` + lead + `","WhatId":"` + acc + `"}`, "FIELD_INTEGRITY_EXCEPTION", "WhoId is a lead", 400},
		{"GET", "/sobjects/Nope/" + acc, ``, "NOT_FOUND", "The requested resource does not exist", 404},
		{"GET", "/sobjects/Account/001000000000001AAA", ``, "NOT_FOUND", "The requested resource does not exist", 404},
		{"PUT", "/sobjects/Account/" + acc, `{}`, "METHOD_NOT_ALLOWED", "HTTP Method 'PUT' not allowed", 405},
		{"GET", "/sobjects/Account/" + acc + "?typo=1", ``, "INVALID_QUERY_PARAMETER", "typo", 400},
		{"GET", "/services/data/v30.0/sobjects", ``, "UNSUPPORTED_API_VERSION", "retired", 410},
		{"GET", "/services/data/v99.0/sobjects", ``, "NOT_FOUND", "The requested resource does not exist", 404},
	} {
		expect(t, s, c.method, c.path, c.body, c.status, c.code, c.message)
	}
	if n := len(s.Log()); n != 0 {
		t.Errorf("refused writes left %d effects: %v", n, s.Log())
	}
	expect(t, s, "GET", "/sobjects/Account/"+acc, "", 401, "INVALID_SESSION_ID", "Session expired or invalid", "Authorization", "Bearer other")
	if status, _ := send(t, s, "POST", "/sobjects/Account", "<a/>", "Content-Type", "text/xml"); status != http.StatusUnsupportedMediaType {
		t.Errorf("XML is answered %d", status)
	}
}

// TestSavedValues checks what a write stores (section 4): trimmed text, empty text
// as null, numbers exact, datetimes in the vendor's form, ids in 18 characters.
func TestSavedValues(t *testing.T) {
	s := New(Config{})
	s.AddField("Account", Number("Big__c", 18, 0))
	parent := makeRecord(t, s, "Account", `{"Name":"Parent"}`)
	id := makeRecord(t, s, "account", `{"name":"  Spaced  ","SITE":"","phone":null,"ParentId":"`+parent[:15]+`","big__c":9007199254740993,"AnnualRevenue":"5117586","Industry":"Anything goes","Description":"a\r\nb"}`)
	_, raw := send(t, s, http.MethodGet, "/sobjects/Account/"+strings.ToLower(id)+"?fields=Name,Site,ParentId,Big__c,AnnualRevenue,Industry,Description,IsDeleted,BillingAddress,CreatedDate", "")
	var got map[string]any
	mustJSON(t, raw, &got)
	for k, want := range map[string]any{"Name": "Spaced", "Site": nil, "ParentId": parent, "Big__c": json.Number("9007199254740993.0"), "AnnualRevenue": json.Number("5117586.0"),
		"Industry": "Anything goes", "Description": "a\nb", "IsDeleted": false, "BillingAddress": nil} {
		if got[k] != want {
			t.Errorf("%s is %v, not %v", k, got[k], want)
		}
	}
	if _, err := time.Parse("2006-01-02T15:04:05.000-0700", got["CreatedDate"].(string)); err != nil || !strings.HasSuffix(got["CreatedDate"].(string), ".000+0000") {
		t.Errorf("CreatedDate is %v", got["CreatedDate"])
	}
	if status, raw := send(t, s, http.MethodPatch, "/sobjects/Account/"+id, `{"BillingCity":"Oslo"}`); status != http.StatusNoContent || raw != "" {
		t.Errorf("an update is answered %d %q", status, raw)
	}
	if status, raw := send(t, s, http.MethodPost, "/sobjects/Account/"+id+"?_HttpMethod=PATCH", `{"Site":"by POST"}`); status != http.StatusNoContent {
		t.Errorf("_HttpMethod is answered %d %s", status, raw)
	}
	child := makeRecord(t, s, "Contact", `{"LastName":"L","Account":{"attributes":{"type":"Account"},"Id":"`+id+`"}}`)
	if r, _ := s.Get("Contact", child); r.Text("AccountId") != id {
		t.Errorf("a parent by reference: %v", r.Values["AccountId"])
	}
	address := query1(t, s, "SELECT BillingAddress FROM Account WHERE Id = '"+id[:15]+"'")["BillingAddress"].(map[string]any)
	if strings.Join(keysOf(address), ",") != "city,country,geocodeAccuracy,latitude,longitude,postalCode,state,street" || address["city"] != "Oslo" {
		t.Errorf("a compound address is %v", address)
	}
}

func TestUpsertMatrix(t *testing.T) {
	s := New(Config{})
	s.AddField("Contact", ExternalID("Ext__c", 40))
	type answer struct {
		ID      string
		Success bool
		Created *bool
		Errors  []any
	}
	put := func(path, body string) (int, answer, string) {
		status, raw := send(t, s, http.MethodPatch, path, body)
		var a answer
		_ = json.Unmarshal([]byte(raw), &a) // some answers are lists
		return status, a, raw
	}
	status, first, _ := put("/sobjects/Contact/Ext__c/a%2Fb%20c", `{"LastName":"L"}`)
	if status != 201 || first.Created == nil || !*first.Created || !first.Success || first.Errors == nil {
		t.Errorf("no match: %d %+v", status, first)
	}
	if r, _ := s.Get("Contact", first.ID); r.Text("Ext__c") != "a/b c" {
		t.Errorf("the key was saved as %q", r.Text("Ext__c"))
	}
	if status, again, _ := put("/sobjects/Contact/Ext__c/A%2FB%20C", `{"FirstName":"F"}`); status != 200 || again.ID != first.ID || *again.Created {
		t.Errorf("one match: %d %+v", status, again)
	}
	if status, _, raw := put("/services/data/v45.0/sobjects/Contact/Ext__c/a%2Fb%20c", `{"FirstName":"F"}`); status != 204 || raw != "" {
		t.Errorf("one match before v46: %d %s", status, raw)
	}
	for range 2 {
		makeRecord(t, s, "Contact", `{"LastName":"T","Email":"twice@acme.example"}`)
	}
	status, _, raw := put("/sobjects/Contact/Email/twice@acme.example", `{"FirstName":"F"}`)
	var list []string
	if status != 300 || json.Unmarshal([]byte(raw), &list) != nil || len(list) != 2 || !strings.HasPrefix(list[0], "/services/data/v67.0/sobjects/Contact/003") {
		t.Errorf("two matches: %d %s", status, raw)
	}
	expect(t, s, "PATCH", "/sobjects/Contact/Ext__c/new?updateOnly=true", `{"LastName":"L"}`, 404, "NOT_FOUND", "")
	expect(t, s, "PATCH", "/sobjects/Contact/Phone/1", `{"LastName":"L"}`, 404, "NOT_FOUND", "Provided external ID field does not exist or is not accessible: Phone")
	expect(t, s, "PATCH", "/sobjects/Contact/Ext__c/x", `{"LastName":"L","Ext__c":"x"}`, 400, "INVALID_FIELD", "Ext__c")
	expect(t, s, "PATCH", "/sobjects/Contact/Ext__c/x", `{"LastName":"L","Id":"`+first.ID+`"}`, 400, "INVALID_FIELD", "Id")
	if status, _ := send(t, s, http.MethodDelete, "/sobjects/Contact/"+first.ID, ""); status != 204 {
		t.Errorf("delete: %d", status)
	}
	if status, fresh, _ := put("/sobjects/Contact/Ext__c/a%2Fb%20c", `{"LastName":"L"}`); status != 201 || fresh.ID == first.ID {
		t.Errorf("a deleted match: %d %+v", status, fresh)
	}
}

// TestConditions checks section 10.
func TestConditions(t *testing.T) {
	s := New(Config{})
	acc := makeRecord(t, s, "Account", `{"Name":"A"}`)
	w := answerOf(s, http.MethodGet, "/sobjects/Account/"+acc, "")
	tag, modified := w.Header().Get("ETag"), w.Header().Get("Last-Modified")
	for _, c := range []struct {
		method, body, key, value string
		want                     int
	}{
		{"GET", "", "If-None-Match", tag, 304},
		{"GET", "", "If-Modified-Since", modified, 304},
		{"GET", "", "If-Modified-Since", "Thu, 03 Sep 1998 21:35:07 GMT", 200},
		{"PATCH", `{"Name":"B"}`, "If-Match", tag, 204},
		{"PATCH", `{"Name":"B"}`, "If-Match", `"other"`, 412},
		{"PATCH", `{"Name":"B"}`, "If-Match", "other", 400},
		{"PATCH", `{"Name":"B"}`, "If-Unmodified-Since", "Thu, 03 Sep 1998 21:35:07 GMT", 412},
		{"PATCH", `{"Name":"B"}`, "If-Unmodified-Since", "soon", 400},
		{"PATCH", `{"Name":"B"}`, "If-Unmodified-Since", time.Now().Add(time.Minute).UTC().Format(http.TimeFormat), 204},
	} {
		if got, raw := send(t, s, c.method, "/sobjects/Account/"+acc, c.body, c.key, c.value); got != c.want {
			t.Errorf("%s with %s: %s is answered %d %s, not %d", c.method, c.key, c.value, got, raw, c.want)
		}
	}
}

func TestDuplicateRules(t *testing.T) {
	var want []map[string]any
	raw := recordedFile(t, "contracts/salesforce/aiosalesforce/error-400-duplicates-detected.json")
	mustJSON(t, string(raw), &want)
	s := New(Config{})
	s.AddDuplicateRule(DuplicateRule{Object: "Contact", Fields: []string{"Email"}})
	makeRecord(t, s, "Contact", `{"LastName":"L","Email":"one@acme.example"}`)
	status, body := send(t, s, http.MethodPost, "/sobjects/Contact", `{"LastName":"L","Email":"ONE@acme.example"}`)
	var got []map[string]any
	mustJSON(t, body, &got)
	if status != 400 || len(got) != 1 {
		t.Fatalf("%d %s", status, body)
	}
	for _, d := range shapes("error", any(want[0]), any(got[0])) {
		t.Error(d)
	}
	if got[0]["errorCode"] != "DUPLICATES_DETECTED" || got[0]["duplicateResult"].(map[string]any)["allowSave"] != true {
		t.Errorf("%s", body)
	}
	if status, body := send(t, s, http.MethodPost, "/sobjects/Contact", `{"LastName":"L","Email":"one@acme.example"}`, "Sforce-Duplicate-Rule-Header", "allowSave=true; runAsCurrentUser=true"); status != 201 {
		t.Errorf("allowSave: %d %s", status, body)
	}
	s.ClearRules()
	s.AddDuplicateRule(DuplicateRule{Object: "Contact", Fields: []string{"Email"}, Blocks: true})
	expect(t, s, "POST", "/sobjects/Contact", `{"LastName":"L","Email":"one@acme.example"}`, 400, "DUPLICATES_DETECTED", "", "Sforce-Duplicate-Rule-Header", "allowSave=true")
}

func TestAdminRules(t *testing.T) {
	s := New(Config{})
	s.AddValidation(Validation{Object: "Account", Message: "Phone is needed for hot accounts", Field: "Phone", Fails: func(v Saving) bool { return v.New["Rating"] == "Hot" && v.New["Phone"] == nil }})
	s.AddTrigger("Account", func(v Saving) map[string]any { return map[string]any{"AccountNumber": "N-" + asText(v.New["Name"])} })
	s.AddAutomation("Account", func(v Saving) map[string]any {
		if v.New["Site"] == nil {
			return map[string]any{"Site": "HQ"}
		}
		return nil
	})
	expect(t, s, "POST", "/sobjects/Account", `{"Name":"A","Rating":"Hot"}`, 400, "FIELD_CUSTOM_VALIDATION_EXCEPTION", "Phone is needed for hot accounts")
	s.ResetLog()
	id := makeRecord(t, s, "Account", `{"Name":"A","AccountNumber":"mine"}`)
	r, _ := s.Get("Account", id)
	if r.Text("AccountNumber") != "N-A" || r.Text("Site") != "HQ" {
		t.Errorf("rules did not rewrite: %v %v", r.Values["AccountNumber"], r.Values["Site"])
	}
	if log := s.Log(); len(log) != 1 || log[0].Kind != Create || log[0].User != s.IntegrationUserID() || log[0].Call != "POST /sobjects/{object}" || log[0].Values["Site"] != "HQ" {
		t.Errorf("one transaction gave %+v", log)
	}
	other := s.AddUser("Other Owner", "other@crosswalk.example")
	s.SetAssignment("Account", other)
	routed := makeRecord(t, s, "Account", `{"Name":"B"}`)
	_, raw := send(t, s, "POST", "/sobjects/Account", `{"Name":"C"}`, "Sforce-Auto-Assign", "FALSE")
	var kept struct{ ID string }
	mustJSON(t, raw, &kept)
	a, _ := s.Get("Account", routed)
	b, _ := s.Get("Account", kept.ID)
	if a.Text("OwnerId") != other || b.Text("OwnerId") != s.IntegrationUserID() {
		t.Errorf("assignment: %s and %s", a.Text("OwnerId"), b.Text("OwnerId"))
	}
	s.Lock(id, time.Hour)
	expect(t, s, "PATCH", "/sobjects/Account/"+id, `{"Site":"X"}`, 400, "UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access")
	expect(t, s, "POST", "/sobjects/Contact", `{"LastName":"L","AccountId":"`+id+`"}`, 400, "UNABLE_TO_LOCK_ROW", "")
}

// TestPlaces checks section 15.5 in its three settings.
func TestPlaces(t *testing.T) {
	off := New(Config{})
	free := makeRecord(t, off, "Account", `{"Name":"A","BillingCountry":"Narnia","BillingState":"North"}`)
	if r, _ := off.Get("Account", free); r.Text("BillingCountry") != "Narnia" {
		t.Error("free text is not free")
	}
	expect(t, off, "POST", "/sobjects/Account", `{"Name":"A","BillingCountryCode":"US"}`, 400, "INVALID_FIELD", "No such column 'BillingCountryCode'")
	s := New(Config{StateCountry: StateCountryOn})
	filled := func(id string) string {
		r, _ := s.Get("Account", id)
		return r.Text("BillingCountry") + "/" + r.Text("BillingCountryCode") + "/" + r.Text("BillingState") + "/" + r.Text("BillingStateCode")
	}
	id := makeRecord(t, s, "Account", `{"Name":"A","BillingCountryCode":"US","BillingStateCode":"CA"}`)
	if got := filled(id); got != "United States/US/California/CA" {
		t.Errorf("codes fill texts: %s", got)
	}
	id = makeRecord(t, s, "Account", `{"Name":"A","BillingCountry":"Canada","BillingState":"Ontario"}`)
	if got := filled(id); got != "Canada/CA/Ontario/ON" {
		t.Errorf("texts fill codes: %s", got)
	}
	id = makeRecord(t, s, "Account", `{"Name":"A","BillingCountry":"Germany","BillingCountryCode":"FR"}`)
	if got := filled(id); got != "France/FR//" {
		t.Errorf("on create the code wins: %s", got)
	}
	expect(t, s, "PATCH", "/sobjects/Account/"+id, `{"BillingCountry":"Germany","BillingCountryCode":"FR"}`, 400, "FIELD_INTEGRITY_EXCEPTION", "isn't an available country/territory")
	expect(t, s, "PATCH", "/sobjects/Account/"+id, `{"BillingCountry":"Narnia"}`, 400, "FIELD_INTEGRITY_EXCEPTION", "isn't an available country/territory")
	expect(t, s, "PATCH", "/sobjects/Account/"+id, `{"BillingState":"Texas"}`, 400, "FIELD_INTEGRITY_EXCEPTION", "isn't an available state")
	expect(t, s, "POST", "/sobjects/Account", `{"Name":"A","BillingState":"Texas"}`, 400, "FIELD_INTEGRITY_EXCEPTION", "country/territory must be specified")
	custom := New(Config{StateCountry: StateCountryCustom})
	id = makeRecord(t, custom, "Account", `{"Name":"A","BillingCountryCode":"US"}`)
	if r, _ := custom.Get("Account", id); r.Text("BillingCountry") != "USA" {
		t.Errorf("the edited integration value is %q", r.Text("BillingCountry"))
	}
	expect(t, custom, "POST", "/sobjects/Account", `{"Name":"A","BillingCountry":"United States"}`, 400, "FIELD_INTEGRITY_EXCEPTION", "")
	lead := makeRecord(t, s, "Lead", `{"LastName":"L","Company":"C","CountryCode":"US","StateCode":"WA"}`)
	if r, _ := s.Get("Lead", lead); r.Text("State") != "Washington" {
		t.Errorf("a lead's state is %q", r.Text("State"))
	}
}
