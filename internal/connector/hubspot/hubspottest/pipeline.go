package hubspottest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The two deal pipelines of a new portal. The second one's ids are numbers, so
// that nobody can find its won stage by the name "closedwon" (section 7).
const (
	DefaultPipeline = "default"
	WonStage        = "closedwon"
	LostStage       = "closedlost"
	OpenStage       = "appointmentscheduled"

	SecondPipeline      = "771200"
	SecondPipelineLabel = "Renewals"
	SecondOpenStage     = "1180441"
	SecondWonStage      = "1180444"
	SecondLostStage     = "1180445"
)

// pipeline and stage are the shapes of section 7.
type pipeline struct {
	ID           string   `json:"id"`
	Label        string   `json:"label"`
	DisplayOrder int      `json:"displayOrder"`
	Stages       []*stage `json:"stages"`
	Archived     bool     `json:"archived"`
	CreatedAt    string   `json:"createdAt"`
	UpdatedAt    string   `json:"updatedAt"`
}

type stage struct {
	ID               string            `json:"id"`
	Label            string            `json:"label"`
	DisplayOrder     int               `json:"displayOrder"`
	Metadata         map[string]string `json:"metadata"`
	Archived         bool              `json:"archived"`
	WritePermissions string            `json:"writePermissions"`
	CreatedAt        string            `json:"createdAt"`
	UpdatedAt        string            `json:"updatedAt"`

	noisy map[string]string // probability -> as records show it
}

// probability is the stage's probability as hs_deal_stage_probability shows it.
func (st *stage) probability() string {
	p := st.metadata("probability")
	if p == "" {
		return ""
	}
	if st.noisy[p] == "" {
		st.noisy = map[string]string{p: floatNoise(p)} // the expansion is costly and every deal write needs it
	}
	return st.noisy[p]
}

func (st *stage) closed() bool { return st != nil && st.Metadata["isClosed"] == "true" }

func (st *stage) won() bool {
	p := decimal(st.metadata("probability"))
	return st.closed() && p != nil && p.IsInt() && p.Num().Int64() == 1
}

func (st *stage) metadata(key string) string {
	if st == nil {
		return ""
	}
	return st.Metadata[key]
}

// noStage stands for a stage whose pipeline was deleted under its records.
var noStage = &stage{Metadata: map[string]string{}}

func (k *kind) pipeline(id string) *pipeline {
	for _, p := range k.pipelines {
		if p.ID == id && !p.Archived {
			return p
		}
	}
	return nil
}

func (p *pipeline) stage(id string) *stage {
	if p == nil {
		return noStage
	}
	for _, st := range p.Stages {
		if st.ID == id && !st.Archived {
			return st
		}
	}
	return nil
}

func (s *Sim) addPipelines() {
	deals := s.kind("deals")
	add := func(k *kind, id, label string, stages ...*stage) {
		epoch := stampText(time.Unix(0, 0))
		p := &pipeline{ID: id, Label: label, DisplayOrder: len(k.pipelines), Stages: stages, CreatedAt: epoch, UpdatedAt: epoch}
		for i, st := range stages {
			st.DisplayOrder, st.CreatedAt, st.UpdatedAt, st.WritePermissions = i, epoch, epoch, "CRM_PERMISSIONS_ENFORCEMENT"
			s.defineStage(k, st)
		}
		k.pipelines = append(k.pipelines, p)
		s.refreshStageOptions(k)
	}
	deal := func(id, label, probability string, closed bool) *stage {
		return &stage{ID: id, Label: label, Metadata: map[string]string{"probability": probability, "isClosed": strconv.FormatBool(closed)}}
	}
	add(deals, DefaultPipeline, "Sales Pipeline",
		deal(OpenStage, "Appointment Scheduled", "0.2", false), deal("qualifiedtobuy", "Qualified To Buy", "0.4", false),
		deal("presentationscheduled", "Presentation Scheduled", "0.6", false), deal("decisionmakerboughtin", "Decision Maker Bought-In", "0.8", false),
		deal("contractsent", "Contract Sent", "0.9", false), deal(WonStage, "Closed Won", "1.0", true), deal(LostStage, "Closed Lost", "0.0", true))
	add(deals, SecondPipeline, SecondPipelineLabel,
		deal(SecondOpenStage, "Renewal Due", "0.5", false), deal("1180442", "Negotiation", "0.7", false), deal("1180443", "Verbal Yes", "0.9", false),
		deal(SecondWonStage, "Renewed", "1.0", true), deal(SecondLostStage, "Churned", "0.0", true))
	ticket := func(id, label, state string) *stage {
		return &stage{ID: id, Label: label, Metadata: map[string]string{"ticketState": state, "isClosed": strconv.FormatBool(state == "CLOSED")}}
	}
	add(s.kind("tickets"), "0", "Support Pipeline", ticket("1", "New", "OPEN"), ticket("2", "Waiting on contact", "OPEN"), ticket("3", "Waiting on us", "OPEN"), ticket("4", "Closed", "CLOSED"))
}

// defineStage adds the time stamps that every stage has as properties.
func (s *Sim) defineStage(k *kind, st *stage) {
	for _, verb := range []string{"entered", "exited"} {
		name := "hs_v2_date_" + verb + "_" + st.ID
		if k.properties[name] == nil {
			p := hubspotProperty(k, name, "datetime", "date")
			p.Calculated, p.ModificationMetadata.ReadOnlyValue = true, true
			k.define(p)
		}
	}
}

func (s *Sim) refreshStageOptions(k *kind) {
	var pipes, stages []option
	for _, p := range k.pipelines {
		if p.Archived {
			continue
		}
		pipes = append(pipes, option{Label: p.Label, Value: p.ID, DisplayOrder: len(pipes)})
		for _, st := range p.Stages {
			if !st.Archived {
				stages = append(stages, option{Label: st.Label + " (" + p.Label + ")", Value: st.ID, DisplayOrder: len(stages)})
			}
		}
	}
	k.properties[k.pipeProp].Options, k.properties[k.stageProp].Options = pipes, stages
}

// pipelineRoute serves /crm/pipelines/{ver}/{type}...
func (s *Sim) pipelineRoute(q *request, p []string) *route {
	if len(p) == 0 {
		return nil
	}
	k := s.kind(p[0])
	if k == nil {
		return refusing(unknownType(p[0]))
	}
	if k.stageProp == "" {
		return refusing(validation("%s does not support pipelines", k.label()))
	}
	read := func(*request) []string { return []string{k.scope + ".read|" + schemaScope(k, "read") + "|" + k.scope} }
	write := func(*request) []string { return []string{schemaScope(k, "write") + "|" + k.scope} }
	call := func(scopes func(*request) []string, params []string, f func(*Sim, *request, *kind, []string) (answer, *apiError)) *route {
		return &route{scopes: scopes, params: params, serve: func(s *Sim, q *request) (answer, *apiError) { return f(s, q, k, p[1:]) }}
	}
	onStage := len(p) >= 3 && p[2] == "stages"
	switch {
	case len(p) == 1 && q.Method == http.MethodGet:
		return call(read, nil, (*Sim).listPipelines)
	case len(p) == 1 && q.Method == http.MethodPost:
		return call(write, nil, (*Sim).createPipeline)
	case len(p) == 2 && q.Method == http.MethodGet, onStage && q.Method == http.MethodGet && len(p) <= 4:
		return call(read, nil, (*Sim).readPipeline)
	case len(p) == 2 && (q.Method == http.MethodPatch || q.Method == http.MethodPut):
		return call(write, validateParams, (*Sim).updatePipeline)
	case len(p) == 2 && q.Method == http.MethodDelete:
		return call(write, validateParams, (*Sim).deletePipeline)
	case onStage && len(p) == 3 && q.Method == http.MethodPost:
		return call(write, nil, (*Sim).createStage)
	case onStage && len(p) == 4 && (q.Method == http.MethodPatch || q.Method == http.MethodPut):
		return call(write, nil, (*Sim).updateStage)
	case onStage && len(p) == 4 && q.Method == http.MethodDelete:
		return call(write, validateParams, (*Sim).deleteStage)
	}
	return notAllowed(q)
}

var validateParams = []string{"validateReferencesBeforeDelete", "validateDealStageUsagesBeforeDelete"}

func (s *Sim) listPipelines(q *request, k *kind, _ []string) (answer, *apiError) {
	live := []*pipeline{}
	for _, p := range k.pipelines {
		if !p.Archived {
			live = append(live, p.live())
		}
	}
	return answer{status: http.StatusOK, body: map[string]any{"results": live}}, nil
}

// live is the pipeline without archived stages.
func (p *pipeline) live() *pipeline {
	c := *p
	c.Stages = []*stage{}
	for _, st := range p.Stages {
		if !st.Archived {
			c.Stages = append(c.Stages, st)
		}
	}
	return &c
}

func (s *Sim) readPipeline(q *request, k *kind, p []string) (answer, *apiError) {
	pipe := k.pipeline(p[0])
	if pipe == nil {
		return answer{}, s.notFound()
	}
	switch len(p) {
	case 1:
		return answer{status: http.StatusOK, body: pipe.live()}, nil
	case 2:
		return answer{status: http.StatusOK, body: map[string]any{"results": pipe.live().Stages}}, nil
	}
	st := pipe.stage(p[2])
	if st == nil {
		return answer{}, s.notFound()
	}
	return answer{status: http.StatusOK, body: st}, nil
}

type stageInput struct {
	StageID      text                       `json:"stageId"`
	Label        string                     `json:"label"`
	DisplayOrder int                        `json:"displayOrder"`
	Metadata     map[string]json.RawMessage `json:"metadata"`
	Archived     *bool                      `json:"archived"`
}

type pipelineInput struct {
	PipelineID   text         `json:"pipelineId"`
	Label        string       `json:"label"`
	DisplayOrder int          `json:"displayOrder"`
	Stages       []stageInput `json:"stages"`
	Archived     *bool        `json:"archived"`
}

const maxStages = 100

func (s *Sim) createPipeline(q *request, k *kind, _ []string) (answer, *apiError) {
	var in pipelineInput
	if e := q.decode(s, &in); e != nil {
		return answer{}, e
	}
	if in.Label == "" {
		return answer{}, validation("label: must not be blank")
	}
	if len(in.Stages) > maxStages {
		return answer{}, validation("a pipeline has at most %d stages", maxStages)
	}
	if slices.ContainsFunc(k.pipelines, func(p *pipeline) bool { return !p.Archived && p.Label == in.Label }) {
		return answer{}, fail(http.StatusConflict, "CONFLICT", "A pipeline with the label %q already exists", in.Label)
	}
	id := string(in.PipelineID)
	setDefault(&id, strconv.FormatInt(700_000_000+s.rng.Int64N(99_999_999), 10))
	now := stampText(s.now())
	p := &pipeline{ID: id, Label: in.Label, DisplayOrder: in.DisplayOrder, CreatedAt: now, UpdatedAt: now}
	for _, one := range in.Stages {
		st, e := s.newStage(k, one)
		if e != nil {
			return answer{}, e
		}
		p.Stages = append(p.Stages, st)
	}
	k.pipelines = append(k.pipelines, p)
	for _, st := range p.Stages {
		s.defineStage(k, st)
	}
	s.refreshStageOptions(k)
	return answer{status: http.StatusCreated, body: p.live()}, nil
}

func (s *Sim) newStage(k *kind, in stageInput) (*stage, *apiError) {
	if in.Label == "" {
		return nil, validation("label: must not be blank")
	}
	meta, e := stageMetadata(k, in.Metadata, nil)
	if e != nil {
		return nil, e
	}
	id := string(in.StageID)
	setDefault(&id, strconv.FormatInt(1_000_000_000+s.rng.Int64N(999_999_999), 10))
	now := stampText(s.now())
	return &stage{ID: id, Label: in.Label, DisplayOrder: in.DisplayOrder, Metadata: meta, WritePermissions: "CRM_PERMISSIONS_ENFORCEMENT", CreatedAt: now, UpdatedAt: now}, nil
}

// stageMetadata: deals need a probability; isClosed follows from it when absent.
func stageMetadata(k *kind, in map[string]json.RawMessage, old map[string]string) (map[string]string, *apiError) {
	out := map[string]string{}
	for key, v := range old {
		out[key] = v
	}
	for key, raw := range in {
		v, ok, err := textOf(raw)
		if err != nil || !ok {
			return nil, validation("metadata.%s: must be text", key)
		}
		out[key] = v
	}
	if k.name != "deals" {
		return out, nil
	}
	p := decimal(out["probability"])
	if p == nil || p.Sign() < 0 || p.Cmp(decimal("1")) > 0 {
		return nil, validation("metadata.probability: deals need a number between 0.0 and 1.0").sub("PipelineError.INVALID_STAGE_METADATA")
	}
	if _, given := out["isClosed"]; !given {
		out["isClosed"] = strconv.FormatBool(p.IsInt())
	}
	return out, nil
}

func (s *Sim) updatePipeline(q *request, k *kind, p []string) (answer, *apiError) {
	pipe := k.pipeline(p[0])
	if pipe == nil {
		return answer{}, s.notFound()
	}
	var in pipelineInput
	if e := q.decode(s, &in); e != nil {
		return answer{}, e
	}
	if in.Label != "" {
		pipe.Label = in.Label
	}
	pipe.UpdatedAt = stampText(s.now())
	s.refreshStageOptions(k)
	return answer{status: http.StatusOK, body: pipe.live()}, nil
}

func (s *Sim) deletePipeline(q *request, k *kind, p []string) (answer, *apiError) {
	pipe := k.pipeline(p[0])
	if pipe == nil {
		return answer{}, s.notFound()
	}
	if q.validatesReferences() {
		if ids := k.holding(k.pipeProp, pipe.ID); len(ids) > 0 {
			return answer{}, validation("Pipeline %s is in use", pipe.ID).sub("PipelineError.PIPELINE_ID_IN_USE").with("pipelineId", pipe.ID).with("objectIds", ids...)
		}
	}
	pipe.Archived = true
	s.refreshStageOptions(k)
	return answer{status: http.StatusNoContent}, nil
}

func (s *Sim) createStage(q *request, k *kind, p []string) (answer, *apiError) {
	pipe := k.pipeline(p[0])
	if pipe == nil {
		return answer{}, s.notFound()
	}
	var in stageInput
	if e := q.decode(s, &in); e != nil {
		return answer{}, e
	}
	st, e := s.newStage(k, in)
	if e != nil {
		return answer{}, e
	}
	pipe.Stages = append(pipe.Stages, st)
	s.defineStage(k, st)
	s.refreshStageOptions(k)
	return answer{status: http.StatusCreated, body: st}, nil
}

func (s *Sim) updateStage(q *request, k *kind, p []string) (answer, *apiError) {
	st := k.pipeline(p[0]).stage(p[2])
	if st == nil || st == noStage {
		return answer{}, s.notFound()
	}
	var in stageInput
	if e := q.decode(s, &in); e != nil {
		return answer{}, e
	}
	meta, e := stageMetadata(k, in.Metadata, st.Metadata)
	if e != nil {
		return answer{}, e
	}
	if in.Label != "" {
		st.Label = in.Label
	}
	st.Metadata, st.UpdatedAt = meta, stampText(s.now())
	s.refreshStageOptions(k)
	return answer{status: http.StatusOK, body: st}, nil
}

func (s *Sim) deleteStage(q *request, k *kind, p []string) (answer, *apiError) {
	st := k.pipeline(p[0]).stage(p[2])
	if st == nil || st == noStage {
		return answer{}, s.notFound()
	}
	if q.validatesReferences() {
		if ids := k.holding(k.stageProp, st.ID); len(ids) > 0 {
			return answer{}, validation("Stage %s is in use", st.ID).sub("PipelineError.STAGE_ID_IN_USE").with("stageId", st.ID).with("objectIds", ids...)
		}
	}
	st.Archived = true
	s.refreshStageOptions(k)
	return answer{status: http.StatusNoContent}, nil
}

func (q *request) validatesReferences() bool {
	return strings.Contains(q.URL.RawQuery, "BeforeDelete=true")
}

// holding lists up to ten records that have a value.
func (k *kind) holding(name, value string) []string {
	var out []string
	for _, id := range k.order {
		if r := k.records[id]; r.visible() && !r.archived && r.props[name] == value && len(out) < 10 {
			out = append(out, r.text())
		}
	}
	return out
}
