package mapping

import (
	"fmt"
	"slices"
	"strings"
)

// CheckSet looks at documents against each other: all those of one deployment that are to be live together. Each
// document should have passed Check. Names of connections are compared as roles, so bind them before where two roles
// are one account.
func CheckSet(all []*Mapping) Problems { return CheckBeside(all, nil) }

// CheckBeside is CheckSet where some documents do not run now and stay so: those that resting names, nil for none. They
// write nothing, so that another may write what they wrote; but what they billed is billed, and another source of documents
// must say how it knows such a deal (A6).
func CheckBeside(all []*Mapping, resting func(name string) bool) Problems {
	s := set{byName: map[string]*Mapping{}, resting: resting}
	var out Problems
	for _, m := range all {
		c := complaints{m: m}
		if other := s.byName[m.Name]; other != nil {
			c.addf("mapping", "give each mapping a name of its own", "there are two mappings named %s", m.Name)
		} else {
			s.byName[m.Name] = m
			s.all = append(s.all, m)
		}
		out = append(out, c.list...)
	}
	for i, m := range s.all {
		c := complaints{m: m}
		s.references(&c)
		s.yields(&c)
		for _, before := range s.all[:i] {
			s.oneSource(&c, before)
			s.oneKind(&c, before)
			s.oneWriter(&c, before)
			out = append(out, s.mirrored(m, before)...)
		}
		out = append(out, c.list...)
	}
	return append(out, s.more...).sorted()
}

type set struct {
	all     []*Mapping
	byName  map[string]*Mapping
	resting func(name string) bool
	more    Problems // complaints about the other one of a pair
}

func (s *set) rests(m *Mapping) bool { return s.resting != nil && s.resting(m.Name) }

// references looks at the mappings this one names: they must be there, and lead from this a to this b.
func (s *set) references(c *complaints) {
	m := c.m
	for _, f := range slices.Concat(m.Fields, m.Homeward) {
		if f.Through == "" || len(f.A) != 1 {
			continue
		}
		object := ""
		if with, field := m.Input(f.A[0]); with != nil && field == "" {
			object = with.Object
		}
		if to := s.byName[f.Through]; to == nil || !m.facing(to) {
			s.reference(c, f.Path+".through", f.Through, object)
		} else if object != "" && to.B.Object != object {
			c.addf(f.Path+".through", "name the mapping whose b is "+object, "%s links %s, and this is a reference to %s", to.Name, to.B.Object, object)
		}
		s.associates(c, f)
		for n, name := range f.Also { // they need not be there; those that are must lead between the same connections
			if to := s.byName[name]; to != nil && !m.facing(to) {
				s.reference(c, fmt.Sprintf("%s.through[%d]", f.Path, n+1), name, "")
			}
		}
	}
	s.via(c)
	s.atSource(c)
	s.together(c)
	if m.Document != nil && m.Document.Products != "" {
		s.reference(c, "document.products", m.Document.Products, "")
	}
}

// facing tells whether another mapping leads between the same two connections from the other side: its links serve both ways.
func (m *Mapping) facing(to *Mapping) bool {
	return m.A.Connection != m.B.Connection && to.A.Connection == m.B.Connection && to.B.Connection == m.A.Connection
}

func (s *set) reference(c *complaints, path, name, object string) {
	m, to := c.m, s.byName[name]
	switch {
	case to == nil:
		c.addf(path, didYouMean(name, sortedKeys(s.byName)), "there is no mapping %q", name)
	case to == m:
		c.add(path, "a mapping cannot go through itself", "name the mapping of the related record")
	case to.A.Connection != m.A.Connection || to.B.Connection != m.B.Connection:
		c.addf(path, "name a mapping between the same two connections", "%s leads from %s to %s, this mapping from %s to %s", name,
			to.A.Connection, to.B.Connection, m.A.Connection, m.B.Connection)
	case object != "" && to.A.Object != object:
		c.addf(path, "name the mapping whose a is "+object, "%s links %s, and this is a reference to %s", name, to.A.Object, object)
	}
}

// associates looks at associations that are fields: they must lead to the records that the mapping they go through links.
func (s *set) associates(c *complaints, f Field) {
	to := s.byName[f.Through]
	if to == nil {
		return
	}
	a, b := to.A.Object, to.B.Object
	if c.m.facing(to) {
		a, b = b, a
	}
	for _, end := range []struct {
		key, name string
		object    string
		with      bool
	}{{"a", f.A[0], a, c.m.inWith(f.A[0])}, {"b", f.B, b, false}} {
		if object := Association(end.name); object != "" && !end.with && !sameObject(object, end.object) {
			c.addf(f.Path+".through", "name the mapping of "+object, "%s links %s, and %s is a field of %s", f.Through, end.object, end.name, object)
		}
	}
}

func (m *Mapping) inWith(name string) bool {
	with, _ := m.Input(name)
	return with != nil
}

// sameObject takes company for companies: some systems name associations so.
func sameObject(name, object string) bool {
	return name == object || len(name) > 3 && strings.HasPrefix(object, name[:len(name)-1])
}

func (s *set) yields(c *complaints) {
	for i, name := range c.m.YieldsTo {
		path := fmt.Sprintf("yields_to[%d]", i)
		to := s.byName[name]
		switch {
		case to == nil:
			c.addf(path, didYouMean(name, sortedKeys(s.byName)), "there is no mapping %q", name)
		case slices.Contains(to.YieldsTo, c.m.Name):
			c.addf(path, "let only one of the two yield", "%s yields to %s too, so neither would write", name, c.m.Name)
		}
	}
}

// oneSource keeps deals of two sources from being billed in one place (A6): a deal mirrored in both would be billed twice.
func (s *set) oneSource(c *complaints, other *Mapping) {
	m := c.m
	if !otherSource(m, other) || s.rests(m) || s.rests(other) {
		return
	}
	c.addf("a", "all mappings that make documents in one connection must have one source; keep one of the two, or move: crosswalk pause "+other.Name+", then apply this one (crosswalk help twocrms)",
		"%s makes documents in %s from %s %s, and %s from %s %s", m.Name, m.B.Connection, m.A.Connection, m.A.Object, other.Name, other.A.Connection, other.A.Object)
}

// oneKind keeps an invoice mapping that takes everything from standing beside a contract mapping: which of the two bills an
// opportunity would hang on the order of their names.
func (s *set) oneKind(c *complaints, other *Mapping) {
	m := c.m
	if m.Document == nil || other.Document == nil || m.A != other.A || m.B.Connection != other.B.Connection || m.Document.Kind == other.Document.Kind || s.rests(m) || s.rests(other) {
		return
	}
	for _, pair := range [][2]*Mapping{{m, other}, {other, m}} {
		if taker, beside := pair[0], pair[1]; taker.Document.Recurring == "any" {
			c := complaints{m: taker}
			c.addf("document.recurring", fmt.Sprintf("write recurring: %s here, and name the field under lines.recurrence as %s does", map[string]string{"invoice": "no", "contract": "yes"}[taker.Document.Kind], beside.Name),
				"%s takes every won record, and %s makes documents of the same", taker.Name, beside.Name)
			s.more = append(s.more, c.list...)
		}
	}
}

// otherSource tells whether two mappings make documents in one place from two sources.
func otherSource(m, other *Mapping) bool {
	return m.Document != nil && other.Document != nil && m.B.Connection == other.B.Connection && m.A != other.A
}

// mirrored wants a source of documents that takes the place of another one to say how it knows what that one billed.
func (s *set) mirrored(m, other *Mapping) Problems {
	if s.rests(m) {
		m, other = other, m
	}
	if !otherSource(m, other) || s.rests(m) || !s.rests(other) || m.Mirror != nil && m.Mirror.End == other.A {
		return nil
	}
	c := complaints{m: m}
	c.addf("mirror", fmt.Sprintf("say how a deal is known that stands in both: mirror: { connection: %s, object: %s, field: the field there that holds this record's id }, or without field where both are linked", other.A.Connection, other.A.Object),
		"%s made documents in %s from %s %s, and a deal that stands in both would be billed twice", other.Name, m.B.Connection, other.A.Connection, other.A.Object)
	return c.list
}

// oneWriter keeps two mappings from writing one field of one object in turns (B13), whichever way either of them writes it.
// Documents of one source are exempt: the claim on the deal decides once which mapping makes and keeps the document.
func (s *set) oneWriter(c *complaints, other *Mapping) {
	m := c.m
	if m.Document != nil && other.Document != nil || s.rests(m) || s.rests(other) {
		return
	}
	if slices.Contains(m.YieldsTo, other.Name) || slices.Contains(other.YieldsTo, m.Name) {
		return
	}
	if m.Slot == other.Slot && samePlaces(m, other) && (m.A == other.A) != (m.B == other.B) && len(m.Match)+len(other.Match)+len(m.Via)+len(other.Via) == 0 {
		return // activities: a record that is never matched meets only the one that was made of it, and the slot has room for one
	}
	theirs := other.written()
	onePlace := m.Slot == other.Slot && samePlaces(m, other) && m.A == other.A && m.B != other.B
	for _, w := range m.written() {
		if onePlace && w.end == m.A {
			continue // a record of a has one counterpart in the slot: a customer or a prospect, and only that one's changes come home
		}
		if slices.ContainsFunc(theirs, func(o writtenField) bool { return o.end == w.end && o.name == w.name }) {
			c.addf(w.path, fmt.Sprintf("add yields_to: [ %s ] here, or yields_to: [ %s ] there, or let only one of them write it", other.Name, m.Name),
				"%s and %s both write %s of %s", m.Name, other.Name, w.name, w.end.Object)
		}
	}
}

func samePlaces(m, other *Mapping) bool {
	return m.A.Connection == other.A.Connection && m.B.Connection == other.B.Connection
}

// writtenField is a field of either end that a mapping writes, and where the document says so.
type writtenField struct {
	end        End
	name, path string
}

// written lists the fields that a mapping writes at either end, those of lines and of write_back apart.
func (m *Mapping) written() []writtenField {
	var out []writtenField
	if m.AToB.writes() {
		for _, f := range m.Fields {
			out = append(out, writtenField{m.B, f.B, f.Path + ".b"})
		}
		if m.Children != nil {
			out = append(out, writtenField{m.B, m.Children.B, "lines.as"})
		}
	}
	if m.AtSource != nil && m.AtSource.Queue != "" { // who forwards a record takes it from the other
		out = append(out, writtenField{m.A, m.AtSource.Queue, "at_source.queue"})
	}
	if m.BToA.writes() && m.home != nil {
		for _, f := range m.home.Fields {
			out = append(out, writtenField{m.A, f.B, f.Path + ".a"})
		}
	}
	return out
}

func (d Direction) writes() bool { return d.Update || d.Create.When != "never" }

// Clash says why two documents must not run at the same time: they make documents of two sources, or one field of one object
// would be written by both in turns. Their connections are compared as they stand, so bind roles before.
func Clash(m, other *Mapping) Problems {
	s, c := &set{}, complaints{m: m}
	s.oneSource(&c, other)
	s.oneWriter(&c, other)
	return c.list
}

// Succeeds says what a document lacks that is to run where another one rests.
func Succeeds(m, other *Mapping) Problems {
	s := &set{resting: func(name string) bool { return name == other.Name }}
	return s.mirrored(m, other)
}
