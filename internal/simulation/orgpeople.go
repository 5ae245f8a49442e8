package simulation

import (
	"fmt"
	"slices"
	"time"

	"crosswalk/internal/connector/salesforce/salesforcetest"
)

// edit does one thing at the org.
func (o *org) edit(a *actor) (string, error) {
	sf := o.sf()
	if o.one(12) {
		o.s.hit("transaction of some minutes")
		sf = sf.Late(a.between(30*time.Second, 4*time.Minute))
	}
	id := o.town.deals[o.dice.IntN(len(o.town.deals))]
	switch n := o.dice.IntN(100); {
	case n < 30:
		return "deal won", sf.Win(id)
	case n < 35:
		return "deal lost", sf.Lose(id)
	case n < 38:
		return "deal reopened", sf.Reopen(id)
	case n < 43:
		return "stage flaps won, lost, won", o.flap(a, sf, id)
	case n < 58:
		return o.editLines(a, sf, id)
	case n < 63:
		o.numbered++
		r, _ := o.s.Salesforce.Get("Opportunity", id)
		return "deal renamed", sf.Update("Opportunity", id, row{"Name": fmt.Sprintf("%s again %d", word(r.Text("Name")), o.numbered)})
	case n < 69:
		r := o.account(o.companies[o.dice.IntN(len(o.companies))])
		o.numbered++
		return "company renamed", sf.Update("Account", r.ID, row{"Name": fmt.Sprintf("%s Works %d", word(r.Text("Name")), o.numbered)})
	case n < 74:
		return "deal cloned", o.clone(id)
	case n < 77:
		return o.mergeAccounts(sf)
	case n < 81:
		return "deal deleted", o.remove(sf, id)
	case n < 84:
		return "deal undeleted", o.restore(sf)
	case n < 87:
		entry := o.entries[o.products[o.dice.IntN(len(o.products))]+"EUR"]
		return "product price changed", sf.Update("PricebookEntry", entry, row{"UnitPrice": major(int64(1+o.dice.IntN(900_000)), "EUR")})
	case n < 90:
		return "close date moved", sf.Update("Opportunity", id, row{"CloseDate": fmt.Sprintf("2026-06-%02d", 10+o.dice.IntN(18))})
	case n < 92:
		return "deals changed together", o.together(sf)
	}
	o.addOpportunity()
	return "deal made", nil
}

func (o *org) flap(a *actor, sf salesforcetest.Person, id string) error {
	err := sf.Win(id)
	for range 1 + o.dice.IntN(2) {
		a.pause(a.between(time.Second, 40*time.Second))
		_ = sf.Lose(id) // refused only when the deal is gone, and then the next one is too
		a.pause(a.between(time.Second, 40*time.Second))
		err = sf.Win(id)
	}
	return err
}

// editLines changes lines; Salesforce keeps the amount.
func (o *org) editLines(a *actor, sf salesforcetest.Person, id string) (string, error) {
	r, _ := o.s.Salesforce.Get("Opportunity", id)
	lines, currency := o.items(id), r.Text("CurrencyIsoCode")
	switch n := o.dice.IntN(4); {
	case r.Deleted:
		return "line changed", errNothing
	case len(lines) == 0:
		return "amount edited", sf.Update("Opportunity", id, row{"Amount": major(int64(100+o.dice.IntN(1_000_000)), currency)})
	case n == 0:
		o.addLine(id, currency)
		return "line added", nil
	case n == 1 && len(lines) > 1:
		return "line removed", sf.Delete("OpportunityLineItem", lines[o.dice.IntN(len(lines))].ID)
	}
	one := lines[o.dice.IntN(len(lines))]
	return "line changed", sf.Update("OpportunityLineItem", one.ID, row{"UnitPrice": major(int64(1+o.dice.IntN(900_000)), currency), "Quantity": o.quantity(currency)})
}

// clone makes a new opportunity of the same content (T5: it is a deal of its own), often under the very same name. The field
// that says which document it has is copied too.
func (o *org) clone(id string) error {
	r, _ := o.s.Salesforce.Get("Opportunity", id)
	o.numbered++
	values := row{"Name": fmt.Sprintf("D%03d clone", o.numbered)}
	if o.one(2) {
		values["Name"] = r.Text("Name")
	}
	for _, name := range []string{"StageName", "CurrencyIsoCode", "CloseDate", "AccountId", documentField} {
		if v := r.Text(name); v != "" {
			values[name] = v
		}
	}
	lines := o.items(id)
	if len(lines) == 0 {
		values["Amount"] = r.Text("Amount")
	}
	made, err := o.sf().Create("Opportunity", values)
	if err != nil {
		return err
	}
	o.town.deals = append(o.town.deals, made)
	o.cloned[made] = id
	for _, l := range lines {
		copied := row{"OpportunityId": made}
		for _, name := range []string{"PricebookEntryId", "Quantity", "UnitPrice", "Description", everyField} {
			if v := l.Text(name); v != "" {
				copied[name] = v
			}
		}
		o.create("OpportunityLineItem", copied)
	}
	return nil
}

func (o *org) mergeAccounts(sf salesforcetest.Person) (string, error) {
	const what = "companies merged"
	x, y := o.dice.IntN(len(o.companies)), o.dice.IntN(len(o.companies))
	if x == y || len(o.companies) < 4 {
		return what, errSame
	}
	winner, loser := o.companies[x], o.companies[y]
	err := sf.Merge("Account", winner, row{}, loser)
	if err == nil {
		o.companies = without(o.companies, winner, loser, winner)
	}
	return what, err
}

func (o *org) remove(sf salesforcetest.Person, id string) error {
	err := sf.Delete("Opportunity", id)
	if err == nil {
		o.bin = append(o.bin, id)
	}
	return err
}

func (o *org) restore(sf salesforcetest.Person) error {
	if len(o.bin) == 0 {
		return errNothing
	}
	at := o.dice.IntN(len(o.bin))
	err := sf.Undelete("Opportunity", o.bin[at])
	if err == nil {
		o.bin = slices.Delete(o.bin, at, at+1)
	}
	return err
}

// together changes several opportunities in one transaction, which one event tells.
func (o *org) together(sf salesforcetest.Person) error {
	var ids []string
	for range 3 {
		if id := o.town.deals[o.dice.IntN(len(o.town.deals))]; !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return sf.UpdateMany("Opportunity", ids, row{"CloseDate": fmt.Sprintf("2026-06-%02d", 10+o.dice.IntN(18))})
}
