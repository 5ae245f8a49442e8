package transform

import (
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// A Comparison gives the key under which two values are the same to a matching rule.
type Comparison struct{ call Call }

// Comparison reads the `compare` of a matching rule: exact, case_insensitive, email, phone("US"), domain, name, company or
// vat. Blank text is exact.
func (s Set) Comparison(text string) (Comparison, error) {
	if strings.TrimSpace(text) == "" {
		text = "exact"
	}
	call, err := parseCall(s.comparisons, "comparison", text)
	return Comparison{call: call}, err
}

// Key gives the canonical key of a value; "" means that the value must not be matched by: it is blank, no valid
// value of its kind, or says nothing (a free mail domain). The key of a key is that key.
func (c Comparison) Key(value string) string {
	res, err := c.call.once([]string{value}, nil)
	if err != nil {
		return ""
	}
	return res.Text
}

// String writes the comparison in a form that Comparison reads again.
func (c Comparison) String() string { return c.call.String() }

func builtinComparisons() []Spec {
	return []Spec{
		{Name: "exact", Doc: "The same characters (Unicode NFC), blanks and all.", Example: `exact: "Acme" -> "Acme"`, Inputs: 1, Way: AsIs,
			Run: each(func(s string) string {
				if strings.TrimSpace(s) == "" {
					return ""
				}
				return norm.NFC.String(s)
			})},
		{Name: "case_insensitive", Doc: "The same but for case and blanks at the ends.", Example: `case_insensitive: " Ann@Example.com" -> "ann@example.com"`, Inputs: 1, Way: AsIs,
			Run: each(func(s string) string { return strings.TrimSpace(fold(s, norm.NFC)) })},
		{Name: "name", Doc: `The same name: without regard to case, width and form of letters, punctuation and blanks. Dots and apostrophes are dropped ("A.B.C." is "ABC"), other punctuation parts words; & and + stay. Accents count, and so do legal forms: "Acme Ltd" and "Acme" are two companies until a person says otherwise.`,
			Example: `name: "ACME-Trading, Ltd." -> "acme trading ltd"`, Inputs: 1, Way: AsIs, Run: each(foldName)},
		{Name: "company", Doc: `The same company's name: as name, and without regard to accents, to "The" in front and to legal forms at the end (Ltd, Inc, GmbH & Co. KG, S.A. de C.V., 株式会社), with "and" for &. It finds more than name and is wrong more often: a second rule with on_hit: hold, or together with a domain or phone.`,
			Example: `company: "The Müller & Söhne GmbH & Co. KG" -> "muller and sohne"`, Inputs: 1, Way: AsIs, Run: each(CompanyKey)},
		{Name: "email", Doc: "The same e-mail address but for case, blanks and a name around it. What follows a + counts: it is another address. Texts that are no valid address match nothing.", Example: `email: "Info+News@Example.com " -> "info+news@example.com"`, Inputs: 1, Way: AsIs,
			Run: each(emailKey)},
		{Name: "vat", Doc: "The same VAT or registration number but for case, blanks, dots, dashes and slashes.", Example: `vat: "de 123.456-789" -> "DE123456789"`, Inputs: 1, Way: AsIs,
			Run: each(func(s string) string {
				return norm.NFKC.String(strings.Map(func(r rune) rune {
					if unicode.IsSpace(r) || unicode.Is(unicode.Pd, r) || strings.ContainsRune("./", r) {
						return -1
					}
					return r
				}, strings.ToUpper(norm.NFKC.String(strings.TrimSpace(s)))))
			})},
		{Name: "domain", Doc: "The same registrable domain, of web addresses, hosts or e-mail addresses. Domains of free mail services match nothing.", Example: `domain: "http://www.example.com/" -> "example.com"`, Inputs: 1, Way: AsIs,
			Run: func(_ *Use, in []string) (string, error) {
				if IsFreeMail(in[0]) {
					return "", nil
				}
				return RegistrableDomain(in[0]), nil
			}},
		{Name: "phone", Doc: "The same phone number; numbers without + are read as ones of the country.", Example: `phone("US"): "(415) 555-0132" -> "+14155550132"`, Inputs: 1, Way: AsIs, Fails: true,
			Params: []Param{{Name: "country", Doc: "the country of numbers without +"}}, Prepare: knownCountry("country")},
	}
}

// emailKey writes the host in its ASCII form, so that both ways to write it are one.
func emailKey(text string) string {
	text, ok := plainEmail(text)
	if !ok {
		return ""
	}
	at := strings.LastIndexByte(text, '@')
	host, ok := asciiHost(text[at+1:])
	if !ok {
		return ""
	}
	return fold(text[:at], norm.NFC) + "@" + host
}

// fold is case folding that is stable: folding can undo a normal form and the other way round.
func fold(s string, form norm.Form) string {
	for range 4 {
		next := form.String(cases.Fold().String(form.String(s)))
		if next == s {
			break
		}
		s = next
	}
	return s
}

// foldName is the key of a name; see the comparison of that name.
func foldName(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case strings.ContainsRune(".'’ʼ`´", r):
			return -1
		case r == '&' || r == '+' || r == '@' || r == '#' || r == '%':
			return r
		case unicode.IsPunct(r) || unicode.IsControl(r) || unicode.IsSpace(r) || r == '_':
			return ' '
		case unicode.Is(unicode.Cf, r): // invisible: soft hyphens, joiners, direction marks
			return -1
		}
		return r
	}, fold(s, norm.NFKC))
	return strings.Join(strings.Fields(fold(s, norm.NFKC)), " ")
}
