package main

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"crosswalk/internal/web"
)

func has(t *testing.T, out string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(out, part) {
			t.Errorf("the output lacks %q:\n%s", part, out)
		}
	}
}

// TestJourney is a user's whole way: preset, apply, check, preview, approve, live, run, look.
func TestJourney(t *testing.T) {
	w := newWorld(t, "single")
	has(t, w.must("presets"), "hubspot-light/deals-to-invoices")
	has(t, w.must("presets", "hubspot-light/deals-to-invoices"), "mapping: deals-to-invoices")
	has(t, w.must("fields", "crm", "deals"), "dealstage", "amount")
	applied := w.must(append([]string{"apply"}, w.files()...)...)
	has(t, applied, "deals-to-invoices: version 1 stored, draft", "DE01") // and what names resolved to
	has(t, w.must(append([]string{"apply"}, w.files()...)...), "no change, version 1")
	has(t, w.must("check"), "opens account 62515", "marker field")
	w.must("live", "companies-to-customers", "products-to-products")

	preview := w.must("preview", "deals-to-invoices", w.deal("eur"))
	has(t, preview, w.deal("eur")+": create", "net 829.00 EUR", "invoiceDate", "2026-03-12", `date("portal")`, "through companies-to-customers")
	status, _, errs := w.x("live", "deals-to-invoices")
	has(t, errs, "no complete preview of it: crosswalk preview deals-to-invoices --save", "crosswalk pilot deals-to-invoices REF", "crosswalk approve deals-to-invoices --version 1")
	if status != exitLook {
		t.Errorf("it went live with no gate passed: status %d", status)
	}
	has(t, w.must("pilot", "deals-to-invoices", w.deal("eur")), "in pilot with version 1: created 1")
	has(t, w.must("pilot", "deals-to-contracts", w.deal("recurring")), "in pilot with version 1: created 1")
	before := w.vendors.light.Counts()
	saved := w.must("preview", "deals-to-invoices", "--save")
	plan := regexp.MustCompile(`saved as plan (\S+), digest`).FindStringSubmatch(saved)
	if plan == nil {
		t.Fatalf("no plan in:\n%s", saved)
	}
	if after := w.vendors.light.Counts(); after.Invoices != before.Invoices || after.Contracts != before.Contracts {
		t.Errorf("a preview wrote: %+v, then %+v", before, after)
	}

	if status, _, errs := w.x("run", "--plan", plan[1]); status != exitLook {
		t.Errorf("a plan that nobody approved: status %d, %s", status, errs)
	}
	has(t, w.must("approve", plan[1]), "approved by editor (approval: single)")
	if status, _, errs := w.x("run", "--plan", plan[1]); status != exitLook || !strings.Contains(errs, "crosswalk live deals-to-invoices") {
		t.Errorf("a plan of a mapping that is not live: status %d, %s", status, errs)
	}
	has(t, w.must("submit", "deals-to-invoices"), "approval of version 1 of deals-to-invoices is asked for", "missing: nobody approved it")
	has(t, w.must("notify"), "approval", "deals-to-invoices version 1", "crosswalk approve deals-to-invoices --version 1")
	has(t, w.must("approve", "deals-to-invoices"), "version 1 of deals-to-invoices, approved by editor (approval: single)", "crosswalk live deals-to-invoices")
	w.must("approve", "deals-to-contracts", "--version", "1")
	has(t, w.must("standing", "deals-to-invoices"), "previewed whole, as plan "+plan[1], "piloted with "+w.deal("eur"), "approved by editor (approval: single)")
	w.must("live", "deals-to-contracts", "deals-to-invoices")
	has(t, w.must("run", "--plan", plan[1]), "10 writes planned, 10 made, 0 refused")
	if status, _, _ := w.x("run", "--plan", plan[1]); status != exitLook {
		t.Errorf("the plan ran twice: status %d", status)
	}
	after := w.vendors.light.Counts()
	if made := after.Invoices - before.Invoices + after.Contracts - before.Contracts; made != 10 {
		t.Errorf("%d documents are there, want the plan's 10", made)
	}

	why := w.must("why", w.deal("eur"))
	has(t, why, "linked -> light:invoice-receivables/", "net 829.00 EUR", "made by deals-to-invoices version 1")
	has(t, w.must("why", w.deal("usd")), "made by deals-to-invoices version 1", "approved by editor (approval: single)")
	field := w.must("why", w.deal("eur"), "netTerms")
	has(t, field, "netTerms", "static value")
	if strings.Contains(field, "invoiceDate") {
		t.Errorf("more than the field asked for:\n%s", field)
	}
	target := regexp.MustCompile(`light:invoice-receivables/\S+`).FindString(why)
	has(t, w.must("why", target), w.deal("eur")) // a document names its deal

	if status, out, _ := w.x("run", "deals-to-invoices", w.deal("no-company")); status != exitLook {
		t.Errorf("a run that held something: status %d\n%s", status, out)
	}
	has(t, w.must("errors"), "no_company", w.deal("no-company"))
	has(t, w.must("errors", "no_company"), "no_company")
	has(t, w.must("errors", "--explain", "no_company"), "Associate a company")
	has(t, w.must("why", w.deal("no-company")), "held", "no_company", "what to do: Associate a company")

	if err := w.vendors.hubspot.Other().Associate("deals", w.vendors.hubspot.SampleID("deals/no-company"), "companies", w.vendors.hubspot.SampleID("companies/northwind")); err != nil {
		t.Fatal(err)
	}
	w.must("retry", w.deal("no-company"))
	w.idle()
	has(t, w.must("why", w.deal("no-company")), "linked -> light:invoice-receivables/")

	has(t, w.must("pause", "deals-to-invoices"), "is paused")
	if status, _, _ := w.x("run", "deals-to-invoices"); status != exitLook {
		t.Errorf("a paused mapping ran: status %d", status)
	}
	has(t, w.must("resume", "deals-to-invoices"), "goes on with version 1; 0 records waited", "stopped since")
	has(t, w.must("pause", "--all"), "deals-to-invoices is paused", "companies-to-customers is paused")
	has(t, w.must("resume", "companies-to-customers", "products-to-products", "deals-to-contracts", "deals-to-invoices"), "deals-to-contracts goes on with version 1")
	has(t, w.must("status"), "deals-to-invoices", "live", "crm is hubspot")
	has(t, w.must("runs"), "plan", "deals-to-invoices", "done")
}

// TestJSON: what a script reads is the operator API's own answer, also for errors.
func TestJSON(t *testing.T) {
	w := newWorld(t, "single")
	w.must(append([]string{"apply"}, w.files()...)...)
	var status web.Status
	if err := json.Unmarshal([]byte(w.must("status", "--json")), &status); err != nil || len(status.Mappings) != 4 {
		t.Errorf("%v, %d mappings", err, len(status.Mappings))
	}
	var plan web.Plan
	if err := json.Unmarshal([]byte(w.must("preview", "deals-to-invoices", "--save", "--json")), &plan); err != nil || !plan.Complete || plan.Rows != 30 {
		t.Errorf("%v, plan %+v", err, plan)
	}
	code, out, errs := w.x("live", "none", "--json")
	var p web.Problem
	if err := json.Unmarshal([]byte(errs), &p); err != nil || code != exitFailed || out != "" || p.Status != 404 {
		t.Errorf("status %d, %v, out %q, problem %+v", code, err, out, p)
	}
}

// TestTwoPeople: who made a plan cannot approve it, another can, and the approval names them.
func TestTwoPeople(t *testing.T) {
	w := newWorld(t, "two")
	w.must(append([]string{"apply"}, w.files()...)...)
	var plan web.Plan
	if err := json.Unmarshal([]byte(w.must("preview", "deals-to-invoices", "--save", "--json")), &plan); err != nil {
		t.Fatal(err)
	}
	if status, _, errs := w.x("approve", plan.ID); status != exitLook || !strings.Contains(errs, "cannot approve it") {
		t.Errorf("approved by its maker: status %d, %s", status, errs)
	}
	status, out, errs := w.as("finance", "approve", plan.ID, "--digest", plan.Digest)
	if status != exitDone || !strings.Contains(out, "approved by finance\n") {
		t.Errorf("status %d, %s%s", status, out, errs)
	}
}

// TestPilot writes the named deal and what it needs, and nothing else.
func TestPilot(t *testing.T) {
	w := newWorld(t, "single")
	w.must(append([]string{"apply"}, w.files()...)...)
	before := w.vendors.light.Counts()
	for _, name := range []string{"companies-to-customers", "products-to-products"} {
		if status, out, errs := w.x("pilot", name, "hubspot:"+map[string]string{"companies-to-customers": "companies", "products-to-products": "products"}[name]+"/"+
			w.vendors.hubspot.SampleID(map[string]string{"companies-to-customers": "companies/gruenwald", "products-to-products": "products/sensor"}[name])); status != exitDone {
			t.Fatalf("%s: status %d\n%s%s", name, status, out, errs)
		}
	}
	has(t, w.must("pilot", "deals-to-invoices", w.deal("eur")), "is in pilot with version 1")
	w.idle()
	after := w.vendors.light.Counts()
	if after.Invoices != before.Invoices+1 || after.Customers != before.Customers+1 || after.Contracts != before.Contracts {
		t.Errorf("before %+v, after %+v", before, after)
	}
}

// TestWonByWebhook: a deal is won at HubSpot and its invoice is at Light, by the signal and not by polling.
func TestWonByWebhook(t *testing.T) {
	w := newWorld(t, "single")
	w.must(append([]string{"apply"}, w.files()...)...)
	w.goLive()
	w.vendors.subscribe("http://" + w.product.address + "/webhooks/hubspot")
	before := w.vendors.light.Counts()
	if err := w.vendors.hubspot.Other().Win(w.vendors.hubspot.SampleID("deals/open")); err != nil {
		t.Fatal(err)
	}
	if w.vendors.hubspot.DeliverDue(t.Context(), nil) == 0 {
		t.Fatal("HubSpot had nothing to deliver")
	}
	w.idle()
	if after := w.vendors.light.Counts(); after.Invoices != before.Invoices+1 {
		t.Errorf("%d invoices, before %d\n%s", after.Invoices, before.Invoices, w.must("why", w.deal("open")))
	}
	has(t, w.must("why", w.deal("open")), "webhook")
}
