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
	"crosswalk/internal/engine/table"
	"crosswalk/internal/mapping"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
)

// Duplicates inside one side: records of one object that a mapping's match rule takes for the same. Their counterpart would
// have several hits, which holds it. They are found by match keys, which are keyed digests: no value is kept or shown.

// DuplicateRule is what one match rule finds on one side: groups of records it takes for one, and how many records they are.
type DuplicateRule struct {
	Rule    string // Email, or what several fields are joined to
	Groups  int
	Records int
	Refs    []record.Ref // of the first groups
}

// DuplicateGroup is records that one rule takes for the same, in order of their ids. More tells that there are still others.
type DuplicateGroup struct {
	Rule string
	Refs []record.Ref
	More bool
}

// DuplicateAsk asks for a page of duplicates. Side is a, b or "" for both, a first. After is the Next of the page before.
type DuplicateAsk struct {
	Mapping string
	Side    string
	After   string
	Within  time.Duration // how long a page may take; 0 is duplicatesWithin
}

// duplicatesWithin is how long one page reads: an answer must be there before API Gateway stops waiting.
const duplicatesWithin = 10 * time.Second

// DuplicatePage is what one stretch of a feed showed. A group whose records lie in several pages is given again, longer, on a
// later one. Next is "" at the end.
type DuplicatePage struct {
	Groups []DuplicateGroup
	Read   int // records that this page read
	Next   string
}

// duplicateCursor is where a page ended.
type duplicateCursor struct {
	Side   string          `json:"side"`
	Cursor json.RawMessage `json:"cursor,omitempty"`
}

// Duplicates reads on through the feeds of a mapping's sides, keeps the match keys of what it reads, as matching does, and
// gives the records that share one. It is as complete as the feeds are: every record is read once.
func (e *Engine) Duplicates(ctx context.Context, ask DuplicateAsk) (DuplicatePage, error) {
	a, err := e.LatestMapping(ctx, ask.Mapping)
	if err != nil {
		return DuplicatePage{}, err
	}
	at := duplicateCursor{Side: ask.Side}
	switch {
	case ask.Side != "" && ask.Side != "a" && ask.Side != "b":
		return DuplicatePage{}, &RefusedError{fmt.Sprintf("%q is no side", ask.Side), "write a, b or nothing for both"}
	case len(a.Match) == 0:
		return DuplicatePage{}, &RefusedError{a.Name + " has no match rules: nothing says when two records are the same", "add match: to the mapping"}
	case ask.After != "":
		if at, err = readCursor(ask.After); err != nil {
			return DuplicatePage{}, err
		}
	case at.Side == "":
		at.Side = "a"
	}
	within := ask.Within
	if within <= 0 {
		within = duplicatesWithin
	}
	ctx = e.labelled(ctx, a.Name, "check", true)
	out := DuplicatePage{Groups: []DuplicateGroup{}}
	for began := time.Now(); ; {
		side, err := e.matchSide(ctx, a, at.Side)
		if err != nil {
			return out, err
		}
		page, err := e.Connections[side.at.connection].Changes(ctx, connector.FeedRequest{Object: side.at.object, Cursor: at.Cursor, Fields: side.fields()})
		if err != nil {
			return out, &fromConnection{side.at.connection, err}
		}
		groups, err := e.duplicatesOf(ctx, side, page.Records, true)
		if err != nil {
			return out, err
		}
		out.Groups, out.Read = append(out.Groups, groups...), out.Read+len(page.Records)
		switch {
		case page.More:
			at.Cursor = page.Cursor
		case at.Side == "a" && ask.Side == "":
			at = duplicateCursor{Side: "b"}
		default:
			return out, nil
		}
		if time.Since(began) >= within || len(out.Groups) >= maxGroups {
			out.Next = writeCursor(at)
			return out, nil
		}
	}
}

// maxGroups ends a page early, so that an answer stays small.
const maxGroups = 1000

func writeCursor(at duplicateCursor) string {
	text, err := json.Marshal(at)
	if err != nil {
		panic("engine: a cursor does not encode: " + err.Error()) // a connector's own JSON
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

func readCursor(text string) (at duplicateCursor, err error) {
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err == nil {
		err = json.Unmarshal(raw, &at)
	}
	if err != nil || at.Side != "a" && at.Side != "b" {
		return at, &RefusedError{"this is no place to go on from", "take next from the page before"}
	}
	return at, nil
}

// matchSide is one end of a mapping as its match rules see it.
type matchSide struct {
	at    place
	rules []keyRule
}

// keyRule makes the text that a rule compares. name is the rule's in the store's keys.
type keyRule struct {
	name    string
	compare string
	fields  []string
	text    func(*record.Record) string
}

func (s matchSide) fields() []string {
	var out []string
	for _, r := range s.rules {
		out = append(out, r.fields...)
	}
	return distinct(out)
}

// matchSide gives the rules of one end. b's compare a field; a's compare what the rule makes of a's fields. Where that is one
// field as it is, its keys are those by which b's records find a's.
func (e *Engine) matchSide(ctx context.Context, a *Active, side string) (matchSide, error) {
	if side == "b" {
		out := matchSide{at: place{a.ConnB, a.B.Object}}
		for _, r := range a.Match {
			if r.B != "id" && r.B != "Id" {
				out.rules = append(out.rules, keyRule{r.B, r.Compare, []string{r.B}, func(rec *record.Record) string { return rec.Field(r.B).Text() }})
			}
		}
		return out, nil
	}
	account, err := e.account(ctx, a.ConnA)
	if err != nil {
		return matchSide{}, err
	}
	env := plan.Env{TimeZone: account.TimeZone, Currency: account.Currency}
	out := matchSide{at: place{a.ConnA, a.A.Object}}
	for _, r := range a.Match {
		if slices.ContainsFunc(r.A, func(name string) bool { with, _ := a.Input(name); return with != nil || name == "id" }) {
			continue // a related record's field, or an id, which nobody has twice
		}
		name := strings.Join(r.A, "+")
		if r.Transform != "" {
			name += "|" + r.Transform
		}
		out.rules = append(out.rules, keyRule{name, r.Compare, r.A, func(rec *record.Record) string { return e.matchText(r, rec, env) }})
	}
	return out, nil
}

// matchText is what a rule makes of a record of a, before it is compared.
func (e *Engine) matchText(r mapping.MatchRule, rec *record.Record, env plan.Env) string {
	texts := make([]string, len(r.A))
	for n, name := range r.A {
		if texts[n] = rec.Field(name).Text(); name == "id" {
			texts[n] = rec.Ref.ID
		}
	}
	text := strings.Join(texts, " ")
	if r.Transform == "" || strings.TrimSpace(text) == "" {
		return text
	}
	out, err := e.Tools.Transform(r.Transform, texts, env)
	if err != nil {
		return ""
	}
	return out
}

// duplicatesOf gives the groups that some records of a side are in, with those that the store's match keys know besides; keep
// adds the records' own keys to them. What a key remembers is a hint: each hit is read again and compared.
func (e *Engine) duplicatesOf(ctx context.Context, side matchSide, records []record.Record, keep bool) ([]DuplicateGroup, error) {
	var out []DuplicateGroup
	for _, rule := range side.rules {
		groups, err := e.sharing(ctx, side, rule, records, keep)
		if err != nil {
			return nil, err
		}
		out = append(out, groups...)
	}
	return out, nil
}

// shared is the records that one key names.
type shared struct {
	canonical string
	refs      []record.Ref
	many      bool
}

func (e *Engine) sharing(ctx context.Context, side matchSide, rule keyRule, records []record.Record, keep bool) ([]DuplicateGroup, error) {
	by := map[table.Key]*shared{}
	var keys []table.Key
	pseudo := mapping.MatchRule{B: rule.name, Compare: rule.compare}
	var plain []record.Record
	for n := range records {
		text := rule.text(&records[n])
		canonical := e.Tools.Canonical(rule.compare, text)
		if strings.TrimSpace(text) == "" || canonical == "" || records[n].Archived {
			continue
		}
		plain = append(plain, record.Record{Ref: records[n].Ref, Fields: map[string]record.Value{rule.name: record.Of(text)}})
		key := e.matchKey(side.at.connection, side.at.object, ruleName(pseudo), canonical)
		if by[key] == nil {
			by[key], keys = &shared{canonical: canonical}, append(keys, key)
		}
		by[key].add(records[n].Ref)
	}
	if keep {
		if err := e.addMatchKeys(ctx, side.at.connection, side.at.object, []mapping.MatchRule{pseudo}, plain); err != nil {
			return nil, err
		}
	}
	entries, err := getItems[matchEntry](ctx, e.Table, keys)
	if err != nil {
		return nil, err
	}
	claimed, err := e.claimed(ctx, entries)
	if err != nil {
		return nil, err
	}
	for key, s := range by {
		for _, ref := range append(slices.Clone(entries[key].Value.Refs), claimed[key]...) {
			if ref.Connection == side.at.connection && ref.Object == side.at.object {
				s.add(ref)
			}
		}
		s.many = entries[key].Value.Many
	}
	return e.confirmed(ctx, side, rule, keys, by)
}

func (s *shared) add(ref record.Ref) {
	if !slices.Contains(s.refs, ref) {
		s.refs = append(s.refs, ref)
	}
}

// confirmed reads the records of keys that have several, and drops those that no longer have the value.
func (e *Engine) confirmed(ctx context.Context, side matchSide, rule keyRule, keys []table.Key, by map[table.Key]*shared) ([]DuplicateGroup, error) {
	var ids []string
	for _, key := range keys {
		if s := by[key]; len(s.refs) > 1 || s.many {
			for _, ref := range s.refs {
				ids = append(ids, ref.ID)
			}
		}
	}
	if ids = distinct(ids); len(ids) == 0 {
		return nil, nil
	}
	reads, err := e.Connections[side.at.connection].Read(ctx, connector.ReadRequest{Object: side.at.object, IDs: ids, Fields: rule.fields})
	if err != nil {
		return nil, &fromConnection{side.at.connection, err}
	}
	now := map[string]string{}
	for n, r := range reads {
		if r.State == record.Found && !r.Record.Archived {
			now[ids[n]] = e.Tools.Canonical(rule.compare, rule.text(r.Record))
		}
	}
	var out []DuplicateGroup
	for _, key := range keys {
		s := by[key]
		refs := slices.DeleteFunc(slices.Clone(s.refs), func(ref record.Ref) bool { return now[ref.ID] != s.canonical })
		if len(refs) > 1 {
			slices.SortFunc(refs, func(a, b record.Ref) int { return strings.Compare(a.ID, b.ID) })
			out = append(out, DuplicateGroup{Rule: rule.name, Refs: refs, More: s.many})
		}
	}
	return out, nil
}

func groupsOf(n int) string {
	if n == 1 {
		return "one group"
	}
	return count(n) + " groups"
}

// maxDuplicateRefs is how many records a finding names; the command lists all.
const maxDuplicateRefs = 6

// duplicates says of each side which match rules find several among the sampled records, or beyond them where the feeds have
// been read.
func (p *preflight) duplicates(ctx context.Context, a *Active) error {
	for _, name := range []string{"a", "b"} {
		side, err := p.matchSide(ctx, a, name)
		if err != nil {
			return err
		}
		s := p.samples[side.at]
		if s == nil || len(s.records) == 0 {
			continue
		}
		groups, err := p.duplicatesOf(ctx, side, s.records, false)
		if err != nil {
			return err
		}
		into := p.side(a, side.at)
		found := false
		for _, rule := range side.rules {
			d := DuplicateRule{Rule: rule.name}
			for _, g := range groups {
				if g.Rule == rule.name {
					d.Groups, d.Records = d.Groups+1, d.Records+len(g.Refs)
					if len(d.Refs) < maxDuplicateRefs {
						d.Refs = append(d.Refs, g.Refs...)
					}
				}
			}
			into.Duplicates = append(into.Duplicates, d)
			if d.Groups == 0 {
				continue
			}
			found = true
			shown := d.Refs[:min(len(d.Refs), maxDuplicateRefs)]
			p.addN("warn", a.Name, d.Records, fmt.Sprintf("%s: %s records in %s have the same %s %s: %s; their counterparts would be held, for nobody can tell which is meant", side.at, count(d.Records), groupsOf(d.Groups), rule.name, s.said(), refList(shown)),
				"whoever looks after the data of "+side.at.connection, "merge them there before going live; all of them: crosswalk duplicates "+a.Name)
		}
		if !found && len(side.rules) > 0 {
			p.add("ok", a.Name, side.at.String()+": no duplicates by the match rules "+s.said(), "", "")
		}
	}
	return nil
}
