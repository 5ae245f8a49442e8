package salesforcetest

import (
	"strings"
)

// The envelope of the recorded samples (contracts aspnet-webhooks).
const (
	soapHead = `<?xml version="1.0" encoding="UTF-8"?>
<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <soapenv:Body>
    <notifications xmlns="http://soap.sforce.com/2005/09/outbound">
`
	soapFoot = `    </notifications>
  </soapenv:Body>
</soapenv:Envelope>
`
)

// emptyMessage has no notifications and nothing else: one was recorded.
func emptyMessage() []byte { return []byte(soapHead + soapFoot) }

// soap writes a message with the values that the records have now.
func (s *Sim) soap(a *action, list []*notification) []byte {
	var b strings.Builder
	element := func(indent, name, text string) {
		b.WriteString(indent + "<" + name + ">" + xmlText(text) + "</" + name + ">\n")
	}
	b.WriteString(soapHead)
	element("      ", "OrganizationId", s.orgID)
	element("      ", "ActionId", a.id)
	if a.Session == "" {
		b.WriteString("      <SessionId xsi:nil=\"true\"/>\n")
	} else {
		element("      ", "SessionId", a.Session)
	}
	element("      ", "EnterpriseUrl", s.cfg.PublicURL+"/services/Soap/c/"+s.cfg.APIVersion+"/"+s.orgID[:15])
	element("      ", "PartnerUrl", s.cfg.PublicURL+"/services/Soap/u/"+s.cfg.APIVersion+"/"+s.orgID[:15])
	for _, n := range list {
		b.WriteString("      <Notification>\n")
		element("        ", "Id", n.id)
		b.WriteString("        <sObject xsi:type=\"sf:" + a.object.Name + "\" xmlns:sf=\"urn:sobject.enterprise.soap.sforce.com\">\n")
		element("          ", "sf:Id", n.record)
		s.soapFields(a, n, element)
		b.WriteString("        </sObject>\n      </Notification>\n")
	}
	b.WriteString(soapFoot)
	return []byte(b.String())
}

// soapFields writes the chosen fields; null ones are left out, and of a record
// that is gone there is nothing but its id (inferred).
func (s *Sim) soapFields(a *action, n *notification, element func(indent, name, text string)) {
	r := s.records[n.record[:15]]
	if r == nil || r.deleted {
		return
	}
	for _, f := range a.fields {
		v := r.get(f)
		if v == nil {
			continue
		}
		text := asText(v)
		if f.Type == "datetime" {
			text = zulu(text)
		}
		element("          ", "sf:"+f.Name, text)
	}
}
