package salesforcetest

import "time"

// remove deletes a record and what goes with it.
func (t *tx) remove(r *record) *apiError {
	switch {
	case r.deleted:
		return entityDeleted()
	case !r.o.deletable, !t.person && t.user == t.s.integration && r.o.access.NoDelete:
		return noRight()
	case r.locked.After(time.Now()):
		return lockedRow(r)
	case r.yes("IsPersonAccount") && r.o.Name == "Contact":
		return reject("INVALID_PERSON_ACCOUNT_OPERATION", nil, "a person contact is deleted with its account")
	}
	if e := t.mayDeletePrice(r); e != nil {
		return e
	}
	back := t.savepoint()
	if e := t.removeTree(r, r.id); e != nil {
		back()
		return e
	}
	return nil
}

// removeTree buries r with its cascading children; other references to it are
// cleared. root is what undelete brings back together.
func (t *tx) removeTree(r *record, root string) *apiError {
	for _, o := range t.s.order {
		for _, f := range o.fields {
			if !f.indexed || f.Type != "reference" || !f.mayPointTo(r.o.Name) {
				continue
			}
			for _, child := range t.s.alive(o.having(f, r.id)) {
				if e := t.unhook(child, f, r, root); e != nil {
					return e
				}
			}
		}
	}
	// A contact role of its own vanishes without a trace (section 15.3).
	purge := r.o.Name == "OpportunityContactRole"
	t.bury(r, Delete, purge, "")
	r.bin = root
	switch r.o.Name {
	case "OpportunityLineItem":
		t.rollUp(t.s.at(r.str("OpportunityId")), nil)
	case "CampaignMember":
		t.countMembers(t.s.at(r.str("CampaignId")))
	}
	return nil
}

func (t *tx) unhook(child *record, f *Field, parent *record, root string) *apiError {
	switch {
	case child.deleted:
		return nil
	case f.RestrictedDelete:
		return reject("DELETE_FAILED", nil, "Your attempt to delete %s could not be completed because it is associated with the following %s.: %s", parent.str("Name"), child.o.LabelPlural, child.id)
	case f.CascadeDelete:
		return t.removeTree(child, root)
	}
	t.put(child, map[*Field]any{f: nil}, true)
	return nil
}

// restore takes a record out of the recycle bin, with what went in with it.
func (t *tx) restore(r *record) *apiError {
	if !r.deleted || r.undeletable || r.purged || !r.o.undeletable {
		return reject("UNDELETE_FAILED", nil, "Entity is not in the recycle bin")
	}
	if r.bin != r.id {
		return reject("UNDELETE_FAILED", nil, "restore the parent %s: this record was deleted with it", r.bin)
	}
	for _, o := range t.s.order {
		for _, c := range o.rows {
			if c.deleted && c.bin == r.id && !c.purged && c.deletedAt.Equal(r.deletedAt) && c != r {
				t.revive(c)
			}
		}
	}
	t.revive(r)
	return nil
}
