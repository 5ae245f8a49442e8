package infra

import (
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsbudgets"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
)

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// describe is what an alarm's message says: what it means, the first command, and where more stands.
func (d *deployment) describe(a Alarm) string {
	return a.Means + " First run: " + strings.ReplaceAll(a.First, "{api}", d.api.url) + " (then: crosswalk help runbook, " + a.Kind + ")"
}

// addDashboard shows one screen: alarms on top, then what waits, what fails, what is spent.
func (d *deployment) addDashboard() {
	c := d.customer
	var alarms []string
	for _, a := range Alarms(c) {
		alarms = append(alarms, d.arn("cloudwatch", "alarm:"+c.named(a.suffix())))
	}
	queue := func(metric, name string) []any { return []any{"AWS/SQS", metric, "QueueName", c.named(name)} }
	var errs, millis, spent [][]any
	for _, f := range functions(c) {
		errs = append(errs, []any{"AWS/Lambda", "Errors", "FunctionName", c.named(f.Name)})
		millis = append(millis, []any{"AWS/Lambda", "Duration", "FunctionName", c.named(f.Name)})
	}
	for _, name := range c.connections() {
		spent = append(spent, []any{c.ownMetrics(), MetricBudget, ByConnection, name})
	}
	widgets := []any{
		map[string]any{"type": "alarm", "x": 0, "y": 0, "width": 24, "height": 4, "properties": map[string]any{"title": "Alarms", "alarms": alarms}},
		d.graph(0, 4, "Waiting, by lane", "Maximum", [][]any{queue("ApproximateNumberOfMessagesVisible", "live"), queue("ApproximateNumberOfMessagesVisible", "bulk")}),
		d.graph(8, 4, "Oldest, seconds", "Maximum", [][]any{queue("ApproximateAgeOfOldestMessage", "live"), queue("ApproximateAgeOfOldestMessage", "bulk")}),
		d.graph(16, 4, "Dead letters", "Maximum", [][]any{queue("ApproximateNumberOfMessagesVisible", "dead-live"), queue("ApproximateNumberOfMessagesVisible", "dead-bulk")}),
		d.graph(0, 10, "Functions: errors", "Sum", errs),
		d.graph(8, 10, "Functions: milliseconds", "p95", millis),
		d.graph(16, 10, "API budget spent, percent", "Maximum", spent),
		d.graph(0, 16, "Webhooks refused and failed", "Sum", [][]any{{c.ownMetrics(), metricRefused}, {c.ownMetrics(), metricFailed}}),
		d.graph(8, 16, "Table: units", "Sum", [][]any{{"AWS/DynamoDB", "ConsumedWriteCapacityUnits", "TableName", c.table()}, {"AWS/DynamoDB", "ConsumedReadCapacityUnits", "TableName", c.table()}}),
		d.graph(16, 16, "API: requests", "Sum", [][]any{{"AWS/ApiGateway", "Count", "ApiId", *d.api.http.Ref()}}),
	}
	awscloudwatch.NewCfnDashboard(d.Stack, str("Dashboard"), &awscloudwatch.CfnDashboardProps{
		DashboardName: str(c.stackName()), DashboardBody: d.ToJsonString(map[string]any{"widgets": widgets}, nil),
	})
}

func (d *deployment) graph(x, y int, title, statistic string, metrics [][]any) map[string]any {
	return map[string]any{"type": "metric", "x": x, "y": y, "width": 8, "height": 6, "properties": map[string]any{
		"title": title, "region": d.Region(), "view": "timeSeries", "stat": statistic, "period": 300, "metrics": metrics}}
}

// addCostBudget tells operations at 80 % of what a month may cost, and when it looks as if all of it will be passed. It
// counts what has the tag crosswalk:customer, which an account must be told once to sort costs by: `crosswalk help deploy`.
func (d *deployment) addCostBudget() {
	c := d.customer
	told := []any{&awsbudgets.CfnBudget_SubscriberProperty{SubscriptionType: str("SNS"), Address: d.topics.operations.TopicArn()}}
	at := func(kind string, percent int) any {
		return &awsbudgets.CfnBudget_NotificationWithSubscribersProperty{Subscribers: told, Notification: &awsbudgets.CfnBudget_NotificationProperty{
			NotificationType: str(kind), ComparisonOperator: str("GREATER_THAN"), Threshold: num(percent), ThresholdType: str("PERCENTAGE")}}
	}
	awsbudgets.NewCfnBudget(d.Stack, str("Cost"), &awsbudgets.CfnBudgetProps{
		Budget: &awsbudgets.CfnBudget_BudgetDataProperty{BudgetName: str(c.named(CostKind)), BudgetType: str("COST"), TimeUnit: str("MONTHLY"),
			BudgetLimit: &awsbudgets.CfnBudget_SpendProperty{Amount: &c.AWS.CostBudgetUSD, Unit: str("USD")},
			CostFilters: map[string]any{"TagKeyValue": []string{"user:" + CostTag + "$" + c.AWS.Customer}}},
		NotificationsWithSubscribers: []any{at("ACTUAL", 80), at("FORECASTED", 100)},
	})
}

// CostKind is the cost budget's entry in the runbook.
const CostKind = "cost"
