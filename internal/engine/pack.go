package engine

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"sync"
)

// packers are compressors at rest. One takes 0.8 MB, which is more than the page that it packs: made anew for every page, they were
// a fifth of what a first copy held at its worst. They keep nothing of what they packed.
var packers = sync.Pool{New: func() any { return gzip.NewWriter(io.Discard) }}

// pack gives a value as compressed JSON: pages of the audit trail, of plans and of what people ask for in bulk.
func pack(v any) ([]byte, error) {
	var buf bytes.Buffer
	z := packers.Get().(*gzip.Writer)
	defer packers.Put(z)
	z.Reset(&buf)
	if err := json.NewEncoder(z).Encode(v); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	z.Reset(io.Discard)
	return buf.Bytes(), nil
}

// unpack reads what pack gave.
func unpack(data []byte, v any) error {
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return err
	}
	plain, err := io.ReadAll(z)
	if err != nil {
		return err
	}
	return json.Unmarshal(plain, v)
}
