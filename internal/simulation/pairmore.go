package simulation

import (
	"slices"
	"strings"

	"crosswalk/internal/link"
	"crosswalk/internal/record"
)

// accountOf: a contact's company at HubSpot is never that of another account (C19).
func (c *pairCheck) accountOf(l link.Link) {
	account, company := c.orgs[l.A.Object+"/"+l.A.ID].Text("AccountId"), c.hubs[l.B.Object+"/"+l.B.ID].PrimaryCompany
	if account == "" || company == "" || c.asked(l) {
		return
	}
	at, there := c.byA[record.Ref{Connection: "salesforce", Object: "Account", ID: account}], c.byB[record.Ref{Connection: "hubspot", Object: "companies", ID: company}]
	if c.whole(at) && c.whole(there) && at.B.ID != company {
		c.fail("C19 associations", "%s is of %s, and %s of %s, which is another account's", l.A, at.A, l.B, there.B)
	}
}

// peopleOf: the people of an opportunity are those of its deal, as far as they were always there (C19). Of whom was deleted, merged or
// converted meanwhile, either vendor takes associations away by itself, and whose change that was is not told: they are not judged. The
// deal itself may have been away: an opportunity comes back from the bin without its roles, and has them from its deal again.
func (c *pairCheck) peopleOf(l link.Link) {
	if c.asked(l) {
		return
	}
	var roles, associated []string
	for _, r := range c.s.Salesforce.Find("OpportunityContactRole", "OpportunityId", l.A.ID) {
		if at := c.byA[record.Ref{Connection: "salesforce", Object: "Contact", ID: r.Text("ContactId")}]; !r.Deleted && c.lasting(at) {
			roles = append(roles, at.B.ID)
		}
	}
	for _, id := range c.hubs[l.B.Object+"/"+l.B.ID].Associations["contacts"] {
		if at := c.byB[record.Ref{Connection: "hubspot", Object: "contacts", ID: id}]; c.lasting(at) && at.A.Object == "Contact" {
			associated = append(associated, id)
		}
	}
	slices.Sort(roles)
	slices.Sort(associated)
	if !slices.Equal(slices.Compact(roles), slices.Compact(associated)) {
		c.fail("C19 associations", "%s has %v, as HubSpot knows them, and %s has %v", l.A, roles, l.B, associated)
	}
}

// asked tells whether a person is asked about a pair.
func (c *pairCheck) asked(l link.Link) bool {
	return l.Reason != nil || len(c.errors[l.A]) > 0 || len(c.errors[l.B]) > 0
}

// lasting tells of a pair that goes on together that neither of its records was ever away or came of another.
func (c *pairCheck) lasting(l link.Link) bool {
	return c.whole(l) && len(c.away[l.A.Object+"/"+l.A.ID]) == 0 && c.plain(l) && !slices.ContainsFunc(c.p.restored, func(at [2]string) bool { return at[0] == l.B.Object && at[1] == l.B.ID })
}

// whole tells whether both records of a pair are there and go on together.
func (c *pairCheck) whole(l link.Link) bool {
	r := c.orgs[l.A.Object+"/"+l.A.ID]
	return l.State == link.Linked && !c.asked(l) && alive(c.hubs[l.B.Object+"/"+l.B.ID]) && r.ID != "" && !r.Deleted && r.MasterRecordID == ""
}

// audited: the audit trail has every value that we wrote over another one (Q17).
func (c *pairCheck) audited(r rule, x side) {
	for n := 1; n < len(x.past); n++ {
		w, e := x.past[n], x.past[n-1]
		if w.by != ours {
			continue
		}
		now, was := strings.Split(w.value, "\x1f"), strings.Split(e.value, "\x1f")
		for m, name := range x.names {
			if now[m] == was[m] || e.by == ours && r.same(now[m], was[m]) {
				continue
			}
			if _, ok := c.write(r, x, name, now[m], w.at); !ok {
				c.fail("Q17 audit", "%s %s: we wrote %q over %q, and the audit trail does not say so", x.ref, name, now[m], was[m])
			}
		}
	}
}
