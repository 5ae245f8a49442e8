package boltfile_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"crosswalk/internal/store/boltfile"
)

var bucket = []byte("b")

func open(t *testing.T, path string) *boltfile.File {
	t.Helper()
	f, err := boltfile.Open(path, "test 1")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func put(key, value string) func(*bbolt.Tx) (bool, error) {
	return func(tx *bbolt.Tx) (bool, error) {
		b, err := tx.CreateBucketIfNotExists(bucket)
		if err != nil {
			return false, err
		}
		return true, b.Put([]byte(key), []byte(value))
	}
}

func get(t *testing.T, f *boltfile.File, key string) (value string) {
	t.Helper()
	if err := f.View(func(tx *bbolt.Tx) error {
		if b := tx.Bucket(bucket); b != nil {
			value = string(b.Get([]byte(key)))
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return value
}

func TestModeIsTightened(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.db")
	for _, loosen := range []os.FileMode{0, 0o644} {
		if loosen != 0 {
			if err := os.Chmod(path, loosen); err != nil {
				t.Fatal(err)
			}
		}
		f := open(t, path)
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Fatalf("mode %v, %v", info.Mode(), err)
		}
		f.Close()
	}
}

func TestSecondOwnerIsRefusedWithinASecond(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.db")
	first := open(t, path)
	start := time.Now()
	_, err := boltfile.Open(path, "test 1")
	if !errors.Is(err, boltfile.ErrHeld) || !strings.Contains(err.Error(), "another crosswalk holds the data folder") {
		t.Fatalf("second open: %v", err)
	}
	if took := time.Since(start); took > time.Second {
		t.Fatalf("second open took %v", took)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, path)
}

func TestForeignFilesAreRefused(t *testing.T) {
	folder := t.TempDir()
	text := filepath.Join(folder, "text")
	if err := os.WriteFile(text, []byte(strings.Repeat("not a database\n", 2000)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := boltfile.Open(text, "test 1"); err == nil {
		t.Fatal("a text file was opened")
	}
	if _, err := boltfile.Open(filepath.Join(folder, "none", "f.db"), "test 1"); err == nil {
		t.Fatal("a file in a folder that is not there was opened")
	}
	path := filepath.Join(folder, "f.db")
	open(t, path).Close()
	if _, err := boltfile.Open(path, "test 2"); err == nil || !strings.Contains(err.Error(), `"test 1"`) {
		t.Fatalf("another layout: %v", err)
	}
	open(t, path) // and the refusal let go of it
}

// TestGroupCommit holds one transaction open while 50 more callers come: they must share the next ones.
func TestGroupCommit(t *testing.T) {
	f := open(t, filepath.Join(t.TempDir(), "f.db"))
	hold, held := make(chan bool), make(chan bool)
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := f.Write(func(*bbolt.Tx) (bool, error) { close(held); <-hold; return false, nil }); err != nil {
			t.Error(err)
		}
	})
	<-held
	var mu sync.Mutex
	transactions := map[int]bool{}
	for i := range 50 {
		wg.Go(func() {
			if err := f.Write(func(tx *bbolt.Tx) (bool, error) {
				mu.Lock()
				transactions[tx.ID()] = true
				mu.Unlock()
				return put(fmt.Sprint(i), "x")(tx)
			}); err != nil {
				t.Error(err)
			}
		})
	}
	for f.Waiting() < 50 {
		runtime.Gosched()
	}
	close(hold)
	wg.Wait()
	if len(transactions) != 1 {
		t.Fatalf("50 waiting writes took %d transactions", len(transactions))
	}
	for i := range 50 {
		if get(t, f, fmt.Sprint(i)) != "x" {
			t.Fatalf("write %d is not there", i)
		}
	}
}

// TestOneFailureIsItsOwn: of three writes that share a transaction one fails and one panics.
func TestOneFailureIsItsOwn(t *testing.T) {
	f := open(t, filepath.Join(t.TempDir(), "f.db"))
	hold, held := make(chan bool), make(chan bool)
	var wg sync.WaitGroup
	wg.Go(func() { f.Write(func(*bbolt.Tx) (bool, error) { close(held); <-hold; return false, nil }) })
	<-held
	mine := errors.New("mine")
	errs := make([]error, 4)
	for i, fn := range []func(*bbolt.Tx) (bool, error){
		put("a", "1"),
		func(tx *bbolt.Tx) (bool, error) { put("b", "1")(tx); return true, mine },
		func(tx *bbolt.Tx) (bool, error) { put("c", "1")(tx); panic("boom") },
		put("d", "1"),
	} {
		wg.Go(func() { errs[i] = f.Write(fn) })
	}
	for f.Waiting() < 4 {
		runtime.Gosched()
	}
	close(hold)
	wg.Wait()
	if errs[0] != nil || !errors.Is(errs[1], mine) || errs[2] == nil || errs[3] != nil {
		t.Fatalf("errors: %v", errs)
	}
	for key, want := range map[string]string{"a": "1", "b": "", "c": "", "d": "1"} {
		if got := get(t, f, key); got != want {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}
}

func TestAfterClose(t *testing.T) {
	f := open(t, filepath.Join(t.TempDir(), "f.db"))
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Write(put("a", "1")); !errors.Is(err, boltfile.ErrClosed) {
		t.Fatalf("Write: %v", err)
	}
	if err := f.View(func(*bbolt.Tx) error { return nil }); !errors.Is(err, boltfile.ErrClosed) {
		t.Fatalf("View: %v", err)
	}
	if err := f.Close(); err != nil {
		t.Fatalf("second Close: %v", err)
	}
}
