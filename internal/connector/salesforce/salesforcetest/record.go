package salesforcetest

import (
	"encoding/json"
	"sort"
	"strings"
	"time"
)

// A value of a field is nil, a bool, a string or a json.Number. Dates are
// "2006-01-02", datetimes are in stampForm: both sort as text.
const (
	stampForm = "2006-01-02T15:04:05.000+0000"
	dateForm  = "2006-01-02"
)

func stampText(t time.Time) string { return t.UTC().Format(stampForm) }

// cell is one value of a record; records keep the non-null ones only.
type cell struct {
	f *Field
	v any
}

// state is what changes of a record, so that it can be put back.
type state struct {
	cells       []cell
	deleted     bool
	deletedAt   time.Time
	purged      bool // gone for good: no query shows it
	modified    time.Time
	modifiedBy  string
	stamp       time.Time
	undeletable bool   // merged away: cannot be restored
	bin         string // the record it was deleted with
}

// record is one row. Its identity never changes, its state does.
type record struct {
	o         *object
	id        string // 18 characters
	seq       uint64 // order of creation
	created   time.Time
	createdBy string
	state

	prev      *state // what readers still see until then; nil with late set: nothing
	late      bool
	visibleAt time.Time
	locked    time.Time // writes are refused until then
	move      uint64    // place in the store's stamp order
}

func (st *state) cell(f *Field) any {
	for i := range st.cells {
		if st.cells[i].f == f || st.cells[i].f.Name == f.Name {
			return st.cells[i].v
		}
	}
	return nil
}

// with is a copy of the state in which some values are replaced.
func (st state) with(set map[*Field]any) state {
	cells := make([]cell, 0, len(st.cells)+len(set))
	done := make(map[string]bool, len(set))
	for _, c := range st.cells {
		v, ok := set[c.f]
		if !ok {
			cells = append(cells, c)
			continue
		}
		done[c.f.Name] = true
		if v != nil {
			cells = append(cells, cell{c.f, v})
		}
	}
	added := make([]cell, 0, len(set))
	for f, v := range set {
		if v != nil && !done[f.Name] {
			added = append(added, cell{f, v})
		}
	}
	sort.Slice(added, func(i, j int) bool { return added[i].f.Name < added[j].f.Name })
	st.cells = append(cells, added...)
	return st
}

// get reads a field of the record as it is now.
func (r *record) get(f *Field) any { return r.read(&r.state, f) }

// value reads a field by name, nil if the object has none of that name.
func (r *record) value(name string) any {
	if f := r.o.field(name); f != nil {
		return r.get(f)
	}
	return nil
}

func (r *record) str(name string) string { return asText(r.value(name)) }

func (r *record) yes(name string) bool { b, _ := r.value(name).(bool); return b }

func (r *record) read(st *state, f *Field) any {
	switch f.sys {
	case sysID:
		return r.id
	case sysIsDeleted:
		return st.deleted
	case sysCreatedDate:
		return stampText(r.created)
	case sysCreatedByID:
		return r.createdBy
	case sysLastModifiedDate:
		return stampText(st.modified)
	case sysLastModifiedByID:
		return st.modifiedBy
	case sysSystemModstamp:
		return stampText(st.stamp)
	}
	v := st.cell(f)
	if v == nil && f.Type == "boolean" {
		return false // booleans are never null (section 4)
	}
	return v
}

// asText is a value as filters and messages show it.
func asText(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case bool:
		if v {
			return "true"
		}
		return "false"
	case json.Number:
		return v.String()
	}
	return ""
}

// fold is a text for comparison: Salesforce ignores case in filters (section 4).
func fold(v string) string { return strings.ToLower(strings.TrimSpace(v)) }
