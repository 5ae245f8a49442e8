package lighttest

import "slices"

// A shape lists the fields a request body may have. Bodies are read strictly: what the shape does not name is refused,
// so that a client's spelling mistake is seen.
type shape []field

type field struct {
	name string
	kind kind
	null bool     // null is a value (it clears)
	must bool     // must be there, and not null
	enum []string // for kindEnum
	sub  shape    // for kindObject
	elem *field   // for kindList
}

type kind int

const (
	kindText kind = iota
	kindEmail
	kindUUID
	kindDate
	kindCurrency
	kindInt
	kindNumber
	kindBool
	kindEnum
	kindList
	kindObject
)

func text(name string) field     { return field{name: name, kind: kindText} }
func email(name string) field    { return field{name: name, kind: kindEmail} }
func uuid(name string) field     { return field{name: name, kind: kindUUID} }
func date(name string) field     { return field{name: name, kind: kindDate} }
func currency(name string) field { return field{name: name, kind: kindCurrency} }
func integer(name string) field  { return field{name: name, kind: kindInt} }
func number(name string) field   { return field{name: name, kind: kindNumber} }
func boolean(name string) field  { return field{name: name, kind: kindBool} }
func enum(name string, of []string) field {
	return field{name: name, kind: kindEnum, enum: of}
}
func object(name string, sub shape) field { return field{name: name, kind: kindObject, sub: sub} }
func list(name string, elem field) field  { return field{name: name, kind: kindList, elem: &elem} }

func (f field) orNull() field   { f.null = true; return f }
func (f field) required() field { f.must = true; return f }

// update gives the shape of a PATCH: nothing is required, and everything may be null except what keep names.
func (s shape) update(keep ...string) shape {
	out := slices.Clone(s)
	for i := range out {
		out[i].must = false
		out[i].null = !slices.Contains(keep, out[i].name)
	}
	return out
}
