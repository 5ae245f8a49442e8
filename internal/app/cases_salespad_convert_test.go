package app

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"crosswalk/internal/connector/salespad/salespadtest"
	"crosswalk/internal/engine/table"
	"crosswalk/internal/store/memory"
)

// Prospects that become customers (SP-113, SP-134..137): links of the company and of its contacts go along, whatever is under way.

// padProspect imports a company as a prospect with one contact and gives both with the prospect's key.
func (w *world) padProspect() (company, person, prospect string) {
	w.t.Helper()
	company = w.hub("companies", "name", "Fjord Textiles", "domain", "fjord.example", "type", "PROSPECT", "city", "Bergen")
	person = w.hubPerson(company, "firstname", "Head", "lastname", "Buyer", "email", "head@fjord.example")
	w.later()
	p := w.padOnly("Prospect", "Prospect_Name", "Fjord Textiles")
	w.padOnly("ProspectContact", "Email", "head@fjord.example")
	return company, person, p.Key
}

// padFollowed wants both links at the customer, its updates at HubSpot, and nothing twice.
func (w *world) padFollowed(company, person, customer string) {
	w.t.Helper()
	if got, _ := w.padLinks("customers"); got[company] != "customers/"+customer {
		got2, _ := w.padLinks("prospects")
		if got2[company] != "customers/"+customer {
			w.t.Errorf("the company is linked to %q, %q%s", got[company], got2[company], w.story())
		}
	}
	address := w.padOnly("CustomerAddr", "Email", "head@fjord.example")
	w.ok(w.SalesPad.Update("Customer", customer, salespadtest.Fields{"Note": "A customer now"}))
	w.ok(w.SalesPad.Update("CustomerAddr", address.Key, salespadtest.Fields{"Phone_1": "778899"}))
	w.later()
	if got := w.at("companies", company).Properties; got["description"] != "A customer now" {
		w.t.Errorf("the company: %v%s", got, w.story())
	}
	if got := w.at("contacts", person).Properties; !strings.HasPrefix(got["phone"], "778899") {
		w.t.Errorf("its contact: %v%s", got, w.story())
	}
	if n, m := len(w.alive("companies")), len(w.alive("contacts")); n != 1 || m != 1 {
		w.t.Errorf("%d companies, %d contacts%s", n, m, w.story())
	}
	if n := len(w.errors("")); n != 0 {
		w.t.Errorf("%s", w.story())
	}
	w.padQuiet()
}

// TestConversionWithoutAMatch: nothing of the customer is like the company any more, and its link goes along all the same.
func TestConversionWithoutAMatch(t *testing.T) {
	pad(t, padPresets(t, "hubspot-salespad", padPeople), nil, func(w *world) {
		company, person, prospect := w.padProspect()
		w.hubSet("companies", company, "name", "Renamed at HubSpot", "domain", "renamed.example")
		w.later()
		done, err := w.SalesPad.Convert(prospect, "NEWNUM")
		w.ok(err)
		w.later()
		w.later()
		w.padFollowed(company, person, done.CustomerNum)
	})
}

// TestConversionIsReadAgain: a look back shows the contacts of a prospect that became a customer once more. They are not taken for new ones
// whose contact another one has.
func TestConversionIsReadAgain(t *testing.T) {
	pad(t, padPresets(t, "hubspot-salespad", padPeople), func(w *world) {
		c := w.Config.Connections["salespad"]
		c.LookBack, c.LookEvery = Duration(30*24*time.Hour), Duration(time.Hour)
		w.Config.Connections["salespad"] = c
		w.App.Connectors["salespad"] = newConnector(w, "salespad")
		w.restart()
	}, func(w *world) {
		company, person, prospect := w.padProspect()
		done, err := w.SalesPad.Convert(prospect, "NEWNUM")
		w.ok(err)
		w.advance(4 * time.Hour)
		w.padFollowed(company, person, done.CustomerNum)
	})
}

// TestConversionInAnUpdateRun: the prospect is converted between the reading of its change and its carrying over, and again while SalesPad's
// own users edit both.
func TestConversionInAnUpdateRun(t *testing.T) {
	pad(t, padPresets(t, "hubspot-salespad", padPeople), nil, func(w *world) {
		company, person, prospect := w.padProspect()
		w.ok(w.SalesPad.Update("Prospect", prospect, salespadtest.Fields{"City": "Oslo"}))
		customer := ""
		w.HubSpot.SetFault(nil)
		w.SalesPad.SetFault(func(r *http.Request, _ []byte) *salespadtest.Fault {
			if customer == "" && r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/api/Prospect") && !strings.Contains(r.URL.RawQuery, "DEX_ROW_TS") {
				done, err := w.SalesPad.Convert(prospect, "")
				if err != nil {
					t.Error(err)
				}
				customer = done.CustomerNum
			}
			return nil
		})
		w.advance(5 * time.Minute)
		if customer == "" { // the change was carried over with what the feed showed: convert it now
			done, err := w.SalesPad.Convert(prospect, "")
			w.ok(err)
			customer = done.CustomerNum
		}
		w.SalesPad.SetFault(nil)
		w.later()
		w.padFollowed(company, person, customer)
	})
}

// TestPlaceOfAMergedCompany (C12, C16): a worker dies between a customer's place and the link of the company that was found for it, and the
// company is merged into another one's counterpart before anybody looks again. The place says nothing then: the customer goes its own way.
func TestPlaceOfAMergedCompany(t *testing.T) {
	dying, dead := false, false
	faulty := func(inner table.Table) table.Table {
		down := func() error {
			if dead {
				return errors.New("killed")
			}
			return nil
		}
		return &memory.Faulty{Inner: inner, Before: func(context.Context, memory.Call) error { return down() },
			After: func(_ context.Context, c memory.Call, answer error) error {
				if c.Op == memory.OpPut && dying && strings.HasPrefix(c.Put.Key.PK, "P#account") && strings.Contains(c.Put.Key.SK, "ALPHA") {
					dying, dead = false, true
				}
				return cmp.Or(down(), answer)
			}}
	}
	documents := padPresets(t, "hubspot-salespad", padPeople)
	virtual(t, setup{SalesPad: &salespadtest.Config{}, Documents: documents, Draft: true, Quiet: true, HubSpotFields: []string{"companies/customer_number"}, Table: faulty}, func(w *world) {
		w.padProvision()
		two := w.hub("companies", "name", "Beta Ltd", "domain", "beta.example")
		w.SalesPad.Must("Customer", salespadtest.Fields{"Customer_Num": "BETA", "Customer_Name": "Beta Ltd", "Email_To": "ap@beta.example"})
		w.live()
		w.later()
		one := w.hub("companies", "name", "Alpha Ltd", "domain", "alpha.example")
		w.SalesPad.Must("Customer", salespadtest.Fields{"Customer_Num": "ALPHA", "Customer_Name": "Alpha Ltd", "Email_To": "ap@alpha.example"})
		dying = true
		for n := 0; n < 200 && !dead; n++ {
			w.advance(5 * time.Second)
		}
		if !dead {
			t.Fatalf("no place was taken%s", w.story())
		}
		merged, err := w.HubSpot.User().Merge("companies", two, one)
		w.ok(err)
		w.hubSet("companies", merged, "domain", "beta.example")
		dead = false
		w.restart()
		w.runNamed("customers", companyRef(one))
		w.advance(2 * time.Hour)
		to, _ := w.padLinks("customers")
		count := map[string]int{}
		for _, b := range to {
			count[b]++
		}
		if to[merged] != "customers/BETA" || count["customers/ALPHA"] != 1 || len(w.alive("companies")) != 2 || len(w.errors("")) != 0 {
			t.Errorf("links %v, %d companies%s", to, len(w.alive("companies")), w.story())
		}
		w.padQuiet()
	})
}
