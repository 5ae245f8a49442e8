package app

import (
	"slices"
	"strings"
	"testing"

	"crosswalk/internal/engine"
	"crosswalk/internal/engine/lane"
	"crosswalk/internal/record"
)

// lookAt has records worked one after the other, as if a webhook of each had come.
func (w *world) lookAt(refs []record.Ref) {
	w.t.Helper()
	for _, ref := range refs {
		w.ok(w.Engine.Enqueue(w.t.Context(), lane.Live, []engine.Task{{Ref: ref, Cause: "webhook"}}))
		w.receive(lane.Live)
	}
}

// asItEnded is what an outsider sees of companies and accounts: their names, and what a person is asked about which of them.
func (w *world) asItEnded() string {
	var out []string
	for _, r := range w.HubSpot.Records("companies") {
		out = append(out, "HubSpot has "+r.Properties["name"])
	}
	for _, r := range w.Salesforce.All("Account") {
		out = append(out, "Salesforce has "+r.Text("Name"))
	}
	for _, x := range w.errors("") {
		name := ""
		if r, ok := w.HubSpot.Record("companies", x.Ref.ID); ok && x.Ref.Connection == "hubspot" {
			name = r.Properties["name"]
		} else if r, ok := w.Salesforce.Get("Account", x.Ref.ID); ok {
			name = r.Text("Name")
		}
		out = append(out, name+" is held: "+x.Category)
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}

// TestC11_TwinsInEveryOrder (C11): three companies at HubSpot with the domain of one account, and three accounts with the domain of one
// company. Whichever is looked at first, nobody is linked to one of three by chance: all are a person's question. When it is answered, by
// deleting two, the third is linked.
func TestC11_TwinsInEveryOrder(t *testing.T) {
	const asked = `Salesforce has Account of three companies
Salesforce has First account
Salesforce has Second account
Salesforce has Third account
HubSpot has Company of three accounts
HubSpot has First company
HubSpot has Second company
HubSpot has Third company
Account of three companies is held: several_hits
Company of three accounts is held: several_hits
First account is held: several_hits
First company is held: several_hits
Second account is held: several_hits
Second company is held: several_hits
Third account is held: several_hits
Third company is held: several_hits`
	want := strings.Split(asked, "\n")
	slices.Sort(want)
	for _, order := range orders() {
		s := pairWorld(pairAccounts)
		s.Draft = true
		pair(t, s, func(w *world) {
			ones := []record.Ref{sfRef("Account", w.sfAccount("Account of three companies", "Website", "three.example"))}
			others := []record.Ref{companyRef(w.hub("companies", "name", "Company of three accounts", "domain", "other.example"))}
			for _, n := range []string{"First", "Second", "Third"} {
				ones = append(ones, companyRef(w.hub("companies", "name", n+" company", "domain", "three.example")))
				others = append(others, sfRef("Account", w.sfAccount(n+" account", "Website", "https://www.other.example")))
			}
			w.live()
			for _, list := range [][]record.Ref{ones, others} {
				var looked []record.Ref
				for _, n := range order {
					looked = append(looked, list[n])
				}
				w.lookAt(looked)
			}
			w.later()
			if got := w.asItEnded(); got != strings.Join(want, "\n") {
				t.Fatalf("order %v ends as\n%s", order, got)
			}
			for _, n := range []int{1, 2} {
				w.ok(w.HubSpot.User().Archive("companies", ones[n].ID))
				w.ok(w.Salesforce.Person().Delete("Account", others[n].ID))
			}
			w.later()
			w.retry(ones[order[0]])
			w.retry(others[order[0]])
			for _, ref := range []record.Ref{ones[0], ones[3], others[0], others[3]} {
				w.retry(ref)
			}
			w.later()
			company, _ := w.HubSpot.Record("companies", ones[3].ID)
			if got := w.why(ones[0]).Link.B; got != ones[3] || w.why(others[3]).Link.B != others[0] {
				t.Fatalf("order %v: %s is linked to %s, company %v%s", order, ones[0], got, company.Properties, w.story())
			}
			w.quiet(tickOf * 60)
		})
	}
}

// TestC11_TwinOfOneThatIsLinked: who came first and is linked stays so; the second is told that the place is taken.
func TestC11_TwinOfOneThatIsLinked(t *testing.T) {
	pair(t, pairWorld(pairAccounts), func(w *world) {
		first := w.sfAccount("First", "Website", "one.example")
		w.later()
		second := w.sfAccount("Second", "Website", "one.example")
		w.later()
		w.wantHeld(sfRef("Account", second), "taken")
		if got := w.inHub("companies", "domain", "one.example").Properties["name"]; got != "First" || w.why(sfRef("Account", first)).Link.B.IsZero() {
			t.Errorf("%q%s", got, w.story())
		}
	})
}
