// Package connectortest is the acceptance suite of connectors: a connector is whatever passes it. Each system
// brings a Subject: how to open a fresh connector on a fresh simulated vendor, what somebody else can do there,
// and which abilities the vendor lacks, with the reason. Start with Run, then Subject; the cases are in feed.go,
// read.go, write.go, encode.go and failure.go, one readable name each.
//
// Every case runs inside its own testing/synctest bubble, so waiting an hour costs nothing and the clock starts at
// midnight UTC 2000-01-01. The vendor's faults are played by Wire, which stands between the connector's client and
// the simulator.
package connectortest

import (
	"testing"
	"testing/synctest"
)

// acceptance is one thing every connector must do. needs are the abilities without which it cannot be shown.
type acceptance struct {
	name  string
	needs []Ability
	setup func(*Subject) Options // nil: the plain world
	run   func(*env)
}

// Run holds a connector to the contract: every case for every kind of record the subject names. A case the system
// cannot show is a named skip with the subject's reason; a hook that is missing without a reason fails.
func Run(t *testing.T, s Subject) {
	t.Helper()
	s.check(t)
	for _, k := range s.Kinds {
		t.Run(k.Object, func(t *testing.T) {
			for _, a := range cases() {
				t.Run(a.name, func(t *testing.T) { runCase(t, &s, k, a) })
			}
		})
	}
}

func cases() []acceptance {
	var all []acceptance
	for _, part := range [][]acceptance{accountCases, feedCases, readCases, valueCases, writeCases, rowCases, encodeCases, failureCases} {
		all = append(all, part...)
	}
	return all
}

func runCase(t *testing.T, s *Subject, k Kind, a acceptance) {
	for _, need := range a.needs {
		if why := s.lacks(k, need); why != "" {
			t.Skipf("%s %s cannot %s: %s", s.System, k.Object, need, why)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		o := Options{}
		if a.setup != nil {
			o = a.setup(s)
		}
		w := s.Open(t, o)
		w.check(t, s, k)
		a.run(&env{T: t, s: s, k: k, w: w, c: w.Connector})
	})
}
