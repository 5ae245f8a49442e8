package engine

import (
	"strings"

	"crosswalk/internal/mapping"
	"crosswalk/internal/record"
)

// Look is what one match rule found, in the order in which the rules were tried: why tells it of each decision that matching led to
// (SalesPad's Company Link Trace). Names of fields and ids of records, never values.
type Look struct {
	Mapping string   `json:"mapping"`        // whose rule it is
	Rule    string   `json:"rule"`           // email = Email, case_insensitive
	Hits    int      `json:"hits,omitempty"` // records that it found, as far as they are known one by one
	Of      []string `json:"of,omitempty"`   // three of them at most, by id
	Saw     string   `json:"saw,omitempty"`  // blank, many or claim; "" says nothing more
}

const (
	sawBlank = "blank" // the record has no value for the rule
	sawMany  = "many"  // more have the value than a key remembers
	sawClaim = "claim" // another record is just being carried over with the value
)

// A decision keeps so many looks, each with so many ids: what a person reads, and a few hundred bytes at most before they are packed.
const (
	maxLooks  = 12
	maxLookOf = 3
)

func saw(many bool) string {
	if many {
		return sawMany
	}
	return ""
}

// looked notes what a rule found for an item.
func (i *item) looked(m *Active, rule mapping.MatchRule, hits []*record.Record, saw string) {
	if len(i.looks) >= maxLooks {
		return
	}
	l := Look{Mapping: m.Name, Rule: strings.Join(rule.A, " + ") + " = " + rule.B, Hits: len(hits), Saw: saw}
	if rule.Compare != "" && rule.Compare != "exact" {
		l.Rule += ", " + rule.Compare
	}
	for _, h := range hits[:min(len(hits), maxLookOf)] {
		l.Of = append(l.Of, h.Ref.ID)
	}
	i.looks = append(i.looks, l)
}
