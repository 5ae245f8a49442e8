package main

import (
	"errors"
	"fmt"
	"strings"

	"crosswalk/internal/connector/salespad/salespadtest"
)

// What people have put into HubSpot and SalesPad before make demo PAIR=hubspot-salespad begins, and what they put there while it runs. Beside every record
// stands what must become of it: written down while it is made, by whoever knows which firm is which, and read by nothing but the outsider.

// padSize is how much there is of everything.
type padSize struct {
	direct, viaContact, ambiguous int // companies that stand on both sides, by how they can be told

	partners, hopefuls, vendors int // new companies at HubSpot: become customers, prospects, nothing
	joiners                     int // new contacts of linked companies
	dealers, retailers, asleep  int // new customers at SalesPad: exported, left out by the filter, inactive
	desks                       int // new addresses of linked customers
	edits                       int // customers, prospects and addresses, each so many, that are changed; as many are saved without a change that is mapped
	converted                   int // prospects that become customers
	items, stocked, retired     int // items: at HubSpot already, inactive
	documents, unknown          int // in the queue: of these with a line whose item HubSpot lacks
}

// padDemo is what make demo shows.
var padDemo = padSize{direct: 950, viaContact: 20, ambiguous: 30, partners: 40, hopefuls: 20, vendors: 10, joiners: 20, dealers: 30, retailers: 10, asleep: 5, desks: 20,
	edits: 30, converted: 3, items: 200, stocked: 40, retired: 15, documents: 40, unknown: 10}

// padWorld is both systems and their answer key.
type padWorld struct {
	*vendors
	size padSize

	same   map[string]string // HubSpot company -> customers/NUMBER or prospects/ID
	doubt  map[string]bool   // companies that a person must decide about
	former map[string]bool   // companies that only a contact tells
	person map[string]string // HubSpot contact -> customer-addresses/NUMBER|CODE or prospect-contacts/ID|CODE

	customers, prospects []padPair // what is linked, in the order it was made
	addresses            []padPair // addresses of linked customers and their contacts
	errs                 []error
}

// padPair is a record of SalesPad and the one of HubSpot that is the same.
type padPair struct{ salespad, hubspot string }

// padNumber is the field of a HubSpot company in which its sales people keep the customer's number.
const padNumber = "customer_number"

func (w *padWorld) hub(object string, pairs ...string) string {
	id, err := w.hubspot.User().Create(object, withoutBlanks(pairs...))
	w.errs = append(w.errs, err)
	return id
}

func (w *padWorld) colleague(company string, pairs ...string) string {
	id := w.hub("contacts", pairs...)
	w.errs = append(w.errs, w.hubspot.User().Associate("contacts", id, "companies", company))
	return id
}

func (w *padWorld) pad(resource string, fields salespadtest.Fields) string {
	r, err := w.salespad.Create(resource, fields)
	w.errs = append(w.errs, err)
	return r.Key
}

func (w *padWorld) customer(num, name, mail string) string {
	return w.pad("Customer", salespadtest.Fields{"Customer_Num": num, "Customer_Name": name, "Email_To": mail, "Customer_Class": "RETAIL"})
}

func (w *padWorld) address(num, code, who, mail string) string {
	return w.pad("CustomerAddr", salespadtest.Fields{"Customer_Num": num, "Address_Code": code, "Contact_Person": who, "Email": mail})
}

func padFirm(n int) string {
	return fmt.Sprintf("%s %04d", []string{"Harbour Freight", "Northern Instruments", "Textile Works", "Energy Supply", "Foods Trading"}[n%5], n)
}

// fill puts into both what is there before.
func (w *padWorld) fill() error {
	w.same, w.doubt, w.former, w.person = map[string]string{}, map[string]bool{}, map[string]bool{}, map[string]string{}
	w.errs = append(w.errs, w.hubspot.User().Define("companies", padNumber, "string", "text"))
	for n := range w.size.direct {
		w.known(n)
	}
	for n := range w.size.viaContact {
		w.renamed(n)
	}
	for n := range w.size.ambiguous {
		w.twice(n)
	}
	return errors.Join(w.errs...)
}

// known is a company that can be told by what it says itself: by its customer's number, as a prospect, or by its domain.
func (w *padWorld) known(n int) {
	name, domain := padFirm(n), fmt.Sprintf("firm-%04d.example", n)
	switch n % 10 {
	case 0:
		num := w.customer(fmt.Sprintf("C%05d", n), name, "")
		w.linked(w.hub("companies", "name", name, padNumber, strings.ToLower(num)), num)
	case 1:
		id := w.pad("Prospect", salespadtest.Fields{"Prospect_Name": name, "Web_Site": "https://www." + domain})
		desk := w.pad("ProspectContact", salespadtest.Fields{"Prospect_ID": id, "Contact_Person": fmt.Sprintf("Purchasing Desk %04d", n), "Email": "desk@" + domain})
		company := w.hub("companies", "name", name, "domain", domain)
		w.same[company] = "prospects/" + id
		w.prospects = append(w.prospects, padPair{id, company})
		w.person[w.colleague(company, "firstname", "Purchasing", "lastname", fmt.Sprintf("Desk %04d", n), "email", "desk@"+domain)] = "prospect-contacts/" + desk
	default:
		num := w.customer(fmt.Sprintf("C%05d", n), name, "accounts@"+domain)
		company := w.hub("companies", "name", name, "domain", domain)
		w.linked(company, num)
		if n%10 == 2 {
			at := w.address(num, "BUYER", fmt.Sprintf("Buying Office %04d", n), "buyer@"+domain)
			w.staff(w.colleague(company, "firstname", "Buying", "lastname", fmt.Sprintf("Office %04d", n), "email", "Buyer@"+domain), at)
		}
	}
}

func (w *padWorld) linked(company, num string) {
	w.same[company] = "customers/" + num
	w.customers = append(w.customers, padPair{num, company})
}

func (w *padWorld) staff(contact, address string) {
	w.person[contact] = "customer-addresses/" + address
	w.addresses = append(w.addresses, padPair{address, contact})
}

// renamed is a company that only its contact tells: it has another name by now, and no domain.
func (w *padWorld) renamed(n int) {
	mail := fmt.Sprintf("office@renamed-%03d.example", n)
	num := w.customer(fmt.Sprintf("R%05d", n), fmt.Sprintf("Formerly %03d", n), "")
	at := w.address(num, "OFFICE", fmt.Sprintf("Front Office R%03d", n), mail)
	company := w.hub("companies", "name", fmt.Sprintf("Renamed %03d", n))
	w.linked(company, num)
	w.former[company] = true
	w.staff(w.colleague(company, "firstname", "Front", "lastname", fmt.Sprintf("Office R%03d", n), "email", mail), at)
}

// twice is a company that nobody but a person can tell: two customers have its domain; one has its name and nothing else; or its contacts are those of two
// customers.
func (w *padWorld) twice(n int) {
	domain, name := fmt.Sprintf("twice-%03d.example", n), fmt.Sprintf("Twice %03d", n)
	num := func(k int) string { return fmt.Sprintf("T%05d", 2*n+k) }
	switch n % 3 {
	case 0:
		w.customer(num(0), name+" East", "east@"+domain)
		w.customer(num(1), name+" West", "west@"+domain)
		w.doubt[w.hub("companies", "name", name, "domain", domain)] = true
	case 1:
		w.customer(num(0), name, "")
		w.doubt[w.hub("companies", "name", name)] = true
	default:
		company := w.hub("companies", "name", "Holding of "+name)
		w.doubt[company] = true
		for k, part := range []string{"one", "two"} {
			mail := part + "@" + domain
			w.customer(num(k), fmt.Sprintf("Part %s of %03d", part, n), "")
			w.address(num(k), "MAIN", fmt.Sprintf("Front Office %s %03d", part, n), mail)
			w.colleague(company, "firstname", "Front", "lastname", fmt.Sprintf("Office %s %03d", part, n), "email", mail)
		}
	}
}
