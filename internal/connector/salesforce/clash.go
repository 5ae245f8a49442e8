package salesforce

import (
	"context"
	"errors"
	"maps"
	"slices"

	"crosswalk/internal/connector"
)

// clash is a create that was refused because something like it is there, without one record that it is: a duplicate rule found
// several, or none of this object, or the message of a unique field names nobody.
type clash struct {
	row outgoing
	err *connector.Error
}

// named gives the records of the row's own object that a refusal names. A contact may resemble a lead; the lead is not the
// record that was to be made.
func (j *writing) named(r outgoing, e *connector.Error) []string {
	var found alike
	if !errors.As(e.Err, &found) && e.Existing != "" {
		found = alike{e.Existing}
	}
	return slices.DeleteFunc(slices.Clone(found), func(id string) bool { return !j.c.sameKind(r.object, id) })
}

// whoseMarker asks, for all clashes of one object together, who bears the marker of the create: an earlier try of the same create
// has made it. Where nobody does, a create that a duplicate rule stopped is refused for its values: made again it would be
// refused again, and its text names the records a person must choose from.
func (j *writing) whoseMarker(ctx context.Context) {
	byObject := map[string][]clash{}
	for _, cl := range j.clashes {
		byObject[cl.row.object] = append(byObject[cl.row.object], cl)
	}
	for _, object := range slices.Sorted(maps.Keys(byObject)) {
		j.whose(ctx, object, byObject[object])
	}
}

func (j *writing) whose(ctx context.Context, object string, list []clash) {
	holders := map[string][]string{} // ids by marker
	markers := make([]string, len(list))
	var asks []connector.Ask
	for i, cl := range list {
		kept, ok := parseKept(cl.row.body, object)
		if ok && sayable(kept.Marker) {
			markers[i] = kept.Marker
			asks = append(asks, connector.Ask{Field: MarkerField, Text: kept.Marker})
		}
	}
	if len(asks) > 0 && j.stop == nil {
		answers, err := j.c.Find(ctx, object, asks, []string{MarkerField})
		if e := asError(err); err != nil && passing(e) {
			j.stop = e
		}
		for _, a := range answers {
			for _, r := range a.Records {
				if marker := r.Field(MarkerField).Text(); !slices.Contains(holders[marker], r.Ref.ID) { // the field may fold case
					holders[marker] = append(holders[marker], r.Ref.ID)
				}
			}
		}
	}
	for i, cl := range list {
		if ids := holders[markers[i]]; markers[i] != "" && len(ids) == 1 {
			cl.err.Existing = ids[0]
			j.set(cl.row.at, connector.Outcome{Status: connector.Exists, Ref: j.c.ref(object, ids[0]), Err: cl.err})
			continue
		}
		if found := (alike)(nil); errors.As(cl.err.Err, &found) {
			cl.err.Fault = connector.Invalid
		}
	}
}
