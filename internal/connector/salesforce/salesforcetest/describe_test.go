package salesforcetest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestDescribeIsAsRecorded compares every member of every standard field, and the
// flags of the object, with the recorded describes.
func TestDescribeIsAsRecorded(t *testing.T) {
	for _, object := range []string{"Account", "Contact", "Lead", "Opportunity", "OpportunityContactRole", "Event", "Case"} {
		t.Run(object, func(t *testing.T) {
			var want map[string]any
			recordedInto(t, "contracts/salesforce/cumulusci/describe/GET_sobjects_"+object+"_describe.json", &want)
			status, raw := send(t, New(Config{}), http.MethodGet, "/sobjects/"+object+"/describe", "")
			var got map[string]any
			if status != http.StatusOK || json.Unmarshal([]byte(raw), &got) != nil {
				t.Fatalf("%d %.200s", status, raw)
			}
			for _, k := range keysOf(want) {
				if _, has := got[k]; !has {
					t.Errorf("the describe lacks %s", k)
				}
				if w, isFlag := want[k].(bool); isFlag && got[k] != w {
					t.Errorf("%s is %v, recorded %v", k, got[k], w)
				}
			}
			compareFields(t, want["fields"].([]any), got["fields"].([]any))
		})
	}
}

func compareFields(t *testing.T, want, got []any) {
	byName := map[string]map[string]any{}
	for _, f := range got {
		byName[f.(map[string]any)["name"].(string)] = f.(map[string]any)
	}
	compared := 0
	for _, f := range want {
		w := f.(map[string]any)
		g := byName[w["name"].(string)]
		if g == nil || w["custom"] == true {
			continue
		}
		compared++
		for _, k := range keysOf(w) {
			switch k {
			case "referenceTo", "picklistValues", "aggregatable", "groupable", "sortable", "permissionable", "queryByDistance", "searchPrefilterable", "relationshipOrder", "cascadeDelete", "restrictedDelete", "mask", "maskType", "defaultValue", "inlineHelpText", "byteLength", "calculatedFormula", "writeRequiresMasterRead", "nameField", "polymorphicForeignKey", "namePointing":
				if _, has := g[k]; !has {
					t.Errorf("%s lacks %s", w["name"], k)
				}
				continue
			}
			if fmt.Sprint(w[k]) != fmt.Sprint(g[k]) && !(k == "label" && (w["name"] == "Id" || w["name"] == "IsDeleted")) && !(k == "length" && fmt.Sprint(w[k], g[k]) == "40 255") {
				t.Errorf("%s.%s is %v, recorded %v", w["name"], k, g[k], w[k])
			}
		}
	}
	if compared < 10 {
		t.Errorf("only %d fields compared", compared)
	}
}

// TestDescribeFollowsTheOrg changes the schema under a live client.
func TestDescribeFollowsTheOrg(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Config{})
		field := func(name string) map[string]any {
			_, raw := send(t, s, http.MethodGet, "/sobjects/Account/describe", "")
			var d struct{ Fields []map[string]any }
			mustJSON(t, raw, &d)
			for _, f := range d.Fields {
				if f["name"] == name {
					return f
				}
			}
			return nil
		}
		then := answerOf(s, http.MethodGet, "/sobjects/Account/describe", "").Header().Get("Last-Modified")
		if status, _ := send(t, s, http.MethodGet, "/sobjects/Account/describe", "", "If-Modified-Since", then); status != http.StatusNotModified {
			t.Errorf("an unchanged describe is %d, not 304", status)
		}
		time.Sleep(2 * time.Second)
		s.AddField("Account", Picklist("Tier__c", true, "Gold", "Silver"))
		if status, _ := send(t, s, http.MethodGet, "/sobjects/Account/describe", "", "If-Modified-Since", then); status != http.StatusOK {
			t.Errorf("a changed describe is %d, not 200", status)
		}
		id := makeRecord(t, s, "Account", `{"Name":"A","Tier__c":"Gold"}`)
		s.SetPicklist("Account", "Tier__c", "Silver", "-Gold")
		values := field("Tier__c")["picklistValues"].([]any)
		if v := values[1].(map[string]any); v["value"] != "Gold" || v["active"] != false {
			t.Errorf("an inactive value shows as %v", v)
		}
		expect(t, s, http.MethodPatch, "/sobjects/Account/"+id, `{"Tier__c":"Gold"}`, 400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "bad value for restricted picklist field: Gold")
		s.SetFLS("Account", "Tier__c", FLSRead)
		if f := field("Tier__c"); f["updateable"] != false || f["createable"] != false {
			t.Errorf("a read-only field shows as updateable")
		}
		expect(t, s, http.MethodPatch, "/sobjects/Account/"+id, `{"Tier__c":"Silver"}`, 400, "INVALID_FIELD_FOR_INSERT_UPDATE", "Tier__c")
		s.SetFLS("Account", "Tier__c", FLSHidden)
		if field("Tier__c") != nil {
			t.Error("a hidden field is described")
		}
		expect(t, s, http.MethodPatch, "/sobjects/Account/"+id, `{"Tier__c":"Silver"}`, 400, "INVALID_FIELD", "No such column 'Tier__c' on sobject of type Account")
		expect(t, s, http.MethodGet, "/query?q=SELECT+Tier__c+FROM+Account", "", 400, "INVALID_FIELD", "No such column 'Tier__c' on entity 'Account'")
		s.SetFLS("Account", "Tier__c", FLSEdit)
		s.RenameField("Account", "Tier__c", "Level__c")
		if r, _ := s.Get("Account", id); r.Text("Level__c") != "Gold" {
			t.Errorf("a renamed field lost its value: %v", r.Values["Level__c"])
		}
		s.RemoveField("Account", "Level__c")
		if field("Level__c") != nil {
			t.Error("a removed field is described")
		}
		s.AddObject(Object{Name: "Shipment__c", Fields: []Field{Lookup("Account__c", "Account", "Shipments")}})
		ship := makeRecord(t, s, "Shipment__c", `{"Name":"S-1","Account__c":"`+id+`"}`)
		if n := query1(t, s, "SELECT Account__r.Name FROM Shipment__c WHERE Id = '"+ship+"'"); n["Account__r"].(map[string]any)["Name"] != "A" {
			t.Errorf("a custom relationship upwards: %v", n)
		}
		if n := query1(t, s, "SELECT Id, (SELECT Name FROM Shipments__r) FROM Account"); n["Shipments__r"].(map[string]any)["totalSize"] != json.Number("1") {
			t.Errorf("a custom relationship downwards: %v", n)
		}
		s.SetAccess("Shipment__c", Access{NoRead: true})
		expect(t, s, http.MethodGet, "/sobjects/Shipment__c/describe", "", 404, "NOT_FOUND", "The requested resource does not exist")
	})
}

// TestGlobalDescribe has the keys of the recorded list.
func TestGlobalDescribe(t *testing.T) {
	var want struct{ Sobjects []map[string]any }
	recordedInto(t, "contracts/salesforce/cumulusci/describe/GET_sobjects_Global_describe.json", &want)
	_, raw := send(t, New(Config{}), http.MethodGet, "/sobjects", "")
	var got struct {
		Encoding     string
		MaxBatchSize int
		Sobjects     []map[string]any
	}
	if err := json.Unmarshal([]byte(raw), &got); err != nil || got.MaxBatchSize != 200 || got.Encoding != "UTF-8" {
		t.Fatalf("%v %.200s", err, raw)
	}
	found := 0
	for _, w := range want.Sobjects {
		for _, g := range got.Sobjects {
			if w["name"] != g["name"] {
				continue
			}
			found++
			for k, v := range w {
				if _, isURL := v.(map[string]any); isURL {
					continue
				}
				if fmt.Sprint(g[k]) != fmt.Sprint(v) && k != "keyPrefix" && k != "mergeable" && k != "feedEnabled" { // cut in this recording, or of another org than the describes
					t.Errorf("%s.%s is %v, recorded %v", w["name"], k, g[k], v)
				}
			}
		}
	}
	if found < 5 {
		t.Errorf("only %d recorded objects found", found)
	}
}

// TestOrganization has the fields of the recorded row.
func TestOrganization(t *testing.T) {
	var want map[string]any
	recordedInto(t, "contracts/salesforce/cumulusci/describe/GET_sobjects_Organization.json", &want)
	s := New(Config{Sandbox: true})
	_, raw := send(t, s, http.MethodGet, "/sobjects/Organization/"+s.OrgID(), "")
	var got map[string]any
	mustJSON(t, raw, &got)
	for _, d := range shapes("Organization", anyNumbers(t, want), got) {
		t.Error(d)
	}
	if got["IsSandbox"] != true || got["Id"] != s.OrgID() || !strings.HasPrefix(s.OrgID(), "00D") {
		t.Errorf("%v", got)
	}
	old := s.OrgID()
	if fresh := s.RefreshSandbox(); fresh == old {
		t.Error("a refreshed sandbox keeps its org id")
	}
}

// anyNumbers reads a value again so that numbers are json.Number.
func anyNumbers(t *testing.T, v any) any {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var out any
	mustJSON(t, string(raw), &out)
	return out
}
