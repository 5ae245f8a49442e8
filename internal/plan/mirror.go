package plan

import "crosswalk/internal/link"

// What becomes of a document whose deal stands in two CRMs when the source of documents moves from one to the other, as the
// audit trail tells it.
const (
	TakenFromMirror Kind = "document taken over from its mirror"
	HandedToMirror  Kind = "document handed to its mirror"
)

// takenUp settles a posted document that was taken over from a mirror and comes to the same as the deal: it is not ours to
// change, its lines are known by the other deal's line ids, and nothing of it is wrong. The wanted lines become its lines.
func takenUp(f *Facts, d Decision) (Decision, bool) {
	if f.Link.Mirror.IsZero() || f.Link.Lines != nil || archived(f.Target) || d.Net != f.Link.Net || d.Money != f.Link.Money {
		return Decision{}, false
	}
	out := Decision{Kind: Settle, Object: d.Object, Agreed: map[string]link.Pair{}, Net: d.Net, Money: d.Money}
	for _, l := range d.Lines {
		if l.Op == "remove" {
			continue
		}
		l.Op = "same"
		out.Lines = append(out.Lines, l)
	}
	for key, pair := range Settled(f) {
		out.Agreed[key] = pair
	}
	return out, true
}
