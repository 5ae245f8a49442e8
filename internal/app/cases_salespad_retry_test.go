package app

import (
	"strings"
	"testing"

	"crosswalk/internal/connector/salespad/salespadtest"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
)

// TestRetryOfWhatIsTooLong (SP-72): a contact whose name is too long for GP is refused by a script too. Asked for another try, it is made
// without its name: what was refused for good is offered once more, and not for ever.
func TestRetryOfWhatIsTooLong(t *testing.T) {
	padImport(t, salespadtest.Config{}, nil, nil, func(w *world) {
		company := w.padCompany("Nordlys")
		w.later()
		w.padRefuses("front@nordlys.example")
		person := w.hubPerson(company, "lastname", strings.Repeat("Office", 12), "email", "front@nordlys.example")
		ref := record.Ref{Connection: "hubspot", Object: "contacts", ID: person}
		w.later()
		w.wantHeld(ref, plan.RefusedCall)
		w.SalesPad.SetFault(nil)
		w.retry(ref)
		w.later()
		w.padOnly("CustomerAddr", "Email", "front@nordlys.example")
		w.padQuiet()
	})
}
