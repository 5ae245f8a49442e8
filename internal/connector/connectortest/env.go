package connectortest

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/record"
)

// env is what a case has: the world, the kind being tried, and short ways to say things.
type env struct {
	*testing.T
	s *Subject
	k Kind
	w *World
	c connector.Connector
}

// text makes the n-th text of a test; every text carries the canary.
func text(n int) string { return fmt.Sprintf("%s text %d", Canary, n) }

func (e *env) fields() []string {
	out := append([]string{}, e.k.Fields...)
	for _, f := range []string{e.k.Text, e.k.Enum, e.k.Integer} {
		if f != "" {
			out = append(out, f)
		}
	}
	return out
}

// wireName is a field's name inside the vendor's JSON: the last part of a dotted name.
func wireName(field string) string { return field[strings.LastIndexByte(field, '.')+1:] }

func (e *env) add(n int) []string {
	e.Helper()
	return e.w.Add(e.k.Object, n, nil)
}

// addAt makes n records with chosen stamps where the world can, else with the stamps they get.
func (e *env) addAt(n int, stamp func(int) time.Time) []string {
	e.Helper()
	if e.s.lacks(e.k, Stamps) != "" {
		stamp = nil
	}
	return e.w.Add(e.k.Object, n, stamp)
}

func (e *env) read(ids ...string) []record.Read {
	e.Helper()
	got, err := e.c.Read(e.Context(), connector.ReadRequest{Object: e.k.Object, IDs: ids, Fields: e.fields()})
	if err != nil {
		e.Fatalf("Read of %d ids: %v", len(ids), e.clean(err))
	}
	if len(got) != len(ids) {
		e.Fatalf("Read of %d ids gave %d answers", len(ids), len(got))
	}
	for i, r := range got {
		want := record.Ref{Connection: e.s.Connection, Object: e.k.Object, ID: ids[i]}
		if r.Ref != want {
			e.Fatalf("answer %d is for %s, asked was %s", i, r.Ref, want)
		}
		e.clean(r.Err)
	}
	return got
}

// found reads one record that must be there.
func (e *env) found(id string) *record.Record {
	e.Helper()
	r := e.read(id)[0]
	if r.State != record.Found || r.Record == nil {
		e.Fatalf("Read %s: %s %v, want found", id, r.State, r.Err)
	}
	return r.Record
}

// page reads one page of the feed.
func (e *env) page(c connector.Connector, cursor json.RawMessage) (connector.Page, error) {
	p, err := c.Changes(e.Context(), connector.FeedRequest{Object: e.k.Object, Cursor: cursor, Fields: e.fields()})
	e.clean(err)
	p.Cursor = roundTrip(e.T, p.Cursor)
	return p, err
}

// roundTrip is what the store does to a cursor.
func roundTrip(t *testing.T, cursor json.RawMessage) json.RawMessage {
	t.Helper()
	if cursor == nil {
		return nil
	}
	kept, err := json.Marshal(map[string]json.RawMessage{"cursor": cursor})
	if err != nil {
		t.Fatalf("the cursor is not JSON: %v", err)
	}
	var back map[string]json.RawMessage
	if err := json.Unmarshal(kept, &back); err != nil {
		t.Fatalf("the cursor does not survive the store: %v", err)
	}
	return back["cursor"]
}

// endless is more pages than any case needs.
const endless = 3000

// drain reads the feed until it has no more.
func (e *env) drain(c connector.Connector, cursor json.RawMessage) []connector.Page {
	e.Helper()
	var pages []connector.Page
	for range endless {
		p, err := e.page(c, cursor)
		if err != nil {
			e.Fatalf("Changes, page %d: %v", len(pages)+1, err)
		}
		if p.Total >= 0 && p.Total < len(p.Records) {
			e.Fatalf("a page of %d records says %d are left", len(p.Records), p.Total)
		}
		pages = append(pages, p)
		cursor = p.Cursor
		if !p.More {
			return pages
		}
	}
	e.Fatalf("the feed of %s has no end", e.k.Object)
	return nil
}

// seen is the last version of each record in the pages.
func (e *env) seen(pages ...connector.Page) map[string]record.Record {
	e.Helper()
	out := map[string]record.Record{}
	for _, p := range pages {
		for _, r := range p.Records {
			if r.Ref.Connection != e.s.Connection || r.Ref.Object != e.k.Object || r.Ref.ID == "" {
				e.Fatalf("the feed gave the address %q", r.Ref)
			}
			out[r.Ref.ID] = r
		}
	}
	return out
}

// wantAll fails when the feed did not show an id.
func (e *env) wantAll(seen map[string]record.Record, ids []string, when string) {
	e.Helper()
	missing := 0
	for _, id := range ids {
		if _, ok := seen[id]; !ok {
			missing++
		}
	}
	if missing > 0 {
		e.Fatalf("%s: the feed lost %d of %d records", when, missing, len(ids))
	}
}

// clean fails when an error carries a value; it gives the error back.
func (e *env) clean(err error) error {
	e.Helper()
	if err != nil && strings.Contains(err.Error(), Canary) {
		e.Errorf("an error carries a value of a record: %v", err)
	}
	return err
}

func (e *env) writer() connector.Writer {
	e.Helper()
	w, ok := e.c.(connector.Writer)
	if !ok {
		e.Fatalf("%s does not write; declare that it cannot create and cannot update", e.s.System)
	}
	return w
}

func (e *env) write(writes ...connector.Write) []connector.Outcome {
	e.Helper()
	return e.writeIn(e.Context(), writes...)
}

func (e *env) writeIn(ctx context.Context, writes ...connector.Write) []connector.Outcome {
	e.Helper()
	got := e.writer().Write(ctx, writes)
	if len(got) != len(writes) {
		e.Fatalf("%d writes, %d outcomes", len(writes), len(got))
	}
	for i, o := range got {
		e.clean(o.Err)
		failed := o.Status == connector.Refused || o.Status == connector.Retry || o.Status == connector.Unknown
		if failed && connector.FaultOf(o.Err) == "" {
			e.Errorf("outcome %d is %s without a *connector.Error: %v", i, o.Status, o.Err)
		}
		if o.Status == connector.Done && (o.Err != nil || o.Ref.ID == "" || o.Ref.Connection != e.s.Connection) {
			e.Errorf("outcome %d is done with the address %q and error %v", i, o.Ref, o.Err)
		}
	}
	return got
}

func (e *env) one(w connector.Write) connector.Outcome {
	e.Helper()
	return e.write(w)[0]
}

func (e *env) want(o connector.Outcome, s connector.Status) {
	e.Helper()
	if o.Status != s {
		e.Fatalf("the outcome is %s (%v), want %s", o.Status, o.Err, s)
	}
}

// create is the n-th create of a case, with its marker and its key; the marker is given too.
func (e *env) create(n int) (connector.Write, string) {
	e.Helper()
	w := e.k.Create(e.w, n, text(n))
	w.Op, w.Object = connector.OpCreate, e.k.Object
	marker := fmt.Sprintf("xw-%s-%d", "7c21", n)
	if f := e.writer().Traits(e.k.Object).MarkerField; f != "" {
		w.Fields[f] = record.Of(marker)
	}
	w.Key = fmt.Sprintf("key-%d", n)
	e.prepare(e.c)
	body, err := e.writer().Encode(w)
	if err != nil {
		e.Fatalf("Encode of the subject's own create: %v", e.clean(err))
	}
	w.Body = body
	return w, marker
}

// preparer is a connector whose Encode depends on the account: it reads what it needs once, beforehand.
type preparer interface {
	Prepare(ctx context.Context) error
}

func (e *env) prepare(c connector.Connector) connector.Connector {
	e.Helper()
	if p, ok := c.(preparer); ok {
		if err := p.Prepare(e.Context()); err != nil {
			e.Fatalf("Prepare: %v", e.clean(err))
		}
	}
	return c
}

func (e *env) update(id, to string) connector.Write {
	return connector.Write{Op: connector.OpUpdate, Object: e.k.Object, ID: id, Key: "update-" + id,
		Fields: map[string]record.Value{e.k.Text: record.Of(to)}}
}

func (e *env) marked(marker string) int {
	if e.w.Marked == nil {
		return -1
	}
	return e.w.Marked(e.k.Object, marker)
}

// wantMarked checks how many records bear a marker, where the world can tell.
func (e *env) wantMarked(marker string, want int) {
	e.Helper()
	if got := e.marked(marker); got >= 0 && got != want {
		e.Fatalf("%d records bear the marker, want %d", got, want)
	}
}
