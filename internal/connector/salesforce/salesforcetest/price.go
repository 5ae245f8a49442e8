package salesforcetest

import (
	"encoding/json"
	"math/big"
	"net/http"
)

// StandardPricebookID is the standard price book of the org.
func (s *Sim) StandardPricebookID() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.standardBook().id
}

func (s *Sim) standardBook() *record { return s.object("Pricebook2").rows[0] }

// entry finds the price of a product in a book; deleted ones do not count.
func (s *Sim) entry(product, book, currency string) *record {
	p := s.at(product)
	if p == nil {
		return nil
	}
	for _, e := range s.children(p, "PricebookEntry", "Product2Id") {
		if e.str("Pricebook2Id") == book && (currency == "" || e.str("CurrencyIsoCode") == currency) {
			return e
		}
	}
	return nil
}

func beforeEntry(t *tx, d *draft) *apiError {
	book, product := idOrSame(d.str("Pricebook2Id")), idOrSame(d.str("Product2Id"))
	standard := t.s.entry(product, t.s.standardBook().id, d.str("CurrencyIsoCode"))
	inStandard := book == t.s.standardBook().id
	if d.creating() {
		if p := t.s.at(product); p != nil {
			d.put("Name", p.value("Name"))
			d.put("ProductCode", p.value("ProductCode"))
		}
		if book != "" && product != "" && t.s.entry(product, book, d.str("CurrencyIsoCode")) != nil {
			return reject("DUPLICATE_VALUE", nil, "This price definition already exists in this price book")
		}
		if !inStandard && standard == nil && product != "" {
			return reject("STANDARD_PRICE_NOT_DEFINED", nil, "Before creating a custom price, create a standard price.")
		}
	}
	if d.yes("UseStandardPrice") {
		if inStandard {
			return integrity("UseStandardPrice", "not allowed in the standard price book")
		}
		if d.sent("UnitPrice") {
			return integrity("UnitPrice", "unit price cannot be specified if using standard price")
		}
		d.put("UnitPrice", standard.value("UnitPrice"))
		return nil
	}
	if d.get("UnitPrice") == nil {
		return missingFields("UnitPrice")
	}
	return nil
}

// afterEntry lets prices that use the standard one follow it.
func afterEntry(t *tx, d *draft, r *record) *apiError {
	if r.str("Pricebook2Id") != t.s.standardBook().id {
		return nil
	}
	for _, e := range t.s.children(t.s.at(r.str("Product2Id")), "PricebookEntry", "Product2Id") {
		if e != r && e.yes("UseStandardPrice") && e.str("CurrencyIsoCode") == r.str("CurrencyIsoCode") {
			t.derive(e, fields{"UnitPrice": r.value("UnitPrice")}, false)
		}
	}
	return nil
}

// afterProduct mirrors name and code in the product's prices (section 15.4).
func afterProduct(t *tx, d *draft, r *record) *apiError {
	if d.creating() {
		return nil
	}
	for _, e := range t.s.children(r, "PricebookEntry", "Product2Id") {
		t.derive(e, fields{"Name": r.value("Name"), "ProductCode": r.value("ProductCode")}, true)
	}
	return nil
}

func beforeLine(t *tx, d *draft) *apiError {
	opp := t.s.record(d.str("OpportunityId"))
	if opp == nil || opp.o.Name != "Opportunity" {
		return nil // the reference check names the fault
	}
	if opp.deleted {
		return entityDeleted()
	}
	if d.creating() {
		if e := t.chooseEntry(d, opp); e != nil {
			return e
		}
	}
	return t.priceLine(d, opp)
}

// chooseEntry settles which price a new line has, by the rules of section 15.4.
func (t *tx) chooseEntry(d *draft, opp *record) *apiError {
	book := opp.str("Pricebook2Id")
	entry := t.s.record(d.str("PricebookEntryId"))
	if d.str("PricebookEntryId") == "" {
		if d.str("Product2Id") == "" {
			return missingFields("PricebookEntryId")
		}
		if book == "" {
			return integrity("Product2Id", "the opportunity has no price book: set Pricebook2Id on it or give a PricebookEntryId")
		}
		entry = t.s.entry(idOrSame(d.str("Product2Id")), book, opp.str("CurrencyIsoCode"))
		if entry == nil {
			return integrity("Product2Id", "there is no price book entry for this product in the opportunity's price book")
		}
		d.put("PricebookEntryId", entry.id)
	}
	if entry == nil || entry.o.Name != "PricebookEntry" {
		return nil // the reference check names the fault
	}
	switch {
	case entry.deleted:
		return entityDeleted()
	case !entry.yes("IsActive"):
		return integrity("PricebookEntryId", "pricebook entry is inactive")
	case book != "" && entry.str("Pricebook2Id") != book:
		return integrity("PricebookEntryId", "pricebook entry is in a different pricebook than the one assigned to the opportunity")
	case entry.str("CurrencyIsoCode") != opp.str("CurrencyIsoCode"):
		return integrity("PricebookEntryId", "pricebook entry currency code does not match the opportunity's currency code")
	}
	product := t.s.at(entry.str("Product2Id"))
	d.put("Product2Id", product.id)
	d.put("ProductCode", product.value("ProductCode"))
	d.put("Name", opp.str("Name")+" "+product.str("Name"))
	d.put("ListPrice", entry.value("UnitPrice"))
	if d.o.field("CurrencyIsoCode") != nil {
		d.put("CurrencyIsoCode", opp.value("CurrencyIsoCode"))
	}
	return nil
}

// priceLine settles unit and total price: the caller gives one of them.
func (t *tx) priceLine(d *draft, opp *record) *apiError {
	quantity := d.get("Quantity")
	if quantity == nil {
		return missingFields("Quantity")
	}
	q := rat(quantity)
	if q.Sign() == 0 {
		return integrity("Quantity", "quantity must be nonzero")
	}
	unitSent, totalSent := d.sent("UnitPrice") && d.get("UnitPrice") != nil, d.sent("TotalPrice") && d.get("TotalPrice") != nil
	if unitSent && totalSent {
		return integrity("UnitPrice", "only one of unit price and total price can be specified") // (inferred) wording
	}
	if d.creating() && !unitSent && !totalSent {
		return missingFields("TotalPrice") // (inferred) which of the two is named
	}
	keep := new(big.Rat).Sub(big.NewRat(1, 1), new(big.Rat).Quo(rat(d.get("Discount")), big.NewRat(100, 1)))
	if totalSent {
		if keep.Sign() != 0 {
			unit := new(big.Rat).Quo(rat(d.get("TotalPrice")), new(big.Rat).Mul(q, keep))
			d.put("UnitPrice", json.Number(decimal(unit, 2)))
		}
	} else {
		total := new(big.Rat).Mul(rat(d.get("UnitPrice")), q)
		d.put("Subtotal", json.Number(decimal(total, 2)))
		d.put("TotalPrice", json.Number(decimal(total.Mul(total, keep), 2)))
	}
	return nil
}

// afterLine rolls the lines up to their opportunity.
func afterLine(t *tx, d *draft, r *record) *apiError {
	t.rollUp(t.s.at(r.str("OpportunityId")), t.s.at(r.str("PricebookEntryId")))
	return nil
}

// rollUp derives Amount and its siblings from the lines. Without lines the last
// amount stays (section 15.4).
func (t *tx) rollUp(opp *record, entry *record) {
	if opp == nil || opp.deleted {
		return
	}
	lines := t.s.children(opp, "OpportunityLineItem", "OpportunityId")
	if len(lines) == 0 {
		t.derive(opp, fields{"HasOpportunityLineItem": false}, false)
		return
	}
	sum, count := new(big.Rat), new(big.Rat)
	for _, l := range lines {
		sum.Add(sum, rat(l.value("TotalPrice")))
		count.Add(count, rat(l.value("Quantity")))
	}
	d := &draft{o: opp.o, rec: opp, next: map[*Field]any{}, given: map[*Field]bool{}}
	d.put("HasOpportunityLineItem", true)
	d.put("Amount", json.Number(decimal(sum, 2)))
	d.put("TotalOpportunityQuantity", json.Number(decimal(count, 2)))
	if opp.str("Pricebook2Id") == "" && entry != nil {
		d.put("Pricebook2Id", entry.str("Pricebook2Id"))
	}
	_ = t.deriveOpportunity(d) // it refuses nothing
	values := fields{}
	for f, v := range d.next {
		values[f.Name] = v
	}
	t.derive(opp, values, false)
}

// mayDeletePrice refuses to delete what lines still use.
func (t *tx) mayDeletePrice(r *record) *apiError {
	var used bool
	switch r.o.Name {
	case "PricebookEntry":
		used = len(t.s.children(r, "OpportunityLineItem", "PricebookEntryId")) > 0
	case "Product2":
		for _, e := range t.s.children(r, "PricebookEntry", "Product2Id") {
			used = used || len(t.s.children(e, "OpportunityLineItem", "PricebookEntryId")) > 0
		}
	case "Pricebook2":
		if r.yes("IsStandard") {
			return fail(http.StatusBadRequest, "DELETE_FAILED", "the standard price book cannot be deleted")
		}
		for _, e := range t.s.children(r, "PricebookEntry", "Pricebook2Id") {
			used = used || len(t.s.children(e, "OpportunityLineItem", "PricebookEntryId")) > 0
		}
	}
	if used {
		return reject("DEPENDENCY_EXISTS", nil, "Your attempt to delete %s could not be completed because it is used by opportunity products: deactivate it instead.", r.str("Name"))
	}
	return nil
}
