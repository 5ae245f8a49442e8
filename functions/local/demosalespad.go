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

	"crosswalk/internal/connector/hubspot/hubspottest"
	"crosswalk/internal/connector/salespad/salespadtest"
	"crosswalk/internal/web"
)

// The demonstration of HubSpot and SalesPad (make demo PAIR=hubspot-salespad): the components of SalesPad's own integration, one after the other, between a
// portal and a GP company that are simulated. Crosswalk is used by its command line; what is counted is counted by an outsider, who reads both systems and
// the answer key of whoever filled them (demosalespadworld.go) and asks Crosswalk only what it has joined. Start with playPad.

// padName is the word for this demonstration at --pair.
const padName = "hubspot-salespad"

// padResult is the last line.
type padResult struct {
	Linked         int            `json:"linked"`                  // companies, to the customer or prospect that they are
	ThroughContact int            `json:"linked_through_contacts"` // of these such as only their contact tells
	Review         int            `json:"review"`                  // companies that wait for a person
	Wrong          int            `json:"wrong"`                   // companies or contacts that are linked otherwise than the answer key says
	Imported       int            `json:"imported"`                // customers, prospects and their contacts, made at SalesPad
	Exported       int            `json:"exported"`                // companies and contacts, made at HubSpot
	Updated        int            `json:"updated"`                 // companies and contacts that took a change of SalesPad's
	Unchanged      int            `json:"unchanged_writes"`        // writes at either side when nothing that is mapped had changed
	Products       int            `json:"products"`                // at HubSpot, with an item's number and values
	Deals          *int           `json:"deals,omitempty"`         // of documents
	Forwarded      *int           `json:"forwarded,omitempty"`     // documents that went to the next queue, by our hand
	Audits         *int           `json:"audits,omitempty"`        // on documents with items that HubSpot lacks
	Doubled        *int           `json:"deals_doubled,omitempty"` // more deals than one of a document
	Calls          map[string]int `json:"calls"`                   // by vendor
	Seconds        json.Number    `json:"seconds"`
}

// padRun is one demonstration.
type padRun struct {
	*cli
	*padWorld
	data, url string
	api       *client
	began     time.Time
	res       padResult
}

func (c *cli) playPad(ctx context.Context, o demoOptions, size padSize) (err error) {
	if o.folder != "" || o.aws != "" {
		return wrongUse("--pair has records of its own, on the laptop's store and queue: leave --data and --aws out")
	}
	p, stop, err := c.startPad(ctx, o.log, size)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	for _, phase := range []func(context.Context) error{p.connected, p.companyLink, p.wholeSet, p.imports, p.customerExport, p.updates, p.conversions, p.productExport, p.dealExport, p.rests} {
		if err := phase(ctx); err != nil {
			return err
		}
	}
	p.res.Calls = map[string]int{"hubspot": p.hubspot.Calls()["total"], "salespad": p.salespad.Calls()["total"]}
	p.res.Seconds = json.Number(fmt.Sprintf("%.1f", time.Since(p.began).Seconds()))
	line, err := json.Marshal(p.res)
	if err == nil {
		_, err = fmt.Fprintln(p.out, string(line))
	}
	return err
}

// startPad fills both systems and starts the product between them, which knows neither's credential yet.
func (c *cli) startPad(ctx context.Context, log io.Writer, size padSize) (*padRun, func() error, error) {
	began := time.Now()
	v, err := startVendors(playing{hubspot: "127.0.0.1:0", salespad: "127.0.0.1:0", zone: "UTC", currency: "USD", seed: 1})
	if err != nil {
		return nil, nil, err
	}
	w := &padWorld{vendors: v, size: size}
	d, data, end, err := demonstrate(v, w.fill, func(data string) (*deployment, error) {
		return operate(ctx, padConfig(v), data, slog.New(slog.NewTextHandler(log, nil)), nil)
	})
	if err != nil {
		return nil, nil, err
	}
	p := &padRun{cli: c, padWorld: w, data: data, url: d.api(""), api: d.client, began: began}
	v.hubspot.ResetCalls()
	v.salespad.ResetCalls()
	v.salespad.ClearLog()
	return p, end, nil
}

// padConfig is the configuration as an operator writes it: both systems are asked every second and show a change at once, so that a minute's poll is seen in
// a second; documents wait in two queues.
func padConfig(v *vendors) string {
	return fmt.Sprintf(`approval: single
listen: 127.0.0.1:0
poll: 1s
connections:
  hubspot: { system: hubspot, base: %q, account: "%d", limits: "off", lag: 2s }
  salespad: { system: salespad, base: %q, company: %q, test: true, currency: USD, currencies: { "Z-US$": USD }, limits: "off", lag: 2s, queues: [%s] }
roles: { crm: hubspot, salespad: salespad }
`, v.hubspotURL, v.hubspot.PortalID(), v.salespadURL, v.salespad.Company(), padQueues)
}

// crosswalk runs a command of bin/crosswalk as an operator does. A command that ends asking for a person's look has done its work too.
func (p *padRun) crosswalk(ctx context.Context, args ...string) (string, error) {
	var out, errs bytes.Buffer
	all := append([]string{"--api", p.url, "--token-file", filepath.Join(p.data, "token")}, args...)
	if got := run(ctx, all, strings.NewReader(""), &out, &errs); got != exitDone && (got != exitLook || out.Len() == 0) {
		return out.String(), fmt.Errorf("crosswalk %s ended with %d:\n%s%s", strings.Join(args, " "), got, out.String(), errs.String())
	}
	return out.String(), nil
}

func padJSON[T any](ctx context.Context, p *padRun, args ...string) (out T, err error) {
	text, err := p.crosswalk(ctx, append(args, "--json")...)
	if err == nil {
		if err = json.Unmarshal([]byte(text), &out); err != nil {
			err = fmt.Errorf("crosswalk %s answered %q: %w", strings.Join(args, " "), text, err)
		}
	}
	return out, err
}

// say prints a phase's line, and how long after the start it ended.
func (p *padRun) say(phase, format string, args ...any) {
	fmt.Fprintf(p.out, "%5.1fs  %s: %s\n", time.Since(p.began).Seconds(), phase, fmt.Sprintf(format, args...))
}

// unlike ends the demonstration: a phase came to something else than it must.
func unlike(phase string, odd []string) error {
	slices.Sort(odd)
	more := ""
	if n := len(odd) - 10; n > 0 {
		odd, more = odd[:10], fmt.Sprintf("\n  and %d more", n)
	}
	return fmt.Errorf("demo: %s:\n  %s%s", phase, strings.Join(odd, "\n  "), more)
}

// connected hands over both credentials, each in a file: a private app's token, a SalesPad user and password.
func (p *padRun) connected(ctx context.Context) error {
	for name, key := range map[string]string{"hubspot": hubspottest.PrivateToken, "salespad": salespadtest.UserName + ":" + salespadtest.Password} {
		file := filepath.Join(p.data, name+".login")
		if err := os.WriteFile(file, []byte(key+"\n"), 0o600); err != nil {
			return err
		}
		if _, err := p.crosswalk(ctx, "connect", name, "--key-file", file); err != nil {
			return err
		}
	}
	p.say("connected", "HubSpot portal %d with %d companies and %d contacts, GP company %s with %d customers, %d prospects and %d addresses; sessions at SalesPad %d",
		p.hubspot.PortalID(), len(p.hubspot.Records("companies")), len(p.hubspot.Records("contacts")), p.salespad.Company(), p.salespad.Count("Customer"), p.salespad.Count("Prospect"), p.salespad.Count("CustomerAddr"), p.salespad.Sessions())
	return nil
}

// presets copies documents of a set to files, changes them as an operator does, and applies them.
func (p *padRun) applied(ctx context.Context, set string, names []string, changes ...string) error {
	var files []string
	for _, name := range names {
		file := filepath.Join(p.data, name+".yaml")
		if _, err := p.crosswalk(ctx, "presets", "copy", set+"/"+name, file, "--force"); err != nil {
			return err
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		changed := strings.NewReplacer(changes...).Replace(string(text))
		if err := os.WriteFile(file, []byte(changed), 0o600); err != nil {
			return err
		}
		files = append(files, file)
	}
	if _, err := p.crosswalk(ctx, append([]string{"apply"}, files...)...); err != nil {
		return err
	}
	_, err := p.crosswalk(ctx, "check")
	return err
}

// planned previews mappings, or all of them, as one plan and has it approved; neither writes.
func (p *padRun) planned(ctx context.Context, names ...string) (web.Plan, error) {
	before, marks := p.padWrites(), p.stamps()
	plan, err := padJSON[web.Plan](ctx, p, append([]string{"preview", "--set", "--save"}, names...)...)
	if err != nil {
		return plan, err
	}
	if n := p.padWrites() - before; n > 0 || len(p.moved(marks)) > 0 {
		return plan, unlike("a preview wrote", p.moved(marks))
	}
	_, err = p.crosswalk(ctx, "approve", plan.ID, "--digest", plan.Digest)
	return plan, err
}

// carried carries out an approved plan, after the pairs were saved to files, and lets the mappings go on. Over a version that runs already the new one goes
// live first.
func (p *padRun) carried(ctx context.Context, plan web.Plan, running bool) (ran web.Run, err error) {
	if err := p.saved(ctx, plan); err != nil {
		return ran, err
	}
	live := append([]string{"live"}, plan.Set...)
	if running {
		if _, err := p.crosswalk(ctx, live...); err != nil {
			return ran, err
		}
	}
	if ran, err = padJSON[web.Run](ctx, p, "run", "--plan", plan.ID); err == nil && !running {
		_, err = p.crosswalk(ctx, live...)
	}
	return ran, err
}

// saved keeps the pairs that a plan's mappings may write over in files.
func (p *padRun) saved(ctx context.Context, plan web.Plan, lines ...string) error {
	for _, name := range append(lines, plan.Set...) {
		if _, err := p.crosswalk(ctx, "save", name, "--file", filepath.Join(p.data, plan.ID+"-"+name+".csv")); err != nil {
			return err
		}
	}
	return nil
}

// again is Run Now: everything that mappings hold is looked at once more.
func (p *padRun) again(ctx context.Context, names ...string) error {
	for _, name := range names {
		if _, err := p.crosswalk(ctx, "run", name); err != nil {
			return err
		}
	}
	return p.idle(ctx)
}

// soonEnough is how soon something must wake to be waited for: what is looked at again after a write, but not what waits for a person.
const soonEnough = "30"

// idle waits until nothing waits or is under way, and nothing wakes soon.
func (p *padRun) idle(ctx context.Context) error {
	for end := time.Now().Add(settleWithin); ; {
		s, err := get[web.Status](ctx, p.api, "/status", "idle_within", soonEnough)
		if err != nil || s.Idle {
			return err
		}
		if time.Now().After(end) {
			return errors.New("demo: it does not come to rest")
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(lookEvery):
		}
	}
}

// until waits for something that people did to arrive at the other side, and then for rest.
func (p *padRun) until(ctx context.Context, phase string, lacks func() []string) error {
	for end := time.Now().Add(arrivesWithin); ; {
		odd := lacks()
		if len(odd) == 0 {
			return p.idle(ctx)
		}
		if time.Now().After(end) {
			why, err := p.crosswalk(ctx, "errors")
			return errors.Join(unlike(phase+" does not arrive within "+arrivesWithin.String(), odd), err, errors.New(why))
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(lookEvery):
		}
	}
}
