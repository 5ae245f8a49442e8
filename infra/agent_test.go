package infra

import (
	"slices"
	"strings"
	"testing"
)

// withAgent is reached through an agent; another SalesPad of it is not.
const withAgent = `
connections:
  erp:   { system: salespad, base: "https://erp.example", currency: USD, reach: agent }
  other: { system: salespad, base: "https://other.example", currency: USD }
aws: { customer: agency, region: eu-west-1 }
`

// TestAgent: two queues and a user for the one connection, who may take requests and put answers and nothing else; functions that
// call systems have the other ends; nobody else anything.
func TestAgent(t *testing.T) {
	tp := synthesized(t, customer(t, withAgent))
	for _, what := range []string{"requests", "answers"} {
		q := tp.named(t, "AWS::SQS::Queue", "QueueName", "crosswalk-agency-agent-erp-"+what).Properties
		equal(t, what+" encrypted", q["SqsManagedSseEnabled"], "true")
		equal(t, what+" retention", q["MessageRetentionPeriod"], "300")
	}
	if n := len(tp.of("AWS::SQS::Queue")); n != 6 {
		t.Errorf("%d queues, want the lanes' four and two", n)
	}
	users, groups := tp.of("AWS::IAM::User"), tp.of("AWS::IAM::Group")
	if len(users) != 1 || len(groups) != 1 || len(tp.of("AWS::IAM::AccessKey")) != 0 {
		t.Fatalf("%d users, %d groups", len(users), len(groups))
	}
	for _, g := range groups {
		var got []string
		for _, one := range list(get(g.Properties, "Policies", "PolicyDocument", "Statement")) {
			s := one.(map[string]any)
			for _, a := range list(s["Action"]) {
				got = append(got, flat(a)+" "+strings.TrimRight(flat(s["Resource"]), "}0123456789ABCDEFabcdef."))
			}
		}
		slices.Sort(got)
		want := "sqs:DeleteMessage {AgentMailRequestsErp|sqs:ReceiveMessage {AgentMailRequestsErp|sqs:SendMessage {AgentMailAnswersErp"
		for n := range got {
			got[n], _, _ = strings.Cut(got[n], "Erp")
			got[n] += "Erp"
		}
		if strings.Join(got, "|") != want {
			t.Errorf("the agent may %q, want %s", got, want)
		}
	}
	for name, calls := range map[string]bool{"webhook": false, "poll": true, "console": true, "oauth": true, "work-live": true, "work-bulk": true} {
		f := tp.named(t, "AWS::Lambda::Function", "FunctionName", "crosswalk-agency-"+name).Properties
		env := flat(get(f, "Environment", "Variables", "CROSSWALK_AGENTS"))
		if !strings.Contains(env, `"erp"`) || strings.Contains(env, "other") || !strings.Contains(env, "requests") || !strings.Contains(env, "answers") {
			t.Errorf("%s is told %s", name, env)
		}
		sends, takes := false, false
		for _, r := range tp.of("AWS::IAM::Role") {
			if r.Properties["Description"] != "crosswalk-agency "+name {
				continue
			}
			for _, s := range statements(r) {
				for _, on := range s.resources {
					sends = sends || slices.Contains(s.actions, "sqs:SendMessage") && strings.HasPrefix(on, "{AgentMailRequestsErp")
					takes = takes || slices.Contains(s.actions, "sqs:ReceiveMessage") && strings.HasPrefix(on, "{AgentMailAnswersErp")
					if strings.HasPrefix(on, "{AgentMailAnswers") && slices.Contains(s.actions, "sqs:SendMessage") || strings.HasPrefix(on, "{AgentMailRequests") && slices.Contains(s.actions, "sqs:ReceiveMessage") {
						t.Errorf("%s may play the agent: %q on %s", name, s.actions, on)
					}
				}
			}
		}
		if sends != calls || takes != calls {
			t.Errorf("%s sends %v, takes %v, want %v", name, sends, takes, calls)
		}
	}
	for id := range tp.of("AWS::SecretsManager::Secret") {
		if strings.HasPrefix(id, "SecretPair") && id != "SecretPairErp" && id != "SecretPairOther" {
			t.Errorf("secret %s", id)
		}
	}
	if n := len(tp.of("AWS::SecretsManager::Secret")); n != 5 {
		t.Errorf("%d secrets, want the deployment's and two of each SalesPad", n)
	}
	for _, out := range []string{"AgentUserErp", "AgentRequestsErp", "AgentAnswersErp"} {
		if _, ok := tp.Outputs[out]; !ok && len(tp.Outputs) > 0 {
			t.Errorf("no output %s", out)
		}
	}
	if acme := synthesized(t, acme(t)); len(acme.of("AWS::IAM::User"))+len(acme.of("AWS::IAM::Group")) != 0 {
		t.Error("a customer without an agent has a user")
	}
}

// TestReachNeedsItsNetwork: vpc without the network is refused, with both ways out.
func TestReachNeedsItsNetwork(t *testing.T) {
	const erp = "\nconnections: { erp: { system: salespad, reach: vpc } }"
	_, err := ParseCustomer([]byte("aws: { customer: a, region: eu-west-1 }" + erp))
	if err == nil || !strings.Contains(err.Error(), "connections.erp.reach: vpc, and aws.network is public") || !strings.Contains(err.Error(), "33 USD") {
		t.Errorf("%v", err)
	}
	if _, err := ParseCustomer([]byte("aws: { customer: a, region: eu-west-1, network: vpc }" + erp)); err != nil {
		t.Error(err)
	}
}
