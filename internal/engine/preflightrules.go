package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"crosswalk/internal/connector"
)

// What an account refuses, and what it does by itself when a record is saved, its administrators have set up: validation rules, flows,
// triggers, duplicate and assignment rules (PB-65, PB-135, PB-136). Where the system shows that to our user, check names them for every
// object that mappings write, and so does the preview of a set; where it does not, check says so in one line and goes on.

// ruled is what was found out of a connection.
type ruled struct {
	rules  map[string][]connector.Rule // by object
	hidden []connector.Refusal         // what our user is not shown
}

// rulesOf asks a connection for the rules of objects; nil where it cannot be asked.
func (e *Engine) rulesOf(ctx context.Context, connection string, objects []string) (*ruled, error) {
	asked, ok := e.Connections[connection].(connector.Ruled)
	if !ok || len(objects) == 0 {
		return nil, nil
	}
	found, hidden, err := asked.Rules(ctx, objects)
	if err != nil {
		return nil, &fromConnection{connection, err}
	}
	out := &ruled{rules: map[string][]connector.Rule{}, hidden: hidden}
	for _, r := range found {
		out.rules[r.Object] = append(out.rules[r.Object], r)
	}
	return out, nil
}

// named lists the rules of one kind: what each says, or when it runs.
func (r *ruled) named(object string, kind connector.RuleKind) []string {
	var out []string
	for _, rule := range r.rules[object] {
		switch {
		case rule.Kind != kind:
		case rule.Message != "":
			out = append(out, fmt.Sprintf("%s (%q)", rule.Name, rule.Message))
		case rule.On != "":
			out = append(out, fmt.Sprintf("%s (%s)", rule.Name, rule.On))
		default:
			out = append(out, rule.Name)
		}
	}
	return out
}

// setOffKinds are what a save sets off, in the order in which it is told.
var setOffKinds = []connector.RuleKind{connector.RuleFlow, connector.RuleTrigger, connector.RuleDuplicates}

// setsOff says what records that are made in an object set off: by name where the account shows all of it, else in general.
func (r *ruled) setsOff(object string) []string {
	general := landings[object].setsOff
	if r == nil || len(r.hidden) > 0 || len(general) < len(atSalesforce) || !slices.Equal(general[:len(atSalesforce)], atSalesforce) {
		return slices.Clone(general)
	}
	var out []string
	for _, kind := range setOffKinds {
		if names := r.named(object, kind); len(names) > 0 {
			out = append(out, fmt.Sprintf("the %ss %s", kind, some(names)))
		}
	}
	return append(append(out, "workflow rules of the object"), general[len(atSalesforce):]...)
}

// accountRules names, for every object that mappings write, what its account does by itself.
func (p *preflight) accountRules(ctx context.Context) {
	for _, name := range sortedNames(p.Connections) {
		if p.dead[name] {
			continue
		}
		var objects []string
		for _, n := range needsOf(p.actives, name) {
			if n.Write {
				objects = append(objects, n.Object)
			}
		}
		r, err := p.rulesOf(ctx, name, objects)
		if err != nil {
			p.add("warn", name, "what it refuses and sets off by itself could not be read: "+err.Error(), "the engineer", "")
			continue
		}
		if r == nil {
			continue
		}
		p.ruled[name] = r
		for _, object := range objects {
			p.sayRules(place{name, object}, r)
		}
		p.sayHidden(name, r.hidden)
	}
}

func (p *preflight) sayRules(at place, r *ruled) {
	admin := "the administrator of " + at.connection
	if names := r.named(at.object, connector.RuleRefuses); len(names) > 0 {
		p.add("warn", at.String(), "a record that is saved must pass "+counted(len(names), "validation rule")+": "+some(names), admin+", with the mapping's editor",
			"see that what is mapped passes them, or have the rule leave the integration user's records alone ($User in its formula); try some: crosswalk pilot MAPPING REF")
	}
	var runs []string
	for _, kind := range setOffKinds {
		if names := r.named(at.object, kind); len(names) > 0 {
			runs = append(runs, fmt.Sprintf("the %ss %s", kind, some(names)))
		}
	}
	if len(runs) > 0 {
		p.add("warn", at.String(), "a save sets off "+strings.Join(runs, "; "), admin, "know what they do with records of the other side before a first load, and agree on what rests meanwhile")
	}
	if names := r.named(at.object, connector.RuleAssigns); len(names) > 0 {
		p.add("ok", at.String(), "the assignment rule "+some(names)+" is active: what Crosswalk writes does not run it, unless the connection says auto_assign: true", "", "")
	}
}

func (p *preflight) sayHidden(connection string, hidden []connector.Refusal) {
	if len(hidden) == 0 {
		return
	}
	what := mapSlice(hidden, func(r connector.Refusal) string { return strings.TrimPrefix(r.What, "read ") })
	p.add("warn", connection, strings.Join(what, ", ")+" are not shown to the credential's user, and are not listed here", "the administrator of "+connection,
		"give the integration user "+hidden[0].Grant+" while you check, or look at each object in Setup (Object Manager)")
}

// SetOff is what records that a plan makes in an object set off there.
type SetOff struct {
	Connection string   `json:"connection"`
	Object     string   `json:"object"`
	Creates    int      `json:"creates"`
	What       []string `json:"what"`
}

// setOffBy says what a plan's creates set off. Accounts are asked for their rules when a whole set is planned; one that cannot be asked
// now is described in general.
func (e *Engine) setOffBy(ctx context.Context, creates map[place]int, ask bool) []SetOff {
	byConnection := map[string][]string{}
	for at := range creates {
		if _, known := landings[at.object]; known {
			byConnection[at.connection] = append(byConnection[at.connection], at.object)
		}
	}
	var out []SetOff
	for _, name := range sortedNames(byConnection) {
		objects := byConnection[name]
		slices.Sort(objects)
		var r *ruled
		if ask {
			var err error
			if r, err = e.rulesOf(ctx, name, objects); err != nil {
				e.Log.Info("what an account sets off could not be read", "connection", name, "error", err)
			}
		}
		for _, object := range objects {
			out = append(out, SetOff{Connection: name, Object: object, Creates: creates[place{name, object}], What: r.setsOff(object)})
		}
	}
	return out
}
