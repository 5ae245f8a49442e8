package infra

import (
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
)

// Alarm is one line that a metric may not pass. Names are crosswalk-CUSTOMER-KIND, or -KIND-OF where there are several of a
// kind; each kind has its entry in internal/help/runbook.md.
type Alarm struct {
	Kind, Of string
	// Space, Metric and Dimensions name the metric; Statistic is taken over each Period, in seconds.
	Space, Metric string
	Dimensions    map[string]string
	Statistic     string
	Period        int
	// It rings when Datapoints of the last Evaluate periods are at or over Line; under it, where Below says so.
	Line                 float64
	Below                bool
	Evaluate, Datapoints int
	// Silence tells what a period without data is: breaching or notBreaching.
	Silence string
	// Means says what it is for the business; First is the first command to run, with {api} for the address.
	Means, First string
}

const (
	fine = "notBreaching"
	bad  = "breaching"
)

// Names of what is counted in the access log of the API.
const (
	metricRefused = "Webhook4xx"
	metricFailed  = "Webhook5xx"
)

func (a Alarm) suffix() string {
	if a.Of == "" {
		return a.Kind
	}
	return a.Kind + "-" + a.Of
}

// Alarms lists all alarms of a customer.
func Alarms(c Customer) []Alarm {
	out := append(queueAlarms(c), webhookAlarms(c)...)
	out = append(out, pollAlarms(c)...)
	for _, name := range c.connections() {
		out = append(out, c.connectionAlarms(name)...)
	}
	for _, f := range functions(c) {
		out = append(out, Alarm{Kind: "function-errors", Of: f.Name, Space: "AWS/Lambda", Metric: "Errors", Dimensions: map[string]string{"FunctionName": c.named(f.Name)},
			Statistic: "Sum", Period: 300, Line: 1, Evaluate: 3, Datapoints: 2, Silence: fine,
			Means: "The function " + f.Name + " (" + f.Says + ") keeps breaking off. What it had in hand is tried again, so nothing is lost yet, but it is late.",
			First: "aws logs tail " + c.logGroup(f.Name) + " --since 30m --filter-pattern ERROR"})
	}
	if c.AWS.SalesforceEventSource != "" {
		out = append(out, Alarm{Kind: "change-failing", Space: "AWS/Events", Metric: "FailedInvocations",
			Dimensions: map[string]string{"EventBusName": c.AWS.SalesforceEventSource, "RuleName": c.named("change")},
			Statistic:  "Sum", Period: 300, Line: 1, Evaluate: 3, Datapoints: 2, Silence: fine,
			Means: "Salesforce's change events do not reach us. Changes are still found by polling, minutes instead of seconds later.",
			First: "crosswalk --api {api} status"})
	}
	return out
}

func queueAlarms(c Customer) []Alarm {
	var out []Alarm
	for _, lane := range []struct {
		name, waits string
		seconds     float64
	}{
		{"live", "What people change now is carried over more than ten minutes late: won deals wait for their documents.", 600},
		{"bulk", "An import or a full run has waited for more than a day. It is thrown away after four days.", 86400},
	} {
		out = append(out,
			Alarm{Kind: "dead-letters-" + lane.name, Space: "AWS/SQS", Metric: "ApproximateNumberOfMessagesVisible", Dimensions: map[string]string{"QueueName": c.named("dead-" + lane.name)},
				Statistic: "Maximum", Period: 300, Line: 1, Evaluate: 1, Datapoints: 1, Silence: fine,
				Means: "Records of the " + lane.name + " lane could not be worked after five tries. They are not carried over until a person looks.",
				First: "crosswalk --api {api} errors"},
			Alarm{Kind: "oldest-message-" + lane.name, Space: "AWS/SQS", Metric: "ApproximateAgeOfOldestMessage", Dimensions: map[string]string{"QueueName": c.named(lane.name)},
				Statistic: "Maximum", Period: 300, Line: lane.seconds, Evaluate: 2, Datapoints: 2, Silence: fine, Means: lane.waits, First: "crosswalk --api {api} status"})
	}
	return out
}

func webhookAlarms(c Customer) []Alarm {
	one := func(kind, metric string, period int, line float64, evaluate, datapoints int, means, first string) Alarm {
		return Alarm{Kind: kind, Space: c.ownMetrics(), Metric: metric, Statistic: "Sum", Period: period, Line: line, Evaluate: evaluate, Datapoints: datapoints, Silence: fine, Means: means, First: first}
	}
	return []Alarm{
		one("webhook-4xx", metricRefused, 900, 5, 1, 1, "We refuse what a system tells us: its secret was changed, or somebody forges. Changes are still found by polling, minutes instead of seconds later.",
			"crosswalk --api {api} check"),
		one("webhook-5xx", metricFailed, 300, 1, 3, 2, "We could not take what a system told us. It sends again, and polling finds the change; until then it is late.",
			"aws logs tail "+c.logGroup("webhook")+" --since 30m --filter-pattern ERROR"),
	}
}

func pollAlarms(c Customer) []Alarm {
	return []Alarm{
		{Kind: "poll-silent", Space: "AWS/Lambda", Metric: "Invocations", Dimensions: map[string]string{"FunctionName": c.named("poll")},
			Statistic: "Sum", Period: 300, Line: 1, Below: true, Evaluate: 3, Datapoints: 3, Silence: bad,
			Means: "Nothing has looked for changes for a quarter of an hour. What webhooks do not tell is not carried over, and nothing that waits is taken up again.",
			First: "aws scheduler get-schedule --group-name " + c.stackName() + " --name poll"},
		{Kind: "schedule-failing", Space: "AWS/Scheduler", Metric: "TargetErrorCount", Dimensions: map[string]string{"ScheduleGroup": c.stackName()},
			Statistic: "Sum", Period: 300, Line: 1, Evaluate: 3, Datapoints: 2, Silence: fine,
			Means: "The minute's look for changes cannot be started each time. Changes are carried over late.",
			First: "aws scheduler get-schedule --group-name " + c.stackName() + " --name poll"},
		{Kind: "table-throttled", Space: "AWS/DynamoDB", Metric: "WriteThrottleEvents", Dimensions: map[string]string{"TableName": c.table()},
			Statistic: "Sum", Period: 300, Line: 1, Evaluate: 3, Datapoints: 3, Silence: fine,
			Means: "The table takes less than we write. Nothing is lost; everything is slower, an import most of all.",
			First: "crosswalk --api {api} runs"},
	}
}

func (c Customer) connectionAlarms(name string) []Alarm {
	of := map[string]string{ByConnection: name}
	return []Alarm{
		{Kind: "budget", Of: name, Space: c.ownMetrics(), Metric: MetricBudget, Dimensions: of, Statistic: "Maximum", Period: 300, Line: 90, Evaluate: 1, Datapoints: 1, Silence: fine,
			Means: "Nine tenths of the calls that " + name + " may get today are spent. At the end imports stop, then everything of this connection, until its day is over.",
			First: "crosswalk --api {api} usage"},
		{Kind: "credential-dead", Of: name, Space: c.ownMetrics(), Metric: MetricDead, Dimensions: of, Statistic: "Sum", Period: 300, Line: 1, Evaluate: 1, Datapoints: 1, Silence: fine,
			Means: "The access to " + name + " was withdrawn or has ended. Nothing is read from it or written to it until somebody connects it again.",
			First: "crosswalk --api {api} connect " + name},
	}
}

// addAlarms makes the alarms, and the two metrics that are counted in the API's log.
func (d *deployment) addAlarms() {
	d.count("WebhookRefused", metricRefused, "4*")
	d.count("WebhookFailed", metricFailed, "5*")
	for _, a := range Alarms(d.customer) {
		d.addAlarm(a)
	}
}

// count makes a metric of the webhooks' lines in the access log with such a status. Two comparisons, for only the first
// webhook route takes any method.
func (d *deployment) count(id, metric, status string) {
	pattern := fmt.Sprintf(`{ ($.route = "ANY /webhooks/*" || $.route = "POST /webhooks/*") && $.status = "%s" }`, status)
	awslogs.NewCfnMetricFilter(d.Stack, str(id), &awslogs.CfnMetricFilterProps{
		LogGroupName: d.api.logs.LogGroupName(), FilterPattern: str(pattern),
		MetricTransformations: []any{&awslogs.CfnMetricFilter_MetricTransformationProperty{
			MetricNamespace: str(d.customer.ownMetrics()), MetricName: str(metric), MetricValue: str("1"), DefaultValue: num(0)}},
	})
}

func (d *deployment) addAlarm(a Alarm) {
	comparison := "GreaterThanOrEqualToThreshold"
	if a.Below {
		comparison = "LessThanThreshold"
	}
	var of []any
	for _, name := range sortedKeys(a.Dimensions) {
		of = append(of, &awscloudwatch.CfnAlarm_DimensionProperty{Name: str(name), Value: str(a.Dimensions[name])})
	}
	told := &[]any{d.topics.operations.TopicArn()}
	props := &awscloudwatch.CfnAlarmProps{
		AlarmName: str(d.customer.named(a.suffix())), AlarmDescription: str(d.describe(a)), Namespace: str(a.Space), MetricName: str(a.Metric),
		Statistic: str(a.Statistic), Period: num(a.Period), Threshold: &a.Line, ComparisonOperator: str(comparison),
		EvaluationPeriods: num(a.Evaluate), DatapointsToAlarm: num(a.Datapoints), TreatMissingData: str(a.Silence),
		AlarmActions: told, OkActions: told,
	}
	if len(of) > 0 {
		props.Dimensions = of
	}
	awscloudwatch.NewCfnAlarm(d.Stack, str("Alarm"+logical(a.suffix())), props)
}
