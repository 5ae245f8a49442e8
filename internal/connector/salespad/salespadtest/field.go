package salespadtest

import "slices"

// valueKind says what a field holds. Every value is kept as text in one spelling: numbers as plain decimals, booleans as
// "true" or "", moments as stampLayout; "" is the empty value of each.
type valueKind int

const (
	textValue   valueKind = iota
	moneyValue            // decimal majors, five places
	numberValue           // any decimal
	integerValue
	boolValue
	wallValue // date-time of the server's own clock, no offset
	dayValue  // the day a record was made or changed; stored as the UTC day (section 5, time zones)
	rowValue  // DEX_ROW_TS: UTC
)

// field is one property of a resource, as the contract describes it.
type field struct {
	name string // our name: the fact sheet's
	wire string // the name on this install (Profile.Fields)
	kind valueKind

	max    int  // longest text taken, in UTF-16 units; 0 = no bound
	width  int  // GET pads to this; 0 = not a fixed-width column
	must   bool // a create needs it
	read   bool // callers cannot write it
	once   bool // given on create only; on update it must be the key's own
	null   bool // may be JSON null; empty shows as null
	loose  bool // an integer that may come as a string
	enum   []string
	silent bool // taken in a body and not kept (CustomerAddr's own stamps)
}

func text(name string, max, width int) field { return field{name: name, max: max, width: width} }
func long(name string) field                 { return field{name: name} }
func money(name string) field                { return field{name: name, kind: moneyValue} }
func number(name string) field               { return field{name: name, kind: numberValue} }
func integer(name string) field              { return field{name: name, kind: integerValue} }
func flag(name string) field                 { return field{name: name, kind: boolValue} }
func wall(name string) field                 { return field{name: name, kind: wallValue} }
func day(name string) field                  { return field{name: name, kind: dayValue, read: true} }
func rowStamp() field                        { return field{name: "DEX_ROW_TS", kind: rowValue, read: true} }

func (f field) required() field         { f.must = true; return f }
func (f field) readOnly() field         { f.read = true; return f }
func (f field) onCreate() field         { f.once = true; return f }
func (f field) orNull() field           { f.null = true; return f }
func (f field) orText() field           { f.loose = true; return f }
func (f field) taken() field            { f.read, f.silent = false, true; return f }
func (f field) of(list ...string) field { f.enum = list; return f }

func (f field) stamp() bool { return f.kind == wallValue || f.kind == dayValue || f.kind == rowValue }

// kind is one resource: its fields in the order answers show them, and its key.
type kind struct {
	name   string
	keys   []string // the fields that make the key, joined by "|" in Record.Key
	fields []field
	user   bool   // has UserFieldNames and UserFieldData
	noun   string // how messages call it
	index  []string

	byWire map[string]*field
	byName map[string]*field
	source func(*Sim) []reader                                 // every row that a list shows, in no promised order
	lookup func(s *Sim, field, folded string) ([]reader, bool) // the rows with a value, when there is an index for it
	stamp  func(*Sim) uint64                                   // moves when source would answer something else
	state  map[string]func(*Sim, reader) string                // fields that a list computes
	plain  bool                                                // no padding (inferred resources that are no GP table)
}

// kinds makes the resources of one install: the profile's names on the wire, the rest as the fact sheet has it.
func (s *Sim) defineKinds() {
	s.kinds = map[string]*kind{}
	for _, k := range []*kind{
		customerKind(), addressKind(), customerSearchKind(), prospectKind(), contactKind(), prospectSearchKind(),
		itemKind(), inventoryKind(), priceLevelKind(), documentKind(), documentSearchKind(), documentHistoryKind(),
		lineKind(), lineSearchKind(), lineHistoryKind(), queueKind(), auditKind(), linkKind(),
	} {
		k.byWire, k.byName = map[string]*field{}, map[string]*field{}
		for i := range k.fields {
			f := &k.fields[i]
			f.wire = f.name
			if other := s.cfg.Profile.Fields[k.name+"."+f.name]; other != "" {
				f.wire = other
			}
			k.byWire[f.wire], k.byName[f.name] = f, f
		}
		s.kinds[k.name] = k
	}
}

// pick takes fields of another resource by name, for rows that show several.
func pick(from []field, names ...string) []field {
	var out []field
	for _, name := range names {
		i := slices.IndexFunc(from, func(f field) bool { return f.name == name })
		if i < 0 {
			panic("salespadtest: no field " + name) // a fault of the simulator
		}
		f := from[i]
		f.must, f.read, f.once = false, true, false
		out = append(out, f)
	}
	return out
}
