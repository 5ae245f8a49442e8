package plan

// What becomes of a document whose deal stands in two CRMs when the source of documents moves from one to the other, as the
// audit trail tells it.
const (
	TakenFromMirror Kind = "document taken over from its mirror"
	HandedToMirror  Kind = "document handed to its mirror"
)

// takenUp settles a document that was taken over from a mirror and needs no change, or is posted, not ours to change any more,
// and comes to the same as the deal: its lines were known by the other deal's line ids, and from now on they are this one's.
// Any other decision stays as it is.
func takenUp(f *Facts, d Decision) Decision {
	if f.Link.Mirror.IsZero() || f.Link.Lines != nil || archived(f.Target) || d.Net != f.Link.Net || d.Money != f.Link.Money {
		return d
	}
	out := Decision{Kind: Settle, Object: f.Link.B.Object, Agreed: Settled(f), Net: d.Net, Money: d.Money}
	for _, l := range d.Lines {
		if l.Op == "remove" {
			continue
		}
		l.Op = "same"
		out.Lines = append(out.Lines, l)
	}
	return out
}
