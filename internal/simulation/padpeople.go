package simulation

import (
	"fmt"
	"slices"
	"time"

	"crosswalk/internal/connector/hubspot/hubspottest"
	"crosswalk/internal/connector/salespad/salespadtest"
)

// erpFields are a record's values as people enter them at SalesPad.
type erpFields = salespadtest.Fields

func (p *pad) one(in int) bool { return p.dice.IntN(in) == 0 }

func (p *pad) of(choices ...string) string { return choices[p.dice.IntN(len(choices))] }

// word is a text that nobody entered before.
func (p *pad) word(what string) string {
	p.numbered++
	return fmt.Sprintf("%s %d", what, p.numbered)
}

// phone is a number in the form that GP keeps, so that no install changes it but by its extension.
func (p *pad) phone() string {
	p.numbered++
	return fmt.Sprintf("415555%04d", p.numbered)
}

// found makes what both have before the first sync: some of it on both sides, some on one.
func (p *pad) found() {
	for range 4 + p.dice.IntN(3) {
		p.addItem()
	}
	for n := range 6 + p.dice.IntN(5) {
		if n < 2 {
			p.addFirm(1 + n) // something that is linked by what it says itself
			continue
		}
		p.addFirm(p.dice.IntN(9))
	}
	for range 2 + p.dice.IntN(2) {
		p.addDocument()
	}
}

// hubMake and erpMake make a record at one side; what the side refuses is nobody's record.
func (p *pad) hubMake(object string, values props) string {
	for name, v := range values {
		if v == "" {
			delete(values, name)
		}
	}
	id, err := p.hub.hs().Create(object, values)
	if err != nil {
		return ""
	}
	return id
}

func (p *pad) erpMake(resource string, values erpFields) string {
	r, err := p.s.SalesPad.Create(resource, values)
	if err != nil {
		return ""
	}
	p.entered(resource, r.Key, values)
	return r.Key
}

// change is what a person changes of a record at SalesPad.
func (p *pad) change(resource, key string, values erpFields) error {
	err := p.s.SalesPad.Update(resource, key, values)
	if err == nil {
		p.entered(resource, key, values)
	}
	return err
}

func (p *pad) entered(resource, key string, values erpFields) {
	for name, v := range values {
		at := resource + "/" + key + "/" + name
		p.past[at] = append(p.past[at], version{v, time.Now(), person})
	}
}

// addFirm makes a company as it may stand: at both sides and to be told by its number, its domain or its contact; at one side alone.
func (p *pad) addFirm(kind int) string {
	p.numbered++
	n := p.numbered
	name, domain, number := p.word("Works"), fmt.Sprintf("firm-%d.example", n), fmt.Sprintf("C%05d", n)
	company := props{"name": name, "domain": domain}
	customer := erpFields{"Customer_Num": number, "Customer_Name": name, "Email_To": "ap@" + domain, "Customer_Class": p.of("RETAIL", "DEALER")}
	switch kind {
	case 0:
		company["domain"], company["customer_number"], customer["Email_To"] = "", fmt.Sprintf("c%05d", n), ""
		p.erpMake("Customer", customer)
		p.hubPerson(p.hubMake("companies", company), domain)
		return "company and customer made, by number"
	case 1:
		if p.one(2) {
			company["name"], company["description"] = p.word("Another Works"), p.word("Made of")
		}
		p.hubMake("companies", company)
		p.erpMake("Customer", customer)
		p.erpPerson("Customer", number, domain)
		return "company and customer made, by domain"
	case 2:
		id := p.hubMake("companies", company)
		prospect := p.erpMake("Prospect", erpFields{"Prospect_Name": name, "Web_Site": "https://www." + domain})
		mail := p.hubPerson(id, domain)
		p.erpMake("ProspectContact", erpFields{"Prospect_ID": prospect, "Contact_Person": p.word("Front Desk"), "Email": mail})
		return "company and prospect made"
	case 3:
		company["domain"], company["name"], customer["Email_To"] = "", p.word("Renamed"), ""
		id := p.hubMake("companies", company)
		p.erpMake("Customer", customer)
		p.erpMake("CustomerAddr", erpFields{"Customer_Num": number, "Address_Code": "OFFICE", "Contact_Person": p.word("Front Office"), "Email": p.hubPerson(id, domain)})
		return "company and customer made, by contact"
	case 4, 5:
		company["type"], company["description"] = p.of("PARTNER", "RESELLER"), p.word("Noted")
		p.hubFirm(company, domain)
		return "company to import made"
	case 6:
		company["type"], company["city"], company["address"] = "PROSPECT", p.word("City"), p.word("Street")
		p.hubFirm(company, domain)
		return "company to become a prospect made"
	case 7:
		customer["Note"] = p.word("Pays")
		p.erpMake("Customer", customer)
		for range 1 + p.dice.IntN(2) {
			p.erpPerson("Customer", number, domain)
		}
		return "customer made"
	}
	company["type"] = "VENDOR"
	p.hubFirm(company, domain)
	return "company of another type made"
}

// hubFirm makes a company with up to three contacts.
func (p *pad) hubFirm(company props, domain string) {
	id := p.hubMake("companies", company)
	for range p.dice.IntN(4) {
		p.hubPerson(id, domain)
	}
}

// hubPerson makes a contact of a company and gives its e-mail address.
func (p *pad) hubPerson(company, domain string) string {
	p.numbered++
	mail := fmt.Sprintf("desk-%d@%s", p.numbered, domain)
	values := props{"lastname": p.word("Desk"), "email": mail}
	if p.one(2) {
		values["firstname"] = p.of("Front", "Back", "Night")
	}
	if p.one(2) {
		values["phone"] = p.phone()
	}
	if p.one(3) {
		values["address"], values["city"], values["zip"] = p.word("Street"), p.word("City"), "12345"
	}
	if p.one(15) {
		values["lastname"] = p.word("A name that is longer than sixty characters, which is all that GP has room for, of desk")
	}
	id := p.hubMake("contacts", values)
	if id == "" || company == "" {
		return mail
	}
	_ = p.hub.hs().Associate("contacts", id, "companies", company) // refused where the company was merged away
	return mail
}

// erpPerson makes an address of a customer or a contact of a prospect.
func (p *pad) erpPerson(of, key, domain string) {
	p.numbered++
	values := erpFields{"Contact_Person": p.word("Buying Office"), "Email": fmt.Sprintf("buyer-%d@%s", p.numbered, domain), "Phone_1": p.phone()}
	switch {
	case p.one(5):
		delete(values, "Email") // it cannot be told apart at HubSpot, and stays
	case p.one(3):
		values["City"], values["Address_Line_1"], values["Country"] = p.word("City"), p.word("Street"), "USA"
	}
	if of == "Customer" {
		values["Customer_Num"], values["Address_Code"] = key, fmt.Sprintf("DESK%d", p.numbered)
		p.erpMake("CustomerAddr", values)
		return
	}
	values["Prospect_ID"] = key
	p.erpMake("ProspectContact", values)
}

// atPortal and atSalesPad are the people at each side: everything changes while all runs.
func (p *pad) atPortal(a *actor, until time.Time) {
	p.live(a, until, "HubSpot beside SalesPad", p.editPortal)
}
func (p *pad) atSalesPad(a *actor, until time.Time) { p.live(a, until, "SalesPad", p.editSalesPad) }

func (p *pad) live(a *actor, until time.Time, vendor string, edit func(*actor) (string, error)) {
	for time.Now().Before(until) {
		a.pause(a.between(2*time.Second, 25*time.Second))
		p.dice = a.dice
		what, err := edit(a)
		if err == nil {
			p.s.hit("people at " + vendor + ": " + what)
		}
		p.s.note(a, what)
		p.s.tally(func(s *Sim) { s.edited = time.Now() })
	}
}

// someHub picks a living record of HubSpot.
func (p *pad) someHub(object string) (hubspottest.Record, bool) {
	list := slices.DeleteFunc(p.s.HubSpot.Records(object), func(r hubspottest.Record) bool { return !alive(r) })
	if len(list) == 0 {
		return hubspottest.Record{}, false
	}
	return list[p.dice.IntN(len(list))], true
}

// someERP picks a record of SalesPad that fits.
func (p *pad) someERP(resource string, fits func(salespadtest.Record) bool) (salespadtest.Record, bool) {
	list := p.s.SalesPad.All(resource)
	if fits != nil {
		list = slices.DeleteFunc(list, func(r salespadtest.Record) bool { return !fits(r) })
	}
	if len(list) == 0 {
		return salespadtest.Record{}, false
	}
	return list[p.dice.IntN(len(list))], true
}

// editPortal does one thing at HubSpot.
func (p *pad) editPortal(*actor) (string, error) {
	company, ok := p.someHub("companies")
	if !ok {
		return p.addFirm(4), nil
	}
	contact, _ := p.someHub("contacts")
	domain := company.Properties["domain"]
	if domain == "" {
		domain = "people.example"
	}
	hs := p.hub.hs()
	switch n := p.dice.IntN(100); {
	case n < 20:
		return p.addFirm([]int{0, 1, 2, 3, 4, 4, 5, 6, 6, 8}[p.dice.IntN(10)]), nil
	case n < 32:
		p.hubPerson(company.ID, domain)
		return "contact made", nil
	case n < 52:
		name := p.of("name", "description", "description", "phone", "city")
		v := p.word(name)
		if name == "phone" {
			v = p.phone()
		}
		return "company changed", hs.Set("companies", company.ID, props{name: v})
	case n < 75 && contact.ID != "":
		name := p.of("firstname", "lastname", "lastname", "phone", "city", "address")
		v := p.word(name)
		if name == "phone" {
			v = p.phone()
		}
		return "contact changed", hs.Set("contacts", contact.ID, props{name: v})
	case n < 79 && contact.ID != "":
		p.numbered++
		return "contact's address changed", hs.Set("contacts", contact.ID, props{"email": fmt.Sprintf("moved-%d@%s", p.numbered, domain)})
	case n < 84:
		return "company of another type", hs.Set("companies", company.ID, props{"type": p.of("PARTNER", "PROSPECT", "VENDOR")})
	case n < 88:
		err := hs.Archive("companies", company.ID)
		if err == nil {
			p.archived = append(p.archived, [2]string{"companies", company.ID})
		}
		return "company archived", err
	case n < 91 && contact.ID != "":
		err := hs.Archive("contacts", contact.ID)
		if err == nil {
			p.archived = append(p.archived, [2]string{"contacts", contact.ID})
		}
		return "contact archived", err
	case n < 94 && len(p.archived) > 0:
		at := p.archived[p.dice.IntN(len(p.archived))]
		return "record restored", hs.Restore(at[0], at[1])
	case n < 97:
		deal, ok := p.someHub("deals")
		if !ok {
			return "deal moved on", errNothing
		}
		stage := p.of("contractsent", "decisionmakerboughtin", "qualifiedtobuy")
		p.moved[deal.ID] = stage
		return "deal moved on", hs.Set("deals", deal.ID, props{"dealstage": stage})
	}
	other, _ := p.someHub("companies")
	if other.ID == company.ID {
		return "companies merged", errSame
	}
	id, err := hs.Merge("companies", company.ID, other.ID)
	if err == nil {
		p.take(id)
	}
	return "companies merged", err
}

// take notes the values of a company that came of a merge as a person's: the events say no more than that it was made.
func (p *pad) take(id string) {
	r, _ := p.s.HubSpot.Record("companies", id)
	for _, name := range padWatched["company"] {
		if v := r.Properties[name]; v != "" {
			key := "companies/" + id + "/" + name
			p.journal.hub[key] = append(p.journal.hub[key], version{v, time.Now(), person})
		}
	}
}

// editSalesPad does one thing at SalesPad.
func (p *pad) editSalesPad(a *actor) (string, error) {
	switch n := p.dice.IntN(100); {
	case n < 10:
		return p.addFirm(7), nil
	case n < 26:
		return p.editCustomer()
	case n < 40:
		return p.editAddress()
	case n < 52:
		return p.editProspect()
	case n < 56:
		return p.editItem()
	case n < 59:
		taken := 1 + p.dice.IntN(5)
		p.s.SalesPad.TakeSeats(taken)
		a.pause(a.between(20*time.Second, 2*time.Minute))
		p.dice = a.dice
		p.s.SalesPad.TakeSeats(-taken)
		return "seats taken", nil
	}
	return p.editDocument(a)
}

func (p *pad) editCustomer() (string, error) {
	r, ok := p.someERP("Customer", nil)
	if !ok {
		return "customer changed", errNothing
	}
	switch n := p.dice.IntN(16); {
	case n < 5:
		return "customer changed", p.change("Customer", r.Key, erpFields{"Note": p.word("Note")})
	case n < 9:
		return "customer renamed", p.change("Customer", r.Key, erpFields{"Customer_Name": p.word("Works renamed")})
	case n < 10:
		return "customer saved without a change that is mapped", p.change("Customer", r.Key, erpFields{"Comment_1": p.word("Nobody maps this")})
	case n < 12:
		next := map[string]string{"true": "", "": "true"}[r.Fields["Inactive"]]
		return "customer made inactive or active", p.change("Customer", r.Key, erpFields{"Inactive": next})
	case n < 13:
		return p.deleteCustomer(r)
	}
	p.erpPerson("Customer", r.Key, "people.example")
	return "address made", nil
}

// deleteCustomer removes a customer that has no documents, with its addresses, as GP's own screens do.
func (p *pad) deleteCustomer(r salespadtest.Record) (string, error) {
	const what = "customer deleted"
	if slices.ContainsFunc(p.s.SalesPad.All("SalesDocument"), func(d salespadtest.Record) bool { return d.Fields["Customer_Num"] == r.Key }) {
		return what, errNothing
	}
	for _, at := range p.s.SalesPad.All("CustomerAddr") {
		if at.Fields["Customer_Num"] == r.Key {
			p.erased["CustomerAddr/"+at.Key] = at
		}
	}
	p.erased["Customer/"+r.Key] = r
	return what, p.s.SalesPad.Delete("Customer", r.Key)
}

func (p *pad) editAddress() (string, error) {
	r, ok := p.someERP("CustomerAddr", nil)
	if !ok {
		return "address changed", errNothing
	}
	if p.one(12) {
		p.erased["CustomerAddr/"+r.Key] = r
		return "address deleted", p.s.SalesPad.Delete("CustomerAddr", r.Key)
	}
	return "address changed", p.change("CustomerAddr", r.Key, p.personal())
}

// personal are the values that somebody changes of an address or a prospect's contact.
func (p *pad) personal() erpFields {
	switch p.dice.IntN(5) {
	case 0:
		return erpFields{"Phone_1": p.phone()}
	case 1:
		return erpFields{"City": p.word("City")}
	case 2:
		p.numbered++
		return erpFields{"Email": fmt.Sprintf("elsewhere-%d@people.example", p.numbered)}
	case 3:
		return erpFields{"Contact_Person": p.word("Service Desk"), "Phone_1": p.phone()}
	}
	return erpFields{"Contact_Person": p.word("Service Desk")}
}

func unconverted(r salespadtest.Record) bool { return r.Fields["Customer_Num"] == "" }

func (p *pad) editProspect() (string, error) {
	r, ok := p.someERP("Prospect", unconverted)
	if !ok {
		return "prospect changed", errNothing
	}
	switch n := p.dice.IntN(12); {
	case n < 3:
		return "prospect changed", p.change("Prospect", r.Key, erpFields{"City": p.word("City")})
	case n < 5:
		return "prospect renamed", p.change("Prospect", r.Key, erpFields{"Prospect_Name": p.word("Works renamed")})
	case n < 6:
		return "prospect changed", p.change("Prospect", r.Key, erpFields{"Note": p.word("Note"), "Phone_1": p.phone()})
	case n < 7:
		p.erpPerson("Prospect", r.Key, "people.example")
		return "prospect's contact made", nil
	case n < 10:
		c, ok := p.someERP("ProspectContact", func(c salespadtest.Record) bool { return c.Fields["Prospect_ID"] == r.Key })
		if !ok {
			return "prospect's contact changed", errNothing
		}
		return "prospect's contact changed", p.change("ProspectContact", c.Key, p.personal())
	}
	return p.convert(r)
}

// convert makes a customer of a prospect.
func (p *pad) convert(r salespadtest.Record) (string, error) {
	const what = "prospect converted"
	number := ""
	if p.one(2) {
		p.numbered++
		number = fmt.Sprintf("P%05d", p.numbered)
	}
	out, err := p.s.SalesPad.Convert(r.Key, number)
	if err != nil {
		return what, err
	}
	p.former["Customer/"+out.CustomerNum] = "Prospect/" + r.Key
	for _, c := range out.Contacts {
		p.former["CustomerAddr/"+out.CustomerNum+"|"+c.AddressCode] = "ProspectContact/" + r.Key + "|" + c.ContactID
	}
	return what, nil
}
