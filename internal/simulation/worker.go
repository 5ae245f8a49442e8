package simulation

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"time"

	"crosswalk/internal/connector/hubspot/hubspottest"
	"crosswalk/internal/engine"
	"crosswalk/internal/engine/lane"
	"crosswalk/internal/mapping"
)

// Slots of the grid: who wakes at which nanoseconds.
const (
	slotOperator = 1 + iota
	slotSender
	slotSales
	slotFinance
	slotPoller
	slotCourier
	slotWorker // and the following ones
)

// deploy applies the mappings and takes them live, as an operator does before the first customer record moves.
func (s *Sim) deploy(ctx context.Context) (*engine.Engine, error) {
	e := s.engine(s.newActor("operator", slotOperator, 0))
	return e, takeLive(ctx, e, documents(s.source(), s.Open))
}

// takeLive applies documents and takes them live past the gates: a simulation has nobody who could approve.
func takeLive(ctx context.Context, e *engine.Engine, documents []string) error {
	for _, y := range documents {
		h, err := e.Apply(ctx, []byte(y), "editor")
		if err != nil {
			return err
		}
		if _, err := e.SetStatus(ctx, h.Name, mapping.Live, nil, "editor", ""); err != nil {
			return err
		}
	}
	return nil
}

// takeSetLive applies documents that refer to each other together, and takes them live in order, past the gates too.
func takeSetLive(ctx context.Context, e *engine.Engine, documents [][]byte, order []string) error {
	if _, err := e.ApplyAll(ctx, documents, "editor"); err != nil {
		return err
	}
	for _, name := range order {
		if _, err := e.SetStatus(ctx, name, mapping.Live, nil, "editor", ""); err != nil {
			return err
		}
	}
	return nil
}

// spawn starts a process in a slot; when it is killed another one takes its place after a while.
func (s *Sim) spawn(name string, slot, generation int, body func(a *actor, e *engine.Engine)) {
	s.wg.Add(1)
	a := s.newActor(name, slot, generation)
	a.mortal = true
	go func() {
		defer s.wg.Done()
		defer func() {
			if a.killed {
				s.spawn(name, slot, generation+1, body)
			}
		}()
		a.pause(a.between(time.Second, time.Minute))
		body(a, s.engine(a))
	}()
}

// work is a worker's life.
func (s *Sim) work(a *actor, e *engine.Engine) {
	ctx := context.Background()
	for s.working() {
		a.pause(a.between(200*time.Millisecond, 6*time.Second))
		n, err := e.Receive(ctx, lane.Live, 1+a.dice.IntN(20))
		if err == nil && n == 0 {
			_, _ = e.Receive(ctx, lane.Bulk, 1) // an error is the chaos itself: the loop goes on, as in the product
		}
	}
}

// poll is the poller's life.
func (s *Sim) poll(a *actor, e *engine.Engine) {
	for s.working() {
		a.pause(a.between(5*time.Second, 25*time.Second))
		_ = e.Poll(context.Background()) // as above
	}
}

// send delivers what is due on the roads of change.
func (s *Sim) send(a *actor, e *engine.Engine) {
	for s.working() {
		a.pause(a.between(time.Second, 8*time.Second))
		s.deliver(context.Background(), a, e)
	}
}

// deliver sends what is due now.
func (s *Sim) deliver(ctx context.Context, a *actor, e *engine.Engine) {
	if s.pair != nil {
		s.pair.hub.deliver(ctx, &doorbell{a, e, "hubspot"})
		s.pair.org.deliver(ctx, &doorbell{a, e, "salesforce"})
		return
	}
	if s.pad != nil {
		s.pad.hub.deliver(ctx, &doorbell{a, e, "hubspot"})
		return
	}
	s.crm.deliver(ctx, &doorbell{a, e, s.crm.connection()})
}

// doorbell hands a webhook request to the engine.
type doorbell struct {
	a          *actor
	e          *engine.Engine
	connection string // whom the request comes from
}

const webhookURL = "https://crosswalk.example/webhooks/hubspot"

// RoundTrip implements http.RoundTripper: what the webhook route does.
func (d *doorbell) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	answer := &http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Header: http.Header{}, Request: r}
	if _, err := d.e.Accept(r.Context(), d.connection, r, r.URL.String(), body); err != nil {
		answer.StatusCode = http.StatusServiceUnavailable
	} else if c, ok := d.e.Connections[d.connection].(interface {
		Ack() (contentType string, body []byte)
	}); ok {
		contentType, words := c.Ack()
		answer.Header.Set("Content-Type", contentType)
		answer.Body = io.NopCloser(bytes.NewReader(words))
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return answer, nil
}

// subscribe sets up webhooks for everything the mappings look at.
func (s *Sim) subscribe() {
	var subs []hubspottest.Subscription
	add := func(object string, properties ...string) {
		for _, what := range []string{"creation", "deletion", "merge"} {
			if what == "merge" && (object == "product" || object == "line_item") {
				continue
			}
			subs = append(subs, hubspottest.Subscription{EventType: object + "." + what})
		}
		for _, p := range properties {
			subs = append(subs, hubspottest.Subscription{EventType: object + ".propertyChange", PropertyName: p})
		}
	}
	add("company", "name", "domain", "vat_number", "billing_email", "address")
	add("deal", "dealstage", "amount", "closedate", "dealname")
	add("product", "name", "price", "active")
	add("line_item", "price", "quantity")
	subs = append(subs, hubspottest.Subscription{EventType: "deal.associationChange"})
	s.HubSpot.SetWebhook(hubspottest.AppID, webhookURL, subs...)
	dice := rand.New(rand.NewPCG(s.Seed, 3))
	s.HubSpot.SetDelivery(func(hubspottest.Event) hubspottest.Treatment { return s.treatHubSpot(dice) })
}

// treatHubSpot draws what befalls one event.
func (s *Sim) treatHubSpot(dice *rand.Rand) hubspottest.Treatment {
	if !s.chaos() || dice.IntN(10_000) >= s.Rates.Webhook {
		return hubspottest.Treatment{}
	}
	switch dice.IntN(3) {
	case 0:
		s.hit("webhook lost")
		return hubspottest.Treatment{Drop: true}
	case 1:
		s.hit("webhook doubled")
		return hubspottest.Treatment{Copies: 1 + dice.IntN(3)}
	}
	s.hit("webhook late")
	return hubspottest.Treatment{Delay: time.Duration(dice.IntN(600)) * time.Second}
}
