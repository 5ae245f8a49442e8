package main

import (
	"bytes"
	"io"
	"maps"
	"math/big"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"crosswalk/internal/connector/light/lighttest"
	"crosswalk/internal/web"
)

// TestOutsiderReckons: expected values worked out by hand.
func TestOutsiderReckons(t *testing.T) {
	for _, c := range []struct {
		line     map[string]string
		currency string
		want     string // minor units; "" cannot be told
	}{
		{map[string]string{"price": "150", "quantity": "10"}, "USD", "150000"},
		{map[string]string{"price": "29800", "quantity": "3"}, "JPY", "89400"},
		{map[string]string{"price": "75.125", "quantity": "4"}, "BHD", "300500"},
		{map[string]string{"price": "0.335", "quantity": "1000"}, "USD", "33500"},
		{map[string]string{"price": "199.99", "quantity": "10", "hs_discount_percentage": "10"}, "USD", "179991"},
		{map[string]string{"price": "150", "quantity": "8", "discount": "12.50"}, "USD", "110000"},
		{map[string]string{"price": "0.005", "quantity": "1"}, "EUR", "1"},
		{map[string]string{"price": "-0.005", "quantity": "1"}, "EUR", "-1"},
		{map[string]string{"price": "980"}, "EUR", "98000"},
		{map[string]string{"quantity": "1"}, "GBP", ""},
	} {
		got, ok := lineNet(maps.Clone(c.line), c.currency)
		if ok != (c.want != "") || ok && got.String() != c.want {
			t.Errorf("%v %s is %v, want %q", c.line, c.currency, got, c.want)
		}
	}
	for in, want := range map[string]int64{"1/2": 1, "-1/2": -1, "3/2": 2, "149/100": 1, "-149/100": -1, "0": 0} {
		r, _ := new(big.Rat).SetString(in)
		if got := nearest(r); got.Int64() != want {
			t.Errorf("nearest %s is %s, want %d", in, got, want)
		}
	}
}

// TestOutsiderCatches: the demo is as good as its check, so documents are spoilt behind its back and it must say so.
func TestOutsiderCatches(t *testing.T) {
	w := newWorld(t, "single")
	tokens, err := w.product.tokens.Tokens()
	if err != nil {
		t.Fatal(err)
	}
	d := &demoRun{cli: &cli{out: io.Discard, err: io.Discard}, client: newClient("http://"+w.product.address, tokens[0].Token),
		vendors: w.vendors, before: documentIDs(w.vendors), since: sampleSince, pilots: samplePilots(w.vendors)}
	if err := d.bill(t.Context(), presetTexts()); err != nil {
		t.Fatal(err)
	}
	look := func() (result, outsider) {
		t.Helper()
		o, err := d.outside(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return o.result(true), o
	}
	r, o := look()
	if err := r.faults(o); err != nil || r.DealsWon != 25 || r.Invoices != 10 || r.Contracts != 2 || r.Held != 13 || len(o.before) != 1 {
		t.Fatalf("%v, %+v, %d before", err, r, len(o.before))
	}
	// 829.00 + 900.00 + 675.00 is what was billed in EUR; 980.00 + 300.00 is held.
	if got := r.Amounts["EUR"]; got.Documents != "2404.00" || got.Held != "1280.00" {
		t.Errorf("EUR %+v", got)
	}
	var ours []lighttest.Invoice
	for _, i := range w.vendors.light.Invoices() {
		if !d.before[i.ID] {
			ours = append(ours, i)
		}
	}
	edit := func(id string, f func(*lighttest.Invoice)) {
		t.Helper()
		if err := w.vendors.light.EditInvoice(id, f); err != nil {
			t.Fatal(err)
		}
	}
	edit(ours[0].ID, func(i *lighttest.Invoice) {
		more := *i.Lines[0].PriceOverwrite + 1
		i.Lines[0].PriceOverwrite = &more
	})
	if r, o := look(); r.AmountMismatches != 1 || r.faults(o) == nil {
		t.Errorf("a cent too much was not seen: %+v", r)
	}
	edit(ours[1].ID, func(i *lighttest.Invoice) { i.Description = ours[2].Description })
	if r, o := look(); r.DuplicateDocuments != 1 || len(o.unexplained) != 1 || r.Invoices+r.Contracts+r.Held != r.DealsWon {
		t.Errorf("a second document of one deal was not seen: %+v, unexplained %v", r, o.unexplained)
	}
	edit(ours[3].ID, func(i *lighttest.Invoice) { i.Description = "of no deal" })
	if _, o := look(); len(o.strays) != 1 {
		t.Errorf("a document of no deal was not seen: %v", o.strays)
	}
}

// TestForgedWebhook: refused, counted where an operator sees it, nothing queued.
func TestForgedWebhook(t *testing.T) {
	w := newWorld(t, "single")
	w.must(append([]string{"apply"}, w.files()...)...)
	w.goLive()
	w.idle()
	body := `[{"objectId":` + strings.TrimPrefix(w.deal("eur"), "hubspot:deals/") + `,"subscriptionType":"deal.propertyChange","portalId":62515,"propertyName":"dealstage","propertyValue":"closedwon"}]`
	for _, send := range []struct {
		path, signature string
		status          int
	}{
		{"/webhooks/hubspot", "", 401}, {"/webhooks/hubspot", "bm90IGl0", 401}, {"/webhooks/light", "", 401}, {"/webhooks/none", "", 401},
	} {
		r, err := http.NewRequestWithContext(t.Context(), "POST", "http://"+w.product.address+send.path, bytes.NewReader([]byte(body)))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("X-HubSpot-Signature-v3", send.signature)
		r.Header.Set("X-HubSpot-Request-Timestamp", "1")
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != send.status {
			t.Errorf("%s %q: answered %d, want %d", send.path, send.signature, resp.StatusCode, send.status)
		}
	}
	s, err := get[web.Status](t.Context(), newClient("http://"+w.product.address, "editor-token-0123456789"), "/status")
	if err != nil {
		t.Fatal(err)
	}
	refused := 0
	for _, n := range s.Refused {
		refused += n
	}
	if refused != 4 || s.Lanes["live"].Waiting+s.Lanes["live"].InWork+s.Lanes["bulk"].Waiting > 0 {
		t.Errorf("counted %v; lanes %v", s.Refused, s.Lanes)
	}
	has(t, w.must("status"), "webhooks refused: ")
}

// TestReadsAFolder: a folder that lacks a file, and one that is not what it should be, are named.
func TestReadsAFolder(t *testing.T) {
	dir := t.TempDir()
	if status, _, errs := command(t, "demo", "--data", dir); status != exitUsage || !strings.Contains(errs, filepath.Join(dir, "accounts.csv")) {
		t.Errorf("status %d: %s", status, errs)
	}
	documents, err := folderMappings()
	if err != nil {
		t.Fatal(err)
	}
	all := strings.Join(documents, "\n")
	if strings.Count(all, "\nsince: 2016-01-01") != 2 || strings.Count(all, "default_product: Services") != 2 {
		t.Error("the mappings of a folder do not say its first day and its product")
	}
}
