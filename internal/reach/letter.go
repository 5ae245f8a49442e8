package reach

import (
	"bytes"
	"compress/gzip"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// Bounds of what goes this way.
const (
	MaxRequest = 1 << 20         // bytes of a request's body
	MaxAnswer  = 8 << 20         // bytes of an answer's body
	MaxLetter  = 1000 << 10      // bytes of a letter; SQS takes 1 MiB
	MaxLife    = 5 * time.Minute // of a letter, from when it was sealed
	maxSkew    = time.Minute     // how far the clocks of both ends may be apart
)

const (
	kindRequest = "request"
	kindAnswer  = "answer"
)

// Cover is what stands on a letter, for whoever carries it: nothing of what is within. It is sealed together with that.
type Cover struct {
	Version    int    `json:"v"`
	Kind       string `json:"kind"`
	Connection string `json:"connection"`
	ID         string `json:"id"`    // of the request; the answer has the same
	Key        string `json:"key"`   // which one sealed it
	Sent       int64  `json:"sent"`  // milliseconds
	Until      int64  `json:"until"` // milliseconds: after that it is worth nothing
}

type sealed struct {
	Cover
	Box []byte `json:"box"`
}

// Request is one HTTP request, as far as it goes this way.
type Request struct {
	Method string              `json:"method"`
	Host   string              `json:"host"` // that the product believes the agent stands beside
	Path   string              `json:"path"` // escaped
	Query  string              `json:"query,omitempty"`
	Header map[string][]string `json:"header,omitempty"`
	Body   []byte              `json:"-"`
}

// Answer is one HTTP answer, or why there is none.
type Answer struct {
	Status int                 `json:"status,omitempty"`
	Header map[string][]string `json:"header,omitempty"`
	Fault  string              `json:"fault,omitempty"` // one of the faults; "" is an answer of the server
	Why    string              `json:"why,omitempty"`   // in the agent's words, which quote nothing
	Body   []byte              `json:"-"`
}

// Faults that an agent tells.
const (
	faultRefused   = "refused"   // it may not do this; nothing was sent
	faultUnreached = "unreached" // the server could not be reached; nothing was sent
	faultLost      = "lost"      // something was sent, and no whole answer came
	faultTooLarge  = "too large" // the answer
)

var (
	errForeign = errors.New("the letter is not for us, or was changed on the way")
	errPast    = errors.New("the letter came after its time")
	errEarly   = errors.New("the letter comes from the future: the clocks are apart by more than a minute")
)

func newID() string {
	var raw [16]byte
	rand.Read(raw[:]) // never fails (crypto/rand)
	return hex.EncodeToString(raw[:])
}

func (c Cover) bound() []byte {
	return fmt.Appendf(nil, "%d\n%s\n%s\n%s\n%s\n%d\n%d", c.Version, c.Kind, c.Connection, c.ID, c.Key, c.Sent, c.Until)
}

// seal closes a letter. head is written as JSON, body beside it.
func seal(k Key, c Cover, head any, body []byte) ([]byte, error) {
	c.Version, c.Key, c.Sent = 1, k.name(), time.Now().UnixMilli()
	first, err := json.Marshal(head)
	if err != nil {
		return nil, err
	}
	var packed bytes.Buffer
	zip := gzip.NewWriter(&packed)
	for _, part := range [][]byte{binary.BigEndian.AppendUint32(nil, uint32(len(first))), first, body} {
		if _, err := zip.Write(part); err != nil {
			return nil, err
		}
	}
	if err := zip.Close(); err != nil {
		return nil, err
	}
	letter, err := json.Marshal(sealed{c, k.box(c.Kind).Seal(nil, nil, packed.Bytes(), c.bound())})
	if err == nil && len(letter) > MaxLetter {
		err = errTooLarge
	}
	return letter, err
}

var errTooLarge = errors.New("it is larger than what one letter takes")

// read gives what stands on a letter, without believing it.
func read(letter []byte) (sealed, error) {
	var s sealed
	if len(letter) > MaxLetter || json.Unmarshal(letter, &s) != nil || s.Version != 1 || len(s.ID) != 32 {
		return s, errForeign
	}
	return s, nil
}

// timely tells whether a letter is of now.
func (c Cover) timely(now time.Time) error {
	sent, until := time.UnixMilli(c.Sent), time.UnixMilli(c.Until)
	switch {
	case now.After(until):
		return errPast
	case sent.After(now.Add(maxSkew)):
		return errEarly
	case until.Sub(sent) > MaxLife || until.Sub(now) > MaxLife:
		return errForeign
	}
	return nil
}

// open opens a letter with whichever key closed it.
func (s sealed) open(keys []Key, kind, connection string, most int, head any) (Key, []byte, error) {
	if s.Kind != kind || s.Connection != connection {
		return Key{}, nil, errForeign
	}
	for _, k := range keys {
		if k.name() != s.Key {
			continue
		}
		packed, err := k.box(kind).Open(nil, nil, s.Box, s.bound())
		if err != nil {
			continue
		}
		body, err := unpack(packed, most, head)
		return k, body, err
	}
	return Key{}, nil, errForeign
}

// maxHead bounds what goes beside a body.
const maxHead = 64 << 10

func unpack(packed []byte, most int, head any) ([]byte, error) {
	zip, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, errForeign
	}
	plain, err := io.ReadAll(io.LimitReader(zip, int64(most+maxHead+5)))
	if err != nil || len(plain) < 4 {
		return nil, errForeign
	}
	n := binary.BigEndian.Uint32(plain)
	if plain = plain[4:]; n > maxHead || int(n) > len(plain) {
		return nil, errForeign
	}
	if json.Unmarshal(plain[:n], head) != nil {
		return nil, errForeign
	}
	if len(plain)-int(n) > most {
		return nil, errTooLarge
	}
	return plain[n:], nil
}
