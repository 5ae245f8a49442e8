package mapping_test

import (
	"fmt"
	"strings"

	"go.starlark.net/resolve"
	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"crosswalk/internal/mapping"
	"crosswalk/internal/transform"
)

// language is the standard one with a script checker that resolves names and runs nothing.
func language() mapping.Language {
	return mapping.Standard(transform.Builtin(nil), resolvingScripts{})
}

type resolvingScripts struct{}

func (resolvingScripts) Check(script string, kind mapping.ScriptKind, names []string) error {
	script = strings.ReplaceAll(script, "with.", "with_.")
	known := func(name string) bool {
		for _, n := range names {
			if n == name {
				return true
			}
		}
		return name == "hold" || name == "skip"
	}
	options := &syntax.FileOptions{}
	if !kind.Block() {
		expr, err := options.ParseExpr("expression", script, 0)
		if err == nil {
			_, err = resolve.ExprOptions(options, expr, known, starlark.Universe.Has)
		}
		return clean(err)
	}
	script = "def hook():\n  " + strings.ReplaceAll(script, "\n", "\n  ")
	file, err := options.Parse("script", script, 0)
	if err == nil {
		err = resolve.File(file, known, starlark.Universe.Has)
	}
	return clean(err)
}

func clean(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("cannot be read: %w", err)
}
