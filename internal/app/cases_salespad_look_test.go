package app

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"crosswalk/internal/connector/salesforce/salesforcetest"
	"crosswalk/internal/connector/salespad/salespadtest"
	"crosswalk/internal/engine"
	"crosswalk/internal/mapping"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
)

// What can be seen of a decision: which match rules were tried and what they found (Enable Company Link Trace), and what SalesPad filled in
// by itself in a record that a pilot made.

// looks are what the match rules found at the newest decision that followed from them, as "rule: hits saw".
func looks(x engine.Explanation) []string {
	for _, e := range x.Entries {
		if len(e.Looks) == 0 {
			continue
		}
		var out []string
		for _, l := range e.Looks {
			out = append(out, strings.TrimSpace(fmt.Sprintf("%s %s: %d %s %s", l.Mapping, l.Rule, l.Hits, strings.Join(l.Of, " "), l.Saw)))
		}
		return out
	}
	return nil
}

// TestMatchTrace (SP-41): why says which rules were tried for a company and its contacts, in order, on which fields, and what each found; names
// and addresses of people are not in it.
func TestMatchTrace(t *testing.T) {
	var direct, byContact, doubtful, nobody, person string
	pad(t, padPresets(t, "hubspot-salespad/link", padPeople), func(w *world) {
		for num, fields := range map[string]salespadtest.Fields{
			"ALPHA": {"Customer_Name": "Alpha Ltd", "Email_To": "ap@alpha.example"}, "BETA": {"Customer_Name": "Formerly Beta"}, "G1": {"Customer_Name": "Gamma East", "Email_To": "e@gamma.example"},
			"G2": {"Customer_Name": "Gamma West", "Email_To": "w@gamma.example"},
		} {
			fields["Customer_Num"] = num
			w.SalesPad.Must("Customer", fields)
		}
		w.SalesPad.Must("CustomerAddr", salespadtest.Fields{"Customer_Num": "BETA", "Address_Code": "DESK", "Contact_Person": "Front Office", "Email": "desk@beta.example"})
		direct = w.hub("companies", "name", "Alpha", "domain", "alpha.example")
		byContact = w.hub("companies", "name", "Renamed")
		person = w.hubPerson(byContact, "lastname", "Office", "email", "desk@beta.example")
		doubtful = w.hub("companies", "name", "Gamma", "domain", "gamma.example")
		nobody = w.hub("companies", "name", "Delta", "domain", "delta.example")
	}, func(w *world) {
		w.later()
		w.later()
		for _, c := range []struct {
			ref  record.Ref
			want []string
		}{
			{companyRef(direct), []string{"customers customer_number = Customer_Num, case_insensitive: 0  blank", "customers domain = Email_To, domain: 1 ALPHA"}},
			{companyRef(doubtful), []string{"customers customer_number = Customer_Num, case_insensitive: 0  blank", "customers domain = Email_To, domain: 2 G1 G2"}},
			{companyRef(byContact), []string{"customers customer_number = Customer_Num, case_insensitive: 0  blank", "customers domain = Email_To, domain: 0  blank", "customers name = Customer_Name, name: 0",
				"prospects domain = Web_Site, domain: 0  blank", "prospects name = Prospect_Name, name: 0", "customers associations.people = what they belong to by addresses: 1 BETA"}},
			{companyRef(nobody), []string{"customers customer_number = Customer_Num, case_insensitive: 0  blank", "customers domain = Email_To, domain: 0", "customers name = Customer_Name, name: 0",
				"prospects domain = Web_Site, domain: 0", "prospects name = Prospect_Name, name: 0", "customers associations.people = what they belong to by addresses: 0",
				"prospects associations.people = what they belong to by prospect-contacts: 0"}},
			{record.Ref{Connection: "hubspot", Object: "contacts", ID: person}, []string{"addresses email = Email, case_insensitive: 1 BETA|DESK"}},
		} {
			var got []string
			for _, x := range w.whys(c.ref) {
				if got = looks(x); len(got) > 0 {
					break
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("%s: %s\nwant %s", c.ref, strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
			if text := strings.Join(got, " "); strings.Contains(text, "@") || strings.Contains(text, "Alpha") || strings.Contains(text, "Office") {
				t.Errorf("it tells values: %s", text)
			}
		}
	})
}

func (w *world) whys(ref record.Ref) []engine.Explanation {
	w.t.Helper()
	list, err := w.Engine.Why(w.t.Context(), ref)
	w.ok(err)
	return list
}

// TestFrequentNames: of the many addresses that are named Front Office the one of the contact's own customer is the match, and where that has
// none a new one is made; without a customer to go by nobody is chosen.
func TestFrequentNames(t *testing.T) {
	for _, hold := range []bool{false, true} {
		t.Run(fmt.Sprintf("shown first %v", hold), func(t *testing.T) {
			pairs := []string{"compare: name, on_hit: hold }\n\nwhen_taken: hold\n\n# Import", "compare: name }\n\nwhen_taken: hold\n\n# Import"}
			if hold {
				pairs = nil
			}
			companies := map[string]string{}
			pad(t, padPresets(t, "hubspot-salespad", padPeople, pairs...), func(w *world) {
				for n := range 9 {
					num := fmt.Sprintf("C%d", n)
					w.SalesPad.Must("Customer", salespadtest.Fields{"Customer_Num": num, "Customer_Name": "Customer " + num, "Email_To": "ap@" + strings.ToLower(num) + ".example"})
					if n != 7 {
						w.SalesPad.Must("CustomerAddr", salespadtest.Fields{"Customer_Num": num, "Address_Code": "DESK", "Contact_Person": "Front Office"})
					}
				}
				w.SalesPad.Must("CustomerAddr", salespadtest.Fields{"Customer_Num": "C8", "Address_Code": "GATE", "Contact_Person": "Front Office"})
			}, func(w *world) {
				people := map[string]string{}
				for _, num := range []string{"C6", "C7", "C8"} {
					companies[num] = w.hub("companies", "name", "Company "+num, "domain", strings.ToLower(num)+".example", "type", "OTHER")
				}
				w.later()
				for num, company := range companies {
					people[num] = w.hubPerson(company, "firstname", "Front", "lastname", "Office", "email", "office@"+strings.ToLower(num)+".example")
				}
				w.later()
				w.later()
				linked, _ := w.padLinks("addresses")
				held := func(num string) (string, int) {
					for _, x := range w.whys(record.Ref{Connection: "hubspot", Object: "contacts", ID: people[num]}) {
						if x.Link.Reason != nil {
							return x.Link.Reason.Category, len(x.Link.Reason.Candidates)
						}
					}
					return "", 0
				}
				category, candidates := held("C6")
				if hold && (category != plan.NameHit || candidates != 1) || !hold && linked[people["C6"]] != "customer-addresses/C6|DESK" {
					t.Errorf("C6: %s of %d, linked to %q%s", category, candidates, linked[people["C6"]], w.story())
				}
				if !strings.HasPrefix(linked[people["C7"]], "customer-addresses/C7|XW") {
					t.Errorf("C7: linked to %q%s", linked[people["C7"]], w.story())
				}
				if category, candidates := held("C8"); category != plan.SeveralHits || candidates != 2 {
					t.Errorf("C8: %s of %d, linked to %q%s", category, candidates, linked[people["C8"]], w.story())
				}
			})
		})
	}
}

// TestPilotReadsAgain: what a customer class fills in a customer that a pilot made is listed, field by field, and settled as it is: nothing
// of it is written anywhere, then or after going live, until somebody changes it.
func TestPilotReadsAgain(t *testing.T) {
	documents := padPresets(t, "hubspot-salespad", padPeople, "  # - { b: Customer_Class, static: RETAIL, table: customer-classes, create_only: true }",
		"  - { b: Customer_Class, static: RETAIL, create_only: true }\n  - { a: terms, b: Payment_Terms }\n  - { a: region, b: Sales_Territory }")
	virtual(t, setup{SalesPad: &salespadtest.Config{}, Documents: documents, Draft: true, Quiet: true,
		HubSpotFields: []string{"companies/customer_number", "companies/terms", "companies/region"}}, func(w *world) {
		w.padProvision()
		company := w.padCompany("Nordlys", "Purchasing")
		w.hubSet("companies", company, "region", "TERRITORY 2")
		for _, name := range []string{"addresses", "customers"} {
			var refs []record.Ref
			if name == "customers" {
				refs = []record.Ref{companyRef(company)}
			} else {
				w.status(name, mapping.Live)
				continue
			}
			_, _, err := w.Engine.StartPilot(w.t.Context(), name, 0, refs, "editor", "")
			w.ok(err)
		}
		w.later()
		w.padWhole(company, "Nordlys", "Purchasing")
		c := w.padOnly("Customer", "Customer_Name", "Nordlys")
		if c.Fields["Payment_Terms"] != "Net 30" || c.Fields["Sales_Territory"] != "TERRITORY 2" {
			t.Fatalf("%v", c.Fields)
		}
		got := map[string]string{}
		for _, e := range w.why(companyRef(company)).Entries {
			if e.Kind != "filled_in" {
				continue
			}
			for _, f := range e.Fields {
				got[f.Field] = f.New.Text() + ": " + f.Rule
			}
		}
		for field, want := range map[string]string{"Payment_Terms": "Net 30: filled in by salespad, settled as it is", "Shipping_Method": "GROUND: filled in by salespad, not mapped",
			"Price_Level": "RETAIL: filled in by salespad, not mapped", "Customer_Num": c.Key + ": filled in by salespad, not mapped"} {
			if got[field] != want {
				t.Errorf("%s: %q, want %q", field, got[field], want)
			}
		}
		for _, field := range []string{"Customer_Name", "Customer_Class", "Sales_Territory", "Inactive", "Customer_Credit_Limit"} {
			if got[field] != "" {
				t.Errorf("%s is listed: %s", field, got[field])
			}
		}
		w.live()
		w.later()
		if terms := w.at("companies", company).Properties["terms"]; terms != "" {
			t.Errorf("what the class filled in was carried to the company: %q", terms)
		}
		w.padQuiet()
		w.ok(w.SalesPad.Update("Customer", c.Key, salespadtest.Fields{"Payment_Terms": "Net 10"}))
		w.later()
		if terms := w.at("companies", company).Properties["terms"]; terms != "Net 10" {
			t.Errorf("a change was not carried: %q%s", terms, w.story())
		}
		text, err := json.Marshal(w.why(companyRef(company)).Link)
		w.ok(err)
		if strings.Contains(string(text), "Net 30") || len(text) > 4000 {
			t.Errorf("the link keeps values, or %d bytes", len(text))
		}
	})
}

// TestPilotReadsAgainAtSalesforce: the same of what Salesforce fills in, which the answer of its create does not show: a checkbox that
// is on by default in an account that a pilot made of a company is listed, and is not carried to the company.
func TestPilotReadsAgainAtSalesforce(t *testing.T) {
	s := pairWorld(pairAccounts)
	s.Draft = true
	s.Org = func(sim *salesforcetest.Sim) {
		f := salesforcetest.Checkbox("Newsletter__c")
		f.Default = true
		sim.AddField("Account", f)
	}
	pair(t, s, func(w *world) {
		w.ok(w.HubSpot.User().Define("companies", "newsletter", "bool", "booleancheckbox", "true", "false"))
		w.apply(strings.Replace(pairAccounts, "fields:\n", "fields:\n  - { a: Newsletter__c, b: newsletter }\n", 1))
		company := w.hub("companies", "name", "Nordlys", "domain", "nordlys.example")
		_, _, err := w.Engine.StartPilot(w.t.Context(), "accounts", 0, []record.Ref{companyRef(company)}, "editor", "")
		w.ok(err)
		w.later()
		got := ""
		for _, e := range w.why(companyRef(company)).Entries {
			for _, f := range e.Fields {
				if e.Kind == "filled_in" && f.Field == "Newsletter__c" {
					got = f.New.Text() + ": " + f.Rule
				}
			}
		}
		if want := "true: filled in by salesforce, settled as it is"; got != want {
			t.Errorf("%q, want %q", got, want)
		}
		w.live()
		w.later()
		account := w.why(companyRef(company)).Link.A
		if account.Connection != "salesforce" {
			account = w.why(companyRef(company)).Link.B
		}
		w.ok(w.Salesforce.Person().Update("Account", account.ID, values("Phone", "+45 44 55 66 77")))
		w.advance(time.Hour)
		if phone := w.at("companies", company).Properties["phone"]; phone == "" {
			t.Errorf("a person's change was not carried%s", w.story())
		}
		if on := w.at("companies", company).Properties["newsletter"]; on != "" {
			t.Errorf("it was carried to the company: %q", on)
		}
		if n := len(w.errors("")); n > 0 {
			t.Errorf("%s", w.story())
		}
	})
}
