package salespad

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
)

//go:embed profile.json
var defaultProfile []byte

// Confidence says how a part of the profile is known (fact sheet, marks C, P and I).
type Confidence string

const (
	Confirmed Confidence = "confirmed"
	Partial   Confidence = "partial"
	Inferred  Confidence = "inferred"
)

// Profile is what may differ between installs, as data. The zero value is no profile: LoadProfile gives the one of this
// package with a connection's own laid over it.
type Profile struct {
	Session       string `json:"session"`       // permanent, or seat: a session that dies idle and takes a seat (fact sheet 2)
	Unaddressable string `json:"unaddressable"` // characters that a key may not have in a path (fact sheet 4)
	Or            bool   `json:"or"`            // the filter knows or: several keys in one call; else one by one
	Between       bool   `json:"between"`       // the filter compares texts with ge and le: keys that stand close together are read by the page
	Conditions    int    `json:"conditions"`    // comparisons in one filter; ASP.NET counts 100 nodes, four a comparison
	QueryLength   int    `json:"query_length"`  // bytes of a query; IIS takes 2,048
	Page          int    `json:"page"`          // rows of one page; no maximum is published, clients use 100
	Forward       string `json:"forward"`       // endpoint, batch (writes the next queue, past the workflow's rules) or none (fact sheet 6)
	Rollback      string `json:"rollback"`      // delete, inactivate or keep: what becomes of a customer whose addresses were refused

	Objects map[string]*Object `json:"objects"`
	Tables  map[string]*Lookup `json:"tables"`
}

// Object is one kind of record: where it lives and what is known of it.
type Object struct {
	Label      string     `json:"label"`
	Entity     string     `json:"entity"`     // SalesPad's own name, as permissions say it
	List       string     `json:"list"`       // resource below /api/ that lists it
	One        string     `json:"one"`        // resource that has one record by its key in the path, and takes writes; "" for none
	ByFilter   bool       `json:"by_filter"`  // one record is read by a filter although it has a path
	History    string     `json:"history"`    // resource that lists void and posted ones too, but no user fields
	Confidence Confidence `json:"confidence"` // of the resource
	Key        []string   `json:"key"`
	Numbers    []string   `json:"numbers"` // parts of the key that are whole numbers
	Parent     string     `json:"parent"`  // object whose key begins ours, or is one of our fields

	Stamp    string   `json:"stamp"`    // UTC stamp that every write moves; "" where there is none: feeds sweep
	Window   []string `json:"window"`   // day stamps that bound a sweep
	Modified []string `json:"modified"` // fields of the modified stamp, best first; none: Stamp
	Created  string   `json:"created"`
	Archived string   `json:"archived"` // bool field of a record that is not to be used

	Marker     string   `json:"marker"`      // user field of our marker (A5); "" leaves unknown creates held
	Code       string   `json:"code"`        // part of the key that the caller chooses; made of the marker where it is absent
	CodePrefix string   `json:"code_prefix"` // of such a code
	Own        string   `json:"own"`         // code of the address that is the customer's own
	Moved      string   `json:"moved"`       // field that names where a record went
	MovedTo    string   `json:"moved_to"`    // object it went to
	Children   string   `json:"children"`    // object of the records that a create may bring along
	Lines      string   `json:"lines"`       // object of the records inside this one
	Queue      string   `json:"queue"`       // field of the workflow queue
	State      string   `json:"state"`       // field that tells open from void documents
	Open       string   `json:"open"`        // its value of open ones
	Void       string   `json:"void"`        // its value of void ones
	Search     *Search  `json:"search"`      // a list joined with address data
	Actions    []string `json:"actions"`

	Create Confidence `json:"create"` // "" cannot
	Update Confidence `json:"update"`
	Delete Confidence `json:"delete"`

	Whole  bool     `json:"whole"` // a PUT replaces the record: what is not sent is lost, so the record as read is sent along
	Fields []Field  `json:"fields"`
	Drop   []string `json:"drop,omitempty"` // of a connection's own profile: fields this install has not

	name string
}

// Search is a list that can be asked for fields the object itself has not.
type Search struct {
	List   string   `json:"list"`
	Fields []string `json:"fields"`
}

// Lookup is a reference table: a list read whole (Key), the distinct values of a field (Field), or rows given by hand.
type Lookup struct {
	List       string      `json:"list"`
	Field      string      `json:"field"`
	Key        []string    `json:"key"`
	Label      string      `json:"label"`
	Attrs      []string    `json:"attrs"`
	Bare       bool        `json:"bare"` // the list takes no parameters and comes whole
	Rows       []LookupRow `json:"rows"`
	Confidence Confidence  `json:"confidence"`
}

// LookupRow is a row that an install's profile gives, for values the API does not tell.
type LookupRow struct {
	Key   string            `json:"key"`
	Label string            `json:"label"`
	Attrs map[string]string `json:"attrs,omitempty"`
}

const (
	sessionPermanent, sessionSeat                   = "permanent", "seat"
	forwardEndpoint, forwardBatch, forwardNone      = "endpoint", "batch", "none"
	rollbackDelete, rollbackInactivate, rollbackNot = "delete", "inactivate", "keep"
)

// LoadProfile gives the profile of this package with a connection's own laid over it: what that says replaces what stands
// here, field by field; its fields are added, or replace those of the same name, and drop takes fields away. Its error names
// the place and the fix.
func LoadProfile(own []byte) (*Profile, error) {
	p := &Profile{Objects: map[string]*Object{}, Tables: map[string]*Lookup{}}
	if err := p.lay(defaultProfile); err != nil {
		return nil, fmt.Errorf("the profile of this package: %w", err)
	}
	if len(bytes.TrimSpace(own)) > 0 {
		if err := p.lay(own); err != nil {
			return nil, err
		}
	}
	return p, p.check()
}

// Seat tells whether this install's sessions take a seat: what SessionsConfig.Seat is to be.
func (p *Profile) Seat() bool { return p.Session == sessionSeat }

// layer is a profile as it is written, its objects and tables still to be laid over those known.
type layer struct {
	*plainProfile
	Objects map[string]json.RawMessage `json:"objects"`
	Tables  map[string]json.RawMessage `json:"tables"`
}

type plainProfile Profile

func (p *Profile) lay(text []byte) error {
	over := layer{plainProfile: (*plainProfile)(p)}
	if err := strict(text, &over); err != nil {
		return fmt.Errorf("profile: %w", err)
	}
	for _, name := range slices.Sorted(maps.Keys(over.Objects)) {
		o := p.Objects[name]
		if o == nil {
			o = &Object{name: name}
			p.Objects[name] = o
		}
		before := o.Fields
		o.Fields, o.Drop = nil, nil
		if err := strict(over.Objects[name], o); err != nil {
			return fmt.Errorf("profile: objects.%s: %w", name, err)
		}
		o.Fields = laid(before, o.Fields, o.Drop)
	}
	for _, name := range slices.Sorted(maps.Keys(over.Tables)) {
		t := &Lookup{}
		if err := strict(over.Tables[name], t); err != nil {
			return fmt.Errorf("profile: tables.%s: %w", name, err)
		}
		p.Tables[name] = t
	}
	return nil
}

func strict(text []byte, out any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	return d.Decode(out)
}

// laid gives the fields with others over them.
func laid(under, over []Field, drop []string) []Field {
	var out []Field
	for _, f := range under {
		if !slices.Contains(drop, f.Name) && !slices.ContainsFunc(over, func(g Field) bool { return g.Name == f.Name }) {
			out = append(out, f)
		}
	}
	return append(out, over...)
}

var (
	nameForm     = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,63}$`) })
	resourceForm = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*(/[A-Za-z][A-Za-z0-9_]*)*$`) })
)

// check says what of a profile cannot be: every name of it may become part of a path or a filter.
func (p *Profile) check() error {
	switch {
	case !slices.Contains([]string{sessionPermanent, sessionSeat}, p.Session):
		return fmt.Errorf("profile: session %q: use permanent or seat", p.Session)
	case !slices.Contains([]string{forwardEndpoint, forwardBatch, forwardNone}, p.Forward):
		return fmt.Errorf("profile: forward %q: use endpoint, batch or none", p.Forward)
	case !slices.Contains([]string{rollbackDelete, rollbackInactivate, rollbackNot}, p.Rollback):
		return fmt.Errorf("profile: rollback %q: use delete, inactivate or keep", p.Rollback)
	case p.Page < 1 || p.Page > 1000:
		return fmt.Errorf("profile: page %d: use 1 to 1000 rows", p.Page)
	case p.Conditions < 4 || p.QueryLength < 500:
		return fmt.Errorf("profile: conditions at least 4, query_length at least 500")
	}
	for name, o := range p.Objects {
		if err := o.check(p); err != nil {
			return fmt.Errorf("profile: objects.%s.%w", name, err)
		}
	}
	for name, t := range p.Tables {
		if err := t.check(); err != nil {
			return fmt.Errorf("profile: tables.%s.%w", name, err)
		}
	}
	return nil
}

func (o *Object) check(p *Profile) error {
	for _, r := range []string{o.List, o.One, o.History} {
		if r != "" && !resourceForm().MatchString(r) || o.List == "" {
			return fmt.Errorf("list, one: %q is not a resource; write it as it stands after /api/", r)
		}
	}
	if o.Search != nil && !resourceForm().MatchString(o.Search.List) {
		return fmt.Errorf("search.list: %q is not a resource", o.Search.List)
	}
	if len(o.Key) == 0 {
		return fmt.Errorf("key: name the fields of the key")
	}
	for _, named := range slices.Concat(o.Key, o.Window, o.Modified, []string{o.Stamp, o.Created, o.Archived, o.Code, o.Moved, o.Queue, o.State}) {
		if _, ok := o.field(named); named != "" && !ok {
			return fmt.Errorf("fields: %s is used and not listed", named)
		}
	}
	for _, other := range []string{o.Parent, o.MovedTo, o.Children, o.Lines} {
		if other != "" && p.Objects[other] == nil {
			return fmt.Errorf("parent, moved_to, children, lines: there is no object %q", other)
		}
	}
	for _, f := range o.Fields {
		if !nameForm().MatchString(f.Name) && !f.user() {
			return fmt.Errorf("fields: %q is not a name", f.Name)
		}
	}
	if o.Marker != "" && !nameForm().MatchString(o.Marker) {
		return fmt.Errorf("marker: %q is not a name", o.Marker)
	}
	return nil
}

func (t *Lookup) check() error {
	if len(t.Rows) == 0 && !resourceForm().MatchString(t.List) {
		return fmt.Errorf("list: %q is not a resource; write it as it stands after /api/, or give rows", t.List)
	}
	for _, name := range slices.Concat(t.Key, t.Attrs, []string{t.Field, t.Label}) {
		if name != "" && !nameForm().MatchString(name) {
			return fmt.Errorf("field, key, label, attrs: %q is not a name", name)
		}
	}
	if len(t.Rows) == 0 && t.Field == "" && len(t.Key) == 0 {
		return fmt.Errorf("key: name the field of the key, or field for its distinct values")
	}
	return nil
}

// userPrefix begins the names of user fields (fact sheet 5: UserFieldNames and UserFieldData).
const userPrefix = "UserFields."

// Field is one field as a profile writes it: "Name type width words". Types are text, number, integer, bool, date, utc (an
// instant), enum:A;B and ref:object. Words are required, readonly, createonly, unique, find (a filter may name it) and table:name.
type Field struct {
	Name, Type                                   string
	Width                                        int // characters, 0 is no limit known
	Options                                      []string
	References, Table                            string
	Required, ReadOnly, CreateOnly, Unique, Find bool
}

// UnmarshalJSON reads the line of a profile.
func (f *Field) UnmarshalJSON(raw []byte) error {
	var line string
	if err := json.Unmarshal(raw, &line); err != nil {
		return fmt.Errorf("fields: write each as a text, for example \"Short_Name text 15\"")
	}
	words := strings.Fields(line)
	if len(words) < 2 {
		return fmt.Errorf("fields: %q: write name, type and width, for example \"Short_Name text 15\"", line)
	}
	*f = Field{Name: words[0]}
	kind, rest, _ := strings.Cut(words[1], ":")
	switch kind {
	case "text", "number", "integer", "bool", "date", "utc":
	case "enum":
		f.Options = strings.Split(rest, ";")
	case "ref":
		f.References = rest
	default:
		return fmt.Errorf("fields: %s: there is no type %q", f.Name, words[1])
	}
	f.Type = kind
	for _, w := range words[2:] {
		if err := f.word(w); err != nil {
			return err
		}
	}
	return nil
}

func (f *Field) word(w string) error {
	table, isTable := strings.CutPrefix(w, "table:")
	switch {
	case isTable:
		f.Table = table
	case w == "required":
		f.Required = true
	case w == "readonly":
		f.ReadOnly = true
	case w == "createonly":
		f.CreateOnly = true
	case w == "unique":
		f.Unique = true
	case w == "find":
		f.Find = true
	default:
		if _, err := fmt.Sscanf(w, "%d", &f.Width); err != nil || f.Width < 1 || fmt.Sprint(f.Width) != w {
			return fmt.Errorf("fields: %s: %q is neither a width nor a word", f.Name, w)
		}
	}
	return nil
}

func (f Field) user() bool {
	name, ok := strings.CutPrefix(f.Name, userPrefix)
	return ok && userForm().MatchString(name)
}

// userForm is what a user field may be called.
var userForm = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_ -]{0,63}$`) })

// field finds a field by its name. A user field need not be listed: it is a text then.
func (o *Object) field(name string) (Field, bool) {
	for _, f := range o.Fields {
		if f.Name == name {
			return f, true
		}
	}
	f := Field{Name: name, Type: "text"}
	return f, f.user()
}

// markerField is the field of the marker as mappings and traits name it.
func (o *Object) markerField() string {
	if o.Marker == "" {
		return ""
	}
	return userPrefix + o.Marker
}
