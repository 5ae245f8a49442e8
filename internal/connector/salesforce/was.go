package salesforce

import (
	"context"

	"crosswalk/internal/connector"
	"crosswalk/internal/record"
)

// A merge (fact sheet 15.1) deletes the loser with the winner's id in MasterRecordId, and moves its children to the winner
// at once: an opportunity may come with its new account before anything says that the account was another one. Who makes a
// counterpart for the winner must know its losers, so they are asked for with it, in the same composite call.

// wasQuery asks for the deleted records that were merged into some; false for objects that are not merged.
func (j *reading) wasQuery(ids []string) (query, bool) {
	columns := j.sel.schema.columns("Id", "MasterRecordId")
	if p, known := j.sel.schema.field("MasterRecordId"); len(columns) < 2 || !known || !p.Filterable {
		return query{}, false
	}
	return query{fields: columns, from: column(j.r.Object), where: among{"MasterRecordId", quotedAll(ids)}, order: []column{"Id"}, bin: true}, true
}

// was gives the records that were merged into others, by the id of the survivor. A loser may be a survivor of an earlier
// merge, which is asked for in turn.
func (j *reading) was(ctx context.Context, results []result) (map[string][]record.Ref, error) {
	out := map[string][]record.Ref{}
	survivor := map[string]string{} // of losers
	for hops := 0; len(results) == 1; hops++ {
		if len(results[0].Records) != results[0].rows { // without the missing ones a record would look as if nothing had become of it
			return nil, &connector.Error{Fault: connector.Unavailable, Op: j.op, Code: "merged records left out of the answer"}
		}
		var losers []string
		for _, r := range results[0].Records {
			id, master := r.id("Id"), r.id("MasterRecordId")
			if id == "" || master == "" || survivor[id] != "" {
				continue
			}
			if further := survivor[master]; further != "" {
				master = further
			}
			survivor[id] = master
			losers = append(losers, id)
			out[master] = append(out[master], j.c.ref(j.r.Object, id))
		}
		if len(losers) == 0 || hops == maxHops {
			break
		}
		q, _ := j.wasQuery(losers)
		var err error
		if results, err = j.c.askMany(ctx, j.op, []query{q}); err != nil {
			return nil, err
		}
	}
	return out, nil
}
