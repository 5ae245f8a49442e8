package bolt_test

import (
	"path/filepath"
	"testing"

	"crosswalk/internal/engine/table"
	"crosswalk/internal/store/bolt"
	"crosswalk/internal/store/storetest"
)

func open(t testing.TB, path string) *bolt.Table {
	t.Helper()
	tab, err := bolt.Open(path, bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := tab.Close(); err != nil {
			t.Error(err)
		}
	})
	return tab
}

func TestTable(t *testing.T) {
	storetest.Run(t, func(t *testing.T) table.Table { return open(t, filepath.Join(t.TempDir(), "table.db")) })
}
