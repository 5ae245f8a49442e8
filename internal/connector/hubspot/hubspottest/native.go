package hubspottest

import (
	"fmt"
	"maps"
	"strconv"
	"time"
)

// nativeFields are the properties that HubSpot's own Salesforce connector adds to an object: the id it links by
// first. It alone writes them.
var nativeFields = map[string]string{
	"contacts":  "salesforcecontactid string r\nsalesforceleadid string r\nsalesforceaccountid string r\nsalesforcecampaignids string r\nsalesforcedeleted bool r\nsalesforcelastsynctime datetime r\n",
	"companies": "salesforceaccountid string r\nsalesforcedeleted bool r\nsalesforcelastsynctime datetime r\n",
	"deals":     "hs_salesforceopportunityid string r\nsalesforcedeleted bool r\nsalesforcelastsynctime datetime r\n",
}

// native is HubSpot's own Salesforce connector in this portal.
type native struct {
	installed, running bool
	lag                time.Duration
	next               int
}

func nativeActor() actor {
	return actor{source: "SALESFORCE", sourceID: "Salesforce Connector", label: "Salesforce", own: true}
}

// InstallNative installs HubSpot's own Salesforce connector: its properties appear on contacts, companies and
// deals, and stay when it is switched off. It does not run yet.
func (s *Sim) InstallNative() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.native.installed {
		return
	}
	s.native.installed = true
	for object, table := range nativeFields {
		k := s.kind(object)
		for _, p := range parseTable(k, table) {
			p.GroupName = "salesforceinformation"
			k.define(p)
		}
	}
}

// RunNative switches HubSpot's own Salesforce connector on or off. While it runs it writes, lag after each write of
// somebody else to a contact, company or deal, when it last synced; a record that has no Salesforce id gets one.
func (s *Sim) RunNative(on bool, lag time.Duration) {
	if on {
		s.InstallNative()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.native.running, s.native.lag = on, lag
}

// NativeWrite writes as HubSpot's own Salesforce connector does, its own properties included.
func (s *Sim) NativeWrite(objectType, id string, set map[string]string) error {
	a := Actor{s, nativeActor()}
	defer a.lock()()
	r, err := a.find(objectType, id)
	if err != nil {
		return err
	}
	return result(s.nativeWrite(r, set))
}

// nativeWrite writes properties that are read-only for all others, the rest by the portal's rules.
func (s *Sim) nativeWrite(r *record, set map[string]string) *apiError {
	open := map[string]string{}
	own := map[string]string{}
	for name, v := range set {
		p := r.kind.usable(name)
		if p != nil && p.GroupName == "salesforceinformation" {
			own[name] = v
			continue
		}
		open[name] = v
	}
	d, e := s.prepare(r.kind, r, open, nativeActor(), false, nil)
	if e != nil {
		return e
	}
	maps.Copy(d.set, own)
	s.commit(d)
	return nil
}

// nativeSync is one sync of the native connector after a change.
func (s *Sim) nativeSync(r *record, changed map[string]string) {
	key := map[string]string{"contacts": "salesforcecontactid", "companies": "salesforceaccountid", "deals": "hs_salesforceopportunityid"}[r.kind.name]
	if !s.native.running || key == "" || len(changed) == 0 {
		return
	}
	s.after(s.native.lag, func() {
		if r.archived || !r.visible() || !s.native.running {
			return
		}
		set := map[string]string{"salesforcelastsynctime": strconv.FormatInt(s.moment().UnixMilli(), 10)}
		if t, ok := parseTime(set["salesforcelastsynctime"]); ok {
			set["salesforcelastsynctime"] = timeValue(t)
		}
		if r.props[key] == "" && r.props["salesforceleadid"] == "" {
			s.native.next++
			set[key] = fmt.Sprintf("%s5g00000%05dAAA", map[string]string{"contacts": "003", "companies": "001", "deals": "006"}[r.kind.name], s.native.next)
		}
		s.nativeWrite(r, set) // its own properties only: nothing of it can be refused
	})
}
