package plan

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"crosswalk/internal/link"
	"crosswalk/internal/mapping"
	"crosswalk/internal/record"
)

// wanted is the value a field should have at b, before the target is looked at.
type wanted struct {
	field mapping.Field
	value record.Value // Absent: the source says nothing, leave b alone
	raw   record.Value // of a field that goes both ways: the source's own value
	rule  string
	stop  *link.Reason // the record is held for this
	need  *Need        // the value waits for this record's counterpart
	later *Need        // the value is left out until this record has a counterpart
	gone  bool         // the account does not show a field that it is made of: its whole group is left alone
	apart *link.Reason // of a reference that may be any: what it refers to has no counterpart
	left  *link.Reason // the value cannot be carried: its whole group is left alone, and the rest of the record goes on

	// Of a list of references, each by its mark:
	more  []Need   // later, of the others
	bars  []Need   // those that are left out on purpose
	out   []string // the source's that have no counterpart, so that they are not carried
	kept  []string // the target's that are not ours to take away: they have no counterpart, or were not carried home yet
	fresh bool     // of the source's that may get a counterpart yet one was not left out when it was settled
	came  bool     // nothing changed at either side but that one that was left out has a counterpart now: it is added
	pends bool     // likewise, but the target was changed: that goes home first
}

// wantedValues works out every field of the document or record.
func wantedValues(f *Facts) []wanted {
	out := make([]wanted, 0, len(f.Mapping.Fields))
	for _, field := range f.Mapping.Fields {
		out = append(out, leaveOne(f, wantedValue(f, f.Source, field)))
	}
	return alternatives(belonging(f, aside(out)))
}

// alternatives leaves one value of references that are written to one field (what a task is about: a deal, else a company): the first
// that has a counterpart. They share one agreed pair, so that a better one that comes later takes the place of what we wrote.
func alternatives(all []wanted) []wanted {
	if !slices.ContainsFunc(all, func(w wanted) bool { return w.field.Any }) { // of every record, and a value with its field is large
		return all
	}
	first, filled := map[string]mapping.Field{}, map[string]bool{}
	var out []wanted
	for _, w := range all {
		if !w.field.Any {
			out = append(out, w)
			continue
		}
		if head, ok := first[w.field.B]; ok {
			w.field.As = head.Key()
		} else {
			first[w.field.B] = w.field
		}
		known := w.value.Known()
		if known && filled[w.field.B] {
			continue
		}
		filled[w.field.B] = filled[w.field.B] || known
		out = append(out, w)
	}
	return out
}

// belonging looks at references of which any will do (required: any): a record that is not linked yet and refers to records none of which
// has a counterpart is left out until one has; an activity without its person would be noise. What is only written where another
// reference is not (the second line of one field) counts where nothing else is filled: the company of somebody who is not carried does not
// bring their calls along.
func belonging(f *Facts, all []wanted) []wanted {
	if f.Target != nil {
		return all
	}
	var lines, second []int
	seen := map[string]bool{}
	for n, w := range all {
		filled := w.field.Any && (w.value.Known() && !w.value.Blank() || w.apart != nil || w.later != nil)
		switch {
		case filled && seen[w.field.B]:
			second = append(second, n)
		case filled:
			lines = append(lines, n)
		}
		seen[w.field.B] = seen[w.field.B] || w.field.Any
	}
	if len(lines) == 0 {
		lines = second
	}
	rank := func(w wanted) int {
		switch {
		case w.value.Known():
			return 0
		case w.apart == nil:
			return 1
		}
		return 2
	}
	slices.SortStableFunc(lines, func(i, j int) int { return rank(all[i]) - rank(all[j]) })
	if len(lines) == 0 {
		return all
	}
	switch best := &all[lines[0]]; {
	case best.value.Known():
	case best.apart == nil:
		best.need = best.later
	default:
		best.stop = best.apart
	}
	return all
}

// aside leaves whole groups alone of which a part is not shown any more (A10): what can still be read of an address may have
// moved to another one.
func aside(all []wanted) []wanted {
	stopped := map[string]bool{}
	for _, w := range all {
		stopped[w.field.Group] = stopped[w.field.Group] || w.gone
	}
	left := map[string]bool{}
	for _, w := range all {
		left[w.field.Group] = left[w.field.Group] || w.left != nil
	}
	for n := range all {
		if g := all[n].field.Group; g != "" && left[g] && all[n].left == nil {
			all[n] = wanted{field: all[n].field, raw: all[n].raw, rule: leftRule, stop: all[n].stop}
		}
	}
	for n := range all {
		if g := all[n].field.Group; g != "" && stopped[g] {
			all[n] = wanted{field: all[n].field, rule: goneRule, gone: true, stop: all[n].stop}
		}
	}
	return all
}

// goneRule is the rule of a field that is left alone because what it is made of is not shown any more.
const goneRule = "not shown to our credential any more: left as it is"

// lacked gives a field that the value is made of and the account does not show, "" for none.
func lacked(f *Facts, source *record.Record, field mapping.Field) string {
	if f.Lacking.None() {
		return ""
	}
	for _, name := range field.A {
		if source == f.Source && f.Lacking.Input(f.Mapping, name) || source != f.Source && f.Lacking.Lines[name] {
			return name
		}
	}
	return f.Lacking.Script(f.Mapping, field.Value)
}

func wantedValue(f *Facts, source *record.Record, field mapping.Field) wanted {
	w := wanted{field: field}
	if field.Other != nil {
		w.raw = sourceField(f, source, field.A[0])
	}
	if name := lacked(f, source, field); name != "" {
		w.gone, w.rule = true, goneRule
		if field.Required {
			w.stop = unreadable(field, name)
		}
		return w
	}
	switch {
	case field.Static != nil:
		w.value, w.rule = record.Of(*field.Static), "static value"
	case field.Value != "":
		w = scriptValue(f, w)
	case field.Through != "":
		return throughValue(f, w)
	default:
		w = inputValue(f, source, w)
	}
	if w.stop != nil {
		return w
	}
	w = mapValue(f, w)
	if w.stop == nil && w.value.Blank() && w.value.Kind() != record.Absent && field.Default != nil {
		w.value, w.rule = record.Of(*field.Default), "default"
	}
	if w.stop == nil && field.Table != "" && !w.value.Blank() {
		w = tableValue(f, w)
	}
	if w.stop == nil && field.Required && w.value.Blank() {
		w.stop = &link.Reason{Category: MissingValue, Fields: inputs(field),
			Text: fmt.Sprintf("%s is empty, and %s needs it. Fill it, or give it a default in the mapping", strings.Join(inputs(field), " and "), field.B)}
	}
	return w
}

func inputs(field mapping.Field) []string {
	if len(field.A) > 0 {
		return field.A
	}
	return []string{field.B}
}

// joined puts a space between texts, and nothing where one is blank: a person without a first name has no space before the last.
func joined(texts []string) string {
	return strings.Join(slices.DeleteFunc(slices.Clone(texts), func(t string) bool { return strings.TrimSpace(t) == "" }), " ")
}

// inputValue reads the inputs of a and runs the transform.
func inputValue(f *Facts, source *record.Record, w wanted) wanted {
	texts, known := make([]string, len(w.field.A)), 0
	for i, name := range w.field.A {
		v := sourceField(f, source, name)
		if v.Kind() == record.Unreadable {
			w.stop = unreadable(w.field, name)
			return w
		}
		if v.Known() {
			known++
		}
		texts[i] = v.Text()
	}
	if known == 0 {
		return w // nothing was said: absent is not empty (C15)
	}
	if w.field.Transform == "" {
		w.value, w.rule = sourceField(f, source, w.field.A[0]), "as it is"
		if len(w.field.A) > 1 {
			w.value = record.Of(joined(texts))
		}
		if w.value.Blank() {
			w.value = record.Empty()
		}
		return w
	}
	w.rule = w.field.Transform
	if strings.Join(texts, "") == "" {
		w.value = record.Empty()
		return w
	}
	out, err := f.Tools.Transform(w.field.Transform, texts, Env{TimeZone: f.Account.TimeZone, Currency: f.Account.Currency})
	if err != nil {
		w.stop = &link.Reason{Category: BadValue, Fields: w.field.A,
			Text: fmt.Sprintf("%s cannot become %s by %s: %v. Correct it", strings.Join(w.field.A, " and "), w.field.B, w.field.Transform, err)}
		return w
	}
	w.value = record.Of(out)
	if out == "" {
		w.value = record.Empty()
	}
	return w
}

func unreadable(field mapping.Field, name string) *link.Reason {
	return &link.Reason{Category: UnreadableField, Fields: []string{name},
		Text: fmt.Sprintf("our credential may not read %s, which %s needs. Give it the right, or take the field out of the mapping", name, field.B)}
}

// sourceField reads a field of the source; "id" is its own id, "company.name" a field of the related record of that name.
func sourceField(f *Facts, source *record.Record, name string) record.Value {
	if name == "id" {
		return record.Of(source.Ref.ID)
	}
	if with, rest, ok := strings.Cut(name, "."); ok {
		if records, known := f.Related[with]; known {
			if len(records) != 1 {
				return record.Empty()
			}
			return records[0].Field(rest)
		}
	}
	return source.Field(name)
}

func scriptValue(f *Facts, w wanted) wanted {
	w.rule = "value " + w.field.Value
	got, ok := f.Scripts[w.field.Value]
	if !ok || got.Err != nil {
		w.stop = scriptReason(w.field.B, got.Err)
		return w
	}
	v, err := fromScript(got.Value)
	if err != nil {
		w.stop = scriptReason(w.field.B, err)
		return w
	}
	w.value = v
	return w
}

func scriptReason(what string, err error) *link.Reason {
	text := fmt.Sprintf("the expression for %s was not run", what)
	if err != nil {
		text = fmt.Sprintf("the expression for %s failed: %v", what, err)
	}
	return &link.Reason{Category: ScriptFailed, Fields: []string{what}, Text: text}
}

func fromScript(v any) (record.Value, error) {
	switch v := v.(type) {
	case nil:
		return record.Empty(), nil
	case string:
		if v == "" {
			return record.Empty(), nil
		}
		return record.Of(v), nil
	case bool:
		return record.Of(fmt.Sprint(v)), nil
	case int, int64:
		return record.Of(fmt.Sprint(v)), nil
	case []any:
		parts := make([]string, len(v))
		for i, p := range v {
			parts[i] = fmt.Sprint(p)
		}
		return record.Many(parts...), nil
	case fmt.Stringer:
		return record.Of(v.String()), nil
	}
	return record.Value{}, fmt.Errorf("gave a %T; give text, a number, true or false, a list of texts, or None", v)
}

func mapValue(f *Facts, w wanted) wanted {
	if len(w.field.Values) == 0 || w.value.Kind() == record.Absent {
		return w
	}
	to, ok := w.field.Values[w.value.Text()]
	switch {
	case ok:
		w.value, w.rule = record.Of(to), "value map"
	case w.value.Blank():
	case w.field.Else != nil:
		w.value, w.rule = record.Of(*w.field.Else), "value map, else"
	default:
		w.stop = &link.Reason{Category: UnmappedValue, Fields: inputs(w.field),
			Text: fmt.Sprintf("%s has a value that the value map of %s does not name. Add it to the map, or set an else", strings.Join(inputs(w.field), " and "), w.field.B)}
	}
	return w
}

func tableValue(f *Facts, w wanted) wanted {
	if w.field.By != "" {
		return sameRow(f, w)
	}
	key, found := LookUp(f.Tables["b/"+w.field.Table], w.value.Text())
	if !found {
		w.stop = &link.Reason{Category: UnknownLabel, Fields: []string{w.field.B},
			Text: fmt.Sprintf("%s: no single row of the table %s has the key, label or code that the mapping gives. Bring it back there, or write another one in the mapping", w.field.B, w.field.Table)}
		return w
	}
	w.value = record.Of(key)
	w.rule = "by name in " + w.field.Table
	return w
}

// sameRow finds the row of b's table that is the same as a's (the owner with the same e-mail address). A row that b has not, or has
// twice, is nobody's fault of the record: else: names the row that takes its place, and without it the field is left alone, unless it is
// required.
func sameRow(f *Facts, w wanted) wanted {
	own := f.Tables["a/"+w.field.Table][w.value.Text()].Attrs[w.field.By]
	var hits []string
	for key, row := range f.Tables["b/"+w.field.Table] {
		if own != "" && strings.EqualFold(row.Attrs[w.field.By], own) && row.Attrs["archived"] != "true" {
			hits = append(hits, key)
		}
	}
	w.rule = "by " + w.field.By + " in " + w.field.Table
	switch {
	case len(hits) == 1:
		w.value = record.Of(hits[0])
	case w.field.Else != nil && inPlace(f, w.field) != "":
		w.value, w.rule = record.Of(inPlace(f, w.field)), w.rule+": nobody there, else"
	case w.field.Required:
		w.stop = &link.Reason{Category: UnknownLabel, Fields: w.field.A,
			Text: fmt.Sprintf("%s: no single row of the table %s at %s has the same %s. Make one there, or take required out of the mapping", w.field.B, w.field.Table, f.Mapping.B.Connection, w.field.By)}
	default:
		w.value, w.rule = record.Value{}, w.rule+": nobody there, left alone"
	}
	return w
}

// inPlace is the row of b's table that else: names, by its attribute, key or label: "" where there is none that may be used.
func inPlace(f *Facts, field mapping.Field) string {
	t := f.Tables["b/"+field.Table]
	var hits []string
	for key, row := range t {
		if strings.EqualFold(row.Attrs[field.By], *field.Else) && *field.Else != "" {
			hits = append(hits, key)
		}
	}
	if len(hits) == 0 {
		if key, ok := LookUp(t, *field.Else); ok {
			hits = append(hits, key)
		}
	}
	if len(hits) != 1 || t[hits[0]].Attrs["archived"] == "true" {
		return ""
	}
	return hits[0]
}

// LookUp finds the one row of a table that a person means: by key, else by code, else by label. Two rows with one label
// are no answer.
func LookUp(t Table, name string) (key string, ok bool) {
	if _, ok := t[name]; ok {
		return name, true
	}
	var hits []string
	for k, row := range t {
		if row.Attrs["code"] == name {
			hits = append(hits, k)
		}
	}
	if len(hits) == 0 {
		for k, row := range t {
			if row.Label == name {
				hits = append(hits, k)
			}
		}
	}
	if len(hits) != 1 {
		return "", false
	}
	return hits[0], true
}

// throughValue resolves a reference through its mapping's link.
func throughValue(f *Facts, w wanted) wanted {
	w.rule = "through " + strings.Join(w.field.Throughs(), " or ")
	switch {
	case listed(f.Mapping, w.field) && strings.HasPrefix(w.field.B, "associations."):
		return throughList(f, w)
	case listed(f.Mapping, w.field):
		return throughFirst(f, w)
	}
	if v := sourceField(f, f.Source, w.field.A[0]); w.field.Other != nil && !w.field.Required && v.Blank() {
		if v.Known() {
			w.value = record.Empty() // nothing is associated: that travels as a blank does
		}
		return w
	}
	needs, reason := candidates(f, w.field)
	if reason != nil {
		if w.field.Required {
			w.stop = reason
		}
		if w.field.Any && reason.Category == ParentHeld {
			w.apart = reason
		}
		return w
	}
	need, c := best(f, needs)
	return met(w, need, c)
}

// met puts a reference's counterpart in, or says what it waits for.
func met(w wanted, need Need, c Counterpart) wanted {
	switch {
	case c.State == Ready:
		w.value = record.Of(c.ID)
	case w.field.Any && c.State == Stuck:
		w.apart, w.later = parentReason(need, c), &need
	case !w.field.Required:
		w.later = &need // left out now and patched when the parent links (B12)
	case c.State == Stuck:
		w.stop = parentReason(need, c)
	default:
		w.need = &need
	}
	return w
}

// throughFirst is the one record that a target takes of several associated ones: the one it has, where that is one of them, else the first
// that has a counterpart, else the first that is still to come.
func throughFirst(f *Facts, w wanted) wanted {
	v := f.Source.Field(w.field.A[0])
	if !v.Known() {
		return w
	}
	var needs []Need
	for _, ref := range listedRefs(f, w.field) {
		some, reason := candidatesOf(f, w.field, ref)
		if reason != nil && w.field.Any {
			w.apart = reason
		}
		needs = append(needs, some...)
	}
	if len(needs) == 0 {
		if w.field.Required {
			w.stop = &link.Reason{Category: MissingValue, Fields: w.field.A, Text: "no " + strings.TrimPrefix(w.field.A[0], "associations.") + " are associated. Associate one"}
		}
		return w
	}
	for _, need := range needs {
		if c := f.Counterparts[need]; c.State == Ready && f.Target != nil && c.ID == f.Target.Field(w.field.B).Text() {
			return met(w, need, c)
		}
	}
	need, c := best(f, needs)
	return met(w, need, c)
}

// candidates are the needs of a reference: one for each mapping that may carry the record it names.
func candidates(f *Facts, field mapping.Field) ([]Need, *link.Reason) {
	ref, reason := referenced(f, field)
	if reason != nil {
		return nil, reason
	}
	return candidatesOf(f, field, ref)
}

func candidatesOf(f *Facts, field mapping.Field, ref record.Ref) ([]Need, *link.Reason) {
	kind := ""
	if f.KindOf != nil {
		kind = f.KindOf(ref.ID)
	}
	var out []Need
	for n, name := range field.Throughs() {
		object := f.SourceObjects[name]
		if n > 0 && object == "" || kind != "" && object != "" && object != kind {
			continue // there is no such mapping, or it is none of that kind of record
		}
		if n > 0 {
			ref.Object = object
		}
		out = append(out, Need{Mapping: name, Ref: ref})
	}
	if len(out) == 0 {
		return nil, &link.Reason{Category: ParentHeld, Fields: field.A, Text: fmt.Sprintf("%s is a %s, which %s does not carry", field.A[0], kind, strings.Join(field.Throughs(), " or "))}
	}
	return out, nil
}

// best is the need that is furthest: one that is ready, else one that is still to come, else the one whose reason says most.
func best(f *Facts, needs []Need) (Need, Counterpart) {
	rank := func(c Counterpart) int {
		switch {
		case c.State == Ready:
			return 3
		case c.State != Stuck:
			return 2
		case c.Reason != nil && (c.Reason.Category == OtherDocument || c.Reason.Category == NoParentMapping):
			return 0
		}
		return 1
	}
	found := needs[0]
	for _, need := range needs[1:] {
		if rank(f.Counterparts[need]) > rank(f.Counterparts[found]) {
			found = need
		}
	}
	return found, f.Counterparts[found]
}

func parentReason(need Need, c Counterpart) *link.Reason {
	r := &link.Reason{Category: ParentHeld, Text: fmt.Sprintf("%s has no counterpart by %s", need.Ref, need.Mapping)}
	if c.Reason != nil {
		r.Text += ": " + c.Reason.Category + ": " + c.Reason.Text
	}
	return r
}

// listed tells whether a field is every association to an object (connector/association.go), not the picked one of a "with".
func listed(m *mapping.Mapping, field mapping.Field) bool {
	name, ok := strings.CutPrefix(field.A[0], "associations.")
	return ok && !slices.ContainsFunc(m.With, func(w mapping.With) bool { return w.Name == name })
}

// listedRefs are the records that such a field names.
func listedRefs(f *Facts, field mapping.Field) []record.Ref {
	var out []record.Ref
	for _, id := range f.Source.Field(field.A[0]).List() {
		if id != "" {
			out = append(out, record.Ref{Connection: f.Source.Ref.Connection, Object: f.SourceObjects[field.Through], ID: id})
		}
	}
	return out
}

// throughList translates every associated record that has a counterpart. The others are left out, which the link remembers
// (link.Side): those that wait are added when they link, and nothing else of the list is written for that (B12). Associations of the
// target to records that have no counterpart, or had none when the list was settled, are not ours to take away and stay.
func throughList(f *Facts, w wanted) wanted {
	if !f.Source.Field(w.field.A[0]).Known() {
		return w
	}
	pair := f.Link.Agreed[w.field.Key()]
	before, there := link.LeftOut(pair.A), link.LeftOut(pair.B)
	var ids, came []string
	var coming, held []Need
	for _, ref := range listedRefs(f, w.field) {
		need, mark := Need{Mapping: w.field.Through, Ref: ref}, f.mark(ref)
		c, asked := f.Counterparts[need]
		left := slices.Contains(before, mark)
		if c.State == Ready {
			ids = append(ids, c.ID)
			if left {
				came = append(came, c.ID)
			}
			continue
		}
		if asked {
			w.out = append(w.out, mark)
		}
		switch {
		case c.State != Stuck:
			coming = append(coming, need)
		case mayLinkYet(c):
			held = append(held, need)
		default: // it is not waited for, and comes all the same should its mapping take it one day
			w.bars = append(w.bars, need)
			continue
		}
		w.fresh = w.fresh || !left
	}
	if all := append(coming, held...); len(all) > 0 { // one that is still to come is waited for first
		w.later, w.more = &all[0], all[1:]
	}
	has := f.Target.Field(w.field.B).List()
	for _, id := range has {
		ref := record.Ref{Connection: f.Target.Ref.Connection, Object: f.TargetObjects[w.field.Through], ID: id}
		if mark := f.mark(ref); !f.Linked[ref] || slices.Contains(there, mark) {
			ids = append(ids, id)
			if f.Linked != nil {
				w.kept = append(w.kept, mark)
			}
		}
	}
	if len(came) > 0 && w.field.Other != nil && f.Target != nil && link.Shown(pair.A) == f.sourceDigest(w) {
		if w.came = link.Shown(pair.B) == f.targetDigest(w, f.Target.Field(w.field.B)); w.came {
			ids = slices.Concat(has, came)
		}
		w.pends = !w.came
	}
	sort.Strings(ids)
	w.value = record.Many(slices.Compact(ids)...)
	return w
}

// mark is how a record is named among those that a side of a pair left out: the end of a digest of its address.
func (f *Facts) mark(ref record.Ref) string {
	digest := f.Tools.Digest(ref.String())
	return digest[max(0, len(digest)-markSize):]
}

// markSize makes one list of a thousand in which two are taken for each other once in thirty; then one that a person took away may come
// back when the other is linked.
const markSize = 6

// mayLinkYet tells of a record that has no counterpart that it may still get one without anybody touching what it is associated with: it is
// held, its counterpart is a Lead that may be converted, or one of its pair was deleted and may be restored.
func mayLinkYet(c Counterpart) bool {
	return c.Reason != nil && (!Harmless(c.Reason.Category) || c.Reason.Category == OtherDocument || c.Reason.Category == CounterpartDeleted)
}

// referenced gives the ref a "through" field points to: associations.NAME is the picked related record.
func referenced(f *Facts, field mapping.Field) (record.Ref, *link.Reason) {
	name, isAssociation := strings.CutPrefix(field.A[0], "associations.")
	if !isAssociation {
		v := f.Source.Field(field.A[0])
		if v.Blank() {
			return record.Ref{}, &link.Reason{Category: MissingValue, Fields: field.A, Text: field.A[0] + " is empty. Fill it"}
		}
		return record.Ref{Connection: f.Source.Ref.Connection, Object: f.SourceObjects[field.Through], ID: v.Text()}, nil
	}
	for _, with := range f.Mapping.With {
		if with.Name == name {
			return Pick(f.Source, with)
		}
	}
	return record.Ref{}, &link.Reason{Category: MissingValue, Fields: field.A, Text: "the mapping's with does not name " + name}
}

// Pick chooses the one related record that a "with: pick: primary" means: the only one, or the one marked primary.
func Pick(source *record.Record, with mapping.With) (record.Ref, *link.Reason) {
	all := source.RelatedTo(with.Object)
	var primary []record.Ref
	distinct := map[record.Ref]bool{}
	for _, r := range all {
		if r.Primary && !distinct[r.Ref] {
			primary = append(primary, r.Ref)
		}
		distinct[r.Ref] = true
	}
	switch {
	case len(distinct) == 0:
		return record.Ref{}, &link.Reason{Category: NoCompany, Text: fmt.Sprintf("no %s is associated. Associate one", with.Object)}
	case len(distinct) == 1:
		return all[0].Ref, nil
	case len(primary) == 1:
		return primary[0], nil
	}
	ids := make([]string, 0, len(distinct))
	for r := range distinct {
		ids = append(ids, r.ID)
	}
	sort.Strings(ids)
	return record.Ref{}, &link.Reason{Category: SeveralCompanies,
		Text: fmt.Sprintf("%d %s are associated (%s) and none is primary. Mark the one that is meant as primary", len(ids), with.Object, strings.Join(ids, ", "))}
}
