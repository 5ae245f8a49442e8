package infra

// What the Go functions and this stack must agree on stands in this file and nowhere else: names of functions, of
// environment variables, of metrics and of things that people see. It imports nothing of theirs, they nothing of ours.

// Function is one AWS Lambda function: a zip of bootstrap (linux, arm64) and crosswalk.yaml, the customer's configuration
// without its part `aws`.
type Function struct {
	// Name is the function's own: crosswalk-CUSTOMER-NAME.
	Name string
	// Binary is the folder below dist/ that holds its bootstrap.
	Binary string
	// MemoryMB and Seconds bound one invocation. A function behind the API answers within 30 s or not at all.
	MemoryMB, Seconds int
	// Lane is live or bulk for work, else empty; CROSSWALK_LANE.
	Lane string
	// Says what it does, as people read it in the console of AWS.
	Says string
}

// functions lists what is deployed. work is one binary and two functions, so that a backfill can neither keep a live change
// waiting nor be cut off by the short time of live work (B1): live stops at 60 s, bulk at 300 s, each with 15 to 30 s to
// give back what it did not finish.
func functions(c Customer) []Function {
	all := []Function{
		{Name: "webhook", Binary: "webhook", MemoryMB: 256, Seconds: 10, Says: "takes webhooks: verifies them and queues the records that they name"},
		{Name: "oauth", Binary: "oauth", MemoryMB: 256, Seconds: 29, Says: "connects accounts: start and callback of OAuth"},
		{Name: "console", Binary: "console", MemoryMB: 512, Seconds: 29, Says: "the operator API"},
		{Name: "poll", Binary: "poll", MemoryMB: 512, Seconds: 120, Says: "once a minute: feeds that are due, parked tasks that are due, dead letters"},
		{Name: "work-live", Binary: "work", MemoryMB: 1024, Seconds: 75, Lane: "live", Says: "works tasks of the live lane, ten at most at once"},
		{Name: "work-bulk", Binary: "work", MemoryMB: 1024, Seconds: 330, Lane: "bulk", Says: "works tasks of the bulk lane, ten messages of up to 200 records at once"},
	}
	if c.AWS.SalesforceEventSource != "" {
		all = append(all, Function{Name: "change", Binary: "change", MemoryMB: 256, Seconds: 30, Says: "takes Salesforce's change events and queues the records that they name"})
	}
	return all
}

// Environment of every function.
const (
	EnvConfig      = "CROSSWALK_CONFIG"           // path of the configuration in the bundle
	EnvCustomer    = "CROSSWALK_CUSTOMER"         // aws.customer of the file
	EnvPublicURL   = "CROSSWALK_PUBLIC_URL"       // https://..., without a slash at the end
	EnvTable       = "CROSSWALK_TABLE"            // name of the table
	EnvEpoch       = "CROSSWALK_EPOCH"            // a number; raised by hand after a restore (T6)
	EnvLane        = "CROSSWALK_LANE"             // live or bulk; only of the two work functions
	EnvQueueLive   = "CROSSWALK_QUEUE_LIVE"       // URL
	EnvQueueBulk   = "CROSSWALK_QUEUE_BULK"       // URL
	EnvDeadLive    = "CROSSWALK_DEAD_LIVE"        // URL
	EnvDeadBulk    = "CROSSWALK_DEAD_BULK"        // URL
	EnvSecrets     = "CROSSWALK_SECRETS"          // what names of secrets begin with: crosswalk/CUSTOMER/
	EnvOperations  = "CROSSWALK_TOPIC_OPERATIONS" // ARN of the topic that operations hear of
	EnvTopics      = "CROSSWALK_TOPICS"           // JSON object: mapping name to ARN of the topic of its business addresses
	EnvAgents      = "CROSSWALK_AGENTS"           // JSON object: connection name to {requests, answers}, URLs; only where a connection has reach: agent
	BundledConfig  = "crosswalk.yaml"
	MetricSpace    = "Crosswalk"         // namespace of our own metrics begins so, CROSSWALK_CUSTOMER follows after a slash; functions write them as embedded metrics into their log
	MetricBudget   = "BudgetUsedPercent" // dimension Connection: calls spent of what a connection may spend today, 0 to 100
	MetricDead     = "CredentialDead"    // dimension Connection: 1 each time a system refused our credential for good
	ByConnection   = "Connection"
	Prefix         = "/api/v1" // of the operator API's routes
	EventSourceKey = "salesforce_event_source"
)

// Attributes of the table: two keys, and when an item may be forgotten. The store writes them.
const (
	PartitionKey = "pk"
	SortKey      = "sk"
	TTL          = "ttl"
)

// Names that begin with the stack's: crosswalk-CUSTOMER.
func (c Customer) stackName() string        { return "crosswalk-" + c.AWS.Customer }
func (c Customer) named(part string) string { return c.stackName() + "-" + part }
func (c Customer) secretPrefix() string     { return "crosswalk/" + c.AWS.Customer + "/" }
func (c Customer) logGroup(function string) string {
	return "/crosswalk/" + c.AWS.Customer + "/" + function
}

// ownMetrics is the namespace of what is counted in the API's access log. It carries the customer, for two deployments may
// share an account, and the log's lines have nothing to tell them apart by.
func (c Customer) ownMetrics() string { return MetricSpace + "/" + c.AWS.Customer }

// secretsOf lists the secrets of one connection, without the prefix: the credential, and for OAuth the pair that is renewed, or the session
// of a system that has one for all workers.
// They are declared here, under the customer's key, and have no value until somebody connects; a secret without a value
// counts as missing. A function that makes one again, long after a disconnect, encrypts it with the key alias/crosswalk-CUSTOMER.
func secretsOf(name string, c Connection) []string {
	if c.Auth != "" && c.Auth != "key" || c.System == "salesforce" || c.System == "salespad" { // Salesforce has no keys; SalesPad's session has the pair's place
		return []string{name, name + pairOf}
	}
	return []string{name}
}

// pairOf ends the name of the secret that holds an OAuth pair.
const pairOf = "/pair"

// DeploymentKey is the secret that keys digests, markers and match keys. Without it the table is worth nothing.
const DeploymentKey = "crosswalk/key"
