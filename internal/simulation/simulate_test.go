package simulation

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

var (
	seedsFlag = flag.Int("seeds", 0, "how many seeds; also CROSSWALK_SEEDS")
	crmFlag   = flag.String("crm", "", "hubspot, salesforce, pair or pad for every seed; else each seed chooses")
	firstFlag = flag.Int("first", 1, "the first of the seeds")
	quietFlag = flag.Int("quiet", -1, "after how many of the seeds with both CRMs thirty quiet days follow; with -seed, 1 has them follow that one")
	seedFlag  = flag.Uint64("seed", 0, "run this seed alone and print its effects; also CROSSWALK_SEED")
)

// setting is a flag's value, else that of an environment variable, else the given one.
func setting(flagged uint64, variable string, otherwise uint64) uint64 {
	if flagged != 0 {
		return flagged
	}
	if n, err := strconv.ParseUint(os.Getenv(variable), 10, 64); err == nil {
		return n
	}
	return otherwise
}

// one runs a seed in a bubble of its own.
func one(t *testing.T, o Options, sh *Shared) (report Report) {
	synctest.Test(t, func(*testing.T) { report = Run(o, sh) })
	return report
}

// each runs work items 0..n-1 on all cores; a bubble may not be shared by parallel tests, so every core is one.
func each(t *testing.T, n int, f func(t *testing.T, n int)) {
	var mu sync.Mutex
	next := 0
	take := func() int {
		mu.Lock()
		defer mu.Unlock()
		next++
		return next - 1
	}
	t.Run("cores", func(t *testing.T) {
		for core := range runtime.GOMAXPROCS(0) {
			t.Run(fmt.Sprint(core), func(t *testing.T) {
				t.Parallel()
				for at := take(); at < n; at = take() {
					f(t, at)
				}
			})
		}
	})
}

// quietSeeds are the seeds with both CRMs after which thirty quiet days follow, spread evenly: 20 of 500 and more, else one in 25.
func quietSeeds(n int) map[uint64]bool {
	var pairs []uint64
	for at := range n {
		if seed := uint64(at + *firstFlag); *crmFlag == pairSource || *crmFlag == "" && sourceOf(seed) == pairSource {
			pairs = append(pairs, seed)
		}
	}
	want := *quietFlag
	if want < 0 {
		want = min(20, (len(pairs)+24)/25)
	}
	out := map[uint64]bool{}
	for at := range min(want, len(pairs)) {
		out[pairs[at*len(pairs)/want]] = true
	}
	return out
}

// commit names what was tested, where git can tell.
func commit() string {
	out, err := exec.Command("git", "rev-parse", "--short", "HEAD").Output()
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(out))
}

// failure is what a failed seed says, and the command that replays it.
func failure(r Report) string {
	var b strings.Builder
	for _, p := range r.Problems {
		fmt.Fprintf(&b, "seed %d: %s\n", r.Seed, p)
	}
	extra := ""
	if *crmFlag != "" {
		extra = " -crm " + *crmFlag
	}
	if r.Quiet {
		extra += " -quiet 1"
	}
	fmt.Fprintf(&b, "replay with: go test ./internal/simulation -count=1 -run 'TestSimulate$' -v -args -seed %d%s   (commit %s)", r.Seed, extra, commit())
	return b.String()
}

// TestSimulate runs seeds: -seeds N of them, or -seed S alone with all its effects.
func TestSimulate(t *testing.T) {
	sh := NewShared()
	if seed := setting(*seedFlag, "CROSSWALK_SEED", 0); seed != 0 {
		r := one(t, Options{Seed: seed, Verbose: true, Source: *crmFlag, Quiet: *quietFlag > 0}, sh)
		t.Logf("%s\nseed %d, trail %s, commit %s, %+v", r.Log, seed, r.Trail, commit(), r.Outcome)
		for _, p := range r.Problems {
			t.Error(p)
		}
		return
	}
	n := int(setting(uint64(*seedsFlag), "CROSSWALK_SEEDS", 200))
	quiet := quietSeeds(n)
	began := time.Now()
	var mu sync.Mutex
	total := newTotal()
	each(t, n, func(t *testing.T, at int) {
		seed := uint64(at + *firstFlag)
		r := one(t, Options{Seed: seed, Source: *crmFlag, Quiet: quiet[seed]}, sh)
		mu.Lock()
		defer mu.Unlock()
		total.add(r)
		if len(r.Problems) > 0 { // at once: a long run is often stopped at its first
			t.Error(failure(r))
		}
	})
	took := time.Since(began)
	t.Log(total.text(took))
	for _, r := range total.failed {
		t.Error(failure(r))
	}
	for _, weak := range total.weak() {
		t.Errorf("too weak: %s", weak)
	}
}
