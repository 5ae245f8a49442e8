package script

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"strings"

	"crosswalk/internal/money"
	"crosswalk/internal/record"
)

// Between parent and child go frames: four bytes of length, then JSON. The parent sends one request for a batch; the
// child answers with one reply for each call, in order, and one that says done.

const (
	maxFrame     = 32 << 20 // bytes; anything longer is a fault of the other side
	maxBatch     = 1 << 20  // bytes of arguments in one request; a larger batch takes several
	maxArguments = 4 << 20  // bytes of one call's arguments
)

// request is a batch for the child. Programs are those it has not been sent before.
type request struct {
	Programs []source      `json:"programs,omitempty"`
	Calls    []requestCall `json:"calls"`
}

type requestCall struct {
	Program string          `json:"p"`
	Args    json.RawMessage `json:"a"`
}

// The kinds of replies.
const (
	replyReady   = "ready"   // the child has bounded itself and waits
	replyResult  = "result"  // of call Index
	replyDone    = "done"    // with the batch
	replyStopped = "stopped" // call Index went beyond a bound; the child ends
)

type reply struct {
	Event   string          `json:"e"`
	Index   int             `json:"i,omitempty"`
	Value   json.RawMessage `json:"v,omitempty"`
	Kind    Kind            `json:"k,omitempty"`
	Message string          `json:"m,omitempty"`
	Line    int             `json:"l,omitempty"`
}

func (r reply) result() Result {
	if r.Kind != "" {
		return Result{Err: &Error{Kind: r.Kind, Message: r.Message, Line: r.Line}}
	}
	v, err := decodeValue(r.Value)
	if err != nil {
		return Result{Err: &Error{Kind: Crash, Message: "the child's answer cannot be read"}}
	}
	return Result{Value: v}
}

func replyOf(index int, res Result) reply {
	r := reply{Event: replyResult, Index: index}
	var e *Error
	switch {
	case errors.As(res.Err, &e):
		r.Kind, r.Message, r.Line = e.Kind, e.Message, e.Line
	case res.Err != nil:
		r.Kind, r.Message = Crash, "the interpreter failed; please report the script"
	default:
		text, err := encodeValue(res.Value)
		if err != nil {
			r.Kind, r.Message = Runtime, err.Error()
		}
		r.Value = text
	}
	return r
}

func writeFrame(w io.Writer, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if len(text) > maxFrame {
		return fmt.Errorf("script: a frame of %d bytes is too long", len(text))
	}
	frame := binary.BigEndian.AppendUint32(make([]byte, 0, len(text)+4), uint32(len(text)))
	_, err = w.Write(append(frame, text...))
	return err
}

func readFrame(r *bufio.Reader, v any) error {
	var size [4]byte
	if _, err := io.ReadFull(r, size[:]); err != nil {
		return err
	}
	n := binary.BigEndian.Uint32(size[:])
	if n > maxFrame {
		return fmt.Errorf("script: a frame of %d bytes is too long", n)
	}
	text := make([]byte, n)
	if _, err := io.ReadFull(r, text); err != nil {
		return err
	}
	return json.Unmarshal(text, v)
}

// encodeValue writes a value as JSON in which every string begins with a letter for its kind (s text, d decimal, u
// unreadable, k and h the verdicts), so that a decimal comes out as one.
func encodeValue(v any) (json.RawMessage, error) {
	tagged, err := tag(v)
	if err != nil {
		return nil, err
	}
	return json.Marshal(tagged)
}

func tag(v any) (any, error) {
	switch v := v.(type) {
	case nil, bool, int, int64, json.Number:
		return v, nil
	case string:
		return "s" + v, nil
	case money.Decimal:
		return "d" + v.String(), nil
	case Verdict:
		return verdictTags[v.Action] + v.Reason, nil
	case []string:
		list := make([]any, len(v))
		for i, s := range v {
			list[i] = "s" + s
		}
		return list, nil
	case []any:
		list := make([]any, len(v))
		for i, e := range v {
			var err error
			if list[i], err = tag(e); err != nil {
				return nil, err
			}
		}
		return list, nil
	case map[string]any:
		m := make(map[string]any, len(v))
		for k, e := range v {
			var err error
			if m[k], err = tag(e); err != nil {
				return nil, err
			}
		}
		return m, nil
	case record.Value:
		return tag(fromRecord(v))
	case map[string]record.Value:
		return tag(fromFields(v))
	case Unreadable:
		return "u", nil
	}
	return nil, fmt.Errorf("a value of Go type %T cannot be handed to a script", v)
}

func decodeValue(text []byte) (any, error) {
	if len(text) == 0 { // omitted: null
		return nil, nil
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, err
	}
	return untag(v)
}

func untag(v any) (any, error) {
	switch v := v.(type) {
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n, nil
		}
		return money.ParseDecimal(v.String())
	case string:
		return untagText(v)
	case []any:
		for i := range v {
			var err error
			if v[i], err = untag(v[i]); err != nil {
				return nil, err
			}
		}
	case map[string]any:
		for k := range v {
			var err error
			if v[k], err = untag(v[k]); err != nil {
				return nil, err
			}
		}
	}
	return v, nil
}

func untagText(text string) (any, error) {
	if text == "" {
		return nil, errors.New("script: a text without its kind")
	}
	rest := text[1:]
	switch text[0] {
	case 's':
		return rest, nil
	case 'd':
		return parseLong(rest)
	case 'u':
		return Unreadable{}, nil
	}
	for action, tag := range verdictTags {
		if text[:1] == tag {
			return Verdict{Action: action, Reason: rest}, nil
		}
	}
	return nil, fmt.Errorf("script: a text of unknown kind %q", strings.ToValidUTF8(text[:1], "?"))
}

var verdictTags = map[Action]string{Skip: "k", Hold: "h"}

// parseLong reads a decimal of any length: one that was computed may be longer than what money.ParseDecimal takes from
// outside.
func parseLong(text string) (money.Decimal, error) {
	whole, fraction, _ := strings.Cut(text, ".")
	n, ok := new(big.Int).SetString(whole+fraction, 10)
	if !ok || len(text) > 2*maxDigits+2 {
		return money.Decimal{}, errors.New("script: a number that cannot be read")
	}
	return money.FromBigInt(n).Shift(-len(fraction)), nil
}
