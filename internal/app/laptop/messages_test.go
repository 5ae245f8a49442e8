package laptop

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"crosswalk/internal/engine"
)

// TestMessagesFile: a message is on the disk once, whatever was repeated, restarted or cut off in between.
func TestMessagesFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "messages.jsonl")
	var terminal bytes.Buffer
	start := func() *messages { return &messages{path: path, terminal: &terminal} }
	tell := func(m *messages, id string) {
		t.Helper()
		if err := m.Tell(t.Context(), engine.Message{ID: id, Kind: engine.TestNews, Audience: engine.Operations}); err != nil {
			t.Fatal(err)
		}
	}
	m := start()
	tell(m, "one")
	tell(m, "one")
	m = start() // a new process
	tell(m, "one")
	tell(m, "two")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(data), "\n"); n != 2 || strings.Count(terminal.String(), "this is a test") != 2 {
		t.Errorf("%d lines, terminal %q", n, terminal.String())
	}
	if err := os.WriteFile(path, data[:len(data)-20], 0o600); err != nil { // killed in the middle of the second line
		t.Fatal(err)
	}
	m = start()
	tell(m, "two")
	tell(m, "three")
	if data, err = os.ReadFile(path); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	if len(lines) != 4 || !strings.Contains(lines[2], `"two"`) || !strings.Contains(lines[3], `"three"`) {
		t.Errorf("%q", lines)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if err := (&messages{path: filepath.Join(path, "no folder")}).Tell(t.Context(), engine.Message{ID: "x"}); err == nil {
		t.Error("what could not be written was taken for told")
	}
}
