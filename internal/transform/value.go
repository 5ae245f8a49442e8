package transform

import "crosswalk/internal/record"

// ApplyValues is Apply for values as records hold them, keeping the kinds of nothing apart (invariant C15): an
// unreadable input makes the result unreadable, inputs that are all absent make it absent, and a result that is blank
// is Empty. A single list is transformed part by part, unless the call makes one text of its inputs (join, first_of,
// template), where the parts are the inputs.
func (c Call) ApplyValues(in []record.Value, tables Tables) (record.Value, string, error) {
	absent := len(in) > 0
	for _, v := range in {
		if v.Kind() == record.Unreadable {
			return record.Hidden(), "", nil
		}
		absent = absent && v.Kind() == record.Absent
	}
	if absent && !c.makesValues() {
		return record.Value{}, "", nil
	}
	if len(in) == 1 && in[0].Kind() == record.List {
		return c.applyList(in[0].List(), tables)
	}
	texts := make([]string, len(in))
	for i, v := range in {
		texts[i] = v.Text()
	}
	res, err := c.Apply(texts, tables)
	if err != nil {
		return record.Value{}, "", err
	}
	return textOrEmpty(res.Text), res.Note, nil
}

func textOrEmpty(text string) record.Value {
	if text == "" {
		return record.Empty()
	}
	return record.Of(text)
}

func (c Call) applyList(parts []string, tables Tables) (record.Value, string, error) {
	if len(c.steps) > 0 && c.steps[0].spec.Inputs == 0 {
		res, err := c.Apply(parts, tables)
		return textOrEmpty(res.Text), res.Note, err
	}
	var out []string
	var note string
	for _, part := range parts {
		res, err := c.Apply([]string{part}, tables)
		if err != nil {
			return record.Value{}, "", err
		}
		if res.Text != "" {
			out = append(out, res.Text)
		}
		note = res.Note
	}
	if len(out) == 0 {
		return record.Empty(), note, nil
	}
	return record.Many(out...), note, nil
}

// makesValues tells whether the call can give a value where there was none.
func (c Call) makesValues() bool {
	for _, s := range c.steps {
		if s.spec.TakesBlank {
			return true
		}
	}
	return false
}
