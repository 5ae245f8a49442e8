package link

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
)

// How digests are stored. The names of all fields that a link speaks of stand once, sorted, between spaces; a name that
// begins with a dot goes on from the name before, up to that one's last dot: "address.city .country name" is
// address.city, address.country, name. A name that could be misread is escaped as in a URL, which keeps it one word.
//
// Agreed values are one text in base64 (RFC 4648 section 5, no padding): a pair for each name, in order. A pair is a byte of
// flags, then what they say: side A, side B, rounds. Digests are eight bytes, shown as 16 hex characters everywhere else.
//
//	0x01  A follows            0x10  a byte of rounds follows
//	0x02  B follows            0x20  A is no digest but a text: its length (uvarint), then its bytes
//	0x04  B is the same as A   0x40  B is one
//	0x08  B is unsure          0x80  there is no pair of this name
//
// Intentions and ghosts are the fields they speak of: the place of the name (uvarint, from 0), then such a pair.
const (
	hasA byte = 1 << iota
	hasB
	sameB
	unsure
	rounds
	textA
	textB
	none
)

var encoding = base64.RawURLEncoding

const digestSize = 8

// nameTable lists the fields that a link speaks of.
func nameTable(l *Link) ([]string, error) {
	all := map[string]bool{}
	for name := range l.Agreed {
		all[name] = true
	}
	add := func(m map[string]string) {
		for name := range m {
			all[name] = true
		}
	}
	if l.Intent != nil {
		add(l.Intent.A)
		add(l.Intent.B)
	}
	for _, g := range l.Ghosts {
		add(g.B)
	}
	if all[""] {
		return nil, errors.New("link: a field without a name has agreed values")
	}
	return slices.Sorted(maps.Keys(all)), nil
}

func writeNames(names []string) string {
	words := make([]string, len(names))
	before := ""
	for n, name := range names {
		word := name
		if prefix := name[:strings.LastIndexByte(name, '.')+1]; len(prefix) > 1 && prefix == before {
			word = name[len(prefix)-1:]
		} else {
			before = prefix
		}
		if strings.ContainsAny(word, " %+") || word == name && strings.HasPrefix(word, ".") {
			word = escapeName(word, word == name)
		}
		words[n] = word
	}
	return strings.Join(words, " ")
}

func escapeName(word string, whole bool) string {
	dot := strings.HasPrefix(word, ".")
	escaped := url.QueryEscape(strings.TrimPrefix(word, "."))
	switch {
	case dot && whole:
		return "%2E" + escaped
	case dot:
		return "." + escaped
	}
	return escaped
}

func readNames(text string) ([]string, error) {
	if text == "" {
		return nil, nil
	}
	words := strings.Split(text, " ")
	names := make([]string, len(words))
	prefix := ""
	for n, word := range words {
		goesOn := strings.HasPrefix(word, ".")
		name, err := url.QueryUnescape(word)
		if err != nil {
			return nil, fmt.Errorf("the name %q does not read: %w", word, err)
		}
		if goesOn {
			name = prefix + name[1:]
		} else {
			prefix = name[:strings.LastIndexByte(name, '.')+1]
		}
		names[n] = name
	}
	return names, nil
}

func writeAgreed(names []string, agreed map[string]Pair) string {
	if len(agreed) == 0 {
		return ""
	}
	var out []byte
	for _, name := range names {
		pair, ok := agreed[name]
		if !ok {
			out = append(out, none)
			continue
		}
		out = appendPair(out, pair, pair.B != "")
	}
	return encoding.EncodeToString(out)
}

func readAgreed(names []string, text string) (map[string]Pair, error) {
	if text == "" {
		return nil, nil
	}
	in, err := newReader(text)
	if err != nil {
		return nil, err
	}
	out := make(map[string]Pair, len(names))
	for _, name := range names {
		pair, flags := in.pair()
		if flags&none == 0 {
			out[name] = pair
		}
	}
	return out, in.end()
}

func writeChanges(names []string, a, b map[string]string) string {
	var out []byte
	for n, name := range names {
		va, inA := a[name]
		vb, inB := b[name]
		if inA || inB {
			out = binary.AppendUvarint(out, uint64(n))
			out = appendPair(out, Pair{A: va, B: vb}, inB)
		}
	}
	return encoding.EncodeToString(out)
}

func readChanges(names []string, text string) (a, b map[string]string, err error) {
	in, err := newReader(text)
	if err != nil {
		return nil, nil, err
	}
	a, b = map[string]string{}, map[string]string{}
	for len(in.data) > 0 && in.err == nil {
		n := in.uvarint()
		pair, flags := in.pair()
		if n >= uint64(len(names)) {
			in.fail()
			break
		}
		if flags&hasA != 0 {
			a[names[n]] = pair.A
		}
		if flags&hasB != 0 {
			b[names[n]] = pair.B
		}
	}
	return a, b, in.end()
}

// appendPair writes a pair; withB says whether B is there even when it is empty.
func appendPair(out []byte, p Pair, withB bool) []byte {
	var flags byte
	if p.A != "" {
		flags |= hasA
		if !isDigest(p.A) {
			flags |= textA
		}
	}
	if withB {
		flags |= hasB
		switch {
		case p.B == p.A && p.A != "":
			flags |= sameB
		case !isDigest(p.B):
			flags |= textB
		}
	}
	if p.Unsure {
		flags |= unsure
	}
	if p.Rounds != 0 {
		flags |= rounds
	}
	out = append(out, flags)
	if flags&hasA != 0 {
		out = appendDigest(out, p.A, flags&textA != 0)
	}
	if flags&hasB != 0 && flags&sameB == 0 {
		out = appendDigest(out, p.B, flags&textB != 0)
	}
	if flags&rounds != 0 {
		out = append(out, byte(max(0, min(p.Rounds, 255)))) // from two on they all mean the same
	}
	return out
}

func isDigest(s string) bool {
	return len(s) == 2*digestSize && strings.Trim(s, "0123456789abcdef") == ""
}

func appendDigest(out []byte, s string, text bool) []byte {
	if text {
		return append(binary.AppendUvarint(out, uint64(len(s))), s...)
	}
	raw, err := hex.DecodeString(s)
	if err != nil {
		panic("link: isDigest let " + s + " pass")
	}
	return append(out, raw...)
}

// reader takes stored digests apart; the first fault stays.
type reader struct {
	data []byte
	err  error
}

func newReader(text string) (*reader, error) {
	data, err := encoding.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("its digests do not read: %w", err)
	}
	return &reader{data: data}, nil
}

func (r *reader) fail() {
	if r.err == nil {
		r.err = errors.New("its digests are cut off, or of other fields")
	}
	r.data = nil
}

func (r *reader) end() error {
	if r.err == nil && len(r.data) > 0 {
		r.fail()
	}
	return r.err
}

func (r *reader) take(n uint64) []byte {
	if n > uint64(len(r.data)) {
		r.fail()
		return nil
	}
	out := r.data[:n]
	r.data = r.data[n:]
	return out
}

func (r *reader) byte() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.data)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.data = r.data[n:]
	return v
}

func (r *reader) digest(text bool) string {
	if text {
		return string(r.take(r.uvarint()))
	}
	return hex.EncodeToString(r.take(digestSize))
}

func (r *reader) pair() (p Pair, flags byte) {
	flags = r.byte()
	if flags&hasA != 0 {
		p.A = r.digest(flags&textA != 0)
	}
	switch {
	case flags&sameB != 0:
		p.B = p.A
	case flags&hasB != 0:
		p.B = r.digest(flags&textB != 0)
	}
	p.Unsure = flags&unsure != 0
	if flags&rounds != 0 {
		p.Rounds = int(r.byte())
	}
	return p, flags
}
