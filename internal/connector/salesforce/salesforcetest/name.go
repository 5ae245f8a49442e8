package salesforcetest

import "strings"

// composeName derives Name from its parts: salutations are not part of it.
func composeName(d *draft) {
	var parts []string
	for _, part := range []string{"FirstName", "MiddleName", "LastName", "Suffix"} {
		if v := d.str(part); v != "" {
			parts = append(parts, v)
		}
	}
	if len(parts) == 0 {
		d.put("Name", nil)
		return
	}
	d.put("Name", strings.Join(parts, " "))
}

func beforeUser(_ *tx, d *draft) *apiError {
	composeName(d)
	if d.creating() && !d.sent("IsActive") {
		d.put("IsActive", true)
	}
	return nil
}

func beforeContact(_ *tx, d *draft) *apiError {
	if !d.creating() && d.rec.yes("IsPersonAccount") {
		return reject("INVALID_PERSON_ACCOUNT_OPERATION", nil, "Person Contacts cannot be updated: update the person account")
	}
	composeName(d)
	return nil
}

func beforeLead(_ *tx, d *draft) *apiError {
	if !d.creating() && d.rec.yes("IsConverted") {
		return reject("CANNOT_UPDATE_CONVERTED_LEAD", nil, "cannot reference converted lead")
	}
	composeName(d)
	return nil
}
