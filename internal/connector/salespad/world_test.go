package salespad_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/connector/connectortest"
	"crosswalk/internal/connector/salespad"
	"crosswalk/internal/connector/salespad/salespadtest"
	"crosswalk/internal/record"
)

func values(pairs ...string) map[string]record.Value { return write(pairs...).Fields }

// calls gives how many requests went out, log-ins not counted.
func (in *install) calls() int { return len(in.wire.Calls()) }

func one(t *testing.T, c *salespad.Connector, w connector.Write, want connector.Status) connector.Outcome {
	t.Helper()
	o := c.Write(t.Context(), []connector.Write{w})[0]
	if o.Status != want {
		t.Fatalf("%s %s is %s (%v), want %s", w.Op, w.Object, o.Status, o.Err, want)
	}
	return o
}

func read(t *testing.T, c *salespad.Connector, object string, with []string, ids ...string) []record.Read {
	t.Helper()
	got, err := c.Read(t.Context(), connector.ReadRequest{Object: object, IDs: ids, With: with})
	if err != nil || len(got) != len(ids) {
		t.Fatalf("Read %s: %v %v", object, got, err)
	}
	return got
}

// customerWith is a create of a customer that brings two addresses.
func customerWith(code2 string) connector.Write {
	return connector.Write{Op: connector.OpCreate, Object: "customers", Key: "k",
		Fields:   values("Customer_Name", "Nordwind GmbH", "Primary_Addr_Code", "MAIN", "UserFields.xCrosswalkKey", "xw-9"),
		Children: []map[string]record.Value{values("Address_Code", "MAIN", "Contact_Person", "Reception"), values("Address_Code", code2, "Contact_Person", "Purchasing")}}
}

// TestCustomerWithAddresses: all or nothing.
func TestCustomerWithAddresses(t *testing.T) {
	const post = "POST /api/CustomerAddr"
	for _, c := range []struct {
		name      string
		code2     string
		spoil     func(*salespadtest.Sim)
		profile   string
		want      connector.Status
		fault     connector.Fault
		customers int // beside the base one, active
		addresses int
		field     string
	}{
		{name: "whole", code2: "BUY", want: connector.Done, customers: 1, addresses: 2},
		{name: "a code of the connector's own", code2: "", want: connector.Done, customers: 1, addresses: 2},
		{name: "the second is refused", code2: "buy", want: connector.Refused, fault: connector.Invalid},
		{name: "the second is refused, customers are not deleted", code2: "buy", profile: `{"rollback": "inactivate"}`, want: connector.Refused, fault: connector.Invalid, addresses: 1},
		{name: "the second is refused, what is made is kept", code2: "buy", profile: `{"rollback": "keep"}`, want: connector.Unknown, fault: connector.Unavailable, customers: 1, addresses: 1},
		{name: "the second meets a bad moment", code2: "BUY", spoil: func(s *salespadtest.Sim) { s.FailNth(post, 2, salespadtest.Failed(403, 2001, "x")) }, want: connector.Refused, fault: connector.Forbidden},
		{name: "the second's answer is lost", code2: "BUY", spoil: func(s *salespadtest.Sim) { s.FailNth(post, 2, salespadtest.Fault{AfterCommit: true, Status: 502}) }, want: connector.Retry, fault: connector.Unavailable},
		{name: "the first is throttled", code2: "BUY", spoil: func(s *salespadtest.Sim) { s.FailNth(post, 1, salespadtest.Fault{Status: 429}) }, want: connector.Retry, fault: connector.Throttled},
		{name: "nothing can be taken back", code2: "BUY", spoil: func(s *salespadtest.Sim) {
			s.FailNth(post, 2, salespadtest.Failed(422, 3010, "x"))
			s.Fail("DELETE /api/Customer/{Customer_Num}", 0, 9, salespadtest.HTML(503))
			s.Fail("PUT /api/Customer/{Customer_Num}", 0, 9, salespadtest.HTML(503))
		}, want: connector.Unknown, fault: connector.Unavailable, customers: 1, addresses: 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := newInstall(salespadtest.Config{})
			in.profile = c.profile
			erp := in.connect()
			w := customerWith(c.code2)
			if c.code2 == "" {
				delete(w.Children[1], "Address_Code")
			}
			w.Body = must(erp.Encode(w))
			if again := must(erp.Encode(w)); string(again) != string(w.Body) {
				t.Errorf("Encode gave two bodies:\n%s\n%s", w.Body, again)
			}
			if c.spoil != nil {
				c.spoil(in.sim)
			}
			o := one(t, erp, w, c.want)
			if c.fault != "" && connector.FaultOf(o.Err) != c.fault {
				t.Errorf("the fault is %v, want %s", o.Err, c.fault)
			}
			active, marked := 0, 0
			for _, r := range in.sim.All("Customer") {
				if r.Key != "BASE" && r.Fields["Inactive"] != "true" {
					active++
				}
				if r.Fields[userMarker] != "" && r.Fields["Inactive"] == "true" {
					marked++
				}
			}
			if n := in.sim.Count("CustomerAddr"); active != c.customers || n != c.addresses || marked > 0 {
				t.Errorf("%d active customers and %d addresses are left (%d inactive ones bear our marker), want %d and %d", active, n, marked, c.customers, c.addresses)
			}
			if c.want == connector.Refused && c.code2 == "buy" {
				var e *connector.Error
				if !errors.As(o.Err, &e) || !slices.Contains(e.Fields, "children.1.Address_Code") {
					t.Errorf("the error names %v, want the second child's code: %v", e.Fields, o.Err)
				}
			}
			if strings.Contains(fmt.Sprint(o.Err), "Purchasing") {
				t.Errorf("a value in %v", o.Err)
			}
		})
	}
}

// TestCreateGoesOn: a create whose customer is there makes the addresses that are missing, and takes the customer back when one of them is
// refused, unless somebody else uses it.
func TestCreateGoesOn(t *testing.T) {
	const post = "POST /api/CustomerAddr"
	no := salespadtest.Failed(422, 3010, "x")
	document := salespadtest.Fields{"Sales_Doc_Type": "ORDER", "Sales_Doc_ID": "STDORD", "Sales_Doc_Num": "O1"}
	for _, c := range []struct {
		name     string
		profile  string
		enters   string // what a person does: an address of this code, or a document
		spoil    salespadtest.Fault
		unsure   bool // the delete is not answered either
		want     connector.Status
		children []bool // made
		left     bool   // the customer
	}{
		{name: "one is missing", want: connector.Done, children: []bool{true, true}, left: true},
		{name: "it is refused", spoil: no, want: connector.Refused},
		{name: "it is refused, customers are kept", profile: `{"rollback": "keep"}`, spoil: no, want: connector.Done, children: []bool{true, false}, left: true},
		{name: "a bad moment", spoil: salespadtest.HTML(503), want: connector.Unknown, left: true},
		{name: "its answer is lost", spoil: salespadtest.Fault{AfterCommit: true, Status: 502}, want: connector.Unknown, left: true},
		{name: "a person entered an address", enters: "THEIRS", spoil: no, want: connector.Done, children: []bool{true, false}, left: true},
		{name: "GP made an address of its own", enters: "PRIMARY", spoil: no, want: connector.Refused},
		{name: "there is a document", enters: "document", spoil: no, want: connector.Done, children: []bool{true, false}, left: true},
		{name: "the delete is not answered", spoil: no, unsure: true, want: connector.Unknown, left: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := newInstall(salespadtest.Config{})
			in.profile = c.profile
			erp := in.connect()
			w := customerWith("BUY")
			for n := range w.Children {
				w.Children[n]["UserFields."+userMarker] = record.Of(fmt.Sprintf("xw-9-%d", n))
			}
			first := w
			first.Children = w.Children[:1]
			made := one(t, erp, first, connector.Done)
			switch c.enters {
			case "":
			case "document":
				document["Customer_Num"] = made.Ref.ID
				in.sim.Must("SalesDocument", document)
			default:
				in.sim.Must("CustomerAddr", salespadtest.Fields{"Customer_Num": made.Ref.ID, "Address_Code": c.enters})
			}
			in.sim.FailOnce(post, c.spoil)
			if c.unsure {
				in.sim.FailOnce("DELETE /api/Customer/{Customer_Num}", salespadtest.HTML(503))
			}
			w.ID, w.Fields = made.Ref.ID, values("UserFields."+userMarker, "xw-9") // what it is made of may not be right any more
			o := one(t, erp, w, c.want)
			if len(o.Children) != len(c.children) {
				t.Fatalf("children %v, want %v", o.Children, c.children)
			}
			for n, want := range c.children {
				if (o.Children[n].ID != "") != want {
					t.Errorf("child %d is %s", n, o.Children[n])
				}
			}
			r, there := in.sim.Get("Customer", made.Ref.ID)
			if there != c.left || r.Fields["Inactive"] == "true" {
				t.Errorf("the customer is there: %v, %v", there, r.Fields)
			}
			if n := in.sim.Count("CustomerAddr"); !c.left && n != 0 {
				t.Errorf("%d addresses are left", n)
			}
			var e *connector.Error
			if c.want == connector.Refused && (!errors.As(o.Err, &e) || !slices.Equal(e.Fields, []string{"children.1"})) {
				t.Errorf("it names %v", o.Err)
			}
		})
	}
}

// TestTwoContactsWithOneCode: the second is refused by name, the first stays as it is; the same create again is the same record.
func TestTwoContactsWithOneCode(t *testing.T) {
	in := newInstall(salespadtest.Config{})
	erp := in.connect()
	create := func(person, marker string) connector.Write {
		w := connector.Write{Op: connector.OpCreate, Object: "customer-addresses", Fields: values("Customer_Num", "BASE", "Address_Code", "SALES", "Contact_Person", person, "UserFields.xCrosswalkKey", marker)}
		return w
	}
	one(t, erp, create("First", "xw-1"), connector.Done)
	if o := one(t, erp, create("First", "xw-1"), connector.Exists); o.Ref.ID != "BASE|SALES" {
		t.Errorf("exists as %s", o.Ref)
	}
	o := one(t, erp, create("Second", "xw-2"), connector.Refused)
	var e *connector.Error
	if !errors.As(o.Err, &e) || e.Fault != connector.Invalid || e.Existing != "BASE|SALES" || !slices.Contains(e.Fields, "Address_Code") {
		t.Errorf("%v (existing %q)", o.Err, e.Existing)
	}
	if r, _ := in.sim.Get("CustomerAddr", "BASE|SALES"); r.Fields["Contact_Person"] != "First" {
		t.Errorf("the first was written over: %v", r.Fields)
	}
	o = one(t, erp, connector.Write{Op: connector.OpCreate, Object: "customer-addresses", Fields: values("Customer_Num", "NOBODY", "Address_Code", "X")}, connector.Refused)
	if !errors.As(o.Err, &e) || !slices.Equal(e.Fields, []string{"Customer_Num"}) {
		t.Errorf("an address of nobody: %v", o.Err)
	}
}

// TestLookUnderAnotherParent (A6): an address that was sent for one customer is found though its contact is another customer's by now.
func TestLookUnderAnotherParent(t *testing.T) {
	in := newInstall(salespadtest.Config{})
	erp := in.connect()
	in.sim.Must("Customer", salespadtest.Fields{"Customer_Num": "OTHER", "Customer_Name": "Merged into"})
	began := time.Now()
	one(t, erp, connector.Write{Op: connector.OpCreate, Object: "customer-addresses", Fields: values("Customer_Num", "BASE", "Address_Code", "DESK", "Contact_Person", "Front Desk", "UserFields.xCrosswalkKey", "xw-1")}, connector.Done)
	got, err := erp.Look(t.Context(), connector.LookRequest{Object: "customer-addresses", Marker: "xw-1", Since: began, Hints: values("Customer_Num", "OTHER")})
	if err != nil || len(got) != 1 || got[0].Ref.ID != "BASE|DESK" {
		t.Errorf("%v %v", got, err)
	}
}

// TestKeysOfOurOwn: an install whose profile makes customer numbers of the marker doubles nothing, whatever is lost.
func TestKeysOfOurOwn(t *testing.T) {
	in := newInstall(salespadtest.Config{})
	in.profile = `{"objects": {"customers": {"code": "Customer_Num", "code_prefix": "HS"}}}`
	erp := in.connect()
	if !erp.Traits("customers").Keyed {
		t.Error("a create whose key is made of the marker is safe to repeat, and Traits does not say so")
	}
	w := connector.Write{Op: connector.OpCreate, Object: "customers", Fields: values("Customer_Name", "A", "UserFields.xCrosswalkKey", "xw-1")}
	in.wire.Arm(connectortest.Fault{Kind: connectortest.CommitTimeout, Writes: true})
	one(t, erp, w, connector.Unknown)
	one(t, erp, w, connector.Exists)
	if n := in.sim.Count("Customer"); n != 2 {
		t.Errorf("%d customers, want the base one and ours", n)
	}
}

// TestKeysThatPathsCannotHold: they are read and found; a write of them is refused and says why.
func TestKeysThatPathsCannotHold(t *testing.T) {
	in := newInstall(salespadtest.Config{})
	erp := in.connect()
	for _, code := range []string{"SHIP TO 2", "A/B", "N.V.", "O'BRIEN", "50%"} {
		in.sim.Must("CustomerAddr", salespadtest.Fields{"Customer_Num": "BASE", "Address_Code": code, "Contact_Person": "X"})
		id := "BASE|" + strings.ReplaceAll(code, "%", "%25")
		r := read(t, erp, "customer-addresses", nil, id)[0]
		if r.State != record.Found || r.Record.Ref.ID != id {
			t.Errorf("%s is %s %v", id, r.State, r.Err)
			continue
		}
		in.wire.Forget()
		o := one(t, erp, connector.Write{Op: connector.OpUpdate, Object: "customer-addresses", ID: id, Fields: values("Comment", "x")}, connector.Refused)
		if connector.FaultOf(o.Err) != connector.Invalid || in.calls() != 0 {
			t.Errorf("an update of %s: %v after %d calls", id, o.Err, in.calls())
		}
	}
	got := must(erp.Find(t.Context(), "customer-addresses", []connector.Ask{{Field: "Contact_Person", Text: "x"}}, nil))
	if len(got[0].Records) != 5 {
		t.Errorf("found %d addresses without minding case, want 5", len(got[0].Records))
	}
	if r := read(t, erp, "customers", nil, "base")[0]; r.State != record.Found || r.Ref.ID != "base" || r.Record.Ref.ID != "BASE" {
		t.Errorf("a key in another case is %s %s", r.State, r.Record.Ref)
	}
}

func TestConversion(t *testing.T) {
	in := newInstall(salespadtest.Config{})
	erp := in.connect()
	in.sim.Must("Prospect", salespadtest.Fields{"Prospect_ID": "P1", "Prospect_Name": "Lakeside", "Contact_Person": "Sales desk", "Email": "sales@lakeside.example", "City": "Oslo"})
	in.sim.Must("ProspectContact", salespadtest.Fields{"Prospect_ID": "P1", "Contact_ID": "A", "Contact_Person": "Sales desk", "Email": "sales@lakeside.example"})
	in.sim.Must("ProspectContact", salespadtest.Fields{"Prospect_ID": "P1", "Contact_ID": "B", "Contact_Person": "Twin", userMarker: "xw-b"})
	in.sim.Must("ProspectContact", salespadtest.Fields{"Prospect_ID": "P1", "Contact_ID": "C", "Contact_Person": "Twin", userMarker: "xw-c"})
	in.sim.Must("ProspectContact", salespadtest.Fields{"Prospect_ID": "P1", "Contact_ID": "D", "Contact_Person": "Same"})
	in.sim.Must("ProspectContact", salespadtest.Fields{"Prospect_ID": "P1", "Contact_ID": "E", "Contact_Person": "Same"})
	before := read(t, erp, "prospects", []string{"prospect-contacts"}, "P1")[0]
	if before.State != record.Found || len(before.Record.RelatedTo("prospect-contacts")) != 5 {
		t.Fatalf("before: %s %v", before.State, before.Record)
	}
	became := must(in.sim.Convert("P1", ""))
	code := map[string]string{}
	for _, c := range became.Contacts {
		code[c.ContactID] = c.AddressCode
	}
	if r := read(t, erp, "prospects", nil, "P1", "BASEPRO"); r[0].State != record.Moved || r[0].To.Object != "customers" || r[0].To.ID != became.CustomerNum || r[0].Record.Field("Customer_Name").Text() != "Lakeside" || r[1].State != record.Found {
		t.Errorf("the prospect is %s to %s; the other one %s", r[0].State, r[0].To, r[1].State)
	}
	contacts := read(t, erp, "prospect-contacts", nil, "P1|A", "P1|B", "P1|C", "P1|D", "P1|E")
	for i, id := range []string{"A", "B", "C"} {
		if r := contacts[i]; r.State != record.Moved || r.To.ID != became.CustomerNum+"|"+code[id] || r.To.Object != "customer-addresses" {
			t.Errorf("contact %s is %s to %s, want %s", id, r.State, r.To, code[id])
		}
	}
	o := one(t, erp, connector.Write{Op: connector.OpUpdate, Object: "prospects", ID: "P1", Fields: values("City", "Bergen")}, connector.Retry)
	if connector.FaultOf(o.Err) != connector.Locked {
		t.Errorf("a change of a prospect that was converted meanwhile: %v", o.Err)
	}
	for _, r := range contacts[3:] { // two of one name and nothing else: nobody can tell
		if r.State != record.Found || !r.Record.Archived {
			t.Errorf("%s is %s, want found and not to be used", r.Ref, r.State)
		}
	}
}

// newDocument makes a document with lines and moves it to the queue EXPORT ORDER.
func newDocument(in *install, num string, lines int) string {
	in.sim.Must("SalesDocument", salespadtest.Fields{"Sales_Doc_Type": "ORDER", "Sales_Doc_ID": "STDORD", "Sales_Doc_Num": num, "Customer_Num": "BASE"})
	for i := range lines {
		item := fmt.Sprintf("ITEM%d", i)
		if _, there := in.sim.Get("ItemMaster", item); !there {
			in.sim.Must("ItemMaster", salespadtest.Fields{"Item_Number": item, "Item_Description": "Thing", "List_Price": "10"})
		}
		in.sim.Must("SalesLineItem", salespadtest.Fields{"Sales_Doc_Type": "ORDER", "Sales_Doc_Num": num, "Item_Number": item, "Quantity": "2", "Unit_Price": "12.5"})
	}
	return "ORDER|" + num
}

func TestDocumentsWithLines(t *testing.T) {
	in := newInstall(salespadtest.Config{})
	erp := in.connect()
	var ids []string
	for i := range 30 {
		ids = append(ids, newDocument(in, fmt.Sprintf("ORD%d", i), 5))
	}
	if err := in.sim.Void("ORDER", "ORD7"); err != nil {
		t.Fatal(err)
	}
	in.wire.Forget()
	got := read(t, erp, "sales-documents", []string{"sales-document-lines", "customers"}, ids...)
	for i, r := range got {
		want := 5
		if i == 7 {
			want = 0
		}
		if r.State != record.Found || len(r.Record.Children) != want || len(r.Record.RelatedTo("sales-document-lines")) != want || r.Record.Archived != (i == 7) {
			t.Fatalf("document %d is %s with %d lines, archived %v", i, r.State, len(r.Record.Children), r.Record.Archived)
		}
		if c := r.Record.RelatedTo("customers"); len(c) != 1 || c[0].Ref.ID != "BASE" || !c[0].Primary {
			t.Fatalf("document %d belongs to %v", i, c)
		}
	}
	if n := in.calls(); n > 3+2+3+1 { // headers by ten, lines by twenty and a second page each, the void one alone
		t.Errorf("%d calls for 30 documents", n)
	}
	line := got[0].Record.Children[1]
	if line.Ref.Object != "sales-document-lines" || line.Field("Quantity").Text() == "" || line.Field("Item_Number").Text() != "ITEM1" {
		t.Errorf("the line is %+v", line)
	}
	again := read(t, erp, "sales-document-lines", []string{"items", "sales-documents"}, line.Ref.ID)[0]
	if again.State != record.Found || len(again.Record.RelatedTo("items")) != 1 || again.Record.RelatedTo("sales-documents")[0].Ref.ID != ids[0] {
		t.Errorf("the line alone is %s %+v", again.State, again.Record)
	}
	o := one(t, erp, connector.Write{Op: connector.OpCreate, Object: "sales-documents", Fields: values("Sales_Doc_Type", "ORDER", "Sales_Doc_ID", "STDORD", "Customer_Num", "BASE"),
		Children: []map[string]record.Value{values("Item_Number", "ITEM0", "Quantity", "3", "Unit_Price", "1.5"), values("Item_Number", "ITEM1", "Quantity", "1", "Unit_Price", "2")}}, connector.Done)
	made := read(t, erp, "sales-documents", nil, o.Ref.ID)[0].Record
	if len(made.Children) != 2 || made.Children[0].Field("Line_Num").Text() != "16384" || made.Children[1].Field("Line_Num").Text() != "32768" {
		t.Errorf("a created document has %d lines: %v", len(made.Children), made.Children)
	}
	o = one(t, erp, connector.Write{Op: connector.OpCreate, Object: "sales-documents/lines", Parent: o.Ref.ID, Fields: values("Item_Number", "ITEM2", "Quantity", "1", "Unit_Price", "1")}, connector.Done)
	one(t, erp, connector.Write{Op: connector.OpUpdate, Object: "sales-documents/lines", ID: o.Ref.ID, Fields: values("Quantity", "4")}, connector.Done)
	one(t, erp, connector.Write{Op: connector.OpDelete, Object: "sales-documents/lines", ID: o.Ref.ID}, connector.Done)
}

func act(id, action string, pairs ...string) connector.Write {
	return connector.Write{Op: connector.OpAct, Object: "sales-documents", ID: id, Action: action, Fields: values(pairs...)}
}

func TestForward(t *testing.T) {
	const forward = "PUT /api/SalesDocument/{Sales_Doc_Type}/{Sales_Doc_Num}/Forward"
	in := newInstall(salespadtest.Config{})
	erp := in.connect()
	id := newDocument(in, "ORD1", 1)
	doc, _ := in.sim.Get("SalesDocument", id)
	from := doc.Fields["Sales_Batch"]
	queue := func() string { doc, _ := in.sim.Get("SalesDocument", id); return doc.Fields["Sales_Batch"] }

	one(t, erp, act(id, "forward"), connector.Refused) // without its queue it could be forwarded twice
	in.sim.SetForwardRule(from, func(salespadtest.Record) (string, string) { return "", "credit hold" })
	if o := one(t, erp, act(id, "forward", "From_Queue", from), connector.Refused); connector.FaultOf(o.Err) != connector.BadState {
		t.Errorf("a rule said no: %v", o.Err)
	}
	in.sim.SetForwardRule(from, nil)
	in.sim.FailOnce(forward, salespadtest.Fault{AfterCommit: true, Status: 502})
	one(t, erp, act(id, "forward", "From_Queue", from), connector.Unknown)
	next := queue()
	one(t, erp, act(id, "forward", "From_Queue", from), connector.Done)
	if queue() != next || next == from {
		t.Errorf("the document went from %s to %s and then to %s", from, next, queue())
	}
	for _, c := range []struct {
		profile string
		moves   bool
	}{{`{"forward": "none"}`, false}, {`{"forward": "batch"}`, true}} {
		in.profile = c.profile
		one(t, in.connect(), act(id, "forward", "From_Queue", next), connector.Done)
		if got := queue(); c.moves == (got == next) {
			t.Errorf("%s left it in %s", c.profile, got)
		}
	}
}

func TestAudit(t *testing.T) {
	in := newInstall(salespadtest.Config{})
	erp := in.connect()
	id := newDocument(in, "ORD1", 1)
	for range 2 {
		one(t, erp, act(id, "audit", "Audit_Type", "HubSpot", "Audit_Text", "no product for X-1, X-2"), connector.Done)
	}
	one(t, erp, act(id, "audit", "Audit_Text", strings.Repeat("long ", 1000)), connector.Done)
	one(t, erp, act(id, "audit"), connector.Refused)
	one(t, erp, act("ORDER|NONE", "audit", "Audit_Text", "x"), connector.Refused)
	if n := len(in.sim.Audits("ORDER", "ORD1")); n != 2 {
		t.Errorf("%d audits, want 2", n)
	}
}

// TestQueueFeed: the whole queue each cycle, and nothing else.
func TestQueueFeed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := newInstall(salespadtest.Config{})
		first := newDocument(in, "ORD1", 0)
		doc, _ := in.sim.Get("SalesDocument", first)
		for i := range 250 {
			newDocument(in, fmt.Sprintf("MORE%03d", i), 0)
		}
		elsewhere := newDocument(in, "ELSE", 0)
		if err := in.sim.Forward("ORDER", "ELSE"); err != nil {
			t.Fatal(err)
		}
		in.change = func(c *salespad.Config) { c.Queues = []string{doc.Fields["Sales_Batch"]} }
		erp := in.connect()
		for cycle := range 2 {
			time.Sleep(time.Hour)
			seen := map[string]bool{}
			for _, r := range drain(t, erp, "sales-documents", nil) {
				seen[r.Ref.ID] = true
			}
			if len(seen) != 251 || seen[elsewhere] {
				t.Errorf("cycle %d shows %d documents, the one elsewhere too: %v", cycle, len(seen), seen[elsewhere])
			}
		}
	})
}

func drain(t *testing.T, c *salespad.Connector, object string, cursor *json.RawMessage) []record.Record {
	t.Helper()
	var out []record.Record
	r := connector.FeedRequest{Object: object}
	if cursor != nil {
		r.Cursor = *cursor
	}
	for range 2000 {
		p, err := c.Changes(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, p.Records...)
		r.Cursor = p.Cursor
		if !p.More {
			if cursor != nil {
				*cursor = p.Cursor
			}
			return out
		}
	}
	t.Fatal("the feed has no end")
	return nil
}

// TestUserFieldsMoveNoStamp: an edit of a user field alone is found by reaching back, and by reading everything.
func TestUserFieldsMoveNoStamp(t *testing.T) {
	for name, change := range map[string]func(*salespad.Config){
		"not":       func(*salespad.Config) {},
		"look back": func(c *salespad.Config) { c.LookBack, c.LookEvery = 7*24*time.Hour, 6*time.Hour },
		"all":       func(c *salespad.Config) { c.FullEvery = 6 * time.Hour },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				in := newInstall(salespadtest.Config{})
				in.change = change
				erp := in.connect()
				var cursor json.RawMessage
				drain(t, erp, "customers", &cursor)
				time.Sleep(48 * time.Hour)
				in.sim.Must("Customer", salespadtest.Fields{"Customer_Num": "YOUNG", "Customer_Name": "Younger"})
				drain(t, erp, "customers", &cursor)
				time.Sleep(24 * time.Hour)
				drain(t, erp, "customers", &cursor)
				if err := in.sim.Update("Customer", "BASE", salespadtest.Fields{"xRegion": "North"}); err != nil {
					t.Fatal(err)
				}
				time.Sleep(7 * time.Hour)
				got := ""
				for _, r := range drain(t, erp, "customers", &cursor) {
					if r.Ref.ID == "BASE" {
						got = r.Field("UserFields.xRegion").Text()
					}
				}
				if want := map[bool]string{true: "", false: "North"}[name == "not"]; got != want {
					t.Errorf("the feed shows the region %q, want %q", got, want)
				}
				in.wire.Forget()
				drain(t, erp, "customers", &cursor)
				if n := in.calls(); n != 1 {
					t.Errorf("an idle cycle took %d calls", n)
				}
			})
		})
	}
}

// TestUserFieldOnly: a write of user fields alone gives no stamp, or the read after it would look older than the write.
func TestUserFieldOnly(t *testing.T) {
	in := newInstall(salespadtest.Config{})
	erp := in.connect()
	o := one(t, erp, connector.Write{Op: connector.OpUpdate, Object: "customers", ID: "BASE",
		Fields: values("UserFields.xKeyAccount", "true", "UserFields.xRating", "4.5", "UserFields.xRenewal", "2027-01-31")}, connector.Done)
	if !o.Stamp.IsZero() {
		t.Errorf("the stamp is %v", o.Stamp)
	}
	r, _ := in.sim.Get("Customer", "BASE")
	if r.Fields["xKeyAccount"] != "true" || r.Fields["xRating"] != "4.5" || !strings.HasPrefix(r.Fields["xRenewal"], "2027-01-31") {
		t.Errorf("the user fields are %v", r.Fields)
	}
	in.profile = `{"objects": {"customers": {"whole": true}}}`
	strict := salespadtest.Profile{PutReplaces: []string{"Customer"}}
	in2 := newInstall(salespadtest.Config{Profile: strict})
	in2.profile = in.profile
	erp2 := in2.connect()
	in2.sim.Must("Customer", salespadtest.Fields{"Customer_Num": "W", "Customer_Name": "Whole", "Comment_1": "keep me"})
	base := read(t, erp2, "customers", nil, "W")[0].Record
	one(t, erp2, connector.Write{Op: connector.OpUpdate, Object: "customers", ID: "W", Base: base, Fields: values("Short_Name", "W")}, connector.Done)
	if r, _ := in2.sim.Get("Customer", "W"); r.Fields["Comment_1"] != "keep me" || r.Fields["Short_Name"] != "W" {
		t.Errorf("after an update that replaces: %v", r.Fields)
	}
}

func TestWhatAnInstallLacks(t *testing.T) {
	in := newInstall(salespadtest.Config{Profile: salespadtest.Profile{Absent: []string{"Prospect", "WorkflowQueue"}}})
	in.sim.ChangeUser(salespadtest.UserName, func(u *salespadtest.User) {
		u.NoCreate, u.NoUpdate = []string{"Customer"}, []string{"CustomerAddr.Email"}
	})
	erp := in.connect()
	probed := must(erp.Probe(t.Context()))
	for _, p := range probed {
		want := p.Resource != "Prospect" && p.Resource != "WorkflowQueue"
		if p.There != want || want != (p.Fix == "") {
			t.Errorf("%s (%s) is there: %v %q", p.Resource, p.Confidence, p.There, p.Fix)
		}
	}
	for _, c := range []struct {
		need connector.Need
		want string
	}{
		{connector.Need{Object: "prospects"}, "read prospects"},
		{connector.Need{Object: "customers", Write: true, Marker: true}, "create customers"},
		{connector.Need{Object: "customer-addresses", Write: true, Writes: []string{"Email", "City"}}, "write customer-addresses Email"},
		{connector.Need{Object: "items", Reads: []string{"List_Price"}}, ""},
	} {
		got := must(erp.Lacks(t.Context(), c.need))
		if c.want == "" && len(got) != 0 || c.want != "" && (len(got) != 1 || got[0].What != c.want || got[0].Grant == "") {
			t.Errorf("%v lacks %v, want %q", c.need, got, c.want)
		}
	}
	if p := must(erp.Provision(t.Context(), "customers", true)); !p.Ready || p.Field != "UserFields.xCrosswalkKey" {
		t.Errorf("provision %+v", p)
	}
	in.sim.RemoveUserField("Customer", userMarker)
	if p := must(erp.Provision(t.Context(), "customers", true)); p.Ready || !strings.Contains(p.Fix, userMarker) {
		t.Errorf("provision without the field %+v", p)
	}
}

// TestOnlyConfirmedOperators: an install whose filters know eq and and alone still reads, finds and links.
func TestOnlyConfirmedOperators(t *testing.T) {
	in := newInstall(salespadtest.Config{Profile: salespadtest.Profile{Operators: salespadtest.ConfirmedOperators}})
	in.profile = `{"or": false}`
	in.sim.Must("CustomerAddr", salespadtest.Fields{"Customer_Num": "BASE", "Address_Code": "MAIN", "Email": "hello@example.com"})
	erp := in.connect()
	for _, r := range read(t, erp, "customer-addresses", []string{"customers"}, "BASE|MAIN") {
		if r.State != record.Found || len(r.Record.Related) != 1 {
			t.Errorf("%s %s", r.State, r.Ref)
		}
	}
	got := must(erp.Find(t.Context(), "customers", []connector.Ask{{Field: "Email", Text: "HELLO@example.com"}, {Field: "Customer_Name", Text: "Base customer"}, {Field: "Phone_1", Text: "1"}}, nil))
	if len(got[0].Records) != 1 || got[0].Records[0].Ref.ID != "BASE" || len(got[1].Records) != 1 || !got[2].CannotAsk {
		t.Errorf("found %v", got)
	}
}

func TestTables(t *testing.T) {
	in := newInstall(salespadtest.Config{})
	in.profile = `{"tables": {"address-types": {"rows": [{"key": "Biller", "label": "Biller"}]}}}`
	for i, class := range []string{"RETAIL", "DEALER", "RETAIL", ""} {
		in.sim.Must("Customer", salespadtest.Fields{"Customer_Num": fmt.Sprintf("C%d", i), "Customer_Name": "A", "Customer_Class": class, "Sales_Person_ID": "O'HARA"})
	}
	erp := in.connect()
	for name, want := range map[string]string{"customer-classes": "DEALER RETAIL", "salespeople": "O'HARA", "address-types": "Biller", "currencies": "Z-US$"} {
		got := must(erp.Table(t.Context(), name))
		var keys []string
		for _, r := range got.Rows {
			keys = append(keys, r.Key)
		}
		if strings.Join(keys, " ") != want && !(name == "salespeople" && slices.Contains(keys, want)) {
			t.Errorf("%s is %v, want %s", name, keys, want)
		}
	}
	if c := must(erp.Table(t.Context(), "currencies")); c.Rows[0].Attrs["code"] != "USD" {
		t.Errorf("currencies %v", c.Rows)
	}
	queues := must(erp.Table(t.Context(), "queues"))
	if len(queues.Rows) == 0 || queues.Rows[0].Attrs["sales_doc_type"] == "" {
		t.Errorf("queues %v", queues.Rows)
	}
}

func TestProfilesThatCannotBe(t *testing.T) {
	for text, want := range map[string]string{
		`{"session": "often"}`:                                    "session",
		`{"objects": {"customers": {"list": "../x"}}}`:            "list",
		`{"objects": {"customers": {"fields": ["A B"]}}}`:         "type",
		`{"objects": {"customers": {"fields": ["a'b text"]}}}`:    "name",
		`{"objects": {"customers": {"drop": ["DEX_ROW_TS"]}}}`:    "DEX_ROW_TS",
		`{"tables": {"x": {"list": "Customer", "field": "a b"}}}`: "field",
		`{"nonsense": 1}`: "nonsense",
		`[`:               "profile",
	} {
		if _, err := salespad.LoadProfile([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want an error about %s", text, err, want)
		}
	}
	p := must(salespad.LoadProfile([]byte(`{"objects": {"customers": {"fields": ["Short_Name text 10", "UserFields.xTier enum:A;B"], "drop": ["Note"]}}}`)))
	names := map[string]salespad.Field{}
	for _, f := range p.Objects["customers"].Fields {
		names[f.Name] = f
	}
	if names["Short_Name"].Width != 10 || names["Note"].Name != "" || len(names["UserFields.xTier"].Options) != 2 || names["Customer_Name"].Width != 64 {
		t.Errorf("laid over: %+v", names)
	}
}

// TestCallsAndSeats gives the figures per 1,000 and holds them near the least the API allows.
func TestCallsAndSeats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := newInstall(salespadtest.Config{})
		for i := range 999 {
			in.sim.Must("Customer", salespadtest.Fields{"Customer_Num": fmt.Sprintf("C%03d", i), "Customer_Name": fmt.Sprintf("Company %d", i)})
		}
		erp := in.connect()
		var ids []string
		var asks []connector.Ask
		for i := range 999 {
			ids = append(ids, fmt.Sprintf("C%03d", i))
			asks = append(asks, connector.Ask{Field: "Customer_Name", Text: fmt.Sprintf("Company %d", i)})
		}
		count := func(what string, most int, do func()) {
			in.wire.Forget()
			do()
			t.Logf("%s: %d calls", what, in.calls())
			if in.calls() > most {
				t.Errorf("%s took %d calls, want at most %d", what, in.calls(), most)
			}
		}
		time.Sleep(time.Hour)
		count("a feed of 1,000", 12, func() { drain(t, erp, "customers", nil) })
		count("reading 1,000", 12, func() { read(t, erp, "customers", nil, ids...) })
		count("finding 1,000", 50, func() { must(erp.Find(t.Context(), "customers", asks, nil)) })
		count("updating 1,000", 999, func() {
			for _, id := range ids {
				one(t, erp, connector.Write{Op: connector.OpUpdate, Object: "customers", ID: id, Fields: values("Comment_1", "x")}, connector.Done)
			}
		})
		if in.logins != 1 || in.sim.PeakSeats() > salespad.PeakSeats || in.sim.Sessions() != 1 {
			t.Errorf("%d log-ins, %d seats, %d sessions", in.logins, in.sim.PeakSeats(), in.sim.Sessions())
		}
	})
}

var _ http.RoundTripper = (*sheet)(nil)

// TestHundredThousandItems: a page of a thousand each, resumed half way by another worker.
func TestHundredThousandItems(t *testing.T) {
	if testing.Short() {
		t.Skip("100,000 items take some seconds")
	}
	const items = 100_000
	in := newInstall(salespadtest.Config{})
	in.wire.Vendor = in.sim
	if err := in.sim.LoadItems(items); err != nil {
		t.Fatal(err)
	}
	in.change = func(c *salespad.Config) { c.Page = 1000 }
	seen := map[string]bool{}
	r := connector.FeedRequest{Object: "items", Fields: []string{"Item_Description"}}
	in.wire.Forget()
	for more := true; more; {
		p, err := in.connect().Changes(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		for _, rec := range p.Records {
			seen[rec.Ref.ID] = true
		}
		r.Cursor, more = p.Cursor, p.More
	}
	if len(seen) != items || in.calls() > 102 {
		t.Errorf("%d items in %d calls", len(seen), in.calls())
	}
}
