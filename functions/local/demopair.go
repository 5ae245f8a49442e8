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
	CaughtUp      int            `json:"caught_up"`      // writes of the first look at everything after people had worked: what had waited for a record that they merged has come by itself
	Echoes        int            `json:"echoes"`         // writes of looking at everything once more, after everybody rested
	Differences   int            `json:"differences"`    // differences between the sides that reconcile cannot name a cause for, or does not list
	Named         int            `json:"named"`          // those that it names, before the undo and after it
	WritesPlanned int            `json:"writes_planned"` // records that the plan said it makes or changes
	WritesMade    int            `json:"writes_made"`    // records that were made or changed, as the outsider counts them
	Undone        int            `json:"undone"`         // records that the undo of the plan's run put back or archived
	Kept          int            `json:"kept"`           // records of that run that people changed since, which stay as people want them
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
	began time.Time

	pairsSeen int // by the last comparison
	stages    int // lifecycle stages that HubSpot did not take back
}

func (c *cli) playPair(ctx context.Context, o demoOptions) (err error) {
	if o.folder != "" || o.aws != "" {
		return wrongUse("--pair has records of its own, on the laptop's store and queue: leave --data and --aws out")
	}
	p, stop, err := c.startPair(ctx, demoSize, o.log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	return p.playAll(ctx)
}

// playAll tells the whole story and ends with its line.
func (p *pairRun) playAll(ctx context.Context) error {
	if err := p.play(ctx); err != nil {
		return err
	}
	p.res.Calls = map[string]int{"hubspot": p.hubspot.Calls()["total"], "salesforce": p.salesforce.Calls()["total"]}
	p.res.Seconds = json.Number(fmt.Sprintf("%.1f", time.Since(p.began).Seconds()))
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
	if r.WritesMade != r.WritesPlanned {
		errs = append(errs, fmt.Errorf("demo: the plan said %d writes, and %d were made", r.WritesPlanned, r.WritesMade))
	}
	if r.CaughtUp != 0 {
		errs = append(errs, fmt.Errorf("demo: %d writes had waited for somebody to look at everything", r.CaughtUp))
	}
	if r.Echoes != 0 {
		errs = append(errs, fmt.Errorf("demo: %d writes came of nothing", r.Echoes))
	}
	if r.Differences != 0 {
		errs = append(errs, fmt.Errorf("demo: %d differences have no cause that reconcile knows", r.Differences))
	}
	return errors.Join(errs...)
}

// startPair fills both simulated CRMs and starts the product between them.
func (c *cli) startPair(ctx context.Context, size pairSize, log io.Writer) (*pairRun, func() error, error) {
	v, err := startVendors(playing{hubspot: "127.0.0.1:0", salesforce: "127.0.0.1:0", zone: "UTC", currency: "USD", seed: 1})
	if err != nil {
		return nil, nil, err
	}
	w := &pairWorld{vendors: v, size: size}
	d, data, end, err := demonstrate(v, w.fill, func(data string) (*deployment, error) {
		return deployPair(ctx, v, data, slog.New(slog.NewTextHandler(log, nil)))
	})
	if err != nil {
		return nil, nil, err
	}
	p := &pairRun{cli: c, pairWorld: w, data: data, url: d.api(""), api: d.client, count: countWrites(v), began: time.Now()}
	v.hubspot.ResetCalls()
	v.salesforce.ResetCalls()
	v.salesforce.ResetLog()
	return p, end, nil
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
	return operate(ctx, text, data, log, nil)
}

// command runs a command of bin/crosswalk as an operator does, shows it and what it printed, and gives that.
func (p *pairRun) command(ctx context.Context, status int, args ...string) (string, error) {
	fmt.Fprintf(p.out, "%s $ crosswalk %s\n", p.clock(), strings.ReplaceAll(strings.Join(args, " "), p.data+string(filepath.Separator), ""))
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

// clock is how long the demonstration has gone on.
func (p *pairRun) clock() string { return fmt.Sprintf("%5.1fs", time.Since(p.began).Seconds()) }

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
	if err := p.catchUp(ctx, plan.Set); err != nil {
		return err
	}
	if err := p.rest(ctx, plan.Set); err != nil {
		return err
	}
	if err := p.compare(ctx, plan.Set); err != nil {
		return err
	}
	p.res.Linked = p.pairsSeen
	if err := p.takeBack(ctx, ran, before, after); err != nil {
		return err
	}
	if err := p.rest(ctx, plan.Set); err != nil {
		return err
	}
	return p.compare(ctx, plan.Set)
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

// carriedOut runs the plan, its first phase by itself, and holds what was written against what was planned.
func (p *pairRun) carriedOut(ctx context.Context, plan web.Plan, before snapshot) (web.Run, error) {
	want, err := p.writesOf(ctx, plan)
	if err != nil {
		return web.Run{}, err
	}
	first := plan.Set[0]
	said, err := p.command(ctx, exitDone, "run", "--plan", plan.ID, "--stop-after-phase", first)
	if err != nil || !strings.Contains(said, "stopped behind "+first) {
		return web.Run{}, errors.Join(err, fmt.Errorf("demo: the plan's run did not stop behind %s", first))
	}
	if n, all := before.changed(p.look()).total(), want.total(); n == 0 || n >= all {
		return web.Run{}, fmt.Errorf("demo: %d of %d writes were made when the run stopped behind %s", n, all, first)
	}
	if _, err := p.command(ctx, exitDone, "run", "--plan", plan.ID, "--go-on"); err != nil {
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
	p.res.WritesPlanned, p.res.WritesMade = want.total(), made.total()
	p.res.Created, p.res.Updated = made.of("created"), made.of("changed")
	if err := columns(p.out, want.beside(made)); err != nil {
		return web.Run{}, err
	}
	if !want.equal(made) {
		return list.Runs[at], fmt.Errorf("demo: the writes made are not those planned:\n%s", want.differences(made))
	}
	fmt.Fprintf(p.out, "the writes made are exactly the writes planned: %d records at both sides\n", p.res.WritesMade)
	return list.Runs[at], nil
}

// goLive lets the mappings write from now on, and looks at everything once more: what follows from the plan is written, such as the stage
// of a contact whose deal is an opportunity now, and what is held has its reason.
func (p *pairRun) goLive(ctx context.Context, set []string) error {
	if _, err := p.command(ctx, exitDone, append([]string{"live"}, set...)...); err != nil {
		return err
	}
	writes, err := p.lookedAtAll(ctx, set, 0)
	if err != nil {
		return err
	}
	fmt.Fprintf(p.out, "%s everything was looked at once more: %d writes followed from what the plan made (stages of people whose deals are new at Salesforce); what waits for a person:\n", p.clock(), writes)
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

// lookedAtAll looks at everything of the mappings once more, waits a while and until nothing is left to do, and gives how many writes that made.
func (p *pairRun) lookedAtAll(ctx context.Context, set []string, wait time.Duration) (writes int, err error) {
	was := p.count.total()
	for _, name := range set {
		if _, err := p.quietlyRun(ctx, name); err != nil {
			return 0, err
		}
	}
	if err := pause(ctx, wait); err != nil {
		return 0, err
	}
	err = p.idle(ctx)
	return p.count.total() - was, err
}

// catchUp looks at everything once after people have worked.
func (p *pairRun) catchUp(ctx context.Context, set []string) (err error) {
	if err := p.idle(ctx); err != nil {
		return err
	}
	if p.res.CaughtUp, err = p.lookedAtAll(ctx, set, 0); err != nil {
		return err
	}
	fmt.Fprintf(p.out, "%s everything was looked at once more: %d writes of what had waited\n", p.clock(), p.res.CaughtUp)
	return nil
}

// rest looks at everything while nobody does anything, and counts what was written.
func (p *pairRun) rest(ctx context.Context, set []string) error {
	if err := p.idle(ctx); err != nil {
		return err
	}
	echoes, err := p.lookedAtAll(ctx, set, restFor)
	if err != nil {
		return err
	}
	p.res.Echoes += echoes
	fmt.Fprintf(p.out, "%s after rest, and everything looked at once more: %d writes %v\n", p.clock(), echoes, p.count.latelyIf(echoes))
	return nil
}

// pause waits, or ends early with the reason when the context does.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}

// restFor is several polls long.
const restFor = 4 * time.Second
