package reach

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"
)

// Key is what the product and one agent share: 32 random bytes.
type Key struct{ raw []byte }

// keyBytes is the length of a key.
const keyBytes = 32

// NewKey makes a key.
func NewKey() Key {
	raw := make([]byte, keyBytes)
	rand.Read(raw) // never fails (crypto/rand)
	return Key{raw}
}

// Text is the key as it is handed over: base64. It is a secret.
func (k Key) Text() string { return base64.StdEncoding.EncodeToString(k.raw) }

// String keeps the key out of logs.
func (Key) String() string { return "[secret]" }

// GoString keeps it out of %#v.
func (Key) GoString() string { return "[secret]" }

// ParseKeys reads keys, newest first, separated by spaces or line breaks. The error quotes nothing.
func ParseKeys(text string) ([]Key, error) {
	var out []Key
	for _, word := range strings.Fields(text) {
		raw, err := base64.StdEncoding.DecodeString(word)
		if err != nil || len(raw) != keyBytes {
			return nil, errors.New("reach: this is no agent's key: 32 bytes in base64, as crosswalk agent key makes one")
		}
		out = append(out, Key{raw})
	}
	if len(out) == 0 {
		return nil, errors.New("reach: there is no key; make one with crosswalk agent key")
	}
	return out, nil
}

// derive gives the key for one use.
func (k Key) derive(use string) []byte {
	out, err := hkdf.Key(sha256.New, k.raw, nil, "crosswalk reach 1 "+use, keyBytes)
	if err != nil {
		panic(err) // the length is a constant that HKDF has
	}
	return out
}

// name tells one key from another without being one.
func (k Key) name() string { return hex.EncodeToString(k.derive("name")[:4]) }

// Pass is what an agent shows to take and leave letters at an Office.
func (k Key) Pass() string { return base64.RawURLEncoding.EncodeToString(k.derive("pass")) }

func (k Key) box(kind string) cipher.AEAD {
	block, err := aes.NewCipher(k.derive(kind))
	if err != nil {
		panic(err) // as above
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err) // AES has the block size that GCM wants
	}
	return aead
}
