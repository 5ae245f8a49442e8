package infra

import (
	"maps"
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// str and num make what the CDK takes.
var (
	str = jsii.String
	num = func(n int) *float64 { return jsii.Number(float64(n)) }
	yes = jsii.Bool(true)
	no  = jsii.Bool(false)
)

// deployment is what the parts of a stack know of each other.
type deployment struct {
	awscdk.Stack
	customer Customer
	dist     string // the folder of the binaries
	stage    string // a folder for what goes into the bundles; it may go once the app is synthesized

	key     awskms.Key
	agents  map[string]agentQueues  // by connection
	queues  map[string]awssqs.Queue // live, bulk, dead-live, dead-bulk
	secrets []string                // names without the prefix
	topics  topics
	table   tableNamed
	network network
	api     api
	work    map[string]deployed // functions by name
}

// Stack makes the stack of one customer: everything there is, in the order in which one part needs another. dist holds
// NAME/bootstrap of each binary; stage is an empty folder that must stay until the app is synthesized.
func Stack(app constructs.Construct, c Customer, dist, stage string) (awscdk.Stack, error) {
	d := &deployment{customer: c, dist: dist, stage: stage, work: map[string]deployed{}}
	d.Stack = awscdk.NewStack(app, str(c.stackName()), &awscdk.StackProps{
		// No account: the caller's is used, and the template needs nobody's to be made.
		Env: &awscdk.Environment{Region: str(c.AWS.Region)}, StackName: str(c.stackName()),
		Description: str("Crosswalk for " + c.AWS.Customer + ": keeps CRM, finance and ERP records in agreement"),
	})
	d.tag()
	d.addKey()
	d.addTable()
	d.addQueues()
	d.addAgents()
	d.addSecrets()
	d.addTopics()
	d.addNetwork()
	d.addAPI()
	if err := d.addFunctions(); err != nil {
		return nil, err
	}
	d.addRoutes()
	d.addSources()
	d.addPolicies()
	d.addAlarms()
	d.addDashboard()
	d.addCostBudget()
	d.addOutputs()
	d.explain()
	return d.Stack, nil
}

// tag puts the customer and the file's own tags on everything. Costs are told apart by crosswalk:customer.
func (d *deployment) tag() {
	tags := awscdk.Tags_Of(d.Stack)
	tags.Add(str(CostTag), str(d.customer.AWS.Customer), nil)
	for _, key := range slices.Sorted(maps.Keys(d.customer.AWS.Tags)) {
		tags.Add(str(key), str(d.customer.AWS.Tags[key]), nil)
	}
}

// CostTag tells the costs of one deployment from those of another.
const CostTag = "crosswalk:customer"

// arn is an ARN of this stack's region and account.
func (d *deployment) arn(service, resource string) string {
	return "arn:" + *d.Partition() + ":" + service + ":" + *d.Region() + ":" + *d.Account() + ":" + resource
}

func strs(list []string) *[]*string { return jsii.Strings(list...) }
