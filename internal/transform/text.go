package transform

import (
	"errors"
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"
)

func textSpecs() []Spec {
	return []Spec{
		{Name: "lowercase", Doc: "All letters small, in every script.", Example: `lowercase: "Ann@Example.COM" -> "ann@example.com"`, Inputs: 1, Way: AsIs,
			Run: each(strings.ToLower)},
		{Name: "uppercase", Doc: "All letters capital, in every script.", Example: `uppercase: "eur" -> "EUR"`, Inputs: 1, Way: AsIs,
			Run: each(strings.ToUpper)},
		{Name: "title", Doc: "First letter of each word capital, the others small.", Example: `title: "ACME trading LTD" -> "Acme Trading Ltd"`, Inputs: 1, Way: AsIs,
			Run: each(func(s string) string { return cases.Title(language.Und).String(s) })},
		{Name: "trim", Doc: "Blanks at both ends removed.", Example: `trim: "  Acme " -> "Acme"`, Inputs: 1, Way: AsIs,
			Run: each(strings.TrimSpace)},
		{Name: "collapse_space", Doc: "Blanks and line breaks: at both ends removed, between words one space.", Example: `collapse_space: " Acme   Ltd " -> "Acme Ltd"`, Inputs: 1, Way: AsIs,
			Run: each(func(s string) string { return strings.Join(strings.Fields(s), " ") })},
		{Name: "nfc", Doc: "Letters and their accents composed into one character, as most systems store them (Unicode NFC).", Example: `nfc: "Zu\u0308rich" -> "Z\u00fcrich"`, Inputs: 1, Way: AsIs,
			Run: each(norm.NFC.String)},
		{Name: "digits_only", Doc: "Only the digits 0 to 9 are left.", Example: `digits_only: "DE 123-456" -> "123456"`, Inputs: 1, Way: AsIs,
			Run: each(digitsOnly)},
		{Name: "replace", Doc: "Every occurrence of a text replaced by another.", Example: `replace("/", "-"): "a/b" -> "a-b"`, Inputs: 1, Way: OneWay,
			Params:  []Param{{Name: "old", Required: true, Doc: "the text to look for"}, {Name: "new", Required: true, Doc: "what stands there instead"}},
			Prepare: notBlank("old"),
			Run: func(u *Use, in []string) (string, error) {
				return strings.ReplaceAll(in[0], u.Text("old", ""), u.Text("new", "")), nil
			}},
		{Name: "prefix", Doc: "A text put before the value; taken off again on the way home, where it is there.", Example: `prefix("HS-"): "42" -> "HS-42"`, Inputs: 1, Way: Inverse,
			Params: []Param{{Name: "text", Required: true, Doc: "what to put before"}},
			Run:    func(u *Use, in []string) (string, error) { return u.Text("text", "") + in[0], nil },
			Home: func(u *Use, value string, n int) ([]string, error) {
				return []string{strings.TrimPrefix(value, u.Text("text", ""))}, nil
			}},
		{Name: "suffix", Doc: "A text put after the value; taken off again on the way home, where it is there.", Example: `suffix(" (CRM)"): "Acme" -> "Acme (CRM)"`, Inputs: 1, Way: Inverse,
			Params: []Param{{Name: "text", Required: true, Doc: "what to put after"}},
			Run:    func(u *Use, in []string) (string, error) { return in[0] + u.Text("text", ""), nil },
			Home: func(u *Use, value string, n int) ([]string, error) {
				return []string{strings.TrimSuffix(value, u.Text("text", ""))}, nil
			}},
		{Name: "truncate", Doc: "Cut to a number of characters, never inside a character that is shown as one. A preview says when something was cut. Blanks at the cut are removed.",
			Example: `truncate(4): "Crosswalk" -> "Cros"`, Inputs: 1, Way: AsIs,
			Params:  []Param{{Name: "length", Kind: Number, Required: true, Doc: "how many characters at most"}},
			Prepare: positive("length"),
			Run: func(u *Use, in []string) (string, error) {
				out, had := truncate(in[0], u.Number("length", 0))
				if had > 0 {
					u.Note("cut from %d to %d characters", had, u.Number("length", 0))
				}
				return out, nil
			}},
	}
}

// each makes a Func of a function that cannot fail. Bytes that are no UTF-8 become the replacement character first:
// no vendor takes them, and Go's own functions disagree about them.
func each(f func(string) string) Func {
	return func(_ *Use, in []string) (string, error) { return f(strings.ToValidUTF8(in[0], "\uFFFD")), nil }
}

func digitsOnly(s string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
}

func notBlank(names ...string) func(Args) (any, error) {
	return func(a Args) (any, error) {
		for _, name := range names {
			if text, given := a.Get(name); given && text == "" {
				return nil, errors.New("argument " + name + " must not be blank")
			}
		}
		return nil, nil
	}
}

func positive(name string) func(Args) (any, error) {
	return func(a Args) (any, error) {
		if a.Number(name, 1) < 1 {
			return nil, errors.New("argument " + name + " must be 1 or more")
		}
		return nil, nil
	}
}

// truncate cuts s to at most limit runes, at a place where no visible character is torn. had is the number of runes s
// had when something was cut, else 0. A first character that is longer than limit is torn, since something must be.
func truncate(s string, limit int) (out string, had int) {
	runes := []rune(s)
	if len(runes) <= limit {
		return s, 0
	}
	cut := limit
	for cut > 0 && joins(runes, cut) {
		cut--
	}
	if cut == 0 {
		cut = limit
	}
	return strings.TrimRightFunc(string(runes[:cut]), unicode.IsSpace), len(runes)
}

const zeroWidthJoiner = '\u200d'

// joins tells whether runes[i] belongs to the visible character before it. It knows the cases of Unicode's text
// segmentation (annex 29) that occur in names: marks, joined emoji, skin tones, flags, Hangul syllables, line ends.
func joins(runes []rune, i int) bool {
	before, r := runes[i-1], runes[i]
	switch {
	case before == '\r' && r == '\n':
		return true
	case unicode.Is(unicode.M, r), r == zeroWidthJoiner, before == zeroWidthJoiner:
		return true
	case r >= 0x1F3FB && r <= 0x1F3FF, r >= 0xE0020 && r <= 0xE007F: // skin tones; tags of regional flags
		return true
	case r >= 0x1160 && r <= 0x11FF: // vowels and finals of a Hangul syllable
		return true
	case isFlag(r) && isFlag(before): // a flag is two letters: tear only between pairs
		n := 0
		for j := i - 1; j >= 0 && isFlag(runes[j]); j-- {
			n++
		}
		return n%2 == 1
	}
	return false
}

func isFlag(r rune) bool { return r >= 0x1F1E6 && r <= 0x1F1FF }
