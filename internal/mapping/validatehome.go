package mapping

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// anyLength is a length that is no limit of a field's own: HubSpot says it of every text. A value that is too long for the other
// side is then seen when it is written.
const anyLength = 60_000

// home looks at the way home as Validate looks at the way there: a's fields are the ones that are written. What it complains about
// is said of the keys that the document has.
func (v *validator) home() {
	for i, name := range v.m.ProtectA {
		if v.haveA {
			v.have(fmt.Sprintf("protect.a[%d]", i), v.source, name)
		}
	}
	t := v.m.Turn()
	if t == nil {
		return
	}
	back := &validator{complaints: complaints{m: t}, language: v.language, a: v.b, b: v.a, source: v.target, haveA: v.haveB, target: v.source, haveB: v.haveA}
	for _, f := range t.Fields {
		back.goesHome(f)
	}
	back.scripts()
	back.required()
	for _, p := range back.list {
		v.list = append(v.list, v.asWritten(p))
	}
	v.resolved = append(v.resolved, back.resolved...)
}

// goesHome looks at one field of the way home. What the way there has looked at already is left alone: the fields' names of both
// sides, and a value map that is only read backwards.
func (v *validator) goesHome(f Field) {
	known := len(v.list)
	inputs := v.inputs(f)
	if f.Other != nil {
		v.list = v.list[:known]
	}
	if !v.haveB {
		return
	}
	p, ok := v.target.property(f.B)
	if !ok {
		if f.Other == nil {
			v.have(f.Path+".b", v.target, f.B)
		}
		return
	}
	if !v.mayWrite(f, p) {
		return
	}
	v.table(f)
	own := f
	if f.Other != nil && f.Other.BackValues == nil {
		own.Values = nil
	}
	v.values(own, inputs, p)
	v.fits(f, inputs, p)
}

var homeField = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(fields\[\d+\])\.(a|b|transform|values|else|default)\b`)
})

// asWritten says a complaint about the way home of the keys that the document has.
func (v *validator) asWritten(p Problem) Problem {
	if hit := homeField().FindStringSubmatch(p.Field); hit != nil {
		for _, f := range slices.Concat(v.m.Fields, v.m.Homeward) {
			if f.Path == hit[1] {
				p.Field = hit[1] + "." + homeKey(hit[2], f) + strings.TrimPrefix(p.Field, hit[0])
				break
			}
		}
	}
	if strings.HasPrefix(p.Field, "fields[") {
		p.Fix = strings.NewReplacer("transform:", "back:", "add a transform", "add a back", "values:", "back_values:").Replace(p.Fix)
	}
	if p.Field == "fields" {
		p.Field = "b_to_a"
		p.Fix = "give it a field that goes home, a default for the way home (back_default), or one of its own, for example - { a: NAME, static: ..., direction: b_to_a }"
	}
	at := v.m.Positions.Of(p.Field)
	p.Line, p.Column, p.Mapping = at.Line, at.Column, v.m.Name
	return p
}
