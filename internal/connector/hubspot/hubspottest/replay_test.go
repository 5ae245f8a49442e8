package hubspottest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// exchange is one recorded request and its answer.
type exchange struct {
	Request struct {
		Method, URI string
		Body        json.RawMessage
	}
	Response struct {
		Status  int
		Headers map[string]string
		Body    json.RawMessage
	}
}

// scope is what of the recordings this simulator serves; v1 and v2 APIs, lists,
// files and the single v3 association call are not part of it.
var scope = regexp.MustCompile(`^/crm/(v3/(objects/(contacts|companies|COMPANY|tickets|tasks|meetings)(/|$)|properties/)|v4/)`)

// TestRecorded sends every recorded request in scope to a portal in an
// equivalent state and compares status, keys, JSON types and determined values.
func TestRecorded(t *testing.T) {
	done := map[string]int{}
	for _, file := range []string{"associations", "contacts", "other", "properties"} {
		var list []exchange
		sharedJSON(t, "data/payloads/hubspot/recorded/"+file+".json", &list)
		for i, x := range list {
			u, err := url.Parse(x.Request.URI)
			if err != nil {
				t.Fatal(err)
			}
			if !scope.MatchString(u.Path) || x.Request.Method == http.MethodPut {
				continue
			}
			name := fmt.Sprintf("%s-%d", file, i)
			t.Run(name, func(t *testing.T) {
				s := New(Config{Quirks: Quirks{NotFoundHTML: true, NoLifecycleDefaults: true}})
				p := planter{t: t, s: s}
				p.stage(x, u)
				for _, d := range compareExchange(t, s, x, nil, nil) {
					t.Errorf("%s %s: %s", x.Request.Method, u.Path, d)
				}
			})
			done[file]++
			done["total"]++
		}
	}
	t.Logf("recorded exchanges replayed: %v", done)
	if done["total"] < 55 {
		t.Errorf("only %d recorded exchanges replayed", done["total"])
	}
}

// compareExchange sends the request and compares the answer; ids translates
// recorded ids to the simulator's; learn, if any, adds to it once the call is made.
func compareExchange(t *testing.T, s *Sim, x exchange, ids map[string]string, learn func()) []string {
	t.Helper()
	u, _ := url.Parse(x.Request.URI)
	body := x.Request.Body
	if bytes.Equal(body, []byte("null")) {
		body = nil
	}
	status, raw := direct(t, s, x.Request.Method, translate(u.RequestURI(), ids), []byte(translate(string(body), ids)))
	if status != x.Response.Status {
		t.Fatalf("%s %s: status %d, recorded %d\n%s", x.Request.Method, u.RequestURI(), status, x.Response.Status, raw)
	}
	if learn != nil {
		learn()
	}
	var want, got any
	if len(x.Response.Body) == 0 || json.Unmarshal(x.Response.Body, &want) != nil || want == nil {
		if len(raw) > 0 {
			return []string{fmt.Sprintf("body %s, recorded none", raw)}
		}
		return nil
	}
	if page, ok := want.(string); ok { // an HTML page
		if page != string(raw) {
			return []string{fmt.Sprintf("page %q, recorded %q", raw, page)}
		}
		return nil
	}
	if err := json.Unmarshal(raw, &got); err != nil {
		t.Fatalf("not JSON: %s", raw)
	}
	c := comparison{s: s, ids: ids}
	c.value("", want, got)
	return c.diffs
}

func translate(v string, ids map[string]string) string {
	for recorded, ours := range ids {
		v = strings.ReplaceAll(v, recorded, ours)
	}
	return v
}

func direct(t *testing.T, s *Sim, method, path string, body []byte) (int, []byte) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, "https://api.hubapi.com"+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+PrivateToken)
	if len(body) > 0 {
		r.Header.Set("Content-Type", "application/json")
	}
	w := &recorder{header: http.Header{}}
	w.run(s, r)
	return w.status, w.body.Bytes()
}

// planter brings a portal into the state that a recorded answer implies.
type planter struct {
	t *testing.T
	s *Sim
}

func (p planter) record(k *kind, id string, props map[string]any, created, updated string) *record {
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		p.t.Fatal(err)
	}
	if r := k.records[n]; r != nil {
		return r
	}
	r := &record{id: n, kind: k, props: map[string]string{}, history: map[string][]change{}, created: at(created), updated: at(updated)}
	k.records[n] = r
	i, _ := slices.BinarySearch(k.order, n)
	k.order = slices.Insert(k.order, i, n)
	p.s.renew(r)
	for name, v := range props {
		if v != nil {
			r.props[name] = fmt.Sprint(v)
		}
	}
	maps.Copy(r.props, map[string]string{"hs_object_id": id, k.created: stampText(r.created), k.modified: stampText(r.updated)})
	for name, index := range k.unique {
		if v := r.props[name]; v != "" {
			index[fold(v)] = n
		}
	}
	return r
}

func at(v string) time.Time {
	t, ok := parseTime(v)
	if !ok {
		return time.Date(2022, 8, 8, 0, 0, 0, 0, time.UTC)
	}
	return t
}

type recordedRecord struct {
	ID                   string
	Properties           map[string]any
	CreatedAt, UpdatedAt string
}

func (p planter) view(k *kind, v recordedRecord) *record {
	return p.record(k, v.ID, v.Properties, v.CreatedAt, v.UpdatedAt)
}

// stage prepares the portal for one exchange.
func (p planter) stage(x exchange, u *url.URL) {
	segs := strings.Split(strings.Trim(u.Path, "/"), "/")
	var body struct {
		recordedRecord
		Results []json.RawMessage
		Errors  []struct{ Message string }
		Total   int
		Paging  any
	}
	if x.Response.Status < 300 {
		_ = json.Unmarshal(x.Response.Body, &body) // pages and empty bodies stay zero
	}
	p.owners(x)
	switch {
	case segs[1] == "v4":
		p.associations(x, segs)
	case segs[2] == "properties":
	case len(segs) == 5 && segs[4] == "search":
		p.search(x, p.s.kind(segs[3]), body.Results, body.Total)
	case len(segs) == 4 && x.Request.Method == http.MethodGet:
		last := p.results(p.s.kind(segs[3]), body.Results)
		if body.Paging != nil {
			p.record(p.s.kind(segs[3]), strconv.FormatInt(last+50, 10), nil, "", "")
		}
	case len(segs) == 4:
		p.targets(x)
	case x.Response.Status == http.StatusOK:
		r := p.view(p.s.kind(segs[3]), body.recordedRecord)
		if x.Request.Method == http.MethodPatch {
			r.updated = r.updated.Add(-time.Hour)
		}
		if k := r.kind; k.stageProp != "" && r.props[k.pipeProp] == "" {
			r.props[k.pipeProp], r.props[k.stageProp] = k.pipelines[0].ID, k.pipelines[0].Stages[0].ID
		}
	case x.Response.Status == http.StatusNoContent:
		p.record(p.s.kind(segs[3]), segs[4], nil, "", "")
	}
}

var ownerID = regexp.MustCompile(`"hubspot_owner_id": ?"?(\d+)`)

func (p planter) owners(x exchange) {
	for _, m := range ownerID.FindAllSubmatch(x.Request.Body, -1) {
		p.s.AddOwner(Owner{ID: string(m[1])})
	}
}

func (p planter) results(k *kind, list []json.RawMessage) (last int64) {
	for _, raw := range list {
		var v recordedRecord
		if err := json.Unmarshal(raw, &v); err != nil {
			p.t.Fatal(err)
		}
		last = p.view(k, v).id
	}
	return last
}

// search plants the recorded page, and as many records before and after it as
// the recorded total and offset say.
func (p planter) search(x exchange, k *kind, list []json.RawMessage, total int) {
	var in struct {
		After   int
		Filters []struct {
			PropertyName string
			Value        any
		}
		FilterGroups []struct {
			Filters []struct {
				PropertyName string
				Value        any
			}
		}
	}
	if err := json.Unmarshal(x.Request.Body, &in); err != nil {
		p.t.Fatal(err)
	}
	var first recordedRecord
	if len(list) > 0 {
		if err := json.Unmarshal(list[0], &first); err != nil {
			p.t.Fatal(err)
		}
	}
	p.results(k, list)
	for i := range total - len(list) {
		moment := at(first.UpdatedAt).Add(-time.Duration(i+1) * 24 * 365 * time.Hour)
		if i < in.After {
			moment = time.Date(2025, 1, 1+i, 0, 0, 0, 0, time.UTC)
		}
		p.record(k, strconv.Itoa(1000+i), first.Properties, stampText(moment), stampText(moment))
	}
	filters := in.Filters
	for _, g := range in.FilterGroups {
		filters = append(filters, g.Filters...)
	}
	for _, f := range filters {
		name, ok := strings.CutPrefix(f.PropertyName, "associations.")
		if !ok {
			continue
		}
		to := p.s.kind(name)
		id := fmt.Sprint(f.Value)
		if n, ok := f.Value.(float64); ok {
			id = strconv.FormatInt(int64(n), 10)
		}
		other := p.record(to, id, nil, "", "")
		for _, n := range k.order {
			p.s.link(k.records[n], other, []int{p.s.types.plain(k, to).id}, actor{})
		}
	}
}

// targets plants what a recorded create associates with.
func (p planter) targets(x exchange) {
	var in struct {
		Associations []struct {
			To    struct{ ID json.Number }
			Types []struct{ AssociationTypeID int }
		}
	}
	if err := json.Unmarshal(x.Request.Body, &in); err != nil {
		p.t.Fatal(err)
	}
	for _, a := range in.Associations {
		p.record(p.s.kind(p.s.types.byID[a.Types[0].AssociationTypeID].to), a.To.ID.String(), nil, "", "")
	}
}

var notValid = regexp.MustCompile(`([A-Z_]+)=(\d+) is not valid`)

func (p planter) associations(x exchange, segs []string) {
	if x.Request.Method == http.MethodGet {
		from, to := p.s.kind(segs[3]), p.s.kind(segs[6])
		a := p.record(from, segs[4], nil, "", "")
		var body struct {
			Results []struct {
				ToObjectID       json.Number
				AssociationTypes []struct{ TypeID int }
			}
		}
		if err := json.Unmarshal(x.Response.Body, &body); err != nil {
			p.t.Fatal(err)
		}
		for _, r := range body.Results {
			b := p.record(to, r.ToObjectID.String(), nil, "", "")
			for _, ty := range r.AssociationTypes { // linkOne: the recording predates "the first becomes primary"
				p.s.linkOne(a, b, p.s.types.byID[ty.TypeID], actor{})
			}
		}
		return
	}
	from, to := p.s.kind(segs[3]), p.s.kind(segs[4])
	var in struct {
		Inputs []struct {
			From struct{ ID json.Number }
			To   json.RawMessage
		}
	}
	if err := json.Unmarshal(x.Request.Body, &in); err != nil {
		p.t.Fatal(err)
	}
	missing := map[string]bool{}
	for _, m := range notValid.FindAllStringSubmatch(string(x.Response.Body), -1) {
		missing[m[1]+m[2]] = true
	}
	plant := func(k *kind, id string) *record {
		if missing[k.label()+id] || id == "1234" {
			return nil
		}
		return p.record(k, id, nil, "", "")
	}
	for _, row := range in.Inputs {
		a := plant(from, row.From.ID.String())
		for _, m := range regexp.MustCompile(`\d+`).FindAllString(string(row.To), -1) {
			if b := plant(to, m); a != nil && b != nil && strings.HasSuffix(segs[len(segs)-1], "archive") {
				p.s.link(a, b, []int{p.s.types.plain(from, to).id}, actor{})
			}
		}
	}
}

// comparison collects differences between a recorded and a simulated body.
type comparison struct {
	s     *Sim
	ids   map[string]string
	diffs []string
}

// later additions: keys that today's API has and older recordings lack.
var additions = map[string]bool{"url": true, "errors": true, "link": true, "hubspotDefined": true, "results": false}

// free values: decided by the clock, the portal or the seed.
var freeValue = regexp.MustCompile(`(At|Id|date|timestamp|link|url|_vids|sourceId|source_id|source_label|correlationId|hs_ticket_id|hs_object_id|\.id|collectedAt)$`)

var (
	stampForm = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z$`)
	uuidForm  = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
)

func (c *comparison) differ(path, format string, args ...any) {
	c.diffs = append(c.diffs, path+": "+fmt.Sprintf(format, args...))
}

func (c *comparison) value(path string, want, got any) {
	if strings.HasSuffix(path, ".twitterhandle") {
		return // filled by the vendor from public sources (company enrichment), which is not simulated
	}
	if reflect.TypeOf(want) != reflect.TypeOf(got) {
		c.differ(path, "%T %v, recorded %T %v", got, got, want, want)
		return
	}
	switch w := want.(type) {
	case map[string]any:
		c.object(path, w, got.(map[string]any))
	case []any:
		c.list(path, w, got.([]any))
	case string:
		c.text(path, w, got.(string))
	default:
		if want != got && !freeValue.MatchString(path) {
			c.differ(path, "%v, recorded %v", got, want)
		}
	}
}

func (c *comparison) object(path string, want, got map[string]any) {
	properties := strings.HasSuffix(path, "properties")
	for key, v := range want {
		g, ok := got[key]
		switch {
		case ok:
			c.value(path+"."+key, v, g)
		case properties && c.undefined(key):
		case properties && strings.HasPrefix(key, "hs_object_source"), properties && strings.HasPrefix(key, "hubspot_owner_assigned"), properties && key == "hs_updated_by_user_id":
			// a planted record has no source, a private app no user
		case key == "createdUserId", key == "updatedUserId": // no user behind a private app here
		default:
			c.differ(path, "lacks %q (recorded %v)", key, v)
		}
	}
	for key, v := range got {
		if _, ok := want[key]; !ok && !additions[key] && !(properties && (strings.HasPrefix(key, "hs_object_source") || c.calculated(key))) {
			c.differ(path, "has %q = %v, which was not recorded", key, v)
		}
	}
}

// undefined says that no object type here defines a property.
func (c *comparison) undefined(name string) bool {
	return !slices.ContainsFunc(c.s.kinds, func(k *kind) bool { return k.properties[name] != nil })
}

func (c *comparison) calculated(name string) bool {
	return slices.ContainsFunc(c.s.kinds, func(k *kind) bool {
		p := k.properties[name]
		return p != nil && (p.Calculated || p.ModificationMetadata.ReadOnlyValue)
	})
}

// list compares by id where items have one: batch results come in any order.
func (c *comparison) list(path string, want, got []any) {
	if len(want) != len(got) {
		c.differ(path, "%d items, recorded %d", len(got), len(want))
		return
	}
	for i := range want {
		g := got[i]
		if id := itemID(want[i]); id != "" {
			if ours, ok := c.ids[id]; ok {
				id = ours
			}
			if j := slices.IndexFunc(got, func(v any) bool { return itemID(v) == id }); j >= 0 {
				g = got[j]
			}
		}
		c.value(path+"[]", want[i], g)
	}
}

func itemID(v any) string {
	m, _ := v.(map[string]any)
	for _, key := range []string{"id", "toObjectId", "typeId"} {
		if m[key] != nil {
			return fmt.Sprint(m[key])
		}
	}
	return ""
}

func (c *comparison) text(path, want, got string) {
	switch {
	case stampForm.MatchString(want) && !strings.HasSuffix(path, "_time") && !strings.HasSuffix(path, "hs_timestamp"):
		if !stampForm.MatchString(got) || len(got) != len(want) {
			c.differ(path, "%q is not a time like %q", got, want)
		}
	case uuidForm.MatchString(want):
		if !uuidForm.MatchString(got) {
			c.differ(path, "%q is not a UUID", got)
		}
	case want != got && !freeValue.MatchString(path):
		c.differ(path, "%q, recorded %q", got, want)
	}
}
