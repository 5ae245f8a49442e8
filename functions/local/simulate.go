package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"crosswalk/internal/connector/hubspot/hubspottest"
	"crosswalk/internal/connector/light/lighttest"
)

// vendors are the two simulated systems, each on a port of its own.
type vendors struct {
	hubspot    *hubspottest.Sim
	light      *lighttest.Sim
	hubspotURL string
	lightURL   string
	servers    []*http.Server
}

// playing says how the simulated vendors behave.
type playing struct {
	hubspot, light string // addresses to listen at
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
	hubspotAt, err := net.Listen("tcp", p.hubspot)
	if err != nil {
		return nil, fmt.Errorf("simulated HubSpot: %w; choose another address with --hubspot", err)
	}
	lightAt, err := net.Listen("tcp", p.light)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("simulated Light: %w; choose another address with --light", err), hubspotAt.Close())
	}
	v := &vendors{hubspotURL: "http://" + hubspotAt.Addr().String(), lightURL: "http://" + lightAt.Addr().String()}
	v.hubspot = hubspottest.New(hubspottest.Config{Seed: p.seed, Limits: p.limits, SearchLag: p.searchLag, StaleRead: p.staleRead, PublicURL: v.hubspotURL, TimeZone: p.zone, Currency: p.currency})
	v.light = lighttest.New(lighttest.Config{Seed: p.seed, Limits: p.limits, ListLag: p.listLag, StaleRead: p.staleRead, OpenDelay: p.openDelay})
	if p.sample {
		v.hubspot.Sample()
		v.light.Sample()
	}
	v.play(hubspotAt, v.hubspot)
	v.play(lightAt, v.light)
	return v, nil
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
		v.hubspot.Run(ctx, nil)
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
	f.BoolVar(&p.limits, "limits", p.limits, "keep the vendors' rate limits")
	f.DurationVar(&p.searchLag, "search-lag", p.searchLag, "how late HubSpot's search shows a change; 0 is at once")
	f.DurationVar(&p.listLag, "list-lag", p.listLag, "how late Light's lists show a new record; 0 is at once")
	f.DurationVar(&p.staleRead, "stale-read", 0, "for how long after a change a read may answer the older version")
	f.DurationVar(&p.openDelay, "open-delay", 2*time.Second, "how long Light takes to open an invoice")
	f.StringVar(&p.zone, "time-zone", "Europe/Berlin", "of the HubSpot portal (IANA name)")
	f.StringVar(&p.currency, "currency", "USD", "company currency of the HubSpot portal")
	f.Uint64Var(&p.seed, "seed", 1, "ids and chances; the same seed and calls give the same answers")
}

func (c *cli) printVendors(v *vendors) {
	fmt.Fprintf(c.out, `simulated HubSpot  %s  portal %d
  private app token  %s
  somebody else's    %s
  a user's token     %s
  webhook secret     %s
simulated Light    %s
  API key            %s  (header Authorization: Basic KEY)
  somebody else's    %s
These credentials open nothing but the simulators.
`, v.hubspotURL, v.hubspot.PortalID(), hubspottest.PrivateToken, hubspottest.OtherToken, hubspottest.UserToken, hubspottest.ClientSecret,
		v.lightURL, lighttest.APIKey, lighttest.OtherAPIKey)
}
