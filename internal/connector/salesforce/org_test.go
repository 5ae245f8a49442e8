package salesforce_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/connector/connectortest"
	"crosswalk/internal/connector/salesforce"
	"crosswalk/internal/connector/salesforce/salesforcetest"
	"crosswalk/internal/record"
	"crosswalk/internal/rest"
	"crosswalk/internal/token"
)

// inProcess hands requests to an org in this process.
type inProcess struct {
	sim   *salesforcetest.Sim
	calls []string
}

func (p *inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	p.calls = append(p.calls, r.Method+" "+r.URL.Path)
	out := httptest.NewRecorder()
	in := r.Clone(r.Context())
	if in.Body == nil {
		in.Body = http.NoBody
	}
	in.RequestURI, in.Host, in.RemoteAddr = r.URL.RequestURI(), r.URL.Host, "192.0.2.1:1"
	p.sim.ServeHTTP(out, in)
	a := out.Result()
	if a.Header.Get("Date") == "" {
		a.Header.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	}
	return a, nil
}

// connected gives a connector on a simulated org, as its integration user.
func connected(sim *salesforcetest.Sim, change ...func(*salesforce.Config)) (*salesforce.Connector, *inProcess) {
	for _, object := range []string{"Account", "Contact", "Lead", "Opportunity", "OpportunityLineItem", "Product2"} {
		sim.AddField(object, salesforcetest.ExternalID(salesforce.MarkerField, 255))
	}
	sim.AddToken("session", "")
	p := &inProcess{sim: sim}
	c := salesforce.Config{Connection: "crm", Org: sim.OrgID(), Currency: "USD", UserID: sim.IntegrationUserID(),
		Client: rest.New(rest.Config{Base: orgBase, Transport: p, Tokens: token.Static("session")})}
	for _, f := range change {
		f(&c)
	}
	return must(salesforce.New(c)), p
}

func row1(fields ...string) map[string]any {
	out := map[string]any{}
	for i := 0; i < len(fields); i += 2 {
		out[fields[i]] = fields[i+1]
	}
	return out
}

func readOne(t *testing.T, c *salesforce.Connector, object, id string, fields ...string) record.Read {
	t.Helper()
	return must(c.Read(t.Context(), connector.ReadRequest{Object: object, IDs: []string{id}, Fields: fields}))[0]
}

func TestAccountOfOrgs(t *testing.T) {
	for _, k := range []struct {
		name string
		cfg  salesforcetest.Config
		want connector.Account
	}{
		{"production", salesforcetest.Config{Seed: 1}, connector.Account{Production: true, Currency: "USD", Currencies: []string{"USD"}}},
		{"sandbox", salesforcetest.Config{Seed: 1, Sandbox: true}, connector.Account{Currency: "USD", Currencies: []string{"USD"}}},
		{"several currencies", salesforcetest.Config{Seed: 1, MultiCurrency: true, Currency: "EUR", Currencies: []string{"EUR", "GBP", "JPY"}},
			connector.Account{Production: true, Currency: "EUR", Currencies: []string{"EUR", "GBP", "JPY"}}},
	} {
		t.Run(k.name, func(t *testing.T) {
			sim := salesforcetest.New(k.cfg)
			c, _ := connected(sim)
			got, err := c.Account(t.Context())
			if err != nil || got.ID != sim.OrgID() || len(got.ID) != 18 || got.Production != k.want.Production || got.Currency != k.want.Currency || !slices.Equal(got.Currencies, k.want.Currencies) || got.TimeZone == "" {
				t.Errorf("%+v %v", got, err)
			}
		})
	}
}

func TestStagesSayWhatIsWon(t *testing.T) {
	c, _ := connected(salesforcetest.New(salesforcetest.Config{Seed: 1}))
	won, closed := map[string]bool{}, map[string]bool{}
	for _, r := range must(c.Table(t.Context(), "stages")).Rows {
		won[r.Key], closed[r.Key] = r.Attrs["won"] == "true", r.Attrs["closed"] == "true"
	}
	if len(won) != 10 || !won["Closed Won"] || won["Closed Lost"] || !closed["Closed Lost"] || closed["Prospecting"] {
		t.Errorf("won %v closed %v", won, closed)
	}
}

func TestLeadConvertedInTheOrg(t *testing.T) {
	sim := salesforcetest.New(salesforcetest.Config{Seed: 1})
	c, _ := connected(sim)
	lead := must(sim.Person().Create("Lead", row1("LastName", "Sample", "Company", "Sample Ltd")))
	if got := readOne(t, c, "Lead", lead, "LastName"); got.State != record.Found {
		t.Fatalf("%+v", got)
	}
	made := must(sim.Person().Convert(lead, salesforcetest.Conversion{}))
	got := readOne(t, c, "Lead", lead, "LastName", "Company")
	if got.State != record.Moved || got.To.Object != "Contact" || got.To.ID != made.ContactID || got.Record.Field("LastName").Text() != "Sample" {
		t.Errorf("%+v", got)
	}
	out := c.Write(t.Context(), []connector.Write{{Op: connector.OpUpdate, Object: "Lead", ID: lead, Fields: map[string]record.Value{"Company": record.Of("x")}}})[0]
	if out.Status != connector.Refused || connector.FaultOf(out.Err) != connector.BadState {
		t.Errorf("writing a converted lead is %s (%v)", out.Status, out.Err)
	}
}

func TestChainOfMerges(t *testing.T) {
	sim := salesforcetest.New(salesforcetest.Config{Seed: 1})
	c, _ := connected(sim)
	ids := make([]string, 3)
	for i := range ids {
		ids[i] = must(sim.Person().Create("Account", row1("Name", fmt.Sprint("Sample ", i))))
	}
	for i := range 2 {
		if err := sim.Person().Merge("Account", ids[i+1], map[string]any{}, ids[i]); err != nil {
			t.Fatal(err)
		}
	}
	for _, r := range must(c.Read(t.Context(), connector.ReadRequest{Object: "Account", IDs: ids[:2], Fields: []string{"Name"}})) {
		if r.State != record.Moved || r.To.ID != ids[2] || r.Record.Field("Name").Text() != "Sample 2" {
			t.Errorf("%+v", r)
		}
	}
}

func TestHiddenFieldIsAbsentAndComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := salesforcetest.New(salesforcetest.Config{Seed: 1})
		c, _ := connected(sim)
		id := must(sim.Person().Create("Account", row1("Name", "Sample", "Phone", "123", "Fax", "456")))
		show := func() string {
			r := readOne(t, c, "Account", id, "Phone", "Fax")
			if r.State != record.Found {
				t.Fatalf("%+v", r)
			}
			v, there := r.Record.Fields["Fax"]
			return fmt.Sprint(r.Record.Field("Phone").Text(), " ", v.Text(), " ", there)
		}
		if got := show(); got != "123 456 true" {
			t.Fatal(got)
		}
		time.Sleep(time.Second)
		sim.SetFLS("Account", "Fax", salesforcetest.FLSHidden)
		if got := show(); got != "123  false" {
			t.Errorf("hidden: %s", got)
		}
		if _, err := c.Encode(connector.Write{Op: connector.OpCreate, Object: "Account", Fields: map[string]record.Value{"Name": record.Of("x"), "Fax": record.Of("1")}}); err == nil {
			t.Error("a hidden field was written")
		}
		sim.SetFLS("Account", "Fax", salesforcetest.FLSEdit)
		time.Sleep(11 * time.Minute)
		if got := show(); got != "123 456 true" {
			t.Errorf("shown again: %s", got)
		}
	})
}

func TestRefreshedQuotaIsWaitedOut(t *testing.T) {
	sim := salesforcetest.New(salesforcetest.Config{Seed: 1, Limits: true, DailyRequests: 5})
	c, p := connected(sim)
	var err error
	for range 10 {
		if _, err = c.Read(t.Context(), connector.ReadRequest{Object: "Account", IDs: []string{"0015f00002J9YYEAA3"}}); err != nil {
			break
		}
	}
	e := must2err(err)
	if e == nil || e.Fault != connector.OutOfQuota || e.After < time.Minute || e.Status != 403 {
		t.Fatalf("%d calls, %v", len(p.calls), err)
	}
}

func must2err(err error) *connector.Error {
	var e *connector.Error
	errors.As(err, &e)
	return e
}

func TestLockedAndInvalidRowsDoNotHarmTheirNeighbours(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := salesforcetest.New(salesforcetest.Config{Seed: 1})
		c, _ := connected(sim)
		var writes []connector.Write
		var ids []string
		for i := range 4 {
			id := must(sim.Person().Create("Account", row1("Name", fmt.Sprint("Sample ", i))))
			ids = append(ids, id)
			writes = append(writes, connector.Write{Op: connector.OpUpdate, Object: "Account", ID: id, Fields: map[string]record.Value{"Phone": record.Of("1")}})
		}
		sim.AddValidation(salesforcetest.Validation{Object: "Account", Message: "canary", Fails: func(s salesforcetest.Saving) bool { return s.New["Name"] == "Sample 2" }})
		sim.Lock(ids[1], time.Minute)
		want := []connector.Status{connector.Done, connector.Retry, connector.Refused, connector.Done}
		for i, o := range c.Write(t.Context(), writes) {
			if o.Status != want[i] || o.Err != nil && strings.Contains(o.Err.Error(), "canary") {
				t.Errorf("row %d is %s (%v), want %s", i, o.Status, o.Err, want[i])
			}
		}
	})
}

func TestDuplicateRules(t *testing.T) {
	for _, duplicates := range []string{salesforce.DuplicatesRefuse, salesforce.DuplicatesAllow} {
		sim := salesforcetest.New(salesforcetest.Config{Seed: 1})
		c, _ := connected(sim, func(c *salesforce.Config) { c.Duplicates = duplicates })
		sim.AddDuplicateRule(salesforcetest.DuplicateRule{Object: "Contact", Fields: []string{"Email"}})
		id := must(sim.Person().Create("Contact", row1("LastName", "Sample", "Email", "ann@portal.example")))
		out := c.Write(t.Context(), []connector.Write{{Op: connector.OpCreate, Object: "Contact", Fields: map[string]record.Value{
			"LastName": record.Of("Sample"), "Email": record.Of("ann@portal.example"), salesforce.MarkerField: record.Of("m1")}}})[0]
		if duplicates == salesforce.DuplicatesRefuse && (out.Status != connector.Exists || out.Ref.ID != id) || duplicates == salesforce.DuplicatesAllow && (out.Status != connector.Done || out.Ref.ID == id) {
			t.Errorf("%s: %s %s (%v)", duplicates, out.Status, out.Ref, out.Err)
		}
	}
}

// C17, B6: what people delete comes through the feed as archived, once, and a merge's loser says where it went when read.
func TestDeletionsComeThroughTheFeed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := salesforcetest.New(salesforcetest.Config{Seed: 1})
		c, p := connected(sim)
		ids := must(sim.Load("Account", []map[string]any{row1("Name", "a"), row1("Name", "b"), row1("Name", "c")}))
		time.Sleep(time.Hour)
		cycle := func(cursor json.RawMessage) (archived []string, next json.RawMessage) {
			for {
				page := must(c.Changes(t.Context(), connector.FeedRequest{Object: "Account", Cursor: cursor}))
				for _, r := range page.Records {
					if r.Archived {
						archived = append(archived, r.Ref.ID)
					}
				}
				cursor = page.Cursor
				if !page.More {
					return archived, cursor
				}
			}
		}
		_, cursor := cycle(nil)
		time.Sleep(time.Minute)
		if err := sim.Person().Delete("Account", ids[0]); err != nil {
			t.Fatal(err)
		}
		if err := sim.Person().Merge("Account", ids[1], map[string]any{}, ids[2]); err != nil {
			t.Fatal(err)
		}
		var seen []string
		p.calls = nil
		for range 12 {
			time.Sleep(5 * time.Minute)
			var got []string
			got, cursor = cycle(cursor)
			seen = append(seen, got...)
		}
		slices.Sort(seen)
		want := []string{ids[0], ids[2]}
		slices.Sort(want)
		if !slices.Equal(slices.Compact(slices.Clone(seen)), want) {
			t.Errorf("archived %v, want %v", seen, want)
		}
		sweeps := len(slices.DeleteFunc(slices.Clone(p.calls), func(s string) bool { return !strings.HasSuffix(s, "/deleted/") }))
		if sweeps > 4 {
			t.Errorf("%d sweeps in an hour, want one in fifteen minutes", sweeps)
		}
		// The log was cut while we were away: the bin must do.
		time.Sleep(time.Minute)
		gone := must(sim.Load("Account", []map[string]any{row1("Name", "d")}))[0]
		if err := sim.Person().Delete("Account", gone); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		sim.TrimDeleteLog()
		if got, _ := cycle(cursor); !slices.Contains(got, gone) {
			t.Errorf("after the log was cut: %v, want %s", got, gone)
		}
	})
}

func TestWonOpportunityWithLinesAndPeople(t *testing.T) {
	sim := salesforcetest.New(salesforcetest.Config{Seed: 1})
	c, p := connected(sim)
	person := sim.Person()
	account := must(person.Create("Account", row1("Name", "Sample Ltd")))
	product := must(person.Create("Product2", map[string]any{"Name": "Widget", "ProductCode": "W1", "IsActive": true}))
	entry := must(person.Create("PricebookEntry", map[string]any{"Pricebook2Id": sim.StandardPricebookID(), "Product2Id": product, "UnitPrice": 10.5, "IsActive": true}))
	opp := must(person.Create("Opportunity", row1("Name", "Deal", "StageName", "Prospecting", "CloseDate", "2026-10-01", "AccountId", account)))
	line := must(person.Create("OpportunityLineItem", map[string]any{"OpportunityId": opp, "PricebookEntryId": entry, "Quantity": 3, "UnitPrice": 9.99}))
	if err := person.Win(opp); err != nil {
		t.Fatal(err)
	}
	fields := []string{"Name", "StageName", "CloseDate", "Amount", "IsWon", "Account.Name"}
	read := func() *record.Record {
		return must(c.Read(t.Context(), connector.ReadRequest{Object: "Opportunity", IDs: []string{opp}, Fields: fields, With: []string{"Account", "OpportunityLineItem", "Contact"}}))[0].Record
	}
	r := read()
	if r.Field("IsWon").Text() != "true" || r.Field("CloseDate").Text() == "" || r.Field("Amount").Text() != "29.97" || r.Field("Account.Name").Text() != "Sample Ltd" {
		t.Errorf("%+v", r.Fields)
	}
	if a, l := r.RelatedTo("Account"), r.RelatedTo("OpportunityLineItem"); len(a) != 1 || a[0].Ref.ID != account || !a[0].Primary || len(l) != 1 || l[0].Ref.ID != line {
		t.Errorf("%+v", r.Related)
	}
	got := must(c.Read(t.Context(), connector.ReadRequest{Object: "OpportunityLineItem", IDs: []string{line}, With: []string{"Opportunity"},
		Fields: []string{"Quantity", "UnitPrice", "TotalPrice", "Product2Id", "Product2.Name", "ProductCode", "PricebookEntry.Pricebook2Id"}}))[0].Record
	for name, want := range map[string]string{"Quantity": "3", "UnitPrice": "9.99", "TotalPrice": "29.97", "Product2Id": product, "Product2.Name": "Widget", "PricebookEntry.Pricebook2Id": sim.StandardPricebookID()} {
		if got.Field(name).Text() != want {
			t.Errorf("%s is %q, want %q", name, got.Field(name).Text(), want)
		}
	}
	if o := got.RelatedTo("Opportunity"); len(o) != 1 || o[0].Ref.ID != opp {
		t.Errorf("the line belongs to %+v", o)
	}
	p.calls = nil
	read()
	if len(p.calls) != 1 {
		t.Errorf("an opportunity with its account, lines and people took %q", p.calls)
	}
}

// Twelve thousand records that one import gave one stamp, in pages of two thousand.
func TestTwelveThousandOfOneStampInTheOrg(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := salesforcetest.New(salesforcetest.Config{Seed: 1})
		c, p := connected(sim)
		rows := make([]map[string]any, 12_000)
		for i := range rows {
			rows[i] = row1("Name", fmt.Sprint("Sample ", i))
		}
		must(sim.Load("Account", rows))
		time.Sleep(time.Hour)
		seen := map[string]bool{}
		var cursor json.RawMessage
		for pages := 1; pages < 20; pages++ {
			page := must(c.Changes(t.Context(), connector.FeedRequest{Object: "Account", Cursor: cursor, Fields: []string{"Name"}}))
			for _, r := range page.Records {
				seen[r.Ref.ID] = true
			}
			cursor = page.Cursor
			if !page.More {
				break
			}
		}
		if len(seen) != 12_000 || len(p.calls) > 9 { // a describe, six full pages, an empty one
			t.Errorf("%d records in %d calls", len(seen), len(p.calls))
		}
	})
}

// The bench's unit: 1,000 changed accounts read and written (B3).
func TestCallsForAThousandAccounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := salesforcetest.New(salesforcetest.Config{Seed: 1})
		c, p := connected(sim)
		rows := make([]map[string]any, 1000)
		for i := range rows {
			rows[i] = row1("Name", fmt.Sprint("Sample ", i))
		}
		ids := must(sim.Load("Account", rows))
		must(c.Describe(t.Context(), "Account"))
		p.calls = nil
		page := must(c.Changes(t.Context(), connector.FeedRequest{Object: "Account", Fields: []string{"Name"}}))
		must(c.Read(t.Context(), connector.ReadRequest{Object: "Account", IDs: ids, Fields: []string{"Name"}}))
		writes := make([]connector.Write, len(ids))
		for i, id := range ids {
			writes[i] = connector.Write{Op: connector.OpUpdate, Object: "Account", ID: id, Fields: map[string]record.Value{"Phone": record.Of("1")}}
		}
		for _, o := range c.Write(t.Context(), writes) {
			if o.Status != connector.Done {
				t.Fatalf("%s %v", o.Status, o.Err)
			}
		}
		if len(page.Records) != 1000 || len(p.calls) != 3 {
			t.Errorf("%d records, calls %q; want one feed page, one read, one write", len(page.Records), p.calls)
		}
	})
}

// Every road of change ends at the same record.
func TestMessagesAndEventsOfTheOrg(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := salesforcetest.New(salesforcetest.Config{Seed: 1})
		c, _ := connected(sim, withSecret)
		url := "https://hooks.example/webhooks/crm/" + hookSecret
		must(sim.AddOutboundMessage(salesforcetest.OutboundMessage{Object: "Account", URL: url, Fields: []string{"Name", "LastModifiedById"}}))
		var events [][]byte
		sim.StartRelay(salesforcetest.RelayConfig{Objects: []string{"Account"}}, func(e []byte) { events = append(events, e) })
		byPerson := must(sim.Person().Create("Account", row1("Name", "Sample <&> \"x\"")))
		ours := c.Write(t.Context(), []connector.Write{{Op: connector.OpCreate, Object: "Account", Fields: map[string]record.Value{"Name": record.Of("ours"), salesforce.MarkerField: record.Of("m1")}}})[0]
		if ours.Status != connector.Done {
			t.Fatal(ours.Err)
		}
		var signals []connector.Signal
		hook := roundTrip(func(r *http.Request) (*http.Response, error) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return nil, err
			}
			got, err := c.Receive(r, r.URL.String(), body, time.Now())
			if err != nil {
				t.Errorf("a true message is refused: %v", err)
			}
			signals = append(signals, got...)
			kind, ack := c.Ack()
			return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {kind}}, Body: io.NopCloser(strings.NewReader(string(ack)))}, nil
		})
		time.Sleep(time.Minute)
		sim.DeliverDue(context.Background(), hook)
		for _, e := range events {
			got, overflow, err := c.ReceiveEvent(t.Context(), e)
			if err != nil || overflow != nil {
				t.Errorf("%v %v", overflow, err)
			}
			signals = append(signals, got...)
		}
		seen := map[string]string{}
		for _, s := range signals {
			seen[s.Ref.ID] += fmt.Sprint(s.Kind, " ", s.Own, "; ")
		}
		if seen[byPerson] != "changed false; created false; " || seen[ours.Ref.ID] != "changed true; created true; " || len(seen) != 2 {
			t.Errorf("%v", seen)
		}
		if again := sim.DeliverDue(context.Background(), hook); again != 0 {
			t.Errorf("%d messages came again although they were acknowledged", again)
		}
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// The dedicated integration user cannot log in to a browser: it comes by JWT or client credentials.
func TestTokensForTheIntegrationUser(t *testing.T) {
	sim := salesforcetest.New(salesforcetest.Config{Seed: 1})
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	user, _ := sim.Get("User", sim.IntegrationUserID())
	name := user.Text("Username")
	sim.OAuth().AddApp(salesforcetest.App{Name: "Crosswalk", ClientID: salesforcetest.ClientID, ClientSecret: salesforcetest.ClientSecret,
		RedirectURIs: []string{salesforcetest.CallbackURL}, AdminApproved: []string{name}, ClientCredentials: true, RunAs: name,
		Certificate: &key.PublicKey})
	p := &inProcess{sim: sim}
	endpoints := must(salesforce.EndpointsOf(orgBase))
	grant := token.Grant{URL: endpoints.Token, Transport: p, Accept: func(instance string) error { return salesforce.CheckInstance(orgBase, instance) }}
	pemKey := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: must(x509.MarshalPKCS8PrivateKey(key))})
	jwt, err := token.NewJWT(token.JWT{Grant: grant, ClientID: salesforcetest.ClientID, Username: name, Audience: orgBase}, pemKey)
	if err != nil {
		t.Fatal(err)
	}
	for road, mint := range map[string]token.Mint{
		"jwt":                jwt.Mint,
		"client credentials": token.ClientCredentials{Grant: grant, ClientID: salesforcetest.ClientID, ClientSecret: salesforcetest.ClientSecret}.Mint,
	} {
		t.Run(road, func(t *testing.T) {
			c := must(salesforce.New(salesforce.Config{Connection: "crm", Currency: "USD", Client: rest.New(rest.Config{Base: orgBase, Transport: p, Tokens: token.NewMinted(mint)})}))
			if a, err := c.Account(t.Context()); err != nil || a.ID != sim.OrgID() {
				t.Fatalf("%+v %v", a, err)
			}
			sim.ExpireSessions()
			if _, err := c.Account(t.Context()); err != nil {
				t.Errorf("after the session expired: %v", err)
			}
			id := must(sim.Person().Create("Account", row1("Name", "Sample")))
			if r := readOne(t, c, "Account", id, "Name"); r.State != record.Found || r.Record.Own {
				t.Errorf("%+v", r)
			}
		})
	}
}

// Nothing is doubled when the session ends in the middle of many rows.
func TestSessionEndsInMidBatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := openOrg(t, connectortest.Options{})
		c := w.Connector.(*salesforce.Connector)
		var writes []connector.Write
		for i := range 450 { // three collections in one composite, then again
			writes = append(writes, connector.Write{Op: connector.OpCreate, Object: "Account", Key: fmt.Sprint(i),
				Fields: map[string]record.Value{"Name": record.Of(fmt.Sprint("Sample ", i)), salesforce.MarkerField: record.Of(fmt.Sprint("m", i))}})
		}
		for round, want := range []connector.Status{connector.Done, connector.Exists} {
			w.Expire()
			for i, o := range c.Write(t.Context(), writes) {
				if o.Status != want {
					t.Fatalf("round %d row %d is %s (%v)", round, i, o.Status, o.Err)
				}
			}
		}
		for _, i := range []int{0, 199, 200, 449} {
			if n := w.Marked("Account", fmt.Sprint("m", i)); n != 1 {
				t.Errorf("%d records bear marker %d", n, i)
			}
		}
	})
}

func TestEveryObjectCanBeDescribedReadAndFollowed(t *testing.T) {
	sim := salesforcetest.New(salesforcetest.Config{Seed: 1})
	c, _ := connected(sim)
	for _, object := range c.Objects() {
		if _, err := c.Describe(t.Context(), object); err != nil {
			t.Errorf("%s: %v", object, err)
			continue
		}
		if _, err := c.Changes(t.Context(), connector.FeedRequest{Object: object}); err != nil {
			t.Errorf("%s: %v", object, err)
		}
		for _, with := range c.Objects() {
			_, err := c.Read(t.Context(), connector.ReadRequest{Object: object, IDs: []string{"0015f00002J9YYEAA3"}, With: []string{with}})
			if f := connector.FaultOf(err); err != nil && f != connector.Forbidden { // there is no way between many of them
				t.Errorf("%s with %s: %v", object, with, err)
			}
		}
	}
}

func TestArchiveAndDelete(t *testing.T) {
	sim := salesforcetest.New(salesforcetest.Config{Seed: 1})
	c, _ := connected(sim)
	product := must(sim.Person().Create("Product2", map[string]any{"Name": "Widget", "IsActive": true}))
	account := must(sim.Person().Create("Account", row1("Name", "Sample")))
	second := must(sim.Person().Create("Account", row1("Name", "Sample 2")))
	outs := c.Write(t.Context(), []connector.Write{{Op: connector.OpArchive, Object: "Product2", ID: product}, {Op: connector.OpArchive, Object: "Account", ID: account[:15]}, {Op: connector.OpDelete, Object: "Account", ID: second}})
	for i, o := range outs {
		if o.Status != connector.Done {
			t.Errorf("%d: %s %v", i, o.Status, o.Err)
		}
	}
	if r := readOne(t, c, "Product2", product, "IsActive"); r.State != record.Found || r.Record.Field("IsActive").Text() != "false" {
		t.Errorf("product: %+v", r)
	}
	if r := readOne(t, c, "Account", account, "Name"); r.State != record.Gone {
		t.Errorf("account: %+v", r)
	}
	again := c.Write(t.Context(), []connector.Write{{Op: connector.OpDelete, Object: "Account", ID: second}})[0]
	if again.Status != connector.Refused || connector.FaultOf(again.Err) != connector.Missing {
		t.Errorf("deleting twice: %s %v", again.Status, again.Err)
	}
}

// S10: whatever a value holds, it finds records that have it and no others, and never breaks the query. The parser is the
// simulator's, which shares nothing with us.
func TestNoValueBreaksOutOfAQuery(t *testing.T) {
	sim := salesforcetest.New(salesforcetest.Config{Seed: 1})
	c, _ := connected(sim)
	must(sim.Load("Account", []map[string]any{row1("Name", "Sample 1"), row1("Name", "Sample 2")}))
	pieces := []string{"'", `\`, `\'`, `"`, "%", "_", " OR Name LIKE '%", ") OR (Name != 'x", "--", "\u2019", "\u00a0", "null", ":x", "{0}", "a", "\U0001F600", "\x7f", "\n", "\u2028"}
	r := mathrand.New(mathrand.NewPCG(1, 2))
	var asks []connector.Ask
	for range 3000 {
		text := ""
		for range 1 + r.IntN(5) {
			text += pieces[r.IntN(len(pieces))]
		}
		asks = append(asks, connector.Ask{Field: "Name", Text: text})
	}
	asks = append(asks, connector.Ask{Field: "Name", Text: "SAMPLE 2 "})
	got, err := c.Find(t.Context(), "Account", asks, []string{"Name"})
	if err != nil {
		t.Fatal(err)
	}
	for i, a := range got[:3000] {
		if len(a.Records) != 0 {
			t.Errorf("%q found %d records", asks[i].Text, len(a.Records))
		}
	}
	if last := got[3000]; len(last.Records) != 1 || last.Records[0].Field("Name").Text() != "Sample 2" {
		t.Errorf("the true value found %+v", last)
	}
}
