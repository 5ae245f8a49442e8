package salesforcetest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// envelopeOf is an event as a receiver reads it.
type envelopeOf struct {
	DetailType string `json:"detail-type"`
	Source     string `json:"source"`
	Detail     struct {
		Payload map[string]json.RawMessage `json:"payload"`
	} `json:"detail"`
	Header struct {
		EntityName      string      `json:"entityName"`
		RecordIDs       []string    `json:"recordIds"`
		ChangeType      string      `json:"changeType"`
		ChangedFields   []string    `json:"changedFields"`
		NulledFields    []string    `json:"nulledFields"`
		ChangeOrigin    string      `json:"changeOrigin"`
		TransactionKey  string      `json:"transactionKey"`
		SequenceNumber  int         `json:"sequenceNumber"`
		CommitNumber    json.Number `json:"commitNumber"`
		CommitTimestamp int64       `json:"commitTimestamp"`
		CommitUser      string      `json:"commitUser"`
	} `json:"-"`
}

// relayOrg is an org whose change events are collected.
func relayOrg(t *testing.T, cfg RelayConfig) (*Sim, func() []envelopeOf) {
	t.Helper()
	s := New(Config{Seed: 3})
	var got []envelopeOf
	s.StartRelay(cfg, func(raw []byte) {
		var e envelopeOf
		if err := json.Unmarshal(raw, &e); err != nil {
			t.Errorf("event %s: %v", raw, err)
			return
		}
		if err := json.Unmarshal(e.Detail.Payload["ChangeEventHeader"], &e.Header); err != nil {
			t.Errorf("header of %s: %v", raw, err)
		}
		got = append(got, e)
	})
	return s, func() []envelopeOf {
		t.Helper()
		got = nil
		s.DeliverDue(t.Context(), nil)
		slices.SortFunc(got, func(a, b envelopeOf) int {
			return strings.Compare(string(a.Header.CommitNumber), string(b.Header.CommitNumber))
		})
		return got
	}
}

func TestChangeEventsAreAsRecorded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, events := relayOrg(t, RelayConfig{Objects: []string{"Account", "Contact", "Lead"}})
		account := makeRecord(t, s, "Account", `{"Name": "Acme", "Description": "Sample account record."}`)
		e := events()[0]
		sharedPaths(t, "contracts/salesforce/amp-labs-connectors/subscription/eventbridge-envelope-account-create.json", e)
		if e.DetailType != "AccountChangeEvent" || e.Source != s.RelaySource() || !strings.HasPrefix(e.Source, "aws.partner/salesforce.com/"+s.OrgID()+"/0YL") {
			t.Errorf("%s from %s", e.DetailType, e.Source)
		}
		if e.Header.ChangeType != "CREATE" || e.Header.RecordIDs[0] != account || len(e.Header.ChangedFields) != 0 || e.Header.SequenceNumber != 1 {
			t.Errorf("%+v", e.Header)
		}
		if n, err := e.Header.CommitNumber.Int64(); err != nil || n <= 1<<53 {
			t.Errorf("commitNumber %s must be beyond 2^53", e.Header.CommitNumber)
		}
		if string(e.Detail.Payload["CreatedDate"]) != `"`+time.Now().UTC().Format("2006-01-02T15:04:05")+`.000Z"` {
			t.Errorf("CreatedDate %s", e.Detail.Payload["CreatedDate"])
		}
		if _, there := e.Detail.Payload["Phone"]; there {
			t.Error("an empty field has no place in a create")
		}
		for _, c := range []struct{ file, object, before, after string }{
			{"update_contact.json", "Contact", `{"FirstName": "A", "LastName": "Young"}`, `{"LastName": "Youngest"}`},
			{"update_contact_compound_address.json", "Contact", `{"LastName": "X", "MailingCity": "Y", "OtherPostalCode": "1"}`,
				`{"MailingStreet": "1235 wildwood St", "MailingCity": null, "OtherPostalCode": null}`},
		} {
			id := makeRecord(t, s, c.object, c.before)
			events()
			time.Sleep(time.Second)
			status, body := send(t, s, http.MethodPatch, "/sobjects/"+c.object+"/"+id, c.after, "Sforce-Call-Options", "client=crosswalk")
			if status != http.StatusNoContent {
				t.Fatalf("%d %s", status, body)
			}
			list := events()
			if len(list) != 1 {
				t.Fatalf("%s: %d events", c.file, len(list))
			}
			e := list[0]
			var want map[string]json.RawMessage
			recordedInto(t, "contracts/salesforce/amp-labs-connectors/subscription/"+c.file, &want)
			var head struct{ ChangedFields []string }
			if err := json.Unmarshal(want["ChangeEventHeader"], &head); err != nil {
				t.Fatal(err)
			}
			slices.Sort(e.Header.ChangedFields) // their order means nothing
			slices.Sort(head.ChangedFields)
			if !slices.Equal(e.Header.ChangedFields, head.ChangedFields) {
				t.Errorf("%s: changedFields %v, recorded %v", c.file, e.Header.ChangedFields, head.ChangedFields)
			}
			if got, recorded := sortedKeys(e.Detail.Payload), sortedKeys(want); !slices.Equal(got, recorded) {
				t.Errorf("%s: body %v, recorded %v", c.file, got, recorded)
			}
			for _, compound := range []string{"Name", "MailingAddress"} {
				if w := want[compound]; w != nil && string(w) != string(e.Detail.Payload[compound]) {
					t.Errorf("%s: %s, recorded %s", c.file, e.Detail.Payload[compound], w)
				}
			}
			if o := e.Header.ChangeOrigin; !strings.HasPrefix(o, "com/salesforce/api/rest/67.0;client=crosswalk") {
				t.Errorf("changeOrigin %q", o)
			}
		}
	})
}

// TestCustomObjectEventIsAsDocumented makes the record of a published example.
func TestCustomObjectEventIsAsDocumented(t *testing.T) {
	var documented []struct {
		Payload map[string]json.RawMessage `json:"payload"`
	}
	recordedInto(t, "data/payloads/salesforce/cdc/documented_events.json", &documented)
	want := documented[0].Payload
	synctest.Test(t, func(t *testing.T) {
		s, events := relayOrg(t, RelayConfig{Objects: []string{"Employee__c"}})
		text := func(name string) Field {
			return Field{Name: name, Type: "string", Length: 80, Createable: true, Updateable: true, Nillable: true}
		}
		s.AddObject(Object{Name: "Employee__c", Label: "Employee", LabelPlural: "Employees", KeyPrefix: "a00", Fields: []Field{
			text("First_Name__c"), text("Last_Name__c"), {Name: "Tenure__c", Type: "double", Precision: 18, Createable: true, Updateable: true, Nillable: true}}})
		makeRecord(t, s, "Employee__c", `{"First_Name__c": "F", "Last_Name__c": "L", "Tenure__c": 20, "Name": "EN-0003"}`)
		e := events()[0]
		if e.DetailType != "Employee__ChangeEvent" || e.Header.EntityName != "Employee__c" {
			t.Errorf("%s of %s", e.DetailType, e.Header.EntityName)
		}
		if got, w := sortedKeys(e.Detail.Payload), sortedKeys(want); !slices.Equal(got, w) {
			t.Errorf("body %v, documented %v", got, w)
		}
		var theirs, ours map[string]json.RawMessage
		for raw, into := range map[string]*map[string]json.RawMessage{string(want["ChangeEventHeader"]): &theirs, string(e.Detail.Payload["ChangeEventHeader"]): &ours} {
			if err := json.Unmarshal([]byte(raw), into); err != nil {
				t.Fatal(err)
			}
		}
		for member := range theirs {
			if ours[member] == nil {
				t.Errorf("header member %s is missing", member)
			}
		}
		if string(e.Detail.Payload["Tenure__c"]) != "20" {
			t.Errorf("Tenure__c is %s", e.Detail.Payload["Tenure__c"])
		}
	})
}

// sharedPaths checks that an event has every path of a recorded one.
func sharedPaths(t *testing.T, file string, e envelopeOf) {
	t.Helper()
	var want struct {
		Detail struct {
			Payload map[string]json.RawMessage `json:"payload"`
		} `json:"detail"`
	}
	recordedInto(t, file, &want)
	for k, v := range want.Detail.Payload {
		if e.Detail.Payload[k] == nil {
			t.Errorf("%s has %s, ours has not", file, k)
		}
		if k != "ChangeEventHeader" {
			continue
		}
		var theirs, ours map[string]json.RawMessage
		if err := json.Unmarshal(v, &theirs); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(e.Detail.Payload[k], &ours); err != nil {
			t.Fatal(err)
		}
		for member := range theirs {
			if ours[member] == nil {
				t.Errorf("%s: header member %s is missing", file, member)
			}
		}
	}
}

func TestChangeEventTypes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, events := relayOrg(t, RelayConfig{Objects: []string{"Account"}, Enriched: map[string][]string{"Account": {"Phone"}}})
		id := makeRecord(t, s, "Account", `{"Name": "A", "Phone": "5"}`)
		makeRecord(t, s, "Lead", `{"LastName": "B", "Company": "C"}`) // not selected
		if list := events(); len(list) != 1 {
			t.Fatalf("%d events", len(list))
		}
		if status, body := send(t, s, http.MethodDelete, "/sobjects/Account/"+id, ""); status != http.StatusNoContent {
			t.Fatalf("%d %s", status, body)
		}
		list := events()
		if len(list) != 1 || list[0].Header.ChangeType != "DELETE" || !slices.Equal(sortedKeys(list[0].Detail.Payload), []string{"ChangeEventHeader", "Phone"}) {
			t.Errorf("delete: %+v", list)
		}
		rows := make([]string, 7)
		for i := range rows {
			rows[i] = `{"attributes": {"type": "Account"}, "Name": "Same"}`
		}
		if status, body := send(t, s, http.MethodPost, "/composite/sobjects", `{"records": [`+strings.Join(rows, ",")+`]}`); status != http.StatusOK {
			t.Fatalf("%d %s", status, body)
		}
		if list = events(); len(list) != 1 || len(list[0].Header.RecordIDs) != 7 {
			t.Errorf("seven alike in one transaction: %+v", list)
		}
	})
}

// TestMergeAndUndeleteEvents: a merge is a deletion of the loser and an update of
// the winner in one transaction, nothing names the winner (section 17.2).
func TestMergeAndUndeleteEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, events := relayOrg(t, RelayConfig{Objects: []string{"Account"}})
		winner, loser := makeRecord(t, s, "Account", `{"Name": "W"}`), makeRecord(t, s, "Account", `{"Name": "L"}`)
		events()
		time.Sleep(time.Second)
		if err := s.Person().Merge("Account", winner, map[string]any{"Phone": "7"}, loser); err != nil {
			t.Fatal(err)
		}
		list := events()
		kinds := map[string]string{}
		for _, e := range list {
			kinds[e.Header.RecordIDs[0]] = e.Header.ChangeType
			if strings.Contains(fmt.Sprint(sortedKeys(e.Detail.Payload)), "MasterRecordId") || e.Header.TransactionKey != list[0].Header.TransactionKey || e.Header.CommitUser != s.PersonID() {
				t.Errorf("%+v", e)
			}
		}
		if len(list) != 2 || kinds[winner] != "UPDATE" || kinds[loser] != "DELETE" || list[0].Header.SequenceNumber+list[1].Header.SequenceNumber != 3 {
			t.Errorf("%v %+v", kinds, list)
		}
		update := list[slices.IndexFunc(list, func(e envelopeOf) bool { return e.Header.ChangeType == "UPDATE" })]
		if want := []string{"LastModifiedDate", "LastModifiedById", "Phone"}; !slices.Equal(update.Header.ChangedFields, want) {
			t.Errorf("changedFields %v, want %v: somebody else changes it now", update.Header.ChangedFields, want)
		}
		if err := s.Person().Delete("Account", winner); err != nil {
			t.Fatal(err)
		}
		if err := s.Person().Undelete("Account", winner); err != nil {
			t.Fatal(err)
		}
		list = events()
		if len(list) != 2 || list[1].Header.ChangeType != "UNDELETE" || string(list[1].Detail.Payload["Name"]) != `"W"` {
			t.Errorf("%+v", list)
		}
	})
}

func TestGapsOverflowDuplicatesReplay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, events := relayOrg(t, RelayConfig{Objects: []string{"Account"}, OverflowAt: 10, DuplicatePercent: 100})
		id := makeRecord(t, s, "Account", `{"Name": "A"}`)
		if list := events(); len(list) != 2 {
			t.Errorf("every event twice: %d", len(list))
		}
		s.SetRelay(func(e ChangeEvent) RelayTreatment { return RelayTreatment{Gap: true, Delay: time.Minute} })
		send(t, s, http.MethodPatch, "/sobjects/Account/"+id, `{"Phone": "1"}`)
		if list := events(); len(list) != 0 {
			t.Error("the gap is due later")
		}
		time.Sleep(time.Minute)
		if g := events()[0]; g.Header.ChangeType != "GAP_UPDATE" || g.Header.RecordIDs[0] != id || len(g.Detail.Payload) != 1 || g.Header.SequenceNumber != 1 {
			t.Errorf("%+v", g)
		}
		s.SetRelay(func(e ChangeEvent) RelayTreatment { return RelayTreatment{Gap: true, Wildcard: true} })
		send(t, s, http.MethodPatch, "/sobjects/Account/"+id, `{"Phone": "2"}`)
		if g := events()[0]; g.Header.RecordIDs[0] != "001*" {
			t.Errorf("%+v", g.Header)
		}
		s.SetRelay(nil)
		rows := make([]string, 20)
		for i := range rows {
			rows[i] = fmt.Sprintf(`{"attributes": {"type": "Account"}, "Name": "N%d"}`, i)
		}
		send(t, s, http.MethodPost, "/composite/sobjects", `{"records": [`+strings.Join(rows, ",")+`]}`)
		overflow := 0
		for _, e := range events() {
			if e.Header.ChangeType == "GAP_OVERFLOW" {
				overflow++
				if e.Header.RecordIDs[0] != "000000000000000AAA" || len(e.Header.RecordIDs) != 1 {
					t.Errorf("%+v", e.Header)
				}
			}
		}
		if overflow != 2 { // one, delivered twice
			t.Errorf("%d overflow events", overflow)
		}
		s.PauseRelay(true)
		send(t, s, http.MethodPatch, "/sobjects/Account/"+id, `{"Phone": "3"}`)
		if list := events(); len(list) != 0 {
			t.Error("a paused relay delivers nothing")
		}
		s.PauseRelay(false)
		if list := events(); len(list) != 2 {
			t.Errorf("after the pause: %d", len(list))
		}
		s.ReplayRelay()
		if list := events(); len(list) < 5 {
			t.Errorf("a replay brought %d events", len(list))
		}
		time.Sleep(73 * time.Hour)
		s.ReplayRelay()
		if list := events(); len(list) != 0 {
			t.Errorf("the bus keeps 72 hours, %d events came", len(list))
		}
	})
}
