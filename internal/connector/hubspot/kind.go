package hubspot

import (
	"slices"
	"strings"
)

// kind is one object type (fact sheet 4).
type kind struct {
	name     string // plural, the path segment and our object name
	singular string // in events and association type names
	typeID   string
	modified string // contacts differ from all others: the classic trap
	created  string
	group    string // property group for a field of ours
	page     bool   // has a page of its own in HubSpot
	custom   bool   // the account's own; typeID is empty until resolved
}

// segment names the kind in a path.
func (k kind) segment() string {
	if k.custom {
		return k.typeID
	}
	return k.name
}

// activity tells the kinds that share the scopes of contacts (fact sheet 2).
func (k kind) activity() bool { return !k.custom && strings.HasPrefix(k.created, "hs_") }

var kinds = []kind{
	{"contacts", "contact", "0-1", "lastmodifieddate", "createdate", "contactinformation", true, false},
	{"companies", "company", "0-2", "hs_lastmodifieddate", "createdate", "companyinformation", true, false},
	{"deals", "deal", "0-3", "hs_lastmodifieddate", "createdate", "dealinformation", true, false},
	{"products", "product", "0-7", "hs_lastmodifieddate", "createdate", "productinformation", true, false},
	{"line_items", "line_item", "0-8", "hs_lastmodifieddate", "createdate", "lineiteminformation", false, false},
	{"tasks", "task", "0-27", "hs_lastmodifieddate", "hs_createdate", "taskinformation", true, false},
	{"notes", "note", "0-46", "hs_lastmodifieddate", "hs_createdate", "noteinformation", true, false},
	{"meetings", "meeting", "0-47", "hs_lastmodifieddate", "hs_createdate", "meetinginformation", true, false},
	{"calls", "call", "0-48", "hs_lastmodifieddate", "hs_createdate", "callinformation", true, false},
	{"emails", "email", "0-49", "hs_lastmodifieddate", "hs_createdate", "emailinformation", true, false},
}

// mergedIDs holds, on the survivor of a merge, the ids of the records it was made of (fact sheet 4, Merge), with semicolons.
const mergedIDs = "hs_merged_object_ids"

// merges tells whether people can merge records of the kind; what comes of it has a new id.
func (k kind) merges() bool {
	return k.name == "contacts" || k.name == "companies" || k.name == "deals"
}

// kindBy finds a kind by a predicate; ok is false when HubSpot has it and we do not know it.
func kindBy(is func(kind) bool) (kind, bool) {
	i := slices.IndexFunc(kinds, is)
	if i < 0 {
		return kind{}, false
	}
	return kinds[i], true
}

func kindNamed(name string) (kind, bool) {
	return kindBy(func(k kind) bool { return k.name == name || k.singular == name })
}

func kindOfType(typeID string) (kind, bool) {
	return kindBy(func(k kind) bool { return k.typeID == typeID })
}

// pair is a direction of association.
type pair struct{ from, to string }

// joint holds the type ids of a direction (fact sheet 5); primary is 0 where there is none. Pairs with custom objects
// have ids of the account's own and are associated by default, which needs none.
type joint struct{ plain, primary int }

var joints = map[pair]joint{
	{"contacts", "companies"}:  {279, 1},
	{"companies", "contacts"}:  {280, 0},
	{"deals", "companies"}:     {341, 5},
	{"companies", "deals"}:     {342, 0},
	{"deals", "contacts"}:      {3, 0},
	{"contacts", "deals"}:      {4, 0},
	{"line_items", "deals"}:    {20, 0},
	{"deals", "line_items"}:    {19, 0},
	{"companies", "companies"}: {450, 0},
	{"contacts", "contacts"}:   {449, 0},
	{"deals", "deals"}:         {451, 0},
	{"notes", "contacts"}:      {202, 0},
	{"contacts", "notes"}:      {201, 0},
	{"notes", "companies"}:     {190, 0},
	{"companies", "notes"}:     {189, 0},
	{"notes", "deals"}:         {214, 0},
	{"deals", "notes"}:         {213, 0},
	{"tasks", "contacts"}:      {204, 0},
	{"contacts", "tasks"}:      {203, 0},
	{"tasks", "companies"}:     {192, 0},
	{"companies", "tasks"}:     {191, 0},
	{"tasks", "deals"}:         {216, 0},
	{"deals", "tasks"}:         {215, 0},
	{"meetings", "contacts"}:   {200, 0},
	{"contacts", "meetings"}:   {199, 0},
	{"meetings", "companies"}:  {188, 0},
	{"companies", "meetings"}:  {187, 0},
	{"meetings", "deals"}:      {212, 0},
	{"deals", "meetings"}:      {211, 0},
	{"calls", "contacts"}:      {194, 0},
	{"contacts", "calls"}:      {193, 0},
	{"calls", "companies"}:     {182, 0},
	{"companies", "calls"}:     {181, 0},
	{"calls", "deals"}:         {206, 0},
	{"deals", "calls"}:         {205, 0},
	{"emails", "contacts"}:     {198, 0},
	{"contacts", "emails"}:     {197, 0},
	{"emails", "companies"}:    {186, 0},
	{"companies", "emails"}:    {185, 0},
	{"emails", "deals"}:        {210, 0},
	{"deals", "emails"}:        {209, 0},
}
