package mapping

// ScriptText is a script as Starlark takes it: with. written with_. .
func ScriptText(script string) string { return renameWith(script) }
