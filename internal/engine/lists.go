package engine

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/engine/lane"
	"crosswalk/internal/engine/table"
	"crosswalk/internal/mapping"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
)

// Filters may ask whether a record is on a list (in_list). No system dates who joins or leaves one, so each list that a running mapping
// names is read whole at a cadence of its own and compared with its members of the time before: who joined or left becomes a task. The
// members are kept in the store, with their age; whoever works a record looks there, and nobody reads the list for one record.

const (
	listEvery  = 15 * time.Minute // how often a list is read; a long one less often, so that it takes no more than a page in listPace
	listPace   = 5 * time.Second
	listPage   = 250
	listPart   = 12_000 // members in one item of the store
	listPrefix = "list:"
)

// list names a list of one object of one connection.
type listID struct{ connection, object, name string }

func (l listID) on() string { return "list/" + l.connection + "/" + l.object + "/" + l.name }
func (l listID) key() table.Key {
	return table.Key{PK: "N#" + l.connection + "/" + l.object, SK: l.name}
}
func (l listID) partKey(version, n int) table.Key {
	return table.Key{PK: l.key().PK + "#" + l.name, SK: fmt.Sprintf("%d#%04d", version%2, n)} // the version before stays, to compare with
}

// listHead is what is kept of a list beside its members.
type listHead struct {
	Version int       `json:"version"` // of the members; 0: it was never read
	Parts   int       `json:"parts"`
	Before  int       `json:"before"` // parts of the version before
	Count   int       `json:"count"`
	Told    bool      `json:"told"` // who joined or left became tasks
	At      time.Time `json:"at"`   // when it was last read
	Next    time.Time `json:"next"`
	Missing string    `json:"missing,omitempty"` // why it cannot be read for good
}

// listCache keeps members of lists by what the store says is their version.
type listCache struct {
	mu   sync.Mutex
	kept map[listID]keptList
	text map[string][]string // lists by expression
}

type keptList struct {
	version int
	members map[string]bool
}

// noListError is a list that is not there, or that our credential may not read.
type noListError struct {
	list listID
	text string
}

func (e *noListError) Error() string { return e.text }

// listsOf gives the lists that the expressions and hooks of one way of a mapping ask for: of the records it starts from.
func (e *Engine) listsOf(a *Active) []listID {
	var out []listID
	add := func(text string, kind mapping.ScriptKind) {
		for _, name := range e.listsIn(text, kind) {
			if id := (listID{a.ConnA, a.A.Object, name}); !slices.Contains(out, id) {
				out = append(out, id)
			}
		}
	}
	for _, text := range plan.Expressions(a.Mapping) {
		add(text, mapping.Expression)
	}
	for _, text := range []string{a.Hooks.BeforeCreate, a.Hooks.BeforeUpdate} {
		if text != "" {
			add(text, mapping.HookBlock)
		}
	}
	for _, text := range []string{a.Hooks.AfterLink, a.Hooks.AfterUpdate} {
		if text != "" {
			add(text, mapping.LinkBlock)
		}
	}
	return out
}

func (e *Engine) listsIn(text string, kind mapping.ScriptKind) []string {
	e.lists.mu.Lock()
	names, ok := e.lists.text[text]
	e.lists.mu.Unlock()
	if ok {
		return names
	}
	names = mapping.Lists(text, kind)
	e.lists.mu.Lock()
	defer e.lists.mu.Unlock()
	if e.lists.text == nil {
		e.lists.text = map[string][]string{}
	}
	e.lists.text[text] = names
	return names
}

// findLists says for each item of which of its mappings' lists its record is a member. An item whose list is not there waits for it.
func (e *Engine) findLists(ctx context.Context, items []*item) {
	got := map[listID]map[string]bool{}
	for _, i := range items {
		for _, a := range i.group {
			if err := e.listed(ctx, got, a, i.ref.ID, &i.lists); err != nil {
				e.waitForList(ctx, a, i, err)
				break
			}
		}
	}
}

// listed fills in, for one way of a mapping, whether a record is a member of its lists.
func (e *Engine) listed(ctx context.Context, got map[listID]map[string]bool, a *Active, id string, into *map[string]any) error {
	for _, l := range e.listsOf(a) {
		members, ok := got[l]
		if !ok {
			var err error
			if members, err = e.members(ctx, l); err != nil {
				return err
			}
			got[l] = members
		}
		if *into == nil {
			*into = map[string]any{}
		}
		(*into)[l.name] = members[id]
	}
	return nil
}

// waitForList ends an item whose filter cannot be asked.
func (e *Engine) waitForList(ctx context.Context, a *Active, i *item, err error) {
	var missing *noListError
	if !errors.As(err, &missing) {
		e.fail(ctx, []*item{i}, a.ConnA, err)
		return
	}
	if a.Head.Running != 0 {
		if err := e.noList(ctx, a, missing); err != nil {
			e.fail(ctx, []*item{i}, "", err)
			return
		}
	}
	i.m = a
	i.end(Result{End: Later, Until: time.Now().Add(heldPause), On: missing.list.on(), Err: missing})
}

// noList opens the one sync error of a list for a mapping.
func (e *Engine) noList(ctx context.Context, a *Active, missing *noListError) error {
	open, err := getItem[SyncError](ctx, e.Table, errorKey(plan.NoList, a.Name, record.Ref{}))
	if err != nil || open.Rev != 0 && open.Value.Text == missing.text {
		return err
	}
	return e.openError(ctx, plan.NoList, a.Name, record.Ref{}, record.Ref{}, missing.text)
}

// members gives a list's members as the store has them. One that was never read, or that no poll reads, is read here.
func (e *Engine) members(ctx context.Context, l listID) (map[string]bool, error) {
	got, err := getItem[listHead](ctx, e.Table, l.key())
	if err != nil {
		return nil, err
	}
	h := got.Value
	if h.Version == 0 && h.Missing == "" || time.Since(h.Next) > listEvery {
		if h, err = e.readList(ctx, l, got); err != nil {
			return nil, err
		}
	}
	if h.Missing != "" {
		return nil, &noListError{l, h.Missing}
	}
	return e.membersAt(ctx, l, h.Version, h.Parts)
}

// membersAt gives the members of a version.
func (e *Engine) membersAt(ctx context.Context, l listID, version, parts int) (map[string]bool, error) {
	e.lists.mu.Lock()
	kept, ok := e.lists.kept[l]
	e.lists.mu.Unlock()
	if ok && kept.version == version {
		return kept.members, nil
	}
	members, err := e.loadMembers(ctx, l, version, parts)
	if err == nil {
		e.keepList(l, version, members)
	}
	return members, err
}

func (e *Engine) loadMembers(ctx context.Context, l listID, version, parts int) (map[string]bool, error) {
	keys := make([]table.Key, parts)
	for n := range keys {
		keys[n] = l.partKey(version, n)
	}
	got, err := getItems[packedIDs](ctx, e.Table, keys)
	if err != nil {
		return nil, err
	}
	members := map[string]bool{}
	for _, key := range keys {
		ids, err := got[key].Value.unpack()
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			members[id] = true
		}
	}
	return members, nil
}

func (e *Engine) keepList(l listID, version int, members map[string]bool) {
	e.lists.mu.Lock()
	defer e.lists.mu.Unlock()
	if e.lists.kept == nil {
		e.lists.kept = map[listID]keptList{}
	}
	if e.lists.kept[l].version < version {
		e.lists.kept[l] = keptList{version, members}
	}
}

// readLists reads the lists that are due, of every mapping that runs.
func (e *Engine) readLists(ctx context.Context) error {
	set, err := e.bound(ctx)
	if err != nil {
		return err
	}
	users := map[listID][]*Active{}
	var order []listID
	for _, name := range set.names {
		a := set.byName[name]
		if !a.works(true) {
			continue
		}
		for _, way := range a.ways() {
			for _, l := range e.listsOf(way) {
				if users[l] == nil {
					order = append(order, l)
				}
				users[l] = append(users[l], a)
			}
		}
	}
	if len(order) == 0 {
		return nil
	}
	heads, err := getItems[listHead](ctx, e.Table, mapSlice(order, listID.key))
	if err != nil {
		return err
	}
	var errs []error
	for _, l := range order {
		got := heads[l.key()]
		if time.Now().Before(got.Value.Next) {
			continue
		}
		h, err := e.readList(ctx, l, got)
		if err == nil {
			err = e.tellList(ctx, l, h, users[l])
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("list %s: %w", l.name, err))
		}
	}
	return errors.Join(errs...)
}

// tellList opens, or closes, the sync errors of a list's mappings.
func (e *Engine) tellList(ctx context.Context, l listID, h listHead, users []*Active) error {
	for _, a := range users {
		if h.Missing != "" {
			if err := e.noList(ctx, a, &noListError{l, h.Missing}); err != nil {
				return err
			}
			continue
		}
		open, err := getItem[SyncError](ctx, e.Table, errorKey(plan.NoList, a.Name, record.Ref{}))
		if err != nil {
			return err
		}
		if open.Rev == 0 {
			continue
		}
		if still, err := e.otherListMissing(ctx, a, l); err != nil || still {
			return err
		}
		if err := e.closeError(ctx, plan.NoList, a.Name, record.Ref{}); err != nil {
			return err
		}
		if err := e.wake(ctx, l.on()); err != nil {
			return err
		}
	}
	return nil
}

// otherListMissing tells whether another list of the mapping is not there.
func (e *Engine) otherListMissing(ctx context.Context, a *Active, not listID) (bool, error) {
	var keys []table.Key
	for _, way := range a.ways() {
		for _, l := range e.listsOf(way) {
			if l != not {
				keys = append(keys, l.key())
			}
		}
	}
	heads, err := getItems[listHead](ctx, e.Table, keys)
	for _, h := range heads {
		if h.Value.Missing != "" {
			return true, err
		}
	}
	return false, err
}

// readList reads a list, keeps its members and has who joined or left looked at. Killed anywhere, the next reading goes on: the version
// before is kept until everybody was told.
func (e *Engine) readList(ctx context.Context, l listID, got stored[listHead]) (listHead, error) {
	h := got.Value
	lease := h
	lease.Next = time.Now().Add(feedLease)
	if err := e.putOne(ctx, l.key(), lease, table.IfRev(got.Rev)); err != nil {
		if lost(err) && h.Version > 0 {
			return h, nil // another reader has it
		}
		return h, err
	}
	rev := got.Rev + 1
	if h.Version > 0 && !h.Told {
		if err := e.tellMembers(ctx, l, h); err != nil {
			return h, err
		}
		h.Told = true
	}
	read, err := e.Connections[l.connection].Table(e.labelled(ctx, "", "list", false), listPrefix+l.name)
	ids, foreign := memberIDs(read.Rows, l.object)
	switch fault := connector.FaultOf(err); {
	case fault == connector.Missing, fault == connector.Forbidden, fault == connector.Invalid:
		h.Missing = fmt.Sprintf("in_list(%q): %s has no such list of %s that we may read: %v. Write it as it is called there, or its id, and give our credential the right to lists", l.name, l.connection, l.object, err)
	case err != nil:
		h.Next = meaning(time.Now(), l.connection, err).Until
		return h, errors.Join(&fromConnection{l.connection, err}, e.putOne(ctx, l.key(), h, table.IfRev(rev)))
	case foreign != "" && len(ids) == 0:
		h.Missing = fmt.Sprintf("in_list(%q): at %s that is a list of %s, and the mapping asks for %s", l.name, l.connection, foreign, l.object)
	default:
		h.Missing = ""
	}
	h.At, h.Next = time.Now(), time.Now().Add(max(listEvery, time.Duration(len(ids)/listPage)*listPace))
	if h.Missing != "" {
		return h, e.putOne(ctx, l.key(), h, table.IfRev(rev))
	}
	return e.keepMembers(ctx, l, h, rev, ids)
}

// memberIDs gives the members of one object, in order; foreign is an object of others among them.
func memberIDs(rows []connector.Row, object string) (ids []string, foreign string) {
	for _, r := range rows {
		if of := r.Attrs["object"]; of != "" && of != object {
			foreign = of
			continue
		}
		ids = append(ids, r.Key)
	}
	return distinct(ids), foreign
}

func (e *Engine) keepMembers(ctx context.Context, l listID, h listHead, rev int64, ids []string) (listHead, error) {
	if h.Version > 0 {
		before, err := e.membersAt(ctx, l, h.Version, h.Parts)
		if err != nil {
			return h, err
		}
		if len(before) == len(ids) && !slices.ContainsFunc(ids, func(id string) bool { return !before[id] }) {
			return h, e.putOne(ctx, l.key(), h, table.IfRev(rev))
		}
	}
	first := h.Version == 0
	h.Version, h.Before, h.Parts, h.Count, h.Told = h.Version+1, h.Parts, 0, len(ids), first // of the first reading nobody joined
	var puts []table.Put
	for part := range slices.Chunk(ids, listPart) {
		puts = append(puts, put(l.partKey(h.Version, h.Parts), packIDs(part), e.token(), table.Condition{}))
		h.Parts++
	}
	if err := firstError(e.Table.Put(ctx, puts)); err != nil {
		return h, err
	}
	if err := e.putOne(ctx, l.key(), h, table.IfRev(rev)); err != nil {
		return h, err
	}
	if h.Told {
		return h, nil
	}
	if err := e.tellMembers(ctx, l, h); err != nil {
		return h, err
	}
	h.Told = true
	return h, e.putOne(ctx, l.key(), h, table.IfRev(rev+1))
}

// tellMembers has everybody looked at who joined or left with the newest version.
func (e *Engine) tellMembers(ctx context.Context, l listID, h listHead) error {
	now, err := e.loadMembers(ctx, l, h.Version, h.Parts)
	if err != nil {
		return err
	}
	before, err := e.loadMembers(ctx, l, h.Version-1, h.Before)
	if err != nil {
		return err
	}
	var ids []string
	for id := range now {
		if !before[id] {
			ids = append(ids, id)
		}
	}
	for id := range before {
		if !now[id] {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	to := lane.Live
	if len(ids) > 100 {
		to = lane.Bulk
	}
	return e.Enqueue(ctx, to, mapSlice(ids, func(id string) Task {
		return Task{Ref: record.Ref{Connection: l.connection, Object: l.object, ID: id}, Cause: "list"}
	}))
}

// packedIDs holds ids: decimal numbers as what each is more than the one before (uvarint, base64 without padding), others as they are.
type packedIDs struct {
	Numbers string   `json:"numbers,omitempty"`
	Others  []string `json:"others,omitempty"`
}

func packIDs(ids []string) packedIDs {
	var numbers []uint64
	var p packedIDs
	for _, id := range ids {
		if n, err := strconv.ParseUint(id, 10, 64); err == nil && strconv.FormatUint(n, 10) == id {
			numbers = append(numbers, n)
		} else {
			p.Others = append(p.Others, id)
		}
	}
	slices.Sort(numbers)
	var packed []byte
	before := uint64(0)
	for _, n := range numbers {
		packed = binary.AppendUvarint(packed, n-before)
		before = n
	}
	p.Numbers = base64.RawURLEncoding.EncodeToString(packed)
	return p
}

func (p packedIDs) unpack() ([]string, error) {
	numbers, err := base64.RawURLEncoding.DecodeString(p.Numbers)
	if err != nil {
		return nil, fmt.Errorf("list: members: %w", err)
	}
	out, id := slices.Clone(p.Others), uint64(0)
	for len(numbers) > 0 {
		var more uint64
		if more, numbers, err = takeUvarint(numbers); err != nil {
			return nil, err
		}
		id += more
		out = append(out, strconv.FormatUint(id, 10))
	}
	return out, nil
}
