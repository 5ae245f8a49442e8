package link

import "testing"

func TestHasNewer(t *testing.T) {
	for _, c := range []struct {
		name, data string
		want       bool
	}{
		{"nothing", `{}`, false},
		{"known names", `{"v":1,"s":"linked"}`, false},
		{"a name of tomorrow", `{"v":1,"of_tomorrow":{"a":[1,2]}}`, true},
		{"the last of many", `{"v":1,"s":"a","of_tomorrow":1}`, true},
		{"behind a list of objects", `{"v":1,"do":[{"x":"y"},{"z":1}],"of_tomorrow":1}`, true},
		{"only below the top", `{"v":1,"s":{"of_tomorrow":{"deeper":1}}}`, false},
		{"only within values", `{"v":1,"s":"{\"of_tomorrow\":1,","m":"a\\"}`, false},
		{"with escapes", `{"\u0076":1}`, true},
		{"with spaces", "{ \"v\" : 1 ,\n \"of_tomorrow\" : 2 }", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := hasNewer([]byte(c.data)); got != c.want {
				t.Errorf("%s: %v, want %v", c.data, got, c.want)
			}
		})
	}
}
