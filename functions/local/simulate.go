package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"crosswalk/internal/connector/hubspot/hubspottest"
	"crosswalk/internal/connector/light/lighttest"
	"crosswalk/internal/connector/salesforce/salesforcetest"
	"crosswalk/internal/connector/salespad/salespadtest"
)

// vendors are the simulated systems, each on a port of its own; of all but Light those that were asked for.
type vendors struct {
	hubspot       *hubspottest.Sim
	light         *lighttest.Sim
	salesforce    *salesforcetest.Sim
	salespad      *salespadtest.Sim
	hubspotURL    string
	lightURL      string
	salesforceURL string
	salespadURL   string
	currency      string // of the portal and the org
	servers       []*http.Server
}

// Sessions of the simulated org: of its integration user, and of a person at the screen.
const (
	salesforceToken = "sim-salesforce-integration-session"
	salesforceOther = "sim-salesforce-person-session"
)

// playing says how the simulated vendors behave.
type playing struct {
	hubspot, light string // addresses to listen at
	salesforce     string // likewise; "" plays none, as with hubspot
	salespad       string // likewise
	sample         bool
	limits         bool
	searchLag      time.Duration
	listLag        time.Duration
	staleRead      time.Duration
	openDelay      time.Duration
	zone, currency string
	seed           uint64
}

// startVendors listens and plays until close.
func startVendors(p playing) (*vendors, error) {
	v := &vendors{currency: p.currency}
	for _, one := range []struct {
		name, flag, address string
		start               func(at net.Listener)
	}{
		{"Light", "--light", p.light, func(at net.Listener) { v.startLight(p, at) }},
		{"HubSpot", "--hubspot", p.hubspot, func(at net.Listener) { v.startHubSpot(p, at) }},
		{"Salesforce", "--salesforce", p.salesforce, func(at net.Listener) { v.startSalesforce(p, at) }},
		{"SalesPad", "--salespad", p.salespad, func(at net.Listener) { v.startSalesPad(p, at) }},
	} {
		if one.address == "" {
			continue
		}
		at, err := net.Listen("tcp", one.address)
		if err != nil {
			v.close()
			return nil, fmt.Errorf("simulated %s: %w; choose another address with %s", one.name, err, one.flag)
		}
		one.start(at)
	}
	return v, nil
}

func (v *vendors) startLight(p playing, at net.Listener) {
	v.lightURL = "http://" + at.Addr().String()
	v.light = lighttest.New(lighttest.Config{Seed: p.seed, Limits: p.limits, ListLag: p.listLag, StaleRead: p.staleRead, OpenDelay: p.openDelay})
	if p.sample {
		v.light.Sample()
	}
	v.play(at, v.light)
}

func (v *vendors) startHubSpot(p playing, at net.Listener) {
	v.hubspotURL = "http://" + at.Addr().String()
	v.hubspot = hubspottest.New(hubspottest.Config{Seed: p.seed, Limits: p.limits, SearchLag: p.searchLag, StaleRead: p.staleRead, PublicURL: v.hubspotURL, TimeZone: p.zone, Currency: p.currency})
	if p.sample {
		v.hubspot.Sample()
	}
	v.play(at, v.hubspot)
}

// startSalesforce plays an org: the sample's has several currencies, an empty one has the one.
func (v *vendors) startSalesforce(p playing, at net.Listener) {
	v.salesforceURL = "http://" + at.Addr().String()
	v.salesforce = salesforcetest.New(salesforcetest.Config{Seed: p.seed, Limits: p.limits, VisibleAfter: p.searchLag, StaleRead: p.staleRead, PublicURL: v.salesforceURL, Currency: p.currency, MultiCurrency: p.sample})
	v.salesforce.OAuth().SetInstanceURL(v.salesforceURL)
	v.salesforce.AddToken(salesforceToken, "")
	v.salesforce.AddToken(salesforceOther, v.salesforce.PersonID())
	if p.sample {
		v.salesforce.Sample()
	}
	v.play(at, v.salesforce)
}

// startSalesPad plays an install with one GP company. It publishes no limits; a server under load answers with IIS's own pages.
func (v *vendors) startSalesPad(p playing, at net.Listener) {
	v.salespadURL = "http://" + at.Addr().String()
	load := 0
	if p.limits {
		load = salespadLoad
	}
	v.salespad = salespadtest.New(salespadtest.Config{Seed: p.seed, CallsPerSecond: load})
	if p.sample {
		v.salespad.Sample()
	}
	v.play(at, v.salespad)
}

// salespadLoad is how many calls a second the simulated server bears: more than the product's pace.
const salespadLoad = 40

// run has the vendors send what they have to send until ctx ends.
func (v *vendors) run(ctx context.Context) {
	var running sync.WaitGroup
	if v.hubspot != nil {
		running.Go(func() { v.hubspot.Run(ctx, nil) })
	}
	if v.salesforce != nil {
		running.Go(func() { v.salesforce.Run(ctx, nil) })
	}
	running.Wait()
}

func (v *vendors) play(at net.Listener, h http.Handler) {
	server := httpServer(h)
	v.servers = append(v.servers, server)
	go func() {
		// A server that ends otherwise than by close shows at its callers, who cannot connect any more.
		_ = server.Serve(at)
	}()
}

func (v *vendors) close() {
	for _, s := range v.servers {
		_ = s.Close() // simulated systems keep nothing
	}
}

// watchedProperties are those that the presets read: HubSpot wants one subscription for each.
var watchedProperties = map[string][]string{
	"company":   {"name", "domain", "address", "address2", "city", "state", "zip", "country"},
	"deal":      {"dealname", "dealstage", "amount", "closedate", "deal_currency_code", "pipeline"},
	"product":   {"name", "price", "recurringbillingfrequency"},
	"line_item": {"name", "quantity", "price", "discount", "hs_discount_percentage", "recurringbillingfrequency", "hs_product_id"},
}

// subscribe has HubSpot call the product, with the subscriptions that the help page hubspot asks for.
func (v *vendors) subscribe(target string) {
	if v.hubspot == nil {
		return
	}
	var subs []hubspottest.Subscription
	for _, object := range []string{"company", "deal", "product", "line_item"} {
		for _, what := range []string{"creation", "deletion", "restore"} {
			subs = append(subs, hubspottest.Subscription{EventType: object + "." + what})
		}
		for _, property := range watchedProperties[object] {
			subs = append(subs, hubspottest.Subscription{EventType: object + ".propertyChange", PropertyName: property})
		}
	}
	for _, event := range []string{"company.merge", "deal.merge", "deal.associationChange", "line_item.associationChange"} {
		subs = append(subs, hubspottest.Subscription{EventType: event})
	}
	v.hubspot.SetWebhook(hubspottest.AppID, target, subs...)
}

func (c *cli) simulate() *cobra.Command {
	p, empty, webhook := playing{limits: true, searchLag: 2 * time.Second, listLag: time.Second}, false, ""
	cmd := c.command("simulate", "run the vendors' simulators alone, for any client", cobra.NoArgs, func(ctx context.Context, _ []string) error {
		if empty && p.sample {
			return wrongUse("choose --empty or --sample")
		}
		v, err := startVendors(p)
		if err != nil {
			return err
		}
		defer v.close()
		c.printVendors(v)
		if webhook != "" {
			v.subscribe(webhook)
			fmt.Fprintf(c.out, "webhooks go to %s\n", webhook)
		}
		v.run(ctx)
		return nil
	})
	c.playFlags(cmd, &p)
	cmd.Flags().BoolVar(&empty, "empty", false, "no records; owners, pipelines, entities and Light's marker property are there (the default)")
	cmd.Flags().BoolVar(&p.sample, "sample", false, "with the sample company's records")
	cmd.Flags().StringVar(&webhook, "webhook", "", "address that HubSpot sends its webhooks to, such as http://127.0.0.1:8710/webhooks/hubspot")
	return cmd
}

// playFlags adds the simulators' settings; what p holds already are the defaults.
func (c *cli) playFlags(cmd *cobra.Command, p *playing) {
	f := cmd.Flags()
	f.StringVar(&p.hubspot, "hubspot", "127.0.0.1:8711", "address of the simulated HubSpot")
	f.StringVar(&p.light, "light", "127.0.0.1:8712", "address of the simulated Light")
	f.StringVar(&p.salesforce, "salesforce", "127.0.0.1:8713", "address of the simulated Salesforce")
	f.StringVar(&p.salespad, "salespad", "127.0.0.1:8714", "address of the simulated SalesPad")
	f.BoolVar(&p.limits, "limits", p.limits, "keep the vendors' rate limits")
	f.DurationVar(&p.searchLag, "search-lag", p.searchLag, "how late HubSpot's search and Salesforce's queries show a change; 0 is at once")
	f.DurationVar(&p.listLag, "list-lag", p.listLag, "how late Light's lists show a new record; 0 is at once")
	f.DurationVar(&p.staleRead, "stale-read", 0, "for how long after a change a read may answer the older version")
	f.DurationVar(&p.openDelay, "open-delay", 2*time.Second, "how long Light takes to open an invoice")
	f.StringVar(&p.zone, "time-zone", "Europe/Berlin", "of the HubSpot portal (IANA name)")
	f.StringVar(&p.currency, "currency", "USD", "currency of the HubSpot portal and of the Salesforce org")
	f.Uint64Var(&p.seed, "seed", 1, "ids and chances; the same seed and calls give the same answers")
}

func (c *cli) printVendors(v *vendors) {
	if v.hubspot != nil {
		fmt.Fprintf(c.out, `simulated HubSpot  %s  portal %d
  private app token  %s
  somebody else's    %s
  a user's token     %s
  webhook secret     %s
`, v.hubspotURL, v.hubspot.PortalID(), hubspottest.PrivateToken, hubspottest.OtherToken, hubspottest.UserToken, hubspottest.ClientSecret)
	}
	fmt.Fprintf(c.out, `simulated Light    %s
  API key            %s  (header Authorization: Basic KEY)
  somebody else's    %s
`, v.lightURL, lighttest.APIKey, lighttest.OtherAPIKey)
	if v.salesforce != nil {
		fmt.Fprintf(c.out, `simulated Salesforce  %s  org %s
  integration user   %s  (a session, header Authorization: Bearer SESSION)
  a person's         %s
  app                %s  %s
`, v.salesforceURL, v.salesforce.OrgID(), salesforceToken, salesforceOther, salesforcetest.ClientID, salesforcetest.ClientSecret)
	}
	if v.salespad != nil {
		fmt.Fprintf(c.out, `simulated SalesPad %s  GP company %s
  user               %s:%s  (GET /api/Session/Permanent, header Authorization: Basic)
  somebody else's    %s:%s
`, v.salespadURL, v.salespad.Company(), salespadtest.UserName, salespadtest.Password, salespadtest.OtherUserName, salespadtest.OtherPassword)
	}
	fmt.Fprintln(c.out, "These credentials open nothing but the simulators.")
}
