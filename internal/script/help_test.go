package script

import (
	"slices"
	"strings"
	"testing"
)

// TestEveryFunctionHasHelp: the help page and the language cannot drift apart.
func TestEveryFunctionHasHelp(t *testing.T) {
	var described []string
	for _, f := range Functions() {
		name, _, _ := strings.Cut(f.Usage, "(")
		described = append(described, name)
	}
	for name := range helpers() {
		if !slices.Contains(described, name) {
			t.Errorf("%s has no help", name)
		}
	}
	for _, name := range described {
		if helpers()[name] == nil {
			t.Errorf("%s has help and does not exist", name)
		}
	}
}
