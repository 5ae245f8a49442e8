package app

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"crosswalk/internal/connector/salespad/salespadtest"
	"crosswalk/internal/engine"
	"crosswalk/internal/engine/table"
	"crosswalk/internal/record"
	"crosswalk/internal/store/memory"
)

// killer has the store refuse everything from just after the first put that it waits for: its worker was killed there.
type killer struct {
	at   func(*table.Put) bool // nil: not yet
	dead bool
}

func (k *killer) table(inner table.Table) table.Table {
	down := func() error {
		if k.dead {
			return errors.New("killed")
		}
		return nil
	}
	return &memory.Faulty{Inner: inner, Before: func(context.Context, memory.Call) error { return down() },
		After: func(_ context.Context, c memory.Call, answer error) error {
			if c.Op == memory.OpPut && k.at != nil && k.at(c.Put) {
				k.at, k.dead = nil, true
			}
			return cmp.Or(down(), answer)
		}}
}

// TestKilledBesideAContactThatExists (A1, A2): an address's contact exists already, in another company, as HubSpot answers to its create. A
// worker dies between the address's place and the contact's link, and the contact is archived before anybody looks again. The address
// has one counterpart.
func TestKilledBesideAContactThatExists(t *testing.T) {
	for _, c := range []struct {
		name, place string
		contacts    int // of the address that are alive in the end
	}{
		{"after the contact's link", "L#person", 0}, // it is linked, and waits for the contact to be restored
		{"after the address's place", "P#person", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := &killer{}
			documents := padPresets(t, "hubspot-salespad", padPeople)
			virtual(t, setup{SalesPad: &salespadtest.Config{}, Documents: documents, Draft: true, Quiet: true, HubSpotFields: []string{"companies/customer_number"}, Table: k.table}, func(w *world) {
				w.padProvision()
				w.hub("companies", "name", "Alpha Ltd", "domain", "alpha.example")
				w.SalesPad.Must("Customer", salespadtest.Fields{"Customer_Num": "ALPHA", "Customer_Name": "Alpha Ltd", "Email_To": "ap@alpha.example"})
				other := w.hub("companies", "name", "Vendor Ltd", "domain", "vendor.example", "type", "VENDOR")
				person := w.hubPerson(other, "lastname", "Front Desk", "email", "desk@alpha.example")
				w.live()
				w.later()
				w.SalesPad.Must("CustomerAddr", salespadtest.Fields{"Customer_Num": "ALPHA", "Address_Code": "OFFICE", "Contact_Person": "Front Desk", "Email": "desk@alpha.example"})
				k.at = func(p *table.Put) bool {
					return strings.HasPrefix(p.Key.PK, c.place) && strings.Contains(string(p.Data), "OFFICE") && strings.Contains(p.Key.SK+string(p.Data), "contacts/"+person)
				}
				for n := 0; n < 200 && !k.dead; n++ {
					w.advance(5 * time.Second)
				}
				if !k.dead {
					t.Fatalf("nothing was put there%s", w.story())
				}
				w.ok(w.HubSpot.User().Archive("contacts", person))
				k.dead = false
				w.restart()
				w.advance(2 * time.Hour)
				to, _ := w.padLinks("addresses")
				having := 0
				for _, b := range to {
					if strings.HasSuffix(b, "OFFICE") {
						having++
					}
				}
				if n := len(w.alive("contacts")); having != 1 || n != c.contacts {
					t.Errorf("links %v, %d contacts%s", to, n, w.story())
				}
				w.padQuiet()
			})
		})
	}
}

// TestKilledWhileALinkMoves (C16): a worker that looks at a prospect finds its company merged into another one, and dies before it has left
// the signpost at the old company's link. Whoever looks next ends what it began.
func TestKilledWhileALinkMoves(t *testing.T) {
	k := &killer{}
	documents := padPresets(t, "hubspot-salespad", padPeople)
	virtual(t, setup{SalesPad: &salespadtest.Config{}, Documents: documents, Draft: true, Quiet: true, HubSpotFields: []string{"companies/customer_number"}, Table: k.table}, func(w *world) {
		w.padProvision()
		w.live()
		company, _, prospect := w.padProspect()
		other := w.hub("companies", "name", "Fjord Textiles Bergen", "domain", "fjord-bergen.example")
		w.later()
		merged, err := w.HubSpot.User().Merge("companies", company, other)
		w.ok(err)
		k.at = func(p *table.Put) bool {
			return strings.HasPrefix(p.Key.PK, "P#account") && strings.Contains(p.Key.SK, prospect) && strings.Contains(string(p.Data), merged)
		}
		_, err = w.Engine.RunMapping(w.t.Context(), engine.Run{Kind: "named", Mapping: "prospects", Actor: "editor"}, []record.Ref{{Connection: "salespad", Object: "prospects", ID: prospect}})
		w.ok(err)
		for n := 0; n < 200 && !k.dead; n++ {
			w.advance(time.Second)
		}
		if !k.dead {
			t.Fatalf("no link was moved%s", w.story())
		}
		k.dead = false
		w.restart()
		w.advance(2 * time.Hour)
		to, _ := w.padLinks("prospects")
		if len(to) != 1 || to[merged] != "prospects/"+prospect {
			t.Errorf("links %v, want that of %s%s", to, merged, w.story())
		}
		w.padQuiet()
	})
}

// TestKilledBesideACompanyThatWasMade (A1): a worker makes a customer's company and dies between the company's link and the customer's place.
// The company is archived, which is heard of before anybody takes the claim over: the customer has that one and no other.
func TestKilledBesideACompanyThatWasMade(t *testing.T) {
	k := &killer{}
	documents := padPresets(t, "hubspot-salespad", padPeople)
	virtual(t, setup{SalesPad: &salespadtest.Config{}, Documents: documents, Draft: true, Quiet: true, HubSpotFields: []string{"companies/customer_number"}, Table: k.table}, func(w *world) {
		w.padProvision()
		w.live()
		w.SalesPad.Must("Customer", salespadtest.Fields{"Customer_Num": "ALPHA", "Customer_Name": "Alpha Ltd"})
		k.at = func(p *table.Put) bool {
			return strings.HasPrefix(p.Key.PK, "L#account") && strings.Contains(string(p.Data), "ALPHA")
		}
		for n := 0; n < 200 && !k.dead; n++ {
			w.advance(5 * time.Second)
		}
		made := w.alive("companies")
		if !k.dead || len(made) != 1 {
			t.Fatalf("%d companies%s", len(made), w.story())
		}
		w.ok(w.HubSpot.User().Archive("companies", made[0].ID))
		k.dead = false
		w.restart()
		w.runNamed("customers", companyRef(made[0].ID))
		w.advance(2 * time.Hour)
		if to, _ := w.padLinks("customers"); len(to) != 1 || to[made[0].ID] != "customers/ALPHA" || len(w.alive("companies")) != 0 {
			t.Errorf("links %v%s", to, w.story())
		}
		w.padQuiet()
	})
}
