package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/mapping"
)

// PreflightAsk says what check looks at. The zero ask is everything that is applied, and makes nothing.
type PreflightAsk struct {
	Mapping   string        // only this one; "" is all
	Documents [][]byte      // looked at in place of what is applied: drafts that nobody applied yet
	Make      bool          // make the marker fields that an API can make; of documents none is made
	Sample    int           // records read of each object; 0 is MaxSample, less than 0 is none
	Within    time.Duration // how long reading samples may take in all; 0 is sampleWithin
}

// MaxSample is how many records of an object check reads at most: five pages of HubSpot's search, one of Salesforce.
const MaxSample = 1000

// sampleWithin leaves an answer time under the 29 seconds that API Gateway waits.
const sampleWithin = 12 * time.Second

// Preflight is what check found. It holds names of fields, numbers and ids, never a record's value.
type Preflight struct {
	Findings []Finding
	Sides    []Side
	Loads    []Load
	Missing  []MissingField
}

// preflight is one look. Nothing of it is shared.
type preflight struct {
	*Engine
	ask      PreflightAsk
	out      Preflight
	actives  []*Active
	objects  map[place]connector.Object
	refused  map[place]error
	tabled   map[place]connector.Table
	samples  map[place]*sample
	provided map[place]bool
	dead     map[string]bool // connections that do not open: said once
	ruled    map[string]*ruled
}

// place is an object, or a table, of a connection.
type place struct{ connection, object string }

func (p place) String() string { return p.connection + "/" + p.object }

func (p *preflight) add(severity, where, finding, owner, fix string) {
	p.addN(severity, where, 0, finding, owner, fix)
}

// addN is add with a number of records. What was said before is not said twice: two looks may find one thing.
func (p *preflight) addN(severity, where string, records int, finding, owner, fix string) {
	f := Finding{Severity: severity, Where: where, Finding: finding, Records: records, Owner: owner, Fix: fix}
	if !slices.Contains(p.out.Findings, f) {
		p.out.Findings = append(p.out.Findings, f)
	}
}

// Check is Preflight of everything that is applied, and only its findings.
func (e *Engine) Check(ctx context.Context, make bool) ([]Finding, error) {
	got, err := e.Preflight(ctx, PreflightAsk{Make: make})
	return got.Findings, err
}

// Preflight looks at everything that can stand in the way of a mapping before its first write: credentials, rights, marker
// fields, the documents against both accounts, other integrations, and between two CRMs both ways, with a sample of records:
// values that will not fit, duplicates, fill rates, and what a first load sets off. It writes no record anywhere.
func (e *Engine) Preflight(ctx context.Context, ask PreflightAsk) (Preflight, error) {
	p := &preflight{Engine: e, ask: ask, objects: map[place]connector.Object{}, refused: map[place]error{}, tabled: map[place]connector.Table{},
		samples: map[place]*sample{}, provided: map[place]bool{}, dead: map[string]bool{}, ruled: map[string]*ruled{}}
	ctx = e.labelled(ctx, "", "check", false)
	p.accounts(ctx)
	if err := p.load(ctx); err != nil {
		return p.out, err
	}
	for _, a := range p.actives {
		if err := p.documents(ctx, a); err != nil {
			return p.out, err
		}
	}
	if err := p.rights(ctx); err != nil {
		return p.out, err
	}
	p.accountRules(ctx)
	p.probes(ctx)
	p.out.Findings = append(p.out.Findings, e.nativeFindings(ctx)...)
	p.rivals(ctx)
	pairs := p.pairs()
	p.read(ctx, pairs)
	for _, a := range pairs {
		if err := p.pair(ctx, a); err != nil {
			return p.out, err
		}
	}
	return p.out, nil
}

// accounts opens every connection.
func (p *preflight) accounts(ctx context.Context) {
	for _, name := range sortedNames(p.Connections) {
		a, err := p.Connections[name].Account(ctx)
		switch {
		case NotConnected(err):
			p.dead[name] = true
			p.add("stop", name, "not connected: nobody put in a credential", "the engineer, with the administrator of "+name, "crosswalk connect "+name+"; which way suits you: crosswalk help connecting")
		case err != nil:
			p.dead[name] = true
			p.add("stop", name, err.Error(), "the administrator of "+name, "connect it again with a credential that is alive and has the rights named in: crosswalk help "+name)
		default:
			p.add("ok", name, "opens account "+a.ID, "", "")
		}
	}
}

// load finds the mappings to look at: the newest version of each, or the documents that were given.
func (p *preflight) load(ctx context.Context) error {
	if len(p.ask.Documents) > 0 {
		return p.loadDocuments()
	}
	heads, err := p.Heads(ctx)
	if err != nil {
		return err
	}
	for _, name := range sortedNames(p.Rules) {
		if !slices.ContainsFunc(heads, func(h Head) bool { return h.Name == name }) {
			p.add("warn", "configuration", "mappings: names "+name+", which was never applied: nobody is told of it, and its acceptance is not asked for", "the engineer",
				"write the mapping's name as crosswalk status has it")
		}
	}
	if p.ask.Mapping != "" && !slices.ContainsFunc(heads, func(h Head) bool { return h.Name == p.ask.Mapping }) {
		return &NotFoundError{"mapping", p.ask.Mapping}
	}
	for _, h := range heads {
		if p.ask.Mapping != "" && p.ask.Mapping != h.Name {
			continue
		}
		a, err := p.bind(ctx, h, h.Latest)
		if err != nil {
			return err
		}
		p.actives = append(p.actives, a)
	}
	return nil
}

func (p *preflight) loadDocuments() error {
	var problems mapping.Problems
	for _, yaml := range p.ask.Documents {
		m, err := p.Compile(yaml)
		var these mapping.Problems
		switch {
		case errors.As(err, &these):
			problems = append(problems, these...)
			continue
		case err != nil:
			return err
		}
		a := &Active{Mapping: m}
		for _, end := range []struct {
			path, role string
			into       *string
		}{{"a", m.A.Connection, &a.ConnA}, {"b", m.B.Connection, &a.ConnB}} {
			if *end.into, _, err = p.connection(end.role); err != nil {
				return fmt.Errorf("mapping %s: %s: %w", m.Name, end.path, err)
			}
		}
		a.Slot = m.Slot + "|" + a.ConnA + "|" + a.ConnB
		if p.ask.Mapping == "" || p.ask.Mapping == m.Name {
			p.actives = append(p.actives, a)
		}
	}
	if len(problems) > 0 {
		return problems
	}
	return nil
}

// documents holds a mapping against its accounts, and sees to marker fields where it creates.
func (p *preflight) documents(ctx context.Context, a *Active) error {
	if p.dead[a.ConnA] || p.dead[a.ConnB] {
		p.add("stop", a.Name, "it cannot be held against its accounts: one does not open", "the engineer", "mend the connection first")
		return nil
	}
	problems, _, err := p.validate(ctx, a.Mapping)
	if err != nil {
		p.unreadable(a, err)
		return nil
	}
	for _, problem := range problems {
		p.add("stop", a.Name, fmt.Sprintf("line %d: %s: %s", problem.Line, problem.Field, problem.Message), "the mapping's editor", problem.Fix)
	}
	for _, way := range ways(a) {
		off := way.m.AToB.Create.When == "never" && (way.m.Turned || a.home != nil && !way.m.AToB.Update)
		if way.m.Document == nil && off { // nothing is made there, and some of what is only read takes no field of ours
			continue
		}
		if err := p.marker(ctx, place{way.to, way.m.B.Object}); err != nil {
			return err
		}
	}
	return nil
}

// unreadable says who mends what kept a mapping from being held against its accounts.
func (p *preflight) unreadable(a *Active, err error) {
	if connector.FaultOf(err) == connector.Forbidden {
		p.add("stop", a.Name, err.Error(), "the administrator of that system", "give the credential's user the right to read the object: deploy and assign the permission set that crosswalk check --emit DIR writes, or grant the scope it names")
		return
	}
	p.add("stop", a.Name, err.Error(), "the engineer", "")
}

// marker looks for the field that carries our marker.
func (p *preflight) marker(ctx context.Context, at place) error {
	provisioner, ok := p.Connections[at.connection].(connector.Provisioner)
	if !ok || p.provided[at] {
		return nil
	}
	p.provided[at] = true
	got, err := provisioner.Provision(ctx, at.object, p.ask.Make && len(p.ask.Documents) == 0)
	switch {
	case err != nil:
		p.add("stop", at.String(), err.Error(), "the administrator of "+at.connection, "")
	case !got.Ready:
		p.add("stop", at.String(), "no field to carry Crosswalk's marker: a create whose answer is lost could not be found again", "the administrator of "+at.connection, got.Fix)
	default:
		p.add("ok", at.String(), "marker field "+got.Field+" is there", "", "")
	}
	return nil
}

// way is one direction of a mapping: m seen from where values come from.
type way struct {
	m        *mapping.Mapping
	from, to string // connections
}

func (w way) source() place { return place{w.from, w.m.A.Object} }
func (w way) target() place { return place{w.to, w.m.B.Object} }

// ways gives a mapping's directions: there, and home where it goes home.
func ways(a *Active) []way {
	out := []way{{a.Mapping, a.ConnA, a.ConnB}}
	if home := a.Turn(); home != nil {
		out = append(out, way{home, a.ConnB, a.ConnA})
	}
	return out
}

// people and deals are how an account shows that it is a CRM.
var crmObjects = [][2]string{{"contacts", "deals"}, {"Contact", "Opportunity"}}

func (p *preflight) isCRM(connection string) bool {
	return isCRM(p.Connections[connection])
}

// pairs are the mappings between two CRMs, or the one that was asked for whatever it joins: they are looked at value by value.
func (p *preflight) pairs() []*Active {
	var out []*Active
	for _, a := range p.actives {
		named := p.ask.Mapping == a.Name || len(p.ask.Documents) > 0
		if a.Document == nil && !p.dead[a.ConnA] && !p.dead[a.ConnB] && (named || p.isCRM(a.ConnA) && p.isCRM(a.ConnB)) {
			out = append(out, a)
		}
	}
	return out
}

// describe gives an object as its account has it now; a look asks once.
func (p *preflight) describe(ctx context.Context, at place) (connector.Object, error) {
	if o, ok := p.objects[at]; ok {
		return o, p.refused[at]
	}
	o, err := p.Connections[at.connection].Describe(ctx, at.object)
	p.objects[at], p.refused[at] = o, err
	return o, err
}

// table gives a reference table, and false where the account has none of that name.
func (p *preflight) table(ctx context.Context, at place) (connector.Table, bool, error) {
	if !slices.Contains(p.Connections[at.connection].Tables(), at.object) {
		return connector.Table{}, false, nil
	}
	if t, ok := p.tabled[at]; ok {
		return t, true, nil
	}
	t, err := p.Connections[at.connection].Table(ctx, at.object)
	if err == nil {
		p.tabled[at] = t
	}
	return t, err == nil, err
}

// fieldOf finds a field by its exact name.
func fieldOf(o connector.Object, name string) (connector.Field, bool) {
	n := slices.IndexFunc(o.Fields, func(f connector.Field) bool { return f.Name == name })
	if n < 0 {
		return connector.Field{}, false
	}
	return o.Fields[n], true
}
