package mapping

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"
)

// HubSpot's connector has four rules for a field: Prefer Salesforce unless blank, Always use Salesforce, Two-way, Don't sync.
// They are understood under the key rule, with their mirror images, and Rule shows them where a field is set so.

// systemNames are what people call the systems behind the roles that the presets use.
var systemNames = map[string]string{"salesforce": "Salesforce", "crm": "HubSpot", "hubspot": "HubSpot", "billing": "Light", "light": "Light", "erp": "SalesPad", "salespad": "SalesPad"}

// SideName is what people call an end: the system's name where its role is one of the presets', else the role itself.
func (e End) SideName() string {
	if name := systemNames[strings.ToLower(e.Connection)]; name != "" {
		return name
	}
	return e.Connection
}

// Rule names what decides about a field, in HubSpot's words where HubSpot has the rule: "Prefer Salesforce unless blank", "Always use
// Salesforce", "Two-way" and their mirror images; "Don't sync" is a field that stands nowhere. Rules that HubSpot lacks are said in
// the same manner. m is the mapping the field is of, turned or not.
func (f Field) Rule(m *Mapping) string {
	a, b := m.A.SideName(), m.B.SideName()
	switch {
	case f.Direction == "both":
		return f.ruleBoth(m, a, b)
	case f.Direction == "b_to_a" && !m.Turned:
		return f.ruleOne(swapped(f.conflictOf(m)), swapped(f.OnlyBlank), b, a)
	}
	return f.ruleOne(f.conflictOf(m), f.OnlyBlank, a, b)
}

// conflictOf is who wins where both sides changed.
func (f Field) conflictOf(m *Mapping) string {
	if f.Conflict != "" {
		return f.Conflict
	}
	return m.Conflict
}

// ruleOne is the rule of a field that goes one way; the words a and b stand for where it comes from and goes to.
func (f Field) ruleOne(conflict, onlyBlank, from, to string) string {
	switch {
	case f.CreateOnly:
		return from + " to " + to + ", when a record is created"
	case onlyBlank == "b" || conflict == "fill":
		return from + " to " + to + ", where it is blank"
	case conflict == "furthest":
		return from + " to " + to + ", never backwards"
	case f.Drift == "restore":
		return "Always use " + from
	}
	return from + " to " + to
}

func (f Field) ruleBoth(m *Mapping, a, b string) string {
	conflict := f.conflictOf(m)
	name := map[string]string{"a": a, "b": b}
	if f.OnlyBlank != "" && f.OnlyBlank == conflict && f.Blank == "keep" {
		return "Prefer " + name[conflict] + " unless blank"
	}
	rule := "Two-way"
	switch conflict {
	case "a", "b":
		rule += ", " + name[conflict] + " wins"
	case "fill":
		rule += ", filled where blank"
	case "furthest":
		rule += ", never backwards"
	case "hold":
		rule += ", a person decides"
	}
	if f.OnlyBlank != "" {
		rule += ", written in " + name[f.OnlyBlank] + " where blank"
	}
	if f.CreateOnly {
		rule += ", when a record is created"
	}
	return rule
}

// ruled is a field whose rule is named: where it stands, and which of the settings that the rule makes are given beside it.
type ruled struct {
	path, text string
	said       []string
	node       *yaml.Node
}

// said lists the settings of a field that a named rule makes.
func (o object) said() []string {
	var out []string
	for _, key := range []string{"conflict", "blank", "only_blank", "direction", "drift"} {
		if o.has(key) {
			out = append(out, key)
		}
	}
	return out
}

var (
	preferRule = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?i)^prefer (.+) unless blank$`) })
	alwaysRule = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?i)^always use (.+)$`) })
)

// rules makes the settings of the named rules; sides must be known. A field that is not to be synced is left out.
func (r *reader) rules(m *Mapping) {
	dropped := map[string]bool{}
	for _, named := range r.ruled {
		if !strings.HasPrefix(named.path, "fields[") {
			r.complain(named.node, named.path+".rule", "rule is for the fields of a mapping", "leave it out")
			continue
		}
		if len(named.said) > 0 {
			r.complain(named.node, named.path+".rule", "the rule says "+strings.Join(named.said, " and ")+" too", "keep the rule, or "+strings.Join(named.said, " and "))
			continue
		}
		for i := range m.Fields {
			if m.Fields[i].Path != named.path {
				continue
			}
			if drop, ok := m.Fields[i].take(strings.Join(strings.Fields(named.text), " "), m); !ok {
				r.complain(named.node, named.path+".rule", strconv.Quote(named.text)+" is no rule here", r.ruleFix(m))
				break
			} else if drop {
				dropped[named.path] = true
			}
		}
	}
	m.Fields = slices.DeleteFunc(m.Fields, func(f Field) bool { return dropped[f.Path] })
}

func (r *reader) ruleFix(m *Mapping) string {
	a, b := m.A.SideName(), m.B.SideName()
	if !m.TwoWay() {
		return "write Prefer " + a + " unless blank, Always use " + a + " or Don't sync; others need b_to_a"
	}
	return "write Prefer " + a + " unless blank, Prefer " + b + " unless blank, Always use " + a + ", Always use " + b + ", Two-way or Don't sync"
}

// take makes the settings of one rule; ok is false for words that are no rule of this mapping.
func (f *Field) take(words string, m *Mapping) (drop, ok bool) {
	plain := strings.ToLower(strings.NewReplacer("’", "'", "-", " ").Replace(words))
	switch {
	case plain == "don't sync", plain == "do not sync":
		return true, true
	case plain == "two way" && m.TwoWay():
		f.Direction, f.Conflict = "both", "newest"
		return false, true
	}
	if hit := preferRule().FindStringSubmatch(words); hit != nil {
		side := m.sideCalled(hit[1])
		f.Conflict, f.Blank = side, "keep"
		if side == "b" || m.TwoWay() {
			f.OnlyBlank = side
		}
		return false, side != ""
	}
	if hit := alwaysRule().FindStringSubmatch(words); hit != nil {
		side := m.sideCalled(hit[1])
		f.Drift = "restore"
		if m.TwoWay() {
			f.Direction = map[string]string{"a": "a_to_b", "b": "b_to_a"}[side]
		}
		f.rest()
		return false, side == "a" || side == "b" && m.TwoWay()
	}
	return false, false
}

// rest takes away what is for the way that the field does not go.
func (f *Field) rest() {
	if f.Direction != "b_to_a" {
		f.Back, f.BackValues, f.BackElse, f.BackDefault = "", nil, nil, nil
		return
	}
	f.Transform, f.Else, f.Default = "", nil, nil
}

// sideCalled finds the side by its letter, its role or its system's name; "" for neither, and where both are called so.
func (m *Mapping) sideCalled(name string) string {
	name = strings.ToLower(strings.TrimSpace(name))
	is := func(e End) bool {
		return strings.ToLower(e.Connection) == name || strings.ToLower(e.SideName()) == name
	}
	switch {
	case name == "a", is(m.A) && !is(m.B):
		return "a"
	case name == "b", is(m.B) && !is(m.A):
		return "b"
	}
	return ""
}
