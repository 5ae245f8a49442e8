package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"crosswalk/internal/engine/table"
	"crosswalk/internal/record"
)

// Reading the audit trail: by a record's chain of pages (history), or partition by partition (trailRuns, readTrail).

// readTrail reads the batches of one partition of the trail whose names begin so; "" is all. It gives entries, oldest
// first, with their values where those are still there, and how their writes ended.
func (e *Engine) readTrail(ctx context.Context, run, batch string) ([]Entry, []EntryOutcome, error) {
	prefix := batch
	if batch != "" {
		prefix += "#"
	}
	items, err := e.items(ctx, trailPK(run), prefix)
	if err != nil {
		return nil, nil, err
	}
	return joinTrail(items)
}

// items reads a whole partition, or the part of it with a prefix.
func (e *Engine) items(ctx context.Context, pk, prefix string) ([]table.Item, error) {
	var out []table.Item
	q := table.Query{PK: pk, Prefix: prefix}
	for {
		items, more, err := e.Table.Query(ctx, q)
		if err != nil {
			return nil, err
		}
		out = append(out, items...)
		if !more || len(items) == 0 {
			return out, nil
		}
		q.After = items[len(items)-1].SK
	}
}

// joinTrail puts pages and values together again.
func joinTrail(items []table.Item) ([]Entry, []EntryOutcome, error) {
	beside := map[string]map[int]entryValues{}
	for _, item := range items {
		page, ok := strings.CutSuffix(item.SK, valuesSuffix)
		if !ok {
			continue
		}
		var values map[int]entryValues
		if err := unpack(item.Data, &values); err != nil {
			return nil, nil, fmt.Errorf("audit trail: values %s: %w", item.SK, err)
		}
		beside[page] = values
	}
	var entries []Entry
	var outcomes []EntryOutcome
	for _, item := range items {
		switch {
		case strings.HasSuffix(item.SK, valuesSuffix):
		case strings.HasSuffix(item.SK, outSuffix):
			var list []EntryOutcome
			if err := unpack(item.Data, &list); err != nil {
				return nil, nil, fmt.Errorf("audit trail: outcomes %s: %w", item.SK, err)
			}
			outcomes = append(outcomes, list...)
		default:
			var list []Entry
			if err := unpack(item.Data, &list); err != nil {
				return nil, nil, fmt.Errorf("audit trail: page %s: %w", item.SK, err)
			}
			for n, entry := range list {
				entries = append(entries, rejoin(entry, beside[item.SK], n))
			}
		}
	}
	slices.SortStableFunc(entries, func(a, b Entry) int { return a.At.Compare(b.At) })
	return entries, outcomes, nil
}

// rejoin gives an entry its values back, or says why it has none. Entries of before values were put aside carry their own.
func rejoin(entry Entry, values map[int]entryValues, n int) Entry {
	if !entry.Had {
		return entry
	}
	v, ok := values[n]
	switch {
	case !entry.Erased.IsZero():
		entry.Values = Erased
	case !ok:
		entry.Values = Expired
	default:
		return v.with(entry)
	}
	return entry
}

// history follows a record's chain of audit pages, newest first.
func (e *Engine) history(ctx context.Context, ref record.Ref, page string) ([]Entry, []EntryOutcome, error) {
	of := []record.Ref{ref} // and, from where it tells of one, its counterpart: what went home is told as of that
	about := func(r record.Ref) bool { return slices.Contains(of, r) }
	var entries []Entry
	var outcomes []EntryOutcome
	for page != "" && len(entries) < maxHistory {
		run, batch, _ := strings.Cut(page, "|")
		all, ended, err := e.readTrail(ctx, run, batch)
		if err != nil {
			return nil, nil, err
		}
		outcomes = append(outcomes, slices.DeleteFunc(ended, func(o EntryOutcome) bool { return !about(o.Ref) && !about(o.Target) })...)
		before := ""
		for n := len(all) - 1; n >= 0; n-- {
			if !about(all[n].Ref) && !about(all[n].Target) {
				continue
			}
			if other := all[n].Ref; all[n].Target == ref && !about(other) {
				of = append(of, other)
			} else if other := all[n].Target; all[n].Ref == ref && !other.IsZero() && !about(other) {
				of = append(of, other)
			}
			entries = append(entries, all[n])
			if all[n].Prev != page { // several entries of one batch name the batch itself
				before = all[n].Prev
			}
		}
		page = before
	}
	return entries, outcomes, nil
}

// trailRuns lists the partitions of the trail that may hold something of after a time, oldest first.
func (e *Engine) trailRuns(ctx context.Context, after time.Time) ([]string, error) {
	var out []string
	last := hourRun(after)
	err := list(ctx, e.Table, trailIndexPK, "", func(key table.Key, _ trailMark) bool {
		if !strings.HasPrefix(key.SK, "hour-") || key.SK >= last {
			out = append(out, key.SK)
		}
		return true
	})
	return out, err
}
