package infra

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsscheduler"
)

// PollExpression is how often poll runs. Feeds have their own rhythm; this is how fine it can be. The CloudFormation
// validator lets any text pass here, so a test of ours reads it.
const PollExpression = "rate(1 minute)"

// addSources starts the functions that nobody calls: queues, the schedule, Salesforce's events.
func (d *deployment) addSources() {
	for _, lane := range lanes {
		d.addLane(lane.name, lane.batch)
	}
	d.addSchedule()
	if d.customer.AWS.SalesforceEventSource != "" {
		d.addChanges()
	}
}

// addLane feeds a queue to its workers: no waiting for a batch to fill, single failures reported, no more at once than a
// vendor bears.
func (d *deployment) addLane(lane string, batch int) {
	most := map[string]int{"live": d.customer.AWS.Concurrency.Live, "bulk": d.customer.AWS.Concurrency.Bulk}[lane]
	awslambda.NewCfnEventSourceMapping(d.Stack, str("Work"+title(lane)+"Source"), &awslambda.CfnEventSourceMappingProps{
		FunctionName: d.work["work-"+lane].lambda.FunctionArn(), EventSourceArn: d.queues[lane].QueueArn(), BatchSize: num(batch), MaximumBatchingWindowInSeconds: num(0),
		FunctionResponseTypes: strs([]string{"ReportBatchItemFailures"}), ScalingConfig: &awslambda.CfnEventSourceMapping_ScalingConfigProperty{MaximumConcurrency: num(most)},
	})
}

// addSchedule runs poll. A run that could not be started within its minute is left to the next.
func (d *deployment) addSchedule() {
	poll := d.work["poll"].lambda
	name := d.customer.stackName()
	group := awsscheduler.NewCfnScheduleGroup(d.Stack, str("Schedules"), &awsscheduler.CfnScheduleGroupProps{Name: str(name)})
	start := []awsiam.PolicyStatement{allow([]string{"lambda:InvokeFunction"}, *poll.FunctionArn())}
	role := awsiam.NewRole(d.Stack, str("ScheduleRole"), &awsiam.RoleProps{
		AssumedBy: awsiam.NewServicePrincipal(str("scheduler.amazonaws.com"), &awsiam.ServicePrincipalOpts{Conditions: d.ownAccount()}), Description: str(name + " starts poll"),
		InlinePolicies: &map[string]awsiam.PolicyDocument{"own": awsiam.NewPolicyDocument(&awsiam.PolicyDocumentProps{Statements: &start})},
	})
	schedule := awsscheduler.NewCfnSchedule(d.Stack, str("PollSchedule"), &awsscheduler.CfnScheduleProps{
		Name: str("poll"), GroupName: group.Ref(), Description: str("feeds and parked tasks that are due"), ScheduleExpression: str(PollExpression), State: str("ENABLED"),
		FlexibleTimeWindow: &awsscheduler.CfnSchedule_FlexibleTimeWindowProperty{Mode: str("OFF")},
		Target: &awsscheduler.CfnSchedule_TargetProperty{Arn: poll.FunctionArn(), RoleArn: role.RoleArn(),
			RetryPolicy: &awsscheduler.CfnSchedule_RetryPolicyProperty{MaximumRetryAttempts: num(2), MaximumEventAgeInSeconds: num(60)}},
	})
	schedule.Node().AddDependency(role)
}

// addChanges takes Salesforce's change events from the partner event source that Event Relay made.
func (d *deployment) addChanges() {
	source := d.customer.AWS.SalesforceEventSource
	change := d.work["change"].lambda
	bus := awsevents.NewCfnEventBus(d.Stack, str("ChangeBus"), &awsevents.CfnEventBusProps{Name: str(source), EventSourceName: str(source)})
	rule := awsevents.NewCfnRule(d.Stack, str("ChangeRule"), &awsevents.CfnRuleProps{
		Name: str(d.customer.named("change")), Description: str("Salesforce's change events"), EventBusName: bus.Ref(), State: str("ENABLED"),
		EventPattern: map[string]any{"source": []string{source}},
		Targets: []any{&awsevents.CfnRule_TargetProperty{Id: str("change"), Arn: change.FunctionArn(),
			RetryPolicy: &awsevents.CfnRule_RetryPolicyProperty{MaximumRetryAttempts: num(10), MaximumEventAgeInSeconds: num(3600)}}},
	})
	awslambda.NewCfnPermission(d.Stack, str("ChangeByRule"), &awslambda.CfnPermissionProps{
		Action: str("lambda:InvokeFunction"), FunctionName: change.FunctionArn(), Principal: str("events.amazonaws.com"), SourceArn: rule.AttrArn(),
	})
}
