package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"crosswalk/internal/engine/table"
	"crosswalk/internal/link"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
)

// What was erased is remembered as keyed hashes only, of e-mail addresses and of record addresses, so that sync recognises
// it and brings nothing back, and nobody can read from the store who it was. See erase.go for the erasing itself.

// erasedMark is one tombstone; its key is the hash.
type erasedMark struct {
	At time.Time `json:"at"`
}

// erasedHead counts the changes of the tombstones, so that a worker knows with one small read whether its copy is good.
type erasedHead struct {
	Count int `json:"count"`
}

const (
	erasedPK     = "X"
	erasedValue  = "v#"
	erasedRecord = "r#"
)

func erasedHeadKey() table.Key        { return table.Key{PK: erasedPK + "#head", SK: "h"} }
func erasedKey(mark string) table.Key { return table.Key{PK: erasedPK, SK: mark} }
func (e *Engine) valueMark(s string) string {
	return erasedValue + e.mac(16, "erased value", strings.ToLower(strings.TrimSpace(s)))
}
func (e *Engine) refMark(ref record.Ref) string {
	return erasedRecord + e.mac(16, "erased record", ref.String())
}

// erasedSet is what was erased, as one batch of work sees it.
type erasedSet struct {
	engine *Engine
	rev    int64
	marks  map[string]bool
	values bool // there are values among them
}

// erasedCache keeps the newest copy.
type erasedCache struct {
	mu   sync.Mutex
	kept *erasedSet
}

// erasedNow gives what was erased until now.
func (e *Engine) erasedNow(ctx context.Context) (*erasedSet, error) {
	head, err := getItem[erasedHead](ctx, e.Table, erasedHeadKey())
	if err != nil {
		return nil, err
	}
	e.erased.mu.Lock()
	kept := e.erased.kept
	e.erased.mu.Unlock()
	if kept != nil && kept.rev == head.Rev {
		return kept, nil
	}
	fresh := &erasedSet{engine: e, rev: head.Rev, marks: map[string]bool{}}
	if head.Rev > 0 {
		err = list(ctx, e.Table, erasedPK, "", func(key table.Key, _ erasedMark) bool {
			fresh.marks[key.SK] = true
			fresh.values = fresh.values || strings.HasPrefix(key.SK, erasedValue)
			return true
		})
		if err != nil {
			return nil, fmt.Errorf("what was erased: %w", err)
		}
	}
	e.erased.mu.Lock()
	defer e.erased.mu.Unlock()
	e.erased.kept = fresh
	return fresh, nil
}

// record tells whether a record was erased.
func (s *erasedSet) record(ref record.Ref) bool {
	return s != nil && len(s.marks) > 0 && s.marks[s.engine.refMark(ref)]
}

// in tells whether an erased e-mail address stands in a text, alone or among other words.
func (s *erasedSet) in(text string) bool {
	if s == nil || !s.values {
		return false
	}
	for _, address := range addresses(text) {
		if s.marks[s.engine.valueMark(address)] {
			return true
		}
	}
	return false
}

// strip takes fields out of records as they were read, whose values were erased: they are then as if nobody had asked for
// them, so they are neither compared, nor written, nor kept.
func (s *erasedSet) strip(records ...*record.Record) {
	if s == nil || !s.values {
		return
	}
	for _, r := range records {
		if r == nil {
			continue
		}
		for name, v := range r.Fields {
			if s.in(v.Text()) {
				delete(r.Fields, name)
			}
		}
		for n := range r.Children {
			s.strip(&r.Children[n])
		}
	}
}

// addresses finds the e-mail addresses in a text: whatever has an @ between characters that may stand in one.
func addresses(text string) []string {
	if !strings.Contains(text, "@") {
		return nil
	}
	var out []string
	for _, word := range strings.FieldsFunc(text, func(r rune) bool {
		return r <= ' ' || strings.ContainsRune(`,;:<>()[]"'|/\`, r)
	}) {
		word = strings.Trim(word, ".!?")
		if at := strings.LastIndex(word, "@"); at > 0 && at < len(word)-1 {
			out = append(out, word)
		}
	}
	return out
}

// IsAddress tells whether a text is one e-mail address and nothing else.
func IsAddress(text string) bool {
	text = strings.TrimSpace(text)
	found := addresses(text)
	return len(found) == 1 && found[0] == text && strings.Count(text, "@") == 1
}

// frozen keeps a document as it is whose deal was billed to somebody who was erased: what it is compared with is gone. What
// finance must decide about it is still said.
func frozen(i *item, d plan.Decision) plan.Decision {
	if i.link.Erased.IsZero() || i.link.State != link.Linked || i.m.Document == nil || d.Archive {
		return d
	}
	if d.Kind == plan.Nothing && d.Reason != nil {
		switch d.Reason.Category {
		case plan.NoLongerWon, plan.TargetArchived, plan.KindChanged:
			return d
		}
	}
	return plan.Decision{Kind: plan.Nothing, Object: i.link.B.Object, Net: i.link.Net, Money: i.link.Money}
}

// billed are the records that a document is billed to, so that they and it are found from each other: its customer, not its
// products.
func (i *item) billed() []record.Ref {
	if i.m.Document == nil {
		return nil
	}
	var out []record.Ref
	for _, need := range i.wants {
		if need.Mapping != i.m.Document.Products && !need.Ref.IsZero() && !slices.Contains(out, need.Ref) {
			out = append(out, need.Ref)
		}
	}
	return out
}

// refuseErased keeps a person from linking by hand what was erased.
func (e *Engine) refuseErased(ctx context.Context, joins []*join) error {
	erased, err := e.erasedNow(ctx)
	if err != nil {
		return err
	}
	for _, j := range joins {
		for _, ref := range []record.Ref{j.ask.A, j.ask.B} {
			if j.open() && erased.record(ref) {
				j.result.refuse(ref.String()+" was erased on request", "it is never linked again; link another record")
			}
		}
	}
	return nil
}

// stripJoins takes erased addresses out of what was read of two records that are linked by hand.
func (e *Engine) stripJoins(ctx context.Context, joins []*join) error {
	erased, err := e.erasedNow(ctx)
	if err != nil {
		return err
	}
	for _, j := range joins {
		if j.item != nil {
			erased.strip(j.item.source, j.item.target)
		}
	}
	return nil
}
