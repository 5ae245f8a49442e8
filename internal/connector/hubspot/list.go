package hubspot

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"crosswalk/internal/connector"
	"crosswalk/internal/rest"
)

// ListTable starts the names of tables whose rows are the members of a list: list:Sales ready, list:42.
const ListTable = "list:"

// Pages of lists (fact sheet 9).
const (
	memberPage     = 250
	listPage       = 500
	maxMemberPages = 20_000 // five million members; ends a list whose cursor would run in circles
)

// wireList is a list as every list call shows it.
type wireList struct {
	ID     scalar `json:"listId"`
	Name   string `json:"name"`
	TypeID string `json:"objectTypeId"`
	Kind   string `json:"processingType"`
	Extra  struct {
		Size string `json:"hs_list_size"`
	} `json:"additionalProperties"`
}

// lists gives the account's lists. Key: id. Label: name. Attrs: object, type (MANUAL, DYNAMIC, SNAPSHOT), size.
func (c *Connector) lists(ctx context.Context, op string) ([]connector.Row, error) {
	found, err := c.searchLists(ctx, op, "")
	var rows []connector.Row
	for _, l := range found {
		rows = append(rows, connector.Row{Key: l.ID.text, Label: l.Name, Attrs: map[string]string{"object": c.objectOf(l), "type": l.Kind, "size": l.Extra.Size}})
	}
	return rows, err
}

// objectOf names the object that a list is of.
func (c *Connector) objectOf(l wireList) string {
	if k, ok := c.typed(l.TypeID); ok {
		return k.name
	}
	return l.TypeID
}

// members gives a list's members: Key is the record's id. Attrs: object, since. Static and active lists are the same here; an
// active one is as HubSpot last worked it out.
func (c *Connector) members(ctx context.Context, op, name string) ([]connector.Row, error) {
	l, err := c.findList(ctx, op, strings.TrimSpace(name))
	if err != nil {
		return nil, err
	}
	object := c.objectOf(l)
	rows := []connector.Row{}
	after := ""
	for range maxMemberPages {
		var out struct {
			Results []struct {
				ID    scalar `json:"recordId"`
				Since string `json:"membershipTimestamp"`
			} `json:"results"`
			Paging paging `json:"paging"`
		}
		query := url.Values{"limit": {strconv.Itoa(memberPage)}}
		if after != "" {
			query.Set("after", after)
		}
		route := c.paths.lists + "/{id}/memberships"
		_, err := c.call(ctx, op, rest.Request{Path: fill(route, "{id}", l.ID.text), Route: route, Query: query, Safe: true}, &out)
		if err == nil && out.Results == nil {
			err = &connector.Error{Fault: connector.Unavailable, Op: op, Code: "no list in the answer"}
		}
		if err != nil {
			return nil, err
		}
		for _, m := range out.Results {
			rows = append(rows, connector.Row{Key: m.ID.text, Attrs: map[string]string{"object": object, "since": m.Since}})
		}
		if out.Paging.Next == nil || out.Paging.Next.After.text == "" || out.Paging.Next.After.text == after {
			return rows, nil
		}
		after = out.Paging.Next.After.text
	}
	return nil, &connector.Error{Fault: connector.Unavailable, Op: op, Code: "the list has no end"}
}

// findList finds a list by id, or by its name, which is unique in an account.
func (c *Connector) findList(ctx context.Context, op, name string) (wireList, error) {
	if validID(name) {
		var out struct {
			List *wireList `json:"list"`
		}
		route := c.paths.lists + "/{id}"
		_, err := c.call(ctx, op, rest.Request{Path: fill(route, "{id}", name), Route: route, Safe: true}, &out)
		switch {
		case err == nil && out.List != nil && validID(out.List.ID.text):
			return *out.List, nil
		case err == nil:
			return wireList{}, &connector.Error{Fault: connector.Unavailable, Op: op, Code: "malformed answer"}
		case connector.FaultOf(err) != connector.Missing:
			return wireList{}, err
		} // a list may be named by a number
	}
	var hits []wireList
	if name != "" {
		found, err := c.searchLists(ctx, op, name)
		if err != nil {
			return wireList{}, err
		}
		for _, l := range found {
			if l.Name == name {
				return l, nil
			}
			if strings.EqualFold(l.Name, name) {
				hits = append(hits, l)
			}
		}
	}
	if len(hits) == 1 {
		return hits[0], nil
	}
	return wireList{}, &connector.Error{Fault: connector.Missing, Op: op, Code: fmt.Sprintf("HubSpot has no list %q: name a list of the account, or its id", name)}
}

func (c *Connector) searchLists(ctx context.Context, op, query string) ([]wireList, error) {
	var all []wireList
	for {
		var out struct {
			Lists  []wireList `json:"lists"`
			More   bool       `json:"hasMore"`
			Offset int        `json:"offset"`
		}
		body := mustJSON(map[string]any{"query": query, "offset": len(all), "count": listPage, "additionalProperties": []string{"hs_list_size"}})
		route := c.paths.lists + "/search"
		_, err := c.call(ctx, op, rest.Request{Method: http.MethodPost, Path: route, Route: route, Body: body, Safe: true}, &out)
		if err == nil && out.Lists == nil {
			err = &connector.Error{Fault: connector.Unavailable, Op: op, Code: "no list in the answer"}
		}
		if err != nil {
			return nil, err
		}
		all = append(all, out.Lists...)
		if !out.More || len(out.Lists) == 0 {
			return all, nil
		}
	}
}
