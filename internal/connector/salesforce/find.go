package salesforce

import (
	"context"
	"maps"
	"slices"
	"strings"

	"crosswalk/internal/connector"
	"crosswalk/internal/record"
)

// findableTypes are those of fields whose text can be compared as it is. Long text cannot stand in a condition.
var findableTypes = []string{"string", "email", "phone", "url", "picklist", "combobox", "id", "reference"}

// Findable lists the fields that can be asked: a query sees every record as it is now. Before an object was described
// these are the marker and those every org has.
func (c *Connector) Findable(object string) []string {
	if !slices.Contains(c.Objects(), object) {
		return nil
	}
	names := map[string]bool{}
	s := c.described(object)
	if s == nil {
		names[MarkerField] = true
		if object == "Contact" || object == "Lead" {
			names["Email"] = true
		}
		return slices.Sorted(maps.Keys(names))
	}
	for _, p := range s.Fields {
		if _, visible := s.field(p.Name); visible && p.findable() {
			names[p.Name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

func (p property) findable() bool { return p.Filterable && slices.Contains(findableTypes, p.Type) }

// maxAsked is how much text one query's values may have: half of what a statement may (fact sheet 8), and with five
// queries in a call still a small body.
const maxAsked = 40_000

// Find asks by equality, which Salesforce decides without regard to case, for values that a query can say.
func (c *Connector) Find(ctx context.Context, object string, asks []connector.Ask, fields []string) ([]connector.Answer, error) {
	op := "find " + object
	name, err := c.object(op, object)
	if err != nil {
		return nil, err
	}
	sel, err := c.selectFields(ctx, op, name, fields)
	if err != nil {
		return nil, err
	}
	answers := make([]connector.Answer, len(asks))
	byField := map[string][]int{}
	for i, ask := range asks {
		p, known := sel.schema.field(ask.Field)
		if !known || !p.findable() || !p.askable(ask.Text) {
			answers[i].CannotAsk = true
			continue
		}
		byField[ask.Field] = append(byField[ask.Field], i)
	}
	return answers, c.findAll(ctx, op, sel, asks, byField, answers)
}

// askable tells whether the value can be in that field and said in a query.
func (p property) askable(text string) bool {
	if p.Type == "id" || p.Type == "reference" {
		_, ok := ID(text)
		return ok
	}
	return sayable(strings.TrimSpace(text))
}

// search is one query for values of one field, and whom its rows answer.
type search struct {
	field property
	query query
	asks  map[string][]int // by folded value
}

func (c *Connector) findAll(ctx context.Context, op string, sel *selection, asks []connector.Ask, byField map[string][]int, answers []connector.Answer) error {
	var searches []search
	for _, field := range slices.Sorted(maps.Keys(byField)) {
		p, _ := sel.schema.field(field)
		searches = append(searches, searchesFor(sel, p, asks, byField[field])...)
	}
	var queries []query
	for _, s := range searches {
		queries = append(queries, s.query)
	}
	results, err := c.askMany(ctx, op, queries)
	if err != nil {
		return err
	}
	for n, s := range searches {
		if len(results[n].Records) != results[n].rows { // "nobody has it" leads to a create
			return &connector.Error{Fault: connector.Unavailable, Op: op, Code: "rows were left out of the answer", Fields: []string{s.field.Name}}
		}
		if err := c.gather(ctx, op, sel, results[n].Records); err != nil {
			return err
		}
		for _, r := range results[n].Records {
			if sel.object == "Lead" && r.yes("IsConverted") && s.field.Name != MarkerField && s.field.Type != "id" {
				continue // it is its contact now; only who knows this very lead is told of it
			}
			s.give(c, sel, r, answers)
		}
	}
	return nil
}

// searchesFor makes the queries for all values of one field, each value once.
func searchesFor(sel *selection, p property, asks []connector.Ask, which []int) []search {
	columns := sel.columns
	if !slices.Contains(columns, column(p.Name)) {
		columns = append(slices.Clip(columns), column(p.Name))
	}
	var out []search
	size := maxAsked
	values := among{column: column(p.Name)}
	for _, i := range which {
		text := canonical(p, strings.TrimSpace(asks[i].Text))
		lit := quoted(text)
		if size += len(lit.text) + 2; size > maxAsked {
			out = append(out, search{field: p, asks: map[string][]int{}})
			size, values.values = len(lit.text), nil
		}
		s := &out[len(out)-1]
		if key := fold(text); s.asks[key] == nil {
			values.values = append(values.values, lit)
		}
		s.asks[fold(text)] = append(s.asks[fold(text)], i)
		s.query = query{fields: columns, subs: sel.subs, from: column(sel.object), where: values, order: []column{"Id"}}
	}
	return out
}

func fold(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

// give hands a row to the asks it answers. One that Salesforce held equal to a value that we do not (it folds more than
// case) goes to all of them: too many hits are compared again, too few are not.
func (s search) give(c *Connector, sel *selection, r row, answers []connector.Answer) {
	rec := c.record(sel, r)
	if rec.Ref.ID == "" {
		return
	}
	mine, ok := s.asks[fold(value(s.field, r.at(s.field.Name)).Text())]
	if ok {
		for _, i := range mine {
			answers[i].Records = append(answers[i].Records, *rec)
		}
		return
	}
	for _, all := range s.asks {
		for _, i := range all {
			answers[i].Records = append(answers[i].Records, *rec)
		}
	}
}

// Look finds the records bearing a marker by the unique marker field, which a query sees as soon as the create was
// committed. Nothing narrows it: a unique value has one bearer at most.
func (c *Connector) Look(ctx context.Context, r connector.LookRequest) ([]record.Record, error) {
	op := "look for " + r.Object
	if !sayable(r.Marker) {
		return nil, nil // no create carried it
	}
	fields := append(slices.Clone(r.Fields), MarkerField)
	answers, err := c.Find(ctx, r.Object, []connector.Ask{{Field: MarkerField, Text: r.Marker}}, fields)
	if err != nil {
		return nil, err
	}
	if answers[0].CannotAsk {
		return nil, &connector.Error{Fault: connector.Forbidden, Op: op, Code: "the marker field is not there or not visible", Fields: []string{MarkerField}}
	}
	var out []record.Record
	for _, rec := range answers[0].Records {
		if rec.Field(MarkerField).Text() != r.Marker { // the field may fold case
			continue
		}
		if !slices.Contains(r.Fields, MarkerField) {
			delete(rec.Fields, MarkerField)
		}
		out = append(out, rec)
	}
	return out, nil
}
