package infra

import (
	"fmt"
	"hash/fnv"
	"strings"
)

// title gives "Live" for "live".
func title(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// logical makes a name part of a logical id: letters and digits only. What it takes away it replaces by a hash, so that
// a-b and ab stay two.
func logical(name string) string {
	var b strings.Builder
	up, lost := true, false
	for _, r := range name {
		switch {
		case r >= '0' && r <= '9', r >= 'a' && r <= 'z' && !up, r >= 'A' && r <= 'Z':
			b.WriteRune(r)
			lost = lost || up && r >= 'A' && r <= 'Z'
			up = false
		case r >= 'a' && r <= 'z':
			b.WriteRune(r - 'a' + 'A')
			up = false
		default:
			up, lost = true, true
		}
	}
	if lost {
		h := fnv.New32a()
		h.Write([]byte(name))
		fmt.Fprintf(&b, "%08x", h.Sum32())
	}
	return b.String()
}
