package engine

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"crosswalk/internal/engine/table"
)

// CallUse is how many calls were made to a connection for one mapping and cause. Mapping is "" for calls of several (a feed
// that they share) or of none (a connection test); Cause is webhook, poll, run, plan ... or "" for what a person asked.
type CallUse struct {
	Connection string    `json:"connection"`
	Mapping    string    `json:"mapping,omitempty"`
	Cause      string    `json:"cause,omitempty"`
	Hour       time.Time `json:"hour,omitzero"` // its beginning; of a sum: none
	Calls      int       `json:"calls"`
}

// Contact is when a connection last answered, and since when it refuses our credential (zero: it does not).
type Contact struct {
	Connection  string    `json:"connection"`
	LastSuccess time.Time `json:"lastSuccess,omitzero"`
	Dead        time.Time `json:"dead,omitzero"`
}

// Counted is what one process counted since it last told.
type Counted struct {
	Calls    []CallUse
	Contacts []Contact
}

// usageHours is how far back usage looks: the hour under way and the 23 before it.
const usageHours = 24

func usageKey(connection string, hour time.Time) table.Key {
	return table.Key{PK: "U#" + connection, SK: hour.UTC().Format("2006-01-02T15")}
}
func contactOf(connection string) table.Key {
	return table.Key{PK: "U", SK: "connection#" + connection}
}
func latelyOf(mapping string) table.Key { return table.Key{PK: "U", SK: "mapping#" + mapping} }
func (u CallUse) same(v CallUse) bool   { return u.Mapping == v.Mapping && u.Cause == v.Cause }
func startOf(hour time.Time) time.Time  { return hour.UTC().Truncate(time.Hour) }
func firstHour(now time.Time) time.Time { return startOf(now).Add(-(usageHours - 1) * time.Hour) }

// latelyCache keeps, until they are stored, when a mapping last worked a record to its end.
type latelyCache struct {
	mu      sync.Mutex
	success map[string]time.Time
}

func (c *latelyCache) note(mapping string, at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.success == nil {
		c.success = map[string]time.Time{}
	}
	c.success[mapping] = at
}

func (c *latelyCache) take() map[string]time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := c.success
	c.success = nil
	return out
}

// noteEnds remembers which mappings worked something to its end.
func (e *Engine) noteEnds(items []*item) {
	now := time.Now()
	for _, i := range items {
		if i.m != nil && i.result != nil && i.result.End == Done {
			e.lately.note(i.m.Name, now)
		}
	}
}

// NoteUsage adds what a process counted to the hours' tallies, so that a restart keeps them. Who calls this: the process,
// about once a minute and when it ends. Each tally is one small item an hour and connection.
func (e *Engine) NoteUsage(ctx context.Context, c Counted) error {
	byItem := map[table.Key][]CallUse{}
	var keys []table.Key
	hours := map[table.Key]time.Time{}
	for _, u := range c.Calls {
		key := usageKey(u.Connection, u.Hour)
		if byItem[key] == nil {
			keys = append(keys, key)
		}
		byItem[key], hours[key] = append(byItem[key], u), startOf(u.Hour)
	}
	for _, key := range keys {
		if err := e.addUsage(ctx, key, hours[key].Add((usageHours+1)*time.Hour), byItem[key]); err != nil {
			return err
		}
	}
	for _, contact := range c.Contacts {
		if _, err := change(ctx, e, contactOf(contact.Connection), func(kept *Contact, _ bool) bool { return kept.add(contact) }); err != nil {
			return err
		}
	}
	success := e.lately.take()
	for _, name := range sortedNames(success) {
		if _, err := change(ctx, e, latelyOf(name), func(kept *time.Time, _ bool) bool {
			newer := success[name].After(*kept)
			*kept = laterOf(*kept, success[name])
			return newer
		}); err != nil {
			return err
		}
	}
	return nil
}

func (e *Engine) addUsage(ctx context.Context, key table.Key, expires time.Time, uses []CallUse) error {
	for tries := 0; ; tries++ {
		got, err := getItem[[]CallUse](ctx, e.Table, key)
		if err != nil {
			return err
		}
		kept := got.Value
		for _, u := range uses {
			if n := slices.IndexFunc(kept, u.same); n >= 0 {
				kept[n].Calls += u.Calls
				continue
			}
			u.Hour = time.Time{} // the key says it
			kept = append(kept, u)
		}
		err = e.Table.Put(ctx, []table.Put{expiring(put(key, kept, e.token(), table.IfRev(got.Rev)), expires)})[0]
		if err == nil || !lost(err) || tries == 20 {
			return err
		}
	}
}

// add takes over what is newer; it tells whether anything is. A success after a refusal ends that.
func (c *Contact) add(d Contact) bool {
	before := *c
	c.Connection = d.Connection
	if d.LastSuccess.After(c.LastSuccess) {
		c.LastSuccess = d.LastSuccess
	}
	if !d.Dead.IsZero() && c.Dead.IsZero() {
		c.Dead = d.Dead
	}
	if c.LastSuccess.After(c.Dead) {
		c.Dead = time.Time{}
	}
	return *c != before
}

// Usage sums the calls of the last 24 hours, the one under way included, by connection, mapping and cause.
func (e *Engine) Usage(ctx context.Context) ([]CallUse, error) {
	var out []CallUse
	first := firstHour(time.Now()).Format("2006-01-02T15")
	for _, name := range sortedNames(e.Connections) {
		var sum []CallUse
		err := list(ctx, e.Table, usageKey(name, time.Now()).PK, "", func(k table.Key, uses []CallUse) bool {
			if k.SK < first {
				return true
			}
			for _, u := range uses {
				if n := slices.IndexFunc(sum, u.same); n >= 0 {
					sum[n].Calls += u.Calls
				} else {
					sum = append(sum, u)
				}
			}
			return true
		})
		if err != nil {
			return nil, err
		}
		slices.SortFunc(sum, func(a, b CallUse) int {
			return cmp.Or(cmp.Compare(b.Calls, a.Calls), cmp.Compare(a.Mapping, b.Mapping), cmp.Compare(a.Cause, b.Cause))
		})
		out = append(out, sum...)
	}
	return out, nil
}
