package lighttest_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"testing"

	"crosswalk/internal/connector/light/lighttest"
)

// client speaks to a simulator as APIKey and reads answers loosely, as a stranger would.
type client struct {
	t    *testing.T
	http http.Client
	auth string
}

func newClient(t *testing.T, s *lighttest.Sim) *client {
	return &client{t, http.Client{Transport: s.Transport(), CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}, "Basic " + lighttest.APIKey}
}

type object = map[string]any

// result is one answer.
type result struct {
	status int
	header http.Header
	raw    []byte
	body   object
}

func (c *client) try(method, path string, body any, header ...string) (result, error) {
	c.t.Helper()
	var in io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			c.t.Fatal(err)
		}
		in = bytes.NewReader(raw)
	}
	r, err := http.NewRequestWithContext(c.t.Context(), method, "https://light.example"+path, in)
	if err != nil {
		c.t.Fatal(err)
	}
	r.Header.Set("Authorization", c.auth)
	if body != nil {
		r.Header.Set("Content-Type", "application/json;charset=UTF-8")
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := c.http.Do(r)
	if err != nil {
		return result{}, err
	}
	defer resp.Body.Close()
	out := result{status: resp.StatusCode, header: resp.Header}
	if out.raw, err = io.ReadAll(resp.Body); err != nil {
		return out, err
	}
	if len(out.raw) > 0 && out.raw[0] == '{' {
		if err := json.Unmarshal(out.raw, &out.body); err != nil {
			return out, err
		}
	}
	return out, nil
}

// do expects a status.
func (c *client) do(want int, method, path string, body any, header ...string) result {
	c.t.Helper()
	out, err := c.try(method, path, body, header...)
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, path, err)
	}
	if out.status != want {
		c.t.Fatalf("%s %s: status %d, want %d: %s", method, path, out.status, want, out.raw)
	}
	return out
}

func (c *client) get(path string) object { c.t.Helper(); return c.do(200, "GET", path, nil).body }

func (c *client) post(path string, body any) object {
	c.t.Helper()
	return c.do(200, "POST", path, body).body
}

func (c *client) id(path string, body any) string {
	c.t.Helper()
	return c.post(path, body)["id"].(string)
}

func (c *client) customer(name string) string {
	c.t.Helper()
	return c.id("/v1/customers", object{"name": name})
}

func (c *client) product(name string, eur int) string {
	c.t.Helper()
	return c.id("/v1/products", object{"name": name, "pricingType": "FIXED", "billingRecurrence": "ONE_TIME",
		"pricings": []object{{"currency": "EUR", "amount": eur}}})
}

func entity(t *testing.T, s *lighttest.Sim, code string) string {
	t.Helper()
	e, ok := s.Entity(code)
	if !ok {
		t.Fatalf("no entity %s", code)
	}
	return e.ID
}

// num reads a JSON number as a whole one.
func num(v any) int { f, _ := v.(float64); return int(f) }

func TestInvoiceFromDraftToPaid(t *testing.T) {
	s := lighttest.New(lighttest.Config{})
	c := newClient(t, s)
	customer, product := c.customer("Acme, Inc."), c.product("Crane", 10000)
	inv := c.post("/v1/invoice-receivables", object{"companyEntityId": entity(t, s, "DE01"), "customerId": customer, "currency": "EUR",
		"invoiceDate": "2026-03-01", "netTerms": 30, "areLinesWithTax": false, "reference": "hubspot:1:deal:2",
		"lines": []object{{"productId": product, "quantity": 1.5}}})
	if inv["state"] != "DRAFT" || num(inv["amount"]) != 17850 || inv["dueDate"] != "2026-03-31" || inv["invoiceNumber"] != nil {
		t.Fatalf("draft: %v", inv)
	}
	line := inv["lines"].([]any)[0].(object)
	if num(line["netAmount"]) != 15000 || num(line["taxAmount"]) != 2850 {
		t.Fatalf("line: %v", line)
	}
	at := "/v1/invoice-receivables/" + inv["id"].(string)
	if got := c.post(at+"/open", nil); got["state"] != "OPEN_IN_PROGRESS" {
		t.Fatalf("opening: %v", got["state"])
	}
	if got := c.get(at); got["state"] != "OPEN" || got["invoiceNumber"] != "1000" {
		t.Fatalf("opened: %v %v", got["state"], got["invoiceNumber"])
	}
	bank := s.BankAccounts()[0].ID
	pay := func(amount int) object {
		return c.post(at+"/payments", object{"paymentDate": "2026-03-15", "bankAccountId": bank, "amountInInvoiceCurrency": amount})
	}
	if got := pay(17849); got["state"] != "PARTIALLY_PAID" {
		t.Fatalf("paid in part: %v", got["state"])
	}
	if got := pay(1); got["state"] != "PAID" {
		t.Fatalf("paid: %v", got["state"])
	}
}
