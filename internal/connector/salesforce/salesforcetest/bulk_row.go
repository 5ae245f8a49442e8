package salesforcetest

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// cells turns a row into the body of a record as REST would send it: empty cells
// are left out, #N/A is null, Parent.Ext__c is a nested object (section 12). The
// external id of an upsert and the Id come apart. err is a failed row's text.
func (s *Sim) cells(j *job, row []string) (body map[string]json.RawMessage, order []string, id, external, err string) {
	body = map[string]json.RawMessage{}
	for i, column := range j.table.columns {
		v := strings.TrimSpace(row[i])
		switch {
		case strings.EqualFold(column, "Id"):
			id = v
			if j.extName == "Id" {
				external = v
			}
			continue
		case j.extName != "" && strings.EqualFold(column, j.extName):
			external = v
			continue
		case v == "":
			continue
		}
		if relation, name, dotted := strings.Cut(column, "."); dotted {
			body[relation] = quoted(map[string]string{name: v})
			order = append(order, relation)
			continue
		}
		f := j.object.visible(column) // badColumn has seen that it is there
		raw, kind := cellJSON(f, v)
		if kind != "" {
			return nil, nil, id, external, fmt.Sprintf("INVALID_FIELD:Failed to deserialize field at col %d. Due to, '%s' is not a valid value for the type xsd:%s:%s --", i, v, kind, f.Name)
		}
		body[f.Name] = raw
		order = append(order, f.Name)
	}
	return body, order, id, external, ""
}

var bulkNumber = regexp.MustCompile(`^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$`)

// cellJSON reads a cell as its field's type; a kind other than "" says that it
// cannot be read, and as what XML type (recorded for dates).
func cellJSON(f *Field, v string) (raw json.RawMessage, kind string) {
	if v == "#N/A" {
		return json.RawMessage("null"), ""
	}
	switch {
	case f.Type == "boolean":
		switch strings.ToLower(v) {
		case "true", "1":
			return json.RawMessage("true"), ""
		case "false", "0":
			return json.RawMessage("false"), ""
		}
		return nil, "boolean"
	case f.number():
		if !bulkNumber.MatchString(v) {
			return nil, map[bool]string{true: "int", false: "double"}[f.Type == "int"]
		}
		return quoted(v), "" // numbers may come as text (section 4)
	case f.Type == "date":
		t, valid := isoTime(strings.TrimSuffix(v, "Z"))
		if !valid {
			return nil, "date"
		}
		v = t.Format(dateForm)
	case f.Type == "datetime":
		t, valid := isoTime(v)
		if !valid {
			return nil, "dateTime"
		}
		v = t.UTC().Format(stampForm)
	}
	return quoted(v), ""
}

// isoTime reads a date or an ISO 8601 time as Bulk takes it; without a zone it is
// UTC (inferred).
func isoTime(v string) (time.Time, bool) {
	for _, form := range []string{dateForm, time.RFC3339Nano, stampForm, "2006-01-02T15:04:05.000-0700", "2006-01-02T15:04:05"} {
		if t, err := time.Parse(form, v); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

func quoted(v any) json.RawMessage {
	raw, err := marshal(v)
	if err != nil {
		panic(fmt.Sprintf("salesforcetest: a cell does not marshal: %v", err))
	}
	return raw
}

// errorText is a row's error in a result file: CODE:message:fields -- (recorded).
func (e *apiError) errorText() string {
	if len(e.items) == 0 {
		return fmt.Sprintf("UNKNOWN_EXCEPTION:%v:--", e)
	}
	it := e.items[0]
	return it.Code + ":" + it.Message + ":" + strings.Join(it.Fields, ",") + " --"
}

// incoming is the body of a row's record.
type incoming struct {
	body  map[string]json.RawMessage
	order []string
}

func (in *incoming) set(name, value string) {
	in.body[name] = quoted(value)
	in.order = append(in.order, name)
}
