package script

// CompileRaw compiles without the bounds of rewrite.go, so that tests reach the bounds of the process.
func CompileRaw(text string, mode Mode, params []string) (Program, error) {
	return compile(source{Text: text, Mode: mode, Params: params, Raw: true})
}

// ProcessID gives the process of a Child, 0 when there is none.
func (c *Child) ProcessID() int {
	c.busy <- struct{}{}
	defer func() { <-c.busy }()
	if c.proc == nil {
		return 0
	}
	return c.proc.cmd.Process.Pid
}
