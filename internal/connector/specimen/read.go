package specimen

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"

	"crosswalk/internal/connector"
	"crosswalk/internal/record"
	"crosswalk/internal/rest"
)

// Read answers each id in the order asked. Batches save calls; but an id missing from a batch's answer is neither
// gone nor moved nor hidden until it was asked for singly (B6). Once the vendor throttles, nothing more is sent.
func (c *Connector) Read(ctx context.Context, r connector.ReadRequest) ([]record.Read, error) {
	if err := c.known(r.Object, "read things"); err != nil {
		return nil, err
	}
	found := map[string]record.Record{}
	learnt, failed := 0, error(nil)
	for _, ids := range batches(distinct(r.IDs)) {
		rows, err := c.readBatch(ctx, ids, r.Fields)
		if err != nil {
			failed = err
			break
		}
		for _, one := range rows {
			found[one.Ref.ID] = one
			learnt++
		}
	}
	if failed != nil && learnt == 0 {
		return nil, failed
	}
	out := make([]record.Read, 0, len(r.IDs))
	single := map[string]record.Read{}
	for _, id := range r.IDs {
		one, ok := found[id]
		switch asked, before := single[id]; {
		case ok:
			out = append(out, record.Read{Ref: c.ref(id), State: record.Found, Record: &one})
		case !goodID(id):
			out = append(out, record.Read{Ref: c.ref(id), State: record.Gone})
		case before:
			out = append(out, asked)
		case failed != nil:
			out = append(out, record.Read{Ref: c.ref(id), State: record.Unanswered, Err: failed})
		default:
			asked = c.readOne(ctx, id, r.Fields, true)
			single[id] = asked
			if connector.FaultOf(asked.Err).Transient() {
				failed = asked.Err
			}
			out = append(out, asked)
		}
	}
	return out, nil
}

// readBatch gives what the vendor has of these ids. Rows nobody asked for are dropped.
func (c *Connector) readBatch(ctx context.Context, ids, fields []string) ([]record.Record, error) {
	const op = "read things"
	body, err := json.Marshal(map[string][]string{"ids": ids})
	if err != nil {
		return nil, err
	}
	rows, _, err := c.rows(ctx, op, rest.Request{Method: http.MethodPost, Path: "/things/read", Route: "/things/read", Body: body, Safe: true})
	if err != nil {
		return nil, err
	}
	asked := map[string]bool{}
	for _, id := range ids {
		asked[id] = true
	}
	var out []record.Record
	for _, row := range rows {
		if one, err := c.recordOf(row, fields); err == nil && asked[one.Ref.ID] {
			out = append(out, one)
		}
	}
	return out, nil
}

// readOne asks for one id, so that the vendor says what became of it. follow tells whether a merge is followed.
func (c *Connector) readOne(ctx context.Context, id string, fields []string, follow bool) record.Read {
	const op = "read thing"
	out := record.Read{Ref: c.ref(id)}
	row, answer, err := c.object(ctx, op, rest.Request{Path: "/things/" + url.PathEscape(id), Route: "/things/{id}", Safe: true})
	if into := merged(answer); into != "" && follow {
		at := c.readOne(ctx, into, fields, false)
		if at.State != record.Found {
			at.Ref = out.Ref
			return at
		}
		return record.Read{Ref: out.Ref, State: record.Moved, To: at.Ref, Record: at.Record}
	}
	var one record.Record
	if err == nil {
		one, err = c.recordOf(row, fields)
		if err != nil || one.Ref.ID != id {
			err = nonsense(op)
		}
	}
	switch connector.FaultOf(err) {
	case "":
		out.State, out.Record = record.Found, &one
	case connector.Missing:
		out.State = record.Gone
	case connector.Forbidden:
		out.State, out.Err = record.NoRight, err
	default:
		out.State, out.Err = record.Unanswered, err
	}
	return out
}

func merged(a rest.Answer) string {
	var b struct{ Code, Into string }
	if a.Status != http.StatusGone || json.Unmarshal(a.Body, &b) != nil || b.Code != "merged" || !goodID(b.Into) {
		return ""
	}
	return b.Into
}

// distinct drops ids that cannot be and ids asked for twice.
func distinct(ids []string) []string {
	seen := map[string]bool{}
	var out []string
	for _, id := range ids {
		if goodID(id) && !seen[id] {
			seen[id] = true
			out = append(out, id)
		}
	}
	return out
}

func batches(ids []string) [][]string {
	var out [][]string
	for len(ids) > 0 {
		n := min(batchRows, len(ids))
		out, ids = append(out, ids[:n]), ids[n:]
	}
	return out
}

// Findable lists the fields that can be asked for by value without a lag.
func (c *Connector) Findable(object string) []string {
	if object != "things" {
		return nil
	}
	return []string{"name"}
}

// Find answers with every record that may have the value. A value that cannot be put into the vendor's query
// safely has CannotAsk set: the engine then goes by its own match keys. Here any value can be asked.
func (c *Connector) Find(ctx context.Context, object string, asks []connector.Ask, fields []string) ([]connector.Answer, error) {
	if err := c.known(object, "find things"); err != nil {
		return nil, err
	}
	out := make([]connector.Answer, len(asks))
	for i, ask := range asks {
		if ask.Field != "name" || ask.Text == "" {
			out[i].CannotAsk = true
			continue
		}
		got, err := c.having(ctx, "find things", ask.Field, ask.Text, fields)
		if err != nil {
			return nil, err
		}
		out[i].Records = got
	}
	return out, nil
}

// Look finds records by the marker our create left (protocols.md, take over). It must be a strong path, and it
// compares the marker itself: a vendor's search may find more than was asked.
func (c *Connector) Look(ctx context.Context, r connector.LookRequest) ([]record.Record, error) {
	const op = "look for thing"
	if err := c.known(r.Object, op); err != nil || r.Marker == "" {
		return nil, err
	}
	return c.having(ctx, op, markerField, r.Marker, r.Fields)
}

func (c *Connector) having(ctx context.Context, op, name, value string, ask []string) ([]record.Record, error) {
	rows, _, err := c.rows(ctx, op, rest.Request{Path: "/things/find", Route: "/things/find", Safe: true,
		Query: url.Values{"field": {name}, "value": {value}}})
	if err != nil {
		return nil, err
	}
	var out []record.Record
	for _, row := range rows {
		one, err := c.recordOf(row, ask)
		if err != nil {
			return nil, nonsense(op)
		}
		if text(row, name) == value {
			out = append(out, one)
		}
	}
	return out, nil
}
