package salespad

import (
	"context"
	"maps"
	"slices"
	"strings"

	"crosswalk/internal/connector"
)

// Tables lists the reference tables of the profile: classes, salespeople, territories, queues, price levels and so on.
func (c *Connector) Tables() []string { return slices.Sorted(maps.Keys(c.Profile.Tables)) }

// Table reads one. Price levels and queues have lists of their own; most others have none, and are the distinct values that
// records hold, found by asking for the next greater one: a call for each value. Currencies say their ISO code where the
// configuration knows it.
func (c *Connector) Table(ctx context.Context, name string) (connector.Table, error) {
	op := "table " + name
	t := c.Profile.Tables[name]
	if t == nil {
		return connector.Table{}, &connector.Error{Fault: connector.Invalid, Op: op, Code: "no such table"}
	}
	out := connector.Table{Name: name}
	var err error
	switch {
	case len(t.Rows) > 0:
		for _, r := range t.Rows {
			out.Rows = append(out.Rows, connector.Row{Key: r.Key, Label: r.Label, Attrs: r.Attrs})
		}
	case t.Field != "":
		out.Rows, err = c.distinct(ctx, op, t)
	default:
		out.Rows, err = c.listed(ctx, op, t)
	}
	if name == "currencies" {
		for i := range out.Rows {
			if code := c.Currencies[out.Rows[i].Key]; code != "" {
				out.Rows[i].Attrs = map[string]string{"code": code}
			}
		}
	}
	return out, err
}

// maxDistinct is how many values a field may have before it is no longer reference data.
const maxDistinct = 300

func (c *Connector) distinct(ctx context.Context, op string, t *Lookup) ([]connector.Row, error) {
	var rows []connector.Row
	last := ""
	for range maxDistinct {
		p, err := c.list(ctx, op, nil, t.List, query{filter: above(column(t.Field), quoted(last)), order: t.Field, top: 1})
		if err != nil {
			return nil, err
		}
		if len(p.rows) == 0 {
			return rows, nil
		}
		value := strings.TrimSpace(p.rows[0].text(t.Field))
		if value == "" || strings.EqualFold(value, last) || !sayable(value) {
			return nil, &connector.Error{Fault: connector.Unavailable, Op: op, Code: "the list does not go on: give rows in the connection's profile"}
		}
		rows, last = append(rows, connector.Row{Key: value, Label: value}), value
	}
	return rows, nil
}

func (c *Connector) listed(ctx context.Context, op string, t *Lookup) ([]connector.Row, error) {
	var rows []connector.Row
	err := c.whole(ctx, op, t, func(r row) error {
		var key []string
		for _, name := range t.Key {
			key = append(key, strings.TrimSpace(r.text(name)))
		}
		one := connector.Row{Key: joinKey(key), Label: r.text(t.Label)}
		for _, name := range t.Attrs {
			if v := r.text(name); v != "" {
				if one.Attrs == nil {
					one.Attrs = map[string]string{}
				}
				one.Attrs[strings.ToLower(name)] = v
			}
		}
		if strings.Trim(one.Key, "|") != "" && !slices.ContainsFunc(rows, func(o connector.Row) bool { return o.Key == one.Key }) {
			rows = append(rows, one)
		}
		return nil
	})
	return rows, err
}

// whole reads a list to its end; one that takes no parameters comes in one answer.
func (c *Connector) whole(ctx context.Context, op string, t *Lookup, take func(row) error) error {
	if !t.Bare {
		return c.each(ctx, op, nil, t.List, query{order: strings.Join(t.Key, ",")}, take)
	}
	p, err := c.list(ctx, op, nil, t.List, query{})
	if err != nil {
		return err
	}
	for _, r := range p.rows {
		if err := take(r); err != nil {
			return err
		}
	}
	return nil
}
