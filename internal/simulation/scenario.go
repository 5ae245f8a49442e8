package simulation

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"crosswalk/internal/connector/hubspot/hubspottest"
	"crosswalk/internal/connector/light/lighttest"
)

// Scenario is one hard case in the fewest steps: most of them are what a seed found, reduced.
type Scenario struct {
	Name string // begins with the id of the hard case or invariant
	Lags lags
	play func(s *Sim) []Problem
}

// RunScenario plays a scenario, lets everything come to rest and has the outsider look. Call it in a bubble of its own.
func RunScenario(c Scenario, o Options, shared *Shared) []Problem {
	o.Seed, o.Lags, o.Open = max(o.Seed, 1), &c.Lags, strings.HasPrefix(c.Name, "T12")
	s := New(o, shared)
	s.emptyTown()
	if _, err := s.deploy(context.Background()); err != nil {
		return []Problem{{"set up", err.Error()}}
	}
	problems := c.play(s)
	s.Fault = nil
	problems = append(problems, s.settle(context.Background())...)
	checked, _ := s.Check(context.Background())
	return append(problems, checked...)
}

// wait lets time pass for everybody.
func (s *Sim) wait(d time.Duration) { s.newActor("operator", slotOperator, 1).pause(d) }

// work lets one worker do all there is to do now.
func (s *Sim) workOff() { s.life(Kill{}, 1) }

// once makes a fault befall the first n calls that fit.
func once(n int, f fault, fits func(call) bool) func(call) *fault {
	return func(c call) *fault {
		if n == 0 || !fits(c) {
			return nil
		}
		n--
		return &f
	}
}

// addsLine fits the call that adds a line to a document.
func addsLine(c call) bool { return c.method == http.MethodPost && strings.HasSuffix(c.path, "/lines") }

func route(method, path string) func(call) bool {
	return func(c call) bool { return c.method == method && c.path == path }
}

// lostAnswer takes effect and is never answered; neverSent does not take effect, and the sender cannot know.
func lostAnswer() fault {
	return fault{name: "done, then cut", ambiguous: true, light: &lighttest.Fault{AfterCommit: true, Cut: true}, hubspot: &hubspottest.Fault{After: true, Cut: true}}
}

func neverSent() fault {
	return fault{name: "cut before the effect", ambiguous: true, light: &lighttest.Fault{Cut: true}, hubspot: &hubspottest.Fault{Cut: true}}
}

// Scenarios lists the hard cases played step by step.
func Scenarios() []Scenario {
	return []Scenario{
		{"T5 lost while its contract is unknown, then won again", lags{list: 30 * time.Second}, func(s *Sim) []Problem {
			deal := s.town.single("monthly")
			s.Fault = once(1, lostAnswer(), route("POST", "/v1/contracts"))
			s.workOff()
			do(s.town.hs().Lose(deal))
			s.wait(8 * time.Minute)
			s.workOff()
			do(s.town.hs().Win(deal))
			s.wait(8 * time.Minute)
			s.workOff()
			return s.count(1)
		}},
		{"T5 lost while its contract is unknown, changed, then won again", lags{list: 30 * time.Second}, func(s *Sim) []Problem {
			deal := s.town.single("monthly")
			s.Fault = once(1, lostAnswer(), route("POST", "/v1/contracts"))
			s.workOff()
			do(s.town.hs().Lose(deal))
			s.wait(8 * time.Minute)
			s.workOff()
			do(s.town.hs().Set("deals", deal, props{"dealname": "D001 renamed while it was lost"}))
			do(s.town.hs().Win(deal))
			s.wait(8 * time.Minute)
			s.workOff()
			return s.count(1)
		}},
		{"T5 two deals are merged, and the survivor is heard of first", lags{}, func(s *Sim) []Problem {
			first := s.town.single("")
			s.workOff()
			second := s.town.add("deals", props{"dealname": "D002 open", "dealstage": hubspottest.OpenStage, "pipeline": hubspottest.DefaultPipeline, "deal_currency_code": "EUR", "closedate": "2026-06-20T10:00:00Z"})
			s.silent()
			s.town.deals = []string{must(s.town.hs().Merge("deals", first, second))}
			s.wait(8 * time.Minute)
			s.workOff()
			return s.count(1)
		}},
		{"A8 two companies with one domain and two VAT numbers", lags{list: 45 * time.Second}, func(s *Sim) []Problem {
			s.town.single("")
			s.rival("DE100000999")
			s.workOff()
			return s.count(2)
		}},
		{"A8 two companies with one VAT number, and the first one's create is never carried out", lags{list: 45 * time.Second}, func(s *Sim) []Problem {
			s.town.single("")
			s.rival("DE100000007")
			s.Fault = once(1, neverSent(), route("POST", "/v1/customers"))
			s.workOff()
			s.wait(6 * time.Minute)
			s.workOff()
			return s.count(2)
		}},
		{"C10 a customer is linked while its blanks cannot be filled", lags{}, func(s *Sim) []Problem {
			s.town.single("")
			c := s.town.enterCustomer(lighttest.Customer{Name: "Known by its domain", Domain: "firm-C001.example"})
			s.Fault = once(1, neverSent(), route("PATCH", "/v1/customers/"+c.ID))
			s.workOff()
			s.wait(10 * time.Minute)
			s.workOff()
			if now, _ := s.Light.Customer(c.ID); now.VATNumber == "" {
				return []Problem{{"C10 convergence", "the customer's blanks were never filled"}}
			}
			return nil
		}},
		{"T4 a line's delete goes through unheard, and the line comes back", lags{}, func(s *Sim) []Problem {
			deal := s.town.single("")
			s.wait(time.Minute)
			s.workOff()
			r, _ := s.HubSpot.Record("deals", deal)
			line := s.lines(r)[1]
			do(s.town.hs().Dissociate("line_items", line.ID, "deals", deal))
			s.town.agree(deal)
			s.Fault = once(1, lostAnswer(), func(c call) bool { return c.method == http.MethodDelete })
			s.wait(4 * time.Minute)
			s.workOff()
			do(s.town.hs().Associate("line_items", line.ID, "deals", deal))
			s.town.agree(deal)
			s.wait(10 * time.Minute)
			s.workOff()
			return s.count(1)
		}},
		{"T4 a line is added unheard, and the deal wants another one before anybody looks", lags{}, func(s *Sim) []Problem {
			deal := s.town.single("")
			s.wait(time.Minute)
			s.workOff()
			line := s.town.line(deal, "", "11.11", s.town.products[0])
			s.town.agree(deal)
			s.Fault = once(1, lostAnswer(), addsLine)
			s.wait(4 * time.Minute)
			s.brief(3)
			do(s.town.hs().Set("line_items", line, props{"price": "22.22"}))
			s.town.agree(deal)
			s.wait(10 * time.Minute)
			s.workOff()
			return s.count(1)
		}},
		{"T4 a line is added unheard, and the deal does not have it any more", lags{}, func(s *Sim) []Problem {
			deal := s.town.single("")
			s.wait(time.Minute)
			s.workOff()
			line := s.town.line(deal, "", "11.11", s.town.products[0])
			s.town.agree(deal)
			s.Fault = once(1, lostAnswer(), addsLine)
			s.wait(4 * time.Minute)
			s.brief(3)
			do(s.town.hs().Archive("line_items", line))
			s.town.agree(deal)
			s.wait(10 * time.Minute)
			s.workOff()
			return s.count(1)
		}},
		{"T4 a line is added minutes after its sender gave up", lags{}, func(s *Sim) []Problem {
			deal := s.town.single("")
			s.wait(time.Minute)
			s.workOff()
			s.town.line(deal, "", "11.11", s.town.products[0])
			s.town.agree(deal)
			late := fault{name: "carried out late", ambiguous: true, lateBy: 9 * time.Minute}
			s.Fault = once(1, late, addsLine)
			s.wait(4 * time.Minute)
			s.wg.Go(func() { s.loop(s.newActor("worker", slotWorker, 5), 9) }) // it is added again before
			s.wg.Wait()
			do(s.town.hs().Set("deals", deal, props{"dealname": "D001 looked at again"}))
			s.wait(10 * time.Minute)
			s.workOff()
			return s.count(1)
		}},
		{"T4 a line is changed unheard, and the deal goes back", lags{}, func(s *Sim) []Problem {
			deal := s.town.single("")
			s.wait(time.Minute)
			s.workOff()
			r, _ := s.HubSpot.Record("deals", deal)
			line := s.lines(r)[1]
			do(s.town.hs().Set("line_items", line.ID, props{"price": "33.33"}))
			s.town.agree(deal)
			s.Fault = once(1, lostAnswer(), func(c call) bool { return c.method == http.MethodPatch && strings.Contains(c.path, "/lines/") })
			s.wait(4 * time.Minute)
			s.brief(3)
			do(s.town.hs().Set("line_items", line.ID, props{"price": line.Properties["price"]}))
			s.town.agree(deal)
			s.wait(10 * time.Minute)
			s.workOff()
			return s.count(1)
		}},
		{"T4 a line that was removed comes back while an old copy shows it", lags{lightStale: 8 * time.Second}, func(s *Sim) []Problem {
			deal := s.town.single("")
			s.wait(time.Minute)
			s.workOff()
			r, _ := s.HubSpot.Record("deals", deal)
			line := s.lines(r)[1]
			for range 5 { // three reads in ten show an old copy
				do(s.town.hs().Dissociate("line_items", line.ID, "deals", deal))
				s.town.agree(deal)
				s.brief(1)
				do(s.town.hs().Associate("line_items", line.ID, "deals", deal))
				s.town.agree(deal)
				s.brief(2)
				s.wait(10 * time.Minute)
				s.workOff()
			}
			return s.count(1)
		}},
		{"T4 bytes of an older deal are sent, and the deal has changed since", lags{}, func(s *Sim) []Problem {
			deal := s.town.single("monthly")
			s.Fault = once(1, neverSent(), route("POST", "/v1/contracts"))
			s.workOff()
			r, _ := s.HubSpot.Record("deals", deal)
			do(s.town.hs().Set("line_items", s.lines(r)[0].ID, props{"price": "99.00"}))
			s.town.agree(deal)
			s.wait(10 * time.Minute)
			s.workOff()
			return s.count(1)
		}},
		{"A3 the feed is ahead of the copy that is read", lags{stale: 12 * time.Second}, func(s *Sim) []Problem {
			deal := s.town.single("")
			s.silent()
			s.wait(4 * time.Minute)
			s.workOff()
			for n := range 4 {
				s.wait(4 * time.Minute)
				do(s.town.hs().Set("deals", deal, props{"dealname": fmt.Sprintf("D001 version %d", n)}))
				s.brief(1)
				s.wait(5 * time.Minute) // the next cycle still shows it when this one showed an old copy too
				s.workOff()
				if v := s.Light.Invoices(); len(v) != 1 || string(v[0].Description) != fmt.Sprintf("D001 version %d", n) {
					return []Problem{{"C12 cursor never skips", fmt.Sprintf("version %d of the deal was looked at in an old copy, and then never again", n)}}
				}
			}
			return nil
		}},
		{"C12 a poller is killed before the page is queued", lags{}, func(s *Sim) []Problem {
			deal := s.town.single("")
			do(s.town.hs().Reopen(deal))
			s.silent()
			s.wait(4 * time.Minute)
			s.workOff()
			do(s.town.hs().Win(deal))
			s.wait(10 * time.Minute)
			a, read := s.newActor("poller", slotPoller, 1), false
			a.dieAt = func(label string) bool {
				read = read || strings.Contains(label, "/deals/search")
				return read && strings.HasPrefix(label, "send ")
			}
			s.wg.Go(func() {
				a.pause(time.Second)
				_ = s.engine(a).Poll(context.Background()) // it is killed in the middle
			})
			s.wg.Wait()
			s.wait(10 * time.Minute)
			s.workOff()
			return s.count(1)
		}},
		{"T12 a worker is killed between a document and its opening", lags{}, func(s *Sim) []Problem {
			s.town.single("")
			s.wait(4 * time.Minute)
			a := s.newActor("worker", slotWorker, 4)
			a.dieAt = func(label string) bool { return strings.Contains(label, "/open ") }
			s.wg.Go(func() { s.loop(a, 4) })
			s.wg.Wait()
			s.wait(10 * time.Minute)
			s.workOff()
			s.workOff()
			if v := s.Light.Invoices(); len(v) != 1 || v[0].State != lighttest.Open {
				return []Problem{{"Q7 follow-ups", "the invoice was not opened"}}
			}
			return nil
		}},
		{"A4 a worker is frozen between its intention and its call", lags{}, func(s *Sim) []Problem {
			s.town.single("monthly")
			s.freeze(func(label string) bool { return strings.HasPrefix(label, "light POST /v1/contracts ") })
			return s.count(1)
		}},
		{"A4 a worker is frozen between its intention and an update", lags{}, func(s *Sim) []Problem {
			deal := s.town.single("")
			s.wait(time.Minute)
			s.workOff()
			do(s.town.hs().Set("deals", deal, props{"dealname": "D001 second"}))
			s.wait(4 * time.Minute)
			s.freeze(func(label string) bool { return strings.HasPrefix(label, "light PATCH /v1/invoice") })
			do(s.town.hs().Set("deals", deal, props{"dealname": "D001 third"}))
			s.wait(4 * time.Minute)
			s.workOff()
			return s.count(1)
		}},
		{"A6 a request is carried out minutes after its sender gave up", lags{}, func(s *Sim) []Problem {
			s.town.single("")
			late := fault{name: "carried out late", ambiguous: true, lateBy: 7 * time.Minute}
			s.Fault = once(1, late, route("POST", "/v1/invoice-receivables"))
			s.workOff()
			s.wait(6*time.Minute + 30*time.Second)
			s.workOff()
			s.wait(5 * time.Minute)
			return s.count(1)
		}},
		{"A6 two deals of exactly the same content", lags{}, func(s *Sim) []Problem {
			deal := s.town.single("")
			r, _ := s.HubSpot.Record("deals", deal)
			twin := s.town.add("deals", props{"dealname": "D001 first", "dealstage": hubspottest.OpenStage, "pipeline": hubspottest.DefaultPipeline, "deal_currency_code": "EUR", "closedate": r.Properties["closedate"]})
			do(s.town.hs().Associate("deals", twin, "companies", s.town.companies[0]))
			s.town.line(twin, "", "20.25", s.town.products[0])
			s.town.line(twin, "", "0.335", s.town.products[1])
			s.town.agree(twin)
			do(s.town.hs().Win(twin))
			s.wait(time.Minute)
			s.workOff()
			s.wait(10 * time.Minute)
			s.workOff()
			return s.count(2)
		}},
		{"C6 an invoice whose answer was lost is found", lags{list: 45 * time.Second}, func(s *Sim) []Problem {
			s.town.single("")
			s.Fault = once(1, lostAnswer(), route("POST", "/v1/invoice-receivables"))
			s.workOff()
			s.wait(10 * time.Minute)
			s.brief(3)
			return append(s.Settled(context.Background()), s.count(1)...)
		}},
		{"A2 a deal won before the start date is not billed", lags{}, func(s *Sim) []Problem {
			deal := s.town.single("")
			do(s.town.hs().Set("deals", deal, props{"closedate": "2025-11-20T10:00:00Z"}))
			s.wait(time.Minute)
			s.workOff()
			return s.count(0)
		}},
	}
}

// rival is another company with the same web domain, and a won deal of its own.
func (s *Sim) rival(vat string) {
	t := s.town
	other := t.add("companies", props{"name": "C002 Works", "address": "C002 Street", "country": "Germany", "domain": "firm-C001.example", "vat_number": vat})
	deal := t.add("deals", props{"dealname": "D002 first", "dealstage": hubspottest.OpenStage, "pipeline": hubspottest.DefaultPipeline, "deal_currency_code": "EUR", "closedate": "2026-06-20T10:00:00Z", "amount": "10.00"})
	do(t.hs().Associate("deals", deal, "companies", other))
	do(t.hs().Win(deal))
}

// silent loses every webhook from now on: only polling is left.
func (s *Sim) silent() {
	s.HubSpot.SetDelivery(func(hubspottest.Event) hubspottest.Treatment { return hubspottest.Treatment{Drop: true} })
}

// count says how many documents there must be in all.
func (s *Sim) count(want int) []Problem {
	if c := s.Light.Counts(); c.Invoices+c.Contracts != want {
		return []Problem{{"C7 at most one", fmt.Sprintf("there are %d invoices and %d contracts, not %d", c.Invoices, c.Contracts, want)}}
	}
	return nil
}

// brief lets a worker look a few times, without waiting for rest.
func (s *Sim) brief(times int) {
	a := s.newActor("worker", slotWorker, 2)
	s.wg.Go(func() {
		ctx := context.Background()
		a.pause(time.Second)
		e := s.engine(a)
		web := &doorbell{a, e, s.crm.connection()}
		for range times {
			s.crm.deliver(ctx, web)
			_ = e.Poll(ctx) // the loop goes on, as in the product
			_, _ = e.Receive(ctx, "live", 20)
			a.pause(2 * time.Second)
		}
	})
	s.wg.Wait()
}

// freeze runs a worker that stops dead just before an effect; while it stands, another one works; then it thaws.
func (s *Sim) freeze(at func(label string) bool) {
	frozen := s.newActor("frozen", slotWorker, 3)
	frozen.freezeAt = at
	other := s.newActor("other", slotWorker+1, 3)
	s.wg.Go(func() { s.loop(frozen, 14) })
	s.wg.Go(func() {
		other.pause(7 * time.Minute) // its messages and claims have run out by then
		s.loop(other, 8)
	})
	s.wg.Wait()
}

// loop is a worker's life for some rounds of a minute.
func (s *Sim) loop(a *actor, rounds int) {
	ctx := context.Background()
	a.pause(time.Second)
	e := s.engine(a)
	for range rounds {
		_ = e.Poll(ctx) // the loop goes on, as in the product
		for range 10 {
			if n, err := e.Receive(ctx, "live", 20); err != nil || n == 0 {
				break
			}
		}
		a.pause(time.Minute)
	}
}
