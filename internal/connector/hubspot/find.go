package hubspot

import (
	"context"
	"maps"
	"slices"
	"strings"

	"crosswalk/internal/connector"
	"crosswalk/internal/record"
)

// Findable lists the fields that can be asked strongly: unique properties, by batch/read (search lags and lies for
// minutes). Describe adds the account's own unique properties to the list.
func (c *Connector) Findable(object string) []string {
	k, err := c.kind("find", object)
	if err != nil {
		return nil
	}
	names := map[string]bool{}
	if c.markable(object) {
		names[MarkerField] = true
	}
	if k.name == "contacts" {
		names["email"] = true
	}
	c.mu.Lock()
	for name, p := range c.fields[object] {
		if p.Unique && p.Type == "string" {
			names[name] = true
		}
	}
	c.mu.Unlock()
	return slices.Sorted(maps.Keys(names))
}

// Find asks by unique properties, compared as HubSpot does, without regard to case. A contact is also found by an
// additional e-mail of its own.
func (c *Connector) Find(ctx context.Context, object string, asks []connector.Ask, fields []string) ([]connector.Answer, error) {
	op := "find " + object
	k, err := c.resolve(ctx, op, object)
	if err != nil {
		return nil, err
	}
	findable := c.Findable(object)
	answers := make([]connector.Answer, len(asks))
	byField := map[string][]int{}
	for i, ask := range asks {
		if !slices.Contains(findable, ask.Field) || !askable(ask) {
			answers[i].CannotAsk = true
			continue
		}
		byField[ask.Field] = append(byField[ask.Field], i)
	}
	for _, field := range slices.Sorted(maps.Keys(byField)) {
		if err := c.findBy(ctx, op, k, field, asks, byField[field], fields, answers); err != nil {
			return nil, err
		}
	}
	return answers, c.relateAnswers(ctx, op, k, fields, answers)
}

// askable tells whether the value can be a key; HubSpot refuses a whole batch for one that cannot.
func askable(a connector.Ask) bool {
	text := strings.TrimSpace(a.Text)
	if text == "" || len(text) > 1000 || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == '\uFFFD' }) {
		return false
	}
	if a.Field != "email" {
		return true
	}
	local, domain, ok := strings.Cut(text, "@")
	return ok && local != "" && strings.Contains(domain, ".") && !strings.ContainsAny(text, " \"\\,;:<>()[]")
}

func fold(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

// findBy asks for all values of one property. A value that the answer neither finds nor reports as missing is
// asked for alone; a value still not answered then fails the call, since "nobody has it" leads to a create.
func (c *Connector) findBy(ctx context.Context, op string, k kind, field string, asks []connector.Ask, which []int, fields []string, answers []connector.Answer) error {
	wanted := map[string][]int{} // folded value -> asks
	var values []string
	for _, i := range which {
		key := fold(asks[i].Text)
		if wanted[key] == nil {
			values = append(values, strings.TrimSpace(asks[i].Text))
		}
		wanted[key] = append(wanted[key], i)
	}
	for _, chunk := range c.chunks(values, c.Batch) {
		open, err := c.findBatch(ctx, op, k, field, chunk, fields, wanted, answers)
		if err != nil {
			return err
		}
		for _, value := range open {
			still, err := c.findBatch(ctx, op, k, field, []string{value}, fields, wanted, answers)
			if err != nil {
				return err
			}
			if len(still) > 0 {
				return &connector.Error{Fault: connector.Unavailable, Op: op, Code: "a value was left out of the answer", Fields: []string{field}}
			}
		}
	}
	return nil
}

func (c *Connector) findBatch(ctx context.Context, op string, k kind, field string, values, fields []string, wanted map[string][]int, answers []connector.Answer) (open []string, err error) {
	keys := []string{field}
	if field == "email" {
		keys = append(keys, "hs_additional_emails")
	}
	got, err := c.readBatch(ctx, op, k, values, field, append(slices.Clone(fields), keys...), false)
	if err != nil {
		return nil, err
	}
	said := map[string]bool{}
	for _, w := range got.Results {
		r := *c.record(k, w, fields)
		for _, value := range heldValues(w, keys) {
			if !slices.ContainsFunc(values, func(v string) bool { return fold(v) == value }) {
				continue
			}
			said[value] = true
			for _, i := range wanted[value] {
				answers[i].Records = append(answers[i].Records, r)
			}
		}
	}
	for _, e := range got.Errors {
		if e.Category != "OBJECT_NOT_FOUND" {
			return nil, e.fault(op)
		}
		for _, value := range e.Context["ids"] {
			said[fold(value)] = true
		}
	}
	for _, value := range values {
		if !said[fold(value)] {
			open = append(open, value)
		}
	}
	if field == "email" && len(open) == 1 && len(values) == 1 && len(got.Results) == 1 { // an address only HubSpot knows to be this contact's
		for _, i := range wanted[fold(values[0])] {
			answers[i].Records = []record.Record{*c.record(k, got.Results[0], fields)}
		}
		return nil, nil
	}
	return open, nil
}

func (c *Connector) relateAnswers(ctx context.Context, op string, k kind, fields []string, answers []connector.Answer) error {
	if !hasAssociations(fields) {
		return nil
	}
	var list []*record.Record
	for i := range answers {
		for j := range answers[i].Records {
			list = append(list, &answers[i].Records[j])
		}
	}
	if len(list) == 0 {
		return nil
	}
	return c.relate(ctx, op, k, list, nil, fields)
}

// heldValues gives the folded values by which a record can have been found.
func heldValues(w wireRecord, keys []string) []string {
	var out []string
	for _, key := range keys {
		for part := range strings.SplitSeq(w.Properties[key].text, ";") {
			if v := fold(part); v != "" && !slices.Contains(out, v) {
				out = append(out, v)
			}
		}
		if whole := fold(w.Properties[key].text); whole != "" && !slices.Contains(out, whole) {
			out = append(out, whole)
		}
	}
	return out
}

// Look finds the record bearing a marker by the unique marker property, which batch/read answers from the record
// itself. A unique value has one bearer at most, so that nothing narrows the search.
func (c *Connector) Look(ctx context.Context, r connector.LookRequest) ([]record.Record, error) {
	answers, err := c.Find(ctx, r.Object, []connector.Ask{{Field: MarkerField, Text: r.Marker}}, r.Fields)
	if err != nil {
		return nil, err
	}
	return answers[0].Records, nil
}
