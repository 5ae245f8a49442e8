package salespadtest

import (
	"encoding/json"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Lines of sales documents (fact sheet, section 5). A plain line has component number 0; line numbers go in steps.

// lineStep is the distance between line numbers, as GP leaves room for lines between.
const lineStep = 16384

func lineFields() []field {
	return []field{
		long("Sales_Doc_Type").onCreate().of(documentTypes...), text("Sales_Doc_Num", 21, 21).onCreate(), integer("Line_Num").onCreate(), integer("Component_Seq_Num").onCreate(),
		text("Prev_Sales_Doc_Num", 21, 21).readOnly(), text("Item_Number", 31, 31).required().onCreate(), text("Item_Description", 100, 101), text("Unit_Of_Measure", 8, 9),
		number("Quantity").required(), number("Qty_Fulfilled").readOnly(), money("Unit_Price"), money("Markdown_Amount"), money("Extended_Price").readOnly(),
		text("Price_Level", 10, 11), integer("Item_Curr_Dec").orText(), integer("Currency_Dec"), text("Item_Tax_Schedule", 15, 15), text("Tax_Schedule", 15, 15),
		text("Warehouse_Code", 10, 11), text("Ship_To_Address_Code", 15, 15), text("Shipping_Method", 15, 15), flag("Is_Dropship"), long("Comment"),
	}
}

func lineKind() *kind {
	k := stored(&kind{
		name: "SalesLineItem", noun: "Sales line", keys: []string{"Sales_Doc_Type", "Sales_Doc_Num", "Line_Num", "Component_Seq_Num"}, user: true,
		index: []string{"Sales_Doc_Num", "Item_Number"}, fields: lineFields(),
	})
	k.source = func(s *Sim) []reader { return linesIn(s, readers(s.tables["SalesLineItem"].rows), stateOpen) }
	all := k.lookup
	k.lookup = func(s *Sim, field, folded string) ([]reader, bool) {
		rows, ok := all(s, field, folded)
		return linesIn(s, rows, stateOpen), ok
	}
	k.stamp = lineStamp
	return k
}

func lineStamp(s *Sim) uint64 {
	return s.tables["SalesLineItem"].version + s.tables["SalesDocument"].version
}

// linesIn keeps the lines of documents in some states.
func linesIn(s *Sim, lines []reader, states ...string) []reader {
	return slices.DeleteFunc(lines, func(line reader) bool {
		of := s.tables["SalesDocument"].get(keyOf(line.value("Sales_Doc_Type"), line.value("Sales_Doc_Num")))
		return of == nil || !slices.Contains(states, of.vals[stateField])
	})
}

func lineSearchKind() *kind {
	k := stored(lineKind())
	k.name, k.user, k.index = "SalesLineItemSearch", false, nil
	k.source = func(s *Sim) []reader {
		return linesIn(s, readers(s.tables["SalesLineItem"].rows), stateOpen, stateVoid, stateHistory)
	}
	k.lookup = func(s *Sim, field, folded string) ([]reader, bool) {
		if s.tables["SalesLineItem"].index[field] == nil {
			return nil, false
		}
		return readers(s.tables["SalesLineItem"].having(field, folded)), true
	}
	k.stamp = lineStamp
	return k
}

func lineHistoryKind() *kind {
	k := lineSearchKind()
	k.name, k.lookup = "SalesLineItemHistory", nil
	k.source = func(s *Sim) []reader {
		return linesIn(s, readers(s.tables["SalesLineItem"].rows), stateHistory)
	}
	return k
}

// linesOf gives a document's lines in order.
func (s *Sim) linesOf(r *row) []*row {
	var out []*row
	for _, line := range s.tables["SalesLineItem"].having("Sales_Doc_Num", r.vals["Sales_Doc_Num"]) {
		if line.vals["Sales_Doc_Type"] == r.vals["Sales_Doc_Type"] {
			out = append(out, line)
		}
	}
	slices.SortFunc(out, func(a, b *row) int {
		if c := wholeOf(a, "Line_Num") - wholeOf(b, "Line_Num"); c != 0 {
			return c
		}
		return wholeOf(a, "Component_Seq_Num") - wholeOf(b, "Component_Seq_Num")
	})
	return out
}

func wholeOf(r *row, field string) int {
	n, err := strconv.Atoi(orZero(r.vals[field]))
	if err != nil {
		return 0 // an integer field holds an integer; one beyond the machine's sorts first
	}
	return n
}

// createDocumentWithLines stores header and lines, all or nothing.
func (s *Sim) createDocumentWithLines(c *call) (any, *failure) {
	k := s.kinds["SalesDocument"]
	if bad := c.mayCreate(k.name); bad != nil {
		return nil, bad
	}
	d, bad := s.read(c, k, true, "LineItems")
	if bad != nil {
		return nil, bad
	}
	flags := c.request.Header.Get("UpdateFlags")
	if flags != "" && flags != "SetLineNum" {
		return nil, badQuery("UpdateFlags %q is not known; there is SetLineNum", cut(flags, 40))
	}
	lines, bad := s.readLines(c, d.rest["LineItems"], flags == "SetLineNum")
	if bad != nil {
		return nil, bad
	}
	r, bad := s.newDocument(c.who, d, c.now)
	if bad != nil {
		return nil, bad
	}
	for i, line := range lines {
		if _, bad := s.newLine(r, line, c.now); bad != nil {
			s.dropDocument(r)
			bad.text = "LineItems[" + itoa(i) + "]: " + bad.text
			return nil, bad
		}
	}
	s.reckon(r, c.now)
	s.log(c, "create", k, r, d)
	return s.created(c, k, r, d)
}

func (s *Sim) readLines(c *call, raw json.RawMessage, numbers bool) ([]*draft, *failure) {
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil || len(list) == 0 {
		return nil, missing("LineItems must be a list of at least one line")
	}
	var out []*draft
	for i, one := range list {
		obj, bad := object(one)
		var d *draft
		if bad == nil {
			d, bad = s.readObject(c.who, s.kinds["SalesLineItem"], obj, true)
		}
		if bad == nil && d.vals["Line_Num"] == "" && !numbers {
			bad = missing("Line_Num is required unless the header UpdateFlags: SetLineNum is sent")
		}
		if bad != nil {
			bad.text = "LineItems[" + itoa(i) + "]: " + bad.text
			return nil, bad
		}
		if numbers {
			d.vals["Line_Num"] = itoa((i + 1) * lineStep)
		}
		out = append(out, d)
	}
	return out, nil
}

// newLine stores a line with what its item and its document give.
func (s *Sim) newLine(of *row, d *draft, now time.Time) (*row, *failure) {
	item := s.tables["ItemMaster"].get(d.vals["Item_Number"])
	if item == nil {
		return nil, refused("Item %s was not found", d.vals["Item_Number"])
	}
	vals := map[string]string{
		"Item_Description": item.vals["Item_Description"], "Unit_Of_Measure": item.vals["Selling_U_of_M"], "Unit_Price": item.vals["List_Price"],
		"Item_Curr_Dec": item.vals["Item_Curr_Dec"], "Currency_Dec": of.vals["Currency_Dec"], "Item_Tax_Schedule": item.vals["Item_Tax_Schedule_ID"],
		"Price_Level": of.vals["Price_Level"], "Warehouse_Code": of.vals["Warehouse_Code"], "Ship_To_Address_Code": of.vals["Ship_To_Address_Code"],
		"Shipping_Method": of.vals["Shipping_Method"], "Tax_Schedule": of.vals["Tax_Schedule"], "Is_Dropship": item.vals["Is_Dropship"],
	}
	for name, v := range d.vals {
		vals[name] = v
	}
	vals["Sales_Doc_Type"], vals["Sales_Doc_Num"], vals["Item_Number"] = of.vals["Sales_Doc_Type"], of.vals["Sales_Doc_Num"], item.id
	if vals["Line_Num"] == "" {
		last := 0
		for _, line := range s.linesOf(of) {
			last = max(last, wholeOf(line, "Line_Num"))
		}
		vals["Line_Num"] = itoa((last/lineStep + 1) * lineStep)
	}
	key := keyOf(vals["Sales_Doc_Type"], vals["Sales_Doc_Num"], vals["Line_Num"], orZero(vals["Component_Seq_Num"]))
	if s.tables["SalesLineItem"].get(key) != nil {
		return nil, duplicate("Line %s already exists on %s", vals["Line_Num"], of.id)
	}
	vals["Extended_Price"] = extended(vals)
	user := s.sameUserFields("SalesLineItem", of.user)
	for name, v := range s.sameUserFields("SalesLineItem", item.user) {
		user[name] = v
	}
	for name, v := range d.user {
		user[name] = v
	}
	return s.enter(s.kinds["SalesLineItem"], vals, user, now), nil
}

// extended is quantity times price less markdown, half away from zero at the currency's decimals.
func extended(vals map[string]string) string {
	price := new(big.Rat).Sub(ratOf(vals["Unit_Price"]), ratOf(vals["Markdown_Amount"]))
	places, err := strconv.Atoi(orZero(vals["Currency_Dec"]))
	if err != nil || places < 0 || places > gpScale {
		places = 2
	}
	plain, err := decimalOf(price.Mul(price, ratOf(vals["Quantity"])).FloatString(places), -1)
	if err != nil {
		return ""
	}
	return plain
}

func (s *Sim) createLine(c *call) (any, *failure) {
	k := s.kinds["SalesLineItem"]
	if bad := c.mayCreate(k.name); bad != nil {
		return nil, bad
	}
	d, bad := s.read(c, k, true)
	if bad != nil {
		return nil, bad
	}
	for _, name := range []string{"Sales_Doc_Type", "Sales_Doc_Num"} {
		if d.vals[name] == "" {
			return nil, missing("%s is required", name)
		}
	}
	of, bad := s.openDocument(c.who, d.vals["Sales_Doc_Type"], d.vals["Sales_Doc_Num"])
	if bad != nil {
		return nil, bad
	}
	r, bad := s.newLine(of, d, c.now)
	if bad != nil {
		return nil, bad
	}
	s.reckon(of, c.now)
	s.log(c, "create", k, r, d)
	return s.created(c, k, r, d)
}

// openDocument finds a document that may be written.
func (s *Sim) openDocument(who *User, docType, num string) (*row, *failure) {
	r := s.tables["SalesDocument"].get(keyOf(docType, num))
	if r == nil || !isOpen(r) {
		return nil, notFound("Sales document %s %s was not found", docType, num)
	}
	if who != nil && !who.sees(s.kinds["SalesDocument"], r) {
		return nil, fail(403, 2004, "The customer filter does not allow %s %s", docType, num)
	}
	return r, s.usable(r)
}

func (s *Sim) updateLine(c *call) (any, *failure) {
	k := s.kinds["SalesLineItem"]
	of, bad := s.openDocument(c.who, c.vars["Sales_Doc_Type"], c.vars["Sales_Doc_Num"])
	if bad != nil {
		return nil, bad
	}
	r, bad := s.named(c, k)
	if bad != nil {
		return nil, bad
	}
	if _, bad := updateOf("SalesLineItem")(s, c); bad != nil {
		return nil, bad
	}
	s.tables[k.name].set(r, map[string]string{"Extended_Price": extended(r.vals)}, nil)
	s.reckon(of, c.now)
	return s.echo(c, k, r), nil
}

func (s *Sim) deleteLine(c *call) (any, *failure) {
	of, bad := s.openDocument(c.who, c.vars["Sales_Doc_Type"], c.vars["Sales_Doc_Num"])
	if bad != nil {
		return nil, bad
	}
	out, bad := deleteOf("SalesLineItem")(s, c)
	if bad == nil {
		s.reckon(of, c.now)
	}
	return out, bad
}

// deleteLines is the DELETE with a body: all of the named lines or none.
func (s *Sim) deleteLines(c *call) (any, *failure) {
	k := s.kinds["SalesLineItem"]
	of, bad := s.openDocument(c.who, c.vars["Sales_Doc_Type"], c.vars["Sales_Doc_Num"])
	if bad == nil {
		bad = c.mayDelete(k.name)
	}
	if bad != nil {
		return nil, bad
	}
	obj, bad := object(c.body)
	if bad != nil {
		return nil, bad
	}
	var list []struct {
		LineNum int `json:"Line_Num"`
		Seq     int `json:"Component_Seq_Num"`
	}
	if len(obj) != 1 || json.Unmarshal(obj["LineItems"], &list) != nil || len(list) == 0 {
		return nil, missing(`the body must be {"LineItems":[{"Line_Num":16384,"Component_Seq_Num":0}]}`)
	}
	var gone []*row
	for _, one := range list {
		r := s.tables[k.name].get(strings.Join([]string{of.id, itoa(one.LineNum), itoa(one.Seq)}, "|"))
		if r == nil {
			return nil, notFound("Line %d %d of %s was not found", one.LineNum, one.Seq, of.id)
		}
		if !slices.Contains(gone, r) {
			gone = append(gone, r)
		}
	}
	for _, r := range gone {
		s.tables[k.name].remove(r)
		s.log(c, "delete", k, r, nil)
	}
	s.reckon(of, c.now)
	return done(itoa(len(gone)) + " lines were deleted"), nil
}
