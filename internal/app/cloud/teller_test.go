package cloud

import (
	"strings"
	"testing"
	"time"

	"crosswalk/internal/awstest"
	"crosswalk/internal/engine"
)

const (
	opsTopic  = "arn:aws:sns:us-east-1:000000000000:acme-operations"
	dealTopic = "arn:aws:sns:us-east-1:000000000000:acme-deals-to-invoices"
)

func TestTeller(t *testing.T) {
	topics, url := awstest.SNS(t)
	teller := NewTeller(awstest.Config(url), opsTopic, map[string]string{"deals-to-invoices": dealTopic})
	held := engine.Topic{Event: engine.EventHeld, Mapping: "deals-to-invoices", Category: "no_company", Count: 2, Names: []string{"hubspot:deals/1"}, Command: "crosswalk errors no_company"}
	for n, m := range []engine.Message{
		{ID: "m1", Kind: engine.FirstNews, Audience: engine.Operations, Topics: []engine.Topic{held}},
		{ID: "m1", Kind: engine.FirstNews, Audience: engine.Operations, Topics: []engine.Topic{held}}, // once more: passed over
		{ID: "m2", Kind: engine.Digest, Audience: engine.Business, Mapping: "deals-to-invoices", To: []string{"finance@customer.example"}, Topics: []engine.Topic{held}},
		{ID: "m3", Kind: engine.TestNews, Audience: engine.Business, Mapping: "contracts of Köln " + strings.Repeat("x", 200)}, // has no topic
		{ID: "m4", Kind: engine.FirstNews, Audience: engine.Operations, Topics: []engine.Topic{{Event: engine.EventHeld, Category: strings.Repeat("é", maxMessage), Count: 1}}},
	} {
		if err := teller.Tell(t.Context(), m); err != nil {
			t.Fatalf("message %d: %v", n, err)
		}
	}
	got := topics.Published()
	if len(got) != 4 {
		t.Fatalf("%d messages", len(got))
	}
	for n, want := range []struct{ topic, id, audience string }{{opsTopic, "m1", "operations"}, {dealTopic, "m2", "business"}, {opsTopic, "m3", "business"}, {opsTopic, "m4", "operations"}} {
		if p := got[n]; p.Topic != want.topic || p.Attributes["id"] != want.id || p.Attributes["audience"] != want.audience || !strings.HasPrefix(p.Subject, "crosswalk: ") {
			t.Errorf("%d: to %s, subject %q, attributes %v", n, p.Topic, p.Subject, p.Attributes)
		}
	}
	if !strings.Contains(got[0].Message, "crosswalk errors no_company") || strings.Contains(got[1].Message+got[1].Subject, "customer.example") {
		t.Errorf("%q", got[1].Message)
	}
	if s := got[2].Subject; len(s) > 99 || !strings.HasSuffix(s, "...") || strings.Contains(s, "ö") {
		t.Errorf("subject %q", s)
	}
	if !strings.HasSuffix(got[3].Message, "and more: crosswalk errors\n") {
		t.Error("a message that is too long does not say so")
	}
}

func TestTellerFaults(t *testing.T) {
	topics, url := awstest.SNS(t)
	m := engine.Message{ID: "m1", Kind: engine.TestNews, Audience: engine.Operations}
	topics.Deny(opsTopic)
	teller := NewTeller(awstest.Config(url), opsTopic, nil)
	if err := teller.Tell(t.Context(), m); err == nil || !strings.Contains(err.Error(), "sns:Publish") || strings.Contains(err.Error(), "assumed-role") {
		t.Error(err)
	}
	topics.Remove(dealTopic)
	if err := NewTeller(awstest.Config(url), dealTopic, nil).Tell(t.Context(), m); err == nil || !strings.Contains(err.Error(), "no such topic") {
		t.Error(err)
	}
	other := NewTeller(awstest.Config(url), opsTopic+"-2", nil)
	topics.Fail("InternalError")
	begin := time.Now()
	if err := other.Tell(t.Context(), m); err != nil { // the SDK tried again
		t.Errorf("%v after %v", err, time.Since(begin))
	}
	if len(topics.Published()) != 1 {
		t.Errorf("%+v", topics.Published())
	}
}
