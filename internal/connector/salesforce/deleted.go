package salesforce

import (
	"context"
	"net/url"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/record"
)

// replication is what /deleted/ answers (fact sheet 9).
type replication struct {
	Records []struct {
		ID string `json:"id"`
		At string `json:"deletedDate"`
	} `json:"deletedRecords"`
	Earliest string `json:"earliestDateAvailable"`
	Covered  string `json:"latestDateCovered"`
}

func (r *replication) sound() bool { return r.Records != nil && r.Covered != "" }

// minWindow is the shortest window that Salesforce takes; it ignores seconds.
const minWindow = 2 * time.Minute

// sweep gives the records deleted since the last one, as archived ones without values, and the cursor after it: it
// resumes from latestDateCovered, which may be far behind the clock. Losers of a merge are among them; a read says where
// they went. A feed of everything there is only notes the time at first: nothing deleted before it was ever linked. One that
// begins at a time has the deletions since that time too, so that going back loses none.
func (c *Connector) sweep(ctx context.Context, op string, sel *selection, at cursor, now time.Time) ([]record.Record, cursor, error) {
	if now.IsZero() {
		now = time.Now()
	}
	now = now.UTC()
	if at.Gone.IsZero() {
		at.Gone, at.Swept = now.Add(-c.Overlap).Truncate(time.Minute), now
		return nil, at, nil
	}
	start, end := at.Gone.Truncate(time.Minute), now.Truncate(time.Minute)
	if now.Sub(at.Swept) < c.DeletedEvery || end.Sub(start) < minWindow || !sel.schema.Replicateble {
		return nil, at, nil
	}
	var got replication
	_, err := c.get(ctx, op, "/sobjects/"+sel.object+"/deleted/", "/sobjects/{object}/deleted/",
		url.Values{"start": {start.Format(time.RFC3339)}, "end": {end.Format(time.RFC3339)}}, &got)
	earliest, _ := parseStamp(got.Earliest)
	if code := codeOf(err); code == "INVALID_REPLICATION_DATE" || code == "EXCEEDED_ID_LIMIT" || err == nil && earliest.After(start) {
		return c.sweepBin(ctx, op, sel, at, start, now) // the log was cut: what the bin still has must do
	}
	if err != nil {
		return nil, at, err
	}
	var out []record.Record
	for _, d := range got.Records {
		id, ok := ID(d.ID)
		stamp, err := parseStamp(d.At)
		if ok && err == nil {
			out = append(out, record.Record{Ref: c.ref(sel.object, id), Modified: stamp, Archived: true, Fields: map[string]record.Value{}})
		}
	}
	if covered, err := parseStamp(got.Covered); err == nil && covered.After(at.Gone) {
		at.Gone = covered
	}
	at.Swept = now
	return out, at, nil
}

func codeOf(err error) string {
	if err == nil {
		return ""
	}
	return asError(err).Code
}

// sweepBin asks the recycle bin for what was deleted since, where the log of deletions does not reach back that far.
// Records that were purged from both are found by a comparison only (reconcile).
func (c *Connector) sweepBin(ctx context.Context, op string, sel *selection, at cursor, start, now time.Time) ([]record.Record, cursor, error) {
	columns := sel.schema.columns("Id", "SystemModstamp", "IsDeleted")
	if len(columns) < 3 {
		return nil, at, &connector.Error{Fault: connector.Forbidden, Op: op, Code: "deleted records cannot be told"}
	}
	got, err := c.askAll(ctx, op, query{fields: columns, from: column(sel.object), bin: true, order: []column{"SystemModstamp", "Id"},
		where: all{compare{"IsDeleted", equal, yes}, compare{"SystemModstamp", atLeast, instant(start)}}})
	if err != nil {
		return nil, at, err
	}
	var out []record.Record
	for _, r := range got.Records {
		if id := r.id("Id"); id != "" {
			out = append(out, record.Record{Ref: c.ref(sel.object, id), Modified: r.stamp("SystemModstamp"), Archived: true, Fields: map[string]record.Value{}})
		}
	}
	at.Gone, at.Swept = now.Add(-c.Overlap), now
	return out, at, nil
}
