package engine

import (
	"slices"
	"strings"

	"crosswalk/internal/connector"
	"crosswalk/internal/mapping"
	"crosswalk/internal/plan"
)

// A match rule by a record's own id ({ a: id, b: salesforcecontactid }) compares an id with what another system keeps of it, which may be
// another form of the same: Salesforce's 15 characters or its 18. Such ids are compared as the connector of the record writes them (B6).

// idCompare begins the comparison of such a rule; the connection whose ids they are follows.
const idCompare = "id of "

// idTools are the tools that know these comparisons too.
type idTools struct {
	plan.Tools
	engine *Engine
}

func (t idTools) Canonical(compare, text string) string {
	connection, ids := strings.CutPrefix(compare, idCompare)
	if !ids {
		return t.Tools.Canonical(compare, text)
	}
	id, ok := t.engine.canonicalID(connection, text)
	if !ok {
		return ""
	}
	return id
}

// withIDRules gives a mapping whose rules by ids compare them so, where a connection writes ids in more than one form.
func (e *Engine) withIDRules(m *mapping.Mapping, connA, connB string) *mapping.Mapping {
	var rules []mapping.MatchRule
	for n, r := range m.Match {
		connection := ""
		switch {
		case r.Compare != "exact" || r.Transform != "": // what a transform makes of an id is a text
		case len(r.A) == 1 && r.A[0] == "id":
			connection = connA
		case r.B == "id":
			connection = connB
		}
		if _, several := e.Connections[connection].(connector.Namer); connection == "" || !several {
			continue
		}
		if rules == nil {
			rules = slices.Clone(m.Match)
		}
		rules[n].Compare = idCompare + connection
	}
	if rules == nil {
		return m
	}
	out := *m
	out.Match = rules
	return &out
}
