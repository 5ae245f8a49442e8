package hubspot_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/connector/hubspot"
	"crosswalk/internal/connector/hubspot/hubspottest"
	"crosswalk/internal/record"
	"crosswalk/internal/rest"
)

// samples are the least a record of each object needs, and a field to change.
var samples = map[string]struct {
	least  []string
	change string
}{
	"contacts":  {[]string{"lastname", "Sample"}, "jobtitle"},
	"companies": {[]string{"name", "Sample"}, "description"},
	"deals":     {[]string{"dealname", "Sample", "dealstage", "appointmentscheduled", "pipeline", "default"}, "description"},
	"tasks":     {[]string{"hs_timestamp", "2026-05-04T10:00:00Z"}, "hs_task_subject"},
	"notes":     {[]string{"hs_timestamp", "2026-05-04T10:00:00Z"}, "hs_note_body"},
	"meetings":  {[]string{"hs_timestamp", "2026-05-04T10:00:00Z"}, "hs_meeting_title"},
	"calls":     {[]string{"hs_timestamp", "2026-05-04T10:00:00Z"}, "hs_call_title"},
	"emails":    {[]string{"hs_timestamp", "2026-05-04T10:00:00Z", "hs_email_direction", "EMAIL"}, "hs_email_subject"},
	"machine":   {[]string{"serial", "S"}, "serial"},
}

func machines(sim *hubspottest.Sim) string {
	return must(sim.User().DefineObject(hubspottest.CustomObject{Name: "machine", Singular: "Machine", Plural: "Machines", Primary: "serial", Associated: []string{"companies", "contacts"}}))
}

func values(pairs map[string]record.Value, object, id string) connector.Write {
	return connector.Write{Op: connector.OpUpdate, Object: object, ID: id, Fields: pairs}
}

// calls counts what a step costs.
func calls(sim *hubspottest.Sim, do func()) int {
	sim.ResetCalls()
	do()
	return sim.Calls()["total"]
}

func allDone(t *testing.T, what string, outs []connector.Outcome) []string {
	t.Helper()
	var ids []string
	for i, o := range outs {
		if o.Status != connector.Done {
			t.Fatalf("%s: row %d is %s: %v", what, i, o.Status, o.Err)
		}
		ids = append(ids, o.Ref.ID)
	}
	return ids
}

// A thousand records of every object are made, read, changed, found again by their marker and archived in ten calls each.
func TestEveryObjectInTens(t *testing.T) {
	for object, s := range samples {
		t.Run(object, func(t *testing.T) {
			sim := hubspottest.New(hubspottest.Config{})
			full := machines(sim)
			if object != "machine" {
				full = object
			}
			c := connected(sim)
			provisioned(t, c, object)
			var creates, updates, archives []connector.Write
			for i := range 1000 {
				creates = append(creates, create(object, fmt.Sprint("k", i), s.least...))
			}
			var ids []string
			if n := calls(sim, func() { ids = allDone(t, "create", c.Write(t.Context(), creates)) }); n != 10 {
				t.Errorf("1,000 creates took %d calls", n)
			}
			for i, id := range ids {
				updates = append(updates, update(object, id, s.change, fmt.Sprint("New ", i)))
				archives = append(archives, connector.Write{Op: connector.OpArchive, Object: object, ID: id})
			}
			if n := calls(sim, func() {
				for i, o := range c.Write(t.Context(), updates) {
					if o.Status != connector.Done || o.Record.Field(s.change).Text() != fmt.Sprint("New ", i) {
						t.Fatalf("row %d: %s %v %v", i, o.Status, o.Record, o.Err)
					}
				}
			}); n != 10 {
				t.Errorf("1,000 updates took %d calls", n)
			}
			if n := calls(sim, func() {
				for i, r := range must(c.Read(t.Context(), connector.ReadRequest{Object: object, IDs: ids, Fields: []string{s.change}})) {
					if r.State != record.Found || r.Record.Field(s.change).Text() != fmt.Sprint("New ", i) || r.Ref.Object != object {
						t.Fatalf("row %d: %+v", i, r)
					}
				}
			}); n != 10 {
				t.Errorf("1,000 reads took %d calls", n)
			}
			again := c.Write(t.Context(), creates[:3])
			if statuses(again) != "exists exists exists" || again[1].Ref.ID != ids[1] {
				t.Errorf("the same creates again: %s", statuses(again))
			}
			if n := calls(sim, func() { allDone(t, "archive", c.Write(t.Context(), archives[:500])) }); n != 5 {
				t.Errorf("500 archives took %d calls", n)
			}
			var gone []string
			if n := calls(sim, func() { gone = must(c.Deleted(t.Context(), object, ids)) }); n != 10 || len(gone) != 500 || !slices.Contains(gone, ids[7]) || slices.Contains(gone, ids[700]) {
				t.Errorf("%d of 1,000 deleted, told in %d calls", len(gone), n)
			}
			if n := calls(sim, func() {
				for i, r := range must(c.Read(t.Context(), connector.ReadRequest{Object: object, IDs: ids})) {
					if (r.State == record.Gone) != (i < 500) {
						t.Fatalf("row %d is %s", i, r.State)
					}
				}
			}); n != 15 {
				t.Errorf("reading 1,000 of which 500 are gone took %d calls", n)
			}
			if got := len(sim.Records(full)); got != 1000 {
				t.Errorf("%d records", got)
			}
		})
	}
}

// Custom objects by any of their names; one that does not exist is named in the error.
func TestCustomObjectsByName(t *testing.T) {
	sim := hubspottest.New(hubspottest.Config{})
	full := machines(sim)
	c := connected(sim)
	schemas := must(c.Schemas(t.Context()))
	if len(schemas) != 1 || schemas[0].FullName != full || schemas[0].Name != "machine" || schemas[0].Label != "Machines" {
		t.Fatalf("%+v", schemas)
	}
	id := must(sim.User().Create(full, map[string]string{"serial": "S1"}))
	for _, name := range []string{"machine", full, schemas[0].TypeID} {
		fresh := connected(sim)
		r := readOne(t, fresh, connector.ReadRequest{Object: name, IDs: []string{id}, Fields: []string{"serial"}})
		if r.State != record.Found || r.Ref != ref(name, id) || r.Record.Field("serial").Text() != "S1" {
			t.Errorf("%s: %+v", name, r)
		}
		o := must(fresh.Describe(t.Context(), name))
		var serial, company connector.Field
		for _, f := range o.Fields {
			switch f.Name {
			case "serial":
				serial = f
			case "associations.companies":
				company = f
			}
		}
		if company.Type != "list" || company.References != "companies" || name == "machine" && (!serial.Required || o.Label != "Machines") {
			t.Errorf("%s: %+v %+v %s", name, serial, company, o.Label)
		}
		found, _, _ := drain(t, fresh, name, nil, "serial")
		if len(found) != 1 || found[0].Ref != ref(name, id) {
			t.Errorf("%s: changes %v", name, found)
		}
		if !slices.Contains(fresh.Objects(), name) {
			t.Errorf("%s is not among %v", name, fresh.Objects())
		}
	}
	if _, err := c.Read(t.Context(), connector.ReadRequest{Object: "engine", IDs: []string{id}}); connector.FaultOf(err) != connector.Invalid || !strings.Contains(err.Error(), "engine") {
		t.Errorf("unknown: %v", err)
	}
}

func TestObjectWithoutUniqueProperties(t *testing.T) {
	sim := hubspottest.New(hubspottest.Config{NotUnique: "notes"})
	c := connected(sim)
	if c.Traits("notes").MarkerField != hubspot.MarkerField || c.Traits("no such object").MarkerField != "" {
		t.Error("before anything is known")
	}
	p, err := c.Provision(t.Context(), "notes", true)
	if err != nil || p.Ready || !strings.Contains(p.Fix, "unmarked") {
		t.Errorf("%+v %v", p, err)
	}
	if tr := c.Traits("notes"); tr.MarkerField != "" || tr.StrongLook || slices.Contains(c.Findable("notes"), hubspot.MarkerField) {
		t.Errorf("%+v", tr)
	}
	told := connected(sim, func(c *hubspot.Config, _ *rest.Config) { c.Unmarked = []string{"notes"} })
	if told.Traits("notes").MarkerField != "" || told.Traits("tasks").MarkerField == "" {
		t.Error("as configured")
	}
	w := connector.Write{Op: connector.OpCreate, Object: "notes", Key: "k", Fields: fields("hs_timestamp", "2026-05-04T10:00:00Z", "hs_note_body", "Text")}
	allDone(t, "without a marker", c.Write(t.Context(), []connector.Write{w}))
	sim.FailAfterCommit("batch/create")
	if o := c.Write(t.Context(), []connector.Write{w})[0]; o.Status != connector.Unknown {
		t.Errorf("lost: %s", o.Status)
	}
}

// A thousand records with two associations each: one call a thousand, only what is missing, labels of others kept.
func TestAssociationsInBulk(t *testing.T) {
	sim := hubspottest.New(hubspottest.Config{})
	c := connected(sim)
	provisioned(t, c, "contacts", "deals")
	u := sim.User()
	one, two, three := company(sim, 1), company(sim, 2), company(sim, 3)
	var creates, moves, primaries []connector.Write
	for i := range 1000 {
		w := create("contacts", fmt.Sprint("k", i), "email", fmt.Sprintf("n%d@portal.example", i))
		w.Fields["associations.companies"], w.Fields["primary.companies"] = record.Many(two, one), record.Of(two)
		creates = append(creates, w)
	}
	var ids []string
	if n := calls(sim, func() { ids = allDone(t, "create", c.Write(t.Context(), creates)) }); n != 10 {
		t.Errorf("creates with associations took %d calls", n)
	}
	if r, _ := sim.Record("contacts", ids[5]); r.PrimaryCompany != two || len(r.Associations["companies"]) != 2 {
		t.Fatalf("%+v", r)
	}
	want := []string{"associations.companies", "primary.companies"}
	var reads []record.Read
	if n := calls(sim, func() {
		reads = must(c.Read(t.Context(), connector.ReadRequest{Object: "contacts", IDs: ids, Fields: want}))
	}); n != 11 {
		t.Errorf("reads with associations took %d calls", n)
	}
	for i, r := range reads {
		if r.Record.Field(want[1]).Text() != two || !slices.Equal(r.Record.Field(want[0]).List(), sortedIDs(one, two)) {
			t.Fatalf("%+v", r.Record)
		}
		w := values(map[string]record.Value{want[0]: record.Many(two, three)}, "contacts", ids[i])
		moves = append(moves, w)
		w.Base = r.Record
		w.Fields = map[string]record.Value{want[1]: record.Of(one)}
		primaries = append(primaries, w)
	}
	if n := calls(sim, func() { allDone(t, "primary", c.Write(t.Context(), primaries)) }); n != 1 {
		t.Errorf("1,000 other primaries took %d calls", n)
	}
	if n := calls(sim, func() { allDone(t, "moves", c.Write(t.Context(), moves)) }); n != 3 { // look, add, take away
		t.Errorf("1,000 moves took %d calls", n)
	}
	if n := calls(sim, func() { allDone(t, "moves again", c.Write(t.Context(), moves)) }); n != 1 {
		t.Errorf("moves that are made already took %d calls", n)
	}
	for _, id := range []string{ids[0], ids[999]} {
		r, _ := sim.Record("contacts", id)
		if !slices.Equal(r.Associations["companies"], []string{two, three}) {
			t.Errorf("%s: %v, primary %s", id, r.Associations["companies"], r.PrimaryCompany)
		}
	}
	found := map[string][]record.Related{}
	if n := calls(sim, func() { found = must(c.Associations(t.Context(), "contacts", "companies", ids)) }); n != 1 || len(found) != 1000 || len(found[ids[3]]) != 2 {
		t.Errorf("a sweep took %d calls and found %d", n, len(found))
	}
	// pages of changes
	var page connector.Page
	if n := calls(sim, func() {
		page = must(c.Changes(t.Context(), connector.FeedRequest{Object: "contacts", Fields: want}))
	}); n != 2 || len(page.Records) != 200 || len(page.Records[0].Field(want[0]).List()) != 2 {
		t.Errorf("a page with associations took %d calls", n)
	}
	// a label that a person gave keeps what it is on; the only company left is the primary one
	lone := must(u.Create("contacts", map[string]string{"email": "lone@portal.example"}))
	for _, to := range []string{one, two} {
		if err := u.Associate("contacts", lone, "companies", to); err != nil {
			t.Fatal(err)
		}
	}
	label := labelled(t, sim, "contacts", "companies", "Billing contact")
	if err := u.AssociateAs("contacts", lone, "companies", two, label); err != nil {
		t.Fatal(err)
	}
	allDone(t, "labelled", c.Write(t.Context(), []connector.Write{values(map[string]record.Value{want[0]: record.Many(three)}, "contacts", lone)}))
	if r, _ := sim.Record("contacts", lone); !slices.Equal(r.Associations["companies"], []string{two, three}) || r.PrimaryCompany != three {
		t.Errorf("labelled: %v, primary %s", r.Associations["companies"], r.PrimaryCompany)
	}
	allDone(t, "labelled primary", c.Write(t.Context(), []connector.Write{values(map[string]record.Value{want[1]: record.Of(two)}, "contacts", lone)}))
	r := readOne(t, c, connector.ReadRequest{Object: "contacts", IDs: []string{lone}, Fields: want}).Record
	if rel := r.RelatedTo("companies"); r.Field(want[1]).Text() != two || !slices.ContainsFunc(rel, func(l record.Related) bool { return l.Ref.ID == two && slices.Contains(l.Labels, "Billing contact") }) {
		t.Errorf("%+v", r)
	}
	// one bad end among many is one row's
	moves[400].Fields = map[string]record.Value{want[0]: record.Many(two, three, "999")}
	outs := c.Write(t.Context(), moves[:600])
	for i, o := range outs {
		if (o.Status == connector.Done) != (i != 400) || i == 400 && (o.Status != connector.Refused || !strings.Contains(o.Err.Error(), want[0])) {
			t.Fatalf("row %d: %s %v", i, o.Status, o.Err)
		}
	}
	sim.FailOnce("batch/read", hubspottest.TooMany("7"))
	if o := c.Write(t.Context(), moves[:2]); statuses(o) != "retry retry" {
		t.Errorf("throttled while looking: %s", statuses(o))
	}
}

// labelled makes an association label of the portal's own and gives its type id.
func labelled(t *testing.T, sim *hubspottest.Sim, from, to, name string) int {
	t.Helper()
	return must(sim.User().Label(from, to, name))
}

func sortedIDs(ids ...string) []string {
	slices.Sort(ids)
	return ids
}

// Custom objects and activities are associated too; with a custom object after the create, since only the account knows the ids.
func TestAssociationsOfCustomObjectsAndActivities(t *testing.T) {
	sim := hubspottest.New(hubspottest.Config{})
	full := machines(sim)
	c := connected(sim)
	provisioned(t, c, "machine", "calls")
	firm := company(sim, 1)
	w := create("machine", "m", "serial", "S1")
	w.Fields["associations.companies"] = record.Many(firm)
	m := c.Write(t.Context(), []connector.Write{w})[0]
	if r, _ := sim.Record(full, m.Ref.ID); m.Status != connector.Done || !slices.Equal(r.Associations["companies"], []string{firm}) {
		t.Fatalf("%v %v", m, r)
	}
	r := readOne(t, c, connector.ReadRequest{Object: "companies", IDs: []string{firm}, Fields: []string{"associations.machine"}}).Record
	if !slices.Equal(r.Field("associations.machine").List(), []string{m.Ref.ID}) {
		t.Errorf("%+v", r)
	}
	call := create("calls", "c", "hs_timestamp", "2026-05-04T10:00:00Z")
	call.Fields["associations.companies"] = record.Many(firm)
	o := c.Write(t.Context(), []connector.Write{call, values(map[string]record.Value{"associations.machine": record.Many()}, "companies", firm)})
	if r, _ := sim.Record("companies", firm); statuses(o) != "done done" || len(r.Associations["calls"]) != 1 || len(r.Associations[full]) != 0 {
		t.Errorf("%s %+v", statuses(o), r)
	}
}

// A11: who changed what when, newest first, and whether it was us.
func TestHistory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := hubspottest.New(hubspottest.Config{})
		c := connected(sim)
		u := sim.User()
		id := must(u.Create("contacts", map[string]string{"email": "a@portal.example", "phone": "1"}))
		other := must(u.Create("contacts", map[string]string{"email": "b@portal.example"}))
		made := time.Now()
		time.Sleep(hour)
		allDone(t, "ours", c.Write(t.Context(), []connector.Write{update("contacts", id, "phone", "2")}))
		time.Sleep(hour)
		if err := sim.Other().Set("contacts", id, map[string]string{"phone": "3"}); err != nil {
			t.Fatal(err)
		}
		check := func(id string) {
			t.Helper()
			got := must(c.History(t.Context(), "contacts", id, []string{"phone", "fax_nobody_defined", "associations.companies"}))
			phone := got["phone"]
			if len(got) != 1 || len(phone) != 3 || phone[0].Value.Text() != "3" || phone[0].Ours || !phone[1].Ours || phone[1].Value.Text() != "2" || phone[2].Ours || !phone[2].At.Equal(made.UTC()) || !phone[0].At.Equal(made.Add(2*hour)) {
				t.Errorf("%+v", got)
			}
		}
		check(id)
		survivor := must(u.Merge("contacts", id, other))
		check(survivor)
		check(id) // the old address leads there
		if err := u.Archive("contacts", survivor); err != nil {
			t.Fatal(err)
		}
		if got, err := c.History(t.Context(), "contacts", survivor, []string{"phone"}); err != nil || len(got) != 0 {
			t.Errorf("of one that is gone: %v %v", got, err)
		}
		ids := must(u.CreateMany("companies", slices.Repeat([]map[string]string{{"name": "Sample"}}, 120)))
		if n := calls(sim, func() {
			if got := must(c.Histories(t.Context(), "companies", ids, []string{"name"})); len(got) != 120 {
				t.Errorf("%d", len(got))
			}
		}); n != 3 {
			t.Errorf("120 histories took %d calls", n)
		}
	})
}

func TestLists(t *testing.T) {
	sim := hubspottest.New(hubspottest.Config{})
	c := connected(sim)
	u := sim.User()
	var ids []string
	for i := range 600 {
		ids = append(ids, must(u.Create("contacts", map[string]string{"email": fmt.Sprintf("n%d@portal.example", i), "jobtitle": []string{"Buyer", "Seller"}[i%2]})))
	}
	static := must(u.StaticList("contacts", "Sales ready", ids...))
	active := must(u.ActiveList("contacts", "Buyers", "jobtitle", "Buyer"))
	members := func(name string) []string {
		t.Helper()
		table, err := c.Table(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, row := range table.Rows {
			if row.Attrs["object"] != "contacts" || row.Attrs["since"] == "" {
				t.Fatalf("%+v", row)
			}
			out = append(out, row.Key)
		}
		return out
	}
	if n := calls(sim, func() {
		if got := members("list:Sales ready"); !slices.Equal(got, ids) {
			t.Errorf("%d members", len(got))
		}
	}); n != 4 { // one to find it, three pages
		t.Errorf("600 members took %d calls", n)
	}
	if got := members("list:" + static); len(got) != 600 {
		t.Errorf("by id: %d", len(got))
	}
	if got := members("list:" + active); len(got) != 300 || got[0] != ids[0] {
		t.Errorf("active: %d", len(got))
	}
	if err := u.Set("contacts", ids[1], map[string]string{"jobtitle": "Buyer"}); err != nil { // joins
		t.Fatal(err)
	}
	if err := u.Set("contacts", ids[0], map[string]string{"jobtitle": "Seller"}); err != nil { // leaves
		t.Fatal(err)
	}
	if got := members("list:buyers"); len(got) != 300 || slices.Contains(got, ids[0]) || !slices.Contains(got, ids[1]) {
		t.Errorf("joiner and leaver: %d", len(got))
	}
	if err := u.Leave(static, ids[:599]...); err != nil {
		t.Fatal(err)
	}
	if got := members("list:Sales ready"); !slices.Equal(got, ids[599:]) {
		t.Errorf("static: %v", got)
	}
	if all := must(c.Table(t.Context(), "lists")); len(all.Rows) != 2 || all.Rows[0].Label != "Sales ready" || all.Rows[1].Attrs["type"] != "DYNAMIC" || all.Rows[1].Attrs["object"] != "contacts" {
		t.Errorf("%+v", all)
	}
	for _, name := range []string{"list:Nobody knows", "list:999"} {
		if _, err := c.Table(t.Context(), name); connector.FaultOf(err) != connector.Missing || !strings.Contains(err.Error(), strings.TrimPrefix(name, "list:")) {
			t.Errorf("%s: %v", name, err)
		}
	}
	sim.SetScopes(hubspottest.AppID, slices.DeleteFunc(slices.Clone(hubspottest.AllScopes), func(s string) bool { return s == "crm.lists.read" })...)
	if _, err := c.Table(t.Context(), "list:Buyers"); connector.FaultOf(err) != connector.Forbidden || !strings.Contains(err.Error(), "crm.lists.read") {
		t.Errorf("without the scope: %v", err)
	}
}

// Merges are seen from reads and from the survivor's page.
func TestMergesAreSeen(t *testing.T) {
	sim := hubspottest.New(hubspottest.Config{})
	c := connected(sim)
	u := sim.User()
	for _, object := range []string{"contacts", "companies", "deals"} {
		s := samples[object]
		p := map[string]string{}
		for i := 0; i < len(s.least); i += 2 {
			p[s.least[i]] = s.least[i+1]
		}
		a, b, d := must(u.Create(object, p)), must(u.Create(object, p)), must(u.Create(object, p))
		ab := must(u.Merge(object, a, b))
		last := must(u.Merge(object, ab, d)) // a chain
		for i, r := range must(c.Read(t.Context(), connector.ReadRequest{Object: object, IDs: []string{a, b, ab, d, last}})) {
			if want := map[bool]record.State{true: record.Found, false: record.Moved}[i == 4]; r.State != want || i < 4 && r.To != ref(object, last) {
				t.Errorf("%s %d: %s to %s", object, i, r.State, r.To)
			}
		}
		found, _, _ := drain(t, c, object, nil)
		if len(found) != 1 || len(found[0].Was) != 4 {
			t.Errorf("%s: %+v", object, found)
		}
	}
}

// HubSpot moves a lifecycle stage forward only and says so to nobody; the outcome shows what was kept.
func TestLifecycleGoesForwardOnly(t *testing.T) {
	sim := hubspottest.New(hubspottest.Config{})
	c := connected(sim)
	id := must(sim.User().Create("contacts", map[string]string{"email": "a@portal.example", "lifecyclestage": "customer"}))
	stage := func(v string) (connector.Outcome, string) {
		o := c.Write(t.Context(), []connector.Write{values(map[string]record.Value{"lifecyclestage": record.Of(v)}, "contacts", id)})[0]
		r, _ := sim.Record("contacts", id)
		return o, r.Properties["lifecyclestage"]
	}
	if o, is := stage("lead"); o.Status != connector.Done || is != "customer" || o.Record.Field("lifecyclestage").Text() != "customer" {
		t.Errorf("backward: %s, %s, shown %s", o.Status, is, o.Record.Field("lifecyclestage").Text())
	}
	if o, is := stage(""); o.Status != connector.Done || is != "" {
		t.Errorf("cleared: %s %s", o.Status, is)
	}
	if o, is := stage("lead"); o.Status != connector.Done || is != "lead" || o.Record.Field("lifecyclestage").Text() != "lead" {
		t.Errorf("after clearing: %s %s", o.Status, is)
	}
}

// A contact has its e-mail alone: a second one with it is refused with the holder, also when two swap theirs.
func TestEmailsAreSwapped(t *testing.T) {
	sim := hubspottest.New(hubspottest.Config{})
	c := connected(sim)
	u := sim.User()
	a, b := must(u.Create("contacts", map[string]string{"email": "a@portal.example"})), must(u.Create("contacts", map[string]string{"email": "b@portal.example"}))
	outs := c.Write(t.Context(), []connector.Write{update("contacts", a, "email", "b@portal.example"), update("contacts", b, "email", "a@portal.example")})
	for i, o := range outs {
		var e *connector.Error
		if o.Status != connector.Refused || !asConnectorError(o.Err, &e) || e.Fault != connector.Clash || e.Existing != []string{b, a}[i] {
			t.Errorf("row %d: %s %v", i, o.Status, o.Err)
		}
	}
	steps := []connector.Write{values(map[string]record.Value{"email": record.Empty()}, "contacts", a), update("contacts", b, "email", "a@portal.example"), update("contacts", a, "email", "b@portal.example")}
	allDone(t, "by way of none", c.Write(t.Context(), steps[:1]))
	allDone(t, "by way of none", c.Write(t.Context(), steps[1:2]))
	allDone(t, "by way of none", c.Write(t.Context(), steps[2:]))
	provisioned(t, c, "companies")
	same := []connector.Write{create("companies", "1", "name", "One", "domain", "same.example"), create("companies", "2", "name", "Two", "domain", "same.example")}
	allDone(t, "companies of one domain", c.Write(t.Context(), same))
}

// The portal's own automations rewrite, make companies, and write on as HubSpot's own Salesforce connector.
func TestAutomations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := hubspottest.New(hubspottest.Config{AutoCompanies: true, AutoCompanyLag: time.Minute, MarketingContacts: true, SearchLag: 10 * time.Second})
		c := connected(sim)
		provisioned(t, c, "contacts")
		sim.SetWorkflow(30*time.Second, func(object string, changed, _ map[string]string) map[string]string {
			if p := changed["phone"]; object == "contacts" && strings.HasPrefix(p, "555") {
				return map[string]string{"phone": "(" + p[:3] + ") " + p[3:]}
			}
			return nil
		})
		w := create("contacts", "k", "email", "a@firm.example", "phone", "5550100")
		id := allDone(t, "create", c.Write(t.Context(), []connector.Write{w}))[0]
		read := func(names ...string) *record.Record {
			t.Helper()
			return readOne(t, c, connector.ReadRequest{Object: "contacts", IDs: []string{id}, Fields: names}).Record
		}
		before := read("phone", "primary.companies")
		if before.Field("phone").Text() != "5550100" || !before.Field("primary.companies").Blank() || sim.MarketingContacts() != 1 {
			t.Errorf("%+v", before)
		}
		_, cursor, _ := drain(t, c, "contacts", nil)
		time.Sleep(5 * time.Minute)
		seen, _, _ := drain(t, c, "contacts", cursor, "phone") // nobody asked meanwhile: the change is dated as it happened
		after := read("phone", "primary.companies")
		if after.Field("phone").Text() != "(555) 0100" || len(sim.Find("companies", "domain", "firm.example")) != 1 || after.Field("primary.companies").Text() != sim.Find("companies", "domain", "firm.example")[0].ID {
			t.Errorf("%+v", after)
		}
		if len(seen) != 1 || seen[0].Field("phone").Text() != "(555) 0100" || !after.Modified.Equal(before.Modified.Add(30*time.Second)) {
			t.Errorf("seen %v, modified %s then %s", seen, before.Modified, after.Modified)
		}
		past := must(c.History(t.Context(), "contacts", id, []string{"phone"}))["phone"]
		if len(past) != 2 || past[0].Ours || !past[1].Ours {
			t.Errorf("%+v", past)
		}
		sim.RunNative(true, time.Second)
		if v := read("salesforcecontactid"); v.Field("salesforcecontactid").Kind() != record.Null {
			t.Errorf("%+v", v)
		}
		allDone(t, "update", c.Write(t.Context(), []connector.Write{update("contacts", id, "jobtitle", "Buyer")}))
		time.Sleep(time.Minute)
		v := read("salesforcecontactid", "salesforcelastsynctime")
		if !strings.HasPrefix(v.Field("salesforcecontactid").Text(), "003") || v.Field("salesforcelastsynctime").Blank() {
			t.Errorf("%+v", v)
		}
		sim.RunNative(false, 0)
		allDone(t, "update", c.Write(t.Context(), []connector.Write{update("contacts", id, "jobtitle", "Seller")}))
		if still := read("salesforcelastsynctime"); !still.Field("salesforcelastsynctime").Equal(v.Field("salesforcelastsynctime")) {
			t.Errorf("switched off: %+v", still)
		}
		if o := c.Write(t.Context(), []connector.Write{update("contacts", id, "salesforcecontactid", "003x")})[0]; o.Status != connector.Refused {
			t.Errorf("its property is its own: %s", o.Status)
		}
		if err := sim.NativeWrite("contacts", id, map[string]string{"salesforceleadid": "00Q5g00000001", "jobtitle": "Lead"}); err != nil {
			t.Error(err)
		}
	})
}

// 12,000 imported records with one stamp are each given, beyond the window of 10,000, within the search lag's reach.
func TestImportWithOneStamp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := hubspottest.New(hubspottest.Config{SearchLag: 30 * time.Second})
		c := connected(sim)
		var rows []map[string]string
		for i := range 12_000 {
			rows = append(rows, map[string]string{"name": fmt.Sprint("Sample ", i)})
		}
		var cursor json.RawMessage
		page, err := c.Changes(t.Context(), connector.FeedRequest{Object: "companies"})
		if err != nil {
			t.Fatal(err)
		}
		cursor = page.Cursor
		ids := must(sim.Import().CreateMany("companies", rows))
		first, _ := sim.Record("companies", ids[0])
		last, _ := sim.Record("companies", ids[11_999])
		if !first.UpdatedAt.Equal(last.UpdatedAt) {
			t.Fatalf("%s, %s", first.UpdatedAt, last.UpdatedAt)
		}
		time.Sleep(3 * time.Minute)
		got := map[string]bool{}
		records, _, pages := drain(t, c, "companies", cursor, "name")
		for _, r := range records {
			got[r.Ref.ID] = true
		}
		if len(got) != 12_000 || pages > 75 {
			t.Errorf("%d of 12,000 in %d pages", len(got), pages)
		}
	})
}

var _ interface {
	Deleted(ctx context.Context, object string, ids []string) ([]string, error)
	Associations(ctx context.Context, object, to string, ids []string) (map[string][]record.Related, error)
} = (*hubspot.Connector)(nil)
