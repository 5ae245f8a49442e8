package specimentest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxRows is how many rows a batch call takes; a list page holds as many.
const maxRows = 50

type object map[string]any

func fail(status int, code string, fields ...string) (int, any) {
	return status, object{"code": code, "fields": fields}
}

// route answers one request:
//
//	POST /token              refresh_token=...             a new pair; the old refresh token stays good
//	GET  /account            the account
//	GET  /colours            the table of colours
//	GET  /things             since, after, limit           one page in the order of (modified, id)
//	GET  /things/find        field, value                  exact, never late
//	GET  /things/{id}        404 gone, 403 no right, 410 merged with {"into": id}
//	POST /things/read        {"ids": [...]}                what is there; at most 50
//	POST /things/create      {"rows": [{"key", "thing"}]}  a row each, by key; at most 50
//	POST /things/update      {"rows": [{"id", "thing"}]}   a row each, by id; at most 50
func (s *Sim) route(r *http.Request) (int, any) {
	if r.Method == http.MethodPost && r.URL.Path == "/token" {
		return s.token(r)
	}
	if r.Header.Get("Authorization") != "Bearer "+s.access || s.access == "" {
		return fail(http.StatusUnauthorized, "unauthorized")
	}
	switch r.Method + " " + r.URL.Path {
	case "GET /account":
		return http.StatusOK, object{"id": "acct-1", "name": "Specimen Company", "currency": "EUR"}
	case "GET /colours":
		return http.StatusOK, object{"rows": []object{{"key": "RED", "label": "Red"}, {"key": "BLUE", "label": "Blue"}}}
	case "GET /things":
		return s.list(r)
	case "GET /things/find":
		var rows []object
		for _, t := range s.having(r.URL.Query().Get("field"), r.URL.Query().Get("value")) {
			rows = append(rows, t.json())
		}
		return http.StatusOK, object{"rows": append([]object{}, rows...)}
	case "POST /things/read":
		return s.read(r)
	case "POST /things/create", "POST /things/update":
		return s.write(r, strings.HasSuffix(r.URL.Path, "create"))
	}
	if id, ok := strings.CutPrefix(r.URL.Path, "/things/"); ok && r.Method == http.MethodGet {
		return s.single(id)
	}
	return fail(http.StatusNotFound, "no_route")
}

func (s *Sim) token(r *http.Request) (int, any) {
	if err := r.ParseForm(); err != nil || s.refresh == "" || r.PostForm.Get("refresh_token") != s.refresh {
		return http.StatusBadRequest, object{"error": "invalid_grant"}
	}
	s.renewals++
	s.access = fmt.Sprintf("access-%d", s.renewals)
	return http.StatusOK, object{"access_token": s.access, "refresh_token": s.refresh, "expires_in": 3600 * 24 * 365}
}

func (s *Sim) list(r *http.Request) (int, any) {
	q := r.URL.Query()
	limit, err := strconv.Atoi(q.Get("limit"))
	if err != nil || limit < 1 || limit > maxRows {
		return fail(http.StatusBadRequest, "invalid", "limit")
	}
	since := time.Time{}
	if text := q.Get("since"); text != "" {
		if since, err = time.Parse(time.RFC3339, text); err != nil {
			return fail(http.StatusBadRequest, "invalid", "since")
		}
	}
	var found []*thing
	for _, t := range s.things {
		later := t.modified.After(since) || t.modified.Equal(since) && t.id > q.Get("after")
		if later && s.listed(t) {
			found = append(found, t)
		}
	}
	slices.SortFunc(found, func(a, b *thing) int {
		if c := a.modified.Compare(b.modified); c != 0 {
			return c
		}
		return strings.Compare(a.id, b.id)
	})
	rows := []object{}
	for _, t := range found[:min(limit, len(found))] {
		rows = append(rows, t.json())
	}
	return http.StatusOK, object{"rows": rows, "more": len(found) > limit, "left": len(found)}
}

func (s *Sim) single(id string) (int, any) {
	t := s.find(id)
	switch {
	case t == nil || t.gone:
		return fail(http.StatusNotFound, "missing")
	case t.hidden:
		return fail(http.StatusForbidden, "forbidden")
	case t.into != "":
		return http.StatusGone, object{"code": "merged", "into": t.into}
	}
	return http.StatusOK, t.json()
}

func (s *Sim) read(r *http.Request) (int, any) {
	var in struct{ IDs []string }
	if json.NewDecoder(r.Body).Decode(&in) != nil || len(in.IDs) > maxRows {
		return fail(http.StatusBadRequest, "invalid", "ids")
	}
	rows := []object{}
	for _, id := range in.IDs {
		if t := s.find(id); t != nil && t.live() {
			rows = append(rows, t.json())
		}
	}
	return http.StatusOK, object{"rows": rows}
}

type writeRow struct {
	Key   string
	ID    string
	Thing json.RawMessage
}

func (s *Sim) write(r *http.Request, create bool) (int, any) {
	var in struct{ Rows []writeRow }
	if json.NewDecoder(r.Body).Decode(&in) != nil || len(in.Rows) == 0 || len(in.Rows) > maxRows {
		return fail(http.StatusBadRequest, "invalid", "rows")
	}
	rows := []object{}
	for _, row := range in.Rows {
		if create {
			rows = append(rows, s.create(row))
		} else {
			rows = append(rows, s.update(row))
		}
	}
	return http.StatusOK, object{"rows": rows}
}

func (s *Sim) create(row writeRow) object {
	fields, bad := checked(row.Thing)
	if bad == "" && fields["name"] == nil {
		bad = "name"
	}
	if bad != "" || row.Key == "" {
		return object{"key": row.Key, "code": "invalid", "fields": []string{bad}}
	}
	if before, ok := s.keys[row.Key]; ok {
		if before.body != string(row.Thing) {
			return object{"key": row.Key, "code": "clash"}
		}
		return object{"key": row.Key, "id": before.id, "modified": s.find(before.id).modified.Format(stampLayout)}
	}
	t := s.insert(s.stamp(time.Time{}))
	t.fields = fields
	s.keys[row.Key] = kept{string(row.Thing), t.id}
	return object{"key": row.Key, "id": t.id, "modified": t.modified.Format(stampLayout)}
}

func (s *Sim) update(row writeRow) object {
	t := s.find(row.ID)
	if t == nil || !t.live() {
		return object{"id": row.ID, "code": "missing"}
	}
	fields, bad := checked(row.Thing)
	if bad != "" {
		return object{"id": row.ID, "code": "invalid", "fields": []string{bad}}
	}
	for name, raw := range fields {
		t.fields[name] = raw
	}
	t.modified = s.stamp(t.modified)
	return object{"id": row.ID, "modified": t.modified.Format(stampLayout)}
}

// checked reads a thing's fields and names the first bad one.
func checked(raw json.RawMessage) (map[string]json.RawMessage, string) {
	var fields map[string]json.RawMessage
	if json.Unmarshal(raw, &fields) != nil {
		return nil, "thing"
	}
	for name, v := range fields {
		v = bytes.TrimSpace(v)
		text := len(v) > 0 && v[0] == '"' || string(v) == "null"
		if name == "size" {
			_, err := strconv.ParseInt(string(v), 10, 64)
			text = err == nil || string(v) == "null"
		}
		if !text || !slices.Contains(fieldNames, name) {
			return nil, name
		}
	}
	return fields, ""
}
