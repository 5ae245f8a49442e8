package app

import (
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"crosswalk/internal/connector/salespad/salespadtest"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
)

// Company Customer Import and Company Prospect Import beyond the common case (cases_salespad_test.go): a customer and its contacts in one
// write, taken back when one is refused, whole after a crash between any two calls; GP's widths; what a class adds.

// padImport runs a case with the presets and companies of two contacts each to import.
func padImport(t *testing.T, config salespadtest.Config, pairs []string, before, f func(w *world)) {
	t.Helper()
	documents := padPresets(t, "hubspot-salespad", padPeople, pairs...)
	virtual(t, setup{SalesPad: &config, Documents: documents, Draft: true, Quiet: true, HubSpotFields: []string{"companies/customer_number"}}, func(w *world) {
		w.padProvision()
		if before != nil {
			before(w)
		}
		w.live()
		f(w)
	})
}

// padWrote lists what we did at SalesPad, as "create Customer", in order.
func (w *world) padWrote() []string {
	var out []string
	for _, e := range w.SalesPad.Log() {
		if e.By != salespadtest.Person {
			out = append(out, e.Did+" "+e.Resource)
		}
	}
	return out
}

// padCompany enters a company to import with contacts of the names.
func (w *world) padCompany(name string, people ...string) string {
	w.t.Helper()
	domain := strings.ToLower(strings.ReplaceAll(name, " ", "-")) + ".example"
	id := w.hub("companies", "name", name, "domain", domain, "type", "PARTNER")
	for _, p := range people {
		w.hubPerson(id, "lastname", p, "email", strings.ToLower(p)+"@"+domain)
	}
	return id
}

// padWhole wants one customer of the name with these contacts, each linked.
func (w *world) padWhole(company, name string, people ...string) {
	w.t.Helper()
	c := w.padOnly("Customer", "Customer_Name", name)
	if got, _ := w.padLinks("customers"); got[company] != "customers/"+c.Key {
		w.t.Errorf("%s is linked to %q, want %s", name, got[company], c.Key)
	}
	n := 0
	for _, a := range w.SalesPad.All("CustomerAddr") {
		if a.Fields["Customer_Num"] == c.Key {
			n++
		}
	}
	if n != len(people) {
		w.t.Errorf("%s has %d addresses, want %d%s", name, n, len(people), w.story())
	}
	linked, _ := w.padLinks("addresses")
	for _, p := range people {
		a := w.padOnly("CustomerAddr", "Contact_Person", p)
		if a.Fields["Customer_Num"] != c.Key {
			w.t.Errorf("%s belongs to %s", p, a.Fields["Customer_Num"])
		}
		found := false
		for _, to := range linked {
			found = found || to == "customer-addresses/"+a.Key
		}
		if !found {
			w.t.Errorf("%s is not linked: %v", p, linked)
		}
	}
}

// TestImportIsOneWrite (SP-72, SP-78): a customer comes with its contacts in one go, before anything else is done.
func TestImportIsOneWrite(t *testing.T) {
	padImport(t, salespadtest.Config{}, nil, nil, func(w *world) {
		w.SalesPad.ClearLog()
		company := w.padCompany("Nordlys", "Purchasing", "Accounts")
		w.later()
		if got := strings.Join(w.padWrote(), ", "); got != "create Customer, create CustomerAddr, create CustomerAddr" {
			t.Errorf("%s", got)
		}
		w.padWhole(company, "Nordlys", "Purchasing", "Accounts")
		if n := len(w.errors("")); n > 0 {
			t.Errorf("%s", w.story())
		}
		w.padQuiet()
	})
}

// padRefuses has a script of SalesPad's say no to everything new of which this text is a part.
func (w *world) padRefuses(text string) {
	w.SalesPad.SetFault(func(r *http.Request, body []byte) *salespadtest.Fault {
		if r.Method == http.MethodPost && strings.Contains(string(body), text) {
			no := salespadtest.Failed(http.StatusUnprocessableEntity, 3010, "a script said no")
			return &no
		}
		return nil
	})
}

// TestImportIsTakenBack (SP-72, SP-124): a contact that SalesPad refuses takes its customer back, one way or the other; nothing half stays
// unnoticed, and once it is mended all of them are made.
func TestImportIsTakenBack(t *testing.T) {
	for _, kind := range []struct {
		name, profile string
		left          int // customers that stay, inactive
	}{
		{name: "delete"},
		{name: "inactivate", profile: `{ rollback: inactivate }`, left: 1},
	} {
		t.Run(kind.name, func(t *testing.T) {
			documents := padPresets(t, "hubspot-salespad", padPeople)
			virtual(t, setup{SalesPad: &salespadtest.Config{}, Documents: documents, Draft: true, Quiet: true, HubSpotFields: []string{"companies/customer_number"}}, func(w *world) {
				w.padProvision()
				w.padProfile(kind.profile)
				w.live()
				company := w.padCompany("Nordlys", "Purchasing", "Accounts")
				w.padRefuses("Accounts")
				w.later()
				if held := w.wantHeld(companyRef(company), plan.RefusedCall); !strings.Contains(held.Text, "HTTP 422 3010") || !strings.Contains(held.Text, "hubspot:contacts/") {
					t.Errorf("%s", held.Text)
				}
				wrote := len(w.padWrote())
				w.advance(2 * time.Hour)
				if n := len(w.padWrote()); n != wrote {
					t.Errorf("it was tried again %d times in two hours", n-wrote)
				}
				for _, r := range w.SalesPad.All("Customer") {
					if r.Fields["Inactive"] != "true" || kind.left == 0 {
						t.Errorf("%v is left", r)
					}
					w.ok(w.SalesPad.Delete("Customer", r.Key)) // as the administrator does
				}
				w.SalesPad.SetFault(nil)
				w.retry(companyRef(company))
				w.later()
				w.padWhole(company, "Nordlys", "Purchasing", "Accounts")
				if n := len(w.errors("")); n > 0 && kind.left == 0 { // what is left inactive is a record of SalesPad like any other
					t.Errorf("%s", w.story())
				}
			})
		})
	}
}

// TestImportCrashes (A6): whatever call at SalesPad is the last one before the worker vanishes, sent or not, there is one customer with its
// two contacts in the end, and no other.
func TestImportCrashes(t *testing.T) {
	for _, sent := range []bool{false, true} {
		for n := 1; n <= 4; n++ {
			t.Run(fmt.Sprintf("call %d sent %v", n, sent), func(t *testing.T) {
				padImport(t, salespadtest.Config{}, nil, nil, func(w *world) {
					company := w.padCompany("Nordlys", "Purchasing", "Accounts")
					writes, dead := 0, time.Time{}
					w.SalesPad.SetFault(func(r *http.Request, _ []byte) *salespadtest.Fault {
						if time.Now().Before(dead) { // the worker is gone: nothing it would do arrives, and nothing is answered
							return &salespadtest.Fault{Cut: true}
						}
						if r.Method == http.MethodGet {
							return nil
						}
						if writes++; writes != n {
							return nil
						}
						dead = time.Now().Add(3 * time.Minute)
						return &salespadtest.Fault{Cut: true, AfterCommit: sent}
					})
					w.later()
					w.restart()
					w.advance(time.Hour)
					w.padWhole(company, "Nordlys", "Purchasing", "Accounts")
					if c, a := w.SalesPad.Count("Customer"), w.SalesPad.Count("CustomerAddr"); c != 1 || a != 2 {
						t.Errorf("%d customers, %d addresses: %v%s", c, a, w.padWrote(), w.story())
					}
					if n := len(w.errors("")); n > 0 {
						t.Errorf("%s", w.story())
					}
					w.padQuiet()
				})
			})
		}
	}
}

// TestProspectIsConvertedWhileItIsImported (SP-134, C18): the worker vanishes with the prospect made, or one of its contacts too, and somebody
// makes a customer of it before the import goes on. What takes no contacts any more is not taken back: the company and its contacts are at
// the customer in the end, and nothing is twice.
func TestProspectIsConvertedWhileItIsImported(t *testing.T) {
	for _, made := range []int{1, 2} {
		t.Run(fmt.Sprint(made), func(t *testing.T) {
			padImport(t, salespadtest.Config{}, nil, nil, func(w *world) {
				company := w.hub("companies", "name", "Nordlys", "domain", "nordlys.example", "type", "PROSPECT")
				for _, p := range []string{"Purchasing", "Accounts"} {
					w.hubPerson(company, "lastname", p, "email", strings.ToLower(p)+"@nordlys.example")
				}
				writes, dead := 0, time.Time{}
				w.SalesPad.SetFault(func(r *http.Request, _ []byte) *salespadtest.Fault {
					if time.Now().Before(dead) {
						return &salespadtest.Fault{Cut: true}
					}
					if r.Method == http.MethodGet {
						return nil
					}
					if writes++; writes != made {
						return nil
					}
					dead = time.Now().Add(3 * time.Minute)
					return &salespadtest.Fault{Cut: true, AfterCommit: true}
				})
				for n := 0; n < 200 && dead.IsZero(); n++ {
					w.advance(5 * time.Second)
				}
				p := w.padOnly("Prospect", "Prospect_Name", "Nordlys")
				done, err := w.SalesPad.Convert(p.Key, "NEWNUM")
				w.ok(err)
				w.restart()
				w.advance(2 * time.Hour)
				if _, there := w.SalesPad.Get("Prospect", p.Key); !there {
					t.Errorf("the prospect that became a customer was deleted: %v", w.padWrote())
				}
				customers, _ := w.padLinks("customers")
				prospects, _ := w.padLinks("prospects")
				if got := customers[company] + prospects[company]; !strings.Contains(got, "customers/"+done.CustomerNum) {
					t.Errorf("the company is linked to %q%s", got, w.story())
				}
				addresses, _ := w.padLinks("addresses")
				linked, _ := w.padLinks("prospect-contacts")
				maps.Copy(addresses, linked)
				for _, c := range w.alive("contacts") {
					if a := w.padOnly("CustomerAddr", "Email", c.Properties["email"]); addresses[c.ID] != "customer-addresses/"+a.Key {
						t.Errorf("%s is linked to %q, want %s%s", c.Properties["email"], addresses[c.ID], a.Key, w.story())
					}
				}
				if n := w.SalesPad.Count("Customer"); n != 1 || len(w.errors("")) != 0 {
					t.Errorf("%d customers: %v%s", n, w.padWrote(), w.story())
				}
				w.padQuiet()
			})
		})
	}
}

// TestRefusedImportCrashes (SP-72, A6): whatever write is the last one before the worker vanishes, sent or not, of an import of which one contact
// is refused nothing is left, and why says so; mended, all of it is made.
func TestRefusedImportCrashes(t *testing.T) {
	for _, sent := range []bool{false, true} {
		for n := 1; n <= 3; n++ { // the customer, the first contact, and what takes the customer back
			t.Run(fmt.Sprintf("write %d sent %v", n, sent), func(t *testing.T) {
				padImport(t, salespadtest.Config{}, nil, nil, func(w *world) {
					company := w.padCompany("Nordlys", "Accounts", "Purchasing")
					refused, writes, dead := "Purchasing", 0, time.Time{}
					w.SalesPad.SetFault(func(r *http.Request, body []byte) *salespadtest.Fault {
						if time.Now().Before(dead) {
							return &salespadtest.Fault{Cut: true}
						}
						if r.Method == http.MethodGet {
							return nil
						}
						if refused != "" && strings.Contains(string(body), refused) {
							no := salespadtest.Failed(http.StatusUnprocessableEntity, 3010, "a script said no")
							return &no
						}
						if writes++; writes != n {
							return nil
						}
						dead = time.Now().Add(3 * time.Minute)
						return &salespadtest.Fault{Cut: true, AfterCommit: sent}
					})
					w.later()
					w.restart()
					w.advance(time.Hour)
					if c, a := w.SalesPad.Count("Customer"), w.SalesPad.Count("CustomerAddr"); c != 0 || a != 0 {
						t.Errorf("%d customers, %d addresses are left: %v%s", c, a, w.padWrote(), w.story())
					}
					w.wantHeld(companyRef(company), plan.RefusedCall)
					refused = ""
					w.retry(companyRef(company))
					w.later()
					w.padWhole(company, "Nordlys", "Accounts", "Purchasing")
					if n := len(w.errors("")); n > 0 {
						t.Errorf("%s", w.story())
					}
				})
			})
		}
	}
}

// TestImportWidths: what GP has no room for is refused by field and record before anything is sent, or cut where the mapping says so.
func TestImportWidths(t *testing.T) {
	long := strings.Repeat("Verwaltungsgesellschaft ", 4) // 96 characters; GP has 64
	padImport(t, salespadtest.Config{}, nil, nil, func(w *world) {
		w.SalesPad.ClearLog()
		company := w.hub("companies", "name", long, "domain", "long.example", "type", "PARTNER")
		short := w.padCompany("Short", "Desk")
		w.hubPerson(short, "lastname", strings.Repeat("Office", 12), "email", "office@short.example")
		w.later()
		if e := w.why(companyRef(company)); e.Link.Reason == nil || !strings.Contains(e.Link.Reason.Text, "Customer_Name") {
			t.Errorf("%+v", e.Link.Reason)
		}
		if e := w.why(companyRef(short)); e.Link.Reason == nil || !strings.Contains(e.Link.Reason.Text, "Contact_Person of hubspot:contacts/") {
			t.Errorf("%+v", e.Link.Reason)
		}
		if got := w.padWrote(); len(got) > 0 {
			t.Errorf("%v", got)
		}
	})
	cut := []string{"{ a: name, b: Customer_Name, required: true }", "{ a: name, b: Customer_Name, required: true, transform: truncate(64), direction: a_to_b }\n  - { a: name, b: Customer_Name, direction: b_to_a }"}
	padImport(t, salespadtest.Config{}, cut, nil, func(w *world) {
		w.hub("companies", "name", long, "domain", "long.example", "type", "PARTNER")
		w.later()
		if all := w.SalesPad.All("Customer"); len(all) != 1 || len(all[0].Fields["Customer_Name"]) > 64 || !strings.HasPrefix(all[0].Fields["Customer_Name"], "Verwaltungsgesellschaft ") {
			t.Errorf("%v%s", all, w.story())
		}
		w.padQuiet()
	})
}

// TestImportLooksAgain: what a customer class adds is no edit of anybody, writes nothing anywhere, and settles.
func TestImportLooksAgain(t *testing.T) {
	pairs := []string{"  # - { b: Customer_Class, static: RETAIL, table: customer-classes, create_only: true }", "  - { b: Customer_Class, static: RETAIL, create_only: true }"}
	padImport(t, salespadtest.Config{}, pairs, nil, func(w *world) {
		company := w.padCompany("Nordlys", "Purchasing")
		w.later()
		w.padWhole(company, "Nordlys", "Purchasing")
		if c := w.padOnly("Customer", "Customer_Name", "Nordlys"); c.Fields["Customer_Class"] != "RETAIL" {
			t.Errorf("%v", c.Fields)
		}
		if n := len(w.errors("")); n > 0 {
			t.Errorf("%s", w.story())
		}
		w.padQuiet()
	})
}

// TestOneAddressTwoContacts: two contacts that look like one address are not both linked to it; the second waits for a person.
func TestOneAddressTwoContacts(t *testing.T) {
	padImport(t, salespadtest.Config{}, nil, func(w *world) {
		w.SalesPad.Must("Customer", salespadtest.Fields{"Customer_Num": "ALPHA", "Customer_Name": "Alpha Ltd", "Email_To": "ap@alpha.example"})
		w.SalesPad.Must("CustomerAddr", salespadtest.Fields{"Customer_Num": "ALPHA", "Address_Code": "DESK", "Contact_Person": "Front Desk", "Email": "desk@alpha.example"})
	}, func(w *world) {
		company := w.hub("companies", "name", "Alpha Ltd", "domain", "alpha.example", "type", "OTHER")
		first := w.hubPerson(company, "firstname", "Front", "lastname", "Desk", "email", "desk@alpha.example")
		w.later()
		second := w.hubPerson(company, "firstname", "Front", "lastname", "Desk", "email", "front.desk@alpha.example")
		w.later()
		if got, _ := w.padLinks("addresses"); got[first] != "customer-addresses/ALPHA|DESK" || got[second] != "" {
			t.Errorf("%v%s", got, w.story())
		}
		if e := w.why(record.Ref{Connection: "hubspot", Object: "contacts", ID: second}); e.Link.Reason == nil || e.Link.Reason.Category != plan.NameHit {
			t.Errorf("%+v", e.Link.Reason)
		}
		if n := w.SalesPad.Count("CustomerAddr"); n != 1 {
			t.Errorf("%d addresses", n)
		}
	})
}

// TestRenamedBeforeFirstLook (C1): the name of an address that was made for a contact is edited at SalesPad before anybody looked at the
// pair: HubSpot's first and last name, which are made of it, follow. Nothing is split anew where nobody edited it.
func TestRenamedBeforeFirstLook(t *testing.T) {
	padImport(t, salespadtest.Config{}, nil, nil, func(w *world) {
		renamed := false
		w.SalesPad.SetFault(func(r *http.Request, _ []byte) *salespadtest.Fault {
			if all := w.SalesPad.All("CustomerAddr"); len(all) == 2 && !renamed {
				renamed = true
				for _, a := range all {
					change := salespadtest.Fields{"Phone_1": "778899"}
					if a.Fields["Contact_Person"] == "Front Desk" {
						change = salespadtest.Fields{"Contact_Person": "Service Desk North"}
					}
					w.ok(w.SalesPad.Update("CustomerAddr", a.Key, change))
				}
			}
			return nil
		})
		company := w.padCompany("Nordlys")
		first := w.hubPerson(company, "lastname", "Front Desk", "email", "desk@nordlys.example")
		other := w.hubPerson(company, "lastname", "Goods In", "email", "goods@nordlys.example")
		w.later()
		w.later()
		if p := w.at("contacts", first).Properties; p["firstname"] != "Service Desk" || p["lastname"] != "North" {
			t.Errorf("%v%s", p, w.story())
		}
		if p := w.at("contacts", other).Properties; p["firstname"] != "" || p["lastname"] != "Goods In" || !strings.HasPrefix(p["phone"], "778899") {
			t.Errorf("%v%s", p, w.story())
		}
		w.padQuiet()
	})
}
