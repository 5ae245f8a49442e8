package salesforcetest

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"sort"
	"strings"
	"testing"
)

// recordedOrg is an org whose Account has the fields of a recorded describe.
func recordedOrg(t *testing.T, file string) *Sim {
	t.Helper()
	s := New(Config{Seed: 3})
	var d struct {
		Name   string
		Fields []struct {
			Name, Label, Type                             string
			Length, Precision, Scale, Digits              int
			Createable, Updateable, Nillable              bool
			DefaultedOnCreate, Calculated, ExternalID     bool
			RestrictedPicklist, Unique, DependentPicklist bool
			PicklistValues                                []struct{ Value, Label string }
		}
	}
	recordedInto(t, file, &d)
	names := map[string]bool{}
	for _, f := range d.Fields {
		names[f.Name] = true
		if s.object(d.Name).field(f.Name) != nil {
			continue
		}
		g := Field{Name: f.Name, Label: f.Label, Type: f.Type, Length: f.Length, Precision: f.Precision, Scale: f.Scale, Digits: f.Digits, Createable: f.Createable,
			Updateable: f.Updateable, Nillable: f.Nillable, DefaultedOnCreate: f.DefaultedOnCreate, Calculated: f.Calculated, ExternalID: f.ExternalID, Restricted: f.RestrictedPicklist, Unique: f.Unique}
		for _, v := range f.PicklistValues {
			g.Picklist = append(g.Picklist, PicklistValue{Value: v.Value, Label: v.Label})
		}
		s.AddField(d.Name, g)
	}
	for _, f := range slices.Clone(s.object(d.Name).fields) {
		if !names[f.Name] {
			s.RemoveField(d.Name, f.Name)
		}
	}
	return s
}

type recordedCall struct {
	Request struct {
		Method, URI string
		Body        json.RawMessage
	}
	Response struct {
		Status int
		Body   json.RawMessage
	}
}

// TestRecordedSequence sends 41 recorded calls of one live run in their order:
// every status and every body must come out as recorded, ids apart.
func TestRecordedSequence(t *testing.T) {
	s := recordedOrg(t, "data/payloads/salesforce/schema/Account_describe.json")
	for _, later := range []string{"ABM_Rank__c", "ABM_Tier__c", "Custom_External_ID__c"} {
		s.RemoveField("Account", later) // the describe is of a later day than the calls
	}
	var calls []recordedCall
	recordedInto(t, "data/payloads/salesforce/recorded_sequences/account_upserts.json", &calls)
	ids := map[string]string{}
	for i, c := range calls {
		u, err := url.Parse(c.Request.URI)
		if err != nil {
			t.Fatal(err)
		}
		uri := strings.ReplaceAll(translateIDs(u.RequestURI(), ids), "%25", "%") // the recording escaped twice
		body := translateIDs(string(c.Request.Body), ids)
		if body == "null" {
			body = ""
		}
		status, raw := send(t, s, c.Request.Method, uri, body)
		if status != c.Response.Status {
			t.Fatalf("call %d %s %s: %d %s, recorded %d", i, c.Request.Method, uri, status, raw, c.Response.Status)
		}
		var got, want any
		mustJSON(t, raw, &got)
		mustJSON(t, string(c.Response.Body), &want)
		learnIDs(want, got, ids)
		for _, d := range differences(fmt.Sprintf("call %d", i), want, got, ids) {
			t.Error(d)
		}
	}
}

func translateIDs(text string, ids map[string]string) string {
	for old, id := range ids {
		text = strings.ReplaceAll(text, old, id)
	}
	return text
}

func mustJSON(t *testing.T, raw string, into any) {
	t.Helper()
	if raw == "" {
		return
	}
	d := json.NewDecoder(strings.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(into); err != nil {
		t.Fatalf("%v: %s", err, raw)
	}
}

// learnIDs pairs recorded ids with the simulator's where a row was created.
func learnIDs(want, got any, ids map[string]string) {
	w, wantRows := want.([]any)
	g, gotRows := got.([]any)
	if !wantRows || !gotRows {
		w, g = []any{want}, []any{got}
	}
	for i := range w {
		a, isObject := w[i].(map[string]any)
		b, same := g[min(i, len(g)-1)].(map[string]any)
		if isObject && same && a["id"] != nil && b["id"] != nil && ids[a["id"].(string)] == "" {
			ids[a["id"].(string)] = b["id"].(string)
		}
	}
}

// differences compares keys, types and, where a value does not depend on the org
// or the clock, values.
func differences(at string, want, got any, ids map[string]string) []string {
	if volatile(at) {
		return nil
	}
	switch w := want.(type) {
	case map[string]any:
		g, same := got.(map[string]any)
		if !same {
			return []string{fmt.Sprintf("%s: got %v, recorded an object", at, got)}
		}
		var out []string
		for _, k := range keysOf(w) {
			if _, has := g[k]; !has {
				out = append(out, at+"."+k+" is missing")
				continue
			}
			out = append(out, differences(at+"."+k, w[k], g[k], ids)...)
		}
		for _, k := range keysOf(g) {
			if _, has := w[k]; !has {
				out = append(out, at+"."+k+" is not in the recording")
			}
		}
		return out
	case []any:
		g, same := got.([]any)
		if !same || len(g) != len(w) {
			return []string{fmt.Sprintf("%s: got %v, recorded %v", at, got, want)}
		}
		var out []string
		for i := range w {
			out = append(out, differences(fmt.Sprintf("%s[%d]", at, i), w[i], g[i], ids)...)
		}
		return out
	case string:
		g, same := got.(string)
		switch {
		case same && (strings.HasSuffix(at, "Date") || strings.HasSuffix(at, "Modstamp") || strings.HasSuffix(at, "ById") || strings.HasSuffix(at, "OwnerId")):
			if len(g) == len(w) {
				return nil
			}
		case same && g == translateIDs(w, ids):
			return nil
		}
		return []string{fmt.Sprintf("%s: got %v, recorded %q", at, got, w)}
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		return []string{fmt.Sprintf("%s: got %v, recorded %v", at, got, want)}
	}
	return nil
}

// volatile are values that the recorded org's own background jobs set.
func volatile(at string) bool {
	return strings.HasSuffix(at, "CleanStatus") || strings.HasSuffix(at, "LastViewedDate") || strings.HasSuffix(at, "LastReferencedDate")
}

func keysOf(m map[string]any) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	sort.Strings(out)
	return out
}

// TestRecordedInteractions sends the recorded REST calls of CumulusCI, each file to
// an org in an equivalent state, and compares keys and types.
func TestRecordedInteractions(t *testing.T) {
	total := 0
	for _, file := range []string{
		"TestCompositeParallelSalesforce.test_composite_parallel_salesforce", "TestCompositeParallelSalesforce.test_errors", "TestCompositeParallelSalesforce.test_reference_ids",
		"TestSelect.test_select_similarity_select_and_insert_strategy", "TestSelect.test_select_standard_strategy", "TestUpsert.test_simple_upsert__rest",
		"TestUpsert.test_upsert__rest", "TestUpsert.test_upsert_complex_external_id_field__rest", "TestUpsert.test_upsert_complex_external_id_field_rest__duplicate_error", "TestUpdatesIntegrationTests.test_updates_task",
	} {
		t.Run(file[strings.Index(file, ".")+1:], func(t *testing.T) { total += replayInteractions(t, file) })
	}
	t.Logf("%d recorded interactions replayed", total)
	if total < 55 {
		t.Errorf("only %d recorded interactions replayed", total)
	}
}

func replayInteractions(t *testing.T, file string) int {
	var calls []struct {
		Request struct {
			Method, URI string
			Body        json.RawMessage
		}
		Response struct {
			Status struct{ Code int }
			Body   json.RawMessage
		}
	}
	recordedInto(t, "contracts/salesforce/cumulusci/interactions/"+file+".json", &calls)
	s, n := New(Config{Seed: 4}), 0
	ids := map[string]string{}
	for i, c := range calls {
		if c.Request.Method == "" || !strings.Contains(c.Request.URI, "/services/data/") {
			continue
		}
		u, err := url.Parse(c.Request.URI)
		if err != nil {
			t.Fatal(err)
		}
		fix := strings.NewReplacer("vxx.0", "v62.0")
		plantMissing(t, s, string(c.Request.Body)+u.RequestURI(), ids)
		body := translateIDs(fix.Replace(string(c.Request.Body)), ids)
		if body == "null" {
			body = ""
		}
		status, raw := send(t, s, c.Request.Method, fix.Replace(translateIDs(u.RequestURI(), ids)), body)
		if status != c.Response.Status.Code {
			t.Errorf("call %d %s %s: %d %s, recorded %d", i, c.Request.Method, u.RequestURI(), status, raw, c.Response.Status.Code)
			continue
		}
		var got, want any
		mustJSON(t, raw, &got)
		mustJSON(t, string(c.Response.Body), &want)
		learnIDs(want, got, ids)
		for _, d := range shapes(fmt.Sprintf("call %d", i), want, got) {
			t.Error(d)
		}
		n++
	}
	return n
}

// plantMissing makes the records that a recorded call takes for granted.
func plantMissing(t *testing.T, s *Sim, text string, ids map[string]string) {
	t.Helper()
	for _, word := range strings.FieldsFunc(text, func(r rune) bool {
		return !(r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z')
	}) {
		if _, valid := ID18(word); !valid || len(word) != 18 || ids[word] != "" {
			continue
		}
		object, values := "", map[string]any{}
		switch word[:3] {
		case "001":
			object, values = "Account", map[string]any{"Name": "Recorded"}
		case "003":
			object, values = "Contact", map[string]any{"LastName": "Recorded"}
		case "00T":
			object, values = "Task", map[string]any{"Subject": "Recorded"}
		}
		if object == "" {
			continue
		}
		list, err := s.Load(object, []map[string]any{values})
		if err != nil {
			t.Fatal(err)
		}
		ids[word] = list[0]
	}
}

// shapes compares keys and JSON types; lists by their first elements, null fits
// everything.
func shapes(at string, want, got any) []string {
	if want == nil || got == nil {
		return nil
	}
	switch w := want.(type) {
	case map[string]any:
		g, same := got.(map[string]any)
		if !same {
			return []string{fmt.Sprintf("%s: got %v, recorded an object", at, got)}
		}
		var out []string
		for _, k := range keysOf(w) {
			if _, has := g[k]; !has && k != "nextRecordsUrl" {
				out = append(out, fmt.Sprintf("%s.%s is missing: %v", at, k, got))
				continue
			}
			out = append(out, shapes(at+"."+k, w[k], g[k])...)
		}
		for _, k := range keysOf(g) {
			if _, has := w[k]; !has {
				out = append(out, at+"."+k+" is not in the recording")
			}
		}
		return out
	case []any:
		g, same := got.([]any)
		if !same {
			return []string{fmt.Sprintf("%s: got %v, recorded a list", at, got)}
		}
		if len(w) > 0 && len(g) > 0 {
			return shapes(at+"[0]", w[0], g[0])
		}
		return nil
	}
	if fmt.Sprintf("%T", want) != fmt.Sprintf("%T", got) {
		return []string{fmt.Sprintf("%s: got a %T, recorded a %T", at, got, want)}
	}
	return nil
}
