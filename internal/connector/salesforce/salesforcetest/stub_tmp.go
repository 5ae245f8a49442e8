package salesforcetest

type cursor struct{}
type rules struct{}
type places struct{}
type saveOptions struct{}

func (s *Sim) addPlaces()                      {}
func (s *Sim) addCurrencies()                  {}
func (s *Sim) plantRates(t *tx)                {}
func (s *Sim) addRoutes()                      {}
func (s *Sim) checkVersion(v string) *apiError { return nil }
