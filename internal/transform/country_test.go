package transform_test

import (
	"encoding/csv"
	"os"
	"strings"
	"testing"

	"crosswalk/internal/transform"
)

func rows(t *testing.T, path string) []map[string]string {
	t.Helper()
	f, err := os.Open(shared(t, path))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	all, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var out []map[string]string
	for _, row := range all[1:] {
		m := map[string]string{}
		for i, name := range all[0] {
			m[strings.TrimPrefix(name, "\ufeff")] = row[i]
		}
		out = append(out, m)
	}
	return out
}

func TestCountryCode(t *testing.T) {
	for text, want := range map[string]string{
		"US": "US", "usa": "US", "U.S.A.": "US", "United States": "US", "united states of america": "US", "The United States of America": "US",
		"UK": "GB", "U.K.": "GB", "Great Britain": "GB", "United Kingdom": "GB", "GBR": "GB", "Deutschland": "DE", "Allemagne": "DE", "germany": "DE",
		"Österreich": "AT", "Oesterreich": "AT", "Schweiz": "CH", "Suisse": "CH", "Svizzera": "CH", "España": "ES", "Espana": "ES", "Brasil": "BR", "México": "MX", "Mexico": "MX",
		"Nederland": "NL", "The Netherlands": "NL", "Holland": "NL", "Czech Republic": "CZ", "Czechia": "CZ", "Ivory Coast": "CI", "Cote d'Ivoire": "CI", "South Korea": "KR",
		"Korea": "", "Russia": "RU", "Vietnam": "VN", "Viet Nam": "VN", "日本": "JP", "中国": "CN", "Ελλάδα": "GR", "Antigua & Barbuda": "AG", "Taiwan": "TW", "Türkiye": "TR", "Turkey": "TR",
		"Hong Kong": "HK", "Ireland": "IE", "Danmark": "DK", "Suomi": "FI", "Philipines": "", "Atlantis": "", "": "", "  ": "", "Jordan": "JO", "Niger": "NE", "Dominica": "DM", "Guinea": "GN",
	} {
		if got, _ := transform.CountryCode(text); got != want {
			t.Errorf("CountryCode(%q) = %q, want %q", text, got, want)
		}
	}
	if _, err := parse(t, "country_code").Apply([]string{"Philipines"}, nil); err == nil || !strings.Contains(err.Error(), "did you mean Philippines?") {
		t.Errorf("Maven's spelling: %v", err)
	}
}

// TestEveryCountry compares with a second source, the ISO list that may not be part of the program (CC BY-SA).
func TestEveryCountry(t *testing.T) {
	countries := rows(t, "geo/iso3166_countries.csv")
	if len(countries) != 249 {
		t.Fatalf("%d countries", len(countries))
	}
	name := parse(t, "country_name")
	for _, c := range countries {
		code := c["#country_code_alpha2"]
		if got, _ := transform.CountryCode(code); got != code {
			t.Errorf("CountryCode(%s) = %q", code, got)
		}
		res, err := name.Apply([]string{code}, nil)
		if err != nil || len(res.Text) < 3 {
			t.Errorf("country_name(%s) = %q, %v", code, res.Text, err)
		}
		if home, err := name.Home(res.Text, 1, nil); err != nil || home[0] != code {
			t.Errorf("%s is called %q, which reads as %v, %v", code, res.Text, home, err)
		}
	}
}

func TestStates(t *testing.T) {
	for _, c := range []struct {
		call string
		in   []string
		want string
	}{
		{`state_code("US")`, []string{"Texas"}, "TX"}, {`state_code("US")`, []string{"tx"}, "TX"}, {`state_code("US")`, []string{"US-CA"}, "CA"}, {`state_code("USA")`, []string{"District of Columbia"}, "DC"},
		{"state_code", []string{"Québec", "Canada"}, "QC"}, {"state_code", []string{"Quebec", "CA"}, "QC"}, {`state_code("CA")`, []string{"Colombie-Britannique"}, "BC"},
		{`state_code("MX")`, []string{"Ags."}, "AGU"}, {`state_code("JP")`, []string{"東京都"}, "13"}, {`state_code("AU")`, []string{"New South Wales"}, "NSW"},
		{`state_name("US")`, []string{"NY"}, "New York"}, {"state_name", []string{"SP", "Brazil"}, "São Paulo"}, {`state_code("IE")`, []string{"Co. Dublin"}, "D"},
		{`state_code(unknown="keep")`, []string{"Bayern", "Germany"}, "Bayern"}, {"state_code", []string{"", "US"}, ""},
	} {
		if got, err := parse(t, c.call).Apply(c.in, nil); err != nil || got.Text != c.want {
			t.Errorf("%s of %q = %q, %v; want %q", c.call, c.in, got.Text, err, c.want)
		}
	}
	for _, in := range [][]string{{"Bayern", "DE"}, {"Nowhere", "US"}, {"TX"}} {
		if got, err := parse(t, "state_code").Apply(in, nil); err == nil {
			t.Errorf("state_code of %q = %q", in, got.Text)
		}
	}
}

// TestStatesAgainstISO compares every embedded state's code with ISO 3166-2 (CC BY-SA, not part of the program).
func TestStatesAgainstISO(t *testing.T) {
	known := map[string]bool{}
	for _, row := range rows(t, "geo/iso3166_2_subdivisions.csv") {
		for _, text := range row {
			if len(text) > 3 && text[2] == '-' {
				known[text] = true
			}
		}
	}
	call := parse(t, "state_code")
	for _, c := range []struct{ country, states string }{{"US", "AL AK AZ CA CO DC FL NY TX WA WY"}, {"CA", "AB BC MB NB NL NS NT NU ON PE QC SK YT"}, {"AU", "ACT NSW NT QLD SA TAS VIC WA"}, {"BR", "AC RJ SP"}, {"JP", "01 13 47"}} {
		for state := range strings.FieldsSeq(c.states) {
			got, err := call.Apply([]string{state, c.country}, nil)
			if err != nil || !known[c.country+"-"+got.Text] || got.Text != state {
				t.Errorf("%s in %s: %q, %v", state, c.country, got.Text, err)
			}
		}
	}
}
