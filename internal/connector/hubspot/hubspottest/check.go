package hubspottest

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// requirement is a portal-configured rule that binds writes from 2026-09 on
// (section 1). Without when it binds creates; with it, any write that leaves the
// record with that value.
type requirement struct {
	kind, property    string
	when, whenIsValue string
}

// RequireOnCreate marks properties as required on the create form of an object
// type: 2026-09 refuses creates without them, older versions do not.
func (s *Sim) RequireOnCreate(objectType string, properties ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range properties {
		s.rules = append(s.rules, requirement{kind: s.kind(objectType).name, property: p})
	}
}

// RequireWhen makes property required once another has a value (2026-09 only).
func (s *Sim) RequireWhen(objectType, property, other, value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules = append(s.rules, requirement{kind: s.kind(objectType).name, property: property, when: other, whenIsValue: value})
}

// checkValues validates every value; all complaints come in one error and any
// one of them refuses the whole write.
func (s *Sim) checkValues(d *draft, in map[string]string, lenientDates bool) *apiError {
	var bad []invalid
	for _, name := range slices.Sorted(maps.Keys(in)) {
		p := d.kind.usable(name)
		if p == nil {
			bad = append(bad, invalid{name, "PROPERTY_DOESNT_EXIST", fmt.Sprintf("Property %q does not exist", name)})
			continue
		}
		if name == d.kind.created && d.target == nil {
			if t, ok := parseTime(in[name]); ok { // writable on create (section 14, inferred)
				d.set[name] = stampText(t)
				continue
			}
		}
		c, no := s.check(d.kind, p, in[name], lenientDates)
		if no != nil {
			bad = append(bad, *no)
			continue
		}
		if c.normalised {
			d.warnings = append(d.warnings, warning{Category: "PROPERTY_VALUE_NORMALIZED",
				Context: map[string]string{"propertyName": name, "rawValue": in[name], "normalizedValue": c.value},
				Message: fmt.Sprintf("The value of %s was normalized.", name)})
		}
		d.set[name] = d.appended(p, c.value)
	}
	if len(bad) > 0 {
		return invalidProperties(bad)
	}
	return nil
}

// appended applies the leading ";" of a multi-checkbox, which adds instead of
// replacing.
func (d *draft) appended(p *property, v string) string {
	if p.FieldType != "checkbox" || !strings.HasPrefix(v, ";") {
		return strings.Trim(v, ";")
	}
	var have []string
	if old := d.value(p.Name); old != "" {
		have = strings.Split(old, ";")
	}
	for add := range strings.SplitSeq(strings.Trim(v, ";"), ";") {
		if !slices.Contains(have, add) {
			have = append(have, add)
		}
	}
	return strings.Join(have, ";")
}

// value is what the record will have: the draft's value, else the record's.
func (d *draft) value(name string) string {
	if v, ok := d.set[name]; ok {
		return v
	}
	if d.target != nil {
		return d.target.props[name]
	}
	return ""
}

func (s *Sim) checkRequired(d *draft, in map[string]string) *apiError {
	var missing []string
	for _, name := range d.kind.required {
		if d.set[name] == "" {
			missing = append(missing, name)
		}
	}
	if len(d.kind.anyOf) > 0 && !slices.ContainsFunc(d.kind.anyOf, func(n string) bool { return d.set[n] != "" }) {
		missing = append(missing, d.kind.anyOf...)
	}
	if len(missing) > 0 {
		e := validation("Error creating %s. Some required properties were not set.", d.kind.label())
		for _, m := range missing {
			e.Errors = append(e.Errors, errorDetail{Message: "Required property not set: " + m, Code: "MISSING_REQUIRED_PROPERTY", Context: map[string][]string{"propertyName": {m}}})
		}
		return e
	}
	if d.kind.name == "contacts" && s.barred[d.set["email"]] { // (inferred) the status of a barred address
		return invalidProperties([]invalid{{"email", "GDPR_BLOCKLISTED", "email has been GDPR blocklisted"}})
	}
	if v := in["hs_product_id"]; d.kind.name == "line_items" && v != "" {
		if p, _ := s.kind("products").find(v); p == nil || p.archived { // (inferred)
			return invalidProperties([]invalid{{"hs_product_id", "INVALID_PRODUCT_ID", "Product " + v + " does not exist"}})
		}
	}
	return nil
}

// checkStage: pipeline and stage must fit, and changing the pipeline needs both
// (section 7).
func (s *Sim) checkStage(d *draft) *apiError {
	k := d.kind
	if k.stageProp == "" {
		return nil
	}
	_, pipe := d.set[k.pipeProp]
	_, stage := d.set[k.stageProp]
	if !pipe && !stage {
		return nil
	}
	p := k.pipeline(d.value(k.pipeProp))
	if p == nil {
		return invalidProperties([]invalid{{k.pipeProp, "INVALID_OPTION", fmt.Sprintf("%s was not one of the allowed options: no such pipeline", d.value(k.pipeProp))}})
	}
	if p.stage(d.value(k.stageProp)) == nil {
		return invalidProperties([]invalid{{k.stageProp, "INVALID_OPTION", fmt.Sprintf("%s was not one of the allowed options: pipeline %s has no such stage", d.value(k.stageProp), p.ID)}})
	}
	return nil
}

func (s *Sim) checkRules(d *draft) *apiError {
	var out []errorDetail
	for _, r := range s.rules {
		if r.kind != d.kind.name || d.value(r.property) != "" {
			continue
		}
		switch {
		case r.when == "" && d.target == nil:
			out = append(out, errorDetail{Message: r.property + " is required", Code: "MISSING_REQUIRED_PROPERTY", Context: map[string][]string{"propertyName": {r.property}}})
		case r.when != "" && d.value(r.when) == r.whenIsValue:
			out = append(out, errorDetail{Message: r.property + " is required when " + r.when + " is " + r.whenIsValue, Code: "MISSING_CONDITIONAL_REQUIRED_PROPERTY", Context: map[string][]string{"propertyName": {r.property}}})
		}
	}
	if len(out) == 0 {
		return nil
	}
	e := validation("Property values were not valid: required properties are missing")
	e.Errors = out
	return e
}

// checkUnique refuses a value that another record holds (section 13, 409). taken
// may be nil.
func (s *Sim) checkUnique(d *draft, taken map[string]bool) *apiError {
	names := slices.Sorted(maps.Keys(d.kind.unique))
	if d.kind.name == "contacts" { // e-mail first: its conflict has its own message
		names = append([]string{"email"}, slices.DeleteFunc(names, func(n string) bool { return n == "email" })...)
	}
	for _, name := range names {
		v := fold(d.set[name])
		if v == "" {
			continue
		}
		holder, held := d.kind.unique[name][v]
		if held && (d.target == nil || holder != d.target.id) || taken[name+"\x00"+v] {
			return s.uniqueClash(d, name, holder)
		}
		if taken != nil {
			taken[name+"\x00"+v] = true
		}
	}
	return nil
}

// uniqueClash: creating a contact with a known e-mail is 409 with the id in the
// text; any other clash names property, value and holder, as 409 on create and
// 400 on update (the latter as seen in the wild).
func (s *Sim) uniqueClash(d *draft, name string, holder int64) *apiError {
	if d.kind.name == "contacts" && name == "email" && d.target == nil {
		e := fail(http.StatusConflict, "CONFLICT", "Contact already exists. Existing ID: %d", holder)
		if holder == 0 {
			e.Message = "Contact already exists" // a twin in the same batch
		}
		return e
	}
	subject := "new object"
	if d.target != nil {
		subject = d.target.text()
	}
	e := fail(http.StatusConflict, "CONFLICT",
		"Cannot set PropertyValueCoordinates{portalId=%d, objectTypeId=ObjectTypeId{legacyObjectType=%s}, propertyName=%s, value=%s} on %s. %d already has that value.",
		s.cfg.PortalID, d.kind.label(), name, d.set[name], subject, holder)
	if d.target != nil || s.cfg.Quirks.UniqueClash400 {
		e.http, e.Category = http.StatusBadRequest, "VALIDATION_ERROR"
		e.Errors = []errorDetail{{Message: e.Message, Code: "CONFLICTING_UNIQUE_VALUE", Context: map[string][]string{"propertyName": {name}}}}
	}
	return e
}
