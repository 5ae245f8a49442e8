package salespadtest_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"testing"

	"crosswalk/internal/connector/salespad/salespadtest"
)

type object = map[string]any

// client speaks to a simulator and reads answers loosely, as a stranger would.
type client struct {
	t       *testing.T
	http    http.Client
	session string
}

// newClient logs in with a permanent session.
func newClient(t *testing.T, s *salespadtest.Sim) *client {
	t.Helper()
	c := &client{t: t, http: http.Client{Transport: s.Transport()}}
	c.logIn("/api/Session/Permanent", salespadtest.UserName, salespadtest.Password)
	return c
}

func basic(name, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(name+":"+password))
}

func (c *client) logIn(path, name, password string) {
	c.t.Helper()
	c.session = ""
	out := c.do(200, "GET", path, nil, "Authorization", basic(name, password))
	c.session = out.body["SessionID"].(string)
}

// result is one answer.
type result struct {
	status int
	header http.Header
	raw    []byte
	body   object
}

func (c *client) try(method, path string, body any, header ...string) (result, error) {
	c.t.Helper()
	var in io.Reader
	switch body := body.(type) {
	case nil:
	case string:
		in = bytes.NewReader([]byte(body))
	default:
		raw, err := json.Marshal(body)
		if err != nil {
			c.t.Fatal(err)
		}
		in = bytes.NewReader(raw)
	}
	r, err := http.NewRequestWithContext(c.t.Context(), method, "http://salespad.example.test:5501"+path, in)
	if err != nil {
		c.t.Fatal(err)
	}
	if c.session != "" {
		r.Header.Set("Session-ID", c.session)
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := c.http.Do(r)
	if err != nil {
		return result{}, err
	}
	defer resp.Body.Close()
	out := result{status: resp.StatusCode, header: resp.Header}
	if out.raw, err = io.ReadAll(resp.Body); err != nil {
		return out, err
	}
	if len(out.raw) > 0 && out.raw[0] == '{' {
		dec := json.NewDecoder(bytes.NewReader(out.raw))
		dec.UseNumber()
		if err := dec.Decode(&out.body); err != nil {
			return out, err
		}
	}
	return out, nil
}

// do expects a status.
func (c *client) do(want int, method, path string, body any, header ...string) result {
	c.t.Helper()
	out, err := c.try(method, path, body, header...)
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, path, err)
	}
	if out.status != want {
		c.t.Fatalf("%s %s: status %d, want %d: %s", method, path, out.status, want, out.raw)
	}
	return out
}

// refuse expects SalesPad's envelope with a status and a code.
func (c *client) refuse(status, code int, method, path string, body any, header ...string) string {
	c.t.Helper()
	out := c.do(status, method, path, body, header...)
	var e salespadtest.Envelope
	if err := json.Unmarshal(out.raw, &e); err != nil {
		c.t.Fatalf("%s %s: no envelope: %s", method, path, out.raw)
	}
	if e.ErrorCode != code || len(e.Messages) != 1 {
		c.t.Fatalf("%s %s: code %d, want %d: %s", method, path, e.ErrorCode, code, out.raw)
	}
	return e.Messages[0]
}

// find lists with parameters given as pairs.
func (c *client) find(resource string, params ...string) []object {
	c.t.Helper()
	return items(c.do(200, "GET", query(resource, params...), nil))
}

func query(resource string, params ...string) string {
	values := url.Values{}
	for i := 0; i+1 < len(params); i += 2 {
		values.Set(params[i], params[i+1])
	}
	if len(values) == 0 {
		return "/api/" + resource
	}
	return "/api/" + resource + "?" + values.Encode()
}

func items(r result) []object {
	out := []object{}
	for _, one := range r.body["Items"].([]any) {
		out = append(out, one.(object))
	}
	return out
}

func column(rows []object, name string) []string {
	out := []string{}
	for _, row := range rows {
		out = append(out, row[name].(string))
	}
	return out
}
