package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"crosswalk/internal/connector/hubspot/hubspottest"
	"crosswalk/internal/connector/light/lighttest"
	"crosswalk/internal/web"
)

// chapter is one part of the story.
type chapter struct {
	title string
	play  func(ctx context.Context) error
}

func (j *journey) chapters() []chapter {
	return []chapter{
		{"An empty folder, two accounts, three people", j.connects},
		{"From presets to drafts", j.drafts},
		{"Customers and products", j.parts},
		{"Preview, pilot, four eyes", j.fourEyes},
		{"What was won before, as one approved list", j.oldDeals},
		{"A deal is won", j.aDealIsWon},
		{"A key breaks and is repaired", j.aKeyBreaks},
		{"Billed by hand", j.billedByHand},
		{"Month end", j.monthEnd},
	}
}

// deal is the address of a deal of the sample.
func (j *journey) deal(key string) string {
	return "hubspot:deals/" + j.vendors.hubspot.SampleID("deals/"+key)
}

// connects is the engineer's part: configuration, credentials, tokens, and the product runs.
func (j *journey) connects(ctx context.Context) error {
	address, err := freeAddress()
	if err != nil {
		return err
	}
	j.api = "http://" + address
	config := strings.Replace(configFor(j.vendors, address, true), "approval: single\n", "approval: two\n", 1) + `tell: [ ops@crosswalk.example ]
mappings:
  deals-to-invoices: { tell: [ finance@crosswalk.example ] }
`
	j.does(engineer, "writes crosswalk.yaml, approval: two")
	if err := errors.Join(j.write("crosswalk.yaml", config), j.write("webhook-secret", hubspottest.ClientSecret+"\n")); err != nil {
		return err
	}
	if err := j.start(ctx); err != nil {
		return err
	}
	if err := j.people(ctx); err != nil {
		return err
	}
	out, err := j.as(ctx, engineer, exitLook, "connections")
	if err := said(out, err, "not connected", "crosswalk connect hubspot", "crosswalk connect light"); err != nil {
		return err
	}
	if err := j.connect(ctx, "hubspot", hubspottest.PrivateToken, "--webhook-secret-file", j.path("webhook-secret")); err != nil {
		return err
	}
	if err := j.connect(ctx, "light", lighttest.APIKey); err != nil {
		return err
	}
	j.vendors.subscribe(j.api + "/webhooks/hubspot")
	j.does(engineer, "subscribes HubSpot's webhooks")
	out, err = j.as(ctx, engineer, exitDone, "connections")
	if err := said(out, err, "62515", "ok"); err != nil {
		return err
	}
	out, err = j.as(ctx, engineer, exitDone, "notify", "--test")
	return said(out, err, "ops@crosswalk.example", "finance@crosswalk.example")
}

// connect hands a key over; it is read from standard input.
func (j *journey) connect(ctx context.Context, name, key string, more ...string) error {
	j.does(engineer, "runs: crosswalk connect "+name+" --key < KEY")
	out, err := j.quietly(ctx, engineer, key+"\n", exitDone, append([]string{"connect", name, "--key"}, more...)...)
	return said(out, err, name+" is connected")
}

// people gives each their token: a line in the product's file, and the same line in a file of their own.
func (j *journey) people(ctx context.Context) error {
	file := web.TokenFile{Path: j.path("data/token")}
	for _, name := range []string{engineer, editor, finance} {
		if _, err := j.as(ctx, engineer, exitDone, "token", "add", name, "--token-file", file.Path); err != nil {
			return err
		}
	}
	tokens, err := file.Tokens()
	if err != nil {
		return err
	}
	for _, t := range tokens {
		if err := j.write(t.Name+".token", t.Name+" "+t.Token+"\n"); err != nil {
			return err
		}
	}
	return nil
}

// The documents by the file that the editor keeps them in.
var journeyFiles = [][2]string{
	{"companies-to-customers", "customers.yaml"}, {"products-to-products", "products.yaml"},
	{"deals-to-contracts", "contracts.yaml"}, {"deals-to-invoices", "invoices.yaml"},
}

// drafts is the editor's part: presets, changed where they must be, applied and checked.
func (j *journey) drafts(ctx context.Context) error {
	out, err := j.as(ctx, editor, exitDone, "presets")
	if err := said(out, err, "deals-to-invoices"); err != nil {
		return err
	}
	out, err = j.as(ctx, editor, exitDone, "fields", "crm", "deals")
	if err := said(out, err, "dealstage", "FILLED is of a sample of"); err != nil {
		return err
	}
	apply := []string{"apply"}
	for _, f := range journeyFiles {
		if _, err := j.as(ctx, editor, exitDone, "presets", "copy", f[0], j.path(f[1])); err != nil {
			return err
		}
		apply = append(apply, j.path(f[1]))
	}
	if err := j.edit("invoices.yaml", "static: 30", "static: thirty"); err != nil {
		return err
	}
	if _, err := j.as(ctx, editor, exitFailed, apply...); err != nil { // every complaint names line and field
		return err
	}
	if err := j.edit("invoices.yaml", "static: thirty", "static: 14"); err != nil {
		return err
	}
	out, err = j.as(ctx, editor, exitDone, apply...)
	if err := said(out, err, "deals-to-invoices: version 1 stored, draft"); err != nil {
		return err
	}
	out, err = j.as(ctx, editor, exitDone, "check", "--csv", j.path("check.csv"))
	return said(out, err, "rows are in")
}

// edit is what an editor does to a file.
func (j *journey) edit(name, from, to string) error {
	text, err := os.ReadFile(j.path(name))
	if err != nil {
		return err
	}
	if !strings.Contains(string(text), from) {
		return fmt.Errorf("%s has no %q to change", name, from)
	}
	j.does(editor, fmt.Sprintf("writes %q in %s", to, name))
	return j.write(name, strings.Replace(string(text), from, to, 1))
}

// parts takes live what documents need. It makes no document, so that an approval is enough.
func (j *journey) parts(ctx context.Context) error {
	for _, name := range partMappings {
		if err := j.signed(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

// signed takes a mapping live: its editor asks, is refused to approve it, finance approves.
func (j *journey) signed(ctx context.Context, name string) error {
	if _, err := j.as(ctx, editor, exitDone, "submit", name); err != nil {
		return err
	}
	if err := j.refusedSelf(ctx, editor, "approve", name); err != nil {
		return err
	}
	if _, err := j.as(ctx, editor, exitLook, "live", name); err != nil { // nobody approved it yet
		return err
	}
	out, err := j.as(ctx, finance, exitDone, "approve", name)
	if err := said(out, err, "approved by finance"); err != nil {
		return err
	}
	out, err = j.as(ctx, editor, exitDone, "live", name)
	return said(out, err, name+" is live with version 1")
}

// fourEyes takes the documents' mappings live: preview, pilot, approval.
func (j *journey) fourEyes(ctx context.Context) error {
	out, err := j.as(ctx, editor, exitDone, "preview", billing)
	if err := said(out, err, "records of "+billing); err != nil {
		return err
	}
	for _, p := range [][2]string{{"deals-to-contracts", j.deal("recurring")}, {billing, j.deal("usd")}} {
		if _, err := j.as(ctx, editor, exitDone, "pilot", p[0], p[1]); err != nil {
			return err
		}
		if err := j.billed(ctx, finance, p[1]); err != nil {
			return err
		}
	}
	for _, name := range documentMappings {
		out, err := j.as(ctx, finance, exitDone, "standing", name)
		if err := said(out, err, "preview", "pilot", "approval"); err != nil {
			return err
		}
		if err := j.signed(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

// oldDeals bills what was won before, exactly as it was approved.
func (j *journey) oldDeals(ctx context.Context) error {
	p, err := asJSON[web.Plan](ctx, j, editor, exitDone, "preview", billing, "--save")
	if err != nil {
		return err
	}
	if _, err := j.as(ctx, editor, exitLook, "run", "--plan", p.ID); err != nil { // nobody approved it yet
		return err
	}
	if err := j.refusedSelf(ctx, editor, "approve", p.ID); err != nil {
		return err
	}
	if _, err := j.as(ctx, editor, exitDone, "submit", p.ID); err != nil {
		return err
	}
	if _, err := j.as(ctx, finance, exitDone, "approve", p.ID, "--digest", p.Digest); err != nil {
		return err
	}
	out, err := j.as(ctx, editor, exitDone, "run", "--plan", p.ID)
	if err := said(out, err, "0 refused since they changed"); err != nil {
		return err
	}
	if _, err := j.as(ctx, editor, exitLook, "run", "--plan", p.ID); err != nil { // never twice
		return err
	}
	// Everything is looked at once more, so that each deal the plan left out has its reason.
	if _, err := j.as(ctx, editor, exitLook, "run", billing); err != nil {
		return err
	}
	out, err = j.as(ctx, editor, exitDone, "errors")
	return said(out, err, "no_company", j.deal("no-company"))
}

func (j *journey) aDealIsWon(ctx context.Context) error {
	j.does("a salesperson", "wins "+j.deal("open")+" at HubSpot")
	if err := j.vendors.hubspot.User().Win(j.vendors.hubspot.SampleID("deals/open")); err != nil {
		return err
	}
	if err := j.billed(ctx, finance, j.deal("open")); err != nil {
		return err
	}
	out, err := j.as(ctx, finance, exitDone, "why", j.deal("open"), "netTerms")
	return said(out, err, "14", "static value")
}

// aKeyBreaks: while a key is dead nothing is lost; people are told at once, and again when it is over.
func (j *journey) aKeyBreaks(ctx context.Context) error {
	j.does("Light's administrator", "deletes Crosswalk's key")
	j.vendors.light.RevokeKey()
	j.does("a salesperson", "wins "+j.deal("open-recurring")+" at HubSpot")
	if err := j.vendors.hubspot.User().Win(j.vendors.hubspot.SampleID("deals/open-recurring")); err != nil {
		return err
	}
	if err := j.told(ctx, "connection", false); err != nil {
		return err
	}
	out, err := j.as(ctx, engineer, exitLook, "connections")
	if err := said(out, err, "failing", "crosswalk connect light"); err != nil {
		return err
	}
	j.does("Light's administrator", "makes a new key")
	j.vendors.light.RestoreKey()
	if err := j.connect(ctx, "light", lighttest.APIKey); err != nil { // the running product takes it up
		return err
	}
	if _, err := j.as(ctx, engineer, exitDone, "connections"); err != nil {
		return err
	}
	if err := j.billed(ctx, finance, j.deal("open-recurring")); err != nil {
		return err
	}
	return j.told(ctx, "connection", true)
}

// billedByHand: finance has made an invoice for a deal that is held; it is linked and never billed again.
func (j *journey) billedByHand(ctx context.Context) error {
	deal := j.deal("no-company")
	out, err := j.as(ctx, finance, exitDone, "why", deal)
	if err := said(out, err, "held", "no_company"); err != nil {
		return err
	}
	invoice, err := j.invoiceByHand(ctx)
	if err != nil {
		return err
	}
	j.does(finance, "makes invoice "+invoice+" at Light by hand")
	document := "light:invoice-receivables/" + invoice
	if _, err := j.as(ctx, finance, exitDone, "link", deal, document, "--reason", "billed by hand to a cash customer"); err != nil {
		return err
	}
	if _, err := j.as(ctx, editor, exitDone, "run", billing, deal); err != nil { // never a second one
		return err
	}
	out, err = j.as(ctx, finance, exitDone, "why", deal)
	return said(out, err, "linked -> "+document)
}

// invoiceByHand is what a person makes at Light's screens for the walk-in order: a customer and two hours of consulting.
func (j *journey) invoiceByHand(ctx context.Context) (string, error) {
	customer := j.vendors.light.CreateCustomer(lighttest.Customer{Name: "Cash sales"})
	product := j.vendors.light.CreateProduct(lighttest.Product{Name: "Consulting by hand", Pricings: []lighttest.Pricing{{Currency: "USD", Amount: 15000}}})
	entity, err := j.light(ctx, http.MethodGet, "/v1/entities", nil)
	if err != nil {
		return "", err
	}
	var entities struct {
		Records []struct {
			ID string `json:"id"`
		} `json:"records"`
	}
	if err := json.Unmarshal(entity, &entities); err != nil || len(entities.Records) == 0 {
		return "", fmt.Errorf("no entity at Light: %w", err)
	}
	made, err := j.light(ctx, http.MethodPost, "/v1/invoice-receivables", map[string]any{
		"companyEntityId": entities.Records[0].ID, "customerId": customer.ID, "currency": "USD", "invoiceDate": "2026-07-08", "netTerms": 14, "areLinesWithTax": false,
		"description": madeByHand, "lines": []map[string]any{{"productId": product.ID, "quantity": 2, "priceOverwrite": 15000}}})
	if err != nil {
		return "", err
	}
	var invoice struct {
		ID string `json:"id"`
	}
	err = json.Unmarshal(made, &invoice)
	return invoice.ID, err
}

// light calls Light as a person does, with a credential that is not Crosswalk's.
func (j *journey) light(ctx context.Context, method, path string, body any) ([]byte, error) {
	var send io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		send = bytes.NewReader(data)
	}
	r, err := http.NewRequestWithContext(ctx, method, j.vendors.lightURL+path, send)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Basic "+lighttest.OtherAPIKey)
	r.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	answer, err := io.ReadAll(resp.Body)
	if err = errors.Join(err, resp.Body.Close()); err != nil {
		return nil, err
	}
	if resp.StatusCode >= http.StatusMultipleChoices {
		return nil, fmt.Errorf("%s %s answered %s: %.300s", method, path, resp.Status, answer)
	}
	return answer, nil
}
