package bolt_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"crosswalk/internal/engine/table"
	"crosswalk/internal/store/bolt"
	"crosswalk/internal/store/boltfile"
)

// childEnv makes a run of this test binary the process that TestKill9 kills.
const childEnv = "CROSSWALK_BOLT_CHILD"

func TestMain(m *testing.M) {
	if path := os.Getenv(childEnv); path != "" {
		writeUntilKilled(path)
	}
	os.Exit(m.Run())
}

// writeUntilKilled has four writers put batches and say on stdout what was answered, each line after the answer.
func writeUntilKilled(path string) {
	tab, err := bolt.Open(path, bolt.Options{})
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for n := 0; ; n++ {
				var puts []table.Put
				for i := range 3 {
					puts = append(puts, table.Put{Key: table.Key{PK: fmt.Sprint("w", w), SK: fmt.Sprintf("%d-%d", n, i)},
						Data: []byte(strings.Repeat("d", 500)), If: table.IfAbsent()})
				}
				counter := table.Put{Key: table.Key{PK: "counter", SK: fmt.Sprint(w)}, If: table.IfRev(int64(n))}
				for _, err := range tab.Put(context.Background(), append(puts, counter)) {
					if err != nil {
						fmt.Println("error", err)
						os.Exit(1)
					}
				}
				os.Stdout.WriteString(fmt.Sprintf("done %d %d\n", w, n))
			}
		})
	}
	wg.Wait()
}

func TestKill9(t *testing.T) {
	for round := range 3 {
		killed := filepath.Join(t.TempDir(), "table.db")
		lines := killAfter(t, killed, 200+50*round)
		answered := [4]int{-1, -1, -1, -1}
		for _, line := range lines {
			var w, n int
			if _, err := fmt.Sscanf(line, "done %d %d", &w, &n); err != nil {
				t.Fatalf("the child says %q", line)
			}
			answered[w] = n
		}
		wantAnswered(t, open(t, killed), answered)
	}
}

// killAfter starts a child on the file, kills it once it has answered so many batches, and gives all it said.
func killAfter(t *testing.T, path string, batches int) (lines []string) {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), childEnv+"="+path)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	for said := bufio.NewScanner(out); said.Scan(); {
		lines = append(lines, said.Text())
		if len(lines) == batches {
			if err := child.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := child.Wait(); err == nil || len(lines) < batches {
		t.Fatalf("the child ended by itself after %d lines: %q", len(lines), lines[max(0, len(lines)-1):])
	}
	return lines
}

func wantAnswered(t *testing.T, tab *bolt.Table, answered [4]int) {
	t.Helper()
	for w, last := range answered {
		var keys []table.Key
		for n := range last + 1 {
			for i := range 3 {
				keys = append(keys, table.Key{PK: fmt.Sprint("w", w), SK: fmt.Sprintf("%d-%d", n, i)})
			}
		}
		counter := table.Key{PK: "counter", SK: fmt.Sprint(w)}
		items, err := tab.Get(t.Context(), append(keys, counter))
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range keys {
			if len(items[k].Data) != 500 {
				t.Fatalf("answered, but not there after the kill: %v", k)
			}
		}
		// One batch may have been written and its answer not said.
		if rev := items[counter].Rev; rev != int64(last+1) && rev != int64(last+2) {
			t.Fatalf("counter %d is at %d after %d answered batches", w, rev, last+1)
		}
	}
}

func TestSurvivesReopening(t *testing.T) {
	path := filepath.Join(t.TempDir(), "table.db")
	tab := open(t, path)
	k := table.Key{PK: "p", SK: "s"}
	at := time.Now().Add(time.Hour).Truncate(time.Second)
	if err := tab.Put(t.Context(), []table.Put{{Key: k, Data: []byte("x"), Token: "t", Expires: at}})[0]; err != nil {
		t.Fatal(err)
	}
	if _, err := bolt.Open(path, bolt.Options{}); !errors.Is(err, boltfile.ErrHeld) {
		t.Fatalf("second owner: %v", err)
	}
	tab.Close()
	if err := tab.Put(t.Context(), []table.Put{{Key: k}})[0]; !errors.Is(err, boltfile.ErrClosed) {
		t.Fatalf("put after close: %v", err)
	}
	items, err := open(t, path).Get(t.Context(), []table.Key{k})
	if got := items[k]; err != nil || got.Rev != 1 || got.Token != "t" || string(got.Data) != "x" || !got.Expires.Equal(at) {
		t.Fatalf("after reopening: %+v, %v", items[k], err)
	}
}

// TestExpiryAndSweep moves the clock over the expiry of 100 items, and then writes until they are swept.
func TestExpiryAndSweep(t *testing.T) {
	path := filepath.Join(t.TempDir(), "table.db")
	synctest.Test(t, func(t *testing.T) {
		tab, err := bolt.Open(path, bolt.Options{Sweep: 30})
		if err != nil {
			t.Fatal(err)
		}
		defer tab.Close()
		put := func(puts ...table.Put) {
			for _, err := range tab.Put(t.Context(), puts) {
				if err != nil {
					t.Fatal(err)
				}
			}
		}
		at := time.Now().Add(time.Minute)
		var puts []table.Put
		for i := range 100 {
			puts = append(puts, table.Put{Key: table.Key{PK: "p", SK: fmt.Sprintf("%02d", i)}, Expires: at})
		}
		put(puts...)
		put(table.Put{Key: table.Key{PK: "p", SK: "00"}, Expires: at.Add(time.Hour)}) // longer
		put(table.Put{Key: table.Key{PK: "p", SK: "01"}})                             // for good
		put(table.Put{Key: table.Key{PK: "p", SK: "02"}, Delete: true})
		live := func() int {
			items, _, err := tab.Query(t.Context(), table.Query{PK: "p"})
			if err != nil {
				t.Fatal(err)
			}
			return len(items)
		}
		time.Sleep(time.Minute - time.Nanosecond)
		if n := live(); n != 99 {
			t.Fatalf("%d are there a moment before", n)
		}
		time.Sleep(time.Nanosecond)
		if n := live(); n != 2 {
			t.Fatalf("%d are there when the time has come", n)
		}
		for _, want := range []int{99 - 30, 99 - 60, 99 - 90, 2, 2} {
			put(table.Put{Key: table.Key{PK: "other", SK: "x"}})
			if n := tab.Stored() - 1; n != want {
				t.Fatalf("%d items lie in the file, want %d", n, want)
			}
		}
		if n := live(); n != 2 {
			t.Fatalf("%d are there after the sweep", n)
		}
		if n := tab.Expiring(); n != 1 {
			t.Fatalf("%d entries wait for their expiry, want 1", n)
		}
	})
}

// TestT24RefusedPutsCostNoSync: a put that is refused must not be paid with an fsync.
func TestT24RefusedPutsCostNoSync(t *testing.T) {
	tab := open(t, filepath.Join(t.TempDir(), "table.db"))
	k := table.Key{PK: "p", SK: "s"}
	put := func(p table.Put) error { return tab.Put(t.Context(), []table.Put{p})[0] }
	if err := put(table.Put{Key: k, Token: "t"}); err != nil {
		t.Fatal(err)
	}
	before := tab.Transactions()
	for range 10 {
		if err := put(table.Put{Key: k, If: table.IfAbsent()}); err == nil {
			t.Fatal("put twice")
		}
		if err := put(table.Put{Key: k, Token: "t", If: table.IfAbsent()}); err != nil {
			t.Fatal(err)
		}
		if err := put(table.Put{Key: table.Key{PK: "p", SK: "none"}, Delete: true}); err != nil {
			t.Fatal(err)
		}
	}
	if after := tab.Transactions(); after != before {
		t.Fatalf("%d transactions were committed for nothing", after-before)
	}
	var puts []table.Put
	for i := range 200 {
		puts = append(puts, table.Put{Key: table.Key{PK: "p", SK: fmt.Sprint(i)}})
	}
	for _, err := range tab.Put(t.Context(), puts) {
		if err != nil {
			t.Fatal(err)
		}
	}
	if n := tab.Transactions() - before; n != 1 {
		t.Fatalf("200 puts of one call took %d transactions", n)
	}
}
