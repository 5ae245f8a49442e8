package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
)

// wanted is one thing that is counted: what people do, and the least that the vendors' limits allow for 1,000 records of it.
type wanted struct {
	name    string
	linked  int // pairs that are there before, in thousands
	act     func(c *couple, n int) error
	least   float64 // per 1,000 (B3)
	hubspot float64 // of these at HubSpot
	records int     // that both sides have afterwards, in thousands
	silent  float64 // feeds that have nothing to show: their page is the idle cycle's
}

// pairWork is what pairCalls counts. HubSpot shows 200 changes a search and reads and writes 100 records a call; Salesforce shows 2,000
// changes a query, and reads and writes 1,000 a call.
var pairWork = []wanted{
	// a page shown, looked for by address, made
	{"first copy salesforce to hubspot", 0, func(c *couple, n int) error { return c.makeAtSalesforce(n, false) }, 21, 20, 1, 1},
	{"first copy hubspot to salesforce", 0, func(c *couple, n int) error { return c.makeAtHubSpot(n) }, 7, 5, 1, 1},
	// both sides' pages, looked for at the side where that is cheaper, nothing written
	{"linking two equal sides", 0, func(c *couple, n int) error { return errors.Join(c.makeAtSalesforce(n, false), c.makeAtHubSpot(n)) }, 7, 5, 1, 0},
	// a page shown, the side that is written read, written
	{"changed at hubspot", 1, func(c *couple, n int) error { return c.changeAtHubSpot(0, n) }, 7, 5, 1, 1},
	{"changed at salesforce", 1, func(c *couple, n int) error { return c.changeAtSalesforce(0, n) }, 21, 20, 1, 1},
	// each side's page is the other's read
	{"the same changed at both", 1, func(c *couple, n int) error { return errors.Join(c.changeAtHubSpot(0, n), c.changeAtSalesforce(0, n)) }, 17, 15, 1, 0},
	{"different ones changed at each", 2, func(c *couple, n int) error {
		return errors.Join(c.changeAtHubSpot(0, n), c.changeAtSalesforce(n, 2*n))
	}, 28, 25, 2, 0},
}

// pairIdle is an idle cycle's least: one page of each side.
const pairIdle = 2

// counted are the calls of one count: those that work takes, and by name those that are made at a rhythm of their own, whatever there
// is to do.
type counted struct {
	hubspot, salesforce float64
	sweeps              map[string]float64
}

func (c counted) all() float64 { return c.hubspot + c.salesforce }

// sweeps are the parts of paths that are asked at a rhythm of their own.
var sweeps = []string{"/deleted", "/properties", "/describe", "/owners", "/pipelines", "/account-info", "/userinfo", "/limits", "/schemas"}

func (c *couple) counted() counted {
	out := counted{sweeps: map[string]float64{}}
	add := func(system string, calls map[string]int, sum *float64) {
		for name, n := range calls {
			if name == "total" || strings.HasPrefix(name, "composite ") {
				continue // the parts of one call
			}
			slow := false
			for _, part := range sweeps {
				if strings.Contains(name, part) {
					out.sweeps[system+" "+strings.TrimPrefix(part, "/")] += float64(n)
					slow = true
					break
				}
			}
			if !slow {
				*sum += float64(n)
			}
		}
	}
	add("hubspot", c.hubspot.Calls(), &out.hubspot)
	add("salesforce", c.salesforce.Calls(), &out.salesforce)
	return out
}

func (c *couple) resetCalls() {
	c.hubspot.ResetCalls()
	c.salesforce.ResetCalls()
}

// measured runs one cycle and counts its calls.
func (c *couple) measured(ctx context.Context) (counted, error) {
	if err := c.later(ctx); err != nil {
		return counted{}, err
	}
	c.resetCalls()
	err := c.cycle(ctx)
	return c.counted(), err
}

// manyConsumers is how many workers AWS starts for a queue (B2).
const manyConsumers = 5

// pairCalls counts, each piece of work in a deployment of its own, all of them at once: they mostly wait for the next cycle.
func pairCalls(ctx context.Context, n int, say func(figure) error) error {
	type count struct {
		consumers int
		work      wanted
		said      []figure
		err       error
	}
	var counts []*count
	for _, consumers := range []int{1, manyConsumers} {
		for _, w := range pairWork {
			counts = append(counts, &count{consumers: consumers, work: w})
		}
	}
	var all sync.WaitGroup
	for _, c := range counts {
		all.Go(func() { c.said, c.err = countWork(ctx, n, c.consumers, c.work) })
	}
	all.Wait()
	for _, c := range counts {
		if c.err != nil {
			return fmt.Errorf("%s: %w", c.work.name, c.err)
		}
		for _, f := range c.said {
			if err := say(f); err != nil {
				return err
			}
		}
	}
	return nil
}

// countWork counts one piece of work: its calls, the echo's pages, and an idle cycle after it.
func countWork(ctx context.Context, n, consumers int, w wanted) ([]figure, error) {
	delay := shortAnswer
	if consumers > 1 {
		delay = longAnswer // as long as a call takes, what is read first is worked while the rest is read
	}
	c, err := newCouple(ctx, delay, consumers)
	if err != nil {
		return nil, err
	}
	defer c.close()
	if w.linked > 0 {
		if err := c.link(ctx, w.linked*n); err != nil {
			return nil, err
		}
	}
	if err := w.act(c, n); err != nil {
		return nil, err
	}
	worked, err := c.measured(ctx)
	if err != nil {
		return nil, err
	}
	if err := c.agree(w.records * n); err != nil {
		return nil, err
	}
	echo, idle, err := c.afterwards(ctx)
	if err != nil {
		return nil, err
	}
	name := "pair, " + w.name
	if consumers > 1 {
		name += fmt.Sprintf(", %d consumers of %d messages", consumers, receivePart)
	}
	per := 1000 / float64(n)
	return []figure{
		{Name: name + ": vendor calls per 1,000", Value: (worked.all() - w.silent) * per, Unit: "calls", Least: w.least, Parts: map[string]float64{"hubspot": worked.hubspot * per, "salesforce": worked.salesforce * per}, Units: worked.sweeps},
		{Name: name + ": echo pages of the cycles after it", Value: echo.all() * per, Unit: "calls", Parts: map[string]float64{"hubspot": echo.hubspot * per, "salesforce": echo.salesforce * per}},
		{Name: name + ": an idle cycle after it", Value: idle.all(), Unit: "calls", Least: pairIdle, Units: idle.sweeps},
	}, nil
}

// mostCycles is how many cycles a piece of work may take to come to rest, and soonAgain how soon a task that is looked at again counts.
const (
	mostCycles = 6
	soonAgain  = 15 * time.Second
)

// afterwards counts the cycles after a piece of work until one finds nothing and nothing is looked at again soon: what those before it
// took more than an idle cycle, and that one.
func (c *couple) afterwards(ctx context.Context) (echo, idle counted, err error) {
	for range mostCycles {
		if idle, err = c.measured(ctx); err != nil {
			return echo, idle, err
		}
		quiet, err := c.Engine.Idle(ctx, soonAgain)
		if err != nil {
			return echo, idle, err
		}
		if quiet && idle.all() <= pairIdle {
			break
		}
		echo.hubspot += idle.hubspot - pairIdle/2
		echo.salesforce += idle.salesforce - pairIdle/2
	}
	return echo, idle, nil
}
