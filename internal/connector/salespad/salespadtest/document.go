package salespadtest

import (
	"math/big"
	"net/http"
	"slices"
	"time"
)

// Sales documents (fact sheet, sections 3, 5 and 6). A document is Open, Void or in History; only open ones can be read
// and written by key.

var documentTypes = []string{"QUOTE", "ORDER", "INVOICE", "RETURN", "BACKORDER", "FULFILLMENT"}

// stateField is a value of the row that no body shows; search rows show it as Source.
const stateField = "~state"

const (
	stateOpen    = ""
	stateVoid    = "Void"
	stateHistory = "History"
)

func isOpen(r *row) bool { return r.vals[stateField] == stateOpen }

func stateOf(r *row) string {
	if isOpen(r) {
		return "Open"
	}
	return r.vals[stateField]
}

func documentFields() []field {
	return []field{
		long("Sales_Doc_Type").required().onCreate().of(documentTypes...), text("Sales_Doc_ID", 15, 15).required().onCreate(), text("Sales_Doc_Num", 21, 21).onCreate(),
		text("Prev_Sales_Doc_Num", 21, 21).readOnly(), integer("Master_Num").onCreate(), text("Customer_Num", 15, 15).required().onCreate(),
		text("Sales_Batch", 15, 15), text("Customer_Name", 64, 65), text("Customer_PO_Num", 20, 21), wall("Doc_Date"), wall("Req_Ship_Date"),
		text("Currency_ID", 15, 15), integer("Currency_Dec"), text("Bill_To_Address_Code", 15, 15), text("Ship_To_Address_Code", 15, 15), text("Ship_To_Name", 64, 65),
		text("Address_Line_1", 60, 61), text("Address_Line_2", 60, 61), text("City", 35, 35), text("State", 29, 29), text("Zip", 10, 11), text("Country", 60, 61), text("Country_Code", 6, 7),
		text("Phone_1", 21, 21), text("Email", 200, 0), money("Subtotal"), money("Discount"), money("Freight"), money("Misc_Charge"), money("Tax"), money("Total"),
		text("Shipping_Method", 15, 15), text("Sales_Person_ID", 15, 15), text("Tax_Schedule", 15, 15), text("Price_Level", 10, 11), text("Warehouse_Code", 10, 11),
		long("Quote_Num"), long("Source"), day("Created_On"), rowStamp(),
	}
}

func documentKind() *kind {
	k := stored(&kind{
		name: "SalesDocument", noun: "Sales document", keys: []string{"Sales_Doc_Type", "Sales_Doc_Num"}, user: true,
		index: []string{"Customer_Num", "Sales_Doc_Num", "Sales_Batch", "Customer_PO_Num"}, fields: documentFields(),
	})
	k.source = func(s *Sim) []reader { return documentsIn(s, false, stateOpen) }
	all := k.lookup
	k.lookup = func(s *Sim, field, folded string) ([]reader, bool) {
		rows, ok := all(s, field, folded)
		return slices.DeleteFunc(rows, func(r reader) bool { return r.value(stateField) != stateOpen }), ok
	}
	return k
}

func documentsIn(s *Sim, search bool, states ...string) []reader {
	var out []reader
	for _, r := range s.tables["SalesDocument"].rows {
		switch {
		case !slices.Contains(states, r.vals[stateField]):
		case search:
			out = append(out, searchRow{r})
		default:
			out = append(out, r)
		}
	}
	return out
}

// searchRow shows a document as search rows do: Source is its state.
type searchRow struct{ *row }

func (r searchRow) value(field string) string {
	if field == "Source" {
		return stateOf(r.row)
	}
	return r.row.value(field)
}

func documentSearchKind() *kind {
	k := &kind{name: "SalesDocumentSearch", noun: "Sales document", keys: []string{"Sales_Doc_Type", "Sales_Doc_Num"}, fields: documentFields()}
	k.source = func(s *Sim) []reader { return documentsIn(s, true, stateOpen, stateVoid, stateHistory) }
	k.stamp = func(s *Sim) uint64 { return s.tables["SalesDocument"].version }
	k.lookup = func(s *Sim, field, folded string) ([]reader, bool) {
		t := s.tables["SalesDocument"]
		if t.index[field] == nil {
			return nil, false
		}
		var out []reader
		for _, r := range t.having(field, folded) {
			out = append(out, searchRow{r})
		}
		return out, true
	}
	return k
}

func documentHistoryKind() *kind {
	k := &kind{name: "SalesDocumentHistory", noun: "Sales document", keys: []string{"Sales_Doc_Type", "Sales_Doc_Num"}, fields: documentFields()}
	k.source = func(s *Sim) []reader { return documentsIn(s, true, stateHistory) }
	k.stamp = func(s *Sim) uint64 { return s.tables["SalesDocument"].version }
	return k
}

func (s *Sim) createDocument(c *call) (any, *failure) {
	k := s.kinds["SalesDocument"]
	if bad := c.mayCreate(k.name); bad != nil {
		return nil, bad
	}
	d, bad := s.read(c, k, true)
	if bad != nil {
		return nil, bad
	}
	r, bad := s.newDocument(c.who, d, c.now)
	if bad != nil {
		return nil, bad
	}
	s.log(c, "create", k, r, d)
	return s.created(c, k, r, d)
}

// newDocument stores a header with what GP adds: number, queue, the customer's and the address's values, user fields of
// one name.
func (s *Sim) newDocument(who *User, d *draft, now time.Time) (*row, *failure) {
	sent := d.vals
	customer := s.tables["Customer"].get(sent["Customer_Num"])
	switch {
	case customer == nil:
		return nil, refused("Customer %s was not found", sent["Customer_Num"])
	case who != nil && !who.sees(s.kinds["Customer"], customer):
		return nil, fail(http.StatusForbidden, 2004, "The customer filter does not allow customer %s", customer.id)
	case customer.vals["Inactive"] == "true":
		return nil, refused("Customer %s is inactive", customer.id)
	}
	i := slices.IndexFunc(s.cfg.DocumentIDs, func(id DocumentID) bool {
		return id.Type == sent["Sales_Doc_Type"] && fold(id.ID) == fold(sent["Sales_Doc_ID"])
	})
	if i < 0 {
		return nil, refused("Sales_Doc_ID %s does not exist for %s", sent["Sales_Doc_ID"], sent["Sales_Doc_Type"])
	}
	vals := s.documentDefaults(sent, customer, s.cfg.DocumentIDs[i], now)
	for name, v := range sent {
		if v != "" || name != "Sales_Batch" {
			vals[name] = v
		}
	}
	vals["Customer_Num"] = customer.id
	if bad := s.number(vals, s.cfg.DocumentIDs[i]); bad != nil {
		return nil, bad
	}
	user := s.sameUserFields("SalesDocument", customer.user)
	if to := s.tables["CustomerAddr"].get(keyOf(customer.id, vals["Ship_To_Address_Code"])); to != nil {
		for name, v := range s.sameUserFields("SalesDocument", to.user) {
			user[name] = v
		}
	}
	for name, v := range d.user {
		user[name] = v
	}
	return s.enter(s.kinds["SalesDocument"], vals, user, now), nil
}

func (s *Sim) documentDefaults(sent map[string]string, customer *row, id DocumentID, now time.Time) map[string]string {
	today := now.In(s.zone)
	vals := map[string]string{"Doc_Date": stampText(time.Date(today.Year(), today.Month(), today.Day(), 0, 0, 0, 0, time.UTC)), "Currency_Dec": "2"}
	for _, name := range []string{"Customer_Name", "Currency_ID", "Shipping_Method", "Sales_Person_ID", "Tax_Schedule", "Price_Level"} {
		vals[name] = customer.vals[name]
	}
	primary := customer.vals["Primary_Addr_Code"]
	vals["Bill_To_Address_Code"] = firstOf(customer.vals["Primary_Bill_To_Addr_Code"], primary)
	vals["Ship_To_Address_Code"] = firstOf(sent["Ship_To_Address_Code"], customer.vals["Primary_Ship_To_Addr_Code"], primary)
	vals["Sales_Batch"] = s.firstQueue(id)
	if to := s.tables["CustomerAddr"].get(keyOf(customer.id, vals["Ship_To_Address_Code"])); to != nil {
		for _, name := range []string{"Address_Line_1", "Address_Line_2", "City", "State", "Zip", "Country", "Country_Code", "Phone_1", "Email", "Warehouse_Code"} {
			vals[name] = to.vals[name]
		}
		vals["Ship_To_Name"] = firstOf(to.vals["Alt_Company_Name"], customer.vals["Customer_Name"])
	}
	return vals
}

func firstOf(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

// number gives the document its number and its place in a chain: -1 asks for a new one.
func (s *Sim) number(vals map[string]string, id DocumentID) *failure {
	t := s.tables["SalesDocument"]
	if num := vals["Sales_Doc_Num"]; num == "" {
		for vals["Sales_Doc_Num"] == "" || t.get(keyOf(id.Type, vals["Sales_Doc_Num"])) != nil {
			s.numbers[id.Prefix]++
			vals["Sales_Doc_Num"] = id.Prefix + itoa(1000+int(s.numbers[id.Prefix]))
		}
	} else if t.get(keyOf(id.Type, num)) != nil {
		return duplicate("%s %s already exists", id.Type, num)
	}
	if m := vals["Master_Num"]; m == "" || m == "-1" {
		s.numbers["Master"]++
		vals["Master_Num"] = itoa(int(s.numbers["Master"]))
	}
	return nil
}

// usable tells whether a document may be written: nobody else has it open.
func (s *Sim) usable(r *row) *failure {
	if who := s.locked[foldKey(r.id)]; who != "" {
		return refused("%s %s is being edited by %s", r.vals["Sales_Doc_Type"], r.vals["Sales_Doc_Num"], who)
	}
	return nil
}

func (s *Sim) updateDocument(c *call) (any, *failure) {
	r, bad := s.named(c, s.kinds["SalesDocument"])
	if bad == nil {
		bad = s.usable(r)
	}
	if bad != nil {
		return nil, bad
	}
	out, bad := updateOf("SalesDocument")(s, c)
	if bad == nil && len(s.linesOf(r)) > 0 {
		s.reckon(r, c.now)
		out = s.echo(c, s.kinds["SalesDocument"], r)
	}
	return out, bad
}

func (s *Sim) deleteDocument(c *call) (any, *failure) {
	k := s.kinds["SalesDocument"]
	r, bad := s.named(c, k)
	if bad == nil {
		bad = c.mayDelete(k.name)
	}
	if bad == nil {
		bad = s.usable(r)
	}
	if bad != nil {
		return nil, bad
	}
	for _, line := range s.linesOf(r) {
		if line.vals["Qty_Fulfilled"] != "" {
			return nil, refused("%s has fulfilled quantities and cannot be deleted", r.id)
		}
	}
	s.dropDocument(r)
	s.log(c, "delete", k, r, nil)
	return done("Sales document " + r.vals["Sales_Doc_Num"] + " was deleted"), nil
}

func (s *Sim) dropDocument(r *row) {
	for _, line := range s.linesOf(r) {
		s.tables["SalesLineItem"].remove(line)
	}
	s.tables["SalesDocument"].remove(r)
}

// transferDocument makes an order of a quote; the quote goes to history.
func (s *Sim) transferDocument(c *call) (any, *failure) {
	k := s.kinds["SalesDocument"]
	r, bad := s.named(c, k)
	if bad == nil {
		bad = c.mayCreate(k.name)
	}
	if bad != nil {
		return nil, bad
	}
	next, bad := s.transfer(r, c.now)
	if bad != nil {
		return nil, bad
	}
	s.log(c, "transfer", k, r, &draft{vals: map[string]string{"Sales_Doc_Num": next.vals["Sales_Doc_Num"]}})
	return s.echo(c, k, next), nil
}

func (s *Sim) transfer(r *row, now time.Time) (*row, *failure) {
	if r.vals["Sales_Doc_Type"] != "QUOTE" {
		return nil, refused("%s %s is no quote and cannot be transferred", r.vals["Sales_Doc_Type"], r.vals["Sales_Doc_Num"])
	}
	if !isOpen(r) {
		return nil, refused("%s is in %s", r.id, stateOf(r))
	}
	if bad := s.usable(r); bad != nil {
		return nil, bad
	}
	i := slices.IndexFunc(s.cfg.DocumentIDs, func(id DocumentID) bool { return id.Type == "ORDER" })
	if i < 0 {
		return nil, refused("this install has no document id for an ORDER")
	}
	id := s.cfg.DocumentIDs[i]
	next := r.copy()
	next.vals["Sales_Doc_Type"], next.vals["Sales_Doc_ID"], next.vals["Sales_Doc_Num"] = "ORDER", id.ID, ""
	next.vals["Prev_Sales_Doc_Num"], next.vals["Quote_Num"] = r.vals["Sales_Doc_Num"], r.vals["Sales_Doc_Num"]
	next.vals["Sales_Batch"] = s.firstQueue(id)
	if bad := s.number(next.vals, id); bad != nil {
		return nil, bad
	}
	order := s.enter(s.kinds["SalesDocument"], next.vals, next.user, now)
	for _, line := range s.linesOf(r) {
		own := line.copy()
		own.vals["Prev_Sales_Doc_Num"] = r.vals["Sales_Doc_Num"]
		own.vals["Sales_Doc_Type"], own.vals["Sales_Doc_Num"] = "ORDER", order.vals["Sales_Doc_Num"]
		s.enter(s.kinds["SalesLineItem"], own.vals, own.user, now)
	}
	s.change(s.kinds["SalesDocument"], r, map[string]string{stateField: stateHistory}, nil, now)
	return order, nil
}

// reckon adds up a document that has lines.
func (s *Sim) reckon(r *row, now time.Time) {
	subtotal := new(big.Rat)
	for _, line := range s.linesOf(r) {
		subtotal.Add(subtotal, ratOf(line.vals["Extended_Price"]))
	}
	total := new(big.Rat).Sub(subtotal, ratOf(r.vals["Discount"]))
	for _, name := range []string{"Freight", "Misc_Charge", "Tax"} {
		total.Add(total, ratOf(r.vals[name]))
	}
	s.change(s.kinds["SalesDocument"], r, map[string]string{"Subtotal": spell(subtotal), "Total": spell(total)}, nil, now)
}
