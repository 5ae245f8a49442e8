package app

import (
	"testing"

	"crosswalk/internal/engine"
)

func TestSampleDealsBecomeDocuments(t *testing.T) {
	w := newWorld(t, true)
	w.applyPresets()
	w.live()
	r := w.run(engine.Run{Kind: "full", Mapping: "deals-to-invoices", Actor: "editor"})
	t.Logf("%+v", r)
	errs, err := w.Engine.Errors(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range errs {
		t.Logf("%-22s %-45s %s", e.Category, e.Ref, e.Text)
	}
	for _, i := range w.Light.Invoices() {
		t.Logf("invoice %s %s %d %s lines %d", i.Reference, i.Currency, i.Amount, i.State, len(i.Lines))
	}
	for _, c := range w.Light.Contracts() {
		t.Logf("contract %s %s lines %d", c.Description, c.Currency, len(c.Lines))
	}
}
