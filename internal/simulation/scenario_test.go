package simulation

import (
	"testing"
	"testing/synctest"
)

func scenario(t *testing.T, c Scenario, o Options, sh *Shared) (problems []Problem) {
	synctest.Test(t, func(*testing.T) { problems = RunScenario(c, o, sh) })
	return problems
}

// TestHardCases plays each hard case step by step; they are named by their ids.
func TestHardCases(t *testing.T) {
	sh := NewShared()
	for _, c := range Scenarios() {
		t.Run(c.Name, func(t *testing.T) {
			for seed := uint64(1); seed <= 5; seed++ {
				for _, p := range scenario(t, c, Options{Seed: seed}, sh) {
					t.Errorf("seed %d: %s", seed, p)
				}
			}
		})
	}
}
