package secret_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"crosswalk/internal/secret"
)

func TestFileKeepsSecrets(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secrets.json")
	f, err := secret.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for _, name := range []string{"a", "b/c", "d"} {
		group.Go(func() {
			if err := f.Put(t.Context(), name, []byte("v\x00\xff"+name)); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if err := f.Delete(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	again, err := secret.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if v, err := again.Get(t.Context(), "b/c"); err != nil || string(v) != "v\x00\xffb/c" {
		t.Errorf("%q, %v", v, err)
	}
	if _, err := again.Get(t.Context(), "a"); !errors.Is(err, secret.ErrMissing) {
		t.Errorf("deleted secret: %v", err)
	}
	if info, _ := os.Stat(path); info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".secrets-*")); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestFileOthersCanReadIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secrets.json")
	if err := os.WriteFile(path, []byte("{}"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := secret.OpenFile(path); err == nil || !strings.Contains(err.Error(), "chmod 600 "+path) {
		t.Errorf("got %v", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := secret.OpenFile(path); err != nil {
		t.Error(err)
	}
}

func TestBrokenFileIsNotQuotedAndNotOverwritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secrets.json")
	if err := os.WriteFile(path, []byte(`{"a": canary}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := secret.OpenFile(path); err == nil || strings.Contains(err.Error(), "canary") {
		t.Errorf("got %v", err)
	}
}
