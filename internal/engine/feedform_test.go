package engine

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"
	"time"

	"crosswalk/internal/record"
	"crosswalk/internal/store/memory"
)

// B4: what a feed's overlap has shown is stored in a few bytes a record, and comes back.
func TestB4_FeedForm(t *testing.T) {
	at := time.Date(2026, 9, 13, 12, 0, 0, 0, time.UTC)
	for name, pairs := range map[string]map[string]int64{"one": {"12345678901": at.UnixMilli()}, "all": {
		"0": at.UnixMilli(), "007": at.UnixMilli() + 7, "18446744073709551615": at.UnixMilli() - 5, "18446744073709551616": 3, "3f0c2b1a-0000-4000-8000-0123456789ab": at.UnixMilli() + 1,
		"3F0C2B1A-0000-4000-8000-0123456789AB": at.UnixMilli(), "003000000000001AAA": at.UnixMilli(), "": -7,
	}} {
		data, err := json.Marshal(packSeen(pairs))
		if err != nil {
			t.Fatal(err)
		}
		var packed packedSeen
		if err := json.Unmarshal(data, &packed); err != nil {
			t.Fatal(err)
		}
		if got, err := packed.unpack(); err != nil || !reflect.DeepEqual(got, pairs) {
			t.Errorf("%s: %v\n got %+v\nwant %+v\nof %s", name, err, got, pairs, data)
		}
	}
	wave := map[string]int64{}
	for n := range 1000 {
		wave[fmt.Sprint(12345678901+17*n)] = at.UnixMilli() + int64(n*600)
	}
	if data, err := json.Marshal(packSeen(wave)); err != nil || len(data) > 6000 {
		t.Errorf("%v: 1,000 records of ten minutes take %d bytes", err, len(data))
	}
	for _, bad := range []string{`{"at":1,"numbers":"gA"}`, `{"at":1,"uuids":"AAAA"}`, `{"at":1,"numbers":"!"}`, `{"at":1,"numbers":"AQ"}`} {
		var packed packedSeen
		if err := json.Unmarshal([]byte(bad), &packed); err != nil {
			t.Fatal(err)
		}
		if _, err := packed.unpack(); err == nil {
			t.Errorf("%s was read", bad)
		}
	}
}

// What an earlier version of this program kept in the feed's own item is known, and moves to a portion: 10 and 2 after the
// earliest stamp are the uvarints of two ids, 5 and 7.
func TestB4_FeedOfBefore(t *testing.T) {
	at := time.UnixMilli(1000)
	for name, text := range map[string]string{
		"plain":  `{"cursor":{"since":1},"seen":{"5":1010,"7":1002}}`,
		"packed": `{"cursor":{"since":1},"packed":{"at":1000,"numbers":"BQoCAg"}}`,
	} {
		e := &Engine{Config: Config{Table: memory.New(), Random: random()}}
		var f feed
		if err := json.Unmarshal([]byte(text), &f); err != nil {
			t.Fatal(err)
		}
		o := e.overlapOf(feedKey("crm", "deals"), &f)
		both := []record.Record{{Ref: record.Ref{ID: "5"}, Modified: at.Add(10 * time.Millisecond)}, {Ref: record.Ref{ID: "7"}, Modified: at.Add(2 * time.Millisecond)}}
		if fresh, err := o.fresh(t.Context(), both); err != nil || len(fresh) != 0 {
			t.Errorf("%s: %d are new (%v)", name, len(fresh), err)
		}
		if err := o.save(t.Context()); err != nil {
			t.Fatal(err)
		}
		if data, err := json.Marshal(f); err != nil || string(data) != `{"cursor":{"since":1}}` {
			t.Errorf("%s is stored as %s (%v)", name, data, err)
		}
		if n := look(t, e, feedKey("crm", "deals"), 0, true, both...); n != 0 {
			t.Errorf("%s: %d are new to the next reader", name, n)
		}
	}
}
