package simulation

import (
	"fmt"
	"time"

	"crosswalk/internal/connector/hubspot/hubspottest"
	"crosswalk/internal/connector/light/lighttest"
)

// sales is a person at the CRM: deals are won, lost and changed while everything runs. Errors of the CRM (a record that
// was merged meanwhile) are what a person gets too.
func (s *Sim) sales(a *actor, until time.Time) {
	t := s.town
	t.dice = a.dice
	for time.Now().Before(until) {
		a.pause(a.between(2*time.Second, 90*time.Second))
		what, err := s.crm.edit(a)
		if err == nil {
			s.hit("people at " + s.crm.vendor() + ": " + what)
		}
		s.note(a, what)
		s.tally(func(s *Sim) { s.edited = time.Now() })
	}
}

func (t *town) someDeal() hubspottest.Record {
	r, _ := t.s.HubSpot.Record("deals", t.deals[t.dice.IntN(len(t.deals))])
	return r
}

// edit does one thing.
func (t portal) edit(a *actor) (string, error) {
	d := t.someDeal()
	hs := t.hs()
	switch n := t.dice.IntN(100); {
	case n < 30:
		return "deal won", hs.Win(d.ID)
	case n < 36:
		return "deal lost", hs.Lose(d.ID)
	case n < 39:
		return "deal reopened", hs.Reopen(d.ID)
	case n < 45:
		err := hs.Win(d.ID)
		for range 1 + t.dice.IntN(2) {
			a.pause(a.between(time.Second, 40*time.Second))
			_ = hs.Lose(d.ID) // refused only when the deal is gone, and then the next one is too
			a.pause(a.between(time.Second, 40*time.Second))
			err = hs.Win(d.ID)
		}
		return "stage flaps won, lost, won", err
	case n < 60:
		return t.editLines(a, d)
	case n < 65:
		t.numbered++
		return "deal renamed", hs.Set("deals", d.ID, props{"dealname": fmt.Sprintf("%s again %d", word(d.Properties["dealname"]), t.numbered)})
	case n < 72:
		c := t.company(t.companies[t.dice.IntN(len(t.companies))])
		t.numbered++
		return "company renamed", hs.Set("companies", c.ID, props{"name": fmt.Sprintf("%s Works %d", word(c.Properties["name"]), t.numbered)})
	case n < 77:
		return "deal cloned", t.clone(d)
	case n < 80:
		return t.mergeCompanies()
	case n < 83:
		return t.mergeDeals()
	case n < 85:
		return "deal archived", hs.Archive("deals", d.ID)
	case n < 88:
		p := t.products[t.dice.IntN(len(t.products))]
		return "product price changed", hs.Set("products", p, props{"price": t.price("EUR")})
	case n < 91:
		return "close date moved", hs.Set("deals", d.ID, props{"closedate": fmt.Sprintf("2026-06-%02dT10:00:00Z", 10+t.dice.IntN(18))})
	}
	t.addDeal()
	return "deal made", nil
}

// editLines changes lines and then, a moment later, the amount.
func (t *town) editLines(a *actor, d hubspottest.Record) (string, error) {
	hs, currency := t.hs(), d.Properties["deal_currency_code"]
	lines := t.s.lines(d)
	what := "line changed"
	var err error
	switch n := t.dice.IntN(4); {
	case len(lines) == 0:
		return "amount edited", hs.Set("deals", d.ID, props{"amount": major(int64(100+t.dice.IntN(1_000_000)), currency)})
	case n == 0:
		what = "line added"
		t.addLine(d.ID, currency)
	case n == 1 && len(lines) > 1:
		what = "line removed"
		err = hs.Archive("line_items", lines[t.dice.IntN(len(lines))].ID)
	default:
		err = hs.Set("line_items", lines[t.dice.IntN(len(lines))].ID, props{"price": t.price(currency), "quantity": t.of("1", "2", "4", "2.5")})
	}
	if t.one(2) {
		a.pause(a.between(time.Second, 20*time.Second))
	}
	t.agree(d.ID)
	return what, err
}

// clone makes a new deal of the same content (T5: it is a deal of its own), often under the very same name.
func (t *town) clone(d hubspottest.Record) error {
	t.numbered++
	p := props{"dealname": fmt.Sprintf("D%03d clone", t.numbered)}
	if t.one(2) {
		p["dealname"] = d.Properties["dealname"]
	}
	for _, name := range []string{"dealstage", "pipeline", "amount", "deal_currency_code", "closedate"} {
		p[name] = d.Properties[name]
	}
	id, err := t.hs().Create("deals", p)
	if err != nil {
		return err
	}
	t.deals = append(t.deals, id)
	t.cloned[id] = d.ID
	for _, c := range d.Associations["companies"] {
		do(t.hs().Associate("deals", id, "companies", c))
	}
	for _, l := range t.s.lines(d) {
		lp := props{}
		for _, name := range []string{"name", "price", "quantity", "hs_product_id", "discount", "hs_discount_percentage", "hs_line_item_currency_code", "recurringbillingfrequency", "hs_recurring_billing_period"} {
			if v := l.Properties[name]; v != "" {
				lp[name] = v
			}
		}
		line := must(t.hs().Create("line_items", lp))
		do(t.hs().Associate("line_items", line, "deals", id))
	}
	return nil
}

func (t *town) mergeCompanies() (string, error) {
	const what = "companies merged"
	x, y := t.dice.IntN(len(t.companies)), t.dice.IntN(len(t.companies))
	if x == y || len(t.companies) < 4 {
		return what, errSame
	}
	id, err := t.hs().Merge("companies", t.companies[x], t.companies[y])
	if err == nil {
		t.companies = without(t.companies, t.companies[x], t.companies[y], id)
	}
	return what, err
}

func (t *town) mergeDeals() (string, error) {
	const what = "deals merged"
	x, y := t.dice.IntN(len(t.deals)), t.dice.IntN(len(t.deals))
	if x == y || len(t.deals) < 6 {
		return what, errSame
	}
	id, err := t.hs().Merge("deals", t.deals[x], t.deals[y])
	if err == nil {
		t.deals = without(t.deals, t.deals[x], t.deals[y], id)
	}
	return what, err
}

var errSame = fmt.Errorf("simulation: nothing to merge")

// without takes two ids out of a list and puts another in.
func without(list []string, x, y, in string) []string {
	var out []string
	for _, id := range list {
		if id != x && id != y && id != in {
			out = append(out, id)
		}
	}
	return append(out, in)
}

// finance is a person at Light: drafts are opened or changed, customers entered, archived and corrected.
func (s *Sim) finance(a *actor, until time.Time) {
	for time.Now().Before(until) {
		a.pause(a.between(20*time.Second, 4*time.Minute))
		what, err := s.town.book(a)
		if err == nil {
			s.hit("people at Light: " + what)
		}
		s.note(a, what)
		s.tally(func(s *Sim) { s.made = time.Now() })
	}
}

func (t *town) book(a *actor) (string, error) {
	light := t.s.Light
	switch n := a.dice.IntN(10); {
	case n < 3:
		return "draft opened", t.openSome(a)
	case n < 5:
		return "draft edited", t.editDraft(a)
	case n < 7:
		var known []firm
		for _, f := range t.s.crm.firms() {
			if !f.gone && f.mergedInto == "" {
				known = append(known, f)
			}
		}
		f := known[a.dice.IntN(len(known))]
		c := lighttest.Customer{Name: "Hand " + f.name}
		if a.dice.IntN(2) == 0 {
			c.VATNumber = lighttest.Text(f.vat)
		} else {
			c.Domain = lighttest.Text(f.domain)
		}
		t.enterCustomer(c)
		return "customer entered by hand", nil
	case n < 8:
		all := light.Customers()
		if len(all) == 0 {
			return "customer archived", errSame
		}
		return "customer archived", light.ArchiveCustomer(all[a.dice.IntN(len(all))].ID)
	}
	all := light.Customers()
	if len(all) == 0 {
		return "customer corrected", errSame
	}
	c := all[a.dice.IntN(len(all))]
	err := light.EditCustomer(c.ID, func(c *lighttest.Customer) { c.Description = "checked by finance" })
	if old, ok := t.byHand[c.ID]; ok {
		old.Description = "checked by finance"
		t.byHand[c.ID] = old
	}
	return "customer corrected", err
}

func (t *town) openSome(a *actor) error {
	all := t.s.Light.Invoices()
	if len(all) == 0 {
		return errSame
	}
	v := all[a.dice.IntN(len(all))]
	err := t.s.Light.OpenInvoice(v.ID)
	if err == nil {
		t.posted[v.ID], _ = t.s.Light.Invoice(v.ID)
	}
	return err
}

func (t *town) editDraft(a *actor) error {
	all := t.s.Light.Invoices()
	if len(all) == 0 {
		return errSame
	}
	v := all[a.dice.IntN(len(all))]
	if v.State != lighttest.Draft {
		return errSame
	}
	if a.dice.IntN(2) == 0 {
		return t.s.Light.EditInvoice(v.ID, func(v *lighttest.Invoice) { v.PONumber = "PO-1" })
	}
	t.touched[v.ID] = true
	return t.s.Light.EditInvoice(v.ID, func(v *lighttest.Invoice) { v.Description = lighttest.Text(word(string(v.Description)) + " as agreed") })
}
