package mapping

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/agext/levenshtein"
)

// nearest gives the valid name that a person most likely meant, "" when none is near: at most a third of its letters
// differ, ignoring case, dashes and underscores.
func nearest(name string, valid []string) string {
	best, bestScore := "", 0.0
	plain := plainName(name)
	for _, v := range valid {
		if score := levenshtein.Similarity(plain, plainName(v), nil); score > bestScore {
			best, bestScore = v, score
		}
	}
	if bestScore < 0.66 {
		return ""
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
