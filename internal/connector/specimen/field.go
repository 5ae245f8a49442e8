package specimen

import (
	"regexp"

	"crosswalk/internal/connector"
)

// fields is what a thing has. Required, ReadOnly and CreateOnly decide what Encode and updates refuse before a call.
var fields = []connector.Field{
	{Name: "name", Label: "Name", Type: "text", Required: true, MaxLength: 200},
	{Name: "note", Label: "Note", Type: "text"},
	{Name: "colour", Label: "Colour", Type: "enum", Options: []connector.Option{{Value: "RED", Label: "Red"}, {Value: "BLUE", Label: "Blue"}}},
	{Name: "size", Label: "Size", Type: "integer"},
	{Name: markerField, Label: "Mark", Type: "text"},
	{Name: "created", Label: "Created", Type: "datetime", ReadOnly: true},
	{Name: "modified", Label: "Modified", Type: "datetime", ReadOnly: true},
}

// markerField carries our marker (A5): a field people do not edit, that can be read back on a strong path.
const markerField = "mark"

func field(name string) (connector.Field, bool) {
	for _, f := range fields {
		if f.Name == name {
			return f, true
		}
	}
	return connector.Field{}, false
}

// ids are checked before they become part of an address: a bad one is known to be nobody's without a call.
var idShape = regexp.MustCompile(`^T[0-9]{6,12}$`)

func goodID(id string) bool { return idShape.MatchString(id) }
