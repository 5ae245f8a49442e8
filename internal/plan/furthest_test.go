package plan_test

import (
	"strings"
	"testing"

	"crosswalk/internal/link"
	"crosswalk/internal/mapping"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
	"crosswalk/internal/transform"
)

// stages is a mapping whose Stage and stage have an order, in other words at each side. "98" is a stage of one account that nobody ranked.
const stages = `
mapping: stages
a: { connection: salesforce, object: Opportunity }
b: { connection: crm, object: deals }
a_to_b: true
b_to_a: true
fields:
  - { a: Stage, b: stage, values: { Open: open, Offer: offer, Won: won, Odd: "98" }, conflict: furthest, order: [ open, offer, won ] }
`

// stagesOneWay is the same where the value is an expression's, as the lifecycle stage is (HS-47).
const stagesOneWay = `
mapping: stages
a: { connection: salesforce, object: Contact }
b: { connection: crm, object: contacts }
a_to_b: true
fields:
  - { b: stage, value: 'Stage', conflict: furthest, order: [ open, offer, won ] }
`

// TestFurthest (HS-47, C13): a stage goes forward only; one that the order does not name is neither carried nor written over, whichever
// way it is looked at.
func TestFurthest(t *testing.T) {
	for _, c := range []struct{ a, b, toB, toA, says string }{
		{a: "Won", b: "open", toB: "won"},
		{a: "Open", b: "won", toA: "Won"},
		{a: "Open", b: "", toB: "open"},
		{a: "", b: "offer", toA: "Offer"},
		{a: "Won", b: "98", says: "has a stage that order does not name, and keeps it"},
		{a: "Odd", b: "offer", says: "would be a stage that order does not name"},
		{a: "Won", b: "97", says: "has a stage that order does not name, and keeps it"},
		{a: "Offer", b: "offer"},
	} {
		out, home := furthestOf(t, stages, c.a, c.b, false), furthestOf(t, stages, c.a, c.b, true)
		if out.Write["stage"].Text() != c.toB || home.Write["Stage"].Text() != c.toA {
			t.Errorf("%q and %q: %q is written to b and %q to a, want %q and %q", c.a, c.b, out.Write["stage"].Text(), home.Write["Stage"].Text(), c.toB, c.toA)
		}
		if got := out.Fields[0].Rule; !strings.Contains(got, c.says) {
			t.Errorf("%q and %q: rule %q, want %q", c.a, c.b, got, c.says)
		}
	}
	for stage, want := range map[string]string{"offer": "won", "98": "", "": "won", "won": ""} {
		if got := furthestOf(t, stagesOneWay, "won", stage, false).Write["stage"].Text(); got != want {
			t.Errorf("won over %q: %q is written, want %q", stage, got, want)
		}
	}
}

// furthestOf decides a linked pair whose sides were both changed since.
func furthestOf(t *testing.T, document, a, b string, home bool) plan.Decision {
	t.Helper()
	m, err := mapping.Load([]byte(document), mapping.Standard(transform.Builtin(nil)))
	if err != nil {
		t.Fatal(err)
	}
	of := func(connection, object, field, value string) *record.Record {
		r := &record.Record{Ref: record.Ref{Connection: connection, Object: object, ID: "1"}, Fields: map[string]record.Value{field: record.Of(value)}}
		if value == "" {
			r.Fields[field] = record.Empty()
		}
		return r
	}
	left, right := of("salesforce", m.A.Object, "Stage", a), of("crm", m.B.Object, "stage", b)
	f := &plan.Facts{Mapping: m, Tools: tools{}, Source: left, Target: right, Scripts: map[string]plan.ScriptResult{"Stage": {Value: a}}}
	if home {
		f.Mapping, f.Source, f.Target = m.Turn(), right, left
	}
	f.Link = link.Link{State: link.Linked, A: f.Source.Ref, B: f.Target.Ref, Agreed: map[string]link.Pair{}}
	return plan.Decide(f)
}
