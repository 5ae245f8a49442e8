package app

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/connector/hubspot/hubspottest"
	"crosswalk/internal/connector/light/lighttest"
	"crosswalk/internal/connector/salesforce/salesforcetest"
	"crosswalk/internal/connector/salespad/salespadtest"
	"crosswalk/internal/engine"
	"crosswalk/internal/engine/lane"
	"crosswalk/internal/engine/table"
	"crosswalk/internal/mapping"
	"crosswalk/internal/queue/embedded"
	"crosswalk/internal/record"
	"crosswalk/internal/script"
	"crosswalk/internal/secret"
	"crosswalk/internal/store/memory"
)

// The cases: one test per hard case or sentence of the issue, through the real engine, both simulators, store and queue, in
// virtual time, judged from outside. A test is virtual(t, setup{...}, func(w *world) {...}); w acts as people do
// (w.company, w.deal, w.win), lets time pass (w.settle, w.advance) and looks (w.invoice, w.wantHeld, w.wantSkipped).

// setup is what a case wants to be different. The zero setup is two empty accounts, the presets live, webhooks on.
type setup struct {
	HubSpot       hubspottest.Config
	Light         lighttest.Config
	Salesforce    *salesforcetest.Config        // an org beside them; its presets then stand in place of HubSpot's
	SalesPad      *salespadtest.Config          // a GP company beside them
	Org           func(*salesforcetest.Sim)     // what the org has before anything is applied
	Limits        bool                          // spend calls as the vendors allow
	Presets       []string                      // pairs of old and new text in the presets
	Documents     []string                      // in place of the presets
	Draft         bool                          // nothing goes live
	Quiet         bool                          // no webhooks
	HubSpotFields []string                      // text properties to define, as companies/registration_number
	Config        func(*engine.Config)          // last word on the engine
	Table         func(table.Table) table.Table // around the store
}

// opening is when a case begins: long after the presets' since, in the middle of a day.
var opening = time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)

const hookURL = "https://crosswalk.example/webhooks/hubspot"

// virtual runs a case in a bubble of its own, where an hour passes in no time.
func virtual(t *testing.T, s setup, f func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(opening))
		f(newVirtual(t, s))
	})
}

// pocket keeps secrets in memory.
type pocket struct {
	mu   sync.Mutex
	kept map[string][]byte
}

func (p *pocket) Get(_ context.Context, name string) ([]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if v, ok := p.kept[name]; ok {
		return v, nil
	}
	return nil, secret.ErrMissing
}

func (p *pocket) Put(_ context.Context, name string, value []byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.kept[name] = bytes.Clone(value)
	return nil
}

func (p *pocket) Delete(_ context.Context, name string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.kept, name)
	return nil
}

func newVirtual(t *testing.T, s setup) *world {
	t.Helper()
	if s.HubSpot.Seed == 0 {
		s.HubSpot.Seed = 1
	}
	if s.Light.Seed == 0 {
		s.Light.Seed = 1
	}
	w := &world{HubSpot: hubspottest.New(s.HubSpot), Light: lighttest.New(s.Light), t: t}
	w.ok(w.HubSpot.User().Define("companies", hubspottest.SampleVATProperty, "string", "text"))
	w.ok(w.HubSpot.User().Define("companies", hubspottest.SampleEmailProperty, "string", "text"))
	w.ok(w.HubSpot.User().Define("products", hubspottest.SampleActive, "bool", "booleancheckbox", "true", "false"))
	for _, f := range s.HubSpotFields {
		object, name, _ := strings.Cut(f, "/")
		w.ok(w.HubSpot.User().Define(object, name, "string", "text"))
	}
	if !s.Quiet {
		w.HubSpot.SetWebhook(hubspottest.AppID, hookURL, subscriptions()...)
	}
	w.Light.CreateProduct(lighttest.Product{Name: "Services", Pricings: []lighttest.Pricing{{Currency: "USD", Amount: 100}}})
	secrets := &pocket{kept: map[string][]byte{}}
	for name, c := range map[string]Credential{
		"hubspot": {Key: hubspottest.PrivateToken, WebhookSecret: []string{hubspottest.ClientSecret}}, "light": {Key: lighttest.APIKey},
	} {
		raw, err := json.Marshal(c)
		w.ok(err)
		w.ok(secrets.Put(t.Context(), name, raw))
	}
	limits := "off"
	if s.Limits {
		limits = "on"
	}
	c := Config{Approval: "single", Connections: map[string]Connection{
		"hubspot": {System: "hubspot", Account: "62515", Limits: limits}, "light": {System: "light", Limits: limits},
	}, Roles: map[string]string{"crm": "hubspot", "billing": "light"}}
	if s.Salesforce != nil {
		w.addSalesforce(s, secrets, &c, limits)
	}
	if s.SalesPad != nil {
		w.addSalesPad(s, secrets, &c, limits)
	}
	w.ok(c.check())
	level := slog.LevelError
	if os.Getenv("CASES_LOG") != "" {
		level = slog.LevelInfo
	}
	a := &App{Config: c, Connectors: map[string]connector.Connector{}, Transforms: phones(), Log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level}))}
	w.App = a
	random := rand.New(rand.NewPCG(1, 2))
	var mu sync.Mutex
	w.secrets = secrets
	for name := range c.Connections {
		a.Connectors[name] = newConnector(w, name)
	}
	language := mapping.Standard(a.Transforms)
	w.store = memory.New()
	var kept table.Table = w.store
	if s.Table != nil {
		kept = s.Table(kept)
	}
	w.lanes = embedded.NewMemory(embedded.Options{})
	key := []byte("a key of thirty-two bytes or so.")
	w.config = engine.Config{
		Table: kept, Queue: w.lanes, Connections: a.Connectors, Roles: c.Roles, Tools: NewTools(a.Transforms, key), Scripts: NewScripts(script.NewInProcess()),
		Language: language, Compile: Compile(language), Native: a.native, Secret: key, Log: a.Log, Single: true,
		Random: func() uint64 { mu.Lock(); defer mu.Unlock(); return random.Uint64() },
	}
	if s.Config != nil {
		s.Config(&w.config)
	}
	w.restart()
	documents := s.Documents
	if documents == nil && s.Salesforce != nil {
		documents = salesforcePresets(t, s.Presets...)
	} else if documents == nil {
		documents = presetsWith(t, s.Presets...)
	}
	w.apply(documents...)
	if !s.Draft {
		w.live()
	}
	return w
}

// newConnector makes the connector of a connection as the program does, with nothing remembered.
func newConnector(w *world, name string) connector.Connector {
	w.t.Helper()
	made, err := connect(name, w.Config.Connections[name], w.secrets, outside{
		transport: func(connection string) http.RoundTripper {
			switch connection {
			case "hubspot":
				return w.HubSpot.Transport()
			case "salesforce":
				return inOrg{w.Salesforce}
			case "salespad":
				return w.SalesPad.Transport()
			}
			if more := w.further[connection]; more != nil {
				return more
			}
			return w.Light.Transport()
		},
		jitter: func() float64 { return 0.5 },
	})
	w.ok(err)
	return made.connector
}

// restart replaces the worker by a new process on the same store and queue.
func (w *world) restart() {
	w.t.Helper()
	e, err := engine.New(w.config)
	w.ok(err)
	w.App.Engine = e
}

// presetsWith gives the presets with old text replaced by new, pair by pair; a pair that changes nothing is a mistake.
func presetsWith(t *testing.T, pairs ...string) []string {
	t.Helper()
	return setWith(t, "hubspot-light", pairs...)
}

func setWith(t *testing.T, set string, pairs ...string) []string {
	t.Helper()
	var out []string
	used := make([]bool, len(pairs)/2)
	for _, p := range mapping.PresetSet(set) {
		text := string(p.YAML)
		for n := range used {
			if strings.Contains(text, pairs[2*n]) {
				used[n] = true
				text = strings.ReplaceAll(text, pairs[2*n], pairs[2*n+1])
			}
		}
		out = append(out, text)
	}
	if n := slices.Index(used, false); n >= 0 {
		t.Fatalf("no preset has %q", pairs[2*n])
	}
	return out
}

// billsAll makes the presets bill what has no product by the default one.
var billsAll = []string{"default_product: ~", "default_product: Services"}

func subscriptions() []hubspottest.Subscription {
	var out []hubspottest.Subscription
	for object, properties := range map[string][]string{
		"deal":      {"dealstage", "amount", "dealname", "closedate", "deal_currency_code"},
		"company":   {"name", "domain", "vat_number", "billing_email", "city", "state", "country", "address", "zip"},
		"product":   {"name", "price", "active"},
		"line_item": {"quantity", "price", "name", "discount", "hs_discount_percentage"},
	} {
		for _, what := range []string{"creation", "deletion", "merge", "restore", "associationChange"} {
			if object == "product" && what == "associationChange" || (object == "product" || object == "line_item") && what == "merge" {
				continue
			}
			out = append(out, hubspottest.Subscription{EventType: object + "." + what})
		}
		for _, p := range properties {
			out = append(out, hubspottest.Subscription{EventType: object + ".propertyChange", PropertyName: p})
		}
	}
	slices.SortFunc(out, func(a, b hubspottest.Subscription) int {
		return strings.Compare(a.EventType+a.PropertyName, b.EventType+b.PropertyName)
	})
	return out
}

// door lets HubSpot's deliveries in as the webhook route does.
type door struct{ w *world }

func (d door) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	status := http.StatusOK
	if _, err := d.w.Engine.Accept(r.Context(), "hubspot", r, r.URL.String(), body); err != nil {
		status = http.StatusInternalServerError
	}
	return &http.Response{StatusCode: status, Body: http.NoBody, Request: r}, nil
}

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// kv makes properties of pairs.
func kv(pairs ...string) map[string]string {
	out := map[string]string{}
	for n := 0; n+1 < len(pairs); n += 2 {
		out[pairs[n]] = pairs[n+1]
	}
	return out
}

func (w *world) create(object string, properties map[string]string) string {
	w.t.Helper()
	id, err := w.HubSpot.User().Create(object, properties)
	w.ok(err)
	return id
}

// company makes a company of that name at HubSpot, by default in Denmark.
func (w *world) company(name string, pairs ...string) string {
	w.t.Helper()
	p := kv("name", name, "city", "Aarhus", "country", "Denmark")
	maps.Copy(p, kv(pairs...))
	return w.create("companies", p)
}

// product makes an active product.
func (w *world) product(name, price string, pairs ...string) string {
	w.t.Helper()
	p := kv("name", name, "price", price, "active", "true")
	maps.Copy(p, kv(pairs...))
	return w.create("products", p)
}

// line describes a line item of a product ("" = none) by pairs of properties.
func line(product string, pairs ...string) map[string]string {
	p := kv(pairs...)
	if product != "" {
		p["hs_product_id"] = product
	}
	return p
}

// deal makes an open deal that would close today, with a company ("" = none) and lines.
func (w *world) deal(name, company, amount string, lines ...map[string]string) string {
	w.t.Helper()
	p := kv("dealname", name, "dealstage", hubspottest.OpenStage, "pipeline", hubspottest.DefaultPipeline, "amount", amount, "deal_currency_code", "USD",
		"closedate", time.Now().UTC().Format(time.RFC3339))
	id := w.create("deals", p)
	if company != "" {
		w.ok(w.HubSpot.User().Associate("deals", id, "companies", company))
	}
	for _, l := range lines {
		w.line(id, l)
	}
	return id
}

func (w *world) line(deal string, l map[string]string) string {
	w.t.Helper()
	id := w.create("line_items", l)
	w.ok(w.HubSpot.User().Associate("line_items", id, "deals", deal))
	return id
}

func (w *world) set(object, id string, pairs ...string) {
	w.t.Helper()
	w.ok(w.HubSpot.User().Set(object, id, kv(pairs...)))
}

// win wins deals and lets everything that follows happen.
func (w *world) win(deals ...string) {
	w.t.Helper()
	for _, d := range deals {
		w.ok(w.HubSpot.User().Win(d))
	}
	w.settle()
}

func (w *world) lose(deal string) {
	w.t.Helper()
	w.ok(w.HubSpot.User().Lose(deal))
	w.settle()
}

// step does what is due now: deliveries, polls, work. It says whether anything was.
func (w *world) step(ctx context.Context) bool {
	w.t.Helper()
	n := w.HubSpot.DeliverDue(ctx, door{w}) + w.sfDeliver(ctx)
	if !w.pollDown {
		if err := w.Engine.Poll(ctx); err != nil && w.t.Context().Err() == nil {
			w.Log.Info("poll", "error", err)
		}
	}
	for _, l := range []lane.Lane{lane.Live, lane.Bulk} {
		got, err := w.Engine.Receive(ctx, l, 100)
		w.ok(err)
		n += got
	}
	return n > 0
}

// tickOf is how often the world looks for what is due while time passes.
const tickOf = 5 * time.Second

// advance lets time pass and does what falls due meanwhile; days go by in coarser steps.
func (w *world) advance(d time.Duration) {
	w.t.Helper()
	end := time.Now().Add(d)
	step := max(tickOf, d/600)
	for time.Now().Before(end) {
		time.Sleep(min(step, time.Until(end)))
		for n := 0; w.step(w.t.Context()); n++ {
			if n > 500 {
				w.t.Fatal("it does not come to rest")
			}
		}
	}
}

// later lets enough time pass for pauses, polls and a second look.
func (w *world) later() { w.t.Helper(); w.advance(15 * time.Minute) }

func dealRef(id string) record.Ref { return record.Ref{Connection: "hubspot", Object: "deals", ID: id} }
func companyRef(id string) record.Ref {
	return record.Ref{Connection: "hubspot", Object: "companies", ID: id}
}
func productRef(id string) record.Ref {
	return record.Ref{Connection: "hubspot", Object: "products", ID: id}
}

// invoices gives the invoices that carry a deal's name, in whatever state.
func (w *world) invoices(name string) []lighttest.Invoice {
	return slices.DeleteFunc(w.Light.Invoices(), func(i lighttest.Invoice) bool { return string(i.Description) != name })
}

func (w *world) contracts(name string) []lighttest.Contract {
	return slices.DeleteFunc(w.Light.Contracts(), func(c lighttest.Contract) bool { return string(c.Description) != name })
}

// invoice gives the one invoice of a deal's name; any other number of documents is a failure.
func (w *world) invoice(name string) lighttest.Invoice {
	w.t.Helper()
	list := w.invoices(name)
	if len(list) != 1 || len(w.contracts(name)) != 0 {
		w.t.Fatalf("%s: %d invoices and %d contracts, want one invoice; %s", name, len(list), len(w.contracts(name)), w.story())
	}
	return list[0]
}

func (w *world) contract(name string) lighttest.Contract {
	w.t.Helper()
	list := w.contracts(name)
	if len(list) != 1 || len(w.invoices(name)) != 0 {
		w.t.Fatalf("%s: %d contracts and %d invoices, want one contract; %s", name, len(list), len(w.invoices(name)), w.story())
	}
	return list[0]
}

// wantInvoice wants one draft of a net total in minor units and a currency.
func (w *world) wantInvoice(name, currency string, net int64) lighttest.Invoice {
	w.t.Helper()
	i := w.invoice(name)
	if i.Net() != net || i.Currency != currency || i.State != lighttest.Draft {
		w.t.Fatalf("%s: %s invoice of %d %s, want DRAFT of %d %s", name, i.State, i.Net(), i.Currency, net, currency)
	}
	return i
}

func (w *world) wantNoDocument(name string) {
	w.t.Helper()
	if len(w.invoices(name))+len(w.contracts(name)) > 0 {
		w.t.Fatalf("%s: it has a document and must not", name)
	}
}

// customers gives the customers of a name.
func (w *world) customers(name string) []lighttest.Customer {
	return slices.DeleteFunc(w.Light.Customers(), func(c lighttest.Customer) bool { return c.Name != name })
}

func (w *world) errors(category string) []engine.SyncError {
	w.t.Helper()
	list, err := w.Engine.Errors(w.t.Context(), category)
	w.ok(err)
	return list
}

// story is every open sync error, for a failing test.
func (w *world) story() string {
	var b strings.Builder
	for _, e := range w.errors("") {
		b.WriteString("\n  " + e.Category + " " + e.Ref.String() + " " + e.Text)
	}
	return b.String()
}

// why is the one explanation of a record.
func (w *world) why(ref record.Ref) engine.Explanation {
	w.t.Helper()
	list, err := w.Engine.Why(w.t.Context(), ref)
	w.ok(err)
	if len(list) != 1 {
		w.t.Fatalf("why %s: %d answers, want one", ref, len(list))
	}
	return list[0]
}

// wantHeld wants exactly one open sync error of a record, of this category, and why to say the same.
func (w *world) wantHeld(ref record.Ref, category string) engine.SyncError {
	w.t.Helper()
	var found []engine.SyncError
	for _, e := range w.errors("") {
		if e.Ref == ref {
			found = append(found, e)
		}
	}
	if len(found) != 1 || found[0].Category != category {
		w.t.Fatalf("%s has the sync errors %v, want one: %s", ref, found, category)
	}
	if r := w.why(ref).Link.Reason; r == nil || r.Category != category {
		w.t.Fatalf("why %s: %v, want %s", ref, r, category)
	}
	return found[0]
}

// wantSkipped wants a reason of this category and no sync error.
func (w *world) wantSkipped(ref record.Ref, category string) {
	w.t.Helper()
	w.wantNoError(ref)
	if r := w.why(ref).Link.Reason; r == nil || r.Category != category {
		w.t.Fatalf("why %s: %v, want %s", ref, r, category)
	}
}

func (w *world) wantNoError(ref record.Ref) {
	w.t.Helper()
	for _, e := range w.errors("") {
		if e.Ref == ref {
			w.t.Fatalf("%s has a sync error: %s: %s", ref, e.Category, e.Text)
		}
	}
}

// status moves a mapping by its name.
func (w *world) status(name string, to mapping.Status, pilot ...record.Ref) {
	w.t.Helper()
	_, err := w.Engine.SetStatus(w.t.Context(), name, to, pilot, "editor", "")
	w.ok(err)
}

// runNamed starts a run of a mapping for named records and lets it end.
func (w *world) runNamed(name string, refs ...record.Ref) engine.Run {
	w.t.Helper()
	r, err := w.Engine.RunMapping(w.t.Context(), engine.Run{Kind: "named", Mapping: name, Actor: "editor", Pilot: true}, refs)
	w.ok(err)
	w.settle()
	return w.runOf(r.ID)
}

func (w *world) runOf(id string) engine.Run {
	w.t.Helper()
	r, err := w.Engine.GetRun(w.t.Context(), id)
	w.ok(err)
	return r
}

func (w *world) retry(ref record.Ref) {
	w.t.Helper()
	_, err := w.Engine.Retry(w.t.Context(), ref, "", "editor")
	w.ok(err)
	w.settle()
}

// writes counts the calls at Light that change something: creates, changes, actions.
func (w *world) writes() int {
	n := 0
	for route, calls := range w.Light.Calls() {
		if method, _, _ := strings.Cut(route, " "); method == "POST" || method == "PATCH" || method == "DELETE" || method == "PUT" {
			n += calls
		}
	}
	return n
}

// settleRun lets a run end; what is parked for later may take a few minutes.
func (w *world) settleRun(id string) {
	w.t.Helper()
	w.settle()
	for range 60 {
		if w.runOf(id).Status == "done" {
			return
		}
		w.advance(time.Minute)
	}
	w.t.Fatalf("the run does not end: %+v", w.runOf(id))
}

// at gives a HubSpot record as the portal holds it.
func (w *world) at(object, id string) hubspottest.Record {
	w.t.Helper()
	r, ok := w.HubSpot.Record(object, id)
	if !ok {
		w.t.Fatalf("no %s %s", object, id)
	}
	return r
}

// stage changes what a stage of the default pipeline means, as an administrator does.
func (w *world) stage(id, probability string, closed bool) {
	w.t.Helper()
	body := fmt.Sprintf(`{"metadata":{"probability":%q,"isClosed":%q}}`, probability, fmt.Sprint(closed))
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodPatch, "https://api.hubapi.com/crm/v3/pipelines/deals/default/stages/"+id, strings.NewReader(body))
	w.ok(err)
	r.Header.Set("Authorization", "Bearer "+hubspottest.UserToken)
	r.Header.Set("Content-Type", "application/json")
	answer, err := w.HubSpot.Transport().RoundTrip(r)
	w.ok(err)
	if answer.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(answer.Body)
		w.t.Fatalf("stage: %d %s", answer.StatusCode, text)
	}
}
