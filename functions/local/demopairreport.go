package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"crosswalk/internal/web"
)

// Reconciling: what differs between the two CRMs as the outsider reads them, held against what crosswalk reconcile lists.

// oddity is one difference that the outsider finds: a field, or a reference, of a pair; or a record that stands on one side only.
type oddity struct {
	sf, hub           string // refs; one of them is empty of a record that stands alone
	sfField, hubField string
	text              string
}

// compare reads both CRMs, lets every mapping of the set be reconciled, and counts the differences without a cause: those that
// reconcile itself cannot name, and those that the outsider found and reconcile does not list.
func (p *pairRun) compare(ctx context.Context, set []string) error {
	pairs, err := p.pairs(ctx)
	if err != nil {
		return err
	}
	odd, relations := p.oddities(pairs)
	var listed []web.PairDifference
	nameless, total := 0, 0
	fmt.Fprintf(p.out, "%s both CRMs are compared, by an outsider and by Crosswalk:\n", p.clock())
	for _, name := range set {
		head, rows, err := p.reconciled(ctx, name)
		if err != nil {
			return err
		}
		nameless += head.Unexplained
		total += len(rows)
		listed = append(listed, rows...)
		for _, row := range rows {
			if row.Cause == "unexplained" {
				fmt.Fprintf(p.out, "  no cause: %s %s, %s %s: %s\n", row.Ref, row.Field, row.Other, row.OtherField, row.Text)
			}
		}
		fmt.Fprintf(p.out, "  crosswalk reconcile %s: %d pairs, %d differences (%s), %d without a cause\n", name, head.Pairs, head.Rows, counts(head.Reasons), head.Unexplained)
	}
	index := indexOf(listed)
	missed := slices.DeleteFunc(slices.Clone(odd), index.has)
	for _, o := range missed[:min(len(missed), 20)] {
		fmt.Fprintf(p.out, "  not listed: %s\n", o.text)
	}
	p.res.Differences += nameless + len(missed)
	p.res.Named += total - nameless
	fmt.Fprintf(p.out, "  the outsider finds %d pairs, %d of their references at both sides, and %d differences; %d of them are not among the %d that reconcile lists\n", p.pairsSeen, relations, len(odd), len(missed), total)
	return nil
}

// reconciled compares the sides of one mapping.
func (p *pairRun) reconciled(ctx context.Context, name string) (web.Reconciliation, []web.PairDifference, error) {
	run, err := post[web.Run](ctx, p.api, "/reconciliations", map[string]string{"mapping": name})
	if err == nil {
		run, err = p.follow(ctx, p.api, run)
	}
	if err != nil {
		return web.Reconciliation{}, nil, fmt.Errorf("reconcile %s: %w", name, err)
	}
	head, err := get[web.Reconciliation](ctx, p.api, "/reconciliations/"+run.ID)
	if err != nil {
		return head, nil, err
	}
	rows, err := p.pairDifferences(ctx, p.api, head.ID)
	return head, rows, err
}

// oddities holds both sides of every pair against each other, field by field, and lists records that are in no pair. It counts the
// pairs, and references that stand at both sides.
func (p *pairRun) oddities(pairs map[string]string) (odd []oddity, relations int) {
	now := p.look()
	other, paired := map[string]string{}, map[string]bool{} // id at HubSpot of what is linked, by id at Salesforce
	for a, b := range pairs {
		other[idOf(a)] = idOf(b)
		paired[a], paired[b] = now[b] != nil, now[a] != nil
	}
	p.pairsSeen = 0
	for a, b := range pairs {
		sf, hub := now[a], now[b]
		if sf == nil || hub == nil {
			continue // one of them was deleted or merged away since: the other stands alone
		}
		p.pairsSeen++
		for _, o := range pairObjects {
			if objectOf(a) != "salesforce:"+o.sf || objectOf(b) != "hubspot:"+o.hub {
				continue
			}
			for _, f := range o.fields {
				if differ(f, sf[f.sf], hub[f.hub]) {
					odd = append(odd, oddity{a, b, f.sf, f.hub, fmt.Sprintf("%s %s %q, %s %s %q", a, f.sf, sf[f.sf], b, f.hub, hub[f.hub])})
				}
			}
		}
		for _, r := range [][4]string{{"AccountId", "company of", "primary.Account", "primary.companies"}, {"people", "people", "associations.Contact", "associations.contacts"}} {
			from, there := sf[r[0]], hub[r[1]]
			if from == "" || objectOf(a) == "salesforce:Task" {
				continue
			}
			for id := range strings.SplitSeq(from, ";") {
				switch to := other[id]; {
				case to == "":
				case slices.Contains(strings.Split(there, ";"), to):
					relations++
				default:
					odd = append(odd, oddity{a, b, r[2], r[3], fmt.Sprintf("%s %s %s, %s has %q", a, r[0], id, b, there)})
				}
			}
		}
	}
	for ref := range now {
		if !paired[ref] {
			odd = append(odd, oddity{sf: ref, text: ref + " stands on one side only"})
		}
	}
	slices.SortFunc(odd, func(x, y oddity) int { return strings.Compare(x.text, y.text) })
	return odd, relations
}

// listedDifferences are what reconcile lists, by the records that it names.
type listedDifferences map[string][]web.PairDifference

func indexOf(rows []web.PairDifference) listedDifferences {
	out := listedDifferences{}
	for _, d := range rows {
		out[d.Ref] = append(out[d.Ref], d)
		out[d.Other] = append(out[d.Other], d)
	}
	return out
}

// has tells whether reconcile lists what the outsider found.
func (l listedDifferences) has(o oddity) bool {
	if o.hub == "" {
		return len(l[o.sf]) > 0
	}
	return slices.ContainsFunc(l[o.sf], func(d web.PairDifference) bool {
		return (d.Ref == o.hub || d.Other == o.hub) && (d.Field == o.sfField || d.OtherField == o.hubField || d.Field == o.hubField || d.OtherField == o.sfField)
	})
}
