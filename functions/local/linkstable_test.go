package main

import (
	"encoding/csv"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"crosswalk/internal/app"
	"crosswalk/internal/connector"
	"crosswalk/internal/connector/hubspot/hubspottest"
	"crosswalk/internal/connector/salespad/salespadtest"
	"crosswalk/internal/mapping"
	"crosswalk/internal/web"
)

// newPadWorld is a product between HubSpot and SalesPad with the presets applied and not live.
func newPadWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, data: t.TempDir()}
	var err error
	if w.vendors, err = startVendors(playing{hubspot: "127.0.0.1:0", salespad: "127.0.0.1:0", zone: "UTC", currency: "USD", seed: 1}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.vendors.close)
	for name, credential := range map[string]app.Credential{
		"hubspot": {Key: hubspottest.PrivateToken, WebhookSecret: []string{hubspottest.ClientSecret}}, "salespad": {Key: salespadtest.UserName + ":" + salespadtest.Password},
	} {
		if err := putCredential(t.Context(), w.data, name, credential); err != nil {
			t.Fatal(err)
		}
	}
	if err := (web.TokenFile{Path: filepath.Join(w.data, "token")}).Ensure(web.Token{Name: "editor", Token: "editor-token-0123456789"}); err != nil {
		t.Fatal(err)
	}
	cfg, err := app.ParseConfig([]byte(fmt.Sprintf(`approval: single
listen: 127.0.0.1:0
connections:
  hubspot: { system: hubspot, base: %q, account: "%d", limits: "off" }
  salespad: { system: salespad, base: %q, company: %q, test: true, currency: USD, limits: "off" }
roles: { crm: hubspot, salespad: salespad }
`, w.vendors.hubspotURL, w.vendors.hubspot.PortalID(), w.vendors.salespadURL, w.vendors.salespad.Company())))
	if err != nil {
		t.Fatal(err)
	}
	cfg.Data = w.data
	if w.product, err = startProduct(t.Context(), cfg, slog.New(slog.NewTextHandler(io.Discard, nil)), "nobody"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.product.close(); err != nil {
			t.Error(err)
		}
	})
	if err := w.vendors.hubspot.User().Define("companies", "customer_number", "string", "text"); err != nil {
		t.Fatal(err)
	}
	for _, object := range []string{"companies", "contacts", "products", "deals"} {
		if _, err := w.product.Connectors["hubspot"].(connector.Provisioner).Provision(t.Context(), object, true); err != nil {
			t.Fatal(err)
		}
	}
	var files []string
	for _, p := range mapping.PresetSet("hubspot-salespad") {
		if name := p.Name[strings.LastIndex(p.Name, "/")+1:]; slices.Contains([]string{"customers", "addresses", "prospects", "prospect-contacts"}, name) {
			files = append(files, w.file(name+".yaml", string(p.YAML)))
		}
	}
	w.must(append([]string{"apply"}, files...)...)
	return w
}

// TestLinkTable (SP-50, SP-51): SalesPad's own table of links, CSV and JSON: a dry run that stores nothing, then every row linked or refused
// with its reason, keys with and without padding; once more says that it is so; a wrong one is taken apart and matched again without SQL.
func TestLinkTable(t *testing.T) {
	w := newPadWorld(t)
	hub, pad := w.vendors.hubspot.User(), w.vendors.salespad
	make := func(object string, pairs ...string) string {
		t.Helper()
		fields := map[string]string{}
		for n := 0; n+1 < len(pairs); n += 2 {
			fields[pairs[n]] = pairs[n+1]
		}
		id, err := hub.Create(object, fields)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	portal := fmt.Sprint(w.vendors.hubspot.PortalID())
	pad.Must("Customer", salespadtest.Fields{"Customer_Num": "001624", "Customer_Name": "Alpha"})
	pad.Must("CustomerAddr", salespadtest.Fields{"Customer_Num": "001624", "Address_Code": "PRIMARY", "Contact_Person": "Front Desk", "Email": "desk@alpha.example"})
	pro := pad.Must("Prospect", salespadtest.Fields{"Prospect_Name": "Beta"})
	company, contact, maybe, other := make("companies", "name", "Alpha"), make("contacts", "email", "desk@alpha.example"), make("companies", "name", "Beta"), make("companies", "name", "Gamma")
	if err := hub.Associate("contacts", contact, "companies", company); err != nil {
		t.Fatal(err)
	}
	for _, l := range []salespadtest.Link{
		{ExternalTenant: portal, ExternalType: "contact", ExternalID: contact, EntityType: "CustomerAddr", EntityKey: "001624|PRIMARY"},
		{ExternalTenant: portal, ExternalType: "company", ExternalID: company, EntityType: "Customer", EntityKey: "001624"},
		{ExternalTenant: portal, ExternalType: "company", ExternalID: maybe, EntityType: "Prospect", EntityKey: pro.Key},
		{ExternalTenant: portal, ExternalType: "company", ExternalID: other, EntityType: "Customer", EntityKey: "NOBODY"},
		{ExternalTenant: "424242", ExternalType: "company", ExternalID: "1", EntityType: "Customer", EntityKey: "X"},
		{ExternalTenant: portal, ExternalType: "line_item", ExternalID: "1", EntityType: "SalesLineItem", EntityKey: "ORDER|1|16384|0"},
	} {
		l.LinkedBy = "Company Link"
		if _, err := pad.AddLink(l); err != nil {
			t.Fatal(err)
		}
	}
	path := w.file("links.csv", string(pad.ExportLinksCSV()))
	table := filepath.Join(w.data, "result.csv")
	for _, c := range []struct {
		file, done string
		dry        bool
	}{{path, "would_link", true}, {path, "linked", false}, {w.file("links.json", string(pad.ExportLinksJSON())), "already", false}} {
		args := []string{"link", "--file", c.file, "--csv", table, "--reason", "SalesPad's own connector"}
		if c.dry {
			args = append(args, "--dry-run")
		}
		if status, out, errs := w.x(args...); status != exitLook {
			t.Fatalf("status %d\n%s%s", status, out, errs)
		}
		text, err := os.ReadFile(table)
		if err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(strings.NewReader(string(text))).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, row := range rows[1:] {
			got = append(got, row[0]+" "+row[4])
			if row[4] == "refused" && (row[5] == "" || row[6] == "") {
				t.Errorf("refused without why and fix: %v", row)
			}
		}
		if want := []string{"2 " + c.done, "3 " + c.done, "4 " + c.done, "5 refused", "6 refused", "7 refused"}; !slices.Equal(got, want) {
			t.Fatalf("%s dry %v: %v, want %v\n%s", c.file, c.dry, got, want, text)
		}
	}
	if out := w.must("links", "--state", "linked"); !strings.Contains(out, "salespad:customer-addresses/001624%7CPRIMARY") || !strings.Contains(out, "salespad:prospects/"+pro.Key) {
		t.Errorf("%s", out)
	}
	if out := w.must("unlink", "hubspot:companies/"+company, "--reason", "a wrong one"); !strings.Contains(out, "unlinked") {
		t.Errorf("%s", out)
	}
	if out := w.must("link", "hubspot:companies/"+company, "salespad:customers/001624"); !strings.Contains(out, "linked") {
		t.Errorf("%s", out)
	}
}
