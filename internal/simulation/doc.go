// Package simulation runs the whole engine on a seed: both vendors' simulators, the store, the queue, several workers, a
// poller, webhooks and people, in the virtual time of testing/synctest. First chaos (faults of every class, workers killed
// and frozen, people editing on both sides), then calm, then a check that sees only what an outsider sees: the vendors'
// records and what "why" answers.
//
// A seed always gives the same run. A bubble is not repeatable by itself (T22), so every effect on the world passes a gate
// (gate.go): its actor first sleeps to a nanosecond of its own, at which no other actor ever wakes, and draws its luck from
// dice of its own. The engine's one way to start goroutines is made a sequence. A kill ends the goroutine at a gate: nothing
// after that gate has any effect.
//
// Start with Run (run.go), then gate.go, fault.go, world.go and check.go. crash.go kills a worker at every single effect of
// the won-deal flow instead.
package simulation
