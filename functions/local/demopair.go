package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"crosswalk/internal/app"
	"crosswalk/internal/connector/salesforce/salesforcetest"
	"crosswalk/internal/web"
)

// The demonstration of two CRMs in agreement, both ways (make demo PAIR=hubspot-salesforce): two populated accounts are checked,
// previewed as one plan, which is approved by its digest and carried out; then people go on working at both sides. Whatever is
// counted is counted by an outsider who reads both CRMs (demopairlook.go); Crosswalk is used by its command line.

// pairName is the word for this demonstration at --pair.
const pairName = "hubspot-salesforce"

// pairResult is the last line.
type pairResult struct {
	Linked        int            `json:"linked"`         // pairs at the end, as both sides show them
	Created       int            `json:"created"`        // records that the plan made, at both sides
	Updated       int            `json:"updated"`        // records that it changed
	Held          int            `json:"held"`           // records that a person must decide about
	Conflicts     int            `json:"conflicts"`      // fields that both sides changed, each ended by its rule
	Echoes        int            `json:"echoes"`         // writes after everybody rested
	Differences   int            `json:"differences"`    // mapped fields of pairs that differ without a reason
	PlannedWrites int            `json:"planned_writes"` // records that the plan said it makes or changes
	MadeWrites    int            `json:"made_writes"`    // records that were made or changed, as the outsider counts them
	Undone        int            `json:"undone"`         // records that the undo of the plan's run put back or archived
	Calls         map[string]int `json:"calls"`          // by system
	Seconds       json.Number    `json:"seconds"`
}

// pairRun is one demonstration.
type pairRun struct {
	*cli
	*pairWorld
	data  string
	url   string
	api   *client
	res   pairResult
	count *counter
}

func (c *cli) playPair(ctx context.Context, o demoOptions) (err error) {
	if o.folder != "" || o.aws != "" {
		return wrongUse("--pair has records of its own, on the laptop's store and queue: leave --data and --aws out")
	}
	began := time.Now()
	p, stop, err := c.startPair(ctx, o.log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	if err := p.play(ctx); err != nil {
		return err
	}
	p.res.Calls = map[string]int{"hubspot": p.hubspot.Calls()["total"], "salesforce": p.salesforce.Calls()["total"]}
	p.res.Seconds = json.Number(fmt.Sprintf("%.1f", time.Since(began).Seconds()))
	line, err := json.Marshal(p.res)
	if err != nil {
		return err
	}
	fmt.Fprintln(p.out, string(line))
	return p.res.faults()
}

// faults are what must not be.
func (r pairResult) faults() error {
	var errs []error
	if r.MadeWrites != r.PlannedWrites {
		errs = append(errs, fmt.Errorf("demo: the plan said %d writes, and %d were made", r.PlannedWrites, r.MadeWrites))
	}
	if r.Echoes != 0 {
		errs = append(errs, fmt.Errorf("demo: %d writes came of nothing", r.Echoes))
	}
	if r.Differences != 0 {
		errs = append(errs, fmt.Errorf("demo: %d fields differ without a reason", r.Differences))
	}
	return errors.Join(errs...)
}

// startPair fills both simulated CRMs and starts the product between them.
func (c *cli) startPair(ctx context.Context, log io.Writer) (*pairRun, func() error, error) {
	v, err := startVendors(playing{hubspot: "127.0.0.1:0", salesforce: "127.0.0.1:0", zone: "UTC", currency: "USD", seed: 1})
	if err != nil {
		return nil, nil, err
	}
	w := &pairWorld{vendors: v}
	if err := w.fill(); err != nil {
		v.close()
		return nil, nil, fmt.Errorf("fill the two CRMs: %w", err)
	}
	data, err := os.MkdirTemp("", "crosswalk-demo-")
	if err != nil {
		v.close()
		return nil, nil, err
	}
	d, err := deployPair(ctx, v, data, slog.New(slog.NewTextHandler(log, nil)))
	if err != nil {
		v.close()
		return nil, nil, errors.Join(err, os.RemoveAll(data))
	}
	p := &pairRun{cli: c, pairWorld: w, data: data, url: d.api(""), api: d.client, count: countWrites(v)}
	v.hubspot.ResetCalls()
	v.salesforce.ResetCalls()
	v.salesforce.ResetLog()
	return p, func() error {
		err := d.close()
		v.close()
		return errors.Join(err, os.RemoveAll(data))
	}, nil
}

// deployPair starts a product that knows the two CRMs and nothing else, and polls them often.
func deployPair(ctx context.Context, v *vendors, data string, log *slog.Logger) (*deployment, error) {
	credentials := v.credentials()
	for _, name := range []string{"hubspot", "salesforce"} {
		if err := putCredential(ctx, data, name, credentials[name]); err != nil {
			return nil, err
		}
	}
	config := strings.Split(configFor(v, "127.0.0.1:0", false), "\n")
	config = slices.DeleteFunc(config, func(line string) bool { return strings.HasPrefix(line, "  light:") })
	text := strings.NewReplacer("poll: 10s", "poll: 1s", ", billing: light", "").Replace(strings.Join(config, "\n"))
	cfg, err := app.ParseConfig([]byte(text))
	if err != nil {
		return nil, err
	}
	cfg.Data = data
	product, err := startTelling(ctx, cfg, log, "operator", nil)
	if err != nil {
		return nil, err
	}
	tokens, err := product.tokens.Tokens()
	if err != nil {
		return nil, errors.Join(err, product.close())
	}
	return &deployment{product, newClient("http://"+product.address, tokens[0].Token)}, nil
}

// command runs a command of bin/crosswalk as an operator does, shows it and what it printed, and gives that.
func (p *pairRun) command(ctx context.Context, status int, args ...string) (string, error) {
	fmt.Fprintf(p.out, "$ crosswalk %s  (%s)\n", strings.ReplaceAll(strings.Join(args, " "), p.data+string(filepath.Separator), ""), time.Now().Format("05.0"))
	text, err := p.quietly(ctx, status, args...)
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	if len(lines) > shownLines {
		lines = append(lines[:shownLines/2:shownLines/2], append([]string{fmt.Sprintf("... %d lines", len(lines)-shownLines)}, lines[len(lines)-shownLines/2:]...)...)
	}
	for _, line := range lines {
		fmt.Fprintf(p.out, "  %s\n", line)
	}
	return text, err
}

const shownLines = 16

func (p *pairRun) quietly(ctx context.Context, status int, args ...string) (string, error) {
	var out, errs bytes.Buffer
	all := append([]string{"--api", p.url, "--token-file", filepath.Join(p.data, "token")}, args...)
	if got := run(ctx, all, strings.NewReader(""), &out, &errs); got != status {
		return out.String(), fmt.Errorf("crosswalk %s ended with %d, not %d:\n%s%s", strings.Join(args, " "), got, status, out.String(), errs.String())
	}
	return out.String(), nil
}

func pairJSON[T any](ctx context.Context, p *pairRun, status int, args ...string) (out T, err error) {
	text, err := p.quietly(ctx, status, append(args, "--json")...)
	if err == nil {
		err = json.Unmarshal([]byte(text), &out)
	}
	return out, err
}

// play is the whole story.
func (p *pairRun) play(ctx context.Context) error {
	before := p.look()
	fmt.Fprintf(p.out, "HubSpot has %s; Salesforce has %s\n", before.sizes("hubspot"), before.sizes("salesforce"))
	plan, err := p.planned(ctx, before)
	if err != nil {
		return err
	}
	ran, err := p.carriedOut(ctx, plan, before)
	if err != nil {
		return err
	}
	after := p.look()
	if err := p.goLive(ctx, plan.Set); err != nil {
		return err
	}
	if err := p.people(ctx); err != nil {
		return err
	}
	if err := p.rest(ctx, plan.Set); err != nil {
		return err
	}
	if err := p.compare(ctx); err != nil {
		return err
	}
	if err := p.takeBack(ctx, ran, before, after); err != nil {
		return err
	}
	return p.rest(ctx, plan.Set)
}

// planned applies, checks, previews and approves; none of it writes.
func (p *pairRun) planned(ctx context.Context, before snapshot) (web.Plan, error) {
	var files []string
	for n, text := range pairDocuments() {
		files = append(files, filepath.Join(p.data, fmt.Sprintf("%d.yaml", n)))
		if err := os.WriteFile(files[n], []byte(text), 0o600); err != nil {
			return web.Plan{}, err
		}
	}
	if _, err := p.command(ctx, exitDone, append([]string{"apply"}, files...)...); err != nil {
		return web.Plan{}, err
	}
	if _, err := p.command(ctx, exitDone, "check"); err != nil {
		return web.Plan{}, err
	}
	text, err := p.command(ctx, exitDone, "preview", "--set", "--save")
	if err != nil {
		return web.Plan{}, err
	}
	_, id, _ := strings.Cut(text, "saved as plan ")
	id, _, _ = strings.Cut(id, ",")
	plan, err := get[web.Plan](ctx, p.api, "/plans/"+id)
	if err != nil {
		return plan, err
	}
	if n := p.count.total(); n != 0 || before.changed(p.look()).total() != 0 {
		return plan, fmt.Errorf("demo: check and preview wrote %d times: %v", n, p.count.latelyIf(n))
	}
	fmt.Fprintf(p.out, "nothing was written so far; plan %s has the digest %s\n", plan.ID, plan.Digest)
	for _, name := range plan.Set {
		if _, err := p.command(ctx, exitDone, "save", name, "--file", filepath.Join(p.data, name+".csv")); err != nil {
			return plan, err
		}
	}
	_, err = p.command(ctx, exitDone, "approve", plan.ID, "--digest", plan.Digest)
	return plan, err
}

// carriedOut runs the plan, and holds what was written against what was planned.
func (p *pairRun) carriedOut(ctx context.Context, plan web.Plan, before snapshot) (web.Run, error) {
	want, err := p.writesOf(ctx, plan)
	if err != nil {
		return web.Run{}, err
	}
	if _, err := p.command(ctx, exitDone, "run", "--plan", plan.ID); err != nil {
		return web.Run{}, err
	}
	list, err := get[struct {
		Runs []web.Run `json:"runs"`
	}](ctx, p.api, "/runs")
	if err != nil {
		return web.Run{}, err
	}
	at := slices.IndexFunc(list.Runs, func(r web.Run) bool { return r.Kind == "plan" })
	made := before.changed(p.look())
	p.res.PlannedWrites, p.res.MadeWrites = want.total(), made.total()
	p.res.Created, p.res.Updated = made.of("created"), made.of("changed")
	if err := columns(p.out, want.beside(made)); err != nil {
		return web.Run{}, err
	}
	if !want.equal(made) {
		return list.Runs[at], fmt.Errorf("demo: the writes made are not those planned:\n%s", want.differences(made))
	}
	fmt.Fprintf(p.out, "the writes made are exactly the writes planned: %d records at both sides\n", p.res.MadeWrites)
	return list.Runs[at], nil
}

// goLive lets the mappings write from now on, and looks at everything once more: what follows from the plan is written, such as the stage
// of a contact whose deal is an opportunity now, and what is held has its reason.
func (p *pairRun) goLive(ctx context.Context, set []string) error {
	if _, err := p.command(ctx, exitDone, append([]string{"live"}, set...)...); err != nil {
		return err
	}
	was := p.count.total()
	for _, name := range set {
		if _, err := p.quietlyRun(ctx, name); err != nil {
			return err
		}
	}
	if err := p.idle(ctx); err != nil {
		return err
	}
	fmt.Fprintf(p.out, "everything was looked at once more: %d writes followed from what the plan made (stages of people whose deals are new at Salesforce); what waits for a person:\n", p.count.total()-was)
	if _, err := p.command(ctx, exitDone, "errors"); err != nil {
		if _, err = p.command(ctx, exitLook, "errors"); err != nil {
			return err
		}
	}
	failures, err := get[web.Failures](ctx, p.api, "/errors", "limit", "500")
	p.res.Held = len(failures.Errors)
	return err
}

// quietlyRun looks at everything of a mapping; held records are no failure.
func (p *pairRun) quietlyRun(ctx context.Context, name string) (web.Run, error) {
	r, err := post[web.Run](ctx, p.api, "/runs", map[string]string{"mapping": name})
	if err != nil {
		return r, err
	}
	return p.follow(ctx, p.api, r)
}

// idle waits until nothing is left to do within the next seconds.
func (p *pairRun) idle(ctx context.Context) error {
	d := &demoRun{cli: p.cli, client: p.api}
	return d.settle(ctx)
}

// rest waits while nobody does anything, looks at everything, and counts what was written.
func (p *pairRun) rest(ctx context.Context, set []string) error {
	if err := p.idle(ctx); err != nil {
		return err
	}
	was := p.count.total()
	for _, name := range set {
		if _, err := p.quietlyRun(ctx, name); err != nil {
			return err
		}
	}
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(restFor):
	}
	if err := p.idle(ctx); err != nil {
		return err
	}
	echoes := p.count.total() - was
	p.res.Echoes += echoes
	fmt.Fprintf(p.out, "after rest, and everything looked at once more: %d writes %v\n", echoes, p.count.latelyIf(echoes))
	return nil
}

// restFor is several polls long.
const restFor = 4 * time.Second

// within bounds the wait for something that people did to arrive at the other side.
const arrivesWithin = 40 * time.Second

func (p *pairRun) until(ctx context.Context, what string, yes func() bool) error {
	for end := time.Now().Add(arrivesWithin); !yes(); {
		if time.Now().After(end) {
			return fmt.Errorf("demo: %s: it does not arrive within %s", what, arrivesWithin)
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(lookEvery):
		}
	}
	fmt.Fprintf(p.out, "  %s\n", what)
	return nil
}

// people go on working at both sides.
func (p *pairRun) people(ctx context.Context) error {
	fmt.Fprintln(p.out, "people go on working:")
	hub, org := p.hubspot.User(), p.salesforce.Person()
	for _, step := range []func() error{
		func() error { return p.conflict(ctx) },
		func() error { // a lead is converted
			done, err := org.Convert(p.leads["017"], salesforcetest.Conversion{OpportunityName: "Converted order"})
			if err != nil {
				return err
			}
			return p.until(ctx, "a lead was converted: its HubSpot contact is the new contact's, with its company and its deal", func() bool {
				people := p.hubspot.Find("contacts", "email", "desk-017@"+domainOfFirm(8))
				deals := p.hubspot.Find("deals", "dealname", "Converted order")
				account, _ := p.salesforce.Get("Account", done.AccountID)
				return len(people) == 1 && len(deals) == 1 && people[0].PrimaryCompany != "" && deals[0].PrimaryCompany == people[0].PrimaryCompany &&
					len(p.hubspot.Find("companies", "name", account.Text("Name"))) == 1
			})
		},
		func() error { // a merge at HubSpot: the company that was entered twice
			id, err := hub.Merge("companies", p.companies["010"], p.companies["010b"])
			if err != nil {
				return err
			}
			if err := org.Update("Account", p.accounts["010"], map[string]any{"Description": "Merged at HubSpot"}); err != nil {
				return err
			}
			return p.until(ctx, "two companies were merged at HubSpot: the account goes on with the one that is left", func() bool {
				r, _ := p.hubspot.Record("companies", id)
				return r.Properties["description"] == "Merged at HubSpot"
			})
		},
		func() error { // a merge at Salesforce: the contact that was entered twice
			if err := org.Merge("Contact", p.contacts["020b"], nil, p.contacts["020"]); err != nil {
				return err
			}
			if err := org.Update("Contact", p.contacts["020b"], map[string]any{"Title": "Merged at Salesforce"}); err != nil {
				return err
			}
			return p.until(ctx, "two contacts were merged at Salesforce: the HubSpot contact goes on with the one that is left", func() bool {
				r, _ := p.hubspot.Record("contacts", p.persons["020"])
				return r.Properties["jobtitle"] == "Merged at Salesforce"
			})
		},
		func() error { // new on each side
			account, err := org.Create("Account", map[string]any{"Name": "New at Salesforce Ltd", "Website": "new-at-salesforce.example"})
			if err != nil {
				return err
			}
			if _, err := org.Create("Contact", map[string]any{"LastName": "Desk new", "Email": "desk@new-at-salesforce.example", "AccountId": account}); err != nil {
				return err
			}
			company, err := hub.Create("companies", map[string]string{"name": "New at HubSpot Ltd", "domain": "new-at-hubspot.example"})
			if err != nil {
				return err
			}
			person, err := hub.Create("contacts", map[string]string{"lastname": "Desk new", "email": "desk@new-at-hubspot.example", "lifecyclestage": "customer"})
			if err != nil {
				return err
			}
			if err := hub.Associate("contacts", person, "companies", company); err != nil {
				return err
			}
			return p.until(ctx, "a company and a person were new on each side: they are there on the other, joined", func() bool {
				people := p.hubspot.Find("contacts", "email", "desk@new-at-salesforce.example")
				contacts := p.salesforce.Find("Contact", "Email", "desk@new-at-hubspot.example")
				return len(people) == 1 && people[0].PrimaryCompany != "" && len(contacts) == 1 && contacts[0].Text("AccountId") != ""
			})
		},
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// contest is one field that both sides changed while the mapping rested, and what must stand at both in the end.
type contest struct {
	person       string // of contacts
	account      string
	sf, hub      string // fields
	atSf, atHub  string // what each side wrote; Salesforce first, HubSpot seconds later
	ends, reason string
}

var contests = []contest{
	{person: "000", sf: "Title", hub: "jobtitle", atSf: "Written first", atHub: "Written later", ends: "Written later", reason: "Two-way: the later edit wins"},
	{person: "010", sf: "Salutation", hub: "salutation", atSf: "Dr.", atHub: "Prof.", ends: "Dr.", reason: "Prefer Salesforce unless blank"},
	{account: "000", sf: "Name", hub: "name", atSf: "Freight 000 Group", atHub: "Freight 000 Holding", ends: "Freight 000 Group", reason: "Prefer Salesforce unless blank"},
	{account: "002", sf: "Description", hub: "description", atSf: "Written first", atHub: "Written later", ends: "Written later", reason: "Two-way: the later edit wins"},
}

// conflict has both sides edited while the mappings are paused: different fields of one record, and one field on both.
func (p *pairRun) conflict(ctx context.Context) error {
	for _, name := range []string{"accounts", "contacts"} {
		if _, err := p.quietly(ctx, exitDone, "pause", name); err != nil {
			return err
		}
	}
	hub, org := p.hubspot.User(), p.salesforce.Person()
	errs := []error{org.Update("Contact", p.contacts["001"], map[string]any{"Title": "Changed at Salesforce"}), hub.Set("contacts", p.persons["001"], map[string]string{"phone": "+4573000001"})}
	for _, c := range contests {
		if c.person != "" {
			errs = append(errs, org.Update("Contact", p.contacts[c.person], map[string]any{c.sf: c.atSf}))
		} else {
			errs = append(errs, org.Update("Account", p.accounts[c.account], map[string]any{c.sf: c.atSf}))
		}
	}
	time.Sleep(2500 * time.Millisecond) // edits within two seconds are a tie
	for _, c := range contests {
		if c.person != "" {
			errs = append(errs, hub.Set("contacts", p.persons[c.person], map[string]string{c.hub: c.atHub}))
		} else {
			errs = append(errs, hub.Set("companies", p.companies[c.account], map[string]string{c.hub: c.atHub}))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	for _, name := range []string{"accounts", "contacts"} {
		if _, err := p.quietly(ctx, exitDone, "resume", name); err != nil {
			return err
		}
	}
	if err := p.until(ctx, "different fields of one contact were changed on both sides: both survive", func() bool {
		sf, _ := p.salesforce.Get("Contact", p.contacts["001"])
		there, _ := p.hubspot.Record("contacts", p.persons["001"])
		return sf.Text("Phone") == "+4573000001" && there.Properties["jobtitle"] == "Changed at Salesforce"
	}); err != nil {
		why, _ := p.quietly(ctx, exitDone, "why", "salesforce:Contact/"+p.contacts["001"]) // explains err, where there is anything
		sf, _ := p.salesforce.Get("Contact", p.contacts["001"])
		there, _ := p.hubspot.Record("contacts", p.persons["001"])
		return fmt.Errorf("%w: phone %q at Salesforce, job title %q at HubSpot\n%s", err, sf.Text("Phone"), there.Properties["jobtitle"], why)
	}
	for _, c := range contests {
		sfObject, hubObject, sfID, hubID := "Contact", "contacts", p.contacts[c.person], p.persons[c.person]
		if c.account != "" {
			sfObject, hubObject, sfID, hubID = "Account", "companies", p.accounts[c.account], p.companies[c.account]
		}
		if err := p.until(ctx, fmt.Sprintf("%s was changed on both sides and ends as its rule says (%s): %s", c.hub, c.reason, c.ends), func() bool {
			sf, _ := p.salesforce.Get(sfObject, sfID)
			there, _ := p.hubspot.Record(hubObject, hubID)
			return sf.Text(c.sf) == c.ends && there.Properties[c.hub] == c.ends
		}); err != nil {
			return err
		}
		p.res.Conflicts++
	}
	return nil
}
