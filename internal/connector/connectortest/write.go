package connectortest

import (
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/record"
)

var writeCases = []acceptance{
	{name: "a create makes one record with its values and its marker", needs: []Ability{Creating}, run: createOne},
	{name: "writes of any number are answered in order", needs: []Ability{Creating}, run: createMany},
	{name: "one key twice makes one record", needs: []Ability{Creating, Keyed}, run: keyTwice},
	{name: "one key with another body is refused, not doubled", needs: []Ability{Creating, Keyed}, run: keyOtherBody},
	{name: "a create whose answer is lost is unknown, and its key finds it", needs: []Ability{Creating, Keyed}, run: lostThenKey},
	{name: "a create whose answer is lost is unknown, and Look finds it", needs: []Ability{Creating, Looking}, run: lostThenLook},
	{name: "a create that a proxy answered with 504 is unknown", needs: []Ability{Creating}, run: proxied},
	{name: "a create that was never sent is retried, nothing is made", needs: []Ability{Creating}, run: notSent},
	{name: "Look gives nothing for a marker nobody bears", needs: []Ability{Creating, Looking}, run: lookNothing},
	{name: "Look finds one among many", needs: []Ability{Creating, Looking}, run: lookMany},
	{name: "a create the vendor refuses is refused and carries no values", needs: []Ability{Creating}, run: refusedCreate},
	{name: "an update writes, and its stamp is not later than the record's", needs: []Ability{Updating}, run: updateOne},
	{name: "an update whose answer is lost is unknown", needs: []Ability{Updating}, run: lostUpdate},
	{name: "one bad row does not harm its neighbours", needs: []Ability{Updating, Deleting}, run: badNeighbour},
	{name: "unknown objects, operations and actions are refused without a call", needs: []Ability{Updating}, run: unknownWrites},
}

func createOne(e *env) {
	w, marker := e.create(1)
	o := e.one(w)
	e.want(o, connector.Done)
	r := e.found(o.Ref.ID)
	if got := r.Field(e.k.Text).Text(); got != text(1) {
		e.Errorf("the new record has the text %q, want %q", got, text(1))
	}
	e.wantMarked(marker, 1)
	if o.Stamp.IsZero() || o.Stamp.After(r.Modified) {
		e.Errorf("the stamp after the create is %v, the record's is %v; want it known and not later", o.Stamp, r.Modified)
	}
}

func createMany(e *env) {
	e.write()
	n := 7
	var writes []connector.Write
	for i := range n {
		w, _ := e.create(i)
		writes = append(writes, w)
	}
	ids := map[string]bool{}
	for i, o := range e.write(writes...) {
		e.want(o, connector.Done)
		if got := e.found(o.Ref.ID).Field(e.k.Text).Text(); got != text(i) {
			e.Errorf("outcome %d names the record with the text %q, want %q", i, got, text(i))
		}
		ids[o.Ref.ID] = true
	}
	if len(ids) != n {
		e.Errorf("%d creates made %d records", n, len(ids))
	}
}

func keyTwice(e *env) {
	w, marker := e.create(1)
	first := e.one(w)
	e.want(first, connector.Done)
	time.Sleep(time.Minute)
	second := e.one(w)
	if second.Status != connector.Done && second.Status != connector.Exists || second.Ref != first.Ref {
		e.Errorf("the same key gave %s %s (%v), then %s %s (%v)", first.Status, first.Ref, first.Err, second.Status, second.Ref, second.Err)
	}
	e.wantMarked(marker, 1)
}

func keyOtherBody(e *env) {
	w, marker := e.create(1)
	e.want(e.one(w), connector.Done)
	w.Body = nil
	w.Fields[e.k.Text] = record.Of(text(99))
	o := e.one(w)
	switch {
	case o.Status == connector.Done || o.Status == connector.Exists: // the vendor upserts by its key
	case o.Status == connector.Refused && connector.FaultOf(o.Err) == connector.Clash:
	default:
		e.Errorf("the same key with another body is %s (%v), want refused as a clash or the same record", o.Status, o.Err)
	}
	e.wantMarked(marker, 1)
}

// lost sends a create whose answer never comes.
func (e *env) lost(kind FaultKind) (connector.Write, string, time.Time) {
	e.Helper()
	w, marker := e.create(1)
	start := time.Now()
	e.w.Wire.Arm(Fault{Kind: kind, Writes: true})
	o := e.one(w)
	e.want(o, connector.Unknown)
	e.wantMarked(marker, 1)
	e.w.Wire.Forget()
	return w, marker, start
}

func (e *env) settle() {
	t := e.writer().Traits(e.k.Object)
	time.Sleep(t.Settle + t.Deadline + time.Second)
}

func lostThenKey(e *env) {
	w, marker, _ := e.lost(CommitTimeout)
	e.settle()
	o := e.one(w)
	if o.Status != connector.Done && o.Status != connector.Exists {
		e.Fatalf("the same key again is %s (%v), want done", o.Status, o.Err)
	}
	e.wantMarked(marker, 1)
	if got := e.found(o.Ref.ID).Field(e.k.Text).Text(); got != text(1) {
		e.Errorf("the key named the record with the text %q", got)
	}
}

func lostThenLook(e *env) {
	e.add(2)
	w, marker, start := e.lost(CommitTimeout)
	e.settle()
	got := e.look(w, marker, start)
	if len(got) != 1 {
		e.Fatalf("Look found %d records with the marker, want 1", len(got))
	}
	if text1 := got[0].Field(e.k.Text).Text(); text1 != text(1) || got[0].Ref.Connection != e.s.Connection {
		e.Errorf("Look found %s with the text %q", got[0].Ref, text1)
	}
}

func (e *env) look(w connector.Write, marker string, since time.Time) []record.Record {
	e.Helper()
	l, ok := e.c.(connector.Looker)
	if !ok {
		e.Fatalf("%s has no Look; declare that it cannot %s", e.s.System, Looking)
	}
	got, err := l.Look(e.Context(), connector.LookRequest{Object: e.k.Object, Marker: marker, Since: since, Hints: w.Fields, Fields: e.fields()})
	if err != nil {
		e.Fatalf("Look: %v", e.clean(err))
	}
	return got
}

func proxied(e *env) { e.lost(CommitDown) }

func notSent(e *env) {
	w, marker := e.create(1)
	e.w.Wire.Arm(Fault{Kind: NoConnection, Writes: true})
	e.want(e.one(w), connector.Retry)
	e.wantMarked(marker, 0)
	e.want(e.one(w), connector.Done)
	e.wantMarked(marker, 1)
}

func lookNothing(e *env) {
	e.add(3)
	w, marker := e.create(1)
	start := time.Now()
	e.want(e.one(w), connector.Done)
	e.settle()
	for _, other := range []string{marker + "0", marker[:len(marker)-1], "", "x,y|z:w"} {
		if got := e.look(w, other, start); len(got) != 0 {
			e.Errorf("Look for %q found %d records, want none", other, len(got))
		}
	}
}

func lookMany(e *env) {
	start := time.Now()
	w, marker := e.create(1)
	o := e.one(w)
	e.want(o, connector.Done)
	time.Sleep(time.Second)
	e.add(2*e.k.Page + 3)
	e.settle()
	got := e.look(w, marker, start)
	if len(got) != 1 || got[0].Ref != o.Ref {
		e.Errorf("Look found %d records behind two pages of younger ones, want the one", len(got))
	}
}

func refusedCreate(e *env) {
	w, marker := e.create(1)
	status, body := e.s.Refusal("value " + Canary + " is not allowed")
	e.w.Wire.Arm(Fault{Kind: Answer, Status: status, Body: body, Writes: true})
	o := e.one(w)
	e.want(o, connector.Refused)
	if f := connector.FaultOf(o.Err); f != connector.Invalid {
		e.Errorf("the fault is %q, want invalid", f)
	}
	e.wantMarked(marker, 0)
}

func updateOne(e *env) {
	id := e.add(1)[0]
	time.Sleep(time.Minute)
	o := e.one(e.update(id, text(8)))
	e.want(o, connector.Done)
	r := e.found(id)
	if got := r.Field(e.k.Text).Text(); got != text(8) {
		e.Errorf("after the update the text is %q", got)
	}
	if o.Ref.ID != id {
		e.Errorf("the outcome names %s", o.Ref)
	}
	if o.Stamp.IsZero() || o.Stamp.After(r.Modified) {
		e.Errorf("the stamp after the update is %v, the record's is %v; want it known and not later", o.Stamp, r.Modified)
	}
}

func lostUpdate(e *env) {
	for _, kind := range []FaultKind{CommitTimeout, CommitDown} {
		id := e.add(1)[0]
		e.w.Wire.Arm(Fault{Kind: kind, Writes: true})
		e.want(e.one(e.update(id, text(8))), connector.Unknown)
		if got := e.found(id).Field(e.k.Text).Text(); got != text(8) {
			e.Errorf("the world did not play %s", kind)
		}
	}
}

func badNeighbour(e *env) {
	ids := e.add(3)
	e.w.Delete(e.k.Object, ids[1])
	var writes []connector.Write
	for i, id := range ids {
		writes = append(writes, e.update(id, text(i)))
	}
	got := e.write(writes...)
	for i, want := range []connector.Status{connector.Done, connector.Refused, connector.Done} {
		if got[i].Status != want {
			e.Errorf("outcome %d is %s (%v), want %s", i, got[i].Status, got[i].Err, want)
		}
	}
	if f := connector.FaultOf(got[1].Err); f != connector.Missing {
		e.Errorf("the update of a deleted record has the fault %q, want missing", f)
	}
	for _, i := range []int{0, 2} {
		if text1 := e.found(ids[i]).Field(e.k.Text).Text(); text1 != text(i) {
			e.Errorf("neighbour %d has the text %q", i, text1)
		}
	}
}

func unknownWrites(e *env) {
	id := e.add(1)[0]
	e.w.Wire.Forget()
	fields := map[string]record.Value{e.k.Text: record.Of(text(1))}
	for _, w := range []connector.Write{
		{Op: connector.OpUpdate, Object: "no such object", ID: id, Fields: fields},
		{Op: connector.OpCreate, Object: "no such object", Fields: fields},
		{Op: "no such op", Object: e.k.Object, ID: id, Fields: fields},
		{Op: connector.OpAct, Object: e.k.Object, ID: id, Action: "no such action"},
		{Op: connector.OpUpdate, Object: e.k.Object, Fields: fields},
		{Op: connector.OpUpdate, Object: e.k.Object, ID: "../" + id, Fields: fields},
	} {
		if o := e.one(w); o.Status != connector.Refused {
			e.Errorf("%s of %q: %s (%v), want refused", w.Op, w.Object, o.Status, o.Err)
		}
	}
	for _, c := range e.w.Wire.Calls() {
		if e.w.Wire.Writing(c) {
			e.Errorf("a write that cannot be was sent: %s %s", c.Method, c.Path)
		}
	}
}
