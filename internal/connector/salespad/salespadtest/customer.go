package salespadtest

import (
	"fmt"
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
