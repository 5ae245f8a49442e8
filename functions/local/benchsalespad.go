package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"crosswalk/internal/app"
	"crosswalk/internal/app/laptop"
	"crosswalk/internal/connector"
	"crosswalk/internal/engine/table"
	"crosswalk/internal/mapping"
)

// The figures of HubSpot and SalesPad (bench salespad): calls per 1,000 companies linked, imported, exported and updated, per 1,000 items and per 1,000 documents
// with five lines, beside the least that the two APIs allow, and the sessions that were in use at once. benchsalespadwork.go has the pieces of work, each with
// how its least comes about. This file has how they are counted: a cycle reads every feed once and works until nothing waits. What a process asks at a rhythm
// of its own whatever there is to do (who the account is, which properties it has) is named apart, and so are the pages that show what we wrote ourselves in
// the next cycle, and what a cycle with nothing to do costs.

// till is a deployment between a simulated portal and a simulated GP company, in this process.
type till struct {
	*laptop.App
	vendors *vendors
	table   table.Table
	dir     string
	logins  int // before the last reset
}

// padSlots are where the mappings' links are: these thousand are some of a large account's, as in benchpair.go.
var padSlots = []string{"account|hubspot|salespad", "person|hubspot|salespad", "product|salespad|hubspot", "deal|salespad|hubspot", "line|salespad|hubspot"}

// newTill makes both systems and a deployment that is connected to them; mappings come later.
func newTill(ctx context.Context) (t *till, err error) {
	t = &till{}
	defer func() {
		if err != nil {
			t.close()
		}
	}()
	if t.dir, err = os.MkdirTemp("", "crosswalk-bench-"); err != nil {
		return t, err
	}
	if t.vendors, err = startVendors(playing{hubspot: "127.0.0.1:0", salespad: "127.0.0.1:0", zone: "UTC", currency: "USD", seed: 7}); err != nil {
		return t, err
	}
	if err := t.vendors.hubspot.User().Define("companies", padNumber, "string", "text"); err != nil {
		return t, err
	}
	for name, c := range t.vendors.credentials() {
		if name == "light" {
			continue
		}
		if err := putCredential(ctx, t.dir, name, c); err != nil {
			return t, err
		}
	}
	cfg, err := app.ParseConfig([]byte(strings.Replace(padConfig(t.vendors), "poll: 1s", "poll: 1ms", 1)))
	if err != nil {
		return t, err
	}
	cfg.Data = t.dir
	t.App, err = laptop.New(ctx, cfg, laptop.Options{Options: app.Options{Log: slog.New(slog.DiscardHandler)}, Wrap: func(kept table.Table) table.Table { t.table = kept; return kept }})
	if err != nil {
		return t, err
	}
	for _, object := range []string{"companies", "contacts", "products", "deals", "line_items"} { // the property that creates are marked by
		if _, err := t.Connectors["hubspot"].(connector.Provisioner).Provision(ctx, object, true); err != nil {
			return t, err
		}
	}
	for _, slot := range padSlots {
		if err == nil {
			err = t.table.Put(ctx, []table.Put{{Key: table.Key{PK: "B#" + slot, SK: "linked"}, Data: fmt.Appendf(nil, `{"linked":%d}`, manyLinked)}})[0]
		}
	}
	return t, err
}

func (t *till) close() {
	if t.App != nil {
		t.App.Close()
	}
	if t.vendors != nil {
		t.vendors.close()
	}
	os.RemoveAll(t.dir)
}

// live applies presets of a set and takes them live.
func (t *till) live(ctx context.Context, set string, names ...string) error {
	var documents [][]byte
	for _, p := range mapping.PresetSet(set) {
		for _, name := range names {
			if strings.HasSuffix(p.Name, "/"+name) {
				documents = append(documents, []byte(strings.Replace(string(p.YAML), "schedule: every 5 minutes\n", "", 1)))
			}
		}
	}
	return liveAtOnce(ctx, t.Engine, documents)
}

// mostLooks is in how many cycles a piece of work is looked for before it is missed.
const mostLooks = 6

// cycle reads every feed once and works until nothing waits.
func (t *till) cycle(ctx context.Context) (padCounted, error) {
	t.reset()
	if err := t.Engine.Poll(ctx); err != nil {
		return padCounted{}, err
	}
	_, err := drain(ctx, t.Engine)
	return t.counted(), err
}

// later waits until no further change can bear the stamps that were shown, and gives the next cycle.
func (t *till) later(ctx context.Context) (padCounted, error) {
	select {
	case <-ctx.Done():
		return padCounted{}, context.Cause(ctx)
	case <-time.After(aSecondLater):
		return t.cycle(ctx)
	}
}

const padLogIn = "GET /api/Session/Permanent"

func (t *till) reset() {
	t.logins += t.vendors.salespad.Calls()[padLogIn]
	t.vendors.hubspot.ResetCalls()
	t.vendors.salespad.ResetCalls()
}

// padCounted are the calls of cycles: by vendor, by vendor and route, and those that are made at a rhythm of their own.
type padCounted struct {
	hubspot, salespad float64
	routes, sweeps    map[string]float64
}

func (c padCounted) all() float64 { return c.hubspot + c.salespad }

func (c *padCounted) add(d padCounted) {
	c.hubspot, c.salespad = c.hubspot+d.hubspot, c.salespad+d.salespad
	for _, m := range []struct{ to, from map[string]float64 }{{c.routes, d.routes}, {c.sweeps, d.sweeps}} {
		for name, n := range m.from {
			m.to[name] += n
		}
	}
}

// counted sorts the calls since the last reset.
func (t *till) counted() padCounted {
	out := padCounted{routes: map[string]float64{}, sweeps: map[string]float64{}}
	add := func(system string, calls map[string]int, sum *float64) {
		for route, n := range calls {
			switch {
			case route == "total":
			case slices.ContainsFunc(append(slices.Clip(sweeps), "/api/Session"), func(part string) bool { return strings.Contains(route, part) }):
				out.sweeps[system+" "+route] += float64(n)
			default:
				*sum += float64(n)
				out.routes[system+" "+route] += float64(n)
			}
		}
	}
	add("hubspot", t.vendors.hubspot.Calls(), &out.hubspot)
	add("salespad", t.vendors.salespad.Calls(), &out.salespad)
	return out
}

// benchSalesPad counts each piece of work in a deployment of its own, all of them at once: they mostly wait for the next cycle.
func benchSalesPad(ctx context.Context, say func(figure) error) error {
	return padCount(ctx, benchRecords, padFigures, say)
}

func padCount(ctx context.Context, n int, works []padWork, say func(figure) error) error {
	type count struct {
		said            []figure
		sessions, seats int
		err             error
	}
	counts := make([]count, len(works))
	var all sync.WaitGroup
	for k, w := range works {
		all.Go(func() { counts[k].said, counts[k].sessions, counts[k].seats, counts[k].err = padCountOne(ctx, n, w) })
	}
	all.Wait()
	sessions, seats := 0, 0
	for k, c := range counts {
		if c.err != nil {
			return fmt.Errorf("salespad, %s: %w", works[k].name, c.err)
		}
		for _, f := range c.said {
			if err := say(f); err != nil {
				return err
			}
		}
		sessions, seats = max(sessions, c.sessions), max(seats, c.seats)
	}
	// a permanent session takes no seat (salespad.md 2), one that dies idle takes one
	return say(figure{Name: "salespad: log-ins of a deployment, and so sessions at once, at most", Value: float64(sessions), Unit: "sessions", Least: 1, Parts: map[string]float64{"seats": float64(seats)}})
}

// padCountOne counts one piece of work: its calls, the pages that show it once more, and a cycle after it that finds nothing.
func padCountOne(ctx context.Context, n int, w padWork) (said []figure, sessions, seats int, err error) {
	t, err := newTill(ctx)
	if err != nil {
		return nil, 0, 0, err
	}
	defer t.close()
	if err := t.prepare(ctx, n, w); err != nil {
		return nil, 0, 0, err
	}
	worked, err := t.worked(ctx, n, w)
	if err != nil {
		return nil, 0, 0, err
	}
	echo, err := t.later(ctx)
	if err != nil {
		return nil, 0, 0, err
	}
	idle, err := t.later(ctx)
	if err != nil {
		return nil, 0, 0, err
	}
	t.reset()
	per, name := 1000/float64(n), "salespad, "+w.name
	for route := range worked.routes {
		worked.routes[route] *= per
	}
	hubspot, salespad := w.least(n)
	return []figure{
		{Name: name + ": vendor calls per 1,000", Value: (worked.all() - w.silent) * per, Unit: "calls", Least: (hubspot + salespad) * per, Parts: map[string]float64{"hubspot": worked.hubspot * per, "salespad": worked.salespad * per}, Units: worked.routes},
		{Name: name + ": calls of the next cycle, whose pages show what was written", Value: echo.all() * per, Unit: "calls", Parts: map[string]float64{"hubspot": echo.hubspot * per, "salespad": echo.salespad * per}},
		{Name: name + ": calls of a cycle with nothing to do", Value: idle.all(), Unit: "calls", Parts: map[string]float64{"hubspot": idle.hubspot, "salespad": idle.salespad}, Units: worked.sweeps},
	}, max(t.logins, t.vendors.salespad.Sessions()), t.vendors.salespad.PeakSeats(), nil
}

// worked are the calls of the cycles until a piece of work is done.
func (t *till) worked(ctx context.Context, n int, w padWork) (padCounted, error) {
	worked, err := t.cycle(ctx)
	for looks := 1; err == nil; looks++ {
		got, err := w.made(ctx, t, n)
		switch {
		case err != nil || got == n:
			return worked, err
		case looks == mostLooks:
			return worked, t.missed(ctx, got, n)
		}
		more, err := t.later(ctx)
		if err != nil {
			return worked, err
		}
		worked.add(more)
	}
	return worked, err
}

// prepare brings about what is there before a piece of work, so that what is counted is nothing but that.
func (t *till) prepare(ctx context.Context, n int, w padWork) error {
	if w.before != nil {
		if err := w.before(t, n); err != nil {
			return err
		}
	}
	if w.after == nil { // what was there before is the work
		return t.live(ctx, w.set, w.presets...)
	}
	if err := errors.Join(t.live(ctx, w.set, w.presets...), settle(ctx, t.Engine)); err != nil {
		return err
	}
	if _, err := t.later(ctx); err != nil {
		return err
	}
	if err := errors.Join(settle(ctx, t.Engine), w.after(t, n)); err != nil {
		return err
	}
	return nil
}

// missed says that a piece of work was not done, and what is held.
func (t *till) missed(ctx context.Context, got, want int) error {
	held, err := t.Engine.Errors(ctx, "")
	why := "nothing is held"
	if len(held) > 0 {
		why = fmt.Sprintf("%d are held, such as %s: %s", len(held), held[0].Category, held[0].Text)
	}
	return errors.Join(fmt.Errorf("bench: %d records are there, want %d; %s", got, want, why), err)
}
