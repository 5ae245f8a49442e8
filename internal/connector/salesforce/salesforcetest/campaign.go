package salesforcetest

// afterCampaign gives a new campaign its two member statuses (section 15.7).
func afterCampaign(t *tx, d *draft, r *record) *apiError {
	if d.creating() {
		t.s.plant(t, "CampaignMemberStatus", fields{"CampaignId": r.id, "Label": "Sent", "SortOrder": number(1), "IsDefault": true})
		t.s.plant(t, "CampaignMemberStatus", fields{"CampaignId": r.id, "Label": "Responded", "SortOrder": number(2), "HasResponded": true})
	}
	return nil
}

func beforeMember(t *tx, d *draft) *apiError {
	lead, contact := d.str("LeadId"), d.str("ContactId")
	if (lead == "") == (contact == "") {
		return missingFields("LeadId", "ContactId") // (inferred) both missing and both given read alike
	}
	campaign := t.s.record(d.str("CampaignId"))
	if campaign == nil {
		return nil // the reference check names the fault
	}
	person := idOrSame(lead + contact)
	for _, m := range t.s.children(campaign, "CampaignMember", "CampaignId") {
		if d.creating() && (m.str("LeadId") == person || m.str("ContactId") == person) {
			return reject("DUPLICATE_VALUE", nil, "Already a campaign member.")
		}
	}
	responded := false
	for _, st := range t.s.children(campaign, "CampaignMemberStatus", "CampaignId") {
		if fold(st.str("Label")) == fold(d.str("Status")) {
			responded = st.yes("HasResponded")
		}
	}
	if responded && !d.yes("HasResponded") {
		d.put("FirstRespondedDate", t.now.Format(dateForm))
	}
	d.put("HasResponded", responded)
	d.put("LeadOrContactId", person)
	d.put("Type", map[bool]string{true: "Lead", false: "Contact"}[lead != ""])
	if r := t.s.at(person); r != nil {
		d.put("Name", r.value("Name"))
	}
	return nil
}

func afterMember(t *tx, d *draft, r *record) *apiError {
	if d.creating() {
		t.countMembers(t.s.at(r.str("CampaignId")))
	}
	return nil
}

func (t *tx) countMembers(campaign *record) {
	if campaign == nil || campaign.deleted {
		return
	}
	leads, contacts := 0, 0
	for _, m := range t.s.children(campaign, "CampaignMember", "CampaignId") {
		if m.str("LeadId") != "" {
			leads++
		} else {
			contacts++
		}
	}
	t.derive(campaign, fields{"NumberOfLeads": number(leads), "NumberOfContacts": number(contacts)}, true)
}
