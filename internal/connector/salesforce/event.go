package salesforce

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"crosswalk/internal/connector"
)

// envelope is what EventBridge delivers (fact sheet 17.4). Unknown parts are ignored.
type envelope struct {
	Source string `json:"source"` // aws.partner/salesforce.com/<org>/<channel>
	Detail *struct {
		Payload *payload      `json:"payload"`
		Header  *changeHeader `json:"ChangeEventHeader"` // AppFlow's form has it here
	} `json:"detail"`
	Payload *payload      `json:"payload"`
	Header  *changeHeader `json:"ChangeEventHeader"`
}

type payload struct {
	Header *changeHeader `json:"ChangeEventHeader"`
}

// changeHeader says what changed (fact sheet 17.2). commitNumber is beyond 2^53 and not used.
type changeHeader struct {
	Entity string   `json:"entityName"`
	IDs    []string `json:"recordIds"`
	ID     string   `json:"recordId"` // as some recordings have it
	Type   string   `json:"changeType"`
	Origin string   `json:"changeOrigin"`
	User   string   `json:"commitUser"`

	Committed json.RawMessage `json:"commitTimestamp"` // milliseconds; text in some forms
}

// committed is when the change was; zero where the event does not say.
func (h *changeHeader) committed() time.Time {
	text := strings.Trim(string(h.Committed), `"`)
	if ms, err := strconv.ParseInt(text, 10, 64); err == nil && ms > 0 {
		return time.UnixMilli(ms).UTC()
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}
	}
	return at.UTC()
}

// partnerSource begins the source of events that Event Relay delivers.
const partnerSource = "aws.partner/salesforce.com/"

// ReceiveEvent turns one change event, as EventBridge or the bare channel delivers it, into signals. Objects in overflow
// must be compared as a whole: too much changed at once for Salesforce to say which records. A gap says which, but not
// what, which is all a signal needs. Events of another org are refused; *connector.RefusedError as for Receive.
//
// An event is caused by our own calls where its origin bears our name and its user is ours (fact sheet 17.3): a hint,
// since triggers fired by our write share its origin.
func (c *Connector) ReceiveEvent(ctx context.Context, event []byte) (signals []connector.Signal, overflow []connector.Overflow, err error) {
	if len(event) > maxBody {
		return nil, nil, refuse("too_large", "the event is over one megabyte")
	}
	var e envelope
	if json.Unmarshal(event, &e) != nil {
		return nil, nil, refuse("malformed", "the event is not a JSON object")
	}
	header := e.header()
	if header != nil && len(header.IDs) == 0 && header.ID != "" {
		header.IDs = []string{header.ID}
	}
	if header == nil || header.Entity == "" || len(header.IDs) == 0 {
		return nil, nil, refuse("malformed", "the event has no ChangeEventHeader")
	}
	_, org := c.trusted(ctx)
	if e.Source != "" && !relayed(e.Source, org) {
		return nil, nil, refuse("account", "the event is not of the org this connection is bound to")
	}
	if !slices.Contains(c.Objects(), header.Entity) {
		return nil, nil, nil
	}
	own := header.User != "" && c.ours(header.User) && strings.HasSuffix(strings.TrimSuffix(header.Origin, "/"), ";client="+ClientName)
	for _, text := range header.IDs {
		id, ok := ID(text)
		if !ok || header.Type == "GAP_OVERFLOW" || strings.HasPrefix(id, "000") { // 001*, or the id of nobody
			overflow = []connector.Overflow{{Object: header.Entity, At: header.committed()}}
			continue
		}
		signals = append(signals, connector.Signal{Ref: c.ref(header.Entity, id), Kind: changeKind(header.Type), Account: org, Own: own,
			Bulk: strings.Contains(header.Origin, "/bulkapi/") || len(header.IDs) > maxNotifications})
	}
	return signals, overflow, nil
}

// relayed tells whether an event's source is of an org. An AppFlow source names none; its bus is the customer's own.
func relayed(source, org string) bool {
	rest, ok := strings.CutPrefix(source, partnerSource)
	if !ok {
		return strings.HasPrefix(source, "aws.partner/appflow")
	}
	from, _, _ := strings.Cut(rest, "/")
	return sameOrg(from, org)
}

func (e envelope) header() *changeHeader {
	switch {
	case e.Header != nil:
		return e.Header
	case e.Payload != nil:
		return e.Payload.Header
	case e.Detail == nil:
		return nil
	case e.Detail.Header != nil:
		return e.Detail.Header
	case e.Detail.Payload != nil:
		return e.Detail.Payload.Header
	}
	return nil
}

// changeKind reads the verb; a gap, an undelete and what Salesforce invents later mean: look there.
func changeKind(typ string) connector.SignalKind {
	switch typ {
	case "CREATE", "GAP_CREATE":
		return connector.Created
	case "DELETE", "GAP_DELETE":
		return connector.Deleted
	}
	return connector.Changed
}
