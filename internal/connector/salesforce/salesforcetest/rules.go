package salesforcetest

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
)

// rules are what the org's admins have configured.
type rules struct {
	validations []Validation
	duplicates  []DuplicateRule
	triggers    []trigger
	automations []trigger
	assignment  map[string]string // object in lower case -> owner
	viewSetup   bool              // the integration user sees what is configured
}

type trigger struct {
	object string
	run    func(Saving) map[string]any
}

// Saving is what a rule sees of a record that is being saved.
type Saving struct {
	Object  string
	ID      string // "" while it is being created
	Creates bool
	User    string
	Old     map[string]any // values before, nil when created
	New     map[string]any // values after
}

// Validation refuses a save with FIELD_CUSTOM_VALIDATION_EXCEPTION.
type Validation struct {
	Object  string
	Name    string // default <Object>_Rule_<number>
	Message string
	Field   string            // "" shows at the top of the page
	Off     bool              // not active
	Fails   func(Saving) bool // called with the org locked: it must not use the org
}

// DuplicateRule finds records that are like the one being saved (section 13,
// DUPLICATES_DETECTED).
type DuplicateRule struct {
	Object  string
	Name    string // default Standard_<Object>_Duplicate_Rule
	Message string // default "Use one of these records?"
	Fields  []string
	Blocks  bool // action BLOCK: allowSave does not override it
	OnEdit  bool // asked on updates too
}

// AddValidation adds a validation rule.
func (s *Sim) AddValidation(v Validation) {
	s.mu.Lock()
	defer s.mu.Unlock()
	setDefault(&v.Name, fmt.Sprintf("%s_Rule_%d", strings.TrimSuffix(v.Object, "__c"), len(s.rules.validations)+1))
	s.rules.validations = append(s.rules.validations, v)
}

// AddDuplicateRule adds a duplicate rule: records are alike when all its Fields
// are equal, ignoring case, and not all empty.
func (s *Sim) AddDuplicateRule(d DuplicateRule) {
	s.mu.Lock()
	defer s.mu.Unlock()
	setDefault(&d.Name, "Standard_"+d.Object+"_Duplicate_Rule")
	setDefault(&d.Message, "Use one of these records?")
	s.rules.duplicates = append(s.rules.duplicates, d)
}

// AddTrigger adds a before-trigger: the values it gives are saved with the
// record, whatever the caller sent. It must not use the org.
func (s *Sim) AddTrigger(object string, run func(Saving) map[string]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules.triggers = append(s.rules.triggers, trigger{object, run})
}

// AddAutomation adds what runs after a save: the values it gives are written to
// the record in the same transaction, with the same user and origin (section
// 17.3). It must not use the org.
func (s *Sim) AddAutomation(object string, run func(Saving) map[string]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules.automations = append(s.rules.automations, trigger{object, run})
}

// SetAssignment gives new records of an object to an owner unless a write says
// Sforce-Auto-Assign: FALSE; owner "" ends it.
func (s *Sim) SetAssignment(object, owner string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.rules.assignment == nil {
		s.rules.assignment = map[string]string{}
	}
	s.rules.assignment[strings.ToLower(object)] = owner
}

// ClearRules removes validations, duplicate rules, triggers, automations and
// assignments.
func (s *Sim) ClearRules() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules = rules{viewSetup: s.rules.viewSetup}
}

func (t *tx) saving(d *draft) Saving {
	v := Saving{Object: d.o.Name, Creates: d.creating(), User: t.user, New: map[string]any{}}
	if d.rec != nil {
		v.ID, v.Old = d.rec.id, d.rec.values()
		maps.Copy(v.New, v.Old)
	}
	for f, x := range d.next {
		v.New[f.Name] = x
	}
	return v
}

// values are all fields of a record by name.
func (r *record) values() map[string]any {
	out := make(map[string]any, len(r.o.fields))
	for _, f := range r.o.fields {
		out[f.Name] = r.get(f)
	}
	return out
}

func (ru *rules) runTriggers(t *tx, d *draft) *apiError {
	for _, tr := range ru.triggers {
		if strings.EqualFold(tr.object, d.o.Name) {
			if e := t.overlay(d, tr.run(t.saving(d))); e != nil {
				return e
			}
		}
	}
	return nil
}

// overlay puts the values of a rule over those of a draft.
func (t *tx) overlay(d *draft, values map[string]any) *apiError {
	for name, v := range values {
		f := d.o.field(name)
		if f == nil {
			return noColumn(d.o, name)
		}
		raw, err := json.Marshal(v)
		if err != nil {
			return fail(400, "JSON_PARSER_ERROR", "the value of %s does not marshal: %v", name, err)
		}
		x, e := convert(f, raw, t.s.cfg.KeepDecimals)
		if e != nil {
			return e
		}
		d.next[f] = x
	}
	return nil
}

// runAutomations writes what the automations say; each runs once per record and
// transaction.
func (ru *rules) runAutomations(t *tx, d *draft, r *record) *apiError {
	if t.auto[r] > 0 {
		return nil
	}
	t.auto[r]++
	for _, a := range ru.automations {
		if !strings.EqualFold(a.object, d.o.Name) {
			continue
		}
		see := t.saving(&draft{o: d.o, rec: r, next: map[*Field]any{}})
		see.Creates = d.creating()
		follow := &draft{o: d.o, rec: r, next: map[*Field]any{}, given: map[*Field]bool{}}
		if e := t.overlay(follow, a.run(see)); e != nil {
			return e
		}
		if len(follow.next) == 0 {
			continue
		}
		if _, e := t.finishSave(follow); e != nil {
			e.items[0].Message = "Automation: " + e.items[0].Message
			return e
		}
	}
	return nil
}

// checkRules applies the validation rules.
func (t *tx) checkRules(d *draft) *apiError {
	var out *apiError
	for _, v := range t.s.rules.validations {
		if v.Off {
			continue
		}
		if !strings.EqualFold(v.Object, d.o.Name) || !v.Fails(t.saving(d)) {
			continue
		}
		fields := []string{}
		if v.Field != "" {
			fields = []string{v.Field}
		}
		e := reject("FIELD_CUSTOM_VALIDATION_EXCEPTION", fields, "%s", v.Message)
		if out == nil {
			out = e
		} else {
			out.items = append(out.items, e.items...)
		}
	}
	return out
}

// checkDuplicates applies the duplicate rules.
func (t *tx) checkDuplicates(d *draft) *apiError {
	for _, rule := range t.s.rules.duplicates {
		if !strings.EqualFold(rule.Object, d.o.Name) || !d.creating() && !rule.OnEdit {
			continue
		}
		if t.opts.allowDuplicates && !rule.Blocks || t.person && !rule.Blocks {
			continue
		}
		if like := t.alike(d, rule); len(like) > 0 {
			e := reject("DUPLICATES_DETECTED", nil, "%s", rule.Message)
			e.items[0].Fields, e.items[0].misspelt = nil, t.s.cfg.DuplicateTypo
			e.items[0].Duplicate = t.duplicateResult(d, rule, like)
			return e
		}
	}
	return nil
}

func (t *tx) alike(d *draft, rule DuplicateRule) []*record {
	var keys []*Field
	some := false
	for _, name := range rule.Fields {
		f := d.o.must(name)
		keys = append(keys, f)
		some = some || d.str(name) != ""
	}
	if !some {
		return nil
	}
	var out []*record
	candidates := d.o.rows
	if keys[0].indexed {
		candidates = d.o.having(keys[0], d.str(keys[0].Name))
	}
	for _, r := range candidates {
		same := r != d.rec && !r.deleted
		for _, f := range keys {
			same = same && fold(asText(r.get(f))) == fold(d.str(f.Name))
		}
		if same {
			out = append(out, r)
		}
	}
	return out
}

// duplicateResult is the recorded shape.
func (t *tx) duplicateResult(d *draft, rule DuplicateRule, like []*record) pairs {
	matches := make([]pairs, 0, len(like))
	for _, r := range like {
		shown := pairs{{"attributes", pairs{{"type", r.o.Name}, {"url", dataRoot + "v" + t.s.cfg.APIVersion + "/sobjects/" + r.o.Name + "/" + r.id}}}, {"Id", r.id}}
		if t.opts.duplicateFields {
			for _, name := range rule.Fields {
				shown.add(r.o.must(name).Name, t.s.render(r.o.must(name), r.value(name)))
			}
		}
		matches = append(matches, pairs{{"additionalInformation", []any{}}, {"fieldDiffs", []any{}}, {"matchConfidence", json.Number("100.0")}, {"record", shown}})
	}
	return pairs{
		{"allowSave", !rule.Blocks}, {"duplicateRule", rule.Name}, {"duplicateRuleEntityType", d.o.Name}, {"errorMessage", rule.Message},
		{"matchResults", []pairs{{{"entityType", d.o.Name}, {"errors", []any{}}, {"matchEngine", "FuzzyMatchEngine"}, {"matchRecords", matches},
			{"rule", "Standard_" + d.o.Name + "_Match_Rule_v1_1"}, {"size", len(like)}, {"success", true}}}},
	}
}
