package simulation

import (
	"context"
	"math/rand/v2"
	"time"

	"crosswalk/internal/connector/salesforce/salesforcetest"
)

// roads are the ways on which changes of the org come besides polling.
type roads struct{ messages, events bool }

const hookSecret = "a-secret-address-of-a-simulation"

// open draws the roads of this seed and sets them up as an administrator does.
func (o *org) open(objects ...string) {
	dice := rand.New(rand.NewPCG(o.s.Seed, 3))
	o.roads = []roads{{}, {messages: true}, {events: true}, {messages: true, events: true}}[dice.IntN(4)]
	o.s.hit("roads: " + o.roads.String())
	sim := o.s.Salesforce
	var skip []string
	if dice.IntN(2) == 0 {
		skip = []string{sim.IntegrationUserID()} // the loop guard of fact sheet 17.1, which not everybody sets
	}
	if o.roads.messages {
		for _, object := range objects {
			must(sim.AddOutboundMessage(salesforcetest.OutboundMessage{Object: object, URL: "https://crosswalk.example/webhooks/salesforce/" + hookSecret, Fields: []string{"LastModifiedById"}, SkipUsers: skip}))
		}
		sim.TreatOutbound(func(string, string) salesforcetest.OutboundTreatment { return o.treatMessage(dice) })
	}
	if o.roads.events {
		sim.StartRelay(salesforcetest.RelayConfig{Objects: objects}, func(event []byte) { o.hand(waitingEvent{body: event}) })
		sim.SetRelay(func(salesforcetest.ChangeEvent) salesforcetest.RelayTreatment { return o.treatEvent(dice) })
	}
}

func (r roads) String() string {
	switch r {
	case roads{}:
		return "poll only"
	case roads{messages: true}:
		return "outbound messages"
	case roads{events: true}:
		return "change events"
	}
	return "all"
}

func (o *org) treatMessage(dice *rand.Rand) salesforcetest.OutboundTreatment {
	if !o.s.chaos() || dice.IntN(10_000) >= o.s.Rates.Webhook {
		return salesforcetest.OutboundTreatment{}
	}
	switch dice.IntN(3) {
	case 0:
		o.s.hit("message lost")
		return salesforcetest.OutboundTreatment{Drop: true}
	case 1:
		o.s.hit("message doubled")
		return salesforcetest.OutboundTreatment{Copies: 1 + dice.IntN(3)}
	}
	o.s.hit("message late")
	return salesforcetest.OutboundTreatment{Delay: time.Duration(dice.IntN(600)) * time.Second}
}

func (o *org) treatEvent(dice *rand.Rand) salesforcetest.RelayTreatment {
	if !o.s.chaos() || dice.IntN(10_000) >= o.s.Rates.Webhook {
		return salesforcetest.RelayTreatment{}
	}
	switch dice.IntN(6) {
	case 0:
		o.s.hit("event lost")
		return salesforcetest.RelayTreatment{Drop: true}
	case 1:
		o.s.hit("event doubled")
		return salesforcetest.RelayTreatment{Copies: 1 + dice.IntN(3)}
	case 2:
		o.s.hit("event late")
		return salesforcetest.RelayTreatment{Delay: time.Duration(dice.IntN(600)) * time.Second}
	case 3:
		o.s.hit("gap event")
		return salesforcetest.RelayTreatment{Gap: true}
	case 4:
		o.s.hit("gap event with a wildcard")
		return salesforcetest.RelayTreatment{Gap: true, Wildcard: true}
	}
	o.s.hit("overflow event")
	return salesforcetest.RelayTreatment{Overflow: true}
}

// functionTries is how often Lambda runs a function for one event: once, and twice more after a failure.
const functionTries = 3

// hand gives an event to the change function. One that fails comes again a minute later, and is lost after three failures.
func (o *org) hand(e waitingEvent) {
	if time.Now().Before(e.due) {
		o.waiting = append(o.waiting, e)
		return
	}
	if _, err := o.bell.e.AcceptEvent(context.Background(), "salesforce", e.body); err == nil {
		return
	}
	if e.tries++; e.tries < functionTries {
		e.due = time.Now().Add(time.Minute)
		o.waiting = append(o.waiting, e)
		return
	}
	o.s.hit("event lost by its function")
}
