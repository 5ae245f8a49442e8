package salesforcetest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestIDs checks the checksum with every id of the recordings: all but a handful
// of hand-made ones pass, as the fact sheet says.
func TestIDs(t *testing.T) {
	recordedFile(t, "contracts/salesforce/README.md") // skips without the shared material
	dir := os.Getenv("CROSSWALK_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "..", "..", "shared")
	}
	word := regexp.MustCompile(`\b[0a][0-9A-Za-z]{17}\b`)
	seen := map[string]bool{}
	good := 0
	err := filepath.Walk(filepath.Join(dir, "contracts", "salesforce"), func(path string, info os.FileInfo, err error) error {
		if err != nil || info.IsDir() || strings.HasSuffix(path, "README.md") {
			return err
		}
		raw, err := os.ReadFile(path)
		for _, id := range word.FindAllString(string(raw), -1) {
			if !seen[id] {
				seen[id] = true
				if full, valid := ID18(id[:15]); valid && full == id {
					good++
				}
			}
		}
		return err
	})
	if err != nil || good < 390 || len(seen)-good > 8 {
		t.Errorf("%d of %d recorded ids have the right checksum: %v", good, len(seen), err)
	}
	for in, want := range map[string]string{
		"001ak00000OQTie":    "001ak00000OQTieAAH",
		"001ak00000OQTieAAH": "001ak00000OQTieAAH",
		"001ak00000oqtieaah": "001ak00000OQTieAAH",
		"001AK00000OQTIEAAH": "001ak00000OQTieAAH",
		"001ak00000OQTi":     "", "001ak00000OQTie!AH": "", "001ak00000OQTieAA9": "", "": "",
	} {
		if got, valid := ID18(in); got != want || valid != (want != "") {
			t.Errorf("ID18(%q) is %q, not %q", in, got, want)
		}
	}
}

func TestVersions(t *testing.T) {
	s := New(Config{})
	r := answerOf(s, http.MethodGet, "/services/data/", "", "Authorization", "")
	var list []struct{ Label, URL, Version string }
	mustJSON(t, r.Body.String(), &list)
	last := list[len(list)-1]
	if r.Code != 200 || last.Version != "67.0" || last.URL != "/services/data/v67.0" || last.Label != "Summer '26" {
		t.Errorf("%d %+v", r.Code, last)
	}
	for label, version := range map[string]string{"Winter '26": "65.0", "Spring '26": "66.0", "Summer '25": "64.0"} {
		found := false
		for _, v := range list {
			found = found || v.Label == label && v.Version == version
		}
		if !found {
			t.Errorf("%s is not %s", label, version)
		}
	}
	if status, raw := send(t, s, http.MethodGet, "/services/data/v67.0", ""); status != 200 || !strings.Contains(raw, `"sobjects":"/services/data/v67.0/sobjects"`) {
		t.Errorf("%d %s", status, raw)
	}
}

func TestSample(t *testing.T) {
	for _, cfg := range []Config{{Seed: 1}, {MultiCurrency: true, StateCountry: StateCountryOn, PersonAccounts: true, Discounts: true}} {
		s := New(cfg)
		s.Sample()
		won := ask(t, s, "SELECT Id, Name, Amount, (SELECT Id FROM OpportunityLineItems) FROM Opportunity WHERE IsWon = true")
		want := 0
		for _, d := range SampleDeals() {
			if s.SampleID("opportunities/"+d.Key) != "" && d.Won {
				want++
			}
		}
		if won.TotalSize != want || want < 12 {
			t.Errorf("%d won opportunities, not %d", won.TotalSize, want)
		}
		for _, r := range won.Records {
			if r["Amount"] == nil {
				t.Errorf("%s has no amount", r["Name"])
			}
		}
		if r, _ := s.Get("Opportunity", s.SampleID("opportunities/several")); r.Text("Amount") != "2659.88" {
			t.Errorf("the sum of lines is %s", r.Text("Amount"))
		}
		if len(s.Log()) != 0 {
			t.Error("the sample leaves a journal")
		}
	}
	a, b := New(Config{Seed: 9}), New(Config{Seed: 9})
	a.Sample()
	b.Sample()
	if a.SampleID("accounts/northwind") != b.SampleID("accounts/northwind") || a.OrgID() != b.OrgID() {
		t.Error("the same seed gives other ids")
	}
	if c := New(Config{Seed: 10}); c.OrgID() == a.OrgID() {
		t.Error("another seed gives the same org")
	}
}

// TestRecordedLimits has the shape and the shared names of the recorded /limits.
func TestRecordedLimits(t *testing.T) {
	var want, got map[string]any
	mustJSON(t, string(recordedFile(t, "contracts/salesforce/apache-camel/limits-developer-edition.json")), &want)
	_, raw := send(t, New(Config{}), http.MethodGet, "/limits", "")
	mustJSON(t, raw, &got)
	for _, name := range []string{"DailyApiRequests", "DataStorageMB", "FileStorageMB", "SingleEmail", "ConcurrentSyncReportRuns"} {
		for _, d := range shapes(name, want[name], got[name]) {
			t.Error(d)
		}
	}
}

// TestManyRecords loads 30,000 accounts, pages through them by stamp and reads
// one by external id: none of it may take long.
func TestManyRecords(t *testing.T) {
	if testing.Short() {
		t.Skip("30,000 records")
	}
	s := New(Config{})
	s.AddField("Account", ExternalID("Ext__c", 40))
	rows := make([]map[string]any, 30_000)
	for i := range rows {
		rows[i] = map[string]any{"Name": fmt.Sprintf("Account %d", i), "Ext__c": fmt.Sprintf("E-%d", i), "BillingCity": "Oslo", "CreatedDate": fmt.Sprintf("2026-01-%02dT%02d:00:00Z", 1+i/2000, i%24)}
	}
	ids, err := s.Load("Account", rows)
	if err != nil || len(ids) != len(rows) {
		t.Fatal(err)
	}
	seen, after, calls := 0, "2026-01-01T00:00:00Z", 0
	last := ""
	for {
		q := "SELECT Id, Name, SystemModstamp FROM Account WHERE SystemModstamp >= " + after + " ORDER BY SystemModstamp, Id LIMIT 2000"
		if last != "" {
			q = "SELECT Id, Name, SystemModstamp FROM Account WHERE SystemModstamp > " + after + " OR (SystemModstamp = " + after + " AND Id > '" + last + "') ORDER BY SystemModstamp, Id LIMIT 2000"
		}
		out := ask(t, s, q)
		calls++
		seen += len(out.Records)
		if len(out.Records) < 2000 {
			break
		}
		tail := out.Records[1999]
		after, last = strings.Replace(tail["SystemModstamp"].(string), ".000+0000", "Z", 1), tail["Id"].(string)
	}
	if seen != 30_000 || calls != 16 {
		t.Errorf("%d rows in %d calls", seen, calls)
	}
	pages, next := 0, ask(t, s, "SELECT Id FROM Account").NextRecordsURL
	for next != "" {
		var page struct {
			NextRecordsURL string `json:"nextRecordsUrl"`
		}
		_, raw := send(t, s, http.MethodGet, next, "")
		mustJSON(t, raw, &page)
		next = page.NextRecordsURL
		pages++
	}
	if pages != 14 {
		t.Errorf("%d further pages", pages)
	}
	_, raw := send(t, s, http.MethodGet, "/sobjects/Account/Ext__c/E-27777?fields=Name", "")
	var one map[string]any
	if err := json.Unmarshal([]byte(raw), &one); err != nil || one["Name"] != "Account 27777" {
		t.Errorf("%s", raw)
	}
}
