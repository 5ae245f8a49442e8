package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"crosswalk/internal/engine"
	"crosswalk/internal/engine/table"
	"crosswalk/internal/link"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
	"crosswalk/internal/store"
)

// trailMeter counts what the audit trail alone costs of what passes through to a table.
type trailMeter struct {
	table.Table
	mu    sync.Mutex
	bytes int64
	units int64
	items int64
}

// Put is table.Table's.
func (m *trailMeter) Put(ctx context.Context, puts []table.Put) []error {
	m.mu.Lock()
	for _, p := range puts {
		if p.PK == "J" || strings.HasPrefix(p.PK, "J#") {
			size := store.Size(table.Item{Key: p.Key, Rev: 1, Token: p.Token, Expires: p.Expires, Data: p.Data})
			m.bytes, m.units, m.items = m.bytes+int64(size), m.units+store.WriteUnits(size), m.items+1
		}
	}
	m.mu.Unlock()
	return m.Table.Put(ctx, puts)
}

func (m *trailMeter) reset() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.bytes, m.units, m.items = 0, 0, 0
}

// benchTrail changes 1,000 linked companies in five fields each and counts the audit trail of that.
func benchTrail(ctx context.Context, say func(figure) error) error {
	b, err := newBed(ctx, 0)
	if err != nil {
		return err
	}
	defer b.close()
	if err := b.live(ctx, nil); err != nil {
		return err
	}
	companies, deals, err := b.openDeals(benchRecords)
	if err != nil {
		return err
	}
	for _, id := range deals {
		if err := b.hubspot.User().Win(id); err != nil {
			return err
		}
	}
	if err := settle(ctx, b.Engine); err != nil {
		return err
	}
	for n, id := range companies {
		changed := map[string]string{"name": fmt.Sprintf("Changed company %04d", n), "city": fmt.Sprintf("City %04d", n), "zip": fmt.Sprintf("%05d", n), "address": fmt.Sprintf("%d Changed Street", n),
			"country": []string{"Denmark", "France", "Germany"}[n%3]}
		if err := b.hubspot.User().Set("companies", id, changed); err != nil {
			return err
		}
	}
	b.trail.reset()
	if err := settle(ctx, b.Engine); err != nil {
		return err
	}
	for _, f := range []figure{
		{Name: "audit trail of 1,000 changed records with five fields: size", Value: float64(b.trail.bytes), Unit: "bytes"},
		{Name: "audit trail of 1,000 changed records with five fields: store write units", Value: float64(b.trail.units), Unit: "WRU"},
		{Name: "audit trail of 1,000 changed records with five fields: items", Value: float64(b.trail.items), Unit: "items"},
	} {
		if err := say(f); err != nil {
			return err
		}
	}
	return nil
}

// benchLinks is how many links the questions are asked of; one in a hundred is held.
const (
	benchLinks = 100_000
	benchAsks  = 200
)

// benchQuestions measures why, status and errors over 100,000 links, straight at the engine.
func benchQuestions(ctx context.Context, say func(figure) error) error {
	b, err := newBed(ctx, 0)
	if err != nil {
		return err
	}
	defer b.close()
	if err := b.live(ctx, nil); err != nil {
		return err
	}
	began := time.Now()
	if err := b.Engine.Seed(ctx, seededLinks(), seededEntry); err != nil {
		return err
	}
	if err := say(figure{Name: "storing 100,000 links with their audit trail", Value: time.Since(began).Seconds(), Unit: "s"}); err != nil {
		return err
	}
	for _, q := range []struct {
		name string
		asks int
		ask  func(n int) error
	}{
		{"why", benchAsks, func(n int) error {
			known, err := b.Engine.Why(ctx, seededDeal(n*benchLinks/benchAsks))
			if err == nil && (len(known) != 1 || len(known[0].Entries) != 1) {
				err = fmt.Errorf("bench: why gave %d answers", len(known))
			}
			return err
		}},
		{"why of a document", benchAsks, func(n int) error {
			known, err := b.Engine.Why(ctx, seededDocument(n*benchLinks/benchAsks+1))
			if err == nil && (len(known) != 1 || known[0].Made == nil) {
				err = fmt.Errorf("bench: why gave %d answers", len(known))
			}
			return err
		}},
		{"status", benchAsks / 4, func(int) error { _, err := b.Engine.Status(ctx); return err }},
		{"errors", benchAsks / 4, func(int) error {
			list, err := b.Engine.Errors(ctx, "")
			if err == nil && len(list) != benchLinks/100 {
				err = fmt.Errorf("bench: %d errors", len(list))
			}
			return err
		}},
	} {
		if err := times(q.name, q.asks, q.ask, say); err != nil {
			return err
		}
	}
	return nil
}

// times says the median and the 99th percentile of how long asks take.
func times(name string, asks int, ask func(n int) error, say func(figure) error) error {
	took := make([]time.Duration, asks)
	for n := range took {
		began := time.Now()
		if err := ask(n); err != nil {
			return err
		}
		took[n] = time.Since(began)
	}
	slices.Sort(took)
	for _, p := range []int{50, 99} {
		at := took[min(asks-1, asks*p/100)]
		if err := say(figure{Name: fmt.Sprintf("%s at 100,000 links, p%d", name, p), Value: float64(at.Microseconds()) / 1000, Unit: "ms"}); err != nil {
			return err
		}
	}
	return nil
}

func seededDeal(n int) record.Ref {
	return record.Ref{Connection: "hubspot", Object: "deals", ID: fmt.Sprint(9_000_000_000 + n)}
}

func seededDocument(n int) record.Ref {
	return record.Ref{Connection: "light", Object: "invoice-receivables", ID: fmt.Sprintf("00000000-0000-4000-8000-%012d", n)}
}

func seededLinks() []link.Link {
	now := time.Now()
	out := make([]link.Link, benchLinks)
	for n := range out {
		l := link.Link{A: seededDeal(n), State: link.Linked, B: seededDocument(n), Mapping: "deals-to-invoices", Version: 1, StampA: now, StampB: now, Net: "25050", Money: "EUR",
			Agreed: map[string]link.Pair{}, Lines: map[string]link.Line{"1": {ID: "line", Digest: "0123456789abcdef"}}, Made: &link.Made{Mapping: "deals-to-invoices", Version: 1, Approver: "finance", At: now}}
		for _, field := range []string{"customerId", "companyEntityId", "invoiceDate", "netTerms", "description", "currency", "areLinesWithTax"} {
			l.Agreed[field] = link.Pair{A: "0123456789abcdef", B: "fedcba9876543210"}
		}
		if n%100 == 0 {
			l = link.Link{A: l.A, State: link.Held, Mapping: l.Mapping, Version: 1, Reason: &link.Reason{Category: plan.NoCompany, Text: "no companies is associated; associate one", At: now}}
		}
		out[n] = l
	}
	return out
}

func seededEntry(l link.Link) engine.Entry {
	e := engine.Entry{At: time.Now(), Ref: l.A, Target: l.B, Mapping: l.Mapping, Version: l.Version, Cause: "webhook", Kind: plan.Create, Reason: l.Reason, Net: l.Net, Money: l.Money}
	if l.State == link.Held {
		e.Kind = plan.Hold
		return e
	}
	for _, field := range []string{"customerId", "companyEntityId", "invoiceDate", "netTerms", "description"} {
		e.Fields = append(e.Fields, plan.FieldDecision{Field: field, From: []string{"dealname"}, Action: plan.WriteIt, Rule: "as it is", New: record.Of("value of " + l.A.ID)})
	}
	return e
}
