package salesforcetest

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
	"time"
)

func (s *Sim) addDescribeRoutes() {
	s.handle("GET", "/sobjects", describeGlobal)
	s.handle("GET", "/sobjects/{object}/describe", describeObject)
}

func describeGlobal(s *Sim, q *request) (answer, *apiError) {
	latest := time.Time{}
	for _, at := range s.modified {
		if at.After(latest) {
			latest = at
		}
	}
	if a, done := unchanged(q, latest); done {
		return a, nil
	}
	list := []pairs{}
	for _, o := range sortedObjects(s.order) {
		if s.may(q.user, o) {
			list = append(list, s.objectSummary(q, o))
		}
	}
	return stamped(ok(pairs{{"encoding", "UTF-8"}, {"maxBatchSize", 200}, {"sobjects", list}}), latest), nil
}

func sortedObjects(list []*object) []*object {
	out := slices.Clone(list)
	slices.SortFunc(out, func(a, b *object) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// unchanged answers 304 to If-Modified-Since (section 5).
func unchanged(q *request, at time.Time) (answer, bool) {
	since, err := http.ParseTime(q.Header.Get("If-Modified-Since"))
	if err != nil || at.After(since) {
		return answer{}, false
	}
	return stamped(answer{status: http.StatusNotModified}, at), true
}

func stamped(a answer, at time.Time) answer {
	return a.with("Last-Modified", at.UTC().Format(http.TimeFormat)).with("ETag", `"`+at.UTC().Format("02150405")+`"`)
}

func (s *Sim) objectSummary(q *request, o *object) pairs {
	prefix := any(o.KeyPrefix)
	if o.KeyPrefix == "" {
		prefix = nil
	}
	can := Access{}
	if q.user == s.integration {
		can = o.access
	}
	out := pairs{
		{"activateable", false}, {"associateEntityType", nil}, {"associateParentEntity", nil}, {"createable", o.createable && !can.NoCreate}, {"custom", o.custom}, {"customSetting", false}, {"deepCloneable", o.deepCloneable},
		{"deletable", o.deletable && !can.NoDelete}, {"deprecatedAndHidden", false}, {"feedEnabled", o.feedEnabled}, {"hasSubtypes", false}, {"isInterface", false}, {"isSubtype", false},
		{"keyPrefix", prefix}, {"label", o.Label}, {"labelPlural", o.LabelPlural}, {"layoutable", o.layoutable}, {"mergeable", o.mergeable}, {"mruEnabled", o.mruEnabled},
		{"name", o.Name}, {"queryable", o.queryable}, {"replicateable", o.replicateable}, {"retrieveable", true}, {"searchable", o.searchable}, {"triggerable", o.triggerable},
		{"undeletable", o.undeletable}, {"updateable", o.updateable && !can.NoEdit},
	}
	base := q.root() + "/sobjects/" + o.Name
	urls := pairs{{"compactLayouts", base + "/describe/compactLayouts"}, {"rowTemplate", base + "/{ID}"}}
	for _, path := range []string{"approvalLayouts", "listviews", "describe", "quickActions", "layouts"} {
		where := "/" + path
		if strings.HasSuffix(path, "ayouts") {
			where = "/describe/" + path
		}
		urls.add(path, base+where)
	}
	urls.add("sobject", base)
	out.add("urls", urls)
	return out
}

func describeObject(s *Sim, q *request) (answer, *apiError) {
	o, e := s.theObject(q)
	if e != nil {
		return answer{}, e
	}
	at := s.modified[strings.ToLower(o.Name)]
	if a, done := unchanged(q, at); done {
		return a, nil
	}
	out := pairs{{"actionOverrides", []any{}}}
	for _, kv := range s.objectSummary(q, o) {
		if kv.key == "urls" {
			continue
		}
		out = append(out, kv)
	}
	fields := []pairs{}
	for _, f := range o.fields {
		if s.sees(q.user, f) {
			fields = append(fields, s.describeField(q, o, f))
		}
	}
	out = append(out, pairs{
		{"childRelationships", s.childRelationships(o)}, {"compactLayoutable", o.layoutable}, {"defaultImplementation", nil}, {"extendedBy", nil}, {"extendsInterfaces", nil},
		{"fields", fields}, {"implementedBy", nil}, {"implementsInterfaces", nil}, {"listviewable", nil}, {"lookupLayoutable", nil}, {"namedLayoutInfos", []any{}},
		{"networkScopeFieldName", nil}, {"recordTypeInfos", s.recordTypeInfos(q, o)}, {"searchLayoutable", o.searchable}, {"sobjectDescribeOption", "FULL"},
		{"supportedScopes", []pairs{{{"label", "All " + strings.ToLower(o.LabelPlural)}, {"name", "everything"}}, {{"label", "My " + strings.ToLower(o.LabelPlural)}, {"name", "mine"}}}},
		{"urls", s.describeURLs(q, o)},
	}...)
	return stamped(ok(out), at), nil
}

func (s *Sim) describeURLs(q *request, o *object) pairs {
	base, ui := q.root()+"/sobjects/"+o.Name, "https://"+s.cfg.MyDomain
	return pairs{{"compactLayouts", base + "/describe/compactLayouts"}, {"rowTemplate", base + "/{ID}"}, {"approvalLayouts", base + "/describe/approvalLayouts"},
		{"uiDetailTemplate", ui + "/{ID}"}, {"uiEditTemplate", ui + "/{ID}/e"}, {"listviews", base + "/listviews"}, {"describe", base + "/describe"},
		{"uiNewRecord", ui + "/" + o.KeyPrefix + "/e"}, {"quickActions", base + "/quickActions"}, {"layouts", base + "/describe/layouts"}, {"sobject", base}}
}

func (s *Sim) childRelationships(o *object) []pairs {
	out := []pairs{}
	for _, c := range sortedObjects(s.order) {
		for _, f := range c.fields {
			if f.Type != "reference" || !f.mayPointTo(o.Name) {
				continue
			}
			name := any(f.ChildRelationship)
			if f.ChildRelationship == "" {
				name = nil
			}
			out = append(out, pairs{{"cascadeDelete", f.CascadeDelete}, {"childSObject", c.Name}, {"deprecatedAndHidden", false}, {"field", f.Name},
				{"junctionIdListNames", []any{}}, {"junctionReferenceTo", []any{}}, {"relationshipName", name}, {"restrictedDelete", f.RestrictedDelete}})
		}
	}
	return out
}

func (s *Sim) recordTypeInfos(q *request, o *object) []pairs {
	out := []pairs{}
	some := false
	info := func(rt RecordType, master bool) pairs {
		return pairs{{"active", !rt.Inactive}, {"available", !rt.Unavailable || q.user != s.integration}, {"defaultRecordTypeMapping", rt.Default}, {"developerName", rt.DeveloperName},
			{"master", master}, {"name", rt.Name}, {"recordTypeId", rt.ID}, {"urls", pairs{{"layout", q.root() + "/sobjects/" + o.Name + "/describe/layouts/" + rt.ID}}}}
	}
	for _, rt := range o.recordTypes {
		some = some || rt.Default
		out = append(out, info(rt, false))
	}
	if !o.layoutable || o.Name == "OpportunityContactRole" {
		return out
	}
	return append(out, info(RecordType{ID: masterRecordType, Name: "Master", DeveloperName: "Master", Default: !some}, true))
}

func (s *Sim) describeField(q *request, o *object, f *Field) pairs {
	readOnly := f.readOnly && q.user == s.integration
	return pairs{
		{"aggregatable", !f.Unfilterable && f.Type != "boolean" && f.Type != "address"}, {"aiPredictionField", false}, {"autoNumber", f.AutoNumber},
		{"byteLength", f.byteLength()}, {"calculated", f.Calculated}, {"calculatedFormula", nil}, {"cascadeDelete", f.CascadeDelete && f.custom()},
		{"caseSensitive", f.CaseSensitive}, {"compoundFieldName", orNull(f.Compound)}, {"controllerName", orNull(f.Controller)}, {"createable", f.Createable && !readOnly},
		{"custom", f.custom()}, {"defaultValue", f.defaultValue()}, {"defaultValueFormula", nil}, {"defaultedOnCreate", f.DefaultedOnCreate},
		{"dependentPicklist", f.Controller != ""}, {"deprecatedAndHidden", false}, {"digits", f.Digits}, {"displayLocationInDecimal", false}, {"encrypted", false},
		{"externalId", f.ExternalID}, {"extraTypeInfo", orNull(f.ExtraType)}, {"filterable", !f.Unfilterable}, {"filteredLookupInfo", nil},
		{"formulaTreatNullNumberAsZero", false}, {"groupable", f.groupable()}, {"highScaleNumber", false}, {"htmlFormatted", false},
		{"idLookup", f.IDLookup || f.ExternalID}, {"inlineHelpText", nil}, {"label", f.Label}, {"length", f.Length}, {"mask", nil}, {"maskType", nil}, {"name", f.Name},
		{"nameField", f.NameField}, {"namePointing", len(f.ReferenceTo) > 1}, {"nillable", f.Nillable}, {"permissionable", f.permissionable()},
		{"picklistValues", s.describeValues(o, f)}, {"polymorphicForeignKey", len(f.ReferenceTo) > 1}, {"precision", f.Precision}, {"queryByDistance", f.Type == "address"},
		{"referenceTargetField", nil}, {"referenceTo", listOrEmpty(f.ReferenceTo)}, {"relationshipName", orNull(f.Relationship)}, {"relationshipOrder", nil},
		{"restrictedDelete", false}, {"restrictedPicklist", f.Restricted}, {"scale", f.Scale}, {"searchPrefilterable", false}, {"soapType", f.soapType()},
		{"sortable", !f.Unfilterable && f.Type != "address" && f.Type != "multipicklist"}, {"type", f.Type}, {"unique", f.Unique}, {"updateable", f.Updateable && !readOnly},
		{"writeRequiresMasterRead", false},
	}
}

func orNull(v string) any {
	if v == "" {
		return nil
	}
	return v
}

func listOrEmpty(v []string) []string {
	if v == nil {
		return []string{}
	}
	return v
}

// byteLength is three bytes a character for texts (recorded), one for ids.
func (f *Field) byteLength() int {
	if f.Type == "id" || f.Type == "reference" {
		return f.Length
	}
	return 3 * f.Length
}

func (f *Field) defaultValue() any {
	if b, isBool := f.Default.(bool); isBool {
		return b
	}
	if f.Type == "boolean" && f.sys == sysNone {
		return false
	}
	return nil
}

func (f *Field) groupable() bool {
	switch f.Type {
	case "double", "currency", "percent", "datetime", "address", "multipicklist":
		return false
	}
	return !f.Unfilterable
}

func (f *Field) permissionable() bool {
	return f.sys == sysNone && f.Nillable && (f.Createable || f.Updateable || f.custom())
}

func (f *Field) soapType() string {
	switch f.Type {
	case "id", "reference":
		return "tns:ID"
	case "boolean", "int", "date", "time":
		return "xsd:" + f.Type
	case "datetime":
		return "xsd:dateTime"
	case "double", "currency", "percent":
		return "xsd:double"
	case "address":
		return "urn:address"
	}
	return "xsd:string"
}

func (s *Sim) describeValues(o *object, f *Field) []pairs {
	out := []pairs{}
	for _, v := range f.Picklist {
		out = append(out, pairs{{"active", !v.Inactive}, {"defaultValue", v.Default}, {"label", v.Label}, {"validFor", validFor(o, f, v)}, {"value", v.Value}})
	}
	return out
}

// validFor is the bitmap over the controlling field's values: the highest bit of
// the first byte is the first value (section 5).
func validFor(o *object, f *Field, v PicklistValue) any {
	controller := o.field(f.Controller)
	if f.Controller == "" || controller == nil || v.ValidFor == nil {
		return nil
	}
	bits := make([]byte, (len(controller.Picklist)+7)/8)
	for i, c := range controller.Picklist {
		if slices.Contains(v.ValidFor, c.Value) {
			bits[i/8] |= 0x80 >> (i % 8)
		}
	}
	return base64.StdEncoding.EncodeToString(bits)
}
