package simulation

import (
	"os"
	"testing"
)

// TestT22SameSeedSameTrail: a seed gives the same effects at the same nanoseconds and the same store, to the byte.
func TestT22SameSeedSameTrail(t *testing.T) {
	sh := NewShared()
	for seed := uint64(1); seed <= 6; seed++ {
		a, b := one(t, Options{Seed: seed, Verbose: true}, sh), one(t, Options{Seed: seed, Verbose: true}, sh)
		if a.Trail != b.Trail {
			os.WriteFile("/tmp/trail.a", []byte(a.Log), 0o600)
			os.WriteFile("/tmp/trail.b", []byte(b.Log), 0o600)
			t.Fatalf("seed %d: trails %s and %s", seed, a.Trail, b.Trail)
		}
	}
}
