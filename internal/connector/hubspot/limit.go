package hubspot

import (
	"strconv"
	"time"

	"crosswalk/internal/rest"
)

// Buckets that calls are charged to; the wiring gives them to the budget. Search calls also count as calls.
const (
	BucketCalls        = "hubspot/calls"
	BucketSearch       = "hubspot/search"
	BucketAssociations = "hubspot/associations"
)

// Limit is one of HubSpot's own: so many calls within any such time, and a day of the account.
type Limit struct {
	Bucket string
	Calls  int
	Per    time.Duration
	Daily  int    // 0: none published
	Within string // the bucket its calls also count in
}

// Limits gives HubSpot's published limits (fact sheet 12). OAuth apps have 110 calls in ten seconds and no daily
// cap; private and static apps 100 on small editions, else 190, and share the account's day with all others.
func Limits(oauth bool, edition string) []Limit {
	calls := Limit{Bucket: BucketCalls, Calls: 100, Per: 10 * time.Second, Daily: 250_000}
	links := Limit{Bucket: BucketAssociations, Calls: 100, Per: 10 * time.Second, Daily: 500_000}
	switch edition {
	case "professional":
		calls.Calls, calls.Daily, links.Calls = 190, 625_000, 150
	case "enterprise":
		calls.Calls, calls.Daily, links.Calls = 190, 1_000_000, 200
	}
	if oauth {
		calls.Calls, calls.Daily = 110, 0
	}
	return []Limit{calls, {Bucket: BucketSearch, Calls: 5, Per: time.Second, Within: BucketCalls}, links}
}

// DailyLeft reads how many of the account's calls are left today, other apps' use included. OAuth apps and search
// are not told.
func DailyLeft(a rest.Answer) (int, bool) {
	n, err := strconv.Atoi(a.Header.Get("X-HubSpot-RateLimit-Daily-Remaining"))
	return n, err == nil && n >= 0
}
