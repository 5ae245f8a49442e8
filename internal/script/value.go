package script

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"unicode/utf8"

	"crosswalk/internal/money"
	"crosswalk/internal/record"

	"go.starlark.net/starlark"
)

// MaxOutput bounds a result: bytes of all texts in it, plus 8 for every value.
const MaxOutput = 256 << 10

const maxOutputDepth = 32

// An Action is what a script decided about a record instead of giving a value.
type Action string

const (
	Skip Action = "skip" // not to be written, and that is fine
	Hold Action = "hold" // a person must look first
)

// A Verdict is the result of skip("why") and hold("why").
type Verdict struct {
	Action Action
	Reason string
}

type verdict struct{ Verdict }

func (v verdict) String() string        { return string(v.Action) }
func (v verdict) Type() string          { return string(v.Action) }
func (v verdict) Freeze()               {}
func (v verdict) Truth() starlark.Bool  { return false }
func (v verdict) Hash() (uint32, error) { return 0, fmt.Errorf("unhashable: %s", v.Action) }

// fields is a record as a script sees it: x.name or x["name"], None for what is not there. It is immutable, and its
// values are converted when they are first read, since most scripts read few of many.
type fields struct {
	raw    map[string]any
	cached map[string]starlark.Value
}

var (
	_ starlark.HasAttrs        = (*fields)(nil)
	_ starlark.IterableMapping = (*fields)(nil)
)

func (f *fields) String() string        { return "record" }
func (f *fields) Type() string          { return "record" }
func (f *fields) Freeze()               {}
func (f *fields) Truth() starlark.Bool  { return len(f.raw) > 0 }
func (f *fields) Hash() (uint32, error) { return 0, fmt.Errorf("unhashable: record") }
func (f *fields) Len() int              { return len(f.raw) }
func (f *fields) keys() []string        { return slices.Sorted(maps.Keys(f.raw)) }
func (f *fields) AttrNames() []string   { return f.keys() }

func (f *fields) Attr(name string) (starlark.Value, error) { return f.get(name) }

func (f *fields) Get(key starlark.Value) (starlark.Value, bool, error) {
	name, ok := starlark.AsString(key)
	if !ok {
		return nil, false, plainf("a record has fields by name, not by %s", kindName(key))
	}
	v, err := f.get(name)
	return v, true, err
}

func (f *fields) get(name string) (starlark.Value, error) {
	if v, ok := f.cached[name]; ok {
		return v, nil
	}
	v, err := toStarlark(f.raw[name], 0)
	if err != nil {
		return nil, plainf("field %s: %v", name, err)
	}
	if f.cached == nil {
		f.cached = map[string]starlark.Value{}
	}
	f.cached[name] = v
	return v, nil
}

// has tells whether a field has a value.
func (f *fields) has(name string) bool {
	v, ok := f.raw[name]
	return ok && v != nil && v != ""
}

func (f *fields) Iterate() starlark.Iterator { return &keyIterator{keys: f.keys()} }

func (f *fields) Items() []starlark.Tuple {
	var items []starlark.Tuple
	for _, k := range f.keys() {
		if v, err := f.get(k); err == nil {
			items = append(items, starlark.Tuple{starlark.String(k), v})
		}
	}
	return items
}

type keyIterator struct{ keys []string }

func (it *keyIterator) Next(p *starlark.Value) bool {
	if len(it.keys) == 0 {
		return false
	}
	*p, it.keys = starlark.String(it.keys[0]), it.keys[1:]
	return true
}

func (it *keyIterator) Done() {}

// Unreadable stands for a value that our credential may not see: a script that uses it fails, since None would be a
// guess.
type Unreadable struct{}

// fromRecord gives the plain form of a record's value: nil where there is none, a string, or its parts.
func fromRecord(v record.Value) any {
	switch v.Kind() {
	case record.Text:
		return v.Text()
	case record.List:
		return v.List()
	case record.Unreadable:
		return Unreadable{}
	}
	return nil
}

func fromFields(values map[string]record.Value) map[string]any {
	plain := make(map[string]any, len(values))
	for name, v := range values {
		plain[name] = fromRecord(v)
	}
	return plain
}

// toStarlark converts an argument. Lists and records are frozen: a script works on what it was given and returns what
// it wants.
func toStarlark(v any, depth int) (starlark.Value, error) {
	if depth > maxOutputDepth {
		return nil, fmt.Errorf("values are nested more than %d deep", maxOutputDepth)
	}
	switch v := v.(type) {
	case nil:
		return starlark.None, nil
	case bool:
		return starlark.Bool(v), nil
	case string:
		return starlark.String(validText(v)), nil
	case int:
		return starlark.MakeInt(v), nil
	case int64:
		return starlark.MakeInt64(v), nil
	case money.Decimal:
		return decimal{v}, nil
	case json.Number:
		return numberOf(v)
	case []string:
		list := make([]starlark.Value, len(v))
		for i, s := range v {
			list[i] = starlark.String(validText(s))
		}
		return frozen(list), nil
	case []any:
		list := make([]starlark.Value, len(v))
		for i, e := range v {
			var err error
			if list[i], err = toStarlark(e, depth+1); err != nil {
				return nil, err
			}
		}
		return frozen(list), nil
	case map[string]any:
		return &fields{raw: v}, nil
	case record.Value:
		return toStarlark(fromRecord(v), depth)
	case map[string]record.Value:
		return &fields{raw: fromFields(v)}, nil
	case Unreadable:
		return nil, errors.New("its value cannot be read with our credential")
	}
	return nil, fmt.Errorf("a value of Go type %T cannot be handed to a script", v)
}

// validText replaces bytes that are no UTF-8: they would not survive the way to the child process and back, and a
// result must not depend on where it was computed.
func validText(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return string([]rune(s)) // one replacement for each byte, as encoding/json does it
}

func frozen(list []starlark.Value) starlark.Value {
	l := starlark.NewList(list)
	l.Freeze()
	return l
}

// numberOf makes an int of a whole number and a decimal of any other: never a float.
func numberOf(n json.Number) (starlark.Value, error) {
	if whole, err := n.Int64(); err == nil {
		return starlark.MakeInt64(whole), nil
	}
	d, err := money.ParseDecimal(n.String())
	return decimal{d}, err
}

// An output converts a result and keeps count of its size.
type output struct{ left int }

func (o *output) spend(n int) error {
	if o.left -= n + 8; o.left < 0 {
		return &limitError{what: fmt.Sprintf("the result is larger than %d bytes", MaxOutput)}
	}
	return nil
}

func (o *output) value(v starlark.Value, depth int) (any, error) {
	if depth > maxOutputDepth {
		return nil, &limitError{what: fmt.Sprintf("the result is nested more than %d deep", maxOutputDepth)}
	}
	if text, ok := v.(starlark.String); ok {
		return validText(string(text)), o.spend(len(text))
	}
	if err := o.spend(0); err != nil {
		return nil, err
	}
	switch v := v.(type) {
	case starlark.NoneType:
		return nil, nil
	case starlark.Bool:
		return bool(v), nil
	case starlark.Int:
		if n, ok := v.Int64(); ok {
			return n, nil
		}
		return money.FromBigInt(v.BigInt()), o.spend(bits(v) / 3)
	case decimal:
		return v.d, o.spend(v.d.Digits())
	case verdict:
		return v.Verdict, o.spend(len(v.Reason))
	case *starlark.List:
		return o.list(v, depth)
	case starlark.Tuple:
		return o.list(v, depth)
	case *starlark.Dict:
		return o.dict(v.Items(), depth)
	case *fields:
		return o.dict(v.Items(), depth)
	}
	return nil, plainf("the result is or holds a %s, which is no value", v.Type())
}

func (o *output) list(v starlark.Indexable, depth int) (any, error) {
	list := make([]any, v.Len())
	for i := range list {
		var err error
		if list[i], err = o.value(v.Index(i), depth+1); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func (o *output) dict(items []starlark.Tuple, depth int) (any, error) {
	m := make(map[string]any, len(items))
	for _, item := range items {
		name, ok := starlark.AsString(item[0])
		if !ok {
			return nil, plainf("the result is a dict with a key that is no text")
		}
		if err := o.spend(len(name)); err != nil {
			return nil, err
		}
		v, err := o.value(item[1], depth+1)
		if err != nil {
			return nil, err
		}
		m[name] = v
	}
	return m, nil
}
