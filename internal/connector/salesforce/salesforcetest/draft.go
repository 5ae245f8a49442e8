package salesforcetest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// draft is a save under way: the record as it would become.
type draft struct {
	o     *object
	rec   *record        // nil on create
	next  map[*Field]any // values that this save writes
	given map[*Field]bool
}

func (d *draft) creating() bool { return d.rec == nil }

// get reads a value as it would be after the save.
func (d *draft) get(name string) any {
	f := d.o.field(name)
	if f == nil {
		return nil
	}
	if v, set := d.next[f]; set {
		return v
	}
	return d.was(name)
}

// was reads a value as it is before the save.
func (d *draft) was(name string) any {
	f := d.o.field(name)
	if f == nil || d.rec == nil {
		if f != nil && f.Type == "boolean" {
			return false
		}
		return nil
	}
	return d.rec.get(f)
}

func (d *draft) str(name string) string { return asText(d.get(name)) }

func (d *draft) yes(name string) bool { b, _ := d.get(name).(bool); return b }

// put writes a value, if the object has the field in this org.
func (d *draft) put(name string, v any) {
	if f := d.o.field(name); f != nil {
		d.next[f] = v
	}
}

// sent says whether the caller gave the field.
func (d *draft) sent(name string) bool {
	f := d.o.field(name)
	return f != nil && d.given[f]
}

// changes says whether the save would change the field.
func (d *draft) changes(name string) bool {
	f := d.o.field(name)
	if f == nil {
		return false
	}
	v, set := d.next[f]
	return set && v != d.was(name)
}

func (d *draft) unset(name string) {
	if f := d.o.field(name); f != nil {
		delete(d.next, f)
	}
}

// sees says whether the user may see a field: field-level security binds the
// integration user only.
func (s *Sim) sees(user string, f *Field) bool { return !f.hidden || user != s.integration }

func noColumn(o *object, name string) *apiError {
	return fail(http.StatusBadRequest, "INVALID_FIELD", "No such column '%s' on sobject of type %s", name, o.Name)
}

// read turns the body of a write into values: names in any case, parents by
// external id, every field known, visible and writable.
func (t *tx) read(o *object, rec *record, in map[string]json.RawMessage, order []string) (*draft, *apiError) {
	d := &draft{o: o, rec: rec, next: map[*Field]any{}, given: map[*Field]bool{}}
	var locked []string
	for _, name := range order {
		if name == "attributes" {
			continue
		}
		f := o.field(name)
		if f == nil || !t.person && !t.s.sees(t.user, f) {
			parent, v, e := t.parent(o, name, in[name])
			if e != nil {
				return nil, e
			}
			f = parent
			d.next[f], d.given[f] = v, true
			if !t.writable(d, f) {
				locked = append(locked, f.Name)
			}
			continue
		}
		if !t.writable(d, f) {
			locked = append(locked, f.Name)
			continue
		}
		v, e := convert(f, in[name], t.s.cfg.KeepDecimals)
		if e != nil {
			return nil, e
		}
		d.next[f], d.given[f] = v, true
	}
	if len(locked) > 0 {
		slices.Sort(locked)
		return nil, reject("INVALID_FIELD_FOR_INSERT_UPDATE", locked, "Unable to create/update fields: %s. Please check the security settings of this field and verify that it is read/write for your profile or permission set.", strings.Join(locked, ", "))
	}
	return d, nil
}

func (t *tx) writable(d *draft, f *Field) bool {
	if f.readOnly && !t.person && t.user == t.s.integration {
		return false
	}
	if d.creating() {
		return f.Createable
	}
	return f.Updateable
}

// parent reads "Account": {"Ext__c": "v"} as the parent's id (section 6).
func (t *tx) parent(o *object, name string, raw json.RawMessage) (*Field, any, *apiError) {
	var f *Field
	for _, c := range o.fields {
		if c.Relationship != "" && strings.EqualFold(c.Relationship, name) && t.s.sees(t.user, c) {
			f = c
		}
	}
	if f == nil {
		return nil, nil, noColumn(o, name)
	}
	if string(raw) == "null" {
		return f, nil, nil
	}
	by, order, e := decodeObject(raw)
	if e != nil {
		return nil, nil, cannotRead(f, map[string]any{})
	}
	var key *Field
	var value any
	var target *object
	for _, k := range order {
		if k == "attributes" || k == "type" {
			continue
		}
		for _, to := range f.ReferenceTo {
			if p := t.s.object(to); p != nil && p.field(k) != nil && key == nil {
				key, target = p.field(k), p
			}
		}
		if key == nil || !key.lookup() {
			return nil, nil, reject("INVALID_FIELD", nil, "%s is not an External ID or indexed field for %s", k, strings.Join(f.ReferenceTo, ", "))
		}
		if value, e = convert(key, by[k], true); e != nil {
			return nil, nil, e
		}
	}
	if key == nil {
		return nil, nil, reject("INVALID_FIELD", nil, "The external foreign key reference does not reference a valid entity: %s", name)
	}
	found := t.s.alive(t.s.lookup(target, key, asText(value)))
	switch len(found) {
	case 0:
		return nil, nil, reject("INVALID_FIELD", nil, "Foreign key external ID: %s not found for field %s in entity %s", strings.ToLower(asText(value)), key.Name, target.Name)
	case 1:
		return f, found[0].id, nil
	}
	return nil, nil, reject("INVALID_FIELD", nil, "Foreign key external ID: %s found more than once for field %s in entity %s", asText(value), key.Name, target.Name)
}

// lookup gives the records with a value in a looked-up field.
func (s *Sim) lookup(o *object, f *Field, value string) []*record {
	if f.sys == sysID {
		if r := s.record(value); r != nil && r.o == o {
			return []*record{r}
		}
		return nil
	}
	list := o.having(f, value)
	if !f.CaseSensitive {
		return list
	}
	return slices.DeleteFunc(slices.Clone(list), func(r *record) bool { return asText(r.get(f)) != value })
}

// alive leaves out the deleted ones.
func (s *Sim) alive(list []*record) []*record {
	return slices.DeleteFunc(slices.Clone(list), func(r *record) bool { return r.deleted })
}
