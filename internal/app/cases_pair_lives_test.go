package app

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"crosswalk/internal/engine"
	"crosswalk/internal/record"
)

// Lives of the records of a pair: deleted, restored, associated, on a list and off it. Judged at both CRMs.

const livesContacts = `
mapping: contacts
slot: person
a: { connection: salesforce, object: Contact }
b: { connection: hubspot, object: contacts }
match:
  - { a: Email, b: email, compare: case_insensitive }
a_to_b: %s
b_to_a: %s
conflict: newest
delete: { a: %s, b: %s }
fields:
  - { a: FirstName, b: firstname }
  - { a: LastName, b: lastname }
  - { a: Email, b: email }
`

// livesWorld is contacts both ways with policies of deletion.
func livesWorld(deleteA, deleteB string) setup {
	return pairWorld(fmt.Sprintf(livesContacts, "true", "true", deleteA, deleteB))
}

// couple is a contact that both sides have.
type couple struct{ sf, hub string }

// couples makes n contacts at Salesforce and has them carried to HubSpot.
func (w *world) couples(n int) []couple {
	w.t.Helper()
	out := make([]couple, n)
	for i := range out {
		out[i].sf = w.sfCreate("Contact", values("LastName", fmt.Sprint("Person ", i), "Email", fmt.Sprintf("p%d@nordlys.example", i)))
	}
	w.later()
	for i := range out {
		out[i].hub = w.inHub("contacts", "email", fmt.Sprintf("p%d@nordlys.example", i)).ID
	}
	return out
}

func (c couple) sfRef() record.Ref  { return sfRef("Contact", c.sf) }
func (c couple) hubRef() record.Ref { return hubRef("contacts", c.hub) }

// hubAlive and sfAlive tell whether a contact is there and not in the bin.
func (w *world) hubAlive(id string) bool {
	r, ok := w.HubSpot.Record("contacts", id)
	return ok && !r.Archived
}

func (w *world) sfAlive(id string) bool {
	for _, r := range w.Salesforce.All("Contact") {
		if r.ID == id && !r.Deleted {
			return true
		}
	}
	return false
}

func (w *world) wantReason(ref record.Ref, category string, words ...string) {
	w.t.Helper()
	r := w.why(ref).Link.Reason
	if r == nil || r.Category != category {
		w.t.Errorf("why %s: %+v, want %s", ref, r, category)
		return
	}
	for _, word := range words {
		if !strings.Contains(r.Text, word) {
			w.t.Errorf("why %s: %q does not say %q", ref, r.Text, word)
		}
	}
}

func (w *world) wantQuietErrors() {
	w.t.Helper()
	if n := len(w.errors("")); n != 0 {
		w.t.Errorf("%d sync errors%s", n, w.story())
	}
}

// TestC17_KeepAndRestore: delete: keep leaves the other one alone, makes nothing again, is no sync error; restored, both go on.
func TestC17_KeepAndRestore(t *testing.T) {
	pair(t, livesWorld("keep", "keep"), func(w *world) {
		list := w.couples(2)
		w.ok(w.Salesforce.Person().Delete("Contact", list[0].sf))
		w.ok(w.HubSpot.User().Archive("contacts", list[1].hub))
		w.sfSet("Contact", list[1].sf, "FirstName", "While away") // HubSpot's feed does not tell of a deletion
		w.advance(2 * time.Hour)
		w.hubSet("contacts", list[0].hub, "firstname", "Meanwhile")
		w.advance(time.Hour)
		if !w.hubAlive(list[0].hub) || !w.sfAlive(list[1].sf) || len(w.alive("contacts")) != 1 || w.Salesforce.Count("Contact") != 1 {
			t.Fatalf("%d at HubSpot, %d at Salesforce%s", len(w.alive("contacts")), w.Salesforce.Count("Contact"), w.story())
		}
		w.wantQuietErrors()
		w.wantReason(list[0].sfRef(), "counterpart_deleted", list[0].hub, "kept")
		w.wantReason(list[1].sfRef(), "counterpart_deleted", list[1].hub, "kept")
		w.quiet(3 * time.Hour)
		w.ok(w.Salesforce.Person().Undelete("Contact", list[0].sf))
		w.ok(w.HubSpot.User().Restore("contacts", list[1].hub))
		w.advance(time.Hour)
		if got := w.inSf("Contact", "Email", "p0@nordlys.example").Text("FirstName"); got != "Meanwhile" {
			t.Errorf("restored: %q%s", got, w.story())
		}
		if got := w.inHub("contacts", "email", "p1@nordlys.example").Properties["firstname"]; got != "While away" {
			t.Errorf("restored: %q%s", got, w.story())
		}
		for _, c := range list {
			if l := w.why(c.sfRef()).Link; l.Reason != nil || l.B != c.hubRef() {
				t.Errorf("%+v %+v", l, l.Reason)
			}
		}
		w.quiet(time.Hour)
	})
}

// TestC17_Unlink: the link is let go, nothing is made again; a new record may take the place of the deleted one.
func TestC17_Unlink(t *testing.T) {
	pair(t, livesWorld("unlink", "unlink"), func(w *world) {
		list := w.couples(2)
		w.ok(w.Salesforce.Person().Delete("Contact", list[0].sf))
		w.ok(w.HubSpot.User().Archive("contacts", list[1].hub))
		w.sfSet("Contact", list[1].sf, "FirstName", "Alone")
		w.advance(time.Hour)
		w.hubSet("contacts", list[0].hub, "firstname", "Alone")
		w.sfSet("Contact", list[1].sf, "FirstName", "Alone still")
		w.advance(time.Hour)
		if len(w.alive("contacts")) != 1 || w.Salesforce.Count("Contact") != 1 {
			t.Fatalf("%d at HubSpot, %d at Salesforce%s", len(w.alive("contacts")), w.Salesforce.Count("Contact"), w.story())
		}
		w.wantQuietErrors()
		for _, c := range list {
			if l := w.why(c.sfRef()).Link; l.State != "tombstone" {
				t.Errorf("%+v", l)
			}
			w.wantReason(c.sfRef(), "counterpart_deleted", "unlink")
		}
		// back from the bin, it stays alone
		w.ok(w.HubSpot.User().Restore("contacts", list[1].hub))
		w.hubSet("contacts", list[1].hub, "firstname", "Back")
		w.later()
		if got := w.inSf("Contact", "Email", "p1@nordlys.example").Text("FirstName"); got != "Alone still" || w.Salesforce.Count("Contact") != 1 {
			t.Errorf("%q, %d at Salesforce", got, w.Salesforce.Count("Contact"))
		}
		// somebody joins them by hand
		_, err := w.Engine.Link(w.t.Context(), engine.Pair{A: list[1].sfRef(), B: list[1].hubRef()}, "editor", "it is back")
		w.ok(err)
		w.hubSet("contacts", list[1].hub, "lastname", "Joined")
		// and a new contact takes the place of the deleted one
		fresh := w.sfCreate("Contact", values("LastName", "Person 0", "Email", "p0@nordlys.example"))
		w.later()
		if got := w.inSf("Contact", "Email", "p1@nordlys.example").Text("LastName"); got != "Joined" {
			t.Errorf("joined by hand: %q%s", got, w.story())
		}
		if l := w.why(sfRef("Contact", fresh)).Link; l.State != "linked" || l.B != list[0].hubRef() {
			t.Errorf("%+v %+v%s", l, l.Reason, w.story())
		}
		w.quiet(time.Hour)
	})
}

// TestC17_Archive (B8): deletes are collected for one window and then carried over, both ways; a restore within it takes one back, and
// one after it is a person's question.
func TestC17_Archive(t *testing.T) {
	pair(t, livesWorld("archive", "archive"), func(w *world) {
		list := w.couples(4)
		w.ok(w.Salesforce.Person().Delete("Contact", list[0].sf))
		w.ok(w.Salesforce.Person().Delete("Contact", list[1].sf))
		w.ok(w.HubSpot.User().Archive("contacts", list[2].hub))
		w.sfSet("Contact", list[2].sf, "FirstName", "Touched")
		w.advance(7 * time.Minute)
		if !w.hubAlive(list[0].hub) || !w.hubAlive(list[1].hub) || !w.sfAlive(list[2].sf) {
			t.Fatal("archived before the window was over")
		}
		w.ok(w.Salesforce.Person().Undelete("Contact", list[1].sf))
		w.advance(time.Hour)
		if w.hubAlive(list[0].hub) || w.sfAlive(list[2].sf) || !w.hubAlive(list[1].hub) || !w.sfAlive(list[1].sf) || !w.hubAlive(list[3].hub) {
			t.Fatalf("%v %v %v%s", w.hubAlive(list[0].hub), w.sfAlive(list[2].sf), w.hubAlive(list[1].hub), w.story())
		}
		w.wantQuietErrors()
		w.wantReason(list[0].sfRef(), "counterpart_deleted", "archived too")
		w.sfSet("Contact", list[1].sf, "FirstName", "Stays")
		w.later()
		if got := w.inHub("contacts", "email", "p1@nordlys.example").Properties["firstname"]; got != "Stays" {
			t.Errorf("taken back, and not in agreement: %q", got)
		}
		w.quiet(3 * time.Hour)
		// one side alone is restored: nothing is archived again, and somebody hears of it
		w.ok(w.Salesforce.Person().Undelete("Contact", list[0].sf))
		w.advance(2 * time.Hour)
		if !w.sfAlive(list[0].sf) {
			t.Fatal("a restored record was archived again")
		}
		w.wantHeld(list[0].sfRef(), "target_gone")
		w.ok(w.HubSpot.User().Restore("contacts", list[0].hub))
		w.sfSet("Contact", list[0].sf, "FirstName", "Both back")
		w.later()
		w.wantQuietErrors()
		if got := w.inHub("contacts", "email", "p0@nordlys.example").Properties["firstname"]; got != "Both back" {
			t.Errorf("%q%s", got, w.story())
		}
		// and deleted once more it goes again
		w.ok(w.Salesforce.Person().Delete("Contact", list[0].sf))
		w.advance(time.Hour)
		if w.hubAlive(list[0].hub) {
			t.Error("deleted a second time, and kept")
		}
	})
}

// TestC17_BrakeOnDeletes: more than the brake allows is one question; nothing is archived before it is answered.
func TestC17_BrakeOnDeletes(t *testing.T) {
	pair(t, livesWorld("keep", "archive"), func(w *world) {
		list := w.couples(24)
		gone := func() (n int) {
			for _, c := range list {
				if !w.hubAlive(c.hub) {
					n++
				}
			}
			return n
		}
		for _, c := range list[:4] {
			w.ok(w.Salesforce.Person().Delete("Contact", c.sf))
		}
		w.advance(40 * time.Minute)
		if gone() != 4 {
			t.Fatalf("%d archived, want 4%s", gone(), w.story())
		}
		for _, c := range list[4:12] { // eight, and four in the hour before: more than ten
			w.ok(w.Salesforce.Person().Delete("Contact", c.sf))
		}
		w.advance(4 * time.Hour)
		if gone() != 4 || len(w.errors("brake")) != 1 {
			t.Fatalf("%d archived, %d questions%s", gone(), len(w.errors("brake")), w.story())
		}
		if text := w.errors("brake")[0].Text; !strings.Contains(text, "8 records") || !strings.Contains(text, "crosswalk resume contacts") {
			t.Error(text)
		}
		w.ok(w.Salesforce.Person().Undelete("Contact", list[4].sf)) // deleted by mistake
		w.advance(time.Hour)
		out, err := w.Engine.Resume(w.t.Context(), "contacts", "operator", "")
		w.ok(err)
		if out.Waiting != 7 {
			t.Errorf("%d wait, want 7", out.Waiting)
		}
		w.later()
		if gone() != 11 || !w.hubAlive(list[4].hub) || len(w.errors("")) != 0 {
			t.Errorf("%d archived%s", gone(), w.story())
		}
		for _, c := range list[12:] { // twelve at once, all restored: the question ends by itself
			w.ok(w.Salesforce.Person().Delete("Contact", c.sf))
		}
		w.advance(45 * time.Minute)
		if gone() != 11 || len(w.errors("brake")) != 1 {
			t.Fatalf("%d archived%s", gone(), w.story())
		}
		for _, c := range list[12:] {
			w.ok(w.Salesforce.Person().Undelete("Contact", c.sf))
		}
		w.advance(45 * time.Minute)
		if gone() != 11 {
			t.Errorf("%d archived", gone())
		}
		w.wantQuietErrors()
	})
}

// TestC20_InclusionList (A9, HS-41, HS-42): who joins a list is carried over, who leaves it stops both ways and is not deleted, and comes
// back on the old link; static and active lists alike.
func TestC20_InclusionList(t *testing.T) {
	for _, kind := range []string{"static", "active"} {
		t.Run(kind, func(t *testing.T) {
			s := pairWorld(fmt.Sprintf(livesContacts, "true", `{ create: { filter: 'in_list("Sales ready")' }, update: true }`, "keep", "keep"))
			pair(t, s, func(w *world) {
				ada := w.hub("contacts", "firstname", "Front", "lastname", "Desk", "email", "desk@nordlys.example")
				w.hub("contacts", "lastname", "Nobody", "email", "nobody@nordlys.example")
				var list string
				var err error
				join := func() { w.ok(w.HubSpot.User().Join(list, ada)) }
				leave := func() { w.ok(w.HubSpot.User().Leave(list, ada)) }
				if kind == "static" {
					list, err = w.HubSpot.User().StaticList("contacts", "Sales ready")
				} else {
					list, err = w.HubSpot.User().ActiveList("contacts", "Sales ready", "jobtitle", "Buyer")
					join = func() { w.hubSet("contacts", ada, "jobtitle", "Buyer") }
					leave = func() { w.hubSet("contacts", ada, "jobtitle", "") }
				}
				w.ok(err)
				w.later()
				if n := w.Salesforce.Count("Contact"); n != 0 {
					t.Fatalf("%d contacts of an empty list%s", n, w.story())
				}
				w.wantReason(hubRef("contacts", ada), "filtered", "in_list")
				join()
				w.advance(40 * time.Minute)
				sf := w.inSf("Contact", "Email", "desk@nordlys.example").ID
				if n := w.Salesforce.Count("Contact"); n != 1 {
					t.Errorf("%d contacts", n)
				}
				w.hubSet("contacts", ada, "firstname", "Second")
				w.later()
				if got := w.inSf("Contact", "Email", "desk@nordlys.example").Text("FirstName"); got != "Second" {
					t.Errorf("on the list: %q%s", got, w.story())
				}
				leave()
				w.advance(40 * time.Minute)
				w.hubSet("contacts", ada, "firstname", "Off the list")
				w.sfSet("Contact", sf, "LastName", "Counter")
				w.advance(time.Hour)
				hub, there := w.inHub("contacts", "email", "desk@nordlys.example"), w.inSf("Contact", "Email", "desk@nordlys.example")
				if hub.Properties["lastname"] != "Desk" || there.Text("FirstName") != "Second" {
					t.Errorf("off the list: %v, %s", hub.Properties, there.Text("FirstName"))
				}
				w.wantReason(sfRef("Contact", sf), "filtered", "Sales ready", "Nothing goes either way")
				w.wantQuietErrors()
				w.quiet(2 * time.Hour)
				join()
				w.advance(40 * time.Minute)
				hub, there = w.inHub("contacts", "email", "desk@nordlys.example"), w.inSf("Contact", "Email", "desk@nordlys.example")
				if hub.Properties["lastname"] != "Counter" || there.Text("FirstName") != "Off the list" || there.ID != sf || w.Salesforce.Count("Contact") != 1 {
					t.Errorf("back on the list: %v, %s%s", hub.Properties, there.Text("FirstName"), w.story())
				}
				if l := w.why(sfRef("Contact", sf)).Link; l.Reason != nil {
					t.Errorf("%+v", l.Reason)
				}
				// a contact that is made from Salesforce is not on the list: why says at once that nothing more goes either way (HS-41, HS-42)
				other := w.sfCreate("Contact", values("LastName", "Outside", "Email", "outside@nordlys.example"))
				w.later()
				w.sfSet("Contact", other, "LastName", "Outside still")
				w.advance(40 * time.Minute)
				if got := w.inHub("contacts", "email", "outside@nordlys.example").Properties["lastname"]; got != "Outside" {
					t.Errorf("%q", got)
				}
				w.wantReason(sfRef("Contact", other), "filtered", "Sales ready")
				w.wantQuietErrors()
			})
		})
	}
}

// TestC20_OwnFilter: a way with a filter of its own goes on for the records that it lets in.
func TestC20_OwnFilter(t *testing.T) {
	s := pairWorld(fmt.Sprintf(livesContacts, `{ create: { filter: 'valid_email(Email)' }, update: true }`, `{ create: { filter: 'jobtitle == "Buyer"' }, update: true }`, "keep", "keep"))
	pair(t, s, func(w *world) {
		ada := w.hub("contacts", "lastname", "Desk", "email", "desk@nordlys.example", "jobtitle", "Buyer")
		w.later()
		sf := w.inSf("Contact", "Email", "desk@nordlys.example").ID
		w.hubSet("contacts", ada, "jobtitle", "", "firstname", "Left")
		w.sfSet("Contact", sf, "LastName", "Counter")
		w.later()
		hub, there := w.inHub("contacts", "email", "desk@nordlys.example"), w.inSf("Contact", "Email", "desk@nordlys.example")
		if hub.Properties["lastname"] != "Counter" || there.Text("FirstName") != "" {
			t.Errorf("%v, %q%s", hub.Properties, there.Text("FirstName"), w.story())
		}
		w.wantReason(sfRef("Contact", sf), "filtered", "jobtitle")
		w.hubSet("contacts", ada, "jobtitle", "Buyer")
		w.later()
		if got := w.inSf("Contact", "Email", "desk@nordlys.example").Text("FirstName"); got != "Left" {
			t.Errorf("let in again: %q%s", got, w.story())
		}
	})
}

// TestA9_ListThatIsNotThere: one sync error that names it; nothing is deleted or carried meanwhile; made, everything goes on by itself.
func TestA9_ListThatIsNotThere(t *testing.T) {
	s := pairWorld(fmt.Sprintf(livesContacts, "true", `{ create: { filter: 'in_list("Sales ready")' }, update: true }`, "keep", "keep"))
	pair(t, s, func(w *world) {
		var ids []string
		for n := range 5 {
			ids = append(ids, w.hub("contacts", "lastname", fmt.Sprint("Desk ", n), "email", fmt.Sprintf("desk%d@nordlys.example", n)))
		}
		w.advance(2 * time.Hour)
		if list := w.errors(""); len(list) != 1 || list[0].Category != "no_list" || !strings.Contains(list[0].Text, `"Sales ready"`) {
			t.Fatalf("%d sync errors%s", len(list), w.story())
		}
		if n := w.Salesforce.Count("Contact"); n != 0 {
			t.Errorf("%d contacts", n)
		}
		list, err := w.HubSpot.User().StaticList("contacts", "Sales ready", ids[:2]...)
		w.ok(err)
		w.advance(time.Hour)
		w.wantQuietErrors()
		if n := w.Salesforce.Count("Contact"); n != 2 {
			t.Errorf("%d contacts, want 2%s", n, w.story())
		}
		w.ok(w.HubSpot.User().DeleteList(list))
		w.advance(time.Hour)
		if got := w.errors(""); len(got) != 1 || got[0].Category != "no_list" || w.Salesforce.Count("Contact") != 2 {
			t.Errorf("%d sync errors, %d contacts%s", len(got), w.Salesforce.Count("Contact"), w.story())
		}
	})
}

// TestA9_CampaignsAreLists: at Salesforce a list is a campaign.
func TestA9_CampaignsAreLists(t *testing.T) {
	s := pairWorld(fmt.Sprintf(livesContacts, `{ create: { filter: 'in_list("Spring fair")' }, update: true }`, "true", "keep", "keep"))
	pair(t, s, func(w *world) {
		campaign := w.sfCreate("Campaign", values("Name", "Spring fair"))
		one := w.sfCreate("Contact", values("LastName", "One", "Email", "one@nordlys.example"))
		w.sfCreate("Contact", values("LastName", "Two", "Email", "two@nordlys.example"))
		w.later()
		if n := len(w.alive("contacts")); n != 0 {
			t.Fatalf("%d contacts%s", n, w.story())
		}
		member := w.sfCreate("CampaignMember", values("CampaignId", campaign, "ContactId", one))
		w.advance(40 * time.Minute)
		if n := len(w.alive("contacts")); n != 1 {
			t.Fatalf("%d contacts, want 1%s", n, w.story())
		}
		w.ok(w.Salesforce.Person().Delete("CampaignMember", member))
		w.advance(40 * time.Minute)
		w.sfSet("Contact", one, "FirstName", "Left")
		w.later()
		if got := w.inHub("contacts", "email", "one@nordlys.example").Properties["firstname"]; got != "" {
			t.Errorf("off the campaign: %q", got)
		}
		w.wantReason(sfRef("Contact", one), "filtered", "Spring fair")
		w.wantQuietErrors()
	})
}

// TestSweepOfDeletions: HubSpot's feed shows no deletion; with its webhook lost, a sweep finds it within a day, for few calls.
func TestSweepOfDeletions(t *testing.T) {
	pair(t, livesWorld("keep", "keep"), func(w *world) {
		list := w.couples(3)
		w.advance(2 * time.Hour)
		w.ok(w.HubSpot.User().Archive("contacts", list[0].hub))
		w.HubSpot.ResetCalls()
		w.advance(26 * time.Hour)
		w.wantReason(list[0].sfRef(), "counterpart_deleted", list[0].hub)
		if r := w.why(list[1].sfRef()).Link.Reason; r != nil {
			t.Errorf("%+v", r)
		}
		if n := w.HubSpot.Calls()["POST /crm/v3/objects/contacts/batch/read"]; n > 10 {
			t.Errorf("%d reads in a day: %v", n, w.HubSpot.Calls())
		}
		w.wantQuietErrors()
	})
}

// rolesAndDeals is a pair of an opportunity and a deal with one of two people.
type rolesAndDeals struct {
	opportunity, role, deal string
	one, two                couple
}

func (w *world) rolesAndDeals() rolesAndDeals {
	w.t.Helper()
	var r rolesAndDeals
	account := w.sfAccount("Nordlys Energi A/S", "Website", "https://nordlys.example")
	r.one.sf = w.sfCreate("Contact", values("LastName", "One", "Email", "one@nordlys.example", "AccountId", account))
	r.two.sf = w.sfCreate("Contact", values("LastName", "Two", "Email", "two@nordlys.example", "AccountId", account))
	r.opportunity = w.sfCreate("Opportunity", values("Name", "Deal", "StageName", "Prospecting", "CloseDate", "2026-10-01", "AccountId", account))
	r.role = w.sfCreate("OpportunityContactRole", values("OpportunityId", r.opportunity, "ContactId", r.one.sf, "IsPrimary", true))
	w.later()
	r.deal = w.inHub("deals", "dealname", "Deal").ID
	r.one.hub, r.two.hub = w.inHub("contacts", "email", "one@nordlys.example").ID, w.inHub("contacts", "email", "two@nordlys.example").ID
	return r
}

func (w *world) dealPeople(deal string) []string {
	w.t.Helper()
	r, _ := w.HubSpot.Record("deals", deal)
	return r.Associations["contacts"]
}

func (w *world) rolePeople(opportunity string) []string {
	var out []string
	for _, r := range w.Salesforce.All("OpportunityContactRole") {
		if !r.Deleted && r.Text("OpportunityId") == opportunity {
			out = append(out, r.Text("ContactId"))
		}
	}
	slices.Sort(out)
	return out
}

// TestB14_AssociationAlone (T15): nothing but an association changes, at either side, made or taken away; the other side follows, and
// nothing else is written.
func TestB14_AssociationAlone(t *testing.T) {
	for _, hooks := range []bool{false, true} {
		t.Run(fmt.Sprintf("webhooks %v", hooks), func(t *testing.T) {
			s := pairWorld(pairPresets(t, "accounts", "contacts", "opportunities")...)
			s.Quiet = !hooks
			pair(t, s, func(w *world) {
				r := w.rolesAndDeals()
				w.advance(time.Hour)
				wait := 35 * time.Minute // the sweep of associations, and of roles
				if hooks {
					wait = 3 * time.Minute
				}
				hub := func(ids ...string) { // in order of ids
					t.Helper()
					slices.Sort(ids)
					got := slices.Sorted(slices.Values(w.dealPeople(r.deal)))
					if !slices.Equal(got, ids) {
						t.Errorf("the deal has %v, want %v%s", got, ids, w.story())
					}
				}
				sf := func(ids ...string) {
					t.Helper()
					slices.Sort(ids)
					if got := w.rolePeople(r.opportunity); !slices.Equal(got, ids) {
						t.Errorf("the opportunity has %v, want %v%s", got, ids, w.story())
					}
				}
				hub(r.one.hub)
				w.ok(w.HubSpot.User().Associate("deals", r.deal, "contacts", r.two.hub))
				w.advance(wait)
				sf(r.one.sf, r.two.sf)
				w.ok(w.HubSpot.User().Dissociate("deals", r.deal, "contacts", r.one.hub))
				w.advance(wait)
				sf(r.two.sf)
				role := w.sfCreate("OpportunityContactRole", values("OpportunityId", r.opportunity, "ContactId", r.one.sf))
				w.advance(40 * time.Minute)
				hub(r.one.hub, r.two.hub)
				w.ok(w.Salesforce.Person().Delete("OpportunityContactRole", role))
				w.advance(time.Hour)
				hub(r.two.hub)
				w.ok(w.HubSpot.User().Dissociate("deals", r.deal, "contacts", r.two.hub)) // the last one too
				w.advance(wait)
				sf()
				w.wantQuietErrors()
				w.quiet(26 * time.Hour)
			})
		})
	}
}

// TestC19_RolesOfRestoredOpportunity: Salesforce deletes an opportunity's contact roles with it and brings none of them back; they come
// back from the deal, whose people nobody took away.
func TestC19_RolesOfRestoredOpportunity(t *testing.T) {
	pair(t, pairWorld(pairPresets(t, "accounts", "contacts", "opportunities")...), func(w *world) {
		r := w.rolesAndDeals()
		w.ok(w.HubSpot.User().Associate("deals", r.deal, "contacts", r.two.hub))
		w.advance(time.Hour)
		w.ok(w.Salesforce.Person().Delete("Opportunity", r.opportunity))
		w.advance(2 * time.Hour)
		w.ok(w.Salesforce.Person().Undelete("Opportunity", r.opportunity))
		w.advance(2 * time.Hour)
		people := []string{r.one.sf, r.two.sf}
		slices.Sort(people)
		if got := w.rolePeople(r.opportunity); !slices.Equal(got, people) {
			t.Errorf("the opportunity has %v, want %v%s", got, people, w.story())
		}
		if got := w.dealPeople(r.deal); len(got) != 2 {
			t.Errorf("the deal has %v, want both%s", got, w.story())
		}
		w.wantQuietErrors()
		w.quiet(2 * time.Hour)
	})
}

// TestB14_RoleMeansPeople: a role that is given changes the person's lifecycle stage, though neither contact nor opportunity changed.
func TestB14_RoleMeansPeople(t *testing.T) {
	pair(t, pairWorld(pairPresets(t, "accounts", "contacts", "opportunities")...), func(w *world) {
		r := w.rolesAndDeals()
		w.advance(2 * time.Hour)
		if got := w.inHub("contacts", "email", "two@nordlys.example").Properties["lifecyclestage"]; got == "opportunity" {
			t.Fatalf("stage %q before any role", got)
		}
		w.sfCreate("OpportunityContactRole", values("OpportunityId", r.opportunity, "ContactId", r.two.sf))
		w.advance(40 * time.Minute)
		if got := w.inHub("contacts", "email", "two@nordlys.example").Properties["lifecyclestage"]; got != "opportunity" {
			t.Errorf("stage %q, want opportunity%s", got, w.story())
		}
	})
}

// TestB14_CampaignMembership: who joins a campaign has its name in the HubSpot property, who leaves it has not.
func TestB14_CampaignMembership(t *testing.T) {
	s := pairWorld(append([]string{fmt.Sprintf(livesContacts, "true", "true", "keep", "keep")}, pairPresets(t, "campaigns")...)...)
	s.HubSpotFields = []string{"contacts/salesforce_campaigns"}
	pair(t, s, func(w *world) {
		campaign := w.sfCreate("Campaign", values("Name", "Spring fair"))
		list := w.couples(2)
		w.advance(time.Hour)
		member := w.sfCreate("CampaignMember", values("CampaignId", campaign, "ContactId", list[0].sf))
		w.advance(40 * time.Minute)
		if got := w.inHub("contacts", "email", "p0@nordlys.example").Properties["salesforce_campaigns"]; got != "Spring fair" {
			t.Errorf("joined: %q%s", got, w.story())
		}
		w.ok(w.Salesforce.Person().Delete("CampaignMember", member))
		w.advance(time.Hour)
		if got := w.inHub("contacts", "email", "p0@nordlys.example").Properties["salesforce_campaigns"]; got != "" {
			t.Errorf("left: %q%s", got, w.story())
		}
		w.quiet(2 * time.Hour)
	})
}

// TestB8_FirstLoadBeyondItsPreview: a first load that is larger than its approved preview by more than max(100, 2 %) stops before its
// first write and asks; within that it goes on.
func TestB8_FirstLoadBeyondItsPreview(t *testing.T) {
	for more, held := range map[int]bool{100: false, 101: true} {
		t.Run(fmt.Sprint(more), func(t *testing.T) {
			s := livesWorld("keep", "keep")
			s.Draft = true
			pair(t, s, func(w *world) {
				people := func(n int, name string) {
					for i := range n {
						w.sfCreate("Contact", values("LastName", fmt.Sprint(name, i), "Email", fmt.Sprintf("%s%d@nordlys.example", name, i)))
					}
				}
				people(5, "known")
				w.advance(3 * time.Hour)
				saved := w.previewAll("contacts", "editor")
				_, err := w.Engine.Approve(w.t.Context(), saved.ID, saved.Digest, "approver")
				w.ok(err)
				people(more, "new")
				w.advance(3 * time.Hour)
				w.live()
				r, err := w.Engine.RunMapping(w.t.Context(), engine.Run{Kind: "full", Mapping: "contacts", Actor: "operator"}, nil)
				w.ok(err)
				w.later()
				got, err := w.Engine.GetRun(w.t.Context(), r.ID)
				w.ok(err)
				n := len(w.alive("contacts"))
				if !held {
					if n != 105 || got.Status != "done" {
						t.Errorf("%d contacts, run %s%s", n, got.Status, w.story())
					}
					return
				}
				if n != 0 || got.Status != "held" || len(w.errors("brake")) != 1 || !strings.Contains(w.errors("brake")[0].Text, "5 records") {
					t.Fatalf("%d contacts, run %s%s", n, got.Status, w.story())
				}
				_, err = w.Engine.Resume(w.t.Context(), "contacts", "operator", "")
				w.ok(err)
				w.later()
				if got, err = w.Engine.GetRun(w.t.Context(), r.ID); err != nil || got.Status != "done" || len(w.alive("contacts")) != 106 {
					t.Errorf("%v: run %s, %d contacts%s", err, got.Status, len(w.alive("contacts")), w.story())
				}
				w.wantQuietErrors()
			})
		})
	}
}
