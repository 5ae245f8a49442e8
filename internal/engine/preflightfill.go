package engine

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"crosswalk/internal/connector"
)

// filledEnough is the playbook's mark: less than that, and a field is no ground to build on.
const filledEnough = 80

// Side is one end of a mapping as its records are: how many there are, and how full the mapped fields.
type Side struct {
	Mapping    string
	Connection string
	Object     string
	Total      int       // records; -1 where the system does not tell
	Sampled    int       // of these were looked at
	Whole      bool      // that is all of them
	Since      time.Time // of a sample: those changed since then; zero: those that have not changed for longest
	Cut        bool      // time ran out before the sample was full
	Fields     []Filled
	Duplicates []DuplicateRule
}

// Filled is in how many of the sampled records a field holds something.
type Filled struct {
	Field   string
	Filled  int
	Percent int
}

// fill counts in how many of the sampled records each mapped field holds something, numbers only.
func (p *preflight) fill(a *Active) {
	for _, at := range []place{{a.ConnA, a.A.Object}, {a.ConnB, a.B.Object}} {
		side := p.side(a, at)
		s := p.samples[at]
		if s == nil {
			continue
		}
		if s.err != nil {
			p.add("warn", at.String(), "no sample could be read, so nothing is known of its records: "+s.err.Error(), "the engineer", "")
			continue
		}
		side.Total, side.Sampled, side.Whole, side.Since, side.Cut = s.total, len(s.records), s.whole, s.since, s.cut
		if s.cut {
			p.add("warn", at.String(), "time ran out after "+count(len(s.records))+" records: what is said of its records is said of these", "the engineer", "look at one mapping at a time: crosswalk check --mapping "+a.Name)
		}
		if len(s.records) == 0 {
			p.add("ok", a.Name, at.String()+" has no records yet", "", "")
			continue
		}
		var low []string
		for _, name := range p.mappedFields(a, at) {
			n := 0
			for _, r := range s.records {
				if v := r.Field(name); v.Known() && !v.Blank() {
					n++
				}
			}
			f := Filled{Field: name, Filled: n, Percent: n * 100 / len(s.records)}
			side.Fields = append(side.Fields, f)
			if f.Percent < filledEnough {
				low = append(low, fmt.Sprintf("%s %d %%", name, f.Percent))
			}
		}
		if len(low) > 0 {
			p.add("warn", a.Name, fmt.Sprintf("%s: filled in fewer than %d %% %s: %s", at, filledEnough, s.said(), some(low)), "whoever looks after the data of "+at.connection, "clean up first and sync then, or leave these fields out")
		} else {
			p.add("ok", a.Name, fmt.Sprintf("%s: every mapped field is filled in %d %% or more %s", at, filledEnough, s.said()), "", "")
		}
	}
}

// side gives the place where what is known of one end of a mapping is gathered.
func (p *preflight) side(a *Active, at place) *Side {
	n := slices.IndexFunc(p.out.Sides, func(s Side) bool {
		return s.Mapping == a.Name && s.Connection == at.connection && s.Object == at.object
	})
	if n < 0 {
		p.out.Sides = append(p.out.Sides, Side{Mapping: a.Name, Connection: at.connection, Object: at.object, Total: -1, Fields: []Filled{}, Duplicates: []DuplicateRule{}})
		n = len(p.out.Sides) - 1
	}
	return &p.out.Sides[n]
}

// mappedFields are the fields of one end that rules carry, either way.
func (p *preflight) mappedFields(a *Active, at place) []string {
	var out []string
	for _, w := range ways(a) {
		for _, f := range w.m.Fields {
			if w.source() == at {
				out = append(out, f.A...)
			}
			if w.target() == at {
				out = append(out, f.B)
			}
		}
	}
	o := p.objects[at]
	return slices.DeleteFunc(distinct(out), func(name string) bool {
		_, known := fieldOf(o, name)
		_, _, joins := connector.AssociationField(name)
		return !known || joins || strings.Contains(name, ".")
	})
}
