package main

import (
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"crosswalk/internal/connector/light/lighttest"
	"crosswalk/internal/web"
)

func (w *world) company(key string) string {
	return "hubspot:companies/" + w.vendors.hubspot.SampleID("companies/"+key)
}

// customer enters a customer at Light and gives its address.
func (w *world) customer(name string) string {
	return "light:customers/" + w.vendors.light.CreateCustomer(lighttest.Customer{Name: name}).ID
}

// TestPairsFile: a dry run has a line for each row, also for hostile ones, and stores nothing; the same file then links,
// and once more says that it is so.
func TestPairsFile(t *testing.T) {
	w := newWorld(t, "single")
	w.must(append([]string{"apply"}, w.files()...)...)
	one, two, three, four := w.company("northwind"), w.company("lumiere"), w.company("gruenwald"), w.company("alpine")
	a, b, c, d := w.customer("One"), w.customer("Two"), w.customer("Three"), w.customer("Four")
	path := w.file("pairs.csv", "\ufeffa;b;note\r\n"+
		one+";"+a+";the first\r\n"+
		two+";"+b+";x\r\n"+
		two+";"+c+";contradicts the row before\r\n"+
		"\"'=1+HYPERLINK(\"\"http://evil.example\"\")\";"+c+";x\r\n"+
		three+";light:customers/none;x\r\n"+
		";;\r\n"+
		one+";"+a+";once more\r\n"+
		d+";"+four+";the other way round\r\n")
	table := filepath.Join(w.data, "result.csv")
	for _, dry := range []bool{true, false, false} {
		args := []string{"link", "--file", path, "--csv", table, "--reason", "from the old system"}
		if dry {
			args = append(args, "--dry-run")
		}
		status, out, errs := w.x(args...)
		if status != exitLook {
			t.Fatalf("status %d\n%s%s", status, out, errs)
		}
		text, err := os.ReadFile(table)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "\n=") || strings.Contains(string(text), ",=") {
			t.Errorf("a formula is in the table:\n%s", text)
		}
		rows, err := csv.NewReader(strings.NewReader(string(text))).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, row := range rows[1:] {
			got = append(got, row[0]+" "+row[4])
		}
		done := map[bool]string{true: "would_link", false: "linked"}[dry]
		want := []string{"2 " + done, "3 refused", "4 refused", "5 refused", "6 refused", "8 already", "9 " + done}
		if !dry && !slices.Equal(got, want) {
			want[0], want[6] = "2 already", "9 already" // the second time
			done = "again"
		}
		if !slices.Equal(got, want) {
			t.Fatalf("dry %v:\n%v\nwant\n%v\n%s", dry, got, want, text)
		}
		for _, row := range rows[1:] {
			if row[4] == "refused" && (row[5] == "" || row[6] == "") {
				t.Errorf("row %s is refused without saying why and what to do: %v", row[0], row)
			}
		}
	}
	listed := w.must("links", "--state", "linked", "--csv", "-")
	has(t, listed, one, a, four, d, "from the old system")
	if strings.Contains(listed, two) {
		t.Errorf("a contradicted row was linked:\n%s", listed)
	}

	if status, _, errs := w.x("link", two, a); status != exitLook || !strings.Contains(errs, "is linked to "+one) || !strings.Contains(errs, "crosswalk unlink "+one) {
		t.Errorf("status %d, %s", status, errs)
	}
	has(t, w.must("why", one), "linked by hand", "by editor", a)
	has(t, w.must("unlink", one, "--reason", "wrong one"), "unlinked", "crosswalk retry "+one)
	has(t, w.must("errors", "unlinked"), one)
	has(t, w.must("unlink", one), "already")
	has(t, w.must("link", two, a), "linked (companies-to-customers)")
	has(t, w.must("ignore", three, "--reason", "a test company"), "ignored")
	has(t, w.must("links", "--state", "ignored"), three, "a test company")
	has(t, w.must("why", three), "a test company", "ignored")
	has(t, w.must("unignore", three), "restored")
	has(t, w.must("record", two), "now: found", "name", a)
	var records struct{ Records []web.Record }
	if err := json.Unmarshal([]byte(w.must("record", two, "--json")), &records); err != nil || len(records.Records) != 1 || records.Records[0].Counterpart.Fields["name"].Text() != "One" {
		t.Errorf("%v %+v", err, records)
	}
	for _, x := range []struct {
		args   []string
		status int
		says   string
	}{
		{[]string{"link", one}, exitUsage, "both records"},
		{[]string{"link", one, "customer 7"}, exitUsage, "pairs[0].b"},
		{[]string{"link", one, b, "--file", path}, exitUsage, "not both"},
		{[]string{"link", "--file", path + "x"}, exitUsage, "--file"},
		{[]string{"link", "--file", w.file("empty.csv", "a,b\n")}, exitUsage, "no row"},
		{[]string{"link", "--file", w.file("wrong.csv", "from,to\n")}, exitUsage, "no column a"},
		{[]string{"link", "--file", w.file("broken.csv", "a,b\n\"x,y\n")}, exitUsage, "line"},
		{[]string{"unlink"}, exitUsage, "a record"},
		{[]string{"unlink", four, b}, exitLook, "is not linked to"},
		{[]string{"links", "--state", "dreaming"}, exitUsage, "state"},
		{[]string{"record", "hubspot:dreams/1"}, exitFailed, "no mapping joins"},
		{[]string{"ignore", "light:customers/none"}, exitLook, "nothing is linked"},
	} {
		if status, out, errs := w.x(x.args...); status != x.status || !strings.Contains(errs, x.says) {
			t.Errorf("crosswalk %s: status %d, want %d, saying %q\n%s%s", strings.Join(x.args, " "), status, x.status, x.says, out, errs)
		}
	}
}

// TestReviews: what a person must choose is listed with the command that chooses, which then does.
func TestReviews(t *testing.T) {
	w := newWorld(t, "single")
	w.must(append([]string{"apply"}, w.files()...)...)
	w.must("live", "companies-to-customers", "products-to-products")
	has(t, w.must("reviews"), "nobody has to choose")
	name := w.vendors.hubspot.SampleID("companies/northwind")
	record, _ := w.vendors.hubspot.Record("companies", name)
	w.customer(record.Properties["name"])
	w.x("run", "companies-to-customers", w.company("northwind"))
	w.idle()
	out := w.must("reviews")
	has(t, out, "name_hit", w.company("northwind"), "shows", "name=")
	at := strings.Index(out, "crosswalk link ")
	if at < 0 {
		t.Fatalf("no command:\n%s", out)
	}
	w.must(strings.Fields(out[at:])[1:4]...)
	has(t, w.must("reviews"), "nobody has to choose")
	has(t, w.must("reviews", "--csv", "-"), "a,b,mapping,category")
}
