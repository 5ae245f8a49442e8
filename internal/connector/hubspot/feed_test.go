package hubspot_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/connector/hubspot"
	"crosswalk/internal/connector/hubspot/hubspottest"
	"crosswalk/internal/record"
	"crosswalk/internal/rest"
)

// B3: 1,000 changed records are five search calls, no more, however their stamps fall.
func TestThousandChangesAreFiveCalls(t *testing.T) {
	for name, gap := range map[string]int{"a stamp each": 1, "three of a stamp": 3, "fifty of a stamp": 50} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sim := hubspottest.New(hubspottest.Config{})
				for i := range 1000 {
					company(sim, i)
					if i%gap == gap-1 {
						time.Sleep(time.Millisecond)
					}
				}
				time.Sleep(hour)
				all, cursor, pages := drain(t, connected(sim), "companies", nil, "name")
				if pages != 5 || len(all) != 1000 {
					t.Errorf("%d records in %d pages, want 1000 in 5", len(all), pages)
				}
				if all, _, pages = drain(t, connected(sim), "companies", cursor, "name"); pages != 1 || len(all) != 0 {
					t.Errorf("idle cycle: %d records in %d pages", len(all), pages)
				}
			})
		})
	}
}

func TestTwoStampsAcrossAPageBorder(t *testing.T) {
	for first := 198; first <= 202; first++ {
		synctest.Test(t, func(t *testing.T) {
			sim := hubspottest.New(hubspottest.Config{})
			for i := range 420 {
				if i == first {
					time.Sleep(time.Millisecond)
				}
				company(sim, i)
			}
			time.Sleep(hour)
			all, _, _ := drain(t, connected(sim), "companies", nil, "name")
			if got := distinct(all); got != 420 {
				t.Errorf("%d before the border: %d of 420 records", first, got)
			}
		})
	}
}

func distinct(all []record.Record) int {
	ids := map[string]bool{}
	for _, r := range all {
		ids[r.Ref.ID] = true
	}
	return len(ids)
}

func TestFeedFromADate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := hubspottest.New(hubspottest.Config{})
		company(sim, 1)
		time.Sleep(240 * hour)
		young := company(sim, 2)
		time.Sleep(hour)
		p, err := connected(sim).Changes(t.Context(), connector.FeedRequest{Object: "companies", From: time.Now().Add(-24 * hour), Fields: []string{"name"}})
		if err != nil || len(p.Records) != 1 || p.Records[0].Ref.ID != young || p.Total != 1 {
			t.Errorf("%+v, %v", p, err)
		}
	})
}

// A worker dies between two pages and the feed goes on an hour later: what search hid at the first page is older
// than the overlap by then, and must still be found.
func TestLateRecordAcrossAPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := hubspottest.New(hubspottest.Config{SearchLag: 40 * time.Second})
		c := connected(sim, func(c *hubspot.Config, _ *rest.Config) { c.SearchPage = 3 })
		want := map[string]string{}
		for i := range 8 {
			want[company(sim, i)] = fmt.Sprintf("Sample %d", i)
			time.Sleep(10 * time.Second)
		}
		var all []record.Record
		var cursor json.RawMessage
		for round := range 40 {
			p, err := c.Changes(t.Context(), connector.FeedRequest{Object: "companies", Cursor: cursor, Fields: []string{"name"}})
			if err != nil {
				t.Fatal(err)
			}
			all, cursor = append(all, p.Records...), p.Cursor
			if round%2 == 0 {
				for id := range want { // one that was given already changes within the hidden seconds
					if err := sim.User().Set("companies", id, map[string]string{"name": fmt.Sprintf("Round %d", round)}); err != nil {
						t.Fatal(err)
					}
					want[id] = fmt.Sprintf("Round %d", round)
					break
				}
			}
			if round < 6 {
				time.Sleep(hour)
			} else {
				time.Sleep(20 * time.Second)
			}
		}
		time.Sleep(hour)
		for range 2 {
			more, next, _ := drain(t, c, "companies", cursor, "name")
			all, cursor = append(all, more...), next
		}
		wantLast(t, all, want)
	})
}

// wantLast fails unless the feed's last word on every record is its true value.
func wantLast(t *testing.T, all []record.Record, want map[string]string) {
	t.Helper()
	last := map[string]string{}
	for _, r := range all {
		last[r.Ref.ID] = r.Field("name").Text()
	}
	for id, name := range want {
		if last[id] != name {
			t.Errorf("the feed's last word on %s is %q, want %q", id, last[id], name)
		}
	}
}

// C12 by chance: small pages, records made and changed while paging, equal stamps, lag, restarts from any page.
func TestFeedNeverSkips(t *testing.T) {
	for seed := range uint64(150) {
		synctest.Test(t, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, 1))
			sim := hubspottest.New(hubspottest.Config{Seed: seed, SearchLag: time.Duration(rng.IntN(3)) * 20 * time.Second, StaleRead: time.Duration(rng.IntN(2)) * 5 * time.Second})
			c := connected(sim, func(c *hubspot.Config, _ *rest.Config) { c.SearchPage = 1 + rng.IntN(9) })
			want := map[string]string{}
			var ids []string
			change := func() {
				for range rng.IntN(12) {
					if len(ids) == 0 || rng.IntN(3) > 0 {
						id := company(sim, len(ids))
						ids = append(ids, id)
						want[id] = fmt.Sprintf("Sample %d", len(ids)-1)
					} else {
						id := ids[rng.IntN(len(ids))]
						want[id] = fmt.Sprintf("Changed %d", rng.IntN(1e6))
						if err := sim.User().Set("companies", id, map[string]string{"name": want[id]}); err != nil {
							t.Fatal(err)
						}
					}
					time.Sleep(time.Duration(rng.IntN(3)) * time.Millisecond)
				}
			}
			var all []record.Record
			var cursor json.RawMessage
			for range 40 {
				change()
				p, err := c.Changes(t.Context(), connector.FeedRequest{Object: "companies", Cursor: cursor, Fields: []string{"name"}})
				if connector.FaultOf(err) == connector.Unavailable {
					time.Sleep(10 * time.Second)
					continue
				}
				if err != nil {
					t.Fatal(err)
				}
				if rng.IntN(8) > 0 { // else killed before the page was kept
					all, cursor = append(all, p.Records...), p.Cursor
				}
				time.Sleep([]time.Duration{0, time.Second, 30 * time.Second, hour}[rng.IntN(4)])
			}
			time.Sleep(hour)
			for range 2 { // the rest of this cycle, and the next one, which goes back for what was hidden
				more, next, _ := drain(t, c, "companies", cursor, "name")
				all, cursor = append(all, more...), next
			}
			wantLast(t, all, want)
			if t.Failed() {
				t.Fatalf("seed %d", seed)
			}
		})
	}
}

func TestLongPropertyListsStayInsideTheBodyLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := hubspottest.New(hubspottest.Config{})
		var fields []string
		for i := range 60 {
			name := fmt.Sprintf("%s_%d", strings.Repeat("long_property_name", 4), i)
			if err := sim.User().Define("companies", name, "string", "text"); err != nil {
				t.Fatal(err)
			}
			fields = append(fields, name)
		}
		ids := map[string]bool{}
		for i := range 230 {
			ids[must(sim.User().Create("companies", map[string]string{"name": fmt.Sprint(i), fields[i%60]: fmt.Sprint("v", i)}))] = true
		}
		time.Sleep(hour)
		var p *tap
		c := connected(sim, tapped(&p))
		all, _, _ := drain(t, c, "companies", nil, fields...)
		filled := 0
		for _, r := range all {
			for _, f := range fields {
				if !r.Field(f).Blank() {
					filled++
				}
			}
		}
		if distinct(all) != 230 || filled != len(all) {
			t.Errorf("%d records, %d values", distinct(all), filled)
		}
		for i, call := range p.calls {
			if strings.HasSuffix(call.URL.Path, "/search") && p.sizes[i] > 3000 {
				t.Errorf("a search body of %d", p.sizes[i])
			}
		}
		for id := range ids { // and a single read, whose address would be too long
			p.calls = nil
			got := readOne(t, c, connector.ReadRequest{Object: "companies", IDs: []string{id}, Fields: fields})
			if got.State != record.Found {
				t.Errorf("%s %v", got.State, got.Err)
			}
			break
		}
	})
}

// A5: what our own credential made is marked as such.
func TestOwnRecordsAreKnown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := hubspottest.New(hubspottest.Config{})
		c := connected(sim)
		theirs := company(sim, 1)
		o := c.Write(t.Context(), []connector.Write{{Op: connector.OpCreate, Object: "companies", Key: "k", Fields: map[string]record.Value{"name": record.Of("Ours")}}})[0]
		other := must(sim.Other().Create("companies", map[string]string{"name": "Of another app"}))
		own := map[string]bool{}
		all, _, _ := drain(t, c, "companies", nil, "name")
		for _, r := range all {
			own[r.Ref.ID] = r.Own
		}
		if len(own) != 3 || own[theirs] || own[other] || !own[o.Ref.ID] {
			t.Errorf("own: %v", own)
		}
	})
}

// A mass update runs over the very records the feed is about to read: search still shows them at their old place,
// with new stamps, before others that did not change.
func TestYoungRowsBeforeOldOnes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := hubspottest.New(hubspottest.Config{SearchLag: 40 * time.Second})
		want := map[string]string{}
		var ids []string
		for i := range 40 {
			ids = append(ids, company(sim, i))
			want[ids[i]] = fmt.Sprintf("Sample %d", i)
			time.Sleep(time.Second)
		}
		time.Sleep(hour)
		for _, id := range ids[:12] {
			want[id] = "Updated"
			if err := sim.User().Set("companies", id, map[string]string{"name": "Updated"}); err != nil {
				t.Fatal(err)
			}
		}
		c := connected(sim, func(c *hubspot.Config, _ *rest.Config) { c.SearchPage = 5 })
		var all []record.Record
		var cursor json.RawMessage
		waits, began := 0, time.Now()
		for calls := 0; ; calls++ {
			p, err := c.Changes(t.Context(), connector.FeedRequest{Object: "companies", Cursor: cursor, Fields: []string{"name"}})
			if err != nil {
				if connector.FaultOf(err) != connector.Unavailable {
					t.Fatal(err)
				}
				waits++
				time.Sleep(10 * time.Second)
				continue
			}
			all, cursor = append(all, p.Records...), p.Cursor
			if !p.More {
				break
			}
			if calls > 60 {
				t.Fatal("the feed runs in circles")
			}
		}
		if waits == 0 || time.Since(began) > 2*time.Minute {
			t.Errorf("%d waits, %v", waits, time.Since(began))
		}
		wantLast(t, all, want)
	})
}
