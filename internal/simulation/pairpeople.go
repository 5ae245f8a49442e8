package simulation

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"crosswalk/internal/connector/salesforce/salesforcetest"
)

// found makes what both CRMs have before the first sync: some of it on both sides, some on one.
func (p *pair) found() {
	for range 4 + p.dice.IntN(4) {
		p.addAccount(p.dice.IntN(4) == 0)
	}
	for range 6 + p.dice.IntN(8) {
		p.addPerson()
	}
	for range 2 + p.dice.IntN(3) {
		p.addLead()
	}
	for range 3 + p.dice.IntN(4) {
		p.addDeal()
	}
}

func (p *pair) one(in int) bool { return p.dice.IntN(in) == 0 }

// word is a text that nobody entered before.
func (p *pair) word(what string) string {
	p.numbered++
	return fmt.Sprintf("%s %d", what, p.numbered)
}

// phone is a number as people type it at Salesforce, or as HubSpot shows it.
func (p *pair) phone(plus bool) string {
	p.numbered++
	if plus {
		return fmt.Sprintf("+1415555%04d", p.numbered)
	}
	return fmt.Sprintf("(415) 555-%04d", p.numbered)
}

func (p *pair) know(system, object, id string) string {
	p.ids[system+":"+object] = append(p.ids[system+":"+object], id)
	return id
}

// some picks a record that people know and have not removed, "" for none.
func (p *pair) some(system, object string) string {
	list := slices.DeleteFunc(slices.Clone(p.ids[system+":"+object]), func(id string) bool { return p.gone[system+":"+object+"/"+id] })
	if len(list) == 0 {
		return ""
	}
	return list[p.dice.IntN(len(list))]
}

func (p *pair) remove(system, object, id string) { p.gone[system+":"+object+"/"+id] = true }

// span is a time in which a record was not there; to is zero while it lasts.
type span struct{ from, to time.Time }

// absences are when Salesforce's records were in its bin, by object/id, as its own log tells: some go with their account.
func (p *pair) absences() map[string][]span {
	out := map[string][]span{}
	for _, e := range p.s.Salesforce.Log() {
		key := e.Object + "/" + e.ID
		switch list := out[key]; e.Kind {
		case salesforcetest.Delete:
			out[key] = append(list, span{from: e.When})
		case salesforcetest.Undelete:
			if len(list) > 0 {
				list[len(list)-1].to = e.When
			}
		}
	}
	return out
}

// make creates at one side; what the side refuses (an e-mail address that is taken) is nobody's record.
func (p *pair) make(system, object string, values map[string]string) string {
	var id string
	var err error
	if system == "hubspot" {
		id, err = p.hub.hs().Create(object, values)
	} else {
		id, err = p.org.sf().Create(object, anyRow(values))
	}
	if err != nil {
		return ""
	}
	if mail := strings.ToLower(values["email"] + values["Email"]); mail != "" {
		p.twins[system+":"+mail]++
	}
	return p.know(system, object, id)
}

func anyRow(values map[string]string) row {
	out := row{}
	for name, v := range values {
		out[name] = v
		if v == "" {
			out[name] = nil
		}
	}
	return out
}

func (p *pair) addAccount(both bool) {
	p.numbered++
	domain := fmt.Sprintf("firm-%d.example", p.numbered)
	atOrg := p.one(2)
	if both || atOrg {
		p.make("salesforce", "Account", map[string]string{"Name": p.word("Works"), "Website": "https://www." + domain + "/about", "Phone": p.phone(false), "BillingStreet": p.word("Street"), "BillingCity": p.word("City")})
	}
	if both || !atOrg {
		p.make("hubspot", "companies", map[string]string{"name": p.word("Works"), "domain": domain, "description": p.word("Makers"), "numberofemployees": fmt.Sprint(p.numbered)})
	}
}

// mail is an address that nobody has, at the domain of some account or company.
func (p *pair) mail() string {
	p.numbered++
	domain := "people.example"
	if id := p.some("hubspot", "companies"); id != "" && p.one(2) {
		r, _ := p.s.HubSpot.Record("companies", id)
		if d := r.Properties["domain"]; d != "" {
			domain = d
		}
	}
	return fmt.Sprintf("desk-%d@%s", p.numbered, domain)
}

// addPerson makes a person at one side, or at both at once.
func (p *pair) addPerson() string {
	mail := p.mail()
	where := p.dice.IntN(5)
	if where < 3 {
		values := map[string]string{"LastName": p.word("Purchasing"), "FirstName": p.word("Desk"), "Email": strings.ToUpper(mail[:1]) + mail[1:], "Title": p.word("Buyer")}
		if id := p.some("salesforce", "Account"); id != "" && !p.one(3) {
			values["AccountId"] = id
		}
		if p.one(3) {
			values["MobilePhone"] = p.phone(false)
		}
		p.make("salesforce", "Contact", values)
	}
	if where > 1 {
		id := p.make("hubspot", "contacts", map[string]string{"lastname": p.word("Office"), "firstname": p.word("Front"), "email": mail, "phone": p.phone(true)})
		if company := p.some("hubspot", "companies"); id != "" && company != "" && p.one(2) {
			do(p.hub.hs().Associate("contacts", id, "companies", company))
		}
	}
	if where == 2 {
		return "the same person made at both sides"
	}
	return "person made"
}

func (p *pair) addLead() {
	mail := p.mail()
	p.make("salesforce", "Lead", map[string]string{"LastName": p.word("Prospect"), "FirstName": p.word("Some"), "Company": p.word("Works"), "Email": mail, "Title": p.word("Reader")})
}

func (p *pair) addDeal() {
	day := fmt.Sprintf("2026-%02d-%02d", 7+p.dice.IntN(5), 1+p.dice.IntN(28))
	if p.one(2) {
		values := map[string]string{"Name": p.word("Deal"), "StageName": "Prospecting", "CloseDate": day, "Amount": fmt.Sprint(1000 + p.numbered)}
		if id := p.some("salesforce", "Account"); id != "" && p.one(2) {
			values["AccountId"] = id
		}
		id := p.make("salesforce", "Opportunity", values)
		if c := p.some("salesforce", "Contact"); id != "" && c != "" && p.one(2) {
			_, _ = p.org.sf().Create("OpportunityContactRole", row{"OpportunityId": id, "ContactId": c}) // refused where the contact went with its account
		}
		return
	}
	id := p.make("hubspot", "deals", map[string]string{"dealname": p.word("Deal"), "dealstage": "qualifiedtobuy", "pipeline": "default", "closedate": day + "T00:00:00Z", "amount": fmt.Sprint(1000 + p.numbered)})
	if c := p.some("hubspot", "contacts"); id != "" && c != "" && p.one(2) {
		do(p.hub.hs().Associate("deals", id, "contacts", c))
	}
}

// atOrg and atPortal are the people at each CRM: everything changes on both sides while all runs.
func (p *pair) atOrg(a *actor, until time.Time)    { p.live(a, until, "Salesforce", p.editOrg) }
func (p *pair) atPortal(a *actor, until time.Time) { p.live(a, until, "HubSpot", p.editPortal) }

func (p *pair) live(a *actor, until time.Time, vendor string, edit func(*actor) (string, error)) {
	for time.Now().Before(until) {
		a.pause(a.between(2*time.Second, 20*time.Second))
		p.dice = a.dice
		what, err := edit(a)
		if err == nil {
			p.s.hit("people at " + vendor + ": " + what)
		}
		p.s.note(a, what)
		p.s.tally(func(s *Sim) { s.edited = time.Now() })
	}
}

// orgFields are what people change at Salesforce, with what they enter.
var orgFields = map[string][]string{
	"Account":     {"Name", "Phone", "BillingStreet", "BillingCity", "BillingPostalCode", "Description", "NumberOfEmployees"},
	"Contact":     {"FirstName", "LastName", "Title", "Phone", "MobilePhone", "MailingCity", "Salutation", "Department"},
	"Lead":        {"FirstName", "LastName", "Title"},
	"Opportunity": {"Name", "StageName", "Amount", "CloseDate", "NextStep"},
}

var hubFields = map[string][]string{
	"companies": {"name", "phone", "address", "city", "zip", "description", "numberofemployees"},
	"contacts":  {"firstname", "lastname", "jobtitle", "phone", "mobilephone", "city", "salutation", "company"},
	"deals":     {"dealname", "dealstage", "amount", "closedate", "hs_next_step"},
}

// value is what people enter into a field.
func (p *pair) value(name string) string {
	p.numbered++
	switch name {
	case "Phone", "MobilePhone", "phone", "mobilephone":
		return p.phone(name[0] >= 'a')
	case "NumberOfEmployees", "numberofemployees", "Amount", "amount":
		return fmt.Sprint(1000 + p.numbered)
	case "CloseDate":
		return fmt.Sprintf("2027-%02d-%02d", 1+p.numbered/28%12, 1+p.numbered%28)
	case "closedate":
		return fmt.Sprintf("2028-%02d-%02dT00:00:00Z", 1+p.numbered/28%12, 1+p.numbered%28)
	case "StageName":
		return []string{"Prospecting", "Qualification", "Value Proposition", "Negotiation/Review", "Perception Analysis"}[p.dice.IntN(5)]
	case "dealstage":
		return []string{"appointmentscheduled", "qualifiedtobuy", "presentationscheduled", "contractsent"}[p.dice.IntN(4)]
	case "Salutation", "salutation":
		return []string{"Mr.", "Ms.", "Dr.", "Prof."}[p.dice.IntN(4)]
	case "jobtitle":
		return p.word("head of")
	}
	return p.word(name)
}

func (p *pair) of(choices ...string) string { return choices[p.dice.IntN(len(choices))] }

// editOrg does one thing at Salesforce.
func (p *pair) editOrg(a *actor) (string, error) {
	sf := p.org.sf()
	if p.one(15) {
		p.s.hit("transaction of some minutes")
		sf = sf.Late(a.between(20*time.Second, 2*time.Minute))
	}
	object := p.of("Account", "Contact", "Contact", "Contact", "Lead", "Opportunity")
	id := p.some("salesforce", object)
	if id == "" {
		return "nothing", errNothing
	}
	if p.one(9) {
		p.addSome()
		return "record made", nil
	}
	if p.one(8) {
		return p.lifeAtOrg(object, id)
	}
	values := row{}
	for range 1 + p.dice.IntN(2) {
		name := p.of(orgFields[object]...)
		values[name] = p.value(name)
		if p.one(14) && name != "Name" && name != "LastName" && name != "StageName" && name != "CloseDate" {
			values[name] = nil
		}
	}
	return "fields of " + object + " changed", sf.Update(""+object, id, values)
}

func (p *pair) addSome() {
	switch p.dice.IntN(6) {
	case 0:
		p.addAccount(p.one(3))
	case 1:
		p.addLead()
	case 2:
		p.addDeal()
	default:
		p.addPerson()
	}
}

// editPortal does one thing at HubSpot.
func (p *pair) editPortal(a *actor) (string, error) {
	object := p.of("companies", "contacts", "contacts", "contacts", "deals")
	id := p.some("hubspot", object)
	if id == "" {
		return "nothing", errNothing
	}
	if p.one(9) {
		p.addSome()
		return "record made", nil
	}
	if p.one(10) {
		return p.lifeAtPortal(object, id)
	}
	values := props{}
	for range 1 + p.dice.IntN(2) {
		name := p.of(hubFields[object]...)
		values[name] = p.value(name)
		if p.one(14) && name != "name" && name != "lastname" && name != "dealname" && name != "dealstage" && name != "closedate" {
			values[name] = ""
		}
	}
	return "fields of " + object + " changed", p.hub.hs().Set(object, id, values)
}

// lifeAtOrg is what becomes of a record at Salesforce: merged, converted, deleted, brought back, given another's address.
func (p *pair) lifeAtOrg(object, id string) (string, error) {
	sf := p.org.sf()
	other := p.some("salesforce", object)
	switch n := p.dice.IntN(6); {
	case object == "Lead" && n < 4:
		c, err := sf.Convert(id, salesforcetest.Conversion{OpportunityName: p.word("Deal")})
		if err == nil {
			p.remove("salesforce", "Lead", id)
			p.know("salesforce", "Account", c.AccountID)
			p.know("salesforce", "Contact", c.ContactID)
			p.know("salesforce", "Opportunity", c.OpportunityID)
		}
		return "lead converted", err
	case n == 0 && object != "Opportunity" && other != id:
		err := sf.Merge(object, id, row{}, other)
		if err == nil {
			p.remove("salesforce", object, other)
		}
		if third := p.some("salesforce", object); err == nil && third != "" && third != id && p.one(2) { // a chain: the winner goes into another
			if err = sf.Merge(object, third, row{}, id); err == nil {
				p.remove("salesforce", object, id)
				p.s.hit("people at Salesforce: chain of merges")
			}
		}
		return "records merged", err
	case n == 1:
		err := sf.Delete(object, id)
		if err == nil {
			p.remove("salesforce", object, id)
			p.bin = append(p.bin, [2]string{object, id})
		}
		return "record deleted", err
	case n < 4 && len(p.bin) > 0:
		last := p.bin[len(p.bin)-1]
		err := sf.Undelete(last[0], last[1])
		if err == nil {
			p.bin = p.bin[:len(p.bin)-1]
			delete(p.gone, "salesforce:"+last[0]+"/"+last[1])
		}
		return "record undeleted", err
	case object == "Contact" && other != id:
		a, _ := p.s.Salesforce.Get("Contact", id)
		b, _ := p.s.Salesforce.Get("Contact", other)
		if a.Text("Email") == "" || b.Text("Email") == "" {
			return "addresses swapped", errNothing
		}
		err := sf.Update("Contact", id, row{"Email": b.Text("Email")})
		if err == nil {
			err = sf.Update("Contact", other, row{"Email": a.Text("Email")})
		}
		return "addresses swapped", err
	}
	return p.backAtOrg(object, id)
}

// backAtOrg sets a field to what it was before.
func (p *pair) backAtOrg(object, id string) (string, error) {
	const what = "old value set back"
	name := p.of(orgFields[object]...)
	list := p.orgJournal()[object+"/"+id+"/"+name]
	if len(list) < 2 || list[len(list)-2].value == "" {
		return what, errNothing
	}
	return what, p.org.sf().Update(object, id, row{name: list[len(list)-2].value})
}

// lifeAtPortal is what becomes of a record at HubSpot.
func (p *pair) lifeAtPortal(object, id string) (string, error) {
	hs := p.hub.hs()
	other := p.some("hubspot", object)
	switch n := p.dice.IntN(6); {
	case n == 0 && other != id:
		merged, err := hs.Merge(object, id, other)
		if err == nil {
			p.remove("hubspot", object, id)
			p.remove("hubspot", object, other)
			p.know("hubspot", object, merged)
			p.take(object, merged)
		}
		if third := p.some("hubspot", object); err == nil && third != merged && p.one(2) { // a chain: what came of it is merged again
			var last string
			if last, err = hs.Merge(object, merged, third); err == nil {
				p.remove("hubspot", object, merged)
				p.remove("hubspot", object, third)
				p.know("hubspot", object, last)
				p.take(object, last)
				p.s.hit("people at HubSpot: chain of merges")
			}
		}
		return "records merged", err
	case n == 1:
		err := hs.Archive(object, id)
		if err == nil {
			p.remove("hubspot", object, id)
			p.archived = append(p.archived, [2]string{object, id})
		}
		return "record archived", err
	case n == 2 && len(p.archived) > 0:
		last := p.archived[len(p.archived)-1]
		err := hs.Restore(last[0], last[1])
		if err == nil {
			p.archived, p.restored = p.archived[:len(p.archived)-1], append(p.restored, last)
			delete(p.gone, "hubspot:"+last[0]+"/"+last[1])
		}
		return "record restored", err
	}
	const what = "old value set back"
	name := p.of(hubFields[object]...)
	list := p.journal.hub[object+"/"+id+"/"+name]
	if len(list) < 2 || list[len(list)-2].value == "" || name == "closedate" {
		return what, errNothing
	}
	return what, hs.Set(object, id, props{name: list[len(list)-2].value})
}
