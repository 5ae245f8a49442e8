package app

import (
	"strings"
	"testing"
	"unicode/utf8"

	"crosswalk/internal/connector/salespad/salespadtest"
)

// TestNorthwindInSalesPad: the 91 customers of Northwind, with names in their own scripts, phones as people write them and addresses of all
// lengths, become customers of SalesPad with their contacts within GP's widths, and nothing of them is lost, doubled or written back.
func TestNorthwindInSalesPad(t *testing.T) {
	rows := sharedRows(t, "crm", "northwind", "customers.csv")
	pad(t, padPresets(t, "hubspot-salespad", padPeople), nil, func(w *world) {
		given := func(s string) string {
			if s == "NULL" {
				return ""
			}
			return s
		}
		companies, people := map[string]string{}, map[string]string{}
		for _, r := range rows {
			domain := strings.ToLower(r["customerID"]) + ".example"
			company := w.hub("companies", "name", r["companyName"], "domain", domain, "type", "PARTNER")
			first, last, _ := strings.Cut(r["contactName"], " ")
			people[r["customerID"]] = w.hubPerson(company, "firstname", first, "lastname", last, "email", "desk@"+domain, "phone", r["phone"],
				"address", r["address"], "city", r["city"], "state", given(r["region"]), "zip", given(r["postalCode"]), "country", r["country"])
			companies[r["customerID"]] = company
		}
		w.later()
		w.later()
		byName, byMail := map[string][]salespadtest.Record{}, map[string]salespadtest.Record{}
		for _, c := range w.SalesPad.All("Customer") {
			byName[c.Fields["Customer_Name"]] = append(byName[c.Fields["Customer_Name"]], c)
		}
		for _, a := range w.SalesPad.All("CustomerAddr") {
			byMail[a.Fields["Email"]] = a
		}
		linked, _ := w.padLinks("customers")
		contacts, _ := w.padLinks("addresses")
		for _, r := range rows {
			id := r["customerID"]
			c := byName[r["companyName"]]
			if len(c) != 1 || linked[companies[id]] != "customers/"+c[0].Key {
				t.Errorf("%s: %d customers, linked to %q", id, len(c), linked[companies[id]])
				continue
			}
			a := byMail["desk@"+strings.ToLower(id)+".example"]
			if a.Fields["Customer_Num"] != c[0].Key || contacts[people[id]] != "customer-addresses/"+a.Key {
				t.Errorf("%s: its contact is %v, linked to %q", id, a.Fields, contacts[people[id]])
			}
			for field, want := range map[string]string{"Contact_Person": strings.Join(strings.Fields(r["contactName"]), " "), "Phone_1": r["phone"], "Address_Line_1": r["address"],
				"City": r["city"], "State": given(r["region"]), "Zip": given(r["postalCode"]), "Country": r["country"]} {
				if got := a.Fields[field]; got != want {
					t.Errorf("%s: %s is %q, want %q", id, field, got, want)
				}
			}
			for field, width := range map[string]int{"Contact_Person": 60, "Phone_1": 21, "Address_Line_1": 60, "City": 35, "State": 29, "Zip": 10} {
				if n := utf8.RuneCountInString(a.Fields[field]); n > width {
					t.Errorf("%s: %s has %d characters", id, field, n)
				}
			}
		}
		if n, m := w.SalesPad.Count("Customer"), w.SalesPad.Count("CustomerAddr"); n != len(rows) || m != len(rows) {
			t.Errorf("%d customers, %d addresses, want %d%s", n, m, len(rows), w.story())
		}
		w.padQuiet()
	})
}

// TestExportSettings (SP-86, SP-87, SP-90): address types, customers that are on hold or inactive by setting, and new addresses of linked
// customers.
func TestExportSettings(t *testing.T) {
	documents := padPresets(t, "hubspot-salespad", padPeople, "create: { filter: 'not is_true(Inactive)', only_new: true }", "create: { filter: 'not is_true(Inactive) and not is_true(On_Hold)', only_new: true }",
		"create: { filter: 'not blank(Email)'", "create: { filter: 'not blank(Email) and Address_Use in [\"Biller\"]'")
	pad(t, documents, nil, func(w *world) {
		for num, fields := range map[string]salespadtest.Fields{"GOOD": {}, "HELD": {"On_Hold": "true"}, "OFF": {"Inactive": "true"}} {
			fields["Customer_Num"], fields["Customer_Name"] = num, "Customer "+num
			w.SalesPad.Must("Customer", fields)
			w.SalesPad.Must("CustomerAddr", salespadtest.Fields{"Customer_Num": num, "Address_Code": "BILL", "Contact_Person": "Accounts " + num, "Email": "bill@" + strings.ToLower(num) + ".example", "Address_Use": "Biller"})
			w.SalesPad.Must("CustomerAddr", salespadtest.Fields{"Customer_Num": num, "Address_Code": "SHIP", "Contact_Person": "Goods In " + num, "Email": "ship@" + strings.ToLower(num) + ".example", "Address_Use": "Shipper"})
		}
		w.later()
		w.later()
		w.inHub("companies", "name", "Customer GOOD")
		w.inHub("contacts", "email", "bill@good.example")
		if n, m := len(w.alive("companies")), len(w.alive("contacts")); n != 1 || m != 1 {
			t.Errorf("%d companies, %d contacts%s", n, m, w.story())
		}
		w.SalesPad.Must("CustomerAddr", salespadtest.Fields{"Customer_Num": "GOOD", "Address_Code": "BILL2", "Contact_Person": "More Accounts", "Email": "more@good.example", "Address_Use": "Biller"})
		w.ok(w.SalesPad.Update("Customer", "HELD", salespadtest.Fields{"On_Hold": "false"}))
		w.later()
		w.later()
		w.inHub("contacts", "email", "more@good.example")
		w.inHub("companies", "name", "Customer HELD")
		w.padQuiet()
	})
}
