package hubspottest

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// maxSubscriptions is per app.
const maxSubscriptions = 1000

// webhookRoute serves the settings API. Its path is irregular: v3 and 2026-03
// live under /webhooks, 2026-09 under /app-webhooks (section 1).
func webhookRoute(q *request, segs []string) *route {
	if len(segs) < 3 || (segs[0] == "app-webhooks") != (q.version == "2026-09") || q.version != "v3" && !slices.Contains(dated, q.version) {
		return nil
	}
	appID, err := strconv.ParseInt(segs[1], 10, 64)
	if err != nil {
		return nil
	}
	call := func(f func(*Sim, *request, *hookSettings, string) (answer, *apiError)) *route {
		return &route{scopes: free, developer: true, bucket: unlimited, serve: func(s *Sim, q *request) (answer, *apiError) {
			if q.cred.app.id != appID {
				return answer{}, fail(http.StatusForbidden, "FORBIDDEN", "this credential does not manage app %d", appID)
			}
			return f(s, q, s.settingsOf(appID), segs[len(segs)-1])
		}}
	}
	rest := strings.Join(segs[2:], "/")
	one := len(segs) == 4 && segs[2] == "subscriptions"
	switch {
	case rest == "settings" && q.Method == http.MethodGet:
		return call((*Sim).readSettings)
	case rest == "settings" && q.Method == http.MethodPut:
		return call((*Sim).putSettings)
	case rest == "settings" && q.Method == http.MethodDelete:
		return call((*Sim).clearSettings)
	case rest == "subscriptions" && q.Method == http.MethodGet:
		return call((*Sim).listSubscriptions)
	case rest == "subscriptions" && q.Method == http.MethodPost:
		return call((*Sim).createSubscription)
	case rest == "subscriptions/batch/update" && q.Method == http.MethodPost:
		return call((*Sim).batchSubscriptions)
	case one && q.Method == http.MethodGet:
		return call((*Sim).readSubscription)
	case one && q.Method == http.MethodPatch:
		return call((*Sim).updateSubscription)
	case one && q.Method == http.MethodDelete:
		return call((*Sim).deleteSubscription)
	}
	return notAllowed(q)
}

func (h *hookSettings) view() map[string]any {
	return map[string]any{"targetUrl": h.target, "throttling": map[string]any{"maxConcurrentRequests": h.concurrency}, "createdAt": stampText(h.created), "updatedAt": stampText(h.updated)}
}

func (s *Sim) readSettings(q *request, h *hookSettings, _ string) (answer, *apiError) {
	if h.target == "" {
		return answer{}, s.notFound()
	}
	return answer{status: http.StatusOK, body: h.view()}, nil
}

func (s *Sim) putSettings(q *request, h *hookSettings, _ string) (answer, *apiError) {
	var in struct {
		TargetURL  string `json:"targetUrl"`
		Throttling struct {
			MaxConcurrentRequests int    `json:"maxConcurrentRequests"`
			Period                string `json:"period"`
		} `json:"throttling"`
	}
	if e := q.decode(s, &in); e != nil {
		return answer{}, e
	}
	u, err := url.Parse(in.TargetURL)
	local := err == nil && slices.Contains([]string{"localhost", "127.0.0.1"}, u.Hostname()) // the vendor takes HTTPS only; a laptop has none
	if err != nil || u.Scheme != "https" && !local {
		return answer{}, validation("targetUrl: must be an HTTPS URL")
	}
	if in.Throttling.MaxConcurrentRequests <= 5 {
		return answer{}, validation("throttling.maxConcurrentRequests: must be greater than 5")
	}
	h.target, h.concurrency, h.updated = in.TargetURL, in.Throttling.MaxConcurrentRequests, s.now()
	return answer{status: http.StatusOK, body: h.view()}, nil
}

func (s *Sim) clearSettings(q *request, h *hookSettings, _ string) (answer, *apiError) {
	h.target = ""
	return answer{status: http.StatusNoContent}, nil
}

func (sub *subscription) view() map[string]any {
	v := map[string]any{"id": strconv.FormatInt(sub.ID, 10), "eventType": sub.EventType, "active": sub.Active, "createdAt": stampText(sub.created), "updatedAt": stampText(sub.updated)}
	if sub.PropertyName != "" {
		v["propertyName"] = sub.PropertyName
	}
	if sub.ObjectTypeID != "" {
		v["objectTypeId"] = sub.ObjectTypeID
	}
	return v
}

func (s *Sim) listSubscriptions(q *request, h *hookSettings, _ string) (answer, *apiError) {
	results := []any{}
	for _, sub := range h.subscriptions {
		results = append(results, sub.view())
	}
	return answer{status: http.StatusOK, body: map[string]any{"results": results}}, nil
}

type subscriptionInput struct {
	EventType    string `json:"eventType"`
	PropertyName string `json:"propertyName"`
	ObjectTypeID string `json:"objectTypeId"`
	Active       bool   `json:"active"` // false when absent: paused
}

var eventKinds = []string{"creation", "deletion", "merge", "restore", "propertyChange", "associationChange"}

func (s *Sim) newSubscription(h *hookSettings, in subscriptionInput) (*subscription, *apiError) {
	object, what, _ := strings.Cut(in.EventType, ".")
	k := s.kind(object)
	known := slices.Contains(eventKinds, what) && (object == "object" || k != nil && k.singular == object && k.created == "createdate")
	if in.EventType == "contact.privacyDeletion" {
		known = true
	}
	if !known || in.EventType == "product.associationChange" {
		return nil, validation("eventType: %q is not a known event type", in.EventType)
	}
	if (what == "propertyChange") != (in.PropertyName != "") {
		return nil, validation("propertyName: is for propertyChange subscriptions, one property each")
	}
	if (object == "object") != (in.ObjectTypeID != "") {
		return nil, validation("objectTypeId: is for object.* subscriptions")
	}
	if object == "object" {
		if k = s.kind(in.ObjectTypeID); k == nil || k.id != in.ObjectTypeID {
			return nil, validation("objectTypeId: %q is not a known object type", in.ObjectTypeID)
		}
	}
	if in.PropertyName == "hs_lastmodifieddate" || in.PropertyName == "num_unique_conversion_events" || in.PropertyName != "" && k.usable(in.PropertyName) == nil {
		return nil, validation("propertyName: %q cannot be subscribed to", in.PropertyName)
	}
	if len(h.subscriptions) >= maxSubscriptions {
		return nil, validation("an app has at most %d subscriptions", maxSubscriptions)
	}
	h.nextID++
	return &subscription{ID: h.nextID, EventType: in.EventType, PropertyName: in.PropertyName, ObjectTypeID: in.ObjectTypeID, Active: in.Active, created: s.now(), updated: s.now()}, nil
}

func (s *Sim) createSubscription(q *request, h *hookSettings, _ string) (answer, *apiError) {
	var in subscriptionInput
	if e := q.decode(s, &in); e != nil {
		return answer{}, e
	}
	sub, e := s.newSubscription(h, in)
	if e != nil {
		return answer{}, e
	}
	h.subscriptions = append(h.subscriptions, sub)
	return answer{status: http.StatusCreated, body: sub.view()}, nil
}

func (h *hookSettings) subscription(id string) *subscription {
	for _, sub := range h.subscriptions {
		if strconv.FormatInt(sub.ID, 10) == id {
			return sub
		}
	}
	return nil
}

func (s *Sim) readSubscription(q *request, h *hookSettings, id string) (answer, *apiError) {
	sub := h.subscription(id)
	if sub == nil {
		return answer{}, s.notFound()
	}
	return answer{status: http.StatusOK, body: sub.view()}, nil
}

func (s *Sim) updateSubscription(q *request, h *hookSettings, id string) (answer, *apiError) {
	var in struct {
		Active bool `json:"active"` // nothing else can be changed
	}
	if e := q.decode(s, &in); e != nil {
		return answer{}, e
	}
	sub := h.subscription(id)
	if sub == nil {
		return answer{}, s.notFound()
	}
	sub.Active, sub.updated = in.Active, s.now()
	return answer{status: http.StatusOK, body: sub.view()}, nil
}

func (s *Sim) batchSubscriptions(q *request, h *hookSettings, _ string) (answer, *apiError) {
	list, e := inputs[struct {
		ID     text `json:"id"`
		Active bool `json:"active"`
	}](s, q, maxSubscriptions)
	if e != nil {
		return answer{}, e
	}
	results, errs := []any{}, []any{}
	for _, in := range list {
		sub := h.subscription(string(in.ID))
		if sub == nil {
			errs = append(errs, rowError(fail(0, "OBJECT_NOT_FOUND", "Subscription %s does not exist", in.ID).with("id", string(in.ID))))
			continue
		}
		sub.Active, sub.updated = in.Active, s.now()
		results = append(results, sub.view())
	}
	return answer{status: statusOf(http.StatusOK, errs), body: s.batchBody(results, errs)}, nil
}

func (s *Sim) deleteSubscription(q *request, h *hookSettings, id string) (answer, *apiError) {
	h.subscriptions = slices.DeleteFunc(h.subscriptions, func(sub *subscription) bool { return strconv.FormatInt(sub.ID, 10) == id })
	return answer{status: http.StatusNoContent}, nil
}
