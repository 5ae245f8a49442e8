package hubspot

import (
	"context"
	"maps"
	"regexp"
	"slices"
	"sync"

	"crosswalk/internal/connector"
	"crosswalk/internal/rest"
)

// Schema is a custom object of the account (fact sheet 10). Mappings may name it by any of its three names, the same
// one everywhere: refs bear the name that was used.
type Schema struct {
	Name     string   // base name, machine
	FullName string   // p62515_machine
	TypeID   string   // 2-4100001
	Label    string   // of many: Machines
	Required []string // properties that a create must have
}

var (
	baseForm = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,99}$`) })
	fullForm = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(p\d{1,19}_[A-Za-z0-9_]{1,99}|2-\d{1,19})$`) })
)

// customKind is what can be said of a custom object before its schema was read. HubSpot takes the full name and the
// type id in paths, never the base name (fact sheet 1), which must be resolved.
func customKind(name string) (kind, bool) {
	k := kind{name: name, singular: name, modified: "hs_lastmodifieddate", created: "hs_createdate", page: true, custom: true}
	if fullForm().MatchString(name) {
		k.typeID = name
		return k, true
	}
	return k, baseForm().MatchString(name)
}

// Schemas reads the account's custom objects. Scope: crm.schemas.custom.read.
func (c *Connector) Schemas(ctx context.Context) ([]Schema, error) {
	const op = "read schemas"
	var out struct {
		Results []struct {
			Name     string `json:"name"`
			Full     string `json:"fullyQualifiedName"`
			TypeID   string `json:"objectTypeId"`
			Archived bool   `json:"archived"`
			Labels   struct {
				Plural string `json:"plural"`
			} `json:"labels"`
			Required []string `json:"requiredProperties"`
		} `json:"results"`
	}
	_, err := c.call(ctx, op, rest.Request{Path: c.paths.schemas, Route: c.paths.schemas, Safe: true}, &out)
	if err == nil && out.Results == nil {
		err = &connector.Error{Fault: connector.Unavailable, Op: op, Code: "no list in the answer"}
	}
	if err != nil {
		return nil, err
	}
	var list []Schema
	for _, r := range out.Results {
		if !r.Archived && fullForm().MatchString(r.TypeID) {
			list = append(list, Schema{Name: r.Name, FullName: r.Full, TypeID: r.TypeID, Label: r.Labels.Plural, Required: r.Required})
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.schemas = list
	return slices.Clone(list), nil
}

// schema finds a custom object among those read last.
func (c *Connector) schema(name string) (Schema, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.IndexFunc(c.schemas, func(s Schema) bool { return s.Name == name || s.FullName == name || s.TypeID == name })
	if i < 0 {
		return Schema{}, false
	}
	return c.schemas[i], true
}

// resolve finds an object as calls need it: a custom object named by its base name is looked up once.
func (c *Connector) resolve(ctx context.Context, op, object string) (kind, error) {
	k, err := c.kind(op, object)
	if err != nil || k.typeID != "" {
		return c.used(k), err
	}
	if _, err := c.Schemas(ctx); err != nil {
		e := *asError(err)
		e.Op = op
		return kind{}, &e
	}
	if s, ok := c.schema(object); ok {
		k.typeID = s.TypeID
		return c.used(k), nil
	}
	return kind{}, &connector.Error{Fault: connector.Invalid, Op: op, Code: "no such object in this account: name one of HubSpot's own, or a custom object by its name, full name or type id"}
}

// used remembers by which name a custom object is called, so that webhooks, which know its type id, name it so too.
func (c *Connector) used(k kind) kind {
	if k.custom && k.typeID != "" {
		c.mu.Lock()
		c.customs[k.name] = k.typeID
		c.mu.Unlock()
	}
	return k
}

// typed finds a kind by its type id, custom objects in use among them.
func (c *Connector) typed(typeID string) (kind, bool) {
	if k, ok := kindOfType(typeID); ok {
		return k, true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(c.customs)) {
		same := c.customs[name] == typeID
		for _, s := range c.schemas {
			same = same || s.TypeID == typeID && (s.FullName == name || s.Name == name)
		}
		if same && typeID != "" {
			k, _ := customKind(name)
			k.typeID = typeID
			return k, true
		}
	}
	return kind{}, false
}
