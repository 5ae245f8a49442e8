package lighttest_test

import (
	"fmt"
	"net/url"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"crosswalk/internal/connector/light/lighttest"
)

func names(page object) []string {
	out := []string{}
	for _, r := range page["records"].([]any) {
		out = append(out, r.(object)["name"].(string))
	}
	return out
}

func (c *client) list(path string, query ...string) object {
	c.t.Helper()
	v := url.Values{}
	for i := 0; i+1 < len(query); i += 2 {
		v.Set(query[i], query[i+1])
	}
	return c.get(path + "?" + v.Encode())
}

func TestFilters(t *testing.T) {
	s := lighttest.New(lighttest.Config{})
	s.Sample()
	c := newClient(t, s)
	c.customer("Acme, Inc.")
	c.customer("a:b:c")
	old := time.Now().AddDate(0, 0, -250).UTC().Format(time.RFC3339)
	cases := []struct {
		filter string
		want   []string
	}{
		{"name:eq:a:b:c", []string{"a:b:c"}},
		{"vatNumber:eq:" + lighttest.SampleVATNumber, []string{lighttest.SampleByVAT}},
		{"email:eq:accounts@twinpeaks.example", []string{lighttest.SampleTwinA, lighttest.SampleTwinB}},
		{"email:eq:BILLING@eider-foods.example", []string{}},
		{"billingAddressCountry:in:DE|US", []string{lighttest.SampleByVAT, lighttest.SampleByDomain}},
		{"status:eq:ARCHIVED", []string{lighttest.SampleArchived}},
		{"status:ne:ACTIVE,email:ne:null", []string{lighttest.SampleArchived}},
		{"email:eq:null,createdAt:lt:" + old, []string{lighttest.SampleNameOnly, lighttest.SampleByDomain}},
		{"name:gte:a", []string{"a:b:c"}},
	}
	for _, tc := range cases {
		if got := names(c.list("/v1/customers", "filter", tc.filter)); !slices.Equal(got, tc.want) {
			t.Errorf("%s: %q, want %q", tc.filter, got, tc.want)
		}
	}
	for _, path := range []string{"/v1/customers?filter=name:eq:Acme,%20Inc.", "/v1/customers?filter=domain:eq:x", "/v1/customers?filter=name:like:x",
		"/v1/customers?filter=createdAt:gt:yesterday", "/v1/customers?sort=domain:asc", "/v1/customers?sort=name:up", "/v1/customers?limit=201",
		"/v1/customers?limit=0", "/v1/customers?cursor=abc", "/v1/customers?offset=-1", "/v1/contracts?filter=customerId:eq:1",
		"/v1/invoice-receivables?filter=reference:eq:1", "/v1/contracts?sort=updatedAt:asc"} {
		c.do(400, "GET", path, nil)
	}
	for term, want := range map[string]string{"acme, inc": "Acme, Inc.", "ALPINE": lighttest.SampleNameOnly, "cobalt-laboratories.example": lighttest.SampleByDomain} {
		if got := names(c.list("/v1/customers", "searchTerm", term)); !slices.Equal(got, []string{want}) {
			t.Errorf("search %s: %q", term, got)
		}
	}
}

// walk reads a list to its end, calling between after each page.
func (c *client) walk(path string, query []string, between func(page int)) (all []string) {
	c.t.Helper()
	cursor := "0"
	for n := 0; ; n++ {
		p := c.list(path, append(slices.Clone(query), "cursor", cursor)...)
		all = append(all, names(p)...)
		if p["hasMore"] != true {
			return all
		}
		cursor = p["nextCursor"].(string)
		between(n)
	}
}

func TestInsertsShiftOffsetsButNotCursors(t *testing.T) {
	s := lighttest.New(lighttest.Config{})
	c := newClient(t, s)
	var want []string
	for i := range 10 {
		want = append(want, c.get("/v1/customers/" + c.customer(fmt.Sprintf("c%02d", i)))["name"].(string))
	}
	got := c.walk("/v1/customers", []string{"sort", "name:asc", "limit", "3"}, func(n int) { c.customer(fmt.Sprintf("a%d", n)) })
	if !slices.Equal(got, want) {
		t.Errorf("by cursor: %q", got)
	}
	first := names(c.list("/v1/customers", "sort", "name:asc", "limit", "3", "offset", "0"))
	c.customer("a")
	second := names(c.list("/v1/customers", "sort", "name:asc", "limit", "3", "offset", "3"))
	if first[2] != second[0] {
		t.Errorf("an insert before the offset must repeat a record: %q then %q", first, second)
	}
}

func TestCursorReadsEqualStampsOnceAndBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // all 450 records have one updatedAt
		s := lighttest.New(lighttest.Config{Seed: 7})
		c := newClient(t, s)
		var want []string
		for i := range 450 {
			name := fmt.Sprintf("c%03d", i)
			c.customer(name)
			want = append(want, name)
		}
		got := c.walk("/v1/customers", []string{"sort", "updatedAt:asc", "limit", "200"}, func(int) {})
		if !slices.Equal(sorted(got), want) {
			t.Fatalf("%d of 450 read, or some twice", len(got))
		}
		if slices.Equal(got, want) {
			t.Error("equal stamps should not come in the order of creation")
		}
		one := c.list("/v1/customers", "sort", "updatedAt:asc", "limit", "200", "cursor", "0")
		two := c.list("/v1/customers", "sort", "updatedAt:asc", "limit", "200", "cursor", one["nextCursor"].(string))
		back := c.list("/v1/customers", "sort", "updatedAt:asc", "limit", "200", "cursor", two["prevCursor"].(string))
		if !slices.Equal(names(back), names(one)) || back["prevCursor"] != nil {
			t.Error("back from page two is not page one")
		}
		if one["total"] != nil || num(c.list("/v1/customers")["total"]) != 450 {
			t.Error("total belongs to offset mode")
		}
		c.do(400, "GET", "/v1/customers?sort=name:asc&cursor="+one["nextCursor"].(string), nil)
	})
}

func TestListLagAndStaleReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := lighttest.New(lighttest.Config{ListLag: 5 * time.Second, StaleRead: 10 * time.Second})
		c := newClient(t, s)
		id := c.customer("before")
		if got := names(c.list("/v1/customers")); len(got) != 0 {
			t.Errorf("a new record is in the list at once: %q", got)
		}
		time.Sleep(5 * time.Second)
		if got := names(c.list("/v1/customers")); len(got) != 1 {
			t.Errorf("after the lag: %q", got)
		}
		c.do(200, "PATCH", "/v1/customers/"+id, object{"name": "after"})
		seen := map[string]int{}
		for range 200 {
			seen[c.get("/v1/customers/" + id)["name"].(string)]++
			seen[names(c.list("/v1/customers"))[0]]++
		}
		if seen["before"] < 80 || seen["before"] > 160 || seen["before"]+seen["after"] != 400 {
			t.Errorf("about three in ten of 400 reads should be stale: %v", seen)
		}
		time.Sleep(10 * time.Second)
		for range 50 {
			if got := c.get("/v1/customers/" + id)["name"]; got != "after" {
				t.Fatalf("stale after the time: %v", got)
			}
		}
	})
}

func TestUpdatedAtMovesOnEveryChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := lighttest.New(lighttest.Config{})
		c := newClient(t, s)
		id := c.customer("A")
		last := c.get("/v1/customers/" + id)["updatedAt"].(string)
		for _, domain := range []string{"a.example", "b.example", "c.example"} {
			now := c.do(200, "PATCH", "/v1/customers/"+id, object{"domain": domain}).body["updatedAt"].(string)
			if now <= last {
				t.Fatalf("updatedAt %s after %s", now, last)
			}
			last = now
		}
		if got := c.list("/v1/customers", "filter", "updatedAt:gte:"+last); len(names(got)) != 1 {
			t.Error("gte of its own updatedAt leaves the record out")
		}
		if got := c.list("/v1/customers", "filter", "updatedAt:gt:"+last); len(names(got)) != 0 {
			t.Error("gt of its own updatedAt finds the record")
		}
	})
}
