package light_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/connector/connectortest"
	"crosswalk/internal/connector/light"
	"crosswalk/internal/connector/light/lighttest"
	"crosswalk/internal/record"
	"crosswalk/internal/rest"
	"crosswalk/internal/token"
)

const base = "https://api.light.inc"

// world is a simulated Light with a connector on it by OAuth.
type world struct {
	*connectortest.World
	sim      *lighttest.Sim
	customer string
	product  string
	entity   string
	renewals atomic.Int64
}

func (w *world) token(r *http.Request) bool {
	if r.URL.Path != "/oauth/token" {
		return false
	}
	w.renewals.Add(1)
	return true
}

func writing(c connectortest.Call) bool { return c.Method != http.MethodGet }

func newWorld(t *testing.T, cfg lighttest.Config) *world {
	t.Helper()
	cfg.TokenTTL = 5000 * time.Hour
	sim := lighttest.New(cfg)
	w := &world{sim: sim}
	wire := &connectortest.Wire{Vendor: sim, Rows: []string{"records"}, Writing: writing, Token: w.token}
	entity, _ := sim.Entity("DE01")
	w.entity = entity.ID
	w.customer = sim.CreateCustomer(lighttest.Customer{Name: "Base customer"}).ID
	w.product = sim.CreateProduct(lighttest.Product{Name: "Base product", Pricings: []lighttest.Pricing{{Currency: "EUR", Amount: 100}}}).ID
	tokens := oauth(t, sim, wire)
	connect := func() connector.Connector {
		c, err := light.New(light.Config{Connection: "billing", Client: rest.New(rest.Config{Base: base, Transport: wire, Tokens: tokens, Hosts: light.Hosts})})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	w.World = &connectortest.World{Connector: connect(), Again: connect, Wire: wire,
		Expire: sim.ExpireTokens, Revoke: sim.RevokeGrant, Renewals: func() int { return int(w.renewals.Load()) }}
	return w
}

type keeper []byte

func (k *keeper) Load(context.Context) ([]byte, error) { return *k, nil }
func (k *keeper) Save(_ context.Context, pair []byte) error {
	*k = append(keeper(nil), pair...)
	return nil
}

func oauth(t *testing.T, sim *lighttest.Sim, wire http.RoundTripper) *token.OAuth {
	t.Helper()
	access, refresh := sim.Tokens()
	pair, err := token.Pair{Access: access, Refresh: refresh, Expiry: time.Now().Add(5000 * time.Hour)}.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	k := keeper(pair)
	form := token.Form{URL: base + "/oauth/token", ClientID: lighttest.OAuthClientID, ClientSecret: lighttest.OAuthClientSecret, Transport: wire}
	return token.New(&k, form, nil)
}

// person sends a request to Light as another application, past the connector and its wire.
func (w *world) person(t *testing.T, method, path, body string) []byte {
	t.Helper()
	r, err := http.NewRequest(method, base+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Basic "+lighttest.OtherAPIKey)
	r.Header.Set("Content-Type", "application/json")
	res, err := w.sim.Transport().RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode/100 != 2 {
		t.Fatalf("%s %s as a person: %d %s %v", method, path, res.StatusCode, got, err)
	}
	return got
}

func (w *world) made(t *testing.T, path, body string) string {
	t.Helper()
	var got struct{ ID string }
	if err := json.Unmarshal(w.person(t, "POST", path, body), &got); err != nil || got.ID == "" {
		t.Fatalf("no id from %s: %v", path, err)
	}
	return got.ID
}

const canary = connectortest.Canary

// suite gives the subject for one kind of record: how people add, change and count it differs.
func suite(t *testing.T) connectortest.Subject {
	return connectortest.Subject{
		System: "light", Connection: "billing", Lag: 45 * time.Second,
		Refusal: func(message string) (int, []byte) {
			return http.StatusBadRequest, fmt.Appendf(nil, `{"name":"BadRequestException","type":"BAD_REQUEST","errors":[{"type":"INVALID_VALUE","message":%q,"path":["description"],"context":{"value":%q}}]}`, message, message)
		},
		Lacks: map[connectortest.Ability]string{
			connectortest.Window:      "its lists have no result window",
			connectortest.BatchWrite:  "Light takes one record a call",
			connectortest.Hiding:      "rights come from roles, not from single records",
			connectortest.Merging:     "Light does not merge records",
			connectortest.Deleting:    "Light archives and never deletes these",
			connectortest.Reordering:  "Light takes one record a call",
			connectortest.RowFailures: "Light takes one record a call",
		},
		Hostile: []string{"id:in:x", "0", "00000000-0000-4000-8000-00000000000g", "00000000-0000-4000-8000-0000000000ff"},
	}
}

func TestCustomers(t *testing.T) {
	s := suite(t)
	s.Open = func(t *testing.T, o connectortest.Options) *connectortest.World {
		w := newWorld(t, lighttest.Config{ListLag: o.Lag})
		w.Add = func(_ string, n int, stamp func(int) time.Time) []string {
			return many(n, func(i int) string {
				c := lighttest.Customer{Name: fmt.Sprintf("Company %d", i), Email: lighttest.Text(fmt.Sprintf("c%d@x.example", i)), Domain: "x.example",
					VATNumber: lighttest.Text(fmt.Sprintf("DE%09d", i)), BusinessRegistrationNumber: lighttest.Text(fmt.Sprintf("HRB %d", i)),
					Description: canary, Type: "BUSINESS"}
				if stamp != nil {
					c.UpdatedAt, c.CreatedAt = lighttest.Stamp{Time: stamp(i)}, lighttest.Stamp{Time: stamp(i)}
				}
				return w.sim.CreateCustomer(c).ID
			})
		}
		w.Change = func(_, id, text string) {
			must(t, w.sim.EditCustomer(id, func(c *lighttest.Customer) { c.Description = lighttest.Text(text) }))
		}
		w.Marked = func(_, marker string) int {
			return count(w.sim.Customers(), func(c lighttest.Customer) bool { return c.CustomProperties.Get("crosswalk_key") == marker })
		}
		return w.World
	}
	s.Kinds = []connectortest.Kind{{Object: "customers", Fields: []string{"name", "customProperties.industry"}, Text: "description", Enum: "type", Page: 200, Batch: 100,
		Create: func(_ *connectortest.World, n int, text string) connector.Write {
			return connector.Write{Fields: values("name", fmt.Sprintf("New %d %s", n, canary), "description", text, "type", "BUSINESS",
				"billingAddress.country", "DE", "billingAddress.city", "Berlin", "customProperties.industry", "Software", "customProperties.headcount", "12.5")}
		},
		Lacks: map[connectortest.Ability]string{connectortest.Integers: "a customer has no number"}}}
	connectortest.Run(t, s)
}

func TestProducts(t *testing.T) {
	s := suite(t)
	s.Open = func(t *testing.T, o connectortest.Options) *connectortest.World {
		w := newWorld(t, lighttest.Config{ListLag: o.Lag})
		w.Add = func(_ string, n int, stamp func(int) time.Time) []string {
			return many(n, func(i int) string {
				p := lighttest.Product{Name: fmt.Sprintf("Product %d", i), DefaultAvataxCode: canary, Pricings: []lighttest.Pricing{{Currency: "EUR", Amount: 100}}}
				if stamp != nil {
					p.UpdatedAt, p.CreatedAt = lighttest.Stamp{Time: stamp(i)}, lighttest.Stamp{Time: stamp(i)}
				}
				return w.sim.CreateProduct(p).ID
			})
		}
		w.Change = func(_, id, text string) {
			must(t, w.sim.EditProduct(id, func(p *lighttest.Product) { p.DefaultAvataxCode = lighttest.Text(text) }))
		}
		w.Marked = func(_, marker string) int {
			return count(w.sim.Products(), func(p lighttest.Product) bool { return p.CustomProperties.Get("crosswalk_key") == marker })
		}
		return w.World
	}
	s.Kinds = []connectortest.Kind{{Object: "products", Fields: []string{"name", "pricings", "pricings.EUR"}, Text: "defaultAvataxCode", Enum: "billingRecurrence", Page: 200, Batch: 100,
		Create: func(_ *connectortest.World, n int, text string) connector.Write {
			return connector.Write{Fields: values("name", fmt.Sprintf("New %d %s", n, canary), "defaultAvataxCode", text, "pricingType", "FIXED",
				"billingRecurrence", "MONTHLY", "pricings", "EUR:9007199254740993")}
		},
		Lacks: map[connectortest.Ability]string{connectortest.Integers: "its amounts are inside pricings; TestPricings shows them exact"}}}
	connectortest.Run(t, s)
}

const dated = "the simulator stamps documents itself; those of one moment have equal stamps"

func TestInvoices(t *testing.T) {
	s := suite(t)
	var w *world
	s.Open = func(t *testing.T, o connectortest.Options) *connectortest.World {
		w = newWorld(t, lighttest.Config{ListLag: o.Lag})
		v := w
		w.Add = func(_ string, n int, _ func(int) time.Time) []string {
			return many(n, func(i int) string {
				return v.made(t, "/v1/invoice-receivables", fmt.Sprintf(`{"companyEntityId":%q,"customerId":%q,"currency":"EUR","description":%q}`, v.entity, v.customer, canary))
			})
		}
		w.Change = func(_, id, text string) {
			must(t, v.sim.EditInvoice(id, func(i *lighttest.Invoice) { i.Description = lighttest.Text(text) }))
		}
		w.Marked = func(_, marker string) int {
			return count(v.sim.Invoices(), func(i lighttest.Invoice) bool { return string(i.Reference) == marker })
		}
		return w.World
	}
	s.Lacks[connectortest.Stamps] = dated
	s.Lacks[connectortest.Finding] = "no filter reads an invoice's reference"
	s.Lacks[connectortest.BatchRead] = "lines come with single reads only"
	s.Kinds = []connectortest.Kind{{Object: "invoice-receivables", Fields: []string{"customerId", "customProperties.sales_rep"}, Text: "description", Enum: "state", Integer: "amount", Page: 200,
		Create: func(_ *connectortest.World, n int, text string) connector.Write {
			return connector.Write{
				Fields: values("companyEntityId", w.entity, "customerId", w.customer, "currency", "EUR", "description", text, "netTerms", "30",
					"customProperties.sales_rep", canary),
				Children: []map[string]record.Value{
					values("productId", w.product, "quantity", "2.5", "priceOverwrite", "4215", "productNameOverwrite", canary),
					values("productId", w.product, "discount.type", "PERCENTAGE", "discount.value", "10.5"),
				}}
		}}}
	connectortest.Run(t, s)
}

func TestContracts(t *testing.T) {
	s := suite(t)
	var w *world
	s.Open = func(t *testing.T, o connectortest.Options) *connectortest.World {
		w = newWorld(t, lighttest.Config{ListLag: o.Lag})
		v := w
		w.Add = func(_ string, n int, _ func(int) time.Time) []string {
			return many(n, func(i int) string {
				return v.made(t, "/v1/contracts", fmt.Sprintf(`{"companyEntityId":%q,"customerId":%q,"currency":"EUR","description":%q}`, v.entity, v.customer, canary))
			})
		}
		w.Change = func(_, id, text string) {
			must(t, v.sim.EditContract(id, func(i *lighttest.Contract) { i.Description = lighttest.Text(text) }))
		}
		w.Delete = func(_, id string) { v.sim.DeleteContract(id) }
		w.Marked = func(_, marker string) int {
			return count(v.sim.Contracts(), func(i lighttest.Contract) bool { return i.CustomProperties.Get("crosswalk_key") == marker })
		}
		return w.World
	}
	delete(s.Lacks, connectortest.Deleting)
	s.Lacks[connectortest.Stamps] = dated
	s.Lacks[connectortest.Keyed] = "no contract call takes an idempotency key"
	s.Lacks[connectortest.Finding] = "contracts have no filter"
	s.Lacks[connectortest.BatchRead] = "contracts have no filter"
	s.Kinds = []connectortest.Kind{{Object: "contracts", Fields: []string{"customerId"}, Text: "description", Enum: "state", Integer: "estimatedAmount", Page: 200,
		Create: func(_ *connectortest.World, n int, text string) connector.Write {
			return connector.Write{
				Fields: values("companyEntityId", w.entity, "customerId", w.customer, "currency", "EUR", "description", text, "startDate", "2000-02-01"),
				Children: []map[string]record.Value{
					values("productId", w.product, "quantity", "3", "priceOverwrite", "25000", "billingRecurrence", "MONTHLY"),
				}}
		}}}
	connectortest.Run(t, s)
}

func values(pairs ...string) map[string]record.Value {
	out := map[string]record.Value{}
	for i := 0; i < len(pairs); i += 2 {
		out[pairs[i]] = record.Of(pairs[i+1])
	}
	return out
}

func many(n int, make1 func(int) string) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = make1(i)
	}
	return out
}

func count[T any](all []T, is func(T) bool) int {
	n := 0
	for _, v := range all {
		if is(v) {
			n++
		}
	}
	return n
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
