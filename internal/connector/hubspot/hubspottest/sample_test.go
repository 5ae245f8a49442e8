package hubspottest_test

import (
	"encoding/json"
	"io"
	"math/big"
	"net/http"
	"strings"
	"testing"

	"crosswalk/internal/connector/hubspot/hubspottest"
)

// call makes one API call as Crosswalk's private app and decodes the answer.
func call(t *testing.T, s *hubspottest.Sim, method, path, body string) (int, map[string]any) {
	t.Helper()
	return callAs(t, s, hubspottest.PrivateToken, method, path, body)
}

func callAs(t *testing.T, s *hubspottest.Sim, token, method, path, body string) (int, map[string]any) {
	t.Helper()
	resp := send(t, s, token, method, path, body)
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("%s %s: reading the answer: %v", method, path, err)
	}
	var out map[string]any
	if len(raw) > 0 {
		d := json.NewDecoder(strings.NewReader(string(raw)))
		d.UseNumber()
		if err := d.Decode(&out); err != nil {
			t.Fatalf("%s %s: %d: not JSON: %s", method, path, resp.StatusCode, raw)
		}
	}
	return resp.StatusCode, out
}

func send(t *testing.T, s *hubspottest.Sim, token, method, path, body string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, "https://api.hubapi.com"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	resp, err := s.Transport().RoundTrip(r)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	return resp
}

// dig walks maps and lists: dig(v, "results", 0, "id").
func dig(v any, path ...any) any {
	for _, p := range path {
		switch key := p.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[key]
		case int:
			l, _ := v.([]any)
			if key >= len(l) {
				return nil
			}
			v = l[key]
		}
	}
	return v
}

// TestSample checks what the sample promises to others, through the API.
func TestSample(t *testing.T) {
	s := hubspottest.New(hubspottest.Config{Seed: 1, TimeZone: "Europe/Copenhagen"})
	s.Sample()
	differs := map[string]bool{"no-lines": true, "negative": true, "amount-differs": true, "no-price": true}
	won := 0
	for _, d := range hubspottest.SampleDeals {
		id := s.SampleID("deals/" + d.Key)
		status, deal := call(t, s, "GET", "/crm/objects/2026-09/deals/"+id+"?properties=amount,hs_is_closed_won,dealname,closedate,deal_currency_code&associations=line_items,companies", "")
		if status != 200 {
			t.Fatalf("%s: %d %v", d.Key, status, deal)
		}
		if got := dig(deal, "properties", "hs_is_closed_won") == "true"; got != d.Won {
			t.Errorf("%s: won = %v, the list says %v", d.Key, got, d.Won)
		}
		if d.Won {
			won++
		}
		sum := new(big.Rat)
		lines, _ := dig(deal, "associations", "line items", "results").([]any)
		for _, l := range lines {
			_, item := call(t, s, "GET", "/crm/v3/objects/0-8/"+dig(l, "id").(string), "")
			if v, ok := dig(item, "properties", "amount").(string); ok {
				r, _ := new(big.Rat).SetString(v)
				sum.Add(sum, r)
			}
		}
		amount, _ := new(big.Rat).SetString(dig(deal, "properties", "amount").(string))
		if agree := amount.Cmp(sum) == 0; agree == differs[d.Key] {
			t.Errorf("%s: amount %s, lines %s", d.Key, amount.FloatString(4), sum.FloatString(4))
		}
	}
	if won < 24 || len(hubspottest.SampleDeals) < 28 {
		t.Errorf("%d deals, %d won: the sample is smaller than promised", len(hubspottest.SampleDeals), won)
	}
	if n := len(s.Records("companies")); n != 12 {
		t.Errorf("%d companies, want 12", n)
	}
	if r, _ := s.Record("deals", s.SampleID("deals/two-companies")); r.PrimaryCompany != "" || len(r.Associations["companies"]) != 2 {
		t.Errorf("two-companies: %v primary %q", r.Associations, r.PrimaryCompany)
	}
}
