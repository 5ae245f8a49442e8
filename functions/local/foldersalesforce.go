package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
)

// The same folder in the simulated org, through Salesforce's own API, with the session of somebody who is not Crosswalk. Users,
// whom nobody makes by that API without a licence each, are seeded.

// orgLoader makes records in collections of 200.
type orgLoader struct {
	vendors  *vendors
	ctx      context.Context
	owners   map[string]string // agent -> user id
	accounts map[string]string // name -> id
	entries  map[string]string // product -> id of its standard price
}

func loadOrg(ctx context.Context, v *vendors, folder string) error {
	tables, err := readFolder(folder)
	if err != nil {
		return err
	}
	l := &orgLoader{vendors: v, ctx: ctx, owners: map[string]string{}}
	for n, row := range tables["sales_teams"] {
		l.owners[row["sales_agent"]] = v.salesforce.AddUser(row["sales_agent"], fmt.Sprintf("agent%d@sales.example", n+1))
	}
	for _, step := range []func(map[string][]map[string]string) error{l.customers, l.products, l.opportunities} {
		if err := step(tables); err != nil {
			return err
		}
	}
	return makeDefaultProduct(ctx, v)
}

func (l *orgLoader) customers(tables map[string][]map[string]string) (err error) {
	var rows []map[string]any
	for _, row := range tables["accounts"] {
		rows = append(rows, map[string]any{"Name": row["account"], "BillingCountry": row["office_location"], "NumberOfEmployees": row["employees"]})
	}
	l.accounts, err = l.create("Account", "Name", rows)
	return err
}

// products come with their standard price, without which nothing can be sold.
func (l *orgLoader) products(tables map[string][]map[string]string) error {
	var rows, prices []map[string]any
	for _, row := range tables["products"] {
		rows = append(rows, map[string]any{"Name": row["product"], "IsActive": true})
	}
	made, err := l.create("Product2", "Name", rows)
	if err != nil {
		return err
	}
	for _, row := range tables["products"] {
		prices = append(prices, map[string]any{"Pricebook2Id": l.vendors.salesforce.StandardPricebookID(), "Product2Id": made[row["product"]], "UnitPrice": row["sales_price"], "IsActive": true})
	}
	ids, err := l.create("PricebookEntry", "Product2Id", prices)
	l.entries = map[string]string{}
	for product, id := range made {
		l.entries[product] = ids[id]
	}
	return err
}

// orgStages are those of a new org, by the folder's words.
var orgStages = map[string]string{"Won": "Closed Won", "Lost": "Closed Lost", "Engaging": "Qualification", "Prospecting": "Prospecting"}

// openUntil is the close date of what is still open: Salesforce wants one of every opportunity.
const openUntil = "2017-12-31"

// opportunities are made with their accounts and amounts, then one line for each at its close value. The folder writes one
// product in two ways, and the one that is not in the catalogue has no price: such opportunities get no line.
func (l *orgLoader) opportunities(tables map[string][]map[string]string) error {
	var rows, lines []map[string]any
	for n, row := range tables["sales_pipeline"] {
		stage, ok := orgStages[row["deal_stage"]]
		if !ok {
			return fmt.Errorf("sales_pipeline.csv, row %d: unknown deal_stage %q", n+2, row["deal_stage"])
		}
		deal := map[string]any{"Name": folderDeal(row), "StageName": stage, "CloseDate": openUntil, "OwnerId": l.owners[row["sales_agent"]]}
		if row["close_date"] != "" {
			deal["CloseDate"] = row["close_date"]
		}
		if row["close_value"] != "" {
			deal["Amount"] = row["close_value"]
		}
		if id := l.accounts[row["account"]]; id != "" {
			deal["AccountId"] = id
		}
		rows = append(rows, deal)
	}
	ids, err := l.create("Opportunity", "Name", rows)
	if err != nil {
		return err
	}
	for _, row := range tables["sales_pipeline"] {
		entry := l.entries[row["product"]]
		if row["close_value"] == "" || entry == "" {
			continue
		}
		lines = append(lines, map[string]any{"OpportunityId": ids[folderDeal(row)], "PricebookEntryId": entry, "Quantity": "1", "UnitPrice": row["close_value"]})
	}
	_, err = l.create("OpportunityLineItem", "", lines)
	return err
}

// create makes records and gives their ids by a field that is different for each; "" asks for none.
func (l *orgLoader) create(object, by string, rows []map[string]any) (map[string]string, error) {
	const perCollection = 200
	out := map[string]string{}
	for part := range slices.Chunk(rows, perCollection) {
		for _, row := range part {
			row["attributes"] = map[string]string{"type": object}
		}
		answer, err := send(l.ctx, l.vendors.salesforceURL+"/services/data/v67.0/composite/sobjects", "Bearer "+salesforceOther, map[string]any{"allOrNone": false, "records": part})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", object, err)
		}
		var made []struct {
			ID      string `json:"id"`
			Success bool   `json:"success"`
			Errors  []struct {
				Code    string `json:"statusCode"`
				Message string `json:"message"`
			} `json:"errors"`
		}
		if err := json.Unmarshal(answer, &made); err != nil {
			return nil, err
		}
		if len(made) != len(part) {
			return nil, fmt.Errorf("%s: %d answers for %d rows", object, len(made), len(part))
		}
		for n, m := range made { // in the order of the rows (salesforce.md 7.1)
			if !m.Success {
				return nil, fmt.Errorf("%s: row %d was not made: %+v", object, n, m.Errors)
			}
			if by != "" {
				out[fmt.Sprint(part[n][by])] = m.ID
			}
		}
	}
	if by != "" && len(out) != len(rows) {
		return nil, fmt.Errorf("%s: %s is not different for each row", object, by)
	}
	return out, nil
}
