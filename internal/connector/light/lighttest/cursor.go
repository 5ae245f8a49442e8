package lighttest

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"sort"
)

// position is what a cursor says: after (or before) the record with these sort values. It does not count records, so
// records that arrive while somebody pages shift nothing.
type position struct {
	Query uint64 `json:"q"`
	Keys  []cell `json:"k,omitempty"`
	ID    string `json:"i,omitempty"`
	Back  bool   `json:"b,omitempty"`
}

func (q *query[T]) parseCursor(raw string) *failure {
	q.cursor = &position{Query: q.digest}
	if raw == "0" {
		return nil
	}
	bytes, err := base64.RawURLEncoding.DecodeString(raw)
	if err == nil {
		err = json.Unmarshal(bytes, q.cursor)
	}
	if err != nil || q.cursor.Query != q.digest || len(q.cursor.Keys) != len(q.sorts) {
		return badRequest("cursor", "the cursor does not belong to this list, filter and sort")
	}
	return nil
}

func (q *query[T]) mark(e entry[T], back bool) Text {
	raw, err := json.Marshal(position{q.digest, e.keys[:len(q.sorts)], e.id, back})
	if err != nil {
		panic(err) // cells always encode
	}
	return Text(base64.RawURLEncoding.EncodeToString(raw))
}

// byCursor keeps the page's worth of entries next to the position, in one pass.
func (q *query[T]) byCursor(s *Sim, out *page, all func(func(*T) bool)) []entry[T] {
	back := q.cursor.Back
	order := func(a, b *entry[T]) int {
		if back {
			return q.compare(b, a)
		}
		return q.compare(a, b)
	}
	first := q.cursor.Keys == nil
	at := entry[T]{id: q.cursor.ID}
	copy(at.keys[:], q.cursor.Keys)
	var kept []entry[T]
	for v := range all {
		if !q.matches(s, v) {
			continue
		}
		e := q.entry(s, v)
		if !first && order(&e, &at) <= 0 || len(kept) > q.limit && order(&e, &kept[len(kept)-1]) >= 0 {
			continue
		}
		i := sort.Search(len(kept), func(i int) bool { return order(&kept[i], &e) > 0 })
		kept = slices.Insert(kept, i, e)
		kept = kept[:min(len(kept), q.limit+1)]
	}
	more := len(kept) > q.limit
	kept = kept[:min(len(kept), q.limit)]
	if back {
		slices.Reverse(kept)
	}
	if len(kept) == 0 {
		return nil
	}
	out.HasMore = more || back
	if out.HasMore {
		out.NextCursor = q.mark(kept[len(kept)-1], false)
	}
	if !first && (!back || more) {
		out.PrevCursor = q.mark(kept[0], true)
	}
	return kept
}
