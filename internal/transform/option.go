package transform

import (
	"errors"
	"fmt"
)

// optionSpecs pick one of the values that an account's own list allows.
func optionSpecs() []Spec {
	return []Spec{{Name: "one_of", Doc: `The one of these values that is meant: as written, else without regard to case, accents, punctuation and blanks, by the value or by its label where a map { "value": "label" } is given. like="country" also takes any name or code of the same country, and like="state" of the same state: the country is then the second input, or the argument. What fits none or several is an error. For a picklist that was customised: the list is the account's. On the way home the value goes as it is; name one_of with the other side's list under back.`,
		Example: `one_of("USA", "UK", like="country"): "United States" -> "USA"`, Inputs: 2, Way: AsIs, Free: true, Fails: true,
		Params: []Param{{Name: "options", Kind: Pairs, Doc: "the values and what each is called, instead of values alone"}, {Name: "like", Default: "text", Doc: "what the values are: text, country or state"},
			{Name: "country", Doc: "the country of states, or several in the order in which they are tried"}},
		Prepare: prepareOneOf, Run: runOneOf}}
}

// Like says what the values of a list are, and so when two texts mean the same one.
type Like string

const (
	LikeText    Like = "text"
	LikeCountry Like = "country"
	LikeState   Like = "state"
)

// An Option is one value of a list, and what people see; Label may be blank.
type Option struct{ Value, Label string }

// Options finds the one of some values that a text means, without regard to case, accents, punctuation and blanks; ok is
// false where none or several fit. The value comes back as it is in the list. A caller with a list of its own (a picklist
// as the account describes it) and many texts makes a Choice instead.
func Options(values []string, text string) (value string, ok bool) {
	options := make([]Option, len(values))
	for i, v := range values {
		options[i].Value = v
	}
	return NewChoice(options, LikeText).Find(text)
}

// A Choice finds the value of a list that a text means. It is immutable.
type Choice struct {
	like    Like
	options []Option
	exact   map[string]string
	folded  map[string]string // "" where several fit
	places  map[string]string // of countries: ISO code -> value
}

// NewChoice makes the index of a list. Values win over labels, and labels over other names of the same place.
func NewChoice(options []Option, like Like) Choice {
	c := Choice{like: like, options: options, exact: map[string]string{}, folded: map[string]string{}, places: map[string]string{}}
	values, labels, codes := claims{}, claims{}, claims{}
	for _, o := range options {
		c.exact[o.Value] = o.Value
		values.add(o.Value, o.Value)
		labels.add(o.Label, o.Value)
		if like == LikeCountry {
			if code, ok := placeOf(o, CountryCode); ok {
				codes.add(code, o.Value)
			}
		}
	}
	index := countryTable{codes: c.folded}
	index.accept(values)
	index.accept(labels)
	countryTable{codes: c.places}.accept(codes)
	return c
}

func placeOf(o Option, code func(string) (string, bool)) (string, bool) {
	for _, text := range []string{o.Label, o.Value} { // a value such as 11 says less than its label
		if found, ok := code(text); ok {
			return found, true
		}
	}
	return "", false
}

// Find gives the value that a text means; countries are where to look for a state, the likeliest first.
func (c Choice) Find(text string, countries ...string) (value string, ok bool) {
	if value, ok = c.exact[text]; ok {
		return value, true
	}
	if len(text) > maxPlaceName {
		return "", false
	}
	if value, known := c.folded[countryKey(text)]; known {
		return value, value != ""
	}
	switch c.like {
	case LikeCountry:
		code, _ := CountryCode(text)
		value = c.places[countryKey(code)]
	case LikeState:
		value = c.state(text, countries)
	}
	return value, value != ""
}

// state finds the option that is the same state. Lists of states are short and mostly answered before.
func (c Choice) state(text string, countries []string) string {
	for _, country := range countries {
		table := states()[country]
		code, ok := table.code(text)
		if !ok {
			continue
		}
		found := ""
		for _, o := range c.options {
			switch same, ok := placeOf(o, table.code); {
			case !ok || same != code:
			case found != "" && found != o.Value:
				return ""
			default:
				found = o.Value
			}
		}
		return found
	}
	return ""
}

type oneOf struct {
	choice    Choice
	countries []string
}

func prepareOneOf(a Args) (any, error) {
	like := Like(a.Text("like", string(LikeText)))
	if like != LikeText && like != LikeCountry && like != LikeState {
		return nil, errors.New("argument like must be text, country or state")
	}
	var options []Option
	for _, v := range a.Free() {
		options = append(options, Option{Value: v})
	}
	for _, p := range a.Pairs() {
		options = append(options, Option{Value: p.From, Label: p.To})
	}
	switch {
	case len(options) == 0:
		return nil, errors.New("the list of values is empty")
	case len(a.Free()) > 0 && len(a.Pairs()) > 0:
		return nil, errors.New("give either values or a map of values and labels")
	}
	seen := map[string]bool{}
	for _, o := range options {
		if o.Value == "" || seen[o.Value] {
			return nil, fmt.Errorf("the list has %q twice, or blank", o.Value)
		}
		seen[o.Value] = true
	}
	countries, err := countriesOf(a)
	return oneOf{choice: NewChoice(options, like), countries: countries}, err
}

func runOneOf(u *Use, in []string) (string, error) {
	if in[0] == "" {
		return "", nil
	}
	o := u.Prepared.(oneOf)
	countries, err := stateCountries(u, in, o.countries)
	if err != nil && o.choice.like == LikeState {
		if value, ok := o.choice.Find(in[0]); ok { // needs no country
			return value, nil
		}
		return "", err
	}
	value, ok := o.choice.Find(in[0], countries...)
	if !ok {
		return "", u.Fail("the value is none of the list, or could be several of it", `add it to the list at the system, or a value map before; unknown="keep" passes it through`)
	}
	return value, nil
}
