package app

import (
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"crosswalk/internal/engine"
)

// Data that nobody here wrote: both CRMs are loaded with it, and what must come of it is read off the data's own answer keys.

// sharedRows reads a CSV file of the shared data, as rows by column name; blanks around names and values are taken off.
func sharedRows(t *testing.T, path ...string) []map[string]string {
	t.Helper()
	root := os.Getenv("CROSSWALK_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared")
	}
	f, err := os.Open(filepath.Join(append([]string{root, "data"}, path...)...))
	if err != nil {
		if os.Getenv("CROSSWALK_REQUIRE_SHARED") == "1" {
			t.Fatal(err)
		}
		t.Skip("no shared data: ", err)
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.FieldsPerRecord, r.LazyQuotes = -1, true
	lines, err := r.ReadAll()
	if err != nil || len(lines) < 2 {
		t.Fatal(path, len(lines), err)
	}
	var out []map[string]string
	for _, line := range lines[1:] {
		row := map[string]string{}
		for n, name := range lines[0] {
			if v := strings.TrimSpace(line[n]); v != "NULL" {
				row[strings.TrimSpace(name)] = v
			}
		}
		out = append(out, row)
	}
	return out
}

// twins lists a mapping's duplicates of one side by one rule: the sizes of the groups.
func (w *world) twins(name, side, rule string) []int {
	w.t.Helper()
	groups := map[string]int{}
	for ask := (engine.DuplicateAsk{Mapping: name, Side: side}); ; {
		page, err := w.Engine.Duplicates(w.t.Context(), ask)
		w.ok(err)
		for _, g := range page.Groups {
			if g.Rule == rule {
				groups[g.Refs[0].String()] = max(groups[g.Refs[0].String()], len(g.Refs))
			}
		}
		if ask.After = page.Next; page.Next == "" {
			break
		}
	}
	var out []int
	for _, n := range groups {
		out = append(out, n)
	}
	slices.Sort(out)
	return out
}

// TestNorthwindCustomers: the customers of each country, every second one in HubSpot already. They are linked or made once; numbers
// are brought into one form as the answer key says, and what is no number is kept as it was written.
func TestNorthwindCustomers(t *testing.T) {
	customers := sharedRows(t, "crm", "northwind", "customers.csv")
	key := map[string]map[string]string{}
	byRegion := map[string][]map[string]string{}
	for _, row := range sharedRows(t, "expected", "northwind_customer_phone_e164.csv") {
		key[row["customerID"]] = row
	}
	for _, c := range customers {
		byRegion[key[c["customerID"]]["region"]] = append(byRegion[key[c["customerID"]]["region"]], c)
	}
	seen, formed, kept := 0, 0, 0
	for region, list := range byRegion {
		s := pairWorld(strings.Replace(pairAccounts, "b: phone }", fmt.Sprintf("b: phone, transform: 'phone_e164(%q)' }", region), 1))
		s.Draft = true
		pair(t, s, func(w *world) {
			ids := map[string]string{}
			for n, c := range list {
				domain := strings.ToLower(c["customerID"]) + ".example"
				ids[domain] = w.sfCreate("Account", values("Name", c["companyName"], "Website", "http://www."+domain, "Phone", c["phone"], "BillingStreet", c["address"], "BillingCity", c["city"], "BillingPostalCode", c["postalCode"]))
				if n%2 == 0 {
					w.hub("companies", "name", c["companyName"], "domain", domain)
				}
			}
			w.live()
			w.later()
			if got := len(w.alive("companies")); got != len(list) || w.Salesforce.Count("Account") != len(list) {
				t.Errorf("%s: %d companies, %d accounts of %d customers%s", region, got, w.Salesforce.Count("Account"), len(list), w.story())
			}
			for _, c := range list {
				k := key[c["customerID"]]
				r := w.inHub("companies", "domain", strings.ToLower(c["customerID"])+".example")
				want := c["phone"]
				if k["valid"] == "true" {
					want, formed = k["e164"], formed+1
				} else {
					kept++
				}
				if got := r.Properties["phone"]; got != want && (k["valid"] == "true" || k["possible"] != "true" || got != k["e164"]) {
					t.Errorf("%s %s: phone %q, want %q", region, c["customerID"], got, want)
				}
				if r.Properties["name"] != c["companyName"] || r.Properties["address"] != c["address"] || r.Properties["city"] != c["city"] || r.Properties["zip"] != c["postalCode"] {
					t.Errorf("%s: %v", c["customerID"], r.Properties)
				}
				seen++
			}
			if n := len(w.errors("")); n != 0 {
				t.Errorf("%s: sync errors:%s", region, w.story())
			}
			w.quiet(time.Hour)
		})
	}
	if seen != 91 || formed != 48 || kept != 43 {
		t.Errorf("%d customers, %d numbers formed, %d others; want 91, 48, 43", seen, formed, kept)
	}
}

// TestFivetranExports: what two real accounts held (names are hashes; what was deleted meanwhile is loaded too). Whatever stands on one side is made on the other, once; accounts
// that share a web site are listed, and the second of them is a person's to decide about.
func TestFivetranExports(t *testing.T) {
	companies := sharedRows(t, "crm", "hubspot_export", "company_data.csv")
	contacts := sharedRows(t, "crm", "hubspot_export", "contact_data.csv")
	accounts := sharedRows(t, "crm", "salesforce_export", "sf_account_data.csv")
	s := pairWorld()
	s.Draft = true
	pair(t, s, func(w *world) {
		site := func(hash string) string {
			if hash == "" {
				return ""
			}
			return fmt.Sprintf("x%x.example", hash[:12])
		}
		for _, c := range companies {
			w.hub("companies", "name", c["property_name"], "address", c["property_address"], "city", c["property_city"], "country", c["property_country"])
		}
		for _, c := range contacts {
			w.hub("contacts", "email", c["property_email"]+"@export.example", "firstname", c["property_firstname"], "lastname", c["property_lastname"])
		}
		alive, bySite := 0, map[string]int{}
		for _, a := range accounts {
			alive++
			if a["website"] != "" {
				bySite[a["website"]]++
			}
			w.sfCreate("Account", values("Name", a["name"], "Website", site(a["website"]), "Phone", a["phone"]))
		}
		var shared []int
		second := 0
		for _, n := range bySite {
			if n > 1 {
				shared, second = append(shared, n), second+n-1
			}
		}
		slices.Sort(shared)
		if got := w.twins("accounts", "a", "Website"); !slices.Equal(got, shared) {
			t.Errorf("duplicates %v, want %v", got, shared)
		}
		w.live()
		w.later()
		w.later()
		if got, want := len(w.alive("companies")), len(companies)+alive-second; got != want {
			t.Errorf("%d companies, want %d%s", got, want, w.story())
		}
		if got, want := w.Salesforce.Count("Account"), len(companies)+alive; got != want {
			t.Errorf("%d accounts, want %d%s", got, want, w.story())
		}
		if got := w.Salesforce.Count("Contact"); got != len(contacts) || len(w.alive("contacts")) != len(contacts) {
			t.Errorf("%d contacts in Salesforce, %d in HubSpot, want %d%s", got, len(w.alive("contacts")), len(contacts), w.story())
		}
		if n := len(w.errors("")); n != second {
			t.Errorf("%d sync errors, want %d:%s", n, second, w.story())
		}
		if alive != 10 || !slices.Equal(shared, []int{2}) {
			t.Errorf("%d accounts, shared sites %v: it is not the export that this test was written for", alive, shared)
		}
		w.quiet(2 * time.Hour)
	})
}

// TestFebrlPeople: 500 people in Salesforce, and their 500 doubles, with slips, in HubSpot. The answer key is the number in rec_id; the
// social security number, which 450 doubles have right, stands in the address they are matched by.
func TestFebrlPeople(t *testing.T) {
	rows := sharedRows(t, "identity", "febrl_dataset1.csv")
	address := func(r map[string]string) string { return r["soc_sec_id"] + "@febrl.example" }
	name := func(r map[string]string) string {
		return strings.TrimSpace(r["surname"] + " " + strings.Split(r["rec_id"], "-")[1])
	}
	number := func(last string) string { return last[strings.LastIndex(last, " ")+1:] }
	t.Run("both sides", func(t *testing.T) {
		s := pairWorld(fewFields)
		s.Draft = true
		pair(t, s, func(w *world) {
			for _, r := range rows {
				if strings.HasSuffix(r["rec_id"], "-org") {
					w.sfCreate("Contact", values("LastName", name(r), "Email", address(r)))
				} else {
					w.hub("contacts", "lastname", name(r), "email", address(r))
				}
			}
			w.live()
			w.later()
			if a, b := w.Salesforce.Count("Contact"), len(w.alive("contacts")); a != 550 || b != 550 {
				t.Errorf("%d in Salesforce, %d in HubSpot, want 550 (450 linked, 50 each way)%s", a, b, w.story())
			}
			wrong := 0
			for _, r := range w.alive("contacts") {
				if sf := w.inSf("Contact", "Email", r.Properties["email"]); number(sf.Text("LastName")) != number(r.Properties["lastname"]) {
					wrong++
				}
			}
			if n := len(w.errors("")); n != 0 || wrong != 0 {
				t.Errorf("%d pairs of two people, sync errors:%s", wrong, w.story())
			}
			w.quiet(time.Hour)
		})
	})
	t.Run("one side", func(t *testing.T) {
		s := pairWorld(fewFields)
		s.Draft = true
		pair(t, s, func(w *world) {
			for _, r := range rows {
				w.sfCreate("Contact", values("LastName", name(r), "Email", address(r)))
			}
			if got := w.twins("contacts", "a", "Email"); len(got) != 450 || got[0] != 2 || got[449] != 2 {
				t.Errorf("%d groups of duplicates, want 450 of two", len(got))
			}
		})
	})
}
