package hubspottest

import (
	"maps"
	"slices"
	"strconv"
	"time"
)

// Record is a record as the portal holds it, for an outsider's check: no lag, no
// staleness, archived and merged ones too.
type Record struct {
	Type, ID             string
	Properties           map[string]string
	Archived             bool
	MergedInto           string              // id of the surviving record, "" if not merged
	Associations         map[string][]string // object type -> ids, ascending
	PrimaryCompany       string
	CreatedAt, UpdatedAt time.Time
}

// Records lists all records of a type in order of creation, nil for an unknown
// type. Records that were gdpr-deleted are not in it.
func (s *Sim) Records(objectType string) []Record {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle()
	k := s.kind(objectType)
	if k == nil {
		return nil
	}
	var out []Record
	for _, id := range k.order {
		if r := k.records[id]; !r.gone {
			out = append(out, s.inspect(r))
		}
	}
	return out
}

// Record gives one record by id, false if there is none. Merged ids give the old
// record with MergedInto set.
func (s *Sim) Record(objectType, id string) (Record, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle()
	n, err := strconv.ParseInt(id, 10, 64)
	k := s.kind(objectType)
	if err != nil || k == nil || k.records[n] == nil || k.records[n].gone {
		return Record{}, false
	}
	return s.inspect(k.records[n]), true
}

func (s *Sim) inspect(r *record) Record {
	out := Record{Type: r.kind.name, ID: r.text(), Properties: maps.Clone(r.props), Archived: r.archived, Associations: map[string][]string{}, CreatedAt: r.created, UpdatedAt: r.updated}
	if r.mergedInto != 0 {
		out.MergedInto = strconv.FormatInt(r.mergedInto, 10)
	}
	for _, k := range s.kinds {
		for _, o := range s.linked(r, k) {
			out.Associations[k.name] = append(out.Associations[k.name], o.text())
		}
	}
	if c := s.primary(r, s.kind("companies")); c != nil {
		out.PrimaryCompany = c.text()
	}
	return out
}

// Find gives the live records of a type whose property has exactly this value.
func (s *Sim) Find(objectType, property, value string) []Record {
	return slices.DeleteFunc(s.Records(objectType), func(r Record) bool {
		return r.Archived || r.MergedInto != "" || r.Properties[property] != value
	})
}
