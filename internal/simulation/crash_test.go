package simulation

import (
	"flag"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

var (
	pairsFlag = flag.Bool("pairs", false, "TestCrashPoints: every pair of crash points too")
	flowFlag  = flag.String("flow", "", "TestCrashPoints: only this flow")
	killFlag  = flag.String("kill", "", "TestCrashPoints: of that flow only these kills, with all effects: 12b,7a is before effect 12, then after effect 7")
)

// parseKills reads what killText writes.
func parseKills(text string) (out []Kill, err error) {
	for part := range strings.SplitSeq(text, ",") {
		n, parseErr := strconv.Atoi(strings.TrimRight(part, "ab"))
		if parseErr != nil {
			return nil, fmt.Errorf("-kill %q: write 12b for before, 12a for after effect 12: %w", text, parseErr)
		}
		out = append(out, Kill{n, strings.HasSuffix(part, "a")})
	}
	return out, nil
}

func killText(kills []Kill) string {
	var parts []string
	for _, k := range kills {
		parts = append(parts, fmt.Sprintf("%d%s", k.At, map[bool]string{false: "b", true: "a"}[k.After]))
	}
	return strings.Join(parts, ",")
}

func crash(t *testing.T, f Flow, kills []Kill, o Options, sh *Shared) (c Crash) {
	synctest.Test(t, func(*testing.T) { c = RunCrash(f, kills, o, sh) })
	return c
}

// TestCrashPoints kills a worker before and after every single effect of the won-deal flow, in every flow; with -pairs the
// next worker is killed at every one of its effects too.
func TestCrashPoints(t *testing.T) {
	sh := NewShared()
	began := time.Now()
	type point struct {
		flow  Flow
		kills []Kill
	}
	var points []point
	for _, f := range Flows() {
		if *flowFlag != "" && *flowFlag != f.Name {
			continue
		}
		if *killFlag != "" {
			kills, err := parseKills(*killFlag)
			if err != nil {
				t.Fatal(err)
			}
			c := crash(t, f, kills, Options{Verbose: true}, sh)
			t.Logf("%s\n%s, killed %v (%v), trail %s: %+v", c.Log, f.Name, kills, c.Labels, c.Trail, c.Problems)
			if len(c.Problems) > 0 {
				t.Fail()
			}
			continue
		}
		whole := crash(t, f, []Kill{{}}, Options{}, sh)
		if len(whole.Problems) > 0 {
			t.Fatalf("%s without any crash: %v", f.Name, whole.Problems)
		}
		t.Logf("%s: %d effects", f.Name, whole.Effects[0])
		for n := 1; n <= whole.Effects[0]; n++ {
			points = append(points, point{f, []Kill{{n, false}}}, point{f, []Kill{{n, true}}})
		}
	}
	var mu sync.Mutex
	done, failed := 0, 0
	fail := func(p point, c Crash) {
		failed++
		if failed > 10 {
			return
		}
		for _, problem := range c.Problems {
			t.Errorf("%s, killed %v (%v): %s", p.flow.Name, p.kills, c.Labels, problem)
		}
		t.Errorf("replay with: go test ./internal/simulation -count=1 -run TestCrashPoints -v -args -flow '%s' -kill %s   (commit %s)", p.flow.Name, killText(p.kills), commit())
	}
	each(t, len(points), func(t *testing.T, at int) {
		p := points[at]
		queue := []point{p}
		for n := 0; n < len(queue); n++ {
			p := queue[n]
			c := crash(t, p.flow, p.kills, Options{}, sh)
			mu.Lock()
			done++
			if len(c.Problems) > 0 {
				fail(p, c)
			}
			mu.Unlock()
			if *pairsFlag && len(p.kills) == 1 {
				probe := crash(t, p.flow, []Kill{p.kills[0], {}}, Options{}, sh)
				for m := 1; m <= probe.Effects[1]; m++ {
					for _, after := range []bool{false, true} {
						queue = append(queue, point{p.flow, []Kill{p.kills[0], {m, after}}})
					}
				}
			}
		}
	})
	t.Logf("%d crash points in %.1f seconds, %d failed", done, time.Since(began).Seconds(), failed)
}
