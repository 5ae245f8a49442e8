package hubspot_test

import (
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
)

func fields(pairs ...string) map[string]record.Value {
	out := map[string]record.Value{}
	for i := 0; i < len(pairs); i += 2 {
		out[pairs[i]] = record.Of(pairs[i+1])
	}
	return out
}

func create(object, key string, pairs ...string) connector.Write {
	return connector.Write{Op: connector.OpCreate, Object: object, Key: key, Fields: fields(append(pairs, hubspot.MarkerField, key)...)}
}

func update(object, id string, pairs ...string) connector.Write {
	return connector.Write{Op: connector.OpUpdate, Object: object, ID: id, Fields: fields(pairs...)}
}

func statuses(outs []connector.Outcome) string {
	var s []string
	for _, o := range outs {
		s = append(s, string(o.Status))
	}
	return strings.Join(s, " ")
}

func TestCreatesAreBatchesOfAHundred(t *testing.T) {
	sim := hubspottest.New(hubspottest.Config{})
	c := connected(sim)
	provisioned(t, c, "companies")
	var writes []connector.Write
	for i := range 250 {
		writes = append(writes, create("companies", fmt.Sprint("k", i), "name", fmt.Sprint("Sample ", i)))
	}
	sim.ResetCalls()
	outs := c.Write(t.Context(), writes)
	for i, o := range outs {
		if r, ok := sim.Record("companies", o.Ref.ID); o.Status != connector.Done || !ok || r.Properties["name"] != fmt.Sprint("Sample ", i) {
			t.Fatalf("row %d: %+v", i, o)
		}
	}
	if calls := sim.Calls()["total"]; calls != 3 {
		t.Errorf("%d calls", calls)
	}
}

// Q3: one bad row of a hundred neither harms its neighbours nor hides among them.
func TestBadRowStandsAlone(t *testing.T) {
	for _, bad := range []int{0, 37, 99} {
		sim := hubspottest.New(hubspottest.Config{})
		c := connected(sim)
		provisioned(t, c, "companies")
		var creates, updates []connector.Write
		for i := range 100 {
			creates = append(creates, create("companies", fmt.Sprint("k", i), "name", "Sample"))
			updates = append(updates, update("companies", company(sim, i), "name", "New", "numberofemployees", "5"))
		}
		creates[bad].Fields["industry"] = record.Of("canary")
		updates[bad].Fields["numberofemployees"] = record.Of("canary")
		for _, writes := range [][]connector.Write{creates, updates} {
			for i, o := range c.Write(t.Context(), writes) {
				if i != bad && o.Status == connector.Done {
					continue
				}
				var e *connector.Error
				if i != bad || o.Status != connector.Refused || !asConnectorError(o.Err, &e) || e.Fault != connector.Invalid || len(e.Fields) != 1 || strings.Contains(e.Error(), "canary") {
					t.Errorf("row %d: %s %v", i, o.Status, o.Err)
				}
			}
		}
	}
}

// Without partial success HubSpot refuses the whole batch; it is halved until the row at fault is alone.
func TestWholeRefusalIsHalved(t *testing.T) {
	sim := hubspottest.New(hubspottest.Config{})
	c := connected(sim)
	var writes []connector.Write
	for i := range 16 {
		writes = append(writes, update("companies", company(sim, i), "name", fmt.Sprint("New ", i)))
	}
	bad := writes[11].ID
	sim.SetFault(refuseBatchWith(bad))
	outs := c.Write(t.Context(), writes)
	for i, o := range outs {
		if (o.Status == connector.Done) != (i != 11) {
			t.Errorf("row %d is %s %v", i, o.Status, o.Err)
		}
	}
	if outs[11].Status != connector.Refused || connector.FaultOf(outs[11].Err) != connector.Invalid {
		t.Errorf("the bad row is %s %v", outs[11].Status, outs[11].Err)
	}
}

// A5, C5: a second create with the marker of a record that exists names that record.
func TestMarkerMakesCreatesSafe(t *testing.T) {
	for _, quirk := range []hubspottest.Quirks{{}, {UniqueClash400: true}} {
		sim := hubspottest.New(hubspottest.Config{Quirks: quirk})
		c := connected(sim)
		provisioned(t, c, "deals")
		w := create("deals", "k1", "dealname", "Sample", "dealstage", "appointmentscheduled", "pipeline", "default")
		w.Body = must(c.Encode(w))
		sim.FailAfterCommit("batch/create")
		if o := c.Write(t.Context(), []connector.Write{w})[0]; o.Status != connector.Unknown {
			t.Fatalf("lost create: %s", o.Status)
		}
		o := c.Write(t.Context(), []connector.Write{w})[0]
		made := sim.Records("deals")
		if o.Status != connector.Exists || len(made) != 1 || o.Ref != ref("deals", made[0].ID) {
			t.Errorf("again: %s %s %v; %d deals", o.Status, o.Ref, o.Err, len(made))
		}
		found := must(c.Look(t.Context(), connector.LookRequest{Object: "deals", Marker: "k1", Fields: []string{"dealname"}}))
		if len(found) != 1 || found[0].Ref != o.Ref {
			t.Errorf("look: %v", found)
		}
	}
}

func TestContactThatExists(t *testing.T) {
	sim := hubspottest.New(hubspottest.Config{})
	c := connected(sim)
	provisioned(t, c, "contacts")
	there := must(sim.User().Create("contacts", map[string]string{"email": "one@portal.example"}))
	outs := c.Write(t.Context(), []connector.Write{
		create("contacts", "k1", "email", "One@portal.example"),
		create("contacts", "k2", "email", "two@portal.example"),
		create("contacts", "k3", "email", "two@portal.example"), // a twin in the same batch
	})
	if statuses(outs) != "exists done exists" || outs[0].Ref.ID != there || outs[2].Ref != outs[1].Ref {
		t.Errorf("%s: %v", statuses(outs), outs)
	}
	sim.FailOnce("batch/create", hubspottest.Fault{Status: 409, Body: string(`{"status":"error","message":"Contact already exists","category":"CONFLICT"}`)}) // recorded: names nobody
	o := c.Write(t.Context(), []connector.Write{create("contacts", "k4", "email", "one@portal.example")})[0]
	if o.Status != connector.Exists || o.Ref.ID != there {
		t.Errorf("a clash that names nobody: %s %s", o.Status, o.Ref)
	}
}

func TestAnswersOfBatches(t *testing.T) {
	for name, c := range map[string]struct {
		fault hubspottest.Fault
		want  string
	}{
		"shuffled":        {hubspottest.Fault{Shuffle: true}, "done done done"},
		"429":             {hubspottest.TooMany("7"), "retry retry retry"},
		"423":             {hubspottest.Locked(), "retry retry retry"},
		"477":             {hubspottest.Migrating("60"), "retry retry retry"},
		"500":             {hubspottest.Unavailable(500), "unknown unknown unknown"},
		"committed, 504":  {hubspottest.CommittedThen504(), "unknown unknown unknown"},
		"HTML with a 200": {hubspottest.HTML(), "unknown unknown unknown"},
		"broken JSON":     {hubspottest.MalformedJSON(), "unknown unknown unknown"},
		"403":             {hubspottest.Fault{Status: 403, Body: `{"category":"MISSING_SCOPES"}`}, "refused refused refused"},
		"a row fails inside": {hubspottest.Fault{Rows: func(row int, _ json.RawMessage) *hubspottest.RowFault {
			if row == 1 {
				return &hubspottest.RowFault{}
			}
			return nil
		}}, "done unknown done"},
	} {
		synctest.Test(t, func(t *testing.T) {
			for _, verb := range []string{"create", "update"} {
				sim := hubspottest.New(hubspottest.Config{})
				hs := connected(sim)
				provisioned(t, hs, "companies")
				var writes []connector.Write
				for i := range 3 {
					if verb == "create" {
						writes = append(writes, create("companies", fmt.Sprint("k", i), "name", fmt.Sprint("Sample ", i)))
					} else {
						writes = append(writes, update("companies", company(sim, i), "name", fmt.Sprint("Sample ", i)))
					}
				}
				sim.FailOnce("batch/"+verb, c.fault)
				outs := hs.Write(t.Context(), writes)
				if statuses(outs) != c.want {
					t.Errorf("%s, %s: %s, want %s (%v)", verb, name, statuses(outs), c.want, outs[1].Err)
				}
				for i, o := range outs {
					if r, _ := sim.Record("companies", o.Ref.ID); o.Status == connector.Done && r.Properties["name"] != fmt.Sprint("Sample ", i) {
						t.Errorf("%s, %s: row %d names another's record", verb, name, i)
					}
				}
			}
		})
	}
}

// A result that bears neither trace id nor marker belongs to nobody, unless it is the only one of the only row.
func TestUnattributedResults(t *testing.T) {
	strip := func(t *testing.T, names ...string) hubspottest.Fault {
		return hubspottest.Fault{Mangle: func(status int, body []byte) (int, []byte) {
			var answer map[string]any
			if err := json.Unmarshal(body, &answer); err != nil {
				t.Fatal(err)
			}
			for _, r := range answer["results"].([]any) {
				for _, name := range names {
					delete(r.(map[string]any), name)
					delete(r.(map[string]any)["properties"].(map[string]any), name)
				}
			}
			return status, must(json.Marshal(answer))
		}}
	}
	for _, c := range []struct {
		strip []string
		rows  int
		want  string
	}{
		{[]string{"objectWriteTraceId"}, 2, "done done"},
		{[]string{"objectWriteTraceId", "crosswalk_key"}, 2, "unknown unknown"},
		{[]string{"objectWriteTraceId", "crosswalk_key"}, 1, "done"},
	} {
		sim := hubspottest.New(hubspottest.Config{})
		hs := connected(sim)
		provisioned(t, hs, "companies")
		var writes []connector.Write
		for i := range c.rows {
			writes = append(writes, create("companies", fmt.Sprint("k", i), "name", fmt.Sprint("Sample ", i)))
		}
		sim.FailOnce("batch/create", strip(t, c.strip...))
		if got := statuses(hs.Write(t.Context(), writes)); got != c.want {
			t.Errorf("without %v: %s, want %s", c.strip, got, c.want)
		}
	}
}

func TestMixedWritesKeepTheirOrderPerRecord(t *testing.T) {
	sim := hubspottest.New(hubspottest.Config{})
	c := connected(sim)
	provisioned(t, c, "companies", "deals")
	a, b := company(sim, 1), company(sim, 2)
	outs := c.Write(t.Context(), []connector.Write{
		update("companies", a, "name", "First"),
		create("deals", "d", "dealname", "Sample", "dealstage", "appointmentscheduled", "pipeline", "default"),
		update("companies", a, "name", "Second"),
		{Op: connector.OpArchive, Object: "companies", ID: b},
		update("companies", b, "name", "Too late"),
		update("companies", a, "name", "Third"),
	})
	if statuses(outs) != "done done done done refused done" || connector.FaultOf(outs[4].Err) != connector.Missing {
		t.Errorf("%s", statuses(outs))
	}
	if r, _ := sim.Record("companies", a); r.Properties["name"] != "Third" {
		t.Errorf("the last word is %q", r.Properties["name"])
	}
}

func TestAssociationsAreWritten(t *testing.T) {
	sim := hubspottest.New(hubspottest.Config{})
	c := connected(sim)
	provisioned(t, c, "deals", "line_items", "contacts")
	one, two := company(sim, 1), company(sim, 2)
	person := must(sim.User().Create("contacts", map[string]string{"email": "p@portal.example"}))
	d := c.Write(t.Context(), []connector.Write{create("deals", "d", "dealname", "Sample", "dealstage", "appointmentscheduled", "pipeline", "default", "associations.company", one, "associations.contact", person)})[0]
	l := c.Write(t.Context(), []connector.Write{create("line_items", "l", "name", "Line", "associations.deal", d.Ref.ID)})[0]
	got, _ := sim.Record("deals", d.Ref.ID)
	if d.Status != connector.Done || l.Status != connector.Done || got.PrimaryCompany != one || !slices.Equal(got.Associations["contacts"], []string{person}) || !slices.Equal(got.Associations["line_items"], []string{l.Ref.ID}) {
		t.Fatalf("%v %v: %+v", d, l, got)
	}
	// another primary company, with a property; the contact cleared
	base := readOne(t, c, connector.ReadRequest{Object: "deals", IDs: []string{d.Ref.ID}, With: []string{"contacts"}}).Record
	w := update("deals", d.Ref.ID, "dealname", "Moved", "associations.company", two)
	w.Fields["associations.contact"], w.Base = record.Empty(), base
	if o := c.Write(t.Context(), []connector.Write{w})[0]; o.Status != connector.Done {
		t.Fatalf("%s %v", o.Status, o.Err)
	}
	got, _ = sim.Record("deals", d.Ref.ID)
	if got.PrimaryCompany != two || len(got.Associations["contacts"]) != 0 || got.Properties["dealname"] != "Moved" {
		t.Errorf("%+v", got)
	}
	// associations alone; to a record that is not there
	if o := c.Write(t.Context(), []connector.Write{update("deals", d.Ref.ID, "primary.company", one)})[0]; o.Status != connector.Done {
		t.Errorf("%s %v", o.Status, o.Err)
	}
	o := c.Write(t.Context(), []connector.Write{update("deals", d.Ref.ID, "primary.companies", "999")})[0]
	if o.Status != connector.Refused || !strings.Contains(o.Err.Error(), "primary.companies") {
		t.Errorf("to nowhere: %s %v", o.Status, o.Err)
	}
	if got, _ = sim.Record("deals", d.Ref.ID); got.PrimaryCompany != one || !slices.Equal(got.Associations["companies"], []string{one, two}) {
		t.Errorf("primary %s of %v", got.PrimaryCompany, got.Associations["companies"])
	}
	clear := connector.Write{Op: connector.OpUpdate, Object: "deals", ID: d.Ref.ID, Fields: map[string]record.Value{"primary.companies": record.Empty()}}
	if o := c.Write(t.Context(), []connector.Write{clear})[0]; o.Status != connector.Done {
		t.Errorf("clear: %s %v", o.Status, o.Err)
	}
	if got, _ = sim.Record("deals", d.Ref.ID); got.PrimaryCompany != "" || !slices.Equal(got.Associations["companies"], []string{two}) {
		t.Errorf("cleared: primary %s of %v", got.PrimaryCompany, got.Associations["companies"])
	}
}

// An update whose properties were written and whose associations could not be sent is not one of which nothing was written: whoever sent
// it would take its own values for a person's (A7). Where nothing at all was written, it may be sent again.
func TestAssociationsCannotBeSent(t *testing.T) {
	for _, c := range []struct {
		name, status string
		fields       []string
	}{{"after properties", "unknown", []string{"dealname", "Moved"}}, {"alone", "retry", nil}} {
		t.Run(c.name, func(t *testing.T) {
			sim := hubspottest.New(hubspottest.Config{})
			con := connected(sim)
			provisioned(t, con, "deals")
			one := company(sim, 1)
			deal := must(sim.User().Create("deals", map[string]string{"dealname": "Sample", "dealstage": "appointmentscheduled", "pipeline": "default"}))
			sim.FailOnce("POST /crm/associations", hubspottest.Fault{Status: 429, Body: `{"status":"error","errorType":"RATE_LIMIT","policyName":"TEN_SECONDLY_ROLLING"}`})
			w := update("deals", deal, append(c.fields, "primary.companies", one)...)
			o := con.Write(t.Context(), []connector.Write{w})[0]
			if string(o.Status) != c.status {
				t.Errorf("%s %v, want %s", o.Status, o.Err, c.status)
			}
			if got, _ := sim.Record("deals", deal); len(c.fields) > 0 && got.Properties["dealname"] != "Moved" {
				t.Errorf("the simulator did not do what the case needs: %+v", got)
			}
		})
	}
}

func TestEncode(t *testing.T) {
	c := connected(hubspottest.New(hubspottest.Config{}))
	w := create("deals", "key, \"1\"", "dealname", "A & B <c>", "amount", "10005534.00", "associations.company", "12")
	w.Fields["empty"], w.Fields["absent"] = record.Empty(), record.Value{}
	w.Fields["many"] = record.Many("a", "b")
	want := `{"properties":{"amount":"10005534.00","crosswalk_key":"key, \"1\"","dealname":"A & B <c>","many":"a;b"},"associations":[{"to":{"id":"12"},"types":[{"associationCategory":"HUBSPOT_DEFINED","associationTypeId":341}]}],"objectWriteTraceId":"`
	got := string(must(c.Encode(w)))
	if !strings.HasPrefix(got, want) {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	for name, bad := range map[string]map[string]record.Value{
		"system field":        fields("hs_object_id", "1"),
		"upper case":          fields("DealName", "x"),
		"unknown pair":        fields("associations.product", "1"),
		"association to text": fields("associations.company", "x"),
		"hidden":              {"dealname": record.Hidden()},
		"too long":            fields("dealname", strings.Repeat("é", 65537)),
		"not UTF-8":           fields("dealname", "\xff"),
	} {
		_, err := c.Encode(connector.Write{Op: connector.OpCreate, Object: "deals", Fields: bad})
		if connector.FaultOf(err) != connector.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A3: the stamp after a write is the record's own, so that our write does not look like somebody's.
func TestStampAfterAWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, object := range []string{"contacts", "companies"} {
			sim := hubspottest.New(hubspottest.Config{})
			c := connected(sim)
			id := must(sim.User().Create(object, map[string]string{"phone": "1", map[string]string{"contacts": "firstname", "companies": "name"}[object]: "Sample"}))
			time.Sleep(90 * time.Second)
			o := c.Write(t.Context(), []connector.Write{update(object, id, "phone", "2")})[0]
			r := readOne(t, c, connector.ReadRequest{Object: object, IDs: []string{id}}).Record
			if o.Stamp.IsZero() || !o.Stamp.Equal(r.Modified) {
				t.Errorf("%s: stamp %v, record %v", object, o.Stamp, r.Modified)
			}
		}
	})
}

func TestFind(t *testing.T) {
	sim := hubspottest.New(hubspottest.Config{SearchLag: time.Hour})
	c := connected(sim)
	provisioned(t, c, "contacts")
	u := sim.User()
	a := must(u.Create("contacts", map[string]string{"email": "a@portal.example", "hs_additional_emails": "second@portal.example"}))
	b := must(u.Create("contacts", map[string]string{"email": "b@portal.example"}))
	asks := []connector.Ask{{Field: "email", Text: " B@Portal.example"}, {Field: "email", Text: "second@portal.example"}, {Field: "email", Text: "nobody@portal.example"},
		{Field: "email", Text: "b@portal.example"}, {Field: "email", Text: "no address"}, {Field: "phone", Text: "1"}, {Field: "crosswalk_key", Text: "nobody's"}, {Field: "email", Text: ""}}
	got, err := c.Find(t.Context(), "contacts", asks, []string{"email"})
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, answer := range got {
		switch {
		case answer.CannotAsk:
			found = append(found, "cannot")
		case len(answer.Records) == 1:
			found = append(found, answer.Records[0].Ref.ID)
		default:
			found = append(found, fmt.Sprint(len(answer.Records)))
		}
	}
	if want := []string{b, a, "0", b, "cannot", "cannot", "0", "cannot"}; !slices.Equal(found, want) {
		t.Errorf("found %v, want %v", found, want)
	}
	sim.FailNext("batch/read", 2, hubspottest.Fault{Drop: 1}) // an answer that leaves one out is not "nobody"
	if got, err := c.Find(t.Context(), "contacts", asks[:1], nil); err == nil {
		t.Errorf("left out: %v", got)
	}
}

func TestProvision(t *testing.T) {
	sim := hubspottest.New(hubspottest.Config{})
	c := connected(sim)
	if p := must(c.Provision(t.Context(), "deals", false)); p.Ready || p.Fix == "" {
		t.Errorf("before: %+v", p)
	}
	if p := must(c.Provision(t.Context(), "deals", true)); !p.Ready || !p.Made {
		t.Errorf("made: %+v", p)
	}
	if p := must(c.Provision(t.Context(), "deals", true)); !p.Ready || p.Made {
		t.Errorf("again: %+v", p)
	}
	if err := sim.User().Define("companies", hubspot.MarkerField, "string", "text"); err != nil {
		t.Fatal(err)
	}
	if p := must(c.Provision(t.Context(), "companies", true)); p.Ready || !strings.Contains(p.Fix, "unique") {
		t.Errorf("not unique: %+v", p)
	}
	var read []string
	for _, s := range hubspottest.AllScopes {
		if !strings.HasSuffix(s, ".write") && s != "e-commerce" {
			read = append(read, s)
		}
	}
	sim.SetScopes(hubspottest.AppID, read...)
	if p := must(c.Provision(t.Context(), "products", true)); p.Ready || !strings.Contains(p.Fix, "crm.schemas.products.write") {
		t.Errorf("no scope: %+v", p)
	}
}
