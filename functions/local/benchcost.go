package main

import (
	"context"
	_ "embed"
	"fmt"
	"maps"
	"strings"

	"go.yaml.in/yaml/v3"

	"crosswalk/internal/engine/lane"
	"crosswalk/internal/store"
)

//go:embed prices.yaml
var priceFile []byte

// prices is prices.yaml.
type prices struct {
	Region  string           `yaml:"region"`
	Date    string           `yaml:"date"`
	Prices  map[string]price `yaml:"prices"`
	Assumed struct {
		WorkMemory    float64 `yaml:"work_memory_mb"`
		PollMemory    float64 `yaml:"poll_memory_mb"`
		WebhookMemory float64 `yaml:"webhook_memory_mb"`
		PollSeconds   float64 `yaml:"poll_seconds"`
		WholeCPU      float64 `yaml:"vcpu_at_mb"`
		LogBytes      float64 `yaml:"log_bytes"`
		VendorCall    float64 `yaml:"vendor_call_seconds"`
	} `yaml:"assumed"`
	Idle struct {
		Minutes     float64 `yaml:"minutes"`
		Queues      float64 `yaml:"queues"`
		Polls       float64 `yaml:"polls_a_queue_and_minute"`
		Keys        float64 `yaml:"keys"`
		KMSRequests float64 `yaml:"kms_requests"`
		Secrets     float64 `yaml:"secrets"`
		Alarms      float64 `yaml:"alarms"`
		Dashboards  float64 `yaml:"dashboards"`
		Records     float64 `yaml:"records"`
	} `yaml:"idle"`

	linked float64 // measured: bytes that a linked record takes up, its pointer and match keys included
}

type price struct {
	USD  float64 `yaml:"usd"`
	Per  float64 `yaml:"per"`
	Unit string  `yaml:"unit"`
}

func readPrices() (*prices, error) {
	p := &prices{}
	d := yaml.NewDecoder(strings.NewReader(string(priceFile)))
	d.KnownFields(true)
	if err := d.Decode(p); err != nil {
		return nil, fmt.Errorf("prices.yaml: %w", err)
	}
	for _, name := range strings.Fields("dynamodb_write dynamodb_read dynamodb_storage dynamodb_recovery sqs_request lambda_request lambda_time logs_written scheduler kms_key kms_request secret alarm dashboard") {
		if p.Prices[name].USD <= 0 || p.Prices[name].Per <= 0 {
			return nil, fmt.Errorf("prices.yaml: prices.%s: say usd and per, both above zero", name)
		}
	}
	return p, nil
}

// of is what so many units cost.
func (p *prices) of(name string, units float64) float64 {
	return units * p.Prices[name].USD / p.Prices[name].Per
}

// The aims, in dollars per million records.
const (
	aimUpdates   = 2
	aimCreates   = 5
	aimUnchanged = 0.20
)

// spent is what was measured over some records.
type spent struct {
	wru, rru, sqs, invocations, cpu float64
	gbSeconds                       float64 // of lambda; zero: what cpu is at the memory of work
	items                           map[string]store.Units
	measured                        string // how, where not in this process
}

// spend runs f and gives what it cost; the CPU is this process's, the simulators' included: more than the workers' own.
func (b *bed) spend(f func() error) (spent, error) {
	b.reset()
	b.worked = 0
	began := cpuTime()
	if err := f(); err != nil {
		return spent{}, err
	}
	s, q := b.store.Figures(), b.queue.Figures()
	return spent{wru: float64(s.WRU), rru: float64(s.RRU), sqs: float64(q.Requests), invocations: float64(b.worked), cpu: (cpuTime() - began).Seconds(), items: b.store.ByItem()}, nil
}

// sayDollars prints what a million records cost by what so many did, and where it goes.
func (p *prices) sayDollars(say func(figure) error, what string, s spent, records int, aim float64) error {
	million := 1e6 / float64(records)
	gbSeconds := s.gbSeconds
	if gbSeconds == 0 {
		gbSeconds = s.cpu / min(1, p.Assumed.WorkMemory/p.Assumed.WholeCPU) * p.Assumed.WorkMemory / 1024
	}
	how := s.measured
	if how == "" {
		how = fmt.Sprintf("in one process, found by polling; work of %g MB; CPU of simulators included", p.Assumed.WorkMemory)
	}
	parts := map[string]float64{
		"dynamodb writes": p.of("dynamodb_write", s.wru) * million,
		"dynamodb reads":  p.of("dynamodb_read", s.rru) * million,
		"sqs":             p.of("sqs_request", s.sqs) * million,
		"lambda requests": p.of("lambda_request", s.invocations) * million,
		"lambda time":     p.of("lambda_time", gbSeconds) * million,
		"logs":            p.of("logs_written", s.invocations*p.Assumed.LogBytes/1e9) * million,
	}
	total := 0.0
	for _, part := range parts {
		total += part
	}
	f := figure{Name: "dollars per million " + what, Value: total, Unit: "USD", Aim: aim, Parts: parts, Items: s.items,
		Units:   map[string]float64{"wru": s.wru / float64(records), "rru": s.rru / float64(records), "sqs requests": s.sqs / float64(records)},
		Assumed: fmt.Sprintf("list prices of %s, %s; %s; waiting for vendors has a line of its own", p.Region, p.Date, how)}
	if aim > 0 {
		f.Met = new(bool)
		*f.Met = total < aim
	}
	return say(f)
}

// portions are how many messages an invocation of each lane's work function is given (infra/sources.go).
var portions = map[lane.Lane]int{lane.Live: 10, lane.Bulk: 1}

// once polls and works until a poll finds nothing to do, in the portions of the work functions: ten live messages, one of bulk.
func (b *bed) once(ctx context.Context) error {
	for {
		if err := b.Engine.Poll(ctx); err != nil {
			return err
		}
		took := 0
		for _, l := range []lane.Lane{lane.Live, lane.Bulk} {
			for {
				n, err := b.Engine.Receive(ctx, l, portions[l])
				if err != nil {
					return err
				}
				if n == 0 {
					break
				}
				took += n
				b.worked++
			}
		}
		if took == 0 {
			return nil
		}
	}
}

// costBed is a bed whose companies are linked or open for it, with what it costs measured so far left out.
func costBed(ctx context.Context, change func(name, document string) string) (*bed, error) {
	b, err := newBed(ctx, 0)
	if err != nil {
		return nil, err
	}
	if err := b.live(ctx, change); err != nil {
		b.close()
		return nil, err
	}
	return b, settle(ctx, b.Engine)
}

// benchCost turns measured units into dollars: creates, updates, unchanged records and a month in which nothing happens.
func benchCost(ctx context.Context, say func(figure) error) error {
	p, err := readPrices()
	if err != nil {
		return err
	}
	for _, part := range []func(context.Context, *prices, func(figure) error) error{costOfDeals, costOfCompanies, costOfIdle} {
		if err := part(ctx, p, say); err != nil {
			return err
		}
	}
	waiting := p.of("lambda_time", p.Assumed.VendorCall*p.Assumed.WorkMemory/1024) * 1e6
	return say(figure{Name: "waiting for a vendor that takes one record a call: per million calls", Value: waiting, Unit: "USD",
		Assumed: fmt.Sprintf("%g s a call, one after another, %g MB; a vendor that takes 100 or 200 records a call: that much less", p.Assumed.VendorCall, p.Assumed.WorkMemory)})
}

// costOfDeals wins deals.
func costOfDeals(ctx context.Context, p *prices, say func(figure) error) error {
	b, err := costBed(ctx, nil)
	if err != nil {
		return err
	}
	defer b.close()
	_, deals, err := b.openDeals(benchRecords)
	if err != nil {
		return err
	}
	if err := settle(ctx, b.Engine); err != nil {
		return err
	}
	for _, id := range deals {
		if err := b.hubspot.User().Win(id); err != nil {
			return err
		}
	}
	before := b.light.Counts()
	s, err := b.spend(func() error { return b.once(ctx) })
	if err != nil {
		return err
	}
	now := b.light.Counts()
	if now.Invoices != benchRecords {
		return fmt.Errorf("bench: %d of %d won deals have an invoice", now.Invoices, benchRecords)
	}
	made := now.Customers - before.Customers + now.Products - before.Products + now.Invoices - before.Invoices
	return p.sayDollars(say, "creates (won deals: each a customer and an invoice with its line)", s, made, aimCreates)
}

// wave is a change of every company.
type wave struct {
	what   string
	aim    float64
	fields func(n int) map[string]string
	puts   bool // links are written
}

var (
	oneField = wave{"updates (one field)", aimUpdates, func(n int) map[string]string {
		return map[string]string{"name": fmt.Sprintf("Renamed company %04d", n)}
	}, true}
	fiveFields = wave{"updates (five fields)", aimUpdates, func(n int) map[string]string {
		return map[string]string{"name": fmt.Sprintf("Moved company %04d", n), "city": fmt.Sprintf("City %04d", n), "zip": fmt.Sprintf("%05d", n), "address": fmt.Sprintf("%d Changed Street", n), "country": "Denmark"}
	}, true}
	noField = wave{"unchanged (touched in a field that no mapping has: worked, nothing written)", aimUnchanged, func(n int) map[string]string {
		return map[string]string{"phone": fmt.Sprintf("+45 %08d", n)}
	}, false}
)

// costOf says what a wave over the companies costs.
func (b *bed) costOf(ctx context.Context, p *prices, say func(figure) error, companies []string, w wave) error {
	for n, id := range companies {
		if err := b.hubspot.User().Set("companies", id, w.fields(n)); err != nil {
			return err
		}
	}
	s, err := b.spend(func() error { return b.once(ctx) })
	if err != nil {
		return err
	}
	if links := b.store.ByItem()["L"].Puts; w.puts != (links > 0) {
		return fmt.Errorf("bench: %s: %d links were put", w.what, links)
	}
	return p.sayDollars(say, w.what, s, len(companies), w.aim)
}

// costOfCompanies makes customers of companies that nothing else needs, then changes the companies. Each bed has one wave of
// updates: the brake lets 1,000 an hour through.
func costOfCompanies(ctx context.Context, p *prices, say func(figure) error) error {
	for _, c := range []struct {
		what  string
		more  func(n int) map[string]string
		waves []wave
	}{
		{"creates (a customer of a company with domain and name)", func(int) map[string]string { return nil }, []wave{oneField, noField}},
		{"creates (a customer of a company with domain, name, VAT number, e-mail and address)", func(n int) map[string]string {
			return map[string]string{"vat_number": fmt.Sprintf("DK%08d", n), "billing_email": fmt.Sprintf("ap@company-%04d.example", n), "city": "Aarhus", "zip": "8000", "address": "1 Street", "country": "Germany"}
		}, []wave{fiveFields}},
	} {
		if err := costOfSome(ctx, p, say, c.what, c.more, c.waves); err != nil {
			return err
		}
	}
	return nil
}

func costOfSome(ctx context.Context, p *prices, say func(figure) error, what string, more func(n int) map[string]string, waves []wave) error {
	b, err := costBed(ctx, func(name, document string) string {
		if !strings.HasSuffix(name, "companies-to-customers") {
			return document
		}
		return strings.Replace(document, "create: needed", "create: always", 1)
	})
	if err != nil {
		return err
	}
	defer b.close()
	var companies []string
	for n := range benchRecords {
		fields := map[string]string{"name": fmt.Sprintf("Company %04d", n), "domain": fmt.Sprintf("company-%04d.example", n)}
		maps.Copy(fields, more(n))
		id, err := b.hubspot.Other().Create("companies", fields)
		if err != nil {
			return err
		}
		companies = append(companies, id)
	}
	s, err := b.spend(func() error { return b.once(ctx) })
	if err != nil {
		return err
	}
	if made := b.light.Counts().Customers; made != benchRecords {
		return fmt.Errorf("bench: %d of %d companies have a customer", made, benchRecords)
	}
	p.linked = linkedBytes(s.items)
	if err := p.sayDollars(say, what, s, benchRecords, aimCreates); err != nil {
		return err
	}
	for _, w := range waves {
		if err := b.costOf(ctx, p, say, companies, w); err != nil {
			return err
		}
	}
	// the overlap that every read of the feed shows again is dropped before anything is queued
	if s, err = b.spend(func() error { return b.Engine.Poll(ctx) }); err != nil {
		return err
	}
	return p.sayDollars(say, "unchanged (shown again by the feed, dropped by the poll)", s, benchRecords, aimUnchanged)
}

// linkedBytes is what one of the bench's linked records takes up in the table: link (the mean of its two puts), pointer, and
// match keys.
func linkedBytes(items map[string]store.Units) float64 {
	sum := 0.0
	for kind, each := range map[string]float64{"L": 1, "P": 1, "K": float64(items["K"].Puts) / benchRecords} {
		sum += each * (float64(items[kind].Bytes)/float64(items[kind].Puts) + itemOverhead)
	}
	return sum
}

// itemOverhead is what DynamoDB adds to each item's bytes for storage.
const itemOverhead = 100

// costOfIdle is a month in which nothing happens, item by item.
func costOfIdle(ctx context.Context, p *prices, say func(figure) error) error {
	b, err := costBed(ctx, nil)
	if err != nil {
		return err
	}
	defer b.close()
	s, err := b.spend(func() error { return b.Engine.Poll(ctx) })
	if err != nil {
		return err
	}
	i, minutes := p.Idle, p.Idle.Minutes
	gb := i.Records * p.linked / 1e9
	parts := map[string]float64{
		"storage":          p.of("dynamodb_storage", gb),
		"recovery":         p.of("dynamodb_recovery", gb),
		"keys":             p.of("kms_key", i.Keys) + p.of("kms_request", i.KMSRequests),
		"secrets":          p.of("secret", i.Secrets),
		"alarms":           p.of("alarm", i.Alarms),
		"dashboard":        p.of("dashboard", i.Dashboards),
		"queue polling":    p.of("sqs_request", i.Queues*i.Polls*minutes),
		"polls: store":     p.of("dynamodb_write", s.wru*minutes) + p.of("dynamodb_read", s.rru*minutes),
		"polls: lambda":    p.of("lambda_request", minutes) + p.of("lambda_time", minutes*p.Assumed.PollSeconds*p.Assumed.PollMemory/1024),
		"polls: queue":     p.of("sqs_request", s.sqs*minutes),
		"polls: scheduler": p.of("scheduler", minutes),
		"polls: log":       p.of("logs_written", minutes*p.Assumed.LogBytes/1e9),
	}
	total := 0.0
	for _, part := range parts {
		total += part
	}
	return say(figure{Name: "dollars of a month in which nothing happens", Value: total, Unit: "USD", Parts: parts, Units: map[string]float64{"wru": s.wru, "rru": s.rru, "sqs requests": s.sqs},
		Assumed: fmt.Sprintf("list prices of %s, %s, no free tier; HubSpot and Light, %g linked records; a poll a minute of %g s at %g MB; units are of one poll", p.Region, p.Date, i.Records, p.Assumed.PollSeconds, p.Assumed.PollMemory)})
}
