package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"time"

	"crosswalk/internal/connector/hubspot/hubspottest"
	"crosswalk/internal/connector/salesforce/salesforcetest"
	"crosswalk/internal/engine"
	"crosswalk/internal/web"
)

// How long a vendor takes to answer.
const (
	shortAnswer time.Duration = 0
	longAnswer                = 50 * time.Millisecond
)

// speedRecords is how many contacts speed is measured over, and aimSpeed how many a second it should be at longAnswer.
const (
	speedRecords = 5000
	aimSpeed     = 3000
)

// pairSpeed times copies and changes by five consumers while feeds are read; simulators and product share this machine's processors.
func pairSpeed(ctx context.Context, n int, say func(figure) error) error {
	for _, delay := range []time.Duration{shortAnswer, longAnswer} {
		if err := speedAt(ctx, n, delay, say); err != nil {
			return err
		}
	}
	return nil
}

func speedAt(ctx context.Context, n int, delay time.Duration, say func(figure) error) error {
	c, err := newCouple(ctx, delay, manyConsumers)
	if err != nil {
		return err
	}
	defer c.close()
	steps := []struct {
		name string
		act  func() error
		work func(context.Context) error
	}{
		{"first copy salesforce to hubspot by a run", func() error { return c.makeAtSalesforce(n, true) }, c.fullRun},
		{"changed at hubspot", func() error { return c.changeAtHubSpot(0, n) }, c.cycle},
		{"changed at salesforce", func() error { return c.changeAtSalesforce(0, n) }, c.cycle},
	}
	for _, s := range steps {
		if err := s.act(); err != nil {
			return err
		}
		if err := c.later(ctx); err != nil {
			return err
		}
		began, used := time.Now(), cpuTime()
		if err := s.work(ctx); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		took, used := time.Since(began), cpuTime()-used
		if err := c.agree(n); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		f := figure{Name: fmt.Sprintf("pair, %s, vendors answering in %s: speed", s.name, delay), Value: float64(n) / took.Seconds(), Unit: "records/s",
			Units: map[string]float64{"CPU us, simulators included": float64(used.Microseconds()) / float64(n)}}
		if delay == longAnswer {
			met := f.Value > aimSpeed
			f.Aim, f.Met = aimSpeed, &met
		}
		if err := say(f); err != nil {
			return err
		}
		for range 2 { // the echo, outside the time
			if err := errors.Join(c.later(ctx), c.cycle(ctx)); err != nil {
				return err
			}
		}
	}
	return nil
}

// fullRun carries everything over by a run, as after an approval.
func (c *couple) fullRun(ctx context.Context) error {
	r, err := c.Engine.RunMapping(ctx, engine.Run{Kind: "full", Mapping: "contacts", Actor: "bench"}, nil)
	if err != nil {
		return err
	}
	for {
		if err := c.cycle(ctx); err != nil {
			return err
		}
		if r, err = c.Engine.GetRun(ctx, r.ID); err != nil {
			return err
		}
		switch r.Status {
		case "done":
			return nil
		case "failed":
			return fmt.Errorf("bench: the run failed: %+v", r.Counts)
		}
	}
}

// latencySamples is how often each road is timed; the middle one is said.
const latencySamples = 5

// pairLatency times a change at one side until it is visible at the other: from when the feed is read, which the poll's interval
// comes before, and from when the vendor's signal arrives.
func pairLatency(ctx context.Context, say func(figure) error) error {
	c, err := newCouple(ctx, longAnswer, 1)
	if err != nil {
		return err
	}
	defer c.close()
	if err := c.link(ctx, latencySamples); err != nil {
		return err
	}
	c.hubspot.SetWebhook(hubspottest.AppID, pairHook, hubspottest.Subscription{EventType: "contact.propertyChange", PropertyName: "jobtitle"})
	c.events(ctx)
	people := c.people()
	toSalesforce := func(n int, title string) (func() error, func() bool) {
		return func() error {
				return c.hubspot.User().Set("contacts", people[n].ID, map[string]string{"jobtitle": title})
			}, func() bool {
				r, _ := c.salesforce.Get("Contact", c.contacts[n])
				return r.Text("Title") == title
			}
	}
	toHubSpot := func(n int, title string) (func() error, func() bool) {
		return func() error {
				return c.salesforce.Person().Update("Contact", c.contacts[n], map[string]any{"Title": title})
			}, func() bool {
				r, _ := c.hubspot.Record("contacts", people[n].ID)
				return r.Properties["jobtitle"] == title
			}
	}
	poll := func(ctx context.Context) error {
		if err := c.Engine.Poll(ctx); err != nil {
			return err
		}
		return c.drain(ctx)
	}
	for _, road := range []struct {
		name   string
		change func(n int, title string) (func() error, func() bool)
		before func() error
		work   func(context.Context) error
	}{
		{"hubspot to salesforce, poll road, from the read of the feed", toSalesforce, func() error { return c.later(ctx) }, poll},
		{"salesforce to hubspot, poll road, from the read of the feed", toHubSpot, func() error { return c.later(ctx) }, poll},
		{"hubspot to salesforce, webhook road, from its arrival", toSalesforce, nil, c.webhook},
		{"salesforce to hubspot, change event road, from its arrival", toHubSpot, nil, c.event},
	} {
		var took []time.Duration
		for n := range latencySamples {
			act, visible := road.change(n, fmt.Sprintf("%s %d", road.name, n))
			if err := act(); err != nil {
				return err
			}
			if road.before != nil {
				if err := road.before(); err != nil {
					return err
				}
			}
			one, err := c.until(ctx, road.work, visible)
			if err != nil {
				return fmt.Errorf("%s: %w", road.name, err)
			}
			took = append(took, one)
		}
		if err := sayMiddle(say, "pair, "+road.name+" to visible, vendors answering in 50 ms", took); err != nil {
			return err
		}
	}
	return nil
}

// until works until a change is visible, and gives how long that took from the start of the work.
func (c *couple) until(ctx context.Context, work func(context.Context) error, visible func() bool) (time.Duration, error) {
	const patience = 30 * time.Second
	for _, next := range []func() (time.Time, bool){c.hubspot.NextDelivery, c.salesforce.NextDelivery} {
		if due, ok := next(); ok {
			time.Sleep(time.Until(due))
		}
	}
	began := time.Now()
	for !visible() {
		if time.Since(began) > patience {
			return 0, fmt.Errorf("bench: a change is not visible at the other side after %s", patience)
		}
		if err := work(ctx); err != nil {
			return 0, err
		}
	}
	return time.Since(began), nil
}

// webhook has HubSpot deliver what is due, and works it.
func (c *couple) webhook(ctx context.Context) error {
	c.hubspot.DeliverDue(ctx, pairDoor{c})
	return c.drain(ctx)
}

// events has Salesforce's change events arrive; what they say is worked by drain.
func (c *couple) events(ctx context.Context) {
	c.salesforce.StartRelay(salesforcetest.RelayConfig{Objects: []string{"Contact"}}, func(event []byte) {
		if _, err := c.App.AcceptEvent(ctx, event); err != nil {
			c.Log.Error("bench: an event was refused", "error", err)
		}
	})
}

// event has Salesforce deliver what is due, and works it.
func (c *couple) event(ctx context.Context) error {
	c.salesforce.DeliverDue(ctx, pairDoor{c})
	return c.drain(ctx)
}

// pairDoor is the webhook route that HubSpot's deliveries arrive at.
type pairDoor struct{ *couple }

// RoundTrip is http.RoundTripper's.
func (d pairDoor) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	status := http.StatusOK
	if _, err := d.Engine.Accept(r.Context(), "hubspot", r, r.URL.String(), body); err != nil {
		status = http.StatusInternalServerError
	}
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
}

func sayMiddle(say func(figure) error, name string, took []time.Duration) error {
	slices.Sort(took)
	return say(figure{Name: name, Value: float64(took[len(took)/2].Microseconds()) / 1000, Unit: "ms", Parts: map[string]float64{"fastest": float64(took[0].Milliseconds()), "slowest": float64(took[len(took)-1].Milliseconds())}})
}

// How many contacts the product's memory is weighed over; CROSSWALK_BENCH_LARGE adds the last.
var memoryRecords = []int{10_000, 50_000}

const (
	memoryLarge    = 200_000
	memoryLargeEnv = "CROSSWALK_BENCH_LARGE"
)

// orLarge adds the largest of some sizes where the environment asks for it.
func orLarge(sizes []int, large int) []int {
	if os.Getenv(memoryLargeEnv) == "" {
		return sizes
	}
	return append(slices.Clone(sizes), large)
}

// pairMemory weighs the product, a process of its own, while it previews and copies everything by an approved run. What counts is the most
// anonymous memory of that process, looked at ten times a second: its live heap, what Go has not collected yet (up to as much again), and
// what Go keeps of what it collected. The simulators are in another process, and the mapped files of store and queue do not count.
//
// Most of it is what workers have in hand: four times bulkBatch records, of some 15 KB each when they are stored, however many more there
// are. How the four batches meet decides the most of a run, so that two runs of 10,000 may differ by half. What grows with the number of
// records is the plan's rows alone, some 50 bytes each (engine's planRun).
func pairMemory(ctx context.Context, say func(figure) error) error {
	first := 0.0
	for _, n := range orLarge(memoryRecords, memoryLarge) {
		preview, peak, speed, err := weigh(ctx, n)
		if err != nil {
			return err
		}
		f := figure{Name: fmt.Sprintf("pair, first copy of %d contacts: anonymous memory of the product at most", n), Value: peak / 1e6, Unit: "MB", Units: map[string]float64{"records/s": speed}, Parts: map[string]float64{"MB until the preview was complete": preview / 1e6}}
		if first == 0 {
			first = f.Value
		} else {
			f.Parts["times that of the smallest"] = f.Value / first
		}
		if err := say(f); err != nil {
			return err
		}
	}
	return nil
}

// weigh copies n contacts from Salesforce to HubSpot and gives the most memory that the product took, in bytes, until its preview was
// complete and altogether, and how many records a second the run carried.
func weigh(ctx context.Context, n int) (preview, peak, speed float64, err error) {
	dir, err := os.MkdirTemp("", "crosswalk-bench-")
	if err != nil {
		return 0, 0, 0, err
	}
	defer os.RemoveAll(dir)
	v, err := startVendors(playing{hubspot: "127.0.0.1:0", salesforce: "127.0.0.1:0", light: "127.0.0.1:0", currency: "USD", seed: 7})
	if err != nil {
		return 0, 0, 0, err
	}
	defer v.close()
	marker := salesforcetest.Text("crosswalk_key__c", 64)
	marker.ExternalID, marker.Unique = true, true
	v.salesforce.AddField("Contact", marker)
	long := time.Now().Add(-48 * time.Hour)
	if _, err := v.salesforce.Import("Contact", n, long, func(i int) map[string]any {
		return map[string]any{"FirstName": "Desk", "LastName": fmt.Sprint("No ", i), "Email": address(i), "Title": "Clerk", "Phone": fmt.Sprintf("+45%08d", i)}
	}); err != nil {
		return 0, 0, 0, err
	}
	child, api, err := startChild(ctx, v, dir)
	if err != nil {
		return 0, 0, 0, err
	}
	defer func() { err = errors.Join(err, child.stop()) }()
	c := &cli{out: io.Discard, err: io.Discard}
	if _, err := applyAll(ctx, api, []string{pairContacts}); err != nil {
		return 0, 0, 0, err
	}
	if _, err := post[web.Report](ctx, api, "/check", nil); err != nil { // it makes the property that creates are marked by
		return 0, 0, 0, err
	}
	p, err := c.previewAll(ctx, api, "contacts")
	if err != nil {
		return 0, 0, 0, err
	}
	preview = child.peak()
	if _, err := post[web.Plan](ctx, api, "/plans/"+p.ID+"/approve", map[string]string{"digest": p.Digest}); err != nil {
		return 0, 0, 0, err
	}
	if _, err := post[web.Moved](ctx, api, "/mappings/contacts/live", map[string]any{"without_save": true, "reason": "a bench has nothing worth keeping"}); err != nil {
		return 0, 0, 0, err
	}
	began := time.Now()
	r, err := post[web.Run](ctx, api, "/runs", map[string]string{"plan": p.ID})
	if err != nil {
		return 0, 0, 0, err
	}
	if _, err = c.follow(ctx, api, r); err != nil {
		return 0, 0, 0, err
	}
	took := time.Since(began)
	if made := len(v.hubspot.Records("contacts")); made != n {
		return 0, 0, 0, fmt.Errorf("bench: %d of %d contacts are at HubSpot", made, n)
	}
	return preview, child.peak(), float64(n) / took.Seconds(), nil
}
