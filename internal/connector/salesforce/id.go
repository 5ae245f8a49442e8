package salesforce

import "strings"

// ID gives the 18-character form of a record id of 15 or 18 characters (fact sheet 14), and false for what cannot be
// one. The checksum of an 18-character id must be right, in any case: the first 15 characters tell records apart only
// with their case, so an id whose case somebody changed is mended by its checksum or refused.
func ID(text string) (string, bool) {
	if len(text) != 15 && len(text) != 18 || strings.ContainsFunc(text, notBase62) {
		return "", false
	}
	if len(text) == 15 {
		return text + checksum(text), true
	}
	if tail := strings.ToUpper(text[15:]); tail == checksum(text[:15]) {
		return text[:15] + tail, true
	}
	return recased(text)
}

func notBase62(r rune) bool {
	return !(r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z')
}

const checks = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"

// checksum says, for each five characters, which of them are upper case.
func checksum(id15 string) string {
	var out [3]byte
	for group := range out {
		bits := 0
		for i := range 5 {
			if c := id15[5*group+i]; c >= 'A' && c <= 'Z' {
				bits |= 1 << i
			}
		}
		out[group] = checks[bits]
	}
	return string(out[:])
}

// recased puts the letters of an 18-character id back into the case that its checksum names; false when the checksum
// asks for upper case where no letter is, so that it is not this id's.
func recased(id string) (string, bool) {
	out := []byte(strings.ToLower(id[:15]))
	for group := range 3 {
		bits := strings.IndexByte(checks, strings.ToUpper(id[15+group : 16+group])[0])
		if bits < 0 {
			return "", false
		}
		for i := range 5 {
			at := 5*group + i
			if bits&(1<<i) == 0 {
				continue
			}
			if out[at] < 'a' || out[at] > 'z' {
				return "", false
			}
			out[at] -= 'a' - 'A'
		}
	}
	// Only an id that lost its case is mended; one that has both cases and another checksum was mistyped or made up.
	if id[:15] != strings.ToLower(id[:15]) && id[:15] != strings.ToUpper(id[:15]) {
		return "", false
	}
	return string(out) + strings.ToUpper(id[15:]), true
}
