package salesforcetest

import (
	"encoding/json"
	"strings"
	"time"
)

// saveOptions are the headers of a write (section 4.1).
type saveOptions struct {
	allowDuplicates bool   // Sforce-Duplicate-Rule-Header allowSave
	duplicateFields bool   // includeRecordDetails
	autoAssign      string // Sforce-Auto-Assign: "" and "true" use the active rule, "false" none, else a rule id
}

func optionsOf(q *request) saveOptions {
	rule := q.Header.Get("Sforce-Duplicate-Rule-Header")
	return saveOptions{
		allowDuplicates: headerFlag(rule, "allowSave"),
		duplicateFields: headerFlag(rule, "includeRecordDetails"),
		autoAssign:      q.Header.Get("Sforce-Auto-Assign"),
	}
}

// save writes a record: rec nil makes a new one. Whatever it refuses leaves no
// trace. The order is the vendor's: defaults, before-triggers, system rules,
// validation rules, duplicate rules, the write, what follows from it, automations.
func (t *tx) save(o *object, rec *record, in map[string]json.RawMessage, order []string) (*record, *apiError) {
	if e := t.maySave(o, rec); e != nil {
		return nil, e
	}
	d, e := t.read(o, rec, in, order)
	if e != nil {
		return nil, e
	}
	back := t.savepoint()
	r, e := t.finishSave(d)
	if e != nil {
		back()
		return nil, e
	}
	return r, nil
}

func (t *tx) maySave(o *object, rec *record) *apiError {
	switch {
	case rec == nil && !o.createable, rec != nil && !o.updateable:
		return reject("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", nil, "entity type cannot be %s: %s", map[bool]string{true: "inserted", false: "updated"}[rec == nil], o.Label)
	case rec != nil && rec.deleted:
		return entityDeleted()
	case !t.person && t.user == t.s.integration && (rec == nil && o.access.NoCreate || rec != nil && o.access.NoEdit):
		return noRight()
	case rec != nil && rec.locked.After(time.Now()):
		return lockedRow(rec)
	}
	return nil
}

func noRight() *apiError {
	e := reject("INSUFFICIENT_ACCESS_OR_READONLY", nil, "insufficient access rights on object id")
	e.status = 403
	return e
}

func entityDeleted() *apiError {
	e := reject("ENTITY_IS_DELETED", nil, "entity is deleted")
	e.status = 404
	return e
}

func lockedRow(r *record) *apiError {
	return reject("UNABLE_TO_LOCK_ROW", nil, "unable to obtain exclusive access to this record or 1 records: %s", r.id)
}

func (t *tx) finishSave(d *draft) (*record, *apiError) {
	if d.creating() {
		t.setDefaults(d)
	} else {
		t.reassign(d)
	}
	if e := t.s.rules.runTriggers(t, d); e != nil {
		return nil, e
	}
	rules := objectRules[d.o.Name]
	if rules.before != nil {
		if e := rules.before(t, d); e != nil {
			return nil, e
		}
	}
	for _, check := range []func(*draft) *apiError{t.checkPlaces, t.checkRequired, t.checkValues, t.checkReferences, t.checkRules, t.checkDuplicates, t.checkUnique} {
		if e := check(d); e != nil {
			return nil, e
		}
	}
	r := d.rec
	if d.creating() {
		r = t.insert(d.o, d.next)
	} else {
		t.put(r, d.next, false)
	}
	if rules.after != nil {
		if e := rules.after(t, d, r); e != nil {
			return nil, e
		}
	}
	return r, t.s.rules.runAutomations(t, d, r)
}

// setDefaults fills what a create leaves out.
func (t *tx) setDefaults(d *draft) {
	for _, f := range d.o.fields {
		if _, set := d.next[f]; set && d.next[f] != nil {
			continue
		}
		switch {
		case f.Name == "OwnerId":
			d.next[f] = t.owner(d)
		case f.Name == "CurrencyIsoCode":
			d.next[f] = t.s.cfg.Currency
		case f.Name == "RecordTypeId":
			if rt := d.o.defaultRecordType(); rt != "" {
				d.next[f] = rt
			}
		case f.AutoNumber:
			d.next[f] = t.s.autoNumber(d.o, f)
		case f.Default != nil && !d.given[f]:
			d.next[f] = f.Default
		}
	}
}

func (o *object) defaultRecordType() string {
	for _, rt := range o.recordTypes {
		if rt.Default && !rt.Inactive {
			return rt.ID
		}
	}
	return ""
}

func (s *Sim) autoNumber(o *object, f *Field) string {
	if f.Name == "CaseNumber" {
		return pad(len(o.rows)+1000, 8)
	}
	return o.KeyPrefix + "-" + pad(len(o.rows)+1, 5)
}

func pad(n, width int) string {
	text := number(n).String()
	return strings.Repeat("0", max(0, width-len(text))) + text
}

// checkRequired lists every required field that would be empty.
func (t *tx) checkRequired(d *draft) *apiError {
	var missing []string
	for _, f := range d.o.fields {
		if f.Nillable || f.Type == "boolean" || f.sys != sysNone || !f.Createable {
			continue
		}
		v, set := d.next[f]
		if d.creating() && v == nil || set && v == nil {
			missing = append(missing, f.Name)
		}
	}
	return missingFields(missing...)
}

func missingFields(names ...string) *apiError {
	if len(names) == 0 {
		return nil
	}
	return reject("REQUIRED_FIELD_MISSING", names, "Required fields are missing: [%s]", strings.Join(names, ", "))
}

// checkValues applies lengths, e-mail form and restricted picklists.
func (t *tx) checkValues(d *draft) *apiError {
	for _, f := range d.o.fields {
		text, isText := d.next[f].(string)
		if !isText || !f.text() || f.sys != sysNone {
			continue
		}
		if f.Length > 0 && len([]rune(text)) > f.Length {
			return reject("STRING_TOO_LONG", []string{f.Name}, "%s: data value too large: %s (max length=%d)", f.Label, text, f.Length)
		}
		if f.Type == "email" && !plausibleEmail(text) {
			return reject("INVALID_EMAIL_ADDRESS", []string{f.Name}, "%s: invalid email address: %s", f.Label, text)
		}
		if e := t.checkPicklist(d, f, text); e != nil {
			return e
		}
	}
	return nil
}

func (t *tx) checkPicklist(d *draft, f *Field, text string) *apiError {
	if f.Type == "picklist" {
		if p := f.pick(text); p != nil {
			d.next[f] = p.Value // stored in its own case
			if !f.Restricted || !p.Inactive {
				return nil
			}
		}
		if f.Name == "CurrencyIsoCode" {
			return reject("INVALID_CURRENCY_ISO", []string{f.Name}, "invalid currency iso code: %s", text)
		}
		if f.Restricted && len(f.Picklist) > 0 {
			return badPick(f, text)
		}
		return nil
	}
	if f.Type != "multipicklist" {
		return nil
	}
	for v := range strings.SplitSeq(text, ";") {
		if f.Restricted && f.pick(strings.TrimSpace(v)) == nil {
			return badPick(f, v)
		}
	}
	return nil
}

func badPick(f *Field, text string) *apiError {
	return reject("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", []string{f.Name}, "%s: bad value for restricted picklist field: %s", f.Label, text)
}

// plausibleEmail is the check that Salesforce makes: one @, text around it, a dot
// behind it, no spaces (inferred).
func plausibleEmail(v string) bool {
	local, domain, found := strings.Cut(v, "@")
	return found && local != "" && !strings.ContainsAny(v, " ,;()<>[]\\\"") && !strings.Contains(domain, "@") &&
		strings.Contains(domain, ".") && !strings.HasPrefix(domain, ".") && !strings.HasSuffix(domain, ".") && !strings.Contains(domain, "..")
}

// checkReferences resolves ids: well-formed, of a fitting object, alive, and of
// a record type that the user has.
func (t *tx) checkReferences(d *draft) *apiError {
	for _, f := range d.o.fields {
		id, set := d.next[f].(string)
		if !set || f.Type != "reference" {
			continue
		}
		full, valid := ID18(id)
		if !valid {
			return reject("MALFORMED_ID", []string{f.Name}, "%s: id value of incorrect type: %s", f.Label, id)
		}
		d.next[f] = full
		if f.Name == "RecordTypeId" {
			if e := t.checkRecordType(d, f, full); e != nil {
				return e
			}
			continue
		}
		if e := t.checkTarget(d, f, full); e != nil {
			return e
		}
	}
	return nil
}

func (t *tx) checkRecordType(d *draft, f *Field, id string) *apiError {
	rt := d.o.recordType(id)
	if rt == nil || rt.Inactive || rt.Unavailable && t.user == t.s.integration {
		return reject("INVALID_CROSS_REFERENCE_KEY", []string{f.Name}, "%s: this ID value isn't valid for the user: %s", f.Label, id)
	}
	return nil
}

func (t *tx) checkTarget(d *draft, f *Field, id string) *apiError {
	known := false
	for _, name := range f.ReferenceTo {
		known = known || t.s.object(name) != nil
	}
	if !known {
		return nil // points outside of what this org keeps
	}
	to := t.s.records[id[:15]]
	if to == nil {
		if o := t.s.objectOf(id); o == nil || !f.mayPointTo(o.Name) {
			return reject("MALFORMED_ID", []string{f.Name}, "%s: id value of incorrect type: %s", f.Label, id)
		}
		return reject("INVALID_CROSS_REFERENCE_KEY", nil, "invalid cross reference id")
	}
	switch {
	case !f.mayPointTo(to.o.Name):
		return reject("MALFORMED_ID", []string{f.Name}, "%s: id value of incorrect type: %s", f.Label, id)
	case to.deleted && d.changes(f.Name):
		return entityDeleted()
	case to.o.Name == "User" && !to.yes("IsActive") && d.changes(f.Name):
		return reject("INACTIVE_OWNER_OR_USER", []string{}, "operation performed with inactive user [%s] as owner of %s", id, strings.ToLower(d.o.Label))
	case to.o.Name == "Lead" && to.yes("IsConverted") && d.changes(f.Name):
		return reject("CANNOT_UPDATE_CONVERTED_LEAD", nil, "cannot reference converted lead")
	case f.CascadeDelete && to.locked.After(time.Now()):
		return lockedRow(to)
	}
	return nil
}

func (f *Field) mayPointTo(object string) bool {
	for _, name := range f.ReferenceTo {
		if strings.EqualFold(name, object) {
			return true
		}
	}
	return false
}

// checkUnique refuses a value that another live record has.
func (t *tx) checkUnique(d *draft) *apiError {
	for _, f := range d.o.fields {
		v, set := d.next[f]
		if !f.Unique || !set || v == nil {
			continue
		}
		for _, other := range t.s.alive(t.s.lookup(d.o, f, asText(v))) {
			if other != d.rec {
				return reject("DUPLICATE_VALUE", nil, "duplicate value found: %s duplicates value on record with id: %s", f.Name, other.id)
			}
		}
	}
	return nil
}
