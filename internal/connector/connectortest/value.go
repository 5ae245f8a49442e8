package connectortest

import (
	"net/url"
	"strings"

	"crosswalk/internal/connector"
	"crosswalk/internal/record"
)

// C15: absent, null, empty and unreadable are four things.
var valueCases = []acceptance{
	{name: "C15 a field that is not in the answer is absent", run: readOmitted},
	{name: "C15 null is null and empty text is empty", run: readNull},
	{name: "C15 an update leaves alone what it does not name", needs: []Ability{Updating}, run: leaveAlone},
	{name: "C15 only an explicit clear clears", needs: []Ability{Updating, Clearing}, run: clearField},
	{name: "C15 an unreadable value is never written", needs: []Ability{Updating}, run: neverWriteHidden},
	{name: "64-bit integers are exact", needs: []Ability{Integers}, run: integers},
	{name: "an unknown enum value passes through", needs: []Ability{Enums}, run: unknownEnum},
	{name: "texts come back as they were", run: texts},
}

func safeURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && !strings.ContainsAny(s, " \n\x00\"<>")
}

// rewritten reads a record while a field of the vendor's answer is changed.
func (e *env) rewritten(field, value string) record.Value {
	e.Helper()
	id := e.add(1)[0]
	e.w.Wire.Arm(Fault{Kind: Rewrite, Field: wireName(field), Value: value, Times: 2})
	v := e.found(id).Field(field)
	e.w.Wire.Forget()
	return v
}

func readOmitted(e *env) {
	id := e.add(1)[0]
	e.w.Wire.Arm(Fault{Kind: Omit, Field: wireName(e.k.Text), Times: 2})
	if v, there := e.found(id).Fields[e.k.Text]; there {
		e.Errorf("a field the vendor left out is in the record as kind %d, want it absent", v.Kind())
	}
}

func readNull(e *env) {
	if v := e.rewritten(e.k.Text, `null`); v.Kind() != record.Null {
		e.Errorf("null is kind %d, want null", v.Kind())
	}
	if v := e.rewritten(e.k.Text, `""`); !v.Known() || !v.Blank() {
		e.Errorf("empty text is kind %d, want a known blank", v.Kind())
	}
}

func leaveAlone(e *env) {
	id := e.add(1)[0]
	e.w.Change(e.k.Object, id, text(5))
	o := e.one(connector.Write{Op: connector.OpUpdate, Object: e.k.Object, ID: id, Key: "none", Fields: map[string]record.Value{}})
	e.want(o, connector.Done)
	o = e.one(connector.Write{Op: connector.OpUpdate, Object: e.k.Object, ID: id, Key: "absent",
		Fields: map[string]record.Value{e.k.Text: {}}})
	e.want(o, connector.Done)
	if got := e.found(id).Field(e.k.Text).Text(); got != text(5) {
		e.Errorf("an update that names nothing left %q", got)
	}
}

func clearField(e *env) {
	id := e.add(1)[0]
	e.w.Change(e.k.Object, id, text(6))
	o := e.one(connector.Write{Op: connector.OpUpdate, Object: e.k.Object, ID: id, Key: "clear",
		Fields: map[string]record.Value{e.k.Text: record.Empty()}})
	e.want(o, connector.Done)
	if v := e.found(id).Field(e.k.Text); !v.Known() || !v.Blank() {
		e.Errorf("after a clear the field is %q, want blank", v.Text())
	}
}

func neverWriteHidden(e *env) {
	id := e.add(1)[0]
	e.w.Change(e.k.Object, id, text(7))
	o := e.one(connector.Write{Op: connector.OpUpdate, Object: e.k.Object, ID: id, Key: "hidden",
		Fields: map[string]record.Value{e.k.Text: record.Hidden()}})
	e.want(o, connector.Refused)
	if got := e.found(id).Field(e.k.Text).Text(); got != text(7) {
		e.Errorf("writing an unreadable value left %q", got)
	}
}

func integers(e *env) {
	for _, n := range []string{"9007199254740993", "-9007199254740993", "9223372036854775807", "0"} {
		if v := e.rewritten(e.k.Integer, n); v.Text() != n {
			e.Errorf("%s was read as %s", n, v.Text())
		}
	}
}

func unknownEnum(e *env) {
	if v := e.rewritten(e.k.Enum, `"NEWLY_INVENTED"`); v.Text() != "NEWLY_INVENTED" {
		e.Errorf("an enum value nobody knew was read as kind %d %q", v.Kind(), v.Text())
	}
}

func texts(e *env) {
	id := e.add(1)[0]
	for _, want := range []string{"a,b|c:d;e", "<b>&amp;</b>", "naïve 日本 \U0001F9FE", "x \" ' \\ y", "line one\nline two", "=1+1", "0012"} {
		e.w.Change(e.k.Object, id, want)
		if got := e.found(id).Field(e.k.Text).Text(); got != want {
			e.Errorf("%q was read as %q", want, got)
		}
		if e.s.lacks(e.k, Updating) != "" {
			continue
		}
		e.w.Change(e.k.Object, id, text(0))
		w := e.update(id, want)
		w.Key = "text-" + want
		e.want(e.one(w), connector.Done)
		if got := e.found(id).Field(e.k.Text).Text(); got != want {
			e.Errorf("%q was written as %q", want, got)
		}
	}
}
