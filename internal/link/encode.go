package link

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"crosswalk/internal/record"
)

// format is the version of the stored form. 1 was the JSON of Link itself, which Decode reads too.
const format = 2

// wire is the stored form of a Link: JSON with short names, without what the item's key says already, times as unix
// milliseconds, digests as in digest.go. A field that is not there is empty.
//
//	{"v":2, "s":"linked", "b":"customers/3f0c", "m":"companies-to-customers", "mv":1,
//	 "f":"billingAddress.city .country domain name", "ag":"BwE...", "ta":1767225600000, "tb":1767225600123.456,
//	 "p":"1767225600000-0123456789abcdef"}
//
// An address without a connection is at the slot's own: b and was at its second one, needs at its first. A page without a run is of
// work outside a run, in the pseudo-run of the hour in which it begins. Names that are not listed here were written by a
// newer program: they are in Extra under "." and their name, as JSON, and go back as they were.
type wire struct {
	Format  int               `json:"v"`
	Slot    string            `json:"slot,omitempty"` // where it is not the key's
	A       record.Ref        `json:"a,omitzero"`     // where it is not the key's
	State   State             `json:"s,omitempty"`
	B       string            `json:"b,omitempty"`
	To      record.Ref        `json:"to,omitzero"`
	Mirror  record.Ref        `json:"mi,omitzero"`
	Mapping string            `json:"m,omitempty"`
	Version int               `json:"mv,omitempty"`
	Reason  *wireReason       `json:"r,omitempty"`
	Source  string            `json:"src,omitempty"`
	Claim   *wireClaim        `json:"c,omitempty"`
	Former  []string          `json:"was,omitempty"`
	Needs   []string          `json:"needs,omitempty"`
	Erased  moment            `json:"e,omitzero"`
	Names   string            `json:"f,omitempty"`  // of the fields that ag, n and g speak of, in order
	Agreed  string            `json:"ag,omitempty"` // a pair for each name
	StampA  moment            `json:"ta,omitzero"`
	StampB  moment            `json:"tb,omitzero"`
	Intent  *wireIntent       `json:"n,omitempty"`
	Ghosts  []wireIntent      `json:"g,omitempty"`
	Lines   map[string]string `json:"l,omitempty"` // digest, a space, id
	Todo    []wireTodo        `json:"do,omitempty"`
	Net     string            `json:"net,omitempty"`
	Money   string            `json:"cur,omitempty"`
	Made    *wireMade         `json:"by,omitempty"`
	Page    string            `json:"p,omitempty"`
	Noted   bool              `json:"er,omitempty"`
	Refused map[string]string `json:"rf,omitempty"`
	Hand    *Hand             `json:"h,omitempty"`
	Ignored *Ignored          `json:"ig,omitempty"`
	Extra   map[string]string `json:"x,omitempty"`
}

type wireReason struct {
	Category   string       `json:"c"`
	Text       string       `json:"x"`
	Fields     []string     `json:"f,omitempty"`
	At         moment       `json:"t,omitzero"`
	Home       bool         `json:"h,omitempty"`
	Candidates []record.Ref `json:"k,omitempty"`
}

type wireClaim struct {
	Key        string   `json:"k,omitempty"`
	Generation int      `json:"g,omitempty"`
	Attempt    int      `json:"a,omitempty"`
	Token      string   `json:"o,omitempty"`
	At         moment   `json:"t,omitzero"`
	Until      moment   `json:"u,omitzero"`
	Looks      int      `json:"lk,omitempty"`
	Sends      int      `json:"sd,omitempty"`
	SentAt     moment   `json:"st,omitzero"`
	Object     string   `json:"b,omitempty"`
	Net        string   `json:"net,omitempty"`
	Money      string   `json:"cur,omitempty"`
	Matches    []string `json:"mk,omitempty"`
}

// wireIntent is an intention, or a ghost, which has no token and no a.
type wireIntent struct {
	Token  string `json:"o,omitempty"`
	Until  moment `json:"u,omitzero"`
	Fields string `json:"d"` // the place of a name, then its pair, for each field
	Home   bool   `json:"h,omitempty"`
}

type wireTodo struct {
	Do     string `json:"d"`
	Handle string `json:"h,omitempty"`
	Tries  int    `json:"n,omitempty"`
	Since  moment `json:"t,omitzero"`
	Seen   moment `json:"s,omitzero"`
}

type wireMade struct {
	Mapping  *string `json:"m,omitempty"`  // where it is not the link's
	Version  *int    `json:"mv,omitempty"` // where it is not the link's
	Approver string  `json:"ok,omitempty"`
	Single   bool    `json:"one,omitempty"`
	Run      string  `json:"r,omitempty"`
	At       moment  `json:"t,omitzero"`
}

// Encode gives the stored form of a link. slot and a are what the item's key says, and left out where the link says the
// same. Times of our own lose what is finer than a millisecond; stamps of systems keep it.
func Encode(slot string, a record.Ref, l Link) ([]byte, error) {
	connA, connB := ends(slot)
	names, err := nameTable(&l)
	if err != nil {
		return nil, err
	}
	w := wire{Format: format, State: l.State, B: short(l.B, connB), To: l.To, Mirror: l.Mirror, Mapping: l.Mapping, Version: l.Version, Source: l.Source,
		Erased: own(l.Erased), Names: writeNames(names), Agreed: writeAgreed(names, l.Agreed), StampA: moment(l.StampA), StampB: moment(l.StampB),
		Net: l.Net, Money: l.Money, Page: shortPage(l.Page), Noted: l.Noted, Refused: l.Refused, Hand: l.Hand, Ignored: l.Ignored}
	if l.Slot != slot {
		w.Slot = l.Slot
	}
	if l.A != a {
		w.A = l.A
	}
	for _, ref := range l.Former {
		w.Former = append(w.Former, short(ref, connB))
	}
	for _, ref := range l.Needs {
		w.Needs = append(w.Needs, short(ref, connA))
	}
	if r := l.Reason; r != nil {
		w.Reason = &wireReason{r.Category, r.Text, r.Fields, own(r.At), r.Home, r.Candidates}
	}
	if c := l.Claim; c != nil {
		w.Claim = &wireClaim{c.Key, c.Generation, c.Attempt, c.Token, own(c.At), own(c.Until), c.Looks, c.Sends, own(c.SentAt), c.Object, c.Net, c.Money, c.Matches}
	}
	if n := l.Intent; n != nil {
		w.Intent = &wireIntent{n.Token, own(n.Until), writeChanges(names, n.A, n.B), n.Home}
	}
	for _, g := range l.Ghosts {
		w.Ghosts = append(w.Ghosts, wireIntent{Token: wasToken(g.Was), Until: own(g.Until), Fields: writeChanges(names, nil, g.B), Home: g.Home})
	}
	for id, line := range l.Lines {
		if w.Lines == nil {
			w.Lines = make(map[string]string, len(l.Lines))
		}
		w.Lines[id] = line.Digest + " " + line.ID
	}
	for _, t := range l.Todo {
		w.Todo = append(w.Todo, wireTodo{t.Do, t.Handle, t.Tries, own(t.Since), own(t.Seen)})
	}
	if m := l.Made; m != nil {
		w.Made = &wireMade{Approver: m.Approver, Single: m.Single, Run: m.Run, At: own(m.At)}
		if m.Mapping != l.Mapping {
			w.Made.Mapping = &m.Mapping
		}
		if m.Version != l.Version {
			w.Made.Version = &m.Version
		}
	}
	newer := w.keep(l.Extra)
	data, err := json.Marshal(w)
	if err != nil {
		return nil, fmt.Errorf("link: %w", err)
	}
	return withNewer(data, newer)
}

// wasThere stands in place of a token, which ghosts have not, in those of what had stood there.
const wasThere = "was"

func wasToken(was bool) string {
	if was {
		return wasThere
	}
	return ""
}

// keep takes over what a newer program wrote: words under x, whole parts given back.
func (w *wire) keep(extra map[string]string) (newer map[string]string) {
	for name, text := range extra {
		if part, ok := strings.CutPrefix(name, "."); ok && !known[part] && json.Valid([]byte(text)) {
			if newer == nil {
				newer = map[string]string{}
			}
			newer[part] = text
			continue
		}
		if w.Extra == nil {
			w.Extra = map[string]string{}
		}
		w.Extra[name] = text
	}
	return newer
}

// withNewer puts a newer program's parts back at the end of the object.
func withNewer(data []byte, newer map[string]string) ([]byte, error) {
	for _, name := range slices.Sorted(maps.Keys(newer)) {
		quoted, err := json.Marshal(name)
		if err != nil {
			return nil, fmt.Errorf("link: %w", err)
		}
		data = slices.Concat(data[:len(data)-1], []byte{','}, quoted, []byte{':'}, []byte(newer[name]), []byte{'}'})
	}
	return data, nil
}

// moment is a time as unix milliseconds, with a fraction where it is finer.
type moment time.Time

// own drops what is finer than a millisecond: nothing of ours is told apart by that.
func own(t time.Time) moment {
	if t.IsZero() {
		return moment{}
	}
	return moment(time.UnixMilli(t.UnixMilli()))
}

// IsZero lets a zero time be left out.
func (m moment) IsZero() bool { return time.Time(m).IsZero() }

// MarshalJSON is json.Marshaler's.
func (m moment) MarshalJSON() ([]byte, error) {
	t := time.Time(m)
	ms := t.UnixMilli() // rounds down, before 1970 too
	out := strconv.AppendInt(nil, ms, 10)
	if fine := t.Sub(time.UnixMilli(ms)).Nanoseconds(); fine != 0 {
		if ms < 0 {
			return nil, fmt.Errorf("link: the time %s cannot be stored", t)
		}
		out = fmt.Appendf(append(out, '.'), "%06d", fine)
		for out[len(out)-1] == '0' {
			out = out[:len(out)-1]
		}
	}
	return out, nil
}

// ends are the connections of a slot.
func ends(slot string) (a, b string) {
	parts := strings.Split(slot, "|")
	if len(parts) < 3 {
		return "", ""
	}
	return parts[len(parts)-2], parts[len(parts)-1]
}

// short leaves the connection out that the slot says.
func short(ref record.Ref, connection string) string {
	s := ref.String()
	if connection == "" || ref.Connection != connection {
		return s
	}
	return strings.TrimPrefix(s, connection+":")
}

const hourPage = "hour-2006-01-02T15"

// shortPage leaves the run out that the time of the batch says.
func shortPage(page string) string {
	run, batch, ok := strings.Cut(page, "|")
	if ok && longPage(batch) == page && run != "" {
		return batch
	}
	return page
}

// longPage gives a page its run back.
func longPage(page string) string {
	if page == "" || strings.Contains(page, "|") {
		return page
	}
	begins, _, ok := strings.Cut(page, "-")
	ms, err := strconv.ParseInt(begins, 10, 64)
	if !ok || err != nil {
		return page
	}
	return time.UnixMilli(ms).UTC().Format(hourPage) + "|" + page
}
