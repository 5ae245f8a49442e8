package hubspot_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/connector/hubspot"
	"crosswalk/internal/connector/hubspot/hubspottest"
	"crosswalk/internal/record"
	"crosswalk/internal/rest"
)

// shared gives a file of the shared material.
func shared(t *testing.T, parts ...string) []byte {
	t.Helper()
	root := os.Getenv("CROSSWALK_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "..", "..", "shared")
	}
	raw, err := os.ReadFile(filepath.Join(append([]string{root}, parts...)...))
	if err != nil {
		if os.Getenv("CROSSWALK_REQUIRE_SHARED") == "1" {
			t.Fatalf("the shared material is required: %v", err)
		}
		t.Skip("the shared material is not here; set CROSSWALK_SHARED")
	}
	return raw
}

// sign is the v3 signature, worked out here from the fact sheet's formula.
func sign(secret, method, uri, body string, at time.Time) http.Header {
	stamp := strconv.FormatInt(at.UnixMilli(), 10)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(method + uri + body + stamp))
	h := http.Header{}
	h.Set("X-HubSpot-Signature-v3", base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	h.Set("X-HubSpot-Request-Timestamp", stamp)
	return h
}

const hook = "https://crosswalk.example/webhooks/crm"

var noon = time.Date(2026, 9, 15, 12, 0, 0, 0, time.UTC)

func receiver(secrets ...string) *hubspot.Connector {
	return must(hubspot.New(hubspot.Config{Connection: "crm", AppID: "54321", Portal: "62515", Secrets: secrets, Client: rest.New(rest.Config{Base: base})}))
}

func deliver(c *hubspot.Connector, body string) ([]connector.Signal, error) {
	return c.Receive(&http.Request{Method: "POST", Header: sign("s1", "POST", hook, body, noon)}, hook, []byte(body), noon)
}

func reason(err error) string {
	var refused *connector.RefusedError
	if !errors.As(err, &refused) {
		return ""
	}
	return refused.Reason
}

func TestSharedSignatureVectors(t *testing.T) {
	var vectors []struct {
		Scheme    string `json:"scheme"`
		Method    string `json:"method"`
		URL       string `json:"url"`
		Timestamp string `json:"timestamp"`
		Secret    string `json:"client_secret"`
		Body      string `json:"body"`
		Signature string `json:"signature"`
	}
	if err := json.Unmarshal(shared(t, "data", "security", "hubspot_signature_vectors.json"), &vectors); err != nil {
		t.Fatal(err)
	}
	tried := 0
	for _, v := range vectors {
		h := http.Header{"X-Hubspot-Signature-V3": {v.Signature}, "X-Hubspot-Request-Timestamp": {v.Timestamp}}
		ms, _ := strconv.ParseInt(v.Timestamp, 10, 64)
		_, err := receiver(v.Secret).Receive(&http.Request{Method: v.Method, Header: h}, v.URL, []byte(v.Body), time.UnixMilli(ms))
		// The vectors' bodies are no list of events: past the signature they are malformed, before it they are forged.
		want := "signature"
		if v.Scheme == "hubspot-v3" {
			want, tried = "malformed", tried+1
		}
		if reason(err) != want {
			t.Errorf("%s %s: %v, want %s", v.Scheme, v.Timestamp, err, want)
		}
	}
	if tried == 0 {
		t.Error("no v3 vector was tried")
	}
}

// S1: no change of a valid request is let in.
func TestMutationsAreRefused(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 12))
	body := `[{"eventId":1,"subscriptionId":12345,"portalId":62515,"occurredAt":1564113600000,"subscriptionType":"contact.creation","attemptNumber":0,"objectId":123,"changeSource":"CRM","changeFlag":"NEW","appId":54321}]`
	c := receiver("s1", "s2")
	if _, err := deliver(c, body); err != nil {
		t.Fatalf("the valid request: %v", err)
	}
	flip := func(s string) string {
		b := []byte(s)
		b[rng.IntN(len(b))] ^= 1 << rng.IntN(8)
		return string(b)
	}
	tried := 0
	for range 4000 {
		method, uri, text, h := "POST", hook, body, sign("s1", "POST", hook, body, noon)
		signature, stamp := h.Get("X-HubSpot-Signature-v3"), h.Get("X-HubSpot-Request-Timestamp")
		switch rng.IntN(11) {
		case 0:
			text = flip(body)
		case 1:
			uri = flip(hook)
		case 2:
			signature = flip(signature)
		case 3:
			stamp = flip(stamp)
		case 4:
			method = []string{"GET", "PUT", "post", ""}[rng.IntN(4)]
		case 5:
			text = body[:rng.IntN(len(body))]
		case 6:
			uri = hook + []string{"/", "?", "?a=b", "2", "%2F"}[rng.IntN(5)]
		case 7:
			signature = []string{"", signature + "=", strings.TrimRight(signature, "="), " " + signature, strings.ToLower(signature), signature[:20]}[rng.IntN(6)]
		case 8:
			stamp = []string{"", "0", "-1", stamp + "0", "0" + stamp, "1e12", " " + stamp}[rng.IntN(7)]
		case 9:
			signature = sign("another app's", "POST", hook, body, noon).Get("X-HubSpot-Signature-v3")
		case 10:
			text = " " + body
		}
		if method == "POST" && uri == hook && text == body && signature == h.Get("X-HubSpot-Signature-v3") && stamp == h.Get("X-HubSpot-Request-Timestamp") {
			continue
		}
		tried++
		h = http.Header{"X-Hubspot-Signature-V3": {signature}, "X-Hubspot-Request-Timestamp": {stamp}, "X-Hubspot-Signature": {"232db2615f3d666fe21a8ec971ac7b5402d33b9a925784df3ca654d05f4817de"}, "X-Hubspot-Signature-Version": {"v1"}}
		if got, err := c.Receive(&http.Request{Method: method, Header: h}, uri, []byte(text), noon); err == nil || got != nil {
			t.Fatalf("let in: %s %s %q %s %s", method, uri, text, signature, stamp)
		}
	}
	if tried < 1000 {
		t.Errorf("only %d mutations", tried)
	}
}

func TestHeadersSentTwiceAreRefused(t *testing.T) {
	h := sign("s1", "POST", hook, "[]", noon)
	h.Add("X-HubSpot-Signature-v3", h.Get("X-HubSpot-Signature-v3"))
	if _, err := receiver("s1").Receive(&http.Request{Method: "POST", Header: h}, hook, []byte("[]"), noon); reason(err) != "signature" {
		t.Errorf("got %v", err)
	}
}

// S2, S8, S3.
func TestWindowRotationAndAddresses(t *testing.T) {
	for off, want := range map[time.Duration]string{0: "", 5 * time.Minute: "", -5 * time.Minute: "", 5*time.Minute + time.Millisecond: "stale", -5*time.Minute - time.Millisecond: "stale", 24 * time.Hour: "stale"} {
		_, err := receiver("s1").Receive(&http.Request{Method: "POST", Header: sign("s1", "POST", hook, "[]", noon)}, hook, []byte("[]"), noon.Add(off))
		if reason(err) != want {
			t.Errorf("after %v: %v, want %q", off, err, want)
		}
	}
	for _, secret := range []string{"old", "new"} {
		_, err := receiver("new", "old").Receive(&http.Request{Method: "POST", Header: sign(secret, "POST", hook, "[]", noon)}, hook, []byte("[]"), noon)
		if err != nil {
			t.Errorf("secret %s while rotating: %v", secret, err)
		}
	}
	for _, none := range [][]string{nil, {""}} {
		_, err := receiver(none...).Receive(&http.Request{Method: "POST", Header: sign("", "POST", hook, "[]", noon)}, hook, []byte("[]"), noon)
		if reason(err) != "signature" {
			t.Errorf("no secret at all: %v", err)
		}
	}
	for called, hashed := range map[string]string{
		"https://x.example/a%3Ab%2Fc%3Fd%40e%21f%24g%27h%28i%29j%2Ak%2Cl%3Bm": "https://x.example/a:b/c?d@e!f$g'h(i)j*k,l;m",
		"https://x.example/a%20b%26c%25":                                      "https://x.example/a%20b%26c%25",
		"https://x.example/a?b=c&d=%3a":                                       "https://x.example/a?b=c&d=:",
		"https://x.example/%253A":                                             "https://x.example/%253A",
	} {
		_, err := receiver("s1").Receive(&http.Request{Method: "POST", Header: sign("s1", "POST", hashed, "[]", noon)}, called, []byte("[]"), noon)
		if err != nil {
			t.Errorf("%s: %v", called, err)
		}
	}
}

func TestEventsInTheWild(t *testing.T) {
	var deliveries []struct {
		Source string            `json:"source"`
		Batch  []json.RawMessage `json:"batch"`
	}
	if err := json.Unmarshal(shared(t, "data", "payloads", "hubspot", "webhooks", "events_in_the_wild.json"), &deliveries); err != nil {
		t.Fatal(err)
	}
	want := [][]connector.Signal{
		{{Ref: ref("contacts", "123"), Kind: connector.Created, Account: "62515"}},
		{{Ref: ref("contacts", "847297356"), Kind: connector.Changed, Account: "891472211"}},
		{{Ref: ref("deals", "697680835"), Kind: connector.Changed, Account: "5799819"}},
		{{Ref: ref("contacts", "123"), Kind: connector.Changed, Account: "7549024"}, {Ref: ref("contacts", "123"), Kind: connector.Created, Account: "7549024"}},
		{{Ref: ref("contacts", "106314056576"), Kind: connector.Created, Account: "49547190", Own: true}},
	}
	apps := []string{"54321", "7906213", "186886", "3435896", "9393361"}
	for i, d := range deliveries {
		body, err := json.Marshal(d.Batch)
		if err != nil {
			t.Fatal(err)
		}
		c := must(hubspot.New(hubspot.Config{Connection: "crm", AppID: apps[i], Portal: want[i][0].Account, Secrets: []string{"s1"}, Client: rest.New(rest.Config{Base: base})}))
		got, err := deliver(c, string(body))
		if err != nil || !slices.Equal(got, want[i]) {
			t.Errorf("%s: %+v %v, want %+v", d.Source, got, err, want[i])
		}
	}
}

func TestEventsBecomeSignals(t *testing.T) {
	changed := func(object, id string) connector.Signal {
		return connector.Signal{Ref: ref(object, id), Kind: connector.Changed, Account: "62515"}
	}
	for _, c := range []struct {
		name, event string
		want        []connector.Signal
	}{
		{"property", `"subscriptionType":"deal.propertyChange","objectId":9007199254740993,"propertyName":"dealstage"`, []connector.Signal{changed("deals", "9007199254740993")}},
		{"under its other name", `"eventType":"company.propertyChange","objectId":"7"`, []connector.Signal{changed("companies", "7")}},
		{"line item", `"subscriptionType":"line_item.propertyChange","objectId":8`, []connector.Signal{changed("line_items", "8")}},
		{"generic", `"subscriptionType":"object.propertyChange","objectTypeId":"0-3","objectId":9`, []connector.Signal{changed("deals", "9")}},
		{"deletion", `"subscriptionType":"contact.deletion","objectId":5`, []connector.Signal{{Ref: ref("contacts", "5"), Kind: connector.Deleted, Account: "62515"}}},
		{"privacy deletion", `"subscriptionType":"contact.privacyDeletion","objectId":5`, []connector.Signal{{Ref: ref("contacts", "5"), Kind: connector.Erased, Account: "62515"}}},
		{"restore", `"subscriptionType":"deal.restore","objectId":5`, []connector.Signal{changed("deals", "5")}},
		{"a verb of tomorrow", `"subscriptionType":"deal.teleport","objectId":5,"changeSource":"QUANTUM"`, []connector.Signal{changed("deals", "5")}},
		{"merge", `"subscriptionType":"company.merge","objectId":1,"primaryObjectId":1,"mergedObjectIds":[2,"3"],"newObjectId":4`, []connector.Signal{
			changed("companies", "4"),
			{Ref: ref("companies", "1"), Kind: connector.Merged, To: ref("companies", "4"), Account: "62515"},
			{Ref: ref("companies", "2"), Kind: connector.Merged, To: ref("companies", "4"), Account: "62515"},
			{Ref: ref("companies", "3"), Kind: connector.Merged, To: ref("companies", "4"), Account: "62515"}}},
		{"association", `"subscriptionType":"deal.associationChange","associationType":"DEAL_TO_LINE_ITEM","fromObjectId":1,"toObjectId":2`, []connector.Signal{changed("deals", "1"), changed("line_items", "2")}},
		{"generic association", `"subscriptionType":"object.associationChange","fromObjectTypeId":"0-1","toObjectTypeId":"0-2","fromObjectId":1,"toObjectId":2`, []connector.Signal{changed("contacts", "1"), changed("companies", "2")}},
		{"half an association", `"subscriptionType":"deal.associationChange","associationType":"DEAL_TO_SPACESHIP","fromObjectId":1,"toObjectId":2`, []connector.Signal{changed("deals", "1")}},
		{"import", `"subscriptionType":"contact.creation","objectId":5,"changeSource":"IMPORT"`, []connector.Signal{{Ref: ref("contacts", "5"), Kind: connector.Created, Account: "62515", Bulk: true}}},
		{"ours", `"subscriptionType":"contact.creation","objectId":5,"changeSource":"INTEGRATION","sourceId":"54321"`, []connector.Signal{{Ref: ref("contacts", "5"), Kind: connector.Created, Account: "62515", Own: true}}},
		{"another app's", `"subscriptionType":"contact.creation","objectId":5,"changeSource":"INTEGRATION","sourceId":"54322"`, []connector.Signal{{Ref: ref("contacts", "5"), Kind: connector.Created, Account: "62515"}}},
		{"not followed", `"subscriptionType":"conversation.newMessage","objectId":5`, nil},
		{"without a type", `"objectId":5`, nil},
		{"a key twice", `"subscriptionType":"deal.creation","subscriptionType":"deal.deletion","objectId":5`, []connector.Signal{{Ref: ref("deals", "5"), Kind: connector.Deleted, Account: "62515"}}},
		{"an id that is none", `"subscriptionType":"deal.creation","objectId":"../5"`, nil},
		{"a huge number", `"subscriptionType":"deal.creation","objectId":1e400`, nil},
	} {
		got, err := deliver(receiver("s1"), `[{"portalId":62515,`+c.event+`}]`)
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %+v %v, want %+v", c.name, got, err, c.want)
		}
	}
}

func TestDeliveriesOutOfShape(t *testing.T) {
	good := `{"portalId":62515,"subscriptionType":"deal.creation","objectId":5}`
	for name, c := range map[string]struct {
		body, reason string
		signals      int
	}{
		"empty list":              {`[]`, "", 0},
		"not a list":              {good, "malformed", 0},
		"null":                    {`null`, "malformed", 0},
		"not JSON":                {`[{`, "malformed", 0},
		"numbers":                 {`[1,2]`, "malformed", 0},
		"one of another shape":    {`[{"portalId":62515,"subscriptionType":7},` + good + `]`, "", 1},
		"100 events of one":       {`[` + strings.Repeat(good+",", 99) + good + `]`, "", 1},
		"101 events":              {`[` + strings.Repeat(good+",", 100) + good + `]`, "malformed", 0},
		"over a megabyte":         {`[` + strings.Repeat(" ", 1<<20) + `]`, "too_large", 0},
		"deep":                    {`[` + strings.Repeat(`{"a":`, 20000), "malformed", 0},
		"another account":         {strings.ReplaceAll("["+good+"]", "62515", "62516"), "account", 0},
		"mixed accounts":          {`[` + strings.ReplaceAll(good, "62515", "1") + `,` + good + `]`, "", 1},
		"bad UTF-8":               {"[{\"portalId\":62515,\"subscriptionType\":\"deal.creation\xff\",\"objectId\":5}]", "", 1},
		"an account that is text": {strings.ReplaceAll("["+good+"]", "62515", `"62515"`), "", 1},
	} {
		got, err := deliver(receiver("s1"), c.body)
		if reason(err) != c.reason || len(got) != c.signals {
			t.Errorf("%s: %d signals, %v, want %d, %q", name, len(got), err, c.signals, c.reason)
		}
	}
	unbound := must(hubspot.New(hubspot.Config{Connection: "crm", Secrets: []string{"s1"}, Client: rest.New(rest.Config{Base: base})}))
	if _, err := deliver(unbound, "["+good+"]"); reason(err) != "account" {
		t.Errorf("a connection bound to no account let a delivery in: %v", err)
	}
}

// What the simulated portal sends is let in and points at what changed.
func TestSimulatorsDeliveries(t *testing.T) {
	sim := hubspottest.New(hubspottest.Config{})
	sim.SetWebhook(hubspottest.AppID, hook, hubspottest.Subscription{EventType: "deal.propertyChange", PropertyName: "dealstage"}, hubspottest.Subscription{EventType: "company.merge"}, hubspottest.Subscription{EventType: "line_item.associationChange"})
	c := connected(sim)
	deal := must(sim.User().Create("deals", map[string]string{"dealname": "Sample", "dealstage": "appointmentscheduled", "pipeline": "default"}))
	if err := sim.User().Win(deal); err != nil {
		t.Fatal(err)
	}
	one, two := company(sim, 1), company(sim, 2)
	merged := must(sim.User().Merge("companies", one, two))
	line := must(sim.User().Create("line_items", map[string]string{"name": "Sample"}))
	if err := sim.User().Associate("line_items", line, "deals", deal); err != nil {
		t.Fatal(err)
	}
	var all []connector.Signal
	sim.DeliverDue(t.Context(), hubspottest.Transport{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := new(strings.Builder)
		_, _ = fmt.Fprint(body, string(must(readAll(r))))
		got, err := c.Receive(r, hook, []byte(body.String()), time.Now())
		if err != nil {
			t.Error(err)
		}
		all = append(all, got...)
	})})
	for _, want := range []struct {
		ref  record.Ref
		kind connector.SignalKind
	}{{ref("deals", deal), connector.Changed}, {ref("companies", two), connector.Merged}, {ref("companies", merged), connector.Changed}, {ref("line_items", line), connector.Changed}} {
		if !slices.ContainsFunc(all, func(s connector.Signal) bool { return s.Ref == want.ref && s.Kind == want.kind }) {
			t.Errorf("no %s of %s in %+v", want.kind, want.ref, all)
		}
	}
}
