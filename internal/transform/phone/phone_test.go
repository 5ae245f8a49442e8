package phone_test

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"crosswalk/internal/transform"
	"crosswalk/internal/transform/phone"
)

var set = transform.Builtin(phone.Funcs())

func rows(t *testing.T, path string) []map[string]string {
	t.Helper()
	root := os.Getenv("CROSSWALK_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "..", "..", "shared")
	}
	f, err := os.Open(filepath.Join(root, "data", path))
	if err != nil {
		if os.Getenv("CROSSWALK_REQUIRE_SHARED") == "1" {
			t.Fatal(err)
		}
		t.Skip("the shared test data is not here: ", err)
	}
	defer f.Close()
	all, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var out []map[string]string
	for _, row := range all[1:] {
		m := map[string]string{}
		for i, name := range all[0] {
			m[name] = row[i]
		}
		out = append(out, m)
	}
	return out
}

func apply(t *testing.T, call, in string) (string, error) {
	t.Helper()
	c, err := set.Parse(call)
	if err != nil {
		t.Fatal(call, err)
	}
	res, err := c.Apply([]string{in}, nil)
	if err == nil {
		if again, err := c.Apply([]string{res.Text}, nil); err != nil || again.Text != res.Text {
			t.Errorf("%s: %q -> %q -> %q, %v", call, in, res.Text, again.Text, err)
		}
	}
	return res.Text, err
}

// TestNorthwind: 48 valid and 28 possible numbers are written in E.164, 15 others stay as they are.
func TestNorthwind(t *testing.T) {
	converted, kept, strict := 0, 0, 0
	for _, r := range rows(t, "expected/northwind_customer_phone_e164.csv") {
		call := `phone_e164("` + r["region"] + `")`
		want := r["raw"]
		if r["possible"] == "true" {
			want = r["e164"]
			if r["extension"] != "" {
				want += " ext. " + r["extension"]
			}
			converted++
		} else {
			kept++
		}
		if got, err := apply(t, call, r["raw"]); err != nil || got != want {
			t.Errorf("%s of %q = %q, %v; want %q", call, r["raw"], got, err, want)
		}
		if _, err := apply(t, `phone_e164("`+r["region"]+`", strict=true)`, r["raw"]); err == nil {
			strict++
		}
	}
	if converted != 76 || kept != 15 || strict != 48 {
		t.Errorf("%d converted, %d kept, %d pass strict; want 76, 15, 48", converted, kept, strict)
	}
}

// TestEveryRegion runs the example number of every region and type of libphonenumber.
func TestEveryRegion(t *testing.T) {
	n := 0
	for _, r := range rows(t, "phone/e164_examples_by_region.csv") {
		for _, in := range []string{r["national_example"], r["e164"]} {
			if _, country := transform.CountryCode(r["region"]); !country {
				continue // 001 and islands without a code of their own in ISO 3166
			}
			got, err := apply(t, `phone_e164("`+r["region"]+`")`, in)
			if err != nil || got != r["e164"] {
				t.Errorf("%s %s: %q -> %q, %v; want %q", r["region"], r["type"], in, got, err, r["e164"])
			}
			n++
		}
	}
	if n < 2000 {
		t.Errorf("only %d numbers", n)
	}
}

// TestNothingIsLost: a text that is more than one number stays as it is.
func TestNothingIsLost(t *testing.T) {
	for in, want := range map[string]string{
		"(415) 555-0132":              "+14155550132", // the design's own example (A7)
		"415.555.0132 x 12":           "+14155550132 ext. 12",
		"+1 415 555 0132 ext. 12":     "+14155550132 ext. 12",
		"1-800-FLOWERS":               "+18003569377",
		"011 49 30 1234567":           "+49301234567",
		"tel:+1-415-555-0132":         "+14155550132",
		" +1 (415) 555 0132 ":         "+14155550132",
		"ask for sales, 415 555 0132": "ask for sales, 415 555 0132",
		"415 555 0132 (mobile)":       "415 555 0132 (mobile)",
		"415 555 0132 / 415 555 0133": "415 555 0132 / 415 555 0133",
		"415 555 0132, 415 555 0133":  "415 555 0132, 415 555 0133",
		"415/555-0132":                "+14155550132",
		"12":                          "12",
		"n/a":                         "n/a",
		"0":                           "0",
		"+":                           "+",
		"":                            "",
	} {
		if got, err := apply(t, `phone_e164("US")`, in); err != nil || got != want {
			t.Errorf("%q -> %q, %v; want %q", in, got, err, want)
		}
	}
	if got, err := apply(t, "phone_e164", "(415) 555-0132"); err != nil || got != "(415) 555-0132" {
		t.Errorf("without a country: %q, %v", got, err)
	}
	for _, in := range []string{"n/a", "88.60.15.31"} {
		_, err := apply(t, `phone_e164("FR", strict=true)`, in)
		if err == nil || strings.Contains(err.Error(), in) {
			t.Errorf("strict on %q: %v", in, err)
		}
	}
}
