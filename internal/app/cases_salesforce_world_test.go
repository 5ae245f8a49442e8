package app

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"crosswalk/internal/connector/salesforce/salesforcetest"
	"crosswalk/internal/record"
	"crosswalk/internal/secret"
)

// A case with setup.Salesforce has an org beside the other accounts, with the fields of its own that the sample has, and the
// presets of Salesforce. w.sf... acts as people do at the screen.

const sfToken = "a-session-of-the-integration-user"

// inOrg hands requests to the org in this process.
type inOrg struct{ sim *salesforcetest.Sim }

func (o inOrg) RoundTrip(r *http.Request) (*http.Response, error) {
	in := r.Clone(r.Context())
	if in.Body == nil {
		in.Body = http.NoBody
	}
	in.RequestURI, in.Host, in.RemoteAddr = r.URL.RequestURI(), r.URL.Host, "192.0.2.1:1"
	out := &answered{ResponseRecorder: httptest.NewRecorder()}
	func() {
		defer func() {
			if p := recover(); p == http.ErrAbortHandler {
				out.cut = true
			} else if p != nil {
				panic(p)
			}
		}()
		o.sim.ServeHTTP(out, in)
	}()
	if out.cut {
		return nil, http.ErrHandlerTimeout
	}
	a := out.Result()
	a.Request = r
	if a.Header.Get("Date") == "" {
		a.Header.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	}
	return a, nil
}

type answered struct {
	*httptest.ResponseRecorder
	cut bool
}

// addSalesforce makes the org, its credential and its connection.
func (w *world) addSalesforce(s setup, secrets secret.Store, c *Config, limits string) {
	w.t.Helper()
	org := *s.Salesforce
	if org.Seed == 0 {
		org.Seed = 1
	}
	w.Salesforce = salesforcetest.New(org)
	w.Salesforce.AddToken(sfToken, "")
	w.Salesforce.AddField("Account", salesforcetest.Text(salesforcetest.SampleVATField, 40))
	w.Salesforce.AddField("Account", salesforcetest.Text(salesforcetest.SampleEmailField, 80))
	w.Salesforce.AddField("OpportunityLineItem", salesforcetest.Picklist(salesforcetest.SampleFrequencyField, true, "One-time", "Monthly", "Annual"))
	if s.Org != nil {
		s.Org(w.Salesforce)
	}
	raw, err := json.Marshal(Credential{Key: sfToken})
	w.ok(err)
	w.ok(secrets.Put(w.t.Context(), "salesforce", raw))
	c.Connections["salesforce"] = Connection{System: "salesforce", Base: "https://crosswalk.my.salesforce.com", Account: w.Salesforce.OrgID(), Limits: limits, Currency: "USD"}
	c.Roles["salesforce"] = "salesforce"
}

// sfAsked fills in what the presets ask for: the field that says what recurs.
var sfAsked = []string{"recurring: any", "recurring: no", "  # recurrence: { a: Billing_Frequency__c, once: [ One-time ] }", "  recurrence: { a: Billing_Frequency__c, once: [ One-time ] }",
	"recurrence: { a: ~,", "recurrence: { a: Billing_Frequency__c,"}

func salesforcePresets(t *testing.T, pairs ...string) []string {
	t.Helper()
	return setWith(t, "salesforce-light", append(slices.Clone(sfAsked), pairs...)...)
}

func sfRef(object, id string) record.Ref {
	return record.Ref{Connection: "salesforce", Object: object, ID: id}
}
func oppRef(id string) record.Ref     { return sfRef("Opportunity", id) }
func accountRef(id string) record.Ref { return sfRef("Account", id) }

// values makes fields of pairs.
func values(pairs ...any) map[string]any {
	out := map[string]any{}
	for n := 0; n+1 < len(pairs); n += 2 {
		out[pairs[n].(string)] = pairs[n+1]
	}
	return out
}

func (w *world) sfCreate(object string, v map[string]any) string {
	w.t.Helper()
	id, err := w.Salesforce.Person().Create(object, v)
	w.ok(err)
	return id
}

func (w *world) sfSet(object, id string, pairs ...any) {
	w.t.Helper()
	w.ok(w.Salesforce.Person().Update(object, id, values(pairs...)))
}

// sfAccount makes an account, by default in Denmark.
func (w *world) sfAccount(name string, pairs ...any) string {
	w.t.Helper()
	v := values("Name", name, "BillingCity", "Aarhus", "BillingCountry", "Denmark")
	maps.Copy(v, values(pairs...))
	return w.sfCreate("Account", v)
}

// sfProduct makes an active product with a standard price and gives the id of its price.
func (w *world) sfProduct(name, price string, pairs ...any) (product, entry string) {
	w.t.Helper()
	v := values("Name", name, "IsActive", true)
	maps.Copy(v, values(pairs...))
	product = w.sfCreate("Product2", v)
	return product, w.sfCreate("PricebookEntry", values("Pricebook2Id", w.Salesforce.StandardPricebookID(), "Product2Id", product, "UnitPrice", price, "IsActive", true))
}

// sfDeal makes an open opportunity that closes today, with an account ("" = none) and lines: prices by their entry.
func (w *world) sfDeal(name, account string, amount any, lines ...map[string]any) string {
	w.t.Helper()
	v := values("Name", name, "StageName", "Prospecting", "CloseDate", time.Now().UTC().Format(time.DateOnly))
	if account != "" {
		v["AccountId"] = account
	}
	if amount != nil {
		v["Amount"] = amount
	}
	id := w.sfCreate("Opportunity", v)
	for _, l := range lines {
		l = maps.Clone(l)
		l["OpportunityId"] = id
		w.sfCreate("OpportunityLineItem", l)
	}
	return id
}

// sfLine is a line of a price.
func sfLine(entry, quantity, price string, pairs ...any) map[string]any {
	v := values("PricebookEntryId", entry, "Quantity", quantity, "UnitPrice", price)
	maps.Copy(v, values(pairs...))
	return v
}

// sfWin wins opportunities and lets everything that follows happen: changes are found by polling.
func (w *world) sfWin(ids ...string) {
	w.t.Helper()
	for _, id := range ids {
		w.ok(w.Salesforce.Person().Win(id))
	}
	w.polled()
}

// polled lets the feeds be read and what they bring be worked.
func (w *world) polled() { w.t.Helper(); w.advance(2 * time.Minute) }
