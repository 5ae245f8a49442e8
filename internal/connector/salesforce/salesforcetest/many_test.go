package salesforcetest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

type rowOf struct {
	ID      string
	Success bool
	Created *bool
	Errors  []struct {
		StatusCode, Message string
		Fields              []string
	}
}

func rowsOf(t *testing.T, s *Sim, method, path, body string, header ...string) []rowOf {
	t.Helper()
	status, raw := send(t, s, method, path, body, header...)
	if status != http.StatusOK {
		t.Fatalf("%s %s: %d %s", method, path, status, raw)
	}
	var out []rowOf
	mustJSON(t, raw, &out)
	return out
}

func codes(rows []rowOf) string {
	var out []string
	for _, r := range rows {
		if r.Success {
			out = append(out, "ok")
			continue
		}
		out = append(out, r.Errors[0].StatusCode)
	}
	return strings.Join(out, " ")
}

// TestCollectionsAreAsRecorded compares the fixtures of section 7.1, refusals and
// the rolled-back row letter by letter.
func TestCollectionsAreAsRecorded(t *testing.T) {
	const dir = "contracts/salesforce/amp-labs-connectors/batch/"
	s := New(Config{})
	same := func(file, method, body string) {
		t.Helper()
		var want, got any
		mustJSON(t, string(recordedFile(t, dir+file)), &want)
		_, raw := send(t, s, method, "/composite/sobjects", body)
		mustJSON(t, raw, &got)
		for _, d := range differences(file, want, got, nil) {
			t.Error(d)
		}
	}
	same("create/contacts/err-bad-request.json", "POST", `{"records":[]}`)
	same("create/contacts/partial-but-allOrNone.json", "POST", `{"allOrNone":true,"records":[{"attributes":{"type":"Contact"},"FirstName":"A"},{"attributes":{"type":"Contact"},"LastName":"B"}]}`)
	same("update/contacts/err-each-no-ids.json", "PATCH", `{"records":[{"attributes":{"type":"Contact"},"FirstName":"A"},{"attributes":{"type":"Contact"},"LastName":"B"}]}`)
	a, b := makeRecord(t, s, "Contact", `{"LastName":"A"}`), makeRecord(t, s, "Contact", `{"LastName":"B"}`)
	s.ResetLog()
	same("update/contacts/partial-but-allOrNone.json", "PATCH", `{"allOrNone":true,"records":[{"attributes":{"type":"Contact"},"id":"`+a+`","FirstName":"A"},{"attributes":{"type":"Contact"},"id":"`+b+`","unknownField_LastName":"B"}]}`)
	if r, _ := s.Get("Contact", a); r.Values["FirstName"] != nil || len(s.Log()) != 0 {
		t.Errorf("a rolled-back row is written: %v %v", r.Values["FirstName"], s.Log())
	}
}

func TestCollections(t *testing.T) {
	s := New(Config{})
	s.AddField("Contact", ExternalID("Ext__c", 40))
	rows := rowsOf(t, s, "PATCH", "/composite/sobjects/Contact/Ext__c", `{"records":[
		{"attributes":{"type":"Contact"},"Ext__c":"a","LastName":"A"},{"attributes":{"type":"Contact"},"Ext__c":"A","LastName":"A"},
		{"attributes":{"type":"Contact"},"LastName":"A"},{"attributes":{"type":"Lead"},"Ext__c":"b","LastName":"A"}]}`)
	if codes(rows) != "ok DUPLICATE_EXTERNAL_ID MISSING_ARGUMENT INVALID_TYPE" || !*rows[0].Created {
		t.Errorf("upsert rows: %s", codes(rows))
	}
	again := rowsOf(t, s, "PATCH", "/composite/sobjects/Contact/Ext__c", `{"records":[{"attributes":{"type":"Contact"},"Ext__c":"a","FirstName":"F"}]}`)
	if again[0].ID != rows[0].ID || *again[0].Created {
		t.Errorf("a second upsert: %+v", again)
	}
	id := rows[0].ID
	status, raw := send(t, s, "POST", "/composite/sobjects/Contact", `{"ids":["`+id+`","003000000000001AAA"],"fields":["FirstName"]}`)
	if status != 200 || !strings.Contains(raw, `"FirstName":"F"},null]`) {
		t.Errorf("retrieve: %d %s", status, raw)
	}
	if status, raw := send(t, s, "GET", "/composite/sobjects/Contact?ids="+id+"&fields=Id,LastName", ""); status != 200 || !strings.Contains(raw, id) {
		t.Errorf("retrieve: %d %s", status, raw)
	}
	expect(t, s, "GET", "/composite/sobjects/Contact?ids="+id+"&fields=Nope", "", 400, "INVALID_FIELD", "Nope")
	acc := makeRecord(t, s, "Account", `{"Name":"A"}`)
	got := rowsOf(t, s, "DELETE", "/composite/sobjects?ids="+id+","+acc+",nonsense,003000000000001AAA", "")
	if codes(got) != "ok ok MALFORMED_ID INVALID_CROSS_REFERENCE_KEY" {
		t.Errorf("delete rows: %s", codes(got))
	}
	got = rowsOf(t, s, "PATCH", "/composite/sobjects", `{"records":[{"attributes":{"type":"Contact"},"id":"`+id+`","LastName":"Z"},{"attributes":{"type":"Contact"},"id":"xyz"},{"attributes":{"type":"Nope"},"id":"`+id+`"}]}`)
	if codes(got) != "ENTITY_IS_DELETED MALFORMED_ID INVALID_TYPE" {
		t.Errorf("update rows: %s", codes(got))
	}
	var many, mixed []string
	for i := range 201 {
		many = append(many, `{"attributes":{"type":"Account"},"Name":"A"}`)
		if i < 12 {
			mixed = append(mixed, `{"attributes":{"type":"`+[]string{"Account", "Lead"}[i%2]+`"},"Name":"A"}`)
		}
	}
	expect(t, s, "POST", "/composite/sobjects", `{"records":[`+strings.Join(many, ",")+`]}`, 400, "LIMIT_EXCEEDED", "200")
	expect(t, s, "POST", "/composite/sobjects", `{"records":[`+strings.Join(mixed, ",")+`]}`, 400, "LIMIT_EXCEEDED", "10 chunks")
	expect(t, s, "POST", "/composite/sobjects", `{"records":[{"Name":"A"}]}`, 400, "INVALID_INPUT", "attributes.type")
	s.ResetLog()
	if rows := rowsOf(t, s, "POST", "/composite/sobjects", `{"records":[`+strings.Join(many[:200], ",")+`]}`); codes(rows) != strings.TrimSpace(strings.Repeat("ok ", 200)) {
		t.Error("200 rows do not pass")
	}
	if log := s.Log(); len(log) != 200 || log[0].Commit != log[199].Commit {
		t.Errorf("a collection is not one transaction: %d effects", len(log))
	}
	s.Fail(Fault{Match: "POST /composite/sobjects", Row: func(i int) (string, string) {
		if i == 1 {
			return "UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record"
		}
		return "", ""
	}})
	if rows := rowsOf(t, s, "POST", "/composite/sobjects", `{"records":[`+strings.Join(many[:3], ",")+`]}`); codes(rows) != "ok UNABLE_TO_LOCK_ROW ok" {
		t.Errorf("a row fault: %s", codes(rows))
	}
}

func TestComposite(t *testing.T) {
	s := New(Config{})
	body := func(all bool, subs ...string) string {
		return fmt.Sprintf(`{"allOrNone":%v,"compositeRequest":[%s]}`, all, strings.Join(subs, ","))
	}
	acc := `{"method":"POST","url":"/services/data/v67.0/sobjects/Account","referenceId":"acc","body":{"Name":"A \"quoted\""}}`
	con := `{"method":"POST","url":"/services/data/v67.0/sobjects/Contact","referenceId":"con","body":{"LastName":"L","AccountId":"@{acc.id}"}}`
	ask := `{"method":"GET","url":"/services/data/v67.0/query?q=SELECT Id, Name FROM Account WHERE Id = '@{acc.id}'","referenceId":"q"}`
	upd := `{"method":"PATCH","url":"/services/data/v67.0/sobjects/Contact/@{con.id}","referenceId":"upd","body":{"Description":"of @{q.records[0].Name}"}}`
	bad := `{"method":"POST","url":"/services/data/v67.0/sobjects/Contact","referenceId":"bad","body":{"FirstName":"F"}}`
	lost := `{"method":"GET","url":"/services/data/v67.0/sobjects/Contact/@{bad.id}","referenceId":"lost"}`
	type sub struct {
		Body           json.RawMessage
		HTTPHeaders    map[string]string
		HTTPStatusCode int
		ReferenceID    string
	}
	run := func(body string) []sub {
		t.Helper()
		status, raw := send(t, s, "POST", "/composite", body)
		if status != 200 {
			t.Fatalf("%d %s", status, raw)
		}
		var out struct{ CompositeResponse []sub }
		mustJSON(t, raw, &out)
		return out.CompositeResponse
	}
	statuses := func(list []sub) (out string) {
		for _, x := range list {
			out += fmt.Sprint(x.HTTPStatusCode, " ")
		}
		return strings.TrimSpace(out)
	}
	got := run(body(false, acc, con, ask, upd, bad, lost))
	if statuses(got) != "201 201 200 204 400 400" || string(got[3].Body) != "null" || !strings.HasPrefix(got[0].HTTPHeaders["Location"], "/services/data/v67.0/sobjects/Account/001") || got[0].ReferenceID != "acc" {
		t.Errorf("%s: %+v", statuses(got), got)
	}
	if r := s.All("Contact")[0]; r.Text("Description") != `of A "quoted"` || r.Text("AccountId") != s.All("Account")[0].ID {
		t.Errorf("references: %v", r.Values)
	}
	if !strings.Contains(string(got[5].Body), "PROCESSING_HALTED") || !strings.Contains(string(got[4].Body), `"errorCode":"REQUIRED_FIELD_MISSING"`) {
		t.Errorf("%s %s", got[4].Body, got[5].Body)
	}
	s.ResetLog()
	all := run(body(true, acc, con, bad))
	var want struct{ CompositeResponse []sub }
	mustJSON(t, string(recordedFile(t, "contracts/salesforce/apache-camel/composite-response-allornone-failure.json")), &want)
	var first, recorded any
	mustJSON(t, string(all[0].Body), &first)
	mustJSON(t, string(want.CompositeResponse[0].Body), &recorded)
	for _, d := range differences("halted", recorded, first, nil) {
		t.Error(d)
	}
	if statuses(all) != "400 400 400" || len(s.Log()) != 0 || s.Count("Account") != 1 {
		t.Errorf("all or none: %s, %d accounts", statuses(all), s.Count("Account"))
	}
	if calls := s.Calls(); calls["POST /composite"] != 2 || calls["total"] != 2 || calls["composite POST /sobjects/{object}"] == 0 {
		t.Errorf("calls: %v", calls)
	}
	expect(t, s, "POST", "/composite", body(false, strings.Split(strings.Repeat(acc+"\n", 26), "\n")[:26]...), 400, "LIMIT_EXCEEDED", "25")
	expect(t, s, "POST", "/composite", body(false, acc, acc), 400, "DUPLICATE_REFERENCE_ID", "acc")
	expect(t, s, "POST", "/composite", body(false, strings.Replace(acc, `"acc"`, `"a c"`, 1)), 400, "INVALID_REFERENCE_ID", "a c")
	var queries []string
	for i := range 6 {
		queries = append(queries, fmt.Sprintf(`{"method":"GET","url":"/services/data/v67.0/query?q=SELECT Id FROM Account","referenceId":"q%d"}`, i))
	}
	expect(t, s, "POST", "/composite", body(false, queries...), 400, "LIMIT_EXCEEDED", "5")
	// Recorded: a describe that has not changed inside a composite.
	got = run(body(false, `{"method":"GET","url":"/services/data/v67.0/sobjects","referenceId":"d","httpHeaders":{"If-Modified-Since":"Thu, 03 Sep 2099 21:35:07 GMT"}}`))
	if got[0].HTTPStatusCode != 304 || string(got[0].Body) != "null" || got[0].HTTPHeaders["ETag"] == "" || got[0].HTTPHeaders["Last-Modified"] == "" {
		t.Errorf("304 in a composite: %+v", got[0])
	}
}
