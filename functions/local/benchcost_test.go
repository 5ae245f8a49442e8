package main

import (
	"math"
	"testing"
)

// A12: dollars are units times list prices. 2,000 WRU, 1,000 RRU, 30 requests, 5 invocations and 0.5789 s of CPU over 1,000
// records, worked out by hand for a million: 2,000,000 x 0.625 / 1e6 = 1.25; 1,000,000 x 0.125 / 1e6 = 0.125; 30,000 x 0.40 / 1e6
// = 0.012; 5,000 x 0.20 / 1e6 = 0.001; 1,024 of 1,769 MB give 0.5789 of a CPU, so 1 s of 1 GB: 1,000 x 0.0000133334 = 0.0133334;
// 5,000 x 1,000 bytes of log = 0.005 GB x 0.50 = 0.0025.
func TestA12_Dollars(t *testing.T) {
	p, err := readPrices()
	if err != nil {
		t.Fatal(err)
	}
	var got figure
	err = p.sayDollars(func(f figure) error { got = f; return nil }, "records", spent{wru: 2000, rru: 1000, sqs: 30, invocations: 5, cpu: 1024.0 / 1769}, 1000, 2)
	if want := 1.25 + 0.125 + 0.012 + 0.001 + 0.0133334 + 0.0025; err != nil || math.Abs(got.Value-want) > 1e-9 || got.Met == nil || !*got.Met || got.Unit != "USD" {
		t.Errorf("%v: %+v, want %v", err, got, want)
	}
	for part, want := range map[string]float64{"dynamodb writes": 1.25, "dynamodb reads": 0.125, "sqs": 0.012, "lambda requests": 0.001, "lambda time": 0.0133334, "logs": 0.0025} {
		if math.Abs(got.Parts[part]-want) > 1e-9 {
			t.Errorf("%s: %v, want %v", part, got.Parts[part], want)
		}
	}
}
