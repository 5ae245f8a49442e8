package plan

import (
	"fmt"
	"math/big"

	"crosswalk/internal/link"
	"crosswalk/internal/mapping"
	"crosswalk/internal/money"
	"crosswalk/internal/record"
)

// What a person did to a link, as the audit trail tells it.
const (
	Joined    Kind = "linked by hand"
	TakenOff  Kind = "unlinked by hand"
	SetAside  Kind = "ignored"
	TakenBack Kind = "no longer ignored"
)

// Settled gives the pairs of two records that a person joined: what both read as now counts as agreed, so that nothing is
// written until one side changes. Fields whose value cannot be told now are left out; the first rule decides about them
// when it can.
func Settled(f *Facts) map[string]link.Pair {
	out := map[string]link.Pair{}
	for _, w := range wantedValues(f) {
		at := f.Target.Field(w.field.B)
		if w.stop != nil || w.need != nil || w.value.Kind() == record.Absent || at.Kind() == record.Unreadable {
			continue
		}
		out[w.field.Key()] = link.Pair{A: f.sourceSide(w), B: f.targetSide(w, at)}
	}
	return out
}

// settleGroup is for a mapping that neither creates nor updates: it links what matches and writes nothing, not even into
// blanks; what both read as is settled.
func settleGroup(f *Facts, d *Decision, group []wanted) {
	for _, w := range group {
		old := f.Target.Field(w.field.B)
		d.Fields = append(d.Fields, FieldDecision{Field: w.field.B, From: w.field.A, Action: KeepIt, Rule: "links only: create: never, update: false", Old: old, New: w.value})
		if w.value.Kind() != record.Absent && old.Kind() != record.Unreadable {
			d.Agreed[w.field.Key()] = link.Pair{A: f.sourceSide(w), B: f.targetSide(w, old)}
		}
	}
}

// handMade tells whether the document was made by a person, who linked the deal to it.
func handMade(f *Facts) bool { return f.Mapping.Document != nil && f.Link.ByHand() }

// decideHand: the deal is billed and is never billed again, and the document is not ours to write. Whether both come to
// the same is said; where the deal's total cannot be told, nothing is.
func decideHand(f *Facts) Decision {
	d := Decision{Kind: Nothing, Object: f.Link.B.Object, Net: f.Link.Net, Money: f.Link.Money}
	if archived(f.Target) {
		d.Reason = &link.Reason{Category: TargetArchived, Text: fmt.Sprintf("%s is won and its document %s, which was linked by hand, is archived", f.Source.Ref, f.Link.B)}
		return d
	}
	deal, known := handNet(f)
	net, ok := NetOf(f.Mapping, f.Target)
	currency := f.Target.Field("currency").Text()
	if !known || !ok || deal.Currency == currency && fmt.Sprint(deal.Minor) == net {
		return d
	}
	d.Reason = &link.Reason{Category: HandDiffers, Text: fmt.Sprintf("%s comes to %s %s (minor units) and %s, which was linked by hand, to %s %s; neither is changed",
		f.Source.Ref, fmt.Sprint(deal.Minor), deal.Currency, f.Link.B, net, currency)}
	return d
}

// handNet is what a deal comes to without asking billing for anything: its lines' own prices, else its amount.
func handNet(f *Facts) (money.Amount, bool) {
	currency, reason := documentCurrency(f)
	if reason != nil {
		return money.Amount{}, false
	}
	amount, has, reason := dealAmount(f, currency)
	has = has && reason == nil
	if len(f.Lines) == 0 || f.Mapping.Document.Amounts == "deal" && has {
		return amount, has
	}
	total := money.Amount{Currency: currency}
	for n := range f.Lines {
		line := &f.Lines[n]
		if other := line.Field(f.Mapping.Children.Currency.A); !other.Blank() && other.Text() != currency {
			return amount, has
		}
		priced, reason := linePrice(f, line, currency, Counterpart{}, false)
		if reason != nil {
			return amount, has
		}
		sum, err := total.Add(priced.Net)
		if err != nil {
			return amount, has
		}
		total = sum
	}
	return total, true
}

// NetOf adds up a document's lines in minor units: billing's own net amount where it shows one and prices are net, else
// quantity times price. A document without lines, or with one that has neither, has no total.
func NetOf(m *mapping.Mapping, doc *record.Record) (string, bool) {
	if doc == nil || len(doc.Children) == 0 {
		return "", false
	}
	total := new(big.Rat)
	for n := range doc.Children {
		child := &doc.Children[n]
		if v := child.Field("netAmount"); !v.Blank() && m.Document.Prices != "gross" {
			net, ok := new(big.Rat).SetString(v.Text())
			if !ok {
				return "", false
			}
			total.Add(total, net)
			continue
		}
		quantity, ok1 := new(big.Rat).SetString(child.Field(m.Children.Quantity.B).Text())
		price, ok2 := new(big.Rat).SetString(child.Field(m.Children.Price.B).Text())
		if !ok1 || !ok2 {
			return "", false
		}
		total.Add(total, quantity.Mul(quantity, price))
	}
	if !total.IsInt() {
		return total.FloatString(6), true
	}
	return total.Num().String(), true
}
