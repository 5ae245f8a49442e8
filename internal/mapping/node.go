package mapping

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// reader turns YAML nodes into a Mapping. It never stops at a complaint: what it cannot read is left out and noted in
// misread, so that nobody is told that a key is missing which they only misspelt.
type reader struct {
	problems Problems
	at       Positions
	misread  map[string]bool
	around   map[string]bool // what holds something misread, once it is asked for
	ruled    []ruled         // fields whose rule was named by HubSpot's words
}

func (r *reader) complain(n *yaml.Node, path, message, fix string) {
	r.problems = append(r.problems, Problem{Line: n.Line, Column: n.Column, Field: path, Message: message, Fix: fix})
	r.misread[path] = true
}

// object is a YAML mapping whose keys were checked.
type object struct {
	r    *reader
	path string
	node *yaml.Node
	keys map[string]*yaml.Node
}

// elsewhere are keys that people look for here and that live elsewhere.
var elsewhere = map[string]string{
	"status":    "the status is not part of the document; it is set by crosswalk pilot, live and pause",
	"direction": "what may be written at which side is said by a_to_b and b_to_a",
}

// object reads n as a YAML mapping with the known keys (none: any key). An absent or null node is an empty object.
func (r *reader) object(n *yaml.Node, path string, known ...string) object {
	o := object{r: r, path: path, node: n, keys: map[string]*yaml.Node{}}
	if isNull(n) {
		return o
	}
	if _, known := r.at[path]; !known { // else it has the place of its key
		r.at[path] = Position{n.Line, n.Column}
	}
	if n.Kind != yaml.MappingNode {
		r.complain(n, path, "this is "+kindOf(n)+", not a set of keys", keysFix(known))
		return o
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Kind != yaml.ScalarNode || key.Tag == "!!null" {
			r.complain(key, path, "a key must be a plain text", "")
			continue
		}
		o.take(key, value, known)
	}
	return o
}

func keysFix(known []string) string {
	if len(known) == 0 {
		return "write { name: ... }"
	}
	return "write { " + known[0] + ": ... }"
}

func (o *object) take(key, value *yaml.Node, known []string) {
	name, path := key.Value, join(o.path, key.Value)
	switch {
	case o.keys[name] != nil:
		o.r.complain(key, path, fmt.Sprintf("%s is given twice, first in line %d", name, o.r.at[path].Line), "leave one of them out")
	case len(known) > 0 && !slices.Contains(known, name):
		fix := didYouMean(name, known)
		if why, ok := elsewhere[name]; ok && o.path == "" {
			fix = why
		}
		if name == "side" && strings.HasPrefix(o.path, "watch[") {
			fix = "watch is of objects of a; a change of b's own records, associations among them, is seen without it"
		}
		o.r.complain(key, path, "there is no key "+strconv.Quote(name)+" here", fix)
		o.r.misread[join(o.path, nearest(name, known))] = true
	default:
		o.keys[name] = value
		o.r.at[path] = Position{key.Line, key.Column}
	}
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func isNull(n *yaml.Node) bool {
	return n == nil || n.Kind == 0 || n.Kind == yaml.ScalarNode && n.Tag == "!!null"
}

func kindOf(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a set of keys"
	case yaml.SequenceNode:
		return "a list"
	case yaml.ScalarNode:
		return "a single value"
	}
	return "a YAML alias"
}

// has tells whether a key is there with a value; "key:" with nothing after it is not.
func (o object) has(key string) bool { return !isNull(o.keys[key]) }

func (o object) place(key string) string { return join(o.path, key) }

// text reads a single value as it is written; numbers, dates and words such as no stay the text they are.
func (o object) text(key string) string { return o.r.text(o.keys[key], o.place(key)) }

func (r *reader) text(n *yaml.Node, path string) string {
	if isNull(n) {
		return ""
	}
	if n.Kind != yaml.ScalarNode {
		r.complain(n, path, "this is "+kindOf(n)+", not a single value", "")
		return ""
	}
	return n.Value
}

// trimmed reads a text whose outer blanks mean nothing: an expression or a block.
func (o object) trimmed(key string) string { return strings.TrimSpace(o.text(key)) }

// word reads a text with a default.
func (o object) word(key, fallback string) string {
	if !o.has(key) {
		return fallback
	}
	return o.text(key)
}

// given reads a text that may be absent.
func (o object) given(key string) *string {
	if !o.has(key) {
		return nil
	}
	s := o.text(key)
	return &s
}

func (o object) flag(key string) bool {
	v, ok := flagOf(o.word(key, "false"))
	if !ok && !o.r.misread[o.place(key)] {
		o.r.complain(o.keys[key], o.place(key), strconv.Quote(o.text(key))+" is neither true nor false", "write true or false")
	}
	return v
}

func flagOf(s string) (value, ok bool) {
	switch s {
	case "true", "yes":
		return true, true
	case "false", "no":
		return false, true
	}
	return false, false
}

func (o object) number(key string) int {
	s := o.word(key, "0")
	n, err := strconv.Atoi(s)
	if (err != nil || n < 0) && !o.r.misread[o.place(key)] {
		o.r.complain(o.keys[key], o.place(key), strconv.Quote(s)+" is not a whole number", "write a number such as 100")
		return 0
	}
	return n
}

// texts reads one text or a list of texts.
func (o object) texts(key string) []string {
	n := o.keys[key]
	if isNull(n) {
		return nil
	}
	if n.Kind == yaml.ScalarNode {
		return []string{n.Value}
	}
	var out []string
	o.each(key, func(item *yaml.Node, path string) {
		if isNull(item) {
			o.r.complain(item, path, "this entry is empty", "write a name, or leave the entry out")
			return
		}
		out = append(out, o.r.text(item, path))
	})
	return out
}

// each calls do for every entry of a list.
func (o object) each(key string, do func(item *yaml.Node, path string)) {
	n := o.keys[key]
	if isNull(n) {
		return
	}
	if n.Kind != yaml.SequenceNode {
		o.r.complain(n, o.place(key), "this is "+kindOf(n)+", not a list", "begin each entry with a dash, or write [ ... ]")
		return
	}
	if len(n.Content) > maxEntries {
		o.r.complain(n, o.place(key), fmt.Sprintf("the list has %d entries, at most %d are read", len(n.Content), maxEntries), "split the mapping")
		return
	}
	for i, item := range n.Content {
		path := fmt.Sprintf("%s[%d]", o.place(key), i)
		o.r.at[path] = Position{item.Line, item.Column}
		do(item, path)
	}
}

// pairs reads a value map. A value of nothing (~) is the empty text.
func (o object) pairs(key string) map[string]string {
	if !o.has(key) {
		return nil
	}
	in := o.r.object(o.keys[key], o.place(key))
	out := make(map[string]string, len(in.keys))
	for name, n := range in.keys {
		out[name] = o.r.text(n, in.place(name))
	}
	return out
}

// names gives the keys of an object with free keys, in the order of the document.
func (o object) names() []string {
	return slices.SortedFunc(maps.Keys(o.keys), func(a, b string) int { return o.line(a) - o.line(b) })
}

func (o object) line(key string) int {
	at := o.r.at[o.place(key)]
	return at.Line<<12 + min(at.Column, 1<<12-1)
}

func (o object) child(key string, known ...string) object {
	return o.r.object(o.keys[key], o.place(key), known...)
}
