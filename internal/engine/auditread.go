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

// AuditQuery asks for a part of the audit trail.
type AuditQuery struct {
	From, To time.Time  // from the first on, before the second; zero is no bound
	Ref      record.Ref // only what concerns this record of either side; zero is all
	After    string     // where the part before ended
	Most     int        // about so many entries: batches of work are not torn apart; 0 is 500
}

// AuditLine is one entry of the trail with how its writes ended.
type AuditLine struct {
	Entry
	Outcomes []EntryOutcome `json:"outcomes,omitempty"`
}

// trailPart is one partition of the trail, with what sorts it by its beginning.
type trailPart struct{ run, begins string }

// maxTrailQueries bounds what one call reads; a part may then hold few entries, or none, and say where to go on.
const maxTrailQueries = 50

// batchSlack is how much earlier than its last entry a batch of work may have begun.
const batchSlack = time.Hour

// Audit reads the trail back in the order of runs (work outside a run is one pseudo-run an hour) and in each by time. next is
// the After of the following part, "" when there is none. It never holds more than a part.
func (e *Engine) Audit(ctx context.Context, q AuditQuery) (lines []AuditLine, next string, err error) {
	if q.Most <= 0 {
		q.Most = 500
	}
	if q.To.IsZero() {
		q.To = time.Now().Add(time.Second)
	}
	parts, err := e.trailParts(ctx, q)
	if err != nil {
		return nil, "", err
	}
	run, after, _ := strings.Cut(q.After, "|")
	queries := 0
	for n, part := range parts {
		if run != "" && part.begins < begins(run) {
			continue
		}
		at := after
		if part.run != run {
			at = stampOf(q.From.Add(-batchSlack))
		}
		for {
			got, last, err := e.trailPage(ctx, part.run, at, q)
			if err != nil {
				return nil, "", err
			}
			lines = append(lines, got...)
			queries++
			if last == "" {
				break
			}
			if at = last; len(lines) >= q.Most || queries >= maxTrailQueries {
				return lines, part.run + "|" + at, nil
			}
		}
		if n+1 < len(parts) && (len(lines) >= q.Most || queries >= maxTrailQueries) {
			return lines, parts[n+1].run + "|" + stampOf(q.From.Add(-batchSlack)), nil
		}
	}
	return lines, "", nil
}

// stampOf is how the names of batches of that time begin.
func stampOf(at time.Time) string {
	if at.Year() < 1970 {
		return ""
	}
	return fmt.Sprintf("%013d", at.UnixMilli())
}

// trailParts lists the partitions that may hold something of the time asked for, by their beginning.
func (e *Engine) trailParts(ctx context.Context, q AuditQuery) ([]trailPart, error) {
	runs, err := e.trailRuns(ctx, q.From.Add(-batchSlack))
	if err != nil {
		return nil, err
	}
	var out []trailPart
	last := q.To.UTC().Format("20060102-15") + "~"
	for _, run := range runs {
		if b := begins(run); b <= last {
			out = append(out, trailPart{run, b})
		}
	}
	slices.SortFunc(out, func(a, b trailPart) int { return strings.Compare(a.begins, b.begins) })
	return out, nil
}

// begins sorts runs and pseudo-runs by their beginning: 20260901-120000-abc123, hour-2026-09-01T12.
func begins(run string) string {
	if hour, ok := strings.CutPrefix(run, "hour-"); ok {
		return strings.NewReplacer("-", "", "T", "-").Replace(hour) + " " + run
	}
	return run
}

// trailPage reads whole batches of one partition after a name; last is where the next page begins, "" at the end.
func (e *Engine) trailPage(ctx context.Context, run, after string, q AuditQuery) (lines []AuditLine, last string, err error) {
	items, more, err := e.Table.Query(ctx, table.Query{PK: trailPK(run), After: after})
	if err != nil || len(items) == 0 {
		return nil, "", err
	}
	batches := batchesOf(items)
	if more { // the last one may be cut: it is read again, whole
		cut := batches[len(batches)-1]
		if batches = batches[:len(batches)-1]; len(batches) == 0 {
			name, _, _ := strings.Cut(cut[0].SK, "#")
			if cut, err = e.items(ctx, trailPK(run), name+"#"); err != nil {
				return nil, "", err
			}
			batches = [][]table.Item{cut}
		}
	}
	end := stampOf(q.To)
	for _, batch := range batches {
		name, _, _ := strings.Cut(batch[0].SK, "#")
		if name > end+"~" {
			return lines, "", nil
		}
		entries, outcomes, err := joinTrail(batch)
		if err != nil {
			return nil, "", err
		}
		lines = append(lines, chosen(entries, outcomes, q)...)
		last = name + "$" // sorts after everything of the batch, before the next one
	}
	if !more {
		last = ""
	}
	return lines, last, nil
}

func batchesOf(items []table.Item) [][]table.Item {
	var out [][]table.Item
	before := ""
	for _, item := range items {
		name, _, _ := strings.Cut(item.SK, "#")
		if name != before {
			out, before = append(out, nil), name
		}
		out[len(out)-1] = append(out[len(out)-1], item)
	}
	return out
}

// chosen keeps what was asked for. A record's outcomes stand with its first entry of the batch.
func chosen(entries []Entry, outcomes []EntryOutcome, q AuditQuery) []AuditLine {
	var out []AuditLine
	told := map[record.Ref]bool{}
	for _, entry := range entries {
		if entry.At.Before(q.From) || !entry.At.Before(q.To) {
			continue
		}
		line := AuditLine{Entry: entry}
		about := q.Ref.IsZero() || entry.Ref == q.Ref || entry.Target == q.Ref
		for _, o := range outcomes {
			if o.Ref == entry.Ref && !told[entry.Ref] {
				line.Outcomes = append(line.Outcomes, o)
				about = about || o.Target == q.Ref
			}
		}
		told[entry.Ref] = true
		if about {
			out = append(out, line)
		}
	}
	return out
}
