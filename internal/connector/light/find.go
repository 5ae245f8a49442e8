package light

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"crosswalk/internal/connector"
)

// findable says how each field can be asked for (fact sheet 2, 5): by a filter, which compares exactly as far as
// anybody knows, or by searchTerm, which finds parts of "searchable fields" without saying which.
var findable = map[string]map[string]string{
	"customers": {"vatNumber": "filter", "businessRegistrationNumber": "filter", "email": "filter", "name": "search", "domain": "search"},
	"products":  {"name": "filter or scan"},
}

// Findable lists the fields of an object that Find takes.
func (c *Connector) Findable(name string) []string {
	var out []string
	for field := range findable[name] {
		out = append(out, field)
	}
	slices.Sort(out)
	return out
}

const (
	asksPerFilter = 20   // spellings in one in-filter
	shortestTerm  = 3    // a shorter search term finds half the company's customers
	mostFound     = 1000 // records one search may give before it says nothing any more
	mostScanned   = 20000
)

// Find answers each ask with every record that may have the value. Filters are asked in the spellings people use
// (as given, small, capital, without blanks, dots and dashes), several asks in one call. Light publishes no escape
// in filters: a value with , | or : cannot be asked there.
func (c *Connector) Find(ctx context.Context, name string, asks []connector.Ask, fields []string) ([]connector.Answer, error) {
	o, err := listed("find", name)
	if err != nil {
		return nil, err
	}
	if wantsProperties(fields) {
		if _, err := c.properties(ctx, 0); err != nil {
			return nil, err
		}
	}
	f := finding{c: c, o: o, fields: fields, out: make([]connector.Answer, len(asks))}
	filters := map[string][]int{}
	var scans []int
	for i, ask := range asks {
		how := findable[name][ask.Field]
		switch {
		case how == "" || strings.TrimSpace(ask.Text) == "":
			f.out[i].CannotAsk = true
		case how == "search":
			if err := f.search(ctx, i, ask); err != nil {
				return nil, err
			}
		case safe(ask.Text):
			filters[ask.Field] = append(filters[ask.Field], i)
		case how == "filter or scan":
			scans = append(scans, i)
		default:
			f.out[i].CannotAsk = true
		}
	}
	for _, field := range c.Findable(name) {
		for part := range slices.Chunk(filters[field], asksPerFilter/4) {
			if err := f.filter(ctx, field, asks, part); err != nil {
				return nil, err
			}
		}
	}
	if len(scans) > 0 {
		if err := f.scan(ctx, asks, scans); err != nil {
			return nil, err
		}
	}
	return f.out, nil
}

type finding struct {
	c      *Connector
	o      *object
	fields []string
	out    []connector.Answer
}

// spellings are the ways a value may stand at Light, the given one first.
func spellings(text string) []string {
	bare := strings.Map(func(r rune) rune {
		if strings.ContainsRune(" .-/", r) {
			return -1
		}
		return r
	}, text)
	var out []string
	for _, s := range []string{text, strings.ToLower(text), strings.ToUpper(text), strings.ToUpper(bare)} {
		if safe(s) && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// folded is what two spellings have in common.
func folded(text string) string {
	return strings.ToLower(strings.Map(func(r rune) rune {
		if strings.ContainsRune(" .-/", r) {
			return -1
		}
		return r
	}, text))
}

func (f *finding) filter(ctx context.Context, field string, asks []connector.Ask, part []int) error {
	var values []string
	for _, i := range part {
		for _, s := range spellings(asks[i].Text) {
			if !slices.Contains(values, s) {
				values = append(values, s)
			}
		}
	}
	query := url.Values{"filter": {field + ":in:" + strings.Join(values, "|")}}
	return f.c.each(ctx, f.o.op("find"), f.o.path, query, func(p listPage) (bool, error) {
		for _, r := range p.rows {
			if err := f.give(r, field, asks, part, true); err != nil {
				return true, err
			}
		}
		return false, nil
	})
}

// give puts a record under every ask it may answer; one that fits none by our reading of the values goes under all:
// Light found it for a reason of its own.
func (f *finding) give(r row, field string, asks []connector.Ask, part []int, loose bool) error {
	rec, err := f.c.recordOf(f.o, r, f.fields)
	if err != nil {
		return nonsense(f.o.op("find"))
	}
	var fits []int
	for _, i := range part {
		if folded(r.text(field)) == folded(asks[i].Text) {
			fits = append(fits, i)
		}
	}
	if len(fits) == 0 && loose {
		fits = part
	}
	for _, i := range fits {
		f.out[i].Records = append(f.out[i].Records, rec)
	}
	return nil
}

// search asks by searchTerm: a superset. A term that is too short or finds too much says nothing.
func (f *finding) search(ctx context.Context, i int, ask connector.Ask) error {
	term := strings.TrimSpace(ask.Text)
	if len([]rune(term)) < shortestTerm {
		f.out[i].CannotAsk = true
		return nil
	}
	return f.c.each(ctx, f.o.op("find"), f.o.path, url.Values{"searchTerm": {term}}, func(p listPage) (bool, error) {
		for _, r := range p.rows {
			rec, err := f.c.recordOf(f.o, r, f.fields)
			if err != nil {
				return true, nonsense(f.o.op("find"))
			}
			f.out[i].Records = append(f.out[i].Records, rec)
		}
		if p.more && len(f.out[i].Records) >= mostFound {
			f.out[i] = connector.Answer{CannotAsk: true}
			return true, nil
		}
		return false, nil
	})
}

// scan reads the whole list once for all values that cannot stand in a filter.
func (f *finding) scan(ctx context.Context, asks []connector.Ask, part []int) error {
	read := 0
	return f.c.each(ctx, f.o.op("find"), f.o.path, nil, func(p listPage) (bool, error) {
		for _, r := range p.rows {
			if err := f.give(r, "name", asks, part, false); err != nil {
				return true, err
			}
		}
		if read += len(p.rows); p.more && read >= mostScanned {
			for _, i := range part {
				f.out[i] = connector.Answer{CannotAsk: true}
			}
			return true, nil
		}
		return false, nil
	})
}
