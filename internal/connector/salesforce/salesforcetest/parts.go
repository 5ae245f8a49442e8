package salesforcetest

// extras holds the state of the parts beside the core.
type extras struct{}

// addParts hangs the parts beside the core on the org; see mount.go.
func (s *Sim) addParts() {}
