package light

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"crosswalk/internal/record"
)

// properties writes the custom properties. A PATCH replaces the whole set (fact sheet 9), so those the write does
// not name come from the base.
func (b *builder) properties() {
	set, named := map[string]record.Value{}, false
	if b.base != nil && !b.create {
		for name, v := range b.base.Fields {
			if prop, ok := strings.CutPrefix(name, propPrefix); ok && !v.Blank() {
				set[prop] = v
			}
		}
	}
	for name := range b.values {
		prop, ok := strings.CutPrefix(name, propPrefix)
		if !ok {
			continue
		}
		if v, ok := b.given(name); ok {
			set[prop], named = v, true
		}
	}
	if !named {
		return
	}
	raw := []byte{'['}
	for _, name := range slices.Sorted(maps.Keys(set)) {
		one, fix := b.property(name, set[name])
		if fix != "" {
			b.complain(propPrefix+name, fix)
		}
		if len(one) > 0 && len(raw) > 1 {
			raw = append(raw, ',')
		}
		raw = append(raw, one...)
	}
	if len(raw) > 1 || !b.create {
		b.member("customProperties", append(raw, ']'))
	}
}

// property writes one custom property; a blank one is left out of the set, which clears it.
func (b *builder) property(name string, v record.Value) (raw []byte, fix string) {
	p, ok := byName(b.list, b.o, name)
	switch {
	case !ok:
		return nil, "Light has no such custom property for " + b.o.name + ", or this key may not see it: look at Settings > Custom properties"
	case v.Kind() == record.Unreadable:
		return nil, "its value could not be read, so the set cannot be written"
	case v.Blank():
		return nil, ""
	case len(v.List()) > 1 && p.input != "MULTI_SELECT":
		return nil, "it takes one value"
	}
	ids := []string{}
	for _, text := range v.List() {
		if fix := p.judge(text); fix != "" {
			return nil, fix
		}
		if p.selects() {
			text = p.choice(text)
		}
		ids = append(ids, text)
	}
	if p.selects() {
		return fmt.Appendf(nil, `{"groupId":%s,"valueIds":%s}`, quote(p.id), quoteAll(ids)), ""
	}
	return fmt.Appendf(nil, `{"groupId":%s,"inlineValues":%s}`, quote(p.id), quoteAll(ids)), ""
}

// choice gives the id of a choice by its internal name, else by its label; "" when there is none.
func (p property) choice(text string) string {
	for _, c := range p.choices {
		if c.name == text {
			return c.id
		}
	}
	for _, c := range p.choices {
		if c.label == text {
			return c.id
		}
	}
	return ""
}

func (p property) judge(text string) (fix string) {
	switch {
	case p.selects() && p.choice(text) == "":
		return "it has no such choice: add it in Light or map the value"
	case p.input == "NUMERIC" && !numberShape().MatchString(text):
		return "it takes a number"
	case p.input == "BOOLEAN" && text != "true" && text != "false":
		return "it takes true or false"
	case p.input == "DATE" && !isDate(text):
		return "it takes a date: YYYY-MM-DD"
	}
	return ""
}
