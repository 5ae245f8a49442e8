package salesforcetest

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// bulkOrg has an external id on Opportunity, as the recordings have.
func bulkOrg() *Sim {
	s := New(Config{Seed: 8})
	s.AddField("Opportunity", Field{Name: "external_id__c", Type: "string", Length: 60, Createable: true, Updateable: true, Nillable: true, ExternalID: true, Unique: true, IDLookup: true})
	return s
}

type jobView map[string]any

// jobCall calls a job resource and reads its answer as an object, unless it is an error.
func jobCall(t *testing.T, s *Sim, method, path, body string) (int, jobView) {
	t.Helper()
	status, raw := send(t, s, method, path, body)
	v := jobView{}
	if strings.HasPrefix(raw, "{") {
		if err := json.Unmarshal([]byte(raw), &v); err != nil {
			t.Fatal(err)
		}
	} else if raw != "" {
		v["error"] = raw
	}
	return status, v
}

// ingestJob opens a job, uploads and closes it; id is its id.
func ingestJob(t *testing.T, s *Sim, settings, data string) (id string) {
	t.Helper()
	status, j := jobCall(t, s, http.MethodPost, "/jobs/ingest", settings)
	if status != http.StatusOK || j["state"] != "Open" {
		t.Fatalf("opening %s: %d %v", settings, status, j)
	}
	if status, raw := send(t, s, http.MethodPut, "/"+j["contentUrl"].(string), data, "Content-Type", "text/csv"); status != http.StatusCreated || raw != "" {
		t.Fatalf("upload: %d %s", status, raw)
	}
	id = j["id"].(string)
	if status, j := jobCall(t, s, http.MethodPatch, "/jobs/ingest/"+id, `{"state": "UploadComplete"}`); status != http.StatusOK || j["state"] != "UploadComplete" {
		t.Fatalf("closing: %d %v", status, j)
	}
	return id
}

func result(t *testing.T, s *Sim, path string) [][]string {
	t.Helper()
	w := answerOf(s, http.MethodGet, path, "")
	rows, err := csv.NewReader(w.Body).ReadAll()
	if err != nil || w.Code != http.StatusOK || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/csv") {
		t.Fatalf("%s: %d %v %v", path, w.Code, w.Header(), err)
	}
	return rows
}

const upsertOpportunity = `{"object": "Opportunity", "operation": "upsert", "externalIdFieldName": "external_id__c", "contentType": "CSV", "lineEnding": "LF"}`

func TestBulkPartialFailureIsAsRecorded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := bulkOrg()
		at := "contracts/salesforce/amp-labs-connectors/bulk/"
		sameMembers := func(file string, got jobView) {
			t.Helper()
			var want jobView
			recordedInto(t, at+file, &want)
			if g, w := sortedKeys(got), sortedKeys(want); !slices.Equal(g, w) {
				t.Errorf("%s: members %v, recorded %v", file, g, w)
			}
			for _, k := range []string{"state", "numberRecordsProcessed", "numberRecordsFailed", "operation", "object", "externalIdFieldName", "jobType", "lineEnding", "columnDelimiter", "concurrencyMode", "contentType", "errorMessage"} {
				if fmt.Sprint(got[k]) != fmt.Sprint(want[k]) && k != "numberRecordsProcessed" {
					t.Errorf("%s: %s is %v, recorded %v", file, k, got[k], want[k])
				}
			}
		}
		_, open := jobCall(t, s, http.MethodPost, "/jobs/ingest", upsertOpportunity)
		sameMembers("write/launch-job-opportunity.json", open)
		id := ingestJob(t, s, upsertOpportunity, string(recordedFile(t, at+"ingest-input/opportunities-partial-failure.csv")))
		time.Sleep(1500 * time.Millisecond)
		_, working := jobCall(t, s, http.MethodGet, "/jobs/ingest/"+id, "")
		sameMembers("info/in-progress.json", working)
		time.Sleep(time.Second)
		_, done := jobCall(t, s, http.MethodGet, "/jobs/ingest/"+id, "")
		sameMembers("info/partial-failure.json", done)
		if done["numberRecordsProcessed"] != 8.0 {
			t.Errorf("%v processed", done["numberRecordsProcessed"])
		}
		_, raw := send(t, s, http.MethodGet, "/jobs/ingest/"+id+"/failedResults", "")
		if want := string(recordedFile(t, at+"info/partial-failure.csv")); strings.TrimSpace(raw) != strings.TrimSpace(want) {
			t.Errorf("failed rows\n%s\nrecorded\n%s", raw, want)
		}
		good := result(t, s, "/jobs/ingest/"+id+"/successfulResults")
		if len(good) != 8 || !slices.Equal(good[0][:3], []string{"sf__Id", "sf__Created", "Name"}) || !strings.HasPrefix(good[1][0], "006") || good[1][1] != "true" {
			t.Errorf("%v", good)
		}
		id = ingestJob(t, s, upsertOpportunity, string(recordedFile(t, at+"ingest-input/opportunities-complete-failure.csv")))
		time.Sleep(time.Minute)
		_, failed := jobCall(t, s, http.MethodGet, "/jobs/ingest/"+id, "")
		sameMembers("info/complete-failure.json", failed)
		if rows := result(t, s, "/jobs/ingest/"+id+"/unprocessedrecords"); len(rows) != 9 {
			t.Errorf("%d unprocessed rows with header", len(rows))
		}
	})
}

func TestBulkCellsAndOperations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := bulkOrg()
		account := makeRecord(t, s, "Account", `{"Name": "Old", "Phone": "1", "Fax": "2"}`)
		run := func(settings, data string) (good, bad [][]string) {
			t.Helper()
			id := ingestJob(t, s, settings, data)
			time.Sleep(time.Minute)
			return result(t, s, "/jobs/ingest/"+id+"/successfulResults")[1:], result(t, s, "/jobs/ingest/"+id+"/failedResults")[1:]
		}
		good, bad := run(`{"object": "Account", "operation": "update", "columnDelimiter": "COMMA", "lineEnding": "CRLF"}`,
			"Id,Name,Phone,Fax\r\n"+account+",\"New, \"\"quoted\"\"\",,#N/A\r\n001000000000000AAA,x,,\r\n,y,,\r\n"+account+",again,,\r\n")
		if len(good) != 1 || good[0][0] != account || good[0][1] != "false" || len(bad) != 3 {
			t.Fatalf("%v\n%v", good, bad)
		}
		for i, code := range map[string]string{"001000000000000AAA": "INVALID_CROSS_REFERENCE_KEY:", "": "MISSING_ARGUMENT:", account: "DUPLICATE_VALUE:"} {
			if !slices.ContainsFunc(bad, func(r []string) bool { return r[0] == i && strings.HasPrefix(r[1], code) }) {
				t.Errorf("no %s for %q in %v", code, i, bad)
			}
		}
		_, body := send(t, s, http.MethodGet, "/sobjects/Account/"+account+"?fields=Name,Phone,Fax", "")
		var now struct {
			Name       string
			Phone, Fax *string
		}
		if err := json.Unmarshal([]byte(body), &now); err != nil || now.Name != `New, "quoted"` || now.Phone == nil || now.Fax != nil {
			t.Errorf("%s %v", body, err)
		}
		id := ingestJob(t, s, `{"object": "Opportunity", "operation": "insert", "columnDelimiter": "PIPE"}`,
			"name|StageName|CloseDate|Amount|external_id__c|AccountId\nA|Prospecting|2026-01-02|1e3|k1|"+account+"\nB|Prospecting|2026-01-02|ten|k2|\nC||2026-01-02|1|k3|\n")
		time.Sleep(time.Minute)
		_, raw := send(t, s, http.MethodGet, "/jobs/ingest/"+id+"/failedResults", "")
		for _, line := range []string{`"sf__Id"|"sf__Error"|name|StageName`, `|"INVALID_FIELD:Failed to deserialize field at col 3. Due to, 'ten' is not a valid value for the type xsd:double:Amount --"|`, `|"REQUIRED_FIELD_MISSING:`} {
			if !strings.Contains(raw, line) {
				t.Errorf("no %s in %s", line, raw)
			}
		}
		rows := s.Log()
		if n := rows[len(rows)-1]; n.Object != "Opportunity" || n.Kind != Create || n.Values["Amount"] != json.Number("1000") {
			t.Errorf("%v %v", n, n.Values)
		}
		good, _ = run(`{"object": "Account", "operation": "delete"}`, "Id\n"+account+"\n")
		if len(good) != 1 {
			t.Errorf("deleted %v", good)
		}
		if status, _ := send(t, s, http.MethodGet, "/sobjects/Account/"+account, ""); status != http.StatusNotFound {
			t.Errorf("the deleted account answers %d", status)
		}
	})
}

func TestBulkRefusals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := bulkOrg()
		for body, code := range map[string]string{
			`{"object": "Nothing", "operation": "insert"}`:                                                      "INVALIDENTITY",
			`{"object": "Account", "operation": "smash"}`:                                                       "INVALIDJOB",
			`{"object": "Account", "operation": "upsert", "externalIdFieldName": "Phone"}`:                      "INVALIDJOB",
			`{"object": "Account", "operation": "insert", "columnDelimiter": "X"}`:                              "INVALIDJOB",
			`{"object": "Account", "operation": "insert", "lineEnding": "CR"}`:                                  "INVALIDJOB",
			`{"object": "Account", "operation": "insert", "contentType": "XML"}`:                                "INVALIDJOB",
			`{"object": "Account", "operation": "insert", "externalIdFieldName": "Id", "assignmentRuleId": ""}`: "INVALIDJOB",
		} {
			if status, v := jobCall(t, s, http.MethodPost, "/jobs/ingest", body); status != http.StatusBadRequest || !strings.Contains(fmt.Sprint(v["error"]), `"errorCode":"`+code+`"`) {
				t.Errorf("%s: %d %v", body, status, v)
			}
		}
		_, j := jobCall(t, s, http.MethodPost, "/jobs/ingest", `{"object": "Account", "operation": "insert"}`)
		id, to := j["id"].(string), "/"+j["contentUrl"].(string)
		if status, _ := jobCall(t, s, http.MethodPatch, "/jobs/ingest/"+id, `{"state": "UploadComplete"}`); status != 400 {
			t.Error("a job without data was closed")
		}
		if status, _ := send(t, s, http.MethodPut, to, "Name\nA\n"); status != http.StatusUnsupportedMediaType {
			t.Errorf("JSON upload: %d", status)
		}
		send(t, s, http.MethodPut, to, "Name\r\nA\r\n", "Content-Type", "text/csv")
		if status, _ := send(t, s, http.MethodPut, to, "Name\nA\n", "Content-Type", "text/csv"); status != 400 {
			t.Error("a second upload was taken")
		}
		if status, _ := send(t, s, http.MethodGet, "/jobs/ingest/"+id+"/successfulResults", ""); status != 400 {
			t.Error("results of an open job")
		}
		if status, _ := send(t, s, http.MethodDelete, "/jobs/ingest/"+id, ""); status != 400 {
			t.Error("an open job was deleted")
		}
		jobCall(t, s, http.MethodPatch, "/jobs/ingest/"+id, `{"state": "UploadComplete"}`)
		time.Sleep(time.Minute)
		if _, j := jobCall(t, s, http.MethodGet, "/jobs/ingest/"+id, ""); j["state"] != "Failed" || j["errorMessage"] != "ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is LF" {
			t.Errorf("%v", j)
		}
		if status, _ := send(t, s, http.MethodDelete, "/jobs/ingest/"+id, ""); status != http.StatusNoContent {
			t.Error("a failed job can be deleted")
		}
		id = ingestJob(t, s, `{"object": "Account", "operation": "insert"}`, "Name\nA\n")
		time.Sleep(time.Minute)
		jobCall(t, s, http.MethodGet, "/jobs/ingest/"+id, "")
		time.Sleep(7 * 24 * time.Hour)
		if status, _ := jobCall(t, s, http.MethodGet, "/jobs/ingest/"+id, ""); status != http.StatusNotFound {
			t.Errorf("a job of last week answers %d", status)
		}
	})
}

func TestBulkBadDays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := bulkOrg()
		var data strings.Builder
		data.WriteString("Name\n")
		for i := range 450 {
			fmt.Fprintf(&data, "A%d\n", i)
		}
		state := func(id string) jobView {
			t.Helper()
			_, j := jobCall(t, s, http.MethodGet, "/jobs/ingest/"+id, "")
			return j
		}
		insert := `{"object": "Account", "operation": "insert"}`
		s.TreatBulk(func(BulkJob) BulkTreatment { return BulkTreatment{Stick: true} })
		id := ingestJob(t, s, insert, data.String())
		time.Sleep(time.Hour)
		if j := state(id); j["state"] != "InProgress" {
			t.Errorf("stuck: %v", j)
		}
		s.ReleaseBulk()
		time.Sleep(time.Second)
		if j := state(id); j["state"] != "JobComplete" || j["numberRecordsProcessed"] != 450.0 {
			t.Errorf("released: %v", j)
		}
		for _, c := range []struct {
			treatment BulkTreatment
			state     string
		}{{BulkTreatment{StopAfter: 250, Fail: "InternalServerError : half way"}, "Failed"}, {BulkTreatment{StopAfter: 250, Abort: true}, "Aborted"}} {
			s.TreatBulk(func(BulkJob) BulkTreatment { return c.treatment })
			id = ingestJob(t, s, insert, data.String())
			time.Sleep(time.Hour)
			if j := state(id); j["state"] != c.state || j["numberRecordsProcessed"] != 250.0 {
				t.Errorf("%v", j)
			}
			if good, rest := len(result(t, s, "/jobs/ingest/"+id+"/successfulResults")), len(result(t, s, "/jobs/ingest/"+id+"/unprocessedrecords")); good != 251 || rest != 201 {
				t.Errorf("%s: %d good, %d unprocessed rows with header", c.state, good, rest)
			}
		}
		s.TreatBulk(func(BulkJob) BulkTreatment {
			return BulkTreatment{Row: func(i int) (string, string) {
				if i%2 == 1 {
					return "UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record"
				}
				return "", ""
			}}
		})
		id = ingestJob(t, s, insert, data.String())
		time.Sleep(time.Hour)
		if j := state(id); j["state"] != "JobComplete" || j["numberRecordsFailed"] != 225.0 {
			t.Errorf("half failed: %v", j)
		}
		good := result(t, s, "/jobs/ingest/"+id+"/successfulResults")[1:]
		inOrder := slices.IsSortedFunc(good, func(a, b []string) int { return len(a[2])*1000 - len(b[2])*1000 + strings.Compare(a[2], b[2]) })
		if inOrder {
			t.Error("results come in the order of the input")
		}
	})
}

func TestBulkQuery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := bulkOrg()
		account := makeRecord(t, s, "Account", `{"Name": "Parent, \"Inc\""}`)
		for i := range 7 {
			makeRecord(t, s, "Contact", fmt.Sprintf(`{"LastName": "C%d", "AccountId": %q}`, i, account))
		}
		makeRecord(t, s, "Contact", `{"LastName": "Lone"}`)
		status, j := jobCall(t, s, http.MethodPost, "/jobs/query", `{"operation": "query", "query": "SELECT LastName, Account.Name, Email FROM Contact ORDER BY LastName"}`)
		var want jobView
		recordedInto(t, "contracts/salesforce/amp-labs-connectors/bulk/read-launch-job-account.json", &want)
		if status != http.StatusOK || j["state"] != "UploadComplete" || !slices.Equal(sortedKeys(j), sortedKeys(want)) {
			t.Fatalf("%d %v", status, j)
		}
		at := "/jobs/query/" + j["id"].(string)
		if status, _ := send(t, s, http.MethodGet, at+"/results", ""); status != http.StatusBadRequest {
			t.Errorf("results before the end: %d", status)
		}
		time.Sleep(time.Minute)
		if _, j := jobCall(t, s, http.MethodGet, at, ""); j["state"] != "JobComplete" || j["numberRecordsProcessed"] != 8.0 || j["jobType"] != "V2Query" {
			t.Errorf("%v", j)
		}
		var names []string
		for locator := ""; locator != "null"; {
			w := answerOf(s, http.MethodGet, at+"/results?maxRecords=3&locator="+locator, "")
			rows, err := csv.NewReader(w.Body).ReadAll()
			if err != nil || w.Header().Get("Sforce-NumberOfRecords") != fmt.Sprint(len(rows)-1) || !slices.Equal(rows[0], []string{"LastName", "Account.Name", "Email"}) {
				t.Fatalf("%d %v %v %v", w.Code, w.Header(), rows, err)
			}
			for _, r := range rows[1:] {
				names = append(names, strings.Join(r, "/"))
			}
			locator = w.Header().Get("Sforce-Locator")
		}
		if len(names) != 8 || names[0] != `C0/Parent, "Inc"/` || names[7] != "Lone//" {
			t.Errorf("%v", names)
		}
		_, pages := jobCall(t, s, http.MethodGet, at+"/resultPages?maxRecords=1", "")
		list := pages["resultPages"].([]any)
		if len(list) != 5 || pages["done"] != false || pages["nextRecordUrl"] == nil {
			t.Errorf("%v", pages)
		}
		if status, _ := send(t, s, http.MethodGet, list[4].(map[string]any)["resultUrl"].(string), ""); status != http.StatusOK {
			t.Errorf("a result page answers %d", status)
		}
		if status, _ := send(t, s, http.MethodGet, "/services/data/v66.0"+at+"/results", ""); status != http.StatusConflict {
			t.Errorf("another version: %d", status)
		}
		for query, code := range map[string]string{
			"SELECT COUNT() FROM Contact":                       "FUNCTIONALITY_NOT_ENABLED",
			"SELECT Id, (SELECT Id FROM Contacts) FROM Account": "FUNCTIONALITY_NOT_ENABLED",
			"SELECT Id FROM Contact LIMIT 5 OFFSET 5":           "FUNCTIONALITY_NOT_ENABLED",
			"SELECT FROM":              "MALFORMED_QUERY",
			"SELECT Nope FROM Contact": "INVALID_FIELD",
		} {
			body := fmt.Sprintf(`{"operation": "query", "query": %q}`, query)
			if status, v := jobCall(t, s, http.MethodPost, "/jobs/query", body); status != 400 || !strings.Contains(fmt.Sprint(v["error"]), code) {
				t.Errorf("%s: %d %v", query, status, v)
			}
		}
	})
}
