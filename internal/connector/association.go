package connector

import "strings"

// Associations are read and written as fields of their own, so that one rule carries an association as it carries a value:
//
//	associations.OBJECT  every associated record of OBJECT: record.Many(ids), in order of id; a write sets exactly these, where nil
//	                     of the list takes every one away; associations that the system itself or another label keeps stay
//	primary.OBJECT       the one that is marked primary, or the only one: record.Of(id); a write makes it the primary one and keeps
//	                     the others
//
// They are asked for in ReadRequest.Fields and written in Write.Fields. A system that has lookups instead (AccountId) uses those
// for one record; its join records (OpportunityContactRole) are an association of what they join (Opportunity: associations.Contact).
const (
	AllOf     = "associations."
	PrimaryOf = "primary."
)

// AssociationField tells which object a field's name associates, and whether only the primary record is meant.
func AssociationField(name string) (object string, primary, ok bool) {
	if object, ok = strings.CutPrefix(name, AllOf); ok {
		return object, false, object != ""
	}
	object, ok = strings.CutPrefix(name, PrimaryOf)
	return object, true, ok && object != ""
}
