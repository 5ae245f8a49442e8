package hubspottest

// SetLifecycle gives the lifecycle stages of contacts or companies in the portal, from first to last: HubSpot's own, and those of the
// portal, whose internal names are numbers (section 14).
func (s *Sim) SetLifecycle(objectType string, stages ...string) {
	defer s.User().lock()()
	s.kind(objectType).properties["lifecyclestage"].Options = optionList(stages)
}
