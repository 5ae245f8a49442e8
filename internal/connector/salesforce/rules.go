package salesforce

import (
	"cmp"
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"crosswalk/internal/connector"
	"crosswalk/internal/rest"
)

var _ connector.Ruled = (*Connector)(nil)

// viewSetup is the right that shows what is configured (Object Reference, DuplicateRule: special access rules; Tooling API guide).
const viewSetup = "View Setup and Configuration"

// setup is a table of Setup that holds rules of one kind.
type setup struct {
	kind    connector.RuleKind
	what    string // several of them
	tooling bool   // below /tooling/query, else below /query
	query   func(objects []string, ids map[string]string) query
	rule    func(r row, byID map[string]string) connector.Rule
}

// Rules asks for the active rules of each kind: at most six small calls, whatever the number of objects. A kind that our user is not shown is
// a refusal. What it may not see of flows is not told apart from none.
func (c *Connector) Rules(ctx context.Context, objects []string) ([]connector.Rule, []connector.Refusal, error) {
	const op = "read rules"
	var named []string
	for _, name := range objects {
		if object, err := c.object(op, name); err == nil {
			named = append(named, object)
		}
	}
	slices.Sort(named)
	if named = slices.Compact(named); len(named) == 0 {
		return nil, nil, nil
	}
	ids, err := c.durableIDs(ctx, op, named)
	if err != nil {
		return nil, nil, err
	}
	byID := map[string]string{}
	for name, id := range ids {
		byID[id] = name
	}
	var out []connector.Rule
	var hidden []connector.Refusal
	for _, s := range setups {
		rows, err := c.setupRows(ctx, op, s, named, ids)
		switch {
		case unseen(err):
			hidden = append(hidden, connector.Refusal{What: "read " + s.what, Grant: "the right " + viewSetup})
			continue
		case err != nil:
			return nil, nil, err
		}
		for _, r := range rows {
			if rule := s.rule(r, byID); slices.Contains(named, rule.Object) {
				rule.Kind = s.kind
				out = append(out, rule)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b connector.Rule) int {
		return cmp.Or(strings.Compare(a.Object, b.Object), strings.Compare(string(a.Kind), string(b.Kind)), strings.Compare(a.Name, b.Name))
	})
	return out, hidden, nil
}

// unseen tells of what is no object at all to our user: that is how a missing right shows.
func unseen(err error) bool {
	e := asErrorOrNil(err)
	return e != nil && (e.Fault == connector.Forbidden || e.Fault == connector.Missing || e.Code == "INVALID_TYPE")
}

func asErrorOrNil(err error) *connector.Error {
	if err == nil {
		return nil
	}
	return asError(err)
}

func (c *Connector) setupRows(ctx context.Context, op string, s setup, objects []string, ids map[string]string) ([]row, error) {
	q := s.query(objects, ids)
	if !s.tooling {
		got, err := c.askAll(ctx, op, q)
		return got.Records, err
	}
	return c.askTooling(ctx, op, q)
}

// askTooling runs a query on what is configured, to its last page.
func (c *Connector) askTooling(ctx context.Context, op string, q query) ([]row, error) {
	const tail = "/tooling/query"
	var r result
	a, err := c.call(ctx, op, rest.Request{Path: c.path(tail), Route: routeRoot + tail, Query: url.Values{"q": {q.String()}}, Safe: true}, &r)
	if err != nil {
		return nil, err
	}
	r.date, r.sent = a.Date, a.Date.Add(-a.Took)
	whole, err := c.follow(ctx, op, r)
	return whole.Records, err
}

// durableIDs gives the ids by which Setup refers to custom objects; standard ones go by their names. Without the right there are none.
func (c *Connector) durableIDs(ctx context.Context, op string, objects []string) (map[string]string, error) {
	out := map[string]string{}
	custom := slices.DeleteFunc(slices.Clone(objects), func(name string) bool { return !strings.HasSuffix(name, "__c") })
	if len(custom) == 0 {
		return out, nil
	}
	rows, err := c.askTooling(ctx, op, query{fields: []column{"QualifiedApiName", "DurableId"}, from: "EntityDefinition", where: among{"QualifiedApiName", quotedAll(custom)}})
	if unseen(err) {
		return out, nil
	}
	for _, r := range rows {
		out[r.text("QualifiedApiName")] = r.text("DurableId")
	}
	return out, err
}

// parent gives a text of the record that a row refers to, "" for none.
func (r row) parent(name, field string) string {
	var text string
	if json.Unmarshal(r.at(name+"."+field), &text) != nil {
		return ""
	}
	return text
}

// filled is a column that is not blank.
type filled struct{ column column }

func (f filled) write(b *strings.Builder) { b.WriteString(string(f.column) + " != NULL") }

// setups are the five kinds. Columns are those of the Object Reference and the Tooling API guide. A flow's IsActive says that its newest
// version is the active one; an older one that is active runs all the same, so ActiveVersionId is asked.
var setups = []setup{
	{kind: connector.RuleRefuses, what: "validation rules", tooling: true,
		query: func(objects []string, _ map[string]string) query {
			return query{fields: []column{"ValidationName", "ErrorMessage", "EntityDefinition.QualifiedApiName"}, from: "ValidationRule",
				where: all{compare{"Active", equal, yes}, among{"EntityDefinition.QualifiedApiName", quotedAll(objects)}}}
		},
		rule: func(r row, _ map[string]string) connector.Rule {
			return connector.Rule{Object: r.parent("EntityDefinition", "QualifiedApiName"), Name: r.text("ValidationName"), Message: r.text("ErrorMessage")}
		}},
	{kind: connector.RuleFlow, what: "flows",
		query: func(objects []string, _ map[string]string) query {
			return query{fields: []column{"Label", "ApiName", "RecordTriggerType", "TriggerObjectOrEvent.QualifiedApiName"}, from: "FlowDefinitionView",
				where: all{filled{"ActiveVersionId"}, among{"TriggerType", quotedAll([]string{"RecordBeforeSave", "RecordAfterSave"})}, among{"TriggerObjectOrEvent.QualifiedApiName", quotedAll(objects)}}}
		},
		rule: func(r row, _ map[string]string) connector.Rule {
			return connector.Rule{Object: r.parent("TriggerObjectOrEvent", "QualifiedApiName"), Name: cmp.Or(r.text("Label"), r.text("ApiName")), On: flowRuns[r.text("RecordTriggerType")]}
		}},
	{kind: connector.RuleTrigger, what: "triggers", tooling: true,
		query: func(objects []string, ids map[string]string) query {
			tables := slices.Clone(objects)
			for _, name := range objects {
				if id := ids[name]; id != "" {
					tables = append(tables, id)
				}
			}
			return query{fields: []column{"Name", "TableEnumOrId", "UsageBeforeInsert", "UsageAfterInsert", "UsageBeforeUpdate", "UsageAfterUpdate"}, from: "ApexTrigger",
				where: all{compare{"Status", equal, quoted("Active")}, among{"TableEnumOrId", quotedAll(tables)}}}
		},
		rule: func(r row, byID map[string]string) connector.Rule {
			table := r.text("TableEnumOrId")
			return connector.Rule{Object: cmp.Or(byID[table], byID[table[:min(len(table), 15)]], table), Name: r.text("Name"),
				On: saves(r.yes("UsageBeforeInsert") || r.yes("UsageAfterInsert"), r.yes("UsageBeforeUpdate") || r.yes("UsageAfterUpdate"))}
		}},
	{kind: connector.RuleDuplicates, what: "duplicate rules",
		query: func(objects []string, _ map[string]string) query {
			return query{fields: []column{"MasterLabel", "SobjectType"}, from: "DuplicateRule",
				where: all{compare{"IsActive", equal, yes}, among{"SobjectType", quotedAll(objects)}}}
		},
		rule: func(r row, _ map[string]string) connector.Rule {
			return connector.Rule{Object: r.text("SobjectType"), Name: r.text("MasterLabel")}
		}},
	{kind: connector.RuleAssigns, what: "assignment rules",
		query: func(objects []string, _ map[string]string) query {
			return query{fields: []column{"Name", "SobjectType"}, from: "AssignmentRule",
				where: all{compare{"Active", equal, yes}, among{"SobjectType", quotedAll(objects)}}}
		},
		rule: func(r row, _ map[string]string) connector.Rule {
			return connector.Rule{Object: r.text("SobjectType"), Name: r.text("Name"), On: saves(true, true)}
		}},
}

// flowRuns is when a flow that a record triggers runs.
var flowRuns = map[string]string{"Create": saves(true, false), "Update": saves(false, true), "CreateAndUpdate": saves(true, true)}

func saves(create, update bool) string {
	switch {
	case create && update:
		return "create and update"
	case create:
		return "create"
	case update:
		return "update"
	}
	return ""
}
