package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"crosswalk/internal/awstest"
	"crosswalk/internal/web"
)

// result is the last line of the demo: what somebody else can check.
type result struct {
	DealsWon           int            `json:"deals_won"`
	Customers          int            `json:"customers"`
	Invoices           int            `json:"invoices"`
	Contracts          int            `json:"contracts"`
	Held               int            `json:"held"`
	DuplicateDocuments int            `json:"duplicate_documents"`
	AmountMismatches   int            `json:"amount_mismatches"`
	Calls              map[string]int `json:"calls"` // by system
	Seconds            json.Number    `json:"seconds"`
	Amounts            map[string]sum `json:"amounts,omitempty"`           // by currency, in major units; of a data set
	SecondRunWrites    *int           `json:"second_run_writes,omitempty"` // of a data set: what running everything again wrote
	Store              string         `json:"store,omitempty"`             // with AWS=local: the server that kept the table, the one of the queue,
	Queue              string         `json:"queue,omitempty"`             // and what ran the functions
	Runtime            string         `json:"runtime,omitempty"`
}

// sum is net totals in major units: of the documents as Light has them, and of the won deals without one as the CRM has them.
type sum struct {
	Documents json.Number `json:"documents"`
	Held      json.Number `json:"held"`
}

func (c *cli) demo() *cobra.Command {
	o := demoOptions{source: "hubspot"}
	cmd := c.command("demo", "the main job from start to finish between the simulators: a table, then one JSON line (make demo)", cobra.NoArgs, func(ctx context.Context, _ []string) error {
		if _, err := sourceOf(o.source, nil); err != nil && o.source != both {
			return err
		}
		if o.aws != "" && o.aws != "local" {
			return wrongUse("--aws %s: write local; a real account is reached with --api", o.aws)
		}
		o.log = io.Discard
		if o.verbose {
			o.log = c.err
		}
		if o.pair == padName {
			return c.playPad(ctx, o, padDemo)
		}
		if o.pair != "" {
			if o.pair != pairName {
				return wrongUse("--pair %s: this version joins %s and %s", o.pair, pairName, padName)
			}
			return c.playPair(ctx, o)
		}
		if o.source == both {
			return c.playBoth(ctx, o)
		}
		return c.playDemo(ctx, o)
	})
	cmd.Flags().StringVar(&o.folder, "data", "", "folder with accounts, products, sales_teams and sales_pipeline .csv; default the simulators' own sample")
	cmd.Flags().StringVar(&o.source, "source", o.source, "where the deals are: hubspot, salesforce, or both (deals of its own, with the move from one to the other)")
	cmd.Flags().StringVar(&o.pair, "pair", "", "two systems in agreement, in place of documents: "+pairName+" or "+padName)
	cmd.Flags().StringVar(&o.aws, "aws", "", "local: the compiled Lambda functions between servers of the AWS protocols (make demo AWS=local)")
	cmd.Flags().StringVar(&o.functions, "functions", filepath.Join(".build", "functions"), "with --aws: folder of the functions' bootstraps")
	cmd.Flags().StringVar(&o.table, "table", awstest.OnDynalite, "with --aws: the server that keeps the table, minidyn or dynalite")
	cmd.Flags().BoolVar(&o.verbose, "verbose", false, "the product's log on standard error")
	return cmd
}

// demoOptions say what is demonstrated, and where.
type demoOptions struct {
	folder, source, pair  string
	aws, functions, table string
	verbose               bool
	log                   io.Writer
}

// demoRun is one demonstration: the simulators, the product between them, and what was at Light before.
type demoRun struct {
	*cli
	client  *client
	aws     *awsDeployment // nil on the laptop's own store and queue
	vendors *vendors
	source  source          // where the deals are; HubSpot when not given
	before  map[string]bool // documents at Light before we came, by id
	since   string
	pilots  map[string][]string // by mapping: the deals that it is tried out with
}

func (c *cli) playDemo(ctx context.Context, o demoOptions) (err error) {
	folder := o.folder
	began := time.Now()
	data, err := os.MkdirTemp("", "crosswalk-demo-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(data)) }()
	v, err := startVendors(demoVendorsOf(o.source, folder))
	if err != nil {
		return err
	}
	defer v.close()
	from, err := sourceOf(o.source, v)
	if err != nil {
		return err
	}
	documents, err := from.documents()
	since := sampleSince
	if folder != "" && err == nil {
		fmt.Fprintf(c.out, "loading %s into the simulated %s, by its API and with somebody else's token\n", folder, from.vendor())
		if documents, since, err = from.load(ctx, folder); err != nil {
			err = fmt.Errorf("load %s: %w", folder, err)
		}
	}
	if err != nil {
		return err
	}
	from.resetCalls()
	v.light.ResetCalls()
	d, err := c.stage(ctx, v, data, o)
	if err != nil {
		return err
	}
	run := &demoRun{cli: c, client: d.client, aws: d.aws, vendors: v, source: from, before: documentIDs(v), since: since, pilots: from.pilots(folder != "")}
	v.subscribe(d.url + "/webhooks/hubspot")
	delivering, stop := context.WithCancel(ctx)
	delivered := make(chan struct{})
	go func() { v.run(delivering); close(delivered) }()
	defer func() {
		stop()
		<-delivered
		err = errors.Join(err, d.close())
	}()
	if err := run.bill(ctx, documents); err != nil {
		return err
	}
	return run.report(ctx, began, folder != "")
}

// stage is a deployment as a demo needs it.
type stage struct {
	client *client
	url    string
	aws    *awsDeployment
	close  func() error
}

// stage starts the product on the laptop's own store and queue, or its compiled functions on AWS's protocols.
func (c *cli) stage(ctx context.Context, v *vendors, data string, o demoOptions) (stage, error) {
	limits := o.folder == ""
	if o.aws == "" {
		d, err := deploy(ctx, v, data, "127.0.0.1:0", limits, slog.New(slog.NewTextHandler(o.log, nil)), nil)
		if err != nil {
			return stage{}, err
		}
		return stage{client: d.client, url: d.api(""), close: d.close}, nil
	}
	d, err := cloudOnThis(ctx, data, o.functions, configFor(v, "127.0.0.1:0", limits), o.table, o.log)
	if err != nil {
		return stage{}, err
	}
	d.credentials = v.credentials()
	asked, err := d.connect(ctx)
	if err != nil {
		return stage{}, errors.Join(err, d.close())
	}
	return stage{client: asked, url: d.url, aws: d, close: d.close}, nil
}

// demoVendors plays the sample of HubSpot and Light with the vendors' limits; a large data set without, since a minute's quota
// would make hours.
func demoVendors(folder string) playing { return demoVendorsOf("hubspot", folder) }

func demoVendorsOf(source, folder string) playing {
	p := playing{light: "127.0.0.1:0", zone: "Europe/Berlin", currency: "USD", seed: 1}
	if source == "salesforce" {
		p.salesforce = "127.0.0.1:0"
	} else {
		p.hubspot = "127.0.0.1:0"
	}
	if folder == "" {
		p.sample, p.limits = true, true
	}
	return p
}

// The mappings in the order of the demo: what documents need, then the documents.
var (
	partMappings     = []string{"companies-to-customers", "products-to-products"}
	documentMappings = []string{"deals-to-contracts", "deals-to-invoices"}
)

// billing is the mapping that is previewed and run: invoices and contracts share one place at a deal, so that a preview of one
// shows both.
const billing = "deals-to-invoices"

// from is where the deals are.
func (d *demoRun) from() source {
	if d.source == nil {
		d.source = hubspotSource{d.vendors}
	}
	return d.source
}

// bill goes the way a user goes: apply, check, pilot, preview, approve, live, run the plan.
func (d *demoRun) bill(ctx context.Context, documents []string) error {
	parts, makers := d.from().mappings()
	billing := makers[len(makers)-1]
	applied, err := applyAll(ctx, d.client, documents)
	if err != nil {
		return err
	}
	fmt.Fprintf(d.out, "applied %d mappings\n", len(applied.Applied))
	report, err := post[web.Report](ctx, d.client, "/check", nil)
	if err != nil {
		return err
	}
	if !report.Ready {
		return errors.Join(columns(d.out, findings(report)), errors.New("check: something stands in the way"))
	}
	if err := d.takeLive(ctx, parts); err != nil {
		return err
	}
	if err := d.tryOut(ctx, d.client, d.pilots); err != nil {
		return err
	}
	fmt.Fprintf(d.out, "tried out with a deal or a few: %s\n", strings.Join(piloted(d.pilots), " and "))
	p, err := d.approved(ctx, billing)
	if err != nil {
		return err
	}
	if err := d.approveAll(ctx, d.client, d.pilots); err != nil {
		return err
	}
	if err := d.takeLive(ctx, piloted(d.pilots)); err != nil {
		return err
	}
	if err := d.carryOut(ctx, p); err != nil {
		return err
	}
	if err := d.load(ctx, billing); err != nil {
		return err
	}
	return d.settle(ctx)
}

// load looks at everything a mapping's source holds. After the plan it writes nothing more; it keeps the reason of each
// deal that the plan left out.
func (d *demoRun) load(ctx context.Context, name string) error {
	r, err := post[web.Run](ctx, d.client, "/runs", map[string]string{"mapping": name})
	if err != nil {
		return err
	}
	if r, err = d.follow(ctx, d.client, r); err != nil {
		return err
	}
	fmt.Fprintf(d.out, "everything looked at: %s: %d records: %s\n", name, r.Done, outcome(r))
	return nil
}

func (d *demoRun) takeLive(ctx context.Context, names []string) error {
	for _, name := range names {
		if _, err := post[web.Moved](ctx, d.client, "/mappings/"+name+"/live", nil); err != nil {
			return fmt.Errorf("live %s: %w", name, err)
		}
		fmt.Fprintf(d.out, "%s is live\n", name)
	}
	return nil
}

// approved previews everything a mapping would write, and approves exactly that.
func (d *demoRun) approved(ctx context.Context, name string) (web.Plan, error) {
	p, err := d.previewAll(ctx, d.client, name)
	if err != nil {
		return p, err
	}
	d.printPlan(p)
	return post[web.Plan](ctx, d.client, "/plans/"+p.ID+"/approve", map[string]string{"digest": p.Digest})
}

func (d *demoRun) carryOut(ctx context.Context, p web.Plan) error {
	r, err := post[web.Run](ctx, d.client, "/runs", map[string]string{"plan": p.ID})
	if err != nil {
		return err
	}
	if r, err = d.follow(ctx, d.client, r); err != nil {
		return err
	}
	d.printRun(r)
	return nil
}

// settleWithin bounds the wait for what follows a document: reading back, products that sync by themselves.
const settleWithin = 20 * time.Minute

// settle waits until nothing waits, is under way, or wakes soon.
func (d *demoRun) settle(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, settleWithin, errors.New("it does not come to rest"))
	defer cancel()
	for said := time.Now(); ; {
		s, err := get[web.Status](ctx, d.client, "/status", "idle_within", "30")
		if err != nil {
			return errors.Join(err, context.Cause(ctx))
		}
		if s.Idle {
			return nil
		}
		if time.Since(said) >= sayEvery {
			said = time.Now()
			fmt.Fprintf(d.err, "waiting: live %d, bulk %d, parked %d\n", s.Lanes["live"].Waiting+s.Lanes["live"].InWork, s.Lanes["bulk"].Waiting+s.Lanes["bulk"].InWork, s.Parked)
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(lookEvery):
		}
	}
}

// again runs every mapping over everything once more and counts the writes that the systems saw.
func (d *demoRun) again(ctx context.Context) (int, error) {
	before := writes(d.vendors)
	parts, _ := d.from().mappings()
	for _, name := range append(append([]string{}, parts...), piloted(d.pilots)...) {
		if err := d.load(ctx, name); err != nil {
			return 0, err
		}
	}
	err := d.settle(ctx)
	return writes(d.vendors) - before, err
}

// report looks from outside, prints the table and the line, and fails when something is not as it must be.
func (d *demoRun) report(ctx context.Context, began time.Time, dataset bool) error {
	out, err := d.outside(ctx)
	if err != nil {
		return err
	}
	res := out.result(dataset)
	res.Calls = map[string]int{d.from().name(): d.from().calls(), "light": d.vendors.light.Calls()["total"]}
	if dataset {
		n, err := d.again(ctx)
		if err != nil {
			return err
		}
		res.SecondRunWrites = &n
	}
	if d.aws != nil {
		res.Store, res.Queue, res.Runtime = d.aws.table, "fauxqs", "bootstrap"
	}
	if err := out.print(d.out); err != nil {
		return err
	}
	res.Seconds = json.Number(fmt.Sprintf("%.1f", time.Since(began).Seconds()))
	line, err := json.Marshal(res)
	if err != nil {
		return err
	}
	fmt.Fprintln(d.out, string(line))
	return res.faults(out)
}

// faults are what must not be, whatever the data.
func (r result) faults(o outsider) error {
	var errs []error
	say := func(wrong bool, format string, args ...any) {
		if wrong {
			errs = append(errs, fmt.Errorf("demo: "+format, args...))
		}
	}
	say(r.DuplicateDocuments != 0, "%d documents are there twice", r.DuplicateDocuments)
	say(r.AmountMismatches != 0, "%d documents have another amount than their deal", r.AmountMismatches)
	say(r.Invoices+r.Contracts+r.Held != r.DealsWon, "%d invoices, %d contracts and %d held deals are not %d won deals", r.Invoices, r.Contracts, r.Held, r.DealsWon)
	say(len(o.strays) > 0, "%d documents belong to no won deal: %v", len(o.strays), o.strays)
	say(len(o.split) > 0, "companies with more than one customer: %v", o.split)
	say(len(o.unexplained) > 0, "held without a reason: %v", o.unexplained)
	say(r.SecondRunWrites != nil && *r.SecondRunWrites != 0, "running everything again wrote something")
	return errors.Join(errs...)
}
