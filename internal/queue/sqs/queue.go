// Package sqs is the lane.Queue on Amazon SQS: a standard queue and its dead letters for each lane. What it promises is
// lane.Queue's letter and no more: at least once, in no order, times of whole seconds, counts that lag.
//
// On AWS the work function is given its messages by Lambda and not by Receive; it uses Send, Release, Dead and Counts, and ReadBody
// (body.go) on what the event carries. Receive serves the demo and whoever works a queue by hand. Moving a message to the dead letters
// after lane.MaxReceives is the queue's own redrive policy, made by the CDK, or by Create for tests and the demo.
//
// Requests carry ten messages, which is a price of their number and not of their size: every 64 KiB count as one.
// Start with New.
package sqs

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"crosswalk/internal/engine/lane"
	"crosswalk/internal/queue"
)

// Options are the choices of New.
type Options struct {
	// The URLs of the queues. A call that needs one that is not set is refused: a function that only sends needs no dead
	// letters.
	Live, Bulk, DeadLive, DeadBulk string
	// LongPoll is how long a Receive or Dead that finds nothing waits for a message on the server, at most 20 s; 0 asks once.
	LongPoll time.Duration
	// Concurrency is how many requests one call has under way at most; 0 means 5, as many as Lambda's own consumers.
	Concurrency int
}

const defaultConcurrency = 5

// DeadVisibility is how long a dead letter is hidden once Dead has given it and nobody acknowledged it.
const DeadVisibility = time.Minute

// maxLongPoll is SQS's limit.
const maxLongPoll = 20 * time.Second

// Queue is safe for concurrent use.
type Queue struct {
	client *sqs.Client
	opts   Options
}

var _ lane.Queue = (*Queue)(nil)

// New gives the queue whose URLs opts names. It asks nothing yet.
func New(client *sqs.Client, opts Options) *Queue {
	if opts.Concurrency <= 0 {
		opts.Concurrency = defaultConcurrency
	}
	opts.LongPoll = min(opts.LongPoll, maxLongPoll)
	return &Queue{client, opts}
}

// url gives the lane's queue, or its dead letters'.
func (q *Queue) url(l lane.Lane, dead bool) (string, error) {
	if err := queue.CheckLane(l); err != nil {
		return "", err
	}
	url, what := map[lane.Lane]string{lane.Live: q.opts.Live, lane.Bulk: q.opts.Bulk}[l], "queue"
	if dead {
		url, what = map[lane.Lane]string{lane.Live: q.opts.DeadLive, lane.Bulk: q.opts.DeadBulk}[l], "dead letters"
	}
	if url == "" {
		return "", fmt.Errorf("%w: no URL is configured for the %s of lane %s; set it from the stack's outputs", queue.ErrRefused, what, l)
	}
	return url, nil
}

// perRequest is how many messages a request carries.
const perRequest = 10

// Receive is lane.Queue's: requests of ten until max have come or one brings nothing.
func (q *Queue) Receive(ctx context.Context, l lane.Lane, max int, visibility time.Duration) ([]lane.Delivery, error) {
	if err := queue.CheckVisibility(visibility); err != nil {
		return nil, err
	}
	return q.receive(ctx, l, false, max, visibility)
}

// Dead is lane.Queue's. What is not acknowledged within DeadVisibility is given again.
func (q *Queue) Dead(ctx context.Context, l lane.Lane, max int) ([]lane.Delivery, error) {
	return q.receive(ctx, l, true, max, DeadVisibility)
}

func (q *Queue) receive(ctx context.Context, l lane.Lane, dead bool, max int, visibility time.Duration) (got []lane.Delivery, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := queue.CheckMax(max); err != nil {
		return nil, err
	}
	url, err := q.url(l, dead)
	if err != nil {
		return nil, err
	}
	wait := q.opts.LongPoll
	for len(got) < max {
		some, err := q.receiveOnce(ctx, url, min(perRequest, max-len(got)), visibility, wait)
		if err != nil {
			if len(got) > 0 {
				return got, nil // these are hidden now and must be worked; what is wrong will show at the next call
			}
			return nil, err
		}
		if len(some) == 0 {
			return got, nil
		}
		got, wait = append(got, some...), 0
	}
	return got, nil
}

func (q *Queue) receiveOnce(ctx context.Context, url string, max int, visibility, wait time.Duration) ([]lane.Delivery, error) {
	out, err := q.client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
		QueueUrl:            &url,
		MaxNumberOfMessages: int32(max),
		VisibilityTimeout:   seconds(visibility),
		WaitTimeSeconds:     seconds(wait),
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{
			types.MessageSystemAttributeNameApproximateReceiveCount, types.MessageSystemAttributeNameSentTimestamp},
		MessageAttributeNames: []string{EncodingAttribute},
	})
	if err != nil {
		return nil, failure(ctx, "ReceiveMessage", url, err)
	}
	var got []lane.Delivery
	for _, m := range out.Messages {
		d, err := delivery(m)
		if err != nil {
			return nil, fmt.Errorf("queue: sqs ReceiveMessage on %q: %w", name(url), err)
		}
		got = append(got, d)
	}
	return got, nil
}

// delivery reads a message as received.
func delivery(m types.Message) (lane.Delivery, error) {
	receives, err := number(m, types.MessageSystemAttributeNameApproximateReceiveCount)
	if err != nil {
		return lane.Delivery{}, err
	}
	sent, err := number(m, types.MessageSystemAttributeNameSentTimestamp)
	if err != nil {
		return lane.Delivery{}, err
	}
	if m.Body == nil || m.ReceiptHandle == nil {
		return lane.Delivery{}, fmt.Errorf("a message has no body or no receipt")
	}
	encoding := ""
	if a, ok := m.MessageAttributes[EncodingAttribute]; ok && a.StringValue != nil {
		encoding = *a.StringValue
	}
	return lane.Delivery{
		Body:     ReadBody(*m.Body, encoding),
		Receipt:  *m.ReceiptHandle,
		Receives: int(receives),
		Sent:     time.UnixMilli(sent),
	}, nil
}

func number(m types.Message, name types.MessageSystemAttributeName) (int64, error) {
	n, err := strconv.ParseInt(m.Attributes[string(name)], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("a message's %s is no number", name)
	}
	return n, nil
}

// seconds rounds up: nothing may come before its time.
func seconds(d time.Duration) int32 { return int32((d + time.Second - 1) / time.Second) }

// Counts is lane.Queue's, approximate: SQS says within a minute what is there.
func (q *Queue) Counts(ctx context.Context, l lane.Lane) (lane.Counts, error) {
	if err := ctx.Err(); err != nil {
		return lane.Counts{}, err
	}
	waiting, inWork, err := q.count(ctx, l, false)
	if err != nil {
		return lane.Counts{}, err
	}
	dead, deadTaken, err := q.count(ctx, l, true)
	if err != nil {
		return lane.Counts{}, err
	}
	return lane.Counts{Waiting: waiting, InWork: inWork, Dead: dead + deadTaken}, nil
}

func (q *Queue) count(ctx context.Context, l lane.Lane, dead bool) (waiting, inWork int, err error) {
	url, err := q.url(l, dead)
	if err != nil {
		return 0, 0, err
	}
	visible, delayed, hidden := types.QueueAttributeNameApproximateNumberOfMessages,
		types.QueueAttributeNameApproximateNumberOfMessagesDelayed, types.QueueAttributeNameApproximateNumberOfMessagesNotVisible
	out, err := q.client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
		QueueUrl: &url, AttributeNames: []types.QueueAttributeName{visible, delayed, hidden}})
	if err != nil {
		return 0, 0, failure(ctx, "GetQueueAttributes", url, err)
	}
	n := map[types.QueueAttributeName]int{}
	for _, a := range []types.QueueAttributeName{visible, delayed, hidden} {
		if n[a], err = strconv.Atoi(out.Attributes[string(a)]); err != nil {
			return 0, 0, fmt.Errorf("queue: sqs GetQueueAttributes on %q: %s is no number", name(url), a)
		}
	}
	return n[visible] + n[delayed], n[hidden], nil
}
