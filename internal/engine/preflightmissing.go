package engine

import (
	"context"
	"slices"
	"strings"

	"crosswalk/internal/connector"
	"crosswalk/internal/mapping"
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
			if _, hasB := fieldOf(to, f.B); !hasB {
				p.miss(a, w.target(), f.B, alike(from, f), f.Values)
			}
			if len(f.A) != 1 || w.m.Turned || f.Through != "" || f.Table != "" {
				continue
			}
			with, _ := w.m.Input(f.A[0])
			target, hasB := fieldOf(to, f.B)
			if _, hasA := fieldOf(from, f.A[0]); hasB && !hasA && with == nil {
				p.miss(a, w.source(), f.A[0], target, nil)
			}
		}
	}
	return nil
}

// alike is what a rule's target must be like: its one source field, or a text where the rule makes the value.
func alike(from connector.Object, f mapping.Field) connector.Field {
	if len(f.A) == 1 && f.Transform == "" && f.Through == "" && f.Table == "" {
		if source, ok := fieldOf(from, f.A[0]); ok {
			return source
		}
	}
	return connector.Field{Type: "text"}
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
