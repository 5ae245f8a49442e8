package sqs

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"crosswalk/internal/engine/lane"
)

// maxMessage is the largest message that SQS takes; see batchBytes.
const maxMessage = 1 << 20

// Create makes both lanes' queues and dead letters, named prefix-live, prefix-bulk, prefix-live-dead and prefix-bulk-dead, and gives
// their URLs. Queues that are there with the same settings are taken. It is for tests and the local demo; in production the CDK makes
// them, under a key and with their retention.
func Create(ctx context.Context, client *sqs.Client, prefix string) (Options, error) {
	var opts Options
	for _, l := range []struct {
		lane       lane.Lane
		live, dead *string
	}{
		{lane.Live, &opts.Live, &opts.DeadLive},
		{lane.Bulk, &opts.Bulk, &opts.DeadBulk},
	} {
		var err error
		if *l.dead, err = create(ctx, client, fmt.Sprintf("%s-%s-dead", prefix, l.lane), nil); err != nil {
			return Options{}, err
		}
		redrive, err := redrivePolicy(ctx, client, *l.dead)
		if err != nil {
			return Options{}, err
		}
		if *l.live, err = create(ctx, client, fmt.Sprintf("%s-%s", prefix, l.lane), redrive); err != nil {
			return Options{}, err
		}
	}
	return opts, nil
}

func create(ctx context.Context, client *sqs.Client, name string, more map[string]string) (url string, err error) {
	attributes := map[string]string{string(types.QueueAttributeNameMaximumMessageSize): strconv.Itoa(maxMessage)}
	for k, v := range more {
		attributes[k] = v
	}
	out, err := client.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: &name, Attributes: attributes})
	if err != nil {
		return "", fmt.Errorf("queue: create %q: %w", name, err)
	}
	return *out.QueueUrl, nil
}

// redrivePolicy sends what was received lane.MaxReceives times to the dead letters.
func redrivePolicy(ctx context.Context, client *sqs.Client, dead string) (map[string]string, error) {
	arn := types.QueueAttributeNameQueueArn
	out, err := client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &dead, AttributeNames: []types.QueueAttributeName{arn}})
	if err != nil {
		return nil, failure(ctx, "GetQueueAttributes", dead, err)
	}
	policy, err := json.Marshal(map[string]any{"deadLetterTargetArn": out.Attributes[string(arn)], "maxReceiveCount": lane.MaxReceives})
	if err != nil {
		return nil, fmt.Errorf("queue: redrive policy: %w", err)
	}
	return map[string]string{string(types.QueueAttributeNameRedrivePolicy): string(policy)}, nil
}
