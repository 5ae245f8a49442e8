package app

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"strings"
	"testing"

	"crosswalk/internal/connector"
	"crosswalk/internal/connector/salesforce/salesforcetest"
)

const (
	sfBase = "https://crosswalk.my.salesforce.com"
	sfUser = "integration@crosswalk.example"
)

// sfConnected makes the connector of an org with this way of connecting and what was handed over.
func sfConnected(t *testing.T, sim *salesforcetest.Sim, c Connection, key string) connector.Connector {
	t.Helper()
	c.System, c.Base, c.Limits, c.Currency = "salesforce", sfBase, "off", "USD"
	cfg := Config{Connections: map[string]Connection{"salesforce": c}}
	if err := cfg.check(); err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(Credential{Key: key})
	if err != nil {
		t.Fatal(err)
	}
	w, err := connect("salesforce", cfg.Connections["salesforce"], &pocket{kept: map[string][]byte{"salesforce": raw}}, outside{transport: func(string) http.RoundTripper { return inOrg{sim} }, jitter: func() float64 { return 0.5 }})
	if err != nil {
		t.Fatal(err)
	}
	return w.connector
}

// TestSalesforceWithoutAPerson: tokens by an assertion or the app's own secret, minted again when a session is over.
func TestSalesforceWithoutAPerson(t *testing.T) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	file := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	for _, way := range []struct {
		name string
		Connection
		key string
	}{
		{"jwt", Connection{Auth: "jwt", ClientID: salesforcetest.ClientID, Username: sfUser}, file},
		{"client credentials", Connection{Auth: "client_credentials", ClientID: salesforcetest.ClientID}, salesforcetest.ClientSecret},
	} {
		t.Run(way.name, func(t *testing.T) {
			sim := salesforcetest.New(salesforcetest.Config{Seed: 1, Sandbox: true})
			if !sim.OAuth().ChangeApp(salesforcetest.ClientID, func(a *salesforcetest.App) {
				a.Certificate, a.AdminApproved, a.ClientCredentials, a.RunAs = &private.PublicKey, []string{sfUser}, true, sfUser
			}) {
				t.Fatal("no such app")
			}
			c := sfConnected(t, sim, way.Connection, way.key)
			for range 2 {
				a, err := c.Account(t.Context())
				if err != nil || a.ID != sim.OrgID() || a.Production {
					t.Fatalf("%+v %v", a, err)
				}
				sim.ExpireSessions()
			}
		})
	}
}

// TestSalesforceKeyThatIsNone: it is said before anything is asked, and without a word of it.
func TestSalesforceKeyThatIsNone(t *testing.T) {
	c := sfConnected(t, salesforcetest.New(salesforcetest.Config{Seed: 1}), Connection{Auth: "jwt", ClientID: "id", Username: sfUser}, "no key at all")
	_, err := c.Account(context.Background())
	if connector.FaultOf(err) != connector.Unauthorized || strings.Contains(err.Error(), "no key at all") {
		t.Errorf("%v", err)
	}
}

// TestSalesforceConfiguration: everything that is missing is said at once.
func TestSalesforceConfiguration(t *testing.T) {
	for _, c := range []struct{ yaml, says string }{
		{"{ system: salesforce }", "base: missing; write the org's My Domain address"},
		{`{ system: salesforce, base: "https://login.example.com" }`, "write the org's My Domain address"},
		{`{ system: salesforce, base: "https://acme.my.salesforce.com", auth: jwt, client_id: x }`, "username: missing"},
		{`{ system: salesforce, base: "https://acme.my.salesforce.com", auth: client_credentials }`, "client_id: missing"},
		{`{ system: salesforce, base: "https://acme.my.salesforce.com", auth: password }`, "write key or oauth or client_credentials or jwt"},
		{`{ system: salesforce, base: "https://acme.my.salesforce.com", edition: starter }`, "write enterprise or"},
		{`{ system: hubspot, auth: jwt }`, "write key or oauth"},
		{`{ system: salesforce, base: "https://acme--uat.sandbox.my.salesforce.com", edition: unlimited, licences: 20, custom: [ Project__c ] }`, ""},
	} {
		_, err := ParseConfig([]byte("connections: { salesforce: " + c.yaml + " }"))
		if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", c.yaml, err)
		}
	}
}

// TestSalesforceDay: the day's calls are those of the edition and its licences, in any 24 hours.
func TestSalesforceDay(t *testing.T) {
	got := salesforceSystem.limits(Connection{Edition: "unlimited", Licences: 20})
	if len(got) != 1 || got[0].Daily != 200_000 || got[0].Calls != 25 {
		t.Errorf("%+v", got)
	}
}
