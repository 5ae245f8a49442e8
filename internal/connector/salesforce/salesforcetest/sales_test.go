package salesforcetest

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestPrices walks the chain of section 15.4.
func TestPrices(t *testing.T) {
	s := New(Config{Discounts: true})
	product := makeRecord(t, s, "Product2", `{"Name":"Sensor","ProductCode":"S-1","IsActive":true}`)
	book := makeRecord(t, s, "Pricebook2", `{"Name":"Partners","IsActive":true}`)
	entry := func(book, more string) string {
		return `{"Pricebook2Id":"` + book + `","Product2Id":"` + product + `","IsActive":true` + more + `}`
	}
	expect(t, s, "POST", "/sobjects/PricebookEntry", entry(book, `,"UnitPrice":90`), 400, "STANDARD_PRICE_NOT_DEFINED", "")
	expect(t, s, "POST", "/sobjects/PricebookEntry", entry(s.StandardPricebookID(), ``), 400, "REQUIRED_FIELD_MISSING", "[UnitPrice]")
	standard := makeRecord(t, s, "PricebookEntry", entry(s.StandardPricebookID(), `,"UnitPrice":100`))
	expect(t, s, "POST", "/sobjects/PricebookEntry", entry(s.StandardPricebookID(), `,"UnitPrice":100`), 400, "DUPLICATE_VALUE", "already exists")
	expect(t, s, "POST", "/sobjects/PricebookEntry", entry(book, `,"UseStandardPrice":true,"UnitPrice":90`), 400, "FIELD_INTEGRITY_EXCEPTION", "UnitPrice")
	partner := makeRecord(t, s, "PricebookEntry", entry(book, `,"UseStandardPrice":true`))
	if status, raw := send(t, s, http.MethodPatch, "/sobjects/PricebookEntry/"+standard, `{"UnitPrice":120.5}`); status != 204 {
		t.Fatal(raw)
	}
	if r, _ := s.Get("PricebookEntry", partner); r.Text("UnitPrice") != "120.5" || r.Text("Name") != "Sensor" || r.Text("ProductCode") != "S-1" {
		t.Errorf("an entry with the standard price: %v", r.Values)
	}
	expect(t, s, "PATCH", "/sobjects/PricebookEntry/"+partner, `{"Pricebook2Id":"`+s.StandardPricebookID()+`"}`, 400, "INVALID_FIELD_FOR_INSERT_UPDATE", "Pricebook2Id")
	opp := makeRecord(t, s, "Opportunity", `{"Name":"O","StageName":"Prospecting","CloseDate":"2026-05-31","Amount":7}`)
	line := func(more string) string { return `{"OpportunityId":"` + opp + `"` + more + `}` }
	for _, c := range []struct{ more, code, message string }{
		{`,"Quantity":1,"UnitPrice":1`, "REQUIRED_FIELD_MISSING", "[PricebookEntryId]"},
		{`,"Quantity":1,"UnitPrice":1,"Product2Id":"` + product + `"`, "FIELD_INTEGRITY_EXCEPTION", "price book"},
		{`,"Quantity":0,"UnitPrice":1,"PricebookEntryId":"` + partner + `"`, "FIELD_INTEGRITY_EXCEPTION", "quantity must be nonzero"},
		{`,"Quantity":1,"PricebookEntryId":"` + partner + `"`, "REQUIRED_FIELD_MISSING", "TotalPrice"},
		{`,"Quantity":1,"UnitPrice":1,"TotalPrice":1,"PricebookEntryId":"` + partner + `"`, "FIELD_INTEGRITY_EXCEPTION", "only one"},
	} {
		expect(t, s, "POST", "/sobjects/OpportunityLineItem", line(c.more), 400, c.code, c.message)
	}
	first := makeRecord(t, s, "OpportunityLineItem", line(`,"Quantity":"2.5","UnitPrice":100,"Discount":10,"PricebookEntryId":"`+partner+`"`))
	makeRecord(t, s, "OpportunityLineItem", line(`,"Quantity":4,"TotalPrice":10,"Product2Id":"`+product+`"`))
	got := query1(t, s, "SELECT Amount, HasOpportunityLineItem, Pricebook2.Name, ExpectedRevenue, (SELECT Name, TotalPrice, UnitPrice, ListPrice, ProductCode, PricebookEntry.Product2.Name FROM OpportunityLineItems ORDER BY CreatedDate) FROM Opportunity")
	lines := got["OpportunityLineItems"].(map[string]any)["records"].([]any)
	one, two := lines[0].(map[string]any), lines[1].(map[string]any)
	if got["Amount"] != json.Number("235.0") || got["HasOpportunityLineItem"] != true || got["Pricebook2"].(map[string]any)["Name"] != "Partners" || got["ExpectedRevenue"] != json.Number("23.5") {
		t.Errorf("the opportunity: %v", got)
	}
	if one["TotalPrice"] != json.Number("225.0") || one["Name"] != "O Sensor" || one["ListPrice"] != json.Number("120.5") || two["UnitPrice"] != json.Number("2.5") ||
		one["PricebookEntry"].(map[string]any)["Product2"].(map[string]any)["Name"] != "Sensor" {
		t.Errorf("the lines: %v %v", one, two)
	}
	if status, raw := send(t, s, http.MethodPatch, "/sobjects/Opportunity/"+opp, `{"Amount":1}`); status != 204 {
		t.Errorf("an ignored amount: %d %s", status, raw)
	}
	if r, _ := s.Get("Opportunity", opp); r.Text("Amount") != "235" {
		t.Errorf("a written amount was not ignored: %v", r.Values["Amount"])
	}
	expect(t, s, "PATCH", "/sobjects/Opportunity/"+opp, `{"Pricebook2Id":"`+s.StandardPricebookID()+`"}`, 400, "FIELD_INTEGRITY_EXCEPTION", "line items")
	expect(t, s, "POST", "/sobjects/OpportunityLineItem", line(`,"Quantity":1,"UnitPrice":1,"PricebookEntryId":"`+standard+`"`), 400, "FIELD_INTEGRITY_EXCEPTION", "pricebook entry is in a different pricebook than the one assigned to the opportunity")
	expect(t, s, "DELETE", "/sobjects/PricebookEntry/"+partner, "", 400, "DEPENDENCY_EXISTS", "")
	if err := s.Person().Delete("OpportunityLineItem", first); err != nil {
		t.Fatal(err)
	}
	if r, _ := s.Get("Opportunity", opp); r.Text("Amount") != "10" {
		t.Errorf("after a deleted line: %v", r.Values["Amount"])
	}
}

// TestStages checks what an opportunity derives from its stage (section 15.3).
func TestStages(t *testing.T) {
	s := New(Config{})
	contact := makeRecord(t, s, "Contact", `{"LastName":"L"}`)
	opp := makeRecord(t, s, "Opportunity", `{"Name":"O","StageName":"Qualification","CloseDate":"2026-11-30","Amount":250,"ContactId":"`+contact+`"}`)
	role := query1(t, s, "SELECT ContactId, IsPrimary FROM OpportunityContactRole")
	if role["ContactId"] != contact || role["IsPrimary"] != true {
		t.Errorf("the primary role: %v", role)
	}
	expect(t, s, "PATCH", "/sobjects/Opportunity/"+opp, `{"ContactId":"`+contact+`"}`, 400, "INVALID_FIELD_FOR_INSERT_UPDATE", "ContactId")
	expect(t, s, "PATCH", "/sobjects/Opportunity/"+opp, `{"IsWon":true}`, 400, "INVALID_FIELD_FOR_INSERT_UPDATE", "IsWon")
	check := func(stage string, want ...any) {
		t.Helper()
		r, _ := s.Get("Opportunity", opp)
		got := []any{r.Values["IsClosed"], r.Values["IsWon"], r.Text("Probability"), r.Text("ForecastCategoryName"), r.Text("ExpectedRevenue")}
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("%s gives %v, not %v", stage, got, want)
				return
			}
		}
	}
	check("Qualification", false, false, "10", "Pipeline", "25")
	if err := s.Person().Win(opp); err != nil {
		t.Fatal(err)
	}
	check("Closed Won", true, true, "100", "Closed", "250")
	if status, raw := send(t, s, "PATCH", "/sobjects/Opportunity/"+opp, `{"StageName":"Unheard of"}`); status != 204 {
		t.Errorf("an unknown stage is refused: %s", raw) // accepted silently, section 5
	}
	check("Unheard of", false, false, "0", "Pipeline", "0")
	s.SetStage(Stage{Name: "Signed", Closed: true, Won: true, Probability: 100})
	if status, raw := send(t, s, "PATCH", "/sobjects/Opportunity/"+opp, `{"StageName":"Signed"}`); status != 204 {
		t.Error(raw)
	}
	check("Signed", true, true, "100", "Closed", "250")
	if n := query1(t, s, "SELECT IsWon, IsClosed, DefaultProbability, ForecastCategory FROM OpportunityStage WHERE MasterLabel = 'Signed'"); n["IsWon"] != true || n["ForecastCategory"] != "Closed" {
		t.Errorf("the stage row: %v", n)
	}
	second := makeRecord(t, s, "Contact", `{"LastName":"M"}`)
	makeRecord(t, s, "OpportunityContactRole", `{"OpportunityId":"`+opp+`","ContactId":"`+second+`","IsPrimary":true,"Role":"Decision Maker"}`)
	if got := column1(t, s, "SELECT ContactId FROM OpportunityContactRole WHERE IsPrimary = true", "ContactId"); got != second {
		t.Errorf("primary roles: %s", got)
	}
}

// TestMerge checks section 15.1.
func TestMerge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Config{})
		win, lose := makeRecord(t, s, "Account", `{"Name":"Winner"}`), makeRecord(t, s, "Account", `{"Name":"Loser"}`)
		child := makeRecord(t, s, "Contact", `{"LastName":"L","AccountId":"`+lose+`"}`)
		time.Sleep(time.Minute)
		s.ResetLog()
		if err := s.Person().Merge("Account", win, map[string]any{"Phone": "1"}, lose); err != nil {
			t.Fatal(err)
		}
		expect(t, s, "GET", "/sobjects/Account/"+lose, "", 404, "ENTITY_IS_DELETED", "")
		status, raw := send(t, s, "GET", "/queryAll?q=SELECT+Id,MasterRecordId,IsDeleted+FROM+Account+WHERE+Id+=+'"+lose+"'", "")
		if status != 200 || !strings.Contains(raw, `"MasterRecordId":"`+win+`","IsDeleted":true`) {
			t.Errorf("the loser: %s", raw)
		}
		r, _ := s.Get("Contact", child)
		if r.Text("AccountId") != win || !r.SystemModstamp.After(r.LastModified) {
			t.Errorf("a re-parented child: %v", r)
		}
		kinds := ""
		for _, e := range s.Log() {
			kinds += string(e.Kind) + " " + e.Object + ";"
		}
		if kinds != "update Contact;merge Account;update Account;" {
			t.Errorf("the journal says %s", kinds)
		}
		if err := s.Person().Undelete("Account", lose); err == nil {
			t.Error("a merge loser can be undeleted")
		}
	})
}

// TestConvert checks section 15.2.
func TestConvert(t *testing.T) {
	s := New(Config{})
	campaign := makeRecord(t, s, "Campaign", `{"Name":"C"}`)
	lead := makeRecord(t, s, "Lead", `{"FirstName":"Front","LastName":"Desk","Company":"Acme","Email":"desk@acme.example","Street":"1 Road","City":"Oslo","Country":"Norway"}`)
	makeRecord(t, s, "CampaignMember", `{"CampaignId":"`+campaign+`","LeadId":"`+lead+`"}`)
	expect(t, s, "POST", "/sobjects/CampaignMember", `{"CampaignId":"`+campaign+`","LeadId":"`+lead+`"}`, 400, "DUPLICATE_VALUE", "Already a campaign member")
	s.ResetLog()
	got, err := s.Person().Convert(lead, Conversion{})
	if err != nil {
		t.Fatal(err)
	}
	r, _ := s.Get("Lead", lead)
	if r.Values["IsConverted"] != true || r.Text("ConvertedAccountId") != got.AccountID || r.Text("ConvertedContactId") != got.ContactID || r.Text("ConvertedOpportunityId") != got.OpportunityID || r.Deleted {
		t.Errorf("the lead: %v", r)
	}
	contact, _ := s.Get("Contact", got.ContactID)
	account, _ := s.Get("Account", got.AccountID)
	if contact.Text("Name") != "Front Desk" || contact.Text("MailingCity") != "Oslo" || contact.Text("AccountId") != got.AccountID || account.Text("Name") != "Acme" {
		t.Errorf("contact %v account %v", contact, account)
	}
	log := s.Log()
	for _, e := range log {
		if e.Commit != log[0].Commit {
			t.Error("a conversion is more than one transaction")
		}
	}
	if log[0].Object != "Account" || log[len(log)-1].Object != "Lead" {
		t.Errorf("the lead is not the last change: %v", log)
	}
	if m := query1(t, s, "SELECT ContactId, Status FROM CampaignMember"); m["ContactId"] != got.ContactID || m["Status"] != "Sent" {
		t.Errorf("the member: %v", m)
	}
	if _, err := s.Person().Convert(lead, Conversion{}); err == nil {
		t.Error("a lead can be converted twice")
	}
}

// TestDeleteTree checks cascades, cleared lookups, undelete and the recycle bin.
func TestDeleteTree(t *testing.T) {
	s := New(Config{})
	acc := makeRecord(t, s, "Account", `{"Name":"A"}`)
	con := makeRecord(t, s, "Contact", `{"LastName":"L","AccountId":"`+acc+`"}`)
	opp := makeRecord(t, s, "Opportunity", `{"Name":"O","StageName":"Prospecting","CloseDate":"2026-05-31","AccountId":"`+acc+`","ContactId":"`+con+`"}`)
	campaign := makeRecord(t, s, "Campaign", `{"Name":"C"}`)
	other := makeRecord(t, s, "Opportunity", `{"Name":"P","StageName":"Prospecting","CloseDate":"2026-05-31","CampaignId":"`+campaign+`"}`)
	for _, path := range []string{"/sobjects/Account/" + acc, "/sobjects/Campaign/" + campaign} {
		if status, raw := send(t, s, "DELETE", path, ""); status != 204 {
			t.Fatal(raw)
		}
	}
	if r, _ := s.Get("Opportunity", opp); !r.Deleted {
		t.Error("children stay behind")
	}
	if r, _ := s.Get("Opportunity", other); r.Deleted || r.Values["CampaignId"] != nil {
		t.Errorf("a plain lookup: %v", r.Values["CampaignId"])
	}
	if err := s.Person().Undelete("Account", acc); err != nil {
		t.Fatal(err)
	}
	for _, c := range [][2]string{{"Contact", con}, {"Opportunity", opp}} {
		if r, _ := s.Get(c[0], c[1]); r.Deleted {
			t.Errorf("%s did not come back", c[0])
		}
	}
	makeRecord(t, s, "Case", `{"AccountId":"`+acc+`"}`)
	expect(t, s, "DELETE", "/sobjects/Account/"+acc, "", 400, "DELETE_FAILED", "associated with the following Cases")
	if err := s.Person().Delete("Contact", con); err != nil {
		t.Fatal(err)
	}
	if err := s.Person().Purge("Contact", con); err != nil {
		t.Fatal(err)
	}
	if _, raw := send(t, s, "GET", "/queryAll?q=SELECT+Id+FROM+Contact", ""); strings.Contains(raw, con) {
		t.Error("a purged record shows")
	}
}

// TestPersonAccounts checks section 15.8.
func TestPersonAccounts(t *testing.T) {
	s := New(Config{PersonAccounts: true})
	person := makeRecord(t, s, "Account", `{"FirstName":"Sole","LastName":"Trader","PersonEmail":"sole@trader.example"}`)
	r, _ := s.Get("Account", person)
	if r.Values["IsPersonAccount"] != true || r.Text("Name") != "Sole Trader" || r.Text("PersonContactId") == "" {
		t.Errorf("%v", r.Values)
	}
	c, _ := s.Get("Contact", r.Text("PersonContactId"))
	if c.Text("Email") != "sole@trader.example" || c.Text("AccountId") != person || c.Values["IsPersonAccount"] != true {
		t.Errorf("the shadow contact: %v", c.Values)
	}
	expect(t, s, "PATCH", "/sobjects/Contact/"+c.ID, `{"Email":"x@trader.example"}`, 400, "INVALID_PERSON_ACCOUNT_OPERATION", "")
	expect(t, s, "PATCH", "/sobjects/Account/"+person, `{"Name":"Other"}`, 400, "INVALID_FIELD_FOR_INSERT_UPDATE", "Name")
	business := makeRecord(t, s, "Account", `{"Name":"Company"}`)
	expect(t, s, "PATCH", "/sobjects/Account/"+business, `{"PersonEmail":"x@trader.example"}`, 400, "INVALID_FIELD_FOR_INSERT_UPDATE", "PersonEmail")
	if status, raw := send(t, s, "PATCH", "/sobjects/Account/"+person, `{"PersonEmail":"new@trader.example"}`); status != 204 {
		t.Fatal(raw)
	}
	if c, _ := s.Get("Contact", c.ID); c.Text("Email") != "new@trader.example" {
		t.Errorf("the contact does not follow: %v", c.Values["Email"])
	}
	if r, _ := s.Get("Account", business); r.Values["IsPersonAccount"] != false || r.Text("RecordTypeId") == "" {
		t.Errorf("a business account: %v", r.Values["RecordTypeId"])
	}
}

func TestCurrencies(t *testing.T) {
	s := New(Config{MultiCurrency: true})
	id := makeRecord(t, s, "Opportunity", `{"Name":"O","StageName":"Prospecting","CloseDate":"2026-05-31","CurrencyIsoCode":"EUR"}`)
	expect(t, s, "PATCH", "/sobjects/Opportunity/"+id, `{"CurrencyIsoCode":"XXX"}`, 400, "INVALID_CURRENCY_ISO", "XXX")
	if r, _ := s.Get("Account", makeRecord(t, s, "Account", `{"Name":"A"}`)); r.Text("CurrencyIsoCode") != "USD" {
		t.Errorf("the default currency is %v", r.Values["CurrencyIsoCode"])
	}
	product := makeRecord(t, s, "Product2", `{"Name":"P","IsActive":true}`)
	entry := makeRecord(t, s, "PricebookEntry", `{"Pricebook2Id":"`+s.StandardPricebookID()+`","Product2Id":"`+product+`","UnitPrice":1,"IsActive":true}`)
	expect(t, s, "POST", "/sobjects/OpportunityLineItem", `{"OpportunityId":"`+id+`","PricebookEntryId":"`+entry+`","Quantity":1,"UnitPrice":1}`, 400, "FIELD_INTEGRITY_EXCEPTION", "currency")
	s.SetRate("EUR", "0.92", time.Now().Add(-time.Hour))
	if r := query1(t, s, "SELECT ConversionRate, IsCorporate FROM CurrencyType WHERE IsoCode = 'EUR'"); r["ConversionRate"] != json.Number("0.92") {
		t.Errorf("%v", r)
	}
}

// TestActivities checks section 15.6.
func TestActivities(t *testing.T) {
	s := New(Config{})
	acc := makeRecord(t, s, "Account", `{"Name":"A"}`)
	con := makeRecord(t, s, "Contact", `{"LastName":"L","AccountId":"`+acc+`"}`)
	task := makeRecord(t, s, "Task", `{"Subject":"Call","WhoId":"`+con+`","Status":"Completed"}`)
	if r, _ := s.Get("Task", task); r.Values["IsClosed"] != true || r.Text("AccountId") != acc || r.Text("Priority") != "Normal" || r.Text("CompletedDateTime") == "" || r.Text("TaskSubtype") != "Task" {
		t.Errorf("%v", r.Values)
	}
	expect(t, s, "PATCH", "/sobjects/Task/"+task, `{"TaskSubtype":"Call"}`, 400, "INVALID_FIELD_FOR_INSERT_UPDATE", "TaskSubtype")
	event := makeRecord(t, s, "Event", `{"Subject":"Visit","StartDateTime":"2026-05-04T09:00:00Z","EndDateTime":"2026-05-04T10:30:00+00:00"}`)
	if r, _ := s.Get("Event", event); r.Text("DurationInMinutes") != "90" || r.Text("ActivityDate") != "2026-05-04" {
		t.Errorf("%v", r.Values)
	}
	expect(t, s, "POST", "/sobjects/Event", `{"Subject":"V","StartDateTime":"2026-05-04T09:00:00Z","EndDateTime":"2026-05-04T10:30:00Z","DurationInMinutes":60}`, 400, "FIELD_INTEGRITY_EXCEPTION", "DurationInMinutes")
	expect(t, s, "POST", "/sobjects/Event", `{"Subject":"V"}`, 400, "REQUIRED_FIELD_MISSING", "DurationInMinutes")
}
