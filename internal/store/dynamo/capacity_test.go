package dynamo_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"testing"
	"time"

	"crosswalk/internal/engine/table"
	"crosswalk/internal/store"
	"crosswalk/internal/store/dynamo"
)

// TestT10UnitsAreDynalites: what store.Meter computes from sizes is what dynalite says each single request consumed, at the
// borders of a KB and of 4 KB.
func TestT10UnitsAreDynalites(t *testing.T) {
	var read, written float64
	w := &wire{on: func(op string, body []byte, pass func([]byte) (*http.Response, error)) (*http.Response, error) {
		var in map[string]any
		if err := json.Unmarshal(body, &in); err != nil {
			return nil, err
		}
		in["ReturnConsumedCapacity"] = "TOTAL"
		asking, err := json.Marshal(in)
		if err != nil {
			return nil, err
		}
		r, err := pass(asking)
		if err != nil {
			return nil, err
		}
		out, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		r.Body = io.NopCloser(bytes.NewReader(out))
		if slices.Contains([]string{"PutItem", "UpdateItem", "DeleteItem"}, op) {
			written += consumed(t, out)
		} else {
			read += consumed(t, out)
		}
		return r, nil
	}}
	meter := store.NewMeter(wired(t, w, dynamo.Options{}))
	key := table.Key{PK: "L#person#07", SK: "salesforce:Contact/003"}
	puts := func(p table.Put) {
		if err := meter.Put(t.Context(), []table.Put{p})[0]; err != nil {
			t.Fatal(err)
		}
	}
	compare := func(step string, size int, what string, computed int64, said float64) {
		if said == 0 || float64(computed) != said {
			t.Errorf("%s of %d bytes: %d %s units computed, dynalite says %v", step, size, computed, what, said)
		}
	}
	// Of a number its significant digits count: a second that ends in zeros is a byte shorter than the most, which is what is computed.
	lasting := time.Date(2099, 1, 1, 0, 0, 1, 0, time.UTC)
	for _, size := range []int{200, 1023, 1024, 1025, 2048, 2049, 4095, 4096, 4097, 8192, 8193, 380 << 10} {
		for _, c := range []struct {
			name    string
			token   string
			expires time.Time
		}{{"bare", "", time.Time{}}, {"with token and expiry", "a-token", lasting}} {
			bare := store.Size(table.Item{Key: key, Rev: 1, Token: c.token, Expires: store.Expires(c.expires)})
			p := table.Put{Key: key, Token: c.token, Expires: c.expires, Data: make([]byte, size-bare), If: table.IfAbsent()}
			for _, step := range []struct {
				name string
				do   func()
			}{
				{"put", func() { puts(p) }},
				{"put over it", func() { p.If = table.IfRev(1); puts(p) }},
				{"update", func() { p.If = table.Condition{}; puts(p) }},
				{"a smaller one over it", func() { small := p; small.Data = []byte("x"); small.If = table.IfRev(3); puts(small) }},
				{"a larger one over that", func() { p.If = table.IfRev(4); puts(p) }},
				{"get", func() { meter.Get(t.Context(), []table.Key{key}) }},
				{"query", func() { meter.Query(t.Context(), table.Query{PK: key.PK}) }},
				{"delete", func() { puts(table.Put{Key: key, Delete: true}) }},
				{"get of nothing", func() { meter.Get(t.Context(), []table.Key{key}) }},
			} {
				read, written = 0, 0
				step.do()
				f := meter.Reset()
				if f.Puts > 0 { // the meter's own reads are none of the put's
					compare(c.name+" "+step.name, size, "write", f.WRU, written)
				} else {
					compare(c.name+" "+step.name, size, "read", f.RRU, read)
				}
			}
		}
	}
}

// consumed adds up an answer's units: of one table, or of a list of them.
func consumed(t *testing.T, out []byte) (units float64) {
	var one struct {
		ConsumedCapacity struct{ CapacityUnits float64 }
	}
	if json.Unmarshal(out, &one) == nil {
		return one.ConsumedCapacity.CapacityUnits
	}
	var many struct {
		ConsumedCapacity []struct{ CapacityUnits float64 }
	}
	if err := json.Unmarshal(out, &many); err != nil {
		t.Error(err)
	}
	for _, c := range many.ConsumedCapacity {
		units += c.CapacityUnits
	}
	return units
}
