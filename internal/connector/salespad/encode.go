package salespad

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"crosswalk/internal/connector"
	"crosswalk/internal/record"
)

// Traits: SalesPad has no idempotency key (fact sheet 7). The marker is a user field, which no filter takes, so that Look
// reads what was written since; lists come straight from the database. Where the caller chooses the key, as with address
// codes, the key is made of the marker and a second create is refused, which makes creates safe to repeat.
func (c *Connector) Traits(object string) connector.Traits {
	o, err := c.object("", object)
	if err != nil || o.Create == "" {
		return connector.Traits{}
	}
	return connector.Traits{MarkerField: o.markerField(), Keyed: o.Code != "" && o.Marker != "", StrongLook: true, Settle: c.Settle, Deadline: c.Deadline, Actions: o.Actions}
}

// Encode gives the JSON that a create sends: one object with its fields in order of name, the lines of a document inside it.
// A customer that brings addresses is a list, the customer first; each part is sent as it stands here, an address with the
// number that the customer got put before it. No call is made, but for the types of user fields that the profile does not
// list: those are learnt from a record once (userfield.go).
func (c *Connector) Encode(w connector.Write) ([]byte, error) {
	op := string(w.Op) + " " + w.Object
	o, err := c.object(op, w.Object)
	if err != nil {
		return nil, err
	}
	if o.Create == "" {
		return nil, &connector.Error{Fault: connector.Invalid, Op: op, Code: "SalesPad does not take creates of this"}
	}
	w.Op = connector.OpCreate
	fields, bad := o.completed(w)
	ctx, cancel := context.WithTimeout(context.Background(), c.Client.Deadline)
	defer cancel()
	body, wrong := c.typed(ctx, op, o, fields).encode(connector.OpCreate, fields)
	bad = append(bad, wrong...)
	inside, kids := c.Profile.Objects[o.Lines], c.Profile.Objects[o.Children]
	if inside == nil {
		inside = kids
	}
	if len(w.Children) > 0 && inside == nil {
		return nil, &connector.Error{Fault: connector.Invalid, Op: op, Code: "it takes no children"}
	}
	var parts [][]byte
	for i, child := range w.Children {
		part, wrong := o.child(c.typed(ctx, op, inside, child), w, i, child)
		for _, name := range wrong {
			bad = append(bad, "children."+strconv.Itoa(i)+"."+name)
		}
		parts = append(parts, part)
	}
	if len(bad) > 0 {
		slices.Sort(bad)
		return nil, &connector.Error{Fault: connector.Invalid, Op: op, Code: "bad value or field", Fields: slices.Compact(bad)}
	}
	switch {
	case len(parts) == 0:
		return body, nil
	case o.Lines != "":
		lines := append([]byte(`,"LineItems":[`), bytes.Join(parts, []byte(","))...)
		return append(body[:len(body)-1], append(lines, "]}"...)...), nil
	}
	return append(append([]byte("["), bytes.Join(append([][]byte{body}, parts...), []byte(","))...), ']'), nil
}

// completed gives the fields of a create with what follows from the rest: the parent's key, and a key of our own making where
// the caller has to choose one. It names the required fields that are not there.
func (o *Object) completed(w connector.Write) (map[string]record.Value, []string) {
	fields := map[string]record.Value{}
	maps.Copy(fields, w.Fields)
	for i, part := range strings.Split(w.Parent, "|") {
		if w.Parent != "" && i < len(o.Key) && fields[o.Key[i]].Kind() == record.Absent {
			fields[o.Key[i]] = record.Of(strings.NewReplacer("%7C", "|", "%25", "%").Replace(part))
		}
	}
	if o.Code != "" && fields[o.Code].Blank() && fields[o.Code].Kind() != record.Unreadable {
		if seed := fields[o.markerField()].Text() + w.Key; o.markerField() != "" && !fields[o.markerField()].Blank() {
			fields[o.Code] = record.Of(o.codeOf(fields[o.markerField()].Text()))
		} else if seed != "" {
			fields[o.Code] = record.Of(o.codeOf(seed))
		}
	}
	var missing []string
	for _, f := range o.Fields {
		if (f.Required || f.Name == o.Code) && fields[f.Name].Blank() {
			missing = append(missing, f.Name)
		}
	}
	return fields, missing
}

// codeOf makes a code of the caller's choosing: the prefix and enough of a digest to fill the width, so that two records get
// two codes and one record always the same.
func (o *Object) codeOf(seed string) string {
	f, _ := o.field(o.Code)
	sum := sha256.Sum256([]byte(seed))
	code := o.CodePrefix + base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:])
	if f.Width > 0 && len(code) > f.Width {
		code = code[:f.Width]
	}
	return code
}

// child encodes one line or address. Its parent's key is not in it yet: an address gets it when the customer has one.
func (o *Object) child(inside *Object, w connector.Write, n int, fields map[string]record.Value) ([]byte, []string) {
	seed := w.Fields[o.markerField()].Text() + w.Key
	done, missing := inside.completed(connector.Write{Fields: fields, Key: seed + "/" + strconv.Itoa(n)})
	missing = slices.DeleteFunc(missing, func(name string) bool { return name == inside.Key[0] })
	if o.Lines == "" {
		delete(done, inside.Key[0])
	}
	body, bad := inside.encode(connector.OpCreate, done)
	return body, append(missing, bad...)
}

// encode writes fields as JSON in order of name, user fields as the two arrays, and names those that cannot be written.
func (o *Object) encode(op connector.Op, fields map[string]record.Value) (body []byte, bad []string) {
	out := []byte{'{'}
	var names, data [][]byte
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		v := fields[name]
		if v.Kind() == record.Absent {
			continue
		}
		f, ok := o.field(name)
		ok = ok && v.Known() && f.writable(op)
		if ok && v.Blank() && op == connector.OpCreate {
			continue // a record that is new has nothing to clear
		}
		var raw []byte
		if ok {
			raw, ok = f.encode(v)
		}
		if !ok {
			bad = append(bad, name)
			continue
		}
		if user, is := strings.CutPrefix(name, userPrefix); is {
			names, data = append(names, mustJSON(user)), append(data, raw)
			continue
		}
		out = member(out, name, raw)
	}
	if len(names) > 0 {
		out = member(out, "UserFieldNames", list(names))
		out = member(out, "UserFieldData", list(data))
	}
	return append(out, '}'), bad
}

func member(out []byte, name string, raw []byte) []byte {
	if len(out) > 1 {
		out = append(out, ',')
	}
	return append(append(append(out, mustJSON(name)...), ':'), raw...)
}

func list(parts [][]byte) []byte {
	return append(append([]byte{'['}, bytes.Join(parts, []byte(","))...), ']')
}

func (f Field) writable(op connector.Op) bool {
	return !f.ReadOnly && (op == connector.OpCreate || !f.CreateOnly)
}

var (
	numberForm  = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^-?\d{1,30}(\.\d{1,30})?$`) })
	integerForm = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^-?\d{1,30}$`) })
)

// noDate is GP's word for no date (fact sheet 5).
const noDate = "1900-01-01T00:00:00"

// encode gives a value its JSON, by the field's type. GP has no null: cleared texts are empty, cleared dates 1900.
func (f Field) encode(v record.Value) ([]byte, bool) {
	text := v.Text()
	if v.Blank() {
		switch f.Type {
		case "date", "utc":
			return mustJSON(noDate), true
		case "number", "integer", "bool":
			return nil, false
		}
		return mustJSON(""), true
	}
	if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
		return nil, false
	}
	switch f.Type {
	case "bool":
		return []byte(text), text == "true" || text == "false"
	case "integer":
		return []byte(trimZeros(text)), integerForm().MatchString(text)
	case "number":
		return []byte(trimZeros(text)), numberForm().MatchString(text)
	case "date":
		_, err := time.Parse(time.DateOnly, text)
		return mustJSON(text + "T00:00:00"), err == nil
	case "utc":
		t, err := time.Parse(time.RFC3339Nano, text)
		return mustJSON(t.UTC().Format("2006-01-02T15:04:05.000")), err == nil
	case "enum":
		return mustJSON(text), slices.Contains(f.Options, text)
	}
	return mustJSON(text), f.Width == 0 || utf8.RuneCountInString(text) <= f.Width
}

// trimZeros takes leading zeros from a number, which JSON does not allow.
func trimZeros(text string) string {
	digits, negative := strings.CutPrefix(text, "-")
	digits = strings.TrimLeft(digits, "0")
	if digits == "" || digits[0] == '.' {
		digits = "0" + digits
	}
	if negative {
		return "-" + digits
	}
	return digits
}

// mustJSON writes texts, whose encoding cannot fail, as they are: no HTML escapes.
func mustJSON(v any) []byte {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic("salespad: a value of our own cannot be JSON: " + err.Error())
	}
	return bytes.TrimSpace(out.Bytes())
}
