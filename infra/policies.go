package infra

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
)

// addPolicies makes the three managed policies that keep duties apart. view is what everybody needs beside the other two;
// none denies anything, so that one person may be given several, and the engine still refuses an approval by who applied.
func (d *deployment) addPolicies() {
	says := map[string]string{
		"view":    "read everything over the operator API",
		"edit":    "change everything over the operator API that needs nobody's signature; attach view too",
		"approve": "sign plans, versions and rounds of acceptance over the operator API; attach view too",
	}
	for _, duty := range duties {
		var resources []string
		for _, p := range patterns(duty) {
			resources = append(resources, d.arn("execute-api", *d.api.http.Ref()+"/$default/"+p))
		}
		policy := awsiam.NewManagedPolicy(d.Stack, str(title(duty)+"Policy"), &awsiam.ManagedPolicyProps{
			ManagedPolicyName: str(d.customer.named(duty)), Description: str("Crosswalk " + d.customer.AWS.Customer + ": " + says[duty]),
			Statements: &[]awsiam.PolicyStatement{allow([]string{"execute-api:Invoke"}, resources...)},
		})
		d.output("Policy"+title(duty), *policy.ManagedPolicyArn(), "attach this to those who may "+says[duty])
	}
}

// addOutputs says what the next step in the README needs.
func (d *deployment) addOutputs() {
	d.output("ApiUrl", d.api.url, "crosswalk --api THIS status")
	d.output("WebhookUrl", d.api.url+"/webhooks/CONNECTION", "where a system's webhooks go; put the connection's name in")
	d.output("OauthCallbackUrl", d.api.url+"/oauth/CONNECTION/callback", "redirect URI of the app in HubSpot or Salesforce; put the connection's name in")
	d.output("TableName", d.table.name, "all state; back up and restore this")
	d.output("KeyArn", *d.key.KeyArn(), "the key that encrypts table, secrets, queues and topics")
	d.output("SecretPrefix", d.customer.secretPrefix(), "what names of secrets begin with")
	d.output("OperationsTopic", *d.topics.operations.TopicArn(), "alarms and messages to operations")
	d.output("DashboardName", d.customer.stackName(), "name of the dashboard in CloudWatch")
	if d.api.domain != nil {
		d.output("DomainTarget", *d.api.domain.AttrRegionalDomainName(), "point the domain here, with a CNAME record")
	}
}

func (d *deployment) output(id, value, says string) {
	awscdk.NewCfnOutput(d.Stack, str(id), &awscdk.CfnOutputProps{Value: str(value), Description: str(says)})
}
