package hubspot

import (
	"context"
	"net/url"
	"strconv"
	"strings"

	"crosswalk/internal/connector"
	"crosswalk/internal/rest"
)

// Tables lists the reference data there is.
func (c *Connector) Tables() []string { return []string{"stages", "pipelines", "owners", "currencies"} }

// Table reads one of them whole:
//   - stages: deal stages of all pipelines. Key: stage id. Attrs: pipeline, pipeline_label, won, closed (true or
//     false), probability. Won is by the stage's metadata, closed and probability 1 (T1), in whatever pipeline.
//   - pipelines: deal pipelines. Key: id.
//   - owners: key: owner id (what hubspot_owner_id holds). Attrs: email, archived, user_id.
//   - currencies: key: ISO 4217 code. Attrs: home.
//   - list:NAME or list:ID: the members of a list; see list.go. lists: the lists. Both need the scope crm.lists.read and are
//     not among Tables, since they are read only where a mapping names one.
func (c *Connector) Table(ctx context.Context, name string) (connector.Table, error) {
	op := "read table " + name
	var rows []connector.Row
	var err error
	switch name {
	case "stages":
		rows, err = c.stages(ctx, op)
	case "pipelines":
		rows, err = c.pipelines(ctx, op)
	case "owners":
		rows, err = c.owners(ctx, op)
	case "currencies":
		rows, err = c.currencies(ctx)
	case "lists":
		rows, err = c.lists(ctx, op)
	default:
		if list, ok := strings.CutPrefix(name, ListTable); ok {
			rows, err = c.members(ctx, "read list", list)
			break
		}
		err = &connector.Error{Fault: connector.Invalid, Op: op, Code: "no such table"}
	}
	return connector.Table{Name: name, Rows: rows}, err
}

// pipeline is as the pipelines call shows it (fact sheet 7).
type pipeline struct {
	ID     string `json:"id"`
	Label  string `json:"label"`
	Stages []struct {
		ID       string            `json:"id"`
		Label    string            `json:"label"`
		Archived bool              `json:"archived"`
		Metadata map[string]scalar `json:"metadata"`
	} `json:"stages"`
	Archived bool `json:"archived"`
}

func (c *Connector) dealPipelines(ctx context.Context, op string) ([]pipeline, error) {
	var out struct {
		Results []pipeline `json:"results"`
	}
	route := c.paths.pipelines
	_, err := c.call(ctx, op, rest.Request{Path: fill(route, "{type}", "deals"), Route: route, Safe: true}, &out)
	if err == nil && len(out.Results) == 0 { // an account always has one
		err = &connector.Error{Fault: connector.Unavailable, Op: op, Code: "no pipelines in the answer"}
	}
	return out.Results, err
}

func (c *Connector) pipelines(ctx context.Context, op string) ([]connector.Row, error) {
	list, err := c.dealPipelines(ctx, op)
	var rows []connector.Row
	for _, p := range list {
		rows = append(rows, connector.Row{Key: p.ID, Label: p.Label, Attrs: map[string]string{"archived": strconv.FormatBool(p.Archived)}})
	}
	return rows, err
}

func (c *Connector) stages(ctx context.Context, op string) ([]connector.Row, error) {
	list, err := c.dealPipelines(ctx, op)
	var rows []connector.Row
	for _, p := range list {
		for _, s := range p.Stages {
			closed := strings.EqualFold(s.Metadata["isClosed"].text, "true")
			probability := s.Metadata["probability"].text
			rows = append(rows, connector.Row{Key: s.ID, Label: s.Label, Attrs: map[string]string{
				"pipeline": p.ID, "pipeline_label": p.Label, "probability": probability,
				"closed": strconv.FormatBool(closed), "won": strconv.FormatBool(closed && isOne(probability)),
				"archived": strconv.FormatBool(s.Archived || p.Archived),
			}})
		}
	}
	return rows, err
}

// isOne reads a probability of exactly 1 however it is written: 1, 1.0, 1.00.
func isOne(text string) bool {
	whole, part, _ := strings.Cut(text, ".")
	return whole == "1" && strings.Trim(part, "0") == ""
}

type owner struct {
	ID    scalar `json:"id"`
	Email string `json:"email"`
	First string `json:"firstName"`
	Last  string `json:"lastName"`
	User  scalar `json:"userIdIncludingInactive"`
}

// ownerPage is HubSpot's default and the only size all sources agree on (fact sheet 8).
const ownerPage = "100"

// maxOwnerPages ends a list whose cursor would run in circles.
const maxOwnerPages = 1000

func (c *Connector) owners(ctx context.Context, op string) ([]connector.Row, error) {
	var rows []connector.Row
	for _, archived := range []string{"false", "true"} {
		after := ""
		for range maxOwnerPages {
			list, next, err := c.ownerPage(ctx, op, archived, after)
			if err != nil {
				return nil, err
			}
			for _, o := range list {
				label := strings.TrimSpace(o.First + " " + o.Last)
				if label == "" {
					label = o.Email
				}
				rows = append(rows, connector.Row{Key: o.ID.text, Label: label,
					Attrs: map[string]string{"email": strings.ToLower(o.Email), "archived": archived, "user_id": o.User.text}})
			}
			if next == "" || next == after {
				break
			}
			after = next
		}
	}
	return rows, nil
}

func (c *Connector) ownerPage(ctx context.Context, op, archived, after string) ([]owner, string, error) {
	var out struct {
		Results []owner `json:"results"`
		Paging  paging  `json:"paging"`
	}
	query := url.Values{"limit": {ownerPage}, "archived": {archived}}
	if after != "" {
		query.Set("after", after)
	}
	_, err := c.call(ctx, op, rest.Request{Path: c.paths.owners, Route: c.paths.owners, Query: query, Safe: true}, &out)
	if err == nil && out.Results == nil {
		err = &connector.Error{Fault: connector.Unavailable, Op: op, Code: "no list in the answer"}
	}
	next := ""
	if out.Paging.Next != nil {
		next = out.Paging.Next.After.text
	}
	return out.Results, next, err
}

func (c *Connector) currencies(ctx context.Context) ([]connector.Row, error) {
	a, err := c.Account(ctx)
	var rows []connector.Row
	for _, code := range a.Currencies {
		rows = append(rows, connector.Row{Key: code, Label: code, Attrs: map[string]string{"home": strconv.FormatBool(code == a.Currency)}})
	}
	return rows, err
}
