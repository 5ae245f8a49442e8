package mapping_test

import (
	"bytes"
	"strings"
	"testing"

	"crosswalk/internal/mapping"
)

// A source of documents that rests writes nothing, so that another may take its place; but what it billed is billed, and the
// new one must say how it knows such a deal. Two writers of one field are no trouble while one of them rests (A6, B13).
func TestResting(t *testing.T) {
	for _, c := range []struct {
		file, add string // what is added to the second document
		rests     string
		want      string // part of the one complaint; "" = none
	}{
		{"A6_two_sources_of_documents", "", "", "must have one source"},
		{"A6_two_sources_of_documents", "", "deals-to-invoices", "opportunities-to-contracts: line 1: mirror: deals-to-invoices made documents in billing from crm deals"},
		{"A6_two_sources_of_documents", "", "opportunities-to-contracts", "deals-to-invoices: line 1: mirror: opportunities-to-contracts made documents"},
		{"A6_two_sources_of_documents", "mirror: { connection: other, object: deals }", "deals-to-invoices", "mirror: { connection: crm, object: deals, field:"},
		{"A6_two_sources_of_documents", "mirror: { connection: crm, object: deals, field: hs_salesforceopportunityid }", "deals-to-invoices", ""},
		{"A6_two_sources_of_documents", "mirror: { connection: crm, object: deals }", "deals-to-invoices", ""},
		{"B13_two_writers", "", "", "both write name"},
		{"B13_two_writers", "", "hubspot-customers", ""},
	} {
		source := read(t, "testdata/set/"+c.file+".yaml")
		var all []*mapping.Mapping
		for n, part := range bytes.Split(source, []byte("\n---\n")) {
			if n == 1 {
				part = append(bytes.Clone(part), "\n"+c.add+"\n"...)
			}
			all = append(all, mustLoad(t, part))
		}
		got := mapping.CheckBeside(all, func(name string) bool { return name == c.rests })
		switch text := got.Error(); {
		case c.want == "" && len(got) > 0, c.want != "" && (len(got) != 1 || !strings.Contains(text, c.want)):
			t.Errorf("%s, %q, resting %s: %q, want %q", c.file, c.add, c.rests, text, c.want)
		}
	}
}
