package budget

import (
	"encoding/json"
	"fmt"
	"time"
)

// board is what the workers of one connection share: one item, for all its buckets, since a call may count in two of them. Its
// times are the connection's own: nanoseconds since its first call, which each worker carries on by its own clock.
type board struct {
	Version int                `json:"v"`
	Stamp   int64              `json:"n"` // the connection's time when this was written
	Zone    string             `json:"z,omitempty"`
	Buckets map[string]*shared `json:"b"`
}

const boardVersion = 1

// shared is one bucket.
type shared struct {
	Next    int64 `json:"n"`           // the next free slot
	Bulk    int64 `json:"k,omitempty"` // when bulk work may have another one
	Blocked int64 `json:"x,omitempty"` // milliseconds of the clock of whoever blocked it
	Daily   bool  `json:"d,omitempty"` // it is blocked because the day is used up
	Day     day   `json:"day"`
}

// readBoard reads the item; an empty one is a new connection's.
func readBoard(data []byte) (*board, error) {
	k := &board{Version: boardVersion, Buckets: map[string]*shared{}}
	if len(data) == 0 {
		return k, nil
	}
	if err := json.Unmarshal(data, k); err != nil || k.Version != boardVersion {
		return nil, fmt.Errorf("budget: the shared state is of version %d or does not read; this program knows %d", k.Version, boardVersion)
	}
	return k, nil
}

func (k *board) bytes() []byte {
	data, err := json.Marshal(k)
	if err != nil {
		panic("budget: the shared state does not encode: " + err.Error()) // a mistake in this program
	}
	return data
}

func (k *board) bucket(name string) *shared {
	b := k.Buckets[name]
	if b == nil {
		b = &shared{}
		k.Buckets[name] = b
	}
	return b
}

// clock carries the connection's time from what was last read, by this worker's own clock. No worker's time of day is compared
// with another's: they may be apart by any amount. A worker that reads for the first time begins where the last one wrote, so
// after a silence it may wait for slots that were used long ago: for the horizon at most, once.
type clock struct {
	view int64
	at   time.Time // when view was; zero: nothing was read yet
}

// read gives the connection's time now, as of an item: not before what this worker knows, and not before what was written.
func (c *clock) read(now time.Time, b *board) int64 {
	if c.at.IsZero() {
		return b.Stamp
	}
	return max(b.Stamp, c.view+int64(now.Sub(c.at)))
}
