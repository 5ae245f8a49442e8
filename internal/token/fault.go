package token

import "fmt"

// DeadError means that the credential cannot be renewed: it was revoked, or the app was removed. A person must
// connect again; nothing is retried.
type DeadError struct{ Code string } // the vendor's code: invalid_grant, BAD_REFRESH_TOKEN

func (e *DeadError) Error() string {
	return "the connection's credential is dead (" + e.Code + "): connect it again"
}

// PlainText says that the text quotes no secret.
func (e *DeadError) PlainText() bool { return true }

// RefreshError means that a renewal failed this time; the credential may still be good.
type RefreshError struct {
	Status int    // HTTP status, 0 without an answer
	Code   string // the vendor's, when it is a short word
	Err    error
}

func (e *RefreshError) Error() string {
	text := "renewing the access token failed"
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
