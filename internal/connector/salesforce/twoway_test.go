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

func upsertable(sim *salesforcetest.Sim, objects ...string) {
	for _, object := range objects {
		sim.AddField(object, salesforcetest.ExternalID(salesforce.MarkerField, 255))
	}
}

func opportunity(n int, more map[string]any) map[string]any {
	out := map[string]any{"Name": fmt.Sprint("Sample deal ", n), "StageName": "Prospecting", "CloseDate": "2030-01-31"}
	for k, v := range more {
		out[k] = v
	}
	return out
}

func valuesOf(fields ...any) map[string]record.Value {
	out := map[string]record.Value{}
	for i := 0; i < len(fields); i += 2 {
		switch v := fields[i+1].(type) {
		case string:
			out[fields[i].(string)] = record.Of(v)
		case []string:
			out[fields[i].(string)] = record.Many(v...)
		case nil:
			out[fields[i].(string)] = record.Empty()
		}
	}
	return out
}

// roles gives who has a role in an opportunity, as contact:role:primary, by contact.
func roles(sim *salesforcetest.Sim, opportunity string) []string {
	var out []string
	for _, r := range sim.Find("OpportunityContactRole", "OpportunityId", opportunity) {
		out = append(out, fmt.Sprintf("%s:%s:%v", r.Text("ContactId"), r.Text("Role"), r.Values["IsPrimary"]))
	}
	slices.Sort(out)
	return out
}

func people(t *testing.T, sim *salesforcetest.Sim, n int) []string {
	t.Helper()
	rows := make([]map[string]any, n)
	for i := range rows {
		rows[i] = row1("LastName", fmt.Sprint("Sample ", i))
	}
	ids := must(sim.Load("Contact", rows))
	slices.Sort(ids)
	return ids
}

func sortedIDs(ids ...string) record.Value {
	ids = slices.Clone(ids)
	slices.Sort(ids)
	return record.Many(ids...)
}

func TestAssociationsAreFields(t *testing.T) {
	sim := salesforcetest.New(salesforcetest.Config{Seed: 3})
	c, p := connected(sim)
	account := must(sim.Load("Account", []map[string]any{row1("Name", "Sample")}))[0]
	who := people(t, sim, 3)
	person := sim.Person()
	deals := must(sim.Load("Opportunity", []map[string]any{opportunity(0, map[string]any{"AccountId": account}), opportunity(1, nil), opportunity(2, nil)}))
	for _, r := range []map[string]any{
		{"OpportunityId": deals[0], "ContactId": who[2], "Role": "Evaluator"}, {"OpportunityId": deals[0], "ContactId": who[0], "IsPrimary": true},
		{"OpportunityId": deals[0], "ContactId": who[2], "Role": "Influencer"}, {"OpportunityId": deals[1], "ContactId": who[0]},
	} {
		must(person.Create("OpportunityContactRole", r))
	}
	campaign := must(person.Create("Campaign", row1("Name", "Sample")))
	must(person.Create("CampaignMember", row1("CampaignId", campaign, "ContactId", who[0])))

	fields := []string{"Name", "associations.Contact", "primary.Contact", "primary.Account"}
	want := []map[string]record.Value{
		{"associations.Contact": sortedIDs(who[0], who[2]), "primary.Contact": record.Of(who[0]), "primary.Account": record.Of(account)},
		{"associations.Contact": record.Many(who[0]), "primary.Contact": record.Of(who[0]), "primary.Account": record.Empty()},
		{"associations.Contact": record.Empty(), "primary.Contact": record.Empty(), "primary.Account": record.Empty()},
	}
	check := func(how string, got []*record.Record) {
		t.Helper()
		for i, r := range got {
			for name, v := range want[i] {
				if !r.Field(name).Equal(v) {
					t.Errorf("%s: deal %d has %s %v, want %v", how, i, name, r.Field(name), v)
				}
			}
		}
	}
	must(c.Describe(t.Context(), "Opportunity"))
	p.calls = nil
	var read []*record.Record
	for _, r := range must(c.Read(t.Context(), connector.ReadRequest{Object: "Opportunity", IDs: deals, Fields: fields})) {
		read = append(read, r.Record)
	}
	check("read", read)
	page := must(c.Changes(t.Context(), connector.FeedRequest{Object: "Opportunity", Fields: fields}))
	feed := make([]*record.Record, 3)
	for i := range page.Records {
		feed[slices.Index(deals, page.Records[i].Ref.ID)] = &page.Records[i]
	}
	check("feed", feed)
	if len(p.calls) != 2 {
		t.Errorf("one read and one page took %d calls: %v", len(p.calls), p.calls)
	}
	contact := readOne(t, c, "Contact", who[0], "associations.Opportunity", "associations.Campaign").Record
	if !contact.Field("associations.Opportunity").Equal(sortedIDs(deals[0], deals[1])) || !contact.Field("associations.Campaign").Equal(record.Many(campaign)) {
		t.Errorf("contact: %v", contact.Fields)
	}
	if found := must(c.Find(t.Context(), "Opportunity", []connector.Ask{{Field: "Name", Text: "Sample deal 0"}}, fields))[0].Records; len(found) != 1 || !found[0].Field("primary.Contact").Equal(record.Of(who[0])) {
		t.Errorf("find: %+v", found)
	}
}

func TestAssociationsAreDescribed(t *testing.T) {
	sim := salesforcetest.New(salesforcetest.Config{Seed: 3})
	sim.AddObject(salesforcetest.Object{Name: "Project__c", Fields: []salesforcetest.Field{salesforcetest.Lookup("Customer__c", "Account", "Projects")}})
	c, _ := connected(sim, func(c *salesforce.Config) { c.Custom = []string{"Project__c"} })
	for _, k := range []struct{ object, want string }{
		{"Opportunity", "associations.Contact list Contact, primary.Account ref Account, primary.Campaign ref Campaign, primary.Contact ref Contact, primary.Pricebook2 ref Pricebook2"},
		{"Contact", "associations.Campaign list Campaign, associations.Opportunity list Opportunity, primary.Account ref Account, primary.Contact ref Contact"},
		{"Lead", "associations.Campaign list Campaign"},
		{"Task", ""},
		{"OpportunityContactRole", "primary.Contact ref Contact, primary.Opportunity ref Opportunity"},
		{"Project__c", "primary.Account ref Account"},
	} {
		var got []string
		for _, f := range must(c.Describe(t.Context(), k.object)).Fields {
			if _, _, ok := connector.AssociationField(f.Name); ok {
				got = append(got, f.Name+" "+f.Type+" "+f.References)
			}
		}
		if slices.Sort(got); strings.Join(got, ", ") != k.want {
			t.Errorf("%s: %s", k.object, strings.Join(got, ", "))
		}
	}
	sim.SetAccess("OpportunityContactRole", salesforcetest.Access{NoRead: true})
	again, _ := connected(sim)
	if r := readOne(t, again, "Contact", people(t, sim, 1)[0], "LastName", "associations.Opportunity"); r.State != record.Found || r.Record.Field("associations.Opportunity").Kind() != record.Absent {
		t.Errorf("an association that our user may not see: %+v", r)
	}
}

func TestWritingAssociations(t *testing.T) {
	who := make([]string, 4)
	setup := func() (*salesforcetest.Sim, *salesforce.Connector, *inProcess, string) {
		sim := salesforcetest.New(salesforcetest.Config{Seed: 3})
		c, p := connected(sim)
		copy(who, people(t, sim, 4))
		deal := must(sim.Load("Opportunity", []map[string]any{opportunity(0, nil)}))[0]
		must(sim.Person().Create("OpportunityContactRole", map[string]any{"OpportunityId": deal, "ContactId": who[0], "Role": "Evaluator", "IsPrimary": true}))
		must(sim.Person().Create("OpportunityContactRole", map[string]any{"OpportunityId": deal, "ContactId": who[1], "Role": "Influencer"}))
		return sim, c, p, deal
	}
	setup()
	a, b, d := who[0]+":Evaluator:", who[1]+":Influencer:", who[2]+"::"
	for _, k := range []struct {
		name   string
		fields map[string]record.Value
		want   []string
	}{
		{"the same", valuesOf("associations.Contact", []string{who[1], who[0]}), []string{a + "true", b + "false"}},
		{"one more", valuesOf("associations.Contact", []string{who[0], who[1], who[2]}), []string{a + "true", b + "false", d + "false"}},
		{"one fewer", valuesOf("associations.Contact", []string{who[1]}), []string{b + "false"}},
		{"another", valuesOf("associations.Contact", who[2]), []string{d + "false"}},
		{"none", valuesOf("associations.Contact", nil), nil},
		{"another primary, who is there", valuesOf("primary.Contact", who[1]), []string{a + "false", b + "true"}},
		{"another primary, who is not", valuesOf("primary.Contact", who[2]), []string{a + "false", b + "false", d + "true"}},
		{"no primary", valuesOf("primary.Contact", nil), []string{a + "false", b + "false"}},
		{"list and primary", valuesOf("associations.Contact", []string{who[1], who[2]}, "primary.Contact", who[2]), []string{b + "false", d + "true"}},
		{"primary who is not in the list", valuesOf("associations.Contact", []string{who[1]}, "primary.Contact", who[2]), []string{b + "false", d + "true"}},
		{"with a field", valuesOf("associations.Contact", []string{who[0]}, "Description", "said"), []string{a + "true"}},
	} {
		t.Run(k.name, func(t *testing.T) {
			sim, c, _, deal := setup()
			o := c.Write(t.Context(), []connector.Write{{Op: connector.OpUpdate, Object: "Opportunity", ID: deal, Fields: k.fields}})[0]
			if o.Status != connector.Done || o.Ref.ID != deal || !slices.Equal(roles(sim, deal), k.want) {
				t.Errorf("%s (%v): roles %v, want %v", o.Status, o.Err, roles(sim, deal), k.want)
			}
			if said, ok := k.fields["Description"]; ok && must1(sim.Get("Opportunity", deal)).Text("Description") != said.Text() {
				t.Error("the record's own field was not written")
			}
			before := len(sim.Log())
			if o := c.Write(t.Context(), []connector.Write{{Op: connector.OpUpdate, Object: "Opportunity", ID: deal, Fields: map[string]record.Value{}}})[0]; o.Status != connector.Done || len(sim.Log()) != before {
				t.Errorf("nothing to write is %s", o.Status)
			}
		})
	}
}

func must1[T any](v T, ok bool) T {
	if !ok {
		panic("not there")
	}
	return v
}

func TestCreatesWithAssociations(t *testing.T) {
	sim := salesforcetest.New(salesforcetest.Config{Seed: 3})
	c, p := connected(sim)
	upsertable(sim, "Campaign")
	who := people(t, sim, 3)
	campaign := must(sim.Person().Create("Campaign", row1("Name", "Sample")))
	account := must(sim.Load("Account", []map[string]any{row1("Name", "Sample")}))[0]
	make := func(n int, more ...any) connector.Write {
		f := valuesOf(append([]any{"Name", fmt.Sprint("Made ", n), "StageName", "Prospecting", "CloseDate", "2030-01-31", salesforce.MarkerField, fmt.Sprint("m", n)}, more...)...)
		return connector.Write{Op: connector.OpCreate, Object: "Opportunity", Fields: f}
	}
	must(c.Describe(t.Context(), "Opportunity"))
	p.calls = nil
	outs := c.Write(t.Context(), []connector.Write{
		make(0, "associations.Contact", []string{who[0]}, "primary.Account", account),
		make(1, "associations.Contact", []string{who[0], who[1]}, "primary.Contact", who[1]),
		make(2, "associations.Contact", []string{who[0], who[2]}),
		make(3),
	})
	want := [][]string{{who[0] + "::true"}, {who[0] + "::false", who[1] + "::true"}, {who[0] + "::false", who[2] + "::false"}, nil}
	for i, o := range outs {
		if o.Status != connector.Done || !slices.Equal(roles(sim, o.Ref.ID), want[i]) {
			t.Errorf("create %d is %s (%v), roles %v", i, o.Status, o.Err, roles(sim, o.Ref.ID))
		}
	}
	if got := must1(sim.Get("Opportunity", outs[0].Ref.ID)).Text("AccountId"); got != account || len(p.calls) != 2 {
		t.Errorf("account %s, calls %v", got, p.calls)
	}
	member := c.Write(t.Context(), []connector.Write{
		{Op: connector.OpCreate, Object: "Contact", Fields: valuesOf("LastName", "Made", "associations.Campaign", []string{campaign}, "associations.Opportunity", []string{outs[3].Ref.ID})},
		{Op: connector.OpCreate, Object: "Lead", Fields: valuesOf("LastName", "Made", "Company", "Sample", "associations.Campaign", []string{campaign})},
	})
	for i, field := range []string{"ContactId", "LeadId"} {
		if got := sim.Find("CampaignMember", field, member[i].Ref.ID); member[i].Status != connector.Done || len(got) != 1 || got[0].Text("CampaignId") != campaign {
			t.Errorf("%s: %s (%v), members %v", field, member[i].Status, member[i].Err, got)
		}
	}
	if got := roles(sim, outs[3].Ref.ID); !slices.Equal(got, []string{member[0].Ref.ID + "::false"}) {
		t.Errorf("role from the contact's side: %v", got)
	}
	out := c.Write(t.Context(), []connector.Write{{Op: connector.OpUpdate, Object: "Contact", ID: member[0].Ref.ID, Fields: valuesOf("associations.Campaign", nil, "associations.Opportunity", nil)}})[0]
	if out.Status != connector.Done || len(sim.Find("CampaignMember", "ContactId", member[0].Ref.ID)) != 0 || len(roles(sim, outs[3].Ref.ID)) != 0 {
		t.Errorf("taken away: %s (%v)", out.Status, out.Err)
	}
}

// Q4: what became of an association is part of its record's outcome, and of no other's.
func TestAssociationThatFails(t *testing.T) {
	sim := salesforcetest.New(salesforcetest.Config{Seed: 3})
	c, _ := connected(sim)
	who := people(t, sim, 2)
	deals := must(sim.Load("Opportunity", []map[string]any{opportunity(0, nil), opportunity(1, nil), opportunity(2, nil)}))
	if err := sim.Person().Delete("Contact", who[1]); err != nil {
		t.Fatal(err)
	}
	write := func() []connector.Outcome {
		var writes []connector.Write
		for _, id := range deals {
			writes = append(writes, connector.Write{Op: connector.OpUpdate, Object: "Opportunity", ID: id, Fields: valuesOf("Description", "said", "associations.Contact", []string{who[0]})})
		}
		writes[1].Fields["associations.Contact"] = record.Many(who[1])
		return c.Write(t.Context(), append(writes, connector.Write{Op: connector.OpCreate, Object: "Opportunity", Fields: valuesOf("Name", "Made", "StageName", "Prospecting", "CloseDate", "2030-01-31",
			salesforce.MarkerField, "mark", "associations.Contact", []string{who[0], who[1]})}))
	}
	want := []connector.Status{connector.Done, connector.Refused, connector.Done, connector.Unknown}
	for i, o := range write() {
		e := must2err(o.Err)
		if o.Status != want[i] || e != nil && (!slices.Equal(e.Fields, []string{"associations.Contact"}) || e.Fault == connector.Missing) {
			t.Errorf("row %d is %s (%v), want %s", i, o.Status, o.Err, want[i])
		}
	}
	for i, id := range deals {
		if got := must1(sim.Get("Opportunity", id)).Text("Description"); got != "said" || len(roles(sim, id)) != map[bool]int{true: 0, false: 1}[i == 1] {
			t.Errorf("deal %d: %q, roles %v", i, got, roles(sim, id))
		}
	}
	made := must(c.Look(t.Context(), connector.LookRequest{Object: "Opportunity", Marker: "mark", Fields: []string{"associations.Contact"}}))
	if len(made) != 1 || !made[0].Field("associations.Contact").Equal(record.Many(who[0])) {
		t.Errorf("the create that is unknown is found as %+v", made)
	}
}

func TestWrongAssociationsAreRefusedWithoutACall(t *testing.T) {
	sim := salesforcetest.New(salesforcetest.Config{Seed: 3})
	c, p := connected(sim)
	id := must(sim.Load("Opportunity", []map[string]any{opportunity(0, nil)}))[0]
	who := people(t, sim, 2)
	must(c.Describe(t.Context(), "Opportunity"))
	must(c.Describe(t.Context(), "Contact"))
	for name, fields := range map[string]map[string]record.Value{
		"no id":           valuesOf("associations.Contact", []string{"x"}),
		"two primaries":   valuesOf("primary.Contact", who),
		"no such object":  valuesOf("associations.Company", []string{id}),
		"no such way":     valuesOf("associations.Product2", []string{id}),
		"one field twice": valuesOf("primary.Account", id, "AccountId", id),
	} {
		p.calls = nil
		o := c.Write(t.Context(), []connector.Write{{Op: connector.OpUpdate, Object: "Opportunity", ID: id, Fields: fields}})[0]
		writes := slices.ContainsFunc(p.calls, func(call string) bool { return !strings.HasPrefix(call, "GET ") })
		if o.Status != connector.Refused || connector.FaultOf(o.Err) != connector.Invalid || len(must2err(o.Err).Fields) != 1 || writes {
			t.Errorf("%s: %s (%v), calls %v", name, o.Status, o.Err, p.calls)
		}
	}
}

// A duplicate answer is a link where it names one record, else it names those a person must choose from.
func TestDuplicatesOfTheOrg(t *testing.T) {
	sim := salesforcetest.New(salesforcetest.Config{Seed: 3})
	c, p := connected(sim)
	twins := must(sim.Load("Contact", []map[string]any{row1("LastName", "Sample", "Email", "two@portal.example"), row1("LastName", "Sample", "Email", "two@portal.example"), row1("LastName", "Sample", "Email", "one@portal.example")}))
	sim.AddDuplicateRule(salesforcetest.DuplicateRule{Object: "Contact", Fields: []string{"Email"}, Blocks: true})
	make := func(email, marker string) connector.Write {
		return connector.Write{Op: connector.OpCreate, Object: "Contact", Fields: valuesOf("LastName", "Sample", "Email", email, salesforce.MarkerField, marker)}
	}
	must(c.Describe(t.Context(), "Contact"))
	p.calls = nil
	outs := c.Write(t.Context(), []connector.Write{make("one@portal.example", "m1"), make("two@portal.example", "m2"), make("new@portal.example", "m3"), make("two@portal.example", "m4")})
	if outs[0].Status != connector.Exists || outs[0].Ref.ID != twins[2] || outs[2].Status != connector.Done {
		t.Errorf("%+v", outs)
	}
	for _, o := range []connector.Outcome{outs[1], outs[3]} {
		if o.Status != connector.Refused || connector.FaultOf(o.Err) != connector.Invalid || !strings.Contains(o.Err.Error(), twins[0]) || !strings.Contains(o.Err.Error(), twins[1]) || strings.Contains(o.Err.Error(), "portal") {
			t.Errorf("several: %s (%v)", o.Status, o.Err)
		}
	}
	if len(p.calls) != 2 { // the writes, and one question for the markers of both
		t.Errorf("calls %v", p.calls)
	}
	again := c.Write(t.Context(), []connector.Write{make("other@portal.example", "m3")})[0]
	if again.Status != connector.Exists || again.Ref != outs[2].Ref {
		t.Errorf("the marker again: %s %s (%v)", again.Status, again.Ref, again.Err)
	}
	// Made by an answer that was lost, and alike with two others: the marker tells which one it is.
	must(sim.Load("Contact", []map[string]any{row1("LastName", "Sample", "Email", "two@portal.example", salesforce.MarkerField, "m5")}))
	if o := c.Write(t.Context(), []connector.Write{make("two@portal.example", "m5")})[0]; o.Status != connector.Exists || o.Ref.ID != sim.Find("Contact", salesforce.MarkerField, "m5")[0].ID {
		t.Errorf("our own among three: %s %s (%v)", o.Status, o.Ref, o.Err)
	}
}

func TestLeadBecomesContactAtNoCall(t *testing.T) {
	sim := salesforcetest.New(salesforcetest.Config{Seed: 3})
	c, p := connected(sim)
	person := sim.Person()
	leads := must(sim.Load("Lead", []map[string]any{row1("LastName", "Open", "Company", "Sample", "Email", "open@portal.example"),
		row1("LastName", "Done", "Company", "Sample", "Email", "done@portal.example"), row1("LastName", "Merged", "Company", "Sample")}))
	made := must(person.Convert(leads[1], salesforcetest.Conversion{}))
	moved := must(person.Convert(leads[2], salesforcetest.Conversion{AccountID: made.AccountID}))
	if err := person.Merge("Contact", made.ContactID, map[string]any{}, moved.ContactID); err != nil {
		t.Fatal(err)
	}
	must(c.Describe(t.Context(), "Contact"))
	must(c.Describe(t.Context(), "Lead"))
	p.calls = nil
	fields := []string{"LastName", "Company", "ConvertedAccountId", "ConvertedOpportunityId"}
	got := must(c.Read(t.Context(), connector.ReadRequest{Object: "Lead", IDs: leads[:2], Fields: fields}))
	r := got[1].Record
	if got[0].State != record.Found || got[1].State != record.Moved || got[1].To.Object != "Contact" || got[1].To.ID != made.ContactID || r.Field("LastName").Text() != "Done" ||
		r.Field("ConvertedAccountId").Text() != made.AccountID || r.Field("ConvertedOpportunityId").Text() != made.OpportunityID || r.Ref != got[1].To || len(p.calls) != 1 {
		t.Errorf("%+v %+v, calls %v", got, r, p.calls)
	}
	last := must(c.Read(t.Context(), connector.ReadRequest{Object: "Lead", IDs: leads[2:], Fields: fields}))[0]
	if last.State != record.Moved || last.To.ID != made.ContactID || last.Record.Field("ConvertedAccountId").Text() != made.AccountID {
		t.Errorf("converted to a contact that was merged since: %+v", last)
	}
	page := must(c.Changes(t.Context(), connector.FeedRequest{Object: "Lead", Fields: fields}))
	for _, r := range page.Records {
		if r.Archived != (r.Ref.ID != leads[0]) {
			t.Errorf("%s is archived: %v", r.Ref, r.Archived)
		}
	}
	for email, n := range map[string]int{"open@portal.example": 1, "done@portal.example": 0} {
		if a := must(c.Find(t.Context(), "Lead", []connector.Ask{{Field: "Email", Text: email}}, nil))[0]; len(a.Records) != n {
			t.Errorf("%d leads match %s", len(a.Records), email)
		}
	}
	converted := &record.Record{Fields: map[string]record.Value{"IsConverted": record.Of("true")}}
	before := len(sim.Log())
	if o := c.Write(t.Context(), []connector.Write{{Op: connector.OpUpdate, Object: "Lead", ID: leads[1], Base: converted, Fields: valuesOf("LastName", "x")}})[0]; o.Status != connector.Refused || connector.FaultOf(o.Err) != connector.BadState || len(sim.Log()) != before {
		t.Errorf("%+v", o)
	}
}

// A role or membership that changes alone moves no stamp of its parents: its own feed tells, and reading it names them.
func TestRolesAndMembersAreFeeds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := salesforcetest.New(salesforcetest.Config{Seed: 3})
		c, p := connected(sim)
		person := sim.Person()
		who := people(t, sim, 1)[0]
		lead := must(person.Create("Lead", row1("LastName", "Sample", "Company", "Sample")))
		deal := must(sim.Load("Opportunity", []map[string]any{opportunity(0, nil)}))[0]
		campaign := must(person.Create("Campaign", row1("Name", "Sample")))
		time.Sleep(time.Hour)
		cursors := map[string][]byte{}
		next := func(object string) (out []record.Record) {
			for more := true; more; {
				page := must(c.Changes(t.Context(), connector.FeedRequest{Object: object, Cursor: cursors[object]}))
				out, cursors[object], more = append(out, page.Records...), page.Cursor, page.More
			}
			return out
		}
		for _, object := range []string{"Opportunity", "Contact", "OpportunityContactRole", "CampaignMember"} {
			next(object)
		}
		time.Sleep(time.Hour)
		role := must(person.Create("OpportunityContactRole", row1("OpportunityId", deal, "ContactId", who)))
		member := must(person.Create("CampaignMember", row1("CampaignId", campaign, "LeadId", lead)))
		time.Sleep(time.Minute)
		if n := len(next("Opportunity")) + len(next("Contact")); n != 0 {
			t.Errorf("%d parents moved", n)
		}
		for _, k := range []struct {
			object, id string
			with       []string
			want       []string
		}{
			{"OpportunityContactRole", role, []string{"Opportunity", "Contact"}, []string{deal, who}},
			{"CampaignMember", member, []string{"Campaign", "Contact", "Lead"}, []string{campaign, lead}},
		} {
			got := next(k.object)
			if len(got) != 1 || got[0].Ref.ID != k.id {
				t.Fatalf("%s: %+v", k.object, got)
			}
			parents := func() (out []string) {
				r := must(c.Read(t.Context(), connector.ReadRequest{Object: k.object, IDs: []string{k.id}, With: k.with}))[0]
				for _, rel := range relatedOf(r) {
					out = append(out, rel.Ref.ID)
				}
				return out
			}
			p.calls = nil
			if got := parents(); !slices.Equal(got, k.want) || len(p.calls) != 1 {
				t.Errorf("%s leads to %v, want %v; calls %v", k.object, got, k.want, p.calls)
			}
			if err := person.Delete(k.object, k.id); err != nil {
				t.Fatal(err)
			}
			time.Sleep(20 * time.Minute)
			gone := next(k.object)
			if len(gone) == 0 || !gone[len(gone)-1].Archived || gone[len(gone)-1].Ref.ID != k.id {
				t.Errorf("%s: the deletion is not told: %+v", k.object, gone)
			}
			want := k.want
			if k.object == "OpportunityContactRole" {
				want = nil // it vanishes without a trace (fact sheet 15.3)
			}
			if got := parents(); !slices.Equal(got, want) {
				t.Errorf("a deleted %s leads to %v, want %v", k.object, got, want)
			}
		}
	})
}

func relatedOf(r record.Read) []record.Related {
	if r.Record == nil {
		return nil
	}
	return r.Record.Related
}

// Rows that vanish without a trace are asked for by their own addresses, 25 a call.
func TestVanishedRolesAreGone(t *testing.T) {
	sim := salesforcetest.New(salesforcetest.Config{Seed: 3})
	c, p := connected(sim)
	deal := must(sim.Load("Opportunity", []map[string]any{opportunity(0, nil)}))[0]
	var ids []string
	for _, who := range people(t, sim, 60) {
		ids = append(ids, must(sim.Person().Create("OpportunityContactRole", row1("OpportunityId", deal, "ContactId", who))))
	}
	for _, id := range ids[:52] {
		if err := sim.Person().Delete("OpportunityContactRole", id); err != nil {
			t.Fatal(err)
		}
	}
	must(c.Describe(t.Context(), "OpportunityContactRole"))
	p.calls = nil
	for i, r := range must(c.Read(t.Context(), connector.ReadRequest{Object: "OpportunityContactRole", IDs: ids, Fields: []string{"Role"}})) {
		if want := map[bool]record.State{true: record.Gone, false: record.Found}[i < 52]; r.State != want {
			t.Errorf("role %d is %s (%v)", i, r.State, r.Err)
		}
	}
	if len(p.calls) != 5 { // what is there, the recycle bin, three times at most 25
		t.Errorf("%d calls: %v", len(p.calls), p.calls)
	}
}
