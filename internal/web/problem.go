package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"crosswalk/internal/connector"
	"crosswalk/internal/engine"
	"crosswalk/internal/mapping"
)

// Problem is an answer that is an error (RFC 9457). Detail and Fix carry ids, field names and commands, never values of
// records.
type Problem struct {
	Type     string      `json:"type"` // urn:crosswalk:refused, invalid, not-found, bad-request, unauthorized, too-large, unavailable, internal
	Title    string      `json:"title"`
	Status   int         `json:"status"`
	Detail   string      `json:"detail,omitempty"`
	Field    string      `json:"field,omitempty"`
	Fix      string      `json:"fix,omitempty"`
	Command  string      `json:"command,omitempty"` // mends it when pasted
	ID       string      `json:"id,omitempty"`      // of a fault inside, as the log names it
	Problems []Complaint `json:"problems,omitempty"`
}

// Complaint is one thing wrong with a mapping document.
type Complaint struct {
	Mapping string `json:"mapping,omitempty"`
	Line    int    `json:"line,omitempty"`
	Field   string `json:"field,omitempty"`
	Message string `json:"message"`
	Fix     string `json:"fix,omitempty"`
}

func (p *Problem) Error() string {
	out := p.Title
	for _, part := range []string{p.Detail, p.Fix} {
		if part != "" {
			out += ": " + part
		}
	}
	return out
}

const kindPrefix = "urn:crosswalk:"

func problem(status int, kind, title string) *Problem {
	return &Problem{Type: kindPrefix + kind, Title: title, Status: status}
}

// badRequest is a request that is wrong by itself: which field, and what to write.
func badRequest(field, detail, fix string) *Problem {
	p := problem(http.StatusBadRequest, "bad-request", "the request cannot be read")
	p.Field, p.Detail, p.Fix = field, detail, fix
	return p
}

// problemOf is the one switch from an error to what a caller is told. Anything it does not know is a fault of ours: the
// caller gets an id, the log the text.
func problemOf(err error) *Problem {
	var (
		own      *Problem
		gates    *engine.GatesError
		changed  *engine.ChangedError
		missing  *engine.NotFoundError
		other    *engine.OtherAccountError
		refused  *engine.RefusedError
		problems mapping.Problems
		vendor   *connector.Error
		tooLarge *http.MaxBytesError
	)
	switch {
	case errors.As(err, &own):
		return own
	case errors.As(err, &problems):
		return invalid(problems)
	case errors.As(err, &gates):
		return notReady(gates)
	case errors.As(err, &changed):
		p := problem(http.StatusPreconditionFailed, "changed", "the mapping is not as it was when you looked")
		p.Detail, p.Fix, p.Command = changed.Error(), "look at what was changed, then do it again", "crosswalk export "+changed.Mapping
		return p
	case errors.As(err, &missing):
		p := problem(http.StatusNotFound, "not-found", "there is no such "+missing.What)
		p.Detail = missing.Error()
		return p
	case errors.As(err, &other):
		p := problem(http.StatusConflict, "refused", "this is another account")
		p.Detail, p.Fix = other.Error(), "use a credential of account "+other.Bound+", or name account "+other.Opens+" as another connection in the configuration; nothing was changed"
		return p
	case errors.As(err, &refused):
		p := problem(http.StatusConflict, "refused", "this cannot be done as things stand")
		p.Detail, p.Fix, p.Command = refused.Why, refused.Fix, commandIn(refused.Fix)
		return p
	case errors.As(err, &tooLarge):
		p := problem(http.StatusRequestEntityTooLarge, "too-large", "the request is too large")
		p.Fix = "send less than 1 MiB"
		return p
	case errors.As(err, &vendor):
		p := problem(http.StatusBadGateway, "unavailable", "a connected system did not answer as needed")
		p.Detail, p.Fix, p.Command = vendor.Error(), "look at the connection, then try again", "crosswalk check"
		return p
	case errors.Is(err, context.DeadlineExceeded): // of a function's time; on one machine a call may take as long as its caller waits
		p := problem(http.StatusGatewayTimeout, "unavailable", "it took longer than one call may")
		p.Fix = "ask for less at once, or try again when the systems are quicker; what was begun is kept: crosswalk status"
		p.Command = "crosswalk status"
		return p
	}
	return problem(http.StatusInternalServerError, "internal", "something failed inside; the log has it under this id")
}

// notReady lists the gates that a version did not pass, each with the command that passes it.
func notReady(gates *engine.GatesError) *Problem {
	p := problem(http.StatusConflict, "refused", "it cannot go live yet")
	p.Detail = fmt.Sprintf("version %d of %s has not passed every gate", gates.Version, gates.Mapping)
	for _, g := range gates.Missing {
		p.Problems = append(p.Problems, Complaint{Mapping: gates.Mapping, Field: g.Name, Message: g.State, Fix: g.Command})
	}
	p.Fix, p.Command = gates.Missing[0].Command, gates.Missing[0].Command
	return p
}

func invalid(problems mapping.Problems) *Problem {
	p := problem(http.StatusUnprocessableEntity, "invalid", "the mapping was not accepted")
	p.Detail = "nothing was stored"
	for _, one := range problems {
		p.Problems = append(p.Problems, Complaint{Mapping: one.Mapping, Line: one.Line, Field: one.Field, Message: one.Message, Fix: one.Fix})
	}
	if len(p.Problems) > 0 {
		p.Field, p.Fix = p.Problems[0].Field, p.Problems[0].Fix
	}
	return p
}

// commandIn finds the command that a fix ends with.
func commandIn(fix string) string {
	if at := strings.Index(fix, "crosswalk "); at >= 0 {
		return fix[at:]
	}
	return ""
}

func writeProblem(w http.ResponseWriter, p *Problem) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // the caller went away: nothing is left to tell it
}
