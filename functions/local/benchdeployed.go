package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"crosswalk/internal/app/cloud"
	"crosswalk/internal/app/laptop"
	"crosswalk/internal/app/phones"
	"crosswalk/internal/awstest"
	"crosswalk/internal/connector/hubspot/hubspottest"
	"crosswalk/internal/secret/manager"
)

// deployed is the compiled functions between servers of AWS's protocols, and the simulators in this process, with counters
// before all servers. Nothing runs by itself until run: a measurement has the machine for itself.
type deployed struct {
	vendors   *vendors
	stack     *awstest.Stack
	counts    *awstest.Counts
	functions map[string]*awstest.Lambda
	url       string
	config    string
	env       []string
	stops     []func()
}

// The functions as infra/ has them: memory in MB, and Lambda's own five consumers of the live queue.
var deployedAs = map[string]struct {
	binary  string
	most    int
	seconds time.Duration
	lane    string
	memory  func(p *prices) float64
}{
	"webhook":   {"webhook", 2, 10, "", func(p *prices) float64 { return p.Assumed.WebhookMemory }},
	"oauth":     {"oauth", 1, 29, "", func(p *prices) float64 { return p.Assumed.WebhookMemory }},
	"poll":      {"poll", 1, 120, "", func(p *prices) float64 { return p.Assumed.PollMemory }},
	"work-live": {"work", consumers, 75, "live", func(p *prices) float64 { return p.Assumed.WorkMemory }},
	"work-bulk": {"work", consumers, 330, "bulk", func(p *prices) float64 { return p.Assumed.WorkMemory }},
}

const consumers = 5

// deployHere starts the servers; feeds are due again after every.
func deployHere(ctx context.Context, folder, every string) (d *deployed, err error) {
	d = &deployed{functions: map[string]*awstest.Lambda{}}
	defer func() {
		if err != nil {
			d.close()
		}
	}()
	if d.vendors, err = startVendors(playing{hubspot: "127.0.0.1:0", light: "127.0.0.1:0", zone: "Europe/Berlin", currency: "EUR", seed: 7}); err != nil {
		return d, err
	}
	d.stops = append(d.stops, func() { d.vendors.close() })
	if d.stack, err = awstest.StartStack(ctx, awstest.OnDynalite); err != nil {
		return d, err
	}
	d.stops = append(d.stops, d.stack.Stop)
	if err := d.keep(ctx); err != nil {
		return d, err
	}
	if d.counts, err = d.stack.Count(ctx); err != nil {
		return d, err
	}
	d.config = filepath.Join(folder, "crosswalk.yaml")
	configuration := strings.Replace(configFor(d.vendors, "127.0.0.1:0", false), "poll: 10s", "poll: "+every, 1)
	if err := os.WriteFile(d.config, []byte(configuration), 0o600); err != nil {
		return d, err
	}
	listening, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return d, err
	}
	d.url = "http://" + listening.Addr().String()
	d.env = append(d.stack.Env(), "CROSSWALK_CONFIG="+d.config, "CROSSWALK_CUSTOMER=bench", "CROSSWALK_PUBLIC_URL="+d.url, "CROSSWALK_EPOCH=1", "CROSSWALK_TOPICS={}")
	for name, f := range deployedAs {
		env := slices.Clone(d.env)
		if f.lane != "" {
			env = append(env, "CROSSWALK_LANE="+f.lane)
		}
		l := &awstest.Lambda{Name: name, Command: []string{filepath.Join(builtHere, f.binary, "bootstrap")}, Env: env, Timeout: f.seconds * time.Second, Most: f.most, Log: io.Discard}
		d.functions[name] = l
		d.stops = append(d.stops, l.Close)
	}
	gateway := &awstest.Gateway{Routes: []awstest.Route{{Prefix: "/webhooks/", Function: d.functions["webhook"]}}}
	serving, stop := context.WithCancel(ctx)
	d.stops = append(d.stops, stop)
	gateway.Serve(serving, listening)
	return d, nil
}

// keep puts the simulators' credentials and the deployment's key into Secrets Manager.
func (d *deployed) keep(ctx context.Context) error {
	secrets, err := manager.New(awstest.Config(d.stack.Secrets), manager.Options{Prefix: awstest.SecretPrefix})
	if err != nil {
		return err
	}
	kept := map[string]any{"crosswalk/key": []byte("a key of thirty-two bytes or more, of the bench only")}
	for name, credential := range d.vendors.credentials() {
		kept[name] = credential
	}
	for name, value := range kept {
		raw, err := json.Marshal(value)
		if err != nil {
			return err
		}
		if err := secrets.Put(ctx, name, raw); err != nil {
			return err
		}
	}
	return nil
}

func (d *deployed) close() {
	for n := len(d.stops) - 1; n >= 0; n-- {
		d.stops[n]()
	}
	d.stops = nil
}

// bed is the deployment seen by one who prepares it: an engine of this process on the same table and queues.
func (d *deployed) bed(ctx context.Context) (*bed, error) {
	env := map[string]string{}
	for _, one := range d.env {
		name, value, _ := strings.Cut(one, "=")
		env[name] = value
	}
	transforms := phones.Transforms()
	a, err := cloud.Open(ctx, cloud.Options{Getenv: func(name string) string { return env[name] }, Transforms: &transforms, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	d.stops = append(d.stops, func() { a.Close() })
	return &bed{App: &laptop.App{App: a.App}, hubspot: d.vendors.hubspot, light: d.vendors.light}, nil
}

// run has the queues' consumers and HubSpot's deliveries go until stop.
func (d *deployed) run(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() {
		awstest.Source{Client: d.stack.SQS, Queue: d.stack.Queues.Live, Function: d.functions["work-live"], Batch: 10, Hide: 360, Consumers: consumers}.Run(ctx)
	})
	running.Go(func() {
		awstest.Source{Client: d.stack.SQS, Queue: d.stack.Queues.Bulk, Function: d.functions["work-bulk"], Batch: 1, Hide: 1800, Consumers: consumers}.Run(ctx)
	})
	running.Go(func() { d.vendors.hubspot.Run(ctx, nil) })
	return func() { cancel(); running.Wait() }
}

func (d *deployed) poll(ctx context.Context) error {
	_, err := d.functions["poll"].Invoke(ctx, map[string]any{"version": "0", "source": "aws.scheduler", "detail-type": "Scheduled Event", "detail": map[string]any{}})
	return err
}

// How often feeds are read, as in a deployment, and how often what is parked is woken, which has no minute's time here.
const (
	feedsEach = time.Minute
	pollEach  = 20 * time.Second
)

// settleHere polls and waits until done says so and no message waits or is worked.
func (d *deployed) settleHere(ctx context.Context, done func() bool) error {
	ctx, cancel := context.WithTimeoutCause(ctx, 10*time.Minute, errors.New("the deployment does not come to rest"))
	defer cancel()
	polled := time.Time{}
	for quiet := 0; quiet < 3; {
		if time.Since(polled) >= pollEach {
			polled = time.Now()
			if err := d.poll(ctx); err != nil {
				return err
			}
		}
		n, err := d.counts.Waiting(ctx)
		if err != nil {
			return err
		}
		quiet++
		if n > 0 || !done() {
			quiet = 0
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(time.Second):
		}
	}
	return nil
}

// deployedWave is something that happens to many records at once.
type deployedWave struct {
	name, cost string
	aim        float64
	records    func() int // that were worked
	laptop     float64    // vendor calls of the same wave on the laptop
	polls      bool       // found by polling
	begin      func() error
	done       func() bool
}

// use is what each function took: CPU, its largest peak, invocations and their time.
func (d *deployed) use() map[string]awstest.Figures {
	out := map[string]awstest.Figures{}
	for name, l := range d.functions {
		out[name] = l.Figures()
	}
	return out
}

func cpuOfAll(f awstest.Figures) (cpu time.Duration, peak int64) {
	for _, u := range f.Instances {
		cpu, peak = cpu+u.CPU, max(peak, u.Peak)
	}
	return cpu, peak
}

func (d *deployed) measure(ctx context.Context, p *prices, say func(figure) error, w deployedWave) error {
	d.vendors.hubspot.ResetCalls()
	d.vendors.light.ResetCalls()
	d.counts.Reset()
	before := d.use()
	if err := w.begin(); err != nil {
		return err
	}
	stop := d.run(ctx)
	err := d.settleHere(ctx, w.done)
	stop()
	if err != nil {
		return fmt.Errorf("%s: %w", w.name, err)
	}
	return d.tell(p, say, w, before)
}

func (d *deployed) tell(p *prices, say func(figure) error, w deployedWave, before map[string]awstest.Figures) error {
	asked := d.counts.Sum()
	s := spent{wru: asked.WRU, rru: asked.RRU, sqs: float64(asked.SQS), measured: "the compiled functions on this machine between dynalite and fauxqs: units as dynalite tells them, requests counted before the servers, CPU of the functions' own processes; empty receives are idle's"}
	byClock, atPeak := map[string]float64{}, map[string]float64{}
	invocations, peaks := map[string]float64{}, map[string]float64{}
	now := d.use()
	for _, name := range slices.Sorted(maps.Keys(now)) {
		n := float64(now[name].Invocations - before[name].Invocations)
		if n == 0 {
			continue
		}
		cpu, peak := cpuOfAll(now[name])
		was, _ := cpuOfAll(before[name])
		gb, took := deployedAs[name].memory(p)/1024, (now[name].Took - before[name].Took).Seconds()
		used := (cpu - was).Seconds()
		s.invocations += n
		s.cpu += used
		s.gbSeconds += used / min(1, deployedAs[name].memory(p)/p.Assumed.WholeCPU) * gb
		invocations[name], byClock[name], peaks[name] = n, took*gb, float64(peak)/(1<<20)
		atPeak[name] = took * float64(peak) / (1 << 30)
	}
	records := w.records()
	million, per := 1e6/float64(records), 1000/float64(records)
	hub, light := float64(d.vendors.hubspot.Calls()["total"]), float64(d.vendors.light.Calls()["total"])
	requests := map[string]float64{}
	for name, n := range asked.Requests {
		requests[name] = float64(n) * per
	}
	name := w.name + ", on the local AWS"
	calls := 1000 / float64(benchRecords) // of what changed, as on the laptop; a won deal makes two records
	for _, f := range []figure{
		{Name: name + ": vendor calls per 1,000", Value: (hub + light) * calls, Unit: "calls", Least: w.laptop, Parts: map[string]float64{"hubspot": hub * calls, "light": light * calls},
			Assumed: "least is the laptop's; five consumers of ten messages each"},
		{Name: name + ": lambda invocations per 1,000 records", Value: s.invocations * per, Unit: "invocations", Parts: scale(invocations, per)},
		{Name: name + ": lambda GB-seconds per 1,000 records", Value: s.gbSeconds * per, Unit: "GB-s", Assumed: "CPU time at the memory and share of a CPU that infra/ gives; waiting is not in it"},
		{Name: name + ": lambda GB-seconds per 1,000 records, by this machine's clock", Value: addUp(byClock) * per, Unit: "GB-s", Parts: scale(byClock, per),
			Assumed: "from event to answer, with everything else that runs here: simulators, servers, whatever else keeps the machine busy"},
		{Name: name + ": lambda GB-seconds per 1,000 records, by this machine's clock at the measured memory", Value: addUp(atPeak) * per, Unit: "GB-s", Parts: scale(atPeak, per)},
		{Name: name + ": largest resident memory", Value: maxOf(peaks), Unit: "MB", Parts: peaks},
		{Name: name + ": SQS requests per 1,000 records", Value: s.sqs * per, Unit: "requests", Assumed: "without receives that gave nothing"},
		{Name: name + ": store write units per 1,000 records", Value: s.wru * per, Unit: "WRU"},
		{Name: name + ": store read units per 1,000 records", Value: s.rru * per, Unit: "RRU"},
		{Name: name + ": requests per 1,000 records, by operation", Value: addUp(requests), Unit: "requests", Parts: requests},
		{Name: name + ": waiting, dollars per million if all of this machine's clock were billed", Value: p.of("lambda_time", addUp(byClock)) * million, Unit: "USD"},
	} {
		if err := say(f); err != nil {
			return err
		}
	}
	return p.sayDollars(say, w.cost+", on the local AWS", s, records, w.aim)
}

func addUp(parts map[string]float64) float64 {
	total := 0.0
	for _, part := range parts {
		total += part
	}
	return total
}

func maxOf(parts map[string]float64) float64 {
	most := 0.0
	for _, part := range parts {
		most = max(most, part)
	}
	return most
}

func scale(parts map[string]float64, by float64) map[string]float64 {
	out := map[string]float64{}
	for name, part := range parts {
		out[name] = part * by
	}
	return out
}

// benchDeployed wins deals by webhook, and changes and touches companies that a poll finds, on the compiled functions.
func benchDeployed(ctx context.Context, say func(figure) error) (err error) {
	p, err := readPrices()
	if err != nil {
		return err
	}
	won, changed, err := onLaptop(ctx)
	if err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "crosswalk-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	d, err := deployHere(ctx, folder, feedsEach.String())
	if err != nil {
		return err
	}
	defer d.close()
	b, err := d.bed(ctx)
	if err != nil {
		return err
	}
	if err := b.live(ctx, nil); err != nil {
		return err
	}
	companies, deals, err := b.openDeals(benchRecords)
	if err != nil {
		return err
	}
	stop := d.run(ctx)
	err = d.settleHere(ctx, func() bool { return true })
	stop()
	if err != nil {
		return err
	}
	b.hubspot.SetWebhook(hubspottest.AppID, d.url+"/webhooks/hubspot", hubspottest.Subscription{EventType: "deal.propertyChange", PropertyName: "dealstage"})
	before := b.light.Counts()
	made := func() int {
		now := b.light.Counts()
		return now.Customers - before.Customers + now.Products - before.Products + now.Invoices - before.Invoices
	}
	everyOne := func() int { return benchRecords }
	change := func(fields func(n int) map[string]string) func() error {
		return func() error {
			for n, id := range companies {
				if err := b.hubspot.User().Set("companies", id, fields(n)); err != nil {
					return err
				}
			}
			return nil
		}
	}
	for _, w := range []deployedWave{
		{name: "won deals", cost: "creates (won deals: each a customer and an invoice with its line)", aim: aimCreates, records: made, laptop: won, begin: func() error {
			for _, id := range deals {
				if err := b.hubspot.User().Win(id); err != nil {
					return err
				}
			}
			return nil
		}, done: func() bool { return b.light.Counts().Invoices-before.Invoices >= benchRecords }},
		{name: "changed companies", cost: oneField.what, aim: oneField.aim, records: everyOne, laptop: changed, begin: change(oneField.fields),
			done: func() bool { return b.light.Calls()["total"] >= benchRecords }},
		{name: "touched companies", cost: noField.what, aim: noField.aim, records: everyOne, begin: change(noField.fields),
			done: func() bool { return b.hubspot.Calls()["total"] >= benchRecords/100 }}, // the feed was read, and the companies
	} {
		if err := d.measure(ctx, p, say, w); err != nil {
			return err
		}
	}
	return d.idle(ctx, say)
}

// idle measures a poll that reads every feed and finds nothing.
func (d *deployed) idle(ctx context.Context, say func(figure) error) error {
	select { // until every feed is due
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(feedsEach + time.Second):
	}
	d.vendors.hubspot.ResetCalls()
	d.vendors.light.ResetCalls()
	d.counts.Reset()
	before := d.functions["poll"].Figures()
	if err := d.poll(ctx); err != nil {
		return err
	}
	now, asked := d.functions["poll"].Figures(), d.counts.Sum()
	cpu, _ := cpuOfAll(now)
	was, _ := cpuOfAll(before)
	each := map[string]float64{"wru": asked.WRU, "rru": asked.RRU, "sqs requests": float64(asked.SQS + asked.Empty), "cpu ms": ms(cpu - was),
		"hubspot calls": float64(d.vendors.hubspot.Calls()["total"]), "light calls": float64(d.vendors.light.Calls()["total"])}
	for operation, n := range asked.Requests {
		each[operation] = float64(n)
	}
	return say(figure{Name: "an idle poll that reads every feed, on the local AWS", Value: ms(now.Took - before.Took), Unit: "ms", Units: each})
}

// onLaptop gives the vendor calls of the same waves in one process.
func onLaptop(ctx context.Context) (won, changed float64, err error) {
	calls := map[string]float64{}
	err = benchDeals(ctx, func(f figure) error { calls[f.Name] = f.Value; return nil })
	return calls["won deals: vendor calls per 1,000"], calls["changed companies: vendor calls per 1,000"], err
}
