package hubspottest

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
)

func schemaScope(k *kind, verb string) string {
	if k.name == "tickets" {
		return "tickets"
	}
	return strings.Replace(k.scope, "crm.objects.", "crm.schemas.", 1) + "." + verb
}

// propertyRoute serves /crm/properties/{ver}/{type}...
func (s *Sim) propertyRoute(q *request, p []string) *route {
	if len(p) == 0 {
		return nil
	}
	k := s.kind(p[0])
	if k == nil {
		return refusing(unknownType(p[0]))
	}
	call := func(verb string, params []string, f func(*Sim, *request, *kind, string) (answer, *apiError)) *route {
		name := p[len(p)-1]
		scope := schemaScope(k, verb)
		if verb == "read" { // object read is enough to read definitions, as the older clients rely on (inferred)
			scope += "|" + objectScope(k, "read")(q)[0]
		} else if k.name == "products" || k.name == "line_items" {
			scope += "|e-commerce"
		}
		return &route{scopes: func(*request) []string { return []string{scope} }, params: params, serve: func(s *Sim, q *request) (answer, *apiError) { return f(s, q, k, name) }}
	}
	sensitivity := []string{"archived", "dataSensitivity", "properties", "locale"}
	groups := len(p) >= 2 && p[1] == "groups"
	batch := len(p) == 3 && p[1] == "batch" && q.Method == http.MethodPost
	switch {
	case batch && p[2] == "read":
		return call("read", nil, (*Sim).batchReadProperties)
	case batch && p[2] == "create":
		return call("write", nil, (*Sim).batchCreateProperties)
	case batch && p[2] == "archive":
		return call("write", nil, (*Sim).batchArchiveProperties)
	case groups && len(p) == 2 && q.Method == http.MethodGet:
		return call("read", nil, (*Sim).listGroups)
	case groups && len(p) == 2 && q.Method == http.MethodPost:
		return call("write", nil, (*Sim).createGroup)
	case groups && len(p) == 3 && q.Method == http.MethodGet:
		return call("read", nil, (*Sim).readGroup)
	case groups && len(p) == 3 && q.Method == http.MethodPatch:
		return call("write", nil, (*Sim).updateGroup)
	case groups && len(p) == 3 && q.Method == http.MethodDelete:
		return call("write", nil, (*Sim).archiveGroup)
	case len(p) == 1 && q.Method == http.MethodGet:
		return call("read", sensitivity, (*Sim).listProperties)
	case len(p) == 1 && q.Method == http.MethodPost:
		return call("write", nil, (*Sim).createProperty)
	case len(p) == 2 && q.Method == http.MethodGet:
		return call("read", sensitivity, (*Sim).readProperty)
	case len(p) == 2 && q.Method == http.MethodPatch:
		return call("write", nil, (*Sim).updateProperty)
	case len(p) == 2 && q.Method == http.MethodDelete:
		return call("write", nil, (*Sim).archiveProperty)
	}
	return notAllowed(q)
}

func (s *Sim) listProperties(q *request, k *kind, _ string) (answer, *apiError) {
	archived, e := q.flag("archived")
	if e != nil {
		return answer{}, e
	}
	results := []*property{}
	for _, name := range k.propOrder {
		if p := k.properties[name]; p.Archived == archived && s.sensitive(q.query.Get("dataSensitivity")) == (p.DataSensitivity != "non_sensitive") {
			results = append(results, p)
		}
	}
	return answer{status: http.StatusOK, body: map[string]any{"results": results}}, nil
}

func (s *Sim) sensitive(v string) bool { return v != "" && v != "non_sensitive" }

func (s *Sim) readProperty(q *request, k *kind, name string) (answer, *apiError) {
	archived, e := q.flag("archived")
	if e != nil {
		return answer{}, e
	}
	p := k.properties[name]
	if p == nil || p.Archived != archived {
		return answer{}, noProperty(k, name)
	}
	return answer{status: http.StatusOK, body: p}, nil
}

func noProperty(k *kind, name string) *apiError {
	return fail(http.StatusNotFound, "OBJECT_NOT_FOUND", "Property with name %s not found for object type %s", name, k.id)
}

type propertyInput struct {
	Name               string    `json:"name"`
	Label              *string   `json:"label"`
	Type               string    `json:"type"`
	FieldType          string    `json:"fieldType"`
	GroupName          string    `json:"groupName"`
	Description        *string   `json:"description"`
	Options            *[]option `json:"options"`
	DisplayOrder       *int      `json:"displayOrder"`
	Hidden             *bool     `json:"hidden"`
	FormField          *bool     `json:"formField"`
	HasUniqueValue     *bool     `json:"hasUniqueValue"`
	ExternalOptions    *bool     `json:"externalOptions"`
	CalculationFormula *string   `json:"calculationFormula"`
	DataSensitivity    string    `json:"dataSensitivity"`
	ReferencedObject   *string   `json:"referencedObjectType"`
	CurrencyProperty   *string   `json:"currencyPropertyName"`
	NumberDisplayHint  *string   `json:"numberDisplayHint"`
	ShowCurrencySymbol *bool     `json:"showCurrencySymbol"`
}

var (
	propertyName  = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
	propertyTypes = map[string][]string{ // type -> field types
		"bool": {"booleancheckbox", "calculation_equation"}, "date": {"date"}, "datetime": {"date"},
		"enumeration": {"booleancheckbox", "checkbox", "radio", "select", "calculation_equation"}, "number": {"number", "calculation_equation"},
		"string": {"file", "text", "textarea", "html", "phonenumber", "calculation_equation"}, "phone_number": {"phonenumber"},
	}
	maxUnique = 10
)

func (s *Sim) createProperty(q *request, k *kind, _ string) (answer, *apiError) {
	var in propertyInput
	if e := q.decode(s, &in); e != nil {
		return answer{}, e
	}
	p, e := s.newProperty(q, k, in)
	if e != nil {
		return answer{}, e
	}
	return answer{status: http.StatusCreated, body: p}, nil
}

func (s *Sim) newProperty(q *request, k *kind, in propertyInput) (*property, *apiError) {
	if e := s.checkDefinition(k, in); e != nil {
		return nil, e
	}
	if old := k.properties[in.Name]; old != nil && old.Archived { // re-creating restores it
		old.Archived, old.ArchivedAt, old.UpdatedAt = false, "", stampText(s.now())
		return old, nil
	}
	now := stampText(s.now())
	p := &property{Name: in.Name, Type: in.Type, FieldType: in.FieldType, GroupName: in.GroupName, Options: []option{}, DisplayOrder: -1,
		DataSensitivity: in.DataSensitivity, CreatedAt: now, UpdatedAt: now, ModificationMetadata: modificationMetadata{Archivable: true}}
	setDefault(&p.DataSensitivity, "non_sensitive")
	if q.cred.userID != 0 {
		p.CreatedUserID, p.UpdatedUserID = idText(q.cred.userID), idText(q.cred.userID)
	}
	p.change(in)
	if in.HasUniqueValue != nil {
		p.HasUniqueValue = *in.HasUniqueValue
	}
	k.define(p)
	return p, nil
}

func (s *Sim) checkDefinition(k *kind, in propertyInput) *apiError {
	switch {
	case !propertyName.MatchString(in.Name):
		return validation("Property name %q must start with a letter and hold only lower-case letters, digits and _", in.Name).sub("Properties.INVALID_PROPERTY_NAME")
	case in.Label == nil || *in.Label == "":
		return validation("label: must not be blank")
	case propertyTypes[in.Type] == nil:
		return validation("Invalid input JSON on line 1, column 1: Cannot deserialize value of type `PropertyType` from String %q", in.Type)
	case !slices.Contains(propertyTypes[in.Type], in.FieldType):
		return validation("fieldType %q does not fit type %q", in.FieldType, in.Type).sub("Properties.INVALID_FIELD_TYPE")
	case k.group(in.GroupName) == nil:
		return validation("Property group %q does not exist", in.GroupName).sub("PropertyValidationError.GROUP_DOES_NOT_EXIST")
	}
	if old := k.properties[in.Name]; old != nil && !old.Archived {
		return fail(http.StatusConflict, "OBJECT_ALREADY_EXISTS", "A property named '%s' already exists.", in.Name).sub("Properties.PROPERTY_WITH_NAME_EXISTS")
	}
	if in.HasUniqueValue != nil && *in.HasUniqueValue && strings.Contains(","+s.cfg.NotUnique+",", ","+k.name+",") { // (inferred) the code
		return validation("Properties of %s cannot have unique values", k.name).sub("Properties.UNIQUE_VALUES_NOT_SUPPORTED")
	}
	if in.HasUniqueValue != nil && *in.HasUniqueValue && len(k.unique) >= maxUnique {
		return validation("An object has at most %d properties with unique values", maxUnique).sub("Properties.TOO_MANY_UNIQUE_PROPERTIES")
	}
	return nil
}

// change applies what may change after creation; options replace the list.
func (p *property) change(in propertyInput) {
	if in.Label != nil {
		p.Label = *in.Label
	}
	if in.Description != nil {
		p.Description = *in.Description
	}
	if in.Options != nil {
		p.Options = append([]option{}, *in.Options...)
	}
	if in.DisplayOrder != nil {
		p.DisplayOrder = *in.DisplayOrder
	}
	if in.Hidden != nil {
		p.Hidden = *in.Hidden
	}
	if in.FormField != nil {
		p.FormField = *in.FormField
	}
}

func (k *kind) group(name string) *propertyGroup {
	for _, g := range k.groups {
		if g.Name == name && !g.Archived {
			return g
		}
	}
	return nil
}

func (s *Sim) updateProperty(q *request, k *kind, name string) (answer, *apiError) {
	var in propertyInput
	if e := q.decode(s, &in); e != nil {
		return answer{}, e
	}
	p := k.usable(name)
	if p == nil {
		return answer{}, noProperty(k, name)
	}
	if in.Name != "" && in.Name != name || in.HasUniqueValue != nil && *in.HasUniqueValue != p.HasUniqueValue || in.Type != "" && in.Type != p.Type {
		return answer{}, validation("name, type and hasUniqueValue of a property cannot be changed")
	}
	p.change(in)
	p.UpdatedAt = stampText(s.now())
	return answer{status: http.StatusOK, body: p}, nil
}

func (s *Sim) archiveProperty(q *request, k *kind, name string) (answer, *apiError) {
	if e := s.dropProperty(k, name); e != nil {
		return answer{}, e
	}
	return answer{status: http.StatusNoContent}, nil
}

func (s *Sim) dropProperty(k *kind, name string) *apiError {
	p := k.usable(name)
	if p == nil {
		return noProperty(k, name)
	}
	if !p.ModificationMetadata.Archivable {
		return validation("Property %s is defined by HubSpot and cannot be archived", name).sub("PropertyValidationError.CANNOT_DELETE_PROPERTY_IN_USE")
	}
	p.Archived, p.ArchivedAt = true, stampText(s.now())
	return nil
}

type nameInput struct {
	Name string `json:"name"`
}

func (s *Sim) batchReadProperties(q *request, k *kind, _ string) (answer, *apiError) {
	var in struct {
		Inputs          []nameInput `json:"inputs"`
		Archived        bool        `json:"archived"`
		DataSensitivity string      `json:"dataSensitivity"`
	}
	if e := q.decode(s, &in); e != nil {
		return answer{}, e
	}
	if e := batchSize(len(in.Inputs), maxBatch); e != nil {
		return answer{}, e
	}
	results, errs := []any{}, []any{}
	for _, n := range in.Inputs {
		if p := k.properties[n.Name]; p != nil && p.Archived == in.Archived {
			results = append(results, p)
		} else {
			errs = append(errs, rowError(noProperty(k, n.Name).with("name", n.Name)))
		}
	}
	s.shuffle(results)
	return answer{status: statusOf(http.StatusOK, errs), body: s.batchBody(results, errs)}, nil
}

func (s *Sim) batchCreateProperties(q *request, k *kind, _ string) (answer, *apiError) {
	list, e := inputs[propertyInput](s, q, maxBatch)
	if e != nil {
		return answer{}, e
	}
	results, errs := []any{}, []any{}
	for _, in := range list {
		p, e := s.newProperty(q, k, in)
		if e != nil {
			errs = append(errs, rowError(e.with("name", in.Name)))
			continue
		}
		results = append(results, p)
	}
	s.shuffle(results)
	return answer{status: statusOf(http.StatusCreated, errs), body: s.batchBody(results, errs)}, nil
}

func (s *Sim) batchArchiveProperties(q *request, k *kind, _ string) (answer, *apiError) {
	list, e := inputs[nameInput](s, q, maxBatch)
	if e != nil {
		return answer{}, e
	}
	for _, in := range list {
		if k.usable(in.Name) != nil {
			if e := s.dropProperty(k, in.Name); e != nil {
				return answer{}, e
			}
		}
	}
	return answer{status: http.StatusNoContent}, nil
}

func (s *Sim) listGroups(q *request, k *kind, _ string) (answer, *apiError) {
	results := []*propertyGroup{}
	for _, g := range k.groups {
		if !g.Archived {
			results = append(results, g)
		}
	}
	return answer{status: http.StatusOK, body: map[string]any{"results": results}}, nil
}

type groupInput struct {
	Name         string `json:"name"`
	Label        string `json:"label"`
	DisplayOrder int    `json:"displayOrder"`
}

func (s *Sim) createGroup(q *request, k *kind, _ string) (answer, *apiError) {
	var in groupInput
	if e := q.decode(s, &in); e != nil {
		return answer{}, e
	}
	if in.Name == "" || in.Label == "" {
		return answer{}, validation("name and label must not be blank")
	}
	if k.group(in.Name) != nil {
		return answer{}, fail(http.StatusConflict, "OBJECT_ALREADY_EXISTS", "A property group named '%s' already exists.", in.Name).sub("Properties.GROUP_WITH_NAME_EXISTS")
	}
	g := &propertyGroup{Name: in.Name, Label: in.Label, DisplayOrder: in.DisplayOrder}
	k.groups = append(k.groups, g)
	return answer{status: http.StatusCreated, body: g}, nil
}

func (s *Sim) readGroup(q *request, k *kind, name string) (answer, *apiError) {
	g := k.group(name)
	if g == nil {
		return answer{}, s.notFound()
	}
	return answer{status: http.StatusOK, body: g}, nil
}

func (s *Sim) updateGroup(q *request, k *kind, name string) (answer, *apiError) {
	var in groupInput
	if e := q.decode(s, &in); e != nil {
		return answer{}, e
	}
	g := k.group(name)
	if g == nil {
		return answer{}, s.notFound()
	}
	if in.Label != "" {
		g.Label = in.Label
	}
	return answer{status: http.StatusOK, body: g}, nil
}

func (s *Sim) archiveGroup(q *request, k *kind, name string) (answer, *apiError) {
	g := k.group(name)
	if g == nil {
		return answer{}, s.notFound()
	}
	for _, p := range k.properties {
		if p.GroupName == name && !p.Archived {
			return answer{}, validation("Property group %s still has properties", name)
		}
	}
	g.Archived = true
	return answer{status: http.StatusNoContent}, nil
}
