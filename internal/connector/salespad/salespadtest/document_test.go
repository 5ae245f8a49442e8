package salespadtest_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"crosswalk/internal/connector/salespad/salespadtest"
)

func TestQueueSelection(t *testing.T) {
	sim := salespadtest.New(salespadtest.Config{})
	sim.Sample()
	c := newClient(t, sim)
	rows := c.find("SalesDocumentSearch", "$filter", "Sales_Batch eq 'EXPORT' and Source eq 'Open'", "$orderby", "Sales_Doc_Type,Sales_Doc_Num")
	if got := trimmedJoin(column(rows, "Sales_Doc_Num")); got != "INV0100 ORD0900 ORD0902" {
		t.Errorf("open in EXPORT: %q", got)
	}
	if rows[1]["Sales_Batch"] != "EXPORT         " || rows[1]["Source"] != "Open" || rows[1]["Sales_Doc_Num"] != "ORD0900              " {
		t.Errorf("row %v", rows[1])
	}
	rows = c.find("SalesDocumentSearch", "$filter", "Sales_Batch eq 'EXPORT'", "$orderby", "Source,Sales_Doc_Num")
	if got := strings.Join(column(rows, "Source"), " "); got != "History Open Open Open Void" {
		t.Errorf("states: %q", got)
	}
	if got := trimmedJoin(column(c.find("SalesDocument", "$orderby", "Sales_Doc_Num"), "Sales_Doc_Num")); got != "INV0100 ORD0900 ORD0901 ORD0902 QTE0500" {
		t.Errorf("open documents: %q", got)
	}
	if got := trimmedJoin(column(c.find("SalesDocumentHistory"), "Sales_Doc_Num")); got != "INV0050" {
		t.Errorf("history: %q", got)
	}
	c.refuse(404, 3010, "GET", "/api/SalesDocument/ORDER/ORD0800", nil) // void
	c.refuse(404, 3010, "GET", "/api/SalesDocument/QUOTE/ORD0900", nil)
	c.refuse(404, 3010, "GET", "/api/SalesLineItem/ORDER/ORD0900", nil)
	lines := c.find("SalesLineItem", "$filter", "Sales_Doc_Type eq 'ORDER' and Sales_Doc_Num eq 'ORD0900'", "$orderby", "Line_Num")
	if got := trimmedJoin(column(lines, "Item_Number")); got != `100XLG CABLE 1/2" 3.5 SERVICE-DAY` {
		t.Errorf("lines: %q", got)
	}
	if len(c.find("SalesLineItem", "$filter", "Sales_Doc_Num eq 'ORD0800'")) != 0 || len(c.find("SalesLineItemSearch", "$filter", "Sales_Doc_Num eq 'ORD0800'")) != 1 {
		t.Error("lines of a void document")
	}
}

// TestAmounts: 2 x 59.95 = 119.90; 2 x 4.12345 = 8.2469 -> 8.25; service 0; freight 12.50, tax 9.90.
func TestAmounts(t *testing.T) {
	sim := salespadtest.New(salespadtest.Config{})
	sim.Sample()
	c := newClient(t, sim)
	got := c.do(200, "GET", "/api/SalesDocument/ORDER/ORD0900", nil)
	if !strings.Contains(string(got.raw), `"Subtotal":128.15000,"Discount":0.00000,"Freight":12.50000,"Misc_Charge":0.00000,"Tax":9.90000,"Total":150.55000`) {
		t.Errorf("amounts: %s", got.raw)
	}
	c.do(200, "PUT", "/api/SalesLineItem/ORDER/ORD0900/16384/0", object{"Quantity": 3, "Markdown_Amount": 9.95})
	order, _ := sim.Get("SalesDocument", "ORDER|ORD0900")
	if order.Fields["Subtotal"] != "158.25" || order.Fields["Total"] != "180.65" { // 3 x 50 + 8.25
		t.Errorf("after a change: %s, %s", order.Fields["Subtotal"], order.Fields["Total"])
	}
	c.refuse(400, 3010, "PUT", "/api/SalesLineItem/ORDER/ORD0900/16384/0", object{"Item_Number": "OLD-ROUTER"})
}

func TestDocumentEntry(t *testing.T) {
	sim := salespadtest.New(salespadtest.Config{})
	sim.Sample()
	c := newClient(t, sim)
	header := func(more object) object {
		out := object{"Sales_Doc_Type": "ORDER", "Sales_Doc_ID": "STDORD", "Customer_Num": "001001"}
		for name, v := range more {
			out[name] = v
		}
		return out
	}
	if err := sim.Update("CustomerAddr", "001001|PRIMARY", salespadtest.Fields{"xRoute": "North"}); err != nil {
		t.Fatal(err)
	}
	out := c.do(200, "POST", "/api/SalesDocument", header(object{"Customer_PO_Num": "PO 1"})).body
	if out["Sales_Doc_Num"] != "ORD1001" || out["Customer_Name"] != "" || out["Sales_Batch"] != "" {
		t.Errorf("echo %v", out)
	}
	got, _ := sim.Get("SalesDocument", "ORDER|ORD1001")
	for name, want := range map[string]string{"Sales_Batch": "NEW ORDER", "Customer_Name": "Alpine Instruments", "City": "Seattle", "Ship_To_Address_Code": "PRIMARY", "xRegion": "West", "xRoute": "North", "Master_Num": "5008"} {
		if got.Fields[name] != want {
			t.Errorf("%s = %q, want %q", name, got.Fields[name], want)
		}
	}
	lines := []object{{"Item_Number": "100XLG", "Quantity": 1}, {"Item_Number": "SERVICE-DAY", "Quantity": 1, "Unit_Price": 800}}
	c.refuse(400, 3005, "POST", "/api/SalesDocument/WithLines", header(object{"LineItems": lines}))
	c.refuse(400, 3005, "POST", "/api/SalesDocument/WithLines", header(object{"LineItems": []object{}}), "UpdateFlags", "SetLineNum")
	before := sim.Count("SalesDocument")
	c.refuse(422, 3010, "POST", "/api/SalesDocument/WithLines", header(object{"LineItems": append(lines[:1:1], object{"Item_Number": "NONE", "Quantity": 1})}), "UpdateFlags", "SetLineNum")
	if sim.Count("SalesDocument") != before {
		t.Error("a refused line left its header behind")
	}
	c.do(200, "POST", "/api/SalesDocument/WithLines", header(object{"Sales_Doc_Num": "WEB-7", "LineItems": lines}), "UpdateFlags", "SetLineNum")
	made := sim.Lines("ORDER", "WEB-7")
	if len(made) != 2 || made[1].Key != "ORDER|WEB-7|32768|0" || made[1].Fields["Extended_Price"] != "800" || made[0].Fields["xFamily"] != "Phones" || made[0].Fields["xRegion"] != "West" {
		t.Errorf("lines %+v", made)
	}
	c.refuse(409, 5001, "POST", "/api/SalesDocument", header(object{"Sales_Doc_Num": "web-7"}))
	c.refuse(422, 3010, "POST", "/api/SalesDocument", header(object{"Customer_Num": salespadtest.SampleInactive}))
	c.refuse(422, 3010, "POST", "/api/SalesDocument", header(object{"Sales_Doc_ID": "STDINV"}))
	c.refuse(400, 3010, "POST", "/api/SalesDocument", header(object{"Sales_Doc_Type": "order"}))
	c.refuse(422, 3010, "DELETE", "/api/Customer/001001", nil)
	c.do(200, "DELETE", "/api/Customer/001006", nil)

	order := c.do(200, "PUT", "/api/SalesDocument/QUOTE/QTE0500/Transfer", nil).body
	if order["Sales_Doc_Type"] != "ORDER" || order["Prev_Sales_Doc_Num"] != "QTE0500" || order["Sales_Batch"] != "NEW ORDER" {
		t.Errorf("transfer %v", order)
	}
	if quote, _ := sim.Get("SalesDocument", "QUOTE|QTE0500"); quote.State != "History" {
		t.Errorf("the quote is %s", quote.State)
	}
	if n := len(sim.Lines("ORDER", order["Sales_Doc_Num"].(string))); n != 2 {
		t.Errorf("%d lines went along, want 2", n)
	}
}

func TestForward(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := salespadtest.New(salespadtest.Config{})
		sim.Sample()
		c := newClient(t, sim)
		const path = "/api/SalesDocument/ORDER/ORD0900/Forward"
		reason := "credit check is open"
		sim.SetForwardRule("EXPORT", func(doc salespadtest.Record) (string, string) {
			if doc.Key == "ORDER|ORD0900" {
				return "", reason
			}
			return "REVIEW", ""
		})
		before := stampOf(t, sim, "SalesDocument", "ORDER|ORD0900")
		if m := c.refuse(422, 3010, "PUT", path, nil); !strings.Contains(m, reason) {
			t.Errorf("refusal %q", m)
		}
		if after := stampOf(t, sim, "SalesDocument", "ORDER|ORD0900"); after != before {
			t.Error("a refused forward moved the document's stamp")
		}
		if out := c.do(200, "PUT", "/api/SalesDocument/ORDER/ORD0902/Forward", nil); out.body["Sales_Batch"] != "REVIEW" {
			t.Errorf("the rule's own queue: %v", out.body["Sales_Batch"])
		}
		sim.SetForwardRule("EXPORT", nil)
		sim.Lock("ORDER", "ORD0900", "front desk")
		if m := c.refuse(422, 3010, "PUT", path, nil); !strings.Contains(m, "front desk") {
			t.Errorf("refusal %q", m)
		}
		c.refuse(422, 3010, "PUT", "/api/SalesDocument/ORDER/ORD0900", object{"Customer_PO_Num": "x"})
		sim.Unlock("ORDER", "ORD0900")
		c.do(200, "PUT", path, object{"From_Queue": "EXPORT"})
		c.refuse(409, 5001, "PUT", path, object{"From_Queue": "EXPORT"})
		c.refuse(422, 3010, "PUT", path, nil) // READY TO SHIP is the last one
		c.refuse(400, 3010, "PUT", path, object{"From": "EXPORT"})
		if err := sim.MoveTo("ORDER", "ORD0900", "MY BATCH"); err != nil {
			t.Fatal(err)
		}
		c.refuse(422, 3010, "PUT", path, nil)

		time.Sleep(time.Minute)
		c.do(200, "POST", "/api/SalesDocument/ORDER/ORD0900/Audit", object{"Audit_Text": "Products not found: CABLE"})
		c.refuse(400, 3005, "POST", "/api/SalesDocument/ORDER/ORD0900/Audit", object{"Audit_Text": ""})
		c.refuse(422, 3010, "POST", "/api/SalesDocument/ORDER/ORD0900/Audit", object{"Audit_Text": strings.Repeat("x", 4001)})
		rows := c.find("SalesDocument/ORDER/ORD0900/Audit")
		if got := column(rows, "Audit_Text"); !slices.Equal(got, []string{"Products not found: CABLE", "Forwarded from EXPORT to READY TO SHIP"}) {
			t.Errorf("audits %q", got)
		}
		if rows[0]["Audit_Type"] != "HubSpot" || rows[0]["Created_By"] != salespadtest.UserName {
			t.Errorf("audit %v", rows[0])
		}
		queues := c.find("WorkflowQueue", "$filter", "Sales_Doc_Type eq 'ORDER'", "$orderby", "Sequence")
		if got := trimmedJoin(column(queues, "Queue")); got != "NEW ORDER REVIEW EXPORT READY TO SHIP" || queues[3]["Next_Queue"] != nil {
			t.Errorf("queues %q, last %v", got, queues[3])
		}
	})
}

func TestLinkTable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := salespadtest.New(salespadtest.Config{})
		sim.Sample()
		link := salespadtest.Link{ExternalTenant: "62515", ExternalType: "contact", ExternalID: "77", EntityType: "CustomerAddr", EntityKey: "001001|PRIMARY", LinkedBy: "CustomerExport"}
		made, err := sim.AddLink(link)
		if err != nil {
			t.Fatal(err)
		}
		other := link
		other.ExternalID = "78"
		if _, err := sim.AddLink(other); err == nil {
			t.Error("one address was linked twice")
		}
		other = link
		other.EntityKey = "001001|OFFICE"
		if _, err := sim.AddLink(other); err == nil {
			t.Error("one contact was linked twice")
		}
		other.ExternalTenant = "62516"
		if _, err := sim.AddLink(other); err != nil {
			t.Errorf("another hub: %v", err)
		}
		want := "\ufeffLink_ID,Platform,External_Tenant,External_Type,External_ID,Entity_Type,Entity_Key,Linked_On,Linked_By\r\n" +
			strings.ToUpper(made.LinkID) + ",HubSpot,62515,contact,77,CustomerAddr,001001         |PRIMARY        ,1999-12-31 18:00:00.000,CustomerExport\r\n"
		if got := string(sim.ExportLinksCSV()); !strings.HasPrefix(got, want) {
			t.Errorf("CSV %q, want %q first", got, want)
		}
		if got := string(sim.ExportLinksJSON()); !strings.Contains(got, `"Entity_Key": "001001|PRIMARY"`) || !strings.Contains(got, `"Linked_On": "1999-12-31T18:00:00.000"`) {
			t.Errorf("JSON %s", got)
		}
		if err := sim.RemoveLink(made.LinkID); err != nil || len(sim.Links()) != 1 {
			t.Errorf("%v, %d links", err, len(sim.Links()))
		}
	})
}
