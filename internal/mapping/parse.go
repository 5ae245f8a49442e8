package mapping

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"
)

// MaxSource is the largest document in bytes, maxDepth how deep its YAML may nest, maxEntries how long a list may be, and
// maxProblems how many complaints are given: far more than any use needs, so that a hostile file costs a refusal and
// nothing else.
const (
	MaxSource   = 256 << 10
	maxDepth    = 8
	maxEntries  = 1000
	maxProblems = 1000
)

// Parse reads one document. The error is Problems with every complaint about its shape: YAML that cannot be read,
// unknown keys, keys given twice, values of the wrong form. What the words mean is looked at by Check. YAML anchors,
// aliases and tags are refused; every value is taken as it is written, so no, 007 and 2026-01-01 need no quotes.
func Parse(source []byte) (*Mapping, error) {
	m, r := parse(source)
	if len(r.problems) > 0 {
		return nil, r.finished(m)
	}
	return m, nil
}

// Load parses and checks, and gives the complaints of both at once.
func Load(source []byte, language Language) (*Mapping, error) {
	m, r := parse(source)
	problems := r.problems
	for _, p := range Check(m, language) {
		if !r.misreadAround(p.Field) {
			problems = append(problems, p)
		}
	}
	if len(problems) > 0 {
		r.problems = problems
		return nil, r.finished(m)
	}
	return m, nil
}

// misreadAround tells whether the path, something around it or something in it could not be read, so that a complaint
// about its meaning would only confuse.
func (r *reader) misreadAround(path string) bool {
	if r.around == nil {
		r.around = map[string]bool{}
		for p := range r.misread {
			for p = outer(p); p != "" && !r.around[p]; p = outer(p) {
				r.around[p] = true
			}
		}
	}
	if r.around[path] {
		return true
	}
	for ; ; path = outer(path) {
		if r.misread[path] || path == "" {
			return r.misread[path]
		}
	}
}

func (r *reader) finished(m *Mapping) Problems {
	for i := range r.problems {
		r.problems[i].Mapping = m.Name
	}
	all := r.problems.sorted()
	if more := len(all) - maxProblems; more > 0 {
		last := all[maxProblems-1]
		all = append(all[:maxProblems], Problem{Mapping: m.Name, Line: last.Line, Column: last.Column, Message: fmt.Sprintf("and %d more complaints", more)})
	}
	return all
}

func parse(source []byte) (*Mapping, *reader) {
	r := &reader{at: Positions{}, misread: map[string]bool{}}
	m := &Mapping{}
	if root := r.root(source); root != nil {
		r.walk(root, 0)
		if len(r.problems) == 0 {
			m = r.mapping(root)
		}
	}
	m.Source, m.Positions = bytes.Clone(source), r.at
	if m.home != nil {
		m.home.Source, m.home.Positions = m.Source, m.Positions
	}
	return m, r
}

// root reads the YAML, nil where there is none to go on with.
func (r *reader) root(source []byte) *yaml.Node {
	nowhere := &yaml.Node{Line: 1, Column: 1}
	if len(source) > MaxSource {
		r.complain(nowhere, "", fmt.Sprintf("the document has %d bytes, at most %d are read", len(source), MaxSource), "split it into several mappings")
		return nil
	}
	decoder := yaml.NewDecoder(bytes.NewReader(source))
	var doc, next yaml.Node
	err := decoder.Decode(&doc)
	if errors.Is(err, io.EOF) || err == nil && isNull(doc.Content[0]) {
		r.complain(nowhere, "", "the document is empty", "begin with mapping: NAME, or copy a preset")
		return nil
	}
	if err != nil {
		r.complain(yamlFault(err))
		return nil
	}
	if err := decoder.Decode(&next); !errors.Is(err, io.EOF) {
		r.complain(&yaml.Node{Line: max(next.Line, 1), Column: 1}, "", "there is a second document in the file", "one file holds one mapping; remove the line --- and what follows")
		return nil
	}
	return doc.Content[0]
}

var yamlLine = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^line (\d+): `) })

// yamlFault says in our words what the YAML reader says in its own.
func yamlFault(err error) (at *yaml.Node, path, message, fix string) {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	at = &yaml.Node{Line: 1, Column: 1}
	if hit := yamlLine().FindStringSubmatch(text); hit != nil {
		if n, err := strconv.Atoi(hit[1]); err == nil {
			at.Line = n
		}
		text = strings.TrimPrefix(text, hit[0])
	}
	fix = "look at this line and the one before it: indent with spaces, and quote texts that hold : # { } [ ] or begin with a special character"
	if strings.Contains(text, "cannot start any token") {
		fix = "indent with spaces, not tabs, and quote texts that begin with @ or `"
	}
	return at, "", "this is not YAML: " + text, fix
}

// walk refuses what a mapping never needs and what makes hostile YAML dangerous.
func (r *reader) walk(n *yaml.Node, depth int) {
	switch {
	case depth > maxDepth:
		r.complain(n, "", fmt.Sprintf("the document nests deeper than %d levels", maxDepth), "no key of a mapping does; look at the indentation")
		return
	case n.Kind == yaml.AliasNode:
		r.complain(n, "", "YAML aliases (*name) are not read", "write the value out")
		return
	case n.Anchor != "":
		r.complain(n, "", "YAML anchors (&name) are not read", "leave the anchor out")
	case n.Style&yaml.TaggedStyle != 0:
		r.complain(n, "", "YAML tags ("+n.Tag+") are not read", "leave the tag out; every value is taken as it is written")
	}
	for _, c := range n.Content {
		r.walk(c, depth+1)
	}
}
