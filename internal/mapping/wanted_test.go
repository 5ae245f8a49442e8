package mapping_test

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"crosswalk/internal/mapping"
)

func TestWanted(t *testing.T) {
	source, err := os.ReadFile("testdata/load/good.yaml")
	if err != nil {
		t.Fatal(err)
	}
	m := mustLoad(t, source)
	want := mapping.Wants{
		A: []string{"amount", "closedate", "deal_currency_code", "dealname", "dealstage", "dealtype", "hs_v2_date_entered_48817", "hs_v2_date_entered_closedwon",
			"invoice_number"},
		With: []string{"companies", "contacts", "line_items"},
		Lines: []string{"discount", "hs_discount_percentage", "hs_line_item_currency_code", "hs_position_on_quote", "hs_product_id", "name", "price", "quantity",
			"recurringbillingfrequency"},
		Related: map[string][]string{"company": {"name"}, "contacts": {"email"}},
	}
	if diff := cmp.Diff(want, mapping.Wanted(m, []string{"closedwon", "48817"})); diff != "" {
		t.Errorf("of a (-want +got):\n%s", diff)
	}
	wantB := []string{"areLinesWithTax", "companyEntityId", "currency", "customerId", "description", "invoiceDate", "invoiceNumber", "poNumber", "reference", "state"}
	if diff := cmp.Diff(wantB, mapping.WantedB(m)); diff != "" {
		t.Errorf("of b (-want +got):\n%s", diff)
	}
}

// Every way in which a script can name a field makes that field read.
func TestWantedByScripts(t *testing.T) {
	for _, c := range []struct {
		filter string
		want   []string
	}{
		{`active == "true"`, []string{"active"}},
		{`source["a b"] == None or source.c == "x" or source.get("d") == "y"`, []string{"a b", "c", "d"}},
		{`name.lower().startswith("x") and len(domain) > 3`, []string{"domain", "name"}},
		{`valid_email(email) and not in_list("Sales ready")`, []string{"email"}},
		{`"name" in ["name"] and True and None == x`, []string{"x"}},
		{`[y for y in [z] if y != w]`, []string{"w", "z"}},
		{`(lambda q, r = s: q + r + u)(v)`, []string{"s", "u", "v"}},
		{`with.company.domain == id`, nil},
		{`{"k": k1, k2: "x"}["k"] + f(key = k3)`, []string{"k1", "k2", "k3"}},
		{`len([l for l in lines if l.sku == mark and l["price"] != None]) > 0`, []string{"mark"}},
		{`not a program (`, nil},
	} {
		m := &mapping.Mapping{AToB: mapping.Direction{Create: mapping.CreateRule{Filter: c.filter}}, With: []mapping.With{{Name: "company", Object: "companies"}},
			Children: &mapping.Children{A: "line_items"}}
		got := mapping.Wanted(m, nil)
		if diff := cmp.Diff(c.want, got.A); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.filter, diff)
		}
		if c.filter == `with.company.domain == id` {
			if diff := cmp.Diff(map[string][]string{"company": {"domain"}}, got.Related); diff != "" {
				t.Errorf("related (-want +got):\n%s", diff)
			}
		}
		if len(got.A) == 1 && got.A[0] == "mark" {
			if diff := cmp.Diff([]string{"price", "sku"}, got.Lines); diff != "" {
				t.Errorf("lines (-want +got):\n%s", diff)
			}
		}
	}
}

func TestScriptNames(t *testing.T) {
	for _, c := range []struct {
		text string
		kind mapping.ScriptKind
		want []string
	}{
		{`active == "true" and with.company.name != source["x"]`, mapping.Expression, []string{"active", "lines", "lists", "source", "with_"}},
		{`return {"name": source["name"]}`, mapping.HookBlock, []string{"fields", "lines", "lists", "source", "target", "with_"}},
		{`target.id`, mapping.LinkExpression, []string{"lines", "lists", "source", "target", "with_"}},
	} {
		if diff := cmp.Diff(c.want, mapping.ScriptNames(c.text, c.kind)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.text, diff)
		}
	}
}

func TestBindTransform(t *testing.T) {
	for _, c := range []struct{ calls, want string }{
		{`date("portal")`, `date("Asia/Tokyo")`},
		{`trim | datetime( zone = 'portal')`, `trim | datetime( zone = 'Asia/Tokyo')`},
		{`minor_units("$currency") | prefix("$currency:")`, `minor_units("JPY") | prefix("JPY:")`},
		{`prefix("portal")`, `prefix("portal")`},
		{`lowercase`, `lowercase`},
		{``, ``},
	} {
		if got := mapping.BindTransform(c.calls, "Asia/Tokyo", "JPY"); got != c.want {
			t.Errorf("%s: got %s, want %s", c.calls, got, c.want)
		}
	}
}

func TestInput(t *testing.T) {
	m := &mapping.Mapping{With: []mapping.With{{Name: "company", Object: "companies"}}}
	for _, c := range []struct{ name, with, field string }{
		{"dealname", "", "dealname"}, {"id", "", "id"}, {"company.domain", "company", "domain"}, {"company.billing.city", "company", "billing.city"},
		{"associations.company", "company", ""}, {"associations.contact", "", "associations.contact"}, {"billingAddress.country", "", "billingAddress.country"},
	} {
		with, field := m.Input(c.name)
		got := ""
		if with != nil {
			got = with.Name
		}
		if got != c.with || field != c.field {
			t.Errorf("%s: got %q %q, want %q %q", c.name, got, field, c.with, c.field)
		}
	}
}
