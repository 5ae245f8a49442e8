package salespadtest_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"crosswalk/internal/connector/salespad/salespadtest"
)

// TestRecordedPair plays the sheet's recorded pair: posted 22:46 six hours west of UTC, read back the next day in UTC.
func TestRecordedPair(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		at := time.Date(2026, 11, 20, 4, 46, 1, 68_000_000, time.UTC)
		time.Sleep(time.Until(at))
		sim := salespadtest.New(salespadtest.Config{})
		c := newClient(t, sim)
		out := c.do(200, "POST", "/api/Customer", object{"Customer_Name": "Northwind Test", "Customer_Class": "RETAIL"})
		for name, want := range map[string]string{
			"Customer_Num": "001624", "Customer_Name": "Northwind Test", "Tax_Schedule": "", "Payment_Terms": "", "Currency_ID": "",
			"DEX_ROW_TS": "2026-11-19T22:46:01.067-06:00", "Created_On": "2026-11-19T00:00:00.000-06:00", "Changed_On": "1900-01-01T00:00:00.000Z",
		} {
			if out.body[name] != want {
				t.Errorf("echo %s = %q, want %q", name, out.body[name], want)
			}
		}
		got := c.do(200, "GET", "/api/Customer/001624", nil).body
		for name, want := range map[string]string{
			"Customer_Num": "001624         ", "Customer_Name": "Northwind Test" + strings.Repeat(" ", 65-14), "Tax_Schedule": "USASTCITY-6*   ",
			"Payment_Terms": "Net 30" + strings.Repeat(" ", 15), "Short_Name": strings.Repeat(" ", 15), "Note": "", "Currency_ID": "Z-US$          ",
			"DEX_ROW_TS": "2026-11-20T04:46:01.067", "Created_On": "2026-11-20T00:00:00.000", "Changed_On": "1900-01-01T00:00:00.000", "Last_Pay_Date": "1900-01-01T00:00:00.000",
		} {
			if got[name] != want {
				t.Errorf("GET %s = %q, want %q", name, got[name], want)
			}
		}
		if got["Email_To"] != nil {
			t.Errorf("Email_To = %v, want null", got["Email_To"])
		}
		time.Sleep(24 * time.Hour)
		out = c.do(200, "PUT", "/api/Customer/001624", object{"Comment_1": "x"})
		if out.body["Customer_Name"] != "Northwind Test" || out.body["DEX_ROW_TS"] != "2026-11-20T22:46:01.067-06:00" {
			t.Errorf("PUT echo %v %v", out.body["Customer_Name"], out.body["DEX_ROW_TS"])
		}
		got = c.do(200, "GET", "/api/Customer/001624", nil).body
		if got["Changed_On"] != "2026-11-21T00:00:00.000" || got["Created_On"] != "2026-11-20T00:00:00.000" || got["Tax_Schedule"] != "USASTCITY-6*   " {
			t.Errorf("after the PUT: %v %v %v", got["Changed_On"], got["Created_On"], got["Tax_Schedule"])
		}
	})
}

func stampOf(t *testing.T, sim *salespadtest.Sim, resource, key string) string {
	t.Helper()
	r, ok := sim.Get(resource, key)
	if !ok {
		t.Fatalf("no %s %s", resource, key)
	}
	return r.Fields["DEX_ROW_TS"]
}

func TestUserFields(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := salespadtest.New(salespadtest.Config{})
		sim.Sample()
		c := newClient(t, sim)
		before := stampOf(t, sim, "Customer", "001001")
		c.do(200, "PUT", "/api/Customer/001001", object{"UserFieldNames": []string{"xRegion", "xRating", "xKeyAccount", "xRenewal"}, "UserFieldData": []any{"East", 2.5, true, "2027-01-31T00:00:00"}})
		if after := stampOf(t, sim, "Customer", "001001"); after != before {
			t.Errorf("a write of user fields alone moved DEX_ROW_TS from %s to %s", before, after)
		}
		got := c.do(200, "GET", "/api/Customer/001001", nil)
		if !strings.Contains(string(got.raw), `"UserFieldNames":["xCrosswalkKey","xLeadSource","xRegion","xRating","xKeyAccount","xRenewal"],"UserFieldData":["","Fair","East",2.5,true,"2027-01-31T00:00:00.000"],"Notifications":[]`) {
			t.Errorf("user fields: %s", got.raw)
		}
		c.do(200, "PUT", "/api/Customer/001001", object{"Comment_1": "x", "UserFieldNames": []string{}, "UserFieldData": []any{}})
		if after := stampOf(t, sim, "Customer", "001001"); after == before {
			t.Error("a write of a field did not move DEX_ROW_TS")
		}
		for name, body := range map[string]object{
			"one array":   {"UserFieldNames": []string{"xRegion"}},
			"lengths":     {"UserFieldNames": []string{"xRegion"}, "UserFieldData": []any{}},
			"unknown":     {"UserFieldNames": []string{"xNothing"}, "UserFieldData": []any{"x"}},
			"as a field":  {"xRegion": "East"},
			"twice":       {"UserFieldNames": []string{"xRegion", "xRegion"}, "UserFieldData": []any{"a", "b"}},
			"read only":   {"DEX_ROW_TS": "2026-01-01T00:00:00"},
			"unknown own": {"Customer_Nmae": "x"},
			"another key": {"Customer_Num": "001002"},
		} {
			if m := c.refuse(400, 3010, "PUT", "/api/Customer/001001", body); m == "" {
				t.Errorf("%s: no message", name)
			}
		}
		c.refuse(400, 3001, "PUT", "/api/Customer/001001", object{"UserFieldNames": []string{"xRating"}, "UserFieldData": []any{"high"}})

		moving := salespadtest.New(salespadtest.Config{Profile: salespadtest.Profile{StampUDF: true}})
		moving.Sample()
		before = stampOf(t, moving, "Customer", "001001")
		if err := moving.Update("Customer", "001001", salespadtest.Fields{"xRegion": "East"}); err != nil {
			t.Fatal(err)
		}
		if stampOf(t, moving, "Customer", "001001") == before {
			t.Error("StampUDF: the stamp did not move")
		}
	})
}

// TestWidths holds each odd width at its edge: one below the column for GP's odd ones.
func TestWidths(t *testing.T) {
	sim := salespadtest.New(salespadtest.Config{})
	sim.Sample()
	c := newClient(t, sim)
	for _, one := range []struct {
		path, field string
		fits        int
	}{
		{"/api/Customer/001001", "Customer_Name", 64}, {"/api/Customer/001001", "Short_Name", 15}, {"/api/Customer/001001", "Payment_Terms", 20},
		{"/api/Customer/001001", "Comment_1", 30}, {"/api/Customer/001001", "User_Def_1", 20}, {"/api/Customer/001001", "Tax_Registration_Num", 25},
		{"/api/CustomerAddr/001001/PRIMARY", "Contact_Person", 60}, {"/api/CustomerAddr/001001/PRIMARY", "City", 35}, {"/api/CustomerAddr/001001/PRIMARY", "State", 29},
		{"/api/CustomerAddr/001001/PRIMARY", "Zip", 10}, {"/api/CustomerAddr/001001/PRIMARY", "Country_Code", 6}, {"/api/CustomerAddr/001001/PRIMARY", "Phone_1", 21},
		{"/api/CustomerAddr/001001/PRIMARY", "Email", 200}, {"/api/CustomerAddr/001001/PRIMARY", "Address_Line_1", 60},
	} {
		c.do(200, "PUT", one.path, object{one.field: strings.Repeat("ü", one.fits)})
		if m := c.refuse(422, 3010, "PUT", one.path, object{one.field: strings.Repeat("x", one.fits+1)}); !strings.Contains(m, one.field) {
			t.Errorf("%s: the refusal does not name it: %s", one.field, m)
		}
		if got := c.do(200, "GET", one.path, nil).body[one.field]; strings.TrimRight(got.(string), " ") != strings.Repeat("ü", one.fits) {
			t.Errorf("%s after a refused write: %q", one.field, got)
		}
	}
	c.refuse(422, 3010, "PUT", "/api/Customer/001001", object{"Comment_1": strings.Repeat("x", 29) + "😀"}) // two UTF-16 units

	cutting := salespadtest.New(salespadtest.Config{Profile: salespadtest.Profile{Cut: []string{"Comment_1"}, CodePage1252: true, PhoneDigits: true}})
	cutting.Sample()
	c = newClient(t, cutting)
	c.do(200, "PUT", "/api/Customer/001001", object{"Comment_1": strings.Repeat("x", 40), "Comment_2": "Łódź – Köln"})
	c.refuse(422, 3010, "PUT", "/api/Customer/001001", object{"Comment_2": strings.Repeat("x", 40)})
	got := c.do(200, "GET", "/api/Customer/001001", nil).body
	if got["Comment_1"] != strings.Repeat("x", 30)+" " || strings.TrimRight(got["Comment_2"].(string), " ") != "?ód? – Köln" {
		t.Errorf("cut %q, code page %q", got["Comment_1"], got["Comment_2"])
	}
	c.do(200, "PUT", "/api/CustomerAddr/001001/PRIMARY", object{"Phone_1": "(206) 555-0100"})
	if got := c.do(200, "GET", "/api/CustomerAddr/001001/PRIMARY", nil).body["Phone_1"]; got != "20655501000000       " {
		t.Errorf("phone %q", got)
	}
}

func TestBodies(t *testing.T) {
	sim := salespadtest.New(salespadtest.Config{})
	sim.Sample()
	c := newClient(t, sim)
	for _, one := range []struct {
		name, body   string
		status, code int
	}{
		{"not JSON", `{"Comment_1":`, 400, 3001},
		{"a list", `[]`, 400, 3001},
		{"no body", ``, 400, 3001},
		{"a name twice", `{"Comment_1":"a","Comment_1":"b"}`, 400, 3001},
		{"something behind", `{"Comment_1":"a"} x`, 400, 3001},
		{"bad UTF-8", "{\"Comment_1\":\"\xff\"}", 400, 3001},
		{"null", `{"Comment_1":null}`, 400, 3001},
		{"number for text", `{"Comment_1":5}`, 400, 3001},
		{"text for number", `{"Customer_Credit_Limit":"5"}`, 400, 3001},
		{"text for bool", `{"Inactive":"true"}`, 400, 3001},
		{"six decimals", `{"Customer_Credit_Limit":0.123456}`, 422, 3010},
		{"huge exponent", `{"Customer_Credit_Limit":1e999999999}`, 422, 3010},
		{"empty name", `{"Customer_Name":""}`, 400, 3005},
		{"class that is not there", `{"Customer_Class":"NOBODY"}`, 422, 3010},
	} {
		t.Run(one.name, func(t *testing.T) {
			c.t = t
			c.refuse(one.status, one.code, "PUT", "/api/Customer/001001", one.body)
		})
	}
	c.t = t
	c.do(200, "PUT", "/api/Customer/001001", `{"Email_To":null,"Customer_Credit_Limit":1234567890123.12345}`)
	if got := c.do(200, "GET", "/api/Customer/001001", nil); !strings.Contains(string(got.raw), `"Customer_Credit_Limit":1234567890123.12345,`) {
		t.Errorf("money: %s", got.raw)
	}
	c.refuse(415, 1000, "PUT", "/api/Customer/001001", `{}`, "Content-Type", "text/plain")
	c.refuse(415, 1000, "PUT", "/api/Customer/001001", `{}`, "Content-Type", "application/json; charset=latin1")
	c.refuse(406, 1000, "GET", "/api/Customer/001001", nil, "Accept", "text/xml")
	c.refuse(400, 3001, "GET", "/api/Customer/001001", `{}`)
	c.refuse(405, 1000, "PATCH", "/api/Customer/001001", `{}`)
	c.refuse(404, 3010, "GET", "/api/Nothing", nil)
	if len(sim.Log()) != 1 {
		t.Errorf("refused calls had effects: %v", sim.Log())
	}
}

// TestKeysThatNoPathCarries: spaces, slashes and dots need a filter (section 4).
func TestKeysThatNoPathCarries(t *testing.T) {
	sim := salespadtest.New(salespadtest.Config{})
	sim.Sample()
	c := newClient(t, sim)
	c.refuse(404, 3010, "GET", "/api/CustomerAddr/001001/SHIP%20TO%202", nil)
	for _, path := range []string{"/api/Customer/C%2F1.5%20A", "/api/Customer/C.5", "/api/ItemMaster/CABLE%201%2F2%22%203.5"} {
		if out := c.do(404, "GET", path, nil); out.header.Get("Content-Type") != "text/html" {
			t.Errorf("%s: %s", path, out.raw)
		}
	}
	if out := c.do(400, "GET", "/api/Customer/A%26B", nil); !strings.Contains(string(out.raw), "potentially dangerous") {
		t.Errorf("%s", out.raw)
	}
	if rows := c.find("Customer", "$filter", "Customer_Num eq 'C/1.5 A'"); len(rows) != 1 {
		t.Errorf("by filter: %v", rows)
	}
	if rows := c.find("ItemMaster", "$filter", `Item_Number eq 'CABLE 1/2" 3.5'`); len(rows) != 1 {
		t.Errorf("by filter: %v", rows)
	}
	rows := c.find("CustomerAddr", "$filter", "Customer_Num eq '001001' and Address_Code eq 'SHIP TO 2'")
	if len(rows) != 1 || rows[0]["Address_Code"] != "SHIP TO 2      " {
		t.Errorf("by filter: %v", rows)
	}
	if got := c.do(200, "GET", "/api/CustomerAddr/001001/AddressCode", nil); string(got.raw) != `[{"AddressCode":"PRIMARY        "},{"AddressCode":"SHIP TO 2      "},{"AddressCode":"OFFICE         "}]` {
		t.Errorf("codes: %s", got.raw)
	}
}

// TestNoIdempotency: a repeated POST without a number of one's own makes a second record.
func TestNoIdempotency(t *testing.T) {
	sim := salespadtest.New(salespadtest.Config{})
	c := newClient(t, sim)
	body := object{"Customer_Name": "Northwind Test"}
	one := c.do(200, "POST", "/api/Customer", body, "X-Idempotency-Key", "k").body["Customer_Num"]
	two := c.do(200, "POST", "/api/Customer", body, "X-Idempotency-Key", "k").body["Customer_Num"]
	if one == two || sim.Count("Customer") != 2 {
		t.Errorf("%v and %v, %d customers", one, two, sim.Count("Customer"))
	}
	c.do(200, "POST", "/api/CustomerAddr", object{"Customer_Num": one, "Address_Code": "PRIMARY"})
	if m := c.refuse(409, 5001, "POST", "/api/CustomerAddr", object{"Customer_Num": one, "Address_Code": "PRIMARY "}); m != "Address PRIMARY already exists for customer 001624" {
		t.Errorf("message %q", m)
	}
	c.refuse(422, 3010, "POST", "/api/CustomerAddr", object{"Customer_Num": one, "Address_Code": "office"})
	c.refuse(422, 3010, "POST", "/api/CustomerAddr", object{"Customer_Num": one, "Address_Code": "A|B"})
}

func TestConversion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := salespadtest.New(salespadtest.Config{})
		sim.Sample()
		c := newClient(t, sim)
		before := stampOf(t, sim, "Prospect", salespadtest.SampleProspect)
		out, err := sim.Convert(salespadtest.SampleProspect, "")
		if err != nil {
			t.Fatal(err)
		}
		if out.CustomerNum != "001624" || !slices.Equal(out.Contacts, []salespadtest.ConvertedContact{{ContactID: "1", AddressCode: "CONTACT1"}, {ContactID: "2", AddressCode: "CONTACT2"}}) {
			t.Errorf("conversion %+v", out)
		}
		customer, _ := sim.Get("Customer", out.CustomerNum)
		for name, want := range map[string]string{"Customer_Name": "Borealis Freight", "Customer_Class": "DEALER", "Tax_Schedule": "EXEMPT", "xRegion": "West", "xLeadSource": "Web", "Primary_Addr_Code": "PRIMARY"} {
			if customer.Fields[name] != want {
				t.Errorf("%s = %q, want %q", name, customer.Fields[name], want)
			}
		}
		contact, _ := sim.Get("CustomerAddr", out.CustomerNum+"|CONTACT1")
		if contact.Fields["Email"] != "freight@borealis-freight.example" || contact.Fields["xJobTitle"] != "Head of Freight" {
			t.Errorf("contact %v", contact.Fields)
		}
		rows := c.find("Prospect", "$filter", "DEX_ROW_TS gt datetime'"+before+"'", "$orderby", "DEX_ROW_TS")
		if len(rows) < 1 || rows[len(rows)-1]["Customer_Num"] != "001624         " {
			t.Errorf("the prospect does not point at its customer: %v", rows)
		}
		c.refuse(409, 5001, "PUT", "/api/Prospect/PRO00001/ConvertToCustomer", nil)
		c.refuse(422, 3010, "PUT", "/api/Prospect/PRO00001", object{"City": "Salem"})
	})
}
