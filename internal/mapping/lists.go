package mapping

import "crosswalk/internal/script"

// Lists gives the lists that an expression asks in_list for, sorted: whoever runs it must say of each whether the record is in it.
func Lists(expression string) []string {
	p, err := script.Compile(ScriptText(expression), script.Expr, ScriptNames(expression, Expression))
	if err != nil {
		return nil // Check refuses such a mapping
	}
	return p.Lists()
}
