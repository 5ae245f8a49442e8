package simulation

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/connector/hubspot/hubspottest"
	"crosswalk/internal/connector/salespad"
	"crosswalk/internal/connector/salespad/salespadtest"
	"crosswalk/internal/engine"
	"crosswalk/internal/mapping"
	"crosswalk/internal/rest"
)

// padSource is a run with HubSpot and SalesPad: customers, prospects and their contacts, items, documents. There is no Light.
const padSource = "pad"

const (
	salespadSystem = "salespad"
	padBase        = "https://salespad.example.com:5501"
)

// padQueues are the workflow queues that documents are exported from.
var padQueues = []string{"EXPORT", "EXPORT QUOTE"}

// pad is HubSpot and SalesPad of a run and what their people did: padhubspot.go and padpeople.go; paddocs.go has documents and items.
type pad struct {
	s       *Sim
	dice    *rand.Rand
	hub     portal
	install padInstall
	journal *journal // of HubSpot
	desk    logins

	numbered int                            // every value that people enter is their own
	past     map[string][]version           // what people entered at SalesPad, by resource/key/field
	former   map[string]string              // prospects and their contacts that became customers and addresses: of those, resource/key -> resource/key
	erased   map[string]salespadtest.Record // what people deleted at SalesPad, by resource/key
	archived [][2]string                    // what people archived at HubSpot
	moved    map[string]string              // deals that people moved to another stage
	left     map[string]padSnapshot         // documents as they left the queue, where people changed them later
	states   map[string][]padSnapshot       // documents as they stood before each change of people's
	touched  map[string]time.Time           // documents: when people last changed them
	locked   map[string]bool                // documents that somebody has open
	asked    map[string]int                 // documents: how often an editor had them exported again
	looks    map[lookAt]time.Time           // when a process last read a document by its number
	flights  map[string][]flight            // documents, by number: our forwards, each from the last look before it
	kinds    []kind                         // what the documents say of each field
}

// padInstall is what one install of SalesPad has otherwise than another.
type padInstall struct {
	seats  bool // no licence for a permanent session: ours takes a seat and dies idle
	digits bool // telephone numbers are kept as digits with an extension
	clears bool // addresses, prospects and their contacts can be deleted
	nodes  bool // the query language is bounded as ASP.NET bounds it
}

// installOf is what a seed's install is like.
func installOf(seed uint64) padInstall {
	dice := rand.New(rand.NewPCG(seed, 8))
	return padInstall{seats: dice.IntN(3) == 0, digits: dice.IntN(3) == 0, nodes: dice.IntN(2) == 0, clears: dice.IntN(2) == 0}
}

func (i padInstall) config(seed uint64) salespadtest.Config {
	c := salespadtest.Config{Seed: seed, NoPermanent: i.seats, InternalSeats: 3, Profile: salespadtest.Profile{PhoneDigits: i.digits}}
	if i.clears {
		c.Profile.Present = []string{"deleteCustomerAddress", "deleteProspect", "deleteProspectContact"}
	}
	if i.nodes {
		c.Profile.MaxNodes = 100
	}
	return c
}

// newPad makes both systems of a run, without records and without settings.
func (s *Sim) newPad() {
	s.HubSpot = hubspottest.New(hubspottest.Config{Seed: s.Seed, SearchLag: s.lags.search, StaleRead: s.lags.stale})
	s.HubSpot.SetFault(hubspotHook)
	s.SalesPad = salespadtest.New(installOf(s.Seed).config(s.Seed))
	s.SalesPad.SetFault(salespadHook)
}

// foundPad has the settings of both and nothing else. The world is of Options.Source padSource.
func (s *Sim) foundPad() *pad {
	t := &town{s: s, dice: rand.New(rand.NewPCG(s.Seed, 4))}
	p := &pad{s: s, dice: t.dice, hub: portal{t}, install: installOf(s.Seed), journal: &journal{hub: map[string][]version{}}, kinds: padKinds(),
		past: map[string][]version{}, former: map[string]string{}, erased: map[string]salespadtest.Record{}, moved: map[string]string{},
		left: map[string]padSnapshot{}, states: map[string][]padSnapshot{}, touched: map[string]time.Time{}, locked: map[string]bool{}, asked: map[string]int{},
		looks: map[lookAt]time.Time{}, flights: map[string][]flight{}}
	s.town, s.pad = t, p
	do(s.HubSpot.User().Define("companies", "customer_number", "string", "text"))
	p.watch()
	return p
}

// watched properties of companies and contacts, for webhooks and for the journal.
var padWatched = map[string][]string{
	"company": {"name", "domain", "type", "phone", "address", "city", "state", "zip", "country", "description", "customer_number"},
	"contact": {"firstname", "lastname", "email", "phone", "address", "city", "state", "zip", "country"},
}

// watch subscribes to what happens to companies and contacts, and lets chaos treat what is delivered. In some seeds no event ever
// comes: the poll alone must do.
func (p *pad) watch() {
	var subs []hubspottest.Subscription
	for _, singular := range sorted(padWatched) {
		for _, what := range []string{"creation", "deletion", "merge", "restore", "associationChange"} {
			subs = append(subs, hubspottest.Subscription{EventType: singular + "." + what})
		}
		for _, name := range padWatched[singular] {
			subs = append(subs, hubspottest.Subscription{EventType: singular + ".propertyChange", PropertyName: name})
		}
	}
	p.s.HubSpot.SetWebhook(hubspottest.AppID, webhookURL, subs...)
	dice := rand.New(rand.NewPCG(p.s.Seed, 3))
	silent := dice.IntN(4) == 0
	p.s.HubSpot.SetDelivery(func(ev hubspottest.Event) hubspottest.Treatment {
		p.journal.note(ev)
		if silent {
			return hubspottest.Treatment{Drop: true}
		}
		return p.s.treatHubSpot(dice)
	})
}

// padOrder is the order in which the set goes live: lines before the documents that bring them.
var padOrder = []string{"customers", "prospects", "addresses", "prospect-contacts", "items", "document-lines", "documents"}

// padDocuments are the presets of hubspot-salespad in that order, as they stand.
func padDocuments() []string {
	presets := map[string]string{}
	for _, p := range mapping.PresetSet("hubspot-salespad") {
		presets[path.Base(p.Name)] = string(p.YAML)
	}
	var out []string
	for _, name := range padOrder {
		out = append(out, presets[name])
		delete(presets, name)
	}
	if len(presets) > 0 {
		panic(fmt.Sprintf("simulation: presets of hubspot-salespad that go live nowhere: %v", sorted(presets)))
	}
	return out
}

// deployPad makes the marker fields, applies the documents and takes them live.
func (s *Sim) deployPad(ctx context.Context) (*engine.Engine, error) {
	e := s.engine(s.newActor("operator", slotOperator, 0))
	for _, object := range []string{"companies", "contacts", "products", "deals", "line_items"} {
		if _, err := e.Connections["hubspot"].(connector.Provisioner).Provision(ctx, object, true); err != nil {
			return nil, err
		}
	}
	var documents [][]byte
	for _, y := range padDocuments() {
		documents = append(documents, []byte(y))
	}
	return e, takeSetLive(ctx, e, documents, padOrder)
}

// connections makes the connectors of one process.
func (p *pad) connections(s *Sim, a *actor) (out map[string]connector.Connector, roles map[string]string, err error) {
	out = map[string]connector.Connector{}
	if out["hubspot"], err = p.hub.connect(s, a); err != nil {
		return nil, nil, err
	}
	if out[salespadSystem], err = p.connect(a); err != nil {
		return nil, nil, err
	}
	return out, map[string]string{"crm": "hubspot", "salespad": salespadSystem}, nil
}

// connect makes SalesPad's connector of one process: its calls pass the process's gate, the session is shared by all of them.
func (p *pad) connect(a *actor) (connector.Connector, error) {
	client := rest.New(rest.Config{Base: padBase, Transport: &wire{a, salespadSystem, p.s.SalesPad.Transport()}, Jitter: a.jitter.Float64})
	desk := &login{a, &p.desk}
	sessions, err := salespad.NewSessions(salespad.SessionsConfig{Client: client, Keeper: desk, Locker: desk, Seat: p.install.seats,
		Login: func(context.Context) (salespad.Login, error) {
			return salespad.Login{User: salespadtest.UserName, Password: salespadtest.Password}, nil
		}})
	if err != nil {
		return nil, err
	}
	return salespad.New(salespad.Config{Connection: salespadSystem, Client: client, Sessions: sessions, Company: p.s.SalesPad.Company(),
		Currency: "USD", Currencies: map[string]string{"Z-US$": "USD"}, Queues: padQueues})
}

// logins is the session that all processes share and who opens it: in the product it lies with the credentials.
type logins struct {
	session []byte
	holder  *actor
	until   time.Time
}

// loginHold is how long a process that vanished keeps others from logging in.
const loginHold = 90 * time.Second

// login is one process's view of it: token.Keeper and token.Locker.
type login struct {
	a    *actor
	desk *logins
}

// Load implements token.Keeper.
func (l *login) Load(ctx context.Context) (session []byte, err error) {
	const label = "get session"
	if err := l.a.enter(ctx, label, storeLow, storeHigh); err != nil {
		return nil, err
	}
	if l.a.strike(l.a.s.Rates.Store, "store", 1) != unharmed {
		err = errStore
	} else {
		l.a.s.tally(func(*Sim) { session = slices.Clone(l.desk.session) })
	}
	l.a.leave(label)
	return session, err
}

// Save implements token.Keeper.
func (l *login) Save(ctx context.Context, session []byte) error {
	label := "put session " + digest(session)
	if err := l.a.enter(ctx, label, storeLow, storeHigh); err != nil {
		return err
	}
	how := l.a.strike(l.a.s.Rates.Store, "store", 2)
	if how != before {
		l.a.s.tally(func(*Sim) { l.desk.session = slices.Clone(session) })
	}
	l.a.leave(label)
	if how != unharmed {
		return errStore
	}
	return nil
}

// Lock implements token.Locker. A process that was killed lets go of nothing.
func (l *login) Lock(ctx context.Context) (func(), error) {
	const label = "lock session"
	for {
		if err := l.a.enter(ctx, label, storeLow, storeHigh); err != nil {
			return nil, err
		}
		free := false
		l.a.s.tally(func(*Sim) {
			if free = l.desk.holder == nil || time.Now().After(l.desk.until); free {
				l.desk.holder, l.desk.until = l.a, time.Now().Add(loginHold)
			}
		})
		l.a.leave(label)
		if free {
			return l.release, nil
		}
		l.a.pause(300 * time.Millisecond)
	}
}

func (l *login) release() {
	l.a.s.tally(func(*Sim) {
		if !l.a.killed && l.desk.holder == l.a {
			l.desk.holder = nil
		}
	})
}

// runPad is one seed of HubSpot and SalesPad from start to verdict.
func (s *Sim) runPad() Report {
	ctx := context.Background()
	p := s.foundPad()
	p.found()
	s.wait(3 * time.Minute)
	s.SalesPad.ClearLog()
	if _, err := s.deployPad(ctx); err != nil {
		return Report{Seed: s.Seed, Source: padSource, Problems: []Problem{{"set up", err.Error()}}}
	}
	s.storm(time.Duration(9+p.dice.IntN(6)) * time.Minute)
	p.goHome()
	problems := s.settle(ctx)
	checked, outcome := s.CheckPad(ctx)
	problems = append(problems, checked...)
	report := Report{Source: padSource, Seed: s.Seed, Trail: s.Trail(), Hits: s.Hits(), Effects: s.steps, Problems: problems, Outcome: outcome, Ambiguous: s.Ambiguous}
	if s.Log != nil {
		report.Log = s.Log.String()
	}
	return report
}

// goHome is the end of the day at SalesPad: nobody has a document open or sits on a seat, and no rule holds documents back.
func (p *pad) goHome() {
	p.s.SalesPad.Up()
	for _, key := range sorted(p.locked) {
		docType, num, _ := strings.Cut(key, "|")
		p.s.SalesPad.Unlock(docType, num)
	}
	p.s.SalesPad.TakeSeats(-10)
	for _, queue := range padQueues {
		p.s.SalesPad.SetForwardRule(queue, nil)
	}
}
