package engine

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"crosswalk/internal/engine/table"
	"crosswalk/internal/link"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
)

// Entry is one line of the audit trail: what was intended, done, skipped or refused for one record, with the rule behind
// every field. Prev is the page that told of this record before.
type Entry struct {
	At      time.Time            `json:"at"`
	Ref     record.Ref           `json:"ref"`
	Target  record.Ref           `json:"target,omitzero"`
	Mapping string               `json:"mapping"`
	Version int                  `json:"version"`
	Cause   string               `json:"cause"`
	Run     string               `json:"run,omitempty"`
	Actor   string               `json:"actor,omitempty"`
	Kind    plan.Kind            `json:"kind"`
	Reason  *link.Reason         `json:"reason,omitempty"`
	Fields  []plan.FieldDecision `json:"fields,omitempty"`
	Lines   []plan.LineDecision  `json:"lines,omitempty"`
	Net     string               `json:"net,omitempty"`
	Money   string               `json:"money,omitempty"`
	Prev    string               `json:"prev,omitempty"`
}

// EntryOutcome is how one intended write ended; it is written after the call.
type EntryOutcome struct {
	Ref    record.Ref `json:"ref"`
	Target record.Ref `json:"target,omitzero"`
	Status string     `json:"status"`
	Note   string     `json:"note,omitempty"`
}

// auditBatch collects the entries of one batch of work. The page is written before the first call goes out, outcomes after.
type auditBatch struct {
	run, id  string
	entries  []Entry
	outcomes []EntryOutcome
	written  int // entries that are in the store
	parts    int
}

// maxAuditEntries keeps a page well under the store's item limit.
const maxAuditEntries = 200

func (e *Engine) newAuditBatch(now time.Time, run string) *auditBatch {
	if run == "" {
		run = "hour-" + now.UTC().Format("2006-01-02T15") // work outside a run is one pseudo-run an hour
	}
	return &auditBatch{run: run, id: fmt.Sprintf("%013d-%s", now.UnixMilli(), e.token())}
}

// page names the batch; its parts and outcomes all begin so.
func (b *auditBatch) page() string { return b.run + "|" + b.id }

// flush writes what has been collected since the last flush.
func (e *Engine) flush(ctx context.Context, b *auditBatch) error {
	for b.written < len(b.entries) {
		end := min(b.written+maxAuditEntries, len(b.entries))
		data, err := pack(b.entries[b.written:end])
		if err != nil {
			return err
		}
		for len(data) > table.MaxItem && end > b.written+1 {
			end = b.written + (end-b.written)/2
			if data, err = pack(b.entries[b.written:end]); err != nil {
				return err
			}
		}
		p := table.Put{Key: auditKey(b.run, b.id, b.parts), Data: data, Token: e.token()}
		if err := e.Table.Put(ctx, []table.Put{p})[0]; err != nil {
			return fmt.Errorf("audit trail: %w", err)
		}
		b.written = end
		b.parts++
	}
	return nil
}

// flushOutcomes writes how the batch's writes ended.
func (e *Engine) flushOutcomes(ctx context.Context, b *auditBatch) error {
	if len(b.outcomes) == 0 {
		return nil
	}
	data, err := pack(b.outcomes)
	if err != nil {
		return err
	}
	return e.Table.Put(ctx, []table.Put{{Key: auditOutKey(b.run, b.id), Data: data, Token: e.token()}})[0]
}

func pack(v any) ([]byte, error) {
	var buf bytes.Buffer
	z := gzip.NewWriter(&buf)
	if err := json.NewEncoder(z).Encode(v); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}

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
