package engine

import (
	"context"
	"slices"
	"strings"
	"time"

	"crosswalk/internal/engine/table"
	"crosswalk/internal/link"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
)

// What people are told of.
const (
	EventHeld       = "held"       // a record is held: somebody must mend or decide
	EventFailed     = "failed"     // a record failed, or a system refused it
	EventApproval   = "approval"   // somebody waits for an approval
	EventConnection = "connection" // lost, or its credential ends soon
	EventStop       = "stop"       // the brake or a start date stopped something
	EventDifference = "difference" // a reconciliation found something new
)

// events lists them in the order of a message: what keeps most from working comes first.
var events = []string{EventConnection, EventStop, EventFailed, EventHeld, EventApproval, EventDifference}

// Concern is something that people are told of and that is not a sync error of one record (those are told by themselves).
// It stands until it is lowered. It holds ids, categories and commands, never a name, an address or an amount.
type Concern struct {
	Event      string       `json:"event"`
	Mapping    string       `json:"mapping,omitempty"`
	Connection string       `json:"connection,omitempty"` // tells everybody whose mappings use it
	Plan       string       `json:"plan,omitempty"`
	Category   string       `json:"category"`
	Name       string       `json:"name"` // what it is about; unique within event and mapping
	Count      int          `json:"count,omitempty"`
	Refs       []record.Ref `json:"refs,omitempty"` // at most maxLinks are shown
	Command    string       `json:"command,omitempty"`
	First      time.Time    `json:"first"`
}

// passingFor is how long a passing concern stands.
const passingFor = 24 * time.Hour

// passing tells whether the end of a category is no news: it was news when it came, and stays as it is.
func passing(category string) bool { return category == plan.BeforeSince || category == newDifferences }

// newDifferences is what a reconciliation found that the one before it of the same month had not.
const newDifferences = "new_differences"

func concernKey(c Concern) table.Key {
	return table.Key{PK: "T#concern", SK: c.Event + "#" + c.Mapping + "#" + c.Name}
}

// Raise makes a concern stand; one that stands keeps its beginning. Nothing is kept where nobody is told.
func (e *Engine) Raise(ctx context.Context, c Concern) error {
	if e.Teller == nil {
		return nil
	}
	before, err := getItem[Concern](ctx, e.Table, concernKey(c))
	if err != nil {
		return err
	}
	if c.First = time.Now(); before.Rev != 0 {
		c.First = before.Value.First
		if c.Count > before.Value.Count {
			c.First = time.Now() // there is more of it
		} else if c.Count == before.Value.Count {
			return nil
		}
	}
	if passing(c.Category) {
		return e.Table.Put(ctx, []table.Put{expiring(put(concernKey(c), c, e.token(), table.Condition{}), time.Now().Add(passingFor))})[0]
	}
	return e.putOne(ctx, concernKey(c), c, table.Condition{})
}

// Lower ends a concern; one that does not stand is no error.
func (e *Engine) Lower(ctx context.Context, event, mapping, name string) error {
	if e.Teller == nil {
		return nil
	}
	key := concernKey(Concern{Event: event, Mapping: mapping, Name: name})
	got, err := getItem[Concern](ctx, e.Table, key)
	if err != nil || got.Rev == 0 {
		return err
	}
	return e.Table.Put(ctx, []table.Put{{Key: key, Delete: true}})[0]
}

// lowerAll ends those of a mapping that which picks.
func (e *Engine) lowerAll(ctx context.Context, event, mapping string, which func(Concern) bool) error {
	var over []Concern
	err := list(ctx, e.Table, "T#concern", event+"#"+mapping+"#", func(_ table.Key, c Concern) bool {
		if which(c) {
			over = append(over, c)
		}
		return true
	})
	for _, c := range over {
		if err == nil {
			err = e.Lower(ctx, c.Event, c.Mapping, c.Name)
		}
	}
	return err
}

// Topic is one category of one mapping (or one connection) in a message.
type Topic struct {
	Event    string   `json:"event"`
	Mapping  string   `json:"mapping,omitempty"`
	Category string   `json:"category"`
	Count    int      `json:"count"`
	Fresh    int      `json:"fresh,omitempty"` // of these, since the message before
	Names    []string `json:"names,omitempty"` // refs, plans, versions, connections: at most maxLinks, newest first
	Links    []string `json:"links,omitempty"` // to vendors' pages of these
	Command  string   `json:"command"`

	connection string
	items      []topicItem
}

type topicItem struct {
	name, link string
	first      time.Time
	count      int
}

// maxLinks is how many records of a category a message names; the command shows the rest.
const maxLinks = 5

// topics is all that stands now, by event, mapping and category.
func (e *Engine) topics(ctx context.Context) ([]*Topic, int, error) {
	by := map[string]*Topic{}
	add := func(event, mapping, connection, category, command string, i topicItem) {
		id := event + "#" + mapping + "#" + connection + "#" + category
		if by[id] == nil {
			by[id] = &Topic{Event: event, Mapping: mapping, Category: category, Command: command, connection: connection}
		}
		by[id].items = append(by[id].items, i)
	}
	n := 0
	err := list(ctx, e.Table, "E", "", func(_ table.Key, s SyncError) bool {
		n++
		i := topicItem{first: s.First, count: 1}
		if !s.Ref.IsZero() {
			i.name, i.link = s.Ref.String(), e.url(s.Ref)
		}
		add(eventOf(s.Category), s.Mapping, "", s.Category, commandOf(s), i)
		return true
	})
	if err != nil {
		return nil, n, err
	}
	err = list(ctx, e.Table, "T#concern", "", func(_ table.Key, c Concern) bool {
		n++
		i := topicItem{name: c.Name, first: c.First, count: max(c.Count, 1)}
		if len(c.Refs) > 0 {
			i.link = e.url(c.Refs[0])
		}
		add(c.Event, c.Mapping, c.Connection, c.Category, c.Command, i)
		return true
	})
	if err != nil {
		return nil, n, err
	}
	var out []*Topic
	for _, id := range sortedNames(by) {
		out = append(out, by[id])
	}
	slices.SortStableFunc(out, func(x, y *Topic) int { return slices.Index(events, x.Event) - slices.Index(events, y.Event) })
	return out, n, nil
}

func (e *Engine) url(ref record.Ref) string {
	if c, ok := e.Connections[ref.Connection]; ok {
		return c.URL(ref)
	}
	return ""
}

// eventOf tells a record that waits for a decision from one that a system or we ourselves failed on.
func eventOf(category string) string {
	switch category {
	case plan.Brake:
		return EventStop
	case plan.Disconnected:
		return EventConnection
	case plan.Poison, plan.RefusedCall, plan.NoRights, plan.OpenFailed, plan.ScriptFailed, plan.IgnoredWrite, plan.TugOfWar, plan.AmountWrong:
		return EventFailed
	}
	return EventHeld
}

func commandOf(s SyncError) string {
	if s.Category == plan.Brake {
		return "crosswalk resume " + s.Mapping
	}
	return "crosswalk errors " + s.Category
}

// seen fills in counts and the newest names for a reader who was last told at a time.
func (t *Topic) seen(told time.Time) Topic {
	out := *t
	out.Count, out.Fresh, out.Names, out.Links = 0, 0, nil, nil
	items := slices.Clone(t.items)
	slices.SortStableFunc(items, func(x, y topicItem) int {
		if c := y.first.Compare(x.first); c != 0 {
			return c
		}
		return strings.Compare(x.name, y.name)
	})
	for _, i := range items {
		out.Count += i.count
		if i.first.After(told) {
			out.Fresh += i.count
		}
		if i.name != "" && len(out.Names) < maxLinks {
			out.Names = append(out.Names, i.name)
			if i.link != "" {
				out.Links = append(out.Links, i.link)
			}
		}
	}
	out.items = nil
	return out
}

// noteStop tells of a deal that was won, or came to us, outside any run and is not billed because of the start date (A2).
func (e *Engine) noteStop(ctx context.Context, i *item) error {
	if i.link.State != link.Skipped || i.link.Reason == nil || i.link.Reason.Category != plan.BeforeSince || i.task.Run != "" {
		return nil
	}
	return e.Raise(ctx, Concern{Event: EventStop, Mapping: i.m.Name, Category: plan.BeforeSince, Name: i.ref.String(), Refs: []record.Ref{i.ref},
		Command: "crosswalk why " + i.ref.String()})
}
