package salesforcetest

import (
	"iter"
	"slices"
	"sort"
	"time"
)

// store keeps the records of one object: by creation, by last change, and by the
// value of looked-up fields. Indexes may hold stale entries; readers check them.
type store struct {
	rows   []*record // by creation
	moves  []moved   // by SystemModstamp; an entry counts if it is the record's last
	live   int       // entries of moves that count
	index  map[string]map[string][]*record
	moveNo uint64
}

type moved struct {
	r  *record
	no uint64
	at time.Time // the stamp
}

func (t *store) insert(r *record) {
	t.rows = append(t.rows, r)
	t.live++
	t.touch(r)
	for _, c := range r.cells {
		t.reindex(r, c.f, c.v)
	}
}

// remove takes back the insertion of a record: it must be the last one.
func (t *store) remove(r *record) {
	if n := len(t.rows); n > 0 && t.rows[n-1] == r {
		t.rows = t.rows[:n-1]
	} else {
		for i := range t.rows {
			if t.rows[i] == r {
				t.rows = append(t.rows[:i], t.rows[i+1:]...)
				break
			}
		}
	}
	t.live--
	r.move = 0
}

// touch notes that the record has a new SystemModstamp.
func (t *store) touch(r *record) {
	t.moveNo++
	r.move = t.moveNo
	m := moved{r, r.move, r.stamp}
	if n := len(t.moves); n == 0 || !t.moves[n-1].at.After(m.at) {
		t.moves = append(t.moves, m)
	} else { // back-dated, or put back
		i := sort.Search(n, func(i int) bool { return t.moves[i].at.After(m.at) })
		t.moves = slices.Insert(t.moves, i, m)
	}
	if len(t.moves) > 2*t.live+64 {
		t.sortMoves()
	}
}

// sortMoves drops the entries that do not count and sorts the others.
func (t *store) sortMoves() {
	kept := t.moves[:0]
	for _, m := range t.moves {
		if m.no == m.r.move {
			m.at = m.r.stamp
			kept = append(kept, m)
		}
	}
	t.moves = kept
	sort.SliceStable(t.moves, func(i, j int) bool { return t.moves[i].at.Before(t.moves[j].at) })
}

// since gives the records with a SystemModstamp of at least from, oldest first.
func (t *store) since(from time.Time) iter.Seq[*record] {
	return func(yield func(*record) bool) {
		i := sort.Search(len(t.moves), func(i int) bool { return !t.moves[i].at.Before(from) })
		for ; i < len(t.moves); i++ {
			if m := t.moves[i]; m.no == m.r.move && !yield(m.r) {
				return
			}
		}
	}
}

// reindex notes a new value of a looked-up field.
func (t *store) reindex(r *record, f *Field, v any) {
	text, ok := v.(string)
	if !f.indexed || !ok {
		if n := asText(v); f.indexed && n != "" {
			text = n
		} else {
			return
		}
	}
	if t.index == nil {
		t.index = map[string]map[string][]*record{}
	}
	byValue := t.index[f.Name]
	if byValue == nil {
		byValue = map[string][]*record{}
		t.index[f.Name] = byValue
	}
	key := fold(text)
	byValue[key] = append(byValue[key], r)
}

// having gives the records, deleted ones too, whose looked-up field has the value
// (ignoring case), by creation.
func (t *store) having(f *Field, value string) []*record {
	key := fold(value)
	list := t.index[f.Name][key]
	if len(list) == 0 {
		return nil
	}
	seen := make(map[*record]bool, len(list))
	kept := list[:0:0]
	sorted := true
	for _, r := range list {
		if !seen[r] && r.move != 0 && fold(asText(r.get(f))) == key {
			seen[r] = true
			if n := len(kept); n > 0 && kept[n-1].seq > r.seq {
				sorted = false
			}
			kept = append(kept, r)
		}
	}
	if !sorted {
		sort.Slice(kept, func(i, j int) bool { return kept[i].seq < kept[j].seq })
	}
	if len(kept) != len(list) || !sorted {
		t.index[f.Name][key] = append([]*record(nil), kept...)
	}
	return kept
}

// rebuild indexes a field from nothing, after its definition changed.
func (t *store) rebuild(f *Field) {
	delete(t.index, f.Name)
	for _, r := range t.rows {
		for i := range r.cells {
			if r.cells[i].f.Name == f.Name {
				r.cells[i].f = f
				t.reindex(r, f, r.cells[i].v)
			}
		}
	}
}
