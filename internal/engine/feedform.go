package engine

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// packedSeen holds stamps by id. At is the earliest in unix milliseconds; the texts are base64 (RFC 4648 section 5, no
// padding). Numbers is of ids that are decimal numbers, in order: what the id is more than the one before, what the stamp is
// more than At, both as uvarint. UUIDs has 16 bytes and the same stamp for each. Others stand as they are.
type packedSeen struct {
	At      int64            `json:"at"`
	Numbers string           `json:"numbers,omitempty"`
	UUIDs   string           `json:"uuids,omitempty"`
	Others  map[string]int64 `json:"others,omitempty"`
}

func packSeen(seen map[string]int64) *packedSeen {
	if len(seen) == 0 {
		return nil
	}
	p := &packedSeen{At: slices.Min(slices.Collect(maps.Values(seen)))}
	numbers := map[uint64]int64{}
	var uuids []byte
	for _, id := range slices.Sorted(maps.Keys(seen)) {
		since := seen[id] - p.At
		if n, err := strconv.ParseUint(id, 10, 64); err == nil && strconv.FormatUint(n, 10) == id {
			numbers[n] = since
		} else if raw, ok := uuidBytes(id); ok {
			uuids = binary.AppendUvarint(append(uuids, raw...), uint64(since))
		} else {
			if p.Others == nil {
				p.Others = map[string]int64{}
			}
			p.Others[id] = seen[id]
		}
	}
	var packed []byte
	before := uint64(0)
	for _, n := range slices.Sorted(maps.Keys(numbers)) {
		packed = binary.AppendUvarint(packed, n-before)
		packed = binary.AppendUvarint(packed, uint64(numbers[n]))
		before = n
	}
	p.Numbers, p.UUIDs = base64.RawURLEncoding.EncodeToString(packed), base64.RawURLEncoding.EncodeToString(uuids)
	return p
}

var errPacked = errors.New("feed: what was seen is cut off")

func (p *packedSeen) unpack() (map[string]int64, error) {
	if p == nil {
		return nil, nil
	}
	seen := map[string]int64{}
	maps.Copy(seen, p.Others)
	numbers, err := base64.RawURLEncoding.DecodeString(p.Numbers)
	uuids, err2 := base64.RawURLEncoding.DecodeString(p.UUIDs)
	if err = errors.Join(err, err2); err != nil {
		return nil, fmt.Errorf("feed: what was seen: %w", err)
	}
	id := uint64(0)
	for len(numbers) > 0 {
		more, since := uint64(0), uint64(0)
		if more, numbers, err = takeUvarint(numbers); err != nil {
			return nil, err
		}
		if since, numbers, err = takeUvarint(numbers); err != nil {
			return nil, err
		}
		id += more
		seen[strconv.FormatUint(id, 10)] = p.At + int64(since)
	}
	for len(uuids) > 0 {
		if len(uuids) < 17 {
			return nil, errPacked
		}
		name, since := uuidText(uuids[:16]), uint64(0)
		if since, uuids, err = takeUvarint(uuids[16:]); err != nil {
			return nil, err
		}
		seen[name] = p.At + int64(since)
	}
	return seen, nil
}

func takeUvarint(data []byte) (uint64, []byte, error) {
	v, n := binary.Uvarint(data)
	if n <= 0 {
		return 0, nil, errPacked
	}
	return v, data[n:], nil
}

// uuidBytes are the bytes of a UUID in its usual form: 8-4-4-4-12 characters in lower case.
func uuidBytes(id string) ([]byte, bool) {
	if len(id) != 36 || id[8] != '-' || id[13] != '-' || id[18] != '-' || id[23] != '-' {
		return nil, false
	}
	raw, err := hex.DecodeString(strings.ReplaceAll(id, "-", ""))
	return raw, err == nil && len(raw) == 16 && uuidText(raw) == id
}

func uuidText(raw []byte) string {
	h := hex.EncodeToString(raw)
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}
