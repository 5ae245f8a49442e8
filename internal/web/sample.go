package web

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/engine"
)

// maxSample bounds how many records a fill rate is taken from: a few pages of any vendor.
const maxSample = 500

// recent is how far back a sample looks first: what people enter today says more about a mapping than what they entered
// years ago. Where that does not fill the sample, it is taken from all records instead.
const recent = 90 * 24 * time.Hour

// fields describes an object as the account has it now. With ?sample=N it also reads up to N records through the object's
// feed and counts in how many each field holds something; nothing of the records is kept.
func (a *api) fields(r *http.Request) (any, error) {
	n, err := queryNumber(r, "sample", 0, maxSample)
	if err != nil {
		return nil, err
	}
	name, object := a.connection(r.PathValue("connection")), r.PathValue("object")
	c, ok := a.Connections[name]
	if !ok {
		return nil, &engine.NotFoundError{What: "connection", Name: name}
	}
	if !slices.Contains(c.Objects(), object) {
		p := problemOf(&engine.NotFoundError{What: "object", Name: object})
		p.Fix = name + " has " + strings.Join(c.Objects(), ", ")
		return nil, p
	}
	o, err := c.Describe(r.Context(), object)
	if err != nil {
		return nil, err
	}
	out := ObjectFields{Connection: name, Object: o.Name, Label: o.Label, Fields: []ObjectField{}}
	for _, f := range o.Fields {
		field := ObjectField{Name: f.Name, Label: f.Label, Type: f.Type, Required: f.Required, ReadOnly: f.ReadOnly, CreateOnly: f.CreateOnly, Unique: f.Unique,
			MaxLength: f.MaxLength, References: f.References}
		for _, option := range f.Options {
			field.Options = append(field.Options, Option(option))
		}
		out.Fields = append(out.Fields, field)
	}
	if n == 0 {
		return out, nil
	}
	return out, out.fill(r.Context(), c, n)
}

// fill counts in how many of at most n records each field holds something.
func (o *ObjectFields) fill(ctx context.Context, c connector.Connector, n int) error {
	o.Sample = &Sample{Total: -1}
	for _, from := range []time.Time{time.Now().Add(-recent), {}} {
		sample := Sample{Total: -1, Since: moment(from)}
		counts := map[string]int{}
		if err := sample.take(ctx, c, connector.FeedRequest{Object: o.Object, From: from, Fields: o.names()}, n, counts); err != nil {
			return err
		}
		if o.Sample = &sample; sample.Records == n || from.IsZero() {
			for k := range o.Fields {
				filled := counts[o.Fields[k].Name]
				o.Fields[k].Filled = &filled
			}
			return nil
		}
	}
	return nil
}

func (o *ObjectFields) names() []string {
	var out []string
	for _, f := range o.Fields {
		out = append(out, f.Name)
	}
	return out
}

// take reads pages of the feed until n different records were seen or there are no more.
func (s *Sample) take(ctx context.Context, c connector.Connector, ask connector.FeedRequest, n int, counts map[string]int) error {
	seen := map[string]bool{} // a feed may repeat a record
	for first := true; s.Records < n; first = false {
		page, err := c.Changes(ctx, ask)
		if err != nil {
			return err
		}
		if first {
			s.Total = page.Total
		}
		for _, rec := range page.Records {
			if seen[rec.Ref.ID] || s.Records == n {
				continue
			}
			seen[rec.Ref.ID] = true
			s.Records++
			for name, v := range rec.Fields {
				if v.Known() && !v.Blank() {
					counts[name]++
				}
			}
		}
		if !page.More {
			break
		}
		ask.Cursor = page.Cursor
	}
	return nil
}
