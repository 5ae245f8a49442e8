package web

import (
	"encoding"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"time"

	"crosswalk/internal/link"
	"crosswalk/internal/mapping"
	"crosswalk/internal/record"
)

// schema is one JSON Schema (2020-12), as OpenAPI 3.1 takes it.
type schema map[string]any

// schemas turns Go types into schemas. A named struct becomes a component, so that each shape is written once.
type schemas struct {
	components map[string]schema
	types      map[string]reflect.Type // who has a component's name
}

func newSchemas() *schemas {
	return &schemas{components: map[string]schema{}, types: map[string]reflect.Type{}}
}

// closed are the words of types that have a closed set of them.
var closed = map[reflect.Type][]string{
	reflect.TypeFor[mapping.Status](): {string(mapping.Draft), string(mapping.Pilot), string(mapping.Live), string(mapping.Paused)},
	reflect.TypeFor[link.State]():     {string(link.None), string(link.Skipped), string(link.Claimed), string(link.Linked), string(link.Held), string(link.Alias), string(link.MovedTo), string(link.Tombstone)},
}

var (
	timeType   = reflect.TypeFor[time.Time]()
	valueType  = reflect.TypeFor[record.Value]()
	numberType = reflect.TypeFor[json.Number]()
	rawType    = reflect.TypeFor[json.RawMessage]()
	textType   = reflect.TypeFor[encoding.TextMarshaler]()
)

// of gives the schema of a type. strict refuses fields that are not there, as requests do.
func (s *schemas) of(t reflect.Type, strict bool) schema {
	if t.Kind() == reflect.Pointer {
		return s.of(t.Elem(), strict)
	}
	if words, ok := closed[t]; ok {
		return schema{"type": "string", "enum": words}
	}
	switch t {
	case timeType:
		return schema{"type": "string", "format": "date-time"}
	case numberType:
		return schema{"type": "number"}
	case rawType:
		return schema{}
	case valueType:
		return s.component("Value", t, func() schema {
			return schema{"description": "a field's value: text, several texts, null for none, or an object where our credential may not see it", "anyOf": []schema{
				{"type": []string{"string", "null"}}, {"type": "array", "items": schema{"type": "string"}},
				{"type": "object", "properties": schema{"unreadable": schema{"const": true}}, "required": []string{"unreadable"}}}}
		})
	}
	if t.Implements(textType) {
		out := schema{"type": "string"}
		if t == reflect.TypeFor[record.Ref]() {
			out["description"] = "connection:object/id, for example hubspot:deals/9876543210"
		}
		return out
	}
	switch t.Kind() {
	case reflect.String:
		return schema{"type": "string"}
	case reflect.Bool:
		return schema{"type": "boolean"}
	case reflect.Float32, reflect.Float64:
		return schema{"type": "number"}
	case reflect.Slice, reflect.Array:
		return schema{"type": "array", "items": s.of(t.Elem(), strict)}
	case reflect.Map:
		return schema{"type": "object", "additionalProperties": s.of(t.Elem(), strict)}
	case reflect.Struct:
		if t.Name() == "" {
			return s.object(t, strict)
		}
		return s.component(exported(t.Name()), t, func() schema { return s.object(t, strict) })
	case reflect.Interface:
		return schema{}
	}
	return schema{"type": "integer"}
}

// component keeps a shape under its name and gives a reference to it.
func (s *schemas) component(name string, t reflect.Type, make func() schema) schema {
	if known, ok := s.types[name]; ok && known != t {
		panic("web: two types of the API are called " + name + ": " + known.String() + " and " + t.String()) // a mistake in this program, found by any test
	}
	if _, ok := s.types[name]; !ok {
		s.types[name] = t
		s.components[name] = make()
	}
	return schema{"$ref": "#/components/schemas/" + name}
}

func exported(name string) string { return strings.ToUpper(name[:1]) + name[1:] }

// object gives a struct's fields by their JSON names; what may be left out is not required. The fields of an embedded
// struct stand among its own, as encoding/json writes them.
func (s *schemas) object(t reflect.Type, strict bool) schema {
	properties, required := schema{}, []string{}
	var add func(t reflect.Type)
	add = func(t reflect.Type) {
		for n := range t.NumField() {
			f := t.Field(n)
			name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
			switch {
			case name == "-" || !f.IsExported() && !f.Anonymous:
				continue
			case f.Anonymous && name == "":
				add(f.Type)
				continue
			case name == "":
				name = f.Name
			}
			property := s.of(f.Type, strict)
			if text := f.Tag.Get("doc"); text != "" {
				property = described(property, text)
			}
			properties[name] = property
			optional := strict && f.Tag.Get("needed") == ""
			if !optional && !slices.Contains(strings.Split(options, ","), "omitempty") && !slices.Contains(strings.Split(options, ","), "omitzero") {
				required = append(required, name)
			}
		}
	}
	add(t)
	out := schema{"type": "object", "properties": properties}
	if len(required) > 0 {
		slices.Sort(required)
		out["required"] = required
	}
	if strict {
		out["additionalProperties"] = false
	}
	return out
}

func described(s schema, text string) schema {
	out := schema{"description": text}
	for k, v := range s {
		out[k] = v
	}
	return out
}
