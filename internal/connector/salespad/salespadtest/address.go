package salespadtest

import (
	"net/http"
	"time"
)

// Customer addresses, which are what a contact is in the CRM (fact sheet, section 5).

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
