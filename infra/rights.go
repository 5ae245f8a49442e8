package infra

import (
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
)

// What a function may do, by name, and to which of our things. Nothing here has a star (?????? in a secret is its own suffix), and no right is there that a
// function has no use for; a test compares the template with a list written by hand.
var (
	tableRead  = []string{"dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query"}
	tableWrite = []string{"dynamodb:PutItem", "dynamodb:UpdateItem"}
	tableClear = []string{"dynamodb:DeleteItem"}
	queueSend  = []string{"sqs:SendMessage"}
	queueLook  = []string{"sqs:GetQueueAttributes"}
	queueTake  = []string{"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "sqs:GetQueueAttributes"}
	queueClear = []string{"sqs:ReceiveMessage", "sqs:DeleteMessage"}
	secretRead = []string{"secretsmanager:GetSecretValue"}
	secretPut  = []string{"secretsmanager:PutSecretValue"}
	// Disconnecting forgets a secret, for thirty days only; connecting again takes it back, or makes it anew after that.
	secretForget = []string{"secretsmanager:DeleteSecret"}
	secretRevive = []string{"secretsmanager:RestoreSecret", "secretsmanager:CreateSecret"}
	tell         = []string{"sns:Publish"}
	useKey       = []string{"kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:DescribeKey"}
	// networkActions are what Lambda needs to put a function into a network; EC2 knows no narrower resource for most of them.
	networkActions = []string{"ec2:CreateNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:DeleteNetworkInterface",
		"ec2:AssignPrivateIpAddresses", "ec2:UnassignPrivateIpAddresses"}
)

// rights are one function's statements on data, queues, secrets and topics.
func (d *deployment) rights(f Function) []awsiam.PolicyStatement {
	both := []string{d.queueARN("live"), d.queueARN("bulk")}
	dead := []string{d.queueARN("dead-live"), d.queueARN("dead-bulk")}
	out := []awsiam.PolicyStatement{
		allow(slices.Concat(tableRead, tableWrite), d.table.arn),
		allow(secretRead, append(d.connectionSecrets(), d.secretARN(DeploymentKey))...),
		allow(useKey, *d.key.KeyArn()),
		allow(queueSend, both...), // oauth too: what waited for a connection goes on once it is back
	}
	if f.Name == "webhook" || f.Name == "change" { // open to the world's signals: no deletes, no credentials written, nobody told
		return out
	}
	out = append(out, allow(tableClear, d.table.arn), allow(secretPut, d.connectionSecrets()...))
	out = append(out, d.agentRights()...)
	switch f.Name {
	case "oauth":
		out = append(out, allow(secretRevive, d.connectionSecrets()...))
	case "console":
		out = append(out, allow(secretRevive, d.connectionSecrets()...), allow(secretForget, append(d.connectionSecrets(), d.absentSecrets()...)...),
			allow(queueLook, slices.Concat(both, dead)...), allow(tell, d.topics.all()...))
	case "poll":
		out = append(out, allow(queueClear, dead...), allow(queueLook, slices.Concat(both, dead)...), allow(tell, d.topics.all()...))
	case "work-live", "work-bulk": // people are told by poll
		out = append(out, allow(queueTake, d.queueARN(f.Lane)))
	}
	return out
}

func (d *deployment) queueARN(name string) string { return *d.queues[name].QueueArn() }

// secretARN is one secret by its exact name. The six question marks are what Secrets Manager adds to a name, another each
// time that a secret of this name is made: a connection that was forgotten and connected again is still this one.
func (d *deployment) secretARN(name string) string {
	return d.arn("secretsmanager", "secret:"+d.customer.secretPrefix()+name+"-??????")
}

// connectionSecrets are all secrets but the deployment's own key, which no function may write.
func (d *deployment) connectionSecrets() []string {
	var out []string
	for _, name := range d.customer.connections() {
		for _, secret := range secretsOf(name, d.customer.Connections[name]) {
			out = append(out, d.secretARN(secret))
		}
	}
	return out
}

// absentSecrets are the pairs of connections that have none. Disconnecting forgets them too, and AWS asks for the right
// before it says that there is nothing to forget.
func (d *deployment) absentSecrets() []string {
	var out []string
	for _, name := range d.customer.connections() {
		if len(secretsOf(name, d.customer.Connections[name])) == 1 {
			out = append(out, d.arn("secretsmanager", "secret:"+d.customer.secretPrefix()+name+pairOf))
		}
	}
	return out
}
