package salespadtest

import (
	"net/http"
	"time"
)

// Prospects, their contacts and their conversion: all of it inferred (fact sheet, section 9).

func prospectKind() *kind {
	fields := append([]field{text("Prospect_ID", 15, 15).onCreate(), text("Prospect_Name", 64, 65).required(), text("Prospect_Class", 15, 15)}, postal()...)
	return stored(&kind{
		name: "Prospect", noun: "Prospect", keys: []string{"Prospect_ID"}, user: true,
		index: []string{"Prospect_ID", "Prospect_Name", "Email"},
		fields: append(fields,
			text("Sales_Person_ID", 15, 15), text("Sales_Territory", 15, 15), text("Price_Level", 10, 11), text("Currency_ID", 15, 15), flag("Inactive"), long("Note"),
			text("Customer_Num", 15, 15).readOnly(), wall("Converted_On").readOnly(), day("Created_On"), day("Changed_On"), rowStamp()),
	})
}

func contactKind() *kind {
	fields := append([]field{text("Prospect_ID", 15, 15).required().onCreate(), text("Contact_ID", 15, 15).onCreate()}, postal()...)
	for i := range fields {
		if fields[i].name == "Contact_Person" {
			fields[i].must = true
		}
	}
	return stored(&kind{
		name: "ProspectContact", noun: "Prospect contact", keys: []string{"Prospect_ID", "Contact_ID"}, user: true,
		index: []string{"Prospect_ID", "Email", "Contact_Person"},
		fields: append(fields, text("Contact_Title", 60, 61), long("Comment"), flag("Dont_Email"),
			day("Created_On"), day("Changed_On"), rowStamp()),
	})
}

func prospectSearchKind() *kind {
	own := []string{"Prospect_ID", "Prospect_Name", "Prospect_Class", "Inactive", "Customer_Num"}
	return searchKind("ProspectSearch", "Prospect", "ProspectContact", own,
		append(pick(prospectKind().fields, own...), pick(contactKind().fields, "Contact_ID", "Contact_Person", "Email", "Phone_1", "City", "State", "Zip")...))
}

func (s *Sim) createProspect(c *call) (any, *failure) {
	k := s.kinds["Prospect"]
	if bad := c.mayCreate(k.name); bad != nil {
		return nil, bad
	}
	d, bad := s.read(c, k, true)
	if bad != nil {
		return nil, bad
	}
	r, bad := s.newProspect(d.vals, d.user, c.now)
	if bad != nil {
		return nil, bad
	}
	s.log(c, "create", k, r, d)
	return s.created(c, k, r, d)
}

func (s *Sim) newProspect(sent, user map[string]string, now time.Time) (*row, *failure) {
	t := s.tables["Prospect"]
	vals := map[string]string{"Currency_ID": "Z-US$"}
	for name, v := range sent {
		vals[name] = v
	}
	if id := vals["Prospect_ID"]; id == "" {
		vals["Prospect_ID"] = s.nextNumber("Prospect", t, "PRO%05d")
	} else if t.get(id) != nil {
		return nil, duplicate("Prospect %s already exists", id)
	}
	return s.enter(s.kinds["Prospect"], vals, user, now), nil
}

func (s *Sim) createContact(c *call) (any, *failure) {
	k := s.kinds["ProspectContact"]
	if bad := c.mayCreate(k.name); bad != nil {
		return nil, bad
	}
	d, bad := s.read(c, k, true)
	if bad != nil {
		return nil, bad
	}
	r, bad := s.newContact(d.vals, d.user, c.now)
	if bad != nil {
		return nil, bad
	}
	s.log(c, "create", k, r, d)
	return s.created(c, k, r, d)
}

func (s *Sim) newContact(sent, user map[string]string, now time.Time) (*row, *failure) {
	t := s.tables["ProspectContact"]
	of := s.tables["Prospect"].get(sent["Prospect_ID"])
	if of == nil {
		return nil, notFound("Prospect %s was not found", sent["Prospect_ID"])
	}
	if of.vals["Customer_Num"] != "" {
		return nil, refused("Prospect %s was converted to customer %s and takes no contacts", of.id, of.vals["Customer_Num"])
	}
	vals := map[string]string{}
	for name, v := range sent {
		vals[name] = v
	}
	vals["Prospect_ID"] = of.id
	if vals["Contact_ID"] == "" {
		for n := 1; vals["Contact_ID"] == "" || t.get(keyOf(of.id, vals["Contact_ID"])) != nil; n++ {
			vals["Contact_ID"] = itoa(n)
		}
	} else if t.get(keyOf(of.id, vals["Contact_ID"])) != nil {
		return nil, duplicate("Contact %s already exists for prospect %s", vals["Contact_ID"], of.id)
	}
	return s.enter(s.kinds["ProspectContact"], vals, user, now), nil
}

// Conversion is what became of a prospect.
type Conversion struct {
	ProspectID  string             `json:"Prospect_ID"`
	CustomerNum string             `json:"Customer_Num"`
	Contacts    []ConvertedContact `json:"Contacts"`
}

// ConvertedContact is one contact and the address it became.
type ConvertedContact struct {
	ContactID   string `json:"Contact_ID"`
	AddressCode string `json:"Address_Code"`
}

func (s *Sim) convertProspect(c *call) (any, *failure) {
	r, bad := s.named(c, s.kinds["Prospect"])
	if bad == nil {
		bad = c.mayCreate("Customer")
	}
	if bad != nil {
		return nil, bad
	}
	wanted := map[string]string{}
	if len(c.body) > 0 {
		like := &kind{name: "ConvertToCustomer", fields: []field{text("Customer_Num", 15, 15), text("Customer_Class", 15, 15)}}
		like.named()
		d, bad := s.read(c, like, false)
		if bad != nil {
			return nil, bad
		}
		wanted = d.vals
	}
	out, bad := s.convert(r, wanted, c.now)
	if bad != nil {
		return nil, bad
	}
	s.log(c, "convert", s.kinds["Prospect"], r, &draft{vals: map[string]string{"Customer_Num": out.CustomerNum}})
	return *out, nil
}

// named gives a small resource its names, as defineKinds does for the install's own.
func (k *kind) named() {
	k.byWire, k.byName = map[string]*field{}, map[string]*field{}
	for i := range k.fields {
		f := &k.fields[i]
		f.wire = f.name
		k.byWire[f.wire], k.byName[f.name] = f, f
	}
}

// convert makes a customer of a prospect and an address of each contact; user fields of one name go along. The prospect
// stays and points at the customer.
func (s *Sim) convert(r *row, wanted map[string]string, now time.Time) (*Conversion, *failure) {
	if num := r.vals["Customer_Num"]; num != "" {
		return nil, fail(http.StatusConflict, 5001, "Prospect %s was converted to customer %s before", r.id, num)
	}
	vals := map[string]string{"Customer_Name": r.vals["Prospect_Name"]}
	for _, name := range []string{"Sales_Person_ID", "Sales_Territory", "Price_Level", "Currency_ID", "Inactive", "Note"} {
		vals[name] = r.vals[name]
	}
	if class := r.vals["Prospect_Class"]; s.cfg.Classes[class] != nil {
		vals["Customer_Class"] = class
	}
	for name, v := range wanted {
		vals[name] = v
	}
	for name, v := range vals { // an empty value would hide the class's default
		if v == "" {
			delete(vals, name)
		}
	}
	primary := map[string]string{}
	for _, name := range postalNames() {
		if v := r.vals[name]; v != "" {
			primary[name] = v
		}
	}
	if len(primary) > 0 {
		vals["Primary_Addr_Code"] = "PRIMARY"
	}
	customer, bad := s.newCustomer(vals, s.sameUserFields("Customer", r.user), now)
	if bad != nil {
		return nil, bad
	}
	out := &Conversion{ProspectID: r.id, CustomerNum: customer.id, Contacts: []ConvertedContact{}}
	if len(primary) > 0 {
		primary["Customer_Num"], primary["Address_Code"] = customer.id, "PRIMARY"
		if _, bad := s.newAddress(primary, nil, now); bad != nil {
			return nil, bad
		}
	}
	for i, contact := range s.tables["ProspectContact"].having("Prospect_ID", r.id) {
		one, bad := s.convertContact(contact, customer.id, "CONTACT"+itoa(i+1), now)
		if bad != nil {
			return nil, bad
		}
		out.Contacts = append(out.Contacts, *one)
	}
	s.change(s.kinds["Prospect"], r, map[string]string{"Customer_Num": customer.id, "Converted_On": stampText(now.In(s.zone))}, nil, now)
	return out, nil
}

func (s *Sim) convertContact(contact *row, customer, code string, now time.Time) (*ConvertedContact, *failure) {
	vals := map[string]string{"Customer_Num": customer, "Address_Code": code}
	for _, name := range append(postalNames(), "Comment", "Dont_Email") {
		vals[name] = contact.vals[name]
	}
	if _, bad := s.newAddress(vals, s.sameUserFields("CustomerAddr", contact.user), now); bad != nil {
		return nil, bad
	}
	return &ConvertedContact{contact.vals["Contact_ID"], code}, nil
}

// sameUserFields are the user fields that the other resource has under the same name (section 5).
func (s *Sim) sameUserFields(resource string, user map[string]string) map[string]string {
	out := map[string]string{}
	for name, v := range user {
		if s.userField(resource, name) != nil {
			out[name] = v
		}
	}
	return out
}
