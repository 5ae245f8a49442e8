package main

import (
	"os"
	"path/filepath"
	"testing"

	"crosswalk/internal/record"
	"crosswalk/internal/web"
)

// TestSavedFileGoesOn: a command that was killed after a part, or in the middle of one, is gone on with where the last whole part
// ended; cells that a spreadsheet would run are harmless; another mapping's file is not gone on with.
func TestSavedFileGoesOn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "before.csv")
	ref := func(id string) record.Ref { return record.Ref{Connection: "hubspot", Object: "contacts", ID: id} }
	part := func(id, next, receipt string, count int) web.SavedPart {
		return web.SavedPart{Columns: []string{"a.name", "b.name"}, Count: count, Next: next, Receipt: receipt,
			Pairs: []web.SavedPair{{A: ref(id), B: ref("9" + id), How: "linked", Values: []record.Value{record.Of("=1+1"), record.Hidden()}}}}
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	f, err := openPart(path, "contacts")
	must(err)
	must(f.add(part("1", "second", "", 1)))
	_, err = f.WriteString("half a li") // killed here
	must(err)
	must(f.Close())
	if _, err := openPart(path, "companies"); err == nil {
		t.Error("another mapping went on with it")
	}
	f, err = openPart(path, "contacts")
	must(err)
	if f.at.Next != "second" || f.at.Pairs != 1 {
		t.Fatalf("%+v", f.at)
	}
	must(f.add(part("2", "", "receipt", 2)))
	sum, err := f.finish()
	must(err)
	must(f.done())
	must(f.Close())
	got, err := os.ReadFile(path)
	must(err)
	want := "a,b,how,a.name,b.name\r\n" +
		"hubspot:contacts/1,hubspot:contacts/91,linked,'=1+1,(may not be read)\r\n" +
		"hubspot:contacts/2,hubspot:contacts/92,linked,'=1+1,(may not be read)\r\n"
	if string(got) != want || len(sum) != 64 {
		t.Errorf("%q, want %q; %s", got, want, sum)
	}
	left, err := filepath.Glob(path + ".*")
	must(err)
	if len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}
