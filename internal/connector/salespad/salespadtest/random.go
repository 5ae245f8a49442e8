package salespadtest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

func digest(seed uint64, of string, n uint64) []byte {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d|%s|%d", seed, of, n))
	return sum[:]
}

// newGUID makes the next GUID of a kind; the sequence depends on the seed, the install and how many were made before.
func (s *Sim) newGUID(kind string) string {
	s.made[kind]++
	b := digest(s.cfg.Seed, s.cfg.Host+"|"+s.cfg.Company+"|"+kind, s.made[kind])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	h := hex.EncodeToString(b[:16])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// mix is a fast hash of a text and a number, for orders that nobody promised.
func mix(n uint64, text string) uint64 {
	h := n*0x9e3779b97f4a7c15 ^ 14695981039346656037
	for i := range len(text) {
		h = (h ^ uint64(text[i])) * 1099511628211
	}
	h ^= h >> 31
	return h * 0x9e3779b97f4a7c15
}
