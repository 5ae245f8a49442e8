package app

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/connector/salespad/salespadtest"
	"crosswalk/internal/engine"
	"crosswalk/internal/link"
	"crosswalk/internal/mapping"
	"crosswalk/internal/plan"
)

// HubSpot and SalesPad: the components of SalesPad's own integration, as the presets have them, through the real engine, store, queue and
// connectors. What is expected is written down in each case.

// padPresets are the documents of a set of SalesPad's, with old text replaced by new, pair by pair.
func padPresets(t *testing.T, set string, names []string, pairs ...string) []string {
	t.Helper()
	var out []string
	used := make([]bool, len(pairs)/2)
	for _, p := range mapping.PresetSet(set) {
		if !slices.Contains(names, p.Name[strings.LastIndex(p.Name, "/")+1:]) {
			continue
		}
		text := string(p.YAML)
		for n := range used {
			if strings.Contains(text, pairs[2*n]) {
				used[n] = true
				text = strings.ReplaceAll(text, pairs[2*n], pairs[2*n+1])
			}
		}
		out = append(out, text)
	}
	if len(out) != len(names) || slices.Contains(used, false) {
		t.Fatalf("%d of %d presets of %s, pairs used %v", len(out), len(names), set, used)
	}
	return out
}

// pad runs a case between HubSpot and SalesPad. before fills both sides; then the documents go live.
func pad(t *testing.T, documents []string, before, f func(w *world)) {
	t.Helper()
	virtual(t, setup{SalesPad: &salespadtest.Config{}, Documents: documents, Draft: true, Quiet: true, HubSpotFields: []string{"companies/customer_number"}}, func(w *world) {
		for _, object := range []string{"companies", "contacts", "products", "deals"} {
			if _, err := w.Connectors["hubspot"].(connector.Provisioner).Provision(w.t.Context(), object, true); err != nil {
				w.t.Fatal(err)
			}
		}
		if before != nil {
			before(w)
		}
		w.live()
		f(w)
	})
}

// padLinks gives the links of a mapping: the counterpart by record, and how many are in each state.
func (w *world) padLinks(name string) (to map[string]string, states map[link.State]int) {
	w.t.Helper()
	to, states = map[string]string{}, map[link.State]int{}
	after := ""
	for {
		page, err := w.Engine.Links(w.t.Context(), engine.LinkQuery{Mapping: name, After: after, Limit: engine.MaxLinks})
		w.ok(err)
		for _, l := range page.Links {
			states[l.State]++
			if l.State == link.Linked {
				to[l.A.ID] = l.B.Object + "/" + l.B.ID
			}
		}
		if after = page.Next; after == "" {
			return to, states
		}
	}
}

// hubStamps are when each record of HubSpot was last changed.
func (w *world) hubStamps() map[string]time.Time {
	out := map[string]time.Time{}
	for _, object := range []string{"companies", "contacts", "products", "deals", "line_items"} {
		for _, r := range w.HubSpot.Records(object) {
			out[object+"/"+r.ID] = r.UpdatedAt
		}
	}
	return out
}

// padWrites counts what we wrote at both sides.
func (w *world) padWrites() int {
	n := 0
	for _, effect := range w.SalesPad.Log() {
		if effect.By != salespadtest.Person {
			n++
		}
	}
	return n
}

// TestCompanyLink (B-13, SP-35..57): of a thousand companies 950 are linked by what they say themselves, to customers and prospects, 20
// through a contact, 30 wait for a person; contacts go with their company; nothing is written, and none is wrong.
func TestCompanyLink(t *testing.T) {
	const direct, viaContact, ambiguous = 950, 20, 30
	want, doubtful := map[string]string{}, map[string]bool{}
	contacts := map[string]string{}
	documents := padPresets(t, "hubspot-salespad/link", []string{"customers", "prospects", "addresses", "prospect-contacts"})
	pad(t, documents, func(w *world) {
		customer := func(n int, name, mail string) string {
			num := fmt.Sprintf("C%05d", n)
			w.SalesPad.Must("Customer", salespadtest.Fields{"Customer_Num": num, "Customer_Name": name, "Email_To": mail})
			return num
		}
		for n := range direct {
			domain := fmt.Sprintf("direct-%d.example", n)
			switch {
			case n%10 == 0: // by its number
				num := customer(n, fmt.Sprintf("Numbered %d", n), "")
				want[w.hub("companies", "name", fmt.Sprintf("Another name %d", n), "customer_number", strings.ToLower(num))] = "customers/" + num
			case n%10 == 1: // a prospect
				p := w.SalesPad.Must("Prospect", salespadtest.Fields{"Prospect_Name": fmt.Sprintf("Prospective %d", n), "Web_Site": "https://www." + domain})
				w.SalesPad.Must("ProspectContact", salespadtest.Fields{"Prospect_ID": p.Key, "Contact_Person": "Purchasing Desk", "Email": "desk@" + domain})
				company := w.hub("companies", "name", fmt.Sprintf("Prospective %d", n), "domain", domain)
				want[company] = "prospects/" + p.Key
				contact := w.hub("contacts", "email", "desk@"+domain, "lastname", "Desk")
				w.ok(w.HubSpot.User().Associate("contacts", contact, "companies", company))
				contacts[contact] = "prospect-contacts/" + p.Key + "|"
			default: // by its domain; every tenth has a contact too
				num := customer(n, fmt.Sprintf("Direct %d", n), "accounts@"+domain)
				company := w.hub("companies", "name", fmt.Sprintf("Direct %d", n), "domain", domain)
				want[company] = "customers/" + num
				if n%10 == 2 {
					w.SalesPad.Must("CustomerAddr", salespadtest.Fields{"Customer_Num": num, "Address_Code": "BUYER", "Contact_Person": "Buying Office", "Email": "buyer@" + domain})
					contact := w.hub("contacts", "email", "Buyer@"+domain, "lastname", "Office")
					w.ok(w.HubSpot.User().Associate("contacts", contact, "companies", company))
					contacts[contact] = "customer-addresses/" + num + "|BUYER"
				}
			}
		}
		for n := range viaContact {
			num := customer(2000+n, fmt.Sprintf("Formerly %d", n), "")
			mail := fmt.Sprintf("office@via-%d.example", n)
			w.SalesPad.Must("CustomerAddr", salespadtest.Fields{"Customer_Num": num, "Address_Code": "OFFICE", "Contact_Person": "Front Office", "Email": mail})
			company := w.hub("companies", "name", fmt.Sprintf("Renamed %d", n))
			want[company] = "customers/" + num
			contact := w.hub("contacts", "email", mail, "lastname", "Office")
			w.ok(w.HubSpot.User().Associate("contacts", contact, "companies", company))
			contacts[contact] = "customer-addresses/" + num + "|OFFICE"
		}
		for n := range ambiguous {
			domain, name := fmt.Sprintf("twice-%d.example", n), fmt.Sprintf("Twice %d", n)
			switch n % 3 {
			case 0: // two customers with the company's domain
				customer(3000+2*n, name, "east@"+domain)
				customer(3001+2*n, name, "west@"+domain)
				doubtful[w.hub("companies", "name", name, "domain", domain)] = true
			case 1: // the name alone
				customer(3000+2*n, name, "")
				doubtful[w.hub("companies", "name", name)] = true
			default: // its contacts are those of two customers
				company := w.hub("companies", "name", "Holding "+name)
				doubtful[company] = true
				for k, mail := range []string{"one@" + domain, "two@" + domain} {
					num := customer(3000+2*n+k, fmt.Sprintf("Part %d of %d", k, n), "")
					w.SalesPad.Must("CustomerAddr", salespadtest.Fields{"Customer_Num": num, "Address_Code": "MAIN", "Contact_Person": "Front Office", "Email": mail})
					contact := w.hub("contacts", "email", mail, "lastname", "Office")
					w.ok(w.HubSpot.User().Associate("contacts", contact, "companies", company))
				}
			}
		}
		w.SalesPad.ClearLog()
	}, func(w *world) {
		before := w.hubStamps()
		w.later()
		w.later()
		got, states := w.padLinks("customers")
		prospects, _ := w.padLinks("prospects")
		for company, to := range prospects {
			got[company] = to
		}
		wrong := 0
		for company, to := range got {
			if want[company] != to {
				wrong++
				t.Errorf("company %s is linked to %s, want %q", company, to, want[company])
			}
		}
		if len(got) != direct+viaContact || wrong > 0 {
			t.Errorf("%d companies linked, %d wrong; %v", len(got), wrong, states)
			for company, to := range want {
				if got[company] == "" {
					e := w.why(companyRef(company))
					t.Fatalf("%s is not linked to %s: %+v", company, to, e.Link.Reason)
				}
			}
		}
		review := 0
		for _, category := range []string{plan.SeveralHits, plan.NameHit} {
			for _, e := range w.errors(category) {
				if !doubtful[e.Ref.ID] {
					t.Errorf("%s is in review: %s", e.Ref, e.Text)
				}
				review++
			}
		}
		if review != ambiguous || len(w.errors("")) != ambiguous {
			t.Errorf("%d in review, %d sync errors%s", review, len(w.errors("")), w.story())
		}
		people, states := w.padLinks("addresses")
		more, _ := w.padLinks("prospect-contacts")
		for contact, to := range more {
			people[contact] = to
		}
		for contact, to := range contacts {
			if !strings.HasPrefix(people[contact], to) {
				t.Errorf("contact %s is linked to %q, want %s", contact, people[contact], to)
			}
		}
		if len(people) != len(contacts) {
			t.Errorf("%d contacts linked, want %d: %v", len(people), len(contacts), states)
		}
		if n := w.padWrites(); n > 0 {
			t.Errorf("%d writes at SalesPad", n)
		}
		for name, at := range w.hubStamps() {
			if !before[name].Equal(at) {
				t.Errorf("%s was written at HubSpot", name)
			}
		}
	})
}
