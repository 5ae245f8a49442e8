package main

import (
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"crosswalk/internal/awstest"
)

// bootstraps is where `make here` builds the functions for this machine.
var bootstraps = filepath.Join("..", "..", ".build", "functions")

// TestCompiledFunctions has the built binaries do the whole job between servers of the AWS protocols: connected, applied,
// approved and read through the operator API; a webhook, a schedule and batches end as an invoice.
func TestCompiledFunctions(t *testing.T) {
	if testing.Short() {
		t.Skip("short: starts Node servers and the functions' processes")
	}
	for _, name := range binaries {
		if _, err := os.Stat(filepath.Join(bootstraps, name, "bootstrap")); err != nil {
			awstest.Need(t, &awstest.Unavailable{Reason: "the functions are not built: make here"})
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	v, err := startVendors(playing{hubspot: "127.0.0.1:0", light: "127.0.0.1:0", sample: true, zone: "Europe/Berlin", currency: "USD", seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer v.close()
	d, err := cloudOnThis(ctx, t.TempDir(), bootstraps, configFor(v, "127.0.0.1:0", false), awstest.OnDynalite, io.Discard)
	awstest.Need(t, err)
	defer d.close()
	client, err := d.connect(ctx)
	if err != nil {
		t.Fatal(err)
	}
	whoMayNot(t, d.url)
	run := &demoRun{cli: &cli{out: io.Discard, err: io.Discard}, client: client, vendors: v, before: documentIDs(v), since: sampleSince, pilots: samplePilots(v)}
	v.subscribe(d.url + "/webhooks/hubspot")
	delivering, stop := context.WithCancel(ctx)
	delivered := make(chan struct{})
	go func() { v.hubspot.Run(delivering, nil); close(delivered) }()
	defer func() { stop(); <-delivered }()
	if err := run.bill(ctx, presetTexts()); err != nil {
		t.Fatal(err)
	}
	before := len(documentIDs(v))
	deal := v.hubspot.SampleID("deals/open")
	if err := v.hubspot.User().Win(deal); err != nil {
		t.Fatal(err)
	}
	said := ""
	for !strings.Contains(said, "light:invoice-receivables/") {
		if ctx.Err() != nil {
			t.Fatalf("no invoice for the won deal; why says:\n%s", said)
		}
		time.Sleep(200 * time.Millisecond)
		_, said, _ = command(t, "--api", d.url, "--iam", "why", "hubspot:deals/"+deal)
	}
	if n := len(documentIDs(v)) - before; n != 1 {
		t.Errorf("%d documents for one won deal", n)
	}
	for _, f := range d.functions {
		n, took := f.Invoked()
		t.Logf("%s: %d invocations, %s", f.Name, n, took.Round(time.Millisecond))
		if n == 0 && f.Name != "work-bulk" && f.Name != "change" {
			t.Errorf("%s was never invoked", f.Name)
		}
	}
	for len(d.stack.Topics.Published()) == 0 {
		if ctx.Err() != nil {
			t.Fatal("people were told nothing, although deals are held")
		}
		time.Sleep(200 * time.Millisecond)
	}
}

// whoMayNot asks as somebody whom IAM does not know, or with nothing to show.
func whoMayNot(t *testing.T, url string) {
	t.Helper()
	for path, want := range map[string]int{"/api/v1/status": http.StatusForbidden, "/oauth/hubspot/start": http.StatusNotFound, "/webhooks/hubspot": http.StatusMethodNotAllowed, "/": http.StatusNotFound} {
		r, err := http.Get(url + path)
		if err != nil {
			t.Fatal(err)
		}
		r.Body.Close()
		if r.StatusCode != want {
			t.Errorf("GET %s: %d, want %d", path, r.StatusCode, want)
		}
	}
	t.Setenv("AWS_SECRET_ACCESS_KEY", "not-the-right-one")
	if status, _, errs := command(t, "--api", url, "--iam", "status"); status == exitDone || !strings.Contains(errs, "IAM does not let you") {
		t.Errorf("status %d: %s", status, errs)
	}
	if err := os.Setenv("AWS_SECRET_ACCESS_KEY", personSecret); err != nil {
		t.Fatal(err)
	}
}
