package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/engine/table"
	"crosswalk/internal/link"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
)

// Reconciliation is the month end of one place (slot): every deal won in the month beside its document, as both systems have
// them now, not as the store remembers them. It is a run of kind reconcile with the same id. It reads the whole source feed,
// since a won day may lie before or after the last change, then the links whose document was made in the month.
type Reconciliation struct {
	ID       string           `json:"id"`
	Mapping  string           `json:"mapping"`
	Month    string           `json:"month"` // YYYY-MM, days in the time zone of the source's account
	Zone     string           `json:"zone,omitempty"`
	Actor    string           `json:"actor"`
	At       time.Time        `json:"at"`
	Complete bool             `json:"complete"`
	Rows     int              `json:"rows"`
	Groups   []ReconcileGroup `json:"groups"`
	Reasons  map[string]int   `json:"reasons,omitempty"` // rows that are not simply billed, by category
	New      int              `json:"new,omitempty"`     // of these, those that the last one of this month did not have

	// Of a parity report (parity.go), which has no month and no groups:
	A      string         `json:"a,omitempty"` // connections
	B      string         `json:"b,omitempty"`
	Pairs  int            `json:"pairs,omitempty"`  // linked pairs that both sides have
	Kinds  map[string]int `json:"kinds,omitempty"`  // differences by kind
	Mended int            `json:"mended,omitempty"` // differences of the report before that are over
}

// ReconcileGroup is one entity and currency. All sums are whole minor units as text; Difference is Deals less Documents, and
// also UnbilledNet plus DifferingNet. Deals whose amount is no number are counted in Unpriced and are in no sum; documents
// whose deal is not won any more are strays, and in no other sum.
type ReconcileGroup struct {
	Entity       string `json:"entity,omitempty"` // its code, else its label; blank when the mapping cannot tell
	Currency     string `json:"currency"`
	Won          int    `json:"won"`
	Deals        string `json:"deals"`
	Documents    int    `json:"documents"`
	DocumentsNet string `json:"documentsNet"`
	Difference   string `json:"difference"`
	Unbilled     int    `json:"unbilled,omitempty"`
	UnbilledNet  string `json:"unbilledNet"`
	Differing    int    `json:"differing,omitempty"`
	DifferingNet string `json:"differingNet"` // deals less documents
	Unpriced     int    `json:"unpriced,omitempty"`
	Strays       int    `json:"strays,omitempty"`
	StraysNet    string `json:"straysNet"`
}

// Outcomes of one row.
const (
	Billed   = "billed"   // deal and document agree
	Differs  = "differs"  // the document's net is not the deal's
	Unbilled = "unbilled" // won, and no document bills it
	Stray    = "stray"    // a document whose deal is not won any more, or gone
)

// ReconcileRow is one deal, or one document without a won deal.
type ReconcileRow struct {
	Ref      record.Ref   `json:"ref"`
	Day      string       `json:"day,omitempty"` // when it was won
	Mapping  string       `json:"mapping,omitempty"`
	Entity   string       `json:"entity,omitempty"`
	Currency string       `json:"currency,omitempty"`
	Deal     string       `json:"deal,omitempty"`  // net in minor units; "" when it is no number
	Basis    string       `json:"basis,omitempty"` // lines or amount: what Deal was taken from
	Document record.Ref   `json:"document,omitzero"`
	State    string       `json:"state,omitempty"` // as billing shows it
	Money    string       `json:"money,omitempty"` // of the document
	Net      string       `json:"net,omitempty"`   // of the document
	Outcome  string       `json:"outcome"`
	Reason   *link.Reason `json:"reason,omitempty"` // of all that are not Billed
	First    time.Time    `json:"first,omitzero"`   // when a reconciliation of this month first found this
	New      bool         `json:"new,omitempty"`
}

// keepReconciliations is how long a month's comparison can be read again.
const keepReconciliations = 400 * 24 * time.Hour

func reconciliationKey(id string) table.Key { return table.Key{PK: "Q", SK: id} }
func reconcilePartKey(id string, n int) table.Key {
	return table.Key{PK: "Q#" + id, SK: fmt.Sprintf("part#%06d", n)}
}
func reconcileRowsKey(id string, n int) table.Key {
	return table.Key{PK: "Q#" + id, SK: fmt.Sprintf("row#%06d", n)}
}
func differenceKey(mapping, month string, ref record.Ref) table.Key {
	return table.Key{PK: "Q#seen#" + mapping + "#" + month, SK: ref.String()}
}

// StartReconcile starts the month end of a mapping that makes documents, YYYY-MM; of any other mapping, which has no month, its parity
// report. Who calls this: a person, or the schedule.
func (e *Engine) StartReconcile(ctx context.Context, mapping, month, actor string) (Run, error) {
	if err := e.refuseRestored(ctx); err != nil {
		return Run{}, err
	}
	r, err := e.reconcileRun(ctx, mapping, month, actor)
	if err != nil {
		return r, err
	}
	if id, err := e.parityUnderWay(ctx, r); err != nil || id != "" {
		return r, firstError([]error{err, &RefusedError{mapping + " is being compared by run " + id, "wait for it: crosswalk runs " + id}})
	}
	return e.StartRun(ctx, r, nil)
}

func (e *Engine) reconcileRun(ctx context.Context, mapping, month, actor string) (Run, error) {
	a, err := e.LatestMapping(ctx, mapping)
	if err != nil {
		return Run{}, err
	}
	if a.Document == nil && month != "" {
		return Run{}, &RefusedError{mapping + " makes no documents", "reconcile a mapping that does, such as deals-to-invoices; or leave --month out, and the records of both sides are compared"}
	}
	if a.Document == nil {
		return Run{Kind: "reconcile", Mapping: mapping, Actor: actor}, nil
	}
	if _, err := time.Parse("2006-01", month); err != nil {
		return Run{}, &RefusedError{fmt.Sprintf("%q is no month", month), "write it as 2026-11"}
	}
	return Run{Kind: "reconcile", Mapping: mapping, Month: month, Actor: actor}, nil
}

// Reconciliation reads the head of one that is complete.
func (e *Engine) Reconciliation(ctx context.Context, id string) (Reconciliation, error) {
	got, err := getItem[Reconciliation](ctx, e.Table, reconciliationKey(id))
	if err == nil && got.Rev == 0 {
		err = &NotFoundError{"complete reconciliation", id}
	}
	return got.Value, err
}

// Reconciliations lists them, newest first, of one mapping or all.
func (e *Engine) Reconciliations(ctx context.Context, mapping string) ([]Reconciliation, error) {
	var out []Reconciliation
	err := list(ctx, e.Table, reconciliationKey("").PK, "", func(_ table.Key, r Reconciliation) bool {
		if mapping == "" || r.Mapping == mapping {
			out = append(out, r)
		}
		return true
	})
	slices.Reverse(out)
	return out, err
}

// ReconcileRows gives rows of a complete one, by entity, currency and day, from an offset.
func (e *Engine) ReconcileRows(ctx context.Context, id string, from, most int) ([]ReconcileRow, error) {
	var out []ReconcileRow
	for n := from / reconcilePage; len(out) < most; n++ {
		items, err := e.Table.Get(ctx, []table.Key{reconcileRowsKey(id, n)})
		if err != nil {
			return nil, err
		}
		item, ok := items[reconcileRowsKey(id, n)]
		if !ok {
			break
		}
		var rows []ReconcileRow
		if err := unpack(item.Data, &rows); err != nil {
			return nil, err
		}
		skip := max(0, from-n*reconcilePage)
		out = append(out, rows[min(skip, len(rows)):]...)
	}
	return out[:min(most, len(out))], nil
}

// reconcilePage is how many rows one stored page holds: a few hundred bytes each, compressed.
const reconcilePage = 200

// stepReconcile does one page more: of the source's feed, then of the links. Killed between page and cursor, the same page is
// done again and its rows replace themselves.
func (e *Engine) stepReconcile(ctx context.Context, r Run, rev int64) error {
	if r.Month == "" {
		return e.stepParity(ctx, r, rev)
	}
	ctx = e.labelled(ctx, r.Mapping, "reconcile", true)
	set, err := e.mappings(ctx)
	if err != nil {
		return err
	}
	a := set.byName[r.Mapping]
	if a == nil || a.Document == nil {
		return &NotFoundError{"mapping that makes documents", r.Mapping}
	}
	c := &reconciler{Engine: e, set: set, of: a, run: r}
	if r.Phase == 0 && r.Cursor == nil { // a stage made since the table was read would make its deals look open
		if _, err := e.tableNewer(ctx, a.ConnA, a.Document.Stages, r.At); err != nil {
			return err
		}
	}
	var rows []ReconcileRow
	if r.Phase == 0 {
		rows, err = c.deals(ctx)
	} else {
		rows, err = c.documents(ctx)
	}
	if err != nil {
		return err
	}
	if len(rows) > 0 {
		if err := e.putPacked(ctx, reconcilePartKey(r.ID, c.run.Pages), rows, r.At.Add(keepReconciliations)); err != nil {
			return err
		}
		c.run.Pages++
	}
	if c.run.Phase > 1 {
		if err := e.completeReconcile(ctx, c.run); err != nil {
			return err
		}
		c.run.Status, c.run.Ended, c.run.Expected = "done", time.Now(), c.run.Listed
	}
	c.run.Error, c.run.Faults = "", 0
	err = e.putOne(ctx, runKey(r.ID), c.run, table.IfRev(rev))
	if lost(err) {
		return nil // another worker did this step
	}
	return err
}

func (e *Engine) putPacked(ctx context.Context, key table.Key, v any, expires time.Time) error {
	data, err := pack(v)
	if err != nil {
		return err
	}
	return e.Table.Put(ctx, []table.Put{{Key: key, Data: data, Token: e.token(), Expires: expires}})[0]
}

// reconciler looks at one page for a run.
type reconciler struct {
	*Engine
	set *mappingSet
	of  *Active
	run Run
}

// deals takes one page of the source's feed and looks closer at what was won in the month.
func (c *reconciler) deals(ctx context.Context) ([]ReconcileRow, error) {
	page, err := c.Connections[c.of.ConnA].Changes(ctx, connector.FeedRequest{Object: c.of.A.Object, Cursor: c.run.Cursor, Fields: c.of.wantedA})
	if err != nil {
		return nil, err
	}
	var refs []record.Ref
	for n := range page.Records {
		won, err := c.wonInMonth(ctx, &page.Records[n])
		if err != nil {
			return nil, err
		}
		if won && !slices.Contains(refs, page.Records[n].Ref) {
			refs = append(refs, page.Records[n].Ref)
		}
	}
	if c.run.Expected < 0 && page.Total >= 0 {
		c.run.Expected = page.Total
	}
	c.run.Listed += len(page.Records)
	c.run.Cursor = page.Cursor
	if !page.More {
		c.run.Phase, c.run.Cursor = 1, nil
	}
	return c.look(ctx, refs, nil)
}

// wonInMonth judges a record by itself. A won deal without a readable won day counts in the month of its last change: nobody
// would see it otherwise.
func (c *reconciler) wonInMonth(ctx context.Context, source *record.Record) (bool, error) {
	i := &item{ref: source.Ref, group: []*Active{c.of}, source: source}
	f, err := c.facts(ctx, &batch{set: c.set}, i, c.of)
	if err != nil {
		return false, err
	}
	won, _ := plan.Won(c.of.Mapping, source, f.Tables["a/"+c.of.Document.Stages])
	if !won || source.Archived {
		return false, nil
	}
	return c.wonDay(f)[:len("2006-01")] == c.run.Month, nil
}

func (c *reconciler) wonDay(f *plan.Facts) string {
	day, err := plan.WonDay(f)
	if err != nil || len(day) < len(time.DateOnly) {
		return zoned(f.Source.Modified, f.Account.TimeZone).Format(time.DateOnly)
	}
	return day
}

// zoned is a moment in an account's time zone; an unknown zone is UTC.
func zoned(t time.Time, zone string) time.Time {
	where, err := time.LoadLocation(zone)
	if err != nil {
		where = time.UTC
	}
	return t.In(where)
}

// linkCursor is how far the links of a slot were read.
type linkCursor struct {
	Shard int    `json:"shard"`
	After string `json:"after,omitempty"`
}

// documents takes one page of links and looks closer at those whose document was made in the month: is its deal still won?
func (c *reconciler) documents(ctx context.Context) ([]ReconcileRow, error) {
	var at linkCursor
	if c.run.Cursor != nil {
		if err := json.Unmarshal(c.run.Cursor, &at); err != nil {
			return nil, fmt.Errorf("cursor: %w", err)
		}
	}
	account, err := c.account(ctx, c.of.ConnA)
	if err != nil {
		return nil, err
	}
	items, more, err := c.Table.Query(ctx, table.Query{PK: fmt.Sprintf("L#%s#%02d", c.of.Slot, at.Shard), After: at.After})
	if err != nil {
		return nil, err
	}
	var refs []record.Ref
	for _, item := range items {
		at.After = item.SK
		var l link.Link
		if err := read(item, &l); err != nil {
			return nil, err
		}
		if l.State == link.Linked && madeIn(l, c.run.Month, account.TimeZone) {
			refs = append(refs, l.A)
		}
	}
	if !more {
		at = linkCursor{Shard: at.Shard + 1}
	}
	if c.run.Cursor, err = json.Marshal(at); err != nil {
		return nil, err
	}
	if at.Shard == shards {
		c.run.Phase, c.run.Cursor = 2, nil
	}
	return c.look(ctx, refs, func(o pairSeen) bool { return !o.won })
}

// madeIn tells whether a document was made in the month, or linked then by a person. One of which neither is known shows in
// every month.
func madeIn(l link.Link, month, zone string) bool {
	var at time.Time
	switch {
	case l.Made != nil:
		at = l.Made.At
	case l.Hand != nil:
		at = l.Hand.At
	default:
		return true
	}
	return zoned(at, zone).Format("2006-01") == month
}

// pairSeen is one deal as both systems have it now.
type pairSeen struct {
	*item
	won  bool
	gone string // why there is no deal
	doc  record.State
	day  string
}

// look reads deals and their documents afresh and gives a row for each that keep wants; nil is all that are won in the month.
func (c *reconciler) look(ctx context.Context, refs []record.Ref, keep func(pairSeen) bool) ([]ReconcileRow, error) {
	var rows []ReconcileRow
	for part := range slices.Chunk(refs, runPageSize) {
		b := &batch{set: c.set, audit: c.newAuditBatch(time.Now(), c.run.ID), chosen: map[string]*item{}, preview: true}
		all, err := c.readDeals(ctx, b, part)
		if err != nil {
			return nil, err
		}
		var kept []*pairSeen
		for n := range all {
			if keep == nil && all[n].won && all[n].day[:len(c.run.Month)] == c.run.Month || keep != nil && keep(all[n]) {
				kept = append(kept, &all[n])
			}
		}
		if err := c.readTargetsOf(ctx, kept); err != nil {
			return nil, err
		}
		if err := c.judge(ctx, b, kept); err != nil {
			return nil, err
		}
		for _, o := range kept {
			row, ok, err := c.row(ctx, b, o)
			if err != nil {
				return nil, err
			}
			if ok {
				rows = append(rows, row)
			}
		}
	}
	return rows, nil
}

// readDeals reads links and then sources.
func (c *reconciler) readDeals(ctx context.Context, b *batch, refs []record.Ref) ([]pairSeen, error) {
	var out []pairSeen
	var keys []table.Key
	var ids, fields, with []string
	for _, ref := range refs {
		for _, group := range c.set.group(ref, func(a *Active) bool { return a.Slot == c.of.Slot }) {
			i := &item{task: Task{Ref: ref, Mapping: c.of.Name, Cause: "reconcile", Run: c.run.ID}, ref: ref, group: group, key: c.linkKey(c.of.Slot, ref)}
			b.chosen[c.of.Slot+"#"+ref.String()] = i
			b.all = append(b.all, i)
			out, keys, ids = append(out, pairSeen{item: i}), append(keys, i.key), append(ids, ref.ID)
			for _, a := range group {
				fields, with = append(fields, a.wantedA...), append(with, a.withA...)
			}
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	links, err := getItems[link.Link](ctx, c.Table, keys)
	if err != nil {
		return nil, err
	}
	reads, err := c.Connections[c.of.ConnA].Read(ctx, connector.ReadRequest{Object: c.of.A.Object, IDs: ids, Fields: distinct(fields), With: distinct(with)})
	if err == nil && len(reads) != len(ids) {
		err = fmt.Errorf("%s answered %d of %d reads", c.of.ConnA, len(reads), len(ids))
	}
	if err != nil {
		return nil, err
	}
	for n := range out {
		o := &out[n]
		o.link, o.rev = links[o.key].Value, links[o.key].Rev
		if o.rev == 0 {
			o.link = link.Link{Slot: c.of.Slot, A: o.ref}
		}
		o.m = o.choose()
		if err := c.takeDeal(ctx, b, o, reads[n]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (c *reconciler) takeDeal(ctx context.Context, b *batch, o *pairSeen, read record.Read) error {
	switch read.State {
	case record.Found:
		o.source = read.Record
	case record.Moved:
		o.gone = fmt.Sprintf("was merged into %s", read.To)
	case record.Gone:
		o.gone = "was deleted"
	case record.NoRight:
		o.gone = "cannot be read with our credential"
	default:
		return errOr(read.Err, o.ref.String()+" was not answered")
	}
	if o.source == nil {
		o.source = &record.Record{Ref: o.ref, Archived: true}
		return nil
	}
	f, err := c.facts(ctx, b, o.item, o.m)
	if err != nil {
		return err
	}
	o.won, _ = plan.Won(o.m.Mapping, o.source, f.Tables["a/"+o.m.Document.Stages])
	o.won = o.won && !o.source.Archived
	if o.source.Archived {
		o.gone = "was deleted"
	}
	o.day = c.wonDay(f)
	return nil
}

// readTargetsOf reads the documents of linked deals.
func (c *reconciler) readTargetsOf(ctx context.Context, all []*pairSeen) error {
	byObject := map[[2]string][]*pairSeen{}
	for _, o := range all {
		if o.link.State == link.Linked {
			at := [2]string{o.link.B.Connection, o.link.B.Object}
			byObject[at] = append(byObject[at], o)
		}
	}
	for _, at := range sortedKeys(byObject) {
		list := byObject[at]
		ids, fields := make([]string, len(list)), []string{}
		for n, o := range list {
			ids[n] = o.link.B.ID
			fields = append(fields, o.m.wantedB...)
			fields = append(fields, "state", "currency")
		}
		reads, err := c.Connections[at[0]].Read(ctx, connector.ReadRequest{Object: at[1], IDs: ids, Fields: distinct(fields)})
		if err == nil && len(reads) != len(ids) {
			err = errors.New(at[0] + " did not answer every read")
		}
		if err != nil {
			return err
		}
		for n, o := range list {
			if o.doc = reads[n].State; o.doc == record.Unanswered {
				return errOr(reads[n].Err, o.link.B.String()+" was not answered")
			}
			o.target = reads[n].Record
		}
	}
	return nil
}

// judge lets the plan decide about won deals, as a preview does: nothing is written. Deals whose document cannot be read need
// no decision.
func (c *reconciler) judge(ctx context.Context, b *batch, all []*pairSeen) error {
	var items []*item
	for _, o := range all {
		if o.won && (o.link.State != link.Linked || o.target != nil) && o.link.State != link.Tombstone {
			items = append(items, o.item)
		}
	}
	for _, step := range []func(context.Context, *batch, []*item){c.readLines, c.findCounterparts, c.runScripts, c.match, c.decide, c.runHooks} {
		if left := open(items); len(left) > 0 {
			step(ctx, b, left)
		}
	}
	for _, i := range items {
		if r := i.result; r != nil && (r.End == Retry || r.End == Later && r.Err != nil) {
			return errOr(r.Err, i.ref.String()+" could not be looked at")
		}
	}
	return nil
}
