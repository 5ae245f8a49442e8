package simulation

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"crosswalk/internal/connector/hubspot/hubspottest"
	"crosswalk/internal/connector/salesforce/salesforcetest"
)

// journal is what the vendors themselves tell of every change: HubSpot by its events, all of them, also those that chaos keeps from
// us; Salesforce by its log.
type journal struct {
	hub    map[string][]version // by object/id/property
	loaded map[string][]version // what an import brought to Salesforce, by object/id/field
}

// version is a value of a field from a moment on, and who gave it.
type version struct {
	value string
	at    time.Time
	by    author
}

// author of a change.
type author int

const (
	person  author = iota
	ours           // our own credential
	machine        // an automation of the vendor's
)

func (a author) String() string { return [...]string{"a person", "us", "an automation"}[a] }

// hubObjects are HubSpot's kinds of record as its events call them.
var hubObjects = map[string]string{"contact": "contacts", "company": "companies", "deal": "deals"}

// watched are the properties that the mappings carry or that the checker looks at.
var watched = map[string][]string{
	"contact": {"firstname", "lastname", "email", "jobtitle", "phone", "mobilephone", "city", "salutation", "lifecyclestage", "company", "website", "address", "state", "zip", "country", "hs_lead_status"},
	"company": {"name", "domain", "phone", "address", "city", "zip", "description", "numberofemployees", "industry", "annualrevenue", "state", "country"},
	"deal":    {"dealname", "dealstage", "amount", "closedate", "hs_next_step", "description", "dealtype"},
}

// watchPortal subscribes to everything, and lets chaos treat what is delivered. In some seeds no event ever comes: the poll alone
// must do.
func (p *pair) watchPortal() {
	var subs []hubspottest.Subscription
	for _, singular := range sorted(watched) {
		for _, what := range []string{"creation", "deletion", "merge", "restore", "associationChange"} {
			subs = append(subs, hubspottest.Subscription{EventType: singular + "." + what})
		}
		for _, name := range watched[singular] {
			subs = append(subs, hubspottest.Subscription{EventType: singular + ".propertyChange", PropertyName: name})
		}
	}
	p.s.HubSpot.SetWebhook(hubspottest.AppID, webhookURL, subs...)
	dice := rand.New(rand.NewPCG(p.s.Seed, 3))
	silent := dice.IntN(4) == 0
	if silent {
		p.s.hit("roads: HubSpot by poll only")
	}
	p.s.HubSpot.SetDelivery(func(ev hubspottest.Event) hubspottest.Treatment {
		p.journal.note(ev)
		if silent {
			return hubspottest.Treatment{Drop: true}
		}
		if p.journal.byUs(ev) {
			p.s.branch("echo: our own write is told to us")
		}
		return p.s.treatHubSpot(dice)
	})
}

// byUs tells whether an event is of our own write.
func (j *journal) byUs(ev hubspottest.Event) bool {
	return fmt.Sprint(ev["changeSource"]) == "INTEGRATION" && fmt.Sprint(ev["sourceId"]) == fmt.Sprint(hubspottest.AppID)
}

// note takes an event down.
func (j *journal) note(ev hubspottest.Event) {
	kind, what, _ := strings.Cut(fmt.Sprint(ev["subscriptionType"]), ".")
	if what != "propertyChange" {
		return
	}
	by := machine
	switch source := fmt.Sprint(ev["changeSource"]); {
	case source == "CRM_UI" || source == "IMPORT":
		by = person
	case j.byUs(ev):
		by = ours
	}
	at := time.UnixMilli(ev["occurredAt"].(int64))
	key := hubObjects[kind] + "/" + fmt.Sprint(ev["objectId"]) + "/" + fmt.Sprint(ev["propertyName"])
	j.hub[key] = append(j.hub[key], version{fmt.Sprint(ev["propertyValue"]), at, by})
}

// take notes the values of a record that came of a merge as a person's: the events say no more than that it was made.
func (p *pair) take(object, id string) {
	r, _ := p.s.HubSpot.Record(object, id)
	for singular, name := range hubObjects {
		if name != object {
			continue
		}
		for _, property := range watched[singular] {
			if v := r.Properties[property]; v != "" {
				key := object + "/" + id + "/" + property
				p.journal.hub[key] = append(p.journal.hub[key], version{v, time.Now(), person})
			}
		}
	}
}

// orgJournal folds Salesforce's log, and what was loaded: by object/id/field.
func (p *pair) orgJournal() map[string][]version {
	out := make(map[string][]version, len(p.journal.loaded))
	for key, list := range p.journal.loaded {
		out[key] = slices.Clone(list)
	}
	integration := p.s.Salesforce.IntegrationUserID()
	for _, e := range p.s.Salesforce.Log() {
		by := person
		if e.User == integration {
			by = ours
		}
		for _, name := range e.Fields {
			key := e.Object + "/" + e.ID + "/" + name
			out[key] = append(out[key], version{salesforcetest.Record{Values: e.Values}.Text(name), e.When, by})
		}
	}
	return out
}

// history is what became of a group of fields of one record: every state of all of them together.
func history(of map[string][]version, record string, names []string) []version {
	type step struct {
		version
		name string
	}
	var steps []step
	for _, name := range names {
		for _, v := range of[record+"/"+name] {
			steps = append(steps, step{v, name})
		}
	}
	slices.SortStableFunc(steps, func(x, y step) int { return cmp.Compare(x.at.UnixNano(), y.at.UnixNano()) })
	now := map[string]string{}
	var out []version
	for n, s := range steps {
		now[s.name] = s.value
		if n+1 < len(steps) && steps[n+1].at.Equal(s.at) && steps[n+1].by == s.by {
			continue
		}
		var parts []string
		for _, name := range names {
			parts = append(parts, now[name])
		}
		out = append(out, version{strings.Join(parts, "\x1f"), s.at, s.by})
	}
	return out
}
