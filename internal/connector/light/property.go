package light

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/record"
)

// propPrefix begins the flat name of a custom property: customProperties.crosswalk_key.
const propPrefix = "customProperties."

// property is a custom property group as an administrator made it in Light's settings; the API cannot make one
// (fact sheet 9). The internal name never changes.
type property struct {
	id, name, label string
	input           string // SINGLE_SELECT MULTI_SELECT NUMERIC TEXT BOOLEAN DATE; may grow
	level           string // HEADER or LINE
	objects         []string
	required        bool
	choices         []choice
}

type choice struct{ id, name, label string }

func (p property) selects() bool { return p.input == "SINGLE_SELECT" || p.input == "MULTI_SELECT" }

func (p property) on(o *object) bool {
	return p.level == o.level && slices.Contains(p.objects, o.props)
}

// propertyCache keeps the groups of this company. They change when an administrator changes settings, so they are
// read again when a name or choice is not found and the last reading is older than propertyAge.
type propertyCache struct {
	mu   sync.Mutex
	list []property
	at   time.Time // zero: never read
}

const propertyAge = time.Minute

// Prepare reads what Encode needs to know of the account: the custom property groups. It costs one call a process;
// further calls do nothing. Encode makes that call itself when nobody did.
func (c *Connector) Prepare(ctx context.Context) error {
	_, err := c.properties(ctx, 0)
	return err
}

// properties gives the groups, read again when they are older than age allows; 0 means any age.
func (c *Connector) properties(ctx context.Context, age time.Duration) ([]property, error) {
	c.props.mu.Lock()
	defer c.props.mu.Unlock()
	if !c.props.at.IsZero() && (age == 0 || time.Since(c.props.at) < age) {
		return c.props.list, nil
	}
	rows, err := c.all(ctx, "read custom properties", "/v1/custom-properties/groups", url.Values{"includeValues": {"true"}})
	if err != nil {
		return nil, err
	}
	list := make([]property, 0, len(rows))
	for _, r := range rows {
		p, err := propertyOf(r)
		if err != nil {
			return nil, nonsense("read custom properties")
		}
		list = append(list, p)
	}
	c.props.list, c.props.at = list, time.Now()
	return list, nil
}

// peek gives the groups if they were read.
func (c *Connector) peek() (list []property, read bool) {
	c.props.mu.Lock()
	defer c.props.mu.Unlock()
	return c.props.list, !c.props.at.IsZero()
}

func propertyOf(r row) (property, error) {
	p := property{id: r.text("id"), name: r.text("internalName"), label: r.text("label"), input: r.text("inputType"),
		level: r.text("objectLevel"), required: r.text("required") == "true"}
	objects, err := valueOf(r["objectTypes"])
	if err != nil || p.id == "" || p.name == "" {
		return p, errShape
	}
	p.objects = objects.List()
	values, _, err := r.rows("values")
	for _, v := range values {
		p.choices = append(p.choices, choice{v.text("id"), v.text("internalName"), v.text("label")})
	}
	return p, err
}

// of gives the properties of one kind of record.
func of(list []property, o *object) []property {
	return slices.DeleteFunc(slices.Clone(list), func(p property) bool { return !p.on(o) })
}

func byName(list []property, o *object, name string) (property, bool) {
	i := slices.IndexFunc(list, func(p property) bool { return p.on(o) && p.name == name })
	if i < 0 {
		return property{}, false
	}
	return list[i], true
}

// wantsProperties tells whether a read asks for custom properties, whose kinds must be known to read them right.
func wantsProperties(fields []string) bool {
	return slices.ContainsFunc(fields, func(f string) bool { return strings.HasPrefix(f, propPrefix) })
}

// property reads a custom property: a choice by its internal name, which an administrator cannot change, anything
// else by its text, which Light gives as the label of its only value (fact sheet 9).
func (r row) property(list []property, o *object, name string) (record.Value, error) {
	sets, ok, err := r.rows("customProperties")
	if err != nil {
		return record.Value{}, err
	}
	if !ok {
		return valueOf(r["customProperties"]) // absent or null
	}
	def, _ := byName(list, o, name)
	for _, set := range sets {
		if set.text("groupInternalName") != name {
			continue
		}
		values, _, err := set.rows("values")
		if err != nil {
			return record.Value{}, err
		}
		return propertyValue(def, values), nil
	}
	return record.Empty(), nil
}

func propertyValue(def property, values []row) record.Value {
	var out []string
	for _, v := range values {
		if def.selects() {
			out = append(out, v.text("internalName"))
		} else {
			out = append(out, v.text("label"))
		}
	}
	switch {
	case len(out) == 0:
		return record.Empty()
	case def.input == "MULTI_SELECT" || len(out) > 1:
		return record.Many(out...)
	}
	return record.Of(out[0])
}

// described is the property as a mapping sees it.
func (p property) described() connector.Field {
	kinds := map[string]string{"SINGLE_SELECT": "enum", "MULTI_SELECT": "multi", "NUMERIC": "number", "BOOLEAN": "bool", "DATE": "date"}
	f := connector.Field{Name: propPrefix + p.name, Label: p.label, Type: kinds[p.input]}
	if f.Type == "" {
		f.Type = "text" // TEXT, and input types of tomorrow
	}
	if p.selects() {
		for _, v := range p.choices {
			f.Options = append(f.Options, connector.Option{Value: v.name, Label: v.label})
		}
	}
	return f
}

// Describe gives an object's fields: Light's own, which its API document fixes, and the account's custom properties.
// A product's prices are one field, pricings, and one for each of the account's own currencies (others can be named
// as well). A required custom property
// stops Light only when the document is posted, so it is not required here.
func (c *Connector) Describe(ctx context.Context, name string) (connector.Object, error) {
	o, err := known("describe", name)
	if err != nil {
		return connector.Object{}, err
	}
	list, err := c.properties(ctx, propertyAge)
	if err != nil {
		return connector.Object{}, err
	}
	out := connector.Object{Name: o.name, Label: o.label}
	for _, f := range o.fields {
		out.Fields = append(out.Fields, f.described())
	}
	for _, p := range of(list, o) {
		out.Fields = append(out.Fields, p.described())
	}
	if o.name != "products" {
		return out, nil
	}
	account, err := c.Account(ctx)
	if err != nil {
		return connector.Object{}, err
	}
	for _, code := range account.Currencies {
		out.Fields = append(out.Fields, connector.Field{Name: "pricings." + code, Label: "Price in " + code, Type: "integer"})
	}
	return out, nil
}

// Provision tells whether the field that carries our marker is there. Light's API cannot make custom properties, so
// a person must (help page light).
func (c *Connector) Provision(ctx context.Context, name string, _ bool) (connector.Provision, error) {
	o, err := known("provision", name)
	if err != nil {
		return connector.Provision{}, err
	}
	switch {
	case o.parent != "":
		return connector.Provision{Fix: "lines carry no marker: they are told apart within their document"}, nil
	case o.marker != "":
		return connector.Provision{Field: o.marker, Ready: true}, nil
	}
	list, err := c.properties(ctx, propertyAge)
	if err != nil {
		return connector.Provision{}, err
	}
	out := connector.Provision{Field: c.markerField(o)}
	p, ok := byName(list, o, c.Marker)
	switch {
	case !ok:
		out.Fix = "in Light, Settings > Custom properties, make a property with the internal name " + c.Marker +
			", input type Text, level Header, for " + strings.ToLower(o.label) + " (one property may serve customers, products and contracts)"
	case p.input != "TEXT":
		out.Fix = "the custom property " + c.Marker + " has the input type " + p.input + ": make it anew as Text"
	default:
		out.Ready = true
	}
	return out, nil
}

func (c *Connector) markerField(o *object) string {
	switch {
	case o.parent != "":
		return ""
	case o.marker != "":
		return o.marker
	}
	return propPrefix + c.Marker
}
