package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"crosswalk/internal/engine/table"
	"crosswalk/internal/link"
	"crosswalk/internal/record"
)

// Taking values out of the audit trail, of previews and of kept requests.

// cleanTrail walks the page chains of the concerned records and takes their values and digests out.
func (x *eraser) cleanTrail(ctx context.Context) error {
	walked := map[string]bool{}
	for _, key := range x.keys() {
		for page := x.at[key].Page; page != "" && !walked[x.at[key].A.String()+"|"+page]; {
			walked[x.at[key].A.String()+"|"+page] = true
			run, batch, _ := strings.Cut(page, "|")
			next := ""
			err := x.cleanPages(ctx, run, batch+"#", func(entry Entry, _ entryValues) bool {
				if entry.Ref == x.at[key].A && entry.Prev != page {
					next = entry.Prev
				}
				return x.concerned(entry.Ref)
			})
			if err != nil {
				return err
			}
			page = next
		}
	}
	return nil
}

// cleanTrailValues looks through the values of the whole trail for the address: it may stand in any text of any record.
func (x *eraser) cleanTrailValues(ctx context.Context) error {
	if !x.seen.values {
		return nil
	}
	after := time.Unix(0, 0)
	if x.Retention.Values > 0 {
		after = time.Now().Add(-x.Retention.Values - time.Hour)
	}
	runs, err := x.trailRuns(ctx, after)
	if err != nil {
		return err
	}
	for _, run := range runs {
		if err := x.cleanPages(ctx, run, "", func(entry Entry, v entryValues) bool { return x.inValues(v) || x.inEntry(entry) }); err != nil {
			return err
		}
	}
	return nil
}

// inEntry is for entries of before values were put aside.
func (x *eraser) inEntry(entry Entry) bool { return !entry.Had && x.inValues(valuesOf(entry)) }

func (x *eraser) inValues(v entryValues) bool {
	for _, pair := range v.Fields {
		if x.seen.in(pair[0].Text()) || x.seen.in(pair[1].Text()) {
			return true
		}
	}
	for _, l := range v.Lines {
		if x.inFields(l) {
			return true
		}
	}
	return false
}

func (x *eraser) inFields(fields map[string]record.Value) bool {
	for _, v := range fields {
		if x.seen.in(v.Text()) {
			return true
		}
	}
	return false
}

// cleanPages takes the values of the chosen entries out of pages, and out of the items beside them. Both keep their ends.
func (x *eraser) cleanPages(ctx context.Context, run, prefix string, choose func(Entry, entryValues) bool) error {
	items, err := x.items(ctx, trailPK(run), prefix)
	if err != nil {
		return err
	}
	beside := map[string]table.Item{}
	for _, item := range items {
		if page, ok := strings.CutSuffix(item.SK, valuesSuffix); ok {
			beside[page] = item
		}
	}
	for _, item := range items {
		if strings.HasSuffix(item.SK, valuesSuffix) || strings.HasSuffix(item.SK, outSuffix) {
			continue
		}
		if err := x.cleanPage(ctx, item, beside[item.SK], choose); err != nil {
			return fmt.Errorf("page %s: %w", item.SK, err)
		}
	}
	return nil
}

func (x *eraser) cleanPage(ctx context.Context, page, beside table.Item, choose func(Entry, entryValues) bool) error {
	var entries []Entry
	values := map[int]entryValues{}
	if err := unpack(page.Data, &entries); err != nil {
		return err
	}
	if beside.Rev > 0 {
		if err := unpack(beside.Data, &values); err != nil {
			return err
		}
	}
	pageChanged, valuesChanged := false, false
	for n, entry := range entries {
		v, has := values[n]
		if !choose(entry, v) {
			continue
		}
		if has {
			delete(values, n)
			valuesChanged = true
		}
		if entry.Erased.IsZero() && (len(entry.Fields)+len(entry.Lines) > 0 || entry.Had) {
			entry = without(entry)
			entry.Had, entry.Digests, entry.Erased = true, nil, x.out.At
			entries[n] = entry
			pageChanged = true
			x.counted[page.PK+"#"+page.SK+"#"+strconv.Itoa(n)] = true
			x.out.Entries = len(x.counted)
		}
	}
	var puts []table.Put
	if pageChanged {
		data, err := pack(entries)
		if err != nil {
			return err
		}
		puts = append(puts, table.Put{Key: page.Key, Data: data, Token: x.token(), Expires: page.Expires, If: table.IfRev(page.Rev)})
	}
	if valuesChanged {
		data, err := pack(values)
		if err != nil {
			return err
		}
		puts = append(puts, table.Put{Key: beside.Key, Data: data, Token: x.token(), Expires: beside.Expires, If: table.IfRev(beside.Rev)})
	}
	return x.put(ctx, puts...)
}

// cleanPlans takes values out of the rows of previews.
func (x *eraser) cleanPlans(ctx context.Context) error {
	var ids []string
	if err := list(ctx, x.Table, plansPK, "", func(key table.Key, _ SavedPlan) bool { ids = append(ids, key.SK); return true }); err != nil {
		return err
	}
	for _, id := range ids {
		items, err := x.items(ctx, planPageKey(id, 0).PK, "")
		if err != nil {
			return err
		}
		for _, item := range items {
			if err := x.cleanRows(ctx, item); err != nil {
				return fmt.Errorf("plan %s: %w", id, err)
			}
		}
	}
	return nil
}

func (x *eraser) cleanRows(ctx context.Context, item table.Item) error {
	var rows []PlanRow
	if err := unpack(item.Data, &rows); err != nil {
		return err
	}
	changed := false
	for n := range rows {
		r := &rows[n]
		v := valuesOf(Entry{Fields: r.Fields, Lines: r.Lines})
		if r.Erased || len(v.Fields)+len(v.Lines) == 0 || !x.concerned(r.Ref) && !x.concerned(r.Target) && !x.inValues(v) {
			continue
		}
		bare := without(Entry{Fields: r.Fields, Lines: r.Lines})
		r.Fields, r.Lines, r.Erased = bare.Fields, bare.Lines, true
		changed = true
		x.out.Rows++
	}
	if !changed {
		return nil
	}
	data, err := pack(rows)
	if err != nil {
		return err
	}
	return x.put(ctx, table.Put{Key: item.Key, Data: data, Token: x.token(), Expires: item.Expires, If: table.IfRev(item.Rev)})
}

// cleanBodies empties the kept requests of documents that are made. One that may have to be sent again, byte by byte, waits
// for a later sweep.
func (x *eraser) cleanBodies(ctx context.Context) error {
	for _, key := range x.keys() {
		l := x.at[key]
		if l.Claim == nil || l.State == link.Claimed {
			continue
		}
		items, err := x.items(ctx, bodyKey(l.Claim.Key, 0).PK, "")
		if err != nil {
			return err
		}
		for _, item := range items {
			var kept keptBody
			if err := json.Unmarshal(item.Data, &kept); err != nil {
				return fmt.Errorf("kept body: %w", err)
			}
			if len(kept.Body) == 0 {
				continue
			}
			kept.Body = nil
			x.out.Bodies++
			if err := x.put(ctx, put(item.Key, kept, x.token(), table.IfRev(item.Rev))); err != nil {
				return err
			}
		}
	}
	return nil
}
