package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"crosswalk/internal/engine/table"
	"crosswalk/internal/link"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
)

// SavedPlan is the head of a preview: what would be written, in pages, with one digest over all rows. Approval names the
// digest; run --plan carries out exactly these rows and refuses those that no longer fit.
type SavedPlan struct {
	ID       string            `json:"id"`
	Mapping  string            `json:"mapping"`
	Run      string            `json:"run"`
	Actor    string            `json:"actor"`
	At       time.Time         `json:"at"`
	Complete bool              `json:"complete"`
	Pages    int               `json:"pages"`
	Rows     int               `json:"rows"`   // of the mapping itself
	Needed   int               `json:"needed"` // rows of records its documents need
	Kinds    map[string]int    `json:"kinds"`
	Reasons  map[string]int    `json:"reasons"` // skips and holds by category
	Totals   map[string]string `json:"totals"`  // net by currency, minor units
	Digest   string            `json:"digest,omitempty"`
	PageRows []int             `json:"pageRows,omitempty"` // rows of each page, so that a part is found without reading what lies before it
	Approver string            `json:"approver,omitempty"`
	Approved time.Time         `json:"approved,omitzero"`
	Single   bool              `json:"single,omitempty"` // approved under approval: single
	RanAs    string            `json:"ranAs,omitempty"`
	RanAt    time.Time         `json:"ranAt,omitzero"`
	Part     bool              `json:"part,omitempty"`     // of named records only
	Versions map[string]int    `json:"versions,omitempty"` // of the mappings that share the place of the previewed one
	Set      []string          `json:"set,omitempty"`      // of a whole set: its mappings, in the order in which they are carried out
	Writes   map[string]int    `json:"writes,omitempty"`   // records that are made or changed, by connection
	SetsOff  []SetOff          `json:"setsOff,omitempty"`  // what its creates set off at two CRMs
	Undoes   string            `json:"undoes,omitempty"`   // of an undo: the run that is undone
	Archives bool              `json:"archives,omitempty"` // of an undo: what that run made is archived
}

// PlanRow is one record's decision as previewed.
type PlanRow struct {
	Ref     record.Ref           `json:"ref"`
	Slot    string               `json:"slot"`
	Mapping string               `json:"mapping"`
	Version int                  `json:"version"`
	Needed  bool                 `json:"needed,omitempty"`
	Kind    plan.Kind            `json:"kind"`
	Object  string               `json:"object,omitempty"`
	Target  record.Ref           `json:"target,omitzero"`
	Reason  *link.Reason         `json:"reason,omitempty"`
	Fields  []plan.FieldDecision `json:"fields,omitempty"`
	Lines   []plan.LineDecision  `json:"lines,omitempty"`
	Net     string               `json:"net,omitempty"`
	Money   string               `json:"money,omitempty"`
	Digest  string               `json:"digest"`
	Erased  bool                 `json:"erased,omitempty"` // its values were erased on request
	Pair    record.Ref           `json:"pair,omitzero"`    // of what goes home of a pair: the record that the pair is worked from
	At      string               `json:"at,omitempty"`     // the connection that it writes to; "" where it writes nothing
}

// writes tells whether a row is carried out.
func (r PlanRow) writes() bool {
	return !r.Needed && slices.Contains([]plan.Kind{plan.Create, plan.Update, plan.Adopt}, r.Kind)
}

// started is the record that a row is worked from.
func (r PlanRow) started() record.Ref {
	if r.Pair.IsZero() {
		return r.Ref
	}
	return r.Pair
}

// eachRow hands every row of a plan to f, pages first, then what they need.
func (e *Engine) eachRow(ctx context.Context, id string, f func(PlanRow) bool) error {
	return e.eachPage(ctx, id, "", func(_ string, rows []PlanRow) bool {
		for _, r := range rows {
			if !f(r) {
				return false
			}
		}
		return true
	})
}

// eachPage hands the rows of every page after a sort key to f, with the page's own key.
func (e *Engine) eachPage(ctx context.Context, id, after string, f func(sk string, rows []PlanRow) bool) error {
	q := table.Query{PK: planPageKey(id, 0).PK, After: after}
	for {
		items, more, err := e.Table.Query(ctx, q)
		if err != nil {
			return err
		}
		for _, item := range items {
			var rows []PlanRow
			if err := unpack(item.Data, &rows); err != nil {
				return fmt.Errorf("plan %s: page %s: %w", id, item.SK, err)
			}
			if !f(item.SK, rows) {
				return nil
			}
			q.After = item.SK
		}
		if !more {
			return nil
		}
	}
}

// planRowOf is an item's decision as a row. Ids of counterparts are replaced by what they stand for, so that a customer that
// the same plan creates does not change the digest.
func (e *Engine) planRowOf(i *item) PlanRow {
	d := i.decision
	r := PlanRow{Ref: i.ref, Slot: i.m.Slot, Mapping: i.m.Name, Version: i.m.Version, Needed: i.needed, Kind: d.Kind, Object: d.Object,
		Reason: d.Reason, Fields: d.Fields, Lines: d.Lines, Net: d.Net, Money: d.Money, Target: i.link.B}
	if i.target != nil {
		r.Target = i.target.Ref
	}
	if i.twin {
		r.Pair = i.pair.ref
	}
	if r.Kind == plan.Create || (r.Kind == plan.Update || r.Kind == plan.Adopt) && (len(d.Write) > 0 || lineWork(d.Lines)) {
		r.At = i.m.ConnB
	}
	stands := map[string]string{}
	for need, c := range i.needs {
		if c.ID != "" {
			stands[c.ID] = "counterpart of " + need.Ref.String()
		}
	}
	type write struct {
		Kind    plan.Kind
		Object  string
		Version int
		Target  record.Ref
		Fields  map[string]string
		Lines   []map[string]string
		Net     string
		Money   string
	}
	w := write{Kind: d.Kind, Object: d.Object, Version: i.m.Version, Target: r.Target, Fields: standFor(d.Write, stands), Net: d.Net, Money: d.Money}
	for _, l := range d.Lines {
		line := standFor(l.Fields, stands)
		line["\x00op"] = l.Op
		w.Lines = append(w.Lines, line)
	}
	data, err := json.Marshal(w)
	if err != nil {
		panic("engine: a plan row does not encode: " + err.Error())
	}
	r.Digest = e.mac(12, "row", string(data)) // keyed: it stays when the row's values are erased
	return r
}

func standFor(fields map[string]record.Value, stands map[string]string) map[string]string {
	out := make(map[string]string, len(fields))
	for name, v := range fields {
		text := v.Text()
		if s, ok := stands[text]; ok {
			text = s
		}
		if v.Kind() == record.List {
			text = listStands(v.List(), stands)
		}
		out[name] = text
	}
	return out
}

// listStands is a list with what its ids stand for, in an order that does not depend on ids.
func listStands(ids []string, stands map[string]string) string {
	for n, id := range ids {
		if s, ok := stands[id]; ok {
			ids[n] = s
		}
	}
	slices.Sort(ids)
	return strings.Join(ids, ";")
}

// checkPlan lets through only what an approved plan says, to the last field. What has changed since is refused and listed.
func (e *Engine) checkPlan(ctx context.Context, b *batch, items []*item) {
	if b.plan == nil {
		return
	}
	for _, i := range items {
		if i.link.State == link.Claimed || !slices.Contains([]plan.Kind{plan.Create, plan.Update, plan.Adopt}, i.decision.Kind) {
			continue
		}
		row := e.planRowOf(i)
		if b.plan.allows(row) {
			continue
		}
		if _, left := b.plan.row(row.Slot, row.Ref); left { // it was not to be written: another record needed it, or it was read with its pair
			i.end(Result{End: Done, Counts: Counts{Skipped: 1}})
			continue
		}
		i.end(Result{End: Never, Counts: Counts{Refused: 1}})
		b.audit.add(Entry{At: time.Now(), Ref: i.ref, Target: row.Target, Mapping: i.m.Name, Version: i.m.Version, Cause: i.task.Cause, Run: i.task.Run, Actor: i.task.Actor,
			Kind: refusedRow, Net: row.Net, Money: row.Money, Prev: i.link.Page}, i.m.Document != nil)
		if err := e.noteRefused(ctx, i.task.Run, i.ref); err != nil {
			e.undecided([]*item{i}, err)
		}
	}
}

// refuseHeld lists planned rows that are now skipped or held: their write is not what it was approved to be either.
func (e *Engine) refuseHeld(ctx context.Context, b *batch, items []*item) {
	if b.plan == nil {
		return
	}
	for _, i := range items {
		stopped := i.decision.Kind == plan.Hold || i.decision.Kind == plan.Skip
		if !stopped || !i.done() || i.result.End == Later || i.result.End == Retry || i.link.State == link.Linked || i.link.State == link.Claimed {
			continue
		}
		if planned, left := b.plan.row(i.m.Slot, i.ref); !planned || left {
			continue
		}
		i.result.Counts = Counts{Refused: 1}
		if err := e.noteRefused(ctx, i.task.Run, i.ref); err != nil {
			e.undecided([]*item{i}, err)
		}
	}
}

// previewPage decides a page of records without writing anything and stores the rows.
func (e *Engine) previewPage(ctx context.Context, set *mappingSet, run *Run, n int, tasks []Task) error {
	b := &batch{set: set, audit: e.newAuditBatch(time.Now(), run.ID), chosen: map[string]*item{}, preview: true}
	if a := set.byName[run.current()]; len(run.Set) > 0 || a != nil && a.home != nil {
		b.foresight = e.foresee(run.Plan, n)
		if err := e.previewBothWays(ctx, b, run.current(), tasks); err != nil {
			return err
		}
	} else if err := decidable(e.workTasks(ctx, b, tasks)); err != nil {
		return err
	}
	var rows, needed []PlanRow
	for _, i := range b.all {
		if i.m == nil || i.decision.Kind == "" || i.twin && i.decision.Kind != plan.Update && i.decision.Kind != plan.Hold || i.needed && slices.Contains(run.Set, i.m.Name) {
			continue
		}
		if row := e.planRowOf(i); row.Needed {
			needed = append(needed, row)
		} else {
			rows = append(rows, row)
		}
	}
	puts := []table.Put{}
	add := func(key table.Key, rows []PlanRow) error {
		data, err := pack(rows)
		if err == nil {
			puts = append(puts, table.Put{Key: key, Data: data, Token: e.token()})
		}
		return err
	}
	if err := add(planPageKey(run.Plan, n), rows); err != nil {
		return err
	}
	for _, r := range needed {
		if err := add(table.Key{PK: planPageKey(run.Plan, 0).PK, SK: "zneed#" + r.Slot + "#" + r.Ref.String()}, []PlanRow{r}); err != nil {
			return err
		}
	}
	return firstError(e.Table.Put(ctx, puts))
}

// completePlan counts a finished preview and puts the one digest over all its rows.
func (e *Engine) completePlan(ctx context.Context, run *Run) error {
	head := SavedPlan{ID: run.Plan, Mapping: run.Mapping, Run: run.ID, Actor: run.Actor, At: time.Now(), Complete: true, Pages: run.Pages, Part: run.Part,
		Kinds: map[string]int{}, Reasons: map[string]int{}, Totals: map[string]string{}, Set: run.Set, Writes: map[string]int{}}
	sum := sha256.New()
	totals, creates := map[string]int64{}, map[place]int{}
	count := func(r PlanRow) {
		fmt.Fprintf(sum, "%s#%s#%s\n", r.Slot, r.Ref, r.Digest)
		if r.Needed {
			head.Needed++
		} else {
			head.Rows++
		}
		head.Kinds[string(r.Kind)]++
		if r.At != "" {
			head.Writes[r.At]++
		}
		if r.Kind == plan.Create && r.At != "" {
			creates[place{r.At, r.Object}]++
		}
		if r.Reason != nil {
			head.Reasons[r.Reason.Category]++
		}
		var net int64
		if _, err := fmt.Sscan(r.Net, &net); err == nil && r.Kind == plan.Create {
			totals[r.Money] += net
		}
	}
	err := e.eachPage(ctx, run.Plan, "", func(sk string, rows []PlanRow) bool {
		if sk == planPageKey(run.Plan, len(head.PageRows)).SK {
			head.PageRows = append(head.PageRows, len(rows))
		}
		for _, r := range rows {
			count(r)
		}
		return true
	})
	if err != nil {
		return err
	}
	for money, net := range totals {
		head.Totals[money] = fmt.Sprint(net)
	}
	head.Digest = hex.EncodeToString(sum.Sum(nil)[:16])
	head.SetsOff = e.setOffBy(ctx, creates, len(run.Set) > 0)
	if head.Versions, err = e.previewedVersions(ctx, run); err != nil {
		return err
	}
	if err := e.putOne(ctx, planKey(run.Plan), head, table.Condition{}); err != nil {
		return err
	}
	return e.notePreview(ctx, head)
}

// previewedVersions are the versions that a preview's rows were decided with: of every mapping that shares the place.
func (e *Engine) previewedVersions(ctx context.Context, run *Run) (map[string]int, error) {
	set, err := e.previewedMappings(ctx, run)
	if err != nil {
		return nil, err
	}
	out := map[string]int{}
	for _, of := range run.mappings() {
		if set.byName[of] == nil {
			continue
		}
		for _, name := range set.names {
			if a := set.byName[name]; a.Slot == set.byName[of].Slot {
				out[name] = a.Version
			}
		}
	}
	if len(out) == 0 {
		return nil, nil
	}
	return out, nil
}
