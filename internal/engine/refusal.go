package engine

import (
	"errors"
	"slices"
	"strings"

	"crosswalk/internal/connector"
	"crosswalk/internal/plan"
)

// noteRefused takes the values down that a system refused and named, so that they are left out of the next try and the rest of the record
// is carried (package plan: leaveOne). It is false where the refusal names no value that may be left out: then the record is held.
func (i *item) noteRefused(e *Engine, err error) bool {
	if i.m.Document != nil || i.m.home == nil && i.m.out == nil || connector.FaultOf(err) != connector.Invalid {
		return false
	}
	var fault *connector.Error
	if !errors.As(err, &fault) {
		return false
	}
	noted := false
	for _, name := range fault.Fields {
		for written, v := range i.decision.Write {
			field, known := i.m.fieldFor(i.m.keyFor(written))
			if written != name && written != strings.TrimSuffix(name, "Code") || !known || field.Required || v.Blank() ||
				i.target == nil && field.Other != nil && field.Other.Required || slices.Contains(e.markerField(i.m.ConnB, i.m.B.Object), written) {
				continue
			}
			refused := map[string]string{}
			for k, digest := range i.link.Refused { // both ways share the map of a link
				refused[k] = digest
			}
			refused[plan.RefusedKey(i.m.Mapping, field)] = e.writtenAs(i.m, written, v)
			i.link.Refused, noted = refused, true
		}
	}
	return noted
}

// takenNow forgets refusals of fields that were written now, and all of them when a person asks for another try.
func (i *item) takenNow(name string) {
	field, known := i.m.fieldFor(i.m.keyFor(name))
	if !known || i.link.Refused == nil {
		return
	}
	refused := map[string]string{}
	for k, digest := range i.link.Refused {
		if k != plan.RefusedKey(i.m.Mapping, field) {
			refused[k] = digest
		}
	}
	i.link.Refused = refused
}
