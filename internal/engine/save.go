package engine

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/link"
	"crosswalk/internal/mapping"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
)

// Before a mapping first writes into records that people work with, the fields that it may write are saved at both sides to a file
// that the operator keeps. Nothing of it stays here: the file is asked for part by part (SavePart), where each part says where the
// next one begins, and the last one gives a receipt that stands for all of them (Saved). Two decisions let a mapping go live the
// first time: that receipt, or somebody's word that it is done without (WaiveSave).

// Kinds of decisions about saving.
const (
	DecidedSave   = "save"
	DecidedNoSave = "without_save"

	saveGateName = "save"
	saveMost     = 200 // records a part, so that it is answered within a call's time
	howLinked    = "linked"
	howWouldLink = "would be linked"
)

// SavedPair is one record beside its counterpart, with the values of the part's columns; values that were not read are absent.
type SavedPair struct {
	A, B   record.Ref
	How    string // linked, or would be linked
	Values []record.Value
}

// SavedPart is a part of the pairs of a mapping. Columns name the fields, a.FIELD and b.FIELD.
type SavedPart struct {
	Columns []string
	Pairs   []SavedPair
	Count   int    // of pairs until now, these included
	Next    string // After of the following part; "" when this was the last
	Receipt string // of the last part: what Saved takes
}

// saveCursor is where a part begins. It travels outside, so it is sealed: a receipt is worth something only if no part was left out.
type saveCursor struct {
	Mapping string          `json:"m"`
	Version int             `json:"v"`
	Cursor  json.RawMessage `json:"c,omitempty"`
	Offset  int             `json:"o,omitempty"`
	Count   int             `json:"n"`
	Done    bool            `json:"d,omitempty"`
}

// SavePart reads the pairs of a mapping's newest version as they are now: those that are linked, and those that it would link.
// after is the Next of the part before, "" begins. Nothing is written anywhere.
func (e *Engine) SavePart(ctx context.Context, name, after string) (SavedPart, error) {
	h, err := e.head(ctx, name)
	if err != nil {
		return SavedPart{}, err
	}
	at := saveCursor{Mapping: name, Version: h.Latest}
	if after != "" {
		if at, err = e.unseal(after); err != nil {
			return SavedPart{}, err
		}
		if at.Mapping != name || at.Version != h.Latest || at.Done {
			return SavedPart{}, &RefusedError{fmt.Sprintf("version %d of %s was applied since this file was begun", h.Latest, name), "begin a new file"}
		}
	}
	set, err := e.newestMappings(ctx)
	if err != nil {
		return SavedPart{}, err
	}
	a := set.byName[name]
	if a == nil {
		return SavedPart{}, &NotFoundError{"mapping", name}
	}
	if a.Document != nil {
		return SavedPart{}, &RefusedError{name + " makes documents and writes no record that is there already", "save a mapping that does"}
	}
	ctx = e.labelled(ctx, name, saveGateName, true)
	page, err := e.Connections[a.ConnA].Changes(ctx, connector.FeedRequest{Object: a.A.Object, Cursor: at.Cursor, Fields: a.wantedA})
	if err != nil {
		return SavedPart{}, err
	}
	records := page.Records[min(at.Offset, len(page.Records)):]
	more := len(records) > saveMost
	if more {
		records = records[:saveMost]
	}
	out := SavedPart{}
	if out.Columns, out.Pairs, err = e.savedPairs(ctx, set, a, records); err != nil {
		return SavedPart{}, err
	}
	at.Count += len(out.Pairs)
	out.Count = at.Count
	switch {
	case more:
		at.Offset += saveMost
	case page.More:
		at.Cursor, at.Offset = page.Cursor, 0
	default:
		at.Cursor, at.Offset, at.Done = nil, 0, true
		out.Receipt = e.seal(at)
		return out, nil
	}
	out.Next = e.seal(at)
	return out, nil
}

func (e *Engine) seal(at saveCursor) string {
	data, err := json.Marshal(at)
	if err != nil {
		panic("engine: a cursor does not encode: " + err.Error())
	}
	text := base64.RawURLEncoding.EncodeToString(data)
	return text + "." + e.mac(16, saveGateName, text)
}

func (e *Engine) unseal(sealed string) (saveCursor, error) {
	var at saveCursor
	text, mac, _ := strings.Cut(sealed, ".")
	data, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || mac != e.mac(16, saveGateName, text) || json.Unmarshal(data, &at) != nil {
		return at, &RefusedError{"this is not where a part of a saved file begins or ends", "take it from the answer before as it is, or begin a new file"}
	}
	return at, nil
}

// savedPairs finds the counterparts of records of a as a preview does, and gives what both sides read as.
func (e *Engine) savedPairs(ctx context.Context, set *mappingSet, a *Active, records []record.Record) ([]string, []SavedPair, error) {
	columnsA, columnsB := saveColumns(a.Mapping)
	columns := make([]string, 0, len(columnsA)+len(columnsB))
	for _, name := range columnsA {
		columns = append(columns, "a."+name)
	}
	for _, name := range columnsB {
		columns = append(columns, "b."+name)
	}
	if len(records) == 0 {
		return columns, nil, nil
	}
	tasks := make([]Task, len(records))
	for n, r := range records {
		tasks[n] = Task{Ref: r.Ref, Mapping: a.Name, Cause: "run"}
	}
	b := &batch{set: set, audit: e.newAuditBatch(time.Now(), ""), chosen: map[string]*item{}, preview: true}
	for _, r := range e.workTasks(ctx, b, tasks) {
		if r.End == Retry || r.End == Later && r.Err != nil {
			return nil, nil, r.Err
		}
	}
	var paired []*item
	seen := map[record.Ref]bool{}
	for _, i := range b.all {
		if i.m == nil || i.m.Name != a.Name || i.ref.Connection != a.ConnA || i.ref.Object != a.A.Object || i.source == nil || seen[i.ref] {
			continue
		}
		if i.link.State == link.Linked || i.target != nil && i.decision.Kind == plan.Adopt {
			seen[i.ref] = true
			paired = append(paired, i)
		}
	}
	if err := e.readUnread(ctx, a, paired); err != nil {
		return nil, nil, err
	}
	var out []SavedPair
	for _, i := range paired {
		if i.target == nil {
			continue // gone, or not shown to us: nothing is written to it
		}
		p := SavedPair{A: i.ref, B: i.target.Ref, How: howWouldLink}
		if i.link.State == link.Linked {
			p.How = howLinked
		}
		for _, name := range columnsA {
			p.Values = append(p.Values, i.source.Field(name))
		}
		for _, name := range columnsB {
			p.Values = append(p.Values, i.target.Field(name))
		}
		out = append(out, p)
	}
	return columns, out, nil
}

// readUnread reads the counterparts of linked records that a preview had no need to read.
func (e *Engine) readUnread(ctx context.Context, a *Active, items []*item) error {
	var ids []string
	var of []*item
	for _, i := range items {
		if i.target == nil && i.link.B.Connection == a.ConnB && i.link.B.Object == a.B.Object {
			ids, of = append(ids, i.link.B.ID), append(of, i)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	reads, err := e.readEach(ctx, [2]string{a.ConnB, a.B.Object}, ids, a.wantedB, nil)
	if err != nil {
		return err
	}
	for n, read := range reads {
		switch read.State {
		case record.Found:
			of[n].target = read.Record
		case record.Unanswered:
			return errOr(read.Err, of[n].link.B.String()+" could not be read")
		}
	}
	return nil
}

// saveColumns are the fields of both sides that a mapping carries, either way. Fields of related records are not its to write.
func saveColumns(m *mapping.Mapping) (a, b []string) {
	related := map[string]bool{}
	for _, w := range m.With {
		related[w.Name] = true
	}
	add := func(list *[]string, name string) {
		with, _, dotted := strings.Cut(name, ".")
		if name != "" && name != "id" && !(dotted && related[with]) {
			*list = append(*list, name)
		}
	}
	for _, f := range m.Fields {
		for _, name := range f.A {
			add(&a, name)
		}
		add(&b, f.B)
	}
	if home := m.Turn(); home != nil {
		for _, f := range home.Fields {
			for _, name := range f.A {
				add(&b, name)
			}
			add(&a, f.B)
		}
	}
	return distinct(a), distinct(b)
}

// saveDigest stands for what a saved file of a mapping holds: another version that carries the same fields needs no other file.
func (e *Engine) saveDigest(m *mapping.Mapping) string {
	a, b := saveColumns(m)
	return e.mac(8, saveGateName, strings.Join(a, ","), strings.Join(b, ","))
}

// Saved records that the operator has the file: receipt is that of its last part, file says which file it is (its SHA-256, say).
// It gives how many pairs are in it.
func (e *Engine) Saved(ctx context.Context, name, receipt, file, actor, note string) (int, error) {
	at, err := e.unseal(receipt)
	if err != nil {
		return 0, err
	}
	if at.Mapping != name || !at.Done {
		return 0, &RefusedError{"this is no receipt of a file of " + name, "finish the file: crosswalk save " + name + " --file FILE"}
	}
	m, err := e.compiled(ctx, name, at.Version)
	if err != nil {
		return 0, err
	}
	text := strings.TrimSpace(fmt.Sprintf("%d pairs, file %s. %s", at.Count, cleanReason(file), cleanReason(note)))
	return at.Count, e.decided(ctx, Decision{Kind: DecidedSave, Mapping: name, Version: at.Version, Digest: e.saveDigest(m), Actor: actor, Note: text})
}

// WaiveSave records that somebody takes a mapping's newest version live without a saved file.
func (e *Engine) WaiveSave(ctx context.Context, name, actor, note string) error {
	h, err := e.head(ctx, name)
	if err != nil {
		return err
	}
	m, err := e.compiled(ctx, name, h.Latest)
	if err != nil {
		return err
	}
	g, err := e.saveGate(ctx, h, m)
	if err != nil || len(g) == 0 || g[0].Passed {
		return err // nothing to waive
	}
	return e.decided(ctx, Decision{Kind: DecidedNoSave, Mapping: name, Version: h.Latest, Actor: actor, Note: note})
}

// saveGate is the gate of a mapping that may write into records that people work with, before it goes live the first time; none for
// any other.
func (e *Engine) saveGate(ctx context.Context, h Head, m *mapping.Mapping) ([]Gate, error) {
	asks, err := e.asksForSave(ctx, m)
	if err != nil || !asks {
		return nil, err
	}
	decisions, err := e.Decisions(ctx, h.Name)
	if err != nil {
		return nil, err
	}
	digest, said := e.saveDigest(m), ""
	for _, d := range decisions {
		switch {
		case d.Kind == DecidedStatus && d.Status == mapping.Live:
			return nil, nil // what was there before is overwritten long since
		case d.Kind == DecidedSave && d.Digest == digest:
			said = fmt.Sprintf("saved by %s: %s", d.Actor, d.Note)
		case d.Kind == DecidedNoSave && d.Version == h.Latest:
			said = d.Actor + " goes without it"
		}
	}
	return []Gate{gate(saveGateName, said != "", said, "what it may write over was not saved to a file",
		fmt.Sprintf("crosswalk save %s --file FILE (or state that it is meant: crosswalk live %s --without-save)", h.Name, h.Name))}, nil
}

// asksForSave tells whether a mapping may write into existing records of a CRM: it works both ways, or it writes to a connection
// that mappings also read from.
func (e *Engine) asksForSave(ctx context.Context, m *mapping.Mapping) (bool, error) {
	switch {
	case m.Document != nil:
		return false, nil
	case m.TwoWay():
		return true, nil
	case !m.AToB.Update && (m.AToB.Create.When == "never" || len(m.Match) == 0):
		return false, nil
	}
	connB, _, err := e.connection(m.B.Connection)
	if err != nil {
		return false, nil // it cannot go live for that
	}
	heads, err := e.Heads(ctx)
	if err != nil {
		return false, err
	}
	for _, h := range heads {
		other, err := e.compiled(ctx, h.Name, h.Latest)
		if err != nil {
			return false, err
		}
		if connA, _, err := e.connection(other.A.Connection); err == nil && connA == connB && slices.Contains([]mapping.Status{mapping.Live, mapping.Pilot}, h.Status) {
			return true, nil
		}
	}
	return false, nil
}
