package engine

import (
	"context"
	"slices"

	"crosswalk/internal/connector"
	"crosswalk/internal/link"
	"crosswalk/internal/mapping"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
)

// A record may have had another address before: it was merged, or a lead became it. Who keeps addresses (HubSpot's salesforceleadid,
// salesforcecontactid) still keeps the old one, and names nobody else by it: rules by ids hold for the addresses of before as they do for
// the one of now, and they are asked before any other (B6, HS-54). From either side: the contact knows which leads became it
// (record.Record.Was), and a lead that is read by its id says which contact it is now (record.Moved).

// byID tells of a rule that compares the address of a record of a.
func byID(r mapping.MatchRule) bool { return len(r.A) == 1 && r.A[0] == "id" && r.Transform == "" }

// sisters are the other mappings of a mapping's place between the same systems, as they go from its side: those whose records of a, or of
// b, lie in another object, from which they may become one of the mapping's own. A draft says how ids are kept as well as others do.
func (b *batch) sisters(m *Active, atB bool) []*Active {
	var out []*Active
	for _, name := range b.set.names {
		s := b.set.byName[name]
		if m.Turned {
			s = s.home
		}
		if s == nil || s.Slot != m.Slot || s.ConnA != m.ConnA || s.ConnB != m.ConnB {
			continue
		}
		if sameA, sameB := s.A.Object == m.A.Object, s.B.Object == m.B.Object; atB && sameA && !sameB || !atB && sameB && !sameA {
			out = append(out, s)
		}
	}
	return out
}

// asksOf lists what is asked for one item, in order: by addresses first.
func (e *Engine) asksOf(b *batch, i *item, env plan.Env) []matchAsk {
	var first, others []matchAsk
	ask := func(list []matchAsk, by *Active, r mapping.MatchRule, as record.Ref, before string) []matchAsk {
		return append(list, matchAsk{item: i, rule: r, by: by, before: before, canonical: e.sourceKeyAs(i, as, r, env)})
	}
	for _, r := range i.m.Match {
		if !byID(r) && r.B != "id" {
			others = ask(others, i.m, r, i.ref, "")
			continue
		}
		first = ask(first, i.m, r, i.ref, "")
		for _, was := range i.wasOf(i.m, r) {
			first = ask(first, i.m, r, was, "")
		}
	}
	if i.needs == nil { // a related record that another one is found through
		return append(first, others...)
	}
	for _, s := range b.sisters(i.m, false) {
		for _, r := range s.Match {
			for _, was := range i.wasOf(s, r) {
				first = ask(first, s, r, was, "")
			}
		}
	}
	for _, s := range b.sisters(i.m, true) {
		for _, r := range s.Match {
			if r.B == "id" {
				first = ask(first, s, r, i.ref, s.B.Object)
			}
		}
	}
	return append(first, others...)
}

// wasOf are an item's addresses of before that a rule by ids of a mapping holds for.
func (i *item) wasOf(by *Active, r mapping.MatchRule) []record.Ref {
	var out []record.Ref
	if byID(r) && i.source != nil {
		for _, ref := range i.source.Was {
			if ref.Connection == by.ConnA && ref.Object == by.A.Object {
				out = append(out, ref)
			}
		}
	}
	return out
}

// becameOf reads the records of other objects that are named by their addresses.
func (e *Engine) becameOf(ctx context.Context, b *batch, conn string, asks []matchAsk) (map[record.Ref]record.Read, error) {
	ids, fields := map[[2]string][]string{}, map[[2]string][]string{}
	for _, a := range asks {
		if a.before != "" && a.canonical != "" {
			o := [2]string{conn, a.before}
			ids[o], fields[o] = append(ids[o], a.canonical), append(fields[o], a.by.wantedB...)
		}
	}
	out := map[record.Ref]record.Read{}
	for _, o := range sortedKeys(ids) {
		list := distinct(ids[o])
		reads, err := e.Connections[conn].Read(ctx, connector.ReadRequest{Object: o[1], IDs: list, Fields: distinct(fields[o])})
		if err != nil || len(reads) != len(list) {
			return nil, errOr(err, "what became of a record could not be read")
		}
		for n, r := range reads {
			if r.State == record.Unanswered { // who lacks the right to see it is matched by other rules
				return nil, errOr(r.Err, "what became of a record could not be read")
			}
			if r.State == record.Found {
				b.erased.strip(r.Record)
			}
			out[record.Ref{Connection: conn, Object: o[1], ID: list[n]}] = r
		}
	}
	return out, nil
}

// still gives the record that an ask by an address of another object names, where it is what it was (a lead that nobody converted): then
// the item belongs to the mapping whose rule this is, though another of its place would make something else of it.
func (a matchAsk) still(became map[record.Ref]record.Read) *record.Record {
	if a.before == "" || !slices.Contains(a.item.group, a.by) {
		return nil
	}
	r := became[record.Ref{Connection: a.by.ConnB, Object: a.before, ID: a.canonical}]
	if r.State != record.Found || r.Record.Archived {
		return nil
	}
	return r.Record
}

// before are the objects whose records may have become an item's own, where a rule by ids would know them by it.
func (b *batch) before(i *item) []string {
	if i.home() || i.link.State == link.Linked {
		return nil
	}
	var out []string
	for _, s := range b.sisters(i.choose(), false) {
		if s.ConnA == i.ref.Connection && slices.ContainsFunc(s.Match, byID) {
			out = append(out, s.A.Object)
		}
	}
	return out
}
