package salesforce_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/connector/salesforce"
	"crosswalk/internal/connector/salesforce/salesforcetest"
	"crosswalk/internal/record"
)

var markedObjects = []string{"Account", "Contact", "Lead", "Opportunity", "OpportunityContactRole", "Task", "Event", "Campaign", "CampaignMember", "Project__c"}

// crmOrg has every object of the CRM side with our marker, and a custom object.
func crmOrg(cfg salesforcetest.Config) (*salesforcetest.Sim, *salesforce.Connector, *inProcess) {
	sim := salesforcetest.New(cfg)
	sim.AddObject(salesforcetest.Object{Name: "Project__c", Fields: []salesforcetest.Field{salesforcetest.Lookup("Customer__c", "Account", "Projects"), salesforcetest.Text("Code__c", 20)}})
	c, p := connected(sim, func(c *salesforce.Config) { c.Custom = []string{"Project__c"} })
	upsertable(sim, markedObjects...)
	return sim, c, p
}

// Every object of a two-way sync is made with its marker, found by it, refused a second time, changed, read back, and deleted.
func TestEveryObjectIsWritten(t *testing.T) {
	_, c, _ := crmOrg(salesforcetest.Config{Seed: 5})
	ids := map[string]string{}
	ref := func(object string) func() string { return func() string { return ids[object] } }
	for _, k := range []struct {
		object string
		fields []any // a func() string is an id made before
		change [2]string
		gone   bool // archiving deletes it
	}{
		{"Account", []any{"Name", "Sample"}, [2]string{"Phone", "1"}, true},
		{"Contact", []any{"LastName", "Sample", "primary.Account", ref("Account")}, [2]string{"Title", "Buyer"}, true},
		{"Lead", []any{"LastName", "Sample", "Company", "Sample"}, [2]string{"Status", "Working - Contacted"}, true},
		{"Opportunity", []any{"Name", "Sample", "StageName", "Prospecting", "CloseDate", "2030-01-31", "primary.Account", ref("Account")}, [2]string{"Amount", "12.5"}, true},
		{"OpportunityContactRole", []any{"OpportunityId", ref("Opportunity"), "ContactId", ref("Contact")}, [2]string{"Role", "Evaluator"}, true},
		{"Task", []any{"Subject", "Call", "WhoId", ref("Contact"), "WhatId", ref("Opportunity"), "TaskSubtype", "Call"}, [2]string{"Status", "Completed"}, true},
		{"Event", []any{"Subject", "Meeting", "StartDateTime", "2030-01-31T10:00:00Z", "EndDateTime", "2030-01-31T11:00:00Z", "WhoId", ref("Lead")}, [2]string{"Location", "Room 1"}, true},
		{"Campaign", []any{"Name", "Sample"}, [2]string{"IsActive", "true"}, false},
		{"CampaignMember", []any{"CampaignId", ref("Campaign"), "LeadId", ref("Lead")}, [2]string{"Status", "Responded"}, true},
		{"Project__c", []any{"Name", "Sample", "primary.Account", ref("Account")}, [2]string{"Code__c", "7"}, true},
	} {
		w := connector.Write{Op: connector.OpCreate, Object: k.object, Fields: map[string]record.Value{salesforce.MarkerField: record.Of("mark " + k.object)}}
		for i := 0; i < len(k.fields); i += 2 {
			text, ok := k.fields[i+1].(string)
			if !ok {
				text = k.fields[i+1].(func() string)()
			}
			w.Fields[k.fields[i].(string)] = record.Of(text)
		}
		made := c.Write(t.Context(), []connector.Write{w})[0]
		if made.Status != connector.Done {
			t.Fatalf("creating %s: %s (%v)", k.object, made.Status, made.Err)
		}
		ids[k.object] = made.Ref.ID
		if again := c.Write(t.Context(), []connector.Write{w})[0]; again.Status != connector.Exists && again.Status != connector.Refused || again.Status == connector.Exists && again.Ref != made.Ref {
			t.Errorf("%s twice: %s %s (%v)", k.object, again.Status, again.Ref, again.Err)
		}
		found := must(c.Look(t.Context(), connector.LookRequest{Object: k.object, Marker: "mark " + k.object}))
		if len(found) != 1 || found[0].Ref != made.Ref || !found[0].Own {
			t.Errorf("%s by its marker: %+v", k.object, found)
		}
		changed := c.Write(t.Context(), []connector.Write{{Op: connector.OpUpdate, Object: k.object, ID: made.Ref.ID, Fields: valuesOf(k.change[0], k.change[1])}})[0]
		if got := readOne(t, c, k.object, made.Ref.ID, k.change[0]); changed.Status != connector.Done || got.State != record.Found || got.Record.Field(k.change[0]).Text() != k.change[1] {
			t.Errorf("changing %s: %s (%v), read %+v", k.object, changed.Status, changed.Err, got)
		}
		if p, err := c.Provision(t.Context(), k.object, false); err != nil || !p.Ready {
			t.Errorf("%s: the marker field: %+v %v", k.object, p, err)
		}
		defer func() { // what was made last goes first
			o := c.Write(t.Context(), []connector.Write{{Op: connector.OpArchive, Object: k.object, ID: made.Ref.ID}})[0]
			want := map[bool]record.State{true: record.Gone, false: record.Found}[k.gone]
			if got := readOne(t, c, k.object, made.Ref.ID, "Id"); got.State != want {
				t.Errorf("archiving %s: %s (%v), then it is %s", k.object, o.Status, o.Err, got.State)
			}
		}()
	}
	o := c.Write(t.Context(), []connector.Write{{Op: connector.OpArchive, Object: "Account", ID: ids["Account"]}})[0]
	if o.Status != connector.Refused || connector.FaultOf(o.Err) != connector.BadState {
		t.Errorf("an account that holds others is deleted: %s (%v)", o.Status, o.Err)
	}
}

// An account goes when nothing goes with it that should not.
func TestAccountsAreDeletedAlone(t *testing.T) {
	for _, k := range []struct {
		name  string
		child string
		also  bool
		want  connector.Status
	}{{"empty", "", false, connector.Done}, {"with a contact", "Contact", false, connector.Refused}, {"with an opportunity", "Opportunity", false, connector.Refused},
		{"with a contact that goes too", "Contact", true, connector.Done}} {
		sim, c, p := crmOrg(salesforcetest.Config{Seed: 5})
		account := must(sim.Load("Account", []map[string]any{row1("Name", "Sample")}))[0]
		writes := []connector.Write{{Op: connector.OpDelete, Object: "Account", ID: account}}
		if k.child != "" {
			row := opportunity(0, map[string]any{"AccountId": account})
			if k.child == "Contact" {
				row = row1("LastName", "Sample", "AccountId", account)
			}
			child := must(sim.Load(k.child, []map[string]any{row}))[0]
			if k.also {
				writes = append([]connector.Write{{Op: connector.OpDelete, Object: k.child, ID: child}}, writes...)
			}
		}
		outs := c.Write(t.Context(), writes)
		if last := outs[len(outs)-1]; last.Status != k.want {
			t.Errorf("%s: %s (%v); calls %v", k.name, last.Status, last.Err, p.calls)
		}
	}
}

// The bench's units of a two-way sync (B3), at 1,000 records each, describes apart.
func TestCallsForAThousand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim, c, p := crmOrg(salesforcetest.Config{Seed: 5})
		at := time.Now().Add(-time.Hour)
		contacts := must(sim.Import("Contact", 1000, at, func(i int) map[string]any { return row1("LastName", fmt.Sprint("Sample ", i)) }))
		deals := must(sim.Import("Opportunity", 1000, at, func(i int) map[string]any { return opportunity(i, nil) }))
		leads := must(sim.Import("Lead", 1000, at, func(i int) map[string]any { return row1("LastName", fmt.Sprint("Sample ", i), "Company", "Sample") }))
		for i := range 500 {
			must(sim.Person().Convert(leads[i], salesforcetest.Conversion{NoOpportunity: true}))
		}
		for _, object := range []string{"Contact", "Opportunity", "Lead", "Account"} {
			must(c.Describe(t.Context(), object))
		}
		write := func(op connector.Op, object string, ids []string, fields func(i int) map[string]record.Value) func() {
			return func() {
				writes := make([]connector.Write, 1000)
				for i := range writes {
					writes[i] = connector.Write{Op: op, Object: object, Fields: fields(i)}
					if ids != nil {
						writes[i].ID = ids[i]
					}
				}
				for i, o := range c.Write(t.Context(), writes) {
					if o.Status != connector.Done {
						t.Fatalf("%s %s %d: %s (%v)", op, object, i, o.Status, o.Err)
					}
				}
			}
		}
		read := func(object string, ids []string, state record.State, fields ...string) func() {
			return func() {
				for _, r := range must(c.Read(t.Context(), connector.ReadRequest{Object: object, IDs: ids, Fields: fields})) {
					if r.State != state {
						t.Fatalf("%s is %s (%v)", r.Ref, r.State, r.Err)
					}
				}
			}
		}
		with := func(i int) record.Value { return record.Many(contacts[i]) }
		for _, k := range []struct {
			what string
			do   func()
			want int
		}{
			{"feed page", func() {
				must(c.Changes(t.Context(), connector.FeedRequest{Object: "Contact", Fields: []string{"LastName", "associations.Opportunity"}}))
			}, 1},
			{"read", read("Opportunity", deals, record.Found, "Name", "associations.Contact", "primary.Account"), 1},
			{"read converted leads", read("Lead", leads[:500], record.Moved, "LastName", "ConvertedAccountId"), 1},
			{"update", write(connector.OpUpdate, "Contact", contacts, func(int) map[string]record.Value { return valuesOf("Title", "Buyer") }), 1},
			{"create", write(connector.OpCreate, "Contact", nil, func(i int) map[string]record.Value {
				return valuesOf("LastName", "Made", salesforce.MarkerField, fmt.Sprint("c", i))
			}), 1},
			{"create with one contact each", write(connector.OpCreate, "Opportunity", nil, func(i int) map[string]record.Value {
				f := valuesOf("Name", "Made", "StageName", "Prospecting", "CloseDate", "2030-01-31", salesforce.MarkerField, fmt.Sprint("o", i))
				f["associations.Contact"] = with(i)
				return f
			}), 1},
			{"create with two contacts each", write(connector.OpCreate, "Opportunity", nil, func(i int) map[string]record.Value {
				f := valuesOf("Name", "Made", "StageName", "Prospecting", "CloseDate", "2030-01-31", salesforce.MarkerField, fmt.Sprint("p", i))
				f["associations.Contact"], f["primary.Contact"] = record.Many(contacts[i], contacts[(i+1)%1000]), with(i)
				return f
			}), 2},
			{"update with associations", write(connector.OpUpdate, "Opportunity", deals, func(i int) map[string]record.Value {
				return map[string]record.Value{"NextStep": record.Of("call"), "associations.Contact": with(i)}
			}), 3},
			{"associations that are so already", write(connector.OpUpdate, "Opportunity", deals, func(i int) map[string]record.Value {
				return map[string]record.Value{"associations.Contact": with(i)}
			}), 1},
			{"delete", write(connector.OpDelete, "Contact", contacts, func(int) map[string]record.Value { return nil }), 1},
		} {
			p.calls = nil
			if k.do(); len(p.calls) != k.want {
				t.Errorf("%s took %d calls, want %d: %v", k.what, len(p.calls), k.want, p.calls)
			}
		}
	})
}

// B6: what is deleted is told by the feed, gone when read, and there again when a person takes it from the recycle bin.
func TestUndelete(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim, c, p := crmOrg(salesforcetest.Config{Seed: 5})
		person := sim.Person()
		id := must(sim.Load("Contact", []map[string]any{row1("LastName", "Sample")}))[0]
		var cursor []byte
		next := func() (out []record.Record) {
			time.Sleep(time.Hour)
			p.calls = nil
			for more := true; more; {
				page := must(c.Changes(t.Context(), connector.FeedRequest{Object: "Contact", Cursor: cursor}))
				out, cursor, more = append(out, page.Records...), page.Cursor, page.More
			}
			return out
		}
		next()
		if err := person.Delete("Contact", id); err != nil {
			t.Fatal(err)
		}
		got := next()
		if len(got) != 1 || !got[0].Archived || got[0].Ref.ID != id || len(got[0].Fields) != 0 || slices.ContainsFunc(p.calls, func(call string) bool {
			return !strings.Contains(call, "deleted") && !strings.Contains(call, "query") && !strings.Contains(call, "describe")
		}) {
			t.Errorf("deleted: %+v, calls %v", got, p.calls)
		}
		if r := readOne(t, c, "Contact", id, "LastName"); r.State != record.Gone {
			t.Errorf("read of a deleted one: %+v", r)
		}
		if err := person.Undelete("Contact", id); err != nil {
			t.Fatal(err)
		}
		if got := next(); len(got) != 1 || got[0].Archived || got[0].Ref.ID != id {
			t.Errorf("undeleted: %+v", got)
		}
		if r := readOne(t, c, "Contact", id, "LastName"); r.State != record.Found {
			t.Errorf("read of an undeleted one: %+v", r)
		}
	})
}

// What a preflight asks.
func TestFactsOfAnOrg(t *testing.T) {
	sim, c, _ := crmOrg(salesforcetest.Config{Seed: 5, StateCountry: salesforcetest.StateCountryCustom})
	sim.SetTaskStatuses(salesforcetest.StatusValue{Name: "To do", Default: true}, salesforcetest.StatusValue{Name: "Erledigt", Closed: true})
	sim.SetPicklist("Lead", "LeadSource", "*Web", "Phone", "-Fax")
	sim.ChangeField("Contact", "Title", func(f *salesforcetest.Field) { f.Nillable = false })
	table := func(name string) string {
		var rows []string
		for _, r := range must(c.Table(t.Context(), name)).Rows {
			rows = append(rows, fmt.Sprint(r.Key, " ", r.Attrs["closed"], r.Attrs["default"], " ", r.Attrs["active"]))
		}
		return strings.Join(rows, ", ")
	}
	if got := table("task_statuses"); got != "To do falsetrue , Erledigt truefalse " {
		t.Errorf("task statuses: %s", got)
	}
	if got := table("picklist:Lead.LeadSource"); got != "Web true true, Phone false true, Fax false false" {
		t.Errorf("picklist: %s", got)
	}
	for _, name := range []string{"picklist:Lead.Nothing", "picklist:Nothing.Status", "picklist:Lead.LastName", "nothing"} {
		if _, err := c.Table(t.Context(), name); connector.FaultOf(err) != connector.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	states := must(c.Table(t.Context(), "states")).Rows
	i := slices.IndexFunc(states, func(r connector.Row) bool { return r.Key == "CA-ON" })
	if i < 0 || states[i].Label != "Ontario" || slices.ContainsFunc(states, func(r connector.Row) bool { return r.Key == "US-ON" }) {
		t.Errorf("states: %v", states)
	}
	if countries := must(c.Table(t.Context(), "countries")).Rows; !slices.ContainsFunc(countries, func(r connector.Row) bool { return r.Key == "US" && r.Label == "United States" }) {
		t.Errorf("countries: %v", countries)
	}
	_, off, _ := crmOrg(salesforcetest.Config{Seed: 5})
	if rows := must(off.Table(t.Context(), "countries")).Rows; len(rows) != 0 {
		t.Errorf("countries of an org without: %v", rows)
	}
	for _, f := range must(c.Describe(t.Context(), "Contact")).Fields {
		if f.Name == "Title" && (!f.Required || f.MaxLength != 128) || f.Name == "Email" && f.Required {
			t.Errorf("%+v", f)
		}
	}
	owner := must(c.Table(t.Context(), "owners")).Rows[0]
	if owner.Attrs["email"] == "" || owner.Attrs["archived"] != "false" {
		t.Errorf("owner: %+v", owner)
	}
	sim.SetAssignment("Lead", sim.AddUser("Regional Desk", "desk@crosswalk.example"))
	o := c.Write(t.Context(), []connector.Write{{Op: connector.OpCreate, Object: "Lead", Fields: valuesOf("LastName", "Sample", "Company", "Sample")}})[0]
	if o.Status != connector.Done || sim.Assigned("Lead") != 0 {
		t.Errorf("our create set off %d assignments (%v)", sim.Assigned("Lead"), o.Err)
	}
}

// S: a picklist that refuses, a trigger that rewrites, a country that is not there: each its own row's matter.
func TestOrgsThatAnswerBack(t *testing.T) {
	sim, c, _ := crmOrg(salesforcetest.Config{Seed: 5, StateCountry: salesforcetest.StateCountryCustom})
	sim.AddTrigger("Contact", salesforcetest.FormatPhones)
	sim.AddField("Contact", salesforcetest.Picklist("Tier__c", true, "Gold", "Silver"))
	must(c.Describe(t.Context(), "Contact"))
	id := people(t, sim, 1)[0]
	for _, k := range []struct {
		name, field, value string
		want               connector.Status
		reads              string
	}{
		{"phone", "Phone", "+15550100199", connector.Done, "(555) 010-0199"},
		{"restricted", "Tier__c", "Bronze", connector.Refused, ""},
		{"country by its code", "MailingCountryCode", "US", connector.Done, "US"},
		{"country by its edited text", "MailingCountry", "Deutschland", connector.Done, "Deutschland"},
		{"country by its former text", "MailingCountry", "Germany", connector.Refused, "Deutschland"},
		{"no country", "MailingCountry", "Narnia", connector.Refused, "Deutschland"},
	} {
		o := c.Write(t.Context(), []connector.Write{{Op: connector.OpUpdate, Object: "Contact", ID: id, Fields: valuesOf(k.field, k.value)}})[0]
		if got := readOne(t, c, "Contact", id, k.field).Record.Field(k.field).Text(); o.Status != k.want || got != k.reads || o.Err != nil && (!slices.Equal(must2err(o.Err).Fields, []string{k.field}) || strings.Contains(o.Err.Error(), k.value)) {
			t.Errorf("%s: %s (%v), reads %q", k.name, o.Status, o.Err, got)
		}
	}
}
