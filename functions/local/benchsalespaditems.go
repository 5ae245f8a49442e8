package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"crosswalk/internal/mapping"
	"crosswalk/internal/web"
)

// A large catalogue (bench catalogue): every item becomes a product by an approved plan, and then the same run is made once more, when no item has changed.
// The product is a process of its own, so that no simulator's memory is in the figure.

// catalogues are how many items there are; CROSSWALK_BENCH_LARGE adds the last.
var catalogues = []int{5_000, 20_000}

const catalogueLarge = 100_000

func benchCatalogues(ctx context.Context, say func(figure) error) error {
	first := 0.0
	for _, n := range orLarge(catalogues, catalogueLarge) {
		c, err := weighCatalogue(ctx, n)
		if err != nil {
			return err
		}
		if first == 0 {
			first = c.peak
		}
		name := fmt.Sprintf("salespad, %d items", n)
		for _, f := range []figure{ // least of a run: a page of each hundred items, and a read of their products, which may have drifted
			{Name: name + ": anonymous memory of the product at most", Value: c.peak / 1e6, Unit: "MB", Parts: map[string]float64{"times that of the smallest": c.peak / first}},
			{Name: name + ": calls of preview and run", Value: c.calls, Unit: "calls", Units: c.first},
			{Name: name + ": calls of a run when nothing has changed", Value: c.again, Unit: "calls", Least: in(n, 100) + in(n, 100), Units: c.second},
			{Name: name + ": run", Value: c.speed, Unit: "records/s"},
			{Name: name + ": writes of that run", Value: c.writes, Unit: "records"},
		} {
			if err := say(f); err != nil {
				return err
			}
		}
	}
	return nil
}

// catalogueWeighed is what a catalogue took.
type catalogueWeighed struct {
	peak, calls, speed float64            // bytes; of preview and run; records a second of the run
	again, writes      float64            // calls and writes of a run with nothing to do
	first, second      map[string]float64 // of the calls, by route
}

func weighCatalogue(ctx context.Context, n int) (out catalogueWeighed, err error) {
	dir, err := os.MkdirTemp("", "crosswalk-bench-")
	if err != nil {
		return out, err
	}
	defer os.RemoveAll(dir)
	v, err := startVendors(playing{hubspot: "127.0.0.1:0", salespad: "127.0.0.1:0", zone: "UTC", currency: "USD", seed: 7})
	if err != nil {
		return out, err
	}
	defer v.close()
	if err := v.salespad.LoadItems(n); err != nil {
		return out, err
	}
	child, api, err := startConfigured(ctx, v, dir, func(address string) string {
		return strings.Replace(padConfig(v), "listen: 127.0.0.1:0\npoll: 1s", "listen: "+address+"\npoll: 1h", 1)
	})
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, child.stop()) }()
	c := &cli{out: io.Discard, err: io.Discard}
	total := func() (sum float64, routes map[string]float64) {
		routes = map[string]float64{}
		for system, calls := range map[string]map[string]int{"hubspot": v.hubspot.Calls(), "salespad": v.salespad.Calls()} {
			for route, n := range calls {
				if route != "total" {
					sum, routes[system+" "+route] = sum+float64(n), float64(n)
				}
			}
		}
		return sum, routes
	}
	began, err := c.firstExport(ctx, api)
	if err != nil {
		return out, err
	}
	out.speed = float64(n) / time.Since(began).Seconds()
	out.calls, out.first = total()
	products := v.hubspot.Records("products")
	if len(products) != n {
		return out, fmt.Errorf("bench: %d of %d items are products at HubSpot", len(products), n)
	}
	stamps := make(map[string]time.Time, n)
	for _, p := range products {
		stamps[p.ID] = p.UpdatedAt
	}
	v.hubspot.ResetCalls()
	v.salespad.ResetCalls()
	r, err := post[web.Run](ctx, api, "/runs", map[string]string{"mapping": "items"})
	if err != nil {
		return out, err
	}
	if _, err = c.follow(ctx, api, r); err != nil {
		return out, err
	}
	out.again, out.second = total()
	out.peak = child.peak()
	for _, p := range v.hubspot.Records("products") {
		if !p.UpdatedAt.Equal(stamps[p.ID]) {
			out.writes++
		}
	}
	return out, nil
}

// firstExport previews every item, approves that and carries it out; it gives when the run began.
func (c *cli) firstExport(ctx context.Context, api *client) (began time.Time, err error) {
	var texts []string
	for _, p := range mapping.PresetSet("hubspot-salespad") {
		if strings.HasSuffix(p.Name, "/items") {
			texts = append(texts, strings.Replace(string(p.YAML), "slot: product\n", "slot: product\nschedule: never\n", 1))
		}
	}
	if _, err := applyAll(ctx, api, texts); err != nil {
		return began, err
	}
	if _, err := post[web.Report](ctx, api, "/check", nil); err != nil { // it makes the property that creates are marked by
		return began, err
	}
	p, err := c.previewAll(ctx, api, "items")
	if err != nil {
		return began, err
	}
	if _, err := post[web.Plan](ctx, api, "/plans/"+p.ID+"/approve", map[string]string{"digest": p.Digest}); err != nil {
		return began, err
	}
	if _, err := post[web.Moved](ctx, api, "/mappings/items/live", map[string]any{"without_save": true, "reason": "a bench has nothing worth keeping"}); err != nil {
		return began, err
	}
	began = time.Now()
	r, err := post[web.Run](ctx, api, "/runs", map[string]string{"plan": p.ID})
	if err == nil {
		_, err = c.follow(ctx, api, r)
	}
	return began, err
}
