package engine

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"crosswalk/internal/connector"
	"crosswalk/internal/engine/table"
	"crosswalk/internal/link"
	"crosswalk/internal/record"
)

// Finding what an erasing is about: by match keys, by agreed digests, along links, and by what the audit trail still says.

// findByKeys finds records by the match keys of an e-mail address, whichever field it stands in.
func (x *eraser) findByKeys(ctx context.Context) error {
	x.look()
	for _, ref := range x.job.Refs {
		x.concern(ref)
	}
	if x.job.address != "" {
		for _, a := range x.set.ways() {
			for _, r := range a.Match {
				if strings.Contains(x.Tools.Canonical(r.Compare, x.job.address), "@") { // not the domain or name in it: those are not only this person's
					x.addKeys(a.ConnB+"/"+a.B.Object, r.B, x.job.address)
				}
			}
		}
	}
	entries, err := getItems[matchEntry](ctx, x.Table, x.job.Keys)
	if err != nil || x.job.Whole {
		return err
	}
	claimed, err := x.claimed(ctx, entries)
	if err != nil {
		return err
	}
	for _, k := range x.job.Keys {
		for _, ref := range append(slices.Clone(entries[k].Value.Refs), claimed[k]...) {
			x.concern(ref)
		}
		if c := entries[k].Value.Claim; c != nil {
			x.concern(c.A)
		}
	}
	return nil
}

// look makes what is looked for into a set.
func (x *eraser) look() {
	x.seen = &erasedSet{engine: x.Engine, marks: map[string]bool{}}
	for _, m := range x.job.Marks {
		x.seen.marks[m] = true
		x.seen.values = x.seen.values || strings.HasPrefix(m, erasedValue)
	}
}

// core tells whether a record is what the erasing is about; concerned are also others that carry the same address.
func (x *eraser) core(ref record.Ref) bool {
	if x.job.Whole {
		return x.whole[ref]
	}
	return x.blank[ref]
}

func (x *eraser) concern(ref record.Ref) {
	if x.job.Whole {
		x.whole[ref] = true
	} else {
		x.blank[ref] = true
	}
}

func (x *eraser) concerned(ref record.Ref) bool { return x.whole[ref] || x.blank[ref] }

// findLinks reads every link, and follows from what is concerned to counterparts, merged records and documents.
func (x *eraser) findLinks(ctx context.Context) error {
	documents := map[string]bool{}
	for _, name := range x.set.names {
		a := x.set.byName[name]
		documents[a.Slot] = documents[a.Slot] || a.Document != nil
	}
	type light struct {
		key      table.Key
		a, b, to record.Ref
		needs    []record.Ref
		state    link.State
		document bool
	}
	var all []light
	for _, slot := range slices.Sorted(maps.Keys(documents)) {
		for n := range shards {
			err := list(ctx, x.Table, fmt.Sprintf("L#%s#%02d", slot, n), "", func(key table.Key, l link.Link) bool {
				if x.carries(l) {
					x.blank[l.A] = true
				}
				all = append(all, light{key, l.A, l.B, l.To, l.Needs, l.State, documents[slot]})
				return true
			})
			if err != nil {
				return err
			}
		}
	}
	var found []table.Key
	for grown := true; grown; {
		grown = false
		take := func(from, to record.Ref) {
			if !to.IsZero() && x.core(from) && !x.core(to) {
				x.concern(to)
				grown = true
			}
		}
		for _, l := range all {
			if l.document {
				continue
			}
			if l.state == link.Linked || l.state == link.Tombstone {
				take(l.a, l.b)
				take(l.b, l.a)
			}
			take(l.a, l.to)
			take(l.to, l.a)
		}
	}
	for _, l := range all {
		switch {
		case l.document && (x.kept[l.key] || x.core(l.a) || x.core(l.b) || slices.ContainsFunc(l.needs, x.core)):
			delete(x.whole, l.a) // a deal and its document stay, by their ids
			delete(x.whole, l.b)
			x.blank[l.a] = true
			x.kept[l.key] = true
			if !l.b.IsZero() {
				x.blank[l.b] = true
			}
		case !l.document && (x.core(l.b) && l.state != link.Alias || x.concerned(l.a)):
		default:
			continue
		}
		found = append(found, l.key)
	}
	links, err := getItems[link.Link](ctx, x.Table, found)
	if err != nil {
		return err
	}
	for _, k := range found {
		x.at[k] = links[k].Value
	}
	return nil
}

// carries tells whether a link's agreed values have the address.
func (x *eraser) carries(l link.Link) bool {
	for _, pair := range l.Agreed {
		if x.digest(pair.A) || x.digest(pair.B) {
			return true
		}
	}
	return false
}

func (x *eraser) digest(d string) bool { return d != "" && slices.Contains(x.job.Digests, d) }

// keys are the concerned links in order.
func (x *eraser) keys() []table.Key {
	return slices.SortedFunc(maps.Keys(x.at), func(a, b table.Key) int { return strings.Compare(a.PK+"\x00"+a.SK, b.PK+"\x00"+b.SK) })
}

// readValues learns, while they can still be read, the values by which a record would be recognised: from the audit trail
// and from the record at b itself. Of a record that goes altogether its e-mail addresses are erased with it.
func (x *eraser) readValues(ctx context.Context) error {
	if !x.job.Whole {
		return nil
	}
	texts := map[[2]string]map[string]bool{} // by connection/object and field of b
	note := func(b record.Ref, field, text string) {
		at := [2]string{b.Connection + "/" + b.Object, field}
		if text == "" {
			return
		}
		if texts[at] == nil {
			texts[at] = map[string]bool{}
		}
		texts[at][text] = true
	}
	for _, key := range x.keys() {
		l := x.at[key]
		if x.kept[key] || !x.whole[l.A] {
			continue
		}
		entries, _, err := x.history(ctx, l.A, l.Page)
		if err != nil {
			return err
		}
		for _, entry := range entries {
			a := x.set.byName[entry.Mapping]
			for _, f := range entry.Fields {
				if a != nil {
					b := record.Ref{Connection: a.ConnB, Object: a.B.Object}
					note(b, f.Field, f.Old.Text())
					note(b, f.Field, f.New.Text())
				}
			}
		}
		if x.whole[l.B] {
			x.readTarget(ctx, l.B, note)
		}
	}
	for _, at := range sortedKeys(texts) {
		for _, text := range slices.Sorted(maps.Keys(texts[at])) {
			if IsAddress(text) {
				x.addAddress(x.job, text)
			}
			x.addKeys(at[0], at[1], text)
		}
	}
	x.job.Marks, x.job.Digests = distinct(x.job.Marks), distinct(x.job.Digests)
	x.look()
	return nil
}

// readTarget reads the fields by which a record at b is found.
func (x *eraser) readTarget(ctx context.Context, ref record.Ref, note func(record.Ref, string, string)) {
	var fields []string
	for _, a := range x.set.ways() {
		if a.ConnB == ref.Connection && a.B.Object == ref.Object {
			for _, r := range a.Match {
				fields = append(fields, r.B)
			}
		}
	}
	if len(fields) == 0 {
		return
	}
	reads, err := x.Connections[ref.Connection].Read(ctx, connector.ReadRequest{Object: ref.Object, IDs: []string{ref.ID}, Fields: distinct(fields)})
	if err != nil || len(reads) != 1 {
		x.out.Warnings = append(x.out.Warnings, fmt.Sprintf("%s could not be read: match keys that only it tells (hashes with its id) go with a later sweep", ref))
		return
	}
	for _, name := range distinct(fields) {
		note(ref, name, reads[0].Record.Field(name).Text())
	}
}

// addKeys takes up the match keys that a value of a field of b has.
func (x *eraser) addKeys(object, field, text string) {
	for _, a := range x.set.ways() {
		if a.ConnB+"/"+a.B.Object != object {
			continue
		}
		for _, r := range a.Match {
			canonical := x.Tools.Canonical(r.Compare, text)
			if r.B != field || canonical == "" {
				continue
			}
			if k := x.matchKey(a.ConnB, a.B.Object, ruleName(r), canonical); !slices.Contains(x.job.Keys, k) {
				x.job.Keys = append(x.job.Keys, k)
			}
		}
	}
}
