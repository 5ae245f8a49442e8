package salesforcetest

import "strings"

const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// ID18 gives the 18-character form of a 15- or 18-character record id, with the
// right checksum (section 14); false if the text is no id. The checksum of an
// 18-character id repairs lost case, as Salesforce does.
func ID18(id string) (string, bool) {
	switch len(id) {
	case 15:
		if strings.Trim(id, base62) != "" {
			return "", false
		}
		return id + checksum(id), true
	case 18:
		return repair(id)
	}
	return "", false
}

// checksum is the three characters behind a 15-character id: one for each group
// of five, with bit i set when character i is upper case.
func checksum(id string) string {
	var out [3]byte
	for g := range out {
		n := 0
		for i := range 5 {
			if c := id[g*5+i]; c >= 'A' && c <= 'Z' {
				n |= 1 << i
			}
		}
		out[g] = checksumAlphabet[n]
	}
	return string(out[:])
}

const checksumAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"

// repair restores the case of an 18-character id from its checksum.
func repair(id string) (string, bool) {
	if strings.Trim(id, base62) != "" {
		return "", false
	}
	b := []byte(id)
	for g := range 3 {
		bits := strings.IndexByte(checksumAlphabet, upper(b[15+g]))
		if bits < 0 {
			return "", false
		}
		for i := range 5 {
			c := &b[g*5+i]
			letter := upper(*c) >= 'A' && upper(*c) <= 'Z'
			switch {
			case bits&(1<<i) == 0:
				*c = lower(*c)
			case letter:
				*c = upper(*c)
			default:
				return "", false
			}
		}
		b[15+g] = upper(b[15+g])
	}
	return string(b), true
}

func upper(c byte) byte {
	if c >= 'a' && c <= 'z' {
		return c - 32
	}
	return c
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 32
	}
	return c
}

// newID draws the next record id for a key prefix: the org's own three pod
// characters and a running number, so that ids of one org never repeat.
func (s *Sim) newID(prefix string) string {
	s.counter++
	n := s.counter
	tail := []byte("000000000")
	for i := len(tail) - 1; i >= 0 && n > 0; i-- {
		tail[i] = base62[n%62]
		n /= 62
	}
	id := prefix + s.pod + string(tail)
	return id + checksum(id)
}
