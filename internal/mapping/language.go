package mapping

// Language is what a document may say inside its texts: the transforms, comparisons and expressions of one program.
// Standard makes it of packages transform and script.
type Language struct {
	Transforms Transforms
	Scripts    Scripts
}

// Transforms knows the named transforms.
type Transforms interface {
	// Check tells why calls such as  trim | truncate(40)  cannot be used for so many inputs: an unknown name, a wrong
	// argument, too many inputs. nil means they can.
	Check(calls string, inputs int) error
	// CheckComparison does the same for the compare of a match rule: exact, vat, phone("DE").
	CheckComparison(compare string) error
}

// Scripts knows expressions and hooks.
type Scripts interface {
	// Check compiles a script. names are those it may take from its surroundings: fields of the record in an expression,
	// source, target and fields in a hook. The error names the place in the script.
	Check(script string, kind ScriptKind, names []string) error
}

// ScriptKind says what a script is for, and so which names it may use.
type ScriptKind string

const (
	Expression ScriptKind = "expression" // filter, value: the fields of a by name, and related records by their name in with
	HookBlock  ScriptKind = "hook"       // before_create, before_update: source, target, fields
	LinkBlock  ScriptKind = "link"       // after_link and values of write_back: source, target
)
