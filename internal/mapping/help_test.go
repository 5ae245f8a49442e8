package mapping_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"crosswalk/internal/mapping"
)

const helpPage = "../help/mapping.md"

var knownKeys = regexp.MustCompile(`(?:\.child|\.object|:= r\.object)\(([^)]*)\)|fieldKeys = \[\]string\{([^}]*)\}`)

// Every key that the reader of documents knows is explained on the page that users read.
func TestHelpNamesEveryKey(t *testing.T) {
	page, err := os.ReadFile(helpPage)
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, file := range []string{"read.go", "readfield.go"} {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, call := range knownKeys.FindAllStringSubmatch(string(source), -1) {
			for _, key := range regexp.MustCompile(`"([a-z_]+)"`).FindAllStringSubmatch(call[1]+call[2], -1) {
				seen++
				if !regexp.MustCompile("[`.]" + key[1] + "[`:]").Match(page) {
					t.Errorf("%s does not explain the key %s", helpPage, key[1])
				}
			}
		}
	}
	if seen < 70 {
		t.Errorf("only %d keys found in the source; the test has lost its way", seen)
	}
}

// The examples of the page are parts of documents that load.
func TestHelpExamplesLoad(t *testing.T) {
	page, err := os.ReadFile(helpPage)
	if err != nil {
		t.Fatal(err)
	}
	head := map[string]string{"mapping:": "mapping: m\n", "a:": "a: { connection: crm, object: deals }\n", "b:": "b: { connection: billing, object: customers }\n",
		"with:": "with: { company: { object: companies } }\n", "a_to_b:": "a_to_b: true\n", "fields:": "fields: [ { a: x, b: y } ]\n"}
	for _, block := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(page), -1) {
		source := block[1]
		if strings.HasPrefix(source, "after:") || strings.Contains(source, "\nmirror:") {
			invoice, err := os.ReadFile("presets/hubspot-light/deals-to-invoices.yaml")
			if err != nil {
				t.Fatal(err)
			}
			source = strings.Split(string(invoice), "\nafter:")[0] + "\n" + source
		} else {
			for key, line := range head {
				if !regexp.MustCompile("(?m)^" + key).MatchString(source) {
					source += line
				}
			}
		}
		if _, err := mapping.Load([]byte(source), language()); err != nil {
			t.Errorf("%s\n%v", block[1], err)
		}
	}
}
