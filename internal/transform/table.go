package transform

import (
	"errors"
	"fmt"
	"strings"
)

// tableSpecs turn one system's values into another's by a table: one in the mapping, or one of a system's own.
func tableSpecs() []Spec {
	return []Spec{
		{Name: "values", Doc: "A value map. A value is looked up as written, then without regard to case and blanks around it. A value that is not in it is an error, or what `else` says; unknown=\"keep\" leaves it. On the way home the first entry with that result is used.",
			Example: `values({"Open - Not Contacted": "NEW", "Closed": "UNQUALIFIED"}): "closed" -> "UNQUALIFIED"`, Inputs: 1, Way: Inverse, Fails: true,
			Params:  []Param{{Name: "map", Kind: Pairs, Required: true, Doc: "what becomes what"}, {Name: "else", Doc: "what every other value becomes"}},
			Prepare: prepareValues,
			Run: func(u *Use, in []string) (string, error) {
				m := u.Prepared.(valueMap)
				if to, ok := m.forth.find(in[0]); ok {
					return to, nil
				}
				if to, given := u.Get("else"); given {
					return to, nil
				}
				return "", u.Fail("the value is not in the value map", "add it, or say what becomes of others with else")
			},
			Home: func(u *Use, value string, _ int) ([]string, error) {
				if from, ok := u.Prepared.(valueMap).back.find(value); ok {
					return []string{from}, nil
				}
				return nil, u.Fail("no entry of the value map gives this value", "add one")
			}},
		{Name: "lookup", Doc: "What a system's own table holds for the value: the owner with this e-mail, the stage with this label. The tables are those that the mapping's systems offer; with back, the way home is looked up there.",
			Example: `lookup("owners"): "ann@example.com" -> "1001"`, Inputs: 1, Fails: true,
			Params: []Param{{Name: "table", Required: true, Doc: "the table's name"}, {Name: "back", Doc: "the table for the way home"}},
			WayOf: func(a Args) Way {
				if a.Text("back", "") == "" {
					return OneWay
				}
				return Inverse
			},
			Run: func(u *Use, in []string) (string, error) { return lookup(u, u.Text("table", ""), in[0]) },
			Home: func(u *Use, value string, _ int) ([]string, error) {
				return alone(lookup(u, u.Text("back", ""), value))
			}},
	}
}

func lookup(u *Use, table, key string) (string, error) {
	if u.tables == nil {
		return "", u.Fail("there are no tables here", "run it within a mapping")
	}
	value, ok := u.tables.Lookup(table, key)
	if !ok {
		return "", u.Fail(fmt.Sprintf("table %q has no such entry", table), "add it at the system, or map the value before")
	}
	return value, nil
}

type valueMap struct{ forth, back valueIndex }

// A valueIndex finds by exact text first, then by folded text; a folded text that stands for several is found by
// nobody.
type valueIndex struct{ exact, folded map[string]string }

func prepareValues(a Args) (any, error) {
	m := valueMap{forth: newValueIndex(), back: newValueIndex()}
	if len(a.Pairs()) == 0 {
		return nil, errors.New("the map is empty")
	}
	for _, p := range a.Pairs() {
		if _, twice := m.forth.exact[p.From]; twice {
			return nil, fmt.Errorf("the map has %q twice", p.From)
		}
		m.forth.add(p.From, p.To)
		if _, known := m.back.exact[p.To]; !known {
			m.back.add(p.To, p.From)
		}
	}
	return m, nil
}

func newValueIndex() valueIndex {
	return valueIndex{exact: map[string]string{}, folded: map[string]string{}}
}

const ambiguous = "\x00"

func (x valueIndex) add(from, to string) {
	x.exact[from] = to
	key := strings.ToLower(strings.TrimSpace(from))
	if other, taken := x.folded[key]; taken && other != to {
		to = ambiguous
	}
	x.folded[key] = to
}

func (x valueIndex) find(value string) (string, bool) {
	if to, ok := x.exact[value]; ok {
		return to, true
	}
	to, ok := x.folded[strings.ToLower(strings.TrimSpace(value))]
	return to, ok && to != ambiguous
}

// Values gives the call  values({...}, else=...)  for a mapping's own `values:` key; otherwise may be nil.
func (s Set) Values(pairs []Pair, otherwise *string) (Call, error) {
	raw := []rawArg{{pairs: pairs, isMap: true}}
	if otherwise != nil {
		raw = append(raw, rawArg{name: "else", text: *otherwise})
	}
	st, err := newStep(s.transforms["values"], raw)
	if err != nil {
		return Call{}, err
	}
	return Call{steps: []step{st}}, nil
}

// Then gives the call that applies c and afterwards next.
func (c Call) Then(next Call) Call {
	return Call{steps: append(c.steps[:len(c.steps):len(c.steps)], next.steps...)}
}

// phoneSpecs only declares: transform/phone has the functions, see Builtin.
func phoneSpecs() []Spec {
	return []Spec{{Name: "phone_e164", Doc: "A phone number in E.164 form, +14155550132, with its extension behind it as \" ext. 12\". A number without + is read as one of the country. What is no possible number stays as it is, so that nothing is lost; strict=true makes it an error, and also a number that is possible but not in use.",
		Example: `phone_e164("US"): "(415) 555-0132" -> "+14155550132"`, Inputs: 1, Way: AsIs, Fails: true, Unknown: UnknownKeep,
		Params:  []Param{{Name: "country", Doc: "the country of numbers without +, such as US; without it only numbers with + are changed"}, {Name: "strict", Kind: Flag, Default: "false", Doc: "refuse what is not a valid number"}},
		Prepare: knownCountry("country")}}
}
