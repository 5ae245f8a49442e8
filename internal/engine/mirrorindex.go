package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/engine/table"
	"crosswalk/internal/link"
	"crosswalk/internal/record"
)

// Which deals of the other CRM name a deal of this one is kept in the store, since no system can be asked strongly for it
// (A8): one item for each deal that is named. It is built once from the deals that have a link in the other CRM's place, which
// are those that may have a document, and kept up to date by that object's feed.

// mirrorEntry is who names a record.
type mirrorEntry struct {
	Refs []record.Ref `json:"refs"`
}

// mirrorFeed is how far the other CRM's records were looked through for the field that names ours.
type mirrorFeed struct {
	feed
	Of    string    `json:"of"` // which field names which object: another one means to begin again
	Began time.Time `json:"began"`
	Shard int       `json:"shard,omitempty"`
	After string    `json:"after,omitempty"`
	Built bool      `json:"built,omitempty"` // every link was looked at
}

func mirrorFeedKey(slot string) table.Key { return table.Key{PK: "F#mirror#" + slot, SK: "feed"} }
func mirrorKey(slot string, named record.Ref) table.Key {
	return table.Key{PK: "K#" + slot + "#mirror#" + named.String(), SK: "k"}
}

// canonicalID gives an id of a connection as its Refs have it.
func (e *Engine) canonicalID(connection, text string) (string, bool) {
	if n, ok := e.Connections[connection].(connector.Namer); ok {
		return n.CanonicalID(text)
	}
	text = strings.TrimSpace(text)
	return text, text != ""
}

// indexMirrors brings who names records of own up to date: one call of the other CRM when nothing changed there. Killed in
// between it goes on from the page that it was at.
func (e *Engine) indexMirrors(ctx context.Context, m mirrorPlace, own [2]string) error {
	key := mirrorFeedKey(m.slot)
	got, err := getItem[mirrorFeed](ctx, e.Table, key)
	if err != nil {
		return err
	}
	state := got.Value
	if of := m.field + " " + own[0] + "/" + own[1]; state.Of != of {
		state = mirrorFeed{feed: feed{Sight: state.Sight + 1}, Of: of, Began: time.Now()}
	}
	known := e.overlapOf(key, &state.feed)
	for !state.Built {
		if err := e.indexLinks(ctx, m, own, &state); err != nil {
			return err
		}
		if err := e.putOne(ctx, key, state, table.Condition{}); err != nil {
			return err
		}
	}
	for {
		page, err := e.Connections[m.connection].Changes(ctx, connector.FeedRequest{Object: m.object, Cursor: state.Cursor, From: state.Began.Add(-firstReach), Fields: []string{m.field}})
		if err != nil {
			return &fromConnection{m.connection, err}
		}
		fresh, err := known.fresh(ctx, page.Records)
		if err != nil {
			return err
		}
		for _, r := range fresh {
			if err := e.addMirror(ctx, m, own, &r); err != nil {
				return err
			}
		}
		known.remember(page.Records, page.Unsure, !page.More)
		if err := known.shared(ctx); err != nil {
			return err
		}
		same := string(state.Cursor) == string(page.Cursor)
		state.Cursor, state.ReadAt = page.Cursor, time.Now()
		if same && !page.More {
			return nil
		}
		if err := e.putOne(ctx, key, state, table.Condition{}); err != nil { // of two that read at once either may be kept: what is read again is added once
			return err
		}
		if !page.More {
			return nil
		}
	}
}

// indexLinks looks at one page of the other CRM's links.
func (e *Engine) indexLinks(ctx context.Context, m mirrorPlace, own [2]string, state *mirrorFeed) error {
	items, more, err := e.Table.Query(ctx, table.Query{PK: fmt.Sprintf("L#%s#%02d", m.slot, state.Shard), After: state.After, Limit: 100})
	if err != nil {
		return err
	}
	var ids []string
	for _, it := range items {
		var l link.Link
		if err := read(it, &l); err != nil {
			return err
		}
		state.After = it.SK
		if l.A.Object == m.object && l.State != link.Skipped && l.State != link.MovedTo {
			ids = append(ids, l.A.ID)
		}
	}
	if len(ids) > 0 {
		reads, err := e.Connections[m.connection].Read(ctx, connector.ReadRequest{Object: m.object, IDs: ids, Fields: []string{m.field}})
		if err != nil {
			return &fromConnection{m.connection, err}
		}
		for _, r := range reads {
			switch {
			case r.State == record.Unanswered:
				return errOr(r.Err, "a deal that may be a mirror could not be read")
			case r.Record == nil:
				continue
			}
			named := *r.Record
			named.Ref = r.Ref // a merged one names for the address that its link has
			if err := e.addMirror(ctx, m, own, &named); err != nil {
				return err
			}
		}
	}
	if !more {
		state.Shard, state.After = state.Shard+1, ""
		state.Built = state.Shard >= shards
	}
	return nil
}

// addMirror notes that a record names one of ours.
func (e *Engine) addMirror(ctx context.Context, m mirrorPlace, own [2]string, r *record.Record) error {
	text := r.Field(m.field)
	if text.Blank() {
		return nil
	}
	id, ok := e.canonicalID(own[0], text.Text())
	if !ok {
		return nil // it names nothing that there is
	}
	return e.addName(ctx, m.slot, record.Ref{Connection: own[0], Object: own[1], ID: id}, r.Ref)
}

// nameMirror is addMirror from the side of the one that names.
func (e *Engine) nameMirror(ctx context.Context, i *item, named record.Ref) error {
	return e.addName(ctx, i.link.Slot, named, i.ref)
}

func (e *Engine) addName(ctx context.Context, slot string, named, by record.Ref) error {
	_, err := change(ctx, e, mirrorKey(slot, named), func(x *mirrorEntry, _ bool) bool {
		if slices.Contains(x.Refs, by) {
			return false
		}
		x.Refs = append(x.Refs, by)
		return true
	})
	return err
}
