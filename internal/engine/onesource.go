package engine

import (
	"context"
	"fmt"
	"slices"
	"time"

	"crosswalk/internal/mapping"
)

// resting tells which mappings do not run and stay so until a person says otherwise: those that are paused.
func resting(heads []Head) func(name string) bool {
	return func(name string) bool {
		return slices.ContainsFunc(heads, func(h Head) bool { return h.Name == name && h.rests() })
	}
}

func (h Head) rests() bool { return h.Status == mapping.Paused && h.Trial == 0 }

func (h Head) runs() bool {
	return h.Status == mapping.Live || h.Status == mapping.Pilot || h.Trial != 0
}

// boundAs gives a version of a mapping with its roles bound: two roles of one account are one.
func (e *Engine) boundAs(ctx context.Context, name string, version int) (*mapping.Mapping, error) {
	m, err := e.compiled(ctx, name, version)
	if err != nil {
		return nil, err
	}
	return e.bindRoles(m)
}

func (e *Engine) bindRoles(m *mapping.Mapping) (*mapping.Mapping, error) {
	bound := *m
	ends := []*mapping.End{&bound.A, &bound.B}
	if m.Mirror != nil {
		mirror := *m.Mirror
		bound.Mirror = &mirror
		ends = append(ends, &mirror.End)
	}
	for _, end := range ends {
		name, _, err := e.connection(end.Connection)
		if err != nil {
			return nil, fmt.Errorf("mapping %s: %w", m.Name, err)
		}
		end.Connection = name
	}
	return &bound, nil
}

// mayRun refuses to let a version of a mapping run beside those that do: documents of one connection have one source (A6),
// a field of one object one writer (B13). A source of documents that takes the place of one that rests must say how it knows
// what that one billed, and must bill what was won since.
func (e *Engine) mayRun(ctx context.Context, name string, version int) error {
	heads, err := e.Heads(ctx)
	if err != nil {
		return err
	}
	m, err := e.boundAs(ctx, name, version)
	if err != nil {
		return err
	}
	for _, h := range heads {
		if h.Name == name || h.Running == 0 {
			continue
		}
		other, err := e.boundAs(ctx, h.Name, h.Running)
		if err != nil {
			return err
		}
		var problems mapping.Problems
		fix := fmt.Sprintf("pause the other one first: crosswalk pause %s (crosswalk help twocrms)", h.Name)
		switch {
		case h.runs():
			problems = mapping.Clash(m, other)
		case h.rests():
			problems, fix = mapping.Succeeds(m, other), "write it into "+name+", apply it and take it live: crosswalk help twocrms"
		}
		if len(problems) > 0 {
			return &RefusedError{problems[0].Message, fix}
		}
	}
	gap, err := e.gap(ctx, heads, m)
	if err != nil {
		return err
	}
	return mayBegin(heads, m, gap)
}

// mayBecome is mayRun for a status: pilot takes the newest version, live that too unless the mapping was paused.
func (e *Engine) mayBecome(ctx context.Context, name string, to mapping.Status) error {
	if to != mapping.Pilot && to != mapping.Live {
		return nil
	}
	got, err := getItem[Head](ctx, e.Table, mappingHeadKey(name))
	h := got.Value
	if err != nil || got.Rev == 0 {
		return err // that it is not there is said by whoever asked
	}
	version := h.Latest
	if to == mapping.Live && h.Status == mapping.Paused {
		version = h.Running
	}
	return e.mayRun(ctx, name, version)
}

// mayBegin refuses a new source of documents that would leave out what was won since the old one was paused.
func mayBegin(heads []Head, m *mapping.Mapping, gap time.Time) error {
	own := slices.IndexFunc(heads, func(h Head) bool { return h.Name == m.Name })
	if gap.IsZero() || m.Since == nil || own >= 0 && heads[own].runs() || m.Since.String() <= gap.UTC().Format(time.DateOnly) {
		return nil
	}
	return &RefusedError{fmt.Sprintf("since of %s is %s, and the other source of documents was paused on %s: what is won in between would be billed by nobody", m.Name, m.Since, gap.UTC().Format(time.DateOnly)),
		"write an earlier since into " + m.Name + ", apply it and take it live"}
}

// gap is since when documents are made from no other source: zero when there was none. A source is as many mappings as bill
// from it, and the first of them to be paused left the first gap.
func (e *Engine) gap(ctx context.Context, heads []Head, m *mapping.Mapping) (time.Time, error) {
	if m.Document == nil {
		return time.Time{}, nil
	}
	bySource := map[mapping.End]time.Time{}
	for _, h := range heads {
		if !h.rests() || h.Since.IsZero() || h.Running == 0 || h.Name == m.Name {
			continue
		}
		other, err := e.boundAs(ctx, h.Name, h.Running)
		if err != nil {
			return time.Time{}, err
		}
		if other.Document == nil || other.B.Connection != m.B.Connection || other.A == m.A {
			continue
		}
		if at, ok := bySource[other.A]; !ok || h.Since.Before(at) {
			bySource[other.A] = h.Since
		}
	}
	var out time.Time
	for _, at := range bySource {
		out = laterOf(out, at)
	}
	return out, nil
}

// reachBack has a source of documents that takes another one's place read its feeds from when that one was paused: what was
// won in between is billed by nobody else.
func (e *Engine) reachBack(ctx context.Context, a *Active) error {
	if a.Document == nil {
		return nil
	}
	heads, err := e.Heads(ctx)
	if err != nil {
		return err
	}
	m, err := e.bindRoles(a.Mapping)
	if err != nil {
		return err
	}
	gap, err := e.gap(ctx, heads, m)
	if err != nil || gap.IsZero() {
		return err
	}
	for _, object := range append([]string{a.A.Object}, a.watches()...) {
		_, err := change(ctx, e, feedKey(a.ConnA, object), func(f *feed, _ bool) bool {
			if f.Cursor == nil && !f.Again.IsZero() && f.Again.Before(gap) {
				return false
			}
			f.restart()
			f.Again = gap
			return true
		})
		if err != nil {
			return err
		}
	}
	return nil
}
