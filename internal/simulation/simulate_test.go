package simulation

import (
	"flag"
	"testing"
	"testing/synctest"
	"time"
)

var (
	seedsFlag = flag.Int("seeds", 0, "how many seeds (also CROSSWALK_SEEDS)")
	seedFlag  = flag.Uint64("seed", 0, "run this seed alone, with its effects (also CROSSWALK_SEED)")
)

func one(t *testing.T, o Options, sh *Shared) (report Report) {
	synctest.Test(t, func(*testing.T) { report = Run(o, sh) })
	return report
}

func TestFirst(t *testing.T) {
	sh := NewShared()
	for seed := uint64(1); seed <= 5; seed++ {
		start := time.Now()
		r := one(t, Options{Seed: seed, Verbose: *seedFlag != 0}, sh)
		t.Logf("%d %s effects %d %v %+v", r.Seed, r.Trail, r.Effects, time.Since(start), r.Outcome)
		for _, p := range r.Problems {
			t.Logf("  %s", p)
		}
	}
}
