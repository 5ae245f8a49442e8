package salesforce_test

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/connector/salesforce"
)

const hookSecret = "0123456789abcdef0123456789abcdef"

func withSecret(c *salesforce.Config) { c.HookSecrets = []string{"fedcba9876543210fedcba", hookSecret} }

// message is the recorded outbound message with ids of our org and objects that exist; the recording's are scrubbed.
func message(t *testing.T) string {
	raw := string(shared(t, "contracts/salesforce/aspnet-webhooks/outbound-message/OutboundMessage1.xml"))
	return strings.NewReplacer(
		"<OrganizationId>0123456789ABCDENNN<", "<OrganizationId>00D5f000005KcCnEAK<",
		`xsi:type="sf:Lead1"`, `xsi:type="sf:Lead"`, `xsi:type="sf:Lead2"`, `xsi:type="sf:Lead"`,
		"<sf:Id>0123456789ABCDEEAE<", "<sf:Id>00Q5f00002J9YYE<", "<sf:Id>1123456789ABCDEEAE<", "<sf:Id>00Q5f00002J9YYFEA3<",
		"<sf:LastModifiedById>1123456789ABCDEAAW<", "<sf:LastModifiedById>0055f000005mc66<",
	).Replace(raw)
}

func TestOutboundMessages(t *testing.T) {
	recorded := message(t)
	bomb := strings.Replace(recorded, "<soapenv:Envelope", `<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><soapenv:Envelope`, 1)
	deep := strings.Replace(recorded, "<OrganizationId>", strings.Repeat("<a>", 40)+strings.Repeat("</a>", 40)+"<OrganizationId>", 1)
	note := recorded[strings.Index(recorded, "<Notification>") : strings.Index(recorded, "</Notification>")+len("</Notification>")]
	for _, c := range []struct {
		name, url, body string
		reason          string
		signals         int
	}{
		{"recorded", "https://hooks.example/webhooks/crm/" + hookSecret, recorded, "", 2}, // the third's type is scrubbed
		{"recorded, empty", "https://hooks.example/webhooks/crm/" + hookSecret, string(shared(t, "contracts/salesforce/aspnet-webhooks/outbound-message/OutboundMessage2.xml")), "", 0},
		{"older secret", "https://hooks.example/webhooks/crm/fedcba9876543210fedcba", recorded, "", 2},
		{"session id nil, as since 2026", "https://hooks.example/webhooks/crm/" + hookSecret, strings.Replace(recorded, "<SessionId>", `<SessionId xsi:nil="true"></SessionId><X>`, 1)[:0] + strings.Replace(strings.Replace(recorded, "<SessionId>", "<SessionId><!--", 1), "</SessionId>", "--></SessionId>", 1), "", 2},
		{"no secret", "https://hooks.example/webhooks/crm", recorded, "signature", 0},
		{"wrong secret", "https://hooks.example/webhooks/crm/" + hookSecret[1:] + "0", recorded, "signature", 0},
		{"secret elsewhere", "https://hooks.example/webhooks/" + hookSecret + "/crm", recorded, "signature", 0},
		{"other org", "https://hooks.example/webhooks/crm/" + hookSecret, strings.Replace(recorded, "00D5f000005KcCnEAK", "00D5f000005KcCmEAK", 1), "account", 0},
		{"org of 15 characters", "https://hooks.example/webhooks/crm/" + hookSecret, strings.Replace(recorded, "00D5f000005KcCnEAK", "00D5f000005KcCn", 1), "", 2},
		{"a document type", "https://hooks.example/webhooks/crm/" + hookSecret, bomb, "malformed", 0},
		{"an entity", "https://hooks.example/webhooks/crm/" + hookSecret, strings.Replace(recorded, "Redmond", "&a;", 1), "malformed", 0},
		{"too deep", "https://hooks.example/webhooks/crm/" + hookSecret, deep, "malformed", 0},
		{"too large", "https://hooks.example/webhooks/crm/" + hookSecret, recorded + strings.Repeat(" ", 1<<20), "too_large", 0},
		{"101 notifications", "https://hooks.example/webhooks/crm/" + hookSecret, strings.Replace(recorded, note, strings.Repeat(note, 101), 1), "malformed", 0},
		{"cut short", "https://hooks.example/webhooks/crm/" + hookSecret, recorded[:len(recorded)/2], "malformed", 0},
		{"json", "https://hooks.example/webhooks/crm/" + hookSecret, `{"a":1}`, "malformed", 0},
		{"another namespace", "https://hooks.example/webhooks/crm/" + hookSecret, strings.Replace(recorded, "2005/09/outbound", "2005/09/inbound", 1), "malformed", 0},
		{"utf-16", "https://hooks.example/webhooks/crm/" + hookSecret, strings.Replace(recorded, `encoding="UTF-8"`, `encoding="UTF-16"`, 1), "malformed", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := newOrg(t)
			r, _ := http.NewRequest(http.MethodPost, c.url, strings.NewReader(c.body))
			start := time.Now()
			got, err := o.connect(withSecret).Receive(r, c.url, []byte(c.body), time.Now())
			if took := time.Since(start); took > 50*time.Millisecond {
				t.Errorf("it took %s", took)
			}
			var refused *connector.RefusedError
			if errors.As(err, &refused) && refused.Reason != c.reason || err == nil && c.reason != "" || err != nil && refused == nil || len(got) != c.signals {
				t.Fatalf("%d signals, %v; want %d, %q", len(got), err, c.signals, c.reason)
			}
			for i, s := range got {
				if s.Kind != connector.Changed || s.Ref.Object != "Lead" || !s.Own || s.Account != "00D5f000005KcCnEAK" {
					t.Errorf("signal %d: %+v", i, s)
				}
			}
			if len(o.asked) > 0 {
				t.Error("a message caused a call")
			}
		})
	}
}

func TestWithoutASecretNothingComesIn(t *testing.T) {
	o := newOrg(t)
	for _, secrets := range [][]string{nil, {""}, {"short"}} {
		c := o.connect(func(c *salesforce.Config) { c.HookSecrets = secrets })
		for _, url := range []string{"https://hooks.example/webhooks/crm/", "https://hooks.example/webhooks/crm/short", "https://hooks.example/"} {
			if _, err := c.Receive(nil, url, []byte(message(t)), time.Now()); err == nil {
				t.Errorf("secrets %q let %s in", secrets, url)
			}
		}
	}
}

// With a client certificate asked for, a secret address alone lets nothing in.
func TestClientCertificate(t *testing.T) {
	url := "https://hooks.example/webhooks/crm/" + hookSecret
	ours, other := &x509.Certificate{Raw: []byte("ours")}, &x509.Certificate{Raw: []byte("other")}
	sum := sha256.Sum256(ours.Raw)
	digits := strings.ToUpper(hex.EncodeToString(sum[:]))
	colons := strings.TrimSuffix(regexp.MustCompile("..").ReplaceAllString(digits, "$0:"), ":")
	for _, c := range []struct {
		name  string
		wants []string
		given *tls.ConnectionState
		taken bool
	}{
		{"none wanted, none given", nil, nil, true},
		{"none wanted, one given", nil, &tls.ConnectionState{PeerCertificates: []*x509.Certificate{other}}, true},
		{"ours", []string{digits}, &tls.ConnectionState{PeerCertificates: []*x509.Certificate{ours}}, true},
		{"ours, written with colons, beside an older one", []string{strings.Repeat("00", 32), colons}, &tls.ConnectionState{PeerCertificates: []*x509.Certificate{ours}}, true},
		{"another", []string{digits}, &tls.ConnectionState{PeerCertificates: []*x509.Certificate{other}}, false},
		{"ours only as issuer", []string{digits}, &tls.ConnectionState{PeerCertificates: []*x509.Certificate{other, ours}}, false},
		{"TLS without one", []string{digits}, &tls.ConnectionState{}, false},
		{"no TLS", []string{digits}, nil, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, _ := http.NewRequest(http.MethodPost, url, nil)
			r.TLS = c.given
			connected := newOrg(t).connect(withSecret, func(config *salesforce.Config) { config.Certificates = c.wants })
			_, err := connected.Receive(r, url, []byte(message(t)), time.Now())
			var refused *connector.RefusedError
			if (err == nil) != c.taken || err != nil && (!errors.As(err, &refused) || refused.Reason != "signature") {
				t.Errorf("%v, want taken %v", err, c.taken)
			}
		})
	}
	for text, want := range map[string]bool{digits: true, colons: true, digits[2:]: false, "": false, strings.Repeat("xy", 32): false} {
		if salesforce.IsFingerprint(text) != want {
			t.Errorf("IsFingerprint(%q) is not %v", text, want)
		}
	}
}

func TestAckIsWhatTheRecordingAnswers(t *testing.T) {
	kind, body := newOrg(t).connect().Ack()
	want := shared(t, "contracts/salesforce/aspnet-webhooks/outbound-message/NotificationResponse.xml")
	for _, part := range []string{"http://schemas.xmlsoap.org/soap/envelope/", "http://soap.sforce.com/2005/09/outbound", "<Ack>true</Ack>", "notificationsResponse"} {
		if !bytes.Contains(body, []byte(part)) || !bytes.Contains(want, []byte(part)) {
			t.Errorf("%s is not in both", part)
		}
	}
	if !strings.HasPrefix(kind, "text/xml") {
		t.Errorf("content type %q", kind)
	}
}

func TestChangeEvents(t *testing.T) {
	contract := func(name string) string { return string(shared(t, "contracts/salesforce/"+name)) }
	event := func(header string) string {
		return `{"source":"aws.partner/salesforce.com/00D5f000005KcCnEAK/0YL5f000000CabWGAS","detail":{"schemaId":"x","payload":{"ChangeEventHeader":{` + header + `}}}}`
	}
	for _, c := range []struct {
		name, event string
		signals     string // object/id kind own bulk
		overflow    string
		reason      string
	}{
		{"recorded envelope", contract("amp-labs-connectors/subscription/eventbridge-envelope-account-create.json"),
			"Account/0015f00002J9YYEAA3 created false false; Account/0015f00002J9YYFAA3 created false false", "", ""},
		{"recorded update", contract("amp-labs-connectors/subscription/update_contact.json"), "Contact/* changed", "", ""},
		{"recorded compound address", contract("amp-labs-connectors/subscription/update_lead_compound_address.json"), "Lead/* changed", "", ""},
		{"recorded user", contract("amp-labs-connectors/subscription/update_user.json"), "User/* changed", "", ""},
		{"AppFlow's form", contract("aws-eventbridge-user-guide/appflow-account-change-event.json"), "Account/* changed", "", ""},
		{"ours", event(`"entityName":"Account","recordIds":["0015f00002J9YYEAA3"],"changeType":"UPDATE","changeOrigin":"com/salesforce/api/rest/67.0;client=crosswalk","commitUser":"0055f000005mc66AAA","commitNumber":1745500706683617281`),
			"Account/0015f00002J9YYEAA3 changed true false", "", ""},
		{"our name, another user", event(`"entityName":"Account","recordIds":["0015f00002J9YYEAA3"],"changeType":"UPDATE","changeOrigin":"com/salesforce/api/rest/67.0;client=crosswalk","commitUser":"0055f000005mc67AAA"`),
			"Account/0015f00002J9YYEAA3 changed false false", "", ""},
		{"bulk", event(`"entityName":"Account","recordIds":["0015f00002J9YYEAA3"],"changeType":"CREATE","changeOrigin":"com/salesforce/api/bulkapi/67.0"`), "Account/0015f00002J9YYEAA3 created false true", "", ""},
		{"deleted", event(`"entityName":"Account","recordIds":["0015f00002J9YYEAA3"],"changeType":"DELETE"`), "Account/0015f00002J9YYEAA3 deleted false false", "", ""},
		{"undeleted", event(`"entityName":"Account","recordIds":["0015f00002J9YYEAA3"],"changeType":"UNDELETE"`), "Account/0015f00002J9YYEAA3 changed false false", "", ""},
		{"gap", event(`"entityName":"Account","recordIds":["0015f00002J9YYEAA3","0015f00002J9YYFAA3"],"changeType":"GAP_UPDATE"`),
			"Account/0015f00002J9YYEAA3 changed false false; Account/0015f00002J9YYFAA3 changed false false", "", ""},
		{"overflow", event(`"entityName":"Opportunity","recordIds":["000000000000000AAA"],"changeType":"GAP_OVERFLOW","commitTimestamp":1788264001000`), "", "Opportunity 12:00:01", ""},
		{"overflow, its time as text", event(`"entityName":"Opportunity","recordIds":["000000000000000AAA"],"changeType":"GAP_OVERFLOW","commitTimestamp":"2026-09-01T12:00:01Z"`), "", "Opportunity 12:00:01", ""},
		{"overflow without a time", event(`"entityName":"Opportunity","recordIds":["000000000000000AAA"],"changeType":"GAP_OVERFLOW"`), "", "Opportunity 00:00:00", ""},
		{"wildcard", event(`"entityName":"Account","recordIds":["001*"],"changeType":"GAP_UPDATE"`), "", "Account 00:00:00", ""},
		{"nobody's object", event(`"entityName":"Vote","recordIds":["0015f00002J9YYEAA3"],"changeType":"UPDATE"`), "", "", ""},
		{"other org", strings.Replace(event(`"entityName":"Account","recordIds":["0015f00002J9YYEAA3"],"changeType":"UPDATE"`), "00D5f000005KcCnEAK", "00D5f000005KcCmEAK", 1), "", "", "account"},
		{"other source", `{"source":"aws.s3","detail":{"payload":{"ChangeEventHeader":{"entityName":"Account","recordIds":["0015f00002J9YYEAA3"],"changeType":"UPDATE"}}}}`, "", "", "account"},
		{"no header", `{"source":"aws.partner/salesforce.com/00D5f000005KcCnEAK/x","detail":{"payload":{}}}`, "", "", "malformed"},
		{"no JSON", `<x/>`, "", "", "malformed"},
		{"too large", `{"a":"` + strings.Repeat("x", 1<<20) + `"}`, "", "", "too_large"},
	} {
		t.Run(c.name, func(t *testing.T) {
			signals, overflow, err := newOrg(t).connect().ReceiveEvent(t.Context(), []byte(c.event))
			var refused *connector.RefusedError
			if errors.As(err, &refused); (refused != nil) != (c.reason != "") || refused != nil && refused.Reason != c.reason {
				t.Fatalf("got %v, want %q", err, c.reason)
			}
			compare := ""
			for _, o := range overflow {
				compare += o.Object + " " + o.At.Format(time.TimeOnly)
			}
			if compare != c.overflow {
				t.Errorf("overflow %q, want %q", compare, c.overflow)
			}
			var list []string
			for _, s := range signals {
				list = append(list, s.Ref.Object+"/"+s.Ref.ID+" "+string(s.Kind)+" "+map[bool]string{true: "true", false: "false"}[s.Own]+" "+map[bool]string{true: "true", false: "false"}[s.Bulk])
			}
			got := strings.Join(list, "; ")
			if object, kind, star := strings.Cut(c.signals, "/* "); star {
				if len(signals) == 0 || signals[0].Ref.Object != object || string(signals[0].Kind) != kind {
					t.Errorf("got %q, want %s", got, c.signals)
				}
			} else if got != c.signals {
				t.Errorf("got  %q\nwant %q", got, c.signals)
			}
		})
	}
}
