package salesforcetest

import (
	"fmt"
	"strings"
)

// The methods of this file change the org as an admin does in Setup, under a live
// client: the next describe shows it. Names that do not exist are mistakes of the
// test and panic.

// Text is an ordinary custom text field.
func Text(name string, length int) Field {
	return Field{Name: name, Type: "string", Length: length, Createable: true, Updateable: true, Nillable: true}
}

// ExternalID is a text field that is a unique external id.
func ExternalID(name string, length int) Field {
	f := Text(name, length)
	f.ExternalID, f.Unique = true, true
	return f
}

// Number is an ordinary custom number field.
func Number(name string, precision, scale int) Field {
	return Field{Name: name, Type: "double", Precision: precision, Scale: scale, Createable: true, Updateable: true, Nillable: true}
}

// Money is a custom currency field.
func Money(name string, precision, scale int) Field {
	f := Number(name, precision, scale)
	f.Type = "currency"
	return f
}

// Checkbox is a custom boolean field.
func Checkbox(name string) Field {
	return Field{Name: name, Type: "boolean", Createable: true, Updateable: true, DefaultedOnCreate: true, Default: false}
}

// Date is a custom date field.
func Date(name string) Field {
	return Field{Name: name, Type: "date", Createable: true, Updateable: true, Nillable: true}
}

// Picklist is a custom picklist; restricted ones refuse other values.
func Picklist(name string, restricted bool, values ...string) Field {
	return Field{Name: name, Type: "picklist", Length: 255, Restricted: restricted, Picklist: Values(values...), Createable: true, Updateable: true, Nillable: true}
}

// Multipicklist is a custom multi-select picklist.
func Multipicklist(name string, restricted bool, values ...string) Field {
	f := Picklist(name, restricted, values...)
	f.Type, f.Length = "multipicklist", 4099
	return f
}

// Lookup is a custom reference: "Parent__c" is reached as Parent__r, and the
// records that point at a parent as children__r (child without the suffix).
func Lookup(name, to, child string) Field {
	f := Field{Name: name, Type: "reference", Length: 18, ReferenceTo: []string{to}, Relationship: strings.TrimSuffix(name, "__c") + "__r", Createable: true, Updateable: true, Nillable: true}
	if child != "" {
		f.ChildRelationship = strings.TrimSuffix(child, "__r") + "__r"
	}
	return f
}

// setup locks the org for one change of an object's schema.
func (s *Sim) setup(on string, change func(o *object)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.object(on)
	if o == nil {
		panic(fmt.Sprintf("salesforcetest: there is no object %q in this org", on))
	}
	change(o)
	s.schemaChanged(o)
}

func (s *Sim) schemaChanged(o *object) {
	s.modified[strings.ToLower(o.Name)] = s.now()
	for _, hook := range s.onSchema {
		hook()
	}
}

// AddField adds a field to an object, or replaces its definition.
func (s *Sim) AddField(on string, f Field) {
	s.setup(on, func(o *object) { o.rebuild(o.add(f)) })
}

// ChangeField changes the definition of a field: type, length, required (Nillable
// false), read-only.
func (s *Sim) ChangeField(on, field string, change func(*Field)) {
	s.setup(on, func(o *object) {
		f := *o.must(field)
		change(&f)
		hidden, readOnly := o.must(field).hidden, o.must(field).readOnly
		if !strings.EqualFold(f.Name, field) {
			o.drop(field)
		}
		p := o.add(f)
		p.hidden, p.readOnly = hidden, readOnly
		for _, r := range o.rows {
			for i := range r.cells {
				if strings.EqualFold(r.cells[i].f.Name, field) {
					r.cells[i].f = p
				}
			}
		}
		o.rebuild(p)
	})
}

// RemoveField deletes a field; its values are gone from every answer.
func (s *Sim) RemoveField(on, field string) {
	s.setup(on, func(o *object) {
		o.must(field)
		o.drop(field)
	})
}

// RenameField gives a field another API name; values stay.
func (s *Sim) RenameField(on, field, to string) {
	s.ChangeField(on, field, func(f *Field) { f.Name = to })
}

// SetPicklist replaces the values of a picklist; records keep what they have. A
// leading - makes a value inactive, a leading * the default.
func (s *Sim) SetPicklist(on, field string, values ...string) {
	s.setup(on, func(o *object) {
		var list []PicklistValue
		for _, v := range values {
			name, inactive := strings.CutPrefix(v, "-")
			entry := Values(name)[0]
			entry.Inactive = inactive
			list = append(list, entry)
		}
		o.must(field).Picklist = list
	})
}

// FLS is what field-level security lets the integration user do with a field.
type FLS int

// The three settings: FLSHidden fields vanish from describe and answer "No such
// column" (section 5).
const (
	FLSEdit FLS = iota
	FLSRead
	FLSHidden
)

// SetFLS sets the integration user's field-level security.
func (s *Sim) SetFLS(on, field string, access FLS) {
	s.setup(on, func(o *object) {
		f := o.must(field)
		f.hidden, f.readOnly = access == FLSHidden, access == FLSRead
	})
}

// Access is what the integration user may do with an object.
type Access struct{ NoRead, NoCreate, NoEdit, NoDelete bool }

// SetAccess sets the integration user's object permissions; an object that it may
// not read does not exist for it.
func (s *Sim) SetAccess(on string, a Access) {
	s.setup(on, func(o *object) { o.access = a })
}

// AddObject adds a custom object with Id, OwnerId, Name and the system fields.
func (s *Sim) AddObject(def Object) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if def.KeyPrefix == "" {
		s.counter++
		def.KeyPrefix = "a" + pad(int(s.counter%100), 2)
	}
	setDefault(&def.Label, def.Name)
	setDefault(&def.LabelPlural, def.Label+"s")
	table := "Id\n"
	if !def.NoOwner {
		table += "OwnerId | reference(Group User) | cud | Owner ID | rel=Owner\n"
	}
	table += "IsDeleted\nName | string(80) | cudlN | " + def.Label + " Name\nCreatedDate\nCreatedById\nLastModifiedDate\nLastModifiedById\nSystemModstamp\n"
	o := s.define(standardObject{def.Name, def.Label, def.LabelPlural, def.KeyPrefix, "cuxzrstfl", table})
	o.custom = true
	for _, f := range def.Fields {
		o.add(f)
	}
	if s.cfg.MultiCurrency {
		s.addCurrencyField(o)
	}
	s.schemaChanged(o)
}

// AddRecordType adds a record type and gives its id. The first one of an object
// brings the field RecordTypeId along.
func (s *Sim) AddRecordType(on string, rt RecordType) (id string) {
	s.setup(on, func(o *object) { id = s.addRecordType(o, rt) })
	return id
}

func (s *Sim) addRecordType(o *object, rt RecordType) string {
	t := s.begin(s.admin)
	setDefault(&rt.DeveloperName, strings.ReplaceAll(rt.Name, " ", "_"))
	r := s.plant(t, "RecordType", fields{"Name": rt.Name, "DeveloperName": rt.DeveloperName, "SobjectType": o.Name, "IsActive": !rt.Inactive, "IsPersonType": rt.Person})
	rt.ID = r.id
	if rt.Default {
		for i := range o.recordTypes {
			o.recordTypes[i].Default = false
		}
	}
	o.recordTypes = append(o.recordTypes, rt)
	if o.field("RecordTypeId") == nil {
		o.add(Field{Name: "RecordTypeId", Label: "Record Type ID", Type: "reference", Length: 18, ReferenceTo: []string{"RecordType"}, Relationship: "RecordType", Createable: true, Updateable: true, Nillable: true})
	}
	return rt.ID
}

// Stage defines an opportunity stage.
type Stage struct {
	Name             string
	Closed, Won      bool
	Inactive         bool
	Probability      int
	ForecastCategory string // name: Omitted, Pipeline, Best Case, Commit, Closed; default Pipeline, Closed when won
}

// SetStage adds a stage or changes one of the same name. Opportunities in it keep
// what they derived from it until they are saved again (section 17.2: stage-type
// changes emit nothing).
func (s *Sim) SetStage(st Stage) {
	if st.ForecastCategory == "" {
		st.ForecastCategory = "Pipeline"
		switch {
		case st.Won:
			st.ForecastCategory = "Closed"
		case st.Closed:
			st.ForecastCategory = "Omitted"
		}
	}
	s.setup("Opportunity", func(o *object) {
		t := s.begin(s.admin)
		row := stageRow{st.Name, st.Probability, st.Closed, st.Won, forecastCategories[st.ForecastCategory], st.ForecastCategory}
		r := s.stageOf(st.Name)
		if r == nil {
			r = s.plantStage(t, len(s.object("OpportunityStage").rows)+1, row)
		}
		t.derive(r, fields{"IsClosed": st.Closed, "IsWon": st.Won, "IsActive": !st.Inactive, "DefaultProbability": number(st.Probability),
			"ForecastCategory": row.category, "ForecastCategoryName": row.cat}, false)
		f := o.must("StageName")
		if p := f.pick(st.Name); p != nil {
			p.Inactive = st.Inactive
		} else {
			f.Picklist = append(f.Picklist, PicklistValue{Value: st.Name, Label: st.Name, Inactive: st.Inactive})
		}
	})
}

// AddUser adds an active user and gives its id.
func (s *Sim) AddUser(name, username string) (id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	first, last, found := strings.Cut(name, " ")
	if !found {
		first, last = "", name
	}
	values := fields{"Username": username, "LastName": last, "Name": name, "Email": username, "Alias": "user", "IsActive": true, "UserType": "Standard",
		"TimeZoneSidKey": "UTC", "LocaleSidKey": "en_US", "EmailEncodingKey": "UTF-8", "LanguageLocaleKey": "en_US"}
	if first != "" {
		values["FirstName"] = first
	}
	return s.plant(s.begin(s.admin), "User", values).id
}

// RelabelCountry edits what people see of a country; its code and integration value stay.
func (s *Sim) RelabelCountry(code, label string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.places == nil || s.places.country(code) == nil {
		panic(fmt.Sprintf("salesforcetest: there is no country %q in this org's picklists", code))
	}
	s.places.labels[strings.ToUpper(code)] = label
	for _, o := range s.order {
		for _, f := range o.fields {
			if p := f.pick(code); strings.HasSuffix(f.Name, "CountryCode") && p != nil {
				p.Label = label
				s.schemaChanged(o)
			}
		}
	}
}

// RenameCountry edits a country's integration value; records keep theirs and no
// change is told (section 15.5).
func (s *Sim) RenameCountry(code, integrationValue string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.places == nil || s.places.country(code) == nil {
		panic(fmt.Sprintf("salesforcetest: there is no country %q in this org's picklists", code))
	}
	s.places.rename(strings.ToUpper(code), integrationValue)
}
