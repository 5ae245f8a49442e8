package lighttest

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
)

// draw is a number that depends only on its arguments.
func draw(seed uint64, of string, n uint64) uint64 {
	return binary.BigEndian.Uint64(digest(seed, of, n)[:8])
}

func digest(seed uint64, of string, n uint64) []byte {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d|%s|%d", seed, of, n))
	return sum[:]
}

// uuidOf shapes a digest as a version 4 UUID.
func uuidOf(b []byte) string {
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	h := hex.EncodeToString(b[:16])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// newID makes the next id of a kind; the sequence depends on the seed and on how many were made before.
func (s *Sim) newID(kind string) string {
	s.made[kind]++
	return uuidOf(digest(s.cfg.Seed, kind, s.made[kind]))
}

// newSecret makes the next code or token of a kind.
func (s *Sim) newSecret(kind string) string {
	s.made[kind]++
	return kind + "-" + hex.EncodeToString(digest(s.cfg.Seed, kind, s.made[kind])[:20])
}
