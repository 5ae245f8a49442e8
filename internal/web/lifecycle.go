package web

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"crosswalk/internal/engine"
	"crosswalk/internal/record"
)

// Lifecycle moves a mapping between draft, pilot, live and paused.
type Lifecycle interface {
	StartPilot(ctx context.Context, name string, version int, refs []record.Ref, actor, note string) (engine.Head, engine.Run, error)
	GoLive(ctx context.Context, name string, version int, nativeOff bool, actor, note string) (engine.Head, error)
	Pause(ctx context.Context, name, actor, note string) (engine.Head, error)
	PauseAll(ctx context.Context, actor, note string) ([]engine.Head, error)
	Resume(ctx context.Context, name, actor, note string) (engine.Resumed, error)
}

// versionMatched is the version that If-Match names, which is the newest (call saw to that); 0 when it names none.
func versionMatched(r *http.Request) int {
	version, err := strconv.Atoi(strings.Trim(strings.TrimSpace(r.Header.Get(matchHeader)), `"`))
	if err != nil {
		return 0
	}
	return version
}

// pilotBody names the records of a trial.
type pilotBody struct {
	Refs   []string `json:"refs" needed:"yes"`
	Reason string   `json:"reason" doc:"kept with the decision"`
}

func (a *api) pilot(r *http.Request) (any, error) {
	var body pilotBody
	if err := read(r, &body); err != nil {
		return nil, err
	}
	records, err := refs(body.Refs)
	if err != nil {
		return nil, err
	}
	if len(records) == 0 {
		return nil, badRequest("refs", "a pilot names its records", "write the records to try it with: hubspot:deals/ID")
	}
	ctx := r.Context()
	head, run, err := a.Engine.StartPilot(ctx, r.PathValue("name"), versionMatched(r), records, actorOf(ctx), body.Reason)
	if err != nil {
		return nil, err
	}
	started := runOf(run, time.Now())
	out, err := a.moved(ctx, head)
	out.Run = &started
	return out, err
}

// liveBody may state that the target's own CRM integration is switched off.
type liveBody struct {
	NativeOff bool   `json:"native_off" doc:"states that the target's own CRM integration is switched off"`
	Reason    string `json:"reason" doc:"kept with the decision"`
	NoSave    bool   `json:"without_save" doc:"states that what is written over need not be saved to a file first"`
}

// live takes the newest version into use when it passed its gates. An operator may state that the target's own CRM
// integration is off; who stated it is kept with the decision.
func (a *api) live(r *http.Request) (any, error) {
	var body liveBody
	if err := read(r, &body); err != nil {
		return nil, err
	}
	ctx, note := r.Context(), body.Reason
	if body.NativeOff {
		note = strings.TrimSpace("states that the system's own CRM integration is off. " + note)
	}
	if body.NoSave {
		if err := a.Engine.WaiveSave(ctx, r.PathValue("name"), actorOf(ctx), body.Reason); err != nil {
			return nil, err
		}
	}
	head, err := a.Engine.GoLive(ctx, r.PathValue("name"), versionMatched(r), body.NativeOff, actorOf(ctx), note)
	if err != nil {
		return nil, err
	}
	return a.moved(ctx, head)
}

// reasonBody says why, for whoever asks later.
type reasonBody struct {
	Reason string `json:"reason" doc:"kept with the decision"`
}

func (a *api) pause(r *http.Request) (any, error) {
	var body reasonBody
	if err := read(r, &body); err != nil {
		return nil, err
	}
	head, err := a.Engine.Pause(r.Context(), r.PathValue("name"), actorOf(r.Context()), body.Reason)
	if err != nil {
		return nil, err
	}
	return a.moved(r.Context(), head)
}

// pauseAll stops everything that writes.
func (a *api) pauseAll(r *http.Request) (any, error) {
	var body reasonBody
	if err := read(r, &body); err != nil {
		return nil, err
	}
	heads, err := a.Engine.PauseAll(r.Context(), actorOf(r.Context()), body.Reason)
	if err != nil {
		return nil, err
	}
	out := []Mapping{}
	for _, h := range heads {
		out = append(out, mappingOf(h))
	}
	return map[string][]Mapping{"mappings": out}, nil
}

// resume goes on with the version that ran; a newer one is taken into use by live, never in passing.
func (a *api) resume(r *http.Request) (any, error) {
	var body reasonBody
	if err := read(r, &body); err != nil {
		return nil, err
	}
	got, err := a.Engine.Resume(r.Context(), r.PathValue("name"), actorOf(r.Context()), body.Reason)
	if err != nil {
		return nil, err
	}
	return Moved{Mapping: mappingOf(got.Head), Waiting: got.Waiting, Stopped: moment(got.Since)}, nil
}

// moved adds to a head how much waits.
func (a *api) moved(ctx context.Context, head engine.Head) (Moved, error) {
	s, err := a.Engine.Status(ctx)
	out := Moved{Mapping: mappingOf(head), Waiting: s.Parked}
	for _, counts := range s.Lanes {
		out.Waiting += counts.Waiting
	}
	return out, err
}
