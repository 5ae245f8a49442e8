package mapping

import "crosswalk/internal/script"

// Lists gives the lists that a script asks in_list for, sorted: whoever runs it must say of each whether the record is on it.
func Lists(text string, kind ScriptKind) []string {
	mode := script.Expr
	if kind.Block() {
		mode = script.Block
	}
	p, err := script.Compile(ScriptText(text), mode, ScriptNames(text, kind))
	if err != nil {
		return nil // Check refuses such a mapping
	}
	return p.Lists()
}
