package rest

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"syscall"
	"time"
)

// NoAnswerError means that no whole answer came. Sent is false only when the request certainly did not reach the
// vendor; with Sent a write may have been carried out. Its text never quotes addresses or bodies.
type NoAnswerError struct {
	Sent    bool
	Err     error
	passing bool // the transport's fault: worth another try of a safe request
}

func (e *NoAnswerError) Error() string {
	if e.Sent {
		return "no answer: " + reason(e.Err)
	}
	return "not sent: " + reason(e.Err)
}

func (e *NoAnswerError) Unwrap() error { return e.Err }

// WaitError means that the gate would let the call through only at Until. Do makes it from any gate error that
// has the method WaitUntil() (until time.Time, daily bool), so that a gate need not know this package.
type WaitError struct {
	Bucket string
	Until  time.Time
	Daily  bool // the day's calls are used up, not only the moment's
}

func (e *WaitError) Error() string {
	return fmt.Sprintf("bucket %s: wait until %s", e.Bucket, e.Until.UTC().Format(time.RFC3339))
}

const (
	errTooLarge = plain("the answer is larger than the limit")
	errBadPath  = plain("request path: bad % escape or character")
)

func notSent(err error) *NoAnswerError { return &NoAnswerError{Err: err} }

// lost judges a transport's error. What fails while a connection is being made was never sent; all else may have been.
func lost(err error) *NoAnswerError {
	return &NoAnswerError{Sent: !beforeSend(err), Err: err, passing: !errors.Is(err, context.Canceled)}
}

func beforeSend(err error) bool {
	var op *net.OpError
	var name *net.DNSError
	var cert *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	return errors.As(err, &op) && (op.Op == "dial" || op.Op == "proxyconnect") ||
		errors.As(err, &name) || errors.As(err, &cert) || errors.As(err, &record)
}

// reason names a cause in our own words: a transport quotes addresses and, for malformed answers, their bytes.
func reason(err error) string {
	var op *net.OpError
	var name *net.DNSError
	var cert *tls.CertificateVerificationError
	var slow net.Error
	switch {
	case errors.Is(err, context.Canceled):
		return "cancelled"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &slow) && slow.Timeout():
		return "timed out"
	case errors.As(err, &name):
		return "the host name has no address"
	case errors.As(err, &cert):
		return "the host's certificate was not accepted"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.Is(err, syscall.ECONNRESET):
		return "connection reset"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "the answer was cut short"
	case errors.As(err, &op):
		return "network fault on " + op.Op
	case spoken(err):
		return err.Error()
	}
	return "the exchange failed"
}

// gateFault turns a gate's wish to wait into a *WaitError.
func gateFault(bucket string, err error) error {
	var wait interface{ WaitUntil() (time.Time, bool) }
	if !errors.As(err, &wait) {
		return err
	}
	until, daily := wait.WaitUntil()
	return &WaitError{Bucket: bucket, Until: until, Daily: daily}
}

// plain is a cause in our own words.
type plain string

func (p plain) Error() string   { return string(p) }
func (p plain) PlainText() bool { return true }

// PlainText says that the text may be shown: it quotes nothing. Token sources and gates give their errors it too.
func (e *WaitError) PlainText() bool { return true }

func spoken(err error) bool {
	var p interface{ PlainText() bool }
	return errors.As(err, &p) && p.PlainText()
}

// RetryAfter gives how long the vendor asks us to wait: the Retry-After header in seconds or as a date, 0 when it
// says nothing usable. Negative and absurd values (over 24 h) are cut to the range.
func (a Answer) RetryAfter(now time.Time) time.Duration {
	text := a.Header.Get("Retry-After")
	if text == "" {
		return 0
	}
	if seconds, err := strconv.ParseFloat(text, 64); err == nil && seconds == seconds {
		seconds = min(max(seconds, 0), (24 * time.Hour).Seconds())
		return time.Duration(seconds * float64(time.Second))
	}
	at, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	if !a.Date.IsZero() {
		now = a.Date // their clock on both sides of the difference
	}
	return min(max(at.Sub(now), 0), 24*time.Hour)
}
