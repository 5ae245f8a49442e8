package transform

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // Lambda's base image has no zone files
)

func dateSpecs() []Spec {
	zone := Param{Name: "zone", Default: "UTC", Doc: "IANA name of the time zone that decides which day it is, such as Europe/Berlin"}
	from := Param{Name: "from", Doc: "pattern of the text that comes in, such as DD.MM.YYYY; ISO dates, instants and epoch milliseconds need none"}
	to := Param{Name: "to", Default: "YYYY-MM-DD", Doc: "pattern of the text that goes out"}
	return []Spec{
		{Name: "date", Doc: "The calendar day, from a date, an instant (RFC 3339, Salesforce's +0000 form) or epoch milliseconds. A date stays the day it is; an instant becomes the day it was in the zone. Back: datetime, or midnight where the other side keeps a day as an instant.",
			Example: `date("America/New_York"): "2026-01-01T02:00:00Z" -> "2025-12-31"`, Inputs: 1, Fails: true,
			Params: []Param{zone, from, to}, Prepare: prepareDate, WayOf: wayOfDate, Run: runDate, Home: homeDate},
		{Name: "datetime", Doc: "The instant, as RFC 3339 in UTC with milliseconds where there are any, from an instant, epoch milliseconds, or a date (midnight in the zone). to=\"ms\" gives epoch milliseconds. Back: datetime, or date where the other side keeps a day.",
			Example: `datetime: "2026-01-02T03:04:05.000+0000" -> "2026-01-02T03:04:05Z"`, Inputs: 1, Way: AsIs, Fails: true,
			Params: []Param{zone, {Name: "to", Default: "rfc3339", Doc: "rfc3339 or ms"}},
			Prepare: func(a Args) (any, error) {
				if to := a.Text("to", "rfc3339"); to != "rfc3339" && to != "ms" {
					return nil, errors.New("argument to must be rfc3339 or ms")
				}
				return prepareDate(Args{named: map[string]string{"zone": a.Text("zone", "UTC")}})
			},
			Run: func(u *Use, in []string) (string, error) {
				t, _, err := readTime(u, in[0])
				switch {
				case err != nil:
					return "", err
				case u.Text("to", "") == "ms":
					return strconv.FormatInt(t.UnixMilli(), 10), nil
				}
				return instant(t), nil
			}},
	}
}

// instant writes an instant in the one form that it has here.
func instant(t time.Time) string {
	return t.UTC().Truncate(time.Millisecond).Format("2006-01-02T15:04:05.999Z07:00")
}

// dateArgs is what the arguments of date and datetime come to; the patterns are Go layouts, "" when not given.
type dateArgs struct {
	zone     *time.Location
	from, to string
}

func prepareDate(a Args) (any, error) {
	name := a.Text("zone", "UTC")
	zone, err := time.LoadLocation(name)
	if err != nil || name == "" || name == "Local" {
		return nil, fmt.Errorf("no time zone is called %q; use an IANA name such as Europe/Berlin", name)
	}
	d := dateArgs{zone: zone}
	if d.from, err = layout(a.Text("from", "")); err != nil {
		return nil, err
	}
	d.to, err = layout(a.Text("to", ""))
	return d, err
}

// layout turns YYYY-MM-DD into Go's 2006-01-02. All of year, month and day must be there, so that the day survives.
func layout(pattern string) (string, error) {
	if pattern == "" {
		return "", nil
	}
	for _, part := range []string{"YYYY", "MM", "DD"} {
		if strings.Count(pattern, part) != 1 {
			return "", fmt.Errorf("a date pattern has YYYY, MM and DD once each, such as DD.MM.YYYY, and %q has not", pattern)
		}
	}
	rest := strings.NewReplacer("YYYY", "", "MM", "", "DD", "").Replace(pattern)
	if i := strings.IndexFunc(rest, func(r rune) bool { return !strings.ContainsRune("-/. ,", r) }); i >= 0 {
		return "", fmt.Errorf("a date pattern has only YYYY, MM, DD and the signs - / . , and blank, and %q has others", pattern)
	}
	return strings.NewReplacer("YYYY", "2006", "MM", "01", "DD", "02").Replace(pattern), nil
}

const isoDate = "2006-01-02"

func wayOfDate(a Args) Way {
	if to := a.Text("to", "YYYY-MM-DD"); to == "YYYY-MM-DD" || to == a.Text("from", "") {
		return AsIs
	}
	return Inverse
}

func runDate(u *Use, in []string) (string, error) {
	t, isDate, err := readTime(u, in[0])
	if err != nil {
		return "", err
	}
	d := u.Prepared.(dateArgs)
	if !isDate {
		t = t.In(d.zone)
	}
	if y := t.Year(); y < 1 || y > 9999 {
		return "", u.Fail("the year is beyond 9999", "correct the date at its source")
	}
	if d.to != "" {
		return t.Format(d.to), nil
	}
	return t.Format(isoDate), nil
}

// homeDate reads the outgoing pattern and writes the incoming one.
func homeDate(u *Use, value string, _ int) ([]string, error) {
	d := u.Prepared.(dateArgs)
	t, err := time.Parse(d.to, strings.TrimSpace(value))
	if err != nil {
		return nil, u.Fail("not a date of the pattern "+u.Text("to", ""), "correct the date at its source")
	}
	if d.from != "" {
		return []string{t.Format(d.from)}, nil
	}
	return []string{t.Format(isoDate)}, nil
}

// instants are the forms in which our systems send an instant: RFC 3339, and Salesforce's offset without a colon.
var instants = []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999Z0700", "2006-01-02T15:04Z07:00"}

// readTime reads a date (then isDate, at midnight in the zone) or an instant.
func readTime(u *Use, text string) (t time.Time, isDate bool, err error) {
	d := u.Prepared.(dateArgs)
	text = strings.TrimSpace(text)
	for _, form := range []string{d.from, isoDate, d.from2()} {
		if form == "" {
			continue
		}
		if t, err = time.ParseInLocation(form, text, d.zone); err == nil {
			return t, true, nil
		}
	}
	for _, form := range instants {
		if t, err = time.Parse(form, text); err == nil {
			return t, false, nil
		}
	}
	if ms, ok := epochMillis(text); ok {
		// A whole number of UTC days is how HubSpot sends a date: it is that day everywhere.
		if t = time.UnixMilli(ms).UTC(); ms%86_400_000 == 0 {
			return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, d.zone), true, nil
		}
		return t, false, nil
	}
	return time.Time{}, false, u.Fail("neither a date nor an instant", `use 2026-01-31, RFC 3339 or epoch milliseconds, or name the pattern: from="DD.MM.YYYY"`)
}

// from2: with no pattern for what comes in, a text already in the outgoing pattern is taken too.
func (d dateArgs) from2() string {
	if d.from == "" {
		return d.to
	}
	return ""
}

// epochMillis takes a number for epoch milliseconds only where it cannot be epoch seconds or a date without dashes:
// from 1973 on, or whole days.
func epochMillis(text string) (ms int64, ok bool) {
	ms, err := strconv.ParseInt(text, 10, 64)
	if err != nil || ms > 253_402_300_799_999 || ms < -62_135_596_800_000 {
		return 0, false
	}
	return ms, ms >= 100_000_000_000 || ms <= -100_000_000_000 || ms%86_400_000 == 0
}
