package salesforce

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/rest"
)

// property is one field of a describe (fact sheet 5).
type property struct {
	Name          string   `json:"name"`
	Label         string   `json:"label"`
	Type          string   `json:"type"`
	Length        int      `json:"length"`
	Scale         int      `json:"scale"`
	Createable    bool     `json:"createable"`
	Updateable    bool     `json:"updateable"`
	Nillable      bool     `json:"nillable"`
	Defaulted     bool     `json:"defaultedOnCreate"`
	Calculated    bool     `json:"calculated"`
	Unique        bool     `json:"unique"`
	CaseSensitive bool     `json:"caseSensitive"`
	ExternalID    bool     `json:"externalId"`
	IDLookup      bool     `json:"idLookup"`
	Filterable    bool     `json:"filterable"`
	Sortable      bool     `json:"sortable"`
	Permissible   bool     `json:"permissionable"`
	Hidden        bool     `json:"deprecatedAndHidden"`
	Restricted    bool     `json:"restrictedPicklist"`
	ReferenceTo   []string `json:"referenceTo"`
	Relationship  string   `json:"relationshipName"`
	Controller    string   `json:"controllerName"`
	Values        []pick   `json:"picklistValues"`
}

// pick is one value of a picklist. ValidFor says for which values of the controlling field, as a bitmap in base64.
type pick struct {
	Active   bool   `json:"active"`
	Default  bool   `json:"defaultValue"`
	Value    string `json:"value"`
	Label    string `json:"label"`
	ValidFor string `json:"validFor"`
}

// description is what /describe answers, as far as it is read.
type description struct {
	Name         string     `json:"name"`
	Label        string     `json:"labelPlural"`
	Prefix       string     `json:"keyPrefix"`
	Replicateble bool       `json:"replicateable"`
	Queryable    bool       `json:"queryable"` // by our user, as the next two
	Createable   bool       `json:"createable"`
	Updateable   bool       `json:"updateable"`
	Fields       []property `json:"fields"`
	Children     []struct {
		Object string `json:"childSObject"`
		Field  string `json:"field"`
		Name   string `json:"relationshipName"` // null where nothing leads down
	} `json:"childRelationships"`
}

// schema is an object's describe, kept. It is not changed once it is kept.
type schema struct {
	description
	byName   map[string]property // by name in lower case: Salesforce minds no case
	modified string              // the answer's Last-Modified, sent back to ask whether anything changed; "" asks for all
	at       time.Time           // when it was last known to be true
	whole    time.Time           // when it was last read
}

// wholeFor is how long an answer of "not modified" is believed: nobody says that a change of permissions counts as one.
const wholeFor = time.Hour

// field gives a field by its exact name; compound fields, which only repeat their parts, are none (fact sheet 4).
func (s *schema) field(name string) (property, bool) {
	p, ok := s.byName[strings.ToLower(name)]
	return p, ok && p.Name == name
}

// column gives the field's name for a query, and false where our user may not see the field or it does not exist.
func (s *schema) column(name string) (column, bool) {
	p, ok := s.field(name)
	return column(p.Name), ok
}

// columns gives those of the names that there are.
func (s *schema) columns(names ...string) []column {
	var out []column
	for _, name := range names {
		if c, ok := s.column(name); ok {
			out = append(out, c)
		}
	}
	return out
}

// compound types are read in their parts: BillingAddress as BillingStreet, BillingCity and so on. Binary content is
// not read at all.
var compound = []string{"address", "location", "complexvalue", "base64", "anyType", "datacategorygroupreference"}

// fieldTypes translates Salesforce's types; all others are text.
var fieldTypes = map[string]string{
	"picklist": "enum", "multipicklist": "multi", "reference": "ref", "boolean": "bool", "currency": "number", "percent": "number",
	"double": "number", "int": "integer", "long": "integer", "date": "date", "datetime": "datetime",
}

// Describe lists the fields our user may see, as they are now, and the object's associations as fields (see bond). Options are
// the active values of a picklist; Table("picklist:OBJECT.FIELD") tells of all of them. Fields hidden from it by field-level security are not
// there (fact sheet 5): a missing permission and a misspelt name look the same, and both are said as "no such field".
func (c *Connector) Describe(ctx context.Context, object string) (connector.Object, error) {
	op := "describe " + object
	name, err := c.object(op, object)
	if err != nil {
		return connector.Object{}, err
	}
	s, err := c.describe(ctx, op, name, 0)
	if err != nil {
		return connector.Object{}, err
	}
	out := connector.Object{Name: s.Name, Label: s.Label}
	for _, p := range s.Fields {
		if _, ok := s.field(p.Name); ok {
			out.Fields = append(out.Fields, p.field())
		}
	}
	for _, path := range kindOf(name).parents {
		relation, field, _ := strings.Cut(path, ".")
		if slices.ContainsFunc(s.Fields, func(p property) bool { return p.Relationship == relation }) {
			out.Fields = append(out.Fields, connector.Field{Name: path, Label: relation + " " + field, Type: "text", ReadOnly: true})
		}
	}
	bonds, err := c.bondFields(ctx, op, s)
	out.Fields = append(out.Fields, bonds...)
	return out, err
}

// tableOf names the reference table behind a field.
var tableOf = map[string]string{"StageName": "stages", "OwnerId": "owners", "CurrencyIsoCode": "currencies", "RecordTypeId": "record_types", "Pricebook2Id": "pricebooks"}

func (p property) field() connector.Field {
	f := connector.Field{
		Name: p.Name, Label: p.Label, Type: p.kind(), ReadOnly: !p.Createable && !p.Updateable, CreateOnly: p.Createable && !p.Updateable,
		// "Required" is not a flag of Salesforce's (fact sheet 5).
		Required: p.Createable && !p.Nillable && !p.Defaulted && p.Type != "boolean",
		Unique:   p.Unique,
	}
	if f.Type == "text" {
		f.MaxLength = p.Length
	}
	if len(p.ReferenceTo) > 0 {
		f.References = p.ReferenceTo[0]
	}
	if table := tableOf[p.Name]; table != "" {
		f.References = table
	}
	for _, v := range p.Values {
		if v.Active {
			f.Options = append(f.Options, connector.Option{Value: v.Value, Label: v.Label})
		}
	}
	return f
}

func (p property) kind() string {
	if t := fieldTypes[p.Type]; t != "" {
		return t
	}
	return "text"
}

// describe gives an object's schema, not older than age; 0 asks Salesforce whether it changed. However many callers
// need it at once, one asks.
func (c *Connector) describe(ctx context.Context, op, object string, age time.Duration) (*schema, error) {
	asked := time.Now()
	for {
		c.mu.Lock()
		kept, turn := c.schemas[object], c.turns[object]
		if kept != nil && (age > 0 && time.Since(kept.at) < age || !kept.at.Before(asked)) {
			c.mu.Unlock()
			return kept, nil
		}
		if turn == nil {
			turn = make(chan struct{})
			c.turns[object] = turn
			c.mu.Unlock()
			return c.ask(ctx, op, object, kept, turn)
		}
		c.mu.Unlock()
		select {
		case <-turn:
		case <-ctx.Done():
			return nil, unanswered(op, &rest.NoAnswerError{Err: ctx.Err()})
		}
	}
}

// schema is describe with the age that is good enough for reading and writing.
func (c *Connector) schema(ctx context.Context, op, object string) (*schema, error) {
	return c.describe(ctx, op, object, c.DescribeFor)
}

// ask makes the call. An object whose description has not changed since is answered 304 without a body.
func (c *Connector) ask(ctx context.Context, op, object string, kept *schema, turn chan struct{}) (*schema, error) {
	fresh, err := c.fetch(ctx, op, object, kept)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err == nil {
		c.schemas[object] = fresh
	}
	delete(c.turns, object)
	close(turn)
	return fresh, err
}

func (c *Connector) fetch(ctx context.Context, op, object string, kept *schema) (*schema, error) {
	r := rest.Request{Path: c.path("/sobjects/" + object + "/describe"), Route: routeRoot + "/sobjects/{object}/describe", Safe: true, Header: http.Header{}}
	if kept != nil && kept.modified != "" && time.Since(kept.whole) < wholeFor {
		r.Header.Set("If-Modified-Since", kept.modified)
	}
	var d description
	a, err := c.call(ctx, op, r, &d)
	switch {
	case a.Status == http.StatusNotModified && kept != nil:
		again := *kept
		again.at = time.Now()
		return &again, nil
	case connector.FaultOf(err) == connector.Missing:
		return nil, &connector.Error{Fault: connector.Forbidden, Op: op, Code: "no such object, or our user has no permission to it", Status: a.Status}
	case err != nil:
		return nil, err
	case !strings.EqualFold(d.Name, object) || len(d.Fields) == 0:
		return nil, malformed(op, a)
	}
	return newSchema(d, settledStamp(a)), nil
}

// settledStamp gives the answer's Last-Modified once no further change can bear it: it counts in seconds, and a change
// in the same second would be "not modified" for ever.
func settledStamp(a rest.Answer) string {
	stamp := a.Header.Get("Last-Modified")
	at, err := http.ParseTime(stamp)
	if err != nil || a.Date.IsZero() || a.Date.Sub(at) < 2*time.Second {
		return ""
	}
	return stamp
}

func newSchema(d description, modified string) *schema {
	s := &schema{description: d, byName: make(map[string]property, len(d.Fields)), modified: modified, at: time.Now(), whole: time.Now()}
	for _, p := range d.Fields {
		if p.Name != "" && !p.Hidden && !slices.Contains(compound, p.Type) {
			s.byName[strings.ToLower(p.Name)] = p
		}
	}
	return s
}

// forget makes the next use of any schema ask anew: Salesforce has just refused a name that it had described, of the
// object itself or of a parent.
func (c *Connector) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for object, s := range c.schemas {
		stale := *s
		stale.at, stale.modified = time.Time{}, ""
		c.schemas[object] = &stale
	}
}

// described gives the schema as it was last described, nil before.
func (c *Connector) described(object string) *schema {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.schemas[object]
}

// Prepare describes the objects named, or those in use so far: Encode then makes no call.
func (c *Connector) Prepare(ctx context.Context) error {
	for _, object := range c.Objects() {
		if _, err := c.schema(ctx, "describe "+object, object); err != nil && connector.FaultOf(err) != connector.Forbidden {
			return err
		}
	}
	return nil
}
