package lighttest

import (
	"slices"
)

// Customer is one customer as GET /v1/customers/{id} answers it.
type Customer struct {
	ID                         string          `json:"id"`
	Name                       string          `json:"name"`
	Email                      Text            `json:"email"`
	Address                    *Address        `json:"address,omitempty"`
	BillingAddress             *Address        `json:"billingAddress,omitempty"`
	ShippingAddress            *Address        `json:"shippingAddress,omitempty"`
	Status                     string          `json:"status"` // ACTIVE, ARCHIVED
	Description                Text            `json:"description"`
	VATNumber                  Text            `json:"vatNumber"`
	BusinessRegistrationNumber Text            `json:"businessRegistrationNumber"`
	EASCode                    Text            `json:"easCode"`
	EinvoiceAddress            Text            `json:"einvoiceAddress"`
	EinvoiceNetwork            Text            `json:"einvoiceNetwork"`
	Type                       Text            `json:"type"`
	LogoURL                    Text            `json:"logoUrl"`
	Domain                     Text            `json:"domain"`
	ExternalSource             *ExternalSource `json:"externalSource"`
	CreatedAt                  Stamp           `json:"createdAt"`
	UpdatedAt                  Stamp           `json:"updatedAt"`
	CustomProperties           Properties      `json:"customProperties"`
	RecipientEmails            []string        `json:"recipientEmails"`
	CCEmails                   []string        `json:"ccEmails"`
}

// ExternalSource is where a record came from, set by Light's own integrations only.
type ExternalSource struct {
	Name       string `json:"name"` // CHARGEBEE, HUBSPOT, SALESFORCE, STRIPE
	ExternalID string `json:"externalId"`
}

const (
	active   = "ACTIVE"
	archived = "ARCHIVED"
)

var addressShape = shape{
	enum("country", countries), text("city"), text("state"), text("zipcode"), text("street"), text("street2"),
}

var (
	customerTypes    = []string{"BUSINESS", "CONSUMER", "GOVERNMENT"}
	einvoiceNetworks = []string{"MYDATA", "NEMHANDEL", "PEPPOL", "PORTUGUESE_TAX_REPORTING", "SDI", "VERIFACTU"}
)

var createCustomerShape = shape{
	text("name").required(), email("email").orNull(),
	object("address", addressShape).orNull(), object("billingAddress", addressShape).orNull(), object("shippingAddress", addressShape).orNull(),
	text("domain").orNull(), text("description").orNull(), text("vatNumber").orNull(), text("businessRegistrationNumber").orNull(),
	text("easCode").orNull(), text("einvoiceAddress").orNull(), enum("einvoiceNetwork", einvoiceNetworks).orNull(),
	enum("type", customerTypes).orNull(), text("logoUrl").orNull(), setProperty,
	list("recipientEmails", email("")).orNull(), list("ccEmails", email("")).orNull(),
}

var updateCustomerShape = createCustomerShape.update("name")

// apply carries a body's fields over. A name, once given, cannot be emptied (?).
func (s *Sim) applyCustomer(body fields, to *Customer) *failure {
	if body.has("name") && body.text("name") == "" {
		return badRequest("name", "must not be empty")
	}
	body.setString("name", &to.Name)
	body.setText("email", &to.Email)
	setAddress(body, "address", &to.Address)
	setAddress(body, "billingAddress", &to.BillingAddress)
	setAddress(body, "shippingAddress", &to.ShippingAddress)
	body.setText("description", &to.Description)
	body.setText("vatNumber", &to.VATNumber)
	body.setText("businessRegistrationNumber", &to.BusinessRegistrationNumber)
	body.setText("easCode", &to.EASCode)
	body.setText("einvoiceAddress", &to.EinvoiceAddress)
	body.setText("einvoiceNetwork", &to.EinvoiceNetwork)
	body.setText("type", &to.Type)
	body.setText("logoUrl", &to.LogoURL)
	body.setText("domain", &to.Domain)
	if body.has("recipientEmails") {
		to.RecipientEmails = body.texts("recipientEmails")
	}
	if body.has("ccEmails") {
		to.CCEmails = body.texts("ccEmails")
	}
	return s.setProperties(body, "CUSTOMER", "HEADER", &to.CustomProperties)
}

func setAddress(body fields, name string, to **Address) {
	if !body.has(name) {
		return
	}
	*to = nil
	if a := body.sub(name); a != nil {
		*to = &Address{Country: string(a.text("country")), City: string(a.text("city")), State: string(a.text("state")),
			Zipcode: string(a.text("zipcode")), Street: string(a.text("street")), Street2: string(a.text("street2"))}
	}
}

func (s *Sim) viewCustomer(c *Customer) Customer {
	out := *c
	out.CustomProperties = s.shown(c.CustomProperties)
	out.RecipientEmails = append([]string{}, c.RecipientEmails...)
	out.CCEmails = append([]string{}, c.CCEmails...)
	return out
}

func (s *Sim) listCustomers(c *call) (any, *failure) {
	return listRows(s, c, s.customers, customerListing, func(v *Customer) any { return s.viewCustomer(v) })
}

var customerListing = func() listing[Customer] {
	type C = Customer
	name := textOf(func(c *C) Text { return Text(c.Name) })
	mail := textOf(func(c *C) Text { return c.Email })
	created := momentOf(func(c *C) Stamp { return c.CreatedAt })
	updated := momentOf(func(c *C) Stamp { return c.UpdatedAt })
	billing := func(get func(*Address) string) column[C] {
		return textOf(func(c *C) Text {
			if c.BillingAddress == nil {
				return ""
			}
			return Text(get(c.BillingAddress))
		})
	}
	return listing[C]{
		filters: map[string]column[C]{
			"billingAddressCity":         billing(func(a *Address) string { return a.City }),
			"billingAddressCountry":      billing(func(a *Address) string { return a.Country }),
			"businessRegistrationNumber": textOf(func(c *C) Text { return c.BusinessRegistrationNumber }),
			"createdAt":                  created,
			"description":                textOf(func(c *C) Text { return c.Description }),
			"email":                      mail,
			"id":                         textOf(func(c *C) Text { return Text(c.ID) }),
			"name":                       name,
			"status":                     textOf(func(c *C) Text { return Text(c.Status) }),
			"updatedAt":                  updated,
			"vatNumber":                  textOf(func(c *C) Text { return c.VATNumber }),
		},
		sorts:  map[string]column[C]{"name": name, "email": mail, "createdAt": created, "updatedAt": updated},
		id:     func(c *C) string { return c.ID },
		born:   func(c *C) Stamp { return c.CreatedAt },
		search: func(c *C) []Text { return []Text{Text(c.Name), c.Email, c.Domain, c.VATNumber} },
	}
}()

func (s *Sim) getCustomer(c *call) (any, *failure) {
	v := find(s, s.customers, c.vars["customerId"], c.now)
	if v == nil {
		return gone("Customer")
	}
	return s.viewCustomer(v), nil
}

func (s *Sim) createCustomer(c *call) (any, *failure) {
	body, bad := c.read(createCustomerShape, false)
	if bad != nil {
		return nil, bad
	}
	at := stampOf(c.now)
	v := &Customer{Status: active, CreatedAt: at, UpdatedAt: at}
	if bad := s.applyCustomer(body, v); bad != nil {
		return nil, bad
	}
	v.ID = s.newID("customer")
	s.customers.add(v.ID, v, c.now)
	return s.viewCustomer(v), nil
}

func (s *Sim) updateCustomer(c *call) (any, *failure) {
	body, bad := c.read(updateCustomerShape, false)
	if bad != nil {
		return nil, bad
	}
	return s.changeCustomer(c, func(v *Customer) *failure { return s.applyCustomer(body, v) })
}

// activateCustomer and archiveCustomer answer the customer unchanged when there is nothing to do (?).
func (s *Sim) activateCustomer(c *call) (any, *failure) { return s.setCustomerStatus(c, active) }

func (s *Sim) archiveCustomer(c *call) (any, *failure) { return s.setCustomerStatus(c, archived) }

func (s *Sim) setCustomerStatus(c *call, status string) (any, *failure) {
	if v := s.customers.get(c.vars["customerId"]); v != nil && v.Status == status {
		return s.viewCustomer(v), nil
	}
	return s.changeCustomer(c, func(v *Customer) *failure { v.Status = status; return nil })
}

func (s *Sim) changeCustomer(c *call, edit func(*Customer) *failure) (any, *failure) {
	old := s.customers.get(c.vars["customerId"])
	if old == nil {
		return gone("Customer")
	}
	next := old.copy()
	if bad := edit(next); bad != nil {
		return nil, bad
	}
	next.UpdatedAt = old.UpdatedAt.after(c.now)
	s.customers.put(old.ID, next, c.now)
	return s.viewCustomer(next), nil
}

func (c *Customer) copy() *Customer {
	out := *c
	out.CustomProperties = slices.Clone(c.CustomProperties)
	out.RecipientEmails = slices.Clone(c.RecipientEmails)
	out.CCEmails = slices.Clone(c.CCEmails)
	return &out
}
