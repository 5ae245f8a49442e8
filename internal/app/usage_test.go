package app

import (
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"crosswalk/internal/engine"
)

// With limits off calls are counted all the same, and a process that ends leaves its counts to the next.
func TestUsageIsCountedWithoutLimits(t *testing.T) {
	w := newWorld(t, true)
	w.applyPresets()
	w.live()
	w.run(engine.Run{Kind: "full", Mapping: "deals-to-invoices", Actor: "editor"})
	w.ok(w.SaveUsage(t.Context()))
	before, err := w.Engine.Usage(t.Context())
	w.ok(err)
	calls := func(uses []engine.CallUse, connection string) (n int) {
		for _, u := range uses {
			if u.Connection == connection {
				n += u.Calls
			}
		}
		return n
	}
	for name, seen := range map[string]int{"hubspot": w.HubSpot.Calls()["total"], "light": w.Light.Calls()["total"]} {
		if n := calls(before, name); n != seen {
			t.Errorf("%s: %d calls counted, it saw %d", name, n, seen)
		}
	}
	if !slices.ContainsFunc(before, func(u engine.CallUse) bool {
		return u.Connection == "light" && u.Mapping == "companies-to-customers" && u.Cause != "" && u.Calls > 0
	}) {
		t.Errorf("nothing for the customers: %+v", before)
	}
	s, err := w.Engine.Status(t.Context())
	w.ok(err)
	for _, c := range s.Connections {
		if c.LastSuccess.IsZero() || !c.Dead.IsZero() || c.Account == "" {
			t.Errorf("%+v", c)
		}
	}
	config := w.App.Config
	w.ok(w.Close())
	again := onFolder(t, config, Options{Transport: func(connection string) http.RoundTripper {
		if connection == "hubspot" {
			return w.HubSpot.Transport()
		}
		return w.Light.Transport()
	}})
	after, err := again.Engine.Usage(t.Context())
	w.ok(err)
	if !slices.Equal(before, after) {
		t.Errorf("before %+v\nafter %+v", before, after)
	}
}

// A refused credential is dead since it was first refused, until the system answers again.
func TestMeterSeesADeadCredential(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMeter("light", nil)
		m.answered(200)
		if news := m.news(); len(news) != 1 || !news[0].Dead.IsZero() || !news[0].LastSuccess.Equal(time.Now()) {
			t.Fatalf("%+v", news)
		}
		m.answered(404)
		if news := m.news(); len(news) != 0 {
			t.Errorf("nothing new, and yet %+v", news)
		}
		time.Sleep(time.Minute)
		refused := time.Now()
		m.answered(401)
		time.Sleep(time.Minute)
		m.answered(401)
		if news := m.news(); len(news) != 1 || !news[0].Dead.Equal(refused) {
			t.Errorf("%+v, refused since %s", news, refused)
		}
		m.answered(503)
		m.answered(0)
		if news := m.news(); len(news) != 0 {
			t.Errorf("a system that is down is not a dead credential: %+v", news)
		}
		m.answered(201)
		if news := m.news(); len(news) != 1 || !news[0].Dead.IsZero() {
			t.Errorf("%+v", news)
		}
	})
}
