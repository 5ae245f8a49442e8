package salesforce

import (
	"context"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/record"
)

// Changes gives the next page by SystemModstamp, oldest change first; the last page of a cycle also brings what was
// deleted, when it is time to ask (Config.DeletedEvery). Records of the last Overlap are given in every cycle until
// they are older. An idle cycle is one call, and one more for each sweep of deletions.
func (c *Connector) Changes(ctx context.Context, r connector.FeedRequest) (connector.Page, error) {
	op := "changes of " + r.Object
	object, err := c.object(op, r.Object)
	if err != nil {
		return connector.Page{}, err
	}
	at, err := startAt(op, r)
	if err != nil {
		return connector.Page{}, err
	}
	sel, got, err := c.changed(ctx, op, object, r.Fields, at)
	if err != nil {
		return connector.Page{}, err
	}
	records := make([]record.Record, len(got.Records))
	for i, w := range got.Records {
		rec := c.record(sel, w)
		if rec.Ref.ID == "" || rec.Modified.IsZero() {
			return connector.Page{}, &connector.Error{Fault: connector.Unavailable, Op: op, Code: "a row without id or stamp"}
		}
		records[i] = *rec
	}
	if len(records) == 0 && !*got.Done {
		return connector.Page{}, &connector.Error{Fault: connector.Unavailable, Op: op, Code: "an empty page that is not the last"}
	}
	// A full page may be the last; the empty one after it says so. A short one may have been cut by Salesforce, which
	// then points to the rest: it is asked for from the last row, since a locator is not ours to keep.
	if more := !*got.Done || len(records) >= c.Page; more && len(records) > 0 {
		last := records[len(records)-1]
		return connector.Page{Records: records, Cursor: mustJSON(at.passed(last.Modified, last.Ref.ID, c.settled(got))), More: true, Total: -1, Unsure: unsure(got)}, nil
	}
	return c.lastPage(ctx, op, sel, at, got, records)
}

// changed asks for the page; a field that has gone since the describe is left out and the page asked for again.
func (c *Connector) changed(ctx context.Context, op, object string, fields []string, at cursor) (*selection, result, error) {
	for again := false; ; again = true {
		sel, err := c.selectFields(ctx, op, object, fields)
		if err != nil {
			return nil, result{}, err
		}
		if _, stamped := sel.schema.column("SystemModstamp"); !stamped {
			return nil, result{}, &connector.Error{Fault: connector.Forbidden, Op: op, Code: "the object has no SystemModstamp that our user may see"}
		}
		got, err := c.firstPage(ctx, op, query{fields: sel.columns, subs: sel.subs, from: column(object), where: at.where(), order: []column{"SystemModstamp", "Id"}, limit: c.Page})
		if err == nil {
			return sel, got, c.gather(ctx, op, sel, got.Records)
		}
		if again || !nameGone(err) {
			return sel, got, err
		}
		c.forget()
	}
}

// firstPage asks a query and does not follow its locator.
func (c *Connector) firstPage(ctx context.Context, op string, q query) (result, error) {
	got, err := c.askChunk(ctx, op, []query{q})
	if err != nil {
		return result{}, err
	}
	return got[0], nil
}

// unsure is the stamp from which on another change may bear the same one: stamps count in seconds, and so does the answer's
// Date, which may be of the second before.
func unsure(got result) time.Time {
	if got.date.IsZero() { // without a clock the youngest row is taken for now
		youngest := time.Unix(1, 0)
		for _, w := range got.Records {
			youngest = later(w.stamp("SystemModstamp"), youngest)
		}
		return youngest
	}
	return got.sent.Truncate(time.Second).Add(-time.Second)
}

// settled is the time before which every change was visible when the answer was made, by Salesforce's clock; without
// one, the youngest row is taken for now.
func (c *Connector) settled(got result) time.Time {
	now := got.date
	if now.IsZero() {
		for _, w := range got.Records {
			now = later(w.stamp("SystemModstamp"), now)
		}
	}
	if now.IsZero() {
		return now
	}
	return now.Add(-c.Overlap).UTC().Truncate(time.Second)
}

// lastPage ends the cycle, with the deletions when it is time.
func (c *Connector) lastPage(ctx context.Context, op string, sel *selection, at cursor, got result, records []record.Record) (connector.Page, error) {
	next := at.ended(c.settled(got))
	gone, next, err := c.sweep(ctx, op, sel, next, got.date)
	if err != nil {
		return connector.Page{}, err
	}
	records = append(records, gone...)
	return connector.Page{Records: records, Cursor: mustJSON(next), Total: len(records), Unsure: unsure(got)}, nil
}
