package engine

import (
	"context"
	"fmt"
	"slices"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/engine/lane"
	"crosswalk/internal/link"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
)

// Mappings that share a slot lead to different records: a company is a customer or a prospect. What belongs to the company goes with the
// mapping whose parent it is linked to: an address, or a prospect's contact.

// elsewhere is the counterpart of a needed record that is linked by another mapping of its place, to a record that the needed mapping does
// not carry: it is none.
func elsewhere(a *Active, need plan.Need, c plan.Counterpart, l link.Link) plan.Counterpart {
	if a == nil || c.State != plan.Ready {
		return c
	}
	end := record.Ref{Connection: a.ConnB, Object: a.B.Object}
	if need.Ref.Connection == a.ConnB && need.Ref.Object == a.B.Object {
		end = record.Ref{Connection: a.ConnA, Object: a.A.Object}
	}
	if l.B.Connection == end.Connection && l.B.Object == end.Object {
		return c
	}
	return stuck(plan.OtherDocument, fmt.Sprintf("its counterpart is %s, and %s carries %s", l.B, a.Name, end.Object))
}

// linkedElsewhere tells whether that is how it stands: there is nothing to work.
func linkedElsewhere(c plan.Counterpart) bool {
	return c.State == plan.Stuck && c.Reason != nil && c.Reason.Category == plan.OtherDocument
}

// placeOf gives the mappings by which a needed record of a is worked: all of its place that lead to records of the same system, so that a
// company that is a prospect is not judged by the mapping of customers alone.
func (b *batch) placeOf(way *Active, t Task) []*Active {
	if way.Turned || way.Document != nil {
		return []*Active{way}
	}
	for _, group := range b.set.group(t.Ref, func(a *Active) bool { return a == way || a.Slot == way.Slot && !a.Turned && a.works(t.Pilot) }) {
		if slices.Contains(group, way) {
			return group
		}
	}
	return []*Active{way}
}

// followed tells whether one of the records that were found for a record of b is the counterpart of one that was converted into it (a
// prospect that is a customer now): then the pair is worked, which has its link follow, and the item comes again. It comes again, too,
// where the counterpart of one of them is just being made: that may be this very record.
func (e *Engine) followed(ctx context.Context, b *batch, i *item, hits []*record.Record) (bool, error) {
	if !i.home() || b.preview {
		return false, nil
	}
	for _, h := range hits {
		got, err := getItem[link.Link](ctx, e.Table, e.linkKey(i.m.Slot, h.Ref))
		if err != nil {
			return false, err
		}
		if c := got.Value.Claim; got.Value.State == link.Claimed && c.Object == i.ref.Object {
			i.end(Result{End: Later, Until: laterOf(c.Until, time.Now().Add(contentionPause))})
			return true, nil
		}
		if l := got.Value; l.State == link.Linked && l.B.Connection == i.ref.Connection && l.B.Object != i.ref.Object {
			reads, err := e.Connections[l.B.Connection].Read(ctx, connector.ReadRequest{Object: l.B.Object, IDs: []string{l.B.ID}, Fields: i.m.wantedA})
			if err != nil || len(reads) != 1 {
				return false, &fromConnection{l.B.Connection, errOr(err, "not answered")}
			}
			if reads[0].State == record.Moved && reads[0].To == i.ref {
				i.end(Result{End: Later, Until: time.Now().Add(contentionPause)})
				return true, e.Enqueue(ctx, lane.Live, []Task{{Ref: h.Ref, Cause: "merge"}})
			}
		}
	}
	return false, nil
}

// leaveOtherPlaces takes out of an item's group the mappings whose parent's counterpart is carried by another one, where another is left.
func (i *item) leaveOtherPlaces() {
	if len(i.group) < 2 || i.link.State == link.Linked || i.link.State == link.Claimed {
		return
	}
	kept := slices.DeleteFunc(slices.Clone(i.group), func(a *Active) bool {
		for _, f := range a.Fields {
			for _, need := range i.wants {
				if c := i.needs[need]; f.Through == need.Mapping && f.Required && f.CreateOnly && c.Reason != nil && c.Reason.Category == plan.OtherDocument {
					return true
				}
			}
		}
		return false
	})
	if len(kept) == 0 {
		return
	}
	i.group = kept
	if !slices.Contains(kept, i.m) {
		i.m = kept[0]
	}
}
