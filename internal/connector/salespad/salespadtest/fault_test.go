package salespadtest_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"crosswalk/internal/connector/salespad/salespadtest"
)

func TestFaults(t *testing.T) {
	const create = "POST /api/Customer"
	body := object{"Customer_Name": "Northwind Test"}
	for _, one := range []struct {
		name   string
		fault  salespadtest.Fault
		status int
		want   string // in the answer; "cut" for a broken connection
		made   int
	}{
		{"IIS page", salespadtest.HTML(500), 500, "<html>", 0},
		{"IIS page with 200", salespadtest.HTML(200), 200, "<html>", 0},
		{"empty", salespadtest.Empty(), 200, "", 0},
		{"empty after the effect", salespadtest.Fault{Empty: true, AfterCommit: true}, 200, "", 1},
		{"envelope", salespadtest.Failed(500, 1000, "Timeout expired."), 500, `"ErrorCode":1000`, 0},
		{"own body", salespadtest.Fault{Status: 502, Body: "Bad Gateway"}, 502, "Bad Gateway", 0},
		{"malformed", salespadtest.Fault{Malformed: true}, 200, `{"Items":[{"`, 0},
		{"cut", salespadtest.Fault{Cut: true}, 0, "cut", 0},
		{"lost answer", salespadtest.LostAnswer(), 0, "cut", 1},
		{"half an answer", salespadtest.Fault{Truncate: true, AfterCommit: true}, 0, "cut", 1},
		{"time-out after the effect", salespadtest.Fault{Status: 504, AfterCommit: true}, 504, "<html>", 1},
	} {
		t.Run(one.name, func(t *testing.T) {
			sim := salespadtest.New(salespadtest.Config{})
			c := newClient(t, sim)
			sim.FailNth(create, 2, one.fault)
			c.do(200, "POST", "/api/Customer", body)
			out, err := c.try("POST", "/api/Customer", body)
			if (err != nil && !strings.Contains(err.Error(), "invalid character") && !strings.Contains(err.Error(), "unexpected EOF") && one.want != "cut") || (err == nil && one.want == "cut") {
				t.Errorf("error %v", err)
			}
			if one.want != "cut" && (out.status != one.status || !strings.Contains(string(out.raw), one.want) || one.want == "" && len(out.raw) > 0) {
				t.Errorf("%d %s", out.status, out.raw)
			}
			if got := sim.Count("Customer"); got != 1+one.made {
				t.Errorf("%d customers, want %d", got, 1+one.made)
			}
			c.do(200, "POST", "/api/Customer", body)
			if n := sim.Calls()[create]; n != 3 {
				t.Errorf("%d calls, want 3", n)
			}
		})
	}
}

func TestDelayAndHook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := salespadtest.New(salespadtest.Config{})
		c := newClient(t, sim)
		start := time.Now()
		sim.FailOnce("", salespadtest.Fault{Delay: time.Minute})
		c.do(200, "GET", "/api/Customer", nil)
		if took := time.Since(start); took != time.Minute {
			t.Errorf("took %s", took)
		}
		sim.SetFault(func(r *http.Request, _ []byte) *salespadtest.Fault {
			sim.Must("Customer", salespadtest.Fields{"Customer_Name": "made meanwhile"}) // a hook may act as people do
			return nil
		})
		if rows := c.find("Customer"); len(rows) != 1 {
			t.Errorf("%d customers, want 1", len(rows))
		}
		sim.ClearFaults()
		defer func() {
			if recover() == nil {
				t.Error("a fault on no operation was taken")
			}
		}()
		sim.FailOnce("GET /api/Nothing", salespadtest.HTML(500))
	})
}

func TestDownForANight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := salespadtest.New(salespadtest.Config{})
		c := newClient(t, sim)
		now := time.Now()
		sim.Down(now.Add(time.Hour), now.Add(9*time.Hour))
		sim.Stopped(now.Add(9*time.Hour), now.Add(10*time.Hour))
		c.do(200, "GET", "/api/Customer", nil)
		time.Sleep(time.Hour)
		if _, err := c.try("GET", "/api/Customer", nil); err == nil {
			t.Error("the server answered while down")
		}
		time.Sleep(8 * time.Hour)
		if out := c.do(503, "GET", "/api/Customer", nil); !strings.Contains(string(out.raw), "unavailable") {
			t.Errorf("%s", out.raw)
		}
		time.Sleep(time.Hour)
		c.do(200, "GET", "/api/Customer", nil)
		if calls := sim.Calls(); calls["unreached"] != 1 || calls["total"] != 4 {
			t.Errorf("calls %v", calls)
		}
	})
}

func TestUnderLoad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := salespadtest.New(salespadtest.Config{CallsPerSecond: 10, Seed: 1})
		c := newClient(t, sim)
		time.Sleep(time.Second)
		seen := map[string]int{}
		for range 70 {
			out, err := c.try("GET", "/api/Customer", nil)
			if err != nil {
				t.Fatal(err)
			}
			switch {
			case out.status == 200 && len(out.raw) == 0:
				seen["empty"]++
			case out.status == 200:
				seen["fine"]++
			case strings.Contains(string(out.raw), "<html>"):
				seen[fmt.Sprint("page ", out.status)]++
			}
		}
		if seen["fine"] != 10 || seen["empty"] == 0 || seen["page 500"] == 0 || seen["page 503"] == 0 {
			t.Errorf("seen %v", seen)
		}
		time.Sleep(time.Second)
		c.do(200, "GET", "/api/Customer", nil)
	})
}

func TestProfile(t *testing.T) {
	sim := salespadtest.New(salespadtest.Config{Profile: salespadtest.Profile{
		Absent:      []string{"Prospect", "ProspectContact", "forwardSalesDocument"},
		Present:     []string{"deleteCustomerAddress"},
		Moved:       map[string]string{"addSalesDocumentAudit": "POST /api/SalesDocumentAudit/{Sales_Doc_Type}/{Sales_Doc_Num}"},
		Fields:      map[string]string{"Audit.Audit_Text": "Note", "WorkflowQueue.Queue": "Batch"},
		Operators:   salespadtest.ConfirmedOperators,
		NoFilter:    []string{"SalesDocumentSearch.Sales_Batch"},
		PutReplaces: []string{"CustomerAddr"},
		Created:     201,
	}})
	sim.Sample()
	c := newClient(t, sim)
	c.refuse(404, 3010, "GET", "/api/Prospect?$top=1", nil)
	c.refuse(404, 3010, "PUT", "/api/SalesDocument/ORDER/ORD0900/Forward", nil)
	c.do(200, "DELETE", "/api/CustomerAddr/001001/OFFICE", nil)
	c.do(200, "POST", "/api/SalesDocumentAudit/ORDER/ORD0900", object{"Note": "moved"})
	if sim.Calls()["POST /api/SalesDocument/{Sales_Doc_Type}/{Sales_Doc_Num}/Audit"] != 1 {
		t.Errorf("a moved operation is counted under its own name: %v", sim.Calls())
	}
	if rows := c.find("WorkflowQueue", "$filter", "Batch eq 'REVIEW'"); len(rows) != 1 || rows[0]["Batch"] != "REVIEW         " {
		t.Errorf("renamed field: %v", rows)
	}
	c.do(200, "GET", query("Customer", "$filter", "Customer_Num eq '001001' and Inactive eq false"), nil)
	for _, filter := range []string{"Customer_Num ne 'x'", "Customer_Num eq 'x' or Customer_Num eq 'y'", "(Customer_Num eq 'x')", "startswith(Customer_Num,'x')", "DEX_ROW_TS eq datetime'2026-11-20'"} {
		if m := c.refuse(400, 3010, "GET", query("Customer", "$filter", filter), nil); !strings.Contains(m, "on this install") {
			t.Errorf("%s: %s", filter, m)
		}
	}
	c.refuse(400, 3010, "GET", query("SalesDocumentSearch", "$filter", "Sales_Batch eq 'EXPORT'"), nil)
	c.do(201, "POST", "/api/Customer", object{"Customer_Name": "x"})
	c.do(200, "PUT", "/api/CustomerAddr/001001/PRIMARY", object{"City": "Tacoma"})
	if r, _ := sim.Get("CustomerAddr", "001001|PRIMARY"); r.Fields["Email"] != "" || r.Fields["City"] != "Tacoma" {
		t.Errorf("PUT replaces: %v", r.Fields)
	}
	plain := newClient(t, salespadtest.New(salespadtest.Config{}))
	plain.refuse(405, 1000, "DELETE", "/api/CustomerAddr/001001/OFFICE", nil)
}

// TestCompanies: several GP companies are several installs, each with sessions and keys of its own.
func TestCompanies(t *testing.T) {
	one := salespadtest.New(salespadtest.Config{Company: "TWO", Host: "two.example.test:5501"})
	two := salespadtest.New(salespadtest.Config{Company: "THREE", Host: "three.example.test:5501"})
	one.Must("Customer", salespadtest.Fields{"Customer_Num": "C1", "Customer_Name": "In two"})
	web := http.Client{Transport: salespadtest.Mount(one, two)}
	get := func(host, session string) int {
		r, err := http.NewRequestWithContext(t.Context(), "GET", "http://"+host+"/api/Customer/C1", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Session-ID", session)
		resp, err := web.Do(r)
		if err != nil {
			return 0
		}
		resp.Body.Close()
		return resp.StatusCode
	}
	a, b := newClient(t, one), newClient(t, two)
	for _, want := range []struct {
		host, session string
		status        int
	}{{"two.example.test:5501", a.session, 200}, {"three.example.test:5501", a.session, 401}, {"three.example.test:5501", b.session, 404}, {"four.example.test:5501", b.session, 0}} {
		if got := get(want.host, want.session); got != want.status {
			t.Errorf("%s: %d, want %d", want.host, got, want.status)
		}
	}
}

// TestEffects: the log names who did what; reads and refusals are not in it.
func TestEffects(t *testing.T) {
	sim := salespadtest.New(salespadtest.Config{})
	sim.Sample()
	c := newClient(t, sim)
	c.find("Customer")
	c.do(200, "PUT", "/api/Customer/001001", object{"Comment_1": "x", "UserFieldNames": []string{"xRegion"}, "UserFieldData": []any{"East"}})
	c.refuse(409, 5001, "POST", "/api/Customer", object{"Customer_Num": "001001", "Customer_Name": "x"})
	if err := sim.Forward("ORDER", salespadtest.SampleEarly); err != nil {
		t.Fatal(err)
	}
	if err := sim.Delete("ItemMaster", salespadtest.SampleBlockedItem); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range sim.Log() {
		got = append(got, fmt.Sprint(e.By, " ", e.Did, " ", e.Resource, " ", e.Key, " ", e.Fields))
	}
	want := []string{
		"crosswalk update Customer 001001 [Comment_1 xRegion]",
		"person forward SalesDocument ORDER|ORD0901 [Sales_Batch]",
		"person delete ItemMaster OLD-ROUTER []",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("effects\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if len(sim.InQueue("review")) != 1 {
		t.Errorf("in REVIEW: %v", sim.InQueue("REVIEW"))
	}
}

// TestAdministrators add and remove user fields, and end an outage.
func TestAdministrators(t *testing.T) {
	sim := salespadtest.New(salespadtest.Config{})
	sim.Sample()
	c := newClient(t, sim)
	body := object{"UserFieldNames": []string{"xMark"}, "UserFieldData": []any{"m"}}
	c.refuse(400, 3010, "PUT", "/api/Customer/001001", body)
	sim.DefineUserField("Customer", salespadtest.UserField{Name: "xMark", Type: "string"})
	c.do(200, "PUT", "/api/Customer/001001", body)
	sim.RemoveUserField("Customer", "xMark")
	if got := c.do(200, "GET", "/api/Customer/001001", nil); strings.Contains(string(got.raw), "xMark") {
		t.Errorf("a removed user field is shown: %s", got.raw)
	}
	order, err := sim.Transfer(salespadtest.SampleQuote)
	if err != nil || order.Fields["Quote_Num"] != salespadtest.SampleQuote {
		t.Errorf("transfer %v %v", order, err)
	}
	if _, err := sim.Transfer(salespadtest.SampleQuote); err == nil {
		t.Error("a quote in history was transferred again")
	}
	sim.Down(time.Now(), time.Now().Add(time.Hour))
	if _, err := c.try("GET", "/api/Customer", nil); err == nil {
		t.Error("the server answered while down")
	}
	sim.Up()
	c.do(200, "GET", "/api/Customer", nil)
	if n := len(sim.All("Customer")); n != 7 {
		t.Errorf("%d customers, want 7", n)
	}
}
