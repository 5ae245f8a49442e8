package connectortest

import (
	"context"
	"sync"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/record"
)

var failureCases = []acceptance{
	{name: "throttled says how long, and nothing more is sent", run: func(e *env) { throttledReads(e, 7*time.Second) }},
	{name: "throttled without a time still says how long", run: func(e *env) { throttledReads(e, 0) }},
	{name: "throttled half way keeps what was learnt", run: throttledHalfWay},
	{name: "throttled writes are retried, and nothing more is sent", needs: []Ability{Updating}, run: throttledWrites},
	{name: "a system that is down or talks nonsense is unavailable", run: nonsense},
	{name: "a write whose answer is nonsense is unknown", needs: []Ability{Updating}, run: nonsenseWrites},
	{name: "an expired token is renewed once among fifty callers", needs: []Ability{Expiring}, run: expired},
	{name: "a revoked grant is unauthorized", needs: []Ability{Revoking}, run: revoked},
	{name: "a credential that stays refused is unauthorized, a right that lacks is forbidden", run: stillRefused},
	{name: "a cancelled context stops at once", run: cancelled},
	{name: "a cancelled context in flight leaves a write unknown", needs: []Ability{Updating}, run: cancelledInFlight},
	{name: "tables, descriptions and the account fail with an error", run: otherFailures},
}

// inFlight is how many calls may go out before the connector can know of the first refusal.
func (e *env) inFlight() int { return max(e.s.InFlight, 1) }

// readFault gives the fault of a read or feed that should fail as a whole.
func (e *env) readFault(ids []string) (connector.Fault, error) {
	e.Helper()
	got, err := e.c.Read(e.Context(), connector.ReadRequest{Object: e.k.Object, IDs: ids, Fields: e.fields()})
	e.clean(err)
	if err == nil && len(got) > 0 {
		if got[0].State != record.Unanswered {
			e.Errorf("a read that failed says %s", got[0].State)
		}
		err = e.clean(got[0].Err)
	}
	return connector.FaultOf(err), err
}

func (e *env) wantThrottled(err error, after time.Duration) {
	e.Helper()
	if connector.FaultOf(err) != connector.Throttled {
		e.Errorf("the fault is %v, want throttled", err)
		return
	}
	got := afterOf(err)
	if got <= 0 || after > 0 && (got < after || got > after+2*time.Second) {
		e.Errorf("throttled says to wait %s, the vendor said %s", got, after)
	}
}

func afterOf(err error) time.Duration {
	for err != nil {
		if ce, ok := err.(*connector.Error); ok {
			return ce.After
		}
		u, ok := err.(interface{ Unwrap() error })
		if !ok {
			return 0
		}
		err = u.Unwrap()
	}
	return 0
}

func throttledReads(e *env, after time.Duration) {
	n := max(3*e.k.Batch, 5)
	ids := e.add(n)
	e.w.Wire.Forget()
	e.w.Wire.Arm(Fault{Kind: Throttle, After: after, Times: e.inFlight()})
	_, err := e.readFault(ids)
	e.wantThrottled(err, after)
	if got := len(e.w.Wire.Calls()); got > e.inFlight() {
		e.Errorf("after the first throttled answer %d more calls were sent", got-e.inFlight())
	}
	e.w.Wire.Forget()
	e.w.Wire.Arm(Fault{Kind: Throttle, After: after})
	_, err = e.page(e.c, nil)
	e.wantThrottled(err, after)
	if got := len(e.w.Wire.Calls()); got != 1 {
		e.Errorf("a throttled feed sent %d calls", got)
	}
}

func throttledHalfWay(e *env) {
	size := max(e.k.Batch, 1)
	ids := e.add(3 * size)
	e.prepare(e.c)
	e.w.Wire.Forget()
	e.w.Wire.Arm(Fault{Kind: Throttle, After: 5 * time.Second, Skip: 1, Times: e.inFlight()})
	found, waiting := 0, 0
	for _, r := range e.read(ids...) {
		switch r.State {
		case record.Found:
			found++
		case record.Unanswered:
			waiting++
			e.wantThrottled(r.Err, 5*time.Second)
		default:
			e.Errorf("%s is %s", r.Ref, r.State)
		}
	}
	if found == 0 || waiting == 0 {
		e.Errorf("%d found, %d unanswered; want some of both", found, waiting)
	}
}

func throttledWrites(e *env) {
	ids := e.add(4)
	var writes []connector.Write
	for _, id := range ids {
		writes = append(writes, e.update(id, text(9)))
	}
	e.w.Wire.Forget()
	e.w.Wire.Arm(Fault{Kind: Throttle, After: 7 * time.Second, Writes: true, Times: e.inFlight()})
	for i, o := range e.write(writes...) {
		if o.Status != connector.Retry {
			e.Errorf("outcome %d is %s (%v), want retry", i, o.Status, o.Err)
			continue
		}
		e.wantThrottled(o.Err, 7*time.Second)
	}
	sent := 0
	for _, c := range e.w.Wire.Calls() {
		if e.w.Wire.Writing(c) {
			sent++
		}
	}
	if sent > e.inFlight() {
		e.Errorf("after the first throttled answer %d more writes were sent", sent-e.inFlight())
	}
}

var nonsenseKinds = []FaultKind{Down, Page, Malformed, Truncated, WrongShape, CommitTimeout, NoConnection}

// plenty is more often than a connector may try one read again.
const plenty = 50

func nonsense(e *env) {
	ids := e.add(3)
	for _, kind := range nonsenseKinds {
		e.w.Wire.Forget()
		e.w.Wire.Arm(Fault{Kind: kind, Times: plenty})
		if f, err := e.readFault(ids); f != connector.Unavailable {
			e.Errorf("a read answered by %q has the fault %q (%v), want unavailable", kind, f, err)
		}
		if n := len(e.w.Wire.Calls()); n > 12 {
			e.Errorf("a read answered by %q sent %d calls", kind, n)
		}
		e.w.Wire.Forget()
		e.w.Wire.Arm(Fault{Kind: kind, Times: plenty})
		if _, err := e.page(e.c, nil); connector.FaultOf(err) != connector.Unavailable {
			e.Errorf("a feed answered by %q gave %v, want unavailable", kind, err)
		}
	}
	e.w.Wire.Forget()
	for i, r := range e.read(ids...) {
		if r.State != record.Found {
			e.Errorf("after the bad day record %d is %s", i, r.State)
		}
	}
}

func nonsenseWrites(e *env) {
	id := e.add(1)[0]
	for _, kind := range []FaultKind{Page, Malformed, Truncated, WrongShape, Down} {
		e.w.Wire.Forget()
		e.w.Wire.Arm(Fault{Kind: kind, Writes: true, Times: plenty})
		w := e.update(id, text(9))
		w.Key += string(kind)
		o := e.one(w)
		retried := kind == Down && o.Status == connector.Retry // a vendor may promise that its 503 did nothing
		if o.Status != connector.Unknown && !retried {
			e.Errorf("an update answered by %q is %s (%v), want unknown", kind, o.Status, o.Err)
		}
	}
}

func expired(e *env) {
	ids := e.add(1)
	e.found(ids[0])
	before := e.w.Renewals()
	e.w.Expire()
	const callers = 50
	var wg sync.WaitGroup
	states := make([]record.State, callers)
	for i := range callers {
		wg.Go(func() {
			got, err := e.c.Read(e.Context(), connector.ReadRequest{Object: e.k.Object, IDs: ids, Fields: e.fields()})
			if e.clean(err) == nil && len(got) == 1 {
				states[i] = got[0].State
			}
		})
	}
	wg.Wait()
	for i, s := range states {
		if s != record.Found {
			e.Errorf("caller %d got %q, want found", i, s)
		}
	}
	if n := e.w.Renewals() - before; n != 1 {
		e.Errorf("%d renewals for one expiry, want 1", n)
	}
}

func revoked(e *env) {
	ids := e.add(1)
	e.w.Revoke()
	if f, err := e.readFault(ids); f != connector.Unauthorized {
		e.Errorf("a read without a grant has the fault %q (%v), want unauthorized", f, err)
	}
	if _, err := e.page(e.c, nil); connector.FaultOf(err) != connector.Unauthorized {
		e.Errorf("a feed without a grant gave %v, want unauthorized", err)
	}
	if e.s.lacks(e.k, Updating) == "" {
		o := e.one(e.update(ids[0], text(9)))
		e.want(o, connector.Retry)
		if f := connector.FaultOf(o.Err); f != connector.Unauthorized {
			e.Errorf("a write without a grant has the fault %q, want unauthorized", f)
		}
	}
}

func stillRefused(e *env) {
	ids := e.add(1)
	for status, want := range map[int]connector.Fault{401: connector.Unauthorized, 403: connector.Forbidden} {
		_, body := e.s.Refusal("no " + Canary)
		refuse := Fault{Kind: Answer, Status: status, Body: body, Times: plenty}
		e.w.Wire.Arm(refuse)
		if _, err := e.page(e.c, nil); connector.FaultOf(err) != want {
			e.Errorf("a feed refused with %d gave %v, want %s", status, err, want)
		}
		if _, err := e.c.Account(e.Context()); connector.FaultOf(e.clean(err)) != want {
			e.Errorf("Account refused with %d gave %v, want %s", status, err, want)
		}
		if e.s.lacks(e.k, Updating) == "" {
			o := e.one(e.update(ids[0], text(9)))
			if o.Status == connector.Done || o.Status == connector.Unknown || connector.FaultOf(o.Err) != want {
				e.Errorf("an update refused with %d is %s (%v), want %s", status, o.Status, o.Err, want)
			}
		}
		e.w.Wire.Forget()
	}
}

func cancelled(e *env) {
	ids := e.add(2)
	ctx, cancel := context.WithCancel(e.Context())
	cancel()
	e.w.Wire.Forget()
	got, err := e.c.Read(ctx, connector.ReadRequest{Object: e.k.Object, IDs: ids, Fields: e.fields()})
	if err == nil && (len(got) != len(ids) || got[0].State != record.Unanswered) {
		e.Errorf("Read under a cancelled context gave %v without an error", got)
	}
	if _, err := e.c.Changes(ctx, connector.FeedRequest{Object: e.k.Object, Fields: e.fields()}); err == nil {
		e.Error("Changes under a cancelled context gave no error")
	}
	if e.s.lacks(e.k, Updating) == "" {
		for _, o := range e.writeIn(ctx, e.update(ids[0], text(9)), e.update(ids[1], text(9))) {
			e.want(o, connector.Retry)
		}
	}
	if n := len(e.w.Wire.Calls()); n != 0 {
		e.Errorf("%d calls were sent under a cancelled context", n)
	}
}

func cancelledInFlight(e *env) {
	ids := e.add(2)
	ctx, cancel := context.WithTimeout(e.Context(), 3*time.Second)
	defer cancel()
	e.w.Wire.Arm(Fault{Kind: Hang, Writes: true, Times: plenty})
	start := time.Now()
	got := e.writeIn(ctx, e.update(ids[0], text(9)), e.update(ids[1], text(9)))
	if took := time.Since(start); took > 4*time.Second {
		e.Errorf("it took %s to notice that the context ended after 3s", took)
	}
	e.want(got[0], connector.Unknown)
	if got[1].Status != connector.Unknown && got[1].Status != connector.Retry {
		e.Errorf("the second write is %s, want unknown or not sent", got[1].Status)
	}
}

func otherFailures(e *env) {
	for _, kind := range nonsenseKinds {
		e.w.Wire.Forget()
		e.w.Wire.Arm(Fault{Kind: kind, Times: plenty})
		c := e.w.Again()
		if _, err := c.Account(e.Context()); connector.FaultOf(err) != connector.Unavailable {
			e.Errorf("Account answered by %q gave %v, want unavailable", kind, e.clean(err))
		}
		for _, name := range c.Tables() {
			if _, err := c.Table(e.Context(), name); connector.FaultOf(err) != connector.Unavailable {
				e.Errorf("Table %s answered by %q gave %v, want unavailable", name, kind, e.clean(err))
			}
		}
		if _, err := c.Describe(e.Context(), e.k.Object); err == nil {
			if len(e.w.Wire.Calls()) > 2*len(c.Tables())*12+12 {
				e.Errorf("Describe answered by %q sent calls without end", kind)
			}
		}
	}
}
