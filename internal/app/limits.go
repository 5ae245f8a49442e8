package app

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"crosswalk/internal/budget"
	"crosswalk/internal/connector/hubspot"
	"crosswalk/internal/connector/light"
	"crosswalk/internal/connector/salesforce"
	"crosswalk/internal/rest"
	"crosswalk/internal/store/shelf"
)

// reserve is the part of a limit that bulk work leaves to live changes.
const reserve = 0.2

// limits spends a connection's calls no faster than the vendor allows: on the shelf where workers share them, in memory where one
// process makes them all. nil is no limit. How much of the day may be spent is what a person set, else 80 % (invariant Q10).
func limits(name string, c Connection, on *shelf.Shelf, shares budget.Shares) (budget.Gate, error) {
	sys, ok := systems[c.System]
	if c.Limits == "off" || !ok {
		return nil, nil
	}
	buckets := sys.limits(c)
	for n := range buckets {
		buckets[n].Reserve = reserve
	}
	if on == nil {
		l, err := budget.New(buckets...)
		if err != nil {
			return nil, err
		}
		l.SetShares(shares)
		return l, nil
	}
	s, err := budget.NewShared(on, "budget/"+name, nil, buckets...)
	if err != nil {
		return nil, err
	}
	s.SetShares(shares)
	return s, nil
}

// shares gives what a person set for a connection.
func (a *App) shares(connection string) budget.Shares {
	return func(ctx context.Context) (budget.Share, error) {
		if a.Engine == nil { // the connections are made before it
			return budget.Share{}, nil
		}
		set, err := a.Engine.Budget(ctx, connection)
		return budget.Share{PerDay: set.PerDay, Percent: set.Percent}, err
	}
}

// word is what a vendor's answer says of limits: the day's calls of a bucket, or that a bucket is closed until a moment.
type word struct {
	bucket string
	seen   budget.Seen
	until  time.Time
}

// words read the headers that each vendor sends with its answers.
var words = map[string]func(bucket string, a rest.Answer) word{
	"hubspot":    hubspotWord,
	"light":      lightWord,
	"salesforce": salesforceWord,
}

// hubspotWord: private apps are told of the day that they share, on calls that count in it; OAuth apps and searches are not
// (hubspot.md 12).
func hubspotWord(bucket string, a rest.Answer) word {
	left, ok := hubspot.DailyLeft(a)
	limit, err := strconv.Atoi(a.Header.Get("X-HubSpot-RateLimit-Daily"))
	if !ok || err != nil || limit < left || bucket != hubspot.BucketCalls {
		return word{}
	}
	return word{bucket: bucket, seen: budget.Seen{Used: limit - left, Limit: limit}}
}

// lightWord: Light tells one limit, the minute's or the day's, whichever its size says it is, and when that begins anew
// (light.md 3).
func lightWord(bucket string, a rest.Answer) word {
	limit, err := strconv.Atoi(a.Header.Get("X-RateLimit-Limit"))
	left, err2 := strconv.Atoi(a.Header.Get("X-RateLimit-Remaining"))
	seconds, err3 := strconv.ParseInt(a.Header.Get("X-RateLimit-Reset"), 10, 64)
	if err != nil || err2 != nil || err3 != nil || limit <= 0 || left < 0 || left > limit {
		return word{}
	}
	now := time.Now()
	resets := time.Unix(seconds, 0)
	if !a.Date.IsZero() {
		resets = now.Add(resets.Sub(a.Date)) // their clock on both sides of the difference
	}
	const minute = 10_000 // a limit below it is not the day's, which is 100,000
	switch {
	case resets.Before(now) || resets.After(now.Add(25*time.Hour)):
		return word{}
	case limit >= minute:
		return word{bucket: light.BucketCalls, seen: budget.Seen{Used: limit - left, Limit: limit, Resets: resets}}
	case left == 0 && resets.Sub(now) <= time.Minute:
		return word{bucket: light.BucketCalls, until: resets}
	}
	return word{}
}

// salesforceWord: every answer tells the calls of the last 24 hours, of all tools together, and those of our own app where the
// administrator gave it a quota: the one of which less is left counts (salesforce.md 4.1, 11).
func salesforceWord(_ string, a rest.Answer) word {
	a.Header = http.Header{limitInfo: {strings.ReplaceAll(a.Header.Get(limitInfo), ";", ",")}} // its parts were seen apart by either
	u, ok := salesforce.UsageOf(a)
	if !ok {
		return word{}
	}
	seen := budget.Seen{Used: u.Used, Limit: u.Max}
	if u.AppMax > 0 && u.AppMax-u.AppUsed < u.Max-u.Used {
		seen = budget.Seen{Used: u.AppUsed, Limit: u.AppMax}
	}
	return word{bucket: salesforce.BucketCalls, seen: seen}
}

const limitInfo = "Sforce-Limit-Info"

// observe hears what the vendor's answers say of its limits.
func (m *meter) observe(system string) func(bucket string, a rest.Answer) {
	read := words[system]
	if m.limiter == nil || read == nil {
		return nil
	}
	return func(bucket string, a rest.Answer) {
		if a.Status == http.StatusUnauthorized {
			return // it may be of another account
		}
		w := read(bucket, a)
		if w.seen.Limit > 0 {
			m.limiter.Observe(w.bucket, w.seen)
		}
		if !w.until.IsZero() {
			m.limiter.Block(w.bucket, w.until)
		}
	}
}

// inAccountZone are the systems whose day is the account's own (hubspot.md 12); Light's is UTC, Salesforce's any 24 hours.
var inAccountZone = map[string]bool{"hubspot": true}

// setZone takes up the zone of an account, once it is known.
func (m *meter) setZone(system, zone string) {
	if m.limiter == nil || !inAccountZone[system] || zone == "" {
		return
	}
	if at, err := time.LoadLocation(zone); err == nil { // a name that this machine does not know leaves the day in UTC
		m.limiter.SetZone(at)
	}
}
