package connectortest

import "crosswalk/internal/connector"

// Q4: every row of a partial result has an outcome of its own, and a row nobody answered is unknown.
var rowCases = []acceptance{
	{name: "Q4 a short batch answer leaves its row unknown", needs: []Ability{Updating, BatchWrite}, run: shortRows},
	{name: "Q4 a foreign row in a batch answer is nobody's success", needs: []Ability{Updating, BatchWrite}, run: foreignRow},
	{name: "Q4 rows in another order are matched by id", needs: []Ability{Updating, BatchWrite, Reordering}, run: reorderedRows},
	{name: "Q4 creates in another order name their own records", needs: []Ability{Creating, BatchWrite, Reordering}, run: reorderedCreates},
	{name: "Q4 a short answer to creates is unknown where it is short", needs: []Ability{Creating, BatchWrite}, run: shortCreates},
}

func (e *env) updates(n int) ([]string, []connector.Write) {
	ids := e.add(n)
	var writes []connector.Write
	for i, id := range ids {
		writes = append(writes, e.update(id, text(i)))
	}
	return ids, writes
}

func shortRows(e *env)  { e.lastUnknown(Short) }
func foreignRow(e *env) { e.lastUnknown(Foreign) }

// lastUnknown: of five updates the last is not in the answer. Exactly one row is unknown, the others are done and
// name their own records.
func (e *env) lastUnknown(kind FaultKind) {
	e.Helper()
	ids, writes := e.updates(5)
	e.w.Wire.Arm(Fault{Kind: kind, Writes: true})
	unknown := 0
	for i, o := range e.write(writes...) {
		switch {
		case o.Status == connector.Unknown:
			unknown++
		case o.Status != connector.Done || o.Ref.ID != ids[i]:
			e.Errorf("outcome %d is %s %s (%v)", i, o.Status, o.Ref, o.Err)
		}
	}
	// A vendor whose rows carry no id at all leaves every row unknown: safe, if wasteful.
	if unknown != 1 && !(e.s.lacks(e.k, Reordering) != "" && unknown == len(ids)) {
		e.Errorf("%d rows are unknown, want the one that was not answered", unknown)
	}
}

func reorderedRows(e *env) {
	ids, writes := e.updates(5)
	e.w.Wire.Arm(Fault{Kind: Reordered, Writes: true})
	for i, o := range e.write(writes...) {
		if o.Status != connector.Done || o.Ref.ID != ids[i] {
			e.Errorf("outcome %d is %s %s (%v), want done for its own record", i, o.Status, o.Ref, o.Err)
		}
		if o.Record != nil && o.Record.Ref.ID != ids[i] {
			e.Errorf("outcome %d carries the record %s", i, o.Record.Ref)
		}
	}
}

func (e *env) creates(n int) []connector.Write {
	var writes []connector.Write
	for i := range n {
		w, _ := e.create(i)
		writes = append(writes, w)
	}
	return writes
}

func reorderedCreates(e *env) {
	writes := e.creates(5)
	e.w.Wire.Arm(Fault{Kind: Reordered, Writes: true})
	for i, o := range e.write(writes...) {
		if o.Status == connector.Unknown { // safe: nothing was claimed
			continue
		}
		e.want(o, connector.Done)
		if got := e.found(o.Ref.ID).Field(e.k.Text).Text(); got != text(i) {
			e.Errorf("outcome %d names the record with the text %q, want %q", i, got, text(i))
		}
	}
}

func shortCreates(e *env) {
	writes := e.creates(5)
	e.w.Wire.Arm(Fault{Kind: Short, Writes: true})
	unknown := 0
	for i, o := range e.write(writes...) {
		if o.Status == connector.Unknown {
			unknown++
			continue
		}
		e.want(o, connector.Done)
		if got := e.found(o.Ref.ID).Field(e.k.Text).Text(); got != text(i) {
			e.Errorf("outcome %d names the record with the text %q, want %q", i, got, text(i))
		}
	}
	if unknown == 0 {
		e.Error("four rows of five were answered and none is unknown")
	}
}
