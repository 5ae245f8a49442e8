package infra

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strings"
	"testing"
)

func get(v any, path ...string) any {
	for _, p := range path {
		switch m := v.(type) {
		case map[string]any:
			v = m[p]
		case []any:
			if len(m) == 0 {
				return nil
			}
			v = m[0].(map[string]any)[p]
		default:
			return nil
		}
	}
	return v
}

func equal(t *testing.T, what string, got any, want string) {
	t.Helper()
	if flat(got) != want {
		t.Errorf("%s: %s, want %s", what, flat(got), want)
	}
}

func TestTable(t *testing.T) {
	tp := synthesized(t, acme(t))
	for _, r := range tp.of("AWS::DynamoDB::GlobalTable") {
		p := r.Properties
		equal(t, "name", p["TableName"], "crosswalk-acme")
		equal(t, "billing", p["BillingMode"], "PAY_PER_REQUEST")
		equal(t, "keys", p["KeySchema"], `[{"AttributeName":"pk","KeyType":"HASH"},{"AttributeName":"sk","KeyType":"RANGE"}]`)
		equal(t, "types", p["AttributeDefinitions"], `[{"AttributeName":"pk","AttributeType":"S"},{"AttributeName":"sk","AttributeType":"S"}]`)
		equal(t, "expiry", p["TimeToLiveSpecification"], `{"AttributeName":"ttl","Enabled":true}`)
		equal(t, "encryption", get(p, "SSESpecification", "SSEType"), "KMS")
		equal(t, "recovery", get(p, "Replicas", "PointInTimeRecoverySpecification", "PointInTimeRecoveryEnabled"), "true")
		equal(t, "protection", get(p, "Replicas", "DeletionProtectionEnabled"), "true")
		if !strings.HasPrefix(flat(get(p, "Replicas", "SSESpecification", "KMSMasterKeyId")), "{Key") {
			t.Error("the table is not under the customer's key")
		}
	}
	for _, r := range tp.of("AWS::KMS::Key") {
		equal(t, "rotation", r.Properties["EnableKeyRotation"], "true")
	}
}

func TestQueues(t *testing.T) {
	tp := synthesized(t, acme(t))
	for name, visibility := range map[string]string{"live": "360", "bulk": "1800"} {
		q := tp.named(t, "AWS::SQS::Queue", "QueueName", "crosswalk-acme-"+name).Properties
		equal(t, name+" visibility", q["VisibilityTimeout"], visibility)
		equal(t, name+" tries", get(q, "RedrivePolicy", "maxReceiveCount"), "5")
		if want := "{Dead" + title(name); !strings.HasPrefix(flat(get(q, "RedrivePolicy", "deadLetterTargetArn")), want) {
			t.Errorf("%s: its dead letters are not its own", name)
		}
		for _, queue := range []string{name, "dead-" + name} {
			q := tp.named(t, "AWS::SQS::Queue", "QueueName", "crosswalk-acme-"+queue).Properties
			equal(t, queue+" retention", q["MessageRetentionPeriod"], "345600")
			if !strings.HasPrefix(flat(q["KmsMasterKeyId"]), "{Key") {
				t.Errorf("%s is not under the customer's key", queue)
			}
		}
	}
	for name, want := range map[string][3]string{"live": {"10", "5", "WorkLive"}, "bulk": {"10", "2", "WorkBulk"}} {
		s := tp.Resources["Work"+title(name)+"Source"].Properties
		equal(t, name+" batch", s["BatchSize"], want[0])
		equal(t, name+" window", s["MaximumBatchingWindowInSeconds"], "0")
		equal(t, name+" workers", get(s, "ScalingConfig", "MaximumConcurrency"), want[1])
		equal(t, name+" failures", s["FunctionResponseTypes"], `["ReportBatchItemFailures"]`)
		if !strings.HasPrefix(flat(s["FunctionName"]), "{"+want[2]) || !strings.HasPrefix(flat(s["EventSourceArn"]), "{Queue"+title(name)) {
			t.Errorf("%s leads from %s to %s", name, flat(s["EventSourceArn"]), flat(s["FunctionName"]))
		}
	}
}

// TestFunctions: what each is, and that it ends before its message is shown to another worker.
func TestFunctions(t *testing.T) {
	want := map[string]string{"webhook": "10 256", "oauth": "29 256", "console": "29 512", "poll": "120 512", "work-live": "75 1024", "work-bulk": "330 1024"}
	tp := synthesized(t, acme(t))
	if n := len(tp.of("AWS::Lambda::Function")); n != len(want) {
		t.Errorf("%d functions", n)
	}
	roles := map[string]bool{}
	for name, size := range want {
		f := tp.named(t, "AWS::Lambda::Function", "FunctionName", "crosswalk-acme-"+name).Properties
		equal(t, name, fmt.Sprint(f["Timeout"], " ", f["MemorySize"]), size)
		equal(t, name+" runtime", f["Runtime"], "provided.al2023")
		equal(t, name+" machine", f["Architectures"], `["arm64"]`)
		equal(t, name+" network", f["VpcConfig"], "")
		if !strings.HasPrefix(flat(get(f, "LoggingConfig", "LogGroup")), "{"+logical(name)+"Log") {
			t.Errorf("%s writes to %s", name, flat(get(f, "LoggingConfig", "LogGroup")))
		}
		if role := flat(f["Role"]); roles[role] {
			t.Errorf("%s shares its role", name)
		} else {
			roles[role] = true
		}
	}
}

// TestEnvironment: the names that the Go functions read, written by hand.
func TestEnvironment(t *testing.T) {
	env := func(c Customer, function string) map[string]any {
		return get(synthesized(t, c).named(t, "AWS::Lambda::Function", "FunctionName", c.named(function)).Properties, "Environment", "Variables").(map[string]any)
	}
	for _, f := range []string{"webhook", "oauth", "console", "poll", "work-live", "work-bulk"} {
		got := env(acme(t), f)
		for name, prefix := range map[string]string{"CROSSWALK_CONFIG": "crosswalk.yaml", "CROSSWALK_CUSTOMER": "acme", "CROSSWALK_PUBLIC_URL": "{Api.ApiEndpoint}", "CROSSWALK_TABLE": "crosswalk-acme",
			"CROSSWALK_EPOCH": "1", "CROSSWALK_QUEUE_LIVE": "{QueueLive", "CROSSWALK_QUEUE_BULK": "{QueueBulk", "CROSSWALK_DEAD_LIVE": "{DeadLive", "CROSSWALK_DEAD_BULK": "{DeadBulk",
			"CROSSWALK_SECRETS": "crosswalk/acme/", "CROSSWALK_TOPIC_OPERATIONS": "{Operations", "CROSSWALK_TOPICS": `{"deals-to-invoices":"{ToldDealsToInvoices`} {
			if !strings.HasPrefix(flat(got[name]), prefix) {
				t.Errorf("%s: %s is %s, want %s...", f, name, flat(got[name]), prefix)
			}
		}
		lane := map[string]string{"work-live": "live", "work-bulk": "bulk"}[f]
		equal(t, f+" lane", got["CROSSWALK_LANE"], lane)
	}
	got := env(customer(t, full), "poll")
	for name, want := range map[string]string{"CROSSWALK_PUBLIC_URL": "https://crosswalk.acme.example", "CROSSWALK_TABLE": "crosswalk-Full-1-restored", "CROSSWALK_EPOCH": "3", "CROSSWALK_CUSTOMER": "Full-1"} {
		equal(t, name, got[name], want)
	}
	equal(t, "no business addresses", env(customer(t, small), "poll")["CROSSWALK_TOPICS"], "{}")
}

// TestBundle: program and file go into the zip, the program may be run, the file says nothing of the stack.
func TestBundle(t *testing.T) {
	out := t.TempDir()
	if _, err := Synthesize(acme(t), binaries(t), out); err != nil {
		t.Fatal(err)
	}
	programs, err := filepath.Glob(filepath.Join(out, "asset.*", "bootstrap"))
	if err != nil || len(programs) != 5 { // webhook, oauth, console, poll, and one for both lanes of work
		t.Fatalf("%d bundles, %v", len(programs), err)
	}
	for _, p := range programs {
		if info, err := os.Stat(p); err != nil || info.Mode().Perm()&0o111 == 0 {
			t.Errorf("%s cannot be run: %v", p, err)
		}
		file, err := os.ReadFile(filepath.Join(filepath.Dir(p), "crosswalk.yaml"))
		if err != nil || !strings.Contains(string(file), "system: hubspot") || strings.Contains(string(file), "cost_budget_usd") {
			t.Errorf("%s: %v\n%s", p, err, file)
		}
	}
	if _, err := Synthesize(acme(t), t.TempDir(), t.TempDir()); err == nil || !strings.Contains(err.Error(), "build it first") {
		t.Errorf("without programs: %v", err)
	}
}

// stars are the only statements with a star in action or resource, by what they are about.
var stars = map[string]bool{
	"logs:CreateLogStream": true, "logs:PutLogEvents": true, // streams of the function's own log
	"execute-api:Invoke":         true, // ids in paths
	"ec2:CreateNetworkInterface": true, "ec2:DescribeNetworkInterfaces": true, "ec2:DescribeSubnets": true, "ec2:DeleteNetworkInterface": true,
	"ec2:AssignPrivateIpAddresses": true, "ec2:UnassignPrivateIpAddresses": true, // Lambda's own, in a network
}

type statement struct {
	actions, resources []string
}

// statements of a role or a managed policy.
func statements(r resource) []statement {
	var docs []any
	for _, p := range list(r.Properties["Policies"]) {
		docs = append(docs, get(p, "PolicyDocument"))
	}
	docs = append(docs, list(r.Properties["PolicyDocument"])...)
	var out []statement
	for _, doc := range docs {
		for _, s := range list(get(doc, "Statement")) {
			var one statement
			for _, a := range list(get(s, "Action")) {
				one.actions = append(one.actions, a.(string))
			}
			for _, a := range list(get(s, "Resource")) {
				one.resources = append(one.resources, flat(a))
			}
			out = append(out, one)
		}
	}
	return out
}

func TestNoStars(t *testing.T) {
	for _, c := range []Customer{acme(t), customer(t, full), customer(t, small)} {
		tp := synthesized(t, c)
		for _, kind := range []string{"AWS::IAM::Role", "AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"} {
			for id, r := range tp.of(kind) {
				if len(list(r.Properties["ManagedPolicyArns"])) > 0 {
					t.Errorf("%s has rights that AWS writes", id)
				}
				for _, s := range statements(r) {
					for _, a := range s.actions {
						if strings.Contains(a, "*") {
							t.Errorf("%s may do %s", id, a)
						}
						for _, res := range s.resources {
							wide := strings.Contains(res, "*") || strings.HasPrefix(res, "{") && strings.Contains(res, "Log") && strings.HasSuffix(res, ".Arn}")
							if wide && !stars[a] {
								t.Errorf("%s may %s on %s", id, a, res)
							}
						}
					}
				}
			}
		}
	}
}

// TestRights: what each function may do, written by hand. A right that is not here is one too many.
func TestRights(t *testing.T) {
	const (
		use   = "dynamodb:BatchGetItem dynamodb:GetItem dynamodb:PutItem dynamodb:Query dynamodb:UpdateItem"
		key   = "kms:Decrypt kms:DescribeKey kms:Encrypt kms:GenerateDataKey kms:ReEncryptFrom kms:ReEncryptTo"
		logs  = "logs:CreateLogStream logs:PutLogEvents"
		read  = "secretsmanager:GetSecretValue"
		taken = "sqs:ChangeMessageVisibility sqs:DeleteMessage sqs:GetQueueAttributes sqs:ReceiveMessage"
	)
	want := map[string]string{
		"webhook":   strings.Join([]string{use, key, logs, read, "sqs:SendMessage"}, " "),
		"change":    strings.Join([]string{use, key, logs, read, "sqs:SendMessage"}, " "),
		"oauth":     strings.Join([]string{use, "dynamodb:DeleteItem", key, logs, read, "secretsmanager:CreateSecret secretsmanager:PutSecretValue secretsmanager:RestoreSecret sqs:SendMessage"}, " "),
		"console":   strings.Join([]string{use, "dynamodb:DeleteItem", key, logs, read, "secretsmanager:CreateSecret secretsmanager:DeleteSecret secretsmanager:PutSecretValue secretsmanager:RestoreSecret sns:Publish sqs:GetQueueAttributes sqs:SendMessage"}, " "),
		"poll":      strings.Join([]string{use, "dynamodb:DeleteItem", key, logs, read, "secretsmanager:PutSecretValue sns:Publish sqs:DeleteMessage sqs:GetQueueAttributes sqs:ReceiveMessage sqs:SendMessage"}, " "),
		"work-live": strings.Join([]string{use, "dynamodb:DeleteItem", key, logs, read, "secretsmanager:PutSecretValue sqs:SendMessage", taken}, " "),
		"work-bulk": strings.Join([]string{use, "dynamodb:DeleteItem", key, logs, read, "secretsmanager:PutSecretValue sqs:SendMessage", taken}, " "),
	}
	c := customer(t, full)
	tp := synthesized(t, c)
	for name, line := range want {
		var got []string
		for id, r := range tp.of("AWS::IAM::Role") {
			if r.Properties["Description"] != c.stackName()+" "+name {
				continue
			}
			for _, s := range statements(r) {
				for _, a := range s.actions {
					if strings.HasPrefix(a, "ec2:") {
						continue
					}
					got = append(got, a)
					checkReach(t, id, name, a, s.resources)
				}
			}
		}
		expect := strings.Fields(line)
		sort.Strings(got)
		sort.Strings(expect)
		if got = slices.Compact(got); !slices.Equal(got, expect) {
			t.Errorf("%s may\n %v, want\n %v", name, got, expect)
		}
	}
}

// TestRightsAreThoseThatAreUsed: the rights on table, queues, secrets and topics are the operations that the adapters call,
// as they stand in their sources, and no others.
func TestRightsAreThoseThatAreUsed(t *testing.T) {
	single := map[string]string{"SendMessageBatch": "SendMessage", "DeleteMessageBatch": "DeleteMessage", "ChangeMessageVisibilityBatch": "ChangeMessageVisibility"} // IAM knows these alone
	called := map[string]bool{}
	for folder, service := range map[string]string{"store/dynamo": "dynamodb", "queue/sqs": "sqs", "secret/manager": "secretsmanager", "app/cloud": "sns"} {
		files, err := filepath.Glob(filepath.Join("..", "internal", filepath.FromSlash(folder), "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v", folder, err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") || filepath.Base(file) == "create.go" { // tables and queues are made by the stack
				continue
			}
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range regexp.MustCompile(`\bclient\.([A-Z][A-Za-z]+)\(ctx`).FindAllStringSubmatch(string(text), -1) {
				called[service+":"+cmp.Or(single[m[1]], m[1])] = true
			}
		}
	}
	allowed := map[string]bool{}
	for _, r := range synthesized(t, customer(t, full)).of("AWS::IAM::Role") {
		for _, s := range statements(r) {
			for _, a := range s.actions {
				if service, _, _ := strings.Cut(a, ":"); service == "dynamodb" || service == "sqs" || service == "secretsmanager" || service == "sns" {
					allowed[a] = true
				}
			}
		}
	}
	for a := range called {
		if !allowed[a] {
			t.Errorf("%s is called and no function may", a)
		}
	}
	for a := range allowed {
		if !called[a] {
			t.Errorf("%s is allowed and nothing calls it", a)
		}
	}
}

// TestEveryProgramIsBuilt: what a stack takes from dist/ is what the Makefile builds there, and what functions/ holds.
func TestEveryProgramIsBuilt(t *testing.T) {
	text, err := os.ReadFile("../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`(?m)^FUNCTIONS := (.+)$`).FindStringSubmatch(string(text))
	if m == nil {
		t.Fatal("the Makefile has no FUNCTIONS")
	}
	built := strings.Fields(m[1])
	for _, f := range functions(customer(t, full)) {
		if !slices.Contains(built, f.Binary) {
			t.Errorf("make bootstraps does not build %s", f.Binary)
		}
	}
	for _, name := range built {
		if _, err := os.Stat(filepath.Join("..", "functions", name, "main.go")); err != nil {
			t.Errorf("the Makefile builds %s: %v", name, err)
		}
	}
}

// checkReach sees that a right is on the function's own things only.
func checkReach(t *testing.T, id, function, action string, resources []string) {
	t.Helper()
	all := strings.Join(resources, " ")
	switch {
	case strings.HasPrefix(action, "dynamodb:") && (len(resources) != 1 || !strings.HasSuffix(all, ":table/crosswalk-Full-1-restored")):
		t.Errorf("%s: %s on %s", id, action, all)
	case strings.HasPrefix(action, "secretsmanager:"):
		checkSecrets(t, id, action, resources)
	case action == "sqs:ReceiveMessage" && function == "work-live" && !strings.HasPrefix(all, "{QueueLive"),
		action == "sqs:ReceiveMessage" && function == "work-bulk" && !strings.HasPrefix(all, "{QueueBulk"),
		action == "sqs:ReceiveMessage" && function == "poll" && !strings.HasPrefix(all, "{Dead"):
		t.Errorf("%s takes from %s", id, all)
	case strings.HasPrefix(action, "logs:") && !strings.HasPrefix(all, "{"+logical(function)+"Log"):
		t.Errorf("%s writes to the log %s", id, all)
	}
}

// checkSecrets sees that a right on secrets is on exact names: the five of connections; the deployment's key is only read;
// and what is not there may be forgotten.
func checkSecrets(t *testing.T, id, action string, resources []string) {
	t.Helper()
	want := []string{"books-??????", "org-??????", "org/pair-??????", "portal-??????", "portal/pair-??????"}
	switch action {
	case "secretsmanager:GetSecretValue":
		want = append(want, "crosswalk/key-??????")
	case "secretsmanager:DeleteSecret":
		want = append(want, "books/pair")
	}
	for n := range want {
		want[n] = "arn:{AWS::Partition}:secretsmanager:eu-west-1:{AWS::AccountId}:secret:crosswalk/Full-1/" + want[n]
	}
	sort.Strings(want)
	got := slices.Sorted(slices.Values(resources))
	if !slices.Equal(got, want) {
		t.Errorf("%s: %s on\n %q, want\n %q", id, action, got, want)
	}
}

// TestSecrets: every one is declared by its exact name; only the deployment's key has a value from the start.
func TestSecrets(t *testing.T) {
	got := map[string]bool{}
	for _, r := range synthesized(t, customer(t, full)).of("AWS::SecretsManager::Secret") {
		got[flat(r.Properties["Name"])] = r.Properties["GenerateSecretString"] != nil
		if !strings.HasPrefix(flat(r.Properties["KmsKeyId"]), "{Key") || r.Properties["SecretString"] != nil {
			t.Errorf("%s: not under the customer's key, or with a value in the template", flat(r.Properties["Name"]))
		}
	}
	want := "map[crosswalk/Full-1/books:false crosswalk/Full-1/crosswalk/key:true crosswalk/Full-1/org:false crosswalk/Full-1/org/pair:false crosswalk/Full-1/portal:false crosswalk/Full-1/portal/pair:false]"
	equal(t, "secrets", fmt.Sprint(got), want)
}

func TestTopics(t *testing.T) {
	tp := synthesized(t, customer(t, full))
	var got []string
	for _, r := range tp.of("AWS::SNS::Subscription") {
		got = append(got, strings.TrimRight(flat(r.Properties["TopicArn"]), "}0123456789ABCDEFabcdef")+" "+flat(r.Properties["Endpoint"]))
	}
	sort.Strings(got)
	if len(got) != 3 || !strings.HasPrefix(got[0], "{Operations") || !strings.HasSuffix(got[0], "operations@acme.example") || !strings.HasSuffix(got[1], "audit@acme.example") || !strings.HasSuffix(got[2], "finance@acme.example") {
		t.Errorf("subscriptions %q", got)
	}
	for id, r := range tp.of("AWS::SNS::Topic") {
		if !strings.HasPrefix(flat(r.Properties["KmsMasterKeyId"]), "{Key") {
			t.Errorf("%s is not under the customer's key", id)
		}
	}
	for _, service := range []string{"cloudwatch.amazonaws.com", "budgets.amazonaws.com"} {
		for _, kind := range []string{"AWS::KMS::Key", "AWS::SNS::TopicPolicy"} {
			found := false
			for _, r := range tp.of(kind) {
				found = found || strings.Contains(flat(r.Properties), service) && strings.Contains(flat(r.Properties), "aws:SourceAccount")
			}
			if !found {
				t.Errorf("%s may not publish: no %s lets it", service, kind)
			}
		}
	}
}

// TestNetworks: public has none, a named one is only named, one of ours has a single NAT gateway.
func TestNetworks(t *testing.T) {
	count := func(c Customer, kind string) int { return len(synthesized(t, c).of(kind)) }
	if n := count(acme(t), "AWS::EC2::VPC") + count(acme(t), "AWS::EC2::SecurityGroup"); n != 0 {
		t.Errorf("public: %d parts of a network", n)
	}
	if n := count(customer(t, full), "AWS::EC2::VPC") + count(customer(t, full), "AWS::EC2::NatGateway"); n != 0 {
		t.Errorf("a named network: %d parts are made", n)
	}
	if v, g, e := count(customer(t, small), "AWS::EC2::VPC"), count(customer(t, small), "AWS::EC2::NatGateway"), count(customer(t, small), "AWS::EC2::VPCEndpoint"); v != 1 || g != 1 || e != 1 {
		t.Errorf("our network: %d, %d NAT gateways, %d endpoints", v, g, e)
	}
	for _, c := range []Customer{customer(t, full), customer(t, small)} {
		for id, f := range synthesized(t, c).of("AWS::Lambda::Function") {
			if n := len(list(get(f.Properties, "VpcConfig", "SubnetIds"))); n != 2 {
				t.Errorf("%s %s: %d subnets", c.AWS.Customer, id, n)
			}
		}
	}
}

func TestTags(t *testing.T) {
	c := customer(t, full)
	for id, r := range synthesized(t, c).of("AWS::Lambda::Function") {
		equal(t, id, r.Properties["Tags"], `[{"Key":"crosswalk:customer","Value":"Full-1"},{"Key":"owner","Value":"revenue"}]`)
	}
}

func TestLogsForget(t *testing.T) {
	for c, days := range map[string]string{"acme": "90", "full": "30"} {
		one := acme(t)
		if c == "full" {
			one = customer(t, full)
		}
		for id, r := range synthesized(t, one).of("AWS::Logs::LogGroup") {
			equal(t, id, r.Properties["RetentionInDays"], days)
		}
	}
}

func TestCostBudget(t *testing.T) {
	b := synthesized(t, customer(t, full)).Resources["Cost"].Properties
	equal(t, "amount", get(b, "Budget", "BudgetLimit"), `{"Amount":12.5,"Unit":"USD"}`)
	equal(t, "what is counted", get(b, "Budget", "CostFilters"), `{"TagKeyValue":["user:crosswalk:customer$Full-1"]}`)
	equal(t, "when", get(b, "Budget", "TimeUnit"), "MONTHLY")
	var got []string
	for _, n := range list(b["NotificationsWithSubscribers"]) {
		got = append(got, fmt.Sprintln(get(n, "Notification", "NotificationType"), get(n, "Notification", "Threshold"), strings.HasPrefix(flat(get(n, "Subscribers", "Address")), "{Operations")))
	}
	equal(t, "told", strings.Join(strings.Fields(strings.Join(got, "")), " "), "ACTUAL 80 true FORECASTED 100 true")
}

func TestChangeEvents(t *testing.T) {
	if n := len(synthesized(t, acme(t)).of("AWS::Events::Rule")); n != 0 {
		t.Errorf("%d rules without an event source", n)
	}
	tp := synthesized(t, customer(t, full))
	equal(t, "bus", tp.Resources["ChangeBus"].Properties["EventSourceName"], "aws.partner/salesforce.com/00D000000000001EAA/0YLxx0000000001")
	rule := tp.Resources["ChangeRule"].Properties
	equal(t, "bus of the rule", rule["EventBusName"], "{ChangeBus}")
	equal(t, "pattern", rule["EventPattern"], `{"source":["aws.partner/salesforce.com/00D000000000001EAA/0YLxx0000000001"]}`)
	if !strings.HasPrefix(flat(get(rule, "Targets", "Arn")), "{Change") {
		t.Error("the rule does not lead to the function")
	}
}

func TestOutputs(t *testing.T) {
	tp := synthesized(t, acme(t))
	for name, want := range map[string]string{"ApiUrl": "{Api.ApiEndpoint}", "WebhookUrl": "{Api.ApiEndpoint}/webhooks/CONNECTION", "TableName": "crosswalk-acme", "SecretPrefix": "crosswalk/acme/", "DashboardName": "crosswalk-acme"} {
		equal(t, name, tp.Outputs[name].Value, want)
	}
	for _, name := range []string{"PolicyView", "PolicyEdit", "PolicyApprove", "OperationsTopic", "KeyArn", "OauthCallbackUrl"} {
		if _, ok := tp.Outputs[name]; !ok {
			t.Errorf("no output %s", name)
		}
	}
	equal(t, "domain", synthesized(t, customer(t, full)).Outputs["DomainTarget"].Value, "{Domain.RegionalDomainName}")
}

func TestDashboard(t *testing.T) {
	for _, r := range synthesized(t, acme(t)).of("AWS::CloudWatch::Dashboard") {
		body := flat(r.Properties["DashboardBody"])
		var parsed struct{ Widgets []map[string]any }
		if err := json.Unmarshal([]byte(body), &parsed); err != nil || len(parsed.Widgets) != 10 {
			t.Errorf("%d widgets, %v", len(parsed.Widgets), err)
		}
		for _, part := range []string{"crosswalk-acme-dead-live", "BudgetUsedPercent", "alarm:crosswalk-acme-credential-dead-light", "Webhook4xx"} {
			if !strings.Contains(body, part) {
				t.Errorf("the dashboard does not show %s", part)
			}
		}
	}
}

// TestStateful: what holds state has the logical id, name and policy of the checked-in list. Another id is another resource:
// CloudFormation would make it anew and leave the old one, with everything in it, behind.
func TestStateful(t *testing.T) {
	names := map[string]string{"AWS::DynamoDB::GlobalTable": "TableName", "AWS::SecretsManager::Secret": "Name", "AWS::SQS::Queue": "QueueName", "AWS::SNS::Topic": "TopicName", "AWS::KMS::Key": "", "AWS::KMS::Alias": "AliasName",
		"AWS::Logs::LogGroup": "LogGroupName"}
	var got []string
	for id, r := range synthesized(t, acme(t)).Resources {
		property, ok := names[r.Type]
		if !ok {
			continue
		}
		name := flat(r.Properties[property])
		if property != "" && name == "" {
			t.Errorf("%s has no name of its own", id)
		}
		policy := r.DeletionPolicy
		if policy == "" {
			policy = "Delete"
		}
		if policy != "Delete" && r.UpdateReplacePolicy != "Retain" {
			t.Errorf("%s would be deleted when it is replaced", id)
		}
		got = append(got, strings.TrimSpace(fmt.Sprintf("%s %s %s %s", id, r.Type, policy, name)))
	}
	sort.Strings(got)
	want, err := os.ReadFile("stateful.txt")
	if err != nil {
		t.Fatal(err)
	}
	if text := strings.Join(got, "\n") + "\n"; text != string(want) {
		t.Errorf("stateful.txt does not say what the stack of acme has; if no deployment holds anything under the old ids, write:\n%s", text)
	}
}

// TestEveryFindingExplained: the pack of rules finds nothing that is not explained (Synthesize fails else), no explanation is
// for a whole stack, and each says why in a sentence.
func TestEveryFindingExplained(t *testing.T) {
	for _, c := range []Customer{acme(t), customer(t, full), customer(t, small)} {
		n := 0
		for id, r := range synthesized(t, c).Resources {
			for _, s := range list(get(r.Metadata["cdk_nag"], "rules_to_suppress")) {
				n++
				if reason := flat(get(s, "reason")); len(reason) < 40 || !strings.HasSuffix(reason, ".") {
					t.Errorf("%s: %s because %q", id, flat(get(s, "id")), reason)
				}
			}
		}
		if n == 0 {
			t.Error("nothing is explained: the rules did not look")
		}
	}
}
