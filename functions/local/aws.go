package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"crosswalk/internal/app"
	"crosswalk/internal/app/sign"
	"crosswalk/internal/awstest"
)

// The deployed product on this machine: the compiled functions, each a process behind Lambda's runtime API, between servers
// of the AWS protocols that are not ours (but for Secrets Manager and SNS, which nobody offers). Nothing is taken a shorter
// way: a webhook goes through the gateway, the function, SQS, another function and DynamoDB.

// binaries are the folders below functions/ that are deployed.
var binaries = []string{"webhook", "oauth", "console", "change", "poll", "work"}

// person is somebody whom IAM knows in the local deployment.
const (
	personKey    = "AKIACROSSWALKLOCAL00"
	personSecret = "of-this-demo-only-and-of-no-account-anywhere"
	personARN    = "arn:aws:sts::111122223333:assumed-role/Operator/demo"
)

// cloudOnThis starts everything for a configuration; functions is the folder of bootstraps for this machine's processor.
func cloudOnThis(ctx context.Context, folder, functions, configuration, table string, log io.Writer) (d *awsDeployment, err error) {
	d = &awsDeployment{table: table, credentials: simulatedCredentials()}
	ctx, cancel := context.WithCancel(ctx)
	d.stops = append(d.stops, cancel)
	defer func() {
		if err != nil {
			d.close()
		}
	}()
	stack, err := awstest.StartStack(ctx, table)
	if err != nil {
		return nil, err
	}
	d.stack = stack
	d.stops = append(d.stops, stack.Stop)
	path := filepath.Join(folder, "crosswalk.yaml")
	if err := os.WriteFile(path, []byte(configuration), 0o600); err != nil {
		return nil, err
	}
	gateway := &awstest.Gateway{Principals: map[string]awstest.Principal{personKey: {Secret: personSecret, ARN: personARN}}}
	listening, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	d.url = "http://" + listening.Addr().String()
	env := append(stack.Env(), "CROSSWALK_CONFIG="+path, "CROSSWALK_CUSTOMER=demo", "CROSSWALK_PUBLIC_URL="+d.url, "CROSSWALK_EPOCH=1", "CROSSWALK_TOPICS={}")
	function := func(name, binary string, most int, seconds time.Duration, more ...string) *awstest.Lambda {
		l := &awstest.Lambda{Name: name, Command: []string{filepath.Join(functions, binary, "bootstrap")}, Env: append(append([]string{}, env...), more...),
			Timeout: seconds * time.Second, Most: most, Log: log}
		d.functions = append(d.functions, l)
		return l
	}
	webhook, oauth, console := function("webhook", "webhook", 2, 10), function("oauth", "oauth", 1, 29), function("console", "console", 2, 29)
	function("change", "change", 1, 30) // no bus leads to it here; make invoke does
	poll := function("poll", "poll", 1, 120)
	live, bulk := function("work-live", "work", 4, 75, "CROSSWALK_LANE=live"), function("work-bulk", "work", 4, 330, "CROSSWALK_LANE=bulk")
	gateway.Routes = []awstest.Route{{Prefix: "/webhooks/", Function: webhook}, {Prefix: "/oauth/", Function: oauth}, {Prefix: "/api/v1/", Function: console, IAM: true}}
	gateway.Serve(ctx, listening)
	var running sync.WaitGroup
	running.Go(func() {
		awstest.Source{Client: stack.SQS, Queue: stack.Queues.Live, Function: live, Batch: 10, Hide: 360, Consumers: 4}.Run(ctx)
	})
	running.Go(func() {
		awstest.Source{Client: stack.SQS, Queue: stack.Queues.Bulk, Function: bulk, Batch: 1, Hide: 1800, Consumers: 4}.Run(ctx)
	})
	running.Go(func() { awstest.Every(ctx, pollEvery, poll) })
	d.stops = append(d.stops, func() { cancel(); running.Wait() })
	return d, nil
}

// pollEvery stands for the schedule's minute, which a demo has no time for.
const pollEvery = time.Second

type awsDeployment struct {
	table string // the server that keeps it
	// credentials are what connect puts in.
	credentials map[string]app.Credential
	url         string
	stack       *awstest.Stack
	functions   []*awstest.Lambda
	stops       []func()
}

func (d *awsDeployment) close() error {
	for n := len(d.stops) - 1; n > 1; n-- { // what uses the servers ends first
		d.stops[n]()
	}
	for _, f := range d.functions {
		f.Close()
	}
	for n := min(1, len(d.stops)-1); n >= 0; n-- {
		d.stops[n]()
	}
	return nil
}

// connect puts the vendors' credentials in as a person does, over the operator API, signed as IAM wants it.
func (d *awsDeployment) connect(ctx context.Context) (*client, error) {
	for name, value := range map[string]string{"AWS_ACCESS_KEY_ID": personKey, "AWS_SECRET_ACCESS_KEY": personSecret, "AWS_REGION": awstest.Region} {
		if err := os.Setenv(name, value); err != nil {
			return nil, err
		}
	}
	prove, err := sign.Signer(ctx, d.url)
	if err != nil {
		return nil, err
	}
	asked := newProvingClient(d.url, prove)
	for name, credential := range d.credentials {
		body := map[string]any{"key": credential.Key, "webhook_secrets": credential.WebhookSecret}
		if _, err := post[any](ctx, asked, "/connections/"+name+"/credential", body); err != nil {
			return nil, fmt.Errorf("connect %s: %w", name, err)
		}
	}
	return asked, nil
}
