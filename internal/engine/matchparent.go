package engine

import (
	"context"
	"slices"
	"strings"

	"crosswalk/internal/connector"
	"crosswalk/internal/engine/table"
	"crosswalk/internal/record"
)

// A key remembers a handful of records: a contact named Front Office is one of many, and nobody can be told which. But where its customer is
// linked already, only that customer's own can be the one: they are asked for by their parent.

// underParents gives, for items whose keys have more records than are remembered, all records that belong to the item's parent. An item
// whose parent has no counterpart yet has none; one without such a parent, or whose system cannot be asked, is not in the map.
func (e *Engine) underParents(ctx context.Context, b *batch, conn, object string, asks []matchAsk, entries map[table.Key]stored[matchEntry], fields []string) (map[*item][]record.Record, error) {
	out := map[*item][]record.Record{}
	finder, ok := e.Connections[conn].(connector.Finder)
	if !ok {
		return out, nil
	}
	findable := finder.Findable(object)
	var puts []connector.Ask
	of := map[*item]connector.Ask{}
	for _, a := range asks {
		if a.canonical == "" || !entries[a.key].Value.Many || a.item.needs == nil {
			continue
		}
		for _, p := range a.item.parents() {
			switch {
			case p.id == "" || strings.HasPrefix(p.id, newID(record.Ref{})[:len("new:")]): // nothing belongs to what is not there
				out[a.item] = nil
			case slices.Contains(findable, p.field):
				ask := connector.Ask{Field: p.field, Text: p.id}
				of[a.item] = ask
				if fields = append(fields, p.field); !slices.Contains(puts, ask) {
					puts = append(puts, ask)
				}
			}
		}
	}
	if len(puts) == 0 {
		return out, nil
	}
	answers, err := finder.Find(ctx, object, puts, distinct(fields))
	if err != nil {
		return nil, &fromConnection{conn, err}
	}
	for i, ask := range of {
		answer := answers[slices.Index(puts, ask)]
		if _, none := out[i]; none || answer.CannotAsk {
			continue
		}
		out[i] = answer.Records
		for n := range answer.Records {
			b.erased.strip(&answer.Records[n])
		}
	}
	return out, nil
}
