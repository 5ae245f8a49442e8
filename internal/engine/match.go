package engine

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/engine/table"
	"crosswalk/internal/link"
	"crosswalk/internal/mapping"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
)

// matchEntry is what is kept under one match key: which records have that canonical value, and who is about to create one
// with it (A8). It is a hint: every hit is read and compared before it is believed.
type matchEntry struct {
	Refs  []record.Ref `json:"refs,omitempty"`
	Many  bool         `json:"many,omitempty"`
	Claim *matchClaim  `json:"claim,omitempty"`
}

// matchClaim names the source that is about to create a record with the value. It stays when that is done: from then on it
// stands for the record that the source is linked to, or was (claimed), so that the feed need not write it down once more.
type matchClaim struct {
	A     record.Ref `json:"a"`
	Until time.Time  `json:"until"`
	Slot  string     `json:"slot,omitempty"` // "" in claims of before: they stand for nothing
}

// maxMatchRefs is how many records one key remembers; more are "many", and many is always a person's question.
const maxMatchRefs = 5

func ruleName(r mapping.MatchRule) string { return r.B + "~" + r.Compare }

// sourceKey is a record's canonical value by a rule, "" for none.
func (e *Engine) sourceKey(i *item, r mapping.MatchRule, env plan.Env) string {
	return e.sourceKeyAs(i, i.ref, r, env)
}

// sourceKeyAs is what the value would be under an address that the record had before.
func (e *Engine) sourceKeyAs(i *item, as record.Ref, r mapping.MatchRule, env plan.Env) string {
	texts := make([]string, len(r.A))
	for n, name := range r.A {
		if name == "id" {
			texts[n] = as.ID
			continue
		}
		texts[n] = i.source.Field(name).Text()
	}
	text := strings.Join(texts, " ")
	if strings.TrimSpace(text) == "" {
		return ""
	}
	if r.Transform != "" {
		out, err := e.Tools.Transform(r.Transform, texts, env)
		if err != nil {
			return ""
		}
		text = out
	}
	return e.Tools.Canonical(r.Compare, text)
}

// match finds, for items that are not linked, the record they are the counterpart of: the keys in the store, brought up
// to date by one read of the target's feed, then the records themselves.
func (e *Engine) match(ctx context.Context, b *batch, items []*item) {
	var open []*item
	for _, i := range items {
		if i.link.State != link.Linked && i.link.State != link.Claimed {
			open = append(open, i)
		}
	}
	for _, i := range open {
		i.makerFirst()
	}
	e.matchBy(ctx, b, open)
	e.matchElsewhere(ctx, b, open)
}

// matchBy finds counterparts by the rules of the items' mappings, in one batch for each object that they lead to.
func (e *Engine) matchBy(ctx context.Context, b *batch, items []*item) {
	targets := map[[2]string][]*item{}
	for _, i := range items {
		if len(i.m.Match) > 0 {
			o := [2]string{i.m.ConnB, i.m.B.Object}
			targets[o] = append(targets[o], i)
		}
	}
	for _, o := range sortedKeys(targets) {
		if err := e.catchUp(ctx, b.set, o[0], o[1], b.shown()); err != nil {
			e.fail(ctx, targets[o], o[0], err)
			continue
		}
		found, err := e.matchObject(ctx, b, o[0], o[1], targets[o])
		if err != nil {
			e.fail(ctx, targets[o], o[0], err)
			continue
		}
		twins, err := e.ownTwins(ctx, b, found)
		if err != nil {
			e.fail(ctx, targets[o], o[0], err)
			continue
		}
		for _, i := range targets[o] {
			f, ok := found[i]
			if ok && f.by != nil {
				i.m = f.by
			}
			moved, err := e.followed(ctx, b, i, f.hits)
			switch {
			case err != nil:
				e.fail(ctx, []*item{i}, o[0], err)
			case moved:
			case ok && f.rule.OnHit == "hold" && i.mayBeFoundElsewhere():
				if i.weak == nil { // a name is no more than a hint: what its contacts say is asked first
					f.by = i.m
					i.weak = &f
				}
			case ok && !f.wait.IsZero():
				i.end(Result{End: Later, Until: f.wait})
			case len(twins[i]) > 0:
				e.holdTwin(ctx, b, i, f, twins[i])
			case ok:
				e.takeHits(ctx, b, i, f.rule, f.hits, f.many)
			}
		}
	}
}

// finding is what the rules say of an item: the records that the first rule with a hit found, or until when to wait for another source
// that is about to create one.
type finding struct {
	rule mapping.MatchRule
	hits []*record.Record
	many bool
	wait time.Time
	by   *Active // whose rule it was, of one that is kept for later, and of one whose record is another mapping's of the place
}

func sortedKeys[V any](m map[[2]string]V) [][2]string {
	var keys [][2]string
	for k := range m {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b [2]string) int { return strings.Compare(a[0]+"/"+a[1], b[0]+"/"+b[1]) })
	return keys
}

// matchObject finds what the rules of items say of one object of their target; nothing is done about it yet.
func (e *Engine) matchObject(ctx context.Context, b *batch, conn, object string, items []*item) (map[*item]finding, error) {
	asks, entries, err := e.matchAsks(ctx, b, conn, object, items)
	if err != nil {
		return nil, err
	}
	refs, err := e.indexedRefs(ctx, conn, object, entries)
	if err != nil {
		return nil, err
	}
	became, err := e.becameOf(ctx, b, conn, asks)
	if err != nil {
		return nil, err
	}
	var ids, fields []string
	fromPages := true
	for _, a := range asks {
		fromPages = fromPages && a.item.m.linksOnly()
		if a.canonical == "" {
			continue
		}
		if a.rule.B == "id" { // the record names its counterpart by its address, or by one that it had before
			id := a.canonical
			if a.before != "" {
				id = ""
				if to := became[record.Ref{Connection: conn, Object: a.before, ID: a.canonical}].To; to.Connection == conn && to.Object == object {
					id = to.ID
				}
			}
			if id == "" {
				continue
			}
			refs[a.key] = []record.Ref{{Connection: conn, Object: object, ID: id}}
			ids, fields = append(ids, id), append(fields, a.item.m.wantedB...)
			continue
		}
		if a.item.entries == nil {
			a.item.entries = map[table.Key]stored[matchEntry]{}
		}
		a.item.entries[a.key] = entries[a.key]
		for _, ref := range refs[a.key] {
			ids = append(ids, ref.ID)
		}
		fields = append(fields, a.rule.B)
		fields = append(fields, a.item.m.wantedB...)
	}
	fields = distinct(fields)
	records, err := e.possible(ctx, b, conn, object, distinct(ids), fields, fromPages)
	if err != nil {
		return nil, err
	}
	siblings, err := e.underParents(ctx, b, conn, object, asks, entries, fields)
	if err != nil {
		return nil, err
	}
	found := map[*item]finding{}
	for _, a := range asks {
		if _, decided := found[a.item]; decided {
			continue
		}
		if r := a.still(became); r != nil {
			a.item.looked(a.by, a.rule, []*record.Record{r}, "")
			found[a.item] = finding{rule: a.rule, hits: []*record.Record{r}, by: a.by}
			continue
		}
		entry := entries[a.key].Value
		under, asked := siblings[a.item]
		named := refs[a.key]
		if entry.Many && asked { // the index has too many to keep; its parent's children are all there are
			named = nil
		}
		var may []*record.Record
		for n := range under {
			may = append(may, &under[n])
		}
		for _, ref := range named {
			may = append(may, records[ref.ID])
		}
		if f, over := e.judgeAsk(b, a, entry, may, entry.Many && !asked); over {
			found[a.item] = f
		}
	}
	return found, nil
}

// matchAsks lists what each rule of each item asks of the index, in the order of the rules, and gives what the index has of it.
func (e *Engine) matchAsks(ctx context.Context, b *batch, conn, object string, items []*item) ([]matchAsk, map[table.Key]stored[matchEntry], error) {
	var asks []matchAsk
	var keys []table.Key
	for _, i := range items {
		account, err := e.account(ctx, i.m.ConnA)
		if err != nil {
			return nil, nil, err
		}
		for _, a := range e.asksOf(b, i, plan.Env{TimeZone: account.TimeZone, Currency: account.Currency}) {
			a.key = e.matchKey(conn, object, ruleName(a.rule), a.canonical)
			asks = append(asks, a)
			if a.rule.B != "id" && a.canonical != "" {
				keys = append(keys, a.key)
			}
		}
	}
	entries, err := getItems[matchEntry](ctx, e.Table, keys)
	return asks, entries, err
}

// indexedRefs gives the records of an object that the index names under each key, those included whose creates are under way.
func (e *Engine) indexedRefs(ctx context.Context, conn, object string, entries map[table.Key]stored[matchEntry]) (map[table.Key][]record.Ref, error) {
	claimed, err := e.claimed(ctx, entries)
	if err != nil {
		return nil, err
	}
	refs := map[table.Key][]record.Ref{}
	for k, entry := range entries {
		refs[k] = entry.Value.Refs
		for _, ref := range claimed[k] {
			if ref.Connection == conn && ref.Object == object && !slices.Contains(refs[k], ref) {
				refs[k] = append(slices.Clip(refs[k]), ref)
			}
		}
	}
	return refs, nil
}

// possible reads the records that may match: from the pages that a run showed where they may be used, the others from their system. What is
// gone is not in the answer; a record that could not be read is an error.
func (e *Engine) possible(ctx context.Context, b *batch, conn, object string, ids, fields []string, fromPages bool) (map[string]*record.Record, error) {
	records := map[string]*record.Record{}
	if fromPages {
		records = b.shown().records(conn, object, ids, fields, e.SendWithin)
		for _, r := range records {
			b.erased.strip(r)
		}
	}
	ids = slices.DeleteFunc(ids, func(id string) bool { return records[id] != nil })
	if len(ids) == 0 {
		return records, nil
	}
	reads, err := e.Connections[conn].Read(ctx, connector.ReadRequest{Object: object, IDs: ids, Fields: fields})
	if err != nil {
		return nil, err
	}
	for n, r := range reads {
		switch {
		case r.State == record.Found:
			b.erased.strip(r.Record)
			records[ids[n]] = r.Record
		case r.State == record.Unanswered || r.State == record.NoRight:
			return nil, errOr(r.Err, "a possible match could not be read")
		}
	}
	return records, nil
}

// fits tells whether a record that the index named is one that the rule means: the index may be older than the record.
func (e *Engine) fits(a matchAsk, r *record.Record) bool {
	rule := a.rule
	return r != nil && (rule.B == "id" || e.Tools.Canonical(rule.Compare, r.Field(rule.B).Text()) == a.canonical) && a.item.belongs(r)
}

// judgeAsk says what one rule found for its item among those that may match, and notes it for the trace. many is an index that has too many
// of them to keep. over is false where the next rule is to be asked.
func (e *Engine) judgeAsk(b *batch, a matchAsk, entry matchEntry, may []*record.Record, many bool) (f finding, over bool) {
	i, rule := a.item, a.rule
	if a.canonical == "" {
		if a.by == i.m {
			i.looked(a.by, rule, nil, sawBlank)
		}
		return finding{}, false
	}
	hits := slices.DeleteFunc(may, func(r *record.Record) bool { return !e.fits(a, r) })
	if many || len(hits) > 0 {
		i.looked(a.by, rule, hits, saw(many))
		return finding{rule: rule, hits: hits, many: many}, true
	}
	if c := entry.Claim; c != nil && c.A != i.ref && c.Until.After(time.Now()) && !b.preview {
		i.looked(a.by, rule, nil, sawClaim)
		return finding{rule: rule, wait: minTime(c.Until, time.Now().Add(contentionPause))}, true
	}
	i.looked(a.by, rule, nil, "")
	return finding{}, false
}

// matchAsk is one rule of one item, with the record's canonical value by it, "" for none.
type matchAsk struct {
	item      *item
	rule      mapping.MatchRule
	by        *Active // whose rule it is: the item's mapping, or one of its place for records that become its own
	before    string  // of a rule by the address of such a record: the object that it was of
	canonical string
	key       table.Key
}

func minTime(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// takeHits: one hit links, several are held, a hit by a weak rule is held, an archived one is held and not revived.
func (e *Engine) takeHits(ctx context.Context, b *batch, i *item, rule mapping.MatchRule, hits []*record.Record, many bool) {
	refs := make([]string, len(hits))
	for n, h := range hits {
		refs[n] = h.Ref.String()
	}
	what := strings.Join(refs, ", ")
	switch {
	case many || len(hits) > 1:
		e.holdAmong(ctx, b, i, plan.SeveralHits, fmt.Sprintf("several records match by %s: %s. Link the right one", rule.B, what), hits)
	case rule.OnHit == "hold":
		e.holdAmong(ctx, b, i, plan.NameHit, fmt.Sprintf("%s matches by %s alone. Link it if it is the same, or make another field agree", what, rule.B), hits)
	case hits[0].Archived:
		e.holdAmong(ctx, b, i, plan.TargetArchived, fmt.Sprintf("it matches %s, which is archived. Activate it in billing, or link another", what), hits)
	default:
		i.hit = hits[0]
	}
}

// holdAmong holds an item for a person, who must choose among records.
func (e *Engine) holdAmong(ctx context.Context, b *batch, i *item, category, text string, hits []*record.Record) {
	r := &link.Reason{Category: category, Text: text}
	for _, h := range hits {
		r.Candidates = append(r.Candidates, h.Ref)
	}
	i.decision = plan.Decision{Kind: plan.Hold, Object: i.m.B.Object, Reason: r}
	e.settleReason(ctx, b, i)
}

func (e *Engine) holdReason(ctx context.Context, b *batch, i *item, category, text string) {
	i.decision = plan.Decision{Kind: plan.Hold, Object: i.m.B.Object, Reason: &link.Reason{Category: category, Text: text}}
	e.settleReason(ctx, b, i)
}

// matchRules are the rules by which records of an object are found, and the fields they need of it.
func (s *mappingSet) matchRules(conn, object string) (rules []mapping.MatchRule, fields []string) {
	add := func(a *Active) {
		if a == nil || a.ConnB != conn || a.B.Object != object {
			return
		}
		for _, r := range a.Match {
			if r.B != "id" && !slices.ContainsFunc(rules, func(q mapping.MatchRule) bool { return ruleName(q) == ruleName(r) }) {
				rules, fields = append(rules, r), append(fields, r.B)
			}
		}
	}
	for _, name := range s.names {
		add(s.byName[name])
		add(s.byName[name].home)
	}
	return rules, fields
}

// catchUp brings the match keys of a target object up to date: one call when nothing changed there. What its pages show is kept in
// shown too, for the candidates of this batch. Killed in between, a page is read again.
func (e *Engine) catchUp(ctx context.Context, set *mappingSet, conn, object string, shown *shownPages) error {
	rules, fields := set.matchRules(conn, object)
	if len(rules) == 0 {
		return nil
	}
	fields, carried := set.carried(conn, object, fields)
	if !carried {
		shown = nil
	}
	signature := strings.Join(distinct(mapSlice(rules, ruleName)), ",")
	got, err := getItem[feed](ctx, e.Table, keysFeedKey(conn, object))
	if err != nil {
		return err
	}
	state := got.Value
	if state.Index != signature {
		state = feed{Index: signature, Sight: state.Sight + 1} // other rules: every record must be looked at again
	}
	known := e.overlapOf(keysFeedKey(conn, object), &state)
	rev := got.Rev
	for pages := 0; ; pages++ {
		page, err := e.Connections[conn].Changes(ctx, connector.FeedRequest{Object: object, Cursor: state.Cursor, Fields: distinct(fields)})
		if err != nil {
			return &fromConnection{conn, err}
		}
		fresh, err := known.freshOf(ctx, page)
		if err != nil {
			return err
		}
		if err := e.addMatchKeys(ctx, conn, object, rules, fresh); err != nil {
			return err
		}
		shown.keep(page.Records)
		known.remember(page.Records, page.Unsure, !page.More)
		if err := known.shared(ctx); err != nil {
			return err
		}
		same := string(state.Cursor) == string(page.Cursor)
		state.Cursor, state.ReadAt = page.Cursor, time.Now()
		if same && !page.More {
			return nil
		}
		err = e.putOne(ctx, keysFeedKey(conn, object), state, table.IfRev(rev))
		switch {
		case lost(err):
			rev = 0 // somebody else keeps the cursor; ours goes on alone
			if now, err := getItem[feed](ctx, e.Table, keysFeedKey(conn, object)); err == nil {
				rev = now.Rev
			}
		case err != nil:
			return err
		default:
			rev++
		}
		if !page.More || pages > 10000 {
			return nil
		}
	}
}

func mapSlice[T, R any](list []T, f func(T) R) []R {
	out := make([]R, len(list))
	for n, v := range list {
		out[n] = f(v)
	}
	return out
}

// addMatchKeys adds records to the keys of their values.
func (e *Engine) addMatchKeys(ctx context.Context, conn, object string, rules []mapping.MatchRule, records []record.Record) error {
	add := map[table.Key][]record.Ref{}
	erased, err := e.erasedNow(ctx)
	if err != nil {
		return err
	}
	for n := range records {
		if erased.record(records[n].Ref) {
			continue
		}
		erased.strip(&records[n])
		for _, rule := range rules {
			v := records[n].Field(rule.B)
			if v.Blank() {
				continue
			}
			canonical := e.Tools.Canonical(rule.Compare, v.Text())
			if canonical == "" {
				continue
			}
			key := e.matchKey(conn, object, ruleName(rule), canonical)
			if !slices.Contains(add[key], records[n].Ref) {
				add[key] = append(add[key], records[n].Ref)
			}
		}
	}
	for tries := 0; len(add) > 0; tries++ {
		keys := make([]table.Key, 0, len(add))
		for k := range add {
			keys = append(keys, k)
		}
		slices.SortFunc(keys, func(a, b table.Key) int { return strings.Compare(a.PK, b.PK) })
		have, err := getItems[matchEntry](ctx, e.Table, keys)
		if err != nil {
			return err
		}
		claimed, err := e.claimed(ctx, lacking(have, add))
		if err != nil {
			return err
		}
		var puts []table.Put
		for _, k := range keys {
			entry := have[k].Value
			fresh := slices.DeleteFunc(slices.Clone(add[k]), func(ref record.Ref) bool { return slices.Contains(claimed[k], ref) })
			if !entry.add(fresh) {
				delete(add, k)
				continue
			}
			puts = append(puts, put(k, entry, e.token(), table.IfRev(have[k].Rev)))
		}
		for n, err := range e.Table.Put(ctx, puts) {
			switch {
			case err == nil:
				delete(add, puts[n].Key)
			case !lost(err) || tries > 20:
				return err
			}
		}
	}
	return nil
}

// lacking are the entries that do not have every record that is to be added.
func lacking(have map[table.Key]stored[matchEntry], add map[table.Key][]record.Ref) map[table.Key]stored[matchEntry] {
	out := map[table.Key]stored[matchEntry]{}
	for k, refs := range add {
		if slices.ContainsFunc(refs, func(ref record.Ref) bool { return !slices.Contains(have[k].Value.Refs, ref) }) {
			out[k] = have[k]
		}
	}
	return out
}

// claimed gives, by key, the records that claims stand for: what the claiming source is linked to, and what it was linked to
// before a person took that away. A source that was merged is followed.
func (e *Engine) claimed(ctx context.Context, entries map[table.Key]stored[matchEntry]) (map[table.Key][]record.Ref, error) {
	out := map[table.Key][]record.Ref{}
	at := map[table.Key]table.Key{} // where each entry's source is looked for
	for k, entry := range entries {
		if c := entry.Value.Claim; c != nil && c.Slot != "" {
			at[k] = e.linkKey(c.Slot, c.A)
		}
	}
	for depth := 0; len(at) > 0 && depth < maxDepth; depth++ {
		links, err := getItems[link.Link](ctx, e.Table, slices.SortedFunc(maps.Values(at), func(a, b table.Key) int { return strings.Compare(a.PK+a.SK, b.PK+b.SK) }))
		if err != nil {
			return nil, err
		}
		for k, key := range at {
			delete(at, k)
			l := links[key].Value
			out[k] = append(out[k], l.Former...)
			if !l.B.IsZero() {
				out[k] = append(out[k], l.B)
			}
			if l.State == link.MovedTo && !l.To.IsZero() {
				at[k] = e.linkKey(l.Slot, l.To)
			}
		}
	}
	return out, nil
}

// add notes refs; it tells whether anything changed.
func (m *matchEntry) add(refs []record.Ref) bool {
	changed := false
	for _, ref := range refs {
		if slices.Contains(m.Refs, ref) {
			continue
		}
		if len(m.Refs) >= maxMatchRefs {
			changed = changed || !m.Many
			m.Many = true
			continue
		}
		m.Refs = append(m.Refs, ref)
		changed = true
	}
	return changed
}

// claimKeys claims every match key of each item that is about to create, so that two sources of one value cannot both
// create, whichever of their keys they share (A8): lists may hide what another worker just made. An item one of whose keys
// another source holds waits.
func (e *Engine) claimKeys(ctx context.Context, b *batch, items []*item) {
	keysOf := map[*item][]table.Key{}
	taken := map[table.Key]*item{}
	var keys []table.Key
	for _, i := range items {
		mine, err := e.createKeys(ctx, i)
		switch {
		case err != nil:
			e.fail(ctx, []*item{i}, i.m.ConnA, err)
		case slices.ContainsFunc(mine, func(k table.Key) bool { return taken[k] != nil }):
			i.end(Result{End: Later, Until: time.Now().Add(contentionPause)})
		default:
			keysOf[i], keys = mine, append(keys, mine...)
			for _, k := range mine {
				taken[k] = i
			}
		}
	}
	have, claimed, err := e.entriesOf(ctx, items, keys)
	if err != nil {
		e.fail(ctx, items, "", err)
		return
	}
	var puts []table.Put
	var owners []*item
	for _, i := range items {
		if i.done() {
			continue
		}
		if held := heldBy(have, keysOf[i], i.ref); held != nil {
			i.end(Result{End: Later, Until: minTime(held.Until, time.Now().Add(contentionPause))})
			continue
		}
		for _, key := range keysOf[i] {
			entry := have[key].Value
			if c := entry.Claim; c != nil && c.A != i.ref {
				entry.add(claimed[key]) // what the claim that ends here stood for
			}
			entry.Claim = &matchClaim{A: i.ref, Until: time.Now().Add(e.ClaimFor), Slot: i.link.Slot}
			puts = append(puts, put(key, entry, e.token(), table.IfRev(have[key].Rev)))
			owners = append(owners, i)
		}
	}
	for n, err := range e.Table.Put(ctx, puts) {
		if err != nil {
			e.fail(ctx, []*item{owners[n]}, "", err)
		}
	}
}

// entriesOf gives the entries of keys as they were read when matches were looked for, which is as good as reading them now:
// they are put under a condition. It gives what their claims stand for too.
func (e *Engine) entriesOf(ctx context.Context, items []*item, keys []table.Key) (have map[table.Key]stored[matchEntry], claimed map[table.Key][]record.Ref, err error) {
	have = map[table.Key]stored[matchEntry]{}
	for _, i := range items {
		maps.Copy(have, i.entries)
	}
	missing := slices.DeleteFunc(slices.Clone(keys), func(k table.Key) bool { _, ok := have[k]; return ok })
	read, err := getItems[matchEntry](ctx, e.Table, missing)
	if err != nil {
		return nil, nil, err
	}
	maps.Copy(have, read)
	claimed, err = e.claimed(ctx, have)
	return have, claimed, err
}

// createKeys are the match keys of what an item would create.
func (e *Engine) createKeys(ctx context.Context, i *item) ([]table.Key, error) {
	var out []table.Key
	for _, r := range i.m.Match {
		if r.A[0] == "id" || r.B == "id" {
			continue // nobody else has it
		}
		account, err := e.account(ctx, i.m.ConnA)
		if err != nil {
			return nil, err
		}
		canonical := e.sourceKey(i, r, plan.Env{TimeZone: account.TimeZone, Currency: account.Currency})
		if canonical == "" {
			continue
		}
		out = append(out, e.matchKey(i.m.ConnB, i.m.B.Object, ruleName(r), canonical))
	}
	return unique(out), nil
}

// heldBy gives another source's live claim on one of the keys, if there is one.
func heldBy(have map[table.Key]stored[matchEntry], keys []table.Key, ref record.Ref) *matchClaim {
	for _, k := range keys {
		if c := have[k].Value.Claim; c != nil && c.A != ref && c.Until.After(time.Now()) {
			return c
		}
	}
	return nil
}
