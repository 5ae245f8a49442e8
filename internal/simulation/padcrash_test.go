package simulation

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// padPoint is one run of a flow: workers that are killed, or a write whose answer is lost.
type padPoint struct {
	flow  PadFlow
	kills []Kill
	lost  Lost
}

func (p padPoint) String() string {
	if p.lost != 0 {
		return fmt.Sprintf("%s, the answer to write %d lost", p.flow.Name, p.lost)
	}
	return fmt.Sprintf("%s, killed %v", p.flow.Name, p.kills)
}

// replay is what carries the run out again alone, with all its effects.
func (p padPoint) replay() string {
	what := killText(p.kills)
	if p.lost != 0 {
		what = fmt.Sprintf("%dl", p.lost)
	}
	return fmt.Sprintf("go test ./internal/simulation -count=1 -run TestCrashPointsSalesPad -v -args -flow '%s' -kill %s", p.flow.Name, what)
}

func (p padPoint) run(t *testing.T, o Options, sh *Shared) (c Crash, wrote int) {
	synctest.Test(t, func(*testing.T) { c, wrote = RunPadCrash(p.flow, p.kills, p.lost, o, sh) })
	return c, wrote
}

// parsePoint reads what replay writes.
func parsePoint(f PadFlow, text string) (padPoint, error) {
	p := padPoint{flow: f}
	if n, ok := strings.CutSuffix(text, "l"); ok {
		_, err := fmt.Sscan(n, &p.lost)
		return p, err
	}
	kills, err := parseKills(text)
	p.kills = kills
	return p, err
}

// TestCrashPointsSalesPad kills a worker before and after every single effect of the flows of SalesPad's own integration, and loses the
// answer to each of their writes; with -pairs the next worker is killed at every one of its effects too.
func TestCrashPointsSalesPad(t *testing.T) {
	sh := NewShared()
	began := time.Now()
	var points []padPoint
	for _, f := range PadFlows() {
		if *flowFlag != "" && *flowFlag != f.Name {
			continue
		}
		if *killFlag != "" {
			p, err := parsePoint(f, *killFlag)
			if err != nil {
				t.Fatal(err)
			}
			c, _ := p.run(t, Options{Verbose: true}, sh)
			t.Logf("%s\n%s (%v), trail %s", c.Log, p, c.Labels, c.Trail)
			for _, problem := range c.Problems {
				t.Error(problem)
			}
			continue
		}
		c, wrote := padPoint{flow: f, kills: []Kill{{}}}.run(t, Options{}, sh)
		if len(c.Problems) > 0 {
			t.Errorf("%s without any crash: %v", f.Name, c.Problems)
			continue
		}
		t.Logf("%s: %d effects, %d writes", f.Name, c.Effects[0], wrote)
		for n := 1; n <= c.Effects[0]; n++ {
			points = append(points, padPoint{flow: f, kills: []Kill{{n, false}}})
		}
		points = append(points, padPoint{flow: f, kills: []Kill{{c.Effects[0], true}}}) // after any other effect is before the next one
		for n := 1; n <= wrote; n++ {
			points = append(points, padPoint{flow: f, kills: []Kill{{}}, lost: Lost(n)})
		}
	}
	var mu sync.Mutex
	done, failed := map[string]int{}, 0
	judge := func(p padPoint, c Crash) {
		mu.Lock()
		defer mu.Unlock()
		done[p.flow.Name]++
		if len(c.Problems) == 0 {
			return
		}
		if failed++; failed > 10 {
			return
		}
		for _, problem := range c.Problems {
			t.Errorf("%s (%v): %s", p, c.Labels, problem)
		}
		t.Errorf("replay with: %s   (commit %s)", p.replay(), commit())
	}
	each(t, len(points), func(t *testing.T, at int) {
		p := points[at]
		c, _ := p.run(t, Options{}, sh)
		judge(p, c)
		if !*pairsFlag || p.lost != 0 {
			return
		}
		probe, _ := padPoint{flow: p.flow, kills: []Kill{p.kills[0], {}}}.run(t, Options{}, sh)
		for m := 1; m <= probe.Effects[1]; m++ {
			for _, after := range []bool{false, true} {
				twice := padPoint{flow: p.flow, kills: []Kill{p.kills[0], {m, after}}}
				c, _ := twice.run(t, Options{}, sh)
				judge(twice, c)
			}
		}
	})
	t.Logf("%v crash points in %.1f seconds, %d failed", done, time.Since(began).Seconds(), failed)
}
