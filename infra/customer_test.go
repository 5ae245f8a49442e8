package infra

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestExampleAsItIsRead(t *testing.T) {
	c := acme(t)
	a := c.AWS
	if c.stackName() != "crosswalk-acme" || a.Region != "eu-central-1" || a.Network != "public" || a.Concurrency != (Concurrency{5, 2}) || a.CostBudgetUSD != 50 || a.LogRetentionDays != 90 ||
		a.Throttle != (Throttle{50, 100}) || a.Epoch != 1 || c.table() != "crosswalk-acme" {
		t.Errorf("read as %+v", a)
	}
	product := string(c.Product)
	for _, part := range []string{"approval: two", "hubspot: {system: hubspot}", "roles:", "finance@acme.example"} {
		if !strings.Contains(strings.ReplaceAll(product, "{ ", "{"), part) {
			t.Errorf("the product's own part has lost %q:\n%s", part, product)
		}
	}
	if strings.Contains(product, "aws:") || strings.Contains(product, "region") {
		t.Errorf("the product's own part has what is the stack's:\n%s", product)
	}
}

// TestDefaults: what need not be said.
func TestDefaults(t *testing.T) {
	a := customer(t, "connections: { light: { system: light } }\naws: { customer: x, region: us-east-1 }").AWS
	if a.Network != "public" || a.Concurrency != (Concurrency{5, 2}) || a.CostBudgetUSD != 50 || a.LogRetentionDays != 90 || a.Throttle != (Throttle{50, 100}) || a.Epoch != 1 {
		t.Errorf("read as %+v", a)
	}
}

func TestBadFiles(t *testing.T) {
	const rest = "\nconnections: { light: { system: light } }"
	for name, c := range map[string]struct{ file, want string }{
		"no aws":              {"connections: {}", "aws: missing"},
		"no file":             {"", "copy acme.yaml"},
		"no name":             {"aws: { region: eu-west-1 }" + rest, `aws.customer: "" names no stack; write letters, digits and hyphens, a letter first`},
		"digit first":         {"aws: { customer: 1st, region: eu-west-1 }" + rest, `aws.customer: "1st" names no stack`},
		"underscore":          {"aws: { customer: a_b, region: eu-west-1 }" + rest, `aws.customer: "a_b" names no stack`},
		"space":               {"aws: { customer: 'a b', region: eu-west-1 }" + rest, `aws.customer: "a b" names no stack`},
		"umlaut":              {"aws: { customer: köln, region: eu-west-1 }" + rest, `aws.customer: "köln" names no stack`},
		"long":                {"aws: { customer: " + strings.Repeat("a", 33) + ", region: eu-west-1 }" + rest, "32 at most"},
		"no region":           {"aws: { customer: a }" + rest, "aws.region"},
		"region":              {"aws: { customer: a, region: Frankfurt }" + rest, `aws.region: "Frankfurt" is no region; write one as eu-central-1`},
		"unknown key":         {"aws: { customer: a, regoin: eu-west-1 }" + rest, "aws.regoin (line 1): there is no such key"},
		"network":             {"aws: { customer: a, region: eu-west-1, network: private }" + rest, "aws.network"},
		"vpc when public":     {"aws: { customer: a, region: eu-west-1, vpc: { id: vpc-01234567, subnets: [subnet-01234567] } }" + rest, "aws.vpc: the network is public"},
		"vpc without subnets": {"aws: { customer: a, region: eu-west-1, network: vpc, vpc: { id: vpc-01234567 } }" + rest, "aws.vpc.subnets"},
		"vpc's id":            {"aws: { customer: a, region: eu-west-1, network: vpc, vpc: { id: main, subnets: [subnet-01234567] } }" + rest, "aws.vpc.id"},
		"subnet's id":         {"aws: { customer: a, region: eu-west-1, network: vpc, vpc: { id: vpc-01234567, subnets: [a] } }" + rest, "aws.vpc.subnets[0]"},
		"concurrency":         {"aws: { customer: a, region: eu-west-1, concurrency: { live: 1 } }" + rest, "aws.concurrency.live: 1; write 2 to 1000"},
		"budget":              {"aws: { customer: a, region: eu-west-1, cost_budget_usd: -1 }" + rest, "aws.cost_budget_usd"},
		"retention":           {"aws: { customer: a, region: eu-west-1, log_retention_days: 100 }" + rest, "aws.log_retention_days: 100; CloudWatch knows"},
		"throttle":            {"aws: { customer: a, region: eu-west-1, throttle: { rate: 99999 } }" + rest, "aws.throttle.rate"},
		"epoch":               {"aws: { customer: a, region: eu-west-1, epoch: -1 }" + rest, "aws.epoch"},
		"restored, old epoch": {"aws: { customer: a, region: eu-west-1, restored_table: other }" + rest, "aws.epoch: 1 with a restored table; raise it by one"},
		"domain":              {"aws: { customer: a, region: eu-west-1, domain: { name: 'https://a.example', certificate: x } }" + rest, "aws.domain.name"},
		"certificate elsewhere": {"aws: { customer: a, region: eu-west-1, domain: { name: a.example, certificate: 'arn:aws:acm:us-east-1:123456789012:certificate/0a' } }" + rest,
			"aws.domain.certificate: it is of another region than eu-west-1"},
		"tag":                 {"aws: { customer: a, region: eu-west-1, tags: { 'aws:x': y } }" + rest, "aws.tags"},
		"event source":        {"aws: { customer: a, region: eu-west-1, salesforce_event_source: mine }" + rest, "aws.salesforce_event_source"},
		"no salesforce":       {"aws: { customer: a, region: eu-west-1, salesforce_event_source: aws.partner/salesforce.com/x/y }" + rest, "no connection has the system salesforce"},
		"no connections":      {"aws: { customer: a, region: eu-west-1 }", "connections: none"},
		"reserved connection": {"aws: { customer: a, region: eu-west-1 }\nconnections: { crosswalk: { system: light } }", "connections.crosswalk"},
		"unknown system":      {"aws: { customer: a, region: eu-west-1 }\nconnections: { x: { system: sap } }", "connections.x.system"},
		"address":             {"aws: { customer: a, region: eu-west-1 }\ntell: [me]" + rest, "tell[0]"},
		"mapping's address":   {"aws: { customer: a, region: eu-west-1 }\nmappings: { m: { tell: [a@b.example, c] } }" + rest, "mappings.m.tell[1]"},
		"mapping's name":      {"aws: { customer: a, region: eu-west-1 }\nmappings: { 'm n': { tell: [a@b.example] } }" + rest, "mappings.m n"},
	} {
		if _, err := ParseCustomer([]byte(c.file)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v; want %q in it", name, err, c.want)
		}
	}
}

// TestEverythingAtOnce: one reading names all that is wrong.
func TestEverythingAtOnce(t *testing.T) {
	_, err := ParseCustomer([]byte("aws: { customer: a_b, region: x, network: y }"))
	for _, field := range []string{"aws.customer", "aws.region", "aws.network", "connections"} {
		if err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%v does not name %s", err, field)
		}
	}
}

func TestLoadCustomer(t *testing.T) {
	folder := t.TempDir()
	file := "aws: { customer: other, region: us-east-1 }\nconnections: { light: { system: light } }"
	if err := os.WriteFile(filepath.Join(folder, "copied.yaml"), []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"copied": `aws.customer: "other" in a file named copied.yaml`, "none": "copy " + filepath.Join(folder, "acme.yaml"), "../x": "names no stack"} {
		if _, err := LoadCustomer(folder, name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v; want %q in it", name, err, want)
		}
	}
}

// TestLogical: two names never become one.
func TestLogical(t *testing.T) {
	seen := map[string]string{}
	for _, name := range []string{"a-b", "ab", "aB", "AB", "a_b", "a.b", "work-live", "workLive", "a@b.example", "GET /runs/{id}", "GET /runs"} {
		id := logical(name)
		if other, ok := seen[id]; ok {
			t.Errorf("%q and %q are both %s", name, other, id)
		}
		seen[id] = name
		for _, r := range id {
			if r > 'z' || !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", r) {
				t.Errorf("%q: %s is no logical id", name, id)
			}
		}
	}
}

func TestDeployedURL(t *testing.T) {
	c := acme(t)
	file := filepath.Join(t.TempDir(), "outputs.json")
	if _, err := DeployedURL(file, c); err == nil || !strings.Contains(err.Error(), "run make deploy CUSTOMER=acme") {
		t.Errorf("without a file: %v", err)
	}
	for text, want := range map[string]string{`{"crosswalk-acme":{"ApiUrl":"https://a.example"}}`: "https://a.example", `{"crosswalk-other":{"ApiUrl":"x"}}`: "", `[`: ""} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := DeployedURL(file, c); got != want || (err == nil) != (want != "") {
			t.Errorf("%s: %q, %v", text, got, err)
		}
	}
}

// TestLeft: what stays is all that the stack keeps, with what it costs and how it is ended.
func TestLeft(t *testing.T) {
	for _, c := range []Customer{acme(t), customer(t, full)} {
		text := Left(c)
		for id, r := range synthesized(t, c).Resources {
			if r.DeletionPolicy != "RetainExceptOnCreate" {
				continue
			}
			name := map[string]string{"AWS::DynamoDB::GlobalTable": "TableName", "AWS::SecretsManager::Secret": "Name"}[r.Type]
			if want := flat(r.Properties[name]); r.Type != "AWS::KMS::Key" && !strings.Contains(text, want+"\n") {
				t.Errorf("%s %s is kept and not listed:\n%s", id, want, text)
			}
		}
		for _, part := range []string{"alias/" + c.stackName(), "costs: ", "ends with: ", "--region " + c.AWS.Region, c.table()} {
			if !strings.Contains(text, part) {
				t.Errorf("the list does not say %q", part)
			}
		}
	}
}
