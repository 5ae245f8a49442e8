package connectortest

import (
	"context"
	"slices"

	"crosswalk/internal/connector"
	"crosswalk/internal/record"
)

var readCases = []acceptance{
	{name: "reads answer each ref in the order asked, however many", run: readOrder},
	{name: "found, gone and never there are told apart per ref", needs: []Ability{Deleting}, run: readGone},
	{name: "a merged record says where it went", needs: []Ability{Merging}, run: readMoved},
	{name: "a hidden record is unreadable, not gone", needs: []Ability{Hiding}, run: readHidden},
	{name: "one missing from a batch answer is asked singly", needs: []Ability{BatchRead}, run: readShort},
	{name: "a batch answer in another order is matched by id", needs: []Ability{BatchRead}, run: readReordered},
	{name: "a foreign record in a batch answer is nobody's", needs: []Ability{BatchRead}, run: readForeign},
	{name: "hostile ids do no harm", run: readHostile},
	{name: "reading nothing and an unknown object", run: readNothing},
	{name: "a found record carries what was asked and nothing else", run: readFields},
	{name: "values are found again, hostile ones too", needs: []Ability{Finding}, run: find},
	{name: "urls are addresses or nothing", run: urls},
}

func readOrder(e *env) {
	n := max(2*e.k.Batch, 6) + 1
	ids := e.add(n)
	slices.Reverse(ids)
	ids = append(ids, ids[0], ids[0])
	for i, r := range e.read(ids...) {
		if r.State != record.Found || r.Record == nil || r.Record.Ref.ID != ids[i] {
			e.Fatalf("answer %d of %d is %s (%v), want found", i, len(ids), r.State, r.Err)
		}
	}
}

func readGone(e *env) {
	ids := e.add(3)
	e.w.Delete(e.k.Object, ids[1])
	got := e.read(ids...)
	for i, want := range []record.State{record.Found, record.Gone, record.Found} {
		if got[i].State != want {
			e.Errorf("answer %d is %s (%v), want %s", i, got[i].State, got[i].Err, want)
		}
	}
}

func readMoved(e *env) {
	ids := e.add(4)
	winner := e.w.Merge(e.k.Object, ids[1], ids[2])
	got := e.read(ids...)
	for i, want := range []record.State{record.Found, "", record.Moved, record.Found} {
		if want != "" && got[i].State != want {
			e.Errorf("answer %d is %s (%v), want %s", i, got[i].State, got[i].Err, want)
		}
	}
	if to := got[2].To; to.ID != winner || to.Object != e.k.Object || to.Connection != e.s.Connection {
		e.Errorf("the merged record moved to %q, want %s", to, winner)
	}
	if r := got[2].Record; r == nil || r.Ref.ID != winner {
		e.Error("the merged record's answer does not carry the record at its new address")
	}
	if ids[1] != winner && got[1].State != record.Moved {
		e.Errorf("the other merged record is %s, want moved", got[1].State)
	}
}

func readHidden(e *env) {
	ids := e.add(3)
	e.w.Hide(e.k.Object, ids[1])
	got := e.read(ids...)
	for i, want := range []record.State{record.Found, record.NoRight, record.Found} {
		if got[i].State != want {
			e.Errorf("answer %d is %s (%v), want %s", i, got[i].State, got[i].Err, want)
		}
	}
}

func readShort(e *env) {
	ids := e.add(5)
	e.w.Wire.Arm(Fault{Kind: Short})
	for i, r := range e.read(ids...) {
		if r.State != record.Found {
			e.Errorf("answer %d is %s (%v): a row missing from a batch must be asked singly", i, r.State, r.Err)
		}
	}
}

func readReordered(e *env) {
	ids := e.add(5)
	for i, id := range ids {
		e.w.Change(e.k.Object, id, text(i))
	}
	e.w.Wire.Arm(Fault{Kind: Reordered})
	for i, r := range e.read(ids...) {
		if got := r.Record.Field(e.k.Text).Text(); got != text(i) {
			e.Errorf("answer %d has the text %q, want %q", i, got, text(i))
		}
	}
}

func readForeign(e *env) {
	ids := e.add(5)
	e.w.Wire.Arm(Fault{Kind: Foreign})
	for i, r := range e.read(ids...) {
		if r.State != record.Found || r.Record.Ref.ID != ids[i] {
			e.Errorf("answer %d is %s (%v), want found under its own id", i, r.State, r.Err)
		}
	}
}

var hostileIDs = []string{"", ".", "..", "../../oauth/token", "a|b", "a,b:c", "a/b", "a?b=c", "a#b", "%2e%2e%2f", "a b", "a\nb", "a'b\"c", "\x00", "日本", "null", "*"}

func readHostile(e *env) {
	ids := append(append(e.add(1), hostileIDs...), e.s.Hostile...)
	got := e.read(ids...)
	if got[0].State != record.Found {
		e.Errorf("the true id beside hostile ones is %s (%v), want found", got[0].State, got[0].Err)
	}
	for i, r := range got[1:] {
		if r.State != record.Gone {
			e.Errorf("the id %q is %s (%v), want gone", ids[i+1], r.State, r.Err)
		}
	}
	for _, c := range e.w.Wire.Calls() {
		if e.w.Wire.Writing != nil && e.w.Wire.Writing(c) {
			e.Errorf("a read became the write %s %s", c.Method, c.Path)
		}
	}
}

func readNothing(e *env) {
	e.read()
	if n := len(e.w.Wire.Calls()); n != 0 {
		e.Errorf("reading no ids took %d calls", n)
	}
	_, err := e.c.Read(e.Context(), connector.ReadRequest{Object: "no such object", IDs: []string{"1"}, Fields: []string{"x"}})
	if err == nil {
		e.Error("Read of an object that does not exist gave no error")
	}
	if _, err := e.c.Changes(e.Context(), connector.FeedRequest{Object: "no such object"}); err == nil {
		e.Error("Changes of an object that does not exist gave no error")
	}
}

func readFields(e *env) {
	id := e.add(1)[0]
	got, err := e.c.Read(context.Background(), connector.ReadRequest{Object: e.k.Object, IDs: []string{id}, Fields: []string{e.k.Text}})
	if err != nil || len(got) != 1 || got[0].Record == nil {
		e.Fatalf("Read: %v %v", got, e.clean(err))
	}
	r := got[0].Record
	if r.Field(e.k.Text).Kind() == record.Absent {
		e.Errorf("%s was asked for and is absent", e.k.Text)
	}
	for name := range r.Fields {
		if name != e.k.Text {
			e.Errorf("%s was not asked for", name)
		}
	}
	if r.Modified.IsZero() {
		e.Error("the record has no modified stamp")
	}
}

// find asks for each findable field by a value somebody set and by values that break careless queries.
func find(e *env) {
	f, ok := e.c.(connector.Finder)
	if !ok || len(f.Findable(e.k.Object)) == 0 {
		e.Fatalf("%s finds nothing for %s; declare that it cannot %s", e.s.System, e.k.Object, Finding)
	}
	id := e.add(3)[1]
	for _, field := range f.Findable(e.k.Object) {
		got, err := e.c.Read(e.Context(), connector.ReadRequest{Object: e.k.Object, IDs: []string{id}, Fields: []string{field}})
		if err != nil {
			e.Fatalf("Read: %v", e.clean(err))
		}
		asks := []connector.Ask{{Field: field, Text: got[0].Record.Field(field).Text()}}
		for _, hostile := range []string{"a,b", "a|b:c", "O'Brien \"x\" \\ %_*?", "null", ""} {
			asks = append(asks, connector.Ask{Field: field, Text: hostile})
		}
		answers, err := f.Find(e.Context(), e.k.Object, asks, e.fields())
		if err != nil || len(answers) != len(asks) {
			e.Fatalf("Find %s: %d answers to %d asks, %v", field, len(answers), len(asks), e.clean(err))
		}
		if text := asks[0].Text; text != "" && !answers[0].CannotAsk && !holds(answers[0].Records, id) {
			e.Errorf("Find %s did not give the record that has the value", field)
		}
	}
	if answers, err := f.Find(e.Context(), e.k.Object, []connector.Ask{{Field: "no such field", Text: "x"}}, e.fields()); err == nil && !answers[0].CannotAsk {
		e.Error("Find by a field that cannot be asked gave an answer")
	}
}

func holds(records []record.Record, id string) bool {
	return slices.ContainsFunc(records, func(r record.Record) bool { return r.Ref.ID == id })
}

func urls(e *env) {
	for _, id := range append(e.add(1), hostileIDs...) {
		u := e.c.URL(record.Ref{Connection: e.s.Connection, Object: e.k.Object, ID: id})
		if u != "" && !safeURL(u) {
			e.Errorf("the address of %q is %q", id, u)
		}
	}
}
