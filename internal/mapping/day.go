package mapping

import (
	"fmt"
	"time"
)

// String writes YYYY-MM-DD, which compares as days do.
func (d Day) String() string { return fmt.Sprintf("%04d-%02d-%02d", d.Year, d.Month, d.Day) }

// ParseDay reads YYYY-MM-DD and refuses days that do not exist.
func ParseDay(text string) (Day, error) {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return Day{}, fmt.Errorf("%q is not a day; write it as YYYY-MM-DD, for example 2026-01-31", text)
	}
	return Day{Year: t.Year(), Month: int(t.Month()), Day: t.Day()}, nil
}
