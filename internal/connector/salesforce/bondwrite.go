package salesforce

import (
	"context"
	"encoding/json"
	"maps"
	"slices"

	"crosswalk/internal/connector"
	"crosswalk/internal/record"
)

// Writing associations (bond.go). A lookup is a field of its own row. A junction's rows are compared with those that are there
// when the record has been written, and only the difference is sent: a missing row is made, one whose other end is not wanted any
// more is deleted, every other is left as it is, with its role and status. The primary mark is set where it is missing; Salesforce
// takes it from whoever had it (fact sheet 15.3), and primary.X without a value takes it away and keeps the row.
//
// An opportunity that is made with a primary contact, or with only one, makes the role itself (Opportunity.ContactId).
//
// Calls for 1,000 records whose associations changed: their own (1), one query of what there is, and one for each 1,000 rows that
// differ. Creates ask nothing.
//
// What became of the rows is part of the record's outcome: where one was refused while the record itself was written, an update
// is refused for that field, and a create is unknown, so that it is looked for, found, and updated. Both may be done again.

// linkWrite is one association field of a write.
type linkWrite struct {
	at     int // of the write
	object string
	id     string // "" of a create, until it is made
	bond   bond
	ids    []string // wanted, 18 characters
	create bool
	role   string // of a create: the contact that it makes the primary role of by itself
}

// part separates a write's associations from the fields of its own row, and names those that cannot be written.
func (c *Connector) part(ctx context.Context, op string, s *schema, w connector.Write) (own map[string]record.Value, links []linkWrite, bad []string, err error) {
	own = make(map[string]record.Value, len(w.Fields))
	for _, name := range slices.Sorted(maps.Keys(w.Fields)) {
		v := w.Fields[name]
		if _, _, association := connector.AssociationField(name); !association || v.Kind() == record.Absent {
			if _, twice := own[name]; twice {
				bad = append(bad, name)
			}
			own[name] = v
			continue
		}
		b, ok, err := c.bond(ctx, op, s, name)
		if err != nil {
			return nil, nil, nil, err
		}
		ids, sound := wantedIDs(v)
		switch {
		case !ok, !sound, b.primary && len(ids) > 1:
			bad = append(bad, name)
		case b.lookup.Name != "":
			if _, twice := w.Fields[b.lookup.Name]; twice {
				bad = append(bad, name) // one field, written twice
				continue
			}
			own[b.lookup.Name] = record.Empty()
			if len(ids) == 1 {
				own[b.lookup.Name] = record.Of(ids[0])
			}
		default:
			links = append(links, linkWrite{bond: b, ids: ids})
		}
	}
	if id := primaryAtOnce(s, w, links); id != "" {
		own["ContactId"] = record.Of(id)
	}
	return own, links, bad, nil
}

// wantedIDs gives the ids of an association's value, each once; false for what are none.
func wantedIDs(v record.Value) ([]string, bool) {
	if !v.Known() {
		return nil, false
	}
	var out []string
	for _, text := range v.List() {
		if text == "" && v.Kind() == record.Text {
			continue
		}
		id, ok := ID(text)
		if !ok {
			return nil, false
		}
		if !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out, true
}

// primaryAtOnce is the contact that a new opportunity makes the primary role of.
func primaryAtOnce(s *schema, w connector.Write, links []linkWrite) string {
	p, ok := s.field("ContactId")
	if _, given := w.Fields["ContactId"]; w.Op != connector.OpCreate || s.Name != "Opportunity" || given || !ok || !p.Createable {
		return ""
	}
	only := ""
	for _, l := range links {
		if l.bond.to == "Contact" && len(l.ids) == 1 && (l.bond.primary || only == "") {
			only = l.ids[0]
		}
	}
	return only
}

// keepLinks notes the associations of a write for when its record is there.
func (j *writing) keepLinks(ctx context.Context, r outgoing, w connector.Write) error {
	if !slices.ContainsFunc(slices.Collect(maps.Keys(w.Fields)), isAssociation) {
		return nil
	}
	s, err := j.c.schema(ctx, r.op, r.object)
	if err != nil {
		return err
	}
	_, links, bad, err := j.c.part(ctx, r.op, s, w)
	if err == nil && len(bad) > 0 { // only where the bytes were kept: else they are refused before
		err = &connector.Error{Fault: connector.Invalid, Op: r.op, Code: "bad value or field", Fields: bad}
	}
	if err != nil {
		return err
	}
	var sent struct{ ContactId string }
	if r.object != "Opportunity" || json.Unmarshal(r.body, &sent) != nil {
		sent.ContactId = ""
	}
	for _, l := range links {
		l.at, l.object, l.id, l.create = r.at, r.object, r.id, w.Op == connector.OpCreate
		l.role, _ = ID(sent.ContactId)
		// Of two writes to one record in one call the later one says what is wanted.
		j.links = slices.DeleteFunc(j.links, func(o linkWrite) bool {
			return l.id != "" && o.object == l.object && o.id == l.id && o.bond.field == l.bond.field
		})
		j.links = append(j.links, l)
	}
	return nil
}

func isAssociation(name string) bool { _, _, ok := connector.AssociationField(name); return ok }

// member is one row of a junction, as it is.
type member struct {
	id, other string
	primary   bool
}

// associate writes the associations of all records that are written.
func (j *writing) associate(ctx context.Context) {
	var open []linkWrite
	for _, l := range j.links {
		o := j.outs[l.at]
		if !j.done[l.at] || o.Status != connector.Done {
			continue
		}
		if l.id == "" {
			l.id = o.Ref.ID
		}
		open = append(open, l)
	}
	if len(open) == 0 {
		return
	}
	members, err := j.members(ctx, open)
	if err != nil {
		for _, l := range open {
			j.unlinked(l, err)
		}
		return
	}
	j.sendLinks(ctx, open, members)
}

// place is a record as one end of a junction.
type place struct {
	via junction
	id  string
}

// members asks which rows there are, for records that were there before; what a create made by itself is known.
func (j *writing) members(ctx context.Context, open []linkWrite) (map[place][]member, error) {
	out := map[place][]member{}
	ids := map[junction][]string{}
	var order []junction
	for _, l := range open {
		at := place{l.bond.via, l.id}
		if _, known := out[at]; known {
			continue
		}
		out[at] = nil
		if l.create {
			if l.role != "" && l.bond.to == "Contact" {
				out[at] = []member{{other: l.role, primary: true}}
			}
			continue
		}
		if ids[at.via] == nil {
			order = append(order, at.via)
		}
		ids[at.via] = append(ids[at.via], l.id)
	}
	var queries []query
	var of []junction
	for _, via := range order {
		for chunk := range slices.Chunk(ids[via], j.c.Batch) {
			queries, of = append(queries, via.members(chunk)), append(of, via)
		}
	}
	if len(queries) == 0 {
		return out, nil
	}
	if j.stop != nil {
		return nil, j.stop
	}
	results, err := j.c.askMany(ctx, "read associations", queries)
	if err != nil {
		return nil, err
	}
	for i, got := range results {
		if len(got.Records) != got.rows {
			return nil, &connector.Error{Fault: connector.Unavailable, Op: "read associations", Code: "rows were left out of the answer"}
		}
		for _, r := range got.Records {
			at := place{of[i], r.id(of[i].from)}
			if id, other := r.id("Id"), r.id(of[i].to); id != "" && other != "" {
				out[at] = append(out[at], member{id: id, other: other, primary: of[i].primary != "" && r.yes(of[i].primary)})
			}
		}
	}
	return out, nil
}

// members is the query of a junction's rows for some records.
func (via junction) members(ids []string) query {
	q := query{fields: []column{"Id", column(via.from), column(via.to)}, from: column(via.object), where: among{column(via.from), quotedAll(ids)}, order: []column{"Id"}}
	if via.primary != "" {
		q.fields = append(q.fields, column(via.primary))
	}
	return q
}

// step is one row to send, and the writes that need it.
type step struct {
	write  connector.Write
	owners []linkWrite
}

// sendLinks sends what differs: rows to make first, then marks, then rows to delete.
func (j *writing) sendLinks(ctx context.Context, open []linkWrite, members map[place][]member) {
	var steps []step
	made := map[string]int{} // junction and both ends -> step, since both records may ask for one row
	add := func(l linkWrite, w connector.Write, key string) {
		if at, twice := made[key]; twice {
			steps[at].owners = append(steps[at].owners, l)
			maps.Copy(steps[at].write.Fields, w.Fields)
			return
		}
		made[key] = len(steps)
		steps = append(steps, step{w, []linkWrite{l}})
	}
	for _, op := range []connector.Op{connector.OpCreate, connector.OpUpdate, connector.OpDelete} {
		for _, at := range places(open) {
			for _, d := range differences(at, open, members[at]) {
				if d.write.Op == op {
					add(d.owners[0], d.write, d.key())
				}
			}
		}
	}
	var rows []outgoing
	first := len(j.outs)
	for _, s := range steps {
		at := len(j.outs)
		j.outs, j.done = append(j.outs, connector.Outcome{}), append(j.done, false)
		if r, ok := j.row(ctx, at, s.write); ok {
			r.link = true
			rows = append(rows, r)
		}
	}
	j.sendAll(ctx, rows)
	for n, s := range steps {
		if o := j.outs[first+n]; o.Status != connector.Done {
			for _, l := range s.owners {
				j.unlinked(l, o.Err)
			}
		}
	}
}

// places gives the records whose associations are written, each once per junction, in order.
func places(open []linkWrite) []place {
	var out []place
	seen := map[place]bool{}
	for _, l := range open {
		if at := (place{l.bond.via, l.id}); !seen[at] {
			seen[at] = true
			out = append(out, at)
		}
	}
	return out
}

// key is the same for one row of a junction from whichever end it is asked for.
func (s step) key() string {
	w := s.write
	if w.Op != connector.OpCreate {
		return string(w.Op) + w.ID
	}
	key := w.Object
	for _, name := range slices.Sorted(maps.Keys(w.Fields)) {
		if v := w.Fields[name].Text(); v != "true" && v != "false" {
			key += " " + name + "=" + v
		}
	}
	return key
}

// wish is what the writes of one call say about one record's rows of a junction: the list of all, the one to be marked, or both.
type wish struct {
	at         place
	list, mark *linkWrite
}

// first is the other end that is to be primary, "" for none.
func (w wish) first() string {
	if w.mark != nil && len(w.mark.ids) == 1 {
		return w.mark.ids[0]
	}
	return ""
}

// keeps tells whether a row that is there stays.
func (w wish) keeps(other string) bool {
	return w.list == nil || slices.Contains(w.list.ids, other) || other == w.first()
}

// differences are the rows that one record's associations lack, have too many, or have with the wrong mark.
func differences(at place, open []linkWrite, have []member) []step {
	w := wish{at: at}
	for i, l := range open {
		switch {
		case place{l.bond.via, l.id} != at:
		case l.bond.primary:
			w.mark = &open[i]
		default:
			w.list = &open[i]
		}
	}
	return append(w.lacking(have), append(w.marks(have), w.dropped(have)...)...)
}

func (w wish) step(l *linkWrite, write connector.Write) step {
	write.Object = w.at.via.object
	return step{write, []linkWrite{*l}}
}

func (w wish) lacking(have []member) []step {
	var out []step
	lack := func(l *linkWrite) {
		for _, other := range l.ids {
			if slices.ContainsFunc(have, func(m member) bool { return m.other == other }) {
				continue
			}
			fields := map[string]record.Value{w.at.via.from: record.Of(w.at.id), w.at.via.to: record.Of(other)}
			if other == w.first() {
				fields[w.at.via.primary] = record.Of("true")
			}
			out = append(out, w.step(l, connector.Write{Op: connector.OpCreate, Fields: fields}))
		}
	}
	if w.list != nil {
		lack(w.list)
	}
	if w.mark != nil && (w.list == nil || !slices.Contains(w.list.ids, w.first())) {
		lack(w.mark)
	}
	return out
}

func (w wish) dropped(have []member) []step {
	var out []step
	for _, m := range have {
		if m.id != "" && !w.keeps(m.other) {
			out = append(out, w.step(w.list, connector.Write{Op: connector.OpDelete, ID: m.id}))
		}
	}
	return out
}

// marks sets the primary mark on one row where none of that record's has it, or takes it away from where it is.
func (w wish) marks(have []member) []step {
	if w.mark == nil {
		return nil
	}
	var out []step
	mark := func(m member, primary string) {
		out = append(out, w.step(w.mark, connector.Write{Op: connector.OpUpdate, ID: m.id, Fields: map[string]record.Value{w.at.via.primary: record.Of(primary)}}))
	}
	first := w.first()
	done := slices.ContainsFunc(have, func(m member) bool { return m.other == first && m.primary })
	for _, m := range have {
		switch {
		case m.id == "":
		case first == "" && m.primary && w.keeps(m.other):
			mark(m, "false")
		case first != "" && first == m.other && !done:
			done = true
			mark(m, "true")
		}
	}
	return out
}

// unlinked says of a record that is written that one of its associations is not.
func (j *writing) unlinked(l linkWrite, err error) {
	if j.outs[l.at].Status == connector.Refused { // said of another field of the same record already
		return
	}
	told := *asError(err)
	told.Fields = []string{l.bond.field}
	if told.Fault == connector.Missing { // not the record itself, which was written: what it was to be associated with
		told.Fault = connector.Invalid
	}
	o := connector.Outcome{Status: connector.Unknown, Ref: j.outs[l.at].Ref, Err: &told}
	if statusOf(&told) == connector.Refused && !l.create {
		o.Status = connector.Refused
	}
	j.outs[l.at] = o
}
