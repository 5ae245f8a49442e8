package salespadtest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"crosswalk/internal/connector/salespad/salespadtest"
)

// A test makes an install, logs in once, lists what stands in a queue and forwards it.
func Example() {
	sim := salespadtest.New(salespadtest.Config{})
	sim.Sample()
	web := http.Client{Transport: sim.Transport()}
	session := ""
	call := func(method, path string, into any) {
		r, err := http.NewRequest(method, "http://salespad.example.test:5501"+path, nil)
		if err != nil {
			panic(err)
		}
		if session == "" {
			r.SetBasicAuth(salespadtest.UserName, salespadtest.Password)
		} else {
			r.Header.Set("Session-ID", session)
		}
		resp, err := web.Do(r)
		if err != nil {
			panic(err)
		}
		defer resp.Body.Close()
		if err := json.NewDecoder(resp.Body).Decode(into); err != nil {
			panic(err)
		}
	}

	var opened struct{ SessionID string }
	call("GET", "/api/Session/Permanent", &opened)
	session = opened.SessionID
	var page struct {
		Items []struct{ Sales_Doc_Type, Sales_Doc_Num string }
	}
	filter := url.Values{"$filter": {"Sales_Batch eq 'EXPORT' and Source eq 'Open'"}, "$orderby": {"Sales_Doc_Type,Sales_Doc_Num"}}
	call("GET", "/api/SalesDocumentSearch?"+filter.Encode(), &page)
	for _, d := range page.Items {
		var moved struct{ Sales_Batch string }
		num := strings.TrimSpace(d.Sales_Doc_Num)
		call("PUT", "/api/SalesDocument/"+d.Sales_Doc_Type+"/"+num+"/Forward", &moved)
		fmt.Println(num, "->", moved.Sales_Batch)
	}
	fmt.Println(sim.Calls()["total"], "calls, seats at most", sim.PeakSeats())
	// Output:
	// INV0100 -> READY TO POST
	// ORD0900 -> READY TO SHIP
	// ORD0902 -> READY TO SHIP
	// 5 calls, seats at most 0
}
