package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"crosswalk/internal/app"
	"crosswalk/internal/app/laptop"
	"crosswalk/internal/app/phones"
	"crosswalk/internal/connector/hubspot/hubspottest"
	"crosswalk/internal/connector/light/lighttest"
	"crosswalk/internal/engine"
	"crosswalk/internal/engine/lane"
	"crosswalk/internal/engine/table"
	"crosswalk/internal/link"
	"crosswalk/internal/mapping"
	"crosswalk/internal/plan"
	"crosswalk/internal/queue"
	"crosswalk/internal/record"
	"crosswalk/internal/store"
)

// figure is one line of make bench.
type figure struct {
	Name  string                 `json:"name"`
	Value float64                `json:"value"`
	Unit  string                 `json:"unit"`
	Items map[string]store.Units `json:"wru_by_item,omitempty"`
	Least float64                `json:"least,omitempty"` // what the vendors' limits allow at best, where that can be said
	Ratio float64                `json:"ratio,omitempty"`

	Aim     float64            `json:"aim,omitempty"`
	Met     *bool              `json:"met,omitempty"`     // Value is under Aim
	Parts   map[string]float64 `json:"parts,omitempty"`   // what Value is the sum of
	Units   map[string]float64 `json:"each,omitempty"`    // units of one record
	Assumed string             `json:"assumed,omitempty"` // what Value rests on that was not measured
}

func benchCommand() *cobra.Command {
	return &cobra.Command{Use: "bench [PART]...", Short: "measure calls, store units, dollars, queue requests and CPU; one JSON line per figure", Hidden: true,
		RunE: func(c *cobra.Command, args []string) error { return bench(c.Context(), c.OutOrStdout(), args) }}
}

// benchRecords is how many records every figure is measured over.
const benchRecords = 1000

type benchPart struct {
	name    string
	measure func(context.Context, func(figure) error) error
}

// benchParts are measured in this order; some of them can be named.
var benchParts = []benchPart{
	{"preview", benchPreview}, {"deals", benchDeals}, {"salesforce", benchSalesforce}, {"pair", benchPair}, {"pairspeed", benchPairSpeed}, {"pairlatency", pairLatency}, {"pairmemory", pairMemory}, {"salespad", benchSalesPad}, {"catalogue", benchCatalogues}, {"load", benchLoad}, {"cost", benchCost}, {"latency", benchLatency}, {"planning", benchPlanning}, {"trail", benchTrail}, {"questions", benchQuestions}, {"functions", benchFunctions}, {"aws", benchDeployed},
}

func bench(ctx context.Context, out io.Writer, names []string) error {
	for _, name := range names {
		if !slices.ContainsFunc(benchParts, func(p benchPart) bool { return p.name == name }) {
			return fmt.Errorf("bench: there is no part %q", name)
		}
	}
	say := func(f figure) error {
		if f.Least > 0 {
			f.Ratio = f.Value / f.Least
		}
		line, err := json.Marshal(f)
		if err == nil {
			_, err = fmt.Fprintln(out, string(line))
		}
		return err
	}
	for _, part := range benchParts {
		if len(names) > 0 && !slices.Contains(names, part.name) {
			continue
		}
		if err := part.measure(ctx, say); err != nil {
			return err
		}
	}
	return nil
}

// bed is one deployment between two simulators in this process, with meters around store and queue.
type bed struct {
	*laptop.App
	hubspot *hubspottest.Sim
	light   *lighttest.Sim
	store   *store.Meter
	trail   *trailMeter
	queue   *queue.Meter
	worked  int // invocations of work since the last spend
	dir     string
}

// newBed makes the simulated accounts and a deployment; delay is how long each vendor takes to answer.
func newBed(ctx context.Context, delay time.Duration) (*bed, error) {
	b := &bed{hubspot: hubspottest.New(hubspottest.Config{Seed: 7}), light: lighttest.New(lighttest.Config{Seed: 7})}
	var err error
	if b.dir, err = os.MkdirTemp("", "crosswalk-bench-"); err != nil {
		return nil, err
	}
	secrets := map[string][]byte{}
	for name, c := range map[string]app.Credential{
		"hubspot": {Key: hubspottest.PrivateToken, WebhookSecret: []string{hubspottest.ClientSecret}}, "light": {Key: lighttest.APIKey},
	} {
		if secrets[name], err = json.Marshal(c); err != nil {
			return nil, err
		}
	}
	data, err := json.Marshal(secrets)
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(b.dir, "secrets.json"), data, 0o600); err != nil {
		return nil, err
	}
	config, err := app.ParseConfig([]byte(`{approval: single, poll: 1ms, connections: {hubspot: {system: hubspot, limits: "off"}, light: {system: light, limits: "off"}}, roles: {crm: hubspot, billing: light}}`))
	if err != nil {
		return nil, err
	}
	config.Data = b.dir
	b.App, err = laptop.New(ctx, config, laptop.Options{
		Options: app.Options{Transport: func(connection string) http.RoundTripper {
			if connection == "hubspot" {
				return slow{b.hubspot.Transport(), delay}
			}
			return slow{b.light.Transport(), delay}
		}},
		Wrap: func(t table.Table) table.Table {
			b.trail = &trailMeter{Table: t}
			b.store = store.NewMeter(b.trail)
			return b.store
		},
		WrapQueue: func(q lane.Queue) lane.Queue { b.queue = queue.NewMeter(q); return b.queue },
	})
	return b, err
}

func (b *bed) close() {
	b.App.Close()
	os.RemoveAll(b.dir)
}

// slow answers after a while, as a vendor far away does.
type slow struct {
	http.RoundTripper
	delay time.Duration
}

func (s slow) RoundTrip(r *http.Request) (*http.Response, error) {
	if s.delay > 0 {
		t := time.NewTimer(s.delay)
		defer t.Stop()
		select {
		case <-r.Context().Done():
			return nil, r.Context().Err()
		case <-t.C:
		}
	}
	return s.RoundTripper.RoundTrip(r)
}

// live applies the presets, perhaps changed, and takes them live.
func (b *bed) live(ctx context.Context, change func(name, document string) string) error {
	user := b.hubspot.User()
	for _, p := range [][3]string{{"companies", "vat_number", "string"}, {"companies", "billing_email", "string"}, {"products", "active", "bool"}} {
		kind := "text"
		if p[2] == "bool" {
			kind = "booleancheckbox"
		}
		if err := user.Define(p[0], p[1], p[2], kind); err != nil {
			return err
		}
	}
	var documents [][]byte
	for _, p := range mapping.PresetSet("hubspot-light") {
		text := strings.Replace(string(p.YAML), "  products: products-to-products", "  brake: 1000000\n  products: products-to-products", 1)
		if change != nil {
			text = change(p.Name, text)
		}
		documents = append(documents, []byte(text))
	}
	return liveAtOnce(ctx, b.Engine, documents)
}

// liveAtOnce applies documents and takes them live past all gates: a bench has nobody who could approve.
func liveAtOnce(ctx context.Context, e *engine.Engine, documents [][]byte) error {
	applied, err := e.ApplyAll(ctx, documents, "bench")
	if err != nil {
		return err
	}
	for _, a := range applied {
		if _, err := e.SetStatus(ctx, a.Head.Name, mapping.Live, nil, "bench", ""); err != nil {
			return err
		}
	}
	return nil
}

// settle polls and works until nothing waits: twice in a row nothing came.
func settle(ctx context.Context, e *engine.Engine) error {
	for quiet := 0; quiet < 2; {
		if err := e.Poll(ctx); err != nil {
			return err
		}
		took, err := drain(ctx, e)
		if err != nil {
			return err
		}
		quiet++
		if took > 0 {
			quiet = 0
		}
	}
	return nil
}

// drain works what waits and gives how many messages that were.
func drain(ctx context.Context, e *engine.Engine) (took int, err error) {
	for _, l := range []lane.Lane{lane.Live, lane.Bulk} {
		for {
			n, err := e.Receive(ctx, l, 10*receivePart)
			if err != nil {
				return took, err
			}
			if n == 0 {
				break
			}
			took += n
		}
	}
	return took, nil
}

func (b *bed) reset() {
	b.hubspot.ResetCalls()
	b.light.ResetCalls()
	b.store.Reset()
	b.queue.Reset()
}

// say prints the figures since the last reset.
func (b *bed) say(say func(figure) error, name string, least float64) error {
	calls := float64(b.hubspot.Calls()["total"] + b.light.Calls()["total"])
	s, q := b.store.Figures(), b.queue.Figures()
	for _, f := range []figure{
		{Name: name + ": vendor calls per 1,000", Value: calls, Unit: "calls", Least: least},
		{Name: name + ": of these at hubspot", Value: float64(b.hubspot.Calls()["total"]), Unit: "calls"},
		{Name: name + ": of these at light", Value: float64(b.light.Calls()["total"]), Unit: "calls"},
		{Name: name + ": store write units per 1,000", Value: float64(s.WRU), Unit: "WRU", Items: b.store.ByItem()},
		{Name: name + ": store read units per 1,000", Value: float64(s.RRU), Unit: "RRU"},
		{Name: name + ": queue requests per 1,000", Value: float64(q.Requests), Unit: "requests"},
	} {
		if err := say(f); err != nil {
			return err
		}
	}
	return nil
}

// benchDeals wins 1,000 deals of 1,000 companies and then changes every company.
func benchDeals(ctx context.Context, say func(figure) error) error {
	b, err := newBed(ctx, 0)
	if err != nil {
		return err
	}
	defer b.close()
	if err := b.live(ctx, nil); err != nil {
		return err
	}
	companies, deals, err := b.openDeals(benchRecords)
	if err != nil {
		return err
	}
	if err := settle(ctx, b.Engine); err != nil {
		return err
	}
	user := b.hubspot.User()
	for _, id := range deals {
		if err := user.Win(id); err != nil {
			return err
		}
	}
	b.reset()
	if err := settle(ctx, b.Engine); err != nil {
		return err
	}
	if n := b.light.Counts(); n.Invoices != benchRecords {
		return fmt.Errorf("bench: %d of %d won deals have an invoice", n.Invoices, benchRecords)
	}
	// HubSpot: 5 search pages of 200; lines and companies of 1,000 deals by association 2; lines, companies and deals read 100 at
	// a time 30. Light: one customer and one invoice each, and each invoice read back.
	if err := b.say(say, "won deals", 5+2+30+3*benchRecords); err != nil {
		return err
	}
	for n, id := range companies {
		if err := user.Set("companies", id, map[string]string{"name": fmt.Sprintf("Renamed company %04d", n)}); err != nil {
			return err
		}
	}
	b.reset()
	if err := settle(ctx, b.Engine); err != nil {
		return err
	}
	// HubSpot: 5 search pages, 10 reads. Light: 10 reads of 100, one PATCH each.
	return b.say(say, "changed companies", 5+10+10+benchRecords)
}

// openDeals makes n companies with one open deal of one line each.
func (b *bed) openDeals(n int) (companies, deals []string, err error) {
	other := b.hubspot.Other()
	product, err := other.Create("products", map[string]string{"name": "Bench product", "price": "100", "active": "true"})
	if err != nil {
		return nil, nil, err
	}
	for i := range n {
		company, err := other.Create("companies", map[string]string{"name": fmt.Sprintf("Company %04d", i), "domain": fmt.Sprintf("company-%04d.example", i)})
		if err != nil {
			return nil, nil, err
		}
		deal, err := other.Create("deals", map[string]string{"dealname": fmt.Sprintf("Deal %04d", i), "amount": "250.50", "pipeline": hubspottest.DefaultPipeline, "dealstage": hubspottest.OpenStage, "closedate": "2026-06-01T10:00:00Z"})
		if err != nil {
			return nil, nil, err
		}
		line, err := other.Create("line_items", map[string]string{"hs_product_id": product, "name": "Bench line", "quantity": "1", "price": "250.50"})
		if err != nil {
			return nil, nil, err
		}
		if err := other.Associate("deals", deal, "companies", company); err != nil {
			return nil, nil, err
		}
		if err := other.Associate("line_items", line, "deals", deal); err != nil {
			return nil, nil, err
		}
		companies, deals = append(companies, company), append(deals, deal)
	}
	return companies, deals, nil
}

// benchLatency measures webhook to document with vendors that take 50 ms to answer.
func benchLatency(ctx context.Context, say func(figure) error) error {
	b, err := newBed(ctx, 50*time.Millisecond)
	if err != nil {
		return err
	}
	defer b.close()
	if err := b.live(ctx, nil); err != nil {
		return err
	}
	_, deals, err := b.openDeals(1)
	if err != nil {
		return err
	}
	if err := settle(ctx, b.Engine); err != nil {
		return err
	}
	b.hubspot.SetWebhook(hubspottest.AppID, "https://crosswalk.example/webhooks/hubspot", hubspottest.Subscription{EventType: "deal.propertyChange", PropertyName: "dealstage"})
	if err := b.hubspot.User().Win(deals[0]); err != nil {
		return err
	}
	began := time.Now()
	for b.light.Counts().Invoices == 0 {
		if time.Since(began) > time.Minute {
			return fmt.Errorf("bench: no document a minute after the webhook")
		}
		if due, ok := b.hubspot.NextDelivery(); ok && !due.After(time.Now()) {
			began = time.Now()
			b.hubspot.DeliverDue(ctx, hook{b})
		}
		if _, err := b.Engine.Receive(ctx, lane.Live, 10); err != nil {
			return err
		}
	}
	return say(figure{Name: "webhook to document, vendors answering in 50 ms", Value: float64(time.Since(began).Milliseconds()), Unit: "ms"})
}

// hook is where the simulator's deliveries arrive.
type hook struct{ *bed }

func (h hook) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	status := http.StatusOK
	if _, err := h.Engine.Accept(r.Context(), "hubspot", r, r.URL.String(), body); err != nil {
		status = http.StatusInternalServerError
	}
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(nil)), Request: r}, nil
}

// benchPlanning measures the CPU time of one decision: a won deal of three lines.
func benchPlanning(_ context.Context, say func(figure) error) error {
	set := phones.Transforms()
	load := app.Compile(mapping.Standard(set))
	var document *mapping.Mapping
	for _, p := range mapping.PresetSet("hubspot-light") {
		m, err := load([]byte(p.YAML))
		if err != nil {
			return err
		}
		if m.Name == "deals-to-invoices" {
			document = m
		}
	}
	f := planningFacts(document, app.NewTools(set, []byte("a key for the bench only")))
	if d := plan.Decide(f); d.Kind != plan.Create {
		return fmt.Errorf("bench: the decision is %s, not create: %v", d.Kind, d.Reason)
	}
	const rounds = 20000
	began := cpuTime()
	for range rounds {
		plan.Decide(f)
	}
	return say(figure{Name: "CPU per planned record (won deal, three lines)", Value: float64((cpuTime() - began).Microseconds()) / rounds, Unit: "us", Least: 0})
}

func planningFacts(m *mapping.Mapping, tools plan.Tools) *plan.Facts {
	ref := func(object, id string) record.Ref { return record.Ref{Connection: "hubspot", Object: object, ID: id} }
	text := func(fields map[string]string) map[string]record.Value {
		out := map[string]record.Value{}
		for k, v := range fields {
			out[k] = record.Of(v)
		}
		return out
	}
	f := &plan.Facts{Mapping: m, Tools: tools, Now: time.Now(), Account: plan.Account{Currency: "EUR", TimeZone: "Europe/Berlin"},
		Tables: map[string]plan.Table{"a/stages": {"closedwon": {Attrs: map[string]string{"won": "true"}}}, "b/entities": {"e-1": {Attrs: map[string]string{"code": "DE01"}}}},
		Source: &record.Record{Ref: ref("deals", "1"), Fields: text(map[string]string{"dealname": "Bench", "dealstage": "closedwon", "closedate": "2026-06-01T10:00:00Z", "amount": "751.50", "deal_currency_code": "EUR"}),
			Related: []record.Related{{Ref: ref("companies", "2"), Primary: true}}},
		Link: link.Link{}, SourceObjects: map[string]string{"companies-to-customers": "companies", "products-to-products": "products"},
		Counterparts: map[plan.Need]plan.Counterpart{
			{Mapping: "companies-to-customers", Ref: ref("companies", "2")}: {State: plan.Ready, ID: "c-1"},
			{Mapping: "products-to-products", Ref: ref("products", "3")}:    {State: plan.Ready, ID: "p-1"},
		}}
	for n := range 3 {
		f.Lines = append(f.Lines, record.Record{Ref: ref("line_items", fmt.Sprint(10+n)), Fields: text(map[string]string{"hs_product_id": "3", "name": "Line", "quantity": "1", "price": "250.50"})})
	}
	return f
}
