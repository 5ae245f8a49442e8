package specimen_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/connector/connectortest"
	"crosswalk/internal/connector/specimen"
	"crosswalk/internal/connector/specimen/specimentest"
	"crosswalk/internal/record"
	"crosswalk/internal/rest"
	"crosswalk/internal/token"
)

// TestAcceptance is all the test a connector needs to begin with: a Subject, and its simulator's hooks.
func TestAcceptance(t *testing.T) {
	connectortest.Run(t, connectortest.Subject{
		System: "specimen", Connection: "lab", Open: open, Lag: 45 * time.Second,
		Refusal: func(message string) (int, []byte) {
			return http.StatusBadRequest, fmt.Appendf(nil, `{"code":"invalid","fields":["note"],"message":%q}`, message)
		},
		Lacks: map[connectortest.Ability]string{connectortest.Window: "its lists have no result window"},
		Kinds: []connectortest.Kind{{
			Object: "things", Fields: []string{"name"}, Text: "note", Enum: "colour", Integer: "size", Page: 50, Batch: 50,
			Create: func(_ *connectortest.World, n int, text string) connector.Write {
				return connector.Write{Fields: map[string]record.Value{
					"name": record.Of(fmt.Sprintf("Thing %d %s", n, connectortest.Canary)), "note": record.Of(text),
					"colour": record.Of("RED"), "size": record.Of("9007199254740993")}}
			},
		}},
	})
}

func open(t *testing.T, o connectortest.Options) *connectortest.World {
	sim := specimentest.New(specimentest.Config{Lag: o.Lag})
	wire := &connectortest.Wire{Vendor: sim, Rows: []string{"rows"},
		Token: func(r *http.Request) bool { return r.URL.Path == "/token" },
		Writing: func(c connectortest.Call) bool {
			return strings.HasSuffix(c.Path, "/create") || strings.HasSuffix(c.Path, "/update")
		}}
	tokens := oauth(t, sim, wire)
	connect := func() connector.Connector {
		return specimen.New(specimen.Config{Connection: "lab", Pages: "https://pages.example",
			Client: rest.Config{Base: "https://specimen.example", Transport: wire, Tokens: tokens}})
	}
	return &connectortest.World{
		Connector: connect(), Again: connect, Wire: wire,
		Add: func(_ string, n int, stamp func(int) time.Time) []string {
			ids := make([]string, n)
			for i := range ids {
				at := time.Now()
				if stamp != nil {
					at = stamp(i)
				}
				ids[i] = sim.Add(map[string]any{"name": fmt.Sprintf("Other %d", i), "note": connectortest.Canary, "colour": "BLUE", "size": i}, at)
			}
			return ids
		},
		Change:   func(_, id, text string) { sim.Set(id, map[string]any{"note": text}) },
		Delete:   func(_, id string) { sim.Delete(id) },
		Hide:     func(_, id string) { sim.Hide(id) },
		Merge:    func(_, winner, loser string) string { return sim.Merge(winner, loser) },
		Expire:   sim.Expire,
		Revoke:   sim.Revoke,
		Renewals: sim.Renewals,
		Marked:   func(_, marker string) int { return sim.Count("mark", marker) },
	}
}

func oauth(t *testing.T, sim *specimentest.Sim, wire http.RoundTripper) *token.OAuth {
	t.Helper()
	access, refresh := sim.Tokens()
	pair, err := token.Pair{Access: access, Refresh: refresh, Expiry: time.Now().Add(365 * 24 * time.Hour)}.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	k := keeper(pair)
	return token.New(&k, token.Form{URL: "https://specimen.example/token", ClientID: "lab", ClientSecret: "lab", Transport: wire}, nil)
}
