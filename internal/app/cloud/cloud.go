// Package cloud runs a deployment on AWS: DynamoDB for the store, SQS for the queue, Secrets Manager for credentials, SNS for
// messages to people. Each function opens what it needs once, at its start. Start with Open; function.go has the functions.
package cloud

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"

	"crosswalk/internal/app"
	"crosswalk/internal/engine"
	"crosswalk/internal/queue/sqs"
	"crosswalk/internal/secret/manager"
	"crosswalk/internal/store/dynamo"
	"crosswalk/internal/store/shelf"
	"crosswalk/internal/transform"
)

// App is a deployment as one function sees it.
type App struct {
	*app.App
	Settings Settings
	Queue    engine.Answerer // where messages are released to
	metrics  io.Writer
}

// Options are what a test puts in place of the standard parts.
type Options struct {
	Getenv     func(string) string             // nil: os.Getenv
	AWS        func(service string) aws.Config // nil: what Lambda tells by environment
	Transforms *transform.Set                  // nil: without phone numbers, for what works no records
	Transport  func(connection string) http.RoundTripper
	// Late: the store and the secrets are asked with the first thing that needs them, not at the start, and mappings are read
	// for what they watch: for functions that only let things in.
	Late bool
	Log  *slog.Logger // nil: JSON lines to standard output, which CloudWatch Logs keeps, as it keeps metrics
}

// Open reads the settings and wires everything; it asks no vendor. The error names everything that is missing.
func Open(ctx context.Context, o Options) (*App, error) {
	getenv := o.Getenv
	if getenv == nil {
		getenv = os.Getenv
	}
	settings, err := Read(getenv)
	if err != nil {
		return nil, err
	}
	c, err := settings.config()
	if err != nil {
		return nil, err
	}
	at := o.AWS
	if at == nil {
		if at, err = environment(getenv); err != nil {
			return nil, err
		}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.NewJSONHandler(os.Stdout, nil))
	}
	transforms := transform.Builtin(nil)
	if o.Transforms != nil {
		transforms = *o.Transforms
	}
	table := dynamo.New(dynamodb.NewFromConfig(at("DYNAMODB")), dynamo.Options{Table: settings.Table})
	shared := shelf.New(table)
	secrets, err := manager.New(at("SECRETS_MANAGER"), manager.Options{Prefix: settings.Secrets, KMSKey: "alias/crosswalk-" + settings.Customer, Marks: shared})
	if err != nil {
		return nil, err
	}
	queues := awssqs.NewFromConfig(at("SQS"))
	mail, err := settings.mail(c, queues)
	if err != nil {
		return nil, err
	}
	return open(ctx, settings, c, app.Parts{
		Table:      table,
		Shelf:      shared,
		Queue:      sqs.New(queues, sqs.Options{Live: settings.Live, Bulk: settings.Bulk, DeadLive: settings.DeadLive, DeadBulk: settings.DeadBulk}),
		Secrets:    secrets,
		Mail:       mail,
		Teller:     NewTeller(at("SNS"), settings.Operations, settings.Topics),
		Transforms: transforms,
		Late:       o.Late,
		Door:       o.Late,
	}, app.Options{Log: o.Log, Transport: o.Transport})
}

// open assembles a deployment on any parts. What the store and the secrets are asked at a start is asked at once.
func open(ctx context.Context, s Settings, c app.Config, p app.Parts, o app.Options) (*App, error) {
	late := p.Late
	p.Late = true // what is asked at the start is asked here
	assembled, err := app.Assemble(ctx, c, p, o)
	if err != nil {
		return nil, err
	}
	a := &App{App: assembled, Settings: s, Queue: p.Queue, metrics: os.Stdout}
	if late {
		return a, nil
	}
	var asked sync.WaitGroup
	var errs [2]error
	asked.Go(func() { errs[0] = a.Engine.Begin(ctx) })
	asked.Go(func() { errs[1] = a.Bind(ctx, false) })
	asked.Wait()
	return a, errors.Join(errs[:]...)
}
