package mapping_test

import (
	"crosswalk/internal/mapping"
	"crosswalk/internal/transform"
)

// language is what the product's programs use, without the phone numbers' data.
func language() mapping.Language { return mapping.Standard(transform.Builtin(nil)) }
