package main

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"crosswalk/internal/record"
	"crosswalk/internal/web"
)

// TestPilotListsWhatWasFilledIn: a pilot reads again what it made, and lists what the system added by itself, as text and as JSON; why tells
// it too.
func TestPilotListsWhatWasFilledIn(t *testing.T) {
	w := newWorld(t, "single")
	text, err := os.ReadFile(w.files()[0])
	if err != nil {
		t.Fatal(err)
	}
	edited := strings.Replace(string(text), "create: needed ", "create: always ", 1)
	if edited == string(text) {
		t.Fatalf("the preset has changed:\n%s", text)
	}
	w.must("apply", w.file("companies.yaml", edited))
	ref := "hubspot:companies/" + w.vendors.hubspot.SampleID("companies/gruenwald")
	has(t, w.must("pilot", "companies-to-customers", ref), "is in pilot with version 1: created 1", "light:customers/", " reads as it was written\n")
	has(t, w.must("why", ref), "match: companies-to-customers by vat_number = vatNumber, vat: the record has no value for it\n", "match: companies-to-customers by domain = domain, domain: nothing\n")

	var b bytes.Buffer
	err = (&cli{out: &b}).printFilled([]web.AuditEntry{{Target: "erp:customers/C1", Fields: []web.Field{
		{Field: "Payment_Terms", New: record.Of("Net 30"), Rule: "filled in by erp, settled as it is"},
		{Field: "Short_Name", Old: record.Of("Nordlys Energi"), New: record.Of("NORDLYS"), Rule: "changed by erp, not mapped"}}}, {Target: "erp:customers/C2", Reason: "it could not be looked at"}})
	if err != nil {
		t.Fatal(err)
	}
	has(t, strings.Join(strings.Fields(b.String()), " "), "erp:customers/C1 has what was not written by this mapping: Payment_Terms Net 30 filled in by erp, settled as it is",
		"Short_Name Nordlys Energi -> NORDLYS changed by erp, not mapped", "erp:customers/C2: it could not be looked at")
}
