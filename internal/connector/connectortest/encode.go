package connectortest

import (
	"bytes"
	"maps"
	"strings"

	"crosswalk/internal/connector"
	"crosswalk/internal/record"
)

// A6: what a create sends is fixed before it is sent.
var encodeCases = []acceptance{
	{name: "A6 Encode gives the same bytes every time, without a call", needs: []Ability{Creating}, run: deterministic},
	{name: "A6 a kept body is sent as it was kept", needs: []Ability{Creating}, run: verbatim},
	{name: "Encode refuses bad fields by name and without values", needs: []Ability{Creating}, run: badFields},
	{name: "Encode keeps every digit of an integer", needs: []Ability{Creating, Integers}, run: encodeIntegers},
}

func deterministic(e *env) {
	w, _ := e.create(1)
	want := w.Body
	other := e.prepare(e.w.Again()).(connector.Writer)
	e.w.Wire.Forget()
	for range 50 {
		again := w
		again.Body = nil
		again.Fields = map[string]record.Value{}
		maps.Copy(again.Fields, w.Fields)
		got, err := other.Encode(again)
		if err != nil {
			e.Fatalf("Encode: %v", e.clean(err))
		}
		if !bytes.Equal(got, want) {
			e.Fatalf("Encode gave two bodies for one write:\n%s\n%s", want, got)
		}
	}
	if n := len(e.w.Wire.Calls()); n != 0 {
		e.Errorf("Encode took %d calls", n)
	}
}

func verbatim(e *env) {
	w, marker := e.create(1)
	e.w.Wire.Forget()
	w.Fields = maps.Clone(w.Fields)
	w.Fields[e.k.Text] = record.Of("edited since")
	o := e.one(w)
	e.want(o, connector.Done)
	sent := false
	for _, c := range e.w.Wire.Calls() {
		sent = sent || bytes.Contains(c.Body, w.Body)
	}
	if !sent {
		e.Errorf("no call carried the kept bytes %s", w.Body)
	}
	if got := e.found(o.Ref.ID).Field(e.k.Text).Text(); got != text(1) {
		e.Errorf("the record has the text %q, want that of the kept body", got)
	}
	e.wantMarked(marker, 1)
}

func badFields(e *env) {
	w, _ := e.create(1)
	w.Body = nil
	for name, v := range map[string]record.Value{"noSuchField": record.Of(Canary), e.k.Text: record.Hidden()} {
		bad := w
		bad.Fields = maps.Clone(w.Fields)
		bad.Fields[name] = v
		_, err := e.writer().Encode(bad)
		if err == nil {
			e.Errorf("Encode took a bad %s", name)
		} else if !strings.Contains(e.clean(err).Error(), name) {
			e.Errorf("Encode's error does not name %s: %v", name, err)
		}
		o := e.one(bad)
		if o.Status != connector.Refused || connector.FaultOf(o.Err) != connector.Invalid {
			e.Errorf("writing a bad %s is %s (%v), want refused as invalid", name, o.Status, o.Err)
		}
	}
}

func encodeIntegers(e *env) {
	o, err := e.c.Describe(e.Context(), e.k.Object)
	if err != nil {
		e.Fatalf("Describe: %v", e.clean(err))
	}
	for _, f := range o.Fields {
		if f.Name == e.k.Integer && f.ReadOnly {
			e.Skipf("%s is read only", f.Name)
		}
	}
	w, _ := e.create(1)
	w.Body = nil
	w.Fields[e.k.Integer] = record.Of("9007199254740993")
	body, err := e.writer().Encode(w)
	if err != nil {
		e.Fatalf("Encode: %v", e.clean(err))
	}
	if !bytes.Contains(body, []byte("9007199254740993")) {
		e.Errorf("the digits are not in the body: %s", body)
	}
	w.Fields[e.k.Integer] = record.Of(Canary)
	if _, err := e.writer().Encode(w); err == nil || !strings.Contains(e.clean(err).Error(), e.k.Integer) {
		e.Errorf("Encode of a text in %s: %v, want an error that names the field", e.k.Integer, err)
	}
}
