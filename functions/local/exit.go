package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"crosswalk/internal/web"
)

// What the exit status means to a script.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2 // wrong use: a flag, an argument, a file that is not there
	exitLook   = 3 // nothing failed, and a person must look before it goes on
)

// usageError is a command used wrongly.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

func wrongUse(format string, args ...any) error { return &usageError{fmt.Sprintf(format, args...)} }

// errLook ends a command that has said all there is to say, and a person must look.
var errLook = errors.New("a person must look")

// statusOf is the one switch from an error to an exit status.
func statusOf(err error) int {
	var (
		usage   *usageError
		problem *web.Problem
	)
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errLook):
		return exitLook
	case errors.As(err, &usage):
		return exitUsage
	case errors.As(err, &problem) && (problem.Status == http.StatusConflict || problem.Status == http.StatusPreconditionFailed):
		return exitLook
	case errors.As(err, &problem) && problem.Status == http.StatusBadRequest:
		return exitUsage
	}
	return exitFailed
}

// explain writes an error as a person reads it: what is wrong, where, and what to do.
func explain(w io.Writer, err error, asJSON bool) {
	var problem *web.Problem
	switch {
	case errors.Is(err, errLook):
		return
	case errors.As(err, &problem) && asJSON:
		_ = json.NewEncoder(w).Encode(problem) // standard error is the last place to say anything
		return
	case !errors.As(err, &problem):
		fmt.Fprintf(w, "crosswalk: %v\n", err)
		return
	}
	fmt.Fprintf(w, "crosswalk: %s", problem.Title)
	if problem.Detail != "" {
		fmt.Fprintf(w, ": %s", problem.Detail)
	}
	fmt.Fprintln(w)
	for _, c := range problem.Problems {
		fmt.Fprintf(w, "  %s\n", complaint(c))
	}
	if problem.Fix != "" && len(problem.Problems) == 0 {
		if problem.Field != "" {
			fmt.Fprintf(w, "  %s: ", problem.Field)
		} else {
			fmt.Fprint(w, "  ")
		}
		fmt.Fprintln(w, problem.Fix)
	}
	if problem.ID != "" {
		fmt.Fprintf(w, "  the log names it %s\n", problem.ID)
	}
}

// complaint is one line: companies.yaml line 12: fields[3].b: there is no field "x": did you mean y?
func complaint(c web.Complaint) string {
	out := ""
	if c.Mapping != "" {
		out = c.Mapping + " "
	}
	if c.Line > 0 {
		out += fmt.Sprintf("line %d", c.Line)
	}
	for _, part := range []string{c.Field, c.Message, c.Fix} {
		if part != "" {
			out += ": " + part
		}
	}
	return out
}
