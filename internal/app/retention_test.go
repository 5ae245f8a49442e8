package app

import (
	"fmt"
	"strings"
	"testing"
)

func TestRetentionInConfiguration(t *testing.T) {
	const base = "connections: { light: { system: light } }\n"
	for _, c := range []struct{ text, want, problem string }{
		{"", "[[documents never] [others 400d] [values 90d] [runs 90d]]", ""},
		{"retention: { values: 30d }\n", "[[documents never] [others 400d] [values 30d] [runs 90d]]", ""},
		{"retention: { documents: 3650d, others: never, runs: 1d }\n", "[[documents 3650d] [others never] [values 90d] [runs 1d]]", ""},
		{"retention: { values: 0d }\n", "", "write whole days as in 90d"},
		{"retention: { values: 3 months }\n", "", "write whole days as in 90d"},
		{"retention: { approvals: 90d }\n", "", "approvals"},
	} {
		got, err := ParseConfig([]byte(c.text + base))
		if c.problem != "" {
			if err == nil || !strings.Contains(err.Error(), c.problem) {
				t.Errorf("%q: %v, want %s", c.text, err, c.problem)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if text := fmt.Sprint(got.Retention.Standing()); text != c.want {
			t.Errorf("%q: %s, want %s", c.text, text, c.want)
		}
	}
}
