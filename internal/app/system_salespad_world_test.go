package app

import (
	"encoding/json"
	"testing"

	"go.yaml.in/yaml/v3"

	"crosswalk/internal/connector"
	"crosswalk/internal/connector/salespad/salespadtest"
	"crosswalk/internal/record"
	"crosswalk/internal/secret"
)

// A case with setup.SalesPad has a GP company beside the other accounts, as the connection and the role salespad.

// addSalesPad makes the company, its credential and its connection.
func (w *world) addSalesPad(s setup, secrets secret.Store, c *Config, limits string) {
	w.t.Helper()
	erp := *s.SalesPad
	if erp.Seed == 0 {
		erp.Seed = 1
	}
	w.SalesPad = salespadtest.New(erp)
	raw, err := json.Marshal(Credential{Key: erpLogin})
	w.ok(err)
	w.ok(secrets.Put(w.t.Context(), "salespad", raw))
	c.Connections["salespad"] = Connection{System: "salespad", Base: erpBase, Company: w.SalesPad.Company(), Limits: limits, Currency: "USD", Currencies: map[string]string{"Z-US$": "USD"}}
	c.Roles["salespad"] = "salespad"
}

func erpRef(object, id string) record.Ref {
	return record.Ref{Connection: "salespad", Object: object, ID: id}
}

// TestSalesPadInTheWorld: a case finds the company and its records.
func TestSalesPadInTheWorld(t *testing.T) {
	virtual(t, setup{SalesPad: &salespadtest.Config{}, Draft: true}, func(w *world) {
		w.SalesPad.Must("Customer", salespadtest.Fields{"Customer_Num": "ALPHA", "Customer_Name": "Alpha Ltd"})
		account, err := w.Connectors["salespad"].Account(w.t.Context())
		if err != nil || account.ID != "salespad.acme.example:5501#TWO" {
			t.Fatalf("%+v %v", account, err)
		}
		got, err := w.Connectors["salespad"].Read(w.t.Context(), connector.ReadRequest{Object: "customers", IDs: []string{"ALPHA"}, Fields: []string{"Customer_Name"}})
		if err != nil || got[0].Record.Ref != erpRef("customers", "ALPHA") || got[0].Record.Field("Customer_Name").Text() != "Alpha Ltd" {
			t.Errorf("%+v %v", got, err)
		}
	})
}

// padProvision makes what check makes at HubSpot.
func (w *world) padProvision() {
	w.t.Helper()
	for _, object := range []string{"companies", "contacts", "products", "deals"} {
		if _, err := w.Connectors["hubspot"].(connector.Provisioner).Provision(w.t.Context(), object, true); err != nil {
			w.t.Fatal(err)
		}
	}
}

// padProfile says what this install has otherwise.
func (w *world) padProfile(text string) {
	w.t.Helper()
	if text == "" {
		return
	}
	c := w.Config.Connections["salespad"]
	w.ok(yaml.Unmarshal([]byte(text), &c.Profile))
	w.Config.Connections["salespad"] = c
	w.App.Connectors["salespad"] = newConnector(w, "salespad")
	w.restart()
}
