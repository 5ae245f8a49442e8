package hubspottest

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// sharedFile reads a file of the shared material, which is beside the
// repository, or where CROSSWALK_SHARED says.
func sharedFile(t *testing.T, path string) []byte {
	t.Helper()
	dir := os.Getenv("CROSSWALK_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "..", "..", "shared")
	}
	raw, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(path)))
	if err == nil {
		return raw
	}
	if os.Getenv("CROSSWALK_REQUIRE_SHARED") == "1" {
		t.Fatalf("the shared material is required: %v", err)
	}
	t.Skipf("the shared material is not here: %v", err)
	return nil
}

func sharedJSON(t *testing.T, path string, into any) {
	t.Helper()
	if err := json.Unmarshal(sharedFile(t, path), into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}
