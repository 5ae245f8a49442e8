package transform

import (
	_ "embed"
	"encoding/csv"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
	"golang.org/x/text/unicode/norm"
)

func countrySpecs() []Spec {
	return []Spec{
		{Name: "country_code", Doc: "The two-letter ISO 3166 code of a country, from its code of two or three letters or its name: English, of its own languages, and of the large languages of Europe and Asia, with or without accents, and as people often write it. form=\"alpha3\" gives the code of three letters.",
			Example: `country_code: "Deutschland" -> "DE"`, Inputs: 1, Way: AsIs, Fails: true,
			Params:  []Param{{Name: "form", Default: "alpha2", Doc: "alpha2 or alpha3"}},
			Prepare: oneWordOf("form", "alpha2", "alpha2", "alpha3"),
			Run: func(u *Use, in []string) (string, error) {
				code, err := countryCode(u, in[0])
				if err == nil && u.Text("form", "") == "alpha3" {
					code = countries().alpha3[code]
				}
				return code, err
			}},
		{Name: "country_name", Doc: "The country's usual English name, from its code or any name that country_code knows; on the way home it is the code again (back: country_code). as=\"salesforce\" gives the name that Salesforce's list of countries has unless the org changed it, such as Korea, Republic of.",
			Example: `country_name: "DE" -> "Germany"`, Inputs: 1, Way: Inverse, Fails: true, Params: []Param{asParam}, Prepare: prepareAs,
			Run: func(u *Use, in []string) (string, error) {
				code, err := countryCode(u, in[0])
				if name := salesforceCountries[code]; name != "" && u.Text("as", "") == asSalesforce {
					return name, err
				}
				return countries().names[code], err
			},
			Home: func(u *Use, value string, _ int) ([]string, error) { return alone(countryCode(u, value)) }},
	}
}

const asSalesforce = "salesforce"

var (
	asParam   = Param{Name: "as", Default: "iso", Doc: "iso, or salesforce for the values of its picklists as they are by default"}
	prepareAs = oneWordOf("as", "iso", "iso", asSalesforce)
)

// oneWordOf checks that an argument is one of some words.
func oneWordOf(name, otherwise string, words ...string) func(Args) (any, error) {
	return func(a Args) (any, error) {
		if !slices.Contains(words, a.Text(name, otherwise)) {
			return nil, errors.New("argument " + name + " must be " + strings.Join(words, " or "))
		}
		return nil, nil
	}
}

func countryCode(u *Use, text string) (string, error) {
	if code, ok := CountryCode(text); ok {
		return code, nil
	}
	return "", u.Fail("no country is known by this name or code"+suggestCountry(text), `use an ISO 3166 code or a full name, or a value map before it; unknown="keep" passes it through`)
}

//go:embed data/un_country_codes.csv
var countryCSV string

// countryTable knows countries by folded name and by code.
type countryTable struct {
	names  map[string]string // alpha-2 -> usual English name
	alpha3 map[string]string // alpha-2 -> alpha-3
	codes  map[string]string // folded name or lower-case code -> alpha-2; "" where a name is shared
}

// The columns of the embedded table that name a country, best first: where two countries claim one name, the better
// column wins, and within one column nobody does.
var nameColumns = [][]string{
	{"ISO3166-1-Alpha-2"}, {"ISO3166-1-Alpha-3"},
	{"CLDR display name", "official_name_en", "UNTERM English Short", "UNTERM English Formal", "ISO4217-currency_country_name"},
	{"official_name_fr", "UNTERM French Short", "UNTERM French Formal", "official_name_es", "UNTERM Spanish Short", "UNTERM Spanish Formal",
		"official_name_cn", "UNTERM Chinese Short", "UNTERM Chinese Formal", "official_name_ru", "UNTERM Russian Short", "UNTERM Russian Formal",
		"official_name_ar", "UNTERM Arabic Short", "UNTERM Arabic Formal"},
}

// nameLanguages are the languages in which every country's name is known (Unicode CLDR, by golang.org/x/text); each
// country is known in its own languages besides.
var nameLanguages = []string{"en", "de", "fr", "es", "it", "pt", "nl", "sv", "da", "nb", "fi", "pl", "cs", "hu", "ro", "tr", "el", "ru", "uk", "ja", "zh", "zh-Hant", "ko", "ar", "he", "th", "vi", "id"}

// countries is built on first use: about 250 countries and 8,000 names.
var countries = sync.OnceValue(func() countryTable {
	rows, err := csv.NewReader(strings.NewReader(countryCSV)).ReadAll()
	if err != nil {
		panic("transform: embedded country table: " + err.Error())
	}
	column := map[string]int{}
	for i, name := range rows[0] {
		column[name] = i
	}
	table := countryTable{names: map[string]string{}, alpha3: map[string]string{}, codes: map[string]string{}}
	english := display.Regions(language.English)
	for _, row := range rows[1:] {
		code := row[column["ISO3166-1-Alpha-2"]]
		table.names[code], table.alpha3[code] = row[column["CLDR display name"]], row[column["ISO3166-1-Alpha-3"]]
		if region, err := language.ParseRegion(code); err == nil {
			table.names[code] = english.Name(region)
		}
	}
	for _, layer := range nameColumns {
		claims := claims{}
		for _, row := range rows[1:] {
			for _, name := range layer {
				claims.add(row[column[name]], row[column["ISO3166-1-Alpha-2"]])
			}
		}
		table.accept(claims)
	}
	table.accept(displayNames(rows, column))
	table.alias(countryAliases)
	return table
})

// displayNames gives the names of CLDR. English ones come with the rest: the table's own columns won before.
func displayNames(rows [][]string, column map[string]int) claims {
	claims := claims{}
	namers := map[string]display.Namer{}
	for _, row := range rows[1:] {
		code := row[column["ISO3166-1-Alpha-2"]]
		region, err := language.ParseRegion(code)
		if err != nil {
			continue
		}
		own := strings.Split(row[column["Languages"]], ",")
		for _, lang := range slices.Concat(nameLanguages, own) {
			namer, ok := namers[lang]
			if !ok {
				if tag, err := language.Parse(lang); err == nil {
					namer = display.Regions(tag)
				}
				namers[lang] = namer
			}
			if namer != nil {
				claims.add(namer.Name(region), code)
			}
		}
	}
	return claims
}

// claims are names and who claims them; a name that two claim is nobody's.
type claims map[string]string

func (c claims) add(name, code string) {
	key := countryKey(name)
	if key == "" {
		return
	}
	if holder, taken := c[key]; taken && holder != code {
		code = ""
	}
	c[key] = code
}

func (t countryTable) accept(c claims) {
	for key, code := range c {
		if _, taken := t.codes[key]; !taken {
			t.codes[key] = code
		}
	}
}

// alias adds names that the tables leave open: unknown, or claimed by several.
func (t countryTable) alias(names map[string]string) {
	for name, code := range names {
		if key := countryKey(name); t.codes[key] == "" {
			t.codes[key] = code
		}
	}
}

// countryKey folds a name: case, accents, punctuation, the article that the United Nations write.
func countryKey(name string) string {
	key := foldName(strings.ReplaceAll(name, "&", " and "))
	key = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return r
	}, norm.NFKD.String(key))
	for _, article := range []string{"the "} {
		key = strings.TrimPrefix(key, article)
	}
	return strings.TrimSuffix(key, " the")
}

// maxPlaceName is longer than the name of any country or state, in bytes; what is longer is not looked up.
const maxPlaceName = 200

// CountryCode gives the ISO 3166 alpha-2 code of a country named by code or name.
func CountryCode(text string) (code string, ok bool) {
	if len(text) > maxPlaceName {
		return "", false
	}
	code = countries().codes[countryKey(text)]
	if code == "" { // Iran, Islamic Republic of; Iran (Islamic Republic of)
		if before, after, comma := strings.Cut(text, ","); comma {
			code = countries().codes[countryKey(after+" "+before)]
		} else if before, after, bracket := strings.Cut(text, "("); bracket {
			code = countries().codes[countryKey(after+" "+before)]
		}
	}
	return code, code != ""
}

// englishNames are the usual English names, by themselves in small letters.
var englishNames = sync.OnceValue(func() map[string]string {
	byKey := map[string]string{}
	for _, name := range countries().names {
		byKey[strings.ToLower(name)] = name
	}
	return byKey
})

// suggestCountry gives the nearest English name for a slip of the pen. It is public knowledge, not the input.
func suggestCountry(text string) string {
	if len(text) < 4 || len(text) > 60 {
		return ""
	}
	best := nearest(cases.Fold().String(text), slices.Collect(maps.Keys(englishNames())))
	if best == "" {
		return ""
	}
	return "; did you mean " + englishNames()[best] + "?"
}

func knownCountry(name string) func(Args) (any, error) {
	return func(a Args) (any, error) {
		text, given := a.Get(name)
		if !given {
			return "", nil
		}
		code, ok := CountryCode(text)
		if !ok {
			return nil, errors.New("argument " + name + " must be a country such as US or DE")
		}
		return code, nil
	}
}
