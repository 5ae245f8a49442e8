// Package phone links the phone number metadata of libphonenumber into a set of transforms. It is apart from package
// transform because that metadata costs every program 11 ms to start with, whether it is used or not (hard case T9):
// only app names this package, and only where records are worked.
package phone

import (
	"strings"
	"unicode"

	"crosswalk/internal/transform"

	"github.com/nyaruka/phonenumbers"
)

// Funcs gives what transform.Builtin takes: the transform phone_e164 and the comparison phone.
func Funcs() map[string]transform.Func {
	return map[string]transform.Func{"phone_e164": e164, "phone": key}
}

// e164 writes a possible number in E.164 form. Possible means that the length is right for the country, which keeps
// numbers that are newer than our metadata; strict asks for a valid one. What is no number is an error here: the
// transform's default for `unknown` keeps it as it is.
func e164(u *transform.Use, in []string) (string, error) {
	n, ok := parse(in[0], country(u))
	switch {
	case !ok:
		return "", u.Fail("not a phone number", "write it with + and the country's code, or leave strict out to keep it as it is")
	case u.Flag("strict") && !phonenumbers.IsValidNumber(n):
		return "", u.Fail("a possible phone number, but none that is in use", "correct it, or leave strict out to take it")
	}
	return format(n), nil
}

// key is the number itself, or nothing: a text that is no number must not match another one.
func key(u *transform.Use, in []string) (string, error) {
	n, ok := parse(in[0], country(u))
	if !ok {
		return "", nil
	}
	return format(n), nil
}

func country(u *transform.Use) string {
	code, _ := u.Prepared.(string)
	if code == "" {
		return "ZZ" // libphonenumber's unknown region: only numbers with + can be read
	}
	return code
}

// format keeps the extension, which E.164 has no place for: dropping it would lose data.
func format(n *phonenumbers.PhoneNumber) string {
	text := phonenumbers.Format(n, phonenumbers.E164)
	if ext := n.GetExtension(); ext != "" {
		text += " ext. " + ext
	}
	return text
}

// parse reads the whole text as one possible number. libphonenumber would also find a number inside a text and drop
// the rest ("ask for Jo, 030 1234", "555 1234 / 1235"): here that is no number.
func parse(text, region string) (*phonenumbers.PhoneNumber, bool) {
	text = strings.TrimSpace(text)
	if text == "" || len(text) > 100 {
		return nil, false
	}
	n, err := phonenumbers.Parse(text, region)
	if err != nil || !phonenumbers.IsPossibleNumber(n) || !whole(text, n) {
		return nil, false
	}
	return n, true
}

// whole tells whether nothing but prefixes and punctuation of the text is missing from the number.
func whole(text string, n *phonenumbers.PhoneNumber) bool {
	text = strings.TrimPrefix(strings.ToLower(text), "tel:")
	start := strings.TrimLeft(text, " ([")
	if start == "" || !(unicode.IsDigit([]rune(start)[0]) || start[0] == '+' || strings.HasPrefix(start, "＋")) {
		return false
	}
	if strings.ContainsAny(text, ",;/\\\n\r\t") && n.GetExtension() == "" {
		return slashesOnlyGroup(text, n)
	}
	if strings.ContainsFunc(text, unicode.IsLetter) && n.GetExtension() == "" && !phonenumbers.IsAlphaNumber(text) {
		return false
	}
	return digitsFit(text, n)
}

// slashesOnlyGroup: 030/1234567 is one number, 030 123/124 is two.
func slashesOnlyGroup(text string, n *phonenumbers.PhoneNumber) bool {
	return !strings.ContainsAny(text, ",;\\\n\r\t") && !strings.ContainsFunc(text, unicode.IsLetter) && digitsFit(text, n)
}

// digitsFit tells whether the text has at most as many digits as the number and the prefixes that E.164 drops (an
// international prefix of up to four digits or a trunk prefix of up to two).
func digitsFit(text string, n *phonenumbers.PhoneNumber) bool {
	have := 0
	for _, r := range text {
		if unicode.IsDigit(r) {
			have++
		}
	}
	national := len(phonenumbers.GetNationalSignificantNumber(n))
	kept := national + len(n.GetExtension())
	if strings.HasPrefix(strings.TrimLeft(text, " (["), "+") || strings.HasPrefix(text, "00") || strings.HasPrefix(text, "011") {
		return have <= kept+7
	}
	return have <= kept+2
}
