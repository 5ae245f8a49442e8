package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"crosswalk/internal/connector"
	"crosswalk/internal/link"
	"crosswalk/internal/mapping"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
)

// Some values only one record of a system may have, as the e-mail address of a contact of HubSpot. An update that would give a record
// another one's is refused; it is held with that one named, and tried again as soon as the other one's value is gone.

// holderPause is how long such a write waits at most before it is tried again.
const holderPause = heldPause

func freedOn(ref record.Ref) string { return "freed/" + ref.String() }

// takenBy words an update that was refused because another record has its value; nil for any other refusal.
func (i *item) takenBy(err error) (r *link.Reason, on string) {
	var fault *connector.Error
	if !errors.As(err, &fault) || fault.Fault != connector.Clash || fault.Existing == "" || i.link.State != link.Linked || fault.Existing == i.link.B.ID {
		return nil, ""
	}
	holder := record.Ref{Connection: i.link.B.Connection, Object: i.link.B.Object, ID: fault.Existing}
	names := i.matchWrites()
	if len(names) == 0 {
		names = sortedNames(i.decision.Write)
	}
	text := fmt.Sprintf("%s of %s is not written: %s has that value, and only one record may. If both are the same, merge them; if two records change values with each other, empty %s of %s. It is tried again when that one is free, and once a week",
		strings.Join(names, ", "), i.link.B, holder, strings.Join(names, ", "), holder)
	return &link.Reason{Category: plan.ValueTaken, Text: text, Fields: names, Candidates: []record.Ref{holder}}, freedOn(holder)
}

// matchWrites are the written fields by which records find each other: those that are a record's own.
func (i *item) matchWrites() []string {
	var out []string
	for name := range i.decision.Write {
		if slices.ContainsFunc(i.m.Match, func(r mapping.MatchRule) bool { return r.B == name }) {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// wakeFreed has writes tried again that waited for a value of these records: what was written to them took its place, or it is blank.
func (e *Engine) wakeFreed(ctx context.Context, items []*item) error {
	var errs []error
	for _, i := range items {
		names := i.matchWrites()
		if len(names) == 0 || i.result == nil || i.target == nil {
			continue
		}
		waits := strings.HasPrefix(i.result.On, "freed/")
		blank := !slices.ContainsFunc(names, func(name string) bool { return !i.target.Field(name).Blank() })
		if i.result.End == Done || waits && blank {
			errs = append(errs, e.wake(ctx, freedOn(i.link.B)))
		}
	}
	return errors.Join(errs...)
}
