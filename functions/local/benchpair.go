package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"crosswalk/internal/app"
	"crosswalk/internal/app/laptop"
	"crosswalk/internal/connector"
	"crosswalk/internal/connector/hubspot/hubspottest"
	"crosswalk/internal/connector/salesforce/salesforcetest"
	"crosswalk/internal/engine/lane"
	"crosswalk/internal/engine/table"
)

// The figures of two CRMs in agreement (bench pair): contacts that carry values alone, as the figures of hard case B3 have them. Start
// with benchPair; benchpaircalls.go says what is counted, benchpairspeed.go what is timed and weighed.

// benchPair counts calls between HubSpot and Salesforce; what is timed and weighed can be asked for alone.
func benchPair(ctx context.Context, say func(figure) error) error {
	return pairCalls(ctx, benchRecords, say)
}

func benchPairSpeed(ctx context.Context, say func(figure) error) error {
	return pairSpeed(ctx, speedRecords, say)
}

// pairContacts carries values alone.
const pairContacts = `
mapping: contacts
slot: person
a: { connection: salesforce, object: Contact }
b: { connection: hubspot, object: contacts }
match:
  - { a: Email, b: email, compare: case_insensitive }
a_to_b: true
b_to_a: true
conflict: newest
fields:
  - { a: FirstName, b: firstname }
  - { a: LastName, b: lastname }
  - { a: Email, b: email }
  - { a: Title, b: jobtitle }
  - { a: Phone, b: phone }
`

// pairSlot is where the mapping's links are, and manyLinked how many of them the deployment is said to have: these thousand are some
// of a large account's, whose brake (5 % of them an hour) is wider than a bench's waves.
const (
	pairSlot   = "person|salesforce|hubspot"
	manyLinked = 10_000_000
)

// couple is a deployment between a simulated portal and a simulated org, in this process.
type couple struct {
	*laptop.App
	hubspot    *hubspottest.Sim
	salesforce *salesforcetest.Sim
	table      table.Table
	dir        string
	consumers  int      // workers that receive at once
	contacts   []string // at Salesforce, in the order they were made
	wave       int
}

const (
	pairHook   = "https://crosswalk.example/webhooks/hubspot"
	pairOrg    = "https://crosswalk.my.salesforce.com"
	pairPortal = "https://api.hubapi.com"
)

// pairPoll is how often feeds are read, and how late the vendors' searches may show a change: short, so that what a minute's poll
// would show is seen in seconds. What an overlap shows twice is counted as echo pages.
const (
	pairPoll = 2 * time.Second
	pairLag  = time.Second
)

// newCouple makes both accounts, empty but for the fields that creates are marked by, and takes the contacts live.
func newCouple(ctx context.Context, delay time.Duration, consumers int) (c *couple, err error) {
	c = &couple{hubspot: hubspottest.New(hubspottest.Config{Seed: 7}), salesforce: salesforcetest.New(salesforcetest.Config{Seed: 7}), consumers: consumers}
	defer func() {
		if err != nil {
			c.close()
		}
	}()
	if c.dir, err = os.MkdirTemp("", "crosswalk-bench-"); err != nil {
		return c, err
	}
	c.salesforce.AddToken(salesforceToken, "")
	marker := salesforcetest.Text("crosswalk_key__c", 64)
	marker.ExternalID, marker.Unique = true, true
	c.salesforce.AddField("Contact", marker)
	credentials := map[string]app.Credential{"hubspot": {Key: hubspottest.PrivateToken, WebhookSecret: []string{hubspottest.ClientSecret}}, "salesforce": {Key: salesforceToken}}
	for name, credential := range credentials {
		if err := putCredential(ctx, c.dir, name, credential); err != nil {
			return c, err
		}
	}
	cfg, err := app.ParseConfig(fmt.Appendf(nil, `{approval: single, poll: %s, connections: {hubspot: {system: hubspot, limits: "off", lag: %s}, salesforce: {system: salesforce, base: %q, account: %q, currency: USD, limits: "off", lag: %s}}, roles: {crm: hubspot, salesforce: salesforce}}`,
		pairPoll, pairLag, pairOrg, c.salesforce.OrgID(), pairLag))
	if err != nil {
		return c, err
	}
	cfg.Data = c.dir
	c.App, err = laptop.New(ctx, cfg, laptop.Options{
		Options: app.Options{Log: slog.New(slog.DiscardHandler), Transport: func(connection string) http.RoundTripper {
			if connection == "hubspot" {
				return slow{c.hubspot.Transport(), delay}
			}
			return slow{c.salesforce.Transport(), delay}
		}},
		Wrap: func(t table.Table) table.Table { c.table = t; return t },
	})
	if err != nil {
		return c, err
	}
	if _, err := c.Connectors["hubspot"].(connector.Provisioner).Provision(ctx, "contacts", true); err != nil {
		return c, err
	}
	if err := c.manyLinks(ctx); err != nil {
		return c, err
	}
	if err := liveAtOnce(ctx, c.Engine, [][]byte{[]byte(pairContacts)}); err != nil {
		return c, err
	}
	return c, c.cycle(ctx)
}

// manyLinks says how many pairs are linked.
func (c *couple) manyLinks(ctx context.Context) error {
	return c.table.Put(ctx, []table.Put{{Key: table.Key{PK: "B#" + pairSlot, SK: "linked"}, Data: fmt.Appendf(nil, `{"linked":%d}`, manyLinked)}})[0]
}

func (c *couple) close() {
	if c.App != nil {
		c.App.Close()
	}
	os.RemoveAll(c.dir)
}

// receivePart is how many messages a consumer takes at once (B2).
const receivePart = 10

// cycle reads every feed once and works until nothing waits. With one consumer, everything waits before it is worked; several
// work while feeds are still being read, as they do deployed.
func (c *couple) cycle(ctx context.Context) error {
	if c.consumers == 1 {
		if err := c.Engine.Poll(ctx); err != nil {
			return err
		}
		return c.drain(ctx)
	}
	working, stop := context.WithCancel(ctx)
	var all sync.WaitGroup
	var failed atomic.Pointer[error]
	for range c.consumers {
		all.Go(func() {
			if err := c.consume(working); err != nil && ctx.Err() == nil {
				failed.CompareAndSwap(nil, &err)
			}
		})
	}
	err := c.Engine.Poll(ctx)
	for err == nil && failed.Load() == nil {
		var rest bool
		if rest, err = c.atRest(ctx); rest || err != nil {
			break
		}
		time.Sleep(time.Millisecond)
	}
	stop()
	all.Wait()
	if first := failed.Load(); first != nil {
		err = errors.Join(err, *first)
	}
	return errors.Join(err, ctx.Err())
}

// consume works both lanes until the context ends. What was begun is finished.
func (c *couple) consume(ctx context.Context) error {
	for ctx.Err() == nil {
		took := 0
		for _, l := range []lane.Lane{lane.Live, lane.Bulk} {
			n, err := c.Engine.Receive(context.WithoutCancel(ctx), l, receivePart)
			if err != nil {
				return err
			}
			took += n
		}
		if took == 0 {
			time.Sleep(time.Millisecond)
		}
	}
	return nil
}

func (c *couple) drain(ctx context.Context) error {
	_, err := drain(ctx, c.Engine)
	return err
}

// atRest tells whether no message waits or is being worked.
func (c *couple) atRest(ctx context.Context) (bool, error) {
	for _, l := range []lane.Lane{lane.Live, lane.Bulk} {
		counts, err := c.Engine.Queue.Counts(ctx, l)
		if err != nil || counts.Waiting+counts.InWork > 0 {
			return false, err
		}
	}
	return true, nil
}

// later waits until feeds are due again and no further change can bear the stamps that were shown.
func (c *couple) later(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(pairPoll + 500*time.Millisecond):
		return nil
	}
}

// address is that of the n-th contact.
func address(n int) string { return fmt.Sprintf("desk%06d@nordlys.example", n) }

// makeAtSalesforce makes n contacts, as an import does; old ones were there long before.
func (c *couple) makeAtSalesforce(n int, old bool) (err error) {
	at := time.Now()
	if old {
		at = at.Add(-48 * time.Hour)
	}
	from := len(c.contacts)
	ids, err := c.salesforce.Import("Contact", n, at, func(i int) map[string]any {
		return map[string]any{"FirstName": "Desk", "LastName": fmt.Sprint("No ", from+i), "Email": address(from + i), "Title": "Clerk", "Phone": fmt.Sprintf("+45%08d", from+i)}
	})
	c.contacts = append(c.contacts, ids...)
	return err
}

// makeAtHubSpot makes n contacts with the same values.
func (c *couple) makeAtHubSpot(n int) error {
	for i := range n {
		if _, err := c.hubspot.Other().Create("contacts", map[string]string{"firstname": "Desk", "lastname": fmt.Sprint("No ", i), "email": address(i), "jobtitle": "Clerk", "phone": fmt.Sprintf("+45%08d", i)}); err != nil {
			return err
		}
	}
	return nil
}

// people are HubSpot's contacts by address.
func (c *couple) people() []hubspottest.Record {
	out := slices.DeleteFunc(c.hubspot.Records("contacts"), func(r hubspottest.Record) bool { return r.Archived || r.MergedInto != "" })
	slices.SortFunc(out, func(a, b hubspottest.Record) int {
		return strings.Compare(a.Properties["email"], b.Properties["email"])
	})
	return out
}

// changeAtHubSpot gives contacts from to before end another title, each at its own time.
func (c *couple) changeAtHubSpot(from, end int) error {
	c.wave++
	for n, r := range c.people()[from:end] {
		if err := c.hubspot.User().Set("contacts", r.ID, map[string]string{"jobtitle": fmt.Sprintf("Buyer %d of wave %d", n, c.wave)}); err != nil {
			return err
		}
	}
	return nil
}

// changeAtSalesforce gives contacts another phone number.
func (c *couple) changeAtSalesforce(from, end int) error {
	c.wave++
	return c.salesforce.Person().UpdateMany("Contact", c.contacts[from:end], map[string]any{"Phone": fmt.Sprintf("+4570%06d", c.wave)})
}

// agree fails unless both sides have n contacts each and they say the same.
func (c *couple) agree(n int) error {
	people := map[string]map[string]string{}
	for _, r := range c.people() {
		people[r.Properties["email"]] = r.Properties
	}
	all := c.salesforce.All("Contact")
	if len(people) != n || len(all) != n {
		return fmt.Errorf("bench: %d contacts at HubSpot and %d at Salesforce, want %d", len(people), len(all), n)
	}
	for _, r := range all {
		there := people[r.Text("Email")]
		for field, property := range map[string]string{"FirstName": "firstname", "LastName": "lastname", "Title": "jobtitle", "Phone": "phone"} {
			if r.Text(field) != there[property] {
				return fmt.Errorf("bench: %s of %s is %q at Salesforce and %q at HubSpot", field, r.Text("Email"), r.Text(field), there[property])
			}
		}
	}
	return nil
}

// link makes n contacts at Salesforce and has them copied.
func (c *couple) link(ctx context.Context, n int) error {
	if err := c.makeAtSalesforce(n, false); err != nil {
		return err
	}
	for range 3 { // copied; the echo; quiet
		if err := c.later(ctx); err != nil {
			return err
		}
		if err := c.cycle(ctx); err != nil {
			return err
		}
	}
	return c.agree(n)
}
