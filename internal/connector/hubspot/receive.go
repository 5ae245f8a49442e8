package hubspot

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"crosswalk/internal/connector"
)

// Limits of a delivery (fact sheet 3): HubSpot sends at most 100 events; a megabyte is far more than they take.
const (
	maxEvents = 100
	maxBody   = 1 << 20
)

// event is one of a delivery. Everything is optional and of open value sets.
type event struct {
	Portal     scalar `json:"portalId"`
	Type       string `json:"subscriptionType"`
	OtherType  string `json:"eventType"` // what some documents call it
	Object     scalar `json:"objectId"`
	ObjectType string `json:"objectTypeId"`
	Source     string `json:"changeSource"`
	SourceID   scalar `json:"sourceId"`

	Primary scalar   `json:"primaryObjectId"`
	Merged  []scalar `json:"mergedObjectIds"`
	New     scalar   `json:"newObjectId"`

	Association string `json:"associationType"`
	From        scalar `json:"fromObjectId"`
	To          scalar `json:"toObjectId"`
	FromType    string `json:"fromObjectTypeId"`
	ToType      string `json:"toObjectTypeId"`
}

func errUnsigned() error { return refuse("signature", "no v3 signature by a secret of this app") }

// Receive lets in what HubSpot signed within the last five minutes for this connection's account, and says where to
// look. An event of another account of the same app is not ours and left out; a delivery of none but others is
// refused.
func (c *Connector) Receive(r *http.Request, url string, body []byte, now time.Time) ([]connector.Signal, error) {
	if len(body) > maxBody {
		return nil, refuse("too_large", "the body is over one megabyte")
	}
	if !bearsSignature(r) {
		return nil, errUnsigned() // what the internet sends costs no look at any secret
	}
	secrets, portal := c.Secrets, c.Portal
	if c.Trust != nil {
		secrets, portal = c.Trust(r.Context())
	}
	ok, stale := signed(secrets, r, url, body, now)
	switch {
	case !ok:
		return nil, errUnsigned()
	case stale:
		return nil, refuse("stale", "the timestamp is not within five minutes of now")
	}
	events, err := parseEvents(body)
	if err != nil {
		return nil, err
	}
	return c.signals(events, portal)
}

// parseEvents reads a delivery. An event of a shape nobody documented is left out, so that it does not take its
// ninety-nine neighbours with it; when none can be read the delivery is malformed.
func parseEvents(body []byte) ([]event, error) {
	var list []json.RawMessage
	if json.Unmarshal(body, &list) != nil || list == nil {
		return nil, refuse("malformed", "the body is not a list of events")
	}
	if len(list) > maxEvents {
		return nil, refuse("malformed", "more than 100 events")
	}
	var out []event
	for _, raw := range list {
		var e event
		if json.Unmarshal(raw, &e) == nil && raw[0] == '{' {
			out = append(out, e)
		}
	}
	if len(list) > 0 && len(out) == 0 {
		return nil, refuse("malformed", "no event can be read")
	}
	return out, nil
}

func refuse(reason, detail string) error {
	return &connector.RefusedError{Reason: reason, Detail: detail}
}

func (c *Connector) signals(events []event, portal string) ([]connector.Signal, error) {
	var out []connector.Signal
	ours := 0
	for _, e := range events {
		if portal == "" || e.Portal.text != portal {
			continue
		}
		ours++
		for _, s := range c.of(e) {
			s.Account = e.Portal.text
			s.Bulk = e.Source == "IMPORT"
			s.Own = e.Source == "INTEGRATION" && c.AppID != "" && e.SourceID.text == c.AppID
			if !slices.Contains(out, s) { // one event per subscribed property: the same place to look
				out = append(out, s)
			}
		}
	}
	if ours == 0 && len(events) > 0 {
		return nil, refuse("account", "no event is for the account this connection is bound to")
	}
	return out, nil
}

// of gives the signals of one event; none for what we do not follow.
func (c *Connector) of(e event) []connector.Signal {
	typ := e.Type
	if typ == "" {
		typ = e.OtherType
	}
	prefix, what, _ := strings.Cut(typ, ".")
	if what == "associationChange" {
		return c.bothEnds(e)
	}
	k, ok := kindBy(func(k kind) bool { return k.singular == prefix })
	if prefix == "object" {
		k, ok = c.typed(e.ObjectType)
	}
	if !ok {
		return nil
	}
	if what == "merge" {
		return c.merged(k, e)
	}
	return c.signal(k, e.Object, signalKind(what))
}

// signalKind reads the verb; one that HubSpot invents later means: look there.
func signalKind(what string) connector.SignalKind {
	switch what {
	case "creation":
		return connector.Created
	case "deletion":
		return connector.Deleted
	case "privacyDeletion": // follows a deletion (fact sheet 4)
		return connector.Erased
	}
	return connector.Changed
}

func (c *Connector) signal(k kind, id scalar, what connector.SignalKind) []connector.Signal {
	if !validID(id.text) {
		return nil
	}
	return []connector.Signal{{Ref: c.ref(k, id.text), Kind: what}}
}

// merged points every old id at the new one, and at the new record itself (fact sheet 4: a merge makes a new id).
func (c *Connector) merged(k kind, e event) []connector.Signal {
	to := e.New
	if !validID(to.text) {
		to = e.Primary
	}
	if !validID(to.text) {
		to = e.Object
	}
	out := c.signal(k, to, connector.Changed)
	if out == nil {
		return nil
	}
	for _, old := range append([]scalar{e.Primary}, e.Merged...) {
		if !validID(old.text) || old.text == to.text {
			continue
		}
		out = append(out, connector.Signal{Ref: c.ref(k, old.text), Kind: connector.Merged, To: c.ref(k, to.text)})
	}
	return out
}

// bothEnds gives both records of an association that came or went.
func (c *Connector) bothEnds(e event) []connector.Signal {
	var out []connector.Signal
	left, right, _ := strings.Cut(strings.ToLower(e.Association), "_to_")
	for _, end := range []struct {
		name, typeID string
		id           scalar
	}{{left, e.FromType, e.From}, {right, e.ToType, e.To}} {
		k, ok := c.typed(end.typeID)
		if !ok {
			k, ok = kindBy(func(k kind) bool { return k.singular == end.name })
		}
		if ok {
			out = append(out, c.signal(k, end.id, connector.Changed)...)
		}
	}
	return out
}
