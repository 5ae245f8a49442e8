package app

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"crosswalk/internal/connector/salespad/salespadtest"
	"crosswalk/internal/engine/table"
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
