package mapping

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"

	"crosswalk/internal/script"
	"crosswalk/internal/transform"
)

// Standard is the language of a program with the given transforms, and scripts as package script compiles them.
func Standard(set transform.Set) Language {
	return Language{Transforms: standardTransforms{set}, Scripts: standardScripts{}}
}

type standardScripts struct{}

func (standardScripts) Check(text string, kind ScriptKind, names []string) error {
	mode := script.Expr
	if kind.Block() {
		mode = script.Block
	}
	_, err := script.Compile(text, mode, names)
	return err
}

type standardTransforms struct{ set transform.Set }

var firstCall = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^\s*([\pL\pN_]+)`) })

func (s standardTransforms) Check(calls string, inputs int) error {
	if _, err := s.set.Parse(BindTransform(calls, "UTC", "EUR")); err != nil {
		return short(err)
	}
	name := firstCall().FindStringSubmatch(calls)
	if name == nil {
		return nil
	}
	if spec, ok := s.set.Describe(name[1]); ok && spec.Inputs > 0 && inputs > spec.Inputs {
		return fmt.Errorf("transform %s takes %d inputs at most and has %d; put join, first_of or template before it", spec.Name, spec.Inputs, inputs)
	}
	return nil
}

// Tidies is true of calls that cannot be read too: Check complains about those.
func (s standardTransforms) Tidies(calls string) bool {
	call, err := s.set.Parse(BindTransform(calls, "UTC", "EUR"))
	return err != nil || call.Way() == transform.AsIs
}

func (s standardTransforms) CheckComparison(compare string) error {
	_, err := s.set.Comparison(compare)
	return short(err)
}

// short leaves out the list of everything there is where the nearest name is given.
func short(err error) error {
	var e *transform.Error
	if errors.As(err, &e) && strings.Contains(e.Reason, "did you mean") {
		return &transform.Error{Transform: e.Transform, Reason: e.Reason}
	}
	return err
}
