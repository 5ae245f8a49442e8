package simulation

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/connector/hubspot/hubspottest"
	"crosswalk/internal/connector/salesforce/salesforcetest"
	"crosswalk/internal/engine"
)

// pairSource is a run with both CRMs, kept in agreement with each other; there is no Light.
const pairSource = "pair"

// pair is the two CRMs of a run and what their people did: pairpeople.go, and pairjournal.go for the record of it.
type pair struct {
	s       *Sim
	dice    *rand.Rand
	hub     portal
	org     *org
	journal *journal
	kinds   map[string][]kind // of the seed's documents, by mapping
	set     pairSet

	numbered int                 // every value that people enter is their own
	ids      map[string][]string // records that people know, by system:object
	gone     map[string]bool     // what people deleted, merged away or converted, by system:object/id
	archived [][2]string         // what people archived at HubSpot: object and id
	restored [][2]string         // what they took back
	bin      [][2]string         // what people deleted at Salesforce: object and id
	twins    map[string]int      // how many people made with one e-mail address, by side and address
}

// newPair makes both CRMs of a run.
func (s *Sim) newPair() {
	s.Salesforce = salesforcetest.New(salesforcetest.Config{Seed: s.Seed, VisibleAfter: s.lags.calculated, StaleRead: s.lags.stale})
	s.Salesforce.SetFault(salesforceHook)
	s.HubSpot = hubspottest.New(hubspottest.Config{Seed: s.Seed, SearchLag: s.lags.search, StaleRead: s.lags.stale, AutoCompanies: s.Seed%4 == 1, AutoCompanyLag: 7 * time.Second})
	s.HubSpot.SetFault(hubspotHook)
}

// foundPair has the settings of both CRMs and nothing else.
func (s *Sim) foundPair() *pair {
	t := &town{s: s, dice: rand.New(rand.NewPCG(s.Seed, 4))}
	p := &pair{s: s, dice: t.dice, hub: portal{t}, org: &org{town: t}, journal: &journal{hub: map[string][]version{}, loaded: map[string][]version{}}, set: pairSetOf(s.Seed),
		ids: map[string][]string{}, gone: map[string]bool{}, twins: map[string]int{}}
	s.pair = p
	p.settings()
	return p
}

// settings are what the administrators of both set up: markers, roads of change, automations.
func (p *pair) settings() {
	sf := p.s.Salesforce
	sf.AddToken(sessionToken, "")
	for _, object := range []string{"Account", "Contact", "Lead", "Opportunity"} {
		sf.AddField(object, salesforcetest.ExternalID("crosswalk_key__c", 64))
	}
	p.org.entries = map[string]string{}
	p.org.open("Account", "Contact", "Lead", "Opportunity", "OpportunityContactRole")
	p.watchPortal()
	p.automate()
}

// automate sets up what rewrites values at either side, in some seeds.
func (p *pair) automate() {
	switch p.s.Seed % 3 {
	case 1:
		p.s.hit("automation: phones rewritten at Salesforce")
		p.s.Salesforce.AddTrigger("Contact", salesforcetest.FormatPhones)
		p.s.Salesforce.AddTrigger("Account", salesforcetest.FormatPhones)
	case 2:
		p.s.hit("automation: workflow rewrites at HubSpot")
		p.s.HubSpot.SetWorkflow(4*time.Second, func(object string, changed, _ map[string]string) map[string]string {
			if v, ok := changed["jobtitle"]; object == "contacts" && ok && len(v) > 0 && v[0] >= 'a' && v[0] <= 'z' {
				return map[string]string{"jobtitle": string(v[0]-'a'+'A') + v[1:]}
			}
			return nil
		})
	}
}

// connections makes the connectors of one process.
func (p *pair) connections(s *Sim, a *actor) (out map[string]connector.Connector, roles map[string]string, err error) {
	out = map[string]connector.Connector{}
	if out["hubspot"], err = p.hub.connect(s, a); err != nil {
		return nil, nil, err
	}
	if out["salesforce"], err = p.org.connect(s, a); err != nil {
		return nil, nil, err
	}
	return out, map[string]string{"crm": "hubspot", "salesforce": "salesforce"}, nil
}

// deployPair makes the marker fields, applies the documents and takes them live.
func (s *Sim) deployPair(ctx context.Context) (*engine.Engine, error) {
	e := s.engine(s.newActor("operator", slotOperator, 0))
	for _, object := range []string{"companies", "contacts", "deals"} {
		if _, err := e.Connections["hubspot"].(connector.Provisioner).Provision(ctx, object, true); err != nil {
			return nil, err
		}
	}
	return e, takeLive(ctx, e, s.pair.set.documents)
}

// runPair is one seed of the pair from start to verdict.
func (s *Sim) runPair() Report {
	ctx := context.Background()
	p := s.foundPair()
	p.found()
	s.wait(3 * time.Minute)
	if _, err := s.deployPair(ctx); err != nil {
		return Report{Seed: s.Seed, Source: pairSource, Problems: []Problem{{"set up", err.Error()}}}
	}
	s.storm(time.Duration(7+p.dice.IntN(5)) * time.Minute)
	if err := p.goOn(ctx, s.engine(s.newActor("operator", slotOperator, 2))); err != nil {
		return Report{Seed: s.Seed, Source: pairSource, Problems: []Problem{{"resume", err.Error()}}}
	}
	problems := s.settle(ctx)
	checked := s.CheckPair(ctx)
	problems = append(problems, checked...)
	if s.Quiet && len(problems) == 0 {
		problems = append(problems, s.quietDays(ctx, 30*24*time.Hour)...)
	}
	report := Report{Source: pairSource, Seed: s.Seed, Trail: s.Trail(), Hits: s.Hits(), Effects: s.steps, Problems: problems, Ambiguous: s.Ambiguous, Quiet: s.Quiet}
	if s.Log != nil {
		report.Log = s.Log.String()
	}
	return report
}

// quietDays lets time pass in which nobody does anything: no write may be made at either side (C3). The first hours are of cycles of five
// minutes, in which feeds overlap; the rest of the first day of a quarter of an hour, which is how often sweeps come at the most; the other
// days of two hours, for what is tried again each day and each week (describing five objects anew takes half the time). What HubSpot
// refuses is no write: a value that another record has.
func (s *Sim) quietDays(ctx context.Context, d time.Duration) []Problem {
	a := s.newActor("calm", slotWorker, 1001)
	e := s.engine(a)
	since, began := s.pair.watch()(), time.Now()
	for cycle := 5 * time.Minute; time.Since(began) < d; a.pause(cycle) {
		switch passed := time.Since(began); {
		case passed > 24*time.Hour:
			cycle = 2 * time.Hour
		case passed > 4*time.Hour:
			cycle = 15 * time.Minute
		}
		s.deliver(ctx, a, e)
		if err := s.drain(ctx, e); err != nil {
			return []Problem{{"C3 quiet days", err.Error()}}
		}
	}
	if wrote := since(); len(wrote) > 0 {
		return []Problem{{"C3 quiet days", fmt.Sprintf("written in %s of quiet: %v", d, wrote)}}
	}
	s.hit("quiet days without a write")
	return nil
}
