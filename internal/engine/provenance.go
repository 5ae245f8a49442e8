package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"crosswalk/internal/link"
	"crosswalk/internal/record"
)

// Provenance says of a document which deal it bills and by which rule, who approved that rule, and what set it off.
type Provenance struct {
	Deal      record.Ref `json:"deal"`
	Mapping   string     `json:"mapping"`
	Version   int        `json:"version"`
	Rule      string     `json:"rule"`
	At        time.Time  `json:"at"`
	Run       string     `json:"run,omitempty"`
	RunKind   string     `json:"runKind,omitempty"`
	StartedBy string     `json:"startedBy,omitempty"` // of the run
	Plan      string     `json:"plan,omitempty"`
	Approver  string     `json:"approver,omitempty"` // of the plan, else of the mapping's version
	Approved  time.Time  `json:"approved,omitzero"`
	Single    bool       `json:"single,omitempty"` // approved under approval: single
}

// provenance works out where a document came from; nil for what made none.
func (e *Engine) provenance(ctx context.Context, l link.Link) (*Provenance, error) {
	made := l.Made
	if made == nil {
		return nil, nil
	}
	p := &Provenance{Deal: l.A, Mapping: made.Mapping, Version: made.Version, At: made.At, Run: made.Run, Approver: made.Approver}
	var err error
	if p.Rule, err = e.documentRule(ctx, made.Mapping, made.Version); err != nil {
		return nil, err
	}
	if err := e.approvalOfVersion(ctx, p); err != nil || p.Run == "" {
		return p, err
	}
	r, err := e.GetRun(ctx, p.Run)
	var missing *NotFoundError
	if errors.As(err, &missing) { // runs are not kept for ever
		return p, nil
	}
	if err != nil {
		return nil, err
	}
	if p.RunKind, p.StartedBy, p.Plan = r.Kind, r.Actor, r.Plan; p.Plan == "" {
		return p, nil
	}
	saved, err := getItem[SavedPlan](ctx, e.Table, planKey(p.Plan))
	if err == nil && saved.Value.Approver != "" {
		p.Approver, p.Approved, p.Single = saved.Value.Approver, saved.Value.Approved, saved.Value.Single
	}
	return p, err
}

// documentRule is the mapping's own rule in words.
func (e *Engine) documentRule(ctx context.Context, name string, version int) (string, error) {
	m, err := e.compiled(ctx, name, version)
	if err != nil {
		return "", err
	}
	if m.Document == nil {
		return fmt.Sprintf("%s makes one for each %s", name, m.A.Object), nil
	}
	which := map[string]string{"no": " none of whose lines recurs", "yes": " with a line that recurs"}[m.Document.Recurring]
	rule := fmt.Sprintf("each of %s in a won stage%s makes one %s", m.A.Object, which, m.Document.Kind)
	if m.Since != nil {
		rule += ", won since " + m.Since.String()
	}
	return rule, nil
}

// approvalOfVersion finds who approved the version that made it, at the time.
func (e *Engine) approvalOfVersion(ctx context.Context, p *Provenance) error {
	decisions, err := e.Decisions(ctx, p.Mapping)
	if err != nil {
		return err
	}
	for _, d := range decisions {
		if d.Kind == DecidedApprove && d.Plan == "" && d.Version == p.Version && !d.At.After(p.At) {
			p.Approver, p.Approved, p.Single = d.Actor, d.At, d.Single
		}
	}
	return nil
}

// FieldRule says which rule of a mapping fills a field, in words; for fields of either side.
type FieldRule struct {
	Field string   `json:"field"` // of the target
	From  []string `json:"from,omitempty"`
	Rule  string   `json:"rule"`
	Wins  string   `json:"wins,omitempty"` // who wins, in HubSpot's words where it has them: mapping.Field.Rule
}

// FieldRules are the rules of the mapping that settled a record which name a field of either side. None means that no rule
// does, which is then why it was not written.
func (e *Engine) FieldRules(ctx context.Context, l link.Link, field string) ([]FieldRule, error) {
	if l.Mapping == "" || l.Version == 0 {
		return nil, nil
	}
	m, err := e.compiled(ctx, l.Mapping, l.Version)
	if err != nil {
		return nil, err
	}
	var out []FieldRule
	for _, f := range slices.Concat(m.Fields, m.Homeward) {
		named := f.B == field
		for _, from := range f.A {
			named = named || from == field
		}
		rule := FieldRule{Field: f.B, From: f.A, Rule: f.Made(), Wins: f.Rule(m)}
		if f.Direction == "b_to_a" && !m.Turned { // it only goes home
			rule.Field, rule.From = f.A[0], slices.DeleteFunc([]string{f.B}, func(name string) bool { return name == "" })
		}
		if named {
			out = append(out, rule)
		}
	}
	return out, nil
}
