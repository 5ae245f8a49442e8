package simulation

import (
	"os"
	"runtime/debug"
	"testing"
)

// TestMain lets garbage lie for longer: a run makes much of it, and all of it is gone with the run.
func TestMain(m *testing.M) {
	debug.SetGCPercent(1000)
	debug.SetMemoryLimit(1 << 30)
	os.Exit(m.Run())
}
