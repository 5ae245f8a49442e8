package app

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"crosswalk/internal/budget"
	"crosswalk/internal/rest"
	"crosswalk/internal/store/memory"
	"crosswalk/internal/store/shelf"
)

// What vendors' headers say of their limits, as the fact sheets give them.
func TestWords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()                                 // 946684800
		date := now.Add(-time.Hour).Truncate(time.Second) // their clock is behind ours
		for _, c := range []struct {
			name, system, bucket string
			header               map[string]string
			want                 word
		}{
			{"hubspot's day", "hubspot", "hubspot/calls", map[string]string{"X-HubSpot-RateLimit-Daily": "650000", "X-HubSpot-RateLimit-Daily-Remaining": "649000", "X-HubSpot-RateLimit-Max": "190"},
				word{bucket: "hubspot/calls", seen: budget.Seen{Used: 1000, Limit: 650_000}}},
			{"an OAuth app is told no day", "hubspot", "hubspot/calls", map[string]string{"X-HubSpot-RateLimit-Max": "110"}, word{}},
			{"associations have a day of their own", "hubspot", "hubspot/associations", map[string]string{"X-HubSpot-RateLimit-Daily": "650000", "X-HubSpot-RateLimit-Daily-Remaining": "1"}, word{}},
			{"nonsense", "hubspot", "hubspot/calls", map[string]string{"X-HubSpot-RateLimit-Daily": "10", "X-HubSpot-RateLimit-Daily-Remaining": "11"}, word{}},
			{"light's minute", "light", "light/calls", map[string]string{"X-RateLimit-Limit": "300", "X-RateLimit-Remaining": "12", "X-RateLimit-Reset": "946681220"}, word{}},
			{"light's minute is used up", "light", "light/calls", map[string]string{"X-RateLimit-Limit": "300", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "946681220"}, word{bucket: "light/calls", until: now.Add(20 * time.Second)}},
			{"light's day", "light", "light/calls", map[string]string{"X-RateLimit-Limit": "100000", "X-RateLimit-Remaining": "40000", "X-RateLimit-Reset": "946688400"},
				word{bucket: "light/calls", seen: budget.Seen{Used: 60_000, Limit: 100_000, Resets: now.Add(2 * time.Hour)}}},
			{"a reset long ago", "light", "light/calls", map[string]string{"X-RateLimit-Limit": "100000", "X-RateLimit-Remaining": "40000", "X-RateLimit-Reset": "1"}, word{}},
			{"salesforce", "salesforce", "", map[string]string{"Sforce-Limit-Info": "api-usage=18/5000"}, word{bucket: "salesforce/calls", seen: budget.Seen{Used: 18, Limit: 5000}}},
			{"salesforce, our app's quota", "salesforce", "", map[string]string{"Sforce-Limit-Info": "api-usage=18/5000; per-app-api-usage=17/250(appName=x)"}, word{bucket: "salesforce/calls", seen: budget.Seen{Used: 17, Limit: 250}}},
			{"salesforce, our app's quota, by commas", "salesforce", "", map[string]string{"Sforce-Limit-Info": "api-usage=18/5000, per-app-api-usage=17/250(appName=x)"}, word{bucket: "salesforce/calls", seen: budget.Seen{Used: 17, Limit: 250}}},
			{"nothing", "salesforce", "", nil, word{}},
		} {
			a := rest.Answer{Status: 200, Header: http.Header{}, Date: date}
			for name, value := range c.header {
				a.Header.Set(name, value)
			}
			got := words[c.system](c.bucket, a)
			if got.bucket != c.want.bucket || got.seen.Used != c.want.seen.Used || got.seen.Limit != c.want.seen.Limit || !got.seen.Resets.Equal(c.want.seen.Resets) || !got.until.Equal(c.want.until) {
				t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
			}
		}
	})
}

// Two workers on one shelf spend one budget; a laptop's process spends its own, in memory.
func TestWorkersShareTheBudgetOfAConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		on := shelf.New(memory.New())
		share := budget.Share{}
		shares := func(context.Context) (budget.Share, error) { return share, nil }
		c := Connection{System: "light", Auth: "key"}
		gate := func(on *shelf.Shelf) budget.Gate {
			g, err := limits("light", c, on, shares)
			if err != nil {
				t.Fatal(err)
			}
			return g
		}
		one, two, alone := gate(on), gate(on), gate(nil)
		for _, g := range []budget.Gate{one, two, alone} {
			for range 5 {
				if err := g.Enter(t.Context(), "light/calls", 1); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Minute)
			}
		}
		for _, c := range []struct {
			gate budget.Gate
			ours int
		}{{one, 10}, {two, 10}, {alone, 5}} {
			if err := c.gate.Refresh(t.Context()); err != nil {
				t.Fatal(err)
			}
			s := c.gate.Standings()[0]
			if s.Ours < c.ours || s.Ours > c.ours+2 || s.Daily != 80_000 || s.Limit != 100_000 || s.Day != "UTC" {
				t.Errorf("%+v, want %d calls of 80,000", s, c.ours)
			}
		}
		share = budget.Share{PerDay: 5}
		time.Sleep(time.Minute)
		for n, g := range []budget.Gate{one, two, alone} {
			err := g.Enter(t.Context(), "light/calls", 1)
			wait, ok := err.(*budget.WaitError)
			if !ok || !wait.Daily || wait.Until.Sub(time.Date(2000, 1, 2, 0, 0, 0, 0, time.UTC)) > time.Minute {
				t.Errorf("gate %d: %v; the day's five calls were made", n, err)
			}
		}
		if off, err := limits("light", Connection{System: "light", Limits: "off"}, on, shares); off != nil || err != nil {
			t.Errorf("limits are off: %v, %v", off, err)
		}
	})
}
