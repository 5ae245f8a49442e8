// Package storetest is the suite that every table.Table passes: memory and bolt here, the DynamoDB one
// against whatever server stands in for it. It uses no clock tricks (what must be expired is put with a time
// long past), shares a table between cases without them meeting, and asks for nothing that DynamoDB does
// not promise. Start with Run.
package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"crosswalk/internal/engine/table"
)

// Lack names a case that a server standing in for DynamoDB cannot pass, and why. Our own stores lack nothing.
type Lack struct{ Case, Why string }

// Run runs every case as a subtest. open gives a table that is ready; it may be the same one each time,
// also one with items of earlier runs in it, as each case keeps to partitions of its own.
func Run(t *testing.T, open func(t *testing.T) table.Table, lacks ...Lack) {
	why := map[string]string{}
	for _, l := range lacks {
		why[l.Case] = l.Why
	}
	for _, c := range cases() {
		t.Run(c.name, func(t *testing.T) {
			if why[c.name] != "" {
				t.Skip(why[c.name])
			}
			c.run(t, &bench{t: t, table: open(t), space: fmt.Sprintf("%s %d ", t.Name(), time.Now().UnixNano())})
		})
		delete(why, c.name)
	}
	for name := range why {
		t.Errorf("a lack names the case %q, which there is not", name)
	}
}

// Cases gives the names of all cases, for a test that asserts that each runs on one server at least.
func Cases() []string {
	var names []string
	for _, c := range cases() {
		names = append(names, c.name)
	}
	return names
}

type testCase struct {
	name string
	run  func(t *testing.T, b *bench)
}

func cases() []testCase {
	return []testCase{
		{"put and get", putAndGet},
		{"empty data", emptyData},
		{"nothing is left of the put before", nothingIsLeft},
		{"conditions", conditions},
		{"conflict carries the current item", conflictCarriesCurrent},
		{"one winner of twenty", oneWinner},
		{"every increment of twenty counts", everyIncrement},
		{"delete", deletes},
		{"T13 token replay is success", tokenReplay},
		{"a token used twice hides nothing", tokenReused},
		{"batches", batches},
		{"each put on its own", eachOnItsOwn},
		{"same key twice", sameKeyTwice},
		{"item limit", itemLimit},
		{"key limits", keyLimits},
		{"query order, prefix, after, limit", query},
		{"query pages by size", queryBySize},
		{"expired is absent", expired},
		{"expiry to come", expiryToCome},
		{"hostile bytes", hostileBytes},
		{"no shared memory", noSharedMemory},
		{"cancelled", cancelled},
	}
}

// A bench is one case's table with shorthand that fails the test where an error would be a surprise.
type bench struct {
	t     *testing.T
	table table.Table
	space string // begins every PK of the case
}

func (b *bench) key(pk, sk string) table.Key { return table.Key{PK: b.space + pk, SK: sk} }

func (b *bench) puts(puts ...table.Put) []error {
	b.t.Helper()
	errs := b.table.Put(b.t.Context(), puts)
	if len(errs) != len(puts) {
		b.t.Fatalf("Put of %d gave %d errors", len(puts), len(errs))
	}
	return errs
}

func (b *bench) try(p table.Put) error { b.t.Helper(); return b.puts(p)[0] }

func (b *bench) must(puts ...table.Put) {
	b.t.Helper()
	for i, err := range b.puts(puts...) {
		if err != nil {
			b.t.Fatalf("put %d of %d: %v", i, len(puts), err)
		}
	}
}

func (b *bench) get(keys ...table.Key) map[table.Key]table.Item {
	b.t.Helper()
	items, err := b.table.Get(b.t.Context(), keys)
	if err != nil {
		b.t.Fatalf("Get: %v", err)
	}
	return items
}

// wants checks what is under the key; rev 0 means nothing.
func (b *bench) wants(k table.Key, rev int64, data string) {
	b.t.Helper()
	item, there := b.get(k)[k]
	switch {
	case rev == 0 && there:
		b.t.Fatalf("%s: rev %d is there, want nothing", k.SK, item.Rev)
	case rev == 0:
	case !there:
		b.t.Fatalf("%s: nothing is there, want rev %d", k.SK, rev)
	case item.Rev != rev || string(item.Data) != data || item.Key != k:
		b.t.Fatalf("%s: rev %d data %.40q, want rev %d data %.40q", k.SK, item.Rev, item.Data, rev, data)
	}
}

func (b *bench) conflict(err error) *table.ConflictError {
	b.t.Helper()
	var c *table.ConflictError
	if !errors.As(err, &c) {
		b.t.Fatalf("error is %v, want a ConflictError", err)
	}
	return c
}

// refused checks that a put failed for another reason than a conflict, and that the error says which field.
func (b *bench) refused(err error, field string) {
	b.t.Helper()
	var c *table.ConflictError
	if err == nil || errors.As(err, &c) {
		b.t.Fatalf("error is %v, want a refusal that names %s", err, field)
	}
	if !strings.Contains(err.Error(), field) {
		b.t.Fatalf("error is %q and does not name %s", err, field)
	}
}

func (b *bench) query(q table.Query) ([]table.Item, bool) {
	b.t.Helper()
	items, more, err := b.table.Query(b.t.Context(), q)
	if err != nil {
		b.t.Fatalf("Query: %v", err)
	}
	if more && len(items) == 0 {
		b.t.Fatal("an empty page says there is more, and names no key to go on from")
	}
	return items, more
}

// all reads every page of the query.
func (b *bench) all(q table.Query) (items []table.Item, pages int) {
	b.t.Helper()
	for {
		page, more := b.query(q)
		items = append(items, page...)
		pages++
		if !more {
			return items, pages
		}
		if pages > 10_000 {
			b.t.Fatal("10,000 pages and still more")
		}
		q.After = page[len(page)-1].SK
	}
}

func sks(items []table.Item) []string {
	names := make([]string, len(items))
	for i, item := range items {
		names[i] = item.SK
	}
	return names
}

func wantSKs(t *testing.T, items []table.Item, want ...string) {
	t.Helper()
	if got := sks(items); strings.Join(got, "\x00|") != strings.Join(want, "\x00|") {
		t.Fatalf("sort keys are %q, want %q", got, want)
	}
}

var past = time.Date(1999, 12, 31, 23, 0, 0, 0, time.UTC) // before the clock of a synctest bubble, too

func data(s string) []byte { return []byte(s) }

func big(n int) []byte { return bytes.Repeat([]byte{0xA5}, n) }

func cancelledContext(t *testing.T) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}
