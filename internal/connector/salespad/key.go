package salespad

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// A record's id is its key, trimmed, its parts joined by | as SalesPad's own link table writes them (001624|PRIMARY); a |
// or % inside a part is escaped. SQL Server compares keys without case and without the spaces at their end, and so do we.

var (
	keyEscape = strings.NewReplacer("%", "%25", "|", "%7C")
	keyPlain  = strings.NewReplacer("%7C", "|", "%25", "%")
)

func joinKey(parts []string) string {
	out := make([]string, len(parts))
	for i, p := range parts {
		out[i] = keyEscape.Replace(strings.TrimRight(p, " "))
	}
	return strings.Join(out, "|")
}

// parseKey gives the parts of an id; false for a text that cannot be one of the object's.
func (o *Object) parseKey(id string) ([]string, bool) {
	parts := strings.Split(id, "|")
	if len(parts) != len(o.Key) {
		return nil, false
	}
	for i, p := range parts {
		plain := keyPlain.Replace(p)
		f, _ := o.field(o.Key[i])
		if plain == "" || keyEscape.Replace(plain) != p || !sayable(plain) || strings.TrimSpace(plain) != plain || f.Width > 0 && utf8.RuneCountInString(plain) > f.Width {
			return nil, false
		}
		if o.numeric(o.Key[i]) {
			if n, err := strconv.ParseInt(plain, 10, 64); err != nil || strconv.FormatInt(n, 10) != plain {
				return nil, false
			}
		}
		parts[i] = plain
	}
	return parts, true
}

func (o *Object) numeric(part string) bool {
	for _, n := range o.Numbers {
		if n == part {
			return true
		}
	}
	return false
}

// canonical gives a key in the form in which two spellings of one key are equal.
func canonical(id string) string { return strings.ToLower(id) }

// CanonicalID gives an id as this connector writes it; false for a text that cannot be one. Padding goes (B6).
func (c *Connector) CanonicalID(text string) (string, bool) {
	parts := strings.Split(text, "|")
	for i, p := range parts {
		parts[i] = strings.TrimSpace(p)
		if parts[i] == "" || !sayable(parts[i]) {
			return "", false
		}
	}
	return strings.Join(parts, "|"), true
}

// addressable tells whether a key can stand in a path (fact sheet 4: spaces, slashes and dots break look-ups by path).
func (p *Profile) addressable(parts []string) bool {
	for _, part := range parts {
		if strings.ContainsAny(part, p.Unaddressable) {
			return false
		}
	}
	return true
}
