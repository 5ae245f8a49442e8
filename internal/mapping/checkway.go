package mapping

import (
	"fmt"
	"slices"
	"strings"
)

var (
	deletes    = []string{"keep", "unlink", "archive"}
	fieldSides = []string{"a", "b"}
	ways       = []string{"both", "a_to_b", "b_to_a"}
)

// bothWays looks at what is said of the way home: of a mapping that has one, and of one that has none.
func (c *checker) bothWays() {
	m := c.m
	c.word("tie", m.Tie, fieldSides)
	c.word("delete.a", m.Delete.A, deletes)
	c.word("delete.b", m.Delete.B, deletes)
	c.word("b_to_a.create", m.BToA.Create.When, whens)
	if m.Delete.B == "archive" && !m.AToB.writes() {
		c.add("delete.b", "nothing is written at b, and so nothing is deleted there", "write keep or unlink, or let a_to_b write")
	}
	if m.Delete.A == "archive" && !m.BToA.writes() {
		c.add("delete.a", "nothing is written at a, and so nothing is deleted there", "write keep or unlink, or add b_to_a")
	}
	for i, p := range m.ProtectA {
		if m.writesHome(p) {
			c.addf(fmt.Sprintf("protect.a[%d]", i), "write direction: a_to_b at the field, or take it out of protect", "%s is protected and written by this mapping", p)
		}
	}
	if m.Document != nil && m.BToA.writes() {
		c.add("b_to_a", "a mapping that makes documents goes one way", "leave b_to_a out; write_back fills fields of a after the document was made")
		return
	}
	if m.home == nil {
		c.oneWay()
		return
	}
	c.home()
}

// writesHome tells whether the mapping writes a field of a by itself.
func (m *Mapping) writesHome(a string) bool {
	if m.home != nil && m.home.writes(a) {
		return true
	}
	return slices.ContainsFunc(m.WriteBack, func(f Field) bool { return slices.Contains(f.A, a) })
}

// oneWay refuses what only a mapping with a way home can mean.
func (c *checker) oneWay() {
	for _, f := range c.m.Fields {
		for _, only := range []struct {
			key   string
			given bool
		}{{"direction", f.Direction == "both" || f.Direction == "b_to_a"}, {"back", f.Back != ""}, {"back_values", f.BackValues != nil},
			{"back_else", f.BackElse != nil}, {"back_default", f.BackDefault != nil}, {"only_blank", f.OnlyBlank == "a"}} {
			if only.given {
				c.addf(f.Path+"."+only.key, "add b_to_a: true, or leave it out", "%s is for a mapping that goes both ways, and nothing is written at a here", only.key)
			}
		}
		c.word(f.Path+".direction", f.Direction, ways)
	}
	if h := c.m.Hooks; h.BackCreate != "" || h.BackUpdate != "" || h.BackAfter != "" {
		c.add("hooks.b_to_a", "nothing is written at a, and so these never run", "add b_to_a: true, or leave them out")
	}
}

// home looks at the way home.
func (c *checker) home() {
	m := c.m
	if f := m.BToA.Create.Filter; f != "" {
		c.homeScript("b_to_a.create.filter", f, Expression)
	}
	c.homeScript("hooks.b_to_a.before_create", m.Hooks.BackCreate, HookBlock)
	c.homeScript("hooks.b_to_a.before_update", m.Hooks.BackUpdate, HookBlock)
	c.homeScript("hooks.b_to_a.after_update", m.Hooks.BackAfter, LinkBlock)
	// a mapping whose fields are all put back at b (Always use) reads b for that, and writes nothing at a
	if len(m.home.Fields) == 0 && !slices.ContainsFunc(m.Fields, func(f Field) bool { return f.Drift == "restore" }) {
		c.add("b_to_a", "no field goes home", "give a field direction: both or b_to_a, or leave b_to_a out")
	}
	for _, f := range m.Fields {
		c.forth(f)
	}
	for _, f := range m.Homeward {
		c.homeward(f)
	}
	written := map[string]Field{}
	for _, f := range m.home.Fields {
		if before, ok := written[f.B]; ok && f.Any && before.Any {
			continue // of several references the first that has a counterpart is written
		} else if ok {
			c.addf(f.Path+".a", "write direction: a_to_b at one of them", "%s is written home by line %d already", f.B, before.Line)
			continue
		}
		written[f.B] = f
	}
}

// homeScript checks a script of the way home, which sees b's record as its source; related records are a's.
func (c *checker) homeScript(path, text string, kind ScriptKind) {
	if text == "" {
		return
	}
	c.script(path, text, kind)
	for _, name := range namesOf(text, kind).free {
		if name == withName || strings.HasPrefix(name, withName+".") {
			c.add(path, "with holds records of a, and this script runs for records of b", "use fields of b only")
			return
		}
	}
}

// forth looks at a field that goes from a to b and may go home.
func (c *checker) forth(f Field) {
	c.word(f.Path+".direction", f.Direction, ways)
	if f.Direction == "both" {
		if why := f.staysAt(); why != "" {
			c.addf(f.Path+".direction", "write direction: a_to_b, and give the way home a field of its own with direction: b_to_a if it needs one", "this field cannot go both ways: %s", why)
			return
		}
		c.comesHome(f)
		if f.Drift == "restore" {
			c.add(f.Path+".drift", "an edit at b goes home, so there is nothing to restore", "write direction: a_to_b beside it (Always use "+c.m.A.SideName()+"), or leave drift out")
		}
		return
	}
	for _, only := range []struct {
		key   string
		given bool
	}{{"back", f.Back != ""}, {"back_values", f.BackValues != nil}, {"back_else", f.BackElse != nil}, {"back_default", f.BackDefault != nil}, {"only_blank", f.OnlyBlank == "a"}} {
		if only.given {
			why := "it goes from a to b only"
			if reason := f.staysAt(); reason != "" {
				why += ": " + reason
			}
			c.addf(f.Path+"."+only.key, "leave it out, or write direction: both where that can be", "%s is for the way home, which this field does not go: %s", only.key, why)
		}
	}
}

// comesHome asks how a value that was changed on its way comes back.
func (c *checker) comesHome(f Field) {
	c.transform(f.Path+".back", f.Back, 1)
	if f.Transform != "" && f.Back == "" && f.BackValues == nil && !c.language.tidies(f.Transform) {
		c.addf(f.Path+".transform", "add back: with the transform for the way home, or direction: a_to_b", "%s makes another value, and nothing says what that is at a", f.Transform)
	}
	if strings.HasPrefix(f.B, allOf) && Association(f.A[0]) == "" {
		c.addf(f.Path+".b", "write "+primaryOf+Association(f.B), "%s may be several records, and %s takes one", f.B, f.A[0])
	}
	if f.BackElse != nil && len(f.Values) == 0 && len(f.BackValues) == 0 && f.By == "" {
		c.add(f.Path+".back_else", "back_else belongs to a value map", "add back_values, or leave it out")
	}
	if f.BackValues == nil {
		if twice := sharedValues(f.Values); twice != "" {
			c.addf(f.Path+".values", "add back_values: { ... }, or direction: a_to_b", "the value map cannot be read backwards: %s", twice)
		}
	}
}

// sharedValues tells which values of a a map makes one of b, "" for none.
func sharedValues(values map[string]string) string {
	from := map[string][]string{}
	for _, a := range sortedKeys(values) {
		from[values[a]] = append(from[values[a]], a)
	}
	for _, b := range sortedKeys(from) {
		if len(from[b]) > 1 {
			return fmt.Sprintf("%s may have been %s", b, strings.Join(from[b], " or "))
		}
	}
	return ""
}

// homeward looks at a field that goes home only: a names what is written.
func (c *checker) homeward(f Field) {
	if len(f.A) != 1 {
		c.add(f.Path+".a", "one field of a is filled on the way home", "name one field of "+c.m.A.Object)
		return
	}
	var sources []string
	if f.B != "" {
		sources = append(sources, "b")
	}
	for _, s := range f.sources() {
		if s != "a" {
			sources = append(sources, s)
		}
	}
	switch len(sources) {
	case 1:
	case 0:
		c.add(f.Path, "nothing says where the value comes from", "give b (a field), value (an expression over b's fields) or static (a fixed text)")
	default:
		c.addf(f.Path, "keep one of them", "the value comes from %s", strings.Join(sources, " and from "))
	}
	if f.Transform != "" {
		c.add(f.Path+".transform", "this field goes home only", "write back: in place of transform:")
	}
	if f.Default != nil {
		c.add(f.Path+".default", "this field goes home only", "write back_default: in place of default:")
	}
	c.transform(f.Path+".back", f.Back, 1)
	c.homeScript(f.Path+".value", f.Value, Expression)
	c.words(f)
	back := f.turned()
	for _, bad := range back.clashes() {
		c.add(f.Path+"."+homeKey(bad.key, f), bad.message, bad.fix)
	}
	if f.BackValues == nil {
		if twice := sharedValues(f.Values); twice != "" {
			c.addf(f.Path+".values", "write back_values: { b's value: a's value }", "the value map cannot be read backwards: %s", twice)
		}
	}
}

// homeKey is the key of the document that a setting of a turned field stands under.
func homeKey(key string, f Field) string {
	switch key {
	case "a":
		return "b"
	case "b":
		return "a"
	case "transform":
		return "back"
	case "else":
		return "back_else"
	case "default":
		return "back_default"
	case "values":
		if f.BackValues != nil {
			return "back_values"
		}
	}
	return key
}

// order looks at what conflict: furthest needs.
func (c *checker) order(f Field) {
	switch furthest := f.Conflict == "furthest"; {
	case f.Order != nil && !furthest:
		c.add(f.Path+".order", "order belongs to conflict: furthest", "add conflict: furthest, or leave it out")
	case furthest && len(f.Order) == 0:
		c.add(f.Path+".order", "furthest must know which value is ahead of which", "add order: [ first, ..., last ] with the values of b")
	case furthest && len(f.Order) == 1:
		c.add(f.Path+".order", "one value is not ahead of anything", "name all values of b from first to last")
	}
	for i, value := range f.Order {
		if slices.Index(f.Order, value) < i {
			c.addf(fmt.Sprintf("%s.order[%d]", f.Path, i), "leave one of them out", "%q is given twice", value)
		}
	}
	if f.Conflict == "furthest" && f.Group != "" {
		c.add(f.Path+".group", "which of several fields is ahead cannot be told", "leave group out, or choose another conflict")
	}
}
