package web

import (
	"context"
	"net/http"
	"time"

	"crosswalk/internal/engine"
)

// Approvals are what other people say before a mapping goes live or a plan is carried out.
type Approvals interface {
	Gates(ctx context.Context, name string) (engine.Standing, []engine.Gate, error)
	Submit(ctx context.Context, name string, version int, actor, note string) (engine.Standing, error)
	ApproveMapping(ctx context.Context, name string, version int, actor, note string) (engine.Standing, error)
	SubmitPlan(ctx context.Context, id, actor, note string) (engine.SavedPlan, error)
	Sign(ctx context.Context, s engine.SignOff, actor string) (engine.Standing, error)
}

// Standing is what was shown of a mapping's newest version, who signed for it, and what is missing before it goes live.
type Standing struct {
	Mapping   string         `json:"mapping"`
	Version   int            `json:"version"`
	Ready     bool           `json:"ready"` // nothing is missing
	Gates     []Gate         `json:"gates"`
	Submitter string         `json:"submitter,omitempty"`
	Submitted *time.Time     `json:"submitted,omitempty"`
	Approver  string         `json:"approver,omitempty"`
	Approved  *time.Time     `json:"approved,omitempty"`
	Single    bool           `json:"single,omitempty"` // approved under approval: single
	Accepted  []TesterResult `json:"accepted,omitempty"`
}

// Gate is one thing that a version needs before it goes live: preview, pilot, acceptance_1, acceptance_2, approval.
type Gate struct {
	Gate    string `json:"gate"`
	Passed  bool   `json:"passed"`
	State   string `json:"state"`             // what passed it, or what is missing
	Command string `json:"command,omitempty"` // that passes it
}

// TesterResult is a tester's newest result in a round of acceptance: pass or fail.
type TesterResult struct {
	Round  int       `json:"round"`
	Tester string    `json:"tester"`
	Result string    `json:"result"`
	Note   string    `json:"note,omitempty"`
	Actor  string    `json:"actor"`
	At     time.Time `json:"at"`
}

func (a *api) standing(r *http.Request) (any, error) { return a.standingNow(r) }

func (a *api) standingNow(r *http.Request) (Standing, error) {
	s, gates, err := a.Engine.Gates(r.Context(), r.PathValue("name"))
	if err != nil {
		return Standing{}, err
	}
	out := Standing{Mapping: s.Mapping, Version: s.Version, Ready: true, Gates: []Gate{}, Submitter: s.Submitter, Submitted: moment(s.Submitted),
		Approver: s.Approver, Approved: moment(s.Approved), Single: s.Single}
	for _, g := range gates {
		out.Gates = append(out.Gates, Gate{g.Name, g.Passed, g.State, g.Command})
		out.Ready = out.Ready && g.Passed
	}
	for _, t := range s.Accepted {
		out.Accepted = append(out.Accepted, TesterResult{t.Round, t.Tester, t.Result, t.Note, t.Actor, t.At})
	}
	return out, nil
}

// versionBody names the version that the caller looked at.
type versionBody struct {
	Version int    `json:"version" doc:"that the caller looked at; refused when there is a newer one"`
	Reason  string `json:"reason" doc:"kept with the decision"`
}

func (b versionBody) of(r *http.Request) int {
	if b.Version != 0 {
		return b.Version
	}
	return versionMatched(r)
}

func (a *api) submitMapping(r *http.Request) (any, error) {
	var body versionBody
	if err := read(r, &body); err != nil {
		return nil, err
	}
	if _, err := a.Engine.Submit(r.Context(), r.PathValue("name"), body.of(r), actorOf(r.Context()), body.Reason); err != nil {
		return nil, err
	}
	return a.standingNow(r)
}

func (a *api) approveMapping(r *http.Request) (any, error) {
	var body versionBody
	if err := read(r, &body); err != nil {
		return nil, err
	}
	if _, err := a.Engine.ApproveMapping(r.Context(), r.PathValue("name"), body.of(r), actorOf(r.Context()), body.Reason); err != nil {
		return nil, err
	}
	return a.standingNow(r)
}

// acceptBody is what a tester found in a round of acceptance.
type acceptBody struct {
	Round   int    `json:"round" needed:"yes" doc:"1: those who own fields and stages; 2: those who will work with it"`
	Tester  string `json:"tester" needed:"yes"`
	Result  string `json:"result" needed:"yes" doc:"pass or fail"`
	Note    string `json:"note"`
	Version int    `json:"version" doc:"that was tested; refused when there is a newer one"`
}

func (a *api) acceptRound(r *http.Request) (any, error) {
	var body acceptBody
	if err := read(r, &body); err != nil {
		return nil, err
	}
	switch {
	case body.Round != 1 && body.Round != 2:
		return nil, badRequest("round", "there are two rounds", "write 1 or 2")
	case body.Result != engine.Passed && body.Result != engine.Failed:
		return nil, badRequest("result", "this is no result", "write pass or fail")
	case body.Tester == "":
		return nil, badRequest("tester", "a result is somebody's", "name who tested")
	}
	version := versionBody{Version: body.Version}.of(r)
	s := engine.SignOff{Mapping: r.PathValue("name"), Version: version, Round: body.Round, Tester: body.Tester, Result: body.Result, Note: body.Note}
	if _, err := a.Engine.Sign(r.Context(), s, actorOf(r.Context())); err != nil {
		return nil, err
	}
	return a.standingNow(r)
}

func (a *api) submitPlan(r *http.Request) (any, error) {
	var body reasonBody
	if err := read(r, &body); err != nil {
		return nil, err
	}
	p, err := a.Engine.SubmitPlan(r.Context(), r.PathValue("id"), actorOf(r.Context()), body.Reason)
	if err != nil {
		return nil, err
	}
	return planOf(p), nil
}
