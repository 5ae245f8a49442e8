package salesforcetest

import (
	"fmt"
	"strconv"
	"strings"
)

// Field tables hold one field a line:
//
//	name | type(length or precision,scale or targets) | flags | label | key=value ...
//
// flags: c createable, u updateable, n nillable, d defaultedOnCreate, r restricted
// picklist, l idLookup, N nameField, F not filterable, x external id, U unique,
// k cascade delete, R restricted delete, = calculated, # auto-number.
// keys: rel, child (relationship names), in (compound field), extra
// (extraTypeInfo), pick (values; * marks the default), def (default value).
// A line with a name alone is a system field.
func parseFields(table string) []Field {
	var out []Field
	for line := range strings.Lines(table) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		cols := strings.Split(line, "|")
		for i := range cols {
			cols[i] = strings.TrimSpace(cols[i])
		}
		if len(cols) == 1 {
			out = append(out, systemField(cols[0]))
			continue
		}
		out = append(out, parseField(cols))
	}
	return out
}

func parseField(cols []string) Field {
	f := Field{Name: cols[0], Label: cols[3]}
	f.setType(cols[1])
	f.setFlags(cols[2])
	for _, kv := range cols[4:] {
		key, v, _ := strings.Cut(kv, "=")
		switch key {
		case "rel":
			f.Relationship = v
		case "child":
			f.ChildRelationship = v
		case "in":
			f.Compound = v
		case "extra":
			f.ExtraType = v
		case "pick":
			f.Picklist = Values(strings.Split(v, ";")...)
			for _, p := range f.Picklist {
				if p.Default {
					f.Default = p.Value
				}
			}
		case "def":
			f.Default = v
			if f.Type == "boolean" {
				f.Default = v == "true"
			}
		default:
			panic(fmt.Sprintf("salesforcetest: unknown key %q in the table line of %s", key, f.Name))
		}
	}
	return f
}

func (f *Field) setType(spec string) {
	name, args, _ := strings.Cut(strings.TrimSuffix(spec, ")"), "(")
	f.Type = name
	switch name {
	case "reference":
		f.Length, f.ReferenceTo = 18, strings.Fields(args)
	case "id":
		f.Length = 18
	case "int":
		f.Digits = atoi(args)
	case "currency", "double", "percent":
		p, sc, _ := strings.Cut(args, ",")
		f.Precision, f.Scale = atoi(p), atoi(sc)
	default:
		if args != "" {
			f.Length = atoi(args)
		}
	}
}

func atoi(v string) int {
	n, err := strconv.Atoi(v)
	if err != nil {
		panic(fmt.Sprintf("salesforcetest: %q is not a number in a field table", v))
	}
	return n
}

func (f *Field) setFlags(flags string) {
	for _, c := range flags {
		switch c {
		case 'c':
			f.Createable = true
		case 'u':
			f.Updateable = true
		case 'n':
			f.Nillable = true
		case 'd':
			f.DefaultedOnCreate = true
		case 'r':
			f.Restricted = true
		case 'l':
			f.IDLookup = true
		case 'N':
			f.NameField = true
		case 'F':
			f.Unfilterable = true
		case 'x':
			f.ExternalID = true
		case 'U':
			f.Unique = true
		case 'k':
			f.CascadeDelete = true
		case 'R':
			f.RestrictedDelete = true
		case '=':
			f.Calculated = true
		case '#':
			f.AutoNumber = true
		default:
			panic(fmt.Sprintf("salesforcetest: unknown flag %q of field %s", c, f.Name))
		}
	}
}

// Values makes picklist entries whose label is their value; a leading * marks the
// default.
func Values(values ...string) []PicklistValue {
	out := make([]PicklistValue, 0, len(values))
	for _, v := range values {
		v, isDefault := strings.CutPrefix(v, "*")
		out = append(out, PicklistValue{Value: v, Label: v, Default: isDefault})
	}
	return out
}

func systemField(name string) Field {
	f := Field{Name: name, DefaultedOnCreate: true}
	switch name {
	case "Id":
		f.Label, f.Type, f.Length, f.IDLookup = "Record ID", "id", 18, true
	case "IsDeleted":
		f.Label, f.Type = "Deleted", "boolean"
	case "CreatedDate":
		f.Label, f.Type = "Created Date", "datetime"
	case "LastModifiedDate":
		f.Label, f.Type = "Last Modified Date", "datetime"
	case "SystemModstamp":
		f.Label, f.Type = "System Modstamp", "datetime"
	case "CreatedById":
		f.Label, f.Type, f.Length, f.ReferenceTo, f.Relationship = "Created By ID", "reference", 18, []string{"User"}, "CreatedBy"
	case "LastModifiedById":
		f.Label, f.Type, f.Length, f.ReferenceTo, f.Relationship = "Last Modified By ID", "reference", 18, []string{"User"}, "LastModifiedBy"
	default:
		panic(fmt.Sprintf("salesforcetest: %s is no system field", name))
	}
	return f
}
