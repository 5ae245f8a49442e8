package infra

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Customer is one customer's file: the product's configuration, of which this package reads what it needs, and the part
// `aws`, which is its own.
type Customer struct {
	AWS         AWS                   `yaml:"aws"`
	Connections map[string]Connection `yaml:"connections"`
	Tell        []string              `yaml:"tell"`
	Mappings    map[string]struct {
		Tell []string `yaml:"tell"`
	} `yaml:"mappings"`
	// Product is the file without `aws`, as it goes into the bundle of each function.
	Product []byte `yaml:"-"`
}

// Connection is as much of a connection as decides which secrets, networks and queues there are.
type Connection struct {
	System string `yaml:"system"`
	Auth   string `yaml:"auth"`
	Reach  string `yaml:"reach"` // vpc needs the network, agent has two queues and a user
}

// AWS is where and how large a deployment is.
type AWS struct {
	// Customer names the stack, crosswalk-CUSTOMER: letters, digits and hyphens, a letter first, at most 32.
	Customer string `yaml:"customer"`
	// Region is where all data lies, for example eu-central-1.
	Region string `yaml:"region"`
	// Network is public (the default), or vpc where a system is inside the customer's network; see VPC.
	Network string `yaml:"network"`
	// VPC names a network that is there; without it `network: vpc` makes a small one with a NAT gateway of its own,
	// about 33 USD a month and 0.045 USD a GB (T20).
	VPC *VPC `yaml:"vpc"`
	// Concurrency is how many workers of a lane run at once at most, 2 to 1000, so that a vendor is not overrun.
	Concurrency Concurrency `yaml:"concurrency"`
	// CostBudgetUSD is what a month may cost before operations are told; default 50.
	CostBudgetUSD float64 `yaml:"cost_budget_usd"`
	// LogRetentionDays is one of the numbers that CloudWatch knows; default 90.
	LogRetentionDays int `yaml:"log_retention_days"`
	// Domain is an address of the customer's own; without it the API's own address is used.
	Domain *Domain `yaml:"domain"`
	// Throttle bounds requests to the API, of all callers together; default 50 a second, 100 at once.
	Throttle Throttle `yaml:"throttle"`
	// Epoch is raised by one after a restore, and by nothing else (T6); default 1.
	Epoch int `yaml:"epoch"`
	// RestoredTable is the table that a restore made; the stack's own stays, untouched and unused.
	RestoredTable string `yaml:"restored_table"`
	// SalesforceEventSource is the partner event source of Event Relay, aws.partner/salesforce.com/...; optional.
	SalesforceEventSource string `yaml:"salesforce_event_source"`
	// Tags are put on everything, beside ours.
	Tags map[string]string `yaml:"tags"`
}

// VPC is a network that is there already. Its subnets must reach the systems, and AWS's own services.
type VPC struct {
	ID      string   `yaml:"id"`
	Subnets []string `yaml:"subnets"`
}

// Concurrency is the most workers at once, by lane.
type Concurrency struct {
	Live int `yaml:"live"`
	Bulk int `yaml:"bulk"`
}

// Domain is an address of one's own, with the ARN of a certificate for it in the same region.
type Domain struct {
	Name        string `yaml:"name"`
	Certificate string `yaml:"certificate"`
}

// Throttle is requests per second, and at once.
type Throttle struct {
	Rate  int `yaml:"rate"`
	Burst int `yaml:"burst"`
}

// LoadCustomer reads folder/NAME.yaml and reports everything that is wrong with it at once.
func LoadCustomer(folder, name string) (Customer, error) {
	if !customerName.MatchString(name) {
		return Customer{}, fmt.Errorf("CUSTOMER: %q names no stack; %s", name, customerFix)
	}
	file := filepath.Join(folder, name+".yaml")
	data, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return Customer{}, fmt.Errorf("there is no %s; copy %s and change it", file, filepath.Join(folder, "acme.yaml"))
	}
	if err != nil {
		return Customer{}, err
	}
	c, err := ParseCustomer(data)
	if err == nil && c.AWS.Customer != name {
		err = fmt.Errorf("aws.customer: %q in a file named %s.yaml; write %s, or rename the file", c.AWS.Customer, name, name)
	}
	if err != nil {
		return c, fmt.Errorf("%s: %w", file, err)
	}
	return c, nil
}

// ParseCustomer reads one file.
func ParseCustomer(data []byte) (Customer, error) {
	var c Customer
	var root yaml.Node
	if err := yaml.Unmarshal(data, &root); err != nil {
		return c, err
	}
	if len(root.Content) != 1 || root.Content[0].Kind != yaml.MappingNode {
		return c, errors.New("the file is no list of keys with values; copy acme.yaml and change it")
	}
	top := root.Content[0]
	part := value(top, "aws")
	if part == nil || part.Kind != yaml.MappingNode {
		return c, errors.New("aws: missing; it says customer and region at least")
	}
	if err := unknownKeys(part); err != nil {
		return c, err
	}
	if err := root.Decode(&c); err != nil {
		return c, err
	}
	remove(top, "aws")
	var err error
	if c.Product, err = yaml.Marshal(&root); err != nil {
		return c, err
	}
	c.AWS.defaults()
	return c, c.check()
}

// awsKeys are what `aws` may say.
var awsKeys = []string{"customer", "region", "network", "vpc", "concurrency", "cost_budget_usd", "log_retention_days", "domain", "throttle", "epoch", "restored_table",
	EventSourceKey, "tags"}

func unknownKeys(part *yaml.Node) error {
	var errs []error
	for n := 0; n < len(part.Content); n += 2 {
		if key := part.Content[n]; !slices.Contains(awsKeys, key.Value) {
			errs = append(errs, fmt.Errorf("aws.%s (line %d): there is no such key; there are %s", key.Value, key.Line, strings.Join(awsKeys, ", ")))
		}
	}
	return errors.Join(errs...)
}

func value(m *yaml.Node, key string) *yaml.Node {
	for n := 0; n+1 < len(m.Content); n += 2 {
		if m.Content[n].Value == key {
			return m.Content[n+1]
		}
	}
	return nil
}

func remove(m *yaml.Node, key string) {
	for n := 0; n+1 < len(m.Content); n += 2 {
		if m.Content[n].Value == key {
			m.Content = slices.Delete(m.Content, n, n+2)
			return
		}
	}
}

func (a *AWS) defaults() {
	if a.Network == "" {
		a.Network = "public"
	}
	set := func(field *int, standard int) {
		if *field == 0 {
			*field = standard
		}
	}
	set(&a.Concurrency.Live, 5)
	set(&a.Concurrency.Bulk, 2)
	set(&a.LogRetentionDays, 90)
	set(&a.Throttle.Rate, 50)
	set(&a.Throttle.Burst, 100)
	set(&a.Epoch, 1)
	if a.CostBudgetUSD == 0 {
		a.CostBudgetUSD = 50
	}
}

const customerFix = "write letters, digits and hyphens, a letter first, 32 at most, for example acme"

var (
	customerName   = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9-]{0,31}$`)
	regionName     = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-[0-9]$`)
	connectionName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]{0,63}$`)
	mappingName    = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$`)
	tableName      = regexp.MustCompile(`^[A-Za-z0-9_.-]{3,255}$`)
	domainName     = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$`)
	certificateARN = regexp.MustCompile(`^arn:aws[a-z-]*:acm:([a-z0-9-]+):[0-9]{12}:certificate/[0-9a-f-]+$`)
	eventSource    = regexp.MustCompile(`^aws\.partner/salesforce\.com/[.A-Za-z0-9_/-]+$`)
	networkID      = regexp.MustCompile(`^vpc-([0-9a-f]{8}|[0-9a-f]{17})$`)
	subnetID       = regexp.MustCompile(`^subnet-([0-9a-f]{8}|[0-9a-f]{17})$`)
	address        = regexp.MustCompile(`^[^@\s,;<>]+@[^@\s,;<>]+$`)
)

// retentions are the days that CloudWatch Logs lets one choose.
var retentions = []int{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}

// complaints collects what is wrong, each with its field and what to write instead.
type complaints []error

func (l *complaints) add(bad bool, field, format string, args ...any) {
	if bad {
		*l = append(*l, fmt.Errorf("%s: %s", field, fmt.Sprintf(format, args...)))
	}
}

func (c Customer) check() error {
	var l complaints
	a := c.AWS
	l.add(!customerName.MatchString(a.Customer), "aws.customer", "%q names no stack; %s", a.Customer, customerFix)
	l.add(!regionName.MatchString(a.Region), "aws.region", "%q is no region; write one as eu-central-1: it is where all data lies", a.Region)
	l.add(a.Epoch < 1, "aws.epoch", "%d; write 1, and one more after each restore", a.Epoch)
	l.add(a.RestoredTable != "" && !tableName.MatchString(a.RestoredTable), "aws.restored_table", "%q names no table; write the name that the restore was given", a.RestoredTable)
	l.add(a.RestoredTable != "" && a.Epoch < 2, "aws.epoch", "%d with a restored table; raise it by one, or what the table has forgotten is done again", a.Epoch)
	l.add(a.SalesforceEventSource != "" && !eventSource.MatchString(a.SalesforceEventSource), "aws."+EventSourceKey,
		"%q is no partner event source; write its whole name, aws.partner/salesforce.com/...", a.SalesforceEventSource)
	l.add(a.SalesforceEventSource != "" && !c.has("salesforce"), "aws."+EventSourceKey, "no connection has the system salesforce; add one, or leave this out")
	c.checkNetwork(&l)
	c.checkSize(&l)
	c.checkProduct(&l)
	return errors.Join(l...)
}

func (c Customer) checkNetwork(l *complaints) {
	a := c.AWS
	l.add(a.Network != "public" && a.Network != "vpc", "aws.network", "%q; write public, or vpc where a system is inside the customer's network", a.Network)
	if a.VPC != nil {
		l.add(a.Network == "public", "aws.vpc", "the network is public; write network: vpc, or leave vpc out")
		l.add(!networkID.MatchString(a.VPC.ID), "aws.vpc.id", "%q is no network's id; write vpc-...", a.VPC.ID)
		l.add(len(a.VPC.Subnets) == 0, "aws.vpc.subnets", "none; write two subnet-... of different zones, which reach the systems and AWS")
		for n, s := range a.VPC.Subnets {
			l.add(!subnetID.MatchString(s), fmt.Sprintf("aws.vpc.subnets[%d]", n), "%q is no subnet's id; write subnet-...", s)
		}
	}
	if d := a.Domain; d != nil {
		l.add(!domainName.MatchString(d.Name), "aws.domain.name", "%q is no host name; write one as crosswalk.example.com", d.Name)
		m := certificateARN.FindStringSubmatch(d.Certificate)
		l.add(m == nil, "aws.domain.certificate", "this is no certificate's ARN; write arn:aws:acm:%s:ACCOUNT:certificate/ID", a.Region)
		l.add(m != nil && m[1] != a.Region, "aws.domain.certificate", "it is of another region than %s; make one there", a.Region)
	}
}

func (c Customer) checkSize(l *complaints) {
	a := c.AWS
	for lane, n := range map[string]int{"live": a.Concurrency.Live, "bulk": a.Concurrency.Bulk} {
		l.add(n < 2 || n > 1000, "aws.concurrency."+lane, "%d; write 2 to 1000, which is what Lambda allows", n)
	}
	l.add(a.CostBudgetUSD <= 0, "aws.cost_budget_usd", "%v; write what a month may cost, in US dollars", a.CostBudgetUSD)
	l.add(!slices.Contains(retentions, a.LogRetentionDays), "aws.log_retention_days", "%d; CloudWatch knows %v", a.LogRetentionDays, retentions)
	l.add(a.Throttle.Rate < 1 || a.Throttle.Rate > 10000, "aws.throttle.rate", "%d; write 1 to 10000 requests a second", a.Throttle.Rate)
	l.add(a.Throttle.Burst < 1 || a.Throttle.Burst > 5000, "aws.throttle.burst", "%d; write 1 to 5000 requests at once", a.Throttle.Burst)
	for key := range a.Tags {
		l.add(key == "" || len(key) > 128 || strings.HasPrefix(strings.ToLower(key), "aws:") || strings.HasPrefix(key, "crosswalk:"), "aws.tags",
			"%q cannot be a tag; write up to 128 letters that begin neither with aws: nor with crosswalk:", key)
	}
}

// checkProduct looks at what of the product's own part becomes names on AWS; the product checks the rest.
func (c Customer) checkProduct(l *complaints) {
	l.add(len(c.Connections) == 0, "connections", "none; name at least one, for example hubspot: { system: hubspot }")
	for _, name := range slices.Sorted(maps.Keys(c.Connections)) {
		l.add(!connectionName.MatchString(name) || name == "crosswalk", "connections."+name,
			"this cannot be a name here; write letters, digits, - and _, a letter first, 64 at most, and not crosswalk")
		systems := []string{"hubspot", "salesforce", "light", "salespad"}
		l.add(!slices.Contains(systems, c.Connections[name].System), "connections."+name+".system", "%q; write %s", c.Connections[name].System, strings.Join(systems, ", "))
	}
	c.checkReach(l)
	check := func(field string, list []string) {
		for n, a := range list {
			l.add(!address.MatchString(a), fmt.Sprintf("%s[%d]", field, n), "this is no address; write one as ops@example.com")
		}
	}
	check("tell", c.Tell)
	for _, name := range slices.Sorted(maps.Keys(c.Mappings)) {
		l.add(!mappingName.MatchString(name), "mappings."+name, "this cannot be a mapping's name; write letters, digits, - and _")
		check("mappings."+name+".tell", c.Mappings[name].Tell)
	}
}

// checkReach looks at what a connection's reach asks of the stack.
func (c Customer) checkReach(l *complaints) {
	for _, name := range c.connections() {
		l.add(c.Connections[name].Reach == "vpc" && c.AWS.Network != "vpc", "connections."+name+".reach",
			"vpc, and aws.network is %s; write network: vpc, and aws.vpc with the subnets that reach the system (a new network has a NAT gateway, about 33 USD a month), or reach: agent, which needs neither", c.AWS.Network)
		l.add(c.Connections[name].Reach == "agent" && len(name) > 40, "connections."+name, "its queues would have too long a name; write 40 letters at most where reach is agent")
	}
}

// agents gives the connections that are reached through an agent, sorted.
func (c Customer) agents() []string {
	var out []string
	for _, name := range c.connections() {
		if c.Connections[name].Reach == "agent" {
			out = append(out, name)
		}
	}
	return out
}

func (c Customer) has(system string) bool {
	for _, conn := range c.Connections {
		if conn.System == system {
			return true
		}
	}
	return false
}

// table is the name of the table that the functions use.
func (c Customer) table() string {
	if c.AWS.RestoredTable != "" {
		return c.AWS.RestoredTable
	}
	return c.stackName()
}

// connections gives the names of all connections, sorted.
func (c Customer) connections() []string { return slices.Sorted(maps.Keys(c.Connections)) }

// told gives the mappings that have business addresses, sorted.
func (c Customer) told() []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(c.Mappings)) {
		if len(c.Mappings[name].Tell) > 0 {
			out = append(out, name)
		}
	}
	return out
}
