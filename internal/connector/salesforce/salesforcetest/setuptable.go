package salesforcetest

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// What an org's admins have set up, as queries show it to whoever has the right View Setup and Configuration (Object Reference and Tooling
// API guide of version 66): validation rules and Apex triggers below /tooling/query, flows, duplicate rules and assignment rules below
// /query. AssignmentRule is shown to every internal user, and so are flows; to a user without the right the others are no objects at all.
// Statements on these tables may select and compare their own columns, with AND, OR and NOT; nothing else is taken.

// SetViewSetup gives the integration user the right View Setup and Configuration, or takes it away. A new org does not give it.
func (s *Sim) SetViewSetup(may bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules.viewSetup = may
}

// setupTable is one of those objects. Columns are all that it has here.
type setupTable struct {
	name    string
	tooling bool
	open    bool // shown without the right
	columns []string
	rows    func(*Sim) []fields
}

var setupTables = []setupTable{
	{name: "ValidationRule", tooling: true, rows: validationRows,
		columns: []string{"Id", "ValidationName", "Active", "Description", "ErrorMessage", "ErrorDisplayField", "EntityDefinitionId", "EntityDefinition.QualifiedApiName", "NamespacePrefix"}},
	{name: "ApexTrigger", tooling: true, rows: triggerRows,
		columns: []string{"Id", "Name", "TableEnumOrId", "EntityDefinitionId", "Status", "UsageBeforeInsert", "UsageAfterInsert", "UsageBeforeUpdate", "UsageAfterUpdate", "NamespacePrefix"}},
	{name: "EntityDefinition", tooling: true, rows: entityRows, columns: []string{"DurableId", "QualifiedApiName", "Label"}},
	{name: "FlowDefinitionView", open: true, rows: flowRows,
		columns: []string{"Id", "ApiName", "Label", "ProcessType", "TriggerType", "RecordTriggerType", "TriggerObjectOrEventId", "TriggerObjectOrEvent.QualifiedApiName", "ActiveVersionId", "IsActive"}},
	{name: "DuplicateRule", rows: duplicateRows, columns: []string{"Id", "DeveloperName", "MasterLabel", "SobjectType", "IsActive", "NamespacePrefix"}},
	{name: "AssignmentRule", open: true, rows: assignmentRows, columns: []string{"Id", "Name", "SobjectType", "Active"}},
}

// setupID makes an id of a row of Setup: these never change while the org stands.
func (s *Sim) setupID(prefix string, n int) string {
	id := prefix + s.pod + pad(n+1, 9)
	return id + checksum(id)
}

// durable is how Setup refers to an object: a standard one by its name, a custom one by an id.
func (s *Sim) durable(o *object) string {
	if !o.custom {
		return o.Name
	}
	return s.setupID("01I", slices.Index(s.order, o))[:15]
}

func (s *Sim) durableOf(name string) string {
	if o := s.object(name); o != nil {
		return s.durable(o)
	}
	return name
}

func validationRows(s *Sim) []fields {
	var out []fields
	for n, v := range s.rules.validations {
		out = append(out, fields{"Id": s.setupID("03d", n), "ValidationName": v.Name, "Active": !v.Off, "ErrorMessage": v.Message, "ErrorDisplayField": orNull(v.Field),
			"EntityDefinitionId": s.durableOf(v.Object), "EntityDefinition.QualifiedApiName": v.Object})
	}
	return out
}

func triggerRows(s *Sim) []fields {
	var out []fields
	for n, t := range s.rules.triggers {
		out = append(out, fields{"Id": s.setupID("01q", n), "Name": fmt.Sprintf("%sTrigger%d", strings.TrimSuffix(t.object, "__c"), n+1), "TableEnumOrId": s.durableOf(t.object), "EntityDefinitionId": s.durableOf(t.object),
			"Status": "Active", "UsageBeforeInsert": true, "UsageAfterInsert": false, "UsageBeforeUpdate": true, "UsageAfterUpdate": false})
	}
	return out
}

func entityRows(s *Sim) []fields {
	var out []fields
	for _, o := range s.order {
		out = append(out, fields{"DurableId": s.durable(o), "QualifiedApiName": o.Name, "Label": o.Label})
	}
	return out
}

func flowRows(s *Sim) []fields {
	var out []fields
	for n, a := range s.rules.automations {
		name := fmt.Sprintf("%s_After_Save_%d", strings.TrimSuffix(a.object, "__c"), n+1)
		out = append(out, fields{"Id": s.setupID("3dd", n), "ApiName": name, "Label": strings.ReplaceAll(name, "_", " "), "ProcessType": "AutoLaunchedFlow", "TriggerType": "RecordAfterSave",
			"RecordTriggerType": "CreateAndUpdate", "TriggerObjectOrEventId": s.durableOf(a.object), "TriggerObjectOrEvent.QualifiedApiName": a.object,
			"ActiveVersionId": s.setupID("301", n), "IsActive": true})
	}
	return out
}

func duplicateRows(s *Sim) []fields {
	var out []fields
	for n, d := range s.rules.duplicates {
		out = append(out, fields{"Id": s.setupID("0Bm", n), "DeveloperName": d.Name, "MasterLabel": strings.ReplaceAll(d.Name, "_", " "), "SobjectType": d.Object, "IsActive": true})
	}
	return out
}

func assignmentRows(s *Sim) []fields {
	var out []fields
	for n, name := range []string{"Case", "Lead"} {
		if s.rules.assignment[strings.ToLower(name)] != "" {
			out = append(out, fields{"Id": s.setupID("01Q", n), "Name": "Standard", "SobjectType": name, "Active": true})
		}
	}
	return out
}

func (s *Sim) addToolingRoutes() { s.handle("GET", "/tooling/query", toolingQuery, "q") }

// setup gives the table of that name, as a user sees it; nil is none.
func (s *Sim) setupTable(name, user string, tooling bool) *setupTable {
	for n, t := range setupTables {
		if strings.EqualFold(t.name, name) && t.tooling == tooling && (t.open || user != s.integration || s.rules.viewSetup) {
			return &setupTables[n]
		}
	}
	return nil
}

func toolingQuery(s *Sim, q *request) (answer, *apiError) {
	text := q.query.Get("q")
	if strings.TrimSpace(text) == "" {
		return answer{}, fail(http.StatusBadRequest, "MALFORMED_QUERY", "A query string has to be specified")
	}
	parsed, e := parseSOQL(text)
	if e != nil {
		return answer{}, e
	}
	t := s.setupTable(parsed.from, q.user, true)
	if t == nil {
		return answer{}, notSupported(parsed)
	}
	rows, e := t.query(s, parsed, q.root()+"/tooling")
	if e != nil {
		return answer{}, e
	}
	return ok(pairs{{"size", len(rows)}, {"totalSize", len(rows)}, {"done", true}, {"queryLocator", nil}, {"entityTypeName", t.name}, {"records", rows}}), nil
}

func notSupported(q *soqlQuery) *apiError {
	return soqlError(q.text, q.pos, "INVALID_TYPE", "sObject type '%s' is not supported. If you are attempting to use a custom object, be sure to append the '__c' after the entity name. Please reference your WSDL or the describe call for the appropriate names.", q.from)
}

// query answers a statement in order of the rows.
func (t *setupTable) query(s *Sim, q *soqlQuery, root string) ([]pairs, *apiError) {
	if q.count || len(q.group) > 0 || len(q.order) > 0 || q.offset > 0 || q.alias != "" {
		return nil, soqlError(q.text, q.pos, "MALFORMED_QUERY", "this clause is not part of the simulator for %s", t.name)
	}
	var columns []string
	for _, it := range q.items {
		if it.sub != nil || it.typeOf != nil || it.aggregate != "" || it.fields != "" {
			return nil, soqlError(q.text, q.pos, "MALFORMED_QUERY", "this item is not part of the simulator for %s", t.name)
		}
		name, e := t.column(q, it.path)
		if e != nil {
			return nil, e
		}
		columns = append(columns, name)
	}
	out := []pairs{}
	for _, row := range t.rows(s) {
		fits, e := t.fits(q, q.where, row)
		if e != nil {
			return nil, e
		}
		if !fits || q.limit >= 0 && len(out) >= q.limit {
			continue
		}
		shown := pairs{{"attributes", pairs{{"type", t.name}, {"url", root + "/sobjects/" + t.name + "/" + asText(row["Id"])}}}}
		for _, name := range columns {
			parent, field, nested := strings.Cut(name, ".")
			if nested {
				shown.add(parent, pairs{{"attributes", pairs{{"type", "EntityDefinition"}}}, {field, row[name]}})
				continue
			}
			shown.add(name, row[name])
		}
		out = append(out, shown)
	}
	return out, nil
}

func (t *setupTable) column(q *soqlQuery, p soqlPath) (string, *apiError) {
	for _, name := range t.columns {
		if strings.EqualFold(name, p.text) {
			return name, nil
		}
	}
	return "", soqlError(q.text, p.pos, "INVALID_FIELD", "No such column '%s' on entity '%s'. If you are attempting to use a custom field, be sure to append the '__c' after the custom field name. Please reference your WSDL or the describe call for the appropriate names.", p.text, t.name)
}

// fits evaluates a condition on a row; every column is looked at, so that a wrong one is refused whatever the rows are.
func (t *setupTable) fits(q *soqlQuery, x *soqlExpr, row fields) (bool, *apiError) {
	if x == nil {
		return true, nil
	}
	if len(x.parts) > 0 {
		var got []bool
		for _, part := range x.parts {
			one, e := t.fits(q, part, row)
			if e != nil {
				return false, e
			}
			got = append(got, one)
		}
		switch x.op {
		case "and":
			return !slices.Contains(got, false), nil
		case "or":
			return slices.Contains(got, true), nil
		}
		return !got[0], nil
	}
	name, e := t.column(q, x.path)
	if e != nil {
		return false, e
	}
	have := func(v soqlToken) bool {
		switch value := row[name].(type) {
		case nil:
			return v.is("NULL")
		case bool:
			return v.is("TRUE") && value || v.is("FALSE") && !value
		}
		return v.kind == tokString && strings.EqualFold(v.text, asText(row[name]))
	}
	any := slices.ContainsFunc(x.values, have)
	switch x.op {
	case "=", "in":
		return any && x.sub == nil, nil
	case "!=", "not in":
		return !any && x.sub == nil, nil
	}
	return false, soqlError(q.text, x.path.pos, "INVALID_QUERY_FILTER_OPERATOR", "invalid operator on field '%s': %s", name, strings.ToUpper(x.op))
}
