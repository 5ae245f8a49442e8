package app

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/connector/salespad/salespadtest"
	"crosswalk/internal/engine"
	"crosswalk/internal/link"
	"crosswalk/internal/mapping"
	"crosswalk/internal/plan"
)

// HubSpot and SalesPad: the components of SalesPad's own integration, as the presets have them, through the real engine, store, queue and
// connectors. What is expected is written down in each case.

// padPresets are the documents of a set of SalesPad's, with old text replaced by new, pair by pair.
func padPresets(t *testing.T, set string, names []string, pairs ...string) []string {
	t.Helper()
	var out []string
	used := make([]bool, len(pairs)/2)
	for _, p := range mapping.PresetSet(set) {
		if !slices.Contains(names, p.Name[strings.LastIndex(p.Name, "/")+1:]) {
			continue
		}
		text := string(p.YAML)
		for n := range used {
			if strings.Contains(text, pairs[2*n]) {
				used[n] = true
				text = strings.ReplaceAll(text, pairs[2*n], pairs[2*n+1])
			}
		}
		out = append(out, text)
	}
	if len(out) != len(names) || slices.Contains(used, false) {
		t.Fatalf("%d of %d presets of %s, pairs used %v", len(out), len(names), set, used)
	}
	return out
}

// pad runs a case between HubSpot and SalesPad. before fills both sides; then the documents go live.
func pad(t *testing.T, documents []string, before, f func(w *world)) {
	t.Helper()
	virtual(t, setup{SalesPad: &salespadtest.Config{}, Documents: documents, Draft: true, Quiet: true, HubSpotFields: []string{"companies/customer_number"}}, func(w *world) {
		for _, object := range []string{"companies", "contacts", "products", "deals"} {
			if _, err := w.Connectors["hubspot"].(connector.Provisioner).Provision(w.t.Context(), object, true); err != nil {
				w.t.Fatal(err)
			}
		}
		if before != nil {
			before(w)
		}
		w.live()
		f(w)
	})
}

// padLinks gives the links of a mapping: the counterpart by record, and how many are in each state.
func (w *world) padLinks(name string) (to map[string]string, states map[link.State]int) {
	w.t.Helper()
	to, states = map[string]string{}, map[link.State]int{}
	after := ""
	for {
		page, err := w.Engine.Links(w.t.Context(), engine.LinkQuery{Mapping: name, After: after, Limit: engine.MaxLinks})
		w.ok(err)
		for _, l := range page.Links {
			states[l.State]++
			if l.State == link.Linked {
				to[l.A.ID] = l.B.Object + "/" + l.B.ID
			}
		}
		if after = page.Next; after == "" {
			return to, states
		}
	}
}

// hubStamps are when each record of HubSpot was last changed.
func (w *world) hubStamps() map[string]time.Time {
	out := map[string]time.Time{}
	for _, object := range []string{"companies", "contacts", "products", "deals", "line_items"} {
		for _, r := range w.HubSpot.Records(object) {
			out[object+"/"+r.ID] = r.UpdatedAt
		}
	}
	return out
}

// padWrites counts what we wrote at both sides.
func (w *world) padWrites() int {
	n := 0
	for _, effect := range w.SalesPad.Log() {
		if effect.By != salespadtest.Person {
			n++
		}
	}
	return n
}

// TestCompanyLink (B-13, SP-35..57): of a thousand companies 950 are linked by what they say themselves, to customers and prospects, 20
// through a contact, 30 wait for a person; contacts go with their company; nothing is written, and none is wrong.
func TestCompanyLink(t *testing.T) {
	const direct, viaContact, ambiguous = 950, 20, 30
	want, doubtful := map[string]string{}, map[string]bool{}
	contacts := map[string]string{}
	documents := padPresets(t, "hubspot-salespad/link", []string{"customers", "prospects", "addresses", "prospect-contacts"})
	pad(t, documents, func(w *world) {
		customer := func(n int, name, mail string) string {
			num := fmt.Sprintf("C%05d", n)
			w.SalesPad.Must("Customer", salespadtest.Fields{"Customer_Num": num, "Customer_Name": name, "Email_To": mail})
			return num
		}
		for n := range direct {
			domain := fmt.Sprintf("direct-%d.example", n)
			switch {
			case n%10 == 0: // by its number
				num := customer(n, fmt.Sprintf("Numbered %d", n), "")
				want[w.hub("companies", "name", fmt.Sprintf("Another name %d", n), "customer_number", strings.ToLower(num))] = "customers/" + num
			case n%10 == 1: // a prospect
				p := w.SalesPad.Must("Prospect", salespadtest.Fields{"Prospect_Name": fmt.Sprintf("Prospective %d", n), "Web_Site": "https://www." + domain})
				w.SalesPad.Must("ProspectContact", salespadtest.Fields{"Prospect_ID": p.Key, "Contact_Person": "Purchasing Desk", "Email": "desk@" + domain})
				company := w.hub("companies", "name", fmt.Sprintf("Prospective %d", n), "domain", domain)
				want[company] = "prospects/" + p.Key
				contact := w.hub("contacts", "email", "desk@"+domain, "lastname", "Desk")
				w.ok(w.HubSpot.User().Associate("contacts", contact, "companies", company))
				contacts[contact] = "prospect-contacts/" + p.Key + "|"
			default: // by its domain; every tenth has a contact too
				num := customer(n, fmt.Sprintf("Direct %d", n), "accounts@"+domain)
				company := w.hub("companies", "name", fmt.Sprintf("Direct %d", n), "domain", domain)
				want[company] = "customers/" + num
				if n%10 == 2 {
					w.SalesPad.Must("CustomerAddr", salespadtest.Fields{"Customer_Num": num, "Address_Code": "BUYER", "Contact_Person": "Buying Office", "Email": "buyer@" + domain})
					contact := w.hub("contacts", "email", "Buyer@"+domain, "lastname", "Office")
					w.ok(w.HubSpot.User().Associate("contacts", contact, "companies", company))
					contacts[contact] = "customer-addresses/" + num + "|BUYER"
				}
			}
		}
		for n := range viaContact {
			num := customer(2000+n, fmt.Sprintf("Formerly %d", n), "")
			mail := fmt.Sprintf("office@via-%d.example", n)
			w.SalesPad.Must("CustomerAddr", salespadtest.Fields{"Customer_Num": num, "Address_Code": "OFFICE", "Contact_Person": "Front Office", "Email": mail})
			company := w.hub("companies", "name", fmt.Sprintf("Renamed %d", n))
			want[company] = "customers/" + num
			contact := w.hub("contacts", "email", mail, "lastname", "Office")
			w.ok(w.HubSpot.User().Associate("contacts", contact, "companies", company))
			contacts[contact] = "customer-addresses/" + num + "|OFFICE"
		}
		for n := range ambiguous {
			domain, name := fmt.Sprintf("twice-%d.example", n), fmt.Sprintf("Twice %d", n)
			switch n % 3 {
			case 0: // two customers with the company's domain
				customer(3000+2*n, name, "east@"+domain)
				customer(3001+2*n, name, "west@"+domain)
				doubtful[w.hub("companies", "name", name, "domain", domain)] = true
			case 1: // the name alone
				customer(3000+2*n, name, "")
				doubtful[w.hub("companies", "name", name)] = true
			default: // its contacts are those of two customers
				company := w.hub("companies", "name", "Holding "+name)
				doubtful[company] = true
				for k, mail := range []string{"one@" + domain, "two@" + domain} {
					num := customer(3000+2*n+k, fmt.Sprintf("Part %d of %d", k, n), "")
					w.SalesPad.Must("CustomerAddr", salespadtest.Fields{"Customer_Num": num, "Address_Code": "MAIN", "Contact_Person": "Front Office", "Email": mail})
					contact := w.hub("contacts", "email", mail, "lastname", "Office")
					w.ok(w.HubSpot.User().Associate("contacts", contact, "companies", company))
				}
			}
		}
		w.SalesPad.ClearLog()
	}, func(w *world) {
		before := w.hubStamps()
		w.later()
		w.later()
		got, states := w.padLinks("customers")
		prospects, _ := w.padLinks("prospects")
		for company, to := range prospects {
			got[company] = to
		}
		wrong := 0
		for company, to := range got {
			if want[company] != to {
				wrong++
				t.Errorf("company %s is linked to %s, want %q", company, to, want[company])
			}
		}
		if len(got) != direct+viaContact || wrong > 0 {
			t.Errorf("%d companies linked, %d wrong; %v", len(got), wrong, states)
			for company, to := range want {
				if got[company] == "" {
					e := w.why(companyRef(company))
					t.Fatalf("%s is not linked to %s: %+v", company, to, e.Link.Reason)
				}
			}
		}
		review := 0
		for _, category := range []string{plan.SeveralHits, plan.NameHit} {
			for _, e := range w.errors(category) {
				if !doubtful[e.Ref.ID] {
					t.Errorf("%s is in review: %s", e.Ref, e.Text)
				}
				review++
			}
		}
		if review != ambiguous || len(w.errors("")) != ambiguous {
			t.Errorf("%d in review, %d sync errors%s", review, len(w.errors("")), w.story())
		}
		people, states := w.padLinks("addresses")
		more, _ := w.padLinks("prospect-contacts")
		for contact, to := range more {
			people[contact] = to
		}
		for contact, to := range contacts {
			if !strings.HasPrefix(people[contact], to) {
				t.Errorf("contact %s is linked to %q, want %s", contact, people[contact], to)
			}
		}
		if len(people) != len(contacts) {
			t.Errorf("%d contacts linked, want %d: %v", len(people), len(contacts), states)
		}
		if n := w.padWrites(); n > 0 {
			t.Errorf("%d writes at SalesPad", n)
		}
		for name, at := range w.hubStamps() {
			if !before[name].Equal(at) {
				t.Errorf("%s was written at HubSpot", name)
			}
		}
	})
}

var padPeople = []string{"customers", "prospects", "addresses", "prospect-contacts"}

// padOnly gives the one record of a resource with a value.
func (w *world) padOnly(resource, field, value string) salespadtest.Record {
	w.t.Helper()
	found := slices.DeleteFunc(w.SalesPad.All(resource), func(r salespadtest.Record) bool { return r.Fields[field] != value })
	if len(found) != 1 {
		w.t.Fatalf("%d of %s have %s = %q, want one%s", len(found), resource, field, value, w.story())
	}
	return found[0]
}

// padQuiet lets hours pass in which nobody does anything, and wants no write at either side.
func (w *world) padQuiet() {
	w.t.Helper()
	w.SalesPad.ClearLog()
	before := w.hubStamps()
	w.advance(3 * time.Hour)
	if n := w.padWrites(); n > 0 {
		w.t.Errorf("%d writes at SalesPad in quiet hours: %v", n, w.SalesPad.Log())
	}
	for name, at := range w.hubStamps() {
		if !before[name].Equal(at) {
			w.t.Errorf("%s was written at HubSpot in quiet hours", name)
		}
	}
}

func (w *world) hubPerson(company string, pairs ...string) string {
	w.t.Helper()
	id := w.hub("contacts", pairs...)
	w.ok(w.HubSpot.User().Associate("contacts", id, "companies", company))
	return id
}

// TestCompanyImports (SP-58..83, SP-110..135): companies of the named types become customers and prospects with their contacts, once; one that
// is there is linked and not written; later edits at HubSpot stay there; new contacts of linked companies follow. A prospect that is
// converted keeps its company and contacts, and the customer's changes go on reaching them.
func TestCompanyImports(t *testing.T) {
	pad(t, padPresets(t, "hubspot-salespad", padPeople), func(w *world) {
		w.SalesPad.Must("Customer", salespadtest.Fields{"Customer_Num": "KNOWN", "Customer_Name": "Known as before", "Email_To": "ap@known.example"})
	}, func(w *world) {
		buyer := w.hub("companies", "name", "Nordlys Energi A/S", "domain", "nordlys.example", "type", "PARTNER", "description", "Buys wind")
		w.hubPerson(buyer, "firstname", "Purchasing", "lastname", "Desk", "email", "desk@nordlys.example", "phone", "4455")
		w.hubPerson(buyer, "firstname", "Front", "lastname", "Office", "email", "office@nordlys.example")
		maybe := w.hub("companies", "name", "Fjord Textiles", "domain", "fjord.example", "type", "PROSPECT", "city", "Bergen")
		person := w.hubPerson(maybe, "firstname", "Head", "lastname", "Buyer", "email", "head@fjord.example")
		known := w.hub("companies", "name", "Known Trading", "domain", "known.example", "type", "PARTNER", "description", "Not for SalesPad")
		other := w.hub("companies", "name", "Supplier", "domain", "supplier.example", "type", "VENDOR")
		w.hubPerson(other, "lastname", "Sales", "email", "sales@supplier.example")
		w.later()
		w.later()
		c := w.padOnly("Customer", "Customer_Name", "Nordlys Energi A/S")
		if c.Fields["Note"] != "Buys wind" || w.SalesPad.Count("Customer") != 2 || w.SalesPad.Count("Prospect") != 1 {
			t.Errorf("%v; %d customers, %d prospects%s", c.Fields, w.SalesPad.Count("Customer"), w.SalesPad.Count("Prospect"), w.story())
		}
		desk := w.padOnly("CustomerAddr", "Email", "desk@nordlys.example")
		if desk.Fields["Customer_Num"] != c.Key || desk.Fields["Contact_Person"] != "Purchasing Desk" || !strings.HasPrefix(desk.Fields["Phone_1"], "4455") {
			t.Errorf("%v", desk.Fields)
		}
		w.padOnly("CustomerAddr", "Email", "office@nordlys.example")
		p := w.padOnly("Prospect", "Prospect_Name", "Fjord Textiles")
		if got := w.padOnly("ProspectContact", "Email", "head@fjord.example"); got.Fields["Prospect_ID"] != p.Key || p.Fields["City"] != "Bergen" {
			t.Errorf("%v %v", p.Fields, got.Fields)
		}
		if got, _ := w.padLinks("customers"); got[known] != "customers/KNOWN" || got[buyer] != "customers/"+c.Key {
			t.Errorf("links %v", got)
		}
		if got := w.padOnly("Customer", "Customer_Num", "KNOWN"); got.Fields["Customer_Name"] != "Known as before" || got.Fields["Note"] != "" {
			t.Errorf("a match was written: %v", got.Fields)
		}
		if n := len(w.errors("")); n != 0 {
			t.Errorf("%s", w.story())
		}
		w.hubSet("companies", buyer, "name", "Renamed at HubSpot")
		w.hubPerson(buyer, "firstname", "Night", "lastname", "Shift", "email", "night@nordlys.example")
		w.later()
		if got := w.padOnly("Customer", "Customer_Num", c.Key); got.Fields["Customer_Name"] != "Nordlys Energi A/S" {
			t.Errorf("HubSpot's edit reached SalesPad: %v", got.Fields)
		}
		w.padOnly("CustomerAddr", "Email", "night@nordlys.example")
		w.padQuiet()

		done, err := w.SalesPad.Convert(p.Key, "")
		w.ok(err)
		w.later()
		num := done.CustomerNum
		w.ok(w.SalesPad.Update("Customer", num, salespadtest.Fields{"Note": "A customer now"}))
		address := w.padOnly("CustomerAddr", "Email", "head@fjord.example")
		w.ok(w.SalesPad.Update("CustomerAddr", address.Key, salespadtest.Fields{"Phone_1": "778899"}))
		w.later()
		w.later()
		if got := w.at("companies", maybe).Properties; got["description"] != "A customer now" {
			t.Errorf("after the conversion: %v%s", got, w.story())
		}
		if got := w.at("contacts", person).Properties; !strings.HasPrefix(got["phone"], "778899") {
			t.Errorf("its contact: %v%s", got, w.story())
		}
		if n, m := len(w.alive("companies")), len(w.alive("contacts")); n != 4 || m != 5 {
			t.Errorf("%d companies, %d contacts%s", n, m, w.story())
		}
		if n := len(w.errors("")); n != 0 {
			t.Errorf("after the conversion: %s", w.story())
		}
		w.padQuiet()
	})
}

// TestCustomerExport (SP-84..109): customers become companies and their addresses contacts of them, once; changes follow.
func TestCustomerExport(t *testing.T) {
	pad(t, padPresets(t, "hubspot-salespad", padPeople), nil, func(w *world) {
		w.SalesPad.Must("Customer", salespadtest.Fields{"Customer_Num": "ALPHA", "Customer_Name": "Alpha Ltd", "Note": "Pays early"})
		w.SalesPad.Must("CustomerAddr", salespadtest.Fields{"Customer_Num": "ALPHA", "Address_Code": "BUYER", "Contact_Person": "Buying Office North", "Email": "buyer@alpha.example", "City": "Oslo"})
		w.SalesPad.Must("CustomerAddr", salespadtest.Fields{"Customer_Num": "ALPHA", "Address_Code": "GATE", "Contact_Person": "Gate"})
		w.SalesPad.Must("Customer", salespadtest.Fields{"Customer_Num": "OLD", "Customer_Name": "Old Ltd", "Inactive": "true"})
		w.later()
		w.later()
		company := w.inHub("companies", "name", "Alpha Ltd")
		contact := w.inHub("contacts", "email", "buyer@alpha.example")
		if p := contact.Properties; company.Properties["description"] != "Pays early" || p["firstname"] != "Buying Office" || p["lastname"] != "North" || p["city"] != "Oslo" || p["associatedcompanyid"] != company.ID {
			t.Errorf("%v %v", company.Properties, p)
		}
		if n, m := len(w.alive("companies")), len(w.alive("contacts")); n != 1 || m != 1 {
			t.Errorf("%d companies, %d contacts%s", n, m, w.story())
		}
		w.ok(w.SalesPad.Update("Customer", "ALPHA", salespadtest.Fields{"Customer_Name": "Alpha Group"}))
		w.ok(w.SalesPad.Update("CustomerAddr", "ALPHA|BUYER", salespadtest.Fields{"City": "Bergen", "Contact_Person": "Buying Office South"}))
		w.later()
		if c, p := w.at("companies", company.ID).Properties, w.at("contacts", contact.ID).Properties; c["name"] != "Alpha Group" || p["city"] != "Bergen" || p["lastname"] != "South" {
			t.Errorf("%v %v%s", c, p, w.story())
		}
		if n := len(w.errors("")); n != 0 {
			t.Errorf("%s", w.story())
		}
		w.padQuiet()
	})
}

// TestProductExport (SP-151..164): items become products by their number; a product that is there is linked and takes the item's values;
// unchanged items write nothing.
func TestProductExport(t *testing.T) {
	var there string
	pad(t, padPresets(t, "hubspot-salespad", []string{"items"}), func(w *world) {
		w.SalesPad.Must("ItemMaster", salespadtest.Fields{"Item_Number": "WIND-1", "Item_Description": "Wind turbine", "List_Price": "1200.5"})
		w.SalesPad.Must("ItemMaster", salespadtest.Fields{"Item_Number": "BLADE", "Item_Description": "Blade", "List_Price": "80"})
		w.SalesPad.Must("ItemMaster", salespadtest.Fields{"Item_Number": "GONE", "Item_Description": "No longer sold", "Inactive": "true"})
		there = w.hub("products", "name", "Blade, as typed", "hs_sku", "blade", "price", "79")
	}, func(w *world) {
		w.later()
		if p := w.inHub("products", "hs_sku", "WIND-1").Properties; p["name"] != "Wind turbine" || !strings.HasPrefix(p["price"], "1200.5") {
			t.Errorf("%v", p)
		}
		if p := w.at("products", there).Properties; p["name"] != "Blade" || p["price"] != "80" {
			t.Errorf("the product that was there: %v%s", p, w.story())
		}
		if n := len(w.alive("products")); n != 2 {
			t.Errorf("%d products", n)
		}
		w.padQuiet()
		w.ok(w.SalesPad.Update("ItemMaster", "BLADE", salespadtest.Fields{"List_Price": "85"}))
		w.advance(26 * time.Hour)
		if p := w.at("products", there).Properties; p["price"] != "85" {
			t.Errorf("the item's change: %v%s", p, w.story())
		}
		if n := len(w.errors("")); n != 0 {
			t.Errorf("%s", w.story())
		}
	})
}
