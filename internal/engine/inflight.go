package engine

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/engine/table"
	"crosswalk/internal/link"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
)

// No vendor writes only if nothing changed meanwhile, so an edit between our read and our write of the same field is overwritten unseen
// (A13). Where the vendor keeps history, the next read of what we wrote, which is its echo in the feed, finds it: the value that our write
// took the place of is not the one we had read. Such an edit is listed with its value; nothing is put back by itself, since the rules
// never saw it and a person has seen our value since.

// overwrittenKind is the kind of an entry of the audit trail for an edit that our write took the place of.
const overwrittenKind plan.Kind = "overwritten_in_flight"

const (
	inFlightMost   = 50               // written records that one cycle of a feed asks the history of: one call; the rest of a mass edit is not asked about
	inFlightWindow = 15 * time.Minute // no read of ours is older than this when it is written on
	inFlightClocks = 2 * time.Second  // between our write's stamp and its entry in the history
	inFlightLate   = 5 * time.Minute  // an index may show our write so long after it
)

// flightLook is what one cycle of a feed may ask.
type flightLook struct {
	since time.Time // when the feed was last read to its end
	left  int       // records
}

// historians ask for the history of many records in one call.
type historians interface {
	Histories(ctx context.Context, object string, ids, fields []string) (map[string]map[string][]connector.FieldChange, error)
}

// writtenPair is a record that a page of a feed shows, with the page of the trail that told of our write of it.
type writtenPair struct {
	ref   record.Ref
	link  link.Link
	stamp time.Time // of our write
	entry Entry
}

// lookInFlight looks, for records of a page that we wrote since the feed was last read, whether our writes took the place of edits.
func (e *Engine) lookInFlight(ctx context.Context, a *Active, connection string, records []record.Record, links map[record.Ref]link.Link, look *flightLook) error {
	asked, ok := e.Connections[connection].(historians)
	if !ok || look == nil || look.left <= 0 {
		return nil
	}
	var pairs []writtenPair
	for _, r := range records {
		l := links[r.Ref]
		stamp := l.StampB
		if connection == a.ConnA {
			stamp = l.StampA
		}
		if l.State != link.Linked || l.Page == "" || stamp.IsZero() || stamp.Before(r.Modified) && stamp.Before(look.since.Add(-inFlightLate)) || time.Since(stamp) > time.Hour {
			continue
		}
		if pairs = append(pairs, writtenPair{ref: r.Ref, link: l, stamp: stamp}); len(pairs) == look.left {
			break
		}
	}
	pairs, err := e.writesOf(ctx, pairs)
	if err != nil || len(pairs) == 0 {
		return err
	}
	look.left -= len(pairs)
	var ids, fields []string
	for _, p := range pairs {
		ids, fields = append(ids, p.ref.ID), append(fields, writtenFields(p.entry)...)
	}
	histories, err := asked.Histories(ctx, pairs[0].ref.Object, ids, distinct(fields))
	if err != nil {
		return err
	}
	for _, p := range pairs {
		if lost := p.overwritten(histories[p.ref.ID]); len(lost) > 0 {
			if err := e.listOverwritten(ctx, a, p, lost); err != nil {
				return err
			}
		}
	}
	return nil
}

// writesOf finds the entries of the trail that told of these writes. Those whose last entry is of something else are left out.
func (e *Engine) writesOf(ctx context.Context, pairs []writtenPair) ([]writtenPair, error) {
	byPage := map[string]map[record.Ref]bool{}
	for _, p := range pairs {
		if byPage[p.link.Page] == nil {
			byPage[p.link.Page] = map[record.Ref]bool{}
		}
		byPage[p.link.Page][p.ref] = true
	}
	found := map[string]map[record.Ref]Entry{}
	for _, page := range slices.Sorted(maps.Keys(byPage)) {
		run, batch, _ := strings.Cut(page, "|")
		var err error
		if found[page], err = e.lastWrites(ctx, run, batch, byPage[page]); err != nil {
			return nil, err
		}
	}
	var out []writtenPair
	for _, p := range pairs {
		if entry, ok := found[p.link.Page][p.ref]; ok {
			p.entry = entry
			out = append(out, p)
		}
	}
	return out, nil
}

// lastWrites gives the last entry of a batch of the trail that tells, with its values, of a write to each of some targets. A batch has
// thousands of entries: no more of its pages are taken apart than must be, and of values those alone that belong to such a write.
func (e *Engine) lastWrites(ctx context.Context, run, batch string, targets map[record.Ref]bool) (map[record.Ref]Entry, error) {
	items, err := e.items(ctx, trailPK(run), batch+"#")
	if err != nil {
		return nil, err
	}
	out, values := map[record.Ref]Entry{}, map[string][]byte{}
	for _, item := range slices.Backward(items) { // a page's values stand behind it
		if len(out) == len(targets) {
			break
		}
		if strings.HasSuffix(item.SK, valuesSuffix) {
			values[item.SK] = item.Data
		}
		if strings.HasSuffix(item.SK, valuesSuffix) || strings.HasSuffix(item.SK, outSuffix) {
			continue
		}
		var entries []Entry
		if err := unpack(item.Data, &entries); err != nil {
			return nil, fmt.Errorf("audit trail: page %s: %w", item.SK, err)
		}
		var beside map[int]entryValues
		for n, entry := range slices.Backward(entries) {
			if _, known := out[entry.Target]; known || !targets[entry.Target] || entry.Kind != plan.Update || len(writtenFields(entry)) == 0 {
				continue
			}
			if data := values[item.SK+valuesSuffix]; beside == nil && data != nil {
				if err := unpack(data, &beside); err != nil {
					return nil, fmt.Errorf("audit trail: values %s: %w", item.SK, err)
				}
			}
			if entry = rejoin(entry, beside, n); entry.Values == Shown {
				out[entry.Target] = entry
			}
		}
	}
	return out, nil
}

func writtenFields(entry Entry) []string {
	var out []string
	for _, f := range entry.Fields {
		if f.Action == plan.WriteIt && !strings.ContainsRune(f.Field, '.') {
			out = append(out, f.Field)
		}
	}
	return out
}

// overwritten gives the fields in which our write took the place of another value than the one we had read: Old is that value.
func (p writtenPair) overwritten(history map[string][]connector.FieldChange) []plan.FieldDecision {
	var out []plan.FieldDecision
	for _, f := range p.entry.Fields {
		changes := history[f.Field]
		ours := slices.IndexFunc(changes, func(c connector.FieldChange) bool {
			if sameText(f.Old, f.New) && c.At.Before(p.stamp.Add(-inFlightClocks)) { // it went with its group, and nothing had changed it: this is an older write
				return false
			}
			return sameText(c.Value, f.New) && (c.Ours || c.At.Sub(p.stamp).Abs() <= inFlightClocks)
		})
		if f.Action != plan.WriteIt || ours < 0 || ours+1 >= len(changes) {
			continue
		}
		before := changes[ours+1]
		if before.Ours || sameText(before.Value, f.Old) || sameText(before.Value, f.New) || changes[ours].At.Sub(before.At) > inFlightWindow {
			continue
		}
		out = append(out, plan.FieldDecision{Field: f.Field, From: f.From, Action: plan.KeepIt, Rule: "overwritten in flight: changed at " + before.At.UTC().Format(time.RFC3339) + ", after we had read it", Old: before.Value, New: f.New, Conflict: true})
	}
	return out
}

func sameText(a, b record.Value) bool {
	return a.Same(b) || a.Blank() && b.Blank() || a.Known() && b.Known() && a.Text() == b.Text()
}

// listOverwritten writes it into the trail, where why shows it with its value, and opens a sync error, which says how to end it.
func (e *Engine) listOverwritten(ctx context.Context, a *Active, p writtenPair, fields []plan.FieldDecision) error {
	var names []string
	for _, f := range fields {
		names = append(names, f.Field)
	}
	text := fmt.Sprintf("%s of %s was changed between our read and our write of %s, which took its place. crosswalk why %s shows the value. If it was right, set it again at the record; then: crosswalk retry %s",
		strings.Join(names, ", "), p.ref, p.stamp.UTC().Format(time.RFC3339), p.ref, p.ref)
	there, err := getItem[SyncError](ctx, e.Table, errorKey(plan.Overwritten, "", p.ref))
	if err != nil || there.Rev != 0 && there.Value.Text == text {
		return err
	}
	audit := e.newAuditBatch(time.Now(), "")
	audit.add(Entry{At: time.Now(), Ref: p.link.A, Target: p.link.B, Mapping: a.Name, Version: a.Version, Cause: "poll", Kind: overwrittenKind,
		Reason: &link.Reason{Category: plan.Overwritten, Text: text, Fields: names}, Fields: fields, Prev: p.link.Page}, a.Document != nil)
	if err := e.flush(ctx, audit); err != nil {
		return err
	}
	l := p.link
	key := e.linkKey(l.Slot, l.A)
	got, err := getItem[link.Link](ctx, e.Table, key)
	if err != nil {
		return err
	}
	if got.Rev != 0 && got.Value.Page == l.Page {
		next := got.Value
		next.Page = audit.page()
		if err := e.Table.Put(ctx, []table.Put{put(key, next, e.token(), table.IfRev(got.Rev))})[0]; err != nil && !lost(err) {
			return err
		}
	}
	return e.openError(ctx, plan.Overwritten, "", p.ref, otherOf(l, p.ref), text)
}

func otherOf(l link.Link, ref record.Ref) record.Ref {
	if l.A == ref {
		return l.B
	}
	return l.A
}
