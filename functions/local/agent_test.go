package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestAgentFile: what is wrong with an agent's file is said at once, and as wrong use.
func TestAgentFile(t *testing.T) {
	folder := t.TempDir()
	key := filepath.Join(folder, "agent.key")
	if err := os.WriteFile(key, []byte("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ text, says string }{
		{"{}", "connection: missing"},
		{"connection: erp\nkey_file: agent.key\nbase: http://127.0.0.1:1", "product, queue: write one of them"},
		{"connection: erp\nkey_file: agent.key\nbase: http://127.0.0.1:1\nqueue: { region: x }", "queue: write region, requests and answers"},
		{"connection: erp\nkey_file: none\nbase: http://127.0.0.1:1\nproduct: http://127.0.0.1:2", "key_file:"},
		{"connection: erp\nkey_file: agent.key\nbase: http://127.0.0.1:1/api\nproduct: http://127.0.0.1:2", "scheme and host of the server alone"},
		{"connection: erp\nkey_file: agent.key\nbase: http://127.0.0.1:1\nproduct: http://crosswalk.example.com", "plain http is allowed for this machine only"},
		{"connection: erp\nkey_file: agent.key\nbase: http://127.0.0.1:1\nproduct: http://127.0.0.1:2\nallow: [ { methods: [TRACE], prefix: /api/ } ]", "allow[0].methods"},
		{"connection: erp\nkey_file: agent.key\nbase: http://127.0.0.1:1\nproduct: http://127.0.0.1:2\nport: 80", "port"},
	} {
		file := filepath.Join(folder, "agent.yaml")
		if err := os.WriteFile(file, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		var out, errs strings.Builder
		if status := run(t.Context(), []string{"agent", "--config", file}, strings.NewReader(""), &out, &errs); status != 2 || !strings.Contains(errs.String(), c.says) {
			t.Errorf("%q: status %d, %s; want %q in it", c.text, status, errs.String(), c.says)
		}
	}
}
