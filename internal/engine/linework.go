package engine

import (
	"maps"
	"slices"
	"strings"
	"time"

	"crosswalk/internal/link"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
)

// What an intention says of a document's lines stands among its digests, under names that no field has. A line bears no marker
// and its calls no key: a line whose call was never answered can only be known again by what it was to show, and by then the
// deal may want something else (T4, A4).
const (
	lineNames  = "#line."
	lineAdd    = lineNames + "add."    // and the source line's id: the digest of what is added
	lineChange = lineNames + "change." // likewise of what a line is changed to
	lineField  = lineNames + "field."  // and the source line's id, a dot, a field's name: what that is to show
	lineGone   = lineNames + "gone."   // and the id of a line at b that we removed
)

func ofLine(name string) bool { return strings.HasPrefix(name, lineNames) }

// intendLines notes which lines are about to be added and changed, and what they will show.
func (e *Engine) intendLines(n *link.Intent, lines []plan.LineDecision) {
	for _, l := range lines {
		switch l.Op {
		case "add":
			n.B[lineAdd+l.SourceID] = l.Digest
		case "change":
			n.B[lineChange+l.SourceID] = l.Digest
		default:
			continue
		}
		for name, v := range l.Fields {
			n.B[lineField+l.SourceID+"."+name] = e.digestOf(v)
		}
	}
}

// settleLines looks at what became of the lines of an unfinished intention, and of older ones that may be carried out late. A
// line of ours that is found goes on the map without a digest: the next decision writes it anew, or removes it. Without a map
// the document itself says which line is which (plan).
func (e *Engine) settleLines(i *item) {
	if i.link.Lines == nil {
		return
	}
	if i.link.Intent != nil {
		e.settleIntended(i, i.link.Intent.B, true)
	}
	for _, g := range i.link.Ghosts {
		e.settleIntended(i, g.B, false)
	}
}

// settleIntended settles the lines of one intention, and takes off it what is known. now says that it was the last one.
func (e *Engine) settleIntended(i *item, was map[string]string, now bool) {
	for _, key := range slices.Sorted(maps.Keys(was)) {
		if source, ok := strings.CutPrefix(key, lineAdd); ok {
			e.settleAdded(i, was, source, now)
		}
		if source, ok := strings.CutPrefix(key, lineChange); ok {
			have, known := i.link.Lines[source]
			if known && have.Digest != was[key] && (now || e.showsIntended(i.childLine(have.ID), was, source)) {
				have.Digest = "" // of the call nobody knows, or it was carried out after a later one
				i.link.Lines[source] = have
			}
		}
	}
}

// settleAdded finds a line that was added unheard. Where another one was added in its place meanwhile, it is nobody's.
func (e *Engine) settleAdded(i *item, was map[string]string, source string, now bool) {
	have, known := i.link.Lines[source]
	if now && known && have.Digest == was[lineAdd+source] { // its answer came, and that of a later line did not
		delete(was, lineAdd+source)
		return
	}
	for _, child := range i.strayLines() {
		if !e.showsIntended(child, was, source) {
			continue
		}
		delete(was, lineAdd+source) // a line that a person enters just like it is that person's
		if known {
			source = "?" + child.Ref.ID
		}
		i.link.Lines[source] = link.Line{ID: child.Ref.ID}
		return
	}
}

// showsIntended tells whether a line shows every field of what an intention wrote for a source line.
func (e *Engine) showsIntended(child *record.Record, was map[string]string, source string) bool {
	if child == nil {
		return false
	}
	fields := 0
	for key, want := range was {
		name, ok := strings.CutPrefix(key, lineField+source+".")
		if !ok {
			continue
		}
		if e.digestOf(child.Field(name)) != want {
			return false
		}
		fields++
	}
	return fields > 0
}

func (i *item) childLine(id string) *record.Record {
	for n := range i.target.Children {
		if child := &i.target.Children[n]; id != "" && child.Ref.ID == id {
			return child
		}
	}
	return nil
}

// strayLines are the lines of the document that the map does not know and that we did not remove: a copy that still shows a
// line we removed is an old one.
func (i *item) strayLines() []*record.Record {
	known := map[string]bool{}
	for _, line := range i.link.Lines {
		known[line.ID] = true
	}
	for _, g := range i.link.Ghosts {
		for key := range g.B {
			if id, ok := strings.CutPrefix(key, lineGone); ok {
				known[id] = true
			}
		}
	}
	var out []*record.Record
	for n := range i.target.Children {
		if child := &i.target.Children[n]; !known[child.Ref.ID] {
			out = append(out, child)
		}
	}
	return out
}

// goneLine is what is remembered of a line that was removed.
func goneLine(id string) link.Ghost {
	return link.Ghost{Until: time.Now().Add(ghostsFor), B: map[string]string{lineGone + id: ""}}
}
