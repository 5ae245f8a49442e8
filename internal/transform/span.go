package transform

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"crosswalk/internal/money"
)

// spanSpecs carry lengths of time, shares of a whole, and days that a system keeps as instants.
func spanSpecs() []Spec {
	unit := func(name, doc string) Param {
		return Param{Name: name, Required: true, Doc: doc + ": ms, s, min, h or d"}
	}
	return []Spec{
		{Name: "duration", Doc: "A length of time in another unit, in whole ones, halves away from zero: a HubSpot call's milliseconds are a Salesforce call's seconds. Back: duration with the units in the other order.",
			Example: `duration("ms", "s"): "90500" -> "91"`, Inputs: 1, Way: Inverse, Fails: true,
			Params: []Param{unit("from", "the unit that comes in"), unit("to", "the unit that goes out")},
			Prepare: func(a Args) (any, error) {
				for _, name := range []string{"from", "to"} {
					if units[a.Text(name, "")] == 0 {
						return nil, fmt.Errorf("argument %s must be ms, s, min, h or d", name)
					}
				}
				return nil, nil
			},
			Run:  func(u *Use, in []string) (string, error) { return inUnit(u, in[0], "from", "to") },
			Home: func(u *Use, value string, _ int) ([]string, error) { return alone(inUnit(u, value, "to", "from")) }},
		{Name: "minutes_between", Doc: "The whole minutes from the first instant to the second: the length of a meeting from its start and end. It goes one way; for the way home name plus_minutes on the end.",
			Example: `minutes_between: "2026-01-31T09:00:00Z", "2026-01-31T10:30:00Z" -> "90"`, Inputs: 2, Way: OneWay, Fails: true, Prepare: inUTC,
			Run: func(u *Use, in []string) (string, error) {
				if len(in) < 2 || in[0] == "" || in[1] == "" {
					return "", nil
				}
				start, _, err := readTime(u, in[0])
				if err != nil {
					return "", err
				}
				end, _, err := readTime(u, in[1])
				if err != nil {
					return "", err
				}
				return strconv.FormatInt(int64(end.Sub(start).Round(time.Minute)/time.Minute), 10), nil
			}},
		{Name: "plus_minutes", Doc: "The instant so many minutes after the first input; the second is the minutes: the end of a meeting from its start and length. It goes one way; for the way home name minutes_between.",
			Example: `plus_minutes: "2026-01-31T09:00:00Z", "90" -> "2026-01-31T10:30:00Z"`, Inputs: 2, Way: OneWay, Fails: true, Prepare: inUTC, Run: plusMinutes},
		{Name: "midnight", Doc: "A day as the instant at which it begins in UTC, which is how HubSpot's date properties keep it; of an instant, the day that it was in the zone. to=\"ms\" gives epoch milliseconds. On the way home it is the day (back: date).",
			Example: `midnight: "2026-01-31" -> "2026-01-31T00:00:00Z"`, Inputs: 1, Way: Inverse, Fails: true,
			Params: []Param{{Name: "zone", Default: "UTC", Doc: "IANA name of the time zone that decides which day an instant was"}, {Name: "to", Default: "rfc3339", Doc: "rfc3339 or ms"}},
			Prepare: func(a Args) (any, error) {
				if _, err := oneWordOf("to", "rfc3339", "rfc3339", "ms")(a); err != nil {
					return nil, err
				}
				return prepareDate(Args{named: map[string]string{"zone": a.Text("zone", "UTC")}})
			},
			Run: func(u *Use, in []string) (string, error) {
				day, err := dayOf(u, in[0], u.Prepared.(dateArgs).zone)
				if err != nil {
					return "", err
				}
				if u.Text("to", "") == "ms" {
					return strconv.FormatInt(day.UnixMilli(), 10), nil
				}
				return day.Format(time.RFC3339), nil
			},
			Home: func(u *Use, value string, _ int) ([]string, error) {
				day, err := dayOf(u, value, time.UTC)
				if err != nil {
					return nil, err
				}
				return []string{day.Format(isoDate)}, nil
			}},
		{Name: "percent", Doc: "A share of 1 as percent: 0.35 is 35, as Salesforce keeps it. Back: fraction.",
			Example: `percent: "0.35" -> "35"`, Inputs: 1, Way: Inverse, Fails: true,
			Run:  func(u *Use, in []string) (string, error) { return shifted(u, in[0], 2) },
			Home: func(u *Use, value string, _ int) ([]string, error) { return alone(shifted(u, value, -2)) }},
		{Name: "fraction", Doc: "Percent as a share of 1: 35 is 0.35, as HubSpot keeps it. Back: percent.",
			Example: `fraction: "35" -> "0.35"`, Inputs: 1, Way: Inverse, Fails: true,
			Run:  func(u *Use, in []string) (string, error) { return shifted(u, in[0], -2) },
			Home: func(u *Use, value string, _ int) ([]string, error) { return alone(shifted(u, value, 2)) }},
	}
}

// units are lengths in milliseconds.
var units = map[string]int64{"ms": 1, "s": 1000, "min": 60_000, "h": 3_600_000, "d": 86_400_000}

func inUnit(u *Use, text, from, to string) (string, error) {
	d, err := number(u, text)
	if err != nil {
		return "", err
	}
	whole, ok := d.Mul(money.NewDecimal(units[u.Text(from, "")])).Quo(money.NewDecimal(units[u.Text(to, "")]), 0)
	if !ok {
		return "", u.Fail("the number is too long", "correct it at its source")
	}
	return whole.String(), nil
}

func shifted(u *Use, text string, places int) (string, error) {
	d, err := number(u, strings.TrimSuffix(strings.TrimSpace(text), "%"))
	if err != nil {
		return "", err
	}
	if d = d.Shift(places); d.Scale() > money.MaxExponent || d.Digits() > money.MaxDigits {
		return "", u.Fail("the number is too long", "correct it at its source")
	}
	return d.String(), nil
}

// maxMinutes bounds a meeting: ten years are a mistake, and far from what a duration can hold.
const maxMinutes = 10 * 366 * 24 * 60

func inUTC(Args) (any, error) { return dateArgs{zone: time.UTC}, nil }

func plusMinutes(u *Use, in []string) (string, error) {
	if len(in) < 2 || in[0] == "" || in[1] == "" {
		return "", nil
	}
	start, _, err := readTime(u, in[0])
	if err != nil {
		return "", err
	}
	d, err := number(u, in[1])
	if err != nil {
		return "", err
	}
	minutes, ok := d.Int64()
	if !ok || minutes > maxMinutes || minutes < -maxMinutes {
		return "", u.Fail("not a whole number of minutes below ten years", "correct the length at its source")
	}
	return instant(start.Add(time.Duration(minutes) * time.Minute)), nil
}

// dayOf gives midnight UTC of the day that a date is, or that an instant was in the zone.
func dayOf(u *Use, text string, zone *time.Location) (time.Time, error) {
	t, isDate, err := readTime(u, text)
	if err != nil {
		return time.Time{}, err
	}
	if !isDate {
		t = t.In(zone)
	}
	if y := t.Year(); y < 1 || y > 9999 {
		return time.Time{}, u.Fail("the year is beyond 9999", "correct the date at its source")
	}
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC), nil
}
