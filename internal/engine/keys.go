package engine

import (
	"fmt"
	"strings"
	"time"

	"crosswalk/internal/engine/table"
	"crosswalk/internal/record"
)

// The items of the one table, as in the design's protocols page. Slots carry both connections; a slot's links are spread
// over 32 partitions, so that none is hot and listing a slot is 32 queries.

// shards is how many partitions a slot's links are spread over.
const shards = 32

func (e *Engine) shard(ref record.Ref, n int) string {
	return e.mac(1, "shard", ref.String())[:2] + fmt.Sprint(n)
}

func (e *Engine) linkKey(slot string, a record.Ref) table.Key {
	return table.Key{PK: fmt.Sprintf("L#%s#%02d", slot, e.bucket(a)), SK: a.String()}
}

// slotOf and refOf are what the key of a link says, or of a pointer whose record has a link of its own there.
func slotOf(key table.Key) string {
	rest, ok := strings.CutPrefix(key.PK, "L#")
	if !ok {
		rest, _ = strings.CutPrefix(key.PK, "P#")
	}
	if at := strings.LastIndexByte(rest, '#'); at >= 0 {
		return rest[:at]
	}
	return rest
}

func refOf(key table.Key) record.Ref {
	ref, err := record.ParseRef(key.SK)
	if err != nil {
		return record.Ref{} // the link itself says it then
	}
	return ref
}

func (e *Engine) pointerKey(slot string, b record.Ref) table.Key {
	return table.Key{PK: fmt.Sprintf("P#%s#%02d", slot, e.bucket(b)), SK: b.String()}
}

func (e *Engine) bucket(ref record.Ref) int {
	var n int
	fmt.Sscanf(e.mac(1, "shard", ref.String()), "%02x", &n)
	return n % shards
}

func (e *Engine) matchKey(connection, object, rule, canonical string) table.Key {
	return table.Key{PK: fmt.Sprintf("K#%s/%s#%s#%s", connection, object, rule, e.mac(12, "match", canonical)), SK: "k"}
}

func bodyKey(claimKey string, attempt int) table.Key {
	return table.Key{PK: "D#" + claimKey, SK: fmt.Sprintf("body#%04d", attempt)}
}

func mappingKey(name string, version int) table.Key {
	return table.Key{PK: "M#" + name, SK: fmt.Sprintf("v#%06d", version)}
}

func mappingHeadKey(name string) table.Key { return table.Key{PK: "M", SK: name} }

func feedKey(connection, object string) table.Key {
	return table.Key{PK: "F#" + connection + "/" + object, SK: "feed"}
}

// keysFeedKey is how far an object was read for its match keys: apart from its feed, since an object may be both the source of a mapping
// and what another finds its records among, and each must see every change.
func keysFeedKey(connection, object string) table.Key {
	return table.Key{PK: "F#" + connection + "/" + object + "#keys", SK: "feed"}
}

func errorKey(category, mapping string, ref record.Ref) table.Key {
	return table.Key{PK: "E", SK: category + "#" + mapping + "#" + ref.String()}
}

// Parked tasks: one item by what they wait for, in order of when they are due, and one by the task, so that a task is
// parked once.
func parkedKey(due time.Time, id string) table.Key {
	return table.Key{PK: "W", SK: fmt.Sprintf("%013d#%s", due.UnixMilli(), id)}
}
func parkedTaskKey(id string) table.Key  { return table.Key{PK: "W#task#" + id, SK: "t"} }
func waitingKey(on, id string) table.Key { return table.Key{PK: "W#on#" + on, SK: id} }

func runKey(id string) table.Key { return table.Key{PK: runsPK, SK: id} }
func runPageKey(id string, n int) table.Key {
	return table.Key{PK: runsPK + "#" + id, SK: fmt.Sprintf("page#%06d", n)}
}
func planKey(id string) table.Key { return table.Key{PK: plansPK, SK: id} }
func planPageKey(id string, n int) table.Key {
	return table.Key{PK: plansPK + "#" + id, SK: fmt.Sprintf("page#%06d", n)}
}

// The audit trail: pages, the values of a page beside it, outcomes by class; and an index of its partitions.
const (
	trailIndexPK = "J"
	valuesSuffix = "#values"
	outSuffix    = "#out"
)

func trailPK(run string) string     { return trailIndexPK + "#" + run }
func trailKey(run string) table.Key { return table.Key{PK: trailIndexPK, SK: run} }
func auditKey(run, batch string, part int) table.Key {
	return table.Key{PK: trailPK(run), SK: fmt.Sprintf("%s#%03d", batch, part)}
}
func auditValuesKey(run, batch string, part int) table.Key {
	key := auditKey(run, batch, part)
	key.SK += valuesSuffix
	return key
}
func auditOutKey(run, batch string, class int) table.Key {
	return table.Key{PK: trailPK(run), SK: fmt.Sprintf("%s#%d%s", batch, class, outSuffix)}
}

func brakeKey(slot string, hour time.Time) table.Key {
	return table.Key{PK: "B#" + slot, SK: hour.UTC().Format("2006-01-02T15")}
}
func tallyKey(slot string) table.Key { return table.Key{PK: "B#" + slot, SK: "linked"} }

func connectionKey(name string) table.Key { return table.Key{PK: "C", SK: name} }
func decisionKey(id string) table.Key     { return table.Key{PK: "A", SK: id} } // approvals, status changes: kept for ever
