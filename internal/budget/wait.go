package budget

import (
	"fmt"
	"time"
)

// WaitError means that room comes only at Until; nothing was counted. Daily tells that the day's calls are used up.
type WaitError struct {
	Bucket string
	Until  time.Time
	Daily  bool
}

func (e *WaitError) Error() string {
	return fmt.Sprintf("budget of %s: wait until %s", e.Bucket, e.Until.UTC().Format(time.RFC3339))
}

// WaitUntil is how package rest reads it.
func (e *WaitError) WaitUntil() (until time.Time, daily bool) { return e.Until, e.Daily }
