package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"crosswalk/internal/engine/table"
	"crosswalk/internal/link"
	"crosswalk/internal/mapping"
	"crosswalk/internal/record"
)

// Standing is what was shown of one version of a mapping and who signed for it. A new version begins with nothing.
type Standing struct {
	Mapping   string       `json:"mapping"`
	Version   int          `json:"version"`
	Preview   string       `json:"preview,omitempty"` // plan of the last complete preview that decided with this version
	Previewed time.Time    `json:"previewed,omitzero"`
	Pilot     record.Ref   `json:"pilot,omitzero"` // first record of a pilot that this version brought to its end
	Piloted   time.Time    `json:"piloted,omitzero"`
	Submitter string       `json:"submitter,omitempty"`
	Submitted time.Time    `json:"submitted,omitzero"`
	Approver  string       `json:"approver,omitempty"`
	Approved  time.Time    `json:"approved,omitzero"`
	Single    bool         `json:"single,omitempty"` // approved under approval: single
	Accepted  []Acceptance `json:"accepted,omitempty"`
}

// Acceptance is one tester's newest result in one round.
type Acceptance struct {
	Round  int       `json:"round"`
	Tester string    `json:"tester"`
	Result string    `json:"result"` // pass, fail
	Note   string    `json:"note,omitempty"`
	Actor  string    `json:"actor"`
	At     time.Time `json:"at"`
}

// Gate is one thing that a version needs before it goes live.
type Gate struct {
	Name    string `json:"name"` // save, preview, pilot, acceptance_1, acceptance_2, approval
	Passed  bool   `json:"passed"`
	State   string `json:"state"`             // who or what passed it, or what is missing
	Command string `json:"command,omitempty"` // that passes it
}

// GatesError says which gates a version did not pass.
type GatesError struct {
	Mapping string
	Version int
	Missing []Gate
}

func (e *GatesError) Error() string {
	var parts []string
	for _, g := range e.Missing {
		parts = append(parts, g.State+": "+g.Command)
	}
	return fmt.Sprintf("version %d of %s cannot go live yet: %s", e.Version, e.Mapping, strings.Join(parts, "; "))
}

// ChangedError is a request about one version of a mapping when there is a newer one.
type ChangedError struct {
	Mapping       string
	Asked, Newest int
}

func (e *ChangedError) Error() string {
	return fmt.Sprintf("%s was changed meanwhile: this is about version %d, the newest is version %d", e.Mapping, e.Asked, e.Newest)
}

func standingKey(name string, version int) table.Key {
	return table.Key{PK: mappingKey(name, 0).PK, SK: fmt.Sprintf("standing#%06d", version)}
}

// changeStanding changes what is known of one version.
func (e *Engine) changeStanding(ctx context.Context, name string, version int, f func(*Standing) bool) (Standing, error) {
	return change(ctx, e, standingKey(name, version), func(s *Standing, _ bool) bool {
		s.Mapping, s.Version = name, version
		return f(s)
	})
}

// version reads one applied version.
func (e *Engine) version(ctx context.Context, name string, version int) (Version, error) {
	v, err := getItem[Version](ctx, e.Table, mappingKey(name, version))
	if err == nil && v.Rev == 0 {
		err = &NotFoundError{"version", fmt.Sprintf("%d of mapping %s", version, name)}
	}
	return v.Value, err
}

// head reads a mapping's head.
func (e *Engine) head(ctx context.Context, name string) (Head, error) {
	h, err := getItem[Head](ctx, e.Table, mappingHeadKey(name))
	if err == nil && h.Rev == 0 {
		err = &NotFoundError{"mapping", name}
	}
	return h.Value, err
}

// newest gives the head of a mapping whose newest version is the one asked about; 0 asks about whatever is newest.
func (e *Engine) newest(ctx context.Context, name string, version int) (Head, error) {
	h, err := e.head(ctx, name)
	if err == nil && version != 0 && version != h.Latest {
		err = &ChangedError{name, version, h.Latest}
	}
	return h, err
}

// Gates says what the newest version of a mapping needs before it goes live, and how that stands. A mapping that makes
// documents needs a complete preview, a pilot that ended well, and an approval; any other needs an approval unless approval
// is single; rounds of acceptance are what the configuration demands.
func (e *Engine) Gates(ctx context.Context, name string) (Standing, []Gate, error) {
	h, err := e.head(ctx, name)
	if err != nil {
		return Standing{}, nil, err
	}
	m, err := e.compiled(ctx, name, h.Latest)
	if err != nil {
		return Standing{}, nil, err
	}
	v, err := e.version(ctx, name, h.Latest)
	if err != nil {
		return Standing{}, nil, err
	}
	got, err := getItem[Standing](ctx, e.Table, standingKey(name, h.Latest))
	if err != nil {
		return Standing{}, nil, err
	}
	s := got.Value
	s.Mapping, s.Version = name, h.Latest
	saved, err := e.saveGate(ctx, h, m)
	if err != nil {
		return s, nil, err
	}
	unfiltered, err := e.unfilteredGate(ctx, h, m, s)
	return s, append(append(unfiltered, saved...), e.gates(m, v, s)...), err
}

// gates judges one version; the order is the one in which people pass them.
func (e *Engine) gates(m *mapping.Mapping, v Version, s Standing) []Gate {
	var out []Gate
	if m.Document != nil {
		out = append(out,
			gate("preview", s.Preview != "", "previewed whole, as plan "+s.Preview, "no complete preview of it", "crosswalk preview "+m.Name+" --save"),
			gate("pilot", !s.Pilot.IsZero(), "piloted with "+s.Pilot.String(), "no record of a pilot of it ended well", fmt.Sprintf("crosswalk pilot %s REF", m.Name)))
	}
	for round := 1; round <= e.rounds(m.Name); round++ {
		result, testers := s.round(round)
		out = append(out, gate(fmt.Sprintf("acceptance_%d", round), result == Passed, fmt.Sprintf("round %d passed: %s", round, strings.Join(testers, ", ")),
			map[string]string{"": fmt.Sprintf("round %d of acceptance was not held", round), Failed: fmt.Sprintf("round %d of acceptance failed: %s", round, strings.Join(testers, ", "))}[result],
			fmt.Sprintf("crosswalk accept %s --round %d --tester NAME --result pass", m.Name, round)))
	}
	if m.Document != nil || !e.Single {
		out = append(out, gate("approval", e.approved(v, s), "approved by "+s.Approver+single(s.Single), "nobody approved it", fmt.Sprintf("crosswalk approve %s --version %d", m.Name, v.Version)))
	}
	return out
}

func gate(name string, passed bool, yes, no, command string) Gate {
	if passed {
		return Gate{Name: name, Passed: true, State: yes}
	}
	return Gate{Name: name, State: no, Command: command}
}

func single(yes bool) string {
	if yes {
		return " (approval: single)"
	}
	return ""
}

// approved tells whether an approval counts: what an editor approved as a team of one does not count once a second person
// is asked for.
func (e *Engine) approved(v Version, s Standing) bool {
	return s.Approver != "" && (e.Single || s.Approver != v.Actor)
}

// The results of a round of acceptance.
const (
	Passed = "pass"
	Failed = "fail"
)

// round gives the result of a round and whose it is: it failed when any tester's newest result is a fail, it passed when
// there is none and somebody passed it.
func (s Standing) round(n int) (result string, testers []string) {
	by := map[string][]string{}
	for _, a := range s.Accepted {
		if a.Round == n {
			by[a.Result] = append(by[a.Result], a.Tester)
		}
	}
	switch {
	case len(by[Failed]) > 0:
		return Failed, by[Failed]
	case len(by[Passed]) > 0:
		return Passed, by[Passed]
	}
	return "", nil
}

// rounds is how many rounds of acceptance the configuration demands of a mapping.
func (e *Engine) rounds(name string) int {
	if rule, ok := e.Rules[name]; ok && rule.Acceptance != nil {
		return *rule.Acceptance
	}
	return e.Acceptance
}

// mayGoLive refuses a version that did not pass every gate.
func (e *Engine) mayGoLive(ctx context.Context, name string, version int) (Standing, error) {
	s, gates, err := e.Gates(ctx, name)
	if err != nil {
		return s, err
	}
	if s.Version != version {
		return s, &ChangedError{name, version, s.Version}
	}
	missing := slices.DeleteFunc(gates, func(g Gate) bool { return g.Passed })
	if len(missing) > 0 {
		return s, &GatesError{name, version, missing}
	}
	return s, nil
}

// notePilots remembers that a pilot of a version brought a record to its end: linked, with nothing left to do now.
func (e *Engine) notePilots(ctx context.Context, items []*item) error {
	for _, i := range items {
		if i.m == nil || i.link.State != link.Linked || i.result == nil || i.result.End != Done || i.m.Head.Status != mapping.Pilot ||
			!i.task.Pilot && !slices.Contains(i.m.Head.Pilot, i.ref) {
			continue
		}
		_, err := e.changeStanding(ctx, i.m.Name, i.m.Version, func(s *Standing) bool {
			if !s.Pilot.IsZero() {
				return false
			}
			s.Pilot, s.Piloted = i.ref, time.Now()
			return true
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// notePreview remembers that a complete preview decided with these versions.
func (e *Engine) notePreview(ctx context.Context, plan SavedPlan) error {
	if plan.Part {
		return nil
	}
	for _, name := range sortedNames(plan.Versions) {
		_, err := e.changeStanding(ctx, name, plan.Versions[name], func(s *Standing) bool {
			s.Preview, s.Previewed = plan.ID, time.Now()
			return true
		})
		if err != nil {
			return err
		}
	}
	return nil
}
