package salesforcetest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// questionOrg has five accounts, A to E, with contacts below A.
func questionOrg(t *testing.T) *Sim {
	t.Helper()
	s := New(Config{})
	s.AddField("Account", Multipicklist("Colours__c", false, "red", "blue", "green"))
	rows := []map[string]any{
		{"Name": "Alpha", "Industry": "Retail", "NumberOfEmployees": 10, "AnnualRevenue": "9007199254740993", "Colours__c": "red;blue", "Description": "long"},
		{"Name": "Beta", "Industry": "retail", "NumberOfEmployees": 20, "Site": "100% sure", "Colours__c": "green"},
		{"Name": "Gamma", "Industry": "Energy", "AnnualRevenue": "9007199254740992"},
		{"Name": "Delta's \\ co", "NumberOfEmployees": 5, "Site": "100_sure"},
		{"Name": "Epsilon"},
	}
	ids, err := s.Load("Account", rows)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []string{"One", "Two"} {
		if _, err := s.Load("Contact", []map[string]any{{"LastName": n, "AccountId": ids[0], "Birthdate": "1990-01-0" + map[string]string{"One": "1", "Two": "2"}[n]}}); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func TestSOQLConditions(t *testing.T) {
	s := questionOrg(t)
	for _, c := range []struct{ where, want string }{
		{"Name = 'alpha'", "Alpha"},
		{"Name != 'Alpha' AND Industry = 'RETAIL'", "Beta"},
		{"Industry != 'Retail'", "Gamma,Delta's \\ co,Epsilon"},
		{"Industry = null", "Delta's \\ co,Epsilon"},
		{"Industry != null AND (NumberOfEmployees > 10 OR AnnualRevenue > 1)", "Alpha,Beta,Gamma"},
		{"NOT Industry = 'Retail'", "Gamma,Delta's \\ co,Epsilon"},
		{"(NOT Name LIKE '%a') AND Name LIKE '_ps%'", "Epsilon"},
		{"Name IN ('Beta','gamma')", "Beta,Gamma"},
		{"Name NOT IN ('Beta','gamma')", "Alpha,Delta's \\ co,Epsilon"},
		{`Name = 'Delta\'s \\ co'`, "Delta's \\ co"},
		{`Site LIKE '100\%%'`, "Beta"},
		{`Site LIKE '100\_%'`, "Delta's \\ co"},
		{`Site LIKE '100_%'`, "Beta,Delta's \\ co"},
		{"NumberOfEmployees >= 10", "Alpha,Beta"},
		{"NumberOfEmployees < 10", "Delta's \\ co"},
		{"AnnualRevenue = 9007199254740993", "Alpha"},
		{"AnnualRevenue > 9007199254740992", "Alpha"},
		{"Colours__c INCLUDES ('red;blue','x')", "Alpha"},
		{"Colours__c EXCLUDES ('red')", "Beta,Gamma,Delta's \\ co,Epsilon"},
		{"IsDeleted = false AND CreatedDate = TODAY", "Alpha,Beta,Gamma,Delta's \\ co,Epsilon"},
		{"CreatedDate > TODAY", ""},
		{"CreatedDate >= LAST_N_DAYS:3 AND CreatedDate < 2999-01-01T00:00:00Z", "Alpha,Beta,Gamma,Delta's \\ co,Epsilon"},
		{"Id IN (SELECT AccountId FROM Contact WHERE LastName = 'One')", "Alpha"},
		{"Id NOT IN (SELECT AccountId FROM Contact) AND Owner.Name LIKE 'sales%'", "Beta,Gamma,Delta's \\ co,Epsilon"},
		{"Account.Owner.Username = 'admin@crosswalk.example' AND Name = 'Beta'", "Beta"},
	} {
		if got := column1(t, s, "SELECT Name FROM Account WHERE "+c.where, "Name"); got != c.want {
			t.Errorf("%s gives %s, not %s", c.where, got, c.want)
		}
	}
}

func TestSOQLShapes(t *testing.T) {
	s := questionOrg(t)
	for q, want := range map[string]string{
		"select name from account order by name desc nulls last limit 2":           "Gamma,Epsilon",
		"SELECT Name FROM Account ORDER BY NumberOfEmployees, Name LIMIT 3":        "Epsilon,Gamma,Delta's \\ co",
		"SELECT Name FROM Account ORDER BY NumberOfEmployees NULLS LAST LIMIT 1":   "Delta's \\ co",
		"SELECT Name FROM Account a WHERE a.Name LIKE 'b%'":                        "Beta",
		"SELECT Name FROM Account ORDER BY Name LIMIT 2 OFFSET 3":                  "Epsilon,Gamma",
		"SELECT Name FROM Account ORDER BY SystemModstamp, Id LIMIT 1":             "Alpha",
		"SELECT Name FROM Contact WHERE Account.Name = 'Alpha' ORDER BY Birthdate": "One,Two",
	} {
		field := "Name"
		if got := column1(t, s, q, field); got != want {
			t.Errorf("%s gives %s, not %s", q, got, want)
		}
	}
	if out := ask(t, s, "SELECT COUNT() FROM Account WHERE Industry = 'retail'"); out.TotalSize != 2 || len(out.Records) != 0 || !out.Done {
		t.Errorf("COUNT(): %+v", out)
	}
	groups := ask(t, s, "SELECT Industry, COUNT(Id), SUM(NumberOfEmployees) total FROM Account GROUP BY Industry")
	if groups.TotalSize != 3 || groups.Records[2]["expr0"] != json.Number("2") || groups.Records[2]["total"] != json.Number("30.0") || groups.Records[0]["attributes"].(map[string]any)["type"] != "AggregateResult" {
		t.Errorf("GROUP BY: %+v", groups)
	}
	row := query1(t, s, "SELECT Id, (SELECT LastName FROM Contacts ORDER BY LastName DESC) FROM Account WHERE Name = 'Alpha'")
	list := row["Contacts"].(map[string]any)
	if list["totalSize"] != json.Number("2") || list["done"] != true || list["records"].([]any)[0].(map[string]any)["LastName"] != "Two" {
		t.Errorf("children: %v", list)
	}
	if row := query1(t, s, "SELECT Id, (SELECT LastName FROM Contacts) FROM Account WHERE Name = 'Beta'"); row["Contacts"] != nil {
		t.Errorf("no children: %v", row)
	}
	if row := query1(t, s, "SELECT Account.Name, Account.Owner.Name, ReportsTo.Name FROM Contact WHERE LastName = 'One'"); row["Account"].(map[string]any)["Owner"].(map[string]any)["Name"] != "Sales Admin" || row["ReportsTo"] != nil {
		t.Errorf("parents: %v", row)
	}
	all := query1(t, s, "SELECT FIELDS(ALL) FROM Contact WHERE LastName = 'One' LIMIT 1")
	if all["LastName"] != "One" || all["MailingStreet"] != nil || len(all) < 50 {
		t.Errorf("FIELDS(ALL) has %d keys", len(all))
	}
}

func TestSOQLRefusals(t *testing.T) {
	s := questionOrg(t)
	for _, c := range []struct{ q, code, message string }{
		{"SELECT Id FORM Account", "MALFORMED_QUERY", "ERROR at Row:1:Column:16\nunexpected token: 'Account'"},
		{"SELECT Id Account", "MALFORMED_QUERY", "unexpected token"},
		{"SELECT * FROM Account", "MALFORMED_QUERY", "unexpected token: '*'"},
		{"SELECT Id FROM Account WHERE", "MALFORMED_QUERY", "unexpected token: '<EOF>'"},
		{"SELECT Id FROM Account WHERE Name = 'x' AND Name = 'y' OR Name = 'z'", "MALFORMED_QUERY", "unexpected token: 'OR'"},
		{"SELECT Id FROM Account WHERE Name = 'x", "MALFORMED_QUERY", "expecting '''"},
		{`SELECT Id FROM Account WHERE Name = 'a\d'`, "MALFORMED_QUERY", "Invalid string literal"},
		{"SELECT Id FROM Account HAVING x", "MALFORMED_QUERY", "unexpected token: 'HAVING'"},
		{"SELECT toLabel(Industry) FROM Account", "MALFORMED_QUERY", "toLabel"},
		{"SELECT FIELDS(ALL) FROM Account", "MALFORMED_QUERY", "LIMIT of at most 200"},
		{"SELECT Id FROM Account LIMIT -1", "MALFORMED_QUERY", "unexpected token"},
		{"SELECT Nope FROM Account", "INVALID_FIELD", "\nSELECT Nope FROM Account\n       ^\nERROR at Row:1:Column:8\nNo such column 'Nope' on entity 'Account'."},
		{"SELECT Id, Id FROM Account", "INVALID_FIELD", "duplicate field selected: Id"},
		{"SELECT Foo.Name FROM Account", "INVALID_FIELD", "Didn't understand relationship 'Foo' in field path."},
		{"SELECT Id, (SELECT Id FROM Foos) FROM Account", "INVALID_TYPE", "Didn't understand relationship 'Foos' in FROM part of query call."},
		{"SELECT Id FROM Account WHERE NumberOfEmployees = '5'", "INVALID_FIELD", "should not be enclosed in quotes"},
		{"SELECT Id FROM Account WHERE Name = 5", "INVALID_FIELD", "must be of type string and should be enclosed in quotes"},
		{"SELECT Id FROM Account WHERE CreatedDate > 2026-01-01", "INVALID_FIELD", "must be of type dateTime"},
		{"SELECT Id FROM Account WHERE Id = 'abc'", "INVALID_QUERY_FILTER_OPERATOR", "invalid ID field: abc"},
		{"SELECT Id FROM Account WHERE Description = 'x'", "INVALID_FIELD", "field 'Description' can not be filtered in a query call"},
		{"SELECT Id FROM Account ORDER BY Description", "MALFORMED_QUERY", "can not be sorted"},
		{"SELECT Id FROM Account WHERE Industry INCLUDES ('x')", "INVALID_QUERY_FILTER_OPERATOR", "INCLUDES"},
		{"SELECT Id FROM Account OFFSET 2001", "NUMBER_OUTSIDE_VALID_RANGE", "2000"},
		{"SELECT Id FROM Account WHERE Name = '" + strings.Repeat("x", 4001) + "'", "MALFORMED_QUERY", "4000"},
	} {
		expect(t, s, http.MethodGet, soql(c.q), "", 400, c.code, c.message)
	}
	// The recorded text of an unknown object, letter by letter.
	var want []struct{ Message, ErrorCode string }
	mustJSON(t, string(recordedFile(t, "contracts/salesforce/amp-labs-connectors/unknown-object.json")), &want)
	expect(t, s, http.MethodGet, soql("SELECT Id,Name,BillingCity,IsDeleted FROM Accout"), "", 400, want[0].ErrorCode, want[0].Message)
}

func TestPaging(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Config{})
		var rows []map[string]any
		for i := range 450 {
			rows = append(rows, map[string]any{"Name": fmt.Sprintf("A%03d", i)})
		}
		ids, err := s.Load("Account", rows)
		if err != nil {
			t.Fatal(err)
		}
		if out := ask(t, s, "SELECT Id FROM Account"); !out.Done || len(out.Records) != 450 {
			t.Errorf("one page: %v %d", out.Done, len(out.Records))
		}
		out := ask(t, s, "SELECT Name FROM Account ORDER BY Name", "Sforce-Query-Options", "batchSize=50") // raised to 200
		if out.Done || out.TotalSize != 450 || len(out.Records) != 200 || !strings.HasSuffix(out.NextRecordsURL, "-200") || !strings.HasPrefix(out.NextRecordsURL, "/services/data/v67.0/query/01g") {
			t.Fatalf("the first page: %d %d %s", out.TotalSize, len(out.Records), out.NextRecordsURL)
		}
		next, names := out.NextRecordsURL, len(out.Records)
		first := next
		for next != "" {
			_, raw := send(t, s, http.MethodGet, next, "")
			var page struct {
				Done           bool
				NextRecordsURL string `json:"nextRecordsUrl"`
				Records        []map[string]any
			}
			mustJSON(t, raw, &page)
			if page.Records[0]["Name"] != fmt.Sprintf("A%03d", names) {
				t.Errorf("page begins with %v, not row %d", page.Records[0]["Name"], names)
			}
			names += len(page.Records)
			next = page.NextRecordsURL
		}
		if names != 450 {
			t.Errorf("%d rows over all pages", names)
		}
		s.AddToken("person", s.PersonID())
		expect(t, s, http.MethodGet, first, "", 400, "INVALID_QUERY_LOCATOR", "", "Authorization", "Bearer person")
		time.Sleep(49 * time.Hour)
		expect(t, s, http.MethodGet, first, "", 400, "INVALID_QUERY_LOCATOR", "")
		if err := s.Person().Delete("Account", ids[0]); err != nil {
			t.Fatal(err)
		}
		if out := ask(t, s, "SELECT COUNT() FROM Account"); out.TotalSize != 449 {
			t.Errorf("query counts %d", out.TotalSize)
		}
		if _, raw := send(t, s, http.MethodGet, "/queryAll?q=SELECT+COUNT()+FROM+Account", ""); !strings.Contains(raw, `"totalSize":450`) {
			t.Errorf("queryAll counts %s", raw)
		}
	})
}

// TestReplication checks section 9.
func TestReplication(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Config{})
		window := func(kind string, from, to time.Time) (out struct {
			IDs                   []string
			DeletedRecords        []struct{ ID, DeletedDate string }
			LatestDateCovered     string
			EarliestDateAvailable string
		}) {
			t.Helper()
			status, raw := send(t, s, http.MethodGet, "/sobjects/Account/"+kind+"/?start="+from.Format("2006-01-02T15:04:05Z")+"&end="+to.Format("2006-01-02T15:04:05")+"%2B00:00", "")
			if status != 200 {
				t.Fatalf("%s: %d %s", kind, status, raw)
			}
			mustJSON(t, raw, &out)
			return out
		}
		began := time.Now().UTC()
		old := makeRecord(t, s, "Account", `{"Name":"Old"}`)
		time.Sleep(10 * time.Minute)
		mid := time.Now().UTC()
		fresh := makeRecord(t, s, "Account", `{"Name":"New"}`)
		gone := makeRecord(t, s, "Account", `{"Name":"Gone"}`)
		if err := s.Person().Delete("Account", gone); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Minute)
		now := time.Now().UTC()
		got := window("updated", mid, now)
		if len(got.IDs) != 1 || got.IDs[0] != fresh || got.LatestDateCovered != now.Add(-time.Minute).Format(stampForm) {
			t.Errorf("updated: %+v", got)
		}
		if got := window("updated", began, mid); len(got.IDs) != 1 || got.IDs[0] != old || got.LatestDateCovered != mid.Format(stampForm) {
			t.Errorf("updated before: %+v", got)
		}
		del := window("deleted", mid, now)
		if len(del.DeletedRecords) != 1 || del.DeletedRecords[0].ID != gone || del.EarliestDateAvailable == "" {
			t.Errorf("deleted: %+v", del)
		}
		s.TrimDeleteLog()
		if del := window("deleted", mid, now); len(del.DeletedRecords) != 0 || del.EarliestDateAvailable <= mid.Format(stampForm) {
			t.Errorf("a trimmed log: %+v", del)
		}
		s.FreezeCovered(true)
		time.Sleep(time.Hour)
		if got := window("updated", mid, time.Now().UTC()); got.LatestDateCovered != now.Add(-time.Minute).Format(stampForm) {
			t.Errorf("a frozen cover: %+v", got)
		}
		for _, path := range []string{"/sobjects/Account/updated?start=2026-01-01T00:00:00Z&end=2026-01-01T00:00:30Z", "/sobjects/Account/updated?start=" + now.AddDate(0, 0, -31).Format(time.RFC3339) + "&end=" + now.Format(time.RFC3339), "/sobjects/Account/deleted?start=x&end=y"} {
			expect(t, s, http.MethodGet, path, "", 400, "INVALID_REPLICATION_DATE", "")
		}
		expect(t, s, http.MethodGet, "/sobjects/OpportunityStage/updated?start="+mid.Format(time.RFC3339)+"&end="+now.Format(time.RFC3339), "", 400, "INVALID_TYPE", "not replicateable")
	})
}

// TestLateCommit shows a change whose stamp is older than the moment at which
// readers see it.
func TestLateCommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Config{})
		id := makeRecord(t, s, "Account", `{"Name":"Before"}`)
		time.Sleep(time.Minute)
		stamp := time.Now().UTC()
		if err := s.Person().Late(3*time.Minute).Update("Account", id, map[string]any{"Name": "After"}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Person().Late(3*time.Minute).Create("Account", map[string]any{"Name": "Newcomer"}); err != nil {
			t.Fatal(err)
		}
		q := "SELECT Name FROM Account WHERE SystemModstamp >= " + stamp.Add(-time.Hour).Format("2006-01-02T15:04:05Z") + " ORDER BY Name"
		if got := column1(t, s, q, "Name"); got != "Before" {
			t.Errorf("at once: %s", got)
		}
		time.Sleep(4 * time.Minute)
		if got := column1(t, s, q, "Name"); got != "After,Newcomer" {
			t.Errorf("later: %s", got)
		}
		if got := query1(t, s, "SELECT SystemModstamp FROM Account WHERE Name = 'After'")["SystemModstamp"]; got != stamp.Format(stampForm) {
			t.Errorf("its stamp is %v", got)
		}
	})
}
