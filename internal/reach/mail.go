package reach

import "context"

// Letter is one message as a Mail gave it.
type Letter struct {
	Body    []byte
	Receipt string // the Mail's own
	Tries   int    // how often it was given to somebody, 1 and up
}

// Mail carries letters to the other end and brings what comes from there, at least once and in no order. It is safe for
// concurrent use.
type Mail interface {
	// Send gives a letter to the other end. An *UnsentError means that it was certainly not taken.
	Send(ctx context.Context, letter []byte) error
	// Receive waits some seconds for letters; none is no error. Those that it gives are hidden from others for a while.
	Receive(ctx context.Context) ([]Letter, error)
	// Done takes a letter away for good.
	Done(ctx context.Context, l Letter) error
	// Back gives a letter to whoever else waits at this end.
	Back(ctx context.Context, l Letter) error
}

// UnsentError says that a letter was certainly not taken.
type UnsentError struct{ Err error }

func (e *UnsentError) Error() string { return "not sent: " + e.Err.Error() }

// Unwrap gives the cause.
func (e *UnsentError) Unwrap() error { return e.Err }
