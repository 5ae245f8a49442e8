package connector

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Fault is the meaning of a vendor's error: a new one exists only where the engine would do something different.
type Fault string

const (
	Throttled    Fault = "throttled"    // a rate limit; After says how long nothing should be sent
	OutOfQuota   Fault = "out_of_quota" // the day's calls are used up; After says until when
	Unavailable  Fault = "unavailable"  // the system is down, timed out or answered nonsense
	Unauthorized Fault = "unauthorized" // the credential is dead: a person must reconnect
	Forbidden    Fault = "forbidden"    // the credential lacks a right; Fields or Code name it
	Missing      Fault = "missing"      // no such record
	Invalid      Fault = "invalid"      // the values were refused; Fields name them where the vendor does
	Clash        Fault = "clash"        // another record has this unique value; Existing is its id where the vendor says
	Locked       Fault = "locked"       // busy for a moment
	BadState     Fault = "bad_state"    // the record is not in a state that allows this
)

// Error is what a connector returns. It carries ids, field names and codes, never values: it may be logged.
type Error struct {
	Fault    Fault
	Op       string // "read deals", "create invoice-receivables"
	Code     string // the vendor's own code, when it gives one
	Fields   []string
	Existing string
	After    time.Duration // how long to wait before anything is sent to this bucket again
	Status   int           // HTTP status, 0 when there was no answer
	Err      error
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Op)
	b.WriteString(": ")
	b.WriteString(string(e.Fault))
	if e.Status != 0 {
		fmt.Fprintf(&b, ": HTTP %d", e.Status)
	}
	if e.Code != "" {
		b.WriteString(" " + e.Code)
	}
	if len(e.Fields) > 0 {
		b.WriteString(": " + strings.Join(e.Fields, ", "))
	}
	if e.After > 0 {
		fmt.Fprintf(&b, ": retry in %s", e.After)
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	return b.String()
}

func (e *Error) Unwrap() error { return e.Err }

// FaultOf gives the fault of an error, "" when it is not a connector's.
func FaultOf(err error) Fault {
	var e *Error
	if errors.As(err, &e) {
		return e.Fault
	}
	return ""
}

// Transient tells whether the same call may succeed later without anybody doing anything.
func (f Fault) Transient() bool {
	switch f {
	case Throttled, OutOfQuota, Unavailable, Locked:
		return true
	}
	return false
}
