package transform

import (
	"embed"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
)

func stateSpecs() []Spec {
	country := Param{Name: "country", Doc: "the country the state is in where no second input says it; several, such as \"US, CA\", are tried in that order"}
	return []Spec{
		{Name: "state_code", Doc: "The ISO 3166-2 code of a state, province or county without the country's part, from its code or its name: for addresses in Australia, Brazil, Canada, China, India, Ireland, Italy, Japan, Mexico, Spain and the United States. The second input is the country. as=\"salesforce\" gives the codes that Salesforce's lists have unless the org changed them (Mexico's and China's are others). Back: state_name.",
			Example: `state_code("US"): "Texas" -> "TX"`, Inputs: 2, Fails: true, WayOf: wayOfState(AsIs),
			Params: []Param{country, asParam}, Prepare: prepareState,
			Run: func(u *Use, in []string) (string, error) { return state(u, in, stateCodeOf) }},
		{Name: "state_name", Doc: "The name of a state, province or county, from its code or its name; the second input is the country. On the way home it is the code again (back: state_code). as=\"salesforce\" gives the names that Salesforce's lists have unless the org changed them.",
			Example: `state_name("CA"): "QC" -> "Quebec"`, Inputs: 2, Fails: true, WayOf: wayOfState(Inverse),
			Params: []Param{country, asParam}, Prepare: prepareState,
			Run: func(u *Use, in []string) (string, error) { return state(u, in, stateNameOf) },
			Home: func(u *Use, value string, _ int) ([]string, error) {
				return alone(state(u, []string{value}, stateCodeOf))
			}},
	}
}

//go:embed data/subdivisions/*.json
var subdivisionFiles embed.FS

// A stateTable knows one country's states.
type stateTable struct {
	names map[string]string // code -> name
	codes map[string]string // folded code, name, local name or postal abbreviation -> code
}

var states = sync.OnceValue(func() map[string]stateTable {
	files, err := subdivisionFiles.ReadDir("data/subdivisions")
	if err != nil {
		panic("transform: embedded states: " + err.Error())
	}
	all := map[string]stateTable{}
	for _, f := range files {
		country, table, err := readStates("data/subdivisions/" + f.Name())
		if err != nil {
			panic("transform: embedded states of " + f.Name() + ": " + err.Error())
		}
		all[country] = table
	}
	return all
})

func readStates(path string) (country string, table stateTable, err error) {
	var file struct {
		Country      string `json:"country_code"`
		Subdivisions map[string]struct {
			Name      string `json:"name"`
			LocalName string `json:"local_name"`
			Code      string `json:"code"`
			LocalCode string `json:"local_code"`
		} `json:"subdivisions"`
	}
	text, err := subdivisionFiles.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(text, &file)
	}
	table = stateTable{names: map[string]string{}, codes: map[string]string{}}
	codes, others := claims{}, claims{}
	for code, s := range file.Subdivisions {
		table.names[code] = s.Name
		codes.add(code, code)
		codes.add(file.Country+" "+code, code) // US-CA, as Salesforce's and ISO's full codes are written
		for _, name := range []string{s.Name, s.LocalName, s.Code, s.LocalCode} {
			others.add(name, code)
		}
	}
	known := countryTable{codes: table.codes}
	known.accept(codes)
	known.accept(others)
	table.alias(file.Country)
	return file.Country, table, err
}

// alias adds the names and codes that other systems and people use.
func (t stateTable) alias(country string) {
	known := countryTable{codes: t.codes}
	known.alias(stateAliases[country])
	for _, other := range []map[string]string{salesforceStateNames[country], salesforceStateCodes[country]} {
		for code, name := range other {
			known.alias(map[string]string{name: code})
		}
	}
	for code, name := range t.names {
		if county, ok := strings.CutPrefix(name, countyPrefix); ok {
			known.alias(map[string]string{county: code, "County " + county: code})
		}
	}
}

// countyPrefix is how the table writes Ireland's counties.
const countyPrefix = "Co. "

// code finds a state by code or name.
func (t stateTable) code(text string) (string, bool) {
	if len(text) > maxPlaceName {
		return "", false
	}
	code := t.codes[countryKey(text)]
	return code, code != ""
}

// countriesWithStates gives the codes of the countries whose states are known, sorted.
func countriesWithStates() string {
	var codes []string
	for code := range states() {
		codes = append(codes, code)
	}
	slices.Sort(codes)
	return strings.Join(codes, ", ")
}

func prepareState(a Args) (any, error) {
	if _, err := prepareAs(a); err != nil {
		return nil, err
	}
	return countriesOf(a)
}

// countriesOf reads the argument country: countries with states, in the order in which they are tried.
func countriesOf(a Args) ([]string, error) {
	text, given := a.Get("country")
	if !given {
		return nil, nil
	}
	var codes []string
	for name := range strings.SplitSeq(text, ",") {
		code, ok := CountryCode(name)
		if !ok {
			return nil, errors.New("argument country must be a country such as US, or several such as US, CA")
		}
		if _, known := states()[code]; !known {
			return nil, errors.New("states are known for " + countriesWithStates() + " only")
		}
		codes = append(codes, code)
	}
	return codes, nil
}

// wayOfState: with the country as an input, the state alone cannot go home.
func wayOfState(way Way) func(Args) Way {
	return func(a Args) Way {
		if _, given := a.Get("country"); given {
			return way
		}
		return OneWay
	}
}

func stateCodeOf(u *Use, country, code string) string {
	if other := salesforceStateCodes[country][code]; other != "" && u.Text("as", "") == asSalesforce {
		return other
	}
	return code
}

func stateNameOf(u *Use, country, code string) string {
	name := states()[country].names[code]
	if u.Text("as", "") != asSalesforce {
		return name
	}
	if other := salesforceStateNames[country][code]; other != "" {
		return other
	}
	return strings.TrimPrefix(name, countyPrefix)
}

// stateCountries gives where to look for the state: the country of the second input, else those of the argument.
func stateCountries(u *Use, in, otherwise []string) ([]string, error) {
	countries := otherwise
	if len(in) == 2 && in[1] != "" {
		code, _ := CountryCode(in[1])
		countries = []string{code}
	}
	for _, country := range countries {
		if _, known := states()[country]; known {
			return countries, nil
		}
	}
	return nil, u.Fail("states of this country are not known", "states are known for "+countriesWithStates()+`; unknown="keep" leaves others as they are, unknown="blank" leaves them out`)
}

func state(u *Use, in []string, form func(u *Use, country, code string) string) (string, error) {
	if in[0] == "" {
		return "", nil
	}
	countries, err := stateCountries(u, in, u.Prepared.([]string))
	if err != nil {
		return "", err
	}
	for _, country := range countries {
		if code, ok := states()[country].code(in[0]); ok {
			return form(u, country, code), nil
		}
	}
	return "", u.Fail("no state of "+strings.Join(countries, " or ")+" is known by this name or code", `correct it, or unknown="keep" leaves it as it is`)
}
