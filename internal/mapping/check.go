package mapping

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// The words a document may use.
var (
	winners     = []string{"a", "b", "newest", "fill", "furthest", "hold"}
	firsts      = []string{"fill", "a", "b", "hold"}
	blanks      = []string{"keep", "clear"}
	drifts      = []string{"keep", "restore"}
	takens      = []string{"alias", "hold"}
	atTheirs    = []string{"link", "make"}
	picks       = []string{"primary", "all"}
	whens       = []string{"never", "always", "needed"}
	onHits      = []string{"link", "hold"}
	kinds       = []string{"invoice", "contract"}
	recurrings  = []string{"no", "yes", "any"}
	amountRules = []string{"hold", "lines", "deal"}
	priceRules  = []string{"net", "gross"}
	discounts   = []string{"unit", "line"}
	losts       = []string{"keep", "archive"}
)

// documentSlot is the slot of every mapping that bills, so that one deal has one document whichever mapping makes it (A6).
const documentSlot = "document"

var (
	nameForm = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`) })
	slotForm = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_/-]{0,62}$`) })
	wordForm = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-z][a-z0-9_]{0,62}$`) })
)

// starlarkWords cannot name a related record: expressions could not say them. source, target and fields are the hooks'.
var starlarkWords = strings.Fields(`and as assert async await break class continue def del elif else except finally for from global if import in is
	lambda load nonlocal not or pass raise return try while with yield associations primary id source target fields true false none`)

// Check looks at a document by itself: whether its words are known, its parts belong together, its transforms and
// expressions can be read. It finds everything at once, in the order of the lines.
func Check(m *Mapping, language Language) Problems {
	c := &checker{complaints: complaints{m: m}, language: language}
	c.head()
	c.related()
	c.writing()
	c.bothWays()
	c.matching()
	c.allFields()
	c.hooks()
	c.document()
	c.lines()
	c.after()
	return c.list.sorted()
}

type checker struct {
	complaints
	language Language
}

// word complains about a word that is not one of the allowed; an empty one is complained about only when it is required.
func (c *checker) word(path, got string, allowed []string) {
	if got == "" || slices.Contains(allowed, got) {
		return
	}
	fix := "write " + strings.Join(allowed, ", ")
	if best := nearest(got, allowed); best != "" {
		fix = "did you mean " + best + "? " + fix
	}
	c.addf(path, fix, "%q is not a choice here", got)
}

func (c *checker) needed(path, got, fix string) bool {
	if got == "" {
		c.add(path, "is missing", fix)
	}
	return got != ""
}

func (c *checker) head() {
	m := c.m
	if c.needed("mapping", m.Name, "begin with mapping: NAME, for example mapping: deals-to-invoices") && !nameForm().MatchString(m.Name) {
		c.addf("mapping", "use small letters, digits and dashes, 63 at most, for example deals-to-invoices", "%q cannot be the name of a mapping", m.Name)
	}
	for _, end := range []struct {
		path string
		End
	}{{"a", m.A}, {"b", m.B}} {
		c.needed(end.path+".connection", end.Connection, "name the role of the connection, for example crm or billing")
		c.needed(end.path+".object", end.Object, "name the kind of record, for example companies")
	}
	if m.Slot != "" && !slotForm().MatchString(m.Slot) {
		c.addf("slot", "use letters, digits, dashes, for example account", "%q cannot be the name of a slot", m.Slot)
	}
	if m.A == m.B && m.A.Object != "" {
		c.add("b", "both ends are the same object of the same connection", "name two different ends")
	}
	c.word("when_taken", m.WhenTaken, takens)
	c.word("when_theirs", m.Theirs, atTheirs)
	if m.Theirs != "" && len(m.YieldsTo) == 0 {
		c.add("when_theirs", "it is about records that another mapping has linked, and this one yields to none", "name that mapping: yields_to: [ NAME ], or leave when_theirs out")
	}
	c.word("conflict", m.Conflict, winners)
	if m.Conflict == "furthest" {
		c.add("conflict", "furthest is of one field, whose values have an order", "write it at that field, with order: [ ... ]")
	}
	c.word("first", m.First, firsts)
	for i, name := range m.YieldsTo {
		if name == m.Name {
			c.add(fmt.Sprintf("yields_to[%d]", i), "a mapping cannot yield to itself", "name the other mapping")
		}
	}
}

func (c *checker) related() {
	for _, w := range c.m.With {
		path := "with." + w.Name
		if !wordForm().MatchString(w.Name) || slices.Contains(starlarkWords, w.Name) {
			c.addf(path, "use a word of small letters that is not taken, for example company", "%q cannot be the name of a related record", w.Name)
		}
		c.needed(path+".object", w.Object, "name the kind of record, for example companies")
		c.word(path+".pick", w.Pick, picks)
	}
	for i, w := range c.m.Watch {
		c.needed(fmt.Sprintf("watch[%d].object", i), w.Object, "name the kind of record whose changes mean this record")
	}
}

func (c *checker) writing() {
	m := c.m
	create := m.AToB.Create
	c.word("a_to_b.create", create.When, whens)
	if create.Filter != "" {
		c.script("a_to_b.create.filter", create.Filter, Expression)
	}
	if create.When == "needed" && m.Document != nil {
		c.add("a_to_b.create", "a document is not needed by anything else", "write always")
	}
	if create.When == "never" && !m.AToB.Update && len(m.Match)+len(m.Via) == 0 && !m.BToA.writes() {
		c.add("a_to_b", "the mapping neither writes nor links", "write a_to_b: true, or { create: ..., update: ... }, or give match rules to link by")
	}
	for i, p := range m.ProtectB {
		if m.writes(p) {
			c.addf(fmt.Sprintf("protect.b[%d]", i), "take it out of fields or out of protect", "%s is protected and written by this mapping", p)
		}
	}
}

// writes tells whether the mapping writes a field of b by itself.
func (m *Mapping) writes(b string) bool {
	for _, f := range m.Fields {
		if f.B == b {
			return true
		}
	}
	return m.Children != nil && m.Children.B == b
}

func (c *checker) matching() {
	for i, r := range c.m.Match {
		path := fmt.Sprintf("match[%d]", i)
		if len(r.A) == 0 {
			c.add(path+".a", "is missing", "name a field of "+c.m.A.Object)
		}
		c.needed(path+".b", r.B, "name a field of "+c.m.B.Object)
		if err := c.language.Transforms.CheckComparison(r.Compare); err != nil {
			c.add(path+".compare", err.Error(), "")
		}
		c.word(path+".on_hit", r.OnHit, onHits)
		c.transform(path+".transform", r.Transform, len(r.A))
		c.inputs(path+".a", r.A, false, false)
		for j := range i {
			if sameRule(c.m.Match[j], r) {
				c.addf(path, "leave one of them out", "this rule is the same as the one in line %d", c.m.Match[j].Line)
			}
		}
	}
	c.via()
	c.together()
	c.unmatched()
	if c.m.Document != nil && len(c.m.Match)+len(c.m.Via) > 0 {
		c.add("match", "documents are never matched: each deal makes its own", "leave match out; a document made by hand is joined with crosswalk link")
	}
}

func sameRule(a, b MatchRule) bool {
	return slices.Equal(a.A, b.A) && a.B == b.B && a.Transform == b.Transform && a.Compare == b.Compare
}

// inputs looks at names of a as far as the document alone can tell. Without with, the main associated
// record may go through a mapping, and all of them where associations of b are written.
func (c *checker) inputs(path string, names []string, through, associations bool) {
	for _, name := range names {
		with, field := c.m.Input(name)
		switch {
		case name == "":
			c.add(path, "an input is empty", "name a field of "+c.m.A.Object)
		case Association(name) != "" && with == nil && !associations && !(through && strings.HasPrefix(name, primaryOf)):
			c.addf(path, c.withFix(Association(name)), "with has no related record for %s", name)
		case with != nil && with.Pick == "all" && field != "":
			c.addf(path, "pick: primary gives one; several can be used in a value expression only", "%s stands for several records", with.Name)
		}
	}
}

func (c *checker) withFix(name string) string {
	var known []string
	for _, w := range c.m.With {
		known = append(known, w.Name)
	}
	if best := nearest(name, known); best != "" {
		return "did you mean associations." + best + "?"
	}
	return fmt.Sprintf("add with: { %s: { object: ... } }", name)
}

func (c *checker) transform(path, calls string, inputs int) {
	if calls == "" {
		return
	}
	if err := c.language.Transforms.Check(calls, inputs); err != nil {
		c.add(path, err.Error(), "")
	}
}

func (c *checker) script(path, script string, kind ScriptKind) {
	if script == "" {
		return
	}
	if err := c.language.Scripts.Check(script, kind, ScriptNames(script, kind)); err != nil {
		c.add(path, err.Error(), "")
	}
}

func (c *checker) hooks() {
	h := c.m.Hooks
	c.script("hooks.a_to_b.before_create", h.BeforeCreate, HookBlock)
	c.script("hooks.a_to_b.before_update", h.BeforeUpdate, HookBlock)
	c.script("hooks.a_to_b.after_update", h.AfterUpdate, LinkBlock)
	c.script("hooks.after_link", h.AfterLink, LinkBlock)
}
