package hubspottest_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	"crosswalk/internal/connector/hubspot/hubspottest"
)

// A portal is an http.Handler: serve it, or call it through Transport.
func Example() {
	portal := hubspottest.New(hubspottest.Config{Seed: 1})
	portal.Sample()
	server := httptest.NewServer(portal)
	defer server.Close()

	deal := portal.SampleID("deals/open")
	if err := portal.User().Win(deal); err != nil { // a person drags the deal to "Closed Won"
		fmt.Println(err)
	}
	r, _ := http.NewRequest("GET", server.URL+"/crm/objects/2026-09/deals/"+deal+"?properties=hs_is_closed_won", nil)
	r.Header.Set("Authorization", "Bearer "+hubspottest.PrivateToken)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	fmt.Println(resp.StatusCode, strings.Contains(string(body), `"hs_is_closed_won":"true"`))
	fmt.Println(portal.Calls()["GET /crm/objects/deals/{id}"], "call")
	// Output:
	// 200 true
	// 1 call
}
