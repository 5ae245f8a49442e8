package salesforcetest

import (
	"time"
)

// Conversion says how a lead is converted (section 15.2). The zero value makes an
// account, a contact and an opportunity.
type Conversion struct {
	Status          string // converted status; default the first there is, Closed - Converted
	AccountID       string // attach to an existing account
	ContactID       string // attach to an existing contact
	OpportunityName string // default the company and a dash
	NoOpportunity   bool
	OwnerID         string // default the lead's
}

// Converted is the result of a conversion; OpportunityID may be "".
type Converted struct {
	AccountID, ContactID, OpportunityID string
}

// Convert converts a lead in one transaction: account, contact, opportunity and
// role, then the lead.
func (p Person) Convert(lead string, c Conversion) (out Converted, err error) {
	err = p.do(func(t *tx) *apiError {
		r, e := p.s.row("Lead", lead)
		if e != nil {
			return e
		}
		if r.deleted {
			return entityDeleted()
		}
		if r.yes("IsConverted") {
			return reject("CANNOT_UPDATE_CONVERTED_LEAD", nil, "cannot reference converted lead")
		}
		out, e = t.convertLead(r, c)
		return e
	})
	return out, err
}

func (t *tx) convertLead(r *record, c Conversion) (Converted, *apiError) {
	setDefault(&c.Status, t.s.firstConverted())
	setDefault(&c.OwnerID, r.str("OwnerId"))
	if o := t.s.objectOf(c.OwnerID); o != nil && o.Name == "Group" {
		c.OwnerID = t.user // a queue cannot own an account
	}
	if !t.s.statusFlag("LeadStatus", "IsConverted", c.Status) {
		return Converted{}, reject("INVALID_STATUS", nil, "invalid convertedStatus: %s is not a valid converted status", c.Status)
	}
	out := Converted{AccountID: idOrSame(c.AccountID), ContactID: idOrSame(c.ContactID)}
	for _, make := range []func(*record, Conversion, *Converted) *apiError{t.leadAccount, t.leadContact, t.leadOpportunity} {
		if e := make(r, c, &out); e != nil {
			return Converted{}, e
		}
	}
	t.followLead(r, out)
	set := fields{"IsConverted": true, "Status": c.Status, "ConvertedDate": t.now.Format(dateForm), "ConvertedAccountId": out.AccountID, "ConvertedContactId": out.ContactID}
	if out.OpportunityID != "" {
		set["ConvertedOpportunityId"] = out.OpportunityID
	}
	t.derive(r, set, false)
	return out, nil
}

// carry copies fields of the lead that the target has under the given names.
func carry(r *record, values map[string]any, names map[string]string) {
	for from, to := range names {
		if v := r.value(from); v != nil {
			values[to] = v
		}
	}
}

func addressNames(prefix string) map[string]string {
	return map[string]string{"Street": prefix + "Street", "City": prefix + "City", "State": prefix + "State", "PostalCode": prefix + "PostalCode", "Country": prefix + "Country"}
}

func (t *tx) leadAccount(r *record, c Conversion, out *Converted) *apiError {
	if out.AccountID != "" {
		return nil
	}
	values := map[string]any{"OwnerId": c.OwnerID}
	person := t.s.cfg.PersonAccounts && r.str("Company") == ""
	carry(r, values, map[string]string{"Phone": "Phone", "Fax": "Fax", "Website": "Website", "Industry": "Industry", "AnnualRevenue": "AnnualRevenue", "NumberOfEmployees": "NumberOfEmployees", "Rating": "Rating"})
	if person {
		carry(r, values, map[string]string{"FirstName": "FirstName", "LastName": "LastName", "Salutation": "Salutation", "Email": "PersonEmail", "MobilePhone": "PersonMobilePhone"})
		carry(r, values, addressNames("PersonMailing"))
	} else {
		values["Name"] = r.str("Company")
		carry(r, values, addressNames("Billing"))
	}
	a, e := t.saveValues(t.s.object("Account"), nil, values)
	if e != nil {
		return e
	}
	out.AccountID = a.id
	if person {
		out.ContactID = a.str("PersonContactId")
	}
	return nil
}

func (t *tx) leadContact(r *record, c Conversion, out *Converted) *apiError {
	if out.ContactID != "" {
		return nil
	}
	values := map[string]any{"OwnerId": c.OwnerID, "AccountId": out.AccountID}
	carry(r, values, map[string]string{"FirstName": "FirstName", "LastName": "LastName", "Salutation": "Salutation", "Title": "Title", "Email": "Email", "Phone": "Phone", "MobilePhone": "MobilePhone", "Fax": "Fax", "LeadSource": "LeadSource", "Description": "Description"})
	carry(r, values, addressNames("Mailing"))
	k, e := t.saveValues(t.s.object("Contact"), nil, values)
	if e != nil {
		return e
	}
	out.ContactID = k.id
	return nil
}

// leadOpportunity makes the opportunity in the first stage; it closes at the end
// of the quarter.
func (t *tx) leadOpportunity(r *record, c Conversion, out *Converted) *apiError {
	if c.NoOpportunity {
		return nil
	}
	setDefault(&c.OpportunityName, r.str("Company")+"-")
	quarter := time.Date(t.now.Year(), (t.now.Month()-1)/3*3+4, 0, 0, 0, 0, 0, time.UTC)
	values := map[string]any{"Name": c.OpportunityName, "AccountId": out.AccountID, "ContactId": out.ContactID, "OwnerId": c.OwnerID,
		"StageName": t.s.object("OpportunityStage").rows[0].str("ApiName"), "CloseDate": quarter.Format(dateForm)}
	carry(r, values, map[string]string{"LeadSource": "LeadSource"})
	o, e := t.saveValues(t.s.object("Opportunity"), nil, values)
	if e != nil {
		return e
	}
	out.OpportunityID = o.id
	return nil
}

// followLead moves activities and campaign memberships to the contact.
func (t *tx) followLead(r *record, out Converted) {
	for _, object := range []string{"Task", "Event"} {
		for _, a := range t.s.children(r, object, "WhoId") {
			t.derive(a, fields{"WhoId": out.ContactID, "AccountId": out.AccountID}, true)
		}
	}
	for _, m := range t.s.children(r, "CampaignMember", "LeadId") {
		t.derive(m, fields{"ContactId": out.ContactID, "LeadOrContactId": out.ContactID, "Type": "Contact"}, true)
	}
}
