package link

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"reflect"
	"strconv"
	"strings"
	"time"

	"crosswalk/internal/record"
)

// known are the names of the stored form.
var known = func() map[string]bool {
	out := map[string]bool{}
	t := reflect.TypeFor[wire]()
	for n := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(n).Tag.Get("json"), ",")
		out[name] = true
	}
	return out
}()

// Decode reads a stored link: what Encode gives, and the JSON of Link that programs wrote before. slot and a are what the
// item's key says. What a newer program wrote in a form of its own is refused: it would be lost with the next put.
func Decode(slot string, a record.Ref, data []byte) (Link, error) {
	stated, err := formatOf(data)
	switch {
	case err != nil:
		return Link{}, fmt.Errorf("link: %w", err)
	case stated == 0:
		var l Link
		if err := json.Unmarshal(data, &l); err != nil {
			return Link{}, fmt.Errorf("link: %w", err)
		}
		l.Noted = true // that form does not tell
		return l, nil
	case stated > format:
		return Link{}, fmt.Errorf("link: it was written in form %d by a newer program; this one reads up to %d", stated, format)
	}
	var w wire
	if err := json.Unmarshal(data, &w); err != nil {
		return Link{}, fmt.Errorf("link: %w", err)
	}
	l, err := w.link(slot, a)
	if err != nil {
		return Link{}, fmt.Errorf("link: %w", err)
	}
	return l, l.takeNewer(data)
}

// asWritten is how everything begins that this program writes.
var asWritten = fmt.Appendf(nil, `{"v":%d,`, format)

// formatOf gives the form that a stored link states, 0 for none. A link is read more often than anything else is: what begins as this
// program writes it is not decoded for that.
func formatOf(data []byte) (int, error) {
	if bytes.HasPrefix(data, asWritten) {
		return format, nil
	}
	var head struct {
		Format int `json:"v"`
	}
	err := json.Unmarshal(data, &head)
	return head.Format, err
}

func (w *wire) link(slot string, a record.Ref) (Link, error) {
	l := Link{Slot: slot, A: a, State: w.State, To: w.To, Mirror: w.Mirror, Mapping: w.Mapping, Version: w.Version, Source: w.Source, Erased: time.Time(w.Erased),
		StampA: time.Time(w.StampA), StampB: time.Time(w.StampB), Net: w.Net, Money: w.Money, Page: longPage(w.Page), Noted: w.Noted, Refused: w.Refused,
		Hand: w.Hand, Ignored: w.Ignored, Extra: w.Extra}
	if w.Slot != "" {
		l.Slot = w.Slot
	}
	if !w.A.IsZero() {
		l.A = w.A
	}
	connA, connB := ends(slot)
	var err error
	if l.B, err = long(w.B, connB); err != nil {
		return Link{}, err
	}
	if l.Former, err = longs(w.Former, connB); err != nil {
		return Link{}, err
	}
	if l.Needs, err = longs(w.Needs, connA); err != nil {
		return Link{}, err
	}
	if r := w.Reason; r != nil {
		l.Reason = &Reason{r.Category, r.Text, r.Fields, time.Time(r.At), r.Home, r.Candidates}
	}
	if c := w.Claim; c != nil {
		l.Claim = &Claim{c.Key, c.Generation, c.Attempt, c.Token, time.Time(c.At), time.Time(c.Until), c.Looks, c.Sends, time.Time(c.SentAt), c.Object, c.Net, c.Money, c.Matches}
	}
	if err := w.readDigests(&l); err != nil {
		return Link{}, err
	}
	for id, text := range w.Lines {
		if l.Lines == nil {
			l.Lines = make(map[string]Line, len(w.Lines))
		}
		digest, at, _ := strings.Cut(text, " ")
		l.Lines[id] = Line{ID: at, Digest: digest}
	}
	for _, t := range w.Todo {
		l.Todo = append(l.Todo, Todo{t.Do, t.Handle, t.Tries, time.Time(t.Since), time.Time(t.Seen)})
	}
	if m := w.Made; m != nil {
		l.Made = &Made{l.Mapping, l.Version, m.Approver, m.Single, m.Run, time.Time(m.At)}
		if m.Mapping != nil {
			l.Made.Mapping = *m.Mapping
		}
		if m.Version != nil {
			l.Made.Version = *m.Version
		}
	}
	return l, nil
}

func (w *wire) readDigests(l *Link) error {
	names, err := readNames(w.Names)
	if err != nil {
		return err
	}
	if l.Agreed, err = readAgreed(names, w.Agreed); err != nil {
		return err
	}
	if n := w.Intent; n != nil {
		l.Intent = &Intent{Token: n.Token, Until: time.Time(n.Until), Home: n.Home}
		if l.Intent.A, l.Intent.B, err = readChanges(names, n.Fields); err != nil {
			return err
		}
	}
	for _, g := range w.Ghosts {
		_, b, err := readChanges(names, g.Fields)
		if err != nil {
			return err
		}
		l.Ghosts = append(l.Ghosts, Ghost{Until: time.Time(g.Until), B: b, Home: g.Home, Was: g.Token == wasThere})
	}
	return nil
}

// takeNewer keeps the parts whose names this program does not know.
func (l *Link) takeNewer(data []byte) error {
	if !hasNewer(data) {
		return nil
	}
	var parts map[string]json.RawMessage
	if err := json.Unmarshal(data, &parts); err != nil {
		return fmt.Errorf("link: %w", err)
	}
	for name, part := range parts {
		if known[name] {
			continue
		}
		if l.Extra == nil {
			l.Extra = map[string]string{}
		}
		l.Extra["."+name] = string(part)
	}
	return nil
}

// hasNewer tells whether a JSON object, which was decoded before, has a member whose name this program does not know. One whose name is
// written with escapes counts as unknown.
func hasNewer(data []byte) bool {
	depth, name := 0, false // name: what comes next at the top is a member's name
	for i := 0; i < len(data); i++ {
		switch data[i] {
		case '{', '[':
			depth++
			name = depth == 1
		case '}', ']':
			depth--
		case ',':
			name = depth == 1
		case '"':
			from := i + 1
			for i = from; data[i] != '"'; i++ {
				if data[i] == '\\' {
					i++
				}
			}
			if name && !known[string(data[from:i])] {
				return true
			}
			name = false
		}
	}
	return false
}

// UnmarshalJSON is json.Unmarshaler's.
func (m *moment) UnmarshalJSON(data []byte) error {
	if whole, err := strconv.ParseInt(string(data), 10, 64); err == nil && whole <= math.MaxInt64/int64(time.Millisecond) && whole >= math.MinInt64/int64(time.Millisecond) {
		*m = moment(time.UnixMilli(whole).UTC())
		return nil
	}
	ms, ok := new(big.Rat).SetString(string(data))
	if !ok {
		return fmt.Errorf("%s is no time in unix milliseconds", data)
	}
	ns := ms.Mul(ms, big.NewRat(int64(time.Millisecond), 1))
	if !ns.IsInt() || !ns.Num().IsInt64() {
		return fmt.Errorf("%s is no time in unix milliseconds", data)
	}
	*m = moment(time.Unix(0, ns.Num().Int64()).UTC())
	return nil
}

// long gives an address the connection back that the slot says.
func long(s, connection string) (record.Ref, error) {
	if s == "" {
		return record.Ref{}, nil
	}
	if colon, slash := strings.Index(s, ":"), strings.Index(s, "/"); connection != "" && (colon < 0 || slash >= 0 && slash < colon) {
		s = connection + ":" + s
	}
	return record.ParseRef(s)
}

func longs(list []string, connection string) (out []record.Ref, err error) {
	for _, s := range list {
		ref, err := long(s, connection)
		if err != nil {
			return nil, err
		}
		out = append(out, ref)
	}
	return out, nil
}
