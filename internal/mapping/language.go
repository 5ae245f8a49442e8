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

// tidies tells whether calls only tidy a value, so that what they give may stand at a as it is. A program whose transforms do not
// tell is believed.
func (l Language) tidies(calls string) bool {
	t, ok := l.Transforms.(interface{ Tidies(calls string) bool })
	return !ok || t.Tidies(calls)
}

// Scripts knows expressions and hooks.
type Scripts interface {
	// Check compiles a script without running it. names are those it is run with (see ScriptNames). The error names the
	// place in the script.
	Check(script string, kind ScriptKind, names []string) error
}

// ScriptKind says what a script is for, and so which names it may use.
type ScriptKind string

const (
	Expression     ScriptKind = "expression"      // filter, value: one expression, with the fields of a by name
	HookBlock      ScriptKind = "hook"            // before_create, before_update: statements, return gives the result
	LinkBlock      ScriptKind = "link"            // after_link, after_update: statements
	LinkExpression ScriptKind = "link expression" // value of write_back: one expression, with target
)

// Block tells whether scripts of the kind are statements rather than one expression.
func (k ScriptKind) Block() bool { return k == HookBlock || k == LinkBlock }
