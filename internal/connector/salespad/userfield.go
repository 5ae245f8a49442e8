package salespad

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"crosswalk/internal/record"
)

// User fields are described nowhere: what a record shows is all there is to learn of them (fact sheet 5). A write needs their
// types, since a flag is true and not "true".

// learnFor is how long what was learnt of user fields is believed.
const learnFor = 10 * time.Minute

// learnt is what records showed of user fields, by object.
type learnt struct {
	mu     sync.Mutex
	fields map[string][]Field
	at     map[string]time.Time
}

// userFields gives the user fields that a record shows; their type is what its value looks like.
func (c *Connector) userFields(ctx context.Context, op string, o *Object) ([]Field, error) {
	p, err := c.list(ctx, op, o, o.List, query{top: 1})
	if err != nil {
		if asError(err).Code == "no such resource" {
			return nil, nil
		}
		return nil, err
	}
	var out []Field
	for _, r := range p.rows {
		names, data := r.userFields()
		for i, name := range names {
			f := Field{Name: userPrefix + strings.TrimSpace(name), Type: looksLike(strings.TrimSpace(string(data[i])))}
			if f.user() {
				out = append(out, f)
			}
		}
	}
	c.users.mu.Lock()
	defer c.users.mu.Unlock()
	if c.users.fields == nil {
		c.users.fields, c.users.at = map[string][]Field{}, map[string]time.Time{}
	}
	c.users.fields[o.name], c.users.at[o.name] = out, time.Now()
	return out, nil
}

func looksLike(raw string) string {
	switch {
	case raw == "true" || raw == "false":
		return "bool"
	case raw != "" && strings.ContainsAny(raw[:1], "-0123456789"):
		return "number"
	case len(raw) >= len(noDate)+2 && raw[0] == '"' && raw[11:20] == "T00:00:00" && bare(raw[1:20]).Year() > 1:
		return "date"
	}
	return "text"
}

// typed gives the object with the types of the user fields that are written. What cannot be learnt is a text.
func (c *Connector) typed(ctx context.Context, op string, o *Object, fields map[string]record.Value) *Object {
	var unknown []string
	for name := range fields {
		listed := slices.ContainsFunc(o.Fields, func(f Field) bool { return f.Name == name })
		if f := (Field{Name: name}); f.user() && !listed && name != o.markerField() {
			unknown = append(unknown, name)
		}
	}
	if len(unknown) == 0 {
		return o
	}
	c.users.mu.Lock()
	known, fresh := c.users.fields[o.name], time.Since(c.users.at[o.name]) < learnFor
	c.users.mu.Unlock()
	if !fresh {
		if again, err := c.userFields(ctx, op, o); err == nil {
			known = again
		}
	}
	out := *o
	out.Fields = slices.Clone(o.Fields)
	for _, f := range known {
		if slices.Contains(unknown, f.Name) {
			out.Fields = append(out.Fields, f)
		}
	}
	return &out
}
