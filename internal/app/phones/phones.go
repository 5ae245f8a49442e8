// Package phones gives the transforms with phone numbers among them. It is apart because their metadata costs every program
// that links it 11 ms to start with (T9): only what works records or checks mappings against samples imports it.
package phones

import (
	"crosswalk/internal/transform"
	"crosswalk/internal/transform/phone"
)

// Transforms is the whole set of named transforms.
func Transforms() transform.Set { return transform.Builtin(phone.Funcs()) }
