package mapping

// Together says that a create takes related records along: { a: associations.people, through: addresses }. Those of them without a
// counterpart, and whose parent is the record that is made, are made with it in one write: all of them, or none. How the system takes
// them is its connector's affair; where it has to send them one by one, what was made is taken back when one is refused.
type Together struct {
	With    string // name in with, of pick: all
	Through string // mapping of the related records
	Line    int
	Path    string // children[0]
}

// unmatched looks at what becomes of a record that nothing matches.
func (c *checker) unmatched() {
	c.word("unmatched", c.m.Unmatched, []string{"skip", "hold"})
	if c.m.Unmatched == "hold" && c.m.AToB.Create.When != "never" {
		c.add("unmatched", "this mapping creates what nothing matches", "leave it out, or write a_to_b: { create: never }")
	}
}

// together looks at what creates take along, as far as the document alone can tell.
func (c *checker) together() {
	for _, t := range c.m.Together {
		with := c.m.Related(t.With)
		switch {
		case c.m.Document != nil:
			c.add(t.Path, "a document has lines, and takes no other records along", "describe them under lines")
		case t.With == "":
		case with == nil:
			c.add(t.Path+".a", "with has no related record for "+t.With, c.withFix(t.With))
		case with.Pick != "all":
			c.add(t.Path+".a", "one of them alone would be taken along", "with: { "+t.With+": { object: "+with.Object+", pick: all } }")
		}
		c.needed(t.Path+".through", t.Through, "name the mapping of the related records")
	}
}

// together looks at the mappings of what is taken along: they must say whose it is, by a field that is given at creation.
func (s *set) together(c *complaints) {
	for _, t := range c.m.Together {
		path := t.Path + ".through"
		with, to := c.m.Related(t.With), s.byName[t.Through]
		if with == nil {
			continue // said by Check
		}
		s.reference(c, path, t.Through, with.Object)
		if to == nil || to == c.m || to.A.Object != with.Object {
			continue
		}
		if to.Leads(c.m, func(name string) *Mapping { return s.byName[name] }) == "" {
			c.addf(path, "give "+to.Name+" a field with through: "+c.m.Name+", required: true, create_only: true", "%s does not say which %s its %s belong to", to.Name, c.m.B.Object, to.B.Object)
		}
	}
}
