package hubspot

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"

	"crosswalk/internal/connector"
	"crosswalk/internal/record"
	"crosswalk/internal/rest"
)

// maxLinks is how many associations one call makes or takes away (fact sheet 5).
const maxLinks = 2000

// linkWrite is what a write says about the associations with one kind.
type linkWrite struct {
	fields  []string // that say so, for errors
	to      kind
	all     *[]string // exactly these, in order; nil: not said
	primary *string   // this one, "" for none; nil: not said
}

func (l linkWrite) joint(from kind) joint { return joints[pair{from.name, l.to.name}] }

// ids gives all ends that a create makes, the primary one first.
func (l linkWrite) ids() []string {
	var out []string
	if l.primary != nil && *l.primary != "" {
		out = append(out, *l.primary)
	}
	if l.all != nil {
		for _, id := range *l.all {
			if !slices.Contains(out, id) {
				out = append(out, id)
			}
		}
	}
	return out
}

// linkField takes one association field of a write into links; false when it is not one that HubSpot can hold.
func (c *Connector) linkField(op string, k kind, name string, v record.Value, links []linkWrite) ([]linkWrite, bool) {
	object, primary, _ := connector.AssociationField(name)
	to, err := c.end(op, object)
	j, known := joints[pair{k.name, to.name}]
	if err != nil || !known && !k.custom && !to.custom || primary && j.primary == 0 || !v.Known() {
		return links, false
	}
	ids := slices.DeleteFunc(v.List(), func(id string) bool { return id == "" })
	if slices.ContainsFunc(ids, func(id string) bool { return !validID(id) }) || primary && len(ids) > 1 {
		return links, false
	}
	slices.SortFunc(ids, byID)
	ids = slices.Compact(ids)
	i := slices.IndexFunc(links, func(l linkWrite) bool { return l.to.name == to.name })
	if i < 0 {
		i = len(links)
		links = append(links, linkWrite{to: to})
	}
	l := &links[i]
	l.fields = append(l.fields, name)
	if primary {
		one := strings.Join(ids, "")
		l.primary = &one
	} else {
		l.all = &ids
	}
	return links, true
}

// inline gives the associations that a create carries itself; ends whose type ids only the account knows are associated
// after it (finish).
func inline(k kind, links []linkWrite) []linkRow {
	var out []linkRow
	for _, l := range links {
		j := l.joint(k)
		if j.plain == 0 {
			continue
		}
		for _, id := range l.ids() {
			row := linkRow{To: batchInput{id}, Types: []linkType{{hubspotDefined, j.plain}}}
			if l.primary != nil && *l.primary == id {
				row.Types = append(row.Types, linkType{hubspotDefined, j.primary})
			}
			out = append(out, row)
		}
	}
	return out
}

const hubspotDefined = "HUBSPOT_DEFINED"

// linkJob brings the associations of one kind with another to what rows say.
type linkJob struct {
	j        *writing
	from, to kind
	rows     []linkTask
	wrote    bool // a call was answered
}

// linkTask is one row's part of it, with what is there now.
type linkTask struct {
	row
	l   linkWrite
	now []association
}

// change is one association to make or to take away.
type change struct {
	task  *linkTask
	id    string
	types []linkType
}

// finish writes the associations of rows whose properties are written (or which have none), pair of kinds by pair.
func (j *writing) finish(ctx context.Context, rows []row) {
	jobs := map[pair]*linkJob{}
	for _, r := range rows {
		for _, l := range r.links {
			p := pair{r.k.name, l.to.name}
			if jobs[p] == nil {
				jobs[p] = &linkJob{j: j, from: r.k, to: l.to}
			}
			jobs[p].rows = append(jobs[p].rows, linkTask{row: r, l: l})
		}
	}
	order := slices.SortedFunc(maps.Keys(jobs), func(a, b pair) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to)) })
	for _, p := range order {
		jobs[p].run(ctx)
	}
	for _, r := range rows {
		if !j.done[r.at] {
			j.set(r.at, connector.Outcome{Status: connector.Done, Ref: j.c.ref(r.k, r.w.ID)})
		}
	}
}

func (b *linkJob) run(ctx context.Context) {
	if b.j.stop != nil {
		b.fail(b.all(), unsent(b.j.stop))
		return
	}
	to, err := b.j.c.other(ctx, b.rows[0].op, b.to.name)
	if err == nil {
		b.to = to
		err = b.look(ctx)
	}
	if e := asError(err); err != nil && statusOf(e) != connector.Refused {
		b.fail(b.all(), unsent(e))
		return
	} else if err != nil {
		b.fail(b.all(), e)
		return
	}
	var add, first, gone, demote []change
	for i := range b.rows {
		t := &b.rows[i]
		a, f, g, d := t.changes()
		add, first, gone, demote = append(add, a...), append(first, f...), append(gone, g...), append(demote, d...)
	}
	steps := []func(){
		func() { b.step(ctx, "associate/default", add) },
		func() { b.step(ctx, "create", first) },
		func() { b.step(ctx, "labels/archive", demote) },
		func() { b.step(ctx, "archive", gone) },
	}
	if b.from.name == "line_items" || b.to.name == "line_items" { // a line has one parent: the old one goes first
		steps = append(steps[3:], steps[:3]...)
	}
	for _, step := range steps {
		step()
	}
}

// look learns what is associated now: from the record as it was read where that says enough, else by asking.
func (b *linkJob) look(ctx context.Context) error {
	var ask []string
	for i := range b.rows {
		t := &b.rows[i]
		if t.w.Op == connector.OpCreate { // made a moment ago: nothing is there yet
			continue
		}
		if known, ok := t.fromBase(); ok {
			t.now = known
			continue
		}
		ask = append(ask, t.w.ID)
	}
	if len(ask) == 0 {
		return nil
	}
	slices.Sort(ask)
	ask = slices.Compact(ask)
	found, err := b.j.c.associations(ctx, b.rows[0].op, b.from, b.to, ask)
	if err != nil {
		return err
	}
	for i := range b.rows {
		if t := &b.rows[i]; t.w.Op != connector.OpCreate && slices.Contains(ask, t.w.ID) {
			t.now = found[t.w.ID]
		}
	}
	return nil
}

// fromBase reads the associations out of the record as read. A label that a person gave must be known with its type
// before it is touched, which the record does not tell.
func (t *linkTask) fromBase() ([]association, bool) {
	base := t.w.Base
	first := base.Field(connector.PrimaryOf + t.l.to.name)
	if !first.Known() {
		first = base.Field(connector.PrimaryOf + t.l.to.singular)
	}
	said := first.Known() && (first.Kind() == record.Null || len(base.RelatedTo(t.l.to.name)) > 0)
	for _, name := range []string{connector.AllOf + t.l.to.name, connector.AllOf + t.l.to.singular} {
		v := base.Field(name)
		said = said || v.Known() && len(v.List()) == len(base.RelatedTo(t.l.to.name))
	}
	if !said {
		return nil, false
	}
	var out []association
	for _, r := range base.RelatedTo(t.l.to.name) {
		if len(r.Labels) > 1 || len(r.Labels) == 1 && !r.Primary {
			return nil, false
		}
		out = append(out, association{Related: r})
	}
	return out, true
}

// labelled tells whether an association bears more than HubSpot's own unlabelled and primary types: that is somebody's
// information, and the association stays for it. Removing the unlabelled type would remove it too (fact sheet 5).
func (t *linkTask) labelled(a association) bool {
	j := t.l.joint(t.k)
	return len(a.Labels) > 0 && slices.ContainsFunc(a.types, func(typ linkType) bool {
		return typ.Category != hubspotDefined || typ.TypeID != j.plain && typ.TypeID != j.primary
	})
}

// changes compares what is with what shall be: associations to add, one to make primary, some to take away, and primary labels
// to take off where a label of somebody's keeps the association.
func (t *linkTask) changes() (add, first, gone, demote []change) {
	j := t.l.joint(t.k)
	has := func(id string) int {
		return slices.IndexFunc(t.now, func(a association) bool { return a.Ref.ID == id })
	}
	one := t.heir()
	for _, id := range t.l.ids() {
		at := has(id)
		switch {
		case id == one && (at < 0 || !t.now[at].Primary):
			types := []linkType{{hubspotDefined, j.plain}, {hubspotDefined, j.primary}}
			if at >= 0 {
				for _, typ := range t.now[at].types {
					if !slices.Contains(types, typ) {
						types = append(types, typ) // a list of types may replace those there are
					}
				}
			}
			first = append(first, change{t, id, types})
		case at < 0:
			add = append(add, change{task: t, id: id})
		}
	}
	for _, a := range t.now {
		id := a.Ref.ID
		unwanted := t.l.all != nil && !slices.Contains(*t.l.all, id) && id != one
		cleared := t.l.primary != nil && one == "" && (a.Primary || t.l.all == nil && len(t.now) == 1)
		switch {
		case !unwanted && (!cleared || t.l.all != nil && slices.Contains(*t.l.all, id) && !a.Primary):
		case cleared && t.l.all != nil && slices.Contains(*t.l.all, id), t.labelled(a) && a.Primary:
			demote = append(demote, change{t, id, []linkType{{hubspotDefined, j.primary}}})
		case !t.labelled(a):
			gone = append(gone, change{task: t, id: id})
		}
	}
	return add, first, gone, demote
}

// heir gives the one that shall be primary: the one that is said, or the only one left when the primary one goes.
func (t *linkTask) heir() string {
	if t.l.primary != nil {
		return *t.l.primary
	}
	if t.l.all == nil || len(*t.l.all) != 1 || t.l.joint(t.k).primary == 0 {
		return ""
	}
	only := (*t.l.all)[0]
	if slices.ContainsFunc(t.now, func(a association) bool { return a.Primary && a.Ref.ID != only && !t.labelled(a) }) {
		return only
	}
	return ""
}

func (b *linkJob) all() []*linkTask {
	var out []*linkTask
	for i := range b.rows {
		out = append(out, &b.rows[i])
	}
	return out
}

// step makes one kind of change for all rows, in calls of at most maxLinks; rows that failed before are left out.
func (b *linkJob) step(ctx context.Context, call string, changes []change) {
	open := slices.DeleteFunc(changes, func(c change) bool { return b.failed(c.task) })
	for chunk := range slices.Chunk(open, maxLinks) {
		b.send(ctx, call, chunk)
	}
}

// unsent is a fault before anything was sent: the same may be tried again.
func unsent(e *connector.Error) *connector.Error {
	copied := *e
	copied.Err = &rest.NoAnswerError{Err: e}
	return &copied
}

func (b *linkJob) failed(t *linkTask) bool {
	return b.j.done[t.at] && b.j.outs[t.at].Status != connector.Done
}

// fail gives rows the outcome of a call that failed for them. Their properties, if they had any, are written all the same.
func (b *linkJob) fail(tasks []*linkTask, e *connector.Error) {
	for _, t := range tasks {
		copied := *e
		copied.Op, copied.Fields = t.op, t.l.fields
		o := connector.Outcome{Status: statusOf(e), Err: &copied}
		if t.w.Op == connector.OpCreate {
			continue // the record is made: what it lacks the next look at it shows
		}
		if o.Status == connector.Retry && (b.wrote || b.j.done[t.at]) {
			o.Status = connector.Unknown // a part of it is written
		}
		o.Ref = b.j.c.ref(t.k, t.w.ID)
		b.j.set(t.at, o)
	}
	if passing(e) {
		b.j.stop = e
	}
}

// send makes one call; a whole refusal is halved until the row at fault stands alone.
func (b *linkJob) send(ctx context.Context, call string, changes []change) {
	tasks := func() (out []*linkTask) {
		for _, c := range changes {
			if !slices.Contains(out, c.task) {
				out = append(out, c.task)
			}
		}
		return out
	}
	if b.j.stop != nil {
		b.fail(tasks(), unsent(b.j.stop))
		return
	}
	route := b.j.c.paths.associations + "/batch/" + call
	a, err := b.j.c.call(ctx, changes[0].task.op, rest.Request{Method: http.MethodPost, Path: fill(route, "{from}", b.from.segment(), "{to}", b.to.segment()), Route: route,
		Bucket: BucketAssociations, Body: mustJSON(map[string]any{"inputs": linkInputs(call, changes)})}, nil)
	if err != nil {
		e := asError(err)
		if statusOf(e) == connector.Refused && e.Fault != connector.Forbidden && len(changes) > 1 {
			half := len(changes) / 2
			b.send(ctx, call, changes[:half])
			b.send(ctx, call, changes[half:])
			return
		}
		b.fail(tasks(), e)
		return
	}
	b.wrote = true
	b.attribute(call, changes, a)
}

type linkEnd struct {
	From  batchInput `json:"from"`
	To    any        `json:"to"`
	Types []linkType `json:"types,omitempty"`
}

// linkInputs is the body of a call; archive takes several ends of one record together.
func linkInputs(call string, changes []change) []linkEnd {
	var out []linkEnd
	for _, c := range changes {
		from := batchInput{c.task.w.ID}
		if call != "archive" {
			out = append(out, linkEnd{from, batchInput{c.id}, c.types})
			continue
		}
		if n := len(out); n > 0 && out[n-1].From == from {
			out[n-1].To = append(out[n-1].To.([]batchInput), batchInput{c.id})
			continue
		}
		out = append(out, linkEnd{From: from, To: []batchInput{{c.id}}})
	}
	return out
}

// linksAnswer is what making associations answers: one shape names the ends in from and to, the other by ids.
type linksAnswer struct {
	Results []struct {
		From batchInputAnswer `json:"from"`
		To   batchInputAnswer `json:"to"`
		F    scalar           `json:"fromObjectId"`
		T    scalar           `json:"toObjectId"`
	} `json:"results"`
	Errors []wireError `json:"errors"`
}

type batchInputAnswer struct {
	ID scalar `json:"id"`
}

// attribute finds the rows that HubSpot refused inside a success: those whose association is not in the answer. Its
// errors name ids in their text alone.
func (b *linkJob) attribute(call string, changes []change, a rest.Answer) {
	var answer linksAnswer
	if strings.HasSuffix(call, "archive") && len(a.Body) == 0 || json.Unmarshal(a.Body, &answer) != nil && strings.HasSuffix(call, "archive") {
		return
	}
	if strings.HasSuffix(call, "archive") && len(answer.Errors) == 0 {
		return
	}
	made := map[[2]string]bool{}
	for _, r := range answer.Results {
		made[[2]string{r.From.ID.text, r.To.ID.text}] = true
		made[[2]string{r.F.text, r.T.text}] = true
	}
	for _, c := range changes {
		if made[[2]string{c.task.w.ID, c.id}] || b.failed(c.task) {
			continue
		}
		e := &connector.Error{Fault: connector.Unavailable, Op: c.task.op, Code: "the answer does not mention this association"}
		if at := slices.IndexFunc(answer.Errors, func(w wireError) bool {
			return strings.Contains(w.Message, c.id) || strings.Contains(w.Message, c.task.w.ID)
		}); at >= 0 {
			e = answer.Errors[at].fault(c.task.op)
		} else if len(answer.Errors) > 0 && len(changes) == 1 {
			e = answer.Errors[0].fault(c.task.op)
		}
		e.Status = a.Status
		if e.Err == nil {
			e.Err = correlation(a)
		}
		b.fail([]*linkTask{c.task}, e)
	}
}
