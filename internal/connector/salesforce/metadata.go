package salesforce

import (
	"bytes"
	"encoding/xml"
	"strings"
)

// node is an element of a metadata file: with a text, or with children.
type node struct {
	name     string
	text     string
	children []node
}

func text(name, value string) node { return node{name: name, text: value} }

func parent(name string, children ...node) node { return node{name: name, children: children} }

// document writes a metadata file, indented by four spaces as Salesforce's own tools do. Order is the caller's.
func document(root string, children ...node) []byte {
	var b bytes.Buffer
	b.WriteString(xml.Header)
	b.WriteString("<" + root + ` xmlns="http://soap.sforce.com/2006/04/metadata">` + "\n")
	for _, n := range children {
		n.write(&b, 1)
	}
	b.WriteString("</" + root + ">\n")
	return b.Bytes()
}

func (n node) write(b *bytes.Buffer, depth int) {
	indent := strings.Repeat("    ", depth)
	b.WriteString(indent + "<" + n.name + ">")
	if n.children == nil {
		// a bytes.Buffer takes everything, so that escaping cannot fail
		_ = xml.EscapeText(b, []byte(n.text))
	} else {
		b.WriteString("\n")
		for _, c := range n.children {
			c.write(b, depth+1)
		}
		b.WriteString(indent)
	}
	b.WriteString("</" + n.name + ">\n")
}
