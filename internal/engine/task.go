package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/engine/lane"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
)

// Task says where to look, never what to write: this record, for the mappings that watch it. Everything that happens
// outside becomes one of these.
type Task struct {
	Ref      record.Ref `json:"ref"`
	Mapping  string     `json:"mapping,omitempty"` // only this mapping; "" = every active one of the object
	Cause    string     `json:"cause"`             // webhook, event, poll, run, retry, wake, watch, erase
	Run      string     `json:"run,omitempty"`
	Page     int        `json:"page,omitempty"`     // of the run: where its bit is set when it ends
	WonSince string     `json:"wonSince,omitempty"` // takes the place of the mapping's since, for a run that says so
	Plan     string     `json:"plan,omitempty"`     // saved plan to carry out
	Named    bool       `json:"named,omitempty"`    // a person named this record
	Pilot    bool       `json:"pilot,omitempty"`    // for mappings in pilot too
	Actor    string     `json:"actor,omitempty"`
	Needed   bool       `json:"needed,omitempty"`   // a document waits for this record's counterpart
	Released bool       `json:"released,omitempty"` // a person saw it waiting behind the brake and let it go on
	Stale    int        `json:"stale,omitempty"`    // how often only an old copy was read
	Seen     time.Time  `json:"seen,omitzero"`      // stamp that a feed showed: an older read of the ref is an old copy
	To       record.Ref `json:"to,omitzero"`        // of a merge: the surviving record, as the signal says
	// Read is the record as a poll has just read it (travel.go). It goes with the message and nowhere else: it is not kept with parked tasks.
	Read   *record.Record `json:"read,omitempty"`
	ReadAt time.Time      `json:"readAt,omitzero"`
}

// id is the same for two tasks that are the same work: parked tasks coalesce by it.
func (e *Engine) taskID(t Task) string {
	parts := []string{"task", t.Ref.String(), t.Mapping, t.Run, t.Plan}
	if t.Needed {
		parts = append(parts, "needed")
	}
	return e.mac(10, parts...)
}

// End is how a task ended.
type End string

const (
	Done  End = "done"
	Later End = "later" // parked until a time or until something it waits for
	Retry End = "retry" // not acknowledged: the queue brings it again
	Never End = "never" // a sync error; it is tried again only when the record changes or a person asks
)

// Result of one task.
type Result struct {
	End     End
	Until   time.Time // of Later, and of the others with On
	On      string    // of Later: what wakes it sooner; of Never: what may undo it; of Done: what is still to come
	Also    []string  // more of the same
	Err     error     // of Retry and Never, and why of Later
	Counts  Counts
	Needs   []plan.Need // what a waiting task needs: looked at once more after it was parked
	Missing []plan.Need // what one that ended went without, until it has a counterpart: likewise
	Stale   int         // how often an old copy was read, for the task's next try
	Needed  bool        // a document came to need this record meanwhile, for the task's next try
}

// Counts of what one task did at the systems, for runs and demos.
type Counts struct {
	Created int `json:"created,omitempty"`
	Updated int `json:"updated,omitempty"`
	Linked  int `json:"linked,omitempty"`
	Skipped int `json:"skipped,omitempty"`
	Held    int `json:"held,omitempty"`
	Refused int `json:"refused,omitempty"` // rows of a saved plan that no longer fit
	Failed  int `json:"failed,omitempty"`
	Calls   int `json:"calls,omitempty"` // at vendors, of a run
}

func (c *Counts) add(d Counts) {
	c.Created += d.Created
	c.Updated += d.Updated
	c.Linked += d.Linked
	c.Skipped += d.Skipped
	c.Held += d.Held
	c.Refused += d.Refused
	c.Failed += d.Failed
	c.Calls += d.Calls
}

// Writes is how many writes at a system these counts stand for.
func (c Counts) Writes() int { return c.Created + c.Updated }

// meaning is the one switch from an error to what becomes of its task.
func meaning(now time.Time, connection string, err error) Result {
	var fault *connector.Error
	var from *fromConnection
	if errors.As(err, &from) {
		connection = from.name
	}
	switch {
	case err == nil:
		return Result{End: Done}
	case errors.As(err, &fault) && fault.Fault == connector.OutOfQuota: // a larger share wakes it sooner
		return Result{End: Later, Until: now.Add(max(fault.After, transientPause)), On: waitsForBudget(connection), Err: err}
	case errors.As(err, &fault) && fault.Fault.Transient():
		return Result{End: Later, Until: now.Add(max(fault.After, transientPause)), Err: err}
	case errors.As(err, &fault) && fault.Fault == connector.Unauthorized:
		return Result{End: Later, Until: now.Add(disconnectedPause), On: "connection/" + connection, Err: err}
	case errors.As(err, &fault):
		return Result{End: Never, Err: err}
	case lost(err):
		return Result{End: Later, Until: now.Add(lostPause), Err: err}
	}
	return Result{End: Retry, Err: err}
}

const (
	transientPause    = 20 * time.Second   // a vendor is down or busy: long enough not to storm it, short enough for a person who waits
	disconnectedPause = 10 * time.Minute   // a dead credential: a person must reconnect, which wakes these tasks at once
	contentionPause   = 5 * time.Second    // another worker has the link
	lostPause         = time.Second        // another worker has just stored the link, and is done: a run of thousands does not wait for its last two
	stalePause        = 5 * time.Second    // a replica has not caught up
	waitPause         = 10 * time.Minute   // a needed record; its link wakes the task sooner
	heldPause         = 7 * 24 * time.Hour // a needed record that a person must mend; its link wakes the task sooner
)

// message is what travels in the queue.
type message struct {
	Version int    `json:"v"`
	Tasks   []Task `json:"tasks"`
}

const messageVersion = 1

// tasksPerBulk is how many tasks share one bulk message (B2).
const tasksPerBulk = 200

// Enqueue sends tasks durably: one a message in the live lane, up to 200 in bulk.
func (e *Engine) Enqueue(ctx context.Context, to lane.Lane, tasks []Task) error {
	size := 1
	if to == lane.Bulk {
		size = tasksPerBulk
	}
	var messages []lane.Message
	for start := 0; start < len(tasks); start += size {
		part := tasks[start:min(start+size, len(tasks))]
		body, err := json.Marshal(message{Version: messageVersion, Tasks: part})
		if err == nil && len(body) > maxMessage { // what came with them does not fit: it is read again
			body, err = json.Marshal(message{Version: messageVersion, Tasks: mapSlice(part, Task.alone)})
		}
		if err != nil {
			return fmt.Errorf("task does not encode: %w", err)
		}
		messages = append(messages, lane.Message{Body: body})
	}
	if len(messages) == 0 {
		return nil
	}
	return errors.Join(e.Queue.Send(ctx, to, messages)...)
}

// maxMessage is how large a message may become: SQS takes 256 KiB, of which encryption and its encoding need a third.
const maxMessage = 160 << 10

// alone is the task without the record that came with it.
func (t Task) alone() Task {
	t.Read, t.ReadAt = nil, time.Time{}
	return t
}

func decodeMessage(body []byte) (message, error) {
	var m message
	if err := json.Unmarshal(body, &m); err != nil {
		return m, fmt.Errorf("queue message does not read: %w", err)
	}
	if m.Version != messageVersion {
		return m, fmt.Errorf("queue message of version %d, and this release reads %d: it becomes a dead letter and then a sync error, which retry mends", m.Version, messageVersion)
	}
	return m, nil
}
