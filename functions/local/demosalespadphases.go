package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"crosswalk/internal/connector/salespad/salespadtest"
)

// The phases of make demo PAIR=hubspot-salespad, in the order of playPad. Each has people do something, waits for what comes of it, compares both systems with
// what must be there, and prints one line.

var padPeople = []string{"customers", "prospects", "addresses", "prospect-contacts"}

// companyLink is Company Link: nothing is made and nothing is written.
func (p *padRun) companyLink(ctx context.Context) error {
	marks := p.stamps()
	if err := p.applied(ctx, "hubspot-salespad/link", padPeople); err != nil {
		return err
	}
	plan, err := p.planned(ctx)
	if err != nil {
		return err
	}
	if _, err := p.carried(ctx, plan, false); err != nil {
		return err
	}
	if err := p.again(ctx, padPeople...); err != nil { // what waits for a person has its reason
		return err
	}
	companies, err := p.joined(ctx, "companies")
	if err != nil {
		return err
	}
	contacts, err := p.joined(ctx, "contacts")
	if err != nil {
		return err
	}
	waiting, err := p.reviewed(ctx)
	if err != nil {
		return err
	}
	odd := p.judge("company", p.same, companies)
	odd = append(odd, p.judge("contact", p.person, contacts)...)
	p.res.Wrong, p.res.Linked = len(odd), len(companies)
	for company := range p.former {
		if companies[company] == p.same[company] {
			p.res.ThroughContact++
		}
	}
	for ref := range waiting {
		if id, ok := strings.CutPrefix(ref, "companies/"); !ok || !p.doubt[id] {
			odd = append(odd, ref+" waits for a person, and need not")
		} else {
			p.res.Review++
		}
	}
	writes := p.padWrites()
	p.say("Company Link", "%d companies linked: %d by what they say themselves, %d through a contact; %d contacts linked; %d wait for a person; %d wrong; %d writes at HubSpot, %d at SalesPad",
		p.res.Linked, p.res.Linked-p.res.ThroughContact, p.res.ThroughContact, len(contacts), p.res.Review, p.res.Wrong, p.hubWrites(), len(p.ours("")))
	if p.res.Review != len(p.doubt) {
		odd = append(odd, fmt.Sprintf("%d companies wait for a person, want %d", p.res.Review, len(p.doubt)))
	}
	if changed := p.moved(marks); writes > 0 || len(changed) > 0 {
		odd = append(odd, fmt.Sprintf("linking wrote %d times: %v", writes, changed))
	}
	if len(odd) > 0 {
		return unlike("Company Link", odd)
	}
	return nil
}

// judge holds what is linked against the answer key.
func (p *padRun) judge(what string, key, got map[string]string) (odd []string) {
	for id, to := range got {
		if key[id] != to {
			odd = append(odd, fmt.Sprintf("%s %s is linked to %s, want %q", what, id, to, key[id]))
		}
	}
	for id, to := range key {
		if got[id] == "" {
			odd = append(odd, fmt.Sprintf("%s %s is not linked to %s", what, id, to))
		}
	}
	return odd
}

// exportFilter is SalesPad's Customer Export Filter of this company: dealers alone become companies.
const exportFilter = `not is_true(Inactive) and Customer_Class == "DEALER"`

// wholeSet puts the imports, exports and updates in place of Company Link. Nothing new is there yet: nothing is made.
func (p *padRun) wholeSet(ctx context.Context) error {
	before := p.padWrites()
	if err := p.applied(ctx, "hubspot-salespad", padPeople, "filter: 'not is_true(Inactive)'", "filter: '"+exportFilter+"'"); err != nil {
		return err
	}
	plan, err := p.planned(ctx)
	if err != nil {
		return err
	}
	if _, err := p.carried(ctx, plan, true); err != nil {
		return err
	}
	if err := p.idle(ctx); err != nil {
		return err
	}
	companies, err := p.joined(ctx, "companies")
	if err != nil {
		return err
	}
	p.say("imports, exports and updates are live", "%d records planned, digest %s, %d writes; %d companies linked as before", plan.Rows, plan.Digest[:12], p.padWrites()-before, len(companies))
	if odd := p.judge("company", p.same, companies); len(odd) > 0 {
		return unlike("after going live", odd)
	}
	return nil
}

// imports are Company Customer Import and Company Prospect Import, with new contacts of companies that were linked before.
func (p *padRun) imports(ctx context.Context) error {
	type firm struct{ company, name, resource, field, person, parent string }
	var firms []firm
	var people [][2]string // mail and the number of the customer it must be at
	for n := range p.size.partners + p.size.hopefuls + p.size.vendors {
		domain := fmt.Sprintf("new-%03d.example", n)
		f := firm{name: fmt.Sprintf("New Firm %03d", n), resource: "Customer", field: "Customer_Name", person: "CustomerAddr", parent: "Customer_Num"}
		kind := []string{"PARTNER", "RESELLER"}[n%2]
		switch {
		case n >= p.size.partners+p.size.hopefuls:
			kind, f.resource = "VENDOR", ""
		case n >= p.size.partners:
			kind, f.resource, f.field, f.person, f.parent = "PROSPECT", "Prospect", "Prospect_Name", "ProspectContact", "Prospect_ID"
		}
		f.company = p.hub("companies", "name", f.name, "domain", domain, "type", kind, "description", "Noted of "+f.name)
		p.colleague(f.company, "firstname", "Purchasing", "lastname", fmt.Sprintf("Desk %03d", n), "email", "desk@"+domain, "phone", fmt.Sprintf("44550%03d", n))
		p.colleague(f.company, "firstname", "Front", "lastname", fmt.Sprintf("Office %03d", n), "email", "office@"+domain)
		firms = append(firms, f)
	}
	for n := range p.size.joiners {
		to, mail := p.customers[n], fmt.Sprintf("joiner-%03d@joiners.example", n)
		p.colleague(to.hubspot, "firstname", "Night", "lastname", fmt.Sprintf("Shift %03d", n), "email", mail)
		people = append(people, [2]string{mail, to.salespad})
	}
	look := func() (odd []string) {
		for n, f := range firms {
			domain := fmt.Sprintf("new-%03d.example", n)
			if f.resource == "" {
				continue
			}
			got, bad := p.only(f.resource, f.field, f.name)
			odd = append(odd, gather(bad)...)
			if bad != "" {
				continue
			}
			odd = append(odd, gather(wants(f.name, got.Fields, "Note", "Noted of "+f.name))...)
			for _, mail := range []string{"desk", "office"} {
				at, bad := p.only(f.person, "Email", mail+"@"+domain)
				if odd = append(odd, gather(bad)...); bad == "" {
					odd = append(odd, gather(wants(mail+"@"+domain, at.Fields, f.parent, got.Key, "Contact_Person", map[string]string{"desk": fmt.Sprintf("Purchasing Desk %03d", n), "office": fmt.Sprintf("Front Office %03d", n)}[mail]))...)
				}
			}
		}
		for n, one := range people {
			at, bad := p.only("CustomerAddr", "Email", one[0])
			if odd = append(odd, gather(bad)...); bad == "" {
				odd = append(odd, gather(wants(one[0], at.Fields, "Customer_Num", one[1], "Contact_Person", fmt.Sprintf("Night Shift %03d", n)))...)
			}
		}
		return odd
	}
	if err := p.until(ctx, "imports", look); err != nil {
		return err
	}
	made := p.ours("create")
	count := map[string]int{}
	for _, e := range made {
		count[e.Resource]++
	}
	p.res.Imported = len(made)
	p.say("Company Customer Import, Company Prospect Import", "%d records made at SalesPad: %s; %d companies of other types stayed", len(made), counts(count), p.size.vendors)
	var odd []string
	for _, f := range firms {
		if f.resource == "" {
			if hits := slices.DeleteFunc(p.salespad.All("Customer"), func(r salespadtest.Record) bool { return r.Fields["Customer_Name"] != f.name }); len(hits) > 0 {
				odd = append(odd, f.name+" became a customer, and is a vendor")
			}
			continue
		}
		got, _ := p.only(f.resource, f.field, f.name)
		if f.resource == "Customer" {
			p.linked(f.company, got.Key)
		} else {
			p.same[f.company] = "prospects/" + got.Key
			p.prospects = append(p.prospects, padPair{got.Key, f.company})
		}
	}
	want := 3*(p.size.partners+p.size.hopefuls) + p.size.joiners
	if len(made) != want {
		odd = append(odd, fmt.Sprintf("%d records were made, want %d", len(made), want))
	}
	return p.stillLinked(ctx, "imports", odd)
}

// stillLinked compares the companies' links with the answer key as it stands by now.
func (p *padRun) stillLinked(ctx context.Context, phase string, odd []string) error {
	companies, err := p.joined(ctx, "companies")
	if err != nil {
		return err
	}
	if odd = append(odd, p.judge("company", p.same, companies)...); len(odd) > 0 {
		return unlike(phase, odd)
	}
	return nil
}

// customerExport is Customer Export: dealers become companies, their addresses with e-mail contacts of them; new addresses of linked customers likewise.
func (p *padRun) customerExport(ctx context.Context) error {
	before := p.stamps()
	type firm struct{ num, name, mail string }
	var firms []firm
	for n := range p.size.dealers + p.size.retailers + p.size.asleep {
		f := firm{num: fmt.Sprintf("X%05d", n), name: fmt.Sprintf("Sold To %03d", n), mail: fmt.Sprintf("buyer@sold-%03d.example", n)}
		fields := salespadtest.Fields{"Customer_Num": f.num, "Customer_Name": f.name, "Note": "Pays early", "Customer_Class": "DEALER"}
		switch {
		case n >= p.size.dealers+p.size.retailers:
			fields["Inactive"] = "true"
		case n >= p.size.dealers:
			fields["Customer_Class"] = "RETAIL"
		default:
			firms = append(firms, f)
		}
		p.pad("Customer", fields)
		p.pad("CustomerAddr", salespadtest.Fields{"Customer_Num": f.num, "Address_Code": "BUYER", "Contact_Person": fmt.Sprintf("Buying Office %03d", n), "Email": f.mail, "City": "Oslo"})
		p.pad("CustomerAddr", salespadtest.Fields{"Customer_Num": f.num, "Address_Code": "GATE", "Contact_Person": "Gate"})
	}
	for n := range p.size.desks {
		p.address(p.customers[n].salespad, "DESK", fmt.Sprintf("Service Desk %03d", n), fmt.Sprintf("service-%03d@desks.example", n))
	}
	var at []string // the companies, in the order of firms
	look := func() (odd []string) {
		at = nil
		for _, f := range firms {
			company, bad := p.onlyHub("companies", "name", f.name)
			contact, none := p.onlyHub("contacts", "email", f.mail)
			at = append(at, company.ID)
			odd = append(odd, gather(bad, none)...)
			if bad == "" && none == "" {
				odd = append(odd, gather(wants(f.name, company.Properties, "description", "Pays early"),
					wants(f.mail, contact.Properties, "firstname", "Buying Office", "lastname", f.num[3:], "city", "Oslo", "associatedcompanyid", company.ID))...)
			}
		}
		for n := range p.size.desks {
			mail := fmt.Sprintf("service-%03d@desks.example", n)
			contact, bad := p.onlyHub("contacts", "email", mail)
			if odd = append(odd, gather(bad)...); bad == "" {
				odd = append(odd, gather(wants(mail, contact.Properties, "firstname", "Service Desk", "lastname", fmt.Sprintf("%03d", n), "associatedcompanyid", p.customers[n].hubspot))...)
			}
		}
		return odd
	}
	if err := p.until(ctx, "Customer Export", look); err != nil {
		return err
	}
	companies, contacts := p.made(before, "companies"), p.made(before, "contacts")
	p.res.Exported = len(companies) + len(contacts)
	p.say("Customer Export", "%d companies and %d contacts made at HubSpot; %d customers outside the filter stayed, and addresses without e-mail", len(companies), len(contacts), p.size.retailers+p.size.asleep)
	for n, f := range firms {
		p.linked(at[n], f.num)
	}
	var odd []string
	if want := 2*p.size.dealers + p.size.desks; p.res.Exported != want {
		odd = append(odd, fmt.Sprintf("%d records were made, want %d", p.res.Exported, want))
	}
	return p.stillLinked(ctx, "Customer Export", odd)
}

// updates are Customer Updates Export and Prospect Updates Export. What is saved without a change of a mapped field writes nothing.
func (p *padRun) updates(ctx context.Context) error {
	before := p.stamps()
	save := func(resource, key string, fields salespadtest.Fields) {
		p.errs = append(p.errs, p.salespad.Update(resource, key, fields))
	}
	edits := min(p.size.edits, len(p.prospects)-p.size.converted, len(p.addresses))
	for n := range edits {
		save("Customer", p.customers[n].salespad, salespadtest.Fields{"Note": fmt.Sprintf("Noted later %d", n)})
		save("Prospect", p.prospects[n].salespad, salespadtest.Fields{"City": "Bergen"})
		save("CustomerAddr", p.addresses[n].salespad, salespadtest.Fields{"Phone_1": fmt.Sprintf("7788%04d", n)})
		save("Customer", p.customers[edits+n].salespad, salespadtest.Fields{"Comment_1": "Nobody maps this"})
	}
	look := func() (odd []string) {
		for n := range edits {
			customer, _ := p.hubspot.Record("companies", p.customers[n].hubspot)
			prospect, _ := p.hubspot.Record("companies", p.prospects[n].hubspot)
			contact, _ := p.hubspot.Record("contacts", p.addresses[n].hubspot)
			odd = append(odd, gather(wants(p.customers[n].salespad, customer.Properties, "description", fmt.Sprintf("Noted later %d", n)), wants(p.prospects[n].salespad, prospect.Properties, "city", "Bergen"))...)
			if phone := contact.Properties["phone"]; !strings.HasPrefix(phone, fmt.Sprintf("7788%04d", n)) { // GP adds an extension
				odd = append(odd, fmt.Sprintf("%s: phone is %q", p.addresses[n].salespad, phone))
			}
		}
		return odd
	}
	if err := p.until(ctx, "updates", look); err != nil {
		return err
	}
	moved := p.moved(before)
	p.res.Updated = len(moved)
	p.say("Customer Updates Export, Prospect Updates Export", "%d companies and contacts took a change, %d customers that were saved without one did not", len(moved), edits)
	if len(moved) != 3*edits {
		return unlike("updates", []string{fmt.Sprintf("%d records of HubSpot were written, want %d", len(moved), 3*edits)})
	}
	return nil
}

// conversions make customers of prospects: companies and contacts keep their links, and the customer's changes go on reaching them.
func (p *padRun) conversions(ctx context.Context) error {
	companies, contacts := len(p.hubspot.Records("companies")), len(p.hubspot.Records("contacts"))
	var done []padPair
	for n := range p.size.converted {
		was := p.prospects[len(p.prospects)-1-n]
		out, err := p.salespad.Convert(was.salespad, "")
		if err != nil {
			return err
		}
		done = append(done, padPair{out.CustomerNum, was.hubspot})
		p.same[was.hubspot] = "customers/" + out.CustomerNum
	}
	p.prospects = p.prospects[:len(p.prospects)-p.size.converted]
	if err := p.until(ctx, "conversion", func() []string {
		now, err := p.joined(ctx, "companies")
		if err != nil {
			return []string{err.Error()}
		}
		return p.judge("company", p.same, now)
	}); err != nil {
		return err
	}
	for n, c := range done {
		if err := p.salespad.Update("Customer", c.salespad, salespadtest.Fields{"Note": fmt.Sprintf("A customer now %d", n)}); err != nil {
			return err
		}
	}
	if err := p.until(ctx, "the converted customers' changes", func() (odd []string) {
		for n, c := range done {
			company, _ := p.hubspot.Record("companies", c.hubspot)
			odd = append(odd, gather(wants(c.salespad, company.Properties, "description", fmt.Sprintf("A customer now %d", n)))...)
		}
		return odd
	}); err != nil {
		return err
	}
	followed := 0
	if err := p.until(ctx, "the converted prospects' contacts", func() []string {
		people, err := p.joined(ctx, "contacts")
		if err != nil {
			return []string{err.Error()}
		}
		followed = 0
		for id, to := range people {
			contact, _ := p.hubspot.Record("contacts", id)
			for _, c := range done {
				if contact.PrimaryCompany == c.hubspot && strings.HasPrefix(to, "customer-addresses/"+c.salespad+"|") {
					followed++
				}
			}
		}
		return gather(wants("contacts that follow", map[string]string{"number": fmt.Sprint(followed)}, "number", fmt.Sprint(2*len(done))))
	}); err != nil {
		return err
	}
	p.customers = append(p.customers, done...)
	p.say("conversion", "%d prospects became customers: their companies and %d contacts keep their links, and take the customers' changes", len(done), followed)
	var odd []string
	if n, m := len(p.hubspot.Records("companies")), len(p.hubspot.Records("contacts")); n != companies || m != contacts {
		odd = append(odd, fmt.Sprintf("%d companies and %d contacts were made", n-companies, m-contacts))
	}
	return p.stillLinked(ctx, "conversion", odd)
}

// productExport is Product Export: items become products by their number, a product that is there takes the item's values, and a second run writes nothing.
func (p *padRun) productExport(ctx context.Context) error {
	number := func(n int) string { return fmt.Sprintf("ITEM-%04d", n) }
	price := func(n int) string { return fmt.Sprintf("%d.5", 100+n) }
	for n := range p.size.items {
		fields := salespadtest.Fields{"Item_Number": number(n), "Item_Description": "Item " + number(n), "List_Price": price(n)}
		if n >= p.size.items-p.size.retired {
			fields["Inactive"] = "true"
		}
		p.pad("ItemMaster", fields)
		if n < p.size.stocked {
			p.hub("products", "name", "As typed", "hs_sku", strings.ToLower(number(n)), "price", "1")
		}
	}
	before := p.stamps()
	if err := p.applied(ctx, "hubspot-salespad", []string{"items"}); err != nil {
		return err
	}
	plan, err := p.planned(ctx, "items")
	if err != nil {
		return err
	}
	if _, err := p.carried(ctx, plan, false); err != nil {
		return err
	}
	active := p.size.items - p.size.retired
	look := func() (odd []string) {
		products := map[string][]map[string]string{}
		for _, r := range p.hubspot.Records("products") {
			if sku := strings.ToUpper(r.Properties["hs_sku"]); !r.Archived {
				products[sku] = append(products[sku], r.Properties)
			}
		}
		for n := range active {
			if got := products[number(n)]; len(got) != 1 {
				odd = append(odd, fmt.Sprintf("%d products have the number %s, want one", len(got), number(n)))
			} else {
				odd = append(odd, gather(wants(number(n), map[string]string{"name": got[0]["name"], "price": strings.TrimRight(got[0]["price"], "0")}, "name", "Item "+number(n), "price", price(n)))...)
			}
		}
		if len(products) != active {
			odd = append(odd, fmt.Sprintf("%d numbers stand at products of HubSpot, want %d", len(products), active))
		}
		return odd
	}
	if err := p.until(ctx, "Product Export", look); err != nil {
		return err
	}
	moved, made := p.moved(before, "products"), p.made(before, "products")
	p.res.Products = len(moved)
	writes, marks := p.padWrites(), p.stamps()
	if err := p.again(ctx, "items"); err != nil {
		return err
	}
	again := p.padWrites() - writes
	p.res.Unchanged += again
	p.say("Product Export", "the preview said %d items; %d products made at HubSpot, %d that were there took the item's values, %d inactive items stayed; a second run wrote %d", plan.Rows, len(made), len(moved)-len(made), p.size.retired, again)
	if len(moved) != active || again > 0 {
		return unlike("Product Export", append(p.moved(marks), fmt.Sprintf("%d products were written, want %d; a second run wrote %d times", len(moved), active, again)))
	}
	return nil
}

// rests looks at everything once more while nobody does anything, and counts what was written.
func (p *padRun) rests(ctx context.Context) error {
	if err := p.idle(ctx); err != nil {
		return err
	}
	before, marks := p.padWrites(), p.stamps()
	if err := p.again(ctx, append(slices.Clone(padPeople), "items")...); err != nil {
		return err
	}
	if err := pause(ctx, restFor); err != nil {
		return err
	}
	if err := p.idle(ctx); err != nil {
		return err
	}
	writes := p.padWrites() - before
	p.res.Unchanged += writes
	p.say("rest", "everything was looked at once more, and polls went on: %d writes", writes)
	if changed := p.moved(marks); writes > 0 || len(changed) > 0 {
		return unlike(fmt.Sprintf("%d writes though nothing had changed", writes), changed)
	}
	return nil
}
