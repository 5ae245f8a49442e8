package hubspottest

import (
	"slices"
	"strings"
)

// kind is one object type of the portal (section 4, "Type ids") with all that
// belongs to it: definitions, pipelines, records.
type kind struct {
	id        string // "0-3"
	name      string // "deals": the path segment
	singular  string // "deal": association type names, error contexts, webhook events
	inline    string // key under `associations` of a record; "line items" has a space
	created   string // createdate or hs_createdate
	modified  string // lastmodifieddate for contacts, hs_lastmodifieddate for all others
	defaults  []string
	scope     string // crm.objects.deals
	mergeable bool
	required  []string // all of these on create
	anyOf     []string // one of these on create
	search    []string // properties that `query` looks at
	echo      []string // properties that an update answers besides what it wrote (recorded)

	properties map[string]*property
	propOrder  []string
	groups     []*propertyGroup
	pipelines  []*pipeline
	stageProp  string // dealstage; "" = no pipelines
	pipeProp   string

	custom *schema // of a custom object; nil for the vendor's own

	records map[int64]*record
	order   []int64 // ids ascending = creation order
	nextID  int64
	unique  map[string]map[string]int64 // unique property -> folded value -> id
}

// label is the upper-case name in error messages: CONTACT, LINE_ITEM.
func (k *kind) label() string { return strings.ToUpper(k.singular) }

// kind finds an object type by id, plural or singular name, in any case, as the
// vendor does (recorded calls use "COMPANY", "Deal", "contacts").
func (s *Sim) kind(name string) *kind { return s.names[strings.ToLower(name)] }

func (s *Sim) addKinds() {
	for _, k := range kindTable() {
		s.addKind(k)
		if k.name == "products" {
			for _, cur := range append([]string{s.cfg.Currency}, s.cfg.AdditionalCurrencies...) {
				k.define(hubspotProperty(k, "hs_price_"+strings.ToLower(cur), "number", "number"))
			}
		}
	}
}

// addKind gives an object type its definitions and an empty store.
func (s *Sim) addKind(k *kind) {
	k.properties = map[string]*property{}
	k.records = map[int64]*record{}
	k.unique = map[string]map[string]int64{}
	// Every type starts at the same id: an id is unique within its type only.
	k.nextID = 9_100_000_001 + int64(s.cfg.Seed%1000)*1_000_000
	setDefault(&k.inline, k.name)
	for _, p := range definedProperties(k) {
		k.define(p)
	}
	s.kinds = append(s.kinds, k)
	for _, n := range []string{k.id, k.name, k.singular} {
		s.names[n] = k
	}
}

func (k *kind) define(p *property) {
	k.properties[p.Name] = p
	k.propOrder = append(k.propOrder, p.Name)
	if p.HasUniqueValue {
		k.unique[p.Name] = map[string]int64{}
	}
	if !slices.ContainsFunc(k.groups, func(g *propertyGroup) bool { return g.Name == p.GroupName }) {
		k.groups = append(k.groups, &propertyGroup{Name: p.GroupName, Label: p.GroupName, DisplayOrder: len(k.groups)})
	}
}

// newID hands out the next id with a gap, so that nobody counts on neighbours.
func (s *Sim) newID(k *kind) int64 {
	k.nextID += 1 + s.rng.Int64N(97)
	return k.nextID
}

func kindTable() []*kind {
	dated := func(first ...string) []string {
		return append(first, "createdate", "hs_lastmodifieddate", "hs_object_id")
	}
	activity := []string{"hs_createdate", "hs_lastmodifieddate", "hs_object_id"}
	return []*kind{
		{id: "0-1", name: "contacts", singular: "contact", created: "createdate", modified: "lastmodifieddate",
			defaults: []string{"createdate", "email", "firstname", "hs_object_id", "lastmodifieddate", "lastname"},
			scope:    "crm.objects.contacts", mergeable: true, anyOf: []string{"email", "firstname", "lastname"},
			search: []string{"firstname", "lastname", "email", "phone", "company"}, echo: []string{"hs_pipeline", "lifecyclestage"}},
		{id: "0-2", name: "companies", singular: "company", created: "createdate", modified: "hs_lastmodifieddate",
			defaults: dated("name", "domain"), scope: "crm.objects.companies", mergeable: true, anyOf: []string{"name", "domain"},
			search: []string{"name", "domain", "website", "phone"}, echo: []string{"hs_pipeline", "lifecyclestage"}},
		{id: "0-3", name: "deals", singular: "deal", created: "createdate", modified: "hs_lastmodifieddate",
			defaults: dated("dealname", "amount", "closedate", "pipeline", "dealstage"), scope: "crm.objects.deals", mergeable: true,
			required: []string{"dealname", "dealstage"}, stageProp: "dealstage", pipeProp: "pipeline",
			search: []string{"dealname", "description", "dealtype"}, echo: []string{"pipeline", "dealstage"}},
		{id: "0-7", name: "products", singular: "product", created: "createdate", modified: "hs_lastmodifieddate",
			defaults: dated("name", "description", "price"), scope: "crm.objects.products", required: []string{"name"},
			search: []string{"name", "description", "price", "hs_sku"}},
		{id: "0-8", name: "line_items", singular: "line_item", inline: "line items", created: "createdate", modified: "hs_lastmodifieddate",
			defaults: dated("quantity", "amount", "price"), scope: "crm.objects.line_items", search: []string{"name", "hs_sku"}},
		{id: "0-5", name: "tickets", singular: "ticket", created: "createdate", modified: "hs_lastmodifieddate",
			defaults: dated("subject", "content", "hs_pipeline", "hs_pipeline_stage", "hs_ticket_priority", "hs_ticket_category"), scope: "tickets", mergeable: true,
			required: []string{"hs_pipeline_stage"}, stageProp: "hs_pipeline_stage", pipeProp: "hs_pipeline", search: []string{"subject", "content"}, echo: []string{"hs_pipeline", "hs_pipeline_stage"}},
		{id: "0-27", name: "tasks", singular: "task", created: "hs_createdate", modified: "hs_lastmodifieddate", defaults: activity,
			scope: "crm.objects.contacts", required: []string{"hs_timestamp"}, search: []string{"hs_task_subject", "hs_task_body"},
			echo: []string{"hs_timestamp", "hs_task_type", "hubspot_owner_id", "hs_pipeline", "hs_pipeline_stage"}},
		{id: "0-47", name: "meetings", singular: "meeting", created: "hs_createdate", modified: "hs_lastmodifieddate", defaults: activity,
			scope: "crm.objects.contacts", required: []string{"hs_timestamp"}, search: []string{"hs_meeting_title", "hs_meeting_body"}},
		{id: "0-46", name: "notes", singular: "note", created: "hs_createdate", modified: "hs_lastmodifieddate", defaults: activity,
			scope: "crm.objects.contacts", required: []string{"hs_timestamp"}, search: []string{"hs_note_body"}},
		{id: "0-48", name: "calls", singular: "call", created: "hs_createdate", modified: "hs_lastmodifieddate", defaults: activity,
			scope: "crm.objects.contacts", required: []string{"hs_timestamp"}, search: []string{"hs_call_title", "hs_call_body"}},
		{id: "0-49", name: "emails", singular: "email", created: "hs_createdate", modified: "hs_lastmodifieddate", defaults: activity,
			scope: "crm.objects.contacts", required: []string{"hs_timestamp", "hs_email_direction"}, search: []string{"hs_email_subject"}},
	}
}
