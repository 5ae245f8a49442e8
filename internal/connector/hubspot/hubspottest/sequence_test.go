package hubspottest

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestRecordedSequence replays one live run of 266 exchanges in order, each at
// its recorded second, with a search lag inside the bounds that the run shows:
// searches 0 to 1 s after a write gave the old answer, 30 s later the new one.
func TestRecordedSequence(t *testing.T) {
	var list []exchange
	sharedJSON(t, "data/payloads/hubspot/recorded_sequences/export_companies.json", &list)
	synctest.Test(t, func(t *testing.T) {
		s := New(Config{SearchLag: sequenceLag, Quirks: Quirks{NoLifecycleDefaults: true}})
		replay := sequence{t: t, s: s, ids: map[string]string{}, start: time.Now()}
		for i, x := range list {
			replay.step(i, x)
		}
		t.Logf("replayed %d of %d exchanges in order (%d recorded 429s are of an older limit and body; %d searches fell into the lag)", replay.done, len(list), replay.throttled, replay.undecided)
		if replay.done < 240 || replay.undecided > 12 {
			t.Errorf("only %d exchanges replayed, %d undecided", replay.done, replay.undecided)
		}
	})
}

type sequence struct {
	t         *testing.T
	s         *Sim
	ids       map[string]string
	start     time.Time
	first     time.Time
	done      int
	throttled int
	undecided int
	written   time.Time
}

// sequenceLag: in the run all rows were found 5 s after their write, none within
// the first two.
const sequenceLag = 5 * time.Second

func (q *sequence) step(i int, x exchange) {
	at, err := http.ParseTime(x.Response.Headers["Date"])
	if err != nil {
		q.t.Fatalf("exchange %d: %v", i, err)
	}
	if q.first.IsZero() {
		q.first = at
	}
	if wait := at.Sub(q.first) - time.Since(q.start); wait > 0 {
		time.Sleep(wait)
	}
	if x.Response.Status == http.StatusTooManyRequests {
		q.throttled++
		return
	}
	q.plant(x)
	before := len(q.s.kind("companies").order)
	diffs := compareExchange(q.t, q.s, x, q.ids, func() { q.learn(x, before) })
	search := strings.HasSuffix(mustPath(x.Request.URI), "/search")
	if !search {
		q.written = time.Now()
	}
	q.done++
	switch {
	case len(diffs) == 0:
	case search && time.Since(q.written) < sequenceLag:
		q.undecided++ // which rows have reached the index by now is the vendor's secret
	default:
		q.t.Errorf("exchange %d: %s %s\n%s", i, x.Request.URI, x.Request.Body, strings.Join(diffs, "\n"))
	}
}

// plant makes records that were in the recorded portal before the run began.
func (q *sequence) plant(x exchange) {
	if !strings.HasSuffix(mustPath(x.Request.URI), "/batch/archive") {
		return
	}
	var in struct{ Inputs []struct{ ID string } }
	if err := json.Unmarshal(x.Request.Body, &in); err != nil {
		q.t.Fatal(err)
	}
	for _, row := range in.Inputs {
		if q.ids[row.ID] == "" {
			q.t.Fatalf("record %s was not made in this run", row.ID)
		}
	}
}

// learn pairs the ids of created records by their domain.
func (q *sequence) learn(x exchange, before int) {
	if !strings.HasSuffix(mustPath(x.Request.URI), "/batch/create") {
		return
	}
	var body struct{ Results []recordedRecord }
	if err := json.Unmarshal(x.Response.Body, &body); err != nil {
		q.t.Fatal(err)
	}
	k := q.s.kind("companies")
	for _, id := range k.order[before:] {
		r := k.records[id]
		for _, rec := range body.Results {
			if rec.Properties["domain"] == r.props["domain"] {
				q.ids[rec.ID] = r.text()
			}
		}
	}
}

func mustPath(uri string) string {
	u, err := url.Parse(uri)
	if err != nil {
		panic(err)
	}
	return u.Path
}
