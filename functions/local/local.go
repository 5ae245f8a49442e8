package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"crosswalk/internal/app"
	"crosswalk/internal/connector/hubspot/hubspottest"
	"crosswalk/internal/connector/light/lighttest"
	"crosswalk/internal/connector/salespad/salespadtest"
	"crosswalk/internal/mapping"
	"crosswalk/internal/web"
)

// madeByLocal marks a data folder that `local` made and may empty: the simulators begin anew each time, and links to what
// they held before would lead nowhere.
const madeByLocal = ".made-by-crosswalk-local"

func (c *cli) local() *cobra.Command {
	p, data, listen := playing{sample: true}, "", ""
	cmd := c.command("local", "everything on this machine: simulators, product and sample data (make run)", cobra.NoArgs, func(ctx context.Context, _ []string) error {
		if err := freshFolder(data); err != nil {
			return err
		}
		v, err := startVendors(p)
		if err != nil {
			return err
		}
		defer v.close()
		log, err := os.OpenFile(filepath.Join(data, "crosswalk.log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
		if err != nil {
			return err
		}
		defer log.Close()
		d, err := deploy(ctx, v, data, listen, p.limits, slog.New(slog.NewTextHandler(log, nil)), c.err)
		if err != nil {
			return err
		}
		if err := d.goLive(ctx, c, presetTexts(), samplePilots(v)); err != nil {
			return errors.Join(err, d.close())
		}
		v.subscribe(d.api("/webhooks/hubspot"))
		go v.run(ctx)
		c.printNext(v, d, data)
		return d.wait()
	})
	c.playFlags(cmd, &p)
	cmd.Flags().StringVar(&data, "data", "data", "folder of the product; emptied at each start if this command made it")
	cmd.Flags().StringVar(&listen, "listen", "127.0.0.1:8710", "address of the product")
	return cmd
}

// freshFolder empties a folder that this command made before, and refuses any other that holds something.
func freshFolder(data string) error {
	marker := filepath.Join(data, madeByLocal)
	entries, err := os.ReadDir(data)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	case len(entries) > 0:
		if _, err := os.Stat(marker); err != nil {
			return wrongUse("the folder %s holds something that this command did not make; name another with --data", data)
		}
		if err := os.RemoveAll(data); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(data, 0o700); err != nil {
		return err
	}
	return os.WriteFile(marker, []byte("made by crosswalk local, which empties this folder when it starts\n"), 0o600)
}

// deployment is a product between the simulated vendors, and a client of its operator API.
type deployment struct {
	*product
	client *client
}

// deploy writes the credentials of the simulators and starts a product on them: a team of one, which says so in every
// approval.
func deploy(ctx context.Context, v *vendors, data, listen string, limits bool, log *slog.Logger, terminal io.Writer) (*deployment, error) {
	for name, credential := range v.credentials() {
		if err := putCredential(ctx, data, name, credential); err != nil {
			return nil, err
		}
	}
	return operate(ctx, configFor(v, listen, limits), data, log, terminal)
}

// operate starts a product on a configuration, as an operator writes it, in a folder.
func operate(ctx context.Context, config, data string, log *slog.Logger, terminal io.Writer) (*deployment, error) {
	cfg, err := app.ParseConfig([]byte(config))
	if err != nil {
		return nil, err
	}
	cfg.Data = data
	p, err := startTelling(ctx, cfg, log, "operator", terminal)
	if err != nil {
		return nil, err
	}
	tokens, err := p.tokens.Tokens()
	if err != nil {
		return nil, errors.Join(err, p.close())
	}
	return &deployment{p, newClient("http://"+p.address, tokens[0].Token)}, nil
}

// demonstrate fills simulated vendors and starts a product between them, in a folder of its own. What it gives ends the product, the vendors
// and the folder.
func demonstrate(v *vendors, fill func() error, start func(data string) (*deployment, error)) (d *deployment, data string, end func() error, err error) {
	undo := func() error { v.close(); return nil }
	defer func() {
		if err != nil {
			err = errors.Join(err, undo())
		}
	}()
	if err := fill(); err != nil {
		return nil, "", nil, fmt.Errorf("fill the simulated vendors: %w", err)
	}
	if data, err = os.MkdirTemp("", "crosswalk-demo-"); err != nil {
		return nil, "", nil, err
	}
	undo = func() error { v.close(); return os.RemoveAll(data) }
	if d, err = start(data); err != nil {
		return nil, "", nil, err
	}
	return d, data, func() error { return errors.Join(d.close(), undo()) }, nil
}

// simulatedCredentials open the simulated HubSpot and Light.
func simulatedCredentials() map[string]app.Credential {
	return map[string]app.Credential{
		"hubspot": {Key: hubspottest.PrivateToken, WebhookSecret: []string{hubspottest.ClientSecret}},
		"light":   {Key: lighttest.APIKey},
	}
}

// credentials open those of the simulated accounts that there are.
func (v *vendors) credentials() map[string]app.Credential {
	out := simulatedCredentials()
	if v.hubspot == nil {
		delete(out, "hubspot")
	}
	if v.salesforce != nil {
		out["salesforce"] = app.Credential{Key: salesforceToken}
	}
	if v.salespad != nil {
		out["salespad"] = app.Credential{Key: salespadtest.UserName + ":" + salespadtest.Password}
	}
	return out
}

// api is an address at the product.
func (d *deployment) api(path string) string { return "http://" + d.address + path }

func configFor(v *vendors, listen string, limits bool) string {
	spend := "on"
	if !limits {
		spend = "off"
	}
	connections, roles := "", ""
	if v.hubspot != nil {
		connections += fmt.Sprintf("  hubspot: { system: hubspot, base: %q, app_id: \"%d\", account: \"%d\", limits: %s }\n", v.hubspotURL, hubspottest.AppID, v.hubspot.PortalID(), spend)
		roles += "crm: hubspot, "
	}
	if v.salesforce != nil {
		connections += fmt.Sprintf("  salesforce: { system: salesforce, base: %q, account: %q, currency: %s, limits: %s }\n", v.salesforceURL, v.salesforce.OrgID(), v.currency, spend)
		roles += "salesforce: salesforce, "
	}
	if v.salespad != nil {
		connections += fmt.Sprintf("  salespad: { system: salespad, base: %q, company: %q, test: true, currency: %s, currencies: { \"Z-US$\": USD }, limits: %s }\n", v.salespadURL, v.salespad.Company(), v.currency, spend)
		roles += "salespad: salespad, "
	}
	return fmt.Sprintf(`approval: single
listen: %s
poll: 10s
connections:
%s  light: { system: light, base: %q, limits: %s }
roles: { %sbilling: light }
`, listen, connections, v.lightURL, spend, roles)
}

func presetTexts() []string {
	var out []string
	for _, p := range mapping.PresetSet("hubspot-light") {
		out = append(out, string(p.YAML))
	}
	return out
}

// goLive applies documents and takes them live: after the preflight found nothing in the way, a pilot, a preview and an
// approval.
func (d *deployment) goLive(ctx context.Context, c *cli, documents []string, pilots map[string][]string) error {
	if _, err := applyAll(ctx, d.client, documents); err != nil {
		return err
	}
	report, err := post[web.Report](ctx, d.client, "/check", nil)
	if err != nil {
		return err
	}
	for _, f := range report.Findings {
		if f.Severity == web.Stops {
			return fmt.Errorf("check: %s: %s: %s", f.Where, f.Finding, f.Fix)
		}
	}
	if err := d.live(ctx, partMappings); err != nil {
		return err
	}
	if err := c.tryOut(ctx, d.client, pilots); err != nil {
		return err
	}
	if _, err := c.previewAll(ctx, d.client, billing); err != nil {
		return err
	}
	if err := c.approveAll(ctx, d.client, pilots); err != nil {
		return err
	}
	return d.live(ctx, piloted(pilots))
}

// live takes mappings live, one after the other.
func (d *deployment) live(ctx context.Context, names []string) error {
	for _, name := range names {
		if _, err := post[web.Moved](ctx, d.client, "/mappings/"+name+"/live", nil); err != nil {
			return fmt.Errorf("live %s: %w", name, err)
		}
	}
	return nil
}

// printNext ends the start with commands that work when they are pasted.
func (c *cli) printNext(v *vendors, d *deployment, data string) {
	c.printVendors(v)
	deal := v.hubspot.SampleID("deals/open")
	me := "bin/crosswalk"
	if d.address != "127.0.0.1:8710" {
		me += " --api http://" + d.address
	}
	if data != "data" {
		me += " --token-file " + filepath.Join(data, "token")
	}
	fmt.Fprintf(c.out, `
crosswalk answers at http://%[1]s; its log is %[2]s/crosswalk.log; everything is gone when it stops.
The four presets are live. Deals that were won before wait until you ask for them. In another terminal, in this folder:

  # 1. list the open deals at HubSpot
  curl -s -X POST -H 'Authorization: Bearer %[3]s' -H 'Content-Type: application/json' -d '{"filterGroups":[{"filters":[{"propertyName":"hs_is_closed","operator":"EQ","value":"false"}]}],"properties":["dealname","dealstage","amount"]}' '%[4]s/crm/v3/objects/deals/search'

  # 2. win deal %[6]s
  curl -s -X PATCH -H 'Authorization: Bearer %[3]s' -H 'Content-Type: application/json' -d '{"properties":{"dealstage":"closedwon"}}' '%[4]s/crm/v3/objects/deals/%[6]s'

  # 3. a few seconds later its draft invoice is at Light: see it
  curl -s -H 'Authorization: Basic %[7]s' '%[8]s/v1/invoice-receivables?limit=1&sort=createdAt:desc'

  # 4. preview all the other won deals: what would be made of each, by which rules, with no write made
  %[5]s preview deals-to-invoices --all

  # 5. why is that invoice there, field by field
  %[5]s why hubspot:deals/%[6]s

  # 6. stop
  kill -INT %[9]d
`, d.address, data, hubspottest.UserToken, v.hubspotURL, me, deal, lighttest.APIKey, v.lightURL, os.Getpid())
}
