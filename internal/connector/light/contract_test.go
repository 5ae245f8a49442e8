package light_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"crosswalk/internal/connector/light"
)

// openAPI reads Light's own API document; nothing here wrote it.
func openAPI(t *testing.T) map[string]map[string]any {
	t.Helper()
	shared := os.Getenv("CROSSWALK_SHARED")
	if shared == "" {
		shared = filepath.Join("..", "..", "..", "..", "shared")
	}
	raw, err := os.ReadFile(filepath.Join(shared, "contracts", "light", "light-openapi-original.json"))
	if err != nil && os.Getenv("CROSSWALK_REQUIRE_SHARED") == "1" {
		t.Fatal(err)
	}
	if err != nil {
		t.Skip("Light's API document is not here: ", err)
	}
	var doc struct {
		Components struct {
			Schemas map[string]struct {
				Properties map[string]any
			}
		}
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	out := map[string]map[string]any{}
	for name, s := range doc.Components.Schemas {
		out[name] = s.Properties
	}
	return out
}

// TestPatchableIsLightsOwn: what we let a PATCH carry is what Light's document lets it carry, no more and no less.
func TestPatchableIsLightsOwn(t *testing.T) {
	schemas := openAPI(t)
	for object, schema := range map[string]string{
		"customers": "ExternalUpdateCustomerRequestV1Model", "products": "ExternalUpdateProductRequestV1Model",
		"invoice-receivables": "ExternalUpdateInvoiceReceivableRequestV1Model", "contracts": "ExternalUpdateContractRequestV1Model",
		"invoice-receivables/lines": "ExternalUpdateInvoiceReceivableLineRequestV1Model", "contracts/lines": "ExternalUpdateContractLineRequestV1Model",
	} {
		var want, got []string
		for name := range schemas[schema] {
			if name != "customProperties" {
				want = append(want, name)
			}
		}
		for _, name := range light.Patchable(object) {
			top, _, _ := strings.Cut(name, ".")
			if !slices.Contains(got, top) {
				got = append(got, top)
			}
		}
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s: we patch %v\nLight patches %v", object, got, want)
		}
	}
}

// TestDescribedFieldsAreLightsOwn: every field described is in the create body or the answer of Light's document, and
// a field that is not read only is in the create body.
func TestDescribedFieldsAreLightsOwn(t *testing.T) {
	schemas := openAPI(t)
	world := newWorld(t, quiet)
	for object, kind := range map[string]string{
		"customers": "Customer", "products": "Product", "invoice-receivables": "InvoiceReceivable", "contracts": "Contract",
		"invoice-receivables/lines": "InvoiceReceivableLine", "contracts/lines": "ContractLine",
	} {
		o, err := world.Connector.Describe(t.Context(), object)
		if err != nil {
			t.Fatal(err)
		}
		create, answer := schemas["ExternalCreate"+kind+"RequestV1Model"], schemas["External"+kind+"V1Model"]
		if len(create) == 0 || len(answer) == 0 {
			t.Fatalf("%s: no schema", object)
		}
		described := map[string]bool{"customProperties": true, "companyId": true, "id": true}
		for _, f := range o.Fields {
			top, _, _ := strings.Cut(f.Name, ".")
			described[top] = true
			_, takes := create[top]
			_, gives := answer[top]
			if !takes && !gives {
				t.Errorf("%s: %s is not Light's", object, f.Name)
			}
			if !takes && !f.ReadOnly && f.Name != "lines" {
				t.Errorf("%s: %s is not taken by a create", object, f.Name)
			}
		}
		for name := range create {
			if !described[name] {
				t.Errorf("%s: Light's create takes %s, which is not described", object, name)
			}
		}
	}
}
