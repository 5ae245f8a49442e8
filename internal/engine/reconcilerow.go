package engine

import (
	"context"
	"fmt"
	"math/big"
	"time"

	"crosswalk/internal/link"
	"crosswalk/internal/mapping"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
)

// justNow is how recent a change may be for its deal to count as still on its way.
const justNow = 15 * time.Minute

// row says how one deal and its document stand; false when there is nothing to say (neither a won deal nor a document).
func (c *reconciler) row(ctx context.Context, b *batch, o *pairSeen) (ReconcileRow, bool, error) {
	f, err := c.facts(ctx, b, o.item, o.m)
	if err != nil {
		return ReconcileRow{}, false, err
	}
	r := ReconcileRow{Ref: o.ref, Day: o.day, Mapping: o.m.Name, Document: o.link.B}
	billing := o.link.State == link.Linked && o.target != nil && !inactive(o.target)
	if o.target != nil {
		r.State, r.Money = o.target.Field("state").Text(), o.target.Field("currency").Text()
		if net, ok := c.netOf(o.item, o.target); ok && isWhole(net) {
			r.Net = net
		}
	}
	if r.Entity, err = c.entity(ctx, o, f); err != nil {
		return r, false, err
	}
	if !o.won {
		r.Outcome, r.Day = Stray, ""
		r.Reason = strayReason(o)
		r.Currency = r.Money
		return r, billing, nil
	}
	minor, currency, basis := plan.DealNet(f)
	r.Currency, r.Basis = currency, basis
	if minor != nil {
		r.Deal = minor.String()
	}
	switch {
	case !billing:
		r.Outcome, r.Net = Unbilled, ""
		r.Reason, err = c.unbilledReason(ctx, o)
	case r.Deal == r.Net && r.Deal != "" && r.Currency == r.Money:
		r.Outcome = Billed
	default:
		r.Outcome, r.Reason = Differs, differsReason(o, r)
	}
	if o.link.Ignored != nil && r.Reason != nil { // a person knows, and said so
		r.Reason = &link.Reason{Category: plan.Ignored, Text: fmt.Sprintf("%s is ignored; else: %s: %s", o.ref, r.Reason.Category, r.Reason.Text)}
	}
	return r, true, err
}

// inactive tells whether a document was taken out of billing.
func inactive(target *record.Record) bool {
	return target.Archived || target.Field("state").Text() == "ARCHIVED"
}

func isWhole(text string) bool {
	_, ok := new(big.Int).SetString(text, 10)
	return ok
}

// entity is the code of the legal entity: the document's own, else the one that would bill.
func (c *reconciler) entity(ctx context.Context, o *pairSeen, f *plan.Facts) (string, error) {
	name := plan.EntityField(o.m.Mapping)
	if name == "" {
		return "", nil
	}
	key := o.target.Field(name).Text()
	if key == "" {
		key = plan.Entity(f).Text()
	}
	t, err := c.table(ctx, o.m.ConnB, "entities")
	if err != nil {
		return "", err
	}
	row := t[key]
	for _, word := range []string{row.Attrs["code"], row.Label} {
		if word != "" {
			return word, nil
		}
	}
	return key, nil
}

func strayReason(o *pairSeen) *link.Reason {
	if o.gone != "" {
		return &link.Reason{Category: plan.SourceGone, Text: fmt.Sprintf("%s %s; %s stands", o.ref, o.gone, o.link.B)}
	}
	return &link.Reason{Category: plan.NoLongerWon, Text: fmt.Sprintf("%s is no longer in a won stage; %s stands", o.ref, o.link.B)}
}

func differsReason(o *pairSeen, r ReconcileRow) *link.Reason {
	if d := o.decision.Reason; d != nil && (d.Category == plan.KindChanged || r.Deal == "") {
		return d
	}
	text := fmt.Sprintf("%s comes to another net total than its document %s shows", o.ref, o.link.B)
	switch {
	case r.Currency != r.Money:
		text = fmt.Sprintf("%s is in %s, its document %s in %s", o.ref, r.Currency, o.link.B, r.Money)
	case r.Net == "":
		text = fmt.Sprintf("the net total of %s is no whole number of minor units", o.link.B)
	}
	if d := o.decision.Reason; d != nil {
		text += "; " + d.Category + ": " + d.Text
	}
	category := plan.NetDiffers
	if o.link.ByHand() {
		category = plan.HandDiffers
	}
	return &link.Reason{Category: category, Text: text}
}

// unbilledReason says why a won deal has no document: what the plan says now, else what was learnt when it was tried.
func (c *reconciler) unbilledReason(ctx context.Context, o *pairSeen) (*link.Reason, error) {
	d, kept := o.decision, o.link.Reason
	switch {
	case o.link.State == link.Linked && (o.doc == record.Gone || o.target == nil):
		return &link.Reason{Category: plan.TargetGone, Text: o.link.B.String() + " cannot be found in billing. Unlink it, or link another"}, nil
	case o.link.State == link.Linked:
		return &link.Reason{Category: plan.TargetArchived, Text: fmt.Sprintf("%s is won and its document %s is archived", o.ref, o.link.B)}, nil
	case o.link.State == link.Held && kept != nil && (o.link.Unlinked() || sticky[kept.Category]): // no change of the deal undoes it
		return kept, nil
	case o.link.State == link.Tombstone:
		if kept != nil {
			return kept, nil
		}
		return &link.Reason{Category: plan.WasUndone, Text: o.ref.String() + " is not to be billed: its document was taken back"}, nil
	case o.link.State == link.Claimed:
		return &link.Reason{Category: plan.Waits, Text: "its document is being made; what came of the last try is looked for"}, nil
	case o.link.State == link.MovedTo:
		return &link.Reason{Category: plan.SourceGone, Text: fmt.Sprintf("%s was merged into %s", o.ref, o.link.To)}, nil
	case (d.Kind == plan.Hold || d.Kind == plan.Skip) && d.Reason != nil:
		return d.Reason, nil
	case o.link.State == link.Held && kept != nil:
		return kept, nil
	}
	return c.notYet(ctx, o)
}

// notYet is a deal that nothing stands in the way of.
func (c *reconciler) notYet(ctx context.Context, o *pairSeen) (*link.Reason, error) {
	fix := fmt.Sprintf("; bill it with: crosswalk run %s %s", o.m.Name, o.ref)
	stopped, err := getItem[SyncError](ctx, c.Table, errorKey(plan.Brake, o.m.Name, record.Ref{}))
	if err != nil {
		return nil, err
	}
	if stopped.Rev != 0 {
		return &link.Reason{Category: plan.Brake, Text: fmt.Sprintf("the brake stopped %s; look at what waits, then: crosswalk resume %s", o.m.Name, o.m.Name)}, nil
	}
	switch {
	case o.m.Head.Status != mapping.Live:
		return &link.Reason{Category: plan.NotBilledYet, Text: fmt.Sprintf("%s is %s%s", o.m.Name, o.m.Head.Status, "; it bills once it is live")}, nil
	case o.decision.Kind == plan.Wait && len(o.decision.Needs) > 0:
		return &link.Reason{Category: plan.Waits, Text: fmt.Sprintf("it waits for the counterpart of %s", o.decision.Needs[0].Ref)}, nil
	case time.Since(o.source.Modified) < justNow:
		return &link.Reason{Category: plan.Waits, Text: "it changed a moment ago and is being looked at"}, nil
	}
	return &link.Reason{Category: plan.NotBilledYet, Text: "nothing stands in its way, and nothing has looked at it since it was won" + fix}, nil
}
