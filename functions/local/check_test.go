package main

import (
	"encoding/json"
	"encoding/xml"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"crosswalk/internal/connector/hubspot/hubspottest"
	"crosswalk/internal/web"
)

// TestCheck: of everything, of one mapping, of files that nobody applied; and the files it writes for the accounts.
func TestCheck(t *testing.T) {
	w := newWorld(t, "single")
	w.must(append([]string{"apply"}, w.files()...)...)
	has(t, w.must("check"), "opens account 62515", "marker field")
	out := w.must("check", "--mapping", "companies-to-customers", "--sample", "50", "--dry")
	has(t, out, "FILLED, IN %", "hubspot/companies: 2 records in one group have the same domain", "fewer than 80 % of all 12 companies", "first load to light/customers")
	if status, _, errs := w.x("check", "--mapping", "none"); status != exitFailed || !strings.Contains(errs, "none") {
		t.Errorf("a mapping that is not there: status %d, %s", status, errs)
	}
	draft := w.file("draft.yaml", `mapping: draft
slot: other
a: { connection: billing, object: customers }
b: { connection: crm, object: companies }
a_to_b: true
fields:
  - { a: name, b: billing_name }
`)
	dir := filepath.Join(w.data, "accounts")
	status, out, errs := w.x("check", draft, "--emit", dir)
	if status != exitLook {
		t.Fatalf("status %d, want %d\n%s%s", status, exitLook, out, errs)
	}
	has(t, out, "billing_name", filepath.Join("hubspot", "properties", "companies.json"), "app-hsmeta.json")
	if _, list, _ := w.x("status", "--json"); strings.Contains(list, `"draft"`+`,`) && strings.Contains(list, `"name": "draft"`) {
		t.Error("a document that was looked at was stored")
	}

	body, err := os.ReadFile(filepath.Join(dir, "hubspot", "properties", "companies.json"))
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.vendors.hubspotURL+"/crm/properties/2026-09/companies/batch/create", strings.NewReader(string(body)))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+hubspottest.UserToken)
	r.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusCreated {
		t.Errorf("HubSpot takes the definitions with %d", answer.StatusCode)
	}
	if _, out, _ = w.x("check", draft, "--json"); strings.Contains(out, `"missing": [{`) || strings.Contains(out, "billing_name\\\"") {
		t.Errorf("the property is there and still missed: %s", out)
	}
	if err := os.WriteFile(filepath.Join(dir, "hubspot", "hsproject.json"), []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if status, _, errs := w.x("check", "--emit", dir); status != exitUsage || !strings.Contains(errs, "nothing was written") {
		t.Errorf("a file of somebody's was written over: status %d, %s", status, errs)
	}
}

// TestDuplicates: the sample has companies of one domain; they are listed once, with both addresses.
func TestDuplicates(t *testing.T) {
	w := newWorld(t, "single")
	w.must(append([]string{"apply"}, w.files()...)...)
	user := w.vendors.hubspot.User()
	for _, domain := range []string{"twice-here.example", "www.twice-here.example"} {
		if _, err := user.Create("companies", map[string]string{"name": "Twice Here", "domain": domain}); err != nil {
			t.Fatal(err)
		}
	}
	var got web.Duplicates
	if err := json.Unmarshal([]byte(w.must("duplicates", "companies-to-customers", "--side", "a", "--json")), &got); err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, g := range got.Groups {
		if len(g.Refs) < 2 || len(g.URLs) != len(g.Refs) {
			t.Errorf("%+v", g)
		}
		for _, r := range w.vendors.hubspot.Find("companies", "name", "Twice Here") {
			if g.Rule == "domain" && strings.HasSuffix(g.Refs[0].String()+" "+g.Refs[len(g.Refs)-1].String(), "/"+r.ID) {
				found++
			}
		}
	}
	if found != 1 || got.Read == 0 {
		t.Errorf("%d groups end with one of the two: %+v", found, got)
	}
	has(t, w.must("duplicates", "companies-to-customers"), "records were read", "hubspot:companies/")
	if status, _, errs := w.x("duplicates", "deals-to-invoices"); status != exitLook || !strings.Contains(errs, "no match rules") {
		t.Errorf("of a mapping without match rules: status %d, %s", status, errs)
	}
}

// TestDefinitions: each type of ours is one that HubSpot and Salesforce have, and names that cannot be made are not defined.
func TestDefinitions(t *testing.T) {
	choice := []web.Option{{Value: "gold", Label: "Gold & more"}, {Value: "silver"}}
	for _, c := range []struct{ kind, hubspot, field, salesforce string }{
		{"text", "string", "text", "<type>Text</type>"}, {"number", "number", "number", "<scale>4</scale>"}, {"integer", "number", "number", "<scale>0</scale>"},
		{"bool", "bool", "booleancheckbox", "<type>Checkbox</type>"}, {"date", "date", "date", "<type>Date</type>"}, {"datetime", "datetime", "date", "<type>DateTime</type>"},
		{"enum", "enumeration", "select", "<label>Gold &amp; more</label>"}, {"multi", "enumeration", "checkbox", "<type>MultiselectPicklist</type>"},
	} {
		m := web.MissingField{System: "hubspot", Object: "contacts", Name: "tier", Label: "Tier", Type: c.kind, Mapping: "people", MaxLength: 65536}
		if c.kind == "enum" || c.kind == "multi" {
			m.Options = choice
		}
		var property struct{ Inputs []hubspotProperty }
		if err := json.Unmarshal([]byte(definitions("hubspot", []web.MissingField{m})["properties/contacts.json"]), &property); err != nil {
			t.Fatal(err)
		}
		if p := property.Inputs[0]; p.Type != c.hubspot || p.FieldType != c.field || p.GroupName != "contactinformation" {
			t.Errorf("%s: %+v", c.kind, p)
		}
		m.System, m.Object, m.Name = "salesforce", "Task", "Tier__c"
		text := definitions("salesforce", []web.MissingField{m})["force-app/main/default/objects/Activity/fields/Tier__c.field-meta.xml"]
		if err := xml.Unmarshal([]byte(text), new(struct{})); err != nil || !strings.Contains(text, c.salesforce) || strings.Contains(text, "65536") {
			t.Errorf("%s: %v\n%s", c.kind, err, text)
		}
	}
	for _, c := range []struct {
		system, name string
		want         bool
	}{{"hubspot", "sales_region", true}, {"hubspot", "hs_region", false}, {"hubspot", "Region", false}, {"salesforce", "Region__c", true}, {"salesforce", "Region", false}, {"light", "region", false}} {
		if got := definable(web.MissingField{System: c.system, Name: c.name}); got != c.want {
			t.Errorf("%s %s: %v", c.system, c.name, got)
		}
	}
}
