package salesforce

import (
	"strconv"
	"strings"
	"time"

	"crosswalk/internal/rest"
)

// BucketCalls is the bucket all calls are charged to; the wiring gives it to the budget.
const BucketCalls = "salesforce/calls"

// Limit is one of Salesforce's own.
type Limit struct {
	Bucket string
	Calls  int           // in any such time
	Per    time.Duration // see Limits
	Daily  int           // in any 24 hours
}

// Limits gives the published limits of an edition with so many Salesforce licences (fact sheet 11). The day's calls are
// the whole org's, shared with every other tool, in any 24 hours. There is no limit per second, only one on calls that
// run 20 seconds and longer: 25 at once, 5 in Developer orgs. Keeping to that many calls a second keeps it in all but
// the slowest hours.
func Limits(edition string, licences int) []Limit {
	l := Limit{Bucket: BucketCalls, Calls: 25, Per: time.Second, Daily: 100_000 + 1000*max(licences, 0)}
	switch edition {
	case "unlimited", "performance":
		l.Daily = 100_000 + 5000*max(licences, 0)
	case "developer":
		l.Calls, l.Daily = 5, 15_000
	case "sandbox": // a full one
		l.Daily = 5_000_000
	}
	return []Limit{l}
}

// Usage is what Salesforce counts itself, on every answer (fact sheet 4.1): calls of the last 24 hours, of all tools
// together. It is to be believed over our own count.
type Usage struct {
	Used, Max int
	// Of our own app, where the administrator gave apps quotas of their own; else 0.
	AppUsed, AppMax int
}

// UsageOf reads Sforce-Limit-Info; false when the answer does not bear it.
func UsageOf(a rest.Answer) (Usage, bool) {
	var u Usage
	for part := range strings.SplitSeq(a.Header.Get("Sforce-Limit-Info"), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		value, _, _ = strings.Cut(value, "(")
		used, most, _ := strings.Cut(value, "/")
		n, err := strconv.Atoi(used)
		m, err2 := strconv.Atoi(most)
		if err != nil || err2 != nil || n < 0 || m < 0 {
			continue
		}
		switch name {
		case "api-usage":
			u.Used, u.Max = n, m
		case "per-app-api-usage":
			u.AppUsed, u.AppMax = n, m
		}
	}
	return u, u.Max > 0
}

// DailyLeft reads how many calls are left of the last 24 hours, other tools' use included: of the org or of our app,
// whichever is fewer.
func DailyLeft(a rest.Answer) (int, bool) {
	u, ok := UsageOf(a)
	if !ok {
		return 0, false
	}
	left := u.Max - u.Used
	if u.AppMax > 0 {
		left = min(left, u.AppMax-u.AppUsed)
	}
	return max(left, 0), true
}
