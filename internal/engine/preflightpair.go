package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"crosswalk/internal/connector"
	"crosswalk/internal/mapping"
	"crosswalk/internal/record"
)

// pair looks at a mapping between two CRMs, each direction for itself.
func (p *preflight) pair(ctx context.Context, a *Active) error {
	envs := map[string]planEnv{}
	for _, w := range ways(a) {
		from, err := p.describe(ctx, w.source())
		if err != nil {
			continue // said already
		}
		to, err := p.describe(ctx, w.target())
		if err != nil {
			continue
		}
		if envs[w.from], err = p.env(ctx, w.from); err != nil {
			return err
		}
		t := direction{preflight: p, way: w, name: a.Name, source: from, target: to, env: envs[w.from], sample: p.samples[w.source()]}
		if err := t.look(ctx); err != nil {
			return err
		}
	}
	if err := p.duplicates(ctx, a); err != nil {
		return err
	}
	p.fill(a)
	p.loads(a, envs)
	return p.native(ctx, a)
}

// direction is one way of a mapping with what is known of both ends.
type direction struct {
	*preflight
	way
	name           string // of the mapping
	source, target connector.Object
	env            planEnv
	sample         *sample
}

func (d direction) look(ctx context.Context) error {
	if err := d.statuses(ctx); err != nil {
		return err
	}
	if err := d.recordTypes(ctx); err != nil {
		return err
	}
	if err := d.owners(ctx); err != nil {
		return err
	}
	d.places()
	d.choices()
	d.orders()
	d.trial()
	d.untried()
	return nil
}

// field gives the ends of a rule that carries one field to another by itself; false for all others.
func (d direction) ends(f mapping.Field) (from, to connector.Field, ok bool) {
	to, there := fieldOf(d.target, f.B)
	if len(f.A) != 1 || !there {
		return from, to, false
	}
	from, ok = fieldOf(d.source, f.A[0])
	return from, to, ok
}

// line says where a rule stands.
func (d direction) line(f mapping.Field) string {
	return fmt.Sprintf("line %d: %s to %s of %s", f.Line, strings.Join(f.A, " and "), f.B, d.to)
}

// tableOfStatus are the objects whose Status is more than a list: what a value means stands in a table of its own.
var tableOfStatus = map[[2]string]string{{"Task", "Status"}: "task_statuses", {"Lead", "Status"}: "lead_statuses"}

// statuses holds what may be written to a status against the names that the org has, which administrators rename; a name that
// is not there makes activities fail without an obvious error.
func (d direction) statuses(ctx context.Context) error {
	for _, f := range d.m.Fields {
		name := tableOfStatus[[2]string{d.m.B.Object, f.B}]
		if name == "" {
			continue
		}
		t, ok, err := d.table(ctx, place{d.to, name})
		if err != nil || !ok {
			return err
		}
		var known, closed []string
		for _, row := range t.Rows {
			known = append(known, row.Key)
			if row.Attrs["closed"] == "true" {
				closed = append(closed, row.Key)
			}
		}
		written := d.writes(f)
		missing := slices.DeleteFunc(slices.Clone(written), func(v string) bool { return slices.Contains(known, v) })
		switch {
		case len(missing) > 0:
			d.add("stop", d.name, d.line(f)+": "+d.m.B.Object+" has no status "+some(missing)+"; it has "+some(known), "the mapping's editor, with the administrator of "+d.to,
				"write API names that the org has in values:, or have the administrator give the status its name back (Setup > Object Manager > "+d.m.B.Object+" > Status)")
		case len(written) > 0 && len(closed) > 0 && !slices.ContainsFunc(written, func(v string) bool { return slices.Contains(closed, v) }):
			d.add("warn", d.name, d.line(f)+": no status that is written closes a "+d.m.B.Object+": all would stay open", "the mapping's editor", "map what is completed to "+some(closed))
		}
	}
	return nil
}

// writes are the texts that a rule may write, as far as the document and the source's choices tell: nil where anything may be.
func (d direction) writes(f mapping.Field) []string {
	var out []string
	for _, v := range f.Values {
		out = append(out, v)
	}
	for _, v := range []*string{f.Static, f.Else, f.Default} {
		if v != nil {
			out = append(out, *v)
		}
	}
	if from, _, ok := d.ends(f); ok && f.Values == nil && f.Transform == "" && f.Table == "" {
		for _, o := range from.Options {
			out = append(out, o.Value)
		}
	}
	return slices.DeleteFunc(distinct(out), func(v string) bool { return v == "" })
}

// recordTypes says that an object has several kinds of record and nobody chooses.
func (d direction) recordTypes(ctx context.Context) error {
	field := ""
	for _, f := range d.target.Fields {
		if f.References == "record_types" {
			field = f.Name
		}
	}
	writes := slices.ContainsFunc(d.m.Fields, func(f mapping.Field) bool { return f.B == field })
	if field == "" || writes || d.m.AToB.Create.When == "never" {
		return nil
	}
	t, ok, err := d.table(ctx, place{d.to, "record_types"})
	if err != nil || !ok {
		return err
	}
	var names []string
	for _, row := range t.Rows {
		if row.Attrs["object"] == d.target.Name && row.Attrs["archived"] != "true" {
			names = append(names, row.Label)
		}
	}
	if len(names) > 1 {
		d.add("warn", d.name, fmt.Sprintf("%s has the record types %s and the mapping chooses none: what is created gets the default one of the integration user's profile, and with it that one's picklist values and stages", d.target.Name, some(names)),
			"the mapping's editor", "add a field that writes "+field+", or agree on the profile's default with the administrator of "+d.to)
	}
	return nil
}

// owners looks for owners whom the other side does not know by their e-mail address.
func (d direction) owners(ctx context.Context) error {
	for _, f := range d.m.Fields {
		from, to, ok := d.ends(f)
		if !ok || from.References != "owners" || to.References != "owners" || len(f.Values) > 0 {
			continue
		}
		here, one, err := d.table(ctx, place{d.from, "owners"})
		if err != nil || !one {
			return err
		}
		there, two, err := d.table(ctx, place{d.to, "owners"})
		if err != nil || !two {
			return err
		}
		known := map[string]bool{}
		for _, row := range there.Rows {
			if row.Attrs["archived"] != "true" {
				known[strings.ToLower(row.Attrs["email"])] = true
			}
		}
		without := map[string]bool{}
		var ids []string
		for _, row := range here.Rows {
			if row.Attrs["archived"] != "true" && row.Attrs["kind"] != "queue" && !known[strings.ToLower(row.Attrs["email"])] {
				without[row.Key], ids = true, append(ids, row.Key)
			}
		}
		if len(ids) == 0 {
			continue
		}
		theirs := 0
		if d.sample != nil {
			for _, r := range d.sample.records {
				if without[r.Field(from.Name).Text()] {
					theirs++
				}
			}
		}
		slices.Sort(ids)
		d.addN("warn", d.name, theirs, fmt.Sprintf("%s: %d owners of %s have no active user with the same e-mail address at %s: %s", d.line(f), len(ids), d.from, d.to, some(ids)), "the administrator of "+d.to,
			"give these people a user with that address, map their ids with values:, or name who takes their place: else: (back_else: on the way home)")
	}
	return nil
}

// governed gives the choices behind an address field that picklists rule: State and Country where the object has StateCode
// and CountryCode. nil: texts are taken as they are.
func governed(o connector.Object, name string) []connector.Option {
	code, ok := fieldOf(o, name+"Code")
	if !ok || code.Type != "enum" || !strings.HasSuffix(name, "State") && !strings.HasSuffix(name, "Country") {
		return nil
	}
	return code.Options
}

// places says whether state and country are lists at the target.
func (d direction) places() {
	var on, off []string
	for _, f := range d.m.Fields {
		if to, ok := fieldOf(d.target, f.B); ok && to.Type == "text" && (strings.HasSuffix(f.B, "State") || strings.HasSuffix(f.B, "Country")) {
			if governed(d.target, f.B) != nil {
				on = append(on, f.B)
			} else {
				off = append(off, f.B)
			}
		}
	}
	if len(on) > 0 {
		d.add("ok", d.name, "state and country are picklists at "+d.to+": only values that the org knows are taken in "+some(on), "", "")
	}
	if len(off) > 0 {
		d.add("ok", d.name, "state and country are free texts at "+d.to+": "+some(off)+" take anything", "", "")
	}
}

// choices looks at what becomes of the source's choices: a value map that lacks one holds such a record, or leaves the field with a sync
// error; a transform that gives nothing for one (values(..., unknown="blank")) leaves the field in silence. Both are listed value by value,
// with how many of the sampled records have it (PB-67, PB-105).
func (d direction) choices() {
	for _, f := range d.m.Fields {
		from, _, ok := d.ends(f)
		if !ok || len(from.Options) == 0 || f.Else != nil || f.Through != "" || f.Table != "" {
			continue
		}
		switch {
		case len(f.Values) > 0 && f.Transform == "":
			d.unmapped(f, from)
		case f.Transform != "" && len(f.Values) == 0 && f.Default == nil:
			d.dropped(f, from)
		}
	}
}

// unmapped lists the choices that a value map does not name.
func (d direction) unmapped(f mapping.Field, from connector.Field) {
	names, have, lacks := d.carrying(from, func(value string) bool { _, mapped := f.Values[value]; return !mapped })
	if lacks == 0 {
		return
	}
	severity, also := "stop", ""
	if d.sample != nil && d.sample.err == nil && (len(d.sample.records) > 0 || d.sample.whole) { // a portal has stages of pipelines that nobody uses
		if also = fmt.Sprintf("; %s %s have one", count(have), d.sample.said()); have == 0 {
			severity = "warn"
		}
	}
	d.addN(severity, d.name, have, d.line(f)+": values: has nothing for "+names+": records with these would be held"+also, "the mapping's editor", "add them to values:, or say else:")
}

// dropped lists the choices of which a transform makes nothing.
func (d direction) dropped(f mapping.Field, from connector.Field) {
	names, have, lacks := d.carrying(from, func(value string) bool {
		out, err := d.Tools.Transform(f.Transform, []string{value}, d.env)
		return err != nil || out == ""
	})
	if lacks == 0 {
		return
	}
	also := ""
	if d.sample != nil && len(d.sample.records) > 0 {
		also = fmt.Sprintf("; %s %s have one", count(have), d.sample.said())
	}
	d.addN("warn", d.name, have, d.line(f)+": no counterpart for "+names+": they are left out"+also, "the mapping's editor", "add those that you use to the transform's map, or leave them out on purpose")
}

// carrying names the choices of a field that lack something, those that the most sampled records have first, and counts both.
func (d direction) carrying(from connector.Field, lack func(value string) bool) (names string, have, lacks int) {
	byValue := map[string]int{}
	if d.sample != nil {
		for _, r := range d.sample.records {
			for _, value := range choicesOf(r.Field(from.Name)) {
				byValue[value]++
			}
		}
	}
	var lacking []connector.Option
	for _, o := range from.Options {
		if o.Value != "" && lack(o.Value) {
			lacking, have = append(lacking, o), have+byValue[o.Value]
		}
	}
	slices.SortStableFunc(lacking, func(x, y connector.Option) int { return byValue[y.Value] - byValue[x.Value] })
	said := make([]string, len(lacking))
	for n, o := range lacking {
		if said[n] = choiceName(o); byValue[o.Value] > 0 {
			said[n] += fmt.Sprintf(" [in %s]", counted(byValue[o.Value], "record"))
		}
	}
	return some(said), have, len(lacking)
}

// choicesOf are the values of a field of choices, of which a record may have several.
func choicesOf(v record.Value) []string {
	if many := v.List(); len(many) > 0 {
		return many
	}
	return []string{v.Text()}
}

// orders looks for stages that an order leaves out: a record that has one keeps it for ever, and nothing ever becomes one.
func (d direction) orders() {
	if d.m.Turned {
		return
	}
	for _, f := range d.m.Fields {
		to, there := fieldOf(d.target, f.B)
		if len(f.Order) == 0 || !there {
			continue
		}
		lacks, names := map[string]bool{}, []string{}
		for _, o := range to.Options {
			if !slices.Contains(f.Order, o.Value) {
				lacks[o.Value], names = true, append(names, choiceName(o))
			}
		}
		if len(lacks) == 0 {
			continue
		}
		have, also := 0, ""
		if s := d.samples[d.way.target()]; s != nil && len(s.records) > 0 {
			for _, r := range s.records {
				if lacks[r.Field(f.B).Text()] {
					have++
				}
			}
			also = fmt.Sprintf("; %s %s have one", count(have), s.said())
		}
		d.addN("warn", d.name, have, d.line(f)+": order leaves out "+some(names)+": records with these keep them whatever comes"+also, "the mapping's editor", "put them in their place in order:")
	}
}

// choiceName is a value with what people see of it.
func choiceName(o connector.Option) string {
	if o.Label == "" || strings.EqualFold(o.Label, o.Value) {
		return o.Value
	}
	return o.Value + " (" + o.Label + ")"
}

// untried says what cannot be found out without writing. Neither vendor has a create that only tries: a composite call that
// is rolled back runs triggers and flows all the same (salesforce.md 7.2, 17.5), and HubSpot's required properties bind writes
// alone (hubspot.md 1).
func (d direction) untried() {
	if !d.isCRM(d.to) {
		return
	}
	d.add("warn", d.to, "validation rules, triggers and properties that the account itself requires were not tried: this system has no way to try a write that leaves nothing behind", "the mapping's editor",
		"try them with real records of your choice: crosswalk pilot MAPPING REF; what a rule refuses is then one named sync error")
}
