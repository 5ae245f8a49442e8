package hubspottest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// TestFixtures compares with answers that another project recorded in 2025-26:
// the shape of each (keys and JSON types) must be one that this portal gives.
func TestFixtures(t *testing.T) {
	s := New(Config{UIDomain: "app.hubspot.com"})
	u := s.User()
	a, _ := u.Create("contacts", map[string]string{"email": "one@example.com", "firstname": "One"})
	b, _ := u.Create("contacts", map[string]string{"email": "two@example.com", "firstname": "Two"})
	c, _ := u.Create("companies", map[string]string{"name": "Example"})
	must(t, u.Associate("contacts", a, "companies", c))
	n := 0
	for _, x := range []struct {
		file, method, path, body string
		status                   int
		missing                  []string // keys that the fixture lacks by its age or a reader's choice
	}{
		{file: "post-auth/account-info", method: "GET", path: "/account-info/2026-03/details", status: 200},
		{file: "search/error-invalid-object", method: "POST", path: "/crm/v3/objects/butterflies/search", body: `{}`, status: 400},
		{file: "search/contacts/1-first-page", method: "POST", path: "/crm/v3/objects/contacts/search", body: `{"limit":1,"properties":["company","email","firstname","lastname","phone","website"]}`, status: 200},
		{file: "search/contacts/2-second-page", method: "POST", path: "/crm/v3/objects/contacts/search", body: `{"limit":1,"after":"1","properties":["company","email","firstname","lastname","phone","website"]}`, status: 200},
		{file: "read-via-search/contacts-response", method: "POST", path: "/crm/objects/2026-03/contacts/search", body: `{"properties":["company","email","firstname","lastname","phone","website"]}`, status: 200},
		{file: "search/contacts/contacts-to-companies", method: "POST", path: "/crm/v4/associations/contacts/companies/batch/read", body: fmt.Sprintf(`{"inputs":[{"id":%q},{"id":"103107104018"}]}`, a), status: 207},
		{file: "read/objects-api/contacts-response", method: "GET", path: "/crm/v3/objects/contacts?limit=1&properties=email", status: 200, missing: []string{"url", "hs_object_id"}},
		{file: "read/objects-api/contacts-batch", method: "POST", path: "/crm/v3/objects/contacts/batch/read", body: fmt.Sprintf(`{"inputs":[{"id":%q},{"id":%q}],"properties":[],"propertiesWithHistory":[]}`, a, b), status: 200},
		{file: "batch/create/contacts/success", method: "POST", path: "/crm/v3/objects/contacts/batch/create", body: `{"inputs":[{"properties":{"email":"three@example.com","firstname":"Three","lastname":"T"}},{"properties":{"email":"four@example.com","firstname":"Four","lastname":"F"}}]}`, status: 201},
		{file: "batch/create/contacts/err-conflict", method: "POST", path: "/crm/v3/objects/contacts/batch/create", body: `{"inputs":[{"properties":{"email":"one@example.com"}}]}`, status: 409},
		{file: "batch/create/contacts/err-partial-success", method: "POST", path: "/crm/v3/objects/contacts/batch/create", body: `{"inputs":[{"objectWriteTraceId":"0","properties":{"email":"one@example.com"}},{"objectWriteTraceId":"1","properties":{"email":"five@example.com","firstname":"Five","lastname":"V"}}]}`, status: 207, missing: []string{"objectWriteTraceId"}},
		{file: "batch/update/contacts/success", method: "POST", path: "/crm/v3/objects/contacts/batch/update", body: fmt.Sprintf(`{"inputs":[{"id":%q,"properties":{"firstname":"One (updated)","lastname":"X"}},{"id":%q,"properties":{"firstname":"Two (updated)","lastname":"Y"}}]}`, a, b), status: 200},
	} {
		t.Run(x.file, func(t *testing.T) {
			var want, got any
			sharedJSON(t, "data/payloads/hubspot/fixtures_amp/"+x.file+".json", &want)
			status, raw := direct(t, s, x.method, x.path, []byte(x.body))
			if status != x.status {
				t.Fatalf("status %d, want %d: %s", status, x.status, raw)
			}
			if err := json.Unmarshal(raw, &got); err != nil {
				t.Fatal(err)
			}
			for _, d := range sameShape("", want, got, x.missing) {
				t.Error(d)
			}
			n++
		})
	}
	t.Logf("fixtures compared: %d", n)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// sameShape compares keys and JSON types; lists by their first items, property
// maps by the properties that this portal defines, open maps not at all.
func sameShape(path string, want, got any, missing []string) (diffs []string) {
	if kindOf(want) != kindOf(got) {
		if strings.Contains(path, ".properties.") && (want == nil || got == nil) {
			return nil // text or null: the value decides
		}
		return []string{fmt.Sprintf("%s: %s, recorded %s", path, kindOf(got), kindOf(want))}
	}
	switch w := want.(type) {
	case map[string]any:
		g := got.(map[string]any)
		for _, key := range slices.Sorted(maps.Keys(w)) {
			if v, ok := g[key]; ok {
				diffs = append(diffs, sameShape(path+"."+key, w[key], v, missing)...)
			} else if !defined(path, key) {
				diffs = append(diffs, fmt.Sprintf("%s: lacks %q", path, key))
			}
		}
		if !strings.HasSuffix(path, ".properties") {
			for key := range g {
				if _, ok := w[key]; !ok && !slices.Contains(missing, key) {
					diffs = append(diffs, fmt.Sprintf("%s: has %q, which was not recorded", path, key))
				}
			}
		}
	case []any:
		if g := got.([]any); len(w) > 0 && len(g) > 0 {
			diffs = sameShape(path+"[]", w[0], g[0], missing)
		}
	}
	return diffs
}

// defined says that a recorded property is one of those that only the vendor
// calculates, or that the simulator does not know.
func defined(path, key string) bool {
	if !strings.HasSuffix(path, ".properties") {
		return false
	}
	p := New(Config{}).kind("contacts").properties[key]
	return p == nil || key == "num_notes" || key == "company" || key == "lastname"
}

func kindOf(v any) string { return fmt.Sprintf("%T", v) }

// TestSignatureVectors checks the signing code against published vectors.
func TestSignatureVectors(t *testing.T) {
	var vectors []struct {
		Scheme, Method, URL, Timestamp, Body, Signature string
		Secret                                          string `json:"client_secret"`
	}
	sharedJSON(t, "data/security/hubspot_signature_vectors.json", &vectors)
	vectors = append(vectors, vectors[len(vectors)-1], vectors[len(vectors)-1]) // and two of the fact sheet's
	vectors[len(vectors)-2].Timestamp, vectors[len(vectors)-2].Signature = "1700000300000", "RnbPH7+UMKVkbV32P8bz450N4M56aPmcru1+D3kSDtw="
	vectors[len(vectors)-1].Body, vectors[len(vectors)-1].Signature = `{"example_field":"example_value"}`, "oaA3M5dEtt6kFsseJD/Hv/x+JNl1vsoxFj4oxmwP6Go="
	for i, v := range vectors {
		var got string
		switch v.Scheme {
		case "hubspot-v1":
			got = SignatureV1(v.Secret, []byte(v.Body))
		case "hubspot-v2":
			got = SignatureV2(v.Secret, v.Method, v.URL, []byte(v.Body))
		case "hubspot-v3":
			got = SignatureV3(v.Secret, v.Method, v.URL, []byte(v.Body), v.Timestamp)
		}
		if got != v.Signature {
			t.Errorf("vector %d (%s): %s, want %s", i, v.Scheme, got, v.Signature)
		}
	}
	t.Logf("signature vectors: %d", len(vectors))
}

// TestEventsInTheWild compares events with captured deliveries: every key of a
// capture that the payload table names is sent, with the same JSON type.
func TestEventsInTheWild(t *testing.T) {
	var wild []struct {
		Batch []map[string]any
	}
	sharedJSON(t, "data/payloads/hubspot/webhooks/events_in_the_wild.json", &wild)
	s := New(Config{})
	s.SetWebhook(AppID, "https://crosswalk.example/hook",
		Subscription{EventType: "contact.creation"}, Subscription{EventType: "contact.propertyChange", PropertyName: "firstname"},
		Subscription{EventType: "deal.propertyChange", PropertyName: "dealstage"})
	u := s.User()
	c, err := u.Create("contacts", map[string]string{"email": "a@example.com"})
	must(t, err)
	must(t, u.Set("contacts", c, map[string]string{"firstname": "A"}))
	d, err := u.Create("deals", map[string]string{"dealname": "D", "dealstage": OpenStage})
	must(t, err)
	must(t, u.Win(d))
	ours := map[string]map[string]any{}
	receive(t, s, func(events []map[string]any) {
		for _, e := range events {
			ours[e["subscriptionType"].(string)] = e
		}
	})
	n := 0
	for _, w := range wild {
		for _, e := range w.Batch {
			got := ours[fmt.Sprint(e["subscriptionType"])]
			if got == nil {
				continue
			}
			n++
			for key, v := range e {
				if g, ok := got[key]; !ok && key != "isSensitive" || ok && kindOf(g) != kindOf(v) {
					t.Errorf("%s: %s is %T, captured %T", e["subscriptionType"], key, got[key], v)
				}
			}
		}
	}
	t.Logf("captured events compared: %d", n)
	if n < 4 {
		t.Errorf("only %d captured events compared", n)
	}
}

// receive delivers what is due to a receiver that accepts everything.
func receive(t *testing.T, s *Sim, each func([]map[string]any)) int {
	t.Helper()
	return s.DeliverDue(t.Context(), Transport{http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var events []map[string]any
		if err := json.NewDecoder(r.Body).Decode(&events); err != nil {
			t.Error(err)
		}
		each(events)
	})})
}
