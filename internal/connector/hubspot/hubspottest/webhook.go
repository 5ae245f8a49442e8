package hubspottest

import (
	"slices"
	"strconv"
	"time"
)

// event is something that happened in the portal, before it is matched with
// subscriptions.
type event struct {
	Type                        string // creation, deletion, propertyChange, associationChange, merge, restore, privacyDeletion
	kind                        *kind
	ObjectID                    int64
	ChangeFlag                  string
	PropertyName, PropertyValue string
	Merge                       *mergeEvent
	Association                 *associationEvent
}

type mergeEvent struct {
	Primary int64
	Merged  []int64
	New     int64
	Moved   int
}

type associationEvent struct {
	from, to *record
	typ      *associationType
	removed  bool
}

// hookSettings are one app's webhook settings (section 3).
type hookSettings struct {
	target        string
	concurrency   int
	created       time.Time
	updated       time.Time
	subscriptions []*subscription
	nextID        int64
}

type subscription struct {
	ID           int64
	EventType    string
	PropertyName string
	ObjectTypeID string
	Active       bool
	created      time.Time
	updated      time.Time
}

// Subscription is what SetWebhook takes: EventType like "deal.propertyChange",
// with PropertyName for that kind and ObjectTypeID for "object.*".
type Subscription struct {
	EventType, PropertyName, ObjectTypeID string
}

// SetWebhook sets the target URL of an app and replaces its subscriptions; all
// are active. An empty target switches delivery off. Unknown event types panic:
// they are a mistake in the test.
func (s *Sim) SetWebhook(appID int64, target string, subs ...Subscription) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.settingsOf(appID)
	h.target, h.updated, h.subscriptions = target, s.now(), nil
	for _, sub := range subs {
		one, e := s.newSubscription(h, subscriptionInput{EventType: sub.EventType, PropertyName: sub.PropertyName, ObjectTypeID: sub.ObjectTypeID, Active: true})
		if e != nil {
			panic("hubspottest: SetWebhook: " + e.Message)
		}
		h.subscriptions = append(h.subscriptions, one)
	}
}

func (s *Sim) settingsOf(appID int64) *hookSettings {
	h := s.hooks[appID]
	if h == nil {
		h = &hookSettings{concurrency: 10, created: s.now(), updated: s.now(), nextID: 2_600_000 + appID%1000*1000}
		s.hooks[appID] = h
	}
	return h
}

// emit matches an event with every app's subscriptions and queues messages.
func (s *Sim) emit(e event, by actor) {
	if s.silent {
		return
	}
	apps := make([]int64, 0, len(s.hooks))
	for id := range s.hooks {
		apps = append(apps, id)
	}
	slices.Sort(apps)
	for _, appID := range apps {
		h := s.hooks[appID]
		if h.target == "" {
			continue
		}
		for _, sub := range h.subscriptions {
			if sub.Active && sub.wants(e) {
				s.enqueue(appID, s.message(appID, sub, e, by))
			}
		}
	}
}

func (sub *subscription) wants(e event) bool {
	specific := sub.EventType == e.kind.singular+"."+e.Type
	generic := sub.EventType == "object."+e.Type && sub.ObjectTypeID == e.kind.id
	if !specific && !generic {
		return false
	}
	return e.Type != "propertyChange" || sub.PropertyName == e.PropertyName
}

func (s *Sim) associationEvent(from, to *record, t *associationType, removed bool, by actor) {
	s.emit(event{Type: "associationChange", kind: from.kind, ObjectID: from.id, Association: &associationEvent{from: from, to: to, typ: t, removed: removed}}, by)
}

// Event is one message of a webhook request (section 3, "Payload").
type Event map[string]any

func (s *Sim) message(appID int64, sub *subscription, e event, by actor) Event {
	m := Event{
		// The vendor does not guarantee eventId to be unique, so it is not here.
		"eventId": 100 + s.rng.Int64N(4_000_000_000), "subscriptionId": sub.ID, "portalId": s.cfg.PortalID, "appId": appID,
		"occurredAt": s.now().UnixMilli(), "subscriptionType": sub.EventType, "attemptNumber": 0,
		"changeSource": by.source, "sourceId": by.sourceID,
	}
	if s.rng.IntN(50) == 0 {
		m["eventId"] = int64(100)
	}
	generic := sub.ObjectTypeID != ""
	if generic {
		m["objectTypeId"] = sub.ObjectTypeID
	}
	if e.ChangeFlag != "" {
		m["changeFlag"] = e.ChangeFlag
	}
	switch {
	case e.Association != nil:
		a := e.Association
		m["associationType"] = upperName(a.from.kind, a.to.kind)
		m["fromObjectId"], m["toObjectId"] = a.from.id, a.to.id
		m["associationRemoved"], m["isPrimaryAssociation"] = a.removed, a.typ.primary
		if generic {
			m["fromObjectTypeId"], m["toObjectTypeId"] = a.from.kind.id, a.to.kind.id
			m["associationTypeId"], m["associationCategory"] = a.typ.id, a.typ.category
		}
		return m
	case e.Merge != nil:
		m["primaryObjectId"], m["mergedObjectIds"], m["newObjectId"], m["numberOfPropertiesMoved"] = e.Merge.Primary, e.Merge.Merged, e.Merge.New, e.Merge.Moved
	case e.Type == "propertyChange":
		m["propertyName"], m["propertyValue"] = e.PropertyName, webhookValue(e)
		if generic {
			m["isSensitive"] = false
		}
	}
	m["objectId"] = e.ObjectID
	return m
}

// webhookValue is a property value as webhooks carry it: moments in ms.
func webhookValue(e event) string {
	p := e.kind.properties[e.PropertyName]
	if p == nil || p.Type != "datetime" || e.PropertyValue == "" {
		return e.PropertyValue
	}
	t, ok := parseTime(e.PropertyValue)
	if !ok {
		return e.PropertyValue
	}
	return strconv.FormatInt(t.UnixMilli(), 10)
}

func upperName(from, to *kind) string { return from.label() + "_TO_" + to.label() }
