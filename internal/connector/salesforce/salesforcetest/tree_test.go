package salesforcetest

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

// TestRecordTrees writes other people's sample trees through collections of 200:
// lower-case names, numbers as text, a set of 10,000.
func TestRecordTrees(t *testing.T) {
	for _, file := range []string{
		"data/crm/salesforce_tree/moreThan200/Account.json",
		"contracts/salesforce/apex-recipes/Accounts.json",
		"contracts/salesforce/apex-recipes/Contacts.json",
		"contracts/salesforce/apex-recipes/Opportunities.json",
		"contracts/salesforce/salesforcecli-plugin-data/commonChild/Opportunity.json",
		"contracts/salesforce/salesforcecli-plugin-data/commonChild/Task.json",
	} {
		var tree struct{ Records []map[string]any }
		mustJSON(t, string(recordedFile(t, file)), &tree)
		s := New(Config{})
		written := 0
		for from := 0; from < len(tree.Records); from += 200 {
			part := tree.Records[from:min(from+200, len(tree.Records))]
			for _, r := range part {
				for k, v := range r {
					if text, isText := v.(string); isText && strings.HasPrefix(text, "@") {
						delete(r, k) // a reference into another file of the tree
					} else if object, isObject := v.(map[string]any); isObject && object["records"] != nil {
						delete(r, k) // children, which a collection cannot carry
					}
				}
			}
			body, err := json.Marshal(map[string]any{"records": part})
			if err != nil {
				t.Fatal(err)
			}
			for i, row := range rowsOf(t, s, http.MethodPost, "/composite/sobjects", string(body)) {
				if !row.Success {
					t.Fatalf("%s row %d: %+v of %v", file, from+i, row.Errors, part[i])
				}
				written++
			}
		}
		if written != len(tree.Records) || written == 0 {
			t.Errorf("%s: %d of %d", file, written, len(tree.Records))
		}
		t.Logf("%s: %d records", file, written)
	}
}
