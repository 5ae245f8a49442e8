package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"crosswalk/internal/app"
	"crosswalk/internal/app/laptop"
	"crosswalk/internal/connector/salespad/salespadtest"
	"crosswalk/internal/engine/lane"
	"crosswalk/internal/engine/table"
	"crosswalk/internal/mapping"
)

// The figures of HubSpot and SalesPad (bench salespad): calls per 1,000 companies linked, imported and updated, beside the least that the two APIs allow, and the seats that
// were in use at once. What is the least is reasoned from what the fact sheets show: SalesPad lists 100 rows a page (salespad.md 4: no published most, clients
// use 100), and takes every write as a call of its own (salespad.md 3: no batch); HubSpot shows 200 changes a search and reads, makes and changes 100 records a
// call.

// till is a deployment between a simulated portal and a simulated GP company, in this process.
type till struct {
	*laptop.App
	vendors *vendors
	table   table.Table
	dir     string
}

// padSlots are where the mappings' links are: these thousand are some of a large account's, as in benchpair.go.
var padSlots = []string{"account|hubspot|salespad"}

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

// settle polls and works until nothing waits.
func (t *till) settle(ctx context.Context) error {
	for quiet := 0; quiet < 2; {
		if err := t.Engine.Poll(ctx); err != nil {
			return err
		}
		quiet++
		for _, l := range []lane.Lane{lane.Live, lane.Bulk} {
			for {
				n, err := t.Engine.Receive(ctx, l, 100)
				if err != nil {
					return err
				}
				if n == 0 {
					break
				}
				quiet = 0
			}
		}
	}
	return nil
}

// mostLooks is how often a piece of work is looked for before it is missed: what has just been written is looked at again seconds later.
const mostLooks = 6

// worked are the calls of one piece of work by vendor and by route; the looks for changes that it took are in them.
func (t *till) worked(ctx context.Context, done func() bool) (hubspot, salespad float64, routes map[string]float64, err error) {
	t.reset()
	for n := 0; n == 0 || n < mostLooks && !done(); n++ {
		if n > 0 {
			time.Sleep(aSecondLater)
		}
		if err := t.settle(ctx); err != nil {
			return 0, 0, nil, err
		}
	}
	routes = map[string]float64{}
	for system, calls := range map[string]map[string]int{"hubspot": t.vendors.hubspot.Calls(), "salespad": t.vendors.salespad.Calls()} {
		for route, n := range calls {
			if route != "total" {
				routes[system+" "+route] = float64(n)
			}
		}
	}
	return float64(t.vendors.hubspot.Calls()["total"]), float64(t.vendors.salespad.Calls()["total"]), routes, nil
}

func (t *till) reset() {
	t.vendors.hubspot.ResetCalls()
	t.vendors.salespad.ResetCalls()
}

// padWork is one piece of work: its presets, what is there before they are live and what is done after, and the least calls at both.
type padWork struct {
	name              string
	set               string
	presets           []string
	before, after     func(t *till, n int) error
	hubspot, salespad float64
	made              func(t *till) int // how many there must be in the end
	want              int               // of 1,000
}

func (t *till) companies(n int, kind string) error {
	for i := range n {
		if _, err := t.vendors.hubspot.User().Create("companies", withoutBlanks("name", padFirm(i), "domain", fmt.Sprintf("firm-%04d.example", i), "type", kind)); err != nil {
			return err
		}
	}
	return nil
}

func (t *till) customers(n int) error {
	return t.vendors.salespad.Load("Customer", n, func(i int) salespadtest.Fields {
		return salespadtest.Fields{"Customer_Num": fmt.Sprintf("C%05d", i), "Customer_Name": padFirm(i), "Email_To": fmt.Sprintf("ap@firm-%04d.example", i)}
	})
}

// padFigures are what is counted.
var padFigures = []padWork{
	// five searches show the companies, ten pages the customers; nothing is read again and nothing is written
	{name: "companies linked", set: "hubspot-salespad/link", presets: padPeople, hubspot: 5, salespad: 10,
		before: func(t *till, n int) error { return errors.Join(t.companies(n, ""), t.customers(n)) }, made: func(t *till) int { return t.vendors.salespad.Count("Customer") }, want: 1000},
	// five searches; each customer is a call (salespad.md 3), what GP's class filled in shows on ten pages (salespad.md 5: the echo lacks it)
	{name: "companies imported", set: "hubspot-salespad", presets: padPeople, hubspot: 5, salespad: 1010,
		after: func(t *till, n int) error { return t.companies(n, "PARTNER") }, made: func(t *till) int { return t.vendors.salespad.Count("Customer") }, want: 1000},
	// ten pages; a read and an update for each hundred
	{name: "customers updated", set: "hubspot-salespad", presets: padPeople, hubspot: 20, salespad: 10,
		before: func(t *till, n int) error { return errors.Join(t.companies(n, ""), t.customers(n)) },
		after: func(t *till, n int) error {
			for i := range n {
				if err := t.vendors.salespad.Update("Customer", fmt.Sprintf("C%05d", i), salespadtest.Fields{"Note": "Changed"}); err != nil {
					return err
				}
			}
			return nil
		}, made: func(t *till) int { return len(t.vendors.hubspot.Find("companies", "description", "Changed")) }, want: 1000},
}

// benchSalesPad counts each piece of work in a deployment of its own.
func benchSalesPad(ctx context.Context, say func(figure) error) error {
	return padCount(ctx, benchRecords, say)
}

func padCount(ctx context.Context, n int, say func(figure) error) error {
	seats := 0
	for _, w := range padFigures {
		if err := padCountOne(ctx, n, w, &seats, say); err != nil {
			return fmt.Errorf("salespad, %s: %w", w.name, err)
		}
	}
	return say(figure{Name: "salespad: sessions in use at once, at most", Value: float64(seats), Unit: "sessions", Least: 1})
}

func padCountOne(ctx context.Context, n int, w padWork, seats *int, say func(figure) error) error {
	t, err := newTill(ctx)
	if err != nil {
		return err
	}
	defer t.close()
	if w.before != nil {
		if err := w.before(t, n); err != nil {
			return err
		}
	}
	if w.after != nil { // what was there before is settled before the count
		if err := errors.Join(t.live(ctx, w.set, w.presets...), t.settle(ctx)); err != nil {
			return err
		}
		time.Sleep(aSecondLater) // no later change bears the stamp of what was shown
		if err := errors.Join(t.settle(ctx), w.after(t, n)); err != nil {
			return err
		}
	} else if err := t.live(ctx, w.set, w.presets...); err != nil {
		return err
	}
	hubspot, salespad, routes, err := t.worked(ctx, func() bool { return w.made(t) == w.want*n/1000 })
	if err != nil {
		return err
	}
	if got, want := w.made(t), w.want*n/1000; got != want {
		held, err := t.Engine.Errors(ctx, "")
		why := "nothing is held"
		if len(held) > 0 {
			why = fmt.Sprintf("%d are held, such as %s: %s", len(held), held[0].Category, held[0].Text)
		}
		return errors.Join(fmt.Errorf("bench: %d records are there, want %d; %s", got, want, why), err)
	}
	*seats = max(*seats, t.vendors.salespad.Sessions())
	per := 1000 / float64(n)
	for route := range routes {
		routes[route] *= per
	}
	return say(figure{Name: "salespad, " + w.name + ": vendor calls per 1,000", Value: (hubspot + salespad) * per, Unit: "calls", Least: w.hubspot + w.salespad,
		Parts: map[string]float64{"hubspot": hubspot * per, "salespad": salespad * per}, Units: routes})
}
