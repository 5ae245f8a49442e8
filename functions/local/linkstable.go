package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"crosswalk/internal/record"
	"crosswalk/internal/web"
)

// link --file reads an export of the table in which SalesPad's own HubSpot connector keeps its links, spAAIntegratedEntityLink: CSV as a
// query tool saves it, or the same rows as JSON. The table's name is public and its columns are not (salespad.md 8): those that are needed
// may have any of the names of linkColumns. Every row is taken or refused by itself, with its reason; nothing but the links is carried
// over.

// linkColumns are the columns that say what is linked, each with the names it may have, in lower case without underscores.
var linkColumns = map[string][]string{
	"platform": {"platform", "integrationplatform"},
	"tenant":   {"externaltenant", "tenant", "hubid", "portalid"},
	"hubtype":  {"externaltype", "externalentitytype", "externalobjecttype", "hubspottype"},
	"hubid":    {"externalid", "externalentityid", "externalobjectid", "hubspotid"},
	"type":     {"entitytype", "salespadtype", "internaltype", "internalentitytype"},
	"key":      {"entitykey", "salespadkey", "internalkey", "internalid", "entityid"},
}

// hubObjects and entityObjects are the objects that the table's words stand for, and of how many parts a key of SalesPad is made.
var (
	hubObjects    = map[string]string{"company": "companies", "contact": "contacts", "product": "products", "deal": "deals"}
	entityObjects = map[string]string{"customer": "customers", "customeraddr": "customer-addresses", "prospect": "prospects", "prospectcontact": "prospect-contacts",
		"itemmaster": "items", "salesdocument": "sales-documents"}
	entityParts = map[string]int{"customeraddr": 2, "prospectcontact": 2, "salesdocument": 2}
)

// linkTable gives the columns of rows that are such an export; false for any other list.
func linkTable(rows [][]string) (map[string]int, bool) {
	if len(rows) == 0 {
		return nil, false
	}
	at := map[string]int{}
	for n, name := range rows[0] {
		name = strings.ReplaceAll(strings.ToLower(strings.TrimSpace(name)), "_", "")
		for column, names := range linkColumns {
			if _, had := at[column]; !had && slices.Contains(names, name) {
				at[column] = n
			}
		}
	}
	for _, needed := range []string{"hubtype", "hubid", "type", "key"} {
		if _, ok := at[needed]; !ok {
			return nil, false
		}
	}
	return at, true
}

// rowsOfJSON turns a list of JSON objects into rows with a first one of names; false for what is no such list.
func rowsOfJSON(text []byte) ([][]string, bool, error) {
	text = bytes.TrimSpace(bytes.TrimPrefix(text, []byte("\ufeff")))
	if !bytes.HasPrefix(text, []byte("[")) {
		return nil, false, nil
	}
	var list []map[string]any
	in := json.NewDecoder(bytes.NewReader(text))
	in.UseNumber()
	if err := in.Decode(&list); err != nil {
		return nil, true, err
	}
	var names []string
	for _, one := range list {
		for name := range one {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	rows := [][]string{names}
	for _, one := range list {
		row := make([]string, len(names))
		for n, name := range names {
			if v := one[name]; v != nil {
				row[n] = fmt.Sprint(v)
			}
		}
		rows = append(rows, row)
	}
	return rows, true, nil
}

// readRows reads a list as CSV or, where it begins like one, as JSON.
func readRows(in io.Reader) ([][]string, error) {
	text, err := io.ReadAll(in)
	if err != nil {
		return nil, err
	}
	if rows, is, err := rowsOfJSON(text); is {
		return rows, err
	}
	return web.ReadCSV(bytes.NewReader(text))
}

// accounts are the connections that the rows of the table may mean.
type accounts struct {
	hubs map[string]string // hub id to connection
	pad  string
}

// accountsOf asks which connections there are. name is that of the SalesPad whose table it is; "" for the only one.
func (c *cli) accountsOf(ctx context.Context, name string) (accounts, error) {
	api, err := c.client()
	if err != nil {
		return accounts{}, err
	}
	status, err := get[struct {
		Connections []web.Connection `json:"connections"`
	}](ctx, api, "/connections")
	if err != nil {
		return accounts{}, err
	}
	out := accounts{hubs: map[string]string{}}
	var pads []string
	for _, one := range status.Connections {
		switch one.System {
		case "hubspot":
			out.hubs[one.Account] = one.Name
		case "salespad":
			pads = append(pads, one.Name)
		}
	}
	switch {
	case name != "" && !slices.Contains(pads, name):
		return out, wrongUse("--salespad %s: there is no SalesPad connection of this name; there are %s", name, strings.Join(pads, ", "))
	case name != "":
		out.pad = name
	case len(pads) == 1:
		out.pad = pads[0]
	case len(pads) == 0:
		return out, wrongUse("the file is SalesPad's table of links, and there is no SalesPad connection")
	default:
		return out, wrongUse("several SalesPads are connected: say whose table it is with --salespad NAME, one of %s", strings.Join(pads, ", "))
	}
	return out, nil
}

// pairsOfTable turns rows of the table into pairs, companies before their contacts; a row that cannot be one is refused with its reason.
func pairsOfTable(rows [][]string, at map[string]int, in accounts, mapping string) (pairs []pair, refused []web.PairRow) {
	for n, row := range rows[1:] {
		cell := func(column string) string {
			if k, ok := at[column]; ok && k < len(row) {
				return strings.TrimSpace(row[k])
			}
			return ""
		}
		if strings.TrimSpace(strings.Join(row, "")) == "" {
			continue
		}
		p := pair{Mapping: mapping, row: n + 2}
		if why, fix := p.fromTable(cell, in); why != "" {
			refused = append(refused, web.PairRow{Row: p.row, A: cell("hubtype") + " " + cell("hubid"), B: cell("type") + " " + cell("key"), Status: "refused", Why: why, Fix: fix})
			continue
		}
		pairs = append(pairs, p)
	}
	slices.SortStableFunc(pairs, func(x, y pair) int { return rankOf(x) - rankOf(y) })
	return pairs, refused
}

// rankOf puts what others belong to first.
func rankOf(p pair) int {
	ref, err := record.ParseRef(p.B)
	if err != nil {
		return 0
	}
	return slices.Index([]string{"customers", "prospects", "items", "customer-addresses", "prospect-contacts", "sales-documents"}, ref.Object)
}

// fromTable fills the pair of one row, or says why the row is none.
func (p *pair) fromTable(cell func(string) string, in accounts) (why, fix string) {
	kind := strings.ToLower(cell("type"))
	object, entity := hubObjects[strings.ToLower(cell("hubtype"))], entityObjects[kind]
	hub := ""
	switch {
	case cell("platform") != "" && !strings.EqualFold(cell("platform"), "HubSpot"):
		return "it is of another platform, " + cell("platform"), "leave the row out"
	case strings.EqualFold(cell("hubtype"), "line_item") || kind == "saleslineitem":
		return "lines are not linked: they are found by their document", "leave the row out"
	case object == "":
		return "nobody knows the HubSpot type " + cell("hubtype"), "write company, contact, product or deal"
	case entity == "":
		return "nobody knows the SalesPad type " + cell("type"), "write Customer, CustomerAddr, Prospect, ProspectContact, ItemMaster or SalesDocument"
	case cell("hubid") == "" || cell("key") == "":
		return "one of the two ids is empty", "fill it in, or leave the row out"
	}
	if tenant := cell("tenant"); tenant != "" {
		if hub = in.hubs[tenant]; hub == "" {
			return "it is of hub " + tenant + ", which is not connected", "connect that hub, or leave the row out"
		}
	} else if len(in.hubs) == 1 {
		for _, name := range in.hubs {
			hub = name
		}
	} else {
		return "it names no hub, and several are connected", "give the column External_Tenant"
	}
	parts := strings.Split(cell("key"), "|")
	if len(parts) != max(1, entityParts[kind]) {
		return fmt.Sprintf("a key of %s has %d parts, and this one has %d", cell("type"), max(1, entityParts[kind]), len(parts)), "write the parts of the key with | between them"
	}
	for n := range parts {
		if parts[n] = strings.ReplaceAll(strings.TrimSpace(parts[n]), "%", "%25"); parts[n] == "" {
			return "a part of the key is empty", "fill it in, or leave the row out"
		}
	}
	p.A = record.Ref{Connection: hub, Object: object, ID: cell("hubid")}.String()
	p.B = record.Ref{Connection: in.pad, Object: entity, ID: strings.Join(parts, "|")}.String()
	return "", ""
}
