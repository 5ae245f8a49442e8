package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// maxRounds is how many rounds of acceptance there can be: by those who know the business, then by those who will work
// with it.
const maxRounds = 2

// SignOff is what a tester says of a mapping's version in one round.
type SignOff struct {
	Mapping string
	Version int // that was tested; 0 is the newest
	Round   int // 1: validation by those who own fields and stages; 2: a day's work by its users
	Tester  string
	Result  string // Passed or Failed
	Note    string
}

// Sign records a tester's result (Accept is the word for webhooks here). A tester who says something
// else later replaces what they said; both stay in the history.
func (e *Engine) Sign(ctx context.Context, s SignOff, actor string) (Standing, error) {
	s.Tester = strings.TrimSpace(s.Tester)
	switch {
	case s.Round < 1 || s.Round > maxRounds:
		return Standing{}, &RefusedError{fmt.Sprintf("there is no round %d of acceptance", s.Round), "give --round 1 or --round 2"}
	case s.Result != Passed && s.Result != Failed:
		return Standing{}, &RefusedError{fmt.Sprintf("a result is not %q", s.Result), "give --result pass or --result fail"}
	case s.Tester == "" || len(s.Tester) > 100:
		return Standing{}, &RefusedError{"a result is somebody's", "give --tester NAME, up to 100 letters"}
	}
	h, err := e.newest(ctx, s.Mapping, s.Version)
	if err != nil {
		return Standing{}, err
	}
	var refused error
	out, err := e.changeStanding(ctx, s.Mapping, h.Latest, func(v *Standing) bool {
		refused = nil
		if first, _ := v.round(1); s.Round == 2 && first != Passed {
			refused = &RefusedError{fmt.Sprintf("round 1 of version %d of %s did not pass yet", h.Latest, s.Mapping), fmt.Sprintf("crosswalk accept %s --round 1 --tester NAME --result pass", s.Mapping)}
			return false
		}
		v.Accepted = slices.DeleteFunc(v.Accepted, func(a Acceptance) bool { return a.Round == s.Round && a.Tester == s.Tester })
		v.Accepted = append(v.Accepted, Acceptance{Round: s.Round, Tester: s.Tester, Result: s.Result, Note: s.Note, Actor: actor, At: time.Now()})
		return true
	})
	if err != nil || refused != nil {
		return out, firstError([]error{refused, err})
	}
	return out, e.decided(ctx, Decision{Kind: DecidedAccept, Mapping: s.Mapping, Version: h.Latest, Actor: actor, Note: s.Note, Round: s.Round, Tester: s.Tester, Result: s.Result})
}
