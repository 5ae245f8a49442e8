package engine

import (
	"context"
	"slices"
	"strings"

	"crosswalk/internal/connector"
)

// MissingField is a field that mappings name and the account does not have, or hides from our user, with what it must hold to
// take its counterpart's values: enough to define it there.
type MissingField struct {
	Connection string
	Object     string
	Name       string
	Label      string
	Type       string // text, number, integer, bool, date, datetime, enum, multi
	MaxLength  int    // of a text; 0 is whatever is usual
	Options    []connector.Option
	Mapping    string
	Marker     bool // carries our marker: unique
}

// missing lists the fields that a mapping names and its accounts lack, with the type of the field on the other side.
func (p *preflight) missing(ctx context.Context, a *Active) error {
	for _, w := range ways(a) {
		from, err := p.describe(ctx, w.source())
		if err != nil {
			continue
		}
		to, err := p.describe(ctx, w.target())
		if err != nil {
			continue
		}
		for _, f := range w.m.Fields {
			if len(f.A) != 1 || f.Through != "" || f.Table != "" {
				continue
			}
			source, hasA := fieldOf(from, f.A[0])
			target, hasB := fieldOf(to, f.B)
			if hasA && !hasB && w.m.B.Object != "" {
				p.miss(a, w.target(), f.B, source, f.Values)
			}
			if hasB && !hasA && w.m.Turned == false {
				p.miss(a, w.source(), f.A[0], target, nil)
			}
		}
	}
	return nil
}

// miss notes one field, once. values, where there are some, are what it will be given.
func (p *preflight) miss(a *Active, at place, name string, like connector.Field, values map[string]string) {
	if _, _, joins := connector.AssociationField(name); joins || strings.Contains(name, ".") || name == "id" {
		return
	}
	if slices.ContainsFunc(p.out.Missing, func(m MissingField) bool {
		return m.Connection == at.connection && m.Object == at.object && m.Name == name
	}) {
		return
	}
	m := MissingField{Connection: at.connection, Object: at.object, Name: name, Label: like.Label, Type: like.Type, MaxLength: like.MaxLength, Options: slices.Clone(like.Options), Mapping: a.Name}
	if len(values) > 0 {
		m.Type, m.Options = "enum", nil
		for _, key := range sortedNames(values) {
			if v := values[key]; v != "" && !slices.ContainsFunc(m.Options, func(o connector.Option) bool { return o.Value == v }) {
				m.Options = append(m.Options, connector.Option{Value: v, Label: v})
			}
		}
	}
	if m.Type == "ref" || m.Type == "list" {
		m.Type, m.Options = "text", nil
	}
	p.out.Missing = append(p.out.Missing, m)
}
