package cloud

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"testing"

	"crosswalk/internal/app"
	"crosswalk/internal/connector/light/lighttest"
	"crosswalk/internal/connector/salesforce/salesforcetest"
	"crosswalk/internal/mapping"
	"crosswalk/internal/queue/embedded"
	"crosswalk/internal/store/memory"
	"crosswalk/internal/transform"
)

const (
	orgToken  = "a-session-of-the-integration-user"
	orgSecret = "sample-secret-of-the-address" // of the address that outbound messages go to, as in the sample
)

// orgDeployment is one between an org and Light with accounts live, bound to the org that the samples are from.
func orgDeployment(t *testing.T) (*App, *embedded.Queue) {
	t.Helper()
	org, bill := salesforcetest.New(salesforcetest.Config{Seed: 1}), lighttest.New(lighttest.Config{Seed: 1})
	org.AddToken(orgToken, "")
	bill.Sample()
	c, err := app.ParseConfig([]byte(`{approval: single, public_url: "` + publicURL + `", roles: {billing: light}, connections: {
		salesforce: {system: salesforce, base: "https://acme.my.salesforce.com", account: 00D5f000005KcCnEAK}, light: {system: light}}}`))
	if err != nil {
		t.Fatal(err)
	}
	secrets := &pocket{kept: map[string][]byte{}}
	for name, cred := range map[string]app.Credential{"salesforce": {Key: orgToken, WebhookSecret: []string{orgSecret}}, "light": {Key: lighttest.APIKey}} {
		if secrets.kept[name], err = json.Marshal(cred); err != nil {
			t.Fatal(err)
		}
	}
	queue := embedded.NewMemory(embedded.Options{})
	a, err := open(t.Context(), Settings{Customer: "acme"}, c, app.Parts{Table: memory.New(), Queue: queue, Secrets: secrets, Transforms: transform.Builtin(nil), Late: true},
		app.Options{Log: slog.New(slog.DiscardHandler), Transport: func(connection string) http.RoundTripper {
			if connection == "salesforce" {
				return org.Transport()
			}
			return bill.Transport()
		}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	for _, p := range mapping.PresetSet("salesforce-light") {
		if p.Name != "salesforce-light/accounts-to-customers" {
			continue
		}
		if _, err := a.Engine.ApplyAll(t.Context(), [][]byte{p.YAML}, "editor"); err != nil {
			t.Fatal(err)
		}
		if _, err := a.Engine.SetStatus(t.Context(), "accounts-to-customers", mapping.Live, nil, "editor", ""); err != nil {
			t.Fatal(err)
		}
	}
	a.metrics = io.Discard
	return a, queue
}
