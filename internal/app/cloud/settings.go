package cloud

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"crosswalk/internal/app"
	"crosswalk/internal/app/mailbox"
	"crosswalk/internal/reach"
)

// Settings are what the stack tells a function: names of what it made, by environment variable. The product's own
// configuration is a file in the function's bundle.
type Settings struct {
	Config    string // CROSSWALK_CONFIG: the file, below LAMBDA_TASK_ROOT unless absolute
	Customer  string // CROSSWALK_CUSTOMER
	PublicURL string // CROSSWALK_PUBLIC_URL: of the API, as vendors call it
	Table     string // CROSSWALK_TABLE
	Epoch     int    // CROSSWALK_EPOCH: raised by hand after a restore (T6); 1 and up
	Live      string // CROSSWALK_QUEUE_LIVE, a URL like the next three
	Bulk      string // CROSSWALK_QUEUE_BULK
	DeadLive  string // CROSSWALK_DEAD_LIVE
	DeadBulk  string // CROSSWALK_DEAD_BULK
	Secrets   string // CROSSWALK_SECRETS: prefix of the secrets' names
	// Operations is the topic of messages to operations (CROSSWALK_TOPIC_OPERATIONS, an ARN); Topics those of single
	// mappings by name (CROSSWALK_TOPICS, a JSON object).
	Operations string
	Topics     map[string]string
	// Agents are the queues to and from the agents of connections, by name (CROSSWALK_AGENTS, a JSON object).
	Agents map[string]AgentQueues
}

// AgentQueues are the URLs of an agent's two queues.
type AgentQueues struct {
	Requests string `json:"requests"`
	Answers  string `json:"answers"`
}

// Read reads the environment and reports everything that is missing or wrong at once.
func Read(getenv func(string) string) (Settings, error) {
	var s Settings
	var errs []error
	for _, v := range []struct {
		name string
		into *string
	}{
		{"CROSSWALK_CONFIG", &s.Config}, {"CROSSWALK_CUSTOMER", &s.Customer}, {"CROSSWALK_PUBLIC_URL", &s.PublicURL}, {"CROSSWALK_TABLE", &s.Table},
		{"CROSSWALK_QUEUE_LIVE", &s.Live}, {"CROSSWALK_QUEUE_BULK", &s.Bulk}, {"CROSSWALK_DEAD_LIVE", &s.DeadLive}, {"CROSSWALK_DEAD_BULK", &s.DeadBulk},
		{"CROSSWALK_SECRETS", &s.Secrets}, {"CROSSWALK_TOPIC_OPERATIONS", &s.Operations},
	} {
		if *v.into = getenv(v.name); *v.into == "" {
			errs = append(errs, fmt.Errorf("%s is not set; the stack sets it: deploy it again", v.name))
		}
	}
	var err error
	if s.Epoch, err = strconv.Atoi(getenv("CROSSWALK_EPOCH")); err != nil || s.Epoch < 1 {
		errs = append(errs, errors.New("CROSSWALK_EPOCH is no number from 1 up; the stack sets it from aws.epoch of the customer's file"))
	}
	if text := getenv("CROSSWALK_TOPICS"); text != "" && json.Unmarshal([]byte(text), &s.Topics) != nil {
		errs = append(errs, errors.New(`CROSSWALK_TOPICS is no JSON object of texts, as {"deals-to-invoices":"arn:..."}`))
	}
	if text := getenv("CROSSWALK_AGENTS"); text != "" && json.Unmarshal([]byte(text), &s.Agents) != nil {
		errs = append(errs, errors.New("CROSSWALK_AGENTS is no JSON object of queues; the stack sets it: deploy it again"))
	}
	if root := getenv("LAMBDA_TASK_ROOT"); s.Config != "" && !filepath.IsAbs(s.Config) {
		s.Config = filepath.Join(root, s.Config)
	}
	return s, errors.Join(errs...)
}

// mail gives the queues of every connection that is reached through an agent.
func (s Settings) mail(c app.Config, client *sqs.Client) (map[string]reach.Mail, error) {
	out := map[string]reach.Mail{}
	for name, conn := range c.Connections {
		if conn.Reach != "agent" {
			continue
		}
		q := s.Agents[name]
		if q.Requests == "" || q.Answers == "" {
			return nil, fmt.Errorf("CROSSWALK_AGENTS has no queues of the connection %s, which is reached through an agent; deploy the stack again", name)
		}
		out[name] = mailbox.Product(client, q.Requests, q.Answers)
	}
	return out, nil
}

// config is the product's configuration as this deployment has it.
func (s Settings) config() (app.Config, error) {
	c, err := app.Load(s.Config)
	c.PublicURL, c.Epoch = s.PublicURL, s.Epoch
	return c, err
}
