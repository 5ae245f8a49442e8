package engine

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"
	"time"
)

// B4: what a feed has seen is stored in a few bytes a record, and comes back; the form of before is read.
func TestB4_FeedForm(t *testing.T) {
	at := time.Date(2026, 9, 13, 12, 0, 0, 0, time.UTC)
	f := feed{Cursor: json.RawMessage(`{"since":1}`), ReadAt: at, Next: at.Add(time.Minute), Lease: at, Again: at, Index: "a~exact", Fields: "x", Seen: map[string]int64{
		"0": at.UnixMilli(), "007": at.UnixMilli() + 7, "18446744073709551615": at.UnixMilli() - 5, "18446744073709551616": 3, "3f0c2b1a-0000-4000-8000-0123456789ab": at.UnixMilli() + 1,
		"3F0C2B1A-0000-4000-8000-0123456789AB": at.UnixMilli(), "003000000000001AAA": at.UnixMilli(), "": -7,
	}}
	for name, f := range map[string]feed{"all": f, "nothing": {}, "one": {Seen: map[string]int64{"12345678901": at.UnixMilli()}}} {
		data, err := json.Marshal(f)
		if err != nil {
			t.Fatal(err)
		}
		var got feed
		if err := json.Unmarshal(data, &got); err != nil || !reflect.DeepEqual(got, f) {
			t.Errorf("%s: %v\n got %+v\nwant %+v\nof %s", name, err, got, f, data)
		}
		before, err := json.Marshal(plainFeed(f))
		if err != nil {
			t.Fatal(err)
		}
		got = feed{}
		if err := json.Unmarshal(before, &got); err != nil || !reflect.DeepEqual(got, f) {
			t.Errorf("%s as it was stored before: %v\n got %+v\nwant %+v", name, err, got, f)
		}
	}
	wave := feed{Seen: map[string]int64{}}
	for n := range 1000 {
		wave.Seen[fmt.Sprint(12345678901+17*n)] = at.UnixMilli() + int64(n*600)
	}
	if data, err := json.Marshal(wave); err != nil || len(data) > 6000 {
		t.Errorf("%v: 1,000 records of ten minutes take %d bytes", err, len(data))
	}
	for _, bad := range []string{`{"packed":{"at":1,"numbers":"gA"}}`, `{"packed":{"at":1,"uuids":"AAAA"}}`, `{"packed":{"at":1,"numbers":"!"}}`, `{"packed":{"at":1,"numbers":"AQ"}}`} {
		var got feed
		if err := json.Unmarshal([]byte(bad), &got); err == nil {
			t.Errorf("%s was read", bad)
		}
	}
}
