package cloud

import (
	"bytes"
	"encoding/json"
	"testing"
	"testing/synctest"
	"time"

	"crosswalk/internal/connector/hubspot/hubspottest"
	"crosswalk/internal/connector/light/lighttest"
)

// What the alarms look at goes over its line and back with the thing itself: a refused credential, and one that works again.
func TestMetricsFollowACredential(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bill := lighttest.New(lighttest.Config{Seed: 1})
		a, _ := between(t, hubspottest.New(hubspottest.Config{Seed: 1}), bill)
		var out bytes.Buffer
		a.metrics = &out
		look := func() map[string]float64 {
			t.Helper()
			time.Sleep(2 * time.Minute)      // contacts are told every minute at most
			for _, c := range a.Connectors { // each is asked; whether it answers is what is measured
				c.Account(t.Context())
			}
			out.Reset()
			if err := a.poll(t.Context()); err != nil {
				t.Log(err)
			}
			dead := map[string]float64{}
			for d := json.NewDecoder(&out); d.More(); {
				var line struct {
					AWS struct {
						Timestamp         int64
						CloudWatchMetrics []struct {
							Namespace  string
							Dimensions [][]string
							Metrics    []struct{ Name, Unit string }
						}
					} `json:"_aws"`
					Connection     string
					CredentialDead float64
				}
				if err := d.Decode(&line); err != nil {
					t.Fatal(err)
				}
				m := line.AWS.CloudWatchMetrics
				if len(m) != 1 || m[0].Namespace != "Crosswalk/acme" || len(m[0].Dimensions) != 1 || m[0].Dimensions[0][0] != "Connection" || len(m[0].Metrics) != 2 || line.AWS.Timestamp != time.Now().UnixMilli() {
					t.Fatalf("%+v", line)
				}
				dead[line.Connection] = line.CredentialDead
			}
			return dead
		}
		if dead := look(); dead["light"] != 0 || dead["hubspot"] != 0 || len(dead) != 2 {
			t.Errorf("all is well, and the metrics say %v", dead)
		}
		bill.RevokeKey()
		if dead := look(); dead["light"] != 1 || dead["hubspot"] != 0 {
			t.Errorf("light refuses its key, and the metrics say %v", dead)
		}
		bill.RestoreKey()
		if dead := look(); dead["light"] != 0 {
			t.Errorf("light takes its key again, and the metrics say %v", dead)
		}
	})
}
