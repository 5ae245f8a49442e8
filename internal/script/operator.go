package script

import (
	"fmt"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"
)

// The bounds on what one operator makes. They are rules of the language: the same script fails at the same place
// everywhere.
const (
	maxText = 256 << 10 // bytes of a text
	maxList = 100_000   // entries of a list
	maxBits = 4096      // bits of a whole number
)

// operatorFuncs are what rewrite.go calls instead of the operators.
func operatorFuncs() starlark.StringDict {
	d := starlark.StringDict{}
	def := func(name string, f func(x, y starlark.Value) (starlark.Value, error)) {
		d["fn."+name] = starlark.NewBuiltin(name, func(_ *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
			return f(args[0], args[1])
		})
	}
	def("add", add)
	def("mul", multiply)
	def("div", func(x, y starlark.Value) (starlark.Value, error) {
		a, okA := asNumber(x)
		b, okB := asNumber(y)
		if !okA || !okB {
			return nil, plainf("cannot divide %s by %s; use decimal(...) on texts", kindName(x), kindName(y))
		}
		return divide(a, b)
	})
	def("mod", func(x, y starlark.Value) (starlark.Value, error) {
		return checkSize(starlark.Binary(syntax.PERCENT, x, y))
	})
	def("shl", func(x, y starlark.Value) (starlark.Value, error) {
		return checkSize(starlark.Binary(syntax.LTLT, x, y))
	})
	def("in", func(x, y starlark.Value) (starlark.Value, error) { return in(x, y) })
	def("not_in", func(x, y starlark.Value) (starlark.Value, error) {
		found, err := in(x, y)
		return !found, err
	})
	for name, op := range map[string]syntax.Token{"eq": syntax.EQL, "ne": syntax.NEQ, "lt": syntax.LT, "le": syntax.LE, "gt": syntax.GT, "ge": syntax.GE} {
		def(name, func(x, y starlark.Value) (starlark.Value, error) { return compare(op, x, y) })
	}
	return d
}

// kindName says what a value is in words a user knows.
func kindName(v starlark.Value) string {
	switch v.(type) {
	case starlark.NoneType:
		return "None (no value)"
	case starlark.String:
		return "a text"
	case starlark.Int, decimal:
		return "a number"
	case starlark.Bool:
		return "True or False"
	}
	return "a " + v.Type()
}

func add(x, y starlark.Value) (starlark.Value, error) {
	if err := sizeOf(x, 1, y); err != nil {
		return nil, err
	}
	v, err := starlark.Binary(syntax.PLUS, x, y)
	if err != nil {
		return nil, badOperands(err, "add", x, y)
	}
	return v, nil
}

// badOperands says what cannot be put together, unless the error says something better already.
func badOperands(err error, verb string, x, y starlark.Value) error {
	if _, ours := err.(*limitError); ours {
		return err
	}
	if x.Type() == y.Type() && !isNone(x) {
		return err
	}
	return plainf("cannot %s %s and %s; use decimal(...) or str(...) to make them alike", verb, kindName(x), kindName(y))
}

func isNone(v starlark.Value) bool { return v == starlark.None }

// sizeOf refuses the sum of two texts or lists, or the repetition of one, that would be too large.
func sizeOf(x starlark.Value, times int64, y starlark.Value) error {
	switch x := x.(type) {
	case starlark.String:
		other, _ := y.(starlark.String)
		return within(int64(len(x)), times, int64(len(other)), maxText, "a text", "bytes")
	case starlark.Bytes:
		other, _ := y.(starlark.Bytes)
		return within(int64(len(x)), times, int64(len(other)), maxText, "a text", "bytes")
	case *starlark.List, starlark.Tuple:
		return within(int64(starlark.Len(x)), times, int64(max(starlark.Len(y), 0)), maxList, "a list", "entries")
	}
	return nil
}

func within(size, times, more, limit int64, what, unit string) error {
	if times > 0 && size > (limit-min(more, limit))/times {
		return &limitError{what: fmt.Sprintf("%s grew beyond %d %s", what, limit, unit)}
	}
	return nil
}

func multiply(x, y starlark.Value) (starlark.Value, error) {
	a, aInt := x.(starlark.Int)
	b, bInt := y.(starlark.Int)
	var err error
	switch {
	case aInt && bInt:
		if bits(a)+bits(b) > maxBits {
			err = &limitError{what: fmt.Sprintf("a whole number grew beyond %d bits", maxBits)}
		}
	case bInt:
		err = sizeOf(x, times(b), starlark.None)
	case aInt:
		err = sizeOf(y, times(a), starlark.None)
	}
	if err != nil {
		return nil, err
	}
	v, err := starlark.Binary(syntax.STAR, x, y)
	if err != nil {
		return nil, badOperands(err, "multiply", x, y)
	}
	return v, nil
}

func bits(n starlark.Int) int {
	if small, ok := n.Int64(); ok && small > -1<<31 && small < 1<<31 {
		return 32
	}
	return n.BigInt().BitLen()
}

func times(n starlark.Int) int64 {
	if small, ok := n.Int64(); ok {
		return small
	}
	return 1 << 40
}

// checkSize bounds a result whose size cannot be told before.
func checkSize(v starlark.Value, err error) (starlark.Value, error) {
	if err != nil {
		return nil, err
	}
	if n, ok := v.(starlark.Int); ok && bits(n) > maxBits {
		return nil, &limitError{what: fmt.Sprintf("a whole number grew beyond %d bits", maxBits)}
	}
	return v, sizeOf(v, 1, starlark.None)
}

// compare compares numbers of both kinds with each other. A text is never compared with a number or a truth value: the
// answer would always be "not equal", and vendors send numbers and truth values as texts.
func compare(op syntax.Token, x, y starlark.Value) (starlark.Value, error) {
	a, aNumber := asNumber(x)
	b, bNumber := asNumber(y)
	if aNumber && bNumber {
		return starlark.Bool(holds(op, a.Cmp(b))), nil
	}
	if err := mixed(x, y); err != nil {
		return nil, err
	}
	ordered := op != syntax.EQL && op != syntax.NEQ
	if ordered && x.Type() != y.Type() {
		return nil, plainf("cannot order %s and %s; test for None first, or use decimal(x, 0)", kindName(x), kindName(y))
	}
	ok, err := starlark.Compare(op, x, y)
	return starlark.Bool(ok), err
}

func mixed(x, y starlark.Value) error {
	if _, ok := x.(starlark.String); !ok {
		x, y = y, x
	}
	if _, ok := x.(starlark.String); !ok {
		return nil
	}
	switch y.(type) {
	case starlark.Int, decimal:
		return plainf("a text is compared with a number; use decimal(...) on the text, or put the number in quotes")
	case starlark.Bool:
		return plainf(`a text is compared with True or False; use is_true(...), or put "true" or "false" in quotes`)
	}
	return nil
}

func holds(op syntax.Token, cmp int) bool {
	switch op {
	case syntax.EQL:
		return cmp == 0
	case syntax.NEQ:
		return cmp != 0
	case syntax.LT:
		return cmp < 0
	case syntax.LE:
		return cmp <= 0
	case syntax.GT:
		return cmp > 0
	}
	return cmp >= 0
}

// in is membership where nothing holds nothing: x in None is False, and a record holds the fields that have a value.
func in(x, y starlark.Value) (starlark.Bool, error) {
	switch container := y.(type) {
	case starlark.NoneType:
		return false, nil
	case *fields:
		name, ok := starlark.AsString(x)
		return starlark.Bool(ok && container.has(name)), nil
	case starlark.String:
		if isNone(x) {
			return false, nil
		}
	}
	v, err := starlark.Binary(syntax.IN, x, y)
	if err != nil {
		return false, plainf("cannot look for %s in %s", kindName(x), kindName(y))
	}
	return v.Truth(), nil
}
