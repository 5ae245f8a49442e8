package salesforcetest

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestStampsStayInOrder mixes back-dated, repeated, rolled-back and deleted
// changes: a poller that follows SystemModstamp must see what a full look sees.
func TestStampsStayInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Config{})
		ahead, err := s.Load("Account", []map[string]any{{"Name": "Ahead", "CreatedDate": "2035-01-01T00:00:00Z"}, {"Name": "Past", "CreatedDate": "1999-01-01T00:00:00Z"}})
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for i := range 40 {
			time.Sleep(time.Minute)
			ids = append(ids, makeRecord(t, s, "Account", fmt.Sprintf(`{"Name":"A%02d"}`, i)))
			if err := s.Person().Update("Account", ids[i/2], map[string]any{"Site": fmt.Sprint(i)}); err != nil {
				t.Fatal(err)
			}
			first := ahead[1]
			if i > 0 {
				first = ids[i/3]
			}
			body := `{"allOrNone":true,"records":[{"attributes":{"type":"Account"},"id":"` + first + `","Site":"never"},{"attributes":{"type":"Account"},"id":"` + ids[i] + `","Nope":1}]}`
			if rows := rowsOf(t, s, http.MethodPatch, "/composite/sobjects", body); codes(rows) != "ALL_OR_NONE_OPERATION_ROLLED_BACK INVALID_FIELD" {
				t.Fatal(codes(rows))
			}
			if i%7 == 6 {
				if err := s.Person().Delete("Account", makeRecord(t, s, "Account", `{"Name":"Gone"}`)); err != nil {
					t.Fatal(err)
				}
			}
		}
		if got := column1(t, s, "SELECT Name FROM Account ORDER BY Name", "Name"); strings.Count(got, ",") != 42-1 {
			t.Fatalf("%s", got)
		}
		for _, back := range []time.Duration{0, 3 * time.Minute, 17 * time.Minute, time.Hour, 40 * 365 * 24 * time.Hour} {
			from := time.Now().UTC().Add(-back).Format("2006-01-02T15:04:05Z")
			polled := column1(t, s, "SELECT Name FROM Account WHERE SystemModstamp >= "+from+" ORDER BY SystemModstamp, Name LIMIT 2000", "Name")
			full := column1(t, s, "SELECT Name FROM Account WHERE NOT SystemModstamp < "+from+" ORDER BY SystemModstamp, Name", "Name")
			if polled != full {
				t.Errorf("since %s the poller sees %s, a full look %s", from, polled, full)
			}
		}
		if r, _ := s.Get("Account", ahead[0]); r.SystemModstamp.Year() != 2035 {
			t.Errorf("a stamp ahead: %v", r.SystemModstamp)
		}
		for _, r := range s.All("Account") {
			if r.Text("Site") == "never" {
				t.Error("a rolled-back value stays")
			}
		}
	})
}
