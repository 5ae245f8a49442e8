package salespad

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"crosswalk/internal/connector"
)

// A filter of single keys carries about twenty of them (conditions of the profile), a page a hundred rows. Where keys that are asked for
// stand close together, as numbered ones do, a page of all rows between two of them answers more of them than a filter could name. It
// is no more than a shortcut: what such pages do not show is asked for by its key, whatever order the server's collation has.

// betweenKeys reads ids by pages of what stands between them and gives those that are still to be asked for by their keys. It ends as
// soon as a page answers fewer than a filter of keys would.
func (j *reading) betweenKeys(ctx context.Context, ids []string) []string {
	perFilter := 1
	if j.c.Profile.Or {
		perFilter = max(j.c.Profile.Conditions/len(j.o.Key), 1)
	}
	if len(ids) <= perFilter || !j.c.Profile.Between || j.c.unordered.Load() {
		return ids
	}
	at := j.o.ranged()
	part := func(id string) string { return strings.ToLower(j.parts[id][at]) }
	open := slices.Clone(ids)
	slices.SortStableFunc(open, func(a, b string) int { return strings.Compare(part(a), part(b)) })
	for skip := 0; len(open) > perFilter; {
		first, last := open[0], open[min(len(open), j.c.Page)-1]
		p, err := j.c.list(ctx, j.op, j.o, j.o.List, query{filter: j.o.between(at, j.parts[first][at], j.parts[last][at]), order: j.o.rangeOrder(at), top: j.c.Page, skip: skip, count: true})
		if err != nil {
			j.notBetween(err)
			break
		}
		found := j.keep(p.rows)
		j.finish(ctx, found)
		if j.stop != nil || len(found) < perFilter {
			break
		}
		end, from := part(last), part(first)
		if p.more() { // what stands behind the last row is still to come
			end = strings.ToLower(strings.TrimSpace(p.rows[len(p.rows)-1].text(j.o.Key[at])))
			open = slices.DeleteFunc(open, func(id string) bool { return part(id) < end || slices.Contains(found, id) })
		} else {
			open = slices.DeleteFunc(open, func(id string) bool { return part(id) <= end })
		}
		if skip += len(p.rows); !p.more() || len(open) == 0 || part(open[0]) != from {
			skip = 0
		}
	}
	return slices.DeleteFunc(slices.Clone(ids), func(id string) bool { _, there := j.rows[id]; return there })
}

// keep keeps the rows that were asked for and gives their ids.
func (j *reading) keep(rows []row) []string {
	var found []string
	for _, r := range rows {
		id := canonical(r.key(j.o))
		before, twice := j.rows[id]
		if _, asked := j.parts[id]; !asked || twice && (j.o.isOpen(before) || !j.o.isOpen(r)) {
			continue
		}
		j.rows[id] = r
		if !twice {
			found = append(found, id)
		}
	}
	return found
}

// notBetween judges a refused page: an install whose filters do not compare texts is asked by keys from now on.
func (j *reading) notBetween(err error) {
	if e := asError(err); e.Fault == connector.Invalid || e.Status == http.StatusNotImplemented {
		j.c.unordered.Store(true)
	} else {
		j.stop = e
	}
}

// ranged is the part of the key by which records stand beside those that were made with them: the first that is no choice of a few (a
// document's number, not its type).
func (o *Object) ranged() int {
	for i, name := range o.Key {
		if f, _ := o.field(name); len(f.Options) == 0 && !o.numeric(name) {
			return i
		}
	}
	return 0
}

// between asks for the records whose part of the key stands between two values, both included.
func (o *Object) between(at int, from, to string) expr {
	name := column(o.Key[at])
	return all(atLeast(name, quoted(from)), atMost(name, quoted(to)))
}

// rangeOrder is the order of such a page: by that part, then by the rest of the key.
func (o *Object) rangeOrder(at int) string {
	return strings.Join(append([]string{o.Key[at]}, slices.Delete(slices.Clone(o.Key), at, at+1)...), ",")
}
