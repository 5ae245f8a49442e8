package salesforcetest

import (
	"encoding/json"
	"strings"
)

// Person accounts (section 15.8) are accounts whose record type is a person type;
// each has a contact that follows it.

func (t *tx) isPerson(d *draft) bool {
	if !t.s.cfg.PersonAccounts {
		return false
	}
	if d.rec != nil {
		return d.rec.yes("IsPersonAccount")
	}
	if rt := d.o.recordType(idOrSame(d.str("RecordTypeId"))); rt != nil && d.sent("RecordTypeId") {
		return rt.Person
	}
	return d.str("LastName") != "" && !d.sent("Name")
}

func idOrSame(id string) string {
	if full, valid := ID18(id); valid {
		return full
	}
	return id
}

func beforeAccount(t *tx, d *draft) *apiError {
	if !t.s.cfg.PersonAccounts {
		return nil
	}
	if !t.isPerson(d) {
		return refusePersonFields(d)
	}
	if d.sent("Name") {
		return reject("INVALID_FIELD_FOR_INSERT_UPDATE", []string{"Name"}, "Unable to create/update fields: Name. Please check the security settings of this field and verify that it is read/write for your profile or permission set.")
	}
	if d.str("LastName") == "" {
		return missingFields("LastName")
	}
	if d.creating() {
		d.put("IsPersonAccount", true)
		for _, rt := range d.o.recordTypes {
			if rt.Person && !d.sent("RecordTypeId") {
				d.put("RecordTypeId", rt.ID)
			}
		}
	}
	composeName(d)
	return nil
}

// refusePersonFields refuses person fields on a business account.
func refusePersonFields(d *draft) *apiError {
	for f, v := range d.next {
		person := strings.HasPrefix(f.Name, "Person") || f.Name == "FirstName" || f.Name == "LastName" || f.Name == "Salutation" || strings.HasSuffix(f.Name, "__pc")
		if person && d.given[f] && v != nil && v != false {
			return reject("INVALID_FIELD_FOR_INSERT_UPDATE", []string{f.Name}, "Unable to create/update fields: %s. Please check the security settings of this field and verify that it is read/write for your profile or permission set.", f.Name)
		}
	}
	return nil
}

// afterAccount carries a person account over to its contact.
func afterAccount(t *tx, _ *draft, r *record) *apiError {
	if !t.s.cfg.PersonAccounts || !r.yes("IsPersonAccount") {
		return nil
	}
	contact := t.s.object("Contact")
	set := fields{"AccountId": r.id, "IsPersonAccount": true}
	for _, f := range r.o.fields {
		name := ""
		switch {
		case f.Name == "FirstName" || f.Name == "LastName" || f.Name == "Salutation" || f.Name == "Name":
			name = f.Name
		case strings.HasSuffix(f.Name, "__pc"):
			name = strings.TrimSuffix(f.Name, "__pc") + "__c"
		case strings.HasPrefix(f.Name, "Person") && f.Name != "PersonContactId":
			name = strings.TrimPrefix(f.Name, "Person")
		}
		if g := contact.field(name); name != "" && g != nil && g.Type != "address" {
			set[name] = r.get(f)
		}
	}
	if c := t.s.at(r.str("PersonContactId")); c != nil {
		t.derive(c, set, false)
		return nil
	}
	set["OwnerId"] = r.str("OwnerId")
	c := t.s.plant(t, "Contact", set)
	t.derive(r, fields{"PersonContactId": c.id}, true)
	return nil
}

// marshalValues is a row of Go values as the body of a write.
func marshalValues(values map[string]any) (map[string]json.RawMessage, []string, *apiError) {
	raw, err := json.Marshal(values)
	if err != nil {
		return nil, nil, fail(400, "JSON_PARSER_ERROR", "the values do not marshal: %v", err)
	}
	return decodeObject(raw)
}
