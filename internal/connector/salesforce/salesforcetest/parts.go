package salesforcetest

// extras holds the state of the parts beside the core.
type extras struct {
	oauth    *OAuth
	relay    relay
	outbound outbound
	bulk     bulk
	wake     chan struct{} // wakes Run
}

// addParts hangs the parts beside the core on the org; see mount.go.
func (s *Sim) addParts() {
	s.extra.wake = make(chan struct{}, 1)
	s.addOAuth()
	s.addOutbound()
	s.addBulk()
	s.onChange = append(s.onChange, s.captureChanges, s.notify)
}
