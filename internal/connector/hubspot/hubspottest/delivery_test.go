package hubspottest_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"crosswalk/internal/connector/hubspot/hubspottest"
)

// deliver sends what is due to a receiver that takes everything.
func deliver(t *testing.T, s *hubspottest.Sim, each func(map[string]any)) int {
	t.Helper()
	return s.DeliverDue(t.Context(), hubspottest.Transport{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, e := range decodeEvents(t, r) {
			each(e)
		}
	})})
}

func decodeEvents(t *testing.T, r *http.Request) []map[string]any {
	var events []map[string]any
	d := json.NewDecoder(r.Body)
	d.UseNumber()
	if err := d.Decode(&events); err != nil {
		t.Error(err)
	}
	return events
}

// TestRetries: a receiver that is down for a day gets every event eleven times at
// most, spread over less than 24 hours, with its own attemptNumber; then it is lost.
func TestRetries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := hubspottest.New(hubspottest.Config{Seed: 9})
		s.SetWebhook(hubspottest.AppID, "https://hook.example/h", hubspottest.Subscription{EventType: "company.creation"})
		for i := range 250 {
			create(t, s, "companies", "name", fmt.Sprint(i))
		}
		start := time.Now()
		attempts := map[string][]int{}
		var last time.Time
		down := hubspottest.Transport{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			events := decodeEvents(t, r)
			if len(events) == 0 || len(events) > 100 {
				t.Errorf("%d events in a request", len(events))
			}
			for _, e := range events {
				n, _ := e["attemptNumber"].(json.Number).Int64()
				id := fmt.Sprint(e["objectId"])
				attempts[id] = append(attempts[id], int(n))
			}
			last = time.Now()
			w.WriteHeader(http.StatusServiceUnavailable)
		})}
		for {
			at, more := s.NextDelivery()
			if !more {
				break
			}
			time.Sleep(time.Until(at))
			s.DeliverDue(t.Context(), down)
		}
		if len(attempts) != 250 || s.Lost() != 250 {
			t.Errorf("%d events seen, %d lost; want 250", len(attempts), s.Lost())
		}
		for id, list := range attempts {
			for i, n := range list {
				if n != i {
					t.Fatalf("event of %s: attempts %v", id, list)
				}
			}
			if len(list) != 11 {
				t.Fatalf("event of %s: %d attempts", id, len(list))
			}
		}
		if span := last.Sub(start); span < 12*time.Hour || span > 24*time.Hour {
			t.Errorf("retries spread over %v", span)
		}
	})
}

// TestDeadline: a receiver that answers after 5 s has failed.
func TestDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := hubspottest.New(hubspottest.Config{})
		s.SetWebhook(hubspottest.AppID, "https://hook.example/h", hubspottest.Subscription{EventType: "company.creation"})
		create(t, s, "companies", "name", "C")
		start := time.Now()
		s.DeliverDue(t.Context(), hubspottest.Transport{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			<-r.Context().Done()
			panic(http.ErrAbortHandler)
		})})
		if waited := time.Since(start); waited != 5*time.Second {
			t.Errorf("waited %v", waited)
		}
		if _, more := s.NextDelivery(); !more {
			t.Error("the event is not retried")
		}
	})
}

// TestSignedRequest recomputes both signatures of a delivery.
func TestSignedRequest(t *testing.T) {
	s := hubspottest.New(hubspottest.Config{})
	const target = "https://hook.example/stage/h?tenant=1&x=%20"
	s.SetWebhook(hubspottest.AppID, target, hubspottest.Subscription{EventType: "deal.propertyChange", PropertyName: "dealstage"})
	deal := create(t, s, "deals", "dealname", "D", "dealstage", "qualifiedtobuy")
	ok(t, s.User().Win(deal))
	n := s.DeliverDue(t.Context(), hubspottest.Transport{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		ok(t, err)
		stamp := r.Header.Get("X-HubSpot-Request-Timestamp")
		if got, want := r.Header.Get("X-HubSpot-Signature-v3"), hubspottest.SignatureV3(hubspottest.ClientSecret, "POST", target, body, stamp); got != want {
			t.Errorf("v3 %s, want %s", got, want)
		}
		if got, want := r.Header.Get("X-HubSpot-Signature"), hubspottest.SignatureV1(hubspottest.ClientSecret, body); got != want {
			t.Errorf("v1 %s, want %s", got, want)
		}
		if r.Header.Get("X-HubSpot-Signature-Version") != "v1" {
			t.Error("no signature version")
		}
	})})
	if n == 0 {
		t.Error("nothing was delivered")
	}
}

// TestEvents: what each change sends, from whom.
func TestEvents(t *testing.T) {
	s := hubspottest.New(hubspottest.Config{})
	subs := []hubspottest.Subscription{{EventType: "contact.privacyDeletion"}, {EventType: "object.creation", ObjectTypeID: "0-8"}}
	for _, k := range []string{"contact", "company", "deal", "line_item"} {
		for _, e := range []string{"creation", "deletion", "associationChange", "restore"} {
			subs = append(subs, hubspottest.Subscription{EventType: k + "." + e})
		}
	}
	s.SetWebhook(hubspottest.AppID, "https://hook.example/h", append(subs, hubspottest.Subscription{EventType: "deal.propertyChange", PropertyName: "amount"})...)
	count := func(do func()) map[string]int {
		do()
		out := map[string]int{}
		deliver(t, s, func(e map[string]any) { out[fmt.Sprint(e["subscriptionType"], " ", e["changeSource"])]++ })
		return out
	}
	var contact, company, deal string
	for _, c := range []struct {
		name string
		do   func()
		want map[string]int
	}{
		{"create by API", func() {
			_, b := call(t, s, "POST", "/crm/objects/2026-09/deals", `{"properties":{"dealname":"D","dealstage":"qualifiedtobuy","amount":"1"}}`)
			deal = dig(b, "id").(string)
		}, map[string]int{"deal.creation INTEGRATION": 1, "deal.propertyChange INTEGRATION": 1}},
		{"edit by a person through the API", func() {
			callAs(t, s, hubspottest.UserToken, "PATCH", "/crm/objects/2026-09/deals/"+deal, `{"properties":{"amount":"2"}}`)
		}, map[string]int{"deal.propertyChange CRM_UI": 1}},
		{"a write that changes nothing", func() { call(t, s, "PATCH", "/crm/objects/2026-09/deals/"+deal, `{"properties":{"amount":"2"}}`) }, map[string]int{}},
		{"create by a person", func() {
			contact, company = create(t, s, "contacts", "firstname", "A"), create(t, s, "companies", "name", "C")
		}, map[string]int{"contact.creation CRM_UI": 1, "company.creation CRM_UI": 1}},
		{"first company: primary and unlabelled, both ways", func() { ok(t, s.User().Associate("deals", deal, "companies", company)) }, map[string]int{"deal.associationChange CRM_UI": 2, "company.associationChange CRM_UI": 2}},
		{"again", func() { ok(t, s.User().Associate("deals", deal, "companies", company)) }, map[string]int{}},
		{"a line, twice subscribed", func() { create(t, s, "line_items", "name", "L") }, map[string]int{"line_item.creation CRM_UI": 1, "object.creation CRM_UI": 1}},
		{"archive", func() { call(t, s, "DELETE", "/crm/objects/2026-09/companies/"+company, "") }, map[string]int{"company.deletion INTEGRATION": 1}},
		{"restore", func() { ok(t, s.User().Restore("companies", company)) }, map[string]int{"company.restore CRM_UI": 1}},
		{"forget", func() { call(t, s, "POST", "/crm/objects/2026-09/contacts/gdpr-delete", `{"objectId":"`+contact+`"}`) }, map[string]int{"contact.deletion INTEGRATION": 1, "contact.privacyDeletion INTEGRATION": 1}},
	} {
		got := count(c.do)
		if fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// TestTreatments: events can be dropped, copied and delayed.
func TestTreatments(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := hubspottest.New(hubspottest.Config{})
		s.SetWebhook(hubspottest.AppID, "https://hook.example/h", hubspottest.Subscription{EventType: "company.creation"})
		next := hubspottest.Treatment{}
		s.SetDelivery(func(hubspottest.Event) hubspottest.Treatment { return next })
		for _, next = range []hubspottest.Treatment{{Drop: true}, {Copies: 2}, {Delay: time.Hour}} {
			create(t, s, "companies", "name", "C")
		}
		n := 0
		deliver(t, s, func(map[string]any) { n++ })
		if n != 3 || s.Lost() != 1 {
			t.Errorf("%d arrived, %d lost; want 3, 1", n, s.Lost())
		}
		time.Sleep(time.Hour)
		deliver(t, s, func(map[string]any) { n++ })
		if n != 4 {
			t.Errorf("%d arrived in the end, want 4", n)
		}
	})
}

// TestRestoredCompanyYieldsPrimary: a company that comes back is not the primary one where another has become it meanwhile.
func TestRestoredCompanyYieldsPrimary(t *testing.T) {
	s := hubspottest.New(hubspottest.Config{})
	first, err := s.User().Create("companies", map[string]string{"name": "First"})
	ok(t, err)
	second, err := s.User().Create("companies", map[string]string{"name": "Second"})
	ok(t, err)
	contact, err := s.User().Create("contacts", map[string]string{"email": "desk@firm.example"})
	ok(t, err)
	ok(t, s.User().Associate("contacts", contact, "companies", first))
	ok(t, s.User().Archive("companies", first))
	ok(t, s.User().Associate("contacts", contact, "companies", second))
	ok(t, s.User().Restore("companies", first))
	for range 20 {
		if r, _ := s.Record("contacts", contact); r.PrimaryCompany != second || len(r.Associations["companies"]) != 2 {
			t.Fatalf("primary %s of %v, want %s", r.PrimaryCompany, r.Associations, second)
		}
	}
}
