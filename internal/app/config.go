package app

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"crosswalk/internal/engine"
)

// Config is one deployment, read once from a YAML file. Credentials are not in it: they are in the secrets file of the data
// folder, under the connection's name.
type Config struct {
	// Approval is two (the default: a plan is approved by somebody else than who made it) or single (a team of one).
	Approval string `yaml:"approval"`
	// Listen is where the operator API and the webhooks answer; default 127.0.0.1:8710.
	Listen string `yaml:"listen"`
	// PublicURL is how systems reach the webhooks, as they were told; default http://LISTEN.
	PublicURL string `yaml:"public_url"`
	// Poll is how often feeds are read by default; default 1m.
	Poll Duration `yaml:"poll"`
	// Claim is how long an intention of a worker that vanished stands before another looks what became of it; default 5m,
	// never less than a request can take (deadline below).
	Claim Duration `yaml:"claim"`
	// Connections by name.
	Connections map[string]Connection `yaml:"connections"`
	// Roles bind the roles that mappings name (crm, billing) to connections.
	Roles map[string]string `yaml:"roles"`
	// Reconcile has the month end of mappings that make documents run by itself: daily or monthly, by mapping.
	Reconcile map[string]string `yaml:"reconcile"`
	// Acceptance is how many rounds of acceptance (0, 1 or 2) a mapping's version must pass before it goes live.
	Acceptance int `yaml:"acceptance"`
	// Tell are the addresses of operations: told of everything. The file and the terminal are told without any.
	Tell []string `yaml:"tell"`
	// Mappings says what differs for single mappings, by name.
	Mappings map[string]MappingRule `yaml:"mappings"`
	// Epoch is raised by one after the store was restored from a backup (or an older data folder was put back), and by
	// nothing else; default 1. Nothing is written then before crosswalk rebuild has read back what was made since.
	Epoch int `yaml:"epoch"`
	// Retention is how long what is remembered is kept, by class.
	Retention Retention `yaml:"retention"`
	// AWS says where and how large a deployment on AWS is; infra/ reads it, and nothing here does.
	AWS yaml.Node `yaml:"aws"`
	// Data is the folder that holds the store, the queue and the secrets; set by the program, not the file.
	Data string `yaml:"-"`
}

// MappingRule is what a deployment says of one mapping.
type MappingRule struct {
	Tell       []string `yaml:"tell"`       // business addresses: told of what concerns this mapping
	Acceptance *int     `yaml:"acceptance"` // in place of the deployment's
}

// Connection is one account in one system.
type Connection struct {
	System  string `yaml:"system"`  // hubspot, light, salesforce or salespad
	Base    string `yaml:"base"`    // default: the vendor's own; of Salesforce the org's My Domain address
	Login   string `yaml:"login"`   // auth: oauth: where people consent; default the vendor's own, with another base that base
	Version string `yaml:"version"` // of the vendor's API, where it has several
	Auth    string `yaml:"auth"`    // key (default) or oauth; Salesforce also jwt or client_credentials
	Account string `yaml:"account"` // id of the account it is bound to; another one is refused
	AppID   string `yaml:"app_id"`  // HubSpot: of our own app
	Edition string `yaml:"edition"` // how many calls it allows. HubSpot: starter (default), professional, enterprise; Salesforce: enterprise (default) ...
	Limits  string `yaml:"limits"`  // on (default) or off: spend calls no faster than the vendor allows
	// Of Salesforce: the app and the user of auth: jwt, the app of client_credentials; Salesforce licences, which raise the day's calls;
	// custom objects in use, by API name; a currency for an org that does not tell its own; hosts that stand before it, such as a
	// proxy; and whether records that an alerting duplicate rule complains of are saved (allow) or refused (refuse, the default).
	ClientID   string   `yaml:"client_id"`
	Username   string   `yaml:"username"`
	Licences   int      `yaml:"licences"`
	Custom     []string `yaml:"custom"`
	Currency   string   `yaml:"currency"`
	Trusted    []string `yaml:"trusted"`
	Duplicates string   `yaml:"duplicates"`
	AutoAssign bool     `yaml:"auto_assign"` // the org's assignment rules choose the owner of what Crosswalk creates
	// Of Salesforce: SHA-256 fingerprints of the client certificate that outbound messages must be sent with; none: any. See
	// crosswalk help roads for what it takes that certificates are asked for.
	ClientCertificates []string `yaml:"client_certificates"`
	// For the files of an app (connect salesforce --app-files): the certificate of auth: jwt in PEM, which is public; the user whose
	// view decides that an outbound message is sent; the AWS account and region that change events go to. Without the last two
	// the files set up neither road.
	Certificate  string `yaml:"certificate"`
	OutboundUser string `yaml:"outbound_user"`
	Relay        Relay  `yaml:"relay"`
	// Of SalesPad: the GP company, where a server has several; whether it is a test company; GP's currency ids as ISO codes
	// (Currency is its functional one); the server's time zone; the workflow queues that documents are taken from; the address of a
	// record's page, by object, with {id}; how far feeds reach back, and how often they do, for what moves no stamp; how often
	// everything is read again; rows of a page; calls at once, and a second; and what this install has otherwise than others.
	Company        string            `yaml:"company"`
	Test           bool              `yaml:"test"`
	Currencies     map[string]string `yaml:"currencies"`
	TimeZone       string            `yaml:"time_zone"`
	Queues         []string          `yaml:"queues"`
	Pages          map[string]string `yaml:"pages"`
	LookBack       Duration          `yaml:"look_back"`
	LookEvery      Duration          `yaml:"look_every"`
	FullEvery      Duration          `yaml:"full_every"`
	PageSize       int               `yaml:"page_size"`
	AtOnce         int               `yaml:"at_once"`
	CallsPerSecond int               `yaml:"calls_per_second"`
	Profile        yaml.Node         `yaml:"profile"`
	// Reach is how a system inside the customer's network is reached: direct (the default), vpc or agent; CA is the certificate, in
	// PEM, of the authority that signed the server's own, where it is not a public one.
	Reach string `yaml:"reach"`
	CA    string `yaml:"ca"`
	// Lag is how late the system's search or lists may show a change; default the connector's.
	Lag Duration `yaml:"lag"`
	// Settle is how long after a create the system may still hide it; default the connector's.
	Settle Duration `yaml:"settle"`
	// Deadline is how long one request may take; default 1m.
	Deadline Duration `yaml:"deadline"`
	// Expires is the day on which the credential ends, YYYY-MM-DD, where that is known: operations are told two weeks before.
	Expires string `yaml:"expires"`
}

// Relay is where Salesforce's Event Relay sends change events.
type Relay struct {
	Account string `yaml:"account"` // twelve digits
	Region  string `yaml:"region"`
}

// Duration reads 30s, 5m, 1h in YAML.
type Duration time.Duration

// UnmarshalYAML reads a Go duration.
func (d *Duration) UnmarshalYAML(n *yaml.Node) error {
	v, err := time.ParseDuration(n.Value)
	if err != nil || v < 0 {
		return fmt.Errorf("line %d: %q is not a duration; write 30s, 5m or 1h", n.Line, n.Value)
	}
	*d = Duration(v)
	return nil
}

// Load reads a configuration file and reports everything that is wrong with it at once.
func Load(path string) (Config, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return Config{}, fmt.Errorf("configuration: %w", err)
	}
	return ParseConfig(data)
}

// ParseConfig reads a configuration.
func ParseConfig(data []byte) (Config, error) {
	var c Config
	d := yaml.NewDecoder(bytes.NewReader(data))
	d.KnownFields(true)
	if err := d.Decode(&c); err != nil {
		return c, fmt.Errorf("configuration: %w", err)
	}
	return c, c.check()
}

// check fills in defaults and reports everything missing together.
func (c *Config) check() error {
	var errs []error
	add := func(format string, args ...any) { errs = append(errs, fmt.Errorf("configuration: "+format, args...)) }
	if c.Listen == "" {
		c.Listen = "127.0.0.1:8710"
	}
	if c.PublicURL == "" {
		c.PublicURL = "http://" + c.Listen
	}
	c.PublicURL = strings.TrimRight(c.PublicURL, "/")
	if c.Approval == "" {
		c.Approval = "two"
	}
	if c.Epoch == 0 {
		c.Epoch = 1
	}
	if c.Epoch < 1 {
		add("epoch: %d; write 1, and one more after each restore from a backup", c.Epoch)
	}
	if c.Approval != "two" && c.Approval != "single" {
		add("approval: %q; write two, or single for a team of one", c.Approval)
	}
	if len(c.Connections) == 0 {
		add("connections: none; name at least one, for example hubspot: { system: hubspot }")
	}
	for name, conn := range c.Connections {
		sys, known := systems[conn.System]
		if !known {
			add("connections.%s.system: %q; write %s", name, conn.System, strings.Join(slices.Sorted(maps.Keys(systems)), " or "))
		} else if conn.Base == "" {
			conn.Base = sys.base
		}
		if known && !slices.Contains(append([]string{""}, sys.editions...), conn.Edition) {
			add("connections.%s.edition: %q; write %s", name, conn.Edition, strings.Join(sys.editions, " or "))
		}
		if _, err := time.Parse(time.DateOnly, conn.Expires); conn.Expires != "" && err != nil {
			add("connections.%s.expires: %q; write a day, YYYY-MM-DD", name, conn.Expires)
		}
		if conn.Auth == "" {
			conn.Auth = "key"
		}
		if ways := append([]string{"key", "oauth"}, slices.Sorted(maps.Keys(sys.minted))...); known && !slices.Contains(ways, conn.Auth) {
			add("connections.%s.auth: %q; write %s", name, conn.Auth, strings.Join(ways, " or "))
		}
		for _, problem := range conn.onlySalesPad() {
			add("connections.%s.%s", name, problem)
		}
		if conn.Reach == reachAgent && conn.Deadline == 0 {
			conn.Deadline = Duration(agentDeadline)
		}
		if sys.check != nil {
			for _, problem := range sys.check(conn) {
				add("connections.%s.%s", name, problem)
			}
		}
		c.Connections[name] = conn
	}
	for _, problem := range twins(c.Connections) {
		add("%s", problem)
	}
	for name, rhythm := range c.Reconcile {
		if !knownRhythm(rhythm) {
			add("reconcile.%s: %q; write daily or monthly", name, rhythm)
		}
	}
	errs = append(errs, c.checkTelling()...)
	for role, name := range c.Roles {
		if _, ok := c.Connections[name]; !ok {
			add("roles.%s: there is no connection %q", role, name)
		}
	}
	return errors.Join(errs...)
}

// checkTelling looks at who is told and what must be signed.
func (c *Config) checkTelling() []error {
	var errs []error
	rounds := func(field string, n int) {
		if n < 0 || n > 2 {
			errs = append(errs, fmt.Errorf("configuration: %s: %d; write 0, 1 or 2", field, n))
		}
	}
	addresses := func(field string, list []string) {
		for n, a := range list {
			if local, domain, ok := strings.Cut(a, "@"); !ok || local == "" || domain == "" || strings.ContainsAny(a, " \t\r\n,;<>") {
				errs = append(errs, fmt.Errorf("configuration: %s[%d]: this is no address; write one as ops@example.com", field, n))
			}
		}
	}
	rounds("acceptance", c.Acceptance)
	addresses("tell", c.Tell)
	for _, name := range slices.Sorted(maps.Keys(c.Mappings)) {
		rule := c.Mappings[name]
		addresses("mappings."+name+".tell", rule.Tell)
		if rule.Acceptance != nil {
			rounds("mappings."+name+".acceptance", *rule.Acceptance)
		}
	}
	return errs
}

// rules are what the engine must know of single mappings.
func (c Config) rules() map[string]engine.Rule {
	out := map[string]engine.Rule{}
	for name, rule := range c.Mappings {
		out[name] = engine.Rule{Tell: rule.Tell, Acceptance: rule.Acceptance}
	}
	return out
}

// expires gives the days on which credentials end; check saw that they are days.
func (c Config) expires() map[string]time.Time {
	out := map[string]time.Time{}
	for name, conn := range c.Connections {
		if day, err := time.Parse(time.DateOnly, conn.Expires); err == nil {
			out[name] = day
		}
	}
	return out
}

// SecretsPath is the file of credentials in the data folder.
func (c Config) SecretsPath() string { return filepath.Join(c.Data, "secrets.json") }
