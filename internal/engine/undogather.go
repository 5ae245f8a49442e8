package engine

import (
	"cmp"
	"context"
	"hash/fnv"
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

// What a run wrote, as the audit trail tells it. A run's entries lie in its own partition of the trail, but one that had to wait
// may have been worked in a batch with others, whose partition then tells of it.

// undoWrite is one entry of the trail that wrote a record.
type undoWrite struct {
	Entry
	written record.Ref // which side it was is in the entry's Ref: the source of the write
	unsure  bool       // of a create whose answer was lost: what its source is linked to may be something else
}

// undone is one record that the run wrote, on its way through an undo.
type undone struct {
	written record.Ref
	writes  []undoWrite // newest first
	undoSeen
}

// bucketOf spreads records over n buckets.
func bucketOf(ref record.Ref, n int) int {
	h := fnv.New32a()
	h.Write([]byte(ref.String()))
	return int(h.Sum32() % uint32(max(n, 1)))
}

// newestFirst gives records in the order in which they are undone, each with its writes in that order.
func newestFirst(byRecord map[record.Ref][]undoWrite) []*undone {
	var out []*undone
	for ref, writes := range byRecord {
		slices.SortStableFunc(writes, func(a, b undoWrite) int { return a.At.Compare(b.At) })
		slices.Reverse(writes)
		out = append(out, &undone{written: ref, writes: writes})
	}
	slices.SortFunc(out, func(a, b *undone) int {
		return cmp.Or(b.writes[0].At.Compare(a.writes[0].At), strings.Compare(a.written.String(), b.written.String()))
	})
	return out
}

// find lists the partitions of the trail that tell of writes of the run, and how many buckets they make.
func (u *undoer) find(ctx context.Context) (undoCursor, error) {
	var at undoCursor
	parts, err := u.trailParts(ctx, AuditQuery{From: u.of.At, To: u.until()})
	if err != nil {
		return at, err
	}
	writes := 0
	for _, part := range parts {
		if u.of.ID != part.run && !u.overlaps(ctx, part.run) {
			continue
		}
		before := writes
		if err := u.eachWrite(ctx, part.run, func(undoWrite) { writes++ }); err != nil {
			return at, err
		}
		if writes > before {
			at.Parts = append(at.Parts, part.run)
		}
	}
	at.Buckets = (writes + undoBucket - 1) / undoBucket
	return at, nil
}

// until is when nothing more was written for the run.
func (u *undoer) until() time.Time { return u.of.Ended.Add(time.Hour) }

// overlaps tells whether another run was under way at the same time; what cannot be told is looked at.
func (u *undoer) overlaps(ctx context.Context, run string) bool {
	if strings.HasPrefix(run, "hour-") {
		return true // trailParts chose it by its time
	}
	got, err := getItem[Run](ctx, u.Table, runKey(run))
	return err != nil || got.Rev == 0 || got.Value.Ended.IsZero() || !got.Value.Ended.Before(u.of.At)
}

// mine tells whether an entry belongs to what is undone.
func (u *undoer) mine(entry Entry) bool {
	if strings.HasPrefix(u.of.ID, "hour-") {
		return entry.Run == "" && !entry.At.Before(u.of.At) && entry.At.Before(u.of.Ended)
	}
	return entry.Run == u.of.ID
}

// eachWrite hands what one partition tells of writes of the run to f, oldest first.
func (u *undoer) eachWrite(ctx context.Context, part string, f func(undoWrite)) error {
	after, q := stampOf(u.of.At.Add(-batchSlack)), AuditQuery{To: u.until()}
	if part == u.of.ID {
		after, q.To = "", time.Now().Add(time.Hour)
	}
	for {
		lines, last, err := u.trailPage(ctx, part, after, q)
		if err != nil {
			return err
		}
		var writes []undoWrite
		for _, line := range lines {
			if !u.mine(line.Entry) {
				continue
			}
			if w, ok := writeOf(line); ok {
				writes = append(writes, w)
			}
		}
		if err := u.findMade(ctx, writes); err != nil {
			return err
		}
		for _, w := range writes {
			if !w.written.IsZero() {
				f(w)
			}
		}
		if last == "" {
			return nil
		}
		after = last
	}
}

// writeOf tells what an entry wrote; false for what wrote nothing, or nothing for certain.
func writeOf(line AuditLine) (undoWrite, bool) {
	w := undoWrite{Entry: line.Entry, written: line.Target}
	nothing := len(line.Outcomes) > 0
	for _, o := range line.Outcomes {
		nothing = nothing && (o.Status == string(connector.Refused) || o.Status == string(connector.Retry))
	}
	if nothing {
		return w, false
	}
	switch line.Kind {
	case plan.Create:
		w.written = record.Ref{}
		for _, o := range line.Outcomes {
			switch o.Status {
			case string(connector.Exists):
				return w, false // it was there already, and was linked
			case string(connector.Done), string(connector.Pending):
				w.written = o.Target
			}
		}
		return w, true
	case "write_back", afterLink:
		w.written = line.Ref
	case archiving, "open", "publish", "send_email", "einvoice", "archive":
		return w, true
	case plan.Update, plan.Adopt, restoring:
	default:
		return w, false
	}
	return w, len(line.Lines) > 0 || slices.ContainsFunc(line.Fields, func(f plan.FieldDecision) bool { return f.Action == plan.WriteIt })
}

// findMade fills in which record a create made whose answer was lost: what its source is linked to, if that link came of a
// claim. Whether that record is the one that was made, its marker tells.
func (u *undoer) findMade(ctx context.Context, writes []undoWrite) error {
	at, err := u.whereMade(ctx, writes)
	if err != nil {
		return err
	}
	var ask []table.Key
	for _, key := range at {
		ask = append(ask, key)
	}
	links, err := getItems[link.Link](ctx, u.Table, ask)
	if err != nil {
		return err
	}
	for n, key := range at {
		w, l := &writes[n], links[key].Value
		switch {
		case l.State != link.Linked || l.Hand != nil:
		case l.A == w.Ref && l.Claim != nil && l.Claim.Key == u.markerOf(l.Slot, l.A, l.Claim.Generation):
			w.written, w.unsure = l.B, true
		case l.B == w.Ref: // of the way home: the link keeps no claim of it
			w.written, w.unsure = l.A, true
		}
	}
	return nil
}

// whereMade finds, for creates without an answer, where the link of their source would be, by place: of a record of b its pointer
// says it.
func (u *undoer) whereMade(ctx context.Context, writes []undoWrite) (map[int]table.Key, error) {
	at, seats := map[int]table.Key{}, map[int]table.Key{}
	for n, w := range writes {
		a := u.set.byName[w.Mapping]
		switch {
		case !w.written.IsZero() || a == nil:
		case a.ConnA == w.Ref.Connection && a.A.Object == w.Ref.Object:
			at[n] = u.linkKey(a.Slot, w.Ref)
		case a.ConnB == w.Ref.Connection && a.B.Object == w.Ref.Object && a.Turn() != nil:
			seats[n] = u.pointerKey(a.Slot, w.Ref)
		}
	}
	found, err := getItems[seat](ctx, u.Table, unique(slices.Collect(maps.Values(seats))))
	if err != nil {
		return nil, err
	}
	for n, key := range seats {
		if p := found[key].Value.pointer; !p.A.IsZero() {
			at[n] = u.linkKey(u.set.byName[writes[n].Mapping].Slot, p.A)
		}
	}
	return at, nil
}
