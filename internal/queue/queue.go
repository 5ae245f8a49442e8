// Package queue holds what every lane.Queue has in common: the rules for a message (here) and a meter of
// what the same calls would cost on SQS (meter.go). The queues themselves are embedded (the laptop's) and
// sqs; queuetest is the suite all of them pass.
package queue

import (
	"errors"
	"fmt"
	"time"

	"crosswalk/internal/engine/lane"
)

// The limits of SQS, which every queue keeps.
const (
	MaxDelay      = 15 * time.Minute
	MaxVisibility = 12 * time.Hour
)

// ErrRefused is within the error of everything a queue refuses as a mistake of the caller; trying again is no use.
var ErrRefused = errors.New("queue: refused")

func refuse(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrRefused, fmt.Sprintf(format, args...))
}

// CheckMessage tells whether the message may be sent. A body is any bytes but none: a queue that takes
// only text, as SQS does, has to encode it.
func CheckMessage(m lane.Message) error {
	switch {
	case len(m.Body) == 0:
		return refuse("Body is empty; send what is to be done")
	case len(m.Body) > lane.MaxBody:
		return refuse("Body has %d bytes, the limit is %d; split the batch", len(m.Body), lane.MaxBody)
	case m.Delay < 0 || m.Delay > MaxDelay:
		return refuse("Delay is %v, the limit is %v; park longer waits in the store", m.Delay, MaxDelay)
	}
	return nil
}

// CheckLane tells whether there is such a lane.
func CheckLane(l lane.Lane) error {
	if l != lane.Live && l != lane.Bulk {
		return refuse("lane is %q; there are %q and %q", l, lane.Live, lane.Bulk)
	}
	return nil
}

// CheckMax tells whether a receive may ask for so many.
func CheckMax(max int) error {
	if max < 1 {
		return refuse("max is %d; ask for one or more", max)
	}
	return nil
}

// CheckVisibility tells whether messages can be hidden for so long.
func CheckVisibility(d time.Duration) error {
	if d <= 0 || d > MaxVisibility {
		return refuse("visibility is %v; it must be over 0 and at most %v", d, MaxVisibility)
	}
	return nil
}

// CheckRelease tells whether messages can be released with that delay.
func CheckRelease(d time.Duration) error {
	if d < 0 || d > MaxVisibility {
		return refuse("delay is %v; it must be 0 or more and at most %v", d, MaxVisibility)
	}
	return nil
}
