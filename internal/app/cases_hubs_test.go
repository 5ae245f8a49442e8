package app

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/connector/hubspot/hubspottest"
	"crosswalk/internal/connector/salespad/salespadtest"
	"crosswalk/internal/help"
	"crosswalk/internal/mapping"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
)

// Several accounts in one deployment (SP-20, SP-21, B13): two hubs of one GP company, and two GP companies of one hub, each with the set of
// presets taken once more (crosswalk presets copy --suffix).

// again gives documents a second time, as crosswalk presets copy --suffix two --role OLD=NEW does, edited by pairs.
func again(t *testing.T, set string, names []string, roles map[string]string, pairs ...string) []string {
	t.Helper()
	second, err := mapping.Another(mapping.PresetSet(set), "two", roles)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, p := range second {
		if !slices.Contains(names, strings.TrimSuffix(p.Name[strings.LastIndex(p.Name, "/")+1:], "-two")) {
			continue
		}
		text := string(p.YAML)
		for n := 0; n+1 < len(pairs); n += 2 {
			text = strings.ReplaceAll(text, pairs[n], pairs[n+1])
		}
		out = append(out, text)
	}
	return out
}

// connectFurther adds an account as a connection of its own.
func (w *world) connectFurther(name, credential string, c Connection, transport http.RoundTripper, objects ...string) {
	w.t.Helper()
	if w.further == nil {
		w.further = map[string]http.RoundTripper{}
	}
	w.further[name] = transport
	raw, err := json.Marshal(Credential{Key: credential})
	w.ok(err)
	w.ok(w.secrets.Put(w.t.Context(), name, raw))
	w.Config.Connections[name] = c
	w.ok(w.Config.check())
	w.Connectors[name] = newConnector(w, name)
	for _, object := range objects {
		_, err := w.Connectors[name].(connector.Provisioner).Provision(w.t.Context(), object, true)
		w.ok(err)
	}
	w.restart()
}

// secondHub adds a second portal.
func (w *world) secondHub() *hubspottest.Sim {
	w.t.Helper()
	sim := hubspottest.New(hubspottest.Config{Seed: 2, PortalID: 70001})
	w.ok(sim.User().Define("companies", "customer_number", "string", "text"))
	c := w.Config.Connections["hubspot"]
	c.Account = fmt.Sprint(sim.PortalID())
	w.connectFurther("second", hubspottest.PrivateToken, c, sim.Transport(), "companies", "contacts", "products", "deals", "line_items")
	return sim
}

// secondCompany adds a second GP company.
func (w *world) secondCompany() *salespadtest.Sim {
	w.t.Helper()
	sim := salespadtest.New(salespadtest.Config{Seed: 2})
	c := w.Config.Connections["salespad"]
	c.Base, c.Company = "https://salespad-two.example:5501", sim.Company()
	w.connectFurther("second", erpLogin, c, sim.Transport())
	return sim
}

// inSim makes a record in a portal as a person does.
func (w *world) inSim(sim *hubspottest.Sim, object string, pairs ...string) string {
	w.t.Helper()
	id, err := sim.User().Create(object, properties(pairs...))
	w.ok(err)
	return id
}

// allOf lists what the records of a portal that are not archived have in a property, sorted.
func allOf(sim *hubspottest.Sim, object, property string) string {
	var out []string
	for _, r := range sim.Records(object) {
		if !r.Archived {
			out = append(out, r.Properties[property])
		}
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

// stopped is the reason that stands on a record in the slot between two connections.
func (w *world) stopped(ref record.Ref, slot string) string {
	w.t.Helper()
	list, err := w.Engine.Why(w.t.Context(), ref)
	w.ok(err)
	for _, x := range list {
		if strings.HasSuffix(x.Slot, slot) && x.Link.Reason != nil {
			return x.Link.Reason.Category
		}
	}
	return ""
}

var bothHubs = []string{"customers", "addresses", "items"}

// twoHubs runs a case with two portals on one GP company. Customers whose Comment_2 says two are the second hub's by its export filter;
// those with both are exported to both.
func twoHubs(t *testing.T, pairs []string, before func(w *world), f func(w *world, second *hubspottest.Sim)) {
	t.Helper()
	one := padPresets(t, "hubspot-salespad", bothHubs, "filter: 'not is_true(Inactive)', only_new: true }\n  update: true             # Customer", "filter: 'Comment_2 != \"two\"', only_new: true }\n  update: true             # Customer")
	two := again(t, "hubspot-salespad", bothHubs, map[string]string{"crm": "second"}, append([]string{"filter: 'not is_true(Inactive)', only_new: true }\n  update: true             # Customer", "filter: 'Comment_2 != \"one\"', only_new: true }\n  update: true             # Customer"}, pairs...)...)
	virtual(t, setup{SalesPad: &salespadtest.Config{}, Documents: one, Draft: true, Quiet: true, HubSpotFields: []string{"companies/customer_number"}}, func(w *world) {
		w.padProvision()
		second := w.secondHub()
		w.apply(two...)
		if before != nil {
			before(w)
		}
		w.live()
		f(w, second)
	})
}

// TestTwoHubsOneCompany (SP-20, SP-21): what each hub imports becomes a customer and stays that hub's; what GP exports goes where the filters
// say; a customer of the first hub is neither made again in the second nor written from there. What is linked in both takes GP's changes in
// both. Items are products of both.
func TestTwoHubsOneCompany(t *testing.T) {
	twoHubs(t, nil, nil, func(w *world, second *hubspottest.Sim) {
		w.SalesPad.Must("ItemMaster", salespadtest.Fields{"Item_Number": "WIND-1", "Item_Description": "Wind turbine", "List_Price": "1200.5"})
		nordlys := w.padCompany("Nordlys", "Purchasing")
		fjord := w.inSim(second, "companies", "name", "Fjord Textiles", "domain", "fjord.example", "type", "PARTNER")
		head := w.inSim(second, "contacts", "lastname", "Buyer", "email", "head@fjord.example")
		w.ok(second.User().Associate("contacts", head, "companies", fjord))
		for num, comment := range map[string]string{"FIRST": "one", "SECOND": "two", "SHARED": ""} {
			w.SalesPad.Must("Customer", salespadtest.Fields{"Customer_Num": num, "Customer_Name": "Customer " + num, "Comment_2": comment, "Email_To": "ap@" + strings.ToLower(num) + ".example"})
			w.SalesPad.Must("CustomerAddr", salespadtest.Fields{"Customer_Num": num, "Address_Code": "BILL", "Contact_Person": "Accounts " + num, "Email": "bill@" + strings.ToLower(num) + ".example"})
		}
		w.later()
		w.later()
		if got, want := allOf(w.HubSpot, "companies", "name"), "Customer FIRST, Customer SHARED, Nordlys"; got != want {
			t.Errorf("the first hub has %s, want %s%s", got, want, w.story())
		}
		if got, want := allOf(second, "companies", "name"), "Customer SECOND, Fjord Textiles"; got != want {
			t.Errorf("the second hub has %s, want %s%s", got, want, w.story())
		}
		if got, want := allOf(second, "contacts", "email"), "bill@second.example, head@fjord.example"; got != want {
			t.Errorf("the second hub has contacts %s, want %s%s", got, want, w.story())
		}
		if got, want := allOf(w.HubSpot, "contacts", "email"), "bill@first.example, bill@shared.example, purchasing@nordlys.example"; got != want {
			t.Errorf("the first hub has contacts %s, want %s%s", got, want, w.story())
		}
		if a, b := allOf(w.HubSpot, "products", "hs_sku"), allOf(second, "products", "hs_sku"); a != "WIND-1" || b != "WIND-1" {
			t.Errorf("products %q and %q", a, b)
		}
		if n, m := w.SalesPad.Count("Customer"), w.SalesPad.Count("CustomerAddr"); n != 5 || m != 5 {
			t.Errorf("%d customers, %d addresses, want 5 and 5%s", n, m, w.story())
		}
		if got := w.stopped(erpRef("customers", "SHARED"), "second|salespad"); got != plan.Yields {
			t.Errorf("why SHARED is not in the second hub: %q", got)
		}
		if n := len(w.errors("")); n > 0 {
			t.Errorf("%s", w.story())
		}

		// a company of the second hub is the first hub's customer too: it is linked, takes GP's changes, and writes nothing
		same := w.inSim(second, "companies", "name", "Shared, says the second", "domain", "shared.example", "type", "PARTNER", "description", "From the second hub")
		w.later()
		w.ok(second.User().Set("companies", same, map[string]string{"description": "Edited in the second hub"}))
		w.later()
		if got := w.padOnly("Customer", "Customer_Num", "SHARED").Fields; got["Customer_Name"] != "Customer SHARED" || got["Note"] != "" {
			t.Errorf("the second hub wrote %v", got)
		}
		// changes of GP go to the hub that has the customer, or to both
		fjordNum := w.padOnly("Customer", "Customer_Name", "Fjord Textiles").Key
		nordlysNum := w.padOnly("Customer", "Customer_Name", "Nordlys").Key
		w.ok(w.SalesPad.Update("Customer", "SHARED", salespadtest.Fields{"Customer_Name": "Shared Group"}))
		w.ok(w.SalesPad.Update("Customer", fjordNum, salespadtest.Fields{"Customer_Name": "Fjord Group", "Comment_2": "two"}))
		w.ok(w.SalesPad.Update("Customer", nordlysNum, salespadtest.Fields{"Customer_Name": "Nordlys Group", "Comment_2": "two"}))
		w.later()
		w.later()
		if got, want := allOf(w.HubSpot, "companies", "name"), "Customer FIRST, Nordlys Group, Shared Group"; got != want {
			t.Errorf("the first hub has %s, want %s%s", got, want, w.story())
		}
		if got, want := allOf(second, "companies", "name"), "Customer SECOND, Fjord Group, Shared Group"; got != want {
			t.Errorf("the second hub has %s, want %s%s", got, want, w.story())
		}
		if w.SalesPad.Count("Customer") != 5 || len(w.errors("")) > 0 {
			t.Errorf("%d customers%s", w.SalesPad.Count("Customer"), w.story())
		}
		if got, _ := w.padLinks("customers"); got[nordlys] != "customers/"+nordlysNum {
			t.Errorf("links %v", got)
		}
		w.quietIn(second)
	})
}

// quietIn lets hours pass in which nobody does anything, and wants no write, in a further portal either.
func (w *world) quietIn(sim *hubspottest.Sim) {
	w.t.Helper()
	stamps := func() map[string]time.Time {
		out := map[string]time.Time{}
		for _, object := range []string{"companies", "contacts", "products", "deals", "line_items"} {
			for _, r := range sim.Records(object) {
				out[object+"/"+r.ID] = r.UpdatedAt
			}
		}
		return out
	}
	before := stamps()
	w.padQuiet()
	for name, at := range stamps() {
		if !before[name].Equal(at) {
			w.t.Errorf("%s was written in the second hub in quiet hours", name)
		}
	}
}

// TestTwoHubsShareCustomers: with when_theirs: make every customer that the filters let through is a company of both hubs, whichever of them
// imported it, and GP's changes reach both.
func TestTwoHubsShareCustomers(t *testing.T) {
	twoHubs(t, []string{"# when_theirs: make", "when_theirs: make"}, nil, func(w *world, second *hubspottest.Sim) {
		w.padCompany("Nordlys", "Purchasing")
		w.SalesPad.Must("Customer", salespadtest.Fields{"Customer_Num": "SHARED", "Customer_Name": "Customer SHARED"})
		w.SalesPad.Must("Customer", salespadtest.Fields{"Customer_Num": "FIRST", "Customer_Name": "Customer FIRST", "Comment_2": "one"})
		w.later()
		w.later()
		w.advance(time.Hour) // what we made ourselves is looked at a while later
		if got, want := allOf(second, "companies", "name"), "Customer SHARED, Nordlys"; got != want {
			t.Errorf("the second hub has %s, want %s%s", got, want, w.story())
		}
		if got, want := allOf(second, "contacts", "email"), "purchasing@nordlys.example"; got != want {
			t.Errorf("the second hub has contacts %s, want %s%s", got, want, w.story())
		}
		w.ok(w.SalesPad.Update("Customer", "SHARED", salespadtest.Fields{"Customer_Name": "Shared Group"}))
		w.later()
		if a, b := allOf(w.HubSpot, "companies", "name"), allOf(second, "companies", "name"); a != "Customer FIRST, Nordlys, Shared Group" || b != "Nordlys, Shared Group" {
			t.Errorf("the hubs have %s and %s%s", a, b, w.story())
		}
		if n := w.SalesPad.Count("Customer"); n != 3 || len(w.errors("")) > 0 {
			t.Errorf("%d customers%s", n, w.story())
		}
		w.quietIn(second)
	})
}

// TestTwoHubsPreview: the preview of both sets together promises a record to one hub, as the run of its plan will.
func TestTwoHubsPreview(t *testing.T) {
	twoHubs(t, nil, func(w *world) {
		for num, comment := range map[string]string{"FIRST": "one", "SECOND": "two", "SHARED": ""} {
			w.SalesPad.Must("Customer", salespadtest.Fields{"Customer_Num": num, "Customer_Name": "Customer " + num, "Comment_2": comment})
			w.SalesPad.Must("CustomerAddr", salespadtest.Fields{"Customer_Num": num, "Address_Code": "BILL", "Contact_Person": "Accounts " + num, "Email": "bill@" + strings.ToLower(num) + ".example"})
		}
		r, err := w.Engine.PreviewSet(w.t.Context(), []string{"customers-two", "addresses-two", "customers", "addresses"}, "editor")
		w.ok(err)
		w.settle()
		p, err := w.Engine.Plan(w.t.Context(), r.Plan)
		w.ok(err)
		if !p.Complete || p.Kinds["create"] != 6 {
			t.Errorf("three companies and three contacts are to be made; the plan says %v%s", p.Kinds, w.story())
		}
	}, func(w *world, second *hubspottest.Sim) {
		w.later()
		w.later()
		if n, m := len(w.alive("companies")), allOf(second, "companies", "name"); n != 2 || m != "Customer SECOND" {
			t.Errorf("%d companies and %s%s", n, m, w.story())
		}
	})
}

// TestTwoHubsWithoutYield: documents of two hubs that write the same customers are refused where neither yields.
func TestTwoHubsWithoutYield(t *testing.T) {
	twoHubs(t, nil, nil, func(w *world, _ *hubspottest.Sim) {
		three := again(t, "hubspot-salespad", []string{"customers"}, map[string]string{"crm": "second"}, "customers-two", "customers-three", "slot: account", "slot: other", "yields_to: [ customers ]", "", "through: addresses-two", "through: addresses")
		if _, err := w.Engine.ApplyAll(w.t.Context(), [][]byte{[]byte(three[0])}, "editor"); err == nil || !strings.Contains(err.Error(), "both write Customer_Name") {
			t.Errorf("two writers: %v", err)
		}
	})
}

// TestOneHubTwoCompanies (SP-20, SP-21): one hub and two GP companies, each with the companies that its filter names. A company that belongs
// to both is linked with a customer in each, and takes the changes of the first alone.
func TestOneHubTwoCompanies(t *testing.T) {
	names := []string{"customers", "addresses", "items"}
	filter := `create: { filter: 'type in ["PARTNER", "RESELLER"]', only_new: true }`
	one := padPresets(t, "hubspot-salespad", names, filter, `create: { filter: 'type == "PARTNER"', only_new: true }`)
	two := again(t, "hubspot-salespad", names, map[string]string{"salespad": "second"}, filter, `create: { filter: 'type in ["RESELLER", "PARTNER"]', only_new: true }`) // of both the first alone makes a customer
	for n := range two {
		two[n] = strings.ReplaceAll(strings.ReplaceAll(two[n], "[ customers, prospects ]", "[ customers ]"), "[ addresses, prospect-contacts ]", "[ addresses ]")
	}
	virtual(t, setup{SalesPad: &salespadtest.Config{}, Documents: one, Draft: true, Quiet: true, HubSpotFields: []string{"companies/customer_number"}}, func(w *world) {
		w.padProvision()
		second := w.secondCompany()
		w.apply(two...)
		w.live()
		w.SalesPad.Must("ItemMaster", salespadtest.Fields{"Item_Number": "WIND-1", "Item_Description": "Wind turbine", "List_Price": "1200"})
		second.Must("ItemMaster", salespadtest.Fields{"Item_Number": "wind-1", "Item_Description": "Turbine, says the second", "List_Price": "999"})
		second.Must("ItemMaster", salespadtest.Fields{"Item_Number": "BLADE", "Item_Description": "Blade", "List_Price": "80"})
		w.padCompany("Nordlys", "Purchasing")
		reseller := w.hub("companies", "name", "Fjord Textiles", "domain", "fjord.example", "type", "RESELLER")
		w.hubPerson(reseller, "lastname", "Buyer", "email", "head@fjord.example")
		both := w.padCompany("Alpha Both", "Desk")
		w.later()
		second.Must("Customer", salespadtest.Fields{"Customer_Num": "ALPHA2", "Customer_Name": "Alpha, says the second", "Email_To": "ap@alpha-both.example", "Note": "Pays late"})
		second.Must("Customer", salespadtest.Fields{"Customer_Num": "OWN2", "Customer_Name": "Second's own"})
		w.SalesPad.Must("Customer", salespadtest.Fields{"Customer_Num": "OWN1", "Customer_Name": "First's own"})
		w.later()
		w.later()
		has := func(sim *salespadtest.Sim) string {
			var out []string
			for _, r := range sim.All("Customer") {
				out = append(out, r.Fields["Customer_Name"])
			}
			slices.Sort(out)
			return strings.Join(out, ", ")
		}
		if a, b := has(w.SalesPad), has(second); a != "Alpha Both, First's own, Nordlys" || b != "Alpha, says the second, Fjord Textiles, Second's own" {
			t.Errorf("the first company has %s, the second %s%s", a, b, w.story())
		}
		if got, want := allOf(w.HubSpot, "companies", "name"), "Alpha Both, First's own, Fjord Textiles, Nordlys, Second's own"; got != want {
			t.Errorf("the hub has %s, want %s%s", got, want, w.story())
		}
		if got := w.at("products", w.inHub("products", "hs_sku", "WIND-1").ID).Properties; got["name"] != "Wind turbine" || allOf(w.HubSpot, "products", "hs_sku") != "BLADE, WIND-1" {
			t.Errorf("%v: %s%s", got, allOf(w.HubSpot, "products", "hs_sku"), w.story())
		}
		first, _ := w.padLinks("customers")
		other, _ := w.padLinks("customers-two")
		if other[both] != "customers/ALPHA2" || first[both] == "" || first[reseller] != "" || other[reseller] == "" {
			t.Errorf("links %v and %v%s", first, other, w.story())
		}
		// the company of both takes the first's changes
		w.ok(second.Update("Customer", "ALPHA2", salespadtest.Fields{"Customer_Name": "Alpha of the second"}))
		w.ok(second.Update("Customer", "OWN2", salespadtest.Fields{"Customer_Name": "Second's renamed"}))
		w.later()
		if got := w.at("companies", both).Properties["name"]; got != "Alpha Both" {
			t.Errorf("the second company wrote %q", got)
		}
		w.ok(w.SalesPad.Update("Customer", w.padOnly("Customer", "Customer_Name", "Alpha Both").Key, salespadtest.Fields{"Customer_Name": "Alpha of the first"}))
		w.later()
		if got, want := allOf(w.HubSpot, "companies", "name"), "Alpha of the first, First's own, Fjord Textiles, Nordlys, Second's renamed"; got != want {
			t.Errorf("the hub has %s, want %s%s", got, want, w.story())
		}
		if n := len(w.errors("")); n > 0 {
			t.Errorf("%s", w.story())
		}
		second.ClearLog()
		w.padQuiet()
		for _, e := range second.Log() {
			if e.By != salespadtest.Person {
				t.Errorf("in quiet hours: %+v", e)
			}
		}
	})
}

// TestTwoHubsDeals: the whole set twice, each hub with an export queue of its own: a document is a deal of the hub that has its customer, is
// forwarded once, and nothing of it is in the other hub, nor a question for anybody.
func TestTwoHubsDeals(t *testing.T) {
	export := "filter: 'not is_true(Inactive)', only_new: true }\n  update: true             # Customer"
	one := padPresets(t, "hubspot-salespad", padDeals, export, strings.Replace(export, "not is_true(Inactive)", `Comment_2 != "two"`, 1),
		`Sales_Batch in ["EXPORT", "EXPORT QUOTE"]`, `Sales_Batch == "EXPORT"`, "from: [ EXPORT, EXPORT QUOTE ]", "from: [ EXPORT ]")
	two := again(t, "hubspot-salespad", padDeals, map[string]string{"crm": "second"},
		`Sales_Batch in ["EXPORT", "EXPORT QUOTE"]`, `Sales_Batch == "EXPORT QUOTE"`, "from: [ EXPORT, EXPORT QUOTE ]", "from: [ EXPORT QUOTE ]", export, strings.Replace(export, "not is_true(Inactive)", `Comment_2 == "two"`, 1))
	virtual(t, setup{SalesPad: &salespadtest.Config{}, Documents: one, Draft: true, Quiet: true, HubSpotFields: []string{"companies/customer_number"}}, func(w *world) {
		c := w.Config.Connections["salespad"]
		c.Queues = []string{"EXPORT", "EXPORT QUOTE"}
		w.Config.Connections["salespad"] = c
		w.App.Connectors["salespad"] = newConnector(w, "salespad")
		w.padProvision()
		_, err := w.Connectors["hubspot"].(connector.Provisioner).Provision(w.t.Context(), "line_items", true)
		w.ok(err)
		second := w.secondHub()
		w.apply(two...)
		w.live()
		w.SalesPad.Must("Customer", salespadtest.Fields{"Customer_Num": "ALPHA", "Customer_Name": "Alpha Ltd", "Comment_2": "one"})
		w.SalesPad.Must("Customer", salespadtest.Fields{"Customer_Num": "BETA", "Customer_Name": "Beta Ltd", "Inactive": "false", "Comment_2": "two"})
		w.SalesPad.Must("ItemMaster", salespadtest.Fields{"Item_Number": "BLADE", "Item_Description": "Blade", "List_Price": "80"})
		w.later()
		w.later()
		first := w.padDocument("ORDER", "ORD1", "EXPORT", "BLADE 2 80")
		other := w.SalesPad.Must("SalesDocument", salespadtest.Fields{"Sales_Doc_Type": "QUOTE", "Sales_Doc_ID": "STANDARDQUOTE", "Sales_Doc_Num": "QT2", "Customer_Num": "BETA", "Sales_Batch": "EXPORT QUOTE", "Doc_Date": "2026-08-31T00:00:00.000"}).Key
		w.padLine("QUOTE", "QT2", 1, "BLADE 3 80")
		w.later()
		w.later()
		if a, b := allOf(w.HubSpot, "deals", "dealname"), allOf(second, "deals", "dealname"); !strings.HasPrefix(a, "ORDER ORD1 ") || strings.Contains(a, ", ") || !strings.HasPrefix(b, "QUOTE QT2 ") || strings.Contains(b, ", ") {
			t.Errorf("deals of the first hub %q, of the second %q%s", a, b, w.story())
		}
		if a, b := allOf(w.HubSpot, "line_items", "quantity"), allOf(second, "line_items", "quantity"); a != "2" || b != "3" {
			t.Errorf("line items of the first hub %q, of the second %q", a, b)
		}
		if a, b := allOf(w.HubSpot, "companies", "name"), allOf(second, "companies", "name"); a != "Alpha Ltd" || b != "Beta Ltd" {
			t.Errorf("companies of the first hub %q, of the second %q%s", a, b, w.story())
		}
		for _, key := range []string{first, other} {
			if n := w.forwards(key); n != 1 {
				t.Errorf("%s was forwarded %d times", key, n)
			}
		}
		if n := len(w.errors("")); n > 0 {
			t.Errorf("%s", w.story())
		}
		w.quietIn(second)
	})
}

// TestSeveralAccountsInConfiguration: the file that the page shows is one that the program takes, and the roles of documents that were taken
// twice lead to its connections.
func TestSeveralAccountsInConfiguration(t *testing.T) {
	page, _ := help.Page("salespad")
	_, rest, _ := strings.Cut(page, "\n## Several hubs, several GP companies\n")
	_, rest, _ = strings.Cut(rest, "\n    approval:")
	text, _, found := strings.Cut("approval:"+rest, "\n\n")
	if !found {
		t.Fatal("the page shows no configuration")
	}
	c, err := ParseConfig([]byte(strings.ReplaceAll(text, "\n    ", "\n")))
	if err != nil || len(c.Connections) != 3 || c.Connections["second"].System != "hubspot" || c.Roles["crm"] != "hubspot" {
		t.Fatalf("%+v %v\n%s", c.Connections, err, text)
	}
}
