package transform

import (
	"fmt"
	"maps"
	"slices"
)

// A Set is the transforms and comparisons one program knows. It is immutable and safe for concurrent use.
type Set struct {
	transforms  map[string]*Spec
	comparisons map[string]*Spec
}

// Builtin gives the set of this package. extra adds what a program links in: the functions of transform/phone under
// the names declared here (phone_e164, phone), and transforms of its own under new names, which take any arguments and
// any number of inputs and go one way.
func Builtin(extra map[string]Func) Set {
	set := Set{transforms: index(builtinTransforms()), comparisons: index(builtinComparisons())}
	for _, name := range slices.Sorted(maps.Keys(extra)) {
		run := extra[name]
		switch {
		case set.transforms[name] != nil:
			set.transforms[name].Run = run
		case set.comparisons[name] != nil:
			set.comparisons[name].Run = run
		default:
			set.transforms[name] = &Spec{Name: name, Doc: "Added by this program.", Free: true, Fails: true, Run: run}
		}
	}
	return set
}

func index(specs []Spec) map[string]*Spec {
	byName := make(map[string]*Spec, len(specs))
	for i := range specs {
		byName[specs[i].Name] = &specs[i]
	}
	return byName
}

func builtinTransforms() []Spec {
	return slices.Concat(textSpecs(), shapeSpecs(), numberSpecs(), dateSpecs(), spanSpecs(), richSpecs(), listSpecs(), countrySpecs(), stateSpecs(), optionSpecs(), domainSpecs(), tableSpecs(), phoneSpecs())
}

// Names gives the names of all transforms, sorted.
func (s Set) Names() []string { return slices.Sorted(maps.Keys(s.transforms)) }

// ComparisonNames gives the names of all comparisons, sorted.
func (s Set) ComparisonNames() []string { return slices.Sorted(maps.Keys(s.comparisons)) }

// Describe gives the description of a transform or comparison, for help pages.
func (s Set) Describe(name string) (Spec, bool) {
	for _, specs := range []map[string]*Spec{s.transforms, s.comparisons} {
		if spec, ok := specs[name]; ok {
			return *spec, true
		}
	}
	return Spec{}, false
}

// Parse reads one or more calls piped with |, such as  trim | phone_e164("US"). Errors are *Error, name the place and
// the nearest valid name, and are for the person who wrote the mapping. Blank text is the empty Call, which changes
// nothing.
func (s Set) Parse(text string) (Call, error) { return parseCall(s.transforms, "transform", text) }

func parseCall(specs map[string]*Spec, what, text string) (Call, error) {
	if len(text) > maxSource {
		return Call{}, &Error{Reason: fmt.Sprintf("the text is longer than %d bytes", maxSource), Fix: "use a reference table and lookup"}
	}
	p := &parser{src: text}
	var call Call
	if p.space(); p.pos == len(p.src) {
		return call, nil
	}
	for {
		step, err := parseStep(p, specs, what)
		if err != nil {
			return Call{}, err
		}
		call.steps = append(call.steps, step)
		if p.take('|') {
			continue
		}
		if p.space(); p.pos < len(p.src) {
			return Call{}, p.fail("expected | or the end")
		}
		return call, nil
	}
}

func parseStep(p *parser, specs map[string]*Spec, what string) (step, error) {
	name := p.word()
	if name == "" {
		return step{}, p.fail("expected the name of a %s", what)
	}
	spec, ok := specs[name]
	if !ok {
		names := slices.Sorted(maps.Keys(specs))
		return step{}, &Error{Reason: fmt.Sprintf("no %s is called %q%s", what, name, didYouMean(name, names)), Fix: fmt.Sprintf("there are %v", names)}
	}
	raw, err := p.args()
	if err != nil {
		return step{}, err
	}
	return newStep(spec, raw)
}

func newStep(spec *Spec, raw []rawArg) (step, error) {
	args, err := bind(spec, raw)
	if err != nil {
		return step{}, err
	}
	unknown := spec.Unknown
	if args.Flag("strict") {
		unknown = UnknownError
	}
	st := step{spec: spec, args: args, unknown: args.Text(unknownParam.Name, unknown)}
	if spec.Prepare != nil {
		if st.prepared, err = spec.Prepare(args); err != nil {
			return step{}, &Error{Transform: spec.Name, Reason: err.Error(), Fix: "its form is " + spec.Usage()}
		}
	}
	return st, nil
}
