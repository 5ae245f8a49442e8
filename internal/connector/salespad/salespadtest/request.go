package salespadtest

import (
	"bytes"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
)

// admit takes a request as far as its handler: IIS's own checks, the route, the session, the body's kind.
func (s *Sim) admit(c *call) (any, *failure) {
	if bad := s.iis(c); bad != nil {
		return nil, bad
	}
	var bad *failure
	if c.route, c.vars, bad = s.match(c.request); bad != nil {
		return nil, bad
	}
	if !c.route.open {
		if bad := s.authenticate(c); bad != nil {
			return nil, bad
		}
	}
	if bad := c.media(); bad != nil {
		return nil, bad
	}
	if !c.route.odata && c.request.URL.RawQuery != "" {
		return nil, badQuery("%s takes no query parameters", c.route.name)
	}
	return nil, nil
}

// iis is what the web server refuses before any application sees the request.
func (s *Sim) iis(c *call) *failure {
	if limit := s.cfg.Profile.MaxQuery; limit > 0 && len(c.request.URL.RawQuery) > limit {
		return pageOf(http.StatusNotFound, "HTTP Error 404.15 - Not Found: The request filtering module is configured to deny a request where the query string is too long.")
	}
	if len(c.body) > maxBody {
		return pageOf(http.StatusRequestEntityTooLarge, "Maximum request length exceeded.")
	}
	if _, err := url.ParseQuery(c.request.URL.RawQuery); err != nil {
		return pageOf(http.StatusBadRequest, "Bad Request - Invalid URL")
	}
	return nil
}

// media checks Content-Type and Accept.
func (c *call) media() *failure {
	h := c.request.Header
	if accept := h.Get("Accept"); accept != "" && !strings.Contains(accept, "application/json") && !strings.Contains(accept, "*/*") && !c.route.html {
		return fail(http.StatusNotAcceptable, 1000, "Accept %q: answers are application/json", cut(accept, 60))
	}
	if len(c.body) == 0 {
		return nil
	}
	if !c.route.body {
		return unreadable("%s takes no body", c.route.name)
	}
	media, params, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil || media != "application/json" && media != "text/json" {
		return fail(http.StatusUnsupportedMediaType, 1000, "The request entity's media type %q is not supported for this resource.", cut(h.Get("Content-Type"), 60))
	}
	if set := params["charset"]; set != "" && !strings.EqualFold(set, "utf-8") {
		return fail(http.StatusUnsupportedMediaType, 1000, "charset %q is not supported; send utf-8", cut(set, 40))
	}
	return nil
}

// object reads a JSON object strictly: no name twice, nothing behind it.
func object(raw []byte) (map[string]json.RawMessage, *failure) {
	if !utf8.Valid(raw) {
		return nil, unreadable("the body is not UTF-8")
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil, unreadable("the body must be a JSON object")
	}
	out := map[string]json.RawMessage{}
	for dec.More() {
		t, err := dec.Token()
		name, ok := t.(string)
		if err != nil || !ok {
			return nil, unreadable("the body is not valid JSON")
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return nil, unreadable("the body is not valid JSON at %s", cut(name, 60))
		}
		if _, twice := out[name]; twice {
			return nil, unreadable("the body has %s twice", cut(name, 60))
		}
		out[name] = value
	}
	if _, err := dec.Token(); err != nil {
		return nil, unreadable("the body is not valid JSON")
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, unreadable("something follows the JSON object")
	}
	return out, nil
}

// draft is a body after checking: stored spellings by our names. What was not sent is not in it.
type draft struct {
	vals map[string]string
	user map[string]string
	rest map[string]json.RawMessage // members the caller asked to have
}

// read checks a body against a resource. Members named in extra are handed over unread.
func (s *Sim) read(c *call, k *kind, create bool, extra ...string) (*draft, *failure) {
	if len(c.body) == 0 {
		return nil, unreadable("a body is required")
	}
	raw, bad := object(c.body)
	if bad != nil {
		return nil, bad
	}
	return s.readObject(c.who, k, raw, create, extra...)
}

func (s *Sim) readObject(who *User, k *kind, raw map[string]json.RawMessage, create bool, extra ...string) (*draft, *failure) {
	d := &draft{vals: map[string]string{}, rest: map[string]json.RawMessage{}}
	for _, name := range sorted(raw) {
		if slices.Contains(extra, name) {
			d.rest[name] = raw[name]
			continue
		}
		if k.user && (name == "UserFieldNames" || name == "UserFieldData" || name == "Notifications") {
			continue
		}
		if bad := s.readField(d, who, k, name, raw[name], create); bad != nil {
			return nil, bad
		}
	}
	if k.user {
		var bad *failure
		if d.user, bad = s.takeUser(k, raw["UserFieldNames"], raw["UserFieldData"]); bad != nil {
			return nil, bad
		}
		for name := range d.user {
			if !who.mayUpdate(k.name, name) {
				return nil, fail(http.StatusForbidden, 2002, "No permission to update %s.%s", k.name, name)
			}
		}
	}
	return d, k.complete(d, create)
}

func (s *Sim) readField(d *draft, who *User, k *kind, name string, raw json.RawMessage, create bool) *failure {
	f := k.byWire[name]
	switch {
	case f == nil && s.userField(k.name, name) != nil:
		return badQuery("%s is a user field of %s; it belongs into UserFieldNames and UserFieldData", name, k.name)
	case f == nil:
		return badQuery("%s is not a field of %s", cut(name, 60), k.name)
	case f.read:
		return badQuery("%s.%s is read only", k.name, name)
	}
	v, bad := s.take(f, raw)
	if bad != nil || f.silent {
		return bad
	}
	if f.must && v == "" {
		return missing("%s is required", name)
	}
	if !create && !f.once && !who.mayUpdate(k.name, f.name) {
		return fail(http.StatusForbidden, 2002, "No permission to update %s.%s", k.name, name)
	}
	d.vals[f.name] = v
	return nil
}

// complete looks for what a create needs.
func (k *kind) complete(d *draft, create bool) *failure {
	if !create {
		return nil
	}
	for i := range k.fields {
		if f := &k.fields[i]; f.must && d.vals[f.name] == "" && !zeroIsValue(f, d) {
			return missing("%s is required", f.wire)
		}
	}
	return nil
}

// zeroIsValue: a number that was sent as zero was sent.
func zeroIsValue(f *field, d *draft) bool {
	_, sent := d.vals[f.name]
	return sent && (f.kind == moneyValue || f.kind == numberValue || f.kind == integerValue)
}

// sameKey refuses key fields of an update that are not the record's own.
func (k *kind) sameKey(d *draft, r *row) *failure {
	for i := range k.fields {
		f := &k.fields[i]
		v, sent := d.vals[f.name]
		if !f.once || !sent {
			continue
		}
		if fold(v) != fold(r.vals[f.name]) {
			return badQuery("%s cannot be changed", f.wire)
		}
		delete(d.vals, f.name)
	}
	return nil
}

// encode writes JSON without HTML escapes.
func encode(v any) []byte {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(err) // our own types always encode
	}
	return bytes.TrimRight(out.Bytes(), "\n")
}
