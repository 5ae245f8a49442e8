package salesforcetest

import (
	"maps"
	"slices"
	"time"
)

// Record is a record as the org holds it, for an outsider's check: no lag, no
// field-level security, deleted and merged ones too.
type Record struct {
	Object, ID       string
	Values           map[string]any // every field by name: nil, bool, string or json.Number; dates and datetimes as the API shows them
	Deleted, Purged  bool
	MasterRecordID   string // the winner, "" if not merged away
	Created          time.Time
	LastModified     time.Time
	SystemModstamp   time.Time
	LastModifiedByID string
}

// Text is a value as text, "" when it is null.
func (r Record) Text(field string) string { return asText(r.Values[field]) }

func inspect(r *record) Record {
	return Record{Object: r.o.Name, ID: r.id, Values: r.values(), Deleted: r.deleted, Purged: r.purged, MasterRecordID: r.str("MasterRecordId"),
		Created: r.created, LastModified: r.modified, SystemModstamp: r.stamp, LastModifiedByID: r.modifiedBy}
}

// Get gives one record by a 15- or 18-character id, false if the object has none.
func (s *Sim) Get(object, id string) (Record, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, e := s.row(object, id)
	if e != nil {
		return Record{}, false
	}
	return inspect(r), true
}

// All gives the live records of an object in order of creation, nil for an
// unknown object.
func (s *Sim) All(object string) []Record {
	return slices.DeleteFunc(s.Everything(object), func(r Record) bool { return r.Deleted })
}

// Everything is All with the deleted ones.
func (s *Sim) Everything(object string) []Record {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.object(object)
	if o == nil {
		return nil
	}
	out := make([]Record, 0, len(o.rows))
	for _, r := range o.rows {
		out = append(out, inspect(r))
	}
	return out
}

// Find gives the live records whose field has exactly this text.
func (s *Sim) Find(object, field, value string) []Record {
	return slices.DeleteFunc(s.All(object), func(r Record) bool { return r.Text(field) != value })
}

// Count is the number of live records of an object.
func (s *Sim) Count(object string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.object(object)
	if o == nil {
		return 0
	}
	n := 0
	for _, r := range o.rows {
		if !r.deleted {
			n++
		}
	}
	return n
}

// SampleID gives the id of a record of Sample by its key, "" if there is none.
func (s *Sim) SampleID(key string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sample[key]
}

// SampleKeys lists the keys of the sample, sorted.
func (s *Sim) SampleKeys() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.sample))
}
