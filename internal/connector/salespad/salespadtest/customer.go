package salespadtest

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// Customers (fact sheet, sections 3 and 5).

func customerKind() *kind {
	return stored(&kind{
		name: "Customer", noun: "Customer", keys: []string{"Customer_Num"}, user: true,
		index: []string{"Customer_Num", "Customer_Name"},
		fields: []field{
			text("Customer_Num", 15, 15).onCreate(),
			text("Customer_Name", 64, 65).required(),
			text("Customer_Class", 15, 15), text("Corporate_Customer_Num", 15, 15), text("Short_Name", 15, 15), text("Statement_Name", 64, 65),
			text("Primary_Addr_Code", 15, 15), text("Primary_Bill_To_Addr_Code", 15, 15), text("Primary_Ship_To_Addr_Code", 15, 15), text("Statement_To_Addr_Code", 15, 15),
			text("Sales_Person_ID", 15, 15), text("Sales_Territory", 15, 15), text("Payment_Terms", 20, 21), text("Shipping_Method", 15, 15),
			text("Price_Level", 10, 11), text("Tax_Schedule", 15, 15), text("Tax_Exempt_1", 25, 25), text("Tax_Exempt_2", 25, 25), text("Tax_Registration_Num", 25, 25),
			text("Comment_1", 30, 31), text("Comment_2", 30, 31), text("User_Def_1", 20, 21), text("User_Def_2", 20, 21),
			text("Currency_ID", 15, 15), integer("Currency_Dec").readOnly(),
			flag("Inactive"), flag("On_Hold"), flag("Ship_Complete"), long("Note"), long("Message"),
			long("Email_To").orNull(), long("Email_CC").orNull(), long("Email_BCC").orNull(),
			long("Stmt_Email_To").orNull(), long("Stmt_Email_CC").orNull(), long("Stmt_Email_BCC").orNull(),
			money("Customer_Credit_Limit"), number("Trade_Discount"),
			integer("IntegrationSource").readOnly(), money("Balance").readOnly(), money("Unapplied_Amount").readOnly(), money("On_Order_Amount").readOnly(),
			wall("Last_Pay_Date").readOnly(), money("Last_Pay_Amt").readOnly(), wall("First_Invoice_Date").readOnly(), wall("Last_Invoice_Date").readOnly(), money("Last_Invoice_Amt").readOnly(),
			day("Created_On"), day("Changed_On"), rowStamp(),
		},
	})
}

// customerRules are GP's own on a customer's values.
func (s *Sim) customerRules(vals map[string]string) *failure {
	if class := vals["Customer_Class"]; class != "" && s.cfg.Classes[class] == nil {
		return refused("Customer_Class %s does not exist", class)
	}
	if level := vals["Price_Level"]; level != "" && s.tables["PriceLevel"].get(level) == nil {
		return refused("Price_Level %s does not exist", level)
	}
	return nil
}

func (s *Sim) createCustomer(c *call) (any, *failure) {
	k := s.kinds["Customer"]
	if bad := c.mayCreate(k.name); bad != nil {
		return nil, bad
	}
	d, bad := s.read(c, k, true)
	if bad != nil {
		return nil, bad
	}
	r, bad := s.newCustomer(d.vals, d.user, c.now)
	if bad != nil {
		return nil, bad
	}
	s.log(c, "create", k, r, d)
	return s.created(c, k, r, d)
}

// newCustomer stores a customer: the next number unless one is given, the class's defaults under what was sent.
func (s *Sim) newCustomer(sent, user map[string]string, now time.Time) (*row, *failure) {
	t := s.tables["Customer"]
	if bad := s.customerRules(sent); bad != nil {
		return nil, bad
	}
	vals := map[string]string{"Currency_ID": "Z-US$", "Currency_Dec": "2"}
	for name, v := range s.cfg.Classes[sent["Customer_Class"]] {
		vals[name] = v
	}
	for name, v := range sent {
		vals[name] = v
	}
	if num := vals["Customer_Num"]; num == "" {
		vals["Customer_Num"] = s.nextNumber("Customer", t, "%06d")
	} else if t.get(num) != nil {
		return nil, duplicate("Customer %s already exists", num)
	}
	return s.enter(s.kinds["Customer"], vals, user, now), nil
}

// nextNumber counts on until a number is free.
func (s *Sim) nextNumber(of string, t *table, format string) string {
	for {
		s.numbers[of]++
		if next := fmt.Sprintf(format, s.numbers[of]); t.get(next) == nil {
			return next
		}
	}
}

// deleteCustomer removes a customer with its addresses; GP keeps one that has documents.
func (s *Sim) deleteCustomer(c *call) (any, *failure) {
	k := s.kinds["Customer"]
	r, bad := s.named(c, k)
	if bad == nil {
		bad = c.mayDelete(k.name)
	}
	if bad == nil && len(s.tables["SalesDocument"].having("Customer_Num", r.id)) > 0 {
		bad = refused("Customer %s has sales documents and cannot be deleted", r.id)
	}
	if bad != nil {
		return nil, bad
	}
	s.drop(k, r)
	s.log(c, "delete", k, r, nil)
	return done("Customer " + r.id + " was deleted"), nil
}

// customerSearchKind has a row for every address of a customer, and one for a customer without any.
func customerSearchKind() *kind {
	own := []string{"Customer_Num", "Customer_Name", "Customer_Class", "Inactive"}
	return searchKind("CustomerSearch", "Customer", "CustomerAddr", own,
		append(pick(customerKind().fields, own[:3]...), append(
			pick(addressKind().fields, "Address_Code", "Contact_Person", "Email", "Phone_1", "City", "State", "Zip"),
			pick(customerKind().fields, "Inactive")...)...))
}

// searchKind joins a resource with what hangs on it: both have the first one's key.
func searchKind(name, parent, child string, own []string, fields []field) *kind {
	key := own[0]
	k := &kind{name: name, noun: name, fields: fields, keys: []string{key}}
	rowsOf := func(s *Sim, of *row) []reader {
		children := s.tables[child].having(key, of.id)
		if len(children) == 0 {
			return []reader{joined{of, nil, own}}
		}
		out := make([]reader, len(children))
		for i, one := range children {
			out[i] = joined{of, one, own}
		}
		return out
	}
	k.source = func(s *Sim) []reader {
		var out []reader
		for _, r := range s.tables[parent].rows {
			out = append(out, rowsOf(s, r)...)
		}
		return out
	}
	k.stamp = func(s *Sim) uint64 { return s.tables[parent].version + s.tables[child].version }
	k.lookup = func(s *Sim, field, folded string) ([]reader, bool) {
		var out []reader
		if slices.Contains(own, field) {
			if s.tables[parent].index[field] == nil {
				return nil, false
			}
			for _, r := range s.tables[parent].having(field, folded) {
				out = append(out, rowsOf(s, r)...)
			}
			return out, true
		}
		if s.tables[child].index[field] == nil || folded == "" { // an empty value is also that of a row without a child
			return nil, false
		}
		for _, one := range s.tables[child].having(field, folded) {
			if of := s.tables[parent].get(one.vals[key]); of != nil {
				out = append(out, joined{of, one, own})
			}
		}
		return out, true
	}
	return k
}

// postal are the fields an address, a prospect and a prospect contact share.
func postal() []field {
	return []field{
		text("Alt_Company_Name", 64, 65), text("Contact_Person", 60, 61), text("Address_Line_1", 60, 61), text("Address_Line_2", 60, 61), text("Address_Line_3", 60, 61),
		text("City", 35, 35), text("State", 29, 29), text("Zip", 10, 11), text("Country", 60, 61), text("Country_Code", 6, 7),
		text("Phone_1", 21, 21), text("Phone_2", 21, 21), text("Phone_3", 21, 21), text("Fax", 21, 21), text("Email", 200, 201), text("Web_Site", 200, 201),
	}
}

func postalNames() []string {
	var out []string
	for _, f := range postal() {
		out = append(out, f.name)
	}
	return out
}

func addressKind() *kind {
	fields := append([]field{text("Customer_Num", 15, 15).required().onCreate(), text("Address_Code", 15, 15).required().onCreate()}, postal()...)
	return stored(&kind{
		name: "CustomerAddr", noun: "Address", keys: []string{"Customer_Num", "Address_Code"}, user: true,
		index: []string{"Customer_Num", "Address_Code", "Email", "Contact_Person"},
		fields: append(fields,
			long("Address_Use"), text("Sales_Person_ID", 15, 15), text("Sales_Territory", 15, 15), text("Shipping_Method", 15, 15), text("Tax_Schedule", 15, 15),
			text("UPS_Zone", 3, 3), text("Warehouse_Code", 10, 11), long("Comment"), long("Email_To"), long("Email_CC"), long("Email_BCC"),
			flag("Dont_Email"), flag("Dont_Mail"), flag("Dont_Fax"), text("USERDEF1", 20, 21), text("USERDEF2", 20, 21),
			flag("Address_Validated").readOnly(), long("Address_Classification").readOnly(),
			day("Created_On").taken(), day("Modified_On").taken(), rowStamp()),
	})
}

func (s *Sim) createAddress(c *call) (any, *failure) {
	k := s.kinds["CustomerAddr"]
	if bad := c.mayCreate(k.name); bad != nil {
		return nil, bad
	}
	d, bad := s.read(c, k, true)
	if bad != nil {
		return nil, bad
	}
	if !c.who.sees(k, &row{vals: d.vals}) {
		return nil, fail(http.StatusForbidden, 2004, "The customer filter does not allow customer %s", d.vals["Customer_Num"])
	}
	r, bad := s.newAddress(d.vals, d.user, c.now)
	if bad != nil {
		return nil, bad
	}
	s.log(c, "create", k, r, d)
	return s.created(c, k, r, d)
}

// newAddress stores an address; its code is the caller's choice, upper case.
func (s *Sim) newAddress(vals, user map[string]string, now time.Time) (*row, *failure) {
	num, code := vals["Customer_Num"], vals["Address_Code"]
	of := s.tables["Customer"].get(num)
	switch {
	case of == nil:
		return nil, notFound("Customer %s was not found", num)
	case code != upper(code):
		return nil, refused("Address_Code %s must be upper case", code)
	case s.tables["CustomerAddr"].get(keyOf(num, code)) != nil:
		return nil, duplicate("Address %s already exists for customer %s", code, of.id)
	}
	next := map[string]string{}
	for name, v := range vals {
		next[name] = v
	}
	next["Customer_Num"] = of.id
	return s.enter(s.kinds["CustomerAddr"], next, user, now), nil
}

// addressCodes answers a bare list, not a page.
func (s *Sim) addressCodes(c *call) (any, *failure) {
	num := c.vars["Customer_Num"]
	r, bad := s.named(&call{vars: map[string]string{"Customer_Num": num}, who: c.who}, s.kinds["Customer"])
	if bad != nil {
		return nil, bad
	}
	type code struct{ AddressCode string }
	out := []code{}
	for _, one := range s.tables["CustomerAddr"].having("Customer_Num", r.id) {
		out = append(out, code{pad(one.vals["Address_Code"], 15)})
	}
	return out, nil
}

func (s *Sim) listPriceLevels(c *call) (any, *failure) {
	k := s.kinds["PriceLevel"]
	q := &query{top: maxTop, count: true}
	return s.page(c, k, q, k.source(s)), nil
}

func priceLevelKind() *kind {
	return stored(&kind{name: "PriceLevel", noun: "Price level", keys: []string{"Price_Level"}, fields: []field{text("Price_Level", 10, 11), text("Description", 30, 31)}})
}

func itoa(n int) string { return strconv.Itoa(n) }
