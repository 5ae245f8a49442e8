package script

import (
	"errors"
	"fmt"
	"regexp"
	"sync"

	"go.starlark.net/resolve"
	"go.starlark.net/starlark"
	"go.starlark.net/syntax"
)

// Kind says why a script gave no value; a caller reacts to it, a user reads the message.
type Kind string

const (
	Syntax  Kind = "syntax"  // it cannot be compiled
	Failed  Kind = "failed"  // it called fail(...)
	Runtime Kind = "error"   // it went wrong: a wrong type, a missing entry
	Steps   Kind = "steps"   // it took more than MaxSteps steps
	Limit   Kind = "limit"   // a value or the output grew beyond its limit
	Timeout Kind = "timeout" // it was stopped at its time limit
	Memory  Kind = "memory"  // it was stopped at its memory limit
	Crash   Kind = "crash"   // the child process ended for another reason
	Input   Kind = "input"   // the call's arguments cannot be handed to a script
)

// Error is why a script gave no value. Message holds names and lines of the script; texts that may be values of a
// record are taken out, except in what a script says itself with fail(...).
type Error struct {
	Kind    Kind
	Message string
	Line    int // of the script, from 1; 0 when not known
}

func (e *Error) Error() string {
	if e.Line > 0 {
		return fmt.Sprintf("script line %d: %s", e.Line, e.Message)
	}
	return "script: " + e.Message
}

// limitError is what the helpers raise when a value grows too large.
type limitError struct{ what string }

func (e *limitError) Error() string { return e.what }

// plainError has a message of our own, which is known to hold no values.
type plainError struct{ text string }

func (e *plainError) Error() string { return e.text }

func plainf(format string, args ...any) error { return &plainError{text: fmt.Sprintf(format, args...)} }

// failError is fail(...).
type failError struct{ text string }

func (e *failError) Error() string { return e.text }

// compileError turns what Starlark says about a source into ours, with the first line that is wrong.
func compileError(err error) *Error {
	var list resolve.ErrorList
	var scan syntax.Error
	switch {
	case errors.As(err, &list) && len(list) > 0:
		return &Error{Kind: Syntax, Message: list[0].Msg, Line: int(list[0].Pos.Line)}
	case errors.As(err, &scan):
		return &Error{Kind: Syntax, Message: scan.Msg, Line: int(scan.Pos.Line)}
	}
	return &Error{Kind: Syntax, Message: err.Error()}
}

// runError turns what went wrong in a run into ours.
func runError(err error) *Error {
	e := &Error{Kind: Runtime, Message: err.Error()}
	var eval *starlark.EvalError
	if errors.As(err, &eval) {
		e.Line = lineOf(eval)
		e.Message = eval.Msg
	}
	var limit *limitError
	var plain *plainError
	var failed *failError
	switch {
	case errors.As(err, &limit):
		e.Kind, e.Message = Limit, limit.what
	case errors.As(err, &failed):
		e.Kind, e.Message = Failed, failed.text
	case errors.As(err, &plain):
		e.Message = plain.text
	case e.Message == "Starlark computation cancelled: "+tooManySteps:
		e.Kind, e.Message = Steps, fmt.Sprintf("stopped after %d steps; do less in one record", MaxSteps)
	default:
		e.Message = redact(e.Message)
	}
	return e
}

// lineOf gives the innermost line of the script, passing over built-in functions.
func lineOf(eval *starlark.EvalError) int {
	for i := range eval.CallStack {
		if frame := eval.CallStack.At(i); frame.Pos.Filename() == fileName {
			return int(frame.Pos.Line)
		}
	}
	return 0
}

var private = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\d{4,}|: [^:]*invalid literal.*`)
})

// redact takes out quoted texts and long numbers: Starlark quotes values in its messages.
func redact(text string) string {
	text = private().ReplaceAllString(text, "…")
	if len(text) > 300 {
		text = text[:300] + "…"
	}
	return text
}
