package transform_test

import (
	"strings"
	"testing"

	"crosswalk/internal/transform"
)

// TestEveryCountryByISOName: the short and long names of a second source, as ISO writes them ("Iran (Islamic Republic of)").
func TestEveryCountryByISOName(t *testing.T) {
	for _, c := range rows(t, "geo/iso3166_countries.csv") {
		for _, name := range []string{c["name_short"], c["name_long"]} {
			if name == "Congo" {
				continue // this source calls both so; it is the Republic's
			}
			if got, _ := transform.CountryCode(name); got != c["#country_code_alpha2"] {
				t.Errorf("%q reads as %q, want %s", name, got, c["#country_code_alpha2"])
			}
		}
	}
}

// TestEveryStateByISOName: each subdivision of ISO 3166-2 whose code the tables have is found by its names too, or is
// one that they write otherwise on purpose.
func TestEveryStateByISOName(t *testing.T) {
	call := parse(t, "state_code")
	read, unread := 0, []string{}
	for _, row := range rows(t, "geo/iso3166_2_subdivisions.csv") {
		country, code := row["#country_code_alpha2"], strings.TrimPrefix(row["subdivision_code_iso3166-2"], row["#country_code_alpha2"]+"-")
		switch country {
		case "AU", "BR", "CA", "IE", "IN", "JP", "MX", "US":
		default:
			continue
		}
		if got, err := call.Apply([]string{code, country}, nil); err != nil || got.Text == "" {
			continue // a province of Ireland, an outlying island
		}
		got, err := call.Apply([]string{row["subdivision_name"], country}, nil)
		want, _ := call.Apply([]string{code, country}, nil)
		if err != nil || got.Text != want.Text {
			unread = append(unread, country+" "+row["subdivision_name"]+" as "+got.Text)
			continue
		}
		read++
	}
	if read < 200 || len(unread) > 0 {
		t.Errorf("%d names are read; not read: %q", read, unread)
	}
}

// Salesforce's default lists, from its documentation of the picklists: what a HubSpot text becomes, and that its own value
// goes home.
func TestSalesforcePlaces(t *testing.T) {
	for _, c := range []struct {
		call string
		in   []string
		want string
	}{
		{`country_name(as="salesforce")`, []string{"South Korea"}, "Korea, Republic of"}, {`country_name(as="salesforce")`, []string{"Vietnam"}, "Vietnam"},
		{`country_name(as="salesforce")`, []string{"RUSSIA"}, "Russian Federation"}, {`country_name(as="salesforce")`, []string{"Türkiye"}, "Turkey"},
		{`country_name(as="salesforce")`, []string{"USA"}, "United States"}, {`country_name(as="salesforce")`, []string{"Great Britain"}, "United Kingdom"},
		{`country_name(as="salesforce")`, []string{"Czechia"}, "Czech Republic"}, {`country_name(as="salesforce")`, []string{"DR Congo"}, "Congo, the Democratic Republic of the"},
		{`country_name`, []string{"Korea, Republic of"}, "South Korea"}, {`country_name`, []string{"Tanzania, United Republic of"}, "Tanzania"}, {`country_name`, []string{"Congo"}, "Congo - Brazzaville"},
		{`country_code("alpha3")`, []string{"Deutschland"}, "DEU"}, {`country_code("alpha3")`, []string{"deu"}, "DEU"},
		{`state_code(as="salesforce")`, []string{"Aguascalientes", "Mexico"}, "AG"}, {`state_code(as="salesforce")`, []string{"CDMX", "MX"}, "DF"}, {`state_code(as="salesforce")`, []string{"DF", "MX"}, "DF"},
		{`state_code(as="salesforce")`, []string{"广东省", "China"}, "44"}, {`state_code(as="salesforce")`, []string{"Guangdong", "China"}, "44"}, {`state_code`, []string{"44", "CN"}, "GD"},
		{`state_code(as="salesforce")`, []string{"California", "USA"}, "CA"}, {`state_code(as="salesforce")`, []string{"Odisha", "India"}, "OR"}, {`state_code`, []string{"OR", "India"}, "OD"},
		{`state_name(as="salesforce")`, []string{"D", "Ireland"}, "Dublin"}, {`state_name(as="salesforce")`, []string{"Yukon", "Canada"}, "Yukon Territories"}, {`state_name(as="salesforce")`, []string{"ME", "Mexico"}, "Mexico State"},
		{`state_code`, []string{"County Kerry", "IE"}, "KY"}, {`state_code`, []string{"kerry", "IE"}, "KY"},
		{`state_code("US, CA")`, []string{"Ontario"}, "ON"}, {`state_code("US, CA")`, []string{"wash."}, "WA"}, {`state_code("US")`, []string{"Ontario", "Canada"}, "ON"}, {`state_code("US")`, []string{"D.C.", ""}, "DC"},
		{`state_code(unknown="blank")`, []string{"Bayern", "Germany"}, ""}, {`country_code(unknown="keep")`, []string{"Atlantis"}, "Atlantis"},
	} {
		got, err := parse(t, c.call).Apply(c.in, nil)
		if err != nil || got.Text != c.want {
			t.Errorf("%s of %q = %q, %v; want %q", c.call, c.in, got.Text, err, c.want)
		}
	}
	forth, back := parse(t, `country_name(as="salesforce")`), parse(t, "country_code")
	for _, c := range rows(t, "geo/iso3166_countries.csv") {
		code := c["#country_code_alpha2"]
		name, err := forth.Apply([]string{code}, nil)
		if home, _ := back.Apply([]string{name.Text}, nil); err != nil || home.Text != code {
			t.Errorf("%s is %q at Salesforce, which reads as %q, %v", code, name.Text, home.Text, err)
		}
	}
	for country, code := range map[string]string{"MX": "OAX", "CN": "XJ", "IN": "UK", "IE": "WX", "US": "VI", "CA": "YT"} {
		for _, call := range []string{"state_code", "state_name"} {
			there, err := parse(t, call+`("`+country+`", as="salesforce")`).Apply([]string{code}, nil)
			if home, _ := parse(t, "state_code").Apply([]string{there.Text, country}, nil); err != nil || home.Text != code {
				t.Errorf("%s of %s-%s is %q at Salesforce, which reads as %q, %v", call, country, code, there.Text, home.Text, err)
			}
		}
	}
}

// An account's own list: values and labels as an org may have edited them (HS-31).
func TestOneOf(t *testing.T) {
	for _, c := range []struct {
		call string
		in   []string
		want string // "" is an error
	}{
		{`one_of("USA", "UK", "Germany", like="country")`, []string{"United States of America"}, "USA"}, {`one_of("USA", "UK", "Germany", like="country")`, []string{"GB"}, "UK"},
		{`one_of("USA", "UK", "Germany", like="country")`, []string{"Deutschland"}, "Germany"}, {`one_of("USA", "UK", "Germany", like="country")`, []string{"France"}, ""},
		{`one_of("USA", "UK", "Germany", like="country")`, []string{"UK"}, "UK"}, {`one_of("EMEA", "uk ", like="country")`, []string{"emea"}, "EMEA"},
		{`one_of("United States", "USA", like="country")`, []string{"US"}, ""}, {`one_of("United States", "USA", like="country")`, []string{"usa"}, "USA"}, // two of them: nobody's
		{`one_of({"1": "Alemania", "2": "Francia"}, like="country")`, []string{"Germany"}, "1"}, {`one_of({"1": "Alemania", "2": "Francia"})`, []string{"francia"}, "2"},
		{`one_of("CALIFORNIA", "N.Y.", like="state", country="US")`, []string{"CA"}, "CALIFORNIA"}, {`one_of("CALIFORNIA", "N.Y.", like="state", country="US")`, []string{"New York"}, "N.Y."},
		{`one_of("Ont", "Ontario", "Québec", like="state")`, []string{"QC", "Canada"}, "Québec"}, {`one_of("Quebec City", "Québec", like="state")`, []string{"QC", "Germany"}, ""},
		{`one_of({"11": "Beijing", "44": "Guangdong"}, like="state")`, []string{"广东省", "CN"}, "44"}, {`one_of("Bayern", like="state")`, []string{"bayern", "Germany"}, "Bayern"},
		{`one_of("COMPUTER_SOFTWARE", "OIL_ENERGY")`, []string{"Computer Software"}, "COMPUTER_SOFTWARE"}, {`one_of("Café", "Cafe")`, []string{"CAFE"}, ""}, {`one_of("A", "a")`, []string{"a"}, "a"},
		{`one_of("x", unknown="keep")`, []string{"y"}, "y"},
	} {
		got, err := parse(t, c.call).Apply(c.in, nil)
		if got.Text != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%s of %q = %q, %v; want %q", c.call, c.in, got.Text, err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), c.in[0]+`"`) {
			t.Errorf("%s: the error holds the value: %v", c.call, err)
		}
	}
	if v, ok := transform.Options([]string{"Not Started", "In Progress"}, "NOT_STARTED"); !ok || v != "Not Started" {
		t.Error(v, ok)
	}
	if v, ok := transform.Options(nil, "x"); ok {
		t.Error(v)
	}
	for _, bad := range []string{`one_of`, `one_of("a", "a")`, `one_of("a", like="planet")`, `one_of("a", {"b": "c"})`, `one_of("a", country="DE")`, `one_of("")`} {
		if _, err := set.Parse(bad); err == nil {
			t.Errorf("%s was taken", bad)
		}
	}
}
