package app

import (
	"slices"
	"strings"
	"testing"
	"time"

	"crosswalk/internal/connector/salespad/salespadtest"
	"crosswalk/internal/engine"
	"crosswalk/internal/plan"
)

// How companies find their customer or prospect where several could be meant, and what stands in the way of going live.

// TestMatchPrecedence (SP-46..48, SP-70, SP-118): contacts before names, the kind that would be made before the other, and neither other
// kind where the mapping says so; a contact that is an address of two customers is a person's question.
func TestMatchPrecedence(t *testing.T) {
	both := func(w *world) {
		w.SalesPad.Must("Customer", salespadtest.Fields{"Customer_Num": "ALPHA", "Customer_Name": "Alpha Ltd", "Email_To": "ap@alpha.example"})
		w.SalesPad.Must("Prospect", salespadtest.Fields{"Prospect_ID": "PALPHA", "Prospect_Name": "Alpha Ltd", "Web_Site": "https://alpha.example"})
	}
	noExport := []string{"create: { filter: 'not is_true(Inactive)', only_new: true }", "create: never"}
	linked := func(w *world, company string) string {
		c, _ := w.padLinks("customers")
		p, _ := w.padLinks("prospects")
		return c[company] + p[company]
	}
	for _, c := range []struct {
		name, kind, want string
	}{
		{"a customer's type finds the customer first", "PARTNER", "customers/ALPHA"},
		{"a prospect's type finds the prospect first", "PROSPECT", "prospects/PALPHA"},
		{"any other type is not imported", "OTHER", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			pad(t, padPresets(t, "hubspot-salespad", padPeople, noExport...), both, func(w *world) {
				w.advance(30 * time.Second) // what SalesPad has was looked at before
				company := w.hub("companies", "name", "Alpha Ltd", "domain", "alpha.example", "type", c.kind)
				w.later()
				if got := linked(w, company); got != c.want {
					t.Errorf("%q, want %q%s", got, c.want, w.story())
				}
			})
		})
	}
	t.Run("the other kind is found, whatever its own types", func(t *testing.T) {
		pad(t, padPresets(t, "hubspot-salespad", padPeople, noExport...), func(w *world) {
			w.SalesPad.Must("Customer", salespadtest.Fields{"Customer_Num": "ALPHA", "Customer_Name": "Alpha Ltd", "Email_To": "ap@alpha.example"})
		}, func(w *world) {
			w.advance(2 * time.Hour) // nobody has looked at the customer for long
			company := w.hub("companies", "name", "Alpha Holding", "domain", "alpha.example", "type", "PROSPECT")
			w.later()
			if got := linked(w, company); got != "customers/ALPHA" || w.SalesPad.Count("Prospect") != 0 {
				t.Errorf("%q%s", got, w.story())
			}
		})
	})
	t.Run("the other kind is prevented", func(t *testing.T) {
		documents := padPresets(t, "hubspot-salespad", padPeople, "slot: account                          # the place", "match_elsewhere: false\nslot: account                          # the place",
			noExport[0], noExport[1])
		pad(t, documents, func(w *world) {
			w.SalesPad.Must("Customer", salespadtest.Fields{"Customer_Num": "ALPHA", "Customer_Name": "Alpha Ltd", "Email_To": "ap@alpha.example"})
		}, func(w *world) {
			company := w.hub("companies", "name", "Alpha Holding", "domain", "alpha.example", "type", "PROSPECT")
			w.later()
			if got := linked(w, company); !strings.HasPrefix(got, "prospects/") || w.SalesPad.Count("Prospect") != 1 {
				t.Errorf("%q%s", got, w.story())
			}
		})
	})
	t.Run("contacts before names", func(t *testing.T) {
		pad(t, padPresets(t, "hubspot-salespad/link", padPeople), func(w *world) {
			w.SalesPad.Must("Customer", salespadtest.Fields{"Customer_Num": "NAMESAKE", "Customer_Name": "Alpha Ltd"})
			w.SalesPad.Must("Customer", salespadtest.Fields{"Customer_Num": "RIGHT", "Customer_Name": "Formerly Beta"})
			w.SalesPad.Must("CustomerAddr", salespadtest.Fields{"Customer_Num": "RIGHT", "Address_Code": "MAIN", "Contact_Person": "Front Office", "Email": "office@alpha.example"})
		}, func(w *world) {
			company := w.hub("companies", "name", "Alpha Ltd")
			w.hubPerson(company, "lastname", "Office", "email", "office@alpha.example")
			alone := w.hub("companies", "name", "Formerly Beta")
			w.later()
			if got := linked(w, company); got != "customers/RIGHT" {
				t.Errorf("%q%s", got, w.story())
			}
			if e := w.why(companyRef(alone)); e.Link.Reason == nil || e.Link.Reason.Category != plan.NameHit && e.Link.Reason.Category != plan.Taken {
				t.Errorf("%+v", e.Link.Reason)
			}
		})
	})
	t.Run("one contact of two customers", func(t *testing.T) {
		pad(t, padPresets(t, "hubspot-salespad/link", padPeople), func(w *world) {
			for _, num := range []string{"EAST", "WEST"} {
				w.SalesPad.Must("Customer", salespadtest.Fields{"Customer_Num": num, "Customer_Name": "Branch " + num})
				w.SalesPad.Must("CustomerAddr", salespadtest.Fields{"Customer_Num": num, "Address_Code": "MAIN", "Contact_Person": "Front Office", "Email": "office@alpha.example"})
			}
		}, func(w *world) {
			company := w.hub("companies", "name", "Alpha Ltd")
			w.hubPerson(company, "lastname", "Office", "email", "office@alpha.example")
			w.later()
			e := w.wantHeld(companyRef(company), plan.SeveralHits)
			if !strings.Contains(e.Text, "EAST") || !strings.Contains(e.Text, "WEST") || !strings.Contains(e.Text, "people") {
				t.Errorf("%s", e.Text)
			}
		})
	})
}

// TestNoLiveBesideTheirOwn: while SalesPad's own connector still makes links, or where nobody can see whether it does, nothing goes live
// before a person said that it is off; check says so, and what the install lacks.
func TestNoLiveBesideTheirOwn(t *testing.T) {
	for _, unseen := range []bool{false, true} {
		config := salespadtest.Config{}
		if unseen {
			config.Profile.Absent = []string{"AAIntegratedEntityLink", "WorkflowQueue"}
		}
		virtual(t, setup{SalesPad: &config, Documents: padPresets(t, "hubspot-salespad", padPeople), Draft: true, Quiet: true, HubSpotFields: []string{"companies/customer_number"}}, func(w *world) {
			w.padProvision()
			if !unseen {
				w.SalesPad.Must("Customer", salespadtest.Fields{"Customer_Num": "ALPHA", "Customer_Name": "Alpha Ltd"})
				_, err := w.SalesPad.AddLink(salespadtest.Link{ExternalTenant: "62515", ExternalType: "company", ExternalID: "1", EntityType: "Customer", EntityKey: "ALPHA", LinkedBy: "Company Link"})
				w.ok(err)
			}
			w.ok(w.Engine.WaiveSave(w.t.Context(), "customers", "operator", ""))
			_, err := w.Engine.GoLive(w.t.Context(), "customers", 0, false, "operator", "")
			if err == nil || !strings.Contains(err.Error(), "SalesPad's own HubSpot connector") || !strings.Contains(err.Error(), "--native-off") {
				t.Errorf("unseen %v: %v", unseen, err)
			}
			found, err := w.Engine.Check(w.t.Context(), false)
			w.ok(err)
			want := "SalesPad's own HubSpot connector made links"
			if unseen {
				want = "cannot be seen"
			}
			if !slices.ContainsFunc(found, func(f engine.Finding) bool { return strings.Contains(f.Finding, want) }) {
				t.Errorf("check says nothing of it: %+v", found)
			}
			lacks := slices.ContainsFunc(found, func(f engine.Finding) bool {
				return f.Severity == "warn" && strings.Contains(f.Finding, "has no WorkflowQueue")
			})
			all := slices.ContainsFunc(found, func(f engine.Finding) bool {
				return strings.Contains(f.Finding, "resources that its profile names are there")
			})
			if lacks != unseen || !all {
				t.Errorf("unseen %v: %+v", unseen, found)
			}
			if _, err := w.Engine.GoLive(w.t.Context(), "customers", 0, true, "operator", ""); err != nil && strings.Contains(err.Error(), "own HubSpot connector") {
				t.Errorf("the operator's word: %v", err)
			}
		})
	}
}

// TestNoFilterAsks (SP-155): a Product Export without a filter says how many items there are and goes live once they were previewed.
func TestNoFilterAsks(t *testing.T) {
	documents := padPresets(t, "hubspot-salespad", []string{"items"}, "create: { filter: 'not is_true(Inactive)' }", "create: true")
	virtual(t, setup{SalesPad: &salespadtest.Config{}, Documents: documents, Draft: true, Quiet: true}, func(w *world) {
		w.padProvision()
		w.ok(w.SalesPad.LoadItems(123))
		w.ok(w.Engine.WaiveSave(w.t.Context(), "items", "operator", ""))
		_, err := w.Engine.GoLive(w.t.Context(), "items", 0, false, "operator", "")
		if err == nil || !strings.Contains(err.Error(), "each of 123 of salespad:items") {
			t.Fatalf("%v", err)
		}
		seen := w.previewAll("items", "operator")
		if seen.Kinds["create"] != 123 {
			t.Errorf("%+v", seen)
		}
		_, err = w.Engine.GoLive(w.t.Context(), "items", 0, false, "operator", "")
		w.ok(err)
	})
}

// TestUnmatchedIsTold (SP-42, SP-52): where all companies are expected to exist, one that nothing matches is a sync error; it is over when
// something does.
func TestUnmatchedIsTold(t *testing.T) {
	documents := padPresets(t, "hubspot-salespad/link", padPeople, "mapping: customers\n", "mapping: customers\nunmatched: hold\n")
	pad(t, documents, nil, func(w *world) {
		company := w.hub("companies", "name", "Alpha Ltd", "domain", "alpha.example")
		w.later()
		w.wantHeld(companyRef(company), plan.Unmatched)
		w.SalesPad.Must("Customer", salespadtest.Fields{"Customer_Num": "ALPHA", "Customer_Name": "Alpha", "Email_To": "ap@alpha.example"})
		w.retry(companyRef(company))
		w.later()
		if got, _ := w.padLinks("customers"); got[company] != "customers/ALPHA" || len(w.errors("")) > 0 {
			t.Errorf("%v%s", got, w.story())
		}
	})
}
