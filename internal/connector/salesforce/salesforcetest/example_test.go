package salesforcetest_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	"crosswalk/internal/connector/salesforce/salesforcetest"
)

// A test sets up an org, lets a person edit in it, lets a call go wrong, and looks
// at what the client under test did.
func Example() {
	org := salesforcetest.New(salesforcetest.Config{Seed: 7, Limits: true})
	org.Sample()
	org.AddToken("token-of-the-test", "") // or connect through OAuth
	server := httptest.NewServer(org)
	defer server.Close()

	id := org.SampleID("opportunities/open")
	if err := org.Person().Win(id); err != nil {
		fmt.Println(err)
	}
	org.Fail(salesforcetest.Throttled().At("GET /query"))

	for range 2 {
		q, _ := http.NewRequest(http.MethodGet, server.URL+"/services/data/v67.0/query?q=SELECT+Name+FROM+Opportunity+WHERE+Id+=+'"+id+"'", nil)
		q.Header.Set("Authorization", "Bearer token-of-the-test")
		a, err := server.Client().Do(q)
		if err != nil {
			fmt.Println(err)
			return
		}
		body, _ := io.ReadAll(a.Body)
		_ = a.Body.Close()
		fmt.Println(a.StatusCode, len(body) > 0, a.Header.Get("Sforce-Limit-Info"))
	}
	last := org.Log()[len(org.Log())-1]
	fmt.Println(last.Kind, last.Object, last.User == org.PersonID(), last.Values["StageName"])
	fmt.Println(org.Calls()["total"])
	// Output:
	// 403 true api-usage=1/100000
	// 200 true api-usage=2/100000
	// update Opportunity true Closed Won
	// 2
}
