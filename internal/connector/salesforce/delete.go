package salesforce

import (
	"context"
	"net/http"
	"slices"

	"crosswalk/internal/connector"
)

// Salesforce deletes an account's contacts and opportunities with it. Whoever deletes a company elsewhere has not deleted those:
// an account that has any, other than those deleted by the same call, is refused. That is asked in one call for 1,000 accounts;
// a contact made in the same moment goes to the recycle bin with its account, from where a person can take it.

// deletable leaves out the deletions that would take other records along; those have their outcome.
func (j *writing) deletable(ctx context.Context, rows []outgoing) []outgoing {
	going := map[string]bool{}
	byObject := map[string][]string{}
	for _, r := range rows {
		if r.verb != http.MethodDelete {
			continue
		}
		going[r.id] = true
		if kindOf(r.object).takes != nil {
			byObject[r.object] = append(byObject[r.object], r.id)
		}
	}
	for _, k := range kinds { // in a fixed order
		if ids := byObject[k.name]; len(ids) > 0 {
			rows = j.without(rows, k, j.taken(ctx, k, ids, going))
		}
	}
	return rows
}

// taken gives, by id, why records cannot be deleted.
func (j *writing) taken(ctx context.Context, k kind, ids []string, going map[string]bool) map[string]connector.Outcome {
	op := "children of " + k.name
	out := map[string]connector.Outcome{}
	var queries []query
	for chunk := range slices.Chunk(ids, j.c.Batch) {
		for _, child := range k.takes {
			s, err := j.c.schema(ctx, op, child)
			if f := connector.FaultOf(err); f == connector.Forbidden { // what our user may not see it cannot delete either
				continue
			}
			if err != nil {
				return j.unasked(ids, asError(err))
			}
			if cols := s.columns("Id", k.name+"Id", "IsPersonAccount"); len(cols) >= 2 {
				queries = append(queries, query{fields: cols, from: column(child), where: among{cols[1], quotedAll(chunk)}})
			}
		}
	}
	if len(queries) == 0 {
		return out
	}
	results, err := j.c.askMany(ctx, op, queries)
	if err != nil {
		return j.unasked(ids, asError(err))
	}
	for _, got := range results {
		for _, r := range got.Records {
			if !going[r.id("Id")] && !r.yes("IsPersonAccount") { // a person account's contact is itself
				out[r.id(k.name+"Id")] = connector.Outcome{Status: connector.Refused, Err: &connector.Error{Fault: connector.BadState, Op: "delete " + k.name,
					Code: "it has contacts or opportunities, which would be deleted with it"}}
			}
		}
	}
	return out
}

// unasked: nothing was deleted, since nobody said what would go with it.
func (j *writing) unasked(ids []string, e *connector.Error) map[string]connector.Outcome {
	out := map[string]connector.Outcome{}
	o := connector.Outcome{Status: statusOf(e), Err: e}
	if o.Status == connector.Unknown {
		o.Status = connector.Retry
	}
	for _, id := range ids {
		out[id] = o
	}
	if passing(e) {
		j.stop = e
	}
	return out
}

func (j *writing) without(rows []outgoing, k kind, taken map[string]connector.Outcome) []outgoing {
	var out []outgoing
	for _, r := range rows {
		if o, stays := taken[r.id]; stays && r.object == k.name && r.verb == http.MethodDelete {
			j.set(r.at, o)
			continue
		}
		out = append(out, r)
	}
	return out
}
