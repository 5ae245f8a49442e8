package token

import (
	"errors"
	"fmt"
)

// NotConnected is the code of a DeadError of a connection that has no credential yet, or none any more.
const NotConnected = "not_connected"

// DeadError means that there is no credential that could be renewed: it was revoked, the app was removed, or none was put
// in yet. A person must connect; nothing is retried by itself.
type DeadError struct {
	Code       string // the vendor's code (invalid_grant, BAD_REFRESH_TOKEN), or NotConnected
	Connection string // where it is known
}

func (e *DeadError) Error() string {
	command := "crosswalk connect " + e.Connection
	switch {
	case e.Code == NotConnected:
		return "not connected: " + command
	case e.Connection != "":
		return "the connection's credential is dead (" + e.Code + "): " + command
	}
	return "the connection's credential is dead (" + e.Code + "): connect it again"
}

// PlainText says that the text quotes no secret.
func (e *DeadError) PlainText() bool { return true }

// RefreshError means that a renewal failed this time; the credential may still be good.
type RefreshError struct {
	Doing  string // what failed; "" is renewing the access token
	Status int    // HTTP status, 0 without an answer
	Code   string // the vendor's, when it is a short word
	Err    error
}

func (e *RefreshError) Error() string {
	text := "renewing the access token failed"
	if e.Doing != "" {
		text = e.Doing + " failed"
	}
	if e.Status != 0 {
		text += fmt.Sprintf(": HTTP %d", e.Status)
	}
	if e.Code != "" {
		text += " " + e.Code
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

func (e *RefreshError) Unwrap() error { return e.Err }

// PlainText says that the text quotes no secret.
func (e *RefreshError) PlainText() bool { return true }

const revoking = "revoking the token"

// CodeOf is the vendor's code in an error of an Endpoint: invalid_grant, BAD_AUTH_CODE, INVALID_CLIENT; "" when it said none.
func CodeOf(err error) string {
	var dead *DeadError
	var refresh *RefreshError
	switch {
	case errors.As(err, &dead):
		return dead.Code
	case errors.As(err, &refresh):
		return refresh.Code
	}
	return ""
}
