package plan_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"crosswalk/internal/link"
	"crosswalk/internal/mapping"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
	"crosswalk/internal/transform"
)

// A list case is the life of one list that goes both ways: the people of an opportunity and its deal, by the preset of opportunities.
// People are capital letters at a and the same small letters at b. Each step changes something and then lets both ways decide, out first,
// on the same facts, as the engine does; what is written is remembered as the engine remembers it.
type listCase struct {
	Shows string
	// Agreed is what an older program left on the link before the first step.
	Agreed *struct{ A, B string }
	Steps  []listStep
}

type listStep struct {
	Does    string            // in words
	People  map[string]string // how far a person is: linked, held, waiting, excluded, deleted
	A, B    *string           // the list as people set it: "X Y"
	At      string            // the clock, 15:04; our last write is kept by it
	Writes  map[string]string // wanted: side to list; nothing else may be written
	Again   string            // wanted: when it must be looked at again
	Waits   string            // wanted, where it is said: who is waited for on the way out
	Settled *struct{ A, B string }
}

func TestListCases(t *testing.T) {
	files, err := filepath.Glob("testdata/lists/*.yaml")
	if err != nil || len(files) < 5 {
		t.Fatalf("%d cases, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var c listCase
			d := yaml.NewDecoder(strings.NewReader(string(data)))
			d.KnownFields(true)
			if err := d.Decode(&c); err != nil {
				t.Fatalf("the case itself is wrong: %v", err)
			}
			runListCase(t, c)
		})
	}
}

// listPair is the pair of a case and its people.
type listPair struct {
	out    *mapping.Mapping
	a, b   []string
	people map[string]string
	link   link.Link
	now    time.Time
}

const peopleKey = "associations.contacts"

func runListCase(t *testing.T, c listCase) {
	p := &listPair{out: opportunities(t), people: map[string]string{}}
	p.link = link.Link{State: link.Linked, A: record.Ref{Connection: "salesforce", Object: "Opportunity", ID: "1"}, B: record.Ref{Connection: "crm", Object: "deals", ID: "2"}, Agreed: map[string]link.Pair{}}
	if c.Agreed != nil {
		p.link.Agreed[peopleKey] = link.Pair{A: c.Agreed.A, B: c.Agreed.B}
	}
	for n, step := range c.Steps {
		maps.Copy(p.people, step.People)
		if step.A != nil {
			p.a = strings.Fields(*step.A)
		}
		if step.B != nil {
			p.b = strings.Fields(*step.B)
		}
		if step.At != "" {
			at, err := time.Parse("15:04", step.At)
			if err != nil {
				t.Fatal(err)
			}
			p.now = at.AddDate(2026, 0, 0)
		}
		wrote, again := map[string]string{}, time.Time{}
		for _, home := range []bool{false, true} {
			d := plan.Decide(p.facts(home))
			if d.Kind != plan.Update && d.Kind != plan.Settle && d.Kind != plan.Nothing {
				t.Fatalf("step %d (%s): %s %+v", n+1, step.Does, d.Kind, d.Reason)
			}
			if !home && step.Waits != "" {
				var waits []string
				for _, need := range d.Later {
					waits = append(waits, need.Ref.ID)
				}
				if got := strings.Join(waits, " "); got != step.Waits {
					t.Errorf("step %d (%s): it waits for %q, want %q", n+1, step.Does, got, step.Waits)
				}
			}
			p.take(d, home, wrote)
			if d.Pends {
				again = p.now
			}
			if !d.Again.IsZero() && (again.IsZero() || d.Again.Before(again)) {
				again = d.Again
			}
		}
		if diff := cmp.Diff(step.Writes, wrote); diff != "" && len(step.Writes)+len(wrote) > 0 {
			t.Errorf("step %d (%s), written (-want +got):\n%s%+v", n+1, step.Does, diff, p.link.Agreed[peopleKey])
		}
		if got := again.Format("15:04"); again.IsZero() != (step.Again == "") || !again.IsZero() && got != step.Again {
			t.Errorf("step %d (%s): to be looked at again at %s, want %q", n+1, step.Does, got, step.Again)
		}
		if s := step.Settled; s != nil {
			if got := p.link.Agreed[peopleKey]; got.A != s.A || got.B != s.B {
				t.Errorf("step %d (%s): settled as %+v, want %+v", n+1, step.Does, got, *s)
			}
		}
	}
}

// take remembers a decision: of an update what was written, of one that only settles all of it.
func (p *listPair) take(d plan.Decision, home bool, wrote map[string]string) {
	keep := func(key string) {
		pair := d.Agreed[key]
		if home {
			pair.A, pair.B = pair.B, pair.A
		}
		p.link.Agreed[key] = pair
	}
	if d.Kind == plan.Settle {
		for key := range d.Agreed {
			keep(key)
		}
	}
	for name, v := range d.Write {
		switch name {
		case "associations.contacts":
			p.b, wrote["b"] = v.List(), strings.Join(v.List(), " ")
		case "associations.Contact":
			p.a, wrote["a"] = v.List(), strings.Join(v.List(), " ")
		default:
			wrote[name] = v.Text()
		}
		keep(peopleKey)
		if !p.now.IsZero() && home {
			p.link.StampA = p.now
		}
		if !p.now.IsZero() && !home {
			p.link.StampB = p.now
		}
	}
}

func (p *listPair) facts(home bool) *plan.Facts {
	source := &record.Record{Ref: p.link.A, Fields: map[string]record.Value{"Name": record.Of("Deal"), "StageName": record.Of("Prospecting"), "associations.Contact": record.Many(p.a...)}}
	target := &record.Record{Ref: p.link.B, Fields: map[string]record.Value{"dealname": record.Of("Deal"), "dealstage": record.Of("appointmentscheduled"), "associations.contacts": record.Many(p.b...)}}
	f := &plan.Facts{Mapping: p.out, Tools: tools{}, Now: p.now, Account: plan.Account{TimeZone: "UTC"}, Source: source, Target: target, Link: p.link,
		Counterparts: map[plan.Need]plan.Counterpart{}, Linked: map[record.Ref]bool{}, Scripts: map[string]plan.ScriptResult{},
		SourceObjects: map[string]string{"contacts": "Contact"}, TargetObjects: map[string]string{"contacts": "contacts"}}
	if home {
		f.Mapping, f.Source, f.Target, f.Link = p.out.Turn(), target, source, p.link.Turned()
		f.SourceObjects, f.TargetObjects = f.TargetObjects, f.SourceObjects
	}
	for _, filter := range plan.Expressions(f.Mapping) {
		f.Scripts[filter] = plan.ScriptResult{Value: true}
	}
	states := map[string]plan.Counterpart{"linked": {State: plan.Ready}, "waiting": {State: plan.Waiting},
		"held":     {State: plan.Stuck, Reason: &link.Reason{Category: plan.SeveralHits}},
		"excluded": {State: plan.Stuck, Reason: &link.Reason{Category: plan.Filtered}},
		"deleted":  {State: plan.Stuck, Reason: &link.Reason{Category: plan.CounterpartDeleted}}}
	for name, state := range p.people {
		a, b := record.Ref{Connection: "salesforce", Object: "Contact", ID: name}, record.Ref{Connection: "crm", Object: "contacts", ID: strings.ToLower(name)}
		if home {
			a, b = b, a
		}
		c := states[state]
		c.ID = b.ID
		f.Counterparts[plan.Need{Mapping: "contacts", Ref: a}] = c
		f.Linked[b] = state == "linked"
	}
	return f
}

func opportunities(t *testing.T) *mapping.Mapping {
	t.Helper()
	at := slices.IndexFunc(mapping.PresetSet("hubspot-salesforce"), func(p mapping.Preset) bool { return strings.Contains(string(p.YAML), "\nmapping: opportunities") })
	if at < 0 {
		t.Fatal("there is no preset of opportunities")
	}
	m, err := mapping.Load(mapping.PresetSet("hubspot-salesforce")[at].YAML, mapping.Standard(transform.Builtin(nil)))
	if err != nil {
		t.Fatal(err)
	}
	return m
}
