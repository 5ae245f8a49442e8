package mapping

import (
	"maps"
	"slices"
	"strings"
)

// Wants are what must be read to decide about one record of a, each list sorted and without repeats.
type Wants struct {
	A       []string            // of the record itself
	With    []string            // objects whose associations must come along: of with, watch and the lines
	Lines   []string            // fields of the line object; nil for mappings without lines
	Related map[string][]string // fields by name in with
}

// Wanted gives the fields of a that the document needs: those of its rules, filters, expressions and billing, with
// {stage} in a pattern standing for each of the won stages. A script may name a field that the account does not have;
// Validate has said so by then.
func Wanted(m *Mapping, wonStages []string) Wants {
	w := &wants{m: m, fields: map[string]bool{}, with: map[string]bool{}, lines: map[string]bool{}, related: map[string]map[string]bool{}}
	w.rules()
	w.document(wonStages)
	w.scripts()
	for _, set := range []map[string]bool{w.fields, w.lines} {
		delete(set, "")
		maps.DeleteFunc(set, func(_ string, wanted bool) bool { return !wanted })
	}
	out := Wants{A: sortedKeys(w.fields), With: sortedKeys(w.with), Related: map[string][]string{}}
	if m.Children != nil {
		out.Lines = sortedKeys(w.lines)
	}
	for name, fields := range w.related {
		out.Related[name] = sortedKeys(fields)
	}
	return out
}

// WantedB gives the fields of b that must be read to decide: all that are written, compared, shown to hooks or written
// back. It is sorted.
func WantedB(m *Mapping) []string {
	fields := map[string]bool{}
	for _, f := range slices.Concat(m.Fields, m.WriteBack) {
		fields[f.B] = true
	}
	for _, r := range m.Match {
		fields[r.B] = true
	}
	for _, name := range m.Email.Names() {
		fields[name] = true
	}
	for _, s := range m.scripts() {
		for _, name := range namesOf(s.text, s.kind).free {
			if side, rest := s.side(name); side == sideB {
				fields[rest] = true
			}
		}
	}
	if m.Document != nil {
		for _, name := range []string{"state", "currency", "areLinesWithTax"} { // what planning asks of every document
			fields[name] = true
		}
	}
	delete(fields, "")
	delete(fields, "id") // every record has it
	return sortedKeys(fields)
}

type wants struct {
	m       *Mapping
	fields  map[string]bool
	with    map[string]bool
	lines   map[string]bool
	related map[string]map[string]bool
}

// input notes a name as fields and match rules use it.
func (w *wants) input(name string) {
	with, field := w.m.Input(name)
	switch {
	case with == nil && field != "id":
		w.fields[field] = true
	case with != nil && field != "" && field != "id":
		w.related[with.Name][field] = true
	}
}

func (w *wants) rules() {
	m := w.m
	for _, r := range m.With {
		w.with[r.Object] = true
		w.related[r.Name] = map[string]bool{}
		for _, f := range r.Fields {
			w.related[r.Name][f] = true
		}
	}
	for _, o := range m.Watch {
		w.with[o.Object] = true
	}
	for _, r := range m.Match {
		w.inputs(r.A)
	}
	for _, f := range slices.Concat(m.Fields, m.WriteBack) {
		w.inputs(f.A)
	}
}

func (w *wants) inputs(names []string) {
	for _, name := range names {
		w.input(name)
	}
}

func (w *wants) document(wonStages []string) {
	d, l := w.m.Document, w.m.Children
	if d != nil {
		for _, name := range []string{d.Stage, d.ClosedOn, d.Name, d.Amount, d.Currency} {
			w.fields[name] = true
		}
		for _, stage := range wonStages {
			if d.EnteredOn != "" {
				w.fields[strings.ReplaceAll(d.EnteredOn, "{stage}", stage)] = true
			}
		}
	}
	if s := w.m.AtSource; s != nil {
		w.fields[s.Queue] = true
	}
	if m := w.m.Mirror; m != nil {
		w.fields[m.A] = true
	}
	if l == nil {
		return
	}
	w.with[l.A] = true
	for _, r := range l.Roles() {
		w.lines[r.A], w.lines[r.Or] = true, true
	}
	for _, f := range l.Fields {
		for _, name := range f.A {
			w.lines[name] = name != "id"
		}
	}
}

func (w *wants) scripts() {
	for _, s := range w.m.scripts() {
		used := namesOf(s.text, s.kind)
		loops := false
		for _, name := range used.free {
			loops = loops || name == "lines"
			switch side, rest := s.side(name); side {
			case sideA:
				w.fields[rest] = rest != "id"
			case sideWith:
				if strings.Contains(rest, ".") {
					w.input(rest)
				}
			}
		}
		for _, item := range used.items {
			w.item(item, loops)
		}
	}
}

// item notes a field of what a script loops over: of the lines, or of related records of which there are several.
func (w *wants) item(field string, ofLines bool) {
	if ofLines {
		w.lines[field] = true
	}
	for _, r := range w.m.With {
		if r.Pick == "all" {
			w.related[r.Name][field] = true
		}
	}
}
