package transform_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"crosswalk/internal/transform"
)

// A rule is the fields two records must agree in, each "field:comparison".
type rule []string

// keysOf gives each record's key by a rule, "" where one of its fields has none.
func (rule rule) keysOf(t *testing.T, records []map[string]string) []string {
	keys := make([]string, len(records))
	for _, part := range rule {
		field, compare, _ := strings.Cut(part, ":")
		c, err := set.Comparison(compare)
		if err != nil {
			t.Fatal(err)
		}
		for i, r := range records {
			switch k := c.Key(r[field]); {
			case k == "" || keys[i] == "-":
				keys[i] = "-"
			default:
				keys[i] += k + "\x01"
			}
		}
	}
	for i := range keys {
		if keys[i] == "-" {
			keys[i] = ""
		}
	}
	return keys
}

// pairsOf counts pairs of records that one of the rules joins, those among them that the answer key joins, and all that
// the answer key joins.
func pairsOf(t *testing.T, records []map[string]string, truth []string, rules ...rule) (found, right, wanted int) {
	var keys [][]int // 0 is none
	for _, r := range rules {
		numbers := map[string]int{"": 0}
		var numbered []int
		for _, k := range r.keysOf(t, records) {
			if _, known := numbers[k]; !known {
				numbers[k] = len(numbers)
			}
			numbered = append(numbered, numbers[k])
		}
		keys = append(keys, numbered)
	}
	joined := func(i, j int) bool {
		for _, k := range keys {
			if k[i] != 0 && k[i] == k[j] {
				return true
			}
		}
		return false
	}
	for i := range records {
		for j := range i {
			same := truth[i] == truth[j]
			if same {
				wanted++
			}
			if joined(i, j) {
				found++
				if same {
					right++
				}
			}
		}
	}
	return found, right, wanted
}

// TestOrganisationsAgainstTheirAnswerKey: real records of organisations with their true ids. Deterministic keys find what
// is written alike; what they join must be right, since one hit links by itself. The floors are what the answer key gives:
// they may only rise.
func TestOrganisationsAgainstTheirAnswerKey(t *testing.T) {
	all := rows(t, "identity/duplicates_orgs_true_ids.csv")
	if len(all) != 3337 {
		t.Fatalf("%d records", len(all))
	}
	truth := make([]string, len(all))
	for i, r := range all {
		truth[i] = r["True Id"]
	}
	name, company := rule{"Site name:name"}, rule{"Site name:company"}
	for _, c := range []struct {
		name              string
		rules             []rule
		precision, recall float64
	}{
		{"exact", []rule{{"Site name:exact"}}, 0.93, 0.21},
		{"name", []rule{name}, 0.92, 0.34},
		{"company", []rule{company}, 0.91, 0.35},
		{"address", []rule{{"Address:name"}}, 0.98, 0.42},
		{"company and phone", []rule{{"Site name:company", `Phone:phone("US")`}}, 0.97, 0.30},
		{"company and address", []rule{{"Site name:company", "Address:name"}}, 0.99, 0.26},
		{"company and phone, then address and phone", []rule{{"Site name:company", `Phone:phone("US")`}, {"Address:name", `Phone:phone("US")`}}, 0.97, 0.42},
		{"any of company, address, phone", []rule{company, {"Address:name"}, {`Phone:phone("US")`}}, 0.83, 0.85},
	} {
		found, right, wanted := pairsOf(t, all, truth, c.rules...)
		precision, recall := float64(right)/float64(max(found, 1)), float64(right)/float64(wanted)
		t.Logf("%-45s %4d of %4d found are right (%.3f); of %d wanted %.3f", c.name, right, found, precision, wanted, recall)
		if precision < c.precision || recall < c.recall {
			t.Errorf("%s: precision %.3f, want %.2f; recall %.3f, want %.2f", c.name, precision, c.precision, recall, c.recall)
		}
	}
}

// TestPeopleAgainstTheirAnswerKey: 500 people, each once with slips of the pen (FEBRL dataset 1).
func TestPeopleAgainstTheirAnswerKey(t *testing.T) {
	var all []map[string]string
	for _, r := range rows(t, "identity/febrl_dataset1.csv") {
		trimmed := map[string]string{}
		for name, v := range r {
			trimmed[strings.TrimSpace(name)] = strings.TrimSpace(v)
		}
		all = append(all, trimmed)
	}
	truth := make([]string, len(all))
	for i, r := range all {
		truth[i] = strings.Split(r["rec_id"], "-")[1]
	}
	for _, c := range []struct {
		name              string
		rules             []rule
		precision, recall float64
	}{
		{"number", []rule{{"soc_sec_id:vat"}}, 1, 0.90},
		{"names and birthday", []rule{{"given_name:name", "surname:name", "date_of_birth:exact"}}, 1, 0.40},
		{"number, then names and birthday, then surname and address", []rule{{"soc_sec_id:vat"}, {"given_name:name", "surname:name", "date_of_birth:exact"}, {"surname:name", "street_number:exact", "address_1:name"}}, 1, 0.94},
		{"surname alone", []rule{{"surname:name"}}, 0.18, 0.63}, // several hit: such a rule holds
	} {
		found, right, wanted := pairsOf(t, all, truth, c.rules...)
		precision, recall := float64(right)/float64(max(found, 1)), float64(right)/float64(wanted)
		t.Logf("%-60s %4d of %4d found are right (%.3f); of %d wanted %.3f", c.name, right, found, precision, wanted, recall)
		if wanted != 500 || precision < c.precision || recall < c.recall {
			t.Errorf("%s: precision %.3f, want %.2f; recall %.3f, want %.2f", c.name, precision, c.precision, recall, c.recall)
		}
	}
}

// TestFreeMailNeverMatches: no domain of the two lists is the key of a company, in any form a record may hold it; domains of
// institutions are.
func TestFreeMailNeverMatches(t *testing.T) {
	var free []string
	text, err := os.ReadFile(shared(t, "domains/free_email_domains.json"))
	if err == nil {
		err = json.Unmarshal(text, &free)
	}
	if err != nil || len(free) < 13_000 {
		t.Fatal(len(free), err)
	}
	for _, r := range rows(t, "domains/disposable_email_domains.csv") {
		free = append(free, r["domain"])
	}
	domain, err := set.Comparison("domain")
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range free {
		if transform.RegistrableDomain(d) == "" {
			continue // za.com: others register their domains below it
		}
		for _, form := range []string{d, "info@" + d, "https://www." + strings.ToUpper(d) + "/x"} {
			if key := domain.Key(form); key != "" {
				t.Fatalf("%q matches by %q", form, key)
			}
		}
	}
	var institutions []struct {
		Domains []string `json:"domains"`
	}
	if text, err = os.ReadFile(shared(t, "identity/universities_domains.json")); err == nil {
		err = json.Unmarshal(text, &institutions)
	}
	if err != nil {
		t.Fatal(err)
	}
	n, without := 0, 0
	for _, u := range institutions {
		for _, d := range u.Domains {
			if n++; domain.Key("https://"+d) == "" {
				without++
			}
		}
	}
	if n < 10_000 || without*100 > n {
		t.Errorf("%d of %d domains of institutions match nothing", without, n)
	}
}
