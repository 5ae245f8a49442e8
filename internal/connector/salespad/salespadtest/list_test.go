package salespadtest_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"crosswalk/internal/connector/salespad/salespadtest"
)

// filtered is an install with five customers of known values.
func filtered(t *testing.T) (*salespadtest.Sim, *client) {
	t.Helper()
	sim := salespadtest.New(salespadtest.Config{})
	for i, f := range []salespadtest.Fields{
		{"Customer_Name": "Alpha", "Customer_Class": "RETAIL", "Customer_Credit_Limit": "100"},
		{"Customer_Name": "O'Brien", "Customer_Class": "RETAIL", "Customer_Credit_Limit": "250.5", "Inactive": "true"},
		{"Customer_Name": "alphabet", "Customer_Class": "DEALER", "Customer_Credit_Limit": "-3"},
		{"Customer_Name": "Zeta and (more)", "Comment_1": "a,b"},
		{"Customer_Name": "Ödön", "Comment_1": "100%"},
	} {
		f["Customer_Num"] = fmt.Sprintf("C%d", i+1)
		f["DEX_ROW_TS"] = fmt.Sprintf("2026-11-2%dT04:38:47.067", i)
		sim.Must("Customer", f)
	}
	return sim, newClient(t, sim)
}

func TestFilter(t *testing.T) {
	_, c := filtered(t)
	for _, one := range []struct{ filter, want string }{
		{"Customer_Class eq 'RETAIL'", "C1 C2"},
		{"Customer_Class eq 'retail  '", "C1 C2"}, // SQL Server: no case, no trailing spaces
		{"Customer_Class eq ' RETAIL'", ""},       // leading ones count
		{"Customer_Class eq ''", "C4 C5"},
		{"Customer_Num eq 'c3'", "C3"},
		{"Customer_Name eq 'O''Brien'", "C2"},
		{"Customer_Name eq 'Zeta and (more)'", "C4"},
		{"Customer_Name eq 'ödön'", "C5"},
		{"Customer_Name gt 'alpha'", "C2 C3 C4 C5"},
		{"Customer_Name le 'ALPHA'", "C1"},
		{"Customer_Class eq 'RETAIL' and Inactive eq true", "C2"},
		{"Customer_Class eq 'RETAIL' and Inactive ne true", "C1"},
		{"Inactive eq false and Customer_Class eq 'DEALER' or Customer_Name eq 'Alpha'", "C1 C3"}, // and binds closer
		{"Inactive eq false and (Customer_Class eq 'DEALER' or Customer_Name eq 'O''Brien')", "C3"},
		{"Customer_Credit_Limit ge 100", "C1 C2"},
		{"Customer_Credit_Limit eq 250.50M", "C2"},
		{"Customer_Credit_Limit lt 0", "C3"},
		{"startswith(Customer_Name,'ALPHA')", "C1 C3"},
		{"startswith(Customer_Name,'alpha') eq true and Customer_Class eq 'DEALER'", "C3"},
		{"substringof('%',Comment_1)", "C5"},
		{"substringof('a,b',Comment_1) or Customer_Num eq 'C1'", "C1 C4"},
		{"DEX_ROW_TS ge datetime'2026-11-23T04:38:47.067'", "C4 C5"},
		{"DEX_ROW_TS gt datetime'2026-11-23T04:38:47.067'", "C5"},
		{"DEX_ROW_TS gt datetime'2026-11-23T04:38:47.0669999'", "C4 C5"},
		{"DEX_ROW_TS lt datetime'2026-11-21'", "C1"},
		{"Changed_On eq datetime'1900-01-01T00:00:00'", "C1 C2 C3 C4 C5"},
		{"(((Customer_Num eq 'C1')))", "C1"},
	} {
		t.Run(one.filter, func(t *testing.T) {
			c.t = t
			rows := c.find("Customer", "$filter", one.filter, "$orderby", "Customer_Num")
			if got := trimmedJoin(column(rows, "Customer_Num")); got != one.want {
				t.Errorf("got %q, want %q", got, one.want)
			}
		})
	}
}

func trimmedJoin(list []string) string {
	out := slices.Clone(list)
	for i := range out {
		out[i] = strings.TrimRight(out[i], " ")
	}
	return strings.Join(out, " ")
}

func TestFilterRefusals(t *testing.T) {
	_, c := filtered(t)
	for filter, want := range map[string]string{
		"xRegion eq 'West'":                              "user defined field",
		"Nothing eq 'x'":                                 "has no field Nothing",
		"Customer_Name eq":                               "cannot be compared with nothing",
		"Customer_Name eq 'x":                            "no closing quote",
		"Customer_Name eq 'x' y":                         `"y" is not expected`,
		"Customer_Name = 'x'":                            `"=" is not expected`,
		`Customer_Name eq "x"`:                           "single quotes",
		"Customer_Name like 'x'":                         "is not a comparison",
		"Customer_Name eq 5":                             "cannot be compared with a number",
		"Customer_Credit_Limit eq '5'":                   "cannot be compared with a text",
		"Inactive eq 'true'":                             "cannot be compared with a text",
		"Inactive gt false":                              "cannot be compared",
		"DEX_ROW_TS ge '2026-11-20'":                     "cannot be compared with a text",
		"DEX_ROW_TS ge datetime'2026-11-20T00:00:00Z'":   "without an offset",
		"DEX_ROW_TS ge datetimeoffset'2026-11-20'":       "datetimeoffset'...' is not supported",
		"DEX_ROW_TS ge 2026-11-20T00:00:00":              "is not expected",
		"not Inactive eq true":                           "not is not supported",
		"not (Inactive eq true)":                         "not is not supported",
		"endswith(Customer_Name,'x')":                    "endswith is not supported",
		"contains(Customer_Name,'x')":                    "contains is not supported",
		"startswith('x',Customer_Name)":                  "startswith is written",
		"substringof(Customer_Name,'x')":                 "substringof is written",
		"startswith(Inactive,'x')":                       "text fields only",
		"tolower(Customer_Name) eq 'x'":                  "tolower is not supported",
		"Customer_Name eq null":                          "cannot be compared",
		"(Customer_Name eq 'x'":                          "closing parenthesis is missing",
		"Customer_Name eq 'x')":                          `")" is not expected`,
		"Customer_Name eq 'x' or":                        "stands where a field belongs",
		"Customer_Num in ('C1','C2')":                    "is not a comparison",
		"":                                               "empty",
		strings.Repeat("(", 41) + "Customer_Name eq 'x'": "nested deeper",
	} {
		if got := c.refuse(400, 3010, "GET", query("Customer", "$filter", filter), nil); !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q in it", filter, got, want)
		}
	}
}

func TestListParameters(t *testing.T) {
	_, c := filtered(t)
	for params, want := range map[string]string{
		"$select=Customer_Num":             "$select is not supported",
		"$expand=Addresses":                "$expand is not supported",
		"filter=Customer_Num+eq+'x'":       "filter is not supported",
		"$top=0":                           "$top must be",
		"$top=ten":                         "$top must be",
		"$skip=-1":                         "$skip must be",
		"$inlinecount=all":                 "allpages or none",
		"$top=1&$top=2":                    "given twice",
		"$orderby=Nothing":                 "no field Nothing",
		"$orderby=xRegion":                 "user defined field",
		"$orderby=Customer_Num+descending": "is not Field",
		"$orderby=Customer_Num,":           "is not Field",
	} {
		if got := c.refuse(400, 3010, "GET", "/api/Customer?"+params, nil); !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q in it", params, got, want)
		}
	}
	c.refuse(400, 3010, "GET", "/api/Customer/C1?$top=1", nil)
	c.refuse(400, 3010, "GET", "/api/PriceLevel?$top=1", nil)

	got := c.do(200, "GET", "/api/Customer?$top=2&$skip=1&$orderby=Customer_Class+desc,Customer_Num+asc&$inlinecount=allpages&$filter=Customer_Class+ne+''", nil)
	if num := trimmedJoin(column(items(got), "Customer_Num")); num != "C2 C3" || fmt.Sprint(got.body["Count"]) != "3" {
		t.Errorf("page %s of %v", num, got.body["Count"])
	}
	if got := c.do(200, "GET", "/api/Customer?$skip=9", nil); string(got.raw) != `{"Items":[],"Count":null}` {
		t.Errorf("behind the end: %s", got.raw)
	}
	long := c.do(404, "GET", query("Customer", "$filter", "Customer_Name eq '"+strings.Repeat("x", 2048)+"'"), nil)
	if !strings.Contains(string(long.raw), "404.15") || !strings.HasPrefix(long.header.Get("Content-Type"), "text/html") {
		t.Errorf("a long query string is answered %s", long.raw)
	}
}

// TestUndefinedOrder shows why $orderby belongs to paging.
func TestUndefinedOrder(t *testing.T) {
	sim := salespadtest.New(salespadtest.Config{})
	if err := sim.LoadItems(300); err != nil {
		t.Fatal(err)
	}
	c := newClient(t, sim)
	page := func(params ...string) []string { return column(c.find("ItemMaster", params...), "Item_Number") }
	first := page("$top", "100")
	if !slices.Equal(first, page("$top", "100")) {
		t.Error("the order changes without a write")
	}
	ordered := page("$top", "100", "$orderby", "Item_Number")
	if err := sim.Update("ItemMaster", "ITEM-000200", salespadtest.Fields{"Item_Class_Code": "X"}); err != nil {
		t.Fatal(err)
	}
	if slices.Equal(first, page("$top", "100")) {
		t.Error("a write leaves the undefined order alone")
	}
	if !slices.Equal(ordered, page("$top", "100", "$orderby", "Item_Number")) {
		t.Error("a write changed the order by key")
	}
}

// TestHundredThousandItems pages through all of them, and looks single ones up.
func TestHundredThousandItems(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 100_000
		sim := salespadtest.New(salespadtest.Config{})
		if err := sim.LoadItems(n); err != nil {
			t.Fatal(err)
		}
		c := newClient(t, sim)
		for _, at := range []int{0, 1000, 50_000, n - 1000} {
			rows := c.find("ItemMaster", "$top", "5000", "$skip", fmt.Sprint(at), "$orderby", "Item_Number")
			if len(rows) != 1000 || strings.TrimSpace(rows[0]["Item_Number"].(string)) != fmt.Sprintf("ITEM-%06d", at+1) {
				t.Fatalf("at %d: %d rows, first %v", at, len(rows), rows[0]["Item_Number"])
			}
		}
		if rows := c.find("ItemMaster", "$skip", fmt.Sprint(n), "$orderby", "Item_Number"); len(rows) != 0 {
			t.Errorf("%d rows behind the end", len(rows))
		}
		for i := range 200 {
			num := fmt.Sprintf("item-%06d", i*499+1)
			if rows := c.find("ItemMaster", "$filter", "Item_Number eq '"+num+"'"); len(rows) != 1 {
				t.Fatalf("%s: %d rows", num, len(rows))
			}
		}
		since := time.Now().UTC().Add(-90 * time.Minute).Format("2006-01-02T15:04:05")
		if rows := c.find("ItemMaster", "$filter", "DEX_ROW_TS ge datetime'"+since+"'", "$orderby", "DEX_ROW_TS,Item_Number"); len(rows) != 90 {
			t.Errorf("%d items changed in the last 90 minutes, want 90", len(rows))
		}
	})
}

func TestSearchRows(t *testing.T) {
	sim := salespadtest.New(salespadtest.Config{})
	sim.Sample()
	c := newClient(t, sim)
	rows := c.find("CustomerSearch", "$filter", "Email eq 'ACCOUNTS@twinpeaks.example'", "$orderby", "Customer_Num")
	if got := trimmedJoin(column(rows, "Customer_Num")); got != "001002 001003" {
		t.Errorf("by e-mail: %q", got)
	}
	rows = c.find("CustomerSearch", "$filter", "Customer_Num eq '001001'", "$orderby", "Address_Code")
	if got := strings.Join(column(rows, "Address_Code"), "|"); got != "OFFICE         |PRIMARY        |SHIP TO 2      " {
		t.Errorf("a row for every address: %q", got)
	}
	if rows = c.find("CustomerSearch", "$filter", "Customer_Name eq 'Fulmar Media'"); len(rows) != 1 || strings.TrimSpace(rows[0]["Address_Code"].(string)) != "" {
		t.Errorf("a customer without addresses: %v", rows)
	}
	rows = c.find("CustomerSearch", "$filter", "Email eq '' and Customer_Num eq '001001'")
	if got := trimmedJoin(column(rows, "Address_Code")); got != "OFFICE" {
		t.Errorf("without e-mail: %q", got)
	}
	rows = c.find("InventorySearch", "$filter", "Item_Number eq '100XLG'", "$orderby", "Warehouse_Code")
	if got := trimmedJoin(column(rows, "Warehouse_Code")); got != "MAIN WEST" {
		t.Errorf("a row for every location: %q", got)
	}
	rows = c.find("ProspectSearch", "$filter", "Prospect_ID eq 'PRO00001'")
	if len(rows) != 2 {
		t.Errorf("a row for every contact: %v", rows)
	}
}

// TestHostileValues: a value in quotes, its own quotes doubled, finds exactly the record that has it, whatever it says.
func TestHostileValues(t *testing.T) {
	names := []string{
		"O'Brien", "''", "' or Customer_Num ne '", "x' or 'a' eq 'a", "a) or (b", "100%_", "C# & Co + d", "a,b;c", `back\\slash "quoted"`,
		"datetime'2026-11-20'", "null", "true", "-1", "Ünïcödé 名前", "tab\tline\n", "%27", "\u2019", "$filter=x", "<b>",
	}
	sim := salespadtest.New(salespadtest.Config{})
	for i, name := range names {
		sim.Must("Customer", salespadtest.Fields{"Customer_Num": fmt.Sprintf("H%d", i), "Customer_Name": name})
	}
	c := newClient(t, sim)
	for i, name := range names {
		literal := "'" + strings.ReplaceAll(name, "'", "''") + "'"
		for _, filter := range []string{"Customer_Name eq " + literal, "Inactive eq false and (Customer_Name eq " + literal + ")"} {
			if got := trimmedJoin(column(c.find("Customer", "$filter", filter), "Customer_Num")); got != fmt.Sprintf("H%d", i) {
				t.Errorf("%s: found %q, want H%d", filter, got, i)
			}
		}
	}
}

func FuzzFilter(f *testing.F) {
	for _, seed := range []string{"Customer_Name eq 'x'", "((Inactive eq true) or startswith(Customer_Name,'a'))", "datetime'", "substringof('", "(-1", "Customer_Name eq 'ü"} {
		f.Add(seed)
	}
	sim := salespadtest.New(salespadtest.Config{})
	sim.Sample()
	f.Fuzz(func(t *testing.T, filter string) {
		c := newClient(t, sim)
		out, err := c.try("GET", query("Customer", "$filter", filter), nil)
		if err != nil || out.status != 200 && out.status != 400 && out.status != 404 {
			t.Fatalf("%q: %d %v", filter, out.status, err)
		}
	})
}
