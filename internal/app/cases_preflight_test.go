package app

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"crosswalk/internal/connector/hubspot/hubspottest"
	"crosswalk/internal/connector/salesforce/salesforcetest"
	"crosswalk/internal/engine"
	"crosswalk/internal/record"
)

// Check between the two CRMs (beyond.md B-12): what somebody did to the accounts is found before the first write, with who mends
// it and how, and nothing is written to find it.

const peopleDocument = `mapping: people
slot: person
a: { connection: salesforce, object: Contact }
b: { connection: crm, object: contacts }
match:
  - { a: Email, b: email, compare: case_insensitive }
a_to_b: { create: always, update: true }
b_to_a: { create: always, update: true }
conflict: newest
fields:
  - { a: Email, b: email, back: truncate(80) }
  - { a: FirstName, b: firstname, back: truncate(40) }
  - { a: LastName, b: lastname, back: truncate(80) }
  - { a: Phone, b: phone, back: truncate(40) }
  - { a: MailingCountry, b: country, back: truncate(80) }
  - { a: Tier__c, b: tier, values: { Gold: gold, Silver: silver } }
  - { a: Region__c, b: region, back: truncate(20) }
  - { a: OwnerId, b: hubspot_owner_id, table: owners, direction: a_to_b }
`

const tasksDocument = `mapping: tasks
slot: activity
a: { connection: crm, object: tasks }
b: { connection: salesforce, object: Task }
a_to_b: { create: always, update: true }
fields:
  - { a: hs_task_subject, b: Subject, transform: truncate(255) }
  - { a: hs_task_status, b: Status, values: { NOT_STARTED: Not Started, IN_PROGRESS: In Progress, WAITING: Waiting on someone else, COMPLETED: Completed, DEFERRED: Deferred } }
`

// preflightWorld is both CRMs as their administrators prepared them: check finds nothing that stops.
func preflightWorld(t *testing.T, f func(w *world)) {
	t.Helper()
	preflightOf(t, []string{peopleDocument, tasksDocument}, f)
}

func preflightOf(t *testing.T, documents []string, f func(w *world)) {
	t.Helper()
	s := setup{Draft: true, Quiet: true, Salesforce: &salesforcetest.Config{StateCountry: salesforcetest.StateCountryOn}, Documents: []string{}, Org: func(sim *salesforcetest.Sim) {
		sim.AddField("Contact", salesforcetest.Picklist("Tier__c", true, "Gold", "Silver"))
		sim.AddField("Contact", salesforcetest.Text("Region__c", 20))
		for _, object := range []string{"Contact", "Task"} {
			sim.AddField(object, salesforcetest.ExternalID("crosswalk_key__c", 255))
		}
	}}
	virtual(t, s, func(w *world) {
		define := w.HubSpot.User().Define
		w.ok(define("contacts", "tier", "enumeration", "select", "gold", "silver"))
		w.ok(define("contacts", "region", "string", "text"))
		for n := range 10 {
			w.create("contacts", kv("email", fmt.Sprintf("person%d@hub.example", n), "firstname", "Sample", "lastname", fmt.Sprint("Person ", n), "country", "Denmark", "tier", "gold", "region", "north", "phone", "+45 11 22 33 44"))
			w.sfCreate("Contact", values("Email", fmt.Sprintf("person%d@force.example", n), "FirstName", "Sample", "LastName", fmt.Sprint("Person ", n), "MailingCountry", "Denmark", "Tier__c", "Gold", "Region__c", "north", "Phone", "+45 11 22 33 44"))
		}
		w.apply(documents...)
		w.advance(time.Minute)
		f(w)
	})
}

func (w *world) preflight(ask engine.PreflightAsk) engine.Preflight {
	w.t.Helper()
	got, err := w.Engine.Preflight(w.t.Context(), ask)
	w.ok(err)
	return got
}

func saying(got engine.Preflight, severity string, parts ...string) []engine.Finding {
	return slices.DeleteFunc(slices.Clone(got.Findings), func(f engine.Finding) bool {
		return f.Severity != severity || slices.ContainsFunc(parts, func(part string) bool { return !strings.Contains(f.Where+" "+f.Finding, part) })
	})
}

func told(got engine.Preflight) string {
	var b strings.Builder
	for _, f := range got.Findings {
		fmt.Fprintf(&b, "\n  %-4s %s: %s (%d) -> %s", f.Severity, f.Where, f.Finding, f.Records, f.Fix)
	}
	return b.String()
}

func TestPreflightOfPreparedAccounts(t *testing.T) {
	preflightWorld(t, func(w *world) {
		got := w.preflight(engine.PreflightAsk{Make: true})
		if stops := saying(got, "stop"); len(stops) > 0 {
			t.Fatalf("it stops: %s", told(got))
		}
		for _, parts := range [][]string{
			{"hubspot/contacts", "marker field"}, {"salesforce/Contact", "marker field"}, {"salesforce/Contact", "may be written", "MailingCountry"},
			{"state and country are picklists"}, {"salesforce/Contact", "no duplicates", "of all 10"}, {"hubspot/contacts", "no duplicates"}, {"every mapped field is filled"},
		} {
			if len(saying(got, "ok", parts...)) != 1 {
				t.Errorf("it does not say once %q: %s", parts, told(got))
			}
		}
		for _, parts := range [][]string{{"salesforce", "validation rules", "not tried"}, {"first load to salesforce/Contact creates 10 records", "2 KB", "flows"}, {"first load to hubspot/contacts creates 10 records", "marketing contacts"}} {
			if len(saying(got, "warn", parts...)) != 1 {
				t.Errorf("it does not say once %q: %s", parts, told(got))
			}
		}
	})
}

// faults are what people did to the accounts after the mappings were applied. Each is found under its severity, by what the
// finding says, and its way out is named.
var faults = []struct {
	name     string
	do       func(w *world)
	severity string
	says     []string
	fix      string
	records  int // that it is about; 0 is not looked at
}{
	{"a scope is taken away", func(w *world) {
		w.HubSpot.SetScopes(hubspottest.AppID, slices.DeleteFunc(slices.Clone(hubspottest.AllScopes), func(s string) bool { return s == "crm.objects.contacts.write" })...)
	}, "stop", []string{"hubspot/contacts", "may not write contacts"}, "crm.objects.contacts.write", 0},
	{"an object is taken from the integration user", func(w *world) { w.Salesforce.SetAccess("Contact", salesforcetest.Access{NoRead: true}) },
		"stop", []string{"salesforce/Contact", "may not read Contact"}, "permission set", 0},
	{"the integration user may not edit an object", func(w *world) { w.Salesforce.SetAccess("Contact", salesforcetest.Access{NoEdit: true}) },
		"stop", []string{"salesforce/Contact", "may not write Contact (edit)", "MailingCountry"}, "object permission edit on Contact", 0},
	{"the integration user may not create records of an object", func(w *world) { w.Salesforce.SetAccess("Contact", salesforcetest.Access{NoCreate: true}) },
		"stop", []string{"salesforce/Contact", "may not write Contact (create)"}, "permission set", 0},
	{"a field is hidden", func(w *world) { w.Salesforce.SetFLS("Contact", "Region__c", salesforcetest.FLSHidden) },
		"stop", []string{"salesforce/Contact", "does not see", "Region__c"}, "field-level security", 0},
	{"a field is read-only", func(w *world) { w.Salesforce.SetFLS("Contact", "Phone", salesforcetest.FLSRead) },
		"stop", []string{"salesforce/Contact", "not write", "Phone"}, "field-level security", 0},
	{"a field is made required", func(w *world) {
		w.Salesforce.ChangeField("Contact", "Department", func(f *salesforcetest.Field) { f.Nillable = false })
	}, "stop", []string{"people", "Department of Contact is required"}, "a default for the way home", 0},
	{"a value is taken off a picklist", func(w *world) { w.Salesforce.SetPicklist("Contact", "Tier__c", "Gold") },
		"stop", []string{"people", "Silver", "Tier__c"}, "Gold", 0},
	{"a value is added that the map lacks", func(w *world) {
		w.Salesforce.SetPicklist("Contact", "Tier__c", "Gold", "Silver", "Platinum")
		w.sfCreate("Contact", values("LastName", "Platinum Customer", "Email", "platinum@force.example", "Tier__c", "Platinum"))
	}, "stop", []string{"people", "values: has nothing for Platinum"}, "add them to values:", 0},
	{"a field is made shorter than what people wrote", func(w *world) {
		w.Salesforce.ChangeField("Contact", "Region__c", func(f *salesforcetest.Field) { f.Length = 10 })
		w.create("contacts", kv("email", "far@hub.example", "lastname", "Far Away", "region", "far north-west"))
	}, "stop", []string{"people", "Region__c", "in 1 of all 11 contacts", "longer than the field"}, "truncate(10)", 1},
	{"a field gets another type", func(w *world) {
		w.Salesforce.ChangeField("Contact", "Region__c", func(f *salesforcetest.Field) { f.Type, f.Precision, f.Length = "double", 18, 0 })
	}, "stop", []string{"people", "Region__c", "not of the field's type"}, "number", 10},
	{"a task status is renamed", func(w *world) {
		w.Salesforce.SetTaskStatuses(salesforcetest.StatusValue{Name: "Not Started", Default: true}, salesforcetest.StatusValue{Name: "In Progress"}, salesforcetest.StatusValue{Name: "Waiting on someone else"},
			salesforcetest.StatusValue{Name: "Deferred"}, salesforcetest.StatusValue{Name: "Done", Closed: true})
	}, "stop", []string{"tasks", "Task has no status Completed", "Done"}, "API names", 0},
	{"a country that the org's list lacks", func(w *world) {
		w.create("contacts", kv("email", "sea@hub.example", "lastname", "Under Water", "country", "Atlantis"))
	}, "stop", []string{"people", "MailingCountry", "none that the org knows"}, "state and country picklists", 1},
	{"an owner whom HubSpot does not know", func(w *world) {
		owner := w.Salesforce.AddUser("Field Seller", "field.seller@force.example")
		w.sfSet("Contact", w.Salesforce.All("Contact")[0].ID, "OwnerId", owner)
	}, "warn", []string{"people", "OwnerId", "no active user with the same e-mail address"}, "map their ids", 0},
	{"the marker field is deleted", func(w *world) { w.Salesforce.RemoveField("Contact", "crosswalk_key__c") },
		"stop", []string{"salesforce/Contact", "no field to carry Crosswalk's marker"}, "crosswalk_key__c", 0},
	{"duplicates on one side", func(w *world) {
		w.sfCreate("Contact", values("LastName", "Twice", "Email", "PERSON3@force.example"))
	}, "warn", []string{"salesforce/Contact", "2 records in one group have the same Email"}, "crosswalk duplicates people", 2},
	{"HubSpot's own connector still runs", func(w *world) {
		w.HubSpot.RunNative(true, time.Second)
		w.set("contacts", w.HubSpot.Records("contacts")[0].ID, "firstname", "Edited")
		time.Sleep(2 * time.Minute)
	}, "stop", []string{"hubspot/contacts", "still writes contacts"}, "crosswalk help switching", 1},
	{"record types appear", func(w *world) {
		w.Salesforce.AddRecordType("Contact", salesforcetest.RecordType{Name: "Business", Default: true})
		w.Salesforce.AddRecordType("Contact", salesforcetest.RecordType{Name: "Student"})
	}, "warn", []string{"people", "record types", "Business", "Student"}, "RecordTypeId", 0},
	{"a field that hardly anybody fills", func(w *world) {
		for n := range 10 {
			w.create("contacts", kv("email", fmt.Sprintf("bare%d@hub.example", n), "lastname", "Bare"))
		}
	}, "warn", []string{"hubspot/contacts: filled in fewer than 80 %", "phone 50 %", "region 50 %"}, "clean up first", 0},
	{"a credential that is dead", func(w *world) { w.HubSpot.Revoke(hubspottest.PrivateToken) }, "stop", []string{"hubspot", "unauthorized"}, "connect it again", 0},
}

func TestPreflightFindsSeededFaults(t *testing.T) {
	for _, c := range faults {
		t.Run(c.name, func(t *testing.T) {
			preflightWorld(t, func(w *world) {
				w.preflight(engine.PreflightAsk{Make: true}) // the marker property of HubSpot is made
				c.do(w)
				time.Sleep(time.Minute)
				before := w.recordsOfBoth()
				got := w.preflight(engine.PreflightAsk{})
				found := saying(got, c.severity, c.says...)
				if len(found) != 1 {
					t.Fatalf("found %d times: %s", len(found), told(got))
				}
				if !strings.Contains(found[0].Fix, c.fix) || found[0].Owner == "" {
					t.Errorf("%s should mend it by %q, which does not name %q", found[0].Owner, found[0].Fix, c.fix)
				}
				if c.records > 0 && found[0].Records != c.records {
					t.Errorf("it is about %d records, want %d", found[0].Records, c.records)
				}
				if after := w.recordsOfBoth(); !slices.Equal(before, after) {
					t.Error("looking changed a record")
				}
				for _, secret := range []string{"person3", "Atlantis", "far north", "Platinum Customer", "Field Seller", "11 22 33"} {
					if strings.Contains(strings.ToLower(told(got)), strings.ToLower(secret)) {
						t.Errorf("it shows a record's value: %s", secret)
					}
				}
			})
		})
	}
}

// recordsOfBoth is every record of both accounts with the stamp of its last change.
func (w *world) recordsOfBoth() []string {
	var out []string
	for _, object := range []string{"contacts", "companies", "deals", "tasks"} {
		for _, r := range w.HubSpot.Records(object) {
			out = append(out, fmt.Sprint(object, r.ID, r.Properties["lastmodifieddate"], r.Properties["hs_lastmodifieddate"]))
		}
	}
	for _, object := range []string{"Contact", "Account", "Opportunity", "Task", "Lead"} {
		for _, r := range w.Salesforce.Everything(object) {
			out = append(out, fmt.Sprint(object, r.ID, r.SystemModstamp))
		}
	}
	return out
}

// A mapping between the CRMs does not go live on objects that HubSpot's own connector still writes, unless the operator states
// that it is off; a day after it was paused nothing stands in the way.
func TestNativeConnectorRefusesGoingLive(t *testing.T) {
	preflightWorld(t, func(w *world) {
		may := func(name string) error { return w.Engine.MayGoLive(w.t.Context(), name, false) }
		w.ok(may("people"))
		w.HubSpot.InstallNative()
		w.ok(may("people")) // it is there and never wrote
		w.HubSpot.RunNative(true, time.Second)
		id := w.HubSpot.Records("contacts")[0].ID
		w.set("contacts", id, "firstname", "Edited")
		time.Sleep(2 * time.Minute)
		err := may("people")
		if err == nil || !strings.Contains(err.Error(), id) || !strings.Contains(err.Error(), "pause HubSpot's own connector") || !strings.Contains(err.Error(), "--native-off") {
			t.Fatalf("it may go live beside HubSpot's own connector, or does not say what to do: %v", err)
		}
		w.ok(may("tasks")) // other objects
		w.ok(w.Engine.MayGoLive(w.t.Context(), "people", true))
		w.HubSpot.RunNative(false, 0)
		time.Sleep(25 * time.Hour)
		w.set("contacts", id, "firstname", "Edited again")
		time.Sleep(time.Minute)
		w.ok(may("people"))
		if got := w.preflight(engine.PreflightAsk{}); len(saying(got, "ok", "made none in the last 24 hours")) != 1 {
			t.Errorf("nothing is said of what it left: %s", told(got))
		}
	})
}

// Duplicates are listed part by part, each side by its own fields, and what was merged meanwhile is not among them.
func TestDuplicatesOfBothSides(t *testing.T) {
	preflightWorld(t, func(w *world) {
		twin := w.sfCreate("Contact", values("LastName", "Twin", "Email", "Person4@Force.example"))
		third := w.sfCreate("Contact", values("LastName", "Third", "Email", "person4@force.example"))
		gone := w.sfCreate("Contact", values("LastName", "Gone", "Email", "person5@force.example"))
		w.advance(time.Minute)
		all := func(side string) (groups [][]record.Ref) {
			for after := ""; ; {
				page, err := w.Engine.Duplicates(w.t.Context(), engine.DuplicateAsk{Mapping: "people", Side: side, After: after})
				w.ok(err)
				for _, g := range page.Groups {
					if g.Rule == "Email" || g.Rule == "email" {
						groups = append(groups, g.Refs)
					}
				}
				if after = page.Next; after == "" {
					return groups
				}
			}
		}
		if got := all(""); len(got) != 2 {
			t.Fatalf("%d groups: %v", len(got), got)
		}
		w.ok(w.Salesforce.Person().Delete("Contact", gone))
		w.advance(time.Minute)
		got := all("a")
		if len(got) != 1 || len(got[0]) != 3 || !slices.Contains(got[0], sfRef("Contact", twin)) || !slices.Contains(got[0], sfRef("Contact", third)) {
			t.Fatalf("%v, want one group of three", got)
		}
		if got := all("b"); len(got) != 0 {
			t.Errorf("%v at HubSpot, which has none", got)
		}
		for _, bad := range []engine.DuplicateAsk{{Mapping: "none"}, {Mapping: "people", Side: "c"}, {Mapping: "people", After: "nowhere"}, {Mapping: "tasks"}} {
			if _, err := w.Engine.Duplicates(w.t.Context(), bad); err == nil {
				t.Errorf("%+v was answered", bad)
			}
		}
	})
}

// Of many records a thousand are looked at, and the report says which; where time runs out it says that too, and is an answer.
func TestPreflightSamplesOfManyRecords(t *testing.T) {
	preflightWorld(t, func(w *world) {
		for n := range 1200 {
			w.create("contacts", kv("email", fmt.Sprintf("many%d@hub.example", n), "lastname", "Many"))
		}
		w.advance(time.Minute)
		w.HubSpot.ResetCalls()
		got := w.preflight(engine.PreflightAsk{Mapping: "people"})
		n := slices.IndexFunc(got.Sides, func(s engine.Side) bool { return s.Object == "contacts" })
		if s := got.Sides[n]; s.Total != 1210 || s.Sampled != engine.MaxSample || s.Whole || s.Since.IsZero() {
			t.Errorf("%+v", s)
		}
		if len(saying(got, "warn", "hubspot/contacts", "of 1,000 contacts changed in the last 90 days", "phone 1 %")) != 1 {
			t.Errorf("it does not say what was sampled: %s", told(got))
		}
		if len(saying(got, "warn", "first load to salesforce/Contact creates at most 1,210 records", "3 MB")) != 1 {
			t.Errorf("the forecast: %s", told(got))
		}
		if calls := w.HubSpot.Calls()["total"]; calls > 30 {
			t.Errorf("%d calls at HubSpot: %v", calls, w.HubSpot.Calls())
		}
		w.HubSpot.SetFault(func(r *http.Request, _ []byte) *hubspottest.Fault {
			if strings.HasSuffix(r.URL.Path, "/search") {
				return &hubspottest.Fault{Delay: 4 * time.Second}
			}
			return nil
		})
		began := time.Now()
		got = w.preflight(engine.PreflightAsk{Mapping: "people"})
		if len(saying(got, "warn", "hubspot/contacts", "time ran out after")) != 1 || len(saying(got, "ok", "salesforce/Contact", "every mapped field")) != 1 {
			t.Errorf("at a slow HubSpot: %s", told(got))
		}
		if took := time.Since(began); took > 20*time.Second {
			t.Errorf("it took %s; behind API Gateway there are 29 seconds", took)
		}
		w.HubSpot.SetFault(nil)
		if got = w.preflight(engine.PreflightAsk{Mapping: "people", Sample: -1}); len(got.Loads) != 0 || len(saying(got, "warn", "first load")) != 0 {
			t.Errorf("nothing was to be sampled: %s", told(got))
		}
	})
}

// Drafts that nobody applied are looked at too, and the fields they name that are not there are told with what they must hold.
func TestPreflightOfDrafts(t *testing.T) {
	preflightWorld(t, func(w *world) {
		heads, err := w.Engine.Heads(w.t.Context())
		w.ok(err)
		draft := strings.ReplaceAll(strings.ReplaceAll(peopleDocument, "mapping: people", "mapping: draft"), "b: region,", "b: sales_region,")
		got := w.preflight(engine.PreflightAsk{Documents: [][]byte{[]byte(draft)}})
		if len(saying(got, "stop", "draft", "sales_region")) == 0 {
			t.Errorf("the missing property is not complained about: %s", told(got))
		}
		if len(got.Missing) != 1 || got.Missing[0].Connection != "hubspot" || got.Missing[0].Name != "sales_region" || got.Missing[0].Type != "text" {
			t.Errorf("missing: %+v", got.Missing)
		}
		after, err := w.Engine.Heads(w.t.Context())
		w.ok(err)
		if len(after) != len(heads) {
			t.Error("looking at a draft stored it")
		}
		if got := w.preflight(engine.PreflightAsk{Mapping: "tasks"}); len(saying(got, "ok", "people")) != 0 {
			t.Errorf("one mapping was asked for: %s", told(got))
		}
	})
}

// The permission set is enough: an integration user who may nothing but what it grants passes.
func TestPermissionSetIsEnough(t *testing.T) {
	preflightOf(t, []string{peopleDocument, tasksDocument}, func(w *world) {
		needs, err := w.Engine.Needs(w.t.Context(), "salesforce")
		w.ok(err)
		app, err := salesforceApp(registering{name: "salesforce", contact: "ops@example.com", callback: "https://api.example.com/oauth/salesforce/callback", webhook: "https://api.example.com/webhooks/salesforce", needs: needs})
		w.ok(err)
		var set struct {
			Fields []struct {
				Field    string `xml:"field"`
				Editable bool   `xml:"editable"`
			} `xml:"fieldPermissions"`
			Objects []struct {
				Object string `xml:"object"`
				Create bool   `xml:"allowCreate"`
				Edit   bool   `xml:"allowEdit"`
				Read   bool   `xml:"allowRead"`
				Delete bool   `xml:"allowDelete"`
			} `xml:"objectPermissions"`
		}
		w.ok(xml.Unmarshal([]byte(appFile(app, ".permissionset-meta.xml")), &set))
		for _, field := range []string{"Contact.Email", "Contact.Phone", "Contact.MailingCountry", "Contact.Tier__c", "Contact.Region__c", "Contact.crosswalk_key__c", "Task.Subject", "Task.crosswalk_key__c"} {
			object, name, _ := strings.Cut(field, ".")
			w.Salesforce.SetFLS(object, name, salesforcetest.FLSHidden)
		}
		for _, object := range []string{"Contact", "Task", "Lead", "Account", "Opportunity"} {
			w.Salesforce.SetAccess(object, salesforcetest.Access{NoRead: true, NoCreate: true, NoEdit: true, NoDelete: true})
		}
		if stops := saying(w.preflight(engine.PreflightAsk{Make: true}), "stop"); len(stops) == 0 {
			t.Fatal("a user without any right passes")
		}
		for _, o := range set.Objects {
			w.Salesforce.SetAccess(o.Object, salesforcetest.Access{NoRead: !o.Read, NoCreate: !o.Create, NoEdit: !o.Edit, NoDelete: !o.Delete})
		}
		for _, f := range set.Fields {
			object, name, _ := strings.Cut(f.Field, ".")
			w.Salesforce.SetFLS(object, name, map[bool]salesforcetest.FLS{true: salesforcetest.FLSEdit, false: salesforcetest.FLSRead}[f.Editable])
		}
		got := w.preflight(engine.PreflightAsk{Make: true})
		if stops := saying(got, "stop"); len(stops) > 0 {
			t.Errorf("the permission set is not enough: %s", told(got))
		}
	})
}
