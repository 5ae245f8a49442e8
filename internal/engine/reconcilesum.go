package engine

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
	"time"

	"crosswalk/internal/engine/table"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
)

// foundDifference remembers since when something of a month was not as it should be.
type foundDifference struct {
	Category string    `json:"category"`
	First    time.Time `json:"first"`
	Run      string    `json:"run"` // that first found it
}

// completeReconcile orders the rows, adds them up, compares with what was known of the month, and tells what is new. Done
// twice, it gives the same.
func (e *Engine) completeReconcile(ctx context.Context, r Run) error {
	rows, err := e.reconcileParts(ctx, r.ID)
	if err != nil {
		return err
	}
	fresh, err := e.markNew(ctx, r, rows)
	if err != nil {
		return err
	}
	a, err := e.LatestMapping(ctx, r.Mapping)
	if err != nil {
		return err
	}
	account, err := e.account(ctx, a.ConnA)
	if err != nil {
		return err
	}
	head := Reconciliation{ID: r.ID, Mapping: r.Mapping, Month: r.Month, Zone: account.TimeZone, Actor: r.Actor, At: r.At, Complete: true, Rows: len(rows),
		Groups: addUp(rows), Reasons: map[string]int{}}
	for _, row := range rows {
		if row.Reason != nil {
			head.Reasons[row.Reason.Category]++
		}
		if row.New {
			head.New++
		}
	}
	expires := r.At.Add(keepReconciliations)
	for n := 0; n*reconcilePage < len(rows); n++ {
		part := rows[n*reconcilePage : min((n+1)*reconcilePage, len(rows))]
		if err := e.putPacked(ctx, reconcileRowsKey(r.ID, n), part, expires); err != nil {
			return err
		}
	}
	p := expiring(put(reconciliationKey(r.ID), head, e.token(), table.Condition{}), expires)
	if err := e.Table.Put(ctx, []table.Put{p})[0]; err != nil {
		return err
	}
	return e.tellDifferences(ctx, head, fresh)
}

// tellDifferences tells what a person must look at and was not there the last time.
func (e *Engine) tellDifferences(ctx context.Context, head Reconciliation, fresh map[string]int) error {
	total := 0
	for _, n := range fresh {
		total += n
	}
	if total == 0 {
		return nil
	}
	return e.Raise(ctx, Concern{Event: EventDifference, Mapping: head.Mapping, Category: newDifferences, Name: head.Month, Count: total,
		Command: fmt.Sprintf("crosswalk reconcile %s --month %s", head.Mapping, head.Month)})
}

// reconcileParts reads what the steps found, each record once, in the order of the report.
func (e *Engine) reconcileParts(ctx context.Context, id string) ([]ReconcileRow, error) {
	byRef := map[record.Ref]ReconcileRow{}
	q := table.Query{PK: reconcilePartKey(id, 0).PK, Prefix: "part#"}
	for {
		items, more, err := e.Table.Query(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, item := range items {
			var rows []ReconcileRow
			if err := unpack(item.Data, &rows); err != nil {
				return nil, fmt.Errorf("reconciliation %s: part %s: %w", id, item.SK, err)
			}
			for _, row := range rows {
				byRef[row.Ref] = row // a record that changed meanwhile was read twice: the later read counts
			}
			q.After = item.SK
		}
		if !more {
			break
		}
	}
	return slices.SortedFunc(maps.Values(byRef), func(x, y ReconcileRow) int {
		return cmp.Or(strings.Compare(x.Entity, y.Entity), strings.Compare(x.Currency, y.Currency), strings.Compare(x.Day, y.Day), strings.Compare(x.Ref.String(), y.Ref.String()))
	}), nil
}

// markNew fills in since when each difference is known, remembers the new ones and forgets those that are over. It counts
// the new ones that need a person, by category.
func (e *Engine) markNew(ctx context.Context, r Run, rows []ReconcileRow) (map[string]int, error) {
	known := map[string]foundDifference{}
	partition := differenceKey(r.Mapping, r.Month, record.Ref{}).PK
	if err := list(ctx, e.Table, partition, "", func(k table.Key, d foundDifference) bool { known[k.SK] = d; return true }); err != nil {
		return nil, err
	}
	fresh := map[string]int{}
	var puts []table.Put
	for n := range rows {
		row := &rows[n]
		if row.Reason == nil {
			continue
		}
		id := row.Ref.String()
		was, ok := known[id]
		delete(known, id)
		row.First = was.First
		if !ok || was.Category != row.Reason.Category {
			was = foundDifference{Category: row.Reason.Category, First: r.At, Run: r.ID}
			row.First = r.At
			puts = append(puts, expiring(put(table.Key{PK: partition, SK: id}, was, e.token(), table.Condition{}), r.At.Add(keepReconciliations)))
		}
		row.New = was.Run == r.ID
		if row.New && !plan.Harmless(row.Reason.Category) {
			fresh[row.Reason.Category]++
		}
	}
	for _, id := range slices.Sorted(maps.Keys(known)) {
		puts = append(puts, table.Put{Key: table.Key{PK: partition, SK: id}, Delete: true})
	}
	return fresh, firstError(e.Table.Put(ctx, puts))
}

// groupSum is a group while it is added up.
type groupSum struct {
	ReconcileGroup
	deals, documents, unbilled, differing, strays big.Int
}

// addUp sums rows by entity and currency, exactly. A document in another currency than its deal counts in its own group.
func addUp(rows []ReconcileRow) []ReconcileGroup {
	sums := map[[2]string]*groupSum{}
	of := func(entity, currency string) *groupSum {
		g := sums[[2]string{entity, currency}]
		if g == nil {
			g = &groupSum{ReconcileGroup: ReconcileGroup{Entity: entity, Currency: currency}}
			sums[[2]string{entity, currency}] = g
		}
		return g
	}
	for _, row := range rows {
		g := of(row.Entity, row.Currency)
		deal, hasDeal := new(big.Int).SetString(row.Deal, 10)
		net, hasNet := new(big.Int).SetString(row.Net, 10)
		if row.Outcome == Stray {
			g.Strays++
			if hasNet {
				g.strays.Add(&g.strays, net)
			}
			continue
		}
		g.Won++
		if !hasDeal {
			g.Unpriced++
			deal = new(big.Int)
		}
		g.deals.Add(&g.deals, deal)
		if row.Outcome == Unbilled {
			g.Unbilled++
			g.unbilled.Add(&g.unbilled, deal)
			continue
		}
		d := of(row.Entity, row.Money)
		d.Documents++
		if hasNet {
			d.documents.Add(&d.documents, net)
		}
		if row.Outcome == Differs {
			g.Differing++
			g.differing.Add(&g.differing, deal)
			if hasNet {
				d.differing.Sub(&d.differing, net)
			}
		}
	}
	var out []ReconcileGroup
	for _, key := range slices.SortedFunc(maps.Keys(sums), func(x, y [2]string) int { return cmp.Or(strings.Compare(x[0], y[0]), strings.Compare(x[1], y[1])) }) {
		g := sums[key]
		g.Deals, g.DocumentsNet, g.UnbilledNet, g.DifferingNet, g.StraysNet = g.deals.String(), g.documents.String(), g.unbilled.String(), g.differing.String(), g.strays.String()
		g.Difference = new(big.Int).Sub(&g.deals, &g.documents).String()
		out = append(out, g.ReconcileGroup)
	}
	return out
}
