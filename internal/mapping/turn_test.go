package mapping_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"crosswalk/internal/mapping"
)

const twoWay = `mapping: contacts
slot: person
a: { connection: salesforce, object: Contact }
b: { connection: crm, object: contacts }
match: [ { a: id, b: salesforcecontactid }, { a: Email, b: email, compare: case_insensitive }, { a: [FirstName, LastName], b: fullname } ]
a_to_b: { create: { filter: 'valid_email(Email)' }, update: true }
b_to_a: { create: { filter: 'in_list(wanted) and valid_email(email)' }, update: true }
conflict: newest
tie: crm
delete: { a: keep, b: unlink }
protect: { a: [ OwnerId ] }
hooks: { b_to_a: { before_create: 'return {"Fax": source["fax"]}' } }
fields:
`

// TestTurn: the way home is a mapping of its own, with the same keys of agreed pairs and what it reads and writes the other way round.
func TestTurn(t *testing.T) {
	m := mustLoad(t, []byte(twoWay+`
  - { a: Email, b: email, transform: lowercase, conflict: salesforce }
  - { a: Status, b: hs_lead_status, values: { Open: NEW, New: NEW }, back_values: { NEW: Open }, back_else: Other, default: NEW, back_default: New }
  - { a: Name, b: fullname, direction: a_to_b }
  - { a: LeadSource, static: HubSpot, direction: b_to_a, create_only: true }
  - { a: Description, value: 'jobtitle + lifecyclestage', direction: b_to_a }
  - { a: AccountId, b: primary.companies, through: accounts, required: true }
`))
	home := m.Turn()
	if home.A.Object != "contacts" || home.B.Object != "Contact" || home.Slot != "person" || !home.Turned || home.Conflict != "newest" || home.Tie != "a" ||
		home.Delete != (mapping.Deletes{A: "unlink", B: "keep"}) || home.AToB.Create.Filter != m.BToA.Create.Filter || len(home.ProtectB) != 1 {
		t.Errorf("the way home is %+v", home)
	}
	type part struct{ A, B, Key, Value, Conflict, Transform, Default string }
	var got []part
	for _, f := range home.Fields {
		p := part{A: strings.Join(f.A, " "), B: f.B, Key: f.Key(), Value: f.Value, Conflict: f.Conflict, Transform: f.Transform}
		if f.Static != nil {
			p.Value = *f.Static
		}
		if f.Default != nil {
			p.Default = *f.Default
		}
		got = append(got, p)
		if f.Required {
			t.Errorf("%s: what b needs a need not have", f.B)
		}
		if (f.Other == nil) != (f.Direction == "b_to_a") || f.Other != nil && (f.Other.Key() != f.Key() || f.Other.Other == nil || f.Other.Other.B != f.B) {
			t.Errorf("%s does not know its other way", f.B)
		}
	}
	want := []part{{A: "email", B: "Email", Key: "email", Conflict: "b"}, {A: "hs_lead_status", B: "Status", Key: "hs_lead_status", Default: "New"},
		{A: "primary.companies", B: "AccountId", Key: "primary.companies"}, {B: "LeadSource", Key: "a/LeadSource", Value: "HubSpot"},
		{B: "Description", Key: "a/Description", Value: "jobtitle + lifecyclestage"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("fields of the way home (-want +got):\n%s", diff)
	}
	if f := home.Fields[1]; f.Values["NEW"] != "Open" || *f.Else != "Other" {
		t.Errorf("value map of the way home: %v, else %v", f.Values, f.Else)
	}
	var forth []string
	for _, f := range m.Fields {
		forth = append(forth, f.B)
	}
	if diff := cmp.Diff([]string{"email", "hs_lead_status", "fullname", "primary.companies"}, forth); diff != "" {
		t.Errorf("fields from a to b (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]mapping.MatchRule{{A: []string{"salesforcecontactid"}, B: "id", Compare: "exact", OnHit: "link", Line: 5},
		{A: []string{"email"}, B: "Email", Compare: "case_insensitive", OnHit: "link", Line: 5}}, home.Match); diff != "" {
		t.Errorf("match rules of the way home (-want +got):\n%s", diff)
	}
	wants := mapping.Wanted(home, nil)
	if diff := cmp.Diff([]string{"email", "fax", "hs_lead_status", "jobtitle", "lifecyclestage", "primary.companies", "salesforcecontactid", "wanted"}, wants.A); diff != "" {
		t.Errorf("the way home reads of b (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"AccountId", "Description", "Email", "LeadSource", "Status"}, mapping.WantedB(home)); diff != "" {
		t.Errorf("the way home must know of a (-want +got):\n%s", diff)
	}
	if got := mapping.Wanted(m, nil).A; strings.Contains(strings.Join(got, " "), "jobtitle") {
		t.Errorf("fields of b are asked of a: %v", got)
	}
	if home.Source == nil || home.Positions.Of("fields[0]").Line == 0 {
		t.Error("the way home does not know its document")
	}
	bound := *m
	bound.A.Connection, bound.B.Connection = "org-1", "portal-1"
	if back := bound.Turn(); back.A.Connection != "portal-1" || back.B.Connection != "org-1" || m.Turn().A.Connection != "crm" {
		t.Errorf("roles that were bound: %v, %v", back.A, back.B)
	}
	if one := mustLoad(t, []byte("mapping: c\na: {connection: crm, object: companies}\nb: {connection: billing, object: customers}\na_to_b: true\nfields: [ { a: x, b: y } ]\n")); one.Turn() != nil || one.TwoWay() {
		t.Error("a mapping of one way has a way home")
	}
}

// TestRules: HubSpot's words make the settings that the help page says, and are shown for them.
func TestRules(t *testing.T) {
	for _, c := range []struct{ field, same, rule string }{
		{"rule: Prefer Salesforce unless blank", "conflict: salesforce, blank: keep, only_blank: salesforce", "Prefer Salesforce unless blank"},
		{"rule: prefer hubspot unless blank", "conflict: crm, only_blank: crm", "Prefer HubSpot unless blank"},
		{"rule: Always use Salesforce", "direction: a_to_b, drift: restore", "Always use Salesforce"},
		{"rule: Always use HubSpot", "direction: b_to_a, drift: restore", "Always use HubSpot"},
		{"rule: Two-way", "conflict: newest", "Two-way"},
		{"rule: two way", "direction: both", "Two-way"},
		{"conflict: hold", "conflict: hold", "Two-way, a person decides"},
		{"conflict: a", "conflict: salesforce", "Two-way, Salesforce wins"},
		{"conflict: fill", "conflict: fill, direction: both", "Two-way, filled where blank"},
		{"conflict: furthest, order: [ x, y ]", "conflict: furthest, order: [ x, y ]", "Two-way, never backwards"},
		{"direction: a_to_b", "direction: a_to_b, drift: keep", "Salesforce to HubSpot"},
		{"direction: b_to_a, only_blank: salesforce", "direction: b_to_a, only_blank: a", "HubSpot to Salesforce, where it is blank"},
		{"direction: b_to_a, create_only: true", "direction: b_to_a, create_only: yes", "HubSpot to Salesforce, when a record is created"},
	} {
		var read []mapping.Field
		for _, settings := range []string{c.field, c.same} {
			m := mustLoad(t, []byte(twoWay+"  - { a: Email, b: email }\n  - { a: X, b: x, "+settings+" }\n"))
			of, f := m, mapping.Field{}
			if len(m.Homeward) > 0 {
				f = m.Homeward[0]
				if got := m.Turn().Fields[1].Rule(m.Turn()); got != c.rule {
					t.Errorf("%s, on the way home: %q", settings, got)
				}
			} else {
				f = m.Fields[1]
			}
			if got := f.Rule(of); got != c.rule {
				t.Errorf("%s: shown as %q, want %q", settings, got, c.rule)
			}
			if f.Other != nil {
				if got := f.Other.Rule(m.Turn()); got != c.rule {
					t.Errorf("%s, on the way home: %q", settings, got)
				}
			}
			f.Other = nil
			if f.Conflict == "" {
				f.Conflict = m.Conflict
			}
			read = append(read, f)
		}
		if read[0].Drift == "restore" {
			read[0].Conflict, read[1].Conflict = "", ""
		}
		if diff := cmp.Diff(read[0], read[1]); diff != "" {
			t.Errorf("%s is not %s (-first +second):\n%s", c.field, c.same, diff)
		}
	}
	m := mustLoad(t, []byte(twoWay+"  - { a: Email, b: email }\n  - { a: X, b: x, rule: \"Don't sync\" }\n"))
	if len(m.Fields) != 1 {
		t.Errorf("a field that is not to be synced is there: %+v", m.Fields)
	}
}
