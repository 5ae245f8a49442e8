package infra

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// phase is so many minutes with one datapoint each, or without any.
type phase struct {
	minutes int
	value   float64
	silent  bool
}

func of(minutes int, value float64) phase { return phase{minutes: minutes, value: value} }
func none(minutes int) phase              { return phase{minutes: minutes, silent: true} }

// twice is for alarms that ring when two of three periods of five minutes have an error: one alone does not, two do, and
// it ends when only one is left among the last three.
var twice = []phase{of(1, 1), none(14), of(1, 1), none(4), of(1, 1), none(14)}

const afterTwice = "OK@15 ALARM@25 OK@35"

// drives are, for each kind, what its metric does and when the alarm changes, in minutes, worked out by hand.
var drives = map[string]struct {
	metric []phase
	want   string
}{
	"dead-letters-live":   {[]phase{none(10), of(5, 2), of(10, 0)}, "OK@5 ALARM@15 OK@20"},
	"dead-letters-bulk":   {[]phase{of(5, 0), of(1, 1), none(9)}, "OK@5 ALARM@10 OK@15"},
	"oldest-message-live": {[]phase{of(10, 599), of(5, 600), of(5, 30), of(10, 700), none(5)}, "OK@10 ALARM@30 OK@35"},
	"oldest-message-bulk": {[]phase{of(10, 86399), of(5, 86400), of(5, 10), of(10, 90000), of(5, 3)}, "OK@10 ALARM@30 OK@35"},
	"webhook-4xx":         {[]phase{of(4, 1), of(11, 0), of(5, 1), of(10, 0), none(15)}, "OK@15 ALARM@30 OK@45"},
	"webhook-5xx":         {twice, afterTwice},
	"function-errors":     {twice, afterTwice},
	"schedule-failing":    {twice, afterTwice},
	"change-failing":      {twice, afterTwice},
	"poll-silent":         {[]phase{of(15, 1), none(10), of(5, 1), none(15), of(5, 1)}, "OK@15 ALARM@45 OK@50"},
	"table-throttled":     {[]phase{of(10, 5), of(5, 0), of(15, 1), none(5)}, "OK@15 ALARM@30 OK@35"},
	"budget":              {[]phase{of(5, 89.9), of(5, 90), of(5, 12)}, "OK@5 ALARM@10 OK@15"},
	"credential-dead":     {[]phase{none(5), of(1, 1), none(9)}, "OK@5 ALARM@10 OK@15"},
}

// TestAlarmsRingAndEnd drives the metric of every alarm of the template over its line and back.
func TestAlarmsRingAndEnd(t *testing.T) {
	for _, c := range []Customer{acme(t), customer(t, full)} {
		for id, a := range synthesized(t, c).of("AWS::CloudWatch::Alarm") {
			drive, ok := drives[kindOf(t, a)]
			if !ok {
				t.Errorf("%s: no test drives an alarm of the kind %s", id, kindOf(t, a))
				continue
			}
			if got := transitions(t, a.Properties, drive.metric); got != drive.want {
				t.Errorf("%s: %s, want %s", id, got, drive.want)
			}
		}
	}
}

var kindIn = regexp.MustCompile(`\(then: crosswalk help runbook, ([a-z0-9-]+)\)$`)

func kindOf(t *testing.T, alarm resource) string {
	t.Helper()
	m := kindIn.FindStringSubmatch(flat(alarm.Properties["AlarmDescription"]))
	if m == nil {
		t.Fatalf("the description does not end in its entry of the runbook: %s", flat(alarm.Properties["AlarmDescription"]))
	}
	return m[1]
}

// transitions is CloudWatch's rule: datapoints of a period are made one by the statistic; the alarm rings when so many of the
// last so many are over the line; a period without data counts as it says.
func transitions(t *testing.T, p map[string]any, metric []phase) string {
	t.Helper()
	number := func(name string) float64 {
		v, ok := p[name].(float64)
		if !ok {
			t.Fatalf("%s is %v", name, p[name])
		}
		return v
	}
	breaches := map[string]func(v float64) bool{
		"GreaterThanOrEqualToThreshold": func(v float64) bool { return v >= number("Threshold") },
		"LessThanThreshold":             func(v float64) bool { return v < number("Threshold") },
	}[flat(p["ComparisonOperator"])]
	silence, known := map[string]bool{"breaching": true, "notBreaching": false}[flat(p["TreatMissingData"])]
	if breaches == nil || !known {
		t.Fatalf("%v, %v: the test does not know them", p["ComparisonOperator"], p["TreatMissingData"])
	}
	period := int(number("Period")) / 60
	var over []bool
	for _, v := range periods(t, metric, period, flat(p["Statistic"])) {
		over = append(over, v == nil && silence || v != nil && breaches(*v))
	}
	evaluate, enough := int(number("EvaluationPeriods")), int(number("DatapointsToAlarm"))
	var out []string
	state := ""
	for end := evaluate; end <= len(over); end++ {
		n := 0
		for _, o := range over[end-evaluate : end] {
			if o {
				n++
			}
		}
		now := "OK"
		if n >= enough {
			now = "ALARM"
		}
		if now != state {
			out = append(out, now+"@"+strconv.Itoa(end*period))
			state = now
		}
	}
	return strings.Join(out, " ")
}

// periods gives one value a period, nil where there was no datapoint in it.
func periods(t *testing.T, metric []phase, period int, statistic string) []*float64 {
	t.Helper()
	var minutes []*float64
	for _, ph := range metric {
		for range ph.minutes {
			if ph.silent {
				minutes = append(minutes, nil)
			} else {
				minutes = append(minutes, &ph.value)
			}
		}
	}
	var out []*float64
	for chunk := range slices.Chunk(minutes, period) {
		var one *float64
		for _, v := range chunk {
			switch {
			case v == nil:
			case one == nil:
				first := *v
				one = &first
			case statistic == "Sum":
				*one += *v
			case statistic == "Maximum":
				*one = max(*one, *v)
			default:
				t.Fatalf("statistic %s: the test does not know it", statistic)
			}
		}
		out = append(out, one)
	}
	return out
}

// TestAlarmsTell: each tells operations when it rings and when it ends, says what it means and what to run, and is told of
// a metric that exists.
func TestAlarmsTell(t *testing.T) {
	c := customer(t, full)
	var names []string
	for id, a := range synthesized(t, c).of("AWS::CloudWatch::Alarm") {
		p := a.Properties
		names = append(names, flat(p["AlarmName"]))
		for _, when := range []string{"AlarmActions", "OKActions"} {
			if told := list(p[when]); len(told) != 1 || !strings.HasPrefix(flat(told[0]), "{Operations") {
				t.Errorf("%s: %s are %v", id, when, told)
			}
		}
		says := flat(p["AlarmDescription"])
		means, first, ok := strings.Cut(says, " First run: ")
		if !ok || len(means) < 40 || !strings.HasSuffix(means, ".") || len(says) > 1024 {
			t.Errorf("%s says %q", id, says)
		}
		if !strings.HasPrefix(first, "crosswalk --api https://crosswalk.acme.example ") && !strings.HasPrefix(first, "aws ") {
			t.Errorf("%s: the first command is %q", id, first)
		}
		if !strings.HasPrefix(flat(p["AlarmName"]), "crosswalk-Full-1-"+kindOf(t, a)) {
			t.Errorf("%s has the name %s and the kind %s", id, flat(p["AlarmName"]), kindOf(t, a))
		}
		if dims := list(p["Dimensions"]); len(dims) == 0 && flat(p["Namespace"]) != "Crosswalk/Full-1" {
			t.Errorf("%s counts for everybody", id)
		}
	}
	for _, name := range []string{"budget-portal", "budget-org", "budget-books", "credential-dead-org", "function-errors-work-bulk", "function-errors-change", "change-failing", "dead-letters-live", "dead-letters-bulk",
		"oldest-message-live", "oldest-message-bulk", "webhook-4xx", "webhook-5xx", "poll-silent", "schedule-failing", "table-throttled"} {
		if !slices.Contains(names, "crosswalk-Full-1-"+name) {
			t.Errorf("there is no alarm %s", name)
		}
	}
}

// TestOwnMetrics: alarms name our metrics as contract.go says and the functions write them.
func TestOwnMetrics(t *testing.T) {
	tp := synthesized(t, acme(t))
	for name, metric := range map[string]string{"budget-light": "BudgetUsedPercent", "credential-dead-light": "CredentialDead"} {
		a := tp.named(t, "AWS::CloudWatch::Alarm", "AlarmName", "crosswalk-acme-"+name).Properties
		equal(t, name, fmt.Sprint(a["Namespace"], " ", a["MetricName"]), "Crosswalk/acme "+metric)
		equal(t, name, a["Dimensions"], `[{"Name":"Connection","Value":"light"}]`)
	}
}

// TestRunbook: one entry for each kind of alarm and for the cost budget, none for anything else, each with its four parts, and
// the first command that the alarm's message names.
func TestRunbook(t *testing.T) {
	text, err := os.ReadFile("../internal/help/runbook.md")
	if err != nil {
		t.Fatal(err)
	}
	entries := map[string]string{}
	for _, part := range strings.Split(string(text), "\n## ")[1:] {
		kind, body, _ := strings.Cut(part, "\n")
		if entries[kind] != "" {
			t.Errorf("runbook.md explains %s twice", kind)
		}
		entries[kind] = body
	}
	want := map[string]string{CostKind: "aws ce get-cost-and-usage"}
	for _, c := range []Customer{acme(t), customer(t, full)} {
		for _, a := range Alarms(c) {
			command := strings.Fields(strings.ReplaceAll(a.First, "--api {api} ", ""))
			want[a.Kind] = strings.Join(command[:2], " ")
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(want)) {
		body, ok := entries[kind]
		if !ok {
			t.Errorf("runbook.md has no entry %q", kind)
			continue
		}
		for _, part := range []string{"- Means: ", "- First: `" + want[kind], "- Then: ", "- Over when: "} {
			if !strings.Contains(body, part) {
				t.Errorf("%s: the entry has no %q", kind, part)
			}
		}
	}
	for kind := range entries {
		if _, ok := want[kind]; !ok {
			t.Errorf("runbook.md explains %q, which is no alarm", kind)
		}
	}
}

// TestSchedules: every schedule of the template is an expression that EventBridge Scheduler takes; the CloudFormation
// validator lets any text pass.
func TestSchedules(t *testing.T) {
	for id, s := range synthesized(t, acme(t)).of("AWS::Scheduler::Schedule") {
		if err := schedule(flat(s.Properties["ScheduleExpression"])); err != nil {
			t.Errorf("%s: %v", id, err)
		}
		equal(t, id+" tries", get(s.Properties, "Target", "RetryPolicy"), `{"MaximumEventAgeInSeconds":60,"MaximumRetryAttempts":2}`)
		equal(t, id+" state", s.Properties["State"], "ENABLED")
	}
	for text, good := range map[string]bool{
		"rate(1 minute)": true, "rate(5 minutes)": true, "rate(1 hour)": true, "rate(2 days)": true, "cron(0 8 * * ? *)": true, "cron(0/5 8-17 ? * MON-FRI *)": true,
		"every 5": false, "rate(1 minutes)": false, "rate(5 minute)": false, "rate(0 minutes)": false, "rate(5)": false, "rate(30 seconds)": false, "rate(1 Minute)": false,
		"cron(0 8 * * *)": false, "cron(0 8 * * * *)": false, "cron(0 25 * * ? *)": false, "cron(60 8 * * ? *)": false, "": false, "rate(1 minute": false,
	} {
		if err := schedule(text); (err == nil) != good {
			t.Errorf("%q: %v", text, err)
		}
	}
}

var (
	rate  = regexp.MustCompile(`^rate\(([1-9][0-9]*) (minute|hour|day)(s?)\)$`)
	field = regexp.MustCompile(`^[0-9A-Z?*,/#L-]+$`)
)

// schedule reads rate(N UNIT), with the plural for all but 1, and cron of six fields with ? in one of the two days.
func schedule(text string) error {
	if m := rate.FindStringSubmatch(text); m != nil && (m[1] == "1") == (m[3] == "") {
		return nil
	}
	body, ok := strings.CutPrefix(text, "cron(")
	fields := strings.Fields(strings.TrimSuffix(body, ")"))
	if !ok || !strings.HasSuffix(body, ")") || len(fields) != 6 || (fields[2] == "?") == (fields[4] == "?") {
		return fmt.Errorf("%q is no schedule", text)
	}
	for n, f := range fields {
		if !field.MatchString(f) {
			return fmt.Errorf("%q: field %d is %q", text, n+1, f)
		}
		for _, number := range regexp.MustCompile(`[0-9]+`).FindAllString(f, -1) {
			v, err := strconv.Atoi(number)
			if most := []int{59, 23, 31, 12, 7, 2199}[n]; err != nil || v > most {
				return fmt.Errorf("%q: field %d is %s, over %d", text, n+1, number, most)
			}
		}
	}
	return nil
}

// TestDeployPage: what the page counts and names is what the example has.
func TestDeployPage(t *testing.T) {
	text, err := os.ReadFile("../internal/help/deploy.md")
	if err != nil {
		t.Fatal(err)
	}
	tp := synthesized(t, acme(t))
	want := []string{
		fmt.Sprintf("| %d alarms | %.2f |", len(tp.of("AWS::CloudWatch::Alarm")), 0.10*float64(len(tp.of("AWS::CloudWatch::Alarm")))),
		fmt.Sprintf("| %d secrets | %.2f |", len(tp.of("AWS::SecretsManager::Secret")), 0.40*float64(len(tp.of("AWS::SecretsManager::Secret")))),
		"`ApiUrl`", "`WebhookUrl`", "`DomainTarget`", "--alarm-name crosswalk-acme-webhook-4xx ", "TagKey=" + CostTag + ",", "AttributeName=" + TTL, "`restored_table: crosswalk-acme-2`", "`epoch` raised by one",
	}
	for _, part := range want {
		if !strings.Contains(string(text), part) {
			t.Errorf("deploy.md does not say %q", part)
		}
	}
}
