package cloud

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"crosswalk/internal/app"
	"crosswalk/internal/connector/hubspot/hubspottest"
	"crosswalk/internal/connector/light/lighttest"
	"crosswalk/internal/engine"
	"crosswalk/internal/engine/lane"
	"crosswalk/internal/engine/table"
	"crosswalk/internal/queue/embedded"
	"crosswalk/internal/secret"
	"crosswalk/internal/transform"
)

// asked counts what a function asks the store and the secrets.
type asked struct {
	table.Table
	mu      sync.Mutex
	reads   int
	secrets map[string]int
}

func (a *asked) Get(ctx context.Context, keys []table.Key) (map[table.Key]table.Item, error) {
	a.mu.Lock()
	a.reads++
	a.mu.Unlock()
	return a.Table.Get(ctx, keys)
}

func (a *asked) Query(ctx context.Context, q table.Query) ([]table.Item, bool, error) {
	a.mu.Lock()
	a.reads++
	a.mu.Unlock()
	return a.Table.Query(ctx, q)
}

// askedSecrets is the side of the secrets.
type askedSecrets struct {
	secret.Store
	*asked
}

func (a askedSecrets) Get(ctx context.Context, name string) ([]byte, error) {
	a.mu.Lock()
	a.secrets[name]++
	a.mu.Unlock()
	return a.Store.Get(ctx, name)
}

// fresh is a function of a deployment that works already, as it begins: late or not.
func fresh(t *testing.T, of *App, queue *embedded.Queue, secrets secret.Store, late bool, epoch int) (*App, *asked, error) {
	t.Helper()
	c := of.Config
	c.Epoch = epoch
	counts := &asked{Table: of.Engine.Table, secrets: map[string]int{}}
	a, err := open(t.Context(), Settings{Customer: "acme"}, c, app.Parts{Table: counts, Queue: queue, Secrets: askedSecrets{secrets, counts}, Transforms: transform.Builtin(nil), Late: late},
		app.Options{Log: slog.New(slog.DiscardHandler), Transport: func(string) http.RoundTripper { return nobody{} }})
	if err == nil {
		t.Cleanup(func() { a.Close() })
	}
	return a, counts, err
}

// nobody answers nothing: what is tested here asks no vendor.
type nobody struct{}

func (nobody) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("a vendor was asked")
}

// T9: a function that begins late asks nothing at its start, nothing for what is refused at the door, and for what it lets in
// the credential of that connection and the deployment's key, once.
func TestT9_LateFunctions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(sampleTime))
		secrets := &pocket{kept: map[string][]byte{}}
		first, queue := keeping(t, hubspottest.New(hubspottest.Config{Seed: 1}), lighttest.New(lighttest.Config{Seed: 1}), secrets)
		a, counts, err := fresh(t, first, queue, secrets, true, 1)
		if err != nil {
			t.Fatal(err)
		}
		ask := func(name string, f Function, want int) {
			t.Helper()
			data, err := os.ReadFile(filepath.Join("..", "..", "..", "events", name))
			if err != nil {
				t.Fatal(err)
			}
			if status, body, _ := invoke(t, f(a), sign(t, data)); status != want {
				t.Errorf("%s: %d, want %d: %s", name, status, want, body)
			}
		}
		unsigned, err := json.Marshal(map[string]any{"rawPath": "/webhooks/hubspot", "requestContext": map[string]any{"http": map[string]any{"method": "POST"}}})
		if err != nil {
			t.Fatal(err)
		}
		if status, _, _ := invoke(t, Webhook(a), unsigned); status != http.StatusUnauthorized {
			t.Errorf("without a signature: %d", status)
		}
		ask("apigateway-oauth-start-no-ticket.json", OAuth, http.StatusNotFound)
		if counts.reads != 0 || len(counts.secrets) != 0 {
			t.Errorf("%d reads and the secrets %v for what was refused at the door", counts.reads, counts.secrets)
		}
		for range 2 {
			ask("apigateway-hubspot-deal-won.json", Webhook, http.StatusOK)
		}
		if want := map[string]int{"hubspot": 1, "crosswalk/key": 1}; !maps.Equal(counts.secrets, want) {
			t.Errorf("the secrets %v were read, want %v", counts.secrets, want)
		}
		if got, err := queue.Counts(t.Context(), lane.Live); err != nil || got.Waiting == 0 {
			t.Errorf("%d wait in the live lane (%v)", got.Waiting, err)
		}
	})
}

// T6: a function of an older epoch does not begin, or, where it begins late, lets nothing in.
func TestT9_LateFunctionsKeepTheEpoch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(sampleTime))
		secrets := &pocket{kept: map[string][]byte{}}
		first, queue := keeping(t, hubspottest.New(hubspottest.Config{Seed: 1}), lighttest.New(lighttest.Config{Seed: 1}), secrets)
		if _, _, err := fresh(t, first, queue, secrets, false, 2); err != nil {
			t.Fatal(err)
		}
		var old *engine.EpochError
		if _, _, err := fresh(t, first, queue, secrets, false, 1); !errors.As(err, &old) {
			t.Errorf("the start was answered %v", err)
		}
		a, _, err := fresh(t, first, queue, secrets, true, 1)
		if err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(filepath.Join("..", "..", "..", "events", "apigateway-hubspot-deal-won.json"))
		if err != nil {
			t.Fatal(err)
		}
		if status, _, _ := invoke(t, Webhook(a), sign(t, data)); status != http.StatusInternalServerError {
			t.Errorf("an event was answered %d, want 500, so that it comes again", status)
		}
	})
}
