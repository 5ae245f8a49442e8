package infra

import (
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
)

// What a function may do, by name, and to which of our things. Nothing here has a star, and no right is there that a
// function has no use for; a test compares the template with a list written by hand.
var (
	tableRead  = []string{"dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query"}
	tableWrite = []string{"dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:BatchWriteItem", "dynamodb:ConditionCheckItem"}
	tableClear = []string{"dynamodb:DeleteItem"}
	queueSend  = []string{"sqs:SendMessage"}
	queueLook  = []string{"sqs:GetQueueAttributes"}
	queueTake  = []string{"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "sqs:GetQueueAttributes"}
	secretRead = []string{"secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"}
	secretPut  = []string{"secretsmanager:PutSecretValue"}
	tell       = []string{"sns:Publish"}
	useKey     = []string{"kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:DescribeKey"}
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
		allow(secretRead, d.secretARNs(true)...),
		allow(useKey, *d.key.KeyArn()),
	}
	if f.Name != "oauth" { // which queues nothing: the first poll finds what a new connection has
		out = append(out, allow(queueSend, both...))
	}
	if f.Name == "webhook" || f.Name == "change" { // open to the world's signals: no deletes, no credentials written, nobody told
		return out
	}
	out = append(out, allow(tableClear, d.table.arn), allow(secretPut, d.secretARNs(false)...))
	switch f.Name {
	case "console":
		out = append(out, allow(queueLook, slices.Concat(both, dead)...))
	case "poll":
		out = append(out, allow(queueLook, both...), allow(queueTake, dead...))
	case "work-live", "work-bulk":
		out = append(out, allow(queueTake, d.queueARN(f.Lane)))
	}
	if f.Name != "oauth" {
		out = append(out, allow(tell, d.topics.all()...))
	}
	return out
}

func (d *deployment) queueARN(name string) string { return *d.queues[name].QueueArn() }

// secretARNs are the exact ARNs of all secrets, or of those that may be written: all but the deployment's own key.
func (d *deployment) secretARNs(own bool) []string {
	var out []string
	if own {
		out = append(out, *d.secrets[DeploymentKey])
	}
	for _, name := range d.customer.connections() {
		for _, secret := range secretsOf(name, d.customer.Connections[name]) {
			out = append(out, *d.secrets[secret])
		}
	}
	return out
}
