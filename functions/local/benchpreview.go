package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"crosswalk/internal/app"
	"crosswalk/internal/app/phones"
	"crosswalk/internal/connector"
	"crosswalk/internal/engine"
	"crosswalk/internal/mapping"
	"crosswalk/internal/queue/embedded"
	"crosswalk/internal/record"
	"crosswalk/internal/script"
	"crosswalk/internal/store/bolt"
)

// previewRows is how many records the preview of benchPreview has.
const previewRows = 100_000

// manyCompanies is an account with previewRows companies that exist only while they are read: no simulator's memory is
// in the figure (T16).
type manyCompanies struct{ name string }

func (manyCompanies) Account(context.Context) (connector.Account, error) {
	return connector.Account{ID: "1", Currency: "EUR", TimeZone: "UTC"}, nil
}
func (manyCompanies) Objects() []string { return []string{"companies", "customers"} }
func (manyCompanies) Describe(_ context.Context, object string) (connector.Object, error) {
	o := connector.Object{Name: object, Label: object}
	for _, name := range strings.Fields("name domain address city zip country description billingAddress.street billingAddress.city billingAddress.country") {
		o.Fields = append(o.Fields, connector.Field{Name: name, Label: name, Type: "text"})
	}
	return o, nil
}
func (manyCompanies) Tables() []string      { return nil }
func (manyCompanies) URL(record.Ref) string { return "" }
func (manyCompanies) Table(_ context.Context, name string) (connector.Table, error) {
	return connector.Table{Name: name}, nil
}

func (c manyCompanies) company(n int) record.Record {
	id := strconv.Itoa(n)
	return record.Record{Ref: record.Ref{Connection: c.name, Object: "companies", ID: id}, Modified: time.Unix(1_700_000_000, 0), Fields: map[string]record.Value{
		"name": record.Of("Company number " + id), "domain": record.Of("company-" + id + ".example"), "address": record.Of("Long Street " + id),
		"city": record.Of("Springfield"), "zip": record.Of("12345"), "country": record.Of("Germany"), "description": record.Of(strings.Repeat("what they do ", 8)),
	}}
}

func (c manyCompanies) Read(_ context.Context, r connector.ReadRequest) ([]record.Read, error) {
	out := make([]record.Read, len(r.IDs))
	for i, id := range r.IDs {
		n, err := strconv.Atoi(id)
		if err != nil {
			return nil, err
		}
		rec := c.company(n)
		out[i] = record.Read{Ref: rec.Ref, State: record.Found, Record: &rec}
	}
	return out, nil
}

func (c manyCompanies) Changes(_ context.Context, r connector.FeedRequest) (connector.Page, error) {
	at := 0
	if r.Cursor != nil {
		if err := json.Unmarshal(r.Cursor, &at); err != nil {
			return connector.Page{}, err
		}
	}
	page := connector.Page{Total: -1}
	if r.Object == "companies" {
		page.Total = previewRows - at
		for end := min(at+200, previewRows); at < end; at++ {
			page.Records = append(page.Records, c.company(at))
		}
		page.More = at < previewRows
	}
	page.Cursor = json.RawMessage(strconv.Itoa(at))
	return page, nil
}

// anonymous is the process's own anonymous memory in bytes; the store's mapped file does not count.
func anonymous() (int64, error) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "RssAnon:"); ok {
			kb, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return kb << 10, err
		}
	}
	return 0, fmt.Errorf("bench: this system does not tell the anonymous memory of a process")
}

// benchPreview measures the memory of a preview of 100,000 rows that all would be created. It runs before the other figures,
// so that nothing of theirs counts.
func benchPreview(ctx context.Context, say func(figure) error) error {
	dir, err := os.MkdirTemp("", "crosswalk-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	table, err := bolt.Open(filepath.Join(dir, "store.db"), bolt.Options{})
	if err != nil {
		return err
	}
	defer table.Close()
	set := phones.Transforms()
	language := mapping.Standard(set)
	key := []byte("a key for this figure only")
	random := uint64(0)
	e, err := engine.New(engine.Config{Table: table, Queue: embedded.NewMemory(embedded.Options{}), Roles: map[string]string{"crm": "a", "billing": "b"},
		Connections: map[string]connector.Connector{"a": manyCompanies{"a"}, "b": manyCompanies{"b"}}, Tools: app.NewTools(set, key),
		Scripts: app.NewScripts(script.NewInProcess()), Language: language, Compile: app.Compile(language), Secret: key, Random: func() uint64 { random++; return random }})
	if err != nil {
		return err
	}
	document := `mapping: many
slot: account
a: { connection: crm, object: companies }
b: { connection: billing, object: customers }
match: [ { a: domain, b: domain, compare: domain } ]
a_to_b: { create: always, update: true }
fields:
  - { a: name, b: name }
  - { a: domain, b: domain }
  - { a: address, b: billingAddress.street }
  - { a: city, b: billingAddress.city }
  - { a: country, b: billingAddress.country, transform: country_code }
  - { a: description, b: description }
`
	if _, err := e.Apply(ctx, []byte(document), "bench"); err != nil {
		return err
	}
	before, err := anonymous()
	if err != nil {
		return err
	}
	run, err := e.RunMapping(ctx, engine.Run{Kind: "preview", Mapping: "many", Actor: "bench"}, nil)
	if err != nil {
		return err
	}
	peak, began := before, time.Now()
	for run.Status != "done" {
		if _, err := e.StepRuns(ctx); err != nil {
			return err
		}
		now, err := anonymous()
		if err != nil {
			return err
		}
		peak = max(peak, now)
		if run, err = e.GetRun(ctx, run.ID); err != nil {
			return err
		}
	}
	if p, err := e.Plan(ctx, run.Plan); err != nil || p.Kinds["create"] != previewRows {
		return fmt.Errorf("bench: the preview has %d creates, not %d: %w", p.Kinds["create"], previewRows, err)
	}
	if err := say(figure{Name: "preview of 100,000 rows: anonymous memory at most", Value: float64(peak) / 1e6, Unit: "MB"}); err != nil {
		return err
	}
	return say(figure{Name: "preview of 100,000 rows", Value: time.Since(began).Seconds(), Unit: "s"})
}
