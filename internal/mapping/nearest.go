package mapping

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/agext/levenshtein"
)

// nearest gives the valid name that a person most likely meant, ignoring case, dashes and underscores; "" when none is
// near: more than a third of it would have to be changed (in short names, more than two letters, of three more than one).
func nearest(name string, valid []string) string {
	plain := plainName(name)
	allowed := max(2, len(plain)/3)
	if len(plain) <= 3 {
		allowed = len(plain) / 2
	}
	best, least := "", allowed+1
	for _, v := range valid {
		if len(plain) > 3 && strings.HasPrefix(plainName(v), plain) {
			return v // broken off: need for needed
		}
		if d := levenshtein.Distance(plain, plainName(v), nil); d < least {
			best, least = v, d
		}
	}
	return best
}

func plainName(s string) string {
	const longest = 100 // levenshtein is quadratic; a hostile name must not cost seconds
	s = strings.NewReplacer("_", "", "-", "", " ", "").Replace(strings.ToLower(s))
	return s[:min(len(s), longest)]
}

// didYouMean is the fix for a name that does not exist: the nearest valid one, else the valid ones where they are few.
func didYouMean(name string, valid []string) string {
	if best := nearest(name, valid); best != "" {
		return fmt.Sprintf("did you mean %s?", best)
	}
	valid = slices.Sorted(slices.Values(valid))
	const few = 12
	if len(valid) == 0 {
		return ""
	}
	if len(valid) > few {
		return fmt.Sprintf("known are %s and %d more", strings.Join(valid[:few], ", "), len(valid)-few)
	}
	return "known are " + strings.Join(valid, ", ")
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
