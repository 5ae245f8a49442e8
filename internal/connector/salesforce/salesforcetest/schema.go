package salesforcetest

import (
	"fmt"
	"strings"
)

// Field defines a field of an object as describe shows it (section 5). The zero
// flags are a read-only field; see [Text], [Number] and the other makers for
// ordinary custom fields.
type Field struct {
	Name, Label string
	// Type is describe's: string, picklist, multipicklist, combobox, reference,
	// boolean, currency, textarea, int, double, percent, phone, id, date, datetime,
	// time, url, email, address.
	Type                     string
	Length                   int // text: most characters
	Precision, Scale, Digits int // numbers: Digits for int, the others for the rest

	Createable, Updateable, Nillable, DefaultedOnCreate bool
	ExternalID, IDLookup, Unique, CaseSensitive         bool
	NameField, Calculated, AutoNumber                   bool
	Restricted                                          bool // restrictedPicklist
	Unfilterable                                        bool

	Picklist          []PicklistValue
	Controller        string   // controlling field of a dependent picklist
	ReferenceTo       []string // objects a reference may point to
	Relationship      string   // name of the way up, "Account" for AccountId
	ChildRelationship string   // name of the way down at the parent, "Contacts"
	CascadeDelete     bool     // children go with the parent
	RestrictedDelete  bool     // a parent with children cannot be deleted
	Compound          string   // compoundFieldName
	ExtraType         string   // extraTypeInfo
	Default           any      // value at create when nothing is sent

	hidden   bool // field-level security hides it from the integration user
	readOnly bool // field-level security lets the integration user only read it
	sys      sysField
	indexed  bool
}

// PicklistValue is one entry of picklistValues.
type PicklistValue struct {
	Value, Label string
	Inactive     bool
	Default      bool
	ValidFor     []string // values of the controlling field it is valid for
}

// RecordType is one record type of an object.
type RecordType struct {
	ID, Name, DeveloperName string
	Inactive                bool
	Default                 bool
	Unavailable             bool // not assigned to the integration user
	Person                  bool // makes person accounts
}

// sysField marks the fields that every record keeps outside its values.
type sysField uint8

const (
	sysNone sysField = iota
	sysID
	sysIsDeleted
	sysCreatedDate
	sysCreatedByID
	sysLastModifiedDate
	sysLastModifiedByID
	sysSystemModstamp
)

var sysFields = map[string]sysField{
	"Id": sysID, "IsDeleted": sysIsDeleted,
	"CreatedDate": sysCreatedDate, "CreatedById": sysCreatedByID,
	"LastModifiedDate": sysLastModifiedDate, "LastModifiedById": sysLastModifiedByID,
	"SystemModstamp": sysSystemModstamp,
}

func (f *Field) custom() bool {
	return strings.HasSuffix(f.Name, "__c") || strings.HasSuffix(f.Name, "__pc")
}

func (f *Field) text() bool {
	switch f.Type {
	case "string", "picklist", "multipicklist", "combobox", "textarea", "phone", "url", "email", "encryptedstring":
		return true
	}
	return false
}

func (f *Field) number() bool {
	switch f.Type {
	case "int", "double", "currency", "percent", "long":
		return true
	}
	return false
}

func (f *Field) lookup() bool { return f.ExternalID || f.IDLookup }

// required says that a create must send the field: describe has no flag for it.
func (f *Field) required() bool {
	return !f.Nillable && f.Createable && !f.DefaultedOnCreate && f.Type != "boolean"
}

func (f *Field) pick(value string) *PicklistValue {
	for i := range f.Picklist {
		if strings.EqualFold(f.Picklist[i].Value, value) {
			return &f.Picklist[i]
		}
	}
	return nil
}

// Object defines an object for [Sim.AddObject].
type Object struct {
	Name, Label, LabelPlural, KeyPrefix string
	Fields                              []Field // besides the system fields, OwnerId and Name
	NoOwner                             bool    // detail of a master-detail relationship
}

// object is a definition and its records.
type object struct {
	Name, Label, LabelPlural, KeyPrefix string

	createable, updateable, deletable, queryable, undeletable  bool
	mergeable, replicateable, searchable, triggerable          bool
	feedEnabled, custom, layoutable, mruEnabled, deepCloneable bool

	fields      []*Field
	byName      map[string]*Field // lower case
	recordTypes []RecordType
	access      Access // of the integration user
	store
}

func (o *object) field(name string) *Field { return o.byName[strings.ToLower(name)] }

// must gives a field that the object's own rules rely on.
func (o *object) must(name string) *Field {
	f := o.field(name)
	if f == nil {
		panic(fmt.Sprintf("salesforcetest: %s has no field %s", o.Name, name))
	}
	return f
}

// visible gives a field that the integration user may see.
func (o *object) visible(name string) *Field {
	if f := o.field(name); f != nil && !f.hidden {
		return f
	}
	return nil
}

// add puts a field at the end of the list, or replaces one of the same name.
func (o *object) add(f Field) *Field {
	p := &f
	if p.Label == "" {
		p.Label = p.Name
	}
	p.sys = sysFields[p.Name]
	p.indexed = p.lookup() || p.Unique || p.ChildRelationship != ""
	key := strings.ToLower(p.Name)
	if old := o.byName[key]; old != nil {
		for i := range o.fields {
			if o.fields[i] == old {
				o.fields[i] = p
			}
		}
	} else {
		o.fields = append(o.fields, p)
	}
	o.byName[key] = p
	return p
}

func (o *object) drop(name string) bool {
	key := strings.ToLower(name)
	f := o.byName[key]
	if f == nil {
		return false
	}
	delete(o.byName, key)
	for i := range o.fields {
		if o.fields[i] == f {
			o.fields = append(o.fields[:i:i], o.fields[i+1:]...)
			break
		}
	}
	return true
}

func (o *object) recordType(id string) *RecordType {
	for i := range o.recordTypes {
		if o.recordTypes[i].ID == id {
			return &o.recordTypes[i]
		}
	}
	return nil
}

// masterRecordType is the id of the master record type in every org.
const masterRecordType = "012000000000000AAA"

// object finds a definition by name in any case.
func (s *Sim) object(name string) *object { return s.objects[strings.ToLower(name)] }

// objectOf finds the definition that an id belongs to.
func (s *Sim) objectOf(id string) *object {
	if len(id) < 3 {
		return nil
	}
	return s.prefixes[id[:3]]
}

func (s *Sim) addObject(o *object) {
	s.objects[strings.ToLower(o.Name)] = o
	s.order = append(s.order, o)
	if o.KeyPrefix != "" {
		s.prefixes[o.KeyPrefix] = o
	}
}
