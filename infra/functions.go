package infra

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
)

// deployed is a function in the stack.
type deployed struct {
	Function
	lambda awslambda.Function
	role   awsiam.Role
}

// addFunctions makes every function with a role and a log of its own.
func (d *deployment) addFunctions() error {
	env := d.environment()
	for _, f := range functions(d.customer) {
		code, err := d.bundle(f)
		if err != nil {
			return err
		}
		d.work[f.Name] = d.addFunction(f, code, env)
	}
	return nil
}

func (d *deployment) addFunction(f Function, code string, env map[string]*string) deployed {
	logs := d.log(logical(f.Name)+"Log", f.Name)
	role := d.addRole(f, logs)
	own := map[string]*string{}
	for k, v := range env {
		own[k] = v
	}
	if f.Lane != "" {
		own[EnvLane] = str(f.Lane)
	}
	props := &awslambda.FunctionProps{
		FunctionName: str(d.customer.named(f.Name)), Description: str(f.Says), Role: role, LogGroup: logs,
		Runtime: awslambda.Runtime_PROVIDED_AL2023(), Architecture: awslambda.Architecture_ARM_64(), Handler: str("bootstrap"),
		Code: awslambda.Code_FromAsset(str(code), nil), MemorySize: num(f.MemoryMB), Timeout: awscdk.Duration_Seconds(num(f.Seconds)), Environment: &own,
	}
	switch f.Name {
	case "poll": // the next minute's comes anyway
		props.RetryAttempts, props.MaxEventAge = num(0), awscdk.Duration_Minutes(num(1))
	case "change": // what is lost here is found by the poll
		props.RetryAttempts, props.MaxEventAge = num(2), awscdk.Duration_Hours(num(1))
	}
	lambda := awslambda.NewFunction(d.Stack, str(logical(f.Name)), props)
	d.join(lambda)
	return deployed{f, lambda, role}
}

// log makes a log that forgets after the days that the file says; the CDK has names where CloudWatch has numbers, so the
// number is written as it is. It goes with the stack: nothing in it is needed later.
func (d *deployment) log(id, name string) awslogs.LogGroup {
	logs := awslogs.NewLogGroup(d.Stack, str(id), &awslogs.LogGroupProps{LogGroupName: str(d.customer.logGroup(name)), RemovalPolicy: awscdk.RemovalPolicy_DESTROY})
	logs.Node().DefaultChild().(awslogs.CfnLogGroup).SetRetentionInDays(num(d.customer.AWS.LogRetentionDays))
	return logs
}

// environment is what every function is told; see contract.go.
func (d *deployment) environment() map[string]*string {
	business := map[string]any{}
	for name, topic := range d.topics.business {
		business[name] = topic.TopicArn()
	}
	env := map[string]*string{
		EnvConfig: str(BundledConfig), EnvCustomer: str(d.customer.AWS.Customer), EnvPublicURL: str(d.api.url),
		EnvTable: str(d.table.name), EnvEpoch: str(strconv.Itoa(d.customer.AWS.Epoch)),
		EnvQueueLive: d.queues["live"].QueueUrl(), EnvQueueBulk: d.queues["bulk"].QueueUrl(),
		EnvDeadLive: d.queues["dead-live"].QueueUrl(), EnvDeadBulk: d.queues["dead-bulk"].QueueUrl(),
		EnvSecrets: str(d.customer.secretPrefix()), EnvOperations: d.topics.operations.TopicArn(), EnvTopics: d.ToJsonString(business, nil),
	}
	if agents := d.agentEnvironment(); agents != nil {
		env[EnvAgents] = agents
	}
	return env
}

// bundle puts a function's folder together: its program and the customer's file. The CDK makes the zip.
func (d *deployment) bundle(f Function) (string, error) {
	program, err := os.ReadFile(filepath.Join(d.dist, f.Binary, "bootstrap"))
	if err != nil {
		return "", fmt.Errorf("the program of %s is not there; build it first (make bootstraps): %w", f.Name, err)
	}
	folder := filepath.Join(d.stage, f.Name)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", err
	}
	if err := os.WriteFile(filepath.Join(folder, "bootstrap"), program, 0o755); err != nil {
		return "", err
	}
	return folder, os.WriteFile(filepath.Join(folder, BundledConfig), d.customer.Product, 0o644)
}

func (d *deployment) addRole(f Function, logs awslogs.LogGroup) awsiam.Role {
	statements := append(d.rights(f), allow([]string{"logs:CreateLogStream", "logs:PutLogEvents"}, *logs.LogGroupArn())) // the ARN of a log ends in :*, its streams
	if d.network.group != nil {
		statements = append(statements, allow(networkActions, "*"))
	}
	return awsiam.NewRole(d.Stack, str(logical(f.Name)+"Role"), &awsiam.RoleProps{
		AssumedBy:      awsiam.NewServicePrincipal(str("lambda.amazonaws.com"), nil),
		Description:    str(d.customer.stackName() + " " + f.Name),
		InlinePolicies: &map[string]awsiam.PolicyDocument{"own": awsiam.NewPolicyDocument(&awsiam.PolicyDocumentProps{Statements: &statements})},
	})
}

func allow(actions []string, resources ...string) awsiam.PolicyStatement {
	return awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{Actions: strs(actions), Resources: strs(resources)})
}
