package engine

import (
	"context"
	"fmt"
	"slices"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/record"
)

// HubSpot's own Salesforce connector writes into the same records. Two that write one record undo each other's work, each
// taking the other's for a person's: a mapping between the two CRMs does not go live on objects that it still writes.
//
// It leaves its mark on every record it syncs, of contacts, companies and deals alike: the property salesforcelastsynctime,
// a time, besides the id of the record at Salesforce (source SALESFORCE in their history, as public exports of portals show). It
// polls every 15 minutes (salesforce.md 18), so that one which is on and has anything to do leaves marks every day. A mark that
// is filled and old is what it left when it was switched off.

// nativeStamp is the property that HubSpot's connector stamps each record with when it syncs it.
const nativeStamp = "salesforcelastsynctime"

// nativeIDs are the properties in which it keeps the record's counterpart, by object.
var nativeIDs = map[string][]string{
	"contacts":  {"salesforcecontactid", "salesforceleadid"},
	"companies": {"salesforceaccountid"},
	"deals":     {"hs_salesforceopportunityid", "salesforceopportunityid"},
}

// nativeWithin is how recent a mark must be to show that the connector still writes.
const nativeWithin = 24 * time.Hour

// nativeRead bounds how many of the records changed in that time are looked at: of so many that people and others changed, one
// that polls every quarter of an hour would have synced some.
const nativeRead = 5000

// nativeMarks is what was found of it in an object.
type nativeMarks struct {
	Native
	at   place
	last time.Time // youngest stamp
	left bool      // there are marks, none recent
}

// native says whether HubSpot's connector still writes the mapping's objects.
func (p *preflight) native(ctx context.Context, a *Active) error {
	if err := p.missing(ctx, a); err != nil {
		return err
	}
	for _, at := range []place{{a.ConnA, a.A.Object}, {a.ConnB, a.B.Object}} {
		if nativeIDs[at.object] == nil || !p.isCRM(a.ConnA) || !p.isCRM(a.ConnB) {
			continue
		}
		o, err := p.describe(ctx, at)
		if err != nil {
			continue // said already
		}
		marks, err := p.nativeMarks(ctx, at, o)
		switch {
		case err != nil:
			p.add("warn", at.String(), "could not look for HubSpot's own Salesforce connector: "+err.Error(), "the engineer", "")
		case marks.Count > 0:
			p.addN("stop", at.String(), marks.Count, marks.String(), "the administrator of "+at.connection, switchOff+", then: crosswalk live "+a.Name+" --native-off, or wait a day")
		case marks.left:
			p.add("ok", at.String(), "HubSpot's own Salesforce connector has left marks here and made none in the last 24 hours", "", "")
		}
	}
	return nil
}

const switchOff = "pause HubSpot's own connector first: HubSpot, Settings > Integrations > Connected apps > Salesforce; step by step, way back included: crosswalk help switching"

func (m nativeMarks) String() string {
	return fmt.Sprintf("HubSpot's own Salesforce connector still writes %s: %d or more of the records changed in the last 24 hours bear its mark (%s), the youngest of %s, such as %s", m.at.object, m.Count, nativeStamp, m.last.UTC().Format(time.RFC3339), refList(m.Examples))
}

// nativeMarks looks at the records of an object that changed within the last day, until some bear a mark of that time: all that
// the connector wrote are among them.
func (e *Engine) nativeMarks(ctx context.Context, at place, o connector.Object) (nativeMarks, error) {
	out := nativeMarks{at: at}
	if _, ok := fieldOf(o, nativeStamp); !ok {
		return out, nil // it was never installed
	}
	fields := []string{nativeStamp}
	for _, id := range nativeIDs[at.object] {
		if _, ok := fieldOf(o, id); ok {
			fields = append(fields, id)
		}
	}
	since := time.Now().Add(-nativeWithin)
	ask := connector.FeedRequest{Object: at.object, From: since, Fields: fields}
	seen := map[string]bool{}
	for {
		page, err := e.Connections[at.connection].Changes(ctx, ask)
		if err != nil {
			return out, err
		}
		for n := range page.Records {
			if r := &page.Records[n]; !seen[r.Ref.ID] {
				seen[r.Ref.ID] = true
				out.take(r, since, fields)
			}
		}
		if !page.More || out.Count > 0 || len(seen) >= nativeRead {
			return out, nil
		}
		ask.Cursor = page.Cursor
	}
}

// take notes one record's marks.
func (m *nativeMarks) take(r *record.Record, since time.Time, fields []string) {
	stamp, err := time.Parse(time.RFC3339, r.Field(nativeStamp).Text())
	switch {
	case err == nil && stamp.After(since):
		m.Count++
		if stamp.After(m.last) {
			m.last = stamp
		}
		if len(m.Examples) < maxLinks {
			m.Examples = append(m.Examples, r.Ref)
		}
	case slices.ContainsFunc(fields, func(name string) bool { return !r.Field(name).Blank() && r.Field(name).Known() }):
		m.left = true
	}
}

// refuseNative refuses going live on objects that HubSpot's own connector still writes.
func (e *Engine) refuseNative(ctx context.Context, a *Active) error {
	p := preflight{Engine: e}
	if !p.isCRM(a.ConnA) || !p.isCRM(a.ConnB) {
		return nil
	}
	for _, at := range []place{{a.ConnA, a.A.Object}, {a.ConnB, a.B.Object}} {
		if nativeIDs[at.object] == nil {
			continue
		}
		o, err := e.Connections[at.connection].Describe(ctx, at.object)
		if err != nil {
			return &fromConnection{at.connection, err}
		}
		marks, err := e.nativeMarks(ctx, at, o)
		if err != nil {
			return &fromConnection{at.connection, err}
		}
		if marks.Count > 0 {
			return &RefusedError{marks.String() + "; two integrations on one record undo each other's work", switchOff + "; then say so: crosswalk live " + a.Name + " --native-off"}
		}
	}
	return nil
}
