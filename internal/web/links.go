package web

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"crosswalk/internal/engine"
	"crosswalk/internal/link"
	"crosswalk/internal/record"
)

// Linker is what people do to links with their own hands, and how they look at them.
type Linker interface {
	LinkAll(ctx context.Context, pairs []engine.Pair, actor, reason string, dry bool) ([]engine.PairResult, error)
	UnlinkAll(ctx context.Context, pairs []engine.Pair, actor, reason string, rematch, dry bool) ([]engine.PairResult, error)
	Ignore(ctx context.Context, ref record.Ref, mapping, actor, reason string) ([]engine.PairResult, error)
	Unignore(ctx context.Context, ref record.Ref, mapping, actor, reason string) ([]engine.PairResult, error)
	Links(ctx context.Context, q engine.LinkQuery) (engine.LinkPage, error)
	Record(ctx context.Context, ref record.Ref) ([]engine.View, error)
	Reviews(ctx context.Context, mapping, category string, from, most int) ([]engine.Review, int, error)
}

// MaxPairs bounds one list of pairs: every pair may need a call at each system.
const MaxPairs = 100

type pairBody struct {
	A        string `json:"a" needed:"yes" doc:"a record, connection:object/id"`
	B        string `json:"b" doc:"its counterpart; the order of the two does not matter"`
	Mapping  string `json:"mapping" doc:"needed only where several mappings join such records in different places"`
	Archived bool   `json:"archived" doc:"the counterpart is meant although it is archived"`
}

type linkBody struct {
	Pairs  []pairBody `json:"pairs" needed:"yes" doc:"at most 100"`
	Reason string     `json:"reason" doc:"kept with the decision"`
	DryRun bool       `json:"dry_run" doc:"say what would become of each, and store nothing"`
}

type unlinkBody struct {
	Pairs   []pairBody `json:"pairs" needed:"yes" doc:"at most 100; either record alone is enough"`
	Reason  string     `json:"reason" doc:"kept with the decision"`
	Rematch bool       `json:"rematch" doc:"have each looked at again at once, as if it were new"`
	DryRun  bool       `json:"dry_run" doc:"say what would become of each, and store nothing"`
}

type ignoreBody struct {
	Ref     string `json:"ref" needed:"yes" doc:"a record of the side that a mapping reads, or the counterpart of one"`
	Mapping string `json:"mapping" doc:"only in this mapping's place; default in all of them"`
	Reason  string `json:"reason" doc:"kept with the decision"`
}

// PairRow is what became of one pair. Status is linked, unlinked, ignored, restored, already, would_link, would_unlink or
// refused.
type PairRow struct {
	Row        int    `json:"row"` // in the list that was sent, from 1
	A          string `json:"a"`
	B          string `json:"b,omitempty"`
	Mapping    string `json:"mapping,omitempty"`
	Status     string `json:"status"`
	Why        string `json:"why,omitempty"`
	Fix        string `json:"fix,omitempty"`
	Difference string `json:"difference,omitempty"` // of a document and its deal, which are linked all the same
}

// PairRows is what link, unlink, ignore and unignore answer, a row for each pair in its order.
type PairRows struct {
	Rows    []PairRow `json:"rows"`
	Refused int       `json:"refused"`
}

func (a *api) link(r *http.Request) (any, error) {
	var body linkBody
	if err := read(r, &body); err != nil {
		return nil, err
	}
	return a.eachPair(body.Pairs, true, body.DryRun, func(pairs []engine.Pair) ([]engine.PairResult, error) {
		return a.Engine.LinkAll(r.Context(), pairs, actorOf(r.Context()), body.Reason, body.DryRun)
	})
}

func (a *api) unlink(r *http.Request) (any, error) {
	var body unlinkBody
	if err := read(r, &body); err != nil {
		return nil, err
	}
	return a.eachPair(body.Pairs, false, body.DryRun, func(pairs []engine.Pair) ([]engine.PairResult, error) {
		return a.Engine.UnlinkAll(r.Context(), pairs, actorOf(r.Context()), body.Reason, body.Rematch, body.DryRun)
	})
}

// eachPair hands the pairs that can be read to do, and answers each row by itself: one that cannot be read stops no other.
// A refusal of the only pair there is answers the request.
func (a *api) eachPair(pairs []pairBody, both, dry bool, do func([]engine.Pair) ([]engine.PairResult, error)) (any, error) {
	switch {
	case len(pairs) == 0:
		return nil, badRequest("pairs", "there is no pair", "give at least one")
	case len(pairs) > MaxPairs:
		return nil, badRequest("pairs", "these are too many pairs for one request", fmt.Sprintf("send at most %d", MaxPairs))
	case len(pairs) == 1:
		if _, field, problem := pairOf(pairs[0], both); problem != "" {
			return nil, badRequest("pairs[0]."+field, problem, writeRef)
		}
	}
	out := PairRows{Rows: make([]PairRow, len(pairs))}
	var good []engine.Pair
	var places []int
	for n, p := range pairs {
		out.Rows[n] = PairRow{Row: n + 1, A: bounded(p.A), B: bounded(p.B), Mapping: bounded(p.Mapping)}
		pair, field, problem := pairOf(p, both)
		if problem != "" {
			out.Rows[n].Status, out.Rows[n].Why, out.Rows[n].Fix = engine.PairRefused, field+": "+problem, writeRef
			continue
		}
		good, places = append(good, pair), append(places, n)
	}
	if len(good) > 0 {
		results, err := do(good)
		if err != nil {
			return nil, err
		}
		if len(pairs) == 1 && !dry && results[0].Err() != nil {
			return nil, results[0].Err()
		}
		for n, res := range results {
			out.Rows[places[n]] = rowOfPair(places[n]+1, res)
		}
	}
	for _, row := range out.Rows {
		if row.Status == engine.PairRefused {
			out.Refused++
		}
	}
	return out, nil
}

const writeRef = "write connection:object/id, for example hubspot:deals/9876543210"

// pairOf reads one pair; problem says what is wrong with which field.
func pairOf(p pairBody, both bool) (pair engine.Pair, field, problem string) {
	pair = engine.Pair{Mapping: strings.TrimSpace(p.Mapping), Archived: p.Archived}
	for _, side := range []struct {
		field, text string
		to          *record.Ref
		needed      bool
	}{{"a", p.A, &pair.A, true}, {"b", p.B, &pair.B, both}} {
		text := strings.TrimSpace(side.text)
		if text == "" && !side.needed {
			continue
		}
		ref, err := record.ParseRef(text)
		if err != nil || len(text) > maxRef {
			return pair, side.field, "this is no address of a record"
		}
		*side.to = ref
	}
	return pair, "", ""
}

// maxRef bounds an address of a record, in bytes: the store's keys hold no longer ones.
const maxRef = 512

// bounded keeps what is repeated to a caller short.
func bounded(text string) string {
	if len(text) > maxRef {
		return strings.ToValidUTF8(text[:maxRef], "") + "..."
	}
	return text
}

func rowOfPair(n int, r engine.PairResult) PairRow {
	return PairRow{Row: n, A: r.A.String(), B: r.B.String(), Mapping: r.Mapping, Status: r.Status, Why: r.Why, Fix: r.Fix, Difference: r.Difference}
}

func (a *api) ignore(r *http.Request) (any, error)   { return a.aside(r, a.Engine.Ignore) }
func (a *api) unignore(r *http.Request) (any, error) { return a.aside(r, a.Engine.Unignore) }

func (a *api) aside(r *http.Request, do func(ctx context.Context, ref record.Ref, mapping, actor, reason string) ([]engine.PairResult, error)) (any, error) {
	var body ignoreBody
	if err := read(r, &body); err != nil {
		return nil, err
	}
	ref, err := refIn("ref", body.Ref)
	if err != nil {
		return nil, err
	}
	results, err := do(r.Context(), ref, body.Mapping, actorOf(r.Context()), body.Reason)
	if err != nil {
		return nil, err
	}
	out := PairRows{Rows: []PairRow{}}
	for n, res := range results {
		out.Rows = append(out.Rows, rowOfPair(n+1, res))
	}
	return out, nil
}

// Link is what is kept about one record: its counterpart, or what stands in its way.
type Link struct {
	Ref       string     `json:"ref"`
	URL       string     `json:"url,omitempty"`
	State     link.State `json:"state"`
	Target    string     `json:"target,omitempty"`
	TargetURL string     `json:"target_url,omitempty"`
	Mapping   string     `json:"mapping,omitempty"`
	Version   int        `json:"version,omitempty"`
	Category  string     `json:"category,omitempty"`
	Reason    string     `json:"reason,omitempty"`
	Hand      *Hand      `json:"by_hand,omitempty"` // what a person last did to it
	Ignored   *Hand      `json:"ignored,omitempty"`
}

// Hand is what a person did, and why.
type Hand struct {
	Did   string    `json:"did"` // linked, unlinked, released, ignored
	Actor string    `json:"actor,omitempty"`
	At    time.Time `json:"at"`
	Why   string    `json:"why,omitempty"`
	Was   string    `json:"was,omitempty"` // of unlinked: its counterpart then
}

// Links is a part of the links. A part may be short, or empty, and have a Next all the same: go on while there is one.
type Links struct {
	Links []Link `json:"links"`
	Next  string `json:"next,omitempty"`
}

// linkStates are the words for ?state=.
var linkStates = []string{string(link.Linked), string(link.Held), string(link.Skipped), string(link.Claimed), string(link.Alias), string(link.MovedTo), string(link.Tombstone), "ignored"}

func (a *api) links(r *http.Request) (any, error) {
	query := r.URL.Query()
	limit, err := queryNumber(r, "limit", 100, engine.MaxLinks)
	if err != nil {
		return nil, err
	}
	q := engine.LinkQuery{Mapping: query.Get("mapping"), State: query.Get("state"), After: query.Get("after"), Limit: limit}
	if q.State != "" && !contains(linkStates, q.State) {
		return nil, badRequest("state", "there is no such state", "write one of "+strings.Join(linkStates, ", "))
	}
	page, err := a.Engine.Links(r.Context(), q)
	if err != nil {
		return nil, err
	}
	out := Links{Links: []Link{}, Next: page.Next}
	for _, l := range page.Links {
		out.Links = append(out.Links, a.linkOf(l))
	}
	return out, nil
}

func contains(list []string, text string) bool {
	for _, one := range list {
		if one == text {
			return true
		}
	}
	return false
}

func (a *api) linkOf(l link.Link) Link {
	out := Link{Ref: l.A.String(), URL: a.url(l.A), State: l.State, Mapping: l.Mapping, Version: l.Version, Hand: handOf(l.Hand)}
	if !l.B.IsZero() {
		out.Target, out.TargetURL = l.B.String(), a.url(l.B)
	}
	out.Category, out.Reason = reasonOf(l.Reason)
	if g := l.Ignored; g != nil {
		out.Ignored = &Hand{Did: "ignored", Actor: g.Actor, At: g.At, Why: g.Why}
	}
	return out
}

func handOf(h *link.Hand) *Hand {
	if h == nil {
		return nil
	}
	return &Hand{Did: h.Did, Actor: h.Actor, At: h.At, Why: h.Why, Was: h.B.String()}
}

// Record is a record with its counterpart, both as they read now, and what is known of them.
type Record struct {
	Why
	Hand        *Hand `json:"by_hand,omitempty"`
	Ignored     *Hand `json:"ignored,omitempty"`
	Source      *Side `json:"source,omitempty"`
	Counterpart *Side `json:"counterpart,omitempty"`
}

// Side is one record as it reads now. State is found, moved, gone, unreadable or unanswered; the rest is there when found.
type Side struct {
	Ref      string                    `json:"ref"`
	URL      string                    `json:"url,omitempty"`
	State    string                    `json:"state"`
	MovedTo  string                    `json:"moved_to,omitempty"`
	Note     string                    `json:"note,omitempty"`
	Archived bool                      `json:"archived,omitempty"`
	Modified *time.Time                `json:"modified,omitempty"`
	Fields   map[string]record.Value   `json:"fields,omitempty"`
	Related  []record.Ref              `json:"related,omitempty"`
	Lines    []map[string]record.Value `json:"lines,omitempty"`
}

func (a *api) record(r *http.Request) (any, error) {
	ref, err := refIn("ref", r.URL.Query().Get("ref"))
	if err != nil {
		return nil, err
	}
	views, err := a.Engine.Record(r.Context(), ref)
	if err != nil {
		return nil, err
	}
	if len(views) == 0 {
		p := problemOf(&engine.NotFoundError{What: "record", Name: ref.String()})
		p.Detail = "no mapping joins records of this kind"
		p.Fix = "crosswalk status lists the mappings"
		return nil, p
	}
	out := []Record{}
	for _, v := range views {
		l := a.linkOf(v.Link)
		w := whyOf(v.Explanation, "")
		out = append(out, Record{Why: w, Hand: l.Hand, Ignored: l.Ignored, Source: a.side(v.A), Counterpart: a.side(v.B)})
	}
	return map[string][]Record{"records": out}, nil
}

func (a *api) side(s *engine.Sight) *Side {
	if s == nil {
		return nil
	}
	out := &Side{Ref: s.Ref.String(), URL: a.url(s.Ref), State: string(s.State), MovedTo: s.To.String(), Note: s.Note}
	if r := s.Record; r != nil {
		out.Archived, out.Modified, out.Fields = r.Archived, moment(r.Modified), r.Fields
		for _, rel := range r.Related {
			out.Related = append(out.Related, rel.Ref)
		}
		for _, c := range r.Children {
			out.Lines = append(out.Lines, c.Fields)
		}
	}
	return out
}

// Review is a held record that a person must choose for.
type Review struct {
	Category   string                  `json:"category"`
	Mapping    string                  `json:"mapping"`
	Ref        string                  `json:"ref"`
	URL        string                  `json:"url,omitempty"`
	Text       string                  `json:"text"`
	Since      time.Time               `json:"since"`
	Shows      map[string]record.Value `json:"shows,omitempty"` // fields that the mapping matches by, as they read now
	Candidates []Candidate             `json:"candidates"`
}

// Candidate may be the right counterpart.
type Candidate struct {
	Ref      string                  `json:"ref"`
	URL      string                  `json:"url,omitempty"`
	State    string                  `json:"state,omitempty"` // found, gone ...; "" when it was not read
	Archived bool                    `json:"archived,omitempty"`
	LinkedTo string                  `json:"linked_to,omitempty"` // who has it now
	Shows    map[string]record.Value `json:"shows,omitempty"`
	Command  string                  `json:"command"` // that chooses it
}

// Reviews is a part of the list; Total is how long it is.
type Reviews struct {
	Reviews []Review `json:"reviews"`
	Total   int      `json:"total"`
	Next    int      `json:"next,omitempty"`
}

func (a *api) reviews(r *http.Request) (any, error) {
	query := r.URL.Query()
	if err := knownCategory(query.Get("category")); err != nil {
		return nil, err
	}
	from, limit, err := part(r, engine.MaxReviews)
	if err != nil {
		return nil, err
	}
	limit = min(limit, engine.MaxReviews)
	list, total, err := a.Engine.Reviews(r.Context(), query.Get("mapping"), query.Get("category"), from, limit)
	if err != nil {
		return nil, err
	}
	out := Reviews{Reviews: []Review{}, Total: total}
	if from+len(list) < total && len(list) > 0 {
		out.Next = from + len(list)
	}
	for _, v := range list {
		one := Review{Category: v.Category, Mapping: v.Mapping, Ref: v.Ref.String(), URL: a.url(v.Ref), Text: v.Text, Since: v.First, Shows: v.Shows, Candidates: []Candidate{}}
		for _, c := range v.Candidates {
			cand := Candidate{Ref: c.Ref.String(), URL: a.url(c.Ref), State: string(c.State), Archived: c.Archived, Shows: c.Shows, Command: "crosswalk link " + v.Ref.String() + " " + c.Ref.String()}
			if !c.LinkedTo.IsZero() {
				cand.LinkedTo = c.LinkedTo.String()
			}
			one.Candidates = append(one.Candidates, cand)
		}
		out.Reviews = append(out.Reviews, one)
	}
	return out, nil
}
