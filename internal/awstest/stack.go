package awstest

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"

	"crosswalk/internal/queue/sqs"
	"crosswalk/internal/store/dynamo"
)

// Stack is what a deployment's stack makes, on this machine: a table, two queues with their dead letters, secrets, a topic.
type Stack struct {
	Table   string // name
	Queues  sqs.Options
	Secrets string // endpoint of Secrets Manager
	SQS     *awssqs.Client
	Topics  *Topics // what people were told

	store, queue, topics string // endpoints
	stops                []func()
}

// The servers that can keep the table.
const (
	OnMinidyn  = "minidyn"
	OnDynalite = "dynalite"
)

// SecretPrefix is what names of secrets begin with in every local stack.
const SecretPrefix = "crosswalk/demo/"

// Topic is the local operations topic's ARN.
const Topic = "arn:aws:sns:" + Region + ":111122223333:crosswalk-demo-operations"

// StartStack starts servers for everything and makes table and queues. on is OnMinidyn or OnDynalite.
func StartStack(ctx context.Context, on string) (s *Stack, err error) {
	s = &Stack{Table: "crosswalk-demo"}
	defer func() {
		if err != nil {
			s.Stop()
		}
	}()
	table := StartMinidyn
	switch on {
	case OnMinidyn:
	case OnDynalite:
		table = StartDynalite
	default:
		return nil, fmt.Errorf("awstest: no server %q; choose %s or %s", on, OnMinidyn, OnDynalite)
	}
	for _, start := range []struct {
		url *string
		run func(context.Context) (string, func(), error)
	}{{&s.store, table}, {&s.queue, StartFauxqs}, {&s.Secrets, StartSecrets}, {&s.topics, func(ctx context.Context) (url string, stop func(), err error) {
		s.Topics, url, stop, err = StartTopics(ctx)
		return url, stop, err
	}}} {
		url, stop, err := start.run(ctx)
		if err != nil {
			return nil, err
		}
		*start.url = url
		s.stops = append(s.stops, stop)
	}
	s.SQS = awssqs.NewFromConfig(Config(s.queue))
	s.Queues, err = sqs.Create(ctx, s.SQS, "crosswalk-demo")
	return s, errors.Join(err, dynamo.Create(ctx, dynamodb.NewFromConfig(Config(s.store)), s.Table))
}

// Env is what a function must know to find all of it, and credentials that mean nothing.
func (s *Stack) Env() []string {
	return []string{
		"AWS_ACCESS_KEY_ID=crosswalk", "AWS_SECRET_ACCESS_KEY=crosswalk", "AWS_REGION=" + Region,
		"AWS_ENDPOINT_URL_DYNAMODB=" + s.store, "AWS_ENDPOINT_URL_SQS=" + s.queue, "AWS_ENDPOINT_URL_SECRETS_MANAGER=" + s.Secrets, "AWS_ENDPOINT_URL_SNS=" + s.topics,
		"CROSSWALK_TABLE=" + s.Table, "CROSSWALK_QUEUE_LIVE=" + s.Queues.Live, "CROSSWALK_QUEUE_BULK=" + s.Queues.Bulk,
		"CROSSWALK_DEAD_LIVE=" + s.Queues.DeadLive, "CROSSWALK_DEAD_BULK=" + s.Queues.DeadBulk,
		"CROSSWALK_SECRETS=" + SecretPrefix, "CROSSWALK_TOPIC_OPERATIONS=" + Topic,
	}
}

// Stop ends all servers.
func (s *Stack) Stop() {
	for n := len(s.stops) - 1; n >= 0; n-- {
		s.stops[n]()
	}
	s.stops = nil
}
