package script

import (
	"slices"
	"strings"

	"go.starlark.net/starlark"
)

// lifecycleStages is HubSpot's own order of stages, for contacts and companies (reference hubspot.md, section 14). A portal
// with stages of its own gives its order.
var lifecycleStages = []string{"subscriber", "lead", "marketingqualifiedlead", "salesqualifiedlead", "opportunity", "customer", "evangelist", "other"}

// The fields that say how an opportunity stands: Salesforce's, as a field of the opportunity itself or of the one that a
// contact role points to, and HubSpot's of a deal.
var (
	wonFields    = []string{"IsWon", "Opportunity.IsWon", "hs_is_closed_won", "won"}
	closedFields = []string{"IsClosed", "Opportunity.IsClosed", "hs_is_closed", "closed"}
)

// lifecycle_stage(opportunities, won="customer", open="opportunity"): the stage that a person's opportunities give. A won
// one counts most, then an open one; lost ones, and none at all, give None. One that does not say how it stands counts for
// nothing: it would be a guess.
func lifecycleStage(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var opportunities starlark.Value
	won, open := starlark.Value(starlark.String("customer")), starlark.Value(starlark.String("opportunity"))
	if err := starlark.UnpackArgs(b.Name(), args, kwargs, "opportunities", &opportunities, "won?", &won, "open?", &open); err != nil {
		return nil, err
	}
	list, err := records(b, opportunities)
	if err != nil {
		return nil, err
	}
	stage := starlark.Value(starlark.None)
	for _, o := range list {
		switch isWon, known, err := says(o, wonFields); {
		case err != nil:
			return nil, err
		case known && isWon:
			return won, nil
		}
		switch isClosed, known, err := says(o, closedFields); {
		case err != nil:
			return nil, err
		case known && !isClosed:
			stage = open
		}
	}
	return stage, nil
}

// records gives the records of a list, or the one that is given alone; None has none.
func records(b *starlark.Builtin, v starlark.Value) ([]starlark.Mapping, error) {
	var out []starlark.Mapping
	switch v := v.(type) {
	case starlark.NoneType:
		return nil, nil
	case starlark.Mapping:
		return []starlark.Mapping{v}, nil
	case starlark.Indexable:
		if _, text := v.(starlark.String); text {
			break
		}
		for i := range v.Len() {
			switch r := v.Index(i).(type) {
			case starlark.NoneType:
			case starlark.Mapping:
				out = append(out, r)
			default:
				return nil, plainf("%s takes a list of records, and one entry is %s", b.Name(), kindName(r))
			}
		}
		return out, nil
	}
	return nil, plainf("%s takes a list of records, not %s", b.Name(), kindName(v))
}

// says reads the first of some fields that has a value as true or false; known is false where none has one.
func says(r starlark.Mapping, names []string) (yes, known bool, err error) {
	for _, name := range names {
		v, err := field(r, name)
		if err != nil {
			return false, false, err
		}
		switch v := v.(type) {
		case starlark.Bool:
			return bool(v), true, nil
		case starlark.String:
			switch strings.ToLower(strings.TrimSpace(string(v))) {
			case "true":
				return true, true, nil
			case "false":
				return false, true, nil
			}
		}
	}
	return false, false, nil
}

// field looks a name up as it is written, and Opportunity.IsWon also as a record within a record.
func field(r starlark.Mapping, name string) (starlark.Value, error) {
	v, found, err := r.Get(starlark.String(name))
	if err != nil {
		return nil, err
	}
	if found && !isNone(v) {
		return v, nil
	}
	if head, rest, dotted := strings.Cut(name, "."); dotted {
		inner, _, err := r.Get(starlark.String(head))
		if m, ok := inner.(starlark.Mapping); ok && err == nil {
			return field(m, rest)
		}
		return starlark.None, err
	}
	return starlark.None, nil
}

// furthest(a, b, order): the one of two stages that is further on. No value is behind every stage. A stage that the order
// does not have cannot be ranked and stays: moving on from it might be a step back.
func furthest(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var x, y starlark.Value
	var order starlark.Value = starlark.None
	if err := starlark.UnpackArgs(b.Name(), args, kwargs, "a", &x, "b", &y, "order?", &order); err != nil {
		return nil, err
	}
	stages, err := orderOf(b, order)
	if err != nil {
		return nil, err
	}
	at := func(v starlark.Value) (int, error) {
		text, ok := starlark.AsString(v)
		switch {
		case isNone(v) || ok && strings.TrimSpace(text) == "":
			return -1, nil
		case !ok:
			return 0, plainf("%s compares texts, not %s", b.Name(), kindName(v))
		}
		if i := slices.Index(stages, text); i >= 0 {
			return i, nil
		}
		return len(stages), nil
	}
	atX, err := at(x)
	if err != nil {
		return nil, err
	}
	atY, err := at(y)
	if err != nil {
		return nil, err
	}
	switch {
	case atX < 0 && atY < 0:
		return starlark.None, nil
	case atY > atX:
		return y, nil
	}
	return x, nil
}

func orderOf(b *starlark.Builtin, order starlark.Value) ([]string, error) {
	if isNone(order) {
		return lifecycleStages, nil
	}
	list, ok := order.(starlark.Indexable)
	if _, text := order.(starlark.String); !ok || text {
		return nil, plainf("%s takes the order as a list of texts, not %s", b.Name(), kindName(order))
	}
	var stages []string
	for i := range list.Len() {
		stage, ok := starlark.AsString(list.Index(i))
		if !ok || slices.Contains(stages, stage) {
			return nil, plainf("%s takes the order as a list of different texts", b.Name())
		}
		stages = append(stages, stage)
	}
	return stages, nil
}
