package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"crosswalk/internal/app"
	"crosswalk/internal/connector/hubspot/hubspottest"
	"crosswalk/internal/connector/light/lighttest"
	"crosswalk/internal/mapping"
)

// TestMain lets the test binary be the program: a test that kills crosswalk kills a process of its own.
func TestMain(m *testing.M) {
	if os.Getenv("CROSSWALK_TEST_AS_PROGRAM") == "1" || os.Getenv("CROSSWALK_SCRIPT_CHILD") == "1" {
		main()
		return
	}
	os.Exit(m.Run())
}

func program(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, os.Args[0], args...)
	cmd.Env = append(os.Environ(), "CROSSWALK_TEST_AS_PROGRAM=1")
	return cmd
}

// killed is a deployment that can be killed and started again on the same data.
type killed struct {
	t            *testing.T
	config, data string
	api          string
	cmd          *exec.Cmd
}

var answersAt = regexp.MustCompile(`answers at (http://\S+);`)

func (k *killed) start() {
	k.t.Helper()
	k.cmd = program(k.t.Context(), "up", "--config", k.config, "--data", k.data)
	var log bytes.Buffer
	k.cmd.Stderr = &log
	out, err := k.cmd.StdoutPipe()
	if err != nil {
		k.t.Fatal(err)
	}
	if err := k.cmd.Start(); err != nil {
		k.t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if m := answersAt.FindStringSubmatch(lines.Text()); m != nil {
			k.api = m[1]
			return
		}
	}
	k.t.Fatalf("it did not start: %s", log.String())
}

// kill is kill -9: nothing is said, nothing is finished.
func (k *killed) kill() {
	k.t.Helper()
	if err := k.cmd.Process.Kill(); err != nil {
		k.t.Fatal(err)
	}
	k.cmd.Wait() // it was killed: that is its error
}

// say runs one command against the running product and gives what it printed.
func (k *killed) say(args ...string) string {
	k.t.Helper()
	cmd := program(k.t.Context(), append([]string{"--api", k.api, "--token-file", filepath.Join(k.data, "token")}, args...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		k.t.Fatalf("crosswalk %s: %v\n%s%s", strings.Join(args, " "), err, out, stderr.String())
	}
	return string(out)
}

func TestKilledInTheMiddleOfAnInitialLoad(t *testing.T) {
	const deals, companies = 240, 40
	hubspot, light := hubspottest.New(hubspottest.Config{Seed: 3}), lighttest.New(lighttest.Config{Seed: 3})
	wonDeals(t, hubspot, deals, companies)
	serve := func(h http.Handler) string {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(3 * time.Millisecond) // a vendor takes its time, so that the kill comes in the middle
			h.ServeHTTP(w, r)
		}))
		t.Cleanup(s.Close)
		return s.URL
	}
	dir := t.TempDir()
	k := &killed{t: t, config: filepath.Join(dir, "crosswalk.yaml"), data: filepath.Join(dir, "data")}
	config := fmt.Sprintf(`approval: single
listen: 127.0.0.1:0
poll: 1s
claim: 4s
connections:
  hubspot: { system: hubspot, base: %q, limits: "off" }
  light: { system: light, base: %q, limits: "off", settle: 1s, deadline: 2s }
roles: { crm: hubspot, billing: light }
`, serve(hubspot), serve(light))
	if err := os.WriteFile(k.config, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, key := range map[string]string{"hubspot": hubspottest.PrivateToken, "light": lighttest.APIKey} {
		if err := putCredential(t.Context(), k.data, name, app.Credential{Key: key}); err != nil {
			t.Fatal(err)
		}
	}
	k.start()
	defer func() { k.kill() }()
	k.say(append([]string{"apply"}, presetFiles(t, dir)...)...)
	k.say("live", "companies-to-customers", "products-to-products")
	for _, d := range hubspot.Records("deals")[:1] { // no line recurs: nothing would be a contract, and that mapping stays a draft
		k.say("pilot", "deals-to-invoices", "hubspot:deals/"+d.ID)
	}
	plan := jsonField(t, k.say("preview", "deals-to-invoices", "--save", "--json"), "id")
	k.say("approve", "deals-to-invoices")
	k.say("live", "deals-to-invoices")
	k.say("approve", plan)
	k.say("run", "--plan", plan, "--detach")
	for kills := range 2 {
		waitFor(t, "documents", func() bool { return light.Counts().Invoices >= (kills+1)*deals/4 })
		if n := light.Counts().Invoices; n >= deals {
			t.Fatalf("all %d documents were there before kill %d: the test kills too late", n, kills+1)
		}
		k.kill()
		k.start()
		k.say("live", "deals-to-invoices") // going live again changes nothing
	}
	waitFor(t, "the run to end", func() bool { return strings.Contains(k.say("runs", "--json"), `"done"`) && allDone(t, k) })
	marks := map[string]int{}
	for _, i := range light.Invoices() {
		marks[fmt.Sprint(i.Reference)]++
		if len(i.Lines) != 1 || i.Net() != 25050 {
			t.Errorf("invoice %s: %d lines, net %d; want 1 line, net 25050", i.ID, len(i.Lines), i.Net())
		}
	}
	for mark, n := range marks {
		if n != 1 {
			t.Errorf("%d invoices with the marker %s", n, mark)
		}
	}
	if n := light.Counts(); len(marks) != deals || n.Invoices != deals || n.Customers != companies {
		t.Errorf("%d invoices of %d deals, %d customers of %d companies", n.Invoices, deals, n.Customers, companies)
	}
	var month struct {
		Groups []struct {
			Won, Documents    int
			Deals, Difference string
		}
	}
	if err := json.Unmarshal([]byte(k.say("reconcile", "deals-to-invoices", "--month", "2026-03", "--json")), &month); err != nil {
		t.Fatal(err)
	}
	if g := month.Groups; len(g) != 1 || g[0].Won != deals || g[0].Documents != deals || g[0].Deals != fmt.Sprint(deals*25050) || g[0].Difference != "0" {
		t.Errorf("the month end says %+v; want %d won, %d documents, difference 0", g, deals, deals)
	}
}

// allDone tells whether every run has ended.
func allDone(t *testing.T, k *killed) bool {
	t.Helper()
	var runs struct {
		Runs []struct{ Status string } `json:"runs"`
	}
	if err := json.Unmarshal([]byte(k.say("runs", "--json")), &runs); err != nil {
		t.Fatal(err)
	}
	for _, r := range runs.Runs {
		if r.Status != "done" {
			return false
		}
	}
	return len(runs.Runs) > 0
}

// wonDeals makes companies and won deals of one line each, as somebody else would.
func wonDeals(t *testing.T, s *hubspottest.Sim, deals, companies int) {
	t.Helper()
	other := s.Other()
	must := func(id string, err error) string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	for _, p := range []string{"vat_number", "billing_email"} {
		must("", other.Define("companies", p, "string", "text"))
	}
	must("", other.Define("products", "active", "bool", "booleancheckbox"))
	product := must(other.Create("products", map[string]string{"name": "Support hour", "price": "250.50", "active": "true"}))
	var buyers []string
	for n := range companies {
		buyers = append(buyers, must(other.Create("companies", map[string]string{"name": fmt.Sprintf("Buyer %03d", n), "domain": fmt.Sprintf("buyer-%03d.example", n)})))
	}
	for n := range deals {
		deal := must(other.Create("deals", map[string]string{"dealname": fmt.Sprintf("Deal %03d", n), "amount": "250.50", "closedate": "2026-03-01T10:00:00Z",
			"pipeline": hubspottest.DefaultPipeline, "dealstage": hubspottest.WonStage}))
		line := must(other.Create("line_items", map[string]string{"hs_product_id": product, "name": "Support hour", "quantity": "1", "price": "250.50"}))
		must("", other.Associate("deals", deal, "companies", buyers[n%companies]))
		must("", other.Associate("line_items", line, "deals", deal))
	}
}

func presetFiles(t *testing.T, dir string) []string {
	t.Helper()
	var files []string
	for n, p := range mapping.PresetSet("hubspot-light") {
		file := filepath.Join(dir, fmt.Sprintf("preset-%d.yaml", n))
		if err := os.WriteFile(file, []byte(p.YAML), 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	return files
}

func jsonField(t *testing.T, text, name string) string {
	t.Helper()
	m := regexp.MustCompile(`"` + name + `": *"([^"]+)"`).FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("no %s in %s", name, text)
	}
	return m[1]
}

// waitFor looks ten times a second, for a minute at most.
func waitFor(t *testing.T, what string, done func() bool) {
	t.Helper()
	for range 900 {
		if done() {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatalf("waited in vain for %s", what)
}
