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
	country := Param{Name: "country", Doc: "the country the state is in; without it the second input is the country"}
	return []Spec{
		{Name: "state_code", Doc: "The ISO 3166-2 code of a state, province or county without the country's part, from its code or its name: for addresses in Australia, Brazil, Canada, China, India, Ireland, Italy, Japan, Mexico, Spain and the United States.",
			Example: `state_code("US"): "Texas" -> "TX"`, Inputs: 2, Fails: true, WayOf: wayOfState(AsIs),
			Params: []Param{country}, Prepare: countryWithStates,
			Run: func(u *Use, in []string) (string, error) { return state(u, in, false) }},
		{Name: "state_name", Doc: "The name of a state, province or county, from its code or its name; on the way home it is the code again.",
			Example: `state_name("CA"): "QC" -> "Quebec"`, Inputs: 2, Fails: true, WayOf: wayOfState(Inverse),
			Params: []Param{country}, Prepare: countryWithStates,
			Run:  func(u *Use, in []string) (string, error) { return state(u, in, true) },
			Home: func(u *Use, value string, _ int) ([]string, error) { return alone(state(u, []string{value}, false)) }},
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
	return file.Country, table, err
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

func countryWithStates(a Args) (any, error) {
	code, err := knownCountry("country")(a)
	if err != nil || code == "" {
		return code, err
	}
	if _, known := states()[code.(string)]; !known {
		return nil, errors.New("states are known for " + countriesWithStates() + " only")
	}
	return code, nil
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

func state(u *Use, in []string, wantName bool) (string, error) {
	if in[0] == "" {
		return "", nil
	}
	country := u.Prepared.(string)
	if country == "" && len(in) == 2 {
		country, _ = CountryCode(in[1])
	}
	table, known := states()[country]
	if !known {
		return "", u.Fail("states of this country are not known", "states are known for "+countriesWithStates()+`; unknown="keep" leaves others as they are`)
	}
	code := ""
	if len(in[0]) <= maxPlaceName {
		code = table.codes[countryKey(in[0])]
	}
	switch {
	case code == "":
		return "", u.Fail("no state of "+country+" is known by this name or code", `correct it, or unknown="keep" leaves it as it is`)
	case wantName:
		return table.names[code], nil
	}
	return code, nil
}
