package salesforcetest

import "strings"

// places are the state and country picklists of the org (section 15.5).
type places struct {
	countries []country
	labels    map[string]string // what people see, by code; the integration value may be edited apart from it
}

type country struct {
	code, name string // name is the integration value
	states     []state2
}

// state2 is one state or province of a country.
type state2 struct{ code, name string }

// shippedStates are the countries for which states ship; a few of each suffice.
func shippedCountries() []country {
	return []country{
		{"US", "United States", []state2{{"CA", "California"}, {"FL", "Florida"}, {"IL", "Illinois"}, {"MA", "Massachusetts"}, {"NY", "New York"}, {"OR", "Oregon"}, {"TX", "Texas"}, {"WA", "Washington"}}},
		{"CA", "Canada", []state2{{"BC", "British Columbia"}, {"ON", "Ontario"}, {"QC", "Quebec"}}},
		{"AU", "Australia", []state2{{"NSW", "New South Wales"}, {"VIC", "Victoria"}}},
		{"BR", "Brazil", []state2{{"RJ", "Rio de Janeiro"}, {"SP", "São Paulo"}}},
		{"CN", "China", []state2{{"11", "Beijing"}, {"31", "Shanghai"}}},
		{"IN", "India", []state2{{"KA", "Karnataka"}, {"MH", "Maharashtra"}}},
		{"IE", "Ireland", []state2{{"D", "Dublin"}, {"CO", "Cork"}}},
		{"IT", "Italy", []state2{{"MI", "Milan"}, {"RM", "Rome"}}},
		{"JP", "Japan", []state2{{"13", "Tokyo"}, {"27", "Osaka"}}},
		{"MX", "Mexico", []state2{{"CMX", "Mexico City"}, {"JAL", "Jalisco"}}},
		{"AT", "Austria", nil}, {"BE", "Belgium", nil}, {"BH", "Bahrain", nil}, {"CH", "Switzerland", nil}, {"DE", "Germany", nil},
		{"DK", "Denmark", nil}, {"ES", "Spain", nil}, {"FI", "Finland", nil}, {"FR", "France", nil}, {"GB", "United Kingdom", nil},
		{"NL", "Netherlands", nil}, {"NO", "Norway", nil}, {"NZ", "New Zealand", nil}, {"PH", "Philippines", nil}, {"PL", "Poland", nil}, {"SE", "Sweden", nil},
	}
}

// addPlaces switches the picklists on: code fields appear beside the texts.
func (s *Sim) addPlaces() {
	s.places = &places{countries: shippedCountries(), labels: map[string]string{}}
	for _, c := range s.places.countries {
		s.places.labels[c.code] = c.name
	}
	if s.cfg.StateCountry == StateCountryCustom {
		s.places.rename("US", "USA")
		s.places.rename("DE", "Deutschland")
	}
	for _, o := range s.order {
		for _, prefix := range addressPrefixes(o) {
			s.addCodes(o, prefix, "State", "State/Province Code")
			s.addCodes(o, prefix, "Country", "Country Code")
		}
	}
}

func (p *places) rename(code, name string) {
	for i := range p.countries {
		if p.countries[i].code == code {
			p.countries[i].name = name
		}
	}
}

// addressPrefixes are the address groups of an object that follow the picklists:
// "Billing", "Shipping", "Mailing", ..., "" for Lead.
func addressPrefixes(o *object) []string {
	var out []string
	for _, f := range o.fields {
		if f.Type == "address" && o.Name != "Organization" {
			out = append(out, strings.TrimSuffix(f.Name, "Address"))
		}
	}
	return out
}

func (s *Sim) addCodes(o *object, prefix, part, label string) {
	text := o.field(prefix + part)
	if text == nil {
		return
	}
	var values []PicklistValue
	for _, c := range s.places.countries {
		if part == "Country" {
			values = append(values, PicklistValue{Value: c.code, Label: s.places.labels[c.code]})
		}
		for _, st := range c.states {
			if part == "State" {
				values = appendState(values, st, c.code)
			}
		}
	}
	f := Field{Name: prefix + part + "Code", Label: strings.TrimSpace(prefix + " " + label), Type: "picklist", Length: 10, Createable: true, Updateable: true,
		Nillable: true, Restricted: true, Compound: prefix + "Address", Picklist: values}
	if part == "State" {
		f.Controller = prefix + "CountryCode"
	}
	o.add(f)
}

// appendState adds a state; the same code may belong to several countries.
func appendState(values []PicklistValue, st state2, country string) []PicklistValue {
	for i := range values {
		if values[i].Value == st.code {
			values[i].ValidFor = append(values[i].ValidFor, country)
			return values
		}
	}
	return append(values, PicklistValue{Value: st.code, Label: st.name, ValidFor: []string{country}})
}

func (p *places) country(text string) *country {
	for i := range p.countries {
		if fold(p.countries[i].code) == fold(text) || fold(p.countries[i].name) == fold(text) {
			return &p.countries[i]
		}
	}
	return nil
}

func (c *country) state(text string) *state2 {
	for i := range c.states {
		if fold(c.states[i].code) == fold(text) || fold(c.states[i].name) == fold(text) {
			return &c.states[i]
		}
	}
	return nil
}

// checkPlaces lets code and text of states and countries follow each other, and
// refuses what does not fit.
func (t *tx) checkPlaces(d *draft) *apiError {
	if t.s.places == nil {
		return nil
	}
	for _, prefix := range addressPrefixes(d.o) {
		if e := t.checkPlace(d, prefix); e != nil {
			return e
		}
	}
	return nil
}

func (t *tx) checkPlace(d *draft, prefix string) *apiError {
	countryText, countryCode := prefix+"Country", prefix+"CountryCode"
	stateText, stateCode := prefix+"State", prefix+"StateCode"
	if !d.sent(countryText) && !d.sent(countryCode) && !d.sent(stateText) && !d.sent(stateCode) {
		return nil
	}
	where, e := t.pickCountry(d, countryText, countryCode)
	if e != nil {
		return e
	}
	if where == nil {
		if d.sent(countryText) || d.sent(countryCode) {
			if !d.sent(stateText) && !d.sent(stateCode) || d.str(stateText) == "" && d.str(stateCode) == "" || d.sent(countryCode) {
				for _, name := range []string{countryText, countryCode, stateText, stateCode} {
					d.put(name, nil) // clearing the country clears everything
				}
				return nil
			}
		}
		if d.str(stateText) != "" || d.str(stateCode) != "" {
			return reject("FIELD_INTEGRITY_EXCEPTION", []string{stateText}, "A country/territory must be specified before specifying a state value for field: %s", d.o.must(stateText).Label)
		}
		return nil
	}
	d.put(countryText, where.name)
	d.put(countryCode, where.code)
	return t.pickState(d, where, stateText, stateCode)
}

// pickCountry settles the country: on create a code wins over a text that does
// not fit, on update the pair is refused.
func (t *tx) pickCountry(d *draft, text, code string) (*country, *apiError) {
	byText, byCode := t.s.places.country(d.str(text)), t.s.places.country(d.str(code))
	if d.sent(code) && d.str(code) != "" {
		if byCode == nil {
			return nil, noPlace(d, code, "country/territory")
		}
		if d.sent(text) && d.str(text) != "" && byText != byCode && !d.creating() {
			return nil, mismatch(d, text, "country/territory")
		}
		return byCode, nil
	}
	if d.sent(code) && d.str(code) == "" && !d.sent(text) {
		return nil, nil
	}
	if d.sent(text) {
		if d.str(text) != "" && byText == nil {
			return nil, noPlace(d, text, "country/territory")
		}
		return byText, nil
	}
	return byCode, nil
}

func (t *tx) pickState(d *draft, where *country, text, code string) *apiError {
	if !d.sent(text) && !d.sent(code) {
		if d.str(code) != "" && where.state(d.str(code)) == nil {
			return noPlace(d, text, "state")
		}
		return nil
	}
	name, value := text, d.str(text)
	if d.sent(code) && d.str(code) != "" {
		name, value = code, d.str(code)
		other := where.state(d.str(text))
		if d.sent(text) && d.str(text) != "" && !d.creating() && (other == nil || fold(other.code) != fold(value)) {
			return mismatch(d, text, "state")
		}
	}
	if value == "" {
		d.put(text, nil)
		d.put(code, nil)
		return nil
	}
	st := where.state(value)
	if st == nil {
		return noPlace(d, name, "state")
	}
	d.put(text, st.name)
	d.put(code, st.code)
	return nil
}

// noPlace and mismatch are worded after the sheet's "...isn't an available state";
// the rest of the sentence is (inferred).
func noPlace(d *draft, name, kind string) *apiError {
	f := d.o.must(name)
	return reject("FIELD_INTEGRITY_EXCEPTION", []string{f.Name}, "There's a problem with this %s, even though it may appear correct. Please select a %s from the list of valid %ss.: %s: \"%s\" isn't an available %s", kind, kind, kind, f.Label, d.str(name), kind)
}

func mismatch(d *draft, name, kind string) *apiError {
	f := d.o.must(name)
	return reject("FIELD_INTEGRITY_EXCEPTION", []string{f.Name}, "A mismatched integration value and ISO code have been detected for field: %s: \"%s\" isn't an available %s", f.Label, d.str(name), kind)
}
