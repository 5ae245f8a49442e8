package app

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"crosswalk/internal/connector/salespad/salespadtest"
	"crosswalk/internal/engine"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
)

// Settings of SalesPad's own integration as they are here: how far exports look back, rows of a page, the minimum create date, what becomes of
// a half import, and a wrong link.

// padConnection changes the connection's configuration.
func (w *world) padConnection(change func(c *Connection)) {
	w.t.Helper()
	c := w.Config.Connections["salespad"]
	change(&c)
	w.Config.Connections["salespad"] = c
	w.ok(w.Config.check())
	w.App.Connectors["salespad"] = newConnector(w, "salespad")
	w.restart()
}

// TestExportRangeDays (SP-101, SP-140): an edit of a user field moves no stamp; it reaches the company by look_back once in every look_every,
// and not without. Nothing else of what is seen again is written.
func TestExportRangeDays(t *testing.T) {
	for _, back := range []bool{true, false} {
		documents := padPresets(t, "hubspot-salespad", padPeople)
		virtual(t, setup{SalesPad: &salespadtest.Config{}, Documents: documents, Draft: true, Quiet: true, HubSpotFields: []string{"companies/customer_number", "companies/region"}}, func(w *world) {
			w.padProvision()
			if back {
				w.padConnection(func(c *Connection) { c.LookBack, c.LookEvery = Duration(168*time.Hour), Duration(6*time.Hour) })
			}
			for _, num := range []string{"ALPHA", "BETA", "GAMMA"} {
				w.SalesPad.Must("Customer", salespadtest.Fields{"Customer_Num": num, "Customer_Name": num + " Ltd", "xRegion": "South"})
			}
			for _, text := range documents {
				if strings.Contains(text, "\nmapping: customers\n") {
					w.apply(text + "  - { a: region, b: UserFields.xRegion }\n")
				}
			}
			w.live()
			w.later()
			w.advance(24 * time.Hour)
			before := w.hubStamps()
			w.ok(w.SalesPad.Update("Customer", "BETA", salespadtest.Fields{"xRegion": "North"}))
			w.advance(8 * time.Hour)
			company := w.inHub("companies", "name", "BETA Ltd")
			if got := company.Properties["region"]; (got == "North") != back {
				t.Errorf("look back %v: the region is %q%s", back, got, w.story())
			}
			for name, at := range w.hubStamps() {
				if !before[name].Equal(at) && name != "companies/"+company.ID {
					t.Errorf("look back %v: %s was written", back, name)
				}
			}
			w.padQuiet()
		})
	}
}

// TestExportPage (SP-104, SP-140, SP-153): page_size is how many rows a page has, and all rows come.
func TestExportPage(t *testing.T) {
	virtual(t, setup{SalesPad: &salespadtest.Config{}, Documents: padPresets(t, "hubspot-salespad", padDeals), Draft: true, Quiet: true, HubSpotFields: []string{"companies/customer_number"}}, func(w *world) {
		w.padProvision()
		w.padConnection(func(c *Connection) { c.PageSize = 7 })
		for n := range 30 {
			num := string(rune('A'+n%26)) + strings.Repeat("X", n/26)
			w.SalesPad.Must("Customer", salespadtest.Fields{"Customer_Num": num, "Customer_Name": num + " Ltd"})
		}
		w.ok(w.SalesPad.LoadItems(20))
		tops := map[string]int{}
		w.SalesPad.SetFault(func(r *http.Request, _ []byte) *salespadtest.Fault {
			if top := r.URL.Query().Get("$top"); r.Method == http.MethodGet && top != "" && (strings.HasSuffix(r.URL.Path, "/Customer") || strings.HasSuffix(r.URL.Path, "/ItemMaster")) {
				tops[top]++
			}
			return nil
		})
		w.live()
		w.later()
		w.later()
		if n, m := len(w.alive("companies")), len(w.alive("products")); n != 30 || m != 20 {
			t.Errorf("%d companies, %d products%s", n, m, w.story())
		}
		if tops["7"] < 8 || tops["100"] > 0 {
			t.Errorf("pages by their rows: %v", tops)
		}
	})
}

// TestMinimumCreateDate (SP-82, SP-115, SP-132): companies of before the day in the filter are not imported; when the day is moved back,
// crosswalk run imports the older ones, and makes none twice.
func TestMinimumCreateDate(t *testing.T) {
	from := func(day string) []string {
		return padPresets(t, "hubspot-salespad", padPeople, `'type in ["PARTNER", "RESELLER"]'`, `'type in ["PARTNER", "RESELLER"] and createdate >= "`+day+`"'`, `'type == "PROSPECT"'`, `'type == "PROSPECT" and createdate >= "`+day+`"'`)
	}
	pad(t, from("2026-09-03"), nil, func(w *world) {
		old := w.padCompany("Nordlys", "Purchasing")
		maybe := w.hub("companies", "name", "Old Prospect", "domain", "oldprospect.example", "type", "PROSPECT")
		w.advance(72 * time.Hour)
		young := w.padCompany("Fjord Textiles", "Desk")
		w.later()
		w.padWhole(young, "Fjord Textiles", "Desk")
		if n, m := w.SalesPad.Count("Customer"), w.SalesPad.Count("Prospect"); n != 1 || m != 0 {
			t.Fatalf("%d customers, %d prospects%s", n, m, w.story())
		}
		if e := w.why(companyRef(old)); e.Link.Reason == nil || e.Link.Reason.Category != plan.Filtered {
			t.Errorf("%+v", e.Link.Reason)
		}
		w.apply(from("2026-08-01")...)
		w.live()
		for _, name := range []string{"customers", "prospects"} {
			w.run(engine.Run{Kind: "full", Mapping: name, Actor: "operator"})
		}
		w.later()
		w.padWhole(old, "Nordlys", "Purchasing")
		w.padWhole(young, "Fjord Textiles", "Desk")
		if got, _ := w.padLinks("prospects"); got[maybe] == "" || w.SalesPad.Count("Prospect") != 1 {
			t.Errorf("prospects %v%s", got, w.story())
		}
		w.SalesPad.ClearLog()
		for _, name := range []string{"customers", "prospects", "customers"} {
			w.run(engine.Run{Kind: "full", Mapping: name, Actor: "operator"})
		}
		w.later()
		if got := w.padWrote(); len(got) > 0 || w.SalesPad.Count("Customer") != 2 {
			t.Errorf("%v, %d customers", got, w.SalesPad.Count("Customer"))
		}
		if n := len(w.errors("")); n > 0 {
			t.Errorf("%s", w.story())
		}
		w.padQuiet()
	})
}

// TestImportIsKept (SP-72): with rollback: keep what was made stays; the customer is linked, the contact that was refused waits alone, and
// follows once it is mended.
func TestImportIsKept(t *testing.T) {
	documents := padPresets(t, "hubspot-salespad", padPeople)
	virtual(t, setup{SalesPad: &salespadtest.Config{}, Documents: documents, Draft: true, Quiet: true, HubSpotFields: []string{"companies/customer_number"}}, func(w *world) {
		w.padProvision()
		w.padProfile(`{ rollback: keep }`)
		w.live()
		company := w.padCompany("Nordlys", "Purchasing", "Accounts")
		w.padRefuses("Accounts")
		w.later()
		w.advance(2 * time.Hour)
		w.padWhole(company, "Nordlys", "Purchasing")
		c := w.padOnly("Customer", "Customer_Name", "Nordlys")
		if c.Fields["Inactive"] == "true" || slices.Contains(w.padWrote(), "delete Customer") {
			t.Errorf("%v: %v", c.Fields, w.padWrote())
		}
		held := w.errors(plan.RefusedCall)
		if len(held) != 1 || held[0].Ref.Object != "contacts" || !strings.Contains(held[0].Text, "3010") {
			t.Errorf("held: %+v%s", held, w.story())
		}
		w.SalesPad.SetFault(nil)
		w.retry(held[0].Ref)
		w.later()
		w.padWhole(company, "Nordlys", "Purchasing", "Accounts")
		if n := len(w.errors("")); n > 0 || w.SalesPad.Count("Customer") != 1 {
			t.Errorf("%d customers%s", w.SalesPad.Count("Customer"), w.story())
		}
		w.padQuiet()
	})
}

// TestWrongLinkIsMatchedAgain (SP-51): a company that was linked to the wrong customer is taken apart and matched again by one command;
// nothing is written in SalesPad, and no table is edited.
func TestWrongLinkIsMatchedAgain(t *testing.T) {
	var company, person string
	pad(t, padPresets(t, "hubspot-salespad/link", padPeople), func(w *world) {
		w.SalesPad.Must("Customer", salespadtest.Fields{"Customer_Num": "WRONG", "Customer_Name": "Alpha East", "Email_To": "ap@alpha.example"})
		w.SalesPad.Must("Customer", salespadtest.Fields{"Customer_Num": "RIGHT", "Customer_Name": "Alpha West", "Email_To": "ap@alphawest.example"})
		for _, num := range []string{"WRONG", "RIGHT"} {
			w.SalesPad.Must("CustomerAddr", salespadtest.Fields{"Customer_Num": num, "Address_Code": "DESK", "Contact_Person": "Front Office", "Email": "desk@alpha.example"})
		}
		company = w.hub("companies", "name", "Alpha", "domain", "alpha.example")
		person = w.hubPerson(company, "firstname", "Front", "lastname", "Office", "email", "desk@alpha.example")
		w.SalesPad.ClearLog()
	}, func(w *world) {
		w.later()
		if got, _ := w.padLinks("customers"); got[company] != "customers/WRONG" {
			t.Fatalf("%v%s", got, w.story())
		}
		w.hubSet("companies", company, "domain", "alphawest.example")
		w.later()
		if got, _ := w.padLinks("customers"); got[company] != "customers/WRONG" {
			t.Errorf("a link moved by itself: %v", got)
		}
		w.unlink(companyRef(company), true)
		w.unlink(record.Ref{Connection: "hubspot", Object: "contacts", ID: person}, true)
		w.later()
		w.later()
		customers, _ := w.padLinks("customers")
		people, _ := w.padLinks("addresses")
		if customers[company] != "customers/RIGHT" || people[person] != "customer-addresses/RIGHT|DESK" {
			t.Errorf("%v %v%s", customers, people, w.story())
		}
		if n := w.padWrites(); n > 0 || len(w.errors("")) > 0 {
			t.Errorf("%d writes%s", n, w.story())
		}
	})
}
