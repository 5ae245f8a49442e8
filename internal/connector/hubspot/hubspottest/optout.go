package hubspottest

// OptOut is a contact that unsubscribes from everything by a link in an e-mail, or is subscribed again: HubSpot sets hs_email_optout
// itself, which nobody else can.
func (a Actor) OptOut(contact string, out bool) error {
	defer a.lock()()
	r, err := a.find("contacts", contact)
	if err != nil {
		return err
	}
	value := ""
	if out {
		value = "true"
	}
	a.s.apply(r, map[string]string{"hs_email_optout": value}, actor{source: "EMAIL"})
	return nil
}

// CameBy says what brought a contact at first, ORGANIC_SEARCH for example: HubSpot finds it out by itself (hs_analytics_source), and nobody
// else can set it.
func (a Actor) CameBy(contact, source string) error {
	defer a.lock()()
	r, err := a.find("contacts", contact)
	if err != nil {
		return err
	}
	a.s.apply(r, map[string]string{"hs_analytics_source": source}, actor{source: "ANALYTICS"})
	return nil
}
