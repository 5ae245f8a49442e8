package salesforcetest

// ruleSet is what an object does by itself. before fills derived values and
// refuses; after does what follows from the write.
type ruleSet struct {
	before func(*tx, *draft) *apiError
	after  func(*tx, *draft, *record) *apiError
}

// objectRules holds the objects with rules of their own; it is never written.
var objectRules = map[string]ruleSet{
	"Account":                {before: beforeAccount, after: afterAccount},
	"Contact":                {before: beforeContact},
	"Lead":                   {before: beforeLead},
	"User":                   {before: beforeUser},
	"Opportunity":            {before: beforeOpportunity, after: afterOpportunity},
	"OpportunityContactRole": {before: beforeContactRole, after: afterContactRole},
	"OpportunityLineItem":    {before: beforeLine, after: afterLine},
	"Product2":               {after: afterProduct},
	"PricebookEntry":         {before: beforeEntry, after: afterEntry},
	"Task":                   {before: beforeTask},
	"Event":                  {before: beforeEvent},
	"CampaignMember":         {before: beforeMember, after: afterMember},
	"Campaign":               {after: afterCampaign},
	"Case":                   {before: beforeCase},
}

// derive writes values that follow from another record's change: the stamp moves.
func (t *tx) derive(r *record, values fields, system bool) {
	set := map[*Field]any{}
	for name, v := range values {
		if f := r.o.field(name); f != nil && r.get(f) != v {
			set[f] = v
		}
	}
	if len(set) > 0 {
		t.put(r, set, system)
	}
}

// children gives the live records that point at r through a field.
func (s *Sim) children(r *record, object, field string) []*record {
	o := s.object(object)
	if o == nil {
		return nil
	}
	f := o.field(field)
	if f == nil {
		return nil
	}
	return s.alive(o.having(f, r.id))
}

// at gives the record that an id points at, nil if there is none.
func (s *Sim) at(id string) *record {
	if len(id) < 15 {
		return nil
	}
	return s.records[id[:15]]
}

func integrity(field, why string) *apiError {
	return reject("FIELD_INTEGRITY_EXCEPTION", []string{field}, "field integrity exception: %s (%s)", field, why)
}
