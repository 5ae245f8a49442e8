package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"crosswalk/internal/connector/hubspot/hubspottest"
	"crosswalk/internal/connector/light/lighttest"
)

// A folder of CSV files (accounts, products, sales_teams, sales_pipeline, as Maven Analytics' "CRM Sales Opportunities" has
// them) goes into the simulated HubSpot through its own API, with a token that is not Crosswalk's: records made by our own
// credential would count as ours (A5). Owners, which that API cannot make, are seeded.

// folderSince is the first day of the mappings for such a folder; folderProduct what is billed where a deal's product is not in
// the catalogue.
const (
	folderSince   = "2016-01-01"
	folderProduct = lighttest.SampleServices
)

// readFolder reads the tables of a folder by name.
func readFolder(folder string) (map[string][]map[string]string, error) {
	tables := map[string][]map[string]string{}
	for _, name := range []string{"accounts", "products", "sales_teams", "sales_pipeline"} {
		rows, err := readCSV(filepath.Join(folder, name+".csv"))
		if err != nil {
			return nil, err
		}
		tables[name] = rows
	}
	return tables, nil
}

// loadFolder fills the portal and gives the mappings for it, with their first day.
func loadFolder(ctx context.Context, v *vendors, folder string) ([]string, string, error) {
	tables, err := readFolder(folder)
	if err != nil {
		return nil, "", err
	}
	l := &folderLoader{vendors: v, ctx: ctx, owners: map[string]string{}}
	for _, step := range []func(map[string][]map[string]string) error{l.properties, l.people, l.accounts, l.products, l.deals, l.catalogue} {
		if err := step(tables); err != nil {
			return nil, "", err
		}
	}
	documents, err := folderMappings()
	return documents, folderSince, err
}

func readCSV(path string) ([]map[string]string, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, wrongUse("--data: %v", err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil || len(rows) == 0 {
		return nil, fmt.Errorf("%s is empty or no CSV: %w", path, err)
	}
	var out []map[string]string
	for _, row := range rows[1:] {
		one := map[string]string{}
		for n, name := range rows[0] {
			one[name] = row[n]
		}
		out = append(out, one)
	}
	return out, nil
}

// folderMappings are the presets, with the folder's first day and a default product.
func folderMappings() ([]string, error) {
	var out []string
	for _, text := range presetTexts() {
		if strings.Contains(text, "\nsince: ") {
			for _, change := range [][2]string{{"since: " + sampleSince, "since: " + folderSince}, {"default_product: ~", "default_product: " + folderProduct}} {
				if !strings.Contains(text, change[0]) {
					return nil, fmt.Errorf("the preset has no %q to change", change[0])
				}
				text = strings.Replace(text, change[0], change[1], 1)
			}
		}
		out = append(out, text)
	}
	return out, nil
}

type folderLoader struct {
	vendors    *vendors
	ctx        context.Context
	owners     map[string]string // agent -> owner id
	companies  map[string]string // account -> company id
	catalogued map[string]string // product -> product id
}

// properties defines what the presets read beyond HubSpot's own.
func (l *folderLoader) properties(map[string][]map[string]string) error {
	for _, p := range []struct{ object, name, kind, field, group string }{
		{"companies", hubspottest.SampleVATProperty, "string", "text", "companyinformation"},
		{"companies", hubspottest.SampleEmailProperty, "string", "text", "companyinformation"},
		{"products", hubspottest.SampleActive, "string", "text", "productinformation"},
	} {
		body := map[string]any{"name": p.name, "label": p.name, "type": p.kind, "fieldType": p.field, "groupName": p.group}
		if _, err := l.hubspot("/crm/v3/properties/"+p.object, body); err != nil {
			return err
		}
	}
	return nil
}

// people seeds an owner for each agent; addresses are of a reserved domain.
func (l *folderLoader) people(tables map[string][]map[string]string) error {
	for n, row := range tables["sales_teams"] {
		first, last, _ := strings.Cut(row["sales_agent"], " ")
		o := l.vendors.hubspot.AddOwner(hubspottest.Owner{FirstName: first, LastName: last, Email: fmt.Sprintf("agent%d@sales.example", n+1)})
		l.owners[row["sales_agent"]] = o.ID
	}
	return nil
}

func (l *folderLoader) accounts(tables map[string][]map[string]string) (err error) {
	var rows []input
	for _, row := range tables["accounts"] {
		rows = append(rows, input{Properties: map[string]string{"name": row["account"], "country": row["office_location"], "numberofemployees": row["employees"]}})
	}
	l.companies, err = l.create("companies", "name", rows)
	return err
}

func (l *folderLoader) products(tables map[string][]map[string]string) (err error) {
	var rows []input
	for _, row := range tables["products"] {
		rows = append(rows, input{Properties: map[string]string{"name": row["product"], "price": row["sales_price"], hubspottest.SampleActive: "true"}})
	}
	l.catalogued, err = l.create("products", "name", rows)
	return err
}

// stages of the default pipeline, by the folder's words.
var folderStages = map[string]string{"Won": hubspottest.WonStage, "Lost": hubspottest.LostStage, "Engaging": "qualifiedtobuy", "Prospecting": hubspottest.OpenStage}

// deals makes the deals with their companies, then one line for each at its close value.
func (l *folderLoader) deals(tables map[string][]map[string]string) error {
	var deals []input
	for n, row := range tables["sales_pipeline"] {
		stage, ok := folderStages[row["deal_stage"]]
		if !ok {
			return fmt.Errorf("sales_pipeline.csv, row %d: unknown deal_stage %q", n+2, row["deal_stage"])
		}
		deal := input{Properties: map[string]string{"dealname": folderDeal(row), "dealstage": stage, "pipeline": hubspottest.DefaultPipeline, "amount": row["close_value"],
			"deal_currency_code": "USD", "hubspot_owner_id": l.owners[row["sales_agent"]]}}
		if row["close_date"] != "" {
			deal.Properties["closedate"] = row["close_date"] + "T12:00:00Z"
		}
		if id := l.companies[row["account"]]; id != "" {
			deal.link(id, dealToCompany, dealToPrimaryCompany)
		}
		deals = append(deals, deal)
	}
	ids, err := l.create("deals", "dealname", deals)
	if err != nil {
		return err
	}
	var lines []input
	for _, row := range tables["sales_pipeline"] {
		if row["close_value"] == "" {
			continue
		}
		line := input{Properties: map[string]string{"name": row["product"], "quantity": "1", "price": row["close_value"], "hs_line_item_currency_code": "USD"}}
		if id := l.catalogued[row["product"]]; id != "" {
			line.Properties["hs_product_id"] = id
		}
		line.link(ids[folderDeal(row)], lineToDeal)
		lines = append(lines, line)
	}
	_, err = l.create("line_items", "", lines)
	return err
}

func folderDeal(row map[string]string) string {
	return row["opportunity_id"] + " " + row["product"]
}

// catalogue makes the default product at Light, as finance would have it there.
func (l *folderLoader) catalogue(map[string][]map[string]string) error {
	return makeDefaultProduct(l.ctx, l.vendors)
}

func makeDefaultProduct(ctx context.Context, v *vendors) error {
	body := map[string]any{"name": folderProduct, "pricingType": "FIXED", "billingRecurrence": "ONE_TIME", "pricings": []map[string]any{{"currency": "USD", "amount": 100}}}
	_, err := send(ctx, v.lightURL+"/v1/products", "Basic "+lighttest.OtherAPIKey, body)
	return err
}

// Association types of HubSpot's own (fact sheet 5).
const (
	dealToCompany        = 341
	dealToPrimaryCompany = 5
	lineToDeal           = 20
)

// input is one row of a batch create.
type input struct {
	Properties   map[string]string `json:"properties"`
	Associations []association     `json:"associations,omitempty"`
}

type association struct {
	To    map[string]string `json:"to"`
	Types []map[string]any  `json:"types"`
}

func (i *input) link(id string, types ...int) {
	a := association{To: map[string]string{"id": id}}
	for _, t := range types {
		a.Types = append(a.Types, map[string]any{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": t})
	}
	i.Associations = append(i.Associations, a)
}

// perBatch is HubSpot's limit of rows in a batch.
const perBatch = 100

// create makes records and gives their ids by a property that is different for each; "" asks for none.
func (l *folderLoader) create(object, by string, rows []input) (map[string]string, error) {
	out := map[string]string{}
	for part := range slices.Chunk(rows, perBatch) {
		answer, err := l.hubspot("/crm/v3/objects/"+object+"/batch/create", map[string]any{"inputs": part})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", object, err)
		}
		var made struct {
			Results []struct {
				ID         string            `json:"id"`
				Properties map[string]string `json:"properties"`
			} `json:"results"`
		}
		if err := json.Unmarshal(answer, &made); err != nil {
			return nil, err
		}
		if len(made.Results) != len(part) {
			return nil, fmt.Errorf("%s: %d of %d rows were made", object, len(made.Results), len(part))
		}
		for _, r := range made.Results { // in any order: HubSpot promises none
			out[r.Properties[by]] = r.ID
		}
	}
	if by != "" && len(out) != len(rows) {
		return nil, fmt.Errorf("%s: %s is not different for each row", object, by)
	}
	return out, nil
}

func (l *folderLoader) hubspot(path string, body any) ([]byte, error) {
	return send(l.ctx, l.vendors.hubspotURL+path, "Bearer "+hubspottest.OtherToken, body)
}

// send posts JSON.
func send(ctx context.Context, url, authorization string, body any) ([]byte, error) {
	data, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", authorization)
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
		return nil, fmt.Errorf("%s answered %s: %.300s", r.URL.Path, resp.Status, answer)
	}
	return answer, nil
}
