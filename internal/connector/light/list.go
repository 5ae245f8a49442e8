package light

import (
	"context"
	"maps"
	"net/url"
	"strconv"
	"strings"

	"crosswalk/internal/rest"
)

// listPage is one page of a list (fact sheet 2).
type listPage struct {
	rows   []row
	more   bool
	next   string // cursor of the next page, "" when there is none
	answer rest.Answer
}

// list reads one page by cursor; "0" asks for the first one.
func (c *Connector) list(ctx context.Context, op, path string, query url.Values, cursor string) (listPage, error) {
	q := maps.Clone(query)
	if q == nil {
		q = url.Values{}
	}
	q.Set("limit", strconv.Itoa(c.Page))
	q.Set("cursor", cursor)
	got, answer, err := c.object(ctx, op, rest.Request{Path: path, Route: path, Query: q, Safe: true})
	if err != nil {
		return listPage{}, err
	}
	rows, ok, err := got.rows("records")
	if err != nil || !ok {
		return listPage{}, nonsense(op)
	}
	p := listPage{rows: rows, more: got.text("hasMore") == "true", next: got.text("nextCursor"), answer: answer}
	if p.more && (p.next == "" || p.next == cursor || len(rows) == 0) {
		return listPage{}, nonsense(op) // a list that says it goes on and does not
	}
	return p, nil
}

// each reads a list to its end, or until stop says so.
func (c *Connector) each(ctx context.Context, op, path string, query url.Values, stop func(listPage) (bool, error)) error {
	for cursor := "0"; ; {
		p, err := c.list(ctx, op, path, query, cursor)
		if err != nil {
			return err
		}
		done, err := stop(p)
		if err != nil || done || !p.more {
			return err
		}
		cursor = p.next
	}
}

// maxReference is how many rows of reference data are read before it is no longer reference data.
const maxReference = 20000

// all reads a list whole.
func (c *Connector) all(ctx context.Context, op, path string, query url.Values) ([]row, error) {
	var out []row
	err := c.each(ctx, op, path, query, func(p listPage) (bool, error) {
		out = append(out, p.rows...)
		if len(out) > maxReference {
			return true, invalid(op, "list", "it has more than 20,000 rows")
		}
		return false, nil
	})
	return out, err
}

// safe tells whether a value can stand in a filter: Light publishes no escape for , | and : (fact sheet 2), and null
// is a word of its own.
func safe(value string) bool {
	return value != "" && value != "null" && !strings.ContainsAny(value, ",|:") && strings.TrimSpace(value) == value
}
