package hubspottest

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// schema is what a custom object has beside a kind (section 10, "Schemas").
type schema struct {
	name, singular, plural string // base name and labels
	primary                string // primaryDisplayProperty
	associated             []*associationType
	created                string
}

// CustomObject is a definition that DefineObject makes.
type CustomObject struct {
	Name, Singular, Plural string   // base name: machine; labels: Machine, Machines
	Primary                string   // the property that shows as its name; it is made, as text, and required
	Required               []string // further required properties; made as text
	Associated             []string // object types that its records can be associated with
}

// DefineObject makes a custom object, as an admin of an Enterprise account does, and gives its fully qualified
// name, p62515_machine: the API takes that or the type id (2-N), never the base name (section 1). Properties are
// added by Define.
func (a Actor) DefineObject(o CustomObject) (name string, err error) {
	defer a.lock()()
	s := a.s
	full := fmt.Sprintf("p%d_%s", s.cfg.PortalID, o.Name)
	if !propertyName.MatchString(o.Name) || o.Primary == "" {
		return "", validation("a custom object needs a name in lower case and a primary display property")
	}
	if s.kind(full) != nil {
		return "", validation("an object named %s exists", full)
	}
	for _, other := range o.Associated {
		if s.kind(other) == nil {
			return "", unknownType(other)
		}
	}
	required := append([]string{o.Primary}, o.Required...)
	k := &kind{id: fmt.Sprintf("2-%d", 4_100_000+len(s.kinds)), name: full, singular: full, created: "hs_createdate", modified: "hs_lastmodifieddate",
		defaults: []string{"hs_createdate", "hs_lastmodifieddate", "hs_object_id"}, scope: "crm.objects.custom", required: required, search: []string{o.Primary},
		custom: &schema{name: o.Name, singular: o.Singular, plural: o.Plural, primary: o.Primary, created: stampText(s.now())}}
	s.addKind(k)
	for _, p := range required {
		def := hubspotProperty(k, p, "string", "text")
		def.HubspotDefined, def.ModificationMetadata = false, modificationMetadata{Archivable: true}
		k.define(def)
	}
	for _, other := range o.Associated {
		k.custom.associated = append(k.custom.associated, s.customPair(k, s.kind(other)))
	}
	return full, nil
}

// customPair lets records of a custom object be associated: unlabelled types with ids of this portal.
func (s *Sim) customPair(from, to *kind) *associationType {
	id := 1001
	for s.types.byID[id] != nil {
		id++
	}
	one := &associationType{id: id, from: from.name, to: to.name, category: userDefined, name: from.singular + "_to_" + to.singular, inverse: id + 1}
	s.types.byID[id] = one
	s.types.byID[id+1] = &associationType{id: id + 1, from: to.name, to: from.name, category: userDefined, name: to.singular + "_to_" + from.singular, inverse: id}
	return one
}

// schemaRoute serves GET /crm-object-schemas/{ver}/schemas and .../schemas/{type}.
func (s *Sim) schemaRoute(q *request, p []string) *route {
	if len(p) == 0 || p[0] != "schemas" || len(p) > 2 {
		return nil
	}
	if q.Method != http.MethodGet {
		return notAllowed(q)
	}
	r := &route{scopes: func(*request) []string { return []string{"crm.schemas.custom.read"} }, params: []string{"archived", "includePropertyDefinitions", "includeAssociationDefinitions"}}
	r.serve = (*Sim).listSchemas
	if len(p) == 2 {
		k := s.kind(p[1])
		if k == nil || k.custom == nil {
			return refusing(unknownType(p[1]))
		}
		r.serve = func(s *Sim, _ *request) (answer, *apiError) {
			return answer{status: http.StatusOK, body: s.schemaView(k)}, nil
		}
	}
	return r
}

func (s *Sim) listSchemas(q *request) (answer, *apiError) {
	archived, e := q.flag("archived")
	if e != nil {
		return answer{}, e
	}
	results := []any{}
	for _, k := range s.kinds {
		if k.custom != nil && !archived {
			results = append(results, s.schemaView(k))
		}
	}
	return answer{status: http.StatusOK, body: map[string]any{"results": results}}, nil
}

func (s *Sim) schemaView(k *kind) map[string]any {
	var properties []*property
	for _, name := range k.propOrder {
		properties = append(properties, k.properties[name])
	}
	links := []map[string]any{}
	for _, a := range k.custom.associated {
		links = append(links, map[string]any{"id": fmt.Sprint(a.id), "fromObjectTypeId": k.id, "toObjectTypeId": s.kind(a.to).id, "name": a.name})
	}
	return map[string]any{
		"id": strings.TrimPrefix(k.id, "2-"), "objectTypeId": k.id, "fullyQualifiedName": k.name, "name": k.custom.name,
		"labels":                     map[string]string{"singular": k.custom.singular, "plural": k.custom.plural},
		"primaryDisplayProperty":     k.custom.primary,
		"requiredProperties":         slices.Clone(k.required),
		"searchableProperties":       slices.Clone(k.search),
		"secondaryDisplayProperties": []string{}, "properties": properties, "associations": links,
		"archived": false, "createdAt": k.custom.created, "updatedAt": k.custom.created,
	}
}
