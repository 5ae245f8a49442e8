package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"crosswalk/internal/app"
	"crosswalk/internal/app/laptop"
	"crosswalk/internal/web"
)

// org is a deployment between a simulated org and a simulated Light, in this process.
type org struct {
	*laptop.App
	vendors *vendors
	dir     string
}

// orgEdits are the presets as far as the figures need them: every opportunity makes an invoice, and nothing stops a wave.
var orgEdits = map[string][]string{
	"salesforce-light/accounts-to-customers":     nil,
	"salesforce-light/product2-to-products":      nil,
	"salesforce-light/opportunities-to-invoices": {"  products: product2-to-products", "  brake: 1000000\n  products: product2-to-products"},
}

func newOrg(ctx context.Context) (o *org, err error) {
	o = &org{}
	defer func() {
		if err != nil {
			o.close()
		}
	}()
	if o.dir, err = os.MkdirTemp("", "crosswalk-bench-"); err != nil {
		return o, err
	}
	if o.vendors, err = startVendors(playing{light: "127.0.0.1:0", salesforce: "127.0.0.1:0", currency: "USD", seed: 7}); err != nil {
		return o, err
	}
	for name, c := range o.vendors.credentials() {
		if err := putCredential(ctx, o.dir, name, c); err != nil {
			return o, err
		}
	}
	cfg, err := app.ParseConfig([]byte(strings.Replace(configFor(o.vendors, "127.0.0.1:0", false), "poll: 10s", "poll: 1ms", 1)))
	if err != nil {
		return o, err
	}
	cfg.Data = o.dir
	if o.App, err = laptop.New(ctx, cfg, laptop.Options{Options: app.Options{Log: slog.New(slog.DiscardHandler)}}); err != nil {
		return o, err
	}
	texts, err := salesforceTexts(orgEdits)
	if err != nil {
		return o, err
	}
	documents := make([][]byte, len(texts))
	for n, text := range texts {
		documents[n] = []byte(text)
	}
	return o, liveAtOnce(ctx, o.Engine, documents)
}

func (o *org) close() {
	if o.App != nil {
		o.App.Close()
	}
	if o.vendors != nil {
		o.vendors.close()
	}
	os.RemoveAll(o.dir)
}

// idle is how many calls looking for changes costs when there are none: they are in no figure.
func (o *org) idle(ctx context.Context) (int, error) {
	o.reset()
	err := settle(ctx, o.Engine)
	return o.vendors.salesforce.Calls()["total"], err
}

func (o *org) reset() {
	o.vendors.salesforce.ResetCalls()
	o.vendors.light.ResetCalls()
}

// say prints the calls since the last reset beside the least that the limits allow: at Salesforce, at Light, together.
func (o *org) say(say func(figure) error, name string, salesforce, light float64) error {
	at, to := float64(o.vendors.salesforce.Calls()["total"]), float64(o.vendors.light.Calls()["total"])
	for _, f := range []figure{
		{Name: name + ": vendor calls per 1,000", Value: at + to, Unit: "calls", Least: salesforce + light},
		{Name: name + ": of these at salesforce", Value: at, Unit: "calls", Least: salesforce},
		{Name: name + ": of these at light", Value: to, Unit: "calls", Least: light},
	} {
		if err := say(f); err != nil {
			return err
		}
	}
	return nil
}

// aSecondLater is when no later change can bear the same stamp, slow answers allowed for: what a feed shows earlier is looked at
// twice. In life that is the thirtieth part of what a poll each minute finds; here it would be everything.
const aSecondLater = 5 * time.Second

// benchSalesforce wins 1,000 opportunities of 1,000 accounts and then changes every account.
func benchSalesforce(ctx context.Context, say func(figure) error) error {
	o, err := newOrg(ctx)
	if err != nil {
		return err
	}
	defer o.close()
	accounts, deals, err := o.openDeals(benchRecords)
	if err != nil {
		return err
	}
	if err := settle(ctx, o.Engine); err != nil {
		return err
	}
	idle, err := o.idle(ctx)
	if err != nil {
		return err
	}
	if err := say(figure{Name: "salesforce, two rounds that find nothing", Value: float64(idle), Unit: "calls"}); err != nil {
		return err
	}
	person := o.vendors.salesforce.Person()
	for _, id := range deals {
		if err := person.Win(id); err != nil {
			return err
		}
	}
	time.Sleep(aSecondLater)
	o.reset()
	if err := settle(ctx, o.Engine); err != nil {
		return err
	}
	if n := o.vendors.light.Counts(); n.Invoices != benchRecords {
		return fmt.Errorf("bench: %d of %d won opportunities have an invoice", n.Invoices, benchRecords)
	}
	// Salesforce: a page of 2,000 changes, and one composite call each for opportunities with the ids of their lines, for lines and
	// for accounts. Light: one customer and one invoice each, and each invoice read back.
	if err := o.say(say, "won opportunities", 4, 3*benchRecords); err != nil {
		return err
	}
	for n, id := range accounts {
		if err := person.Update("Account", id, map[string]any{"Name": fmt.Sprintf("Renamed account %04d", n)}); err != nil {
			return err
		}
	}
	time.Sleep(aSecondLater)
	o.reset()
	if err := settle(ctx, o.Engine); err != nil {
		return err
	}
	// Salesforce: a page of changes, and a read of 1,000. Light: 10 reads of 100, one PATCH each.
	return o.say(say, "changed accounts", 2, 10+benchRecords)
}

// openDeals makes n accounts with one open opportunity of one line each, as they were there long before.
func (o *org) openDeals(n int) (accounts, deals []string, err error) {
	sim := o.vendors.salesforce
	long := time.Now().Add(-48 * time.Hour).UTC().Format(time.RFC3339)
	row := func(pairs ...any) map[string]any {
		out := map[string]any{"CreatedDate": long, "LastModifiedDate": long, "SystemModstamp": long}
		for i := 0; i < len(pairs); i += 2 {
			out[pairs[i].(string)] = pairs[i+1]
		}
		return out
	}
	product, err := sim.Load("Product2", []map[string]any{{"Name": "Bench product", "IsActive": true}})
	if err != nil {
		return nil, nil, err
	}
	entry, err := sim.Load("PricebookEntry", []map[string]any{{"Pricebook2Id": sim.StandardPricebookID(), "Product2Id": product[0], "UnitPrice": "100", "IsActive": true}})
	if err != nil {
		return nil, nil, err
	}
	var rows []map[string]any
	for i := range n {
		rows = append(rows, row("Name", fmt.Sprintf("Account %04d", i), "Website", fmt.Sprintf("https://account-%04d.example", i)))
	}
	if accounts, err = sim.Load("Account", rows); err != nil {
		return nil, nil, err
	}
	rows = nil
	for i := range n {
		rows = append(rows, row("Name", fmt.Sprintf("Deal %04d", i), "AccountId", accounts[i], "StageName", "Prospecting", "CloseDate", "2026-06-01"))
	}
	if deals, err = sim.Load("Opportunity", rows); err != nil {
		return nil, nil, err
	}
	rows = nil
	for i := range n {
		rows = append(rows, row("OpportunityId", deals[i], "PricebookEntryId", entry[0], "Quantity", "1", "UnitPrice", "250.50"))
	}
	_, err = sim.Load("OpportunityLineItem", rows)
	return accounts, deals, err
}

// loadRecords is how many accounts the initial load of benchLoad has.
const loadRecords = 100_000

// benchLoad measures an initial load: 100,000 accounts previewed, approved and made customers. The product is a process of its
// own, so that no simulator's memory is in the figure (T16).
func benchLoad(ctx context.Context, say func(figure) error) (err error) {
	dir, err := os.MkdirTemp("", "crosswalk-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	v, err := startVendors(playing{light: "127.0.0.1:0", salesforce: "127.0.0.1:0", currency: "USD", seed: 7})
	if err != nil {
		return err
	}
	defer v.close()
	if err := manyAccounts(v, loadRecords); err != nil {
		return err
	}
	child, api, err := startChild(ctx, v, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, child.stop()) }()
	c := &cli{out: io.Discard, err: io.Discard}
	texts, err := salesforceTexts(map[string][]string{"salesforce-light/accounts-to-customers": {"create: needed ", "create: always "}})
	if err != nil {
		return err
	}
	if _, err := applyAll(ctx, api, texts); err != nil {
		return err
	}
	const name = "accounts-to-customers"
	v.salesforce.ResetCalls()
	v.light.ResetCalls()
	began := time.Now()
	p, err := c.previewAll(ctx, api, name)
	if err != nil {
		return err
	}
	previewed := time.Since(began)
	if _, err := post[web.Plan](ctx, api, "/plans/"+p.ID+"/approve", map[string]string{"digest": p.Digest}); err != nil {
		return err
	}
	if _, err := post[web.Moved](ctx, api, "/mappings/"+name+"/live", nil); err != nil {
		return err
	}
	began = time.Now()
	r, err := post[web.Run](ctx, api, "/runs", map[string]string{"plan": p.ID})
	if err != nil {
		return err
	}
	if _, err = c.follow(ctx, api, r); err != nil {
		return err
	}
	took := time.Since(began)
	if n := len(v.light.Customers()); n != loadRecords {
		return fmt.Errorf("bench: %d customers of %d accounts", n, loadRecords)
	}
	// Salesforce: 50 pages of 2,000 in the preview; in the run 100 reads of 1,000. Light: one create each, which no batch carries.
	calls := float64(v.salesforce.Calls()["total"] + v.light.Calls()["total"])
	aim, met := 256.0, child.peak()/1e6 < 256
	for _, f := range []figure{
		{Name: "initial load of 100,000 accounts: vendor calls", Value: calls, Unit: "calls", Least: 50 + 100 + loadRecords},
		{Name: "initial load of 100,000 accounts: of these at salesforce", Value: float64(v.salesforce.Calls()["total"]), Unit: "calls", Least: 150},
		{Name: "initial load of 100,000 accounts: anonymous memory of the product at most", Value: child.peak() / 1e6, Unit: "MB", Aim: aim, Met: &met},
		{Name: "initial load of 100,000 accounts: preview", Value: loadRecords / previewed.Seconds(), Unit: "records/s"},
		{Name: "initial load of 100,000 accounts: run", Value: loadRecords / took.Seconds(), Unit: "records/s"},
	} {
		if err := say(f); err != nil {
			return err
		}
	}
	return nil
}

// manyAccounts fills the org with accounts that were there long before.
func manyAccounts(v *vendors, n int) error {
	long := time.Now().Add(-48 * time.Hour).UTC().Format(time.RFC3339)
	const part = 10_000
	for at := 0; at < n; at += part {
		rows := make([]map[string]any, 0, part)
		for i := at; i < min(at+part, n); i++ {
			rows = append(rows, map[string]any{"Name": fmt.Sprintf("Account number %06d", i), "Website": fmt.Sprintf("https://account-%06d.example", i), "BillingStreet": fmt.Sprintf("Long Street %d", i),
				"BillingCity": "Springfield", "BillingPostalCode": "12345", "BillingCountry": "Germany", "CreatedDate": long, "LastModifiedDate": long, "SystemModstamp": long})
		}
		if _, err := v.salesforce.Load("Account", rows); err != nil {
			return err
		}
	}
	return nil
}

// childProduct is `crosswalk up` as a process of its own, whose memory is looked at while it runs.
type childProduct struct {
	cmd  *exec.Cmd
	most chan float64 // the greatest so far; holds exactly one
	end  context.CancelFunc
}

func startChild(ctx context.Context, v *vendors, dir string) (*childProduct, *client, error) {
	return startConfigured(ctx, v, dir, func(address string) string { return configFor(v, address, false) })
}

// startConfigured is startChild with a configuration of its own, which listens at the address given.
func startConfigured(ctx context.Context, v *vendors, dir string, text func(address string) string) (*childProduct, *client, error) {
	for name, credential := range v.credentials() {
		if err := putCredential(ctx, dir, name, credential); err != nil {
			return nil, nil, err
		}
	}
	address, err := freeAddress()
	if err != nil {
		return nil, nil, err
	}
	config := filepath.Join(dir, "crosswalk.yaml")
	if err := os.WriteFile(config, []byte(text(address)), 0o600); err != nil {
		return nil, nil, err
	}
	program, err := os.Executable()
	if err != nil {
		return nil, nil, err
	}
	watching, end := context.WithCancel(ctx)
	c := &childProduct{cmd: exec.Command(program, "up", "--config", config, "--data", dir), most: make(chan float64, 1), end: end}
	c.most <- 0
	if err := c.cmd.Start(); err != nil {
		end()
		return nil, nil, err
	}
	go c.watch(watching)
	const patience = 20 * time.Second
	for began := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		tokens, err := web.TokenFile{Path: filepath.Join(dir, "token")}.Tokens()
		if err == nil && len(tokens) > 0 {
			api := newClient("http://"+address, tokens[0].Token)
			if _, err = get[web.Status](ctx, api, "/status"); err == nil {
				return c, api, nil
			}
		}
		if time.Since(began) > patience {
			return nil, nil, errors.Join(fmt.Errorf("bench: the product does not answer"), c.stop())
		}
	}
}

// watch notes the process's own anonymous memory; the store's mapped file does not count.
func (c *childProduct) watch(ctx context.Context) {
	for ctx.Err() == nil {
		if now, err := anonymousOf(c.cmd.Process.Pid); err == nil {
			c.most <- max(<-c.most, float64(now))
		}
		select {
		case <-ctx.Done():
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func (c *childProduct) peak() float64 {
	most := <-c.most
	c.most <- most
	return most
}

func (c *childProduct) stop() error {
	c.end()
	if err := c.cmd.Process.Signal(os.Interrupt); err != nil {
		return err
	}
	return c.cmd.Wait()
}

func anonymousOf(pid int) (int64, error) {
	status, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "RssAnon:"); ok {
			kb, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return kb << 10, err
		}
	}
	return 0, fmt.Errorf("bench: this system does not tell the anonymous memory of a process")
}
