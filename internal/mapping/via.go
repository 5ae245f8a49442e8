package mapping

// via looks at match rules that go through related records, as far as the document alone can tell.
func (c *checker) via() {
	for _, v := range c.m.Via {
		if v.With != "" && c.m.Related(v.With) == nil {
			c.add(v.Path+".a", "with has no related record for "+v.With, c.withFix(v.With))
		}
		c.needed(v.Path+".through", v.Through, "name the mapping of the related records")
		c.word(v.Path+".on_hit", v.OnHit, onHits)
	}
}

// LinksOnly tells whether the mapping writes nothing at b: it only links what it finds.
func (m *Mapping) LinksOnly() bool { return m.AToB.Create.When == "never" && !m.AToB.Update }

// Leads gives the field of b by which records of b that this mapping links belong to a counterpart of another mapping's: the field that
// goes through it, or through another of its slot between the same objects. "" for none.
func (m *Mapping) Leads(to *Mapping, byName func(string) *Mapping) string {
	for _, f := range m.Fields {
		if f.Through == "" {
			continue
		}
		if parent := byName(f.Through); parent != nil && parent.Slot == to.Slot && parent.A.Object == to.A.Object && parent.B.Object == to.B.Object {
			return f.B
		}
	}
	return ""
}

// via looks at the mappings that match rules go through: between the same systems, of the related records, and with a field that leads
// to records of b.
func (s *set) via(c *complaints) {
	for _, v := range c.m.Via {
		path := v.Path + ".through"
		with, to := c.m.Related(v.With), s.byName[v.Through]
		if with == nil {
			continue // said by Check
		}
		s.reference(c, path, v.Through, with.Object)
		if to == nil || to == c.m || to.A.Object != with.Object {
			continue
		}
		if to.Leads(c.m, func(name string) *Mapping { return s.byName[name] }) == "" {
			c.addf(path, "give "+to.Name+" a field with through: "+c.m.Name, "%s does not say which %s its %s belong to", to.Name, c.m.B.Object, to.B.Object)
		}
	}
}
