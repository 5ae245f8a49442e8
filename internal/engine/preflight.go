package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/mapping"
	"crosswalk/internal/record"
)

// Applied is what apply did with one document: its head, and what each name in it resolved to.
type Applied struct {
	Head     Head             `json:"head"`
	Resolved mapping.Resolved `json:"resolved"`
}

// ApplyAll stores documents as their mappings' next versions: all of them or, with everything that is wrong said at once,
// none. They are checked against themselves, against each other and the mappings that are there, and against what the
// accounts really have. The same text again is no new version; a running version goes on until the new one is taken live.
func (e *Engine) ApplyAll(ctx context.Context, documents [][]byte, actor string) ([]Applied, error) {
	return e.ApplyOver(ctx, documents, 0, actor)
}

// ApplyOver is ApplyAll for an editor who says which version their document is a change of: refused when there is a newer
// one. base goes with exactly one document; 0 is whatever is there.
func (e *Engine) ApplyOver(ctx context.Context, documents [][]byte, base int, actor string) ([]Applied, error) {
	if base != 0 && len(documents) != 1 {
		return nil, &RefusedError{"one base version goes with one document", "apply the documents one by one"}
	}
	var problems mapping.Problems
	var parsed []*mapping.Mapping
	for _, yaml := range documents {
		m, err := e.Compile(yaml)
		var p mapping.Problems
		switch {
		case errors.As(err, &p):
			problems = append(problems, p...)
		case err != nil:
			return nil, err
		default:
			parsed = append(parsed, m)
		}
	}
	if len(problems) > 0 {
		return nil, problems
	}
	heads, err := e.Heads(ctx)
	if err != nil {
		return nil, err
	}
	all, err := e.withOthers(ctx, parsed, heads)
	if err != nil {
		return nil, err
	}
	out := make([]Applied, len(parsed))
	problems = mapping.CheckBeside(all, resting(heads))
	for n, m := range parsed {
		p, resolved, err := e.validate(ctx, m)
		if err != nil {
			return nil, fmt.Errorf("mapping %s: %w", m.Name, err)
		}
		problems, out[n].Resolved = append(problems, p...), resolved
	}
	if len(problems) > 0 {
		return nil, problems
	}
	for n := range parsed {
		if out[n].Head, err = e.store(ctx, parsed[n].Name, documents[n], base, actor); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// withOthers adds the newest versions of the mappings that are there already, with roles bound: two roles of one account
// are one.
func (e *Engine) withOthers(ctx context.Context, parsed []*mapping.Mapping, heads []Head) ([]*mapping.Mapping, error) {
	var all []*mapping.Mapping
	for _, h := range heads {
		if slices.ContainsFunc(parsed, func(m *mapping.Mapping) bool { return m.Name == h.Name }) {
			continue
		}
		m, err := e.compiled(ctx, h.Name, h.Latest)
		if err != nil {
			return nil, err
		}
		all = append(all, m)
	}
	all = append(all, parsed...) // last: what clashes is complained about where it was just written
	for n, m := range all {
		bound, err := e.bindRoles(m)
		if err != nil {
			return nil, err
		}
		all[n] = bound
	}
	return all, nil
}

// validate looks at a document against its two accounts as they are now.
func (e *Engine) validate(ctx context.Context, m *mapping.Mapping) (mapping.Problems, mapping.Resolved, error) {
	objectsA, tablesA := []string{m.A.Object}, []string{}
	for _, with := range m.With {
		objectsA = append(objectsA, with.Object)
	}
	for _, w := range m.Watch {
		objectsA = append(objectsA, w.Object)
	}
	objectsB, tablesB := []string{m.B.Object}, []string{}
	if m.Children != nil {
		objectsA = append(objectsA, m.Children.A)
		objectsB = append(objectsB, m.LineObject())
	}
	if m.Document != nil {
		tablesA = append(tablesA, m.Document.Stages)
	}
	for _, f := range m.Fields {
		tablesB = append(tablesB, f.Table)
	}
	a, err := e.schema(ctx, m.A.Connection, objectsA, tablesA)
	if err != nil {
		return nil, nil, err
	}
	b, err := e.schema(ctx, m.B.Connection, objectsB, nil)
	if err != nil {
		return nil, nil, err
	}
	if err := e.currencies(ctx, m, &a); err != nil {
		return nil, nil, err
	}
	_, to, err := e.connection(m.B.Connection)
	if err != nil {
		return nil, nil, err
	}
	for _, name := range distinct(append(tablesB, to.Tables()...)) {
		if err := e.addTable(ctx, &b, to, name); err != nil {
			if connector.FaultOf(err) == connector.Forbidden && !slices.Contains(tablesB, name) {
				continue // what this installation lacks, or does not show, is missed by nobody here
			}
			return nil, nil, err
		}
	}
	problems, resolved := mapping.Validate(m, e.Language, a, b)
	if m.Mirror != nil {
		other, err := e.schema(ctx, m.Mirror.Connection, []string{m.Mirror.Object}, nil)
		if err != nil {
			return nil, nil, err
		}
		problems = append(problems, mapping.ValidateMirror(m, other)...)
	}
	return problems, resolved, nil
}

// currencies asks a's account what it counts in, where its records may not say it.
func (e *Engine) currencies(ctx context.Context, m *mapping.Mapping, a *mapping.Schema) error {
	if m.Document == nil || slices.ContainsFunc(a.Objects[m.A.Object].Properties, func(p mapping.Property) bool { return p.Name == m.Document.Currency }) {
		return nil
	}
	_, c, err := e.connection(m.A.Connection)
	if err != nil {
		return err
	}
	account, err := c.Account(ctx)
	a.Currencies = account.Currencies
	return err
}

// schema describes the named objects and tables of a connection.
func (e *Engine) schema(ctx context.Context, role string, objects, tables []string) (mapping.Schema, error) {
	name, c, err := e.connection(role)
	if err != nil {
		return mapping.Schema{}, err
	}
	s := mapping.Schema{Connection: name, Objects: map[string]mapping.Object{}, Tables: map[string]mapping.Table{}}
	for _, object := range distinct(objects) {
		if top, _, _ := strings.Cut(object, "/"); object == "" || !slices.Contains(c.Objects(), top) {
			continue // Validate names an object that is not there
		}
		o, err := c.Describe(ctx, object)
		if err != nil {
			return s, err
		}
		s.Objects[object] = describe(o)
	}
	for _, table := range distinct(tables) {
		if err := e.addTable(ctx, &s, c, table); err != nil {
			return s, err
		}
	}
	return s, nil
}

func (e *Engine) addTable(ctx context.Context, s *mapping.Schema, c connector.Connector, name string) error {
	if name == "" || !slices.Contains(c.Tables(), name) {
		return nil // Validate names a table that is not there
	}
	t, err := c.Table(ctx, name)
	if err != nil {
		return err
	}
	rows := mapping.Table{}
	for _, r := range t.Rows {
		rows[r.Key] = mapping.Row{Label: r.Label, Attrs: r.Attrs}
	}
	s.Tables[name] = rows
	return nil
}

func describe(o connector.Object) mapping.Object {
	out := mapping.Object{Name: o.Name, Label: o.Label}
	for _, f := range o.Fields {
		p := mapping.Property{Name: f.Name, Label: f.Label, Type: f.Type, Required: f.Required, ReadOnly: f.ReadOnly, CreateOnly: f.CreateOnly,
			Unique: f.Unique, MaxLength: f.MaxLength, References: f.References}
		for _, option := range f.Options {
			p.Options = append(p.Options, mapping.Option{Value: option.Value, Label: option.Label})
		}
		out.Properties = append(out.Properties, p)
	}
	return out
}

// Finding is one line of the preflight report: to be handed to whom it concerns.
type Finding struct {
	Severity string `json:"severity"` // stop, warn, ok
	Where    string `json:"where"`
	Finding  string `json:"finding"`
	Records  int    `json:"records,omitempty"`
	Owner    string `json:"owner"` // who can mend it
	Fix      string `json:"fix,omitempty"`
}

func sortedNames[V any](m map[string]V) []string {
	var out []string
	for name := range m {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// nativeSince is how recent the work of another integration must be to count as still running.
const nativeSince = 30 * 24 * time.Hour

// Native is what another integration of the same two systems has done lately.
type Native struct {
	Count    int
	Examples []record.Ref
}

// nativeFindings looks for Light's own CRM integration.
func (e *Engine) nativeFindings(ctx context.Context) []Finding {
	var out []Finding
	if e.Config.Native == nil {
		return nil
	}
	for _, name := range sortedNames(e.Connections) {
		n, err := e.Config.Native(ctx, name, time.Now().Add(-nativeSince))
		switch {
		case err != nil:
			out = append(out, Finding{Severity: "warn", Where: name, Finding: "could not look for another integration: " + err.Error(), Owner: "the engineer"})
		case n.Count > 0:
			out = append(out, Finding{Severity: "stop", Where: name, Records: n.Count, Owner: "the administrator of " + name,
				Finding: "its own CRM integration made or changed records in the last 30 days: " + refList(n.Examples),
				Fix:     "switch that integration off, then: crosswalk live MAPPING --native-off"})
		}
	}
	return out
}

func refList(refs []record.Ref) string {
	texts := make([]string, len(refs))
	for n, r := range refs {
		texts[n] = r.String()
	}
	return strings.Join(texts, ", ")
}

// MayGoLive refuses going live while another integration bills the same deals, or writes the same records of two CRMs, unless
// the operator states that it is off.
func (e *Engine) MayGoLive(ctx context.Context, name string, nativeOff bool) error {
	a, err := e.LatestMapping(ctx, name)
	if err != nil || nativeOff {
		return err
	}
	if err := e.refuseRival(ctx, a); err != nil {
		return err
	}
	if a.Document == nil {
		return e.refuseNative(ctx, a)
	}
	if e.Config.Native == nil {
		return nil
	}
	n, err := e.Config.Native(ctx, a.ConnB, time.Now().Add(-nativeSince))
	if err != nil {
		return err
	}
	if n.Count > 0 {
		return &RefusedError{fmt.Sprintf("%s's own CRM integration still runs: %d records in the last 30 days, such as %s; two integrations would bill one deal twice", a.ConnB, n.Count, refList(n.Examples)),
			"switch it off, then say so: crosswalk live " + name + " --native-off"}
	}
	return nil
}

// boundAccount is the account a connection was first connected to.
type boundAccount struct {
	Account string    `json:"account"`
	At      time.Time `json:"at"`
}

// Bind remembers a connection's account at its first connect and refuses another one ever after (T18): ids of two accounts
// overlap, and links would join strangers. seen is what the credential opens now ("" when the system did not say),
// configured what the configuration demands ("" for whatever it is). It gives the account the connection is bound to.
func (e *Engine) Bind(ctx context.Context, connection, seen, configured string) (string, error) {
	if configured != "" && seen != "" && seen != configured {
		return "", &OtherAccountError{Connection: connection, Bound: configured, Opens: seen, Configured: true}
	}
	b, err := change(ctx, e, connectionKey(connection), func(b *boundAccount, exists bool) bool {
		if exists || seen == "" {
			return false
		}
		b.Account, b.At = seen, time.Now()
		return true
	})
	if err != nil {
		return "", err
	}
	if seen != "" && b.Account != seen {
		return "", &OtherAccountError{Connection: connection, Bound: b.Account, Opens: seen}
	}
	if b.Account == "" {
		return configured, nil
	}
	return b.Account, nil
}
