package mapping

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// A set of presets is taken a second time for a second account: another hub of one GP company, another GP company of one hub. Its documents
// then stand beside the first ones, so that they need names of their own, and must yield to those that write the same fields (B13).

// Another gives the documents of a set once more, to stand beside it: each is named NAME-suffix, refers to the others by their new names,
// and has other roles for its connections (crm: second). A document that would write fields of the same objects as documents of the set
// says yields_to with their names. What is explained beside a line stays there. set must be all documents of the set, as they come with
// the program or edited; a role that none of them names is refused.
func Another(set []Preset, suffix string, roles map[string]string) ([]Preset, error) {
	if suffix == "" || !nameForm().MatchString(suffix) {
		return nil, fmt.Errorf("%q cannot end a name: use small letters, digits and dashes, for example two", suffix)
	}
	first, err := parsed(set)
	if err != nil {
		return nil, err
	}
	a := another{suffix: suffix, roles: roles, used: map[string]bool{}}
	for _, m := range first {
		a.names = append(a.names, m.Name)
	}
	var out []Preset
	for _, p := range set {
		text, err := a.text(string(p.YAML))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.Name, err)
		}
		title, _ := heading(text)
		out = append(out, Preset{Name: path.Join(path.Dir(p.Name), a.named(path.Base(p.Name))), Title: title, Description: p.Description, YAML: []byte(text)})
	}
	for _, role := range sortedKeys(roles) {
		if !a.used[role] {
			return nil, fmt.Errorf("no document of the set has a connection %s: write the role that stands in its a or b, for example crm=second", role)
		}
	}
	if len(roles) == 0 {
		return nil, errors.New("the same documents between the same accounts would carry everything twice: say which role is another one, for example crm=second")
	}
	again, err := parsed(out)
	if err != nil {
		return nil, err
	}
	for n, m := range again {
		var to []string
		for _, other := range first {
			if len(Clash(m, other)) > 0 {
				to = append(to, other.Name)
			}
		}
		out[n].YAML = []byte(yielding(string(out[n].YAML), m, to))
	}
	return out, nil
}

func parsed(set []Preset) ([]*Mapping, error) {
	var out []*Mapping
	for _, p := range set {
		m, err := Parse(p.YAML)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.Name, err)
		}
		out = append(out, m)
	}
	return out, nil
}

// another is what changes in the texts of a set.
type another struct {
	suffix string
	names  []string // of the set's mappings
	roles  map[string]string
	used   map[string]bool // roles that were found
	edits  []wordEdit
}

// wordEdit puts another word in the place of one.
type wordEdit struct {
	line, column int // from 1
	old, new     string
}

func (a *another) named(name string) string { return name + "-" + a.suffix }

// text gives a document with its words changed, the rest to the letter.
func (a *another) text(source string) (string, error) {
	var root yaml.Node
	if err := yaml.Unmarshal([]byte(source), &root); err != nil {
		return "", err
	}
	a.edits = nil
	a.walk(&root, "")
	lines := strings.SplitAfter(source, "\n")
	slices.SortFunc(a.edits, func(x, y wordEdit) int { // from the back, so that places stay right
		if x.line != y.line {
			return y.line - x.line
		}
		return y.column - x.column
	})
	for _, edit := range a.edits {
		line := lines[edit.line-1]
		at := edit.column - 1
		if at > len(line) || !strings.HasPrefix(line[at:], edit.old) {
			return "", fmt.Errorf("line %d: write %s without quotes", edit.line, edit.old)
		}
		lines[edit.line-1] = line[:at] + edit.new + line[at+len(edit.old):]
	}
	text := strings.Join(lines, "")
	if title, _ := heading(text); title != "" {
		text = strings.Replace(text, title+"\n", title+" ("+a.suffix+")\n", 1)
	}
	return text, nil
}

// walk finds the words of a document that name mappings or connections.
func (a *another) walk(n *yaml.Node, at string) {
	switch n.Kind {
	case yaml.DocumentNode, yaml.SequenceNode:
		for _, c := range n.Content {
			a.walk(c, at)
		}
	case yaml.MappingNode:
		for k := 0; k+1 < len(n.Content); k += 2 {
			a.walk(n.Content[k+1], join(at, n.Content[k].Value))
		}
	case yaml.ScalarNode:
		a.word(n, at)
	}
}

func (a *another) word(n *yaml.Node, at string) {
	key := at[strings.LastIndex(at, ".")+1:]
	role, isRole := a.roles[n.Value]
	switch {
	case at == "mapping", (key == "through" || at == "at_source.lines" || at == "document.products" || at == "yields_to") && slices.Contains(a.names, n.Value):
		a.edits = append(a.edits, wordEdit{n.Line, n.Column, n.Value, a.named(n.Value)})
	case key == "connection" && isRole:
		a.used[n.Value] = true
		a.edits = append(a.edits, wordEdit{n.Line, n.Column, n.Value, role})
	case isRole && slices.Contains([]string{"conflict", "tie", "first", "only_blank"}, key): // a connection's name stands for its side
		a.edits = append(a.edits, wordEdit{n.Line, n.Column, n.Value, role})
	}
}

// yielding has a document yield to others too, behind the line that says what its b is, or where it says so already.
func yielding(text string, m *Mapping, to []string) string {
	to = slices.DeleteFunc(to, func(name string) bool { return slices.Contains(m.YieldsTo, name) })
	if len(to) == 0 {
		return text
	}
	lines := strings.SplitAfter(text, "\n")
	for n, line := range lines {
		if rest, ok := strings.CutPrefix(line, "yields_to: ["); ok {
			lines[n] = "yields_to: [ " + strings.Join(to, ", ") + ", " + strings.TrimLeft(rest, " ")
			return strings.Join(lines, "")
		}
	}
	at := slices.IndexFunc(lines, func(line string) bool { return strings.HasPrefix(line, "b:") })
	if at < 0 {
		return text // apply says what is missing
	}
	said := []string{
		"# what these have linked is theirs: it is never written here, and nothing is made of it; what is there already is linked\n",
		"yields_to: [ " + strings.Join(to, ", ") + " ]\n",
		"# when_theirs: make                    # it is made here too\n",
	}
	return strings.Join(slices.Insert(lines, at+1, said...), "")
}
