package cloud

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"crosswalk/internal/app"
)

// TestAgentsHaveQueues: a connection with reach: agent has the queues that the stack names, and a deployment without them says so.
func TestAgentsHaveQueues(t *testing.T) {
	c, err := app.ParseConfig([]byte(`connections: { erp: { system: salespad, base: "https://erp.example", currency: USD, reach: agent }, other: { system: salespad, base: "https://other.example", currency: USD } }`))
	if err != nil {
		t.Fatal(err)
	}
	client := sqs.NewFromConfig(aws.Config{Region: "eu-west-1"})
	given := Settings{Agents: map[string]AgentQueues{"erp": {Requests: "https://q/r", Answers: "https://q/a"}}}
	mail, err := given.mail(c, client)
	if err != nil || len(mail) != 1 || mail["erp"] == nil {
		t.Errorf("%v %v", mail, err)
	}
	if _, err := (Settings{}).mail(c, client); err == nil || !strings.Contains(err.Error(), "queues of the connection erp") {
		t.Errorf("%v", err)
	}
	_, err = Read(func(name string) string {
		if name == "CROSSWALK_AGENTS" {
			return "none"
		}
		return "1"
	})
	if err == nil || !strings.Contains(err.Error(), "CROSSWALK_AGENTS is no JSON") {
		t.Errorf("%v", err)
	}
}
