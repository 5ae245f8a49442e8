package mapping

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"go.yaml.in/yaml/v3"
)

// The functions of this file give the shape of the document, from the top down: one function a section, each naming the
// keys it knows. Defaults are filled in here, so that a Mapping means the same to everyone who reads it.

func (r *reader) mapping(n *yaml.Node) *Mapping {
	o := r.object(n, "", "mapping", "slot", "a", "b", "with", "since", "document", "match", "when_taken", "a_to_b", "b_to_a", "conflict", "tie", "delete", "first",
		"fields", "lines", "protect", "hooks", "after", "email", "write_back", "watch", "schedule", "yields_to", "when_theirs", "mirror", "children", "match_elsewhere", "unmatched", "at_source")
	m := &Mapping{Name: o.text("mapping"), A: r.end(o, "a"), B: r.end(o, "b"), Since: r.day(o, "since"),
		WhenTaken: o.word("when_taken", "hold"), Conflict: o.word("conflict", "a"), Tie: o.text("tie"), First: o.text("first"),
		After: o.texts("after"), YieldsTo: o.texts("yields_to"), Theirs: o.text("when_theirs"), Schedule: r.schedule(o, "schedule")}
	m.Slot = o.word("slot", m.B.Object)
	m.Unmatched = o.word("unmatched", "skip")
	m.MatchOwn = o.has("match_elsewhere") && !o.flag("match_elsewhere")
	m.With = r.with(o)
	m.Document = r.document(o)
	m.Mirror = r.mirror(o)
	o.each("match", func(item *yaml.Node, path string) { r.match(m, item, path) })
	m.AToB, m.BToA = r.direction(o, "a_to_b"), r.direction(o, "b_to_a")
	m.Delete = Deletes{A: o.child("delete", "a", "b").word("a", "keep"), B: o.child("delete", "a", "b").word("b", "keep")}
	m.Fields = r.fields(o, "fields")
	m.WriteBack = r.fields(o, "write_back")
	m.Children = r.lines(o)
	o.each("children", func(item *yaml.Node, path string) { r.together(m, item, path) })
	m.ProtectA, m.ProtectB = o.child("protect", "a", "b").texts("a"), o.child("protect", "a", "b").texts("b")
	m.Hooks = r.hooks(o)
	m.Email = r.email(o)
	m.AtSource = r.atSource(o)
	o.each("watch", func(item *yaml.Node, path string) {
		m.Watch = append(m.Watch, Watch{Object: r.object(item, path, "object").text("object"), Line: item.Line})
	})
	m.sides()
	r.rules(m)
	if o.has("b_to_a") && !m.TwoWay() {
		m.homeRests()
	}
	m.directions()
	m.parts()
	m.home = m.turn()
	return m
}

// sides lets a connection's name stand for its side in conflict and first.
func (m *Mapping) sides() {
	if m.A.Connection == m.B.Connection {
		return
	}
	side := func(word *string) {
		switch *word {
		case "":
		case m.A.Connection:
			*word = "a"
		case m.B.Connection:
			*word = "b"
		}
	}
	side(&m.Conflict)
	side(&m.Tie)
	side(&m.First)
	for i := range m.Fields {
		side(&m.Fields[i].OnlyBlank)
		side(&m.Fields[i].Conflict)
		side(&m.Fields[i].First)
	}
}

// homeRests leaves out what a document says of the way home where it says b_to_a: false too: the way is planned and switched off.
func (m *Mapping) homeRests() {
	m.Fields = slices.DeleteFunc(m.Fields, func(f Field) bool { return f.Direction == "b_to_a" })
	for i := range m.Fields {
		f := &m.Fields[i]
		f.Direction, f.Back, f.BackValues, f.BackElse, f.BackDefault = "", "", nil, nil, nil
		if f.OnlyBlank == "a" {
			f.OnlyBlank = ""
		}
	}
	m.Hooks.BackCreate, m.Hooks.BackUpdate, m.Hooks.BackAfter = "", "", ""
}

// parts takes the fields that go home only out of those that are carried from a to b.
func (m *Mapping) parts() {
	if !m.TwoWay() {
		return
	}
	var forth []Field
	for _, f := range m.Fields {
		if f.Direction == "b_to_a" {
			m.Homeward = append(m.Homeward, f)
		} else {
			forth = append(forth, f)
		}
	}
	m.Fields = forth
}

// directions fills in which way each field of a mapping that works both ways goes, where the document does not say.
func (m *Mapping) directions() {
	if !m.TwoWay() {
		return
	}
	for i := range m.Fields {
		f := &m.Fields[i]
		switch {
		case f.Direction != "":
		case f.Turns():
			f.Direction = "both"
		default:
			f.Direction = "a_to_b"
		}
	}
}

func (r *reader) end(o object, key string) End {
	e := o.child(key, "connection", "object")
	return End{Connection: e.text("connection"), Object: e.text("object")}
}

func (r *reader) with(o object) []With {
	var out []With
	all := o.child("with")
	for _, name := range all.names() {
		w := all.child(name, "object", "pick", "fields", "optional")
		out = append(out, With{Name: name, Object: w.text("object"), Pick: w.word("pick", "primary"), Fields: w.texts("fields"),
			Optional: w.flag("optional"), Line: r.at[w.path].Line})
	}
	return out
}

func (r *reader) document(o object) *Document {
	if !o.has("document") {
		return nil
	}
	d := o.child("document", "kind", "recurring", "won", "name", "amount", "currency", "amounts", "prices", "discount_per", "default_product", "products", "lost", "brake")
	won := d.child("won", "stage", "stages", "closed_on", "entered_on")
	kind := d.text("kind")
	recurring := map[string]string{"invoice": "no", "contract": "yes"}[kind]
	return &Document{Kind: kind, Recurring: recurringWord(d.word("recurring", recurring)),
		Stage: won.text("stage"), Stages: won.word("stages", "stages"), ClosedOn: won.text("closed_on"), EnteredOn: won.text("entered_on"),
		Name: d.text("name"), Amount: d.text("amount"), Currency: d.text("currency"), Amounts: d.word("amounts", "hold"), Prices: d.word("prices", "net"),
		DiscountPer: d.word("discount_per", "unit"), DefaultProduct: d.text("default_product"), Products: d.text("products"),
		Lost: d.word("lost", "keep"), Brake: d.number("brake"), Line: r.at["document"].Line}
}

func (r *reader) mirror(o object) *Mirror {
	if !o.has("mirror") {
		return nil
	}
	m := o.child("mirror", "connection", "object", "a", "field")
	return &Mirror{End: End{Connection: m.text("connection"), Object: m.text("object")}, A: m.text("a"), Field: m.text("field"), Line: r.at["mirror"].Line}
}

// recurringWord takes true and false for yes and no: some editors turn one into the other.
func recurringWord(s string) string {
	switch s {
	case "true":
		return "yes"
	case "false":
		return "no"
	}
	return s
}

// match reads a rule by fields, or one that goes through related records.
func (r *reader) match(m *Mapping, n *yaml.Node, path string) {
	o := r.object(n, path, "a", "b", "transform", "compare", "on_hit", "optional", "through")
	rule := MatchRule{A: o.texts("a"), B: o.text("b"), Transform: o.trimmed("transform"), Compare: o.word("compare", "exact"),
		OnHit: o.word("on_hit", "link"), Optional: o.flag("optional"), Line: n.Line}
	if !o.has("through") {
		if len(m.Via) > 0 {
			r.complain(o.node, path, "it stands behind a rule that goes through related records, which is tried last", "put the rules with through at the end")
		}
		m.Match = append(m.Match, rule)
		return
	}
	for _, only := range []string{"b", "transform", "compare", "optional"} {
		if o.has(only) {
			r.complain(o.keys[only], o.place(only), only+" is for a rule that compares fields, and this one goes through related records", "leave it out")
		}
	}
	via := Via{Through: o.text("through"), OnHit: rule.OnHit, Line: n.Line, Path: path}
	name, ok := strings.CutPrefix(strings.Join(rule.A, " "), allOf)
	if !ok {
		r.complain(o.node, o.place("a"), "this rule goes through related records, and a does not name them", "write a: associations.NAME, with a NAME of with")
	}
	via.With = name
	m.Via = append(m.Via, via)
}

// together reads what a create takes along.
func (r *reader) together(m *Mapping, n *yaml.Node, path string) {
	o := r.object(n, path, "a", "through")
	t := Together{Through: o.text("through"), Line: n.Line, Path: path}
	name, ok := strings.CutPrefix(strings.Join(o.texts("a"), " "), allOf)
	if !ok {
		r.complain(o.node, o.place("a"), "a does not name related records", "write a: associations.NAME, with a NAME of with; the lines of a document are described under lines")
	}
	t.With = name
	m.Together = append(m.Together, t)
}

// direction reads true (create and update), false (neither) or the two keys.
func (r *reader) direction(o object, key string) Direction {
	if n := o.keys[key]; !isNull(n) && n.Kind == yaml.ScalarNode {
		all := o.flag(key)
		return Direction{Create: CreateRule{When: when(all), Line: n.Line}, Update: all}
	}
	d := o.child(key, "create", "update")
	return Direction{Create: r.create(d), Update: d.flag("update")}
}

func when(always bool) string {
	if always {
		return "always"
	}
	return "never"
}

// create reads true, false, a word, or { when, filter }.
func (r *reader) create(d object) CreateRule {
	n := d.keys["create"]
	if isNull(n) {
		return CreateRule{When: "never", Line: r.at[d.path].Line}
	}
	if n.Kind == yaml.ScalarNode {
		word := n.Value
		if yes, ok := flagOf(word); ok {
			word = when(yes)
		}
		return CreateRule{When: word, Line: n.Line}
	}
	c := d.child("create", "when", "filter", "only_new")
	return CreateRule{When: c.word("when", "always"), Filter: c.trimmed("filter"), OnlyNew: c.flag("only_new"), Line: n.Line}
}

func (r *reader) hooks(o object) Hooks {
	h := o.child("hooks", "a_to_b", "b_to_a", "after_link")
	d, back := h.child("a_to_b", "before_create", "before_update", "after_update"), h.child("b_to_a", "before_create", "before_update", "after_update")
	return Hooks{BeforeCreate: d.trimmed("before_create"), BeforeUpdate: d.trimmed("before_update"), AfterUpdate: d.trimmed("after_update"), AfterLink: h.trimmed("after_link"),
		BackCreate: back.trimmed("before_create"), BackUpdate: back.trimmed("before_update"), BackAfter: back.trimmed("after_update"),
		Line: r.at["hooks"].Line}
}

func (r *reader) email(o object) *Email {
	if !o.has("email") {
		return nil
	}
	e := o.child("email", "subject", "reply_to", "message")
	return &Email{Subject: e.trimmed("subject"), ReplyTo: e.text("reply_to"), Message: e.trimmed("message"), Line: r.at["email"].Line}
}

func (r *reader) day(o object, key string) *Day {
	if !o.has(key) {
		return nil
	}
	s := o.text(key)
	if r.misread[o.place(key)] {
		return nil
	}
	d, err := ParseDay(s)
	if err != nil {
		r.complain(o.keys[key], o.place(key), err.Error(), "")
		return nil
	}
	return &d
}

var every = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^every (?:(\d{1,4}) )?(minute|hour|day|week)s?$`) })

var units = map[string]time.Duration{"minute": time.Minute, "hour": time.Hour, "day": 24 * time.Hour, "week": 7 * 24 * time.Hour}

// schedule reads every 15 minutes, every hour, every 2 days, every week: a minute at least, a week at most; or never.
func (r *reader) schedule(o object, key string) time.Duration {
	if !o.has(key) {
		return 0
	}
	s := o.text(key)
	if r.misread[o.place(key)] {
		return 0
	}
	if isNever(o.keys[key]) {
		return Never
	}
	hit := every().FindStringSubmatch(strings.Join(strings.Fields(s), " "))
	if hit == nil {
		r.complain(o.keys[key], o.place(key), strconv.Quote(s)+" is not a schedule", "write every 15 minutes, every hour, every 2 days, every week or never")
		return 0
	}
	count := 1
	if hit[1] != "" {
		count, _ = strconv.Atoi(hit[1]) // four digits at most
	}
	d := time.Duration(count) * units[hit[2]]
	if d < time.Minute || d > units["week"] {
		r.complain(o.keys[key], o.place(key), strconv.Quote(s)+" is out of range", "a feed is read every minute at most and every week at least")
		return 0
	}
	return d
}
