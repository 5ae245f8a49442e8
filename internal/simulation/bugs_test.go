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
var harmless = map[string]string{
	"TokenIgnored": "no code asks for this switch: telling its own success is the store's (store.Judge, T13). Were it left out, a claim would stand " +
		"under the worker's own token as another's until it expires; then it is looked for and sent under the same key: minutes lost, nothing doubled",
}

// bugSeeds is within how many seeds a seeded bug must be caught.
const bugSeeds = 40

// TestBugsAreCaught turns the engine's seeded bugs on one at a time: each must fail a hard case, or a seed that passes without it.
func TestBugsAreCaught(t *testing.T) {
	sh := NewShared()
	names := reflect.TypeFor[engine.Bugs]()
	var mu sync.Mutex
	caught := make([]string, names.NumField())
	each(t, names.NumField(), func(t *testing.T, n int) {
		var bugs engine.Bugs
		reflect.ValueOf(&bugs).Elem().Field(n).SetBool(true)
		how := caughtByScenario(t, bugs, sh)
		if how == "" {
			how = caughtBySeed(t, bugs, sh)
		}
		mu.Lock()
		defer mu.Unlock()
		caught[n] = how
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

func caughtByScenario(t *testing.T, bugs engine.Bugs, sh *Shared) string {
	for _, c := range Scenarios() {
		if problems := scenario(t, c, Options{Bugs: bugs}, sh); len(problems) > 0 {
			return fmt.Sprintf("%q by %s", c.Name, problems[0].Check)
		}
	}
	return ""
}

func caughtBySeed(t *testing.T, bugs engine.Bugs, sh *Shared) string {
	for n := uint64(0); n < 2*bugSeeds; n++ {
		seed, source := 1+n/2, pairSource
		if n%2 == 0 {
			source = billedOf(seed)
		}
		r := one(t, Options{Seed: seed, Source: source, Bugs: bugs}, sh)
		if len(r.Problems) == 0 || len(one(t, Options{Seed: seed, Source: source}, sh).Problems) > 0 {
			continue
		}
		checks := map[string]bool{}
		for _, p := range r.Problems {
			checks[p.Check] = true
		}
		return fmt.Sprintf("seed %d of %s by %s", seed, source, strings.Join(sorted(checks), ", "))
	}
	return ""
}
