package app

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"crosswalk/internal/connector/hubspot/hubspottest"
	"crosswalk/internal/connector/salespad/salespadtest"
	"crosswalk/internal/plan"
)

// Hooks that run after something was done: once for a pair, from whichever side it was found or made; once for each update that was written.

// hooking runs a case with customers whose document has these hooks besides.
func hooking(t *testing.T, hooks string, before, f func(w *world)) {
	t.Helper()
	documents := padPresets(t, "hubspot-salespad", []string{"customers", "addresses"}, "mapping: customers\n", "mapping: customers\nhooks:\n"+hooks)
	fields := []string{"companies/customer_number", "companies/gp_link", "companies/gp_links"}
	virtual(t, setup{SalesPad: &salespadtest.Config{}, Documents: documents, Draft: true, Quiet: true, HubSpotFields: fields}, func(w *world) {
		w.padProvision()
		if before != nil {
			before(w)
		}
		w.live()
		f(w)
	})
}

// TestAfterLinkFromBothSides (SP-43, SP-66, SP-88): the hook runs once whether the company or the customer came first, was found or made; its
// source is always the company.
func TestAfterLinkFromBothSides(t *testing.T) {
	const hook = "  after_link: 'return {\"gp_link\": source.name + \" is \" + target.id, \"gp_links\": (source.gp_links or \"\") + \"x\"}'\n"
	var early string
	hooking(t, hook, func(w *world) {
		early = w.hub("companies", "name", "Early Bird", "domain", "early.example", "type", "VENDOR") // no company of this type is carried over
	}, func(w *world) {
		w.SalesPad.Must("Customer", salespadtest.Fields{"Customer_Num": "ALPHA", "Customer_Name": "Alpha Ltd"})
		w.SalesPad.Must("Customer", salespadtest.Fields{"Customer_Num": "EARLY", "Customer_Name": "Early Birds", "Email_To": "ap@early.example"})
		made := w.hub("companies", "name", "Nordlys", "domain", "nordlys.example", "type", "PARTNER")
		w.later()
		w.later()
		nordlys := w.padOnly("Customer", "Customer_Name", "Nordlys")
		for _, c := range []struct{ id, name, customer string }{
			{w.inHub("companies", "name", "Alpha Ltd").ID, "Alpha", "ALPHA"},
			{early, "Early", "EARLY"},
			{made, "Nordlys", nordlys.Key},
		} {
			if p := w.at("companies", c.id).Properties; p["gp_links"] != "x" || !strings.HasPrefix(p["gp_link"], c.name) || !strings.HasSuffix(p["gp_link"], " is "+c.customer) {
				t.Errorf("%s: %q, ran %q%s", c.name, p["gp_link"], p["gp_links"], w.story())
			}
		}
		if n := len(w.errors("")); n != 0 {
			t.Errorf("%s", w.story())
		}
		w.padQuiet()
	})
}

// TestAfterUpdate (SP-99, SP-102, SP-142, SP-146): the hook runs once for each update that was written, also where its answer was lost, and
// is written where the update came from; not for what is made or found, and not where nothing was written.
func TestAfterUpdate(t *testing.T) {
	hooking(t, "  b_to_a: { after_update: 'return {\"Comment_1\": (source.Comment_1 or \"\") + \"x\"}' }\n", nil, func(w *world) {
		w.SalesPad.Must("Customer", salespadtest.Fields{"Customer_Num": "ALPHA", "Customer_Name": "Alpha Ltd"})
		ran := func(when, want string) {
			t.Helper()
			w.later()
			w.later()
			if got := w.padOnly("Customer", "Customer_Num", "ALPHA").Fields["Comment_1"]; got != want {
				t.Errorf("%s: %q, want %q%s", when, got, want, w.story())
			}
		}
		ran("made", "")
		w.ok(w.SalesPad.Update("Customer", "ALPHA", salespadtest.Fields{"Customer_Name": "Alpha Group"}))
		ran("changed", "x")
		company := w.inHub("companies", "name", "Alpha Group")
		w.hubSet("companies", company.ID, "city", "Oslo") // mapped by nothing
		ran("something else changed", "x")
		lost := 0
		w.HubSpot.SetFault(func(r *http.Request, body []byte) *hubspottest.Fault { // the answer is lost, and the write is done
			if lost++; strings.HasSuffix(r.URL.Path, "/batch/update") && lost >= 0 {
				lost = -1000
				return &hubspottest.Fault{After: true, Status: http.StatusGatewayTimeout}
			}
			return nil
		})
		w.ok(w.SalesPad.Update("Customer", "ALPHA", salespadtest.Fields{"Note": "Pays late"}))
		ran("changed again, and the answer lost", "xx")
		if lost >= 0 {
			t.Error("no answer was lost")
		}
		w.HubSpot.SetFault(nil)
		if n := len(w.errors("")); n != 0 {
			t.Errorf("%s", w.story())
		}
		w.padQuiet()
	})
}

// TestAfterUpdateNeverFeedsItself: a hook that gives a field that its own way carries is refused by name; the update itself stands.
func TestAfterUpdateNeverFeedsItself(t *testing.T) {
	hooking(t, "  b_to_a: { after_update: 'return {\"Note\": (source.Note or \"\") + \"x\"}' }\n", nil, func(w *world) {
		w.SalesPad.Must("Customer", salespadtest.Fields{"Customer_Num": "ALPHA", "Customer_Name": "Alpha Ltd"})
		w.later()
		w.ok(w.SalesPad.Update("Customer", "ALPHA", salespadtest.Fields{"Customer_Name": "Alpha Group"}))
		w.later()
		w.inHub("companies", "name", "Alpha Group")
		if c := w.padOnly("Customer", "Customer_Num", "ALPHA"); c.Fields["Note"] != "" || len(w.errors(plan.ScriptFailed)) != 1 {
			t.Errorf("%v%s", c.Fields["Note"], w.story())
		}
		w.padQuiet()
	})
}

// TestAfterUpdateBothWays: the hooks of both ways of one document run, each where its update came from.
func TestAfterUpdateBothWays(t *testing.T) {
	const hooks = "hooks:\n  a_to_b: { after_update: 'return {\"Description\": (source.Description or \"\") + target.name + \"|\"}' }\n" +
		"  b_to_a: { after_update: 'return {\"gp_link\": (source.gp_link or \"\") + target.Name + \"|\"}' }\n"
	s := pairWorld(pairAccounts + hooks)
	s.HubSpotFields = []string{"companies/gp_link"}
	pair(t, s, func(w *world) {
		account := w.sfAccount("Nordlys", "Website", "https://nordlys.example")
		w.later()
		company := w.inHub("companies", "domain", "nordlys.example").ID
		w.sfSet("Account", account, "Name", "Nordlys AS")
		w.later()
		w.hubSet("companies", company, "phone", "+4755501000")
		w.later()
		w.sfSet("Account", account, "Name", "Nordlys ASA")
		w.hubSet("companies", company, "city", "Bergen")
		w.later()
		if got, back := w.sfField("Account", account, "Description"), w.at("companies", company).Properties["gp_link"]; got != "Nordlys AS|Nordlys ASA|" || back != "Nordlys AS|Nordlys ASA|" {
			t.Errorf("%q at the account, %q at the company%s", got, back, w.story())
		}
		w.quiet(2 * time.Hour)
		w.wantQuietErrors()
	})
}
