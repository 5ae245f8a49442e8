package simulation

import (
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"

	"crosswalk/internal/engine"
)

// harmless are seeded bugs that the design itself makes harmless, with the reason; every other one must be caught.
var harmless = map[string]string{}

// bugSeeds is within how many seeds a seeded bug must be caught.
const bugSeeds = 60

// TestBugsAreCaught turns the engine's seeded bugs on one at a time: each must fail a check on a seed that passes without it.
func TestBugsAreCaught(t *testing.T) {
	sh := NewShared()
	names := reflect.TypeFor[engine.Bugs]()
	var mu sync.Mutex
	caught := make([]string, names.NumField())
	each(t, names.NumField(), func(t *testing.T, n int) {
		var bugs engine.Bugs
		reflect.ValueOf(&bugs).Elem().Field(n).SetBool(true)
		for seed := uint64(1); seed <= bugSeeds; seed++ {
			r := one(t, Options{Seed: seed, Bugs: bugs}, sh)
			if len(r.Problems) == 0 || len(one(t, Options{Seed: seed}, sh).Problems) > 0 {
				continue
			}
			checks := map[string]bool{}
			for _, p := range r.Problems {
				checks[p.Check] = true
			}
			mu.Lock()
			caught[n] = fmt.Sprintf("seed %d by %s", seed, strings.Join(sorted(checks), ", "))
			mu.Unlock()
			return
		}
	})
	found := 0
	for n, how := range caught {
		name := names.Field(n).Name
		switch {
		case how != "":
			found++
			t.Logf("%-15s caught on %s", name, how)
		case harmless[name] != "":
			t.Logf("%-15s not caught in %d seeds: %s", name, bugSeeds, harmless[name])
		default:
			t.Errorf("%-15s not caught in %d seeds", name, bugSeeds)
		}
	}
	if found < 12 {
		t.Errorf("only %d seeded bugs were caught", found)
	}
}
