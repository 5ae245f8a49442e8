package simulation

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"time"
)

// grid is how many actors there can be: actor n wakes only at nanoseconds that are n modulo grid.
const grid = 64

// actor is somebody who does things to the world: a worker's process, a person, the webhook sender.
type actor struct {
	s    *Sim
	name string
	slot int64
	dice *rand.Rand

	jitter *rand.Rand // of the engine's own waiting and sequences

	mortal  bool // may be killed and frozen by chaos
	effects int  // effects of this actor so far
	killAt  int  // dies at this effect (counted from 1); 0 never
	after   bool // dies after that effect, else before it
	killed  bool
	last    string // label of the effect it died at

	freezeAt func(label string) bool // of a directed test: stops dead before the first such effect
	dieAt    func(label string) bool // of a directed test: is killed before the first such effect
}

// newActor makes an actor; generation tells apart the processes that follow each other in one place.
func (s *Sim) newActor(name string, slot, generation int) *actor {
	if slot < 1 || slot >= grid {
		panic("simulation: too many actors")
	}
	return &actor{s: s, name: name, slot: int64(slot), dice: rand.New(rand.NewPCG(s.Seed, uint64(slot)<<32|uint64(generation)))}
}

// chance is true n times in 10,000.
func (a *actor) chance(n int) bool { return n > 0 && a.dice.IntN(10_000) < n }

// between gives a duration in [low, high).
func (a *actor) between(low, high time.Duration) time.Duration {
	return low + time.Duration(a.dice.Int64N(int64(high-low)))
}

// until sleeps to the first instant of this actor's own that is not before t and not the given one to avoid.
func (a *actor) until(t, avoid time.Time) {
	now := time.Now()
	at := t.UnixNano()
	at += ((a.slot-at)%grid + grid) % grid
	for at <= now.UnixNano() || !avoid.IsZero() && at == avoid.UnixNano() {
		at += grid
	}
	time.Sleep(time.Duration(at - now.UnixNano()))
}

// pause lets time pass for this actor.
func (a *actor) pause(d time.Duration) { a.until(time.Now().Add(d), time.Time{}) }

// enter is the gate before an effect: the actor waits for its instant, may be frozen or die there, and is refused when its
// time was up meanwhile (a frozen process whose deadline passed sends nothing).
func (a *actor) enter(ctx context.Context, label string, low, high time.Duration) error {
	a.effects++
	if a.killAt == a.effects && !a.after || a.dieAt != nil && a.dieAt(label) {
		a.die(label)
	}
	wait := a.between(low, high)
	if a.mortal && a.s.chaos() {
		if a.chance(a.s.Rates.Kill) && a.s.spend("kill") {
			a.killAt, a.after = a.effects, a.dice.IntN(2) == 0
			if !a.after {
				a.die(label)
			}
		} else if a.chance(a.s.Rates.Freeze) && a.s.spend("freeze") {
			a.s.hit("worker frozen and thawed")
			wait += a.between(10*time.Minute, 12*time.Minute)
		}
	}
	if a.freezeAt != nil && a.freezeAt(label) {
		a.freezeAt = nil
		wait += 11 * time.Minute
	}
	deadline, limited := ctx.Deadline()
	a.until(time.Now().Add(wait), deadline)
	if limited && !time.Now().Before(deadline) {
		a.s.note(a, label+" too late")
		return context.DeadlineExceeded
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	a.s.note(a, label)
	return nil
}

// leave is the gate after an effect.
func (a *actor) leave(label string) {
	if a.killAt == a.effects && a.after {
		a.die(label)
	}
}

// late lets an answer travel for a while; the caller gives up at its deadline.
func (a *actor) late(ctx context.Context, d time.Duration) error {
	deadline, limited := ctx.Deadline()
	at := time.Now().Add(d)
	if limited && !at.Before(deadline) {
		at = deadline.Add(grid)
	}
	a.until(at, deadline)
	if limited && !time.Now().Before(deadline) {
		return context.DeadlineExceeded
	}
	return nil
}

// die ends the process's goroutine here and now.
func (a *actor) die(label string) {
	side := "before"
	if a.after {
		side = "after"
	}
	a.killed, a.last = true, fmt.Sprintf("%s effect %d: %s", side, a.effects, label)
	a.s.hit("worker killed " + side + " an effect")
	a.s.note(a, "dies "+a.last)
	runtime.Goexit()
}
